# SPDX-License-Identifier: BSD-3-Clause
"""Routers where it gets difficult: what must not leave a link, who pays, small MTUs, addresses that move."""
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Renew
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6MLReport, IPv6

from frames import frame
from harness import ANYTHING
from overlays import WIRE
from routing import (EXPIRED, FRIEND, NEXT, R1, R2, VM1, VM2, Host, announced, begins, both_families, carries, filled,
                     routed, site, tagged, ttl, unannounced)
from secure import egress, group, ingress, udp
from words import proves

BOTH = R1.on("blue", "red")
LIMITED = [group("tcp", egress("tcp", 1), ingress("tcp", 1))]
DHCP_ASKS = {4: UDP(sport=68, dport=67) / BOOTP() / DHCP(), 6: UDP(sport=546, dport=547) / DHCP6_Renew()}
DHCP_TELLS = {4: UDP(sport=67, dport=68) / BOOTP() / DHCP(), 6: UDP(sport=547, dport=546) / DHCP6_Renew()}


@proves("S40", "S47")
@both_families
def test_what_is_free_on_a_link_is_not_behind_a_router(switch, family):
    """DHCP of a guest to somebody far, and of somebody far to a guest."""
    asks, tells = VM1.says(R1, VM2, DHCP_ASKS[family], family), VM2.says(R1, VM1, DHCP_TELLS[family], family)
    carries(switch, site([VM1.port("tcp"), VM2], [BOTH], security_groups=LIMITED), sends={VM1: [asks], VM2: [tells]},
            drops={VM1: {"admit/not-allowed": 1}, VM2: {"deliver/not-allowed": 1}})


@proves("S40")
def test_what_is_about_a_link_is_not_routed(switch):
    """A report of a listener, sent by unicast; nobody is told."""
    carries(switch, site([VM1, VM2], [BOTH]), sends={VM1: [VM1.says(R1, VM2, ICMPv6MLReport(), 6)]},
            drops={VM1: {"route/not-served": 1}})


@proves("S40", "S47")
def test_one_that_waits_for_nobody_leaves_others_room(switch):
    """300 packets of one guest to an address that nobody has; half of the places stay free for its neighbour's one."""
    flood = [VM1.says(R1, Host("absent", "red", 77), udp(number, 80)) for number in range(300)]
    last = FRIEND.says(R1, Host("absent too", "red", 78))
    begins(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: flood, FRIEND: [last]})
    dropped = switch.drops()
    assert dropped == {"vm1": {"encap/hold-full": 172, "route/no-neighbour": 128},
                       "friend": {"route/no-neighbour": 1}}
    switch.stops()


@proves("S40", "S47")
def test_a_sender_beyond_its_limit_costs_the_receiver_nothing(switch):
    """The connections that are refused at one end are not made at the other."""
    groups = [group("udp", egress("udp"), ingress("udp"))]
    config = site([VM1.port("udp", connection_limit=1), VM2.port("udp")], [BOTH], security_groups=groups)
    sends = [VM1.says(R1, VM2, udp(number, 80)) for number in range(1, 6)]
    begins(switch, config, sends={VM1: sends})
    assert sorted(row["network"] for row in switch.json("connection list")) == ["blue", "red"]
    switch.ends(delivers={"vm2": [R1.routes(sends[0], VM2)]}, drops={"vm1": {"deliver/connection-limit": 4}})


@proves("S29", "S40")
def test_it_is_cut_for_a_vlan(switch):
    """The pieces of what does not fit have the tag, too."""
    far = Host("far", "red", 15)
    config = site([VM1], [BOTH], kinds={"red": {
        "type": "vlan", "segment": 200, "physical-network": WIRE, "mtu": 1000,
        "static-macs": [{"mac": far.mac, "physical-network": WIRE}]}})
    config["physical-networks"] = [{"name": WIRE}]
    whole = VM1.says(R1, far, filled(1400, 4))
    switch.ears[WIRE] = lambda frames: list(unannounced(frames))
    begins(switch, config, sends={VM1: [whole], WIRE: [tagged(far.asks(R1), 200)]})
    pieces = [data for data in switch.hears(WIRE) if data[16:18] == b"\x08\x00"]
    assert [data[:18] for data in pieces] == [tagged(routed(whole, R1.mac("red"), far.mac, 1), 200)[:18]] * 2
    bodies = [IP(data[18:]) for data in pieces]
    assert [part.ttl for part in bodies] == [63, 63] and all(len(data) <= 1018 for data in pieces)
    assert b"".join(bytes(part.payload) for part in bodies) == whole[34:]
    switch.stops()


