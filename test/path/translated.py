# SPDX-License-Identifier: BSD-3-Clause
"""What NAT makes of a packet, reckoned here anew, and conversations through a router that translates.

    talk = Nat(switch, [VM1, WEB, ISP], [leads(floating=[(FIP1, VM1)])])
    data = VM1.says(R1, WEB)
    talk.goes(VM1, data, to=WEB, src=FIP1)            # heard there with this source, and nothing else is
    talk.goes(WEB, WEB.says(R1, FIP1), to=VM1, dst=VM1.ip())
    talk.ends()

The outside link is `public`, 10.0.8.0/24: the router's gateway is GATE there, WEB is a host of it, ISP leads to
everybody else. Addresses from 100 on belong to nobody but the routers.

`becomes` changes addresses and ports and adjusts the checksums; `flaws` reckons all checksums of a packet from
nothing, those of a quoted one too. What has none must have none afterwards.
"""
import json
import struct

from frames import write_pcap
from routing import ISP, R1, Host, keys, ours, routed, site
from secure import Talk, listed, name_of

WEB, OTHER = Host("web", "public", 90), Host("other", "public", 91)
FAR = "198.51.100.7"                   # behind ISP
GATE = R1.ip("public")
FIP1, FIP2, FIP3, FIP4 = (f"10.0.8.{number}" for number in (110, 120, 130, 140))
POOL1, POOL2, OWN = (f"10.0.8.{number}" for number in (201, 202, 250))
EVERYWHERE = "0.0.0.0/0"

ICMP, TCP, UDP, DCCP, SCTP, UDPLITE = 1, 6, 17, 33, 132, 136
CHECKSUM_AT = {TCP: 16, UDP: 6, DCCP: 6, UDPLITE: 6}
WITH_PORTS = (TCP, UDP, DCCP, SCTP, UDPLITE)
ERRORS = (3, 4, 11, 12)
QUERIES = (0, 8, 13, 14)


# Checksums.


def packed(address):
    return bytes(int(part) for part in address.split("."))


def plain(raw):
    return ".".join(str(byte) for byte in raw)


def total(data):
    """The ones' complement sum of RFC 1071."""
    data = data + b"\0" * (len(data) % 2)
    result = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while result >> 16:
        result = (result & 0xFFFF) + (result >> 16)
    return result


def adjusted(checksum, old, new):
    """RFC 1624, equation 3."""
    change = total(bytes(byte ^ 0xFF for byte in old) + new)
    return 0xFFFF ^ total(struct.pack("!HH", checksum ^ 0xFFFF, change))


def covered(packet, protocol, body):
    """What the checksum of a transport protocol covers."""
    pseudo = packet[12:20] + struct.pack("!BBH", 0, protocol, len(body))
    length = len(body)
    if protocol == UDPLITE:
        length = struct.unpack_from("!H", body, 4)[0] or length
    elif protocol == DCCP and body[5] & 15:
        length = min(length, body[4] * 4 + (body[5] % 16 - 1) * 4)
    return pseudo + body[:length]


def flaws(packet):
    """The checksums of an IPv4 packet that are not right, by name; those that cannot be judged are not named."""
    length = (packet[0] & 15) * 4
    wrong = ["ip"] if total(packet[:length]) != 0xFFFF else []
    whole = struct.unpack_from("!H", packet, 2)[0]
    fragment, = struct.unpack_from("!H", packet, 6)
    if len(packet) < whole or fragment & 0x3FFF:
        return wrong
    body, protocol = packet[length:whole], packet[9]
    if protocol in CHECKSUM_AT:
        at = CHECKSUM_AT[protocol]
        has_none = protocol == UDP and body[at:at + 2] == b"\0\0"
        if not has_none and total(covered(packet, protocol, body)) != 0xFFFF:
            wrong.append({TCP: "tcp", UDP: "udp", DCCP: "dccp", UDPLITE: "udplite"}[protocol])
    elif protocol == ICMP:
        if total(body) != 0xFFFF:
            wrong.append("icmp")
        if body[0] in ERRORS and len(body) >= 28:
            wrong += [f"quoted {name}" for name in flaws(body[8:])]
    return wrong


def flaws_of(data):
    """The same of an untagged frame; of what is not IPv4 nothing can be wrong."""
    return flaws(data[14:]) if data[12:14] == b"\x08\x00" else []


# Translation.


