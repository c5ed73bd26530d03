# SPDX-License-Identifier: BSD-3-Clause
"""What guests leave to the switch, and what it would be if they had done it themselves.

A frame is built whole; `left` takes the checksum out of it, as a guest does, and `finished` is our
own idea of the frames that must leave in its place: it cuts and adds up byte by byte. So a test can
let one guest send what it leaves undone, and another one, at a switch of its own, the finished
frames, and compare all that is heard: an offload may only ever change speed.
"""
import struct

from scapy.layers.l2 import ARP

from frames import EVERYBODY, frame
from harness import wait_until
from lab.card import Card
from lab.frontend import NetHeader

TCP_, UDP_ = 6, 17
SUM_AT = {TCP_: 16, UDP_: 6}
GSO = {(TCP_, 4): 1, (UDP_, 4): 3, (UDP_, 6): 3, (TCP_, 6): 4}
NEEDS_SUM, ECN = 1, 0x80
RARP = bytes.fromhex("8035 0001 0800 06 04 0003")  # a request, from the type of the frame on
FIN, PSH, CWR = 0x01, 0x08, 0x80
EVERYTHING = "csum tso4 tso6 ecn ufo"


def ones(data):
    """The sum of its words as RFC 1071 has it: of bytes that are taken for one number, the rest of a division, since
    65,536 is 1 more than that."""
    number = int.from_bytes(data + bytes(len(data) & 1), "big")
    return number and (number % 0xFFFF or 0xFFFF)


