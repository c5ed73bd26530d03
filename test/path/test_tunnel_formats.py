# SPDX-License-Identifier: BSD-3-Clause
"""Tunnel packets, byte for byte: what leaves, and what is understood."""
import struct

import pytest
from scapy.contrib.geneve import GeneveOptions
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting)
from scapy.layers.l2 import ARP, GRE

from frames import A, B, C, EVERYBODY, address, frame, mac, read_pcap
from overlays import (HASHED_PORTS, LARGEST, ONE_OF_EACH, OTHER, PEER, SEGMENT, STRANGER, TAGGED,
                      TUNNELS, US, WIRE, Tunnel, geneve, has_right_udp_checksum, ip_of)
from words import proves

HELLO = frame(A, EVERYBODY)
CALL = frame(C, A)  # what comes from the other side
AT_PEER = [(C, None, PEER)]
VXLAN4, VXLAN6 = Tunnel("vxlan", 4), Tunnel("vxlan", 6)
one_of_each = pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)


def udp(sport=1111, src="10.0.0.1", dst="10.0.0.7", dport=2222, **header):
    return IP(src=src, dst=dst, **header) / UDP(sport=sport, dport=dport) / bytes(30)


def udp6(sport=1111, src="fd00::1", dst="fd00::7", dport=2222, **header):
    return IPv6(src=src, dst=dst, **header) / UDP(sport=sport, dport=dport) / bytes(30)


# What leaves.


@proves("S11", "S23", "S26", "S27", "S30", "S31")
@pytest.mark.parametrize("tunnel", TUNNELS + TAGGED, ids=str)
def test_what_leaves_is_exact(switch, tunnel):
    """Every byte but the hash, which is in its range: DF, id 0, TTL 64, no UDP checksum."""
    inner = [frame(A, C, b""), frame(A, C), frame(A, C, udp()), frame(A, C, udp6()),
             frame(A, C, bytes(tunnel.mtu))]
    tunnel.starts(switch, tunnel.config(knows=AT_PEER), sends={"vm1": inner})
    for data in tunnel.on_the_wire(switch):
        ip = ip_of(data)
        assert tunnel.kind == "gre" or ip.payload.chksum == 0
        assert ip.version == 6 or (ip.flags, ip.id, ip.ttl, ip.tos) == ("DF", 0, 64, 0)
    tunnel.ends(switch, delivers={WIRE: [tunnel.leaves(inside) for inside in inner]})


@proves("S26", "S30")
def test_the_formats_are_those_of_the_standards(switch):
    """The same without scapy: headers written down from RFC 7348, RFC 2890 and RFC 8926."""
    segment = 0xABCDEF
    for tunnel, header in ((VXLAN4, "08000000 abcdef00"), (Tunnel("gre"), "20006558 00abcdef"),
                           (Tunnel("geneve"), "00006558 abcdef00")):
        assert tunnel.header(segment) == bytes.fromhex(header)
    assert VXLAN4.leaves(b"", segment) == bytes.fromhex(
        "02ee00000002 02ee00000001 0800"
        "45000024 00004000 4011b6c5 c0000201 c0000202"
        "000012b5 00100000 08000000 abcdef00")
    VXLAN4.carries(switch, VXLAN4.config(segment=segment, knows=AT_PEER),
                   sends={"vm1": [frame(A, C)]},
                   delivers={WIRE: [VXLAN4.leaves(frame(A, C), segment)]})


@proves("S11", "S23", "S30")
@one_of_each
def test_the_smallest_and_the_largest_segment(switch, tunnel):
    """Both directions; what is one off belongs to nobody."""
    largest = LARGEST[tunnel.kind]
    networks = [tunnel.network("low", 1), tunnel.network("high", largest)]
    config = tunnel.config(networks=networks, ports=["vm-low", {"name": "vm-high",
                                                                "network": "high"}])
    tunnel.carries(
        switch, config,
        sends={WIRE: [tunnel.arrives(frame(C, A, "low"), 1),
                      tunnel.arrives(frame(C, A, "high"), largest),
                      tunnel.arrives(CALL, 2), tunnel.arrives(CALL, largest - 1),
                      tunnel.arrives(CALL, 0)],
               "vm-low": [frame(A, C, "low")], "vm-high": [frame(B, C, "high")]},
        delivers={"vm-low": [frame(C, A, "low")], "vm-high": [frame(C, A, "high")],
                  WIRE: [tunnel.leaves(frame(A, C, "low"), 1),
                         tunnel.leaves(frame(B, C, "high"), largest)]},
        drops={WIRE: {"terminate/unknown-segment": 3}})


