# SPDX-License-Identifier: BSD-3-Clause
"""What a router does not forward: its reason, and whether the sender is told."""
import struct

import pytest
from scapy.layers.inet import ICMP, IP, IPOption
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6ExtHdrFragment

from frames import EVERYBODY, frame
from harness import ANYTHING
from routing import (EXPIRED, FRIEND, NO_ROUTE, R1, VM1, VM2, begins, both_families, carries, filled, ip_bytes,
                     routed, site, too_big, ttl)
from secure import packet, ping, tcp, udp
from words import proves

BOTH = R1.on("blue", "red")
PAIR = [VM1, VM2]
ELSEWHERE = {4: "198.51.100.7", 6: "2600::7"}


def told(frames, layer):
    """The errors about these frames of VM1."""
    return [R1.complains(data, layer, VM1) for data in frames]


def is_refused(switch, frames, why, errors=(), config=None, delivers=None):
    """All frames of VM1 are dropped for one reason, and VM1 hears these errors."""
    __tracebackhide__ = True
    carries(switch, config or site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: frames},
            delivers={VM1: list(errors), **(delivers or {})}, drops={VM1: {why: len(frames)}})


# TTL.


@proves("S40")
@both_families
@pytest.mark.parametrize("left", (0, 1))
def test_a_packet_that_is_too_old_goes_no_further(switch, family, left):
    sends = [VM1.says(R1, VM2, inside, family, **ttl(left, family))
             for inside in (udp(1000, 80), tcp(1000, 80), ping(family))]
    is_refused(switch, sends, "route/ttl-exceeded", told(sends, EXPIRED[family]))


@proves("S40")
@both_families
def test_what_is_remembered_of_a_flow_does_not_make_it_younger(switch, family):
    """TTL 64 until it is known by heart, then 1, then 64, 2 and 1 again."""
    lives = [64] * 5 + [1, 64, 2, 1]
    sends = [VM1.says(R1, VM2, udp(1000, 80), family, **ttl(left, family)) for left in lives]
    good = [data for data, left in zip(sends, lives) if left > 1]
    carries(switch, site(PAIR, [BOTH]), sends={VM1: sends}, drops={VM1: {"route/ttl-exceeded": 2}},
            delivers={VM2: [R1.routes(data, VM2) for data in good],
                      VM1: told([sends[5], sends[8]], EXPIRED[family])})


@proves("S40")
@both_families
def test_a_young_packet_of_a_flow_that_began_old(switch, family):
    old, young = (VM1.says(R1, VM2, udp(1000, 80), family, **ttl(left, family)) for left in (1, 64))
    carries(switch, site(PAIR, [BOTH]), sends={VM1: [old, old, young, young]},
            delivers={VM1: told([old] * 2, EXPIRED[family]), VM2: [R1.routes(young, VM2)] * 2},
            drops={VM1: {"route/ttl-exceeded": 2}})


@proves("S40")
@both_families
def test_a_traceroute_sees_the_router(switch, family):
    """The tool's own packets: rising ports and TTLs."""
    probes = [VM1.says(R1, VM2, udp(40000, 33434 + left, bytes(32)), family, **ttl(left, family))
              for left in (1, 1, 1, 2, 2, 2)]
    carries(switch, site(PAIR, [BOTH]), sends={VM1: probes}, drops={VM1: {"route/ttl-exceeded": 3}},
            delivers={VM1: told(probes[:3], EXPIRED[family]),
                      VM2: [R1.routes(data, VM2) for data in probes[3:]]})


# No way.


@proves("S40")
@both_families
def test_no_way_leads_there(switch, family):
    sends = [VM1.says(R1, ELSEWHERE[family], inside) for inside in (udp(1, 2), udp(1, 2), tcp(1, 2), ping(family))]
    is_refused(switch, sends, "route/no-route", told(sends, NO_ROUTE[family]))


