# SPDX-License-Identifier: BSD-3-Clause
"""Security groups hold for what is routed, at both ends, each in the zone of its own network.

VM1 is in blue, VM2 in red; either may be the one that asks.
"""
import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment

from frames import frame
from routing import (EXPIRED, FRIEND, NO_ROUTE, R1, VM1, VM2, both_families, filled, later, ours, pong_of,
                     site, too_big, ttl)
from secure import (EXCHANGES, MUTE, REFUSED, Talk, both_ways, egress, group, ingress, packet, ping, pong, protocol_of,
                    tcp, udp)
from words import proves

BOTH = R1.on("blue", "red")
ENDS = [(VM1, VM2), (VM2, VM1)]
both_ends = pytest.mark.parametrize("here, there", ENDS, ids=("blue asks red", "red asks blue"))
NOT_ALLOWED = {"ingress": "deliver/not-allowed", "egress": "admit/not-allowed"}


def begins(switch, ports, groups=(), **others):
    for port in ports:
        switch.ears[port["name"]] = lambda frames: [ours(data) for data in frames]
    config = site(ports, [BOTH], **others)
    if groups:
        config["security-groups"] = list(groups)
    return Talk(switch, config)


def goes(talk, here, there, data):
    """A packet of one to the other, by the router."""
    __tracebackhide__ = True
    talk.says(here, data, hears={there: R1.routes(data, there)})


def asks_and_answers(exchange="udp"):
    """One may only ask for it, the other only be asked."""
    word = [protocol_of(exchange, family) for family in (4, 6)]
    rules = list(dict.fromkeys(word))
    return [group("asks", *[egress(name) for name in rules], ingress("tcp", 1)),
            group("answers", *[ingress(name) for name in rules], MUTE)]


@proves("S40", "S47")
@both_families
@both_ends
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_replies_flow_back(switch, exchange, here, there, family):
    """Neither end could begin what comes back."""
    question, reply = EXCHANGES[exchange](family)
    talk = begins(switch, [here.port("asks"), there.port("answers")], asks_and_answers(exchange))
    back = there.says(R1, here, reply, family)
    talk.refuses(there, back, why={"admit/not-allowed", "admit/invalid"})
    goes(talk, here, there, here.says(R1, there, question, family))
    goes(talk, there, here, back)
    assert {row["network"] for row in talk.connections()} == {"blue", "red"}
    talk.ends()


@proves("S40", "S47")
@both_families
@both_ends
@both_ways
def test_what_no_rule_lets_through_is_refused(switch, direction, here, there, family):
    """By the sender's egress rules, or by the receiver's ingress rules; the other end is free."""
    rule_ = {"ingress": ingress, "egress": egress}[direction]
    secured, free = (there, here) if direction == "ingress" else (here, there)
    talk = begins(switch, [secured.port("web"), free.port()], [group("web", rule_("udp", 80))])
    for port, is_right in ((80, True), (81, False), (80, True)):
        data = here.says(R1, there, udp(1000, port), family)
        if is_right:
            goes(talk, here, there, data)
        else:
            talk.refuses(here, data, data, why=NOT_ALLOWED[direction])
    talk.ends()


@proves("S40", "S47")
@both_families
def test_a_guest_without_groups_hears_nothing_from_other_networks(switch, family):
    """A port that is in no group is closed, to routers as to neighbours; its own words are answered."""
    closed = {key: value for key, value in VM2.port().items() if key != "port-security"}
    talk = begins(switch, [VM1.port(), closed], [group("unused")])
    call = VM1.says(R1, VM2, udp(1000, 80), family)
    talk.refuses(VM1, call, why="deliver/not-allowed")
    goes(talk, VM2, VM1, VM2.says(R1, VM1, udp(80, 1000), family))
    goes(talk, VM1, VM2, call)
    talk.ends()