@proves("S26")
@pytest.mark.parametrize("tunnel, default, reason", [
    (Tunnel("vxlan", 4, vxlan_port=8472), 4789, "answer/not-served"),
    (Tunnel("geneve", 6, geneve_port=4789, vxlan_port=6081), 6081, "terminate/tunnel-header"),
], ids=["vxlan", "geneve"])
def test_the_udp_port_may_be_another(switch, tunnel, default, reason):
    """The default one then belongs to nobody, or to the other kind of tunnel."""
    tunnel.carries(switch, tunnel.config(knows=AT_PEER), sends={
        WIRE: [tunnel.arrives(CALL), tunnel.arrives(CALL, dport=default)],
        "vm1": [frame(A, C)]},
        delivers={"vm1": [CALL], "vm2": [CALL], WIRE: [tunnel.leaves(frame(A, C))]},
        drops={WIRE: {reason: 1}})


@proves("S26")
@pytest.mark.parametrize("wanted", [False, True], ids=["zero", "computed"])
@pytest.mark.parametrize("kind", ["vxlan", "geneve"])
def test_the_udp_checksum_over_ipv6(switch, kind, wanted):
    """RFC 6935: zero, or right; of frames of even and odd length, with any ECN."""
    tunnel = Tunnel(kind, 6, udp_checksum=wanted)
    inner = [frame(A, C), frame(A, C, b"odd"), frame(A, C, udp(tos=1)), frame(A, C, bytes(1400)),
             frame(A, C, bytes(range(256)) * 5)]
    tunnel.starts(switch, tunnel.config(knows=AT_PEER), sends={"vm1": inner})
    packets = [ip_of(data) for data in tunnel.on_the_wire(switch)]
    assert len(packets) == len(inner)
    assert all(has_right_udp_checksum(bytes(ip)) if wanted else ip[UDP].chksum == 0
               for ip in packets)
    tunnel.ends(switch, delivers={WIRE: [tunnel.leaves(data, tos=1 if number == 2 else 0)
                                         for number, data in enumerate(inner)]})


@one_of_each
def test_dscp_and_ttl_are_those_of_the_endpoint(switch, tunnel):
    """Whatever stands in the inner header, which stays as it is."""
    tunnel = tunnel.but(dscp=46, ttl=7)
    inner = [frame(A, C), frame(A, C, udp(tos=0x28, ttl=1)), frame(A, C, udp6(tc=0xFC, hlim=255))]
    tunnel.carries(switch, tunnel.config(knows=AT_PEER), sends={"vm1": inner},
                   delivers={WIRE: [tunnel.leaves(data) for data in inner]})


# ECN: RFC 6040, normal mode.

NOT_ECT, ECT1, ECT0, CE = range(4)
# (outer, inner) -> what the guest sees, None: dropped. RFC 6040, figure 4.
SEEN = {(NOT_ECT, NOT_ECT): NOT_ECT, (NOT_ECT, ECT0): ECT0, (NOT_ECT, ECT1): ECT1,
        (NOT_ECT, CE): CE, (ECT0, NOT_ECT): NOT_ECT, (ECT0, ECT0): ECT0, (ECT0, ECT1): ECT1,
        (ECT0, CE): CE, (ECT1, NOT_ECT): NOT_ECT, (ECT1, ECT0): ECT1, (ECT1, ECT1): ECT1,
        (ECT1, CE): CE, (CE, NOT_ECT): None, (CE, ECT0): CE, (CE, ECT1): CE, (CE, CE): CE}


@proves("S26")
@one_of_each
def test_ecn_of_what_leaves_is_that_of_the_guest(switch, tunnel):
    tunnel = tunnel.but(dscp=10)
    inner = [(frame(A, C, header), ecn) for ecn in range(4)
             for header in (udp(tos=0xB8 | ecn), udp6(tc=0xB8 | ecn))]
    inner.append((frame(A, C, ARP(op=2)), NOT_ECT))
    tunnel.carries(switch, tunnel.config(knows=AT_PEER), sends={"vm1": [data for data, _ in inner]},
                   delivers={WIRE: [tunnel.leaves(data, tos=ecn) for data, ecn in inner]})


