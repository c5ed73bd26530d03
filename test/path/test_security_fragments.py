# SPDX-License-Identifier: BSD-3-Clause
"""Fragments wait for the rest of their datagram, and share its verdict.

VM lets in UDP to port 53; a datagram is three fragments, the ports are in the first.
"""
import itertools

import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, PadN

from frames import frame
from harness import is_conserved, wait_until
from secure import (MUTE, PEER, REFUSED, THIRD, THREE, VM, WIRED, Talk, body, both_families, egress, group,
                    ingress, packet, piece, pieces, ping, ping_name, site, tcp, udp)
from words import proves

LOAD = bytes(range(96))


def web(*rules, **words):
    rules = rules or (ingress("udp", 53), ingress("tcp", 80), MUTE)
    return site([PEER.free(), VM.port("web", **words), THIRD.free()], [group("web", *rules)])


def datagram(port=53, family=4, **words):
    return pieces(udp(9, port, LOAD), family, **words)


def shuffled(order, frames):
    return [frames[place] for place in order]


ORDERS = list(itertools.permutations(range(3)))


class Held:
    """A switch in which something waits. Its books are right at any time."""

    def __init__(self, switch, config, sends, held):
        self.switch, self.config = switch, config
        switch.launches(switch.writes(config, sends))
        self.holds(held)

    def says(self, who, frames, held):
        self.config = self.switch.reopens(self.config, who.name, frames)
        self.switch.says("apply", self.switch.writes(self.config,
                                                     file=self.switch.folder / "next.yaml"))
        self.holds(held)

    def holds(self, number):
        stats = {}

        def is_so():
            stats.update(self.switch.json("stat show"))
            return stats["rx_packets"] == self.switch.fed and stats["held"] == number and \
                is_conserved(stats)

        wait_until(is_so, f"{number} of {self.switch.fed} are held",
                   lambda: f"{stats}\n{self.switch.drops()}")

    def hears(self, guest):
        return [data for device in self.switch.devices if device.rstrip("-") == guest.name
                for data in self.switch.hears(device)]

    def ends(self):
        """What waits is dropped then."""
        self.switch.signals(15)
        assert self.switch.waits() == 0, self.switch.stderr()
        self.switch.is_sane()


# Complete.


@proves("S47")
@both_families
def test_a_datagram_in_any_order(switch, family):
    """Its fragments leave in the order of their offsets, as they came in all else."""
    good = [datagram(53, family, ident=number) for number in range(len(ORDERS))]
    bad = [datagram(54, family, ident=100 + number) for number in range(len(ORDERS))]
    sent = [data for order, *pair in zip(ORDERS, good, bad) for parts in pair
            for data in shuffled(order, parts)]
    switch.carries(web(), sends={"peer": sent},
                   delivers={"vm": [data for parts in good for data in parts]},
                   drops={"peer": {"deliver/not-allowed": 3 * len(ORDERS)}})


@proves("S47")
@both_families
def test_a_datagram_of_the_guest(switch, family):
    sent = datagram(53, family, here=VM, there=PEER)
    refused = datagram(54, family, here=VM, there=PEER, ident=8)
    switch.carries(web(egress("udp", 53), ingress("tcp", 1)),
                   sends={"vm": sent[::-1] + refused[::-1]},
                   delivers={"peer": sent}, drops={"vm": {"admit/not-allowed": 3}})


@proves("S47")
@both_families
def test_the_answer_in_fragments(switch, family):
    """One connection, however many pieces; a datagram without fragments is of it, too."""
    talk = Talk(switch, web())
    answer = pieces(udp(53, 9, LOAD), family, here=VM, there=PEER)
    talk.refuses(VM, *answer, why="admit/not-allowed")
    talk.passes(PEER, *datagram(53, family), to=VM)
    talk.passes(VM, *answer, to=PEER)
    talk.passes(VM, VM.says(PEER, udp(53, 9), family), to=PEER)
    assert [(row["state"], row["replied"]) for row in talk.connections()] == [("UDP_STREAM", True)]
    talk.ends()


