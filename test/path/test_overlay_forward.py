# SPDX-License-Identifier: BSD-3-Clause
"""Overlay networks: who hears whom over tunnels, what is learned, and that nothing is mixed up."""
import time

import pytest

from frames import A, B, C, D, EVERYBODY, address, frame, mac
from harness import wait_until
from overlays import (KINDS, ONE_OF_EACH, OTHER, PEER, ROUTER, STRANGER, THIRD, US, WIRE, Street,
                      Tunnel, is_chatter, padded)
from words import proves

HELLO, CALL = frame(A, EVERYBODY), frame(C, EVERYBODY)
MULTICAST, MULTICAST6 = "01:00:5e:00:00:05", "33:33:00:00:00:05"
VXLAN = Tunnel("vxlan")
PEERS = (PEER, OTHER, THIRD)
one_of_each = pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)


def places(switch, *filters):
    """{(MAC, port, endpoint, origin)}"""
    return {(row["mac"], row["port"], row["endpoint"], row["origin"])
            for row in switch.json("fdb", "list", *filters)}


# To many.


@proves("S11", "S27", "S30", "S31")
@one_of_each
def test_what_is_for_all_goes_once_to_each_peer_and_guest(switch, tunnel):
    """Head-end replication: of broadcast, multicast and what is for an unknown address."""
    calls = [HELLO, frame(A, MULTICAST), frame(A, MULTICAST6), frame(A, C)]
    tunnel.carries(switch, tunnel.config(ports=["vm1", "vm2", "vm3"], peers=PEERS),
                   sends={"vm1": calls}, near=PEERS,
                   delivers={"vm2": calls, "vm3": calls,
                             WIRE: [tunnel.leaves(call, to=peer) for call in calls
                                    for peer in PEERS]})


@proves("S11", "S49")
@one_of_each
def test_peers_hear_only_the_networks_that_they_have(switch, tunnel):
    networks = [tunnel.network("blue", 1, peers=[PEER, OTHER]),
                tunnel.network("red", 2, peers=[OTHER]), tunnel.network("lonely", 3, peers=[]),
                tunnel.network("known", 4, peers=None, knows=[(C, None, THIRD), (D, None, PEER),
                                                              (mac(0xE), None, THIRD)])]
    ports = [{"name": f"vm-{network['name']}", "network": network["name"]} for network in networks]
    hello = {network["name"]: frame(A, EVERYBODY, network["name"]) for network in networks}
    tunnel.starts(switch, tunnel.config(networks=networks, ports=ports), near=PEERS,
                  sends={f"vm-{name}": [data] for name, data in hello.items()})
    expected = [tunnel.leaves(hello["blue"], 1, PEER), tunnel.leaves(hello["blue"], 1, OTHER),
                tunnel.leaves(hello["red"], 2, OTHER)]
    known = [tunnel.leaves(hello["known"], 4, THIRD), tunnel.leaves(hello["known"], 4, PEER)]
    heard = switch.hears(WIRE)
    assert heard[:3] == expected and sorted(heard[3:]) == sorted(known)
    tunnel.ends(switch, delivers={WIRE: heard}, drops={"vm-lonely": {"bridge/no-receiver": 1}})


@proves("S27")
@one_of_each
def test_nothing_goes_from_a_tunnel_into_a_tunnel(switch, tunnel):
    """Split horizon: floods reach guests only; what is behind another peer, or behind the very one
    that sent it, is refused."""
    knows = [(D, None, OTHER), (B, None, PEER)]
    tunnel.carries(switch, tunnel.config(knows=knows), near=PEERS, sends={
        WIRE: [tunnel.arrives(CALL), tunnel.arrives(CALL, src=STRANGER), tunnel.arrives(
            frame(C, mac(0x99))), tunnel.arrives(frame(C, D)), tunnel.arrives(frame(C, B))]},
        delivers={"vm1": [CALL, CALL, frame(C, mac(0x99))],
                  "vm2": [CALL, CALL, frame(C, mac(0x99))]},
        drops={WIRE: {"bridge/split-horizon": 1, "bridge/same-port": 1}})


def test_a_tunnel_to_a_network_without_guests_ends_there(switch):
    VXLAN.starts(switch, VXLAN.config(ports=[]), sends={WIRE: [VXLAN.arrives(CALL)]})
    reasons = VXLAN.drops(switch)
    assert reasons in ({"bridge/no-receiver": 1}, {"bridge/split-horizon": 1})


