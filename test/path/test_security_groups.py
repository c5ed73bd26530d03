# SPDX-License-Identifier: BSD-3-Clause
"""Several groups of a port, none, groups without state, and groups as the other end."""
import itertools

import pytest

from frames import EVERYBODY, frame
from harness import ANYTHING
from secure import (EXCHANGES, FOURTH, MUTE, PEER, REFUSED, THIRD, VLAN, VM, WIRED, Talk,
                    both_families, egress, group, ingress, packet, ping, protocol_of, site, tcp,
                    udp)
from words import proves


def guarded(groups, *names):
    """VM in these groups, all of them if no names are given, beside PEER, which is free."""
    names = names or [entry["name"] for entry in groups]
    return site([PEER.free(), VM.port(*names)], groups)


# Without groups, and with groups that say nothing.


SILENT = {
    "no group": (),
    "a group without rules": ("empty",),
    "two groups without rules": ("empty", "void"),
}


@proves("S33", "S47")
@pytest.mark.parametrize("names", SILENT.values(), ids=SILENT)
def test_by_default_a_guest_may_ask_and_hears_only_answers(switch, names):
    talk = Talk(switch, site([PEER.free(), VM.port(*names)], [group("empty"), group("void")]))
    for exchange, family in itertools.product(EXCHANGES.values(), (4, 6)):
        request, reply = exchange(family)
        talk.refuses(PEER, PEER.says(VM, request, family), why="deliver/not-allowed")
        talk.passes(VM, VM.says(PEER, request, family), to=PEER)
        talk.passes(PEER, PEER.says(VM, reply, family), to=VM)
    talk.ends()


@proves("S47")
def test_rules_about_one_direction_leave_the_other_as_it_was(switch):
    talk = Talk(switch, guarded([group("web", ingress("tcp", 80))]))
    talk.passes(VM, VM.says(PEER, udp(9, 53)), VM.says(PEER, tcp(9, 22)), to=PEER)
    talk.becomes(guarded([group("web", egress("tcp", 80))]))
    talk.refuses(VM, VM.says(PEER, udp(10, 53)), VM.says(PEER, tcp(10, 22)),
                 why="admit/not-allowed")
    talk.passes(VM, VM.says(PEER, tcp(9, 80)), to=PEER)
    talk.refuses(PEER, PEER.says(VM, tcp(9, 80)), why="deliver/not-allowed")
    talk.ends()


@proves("S47")
def test_a_port_without_port_security_has_no_walls(switch):
    talk = Talk(switch, site([PEER.free(), VM.free()]))
    for here, there in ((PEER, VM), (VM, PEER)):
        talk.passes(here, here.says(there, tcp(9, 80)), here.says(there, tcp(9, 81, "")),
                    here.says(there, udp(67, 68)), here.says(there, ping(6), 6),
                    frame(here.mac, there.mac), to=there)
    assert talk.connections() == []
    talk.ends()


def test_what_is_wide_open_is_not_tracked(switch):
    """Everything both ways: then nothing has to be remembered."""
    talk = Talk(switch, guarded([group("open", ingress())]))
    talk.passes(PEER, PEER.says(VM, tcp(9, 80)), PEER.says(VM, ping(6), 6), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 9, "SA")), VM.says(PEER, udp(1, 2)), to=PEER)
    assert talk.connections() == []
    talk.ends()


# Several groups.


@proves("S47")
@both_families
def test_groups_of_a_port_are_a_union(switch, family):
    groups = [group("web", ingress("tcp", 80)), group("dns", ingress("udp", 53)),
              group("other", ingress("tcp", 22))]
    talk = Talk(switch, guarded(groups, "web", "dns"))
    talk.passes(PEER, PEER.says(VM, tcp(9, 80), family), PEER.says(VM, udp(9, 53), family), to=VM)
    talk.refuses(PEER, PEER.says(VM, tcp(9, 22), family), PEER.says(VM, udp(9, 80), family),
                 PEER.says(VM, tcp(9, 53), family), why="deliver/not-allowed")
    talk.ends()


