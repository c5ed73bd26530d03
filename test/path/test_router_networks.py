# SPDX-License-Identifier: BSD-3-Clause
"""A router joins networks of any two types, and knows no difference between them.

    GUEST and FAR are in blue, OTHER_GUEST and OTHER_FAR in red. The guests are ports; those that are
    FAR are behind a wire or a tunnel, and tell the router where they are before anything else happens.

blue and the tunnels are on physnet1, red is on physnet2, which speaks first. The tunnels' endpoint is
in a VLAN, so it meets no flat network.
"""
import pytest

from frames import frame
from overlays import KINDS, PEER, US, WIRE, Tunnel, is_chatter
from routing import (R1, Host, answer, both_families, filled, number_of, ours, pong_of, site, tagged, unannounced,
                     too_big)
from secure import packet, ping, pong, udp
from words import proves

GUEST, OTHER_GUEST = Host("guest", "blue", 10), Host("other-guest", "red", 20)
FAR, OTHER_FAR = Host("far", "blue", 15), Host("other-far", "red", 25)
WIRE2 = "physnet2"
TYPES = ("local", "flat", "vlan") + KINDS
PAIRS = [(left, right) for left in TYPES for right in TYPES]
UNDERLAY = 10
every_pair = pytest.mark.parametrize("left, right", PAIRS, ids=lambda name: name)
every_type = pytest.mark.parametrize("kind", TYPES)
BOTH = R1.on("blue", "red")


class Side:
    """A network of some type: what it is to the file, and how its frames look outside."""

    def __init__(self, kind, network, far, guest, wire):
        self.kind, self.network, self.far, self.guest = kind, network, far, guest
        self.tunnel = Tunnel(kind, vlan=UNDERLAY) if kind in KINDS else None
        self.wire = WIRE if self.tunnel else None if kind == "local" else wire
        self.segment = None if kind in ("local", "flat") else 100 * number_of(network)

    def properties(self):
        words = {"type": self.kind, **({"segment": self.segment} if self.segment else {})}
        if self.tunnel:
            return {**words, "peers": [PEER.ip(4)], "static-macs": [{"mac": self.guest.mac, "port": self.guest.name}],
                    "neighbours": [{"mac": self.far.mac, "at": PEER.ip(4)}]}
        if self.wire:
            words["physical-network"] = self.wire
            words["static-macs"] = [{"mac": self.guest.mac, "port": self.guest.name},
                                    {"mac": self.far.mac, "physical-network": self.wire}]
        return words

    def arrives(self, data):
        return self.tunnel.arrives(data, self.segment) if self.tunnel else tagged(data, self.segment)

    def leaves(self, data):
        return self.tunnel.leaves(data, self.segment) if self.tunnel else tagged(data, self.segment)


def sides(left, right):
    return (Side(left, "blue", FAR, GUEST, WIRE), Side(right, "red", OTHER_FAR, OTHER_GUEST, WIRE2))


def is_heard(frames):
    """Tunnel packets of all kinds as leaves() makes them, without what the endpoint says of itself."""
    heard = []
    for data in unannounced(frames):
        if not is_chatter(data, US):
            plain = [Tunnel(kind, vlan=UNDERLAY).without_hash(data) for kind in KINDS]
            heard.append(next((other for other in plain if other != data), data))
    return heard


def joined(*networks, ports=(GUEST, OTHER_GUEST), routers=(BOTH,), **kinds):
    """A site with these sides, on two wires; kinds: of networks that are no sides."""
    config = site(ports, routers, {**{side.network: side.properties() for side in networks}, **kinds})
    if any(side.tunnel for side in networks):
        config["tunnel-endpoint"] = {"physical-network": WIRE, "mac": US.mac, "address": f"{US.ip(4)}/24",
                                     "vlan": UNDERLAY}
    config["physical-networks"] = [{"name": WIRE2}, {"name": WIRE}]
    return config


def begins(switch, config, sends):
    """PEER tells the endpoint where it is, if there is one."""
    switch.ears[WIRE] = is_heard
    for name in [WIRE2, *(port["name"] for port in config["ports"])]:
        switch.ears.setdefault(name, lambda frames: list(unannounced(frames)))
    near = [Tunnel(vlan=UNDERLAY).greets(PEER)] if "tunnel-endpoint" in config else []
    wires = {WIRE: near + sends.get(WIRE, [])}
    switch.starts(config, {**sends, **wires})
    return {"answer/taken": len(near)} if near else {}


