# SPDX-License-Identifier: BSD-3-Clause
"""Routers between networks, and the kernel's own ARP, ND, TCP, UDP and ICMP at both ends; see routed."""
import socket
import time
from itertools import combinations

import pytest

from lab.process import SCALE, wait_until
from lab.site import Site
from lab.traffic import Stream, datagrams, is_silent, pings, sends_tcp
from lab.underlay import KernelVxlan, joins
from overlays import IPV4, finds_its_peers, forgets_path_mtu, probes_mtu, reaches
from routed import (A, B, EXPIRED, FAMILIES, NO_PORT, SILENT_FOR, bridges_to, chain, cidr, config, ends,
                    forwards, ip, learned_mtu, lives_in, neighbours, offender, router, said_by, settles, starts, talk)

proves = pytest.mark.proves
both_families = pytest.mark.parametrize("family", FAMILIES, ids=("IPv4", "IPv6"))


# ---- forwarding ----

@proves("S40")
def test_hosts_of_two_networks_talk(both):
    """Each finds the router by ARP and ND, and the router finds them."""
    site = starts(both, config("blue", "red"))
    a, b = site["a"], site["b"]
    for family in FAMILIES:
        assert pings(a, ip(*B, family), count=1, patience=5).received == 1, "the very first waits for the answer"
    talk(a, A, b, B, size=4 << 20)
    for family in FAMILIES:
        for size in (1, 1000, 8000):  # the last in fragments
            assert datagrams(a, b, 5005, ip(*B, family), size) == 5, size
            assert datagrams(b, a, 5005, ip(*A, family), size) == 5, size
        assert neighbours(site)[ip(*A, family)] == a.mac()
        assert neighbours(site)[ip(*B, family)] == b.mac()
    assert f" {ip('blue')} " in f" {a.ip('neigh').stdout} " and ip("red", "b") not in a.ip("neigh").stdout
    assert {drop: count for drop, count in site.daemon.drops("a").items() if drop.startswith("route/")} == {}
    ends(site)


@proves("S40")
def test_three_networks_and_no_way_to_a_fourth(both):
    """Every pair of three talks; who is on no link of the router is not there, and the sender hears so."""
    document = config("blue", "red", "green", "transit", routers=[router("blue", "red", "green")])
    site = starts(both, document)
    for name, network in zip("abc", ("blue", "red", "green")):
        for other, there in zip("abc", ("blue", "red", "green")):
            for family in FAMILIES:
                assert reaches(site[name], ip(there, other, family)), (name, other, family)
    assert "Net Unreachable" in said_by(site["a"], ip("transit", "d"))
    assert "No route" in said_by(site["a"], ip("transit", "d", 6))
    assert is_silent(site["d"], ip(*A))
    ends(site)


@proves("S40")
def test_two_tenants_with_the_same_addresses(both):
    """Each router knows its own networks only."""
    site = starts(both, config("blue", "red", "blue2", "red2", routers=[
        router("blue", "red"), router("blue2", "red2", name="r2")],
        ports={"a": "blue", "b": "red", "a2": "blue2", "b2": "red2"}))
    talk(site["a"], A, site["b"], B, size=1 << 20)
    talk(site["a2"], A, site["b2"], B, size=1 << 20)
    for name in ("a", "a2"):
        before = site.daemon.port("b2")["tx_packets"]
        assert pings(site[name], ip(*B), count=20, interval=0.01).received == 20
        assert (site.daemon.port("b2")["tx_packets"] - before >= 20) == (name == "a2")
    ends(site)


@proves("S40")
@both_families
def test_neighbours_by_way_of_the_router(both, family):
    """A host believes that its neighbour is far away: what is routed may leave where it came from."""
    site = starts(both, config("blue", "red", ports={"a": "blue", "b": "red", "c": "blue"}))
    a, c = site["a"], site["c"]
    for host, other in ((a, "c"), (c, "a")):
        host.ip(f"-{family}", "route", "add", f"{ip('blue', other, family)}/{32 if family == 4 else 128}",
                "via", ip("blue", 1, family))
    target = ip("blue", "c", family)
    assert offender(a, target, 1) == (ip("blue", 1, family), *EXPIRED[family])
    assert reaches(a, target) and reaches(c, ip(*A, family))
    sends_tcp(a, c, 2 << 20, address=target)
    ends(site)


# ---- what a host is told ----

