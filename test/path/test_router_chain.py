# SPDX-License-Identifier: BSD-3-Clause
"""Several routers in a row, and routers that send packets round in circles.

VM1 - blue - r1 - transit - r2 - red - VM2; nobody else is in transit.
"""
import pytest
from scapy.layers.inet import IPOption

from harness import ANYTHING
from routing import (EXPIRED, ISP, NEXT, NO_HOST, NO_ROUTE, R1, R2, VM1, VM2, Host, Router, begins,
                     both_families, carries, filled, later, link, ours, question, site, too_big, ttl)
from secure import ping, pong, tcp, udp
from words import proves

DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
NOWHERE = {4: "198.51.100.7", 6: "2600::7"}


def chain(first=(), second=(), ports=(VM1, VM2), kinds=None, knows=(), gateway=None):
    """Both routers know the way to the guests; first, second: more routes of them."""
    routers = [R1.on("blue", "transit", routes=[(link("red", family), R2.ip("transit", family))
                                                for family in (4, 6)] + list(first)),
               R2.on("transit", "red", routes=[(link("blue", family), R1.ip("transit", family))
                                               for family in (4, 6)] + list(second), gateway=gateway)]
    return site(ports, routers, kinds, knows)


def told(frames, layer, family, hops=1):
    """The errors that r2 sends about what it got of VM1, as they arrive there."""
    return [R1.complains(later(data, hops), layer, VM1, source=R2.ip("transit", family)) for data in frames]


@proves("S40")
@both_families
def test_two_routers_are_crossed_in_one_pass(switch, family):
    """Each takes one from the TTL; the first frame as the thousandth."""
    there = [VM1.says(R1, VM2, inside, family) for inside in (udp(1, 2), tcp(1, 2), ping(family))] * 2
    back = [VM2.says(R2, VM1, inside, family) for inside in (udp(2, 1), tcp(2, 1, "SA"), pong(family))] * 2
    carries(switch, chain(), sends={VM1: there, VM2: back},
            delivers={VM1: [R1.routes(data, VM1, hops=2) for data in back],
                      VM2: [R2.routes(data, VM2, hops=2) for data in there]})


@proves("S40")
def test_the_checksum_is_right_behind_both(switch):
    sends = [VM1.says(R1, VM2, id=ident, options=IPOption(b"\x94\x04\0\0")) for ident in range(0, 65536, 2047)]
    carries(switch, chain(), sends={VM1: sends}, delivers={VM2: [R2.routes(data, VM2, hops=2) for data in sends]})


@proves("S40")
@both_families
def test_a_traceroute_sees_both(switch, family):
    """TTL 1 ends at r1, 2 at r2, 3 arrives; each says where it is on the way there."""
    one, two, three = (VM1.says(R1, VM2, udp(1, 33434), family, **ttl(left, family)) for left in (1, 2, 3))
    carries(switch, chain(), sends={VM1: [three, one, two, three, two]},
            delivers={VM1: [R1.complains(one, EXPIRED[family], VM1)] + told([two, two], EXPIRED[family], family),
                      VM2: [R2.routes(three, VM2, hops=2)] * 2}, drops={VM1: {"route/ttl-exceeded": 3}})


@proves("S40")
@both_families
def test_the_second_has_no_way(switch, family):
    first = [(DEFAULT[family], R2.ip("transit", family))]
    data = VM1.says(R1, NOWHERE[family])
    carries(switch, chain(first), sends={VM1: [data] * 2}, delivers={VM1: told([data] * 2, NO_ROUTE[family], family)},
            drops={VM1: {"route/no-route": 2}})


@proves("S12", "S40")
@both_families
def test_the_second_leads_out(switch, family):
    """Out of the cloud by the gateway of r2, which r1 has as its default."""
    first = [(DEFAULT[family], R2.ip("transit", family))]
    data = VM1.says(R1, NOWHERE[family])
    carries(switch, chain(first, ports=(VM1, VM2, ISP), gateway=("public", ISP.ip(family))),
            sends={VM1: [data] * 2}, delivers={ISP: [R2.routes(data, ISP, hops=2)] * 2})