@proves("S47")
def test_the_order_of_groups_does_not_matter(switch):
    groups = [group("web", ingress("tcp", 80), egress("tcp", 1)), group("out", egress("udp", 53))]
    ports = [PEER.free(), VM.port("web", "out"), THIRD.port("out", "web")]
    talk = Talk(switch, site(ports, groups))
    for guest in (VM, THIRD):
        talk.passes(PEER, PEER.says(guest, tcp(9, 80)), to=guest)
        talk.refuses(PEER, PEER.says(guest, udp(9, 53)), why="deliver/not-allowed")
        talk.passes(guest, guest.says(PEER, udp(9, 53)), guest.says(PEER, tcp(80, 9, "SA")),
                    to=PEER)
        talk.refuses(guest, guest.says(PEER, tcp(9, 80)), why="admit/not-allowed")
    talk.ends()


@proves("S47")
def test_a_group_that_opens_nothing_closes_nothing(switch):
    """There is only allow: a second group cannot take back what a first one gives."""
    groups = [group("wide", ingress("tcp"), egress("udp")),
              group("narrow", ingress("udp", 1), MUTE)]
    talk = Talk(switch, guarded(groups))
    talk.passes(PEER, PEER.says(VM, tcp(9, 80)), to=VM)
    talk.passes(VM, VM.says(PEER, udp(9, 53)), to=PEER)
    talk.refuses(VM, VM.says(PEER, ping()), why="admit/not-allowed")
    talk.ends()


@proves("S33", "S47")
def test_both_ends_must_agree(switch):
    groups = [group("client", egress("tcp", 80)), group("server", ingress("tcp", "80-81"))]
    talk = Talk(switch, site([PEER.port("client"), VM.port("server")], groups))
    talk.refuses(PEER, PEER.says(VM, tcp(9, 81)), why="admit/not-allowed")
    talk.refuses(VM, VM.says(PEER, tcp(9, 80)), why="deliver/not-allowed")
    talk.passes(PEER, PEER.says(VM, tcp(9, 80)), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 9, "SA")), to=PEER)
    talk.passes(PEER, PEER.says(VM, tcp(9, 80, "A")), to=VM)
    assert talk.states() == ["ESTABLISHED"]
    talk.ends()


@proves("S47")
def test_each_receiver_of_a_flood_has_its_own_rules(switch):
    """A copy that is not made is not dropped; what nobody may hear is."""
    groups = [group("hears", ingress("udp", 9)), group("deaf", ingress("udp", 10))]
    ports = [PEER.free(), VM.port("hears"), THIRD.port("deaf"), FOURTH.free()]
    call = frame(PEER.mac, EVERYBODY, packet(PEER.ip(), "255.255.255.255", udp(9, 9)))
    talk = Talk(switch, site(ports, groups))
    talk.says(PEER, call, hears={VM: call, FOURTH: call})
    talk.becomes(site(ports[:1] + ports[2:3], groups))
    talk.refuses(PEER, call, why="deliver/not-allowed")
    talk.ends()


# Without state.


@proves("S47")
@both_families
def test_a_group_without_state_knows_no_replies(switch, family):
    rules = [ingress(protocol_of(exchange, family)) for exchange in EXCHANGES]
    talk = Talk(switch, guarded([group("web", *rules, MUTE, stateful=False)]))
    for exchange in EXCHANGES.values():
        request, reply = exchange(family)
        talk.passes(PEER, PEER.says(VM, request, family), to=VM)
        talk.refuses(VM, VM.says(PEER, reply, family), why=REFUSED["egress"])
    talk.ends()


@proves("S47")
def test_without_state_replies_need_a_rule(switch):
    group_ = group("web", ingress("tcp", 80), egress("tcp", "1024-65535"), stateful=False)
    talk = Talk(switch, guarded([group_]))
    talk.passes(PEER, PEER.says(VM, tcp(5000, 80)), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 5000, "SA")), to=PEER)
    talk.passes(PEER, PEER.says(VM, tcp(5000, 80, "A")), to=VM)
    talk.refuses(VM, VM.says(PEER, tcp(80, 500, "SA")), why=REFUSED["egress"])
    assert talk.connections() == []
    talk.ends()


def test_without_state_a_guest_hears_no_answer(switch):
    talk = Talk(switch, guarded([group("out", egress("udp", 53), ingress("tcp", 1),
                                       stateful=False)]))
    talk.passes(VM, VM.says(PEER, udp(9, 53)), to=PEER)
    talk.refuses(PEER, PEER.says(VM, udp(53, 9)), why=REFUSED["ingress"])
    talk.ends()


