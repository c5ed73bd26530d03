# SPDX-License-Identifier: BSD-3-Clause
"""The verdicts of Neutron's functional firewall tests (neutron/tests/functional/agent).

Names are those of its cases. Its tester asks whether a connection can be had: with TCP, UDP and
ICMP a packet must reach the other end and its answer must come back.
"""
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach
from scapy.layers.l2 import ARP

from frames import A, B, C, EVERYBODY, frame
from secure import (EXCHANGES, PEER, VM, Talk, both_families, egress, group, ingress, packet,
                    ping, ping_name, protocol_of, rule, site, tcp, udp)
from words import proves

DENIED = {"deliver/not-allowed", "deliver/invalid", "admit/not-allowed", "admit/invalid"}
SPOOFED = {"admit/mac-spoofed", "admit/ip-spoofed", "admit/arp-spoofed"}
OWN = {family: VM.ip(family) for family in (4, 6)}
REVERSE = {"ingress": "egress", "egress": "ingress"}
OTHER = {"tcp": "udp", "udp": "tcp"}
# A group that says nothing of egress leaves it open; there it is closed, so here it says this.
CLOSED_EGRESS = egress("tcp", 1)


class Probe(Talk):
    """VM, whose rules change, and PEER; the source port is new each time."""

    def __init__(self, switch, *rules, peer=None, **port):
        self.peer, self.port, self.source = peer or PEER.free(), port, 1000
        self.vm_mac, self.vm_ip = VM.mac, dict(OWN)
        super().__init__(switch, self.described(rules))

    def described(self, rules, **port):
        self.port.update(port)
        names = ["fake_sg_id"] if self.port.get("port_security", True) else []
        return site([self.peer, VM.port(*names, **self.port)],
                    [group("fake_sg_id", *rules),
                     group("remote_sg_id", egress("icmp"), egress("icmpv6"))])

    def applies(self, *rules, **port):
        self.becomes(self.described(rules, **port))

    def frames(self, direction, exchange, family, ports=(None, None)):
        """A request and its answer; VM with the addresses that it uses now."""
        self.source += 1
        request, answer = EXCHANGES[exchange](family)
        if exchange in ("tcp", "udp"):
            source, destination = ports[0] or self.source, ports[1] or 80
            request.sport, request.dport = answer.dport, answer.sport = source, destination
        else:
            request.id = answer.id = self.source
        vm, peer = (self.vm_mac, self.vm_ip[family]), (PEER.mac, PEER.ip(family))
        here, there = (peer, vm) if direction == "ingress" else (vm, peer)
        return (frame(here[0], there[0], packet(here[1], there[1], request)),
                frame(there[0], here[0], packet(there[1], here[1], answer)))

    def connects(self, direction, exchange, family=4, ports=(None, None)):
        __tracebackhide__ = True
        asks, answers = self.frames(direction, exchange, family, ports)
        here, there = (PEER, VM) if direction == "ingress" else (VM, PEER)
        self.passes(here, asks, to=there)
        self.passes(there, answers, to=here)

    def does_not_connect(self, direction, exchange, family=4, ports=(None, None), why=None):
        """The request is refused, or the answer is."""
        __tracebackhide__ = True
        asks, answers = self.frames(direction, exchange, family, ports)
        if direction == "egress" or why is None:
            self.refuses(PEER if direction == "ingress" else VM, asks, why=why or DENIED)
        else:  # VM speaks with other addresses than its own, so nobody hears its answer
            self.says(VM, answers, drops=why)


OPEN_ICMP = ingress("icmp"), ingress("icmpv6"), egress()


@proves("S48")
@both_families
@pytest.mark.parametrize("exchange", ("tcp", "udp", "echo"))
def test_default_deny(switch, exchange, family):
    probe = Probe(switch, egress())
    probe.does_not_connect("ingress", exchange, family)
    probe.connects("egress", exchange, family)
    probe.ends()


@proves("S48")
@both_families
def test_ingress_icmp_secgroup(switch, family):
    probe = Probe(switch)
    probe.does_not_connect("ingress", "echo", family)
    probe.applies(*OPEN_ICMP)
    probe.connects("ingress", "echo", family)
    probe.ends()


