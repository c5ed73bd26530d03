# SPDX-License-Identifier: BSD-3-Clause
"""Whom a router does not know, it asks for; packets wait for the answer, in order, and not for ever.

NEXT is in red and nobody said, in the configuration, who it is; WITNESS hears what is asked there.
"""
import pytest

from frames import EVERYBODY, frame
from routing import (FRIEND, ISP, NEXT, NO_HOST, NOBODY, R1, VM1, VM2, Host, announced, answer, begins, both_families,
                     carries, ours, question, site)
from secure import packet, udp
from words import proves

WITNESS = Host("witness", "red", 29)
LAST = Host("last", "blue", 12)       # who speaks when all others have
ABSENT = Host("absent", "red", 77)
BOTH = R1.on("blue", "red")


def config(*ports, router=BOTH, knows=(NEXT,)):
    return site([VM1, *ports, WITNESS, NEXT.silent()], [router], knows=knows)


def asked(host=NEXT, family=4):
    return R1.looks_for(host.network, host.ip(family))


def hears_once(switch, *hosts):
    """A slow machine may ask again before the answer comes: what is repeated is not heard."""
    for host in hosts:
        switch.ears[host.name] = lambda frames: [
            ours(data) for place, data in enumerate(frames)
            if announced(data) is None and (
                data[6:8] != b"\x02\xee" or data not in frames[:place] or not is_question(data))]


def is_question(data):
    return data[12:14] == b"\x08\x06" or data[12:14] == b"\x86\xdd" and data[20] == 58 and data[54] == 135


def learned(switch, host, family):
    """What the list says of it: {(network, MAC)}"""
    return {(row["scope"], row["mac"]) for row in switch.json("neighbour list")
            if row["address"] == host.ip(family)}


# Asking.


@proves("S40")
@both_families
def test_packets_wait_for_the_answer(switch, family):
    """All see the question, once; the answer goes no further; what waited keeps its order."""
    hears_once(switch, WITNESS, NEXT)
    sends = [VM1.says(R1, NEXT, udp(1000 + number % 3, 80, bytes([number]) * 9), family) for number in range(20)]
    begins(switch, config(), sends={VM1: sends, NEXT: [NEXT.answers(R1, family)]})
    assert learned(switch, NEXT, family) == {("red", NEXT.mac)}
    switch.ends(drops={"next": {"answer/taken": 1}}, delivers={
        "witness": [asked(family=family)],
        "next": [asked(family=family)] + [R1.routes(data, NEXT) for data in sends]})


@proves("S40")
@both_families
def test_who_was_asked_for_once_is_known(switch, family):
    """To a third one as well, and from then on nobody is asked."""
    hears_once(switch, WITNESS, NEXT)
    hears_once(switch, VM2)
    one, two, three = (host.says(R1, NEXT, udp(1, 2), family) for host in (VM1, VM2, LAST))
    entry = site([VM1, VM2, WITNESS, NEXT.silent(), LAST], [BOTH], knows=(NEXT,))
    begins(switch, entry, sends={VM1: [one], VM2: [two], NEXT: [NEXT.answers(R1, family)], LAST: [three] * 2})
    switch.ends(drops={"next": {"answer/taken": 1}}, delivers={
        "witness": [asked(family=family)], "vm2": [asked(family=family)],
        "next": [asked(family=family)] + [R1.routes(data, NEXT) for data in (one, two, three, three)]})


@proves("S40")
@both_families
def test_it_is_the_next_hop_that_is_asked_for(switch, family):
    """Whatever lies behind it, with one question for all; in the gateway's network, too."""
    hears_once(switch, WITNESS, NEXT, ISP)
    inner = {4: ("172.16.0.0/12", "172.16.1.1", "172.16.1.2"),
             6: ("2001:db8:aaaa::/48", "2001:db8:aaaa::1", "2001:db8:aaaa::2")}[family]
    outer = {4: "198.51.100.7", 6: "2600::7"}[family]
    router = R1.on("blue", "red", routes=[(inner[0], NEXT.ip(family))], gateway=("public", ISP.ip(family)))
    across, out = [VM1.says(R1, there) for there in inner[1:]], VM1.says(R1, outer)
    entry = site([VM1, WITNESS, NEXT.silent(), ISP.silent()], [router], knows=(NEXT, ISP))
    begins(switch, entry, sends={VM1: [*across, out], NEXT: [NEXT.answers(R1, family)],
                                 ISP: [ISP.answers(R1, family)]})
    switch.ends(drops={"next": {"answer/taken": 1}, "isp": {"answer/taken": 1}}, delivers={
        "witness": [asked(family=family)],
        "next": [asked(family=family)] + [R1.routes(data, NEXT) for data in across],
        "isp": [asked(ISP, family), R1.routes(out, ISP)]})


