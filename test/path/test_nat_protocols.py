# SPDX-License-Identifier: BSD-3-Clause
"""Source NAT of what is not TCP, UDP or a ping, of odd checksums, and of fragments."""
import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption
from scapy.layers.sctp import SCTPChunkInitAck

from natting import (ANYBODY, DCCP_, G1, GATE, ISP, OTHER, POOL, PORTS, SCTP_, UDPLITE_, UNSOLICITED, WEB, Nat, arrives,
                     begins_tcp, comes_in, dccp, fragments, hears_wrong, leaves, turns, udplite)
from routing import FRIEND, NEXT, VM1, VM2, begins, ip_bytes, ip_in, site
from secure import gre, packet, sctp, tcp, udp
from words import proves

LOAD = bytes(range(200))
TAKEN = "translate/not-translatable"


def addressed(inside, here, there):
    """What a protocol says; some have the addresses in their checksums."""
    return inside(here, there) if callable(inside) else inside


# name: (number, what is asked, what is answered, what else can be asked of the same host at the same time)
OTHERS = {
    "SCTP": (SCTP_, sctp(5000, 80), sctp(80, 5000, SCTPChunkInitAck), sctp(5001, 80)),
    "UDP-Lite": (UDPLITE_, lambda *way: udplite(*way, 5000, 80), lambda *way: udplite(*way, 80, 5000),
                 lambda *way: udplite(*way, 5001, 80)),
    "UDP-Lite, all covered": (UDPLITE_, lambda *way: udplite(*way, 5000, 80, coverage=0),
                              lambda *way: udplite(*way, 80, 5000, coverage=12),
                              lambda *way: udplite(*way, 5001, 80, coverage=8)),
    "DCCP": (DCCP_, lambda *way: dccp(*way, 5000, 80), lambda *way: dccp(*way, 80, 5000, 1),
             lambda *way: dccp(*way, 5001, 80)),
    "DCCP, half covered": (DCCP_, lambda *way: dccp(*way, 5000, 80, coverage=2),
                           lambda *way: dccp(*way, 80, 5000, 1, coverage=1), lambda *way: dccp(*way, 5001, 80)),
    "GRE": (47, gre(), gre(b"tfew"), None),
    "ESP": (50, struct.pack("!II", 0x1234, 1) + bytes(32), struct.pack("!II", 0x5678, 1) + bytes(32), None),
    "AH": (51, bytes((4, 4, 0, 0)) + bytes(20), bytes((4, 4, 0, 0)) + bytes(20), None),
    "IPv4 in IPv4": (4, bytes(packet("10.9.0.1", "10.9.0.2", udp(1, 2))),
                     bytes(packet("10.9.0.2", "10.9.0.1", udp(2, 1))), None),
    "an unknown protocol": (253, b"weft" * 5, b"tfew" * 5, None),
}
every_protocol = pytest.mark.parametrize("name", OTHERS)


def asks(talk, name, host=VM1, to=WEB, seen=GATE, place=1):
    __tracebackhide__ = True
    talk.out(host, addressed(OTHERS[name][place], host.ip(), to), to, seen, proto=OTHERS[name][0])


def answers(talk, name, host=VM1, source=WEB, seen=GATE):
    __tracebackhide__ = True
    talk.into(host, addressed(OTHERS[name][2], source, seen), source, seen, proto=OTHERS[name][0])


@proves("S42")
@every_protocol
def test_the_address_is_translated_and_nothing_else(switch, name):
    """Ports stay, and checksums are right where they cover addresses."""
    talk = Nat(switch)
    for _ in range(2):
        asks(talk, name)
        answers(talk, name)
    asks(talk, name, to=OTHER)
    answers(talk, name, source=OTHER)
    talk.ends()


@proves("S42", "S43")
@every_protocol
def test_who_was_not_asked_does_not_come_in(switch, name):
    number, _, answer, _ = OTHERS[name]
    talk = Nat(switch)
    asks(talk, name)
    talk.refuses(ISP, arrives(OTHER, addressed(answer, OTHER, GATE), proto=number), why=UNSOLICITED)
    answers(talk, name)
    talk.ends()


