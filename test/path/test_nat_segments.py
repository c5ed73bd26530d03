# SPDX-License-Identifier: BSD-3-Clause
"""NAT for networks of all types: the guest's network and the external one are what they like.

GUEST has FIP1 and is a port in blue; FAR is in blue behind a wire or a tunnel, and has none. Outside, ISP is a port
and BEYOND is behind the other wire. See test_router_networks, whose networks these are.
"""
import pytest

from overlays import PEER, WIRE, Tunnel
from routing import ISP, R1, Host, ours
from secure import ping, pong, tcp, udp
from test_router_networks import FAR, GUEST, TYPES, UNDERLAY, WIRE2, Side, is_heard, joined, tells
from translated import FIP1, GATE, becomes, forwards, is_for_itself, leads
from words import proves

BEYOND = Host("beyond", "public", 95)
OUTSIDE = ("flat", "vlan")
every_type = pytest.mark.parametrize("kind", TYPES)
every_outside = pytest.mark.parametrize("outside", OUTSIDE)


class Case:
    """What each wire and port says and should hear."""

    def __init__(self, kind, outside, **router):
        self.blue, self.public = Side(kind, "blue", FAR, GUEST, WIRE), Side(outside, "public", BEYOND, ISP, WIRE2)
        self.router = leads([(FIP1, GUEST)], inside=["blue"], **router)
        self.sends, self.delivers = {WIRE2: [], WIRE: []}, {}
        self.sends[WIRE2].append(self.public.arrives(tells(BEYOND, 4)))
        if self.blue.wire:
            self.sends[WIRE].append(self.blue.arrives(tells(FAR, 4)))

    def side_of(self, host):
        return {FAR: self.blue, BEYOND: self.public}.get(host)

    def goes(self, here, there, data, times=2, **changes):
        """Frames of one that should arrive at another, translated like this."""
        out = ours(R1.routes(becomes(data, **changes), there))
        near, far = self.side_of(here), self.side_of(there)
        self.sends.setdefault(near.wire if near else here.name, []).extend(
            [near.arrives(data) if near else data] * times)
        self.delivers.setdefault(far.wire if far else there.name, []).extend([far.leaves(out) if far else out] * times)

    def runs(self, switch):
        config = joined(self.blue, self.public, ports=(GUEST, ISP), routers=(self.router,))
        for name in (WIRE, WIRE2, GUEST.name, ISP.name):
            switch.ears[name] = lambda frames: [ours(data) for data in is_heard(frames) if not asks_itself(data)]
        near = [Tunnel(vlan=UNDERLAY).greets(PEER)] if "tunnel-endpoint" in config else []
        switch.starts(config, {**self.sends, WIRE: near + self.sends[WIRE]})
        taught = {WIRE2: 1, WIRE: len(near) + bool(self.blue.wire)}
        heard = {name: switch.hears(name) for name in switch.devices}
        for name, frames in heard.items():
            assert sorted(frames) == sorted(self.delivers.get(name, [])), name
        switch.ends(delivers=heard, drops={name: {"answer/taken": count} for name, count in taught.items() if count})


def asks_itself(data):
    """A router's own question or announcement, tagged or not."""
    return is_for_itself(data[:12] + data[16:] if data[12:14] == b"\x81\0" else data)


@proves("S12", "S29", "S44")
@every_type
@every_outside
def test_a_floating_ip_in_a_network_of_any_type(switch, outside, kind):
    """Out and in, by a port outside and by a wire."""
    case = Case(kind, outside)
    for there in (BEYOND, ISP):
        case.goes(GUEST, there, GUEST.says(R1, there, udp(1000, 80)), src=FIP1)
        case.goes(GUEST, there, GUEST.says(R1, there, ping(number=9)), src=FIP1)
        case.goes(there, GUEST, there.says(R1, FIP1, udp(1001, 80)), dst=GUEST.ip())
        case.goes(there, GUEST, there.says(R1, FIP1, tcp(1001, 80)), dst=GUEST.ip())
    case.runs(switch)


@proves("S29", "S42")
@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "local"])
@every_outside
def test_source_nat_of_who_is_behind_a_wire_or_a_tunnel(switch, outside, kind):
    """Wires speak before ports and in one burst, so the answers are of ISP."""
    case = Case(kind, outside)
    case.goes(FAR, ISP, FAR.says(R1, ISP, udp(1000, 80)), src=GATE)
    case.goes(FAR, ISP, FAR.says(R1, ISP, ping(number=9)), src=GATE)
    case.goes(ISP, FAR, ISP.says(R1, GATE, udp(80, 1000)), dst=FAR.ip())
    case.goes(ISP, FAR, ISP.says(R1, GATE, pong(number=9)), dst=FAR.ip())
    case.runs(switch)


@proves("S29", "S44")
@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "local"])
def test_who_is_behind_a_wire_or_a_tunnel_calls_by_outside_addresses(switch, kind):
    """A floating IP and a forwarded port of a guest in its own network."""
    case = Case(kind, "vlan", forwarding=[forwards(8080, GUEST, 90, "udp")])
    case.goes(FAR, GUEST, FAR.says(R1, FIP1, udp(1000, 80)), src=GATE, dst=GUEST.ip())
    case.goes(FAR, GUEST, FAR.says(R1, GATE, udp(1000, 8080)), src=GATE, dst=GUEST.ip(), dport=90)
    case.goes(GUEST, FAR, GUEST.says(R1, GATE, udp(80, 1000)), src=FIP1, dst=FAR.ip())
    case.goes(GUEST, FAR, GUEST.says(R1, GATE, udp(90, 1000)), src=GATE, dst=FAR.ip(), sport=8080)
    case.runs(switch)
