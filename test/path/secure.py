# SPDX-License-Identifier: BSD-3-Clause
"""Secured guests: their groups, what they say, and conversations.

    talk = Talk(switch, site([VM.port("web"), PEER.free()], [group("web", ingress("tcp", 80))]))
    talk.passes(PEER, PEER.says(VM, tcp(1000, 80)), to=VM)
    talk.refuses(PEER, PEER.says(VM, tcp(1000, 81)), why="deliver/not-allowed")
    talk.ends()

Whoever speaks is opened anew with what it says, so guests speak in turn and as often as they like.
A step is exact: what it does not name is not heard and not dropped. All MAC addresses are
configured, so that nothing is flooded but what is for all.
"""
import json
from dataclasses import dataclass

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, IPv6,
                                IPv6ExtHdrFragment)
from scapy.layers.l2 import GRE
from scapy.layers.sctp import SCTP, SCTPChunkInit, SCTPChunkInitAck

from frames import difference, frame, mac
from harness import ANYTHING
from overlays import keys

WIRE = "physnet1"
VLAN = 100
NOT_ALLOWED = {"ingress": "deliver/not-allowed", "egress": "admit/not-allowed"}
REFUSED = {way: {why, why.replace("not-allowed", "invalid")} for way, why in NOT_ALLOWED.items()}
both_families = pytest.mark.parametrize("family", (4, 6), ids=("IPv4", "IPv6"))
both_ways = pytest.mark.parametrize("direction", ("ingress", "egress"))


@dataclass(frozen=True)
class Guest:
    """Somebody with addresses. vlan: of the wire that its frames come by."""
    name: str
    number: int
    vlan: int = None

    @property
    def mac(self):
        return mac(self.number)

    def ip(self, family=4):
        return f"10.0.0.{self.number}" if family == 4 else f"2001:db8::{self.number:x}"

    def link_local(self):
        return f"fe80::ff:fe00:{self.number:x}"

    def port(self, *groups, network="blue", **others):
        """As the file describes it; keys as keyword_arguments."""
        return {"name": self.name, "network": network, "mac": self.mac,
                "addresses": [self.ip(4), self.ip(6)],
                **({"security-groups": list(groups)} if groups else {}), **keys(others)}

    def free(self, **others):
        """A port without port security: it may say anything, and hears all."""
        return self.port(port_security=False, **others)

    def says(self, to, inside, family=4, **odd):
        """A frame to a guest; odd: other fields of IP than its own."""
        return frame(self.mac, to.mac, packet(self.ip(family), to.ip(family), inside, **odd),
                     vlan=self.vlan or ())


VM, PEER, THIRD, FOURTH = (Guest(name, number) for number, name in
                           enumerate(("vm", "peer", "third", "fourth"), start=1))
WIRED = Guest(WIRE, 9, VLAN)  # behind the wire


def packet(source, destination, inside, **odd):
    """An IP packet of the family of its addresses; bytes inside want proto= or nh=."""
    layer = IPv6 if ":" in source else IP
    return layer(**{"src": source, "dst": destination, **odd}) / inside


# What is configured.


def ingress(protocol=None, ports=None, **others):
    return rule("ingress", protocol, ports, **others)


def egress(protocol=None, ports=None, **others):
    return rule("egress", protocol, ports, **others)


def rule(direction, protocol=None, ports=None, **others):
    words = {"protocol": protocol, "ports": ports, **keys(others)}
    return {"direction": direction,
            **{word: value for word, value in words.items() if value is not None}}


def group(name, *rules, **others):
    return {"name": name, **keys(others), **({"rules": list(rules)} if rules else {})}


# The guest may hear what the case says, and say nothing: its own words are replies or nothing.
MUTE = egress("tcp", 1)


def site(ports, groups=(), wired=(), **others):
    """Ports and their networks; wired: who is on VLAN 100, which is blue then."""
    ports, groups, others = json.loads(json.dumps([list(ports), list(groups), keys(others)]))
    names = list(dict.fromkeys(port["network"] for port in ports))
    networks = [{"name": name, "type": "local", "static-macs": [
        {"mac": port["mac"], "port": port["name"]} for port in ports
        if port["network"] == name and "mac" in port]} for name in names]
    config = {"networks": networks, "security-groups": groups, "ports": ports, **others}
    if wired:
        config["physical-networks"] = [{"name": WIRE}]
        networks[0].update({"type": "vlan", "segment": VLAN, "physical-network": WIRE})
        networks[0]["static-macs"] += [{"mac": guest.mac, "physical-network": WIRE}
                                       for guest in wired]
    return config


# What is said inside of IP.


def tcp(sport, dport, flags="S", seq=1000, ack=0, load=b"", **odd):
    return TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack, **odd) / load


def udp(sport, dport, load=b"weft"):
    return UDP(sport=sport, dport=dport) / load


def sctp(sport, dport, chunk=SCTPChunkInit):
    return SCTP(sport=sport, dport=dport) / chunk()


def ping(family=4, number=7, load=b"weft"):
    return ICMP(type=8, id=number) / load if family == 4 else \
        ICMPv6EchoRequest(id=number, data=load)


def pong(family=4, number=7, load=b"weft"):
    return ICMP(type=0, id=number) / load if family == 4 else \
        ICMPv6EchoReply(id=number, data=load)


def gre(load=b"weft"):
    return GRE(proto=0x0800) / load


def ping_name(family):
    return "icmp" if family == 4 else "icmpv6"


