# SPDX-License-Identifier: BSD-3-Clause
"""Source NAT and ICMP errors, beyond what RFC 5508 asks for (test_nat_rfc5508.py): of all protocols, of a router
itself on both sides, and what errors do not do."""
import pytest
from scapy.layers.inet import ICMP

from frames import frame
from natting import (ERRORS, FAR_ROUTER, G1, GATE, INVALID, ISP, NEAR, OTHER, OVERLOADED, POOL, PORTS, UNSOLICITED, WEB,
                     Nat, about, arrives, comes_in, dccp, fragments, hears_the_router, ip_bytes, leaves, own, told,
                     translated, turns, udplite)
from routing import EXPIRED, FRIEND, VM1, VM2, filled, too_big
from secure import gre, packet, ping, pong, sctp, tcp, udp
from test_nat_rfc5508 import asked, from_isp, passes
from words import proves

NO_PORT = ICMP(type=3, code=3)
BLUE = G1.mac("blue")
# what goes out, and of which protocol that is if that is not known
SAID = {
    "udp": (udp(5000, 80), {}),
    "tcp": (tcp(5000, 80), {}),
    "echo": (ping(number=5000), {}),
    "timestamp": (ICMP(type=13, id=5000), {}),
    "sctp": (sctp(5000, 80), {}),
    "udp-lite": (udplite(VM1.ip(), WEB, 5000, 80), {"proto": 136}),
    "dccp": (dccp(VM1.ip(), WEB, 5000, 80), {"proto": 33}),
    "gre": (gre(), {}),
    "esp": (b"\1\2\3\4" * 6, {"proto": 50}),
}
ANSWERED = {
    "udp": (udp(80, 5000), {}),
    "tcp": (tcp(80, 5000, "SA", seq=9, ack=1001), {}),
    "echo": (pong(number=5000), {}),
    "sctp": (sctp(80, 5000), {}),
    "udp-lite": (udplite(WEB, GATE, 80, 5000), {"proto": 136}),
    "dccp": (dccp(WEB, GATE, 80, 5000, 1), {"proto": 33}),
    "gre": (gre(b"tfew"), {}),
}


@proves("S42")
@pytest.mark.parametrize("size", (None, 28), ids=("a whole quote", "eight bytes"))
@pytest.mark.parametrize("what", SAID)
def test_errors_from_outside(switch, what, size):
    """About anything; of every kind."""
    inside, odd = SAID[what]
    talk = Nat(switch)
    left, passed = asked(talk, inside, **odd)
    for kind in ERRORS:
        layer = ICMP(type=kind, code=1)
        passes(talk, about(left, FAR_ROUTER, GATE, layer, size), about(passed, FAR_ROUTER, VM1.ip(), layer, size))
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("sender", (VM1, FRIEND), ids=("the host itself", "a router inside"))
@pytest.mark.parametrize("what", ANSWERED)
def test_errors_from_inside(switch, what, sender):
    """About what came in; outside it is about what had come there."""
    inside, odd = ANSWERED[what]
    talk = Nat(switch)
    asked(talk, SAID[what][0], **SAID[what][1])
    heard = talk.into(VM1, inside, **odd)
    came = G1.routes(arrives(WEB, inside, **odd), VM1)
    for kind in ERRORS:
        layer = ICMP(type=kind, code=2)
        error, seen = (frame(sender.mac, BLUE, about(quote, source, WEB, layer))
                       for quote, source in ((heard, sender.ip()), (came, GATE)))
        talk.says(sender, error, hears={ISP: G1.routes(seen, ISP)})
    talk.ends()


@proves("S42")
def test_a_path_mtu_is_discovered(switch):
    """A router outside names the MTU of its next link, and the guest hears it."""
    talk = Nat(switch)
    left, passed = asked(talk, filled(1400), flags="DF")
    layer = too_big(1300, 4)
    passes(talk, about(left, FAR_ROUTER, GATE, layer, 548), about(passed, FAR_ROUTER, VM1.ip(), layer, 548))
    talk.ends()


@proves("S42")
def test_an_error_about_a_fragment(switch):
    """About the first one; a later one has no port, so nobody knows whose it was."""
    parts = list(fragments(VM1.says(G1, WEB, udp(5000, 80, bytes(200))), 64, 128))
    talk = Nat(switch)
    talk.says(VM1, *parts, hears={ISP: [leaves(data) for data in parts]})
    passes(talk, about(leaves(parts[0]), FAR_ROUTER, GATE), about(G1.routes(parts[0], ISP), FAR_ROUTER, VM1.ip()))
    talk.refuses(ISP, from_isp(about(leaves(parts[1]), FAR_ROUTER, GATE)), why={UNSOLICITED, INVALID})
    talk.ends()