@proves("S48")
@both_families
def test_mac_spoofing(switch, family):
    probe = Probe(switch, *OPEN_ICMP)
    probe.connects("ingress", "echo", family)
    probe.vm_mac = C
    probe.does_not_connect("ingress", "echo", family, why={"admit/mac-spoofed"})
    probe.does_not_connect("egress", "echo", family, why={"admit/mac-spoofed"})
    probe.ends()


@proves("S48")
def test_mac_spoofing_works_without_port_security_enabled(switch):
    probe = Probe(switch, port_security=False)
    probe.connects("ingress", "echo")
    probe.vm_mac = C
    asks, answers = probe.frames("egress", "echo", 4)
    probe.passes(VM, asks, to=PEER)
    probe.passes(PEER, answers, to=VM)
    probe.ends()


@proves("S48")
def test_port_security_enabled_set_to_false(switch):
    probe = Probe(switch)
    probe.does_not_connect("ingress", "echo")
    probe.applies(port_security=False)
    probe.connects("ingress", "echo")
    probe.ends()


@proves("S48")
@pytest.mark.parametrize("rules", [(), (CLOSED_EGRESS,)], ids=["no rules", "no rule of UDP"])
def test_dhcp_requests_from_vm(switch, rules):
    asks = frame(VM.mac, EVERYBODY, IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68,
                                                                                   dport=67))
    offers = PEER.says(VM, UDP(sport=67, dport=68))
    probe = Probe(switch, *rules)
    probe.passes(VM, asks, to=PEER)
    probe.passes(PEER, offers, to=VM)
    asks6 = frame(VM.mac, "33:33:00:01:00:02",
                  packet(VM.link_local(), "ff02::1:2", UDP(sport=546, dport=547)))
    offers6 = frame(PEER.mac, VM.mac, packet(PEER.link_local(), VM.link_local(),
                                             UDP(sport=547, dport=546)))
    probe.passes(VM, asks6, to=PEER)
    probe.passes(PEER, offers6, to=VM)
    probe.ends()


@proves("S48")
def test_dhcp_server_forbidden_on_vm(switch):
    probe = Probe(switch, egress())
    probe.does_not_connect("egress", "udp", ports=(67, 68), why={"admit/dhcp-server"})
    probe.does_not_connect("ingress", "udp", ports=(68, 67))
    probe.does_not_connect("egress", "udp", 6, ports=(547, 546), why={"admit/dhcp-server"})
    probe.does_not_connect("ingress", "udp", 6, ports=(546, 547))
    probe.ends()


@proves("S48")
@both_families
def test_ip_spoofing(switch, family):
    probe = Probe(switch, *OPEN_ICMP)
    probe.connects("ingress", "echo", family)
    probe.vm_ip = {4: "10.0.0.9", 6: "2001:db8::9"}
    probe.does_not_connect("ingress", "echo", family, why={"admit/ip-spoofed"})
    probe.does_not_connect("egress", "echo", family, why={"admit/ip-spoofed"})
    ports = (68, 67) if family == 4 else (546, 547)
    probe.does_not_connect("egress", "udp", family, ports, why={"admit/ip-spoofed"})
    probe.ends()


@proves("S48")
def test_ip_spoofing_works_without_port_security_enabled(switch):
    probe = Probe(switch, port_security=False)
    probe.connects("ingress", "echo")
    probe.vm_ip[4] = "10.0.0.9"
    probe.connects("ingress", "echo")
    probe.connects("egress", "echo")
    probe.ends()


@proves("S48")
@both_families
def test_allowed_address_pairs(switch, family):
    allowed = {4: "10.0.0.8", 6: "2001:db8::8"}
    refused = {4: "10.0.0.9", 6: "2001:db8::9"}
    pairs = [{"ip": allowed[family]}, {"ip": allowed[family], "mac": B}]
    probe = Probe(switch, *OPEN_ICMP, allowed_address_pairs=pairs)
    for mac_address, addresses, passes in ((VM.mac, OWN, True), (VM.mac, allowed, True),
                                           (VM.mac, refused, False), (B, allowed, True),
                                           (B, refused, False), (A, allowed, False)):
        probe.vm_mac, probe.vm_ip = mac_address, addresses
        if not passes:
            for direction in ("ingress", "egress"):
                probe.does_not_connect(direction, "echo", family, why=SPOOFED)
            continue
        for direction in ("egress", "ingress"):
            probe.connects(direction, "echo", family)
    probe.ends()


