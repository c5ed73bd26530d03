# SPDX-License-Identifier: BSD-3-Clause
"""May this port say this? Its own addresses only, but a guest must be able to get and test one.

vm1 of SECURE is A, 10.0.0.10 and 2001:db8::a; vm2 listens.
"""
import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6MLDone, ICMPv6MLQuery, ICMPv6MLReport,
                                ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RS,
                                ICMPv6Unknown, IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                RouterAlert)
from scapy.layers.l2 import ARP

from frames import A, B, C, EVERYBODY, frame
from words import proves

SECURE = """
networks:
  - {name: blue, type: local}
ports:
  - name: vm1
    network: blue
    mac: "02:00:00:00:00:0a"
    addresses: [10.0.0.10, "2001:db8::a"]
  - {name: vm2, network: blue}
"""
OWN_LINK_LOCAL = "fe80::ff:fe00:a"  # EUI-64 of A


def arp(sender, target="10.0.0.1", op=1):
    return ARP(op=op, hwsrc=A, psrc=sender, hwdst="00:00:00:00:00:00", pdst=target)


def neighbour(source):
    return IPv6(src=source, dst="ff02::1:ff00:b", hlim=255) / ICMPv6ND_NS(tgt="2001:db8::b")


def listener(source, message):
    return IPv6(src=source, dst="ff02::16", hlim=1) / \
        IPv6ExtHdrHopByHop(options=[RouterAlert()]) / message


def listener_report(source):
    return listener(source, ICMPv6MLReport2())


def nobody(message):
    return IPv6(src="::", dst="ff02::1", hlim=255) / message


DISCOVER = IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) / \
    BOOTP(chaddr=b"\x02\0\0\0\0\x0a") / DHCP(options=[("message-type", "discover"), "end"])

HONEST = {
    "IPv4": IP(src="10.0.0.10", dst="10.0.0.1") / TCP(),
    "IPv4 with options": IP(src="10.0.0.10", dst="10.0.0.1", options=b"\x94\x04\0\0") / ICMP(),
    "a later fragment": IP(src="10.0.0.10", dst="10.0.0.1", frag=10, proto=17) / bytes(32),
    "IPv6": IPv6(src="2001:db8::a", dst="2001:db8::b") / ICMPv6EchoRequest(),
    "ARP request": arp("10.0.0.10"),
    "ARP reply": arp("10.0.0.10", op=2),
    "gratuitous ARP": arp("10.0.0.10", target="10.0.0.10"),
    "ARP probe": arp("0.0.0.0", target="10.0.0.10"),
    "DHCP discover": DISCOVER,
    "duplicate address detection": neighbour("::"),
    "MLD before an address": listener_report("::"),
    "MLDv1 before an address": listener("::", ICMPv6MLReport(mladdr="ff02::1:ff00:a")),
    "MLDv1, no more, before an address": listener("::", ICMPv6MLDone(mladdr="ff02::1:ff00:a")),
    "router solicitation before an address": nobody(ICMPv6ND_RS()),
    "MLD from the EUI-64 address": listener_report(OWN_LINK_LOCAL),
    "router solicitation from the EUI-64 address":
        IPv6(src=OWN_LINK_LOCAL, dst="ff02::2", hlim=255) / ICMPv6ND_RS(),
    "neighbour advertisement":
        IPv6(src="2001:db8::a", dst="ff02::1", hlim=255) / ICMPv6ND_NA(tgt="2001:db8::a"),
    "not IP at all": "hello",
}

SPOOFED = {
    "IPv4 of another": ("ip", IP(src="10.0.0.11", dst="10.0.0.1") / TCP()),
    "IPv4 of another behind options":
        ("ip", IP(src="10.0.0.11", dst="10.0.0.1", options=b"\x94\x04\0\0") / ICMP()),
    "a later fragment of another":
        ("ip", IP(src="10.0.0.11", dst="10.0.0.1", frag=10, proto=17) / bytes(32)),
    "0.0.0.0 that is not DHCP":
        ("ip", IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=53)),
    "0.0.0.0 as a DHCP server would":
        ("ip", IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=67, dport=68)),
    "0.0.0.0 with TCP":
        ("ip", IP(src="0.0.0.0", dst="10.0.0.1") / TCP(sport=68, dport=67)),
    "broadcast as a source": ("ip", IP(src="255.255.255.255", dst="10.0.0.1") / UDP()),
    "IPv6 of another": ("ip", IPv6(src="2001:db8::b", dst="2001:db8::1") / ICMPv6EchoRequest()),
    "a link-local address of another":
        ("ip", IPv6(src="fe80::ff:fe00:b", dst="ff02::2", hlim=255) / ICMPv6ND_RS()),
    ":: that is neither DAD nor MLD": ("ip", IPv6(src="::", dst="2001:db8::1") / UDP()),
    ":: with an echo request": ("ip", nobody(ICMPv6EchoRequest())),
    ":: with an unknown message": ("ip", nobody(ICMPv6Unknown(type=200, msgbody=bytes(8)))),
    ":: with a neighbour advertisement": ("ip", nobody(ICMPv6ND_NA(tgt="2001:db8::a"))),
    ":: with a membership query": ("ip", listener("::", ICMPv6MLQuery())),
    ":: with a later fragment":
        ("ip", nobody(IPv6ExtHdrFragment(nh=58, offset=8, m=0, id=7) / bytes(16))),
    "ARP request of another": ("arp", arp("10.0.0.1")),
    "ARP reply of another": ("arp", arp("10.0.0.1", op=2)),
    "gratuitous ARP of another": ("arp", arp("10.0.0.1", target="10.0.0.1")),
    "ARP reply from nowhere": ("arp", arp("0.0.0.0", op=2)),
}


