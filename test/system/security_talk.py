# SPDX-License-Identifier: BSD-3-Clause
"""What is said in the differential run: conversations that walk at random, from both sides, from one seed.

Most of a conversation is as it should be. Now and then somebody repeats himself, gives up, begins in the middle,
begins anew with the same ports, says something that makes no sense, or quotes in an error what was never said.
"""
import random
from dataclasses import replace

from security_packets import (ACK, FIN, GRE, HOSTS, ICMP, ICMPV6, PSH, RST, SCTP, SYN, TCP, UDP, URG, Packet, cut,
                              piece, transport, whole)

PORTS = {TCP: (22, 80, 81, 443, 8000, 9), UDP: (53, 54, 5000, 5001, 9), SCTP: (3868, 9)}
OWN_PORTS = range(1024, 1032)  # few, so that they are used again
FLAGS = (0, FIN, SYN | FIN, SYN | RST, FIN | RST | ACK, SYN | PSH, SYN | URG, RST | PSH, RST | URG, RST | ACK | URG,
         SYN | ACK | URG, FIN | PSH | URG, ACK | URG, ACK | PSH | URG, RST | ACK, SYN | ACK | PSH, FIN | ACK | PSH,
         SYN | FIN | ACK, SYN | FIN | RST | PSH | ACK | URG, PSH, URG)


