# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors: they pass if they quote a packet of a known connection, and if they tell the truth.

VM asks PEER by UDP, and nothing may come in but answers. A ROUTER, or PEER itself, complains.
"""
from scapy.layers.inet import ICMP, IP, UDP, IPOption
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6ParamProblem,
                                ICMPv6TimeExceeded, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                PadN)

from frames import frame
from secure import (MUTE, PEER, REFUSED, THIRD, VM, Talk, both_families, egress, gre, group,
                    ingress, packet, ping, site, tcp, udp)
from words import proves

ROUTER = {4: "10.0.0.254", 6: "2001:db8::fe"}
UNREACHABLE = {4: dict(type=3, code=1), 6: dict(code=3)}
CONFIG = dict(ports=[PEER.free(), VM.port("asks")], groups=[group(
    "asks", egress("udp", 53), egress("tcp", 80), egress("icmp", icmp_type=8),
    egress("icmpv6", icmp_type=128), egress(47), ingress("tcp", 1))])
SERVER = dict(ports=[PEER.free(), VM.port("answers")],
              groups=[group("answers", ingress("udp", 53), MUTE)])


def error(quoted, family=4, source=None, target=None, layer=None):
    """An ICMP error about a packet, to who sent it, from a router."""
    if layer is None:
        layer = ICMP(**UNREACHABLE[4]) if family == 4 else ICMPv6DestUnreach(**UNREACHABLE[6])
    quote = bytes(quoted)
    target = target or (IP(quote).src if family == 4 else IPv6(quote).src)
    return packet(source or ROUTER[family], target, layer / quote)


def told(inside):
    """To VM, by PEER's port."""
    return frame(PEER.mac, VM.mac, inside)


def asked(family=4, inside=None, **odd):
    """The packet that VM sends."""
    return packet(VM.ip(family), PEER.ip(family), udp(9, 53) if inside is None else inside, **odd)


def begins(switch, family=4, inside=None):
    talk = Talk(switch, site(**CONFIG))
    talk.passes(VM, frame(VM.mac, PEER.mac, asked(family, inside)), to=PEER)
    return talk


GOOD = {
    4: {f"type {kind} code {code}": ICMP(type=kind, code=code) for kind, code in
        ((3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (11, 0), (11, 1), (12, 0), (12, 1))},
    6: {"unreachable": ICMPv6DestUnreach(code=0), "prohibited": ICMPv6DestUnreach(code=1),
        "no port": ICMPv6DestUnreach(code=4), "too big": ICMPv6PacketTooBig(mtu=1280),
        "too far": ICMPv6TimeExceeded(code=0), "a bad header": ICMPv6ParamProblem(code=1, ptr=6)}}

@proves("S47")
@both_families
def test_errors_about_a_connection_come_in(switch, family):
    """Before the question they are lies, after it the truth; none is a connection of its own."""
    complaints = [told(error(asked(family), family, layer=layer))
                  for layer in GOOD[family].values()]
    talk = Talk(switch, site(**CONFIG))
    talk.refuses(PEER, *complaints, why=REFUSED["ingress"])
    talk.passes(VM, frame(VM.mac, PEER.mac, asked(family)), to=PEER)
    talk.passes(PEER, *complaints, to=VM)
    assert len(talk.connections()) == 1
    talk.ends()


@proves("S47")
@both_families
def test_errors_about_a_connection_go_out(switch, family):
    """VM answers a question with complaints; it may send nothing of its own."""
    question = packet(PEER.ip(family), VM.ip(family), udp(9, 53))
    complaints = [frame(VM.mac, PEER.mac, error(question, family, VM.ip(family), layer=layer))
                  for layer in GOOD[family].values()]
    talk = Talk(switch, site(**SERVER))
    talk.refuses(VM, *complaints, why=REFUSED["egress"])
    talk.passes(PEER, frame(PEER.mac, VM.mac, question), to=VM)
    talk.passes(VM, *complaints, to=PEER)
    talk.ends()


@proves("S47")
@both_families
def test_an_error_about_any_protocol(switch, family):
    talk = Talk(switch, site(**CONFIG))
    for inside in (tcp(1000, 80), ping(family), gre(), udp(9, 53)):
        talk.passes(VM, frame(VM.mac, PEER.mac, asked(family, inside)), to=PEER)
        talk.passes(PEER, told(error(asked(family, inside), family)), to=VM)
    talk.ends()


@both_families
def test_an_error_about_the_answer_goes_out(switch, family):
    """The quoted packet is that of the other direction."""
    talk = begins(switch, family)
    reply = packet(PEER.ip(family), VM.ip(family), udp(53, 9))
    talk.passes(PEER, frame(PEER.mac, VM.mac, reply), to=VM)
    talk.passes(VM, frame(VM.mac, PEER.mac, error(reply, family, source=VM.ip(family))), to=PEER)
    talk.ends()


@both_families
def test_eight_bytes_behind_the_header_are_enough(switch, family):
    talk = begins(switch, family, tcp(1000, 80))
    quote = bytes(asked(family, tcp(1000, 80)))[:(20 if family == 4 else 40) + 8]
    talk.passes(PEER, told(error(quote, family)), to=VM)
    talk.ends()


def test_a_quoted_packet_with_options(switch):
    odd = dict(options=IPOption(b"\x94\x04\0\0"))
    talk = Talk(switch, site(**CONFIG))
    talk.passes(VM, frame(VM.mac, PEER.mac, asked(**odd)), to=PEER)
    talk.passes(PEER, told(error(asked(**odd))), to=VM)
    talk.ends()


def test_a_quoted_packet_with_extension_headers(switch):
    inside = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]) / udp(9, 53)
    talk = begins(switch, 6, inside)
    talk.passes(PEER, told(error(asked(6, inside), 6)), to=VM)
    talk.ends()