@proves("S48")
def test_arp_is_allowed(switch):
    probe = Probe(switch, CLOSED_EGRESS)
    for here, there in ((VM, PEER), (PEER, VM)):
        asks = frame(here.mac, EVERYBODY, ARP(op=1, hwsrc=here.mac, psrc=here.ip(),
                                              pdst=there.ip()))
        answers = frame(there.mac, here.mac, ARP(op=2, hwsrc=there.mac, psrc=there.ip(),
                                                 hwdst=here.mac, pdst=here.ip()))
        probe.passes(here, asks, to=there)
        probe.passes(there, answers, to=here)
    probe.ends()


@proves("S48")
@both_families
@pytest.mark.parametrize("direction", ("ingress", "egress"))
@pytest.mark.parametrize("protocol", ("tcp", "udp"))
def test_rule(switch, protocol, direction, family):
    """test_ingress_tcp_rule, test_ingress_udp_rule, test_egress_tcp_rule, test_egress_udp_rule"""
    closed = [] if direction == "egress" else [CLOSED_EGRESS]
    probe = Probe(switch, rule(direction, protocol), *closed)
    probe.connects(direction, protocol, family)
    probe.does_not_connect(direction, OTHER[protocol], family)
    probe.does_not_connect(REVERSE[direction], protocol, family)
    probe.ends()


@proves("S48")
@both_families
@pytest.mark.parametrize("direction", ("ingress", "egress"))
def test_next_port_closed(switch, direction, family):
    """There it is the source port, here the destination's: weft, as Neutron's API, knows no other.
    """
    probe = Probe(switch, rule(direction, "tcp", 42))
    probe.connects(direction, "tcp", family, ports=(None, 42))
    probe.does_not_connect(direction, "tcp", family, ports=(None, 43))
    probe.does_not_connect(direction, "tcp", family, ports=(42, 43))
    probe.ends()


@proves("S48")
@both_families
def test_connection_with_destination_port_range(switch, family):
    probe = Probe(switch, ingress("tcp", "12345-12346"))
    for port in (12345, 12346):
        probe.connects("ingress", "tcp", family, ports=(None, port))
    for port in (12344, 12347):
        probe.does_not_connect("ingress", "tcp", family, ports=(None, port))
    probe.ends()


@proves("S48")
@both_families
def test_connection_with_source_port_range(switch, family):
    """A source port decides nothing: whichever it is, the rule about the destination does."""
    probe = Probe(switch, egress("tcp", "12345-12346"))
    for source in (12344, 12345, 12346, 12347, 1, 65535):
        probe.connects("egress", "tcp", family, ports=(source, 12345))
        probe.does_not_connect("egress", "tcp", family, ports=(source, 12347))
    probe.ends()


@proves("S48")
@both_families
@pytest.mark.parametrize("exchange", ("tcp", "udp"))
def test_established_connection_is_cut(switch, exchange, family):
    probe = Probe(switch, ingress(exchange, 12345), CLOSED_EGRESS)
    asks, answers = probe.frames("ingress", exchange, family, ports=(1000, 12345))
    more = PEER.says(VM, tcp(1000, 12345, "A") if exchange == "tcp" else udp(1000, 12345), family)
    probe.passes(PEER, asks, to=VM)
    probe.passes(VM, answers, to=PEER)
    probe.passes(PEER, more, to=VM)
    probe.applies(CLOSED_EGRESS)
    time.sleep(0.1)
    probe.refuses(PEER, more, why=DENIED)
    probe.refuses(VM, answers, why=DENIED)
    probe.ends()


@proves("S48")
def test_preventing_firewall_blink(switch):
    """Rules come and go, none of them about ICMP: no echo ever passes."""
    probe = Probe(switch, ingress("tcp"))
    for rules in ((ingress("tcp"),), (), (ingress("tcp"),), ()):
        probe.applies(*rules)
        probe.does_not_connect("ingress", "echo")
    probe.ends()


