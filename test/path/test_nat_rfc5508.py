# SPDX-License-Identifier: BSD-3-Clause
"""RFC 5508: what a NAT must and should do with ICMP, requirement by requirement, as RFC 7857 updates it.

The table of all requirements, also of those that need no test or another kind of test, is
doc/reference/nat-conformance.rst.
"""
import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPOption

from frames import frame
from harness import WEFT, run
from natting import (ANYBODY, ERRORS, FAR_ROUTER, G1, GATE, INVALID, ISP, OTHER, PORTS, UNSOLICITED, WEB, Nat, about,
                     arrives, comes_in, hears_the_router, hears_wrong, leaves, own, settings, told, translated,
                     translated_packet)
from routing import EXPIRED, FRIEND, NEXT, VM1, VM2, ip_bytes, site
from secure import packet, ping, pong, tcp, udp
from words import proves

STAMPS = dict(ts_ori=1, ts_rx=2, ts_tx=3)
STAMP, STAMPED = ICMP(type=13, id=7, **STAMPS), ICMP(type=14, id=7, **STAMPS)
NO_PORT = ICMP(type=3, code=3)
SILENT = {UNSOLICITED, INVALID}  # either is a word for an error that is none


def from_isp(inside):
    return frame(ISP.mac, G1.mac("public"), inside)


def passes(talk, error, inside, host=VM1):
    """An error from outside, as the host hears it."""
    __tracebackhide__ = True
    talk.says(ISP, from_isp(error), hears={host: G1.routes(from_isp(inside), host)})


def asked(talk, inside=None, host=VM1, **odd):
    """A packet goes out; as it is outside, and as it would be there without a NAT."""
    inside = udp(5000, 80) if inside is None else inside
    return talk.out(host, inside, **odd), G1.routes(host.says(G1, WEB, inside, **odd), ISP)


@proves("S42")
@pytest.mark.parametrize("query, answer", ((ping(), pong()), (STAMP, STAMPED)), ids=("echo", "timestamp"))
def test_rfc5508_req1_queries_and_their_answers(switch, query, answer):
    talk = Nat(switch)
    talk.out(VM1, query)
    talk.into(VM1, answer)
    talk.ends()


@proves("S42")
def test_rfc5508_req1a_identifiers_are_endpoint_independent(switch):
    talk = Nat(switch)
    talk.out(VM1, ping(number=7))
    seen = {talk.source(FRIEND, ping(number=7), to) for to in (WEB, OTHER, "192.0.2.1")}
    assert len(seen) == 1 and seen != {(GATE, 7)}
    (_, number), = seen
    for source in (OTHER, WEB):
        talk.into(FRIEND, pong(number=number), source, port=7)
    talk.ends()


@pytest.mark.parametrize("timeout, is_right", ((59, False), (60, True), (600, True)), ids=str)
def test_rfc5508_req2_no_timer_below_a_minute(switch, timeout, is_right):
    """REQ-2a: it can be configured."""
    file = switch.writes(site(PORTS, [G1.nat(**settings(icmp_timeout=timeout))]))
    assert (run(WEFT, "--check", file).returncode == 0) == is_right


@proves("S42")
def test_rfc5508_req3_a_wrong_checksum_of_an_error(switch):
    """It is dropped, and nobody is told."""
    talk = Nat(switch)
    left, _ = asked(talk)
    error = bytearray(from_isp(about(left, FAR_ROUTER, GATE)))
    error[36] ^= 0x40
    talk.refuses(ISP, bytes(error), why=SILENT)
    talk.ends()


@proves("S42")
def test_rfc5508_req3a_a_wrong_header_checksum_of_the_quote(switch):
    talk = Nat(switch)
    left, _ = asked(talk)
    quote = bytearray(ip_bytes(left))
    quote[10] ^= 0x40
    talk.refuses(ISP, from_isp(packet(FAR_ROUTER, GATE, NO_PORT / bytes(quote))), why=SILENT)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("size", (4, 40))