@proves("S40")
@both_families
def test_a_way_is_traced(lab, family):
    """As by traceroute: who is there at one hop, at two, and at the end; with UDP and with ping."""
    site = starts(lab, chain())
    a, target = site["a"], ip(*B, family)
    assert reaches(a, target)
    assert offender(a, target, 1) == (ip("blue", 1, family), *EXPIRED[family])
    assert offender(a, target, 2) == (ip("transit", 2, family), *EXPIRED[family])
    assert offender(a, target, 3) == (target, *NO_PORT[family])
    for ttl, address in ((1, ip("blue", 1, family)), (2, ip("transit", 2, family))):
        said = said_by(a, target, "-t", ttl)
        assert f"From {address} " in said and "exceeded" in said, said
    assert pings(a, target, options=("-t", 3)).received == 3
    ends(site)


@proves("S40")
@both_families
@pytest.mark.parametrize("narrow", ["the second network", "the middle"])
def test_a_sender_learns_the_mtu(both, family, narrow):
    """Linux does not fragment what it sends by TCP, and both ends believe in 1500 bytes."""
    is_chain = narrow == "the middle"
    document = chain(transit={"mtu": 1400}) if is_chain else config("blue", "red", kinds={"red": {"mtu": 1400}})
    site = starts(both, document, mtu=1500)
    a, b = site["a"], site["b"]
    near, far = ip(*A, family), ip(*B, family)
    assert reaches(a, far)
    assert learned_mtu(a, far) is None
    probes_mtu(a, far, 1400, says=ip("blue", 1, family))
    assert learned_mtu(a, far) == 1400
    if is_chain:
        probes_mtu(b, near, 1400, says=ip("red", 1, family))
        assert learned_mtu(b, near) == 1400
    for host in (a, b):
        forgets_path_mtu(host)
    sends_tcp(a, b, 4 << 20, address=far)
    assert learned_mtu(a, far) == 1400, "TCP was told"
    if is_chain:
        sends_tcp(b, a, 4 << 20, address=near)
    if family == 4:
        forgets_path_mtu(a)
        for size in (1472, 4000):
            assert reaches(a, far, ("-s", size, "-M", "dont")), "the router fragments"
    ends(site)


@proves("S40")
@both_families
def test_the_router_answers_ping(lab, family):
    """What fits a frame; fragments for it are not put together."""
    site = starts(lab, config("blue", "red"))
    a, whole = site["a"], 1500 - (28 if family == 4 else 48)
    for address in (ip("blue", 1, family), ip("red", 1, family)):
        for size in (0, 1, 56, 500, whole):
            assert reaches(a, address, ("-s", size, "-M", "do")), (address, size)
        assert pings(a, address, count=200, interval=0.002).received == 200
        said_by(a, address, "-s", whole + 1)
    assert site.daemon.drops("a")["route/not-served"] >= 4
    assert offender(a, ip("red", 1, family), 64, port=53) == (ip("blue", 1, family), *NO_PORT[family])
    with a.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM) as caller:
        caller.settimeout(5 * SCALE)
        with pytest.raises(ConnectionRefusedError):
            caller.connect((ip("red", 1, family), 22))
    ends(site)


@proves("S40")
def test_linux_finds_that_an_address_of_the_router_is_taken(lab):
    """Duplicate address detection, RFC 4862."""
    site = starts(lab, config("blue", "red"))
    a = site["a"]
    a.sysctl("net/ipv6/conf/a/accept_dad", 1)
    for number, says in ((1, "dadfailed"), (99, "")):
        a.ip("addr", "add", cidr("blue", number, 6), "dev", "a")
        wait_until(lambda: "tentative" not in a.ip("addr", "show", "dev", "a", "to", ip("blue", number, 6)).stdout
                   or "dadfailed" in a.ip("addr").stdout, "Linux has decided")
        assert says in a.ip("addr", "show", "dev", "a", "to", ip("blue", number, 6)).stdout
    ends(site)


@proves("S40")
@both_families
def test_jumbo_frames_are_routed_and_answered(both, family):
    """A frame of 9000 bytes takes several buffers. TAP devices have none of those, so libpcap is on veth pairs."""
    document, site = config("blue", "red", kinds={name: {"mtu": 9000} for name in ("blue", "red")}), Site(both)
    for number, port in enumerate(document["ports"]):
        name, switch = port["name"], site.daemon.netns
        site.hosts[name] = both.host(name)
        joins(switch, f"wire-{name}", site[name], name, mtu=9000)
        port["device"] = f"net_pcap{number},rx_iface_in=wire-{name},tx_iface=wire-{name}"
    site.daemon.starts(document)
    settles(site, document)
    a, b, whole = site["a"], site["b"], 9000 - (28 if family == 4 else 48)
    for size in (1472, 2000, 4000, whole):
        for address in (ip(*B, family), ip("blue", 1, family), ip("red", 1, family)):
            assert reaches(a, address, ("-s", size, "-M", "do")), (address, size)
    sends_tcp(a, b, 8 << 20, address=ip(*B, family))
    sends_tcp(b, a, 8 << 20, address=ip(*A, family))
    assert datagrams(a, b, 5005, ip(*B, family), 8900) == 5
    ends(site)