@proves("S26")
@one_of_each
def test_ecn_of_what_arrives(switch, tunnel):
    """All sixteen cases, with IPv4 and IPv6 inside; DSCP of the guest's packet stays."""
    arrives, seen = [], []
    for (outer, inner), result in SEEN.items():
        for build, field in ((udp, "tos"), (udp6, "tc")):
            data = frame(C, A, build(**{field: 0xB8 | inner}))
            arrives.append(tunnel.arrives(data, tos=0x28 | outer))
            if result is not None:
                seen.append(frame(C, A, build(**{field: 0xB8 | result})))
    tunnel.carries(switch, tunnel.config(ports=["vm1"]), sends={WIRE: arrives},
                   delivers={"vm1": seen}, drops={WIRE: {"terminate/ecn": 2}})


# The source port.


@proves("S24")
@pytest.mark.parametrize("kind", ["vxlan", "geneve"])
def test_the_source_port_tells_flows_apart(switch, kind):
    """Addresses, protocol and ports inside count; one flow keeps its port."""
    tunnel = Tunnel(kind)
    base = {"src": "10.0.0.1", "dst": "10.0.0.7"}
    flows = [udp(), udp(sport=1112), udp(dport=2223), udp(src="10.0.0.2"), udp(dst="10.0.0.8"),
             IP(**base) / TCP(sport=1111, dport=2222) / bytes(30), udp6(), udp6(sport=1112),
             udp6(dst="fd00::8"), udp6(src="fd00::2")]
    flows += [udp(sport=sport) for sport in range(3000, 3200)]
    inner = [frame(A, C, header) for header in flows] * 3
    tunnel.starts(switch, tunnel.config(knows=AT_PEER), sends={"vm1": inner})
    ports = tunnel.source_ports(switch)
    assert len(ports) == len(inner) and set(ports) <= set(HASHED_PORTS)
    first, second, third = \
        (ports[:len(flows)], ports[len(flows):2 * len(flows)], ports[2 * len(flows):])
    assert first == second == third
    assert len(set(first[:10])) >= 9 and len(set(first)) >= 195
    assert max(first) - min(first) > len(HASHED_PORTS) * 3 / 4


@proves("S24")
def test_fragments_of_one_packet_share_a_source_port(switch):
    """Only the first has ports, so none of them counts."""
    first = IP(src="10.0.0.1", dst="10.0.0.7", id=7, flags="MF", proto=17) / UDP(sport=1) / \
        bytes(24)
    rest = IP(src="10.0.0.1", dst="10.0.0.7", id=7, frag=4, proto=17) / bytes(30)
    head = {"src": "fd00::1", "dst": "fd00::7"}
    first6 = IPv6(**head) / IPv6ExtHdrFragment(m=1, id=7, nh=17) / UDP(sport=1) / bytes(24)
    rest6 = IPv6(**head) / IPv6ExtHdrFragment(offset=4, id=7, nh=17) / bytes(30)
    inner = [frame(A, C, header) for header in (first, rest, first6, rest6)]
    VXLAN4.starts(switch, VXLAN4.config(knows=AT_PEER), sends={"vm1": inner})
    ports = VXLAN4.source_ports(switch)
    assert ports[0] == ports[1] and ports[2] == ports[3] and set(ports) <= set(HASHED_PORTS)
    VXLAN4.ends(switch, delivers={WIRE: [VXLAN4.leaves(data) for data in inner]})


def test_the_hash_sees_through_ipv6_extension_headers(switch):
    """And through what is no IP at all, or cut off, it does not stumble."""
    head = {"src": "fd00::1", "dst": "fd00::7"}
    chain = IPv6(**head) / IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting(addresses=["::1"]) / \
        IPv6ExtHdrDestOpt()
    inner = [chain / UDP(sport=sport, dport=1) / bytes(8) for sport in range(1, 9)]
    inner += [IPv6(nh=0, **head) / (bytes([0, 0, 1, 4, 0, 0, 0, 0]) * 100),
              IPv6(nh=0, **head) / b"\x3c\xff", IPv6(nh=59, **head) / b"none",
              IP(ihl=15) / b"short", IP(version=5) / b"five"]
    frames = [frame(A, C, header) for header in inner]
    frames += [frame(A, C, b"\x45", ethertype=0x0800), frame(A, C, b"", ethertype=0x86DD),
               frame(A, C, bytes(inner[0])[:43], ethertype=0x86DD), frame(A, C, b"", ethertype=46)]
    VXLAN4.starts(switch, VXLAN4.config(knows=AT_PEER), sends={"vm1": frames})
    assert len(set(VXLAN4.source_ports(switch)[:8])) >= 7
    VXLAN4.ends(switch, delivers={WIRE: [VXLAN4.leaves(data) for data in frames]})


