# SPDX-License-Identifier: BSD-3-Clause
"""What one guest may use up of a router: connections, new ones, the table, ports; and who is told of the ports.

A connection counts once for the groups of a port, and once for each router. Who is refused leaves nothing.
"""
import struct

import pytest
from scapy.layers.inet import UDP

from harness import PATIENCE_SEC, wait_until
from natting import G1, GATE, ISP, OTHER, WEB, Nat, arrives, comes_in, leaves, settings
from overlays import WIRE
from routing import FRIEND, NEXT, VM1, VM2, site
from secure import egress, group, ingress, name_of, tcp, udp
from words import proves

OPEN = group("open", ingress("tcp", 80), egress())
FORWARDED = [{"address": GATE, "external-port": 80, "protocol": "tcp", "port": "vm1", "internal-port": 80}]
OTHERS = [FRIEND, VM2, NEXT]
LIMIT, BUDGET, QUOTA = "connection-limit", "translate/new-connection-budget", "translate/port-quota"


def begins(switch, vm1, *routers, **others):
    return Nat(switch, *(routers or [G1.nat()]), ports=[vm1, *OTHERS, ISP], security_groups=[OPEN], **others)


def asks(number, first=5000, to=WEB):
    return [VM1.says(G1, to, udp(first + port, 80)) for port in range(number)]


def many(number):
    """UDP from so many ports, without checksums; made quickly."""
    data = VM1.says(G1, WEB, UDP(sport=1, dport=80, chksum=0))
    return [data[:34] + struct.pack("!H", 1 + port) + data[36:] for port in range(number)]


def speaks(talk, who, frames):
    """What is heard and dropped of all of them."""
    talk.config = talk.switch.reopens(talk.config, name_of(who), frames)
    talk.opens(name_of(who))
    return talk.news()


def counts(talk):
    """Connections of routers, and of groups."""
    rows = talk.connections()
    routers = sum(1 for row in rows if row.get("router"))
    return routers, len(rows) - routers


# Connections.


@proves("S42")
def test_a_guest_without_groups_has_a_limit(switch):
    """What is known goes on, and what is flushed makes room."""
    talk = begins(switch, VM1.port(connection_limit=2))
    first = asks(2)
    heard, dropped = speaks(talk, VM1, asks(6))
    assert heard == {"isp": [leaves(data) for data in first]}
    assert dropped == {"vm1": {f"translate/{LIMIT}": 4}}
    assert counts(talk) == (2, 0)
    talk.says(VM1, *first, hears={ISP: [leaves(data) for data in first]})
    assert switch.json("connection flush") == {"flushed": 2}
    wait_until(lambda: switch.json("port show vm1")["connections"] == 0, "there is room again")
    talk.out(VM1, udp(5004, 80))
    talk.ends()


@proves("S42")
def test_a_connection_counts_for_its_groups_and_for_the_router(switch):
    talk = begins(switch, VM1.port("open", connection_limit=4))
    heard, dropped = speaks(talk, VM1, asks(6))
    assert heard == {"isp": [leaves(data) for data in asks(2)]}
    assert sum(dropped.pop("vm1").values()) == 4 and not dropped
    assert counts(talk) == (2, 2)
    talk.ends()


@proves("S42")
def test_what_the_groups_have_no_room_for_leaves_nothing_at_the_router(switch):
    talk = begins(switch, VM1.port("open", connection_limit=3))
    heard, dropped = speaks(talk, VM1, asks(6))
    assert heard == {"isp": [leaves(data) for data in asks(1)]}
    assert dropped == {"vm1": {f"deliver/{LIMIT}": 5}}
    assert counts(talk) == (1, 1)
    assert len(talk.bindings()) == 1
    talk.ends()