def test_rfc5508_req3b_options_in_the_quote(switch, size):
    """The ports are behind them; of a whole quote, and of one that ends eight bytes behind them."""
    talk = Nat(switch)
    left, passed = asked(talk, options=IPOption(b"\x94\x04\0\0" + b"\x01" * (size - 4)))
    for quoted in (None, 28 + size):
        passes(talk, about(left, FAR_ROUTER, GATE, size=quoted), about(passed, FAR_ROUTER, VM1.ip(), size=quoted))
    talk.ends()


@proves("S42")
def test_rfc5508_req3c_the_transport_checksum_of_the_quote_is_not_judged(switch):
    """A wrong one stays wrong by as much."""
    talk = Nat(switch, listens=hears_wrong)
    spoilt = VM1.says(G1, WEB, UDP(sport=5000, dport=80, chksum=77) / b"weft")
    left, passed = leaves(spoilt), G1.routes(spoilt, ISP)
    talk.says(VM1, spoilt, hears={ISP: left})
    passes(talk, about(left, FAR_ROUTER, GATE), about(passed, FAR_ROUTER, VM1.ip()))
    talk.ends()


def extended(quote):
    """RFC 4884: the quote filled up to 128 bytes, and an extension of MPLS behind it."""
    extension = bytes.fromhex("2000 0000 0008 0101 0001 0140")
    total = ~sum(int.from_bytes(extension[at:at + 2], "big") for at in range(0, 12, 2)) & 0xFFFF
    extension = extension[:2] + total.to_bytes(2, "big") + extension[4:]
    return ICMP(type=11, code=0, length=32) / (quote.ljust(128, b"\0") + extension)


@proves("S42")
def test_rfc5508_req3d_extensions_are_no_part_of_the_quote(switch):
    """They come in as they are."""
    talk = Nat(switch)
    left, passed = asked(talk)
    passes(talk, packet(FAR_ROUTER, GATE, extended(ip_bytes(left))),
           packet(FAR_ROUTER, VM1.ip(), extended(ip_bytes(passed))))
    talk.ends()


def strangers(left):
    """Errors about what was never sent: another port, protocol, destination or source."""
    quote = ip_bytes(left)
    yield NO_PORT / translated_packet(quote, sport=5002)
    yield NO_PORT / translated_packet(quote, dport=81)
    yield NO_PORT / translated_packet(quote, dst=OTHER)
    yield NO_PORT / translated_packet(quote, src="203.0.113.99")
    yield NO_PORT / bytes(packet(GATE, WEB, tcp(5000, 80)))
    yield NO_PORT / bytes(packet(GATE, WEB, ping(number=5000)))
    yield NO_PORT / bytes(packet(GATE, WEB, udp(5000, 80), frag=9))
    yield NO_PORT / quote[:20]
    yield NO_PORT / quote[:12]


@proves("S42", "S43")
def test_rfc5508_req4_an_error_about_nothing_from_outside(switch):
    talk = Nat(switch)
    left, _ = asked(talk)
    for inside in strangers(left):
        talk.refuses(ISP, arrives(FAR_ROUTER, inside), why={UNSOLICITED, INVALID})
    talk.refuses(ISP, arrives(FAR_ROUTER, NO_PORT / bytes(packet(GATE, WEB, udp(5002, 80)))), why=UNSOLICITED)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("exchange", ("udp", "tcp", "echo"))
def test_rfc5508_req4_an_error_from_outside(switch, exchange):
    """REQ-4a: the quote is what the guest has sent, port or identifier too; 4b: type and code stay; 4c: it is for who
    has sent it."""
    inside = {"udp": udp(5000, 80), "tcp": tcp(5000, 80), "echo": ping(number=5000)}[exchange]
    talk = Nat(switch)
    talk.out(FRIEND, inside)
    data = VM1.says(G1, WEB, inside)
    left = leaves(data, port=talk.source(VM1, inside)[1])
    for kind in ERRORS:
        for code in (0, 1, 4):
            layer = ICMP(type=kind, code=code)
            passes(talk, about(left, FAR_ROUTER, GATE, layer), about(G1.routes(data, ISP), FAR_ROUTER, VM1.ip(), layer))
    talk.ends()