@proves("S40")
def test_a_router_without_a_second_link_leads_nowhere(switch):
    sends = [VM1.says(R1, VM2)]
    is_refused(switch, sends, "route/no-route", told(sends, NO_ROUTE[4]), site(PAIR, [R1.on("blue")]))


@proves("S40")
@both_families
def test_a_router_that_is_down_drops_all(switch, family):
    sends = [VM1.says(R1, there, family=family) for there in (VM2, FRIEND, ELSEWHERE[family], R1.ip("red", family))]
    is_refused(switch, sends, "route/router-down",
               config=site([VM1, FRIEND, VM2], [R1.on("blue", "red", admin="down")]))


# How much is quoted.


@proves("S40")
@both_families
def test_errors_quote_as_much_as_may_be(switch, family):
    """IPv4: 576 bytes in all (RFC 1812), IPv6: 1280 (RFC 4443)."""
    sizes = [60, 547, 548, 549, 1000] if family == 4 else [60, 1231, 1232, 1233, 1500]
    sends = [VM1.says(R1, ELSEWHERE[family], filled(size, family)) for size in sizes]
    is_refused(switch, sends, "route/no-route", told(sends, NO_ROUTE[family]))


@proves("S40")
def test_options_are_quoted_and_what_fills_the_frame_is_not(switch):
    odd = VM1.says(R1, VM2, ttl=1, options=IPOption(b"\x94\x04\0\0"))
    short = VM1.says(R1, VM2, udp(1, 2, b"w"), ttl=1).ljust(60, b"\xAA")
    is_refused(switch, [odd, short], "route/ttl-exceeded", told([odd, short], EXPIRED[4]))


# Too big.


NARROW = {"red": {"mtu": 1300}}


@proves("S40")
@both_families
def test_what_does_not_fit_the_next_network_is_reported(switch, family):
    """With the MTU that it would have to fit; what fits to the byte passes."""
    odd = {"flags": "DF"} if family == 4 else {}
    small, big, largest = (VM1.says(R1, VM2, filled(size, family), family, **odd) for size in (1300, 1301, 1500))
    carries(switch, site(PAIR, [BOTH], NARROW), sends={VM1: [small, big, small, largest]},
            delivers={VM1: told([big, largest], too_big(1300, family)), VM2: [R1.routes(small, VM2)] * 2},
            drops={VM1: {"route/too-big": 2}})


def joined(frames, data, mtu):
    """Are the frames the fragments of this one behind the router, in order, each with a right header?"""
    whole, at = ip_bytes(data), IP(ip_bytes(data)).frag * 8
    length = (whole[0] & 15) * 4
    body = b""
    for number, piece in enumerate(frames):
        part = ip_bytes(piece)
        header = IP(part)
        inner = part[header.ihl * 4:]
        is_last = number == len(frames) - 1
        assert piece[:14] == R1.routes(data, VM2)[:14] and len(part) <= mtu
        assert header.frag * 8 == at + len(body)
        assert ("MF" in header.flags) == (not is_last or "MF" in IP(whole).flags) and (is_last or not len(inner) % 8)
        assert sum(struct.unpack(f"!{header.ihl * 2}H", part[:header.ihl * 4])) % 0xFFFF == 0
        assert (header.id, header.ttl, header.proto, header.src, header.dst, header.tos) == \
            (IP(whole).id, IP(whole).ttl - 1, IP(whole).proto, IP(whole).src, IP(whole).dst, IP(whole).tos)
        body += inner
    return body == whole[length:]


@proves("S40")
@pytest.mark.parametrize("odd", ({}, {"tos": 0x28, "id": 4711}, {"options": IPOption(b"\x01" * 4)}),
                         ids=("plain", "marked", "options"))