class Talks:
    def __init__(self, seed, count):
        self.dice = random.Random(seed)
        self.packets, self.pending, self.live, self.over = [], [], [], []
        self.count, self.numbers = count, 0

    def __iter__(self):
        """The packets in order, each with its number and frame."""
        while len(self.packets) < self.count:
            self._goes_on()
            if self.pending and self.dice.random() < 0.5:
                self.packets.append(self.pending.pop(0))
        return iter(self.packets + self.pending)

    def _goes_on(self):
        chance = self.dice.random()
        if len(self.live) < 20 or chance < 0.04:
            self.live.append(self._begins())
        elif chance < 0.10:
            self._errs()
        elif chance < 0.13:
            self._fragments()
        elif chance < 0.16:
            self._babbles()
        else:
            talk = self.dice.choice(self.live)
            said = talk.says()
            if said is None:
                self.live.remove(talk)
                self.over.append(talk)
            else:
                self.speaks(said)

    def numbered(self, packet):
        self.numbers += 1
        return replace(packet, number=self.numbers)

    def speaks(self, packet):
        self.packets.append(whole(self.numbered(packet)))

    def _pair(self):
        src = self.dice.choice(HOSTS)
        return src, self.dice.choice([host for host in HOSTS if host.place != src.place])

    def _begins(self):
        """A new conversation; one in four has the ports of an older one."""
        old = [talk for talk in self.over if talk.first.protocol == TCP]
        if old and self.dice.random() < 0.25:
            talk = self.dice.choice(old)
            first = talk.first if self.dice.random() < 0.8 else talk.first.mirrored()
            return TcpTalk(self.dice, first)
        src, dst = self._pair()
        family = self.dice.choice((4, 6))
        protocol = self.dice.choices((TCP, UDP, ICMP, GRE, SCTP), (12, 4, 3, 1, 1))[0]
        first = Packet(family, protocol, src, dst)
        if protocol in PORTS:
            first = replace(first, sport=self.dice.choice(OWN_PORTS), dport=self.dice.choice(PORTS[protocol]))
        if protocol == TCP:
            return TcpTalk(self.dice, first)
        if protocol == ICMP:
            number = self.dice.randrange(1, 9)
            kind = self.dice.choices(((8, 0), (8, 3), (13, 0), (15, 0), (17, 0)), (12, 1, 2, 1, 1))[0] if family == 4 \
                else self.dice.choices(((128, 0), (128, 2), (139, 0)), (12, 1, 1))[0]
            first = replace(first, protocol=ICMP if family == 4 else ICMPV6, sport=number, dport=number, kind=kind)
        return Exchange(self.dice, first)

    def _errs(self):
        """An ICMP error about something that was said, or was not."""
        said = [packet for packet in self.packets[-60:]
                if not packet.is_piece and not packet.quotes and "bad checksum" not in packet.oddities]
        if not said:
            return
        about, oddities = self.dice.choice(said), set()
        lie = self.dice.random()
        if lie < 0.12:
            about = replace(about, sport=about.sport + 4000, oddities=about.oddities | {"never said"})
        elif lie < 0.18:
            oddities.add("short quotation")
        elif lie < 0.24:
            oddities.add("bad checksum")
        source = about.dst if self.dice.random() < 0.7 or about.src.place == "w" else self.dice.choice(HOSTS[4:])
        target = about.src
        if self.dice.random() < 0.08 and source.place != about.dst.place:
            target = about.dst  # told to the wrong one
            oddities.add("told to the wrong one")
        if source.place == target.place:
            return
        kinds = ((3, 1), (3, 3), (3, 4), (4, 0), (5, 1), (11, 0), (12, 0)) if about.family == 4 \
            else ((1, 0), (1, 4), (2, 0), (3, 0), (4, 1))
        self.speaks(Packet(about.family, ICMP if about.family == 4 else ICMPV6, source, target,
                           kind=self.dice.choice(kinds), quotes=about, oddities=frozenset(oddities)))

    def _fragments(self):
        """A datagram in pieces, which are sent among other packets."""
        src, dst = self._pair()
        packet = self.numbered(Packet(
            self.dice.choice((4, 6)), UDP, src, dst, self.dice.choice(OWN_PORTS), self.dice.choice(PORTS[UDP]),
            data=self.dice.randbytes(self.dice.choice((1200, 1600, 2100)))))
        trouble = self.dice.choices(("", "shuffled", "incomplete", "overlap", "tiny", "small"), (8, 4, 2, 2, 2, 2))[0]
        if trouble == "overlap":
            payload = transport(packet)
            pieces = [piece(packet, payload, begin, end, {"overlap"})
                      for begin, end in ((0, 800), (400, 1000), (1000, len(payload)))]
        elif trouble in ("tiny", "small"):
            pieces = cut(packet, *((8, 800) if trouble == "tiny" else (200, 400, 800)), oddities={trouble})
            pieces = pieces if trouble == "small" else self._tiny(packet)
        else:
            pieces = cut(packet, *((800,) if self.dice.random() < 0.5 else (400, 800)))
        if trouble == "incomplete":
            pieces = [replace(one, oddities=one.oddities | {"incomplete"}) for one in pieces[:-1]]
        elif trouble == "shuffled":
            self.dice.shuffle(pieces)
        if trouble in ("", "shuffled", "small"):
            pieces[-1] = replace(pieces[-1], completes=packet)
        self.pending += pieces

    def _tiny(self, packet):
        """A first fragment that ends before the ports do (TCP: before the flags, RFC 1858)."""
        packet = replace(packet, protocol=TCP, flags=SYN)
        return cut(packet, 8, 800, oddities={"tiny"})

    def _babbles(self):
        """A packet without any sense, perhaps in a conversation of others."""
        talk = self.dice.choice(self.live + self.over[-20:])
        packet = talk.first if self.dice.random() < 0.5 else talk.first.mirrored()
        if packet.protocol == TCP:
            packet = replace(packet, flags=self.dice.choice(FLAGS), seq=self.dice.getrandbits(32),
                             ack=self.dice.getrandbits(32), data=self.dice.randbytes(self.dice.choice((0, 0, 9))))
        if packet.protocol in (TCP, UDP) and self.dice.random() < 0.2:
            packet = replace(packet, oddities=frozenset({"bad checksum"}))
        if packet.protocol in (ICMP, ICMPV6):
            kinds = ((0, 0), (14, 0), (16, 0), (18, 0), (10, 0), (40, 0)) if packet.family == 4 \
                else ((129, 0), (140, 0), (144, 0), (200, 0))
            packet = replace(packet, kind=self.dice.choice(kinds))
        self.speaks(packet)