@proves("S48")
@both_families
def test_remote_security_groups(switch, family):
    probe = Probe(switch, ingress(ping_name(family), remote_group="remote_sg_id"), CLOSED_EGRESS,
                    peer=PEER.port("remote_sg_id"))
    probe.connects("ingress", "echo", family)
    probe.does_not_connect("ingress", "tcp", family)
    probe.does_not_connect("egress", "echo", family)
    probe.ends()


@proves("S48")
def test_related_connection(switch):
    """1.2.3.4 cannot be reached, and a router says so; ICMP may not come in otherwise."""
    probe = Probe(switch, egress("icmp"))
    asks = packet(VM.ip(), "1.2.3.4", ping())
    tells = packet(PEER.ip(), VM.ip(), ICMP(type=3, code=0) / bytes(asks))
    probe.refuses(PEER, frame(PEER.mac, VM.mac, tells), why=DENIED)
    probe.passes(VM, frame(VM.mac, PEER.mac, asks), to=PEER)
    probe.passes(PEER, frame(PEER.mac, VM.mac, tells), to=VM)
    probe.ends()


@proves("S48")
def test_related_connection_of_ipv6(switch):
    probe = Probe(switch, egress("icmpv6"))
    asks = packet(VM.ip(6), "2001:db8:ffff::1", ping(6))
    tells = packet(PEER.ip(6), VM.ip(6), ICMPv6DestUnreach(code=0) / bytes(asks))
    probe.refuses(PEER, frame(PEER.mac, VM.mac, tells), why=DENIED)
    probe.passes(VM, frame(VM.mac, PEER.mac, asks), to=PEER)
    probe.passes(PEER, frame(PEER.mac, VM.mac, tells), to=VM)
    probe.ends()


SPECIFIC = {"echo": ("tcp", "udp"), "tcp": ("udp", "echo"), "udp": ("tcp", "echo")}


@proves("S48")
@both_families
@pytest.mark.parametrize("direction", ("ingress", "egress"))
@pytest.mark.parametrize("exchange", SPECIFIC)
def test_specific_address(switch, exchange, direction, family):
    """test_{icmp,tcp,udp}_{from,to}_specific_address"""
    probe = Probe(switch, CLOSED_EGRESS)
    probe.does_not_connect(direction, exchange, family)
    closed = [] if direction == "egress" else [CLOSED_EGRESS]
    probe.applies(rule(direction, protocol_of(exchange, family), remote_ip=PEER.ip(family)),
                   *closed)
    probe.connects(direction, exchange, family)
    for other in SPECIFIC[exchange]:
        probe.does_not_connect(direction, other, family)
    probe.ends()


@proves("S48")
def test_protocol_ip(switch):
    """Rules without a protocol: everything of the family, whatever its number."""
    probe = Probe(switch, ingress(ethertype="ipv4"), CLOSED_EGRESS)
    for exchange in ("tcp", "udp", "echo"):
        probe.connects("ingress", exchange)
        probe.does_not_connect("ingress", exchange, 6)
    for number in (4, 41, 47, 50, 112, 132, 253):
        probe.passes(PEER, PEER.says(VM, bytes(40), proto=number), to=VM)
        probe.refuses(PEER, PEER.says(VM, bytes(40), 6, nh=253), why=DENIED)
    probe.ends()


@proves("S48")
def test_networks_with_the_same_addresses_do_not_mix(switch):
    """Their connections are kept apart, as by zones: what one network's guest asked is not answered
    by the other's."""
    def twin(port, suffix):
        return {**port, "name": port["name"] + suffix, "network": suffix}

    ports = [twin(port, suffix) for suffix in ("blue", "red") for port in (PEER.free(), VM.port())]
    talk = Talk(switch, site(ports))
    asks, answers = VM.says(PEER, udp(9, 53)), PEER.says(VM, udp(53, 9))
    talk.passes("vmblue", asks, to="peerblue")
    talk.refuses("peerred", answers, why=DENIED)
    talk.passes("peerblue", answers, to="vmblue")
    talk.passes("vmred", asks, to="peerred")
    talk.passes("peerred", answers, to="vmred")
    assert sorted(row["network"] for row in talk.connections()) == ["blue", "red"]
    talk.ends()
