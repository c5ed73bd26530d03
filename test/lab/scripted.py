# SPDX-License-Identifier: BSD-3-Clause
"""The guest's side of a vhost-user socket without a guest: memory, two queues, and the messages that QEMU sends.

    with Scripted(path).listens() as guest:   # as QEMU does with server=on
        guest.joins()
        guest.sends(frame)
        assert guest.hears() == answer

Split rings of virtio 1.2 (section 2.7), one pair of queues, buffers of 2 KiB, nothing offloaded.
"""
import array
import mmap
import os
import select
import socket
import struct
import time

from .process import SCALE, wait_until

GET_FEATURES, SET_FEATURES, SET_OWNER, SET_MEM_TABLE = 1, 2, 3, 5
SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES = 15, 16
SET_VRING_ENABLE, SEND_RARP = 18, 19
REPLIES = {GET_FEATURES, GET_VRING_BASE, GET_PROTOCOL_FEATURES}

F_MRG_RXBUF, F_LOG_ALL, F_PROTOCOL_FEATURES, F_VERSION_1 = 1 << 15, 1 << 26, 1 << 30, 1 << 32
P_LOG_SHMFD, P_RARP = 1 << 1, 1 << 2
USUAL = F_VERSION_1 | F_MRG_RXBUF | F_PROTOCOL_FEATURES

SIZE, RING, SLOT, HEADER = 64, 8192, 2048, 12  # descriptors; bytes per ring, per buffer, of virtio's header
BASE = 0x100000000  # where the front end says that it sees its memory
WRITE = 2


class Queue:
    """One split ring and its buffers, in the memory of the front end."""

    def __init__(self, memory, number):
        self.memory, self.number = memory, number
        self.ring = number * RING
        self.avail, self.used = self.ring + SIZE * 16, self.ring + 4096
        self.slots = 2 * RING + number * SIZE * SLOT
        self.next, self.seen = 0, 0
        self.kick, self.call = os.eventfd(0), os.eventfd(0, os.EFD_NONBLOCK)

    def slot(self, number):
        return self.slots + number % SIZE * SLOT

    def offers(self, length, flags):
        """The next buffer is the device's."""
        number = self.next % SIZE
        struct.pack_into("<QIHH", self.memory, self.ring + number * 16, self.slot(number), length, flags, 0)
        struct.pack_into("<H", self.memory, self.avail + 4 + number * 2, number)
        self.next = (self.next + 1) & 0xffff
        struct.pack_into("<H", self.memory, self.avail + 2, self.next)
        if not struct.unpack_from("<H", self.memory, self.used)[0] & 1:
            os.eventfd_write(self.kick, 1)

    def is_used(self):
        return struct.unpack_from("<H", self.memory, self.used + 2)[0] != self.seen

    def takes(self):
        """What came back first: its number and length."""
        number, length = struct.unpack_from("<II", self.memory, self.used + 4 + self.seen % SIZE * 8)
        self.seen = (self.seen + 1) & 0xffff
        return number, length

    def closes(self):
        os.close(self.kick)
        os.close(self.call)


