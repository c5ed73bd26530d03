# SPDX-License-Identifier: BSD-3-Clause
"""Offloads of guests change speed and nothing else.

The same packets take the same ways twice: once from guests that leave checksums and cutting to the
switch, to guests that take them so, and once from guests that do everything themselves. What is
heard at each port, and what is on the wire, must be the same, byte by byte.
"""
import json
import re
import struct
from collections import Counter
from dataclasses import dataclass, field

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6

from frames import frame, mac
from lab.frontend import NetHeader
from offloading import EVERYTHING, Guests, finished, left, load, tells, with_sum, without_chance
from words import proves

WIRE = "physnet1"
VTEP, ENDPOINT = ("02:ee:00:00:00:02", "192.0.2.2"), ("02:ee:00:00:00:01", "192.0.2.1")
R1_IN, R1_RED, R1_OUT = "02:ee:00:00:01:01", "02:ee:00:00:01:02", "02:ee:00:00:01:08"
ISP, FAR, NEAR = (mac(0x850), "203.0.113.80"), mac(0xFA), (mac(0x851), "203.0.113.81")
GATE, FLOATING = "203.0.113.2", "203.0.113.10"


@dataclass
class Way:
    """From a guest to another one, or to somebody behind the wire."""
    name: str
    sender: str  # port
    src: tuple   # MAC and addresses of both families
    dst: tuple
    mtu: int = 1500
    families: tuple = (4, 6)

    def frame(self, family, inside, **odd):
        at = 1 if family == 4 else 2
        head = IP(src=self.src[at], dst=self.dst[at], id=65530, flags=odd.pop("flags", "DF"), **odd) \
            if family == 4 else IPv6(src=self.src[at], dst=self.dst[at], **odd)
        return frame(self.src[0], self.dst[0], head / inside)


def host(number, network):
    return mac(0x100 * network + number), f"10.0.{network}.{number}", f"fd00:{network}::{number:x}"


def at(mac_, ip):
    return mac_, ip, "2001:db8::1"


BLUE1, BLUE2, BLUE9 = (host(n, 1) for n in (1, 2, 9))
OVER1, OVER2, OVER9 = (host(n, 2) for n in (1, 2, 9))
TOLD1, TOLD9 = (host(n, 3) for n in (1, 9))
IN1, IN2, RED1 = host(1, 4), host(2, 4), host(1, 5)
WAYS = [
    Way("bridge", "blue1", BLUE1, BLUE2),
    Way("vlan", "blue1", BLUE1, (FAR, *BLUE9[1:])),
    Way("vxlan", "over1", OVER1, (FAR, *OVER9[1:]), 1450),
    Way("overlay", "over1", OVER1, OVER2, 1450),
    Way("gre", "told1", TOLD1, (FAR, *TOLD9[1:]), 1458),
    Way("router", "in1", IN1, (R1_IN, *RED1[1:])),
    Way("snat", "in1", IN1, at(R1_IN, "198.51.100.7"), families=(4,)),
    Way("snat to a guest", "in1", IN1, at(R1_IN, NEAR[1]), families=(4,)),
    Way("floating ip", "in2", IN2, at(R1_IN, "198.51.100.8"), families=(4,)),
    Way("floating ip to a guest", "in2", IN2, at(R1_IN, NEAR[1]), families=(4,)),
]
SENDERS = list(dict.fromkeys(way.sender for way in WAYS))
HEARERS = ["blue2", "over2", "red1", "near"]


def config(guests):
    config = networks(guests)
    for network in config["networks"]:
        network["static-macs"] = [{"mac": port["mac"], "port": port["name"]} for port in config["ports"]
                                  if port["network"] == network["name"]]
    return json.loads(json.dumps(config))


