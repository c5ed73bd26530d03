# SPDX-License-Identifier: BSD-3-Clause
"""Packets of the underlay that are no good: what is dropped, why, and that nobody is harmed."""
import random
import struct
from collections import Counter

import pytest
from scapy.contrib.geneve import GeneveOptions
from scapy.layers.inet import ICMP, IP, TCP, UDP

from frames import A, C, EVERYBODY, address, frame, mac, write_pcap
from overlays import (ONE_OF_EACH, OTHER, PEER, SEGMENT, TUNNELS, US, WIRE, Host, Tunnel,
                      geneve)
from test_tunnel_formats import CALL, udp, variants
from words import proves

VXLAN4 = Tunnel("vxlan", 4)
one_of_each = pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)


def bad_everywhere(tunnel):
    """[(reason or reasons, what, frame)] for any kind of tunnel"""
    family, vlan = tunnel.family, tunnel.vlan
    away = Host(77)
    yield "unknown-segment", "nobody's segment", tunnel.arrives(CALL, SEGMENT + 1)
    yield "wrong-endpoint", "our MAC, not our address", tunnel.arrives(CALL, dst=away, mac=US.mac)
    yield "own-address", "from ourselves", tunnel.arrives(CALL, src=US, mac=US.mac).replace(
        address(US.mac) * 2, address(US.mac) + address(PEER.mac), 1)
    yield "inner-runt", "13 bytes inside", tunnel.arrives(CALL[:13])
    yield "inner-runt", "nothing inside", tunnel.arrives(b"")
    yield "inner-tagged", "a tag inside", tunnel.arrives(frame(C, A, vlan=100))
    yield "bad-source-mac", "a group speaks inside", tunnel.arrives(frame(EVERYBODY, A))
    yield "ecn", "congestion", tunnel.arrives(frame(C, A, udp(tos=0)), tos=3)
    if family == 4:
        yield "outer-fragment", "first fragment", tunnel.arrives(CALL, ip={"flags": "MF"})
        yield "outer-fragment", "last fragment", tunnel.arrives(CALL, ip={"frag": 5, "flags": 0})
        yield "outer-checksum", "IPv4 checksum", tunnel.arrives(CALL, ip={"chksum": 0xBAD})
        yield "outer-length", "longer than it is", tunnel.arrives(CALL, ip={"len": 1400})
        yield "outer-length", "shorter than its header", tunnel.arrives(CALL, ip={"len": 19})
        yield "outer-length", "ends in IP", tunnel.arrives(CALL)[:(18 if vlan else 14) + 19]
        yield {"outer-length", "outer-checksum"}, "a header of four bytes", \
            tunnel.arrives(CALL, ip={"ihl": 1})
    else:
        yield "outer-length", "longer than it is", tunnel.arrives(CALL, ip={"plen": 1400})
        yield "outer-length", "ends in IP", tunnel.arrives(CALL)[:(18 if vlan else 14) + 39]


def bad_udp(tunnel):
    at = (18 if tunnel.vlan else 14) + (20 if tunnel.family == 4 else 40)
    plain = tunnel.arrives(CALL)

    def with_udp_length(length):
        return plain[:at + 4] + length.to_bytes(2, "big") + plain[at + 6:]

    yield "outer-length", "UDP longer than IP", with_udp_length(1000)
    yield "outer-length", "UDP shorter than its header", with_udp_length(7)
    yield {"outer-length", "tunnel-header"}, "half a tunnel header", \
        tunnel.arrives(b"", header=tunnel.header()[:7])


def bad_vxlan(_):
    yield "tunnel-header", "no I flag", struct.pack("!II", 0, SEGMENT << 8), CALL
    yield "tunnel-header", "all flags but I", struct.pack("!II", 0xF7FFFFFF, SEGMENT << 8), CALL