@proves("S42")
def test_rfc5508_req5_an_error_about_nothing_from_inside(switch):
    """About what never came, or came for somebody else."""
    talk = Nat(switch)
    asked(talk)
    for quote in (packet(WEB, VM1.ip(), udp(80, 5002)), packet(OTHER, VM1.ip(), udp(80, 5000)),
                  packet(WEB, FRIEND.ip(), udp(80, 5000)), packet(WEB, VM1.ip(), tcp(80, 5000))):
        talk.refuses(VM1, VM1.says(G1, WEB, NO_PORT / bytes(quote)), why=INVALID)
    talk.ends()


def heard_answer(talk, host=VM1):
    """The host asks by a port that is not its own outside and is answered: the answer as it hears it, and as it
    came."""
    talk.out(NEXT, udp(5000, 80))
    port = talk.source(host, udp(5000, 80))[1]
    answer = arrives(WEB, udp(80, port))
    heard = talk.into(host, udp(80, port), port=5000)
    return heard, G1.routes(answer, host)


@proves("S42")
def test_rfc5508_req5_an_error_from_inside(switch):
    """REQ-5a, b: as if the host outside were the one; 5c: it is from there."""
    talk = Nat(switch)
    heard, came = heard_answer(talk)
    for kind in ERRORS:
        error = frame(VM1.mac, G1.mac("blue"), about(heard, VM1.ip(), WEB, ICMP(type=kind, code=3)))
        outside = frame(VM1.mac, G1.mac("blue"), about(came, GATE, WEB, ICMP(type=kind, code=3)))
        talk.says(VM1, error, hears={ISP: G1.routes(outside, ISP)})
    talk.ends()


@proves("S42")
def test_rfc5508_req5c_an_error_of_a_router_inside(switch):
    """FRIEND complains about what came for VM1; it is from the outside address, too."""
    talk = Nat(switch)
    heard, came = heard_answer(talk)
    error = frame(FRIEND.mac, G1.mac("blue"), about(heard, FRIEND.ip(), WEB))
    outside = frame(FRIEND.mac, G1.mac("blue"), about(came, GATE, WEB))
    talk.says(FRIEND, error, hears={ISP: G1.routes(outside, ISP)})
    talk.ends()


