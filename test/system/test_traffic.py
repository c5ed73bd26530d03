# SPDX-License-Identifier: BSD-3-Clause
"""Hosts talk, or must not: every type of network, with one worker and with two."""
from itertools import permutations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether

from configs import PAIR, PAIR_ADDRESSES, TRUNK, TRUNK_ADDRESSES
from lab.process import run
from lab.site import Site
from lab.traffic import is_silent, pings, reaches, sends_tcp
from lab.wire import Tap, TaggedHost

proves = pytest.mark.proves

TENANTS = """
physical-networks:
  - {name: uplink}
  - {name: uplink2}
networks:
  - {name: acme-1, project: acme, type: local}
  - {name: acme-2, project: acme, type: vlan, segment: 100, physical-network: uplink}
  - {name: acme-3, project: acme, type: flat, physical-network: uplink}
  - {name: globex-1, project: globex, type: local}
  - {name: globex-2, project: globex, type: vlan, segment: 101, physical-network: uplink}
  - {name: globex-3, project: globex, type: vlan, segment: 100, physical-network: uplink2}
ports:
"""
NETWORKS = ["acme-1", "acme-2", "acme-3", "globex-1", "globex-2", "globex-3"]
FAR_MAC = "02:00:00:00:ff:01"


@proves("S15", "S18")
def test_hosts_of_a_network_talk(both):
    site = Site(both).starts(PAIR, **PAIR_ADDRESSES)
    assert reaches(site["a"], "10.0.0.2")
    sends_tcp(site["a"], site["b"], 8 << 20)
    sends_tcp(site["b"], site["a"], 8 << 20)
    assert pings(site["a"], "10.0.0.2", options=("-s", 1472, "-M", "do")).received == 3
    assert site.daemon.fdb() == {site.mac("a"): "a", site.mac("b"): "b"}
    assert site.daemon.json("flow list"), "traffic leaves flows behind"
    assert site.daemon.is_conserved()
    site.daemon.stops()


def test_ipv6_and_its_neighbour_discovery(lab):
    site = Site(lab).starts(PAIR, a="fd00::1/64", b="fd00::2/64")
    assert reaches(site["a"], "fd00::2")
    sends_tcp(site["a"], site["b"])
    site.daemon.stops()


@proves("S11", "S18", "S38")
def test_no_network_hears_another(both):
    """One host on each of six networks, two on the first: all in one subnet, no pair but that
    one may talk. Two networks have VLAN 100, on two wires."""
    names = NETWORKS + ["neighbour"]
    config = TENANTS + "".join(f"  - {{name: {name}, network: {name}}}\n" for name in NETWORKS) \
        + "  - {name: neighbour, network: acme-1}\n"
    addresses = {name: f"10.0.0.{number}/24" for number, name in enumerate(names, 1)}
    site = Site(both).starts(config, **addresses)
    ears = {name: Tap(site[name]) for name in names}
    for name in names:
        hello = Ether(src=site.mac(name), dst="ff:ff:ff:ff:ff:ff") / IP(dst="255.255.255.255") \
            / UDP(dport=9) / name
        ears[name].sends(hello)
    heard = {name: {frame[UDP].load.decode() for frame in ear.hears_all(0.2) if UDP in frame}
             for name, ear in ears.items()}
    assert heard == {name: set() for name in names} | {"acme-1": {"neighbour"},
                                                       "neighbour": {"acme-1"}}
    assert reaches(site["acme-1"], "10.0.0.7")
    for a, b in permutations(NETWORKS, 2):
        # A frame straight to the other's address: not even a guess gets through.
        ears[a].sends(Ether(src=site.mac(a), dst=site.mac(b)) / IP(dst="10.0.0.99") / UDP() / b"x")
    for name in NETWORKS:
        frames = [frame for frame in ears[name].hears_all(0.05) if frame.dst == site.mac(name)
                  and UDP in frame and IP in frame and frame[IP].dst == "10.0.0.99"]
        assert not frames, (name, frames)
    site.daemon.stops()


@proves("S20", "S21", "S34", "S35", "S38")
def test_a_vlan_as_the_other_end_of_the_wire_sees_it(both):
    site = Site(both).starts(TRUNK, **TRUNK_ADDRESSES)
    tap = Tap(site["uplink"])
    with TaggedHost(tap, 100, FAR_MAC, "10.0.0.200") as far:
        assert reaches(site["b"], "10.0.0.200")
        assert is_silent(site["r"], "10.0.0.200")
    tags = {frame.src: frame[Dot1Q].vlan if Dot1Q in frame else None for frame in far.frames}
    assert tags[site.mac("b")] == 100 and tags[site.mac("r")] == 200
    assert site.daemon.fdb("--network", "blue") == {site.mac("b"): "b", FAR_MAC: "uplink"}
    tap.sends(Ether(src=FAR_MAC, dst=site.mac("b")) / Dot1Q(vlan=777) / IP() / UDP())
    assert reaches(site["b"], "10.0.0.2")  # itself; gives the switch time
    assert site.daemon.drops("uplink") == {"terminate/vlan-not-member": 1}
    assert site.daemon.is_conserved()
    site.daemon.stops()


