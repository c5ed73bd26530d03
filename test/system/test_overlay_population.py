# SPDX-License-Identifier: BSD-3-Clause
"""L2 population: what is known beforehand, what crosses the tunnel in spite of it, what is heard later."""
import time

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS
from scapy.layers.l2 import ARP, Ether

from lab.traffic import Stream, is_silent
from lab.underlay import inner
from lab.wire import Tap
from overlays import ROUTED_IPV4 as IPV4
from overlays import A, B, Routed, all_heard, reaches, routed_end, speaks_ipv6

proves = pytest.mark.proves
BROADCAST = "ff:ff:ff:ff:ff:ff"
MAC_A, MAC_B = "02:00:00:00:00:02", "02:00:00:00:01:02"  # of the guests, by the rule of lab.site
ENDS = [(IPV4.near, IPV4.far, "a"), (IPV4.far, IPV4.near, "b")]
THIRD, GUEST_3 = "203.0.113.3", "02:00:00:00:03:03"  # an endpoint that only broadcast and guessing would reach


def populated(local, remote, guest, known, kind, **network):
    """Its peers are those that the preloaded entries name."""
    rows = [*({"mac": mac, "ip": address, "at": remote} for mac, address in known),
            {"mac": GUEST_3, "ip": "10.0.0.3", "at": THIRD}]
    config = routed_end(local, remote, 24, guest, kind, neighbours=rows, **network)
    del config["networks"][0]["peers"]
    config["networks"].append({"name": "red", "type": kind, "segment": 1002, "peers": [THIRD]})
    config["ports"] += [{"name": f"red-{guest}", "network": "red"},
                        {"name": f"c-{guest}", "network": "blue", "mac": f"02:00:00:00:0c:0{'ab'.index(guest)}",
                         "addresses": [f"10.0.0.2{'ab'.index(guest)}"]}]
    return config


def summary(ear, silence=0.3):
    """What crossed: {(segment, outer destination, what)}."""
    names = {ARP: "arp", ICMPv6ND_NS: "ns"}
    crossed = set()
    for frame in all_heard(ear, silence):
        found = inner(frame)
        if found and not (found[2].dst.startswith("33:33:") and ICMPv6ND_NS not in found[2]):  # MLD, now and then
            what = next((name for layer, name in names.items() if layer in found[2]), "other")
            crossed.add((found[1], frame[IP].dst, what))
    return crossed


@proves("S31", "S49")
@pytest.mark.parametrize("kind", ["vxlan", "gre"])
def test_what_is_known_beforehand_is_not_asked_for(lab, kind):
    """Known addresses are answered by the switch; one-to-one traffic goes to one endpoint, the rest to those that
    have the network; nothing else crosses."""
    configs = [populated(IPV4.near, IPV4.far, "a", [(MAC_B, B), (MAC_B, "fd00::2")], kind),
               populated(IPV4.far, IPV4.near, "b", [(MAC_A, A), (MAC_A, "fd00::1")], kind)]
    routed = Routed(lab, IPV4, kind, configs=configs)
    routed.router.ip("route", "add", "blackhole", f"{THIRD}/32")
    routed.settles()
    a, daemon = routed.a, routed.left.daemon
    assert (a.mac(), routed.b.mac()) == (MAC_A, MAC_B)
    speaks_ipv6(a, "fd00::1/64")
    speaks_ipv6(routed.b, "fd00::2/64")
    with Tap(routed.router, "wire-a") as ear, Tap(a) as guest, Tap(routed.left["c-a"]) as bystander:
        ear.hears_all(0.3)
        assert reaches(a, B) and reaches(a, "fd00::2")
        assert summary(ear) == {(1001, IPV4.far, "other")}, "no question crosses, and one endpoint hears it"
        answer = next(frame for frame in all_heard(guest, 0.1) if ARP in frame and frame[ARP].op == 2)
        assert (answer.dst, answer[ARP].hwsrc, answer[ARP].psrc) == (MAC_A, MAC_B, B)
        assert not [frame for frame in all_heard(bystander, 0.1) if ARP in frame], "nobody else was asked"

        is_silent(a, "10.0.0.3")
        assert summary(ear) == {(1001, THIRD, "other")}
        # What is not asked about, broadcast and an announcement, goes to each that has the network.
        guest.sends(Ether(src=MAC_A, dst=BROADCAST) / ARP(op=1, hwsrc=MAC_A, psrc=A, pdst=A))
        assert summary(ear) == {(1001, IPV4.far, "arp"), (1001, THIRD, "arp")}
        with Tap(routed.left["red-a"]) as red:
            red.sends(Ether(src=routed.left.mac("red-a"), dst=BROADCAST) / IP(dst="255.255.255.255") / UDP())
        assert summary(ear) == {(1002, THIRD, "other")}
        # A local port's address is known as well.
        guest.sends(Ether(src=MAC_A, dst=BROADCAST) / ARP(hwsrc=MAC_A, psrc=A, pdst="10.0.0.20"))
        assert guest.waits_for(lambda frame: ARP in frame and frame[ARP].op == 2 and frame[ARP].psrc == "10.0.0.20")
        assert not [frame for frame in all_heard(bystander, 0.1) if ARP in frame and frame[ARP].pdst == "10.0.0.20"]
        assert not summary(ear, 0.1)

        # Nobody is known to have this one. First everybody is asked, then the file says not to.
        assert is_silent(a, "10.0.0.77")
        assert summary(ear) == {(1001, IPV4.far, "arp"), (1001, THIRD, "arp")}
        changed = configs[0]
        changed["networks"][0]["unknown-addresses"] = "drop"
        with Stream(a, routed.b) as stream:
            daemon.applies(changed)
            time.sleep(0.2)
        assert stream.lost() == [], "a change harms nobody"
        ear.hears_all(0.1)
        assert is_silent(a, "10.0.0.77")
        assert not {what for what in summary(ear) if what[2] == "arp"}
        assert daemon.drops("a")["answer/unknown-address"] >= 1
    row, = [row for row in daemon.json("fdb list") if row["mac"] == GUEST_3]
    assert (row["endpoint"], row["origin"]) == (THIRD, "l2pop")
    routed.stops()


