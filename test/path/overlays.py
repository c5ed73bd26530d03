# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels, as the hosts of the underlay see them.

    @pytest.mark.parametrize("tunnel", TUNNELS, ids=str)
    def test_a_broadcast_reaches_the_peers(switch, tunnel):
        tunnel.carries(switch, tunnel.config(), sends={"vm1": [HELLO]}, delivers={
            "vm2": [HELLO], "physnet1": [tunnel.leaves(HELLO, to=PEER), ...]})

The wire is read before the guests, and its first frames say where the hosts that are `near` live:
so nothing has to wait for an answer. Not part of any case, and therefore neither heard nor counted:
those first frames, and what the endpoint says of itself and asks on its own.

A packet's outer source port is a hash. Whoever compares whole frames sees zero instead, after its
range was looked at; the same goes for an IPv6 flow label, and for a UDP checksum over both, if it
is right.
"""
import struct
import time
from collections import Counter
from dataclasses import dataclass

from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import ARP, GRE
from scapy.layers.vxlan import VXLAN

from frames import EVERYBODY, address, frame, listing, read_pcap, summary
from harness import ANYTHING, config_ports, wait_until

WIRE = "physnet1"
SEGMENT = 1001
KINDS = ("vxlan", "gre", "geneve")
LARGEST = {"vxlan": 2 ** 24 - 1, "geneve": 2 ** 24 - 1, "gre": 2 ** 32 - 1}
PORTS = {"vxlan": 4789, "geneve": 6081}
OVERHEAD = {("vxlan", 4): 50, ("geneve", 4): 50, ("gre", 4): 42,
            ("vxlan", 6): 70, ("geneve", 6): 70, ("gre", 6): 62}
HASHED_PORTS = range(49152, 65536)


@dataclass(frozen=True)
class Host:
    """A host of the underlay. From 100 on they are behind a router."""
    number: int

    @property
    def mac(self):
        return f"02:ee:00:00:00:{self.number:02x}"

    def ip(self, family):
        if family == 4:
            return f"198.51.100.{self.number}" if self.number >= 100 else f"192.0.2.{self.number}"
        return f"2001:db8{':f' if self.number >= 100 else ''}::{self.number:x}"

    def solicited(self):
        """The multicast address, and the MAC for it, that IPv6 asks for this host by."""
        return f"ff02::1:ff00:{self.number:x}", f"33:33:ff:00:00:{self.number:02x}"


US, PEER, OTHER, THIRD, STRANGER, ROUTER, ROUTER2 = (Host(n) for n in (1, 2, 3, 4, 5, 0x51, 0x52))
FAR, FAR2 = Host(100), Host(101)


class Tunnel:
    """A kind of tunnel and what the endpoint is told about itself; keys as keyword_arguments."""

    def __init__(self, kind="vxlan", family=4, **endpoint):
        self.kind, self.family = kind, family
        # Zero is what frames are compared with, so it is asked for where it is not the default.
        self.endpoint = {**({"udp-checksum": False} if family == 6 else {}), **keys(endpoint)}
        self.vlan = self.endpoint.get("vlan", ())
        self.port = self.endpoint.get(f"{kind}-port", PORTS.get(kind))
        self.overhead = OVERHEAD[kind, family]
        self.mtu = 1500 - self.overhead

    def __str__(self):
        return " ".join([f"{self.kind}-ipv{self.family}"] +
                        [f"{key} {value}" for key, value in self.endpoint.items()])

    def but(self, **endpoint):
        return Tunnel(self.kind, self.family, **{**self.endpoint, **endpoint})

    # What the daemon reads.

    def says(self, host):
        """A host as the configuration names it."""
        return host.ip(self.family) if isinstance(host, Host) else host

    def config(self, ports=("vm1", "vm2"), networks=None, us=US, **network):
        """The network blue in tunnels to PEER and OTHER, or what the keyword_arguments say."""
        if networks is None:
            networks = [self.network(**network)]
        prefix = 24 if self.family == 4 else 64
        return {"physical-networks": [{"name": WIRE}],
                "tunnel-endpoint": {"physical-network": WIRE, "mac": us.mac,
                                    "address": f"{self.says(us)}/{prefix}", **self.endpoint},
                "networks": networks,
                "ports": [{"name": port, "network": networks[0]["name"]}
                          if isinstance(port, str) else port for port in ports]}

    def network(self, name="blue", segment=SEGMENT, peers=(PEER, OTHER), knows=(), **others):
        """knows: (MAC, IP or None, host) of guests elsewhere."""
        rows = [{"mac": mac, **({"ip": ip} if ip else {}), "at": self.says(host)}
                for mac, ip, host in knows]
        return {"name": name, "type": self.kind, "segment": segment,
                **({} if peers is None else {"peers": [self.says(peer) for peer in peers]}),
                **({"neighbours": rows} if rows else {}), **keys(others)}

    # Frames of the underlay.

    def arrives(self, inside, segment=SEGMENT, src=PEER, dst=US, **words):
        """What a peer sends to us; see wraps()."""
        return self.wraps(inside, segment, src, dst, **{"sport": 50000, **words})

    def leaves(self, inside, segment=SEGMENT, to=PEER, via=None, tos=0, us=US, **words):
        """What we send to a peer, with zero where the hash stands."""
        return self.wraps(inside, segment, us, to, mac=(via or to).mac, **{
            "tos": self.endpoint.get("dscp", 0) << 2 | tos, "ttl": self.endpoint.get("ttl", 64),
            "sport": 0, **words})

    def wraps(self, inside, segment, src, dst, mac=None, tos=0, ttl=64, sport=0, dport=None,
              udp_checksum=0, header=None, vlan=None, ip=None):
        """A tunnel packet. mac: of the next hop; header: another tunnel header than the plain
        one; ip: fields of the outer IP header that shall be odd."""
        inner = (self.header(segment) if header is None else bytes(header)) + bytes(inside)
        if self.kind != "gre":
            inner = UDP(sport=sport, dport=self.port if dport is None else dport,
                        chksum=udp_checksum) / inner
        return frame(src.mac, mac or dst.mac, self.ip(src, dst, tos, ttl, **(ip or {})) / inner,
                     vlan=self.vlan if vlan is None else vlan)

    def ip(self, here, there, tos=0, ttl=64, **odd):
        protocol = 47 if self.kind == "gre" else 17
        if self.family == 4:
            return IP(**{"src": here.ip(4), "dst": there.ip(4), "tos": tos, "ttl": ttl, "id": 0,
                         "flags": "DF", "proto": protocol, **odd})
        return IPv6(**{"src": here.ip(6), "dst": there.ip(6), "tc": tos, "hlim": ttl,
                       "nh": protocol, **odd})

    def header(self, segment=SEGMENT):
        return bytes({"vxlan": lambda: VXLAN(flags=0x08, vni=segment),
                      "gre": lambda: GRE(key_present=1, key=segment, proto=0x6558),
                      "geneve": lambda: GENEVE(vni=segment, proto=0x6558)}[self.kind]())

    def greets(self, host, mac=None):
        """A host tells us, and nobody else, where it is: as an answer to the endpoint."""
        mac = mac or host.mac
        if self.family == 4:
            inside = ARP(op=2, hwsrc=mac, psrc=host.ip(4), hwdst=US.mac, pdst=US.ip(4))
        else:
            inside = IPv6(src=host.ip(6), dst=US.ip(6), hlim=255) / \
                ICMPv6ND_NA(tgt=host.ip(6), R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac)
        return frame(mac, US.mac, inside, vlan=self.vlan)

    def announces(self, host, mac=None):
        """A host tells everybody where it is: gratuitous ARP, or its like of IPv6."""
        mac = mac or host.mac
        if self.family == 4:
            inside = ARP(op=2, hwsrc=mac, psrc=host.ip(4), hwdst=EVERYBODY, pdst=host.ip(4))
            return frame(mac, EVERYBODY, inside, vlan=self.vlan)
        inside = IPv6(src=host.ip(6), dst="ff02::1", hlim=255) / \
            ICMPv6ND_NA(tgt=host.ip(6), R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac)
        return frame(mac, "33:33:00:00:00:01", inside, vlan=self.vlan)

    def asks(self, who, host, mac=None):
        """A question to all, or to a MAC: where is this host?"""
        if self.family == 4:
            inside = ARP(op=1, hwsrc=who.mac, psrc=who.ip(4), hwdst="00:00:00:00:00:00",
                         pdst=host.ip(4))
            return frame(who.mac, mac or EVERYBODY, inside, vlan=self.vlan)
        group, group_mac = host.solicited()
        inside = IPv6(src=who.ip(6), dst=host.ip(6) if mac else group, hlim=255) / \
            ICMPv6ND_NS(tgt=host.ip(6)) / ICMPv6NDOptSrcLLAddr(lladdr=who.mac)
        return frame(who.mac, mac or group_mac, inside, vlan=self.vlan)

    # A case.

    def starts(self, switch, config, sends=None, near=(PEER, OTHER), us=US):
        """Starts the switch; the hosts that are near have told where they are."""
        switch.ears[WIRE] = lambda frames: self.about_the_case(frames, us)
        switch.near = len(near)
        sends = dict(sends or {})
        sends[WIRE] = [self.greets(host) for host in near] + list(sends.get(WIRE, []))
        return switch.starts(config, sends)

    def carries(self, switch, config, sends, delivers=None, drops=None, near=(PEER, OTHER)):
        __tracebackhide__ = True
        self.starts(switch, config, sends, near)
        self.ends(switch, delivers, drops)

    def ends(self, switch, delivers=None, drops=None):
        __tracebackhide__ = True
        if drops is not ANYTHING and switch.near:
            drops = {port: dict(reasons) for port, reasons in (drops or {}).items()}
            wire = drops.setdefault(WIRE, {})
            wire["answer/taken"] = wire.get("answer/taken", 0) + switch.near
        switch.ends(delivers, drops)

    def drops(self, switch):
        """Those of the wire, without the first frames."""
        reasons = dict(switch.drops().get(WIRE, {}))
        reasons["answer/taken"] = reasons.get("answer/taken", 0) - switch.near
        return {reason: packets for reason, packets in reasons.items() if packets}

    def about_the_case(self, frames, us=US):
        return [self.without_hash(data, us) for data in frames if not is_chatter(data, us)]

    def without_hash(self, data, us=US):
        """A tunnel packet as leaves() makes it; any other frame as it is."""
        at = 14 if data[12:14] != b"\x81\x00" else 18
        if data[6:12] != address(us.mac) or not self.is_mine(data[at - 2:]):
            return data
        packet = bytearray(data)
        if self.family == 6:
            packet[at + 1] &= 0xF0
            packet[at + 2:at + 4] = bytes(2)
        if self.kind != "gre":
            udp = at + (20 if self.family == 4 else 40)
            assert struct.unpack_from("!H", data, udp)[0] in HASHED_PORTS, data.hex(" ")
            if packet[udp + 6:udp + 8] != bytes(2):
                assert has_right_udp_checksum(data[at:]), data.hex(" ")
            packet[udp:udp + 2] = packet[udp + 6:udp + 8] = bytes(2)
        return bytes(packet)

    def is_mine(self, packet):
        """Behind the EtherType: is it a tunnel packet of this kind?"""
        protocol = 47 if self.kind == "gre" else 17
        if self.family == 4:
            ours = packet[:2] == b"\x08\x00" and packet[2] == 0x45 and packet[11] == protocol
            ports = 22
        else:
            ours = packet[:2] == b"\x86\xdd" and packet[8] == protocol
            ports = 42
        return ours and (self.kind == "gre" or
                         struct.unpack_from("!H", packet, ports + 2)[0] == self.port)

    def source_ports(self, switch):
        """Of all tunnel packets that left, in their order."""
        at = 14 + (4 if self.vlan else 0) + (20 if self.family == 4 else 40)
        return [struct.unpack_from("!H", data, at)[0] for data in self.on_the_wire(switch)]

    def on_the_street(self, street):
        """Tunnel packets that came out there."""
        return [data for data in self.about_the_case(street.hears())
                if self.is_mine(data[16 if data[12:14] == b"\x81\x00" else 12:])]

    def on_the_wire(self, switch, us=US):
        """All tunnel packets that left, hash and all."""
        return [data for data in read_pcap(switch.pcaps(WIRE)[1])
                if not is_chatter(data, us) and
                self.is_mine(data[16 if data[12:14] == b"\x81\x00" else 12:])]


def geneve(segment=SEGMENT, options=b"", proto=0x6558, flags=0, version=0):
    """A Geneve header of which everything may be odd."""
    return struct.pack("!BBHI", version << 6 | len(options) // 4, flags, proto, segment << 8) + \
        options


def keys(words):
    """{"vxlan_port": 8472} as the file writes it"""
    return {word.replace("_", "-"): value for word, value in words.items()}


def is_chatter(data, us):
    """Does our endpoint ask for neighbours, or tell of itself, without having been asked?"""
    if data[6:12] != address(us.mac):
        return False
    at = 14 if data[12:14] != b"\x81\x00" else 18
    kind, packet = data[at - 2:at], data[at:]
    if kind == b"\x08\x06":
        return packet[6:8] == b"\0\1" or packet[14:18] == packet[24:28]
    if kind != b"\x86\xdd" or packet[6] not in (0, 58):
        return False
    icmp = packet[48] if packet[6] == 0 else packet[40]
    return icmp in (133, 135, 143) or icmp == 136 and packet[24] == 0xFF


def padded(data):
    """As the switch sends what it says itself: no frame is shorter than Ethernet allows, with or without its tag."""
    return data.ljust(64 if data[12:14] == b"\x81\x00" else 60, b"\0")


def ip_of(data):
    """The IP packet of an outer frame, as scapy reads it."""
    packet = data[14 if data[12:14] != b"\x81\x00" else 18:]
    return (IP if packet[0] >> 4 == 4 else IPv6)(packet)


def essential(data):
    """A frame whose sender is free to choose some fields of IP: TOS, id, flags, TTL, flow label are
    zero then, and so is the header checksum, if it is right."""
    at = 14 if data[12:14] != b"\x81\x00" else 18
    packet = bytearray(data)
    if packet[at] >> 4 == 4:
        copy = IP(data[at:at + 20])
        del copy.chksum
        assert IP(bytes(copy)).chksum == IP(data[at:at + 20]).chksum and copy.ttl, data.hex(" ")
        packet[at + 1] = packet[at + 8] = 0
        packet[at + 4:at + 8] = bytes(4)
        packet[at + 10:at + 12] = bytes(2)
    else:
        packet[at:at + 4] = b"\x60\0\0\0"
        packet[at + 7] = 0
    return bytes(packet)


def has_right_udp_checksum(packet):
    """Of a whole IP packet."""
    header = IP if packet[0] >> 4 == 4 else IPv6
    copy = header(packet)
    said = copy[UDP].chksum
    del copy[UDP].chksum
    return header(bytes(copy))[UDP].chksum == said


class Street:
    """A second switch at the other end of the wire, by shared memory: so hosts of the underlay can
    speak at any time, and so can guests whose ports are named.

    A lane of the street is a flat network that learns nothing, so its ear hears every frame.
    """

    def __init__(self, switch, lanes=(WIRE,)):
        self.switch, self.far, self.lanes = switch, switch.another(), lanes
        self.said = []  # (lane, frame): the ear of a lane hears what is said there, too
        self.speakers = 0
        self.config = {"physical-networks": [], "networks": [], "ports": []}
        for number, lane in enumerate(lanes):
            self.config["physical-networks"].append(
                {"name": lane, "device": self.device(number, "server")})
            self.config["networks"].append(
                {"name": f"lane-{lane}", "type": "flat", "physical-network": lane,
                 "mac-limit": 1, "mac-limit-action": "forward"})
            self.config["ports"].append({"name": f"ear-{lane}", "network": f"lane-{lane}"})
        first = [frame("02:ff:ff:ff:ff:ff", EVERYBODY)]  # the one address that is learned
        sends = {port["name"]: first for port in self.config["ports"]}
        self.far.launches(self.far.writes(self.config, sends))

    def device(self, number, role):
        return f"net_memif{number},id={number},role={role},socket-abstract=no," \
            f"socket={self.switch.runtime}/street"

    def joins(self, config):
        """Starts the switch with no more than its devices, waits for the link, then applies all."""
        config = self.opened(config)
        bare = {"physical-networks": config["physical-networks"],
                "networks": [{"name": "bare", "type": "local"}],
                "ports": [{**port, "network": "bare", "mac": None, "addresses": None}
                          for port in config["ports"] if port["name"] in self.lanes]}
        bare["ports"] = [{key: value for key, value in port.items() if value is not None}
                         for port in bare["ports"]]
        self.switch.launches(self.switch.writes(bare))
        wait_until(lambda: all(switch.json("port", "show", lane)["link"] == "up"
                               for switch in (self.switch, self.far) for lane in self.lanes),
                   "the street is open", self.switch.stderr)
        self.applies(config)

    def opened(self, config):
        """The configuration with the devices of this street."""
        for number, lane in enumerate(self.lanes):
            for port in config_ports(config):
                if port["name"] == lane:
                    port["device"] = self.device(number, "client")
        return config

    def applies(self, config, sends=None):
        file = self.switch.folder / "next.yaml"
        self.switch.says("apply", self.switch.writes(self.opened(config), sends, file))

    def says(self, *frames, lane=WIRE):
        self.speakers += 1
        self.said += [(lane, data) for data in frames]
        name = f"speaker{self.speakers}"
        self.config["ports"].append({"name": name, "network": f"lane-{lane}"})
        self.far.says("apply", self.far.writes(self.config, {name: list(frames)},
                                               file=self.far.folder / "next.yaml"))

    def hears(self, lane=WIRE):
        """All that came out of the first switch here, chatter and hashes included."""
        said = Counter(data for where, data in self.said if where == lane)
        heard = []
        for data in self.far.hears(f"ear-{lane}"):
            if said[data]:
                said[data] -= 1
            else:
                heard.append(data)
        return heard

    def waits_for(self, data, lane=WIRE, what=lambda frames: frames, times=1):
        """Until a frame was heard so often. what: makes of all those to look at."""
        wait_until(lambda: what(self.hears(lane)).count(data) >= times,
                   f"{lane} hears {summary(data)}",
                   lambda: listing("heard", what(self.hears(lane))) + self.switch.stderr())

    def ends(self):
        """Closes the street; the first switch has nothing to wait for any more."""
        self.far.kills()
        time.sleep(0.05)
        self.switch.fed = self.switch.json("stat show")["rx_packets"]
        self.switch.stops()


TUNNELS = [Tunnel(kind, family) for kind in KINDS for family in (4, 6)]
TAGGED = [Tunnel("vxlan", 4, vlan=10), Tunnel("gre", 6, vlan=4094)]
ONE_OF_EACH = [Tunnel("vxlan", 4), Tunnel("gre", 4), Tunnel("geneve", 6)]
