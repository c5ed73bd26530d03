# SPDX-License-Identifier: BSD-3-Clause
"""The running router changes: the next packet goes the new way, also one of a flow that was remembered.

VM1 is at the other end of a street, so it can speak before and after a change without being touched.
"""
import pytest

from harness import wait_until
from overlays import Street
from routing import (NEXT, NO_ROUTE, R1, R2, VM1, VM2, VM3, Host, Router, announced, both_families, ours, pong_of, site,
                     too_big)
from secure import ping, pong, udp
from words import proves

FAR = {4: ("172.16.0.0/12", "172.16.5.9"), 6: ("2001:db8:aaaa::/48", "2001:db8:aaaa::9")}
CLOSER = {4: "172.16.5.0/24", 6: "2001:db8:aaaa::/64"}
PORTS = [VM1, VM2, NEXT, VM3]


class Walk:
    """VM1 speaks, and what becomes of it is looked at before it speaks again."""

    def __init__(self, switch, *routers, ports=PORTS, **others):
        self.switch, self.street = switch, Street(switch, lanes=("vm1",))
        self.street.joins({"physical-networks": [], **site(ports, routers, **others)})

    def becomes(self, *routers, ports=PORTS, **others):
        """Another configuration; nobody speaks."""
        self.street.applies(site(ports, routers, **others))

    def heard(self):
        everybody = {name: self.switch.hears(name) for name in self.switch.devices}
        everybody["vm1"] = [ours(data) for data in self.street.hears("vm1")]
        return {name: [data for data in frames if announced(data) is None] for name, frames in everybody.items()}

    def goes(self, data, to, expected, times=3):
        """This frame, some times; each is heard there, as this one, and nothing else is."""
        before, name = self.heard(), to.name
        self.street.says(*[data] * times, lane="vm1")
        wait_until(lambda: len(self.heard()[name]) >= len(before[name]) + times, f"{name} hears it",
                   lambda: f"heard: {self.heard()}\ndrops: {self.switch.drops()}\n{self.switch.stderr()}")
        now = self.heard()
        assert now == {**before, name: before[name] + [expected] * times}

    def is_dropped(self, data, why, told=(), times=3):
        """This frame is not heard any more, for this reason, and these errors are."""
        before, count = self.heard(), self.count(why)
        self.street.says(*[data] * times, lane="vm1")
        wait_until(lambda: self.count(why) == count + times and len(self.heard()["vm1"]) >= len(
            before["vm1"]) + len(told) * times, why,
            lambda: f"drops: {self.switch.drops()}\n{self.switch.stderr()}")
        assert self.heard() == {**before, "vm1": before["vm1"] + list(told) * times}

    def count(self, why):
        return self.switch.drops().get("vm1", {}).get(why, 0)

    def ends(self):
        self.street.ends()


def far(family, *hops, destination=None):
    """r1 with a route to FAR by each of these hosts."""
    return R1.on("blue", "red", "green",
                 routes=[(destination or FAR[family][0], hop.ip(family)) for hop in hops])


@proves("S37", "S40")
@both_families
def test_a_route_comes_changes_and_goes(switch, family):
    data = VM1.says(R1, FAR[family][1])
    error = [R1.complains(data, NO_ROUTE[family], VM1)]
    walk = Walk(switch, far(family))
    walk.is_dropped(data, "route/no-route", error)
    walk.becomes(far(family, VM2))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(far(family, NEXT))
    walk.goes(data, NEXT, R1.routes(data, NEXT))
    walk.becomes(far(family, VM3))
    walk.goes(data, VM3, R1.routes(data, VM3))
    walk.becomes(far(family))
    walk.is_dropped(data, "route/no-route", error)
    walk.ends()


@proves("S37", "S40")
@both_families
def test_a_longer_route_comes_and_goes(switch, family):
    """The old one is as it was; only its longer part leads elsewhere for a while."""
    data = VM1.says(R1, FAR[family][1])
    old = R1.on("blue", "red", "green", routes=[(FAR[family][0], VM2.ip(family))])
    new = R1.on("blue", "red", "green", routes=[(FAR[family][0], VM2.ip(family)), (CLOSER[family], VM3.ip(family))])
    walk = Walk(switch, old)
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(new)
    walk.goes(data, VM3, R1.routes(data, VM3))
    walk.becomes(old)
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.ends()


@proves("S37", "S40")
@both_families
def test_a_link_is_more_than_a_route(switch, family):
    """VM3 is behind a route until the router has a link to it, and again when it has none."""
    destination = {4: "10.0.3.0/24", 6: "2001:db8:3::/64"}[family]
    data = VM1.says(R1, VM3, udp(1, 2), family)
    without, linked = R1.on("blue", "red", routes=[(destination, VM2.ip(family))]), R1.on("blue", "red", "green")
    walk = Walk(switch, without)
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(linked)
    walk.goes(data, VM3, R1.routes(data, VM3))
    walk.becomes(without)
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.ends()