@proves("S09")
def test_a_guest_may_say_what_is_true(switch):
    honest = [frame(A, EVERYBODY, inside) for inside in HONEST.values()]
    switch.carries(SECURE, sends={"vm1": honest}, delivers={"vm2": honest})


@proves("S09")
@pytest.mark.parametrize("what", SPOOFED)
def test_a_guest_may_not_say(switch, what):
    kind, inside = SPOOFED[what]
    switch.starts(SECURE, sends={"vm1": [frame(A, EVERYBODY, inside)]})
    assert switch.fdb() == set()
    switch.ends(drops={"vm1": {f"admit/{kind}-spoofed": 1}})


@proves("S09")
def test_a_guest_may_not_use_another_mac(switch):
    switch.starts(SECURE, sends={"vm1": [frame(B, EVERYBODY),
                                         frame(B, EVERYBODY, HONEST["IPv4"]),
                                         frame(B, EVERYBODY, DISCOVER)]})
    assert switch.fdb() == set()
    switch.ends(drops={"vm1": {"admit/mac-spoofed": 3}})


@proves("S09")
def test_a_spoofed_frame_teaches_nothing(switch):
    """vm1 pretends to be B; what is for B still goes to vm2, who is."""
    config = SECURE + "  - {name: vm3, network: blue}\n"
    switch.starts(config, sends={"vm1": [frame(B, EVERYBODY)], "vm2": [frame(B, EVERYBODY)],
                                 "vm3": [frame(C, B)]})
    assert switch.fdb() == {("blue", B, "vm2"), ("blue", C, "vm3")}
    switch.ends(delivers={"vm1": [frame(B, EVERYBODY)], "vm2": [frame(C, B)],
                          "vm3": [frame(B, EVERYBODY)]}, drops={"vm1": {"admit/mac-spoofed": 1}})


def test_a_source_that_cannot_be_one_is_dropped_everywhere(switch):
    config = """
physical-networks: [{name: physnet1}]
networks: [{name: plain, type: flat, physical-network: physnet1}]
ports: [{name: vm1, network: plain, port-security: false}]
"""
    bad = [frame(src, B) for src in ("00:00:00:00:00:00", EVERYBODY, "01:00:5e:00:00:01")]
    switch.starts(config, sends={"physnet1": bad, "vm1": bad})
    assert switch.fdb() == set()
    switch.ends(drops={"physnet1": {"admit/bad-source-mac": 3},
                       "vm1": {"admit/bad-source-mac": 3}})


def test_a_priority_tag_does_not_hide_a_spoofed_address(switch):
    _, inside = SPOOFED["IPv4 of another"]
    switch.carries(SECURE, sends={"vm1": [frame(A, B, inside, vlan=0)]},
                   drops={"vm1": {"admit/ip-spoofed": 1}})


@pytest.mark.parametrize("inside", [
    frame(A, B, bytes(IP(src="10.0.0.11"))[:length], ethertype=0x0800) for length in (0, 12, 19)
] + [
    frame(A, B, bytes(IPv6(src="2001:db8::b"))[:length], ethertype=0x86DD)
    for length in (0, 20, 39)
] + [
    frame(A, B, bytes(arp("10.0.0.11"))[:length], ethertype=0x0806) for length in (0, 14, 27)
], ids=lambda data: f"{data[12:14].hex()} {len(data) - 14} bytes")
def test_a_header_that_cannot_be_judged_does_not_pass(switch, inside):
    switch.starts(SECURE, sends={"vm1": [inside]})
    dropped = switch.drops()
    assert sum(dropped["vm1"].values()) == 1
    switch.ends(drops=dropped)


def test_only_the_mac_is_checked_when_only_the_mac_is_given(switch):
    config = SECURE.replace('    addresses: [10.0.0.10, "2001:db8::a"]\n', "")
    servers = "0.0.0.0 as a DHCP server would"  # whatever its address
    passes = [frame(A, B, inside) for what, (_, inside) in SPOOFED.items() if what != servers]
    switch.carries(config, sends={"vm1": passes + [frame(C, B)]}, delivers={"vm2": passes},
                   drops={"vm1": {"admit/mac-spoofed": 1}})


def test_only_addresses_are_checked_when_only_they_are_given(switch):
    config = SECURE.replace('    mac: "02:00:00:00:00:0a"\n', "")
    _, spoofed = SPOOFED["IPv4 of another"]
    switch.carries(config, sends={"vm1": [frame(C, B, HONEST["IPv4"]), frame(C, B, spoofed)]},
                   delivers={"vm2": [frame(C, B, HONEST["IPv4"])]},
                   drops={"vm1": {"admit/ip-spoofed": 1}})


def test_a_guest_with_ipv4_addresses_only_has_no_ipv6_address(switch):
    config = SECURE.replace(', "2001:db8::a"', "")
    inside = HONEST["IPv6"]
    switch.carries(config, sends={"vm1": [frame(A, B, inside), frame(A, B, HONEST["IPv4"])]},
                   delivers={"vm2": [frame(A, B, HONEST["IPv4"])]},
                   drops={"vm1": {"admit/ip-spoofed": 1}})


def test_port_security_can_be_turned_off(switch):
    config = SECURE.replace("network: blue\n    mac", "network: blue\n    port-security: false\n"
                            "    mac")
    lies = [frame(C, EVERYBODY, inside) for _, inside in SPOOFED.values()]
    switch.carries(config, sends={"vm1": lies}, delivers={"vm2": lies})


def test_what_a_guest_hears_is_not_checked(switch):
    config = SECURE.replace("name: vm2, network: blue", "name: vm2, network: blue, "
                            "port-security: false")
    lies = [frame(C, EVERYBODY, inside) for _, inside in SPOOFED.values()]
    switch.carries(config, sends={"vm2": lies}, delivers={"vm1": lies})