@both_families
def test_other_protocols_in_fragments(switch, family):
    echo = ping_name(family)
    data = ping(family, load=LOAD)
    config = web(ingress(echo), ingress("tcp", 80), ingress(253), MUTE)
    sent = pieces(data, family, protocol=1 if family == 4 else 58, ident=1) + \
        pieces(tcp(9, 80, load=LOAD), family, protocol=6, ident=2) + \
        pieces(bytes(120), family, protocol=253, ident=3)
    refused = pieces(tcp(9, 81, load=LOAD), family, protocol=6, ident=4) + \
        datagram(family=family, ident=5)
    switch.carries(config, sends={"peer": sent + refused}, delivers={"vm": sent},
                   drops={"peer": {"deliver/not-allowed": 6}})


@both_families
def test_the_largest_datagram(switch, family):
    """Sixty-five thousand bytes in pieces of a usual MTU."""
    load = bytes(65000)
    size = len(load) + 8
    cuts = [(start, start + 1400 if start + 1400 < size else None)
            for start in range(0, size, 1400)]
    sent = pieces(udp(9, 53, load), family, cuts)
    switch.carries(web(), sends={"peer": sent[::-1] + pieces(udp(9, 54, load), family, cuts,
                                                             ident=8)},
                   delivers={"vm": sent}, drops={"peer": {"deliver/not-allowed": len(sent)}})


def test_many_datagrams_that_are_mixed(switch):
    """All first fragments, then all second ones, then all third ones."""
    crowd = [datagram(53 + number % 2, ident=number) for number in range(60)]
    sent = [parts[place] for place in range(3) for parts in crowd]
    heard = [data for number, parts in enumerate(crowd) if number % 2 == 0 for data in parts]
    switch.carries(web(), sends={"peer": sent}, delivers={"vm": heard},
                   drops={"peer": {"deliver/not-allowed": 90}})


@pytest.mark.parametrize("is_allowed", (True, False), ids=("allowed", "refused"))
def test_an_atomic_fragment_is_a_datagram(switch, is_allowed):
    """RFC 6946: a fragment header, and nothing else to come."""
    data = body(udp(9, 53 if is_allowed else 54, LOAD), 6)
    atom = piece(data, 0, None, 6)
    if is_allowed:
        switch.carries(web(), sends={"peer": [atom, atom]}, delivers={"vm": [atom, atom]})
    else:
        switch.carries(web(), sends={"peer": [atom]}, drops={"peer": {"deliver/not-allowed": 1}})


def test_headers_before_and_behind_the_fragment_header(switch):
    """The chain may go on in the first fragment."""
    options = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
    data = bytes(packet(PEER.ip(6), VM.ip(6), options / udp(9, 53, LOAD)))[40:]
    sent = [piece(data, start, end, 6, protocol=60) for start, end in THREE]
    refused = bytes(packet(PEER.ip(6), VM.ip(6), options / udp(9, 54, LOAD)))[40:]
    talk = Talk(switch, web())
    talk.passes(PEER, *sent, to=VM)
    talk.refuses(PEER, *(piece(refused, start, end, 6, protocol=60, ident=8)
                         for start, end in THREE), why="deliver/not-allowed")
    talk.ends()


def test_fragments_of_a_network_without_filters_just_pass(switch):
    """Nobody has to judge them, so none waits."""
    sent = datagram()[::-1][:2]
    switch.carries(site([PEER.free(), VM.free()]), sends={"peer": sent}, delivers={"vm": sent})


def test_a_later_fragment_of_another_address_is_spoofed(switch):
    lies = [frame(VM.mac, PEER.mac, IP(src=THIRD.ip(), dst=PEER.ip(), proto=17, id=7, frag=offset,
                                       flags=flags) / bytes(40))
            for offset, flags in ((0, "MF"), (5, 0))]
    switch.carries(web(egress()), sends={"vm": lies}, drops={"vm": {"admit/ip-spoofed": 2}})


