# SPDX-License-Identifier: BSD-3-Clause
"""Unfinished packets one by one: where they pass, who they are made whole for, and what is no packet at all."""
import json
import random
import signal
import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Ether

from frames import A, B, C, D, EVERYBODY, frame, mac
from harness import wait_until
from lab.frontend import NetHeader
from offloading import EVERYTHING, Guests, finished, left, load, ones, segments, with_sum
from words import proves

WIRE = "physnet1"
BAD = "worker/bad-offload"
FAR = mac(0xFA)  # behind the wire


def config(guests, ports=("vm1", "vm2"), mtu=1500, host=None, groups=None, **port):
    """Guests 10.0.0.1, ... on VLAN 100 of a wire; where they are is known."""
    macs = dict(zip(ports, (A, B, C, D, mac(0x0E))))
    here = {"physical-network": WIRE, "mtu": mtu}
    return json.loads(json.dumps({
        **({"host": host} if host else {}), **({"security-groups": groups} if groups else {}),
        "physical-networks": [{"name": WIRE, "mtu": mtu}],
        "networks": [{"name": "blue", "type": "vlan", "segment": 100, **here,
                      "static-macs": [{"mac": address, "port": name} for name, address in macs.items()]}],
        "ports": [guests.port(name, "blue", address, addresses=[f"10.0.0.{number + 1}"], **port)
                  for number, (name, address) in enumerate(macs.items())]}))


def tcp(n=14000, src=A, dst=B, sport=1000, flags="PA", **odd):
    return frame(src, dst, IP(src="10.0.0.1", dst="10.0.0.2", flags="DF", **odd) /
                 TCP(sport=sport, dport=80, seq=5, flags=flags) / load(n))


def udp(n, dst=B):
    return frame(A, dst, IP(src="10.0.0.1", dst="10.0.0.2", flags="DF") / UDP(sport=1000, dport=80) / load(n))


@pytest.fixture
def guests(switch):
    guests = Guests(switch)
    yield guests
    guests.ends()


def ends(switch, guests, **counted):
    """All is accounted for; these drops were counted."""
    guests.settle()
    assert {name: drops for name, drops in guests.drops().items() if name != WIRE} == counted
    switch.stops()
    return guests.sent(WIRE)


@proves("S09")
def test_a_flood_is_finished_for_each_who_cannot(switch, guests):
    """One copy passes as it is, one with its checksum undone but cut, and those on the wire are whole."""
    switch.starts(config(guests, ("vm1", "vm2", "vm3")))
    guests.joins("vm1", EVERYTHING)
    guests.joins("vm2", EVERYTHING)
    guests.joins("vm3", "", "csum")
    data = tcp(dst=EVERYBODY)
    for _ in range(2):
        guests.says("vm1", *left(data, 1460))
    guests.settle()
    whole = list(segments(data, 1460))
    passed = guests.news("vm2")
    # The first one is walked, so it is cut: unless the switch has announced the guest by then.
    sizes = [header.gso_size for header, _ in passed]
    assert sizes[-1] == 1460 and sizes[:-1] in ([0] * len(whole), [1460])
    assert [piece for header, one in passed for piece in finished(header, one)] == whole * 2
    assert guests.finished("vm3") == whole * 2
    tagged = [data[:12] + b"\x81\0\0\x64" + data[12:] for data in whole * 2]
    assert ends(switch, guests) == tagged


@proves("S09")
def test_a_guest_that_returns_may_take_less(switch, guests):
    switch.starts(config(guests))
    guests.joins("vm1", EVERYTHING)
    data = tcp()
    for takes, big in ((EVERYTHING, 1460), ("", 0), ("csum tso4", 1460), ("csum", 0)):
        guests.joins("vm2", "", takes)
        guests.says("vm1", *left(tcp(100)))  # the switch knows an answer again
        guests.says("vm1", *left(data, 1460))
        guests.settle()
        news = guests.news("vm2")
        assert {header.gso_size for header, _ in news[1:]} == {big}
        assert [piece for header, one in news[1:] for piece in finished(header, one)] == list(segments(data, 1460))
        guests.leaves("vm2")
    ends(switch, guests)


@proves("S09")
@pytest.mark.parametrize("is_packed", [False, True], ids=["split", "packed"])
@pytest.mark.parametrize("is_mergeable", [True, False], ids=["mergeable", "whole"])
def test_jumbo_segments(switch, guests, is_mergeable, is_packed):
    """Segments that are larger than a buffer, to a guest that takes nothing and to the wire."""
    switch.starts(config(guests, mtu=9000))
    guests.joins("vm1", EVERYTHING, packed=is_packed)
    guests.joins("vm2", "", packed=is_packed, mergeable=is_mergeable)
    to_guest, to_wire = tcp(60000), tcp(60000, dst=FAR)
    for _ in range(2):
        guests.says("vm1", *left(to_guest, 8960), cut=60)
        guests.says("vm1", *left(to_wire, 8960), cut=9)
    guests.settle()
    assert [one for one in guests.finished("vm2") if one[:6] == to_guest[:6]] == list(segments(to_guest, 8960)) * 2
    heard = ends(switch, guests)
    assert heard == [data[:12] + b"\x81\0\0\x64" + data[12:] for data in list(segments(to_wire, 8960)) * 2]
    assert max(map(len, heard)) == 9018