def bad_gre(_):
    key = struct.pack("!I", SEGMENT)
    yield "tunnel-header", "version 1", b"\x20\x01\x65\x58" + key, CALL
    yield "tunnel-header", "routing", b"\x60\x00\x65\x58\0\0\0\0" + key, CALL
    yield "tunnel-header", "no key", b"\x00\x00\x65\x58", CALL
    yield {"tunnel-header", "outer-length"}, "ends in its key", b"\x20\x00\x65\x58\0", b""
    yield {"tunnel-header", "outer-length"}, "ends before its sequence", \
        b"\x30\x00\x65\x58" + key, b""
    yield "not-ethernet", "IPv4 inside", b"\x20\x00\x08\x00" + key, bytes(udp())


def bad_geneve(_):
    critical = bytes(GeneveOptions(classid=0x0102, type=0x80, data=b"must"))
    harmless = bytes(GeneveOptions(classid=0x0102, type=0x01, data=b"may "))
    yield "tunnel-header", "version 1", geneve(version=1), CALL
    yield "critical-option", "a critical option", geneve(options=critical, flags=0x40), CALL
    yield "critical-option", "the second is critical", \
        geneve(options=harmless + critical, flags=0x40), CALL
    yield "not-ethernet", "IPv4 inside", geneve(proto=0x0800), bytes(udp())
    yield {"tunnel-header", "outer-length", "inner-runt"}, "longer options than packet", \
        geneve(options=bytes(252))[:8], b""


BAD = {"vxlan": bad_vxlan, "gre": bad_gre, "geneve": bad_geneve}


def bad_packets(tunnel):
    yield from bad_everywhere(tunnel)
    if tunnel.kind != "gre":
        yield from bad_udp(tunnel)
    for reasons, what, header, inside in BAD[tunnel.kind](tunnel):
        yield reasons, what, tunnel.arrives(inside, header=header)


@proves("S23", "S26", "S30")
@pytest.mark.parametrize("tunnel", TUNNELS, ids=str)
def test_each_bad_packet_has_its_reason(switch, tunnel):
    """And trace, asked about one, gives the one that was counted."""
    bad = [({reasons} if isinstance(reasons, str) else reasons, what, data)
           for reasons, what, data in bad_packets(tunnel)]
    tunnel.starts(switch, tunnel.config(), sends={WIRE: [data for *_, data in bad]})
    expected, file = Counter(), switch.folder / "bad.pcap"
    write_pcap(file, [data for *_, data in bad])
    for number, (reasons, what, _) in enumerate(bad, 1):
        trace = switch.json("trace", WIRE, "--pcap", file, "--packet", number)
        found = [reason for reason in reasons if reason in trace["verdict"]]
        assert found, (what, reasons, trace)
        stage = "admit" if found[0] == "bad-source-mac" else "terminate"
        assert trace["stages"][-1]["stage"] == stage, (what, trace)
        expected[f"{stage}/{found[0]}"] += 1
    assert tunnel.drops(switch) == expected
    tunnel.ends(switch, drops={WIRE: expected})


@proves("S13", "S27")
@one_of_each
def test_only_what_is_addressed_to_the_endpoint_is_opened(switch, tunnel):
    """Another MAC, another VLAN, all the world: that is nothing for the endpoint."""
    tagged = tunnel.but(vlan=10)
    group = tunnel.arrives(CALL, dst=US, mac=EVERYBODY)
    tunnel.carries(switch, tunnel.config(), sends={
        WIRE: [tunnel.arrives(CALL, mac=OTHER.mac), group, tunnel.arrives(CALL, vlan=10)]},
        drops={WIRE: {"terminate/no-flat-network": 2, "terminate/vlan-not-member": 1}})
    other = switch.another()
    tagged.carries(other, tagged.config(), sends={
        WIRE: [tagged.arrives(CALL, vlan=()), tagged.arrives(CALL, vlan=0),
               tagged.arrives(CALL, vlan=11)]},
        drops={WIRE: {"terminate/no-flat-network": 2, "terminate/vlan-not-member": 1}})


