# SPDX-License-Identifier: BSD-3-Clause
"""The other end is elsewhere: behind a wire, a VLAN, a tunnel. The guest's walls are the same.

WIRED is the one behind the wire; the connection is of the frame inside of the tunnel.
"""
import pytest

import overlays
from frames import EVERYBODY, frame
from harness import ANYTHING
from overlays import ONE_OF_EACH, OTHER, US, Tunnel
from secure import (MUTE, PEER, REFUSED, THIRD, VLAN, VM, WIRE, WIRED, Guest, Talk, both_families,
                    group, ingress, packet, pieces, site, tcp, udp)
from words import proves

HOST = overlays.PEER
FAR = Guest("far", 9)  # as WIRED, without a tag: inside of a tunnel
WEB = group("web", ingress("udp", 53), ingress("tcp", 80), MUTE)
one_of_each = pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)


def tagged(data, vlan=VLAN):
    return data[:12] + b"\x81\x00" + vlan.to_bytes(2, "big") + data[12:]


# Behind a VLAN.


@proves("S33", "S47")
@both_families
def test_a_guest_of_a_vlan_is_asked(switch, family):
    talk = Talk(switch, site([VM.port("web")], [WEB], wired=[WIRED]))
    asks = FAR.says(VM, tcp(1000, 80), family)
    talk.refuses(WIRED, tagged(FAR.says(VM, tcp(1000, 81), family)), why="deliver/not-allowed")
    talk.says(WIRED, tagged(asks), hears={VM: asks})
    reply = VM.says(FAR, tcp(80, 1000, "SA"), family)
    talk.says(VM, reply, hears={WIRED: tagged(reply)})
    talk.refuses(VM, VM.says(FAR, tcp(81, 1000, "SA"), family), why=REFUSED["egress"])
    assert [(row["to"], row["network"]) for row in talk.connections()] == [("vm", "blue")]
    talk.ends()


def test_a_connection_names_the_ports_that_let_it_through(switch):
    """A wire has no groups, so it is not one of them."""
    talk = Talk(switch, site([VM.port("web")], [WEB], wired=[WIRED]))
    asks = FAR.says(VM, udp(9, 53))
    talk.says(WIRED, tagged(asks), hears={VM: asks})
    assert [(row["from"], row["to"]) for row in talk.connections()] == [(None, "vm")]
    assert len(talk.connections("--port", WIRE)) == 0
    assert switch.json("connection", "flush", "--port", "vm") == {"flushed": 1}
    talk.ends()


@proves("S33", "S47")
@both_families
def test_a_guest_of_a_vlan_asks(switch, family):
    talk = Talk(switch, site([VM.port()], wired=[WIRED]))
    asks, answers = VM.says(FAR, udp(9, 53), family), FAR.says(VM, udp(53, 9), family)
    talk.refuses(WIRED, tagged(answers), why="deliver/not-allowed")
    talk.says(VM, asks, hears={WIRED: tagged(asks)})
    talk.says(WIRED, tagged(answers), hears={VM: answers})
    talk.ends()


@proves("S47")
def test_vlans_of_one_wire_keep_their_connections_apart(switch):
    """The same addresses on both; the answer to one does not come by the other."""
    config = site([{**VM.port(), "name": "vm-blue"}], wired=[WIRED])
    red = {**config["networks"][0], "name": "red", "segment": 200, "static-macs": [
        {"mac": WIRED.mac, "physical-network": WIRE}]}
    config["networks"].append(red)
    config["ports"].append({**VM.port(network="red"), "name": "vm-red"})
    asks, answers = VM.says(FAR, udp(9, 53)), FAR.says(VM, udp(53, 9))
    talk = Talk(switch, config)
    talk.says("vm-blue", asks, hears={WIRE: tagged(asks)})
    talk.refuses(WIRE, tagged(answers, 200), why="deliver/not-allowed")
    talk.says(WIRE, tagged(answers), hears={"vm-blue": answers})
    talk.says("vm-red", asks, hears={WIRE: tagged(asks, 200)})
    talk.says(WIRE, tagged(answers, 200), hears={"vm-red": answers})
    talk.ends()


@proves("S47")
def test_a_flood_from_the_wire_reaches_whom_it_may(switch):
    call = frame(FAR.mac, EVERYBODY, packet(FAR.ip(), "10.0.0.255", udp(9, 53)))
    talk = Talk(switch, site([VM.port("web"), PEER.port(), THIRD.free()], [WEB], wired=[WIRED]))
    talk.says(WIRED, tagged(call), hears={VM: call, THIRD: call})
    talk.ends()


def test_a_flood_of_a_guest_is_judged_once_for_itself(switch):
    """It may not say this, so nobody hears it, by no way."""
    call = frame(VM.mac, EVERYBODY, packet(VM.ip(), "10.0.0.255", udp(9, 9)))
    talk = Talk(switch, site([VM.port("web"), PEER.free(), THIRD.free()], [WEB], wired=[WIRED]))
    talk.refuses(VM, call, why="admit/not-allowed")
    talk.ends()


def test_fragments_of_a_wire(switch):
    parts = pieces(udp(9, 53, bytes(96)), here=FAR)
    talk = Talk(switch, site([VM.port("web")], [WEB], wired=[WIRED]))
    talk.says(WIRED, *map(tagged, parts[::-1]), hears={VM: parts})
    talk.ends()


def test_a_spoofed_frame_does_not_reach_the_wire(switch):
    talk = Talk(switch, site([VM.port()], wired=[WIRED]))
    lie = frame(VM.mac, FAR.mac, packet(PEER.ip(), FAR.ip(), udp(9, 53)))
    talk.refuses(VM, lie, why="admit/ip-spoofed")
    talk.ends()


