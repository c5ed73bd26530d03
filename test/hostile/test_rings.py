# SPDX-License-Identifier: BSD-3-Clause
"""Rings, descriptors and headers that lie, in the memory of a guest. Whatever it says is its own loss."""
import os
import struct
import time

import pytest

from harness import wait_until
from hosts import EVIL, PEER, frame
from lab.frontend import (EVENT_IDX, GUEST_BASE, HEADER, INDIRECT_DESC, SLOT, NetHeader)
from lab.ring import INDIRECT, NEXT, P_AVAIL, P_USED, WRITE

KINDS = pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
NOWHERE = 0xdead_0000_0000
GIB = 1 << 30


def begins(host, packed=False, **more):
    evil = host.evil(packed=packed, features=(INDIRECT_DESC,), **more).starts()
    place = evil.queues[1].slots_at
    data = NetHeader().bytes() + frame(PEER, EVIL, 99)
    evil.memory[place:place + len(data)] = data
    return evil


def chains(at, length):
    """Chains of three descriptors for a split ring, by name: (address, length, flags, next)."""
    fine = (at, length, NEXT, 1)
    return {
        "loops on itself": [(at, length, NEXT, 0)],
        "loops": [fine, (at, length, NEXT, 2), (at, length, NEXT, 0)],
        "goes on outside": [(at, length, NEXT, 256)],
        "goes on far outside": [(at, length, NEXT, 0xffff)],
        "is nowhere": [(NOWHERE, length, 0, 0)],
        "is nowhere later": [fine, (NOWHERE, length, 0, 0)],
        "wraps": [(2**64 - 8, length, 0, 0)],
        "begins at nothing": [(0, length, 0, 0)],
        "leaves its memory": [(at, 2**32 - 1, 0, 0)],
        "is empty": [(at, 0, 0, 0)],
        "is all empty": [(at, 0, NEXT, 1), (at, 0, NEXT, 2), (at, 0, 0, 0)],
        "is a header": [(at, HEADER, 0, 0)],
        "is less than a header": [(at, HEADER - 1, 0, 0)],
        "has a byte": [(at, HEADER + 1, 0, 0)],
        "may be written": [(at, length, WRITE, 0)],
        "has flags nobody knows": [(at, length, 0xfff0, 0)],
        "is indirect and nowhere": [(NOWHERE, 64, INDIRECT, 0)],
        "is indirect and empty": [(at, 0, INDIRECT, 0)],
        "is indirect and odd": [(at, 23, INDIRECT, 0)],
        "is indirect and huge": [(at, 2**32 - 1, INDIRECT, 0)],
        "is indirect and goes on": [(at, 64, INDIRECT | NEXT, 1), (at, length, 0, 0)],
    }


CHAINS = list(chains(0, 0))
STUCK = {"loops on itself", "loops", "goes on outside", "goes on far outside", "is nowhere", "is nowhere later",
         "wraps", "begins at nothing", "leaves its memory"}


@pytest.mark.proves("S02", "S11")
@pytest.mark.parametrize("part", range(2))
def test_chains_that_lie(client, part):
    """In both rings of a guest; after each the port is right again for a guest that is."""
    for name in CHAINS[part::2]:
        for queue in (1, 0):
            evil = begins(client)
            ring = evil.queues[queue].ring
            at = evil.at(evil.queues[queue].slots_at)
            for number, (address, length, flags, following) in enumerate(chains(at, 72)[name]):
                ring.desc(number, address, length, flags | (WRITE if queue == 0 else 0), following)
            for _ in range(40):
                ring.avails(0)
            ring.index()
            evil.queues[queue].kick()
            for number in range(40):
                client.peer.sends(frame(EVIL, PEER, number))
            client.peer.waits()
            client.peer.takes()
            assert client.switch.is_alive(), f"{name}, queue {queue}: {client.said()}"
    client.is_well()


def test_packed_rings_go_on(client):
    """There a chain that cannot be is given back: what comes after it passes."""
    evil = begins(client, packed=True)
    for piece in (NOWHERE, 0, 2**64 - 8):
        evil.queues[1].ring.posts([(piece, 100, 0)])
        evil.sends(frame(PEER, EVIL, piece % 1000))
        client.hears(client.peer, frame(PEER, EVIL, piece % 1000))
    client.is_well()


