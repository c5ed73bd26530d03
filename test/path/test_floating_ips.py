# SPDX-License-Identifier: BSD-3-Clause
"""Floating IPs: an address outside is that of one guest, in both directions, and only that changes.

VM1 is in blue and has FIP1, VM2 is in red and has FIP2; WEB is outside, and ISP leads to FAR. See translated.
"""
import pytest
from scapy.layers.inet import ICMP, UDP

from overlays import padded
from routing import (EXPIRED, FRIEND, ISP, NEXT, NO_HOST, NO_PORT, R1, R2, VM1, VM2, Host, answer, ip_bytes, pong_of,
                     too_big, ttl)
from secure import EXCHANGES, MUTE, egress, gre, group, ingress, ping, pong, sctp, tcp, udp
from translated import (FAR, FIP1, FIP2, FIP3, FIP4, GATE, OTHER, WEB, Nat, adjusted, becomes, cut, ends_of, floats,
                        leads, says_of, summed, told)
from words import proves

PORTS = [VM1, VM2, FRIEND, WEB, ISP]
ONE = dict(floating=[(FIP1, VM1)])
TWO = dict(floating=[(FIP1, VM1), (FIP2, VM2)])
UNKNOWN = {"translate/unsolicited"}

# name: (what IP carries, odd fields of IP, is its checksum yet to be made)
CARRIED = {
    "tcp": (lambda: tcp(1000, 80), {}, False),
    "tcp-ack": (lambda: tcp(1000, 80, "A", load=b"odd"), {}, False),
    "tcp-rst": (lambda: tcp(1000, 80, "R"), {}, False),
    "udp": (lambda: udp(1000, 80), {}, False),
    "udp-odd": (lambda: udp(1000, 80, b"odd"), {}, False),
    "udp-without-checksum": (lambda: UDP(sport=1000, dport=80, chksum=0) / b"weft", {}, False),
    "ping": (ping, {}, False),
    "pong": (pong, {}, False),
    "timestamp": (lambda: ICMP(type=13, id=3), {}, False),
    "router solicitation": (lambda: ICMP(type=10), {}, False),
    "gre": (gre, {}, False),
    "sctp": (lambda: sctp(1000, 80), {}, False),
    "esp": (lambda: bytes(range(40)), {"proto": 50}, False),
    "ah": (lambda: bytes(range(40)), {"proto": 51}, False),
    "ipip": (lambda: bytes(range(40)), {"proto": 4}, False),
    "experimental": (lambda: b"\xff" * 31, {"proto": 253}, False),
    "nothing": (lambda: b"", {"proto": 99}, False),
    "dccp": (lambda: bytes.fromhex("03e80050 0400 0000 00000000 00000000"), {"proto": 33}, True),
    "udplite": (lambda: bytes.fromhex("03e80050 0000 0000 01020304"), {"proto": 136}, True),
    "udplite-header": (lambda: bytes.fromhex("03e80050 0008 0000 01020304"), {"proto": 136}, True),
}


def says(host, to, name):
    make, odd, is_bare = CARRIED[name]
    data = host.says(R1, to, make(), **odd)
    return summed(data) if is_bare else data