@proves("S40")
@both_families
def test_it_does_not_fit_behind_the_second(switch, family):
    odd = {"flags": "DF"} if family == 4 else {}
    small, big = (VM1.says(R1, VM2, filled(size, family), family, **odd) for size in (1300, 1400))
    carries(switch, chain(kinds={"red": {"mtu": 1300}}), sends={VM1: [big, small, big]},
            delivers={VM1: told([big] * 2, too_big(1300, family), family), VM2: [R2.routes(small, VM2, hops=2)]},
            drops={VM1: {"route/too-big": 2}})


@proves("S40")
@both_families
def test_it_does_not_fit_between_them(switch, family):
    odd = {"flags": "DF"} if family == 4 else {}
    big = VM1.says(R1, VM2, filled(1400, family), family, **odd)
    carries(switch, chain(kinds={"transit": {"mtu": 1300}}), sends={VM1: [big]},
            delivers={VM1: [R1.complains(big, too_big(1300, family), VM1)]}, drops={VM1: {"route/too-big": 1}})


@proves("S40")
@both_families
def test_the_second_asks_for_whom_it_does_not_know(switch, family):
    """The packet waits there and goes on from there."""
    data = VM1.says(R1, NEXT, family=family)
    asked = R2.looks_for("red", NEXT.ip(family))
    said = question(NEXT.mac, NEXT.ip(family), R2.ip("red", family), R2.mac("red"))
    begins(switch, chain(ports=(VM1, VM2, NEXT.silent()), knows=(NEXT,)), sends={VM1: [data] * 2, NEXT: [said]})
    heard = switch.hears("next")
    assert set(switch.hears("vm2")) == {asked} and heard[0] == asked
    assert heard.count(R2.routes(data, NEXT, hops=2)) == 2
    switch.ends(delivers={"next": heard, "vm2": switch.hears("vm2")})


@proves("S40")
@both_families
def test_the_second_finds_nobody(switch, family):
    absent = Host("absent", "red", 77)
    data = VM1.says(R1, absent, family=family)
    carries(switch, chain(), sends={VM1: [data]}, drops={VM1: {"route/no-neighbour": 1}},
            delivers={VM1: told([data], NO_HOST[family], family),
                      VM2: [R2.looks_for("red", absent.ip(family))] * 3})


@proves("S40")
@both_families
def test_the_next_hop_is_in_no_network(switch, family):
    """A next hop in transit that is nobody: who is asked cannot answer, as nobody is there."""
    hop = Host("absent", "transit", 77)
    first = [(DEFAULT[family], hop.ip(family))]
    data = VM1.says(R1, NOWHERE[family])
    begins(switch, chain(first), sends={VM1: [data]})
    heard = switch.hears("vm1")
    assert heard == [R1.complains(data, NO_HOST[family], VM1)]
    assert switch.drops()["vm1"]["route/no-neighbour"] == 1
    switch.ends(delivers={"vm1": heard}, drops=ANYTHING)


@proves("S40")
@both_families
def test_the_second_is_pinged(switch, family):
    """At both its addresses, from behind the first, which may count as a hop of the answer."""
    places, load = ("transit", "red"), b"weft" * 8
    begins(switch, chain(), sends={VM1: [VM1.says(R1, R2.ip(place, family), ping(family, load=load))
                                         for place in places]})
    heard = switch.hears("vm1")
    assert {ttl_of(data) for data in heard} <= {63, 64}
    assert [without_ttl(data) for data in heard] == [without_ttl(ours(answered(place, family, load)))
                                                     for place in places]
    switch.ends(delivers={"vm1": heard})


def answered(place, family, load):
    return R1.routes(VM2.says(R2, VM1, pong(family, load=load), family, src=R2.ip(place, family)), VM1)


def ttl_of(data):
    return data[22] if data[14] >> 4 == 4 else data[21]


def without_ttl(data):
    at = 22 if data[14] >> 4 == 4 else 21
    return data[:at] + data[at + 1:]


# Long ways.