class Scripted:
    def __init__(self, path, features=USUAL, protocol=P_RARP):
        self.path, self.features, self.protocol = str(path), features, protocol
        self.listener = self.socket = None
        self.offered = 0
        bytes_all = 2 * RING + 2 * SIZE * SLOT
        self.file = os.memfd_create("guest")
        os.ftruncate(self.file, bytes_all)
        self.memory = mmap.mmap(self.file, bytes_all)
        self.queues = [Queue(self.memory, number) for number in (0, 1)]

    # The socket.

    def listens(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.settimeout(10 * SCALE)
        self.listener.bind(self.path)
        self.listener.listen(1)
        return self

    def accepts(self):
        self.socket = self.listener.accept()[0]
        return self

    def connects(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(self.path)
        return self

    def hangs_up(self):
        self.socket.close()
        self.socket = None

    def says(self, request, data=b"", files=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        self.socket.sendmsg([struct.pack("<III", request, 1, len(data)) + data], rights)
        if request not in REPLIES:
            return None
        self.socket.settimeout(5 * SCALE)
        size = struct.unpack("<III", self._reads(12))[2]
        return struct.unpack("<Q", self._reads(size)[:8])[0]

    def _reads(self, size):
        data = b""
        while len(data) < size:
            chunk = self.socket.recv(size - len(data))
            assert chunk, "the switch has hung up"
            data += chunk
        return data

    # The handshake.

    def joins(self):
        """Everything that QEMU says until the queues may be used."""
        if not self.socket:
            self.accepts()
        self.offered = self.says(GET_FEATURES)
        self.says(SET_PROTOCOL_FEATURES, struct.pack("<Q", self.says(GET_PROTOCOL_FEATURES) & self.protocol))
        self.says(SET_OWNER)
        self.says(SET_FEATURES, struct.pack("<Q", self.features & self.offered))
        self.says(SET_MEM_TABLE, struct.pack("<IIQQQQ", 1, 0, 0, len(self.memory), BASE, 0), [self.file])
        for queue in self.queues:
            self._starts(queue)
        for _ in range(SIZE - 1):
            self.queues[0].offers(SLOT, WRITE)
        self.says(GET_FEATURES)  # when that is answered, all before is done
        return self

    def _starts(self, queue):
        # A device that is new begins at the beginning.
        self.memory[queue.ring:queue.ring + RING] = bytes(RING)
        queue.next = queue.seen = 0
        index = struct.pack("<Q", queue.number)
        self.says(SET_VRING_NUM, struct.pack("<II", queue.number, SIZE))
        self.says(SET_VRING_BASE, struct.pack("<II", queue.number, 0))
        self.says(SET_VRING_ADDR, struct.pack("<IIQQQQ", queue.number, 0, BASE + queue.ring, BASE + queue.used,
                                              BASE + queue.avail, 0))
        self.says(SET_VRING_CALL, index, [queue.call])
        self.says(SET_VRING_KICK, index, [queue.kick])
        self.says(SET_VRING_ENABLE, struct.pack("<II", queue.number, 1))

    def leaves(self):
        """The guest's driver goes; the connection stays."""
        for queue in self.queues:
            self.says(GET_VRING_BASE, struct.pack("<II", queue.number, 0))

    # Traffic.

    def sends(self, *frames):
        queue = self.queues[1]
        for frame in frames:
            frame = bytes(frame)
            wait_until(lambda: (queue.next - queue.seen) & 0xffff < SIZE - 1 or self._reaps(), "there is room")
            slot = queue.slot(queue.next)
            self.memory[slot:slot + HEADER + len(frame)] = bytes(HEADER) + frame
            queue.offers(HEADER + len(frame), 0)

    def _reaps(self):
        while self.queues[1].is_used():
            self.queues[1].takes()
        return (self.queues[1].next - self.queues[1].seen) & 0xffff < SIZE - 1

    def hears(self, patience=1.0):
        """The next frame, or None."""
        queue, deadline = self.queues[0], time.monotonic() + patience * SCALE
        while not queue.is_used():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            if select.select([queue.call], [], [], min(left, 0.05))[0]:
                os.eventfd_read(queue.call)
        number, length = queue.takes()
        frame = self.memory[queue.slot(number) + HEADER:queue.slot(number) + length]
        queue.offers(SLOT, WRITE)
        return frame

    def hears_all(self, seconds=0.3):
        return list(iter(lambda: self.hears(seconds), None))

    # The end.

    def ends(self):
        for handle in (self.socket, self.listener):
            if handle:
                handle.close()
        if self.listener and os.path.exists(self.path):
            os.unlink(self.path)
        for queue in self.queues:
            queue.closes()
        self.memory.close()
        os.close(self.file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends()
