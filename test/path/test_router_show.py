# SPDX-License-Identifier: BSD-3-Clause
"""What weftctl shows of routers: their links, routes, neighbours, and the way of a packet."""
import pytest

from frames import write_pcap
from routing import ISP, NEXT, R1, R2, VM1, VM2, VM3, Host, begins, link, site, ttl
from secure import udp
from words import GUESTS, proves

FAR = "172.16.0.0/12"
ROUTERS = [R1.on("blue", "red", project="acme", routes=[(FAR, NEXT.ip()), ("2001:db8:aaaa::/48", NEXT.ip(6))],
                 gateway=("public", ISP.ip())),
           R2.on("blue", "green", routes=[("10.9.0.0/16", VM3.ip())], admin="down")]


def config(ports=(VM1, VM2, VM3, NEXT, ISP)):
    return site(ports, ROUTERS)


def row_of(rows, **keys):
    """The only row with these values."""
    found = [row for row in rows if keys.items() <= row.items()]
    assert len(found) == 1, (keys, rows)
    return found[0]


@proves("S37", "S40")
def test_routers_are_listed(switch):
    switch.starts(config())
    rows = switch.json("router list")
    assert [(row["name"], row["admin"]) for row in rows] == [("r1", "up"), ("r2", "down")]
    text = switch.says("router list")
    assert all(word in text for word in ("r1", "r2", "up", "down"))


@proves("S12", "S40")
def test_a_router_is_shown_with_its_links_and_routes(switch):
    switch.starts(config())
    shown = switch.json("router show r1")
    assert (shown["name"], shown["admin"]) == ("r1", "up")
    assert {(leg["network"], leg["address"], leg["mac"]) for leg in shown["legs"]} == \
        {(network, leg["address"], leg["mac"]) for network, families in
         (("blue", (4, 6)), ("red", (4, 6)), ("public", (4,))) for family in families
         for leg in [R1.leg(network, family)]}
    assert {FAR, "2001:db8:aaaa::/48"} <= {route["destination"] for route in shown["routes"]}
    assert row_of(shown["routes"], destination=FAR)["next_hop"] == NEXT.ip()
    assert switch.json("router show r2")["admin"] == "down"
    text = switch.says("router show r1")
    assert all(word in text for word in ("r1", "public", R1.mac("red"), "10.0.2.1", FAR, NEXT.ip()))


@proves("S40")
def test_a_mac_that_is_not_configured_is_shown_and_stable(switch):
    """What it is made of does not change, so a host outside need not ask again after a restart."""
    def bare():
        entry = R1.on("blue", "red")
        for leg in entry["interfaces"]:
            del leg["mac"]
        return site([VM1, VM2], [entry])

    def macs(one):
        return {leg["network"]: leg["mac"] for leg in one.json("router show r1")["legs"]}

    switch.starts(bare())
    first = macs(switch)
    assert first.keys() == {"blue", "red"} and all(not int(owner[:2], 16) & 1 for owner in first.values())
    again = switch.another()
    assert macs(again.starts(bare())) == first
    again.stops()


@proves("S40")
def test_routes_are_listed(switch):
    """With the network by which they leave; the gateway's next hop is a route, too."""
    switch.starts(config())
    rows = switch.json("route list")
    assert row_of(rows, router="r1", destination=FAR).items() >= \
        {"next_hop": NEXT.ip(), "network": "red"}.items()
    assert row_of(rows, router="r1", destination="0.0.0.0/0").items() >= \
        {"next_hop": ISP.ip(), "network": "public"}.items()
    assert row_of(rows, router="r2", destination="10.9.0.0/16")["network"] == "green"
    for name in ("r1", "r2"):
        assert switch.json("route", "list", "--router", name) == [row for row in rows if row["router"] == name]
    text = switch.says("route list")
    assert all(word in text for word in (FAR, NEXT.ip(), "red", "2001:db8:aaaa::/48", "public"))


@proves("S40", "S50")
@pytest.mark.parametrize("family", (4, 6))
def test_what_a_router_learned_is_listed(switch, family):
    begins(switch, site([NEXT.silent(), VM1], [R1.on("blue", "red")], knows=(NEXT,)),
           sends={NEXT: [NEXT.asks(R1, family)], VM1: [VM1.says(R1, NEXT, family=family)]})
    row = row_of(switch.json("neighbour list"), address=NEXT.ip(family))
    assert (row["scope"], row["mac"]) == ("red", NEXT.mac) and row["age_sec"] < 60
    assert switch.json("neighbour list --network red") and not switch.json("neighbour list --network blue")
    text = switch.says("neighbour list")
    assert all(word in text for word in (NEXT.ip(family), NEXT.mac, "red"))