@proves("S27", "S37")
def test_peers_change_at_run_time(switch):
    config = VXLAN.config(peers=[PEER, OTHER])
    VXLAN.starts(switch, config, sends={WIRE: [VXLAN.asks(THIRD, US)], "vm1": [HELLO]})
    more = VXLAN.config(peers=[OTHER, THIRD], ports=["vm1", "vm2", "vm3"])
    answer = switch.applies(more, sends={"vm3": [frame(B, EVERYBODY)]})
    assert ("change", "network", "blue") in \
        {(row["action"], row["noun"], row["name"]) for row in answer["changes"]}
    late, heard = frame(B, EVERYBODY), switch.hears(WIRE)
    assert heard[1:] == [VXLAN.leaves(HELLO, to=peer) for peer in (PEER, OTHER)] + \
        [VXLAN.leaves(late, to=peer) for peer in (OTHER, THIRD)]
    VXLAN.ends(switch, delivers={"vm1": [late], "vm2": [HELLO, late], WIRE: heard})


# To one.


@proves("S11", "S25", "S27", "S50")
@one_of_each
def test_who_was_heard_is_spoken_to_directly(switch, tunnel):
    """The MAC is learned with its endpoint, whether that is a peer or not; then unicast."""
    near = PEERS[:2]
    tunnel.starts(switch, tunnel.config(ports=["vm1", "vm2"]), near=near, sends={
        WIRE: [tunnel.asks(STRANGER, US), tunnel.arrives(CALL, src=OTHER),
               tunnel.arrives(frame(D, A), src=STRANGER)],
        "vm1": [frame(A, C), frame(A, D)], "vm2": [frame(B, A)]})
    assert places(switch) == {(C, WIRE, tunnel.says(OTHER), "learned"), (A, "vm1", None, "learned"),
                              (D, WIRE, tunnel.says(STRANGER), "learned"),
                              (B, "vm2", None, "learned")}
    heard = switch.hears(WIRE)
    assert heard[1:] == [tunnel.leaves(frame(A, C), to=OTHER),
                         tunnel.leaves(frame(A, D), to=STRANGER)]
    tunnel.ends(switch, delivers={"vm1": [CALL, frame(D, A), frame(B, A)],
                                  "vm2": [CALL, frame(D, A)], WIRE: heard})


@proves("S27")
@one_of_each
def test_a_mac_moves_from_endpoint_to_endpoint(switch, tunnel):
    """The last to send from it has it. Also against what the configuration says."""
    knows = [(D, None, PEER)]
    tunnel.starts(switch, tunnel.config(knows=knows), sends={
        WIRE: [tunnel.arrives(frame(guest, EVERYBODY), src=host)
               for guest in (C, D) for host in (PEER, OTHER)],
        "vm1": [frame(A, C), frame(A, D)]})
    assert places(switch, "--port", WIRE) == {(guest, WIRE, tunnel.says(OTHER), "learned")
                                              for guest in (C, D)}
    heard = [frame(guest, EVERYBODY) for guest in (C, C, D, D)]
    tunnel.ends(switch, delivers={"vm1": heard, "vm2": heard,
                                  WIRE: [tunnel.leaves(frame(A, guest), to=OTHER)
                                         for guest in (C, D)]})


@proves("S27")
def test_a_mac_moves_between_a_port_and_an_endpoint(switch):
    """A guest migrates here, and away again; frames for it follow, also those of one flow."""
    street = Street(switch, lanes=(WIRE, "vm1", "vm2"))
    street.joins(VXLAN.config(peers=[PEER]))
    street.waits_for(padded(VXLAN.asks(US, PEER)))
    street.says(VXLAN.greets(PEER))
    there = (C, WIRE, PEER.ip(4), "learned")
    for place, lane, data in ((there, WIRE, VXLAN.arrives(CALL)),
                              ((C, "vm1", None, "learned"), "vm1", CALL),
                              (there, WIRE, VXLAN.arrives(CALL))):
        street.says(data, lane=lane)
        wait_until(lambda place=place: place in places(switch), place, switch.stderr)
        street.says(frame(B, C), lane="vm2")
        if lane == WIRE:
            street.waits_for(VXLAN.leaves(frame(B, C)), what=VXLAN.about_the_case)
        else:
            street.waits_for(frame(B, C), lane="vm1")
    street.waits_for(VXLAN.leaves(frame(B, C)), what=VXLAN.about_the_case, times=2)
    assert street.hears("vm1").count(frame(B, C)) == 1
    street.ends()


