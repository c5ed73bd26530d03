# SPDX-License-Identifier: BSD-3-Clause
"""NAT and firewalls while what they stand on changes: connections are flushed or begin anew, addresses move, rules go.

Also who cannot be told apart from others, and who says that he is another.
"""
import copy

import pytest

from frames import frame
from harness import wait_until
from natting import (ANYBODY, FAR_ROUTER, G1, GATE, ISP, OTHER, OVERLOADED, POOL, PORTS, UNSOLICITED, WEB, Nat, about,
                     begins_tcp, leaves, settings, source_of)
from overlays import keys
from routing import FRIEND, VM1
from routing import ISP as HOP
from secure import gre, packet, tcp, udp
from test_router_firewall import DENIED, WEB as LOCAL, allow, deny, guarded, passes, refuses
from test_router_firewall import PORTS as LOCAL_PORTS, begins as begins_guarded
from words import proves

NOT_TRANSLATABLE, BUSY = "translate/not-translatable", "translate/busy"
FLOATING = "203.0.113.30"


def flushes(switch):
    """All connections go, and what they have held."""
    switch.json("connection flush")
    wait_until(lambda: not switch.json("connection list") and not switch.json("nat list"), "all are gone")


def remembered(switch, host):
    """Flows of a port that stand."""
    return [row for row in switch.json("flow list") if row["port"] == host.name and row["answer"] != "stale"]


def with_router(talk, **words):
    """The same configuration, but for these keys of the router."""
    config = copy.deepcopy(talk.config)
    config["routers"][0].update({word.replace("_", "-"): value for word, value in words.items()})
    return config


# What was in the way goes.


@proves("S42")
def test_who_was_not_translatable_is_when_the_other_has_gone(switch):
    talk = Nat(switch)
    data = VM1.says(G1, WEB, gre())
    talk.says(VM1, data, hears={ISP: leaves(data)})
    other = FRIEND.says(G1, WEB, gre())
    talk.refuses(FRIEND, other, other, why=NOT_TRANSLATABLE)
    assert remembered(switch, FRIEND) == []
    flushes(switch)
    talk.says(FRIEND, other, hears={ISP: leaves(other)})
    assert len(remembered(switch, FRIEND)) == 1
    talk.ends()


@proves("S42")
def test_who_had_no_port_has_one_when_the_others_have_gone(switch):
    talk = Nat(switch, G1.nat(**settings(port_quota=0)))
    frames = [VM1.says(G1, WEB, udp(number, 80)) for number in range(1, 1024, 2)]
    talk.says(VM1, *frames, hears={ISP: [leaves(data) for data in frames]})
    other = FRIEND.says(G1, WEB, udp(5, 80))
    talk.refuses(FRIEND, other, other, why="translate/no-port")
    assert remembered(switch, FRIEND) == []
    flushes(switch)
    talk.says(FRIEND, other, hears={ISP: leaves(other)})
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("end", ("inside", "outside"))
def test_a_connection_that_begins_anew_keeps_its_port(switch, end):
    """Of overloaded ports, too: what is in its way is its own."""
    talk = Nat(switch, G1.nat(**OVERLOADED))
    begins_tcp(talk)
    for seq in (9000, 19000):
        if end == "inside":
            talk.out(VM1, tcp(5000, 80, "R", 1001, 0))
        else:
            talk.into(VM1, tcp(80, 5000, "RA", 10, 1001))
        talk.out(VM1, tcp(5000, 80, seq=seq))
    assert len(talk.connections()) == 1
    talk.ends()


# Addresses move.