def test_with_state_at_one_end_only(switch):
    """Answers need a rule at the end without state; at the other one the connection stands."""
    groups = [group("loose", egress("tcp", 80), ingress("tcp", "1024-65535"), stateful=False),
              group("web", ingress("tcp", 80))]
    talk = Talk(switch, site([PEER.port("web"), VM.port("loose")], groups))
    talk.passes(VM, VM.says(PEER, tcp(5000, 80)), to=PEER)
    talk.passes(PEER, PEER.says(VM, tcp(80, 5000, "SA")), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(5000, 80, "A")), to=PEER)
    talk.passes(PEER, PEER.says(VM, tcp(80, 5000, "A")), to=VM)
    assert [row["state"] for row in talk.connections()] == ["ESTABLISHED"]
    talk.ends()


@proves("S47")
def test_groups_with_and_without_state_at_one_port(switch):
    """Each rule is as its group: what the stateful one lets through is answered."""
    groups = [group("loose", ingress("udp", "80-81"), MUTE, stateful=False),
              group("firm", ingress("udp", "81-82"))]
    talk = Talk(switch, guarded(groups))
    for port, is_answered in ((80, False), (81, True), (82, True)):
        talk.passes(PEER, PEER.says(VM, udp(9, port)), to=VM)
        answer = VM.says(PEER, udp(port, 9))
        if is_answered:
            talk.passes(VM, answer, to=PEER)
        else:
            talk.refuses(VM, answer, why=REFUSED["egress"])
    talk.ends()


def test_an_open_egress_remembers_although_ingress_does_not(switch):
    """No group speaks about egress, so it is open as by default, with state."""
    talk = Talk(switch, guarded([group("web", ingress("tcp", 80), stateful=False)]))
    talk.passes(VM, VM.says(PEER, udp(9, 53)), to=PEER)
    talk.passes(PEER, PEER.says(VM, udp(53, 9)), to=VM)
    talk.passes(PEER, PEER.says(VM, tcp(9, 80)), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 9, "SA")), to=PEER)
    talk.ends()


# Groups as the other end.

DB = group("db")
WEB = group("web", ingress("udp", 53, remote_group="db"), MUTE)


@proves("S47")
@both_families
def test_members_are_the_ports_of_a_group(switch, family):
    ports = [PEER.port("db"), THIRD.port("other"), VM.port("web")]
    talk = Talk(switch, site(ports, [WEB, DB, group("other")]))
    talk.passes(PEER, PEER.says(VM, udp(9, 53), family), to=VM)
    talk.refuses(PEER, PEER.says(VM, udp(9, 54), family), why="deliver/not-allowed")
    talk.refuses(THIRD, THIRD.says(VM, udp(9, 53), family), why="deliver/not-allowed")
    talk.passes(VM, VM.says(PEER, udp(53, 9), family), to=PEER)
    talk.ends()


@proves("S47")
@both_families
def test_a_group_may_be_the_other_end_of_egress(switch, family):
    client = group("client", egress("udp", 53, remote_group="db"))
    ports = [PEER.port("db"), THIRD.free(), VM.port("client")]
    talk = Talk(switch, site(ports, [client, group("db", ingress("udp"))]))
    talk.passes(VM, VM.says(PEER, udp(9, 53), family), to=PEER)
    talk.passes(PEER, PEER.says(VM, udp(53, 9), family), to=VM)
    talk.refuses(VM, VM.says(THIRD, udp(9, 53), family), why="admit/not-allowed")
    talk.ends()


@proves("S47")
@both_families
def test_a_group_may_be_its_own_other_end(switch, family):
    """As Neutron's default group."""
    default = group("default", ingress(remote_group="default"), egress())
    ports = [PEER.port("default"), VM.port("default"), THIRD.port()]
    talk = Talk(switch, site(ports, [default]))
    talk.passes(PEER, PEER.says(VM, tcp(9, 80), family), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 9, "SA"), family), to=PEER)
    talk.refuses(THIRD, THIRD.says(VM, tcp(9, 80), family), why="deliver/not-allowed")
    talk.refuses(VM, VM.says(THIRD, tcp(9, 80), family), why="deliver/not-allowed")
    talk.ends()


