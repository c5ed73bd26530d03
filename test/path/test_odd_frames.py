# SPDX-License-Identifier: BSD-3-Clause
"""Frames of every size and shape: what no policy asks about passes untouched."""
import random

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting)
from scapy.layers.l2 import ARP

from frames import A, B, C, EVERYBODY, frame
from words import GUESTS, VLAN, proves


def everything_passes(switch, frames):
    switch.carries(GUESTS, sends={"vm1": frames}, delivers={"vm2": frames, "vm3": frames})


def test_runts_are_dropped(switch):
    runts = [frame(A, B)[:length] for length in range(1, 14)]
    switch.carries(VLAN, sends={"vm1": runts, "physnet1": runts},
                   drops={"vm1": {"terminate/runt": 13}, "physnet1": {"terminate/runt": 13}})


def test_a_header_alone_is_a_frame(switch):
    everything_passes(switch, [frame(A, B, b""), frame(A, B, b"", ethertype=0x0800),
                               frame(A, B, b"", ethertype=0x86DD), frame(A, B, b"x")])


def test_frames_of_every_small_size_pass(switch):
    everything_passes(switch, [frame(A, B, bytes(size)) for size in range(140)])


def test_a_length_instead_of_an_ethertype_passes(switch):
    everything_passes(switch, [frame(A, B, b"\x42\x42\x03" + bytes(43), ethertype=38)])


@pytest.mark.parametrize("header, ethertype", [(IP() / TCP(), 0x0800), (IPv6() / TCP(), 0x86DD),
                                               (ARP(), 0x0806)], ids=["IPv4", "IPv6", "ARP"])
def test_truncated_headers_pass(switch, header, ethertype):
    whole = bytes(header)
    everything_passes(switch, [frame(A, B, whole[:length], ethertype=ethertype)
                               for length in range(len(whole))])


def test_odd_ipv4_headers_pass(switch):
    tcp = bytes(IP(src="10.0.0.1", dst="10.0.0.2") / TCP())
    everything_passes(switch, [
        frame(A, B, IP(options=b"\x94\x04\0\0") / TCP()),
        frame(A, B, IP(options=bytes(40)) / UDP()),
        frame(A, B, IP(version=5) / TCP()),
        frame(A, B, IP(ihl=0) / TCP()),
        frame(A, B, IP(ihl=15) / b"short"),
        frame(A, B, IP(len=9000) / b"says more than there is"),
        frame(A, B, IP(len=3) / b"says less than a header"),
        frame(A, B, IP(chksum=0xBAD) / UDP(chksum=0xBAD)),
        frame(A, B, IP(ttl=0) / UDP()),
        frame(A, B, tcp + b"padding", ethertype=0x0800),
        frame(A, B, IP(src="127.0.0.1", dst="0.0.0.0", proto=255)),
    ])


def test_fragments_pass(switch):
    everything_passes(switch, [
        frame(A, B, IP(flags="MF") / UDP(sport=1, dport=2) / bytes(64)),
        frame(A, B, IP(frag=9, flags="MF", proto=17) / bytes(64)),
        frame(A, B, IP(frag=17, proto=17) / bytes(3)),
        frame(A, B, IP(flags="MF", proto=6) / b"tiny"),
        frame(A, B, IPv6() / IPv6ExtHdrFragment(offset=0, m=1, nh=17) / UDP() / bytes(64)),
        frame(A, B, IPv6() / IPv6ExtHdrFragment(offset=9, m=0, nh=17) / bytes(64)),
    ])


def test_ipv6_extension_headers_pass(switch):
    chain = IPv6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting(addresses=["::1"]) / \
        IPv6ExtHdrDestOpt()
    endless = IPv6(nh=0) / (bytes([0, 0, 1, 4, 0, 0, 0, 0]) * 100)
    everything_passes(switch, [
        frame(A, B, chain / TCP(dport=80)),
        frame(A, B, chain / IPv6ExtHdrFragment() / UDP()),
        frame(A, B, endless),
        frame(A, B, bytes(chain)[:-1], ethertype=0x86DD),
        frame(A, B, IPv6(nh=59) / b"no next header"),
        frame(A, B, IPv6(nh=51) / bytes(24)),
        frame(A, B, IPv6(plen=0) / UDP()),
        frame(A, B, IPv6(nh=0) / b"\x06\xff"),
    ])