@proves("S15", "S27")
def test_a_static_mac_of_a_guest_is_not_taken_over_by_a_tunnel(switch):
    config = VXLAN.config(static_macs=[{"mac": C, "port": "vm2"}])
    VXLAN.starts(switch, config, sends={WIRE: [VXLAN.arrives(frame(C, A))], "vm1": [frame(A, C)]})
    assert (C, "vm2", None, "static") in places(switch)
    VXLAN.ends(switch, delivers={"vm2": [frame(A, C)]}, drops={WIRE: {"bridge/static-moved": 1}})


@proves("S15", "S27")
def test_mac_limit_counts_what_is_learned_behind_tunnels(switch):
    """Those that the configuration names do not count."""
    config = VXLAN.config(ports=["vm1"], mac_limit=2, knows=[(B, None, PEER)])
    calls = [frame(mac(0x100 + number), A) for number in range(4)]
    VXLAN.carries(switch, config, sends={WIRE: [VXLAN.arrives(call) for call in calls] +
                                         [VXLAN.arrives(frame(B, A))]},
                  delivers={"vm1": calls[:2] + [frame(B, A)]},
                  drops={WIRE: {"bridge/mac-limit": 2}})


@proves("S27")
def test_one_mac_behind_different_endpoints_in_different_networks(switch):
    """Tables of networks are independent: the same guest MAC may be everywhere at once."""
    networks = [VXLAN.network("n1", 1, knows=[(C, None, PEER)]),
                VXLAN.network("n2", 2, knows=[(C, None, OTHER)]), VXLAN.network("n3", 3)]
    ports = [{"name": f"vm-{network['name']}", "network": network["name"]} for network in networks]
    ports.append({"name": "vm-c", "network": "n3"})
    VXLAN.starts(switch, VXLAN.config(networks=networks, ports=ports), sends={
        WIRE: [VXLAN.arrives(frame(C, A), 1)], "vm-c": [frame(C, EVERYBODY)],
        "vm-n1": [frame(A, C)], "vm-n2": [frame(A, C)], "vm-n3": [frame(A, C)]})
    assert {(row["network"], row["port"], row["endpoint"]) for row in switch.json(
        "fdb", "list", "--mac", C)} == {("n1", WIRE, PEER.ip(4)), ("n2", WIRE, OTHER.ip(4)),
                                        ("n3", "vm-c", None)}


def test_a_network_that_is_down_hears_nothing_from_its_tunnel(switch):
    down = VXLAN.config(admin="down")
    VXLAN.carries(switch, down, sends={WIRE: [VXLAN.arrives(CALL)], "vm1": [HELLO]},
                  drops={WIRE: {"terminate/network-down": 1}, "vm1": {"terminate/network-down": 1}})


# What is remembered of a flow, and what changes under it.


@proves("S27", "S37")
def test_a_flow_ends_with_its_segment(switch):
    """The same packet, before and after: what is remembered of it must not be used."""
    street = Street(switch)
    street.joins(VXLAN.config(ports=["vm1"]))
    old, new = VXLAN.arrives(CALL), VXLAN.arrives(CALL, 7)

    def says(packet, count):
        street.says(packet)
        wait_until(lambda: len(switch.hears("vm1")) == count, "it is delivered", switch.stderr)

    says(old, 1)
    street.applies(VXLAN.config(ports=["vm1"], segment=7))
    street.says(old)
    wait_until(lambda: "terminate/unknown-segment" in switch.drops().get(WIRE, {}), "nobody has it")
    says(new, 2)
    street.applies(VXLAN.config(ports=["vm1"]))
    says(old, 3)
    street.applies(VXLAN.config(ports=["vm1"], admin="down"))
    street.says(old)
    wait_until(lambda: "terminate/network-down" in switch.drops()[WIRE], "the network is down")
    assert switch.hears("vm1") == [CALL] * 3
    street.ends()