@proves("S42")
def test_rfc5508_req6_errors_about_queries_delete_nothing(switch):
    """Neither about the query nor about its answer."""
    talk = Nat(switch)
    left, passed = asked(talk, ping(number=7))
    for kind in ERRORS:
        layer = ICMP(type=kind, code=0)
        passes(talk, about(left, WEB, GATE, layer), about(passed, WEB, VM1.ip(), layer))
    heard = talk.into(VM1, pong(number=7))
    error = frame(VM1.mac, G1.mac("blue"), about(heard, VM1.ip(), WEB))
    outside = frame(VM1.mac, G1.mac("blue"), about(translated(heard, dst=GATE), GATE, WEB))
    talk.says(VM1, error, hears={ISP: G1.routes(outside, ISP)})
    talk.out(VM1, ping(number=7))
    talk.into(VM1, pong(number=7))
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("other", (FRIEND, VM2), ids=("same network", "another network"))
def test_rfc5508_req7_hairpinned_errors(switch, other):
    """VM1 complains about what came from another guest by an outside address: that one is told in its own words."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, udp(5000, 80))
    talk.out(other, udp(6000, 80))
    said = other.says(G1, GATE, udp(6000, 5000))
    talk.turns(other, udp(6000, 5000), VM1)
    came = G1.routes(translated(said, src=GATE, dst=VM1.ip()), VM1)
    error = frame(VM1.mac, G1.mac("blue"), about(came, VM1.ip(), GATE))
    heard = frame(VM1.mac, G1.mac("blue"), about(G1.routes(said, VM1), GATE, other.ip()))
    talk.says(VM1, error, hears={other: G1.routes(heard, other)})
    talk.ends()


@proves("S42")
def test_rfc5508_req10a_time_exceeded_of_the_router_itself(switch):
    """Both ways, each is told about the packet as it has sent it; nothing of the other side is shown."""
    talk = Nat(switch, listens=hears_the_router)
    data = VM1.says(G1, WEB, udp(5000, 80))
    talk.says(VM1, data, hears={ISP: own(leaves(data))})
    old = VM1.says(G1, WEB, udp(5000, 80), ttl=1)
    talk.says(VM1, old, hears={VM1: G1.complains(old, EXPIRED[4], VM1)}, drops={"route/ttl-exceeded": 1})
    late = arrives(WEB, udp(80, 5000), ttl=1)
    talk.says(ISP, late, hears={ISP: told(late, EXPIRED[4])}, drops={"route/ttl-exceeded": 1})
    talk.ends()


@proves("S42")
def test_rfc5508_req10_traceroute_of_a_guest(switch):
    """The router, a router on the way, and the end are seen, each by the error that it sends."""
    talk = Nat(switch)
    probes = [VM1.says(G1, WEB, udp(40000, 33434 + hops), ttl=hops) for hops in (1, 2, 3)]
    talk.says(VM1, *probes, drops={"route/ttl-exceeded": 1}, hears={
        VM1: G1.complains(probes[0], EXPIRED[4], VM1), ISP: [leaves(data) for data in probes[1:]]})
    for data, source, layer in ((probes[1], FAR_ROUTER, ICMP(type=11)), (probes[2], WEB, NO_PORT)):
        passes(talk, about(leaves(data), source, GATE, layer), about(G1.routes(data, ISP), source, VM1.ip(), layer))
    talk.ends()


@proves("S42", "S43")
def test_rfc5508_req11_what_is_neither_a_query_nor_an_error(switch):
    """A redirect, an advertisement of a router, a mask: none gets through, in either direction."""
    odd = [ICMP(type=5, gw="203.0.113.99") / bytes(packet(GATE, WEB, udp(5000, 80))), ICMP(type=9), ICMP(type=10),
           ICMP(type=17, id=7), ICMP(type=40)]
    talk = Nat(switch)
    asked(talk)
    for inside in odd:
        talk.refuses(ISP, arrives(WEB, inside), why=SILENT)
    talk.refuses(VM1, VM1.says(G1, WEB, odd[0]), why={INVALID, "translate/not-translatable"})
    talk.ends()


# RFC 7857.


@proves("S42")
def test_rfc7857_12_hairpinned_queries(switch):
    """A ping to the outside address that is one's own: the router answers, as it answers anybody."""
    talk = Nat(switch)
    pings = VM1.says(G1, GATE, ping(number=7, load=b"weft" * 8))
    talk.config = switch.reopens(talk.config, "vm1", [pings])
    talk.opens("vm1")
    heard, dropped = talk.news()
    answer = IP(heard["vm1"][0][14:])
    assert not dropped and heard.keys() == {"vm1"} and len(heard["vm1"]) == 1
    assert (answer.src, answer.dst, answer[ICMP].type, answer[ICMP].id) == (GATE, VM1.ip(), 0, 7)
    talk.ends()


@proves("S42")
def test_rfc7857_identifiers_are_not_shared_with_other_protocols(switch):
    """A mapping of a query lets no UDP in, and the other way round."""
    talk = Nat(switch, G1.nat(**ANYBODY))
    talk.out(VM1, ping(number=5000))
    talk.refuses(ISP, arrives(WEB, udp(80, 5000)), why=UNSOLICITED)
    talk.out(FRIEND, udp(5000, 80))
    data = arrives(WEB, pong(number=5000))
    talk.says(ISP, data, hears={VM1: comes_in(data, VM1)})
    talk.ends()