@proves("S44")
@pytest.mark.parametrize("first", ("inside", "outside"))
@pytest.mark.parametrize("name", CARRIED)
def test_any_protocol_passes_in_both_directions(switch, name, first):
    """Whoever begins, whatever it is; no connection is remembered for it, and no binding."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    for way in ("out", "in") if first == "inside" else ("in", "out"):
        if way == "out":
            talk.goes(VM1, says(VM1, WEB, name), to=WEB, src=FIP1)
            talk.goes(VM1, says(VM1, FAR, name), to=ISP, src=FIP1)
        else:
            talk.goes(WEB, says(WEB, FIP1, name), to=VM1, dst=VM1.ip())
    assert talk.connections() == []
    talk.ends()


@proves("S44")
def test_ports_stay_whoever_uses_them(switch):
    """Two guests from the same port to the same one, and each keeps it."""
    talk = Nat(switch, PORTS, [leads(**TWO)])
    for port in (1, 80, 1023, 1024, 65535):
        for host, address in ((VM1, FIP1), (VM2, FIP2)):
            talk.goes(host, host.says(R1, WEB, udp(port, 80)), to=WEB, src=address)
            talk.goes(WEB, WEB.says(R1, address, udp(80, port)), to=host, dst=host.ip())
    talk.ends()


@proves("S44")
def test_arp_for_it_is_answered_outside(switch):
    """By the router's MAC there, to whoever asks."""
    talk = Nat(switch, PORTS + [OTHER], [leads(**TWO)])
    for host in (WEB, OTHER, ISP):
        for address in (FIP1, FIP2, GATE):
            reply = padded(answer(R1.mac("public"), address, host.mac, host.ip()))
            talk.says(host, host.asks(R1, target=address), hears={host: [reply]})
    talk.ends()


@proves("S44")
def test_arp_for_it_is_not_answered_inside(switch):
    """There the question goes to the neighbours, and nobody has the address."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    asked = VM1.asks(R1, target=FIP1)
    talk.says(VM1, asked, hears={FRIEND: [asked]})
    talk.ends()


@proves("S44")
def test_it_is_announced_outside_when_it_appears(switch):
    talk = Nat(switch, PORTS, [leads(**ONE)])
    assert talk.announcements(WEB, FIP1) >= 1
    assert talk.announcements(VM1, FIP1) == talk.announcements(WEB, FIP2) == 0
    before = talk.announcements(WEB, FIP1)
    talk.turns(PORTS, [leads(**TWO)])
    assert talk.announcements(WEB, FIP2) >= 1 and talk.announcements(WEB, FIP1) == before
    assert talk.announcements(VM2, FIP2) == 0
    talk.ends()


@proves("S44")
def test_ping_goes_to_the_guest(switch):
    """That of the gateway is answered by the router, as ever."""
    load = b"weft" * 8
    talk = Nat(switch, PORTS, [leads(**ONE)])
    talk.goes(WEB, WEB.says(R1, FIP1, ping(load=load)), to=VM1, dst=VM1.ip())
    talk.goes(VM1, VM1.says(R1, WEB, pong(load=load)), to=WEB, src=FIP1)
    talk.says(WEB, WEB.says(R1, GATE, ping(load=load)), hears={WEB: [pong_of(R1, WEB, pong(load=load), GATE)]})
    talk.ends()


@proves("S44")
def test_it_wins_over_source_nat(switch):
    """Of two guests, the one without a floating IP shares the address of the gateway."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    talk.goes(VM2, VM2.says(R1, WEB), to=WEB, src=GATE)
    talk.goes(FRIEND, FRIEND.says(R1, WEB, udp(1002, 80)), to=WEB, src=GATE)
    talk.refuses(WEB, WEB.says(R1, GATE, udp(81, 5000)), why="translate/unsolicited")
    talk.ends()


@proves("S44")
def test_it_works_without_source_nat(switch):
    """Who has none then leaves as it is."""
    talk = Nat(switch, PORTS, [leads(snat=False, **ONE)])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1), to=VM1, dst=VM1.ip())
    talk.goes(VM2, VM2.says(R1, WEB), to=WEB)
    talk.ends()


@proves("S44")
def test_between_networks_inside_nothing_changes(switch):
    talk = Nat(switch, PORTS, [leads(**TWO)])
    talk.goes(VM1, VM1.says(R1, VM2), to=VM2)
    talk.goes(VM2, VM2.says(R1, VM1, udp(80, 1000)), to=VM1)
    talk.ends()


def test_ipv6_is_not_translated(switch):
    talk = Nat(switch, PORTS, [leads(**TWO)])
    data = VM1.says(R1, VM2, udp(1, 2), 6)
    talk.says(VM1, data, hears={VM2: [R1.routes(data, VM2)]})
    talk.ends()


