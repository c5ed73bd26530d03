# SPDX-License-Identifier: BSD-3-Clause
"""allowed-address-pairs open exactly what they say, at the one port that says it."""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP

from frames import B, C, EVERYBODY, frame
from secure import MUTE, PEER, THIRD, VM, Talk, egress, group, ingress, packet, site, udp
from words import proves

SPOOFED = {"admit/ip-spoofed", "admit/mac-spoofed", "admit/arp-spoofed", "admit/nd-spoofed",
           "admit/rarp-spoofed"}
OPEN = group("open", egress(), ingress("tcp", 1))


def paired(*pairs, **others):
    return site([PEER.free(), VM.port("open", allowed_address_pairs=list(pairs), **others)], [OPEN])


def sends(source, mac=VM.mac):
    return frame(mac, PEER.mac, packet(source, PEER.ip(6 if ":" in source else 4), udp(1, 2)))


def resolves(source, mac=VM.mac, hwsrc=None):
    """Says to all that it has this address."""
    hwsrc = hwsrc or mac
    if ":" in source:
        return frame(mac, "33:33:00:00:00:01", IPv6(src=source, dst="ff02::1", hlim=255) /
                     ICMPv6ND_NA(tgt=source, R=0) / ICMPv6NDOptDstLLAddr(lladdr=hwsrc))
    return frame(mac, EVERYBODY, ARP(op=2, hwsrc=hwsrc, psrc=source, hwdst=EVERYBODY, pdst=source))


# pair: what passes, what does not; an address, or address and MAC
PAIRS = {
    "an address": ({"ip": "10.0.1.5"}, ["10.0.1.5"],
                   ["10.0.1.4", "10.0.1.6", ("10.0.1.5", C), (VM.ip(), C)]),
    "a prefix": ({"ip": "10.0.1.0/24"}, ["10.0.1.0", "10.0.1.77", "10.0.1.255"],
                 ["10.0.0.255", "10.0.2.0", ("10.0.1.7", C)]),
    "a narrow prefix": ({"ip": "10.0.1.4/30"}, ["10.0.1.4", "10.0.1.7"], ["10.0.1.3", "10.0.1.8"]),
    "an IPv6 address": ({"ip": "2001:db8:1::5"}, ["2001:db8:1::5"],
                        ["2001:db8:1::4", ("2001:db8:1::5", C)]),
    "an IPv6 prefix": ({"ip": "2001:db8:1::/64"}, ["2001:db8:1::1", "2001:db8:1:0:ffff::"],
                       ["2001:db8:0:ffff::", "2001:db8:1:1::", ("2001:db8:1::1", C)]),
    "an address with a MAC": ({"ip": "10.0.1.5", "mac": C}, [("10.0.1.5", C)],
                              ["10.0.1.5", (VM.ip(), C), ("10.0.1.5", B), ("10.0.1.6", C)]),
    "a prefix with a MAC": ({"ip": "10.0.1.0/24", "mac": C}, [("10.0.1.9", C)],
                            ["10.0.1.9", (VM.ip(), C), ("10.0.2.9", C)]),
    "an IPv6 prefix with a MAC": ({"ip": "2001:db8:1::/64", "mac": C}, [("2001:db8:1::1", C)],
                                  ["2001:db8:1::1", (VM.ip(6), C), ("2001:db8:2::1", C)]),
    "all of IPv4": ({"ip": "0.0.0.0/0"}, ["10.0.1.5", "192.0.2.1", "1.1.1.1"],
                    [("10.0.1.5", C), "2001:db8:1::1"]),
    "all of IPv6": ({"ip": "::/0"}, ["2001:db8:1::1", "fe80::77"],
                    [("2001:db8:1::1", C), "10.0.1.5"]),
    "all with a MAC": ({"ip": "0.0.0.0/0", "mac": C}, [("10.0.1.5", C), (VM.ip(), C)],
                       ["10.0.1.5", ("10.0.1.5", B), ("2001:db8:1::1", C)]),
}


