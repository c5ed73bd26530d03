# SPDX-License-Identifier: BSD-3-Clause
"""What one guest may use up: connections, new ones, questions, broadcasts, complaints, moves.

Budgets are per second and worker, a tenth of a second of one can be saved; so of a burst some
pass, most do not, and all are booked. THIRD is the neighbour who must not notice.
"""
import pytest
from scapy.layers.inet import ICMP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6ND_NA, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP

from frames import EVERYBODY, frame, mac
from harness import ANYTHING, wait_until
from secure import (FOURTH, MUTE, PEER, THIRD, VLAN, VM, WIRE, WIRED, Talk, both_families, egress,
                    group, ingress, packet, site, tcp, udp)
from words import proves

WEB = group("web", ingress("udp", 53), ingress("tcp", 80), MUTE)


def asks(port, family=4, here=VM, there=PEER):
    return here.says(there, udp(port, 53, b""), family)


# Connections.


@proves("S47")
@both_families
def test_a_guest_that_asks_has_a_limit(switch, family):
    """What is known goes on; what is flushed makes room."""
    talk = Talk(switch, site([PEER.free(), VM.port(connection_limit=2)]))
    talk.passes(VM, asks(1, family), asks(2, family), to=PEER)
    talk.refuses(VM, asks(3, family), asks(4, family), why="deliver/connection-limit")
    talk.passes(VM, asks(1, family), asks(2, family), to=PEER)
    talk.passes(PEER, PEER.says(VM, udp(53, 1), family), to=VM)
    assert len(talk.connections()) == 2
    shown = switch.json("port show vm")
    assert (shown["connections"], shown["connection_limit"]) == (2, 2)
    assert switch.json("connection flush") == {"flushed": 2}
    wait_until(lambda: switch.json("port show vm")["connections"] == 0, "there is room again")
    talk.passes(VM, asks(3, family), to=PEER)
    talk.ends()


@proves("S47")
def test_a_guest_that_is_asked_from_a_wire_has_a_limit(switch):
    config = site([VM.port("web", connection_limit=2), THIRD.port("web")], [WEB], wired=[WIRED])

    def call(guest, port, **tag):
        return frame(WIRED.mac, guest.mac, packet(WIRED.ip(), guest.ip(), udp(port, 53)), **tag)

    talk = Talk(switch, config)
    for port in (1, 2):
        talk.says(WIRED, call(VM, port, vlan=VLAN), hears={VM: call(VM, port)})
    talk.refuses(WIRED, call(VM, 3, vlan=VLAN), why="deliver/connection-limit")
    for port in (1, 2, 3):
        talk.says(WIRED, call(THIRD, port, vlan=VLAN), hears={THIRD: call(THIRD, port)})
    talk.ends()


def test_a_connection_counts_for_who_began_it(switch):
    """A guest cannot use up what another may have."""
    config = site([PEER.port("web", connection_limit=1), VM.port("out", connection_limit=3),
                   THIRD.port("web")], [WEB, group("out", egress("udp"), ingress("tcp", 1))])
    talk = Talk(switch, config)
    talk.passes(VM, asks(1), asks(2), to=PEER)
    talk.passes(VM, asks(3, there=THIRD), to=THIRD)
    talk.refuses(VM, asks(4, there=THIRD), why="deliver/connection-limit")
    talk.ends()


def test_a_refused_packet_does_not_count(switch):
    config = site([PEER.free(), VM.port("out", connection_limit=1)],
                  [group("out", egress("udp", 53))])
    talk = Talk(switch, config)
    talk.refuses(VM, VM.says(PEER, udp(1, 54)), VM.says(PEER, tcp(1, 53)),
                 why="admit/not-allowed")
    talk.passes(VM, asks(1), to=PEER)
    talk.ends()


def test_a_limit_changes_at_run_time(switch):
    talk = Talk(switch, site([PEER.free(), VM.port(connection_limit=1)]))
    talk.passes(VM, asks(1), to=PEER)
    talk.refuses(VM, asks(2), why="deliver/connection-limit")
    talk.becomes(site([PEER.free(), VM.port(connection_limit=2)]))
    talk.passes(VM, asks(2), to=PEER)
    talk.refuses(VM, asks(3), why="deliver/connection-limit")
    talk.becomes(site([PEER.free(), VM.port(connection_limit=0)]))
    talk.passes(VM, asks(3), asks(4), to=PEER)
    talk.ends()


