# SPDX-License-Identifier: BSD-3-Clause
"""What a single rule lets through, and nothing beside it: each in both directions.

The rule is in a group of VM; PEER, whose port is open, is the other end. Remote addresses are those
of the sender if packets come in, of the receiver if they go out.
"""
import pytest
from scapy.layers.inet import ICMP, IP, TCP, IPOption
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN)
from scapy.layers.l2 import ARP

from frames import EVERYBODY, frame
from secure import (EXCHANGES, MUTE, NOT_ALLOWED, PEER, REFUSED, VM, Guest, Talk, both_families,
                    both_ways, egress, gre, group, ingress, packet, ping, ping_name, protocol_of,
                    rule, sctp, site, tcp, udp)
from words import proves

STAMP = ICMP(type=13, id=7)
OTHERS = {"tcp": tcp(1000, 80), "udp": udp(1000, 80), "sctp": sctp(1000, 80), "47": gre(),
          "icmp": ping()}


def all_but(*names):
    return [inside for name, inside in OTHERS.items() if name not in names]


# name: (the rule, what passes, what does not)
RULES = {
    "everything of IPv4": (dict(ethertype="ipv4"), all_but(), []),
    "any protocol from anywhere": (dict(remote_ip="0.0.0.0/0"), all_but(), []),
    "tcp": (dict(protocol="tcp"), [tcp(1000, 80), tcp(80, 1), tcp(1, 65535)], all_but("tcp")),
    "udp": (dict(protocol="udp"), [udp(1000, 80), udp(80, 1), udp(1, 65535)], all_but("udp")),
    "icmp": (dict(protocol="icmp"), [ping(), STAMP], all_but("icmp")),
    "sctp": (dict(protocol="sctp"), [sctp(1000, 80), sctp(80, 1)], all_but("sctp")),
    "a number": (dict(protocol=47), [gre()], all_but("47")),
    "a number that has a name": (dict(protocol=6), [tcp(1000, 80)], all_but("tcp")),
    "one port": (dict(protocol="tcp", ports=80), [tcp(1000, 80)],
                 [tcp(1000, 79), tcp(1000, 81), tcp(80, 1000), udp(1000, 80), sctp(1000, 80)]),
    "one even port": (dict(protocol="udp", ports=42), [udp(42, 42), udp(43, 42)],
                      [udp(42, 43), udp(42, 41)]),
    "a range": (dict(protocol="tcp", ports="80-90"),
                [tcp(1000, 80), tcp(1000, 85), tcp(1000, 90)],
                [tcp(1000, 79), tcp(1000, 91), tcp(85, 1000)]),
    "a range across a power of two": (
        dict(protocol="udp", ports="127-257"),
        [udp(5, port) for port in (127, 128, 255, 256, 257)],
        [udp(5, port) for port in (126, 258, 1, 383, 65407)]),
    "a range to the end": (dict(protocol="udp", ports="32768-65535"),
                           [udp(5, 32768), udp(5, 65535)], [udp(5, 32767), udp(5, 1)]),
    "all ports": (dict(protocol="tcp", ports="1-65535"), [tcp(9, 1), tcp(9, 65535)],
                  all_but("tcp")),
    "a port of a number": (dict(protocol=17, ports=53), [udp(9, 53)], [udp(9, 54), tcp(9, 53)]),
    "a port of sctp": (dict(protocol="sctp", ports=3868), [sctp(9, 3868)],
                       [sctp(9, 3869), sctp(3868, 9)]),
    "an ICMP type": (dict(protocol="icmp", icmp_type=8), [ping()], [STAMP]),
    "another ICMP type": (dict(protocol="icmp", icmp_type=13), [STAMP], [ping()]),
    "an ICMP type and code": (dict(protocol="icmp", icmp_type=8, icmp_code=0), [ping()], [STAMP]),
}
RULES6 = {
    "everything of IPv6": (dict(ethertype="ipv6"), [tcp(1000, 80), ping(6)], []),
    "icmpv6": (dict(protocol="icmpv6"), [ping(6)], [tcp(1000, 80), udp(1000, 80)]),
    "an ICMPv6 type and code": (dict(protocol="icmpv6", icmp_type=128, icmp_code=0), [ping(6)],
                                [udp(128, 0)]),
    "another ICMPv6 type": (dict(protocol="icmpv6", icmp_type=129), [], [ping(6)]),
    "a port": (dict(protocol="tcp", ports=443, ethertype="ipv6"), [tcp(9, 443)],
               [tcp(9, 444), udp(9, 443)]),
    "a range": (dict(protocol="udp", ports="1023-1025"), [udp(9, 1023), udp(9, 1025)],
                [udp(9, 1022), udp(9, 1026)]),
    "sctp": (dict(protocol="sctp"), [sctp(1, 2)], [tcp(1, 2)]),
}