@proves("S47")
@pytest.mark.parametrize("what", PAIRS)
def test_a_pair_opens(switch, what):
    """For packets, and for ARP and ND."""
    pair, passes, refused = PAIRS[what]
    talk = Talk(switch, paired(pair))
    for say in (sends, resolves):
        def said(source, say=say):
            return say(*source) if isinstance(source, tuple) else say(source)

        talk.passes(VM, *map(said, passes), say(VM.ip()), say(VM.ip(6)), to=PEER)
        for source in refused:
            talk.refuses(VM, said(source), why=SPOOFED, what=source)
    talk.ends()


def test_the_mac_inside_of_arp_and_nd_is_that_of_the_pair(switch):
    talk = Talk(switch, paired({"ip": "10.0.1.5", "mac": C}, {"ip": "2001:db8:1::5", "mac": C}))
    for source in ("10.0.1.5", "2001:db8:1::5"):
        talk.passes(VM, resolves(source, C, C), to=PEER)
        talk.refuses(VM, resolves(source, C, VM.mac), why=SPOOFED)
        talk.refuses(VM, resolves(source, VM.mac, C), why=SPOOFED)
    talk.ends()


def test_several_pairs_do_not_mix(switch):
    """The MAC of one with the address of the other is nobody."""
    talk = Talk(switch, paired({"ip": "10.0.1.5", "mac": B}, {"ip": "10.0.2.5", "mac": C}))
    talk.passes(VM, sends("10.0.1.5", B), sends("10.0.2.5", C), to=PEER)
    for lie in (sends("10.0.1.5", C), sends("10.0.2.5", B), sends(VM.ip(), B), sends("10.0.1.5")):
        talk.refuses(VM, lie, why=SPOOFED)
    talk.ends()


def test_many_pairs(switch):
    pairs = [{"ip": f"10.1.{number}.1"} for number in range(200)]
    talk = Talk(switch, paired(*pairs))
    talk.passes(VM, *(sends(f"10.1.{number}.1") for number in range(200)), to=PEER)
    talk.refuses(VM, *(sends(f"10.1.{number}.2") for number in range(200)), why="admit/ip-spoofed")
    talk.ends()


def test_a_rarp_of_a_pair(switch):
    def rarp(mac):
        return frame(mac, EVERYBODY, bytes(ARP(op=3, hwsrc=mac, psrc="0.0.0.0", hwdst=mac,
                                               pdst="0.0.0.0")), ethertype=0x8035)

    talk = Talk(switch, paired({"ip": "10.0.1.5", "mac": C}))
    talk.passes(VM, rarp(C), rarp(VM.mac), to=PEER)
    talk.refuses(VM, rarp(B), why=SPOOFED)
    talk.ends()


WIDE = {"0.0.0.0/0": "1.2.3.4", "0.0.0.0/1": "1.2.3.4", "10.0.0.0/8": "10.0.0.77",
        "::/0": "2001:db9::7", "2001:db8::/32": "2001:db8::7777"}


@proves("S47")
@pytest.mark.parametrize("wide", WIDE)
def test_a_wide_pair_opens_nothing_at_another_port(switch, wide):
    """VM lets in members of db. PEER is one; its pair, with all addresses in it, makes none of
    them a member, or everybody were."""
    db = group("db", egress())
    web = group("web", ingress("udp", 53, remote_group="db"), MUTE)
    ports = [PEER.port("db", allowed_address_pairs=[{"ip": wide}]), THIRD.free(), VM.port("web")]
    talk = Talk(switch, site(ports, [web, db]))
    for family in (4, 6):
        talk.passes(PEER, PEER.says(VM, udp(9, 53), family), to=VM)
        talk.refuses(THIRD, THIRD.says(VM, udp(9, 53), family), why="deliver/not-allowed")
    for guest in (PEER, THIRD):
        source = WIDE[wide]
        spoken = packet(source, VM.ip(6 if ":" in source else 4), udp(9, 53))
        talk.refuses(guest, frame(guest.mac, VM.mac, spoken), why="deliver/not-allowed")
    talk.ends()