@proves("S25")
@one_of_each
def test_no_mac_of_a_guest_is_seen_on_the_underlay(switch, tunnel):
    """A thousand guests speak; the wire sees two MAC addresses, the endpoint's and the peer's."""
    guests = [mac(0x1000 + number) for number in range(500)]
    sends = {"vm1": [frame(guest, EVERYBODY) for guest in guests],
             "vm2": [frame(mac(0x8000 + number), guest) for number, guest in enumerate(guests)] +
             [frame(guest[:-2] + "ff", C) for guest in guests]}
    tunnel.starts(switch, tunnel.config(ports=["vm1", "vm2"], peers=[PEER], knows=AT_PEER), sends,
                  near=[PEER])
    wire = read_pcap(switch.pcaps(WIRE)[1])
    assert len(wire) >= 1000
    ends = {data[:6] for data in wire if data[:6][0] & 1 == 0}, {data[6:12] for data in wire}
    assert ends == ({address(PEER.mac)}, {address(US.mac)})


# What arrives.


def variants(tunnel):
    """Headers that a receiver must put up with, as other VTEPs send them or the standards allow."""
    plain = tunnel.arrives(CALL)
    yield plain
    yield plain + bytes(10) + b"trailer of the underlay's frame"
    yield tunnel.arrives(CALL, ttl=1)
    yield tunnel.arrives(CALL, tos=0xB8)
    yield tunnel.arrives(CALL, src=STRANGER)
    if tunnel.family == 4:
        yield tunnel.arrives(CALL, ip={"flags": 0, "id": 4711})
    else:
        yield tunnel.arrives(CALL, ip={"fl": 0xBEEF5})
    if tunnel.kind == "vxlan":
        yield tunnel.arrives(CALL, header=struct.pack("!II", 0xFFFFFFFF, SEGMENT << 8 | 0xFF))
    if tunnel.kind == "gre":
        gre = {"key_present": 1, "key": SEGMENT, "proto": 0x6558}
        yield tunnel.arrives(b"", header=GRE(chksum_present=1, **gre) / CALL)
        yield tunnel.arrives(b"", header=GRE(seqnum_present=1, **gre) / CALL)
        yield tunnel.arrives(b"", header=GRE(chksum_present=1, seqnum_present=1, **gre) / CALL)
        yield tunnel.arrives(CALL, header=struct.pack("!HHI", 0x2078, 0x6558, SEGMENT))
    if tunnel.kind == "geneve":
        options = GeneveOptions(classid=0x0102, type=0x01, data=b"metadata") / \
            GeneveOptions(classid=0xFFFF, type=0x7F, data=b"")
        yield tunnel.arrives(CALL, header=geneve(options=bytes(options)))
        yield tunnel.arrives(CALL, header=geneve(options=bytes(252)))
        yield tunnel.arrives(CALL, header=struct.pack("!HHI", 0x003F, 0x6558, SEGMENT << 8 | 0xFF))
    if tunnel.kind != "gre":
        yield tunnel.arrives(CALL, sport=1)
        yield tunnel.arrives(CALL, sport=65535)
        yield tunnel.arrives(CALL, udp_checksum=None)


@proves("S11", "S26", "S27", "S30")
@pytest.mark.parametrize("tunnel", TUNNELS + TAGGED, ids=str)
def test_what_arrives_is_understood(switch, tunnel):
    arrives = list(variants(tunnel))
    tunnel.carries(switch, tunnel.config(), sends={WIRE: arrives},
                   delivers={"vm1": [CALL] * len(arrives), "vm2": [CALL] * len(arrives)})


def test_the_trailer_of_a_short_frame_is_not_the_guests(switch):
    """Ethernet pads outer frames to 60 bytes; what GRE carries may be shorter than that."""
    gre = Tunnel("gre")
    inner = [frame(C, A, bytes(size)) for size in (0, 1, 4)]
    arrives = [gre.arrives(data).ljust(64, b"\xAA") for data in inner]
    gre.carries(switch, gre.config(), sends={WIRE: arrives},
                delivers={"vm1": inner, "vm2": inner})