@pytest.mark.parametrize("mtu", (1300, 576, 68))
def test_ipv4_that_may_be_is_fragmented(switch, mtu, odd):
    """A thing of two, three and many fragments."""
    data = VM1.says(R1, VM2, filled(1400), **odd)
    begins(switch, site(PAIR, [BOTH], {"red": {"mtu": mtu}}), sends={VM1: [data]})
    heard = switch.hears("vm2")
    assert len(heard) > 1 and joined(heard, data, mtu)
    switch.ends(delivers={"vm2": heard})


@proves("S40")
@pytest.mark.parametrize("more", ("MF", 0), ids=("middle", "last"))
def test_fragments_are_fragmented_again(switch, more):
    data = VM1.says(R1, VM2, bytes(range(250)) * 5 + bytes(150), proto=17, frag=100, flags=more, id=7)
    begins(switch, site(PAIR, [BOTH], NARROW), sends={VM1: [data]})
    heard = switch.hears("vm2")
    assert len(heard) > 1 and joined(heard, data, 1300)
    switch.ends(delivers={"vm2": heard})


@proves("S40")
def test_a_flow_of_small_packets_has_a_large_one(switch):
    """What is remembered fits; what does not is looked at anew, and the flow goes on."""
    small, big = (VM1.says(R1, VM2, filled(size, 6), 6) for size in (200, 1400))
    carries(switch, site(PAIR, [BOTH], NARROW), sends={VM1: [small] * 3 + [big] * 2 + [small]},
            delivers={VM1: told([big] * 2, too_big(1300, 6)), VM2: [R1.routes(small, VM2)] * 4},
            drops={VM1: {"route/too-big": 2}})


# What no error is about.


def complaint(family, layer=None):
    """An error of VM1 about a packet of VM2."""
    layer = layer or (ICMP(type=3, code=1) if family == 4 else ICMPv6DestUnreach(code=3))
    return layer / bytes(packet(VM2.ip(family), VM1.ip(family), udp(1, 2)))


SILENT = {
    "an ICMP error": VM1.says(R1, ELSEWHERE[4], complaint(4)),
    "time exceeded": VM1.says(R1, ELSEWHERE[4], complaint(4, ICMP(type=11))),
    "a redirect": VM1.says(R1, ELSEWHERE[4], complaint(4, ICMP(type=5, gw="10.0.1.99"))),
    "an ICMPv6 error": VM1.says(R1, ELSEWHERE[6], complaint(6)),
    "a later fragment": VM1.says(R1, ELSEWHERE[4], b"weft" * 4, proto=17, frag=5),
    "a later fragment of IPv6": VM1.says(R1, ELSEWHERE[6], IPv6ExtHdrFragment(nh=17, offset=5, id=7) / b"weft1234"),
}


@proves("S40")
def test_no_error_is_about_errors_and_later_fragments(switch):
    is_refused(switch, list(SILENT.values()), "route/no-route")


@proves("S40")
def test_they_are_not_reported_when_too_old_either(switch):
    """What would be reported, reported between them: a ping and a first fragment."""
    silent = [VM1.says(R1, VM2, complaint(family), family, **ttl(1, family)) for family in (4, 6)] + \
        [VM1.says(R1, VM2, b"weft" * 4, proto=17, frag=5, ttl=1)]
    loud = [VM1.says(R1, VM2, ping(), ttl=1), VM1.says(R1, VM2, udp(1, 2, b"weft1234"), ttl=1, flags="MF", id=9)]
    frames = [silent[0], loud[0], *silent[1:], loud[1]]
    is_refused(switch, frames, "route/ttl-exceeded", told(loud, EXPIRED[4]))


MARTIANS = {
    4: {"source": ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "239.255.255.255", "240.0.0.1",
                   "255.255.255.255", "169.254.1.1", "10.0.1.255", "10.0.2.255"],
        "destination": ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "255.255.255.255", "169.254.1.1",
                        "10.0.1.255", "10.0.2.255"]},
    6: {"source": ["::", "::1", "ff02::1", "ff0e::5", "fe80::a", "febf::a"],
        "destination": ["::", "::1", "ff02::1", "ff0e::5", "fe80::b", "febf::b"]}}