@proves("S42")
def test_errors_find_the_one_of_several(switch):
    """Three have asked WEB by the same port of theirs; each error is for its own."""
    talk = Nat(switch)
    whose = []
    for host in (VM1, FRIEND, VM2):
        data = host.says(G1, WEB, udp(5000, 80))
        whose.append((host, data, talk.source(host, udp(5000, 80))[1]))
    for host, data, port in whose[::-1]:
        passes(talk, about(leaves(data, port=port), FAR_ROUTER, GATE),
               about(G1.routes(data, ISP), FAR_ROUTER, host.ip()), host)
    talk.ends()


@proves("S42")
def test_errors_about_an_overloaded_port(switch):
    """Two share it, towards two hosts."""
    talk = Nat(switch, G1.nat(**OVERLOADED))
    for host, to in ((VM1, WEB), (FRIEND, OTHER)):
        talk.out(host, udp(5000, 80), to)
    for host, to in ((FRIEND, OTHER), (VM1, WEB)):
        data = host.says(G1, to, udp(5000, 80))
        passes(talk, about(leaves(data), FAR_ROUTER, GATE), about(G1.routes(data, ISP), FAR_ROUTER, host.ip()), host)
    talk.ends()


@proves("S42")
def test_errors_about_an_address_of_the_pool(switch):
    """They come to that address, and errors from inside come from it."""
    talk = Nat(switch, G1.nat(gateway={"snat_pool": POOL[:1]}))
    data, seen = VM1.says(G1, WEB, udp(5000, 80)), POOL[0]
    left = talk.out(VM1, udp(5000, 80), seen=seen)
    passes(talk, about(left, FAR_ROUTER, seen), about(G1.routes(data, ISP), FAR_ROUTER, VM1.ip()))
    heard = talk.into(VM1, udp(80, 5000), to=seen)
    error, outside = (frame(FRIEND.mac, BLUE, about(quote, source, WEB)) for quote, source in (
        (heard, FRIEND.ip()), (translated(heard, dst=seen), seen)))
    talk.says(FRIEND, error, hears={ISP: G1.routes(outside, ISP)})
    talk.ends()


@proves("S42")
def test_a_host_on_the_link_of_the_gateway_complains(switch):
    talk = Nat(switch, ports=[*PORTS, NEAR])
    data = VM1.says(G1, NEAR, udp(5000, 80))
    talk.says(VM1, data, hears={NEAR: leaves(data, host=NEAR)})
    error, heard = (frame(NEAR.mac, G1.mac("public"), about(quote, NEAR.ip(), to, NO_PORT)) for quote, to in (
        (leaves(data, host=NEAR), GATE), (G1.routes(data, NEAR), VM1.ip())))
    talk.says(NEAR, error, hears={VM1: G1.routes(heard, VM1)})
    talk.ends()


# What errors do not do.


@proves("S42", "S43")
def test_an_error_opens_no_door(switch):
    """Who complains has not been sent to: he may not speak otherwise."""
    talk = Nat(switch)
    left, passed = asked(talk)
    passes(talk, about(left, OTHER, GATE), about(passed, OTHER, VM1.ip()))
    talk.refuses(ISP, arrives(OTHER, udp(80, 5000)), why=UNSOLICITED)
    talk.ends()


@proves("S42")
def test_an_error_of_a_guest_is_no_question(switch):
    """About what came for it; it makes no binding, and whom it is for may not answer."""
    talk = Nat(switch)
    asked(talk)
    heard = talk.into(VM1, udp(80, 5000))
    before = talk.bindings()
    outside = frame(VM1.mac, BLUE, about(translated(heard, dst=GATE), GATE, WEB))
    talk.says(VM1, frame(VM1.mac, BLUE, about(heard, VM1.ip(), WEB)), hears={ISP: G1.routes(outside, ISP)})
    assert talk.bindings() == before and len(before) == 1
    talk.ends()


@proves("S42", "S43")
def test_an_error_about_an_error_does_not_pass(switch):
    talk = Nat(switch)
    left, _ = asked(talk)
    error = about(left, FAR_ROUTER, GATE)
    talk.refuses(ISP, arrives(FAR_ROUTER, NO_PORT / bytes(error)), why={UNSOLICITED, INVALID})
    talk.refuses(ISP, arrives(FAR_ROUTER, NO_PORT / bytes(packet(GATE, WEB, NO_PORT / ip_bytes(left)))),
                 why={UNSOLICITED, INVALID})
    talk.ends()