# ---- routes ----

@proves("S40")
def test_a_network_behind_a_linux_router(both):
    """A static route leads there, and the way back is the Linux host's default route."""
    ways = [{"destination": "172.16.1.0/24", "next-hop": ip("red", "x")},
            {"destination": "fd00:16:1::/64", "next-hop": ip("red", "x", 6)}]
    site = starts(both, config("blue", "red", ports={"a": "blue", "x": "red"},
                               routers=[router("blue", "red", routes=ways)]))
    a, island = site["a"], both.host("island")
    bridges_to(forwards(site["x"]), island, "cable", 1)
    for address, back in (("172.16.1.2", ip(*A)), ("fd00:16:1::2", ip(*A, 6))):
        assert reaches(a, address) and reaches(island, back), address
        sends_tcp(a, island, 2 << 20, address=address)
        sends_tcp(island, a, 2 << 20, address=back)
    for family, target in ((4, "172.16.1.2"), (6, "fd00:16:1::2")):
        hops = [offender(a, target, ttl)[0] for ttl in (1, 2, 3)]
        assert hops == [ip("blue", 1, family), ip("red", "x", family), target]
    del ways[:]
    site.applies(config("blue", "red", ports={"a": "blue", "x": "red"}, routers=[router("blue", "red")]))
    assert "Net Unreachable" in said_by(a, "172.16.1.2")
    ends(site)


class Uses:
    """How many packets ports were sent since it was asked last."""

    def __init__(self, site, *ports):
        self.site, self.ports = site, ports
        self.before = self._counts()

    def _counts(self):
        return {port: self.site.daemon.port(port)["tx_packets"] for port in self.ports}

    def now(self):
        before, self.before = self.before, self._counts()
        return {port: self.before[port] - before[port] for port in self.ports}


@proves("S40")
def test_two_ways_share_the_load_until_one_goes_away(lab, report):
    """Flows of the way that goes away find the other as soon as its next hop has failed, and others lose nothing;
    when it is there again, it is used again."""
    target = "198.51.100.9"
    routes = [{"destination": "198.51.100.0/24", "next-hop": ip("red", name)} for name in "xy"]
    site = starts(lab, config("blue", "red", ports={"a": "blue", "x": "red", "y": "red"},
                               routers=[router("blue", "red", routes=routes)]))
    a, island = site["a"], lab.host("island")
    for number, name in enumerate("xy"):
        bridges_to(forwards(site[name]), island, f"cable-{name}", number)
        site[name].ip("route", "add", "198.51.100.0/24", "via", f"172.16.{number}.2")
    island.ip("addr", "add", f"{target}/32", "dev", "lo")
    island.address = target  # the way back is by y
    assert reaches(a, target)
    streams = [Stream(a, island, interval=0.05, port=6000 + number) for number in range(16)]
    uses = Uses(site, "x", "y")
    for stream in streams:
        stream.__enter__()
    try:
        uses.now()
        time.sleep(1)
        shares = uses.now()
        assert min(shares.values()) > 30, shares
        sends_tcp(a, island, 1 << 20)
        site["x"].ip("link", "set", "dev", "x", "down")
        gone = time.monotonic()
        wait_until(lambda: all(stream.arrived[max(stream.arrived)] > time.monotonic() - 0.3 for stream in streams)
                   and time.monotonic() > gone + 1, "all flows arrive by the other way", patience=SILENT_FOR)
        time.sleep(1)
        site["x"].ip("link", "set", "dev", "x", "up")
        uses.now()
        wait_until(lambda: uses.now()["x"] > 5, "the first way is used again", patience=10, interval=0.5)
    finally:
        for stream in streams:
            stream.__exit__()
    gaps = [stream.longest_gap() for stream in streams]
    assert sum(stream.lost() == [] for stream in streams) >= 2, "a flow stays on its way"
    report(f"flows of a way that goes away find the other after {max(gaps):.1f} s")
    assert max(gaps) < SILENT_FOR * SCALE, gaps
    ends(site)


# ---- the outside ----

OUTSIDE = {4: "172.16.1.2", 6: "fd00:16:1::2"}