# Behind a tunnel.


def over(tunnel, *ports, groups=(WEB,)):
    config = tunnel.config(ports=list(ports), peers=[HOST, OTHER], knows=[(FAR.mac, None, HOST)])
    for port in ports:
        config["networks"][0].setdefault("static-macs", []).append(
            {"mac": port["mac"], "port": port["name"]})
    config["security-groups"] = list(groups)
    return config


@proves("S33", "S47")
@both_families
@one_of_each
def test_a_guest_behind_a_tunnel_is_asked(switch, tunnel, family):
    asks, reply = FAR.says(VM, tcp(1000, 80), family), VM.says(FAR, tcp(80, 1000, "SA"), family)
    stray = VM.says(FAR, tcp(81, 1000, "SA"), family)
    config = over(tunnel, VM.port("web"))
    tunnel.starts(switch, config, sends={
        WIRE: [tunnel.arrives(asks), tunnel.arrives(FAR.says(VM, tcp(1000, 81), family))],
        "vm": [reply]})
    row, = switch.json("connection list")
    assert (row["to"], row["state"]) == ("vm", "SYN_RECV")
    again = switch.reopens(config, "vm", [stray])
    switch.applies(again)
    reasons = switch.drops()["vm"]
    assert sum(reasons.values()) == 1 and reasons.keys() <= REFUSED["egress"]
    tunnel.ends(switch, delivers={"vm": [asks], WIRE: [tunnel.leaves(reply, to=HOST)]},
                drops={WIRE: {"deliver/not-allowed": 1}, "vm": reasons})


@proves("S33", "S47")
@both_families
@one_of_each
def test_a_guest_behind_a_tunnel_asks(switch, tunnel, family):
    asks, reply = VM.says(FAR, udp(9, 53), family), FAR.says(VM, udp(53, 9), family)
    stray = FAR.says(VM, udp(54, 9), family)
    config = over(tunnel, VM.port(), groups=())
    tunnel.starts(switch, config, sends={WIRE: [tunnel.arrives(reply)], "vm": [asks]})
    assert switch.hears("vm") == []
    frames = [tunnel.arrives(reply), tunnel.arrives(stray), tunnel.arrives(reply, src=OTHER)]
    switch.applies(switch.reopens(config, WIRE, frames))
    heard = switch.hears("vm")
    assert heard == [reply, reply]
    assert switch.hears(WIRE) == [tunnel.leaves(asks, to=HOST)]
    assert switch.drops()[WIRE]["deliver/not-allowed"] == 2
    switch.ends(delivers={device: switch.hears(device) for device in switch.devices},
                drops=ANYTHING)


@proves("S47")
@one_of_each
def test_members_behind_a_tunnel(switch, tunnel):
    """A remote group is addresses, wherever they are."""
    groups = [group("web", ingress("udp", 53, remote_group="db"), MUTE),
              group("db", members=[FAR.ip()])]
    calls = [FAR.says(VM, udp(9, 53)), PEER.says(VM, udp(9, 53))]
    tunnel.starts(switch, over(tunnel, VM.port("web"), groups=groups),
                  sends={WIRE: [tunnel.arrives(call) for call in calls]})
    tunnel.ends(switch, delivers={"vm": calls[:1]}, drops={WIRE: {"deliver/not-allowed": 1}})


@one_of_each
def test_fragments_in_a_tunnel(switch, tunnel):
    parts = pieces(udp(9, 53, bytes(96)), here=FAR)
    tunnel.starts(switch, over(tunnel, VM.port("web")),
                  sends={WIRE: [tunnel.arrives(parts[place]) for place in (2, 0, 1)]})
    tunnel.ends(switch, delivers={"vm": parts})


@one_of_each
def test_fragments_into_a_tunnel(switch, tunnel):
    parts = pieces(udp(9, 53, bytes(96)), here=VM, there=FAR)
    tunnel.starts(switch, over(tunnel, VM.port(), groups=()), sends={"vm": parts[::-1]})
    tunnel.ends(switch, delivers={WIRE: [tunnel.leaves(part, to=HOST) for part in parts]})


@proves("S47")
def test_segments_keep_their_connections_apart(switch):
    """Two networks of one kind with the same guests inside."""
    tunnel = Tunnel("vxlan")
    networks = [tunnel.network(name, number, peers=[HOST], knows=[(FAR.mac, None, HOST)])
                for name, number in (("blue", 1), ("red", 2))]
    ports = [{**VM.port(network=name), "name": f"vm-{name}"} for name in ("blue", "red")]
    config = {**tunnel.config(networks=networks, ports=ports), "security-groups": []}
    asks, reply = VM.says(FAR, udp(9, 53)), FAR.says(VM, udp(53, 9))
    tunnel.starts(switch, config, near=[HOST], sends={"vm-blue": [asks]})
    switch.applies(switch.reopens(config, WIRE, [tunnel.arrives(reply, 2),
                                                 tunnel.arrives(reply, 1)]))
    assert (switch.hears("vm-blue"), switch.hears("vm-red")) == ([reply], [])
    assert switch.drops()[WIRE]["deliver/not-allowed"] == 1
    assert [row["network"] for row in switch.json("connection list")] == ["blue"]
    switch.stops()


def test_the_endpoint_itself_has_no_walls(switch):
    """ARP and ping of the underlay are the host's, not a guest's."""
    tunnel = Tunnel("vxlan")
    tunnel.starts(switch, over(tunnel, VM.port("web")), sends={WIRE: [tunnel.asks(HOST, US)]})
    assert switch.drops().keys() <= {WIRE}
    assert "not-allowed" not in str(switch.drops())
    switch.stops()
