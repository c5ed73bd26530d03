# SPDX-License-Identifier: BSD-3-Clause
"""RFC 4787: what a NAT must and should do with UDP, requirement by requirement, as RFC 7857 updates it.

The table of all requirements, also of those that need no test or another kind of test, is
doc/reference/nat-conformance.rst.
"""
import pytest
from scapy.layers.inet import ICMP, IP

from frames import frame
from harness import WEFT, is_conserved, run, wait_until
from natting import (ANYBODY, EXACTLY, FAR_ROUTER, G1, GATE, ISP, OTHER, POOL, PORTS, UNSOLICITED, WEB, Nat, about,
                     arrives, comes_in, fragments, hears, leaves, settings)
from routing import FRIEND, NEXT, VM1, VM2, begins, filled, ip_bytes, ip_in, site, too_big
from secure import ping, tcp, udp
from words import proves

ASK, ANSWER = udp(5000, 80), udp(80, 5000)
DESTINATIONS = (WEB, OTHER, "192.0.2.1", "192.0.2.99")
LOAD = bytes(range(200))


@proves("S42")
def test_rfc4787_req1_endpoint_independent_mapping(switch):
    """One inside port has one outside port, whichever address and port it speaks to; even if it is not its own."""
    talk = Nat(switch)
    talk.out(VM1, ASK)
    seen = {source for to in DESTINATIONS for source in talk.sources(FRIEND, ASK, udp(5000, 81), to=to)}
    assert len(seen) == 1 and seen != {(GATE, 5000)}
    talk.ends()


@proves("S42")
def test_rfc4787_req2_paired_address_pooling(switch):
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    for host in (VM1, FRIEND, VM2, NEXT):
        seen = {address for to in DESTINATIONS[:2]
                for address, _ in talk.sources(host, *[udp(number, 80) for number in range(5000, 5008)], to=to)}
        assert len(seen) == 1 and seen <= set(POOL)
    talk.ends()


@proves("S42")
def test_rfc4787_req3_no_port_overloading(switch):
    """Never do two share a port, not even towards different destinations; the last has none."""
    talk = Nat(switch)
    hosts = [ip_in("blue", 100 + number) for number in range(8)]
    seen = [source for number, host in enumerate(hosts)
            for source in talk.sources(VM1, ASK, udp(53, 80), to=DESTINATIONS[number % 4], src=host)]
    assert len(set(seen)) == len(seen) == 16 and {address for address, _ in seen} == {GATE}
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("number", (53, 1023, 1024, 5000), ids=str)
def test_rfc4787_req3a_port_range_preservation(switch, number):
    talk = Nat(switch)
    talk.out(VM1, udp(number, 80))
    for host in (FRIEND, VM2, NEXT):
        assert (talk.source(host, udp(number, 80))[1] < 1024) == (number < 1024)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("number", (52, 53, 5000, 5001), ids=str)
def test_rfc4787_req4_port_parity_preservation(switch, number):
    talk = Nat(switch)
    talk.out(VM1, udp(number, 80))
    for host in (FRIEND, VM2, NEXT):
        assert talk.source(host, udp(number, 80))[1] % 2 == number % 2
    talk.ends()


@pytest.mark.parametrize("timeout, is_right", ((119, False), (120, True)), ids=str)
def test_rfc4787_req5_no_timer_below_two_minutes(switch, timeout, is_right):
    """Nobody can ask for one."""
    file = switch.writes(site(PORTS, [G1.nat(**settings(udp_timeout=timeout))]))
    assert (run(WEFT, "--check", file).returncode == 0) == is_right


@proves("S42", "S43")
@pytest.mark.parametrize("words, strangers", ((ANYBODY, True), ({}, False)), ids=("independent", "address"))
def test_rfc4787_req8_filtering(switch, words, strangers):
    """Endpoint-independent if asked for; address-dependent by default."""
    talk = Nat(switch, G1.nat(**words))
    talk.out(VM1, ASK)
    talk.into(VM1, udp(81, 5000), WEB)
    if strangers:
        talk.into(VM1, ANSWER, OTHER)
    else:
        talk.refuses(ISP, arrives(OTHER, ANSWER), why=UNSOLICITED)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("other", (FRIEND, VM2), ids=("same network", "another network"))
def test_rfc4787_req9_hairpinning(switch, other):
    """REQ-9a: the other sees the outside address and port of who speaks; the answer comes from outside, too."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, ASK)
    talk.out(other, udp(6000, 80))
    talk.turns(other, udp(6000, 5000), VM1)
    talk.turns(VM1, udp(5000, 6000), other)
    talk.ends()


@proves("S42")
def test_rfc4787_req9a_hairpinning_with_another_port(switch):
    """The port outside is not the one inside, of either."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(NEXT, ASK)
    first = talk.source(VM1, ASK)[1]
    second = talk.source(FRIEND, ASK)[1]
    talk.turns(FRIEND, udp(5000, first), VM1, sport=second, dport=5000)
    talk.turns(VM1, udp(5000, second), FRIEND, sport=first, dport=5000)
    talk.ends()


