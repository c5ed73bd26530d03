# SPDX-License-Identifier: BSD-3-Clause
"""Frames, the files that hold them, and what differs between two lists of them.

A frame is plain bytes: the switch is judged byte for byte. Scapy's words are used for what is
inside (`frame(A, B, IP(dst="10.0.0.2") / UDP())`) and to show a frame to a reader.
"""
import struct
from collections import Counter, defaultdict

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

EVERYBODY = "ff:ff:ff:ff:ff:ff"
EXPERIMENTAL = 0x88B5  # IEEE 802 local experimental EtherType 1: no stage knows it
ETHERTYPES = {IP: 0x0800, ARP: 0x0806, IPv6: 0x86DD}
LINKTYPE_ETHERNET = 1


def mac(number):
    """The MAC address with this number: locally administered, unicast."""
    return "02:" + ":".join(f"{byte:02x}" for byte in number.to_bytes(5, "big"))


A, B, C, D = (mac(number) for number in (0x0A, 0x0B, 0x0C, 0x0D))


def frame(src, dst, inside="weft", vlan=(), pcp=0, dei=0, ethertype=None):
    """An Ethernet frame around text (padded to 60 bytes), bytes (as they are) or scapy layers.

    vlan is one id or several, outermost first; pcp and dei are those of the outermost tag.
    """
    if isinstance(inside, str):
        inside = inside.encode().ljust(46, b"\0")
    if ethertype is None:
        ethertype = ETHERTYPES.get(type(inside), EXPERIMENTAL)
    tags = b""
    for vid in (vlan,) if isinstance(vlan, int) else vlan:
        tags += struct.pack("!HH", 0x8100, pcp << 13 | dei << 12 | vid)
        pcp = dei = 0
    return address(dst) + address(src) + tags + struct.pack("!H", ethertype) + bytes(inside)


def address(text):
    return bytes.fromhex(text.replace(":", ""))


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_ETHERNET))
        for number, data in enumerate(frames):
            file.write(struct.pack("<IIII", number, 0, len(data), len(data)) + data)


def read_pcap(path):
    """The frames of a file; what follows the last complete record is not a frame yet."""
    with open(path, "rb") as file:
        data = file.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        if at + 16 + length > len(data):
            break
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def by_talker(frames):
    """Frames by their pairs of addresses: one pair arrives at one queue, so its order must stay."""
    pairs = defaultdict(list)
    for data in frames:
        inside = {b"\x08\x00": data[26:34], b"\x86\xdd": data[22:54]}.get(data[12:14], b"")
        pairs[data[:12] + inside].append(data)
    return pairs


def difference(port, expected, got, any_interleaving):
    """What a reader must know when a port did not hear what it should; "" if it did.

    any_interleaving: several workers may mix their flows, but the order inside one stays.
    """
    if expected == got or any_interleaving and by_talker(expected) == by_talker(got):
        return ""
    missing, surplus = Counter(expected) - Counter(got), Counter(got) - Counter(expected)
    if not missing and not surplus:
        return f"{port}: the right frames in a wrong order\n" + listing("expected", expected) + \
            listing("got", got)
    return f"{port}: {len(expected)} frames expected, {len(got)} came\n" + \
        listing("missing", missing.elements()) + listing("not expected", surplus.elements())


def listing(title, frames, most=8):
    frames = list(frames)
    lines = [f"  {title}: {len(frames)}"] if frames else []
    for data in frames[:most]:
        lines.append(f"    {len(data):5} bytes  {summary(data)}")
        lines.append(f"                 {data[:64].hex(' ', -2)}{' ..' if len(data) > 64 else ''}")
    return "".join(line + "\n" for line in lines)


def summary(data):
    ends = ":".join(f"{byte:02x}" for byte in data[6:12]) + " > " + \
        ":".join(f"{byte:02x}" for byte in data[:6])
    return f"{ends}  {Ether(data).summary()}" if len(data) >= 14 else "(runt)"
