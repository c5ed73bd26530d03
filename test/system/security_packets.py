# SPDX-License-Identifier: BSD-3-Clause
"""Packets of the differential run, as bytes with complete checksums, and what the models must know of them.

There are three places: the ports `a` and `c`, which are filtered, and the wire `w`, which is not. Each has some
addresses, all with one MAC. A packet carries its number in the IPv4 identification, or in the IPv6 flow label,
so it is recognised by its bytes when it comes out again.
"""
import ipaddress
import struct
from dataclasses import dataclass, field, replace

MACS = {"a": "020000000001", "c": "020000000002", "w": "0200000000ff"}
PLACES = {"a": (1, 2), "c": (3, 4), "w": (101, 102, 103, 104)}  # last bytes of addresses
TCP, UDP, ICMP, ICMPV6, GRE, SCTP = 6, 17, 1, 58, 47, 132
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


@dataclass(frozen=True)
class Host:
    place: str
    number: int

    def address(self, family):
        text = f"10.0.0.{self.number}" if family == 4 else f"fd00::{self.number:x}"
        return ipaddress.ip_address(text).packed


HOSTS = [Host(place, number) for place, numbers in PLACES.items() for number in numbers]


@dataclass
class Packet:
    """One packet, or one fragment of one."""
    family: int
    protocol: int
    src: Host
    dst: Host
    sport: int = 0           # ICMP: the identifier
    dport: int = 0           # ICMP: the identifier
    kind: tuple = ()         # ICMP: type and code
    flags: int = 0           # TCP
    seq: int = 0
    ack: int = 0
    data: bytes = b""
    quotes: "Packet" = None  # ICMP errors: the packet that they quote
    oddities: frozenset = frozenset()  # what is wrong with it, in the words of the page on differences
    number: int = 0
    frame: bytes = field(default=b"", repr=False)
    is_piece: bool = False
    completes: "Packet" = None  # the last fragment to be sent of a sound datagram: that datagram

    def __str__(self):
        what = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}.get(self.protocol, f"protocol {self.protocol}")
        flags = "".join(letter for bit, letter in enumerate("FSRPAU") if self.flags >> bit & 1)
        kind = "".join(f" {self.kind[0]}/{self.kind[1]}" if self.kind else "")
        rest = f" quotes [{self.quotes}]" if self.quotes else ""
        rest += f" {sorted(self.oddities)}" if self.oddities else ""
        return f"#{self.number} {self.src.place}{self.src.number}:{self.sport} > {self.dst.place}{self.dst.number}:" \
               f"{self.dport} IPv{self.family} {what}{kind} {flags}{rest}"

    def mirrored(self, **more):
        """The same conversation, the other way."""
        return replace(self, src=self.dst, dst=self.src, sport=self.dport, dport=self.sport, **more)


def checksum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) >> 1}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def transport(packet):
    """The IP payload, checksum and all."""
    data = packet.data
    if packet.protocol == TCP:
        body, at = struct.pack("!HHIIBBHHH", packet.sport, packet.dport, packet.seq, packet.ack, 0x50, packet.flags,
                               0xffff, 0, 0) + data, 16
    elif packet.protocol == UDP:
        body, at = struct.pack("!HHHH", packet.sport, packet.dport, 8 + len(data), 0) + data, 6
    elif packet.quotes:
        body, at = struct.pack("!BBHI", *packet.kind, 0, _error_word(packet)) + _quotation(packet), 2
    elif packet.protocol in (ICMP, ICMPV6):
        body, at = struct.pack("!BBHHH", *packet.kind, 0, packet.sport, packet.seq & 0xffff) + data, 2
    elif packet.protocol == SCTP:  # an INIT chunk; neither switch looks at its checksum
        return struct.pack("!HHII", packet.sport, packet.dport, 0, 0) + b"\1\0\0\x14" + bytes(16)
    else:
        return bytes(4) + data
    pseudo = b"" if packet.protocol == ICMP else packet.src.address(packet.family) \
        + packet.dst.address(packet.family) + struct.pack("!II", len(body), packet.protocol)
    proof = checksum(pseudo + body) or 0xffff
    proof ^= 0x5555 if "bad checksum" in packet.oddities else 0
    return body[:at] + struct.pack("!H", proof) + body[at + 2:]


def _error_word(packet):
    """The second word of an ICMP error."""
    if packet.protocol == ICMP and packet.kind == (3, 4) or packet.protocol == ICMPV6 and packet.kind[0] == 2:
        return 1400
    return 0


def _quotation(packet):
    quoted = network(packet.quotes, transport(packet.quotes))
    if "short quotation" in packet.oddities:
        return quoted[:(20 if packet.family == 4 else 40) + 4]
    return quoted[:28] if packet.family == 4 else quoted[:1000]


def network(packet, payload, offset=0, more=False):
    """The packet from its IP header on; a fragment if it begins later, or if there is more."""
    is_piece = offset or more
    source, target = packet.src.address(packet.family), packet.dst.address(packet.family)
    if packet.family == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), packet.number & 0xffff,
                           offset >> 3 | more << 13, 64, packet.protocol, 0, source, target)
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload
    protocol = packet.protocol
    if is_piece:
        payload = struct.pack("!BBHI", protocol, 0, offset | more, packet.number) + payload
        protocol = 44
    return struct.pack("!IHBB16s16s", 6 << 28 | packet.number & 0xfffff, len(payload), protocol, 64, source,
                       target) + payload


def framed(packet, l3):
    ethertype = "0800" if packet.family == 4 else "86dd"
    return bytes.fromhex(MACS[packet.dst.place] + MACS[packet.src.place] + ethertype) + l3


def whole(packet):
    """The packet in one frame."""
    return replace(packet, frame=framed(packet, network(packet, transport(packet))))


def cut(packet, *places, oddities=()):
    """The packet in fragments, cut at these offsets of the IP payload."""
    payload = transport(packet)
    edges = [0, *places, len(payload)]
    return [piece(packet, payload, begin, end, oddities) for begin, end in zip(edges, edges[1:])]


def piece(packet, payload, begin, end, oddities=()):
    """Bytes `begin` to `end` as a fragment."""
    l3 = network(packet, payload[begin:end], begin, end < len(payload))
    return replace(packet, frame=framed(packet, l3), is_piece=True, oddities=packet.oddities | frozenset(oddities))
