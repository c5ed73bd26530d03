# SPDX-License-Identifier: BSD-3-Clause
"""Port forwardings: a port of an outside address is one of a guest, for whom it is asked; the answers know it.

VM1 serves port 80, which is 8080 outside. See translated.
"""
import pytest

from overlays import padded
from routing import EXPIRED, FRIEND, ISP, NO_PORT, R1, VM1, VM2, answer, ip_bytes, pong_of, ttl
from secure import group, ingress, ping, pong, sctp, tcp, udp
from translated import (FAR, FIP1, GATE, OTHER, OWN, POOL1, POOL2, WEB, Nat, becomes, cut, ends_of, forwards, leads,
                        routed, told)
from words import proves

PORTS = [VM1, VM2, FRIEND, WEB, OTHER, ISP]
SPEAK = {"tcp": tcp, "udp": udp}
UNSOLICITED = "translate/unsolicited"
NOTHING = {"translate/unsolicited", "translate/invalid"}
both_protocols = pytest.mark.parametrize("protocol", SPEAK)
TO_80 = [forwards(8080, VM1, 80)]


def asks(protocol, port=1000, to=8080):
    return tcp(port, to) if protocol == "tcp" else udp(port, to)


def replies(protocol, port=1000, of=80):
    return tcp(of, port, "SA", seq=9, ack=1001) if protocol == "tcp" else udp(of, port)


def serves(talk, host=VM1, who=WEB, protocol="tcp", outside=(GATE, 8080), inside=80, port=1000):
    """One exchange: a question from outside, and its answer."""
    __tracebackhide__ = True
    address, external = outside
    talk.goes(who, who.says(R1, address, asks(protocol, port, external)), to=host, dst=host.ip(), dport=inside)
    talk.goes(host, host.says(R1, who, replies(protocol, port, inside)), to=who, src=address, sport=external)


@proves("S44")
@both_protocols
def test_a_port_outside_is_one_of_a_guest(switch, protocol):
    """Whoever asks; the answer comes from whom was asked."""
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, protocol)])])
    for who in (WEB, OTHER, ISP):
        serves(talk, who=who, protocol=protocol)
    talk.goes(ISP, ISP.says(R1, GATE, asks(protocol), src=FAR), to=VM1, dst=VM1.ip(), dport=80)
    talk.goes(VM1, VM1.says(R1, FAR, replies(protocol)), to=ISP, src=GATE, sport=8080)
    assert {row["router"] for row in talk.router_rows()} == {"r1"} and len(talk.router_rows()) == 4
    talk.ends()


@proves("S44")
@both_protocols
def test_a_conversation_goes_on(switch, protocol):
    """The thousandth packet as the first, both ways."""
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, protocol)])])
    serves(talk, protocol=protocol)
    there, back = (tcp(1000, 8080, "A"), tcp(80, 1000, "A")) if protocol == "tcp" else (udp(1000, 8080), udp(80, 1000))
    talk.goes(WEB, *[WEB.says(R1, GATE, there)] * 100, to=VM1, dst=VM1.ip(), dport=80)
    talk.goes(VM1, *[VM1.says(R1, WEB, back)] * 100, to=WEB, src=GATE, sport=8080)
    assert len(talk.router_rows()) == 1
    talk.ends()


@proves("S44")
@pytest.mark.parametrize("address", (GATE, POOL1, POOL2, OWN), ids=("the gateway", "pool", "pool too", "its own"))
def test_the_address_may_be_of_several_kinds(switch, address):
    """All are answered for by ARP, and one that is nobody else's is announced."""
    pool = (GATE, POOL1, POOL2)
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, address=address)], pool=pool)])
    assert talk.announcements(WEB, address) >= (address == OWN)
    told_ = padded(answer(R1.mac("public"), address, WEB.mac, WEB.ip()))
    talk.says(WEB, WEB.asks(R1, target=address), hears={WEB: [told_]})
    serves(talk, outside=(address, 8080))
    talk.refuses(WEB, WEB.says(R1, address, tcp(1000, 8081)), why=UNSOLICITED)
    talk.ends()


@proves("S44")
@both_protocols
def test_two_outside_ports_lead_to_one_inside(switch, protocol):
    """From the same port of the same host: the answers are told apart, or the second is asked from elsewhere."""
    entries = [forwards(8080, VM1, 80, protocol), forwards(9090, VM1, 80, protocol)]
    talk = Nat(switch, PORTS, [leads(forwarding=entries)])
    serves(talk, protocol=protocol, outside=(GATE, 8080), port=1000)
    serves(talk, protocol=protocol, outside=(GATE, 9090), port=1001)
    serves(talk, who=OTHER, protocol=protocol, outside=(GATE, 9090), port=1000)
    serves(talk, protocol=protocol, outside=(GATE, 8080), port=1000)
    talk.ends()


