# SPDX-License-Identifier: BSD-3-Clause
"""Two switches and what lies between them: routers, several of them, wires with other traffic too."""
import socket
import time

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6

from lab.process import run, wait_until
from lab.site import Site
from lab.traffic import Stream, is_silent, pings, sends_tcp
from lab.underlay import Lan, Router, inner, joins
from lab.wire import Tap
from overlays import ROUTED_IPV4 as IPV4
from overlays import ROUTED_IPV6 as IPV6
from overlays import (A, B, ROUTERS, Routed, all_heard, finds_its_peers, hears_broadcast, probes_mtu, reaches,
                      routed_end, speaks_ipv6, talk)

proves = pytest.mark.proves
KINDS = ("vxlan", "gre", "geneve")
BROADCAST = "ff:ff:ff:ff:ff:ff"


def tunnelled(frames):
    """What is inside of those frames that carry something."""
    return [found for found in map(inner, frames) if found]


@proves("S11", "S25", "S27", "S30")
@pytest.mark.parametrize("underlay", [IPV4, IPV6], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_two_switches_beyond_a_router(lab, kind, underlay):
    routed = Routed(lab, underlay, kind).settles()
    with Tap(routed.router, "wire-a") as ear:
        assert reaches(routed.a, B)
        assert hears_broadcast(routed.b, routed.a, "to everybody")
        assert hears_broadcast(routed.a, routed.b, "and back")
        sends_tcp(routed.a, routed.b, 1 << 16)
        frames = ear.hears_all(0.2)
    mac = routed.left.daemon.json("tunnel show")["mac"]
    assert {frame.src for frame in frames} == {mac}, "no guest's address is seen on the underlay"
    carried = [frame for frame in frames if inner(frame)]
    assert {frame.dst for frame in carried} == {routed.left.mac("wire-a")}, "the next hop is the router"
    layer = IPv6 if underlay is IPV6 else IP
    assert {(frame[layer].src, frame[layer].dst) for frame in carried} == {(underlay.near, underlay.far)}
    assert {found[:2] for found in tunnelled(carried)} == {(kind, 1001)}
    assert {found[2].src for found in tunnelled(carried)} == {routed.a.mac()}
    assert {found[2].dst for found in tunnelled(carried)} == {routed.b.mac(), BROADCAST}
    row, = routed.left.daemon.json("fdb", "list", "--endpoint", underlay.far)
    assert row["mac"] == routed.b.mac()
    talk(routed.a, routed.b)
    routed.stops()


@proves("S27")
@pytest.mark.parametrize("underlay", [IPV4, IPV6], ids=str)
def test_guests_of_two_switches_are_told_the_mtu(lab, underlay):
    routed = Routed(lab, underlay, mtu=1500).settles()
    mtu = underlay.inner_mtu("vxlan")
    speaks_ipv6(routed.a, "fd00::1/64")
    speaks_ipv6(routed.b, "fd00::2/64")
    assert reaches(routed.a, B) and reaches(routed.a, "fd00::2")
    assert reaches(routed.a, B, ("-s", 3000, "-M", "dont"))
    for guest, addresses in ((routed.a, (B, "fd00::2")), (routed.b, (A, "fd00::1"))):
        for address in addresses:
            probes_mtu(guest, address, mtu)
    sends_tcp(routed.a, routed.b, 2 << 20)
    routed.stops()


@proves("S27")
def test_the_gateway_changes_its_mac_address(lab):
    """First it says so; then it does not, and the switch finds out when it asks."""
    routed = Routed(lab).settles()
    gateway = ROUTERS[routed.underlay.near]

    def known():
        row, = [row for row in routed.left.daemon.json("neighbour list") if row["address"] == gateway]
        return row["mac"]

    def moves_to(mac):
        routed.router.ip("link", "set", "dev", "wire-a", "address", mac)

    assert reaches(routed.a, B) and known() == routed.left.mac("wire-a")
    routed.router.sysctl("net/ipv4/conf/wire-a/arp_notify", 1)
    moves_to("02:00:00:99:00:01")
    assert reaches(routed.a, B), "at once"
    assert known() == "02:00:00:99:00:01"
    routed.router.sysctl("net/ipv4/conf/wire-a/arp_notify", 0)
    moves_to("02:00:00:99:00:02")
    wait_until(lambda: reaches(routed.a, B), "traffic follows", patience=20)
    assert known() == "02:00:00:99:00:02"
    routed.stops()


@proves("S27")
def test_a_gateway_that_comes_late(lab):
    router, site = lab.keeps(Router("router")), Site(lab)
    site.daemon.starts(site.fills(routed_end(IPV4.near, IPV4.far, 24, "a")))
    wire = site.mac("wire-a")
    site.daemon.plugs("wire-a", router, wire)  # it has no address yet, so it does not answer
    site.joins(a=f"{A}/24")

    def state():
        return site.daemon.json("tunnel list")[0]["next_hops"][0]["state"]

    wait_until(lambda: state() == "failed", "the gateway does not answer", patience=8)
    assert is_silent(site["a"], B)
    wait_until(lambda: site.daemon.drops("a").get("encap/no-neighbour", 0) > 0, "packets are dropped with a reason",
               explain=lambda: str(site.daemon.drops("a")))
    router.ip("addr", "add", f"{ROUTERS[IPV4.near]}/24", "dev", "wire-a")
    with Tap(router, "wire-a") as ear:
        wait_until(lambda: state() == "reachable", "it is asked again", patience=8)
        site["a"].starts("ping", "-i", "0.2", "-q", B)
        assert ear.waits_for(lambda frame: inner(frame)), "packets flow"
    assert site.daemon.is_conserved()
    site.daemon.stops()


GATEWAYS = {1: ("192.0.2.251", "198.51.100.251"), 2: ("192.0.2.252", "198.51.100.252")}


def two_gateways(lab):
    """Two switches, each on an Ethernet of its own, and two routers that join the two."""
    lan, sites = lab.keeps(Lan("lan")), []
    routers = {number: lab.keeps(Router(f"gateway{number}")) for number in GATEWAYS}
    for place, (side, guest, local, remote, address) in enumerate((
            ("left", "a", IPV4.near, IPV4.far, A), ("right", "b", IPV4.far, IPV4.near, B))):
        gateways = [addresses[place] for addresses in GATEWAYS.values()]
        site = Site(lab, f"switch-{guest}")
        site.daemon.starts(site.fills(routed_end(local, remote, 24, guest, gateway=gateways)))
        wire = f"wire-{guest}"
        site.daemon.plugs(wire, lan, site.mac(wire))
        for number, router in routers.items():
            joins(lan, f"{side}{number}", router, side)
            router.carries(side, f"{GATEWAYS[number][place]}/24")
        lan.bridges(f"br-{side}", wire, *(f"{side}{number}" for number in GATEWAYS))
        sites.append(site.joins(**{guest: f"{address}/24"}))
    return lan, routers, sites


class Flows:
    """UDP from many ports of a guest to another, and which router each of them takes."""

    def __init__(self, a, b, ears, count=64):
        self.b, self.ears = b, ears
        self.sockets = [a.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
        for number, handle in enumerate(self.sockets):
            handle.bind((A, 20000 + number))
        self.listener = b.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listener.bind((B, 5005))

    def go(self, times=3):
        """{port: {router: {outer source ports}}}"""
        for _ in range(times):
            for handle in self.sockets:
                handle.sendto(b"flow", (B, 5005))
        ways = {}
        for number, ear in self.ears.items():
            for frame in all_heard(ear, 0.1):
                found = inner(frame)
                if found and UDP in found[2] and found[2][UDP].dport == 5005:
                    ways.setdefault(found[2][UDP].sport, {}).setdefault(number, set()).add(frame[UDP].sport)
        return ways

    def arrived(self):
        self.listener.settimeout(0.1)
        count = 0
        try:
            while self.listener.recv(64):
                count += 1
        except TimeoutError:
            return count

    def closes(self):
        for handle in (*self.sockets, self.listener):
            handle.close()


@proves("S24", "S27")
def test_two_gateways_share_the_flows_and_one_takes_over(lab):
    lan, routers, (left, right) = two_gateways(lab)
    finds_its_peers(left), finds_its_peers(right)
    assert reaches(left["a"], B)
    ears = {number: Tap(router, "left") for number, router in routers.items()}
    flows = Flows(left["a"], right["b"], ears)
    ways = flows.go()
    assert len(ways) == 64 and flows.arrived() == 3 * 64
    assert all(len(way) == 1 for way in ways.values()), "one flow stays on one path"
    counts = {number: sum(number in way for way in ways.values()) for number in routers}
    assert min(counts.values()) >= 10, counts
    entropy = [port for way in ways.values() for ports in way.values() for port in ports]
    assert len(entropy) == 64, "one flow has one outer port"
    assert min(entropy) >= 49152 and len(set(entropy)) >= 48
    assert flows.go() == ways, "and the same one later"
    flows.arrived()

    for side in ("left1", "right1"):
        lan.ip("link", "set", "dev", side, "nomaster")  # unplugged
    lost = time.monotonic()

    def moved():
        found = flows.go(1)
        return flows.arrived() == 64 and all(set(way) == {2} for way in found.values())

    wait_until(moved, "flows go by the other gateway", patience=20, explain=lambda: left.daemon.says("tunnel list"))
    assert time.monotonic() - lost < 18
    hops = {hop["address"]: hop["state"] for hop in left.daemon.json("tunnel list")[0]["next_hops"]}
    assert hops[GATEWAYS[1][0]] == "failed" and hops[GATEWAYS[2][0]] in ("reachable", "probe"), hops

    for side in ("left", "right"):
        lan.bridges(f"br-{side}", f"{side}1")
    wait_until(lambda: {number for way in flows.go(1).values() for number in way} == {1, 2},
               "both share again", patience=12)
    flows.closes()
    for site in (left, right):
        assert site.daemon.is_conserved()
        site.daemon.stops()


@proves("S27")
def test_one_side_is_killed_and_comes_back(lab):
    routed = Routed(lab).settles()
    with Stream(routed.a, routed.b) as stream:
        routed.right.daemon.dies()
        time.sleep(0.5)
        routed.right.daemon.starts()
        back = time.monotonic()
        wait_until(lambda: max(stream.arrived.values()) > back, "packets arrive again", patience=6)
        assert time.monotonic() - back < 4
        time.sleep(0.3)
        before = len(stream.arrived)
        time.sleep(0.5)
        assert len(stream.arrived) - before > 50, "steadily"
    sends_tcp(routed.a, routed.b)
    sends_tcp(routed.b, routed.a)
    routed.stops()


SHARED = """
physical-networks:
  - {{name: uplink, device: "net_af_packet0,iface=wire,blocksz=65536,framesz=2048,framecnt=512"}}
tunnel-endpoint: {{physical-network: uplink, address: 192.0.2.{number}/24 {vlan}}}
networks:
  - {{name: plain, type: flat, physical-network: uplink}}
  - {{name: blue, type: vlan, segment: 100, physical-network: uplink}}
  - {{name: red, type: vxlan, segment: 100, peers: [192.0.2.{other}]}}
  - {{name: green, type: gre, segment: 100, peers: [192.0.2.{other}]}}
ports:
  - {{name: p, network: plain}}
  - {{name: b, network: blue}}
  - {{name: r, network: red}}
  - {{name: g, network: green}}
"""


@proves("S11", "S13", "S27", "S35")
@pytest.mark.parametrize("vlan", ["", ", vlan: 10"], ids=["untagged endpoint", "endpoint in a VLAN"])
def test_a_wire_carries_flat_vlan_and_tunnels_together(both, vlan):
    sites = [Site(both, name) for name in ("left", "right")]
    spaces = [site.daemon.netns for site in sites]
    run("ip", "link", "add", "wire", "netns", spaces[0].name, "type", "veth", "peer", "name", "wire",
        "netns", spaces[1].name)
    for number, (site, space) in enumerate(zip(sites, spaces), 1):
        space.configures("wire")
        site.starts(SHARED.format(number=number, other=3 - number, vlan=vlan),
                    **{name: f"10.0.0.{number}{place}/24" for place, name in enumerate("pbrg")})
    left, right = sites
    finds_its_peers(left), finds_its_peers(right)
    for place, name in enumerate("pbrg"):
        assert reaches(left[name], f"10.0.0.2{place}"), name
        for other in range(4):
            if other != place:
                assert pings(left[name], f"10.0.0.2{other}", count=1, patience=0.15).received == 0, (name, other)
        assert hears_broadcast(right[name], left[name], f"from {name}")
        sends_tcp(left[name], right[name], 1 << 20)
    assert left.daemon.fdb("--network", "blue")[right.mac("b")] == "uplink"
    row, = left.daemon.json("fdb", "list", "--network", "red", "--endpoint", "192.0.2.2")
    assert (row["mac"], row["port"]) == (right.mac("r"), "uplink")
    # The endpoint is no host of a guest's network.
    left["p"].ip("addr", "add", "192.0.2.77/24", "dev", "p")
    left["r"].ip("addr", "add", "192.0.2.78/24", "dev", "r")
    for name in "pr":
        assert is_silent(left[name], "192.0.2.1"), name
    for site in sites:
        assert site.daemon.is_conserved()
        site.daemon.stops()