def networks(guests):
    here = {"physical-network": WIRE}
    peers = {"peers": [VTEP[1]]}
    return {
        "physical-networks": [{"name": WIRE}],
        "tunnel-endpoint": {**here, "mac": ENDPOINT[0], "address": f"{ENDPOINT[1]}/24"},
        "networks": [
            {"name": "blue", "type": "vlan", "segment": 100, **here},
            {"name": "over", "type": "vxlan", "segment": 1001, **peers,
             "neighbours": [{"mac": FAR, "at": VTEP[1]}]},
            {"name": "told", "type": "gre", "segment": 1002, **peers,
             "neighbours": [{"mac": FAR, "at": VTEP[1]}]},
            {"name": "in", "type": "local"}, {"name": "red", "type": "local"},
            {"name": "public", "type": "vlan", "segment": 200, "external": True, **here}],
        "ports": [guests.port("blue1", "blue", BLUE1[0]), guests.port("blue2", "blue", BLUE2[0]),
                  guests.port("over1", "over", OVER1[0]), guests.port("over2", "over", OVER2[0]),
                  guests.port("told1", "told", TOLD1[0]),
                  guests.port("in1", "in", IN1[0], addresses=list(IN1[1:])),
                  guests.port("in2", "in", IN2[0], addresses=list(IN2[1:])),
                  guests.port("red1", "red", RED1[0], addresses=list(RED1[1:])),
                  guests.port("near", "public", NEAR[0], addresses=[NEAR[1]])],
        "routers": [{"name": "r1", "interfaces": [
            {"network": "in", "address": "10.0.4.254/24", "mac": R1_IN},
            {"network": "in", "address": "fd00:4::fe/64", "mac": R1_IN},
            {"network": "red", "address": "10.0.5.254/24", "mac": R1_RED},
            {"network": "red", "address": "fd00:5::fe/64", "mac": R1_RED}],
            "gateway": {"network": "public", "address": f"{GATE}/24", "mac": R1_OUT,
                        "next-hop": ISP[1], "snat": True},
            "floating-ips": [{"address": FLOATING, "port": "in2"}]}]}


def news_of_the_wire():
    """So that nobody has to be asked, and nothing is flooded."""
    return [frame(FAR, BLUE1[0], vlan=100), tells(*VTEP, *ENDPOINT),
            frame(ISP[0], R1_OUT, tells(*ISP, R1_OUT, GATE)[14:], vlan=200, ethertype=0x0806),
            frame(ISP[0], NEAR[0], vlan=200)]


# What guests leave undone: by name what (header, frame) they send on a way.


def plain(way, family, port):
    data = with_sum(way.frame(family, TCP(sport=port, dport=80, seq=7, flags="A") / load(100)))
    return NetHeader(), data


def checksum(way, family, port):
    return left(way.frame(family, TCP(sport=port, dport=80, seq=7, flags="PA") / load(333)))


def datagram(way, family, port):
    return left(way.frame(family, UDP(sport=port, dport=80) / load(1001)))


def tso(way, family, port, bits="PA", less=0, **odd):
    """As large segments as the way takes, and some bytes more than nine of them."""
    size = way.mtu - (40 if family == 4 else 60) - 12 - less
    options = [("NOP", 0), ("NOP", 0), ("Timestamp", (1, 2))]
    data = way.frame(family, TCP(sport=port, dport=80, seq=0xFFFFF000, flags=bits, options=options) /
                     load(9 * size + 77), **odd)
    return left(data, size, ecn="C" in bits)


def congested(way, family, port):
    """CWR is for the first segment only; FIN and PSH for the last."""
    return tso(way, family, port, bits="FPAC", less=3)


def ufo(way, family, port):
    size = (way.mtu - (20 if family == 4 else 48)) // 8 * 8
    return left(way.frame(family, UDP(sport=port, dport=80) / load(4 * size + 51), flags=0)
                if family == 4 else way.frame(family, UDP(sport=port, dport=80) / load(4 * size + 51)), size)


def too_big(way, family, port):
    """Who sends segments that do not fit hears of each of them; the rest, which is shorter, passes."""
    return tso(way, family, port, less=-1)


def to_be_fragmented(way, family, port):
    return tso(way, family, port, less=-9, **({"flags": 0} if family == 4 else {}))


KINDS = [plain, checksum, datagram, tso, congested, ufo, too_big, to_be_fragmented]
# The first packets of a flow are walked, those behind them are not.
TWICE = 2