# Inside, by the address that is outside.


@proves("S44")
@pytest.mark.parametrize("there, address", ((VM2, FIP2), (FRIEND, FIP3), (VM1, FIP1)),
                         ids=("another network", "a neighbour", "itself"))
def test_a_guest_calls_a_floating_ip_of_its_router(switch, there, address):
    """It comes from the caller's own floating IP, and so do the answers."""
    talk = Nat(switch, PORTS, [leads(floating=[(FIP1, VM1), (FIP2, VM2), (FIP3, FRIEND)])])
    for name in ("tcp", "udp", "ping", "gre", "esp"):
        talk.goes(VM1, says(VM1, address, name), to=there, src=FIP1, dst=there.ip(), what=name)
        if there is not VM1:
            talk.goes(there, says(there, FIP1, name), to=VM1, src=address, dst=VM1.ip(), what=name)
    assert talk.connections() == []
    talk.ends()


@proves("S44")
def test_a_guest_without_one_calls_a_floating_ip(switch):
    """Its source is translated as if it had gone out, and the answer finds back."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    for port, host in ((1000, VM2), (1002, FRIEND)):
        for question, reply in ((udp(port, 80), udp(80, port)), (tcp(port, 80), tcp(80, port, "SA", ack=1001))):
            talk.goes(host, host.says(R1, FIP1, question), to=VM1, src=GATE, dst=VM1.ip())
            talk.goes(VM1, VM1.says(R1, GATE, reply), to=host, src=FIP1, dst=host.ip())
    talk.ends()


@proves("S44")
def test_guests_of_two_routers_call_each_other(switch):
    """Both are of this host, and so each packet crosses both in one pass."""
    routers = [leads([(FIP1, VM1)], inside=["blue"]), leads([(FIP2, VM2)], inside=["red"], router=R2)]
    talk = Nat(switch, [VM1, VM2, WEB, ISP], routers)
    for name in ("udp", "tcp", "ping", "esp"):
        talk.goes(VM1, says(VM1, FIP2, name), to=VM2, router=R2, hops=2, src=FIP1, dst=VM2.ip())
        make, odd, _ = CARRIED[name]
        talk.goes(VM2, VM2.says(R2, FIP1, make(), **odd), to=VM1, hops=2, src=FIP2, dst=VM1.ip())
    assert talk.connections() == []
    talk.ends()


@proves("S44")
def test_two_tenants_with_the_same_addresses(switch):
    """blue and blue2 are alike; the outside addresses are not."""
    twin = Host("twin", "blue2", 10)
    routers = [leads([(FIP1, VM1)], inside=["blue"]), leads([(FIP2, twin)], inside=["blue2"], router=R2)]
    talk = Nat(switch, [VM1, twin, WEB, ISP], routers)
    assert twin.ip() == VM1.ip()
    talk.goes(WEB, WEB.says(R1, FIP1), to=VM1, dst=VM1.ip())
    talk.goes(WEB, WEB.says(R2, FIP2), to=twin, router=R2, dst=twin.ip())
    talk.goes(twin, twin.says(R2, WEB), to=WEB, router=R2, src=FIP2)
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    talk.ends()


# Errors.


def errors():
    return {"no host": NO_HOST[4], "no port": NO_PORT[4], "too old": EXPIRED[4], "too big": too_big(1400, 4),
            "quench": ICMP(type=4), "parameter": ICMP(type=12, ptr=9)}


def quote(data, size=None):
    return ip_bytes(data)[:size]


@proves("S44")
@pytest.mark.parametrize("size", (28, None), ids=("eight bytes are quoted", "all is quoted"))
@pytest.mark.parametrize("name", ("tcp", "udp", "udp-without-checksum", "ping", "gre", "sctp", "udplite"))
def test_errors_from_outside_about_what_a_guest_has_sent(switch, name, size):
    """Of the very host, and of a router in between; the guest knows what it has sent."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    data = says(VM1, WEB, name)
    talk.goes(VM1, data, to=WEB, src=FIP1)
    sent = quote(R1.routes(becomes(data, src=FIP1), WEB), size)
    for what, layer in errors().items():
        for who in (WEB, ISP):
            talk.goes(who, who.says(R1, FIP1, layer / sent), to=VM1, dst=VM1.ip(), quoted={"src": VM1.ip()}, what=what)
    assert talk.connections() == []
    talk.ends()


