# SPDX-License-Identifier: BSD-3-Clause
"""Ports of guests by the hundred, without guests: scripted front ends speak vhost-user (lab/frontend.py)."""
import socket
import statistics
import time

import pytest
import yaml
from scapy.layers.l2 import ARP, Ether

from lab.frontend import MRG_RXBUF, P_RARP, SEND_RARP, Frontend, Message, bits
from lab.process import SCALE, wait_until
from lab.site import Site
from lab.traffic import Stream

proves = pytest.mark.proves

OURS, RARP = b"\x88\xb5", b"\x80\x35"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


class Guest(Frontend):
    """A small one, of an old QEMU, that listens frame by frame."""

    def __init__(self, path, listens, mergeable=True):
        super().__init__(path, listens, size=64, mergeable=mergeable, protocol=(P_RARP,))
        self.heard = []

    def next(self, patience=1.0):
        """The next frame, or None."""
        deadline = time.monotonic() + patience * SCALE
        while not self.heard:
            self.heard += [frame for _, frame in self.takes()]
            left = deadline - time.monotonic()
            if not self.heard and left <= 0:
                return None
            if not self.heard:
                self.queues[0].is_called(min(left, 0.05))
        return self.heard.pop(0)

    def all(self, patience=0.3):
        return list(iter(lambda: self.next(patience), None))


class Hall(Site):
    """A switch with many guests' ports, vm0, vm1, ..., and TAP ports `a` and `b`."""

    def port(self, number, mode="client", **more):
        return {"name": f"vm{number}", "network": "blue", "vhost-user": self.path(number), "mode": mode,
                "mac": self.address(number), **more}

    def path(self, number):
        return f"{self.daemon.folder}/vm{number}.sock"

    def address(self, number):
        return f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"

    def config(self, *ports, taps=()):
        return {"networks": [{"name": "blue", "type": "local"}],
                "ports": [*ports, *({"name": name, "network": "blue"} for name in taps)]}

    def opens(self, n, mode="client", taps=(), **addresses):
        __tracebackhide__ = True
        return self.starts(self.config(*(self.port(number, mode) for number in range(n)), taps=taps), **addresses)

    def guest(self, number, server=False, **more):
        """A front end that has joined."""
        return self.lab.keeps(Guest(self.path(number), not server, **more)).starts()

    def leaves(self, guest):
        self.lab.things.remove(guest)
        guest.ends()

    def frame(self, source, target, text="hello"):
        """From one guest to another, or to everybody."""
        destination = EVERYBODY if target is None else self.address(target)
        ether = Ether(src=self.address(source), dst=destination, type=int.from_bytes(OURS, "big"))
        return bytes(ether / text.ljust(46).encode())

    def hears(self, target, source, to, text="hello"):
        """What a guest hears next of our own is this: the switch may announce guests meanwhile."""
        __tracebackhide__ = True
        while (heard := target.next()) and heard[12:14] != OURS:
            pass
        assert heard == self.frame(source, to, text), f"{heard!r}\n{self.daemon.says('drop list')}"

    def stops(self):
        wait_until(self.daemon.is_conserved, "every packet is accounted for")
        self.daemon.stops()

    def is_up(self, number):
        return self.daemon.port(f"vm{number}")["link"] == "up"


