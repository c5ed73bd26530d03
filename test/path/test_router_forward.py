# SPDX-License-Identifier: BSD-3-Clause
"""A router forwards: new Ethernet header, TTL one less, checksum right, all else as it was."""
import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, PadN)
from scapy.layers.sctp import SCTP, SCTPChunkInit

from frames import EVERYBODY, frame, mac
from routing import (FRIEND, ISP, NEXT, R1, R2, VM1, VM2, VM3, Host, Router, begins, both_families, carries,
                     checksum, filled, site, ttl)
from secure import gre, packet, udp
from words import proves

PAIR = [VM1, VM2]
BOTH = R1.on("blue", "red")


def known(host, opened):
    """A port with MAC and addresses; opened: behind security groups that let in everything."""
    return {key: value for key, value in host.port().items() if key != "port-security" or not opened}


def ipv4(**header):
    return packet(VM1.ip(), VM2.ip(), udp(1000, 80), **header)


def ipv6(inside=None, **header):
    return packet(VM1.ip(6), VM2.ip(6), udp(1000, 80) if inside is None else inside, **header)


PACKETS = {
    "UDP": ipv4(),
    "UDP without checksum": packet(VM1.ip(), VM2.ip(), UDP(sport=1, dport=2, chksum=0) / b"weft"),
    "UDP with a wrong checksum": packet(VM1.ip(), VM2.ip(), UDP(sport=1, dport=2, chksum=77) / b"weft"),
    "TCP": packet(VM1.ip(), VM2.ip(), TCP(sport=1000, dport=80, flags="S", options=[("MSS", 1460)])),
    "SCTP": packet(VM1.ip(), VM2.ip(), SCTP(sport=1000, dport=80) / SCTPChunkInit()),
    "ping": packet(VM1.ip(), VM2.ip(), ICMP(type=8, id=7) / b"weft"),
    "GRE": packet(VM1.ip(), VM2.ip(), gre()),
    "an unknown protocol": packet(VM1.ip(), VM2.ip(), b"weft" * 9, proto=253),
    "DSCP, ECN and DF": ipv4(tos=0xB9, flags="DF", id=4711),
    "options": ipv4(options=IPOption(b"\x94\x04\0\0")),
    "all options that fit": ipv4(options=IPOption(b"\x88\x04\x12\x34") / IPOption(b"\x01" * 36)),
    "the highest TTL": ipv4(ttl=255),
    "the lowest TTL": ipv4(ttl=2),
    "an odd size": packet(VM1.ip(), VM2.ip(), udp(1, 2, b"w" * 333)),
    "the largest": packet(VM1.ip(), VM2.ip(), filled(1500)),
    "IPv6": ipv6(),
    "IPv6 TCP": ipv6(TCP(sport=1000, dport=80, flags="S")),
    "IPv6 ping": ipv6(ICMPv6EchoRequest(id=7, data=b"weft")),
    "IPv6 of an unknown protocol": ipv6(b"weft" * 9, nh=253),
    "a class and a flow label": ipv6(tc=0xB9, fl=0xFEDCB),
    "the lowest hop limit": ipv6(hlim=2),
    "the highest hop limit": ipv6(hlim=255),
    "destination options": ipv6(IPv6ExtHdrDestOpt(options=[PadN(optdata=b"abcd")]) / udp(1000, 80)),
    "hop by hop options": ipv6(IPv6ExtHdrHopByHop(options=[PadN(optdata=b"abcd")]) / udp(1000, 80)),
    "the largest IPv6": ipv6(filled(1500, 6)),
}


@proves("S40")
@pytest.mark.parametrize("opened", (False, True), ids=("free", "filtered"))
def test_packets_are_routed_byte_for_byte(switch, opened):
    """Each three times, so that it is walked and then remembered. Behind groups, no odd checksums."""
    sends = [frame(VM1.mac, R1.mac("blue"), inside) for name, inside in PACKETS.items()
             if not opened or "wrong" not in name and "hop by hop" not in name for _ in range(3)]
    carries(switch, site([known(VM1, opened), known(VM2, opened)], [BOTH]), sends={VM1: sends},
            delivers={VM2: [R1.routes(data, VM2) for data in sends]})