@proves("S47")
def test_a_full_table_leaves_others_their_reserve(switch):
    """VM takes all that it can get; THIRD, who comes last, still has what is its own."""
    capacity, reserve, flood = 1024, 128, 3000
    config = site([PEER.free(), VM.port("out", connection_reserve=reserve),
                   THIRD.port("out", connection_reserve=reserve)], [group("out", egress("udp"))],
                  host={"connections": capacity})
    few = [asks(port, here=THIRD) for port in range(1, reserve + 1)]
    switch.starts(config, sends={"vm": [asks(port) for port in range(1, flood)], "third": few})
    dropped = switch.drops()
    assert dropped.keys() == {"vm"}
    assert dropped["vm"].keys() == {"deliver/connection-table-full"}
    stats = switch.json("stat show")
    assert stats["connections"] <= capacity
    assert switch.json("port show third")["connections"] == len(few)
    used = switch.json("port show vm")["connections"]
    assert reserve <= used <= capacity - reserve
    assert dropped["vm"]["deliver/connection-table-full"] == flood - 1 - used
    heard = switch.hears("peer")
    assert [data for data in heard if data in few] == few
    switch.ends(delivers={"peer": heard}, drops=ANYTHING)


def test_a_full_table_serves_what_it_knows(switch):
    config = site([PEER.free(), VM.port()], host={"connections": 1024})
    talk = Talk(switch, config)
    switch.applies(switch.reopens(talk.config, "vm", [asks(port) for port in range(1, 3000)]))
    talk.news()
    known = [row["source_port"] for row in talk.connections("--limit", "0")]
    assert 500 < len(known) <= 1024
    talk.passes(PEER, *(PEER.says(VM, udp(53, port)) for port in known), to=VM)
    talk.refuses(PEER, PEER.says(VM, udp(53, 3001)), why="deliver/not-allowed")
    switch.stops()


def spends(switch, config, flood, why, calm=(), at_most=1000):
    """A burst of VM's: some of it passes, in order, and the rest is dropped by this reason; what
    THIRD says passes."""
    switch.starts(config, sends={"vm": flood, "third": list(calm)})
    dropped = switch.drops()
    assert dropped.keys() == {"vm"} and dropped["vm"].keys() == {why}, dropped
    heard = switch.hears("peer")
    mine = [data for data in heard if data not in set(calm)]
    assert [data for data in heard if data in set(calm)] == list(calm)
    assert 1 <= len(mine) <= at_most and set(mine) <= set(flood)
    assert dropped["vm"][why] == len(flood) - len(mine)
    return mine


def neighbours(**words):
    return site([PEER.free(), VM.port(**words), THIRD.port(), FOURTH.free()])


@proves("S47")
@both_families
def test_new_connections_have_a_budget(switch, family):
    spends(switch, neighbours(new_connection_budget=100),
           [asks(port, family) for port in range(1, 2001)], "deliver/new-connection-budget",
           [asks(port, family, here=THIRD) for port in range(1, 201)])
    assert len(switch.json("connection list --port vm --limit 0")) <= 1000


def test_the_budget_is_for_new_connections_not_for_packets(switch):
    switch.carries(neighbours(new_connection_budget=100), sends={"vm": [asks(1)] * 2000},
                   delivers={"peer": [asks(1)] * 2000})


def test_the_budget_of_who_is_asked(switch):
    """A scan by the wire costs the guest that it is aimed at no more than its own budget."""
    config = site([VM.port("web", new_connection_budget=100)], [WEB], wired=[WIRED])
    scan = [WIRED.says(VM, udp(port, 53, b"")) for port in range(1, 2001)]
    switch.starts(config, sends={WIRE: scan})
    heard, dropped = switch.hears("vm"), switch.drops()
    assert 1 <= len(heard) <= 1000
    assert dropped == {WIRE: {"deliver/new-connection-budget": len(scan) - len(heard)}}
    switch.ends(delivers={"vm": heard}, drops=ANYTHING)


# Budgets of a kind.


def arp(number, here=VM):
    return frame(here.mac, PEER.mac, ARP(op=1, hwsrc=here.mac, psrc=here.ip(),
                                         pdst=f"10.0.{number >> 8}.{number & 255}"))