@proves("S44")
def test_a_flood_to_a_forwarded_port_leaves_what_its_groups_have_room_for(switch):
    talk = begins(switch, VM1.port("open", connection_limit=1), G1.nat(port_forwardings=FORWARDED))
    flood = [arrives(OTHER, tcp(6000 + number, 80)) for number in range(20)]
    heard, dropped = speaks(talk, ISP, flood)
    assert heard == {"vm1": [comes_in(flood[0], VM1)]}
    assert dropped == {"isp": {f"deliver/{LIMIT}": 19}}
    assert counts(talk) == (1, 1)
    talk.ends()


@proves("S44")
@pytest.mark.parametrize("groups, limit", (((), 1), (("open",), 2)), ids=("without groups", "with a group"))
def test_what_comes_by_a_wire_counts_for_who_receives_it(switch, groups, limit):
    properties = {"type": "flat", "physical-network": WIRE, "static-macs": [
        {"mac": ISP.mac, "physical-network": WIRE}]}
    talk = Nat(switch, G1.nat(port_forwardings=FORWARDED), ports=[VM1.port(*groups, connection_limit=limit), *OTHERS],
               security_groups=[OPEN], kinds={"public": properties}, **{"physical-networks": [{"name": WIRE}]})
    flood = [arrives(OTHER, tcp(6000 + number, 80)) for number in range(20)]
    heard, dropped = speaks(talk, WIRE, flood)
    assert heard == {"vm1": [comes_in(flood[0], VM1)]}
    assert dropped == {WIRE: {f"translate/{LIMIT}": 19}}
    assert counts(talk) == (1, len(groups))
    talk.ends()


# Ports.


@proves("S42")
def test_what_the_router_has_no_port_for_leaves_nothing_at_the_groups(switch):
    talk = begins(switch, VM1.port("open"), G1.nat(**settings(port_quota=1)))
    heard, dropped = speaks(talk, VM1, asks(5))
    assert heard == {"isp": [leaves(data) for data in asks(1)]}
    assert dropped == {"vm1": {QUOTA: 4}}
    assert counts(talk) == (1, 1)
    talk.ends()


@proves("S42")
def test_somebody_is_told_before_the_ports_are_used_up(switch):
    """Of one address and protocol, once."""
    ports = [VM1.port(connection_limit=0, new_connection_budget=1000000), *OTHERS, ISP]
    switch.starts(site(ports, [G1.nat(**settings(port_quota=0))], host={"connections": 65536}),
                  {"vm1": many(53000)})
    assert switch.drops() == {}
    wait_until(lambda: "ports of" in switch.stderr(), "a warning", switch.stderr, patience_sec=PATIENCE_SEC + 5)
    warnings = [line for line in switch.stderr().splitlines() if "ports of" in line]
    assert len(warnings) == 1 and f"router r1: 80 % of the udp ports of {GATE} are in use" in warnings[0]
    switch.stops()


# New ones, and all.


@proves("S42")
def test_new_connections_have_a_budget(switch):
    talk = begins(switch, VM1.port(new_connection_budget=100))
    heard, dropped = speaks(talk, VM1, many(1000))
    passed = len(heard["isp"])
    assert 0 < passed < 1000
    assert dropped == {"vm1": {BUDGET: 1000 - passed}}
    assert counts(talk) == (passed, 0)
    talk.ends()


@proves("S42")
def test_the_table_is_full_when_it_is_full(switch):
    """Nothing stays of what has found no room; what is known goes on."""
    ports = [host.port(connection_limit=0, connection_reserve=0) for host in (VM1, *OTHERS, ISP)]
    talk = Nat(switch, G1.nat(), ports=ports, host={"connections": 1024})
    frames = many(1100)
    heard, dropped = speaks(talk, VM1, frames)
    assert len(heard["isp"]) == 1024
    assert dropped == {"vm1": {"translate/connection-table-full": 76}}
    assert switch.json("port show vm1")["connections"] == 1024
    first = heard["isp"][0]
    talk.says(VM1, next(data for data in frames if leaves(data) == first), hears={ISP: first})
    talk.ends()