def test_what_is_not_there_is_said(switch):
    switch.starts(config())
    for words in ("router show r9", "route list --router r9", "router show", "neighbour list --network r1"):
        answer = switch.ctl(words)
        assert answer.returncode in (1, 2) and answer.stderr.strip(), words


def test_without_routers_the_lists_are_empty(switch):
    switch.starts(GUESTS)
    assert switch.json("router list") == [] and switch.json("route list") == []


# The way of a packet.


def traces(switch, data, port="vm1"):
    file = switch.folder / "trace.pcap"
    write_pcap(file, [data])
    return switch.json("trace", port, "--pcap", file)


def route_lines(trace):
    return " ".join(row["says"] for row in trace["stages"] if row["stage"] == "route")


@proves("S17", "S40")
@pytest.mark.parametrize("family", (4, 6))
def test_trace_names_router_route_and_next_hop(switch, family):
    """Of a link, and of a route; and what the packet is like when it leaves."""
    switch.starts(config())
    there = {4: "172.16.5.9", 6: "2001:db8:aaaa::9"}[family]
    prefix = {4: FAR, 6: "2001:db8:aaaa::/48"}[family]
    for to, route, hop in ((VM2, link("red", family), VM2), (there, prefix, NEXT)):
        trace = traces(switch, VM1.says(R1, to, udp(1, 2), family))
        said = route_lines(trace)
        assert "r1" in said and route in said and hop.ip(family) in said, trace
        assert hop.name in trace["answer"], trace
        stages = [row["stage"] for row in trace["stages"]]
        assert stages.index("bridge") < stages.index("route") < stages.index("deliver")


@proves("S17", "S40")
def test_trace_names_all_routers_of_a_way(switch):
    routers = [R1.on("blue", "transit", routes=[("10.0.2.0/24", R2.ip("transit"))]), R2.on("transit", "red")]
    switch.starts(site([VM1, VM2], routers))
    trace = traces(switch, VM1.says(R1, VM2))
    said = route_lines(trace)
    assert "r1" in said and "r2" in said and R2.ip("transit") in said and VM2.ip() in said
    assert said.index("r1") < said.index("r2") and "vm2" in trace["answer"]


FATES = {
    "no-route": VM1.says(R1, "2600::1"),
    "ttl-exceeded": VM1.says(R1, VM2, ttl=1),
    "martian": VM1.says(R1, "127.0.0.1"),
    "not-served": VM1.says(R1, R1.ip("red")),
    "router-down": VM1.says(R2, VM3),
    "bad-header": VM1.says(R1, VM2, chksum=1),
    "not-ip": VM1.says(R1, VM2)[:12] + b"\x88\xb5" + bytes(46),
}


@proves("S17", "S40")
def test_trace_says_what_traffic_does_and_leaves_no_mark(switch):
    """Each reason as it is counted; the trace counts nothing, asks nobody and tells nobody."""
    begins(switch, config(), sends={VM1: list(FATES.values())})
    drops, heard = switch.drops(), switch.hears("vm1")
    assert drops == {"vm1": {f"route/{reason}": 1 for reason in FATES}}
    for reason, data in FATES.items():
        trace = traces(switch, data)
        assert reason in trace["verdict"] and trace["stages"][-1]["stage"] == "route", (reason, trace)
    traces(switch, VM1.says(R1, Host("absent", "red", 77)))
    assert switch.drops() == drops and switch.hears("vm1") == heard and not switch.hears("vm2")
    assert switch.json("stat show")["held"] == 0 and switch.json("neighbour list") == []
    switch.ends(delivers={"vm1": heard}, drops=drops)


@proves("S17", "S40")
def test_trace_and_path_know_the_stage(switch):
    switch.starts(config())
    stages = [row["stage"] for row in switch.json("path")]
    assert stages.index("bridge") < stages.index("route") < stages.index("deliver")


@proves("S17")
@pytest.mark.parametrize("family", (4, 6))
def test_flows_that_are_routed_are_listed(switch, family):
    data = VM1.says(R1, VM2, udp(1000, 80), family, **ttl(9, family))
    begins(switch, config(), sends={VM1: [data] * 5})
    rows = [row for row in switch.json("flow list") if row["port"] == "vm1"]
    assert any(VM2.ip(family) in row["key"] and "vm2" in row["answer"] for row in rows), rows
    assert sum(row["packets"] for row in rows) >= 4
    switch.ends(delivers={"vm2": [R1.routes(data, VM2)] * 5})
