# SPDX-License-Identifier: BSD-3-Clause
"""Source NAT: which address and port a guest has outside, and who may send there."""
import pytest
from scapy.layers.inet import ICMP

from frames import frame
from harness import ANYTHING
from natting import (ANYBODY, EXACTLY, G1, GATE, INVALID, ISP, NEAR, OTHER, OVERLOADED, POOL, PORTS, UNSOLICITED, WEB,
                     Nat, answered, arrives, begins_tcp, comes_in, hears_the_router, leaves, settings)
from routing import FRIEND, NEXT, R1, VM1, VM2, begins, carries, ip_in, site
from secure import packet, ping, pong, tcp, udp
from words import proves

STAMPS = dict(ts_ori=1, ts_rx=2, ts_tx=3)
SYN, SYN_ACK = tcp(5000, 80), tcp(80, 5000, "SA", seq=9, ack=1001)
# what a guest sends from port or identifier 5000, and the answer
EXCHANGES = {
    "udp": (udp(5000, 80), udp(80, 5000)),
    "tcp": (SYN, SYN_ACK),
    "echo": (ping(number=5000), pong(number=5000)),
    "timestamp": (ICMP(type=13, id=5000, **STAMPS), ICMP(type=14, id=5000, **STAMPS)),
}
every_exchange = pytest.mark.parametrize("exchange", EXCHANGES)
by_port = pytest.mark.parametrize("protocol", ("udp", "tcp", "echo"))


def say(protocol, number):
    """To port 80 from this port; or a ping."""
    return {"udp": udp(number, 80), "tcp": tcp(number, 80), "echo": ping(number=number)}[protocol]


# There and back.


@proves("S41", "S42")
@every_exchange
def test_a_guest_asks_and_is_answered(switch, exchange):
    """Twice, so that the second time it is remembered; TTL, MAC addresses and checksums are those of a router."""
    question, answer = EXCHANGES[exchange]
    talk = Nat(switch)
    for _ in range(2):
        talk.out(VM1, question)
        talk.into(VM1, answer)
    talk.ends()


@proves("S42")
def test_a_burst_each_way(switch):
    """What is remembered of a flow does the same to each packet of it."""
    there = [VM1.says(G1, WEB, udp(5000, 80, b"w" * size), ttl=64 - size) for size in range(40)]
    back = [arrives(WEB, udp(80, 5000, b"w" * size), tos=size) for size in range(40)]
    carries(switch, site(PORTS, [G1.nat()]), sends={VM1: there, ISP: back},
            delivers={ISP: [leaves(data) for data in there],
                      VM1: [comes_in(data, VM1) for data in back]})


@proves("S42")
@every_exchange
def test_answers_find_the_guest_that_asked(switch, exchange):
    """Two ask the same by the same port; the second has another one outside."""
    question, answer = EXCHANGES[exchange]
    talk = Nat(switch)
    talk.out(VM1, question)
    address, port = talk.source(FRIEND, question)
    assert (address, port != 5000) == (GATE, True)
    answer_there = answer.copy()
    answer_there.setfieldval("id" if ICMP in answer else "dport", port)
    talk.into(FRIEND, answer_there, port=5000)
    talk.into(VM1, answer)
    talk.ends()


@proves("S42")
def test_guests_of_all_networks_share_the_address(switch):
    talk = Nat(switch)
    for number, host in enumerate((VM1, FRIEND, VM2, NEXT)):
        talk.out(host, udp(5000 + number, 80))
    for number, host in enumerate((VM1, FRIEND, VM2, NEXT)):
        talk.into(host, udp(80, 5000 + number))
    talk.ends()


@proves("S42")
def test_a_host_on_the_link_of_the_gateway_is_outside_as_well(switch):
    """It is asked directly, not by the next hop."""
    talk = Nat(switch, ports=[*PORTS, NEAR])
    data = VM1.says(G1, NEAR, udp(5000, 80))
    talk.says(VM1, data, hears={NEAR: leaves(data, host=NEAR)})
    talk.refuses(ISP, arrives(WEB, udp(80, 5000)), why=UNSOLICITED)
    answer = arrives(NEAR.ip(), udp(80, 5000), host=NEAR)
    talk.says(NEAR, answer, hears={VM1: comes_in(answer, VM1)})
    talk.ends()