@proves("S40")
@both_families
@pytest.mark.parametrize("side", ("source", "destination"))
def test_addresses_that_no_router_forwards(switch, side, family):
    """Also with a default route; and nobody is told."""
    router = R1.on("blue", "red", routes=[("0.0.0.0/0", VM2.ip()), ("::/0", VM2.ip(6))])
    sends = [frame(VM1.mac, R1.mac("blue"), packet(
        odd if side == "source" else VM1.ip(family), odd if side == "destination" else VM2.ip(family), udp(1, 2)))
             for odd in MARTIANS[family][side]]
    is_refused(switch, sends, "route/martian", config=site([VM1, FRIEND, VM2], [router]))


@proves("S40")
def test_addresses_beside_those_are_forwarded(switch):
    """The directed broadcast of a link that the router does not have is an address like any."""
    router = R1.on("blue", "red", routes=[("0.0.0.0/0", VM2.ip()), ("::/0", VM2.ip(6))])
    sends = [VM1.says(R1, there) for there in (
        "1.0.0.1", "126.255.255.255", "128.0.0.1", "223.255.255.255", "169.253.255.255", "169.255.0.1",
        "10.0.3.255", "fec0::1", "fe7f::1", "fd00::1")]
    carries(switch, site(PAIR, [router]), sends={VM1: sends}, delivers={VM2: [R1.routes(data, VM2) for data in sends]})


@proves("S40")
def test_no_error_goes_to_all_or_is_about_what_was_for_all(switch):
    """IP in a frame for all is bridged, not routed; from an address that is no host's it is a martian."""
    call = frame(VM1.mac, EVERYBODY, packet(VM1.ip(), ELSEWHERE[4], udp(1, 2), ttl=1))
    multicast = frame(VM1.mac, "01:00:5e:00:00:05", packet(VM1.ip(), VM2.ip(), udp(1, 2), ttl=1))
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: [call, multicast]},
            delivers={FRIEND: [call, multicast]})


# Headers.


def changed(data, at, *octets):
    """The frame with other bytes there, and a header checksum that is right again."""
    odd = bytearray(data)
    odd[at:at + len(octets)] = bytes(octets)
    if odd[14] >> 4 == 4 and odd[14] & 15 >= 5:
        return bytes(odd[:14]) + routed(bytes(odd), VM1.mac, VM1.mac, 0)[14:]
    return bytes(odd)


GOOD, GOOD6 = VM1.says(R1, VM2, udp(1, 2, b"w" * 40)), VM1.says(R1, VM2, udp(1, 2, b"w" * 40), 6)
BAD_HEADERS = {4: {
    "a wrong checksum": GOOD[:24] + bytes([GOOD[24] ^ 1]) + GOOD[25:],
    "a checksum of zero": GOOD[:24] + b"\0\0" + GOOD[26:],
    "a header of 16 bytes": changed(GOOD, 14, 0x44),
    "a header longer than the packet": changed(VM1.says(R1, VM2, udp(1, 2, b"")), 14, 0x4F),
    "a total length beyond the frame": changed(GOOD, 16, 0, 200),
    "a total length within the header": changed(GOOD, 16, 0, 19),
    "version 6 of IPv4": changed(GOOD, 14, 0x65),
    "version 5": changed(GOOD, 14, 0x55),
    "half an IPv4 header": GOOD[:14 + 10],
    "no IPv4 header": GOOD[:14],
}, 6: {
    "version 4 of IPv6": changed(GOOD6, 14, 0x40),
    "a payload beyond the frame": changed(GOOD6, 18, 1, 0),
    "half an IPv6 header": GOOD6[:14 + 30],
}}


@proves("S40")
@pytest.mark.parametrize("family, trouble", [(family, trouble) for family, table in BAD_HEADERS.items()
                                             for trouble in table])
