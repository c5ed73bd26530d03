# SPDX-License-Identifier: BSD-3-Clause
"""The router's firewall: the first rule that matches decides, and without one nothing passes.

VM1 in blue and VM2 in red are inside, WEB is outside. Most cases are of routers without NAT, where every address
stays as it is, in both families; the others say what NAT has to do with it.
"""
import pytest
from scapy.layers.inet6 import IPv6

from harness import wait_until
from overlays import padded
from routing import (EXPIRED, FRIEND, ISP, NO_PORT, R1, VM1, VM2, answer, both_families, ip_bytes, pong_of, ttl)
from secure import EXCHANGES, egress, group, ingress, ping, ping_name, pong, protocol_of, sctp, tcp, udp
from translated import FAR, FIP1, GATE, OTHER, WEB, Nat, becomes, forwards, leads, says_of, told
from words import proves

PORTS = [VM1, VM2, FRIEND, WEB, OTHER, ISP]
DENIED, INVALID = "firewall/not-allowed", "firewall/invalid"
REFUSED = {DENIED, INVALID}
BITS = {4: 32, 6: 128}


def rule(action, direction=None, protocol=None, ports=None, **others):
    words = {"action": action, "direction": direction, "protocol": protocol, "ports": ports,
             **{word.replace("_", "-"): value for word, value in others.items()}}
    return {word: value for word, value in words.items() if value is not None}


def allow(*words, **others):
    return rule("allow", *words, **others)


def deny(*words, **others):
    return rule("deny", *words, **others)


def guarded(*rules, family=4, **others):
    """A router without NAT, whose gateway has an address of this family."""
    entry = leads(firewall=rules, **others)
    return {**entry, "gateway": {**R1.on(gateway=("public", ISP.ip(family)))["gateway"], "snat": False}}


def begins(switch, *rules, family=4, ports=PORTS, groups=(), **others):
    return Nat(switch, ports, [guarded(*rules, family=family, **others)], groups)


def passes(talk, who, to, inside, family=4, what=""):
    __tracebackhide__ = True
    data = who.says(R1, to, inside, family)
    talk.says(who, data, hears={to: [R1.routes(data, to)]}, what=what)


def refuses(talk, who, to, inside, family=4, why=DENIED, what=""):
    __tracebackhide__ = True
    talk.refuses(who, who.says(R1, to, inside, family), why=why, what=what)


# Which rule decides.


@proves("S45")
@both_families
def test_the_first_rule_that_matches_decides(switch, family):
    """The same two rules in both orders."""
    web, all_tcp = deny(protocol="tcp", ports=80), allow(protocol="tcp")
    talk = begins(switch, web, all_tcp, family=family)
    refuses(talk, VM1, WEB, tcp(1000, 80), family)
    passes(talk, VM1, WEB, tcp(1000, 81), family)
    talk.turns(PORTS, [guarded(all_tcp, web, family=family)])
    passes(talk, VM1, WEB, tcp(1001, 80), family)
    passes(talk, VM1, WEB, tcp(1001, 81), family)
    talk.ends()


@proves("S45")
@both_families
def test_without_a_rule_everything_passes_and_with_one_what_matches_none_does_not(switch, family):
    talk = begins(switch, family=family)
    for number, (question, _) in enumerate(exchange(family) for exchange in EXCHANGES.values()):
        passes(talk, VM1, WEB, question, family, what=number)
        passes(talk, WEB, VM1, question, family, what=number)
    for rules in ([deny(protocol="udp", ports=9)], [allow(protocol="udp", ports=9)]):
        talk.turns(PORTS, [guarded(*rules, family=family)])
        for here, there in ((VM1, OTHER), (OTHER, VM1), (VM1, VM2)):
            for question, _ in (exchange(family) for exchange in EXCHANGES.values()):
                refuses(talk, here, there, question, family)
    talk.turns(PORTS, [guarded(family=family)])
    passes(talk, OTHER, VM1, udp(5, 6), family)
    talk.ends()


WAYS = {"in": {(WEB, VM1)}, "out": {(VM1, WEB), (VM1, VM2)}, "both": {(WEB, VM1), (VM1, WEB), (VM1, VM2)}}