@proves("S42")
def test_rfc4787_req10_no_alg(switch):
    """What looks like SIP, with addresses in it, goes as it is."""
    load = f"INVITE sip:x@{WEB} SIP/2.0\r\nContact: <sip:y@{VM1.ip()}:5060>\r\n\r\nc=IN IP4 {VM1.ip()}\r\n".encode()
    talk = Nat(switch)
    talk.out(VM1, udp(5060, 5060, load))
    talk.into(VM1, udp(5060, 5060, load.replace(b"INVITE", b"NOTIFY")))
    talk.refuses(ISP, arrives(OTHER, udp(9, 5060, load)), why=UNSOLICITED)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("words", (ANYBODY, {}, EXACTLY), ids=("independent", "address", "address and port"))
def test_rfc4787_req11_deterministic(switch, words):
    """Whoever had a port first or last, mapping and filtering stay what they are: the same for each of many."""
    talk = Nat(switch, G1.nat(**words))
    ports = {}
    for host in (VM1, FRIEND, VM2, NEXT):
        for to in (WEB, OTHER):
            ports.setdefault(host, set()).add(talk.source(host, ASK, to))
    assert all(len(seen) == 1 for seen in ports.values())
    for host, seen in ports.items():
        (_, port), = seen
        if words == ANYBODY:
            talk.into(host, udp(99, port), "192.0.2.1", port=5000)
        elif words == EXACTLY:
            talk.refuses(ISP, arrives(WEB, udp(99, port)), why=UNSOLICITED)
        else:
            talk.refuses(ISP, arrives("192.0.2.1", udp(99, port)), why=UNSOLICITED)
            talk.into(host, udp(99, port), WEB, port=5000)
    talk.ends()


KINDS = [(3, code) for code in range(16)] + [(4, 0), (11, 0), (11, 1), (12, 0)]


@proves("S42")
def test_rfc4787_req12_no_icmp_ends_a_mapping(switch):
    """After errors of all kinds, from the host and from a router on the way, it is as before."""
    talk = Nat(switch)
    talk.out(NEXT, ASK)
    port = talk.source(VM1, ASK)[1]
    left = leaves(VM1.says(G1, WEB, ASK), port=port)
    errors = [arrives(source, ICMP(type=kind, code=code) / ip_bytes(left))
              for kind, code in KINDS for source in (WEB, FAR_ROUTER)]
    quoted = ip_bytes(G1.routes(VM1.says(G1, WEB, ASK), ISP))
    heard = [comes_in(arrives(source, ICMP(type=kind, code=code) / quoted), VM1)
             for kind, code in KINDS for source in (WEB, FAR_ROUTER)]
    talk.says(ISP, *errors, hears={VM1: heard})
    talk.into(VM1, udp(80, port), port=5000)
    assert talk.source(VM1, ASK, OTHER) == (GATE, port)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("source", (WEB, FAR_ROUTER, OTHER, "192.0.2.1"))
def test_rfc4787_req12a_icmp_from_any_source(switch, source):
    talk = Nat(switch)
    left = talk.out(VM1, ASK)
    error = about(left, source, GATE)
    inside = about(G1.routes(VM1.says(G1, WEB, ASK), ISP), source, VM1.ip())
    talk.says(ISP, from_isp(error), hears={VM1: G1.routes(from_isp(inside), VM1)})
    talk.ends()


def from_isp(inside):
    return frame(ISP.mac, G1.mac("public"), inside)


@proves("S42")
def test_rfc4787_req12b_destination_unreachable(switch):
    """Of all codes; an MTU in it is left alone."""
    talk = Nat(switch)
    left = talk.out(VM1, ASK)
    for code in range(16):
        layer = ICMP(type=3, code=code, nexthopmtu=1400 if code == 4 else 0)
        inside = about(G1.routes(VM1.says(G1, WEB, ASK), ISP), FAR_ROUTER, VM1.ip(), layer)
        talk.says(ISP, from_isp(about(left, FAR_ROUTER, GATE, layer)), hears={VM1: G1.routes(from_isp(inside), VM1)})
    talk.ends()


NARROW = {"public": {"mtu": 1000}}


@proves("S42")
def test_rfc4787_req13_too_big_and_df(switch):
    """The sender is told the MTU, about the packet as it has sent it; what fits goes on."""
    talk = Nat(switch, kinds=NARROW)
    big, small = (VM1.says(G1, WEB, filled(size), flags="DF") for size in (1001, 1000))
    talk.says(VM1, small, big, small, hears={ISP: [leaves(small)] * 2, VM1: G1.complains(big, too_big(1000, 4), VM1)},
              drops={"route/too-big": 1})
    talk.ends()