def solicits(number, here=VM):
    return frame(here.mac, PEER.mac, IPv6(src=here.ip(6), dst=PEER.ip(6), hlim=255) /
                 ICMPv6ND_NS(tgt=f"2001:db8::{number:x}"))


def advertises(number, here=VM):
    return frame(here.mac, PEER.mac, IPv6(src=here.ip(6), dst=PEER.ip(6), hlim=255, fl=number) /
                 ICMPv6ND_NA(tgt=here.ip(6), R=0))


@proves("S47")
@pytest.mark.parametrize("say", (arp, solicits, advertises), ids=("ARP", "NS", "NA"))
def test_questions_have_a_budget(switch, say):
    """ARP and ND of one guest; its other packets are not of it."""
    others = [asks(7)] * 50
    config = neighbours(arp_budget=100)
    mine = spends(switch, config, [say(number) for number in range(2000)] + others,
                  "admit/arp-budget", [say(number, THIRD) for number in range(50)],
                  at_most=1000 + len(others))
    assert mine[-len(others):] == others


def test_the_same_question_again_is_of_the_budget(switch):
    """Whether it is in the flow cache or not."""
    switch.starts(neighbours(arp_budget=100), sends={"vm": [arp(1)] * 2000})
    heard, dropped = switch.hears("peer"), switch.drops()
    assert 1 <= len(heard) <= 1000
    assert dropped == {"vm": {"admit/arp-budget": 2000 - len(heard)}}
    switch.ends(delivers={"peer": heard}, drops=ANYTHING)


def broadcast(number, here=VM):
    return frame(here.mac, EVERYBODY, packet(here.ip(), "255.255.255.255",
                                             udp(1 + number, 9, b"")))


def multicast(number, here=VM):
    return frame(here.mac, "01:00:5e:00:00:05", packet(here.ip(), "224.0.0.5",
                                                       udp(1 + number, 9, b"")))


@proves("S47")
@pytest.mark.parametrize("say", (broadcast, multicast), ids=("broadcast", "multicast"))
@pytest.mark.parametrize("is_one_flow", (True, False), ids=("one flow", "many flows"))
def test_what_is_for_all_has_a_budget(switch, say, is_one_flow):
    flood = [say(0 if is_one_flow else number) for number in range(2000)]
    calm = [say(3000 + number, THIRD) for number in range(50)]
    config = site([VM.port(broadcast_budget=100), PEER.free(), THIRD.port()])
    unicast = [asks(7)] * 50
    switch.starts(config, sends={"vm": flood + unicast, "third": calm})
    dropped, heard = switch.drops(), switch.hears("peer")
    mine = [data for data in heard if data not in set(calm)]
    assert dropped["vm"]["worker/broadcast-budget"] == len(flood) + len(unicast) - len(mine)
    assert mine[-len(unicast):] == unicast and len(mine) <= 1000 + len(unicast)
    assert [data for data in heard if data in set(calm)] == calm
    assert "worker/broadcast-budget" not in dropped.get("third", {})
    switch.stops()


@proves("S47")
@both_families
def test_complaints_have_a_budget(switch, family):
    """The errors are all true, and still too many."""
    config = site([PEER.free(), VM.port("web", icmp_error_budget=100), THIRD.port("web")], [WEB])
    question = packet(PEER.ip(family), VM.ip(family), udp(9, 53))
    layer = ICMP(type=3, code=3) if family == 4 else ICMPv6DestUnreach(code=4)
    complaint = frame(VM.mac, PEER.mac, packet(VM.ip(family), PEER.ip(family),
                                               layer / bytes(question)))
    switch.starts(config, sends={"peer": [frame(PEER.mac, VM.mac, question)],
                                 "vm": [complaint] * 2000})
    heard = switch.hears("peer")
    assert 1 <= len(heard) <= 1000
    assert switch.drops() == {"vm": {"admit/icmp-error-budget": 2000 - len(heard)}}
    switch.ends(delivers={"vm": [frame(PEER.mac, VM.mac, question)], "peer": heard},
                drops=ANYTHING)