@proves("S44")
def test_ports_of_one_address_lead_to_several_guests(switch):
    """One number is forwarded by TCP and by UDP to different guests, and on two addresses."""
    entries = [forwards(8080, VM1, 80), forwards(8081, VM2, 80), forwards(8080, VM2, 53, "udp"),
               forwards(8080, FRIEND, 80, address=OWN)]
    talk = Nat(switch, PORTS, [leads(forwarding=entries)])
    serves(talk)
    serves(talk, host=VM2, outside=(GATE, 8081), port=1001)
    serves(talk, host=VM2, protocol="udp", inside=53)
    serves(talk, host=FRIEND, outside=(OWN, 8080), port=1002)
    talk.ends()


@proves("S43", "S44")
def test_a_wrong_port_is_unsolicited(switch):
    """So is another protocol, the inside port, and the inside address."""
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    for inside in (tcp(1000, 80), tcp(1000, 8081), udp(1000, 8080), sctp(1000, 8080)):
        talk.refuses(WEB, WEB.says(R1, GATE, inside), why=UNSOLICITED)
    talk.refuses(WEB, WEB.says(R1, VM1, tcp(1000, 80)), WEB.says(R1, VM1, tcp(1000, 8080)), why=UNSOLICITED)
    load = b"weft" * 8
    talk.says(WEB, WEB.says(R1, GATE, ping(load=load)), hears={WEB: [pong_of(R1, WEB, pong(load=load), GATE)]})
    talk.ends()


def test_what_cannot_begin_is_not_forwarded(switch):
    """RST, SYN|ACK and FIN out of the blue."""
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    for flags in ("R", "RA", "SA", "FA"):
        talk.refuses(WEB, WEB.says(R1, GATE, tcp(1000, 8080, flags)), why=NOTHING, what=flags)
    serves(talk)
    talk.ends()


# From inside.


@proves("S44")
@both_protocols
@pytest.mark.parametrize("host", (VM2, FRIEND), ids=("another network", "a neighbour"))
def test_a_guest_asks_by_the_outside_address(switch, host, protocol):
    """Its source becomes the outside one, or the answer would come from a stranger."""
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, protocol)])])
    talk.goes(host, host.says(R1, GATE, asks(protocol)), to=VM1, src=GATE, dst=VM1.ip(), dport=80)
    talk.goes(VM1, VM1.says(R1, GATE, replies(protocol)), to=host, src=GATE, dst=host.ip(), sport=8080)
    talk.ends()


@proves("S44")
def test_a_guest_asks_itself_by_the_outside_address(switch):
    """All that it says comes back to it, and it cannot tell itself from a stranger."""
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, "udp")])])
    talk.goes(VM1, VM1.says(R1, GATE, udp(1000, 8080)), to=VM1, src=GATE, dst=VM1.ip(), dport=80)
    talk.goes(VM1, VM1.says(R1, GATE, udp(80, 1000)), to=VM1, src=GATE, dst=VM1.ip(), sport=8080)
    talk.ends()


def test_a_guest_with_a_floating_ip_asks_by_the_outside_address(switch):
    """It comes from its floating IP."""
    talk = Nat(switch, PORTS, [leads([(FIP1, VM2)], TO_80)])
    talk.goes(VM2, VM2.says(R1, GATE, tcp(1000, 8080)), to=VM1, src=FIP1, dst=VM1.ip(), dport=80)
    talk.goes(VM1, VM1.says(R1, FIP1, replies("tcp")), to=VM2, src=GATE, dst=VM2.ip(), sport=8080)
    talk.ends()


def test_neighbours_by_their_inside_addresses_are_not_concerned(switch):
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    talk.goes(VM2, VM2.says(R1, VM1, tcp(1000, 80)), to=VM1)
    talk.goes(VM1, VM1.says(R1, VM2, replies("tcp")), to=VM2)
    talk.ends()


# What the guest begins.


@proves("S44")
@both_protocols
def test_a_guest_begins_from_the_port_that_is_forwarded(switch, protocol):
    """As anybody would, from that number if it is free outside; what comes from outside is another conversation."""
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, protocol)])])
    serves(talk, protocol=protocol)
    talk.goes(VM1, VM1.says(R1, OTHER, asks(protocol, 80, 53)), to=OTHER, src=GATE)
    talk.goes(OTHER, OTHER.says(R1, GATE, replies(protocol, 80, 53)), to=VM1, dst=VM1.ip())
    serves(talk, protocol=protocol, port=1001)
    talk.ends()