@proves("S40", "S47")
@both_families
def test_remote_addresses_are_those_of_the_other_end(switch, family):
    """Not those of the router, whose MAC the frame has."""
    bits = 32 if family == 4 else 128
    talk = begins(switch, [VM2.port("friends"), VM1.port(), FRIEND.port()], [group(
        "friends", ingress("udp", remote_ip=f"{VM1.ip(family)}/{bits}"),
        ingress("udp", remote_ip=f"{R1.ip('red', family)}/{bits}"))])
    goes(talk, VM1, VM2, VM1.says(R1, VM2, udp(1, 80), family))
    talk.refuses(FRIEND, FRIEND.says(R1, VM2, udp(1, 80), family), why="deliver/not-allowed")
    talk.ends()


@proves("S40", "S47")
@both_families
def test_members_of_a_group_are_known_across_networks(switch, family):
    talk = begins(switch, [VM1.port("web"), FRIEND.port(), VM2.port("db")],
                  [group("web"), group("db", ingress("tcp", 5432, remote_group="web"))])
    goes(talk, VM1, VM2, VM1.says(R1, VM2, tcp(1000, 5432), family))
    talk.refuses(FRIEND, FRIEND.says(R1, VM2, tcp(1000, 5432), family), why="deliver/not-allowed")
    talk.ends()


@proves("S33", "S40")
@both_families
def test_a_guest_cannot_be_another_by_way_of_the_router(switch, family):
    """The address of a neighbour, of a guest behind the router, of the router itself."""
    talk = begins(switch, [VM1.port("open"), FRIEND.port(), VM2.port()], [group("open", ingress())])
    for other in (FRIEND.ip(family), VM2.ip(family), R1.ip("blue", family), R1.ip("red", family)):
        talk.refuses(VM1, VM1.says(R1, VM2, udp(1, 2), family, src=other), why="admit/ip-spoofed")
    goes(talk, VM1, VM2, VM1.says(R1, VM2, udp(1, 2), family))
    talk.ends()


# What the router says itself.


def causes(family):
    """name -> (what a guest may send, the error that it gets, why the packet is dropped)"""
    odd = {"flags": "DF"} if family == 4 else {}
    old = VM1.says(R1, VM2, udp(1000, 80), family, **ttl(1, family))
    lost = VM1.says(R1, {4: "198.51.100.7", 6: "2600::7"}[family], udp(1000, 80))
    big = VM1.says(R1, VM2, filled(1400, family), family, **odd)
    return {"too old": (old, EXPIRED[family], "route/ttl-exceeded"),
            "no way": (lost, NO_ROUTE[family], "route/no-route"),
            "too big": (big, too_big(1300, family), "route/too-big")}


@proves("S40", "S47")
@both_families
@pytest.mark.parametrize("cause", ("too old", "no way", "too big"))
def test_an_error_of_the_router_reaches_the_guest_that_caused_it(switch, cause, family):
    """Though no rule lets ICMP in; the second time as the first."""
    data, layer, why = causes(family)[cause]
    talk = begins(switch, [VM1.port("asks"), VM2.port()], [group("asks", egress("udp"), ingress("tcp", 1))],
                  kinds={"red": {"mtu": 1300}})
    for _ in range(2):
        talk.says(VM1, data, hears={VM1: [R1.complains(data, layer, VM1)]}, drops={why: 1})
    talk.ends()


@proves("S40", "S47")
@both_families
def test_an_error_about_an_answer_reaches_who_answered(switch, family):
    """VM2 may only answer; its answer is too old for the way back."""
    talk = begins(switch, [VM1.port("asks"), VM2.port("answers")], asks_and_answers())
    goes(talk, VM1, VM2, VM1.says(R1, VM2, udp(1000, 80), family))
    old = VM2.says(R1, VM1, udp(80, 1000), family, **ttl(1, family))
    talk.says(VM2, old, hears={VM2: [R1.complains(old, EXPIRED[family], VM2)]}, drops={"route/ttl-exceeded": 1})
    goes(talk, VM2, VM1, VM2.says(R1, VM1, udp(80, 1000), family))
    talk.ends()