def test_the_quote_may_have_changed_on_its_way(switch):
    """Hops count down, and mark."""
    talk = begins(switch)
    talk.passes(PEER, told(error(asked(ttl=1, tos=0xB8))), to=VM)
    talk.ends()


def quoted(source, destination, inside, family=4, **odd):
    return error(packet(source, destination, inside, **odd), family, target=VM.ip(family))


def lies(family):
    """What nobody has sent, what this connection cannot have caused, and what cannot be read."""
    vm, peer, third = VM.ip(family), PEER.ip(family), THIRD.ip(family)
    truth = bytes(asked(family))
    header = 20 if family == 4 else 40
    words = {
        "another source port": quoted(vm, peer, udp(10, 53), family),
        "another destination port": quoted(vm, peer, udp(9, 54), family),
        "another protocol": quoted(vm, peer, tcp(9, 53), family),
        "another destination": quoted(vm, third, udp(9, 53), family),
        "another source": quoted(third, peer, udp(9, 53), family),
        "swapped ports": quoted(vm, peer, udp(53, 9), family),
        "the answer, which is not VM's": error(packet(peer, vm, udp(53, 9)), family, target=vm),
        "to somebody else than the sender": error(truth, family, target=third),
        "no quote": quote_of(b"", family),
        "half a header": quote_of(truth[:header - 1], family),
        "no ports": quote_of(truth[:header], family),
        "too few ports": quote_of(truth[:header + 3], family),
        "a quote of the other family": quote_of(bytes(asked(10 - family)), family),
    }
    if family == 4:
        words["an error about an error"] = error(error(truth), 4, target=vm)
        words["a later fragment"] = quoted(vm, peer, bytes(32), proto=17, frag=100)
        words["a header length of nothing"] = quote_of(b"\x41" + truth[1:], 4)
        words["a header longer than the quote"] = quote_of(b"\x4f" + truth[1:28], 4)
    else:
        words["an error about an error"] = error(error(truth, 6), 6, target=vm)
        words["a later fragment"] = quoted(
            vm, peer, IPv6ExtHdrFragment(nh=17, offset=100, id=7) / bytes(32), 6)
        words["an endless chain"] = quote_of(
            bytes(packet(vm, peer, b"\0" + b"\xff" + bytes(14), nh=0)), 6)
    return words


def quote_of(data, family):
    """An error that quotes just these bytes; lengths are right."""
    layer = ICMP(**UNREACHABLE[4]) if family == 4 else ICMPv6DestUnreach(**UNREACHABLE[6])
    return packet(ROUTER[family], VM.ip(family), layer / data)