@proves("S42")
def test_a_route_by_the_gateway_is_translated_too(switch):
    """A longer way than the default one, to another next hop outside."""
    talk = Nat(switch, G1.nat(routes=[("198.51.100.0/24", NEAR.ip())]), ports=[*PORTS, NEAR])
    data = VM1.says(G1, WEB, udp(5000, 80))
    talk.says(VM1, data, hears={NEAR: leaves(data, host=NEAR)})
    talk.ends()


# What is not translated.


@proves("S41", "S42")
@pytest.mark.parametrize("family", (4, 6), ids=("IPv4", "IPv6"))
def test_between_inside_networks_nothing_is_translated(switch, family):
    talk = Nat(switch)
    there, back = VM1.says(G1, VM2, udp(5000, 80), family), VM2.says(G1, VM1, udp(80, 5000), family)
    talk.says(VM1, there, there, hears={VM2: [G1.routes(there, VM2)] * 2})
    talk.says(VM2, back, hears={VM1: G1.routes(back, VM1)})
    assert talk.bindings() == []
    talk.ends()


@proves("S42")
def test_a_route_inside_is_not_translated(switch):
    """To what is behind a guest, though it could be outside."""
    talk = Nat(switch, G1.nat(routes=[("198.51.100.0/24", NEXT.ip())]))
    data = VM1.says(G1, WEB, udp(5000, 80))
    talk.says(VM1, data, hears={NEXT: G1.routes(data, NEXT)})
    talk.ends()


@proves("S42")
def test_ipv6_is_not_translated(switch):
    """By a gateway of IPv6, in both directions, whoever begins; its snat is about IPv4."""
    far = "2600::7"
    config = site(PORTS, [R1.on("blue", gateway=("public", ISP.ip(6)))])
    out = VM1.says(R1, far, udp(5000, 80))
    back = frame(ISP.mac, R1.mac("public"), packet(far, VM1.ip(6), udp(99, 98)))
    carries(switch, config, sends={VM1: [out, out], ISP: [back, back]},
            delivers={VM1: [R1.routes(back, VM1)] * 2, ISP: [R1.routes(out, ISP)] * 2})


@proves("S41")
def test_without_snat_all_is_routed_as_it_is(switch):
    out = VM1.says(G1, WEB, udp(5000, 80))
    back = frame(ISP.mac, G1.mac("public"), packet(OTHER, VM1.ip(), udp(99, 98)))
    carries(switch, site(PORTS, [G1.nat(gateway={"snat": False})]), sends={VM1: [out], ISP: [back]},
            delivers={VM1: [G1.routes(back, VM1)], ISP: [G1.routes(out, ISP)]})


# Which port.


EDGES = (1, 2, 53, 1022, 1023, 1024, 1025, 5000, 5001, 65534, 65535)


@proves("S42")
@by_port
def test_the_own_port_is_kept(switch, protocol):
    talk = Nat(switch)
    for host, to, numbers in ((VM1, WEB, EDGES[::2]), (FRIEND, OTHER, EDGES[1::2])):
        assert talk.sources(host, *[say(protocol, number) for number in numbers], to=to) == [
            (GATE, number) for number in numbers]
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("protocol", ("udp", "tcp"))
def test_another_port_is_of_the_same_parity_and_range(switch, protocol):
    """For each of three that come too late; no two have the same."""
    talk = Nat(switch)
    sends = [say(protocol, number) for number in EDGES]
    assert talk.sources(VM1, *sends) == [(GATE, number) for number in EDGES]
    used = set(EDGES)
    for host in (FRIEND, VM2, NEXT):
        for number, (address, port) in zip(EDGES, talk.sources(host, *sends), strict=True):
            assert address == GATE and port not in used
            assert port % 2 == number % 2 and (0 < port < 1024) == (number < 1024)
            used.add(port)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("number", (0, 7, 8, 65535))
def test_another_identifier_is_of_the_same_parity(switch, number):
    talk = Nat(switch)
    talk.out(VM1, ping(number=number))
    address, other = talk.source(FRIEND, ping(number=number))
    assert address == GATE and other != number and other % 2 == number % 2
    talk.into(FRIEND, pong(number=other), port=number)
    talk.ends()


