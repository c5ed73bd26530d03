# SPDX-License-Identifier: BSD-3-Clause
"""What a router answers itself: ARP, neighbour solicitations, ping; and what it does not serve."""
import struct

import pytest
from scapy.layers.inet import ICMP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6TimeExceeded

from frames import frame, read_pcap
from routing import (unannounced, FRIEND, ISP, NEXT, NO_PORT, NO_PROTOCOL, R1, R2, VM1, VM2, VM3, Host, answer, begins,
                     both_families, carries, ours, pong_of, question, site)
from secure import gre, packet, ping, pong, tcp, udp
from words import proves

BOTH = R1.on("blue", "red")
ALL_NODES = ("33:33:00:00:00:01", "ff02::1")
WORD = b"weft" * 8


def is_advertised(data, host, router=R1, to=None):
    """Is it the answer to a solicitation? R and O are the router's own affair."""
    to_mac, to_ip = to or (host.mac, host.ip(6))
    return data in [answer(router.mac(host.network), router.ip(host.network, 6), to_mac, to_ip,
                           R=r, O=o, S=int(to is None)) for r in (0, 1) for o in (0, 1)]


# Where it is.


@proves("S40")
@pytest.mark.parametrize("unicast", (False, True), ids=("to all", "to its MAC"))
def test_it_says_where_it_is(switch, unicast):
    """To whom asked, and nobody else hears of it; by both families, for each of its networks."""
    begins(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={
        host: [host.asks(R1, family, to=R1.mac(host.network) if unicast else None) for family in (4, 6)]
        for host in (VM1, VM2)})
    heard = {host.name: switch.hears(host.name) for host in (VM1, VM2)}
    for host in (VM1, VM2):
        arp, advertisement = heard[host.name]
        assert arp == R1.tells(host) and is_advertised(advertisement, host)
    switch.ends(delivers=heard)


@proves("S40")
def test_it_answers_who_asks_whether_its_addresses_are_free(switch):
    """RFC 5227; RFC 4862: the answer to a question from nobody is for all."""
    begins(switch, site([VM1, VM2], [BOTH]), sends={
        VM1: [VM1.asks(R1, source="0.0.0.0"), VM1.asks(R1, 6, source="::")]})
    arp, advertisement = heard = switch.hears("vm1")
    assert arp == answer(R1.mac("blue"), R1.ip("blue"), VM1.mac, "0.0.0.0").ljust(60, b"\0")
    assert is_advertised(advertisement, VM1, to=ALL_NODES)
    assert switch.json("neighbour list") == []
    switch.ends(delivers={"vm1": heard})


@proves("S11", "S40")
@both_families
def test_it_does_not_say_where_its_other_addresses_are(switch, family):
    """Those are asked for as if there were no router, as is everybody else."""
    asks = [VM1.asks(R1, family, target=target) for target in
            (R1.ip("red", family), R2.ip("blue", family), FRIEND.ip(family), VM2.ip(family))]
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: asks}, delivers={FRIEND: asks})


@proves("S12", "S40")
@both_families
def test_it_says_where_its_gateway_address_is(switch, family):
    router = R1.on("blue", gateway=("public", ISP.ip(family)))
    begins(switch, site([VM1, ISP], [router]), sends={ISP: [ISP.asks(R1, family)]})
    heard, = switch.hears("isp")
    assert heard == R1.tells(ISP) if family == 4 else is_advertised(heard, ISP)
    switch.ends(delivers={"isp": [heard]})


def test_each_of_two_routers_answers_for_itself(switch):
    carries(switch, site([VM1, VM2, VM3], [BOTH, R2.on("blue", "green")]),
            sends={VM1: [VM1.asks(R1), VM1.asks(R2)]}, delivers={VM1: [R1.tells(VM1), R2.tells(VM1)]})


