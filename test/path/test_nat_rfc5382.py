# SPDX-License-Identifier: BSD-3-Clause
"""RFC 5382: what a NAT must and should do with TCP, requirement by requirement, as RFC 7857 updates it.

The table of all requirements, also of those that need no test or another kind of test, is
doc/reference/nat-conformance.rst.
"""
import pytest
from scapy.layers.inet import ICMP

from harness import WEFT, run
from natting import (ANYBODY, FAR_ROUTER, G1, GATE, INVALID, ISP, OTHER, POOL, PORTS, UNSOLICITED, WEB, Nat, about,
                     arrives, begins_tcp, comes_in, leaves, settings)
from frames import frame
from routing import FRIEND, NEXT, VM1, VM2, ip_bytes, ip_in, site
from secure import tcp
from words import proves

SYN, SYN_ACK = tcp(5000, 80), tcp(80, 5000, "SA", seq=9, ack=1001)
DESTINATIONS = (WEB, OTHER, "192.0.2.1", "192.0.2.99")


def from_isp(inside):
    return frame(ISP.mac, G1.mac("public"), inside)


def goes_on(talk, host=VM1, port=5000):
    """Data each way, in a connection that stands."""
    talk.out(host, tcp(port, 80, "PA", seq=1001, ack=10, load=b"weft"))
    talk.into(host, tcp(80, port, "PA", seq=10, ack=1005, load=b"weft"))


@proves("S42")
def test_rfc5382_req1_endpoint_independent_mapping(switch):
    """One inside port has one outside port, whichever address and port it connects to; even if it is not its own."""
    talk = Nat(switch)
    talk.out(VM1, SYN)
    seen = {source for to in DESTINATIONS for source in talk.sources(FRIEND, SYN, tcp(5000, 81), to=to)}
    assert len(seen) == 1 and seen != {(GATE, 5000)}
    talk.ends()


@proves("S42")
def test_rfc5382_req2_three_way_handshake_and_close(switch):
    """Begun inside, closed by either end first."""
    talk = Nat(switch)
    begins_tcp(talk)
    goes_on(talk)
    talk.out(VM1, tcp(5000, 80, "FA", seq=1005, ack=14))
    talk.into(VM1, tcp(80, 5000, "FA", seq=14, ack=1006))
    talk.out(VM1, tcp(5000, 80, "A", seq=1006, ack=15))
    begins_tcp(talk, FRIEND, 5002)
    talk.into(FRIEND, tcp(80, 5002, "FA", seq=10, ack=1001))
    talk.out(FRIEND, tcp(5002, 80, "FA", seq=1001, ack=11))
    talk.into(FRIEND, tcp(80, 5002, "A", seq=11, ack=1002))
    talk.ends()


@proves("S42")
def test_rfc5382_req2_begun_outside(switch):
    """Where the filter lets somebody in, he can connect to the port that is bound."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    begins_tcp(talk)
    talk.into(VM1, tcp(7000, 5000, "S", seq=500), OTHER)
    talk.out(VM1, tcp(5000, 7000, "SA", seq=900, ack=501), OTHER)
    talk.into(VM1, tcp(7000, 5000, "A", seq=501, ack=901), OTHER)
    talk.out(VM1, tcp(5000, 7000, "PA", seq=901, ack=501, load=b"weft"), OTHER)
    talk.ends()


@proves("S42")
def test_rfc5382_req2a_simultaneous_open(switch):
    """Both ends send a SYN, and both acknowledge the other's."""
    talk = Nat(switch)
    talk.out(VM1, tcp(5000, 80, "S", seq=1000))
    talk.into(VM1, tcp(80, 5000, "S", seq=9))
    talk.out(VM1, tcp(5000, 80, "SA", seq=1000, ack=10))
    talk.into(VM1, tcp(80, 5000, "SA", seq=9, ack=1001))
    talk.out(VM1, tcp(5000, 80, "A", seq=1001, ack=10))
    goes_on(talk)
    talk.ends()


