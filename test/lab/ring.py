# SPDX-License-Identifier: BSD-3-Clause
"""Virtqueues from the driver's side, in memory that is shared with the device.

Both kinds have the same verbs. `posts` makes a chain of buffers available, `table` writes one that
a single descriptor can stand for, `takes` gives a chain that the device has used. Below them are the
parts that a test may write wrongly: `desc`, `avails`, `index` (split) and `desc` (packed).

What the other side may read at any moment is written in one piece, through `words`: struct writes
zeros first, and then byte by byte.
"""
import struct

NEXT, WRITE, INDIRECT = 1, 2, 4
P_AVAIL, P_USED = 1 << 7, 1 << 15  # packed rings
NO_KICKS = 1          # a device says so in the flags of its part
RING_BYTES = 0x10000  # what one takes at most


class Ring:
    """What both kinds have in common."""
    DEVICE = DRIVER = 0  # where each side's own part is, behind the descriptors
    BASE = 0             # where a device begins: SET_VRING_BASE

    def __init__(self, memory, at, size):
        self.memory, self.at, self.size = memory, at, size
        self.words = memoryview(memory).cast("H")
        self.resets()

    def ends(self):
        self.words.release()

    def resets(self):
        """All is nought, but not more than may be in use: each page that is touched costs time."""
        for place, entry in zip(self.places(), (16, 8, 8)):
            length = entry * (self.size + 1)
            self.memory[place:place + length] = bytes(length)
        self.next_desc = self.next_used = 0
        self.n_posted = self.n_taken = 0

    def places(self):
        """Descriptors, the device's part, the driver's: in the order of SET_VRING_ADDR."""
        return self.at, self.at + self.DEVICE, self.at + self.DRIVER


class SplitRing(Ring):
    """Virtio 1.2 section 2.7: a table of descriptors, and two rings of indices."""
    AVAIL, USED = DRIVER, DEVICE = 0x8000, 0xa000  # so that 2,048 descriptors fit

    def resets(self):
        super().resets()
        self.next_avail = 0

    def desc(self, number, address, length, flags=0, following=0):
        struct.pack_into("=QIHH", self.memory, self.at + 16 * number, address, length, flags,
                         following)

    def avails(self, head):
        """Enters a chain, not yet visible."""
        place = self.at + self.AVAIL + 4 + 2 * (self.next_avail % self.size)
        self.words[place // 2] = head
        self.next_avail = (self.next_avail + 1) & 0xffff

    def index(self, number=None):
        """Makes chains visible: up to those entered, or whatever number is given."""
        self.words[(self.at + self.AVAIL + 2) // 2] = \
            self.next_avail if number is None else number & 0xffff

    def wants_kicks(self):
        return self.words[(self.at + self.USED) // 2] != NO_KICKS

    def table(self, place, pieces):
        """An indirect table of one chain."""
        for number, (address, length, flags) in enumerate(pieces, 1):
            struct.pack_into("=QIHH", self.memory, place + 16 * (number - 1), address, length,
                             flags | (NEXT if number < len(pieces) else 0), number)

    def posts(self, pieces):
        """[(address, length, flags)] as one chain. Gives the number of its head."""
        head = self.next_desc
        for number, (address, length, flags) in enumerate(pieces, 1):
            following = (self.next_desc + 1) % self.size
            self.desc(self.next_desc, address, length,
                      flags | (NEXT if number < len(pieces) else 0), following)
            self.next_desc = following
        self.avails(head)
        self.index()
        self.n_posted += 1
        return head

    def used_index(self):
        return self.words[(self.at + self.USED + 2) // 2]

    def takes(self):
        """(head, bytes written) of the next chain that was used, or None."""
        if self.used_index() == self.next_used:
            return None
        place = self.at + self.USED + 4 + 8 * (self.next_used % self.size)
        self.next_used = (self.next_used + 1) & 0xffff
        self.n_taken += 1
        return struct.unpack_from("=II", self.memory, place)


class PackedRing(Ring):
    """Virtio 1.2 section 2.8: one ring, which both write; who has a descriptor, its flags say."""
    DRIVER, DEVICE = 0x8000, 0x8010
    BASE = 0x8000  # the wrap counter

    def resets(self):
        super().resets()
        self.number = 0
        self.wrap = self.used_wrap = 1
        self.lengths = {}  # id -> descriptors

    def desc(self, number, address, length, identity, flags):
        place = self.at + 16 * number
        struct.pack_into("=QIH", self.memory, place, address, length, identity)
        self.words[(place + 14) // 2] = flags

    def owned(self):
        """The flags of a descriptor that the device shall look at."""
        return P_AVAIL if self.wrap else P_USED

    def advances(self):
        self.next_desc += 1
        if self.next_desc == self.size:
            self.next_desc, self.wrap = 0, self.wrap ^ 1

    def wants_kicks(self):
        return self.words[(self.at + self.DEVICE + 2) // 2] != NO_KICKS

    def table(self, place, pieces):
        for number, (address, length, flags) in enumerate(pieces):
            struct.pack_into("=QIHH", self.memory, place + 16 * number, address, length, 0, flags)

    def posts(self, pieces):
        identity = self.number
        self.number = (self.number + 1) % self.size
        entries = []
        for number, (address, length, flags) in enumerate(pieces, 1):
            flags |= self.owned() | (NEXT if number < len(pieces) else 0)
            entries.append((self.next_desc, address, length, identity, flags))
            self.advances()
        for entry in reversed(entries):  # the first one last: it makes the others visible
            self.desc(*entry)
        self.lengths[identity] = len(pieces)
        self.n_posted += 1
        return identity

    def takes(self):
        place = self.at + 16 * self.next_used
        flags = self.words[(place + 14) // 2]
        if bool(flags & P_USED) != bool(self.used_wrap) or \
                bool(flags & P_AVAIL) != bool(self.used_wrap):
            return None
        length, identity = struct.unpack_from("=IH", self.memory, place + 8)
        self.next_used += self.lengths.pop(identity, 1)
        if self.next_used >= self.size:
            self.next_used, self.used_wrap = self.next_used - self.size, self.used_wrap ^ 1
        self.n_taken += 1
        return identity, length
