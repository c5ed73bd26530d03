# SPDX-License-Identifier: BSD-3-Clause
"""Virtqueues from the driver's side, in memory that is shared with the device.

Both kinds have the same verbs. `posts` makes a chain of buffers available, `takes` gives one that
the device has used. Below them are the parts that a test may write wrongly: `desc`, `avails`,
`index` (split) and `desc`, `flags` (packed).

What the other side may read at any moment is written in one piece, through `words`: struct writes
zeros first, and then byte by byte.
"""
import struct

NEXT, WRITE, INDIRECT = 1, 2, 4
P_AVAIL, P_USED = 1 << 7, 1 << 15  # packed rings


class SplitRing:
    """Virtio 1.2 section 2.7: a table of descriptors, and two rings of indices."""
    AVAIL, USED = 0x8000, 0xa000  # so that 2,048 descriptors fit

    def __init__(self, memory, at, size):
        self.memory, self.at, self.size = memory, at, size
        self.words = memoryview(memory).cast("H")
        self.resets()

    def ends(self):
        self.words.release()

    def resets(self):
        self.memory[self.at:self.at + 0x10000] = bytes(0x10000)
        self.next_desc = self.next_avail = self.next_used = 0
        self.n_posted = self.n_taken = 0

    def base(self):
        return 0

    def places(self):
        """Descriptors, used, available: in the order of SET_VRING_ADDR."""
        return self.at, self.at + self.USED, self.at + self.AVAIL

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

    def flags(self):
        """What the device says about kicks: 1 is "none, please"."""
        return self.words[(self.at + self.USED) // 2]

    def posts(self, pieces):
        """[(address, length, device may write)] as one chain. Gives the number of its head."""
        head = self.next_desc
        for number, (address, length, is_writable) in enumerate(pieces):
            is_last = number == len(pieces) - 1
            self.desc(self.next_desc, address, length,
                      (WRITE if is_writable else 0) | (0 if is_last else NEXT),
                      (self.next_desc + 1) % self.size)
            self.next_desc = (self.next_desc + 1) % self.size
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


class PackedRing:
    """Virtio 1.2 section 2.8: one ring, which both write; who has a descriptor, its flags say."""
    DRIVER, DEVICE = 0x8000, 0x8010

    def __init__(self, memory, at, size):
        self.memory, self.at, self.size = memory, at, size
        self.words = memoryview(memory).cast("H")
        self.resets()

    def ends(self):
        self.words.release()

    def resets(self):
        self.memory[self.at:self.at + 0x10000] = bytes(0x10000)
        self.next_desc = self.next_used = self.number = 0
        self.wrap = self.used_wrap = 1
        self.lengths = {}  # id -> descriptors
        self.n_posted = self.n_taken = 0

    def base(self):
        return 0x8000  # the wrap counter

    def places(self):
        return self.at, self.at + self.DEVICE, self.at + self.DRIVER

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

    def flags(self):
        return self.words[(self.at + self.DEVICE + 2) // 2]

    def posts(self, pieces):
        identity = self.number
        self.number = (self.number + 1) % self.size
        entries = []
        for number, (address, length, is_writable) in enumerate(pieces):
            flags = self.owned() | (WRITE if is_writable else 0) | \
                (NEXT if number < len(pieces) - 1 else 0)
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