class Telemetry:
    """The daemon's own socket, without a client to start."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(str(next(daemon.runtime.rglob("dpdk_telemetry.v2*"))))
        self.socket.settimeout(10 * SCALE)
        self.socket.recv(1 << 16)

    def takes_ms(self, request):
        __tracebackhide__ = True
        start = time.perf_counter()
        self.socket.send(request.encode())
        said = self.socket.recv(1 << 16).decode()
        assert " 0\\n" in said, said
        return 1000 * (time.perf_counter() - start)


@proves("S09", "S37")
@pytest.mark.parametrize("mode", ["client", "server"])
def test_one_of_512_ports_is_added_quickly(lab, mode, report):
    hall = Hall(lab).opens(512, mode)
    telemetry, file = Telemetry(hall.daemon), hall.daemon.folder / "one.yaml"
    adds, deletes = [], []
    for number in range(512, 612):
        if number >= 527 and min(adds) <= 10 * SCALE:
            break
        file.write_text(yaml.safe_dump({"ports": [hall.port(number, mode)]}))
        adds.append(telemetry.takes_ms(f"/weft/apply,file={file},merge"))
        deletes.append(telemetry.takes_ms(f"/weft/delete,noun=port,name=vm{number}"))
    report(f"one of 512 ports, {mode}: added in {statistics.median(adds):.1f} ms, "
           f"deleted in {statistics.median(deletes):.1f} ms")
    assert min(adds) <= 10 * SCALE, "not once in a hundred, however busy the machine is"
    first, last = (hall.guest(number, mode == "server") for number in (0, 511))
    first.sends(hall.frame(0, 511))
    hall.hears(last, 0, 511)
    hall.stops()


@proves("S03", "S09")
def test_64_idle_guests_cost_nothing(both, report):
    """And whoever speaks up after a silence is heard at once."""
    hall = Hall(both).opens(64)
    guests = [hall.guest(number) for number in range(64)]
    wait_until(lambda: all(row["link"] == "up" for row in hall.daemon.json("port list")), "all are there")
    time.sleep(0.2)
    for guest in guests:
        guest.all(0)
    share = min(hall.daemon.busy_share(1) for _ in range(2)) / len(both.workers)
    report(f"64 idle guests, {len(both.workers)} worker(s): {100 * share:.1f} % of a core for each")
    assert share <= 0.02
    waits = []
    for number in range(0, 60, 6):
        guests[number].sends(hall.frame(number, number + 1))
        start = time.perf_counter()
        hall.hears(guests[number + 1], number, number + 1)
        waits.append(1000 * (time.perf_counter() - start))
        time.sleep(0.05)  # the workers sleep again
    report(f"a guest that was silent is heard after {statistics.median(waits):.2f} ms")
    assert sorted(waits)[1] <= 5 * SCALE, waits
    hall.stops()


@proves("S03")
def test_a_socket_is_found_when_it_appears(lab, report):
    """Client mode: QEMU comes, goes, and comes back, as often as it likes."""
    hall = Hall(lab).opens(1)
    waits = []
    for _ in range(15):
        guest = lab.keeps(Guest(hall.path(0), listens=False))
        start = time.perf_counter()
        guest.listens()
        guest.connects()
        waits.append(1000 * (time.perf_counter() - start))
        guest.joins()
        wait_until(lambda: hall.is_up(0), "it has come")
        hall.leaves(guest)
        wait_until(lambda: not hall.is_up(0), "it has gone")
    report(f"a socket that appears is connected to in {statistics.median(waits):.2f} ms")
    assert sorted(waits)[len(waits) // 4] <= 10 * SCALE, waits
    hall.stops()


@proves("S09", "S37")
def test_ports_come_and_go_at_load(both):
    """Ports of guests are added, changed, used and removed; two others, which talk, lose nothing."""
    hall = Hall(both).opens(8, taps=("a", "b"), a="10.0.0.101/24", b="10.0.0.102/24")
    stay = [hall.guest(number) for number in (0, 1)]
    before = [hall.port(number) for number in range(8)]
    with Stream(hall["a"], hall["b"]) as stream:
        for turn in range(4):
            mode = ("client", "server")[turn % 2]
            more = [hall.port(number, mode, queues=turn + 1) for number in range(8, 16)]
            hall.applies(hall.config(*before, *more, taps=("a", "b")))
            here = [hall.guest(number, mode == "server") for number in (8, 9)]
            here[0].sends(hall.frame(8, 9))
            hall.hears(here[1], 8, 9)
            # What is changed is opened anew: its guest has to come again.
            changed = [{**port, "mtu": 1400} for port in more[:1]] + [{**more[1], "queues": 7}] + more[2:]
            hall.applies(hall.config(*before, *changed, taps=("a", "b")))
            stay[0].all(0)
            here[0].sends(hall.frame(8, 0, "changed"))
            hall.hears(stay[0], 8, 0, "changed")  # a new MTU does not disturb it
            hall.applies(hall.config(*before, taps=("a", "b")))
            for guest in here:
                hall.leaves(guest)
            stay[1].all(0)
            stay[0].sends(hall.frame(0, 1))
            hall.hears(stay[1], 0, 1)
    assert stream.lost() == [], hall.daemon.says("drop list")
    hall.stops()


@proves("S03")
@pytest.mark.parametrize("mode", ["client", "server"])
def test_a_guest_returns_with_other_features(lab, mode):
    """QEMU was restarted with other options, or another machine type: fewer features, then more."""
    hall = Hall(lab).opens(2, mode)
    server = mode == "server"
    other = hall.guest(1, server)
    for is_mergeable in (True, False, True):
        guest = hall.guest(0, server, mergeable=is_mergeable)
        wait_until(lambda: hall.is_up(0), "it is there")
        assert bool(guest.features & bits(MRG_RXBUF)) == is_mergeable
        for _ in range(3):
            guest.sends(hall.frame(0, 1))
            hall.hears(other, 0, 1)
            other.sends(hall.frame(1, 0))
            hall.hears(guest, 1, 0)
        hall.leaves(guest)
        wait_until(lambda: not hall.is_up(0), "it has gone")
    hall.stops()


def rarps(frames):
    return [(Ether(frame), ARP(frame[14:])) for frame in frames if frame[12:14] == RARP]


def next_rarp(guest):
    """Waits for one, and gives it."""
    while (frame := guest.next(2)) and frame[12:14] != RARP:
        pass
    assert frame, "nobody said it"
    return rarps([frame])[0]


@proves("S15")
def test_a_guest_that_comes_is_announced(both):
    """When its queues start, and when QEMU asks for it; nobody can say it of another MAC."""
    hall = Hall(both).opens(2)
    other = hall.guest(1)
    guest = hall.guest(0)
    ether, arp = next_rarp(other)
    assert (ether.src, ether.dst) == (hall.address(0), EVERYBODY)
    assert (arp.op, arp.hwsrc, arp.hwdst) == (3, hall.address(0), hall.address(0))
    assert hall.daemon.fdb()[hall.address(0)] == "vm0"
    time.sleep(0.1)  # the workers sleep
    guest.says(Message(SEND_RARP, bytes.fromhex(hall.address(0).replace(":", "")) + bytes(2)))
    ether, arp = next_rarp(other)
    assert ether.src == hall.address(0)
    guest.says(Message(SEND_RARP, bytes.fromhex("020000000077") + bytes(2)))
    assert rarps(other.all(0.2)) == []
    assert hall.daemon.drops("vm0")["admit/mac-spoofed"] == 1
    # QEMU starts anew: the guest may have been somewhere else.
    guest.starts()
    assert next_rarp(other)[0].src == hall.address(0)
    hall.stops()
