# SPDX-License-Identifier: BSD-3-Clause
"""Rules, groups, members and pairs change while packets flow."""
import time

import pytest

from frames import frame
from harness import wait_until
from secure import (FOURTH, MUTE, PEER, REFUSED, THIRD, VM, Talk, both_families, egress, group,
                    ingress, packet, ping, ping_name, pong, site, tcp, udp)
from words import proves

EVERY = REFUSED["ingress"] | REFUSED["egress"]


def web(*rules, names=("web",), others=(), **words):
    """VM in the group web of these rules, which says nothing of its own."""
    return site([PEER.free(), VM.port(*names)], [group("web", *rules, MUTE, **words), *others])


def changes(answer):
    return {(row["action"], row["noun"], row["name"]) for row in answer["changes"]}


def call(flags="A", family=4, port=1000):
    return PEER.says(VM, tcp(port, 80, flags), family)


def answer(flags="A", family=4, port=1000):
    return VM.says(PEER, tcp(80, port, flags), family)


def opens(talk, family=4, port=1000):
    talk.passes(PEER, call("S", family, port), to=VM)
    talk.passes(VM, answer("SA", family, port), to=PEER)
    talk.passes(PEER, call("A", family, port), to=VM)


# Rules.


@proves("S47")
@both_families
def test_a_rule_comes_at_run_time(switch, family):
    talk = Talk(switch, web(ingress("udp", 53)))
    talk.refuses(PEER, call("S", family), why="deliver/not-allowed")
    answered = talk.becomes(web(ingress("udp", 53), ingress("tcp", 80)))
    assert ("change", "security-group", "web") in changes(answered)
    opens(talk, family)
    talk.ends()


@proves("S47")
@both_families
def test_a_rule_that_goes_cuts_its_connections(switch, family):
    """Both directions, within 100 ms; what another rule still allows goes on."""
    talk = Talk(switch, web(ingress("tcp", 80), ingress("udp", 53)))
    opens(talk, family)
    talk.passes(PEER, PEER.says(VM, udp(9, 53), family), to=VM)
    talk.becomes(web(ingress("udp", 53)))
    time.sleep(0.1)
    talk.refuses(PEER, call(family=family), why=EVERY)
    talk.refuses(VM, answer(family=family), why=EVERY)
    talk.passes(VM, VM.says(PEER, udp(53, 9), family), to=PEER)
    talk.passes(PEER, PEER.says(VM, udp(9, 53), family), to=VM)
    talk.ends()


@proves("S47")
@both_families
def test_the_answer_dies_first(switch, family):
    """The same with the server speaking first after the change."""
    talk = Talk(switch, web(ingress("tcp", 80)))
    opens(talk, family)
    talk.becomes(web(ingress("udp", 53)))
    time.sleep(0.1)
    talk.refuses(VM, answer(family=family), why=EVERY)
    talk.ends()


@proves("S47")
@both_families
def test_connections_may_finish(switch, family):
    """on-change: persist. What is new obeys the new rules."""
    talk = Talk(switch, web(ingress("tcp", 80), ingress("udp", 53), on_change="persist"))
    opens(talk, family)
    talk.passes(PEER, PEER.says(VM, udp(9, 53), family), to=VM)
    talk.passes(VM, VM.says(PEER, udp(53, 9), family), to=PEER)
    talk.becomes(web(ingress("tcp", 22), on_change="persist"))
    time.sleep(0.1)
    talk.passes(PEER, call(family=family), PEER.says(VM, udp(9, 53), family), to=VM)
    talk.passes(VM, answer(family=family), VM.says(PEER, udp(53, 9), family), to=PEER)
    talk.refuses(PEER, call("S", family, 1001), PEER.says(VM, udp(10, 53), family),
                 why="deliver/not-allowed")
    talk.passes(PEER, call("FA", family), to=VM)
    talk.passes(VM, answer("FA", family), to=PEER)
    talk.ends()


def test_a_connection_that_persists_does_so_through_several_changes(switch):
    talk = Talk(switch, web(ingress("tcp", 80), on_change="persist"))
    opens(talk)
    for port in (22, 23, 24):
        talk.becomes(web(ingress("tcp", port), on_change="persist"))
        talk.passes(PEER, call(), to=VM)
        talk.passes(VM, answer(), to=PEER)
    talk.ends()


@proves("S47")
def test_another_rule_that_allows_it_keeps_a_connection(switch):
    """The rule is gone, and so is the group; what counts is what is allowed now."""
    talk = Talk(switch, web(ingress("tcp", 80)))
    opens(talk)
    talk.becomes(web(ingress("tcp", "79-81", remote_ip=PEER.ip())))
    talk.passes(VM, answer(), to=PEER)
    talk.passes(PEER, call(), to=VM)
    talk.becomes(site([PEER.free(), VM.port("new")], [group("new", ingress("tcp"), MUTE)]))
    talk.passes(VM, answer(), to=PEER)
    talk.passes(PEER, call(), to=VM)
    assert talk.states() == ["ESTABLISHED"]
    talk.ends()


