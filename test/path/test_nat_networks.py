# SPDX-License-Identifier: BSD-3-Clause
"""Source NAT between networks of all types, hairpins, and several routers that are alike."""
import pytest

from natting import (ANYBODY, G1, G2, GATE, ISP, OTHER, POOL, PORTS, UNSOLICITED, WEB, Nat, arrives, comes_in,
                     hears, leaves, settings)
from overlays import KINDS
from routing import FRIEND, NEXT, VM1, VM2, Host, begins, site
from secure import ping, pong, tcp, udp
from test_router_networks import FAR, WIRE, Side, joined
from test_router_networks import begins as begins_joined
from words import proves

# The other tenant's guests: addresses and MACs are the same.
TWIN1, TWIN2 = Host("twin1", "blue2", 10), Host("twin2", "red2", 20)
TENANTS = (VM1, FRIEND, VM2, TWIN1, TWIN2, ISP)
GATE2 = G2.ip("public")
BOTH = [G1.nat(), G2.nat("blue2", "red2")]


# Of all types.


@proves("S29", "S42")
@pytest.mark.parametrize("kind", ("local", "flat", "vlan") + KINDS)
def test_an_inside_network_of_any_type(switch, kind):
    """Who is behind a wire or a tunnel asks, and is answered there; so is the guest of this host."""
    inside = Side(kind, "blue", FAR, Host("guest", "blue", 10), WIRE)
    asker = FAR if inside.wire else inside.guest
    config = joined(inside, ports=(inside.guest, ISP), routers=[G1.nat("blue")])
    question, answer = asker.says(G1, WEB, udp(5000, 80)), arrives(WEB, udp(80, 5000))
    back = comes_in(answer, asker)
    sends = {ISP.name: [answer]}
    sends[WIRE] = [inside.arrives(FAR.asks(G1)), inside.arrives(question)] if inside.wire else []
    if not inside.wire:
        sends[inside.guest.name] = [question]
    begins_joined(switch, config, sends)
    assert switch.hears("isp")[-1:] == [leaves(question)]
    heard = switch.hears(WIRE if inside.wire else inside.guest.name)
    assert (inside.leaves(back) if inside.wire else back) in heard
    switch.stops()


@proves("S12", "S42")
@pytest.mark.parametrize("kind", ("flat", "vlan"))
def test_an_outside_network_of_a_wire(switch, kind):
    """The next hop is behind the wire, and has told where it is; its answer comes by it."""
    outside = Side(kind, "public", ISP, Host("ear", "public", 90), WIRE)
    properties = {**outside.properties(), "static-macs": [{"mac": ISP.mac, "physical-network": WIRE}]}
    talk = Nat(switch, G1.nat(), ports=[VM1, FRIEND, VM2], kinds={"public": properties},
               **{"physical-networks": [{"name": WIRE}]}, listens=hears,
               sends={WIRE: [outside.arrives(ISP.answers(G1))]})
    data, answer = VM1.says(G1, WEB, udp(5000, 80)), arrives(WEB, udp(80, 5000))
    talk.says(VM1, data, hears={WIRE: outside.leaves(leaves(data))})
    talk.says(WIRE, outside.arrives(answer), hears={VM1: comes_in(answer, VM1)})
    talk.refuses(WIRE, outside.arrives(arrives(OTHER, udp(80, 5000))), why=UNSOLICITED)
    talk.says(VM1, data, hears={WIRE: outside.leaves(leaves(data))})
    talk.ends()


# Hairpins.


@proves("S42")
@pytest.mark.parametrize("protocol", (udp, tcp), ids=("UDP", "TCP"))
@pytest.mark.parametrize("other", (FRIEND, VM2, VM1), ids=("same network", "another network", "itself"))
def test_a_hairpin(switch, other, protocol):
    """It has not spoken to anybody outside before; the answer finds it."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, protocol(5000, 80))
    talk.turns(other, protocol(6000, 5000), VM1)
    answer = udp(5000, 6000) if protocol is udp else tcp(5000, 6000, "SA", seq=9, ack=1001)
    talk.turns(VM1, answer, other)
    talk.ends()


@proves("S42", "S43")
@pytest.mark.parametrize("words", ({}, settings(filtering="address-and-port-dependent")),
                         ids=("address", "address and port"))
def test_a_hairpin_is_subject_to_filtering(switch, words):
    """VM1 has not sent to the outside address, so who is behind it is a stranger."""
    talk = Nat(switch, G1.nat(**words))
    talk.out(VM1, udp(5000, 80))
    data = FRIEND.says(G1, GATE, udp(6000, 5000))
    talk.refuses(FRIEND, data, data, why=UNSOLICITED)
    talk.ends()


@proves("S42", "S43")
def test_an_outside_address_and_port_that_stands_for_nobody(switch):
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, udp(5000, 80))
    for inside in (udp(6000, 5002), tcp(6000, 5000)):
        talk.refuses(FRIEND, FRIEND.says(G1, GATE, inside), why=UNSOLICITED)
    talk.ends()


@proves("S42")
def test_a_hairpin_by_two_addresses_of_the_pool(switch):
    """Each seems to be where it is seen outside."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}, **ANYBODY))
    (here, port), (there, other) = talk.source(VM1, udp(5000, 80)), talk.source(FRIEND, udp(6000, 80))
    talk.turns(FRIEND, udp(6000, port), VM1, to=here, seen=there, sport=other, dport=5000)
    talk.turns(VM1, udp(5000, other), FRIEND, to=there, seen=here, sport=port, dport=6000)
    talk.ends()