def test_several_links_in_one_network_share_a_mac(switch):
    """Each address is answered for, and each link leads to the other."""
    second = {"network": "blue", "address": "10.7.0.1/24", "mac": R1.mac("blue")}
    router = {**BOTH, "interfaces": BOTH["interfaces"] + [second]}
    other = {**FRIEND.port(), "addresses": ["10.7.0.11"]}
    data = VM1.says(R1, "10.7.0.11")
    told = answer(R1.mac("blue"), "10.7.0.1", VM1.mac, VM1.ip()).ljust(60, b"\0")
    carries(switch, site([VM1, other, VM2], [router]),
            sends={VM1: [VM1.asks(R1), VM1.asks(R1, target="10.7.0.1"), data]},
            delivers={VM1: [R1.tells(VM1), told], "friend": [R1.routes(data, FRIEND)]})


def test_answers_to_its_questions_end_there(switch):
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: [VM1.answers(R1), VM1.answers(R1)]},
            drops={VM1: {"answer/taken": 2}})


def test_a_router_that_is_down_says_nothing(switch):
    """Its address is asked for, its MAC leads nowhere."""
    ask, call = VM1.asks(R1), VM1.says(R1, R1.ip("blue"), ping(load=WORD))
    begins(switch, site([VM1, FRIEND, VM2], [R1.on("blue", "red", admin="down")]), sends={VM1: [ask, call]})
    assert not switch.hears("vm1") and not switch.hears("vm2")
    assert switch.drops()["vm1"]["route/router-down"] == 1


# Ping.


@proves("S40")
@both_families
def test_each_address_answers_ping_from_each_side(switch, family):
    """By the address that was pinged, whichever link that is on; whatever the TTL of the ping."""
    router = R1.on("blue", "red", "green")
    hosts, places = (VM1, VM2, VM3), ("blue", "red", "green")
    carries(switch, site(hosts, [router]), sends={
        host: [host.says(R1, R1.ip(place, family), ping(family, number, WORD), **(
            {"ttl": 1 + number} if family == 4 else {"hlim": 1 + number}))
               for number, place in enumerate(places)] for host in hosts},
        delivers={host: [pong_of(R1, host, pong(family, number, WORD), R1.ip(place, family), family)
                         for number, place in enumerate(places)] for host in hosts})


@proves("S40")
@both_families
def test_every_ping_is_answered_with_its_own_content(switch, family):
    """Of one flow: sequence, size and content are those of each."""
    loads = [bytes([number]) * (32 + 61 * number) for number in range(20)]
    carries(switch, site([VM1, VM2], [BOTH]),
            sends={VM1: [VM1.says(R1, R1.ip("red", family), numbered(ping(family, 7, load), place))
                         for place, load in enumerate(loads)]},
            delivers={VM1: [pong_of(R1, VM1, numbered(pong(family, 7, load), place), R1.ip("red", family), family)
                            for place, load in enumerate(loads)]})


def numbered(message, seq):
    message.seq = seq
    return message


@proves("S12", "S40")
@both_families
def test_a_host_far_away_pings_the_gateway_address(switch, family):
    """The answer goes by the next hop."""
    far = {4: "198.51.100.7", 6: "2600::7"}[family]
    router = R1.on("blue", gateway=("public", ISP.ip(family)))
    call = frame(ISP.mac, R1.mac("public"), packet(far, R1.ip("public", family), ping(family, load=WORD)))
    begins(switch, site([VM1, ISP], [router]), sends={ISP: [call]})
    heard, = switch.hears("isp")
    expected = frame(R1.mac("public"), ISP.mac, packet(R1.ip("public", family), far, pong(family, load=WORD)))
    assert heard == ours(expected)
    switch.ends(delivers={"isp": [heard]})


def test_the_ttl_of_an_answer_is_64(switch):
    """On the wire as it is, and with a right checksum."""
    begins(switch, site([VM1, VM2], [BOTH]), sends={VM1: [
        VM1.says(R1, R1.ip("red"), ping(load=WORD), ttl=200), VM1.says(R1, R1.ip("red", 6), ping(6, load=WORD))]})
    raw = list(unannounced(read_pcap(switch.pcaps("vm1")[1])))
    assert [raw[0][22], raw[1][21]] == [64, 64]
    assert sum(struct.unpack("!10H", raw[0][14:34])) % 0xFFFF == 0