def test_a_new_rule_does_not_disturb(switch):
    """The connection table stays, row by row."""
    talk = Talk(switch, web(ingress("tcp", 80)))
    opens(talk)
    before = {(row["source_port"], row["state"]) for row in talk.connections()}
    talk.becomes(web(ingress("tcp", 80), *(ingress("tcp", port) for port in range(100, 200))))
    assert {(row["source_port"], row["state"]) for row in talk.connections()} == before
    talk.passes(VM, answer(), to=PEER)
    talk.ends()


@both_families
def test_a_cut_echo_is_not_answered(switch, family):
    name = ping_name(family)
    talk = Talk(switch, web(ingress(name)))
    talk.passes(PEER, PEER.says(VM, ping(family), family), to=VM)
    talk.becomes(web(ingress("tcp", 80)))
    talk.refuses(VM, VM.says(PEER, pong(family), family), why=EVERY)
    talk.ends()


@proves("S47")
def test_the_egress_of_a_guest_is_cut(switch):
    out = group("out", egress("tcp", 80), ingress("tcp", 1))
    closed = group("out", egress("tcp", 22), ingress("tcp", 1))
    asks, answers = VM.says(PEER, tcp(1000, 80)), PEER.says(VM, tcp(80, 1000, "SA"))
    goes_on = VM.says(PEER, tcp(1000, 80, "A"))
    talk = Talk(switch, site([PEER.free(), VM.port("out")], [out]))
    talk.passes(VM, asks, to=PEER)
    talk.passes(PEER, answers, to=VM)
    talk.passes(VM, goes_on, to=PEER)
    talk.becomes(site([PEER.free(), VM.port("out")], [closed]))
    time.sleep(0.1)
    talk.refuses(VM, goes_on, why=EVERY)
    talk.refuses(PEER, answers, why=EVERY)
    talk.ends()


def test_state_is_taken_away(switch):
    """A group that becomes stateless answers no more; and one that becomes stateful does."""
    talk = Talk(switch, web(ingress("udp", 53)))
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.becomes(web(ingress("udp", 53), stateful=False))
    talk.refuses(VM, VM.says(PEER, udp(53, 9)), why=EVERY)
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.becomes(web(ingress("udp", 53)))
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.passes(VM, VM.says(PEER, udp(53, 9)), to=PEER)
    talk.ends()


# Ports and their groups.


@proves("S47")
def test_a_port_moves_to_another_group(switch):
    other = group("other", ingress("udp", 53), MUTE)
    talk = Talk(switch, web(ingress("tcp", 80), others=[other]))
    opens(talk)
    answered = talk.becomes(web(ingress("tcp", 80), others=[other], names=["other"]))
    assert ("change", "port", "vm") in changes(answered)
    talk.refuses(PEER, call(), why=EVERY)
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.becomes(web(ingress("tcp", 80), others=[other], names=["other", "web"]))
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), call("S", port=2000), to=VM)
    talk.ends()


@proves("S47")
def test_a_port_loses_its_groups(switch):
    """Then it is as by default: nothing comes in, all may go out."""
    talk = Talk(switch, web(ingress("tcp", 80)))
    opens(talk)
    talk.refuses(VM, VM.says(PEER, udp(5, 5)), why="admit/not-allowed")
    talk.becomes(web(ingress("tcp", 80), names=[]))
    talk.refuses(PEER, call(), call("S", port=1001), why=EVERY)
    talk.passes(VM, VM.says(PEER, udp(5, 5)), to=PEER)
    talk.ends()


@proves("S47")
def test_port_security_comes_and_goes(switch):
    talk = Talk(switch, site([PEER.free(), VM.free()]))
    talk.passes(PEER, call("S"), to=VM)
    talk.becomes(site([PEER.free(), VM.port()]))
    talk.refuses(PEER, call("S"), why="deliver/not-allowed")
    talk.becomes(site([PEER.free(), VM.free()]))
    talk.passes(PEER, call("S"), to=VM)
    talk.ends()