class Editor:
    """An IPv4 packet, or what is quoted of one, whose fields change with their checksums."""

    def __init__(self, packet):
        self.packet, self.length = bytearray(packet), (packet[0] & 15) * 4
        self.protocol = packet[9]
        self.is_first = not struct.unpack_from("!H", packet, 6)[0] & 0x1FFF

    def replaces(self, at, new, is_in_pseudo=False):
        old = bytes(self.packet[at:at + len(new)])
        self.packet[at:at + len(new)] = new
        if at < self.length:
            self.adjusts(10, old, new)
        if self.is_first and self.protocol in CHECKSUM_AT and (at >= self.length or is_in_pseudo):
            self.adjusts(self.length + CHECKSUM_AT[self.protocol], old, new)
        elif self.protocol == ICMP and at >= self.length:
            self.adjusts(self.length + 2, old, new)

    def adjusts(self, at, old, new):
        if at + 2 > len(self.packet):
            return  # not quoted
        before, = struct.unpack_from("!H", self.packet, at)
        is_udp = self.protocol == UDP and at > self.length
        if is_udp and not before:
            return
        after = adjusted(before, old, new)
        struct.pack_into("!H", self.packet, at, 0xFFFF if is_udp and not after else after)

    def translates(self, src=None, dst=None, sport=None, dport=None, ident=None):
        for at, address in ((12, src), (16, dst)):
            if address:
                self.replaces(at, packed(address), is_in_pseudo=True)
        for at, port in ((0, sport), (2, dport), (4, ident)):
            if port is not None and self.is_first:
                self.replaces(self.length + at, struct.pack("!H", port))
        return self


def becomes(data, quoted=None, **changes):
    """An untagged frame after a translation: src, dst, sport, dport, ident (of an ICMP query).

    quoted: the same of the packet that an ICMP error is about"""
    editor = Editor(data[14:])
    if quoted:
        at = editor.length + 8
        inner = bytes(Editor(editor.packet[at:]).translates(**quoted).packet)
        outer = bytes(editor.packet[at:])
        editor.packet[at:] = inner
        even = len(inner) % 2 * b"\0"
        editor.adjusts(editor.length + 2, outer + even, inner + even)
    after = data[:14] + bytes(editor.translates(**changes).packet)
    assert flaws_of(after) == flaws_of(data), (flaws_of(data), flaws_of(after), after.hex(" "))
    return after


def summed(data):
    """A frame with the checksum of its transport protocol, which is zero yet, made right."""
    packet = bytearray(data[14:])
    length, protocol = (packet[0] & 15) * 4, packet[9]
    check = 0xFFFF ^ total(covered(packet, protocol, bytes(packet[length:])))
    struct.pack_into("!H", packet, length + CHECKSUM_AT[protocol], check)
    return data[:14] + bytes(packet)