@proves("S27", "S50")
def test_a_flow_follows_its_guest(switch):
    """The same frame goes where its receiver was heard last, and where it is said to be."""
    street = Street(switch, lanes=(WIRE, "vm1"))

    def config(host):
        return VXLAN.config(ports=["vm1"], knows=[(C, None, host)])

    def goes(*hosts):
        street.says(frame(A, C), lane="vm1")
        wait_until(lambda: len(VXLAN.on_the_street(street)) == len(hosts), "it leaves",
                   switch.stderr)
        assert VXLAN.on_the_street(street) == [VXLAN.leaves(frame(A, C), to=host) for host in hosts]

    def is_at(host, origin):
        wait_until(lambda: (C, WIRE, host.ip(4), origin) in places(switch), f"{host} {origin}")

    street.joins(config(PEER))
    for host in (PEER, OTHER):
        street.waits_for(padded(VXLAN.asks(US, host)))
        street.says(VXLAN.greets(host))
    goes(PEER)
    street.says(VXLAN.arrives(frame(C, mac(0x77)), src=OTHER))
    is_at(OTHER, "learned")
    goes(PEER, OTHER)
    switch.json("fdb flush")
    goes(PEER, OTHER, PEER)
    street.applies(config(OTHER))
    is_at(OTHER, "l2pop")
    goes(PEER, OTHER, PEER, OTHER)
    street.ends()


# Who must not hear whom.


def all_kinds():
    """Two networks of each kind that are as alike as the rules allow: {name: (tunnel, segment)}"""
    return {f"{kind}{number}": (Tunnel(kind), number) for kind in KINDS for number in (5, 6)}


# name -> tag; overlays have none
PLAIN = {"vlan5": 5, "vlan6": 6, "flat": (), "local": None}


def isolation_config():
    """Every kind on one wire, with two guests each, that have the same addresses everywhere."""
    networks = [tunnel.network(name, segment, peers=[PEER])
                for name, (tunnel, segment) in all_kinds().items()]
    networks += [{"name": "vlan5", "type": "vlan", "segment": 5, "physical-network": WIRE},
                 {"name": "vlan6", "type": "vlan", "segment": 6, "physical-network": WIRE},
                 {"name": "flat", "type": "flat", "physical-network": WIRE},
                 {"name": "local", "type": "local"}]
    return VXLAN.config(networks=networks, ports=[
        {"name": f"{network['name']}-{guest}", "network": network["name"]}
        for network in networks for guest in "ab"])


def hears_all_kinds(data):
    for kind in KINDS:
        if (plain := Tunnel(kind).without_hash(data)) != data:
            return plain
    return data


@proves("S11", "S13", "S23", "S30", "S31", "S35")
def test_no_network_hears_another(switch):
    """Each guest calls all, and its neighbour; each has a host outside that does, too. All guests
    have the same MAC addresses, all segments the same number; for every pair: not a frame."""
    config = isolation_config()
    names = [network["name"] for network in config["networks"]]
    from_a = {name: [frame(A, EVERYBODY, f"{name} to all"), frame(A, B, f"{name} to b")]
              for name in names}
    from_b = {name: [frame(B, A, f"{name} back")] for name in names}
    from_c = {name: [frame(C, EVERYBODY, f"{name} outside"), frame(C, A, f"{name} outside")]
              for name in names if name != "local"}

    def outside(name, frames, is_leaving):
        if name == "local":
            return []
        if name in PLAIN:
            return [data[:12] + b"\x81\0\0" + bytes([PLAIN[name]]) + data[12:] if PLAIN[name]
                    else data for data in frames]
        tunnel, segment = all_kinds()[name]
        wraps = tunnel.leaves if is_leaving else tunnel.arrives
        return [wraps(data, segment) for data in frames]

    sends = {f"{name}-a": from_a[name] for name in names}
    sends |= {f"{name}-b": from_b[name] for name in names}
    sends[WIRE] = [data for name in from_c for data in outside(name, from_c[name], False)]
    VXLAN.starts(switch, config, sends, near=[PEER])
    switch.ears[WIRE] = lambda frames: [hears_all_kinds(data) for data in frames
                                        if not is_chatter(data, US)]
    for name in names:
        for guest in "ab":
            strangers = [data for data in switch.hears(f"{name}-{guest}")
                         if not data[14:].startswith(name.encode() + b" ")]
            assert not strangers, f"{name}-{guest} hears {strangers[0]}"
    # What a knows of b when it speaks first: nothing, so its call for b leaves, too.
    wire = [data for name in names for data in outside(name, from_a[name], True)]
    VXLAN.ends(switch, delivers={
        **{f"{name}-a": from_c.get(name, []) + from_b[name] for name in names},
        **{f"{name}-b": from_c.get(name, []) + from_a[name] for name in names}, WIRE: wire})