@proves("S42")
def test_rfc4787_req13a_too_big_without_df(switch):
    """It goes in fragments, in order, which together are what was sent, with the port of outside."""
    whole = VM1.says(G1, WEB, filled(1400))
    begins(switch, site(PORTS, [G1.nat()], NARROW), sends={VM1: [whole]})
    heard = [IP(data[14:]) for data in switch.hears("isp")]
    expected = IP(leaves(whole)[14:])
    assert len(heard) == 2 and [part.frag for part in heard] == [0, len(heard[0].payload) // 8]
    assert [str(part.flags) for part in heard] == ["MF", ""]
    assert {(part.src, part.dst, part.id, part.ttl) for part in heard} == {(GATE, WEB, expected.id, 63)}
    assert b"".join(bytes(part.payload) for part in heard) == bytes(expected.payload)
    switch.ends(delivers={"isp": switch.hears("isp")})


ORDERS = {"in order": (0, 1, 2), "backwards": (2, 1, 0), "the first in the middle": (1, 0, 2)}


def datagram(whole):
    return list(fragments(whole, 64, 128))


@proves("S42")
@pytest.mark.parametrize("order", ORDERS)
def test_rfc4787_req14_fragments_in_any_order(switch, order):
    """Both ways, with another port than the own one."""
    talk = Nat(switch)
    talk.out(FRIEND, ASK)
    port = talk.source(VM1, ASK)[1]
    out, back = datagram(VM1.says(G1, WEB, udp(5000, 80, LOAD))), datagram(arrives(WEB, udp(80, port, LOAD)))
    talk.says(VM1, *[out[place] for place in ORDERS[order]], hears={ISP: [leaves(data, port=port) for data in out]})
    talk.says(ISP, *[back[place] for place in ORDERS[order]],
              hears={VM1: [comes_in(data, VM1, 5000) for data in back]})
    talk.ends()


@proves("S42")
def test_rfc4787_req14a_a_flood_of_fragments(switch):
    """Of datagrams that never end, from inside and from outside; whole packets of others, and fragments of others
    in order, still pass."""
    flood = [next(fragments(VM2.says(G1, WEB, udp(5000, 80, LOAD), id=number), 64)) for number in range(1000)]
    storm = [next(fragments(arrives(WEB, udp(80, 99, LOAD), id=number), 64)) for number in range(1000)]
    good = [VM1.says(G1, WEB, ASK), *datagram(VM1.says(G1, WEB, udp(5000, 80, LOAD), id=9))]
    switch.ears.update({name: hears for name in ("vm1", "vm2", "isp")})
    ports = [VM2, ISP, VM1]
    switch.launches(switch.writes(site(ports, [G1.nat()]), {"vm2": flood, "isp": storm, "vm1": good}))
    wait_until(lambda: switch.json("stat show")["rx_packets"] == len(flood + storm + good), "all have come")
    wait_until(lambda: is_conserved(switch.json("stat show")), "all are booked")
    assert switch.hears("isp") == [leaves(data) for data in good]
    assert switch.drops().keys() == {"vm2", "isp"}
    switch.signals(15)
    assert switch.waits() == 0


# RFC 7857.


@proves("S42")
def test_rfc7857_4_pairing_holds_across_protocols(switch):
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    for host in (VM1, FRIEND, VM2, NEXT):
        assert len({talk.source(host, inside)[0] for inside in (ASK, tcp(5000, 80), ping(number=9))}) == 1
    talk.ends()


@proves("S42", "S43")
def test_rfc7857_5_mappings_and_filters_depend_on_the_protocol(switch):
    """A mapping of UDP is none of TCP, and lets no TCP in."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, ASK)
    talk.refuses(ISP, arrives(WEB, tcp(80, 5000)), why=UNSOLICITED)
    talk.out(FRIEND, tcp(5000, 80))
    talk.into(VM1, ANSWER, OTHER)
    talk.into(FRIEND, tcp(80, 5000), OTHER)
    talk.ends()


@proves("S42")
def test_rfc7857_10_the_identification_stays(switch):
    """What has come in fragments has one identification; RFC 6864 asks that nobody makes two of it."""
    talk = Nat(switch)
    for number in (0, 1, 4711, 65535):
        talk.out(VM1, udp(5000, 80, LOAD), id=number)
        parts = datagram(VM1.says(G1, WEB, udp(5000, 80, LOAD), id=number))
        talk.says(VM1, *parts, hears={ISP: [leaves(data) for data in parts]})
    talk.ends()