def cut(data, *ends):
    """An untagged frame as fragments; ends: offsets in what IP carries, multiples of 8."""
    packet, pieces = data[14:], []
    length = (packet[0] & 15) * 4
    body = packet[length:struct.unpack_from("!H", packet, 2)[0]]
    for start, end in zip((0, *ends), (*ends, len(body))):
        header = bytearray(packet[:length])
        struct.pack_into("!H", header, 2, length + end - start)
        struct.pack_into("!H", header, 6, start // 8 | (0x2000 if end < len(body) else 0))
        header[10:12] = bytes(2)
        struct.pack_into("!H", header, 10, 0xFFFF ^ total(header))
        pieces.append(data[:14] + bytes(header) + body[start:end])
    return pieces


def ends_of(data):
    """(source, source port or None, destination, destination port or None) of an untagged frame of IPv4."""
    packet = data[14:]
    length, protocol = (packet[0] & 15) * 4, packet[9]
    ports = struct.unpack_from("!HH", packet, length) if protocol in WITH_PORTS else (None, None)
    if protocol == ICMP and packet[length] in QUERIES:
        ports = struct.unpack_from("!H", packet, length + 4) * 2
    return plain(packet[12:16]), ports[0], plain(packet[16:20]), ports[1]


# What is configured.


def floats(address, host, **others):
    return {"address": address, "port": name_of(host), **keys(others)}


def forwards(port, host, inside, protocol="tcp", address=GATE, **others):
    return {"address": address, "protocol": protocol, "external-port": port, "port": name_of(host),
            "internal-port": inside, **keys(others)}


def leads(floating=(), forwarding=(), firewall=(), inside=("blue", "red"), router=R1, snat=True, pool=None, **others):
    """A router with a way out. floating: (address, host) or as the file has it; forwarding: as forwards() makes it."""
    floating = [floats(*one) if isinstance(one, tuple) else one for one in floating]
    lists = {"floating-ips": floating, "port-forwardings": forwarding, "firewall": firewall}
    entry = router.on(*inside, gateway=("public", ISP.ip()), **others)
    entry["gateway"].update({"snat": snat, **({"snat-pool": list(pool)} if pool else {})})
    return {**entry, **{key: list(value) for key, value in lists.items() if value}}


# Conversations.


def is_for_itself(data):
    """Does a router say or ask something by ARP to all, without having been asked?"""
    return data[6:8] == b"\x02\xee" and data[12:14] == b"\x08\x06" and data[:6] == b"\xff" * 6


def is_announcement(data, address):
    return is_for_itself(data) and data[28:32] == data[38:42] == packed(address)


def ear(frames):
    return [ours(data) for data in frames if not is_for_itself(data)]


class Nat(Talk):
    """Talk of hosts by routers. Each step is exact; nothing that is heard has a wrong checksum, unless it was sent."""

    def __init__(self, switch, ports, routers, groups=(), **others):
        self.may_be_wrong = False
        for port in ports:
            switch.ears[name_of(port) if isinstance(port, Host) else port["name"]] = ear
        super().__init__(switch, self.config_of(ports, routers, groups, **others))

    @staticmethod
    def config_of(ports, routers, groups=(), **others):
        config = site(ports, routers, **others)
        if groups:
            config["security-groups"] = json.loads(json.dumps(list(groups)))
        return config

    def turns(self, ports, routers, groups=(), **others):
        """Another configuration; nobody speaks."""
        for port in ports:
            self.switch.ears.setdefault(name_of(port) if isinstance(port, Host) else port["name"], ear)
        return self.becomes(self.config_of(ports, routers, groups, **others))

    def goes(self, who, *frames, to, router=R1, hops=1, what="", quoted=None, **changes):
        """Frames of one to another by a router, translated like this."""
        __tracebackhide__ = True
        heard = [ours(routed(becomes(data, quoted, **changes), router.mac(to.network), to.mac, hops))
                 for data in frames]
        self.says(who, *frames, hears={to: heard}, what=what or str(changes))

    def arrives(self, who, data, to):
        """What a frame becomes that is heard by that host, and by nobody else; the test looks at it itself."""
        __tracebackhide__ = True
        self.config = self.switch.reopens(self.config, name_of(who), [data])
        self.switch.applies(self.config)
        got, dropped = self.news()
        assert {name: len(frames) for name, frames in got.items()} == {to.name: 1} and not dropped, \
            f"heard: {got}\ndropped: {dropped}\n{self.switch.stderr()}"
        return got[to.name][0]

    def is_lost(self, who, *frames, on=()):
        """Whatever becomes of these frames, those hosts do not hear of them; gives the reasons of the drops."""
        __tracebackhide__ = True
        self.config = self.switch.reopens(self.config, name_of(who), listed(frames))
        self.switch.applies(self.config)
        got, dropped = self.news()
        assert not {name_of(host) for host in on} & got.keys(), f"heard: {got}\n{self.switch.stderr()}"
        return dropped.get(name_of(who), {})

    def news(self):
        got, dropped = super().news()
        for name, frames in got.items():
            for data in frames:
                assert self.may_be_wrong or not wrong(data), f"{name} hears {wrong(data)}: {data.hex(' ')}"
        return got, dropped

    def announcements(self, host, address):
        """How often a router has said at the port of this host that it has the address."""
        return sum(is_announcement(data, address) for device in self.switch.devices
                   if device.rstrip("-") == host.name for data in self.raw(device))

    def raw(self, device):
        listens, self.switch.ears[device] = self.switch.ears.get(device), None
        try:
            return self.switch.hears(device)
        finally:
            self.switch.ears[device] = listens

    def router_rows(self):
        """The connections of routers."""
        return [row for row in self.connections() if row.get("router")]

    def traces(self, who, data):
        file = self.switch.folder / "trace.pcap"
        write_pcap(file, [data])
        return self.switch.json("trace", name_of(who), "--pcap", file)


def wrong(data):
    """The flaws of a frame that is heard, where ours() has made the header checksum of what a router says zero."""
    return [flaw for flaw in flaws_of(data) if flaw != "ip" or data[24:26] != b"\0\0"]


def says_of(trace, stage):
    """The words of a stage in a trace."""
    return " ".join(str(row["says"]) for row in trace["stages"] if row["stage"] == stage)


def told(row, key):
    """A value of what weftctl shows, by the name that the file has for it."""
    return row[key] if key in row else row[key.replace("-", "_")]