# Two tenants.


@proves("S11", "S42")
def test_tenants_with_the_same_addresses(switch):
    """They ask the same by the same ports, each by its own gateway, and neither hears the other's answer."""
    talk = Nat(switch, *BOTH, ports=TENANTS)
    for _ in range(2):
        talk.out(VM1, udp(5000, 80))
        data = TWIN1.says(G2, WEB, udp(5000, 80))
        talk.says(TWIN1, data, hears={ISP: leaves(data, GATE2, router=G2)})
    answer = arrives(WEB, udp(80, 5000, b"twin"), GATE2, G2)
    talk.says(ISP, answer, hears={TWIN1: comes_in(answer, TWIN1, router=G2)})
    talk.into(VM1, udp(80, 5000))
    talk.ends()


@proves("S11", "S42", "S43")
def test_a_binding_of_one_tenant_is_none_of_the_other(switch):
    talk = Nat(switch, *BOTH, ports=TENANTS)
    talk.out(VM1, udp(5000, 80))
    talk.refuses(ISP, arrives(WEB, udp(80, 5000), GATE2, G2), why=UNSOLICITED)
    data = TWIN2.says(G2, WEB, ping())
    talk.says(TWIN2, data, hears={ISP: leaves(data, GATE2, router=G2)})
    talk.refuses(ISP, arrives(WEB, pong()), why=UNSOLICITED)
    talk.ends()


@proves("S42")
def test_the_bindings_of_tenants_are_listed_apart(switch):
    talk = Nat(switch, *BOTH, ports=TENANTS)
    talk.out(VM1, udp(5000, 80))
    data = TWIN1.says(G2, WEB, tcp(5000, 80))
    talk.says(TWIN1, data, hears={ISP: leaves(data, GATE2, router=G2)})
    plain = {"inside": "10.0.1.10:5000", "remote": "*", "connections": 1}
    first = {**plain, "router": "r1", "protocol": "udp", "outside": f"{GATE}:5000"}
    second = {**plain, "router": "r9", "protocol": "tcp", "outside": f"{GATE2}:5000"}
    assert talk.bindings("--router", "r1") == [first]
    assert talk.bindings("--router", "r9") == [second]
    assert sorted(talk.bindings(), key=lambda row: row["router"]) == [first, second]
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("words, passes", ((ANYBODY, True), ({}, False)), ids=("anybody", "friends"))
def test_from_one_tenant_to_the_other_by_the_outside(switch, words, passes):
    """Translated by both routers, if what it is for is bound and open; both are hops."""
    talk = Nat(switch, G1.nat(), G2.nat("blue2", "red2", **words), ports=TENANTS)
    opened = TWIN1.says(G2, WEB, udp(5000, 80))
    talk.says(TWIN1, opened, hears={ISP: leaves(opened, GATE2, router=G2)})
    data = VM1.says(G1, GATE2, udp(6000, 5000))
    if not passes:
        talk.refuses(VM1, data, why=UNSOLICITED)
    else:
        talk.says(VM1, data, hears={TWIN1: leaves_for(data)})
        back = TWIN1.says(G2, GATE, udp(5000, 6000))
        talk.says(TWIN1, back, hears={VM1: comes_in(leaves(back, GATE2, router=G2), VM1)})
    talk.ends()


def leaves_for(data):
    """What VM1 sends by G1, for TWIN1 behind G2."""
    return comes_in(leaves(data), TWIN1, router=G2)


# Guests with security groups.


@proves("S42", "S47")
def test_a_secured_guest_asks_and_is_answered(switch):
    """Its groups see its own address, and the answer as one; nothing else comes in."""
    rules = [{"direction": "egress", "protocol": "udp", "remote-ip": f"{WEB}/32"}]
    ports = [VM1.port("asks"), FRIEND, VM2, NEXT, ISP]
    talk = Nat(switch, ports=ports, security_groups=[{"name": "asks", "rules": rules}])
    talk.out(VM1, udp(5000, 80))
    talk.into(VM1, udp(80, 5000))
    talk.refuses(ISP, arrives(WEB, udp(81, 5000)), why={"deliver/not-allowed"})
    talk.refuses(VM1, VM1.says(G1, OTHER, udp(5000, 80)), why="admit/not-allowed")
    talk.ends()


@proves("S42")
def test_many_guests_at_once(switch):
    """Four hundred conversations from all hosts, each with its answer; in the cache, and with two workers as well."""
    hosts, sends, back, there, answers = (VM1, FRIEND, VM2, NEXT), {}, [], [], {}
    for place, host in enumerate(hosts):
        ports = range(5000 + place, 5400 + place, 4)
        sends[host] = [host.says(G1, WEB, udp(port, 80)) for port in ports] * 2
        there += [leaves(data) for data in sends[host]]
        arrived = [arrives(WEB, udp(80, port, b"answer")) for port in ports]
        back += arrived
        answers[host] = [comes_in(data, host) for data in arrived]
    begins(switch, site(PORTS, [G1.nat()]), sends={**sends, ISP: back})
    switch.ends(delivers={"isp": there, **{host.name: frames for host, frames in answers.items()}})