@proves("S42")
@every_protocol
def test_the_same_conversation_of_two_is_not_translatable(switch, name):
    """With another host outside, or by other ports where there are some, it is; the first goes on."""
    number, question, _, besides = OTHERS[name]
    talk = Nat(switch)
    asks(talk, name)
    same = FRIEND.says(G1, WEB, addressed(question, FRIEND.ip(), WEB), proto=number)
    talk.refuses(FRIEND, same, same, why=TAKEN)
    asks(talk, name, FRIEND, OTHER)
    answers(talk, name, FRIEND, OTHER)
    if besides is not None:
        asks(talk, name, FRIEND, place=3)
    answers(talk, name)
    talk.ends()


@proves("S42")
def test_protocols_do_not_take_each_others_place(switch):
    """All to one host outside, each of another guest."""
    talk = Nat(switch)
    whose = list(zip(("SCTP", "UDP-Lite", "GRE", "ESP"), (VM1, FRIEND, VM2, NEXT)))
    for name, host in whose:
        asks(talk, name, host)
    for name, host in whose:
        answers(talk, name, host)
    talk.ends()


@proves("S42")
def test_two_of_the_pool_may_have_the_same_conversation(switch):
    """GRE of many guests to one host: of each outside address one is translated."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    hosts = [ip_in("blue", 100 + number) for number in range(40)]
    sends = [VM1.says(G1, WEB, gre(), src=host) for host in hosts]
    talk.config = switch.reopens(talk.config, "vm1", sends)
    talk.opens("vm1")
    heard, dropped = talk.news()
    assert sorted(IP(data[14:]).src for data in heard["isp"]) == POOL
    assert dropped == {"vm1": {TAKEN: len(hosts) - len(POOL)}}
    talk.ends()


@proves("S42")
def test_a_guest_may_ask_by_gre_and_by_a_port_at_once(switch):
    """PPTP without help: the two have nothing to do with each other."""
    talk = Nat(switch)
    begins_tcp(talk)
    asks(talk, "GRE")
    answers(talk, "GRE")
    talk.out(VM1, tcp(5000, 80, "A", seq=1001, ack=10))
    talk.ends()


# Checksums.


@proves("S42")
def test_udp_without_a_checksum_stays_without(switch):
    """Also when it gets another port."""
    none, back = UDP(sport=5000, dport=80, chksum=0) / b"weft", UDP(sport=80, dport=5000, chksum=0) / b"weft"
    talk = Nat(switch)
    left = talk.out(VM1, none)
    assert left[40:42] == b"\0\0"
    talk.into(VM1, back)
    _, port = talk.source(FRIEND, none)
    talk.into(FRIEND, UDP(sport=80, dport=port, chksum=0) / b"weft", port=5000)
    talk.ends()


def sums_to_nothing(here, there, sport, dport):
    """UDP whose checksum between these is all ones, since it comes out as zero."""
    sum_of_zero = struct.unpack("!H", bytes(packet(here, there, udp(sport, dport, bytes(2))))[26:28])[0]
    datagram = udp(sport, dport, struct.pack("!H", sum_of_zero))
    assert bytes(packet(here, there, datagram))[26:28] == b"\xff\xff"
    return datagram


@proves("S42")
def test_a_checksum_that_comes_out_as_zero_is_all_ones(switch):
    """Outside, of what goes out; inside, of what comes in; and one that is all ones becomes another."""
    talk = Nat(switch)
    left = talk.out(VM1, sums_to_nothing(GATE, WEB, 5000, 80))
    assert left[40:42] == b"\xff\xff"
    talk.out(VM1, sums_to_nothing(VM1.ip(), WEB, 5000, 80))
    came = talk.into(VM1, sums_to_nothing(WEB, VM1.ip(), 80, 5000))
    assert came[40:42] == b"\xff\xff"
    talk.into(VM1, sums_to_nothing(WEB, GATE, 80, 5000))
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("layer, there, back", ((UDP, {}, {}), (TCP, {"flags": "S"}, {"flags": "SA", "ack": 1})),
                         ids=("UDP", "TCP"))
def test_a_wrong_checksum_stays_wrong(switch, layer, there, back):
    """By as much as it was, in both directions; the header's is right."""
    talk = Nat(switch, listens=hears_wrong)
    talk.out(VM1, layer(sport=5000, dport=80, chksum=0x1234, **there) / b"")
    talk.into(VM1, layer(sport=80, dport=5000, chksum=0x4321, **back) / b"")
    talk.ends()