@proves("S42")
def test_protocols_have_ports_of_their_own(switch):
    """Each guest keeps 5000, of another protocol."""
    talk = Nat(switch)
    for host, protocol in ((VM1, "udp"), (FRIEND, "tcp"), (VM2, "echo")):
        talk.out(host, say(protocol, 5000))
    talk.into(VM1, udp(80, 5000))
    talk.into(FRIEND, SYN_ACK)
    talk.into(VM2, pong(number=5000))
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("protocol, other", (("udp", "tcp"), ("tcp", "udp")))
def test_a_forwarded_port_is_nobody_elses(switch, protocol, other):
    """Whoever would keep it gets another; of the other protocol it is free."""
    forwarding = {"address": GATE, "protocol": protocol, "external-port": 5000, "port": "vm2", "internal-port": 80}
    talk = Nat(switch, G1.nat(**{"port-forwardings": [forwarding]}))
    address, port = talk.source(VM1, say(protocol, 5000))
    assert address == GATE and port != 5000 and port % 2 == 0 and port >= 1024
    talk.out(FRIEND, say(other, 5000))
    talk.ends()


@proves("S42")
def test_when_no_port_is_left(switch):
    """All below 1024 are in use by one guest; the next one gets none of them, and none above either."""
    talk = Nat(switch, G1.nat(**settings(port_quota=0)))
    assert talk.sources(VM1, *[udp(number, 80) for number in range(1, 1024)]) == [
        (GATE, number) for number in range(1, 1024)]
    talk.refuses(FRIEND, *[FRIEND.says(G1, WEB, udp(number, 80)) for number in (53, 54)], why="translate/no-port")
    talk.out(FRIEND, udp(5000, 80))
    talk.out(FRIEND, tcp(53, 80))
    talk.out(VM1, udp(53, 80))
    talk.ends()


# Mapping.


@proves("S42")
@by_port
def test_one_port_outside_towards_everybody(switch, protocol):
    """Also if it is not the own one; it is that of nobody else towards anybody."""
    talk = Nat(switch)
    talk.out(VM1, say(protocol, 5000))
    others = {talk.source(FRIEND, say(protocol, 5000), to) for to in (OTHER, WEB, "192.0.2.1", "192.0.2.2")}
    assert len(others) == 1 and others != {(GATE, 5000)}
    talk.out(VM1, say(protocol, 5000), OTHER)
    talk.ends()


@proves("S42")
@by_port
def test_overloading_shares_a_port_among_destinations(switch, protocol):
    """Each keeps its port where it is the only one with it; towards the same, the second has another."""
    talk = Nat(switch, G1.nat(**OVERLOADED))
    talk.out(VM1, say(protocol, 5000), WEB)
    talk.out(FRIEND, say(protocol, 5000), OTHER)
    assert talk.source(FRIEND, say(protocol, 5000), WEB)[1] != 5000
    talk.ends()


@proves("S42")
def test_overloaded_answers_find_their_guest(switch):
    talk = Nat(switch, G1.nat(**OVERLOADED))
    talk.out(VM1, udp(5000, 80), WEB)
    talk.out(FRIEND, udp(5000, 80), OTHER)
    talk.into(FRIEND, udp(80, 5000), OTHER)
    talk.into(VM1, udp(80, 5000), WEB)
    for source, port in ((WEB, 81), (OTHER, 81), ("192.0.2.1", 80)):
        talk.refuses(ISP, arrives(source, udp(port, 5000)), why=UNSOLICITED)
    talk.ends()


# Filtering.


FILTERS = {  # setting: who may send to what is bound, beside whom it has sent to
    "endpoint-independent": {(WEB, 81), (OTHER, 80), (OTHER, 81)},
    "address-dependent": {(WEB, 81)},
    "address-and-port-dependent": set(),
}


@proves("S42", "S43")
@pytest.mark.parametrize("protocol", ("udp", "tcp"))
@pytest.mark.parametrize("filtering", FILTERS)
def test_who_may_send_to_a_binding(switch, filtering, protocol):
    words = {"udp": lambda port: udp(port, 5000), "tcp": lambda port: tcp(port, 5000)}[protocol]
    talk = Nat(switch, G1.nat(**settings(filtering=filtering)))
    talk.out(VM1, say(protocol, 5000))
    for source, port in ((WEB, 81), (OTHER, 80), (OTHER, 81)):
        if (source, port) in FILTERS[filtering]:
            talk.into(VM1, words(port), source)
        else:
            talk.refuses(ISP, arrives(source, words(port)), why=UNSOLICITED)
    talk.into(VM1, EXCHANGES[protocol][1])
    talk.ends()