@proves("S40")
@both_families
def test_one_that_waits_holds_up_nobody_else(switch, family):
    """VM2 is known and hears at once what was sent behind a packet that waits."""
    hears_once(switch, WITNESS, NEXT, VM2)
    slow, quick = VM1.says(R1, NEXT, udp(1, 2), family), VM1.says(R1, VM2, udp(1, 2), family)
    begins(switch, config(VM2), sends={VM1: [slow, quick, quick], NEXT: [NEXT.answers(R1, family)]})
    switch.ends(drops={"next": {"answer/taken": 1}}, delivers={
        "witness": [asked(family=family)], "vm2": [R1.routes(quick, VM2)] * 2 + [asked(family=family)],
        "next": [asked(family=family), R1.routes(slow, NEXT)]})


@proves("S40")
@both_families
def test_nobody_answers(switch, family):
    """Three questions, then the sender is told that there is no such host."""
    data = VM1.says(R1, ABSENT, udp(1, 2), family)
    carries(switch, config(), sends={VM1: [data]}, drops={VM1: {"route/no-neighbour": 1}},
            delivers={WITNESS: [asked(ABSENT, family)] * 3, NEXT: [asked(ABSENT, family)] * 3,
                      VM1: [R1.complains(data, NO_HOST[family], VM1)]})


@proves("S40")
def test_several_wait_in_vain(switch):
    """Each is a drop of its sender's port; at least the first of each sender is told."""
    sends = {host: [host.says(R1, ABSENT, udp(1, port)) for port in range(10, 15)] for host in (VM1, FRIEND)}
    begins(switch, config(FRIEND), sends=sends)
    for host, frames in sends.items():
        told = [R1.complains(data, NO_HOST[4], host) for data in frames]
        heard = switch.hears(host.name)
        assert heard and heard == told[:len(heard)]
    switch.ends(drops={"vm1": {"route/no-neighbour": 5}, "friend": {"route/no-neighbour": 5}},
                delivers={"vm1": switch.hears("vm1"), "friend": switch.hears("friend"),
                          "witness": [asked(ABSENT)] * 3, "next": [asked(ABSENT)] * 3})


@proves("S40")
def test_no_error_for_an_error_or_a_fragment_that_waited_in_vain(switch):
    complaint = NO_HOST[4] / bytes(packet(ABSENT.ip(), VM1.ip(), udp(1, 2)))
    silent = [VM1.says(R1, ABSENT, b"weft" * 4, proto=17, frag=5), VM1.says(R1, ABSENT, complaint)]
    carries(switch, config(), sends={VM1: silent}, drops={VM1: {"route/no-neighbour": 2}},
            delivers={WITNESS: [asked(ABSENT)] * 3, NEXT: [asked(ABSENT)] * 3})


@proves("S40")
def test_who_answers_late_is_known_all_the_same(switch):
    """After a failure, a word of the host itself is enough."""
    data = VM1.says(R1, NEXT)
    begins(switch, config(), sends={VM1: [data]})
    again = switch.reopens(config_of(switch), "next", [NEXT.asks(R1)])
    switch.applies(again)
    switch.applies(switch.reopens(again, "vm1", [data]))
    assert R1.tells(NEXT) in switch.hears("next-") and R1.routes(data, NEXT) in switch.hears("next-")
    heard = {name: switch.hears(name) for name in switch.devices}
    assert R1.routes(data, NEXT) not in heard["next"]
    switch.ends(delivers=heard, drops={"vm1": {"route/no-neighbour": 1}})


def config_of(switch):
    """The same configuration as at the start, with the devices that it has now."""
    entry = config()
    for port in entry["ports"]:
        port["device"] = switch.devices[port["name"]]
    return entry


# Learning.


def first(*hosts):
    """NEXT speaks before VM1 does."""
    return site([NEXT.silent(), *hosts, VM1], [BOTH], knows=(NEXT,))


UNSOLICITED = {
    "ARP request": (4, NEXT.asks(R1)),
    "ARP request to its MAC": (4, NEXT.asks(R1, to=R1.mac("red"))),
    "ARP reply": (4, NEXT.answers(R1)),
    "NS": (6, NEXT.asks(R1, 6)),
    "NS to its MAC": (6, NEXT.asks(R1, 6, to=R1.mac("red"))),
}


@proves("S40")
@pytest.mark.parametrize("word", UNSOLICITED)
def test_who_spoke_to_the_router_is_not_asked_for(switch, word):
    family, said = UNSOLICITED[word]
    data = VM1.says(R1, NEXT, udp(1, 2), family)
    begins(switch, first(WITNESS), sends={NEXT: [said], VM1: [data] * 2})
    assert learned(switch, NEXT, family) == {("red", NEXT.mac)}
    heard = switch.hears("next")
    assert heard[-2:] == [R1.routes(data, NEXT)] * 2
    assert len(heard) == (2 if word == "ARP reply" else 3)
    switch.ends(delivers={"next": heard},
                drops={"next": {"answer/taken": 1}} if word == "ARP reply" else {})