@proves("S45", "S46")
@both_families
@pytest.mark.parametrize("direction", ("in", "out", "both", None))
def test_a_rule_is_for_one_direction_or_for_both(switch, direction, family):
    """Who begins decides: at the gateway, or at an interface, even if it goes to another of those."""
    ways = WAYS[direction or "both"]
    talk = begins(switch, allow(direction, "udp", 80), family=family)
    for number, (here, there) in enumerate(((VM1, WEB), (WEB, VM1), (VM1, VM2))):
        (passes if (here, there) in ways else refuses)(talk, here, there, udp(2000 + number, 80), family)
    talk.turns(PORTS, [guarded(deny(direction, "udp", 80), allow(), family=family)])
    for number, (here, there) in enumerate(((VM1, WEB), (WEB, VM1), (VM1, VM2))):
        (refuses if (here, there) in ways else passes)(talk, here, there, udp(3000 + number, 80), family)
        passes(talk, here, there, udp(3000 + number, 81), family)
    talk.ends()


@proves("S45")
@both_families
@pytest.mark.parametrize("name", EXCHANGES)
def test_a_protocol_is_let_through_and_nothing_else(switch, name, family):
    """Its answers are; the other protocols are not."""
    question, reply = EXCHANGES[name](family)
    talk = begins(switch, allow(protocol=protocol_of(name, family)), family=family)
    for here, there in ((VM1, WEB), (VM2, VM1)):
        for other, make in EXCHANGES.items():
            if other != name:
                refuses(talk, here, there, make(family)[0], family)
        passes(talk, here, there, question, family)
        passes(talk, there, here, reply, family)
    talk.ends()


@proves("S45")
@both_families
@pytest.mark.parametrize("protocol, make", (("tcp", tcp), ("udp", udp), ("sctp", sctp)), ids=("tcp", "udp", "sctp"))
def test_ports_are_those_of_the_destination(switch, protocol, make, family):
    talk = begins(switch, allow(protocol=protocol, ports="80-82"), family=family)
    for port, is_right in ((79, False), (80, True), (81, True), (82, True), (83, False)):
        (passes if is_right else refuses)(talk, VM1, WEB, make(1000, port), family)
    refuses(talk, VM1, WEB, make(80, 1000), family)
    talk.ends()


@proves("S45")
@both_families
def test_types_and_codes_of_icmp(switch, family):
    question = 8 if family == 4 else 128
    talk = begins(switch, allow(protocol=ping_name(family), icmp_type=question, icmp_code=0), family=family)
    passes(talk, VM1, WEB, ping(family), family)
    passes(talk, WEB, VM1, pong(family), family)
    talk.turns(PORTS, [guarded(allow(protocol=ping_name(family), icmp_type=question + 1), family=family)])
    refuses(talk, VM1, WEB, ping(family, number=8), family)
    talk.turns(PORTS, [guarded(allow(protocol=ping_name(family), icmp_type=question, icmp_code=1), family=family)])
    refuses(talk, VM1, WEB, ping(family, number=9), family)
    talk.ends()


@proves("S45")
@both_families
@pytest.mark.parametrize("end", ("source", "destination"))
def test_addresses_and_prefixes(switch, end, family):
    """Of one host, of a link, and of everybody."""
    who = VM1 if end == "source" else WEB
    everybody = {4: "0.0.0.0/0", 6: "::/0"}[family]
    link = {4: who.ip(4).rsplit(".", 1)[0] + ".0/24", 6: who.ip(6).rsplit("::", 1)[0] + "::/64"}[family]
    for number, (prefix, reach) in enumerate(((f"{who.ip(family)}/{BITS[family]}", {(VM1, WEB)}),
                                              (link, {(VM1, WEB), (FRIEND, WEB) if end == "source" else (VM1, OTHER)}),
                                              (everybody, {(VM1, WEB), (FRIEND, WEB), (VM1, OTHER), (VM2, OTHER)}))):
        if not number:
            talk = begins(switch, allow(**{end: prefix}), family=family)
        else:
            talk.turns(PORTS, [guarded(allow(**{end: prefix}), family=family)])
        for here, there in ((VM1, WEB), (FRIEND, WEB), (VM1, OTHER), (VM2, OTHER)):
            is_right = here in {one for one, _ in reach} if end == "source" else there in {other for _, other in reach}
            (passes if is_right else refuses)(talk, here, there, udp(4000 + number, 80), family, what=prefix)
    talk.ends()