def with_provider(lab, family):
    """An external network on a wire: a Linux router of the provider, and somebody beyond. The gateway of the switch's
    router has an address of this family; of the other it has an interface there, and a route to everywhere."""
    other = 10 - family
    inside = router("blue", "red", gateway=("public", ip("public", 254, family)), routes=[
        {"destination": {4: "0.0.0.0/0", 6: "::/0"}[other], "next-hop": ip("public", 254, other)}])
    inside["interfaces"].append({"network": "public", "address": cidr("public", 1, other)})
    document = config("blue", "red", "public", ports={"a": "blue", "b": "red"}, routers=[inside], kinds={
        "public": {"type": "flat", "physical-network": "uplink", "external": True}})
    site = starts(lab, document | {"physical-networks": [{"name": "uplink"}]})
    provider, beyond = site["uplink"], lab.host("beyond")
    lives_in(provider, "public", 254)
    bridges_to(forwards(provider), beyond, "cable", 1)
    return site, provider, beyond


@proves("S12", "S40")
@both_families
def test_hosts_reach_the_outside_and_are_reached(both, family):
    site, provider, beyond = with_provider(both, family)
    for family, target in OUTSIDE.items():
        hop = ip("public", 254, family)
        for host, place in ((site["a"], A), (site["b"], B)):
            inside = ip(*place, family)
            assert reaches(host, target) and reaches(host, hop)
            assert reaches(beyond, inside) and reaches(provider, inside)
            sends_tcp(host, beyond, 1 << 20, address=target)
            sends_tcp(beyond, host, 1 << 20, address=inside)
        for address in (ip("public", 1, family), ip("blue", 1, family)):
            assert reaches(provider, address) and reaches(beyond, address)
        hops = [offender(site["a"], target, ttl)[0] for ttl in (1, 2, 3)]
        assert hops == [ip("blue", 1, family), hop, target]
        hops = [offender(beyond, ip(*A, family), ttl)[0] for ttl in (2, 3)]
        assert hops == [ip("public", 1, family), ip(*A, family)]
    ends(site)


# ---- networks of other types ----

@proves("S29", "S40")
def test_vxlan_vlan_and_local_networks_are_routed(lab):
    """Guests of the kernel in two VXLANs, guests of another switch in two VLANs of one wire, and one of this
    switch: each in a network of its own, all routed here."""
    switches = [Site(lab, name) for name in ("left", "right")]
    joins(switches[0].daemon.netns, "wire", switches[1].daemon.netns, "wire")
    trunk = {"name": "trunk", "device": "net_af_packet0,iface=wire,blocksz=65536,framesz=2048,framecnt=512"}
    vlans = {name: {"type": "vlan", "segment": number, "physical-network": "trunk"}
             for number, name in enumerate(("red", "public"), 100)}
    vxlans = {name: {"type": "vxlan", "segment": number, "peers": [IPV4.far]}
              for number, name in enumerate(("blue", "transit"), 1001)}
    document = config("blue", "red", "green", "transit", "public", ports={"c": "green"}, kinds=vxlans | vlans)
    site, other = switches
    site.starts(document | {"physical-networks": [{"name": "uplink"}, trunk],
                            "tunnel-endpoint": {"physical-network": "uplink", "address": IPV4.near_cidr}})
    settles(site, document)
    document = config("red", "public", ports={"b": "red", "e": "public"}, routers=[], kinds=vlans,
                      **{"physical-networks": [trunk]})
    other.starts(document)
    settles(other, document)
    far, machine, c = site["uplink"], other["b"], site["c"]
    far.ip("addr", "add", IPV4.far_cidr, "dev", "uplink")
    guest, guest2 = (KernelVxlan(lab, far, vni, IPV4.far, IPV4.near, name=f"vxlan{vni}",
                                 mtu=IPV4.inner_mtu("vxlan")).guest for vni in (1001, 1002))
    lives_in(guest, *A)
    lives_in(guest2, "transit", "d")
    finds_its_peers(site)
    places = (guest, A), (machine, B), (c, ("green", "c")), (guest2, ("transit", "d")), (other["e"], ("public", "e"))
    for (one, here), (another, there) in combinations(places, 2):
        talk(one, here, another, there, size=1 << 19)
    for family in FAMILIES:
        forgets_path_mtu(c)
        probes_mtu(c, ip(*A, family), IPV4.inner_mtu("vxlan"), says=ip("green", 1, family))
        assert offender(guest, ip(*B, family), 1) == (ip("blue", 1, family), *EXPIRED[family])
        assert offender(machine, ip(*A, family), 1) == (ip("red", 1, family), *EXPIRED[family])
    other.daemon.stops()
    ends(site)