@proves("S40")
@both_families
def test_both_directions_of_a_conversation(switch, family):
    there, back = VM1.says(R1, VM2, udp(1000, 80), family), VM2.says(R1, VM1, udp(80, 1000), family)
    carries(switch, site(PAIR, [BOTH]), sends={VM1: [there] * 2, VM2: [back] * 2},
            delivers={VM1: [R1.routes(back, VM1)] * 2, VM2: [R1.routes(there, VM2)] * 2})


def with_checksum(value):
    """A packet to VM2 whose header has this checksum."""
    header = bytearray(bytes(ipv4(id=0, chksum=0))[:20])
    for ident in range(65536):
        header[4:6] = ident.to_bytes(2, "big")
        if checksum(bytes(header)) == value:
            return frame(VM1.mac, R1.mac("blue"), ipv4(id=ident))
    raise AssertionError(f"no packet has the checksum {value:#06x}")


@proves("S40")
def test_checksums_at_the_edges_stay_right(switch):
    """Of one flow: where adding carries, and where the sum is all ones."""
    sends = [with_checksum(value) for value in
             (0x0000, 0x0001, 0x00FF, 0x0100, 0x7FFF, 0xFDFF, 0xFE00, 0xFEFE, 0xFEFF, 0xFF00, 0xFF01, 0xFFFE)]
    carries(switch, site(PAIR, [BOTH]), sends={VM1: sends},
            delivers={VM2: [R1.routes(data, VM2) for data in sends]})


@proves("S40")
@both_families
def test_a_flow_keeps_its_other_fields_packet_by_packet(switch, family):
    """What is remembered of the first says nothing of TTL, DSCP and size of the next."""
    def odd(value):
        return {"tos" if family == 4 else "tc": value}

    sends = [VM1.says(R1, VM2, udp(1000, 80, b"w" * number), family, **ttl(64 - number, family), **odd(number))
             for number in range(20)]
    carries(switch, site(PAIR, [BOTH]), sends={VM1: sends},
            delivers={VM2: [R1.routes(data, VM2) for data in sends]})