@proves("S44")
@pytest.mark.parametrize("size", (28, None), ids=("eight bytes are quoted", "all is quoted"))
@pytest.mark.parametrize("name", ("tcp", "udp", "udp-without-checksum", "ping", "gre", "sctp", "udplite"))
def test_errors_from_inside_about_what_came_in(switch, name, size):
    """The sender outside knows the floating IP only."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    data = says(WEB, FIP1, name)
    talk.goes(WEB, data, to=VM1, dst=VM1.ip())
    came = quote(R1.routes(becomes(data, dst=VM1.ip()), VM1), size)
    for what, layer in errors().items():
        talk.goes(VM1, VM1.says(R1, WEB, layer / came), to=WEB, src=FIP1, quoted={"dst": FIP1}, what=what)
    talk.ends()


def test_an_error_of_a_router_inside_about_what_came_in(switch):
    """FRIEND complains about a packet for VM1; its own address means nothing outside."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    data = WEB.says(R1, FIP1)
    talk.goes(WEB, data, to=VM1, dst=VM1.ip())
    came = quote(R1.routes(becomes(data, dst=VM1.ip()), VM1))
    talk.goes(FRIEND, FRIEND.says(R1, WEB, NO_HOST[4] / came), to=WEB, src=FIP1, quoted={"dst": FIP1})
    talk.ends()


def test_an_error_about_what_cannot_be_the_guests_is_not_delivered(switch):
    """It quotes another source than it is sent to."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    for source in (FIP2, OTHER.ip(), FAR):
        lie = WEB.says(R1, FIP1, NO_HOST[4] / quote(WEB.says(R1, WEB, src=source)))
        talk.refuses(WEB, lie, why=UNKNOWN | {"translate/invalid"}, what=source)
    talk.ends()


@proves("S44")
def test_errors_between_guests_by_floating_ips(switch):
    """VM2 complains about what VM1 has sent to its floating IP: all four addresses are translated."""
    talk = Nat(switch, PORTS, [leads(**TWO)])
    data = VM1.says(R1, FIP2)
    talk.goes(VM1, data, to=VM2, src=FIP1, dst=VM2.ip())
    came = quote(R1.routes(becomes(data, src=FIP1, dst=VM2.ip()), VM2))
    talk.goes(VM2, VM2.says(R1, FIP1, NO_PORT[4] / came), to=VM1, src=FIP2, dst=VM1.ip(),
              quoted={"src": VM1.ip(), "dst": FIP2})
    talk.ends()


@proves("S40", "S44")
def test_the_router_complains_in_the_words_of_the_sender(switch):
    """What is too old or too big: the guest hears of its own address, the host outside of the floating IP."""
    talk = Nat(switch, PORTS, [leads(**ONE)], kinds={"blue": {"mtu": 1300}, "public": {"mtu": 1400}})
    old = VM1.says(R1, WEB, **ttl(1))
    talk.says(VM1, old, hears={VM1: [R1.complains(old, EXPIRED[4], VM1)]}, drops={"route/ttl-exceeded": 1})
    old = WEB.says(R1, FIP1, **ttl(1))
    talk.says(WEB, old, hears={WEB: [R1.complains(old, EXPIRED[4], WEB)]}, drops={"route/ttl-exceeded": 1})
    big = WEB.says(R1, FIP1, udp(1, 2, bytes(1322)), flags="DF")
    talk.says(WEB, big, hears={WEB: [R1.complains(big, too_big(1300, 4), WEB)]}, drops={"route/too-big": 1})
    talk.ends()


# Fragments and checksums.


@proves("S44")
@pytest.mark.parametrize("name", ("udp", "tcp", "ping"))
def test_fragments_are_translated_one_by_one(switch, name):
    """In both directions; the checksum is in the first one only."""
    load = bytes(range(256)) * 4
    inside = {"udp": udp(1000, 80, load), "tcp": tcp(1000, 80, "A", load=load), "ping": ping(load=load)}[name]
    talk = Nat(switch, PORTS, [leads(**ONE)])
    for who, to, there, change in ((VM1, WEB, WEB, {"src": FIP1}), (WEB, FIP1, VM1, {"dst": VM1.ip()})):
        pieces = cut(who.says(R1, to, inside, id=77), 400, 800)
        heard = cut(becomes(who.says(R1, to, inside, id=77), **change), 400, 800)
        talk.says(who, *pieces, hears={there: [R1.routes(data, there) for data in heard]})
    talk.ends()


@proves("S44")
def test_a_checksum_that_comes_out_as_zero(switch):
    """Of UDP it would mean that there is none, so all ones are sent."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    for who, to, there, change in ((VM1, WEB, WEB, {"src": FIP1}), (WEB, FIP1, VM1, {"dst": VM1.ip()})):
        bare = becomes(who.says(R1, to, udp(1000, 80, bytes(2))), **change)
        data = who.says(R1, to, udp(1000, 80, bare[40:42]))
        assert becomes(data, **change)[40:42] == b"\xff\xff"
        talk.goes(who, data, to=there, **change)
    talk.ends()