def test_a_ring_that_makes_no_sense_is_named(client):
    """The port is as if its cable were out, says why, costs nothing, and is well when the guest is."""
    evil = begins(client)
    ring = evil.queues[1].ring
    ring.posts([(NOWHERE, 100, 0)])
    evil.queues[1].kick()
    wait_until(lambda: client.port()["trouble"], "the port is in trouble", client.said)
    assert "makes no sense" in client.port()["trouble"] and client.link() == "down"
    wait_until(lambda: "evil: the guest is left alone" in client.said(), "it is said")
    before = client.port()["drops"]
    client.peer.sends(frame(EVIL, PEER))
    client.peer.waits()
    client.flows()
    assert client.rx() == 0 and client.port()["drops"] >= before
    # The guest resets its card.
    evil.stops()
    assert client.port()["trouble"] is None
    evil.restarts()
    wait_until(lambda: client.link() == "up", "the link is up")
    client.is_served(evil)
    assert client.said().count("is left alone") == 1
    client.is_well()


def test_a_broken_ring_costs_nothing(fresh):
    """A worker does not look again and again at what it cannot take, nor when it is kicked for it."""
    fresh.load.is_over = True
    fresh.load.join()
    evil = begins(fresh)
    evil.queues[1].ring.posts([(NOWHERE, 100, 0)])
    evil.queues[1].kick()
    wait_until(lambda: fresh.port()["trouble"], "the port is in trouble", fresh.said)
    started, ticks = time.monotonic(), fresh.ticks()
    while time.monotonic() < started + 1:
        evil.queues[1].kick()
        time.sleep(0.0005)
    share = (fresh.ticks() - ticks) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - started)
    assert share < 0.25, f"{share:.0%} of a core"


def test_jumps_of_the_index(client):
    """The place in the ring is anywhere, and more is available than there are descriptors."""
    for jump in (257, 1000, 0x7fff, 0x8000, 0xffff):
        for queue in (1, 0):
            evil = begins(client)
            evil.queues[queue].ring.index(jump)
            evil.queues[queue].kick()
            for number in range(64):
                client.peer.sends(frame(EVIL, PEER, number))
            client.peer.waits()
            client.peer.takes()
    client.is_well()


def test_indirect_tables(client):
    """Good ones, and those that name themselves, loop, or lead outside."""
    evil = begins(client)
    queue = evil.queues[1]
    at, table = evil.at(queue.slots_at), queue.slots_at + 8 * SLOT
    length = HEADER + 60
    tables = [[(at, HEADER, NEXT, 1), (at + HEADER, 60, 0, 0)],
              [(evil.at(table), 32, INDIRECT, 0)],
              [(at, length, NEXT, 0)],
              [(at, length, NEXT, 7)],
              [(NOWHERE, length, 0, 0)],
              [(at, length, NEXT | INDIRECT, 1), (at, length, 0, 0)]]
    for number, entries in enumerate(tables):
        if number > 0:
            evil = begins(client)
            queue = evil.queues[1]
        for place, entry in enumerate(entries):
            struct.pack_into("=QIHH", evil.memory, table + 16 * place, *entry)
        queue.ring.desc(0, evil.at(table), 16 * len(entries), INDIRECT)
        queue.ring.avails(0)
        queue.ring.index()
        queue.kick()
        if number == 0:
            client.hears(client.peer, frame(PEER, EVIL, 99))
        time.sleep(0.02)
        assert client.switch.is_alive(), f"{entries}: {client.said()}"
    client.is_well()


def test_flags_of_packed_rings(client):
    """Any combination of owners, chains and places."""
    for flags in range(0, 0x10000, 0x1081):
        evil = begins(client, packed=True, size=16)
        for queue in evil.queues:
            for number in range(16):
                queue.ring.desc(number, evil.at(queue.slots_at), 100, number * 4099 & 0xffff,
                                flags | (P_AVAIL, P_USED, P_AVAIL | NEXT, 0)[number % 4])
            queue.kick()
        for number in range(8):
            client.peer.sends(frame(EVIL, PEER, number))
        client.peer.waits()
        client.peer.takes()
    client.is_well()


def chain(evil, length):
    """One frame of so many bytes, for which the guest needs only some."""
    queue, piece, head = evil.queues[1], 65536, evil.queues[1].ring.next_desc
    evil.queues[1].ring.posts([(evil.at(queue.slots_at), min(piece, length - done), 0)
                               for done in range(0, length, piece)])
    queue.kick()
    return head


@KINDS
def test_long_frames(client, packed):
    """As many of 64 KiB as a burst has are taken; one of megabytes is not, and no buffer is lost to it."""
    evil = begins(client, packed)
    for _ in range(32):
        chain(evil, HEADER + 65535)
    evil.waits()
    wait_until(lambda: client.rx() == 32, "all are counted", lambda: str(client.port()))
    chain(evil, 4 << 20)
    evil.waits()
    evil.sends(frame(PEER, EVIL, 1))
    client.hears(client.peer, frame(PEER, EVIL, 1))
    assert client.rx() == 33
    client.is_well()