@proves("S13", "S30", "S31")
def test_what_the_endpoint_does_not_serve(switch):
    """Its address, but no tunnel, no ARP, no ping."""
    ours = {"src": PEER.ip(4), "dst": US.ip(4)}
    packets = [IP(**ours) / UDP(sport=4789, dport=53) / bytes(30), IP(**ours) / TCP(dport=22),
               IP(**ours) / ICMP(type=13), IP(**ours, proto=89) / bytes(30),
               IP(**ours) / ICMP(type=3, code=1) / IP() / UDP()]
    frames = [frame(PEER.mac, US.mac, packet) for packet in packets]
    frames += [frame(PEER.mac, US.mac)]
    VXLAN4.carries(switch, VXLAN4.config(), sends={WIRE: frames},
                   drops={WIRE: {"answer/not-served": len(frames)}})


# Addresses that no host can send from (RFC 1122, 3.2.1.3; RFC 4291, 2.5 and 2.7).
NOBODY = {4: ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"], 6: ["::", "::1", "ff02::1"]}


@proves("S27")
@pytest.mark.parametrize("tunnel", [VXLAN4, Tunnel("gre", 6)], ids=str)
def test_nobody_is_learned_behind_an_address_that_no_host_has(switch, tunnel):
    """And what is said to come from there is not delivered."""
    packets = [tunnel.arrives(CALL, ip={"src": source}) for source in NOBODY[tunnel.family]]
    tunnel.starts(switch, tunnel.config(), sends={WIRE: packets})
    assert {row["remote"] for row in switch.json("tunnel list")} == \
        {tunnel.says(PEER), tunnel.says(OTHER)}
    reasons = tunnel.drops(switch)
    assert sum(reasons.values()) == len(packets)
    tunnel.ends(switch, drops={WIRE: reasons})


@proves("S27")
@one_of_each
def test_a_group_or_nobody_sends_no_tunnel_packets(switch, tunnel):
    """The rule for source MACs holds for the wire's own frames, too."""
    plain = tunnel.arrives(CALL)
    packets = [plain[:6] + source + plain[12:] for source in (b"\1\0\0\0\0\1", bytes(6))]
    tunnel.carries(switch, tunnel.config(), sends={WIRE: packets},
                   drops={WIRE: {"admit/bad-source-mac": 2}})


def mutations(chance, packet, count):
    """The packet with a few bytes changed, most of them in the headers, or cut, or with a tail."""
    for _ in range(count):
        data = bytearray(packet)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(12, min(len(data), 14 + 80))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(14, len(data)):]
        yield bytes(data) + chance.randbytes(chance.choice((0, 0, 3, 40)))


@proves("S26", "S30")
@pytest.mark.parametrize("family", [4, 6])
def test_noise_harms_nobody(switch, family):
    """Whatever it is taken for, each frame is accounted for, and the next good one understood."""
    chance = random.Random(family)
    tunnels = [Tunnel(kind, family) for kind in ("vxlan", "gre", "geneve")]
    packets = [packet for tunnel in tunnels for packet in variants(tunnel)]
    packets += [data for tunnel in tunnels for *_, data in bad_packets(tunnel)]
    packets += [tunnels[0].asks(PEER, US), tunnels[0].greets(PEER),
                tunnels[0].arrives(frame(C, A, udp(tos=2)), tos=3)]
    noise = [data for packet in packets for data in mutations(chance, packet, 30)]
    networks = [tunnel.network(tunnel.kind) for tunnel in tunnels]
    last = tunnels[0].arrives(frame(C, mac(0x77), "the last"))
    tunnels[0].starts(switch, tunnels[0].config(networks=networks, ports=["vm1"]),
                      sends={WIRE: noise + [last]})
    assert switch.hears("vm1")[-1] == frame(C, mac(0x77), "the last")