def test_a_wrong_checksum_stays_wrong(switch):
    """The router does not make good what was spoilt before it came: it changes what its own change changes."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    talk.may_be_wrong = True
    for check in (0x1234, 0xBEEF):
        talk.goes(VM1, VM1.says(R1, WEB, UDP(sport=1, dport=2, chksum=check) / b"weft"), to=WEB, src=FIP1)
    assert adjusted(0x1234, b"\0\1", b"\0\2") == 0x1233
    talk.ends()


# Security groups.


@proves("S44", "S47")
def test_security_groups_hold(switch):
    """They see the address of the host outside, and the guest's own; not the floating IP."""
    rules = [ingress("udp", 80, remote_ip=f"{WEB.ip()}/32"), egress("udp", 53, remote_ip=f"{WEB.ip()}/32")]
    ports = [VM1.port("http"), VM2, WEB, OTHER, ISP]
    talk = Nat(switch, ports, [leads(**TWO)], [group("http", *rules)])
    talk.goes(WEB, WEB.says(R1, FIP1, udp(1000, 80)), to=VM1, dst=VM1.ip())
    talk.goes(VM1, VM1.says(R1, WEB, udp(80, 1000)), to=WEB, src=FIP1)
    talk.refuses(WEB, WEB.says(R1, FIP1, udp(1000, 81)), why="deliver/not-allowed")
    talk.refuses(OTHER, OTHER.says(R1, FIP1, udp(1000, 80)), why="deliver/not-allowed")
    talk.goes(VM1, VM1.says(R1, WEB, udp(9, 53)), to=WEB, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1, udp(53, 9)), to=VM1, dst=VM1.ip())
    talk.refuses(VM1, VM1.says(R1, OTHER, udp(9, 53)), why="admit/not-allowed")
    talk.ends()