class TcpTalk:
    """Two ends of a TCP connection; `first` is what the client's packets look like."""

    def __init__(self, dice, first):
        self.dice, self.first = dice, first
        self.next = [dice.getrandbits(32), dice.getrandbits(32)]
        self.phase = "closed" if dice.random() < 0.85 else "open"  # or one that was there before
        self.last = None

    def packet(self, side, flags, size=0):
        """What an end says; its sequence number goes on."""
        base = self.first if side == 0 else self.first.mirrored()
        seq, ack = self.next[side], self.next[1 - side] if flags & ACK else 0
        self.next[side] = seq + size + bool(flags & SYN) + bool(flags & FIN) & 0xffffffff
        self.last = replace(base, flags=flags, seq=seq, ack=ack, data=self.dice.randbytes(size))
        return self.last

    def says(self):
        """The next packet, or None when all is said."""
        if self.dice.random() < 0.13:
            return self._odd()
        return getattr(self, f"_{self.phase}")()

    def _odd(self):
        chance, side = self.dice.random(), self.dice.randrange(2)
        if chance < 0.3 and self.last:
            return self.last
        if chance < 0.4:
            return self.packet(side, self.dice.choice((RST, RST | ACK)))
        if chance < 0.5:
            return self.packet(side, SYN)
        if chance < 0.6:
            return self.packet(side, SYN | ACK)
        if chance < 0.75:
            return self.packet(side, FIN | ACK)
        return self.packet(side, ACK, self.dice.choice((0, 5)))

    def _moves(self, phase, *words):
        self.phase = phase
        return self.packet(*words)

    def _closed(self):
        return self._moves("asked", 0, SYN)

    def _asked(self):
        if self.dice.random() < 0.1:
            return self._moves("dead", 1, RST | ACK)
        return self._moves("answered", 1, SYN | ACK)

    def _answered(self):
        return self._moves("open", 0, ACK)

    def _open(self):
        chance, side = self.dice.random(), self.dice.randrange(2)
        if chance < 0.08:
            return self._moves("dead", side, RST)
        if chance < 0.25:
            self.closer = side
            return self._moves("closing", side, FIN | ACK)
        return self.packet(side, self.dice.choice((ACK, PSH | ACK)), self.dice.choice((0, 1, 20)))

    def _closing(self):
        if self.dice.random() < 0.3:
            return self._moves("leaving", 1 - self.closer, FIN | ACK)
        return self._moves("half", 1 - self.closer, ACK)

    def _half(self):
        if self.dice.random() < 0.3:
            return self.packet(1 - self.closer, PSH | ACK, 7)
        return self._moves("leaving", 1 - self.closer, FIN | ACK)

    def _leaving(self):
        return self._moves("dead", self.closer, ACK)

    def _dead(self):
        """Somebody may not have understood; half of the time the ports are used again at once."""
        chance = self.dice.random()
        if chance < 0.2:
            return self.packet(self.dice.randrange(2), self.dice.choice((ACK, RST, FIN | ACK)))
        if chance < 0.4:
            self.next[0] = self.dice.getrandbits(32)
            return self._moves("asked", 0, SYN)
        return None


class Exchange:
    """Questions and answers without a state: UDP, ICMP, GRE, SCTP."""

    ANSWERS = {8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140}

    def __init__(self, dice, first):
        self.dice, self.first, self.left = dice, first, dice.randrange(2, 10)

    def says(self):
        self.left -= 1
        if self.left < 0:
            return None
        packet = replace(self.first, data=self.dice.randbytes(self.dice.choice((0, 8, 100))))
        if self.dice.random() < 0.5:
            packet = packet.mirrored()
            if packet.kind:
                packet = replace(packet, kind=(self.ANSWERS[packet.kind[0]], packet.kind[1]))
        return packet