@proves("S40")
def test_fragments_are_routed_as_they_are(switch):
    """First, middle and last, in any order; nothing is put together."""
    whole = bytes(packet(VM1.ip(), VM2.ip(), udp(1000, 80, bytes(range(200)))))[20:]
    whole6 = bytes(ipv6(udp(1000, 80, bytes(range(200)))))[40:]
    cuts = [(104, None), (0, 40), (40, 104), (104, None), (0, 40)]
    sends = [frame(VM1.mac, R1.mac("blue"), IP(src=VM1.ip(), dst=VM2.ip(), proto=17, id=7, frag=start // 8,
                                               flags="MF" if end else 0) / whole[start:end])
             for start, end in cuts]
    sends += [frame(VM1.mac, R1.mac("blue"), IPv6(src=VM1.ip(6), dst=VM2.ip(6)) / IPv6ExtHdrFragment(
        nh=17, offset=start // 8, m=int(end is not None), id=7) / whole6[start:end]) for start, end in cuts]
    carries(switch, site(PAIR, [BOTH]), sends={VM1: sends},
            delivers={VM2: [R1.routes(data, VM2) for data in sends]})


def test_what_fills_a_frame_is_no_part_of_the_packet(switch):
    """A short packet in a frame of 60 bytes: the packet comes, in a frame not shorter than it."""
    short = VM1.says(R1, VM2, udp(1, 2, b""))
    begins(switch, site(PAIR, [BOTH]), sends={VM1: [short.ljust(60, b"\0")]})
    expected, heard = R1.routes(short, VM2), switch.hears("vm2")
    assert [data[:len(expected)] for data in heard] == [expected]
    assert not any(heard[0][len(expected):]) and len(heard[0]) <= 60
    switch.ends(delivers={"vm2": heard})


# Where to.


HOPS = [Host(f"hop{number}", "red", 40 + number) for number in range(5)]
PREFIXES = {4: ["0.0.0.0/0", "172.16.0.0/12", "172.16.5.0/24", "172.16.5.9/32", "128.0.0.0/1"],
            6: ["::/0", "2001:db8:aa00::/40", "2001:db8:aaaa::/48", "2001:db8:aaaa::9/128", "8000::/1"]}
# destination -> the place of its longest prefix above
LONGEST = {4: {"172.16.5.9": 3, "172.16.5.8": 2, "172.16.5.255": 2, "172.16.6.9": 1, "172.31.255.255": 1,
               "172.15.255.255": 4, "172.32.0.0": 4, "192.0.2.1": 4, "8.8.8.8": 0, "9.255.255.255": 0,
               "126.255.255.255": 0},
           6: {"2001:db8:aaaa::9": 3, "2001:db8:aaaa::8": 2, "2001:db8:aaaa:ffff::1": 2, "2001:db8:aaab::1": 1,
               "2001:db8:aaff:ffff::1": 1, "2001:db8:ab00::1": 0, "2001:db8:a9ff::1": 0, "2600::1": 0,
               "9000::1": 4, "fd00::1": 4}}


@proves("S40")
@both_families
@pytest.mark.parametrize("backwards", (False, True), ids=("as listed", "backwards"))
def test_the_longest_prefix_wins(switch, family, backwards):
    """Each next hop is another host; links of the router are longer than the default route."""
    routes = [(prefix, hop.ip(family)) for prefix, hop in zip(PREFIXES[family], HOPS)]
    router = R1.on("blue", "red", "green", routes=routes[::-1] if backwards else routes)
    delivers, sends = {VM2: [], VM3: []}, []
    ways = {**{there: HOPS[place] for there, place in LONGEST[family].items()},
            VM2.ip(family): VM2, VM3.ip(family): VM3}
    for there, hop in ways.items():
        sends.append(VM1.says(R1, there))
        delivers.setdefault(hop, []).append(R1.routes(sends[-1], hop))
    carries(switch, site([VM1, VM2, VM3, *HOPS], [router]), sends={VM1: sends}, delivers=delivers)


@proves("S12", "S40")
@both_families
def test_all_else_goes_out_by_the_gateway(switch, family):
    """And what comes from there goes in; routes are longer than the gateway's default."""
    far = {4: "198.51.100.7", 6: "2600::7"}[family]
    inner = {4: ("172.16.0.0/12", "172.16.1.1"), 6: ("2001:db8:aaaa::/48", "2001:db8:aaaa::1")}[family]
    router = R1.on("blue", "red", routes=[(inner[0], NEXT.ip(family))], gateway=("public", ISP.ip(family)))
    out, across, near = VM1.says(R1, far), VM1.says(R1, inner[1]), VM1.says(R1, ISP, family=family)
    back = frame(ISP.mac, R1.mac("public"), packet(far, VM1.ip(family), udp(80, 1000)))
    carries(switch, site([VM1, VM2, NEXT, ISP], [router]), sends={VM1: [out, across, near, out], ISP: [back]},
            delivers={VM1: [R1.routes(back, VM1)], NEXT: [R1.routes(across, NEXT)],
                      ISP: [R1.routes(data, ISP) for data in (out, near, out)]})


@proves("S40")
@both_families
def test_equal_routes_share_the_load_and_a_flow_stays(switch, family):
    far = {4: "172.16.0.0/12", 6: "2001:db8:aaaa::/48"}[family]
    there = {4: "172.16.1.1", 6: "2001:db8:aaaa::1"}[family]
    router = R1.on("blue", "red", routes=[(far, hop.ip(family)) for hop in HOPS[:4]])
    flows = [VM1.says(R1, there, udp(port, 80)) for port in range(2000, 2128)]
    begins(switch, site([VM1, VM2, *HOPS[:4]], [router]), sends={VM1: flows * 3})
    heard = {hop: switch.hears(hop.name) for hop in HOPS[:4]}
    for hop, frames in heard.items():
        mine = [data for data in flows if R1.routes(data, hop) in frames]
        assert 128 // 16 <= len(mine) <= 128 // 2, f"{hop.name} has {len(mine)} of 128 flows"
        assert frames == [R1.routes(data, hop) for data in mine] * 3
    switch.ends(delivers={hop.name: frames for hop, frames in heard.items()})


@proves("S40")
@both_families
def test_back_to_the_link_it_came_from(switch, family):
    """A guest that sends by the router what it could send directly; it is not told so."""
    data = VM1.says(R1, FRIEND, family=family)
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: [data] * 3},
            delivers={FRIEND: [R1.routes(data, FRIEND)] * 3})


@proves("S40")
def test_two_routers_in_one_network_are_two(switch):
    """Each has its MAC; what one routes, the other does not."""
    routers = [R1.on("blue", "red"), R2.on("blue", "green")]
    good = [VM1.says(R1, VM2), VM1.says(R2, VM3)]
    carries(switch, site([VM1, VM2, VM3], routers), drops={VM1: {"route/no-route": 1}},
            sends={VM1: good + [VM1.says(R1, VM3)]},
            delivers={VM2: [R1.routes(good[0], VM2)], VM3: [R2.routes(good[1], VM3)],
                      VM1: [R1.complains(VM1.says(R1, VM3), ICMP(type=3, code=0), VM1)]})


@proves("S40")
@both_families
def test_routers_with_the_same_addresses_do_not_mix(switch, family):
    """Two tenants that are alike, MAC addresses included."""
    ours, theirs = (VM1, VM2), (Host("vm1b", "blue2", 10), Host("vm2b", "red2", 20))
    other = Router("r9", 1)
    first = [VM1.says(R1, VM2, udp(1, port, b"ours"), family) for port in (80, 81)]
    second = [theirs[0].says(other, theirs[1], udp(1, port, b"theirs"), family) for port in (80, 81)]
    carries(switch, site([*ours, *theirs], [BOTH, other.on("blue2", "red2")]),
            sends={ours[0]: first * 2, theirs[0]: second * 2},
            delivers={ours[1]: [R1.routes(data, VM2) for data in first * 2],
                      theirs[1]: [other.routes(data, theirs[1]) for data in second * 2]})


# What stays in its network.


@proves("S15", "S40")
def test_neighbours_are_bridged_as_before(switch):
    """By their own MAC, TTL untouched, whatever addresses they use."""
    direct = [frame(VM1.mac, FRIEND.mac, packet(VM1.ip(family), there, udp(1, 2), **ttl(1, family)))
              for family, there in ((4, FRIEND.ip()), (6, FRIEND.ip(6)), (4, VM2.ip()), (6, VM2.ip(6)))]
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: direct * 2}, delivers={FRIEND: direct * 2})