def row(count):
    """So many routers in a row: n0 - r1 - n1 - r2 - n2 ...; the guests at both ends."""
    routers = [Router(f"r{number}", number) for number in range(1, count + 1)]
    here, there = Host("here", "n0", 10), Host("there", f"n{count}", 20)
    entries = []
    for place, router in enumerate(routers):
        left, right = f"n{place}", f"n{place + 1}"
        routes = [(DEFAULT[family], routers[place + 1].ip(right, family)) for family in (4, 6)
                  if place + 1 < count]
        routes += [(link("n0", family), routers[place - 1].ip(left, family)) for family in (4, 6) if place]
        entries.append(router.on(left, right, routes=routes))
    return here, there, routers, site([here, there], entries)


@proves("S40")
@both_families
@pytest.mark.parametrize("count", (3, 8))
def test_up_to_eight_in_a_row(switch, count, family):
    here, there, routers, config = row(count)
    data = here.says(routers[0], there, family=family)
    back = there.says(routers[-1], here, family=family)
    carries(switch, config, sends={here: [data] * 2, there: [back] * 2},
            delivers={there: [routers[-1].routes(data, there, hops=count)] * 2,
                      here: [routers[0].routes(back, here, hops=count)] * 2})


@proves("S40")
@both_families
def test_nine_are_too_many(switch, family):
    here, there, routers, config = row(9)
    data = here.says(routers[0], there, family=family)
    carries(switch, config, sends={here: [data] * 3}, drops={here: {"route/too-many-hops": 3}})


@proves("S40")
@both_families
@pytest.mark.parametrize("left", (1, 2, 5, 8))
def test_a_ttl_that_ends_on_a_long_way(switch, left, family):
    """The router where it ends tells, by its address on the way there."""
    here, there, routers, config = row(8)
    data = here.says(routers[0], there, family=family, **ttl(left, family))
    last = routers[left - 1]
    carries(switch, config, sends={here: [data]}, drops={here: {"route/ttl-exceeded": 1}},
            delivers={here: [routers[0].complains(later(data, left - 1), EXPIRED[family], here,
                                                  source=last.ip(f"n{left - 1}", family))]})


# Circles.


def circle():
    """Each router has the other as its default."""
    return chain([(DEFAULT[family], R2.ip("transit", family)) for family in (4, 6)],
                 [(DEFAULT[family], R1.ip("transit", family)) for family in (4, 6)])


@proves("S40")
@both_families
@pytest.mark.parametrize("left", (64, 255))
def test_a_circle_ends(switch, left, family):
    """One drop for each packet, and the switch goes on."""
    lost = [VM1.says(R1, NOWHERE[family], udp(1, port), **ttl(left, family)) for port in range(50)]
    good = VM1.says(R1, VM2, family=family)
    begins(switch, circle(), sends={VM1: lost + [good]})
    drops = switch.drops()
    assert set(drops) == {"vm1"} and set(drops["vm1"]) <= {"route/too-many-hops", "route/ttl-exceeded"}
    assert sum(drops["vm1"].values()) == 50
    assert len(switch.hears("vm1")) <= drops["vm1"].get("route/ttl-exceeded", 0)
    switch.ends(delivers={"vm1": switch.hears("vm1"), "vm2": [R2.routes(good, VM2, hops=2)]}, drops=drops)


@proves("S40")
@both_families
def test_a_ttl_that_ends_within_a_circle(switch, family):
    """If it is let round so often, TTL 5 is used up behind r1, r2, r1, r2, and r1 tells."""
    data = VM1.says(R1, NOWHERE[family], **ttl(5, family))
    begins(switch, circle(), sends={VM1: [data]})
    drops = switch.drops()
    assert drops in ({"vm1": {"route/ttl-exceeded": 1}}, {"vm1": {"route/too-many-hops": 1}})
    complaint = R1.complains(later(data, 4), EXPIRED[family], VM1, source=R1.ip("transit", family))
    switch.ends(delivers={"vm1": [complaint] if "route/ttl-exceeded" in drops["vm1"] else []}, drops=drops)