@proves("S13", "S19")
def test_a_flat_network_and_vlans_share_a_wire(both):
    site = Site(both).starts(TRUNK, **TRUNK_ADDRESSES)
    plain, blue, red = (Tap(site["uplink"]) for _ in range(3))
    with TaggedHost(plain, None, "02:00:00:00:ff:00", "10.0.0.200"), \
            TaggedHost(blue, 100, "02:00:00:00:ff:01", "10.0.0.200"), \
            TaggedHost(red, 200, "02:00:00:00:ff:02", "10.0.0.200"):
        for name in "pbr":
            assert reaches(site[name], "10.0.0.200"), name
    for name, mac in zip("pbr", ("02:00:00:00:ff:00", "02:00:00:00:ff:01", "02:00:00:00:ff:02")):
        assert mac in site[name].ip("neigh", "show", "10.0.0.200").stdout
    site.daemon.stops()


@proves("S06", "S20")
def test_two_switches_on_one_wire_are_one_network(both):
    """Two hosts of the cloud: the same VLAN talks across, the other VLAN and the flat network do
    not mix with it."""
    sites = [Site(both, name) for name in ("left", "right")]
    namespaces = [site.daemon.netns for site in sites]
    run("ip", "link", "add", "wire", "netns", namespaces[0].name, "type", "veth", "peer", "name",
        "wire", "netns", namespaces[1].name)
    for number, (site, namespace) in enumerate(zip(sites, namespaces), 1):
        namespace.configures("wire")
        config = TRUNK.replace("{name: uplink}", '{name: uplink, device: "net_af_packet0,iface=wire'
                               ',blocksz=65536,framesz=2048,framecnt=512"}')
        site.starts(config, **{name: f"10.0.0.{number}{place}/24"
                               for place, name in enumerate("pbr")})
    left, right = sites
    for place, name in enumerate("pbr"):
        assert reaches(left[name], f"10.0.0.2{place}"), name
        assert reaches(right[name], f"10.0.0.1{place}"), name
        assert is_silent(left[name], f"10.0.0.2{(place + 1) % 3}"), name
    sends_tcp(left["b"], right["b"], 4 << 20)
    sends_tcp(right["r"], left["r"], 4 << 20)
    assert left.daemon.fdb("--network", "blue") == {left.mac("b"): "b", right.mac("b"): "uplink"}
    assert right.daemon.fdb("--network", "blue") == {left.mac("b"): "uplink", right.mac("b"): "b"}
    for site in sites:
        site.daemon.stops()


@proves("S13", "S20")
@pytest.mark.parametrize("kind", ["af_xdp", "memif"])
def test_a_wire_may_be_any_device(lab, tmp_path, kind):
    """Two hosts of the cloud, joined by AF_XDP sockets on a veth pair, or by shared memory."""
    sites = [Site(lab, name) for name in ("left", "right")]
    namespaces = [site.daemon.netns for site in sites]
    run("ip", "link", "add", "wire", "netns", namespaces[0].name, "type", "veth", "peer", "name",
        "wire", "netns", namespaces[1].name)
    for number, (site, role) in enumerate(zip(sites, ("server", "client")), 1):
        site.daemon.netns.configures("wire")
        device = {"af_xdp": "net_af_xdp0,iface=wire",
                  "memif": f"net_memif0,role={role},socket={tmp_path}/wire,socket-abstract=no"}[kind]
        site.starts(TRUNK.replace("{name: uplink}", f'{{name: uplink, device: "{device}"}}'),
                    **{name: f"10.0.0.{number}{place}/24" for place, name in enumerate("pbr")})
    left, right = sites
    for place, name in enumerate("pbr"):
        assert reaches(left[name], f"10.0.0.2{place}"), name
    sends_tcp(left["b"], right["b"], 1 << 20)
    sends_tcp(right["r"], left["r"], 1 << 20)


@proves("S09", "S39")
def test_a_frame_beyond_the_mtu_is_dropped_with_its_reason(lab):
    site = Site(lab)
    site.daemon.starts(site.fills(PAIR.replace("{name: b, network: blue}",
                                               "{name: b, network: blue, mtu: 1400}")))
    site.joins(**PAIR_ADDRESSES)
    assert pings(site["a"], "10.0.0.2", options=("-s", 1372, "-M", "do")).received == 3
    assert pings(site["a"], "10.0.0.2", patience=0.3,
                 options=("-s", 1373, "-M", "do")).received == 0
    assert site.daemon.drops("a") == {"deliver/too-big": 3}
    site.daemon.stops()