@proves("S45")
def test_a_rule_of_one_family_is_not_for_the_other(switch):
    """VM1 to VM2, since the gateway is of one family only."""
    talk = begins(switch, allow(ethertype="ipv4"))
    passes(talk, VM1, VM2, udp(1, 2), 4)
    refuses(talk, VM1, VM2, udp(1, 2), 6)
    talk.turns(PORTS, [guarded(allow(ethertype="ipv6"))])
    passes(talk, VM1, VM2, udp(3, 2), 6)
    refuses(talk, VM1, VM2, udp(3, 2), 4)
    talk.turns(PORTS, [guarded(allow())])
    passes(talk, VM1, VM2, udp(4, 2), 6)
    passes(talk, VM1, VM2, udp(4, 2), 4)
    talk.ends()


# Connections.


@proves("S45")
@both_families
@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize("direction", ("in", "out"))
def test_answers_pass(switch, direction, name, family):
    """None of them could begin: the rule is for the other direction."""
    question, reply = EXCHANGES[name](family)
    here, there = (WEB, VM1) if direction == "in" else (VM1, WEB)
    talk = begins(switch, allow(direction), family=family)
    refuses(talk, there, here, reply, family, why=REFUSED)
    passes(talk, here, there, question, family)
    for _ in range(2):
        passes(talk, there, here, reply, family)
    rows = talk.router_rows()
    assert len(rows) == 1 and rows[0]["router"] == "r1", rows
    talk.ends()


@proves("S45")
@both_families
def test_what_is_part_of_nothing_and_cannot_begin_is_invalid(switch, family):
    """Though a rule would let it through."""
    talk = begins(switch, allow(), family=family)
    for flags in ("R", "RA", "SA", "FA", "F"):
        for here, there in ((VM1, WEB), (WEB, VM1), (VM1, VM2)):
            refuses(talk, here, there, tcp(1000, 80, flags), family, why=INVALID, what=flags)
    refuses(talk, VM1, WEB, pong(family), family, why=INVALID)
    talk.ends()


def test_with_nat_it_is_the_translation_that_finds_out(switch):
    talk = Nat(switch, PORTS, [leads(firewall=[allow()])])
    talk.refuses(VM1, VM1.says(R1, WEB, tcp(1000, 80, "R")), why="translate/invalid")
    talk.refuses(WEB, WEB.says(R1, GATE, tcp(1000, 80, "R")), why="translate/unsolicited")
    talk.ends()


def complaint(layer, data, family):
    """layer about the frame, without its Ethernet header; bytes of IPv6 must be parsed to be quoted."""
    return layer / (ip_bytes(data) if family == 4 else IPv6(ip_bytes(data)))


@proves("S45")
@both_families
def test_errors_about_a_connection_pass(switch, family):
    """Of both ends, and of routers in between; about nothing they do not."""
    talk = begins(switch, allow("out", "udp"), family=family)
    asked = VM1.says(R1, WEB, udp(1000, 80), family)
    refuses(talk, WEB, VM1, complaint(NO_PORT[family], asked, family), family, why=REFUSED)
    passes(talk, VM1, WEB, udp(1000, 80), family)
    for who in (WEB, ISP):
        for layer in (NO_PORT[family], EXPIRED[family]):
            passes(talk, who, VM1, complaint(layer, asked, family), family)
    other = VM1.says(R1, WEB, udp(1001, 80), family)
    refuses(talk, WEB, VM1, complaint(NO_PORT[family], other, family), family, why=REFUSED)
    assert len(talk.router_rows()) == 1
    talk.ends()