@proves("S11", "S23")
def test_a_peer_reaches_only_what_its_segment_says(switch):
    """For every pair of kinds: the segment of one network in the packet of another kind."""
    networks = [Tunnel("vxlan").network("vx", 5), Tunnel("gre").network("gr", 6),
                Tunnel("geneve").network("gen", 7)]
    config = VXLAN.config(networks=networks, ports=[
        {"name": f"vm-{network['name']}", "network": network["name"]} for network in networks])
    wrong = [Tunnel(kind).arrives(CALL, segment) for kind, own in zip(KINDS, (5, 6, 7))
             for segment in (5, 6, 7) if segment != own]
    VXLAN.carries(switch, config, sends={WIRE: wrong},
                  drops={WIRE: {"terminate/unknown-segment": 6}})


# Many.


@proves("S23")
def test_ten_thousand_networks_load_and_forward(switch):
    """Their guests sit at the first, the last, and in between."""
    tunnel, count = VXLAN, 10000
    segments = [1 + number * 1677 for number in range(count)]
    segments[-1] = 2 ** 24 - 1
    chosen = [0, 1, 4999, 9998, 9999]
    networks = [{"name": f"n{number}", "type": "vxlan", "segment": segment, "peers": [PEER.ip(4)]}
                for number, segment in enumerate(segments)]
    config = tunnel.config(networks=networks, ports=[
        {"name": f"vm{number}", "network": f"n{number}"} for number in chosen])
    calls = {number: frame(C, A, f"to {number}") for number in chosen}
    answers = {number: frame(A, C, f"from {number}") for number in chosen}
    switch.ears[WIRE] = tunnel.about_the_case
    arrives = [tunnel.arrives(calls[number], segments[number]) for number in chosen]
    file = switch.writes(config, sends={
        WIRE: [tunnel.greets(PEER)] + arrives + [tunnel.arrives(CALL, 2)],
        **{f"vm{number}": [answers[number]] for number in chosen}})
    start = time.monotonic()
    switch.launches(file)
    assert time.monotonic() - start < 10
    switch.settles()
    assert switch.json("status")["networks"] == count
    assert switch.json("tunnel show")["networks"] == count
    switch.ends(delivers={
        WIRE: [tunnel.leaves(answers[number], segments[number]) for number in chosen],
        **{f"vm{number}": [calls[number]] for number in chosen}},
        drops={WIRE: {"answer/taken": 1, "terminate/unknown-segment": 1}})


@proves("S27")
def test_a_thousand_peers(switch):
    """The most that a network may have: each gets its copy, through one router."""
    tunnel = Tunnel("vxlan", gateway=ROUTER.ip(4))
    addresses = [f"203.0.{113 + number // 250}.{1 + number % 250}" for number in range(1024)]
    tunnel.starts(switch, tunnel.config(peers=addresses), sends={"vm1": [HELLO]}, near=[ROUTER])
    heard = switch.hears(WIRE)
    assert len(heard) == 1024
    assert {".".join(str(byte) for byte in data[30:34]) for data in heard} == set(addresses)
    assert {data[:6] for data in heard} == {address(ROUTER.mac)}
    tunnel.ends(switch, delivers={WIRE: heard, "vm2": [HELLO]})


@proves("S27")
def test_a_thousand_guests_behind_tunnels(switch):
    calls = [frame(mac(0x1000 + number), A, b"") for number in range(1000)]
    peers = [PEER, OTHER]
    back = [frame(A, mac(0x1000 + number), b"") for number in range(1000)]
    VXLAN.starts(switch, VXLAN.config(ports=["vm1"]), sends={
        WIRE: [VXLAN.arrives(call, src=peers[number % 2]) for number, call in enumerate(calls)],
        "vm1": back})
    assert len(places(switch, "--endpoint", PEER.ip(4))) == 500
    VXLAN.ends(switch, delivers={"vm1": calls,
                                 WIRE: [VXLAN.leaves(data, to=peers[number % 2])
                                        for number, data in enumerate(back)]})