@proves("S42", "S44")
def test_an_address_of_the_pool_becomes_a_floating_ip_of_another(switch):
    """At once: who had it before never leaves by it again, and is bound to another one soon."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL[:2]}))
    lost, port = talk.source(VM1, udp(5000, 80))
    kept, = set(POOL[:2]) - {lost}
    config = with_router(talk, floating_ips=[{"address": lost, "port": "friend"}])
    config["routers"][0]["gateway"]["snat-pool"] = [kept]
    frames = [VM1.says(G1, f"192.0.2.{number}", udp(5000, 80)) for number in range(1, 201)]
    talk.config = switch.reopens(config, "vm1", frames)
    talk.opens("vm1")
    heard, dropped = talk.news()
    assert {source_of(data)[0] for data in heard.get("isp", [])} <= {kept}
    assert dropped.get("vm1", {}).keys() <= {BUSY}
    assert len(heard.get("isp", [])) + dropped.get("vm1", {}).get(BUSY, 0) == len(frames)
    wait_until(lambda: all(row["outside"] != lost for row in talk.bindings()), "its binding has gone")
    assert talk.source(VM1, udp(5000, 80), to=OTHER) == (kept, port)
    talk.out(FRIEND, udp(5000, 80), OTHER, lost)
    talk.ends()


# The mapping changes.


@proves("S42")
def test_a_port_that_was_shared_is_nobody_elses_towards_the_same_server(switch):
    """Two have talked to one server each by one port. Bound to it, one may not pass for the other."""
    talk = Nat(switch, G1.nat(**OVERLOADED))
    talk.out(FRIEND, udp(5000, 80), OTHER)
    talk.out(VM1, udp(5000, 80))
    talk.becomes(with_router(talk, nat=keys(dict(mapping="endpoint-independent"))))
    talk.out(VM1, udp(5000, 81))
    data = VM1.says(G1, OTHER, udp(5000, 80))
    talk.refuses(VM1, data, data, why=BUSY)
    talk.out(FRIEND, udp(5000, 80), OTHER)
    talk.into(FRIEND, udp(80, 5000), OTHER)
    talk.into(VM1, udp(80, 5000))
    talk.into(VM1, udp(81, 5000))
    talk.ends()


@proves("S42")
def test_what_is_bound_stays_so_under_another_mapping(switch):
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80))
    talk.becomes(with_router(talk, **OVERLOADED))
    talk.into(VM1, udp(80, 5000))
    talk.out(VM1, udp(5000, 80))
    source = talk.source(FRIEND, udp(5000, 80))
    assert source[0] == GATE and source[1] != 5000
    talk.ends()


# Rules change.


@proves("S45")
def test_an_error_about_a_connection_that_is_denied_by_now(switch):
    """From both sides; as long as it was allowed it has passed."""
    talk = Nat(switch, G1.nat(firewall=[allow()]))
    left = talk.out(VM1, udp(5000, 80))
    came = talk.into(VM1, udp(80, 5000))
    passed = G1.routes(VM1.says(G1, WEB, udp(5000, 80)), HOP)
    error = frame(ISP.mac, G1.mac("public"), about(left, FAR_ROUTER, GATE))
    heard = G1.routes(frame(ISP.mac, G1.mac("public"), about(passed, FAR_ROUTER, VM1.ip())), VM1)
    talk.says(ISP, error, hears={VM1: heard})
    talk.becomes(with_router(talk, firewall=[deny()]))
    talk.refuses(ISP, error, why=DENIED)
    talk.refuses(VM1, frame(VM1.mac, G1.mac("blue"), about(came, VM1.ip(), WEB)), why=DENIED)
    talk.ends()


@proves("S45", "S46")
def test_what_is_denied_as_it_began_is_judged_anew_when_it_is_forgotten(switch):
    """An answer to what must not come in any more is the first packet of what may go out."""
    talk = begins_guarded(switch, allow())
    passes(talk, LOCAL, VM1, udp(80, 5000))
    passes(talk, VM1, LOCAL, udp(5000, 80))
    talk.turns(LOCAL_PORTS, [guarded(deny("in"), allow("out"))])
    refuses(talk, VM1, LOCAL, udp(5000, 80))
    assert remembered(switch, VM1) == []
    flushes(switch)
    passes(talk, VM1, LOCAL, udp(5000, 80))
    passes(talk, LOCAL, VM1, udp(80, 5000))
    talk.ends()


# Who is who.


@proves("S43")
def test_nobody_outside_is_a_guest_with_a_known_connection(switch):
    """A packet of it, as if it came from inside, by the gateway's side."""
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80))
    for _ in range(2):
        talk.refuses(ISP, frame(ISP.mac, G1.mac("public"), packet(VM1.ip(), WEB, udp(5000, 80))), why=UNSOLICITED)
    talk.out(VM1, udp(5000, 80))
    talk.into(VM1, udp(80, 5000))
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("make", (udp, tcp), ids=("udp", "tcp"))
def test_a_guest_that_calls_itself_from_the_port_that_it_calls(switch, make):
    """It could not tell its own packets from the answers; by another port it does."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, make(5000, 80))
    call = VM1.says(G1, GATE, make(5000, 5000))
    talk.refuses(VM1, call, call, why=NOT_TRANSLATABLE)
    talk.turns(VM1, make(5002, 5000), VM1)
    talk.ends()


@proves("S44")
def test_a_guest_that_calls_itself_by_its_floating_ip(switch):
    """Where connections are kept; otherwise it is nobody's business."""
    router = G1.nat(floating_ips=[{"address": FLOATING, "port": "vm1"}], firewall=[allow()])
    talk = Nat(switch, router)
    talk.refuses(VM1, VM1.says(G1, FLOATING, udp(5000, 5000)), why=NOT_TRANSLATABLE)
    talk.turns(VM1, udp(5002, 5000), VM1, to=FLOATING, seen=FLOATING)
    talk.becomes(with_router(talk, firewall=[]))
    talk.turns(VM1, udp(5000, 5000), VM1, to=FLOATING, seen=FLOATING)
    talk.ends()
