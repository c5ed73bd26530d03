# SPDX-License-Identifier: BSD-3-Clause
"""VXLAN, GRE and Geneve with Open vSwitch, its userspace datapath, at the other end."""
import pytest

from lab.ovs import OpenvSwitch
from lab.traffic import pings
from overlays import (A, B, IPV4, IPV6, finds_its_peers, hears_broadcast, is_served, overlay, probes_mtu, reaches,
                      speaks_ipv6, starts, talk)

proves = pytest.mark.proves
KINDS = ("vxlan", "gre", "geneve")


def with_ovs(lab, underlay, config, mtu=None):
    ovs = lab.keeps(OpenvSwitch("ovs"))
    site = starts(lab, config, ovs.netns, mtu=mtu)
    ovs.lives_on("uplink", underlay.far_cidr)
    return site, ovs


@proves("S26", "S28", "S30", "S31")
@pytest.mark.parametrize("underlay", [IPV4, IPV6], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_open_vswitch_and_weft_talk(lab, kind, underlay):
    site, ovs = with_ovs(lab, underlay, overlay(underlay, kind))
    ovs.tunnels("br0", kind, 1001, underlay.near)
    mtu = underlay.inner_mtu(kind)
    b = ovs.guest(lab, "b", "br0", f"{B}/24", mtu=mtu)
    finds_its_peers(site)
    talk(site["a"], b)
    assert hears_broadcast(b, site["a"], "from weft")
    assert hears_broadcast(site["a"], b, "from Open vSwitch")
    assert {site["a"].mac(), b.mac()} <= ovs.fdb("br0").keys()
    row, = site.daemon.json("fdb", "list", "--endpoint", underlay.far)
    assert (row["mac"], row["origin"], row["port"]) == (b.mac(), "learned", "uplink")
    assert reaches(b, A, ("-s", mtu - 28, "-M", "do"))
    is_served(site)
    assert site.daemon.is_conserved()
    site.daemon.stops()


@proves("S28", "S30", "S31")
@pytest.mark.parametrize("kind", KINDS)
def test_a_guest_is_told_the_mtu(lab, kind):
    site, ovs = with_ovs(lab, IPV4, overlay(IPV4, kind), mtu=1500)
    ovs.tunnels("br0", kind, 1001, IPV4.near)
    mtu = IPV4.inner_mtu(kind)
    b = ovs.guest(lab, "b", "br0", f"{B}/24", mtu=mtu)
    for guest, address in ((site["a"], "fd00::1/64"), (b, "fd00::2/64")):
        speaks_ipv6(guest, address)
    finds_its_peers(site)
    assert reaches(site["a"], B) and reaches(site["a"], "fd00::2")
    assert reaches(site["a"], B, ("-s", 1472, "-M", "dont")), "fragmented"
    probes_mtu(site["a"], B, mtu)
    probes_mtu(site["a"], "fd00::2", mtu)
    site.daemon.stops()


@proves("S23", "S28", "S30")
def test_one_number_is_three_networks(both):
    """VNI 5, key 5 and VNI 5 of Geneve at one endpoint are three networks that do not mix."""
    config = overlay(IPV4)
    config["networks"] = [{"name": kind, "type": kind, "segment": 5, "peers": [IPV4.far]} for kind in KINDS]
    config["ports"] = [{"name": f"a-{kind}", "network": kind} for kind in KINDS]
    ovs = both.keeps(OpenvSwitch("ovs"))
    site = starts(both, config, ovs.netns, **{f"a-{kind}": f"{A}/24" for kind in KINDS})
    ovs.lives_on("uplink", IPV4.far_cidr)
    guests = {}
    for number, kind in enumerate(KINDS, 2):
        ovs.tunnels(f"br-{kind}", kind, 5, IPV4.near)
        guests[kind] = ovs.guest(both, f"b-{kind}", f"br-{kind}", f"10.0.0.{number}/24", mtu=1400)
    finds_its_peers(site)
    for kind, guest in guests.items():
        talk(site[f"a-{kind}"], guest, size=1 << 20)
        for other, stranger in guests.items():
            if other != kind:
                assert pings(site[f"a-{kind}"], stranger.address, count=1, patience=0.2).received == 0, (kind, other)
    assert {row["mac"]: row["network"] for row in site.daemon.json("fdb list") if row["endpoint"]} \
        == {guest.mac(): kind for kind, guest in guests.items()}
    site.daemon.stops()
