# SPDX-License-Identifier: BSD-3-Clause
"""Two opinions about a packet: that of weft, which is Linux's with some changes, and that of Open vSwitch.

Both are written down from what they say of themselves: the table of nf_conntrack's TCP (with the flags that it
calls valid), and pf's way of tracking the two peers, which Open vSwitch uses in its userspace datapath. A model
has its own connections, made by what it lets through itself. So when the switches differ, the models tell what
each of them remembers, and why.
"""
from dataclasses import dataclass, field, replace

from security_packets import ACK, FIN, GRE, ICMP, ICMPV6, PSH, RST, SCTP, SYN, TCP, UDP, URG, transport
from security_rivals import is_allowed

QUESTIONS = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140}
COUNTERPARTS = QUESTIONS | {answer: question for question, answer in QUESTIONS.items()}


@dataclass
class Connection:
    original: tuple
    state: str = ""                 # weft
    closer: bool = None             # weft: who closed first, the replying side?
    is_replied: bool = False        # weft
    is_asked_anew: bool = False     # weft: a SYN was let through without being believed
    is_refused: bool = False        # weft: a RST before any answer; it is forgotten within a second
    late: str = ""                  # weft: the state to which an ACK leads that it may not have noticed yet
    peers: tuple = field(default=())  # Open vSwitch


@dataclass
class Opinion:
    passes: bool
    why: str                        # one word or two, for predicates
    connection: Connection = None   # what there was before
    state: str = ""                 # of the connection, before
    is_reply: bool = False
    is_forgotten: bool = False      # weft: there was one, but it was refused

    def __str__(self):
        return f"{'passes' if self.passes else 'dropped'}: {self.why}" \
            + (f" ({'reply' if self.is_reply else 'original'}, {self.state})" if self.connection else "")


class Model:
    """What both have in common: a table that is searched in both directions, rules, errors."""

    has_sctp_ports = True
    quoted_in_full = (TCP, UDP, SCTP, ICMP, ICMPV6, GRE)  # an error must quote eight bytes of them
    forgets_at_once = False  # a connection that begins anew, even if the new one is refused
    errors = {ICMP: (3, 4, 11, 12), ICMPV6: (1, 2, 3, 4)}

    def __init__(self):
        self.connections = {}  # by both keys

    def key(self, packet):
        has_none = packet.protocol == GRE or packet.protocol == SCTP and not self.has_sctp_ports
        ports = (0, 0) if has_none else (packet.sport, packet.dport)
        kind = packet.kind[0] if packet.kind else None
        return packet.family, packet.protocol, kind, packet.src.number, ports[0], packet.dst.number, ports[1]

    @staticmethod
    def back(key):
        return *key[:2], COUNTERPARTS.get(key[2]), *key[5:7], *key[3:5]

    def finds(self, packet):
        """The connection and whether the packet is one of its replies."""
        key = self.key(packet)
        found = self.connections.get(key)
        return found, bool(found) and found.original != key

    def opinion(self, packet):
        if packet.completes and not packet.oddities:
            return self.opinion(packet.completes)
        if packet.is_piece:
            return Opinion(False, "piece")
        if packet.quotes:
            return self.error(packet)
        found, is_reply = self.finds(packet)
        refusal = self.refuses(packet)
        if refusal:
            return Opinion(False, refusal, found, self.state(found), is_reply)
        if not found:
            return self.begins(packet)
        state = self.state(found)
        passes, why = self.goes_on(packet, found, is_reply)
        if why == "begins anew":
            passes = is_allowed(packet)
            if passes or self.forgets_at_once:
                del self.connections[found.original]
                self.connections.pop(self.back(found.original), None)
            if passes:
                self.begins(packet)
        return Opinion(passes, why, found, state, is_reply)

    def begins(self, packet):
        if not self.may_begin(packet):
            return Opinion(False, "cannot begin")
        if not is_allowed(packet):
            return Opinion(False, "no rule")
        made = self.connection(packet)
        self.connections[made.original] = self.connections[self.back(made.original)] = made
        return Opinion(True, "rule")

    def error(self, packet):
        quoted = packet.quotes
        if "bad checksum" in packet.oddities:
            return Opinion(False, "checksum")
        is_short = "short quotation" in packet.oddities or len(transport(quoted)) < 8
        if is_short and quoted.protocol in self.quoted_in_full:
            return Opinion(False, "quotation")
        if packet.kind[0] not in self.errors[packet.protocol]:
            return Opinion(False, "no error")
        if self.refuses(quoted) in ("code", "type"):
            return Opinion(False, self.refuses(quoted))
        found, is_reply = self.finds(quoted)
        if not found or quoted.src != packet.dst:
            return Opinion(False, "unrelated")
        return Opinion(True, "related", found, self.state(found), not is_reply)

    def goes_on(self, packet, found, is_reply):
        """What is known passes; a protocol may know more."""
        return True, "known"

    def connection(self, packet):
        return Connection(self.key(packet))


