# SPDX-License-Identifier: BSD-3-Clause
"""The way to a peer: neighbours are asked for, routes chosen, packets wait, and loss is noticed."""
from collections import defaultdict

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from frames import A, C, EVERYBODY, address, frame, mac, read_pcap
from harness import wait_until
from overlays import (FAR, FAR2, OTHER, PEER, ROUTER, ROUTER2, STRANGER, TAGGED, THIRD, US, WIRE,
                      Host, Street, Tunnel, padded)
from test_endpoint import reply
from words import proves

HELLO = frame(A, EVERYBODY)
AT_PEER, AT_FAR = [(C, None, PEER)], [(C, None, FAR)]
IPV4, IPV6 = Tunnel("vxlan", 4), Tunnel("vxlan", 6)
all_endpoints = pytest.mark.parametrize("tunnel", [IPV4, IPV6] + TAGGED[:1], ids=str)
both_families = pytest.mark.parametrize("tunnel", [IPV4, IPV6], ids=str)


# It asks.


def asked(switch):
    """{address: [frames that asked for it]}"""
    questions = defaultdict(list)
    for data in read_pcap(switch.pcaps(WIRE)[1]):
        packet = Ether(data)
        if ARP in packet and packet[ARP].op == 1 and packet[ARP].psrc != packet[ARP].pdst:
            questions[packet[ARP].pdst].append(data)
        elif ICMPv6ND_NS in packet:
            questions[packet[ICMPv6ND_NS].tgt].append(data)
    return questions


@proves("S27")
@all_endpoints
def test_next_hops_of_peers_are_asked_for_from_the_start(switch, tunnel):
    """Peers on the link themselves, routers for the others; nobody else, and as the RFCs say."""
    tunnel = tunnel.but(gateway=tunnel.says(ROUTER))
    config = tunnel.config(peers=[PEER, FAR, FAR2])
    switch.starts(config)
    hosts = {tunnel.says(host): host for host in (PEER, ROUTER)}
    wait_until(lambda: len(asked(switch)) >= 2, "both were asked for")
    assert asked(switch).keys() == hosts.keys()
    for ip, questions in asked(switch).items():
        assert set(questions) == {padded(tunnel.asks(US, hosts[ip]))}


@both_families
def test_one_that_has_answered_is_not_asked_again_at_once(switch, tunnel):
    tunnel.starts(switch, tunnel.config(), sends={"vm1": [HELLO]})
    assert all(len(questions) <= 1 for questions in asked(switch).values())
    rows = switch.json("neighbour list")
    assert {(row["scope"], row["address"], row["mac"], row["state"]) for row in rows
            if row["scope"] == "underlay"} == \
        {("underlay", tunnel.says(host), host.mac, "reachable") for host in (PEER, OTHER)}


@proves("S27")
@both_families
def test_who_asks_for_the_endpoint_is_known_from_then_on(switch, tunnel):
    """An endpoint that nobody configured: learned from its packets, found by its question."""
    call = frame(C, A)
    tunnel.carries(switch, tunnel.config(), near=[PEER, OTHER], sends={
        WIRE: [tunnel.asks(STRANGER, US), tunnel.arrives(call, src=STRANGER)],
        "vm1": [frame(A, C)]},
        delivers={"vm1": [call], "vm2": [call],
                  WIRE: [reply(tunnel, STRANGER), tunnel.leaves(frame(A, C), to=STRANGER)]})


@proves("S27")
@both_families
def test_a_neighbour_that_says_it_has_another_mac_is_believed_at_once(switch, tunnel):
    config = tunnel.config(peers=[PEER], knows=AT_PEER)
    tunnel.carries(switch, config, near=[PEER],
                   sends={WIRE: [tunnel.announces(PEER, mac=THIRD.mac)], "vm1": [frame(A, C)]},
                   delivers={WIRE: [tunnel.leaves(frame(A, C), to=PEER, via=THIRD)]},
                   drops={WIRE: {"answer/taken": 1}})


@both_families
def test_nonsense_about_a_neighbour_is_not_believed(switch, tunnel):
    """Group addresses, no address, the endpoint's own: nobody else can have these."""
    lies = [tunnel.greets(PEER, mac=lie)
            for lie in (EVERYBODY, "00:00:00:00:00:00", "01:00:5e:00:00:01", US.mac)]
    lies = [data[:6] + address(PEER.mac) + data[12:] for data in lies]
    tunnel.starts(switch, tunnel.config(peers=[PEER]), sends={WIRE: lies}, near=[PEER])
    row, = switch.json("neighbour list")
    assert (row["mac"], row["state"]) == (PEER.mac, "reachable")