@proves("S47")
@both_families
def test_lies_are_refused(switch, family):
    talk = begins(switch, family)
    for what, lie in lies(family).items():
        talk.refuses(PEER, told(lie), why=REFUSED["ingress"], what=what)
    talk.passes(PEER, told(error(asked(family), family)), to=VM)
    assert len(talk.connections()) == 1
    talk.ends()


GUESTS_LIES = {
    "about what was never heard": lambda family: packet(PEER.ip(family), VM.ip(family),
                                                        udp(10, 53)),
    "about another guest": lambda family: packet(PEER.ip(family), THIRD.ip(family), udp(9, 53)),
    "about its own packet": lambda family: packet(VM.ip(family), PEER.ip(family), udp(53, 9)),
}


@proves("S47")
@both_families
def test_a_guest_may_not_lie(switch, family):
    talk = Talk(switch, site(**SERVER))
    talk.passes(PEER, PEER.says(VM, udp(9, 53), family), to=VM)
    for what, quoted_ in GUESTS_LIES.items():
        complaint = error(quoted_(family), family, VM.ip(family), PEER.ip(family))
        talk.refuses(VM, frame(VM.mac, PEER.mac, complaint), why=REFUSED["egress"], what=what)
    talk.ends()


@both_families
def test_an_error_about_what_was_refused_is_refused(switch, family):
    talk = Talk(switch, site(**CONFIG))
    question = packet(VM.ip(family), PEER.ip(family), udp(9, 54))
    talk.refuses(VM, frame(VM.mac, PEER.mac, question), why="admit/not-allowed")
    talk.refuses(PEER, told(error(question, family)), why=REFUSED["ingress"])
    talk.ends()


@both_families
def test_after_a_flush_errors_die(switch, family):
    talk = begins(switch, family)
    assert switch.json("connection flush") == {"flushed": 1}
    talk.refuses(PEER, told(error(asked(family), family)), why=REFUSED["ingress"])
    talk.ends()


def test_an_error_does_not_keep_a_connection_alive_nor_change_it(switch):
    """A complaint is not an answer."""
    talk = begins(switch)
    talk.passes(PEER, told(error(asked())), to=VM)
    rows = talk.connections()
    assert [(row["state"], row["replied"]) for row in rows] == [("UDP", False)], rows
    talk.ends()


def test_an_error_about_a_connection_of_another_network(switch):
    twins = [{**port, "name": port["name"] + network, "network": network}
             for network in ("blue", "red") for port in CONFIG["ports"]]
    talk = Talk(switch, site(twins, CONFIG["groups"]))
    talk.passes("vmblue", frame(VM.mac, PEER.mac, asked()), to="peerblue")
    talk.refuses("peerred", told(error(asked())), why=REFUSED["ingress"])
    talk.passes("peerblue", told(error(asked())), to="vmblue")
    talk.ends()


def test_a_group_without_state_is_told_of_no_errors(switch):
    """Unless a rule lets them in."""
    asks = group("asks", egress("udp", 53), ingress("tcp", 1), stateful=False)
    talk = Talk(switch, site([PEER.free(), VM.port("asks")], [asks]))
    talk.passes(VM, frame(VM.mac, PEER.mac, asked()), to=PEER)
    talk.refuses(PEER, told(error(asked())), why=REFUSED["ingress"])
    asks["rules"].append(ingress("icmp", icmp_type=3))
    talk.becomes(site([PEER.free(), VM.port("asks")], [asks]))
    talk.passes(PEER, told(error(asked())), to=VM)
    talk.ends()


def test_a_rule_about_icmp_lets_errors_without_a_connection_in_or_not_at_all(switch):
    """Whichever it is: the error makes no connection, and none is made for what it quotes."""
    talk = Talk(switch, site([PEER.free(), VM.port("web")], [group("web", ingress("icmp"), MUTE)]))
    switch.applies(switch.reopens(talk.config, "peer", [told(error(asked()))]))
    assert talk.connections() == []
    switch.stops()


def test_of_a_quote_the_header_must_be_right_and_no_more(switch):
    """Its checksum of UDP covers what is not quoted; that of IPv4 can be judged, and is."""
    talk = begins(switch)
    spoilt = asked(inside=UDP(sport=9, dport=53, chksum=1) / b"weft")
    talk.passes(PEER, told(error(spoilt)), to=VM)
    talk.refuses(PEER, told(error(asked(chksum=1))), why="deliver/invalid")
    talk.ends()
