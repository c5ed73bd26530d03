# SPDX-License-Identifier: BSD-3-Clause
"""A guest's network card without a guest, for what is said in the headers of packets: offloads.

    vm1 = Card(folder / "vm1.sock", "csum tso4", packed=True)   # the switch owns the socket
    vm1.sends(frame, NetHeader(flags=1, gso_type=1, gso_size=1448, csum_start=34, csum_offset=16))
    assert [header.gso_size for header, frame in vm1.takes()] == [1448]

So every kind of ring and each set of features takes milliseconds, and a header can say whatever a
hostile guest would write there. It has one pair of queues, and of the protocol as little as an old
QEMU. Where a frame has to fit into one buffer, that has two pieces, as there may be many.
"""
from .frontend import HEADER, INDIRECT_DESC, P_REPLY_ACK, SLOT, Frontend, NetHeader
from .process import wait_until
from .ring import INDIRECT

# What a guest leaves to the switch, and what it takes from it: virtio 1.2 section 5.1.3.
LEAVES = {"csum": 0, "tso4": 11, "tso6": 12, "ecn": 13, "ufo": 14}
TAKES = {"csum": 1, "tso4": 7, "tso6": 8, "ecn": 9, "ufo": 10}
WHOLE = 66 << 10  # bytes that hold the largest packet, its header, and the table of its pieces
FIRST = 100       # bytes of the first of two pieces


class Card(Frontend):
    def __init__(self, path, leaves="", takes=None, packed=False, mergeable=True, indirect=False):
        """leaves, takes: names of offloads; takes as leaves unless it says so."""
        names = [LEAVES[name] for name in leaves.split()] + \
            [TAKES[name] for name in (leaves if takes is None else takes).split()]
        super().__init__(path, listens=False, packed=packed, mergeable=mergeable,
                         features=names + [INDIRECT_DESC] * indirect, protocol=(P_REPLY_ACK,),
                         receives=(SLOT,) if mergeable else (FIRST, WHOLE - FIRST), sends=(WHOLE,))
        self.is_indirect = indirect
        self.starts()
        missing = self.wanted & ~self.features
        assert not missing, f"not offered: {missing:#x}"

    def sends(self, frame, header=NetHeader(), cut=0, most=None):
        """Sends a frame in two pieces: the header with `cut` bytes of the frame, and the rest.

        It may be on its way still, with so many others (`most`) that a receiver who listens now and
        then has room."""
        most = most if most is not None else 1 if header.gso_size else 16
        queue, data, first = self.queues[1], header.bytes() + frame, HEADER + cut
        place, ring = queue.slot(), queue.ring
        self.memory[place:place + len(data)] = data
        pieces = [(self.at(place), first, 0), (self.at(place + first), len(data) - first, 0)]
        if self.is_indirect:
            table = place + WHOLE - 16 * len(pieces)
            ring.table(table, pieces)
            pieces = [(self.at(table), 16 * len(pieces), INDIRECT)]
        ring.posts(pieces)
        queue.kick()
        wait_until(lambda: self.is_sent() or ring.n_posted - ring.n_taken <= most,
                   "the switch takes the frame", interval=0.0001)