@proves("S42", "S43")
def test_the_default_is_address_dependent(switch):
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80))
    talk.into(VM1, udp(81, 5000))
    talk.refuses(ISP, arrives(OTHER, udp(80, 5000)), why=UNSOLICITED)
    talk.out(VM1, udp(5000, 99), OTHER)
    talk.into(VM1, udp(80, 5000), OTHER)
    talk.ends()


@proves("S42")
def test_whom_another_port_has_sent_to_may_not_send_to_this_one(switch):
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80), WEB)
    talk.out(VM1, udp(5002, 80), OTHER)
    talk.refuses(ISP, arrives(OTHER, udp(80, 5000)), arrives(WEB, udp(80, 5002)), why=UNSOLICITED)
    talk.ends()


@proves("S42")
def test_who_began_from_outside_is_answered(switch):
    """A stranger sends to a binding, and the guest answers by the same port."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, udp(5000, 80))
    talk.into(VM1, udp(81, 5000), OTHER)
    talk.out(VM1, udp(5000, 81), OTHER)
    talk.ends()


# Nothing unsolicited.


@proves("S42", "S43")
@pytest.mark.parametrize("pool", (None, POOL[:1]), ids=("gateway", "pool"))
def test_what_belongs_to_nothing_does_not_come_in(switch, pool):
    """Of any protocol, to the outside address; nobody is told."""
    to = pool[0] if pool else GATE
    sends = [arrives(WEB, inside, to, **odd) for inside, odd in (
        (udp(80, 5000), {}), (tcp(80, 5000), {}), (SYN_ACK, {}), (tcp(80, 5000, "A"), {}), (tcp(80, 5000, "R"), {}),
        (pong(), {}), (b"weft" * 4, {"proto": 47}), (b"weft" * 4, {"proto": 253}))]
    talk = Nat(switch, G1.nat(gateway={"snat_pool": pool} if pool else None))
    for data in sends:
        talk.refuses(ISP, data, data, why=UNSOLICITED)
    assert talk.bindings() == []
    talk.ends()


@proves("S43")
def test_inside_addresses_are_not_reached_from_the_gateways_network(switch):
    """Neither directly, nor with a conversation that is translated, nor as the answer to anything."""
    talk = Nat(switch)
    talk.out(VM1, udp(5000, 80))
    for inside in (udp(80, 5000), udp(1, 2), tcp(80, 5000), ping(), pong()):
        talk.refuses(ISP, arrives(WEB, inside, VM1.ip()), arrives(ISP.ip(), inside, VM2.ip()), why=UNSOLICITED)
    talk.ends()


@proves("S43")
def test_the_gateway_answers_a_ping(switch):
    """From outside, on its link and by the next hop; an address of the pool that nobody uses does not."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": [GATE, POOL[0]]}), listens=hears_the_router)
    talk.says(ISP, arrives(ISP.ip(), ping()), hears={ISP: answered(ISP, pong())})
    talk.says(ISP, arrives(WEB, ping()), hears={ISP: answered(ISP, pong(), to=WEB)})
    talk.refuses(ISP, arrives(WEB, ping(), POOL[0]), why=UNSOLICITED)
    talk.ends()


@proves("S43")
def test_a_ping_of_the_gateway_has_nothing_to_do_with_a_guests(switch):
    """VM1 pings WEB with an identifier; WEB pings the gateway with the same one; WEB's answer is for VM1."""
    talk = Nat(switch, listens=hears_the_router)
    data = VM1.says(G1, WEB, ping(number=5000))
    talk.config = switch.reopens(talk.config, "vm1", [data])
    talk.opens("vm1")
    talk.news()
    talk.says(ISP, arrives(WEB, ping(number=5000)), hears={ISP: answered(ISP, pong(number=5000), to=WEB)})
    talk.into(VM1, pong(number=5000))
    talk.ends()


# Of TCP.


@proves("S42")
@pytest.mark.parametrize("flags", ("R", "RA", "SA", "F", "FA", "SF", "SR", "FPU", ""))
def test_tcp_that_can_begin_nothing(switch, flags):
    """It is refused, and leaves no binding behind."""
    talk = Nat(switch)
    talk.refuses(VM1, VM1.says(G1, WEB, tcp(5000, 80, flags)), why=INVALID)
    assert talk.bindings() == []
    talk.ends()


@proves("S42")
def test_tcp_is_picked_up_in_the_middle(switch):
    talk = Nat(switch)
    talk.out(VM1, tcp(5000, 80, "A", seq=700, ack=900))
    talk.into(VM1, tcp(80, 5000, "A", seq=900, ack=701))
    talk.ends()