def test_a_header_that_is_not_right(switch, family, trouble):
    """Before good packets of the same flow; nobody is told."""
    bad, good = BAD_HEADERS[family][trouble], GOOD6 if family == 6 else GOOD
    carries(switch, site(PAIR, [BOTH]), sends={VM1: [bad, bad, good, good]},
            delivers={VM2: [R1.routes(good, VM2)] * 2}, drops={VM1: {"route/bad-header": 2}})


@proves("S40")
def test_a_wrong_checksum_stays_wrong(switch):
    """Packets of a flow that is remembered are not checked, and nothing is mended that was not right."""
    bad = BAD_HEADERS[4]["a wrong checksum"]
    begins(switch, site(PAIR, [BOTH]), sends={VM1: [GOOD, bad]})
    good, wrong = switch.hears("vm2")
    assert good == R1.routes(GOOD, VM2) and wrong != good and wrong[:24] + wrong[26:] == good[:24] + good[26:]
    switch.stops()


# How many.


@proves("S40")
def test_a_port_that_may_be_told_once(switch):
    sends = [VM1.says(R1, VM2, ttl=1), VM1.says(R1, ELSEWHERE[4]), VM1.says(R1, R1.ip("blue"))]
    carries(switch, site([VM1.port(icmp_error_budget=1), VM2], [BOTH]), sends={VM1: sends},
            delivers={VM1: [R1.complains(sends[0], EXPIRED[4], VM1)]},
            drops={VM1: {"route/ttl-exceeded": 1, "route/no-route": 1, "route/not-served": 1}})


@proves("S40")
def test_a_port_is_told_within_its_budget(switch):
    """All are dropped for their reason, of which some are reported."""
    sends = [VM1.says(R1, VM2, udp(1, port), ttl=1) for port in range(1000, 1200)]
    begins(switch, site([VM1.port(icmp_error_budget=10), VM2], [BOTH]), sends={VM1: sends})
    heard, possible = switch.hears("vm1"), told(sends, EXPIRED[4])
    assert 0 < len(heard) < 100 and set(heard) <= set(possible)
    assert switch.drops() == {"vm1": {"route/ttl-exceeded": 200}}
    switch.ends(delivers={"vm1": heard}, drops=ANYTHING)


@proves("S40")
def test_another_port_has_a_budget_of_its_own(switch):
    flood = [VM1.says(R1, VM2, udp(1, port), ttl=1) for port in range(1000, 1200)]
    asked = FRIEND.says(R1, VM2, ttl=1)
    begins(switch, site([VM1.port(icmp_error_budget=1), FRIEND, VM2], [BOTH]), sends={VM1: flood, FRIEND: [asked]})
    assert switch.hears("friend") == [R1.complains(asked, EXPIRED[4], FRIEND)]


@proves("S40")
@both_families
def test_an_error_finds_a_sender_behind_another_router(switch, family):
    """Back by the route, to the next hop that the packet came from."""
    far = {4: ("172.16.0.0/12", "172.16.5.9"), 6: ("2001:db8:aaaa::/48", "2001:db8:aaaa::9")}[family]
    router = R1.on("blue", "red", routes=[(far[0], FRIEND.ip(family))])
    data = frame(FRIEND.mac, R1.mac("blue"), packet(far[1], VM2.ip(family), udp(1, 2), **ttl(1, family)))
    carries(switch, site([FRIEND, VM2], [router]), sends={FRIEND: [data]},
            delivers={FRIEND: [R1.complains(data, EXPIRED[family], FRIEND)]},
            drops={FRIEND: {"route/ttl-exceeded": 1}})


def test_the_errors_of_others_are_routed_like_anything(switch):
    """Of a guest to a guest, quote and all."""
    data = VM1.says(R1, VM2, complaint(4))
    data6 = VM1.says(R1, VM2, complaint(6), 6)
    carries(switch, site(PAIR, [BOTH]), sends={VM1: [data, data6]},
            delivers={VM2: [R1.routes(data, VM2), R1.routes(data6, VM2)]})