@proves("S09")
def test_extension_headers(switch, guests):
    """Where they stand before TCP, checksums are made all the same, also for who takes them undone."""
    switch.starts(config(guests))
    guests.joins("vm1", EVERYTHING)
    guests.joins("vm2", EVERYTHING)
    head = IPv6(src="fd00::1", dst="fd00::2") / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt()
    sent = []
    for flags, n, size in (("A", 300, 0), ("PA", 6000, 1400)) * 2:
        data = frame(A, B, head / TCP(sport=9, dport=80, seq=1, flags=flags) / load(n))
        whole = bytearray(data)
        pseudo = Ether(data)
        pseudo[TCP].chksum = None
        body = len(data) - n
        struct.pack_into("!H", whole, body - 4, pseudo_of(data, body - 20))
        guests.says("vm1", NetHeader(1, 4 if size else 0, body, size, body - 20, 16), bytes(whole))
        sent += [(data[:body], load(n)[at:at + (size or n)]) for at in range(0, n, size or n)]
    guests.settle()
    heard = guests.news("vm2")
    assert [one[-len(part):] for (_, one), (_, part) in zip(heard, sent, strict=True)] == [part for _, part in sent]
    for header, one in heard:
        assert header.flags == 0
        again = Ether(one)
        del again[TCP].chksum
        assert bytes(again) == one
    ends(switch, guests)


def pseudo_of(data, l4):
    return ones(data[22:54] + struct.pack("!HH", 6, len(data) - l4))


GROUPS = [{"name": "web", "rules": [{"direction": "ingress", "protocol": "tcp", "ports": "80"},
                                    {"direction": "egress"}]}]


@proves("S09", "S33")
def test_security_groups_judge_unfinished_packets(switch, guests):
    """Both ends are filtered. What is not let in is dropped; the FIN of a large packet ends its connection."""
    switch.starts(config(guests, groups=GROUPS, **{"security-groups": ["web"], "port-security": True}))
    for name in ("vm1", "vm2"):
        guests.joins(name, EVERYTHING)

    def back(flags, **odd):
        return left(frame(B, A, IP(src="10.0.0.2", dst="10.0.0.1", flags="DF") /
                          TCP(sport=80, dport=1000, flags=flags, **odd)))

    guests.says("vm1", *left(tcp(0, flags="S")))
    guests.settle()
    guests.says("vm2", *back("SA", seq=9, ack=6))
    guests.settle()
    for _ in range(3):
        guests.says("vm1", *left(tcp(), 1460))
    guests.settle()
    assert [row["state"] for row in switch.json("connection list")] == ["ESTABLISHED"]
    sizes = [header.gso_size for header, _ in guests.news("vm2")]
    assert sizes == [0] + [0] * 10 + [1460] * 2
    guests.says("vm1", *left(tcp(flags="FPA"), 1460))
    guests.settle()
    assert [row["state"] for row in switch.json("connection list")] == ["FIN_WAIT"]
    assert guests.finished("vm2") == list(segments(tcp(flags="FPA"), 1460))
    forbidden = frame(A, B, IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=9, dport=81, flags="A") / load(9000))
    for _ in range(2):
        guests.says("vm1", *left(forbidden, 1460))
    guests.settle()
    assert guests.news("vm2") == []
    # Each of the segments that were walked is one, and then the packet as a whole.
    assert guests.drops()["vm1"]["deliver/not-allowed"] == 7 + 1
    switch.stops()


# What is no packet.

LIES = {
    "segments of one byte": (NetHeader(1, 1, 54, 1, 34, 16), tcp()),
    "a SYN to be cut": (NetHeader(1, 1, 54, 1460, 34, 16), tcp(flags="S")),
    "a RST to be cut": (NetHeader(1, 1, 54, 1460, 34, 16), tcp(flags="R")),
    "IPv4 says more than there is": (NetHeader(1, 0, 0, 0, 34, 16), tcp(100, len=1000)),
    "IPv4 says less than its header": (NetHeader(1, 0, 0, 0, 34, 16), tcp(100, len=19)),
    "IPv4 says that TCP is cut off": (NetHeader(1, 1, 54, 1460, 34, 16), tcp(100, len=39)),
    "UDP says more than there is": (NetHeader(1, 0, 0, 0, 34, 6), udp(100)[:38] + b"\x04\0" + udp(100)[40:]),
    "fragments of seven bytes": (NetHeader(1, 3, 42, 7, 34, 6), udp(3000)),
}
# What is odd, but somebody may mean it: it is what it would be without its header, or with a right one.
ODD = {
    "gso_size 0": (NetHeader(1, 1, 54, 0, 34, 16), tcp(300), True),
    "TSO for IPv6": (NetHeader(1, 4, 54, 1460, 34, 16), tcp(1460), True),
    "UFO of TCP": (NetHeader(1, 3, 54, 1460, 34, 16), tcp(300), True),
    "TSO of UDP": (NetHeader(0, 1, 54, 1460, 34, 16), with_sum(udp(300)), True),
    "an unknown kind": (NetHeader(0, 77, 54, 1460, 34, 16), with_sum(tcp(300)), True),
    "the sum begins at the Ethernet header": (NetHeader(1, 0, 0, 0, 0, 0), tcp(300), True),
    "the sum begins behind the end": (NetHeader(1, 0, 0, 0, 60000, 2), frame(A, B, "x", ethertype=0x806), False),
    "no need of a sum": (NetHeader(0, 0, 54, 1460, 34, 16), tcp(300), False),
    "header length is nonsense": (NetHeader(1, 1, 60000, 1460, 34, 16), tcp(1460), True),
    "flags that nobody knows": (NetHeader(0xF9, 0, 0, 0, 34, 16), tcp(300), True),
}