# Not complete.


@proves("S47")
@both_families
@pytest.mark.parametrize("missing", (0, 1, 2))
def test_an_incomplete_datagram_is_held(switch, missing, family):
    """And comes out whole when its last piece comes."""
    sent = datagram(53, family)
    rest = [data for place, data in enumerate(sent) if place != missing]
    held = Held(switch, web(), {"peer": rest}, held=2)
    assert (held.hears(VM), switch.drops()) == ([], {})
    held.says(PEER, [sent[missing]], held=0)
    assert (held.hears(VM), switch.drops()) == (sent, {})
    held.ends()


@both_families
def test_the_same_number_of_other_ends_is_another_datagram(switch, family):
    """A first piece from one and the rest from another are no datagram."""
    first, second = datagram(53, family), datagram(53, family, here=THIRD)
    held = Held(switch, web(), {"peer": first[:1], "third": second[1:]}, held=3)
    assert held.hears(VM) == []
    held.says(PEER, first[1:], held=2)
    assert held.hears(VM) == first
    held.says(THIRD, second[:1], held=0)
    assert held.hears(VM) == first + second
    assert switch.drops() == {}
    held.ends()


def test_the_same_number_of_another_protocol_is_another_datagram(switch):
    config = web(ingress("udp", 53), ingress(253), MUTE)
    one, other = datagram(), pieces(bytes(104), protocol=253)
    held = Held(switch, config, {"peer": one[:1] + other[1:]}, held=3)
    held.says(PEER, other[:1] + one[1:], held=0)
    assert sorted(held.hears(VM)) == sorted(one + other)
    held.ends()


def test_the_same_number_in_another_network_is_another_datagram(switch):
    twins = [{**port, "name": port["name"] + network, "network": network}
             for network in ("blue", "red") for port in (PEER.free(), VM.port("web"))]
    sent = datagram()
    held = Held(switch, site(twins, [group("web", ingress("udp", 53), MUTE)]),
                {"peerblue": sent[:2], "peerred": sent[2:]}, held=3)
    assert switch.hears("vmblue") == switch.hears("vmred") == []
    held.ends()


@pytest.mark.slow
@pytest.mark.parametrize("family,patience", ((4, 30), (6, 60)))
def test_what_is_never_completed_is_dropped(switch, family, patience):
    held = Held(switch, web(), {"peer": datagram(53, family)[:2]}, held=2)
    wait_until(lambda: switch.drops() == {"peer": {"admit/fragment-incomplete": 2}},
               "they are dropped", switch.drops, patience_sec=patience + 15)
    held.holds(0)
    assert held.hears(VM) == []
    held.ends()


@proves("S47")
def test_fragments_that_wait_are_limited(switch):
    lonely = [datagram(ident=number)[0] for number in range(10)]
    config = web()
    config["ports"][0]["fragment-limit"] = 4
    held = Held(switch, config, {"peer": lonely}, held=4)
    assert switch.drops() == {"peer": {"admit/fragment-limit": 6}}
    held.says(THIRD, datagram(here=THIRD), held=4)
    assert held.hears(VM) == datagram(here=THIRD)
    held.ends()


FLOODS = {
    "tiny": (0, lambda number, family: [
        piece(body(tcp(9, 80, load=LOAD), family), 0, 8, family, protocol=6, ident=number)]),
    "overlapping": (0, lambda number, family: [
        piece(bytes(104), start, start + 40, family, ident=number) for start in (0, 32)]),
    "lonely": (256, lambda number, family: datagram(53, family, ident=number)[:1]),
}


@proves("S47")
@both_families
@pytest.mark.parametrize("what", FLOODS)
def test_what_one_floods_harms_no_other(switch, what, family):
    """More than a worker remembers. Bad ones give way to what the same guest says next."""
    waiting, makes = FLOODS[what]
    crowd = [data for number in range(1100) for data in makes(number, family)]
    other = datagram(53, family, here=THIRD)
    held = Held(switch, web(), {"peer": crowd}, held=waiting)
    held.says(THIRD, other[::-1], held=waiting)
    assert held.hears(VM) == other
    if what != "lonely":
        own = datagram(53, family, ident=2000)
        held.says(PEER, own, held=0)
        assert held.hears(VM) == other + own
    held.ends()