def config(*rules, way="ingress"):
    """VM, about which these rules speak; whatever else it says is refused."""
    mute = {"ingress": [MUTE], "egress": []}[way]
    return site([PEER.free(), VM.port("web")], [group("web", *rules, *mute)])


def crosses(direction, inside, remote=None, family=4, guest=VM, **odd):
    """A frame of PEER to a guest, or the other way round, whatever PEER's address inside."""
    local, remote = guest.ip(family), remote or PEER.ip(family)
    if direction == "ingress":
        return frame(PEER.mac, guest.mac, packet(remote, local, inside, **odd))
    return frame(guest.mac, PEER.mac, packet(local, remote, inside, **odd))


def judges(switch, direction, rules, passes, refused):
    """Exactly these frames pass."""
    here, there = (PEER, VM) if direction == "ingress" else (VM, PEER)
    switch.carries(config(*rules, way=direction), sends={here.name: refused + passes},
                   delivers={there.name: passes},
                   drops={here.name: {NOT_ALLOWED[direction]: len(refused)}} if refused else {})


def judges_each(switch, direction, table, family):
    """Each row is about a guest of its own, with a group of its own that has the one rule; name:
    (words of the rule, what passes, what does not), of remote addresses or of PEER."""
    guests = [Guest(name.replace(" ", "-").replace("/", ""), number)
              for number, name in enumerate(table, 20)]
    mute = [MUTE] if direction == "ingress" else []
    groups = [group(guest.name, rule(direction, **words), *mute)
              for guest, (words, _, _) in zip(guests, table.values())]
    sends, hears, drops = {}, {}, {}
    for guest, (_, passes, refused) in zip(guests, table.values()):
        good, bad = ([crosses(direction, inside, remote, family, guest) for inside, remote in rows]
                     for rows in (passes, refused))
        here, there = (PEER, guest) if direction == "ingress" else (guest, PEER)
        sends.setdefault(here.name, []).extend(bad + good)
        hears.setdefault(there.name, []).extend(good)
        if bad:
            drops.setdefault(here.name, {NOT_ALLOWED[direction]: 0})
            drops[here.name][NOT_ALLOWED[direction]] += len(bad)
    switch.carries(site([PEER.free(), *(guest.port(guest.name) for guest in guests)], groups),
                   sends, hears, drops)


def of_peer(table):
    """The table, with nobody's address but PEER's."""
    return {name: (words, [(inside, None) for inside in passes],
                   [(inside, None) for inside in refused])
            for name, (words, passes, refused) in table.items()}


@proves("S33", "S47")
@both_ways
def test_rules_of_ipv4(switch, direction):
    judges_each(switch, direction, of_peer(RULES), 4)


@proves("S33", "S47")
@both_ways
def test_rules_of_ipv6(switch, direction):
    judges_each(switch, direction, of_peer(RULES6), 6)


@both_ways
def test_an_icmp_code_is_compared(switch, direction):
    """A rule about another code than the packet's lets nothing through."""
    judges(switch, direction, [rule(direction, "icmp", icmp_type=8, icmp_code=1),
                               rule(direction, "icmpv6", icmp_type=128, icmp_code=1)],
           [], [crosses(direction, ping()), crosses(direction, ping(6), family=6)])


@proves("S47")
@both_ways
def test_a_rule_of_one_ethertype_is_not_of_the_other(switch, direction):
    judges(switch, direction, [rule(direction, "tcp", ethertype="ipv4"),
                               rule(direction, "udp", ethertype="ipv6")],
           [crosses(direction, tcp(9, 80)), crosses(direction, udp(9, 80), family=6)],
           [crosses(direction, udp(9, 80)), crosses(direction, tcp(9, 80), family=6)])


