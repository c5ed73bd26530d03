# SPDX-License-Identifier: BSD-3-Clause
"""A vhost-user front end by hand: what QEMU and a guest's driver do, message by message.

    vm = Frontend(path, listens=True)      # the switch is the client; False: it is the server
    vm.starts()                            # connects and negotiates all that QEMU does
    vm.sends(frame, NetHeader(gso_type=1, gso_size=1400))
    header, frame = vm.hears(1)[0]
    vm.ends()

What it offers, how its buffers are cut, and what of the protocol it speaks, who makes one says.
Memory is a file with holes: what nobody writes to costs nothing, however large buffers are.

Everything may be done wrong, too. `negotiation()` is the list of messages, to be sent in part, in
another order or changed; `says` sends any message with any descriptors, `writes` any bytes. The
rings lie in `memory`, a memfd that is shared with the switch: `vm.queues[1].ring` writes any
descriptor at any place, and `vm.memory` any byte. Queue 0 is the first on which the guest receives,
queue 1 the first on which it sends.

Protocol: QEMU's docs/interop/vhost-user.rst; rings: virtio 1.2, sections 2.7 and 2.8.
"""
import array
import mmap
import os
import select
import socket
import struct
import time
from dataclasses import astuple, dataclass, field
from itertools import accumulate

from .process import SCALE, wait_until
from .ring import RING_BYTES, WRITE, PackedRing, SplitRing

GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE, SET_LOG_BASE, SET_LOG_FD, \
    SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK, \
    SET_VRING_CALL, SET_VRING_ERR, GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM, \
    SET_VRING_ENABLE, SEND_RARP, NET_SET_MTU, SET_BACKEND_REQ_FD, IOTLB_MSG = range(1, 23)
SET_STATUS, GET_STATUS = 39, 40

VERSION, REPLY, NEED_REPLY = 0x1, 0x4, 0x8
NO_FD = 0x100

# Features of the device, as numbers of bits.
MRG_RXBUF, MQ, LOG_ALL, INDIRECT_DESC, EVENT_IDX, PROTOCOL_FEATURES, VERSION_1, RING_PACKED = \
    15, 22, 26, 28, 29, 30, 32, 34
# Features of the protocol.
P_MQ, P_LOG_SHMFD, P_RARP, P_REPLY_ACK, P_MTU, P_STATUS = WHOLE_PROTOCOL = 0, 1, 2, 3, 4, 16

DRIVER_OK = 0xf  # and acknowledged, a driver is there, it likes the features

GUEST_BASE = 0x1_0000_0000      # guest's physical address of the first byte of memory
USER_BASE = 0x7f00_0000_0000    # and the front end's own address, which rings are given in
SLOT = 2048                     # bytes of one buffer, unless its queue says so


def bits(*numbers):
    return sum(1 << number for number in numbers)


@dataclass
class NetHeader:
    """struct virtio_net_hdr_mrg_rxbuf: virtio 1.2 section 5.1.6."""
    flags: int = 0
    gso_type: int = 0
    hdr_len: int = 0
    gso_size: int = 0
    csum_start: int = 0
    csum_offset: int = 0
    num_buffers: int = 0

    def bytes(self):
        return struct.pack("<BBHHHHH", *astuple(self))

    @staticmethod
    def read(data):
        return NetHeader(*struct.unpack_from("<BBHHHHH", data))


HEADER = len(NetHeader().bytes())


@dataclass
class Message:
    """One message of the protocol; `answers`: the switch says something back."""
    request: int
    payload: bytes = b""
    fds: list = field(default_factory=list)
    answers: bool = False
    flags: int = VERSION

    def bytes(self):
        return struct.pack("<III", self.request, self.flags, len(self.payload)) + self.payload


class Queue:
    """One virtqueue: its ring, its two eventfds, and as many slots of memory as descriptors.

    `pieces`: how long the parts of a slot are, each of which takes a descriptor.
    """

    def __init__(self, number, memory, slots_at, size, pieces, is_packed):
        self.number, self.slots_at, self.size, self.pieces = number, slots_at, size, pieces
        self.ring = (PackedRing if is_packed else SplitRing)(memory, number * RING_BYTES, size)
        self.kick_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.call_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.next_slot = 0
        self.kept = {}  # buffer id -> offset in memory

    def resets(self):
        self.ring.resets()
        self.next_slot, self.kept = 0, {}

    def is_receiving(self):
        return self.number % 2 == 0

    def slot(self):
        """Where in memory the next one is."""
        place = self.slots_at + self.next_slot * sum(self.pieces)
        self.next_slot = (self.next_slot + 1) % self.size
        return place

    def kick(self):
        os.eventfd_write(self.kick_fd, 1)

    def is_called(self, seconds):
        """Waits until the switch says that it has used something, or for so long."""
        if not select.select([self.call_fd], [], [], seconds)[0]:
            return False
        os.eventfd_read(self.call_fd)
        return True

    def ends(self):
        self.ring.ends()
        os.close(self.kick_fd)
        os.close(self.call_fd)