@proves("S42", "S43")
def test_an_error_with_an_inside_address_does_not_pass(switch):
    """Quoting what is inside, or sent to an inside address; whoever sends that has seen too much."""
    talk = Nat(switch)
    left, passed = asked(talk)
    talk.refuses(ISP, from_isp(about(passed, FAR_ROUTER, GATE)), why={UNSOLICITED, INVALID})
    talk.refuses(ISP, from_isp(about(passed, FAR_ROUTER, VM1.ip())), why=UNSOLICITED)
    talk.refuses(ISP, from_isp(about(left, FAR_ROUTER, VM1.ip())), why=UNSOLICITED)
    talk.ends()


@proves("S42")
@pytest.mark.parametrize("what", ("udp", "echo"))
def test_an_error_does_not_make_a_conversation_answered(switch, what):
    talk = Nat(switch)
    left, passed = asked(talk, SAID[what][0])
    passes(talk, about(left, WEB, GATE), about(passed, WEB, VM1.ip()))
    rows = [row for row in talk.connections() if row.get("router") == "r1"]
    assert [row["replied"] for row in rows] == [False], rows
    talk.ends()


# The router itself.


@proves("S42")
@pytest.mark.parametrize("what", ("udp", "tcp", "echo"))
def test_the_router_complains_to_each_side_in_its_own_words(switch, what):
    """Too old on the way out and on the way in; what is quoted is what was sent."""
    talk = Nat(switch, listens=hears_the_router)
    inside, answer = SAID[what][0], ANSWERED[what][0]
    data = VM1.says(G1, WEB, inside)
    talk.says(VM1, data, hears={ISP: own(leaves(data))})
    old = VM1.says(G1, WEB, inside, ttl=1)
    for _ in range(2):
        talk.says(VM1, old, hears={VM1: G1.complains(old, EXPIRED[4], VM1)}, drops={"route/ttl-exceeded": 1})
    late, good = arrives(WEB, answer, ttl=1), arrives(WEB, answer)
    for _ in range(2):
        talk.says(ISP, late, hears={ISP: told(late, EXPIRED[4])}, drops={"route/ttl-exceeded": 1})
    talk.says(ISP, good, hears={VM1: comes_in(good, VM1)})
    talk.ends()


@proves("S42")
def test_what_is_too_big_for_the_inside_is_reported_outside(switch):
    """From the gateway's address, about the packet as it came."""
    talk = Nat(switch, listens=hears_the_router, kinds={"blue": {"mtu": 1000}})
    data = VM1.says(G1, WEB, udp(1000, 80))
    talk.says(VM1, data, hears={ISP: own(leaves(data))})
    big = arrives(WEB, udp(80, 1000, bytes(1200)), flags="DF")
    talk.says(ISP, big, hears={ISP: told(big, too_big(1000, 4))}, drops={"route/too-big": 1})
    talk.ends()


@proves("S42")
def test_a_hairpin_that_is_too_old(switch):
    """Who sent it is told, about the packet as it was sent."""
    talk = Nat(switch, G1.nat(nat={"filtering": "endpoint-independent"}))
    asked(talk)
    old, good = (FRIEND.says(G1, GATE, udp(6000, 5000), ttl=left) for left in (1, 64))
    talk.says(FRIEND, good, hears={VM1: turns(good, VM1)})
    talk.says(FRIEND, old, hears={FRIEND: G1.complains(old, EXPIRED[4], FRIEND)}, drops={"route/ttl-exceeded": 1})
    talk.ends()


# What is behind a packet in its frame.

TRAILER = b"\x12\x34\x56" * 7


@proves("S42")
@pytest.mark.parametrize("size", (28, None), ids=("eight bytes", "a whole quote"))
@pytest.mark.parametrize("what", ("tcp", "udp", "echo"))
def test_an_error_in_a_frame_with_a_trailer(switch, what, size):
    """The quote ends before its checksum; what is behind the packet is none of it, and stays."""
    talk = Nat(switch)
    left, passed = asked(talk, SAID[what][0])
    error = from_isp(about(left, FAR_ROUTER, GATE, size=size)) + TRAILER
    heard = from_isp(about(passed, FAR_ROUTER, VM1.ip(), size=size)) + TRAILER
    talk.says(ISP, error, error, hears={VM1: [G1.routes(heard, VM1)] * 2})
    talk.ends()


@proves("S42")
def test_a_short_packet_in_a_frame_with_a_trailer(switch):
    """Both ways; none but headers."""
    talk = Nat(switch)
    out, back = VM1.says(G1, WEB, udp(5000, 80, b"")) + TRAILER, arrives(WEB, udp(80, 5000, b"")) + TRAILER
    talk.says(VM1, out, out, hears={ISP: [leaves(out)] * 2})
    talk.says(ISP, back, back, hears={VM1: [comes_in(back, VM1)] * 2})
    talk.ends()