@proves("S44", "S47")
def test_an_error_from_outside_is_related_for_the_security_group(switch):
    """The group remembers what the guest has sent; what comes back quotes just that."""
    talk = Nat(switch, [VM1.port("asks"), WEB, ISP], [leads(**ONE)], [group("asks", egress("udp", 53), ingress(
        "tcp", 1))])
    data = VM1.says(R1, WEB, udp(9, 53))
    sent = quote(becomes(data, src=FIP1))
    talk.refuses(WEB, WEB.says(R1, FIP1, NO_PORT[4] / sent), why={"deliver/not-allowed", "deliver/invalid"})
    talk.goes(VM1, data, to=WEB, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1, NO_PORT[4] / sent), to=VM1, dst=VM1.ip(), quoted={"src": VM1.ip()})
    talk.ends()


@proves("S33", "S44")
def test_a_guest_cannot_take_its_floating_ip_as_source(switch):
    """Its port knows its own addresses only."""
    talk = Nat(switch, [VM1.port("mute"), WEB, ISP], [leads(**ONE)], [group("mute", MUTE, egress())])
    talk.refuses(VM1, VM1.says(R1, WEB, src=FIP1), why="admit/ip-spoofed")
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    talk.ends()


# Several, and changes.


@proves("S44")
def test_many_floating_ips(switch):
    """Each of the addresses of one port has one, given by name; another port has the last."""
    numbers = range(11, 51)
    port = VM1.port(addresses=[f"10.0.1.{number}" for number in (10, *numbers)])
    floating = [floats(f"10.0.8.{100 + number}", VM1, fixed_address=f"10.0.1.{number}") for number in numbers]
    talk = Nat(switch, [port, VM2, WEB, ISP], [leads([*floating, ("10.0.8.190", VM2)])])
    for number in (11, 30, 50):
        outside, inside = f"10.0.8.{100 + number}", f"10.0.1.{number}"
        talk.goes(VM1, VM1.says(R1, WEB, src=inside), to=WEB, src=outside)
        talk.goes(WEB, WEB.says(R1, outside), to=VM1, dst=inside)
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=GATE)
    talk.goes(WEB, WEB.says(R1, "10.0.8.190"), to=VM2, dst=VM2.ip())
    talk.ends()


@proves("S37", "S44")
def test_one_is_added_at_run_time(switch):
    """What is new uses it at once; a connection that source NAT has begun goes on with the address that it has."""
    talk = Nat(switch, PORTS, [leads()])
    old, reply = EXCHANGES["tcp"](4)
    talk.goes(VM1, VM1.says(R1, WEB, old), to=WEB, src=GATE)
    talk.goes(WEB, WEB.says(R1, GATE, reply), to=VM1, dst=VM1.ip())
    talk.goes(VM1, VM1.says(R1, WEB, udp(1000, 80)), to=WEB, src=GATE)
    talk.turns(PORTS, [leads(**ONE)])
    for _ in range(2):
        talk.goes(VM1, VM1.says(R1, WEB, tcp(1000, 80, "A", seq=1001, ack=10)), to=WEB, src=GATE)
        talk.goes(WEB, WEB.says(R1, GATE, tcp(80, 1000, "A", seq=10, ack=1001)), to=VM1, dst=VM1.ip())
        talk.goes(VM1, VM1.says(R1, WEB, udp(1000, 80)), to=WEB, src=GATE)
    talk.goes(VM1, VM1.says(R1, WEB, tcp(1002, 80)), to=WEB, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1, tcp(80, 1002, "SA")), to=VM1, dst=VM1.ip())
    talk.goes(VM1, VM1.says(R1, FAR, udp(2000, 80)), to=ISP, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1, ping()), to=VM1, dst=VM1.ip())
    talk.ends()


@proves("S37", "S44")
def test_one_is_removed_at_run_time(switch):
    """The next packet leaves by source NAT, nobody answers for the address, and the guest hears nothing by it."""
    talk = Nat(switch, PORTS, [leads(**TWO)])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1, udp(80, 1000)), to=VM1, dst=VM1.ip())
    talk.turns(PORTS, [leads(floating=[(FIP2, VM2)])])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=GATE)
    assert talk.is_lost(WEB, WEB.says(R1, FIP1, udp(80, 1000)), on=[VM1, VM2, FRIEND])
    asked = WEB.asks(R1, target=FIP1)
    talk.says(WEB, asked, hears={ISP: [asked]})
    talk.goes(WEB, WEB.says(R1, FIP2, udp(80, 1000)), to=VM2, dst=VM2.ip())
    talk.ends()