class Frontend:
    """`mergeable`: a frame may come in many buffers. `features`, `protocol`: numbers of bits.
    `receives`, `sends`: the pieces of the buffers of either kind of queue."""

    def __init__(self, path, listens=True, pairs=1, size=256, packed=False, mergeable=True,
                 features=(), protocol=WHOLE_PROTOCOL, receives=(SLOT,), sends=(SLOT,),
                 patience=10):
        self.path, self.patience = str(path), patience * SCALE
        self.is_mergeable = mergeable
        self.wanted = bits(PROTOCOL_FEATURES, VERSION_1, *features, *[MRG_RXBUF] * mergeable,
                           *[RING_PACKED] * packed, *[MQ] * (pairs > 1))
        self.protocol = protocol
        self.features = 0  # what both can
        self.socket = self.listener = None
        kinds = [receives, sends] * pairs
        starts = list(accumulate((size * sum(pieces) for pieces in kinds),
                                 initial=len(kinds) * RING_BYTES))
        self.bytes = starts[-1]
        self.memory_fd = os.memfd_create("guest", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.memory_fd, self.bytes)
        self.memory = mmap.mmap(self.memory_fd, self.bytes)
        self.queues = [Queue(number, self.memory, starts[number], size, pieces, packed)
                       for number, pieces in enumerate(kinds)]
        if listens:
            self.listens()

    # The socket.

    def listens(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(self.patience)
        self.listener.bind(self.path)
        self.listener.listen(1)

    def connects(self):
        """The switch comes, or we go to it."""
        self.hangs_up()
        if self.listener:
            self.socket = self.listener.accept()[0]
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            wait_until(lambda: self.socket.connect_ex(self.path) == 0, f"{self.path} answers")
        self.socket.settimeout(self.patience)
        return self

    def is_nowhere(self):
        """For who only wants to know what would be said."""
        self.socket = socket.socket(socket.AF_UNIX)
        return self

    def hangs_up(self):
        if self.socket:
            self.socket.close()
            self.socket = None

    def is_hung_up(self, patience=0):
        """Has the switch ended the connection?"""
        self.socket.settimeout(max(patience, 0.001) * SCALE)
        try:
            while self.socket.recv(4096):
                pass
            return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(self.patience)

    def ends(self):
        self.hangs_up()
        if self.listener:
            self.listener.close()
            if os.path.exists(self.path):
                os.unlink(self.path)
        for queue in self.queues:
            queue.ends()
        self.memory.close()
        os.close(self.memory_fd)

    # Messages.

    def writes(self, data, fds=()):
        """Any bytes, with any descriptors."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([data], rights)

    def says(self, message):
        """Sends a message; the payload of the answer, if it has one."""
        self.writes(message.bytes(), message.fds)
        return self.reads() if message.answers or message.flags & NEED_REPLY else None

    def reads(self):
        header = self.socket.recv(12, socket.MSG_WAITALL)
        if len(header) < 12:
            raise ConnectionError("the switch has hung up")
        _, _, size = struct.unpack("<III", header)
        return self.socket.recv(size, socket.MSG_WAITALL) if size else b""

    def asks(self, request, payload=b""):
        return self.says(Message(request, payload, answers=True))

    def asks_number(self, request):
        return struct.unpack("<Q", self.asks(request))[0]

    def mem_table(self, regions=None, fds=None, **more):
        """(guest's address, size, our address, offset in the file) of each region."""
        if regions is None:
            regions = [(GUEST_BASE, self.bytes, USER_BASE, 0)]
        payload = struct.pack("<II", len(regions), 0) + \
            b"".join(struct.pack("<QQQQ", *region) for region in regions)
        return Message(SET_MEM_TABLE, payload, [self.memory_fd] * len(regions)
                       if fds is None else fds, **more)

    @staticmethod
    def vring(request, queue, number, **more):
        return Message(request, struct.pack("<II", queue, number), **more)

    @staticmethod
    def vring_file(request, queue, fd):
        return Message(request, struct.pack("<Q", queue | (NO_FD if fd is None else 0)),
                       [] if fd is None else [fd])

    @staticmethod
    def vring_addr(queue, desc, used, avail, flags=0, log=0):
        return Message(SET_VRING_ADDR, struct.pack("<IIQQQQ", queue, flags, desc, used, avail, log))

    @staticmethod
    def number(request, number, **more):
        return Message(request, struct.pack("<Q", number), **more)

    def negotiation(self):
        """All messages, in QEMU's order; those that answer may be sent without hearing it."""
        yield Message(GET_FEATURES, answers=True)
        yield Message(GET_PROTOCOL_FEATURES, answers=True)
        yield self.number(SET_PROTOCOL_FEATURES, bits(*self.protocol))
        if P_MQ in self.protocol:
            yield Message(GET_QUEUE_NUM, answers=True)
        yield Message(SET_OWNER)
        for queue in self.queues:
            yield self.vring_file(SET_VRING_CALL, queue.number, queue.call_fd)
        yield self.number(SET_FEATURES, self.features or self.wanted)
        yield self.mem_table()
        for queue in self.queues:
            yield from self.ring_messages(queue)
        for queue in self.queues:
            yield self.vring(SET_VRING_ENABLE, queue.number, 1)
        if P_STATUS in self.protocol:
            yield self.number(SET_STATUS, DRIVER_OK)

    def ring_messages(self, queue):
        yield self.vring(SET_VRING_NUM, queue.number, queue.size)
        yield self.vring(SET_VRING_BASE, queue.number, queue.ring.BASE)
        yield self.vring_addr(queue.number, *(USER_BASE + place for place in queue.ring.places()))
        yield self.vring_file(SET_VRING_KICK, queue.number, queue.kick_fd)
        yield self.vring_file(SET_VRING_CALL, queue.number, queue.call_fd)

    def starts(self):
        return self.connects().joins()

    def joins(self):
        """Agrees on features, shows memory and rings. The guest is ready."""
        self.resets()
        self.fills()
        self.features = self.wanted & self.asks_number(GET_FEATURES)
        for message in self.negotiation():
            self.says(message)
        self.settles()
        return self

    def settles(self):
        """Waits until the switch has dealt with all that was said."""
        self.asks(GET_FEATURES)

    def stops(self):
        """The driver stops: the device gives its rings back. `starts` or `restarts` go on."""
        return [struct.unpack("<II", self.asks(GET_VRING_BASE, struct.pack("<II", q.number, 0)))[1]
                for q in self.queues]

    def restarts(self):
        """After `stops`: the driver starts again, by the same connection."""
        self.resets()
        self.fills()
        for queue in self.queues:
            for message in self.ring_messages(queue):
                self.says(message)
        for queue in self.queues:
            self.says(self.vring(SET_VRING_ENABLE, queue.number, 1))
        self.settles()

    def resets(self):
        for queue in self.queues:
            queue.resets()

    # Frames.

    def at(self, offset):
        """The guest's physical address of a place in memory."""
        return GUEST_BASE + offset

    def fills(self):
        """Gives the switch a buffer for each descriptor on which the guest receives."""
        for queue in self.queues:
            if queue.is_receiving():
                for _ in range(queue.size // len(queue.pieces)):
                    self.gives(queue, queue.slot())

    def gives(self, queue, place):
        chain, at = [], self.at(place)
        for length in queue.pieces:
            chain.append((at, length, WRITE))
            at += length
        queue.kept[queue.ring.posts(chain)] = place

    def sends(self, frame, header=NetHeader(), queue=1, kick=True):
        """One frame, in as many buffers as it takes."""
        self.is_sent(queue)  # takes back what was used: a packed ring is written over
        queue, data = self.queues[queue], header.bytes() + frame
        room = sum(queue.pieces)
        chain = []
        for start in range(0, len(data), room):
            piece, place = data[start:start + room], queue.slot()
            self.memory[place:place + len(piece)] = piece
            chain.append((self.at(place), len(piece), 0))
        queue.ring.posts(chain)
        if kick:
            queue.kick()

    def is_sent(self, queue=1):
        """Has the switch given all buffers back?"""
        ring = self.queues[queue].ring
        while ring.takes() is not None:
            pass
        return ring.n_posted == ring.n_taken

    def waits(self, queue=1):
        wait_until(lambda: self.is_sent(queue), "all that was sent is taken", interval=0.001)

    def takes(self, queue=0):
        """[(header, frame)] that have come; their buffers are given again."""
        queue, found, left, data, header = self.queues[queue], [], 0, b"", None
        n_posted = queue.ring.n_posted
        while (used := queue.ring.takes()) is not None:
            number, length = used
            place = queue.kept.pop(number)
            piece = self.memory[place:place + length]
            if left == 0:
                header, data = NetHeader.read(piece), piece[HEADER:]
                left = max(header.num_buffers, 1) if self.is_mergeable else 1
            else:
                data += piece
            left -= 1
            self.gives(queue, place)
            if left == 0:
                found.append((header, data))
        if queue.ring.n_posted > n_posted and queue.ring.wants_kicks():
            queue.kick()
        return found

    def hears(self, n, queue=0, patience=5):
        """Waits for n frames."""
        found, deadline = self.takes(queue), time.monotonic() + patience * SCALE
        while len(found) < n:
            assert time.monotonic() < deadline, f"heard {len(found)} frames of {n}"
            self.queues[queue].is_called(0.01)
            found += self.takes(queue)
        return found