@proves("S44")
@both_protocols
@pytest.mark.parametrize("port, low, high", ((8080, 1024, 65535), (443, 1, 1023), (65535, 1024, 65535)))
def test_a_forwarded_port_is_not_given_to_others(switch, port, low, high, protocol):
    """Who speaks from that number gets another of the same kind: parity and range are kept."""
    entry = forwards(port, VM1, port, protocol)
    talk = Nat(switch, PORTS, [leads(forwarding=[entry])])
    for host in (VM2, VM1):
        heard = talk.arrives(host, host.says(R1, WEB, asks(protocol, port, 53)), WEB)
        source, given, *_ = ends_of(heard)
        assert source == GATE and given != port and low <= given <= high and given % 2 == port % 2, (source, given)
        assert heard == routed(becomes(host.says(R1, WEB, asks(protocol, port, 53)), src=GATE, sport=given),
                               R1.mac("public"), WEB.mac)
    serves(talk, protocol=protocol, outside=(GATE, port), inside=port)
    talk.ends()


def test_one_that_serves_and_has_a_floating_ip(switch):
    """What it answers has the address that was asked; what it begins has its own."""
    talk = Nat(switch, PORTS, [leads([(FIP1, VM1)], TO_80)])
    serves(talk)
    talk.goes(VM1, VM1.says(R1, WEB, tcp(2000, 80)), to=WEB, src=FIP1)
    talk.goes(WEB, WEB.says(R1, FIP1, tcp(1001, 80)), to=VM1, dst=VM1.ip())
    talk.goes(VM1, VM1.says(R1, WEB, replies("tcp", 1001)), to=WEB, src=FIP1)
    talk.ends()


@proves("S44")
def test_it_works_without_source_nat(switch):
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80, snat=False)])
    serves(talk)
    talk.goes(VM2, VM2.says(R1, WEB), to=WEB)
    talk.ends()


# Changes.


@proves("S37", "S44")
@both_protocols
def test_one_is_removed_at_run_time(switch, protocol):
    """Its conversations end at once; the other one's go on."""
    gone, stays = forwards(8080, VM1, 80, protocol), forwards(9090, VM2, 80, protocol)
    talk = Nat(switch, PORTS, [leads(forwarding=[gone, stays])])
    serves(talk, protocol=protocol)
    serves(talk, host=VM2, protocol=protocol, outside=(GATE, 9090))
    talk.turns(PORTS, [leads(forwarding=[stays])])
    more = tcp(1000, 8080, "A") if protocol == "tcp" else udp(1000, 8080)
    talk.refuses(WEB, WEB.says(R1, GATE, more), why=NOTHING)
    talk.refuses(WEB, WEB.says(R1, GATE, asks(protocol, 1001)), why=UNSOLICITED)
    if protocol == "tcp":
        talk.refuses(VM1, VM1.says(R1, WEB, replies("tcp")), why="translate/invalid")
    else:
        talk.goes(VM1, VM1.says(R1, WEB, udp(80, 1000)), to=WEB, src=GATE)
    serves(talk, host=VM2, protocol=protocol, outside=(GATE, 9090))
    talk.ends()


@proves("S37", "S44")
def test_one_is_added_at_run_time(switch):
    """Also one of an address that is new, which is announced."""
    talk = Nat(switch, PORTS, [leads()])
    talk.refuses(WEB, WEB.says(R1, GATE, tcp(1000, 8080)), why=UNSOLICITED)
    assert not talk.announcements(WEB, OWN)
    talk.turns(PORTS, [leads(forwarding=[*TO_80, forwards(8080, VM2, 80, address=OWN)])])
    assert talk.announcements(WEB, OWN)
    serves(talk, port=1000)
    serves(talk, host=VM2, outside=(OWN, 8080))
    talk.ends()


@proves("S37", "S44")
def test_one_leads_to_another_guest(switch):
    """What was begun with the old one is over; what is new goes to the new one."""
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    serves(talk)
    talk.turns(PORTS, [leads(forwarding=[forwards(8080, VM2, 80)])])
    serves(talk, host=VM2, port=1001)
    lost = talk.is_lost(VM1, VM1.says(R1, WEB, tcp(80, 1000, "FA")), on=[])
    assert lost == {"translate/invalid": 1}
    talk.ends()