@proves("S37", "S44")
def test_one_moves_from_guest_to_guest(switch):
    """And back; a flow that was remembered follows with its next packet."""
    talk = Nat(switch, PORTS, [leads(**ONE)])
    for host in (VM1, VM2, FRIEND, VM1):
        talk.turns(PORTS, [leads([(FIP1, host)])])
        for _ in range(2):
            talk.goes(WEB, *[WEB.says(R1, FIP1)] * 3, to=host, dst=host.ip())
            talk.goes(host, *[host.says(R1, WEB)] * 3, to=WEB, src=FIP1)
        others = [other for other in (VM1, VM2, FRIEND) if other is not host]
        port = 5000 + others[0].number
        talk.goes(others[0], others[0].says(R1, WEB, udp(port, 80)), to=WEB, src=GATE)
    talk.ends()


@proves("S37", "S44")
def test_a_guest_gets_another(switch):
    talk = Nat(switch, PORTS, [leads(**ONE)])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    talk.turns(PORTS, [leads([(FIP4, VM1)])])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP4)
    talk.goes(WEB, WEB.says(R1, FIP4), to=VM1, dst=VM1.ip())
    assert talk.is_lost(WEB, WEB.says(R1, FIP1), on=[VM1])
    talk.ends()


# What is shown.


@proves("S17", "S44")
def test_a_trace_says_what_becomes_what(switch):
    """In both directions, and at the stage that does it."""
    talk = Nat(switch, PORTS, [leads(**TWO)])
    out = says_of(talk.traces(VM1, VM1.says(R1, WEB)), "translate")
    assert VM1.ip() in out and FIP1 in out and out.index(VM1.ip()) < out.index(FIP1), out
    into = says_of(talk.traces(WEB, WEB.says(R1, FIP1)), "translate")
    assert FIP1 in into and VM1.ip() in into and into.index(FIP1) < into.index(VM1.ip()), into
    both = says_of(talk.traces(VM1, VM1.says(R1, FIP2)), "translate")
    assert all(address in both for address in (VM1.ip(), FIP1, FIP2, VM2.ip())), both
    talk.ends()


@proves("S17", "S44")
def test_flows_say_what_becomes_what(switch):
    talk = Nat(switch, PORTS, [leads(**ONE)])
    talk.goes(VM1, VM1.says(R1, WEB), to=WEB, src=FIP1)
    assert any(FIP1 in str(row) and VM1.ip() in str(row) for row in switch.json("flow list"))
    talk.ends()


@proves("S44")
def test_a_router_shows_its_floating_ips(switch):
    talk = Nat(switch, PORTS, [leads(**TWO)])
    shown = str(told(switch.json("router show r1"), "floating-ips"))
    assert all(word in shown for word in (FIP1, FIP2, "vm1", "vm2", VM1.ip(), VM2.ip())), shown
    assert FIP1 in switch.says("router show r1")
    talk.ends()


def test_the_first_address_of_a_port_is_the_one(switch):
    """IPv6 addresses before it do not count; the second of IPv4 has no floating IP."""
    port = VM1.port(addresses=[VM1.ip(6), VM1.ip(), "10.0.1.12"])
    talk = Nat(switch, [port, WEB, ISP, NEXT], [leads(**ONE)])
    talk.goes(WEB, WEB.says(R1, FIP1), to=VM1, dst=VM1.ip())
    heard = talk.arrives(VM1, VM1.says(R1, WEB, src="10.0.1.12"), WEB)
    assert ends_of(heard)[0] == GATE
    talk.ends()