# ---- weft ----

STATES = ("none", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
          "SYN_SENT2")
SHORT = dict(zip(("SS", "SR", "ES", "FW", "CW", "LA", "TW", "CL", "S2"), STATES[1:]), IV="invalid", IG="ignored")
ORIGINAL = {
    "syn":     "SS SS IG IG IG IG IG SS SS S2",
    "syn+ack": "IV IV SR IV IV IV IV IV IV SR",
    "fin":     "IV IV FW FW LA LA LA TW CL IV",
    "ack":     "ES IV ES ES CW CW TW TW CL IV",
    "rst":     "IV CL CL CL CL CL CL CL CL CL",
}
REPLY = {
    "syn":     "IV S2 IV IV IV IV IV SS IV S2",
    "syn+ack": "IV SR IG IG IG IG IG IG IG SR",
    "fin":     "IV IV FW FW LA LA LA TW CL IV",
    "ack":     "IV IG SR ES CW CW TW TW CL IG",
    "rst":     "IV CL CL CL CL CL CL CL CL CL",
}
VALID = {SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG}


def word(flags):
    return "rst" if flags & RST else ("syn+ack" if flags & ACK else "syn") if flags & SYN \
        else "fin" if flags & FIN else "ack"


class Weft(Model):
    """Linux's table, but: a SYN may begin anew in LAST_ACK, and from the other side in CLOSE; a side that has
    closed does not answer its own FIN.

    Two things take their time, up to a second or so: a plain ACK of a remembered flow is understood, and a
    connection that was refused is forgotten. Meanwhile nobody knows from outside which it is. So there are worlds:
    all that a connection may have come to. What weft does to a packet, `seen`, tells which of them are left.
    """

    def __init__(self):
        super().__init__()
        self.worlds = {}  # key in any direction: [(connection or None, is_forgotten)]

    def opinion(self, packet, seen):
        if packet.completes:
            return self.opinion(packet.completes, seen)
        key = self.key(packet.quotes or packet)
        place = min(key, self.back(key), key=str)
        tries = [self._tries(packet, *variant) for world in self.worlds.get(place, [(None, False)])
                 for variant in self._variants(*world)]
        left = [one for one in tries if one[0].passes == seen] or tries
        self.worlds[place] = list({repr(after): after for _, after in left}.values())
        return left[0][0]

    @staticmethod
    def _variants(found, is_forgotten):
        """What may have happened meanwhile."""
        yield found and replace(found), is_forgotten
        if found and found.is_refused:
            yield None, True
        if found and found.late:
            yield replace(found, state=found.late, late=""), False

    def _tries(self, packet, found, is_forgotten):
        self.connections = {found.original: found, self.back(found.original): found} if found else {}
        opinion = super().opinion(packet)
        opinion.is_forgotten = is_forgotten
        after = next(iter(self.connections.values()), None)
        return opinion, (after, is_forgotten and not after)

    @staticmethod
    def state(found):
        return found.state if found else "none"

    @staticmethod
    def refuses(packet):
        if packet.protocol == TCP and packet.flags & ~PSH not in VALID:
            return "flags"

    @staticmethod
    def may_begin(packet):
        if packet.protocol == TCP:
            return word(packet.flags) in ("syn", "ack")
        return not packet.kind or packet.kind[0] in QUESTIONS

    def connection(self, packet):
        made = super().connection(packet)
        if packet.protocol == TCP:
            made.state = "SYN_SENT" if packet.flags & SYN else "ESTABLISHED"
        return made

    def goes_on(self, packet, found, is_reply):
        if packet.protocol != TCP:
            return True, "known"
        what = word(packet.flags)
        row = (REPLY if is_reply else ORIGINAL)[what].split()
        state, was = SHORT[row[STATES.index(found.state)]], found.state
        if what == "syn" and was in (("TIME_WAIT", "CLOSE") if is_reply else ("LAST_ACK", "TIME_WAIT", "CLOSE")):
            return True, "begins anew"
        if state == "invalid":
            return False, "table"
        if state == "ignored":
            if what == "syn":
                found.is_asked_anew = True
            elif what == "syn+ack" and is_reply and found.is_asked_anew:
                found.state, found.is_asked_anew = "SYN_RECV", False
            return True, "ignored"
        own = found.closer == is_reply
        if state != was and (own if was in ("FIN_WAIT", "CLOSE_WAIT") else was == "LAST_ACK" and not own) \
                and what in ("fin", "ack"):
            state = was
        if state == "FIN_WAIT" != was:
            found.closer = is_reply
        if what == "ack" and state != was:
            found.late, state = state, was
        elif state != was:
            found.late = ""
        found.state, found.is_asked_anew = state, False
        if what != "ack" or not found.is_refused:  # an ACK that comes then may go unnoticed
            found.is_replied |= is_reply and what != "rst"
            found.is_refused = state == "CLOSE" and not found.is_replied
        return True, "known"