@proves("S47")
def test_a_port_is_deleted_and_its_connections_are_of_no_use(switch):
    """A successor with the same addresses must ask anew."""
    talk = Talk(switch, site([PEER.free(), VM.port(), THIRD.free()]))
    talk.passes(VM, VM.says(PEER, udp(9, 53)), to=PEER)
    talk.becomes(site([PEER.free(), THIRD.free()]))
    talk.becomes(site([PEER.free(), THIRD.free(), {**VM.port("web"), "name": "late"}],
                      [group("web", ingress("tcp", 80), MUTE)]))
    talk.refuses(PEER, PEER.says(VM, udp(53, 9)), why=EVERY)
    talk.ends()


@proves("S47")
def test_ports_and_a_network_go_at_once_with_their_connections(switch):
    """What others have stays, whatever their addresses."""
    def guests(network, *names):
        return [{**guest.port(network=network), "name": guest.name + "-" + network}
                for guest in (VM, THIRD, FOURTH) if guest.name in names]

    def free(network):
        return {**PEER.free(network=network), "name": "peer-" + network}

    everybody = ("vm", "third", "fourth")
    networks = ("blue", "red", "green")
    talk = Talk(switch, site([port for network in networks
                              for port in (free(network), *guests(network, *everybody))]))
    for network in networks:
        for guest in (VM, THIRD, FOURTH):
            talk.passes(f"{guest.name}-{network}", guest.says(PEER, udp(9, 53)),
                        to=f"peer-{network}")
    assert len(talk.connections()) == 9
    talk.becomes(site([free("blue"), *guests("blue", "fourth"),
                       free("green"), *guests("green", *everybody)]))
    wait_until(lambda: len(talk.connections()) == 4, "those of who is gone are gone")
    rows = {(row["source"], row["network"]) for row in talk.connections()}
    assert rows == {(FOURTH.ip(), "blue"), *((guest.ip(), "green") for guest in (VM, THIRD, FOURTH))}
    talk.passes("peer-blue", PEER.says(FOURTH, udp(53, 9)), to="fourth-blue")
    talk.passes("peer-green", PEER.says(VM, udp(53, 9)), to="vm-green")
    talk.ends()


# Members.


DB = ingress("udp", 53, remote_group="db")


@proves("S47")
def test_members_come_and_go_with_their_ports(switch):
    def members(*names):
        ports = [guest.port("db") if guest.name in names else guest.free()
                 for guest in (PEER, THIRD)]
        return site([*ports, VM.port("web")], [group("web", DB, MUTE), group("db", egress())])

    talk = Talk(switch, members())
    for names in ((), ("peer",), ("peer", "third"), ("third",), ()):
        talk.becomes(members(*names))
        for guest in (PEER, THIRD):
            asks = guest.says(VM, udp(9, 53))
            if guest.name in names:
                talk.passes(guest, asks, to=VM)
                talk.passes(VM, VM.says(guest, udp(53, 9)), to=guest)
            else:
                talk.refuses(guest, asks, why=EVERY)
                talk.refuses(VM, VM.says(guest, udp(53, 9)), why=EVERY)
    talk.ends()


@proves("S47")
def test_members_elsewhere_are_edited(switch):
    def members(*addresses):
        return site([PEER.free(), VM.port("web")],
                    [group("web", DB, MUTE), group("db", members=list(addresses))])

    def asks(source):
        return frame(PEER.mac, VM.mac, packet(source, VM.ip(), udp(9, 53)))

    first, second = "10.0.9.1", "10.0.9.2"
    talk = Talk(switch, members(first))
    talk.passes(PEER, asks(first), to=VM)
    talk.refuses(PEER, asks(second), why=EVERY)
    talk.becomes(members(first, second))
    talk.passes(PEER, asks(first), asks(second), to=VM)
    talk.becomes(members(second))
    talk.refuses(PEER, asks(first), why=EVERY)
    talk.passes(PEER, asks(second), to=VM)
    talk.ends()


def test_a_member_changes_its_address(switch):
    def place(*addresses):
        return site([{**PEER.port("db"), "addresses": list(addresses)}, VM.port("web")],
                    [group("web", DB, MUTE), group("db", egress())])

    moved = frame(PEER.mac, VM.mac, packet("10.0.0.77", VM.ip(), udp(9, 53)))
    talk = Talk(switch, place(PEER.ip()))
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.becomes(place("10.0.0.77"))
    talk.passes(PEER, moved, to=VM)
    talk.refuses(PEER, PEER.says(VM, udp(9, 53)), why="admit/ip-spoofed")
    talk.becomes(place(PEER.ip(), "10.0.0.78"))
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.ends()


# Neighbours are not touched.