@proves("S40")
def test_what_is_for_all_or_for_a_stranger_is_not_routed(switch):
    calls = [frame(VM1.mac, dst, packet(VM1.ip(family), VM2.ip(family), udp(1, 2)))
             for dst in (EVERYBODY, "01:00:5e:00:00:05", "33:33:00:00:00:05", mac(0x7777), R1.mac("red"))
             for family in (4, 6)]
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: calls}, delivers={FRIEND: calls})


@proves("S15", "S40")
def test_nobody_takes_the_mac_of_a_router(switch):
    """Not of the one in its network; that of another network is a MAC like any."""
    stolen = [frame(R1.mac("blue"), EVERYBODY), frame(R1.mac("blue"), FRIEND.mac),
              frame(R1.mac("blue"), R1.mac("blue"), packet(VM1.ip(), VM2.ip(), udp(1, 2)))]
    other, routes = frame(R1.mac("red"), FRIEND.mac), FRIEND.says(R1, VM2)
    begins(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: stolen + [other], FRIEND: [routes]})
    assert not {row for row in switch.fdb() if row[1] == R1.mac("blue") and row[2] in ("vm1", "friend")}
    assert ("blue", R1.mac("red"), "vm1") in switch.fdb()
    switch.ends(delivers={"friend": [other], "vm2": [R1.routes(routes, VM2)]},
                drops={"vm1": {"bridge/static-moved": 3}})


def test_a_secured_guest_routes_with_its_own_addresses_only(switch):
    good, spoofed = VM1.says(R1, VM2), VM1.says(R1, VM2, src=FRIEND.ip())
    carries(switch, site([known(VM1, True), known(VM2, True)], [BOTH]), sends={VM1: [good, spoofed]},
            delivers={VM2: [R1.routes(good, VM2)]}, drops={VM1: {"admit/ip-spoofed": 1}})