@proves("S49")
def test_entries_change_at_run_time_without_touching_others(lab):
    configs = [routed_end(local, remote, 24, guest) for local, remote, guest in ENDS]
    configs[0]["networks"][0]["neighbours"] = [{"mac": MAC_B, "ip": B, "at": IPV4.far}]
    routed = Routed(lab, IPV4, configs=configs).settles()
    more = [{"mac": f"02:00:00:0d:{n >> 8:02x}:{n & 255:02x}", "ip": f"10.0.{n >> 8}.{n & 255}", "at": IPV4.far}
            for n in range(256, 1256)]
    with Stream(routed.a, routed.b) as stream:
        for rows in (more, []):
            configs[0]["networks"][0]["neighbours"][1:] = rows
            routed.left.daemon.applies(configs[0])
            known = [row["mac"] for row in routed.left.daemon.json("fdb", "list", "--endpoint", IPV4.far)]
            assert sorted(known) == sorted([MAC_B, *(row["mac"] for row in rows)])
    assert stream.lost() == []
    routed.stops()


@proves("S27", "S49")
def test_a_guest_moves_to_the_other_switch(lab):
    """Preloaded data says that b is beyond the tunnel; b speaks on this side, and what is heard wins."""
    configs = [routed_end(local, remote, 24, guest) for local, remote, guest in ENDS]
    configs[0]["networks"][0]["neighbours"] = [{"mac": MAC_B, "ip": B, "at": IPV4.far}]
    configs[0]["ports"].append({"name": "new", "network": "blue"})
    routed = Routed(lab, IPV4, configs=configs).settles()
    assert reaches(routed.a, B)
    routed.b.ip("link", "set", "dev", "b", "down")
    new = routed.left["new"]
    new.ip("link", "set", "dev", "new", "address", MAC_B)
    new.ip("addr", "add", f"{B}/24", "dev", "new")
    assert reaches(new, A) and reaches(routed.a, B)
    row, = [row for row in routed.left.daemon.json("fdb list") if row["mac"] == MAC_B]
    assert (row["port"], row["endpoint"], row["origin"]) == ("new", None, "learned")
    new.ip("link", "set", "dev", "new", "down")
    routed.b.ip("link", "set", "dev", "b", "up")
    assert reaches(routed.b, A), "and back again"
    routed.left.daemon.json("fdb flush")
    row, = [row for row in routed.left.daemon.json("fdb list") if row["mac"] == MAC_B]
    assert (row["endpoint"], row["origin"]) == (IPV4.far, "l2pop"), "what was told is there again"
    routed.stops()