# ---- Open vSwitch ----

PF = ("closed", "syn sent", "established", "closing", "fin wait 2", "time wait")  # in this order
HALF = 1 << 31
SKEW = 0xffff + 1500


@dataclass
class Peer:
    state: int = 0
    low: int = 0     # highest sequence number sent
    high: int = 1    # highest that the other lets it send
    window: int = 1
    is_unknown: bool = False  # its window's scale

    @property
    def scale(self):
        return 14 if self.is_unknown else 0


def at_least(one, other):
    return (one - other) % (1 << 32) < HALF


class Vswitch(Model):
    """With its default, sequence numbers must fit; `is_liberal`, they need not."""

    has_sctp_ports = False
    quoted_in_full = (TCP, UDP, ICMP, ICMPV6)
    forgets_at_once = True
    errors = {ICMP: (3, 4, 5, 11, 12), ICMPV6: (1, 2, 3, 4)}

    def __init__(self, is_liberal):
        super().__init__()
        self.is_liberal = is_liberal

    @staticmethod
    def state(found):
        return "/".join(PF[peer.state] for peer in found.peers) if found and found.peers else "none"

    @staticmethod
    def refuses(packet):
        flags = packet.flags
        if packet.protocol == TCP and (
                flags & SYN and flags & (RST | FIN) or not flags & (SYN | ACK | RST)
                or not flags & ACK and flags & (FIN | PSH | URG)):
            return "flags"
        if "bad checksum" in packet.oddities:
            return "checksum"
        if packet.kind and packet.kind[1]:
            return "code"
        if packet.protocol == ICMP and packet.kind[0] not in (0, 8, 13, 14, 15, 16) \
                or packet.protocol == ICMPV6 and packet.kind[0] not in (128, 129):
            return "type"

    @staticmethod
    def may_begin(packet):
        if packet.protocol == TCP:
            return packet.flags & (SYN | ACK) != SYN | ACK
        return not packet.kind or packet.kind[0] in QUESTIONS

    def connection(self, packet):
        made = super().connection(packet)
        if packet.protocol == TCP:
            flags, is_unknown = packet.flags, not packet.flags & SYN
            high = packet.seq + len(packet.data) + 1 + bool(flags & SYN) + bool(flags & FIN)
            made.peers = Peer(1, packet.seq, high, 0xffff, is_unknown), Peer(is_unknown=is_unknown)
        return made

    def goes_on(self, packet, found, is_reply):
        if packet.protocol != TCP:
            return True, "known"
        src, dst = found.peers[is_reply], found.peers[not is_reply]
        flags = packet.flags
        if flags & (SYN | ACK) == SYN:
            if min(src.state, dst.state) >= 4:
                return True, "begins anew"
            if src.state <= 1:
                src.state = 1
                return is_allowed(packet), "asks again"
        if not self._fits(packet, src, dst) and not self.is_liberal:
            return False, "window"
        if flags & FIN and src.state < 3:
            src.state = 3
        if flags & ACK and not self.is_loose:
            dst.state = {1: 2, 3: 4}.get(dst.state, dst.state)
        if flags & RST:
            src.state = dst.state = 5
        return True, "known"

    def _fits(self, packet, src, dst):
        """Is it inside of the window? Moves the window if so; `is_loose`: only because one is lenient."""
        flags, seq, skew = packet.flags, packet.seq, None
        scale = (src.scale, dst.scale) if src.is_unknown and dst.is_unknown and not flags & SYN else (0, 0)
        end = seq + len(packet.data) + bool(flags & SYN) + bool(flags & FIN)
        ack = packet.ack if flags & ACK and not (packet.ack == 0 and flags & RST) else dst.low
        if src.state < 1:
            src.low, src.state = seq, 1
            high = end + max(1, dst.window << scale[1])
            if src.high == 1 or at_least(high, src.high):
                src.high, skew = high, 0
            src.window = max(src.window, 0xffff)
            ack = packet.ack if flags & ACK and not (packet.ack == 0 and flags & RST) else dst.low
        if seq == end:
            seq = end = src.low
        if skew is None:
            skew = (dst.low - ack + HALF) % (1 << 32) - HALF
        fits = at_least(src.high, end) and at_least(seq, src.low - (dst.window << scale[1])) \
            and -SKEW <= skew <= SKEW << scale[0] \
            and (not flags & RST or (packet.seq - src.low + 1) % (1 << 32) <= 2)
        self.is_loose = not fits and not self.is_liberal
        if self.is_loose and not ((dst.state < 1 or dst.state >= 4 or src.state >= 4)
                                  and at_least(src.high + SKEW, end) and at_least(seq, src.low - SKEW)):
            return False
        src.window = max(src.window, 0xffff)
        if at_least(end, src.low):
            src.low = end % (1 << 32)
        if at_least(ack + (0xffff << scale[0]), dst.high):
            dst.high = (ack + (0xffff << scale[0])) % (1 << 32)
        return True