@proves("S37", "S40")
@both_families
def test_a_router_comes_and_goes(switch, family):
    """Without it, its MAC is that of a stranger: all in the network hear what is for it."""
    friend = Host("friend", "blue", 11)
    ports, data = [*PORTS, friend], VM1.says(R1, VM2, udp(1, 2), family)
    router = R1.on("blue", "red")
    walk = Walk(switch, ports=ports)
    walk.goes(data, friend, data)
    walk.becomes(router, ports=ports)
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(ports=ports)
    walk.goes(data, friend, data)
    walk.ends()


@proves("S37", "S40")
@both_families
def test_a_router_is_deleted(switch, family):
    """By command, and not from the file."""
    data = VM1.says(R1, VM2, udp(1, 2), family)
    walk = Walk(switch, R1.on("blue", "red"), R2.on("blue", "red"))
    walk.goes(data, VM2, R1.routes(data, VM2))
    switch.says("delete router r1")
    assert [row["name"] for row in switch.json("router list")] == ["r2"]
    walk.is_dropped(data, "bridge/no-receiver")
    other = VM1.says(R2, VM2, udp(1, 2), family)
    walk.goes(other, VM2, R2.routes(other, VM2))
    walk.ends()


@proves("S37", "S40")
@both_families
def test_a_router_goes_down_and_up(switch, family):
    data = VM1.says(R1, VM2, udp(1, 2), family)
    walk = Walk(switch, R1.on("blue", "red"))
    for _ in range(2):
        walk.goes(data, VM2, R1.routes(data, VM2))
        walk.becomes(R1.on("blue", "red", admin="down"))
        walk.is_dropped(data, "route/router-down")
        walk.becomes(R1.on("blue", "red"))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.ends()


@proves("S37", "S40")
@both_families
@pytest.mark.parametrize("side", ("blue", "red"), ids=("where it arrives", "where it leaves"))
def test_the_mac_of_a_router_changes(switch, side, family):
    """Frames to the old one are not routed; those that leave have the new one."""
    new = Router("r1", 7)

    def with_mac(router):
        entry = R1.on("blue", "red")
        for leg in entry["interfaces"]:
            leg["mac"] = (router if leg["network"] == side else R1).mac(leg["network"])
        return entry

    old_data, new_data = VM1.says(R1, VM2, udp(1, 2), family), VM1.says(new, VM2, udp(1, 2), family)
    walk = Walk(switch, with_mac(R1))
    walk.goes(old_data, VM2, R1.routes(old_data, VM2))
    walk.becomes(with_mac(new))
    if side == "red":
        walk.goes(old_data, VM2, new.routes(old_data, VM2))
    else:
        walk.goes(new_data, VM2, R1.routes(new_data, VM2))
        walk.is_dropped(old_data, "bridge/no-receiver")
    walk.becomes(with_mac(R1))
    walk.goes(old_data, VM2, R1.routes(old_data, VM2))
    walk.ends()


@proves("S37", "S40")
def test_the_address_of_an_interface_changes(switch):
    """It answers ping by the new one, and routes as before; the old one is a host that nobody knows."""
    def at(number):
        entry = R1.on("blue", "red")
        entry["interfaces"] = [{**leg, "address": leg["address"].replace("10.0.2.1/", f"10.0.2.{number}/")}
                               for leg in entry["interfaces"]]
        return entry

    load = b"weft" * 8
    data = VM1.says(R1, VM2)
    old, new = (VM1.says(R1, ip, ping(load=load)) for ip in ("10.0.2.1", "10.0.2.3"))
    walk = Walk(switch, at(1))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.goes(old, VM1, pong_of(R1, VM1, pong(load=load), "10.0.2.1"))
    walk.becomes(at(3))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.goes(new, VM1, pong_of(R1, VM1, pong(load=load), "10.0.2.3"))
    before = walk.count("route/no-neighbour")
    walk.street.says(old, lane="vm1")
    wait_until(lambda: walk.count("route/no-neighbour") == before + 1, "nobody has the old address", switch.stderr)
    walk.ends()


@proves("S37", "S40")
def test_a_link_becomes_smaller(switch):
    """An address that was on the link is not any more: the default route leads there."""
    def wide(prefix):
        entry = R1.on("blue", "red", routes=[("0.0.0.0/0", VM2.ip())])
        entry["interfaces"] = [{**leg, "address": leg["address"].replace("10.0.2.1/24", f"10.0.2.1/{prefix}")}
                               for leg in entry["interfaces"]]
        return entry

    upper = Host("upper", "red", 200)
    data, ports = VM1.says(R1, upper), [*PORTS, upper]
    walk = Walk(switch, wide(24), ports=ports)
    walk.goes(data, upper, R1.routes(data, upper))
    walk.becomes(wide(25), ports=ports)
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(wide(24), ports=ports)
    walk.goes(data, upper, R1.routes(data, upper))
    walk.ends()