def test_an_answer_that_does_not_override_overrides_nothing(switch):
    """RFC 4861, 7.2.5: without the flag O another MAC is not taken over."""
    humble = IPv6(src=PEER.ip(6), dst=US.ip(6), hlim=255) / \
        ICMPv6ND_NA(tgt=PEER.ip(6), R=0, S=1, O=0) / ICMPv6NDOptDstLLAddr(lladdr=THIRD.mac)
    IPV6.starts(switch, IPV6.config(peers=[PEER]), near=[PEER],
                sends={WIRE: [frame(THIRD.mac, US.mac, humble)]})
    assert [row["mac"] for row in switch.json("neighbour list")] == [PEER.mac]


# It routes.


def udp_flows(count):
    return [frame(A, C, IP(src="10.0.0.1", dst="10.0.0.7") / UDP(sport=sport, dport=80))
            for sport in range(5000, 5000 + count)]


@proves("S24", "S27")
@pytest.mark.parametrize("tunnel, way", [(IPV4, "gateways"), (Tunnel("geneve", 6), "routes"),
                                         (Tunnel("gre", 4), "routes")], ids=str)
def test_flows_spread_over_equal_routes_and_each_stays_on_its_own(switch, tunnel, way):
    routers = [ROUTER, ROUTER2]
    hops = [tunnel.says(host) for host in routers]
    subnet = {4: "198.51.100.0/24", 6: "2001:db8:f::/64"}[tunnel.family]
    tunnel = tunnel.but(gateway=hops) if way == "gateways" else \
        tunnel.but(routes=[{"destination": subnet, "next-hop": hop} for hop in hops])
    flows = udp_flows(64)
    tunnel.starts(switch, tunnel.config(peers=[FAR], knows=AT_FAR), sends={"vm1": flows * 3},
                  near=routers)
    left = switch.hears(WIRE)
    via = [next(host for host in routers if data.startswith(bytes.fromhex(
        host.mac.replace(":", "")))) for data in left]
    assert via[:64] == via[64:128] == via[128:]
    assert min(via[:64].count(host) for host in routers) >= 16
    tunnel.ends(switch, delivers={WIRE: [tunnel.leaves(data, to=FAR, via=host)
                                         for data, host in zip(flows * 3, via)]})


@proves("S27")
@both_families
def test_the_longest_route_counts(switch, tunnel):
    """On the link without a router; then /32 (/128), then a subnet, then the gateway."""
    outside, subnet = Host(200), {4: "198.51.100.0/25", 6: "2001:db8:f::/121"}[tunnel.family]
    one = f"{tunnel.says(FAR)}/{32 if tunnel.family == 4 else 128}"
    tunnel = tunnel.but(gateway=tunnel.says(THIRD), routes=[
        {"destination": subnet, "next-hop": tunnel.says(ROUTER)},
        {"destination": one, "next-hop": tunnel.says(ROUTER2)}])
    ways = {PEER: PEER, FAR: ROUTER2, FAR2: ROUTER, outside: THIRD}
    guests = {host: mac(0x700 + host.number) for host in ways}
    config = tunnel.config(peers=list(ways),
                           knows=[(guest, None, host) for host, guest in guests.items()])
    tunnel.carries(switch, config, near=list(ways.values()),
                   sends={"vm1": [frame(A, guest) for guest in guests.values()]},
                   delivers={WIRE: [tunnel.leaves(frame(A, guests[host]), to=host, via=via)
                                    for host, via in ways.items()]})


@proves("S27")
@both_families
def test_without_a_route_a_packet_is_dropped(switch, tunnel):
    tunnel.starts(switch, tunnel.config(peers=[PEER, FAR], knows=AT_FAR), near=[PEER],
                  sends={"vm1": [frame(A, C)]})
    rows = {row["remote"]: row for row in switch.json("tunnel list")}
    assert rows[tunnel.says(FAR)]["state"] == "no-route"
    assert rows[tunnel.says(FAR)]["next_hops"] == []
    tunnel.ends(switch, drops={"vm1": {"encap/no-route": 1}})


# It waits.