@proves("S42", "S43")
@pytest.mark.parametrize("words, strangers", ((ANYBODY, True), ({}, False)), ids=("independent", "address"))
def test_rfc5382_req3_filtering(switch, words, strangers):
    """Endpoint-independent if asked for; address-dependent by default."""
    talk = Nat(switch, G1.nat(**words))
    begins_tcp(talk)
    talk.into(VM1, tcp(81, 5000), WEB)
    if strangers:
        talk.into(VM1, tcp(80, 5000), OTHER)
    else:
        talk.refuses(ISP, arrives(OTHER, tcp(80, 5000)), why=UNSOLICITED)
    talk.ends()


@proves("S42", "S43")
def test_rfc5382_req4_no_answer_to_an_unsolicited_syn(switch):
    """Neither a reset nor an error; REQ-4a: never. When the guest connects in the meantime, all is as if the first
    SYN had not been."""
    talk = Nat(switch)
    talk.refuses(ISP, arrives(WEB, tcp(80, 5000)), why=UNSOLICITED)
    talk.out(VM1, SYN)
    talk.into(VM1, tcp(80, 5000))
    talk.ends()


@pytest.mark.parametrize("key, least", (("tcp-established-timeout", 7440), ("tcp-transitory-timeout", 240)))
def test_rfc5382_req5_no_timeout_below_the_least(switch, key, least):
    """Nobody can ask for one: two hours and four minutes, or four minutes."""
    for timeout, is_right in ((least - 1, False), (least, True)):
        file = switch.writes(site(PORTS, [G1.nat(**settings(**{key: timeout}))]))
        assert (run(WEFT, "--check", file).returncode == 0) == is_right


@proves("S42")
def test_rfc5382_req6_no_alg(switch):
    """What looks like FTP, with an address in it, goes as it is, and opens nothing."""
    load = b"PORT 10,0,1,10,19,137\r\n"
    talk = Nat(switch)
    talk.out(VM1, tcp(5000, 21, "S", seq=1000))
    talk.into(VM1, tcp(21, 5000, "SA", seq=9, ack=1001))
    talk.out(VM1, tcp(5000, 21, "PA", seq=1001, ack=10, load=load))
    talk.into(VM1, tcp(21, 5000, "PA", seq=10, ack=1001 + len(load), load=load))
    talk.refuses(ISP, arrives(WEB, tcp(20, 19 * 256 + 137)), why=UNSOLICITED)
    talk.ends()