@proves("S42")
def test_a_whole_connection(switch):
    talk = Nat(switch)
    begins_tcp(talk)
    talk.out(VM1, tcp(5000, 80, "PA", seq=1001, ack=10, load=b"GET /"))
    talk.into(VM1, tcp(80, 5000, "PA", seq=10, ack=1006, load=b"weft" * 100))
    talk.out(VM1, tcp(5000, 80, "FA", seq=1006, ack=410))
    talk.into(VM1, tcp(80, 5000, "FA", seq=410, ack=1007))
    talk.out(VM1, tcp(5000, 80, "A", seq=1007, ack=411))
    talk.ends()


# Quota.


@proves("S42")
def test_bindings_beyond_the_quota(switch):
    """Of one address only, in all protocols; what is bound goes on, towards everybody."""
    talk = Nat(switch, G1.nat(**settings(port_quota=3)))
    for protocol in ("udp", "tcp", "echo"):
        talk.out(VM1, say(protocol, 5000))
    for protocol in ("udp", "tcp", "echo"):
        talk.refuses(VM1, VM1.says(G1, WEB, say(protocol, 5002)), why="translate/port-quota")
    talk.out(VM1, udp(5000, 81), OTHER)
    talk.out(FRIEND, udp(5002, 80))
    talk.ends()


@proves("S42")
def test_of_overloading_the_quota_is_of_connections(switch):
    talk = Nat(switch, G1.nat(nat={"mapping": "address-and-port-dependent", "port-quota": 2}))
    talk.out(VM1, udp(5000, 80), WEB)
    talk.out(VM1, udp(5000, 80), OTHER)
    talk.refuses(VM1, VM1.says(G1, "192.0.2.1", udp(5000, 80)), why="translate/port-quota")
    talk.out(VM1, udp(5000, 80), OTHER)
    talk.ends()


@proves("S42")
def test_no_limit_is_no_limit(switch):
    """More than the default quota."""
    number = 4200
    sends = [VM1.says(G1, WEB, udp(port, 80, b"")) for port in range(5000, 5000 + number)]
    begins(switch, site(PORTS, [G1.nat(**settings(port_quota=0))], host={"connections": 16384}), sends={VM1: sends})
    assert switch.drops() == {}
    assert len(switch.hears("isp")) == number
    switch.ends(delivers={"isp": switch.hears("isp")}, drops=ANYTHING)


# The pool.


@proves("S42")
def test_an_inside_address_keeps_to_one_of_the_pool(switch):
    """Whatever it says to whom; the gateway's own address is nobody's."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    for host in (VM1, FRIEND, VM2, NEXT):
        address, _ = talk.source(host, udp(5000, 80))
        assert address in POOL
        for protocol, number, to in (("udp", 5000, OTHER), ("tcp", 99, WEB), ("echo", 7, OTHER), ("udp", 7, WEB)):
            assert talk.source(host, say(protocol, number), to)[0] == address
    talk.ends()


@proves("S42")
def test_all_of_the_pool_are_used(switch):
    """By many inside addresses, about evenly."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    used = [talk.source(VM1, udp(5000, 80), src=ip_in("blue", 100 + number))[0] for number in range(40)]
    assert set(used) == set(POOL)
    talk.ends()


@proves("S42")
def test_answers_to_an_address_of_the_pool(switch):
    """At another of its addresses they belong to nothing."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    address, _ = talk.source(VM1, udp(5000, 80))
    talk.into(VM1, udp(80, 5000), to=address)
    for other in {GATE, *POOL} - {address}:
        talk.refuses(ISP, arrives(WEB, udp(80, 5000), other), why=UNSOLICITED)
    talk.ends()


@proves("S42", "S43")
def test_filters_hold_for_those_who_know_exactly(switch):
    """Each way of asking opens for its answer only."""
    talk = Nat(switch, G1.nat(**EXACTLY))
    talk.out(VM1, udp(5000, 80), WEB)
    talk.out(VM1, udp(5000, 81), OTHER)
    talk.refuses(ISP, arrives(WEB, udp(81, 5000)), arrives(OTHER, udp(80, 5000)), why=UNSOLICITED)
    talk.into(VM1, udp(80, 5000), WEB)
    talk.into(VM1, udp(81, 5000), OTHER)
    talk.ends()