@proves("S47")
@pytest.mark.parametrize("what", FLOODS)
def test_what_a_wire_floods_harms_no_guest(switch, what):
    config = site([VM.port("web"), THIRD.free()],
                  [group("web", ingress("udp", 53), MUTE)], [WIRED])
    crowd = [data for number in range(1100) for data in FLOODS[what][1](number, 4)]
    tagged = [data[:12] + b"\x81\0" + WIRED.vlan.to_bytes(2, "big") + data[12:] for data in crowd]
    held = Held(switch, config, {WIRED.name: tagged}, held=FLOODS[what][0])
    other = datagram(here=THIRD)
    held.says(THIRD, other, held=FLOODS[what][0])
    assert held.hears(VM) == other
    held.ends()


# Not honest.


BAD = {"admit/fragment-overlap", "admit/fragment-invalid", "admit/fragment-tiny"}


def evil(family):
    """name: (reason, fragments); none of them may come through."""
    data = body(udp(9, 53, LOAD), family)
    stream = body(tcp(9, 80, load=LOAD), family)

    def cut(*cuts, of=data, **words):
        return [piece(of, start, end, family, **words) for start, end in cuts]

    words = {
        "overlap by eight bytes": ("overlap", cut((0, 40), (32, 72), (72, None))),
        "overlap from the other side": ("overlap", cut((40, None), (0, 48))),
        "one inside the other": ("overlap", cut((0, 72), (8, 40), (72, None))),
        "a first one twice, longer": ("overlap", cut((0, 40), (0, 48), (48, None))),
        "a length that is not of eights": ("invalid", cut((0, 44), (48, None))[:1]),
        "tiny first of TCP": ("tiny", cut((0, 8), of=stream, protocol=6)),
        "half a header of TCP": ("tiny", cut((0, 16), of=stream, protocol=6)),
        "beyond 65535": ("invalid", [piece(bytes(65512) + bytes(104), 65512, None, family)]),
    }
    if family == 4:
        words["a second one that begins in the header of TCP"] = \
            ("overlap", cut((8, None), (0, 24), of=stream, protocol=6))
    else:
        chain = bytes(packet(PEER.ip(6), VM.ip(6), IPv6ExtHdrDestOpt(
            options=[PadN(optdata=b"\0" * 12)]) / udp(9, 53, LOAD)))[40:]
        words["an upper header in the second"] = ("tiny", cut((0, 16), of=chain, protocol=60))
    return words


ALL_EVIL = [(family, what) for family in (4, 6) for what in evil(family)]


@proves("S47")
@pytest.mark.parametrize("family,what", ALL_EVIL,
                         ids=[f"IPv{family} {what}" for family, what in ALL_EVIL])
def test_evil_fragments_are_dropped(switch, family, what):
    why, sent = evil(family)[what]
    switch.launches(switch.writes(web(), {"peer": sent}))
    wait_until(lambda: switch.json("stat show")["rx_packets"] == len(sent) and
               f"admit/fragment-{why}" in switch.drops().get("peer", {}), f"a drop by {why}",
               lambda: f"{switch.drops()}\n{switch.json('stat show')}")
    assert switch.hears("vm") == []
    assert is_conserved(switch.json("stat show"))
    assert set(switch.drops()["peer"]) <= BAD
    switch.signals(15)
    assert switch.waits() == 0