def test_noise_passes(switch):
    """Random payloads under every EtherType that a parser knows; no tag among them."""
    chance = random.Random(7)
    noise = [frame(A, B, chance.randbytes(chance.randrange(200)),
                   ethertype=chance.choice((0x0800, 0x86DD, 0x0806, 0x88A8, 0x8847, 0x88CC)))
             for _ in range(500)]
    everything_passes(switch, noise)


def test_icmp_errors_with_packets_inside_pass(switch):
    everything_passes(switch, [frame(A, B, IP() / ICMP(type=3, code=4) / IP() / UDP())])


JUMBO = """
physical-networks:
  - {name: physnet1, mtu: 9000}
networks:
  - {name: blue, type: vlan, segment: 100, physical-network: physnet1}
ports:
  - {name: vm1, network: blue}
  - {name: vm2, network: blue}
"""


def of_size(size, src=A, dst=B, **words):
    """A frame with so many bytes of payload, each of them telling where it is."""
    return frame(src, dst, bytes(number * 7 % 251 for number in range(size)), **words)


@proves("S09", "S20")
def test_jumbo_frames_pass_untouched(switch):
    sizes = (1500, 2000, 2034, 2035, 4096, 8999, 9000)
    switch.carries(JUMBO, sends={"physnet1": [of_size(size, C, A, vlan=100) for size in sizes],
                                 "vm1": [of_size(size) for size in sizes]},
                   delivers={"vm1": [of_size(size, C, A) for size in sizes],
                             "vm2": [of_size(size, C, A) for size in sizes] +
                             [of_size(size) for size in sizes],
                             "physnet1": [of_size(size, vlan=100) for size in sizes]})


@proves("S09")
def test_the_mtu_is_1500_unless_the_file_says_more(switch):
    switch.carries(VLAN, sends={"vm1": [frame(A, EVERYBODY)],
                                "vm2": [of_size(1500, B, A), of_size(1501, B, A)]},
                   delivers={"vm2": [frame(A, EVERYBODY)], "vm1": [of_size(1500, B, A)],
                             "physnet1": [frame(A, EVERYBODY, vlan=100)]},
                   drops={"vm2": {"deliver/too-big": 1}})


@proves("S09")
def test_the_tag_does_not_count(switch):
    """1500 bytes leave by the wire with a tag, and arrive from it with one."""
    switch.carries(VLAN, sends={"physnet1": [of_size(1500, C, A, vlan=100)],
                                "vm1": [of_size(1500, A, C), of_size(1500, A, C, vlan=0)]},
                   delivers={"physnet1": [of_size(1500, A, C, vlan=100)] * 2,
                             "vm1": [of_size(1500, C, A)], "vm2": [of_size(1500, C, A)]})


SMALL = """
networks:
  - {name: blue, type: local, mtu: 1400}
ports:
  - {name: vm1, network: blue}
  - {name: vm2, network: blue, mtu: 1000}
  - {name: vm3, network: blue}
"""


@proves("S09")
def test_each_copy_is_judged_by_the_mtu_of_its_port(switch):
    """A flood of 1200 bytes reaches vm3 but not vm2, of 1401 nobody."""
    sizes = (1000, 1001, 1200, 1400, 1401)
    switch.carries(SMALL, sends={"vm1": [of_size(size) for size in sizes]},
                   delivers={"vm2": [of_size(1000)], "vm3": [of_size(size) for size in sizes[:4]]},
                   drops={"vm1": {"deliver/too-big": 5}})


def test_one_flow_may_have_frames_of_both_kinds(switch):
    """The size is no part of a flow: a cached answer must not let a large frame through."""
    small, large = of_size(100, B, A), of_size(1450, B, A)
    switch.carries(SMALL, sends={"vm1": [frame(A, EVERYBODY)],
                                 "vm3": [small, large, small, large]},
                   delivers={"vm1": [small] * 2, "vm2": [frame(A, EVERYBODY)],
                             "vm3": [frame(A, EVERYBODY)]},
                   drops={"vm3": {"deliver/too-big": 2}})