@proves("S37", "S44")
def test_a_connection_that_source_nat_has_begun_keeps_its_port(switch):
    """The forwarding of that very port comes later: the answer to what was begun finds back, what is new is
    forwarded."""
    talk = Nat(switch, PORTS, [leads()])
    talk.goes(VM2, VM2.says(R1, WEB, udp(8080, 53)), to=WEB, src=GATE)
    talk.turns(PORTS, [leads(forwarding=[forwards(8080, VM1, 80, "udp")])])
    talk.goes(WEB, WEB.says(R1, GATE, udp(53, 8080)), to=VM2, dst=VM2.ip())
    talk.goes(OTHER, OTHER.says(R1, GATE, udp(53, 8080)), to=VM1, dst=VM1.ip(), dport=80)
    talk.ends()


# Errors, fragments, security groups.


@proves("S44")
@both_protocols
@pytest.mark.parametrize("size", (28, None), ids=("eight bytes are quoted", "all is quoted"))
def test_errors_about_what_is_forwarded(switch, size, protocol):
    """From inside about the question, from outside about the answer; each in the words of who hears it."""
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, protocol)])])
    question, reply = WEB.says(R1, GATE, asks(protocol)), VM1.says(R1, WEB, replies(protocol))
    serves(talk, protocol=protocol)
    came = ip_bytes(becomes(question, dst=VM1.ip(), dport=80))[:size]
    sent = ip_bytes(becomes(reply, src=GATE, sport=8080))[:size]
    for layer in (NO_PORT[4], EXPIRED[4]):
        talk.goes(VM1, VM1.says(R1, WEB, layer / came), to=WEB, src=GATE, quoted={"dst": GATE, "dport": 8080})
        talk.goes(WEB, WEB.says(R1, GATE, layer / sent), to=VM1, dst=VM1.ip(),
                  quoted={"src": VM1.ip(), "sport": 80})
    assert len(talk.router_rows()) == 1
    talk.ends()


def test_an_error_about_nothing_is_not_forwarded(switch):
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    sent = ip_bytes(becomes(VM1.says(R1, WEB, replies("tcp")), src=GATE, sport=8080))
    talk.refuses(WEB, WEB.says(R1, GATE, NO_PORT[4] / sent), why=UNSOLICITED)
    talk.ends()


def test_the_router_complains_about_what_was_asked(switch):
    """Not about what it has made of it."""
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    old = WEB.says(R1, GATE, tcp(1000, 8080), **ttl(1))
    talk.says(WEB, old, hears={WEB: [R1.complains(old, EXPIRED[4], WEB)]}, drops={"route/ttl-exceeded": 1})
    talk.ends()


@proves("S44")
def test_fragments_are_forwarded(switch):
    talk = Nat(switch, PORTS, [leads(forwarding=[forwards(8080, VM1, 80, "udp")])])
    whole = WEB.says(R1, GATE, udp(1000, 8080, bytes(range(256)) * 4), id=5)
    heard = cut(becomes(whole, dst=VM1.ip(), dport=80), 400, 800)
    talk.says(WEB, *cut(whole, 400, 800), hears={VM1: [R1.routes(data, VM1) for data in heard]})
    talk.ends()


@proves("S44", "S47")
def test_security_groups_hold(switch):
    """They see the inside port, and who really asks."""
    rules = [ingress("tcp", 80, remote_ip=f"{WEB.ip()}/32")]
    entries = [*TO_80, forwards(8081, VM1, 81)]
    talk = Nat(switch, [VM1.port("http"), VM2, WEB, OTHER, ISP], [leads(forwarding=entries)], [group("http", *rules)])
    serves(talk)
    talk.refuses(OTHER, OTHER.says(R1, GATE, tcp(1000, 8080)), why="deliver/not-allowed")
    talk.refuses(WEB, WEB.says(R1, GATE, tcp(1000, 8081)), why="deliver/not-allowed")
    talk.ends()


# What is shown.


@proves("S44")
def test_what_is_shown(switch):
    """The router's forwardings, and a row of the connection with both of its ends."""
    talk = Nat(switch, PORTS, [leads(forwarding=TO_80)])
    shown = str(told(switch.json("router show r1"), "port-forwardings"))
    assert all(word in shown for word in (GATE, "8080", "80", "tcp", "vm1")), shown
    serves(talk)
    rows = [row for row in switch.json("nat list --router r1") if row["inside"] == f"{VM1.ip()}:80"]
    assert rows and all(row["outside"] == f"{GATE}:8080" and row["protocol"] == "tcp" for row in rows), rows
    talk.ends()