@both_families
def test_a_ping_with_a_wrong_checksum_is_not_answered(switch, family):
    message = ICMP(type=8, id=7, chksum=0x1234) if family == 4 else ICMPv6EchoRequest(id=7, cksum=0x1234)
    begins(switch, site([VM1, VM2], [BOTH]), sends={VM1: [VM1.says(R1, R1.ip("blue", family), message / WORD)]})
    assert switch.hears("vm1") == [] and sum(switch.drops()["vm1"].values()) == 1


# What it does not serve.


# what is said -> the complaint
REFUSED = {
    "UDP": (lambda family: udp(1000, 53), NO_PORT),
    "TCP": (lambda family: tcp(1000, 22), NO_PORT),
    "GRE": (lambda family: gre(), NO_PROTOCOL),
}


@proves("S40")
@both_families
@pytest.mark.parametrize("place", ("blue", "red"), ids=("near", "far"))
def test_who_wants_more_than_ping_is_told(switch, place, family):
    """By its address in the network of arrival, whichever was meant."""
    sends = [VM1.says(R1, R1.ip(place, family), make(family)) for make, _ in REFUSED.values()]
    told = [R1.complains(data, layer[family], VM1) for data, (_, layer) in zip(sends, REFUSED.values())]
    carries(switch, site([VM1, VM2], [BOTH]), sends={VM1: sends * 2}, delivers={VM1: told * 2},
            drops={VM1: {"route/not-served": 6}})


@proves("S40")
def test_answers_and_errors_for_it_end_silently(switch):
    """An echo reply that it has not asked for, and ICMP errors: nobody is told about them."""
    lost, lost6 = (bytes(packet(R1.ip("blue", family), VM1.ip(family), udp(1, 2))) for family in (4, 6))
    sends = [VM1.says(R1, R1.ip("blue"), ICMP(type=11) / lost), VM1.says(R1, R1.ip("blue"), pong(load=WORD)),
             VM1.says(R1, R1.ip("blue", 6), ICMPv6TimeExceeded() / lost6),
             VM1.says(R1, R1.ip("blue", 6), pong(6, load=WORD))]
    carries(switch, site([VM1, VM2], [BOTH]), sends={VM1: sends}, drops={VM1: {"route/not-served": 4}})


@proves("S40")
def test_later_fragments_for_it_end_silently(switch):
    sends = [VM1.says(R1, R1.ip(place), b"weft" * 8, proto=17, frag=100, id=7) for place in ("blue", "red")]
    begins(switch, site([VM1, VM2], [BOTH]), sends={VM1: sends})
    assert sum(switch.drops()["vm1"].values()) == 2
    switch.ends(drops=switch.drops())


@proves("S40")
def test_what_is_no_ip_is_not_routed(switch):
    """Ethernet of any other kind that is for the router's MAC."""
    sends = [frame(VM1.mac, R1.mac("blue")), frame(VM1.mac, R1.mac("blue"), b"weft" * 12, ethertype=0x8847),
             frame(VM1.mac, R1.mac("blue"), b"\0" * 46, ethertype=0x0026)]
    carries(switch, site([VM1, FRIEND, VM2], [BOTH]), sends={VM1: sends}, drops={VM1: {"route/not-ip": 3}})


def test_who_claims_an_address_of_the_router_is_not_believed(switch):
    """It is the router that answers ping, and its own address is not learned."""
    claim = question(NEXT.mac, R1.ip("red"), R1.ip("red"))
    call = VM1.says(R1, R1.ip("red"), ping(load=WORD))
    begins(switch, site([NEXT.silent(), VM1, Host("other", "red", 25)], [BOTH], knows=(NEXT,)),
           sends={NEXT: [claim], VM1: [call]})
    assert R1.ip("red") not in {row["address"] for row in switch.json("neighbour list")}
    assert switch.hears("vm1") == [pong_of(R1, VM1, pong(load=WORD), R1.ip("red"))]