@proves("S47")
def test_a_single_address_of_a_pair_is_a_member(switch):
    db = group("db", egress())
    web = group("web", ingress("udp", 53, remote_group="db"), MUTE)
    pairs = [{"ip": "10.0.1.5"}, {"ip": "10.0.1.6/32", "mac": C}, {"ip": "2001:db8:1::5"},
             {"ip": "10.0.1.8/31"}]
    ports = [PEER.port("db", allowed_address_pairs=pairs), VM.port("web")]

    def call(source, mac=PEER.mac):
        return frame(mac, VM.mac, packet(source, VM.ip(6 if ":" in source else 4), udp(9, 53)))

    talk = Talk(switch, site(ports, [web, db]))
    talk.passes(PEER, call("10.0.1.5"), call("10.0.1.6", C), call("2001:db8:1::5"), to=VM)
    talk.refuses(PEER, call("10.0.1.8"), call("10.0.1.9"), why="deliver/not-allowed")
    talk.ends()


def test_a_pair_is_of_one_port_only(switch):
    """Another port of the same network may not use it."""
    ports = [PEER.free(), VM.port("open", allowed_address_pairs=[{"ip": "10.0.1.0/24", "mac": C}]),
             THIRD.port("open")]
    talk = Talk(switch, site(ports, [OPEN]))
    talk.passes(VM, sends("10.0.1.5", C), to=PEER)
    talk.refuses(THIRD, sends("10.0.1.5", C), why=SPOOFED)
    talk.refuses(THIRD, sends("10.0.1.5", THIRD.mac), why=SPOOFED)
    talk.ends()


def test_a_pair_opens_no_role(switch):
    talk = Talk(switch, paired({"ip": "0.0.0.0/0"}, {"ip": "::/0"}))
    talk.refuses(VM, frame(VM.mac, PEER.mac, IP(src="10.0.0.254", dst=PEER.ip()) /
                           UDP(sport=67, dport=68)), why="admit/dhcp-server")
    talk.ends()


def test_a_pair_does_not_open_groups(switch):
    """The address is the port's, and its rules are, too."""
    config = site([PEER.free(), VM.port("web", allowed_address_pairs=[{"ip": "10.0.1.5"}])],
                  [group("web", ingress("udp", 53), egress("udp", 53))])

    def comes(port):
        return frame(PEER.mac, VM.mac, packet(PEER.ip(), "10.0.1.5", udp(9, port)))

    talk = Talk(switch, config)
    talk.passes(PEER, comes(53), to=VM)
    talk.refuses(PEER, comes(54), why="deliver/not-allowed")
    talk.passes(VM, frame(VM.mac, PEER.mac, packet("10.0.1.5", PEER.ip(), udp(9, 53))), to=PEER)
    talk.refuses(VM, frame(VM.mac, PEER.mac, packet("10.0.1.5", PEER.ip(), udp(9, 54))),
                 why="admit/not-allowed")
    talk.ends()


@proves("S47")
def test_pairs_come_and_go(switch):
    talk = Talk(switch, paired())
    talk.refuses(VM, sends("10.0.1.5"), why="admit/ip-spoofed")
    talk.becomes(paired({"ip": "10.0.1.0/24"}))
    talk.passes(VM, sends("10.0.1.5"), to=PEER)
    talk.becomes(paired({"ip": "10.0.2.0/24"}))
    talk.refuses(VM, sends("10.0.1.5"), why="admit/ip-spoofed")
    talk.passes(VM, sends("10.0.2.5"), to=PEER)
    talk.ends()


def test_pairs_are_shown(switch):
    switch.starts(paired({"ip": "10.0.1.0/24"}, {"ip": "2001:db8:1::5", "mac": C}))
    shown = switch.json("port show vm")
    text = str(shown["allowed_address_pairs"])
    assert len(shown["allowed_address_pairs"]) == 2
    assert "10.0.1.0/24" in text and "2001:db8:1::5" in text and C in text
    assert shown["security_groups"] == ["open"]


def test_pairs_that_say_nothing_are_refused(switch):
    switch.starts(paired())
    for pair in ({"ip": "colour"}, {"ip": "10.0.0.0/33"}, {"mac": C}, {"ip": "10.0.1.5", "x": 1},
                 {"ip": "10.0.1.5", "mac": EVERYBODY}):
        file = switch.writes(paired(pair), file=switch.folder / "next.yaml")
        assert "allowed-address-pairs" in switch.refuses("apply", file)