@proves("S40")
@both_families
def test_a_host_that_has_a_new_mac_gets_its_packets_there(switch, family):
    """The same flow before and after: NEXT fails over to another port."""
    spare, there = Host("spare", "red", 22), R1.mac("red")
    data, again = (host.says(R1, NEXT, udp(1, 2), family) for host in (VM1, LAST))
    entry = site([NEXT.silent(), VM1, spare.silent(), LAST], [BOTH], knows=(NEXT, spare))
    begins(switch, entry, sends={NEXT: [NEXT.asks(R1, family, to=there)], VM1: [data] * 2, LAST: [again] * 2,
                                 spare: [question(spare.mac, NEXT.ip(family), R1.ip("red", family), there)]})
    assert learned(switch, NEXT, family) == {("red", spare.mac)}
    heard = {name: switch.hears(name) for name in ("next", "spare")}
    assert heard["next"][1:] == [R1.routes(data, NEXT)] * 2
    assert heard["spare"][1:] == [R1.routes(again, spare)] * 2
    switch.ends(delivers=heard)


@proves("S11", "S40")
@both_families
def test_what_is_said_in_another_network_teaches_nothing(switch, family):
    """Somebody in blue says that it has an address of red. Nobody believes it."""
    hears_once(switch, WITNESS, NEXT)
    liar = Host("liar", "blue", 13)
    lie = answer(liar.mac, NEXT.ip(family), R1.mac("blue"), R1.ip("blue", family))
    data = VM1.says(R1, NEXT, udp(1, 2), family)
    entry = site([liar, VM1, WITNESS, NEXT.silent()], [BOTH], knows=(NEXT,))
    begins(switch, entry, sends={liar: [lie], VM1: [data], NEXT: [NEXT.answers(R1, family)]})
    assert switch.hears("liar") == []
    assert switch.hears("next") == [asked(family=family), R1.routes(data, NEXT)]
    switch.ends(delivers={"next": switch.hears("next"), "witness": [asked(family=family)]},
                drops={"liar": {"answer/taken": 1}, "next": {"answer/taken": 1}})


@proves("S33", "S40")
@both_families
def test_a_secured_guest_cannot_be_another(switch, family):
    """Its lie is dropped before anybody learns of it, and the router asks."""
    hears_once(switch, WITNESS, NEXT, Host("liar", "red", 13))
    liar = Host("liar", "red", 13)
    port = {key: value for key, value in liar.port("open").items()}
    lie = answer(liar.mac, NEXT.ip(family), R1.mac("red"), R1.ip("red", family))
    data = VM1.says(R1, NEXT, udp(1, 2), family)
    entry = site([port, VM1, WITNESS, NEXT.silent()], [BOTH], knows=(NEXT,),
                 security_groups=[{"name": "open", "rules": [{"direction": "ingress"}]}])
    begins(switch, entry, sends={liar: [lie], VM1: [data], NEXT: [NEXT.answers(R1, family)]})
    assert switch.hears("liar") == [asked(family=family)]
    switch.ends(delivers={"liar": [asked(family=family)], "witness": [asked(family=family)],
                          "next": [asked(family=family), R1.routes(data, NEXT)]},
                drops={"liar": {"admit/arp-spoofed" if family == 4 else "admit/ip-spoofed": 1},
                       "next": {"answer/taken": 1}})


BAD = {
    "from another link": lambda good: good[:14 + 7] + b"\xFE" + good[14 + 8:],
    "with a wrong checksum": lambda good: good[:-1] + bytes([good[-1] ^ 1]),
    "cut off": lambda good: good[:14 + 40 + 12],
}


@proves("S40")
@pytest.mark.parametrize("trouble", BAD)
def test_an_advertisement_that_is_not_valid_teaches_nothing(switch, trouble):
    """RFC 4861, 7.1.2."""
    hears_once(switch, NEXT, WITNESS)
    said = BAD[trouble](NEXT.answers(R1, 6))
    data = VM1.says(R1, NEXT, udp(1, 2), 6)
    last = Host("last", "red", 23)
    entry = site([NEXT.silent(), VM1, WITNESS, last.silent()], [BOTH], knows=(NEXT, last))
    truth = answer(last.mac, NEXT.ip(6), R1.mac("red"), R1.ip("red", 6))
    begins(switch, entry, sends={NEXT: [said], VM1: [data], last: [truth]})
    assert R1.routes(data, last) in switch.hears("last")
    assert switch.hears("next") == [asked(family=6)]
    assert sum(switch.drops()["next"].values()) == 1


@pytest.mark.parametrize("owner", ("01:00:5e:00:00:01", EVERYBODY, NOBODY, R1.mac("red")))
def test_only_a_mac_that_a_host_can_have_is_believed(switch, owner):
    """Else the router asks as if nothing had been said."""
    lie = answer(owner, NEXT.ip(), R1.mac("red"), R1.ip("red"))
    begins(switch, first(), sends={NEXT: [frame(NEXT.mac, R1.mac("red"), lie[14:], ethertype=0x0806)],
                                   VM1: [VM1.says(R1, NEXT)]})
    assert ("red", owner) not in learned(switch, NEXT, 4)
    assert set(switch.hears("next")) == {asked()}
    assert switch.drops()["vm1"] == {"route/no-neighbour": 1}
