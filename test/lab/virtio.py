# SPDX-License-Identifier: BSD-3-Clause
"""The other end of a vhost-user port, without a guest: virtio queues in plain memory, byte by byte.

    vm1 = Card(folder / "vm1.sock", "csum tso4", packed=True)   # the switch owns the socket
    vm1.sends(frame, Header.tso(frame, 1448))
    assert [header.gso_size for header, frame in vm1.hears()] == [1448]

So every kind of ring and each set of features takes milliseconds, and a header can say whatever a
hostile guest would write there. After virtio 1.2 (sections 2.7, 2.8, 5.1) and QEMU's specification
of the vhost-user protocol. One pair of queues; descriptors are used in order.
"""
import array
import mmap
import os
import socket
import struct
import time
from dataclasses import astuple, dataclass

from .process import SCALE

# What a guest leaves to the switch, and what it takes from it; section 5.1.3.
LEAVES = {"csum": 0, "tso4": 11, "tso6": 12, "ecn": 13, "ufo": 14}
TAKES = {"csum": 1, "tso4": 7, "tso6": 8, "ecn": 9, "ufo": 10}
MERGEABLE, INDIRECT, PROTOCOL, VERSION_1, PACKED = 15, 28, 30, 32, 34
# Requests of the vhost-user protocol.
GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEMORY = 1, 2, 3, 5
SET_NUM, SET_ADDRESS, SET_BASE, GET_BASE, SET_KICK, SET_CALL = 8, 9, 10, 11, 12, 13
GET_PROTOCOL, SET_PROTOCOL, SET_ENABLE = 15, 16, 18
REPLY_ACK, ACK_WANTED = 3, 8

NEXT, WRITE, TABLE = 1, 2, 4  # flags of descriptors
AVAIL, USED = 1 << 7, 1 << 15  # and of a packed ring
BASE = 0x10000000  # where the guest thinks that its memory begins
RING = 256         # descriptors
SLOT = 1 << 17     # bytes for one packet, and its table
SIZES = {True: 2048, False: 66000}  # of a buffer to receive into: mergeable, or not


@dataclass
class Header:
    """struct virtio_net_hdr; section 5.1.6."""
    flags: int = 0
    gso_type: int = 0
    hdr_len: int = 0
    gso_size: int = 0
    csum_start: int = 0
    csum_offset: int = 0
    buffers: int = 0

    def __bytes__(self):
        return struct.pack("<BBHHHHH", *astuple(self))