@proves("S37", "S45")
@both_families
@pytest.mark.parametrize("direction", ("in", "out"))
def test_a_change_of_rules_cuts(switch, direction, family):
    """What the rules of now allow goes on, whichever rule it was that let it in."""
    here, there = (WEB, VM1) if direction == "in" else (VM1, WEB)
    talk = begins(switch, allow(direction, "tcp", 80), allow(direction, "udp", 53), family=family)
    passes(talk, here, there, tcp(1000, 80), family)
    passes(talk, there, here, tcp(80, 1000, "SA", seq=9, ack=1001), family)
    passes(talk, here, there, udp(9, 53), family)
    talk.turns(PORTS, [guarded(allow(direction, "udp", "50-60"), family=family)])
    for _ in range(2):
        refuses(talk, here, there, tcp(1000, 80, "A", seq=1001, ack=10), family, why=REFUSED)
        refuses(talk, there, here, tcp(80, 1000, "A", seq=10, ack=1001), family, why=REFUSED)
        passes(talk, there, here, udp(53, 9), family)
        passes(talk, here, there, udp(9, 53), family)
    talk.ends()


@proves("S37", "S45")
def test_a_deny_in_front_cuts(switch):
    """The answer dies as well, though nobody asks any more."""
    talk = begins(switch, allow("out"))
    passes(talk, VM1, WEB, udp(1000, 80))
    talk.turns(PORTS, [guarded(deny("out", "udp", 80), allow("out"))])
    refuses(talk, WEB, VM1, udp(80, 1000), why=REFUSED)
    passes(talk, VM1, WEB, udp(1000, 81))
    talk.ends()


@proves("S37", "S45")
def test_a_rule_of_the_other_direction_does_not_cut(switch):
    """A connection is judged as it began, so its answers are no matter of rules for what comes in."""
    talk = begins(switch, allow("out"), allow("in"))
    passes(talk, VM1, WEB, udp(1000, 80))
    talk.turns(PORTS, [guarded(allow("out"), deny("in"))])
    passes(talk, WEB, VM1, udp(80, 1000))
    refuses(talk, WEB, VM1, udp(81, 1000))
    talk.ends()


@proves("S37", "S45")
def test_a_firewall_comes_and_goes(switch):
    talk = begins(switch)
    passes(talk, WEB, VM1, udp(1, 2))
    assert talk.connections() == []
    talk.turns(PORTS, [guarded(allow("out"))])
    refuses(talk, WEB, VM1, udp(1, 2))
    talk.turns(PORTS, [guarded()])
    passes(talk, WEB, VM1, udp(1, 2))
    talk.ends()


# What it is not about.


@proves("S45")
@both_families
def test_inside_a_network_nothing_is_judged(switch, family):
    """Neighbours talk by their own MACs."""
    talk = begins(switch, deny(), family=family)
    for here, there in ((VM1, FRIEND), (FRIEND, VM1), (WEB, OTHER)):
        data = direct(here, there, family)
        talk.says(here, data, hears={there: [data]})
    refuses(talk, VM1, VM2, udp(1, 2), family)
    talk.ends()


def direct(here, there, family):
    data = here.says(R1, there, udp(1, 2), family)
    return bytes.fromhex(there.mac.replace(":", "")) + data[6:]


@proves("S45")
@both_families
def test_the_routers_own_addresses_are_not_judged(switch, family):
    """It answers ping at all of them, and is found."""
    load = b"weft" * 8
    talk = begins(switch, deny(), family=family)
    for host, place in ((VM1, "blue"), (VM1, "red"), (WEB, "public")):
        told_ = pong_of(R1, host, pong(family, load=load), R1.ip(place, family), family)
        talk.says(host, host.says(R1, R1.ip(place, family), ping(family, load=load)), hears={host: [told_]})
    talk.says(VM1, VM1.asks(R1), hears={VM1: [R1.tells(VM1)]})
    talk.ends()


@proves("S45")
def test_the_router_complains_about_what_may_pass(switch):
    """No rule is for its own errors."""
    talk = begins(switch, allow("out", "udp"))
    old = VM1.says(R1, WEB, **ttl(1))
    talk.says(VM1, old, hears={VM1: [R1.complains(old, EXPIRED[4], VM1)]}, drops={"route/ttl-exceeded": 1})
    talk.ends()


# Security groups.