@proves("S42")
def test_checksums_at_the_edges(switch):
    """Of one flow: sums that carry, in UDP and in the header."""
    sends = [VM1.says(G1, WEB, udp(5000, 80, struct.pack("!H", number * 257 & 0xFFFF)), id=number * 331 & 0xFFFF)
             for number in range(0, 256, 3)]
    talk = Nat(switch)
    talk.says(VM1, *sends, hears={ISP: [leaves(data) for data in sends]})
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("size", (4, 40))
def test_options_of_the_header_stay(switch, size):
    odd = {"options": IPOption(b"\x94\x04\0\0" + b"\x01" * (size - 4))}
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80), **odd)
    talk.into(VM1, udp(80, 5000), **odd)
    talk.out(VM1, tcp(5000, 80), **odd)
    talk.ends()


# Fragments.


FRAGMENTED = {
    "UDP": (17, udp(5000, 80, LOAD), lambda port: udp(80, port, LOAD)),
    "TCP": (6, tcp(5000, 80, load=LOAD), lambda port: tcp(80, port, "SA", ack=1, load=LOAD)),
}


@proves("S42")
@pytest.mark.parametrize("own", (True, False), ids=("its own port", "another port"))
@pytest.mark.parametrize("protocol", FRAGMENTED)
def test_fragments_out_and_in(switch, protocol, own):
    """Only the first has a port and a checksum; together they are right."""
    _, question, answer = FRAGMENTED[protocol]
    talk = Nat(switch)
    if not own:
        talk.out(FRIEND, tcp(5000, 80) if protocol == "TCP" else udp(5000, 80))
    port = talk.source(VM1, tcp(5000, 80) if protocol == "TCP" else udp(5000, 80))[1]
    assert (port == 5000) == own
    out, back = VM1.says(G1, WEB, question), arrives(WEB, answer(port))
    for cuts in ((40, 80), (104,), (24, 48, 72, 96, 120)):
        parts, returns = list(fragments(out, *cuts)), list(fragments(back, *cuts))
        talk.says(VM1, *parts, hears={ISP: [leaves(data, port=port) for data in parts]})
        talk.says(ISP, *returns, hears={VM1: [comes_in(data, VM1, 5000) for data in returns]})
        assert joined([leaves(data, port=port) for data in parts]) == ip_bytes(leaves(out, port=port))[20:]
    talk.ends()


def joined(parts):
    """What is in the fragments, in their order."""
    return b"".join(ip_bytes(data)[20:] for data in parts)


@proves("S42")
def test_a_datagram_in_fragments_begins_a_conversation(switch):
    """The first to be heard of it, last fragment first; the answer comes whole."""
    parts = list(fragments(VM1.says(G1, WEB, udp(5000, 80, LOAD)), 64, 128))
    talk = Nat(switch)
    talk.says(VM1, *parts[::-1], hears={ISP: [leaves(data) for data in parts]})
    talk.into(VM1, udp(80, 5000))
    talk.ends()


@proves("S42", "S43")
def test_fragments_that_nobody_asked_for_stay_outside(switch):
    """All of a datagram, whichever port is in it."""
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80))
    parts = list(fragments(arrives(WEB, udp(80, 5002, LOAD)), 64, 128))
    talk.refuses(ISP, *parts, why=UNSOLICITED)
    parts = list(fragments(arrives(OTHER, udp(80, 5000, LOAD), id=2), 64, 128))
    talk.refuses(ISP, *parts[::-1], why=UNSOLICITED)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("name", ("SCTP", "GRE", "ESP"))
def test_fragments_of_other_protocols(switch, name):
    number, question, _, _ = OTHERS[name]
    parts = list(fragments(VM1.says(G1, WEB, bytes(question) + LOAD, proto=number), 40, 80))
    talk = Nat(switch)
    talk.says(VM1, *parts, hears={ISP: [leaves(data) for data in parts]})
    talk.ends()


@proves("S42")
def test_fragments_make_a_hairpin(switch):
    parts = list(fragments(FRIEND.says(G1, GATE, udp(6000, 5000, LOAD)), 64, 128))
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, udp(5000, 80))
    talk.out(FRIEND, udp(6000, 80))
    talk.says(FRIEND, *parts, hears={VM1: [turns(data, VM1) for data in parts]})
    talk.ends()


@proves("S42")
def test_fragments_within_the_cloud_are_untouched(switch):
    """Between inside networks nothing has to be judged."""
    parts = list(fragments(VM1.says(G1, VM2, udp(5000, 80, LOAD)), 64, 128))
    begins(switch, site(PORTS, [G1.nat()]), sends={VM1: parts})
    switch.ends(delivers={"vm2": [G1.routes(data, VM2) for data in parts]})