@both_families
@pytest.mark.parametrize("what", ("two ends", "an end before what is there", "nothing inside"))
def test_lengths_that_disagree_do_not_pass(switch, what, family):
    """Not even in part; they wait for what cannot come, or are dropped."""
    data = body(udp(9, 53, LOAD), family)
    sent = {
        "two ends": [piece(data, 72, None, family), piece(data, 72, 96, family, more=False),
                     piece(data, 0, 72, family)],
        "an end before what is there": [piece(data, 72, 104, family), piece(
            data, 40, 72, family, more=False), piece(data, 0, 40, family)],
        "nothing inside": [piece(data, 0, 0, family, more=True)],
    }[what]
    switch.launches(switch.writes(web(), {"peer": sent}))
    wait_until(lambda: switch.json("stat show")["rx_packets"] == len(sent), "all have come")
    wait_until(lambda: is_conserved(switch.json("stat show")), "all are booked")
    assert switch.hears("vm") == []
    assert set(switch.drops().get("peer", {})) <= BAD
    switch.signals(15)
    assert switch.waits() == 0


# As many bytes as the end says, but not those: (begin, end, is there more?)
HOLES = {
    "no first one": ((1000, 1104, True), (104, 200, False)),
    "a hole": ((0, 400, True), (1000, 1104, True), (504, 512, False)),
    "a first one, and another end": ((0, 40, True), (96, 136, True), (80, 88, False)),
}


@proves("S47")
@both_families
@pytest.mark.parametrize("what", HOLES)
def test_a_datagram_with_holes_does_not_pass(switch, what, family):
    """Not even where everything may, whatever comes first; nor does it make a connection."""
    data = body(udp(9, 53, bytes(1200)), family)
    sent = [piece(data, start, end, family, more=more, ident=number)
            for number, order in enumerate(itertools.permutations(HOLES[what]))
            for start, end, more in order]
    config = web(ingress(), MUTE)
    config["security-groups"][0]["log"] = True
    switch.launches(switch.writes(config, {"peer": sent}))
    wait_until(lambda: switch.json("stat show")["rx_packets"] == len(sent), "all have come")
    wait_until(lambda: is_conserved(switch.json("stat show")), "all are booked")
    assert (switch.hears("vm"), switch.json("connection list")) == ([], [])
    assert switch.json("log list") == []
    assert switch.drops()["peer"].keys() <= BAD
    switch.signals(15)
    assert switch.waits() == 0


@both_families
def test_a_duplicate_does_no_harm(switch, family):
    """The datagram comes out once, or not at all."""
    sent = datagram(53, family)
    switch.launches(switch.writes(web(), {"peer": [sent[0], sent[0], *sent[1:]]}))
    wait_until(lambda: switch.json("stat show")["rx_packets"] == 4, "all have come")
    wait_until(lambda: switch.hears("vm") in (sent, []), "it is whole")
    dropped = switch.drops()
    assert sum(dropped.get("peer", {}).values()) >= 1 and dropped["peer"].keys() <= BAD
    switch.signals(15)
    assert switch.waits() == 0


@pytest.mark.parametrize("family", (4, 6))
def test_eight_bytes_of_udp_are_not_tiny(switch, family):
    """All that a rule asks for is in them."""
    sent = datagram(53, family, cuts=((0, 8), (8, None)))
    switch.carries(web(), sends={"peer": sent}, delivers={"vm": sent})


def test_a_whole_header_of_tcp_is_not_tiny(switch):
    sent = pieces(tcp(9, 80, load=LOAD), cuts=((0, 24), (24, None)), protocol=6)
    refused = pieces(tcp(9, 80, "SF", load=LOAD), cuts=((0, 24), (24, None)), protocol=6, ident=8)
    switch.carries(web(), sends={"peer": sent + refused}, delivers={"vm": sent},
                   drops={"peer": {"deliver/invalid": 2}})


def test_what_is_refused_in_fragments_makes_no_connection(switch):
    talk = Talk(switch, web())
    talk.refuses(PEER, *datagram(54), why="deliver/not-allowed")
    assert talk.connections() == []
    talk.refuses(VM, *pieces(udp(54, 9, LOAD), here=VM, there=PEER), why=REFUSED["egress"])
    talk.ends()