@proves("S47")
@both_ways
def test_a_rule_without_ethertype_is_of_both(switch, direction):
    passes = [crosses(direction, tcp(9, 80), family=family) for family in (4, 6)]
    judges(switch, direction, [rule(direction, "tcp")], passes, [])


PREFIXES = {4: {
    "an address": ("10.0.0.2", ["10.0.0.2"], ["10.0.0.3", "10.0.0.0", "10.0.0.130", "11.0.0.2"]),
    "a /32": ("10.0.0.2/32", ["10.0.0.2"], ["10.0.0.3"]),
    "a /24": ("10.0.7.0/24", ["10.0.7.1", "10.0.7.255"], ["10.0.6.255", "10.0.8.0", "10.0.0.2"]),
    "a /31": ("10.0.7.4/31", ["10.0.7.4", "10.0.7.5"], ["10.0.7.3", "10.0.7.6"]),
    "a /9": ("10.128.0.0/9", ["10.128.0.1", "10.255.255.1"], ["10.127.255.1", "11.0.0.1"]),
}, 6: {
    "an address": ("2001:db8::2", ["2001:db8::2"], ["2001:db8::3", "2001:db8:1::2"]),
    "a /64": ("2001:db8:0:7::/64", ["2001:db8:0:7::1", "2001:db8:0:7:ffff::"],
              ["2001:db8:0:6:ffff::", "2001:db8:0:8::1"]),
    "a /127": ("2001:db8::4/127", ["2001:db8::4", "2001:db8::5"], ["2001:db8::3", "2001:db8::6"]),
    "a /33": ("2001:db8:8000::/33", ["2001:db8:8000::1", "2001:db8:ffff::1"],
              ["2001:db8:7fff::1", "2001:db9:8000::1"]),
    "all of IPv6": ("::/0", ["2001:db8::2", "fe80::7"], []),
    "all of IPv4": ("0.0.0.0/0", [], ["2001:db8::2"]),
}}


@proves("S47")
@both_ways
@both_families
def test_remote_prefixes(switch, direction, family):
    table = {name: (dict(protocol="udp", ports=53, remote_ip=prefix),
                    [(udp(9, 53), remote) for remote in inside],
                    [(udp(9, 53), remote) for remote in outside])
             for name, (prefix, inside, outside) in PREFIXES[family].items()}
    judges_each(switch, direction, table, family)


@both_ways
def test_a_remote_prefix_and_a_port_must_be_of_one_rule(switch, direction):
    """Two rules do not mix: the address of one with the port of the other is neither."""
    judges(switch, direction, [rule(direction, "udp", 53, remote_ip="10.0.7.0/24"),
                               rule(direction, "udp", 80, remote_ip="10.0.8.0/24")],
           [crosses(direction, udp(9, 53), "10.0.7.1"), crosses(direction, udp(9, 80), "10.0.8.1")],
           [crosses(direction, udp(9, 80), "10.0.7.1"), crosses(direction, udp(9, 53), "10.0.8.1")])


@both_ways
def test_the_local_address_is_not_the_remote_one(switch, direction):
    judges(switch, direction, [rule(direction, "udp", remote_ip=VM.ip())], [],
           [crosses(direction, udp(9, 53))])


@both_ways
def test_overlapping_rules_are_a_union(switch, direction):
    judges(switch, direction, [rule(direction, "tcp", "80-90"), rule(direction, "tcp", "85-100"),
                               rule(direction, "tcp", 85)],
           [crosses(direction, tcp(9, port)) for port in (80, 84, 85, 90, 95, 100)],
           [crosses(direction, tcp(9, port)) for port in (79, 101)])


@both_ways
def test_many_rules(switch, direction):
    """Every second port, so that nothing can be merged into ranges."""
    rules = [rule(direction, "udp", port) for port in range(1000, 1600, 2)]
    judges(switch, direction, rules,
           [crosses(direction, udp(9, port)) for port in range(1000, 1600, 2)],
           [crosses(direction, udp(9, port)) for port in range(999, 1601, 2)])