def test_a_change_of_one_group_leaves_the_flows_of_others_alone(switch):
    """THIRD and FOURTH talk without end; web changes; not one of their packets is walked anew, or
    lost."""
    def shape(port):
        return site([PEER.free(), VM.port("web"), THIRD.port("calm"), FOURTH.port("calm")],
                    [group("web", ingress("tcp", port), MUTE), group("calm", ingress("udp"))])

    first = shape(80)
    endless = first["ports"][2]
    endless["device"] = f"{switch.device('third')},infinite_rx=1"
    switch.feeds("third", [THIRD.says(FOURTH, udp(port, 53, b"")) for port in range(1, 65)])
    switch.launches(switch.writes(first))
    wait_until(lambda: len(switch.json("flow list --port third")) == 64, "all flows are known")
    before, misses = flows(switch, "third"), switch.json("stat show")["flow_misses"]
    for port in range(81, 91):
        second = shape(port)
        for old, new in zip(first["ports"], second["ports"]):
            new["device"] = old["device"]
        switch.says("apply", switch.writes(second, file=switch.folder / "next.yaml"))
    time.sleep(0.2)
    after = flows(switch, "third")
    assert switch.json("stat show")["flow_misses"] == misses
    assert after.keys() == before.keys()
    assert all(after[key] > before[key] for key in before)
    assert switch.drops() == {}
    rests(switch)


def flows(switch, port):
    """{key of a flow: its packets}"""
    return {str(row["key"]): row["packets"] for row in switch.json("flow", "list", "--port", port)}


def rests(switch):
    """Lets nobody speak any more, and looks at the books."""
    switch.says("apply", switch.writes({"networks": [], "ports": []}))
    switch.fed = switch.json("stat show")["rx_packets"]
    switch.stops()


def endlessly(switch, *rules, **words):
    """PEER calls VM without end, with UDP to port 53, and VM is in web."""
    config = web(*rules, **words)
    for port in config["ports"]:
        end = ",infinite_rx=1" if port["name"] == "peer" else ""
        port["device"] = switch.device(port["name"]) + end
    return config


def starts_endless(switch, config):
    frames = [PEER.says(VM, udp(port, 53, b"")) for port in range(1, 65)]
    switch.feeds("peer", frames)
    switch.feeds("vm", [])
    switch.launches(switch.writes(config))
    hears_on(switch)


def hears_on(switch):
    file = switch.pcaps("vm")[1]
    size = file.stat().st_size
    wait_until(lambda: file.stat().st_size > size + 10000, "vm hears", switch.stderr)


@proves("S47")
def test_a_change_has_no_gap(switch):
    """Old and new rules both let it through; so does every moment between them."""
    starts_endless(switch, endlessly(switch, ingress("udp", 53)))
    shapes = [[ingress("udp", "50-60")], [ingress("udp")], [ingress("udp", remote_ip=PEER.ip())],
              [ingress("tcp", 1), ingress("udp", 53)], [ingress("udp", 53)]]
    for rules in shapes * 4:
        config = endlessly(switch, *rules)
        switch.says("apply", switch.writes(config, file=switch.folder / "next.yaml"))
    hears_on(switch)
    assert switch.drops() == {}
    rests(switch)


def test_no_change_opens_anything(switch):
    """Neither old rules nor new ones let it through, and no moment between them does."""
    config = endlessly(switch, ingress("udp", 54))
    switch.feeds("peer", [PEER.says(VM, udp(port, 53, b"")) for port in range(1, 65)])
    switch.feeds("vm", [])
    switch.launches(switch.writes(config))
    for rules in [[ingress("udp", 55)], [ingress("tcp")], [ingress("udp", 53, ethertype="ipv6")],
                  [], [ingress("udp", "54-60")]] * 4:
        config = endlessly(switch, *rules)
        switch.says("apply", switch.writes(config, file=switch.folder / "next.yaml"))
    wait_until(lambda: switch.drops().get("peer"), "packets are refused")
    assert switch.hears("vm") == []
    assert switch.drops().keys() == {"peer"}
    assert switch.drops()["peer"].keys() == {"deliver/not-allowed"}
    rests(switch)


@proves("S47")
@pytest.mark.parametrize("is_cut", (True, False), ids=("cut", "persist"))
def test_a_stream_is_cut_within_a_tenth_of_a_second_or_not_at_all(switch, is_cut):
    words = {} if is_cut else {"on_change": "persist"}
    starts_endless(switch, endlessly(switch, ingress("udp", 53), **words))
    config = endlessly(switch, ingress("udp", 54), **words)
    switch.says("apply", switch.writes(config, file=switch.folder / "next.yaml"))
    if is_cut:
        time.sleep(0.1)
        heard = switch.pcaps("vm")[1].stat().st_size
        time.sleep(0.2)
        assert switch.pcaps("vm")[1].stat().st_size == heard
        assert switch.drops()["peer"].keys() == {"deliver/not-allowed"}
    else:
        hears_on(switch)
        assert switch.drops() == {}
    rests(switch)