def load(n):
    """Bytes that tell where they stand."""
    return (bytes(number * 7 % 251 for number in range(251)) * (n // 251 + 1))[:n]


class Look:
    """Where things are in an untagged frame of TCP or UDP, without extension headers."""

    def __init__(self, data):
        ip = data[14:]
        self.family = ip[0] >> 4
        self.protocol = ip[9] if self.family == 4 else ip[6]
        self.l3 = (ip[0] & 15) * 4 if self.family == 4 else 40
        self.l4 = 14 + self.l3
        self.end = 14 + (struct.unpack_from("!H", ip, 2)[0] if self.family == 4 else
                         40 + struct.unpack_from("!H", ip, 4)[0])
        self.body = self.l4 + ((data[self.l4 + 12] >> 4) * 4 if self.protocol == TCP_ else 8)
        self.addresses = ip[12:20] if self.family == 4 else ip[8:40]
        self.sum_at = self.l4 + SUM_AT[self.protocol]

    def pseudo(self, length):
        return ones(self.addresses + struct.pack("!HH", self.protocol, length))


def with_sum(data):
    """The frame, whose checksum is made anew."""
    look = Look(data)
    data = bytearray(data)
    data[look.sum_at:look.sum_at + 2] = bytes(2)
    total = ones(struct.pack("!H", look.pseudo(look.end - look.l4)) + data[look.l4:look.end]) ^ 0xFFFF
    if not total and look.protocol == UDP_:
        total = 0xFFFF
    data[look.sum_at:look.sum_at + 2] = struct.pack("!H", total)
    return bytes(data)


def with_length(data, step=0, fragment=None):
    """The frame whose IP header says how long it is; step: added to the identifier."""
    data, ip = bytearray(data), 14
    if data[ip] >> 4 == 6:
        struct.pack_into("!H", data, ip + 4, len(data) - 54)
        return bytes(data)
    head = (data[ip] & 15) * 4
    struct.pack_into("!HH", data, ip + 2, len(data) - 14,
                     (struct.unpack_from("!H", data, ip + 4)[0] + step) & 0xFFFF)
    if fragment is not None:
        struct.pack_into("!H", data, ip + 6, struct.unpack_from("!H", data, ip + 6)[0] & 0x4000 | fragment)
    data[ip + 10:ip + 12] = bytes(2)
    struct.pack_into("!H", data, ip + 10, ones(bytes(data[ip:ip + head])) ^ 0xFFFF)
    return bytes(data)


def segments(data, size):
    """TCP, cut."""
    look = Look(data)
    payload = data[look.body:look.end]
    for at in range(0, len(payload), size):
        piece = bytearray(data[:look.body] + payload[at:at + size])
        number = struct.unpack_from("!I", piece, look.l4 + 4)[0]
        struct.pack_into("!I", piece, look.l4 + 4, (number + at) & 0xFFFFFFFF)
        if at:
            piece[look.l4 + 13] &= ~CWR & 0xFF
        if at + size < len(payload):
            piece[look.l4 + 13] &= ~(FIN | PSH) & 0xFF
        yield with_sum(with_length(bytes(piece), at // size))


def fragments(data, size):
    """UDP, cut. The identifier of IPv6 is zero."""
    data = with_sum(data)
    look = Look(data)
    whole, size = data[look.l4:look.end], size // 8 * 8
    for at in range(0, len(whole), size):
        more = at + size < len(whole)
        if look.family == 4:
            yield with_length(data[:look.l4] + whole[at:at + size], fragment=at // 8 | more << 13)
        else:
            head = bytearray(data[:look.l4])
            head[20] = 44
            yield with_length(bytes(head) + struct.pack("!BBHI", UDP_, 0, at | more, 0) + whole[at:at + size])


def left(data, size=0, ecn=False):
    """The header and the frame of a guest that leaves the checksum undone, and is to be cut if there is a size."""
    look = Look(data)
    data = bytearray(data)
    struct.pack_into("!H", data, look.sum_at, look.pseudo(look.end - look.l4))
    kind = GSO[look.protocol, look.family] | (ECN if ecn else 0) if size else 0
    return NetHeader(NEEDS_SUM, kind, look.body, size, look.l4, SUM_AT[look.protocol]), bytes(data)


def finished(header, data):
    """The frames that a guest hears in one: what it has to add is as virtio says."""
    if not header.flags & NEEDS_SUM:
        assert not header.gso_type and not header.gso_size, header
        return [data]
    look = Look(data)
    assert (header.csum_start, header.csum_offset) == (look.l4, SUM_AT[look.protocol]), header
    assert struct.unpack_from("!H", data, look.sum_at)[0] == look.pseudo(look.end - look.l4), \
        "the field has the sum of the pseudo header, with the length"
    if not header.gso_type:
        return [with_sum(data)]
    assert header.gso_type & ~ECN == GSO[look.protocol, look.family], header
    assert header.hdr_len == look.body, header
    cut = segments if look.protocol == TCP_ else fragments
    return list(cut(data, header.gso_size))


def without_chance(data):
    """A frame without the identifier of IPv6 fragments, which is drawn, wherever the fragment stands in it."""
    at = data.find(b"\x86\xdd\x60")
    if at >= 0 and data[at + 8] == 44:
        return data[:at + 46] + bytes(4) + data[at + 50:]
    return data


def is_welcome(data):
    """The switch says of a guest that it has come (RARP), perhaps with a tag or in a tunnel."""
    return RARP in data


# A switch with such guests.


class Guests:
    """Cards at a switch that is running, by the name of their port."""

    def __init__(self, switch):
        self.switch, self.cards, self.heard = switch, {}, {}

    def socket(self, name):
        return str(self.switch.runtime / f"{name}.sock")

    def port(self, name, network, mac, **more):
        return {"name": name, "network": network, "mac": mac, "port-security": False, "icmp-error-budget": 0,
                "vhost-user": self.socket(name), "mode": "server", **more}

    def joins(self, name, leaves="", takes=None, **ring):
        self.cards[name] = Card(self.socket(name), leaves, takes, **ring)
        self.heard.setdefault(name, [])
        wait_until(lambda: self.switch.json("port", "show", name)["link"] == "up", f"{name} is up")

    def leaves(self, name):
        self.cards.pop(name).ends()
        wait_until(lambda: self.switch.json("port", "show", name)["link"] == "down", f"{name} is down")

    def listen(self):
        for name, card in self.cards.items():
            self.heard[name] += [(header, data) for header, data in card.takes() if not is_welcome(data)]

    def says(self, name, header, data, **how):
        self.cards[name].sends(data, header, **how)
        self.switch.fed += 1
        self.listen()

    def settle(self):
        self.switch.settles()
        self.listen()

    def drops(self):
        """As the switch counts them, but for what it says of guests that have come to those that have not."""
        counted = {name: {why: n for why, n in drops.items() if why != "worker/no-link"}
                   for name, drops in self.switch.drops().items()}
        return {name: drops for name, drops in counted.items() if drops}

    def sent(self, wire):
        """What has left by it, when the switch has ended."""
        return [data for data in self.switch.hears(wire) if not is_welcome(data)]

    def news(self, name):
        """(header, frame) that it has heard since it was asked last."""
        heard, self.heard[name] = self.heard[name], []
        return heard

    def finished(self, name):
        """The same, as frames that are finished."""
        return [data for header, whole in self.news(name) for data in finished(header, whole)]

    def ends(self):
        for card in self.cards.values():
            card.ends()


def asks(owner, ip, target):
    """By ARP, so that others learn where it is."""
    return frame(owner, EVERYBODY, ARP(op=1, hwsrc=owner, psrc=ip, pdst=target))


def tells(owner, ip, to, to_ip):
    return frame(owner, to, ARP(op=2, hwsrc=owner, psrc=ip, hwdst=to, pdst=to_ip))