@proves("S37", "S40")
@both_families
def test_a_host_gets_another_mac(switch, family):
    """The configuration says where it is, and it says so anew."""
    spare = Host("vm2", "red", 66)
    data = VM1.says(R1, VM2, udp(1, 2), family)
    walk = Walk(switch, R1.on("blue", "red"))
    walk.goes(data, VM2, R1.routes(data, VM2))
    moved = {**VM2.port(), "mac": spare.mac}
    walk.becomes(R1.on("blue", "red"), ports=[VM1, moved, NEXT, VM3])
    walk.goes(data, VM2, R1.routes(data, spare))
    walk.ends()


@proves("S37", "S40")
@both_families
def test_an_address_moves_to_another_port(switch, family):
    """A floating address of a service, from VM2 to NEXT."""
    address = {4: "10.0.2.99", 6: "2001:db8:2::99"}[family]
    data = VM1.says(R1, address)

    def owned(host):
        return [VM1, *[{**port.port(), "addresses": port.port()["addresses"] + ([address] if port is host else [])}
                       for port in (VM2, NEXT)], VM3]

    walk = Walk(switch, R1.on("blue", "red"), ports=owned(VM2))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(R1.on("blue", "red"), ports=owned(NEXT))
    walk.goes(data, NEXT, R1.routes(data, NEXT))
    walk.ends()


@proves("S37", "S40")
def test_a_router_further_on_changes(switch):
    """The flow is remembered where it came in; the route that changes is that of the second router."""
    def chain(hop):
        return (R1.on("blue", "transit", routes=[("0.0.0.0/0", R2.ip("transit"))]),
                R2.on("transit", "red", "green", routes=[("172.16.0.0/12", hop.ip())]))

    data = VM1.says(R1, FAR[4][1])
    walk = Walk(switch, *chain(VM2))
    for hop in (VM2, NEXT, VM3, VM2):
        walk.becomes(*chain(hop))
        walk.goes(data, hop, R2.routes(data, hop, hops=2))
    walk.ends()


@proves("S37", "S40")
def test_the_mtu_of_the_next_network_changes(switch):
    data = VM1.says(R1, VM2, udp(1, 2, bytes(1372)), flags="DF")
    walk = Walk(switch, R1.on("blue", "red"))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.becomes(R1.on("blue", "red"), kinds={"red": {"mtu": 1300}})
    walk.is_dropped(data, "route/too-big", [R1.complains(data, too_big(1300, 4), VM1)])
    walk.becomes(R1.on("blue", "red"))
    walk.goes(data, VM2, R1.routes(data, VM2))
    walk.ends()


@proves("S37", "S40")
def test_what_is_no_change_forgets_nothing(switch):
    """A neighbour that was learned is known after another router has come."""
    silent = [NEXT.silent(), VM1]
    config = site(silent, [R1.on("blue", "red")], knows=(NEXT,))
    data = VM1.says(R1, NEXT)
    switch.starts(config, sends={"next": [NEXT.answers(R1)], "vm1": [data]})
    for name in ("next", "vm1", "vm3"):
        switch.ears[name] = lambda frames: [data for data in frames if announced(data) is None]
    more = site([*silent, VM3], [R1.on("blue", "red"), R2.on("blue", "green")], knows=(NEXT,))
    hello = VM3.says(R2, VM1)
    switch.applies(more, sends={"vm3": [hello]})
    assert (NEXT.ip(), NEXT.mac) in {(row["address"], row["mac"]) for row in switch.json("neighbour list")}
    switch.ends(delivers={"next": [R1.routes(data, NEXT)], "vm1": [R2.routes(hello, VM1)]},
                drops={"next": {"answer/taken": 1}})


@proves("S37", "S40")
def test_a_neighbour_goes_with_the_interface_that_it_was_on(switch):
    config = site([NEXT.silent(), VM1], [R1.on("blue", "red")], knows=(NEXT,))
    switch.starts(config, sends={"next": [NEXT.answers(R1)], "vm1": [VM1.says(R1, NEXT)]})
    assert [row["mac"] for row in switch.json("neighbour list")] == [NEXT.mac]
    for name in ("next", "vm1"):
        switch.ears[name] = lambda frames: [data for data in frames if announced(data) is None]
    switch.applies(site([NEXT.silent(), VM1], [R1.on("blue")], knows=(NEXT,), kinds={"red": {}}))
    assert switch.json("neighbour list") == []
    switch.ends(delivers={"next": [R1.routes(VM1.says(R1, NEXT), NEXT)]}, drops={"next": {"answer/taken": 1}})