@proves("S47")
@both_families
@pytest.mark.parametrize("by", ("a port", "a wire"))
def test_complaints_to_a_guest_have_a_budget(switch, family, by):
    """The guest's own, whoever complains; another guest is told of all that is about him."""
    by_wire = by == "a wire"
    other = WIRED if by_wire else PEER
    ports = [VM.port("out", icmp_error_budget=100), THIRD.port("out", icmp_error_budget=1000)]
    config = site(ports if by_wire else [*ports, PEER.free(icmp_error_budget=1000000)],
                  [group("out", egress("udp", 53), ingress("tcp", 1))],
                  wired=[WIRED] if by_wire else [])

    def question(guest):
        return packet(guest.ip(family), other.ip(family), udp(9, 53))

    def complaint(guest, **tag):
        layer = ICMP(type=3, code=3) if family == 4 else ICMPv6DestUnreach(code=4)
        inside = packet(other.ip(family), guest.ip(family), layer / bytes(question(guest)))
        return frame(other.mac, guest.mac, inside, **tag)

    def asks_other(guest):
        return [frame(guest.mac, other.mac, question(guest))]

    name = WIRE if by_wire else "peer"
    tag = {"vlan": VLAN} if by_wire else {}
    flood = [complaint(VM, **tag)] * 2000 + [complaint(THIRD, **tag)] * 50
    switch.starts(config, sends={"vm": asks_other(VM), "third": asks_other(THIRD)})
    switch.applies(switch.reopens(config, name, flood))
    heard = switch.hears("vm")
    assert 1 <= len(heard) <= 1000 and set(heard) == {complaint(VM)}
    assert switch.hears("third") == [complaint(THIRD)] * 50
    assert switch.drops() == {name: {"deliver/icmp-error-budget": 2000 - len(heard)}}
    switch.stops()


def test_addresses_have_a_limit_by_default(switch):
    """One guest cannot fill the table."""
    config = site([VM.free(), PEER.free(mac_limit=0), THIRD.free()])
    del config["networks"][0]["static-macs"]
    crowd, another = ([frame(mac(first + number), THIRD.mac) for number in range(4200)]
                      for first in (0x10000, 0x20000))
    switch.starts(config, sends={"vm": crowd, "peer": another})
    assert switch.json("port show vm")["mac_limit"] == 4096
    assert switch.drops() == {"vm": {"bridge/mac-limit": len(crowd) - 4096}}
    switch.stops()


def test_moves_have_a_budget(switch):
    """Two ports quarrel over an address, and one of them may not do so often."""
    config = {"networks": [{"name": "blue", "type": "local"}], "ports": [
        {"name": "vm", "network": "blue", "port-security": False, "mac-move-budget": 10},
        {"name": "peer", "network": "blue", "port-security": False, "mac-move-budget": 100000}]}
    crowd = [frame(mac(0x100 + number), EVERYBODY) for number in range(500)]
    switch.starts(config, sends={"vm": crowd, "peer": crowd})
    switch.applies(switch.reopens(config, "vm", crowd))
    dropped = switch.drops()
    assert dropped.keys() == {"vm"} and dropped["vm"].keys() == {"bridge/mac-move-budget"}
    moved = {address for _, address, port in switch.fdb() if port == "vm"}
    assert 1 <= len(moved) <= 100
    assert dropped["vm"]["bridge/mac-move-budget"] == len(crowd) - len(moved)
    switch.stops()


def test_a_flood_of_everything_leaves_the_neighbour_alone(switch):
    """VM uses up every budget that it has; what THIRD says is heard, all of it."""
    words = dict(arp_budget=50, broadcast_budget=50, new_connection_budget=50, miss_budget=500,
                 icmp_error_budget=50, connection_limit=50)
    flood = [data for number in range(1, 501) for data in
             (arp(number), broadcast(number), asks(number), solicits(number))]
    calm = [asks(port, here=THIRD) for port in range(1, 301)] + \
        [arp(number, THIRD) for number in range(50)]
    switch.starts(neighbours(**words), sends={"vm": flood, "third": calm})
    assert switch.drops().keys() == {"vm"}
    heard = switch.hears("peer")
    assert [data for data in heard if data in set(calm)] == calm
    switch.stops()


def test_budgets_are_numbers(switch):
    switch.starts(site([VM.port()]))
    for word in ("connection-limit", "connection-reserve", "fragment-limit", "arp-budget",
                 "new-connection-budget", "mac-move-budget", "broadcast-budget",
                 "icmp-error-budget", "log-budget"):
        file = switch.writes(site([{**VM.port(), word: "many"}]), file=switch.folder / "next.yaml")
        assert word in switch.refuses("apply", file)