def says(here, there, family, text):
    return here.says(R1, there, udp(1000, 80, text.encode()), family)


def tells(host, family):
    """A word to the router that teaches it where the host is."""
    return host.answers(R1) if family == 4 else host.asks(R1, 6, to=R1.mac(host.network))


def replies(host, family):
    """What the router may say to that."""
    return [answer(R1.mac(host.network), R1.ip(host.network, 6), host.mac, host.ip(6), R=r, O=o)
            for r in (0, 1) for o in (0, 1)] if family == 6 else []


@proves("S29", "S40")
@both_families
@every_pair
def test_any_two_networks_are_routed(switch, left, right, family):
    """Guest to guest, guest to far, far to guest, far to far: each way that there is, each twice."""
    blue, red = sides(left, right)
    sends, delivers, taught, welcomes = {WIRE: [], WIRE2: []}, {}, {}, []
    for side in (red, blue):
        if side.wire:
            sends[side.wire].append(side.arrives(tells(side.far, family)))
            welcomes += [side.leaves(data) for data in replies(side.far, family)]
            if family == 4:
                taught[side.wire] = taught.get(side.wire, 0) + 1

    def goes(here, side, there, other, is_far, to_far):
        data = says(here, there, family, f"{here.name} to {there.name}")
        out = R1.routes(data, there)
        sends.setdefault(side.wire if is_far else here.name, []).extend([side.arrives(data) if is_far else data] * 2)
        delivers.setdefault(other.wire if to_far else there.name, []).extend(
            [other.leaves(out) if to_far else out] * 2)

    if red.wire:
        goes(OTHER_FAR, red, GUEST, blue, True, False)
    if blue.wire:
        goes(FAR, blue, OTHER_GUEST, red, True, False)
        if red.wire:
            goes(FAR, blue, OTHER_FAR, red, True, True)
    goes(GUEST, blue, OTHER_GUEST, red, False, False)
    if red.wire:
        goes(GUEST, blue, OTHER_FAR, red, False, True)
    goes(OTHER_GUEST, red, GUEST, blue, False, False)
    if blue.wire:
        goes(OTHER_GUEST, red, FAR, blue, False, True)
    drops = begins(switch, joined(blue, red), sends)
    heard = {name: switch.hears(name) for name in switch.devices}
    for name, frames in heard.items():
        assert sorted(data for data in frames if data not in welcomes) == sorted(delivers.get(name, [])), name
    dropped = {name: {"answer/taken": taught.get(name, 0) + (drops.get("answer/taken", 0) if name == WIRE else 0)}
               for name in (WIRE, WIRE2)}
    switch.ends(delivers=heard, drops={name: row for name, row in dropped.items() if row["answer/taken"]})


@proves("S29", "S40")
@every_type
def test_the_router_answers_in_networks_of_every_type(switch, kind):
    """Who asks from outside, and who asks as a guest; one more guest in the network hears none of it."""
    witness = Host("witness", "blue", 16)
    blue, red = sides(kind, "local")
    asks = [FAR.asks(R1), FAR.asks(R1, to=R1.mac("blue"))] if blue.wire else []
    taken = begins(switch, joined(blue, red, ports=(GUEST, witness, OTHER_GUEST)), {
        WIRE: [blue.arrives(data) for data in asks], GUEST.name: [GUEST.asks(R1), GUEST.asks(R1, 6)]})
    heard = switch.hears(GUEST.name)
    assert heard[0] == R1.tells(GUEST) and heard[1] in replies(GUEST, 6) and len(heard) == 2
    switch.ends(delivers={WIRE: [blue.leaves(R1.tells(FAR)) for _ in asks], GUEST.name: heard},
                drops={WIRE: taken} if taken else {})


@proves("S40")
@every_type
def test_the_router_asks_in_networks_of_every_type(switch, kind):
    """All that are there: the guests, and whoever is behind the wire or the tunnels."""
    blue, red = sides("local", kind)
    absent = Host("absent", "red", 77)
    taken = begins(switch, joined(blue, red), {GUEST.name: [says(GUEST, absent, 4, "anybody")]})
    asked = R1.looks_for("red", absent.ip())
    assert switch.hears(OTHER_GUEST.name) == [asked] * 3
    outside = switch.hears(red.wire) if red.wire else []
    assert outside == ([red.leaves(asked)] * 3 if red.wire else [])
    dropped = {"guest": {"route/no-neighbour": 1}, **({WIRE: taken} if taken else {})}
    switch.ends(delivers={name: switch.hears(name) for name in switch.devices}, drops=dropped)