@proves("S45", "S47")
@both_families
def test_who_refuses_is_told_by_the_reason(switch, family):
    """From outside the firewall is asked first; what a guest sends its own group judges first."""
    ports = [VM1.port("guest"), VM2.port("guest"), WEB, ISP]
    groups = [group("guest", ingress("udp", "80-81"), egress("udp", "80-81"))]
    rules = [allow(protocol="udp", ports="81-82")]
    talk = begins(switch, *rules, family=family, ports=ports, groups=groups)
    reasons = {(WEB, VM1): {80: DENIED, 81: None, 82: "deliver/not-allowed", 83: DENIED},
               (VM1, WEB): {80: DENIED, 81: None, 82: "admit/not-allowed", 83: "admit/not-allowed"},
               (VM2, VM1): {80: DENIED, 81: None, 82: "admit/not-allowed", 83: "admit/not-allowed"}}
    for (here, there), verdicts in reasons.items():
        for port, why in verdicts.items():
            if why:
                refuses(talk, here, there, udp(1000, port), family, why=why, what=f"{here.name} {port}")
            else:
                passes(talk, here, there, udp(1000, port), family)
                passes(talk, there, here, udp(port, 1000), family)
    talk.ends()


# With NAT.


@proves("S45")
def test_rules_see_inside_addresses(switch):
    """Source NAT, floating IP and forwarding: before the one and after the others."""
    rules = [allow("out", source=f"{VM1.ip()}/32"), allow("in", "udp", 80, destination=f"{VM1.ip()}/32"),
             allow("in", "udp", 53, destination=f"{VM2.ip()}/32"), allow(source=f"{FIP1}/32"),
             allow(destination=f"{FIP1}/32"), allow(destination=f"{GATE}/32"), allow(source=f"{GATE}/32")]
    forwarding = [forwards(5353, VM2, 53, "udp"), forwards(5354, VM2, 54, "udp")]
    talk = Nat(switch, PORTS, [leads([(FIP1, FRIEND)], forwarding, rules)])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=GATE)
    talk.goes(WEB, WEB.says(R1, GATE, udp(80, 1000)), to=VM1, dst=VM1.ip())
    talk.refuses(VM2, VM2.says(R1, WEB, udp(1002, 80)), why=DENIED)
    talk.refuses(FRIEND, FRIEND.says(R1, WEB, udp(1004, 80)), why=DENIED)
    talk.refuses(WEB, WEB.says(R1, FIP1), why=DENIED)
    talk.goes(WEB, WEB.says(R1, GATE, udp(7, 5353)), to=VM2, dst=VM2.ip(), dport=53)
    talk.goes(VM2, VM2.says(R1, WEB, udp(53, 7)), to=WEB, src=GATE, sport=5353)
    talk.refuses(WEB, WEB.says(R1, GATE, udp(7, 5354)), why=DENIED)
    talk.refuses(WEB, WEB.says(R1, GATE, udp(7, 5355)), why="translate/unsolicited")
    talk.ends()


@proves("S44", "S45")
def test_a_floating_ip_behind_a_firewall(switch):
    """It has connections then, and errors both ways are related."""
    talk = Nat(switch, PORTS, [leads([(FIP1, VM1)], firewall=[allow("in", "udp", 80)])])
    asked = WEB.says(R1, FIP1)
    talk.goes(WEB, asked, to=VM1, dst=VM1.ip())
    talk.goes(VM1, VM1.says(R1, WEB, udp(80, 1000)), to=WEB, src=FIP1)
    came = ip_bytes(becomes(asked, dst=VM1.ip()))
    talk.goes(VM1, VM1.says(R1, WEB, NO_PORT[4] / came), to=WEB, src=FIP1, quoted={"dst": FIP1})
    talk.refuses(WEB, WEB.says(R1, FIP1, udp(1000, 81)), why=DENIED)
    talk.refuses(VM1, VM1.says(R1, WEB, udp(81, 1000)), why=DENIED)
    assert [row["router"] for row in talk.router_rows()] == ["r1"]
    talk.ends()


