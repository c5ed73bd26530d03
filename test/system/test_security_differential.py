# SPDX-License-Identifier: BSD-3-Clause
"""weft against Open vSwitch's userspace ct(): the same packets, the same policy, in the same order.

Where the verdicts differ, both must be what the models of them say (security_models), and the difference must be
one of CLASSES, each of which is explained on the page doc/internals/differential.rst. Any other is a failure.
"""
from collections import Counter
from pathlib import Path

import pytest

import security_models as models
from security_packets import FIN, ICMP, ICMPV6, RST, SCTP, SYN, TCP
from security_rivals import Vswitch, Weft
from security_talk import Talks

proves = pytest.mark.proves

PAGE = Path(__file__).resolve().parents[2] / "doc" / "internals" / "differential.rst"
COUNT = 12000


def is_out_of_step(weft, ovs):
    """One of the two has a connection that the other has not, or has it the other way round, because of an earlier
    packet that is itself in one of the classes."""
    ours, theirs = weft.connection, ovs.connection
    return (ours is None) != (theirs is None) or ours is not None and ours.original != theirs.original


# Predicates on a packet, and on the opinions of the two models about it (with the connections as they were before).
CLASSES = {
    "begins-with-fin-or-rst":
        lambda packet, weft, ovs: packet.protocol == TCP and packet.flags & (FIN | RST)
        and weft.why == "cannot begin" and not ovs.connection,
    "flags":
        lambda packet, weft, ovs: packet.protocol == TCP and "flags" in (weft.why, ovs.why),
    "late-ack":
        lambda packet, weft, ovs: packet.protocol == TCP and weft.why == "table" and packet.flags & SYN
        and weft.is_reply and weft.connection.late == "TIME_WAIT",
    "no-such-step":
        lambda packet, weft, ovs: packet.protocol == TCP and weft.why == "table",
    "both-begin":
        lambda packet, weft, ovs: packet.protocol == TCP and ovs.why == "asks again" and weft.is_reply,
    "begins-anew":
        lambda packet, weft, ovs: packet.protocol == TCP and "begins anew" in (weft.why, ovs.why),
    "window":
        lambda packet, weft, ovs: packet.protocol == TCP and ovs.why == "window",
    "checksum":
        lambda packet, weft, ovs: "bad checksum" in packet.oddities and not packet.quotes and ovs.why == "checksum",
    "echo-code":
        lambda packet, weft, ovs: packet.protocol in (ICMP, ICMPV6) and ovs.why == "code",
    "icmp-type":
        lambda packet, weft, ovs: packet.protocol in (ICMP, ICMPV6) and ovs.why == "type",
    "sctp-ports":
        lambda packet, weft, ovs: packet.protocol == SCTP,
    "quotation":
        lambda packet, weft, ovs: packet.quotes is not None and weft.why == "quotation",
    "redirect":
        lambda packet, weft, ovs: packet.quotes is not None and weft.why == "no error",
    "refused":
        lambda packet, weft, ovs: packet.protocol == TCP and weft.is_forgotten,
    "small-fragments":
        lambda packet, weft, ovs: packet.is_piece and "small" in packet.oddities,
    "out-of-step":
        lambda packet, weft, ovs: is_out_of_step(weft, ovs),
}


class Comparison:
    def __init__(self, packets, ours, theirs, is_liberal):
        self.weft, self.ovs = models.Weft(), models.Vswitch(is_liberal)
        self.classes, self.trouble, self.history = Counter(), [], {}
        for packet, our, their in zip(packets, ours, theirs):
            self._compares(packet, our, their)

    def _compares(self, packet, ours, theirs):
        weft, ovs = self.weft.opinion(packet, ours), self.ovs.opinion(packet)
        about = packet.completes or packet.quotes or packet
        words = {True: "passes", False: "dropped"}
        line = f"{packet}: weft {words[ours]}, Open vSwitch {words[theirs]}\n      expected: weft {weft}; OVS {ovs}"
        key = self.weft.key(about)
        key = min(key, self.weft.back(key), key=str)
        self.history.setdefault(key, []).append(line)
        if ours == theirs:
            return
        names = [name for name, fits in CLASSES.items() if fits(packet, weft, ovs)]
        is_waiting = packet.is_piece and not packet.completes
        is_as_expected = is_waiting or (ours, theirs) == (weft.passes, ovs.passes)
        if names and is_as_expected:
            self.classes[names[0]] += 1
        else:
            self.trouble.append("\n    ".join([f"{names or 'no class'}:", *self.history[key][-8:]]))

    def complaint(self):
        return f"{len(self.trouble)} unexplained differences; explained: {dict(self.classes)}\n" \
            + "\n".join(self.trouble[:10])


@proves("S47", "S48")
@pytest.mark.parametrize("windows", ["liberal windows", "strict windows"])
@pytest.mark.parametrize("seed", [20240529, 4])
def test_verdicts_are_those_of_open_vswitch(lab, windows, seed):
    """Liberal: Open vSwitch is told not to look at sequence numbers, as weft does not. Strict: its default."""
    packets = list(Talks(seed, COUNT))
    is_liberal = windows == "liberal windows"
    weft = Weft(lab)
    ours = weft.judges(packets)
    theirs = Vswitch(lab, is_liberal).judges(packets)
    comparison = Comparison(packets, ours, theirs, is_liberal)
    print(f"{len(packets)} packets, {sum(ours)} passed weft, {sum(theirs)} Open vSwitch; "
          f"differences: {dict(comparison.classes)}")
    assert not comparison.trouble, comparison.complaint()
    assert not weft.surplus()
    assert sum(ours) > COUNT // 4 and sum(theirs) > COUNT // 4
    assert is_liberal == (comparison.classes["window"] == 0)
    assert weft.site.daemon.json("connection list")
    weft.site.daemon.stops()


def test_all_differences_are_explained():
    """The page has a row for each class."""
    page = PAGE.read_text()
    missing = [name for name in CLASSES if f"``{name}``" not in page]
    assert not missing, missing


def test_the_talk_has_something_of_everything():
    """Otherwise the comparison would compare little."""
    packets = list(Talks(4, COUNT))
    kinds = Counter(packet.protocol for packet in packets)
    assert all(kinds[protocol] > 100 for protocol in (TCP, ICMP, ICMPV6, SCTP, models.UDP, models.GRE)), kinds
    flags = {packet.flags for packet in packets if packet.protocol == TCP}
    assert len(flags) > 20
    oddities = Counter(word for packet in packets for word in packet.oddities)
    assert oddities.keys() == {"bad checksum", "short quotation", "told to the wrong one", "incomplete", "overlap",
                               "tiny", "small"}, oddities
    assert {packet.family for packet in packets} == {4, 6}
    assert sum(packet.quotes is not None for packet in packets) > 300
    assert packets == list(Talks(4, COUNT)), "one seed, one talk"