@proves("S42")
def test_rfc5382_req7_no_port_overloading(switch):
    """Never do two share a port, not even towards different destinations."""
    talk = Nat(switch)
    hosts = [ip_in("blue", 100 + number) for number in range(8)]
    seen = [source for number, host in enumerate(hosts)
            for source in talk.sources(VM1, SYN, tcp(53, 80), to=DESTINATIONS[number % 4], src=host)]
    assert len(set(seen)) == len(seen) == 16 and {address for address, _ in seen} == {GATE}
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("other", (FRIEND, VM2), ids=("same network", "another network"))
def test_rfc5382_req8_hairpinning(switch, other):
    """A whole handshake; REQ-8a: each sees the outside address and port of the other."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    begins_tcp(talk)
    begins_tcp(talk, other, 6000)
    talk.turns(other, tcp(6000, 5000, "S", seq=100), VM1)
    talk.turns(VM1, tcp(5000, 6000, "SA", seq=200, ack=101), other)
    talk.turns(other, tcp(6000, 5000, "A", seq=101, ack=201), VM1)
    talk.turns(VM1, tcp(5000, 6000, "PA", seq=201, ack=101, load=b"weft"), other)
    talk.ends()


@proves("S42")
def test_rfc5382_req9_destination_unreachable(switch):
    """Of all codes, about the first packet of a connection and about data in the middle; whole quotes and short ones,
    in which the checksum of TCP is missing."""
    talk = Nat(switch)
    talk.out(FRIEND, SYN)
    port = talk.source(VM1, SYN)[1]
    asked = VM1.says(G1, WEB, SYN)
    left, passed = leaves(asked, port=port), G1.routes(asked, ISP)
    for code in range(16):
        layer = ICMP(type=3, code=code)
        for size in (None, 28):
            talk.says(ISP, from_isp(about(left, FAR_ROUTER, GATE, layer, size)), hears={
                VM1: G1.routes(from_isp(about(passed, FAR_ROUTER, VM1.ip(), layer, size)), VM1)})
    talk.ends()


KINDS = [(3, code) for code in range(16)] + [(4, 0), (11, 0), (11, 1), (12, 0)]


@proves("S42")
def test_rfc5382_req10_no_icmp_ends_a_connection(switch):
    talk = Nat(switch)
    begins_tcp(talk)
    data = VM1.says(G1, WEB, tcp(5000, 80, "A", seq=1001, ack=10))
    left, passed = leaves(data), G1.routes(data, ISP)
    errors = [arrives(FAR_ROUTER, ICMP(type=kind, code=code) / ip_bytes(left)) for kind, code in KINDS]
    heard = [comes_in(arrives(FAR_ROUTER, ICMP(type=kind, code=code) / ip_bytes(passed)), VM1) for kind, code in KINDS]
    talk.says(ISP, *errors, hears={VM1: heard})
    goes_on(talk)
    talk.ends()


# RFC 7857.


@proves("S42")
@pytest.mark.parametrize("who", ("inside", "outside"))
def test_rfc7857_2_2_a_reset_is_translated_and_ends_nothing_at_once(switch, who):
    """The mapping stays for a while: the reset may come again, and what was on its way still arrives."""
    talk = Nat(switch)
    talk.out(FRIEND, SYN)
    port = talk.source(VM1, SYN)[1]
    talk.into(VM1, tcp(80, port, "SA", seq=9, ack=1001), port=5000)
    talk.out(VM1, tcp(5000, 80, "A", seq=1001, ack=10), port=port)
    for _ in range(2):
        if who == "inside":
            talk.out(VM1, tcp(5000, 80, "R", seq=1001), port=port)
        else:
            talk.into(VM1, tcp(80, port, "R", seq=10), port=5000)
    assert [row["outside"] for row in talk.bindings() if row["inside"] == f"{VM1.ip()}:5000"] == [f"{GATE}:{port}"]
    assert talk.source(VM1, tcp(5000, 80, "S", seq=70000)) == (GATE, port)
    talk.ends()


@proves("S42")
def test_rfc7857_2_a_connection_begins_again(switch):
    """The same ports, after both ends have closed; the answers come in."""
    talk = Nat(switch)
    begins_tcp(talk)
    talk.out(VM1, tcp(5000, 80, "FA", seq=1001, ack=10))
    talk.into(VM1, tcp(80, 5000, "FA", seq=10, ack=1002))
    talk.out(VM1, tcp(5000, 80, "A", seq=1002, ack=11))
    talk.out(VM1, tcp(5000, 80, "S", seq=900000))
    talk.into(VM1, tcp(80, 5000, "SA", seq=77, ack=900001))
    talk.out(VM1, tcp(5000, 80, "A", seq=900001, ack=78))
    talk.ends()


@proves("S42")
def test_rfc7857_3_ports_overlap_where_destinations_differ(switch):
    """Only if that is asked for."""
    talk = Nat(switch, G1.nat(**settings(mapping="address-and-port-dependent")))
    for number, host in enumerate((VM1, FRIEND, VM2, NEXT)):
        talk.out(host, SYN, DESTINATIONS[number])
    assert talk.source(FRIEND, SYN, DESTINATIONS[0])[1] != 5000
    talk.ends()


@proves("S42")
def test_rfc7857_4_pairing_holds_for_tcp(switch):
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL}))
    for host in (VM1, FRIEND, VM2, NEXT):
        seen = {address for to in DESTINATIONS[:2]
                for address, _ in talk.sources(host, *[tcp(number, 80) for number in range(5000, 5008)], to=to)}
        assert len(seen) == 1 and seen <= set(POOL)
    talk.ends()


@proves("S42")
def test_rfc7857_2_what_cannot_begin_a_connection_makes_no_mapping(switch):
    """A reset, an answer or an end out of the blue, of the inside; of the outside, anything."""
    talk = Nat(switch)
    for flags in ("R", "SA", "FA"):
        talk.refuses(VM1, VM1.says(G1, WEB, tcp(5000, 80, flags)), why=INVALID)
        talk.refuses(ISP, arrives(WEB, tcp(80, 5000, flags)), why=UNSOLICITED)
    assert talk.bindings() == []
    talk.ends()