@proves("S44", "S45")
def test_arp_for_a_floating_ip_is_not_judged(switch):
    talk = Nat(switch, PORTS, [leads([(FIP1, VM1)], firewall=[deny()])])
    told_ = padded(answer(R1.mac("public"), FIP1, WEB.mac, WEB.ip()))
    talk.says(WEB, WEB.asks(R1, target=FIP1), hears={WEB: [told_]})
    talk.refuses(WEB, WEB.says(R1, FIP1, ping()), why=DENIED)
    talk.ends()


@proves("S37", "S45")
def test_a_change_cuts_what_is_translated(switch):
    talk = Nat(switch, PORTS, [leads(firewall=[allow("out", "udp"), allow("out", "tcp")])])
    talk.goes(VM1, VM1.says(R1, FAR), to=ISP, src=GATE)
    talk.turns(PORTS, [leads(firewall=[allow("out", "tcp")])])
    talk.refuses(VM1, VM1.says(R1, FAR), why=REFUSED)
    back = talk.is_lost(ISP, ISP.says(R1, GATE, udp(80, 1000), src=FAR), on=[VM1])
    assert back.keys() <= REFUSED | {"translate/unsolicited"} and sum(back.values()) == 1, back
    talk.ends()


# What is said about it.


def logged(switch, number):
    wait_until(lambda: len(switch.json("log list")) >= number, f"{number} lines", switch.stderr)
    rows = switch.json("log list")
    assert len(rows) == number, rows
    return rows


@proves("S45")
@both_families
def test_what_matches_a_logged_rule_is_logged(switch, family):
    """New connections once, and what is denied; rules that do not say so are silent."""
    talk = begins(switch, deny(protocol="udp", ports=81, log=True), allow(protocol="udp", ports=80, log=True),
                  allow(protocol="udp", ports=82), family=family)
    passes(talk, VM1, WEB, udp(1000, 80), family)
    passes(talk, VM1, WEB, udp(1000, 80), family)
    passes(talk, WEB, VM1, udp(80, 1000), family)
    refuses(talk, WEB, VM1, udp(1000, 81), family)
    passes(talk, VM1, WEB, udp(1000, 82), family)
    refuses(talk, VM1, WEB, udp(1000, 83), family)
    rows = logged(switch, 2)
    assert sorted(row["verdict"] for row in rows) == ["accepted", "dropped"]
    for row in rows:
        assert "r1" in str(row) and VM1.ip(family) in str(row["packet"]) and WEB.ip(family) in str(row["packet"]), row
    talk.ends()


@proves("S17", "S45")
def test_a_trace_says_what_the_firewall_says(switch):
    """Let through or not, and by which stage; what is traced leaves no connection."""
    talk = begins(switch, deny("in", "udp", 81), allow("out"), allow("in", "udp"))
    good = talk.traces(VM1, VM1.says(R1, WEB))
    assert says_of(good, "firewall") and "web" in good["answer"], good
    stages = [row["stage"] for row in good["stages"]]
    assert stages.index("firewall") < stages.index("route")
    bad = talk.traces(WEB, WEB.says(R1, VM1, udp(1000, 81)))
    assert "not-allowed" in bad["verdict"] and bad["stages"][-1]["stage"] == "firewall", bad
    invalid = talk.traces(WEB, WEB.says(R1, VM1, tcp(1000, 80, "R")))
    assert "invalid" in invalid["verdict"] and invalid["stages"][-1]["stage"] == "firewall", invalid
    assert talk.connections() == []
    talk.ends()


@proves("S17", "S45")
def test_the_stages_are_in_order(switch):
    talk = Nat(switch, PORTS, [leads([(FIP1, VM1)], firewall=[allow()])])
    rows = [row["stage"] for row in switch.json("path")]
    assert [name for name in rows if name in ("bridge", "translate", "firewall", "route")] == \
        ["bridge", "translate", "firewall", "route"], rows
    talk.ends()


@proves("S45")
def test_a_router_shows_its_rules(switch):
    talk = begins(switch, deny("in", "tcp", 23), allow(source=f"{VM1.ip()}/32"))
    shown = told(switch.json("router show r1"), "firewall")
    assert len(shown) == 2
    assert all(word in str(shown[0]) for word in ("deny", "in", "tcp", "23")), shown
    assert "allow" in str(shown[1]) and VM1.ip() in str(shown[1]), shown
    talk.ends()