@proves("S09")
@pytest.mark.parametrize("takes", [EVERYTHING, ""], ids=["everything", "nothing"])
def test_headers_are_not_believed(switch, guests, takes):
    """First without an answer that is known, then with one."""
    switch.starts(config(guests))
    guests.joins("vm1", EVERYTHING)
    guests.joins("vm2", EVERYTHING, takes)
    for turn in (1, 2):
        for number, (what, (header, data)) in enumerate(LIES.items()):
            guests.says("vm1", header, data)
            guests.settle()
            assert guests.news("vm2") == [], what
            assert guests.drops()["vm1"] == {BAD: (turn - 1) * len(LIES) + number + 1}, what
        for what, (header, data, is_summed) in ODD.items():
            guests.says("vm1", header, data)
            guests.settle()
            assert guests.finished("vm2") == [with_sum(data) if is_summed else data], what
    ends(switch, guests, vm1={BAD: 2 * len(LIES)})


@proves("S09")
@pytest.mark.parametrize("is_packed", [False, True], ids=["split", "packed"])
def test_noise(switch, guests, is_packed):
    """Random headers, and packets in which bytes are others: nothing too large leaves, and all is accounted for."""
    dice = random.Random(22)
    switch.starts(config(guests))
    guests.joins("vm1", EVERYTHING, packed=is_packed, indirect=is_packed)
    guests.joins("vm2", "", "csum tso6")
    for _ in range(1500):
        data = bytearray(dice.choice((tcp, udp))(dice.choice((0, 7, 300, 1400, 4000)), dst=dice.choice((B, FAR))))
        for _ in range(dice.choice((0, 0, 1, 2, 5))):
            data[12 + dice.randrange(min(len(data) - 12, 60))] = dice.randrange(256)
        header = NetHeader(dice.choice((0, 1, 1, 255)), dice.choice((0, 1, 3, 4, 0x81, 5)), dice.choice((0, 54, 65535)),
                        dice.choice((0, 1, 8, 100, 1400, 1460, 65535)), dice.choice((0, 14, 34, 60, 5000, 65535)),
                        dice.choice((0, 6, 16, 2000, 65535)))
        guests.says("vm1", header, bytes(data[:dice.choice((15, 60, 1 << 16))]))
    guests.settle()
    assert max(len(one) for _, one in guests.news("vm2")) <= 1514
    guests.says("vm1", *left(tcp(100)))
    guests.settle()
    assert guests.finished("vm2") == [with_sum(tcp(100))]
    assert BAD in guests.drops()["vm1"]
    switch.stops()
    assert max(map(len, guests.sent(WIRE))) <= 1518


@proves("S09")
def test_when_buffers_run_out(switch, guests):
    """Large packets to everybody, faster than there are buffers: some are lost, then all is as it was."""
    ports = ("vm1", "vm2", "vm3", "vm4", "vm5")
    switch.starts(config(guests, ports, host={"memory": "8M"}))
    for name in ports:
        guests.joins(name, EVERYTHING)
    before = switch.json("status")["buffers"]
    header, data = left(tcp(64000, dst=EVERYBODY), 1460)
    for _ in range(2):
        switch.signals(signal.SIGSTOP)
        for _ in range(60):
            guests.cards["vm1"].sends(data, header, most=61)
        switch.signals(signal.SIGCONT)
        wait_until(guests.cards["vm1"].is_sent, "the switch has taken all")
    guests.listen()
    switch.fed = switch.json("stat show")["rx_packets"]
    guests.settle()
    guests.news("vm2")
    drops = guests.drops()
    assert "worker/no-buffer" in drops["vm1"] and "worker/tx-full" in drops["vm2"]
    for _ in range(5):
        guests.says("vm1", *left(tcp(), 1460))
    guests.settle()
    assert guests.finished("vm2") == list(segments(tcp(), 1460)) * 5
    assert switch.json("status")["buffers"] == before
    switch.stops()