class Ring:
    """What both kinds of rings have in common: where they are in memory."""

    def __init__(self, memory, at, is_ours):
        self.memory, self.at, self.is_ours = memory, at, is_ours
        self.head = self.tail = 0  # chains that were given, and taken back, ever
        self.avail, self.used = at + 16 * RING, at + 16 * RING + 4096

    def put(self, form, at, *values):
        struct.pack_into("=" + form, self.memory, at, *values)

    def get(self, form, at):
        return struct.unpack_from("=" + form, self.memory, at)[0]

    def word(self, at, value):
        """One store, as the other side looks on."""
        memoryview(self.memory).cast("H")[at // 2] = value


class Split(Ring):
    base = 0

    def gives(self, parts, table_at=None):
        """parts: (address, length, flags) of one chain. With a table they are in that."""
        start = self.head * len(parts) % RING
        if table_at is not None:
            for number, (at, length, flags) in enumerate(parts):
                more = NEXT if number + 1 < len(parts) else 0
                self.put("QIHH", table_at + 16 * number, BASE + at, length, flags | more, number + 1)
            parts, start = [(table_at, 16 * len(parts), TABLE)], self.head % RING
        for number, (at, length, flags) in enumerate(parts):
            more = NEXT if number + 1 < len(parts) else 0
            self.put("QIHH", self.at + 16 * ((start + number) % RING), BASE + at, length, flags | more,
                     (start + number + 1) % RING)
        self.put("H", self.avail + 4 + 2 * (self.head % RING), start)
        self.head += 1
        self.word(self.avail + 2, self.head & 0xFFFF)

    def takes(self):
        """How many bytes the next chain got that is used, or None."""
        if self.get("H", self.used + 2) == self.tail & 0xFFFF:
            return None
        length = self.get("I", self.used + 4 + 8 * (self.tail % RING) + 4)
        self.tail += 1
        return length


class Packed(Ring):
    base = 0x8000  # the wrap counter begins with one

    def __init__(self, *words):
        super().__init__(*words)
        self.place, self.place_back, self.lengths = 0, 0, []

    def gives(self, parts, table_at=None):
        if table_at is not None:
            for number, (at, length, flags) in enumerate(parts):
                self.put("QIHH", table_at + 16 * number, BASE + at, length, 0, flags)
            parts = [(table_at, 16 * len(parts), TABLE)]
        first = self.place
        for number, (at, length, flags) in reversed(list(enumerate(parts))):
            lap, slot = divmod(first + number, RING)
            flags |= (NEXT if number + 1 < len(parts) else 0) | (USED if lap % 2 else AVAIL)
            self.put("QIH", self.at + 16 * slot, BASE + at, length, self.head % RING)
            self.word(self.at + 16 * slot + 14, flags)  # that of the first one comes last
        self.place += len(parts)
        self.head += 1
        self.lengths.append(len(parts))

    def takes(self):
        lap, slot = divmod(self.place_back, RING)
        flags = self.get("H", self.at + 16 * slot + 14)
        wanted = 0 if lap % 2 else AVAIL | USED
        if self.tail == self.head or flags & (AVAIL | USED) != wanted:
            return None
        length = self.get("I", self.at + 16 * slot + 8)
        self.place_back += self.lengths[self.tail]
        self.tail += 1
        return length


class Card:
    """A network card of nobody."""

    def __init__(self, path, leaves="", takes=None, packed=False, mergeable=True, indirect=False):
        """leaves, takes: names of offloads; takes as leaves unless it says so."""
        self.is_mergeable, self.is_indirect = mergeable, indirect
        bits = [LEAVES[name] for name in leaves.split()] + \
            [TAKES[name] for name in (leaves if takes is None else takes).split()] + \
            [VERSION_1] + [PACKED] * packed + [MERGEABLE] * mergeable + [INDIRECT] * indirect
        self.features = sum(1 << bit for bit in bits)
        self.n_slots = RING if mergeable else RING // 2
        size = 2 << 16
        self.buffers = [size + queue * RING * SLOT for queue in (0, 1)]
        total = size + 2 * RING * SLOT
        self.fd = os.memfd_create("card")
        os.ftruncate(self.fd, total)
        self.memory = mmap.mmap(self.fd, total)
        kind = Packed if packed else Split
        self.rx, self.tx = kind(self.memory, 0, False), kind(self.memory, 1 << 16, True)
        self.files = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(4)]
        self.heard, self.part = [], None
        self._connects(path, total)
        for number in range(self.n_slots):
            self._posts(number)
        self._kicks(0)

    # The protocol.

    def _connects(self, path, total):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10 * SCALE)
        self.socket.connect(str(path))
        self._tells(SET_OWNER)
        self.offered = self._asks(GET_FEATURES)
        assert not self.features & ~self.offered, f"not offered: {self.features & ~self.offered:#x}"
        self._tells(SET_FEATURES, struct.pack("<Q", self.features | 1 << PROTOCOL))
        self._tells(SET_PROTOCOL, struct.pack("<Q", self._asks(GET_PROTOCOL) & 1 << REPLY_ACK))
        self._tells(SET_MEMORY, struct.pack("<IIQQQQ", 1, 0, BASE, total, BASE, 0), self.fd)
        for number, ring in enumerate((self.rx, self.tx)):
            self._tells(SET_NUM, struct.pack("<II", number, RING))
            self._tells(SET_BASE, struct.pack("<II", number, ring.base))
            self._tells(SET_ADDRESS, struct.pack("<IIQQQQ", number, 0, BASE + ring.at,
                                                 BASE + ring.used, BASE + ring.avail, 0))
            self._tells(SET_KICK, struct.pack("<Q", number), self.files[number])
            self._tells(SET_CALL, struct.pack("<Q", number), self.files[2 + number])
        for number in (0, 1):
            self._tells(SET_ENABLE, struct.pack("<II", number, 1), ack=True)

    def _tells(self, request, body=b"", fd=None, ack=False):
        extra = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        self.socket.sendmsg([struct.pack("<III", request, 1 | (ACK_WANTED if ack else 0), len(body)) + body],
                            extra)
        if ack:
            assert self._answer() == 0, f"request {request} is refused"

    def _asks(self, request):
        self._tells(request)
        return self._answer()

    def _answer(self):
        said = b""
        while len(said) < 20:
            more = self.socket.recv(20 - len(said))
            assert more, "the switch has closed the connection"
            said += more
        return struct.unpack_from("<Q", said, 12)[0]

    def ends(self):
        self.socket.close()
        self.memory.close()
        for fd in (self.fd, *self.files):
            os.close(fd)

    # Packets.

    def _kicks(self, queue):
        os.eventfd_write(self.files[queue], 1)

    def _posts(self, number):
        at = self.buffers[0] + number % self.n_slots * SLOT
        size = SIZES[self.is_mergeable] + 12
        parts = [(at, size, WRITE)]
        if not self.is_mergeable:  # in two pieces, as there may be many
            parts = [(at, 100, WRITE), (at + 100, size - 100, WRITE)]
        self.rx.gives(parts)

    def sends(self, frame, header=Header(), cut=0, most=None):
        """Sends a frame in two pieces: the header with `cut` bytes of the frame, and the rest.

        It may be on its way still, with so many others (`most`) that a receiver who listens now and then has room."""
        most = most if most is not None else 1 if header.gso_size else 16
        slot = self.buffers[1] + self.tx.head % 64 * SLOT
        data = bytes(header) + frame
        self.memory[slot:slot + len(data)] = data
        parts = [(slot, 12 + cut, 0), (slot + 12 + cut, len(frame) - cut, 0)]
        self.tx.gives(parts, slot + SLOT - 1024 if self.is_indirect else None)
        self._kicks(1)
        deadline = time.monotonic() + 10 * SCALE
        while self.tx.head - self.tx.tail > most:
            if self.tx.takes() is not None:
                continue
            assert time.monotonic() < deadline, "the switch does not take the frame"
            time.sleep(0.0001)

    def is_idle(self):
        """The switch has taken all that was sent."""
        while self.tx.takes() is not None:
            pass
        return self.tx.tail == self.tx.head

    def _next(self):
        """What the next buffer holds that is used, or None."""
        number, length = self.rx.tail, self.rx.takes()
        if length is None:
            return None
        at = self.buffers[0] + number % self.n_slots * SLOT
        data = bytes(self.memory[at:at + length])
        self._posts(number)
        return data

    def hears(self):
        """(header, frame) of what has come since it was asked last."""
        heard = []
        while (data := self._next()) is not None:
            header, frame = Header(*struct.unpack_from("<BBHHHHH", data)), data[12:]
            for _ in range(header.buffers - 1 if self.is_mergeable else 0):
                frame += self._next()
            heard.append((header, frame))
        if heard:
            self._kicks(0)
        return heard