@proves("S40", "S47")
@both_families
def test_an_error_of_a_guest_finds_its_way(switch, family):
    """VM2 complains, by the router, about what VM1 has sent; about what it has not sent, in vain."""
    layer = NO_ROUTE[family]
    talk = begins(switch, [VM1.port("asks"), VM2.port()], [group("asks", egress("udp", 80), ingress("tcp", 1))])
    data = VM1.says(R1, VM2, udp(1000, 80), family)
    goes(talk, VM1, VM2, data)
    true = VM2.says(R1, VM1, layer / R1.routes(data, VM2)[14:], family)
    other = VM1.says(R1, VM2, udp(1001, 80), family)
    false = VM2.says(R1, VM1, layer / later(other)[14:], family)
    goes(talk, VM2, VM1, true)
    talk.refuses(VM2, false, why={"deliver/not-allowed", "deliver/invalid"})
    talk.ends()


@proves("S40", "S47")
@both_families
def test_who_may_ping_the_router_is_answered(switch, family):
    """And who may not, is not; no rule lets anything in."""
    load = b"weft" * 8
    name = "icmp" if family == 4 else "icmpv6"
    talk = begins(switch, [VM1.port("may"), VM2.port("may-not")],
                  [group("may", egress(name), ingress("tcp", 1)), group("may-not", egress("udp", 1))])
    for place in ("blue", "red"):
        call = VM1.says(R1, R1.ip(place, family), ping(family, load=load))
        answer = pong_of(R1, VM1, pong(family, load=load), R1.ip(place, family), family)
        talk.says(VM1, call, hears={VM1: [answer]})
        talk.refuses(VM2, VM2.says(R1, R1.ip(place, family), ping(family, load=load)), why="admit/not-allowed")
    talk.ends()


@proves("S40", "S47")
def test_a_closed_guest_finds_the_router(switch):
    """ARP is no matter of security groups, and neither is the answer."""
    closed = {key: value for key, value in VM1.port().items() if key != "port-security"}
    talk = begins(switch, [closed, VM2.port()], [group("unused")])
    talk.says(VM1, VM1.asks(R1), hears={VM1: [R1.tells(VM1)]})
    talk.ends()


# Fragments.


@proves("S40", "S47")
@both_families
@both_ways
def test_fragments_follow_the_first(switch, direction, family):
    """A large datagram in fragments, as a rule lets it through or not; no piece of the other gets by."""
    rule_ = {"ingress": ingress, "egress": egress}[direction]
    secured, free = (VM2, VM1) if direction == "ingress" else (VM1, VM2)
    talk = begins(switch, [secured.port("web"), free.port()], [group("web", rule_("udp", 80))])
    good, bad = (fragments(port, family) for port in (80, 81))
    talk.says(VM1, *good, hears={VM2: [R1.routes(data, VM2) for data in good]})
    talk.refuses(VM1, *bad, why=NOT_ALLOWED[direction])
    talk.ends()


def fragments(port, family):
    whole = bytes(packet(VM1.ip(family), VM2.ip(family), udp(1000, port, bytes(range(200)))))
    body = whole[20:] if family == 4 else whole[40:]
    return [frame(VM1.mac, R1.mac("blue"), IP(
        src=VM1.ip(), dst=VM2.ip(), id=port, proto=17, frag=start // 8, flags="MF" if end else 0) / body[start:end]
        if family == 4 else IPv6(src=VM1.ip(6), dst=VM2.ip(6)) / IPv6ExtHdrFragment(
            nh=17, id=port, offset=start // 8, m=int(end is not None)) / body[start:end])
        for start, end in ((0, 104), (104, None))]


@proves("S40", "S47")
def test_a_change_of_rules_holds_for_flows_that_are_routed(switch):
    """What was remembered is decided anew."""
    ports = [VM1.port(), VM2.port("web")]
    talk = begins(switch, ports, [group("web", ingress("udp", 80))])
    data = VM1.says(R1, VM2, udp(1000, 80))
    talk.says(VM1, data, data, data, hears={VM2: [R1.routes(data, VM2)] * 3})
    config = site(ports, [BOTH])
    config["security-groups"] = [group("web", ingress("udp", 81))]
    talk.becomes(config)
    talk.refuses(VM1, data, why=REFUSED["ingress"])
    talk.ends()