def test_ipv4_options_of_the_underlay_are_skipped(switch):
    packets = [tunnel.wraps(CALL, SEGMENT, PEER, US, sport=50000,
                            ip={"options": b"\x94\x04\0\0" * words})
               for tunnel in (VXLAN4, Tunnel("gre"), Tunnel("geneve")) for words in (1, 10)]
    networks = [tunnel.network(tunnel.kind) for tunnel in (VXLAN4, Tunnel("gre"), Tunnel("geneve"))]
    VXLAN4.carries(switch, VXLAN4.config(networks=networks), sends={WIRE: packets},
                   delivers={"vm1": [CALL] * 2, "vm2": [CALL] * 2},
                   drops={WIRE: {"bridge/no-receiver": 4}})


def chained(*headers):
    """A VXLAN packet with IPv6 extension headers before UDP."""
    plain = VXLAN6.arrives(CALL)
    packet, inside = IPv6(src=PEER.ip(6), dst=US.ip(6), hlim=64), plain[14 + 40:]
    kinds = {IPv6ExtHdrHopByHop: 0, IPv6ExtHdrDestOpt: 60, IPv6ExtHdrRouting: 43,
             IPv6ExtHdrFragment: 44}
    following = [kinds[type(header)] for header in headers[1:]] + [17]
    packet.nh = kinds[type(headers[0])]
    for header, following_one in zip(headers, following):
        header = header.copy()
        header.nh = following_one
        packet = packet / header
    return frame(PEER.mac, US.mac, IPv6(bytes(packet / inside)))


@proves("S26")
def test_ipv6_extension_headers_of_the_underlay(switch):
    """Options are skipped (RFC 8200, 4); a fragment is no tunnel packet."""
    fine = [chained(IPv6ExtHdrHopByHop()), chained(IPv6ExtHdrDestOpt()),
            chained(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt())]
    fragments = [chained(IPv6ExtHdrFragment(m=1, id=7)),
                 chained(IPv6ExtHdrFragment(offset=3, id=7)),
                 chained(IPv6ExtHdrHopByHop(), IPv6ExtHdrFragment(m=1, id=7))]
    VXLAN6.carries(switch, VXLAN6.config(), sends={WIRE: fine + fragments},
                   delivers={"vm1": [CALL] * len(fine), "vm2": [CALL] * len(fine)},
                   drops={WIRE: {"terminate/outer-fragment": len(fragments)}})


@proves("S26")
@one_of_each
def test_a_tag_inside_is_dropped_and_a_priority_tag_removed(switch, tunnel):
    inner = [frame(C, A, vlan=0), frame(C, A, vlan=0, pcp=7), frame(C, A, vlan=5)]
    tunnel.carries(switch, tunnel.config(), sends={WIRE: [tunnel.arrives(data) for data in inner]},
                   delivers={"vm1": [CALL] * 2, "vm2": [CALL] * 2},
                   drops={WIRE: {"terminate/inner-tagged": 1}})


# Two switches.


@proves("S11", "S20", "S27", "S30")
@pytest.mark.parametrize("tunnel", ONE_OF_EACH + TAGGED[:1], ids=str)
def test_two_switches_are_one_network(switch, tunnel):
    """What one sends, the other understands: broadcast there, unicast back."""
    tunnel.starts(switch, tunnel.config(peers=[PEER]), sends={"vm1": [HELLO]}, near=[PEER])
    call = tunnel.on_the_wire(switch)
    other = switch.another()
    config = tunnel.config(ports=["vm3"], peers=[US, OTHER], us=PEER)
    other.ears[WIRE] = lambda frames: tunnel.about_the_case(frames, PEER)
    asks = tunnel.asks(US, PEER)
    other.starts(config, sends={WIRE: [asks] + call, "vm3": [frame(C, A, "reply")]})
    answer = tunnel.on_the_wire(other, us=PEER)
    assert [tunnel.without_hash(data, PEER) for data in answer] == \
        [tunnel.leaves(frame(C, A, "reply"), to=US, us=PEER)]
    assert other.hears("vm3") == [HELLO]
    later = switch.reopens(tunnel.config(peers=[PEER]), WIRE, answer)
    switch.applies(later)
    assert switch.hears("vm1") == [frame(C, A, "reply")]
    assert switch.hears("vm2") == [HELLO]