# protocol: its first packet and the answer to it
EXCHANGES = {
    "tcp": lambda family: (tcp(1000, 80), tcp(80, 1000, "SA", seq=9, ack=1001)),
    "udp": lambda family: (udp(1000, 80), udp(80, 1000)),
    "echo": lambda family: (ping(family), pong(family)),
    "sctp": lambda family: (sctp(1000, 80), sctp(80, 1000, SCTPChunkInitAck)),
    "47": lambda family: (gre(), gre(b"tfew")),
}


def protocol_of(exchange, family):
    """The word of a rule for it."""
    if exchange == "echo":
        return ping_name(family)
    return int(exchange) if exchange.isdigit() else exchange


# Fragments: of PEER to VM, if nothing else is said.

THREE = ((0, 40), (40, 72), (72, None))


def body(inside, family, here=PEER, there=VM):
    """What is behind the IP header, with its checksum."""
    whole = packet(here.ip(family), there.ip(family), inside)
    return bytes(whole)[20 if family == 4 else 40:]


def piece(data, start, end, family=4, here=PEER, there=VM, ident=7, protocol=17, more=None, **odd):
    """These bytes of a datagram as a fragment."""
    more = end is not None if more is None else more
    if family == 4:
        inside = IP(**{"src": here.ip(4), "dst": there.ip(4), "id": ident, "proto": protocol,
                       "flags": "MF" if more else 0, "frag": start // 8, **odd}) / data[start:end]
    else:
        inside = IPv6(src=here.ip(6), dst=there.ip(6), **odd) / IPv6ExtHdrFragment(
            nh=protocol, offset=start // 8, m=int(more), id=ident) / data[start:end]
    return frame(here.mac, there.mac, inside)


def pieces(inside, family=4, cuts=THREE, here=PEER, there=VM, **words):
    data = body(inside, family, here, there)
    return [piece(data, start, end, family, here, there, **words) for start, end in cuts]


# Conversations.


class Talk:
    def __init__(self, switch, config, sends=None):
        self.switch, self.config = switch, config
        self.told, self.dropped = {}, {}
        switch.starts(config, sends)
        if not sends:
            self.news()

    def becomes(self, config):
        """Applies another configuration; ports keep their devices, and nobody speaks."""
        devices = {port["name"]: port["device"] for section in ("ports", "physical-networks")
                   for port in self.config.get(section, []) if "device" in port}
        for section in ("ports", "physical-networks"):
            for port in config.get(section, []):
                if port["name"] in devices:
                    port["device"] = devices[port["name"]]
        self.config = config
        return self.switch.applies(config)

    def says(self, who, *frames, hears=None, drops=None, what=""):
        """A guest speaks. hears: {guest: frames}; drops: {reason: packets} of that guest, or
        reasons that are all right; what: for the reader of a failure."""
        __tracebackhide__ = True
        name = name_of(who)
        self.config = self.switch.reopens(self.config, name, list(frames))
        self.opens(name)
        self.heard({name_of(guest): listed(what) for guest, what in (hears or {}).items()},
                   {name: drops} if drops else {}, what)

    def opens(self, name):
        """The port comes anew; all else is as it was configured."""
        self.switch.applies(self.config)

    def passes(self, who, *frames, to, what=""):
        __tracebackhide__ = True
        self.says(who, *frames, hears={to: frames}, what=what)

    def refuses(self, who, *frames, why, what=""):
        __tracebackhide__ = True
        self.says(who, *frames, drops={why: len(frames)} if isinstance(why, str) else why,
                  what=what)

    def heard(self, hears, drops, what=""):
        """Compares what happened since the last step."""
        __tracebackhide__ = True
        got, dropped = self.news()
        several = len(self.switch.workers) > 1
        trouble = "".join(difference(name, hears.get(name, []), got.get(name, []), several)
                          for name in {**hears, **got})
        for name in {**drops, **dropped}:
            trouble += disagreement(name, drops.get(name, {}), dropped.get(name, {}))
        assert not trouble, f"{what}\n{trouble}--- the daemon's stderr:\n{self.switch.stderr()}"

    def news(self):
        """What was heard and dropped since the last question: {name: frames}, {name: reasons}"""
        heard, dropped = {}, {}
        for device in self.switch.devices:
            frames = self.switch.hears(device)
            fresh = frames[self.told.get(device, 0):]
            self.told[device] = len(frames)
            if fresh:
                heard[device.rstrip("-")] = heard.get(device.rstrip("-"), []) + fresh
        now = self.switch.drops()
        for name, reasons in now.items():
            fresh = {why: packets - self.dropped.get(name, {}).get(why, 0)
                     for why, packets in reasons.items()}
            fresh = {why: packets for why, packets in fresh.items() if packets}
            if fresh:
                dropped[name] = fresh
        self.dropped = now
        return heard, dropped

    def connections(self, *filters):
        return self.switch.json("connection", "list", *filters)

    def states(self, *filters):
        return sorted(row["state"] for row in self.connections(*filters))

    def ends(self):
        """Nothing more was heard; the books are in order."""
        __tracebackhide__ = True
        self.heard({}, {})
        everything = {device: self.switch.hears(device) for device in self.switch.devices}
        self.switch.ends(everything, ANYTHING)


def name_of(guest):
    return guest if isinstance(guest, str) else guest.name


def listed(frames):
    return [frames] if isinstance(frames, bytes) else list(frames)


def disagreement(name, expected, got):
    """expected: {reason: packets}, or reasons any of which is right for all."""
    right = expected == got if isinstance(expected, dict) else \
        got and got.keys() <= set(expected)
    return "" if right else f"drops at {name}: expected {expected}\n        got {got}\n"