@proves("S47")
def test_members_elsewhere(switch):
    elsewhere = group("db", members=["10.0.9.1", "2001:db8:9::1"])
    talk = Talk(switch, site([VM.port("web")], [WEB, elsewhere], wired=[WIRED]))

    def call(source, **tag):
        return frame(WIRED.mac, VM.mac,
                     packet(source, VM.ip(6 if ":" in source else 4), udp(9, 53)), **tag)

    members, strangers = ["10.0.9.1", "2001:db8:9::1"], ["10.0.9.2", "10.0.9.0", "2001:db8:9::2"]
    talk.says(WIRED, *(call(source, vlan=VLAN) for source in members),
              hears={VM: map(call, members)})
    talk.refuses(WIRED, *(call(source, vlan=VLAN) for source in strangers),
                 why="deliver/not-allowed")
    talk.ends()


@proves("S47")
def test_members_in_another_network(switch):
    """A router brings it, as any packet from another network; a member is an address."""
    ports = [PEER.free(), VM.port("web"), {**FOURTH.port("db"), "network": "red",
                                           "addresses": ["172.16.0.4"]}]
    talk = Talk(switch, site(ports, [WEB, DB]))
    for source, is_member in (("172.16.0.4", True), ("172.16.0.5", False), (FOURTH.ip(), False)):
        routed = frame(PEER.mac, VM.mac, packet(source, VM.ip(), udp(9, 53)))
        if is_member:
            talk.passes(PEER, routed, to=VM)
        else:
            talk.refuses(PEER, routed, why="deliver/not-allowed")
    talk.ends()


def test_one_port_in_many_groups_is_a_member_of_each(switch):
    rules = [ingress("udp", 100 + number, remote_group=f"g{number}") for number in range(8)]
    names = [f"g{number}" for number in range(7)]
    talk = Talk(switch, site([PEER.port(*names), VM.port("web")],
                             [group("web", *rules), *(group(name) for name in names + ["g7"])]))
    talk.passes(PEER, *(PEER.says(VM, udp(9, 100 + number)) for number in range(7)), to=VM)
    talk.refuses(PEER, PEER.says(VM, udp(9, 107)), why="deliver/not-allowed")
    talk.ends()


def test_a_rule_of_an_empty_group_lets_nobody_through(switch):
    talk = Talk(switch, guarded([WEB, DB], "web"))
    talk.refuses(PEER, PEER.says(VM, udp(9, 53)), PEER.says(VM, udp(9, 53), 6),
                 why="deliver/not-allowed")
    talk.ends()


def test_an_address_of_two_members_is_one_as_long_as_one_is_there(switch):
    """Two ports of different networks have the same address; one of them goes."""
    twin = {**FOURTH.port("db"), "network": "red", "addresses": [PEER.ip()]}
    config = site([PEER.free(), VM.port("web"), twin, {**THIRD.port("db"), "network": "green",
                                                       "addresses": [PEER.ip()]}], [WEB, DB])
    talk = Talk(switch, config)
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.becomes(site([PEER.free(), VM.port("web"), twin], [WEB, DB]))
    talk.passes(PEER, PEER.says(VM, udp(10, 53)), to=VM)
    talk.becomes(site([PEER.free(), VM.port("web")], [WEB, DB]))
    talk.refuses(PEER, PEER.says(VM, udp(10, 53)), PEER.says(VM, udp(11, 53)),
                 why="deliver/not-allowed")
    talk.ends()


def test_thousands_of_members(switch):
    """Each is one, and their neighbours are none."""
    members = [f"10.{number >> 7 & 255}.{number << 1 & 255}.1" for number in range(5000)]
    elsewhere = group("db", members=members)
    config = site([PEER.free(), VM.port("web")], [WEB, elsewhere])
    good = [frame(PEER.mac, VM.mac, packet(source, VM.ip(), udp(9, 53)))
            for source in members[::50]]
    bad = [frame(PEER.mac, VM.mac, packet(source[:-1] + "2", VM.ip(), udp(9, 53)))
           for source in members[::50]]
    switch.starts(config, sends={"peer": good + bad})
    assert switch.drops() == {"peer": {"deliver/not-allowed": len(bad)}}
    switch.ends(delivers={"vm": good}, drops=ANYTHING)