def packets():
    """(sender, header, frame) of all kinds on all ways."""
    for way in WAYS:
        for kind in KINDS:
            for family in way.families:
                header, data = kind(way, family, port_of(way, kind, family))
                for _ in range(TWICE):
                    yield way.sender, header, data


def arrives(frames):
    """(way, kind, family): how many of the frames begin with its ports."""
    seen = Counter(word for data in frames for word in set(re.findall(rb"[\4-\x0e].\0\x50", data, re.S)))
    return {(way.name, kind.__name__, family): seen[struct.pack("!HH", port_of(way, kind, family), 80)]
            for way in WAYS for kind in KINDS for family in way.families}


def port_of(way, kind, family):
    return 1024 + WAYS.index(way) * 256 + KINDS.index(kind) * 16 + family


@dataclass
class Heard:
    """What a run came to."""
    frames: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    ports: dict = field(default_factory=dict)
    drops: dict = field(default_factory=dict)


def run(switch, leaves, takes, **ring):
    """All packets, by guests that leave that to us; or that leave nothing, and send what is finished."""
    guests, heard = Guests(switch), Heard()
    switch.starts(config(guests), {WIRE: news_of_the_wire()})
    try:
        for name in SENDERS + HEARERS:
            guests.joins(name, leaves, takes, **ring)
        for sender, header, data in packets():
            if leaves:
                guests.says(sender, header, data)
            else:
                for piece in finished(header, data):
                    guests.says(sender, NetHeader(), piece)
        guests.settle()
        for name in SENDERS + HEARERS:
            news = guests.news(name)
            heard.headers[name] = [header for header, _ in news]
            heard.frames[name] = [without_chance(piece) for header, data in news
                                  for piece in finished(header, data)]
        heard.ports = {name: switch.json("port", "show", name) for name in SENDERS + HEARERS}
        heard.drops = guests.drops()
        switch.stops()
        heard.frames[WIRE] = [without_chance(data) for data in guests.sent(WIRE)]
        return heard
    finally:
        guests.ends()


@proves("S09", "S23", "S30", "S42", "S43")
@pytest.mark.parametrize("takes", [EVERYTHING, "csum", "csum tso4", ""], ids=lambda takes: takes or "nothing")
@pytest.mark.parametrize("is_mergeable", [True, False], ids=["mergeable", "whole"])
@pytest.mark.parametrize("is_packed", [False, True], ids=["split", "packed"])
def test_an_offload_changes_nothing_but_speed(switch, is_packed, is_mergeable, takes):
    """takes: what the receivers take unfinished."""
    ring = {"packed": is_packed, "mergeable": is_mergeable, "indirect": is_packed}
    ours = run(switch, EVERYTHING, takes, **ring)
    without = run(switch.another(), "", "", **ring)
    for name, frames in without.frames.items():
        assert len(ours.frames[name]) == len(frames), name
        for number, (one, other) in enumerate(zip(ours.frames[name], frames)):
            assert one.hex(" ") == other.hex(" "), f"{name}: frame {number}"
    for (way, kind, family), n in arrives(ours.frames[WIRE] + [
            data for name in HEARERS for data in ours.frames[name]]).items():
        pieces = {"tso": 10, "congested": 10, "to_be_fragmented": n // TWICE}.get(kind, 1)
        assert n == TWICE * pieces, (way, kind, family)
    assert {name: set(why) for name, why in ours.drops.items()} == \
        {name: set(why) for name, why in without.drops.items()}
    assert max(map(len, ours.frames[WIRE])) <= 1518
    big = {header.gso_type & 0x7F for name in HEARERS for header in ours.headers[name]}
    assert big == {"": {0}, "csum": {0}, "csum tso4": {0, 1}, EVERYTHING: {0, 1, 3, 4}}[takes]
    assert {bool(header.flags) for name in HEARERS for header in ours.headers[name]} == {False, bool(takes)} | {False}
    shown = ours.ports["blue1"]
    assert shown["rx_offloads"] == ["checksum", "tso4", "tso6", "ecn", "ufo"]
    assert shown["tx_offloads"] == takes.replace("csum", "checksum").split()
    assert shown["packets_cut"] > 10 and shown["pieces_made"] > 9 * 10 and shown["checksums_made"] > 5