@proves("S09")
def test_a_spoofing_guest_is_not_heard(lab):
    site = Site(lab).starts("""
networks:
  - {name: blue, type: local}
ports:
  - {name: a, network: blue, mac: "02:00:00:00:00:01", addresses: [10.0.0.1]}
  - {name: b, network: blue}
""", **PAIR_ADDRESSES)
    assert reaches(site["a"], "10.0.0.2")
    site["a"].ip("addr", "add", "10.0.0.66/24", "dev", "a")
    assert pings(site["a"], "10.0.0.2", patience=0.3, options=("-I", "10.0.0.66")).received == 0
    assert site.daemon.drops("a")["admit/ip-spoofed"] >= 3
    site["a"].ip("link", "set", "dev", "a", "address", "02:00:00:00:00:66")
    assert is_silent(site["a"], "10.0.0.2")
    assert site.daemon.drops("a")["admit/mac-spoofed"] >= 1
    assert "02:00:00:00:00:66" not in site.daemon.fdb(), "a rejected frame teaches nothing"
    site.daemon.stops()


def malformed(source):
    """Frames that no sane host sends, all of which the kernel lets out."""
    ether = bytes(Ether(src=source, dst="02:00:00:00:00:02"))[:12]
    yield ether + b"\x08\x00"                                    # a type and nothing else
    yield ether + b"\x81\x00"                                    # a tag that is cut off
    yield ether + b"\x81\x00\x00\x64"                            # a tag and no payload
    yield ether + b"\x81\x00\x00\x64\x08\x00" + bytes(46)        # a tag on an access port
    yield ether + b"\x81\x00\x00\x64\x81\x00\x00\x65\x08\x00" + bytes(46)  # two
    yield ether + b"\x81\x00\x00\x00\x08\x00" + bytes(46)        # a priority tag
    yield ether + b"\x08\x00\x4f" + bytes(20)                    # options beyond the end
    yield ether + b"\x08\x00\x41" + bytes(40)                    # an IP header of 4 bytes
    yield ether + b"\x08\x00\x65" + bytes(40)                    # IPv6 where IPv4 was said
    yield ether + b"\x86\xdd\x60" + bytes(20)                    # half an IPv6 header
    yield ether + b"\x86\xdd" + bytes.fromhex("60000000 0008 00 40") + bytes(40)
    yield ether + b"\x08\x06" + bytes(7)                         # a quarter of an ARP
    yield ether + b"\x00\x00" + bytes(46)                        # a length of 0
    yield bytes(Ether(src="ff:ff:ff:ff:ff:ff", dst="02:00:00:00:00:02") / IP() / UDP())
    yield bytes(Ether(src="00:00:00:00:00:00", dst="02:00:00:00:00:02") / IP() / UDP())
    yield bytes(Ether(src=source, dst="01:80:c2:00:00:00") / bytes(46))
    yield bytes(Ether(src=source, dst=source) / IP() / UDP())
    for size in (0, 1, 6, 7, 8):                                 # fragments of every kind
        yield bytes(Ether(src=source, dst="02:00:00:00:00:02")
                    / IP(src="10.0.0.9", dst="10.0.0.2", proto=6, frag=size, flags="MF")
                    / bytes(size))


@proves("S39")
def test_malformed_frames_harm_nobody(both):
    site = Site(both).starts(PAIR.replace("ports:", "ports:\n  - {name: peer, network: blue}"),
                             **PAIR_ADDRESSES)
    with Tap(site["peer"]) as peer:
        for _ in range(20):
            peer.sends(*malformed(site.mac("peer")))
    assert reaches(site["a"], "10.0.0.2")
    drops = site.daemon.drops("peer")
    for reason in ("terminate/tagged", "admit/bad-source-mac", "bridge/reserved-multicast",
                   "bridge/same-port"):
        assert drops.get(reason, 0) >= 20, (reason, drops)
    assert site.daemon.is_conserved()
    site.daemon.stops()


def test_arp_answers_come_from_the_host_itself(lab):
    """The switch invents nothing: what a host hears was said by another host."""
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    with Tap(site["a"]) as ear:
        ear.sends(Ether(src=site.mac("a"), dst="ff:ff:ff:ff:ff:ff")
                  / ARP(hwsrc=site.mac("a"), psrc="10.0.0.1", pdst="10.0.0.2"))
        answer = ear.waits_for(lambda frame: ARP in frame and frame[ARP].op == 2)
    assert answer and answer.src == answer[ARP].hwsrc == site.mac("b")