def test_long_chains(client):
    """A frame of gigabytes takes no buffer from anybody else, and no worker's time for messages."""
    evil = begins(client)
    queue = evil.queues[1]
    size = evil.bytes - queue.slots_at
    for turn in range(20):
        for number in range(queue.size):
            queue.ring.desc(number, evil.at(queue.slots_at), size, NEXT if number < queue.size - 1 else 0, number + 1)
        for _ in range(8):
            queue.ring.avails(0)
        queue.ring.index()
        queue.kick()
        time.sleep(0.02)
    client.flows()
    assert "failed" not in client.said()
    client.is_well()


def headers():
    """Headers that lie: what was not agreed on is not looked at, so the frame passes as it is."""
    for gso_type in (0, 1, 3, 4, 5, 0x80, 0x81, 0xff):
        yield NetHeader(gso_type=gso_type, gso_size=0)
        yield NetHeader(flags=1, gso_type=gso_type, gso_size=1, hdr_len=0xffff, csum_start=34, csum_offset=16)
    for start, offset in ((0, 0), (59, 2), (60, 0), (0xffff, 0xffff), (34, 0xfff0)):
        yield NetHeader(flags=1, csum_start=start, csum_offset=offset)
    for number in (0, 2, 0xffff):
        yield NetHeader(flags=0xff, num_buffers=number)


@KINDS
def test_headers_that_lie(client, packed):
    evil = begins(client, packed)
    count = 0
    for header in headers():
        for length in (60, 1514):
            count += 1
            evil.sends(frame(PEER, EVIL, count, length), header)
            # A switch that offers checksums may drop these; it may not pass on what they say.
            found = client.peer.hears(1)
            assert found[0][1] == frame(PEER, EVIL, count, length) and found[0][0] == NetHeader(num_buffers=1), found
    client.is_served(evil)
    client.is_well()


def test_floods_of_kicks(client):
    """Others lose nothing, and the one who kicks is served all the same."""
    evil = begins(client)
    started = time.monotonic()
    while time.monotonic() < started + 0.5:
        for queue in evil.queues:
            for _ in range(100):
                queue.kick()
        os.eventfd_write(evil.queues[1].kick_fd, 1 << 40)
    client.is_served(evil)
    client.is_well()


def test_calls_that_block(client):
    """A worker does not wait for a call file that is full."""
    evil = client.evil()
    for queue in evil.queues:
        os.set_blocking(queue.call_fd, True)
        os.eventfd_write(queue.call_fd, 2**64 - 2)
    evil.starts()
    for number in range(20):
        evil.sends(frame(PEER, EVIL, number))
        client.peer.sends(frame(EVIL, PEER, number))
        time.sleep(0.001)
    client.flows()
    client.is_well()


@KINDS
def test_memory_that_ends(client, packed):
    """The guest's memory is truncated while it is in use: its port is out, the switch goes on."""
    evil = begins(client, packed)
    client.is_served(evil)
    os.ftruncate(evil.memory_fd, 0)
    os.eventfd_write(evil.queues[1].kick_fd, 1)
    for number in range(64):
        client.peer.sends(frame(EVIL, PEER, number))
        time.sleep(0.001)
    wait_until(lambda: client.port()["trouble"], "the port is in trouble", client.said)
    assert "memory is gone" in client.port()["trouble"] and client.link() == "down"
    wait_until(lambda: "evil: the guest is left alone" in client.said(), "it is said")
    client.is_well()


def test_memory_that_ends_in_the_middle(client):
    """Only what frames lie in is gone; the rings are there."""
    evil = begins(client)
    client.is_served(evil)
    os.ftruncate(evil.memory_fd, evil.queues[0].slots_at)
    evil.queues[1].ring.posts([(GUEST_BASE + evil.queues[1].slots_at, 100, 0)])
    evil.queues[1].kick()
    wait_until(lambda: client.port()["trouble"], "the port is in trouble", client.said)
    client.is_well()


def test_events_on_request(client):
    """Kicks and calls by index (EVENT_IDX), with indices that lie."""
    evil = client.evil(features=(EVENT_IDX,)).starts()
    for queue in evil.queues:
        for place in (queue.ring.AVAIL + 4 + 2 * queue.size, queue.ring.USED + 4 + 8 * queue.size):
            evil.memory[queue.ring.at + place:queue.ring.at + place + 2] = b"\xff\x7f"
    for number in range(64):
        evil.sends(frame(PEER, EVIL, number))
        client.peer.sends(frame(EVIL, PEER, number))
    client.is_served(evil)
    client.is_well()