@proves("S27")
def test_what_waits_in_vain_is_dropped(switch):
    """256 packets wait, for three questions and three seconds; copies for others do not."""
    flow = [frame(A, C, f"number {number}") for number in range(300)]
    IPV4.starts(switch, IPV4.config(knows=AT_PEER), sends={"vm1": [HELLO] + flow}, near=[OTHER])
    assert len(asked(switch)[PEER.ip(4)]) >= 3
    wait_until(lambda: {row["address"]: row["state"] for row in switch.json("neighbour list")} ==
               {PEER.ip(4): "failed", OTHER.ip(4): "reachable"}, "it has failed")
    IPV4.ends(switch, delivers={"vm2": [HELLO], WIRE: [IPV4.leaves(HELLO, to=OTHER)]},
              drops={"vm1": {"encap/hold-full": 45, "encap/no-neighbour": 256}})


@proves("S24")
def test_flows_leave_a_router_that_does_not_answer(switch):
    tunnel = IPV4.but(gateway=[ROUTER.ip(4), ROUTER2.ip(4)])
    config = tunnel.config(peers=[FAR], knows=AT_FAR)
    tunnel.starts(switch, config, near=[ROUTER])
    wait_until(lambda: {row["state"] for row in switch.json("neighbour list")} ==
               {"reachable", "failed"}, "one of them has failed")
    config["ports"].append({"name": "vm3", "network": "blue"})
    flows = udp_flows(16)
    switch.applies(config, sends={"vm3": flows})
    tunnel.ends(switch, delivers={WIRE: [tunnel.leaves(data, to=FAR, via=ROUTER)
                                         for data in flows]})


@proves("S27")
@both_families
def test_packets_wait_for_an_answer_and_leave_in_order(switch, tunnel):
    street = Street(switch)
    flow = [frame(A, C, f"number {number}") for number in range(200)]
    config = tunnel.config(peers=[PEER], knows=AT_PEER)
    street.joins({"physical-networks": config["physical-networks"], "networks": [], "ports": []})
    street.applies(config, sends={"vm1": flow})
    street.waits_for(padded(tunnel.asks(US, PEER)))
    wait_until(lambda: switch.json("stat show")["held"] == len(flow), "all of them wait")
    assert tunnel.on_the_street(street) == []
    street.says(tunnel.greets(PEER))
    wait_until(lambda: len(tunnel.on_the_street(street)) >= len(flow), "they leave", switch.stderr)
    assert tunnel.on_the_street(street) == [tunnel.leaves(data) for data in flow]
    assert not [row for row in switch.json("drop list") if row["stage"] == "encap"]
    street.ends()


@proves("S27")
def test_a_flow_follows_the_mac_of_its_next_hop(switch):
    """The very same flow, before and after: what is remembered does not send into the void."""
    street = Street(switch, lanes=(WIRE, "vm1"))
    street.joins(IPV4.config(ports=["vm1"], peers=[PEER], knows=AT_PEER))
    street.waits_for(padded(IPV4.asks(US, PEER)))
    street.says(IPV4.greets(PEER))
    street.says(frame(A, C), lane="vm1")
    street.waits_for(IPV4.leaves(frame(A, C)), what=IPV4.about_the_case)
    street.says(IPV4.announces(PEER, mac=THIRD.mac))
    wait_until(lambda: switch.json("neighbour list")[0]["mac"] == THIRD.mac, "it was believed")
    street.says(frame(A, C), frame(A, C), lane="vm1")
    street.waits_for(IPV4.leaves(frame(A, C), via=THIRD), what=IPV4.about_the_case, times=2)
    assert len(IPV4.on_the_street(street)) == 3
    street.ends()


@pytest.mark.slow
def test_a_neighbour_is_confirmed_and_lost(switch):
    """After ten seconds it is asked directly; when it is silent, packets stop."""
    street = Street(switch, lanes=(WIRE, "vm1"))
    street.joins(IPV4.config(ports=["vm1"], peers=[PEER], knows=AT_PEER))
    street.waits_for(padded(IPV4.asks(US, PEER)))
    street.says(IPV4.greets(PEER))
    direct = padded(IPV4.asks(US, PEER, mac=PEER.mac))

    def state():
        return switch.json("neighbour list")[0]["state"]

    wait_until(lambda: state() == "reachable", "it is known")
    wait_until(lambda: state() == "probe", "it is asked again", patience_sec=15)
    street.waits_for(direct)
    street.says(IPV4.greets(PEER))
    wait_until(lambda: state() == "reachable", "it has answered")
    wait_until(lambda: state() == "failed", "it is lost", patience_sec=25)
    street.says(frame(A, C), lane="vm1")
    wait_until(lambda: any(row["reason"] == "no-neighbour" for row in switch.json("drop list")),
               "it is not sent into the void")
    street.says(IPV4.greets(PEER))
    wait_until(lambda: state() == "reachable", "it is back")
    street.ends()