BEHIND_HEADERS = (
    lambda: IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]),
    lambda: IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)]),
    lambda: IPv6ExtHdrRouting(addresses=["2001:db8::99"], segleft=0),
    lambda: IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt(),
)


@proves("S47")
@both_ways
def test_ports_are_found_behind_extension_headers(switch, direction):
    chains = [headers() for headers in BEHIND_HEADERS]
    judges(switch, direction, [rule(direction, "udp", 53)],
           [crosses(direction, chain / udp(number, 53), family=6)
            for number, chain in enumerate(chains, 1)],
           [crosses(direction, chain / inside, family=6) for chain in chains
            for inside in (udp(9, 54), tcp(9, 53))])


@both_ways
def test_ports_are_found_behind_ip_options(switch, direction):
    options = dict(options=IPOption(b"\x94\x04\0\0"))
    judges(switch, direction, [rule(direction, "udp", 53)],
           [crosses(direction, udp(9, 53), **options)], [crosses(direction, udp(9, 54), **options)])


SHORT = {
    "no UDP header": (bytes(7), 17),
    "no TCP header": (bytes(tcp(9, 53))[:19], 6),
    "a TCP header longer than the packet": (bytes(tcp(9, 53, dataofs=8)), 6),
    "a TCP header that is too short": (bytes(tcp(9, 53, dataofs=4)), 6),
    "no ICMP header": (b"\x08\0\0\0", 1),
    "nothing": (b"", 17),
    "no SCTP header": (bytes(sctp(9, 53))[:4], 132),
}


@both_ways
def test_what_is_cut_short_does_not_pass(switch, direction):
    """Although rules let through every protocol; a packet without its header has no connection."""
    rules = [rule(direction, remote_ip="0.0.0.0/1"), rule(direction, remote_ip="128.0.0.0/1")]
    talk = Talk(switch, config(*rules, way=direction))
    here = PEER if direction == "ingress" else VM
    for what, (inside, protocol) in SHORT.items():
        talk.refuses(here, crosses(direction, inside, proto=protocol), why=REFUSED[direction],
                     what=what)
    assert talk.connections() == []
    talk.ends()


# Replies.


@proves("S33", "S47")
@both_ways
@both_families
def test_a_reply_passes_and_nothing_without_a_request(switch, family, direction):
    """The other direction is open for nothing; the reply is one, before the request it is not."""
    rules = [rule(direction, protocol_of(exchange, family)) for exchange in EXCHANGES]
    talk = Talk(switch, config(*rules, way=direction))
    here, there, back = (PEER, VM, "egress") if direction == "ingress" else (VM, PEER, "ingress")
    for exchange in EXCHANGES.values():
        request, reply = exchange(family)
        asks, answers = here.says(there, request, family), there.says(here, reply, family)
        talk.refuses(there, answers, why=REFUSED[back])
        talk.passes(here, asks, to=there)
        talk.passes(there, answers, to=here)
        talk.passes(here, asks, to=there)
    talk.ends()


WRONG_REPLIES = {
    "to another port": lambda: VM.says(PEER, udp(80, 1001)),
    "from another port": lambda: VM.says(PEER, udp(81, 1000)),
    "of another protocol": lambda: VM.says(PEER, tcp(80, 1000, "A")),
    "to another address": lambda: frame(VM.mac, PEER.mac, packet(VM.ip(), "10.0.0.3",
                                                                  udp(80, 1000))),
    "of the other family": lambda: VM.says(PEER, udp(80, 1000), 6),
    "with swapped ports": lambda: VM.says(PEER, udp(1000, 80)),
}


@proves("S47")
def test_what_is_not_the_reply_does_not_pass(switch):
    talk = Talk(switch, config(ingress("udp", 80)))
    talk.passes(PEER, PEER.says(VM, udp(1000, 80)), to=VM)
    for wrong in WRONG_REPLIES.values():
        talk.refuses(VM, wrong(), why=REFUSED["egress"])
    talk.passes(VM, VM.says(PEER, udp(80, 1000)), to=PEER)
    talk.ends()