@proves("S40")
@pytest.mark.parametrize("kind", TYPES[1:])
def test_a_ping_of_the_router_comes_back_where_it_came_from(switch, kind):
    """From outside, by either of its addresses; nothing else leaves."""
    blue, red = sides(kind, "local")
    load = b"weft" * 8
    calls = [FAR.says(R1, R1.ip(place), ping(load=load)) for place in ("blue", "red")]
    taken = begins(switch, joined(blue, red), {WIRE: [blue.arrives(data) for data in [tells(FAR, 4)] + calls]})
    heard = switch.hears(WIRE)
    inner = [frame(R1.mac("blue"), FAR.mac, data[14 - len(calls[0]):], ethertype=0x0800) for data in heard]
    assert heard == [blue.leaves(data) for data in inner]
    assert [ours(data) for data in inner] == [pong_of(R1, FAR, pong(load=load), R1.ip(place))
                                              for place in ("blue", "red")]
    switch.ends(delivers={WIRE: heard}, drops={WIRE: {"answer/taken": 1 + taken.get("answer/taken", 0)}})


@proves("S29", "S40")
@pytest.mark.parametrize("kind", KINDS)
@both_families
def test_what_fits_a_vlan_and_not_a_tunnel_is_reported(switch, kind, family):
    """By the router, with the MTU of the overlay, which is less than that of its wire."""
    blue, red = sides("vlan", kind)
    mtu = Tunnel(kind).mtu
    odd = {"flags": "DF"} if family == 4 else {}
    fits, big = (GUEST.says(R1, OTHER_GUEST, filled(size, family), family, **odd) for size in (mtu, mtu + 1))
    switch.ears[GUEST.name] = lambda frames: [ours(data) for data in unannounced(frames)]
    taken = begins(switch, joined(blue, red), {GUEST.name: [fits, big, fits]})
    switch.ends(delivers={OTHER_GUEST.name: [R1.routes(fits, OTHER_GUEST)] * 2,
                          GUEST.name: [R1.complains(big, too_big(mtu, family), GUEST)]},
                drops={GUEST.name: {"route/too-big": 1}, WIRE: taken})


@proves("S12", "S29")
@both_families
def test_vlan_and_vxlan_lead_out_by_one_gateway(switch, family):
    """Tenants in a VLAN and in VXLAN, the provider in the untagged network of another wire."""
    hop = Host("isp", "public", 80)
    blue, red = sides("vlan", "vxlan")
    far = {4: "198.51.100.7", 6: "2600::7"}[family]
    config = joined(blue, red, routers=[R1.on("blue", "red", gateway=("public", hop.ip(family)))], public={
        "type": "flat", "physical-network": WIRE2, "static-macs": [{"mac": hop.mac, "physical-network": WIRE2}]})
    out = [host.says(R1, far, udp(1000, 80, host.name.encode())) for host in (GUEST, OTHER_GUEST)]
    back = [frame(hop.mac, R1.mac("public"), packet(far, host.ip(family), udp(80, 1000)))
            for host in (GUEST, OTHER_GUEST)]
    taken = begins(switch, config, {WIRE2: [tells(hop, family)] + back, GUEST.name: out[:1],
                                    OTHER_GUEST.name: out[1:]})
    heard = switch.hears(WIRE2)
    assert [data for data in heard if data not in replies(hop, family)] == [R1.routes(data, hop) for data in out]
    switch.ends(delivers={WIRE2: heard, GUEST.name: [R1.routes(back[0], GUEST)],
                          OTHER_GUEST.name: [R1.routes(back[1], OTHER_GUEST)]},
                drops={WIRE: taken, **({WIRE2: {"answer/taken": 1}} if family == 4 else {})})


@proves("S11", "S40")
def test_a_network_without_a_router_leg_stays_alone(switch):
    """The router's MAC of blue means nothing in a VLAN beside it."""
    blue, red = sides("vlan", "vlan")
    lonely = Host("lonely", "green", 30)
    config = joined(blue, red, ports=(GUEST, OTHER_GUEST, lonely), green={
        "type": "vlan", "segment": 300, "physical-network": WIRE})
    call = frame(lonely.mac, R1.mac("blue"), packet(lonely.ip(), OTHER_GUEST.ip(), udp(1, 2)))
    begins(switch, config, {"lonely": [call]})
    switch.ends(delivers={WIRE: [tagged(call, 300)]})