@proves("S37", "S40")
def test_an_address_moves_by_configuration(switch):
    """The guest that had it has spoken to the router before."""
    def config(first, second):
        ports = [VM1, VM2.port(addresses=first), NEXT.port(addresses=second)]
        return site(ports, [BOTH])

    for name in ("vm1", "vm2", "next"):
        switch.ears[name] = lambda frames: [data for data in frames if announced(data) is None]
    data = VM1.says(R1, VM2)
    switch.starts(config([VM2.ip()], [NEXT.ip()]), sends={"vm2": [VM2.answers(R1)]})
    changed = switch.reopens(config([], [VM2.ip()]), "vm1", [data])
    switch.applies(changed)
    switch.ends(delivers={"next": [routed(data, R1.mac("red"), NEXT.mac, 1)]}, drops={"vm2": {"answer/taken": 1}})


@proves("S40")
@both_families
def test_the_smallest_mtu_on_the_way_back(switch, family):
    """The header of what is quoted is quoted in any case; the books and checksums are right."""
    small = {"blue": {"mtu": 68 if family == 4 else 1280}}
    data = VM1.says(R1, VM2, udp(1, 2, b""), family, **ttl(1, family))
    carries(switch, site([VM1, VM2], [BOTH], kinds=small), sends={VM1: [data]},
            delivers={VM1: [R1.complains(data, EXPIRED[family], VM1)]}, drops={VM1: {"route/ttl-exceeded": 1}})


@proves("S40")
def test_no_echo_across_families(switch):
    """ICMP in IPv6, ICMPv6 in IPv4: no protocol that a router serves."""
    odd = [frame(VM1.mac, R1.mac("blue"), data) for data in (
        IPv6(src=VM1.ip(6), dst=R1.ip("blue", 6), nh=1, tc=0xA0) / bytes(ICMP(id=7)),
        IP(src=VM1.ip(), dst=R1.ip("blue"), proto=58) / bytes(ICMPv6EchoRequest(id=7)))]
    begins(switch, site([VM1, VM2], [BOTH]), sends={VM1: odd})
    assert all(data[20 if data[12:14] == b"\x86\xdd" else 23] != 1 or data[34] == 3 for data in switch.hears("vm1"))
    switch.ends(delivers={"vm1": switch.hears("vm1")}, drops={"vm1": {"route/not-served": 2}})


@proves("S40")
def test_a_network_that_is_down_hears_nothing_of_a_router(switch):
    """Neither announcements nor questions, and nothing is routed there."""
    config = site([VM1, VM2, NEXT.silent()], [BOTH], kinds={"red": {"admin": "down"}})
    begins(switch, config, sends={VM1: [VM1.says(R1, NEXT)]})
    assert switch.drops() == {"vm1": {"route/no-route": 1}}
    assert not any(switch.pcaps(name)[1].read_bytes()[24:] for name in ("vm2", "next"))
    switch.ends(delivers={"vm1": switch.hears("vm1")}, drops=ANYTHING)


@proves("S40", "S47")
def test_a_scan_of_a_link_is_bounded(switch):
    """A router asks for no more addresses per second than the port may ask for itself."""
    sends = [VM1.says(R1, f"10.0.2.{number}", udp(1, 2)) for number in range(100, 130)]
    begins(switch, site([VM1.port(arp_budget=10), VM2], [BOTH]), sends={VM1: sends})
    assert switch.drops() == {"vm1": {"route/arp-budget": 20, "route/no-neighbour": 10}}
    switch.stops()


@proves("S40")
def test_two_routers_share_a_network(switch):
    """Each answers for itself, and each is the other's next hop."""
    config = site([VM1, VM2], [R1.on("blue"), R2.on("blue", "red")])
    data = VM1.says(R2, VM2)
    begins(switch, config, sends={VM1: [data]})
    assert {row["name"] for row in switch.json("router list")} == {"r1", "r2"}
    switch.ends(delivers={"vm2": [R2.routes(data, VM2)]})