@pytest.mark.parametrize("family", (4, 6))
def test_an_echo_is_answered_by_its_number(switch, family):
    talk = Talk(switch, config(ingress(ping_name(family))))
    _, right = EXCHANGES["echo"](family)
    wrong = right.copy()
    wrong.id = 8
    talk.passes(PEER, PEER.says(VM, ping(family), family), to=VM)
    talk.refuses(VM, VM.says(PEER, wrong, family), why=REFUSED["egress"])
    talk.passes(VM, VM.says(PEER, right, family), to=PEER)
    talk.ends()


# What is no connection.


@proves("S47")
def test_arp_passes_whatever_the_rules(switch):
    def arp(op, who, whom):
        return frame(who.mac, EVERYBODY if op == 1 else whom.mac,
                     ARP(op=op, hwsrc=who.mac, psrc=who.ip(), pdst=whom.ip(), hwdst=whom.mac))

    talk = Talk(switch, config(ingress("tcp", 1)))
    talk.passes(PEER, arp(1, PEER, VM), arp(2, PEER, VM), to=VM)
    talk.passes(VM, arp(1, VM, PEER), arp(2, VM, PEER), to=PEER)
    assert talk.connections() == []
    talk.ends()


def test_other_ethertypes_are_refused(switch):
    """What no rule can name does not pass a port with groups."""
    talk = Talk(switch, config(ingress(), egress("tcp")))
    talk.refuses(PEER, frame(PEER.mac, VM.mac), why="deliver/ethertype")
    talk.refuses(VM, frame(VM.mac, PEER.mac), why="admit/ethertype")
    talk.ends()


def test_a_packet_to_a_group_makes_no_connection(switch):
    group_mac = "01:00:5e:00:00:05"
    talk = Talk(switch, config(ingress("udp", 80), egress("udp", 5353)))
    asks = frame(VM.mac, group_mac, IP(src=VM.ip(), dst="224.0.0.5") / udp(5353, 5353))
    talk.passes(VM, asks, to=PEER)
    assert talk.connections() == []
    talk.refuses(PEER, frame(PEER.mac, VM.mac, IP(src="224.0.0.5", dst=VM.ip()) / udp(5353, 5353)),
                 why=REFUSED["ingress"])
    heard = frame(PEER.mac, group_mac, IP(src=PEER.ip(), dst="224.0.0.5") / udp(9, 80))
    unheard = frame(PEER.mac, group_mac, IP(src=PEER.ip(), dst="224.0.0.5") / udp(9, 81))
    talk.passes(PEER, heard, to=VM)
    talk.refuses(PEER, unheard, why="deliver/not-allowed")
    talk.ends()


def test_an_ipv6_packet_without_next_header_is_judged_by_its_addresses(switch):
    talk = Talk(switch, config(ingress(ethertype="ipv6", remote_ip="2001:db8::/64")))
    talk.passes(PEER, PEER.says(VM, b"", 6, nh=59), to=VM)
    talk.refuses(PEER, frame(PEER.mac, VM.mac, packet("2001:db9::1", VM.ip(6), b"", nh=59)),
                 why=REFUSED["ingress"])
    talk.ends()


def test_a_broken_checksum_is_not_the_business_of_rules(switch):
    """As a guest may leave it to its device to fill in; ports decide."""
    talk = Talk(switch, config(ingress("tcp", 80)))
    talk.passes(PEER, PEER.says(VM, TCP(sport=9, dport=80, flags="S", chksum=1)), to=VM)
    talk.refuses(PEER, PEER.says(VM, TCP(sport=9, dport=81, flags="S", chksum=1)),
                 why="deliver/not-allowed")
    talk.ends()


def test_an_echo_of_another_type_is_no_request(switch):
    """An answer that nobody asked for starts nothing, although the rule would let it through."""
    talk = Talk(switch, config(ingress("icmp"), ingress("icmpv6")))
    talk.refuses(PEER, PEER.says(VM, ICMP(type=0, id=7)), why=REFUSED["ingress"])
    talk.passes(PEER, PEER.says(VM, ICMPv6EchoRequest(id=7), 6), to=VM)
    talk.ends()
