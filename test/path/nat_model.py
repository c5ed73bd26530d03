# SPDX-License-Identifier: BSD-3-Clause
"""A plain model of a router that translates: what must become of a packet, said in lists and loops.

    model = Model(["vm1", ...], gate)
    verdict = model.judges(host, packet)      # Goes(to, packet) or Stays(reasons)
    model.adds_float(address, host)           # and so on: the configuration as it is now

It knows UDP, TCP, echo and GRE, endpoint-independent mapping and address-dependent filtering. A port that the
router may choose is None in a verdict; `takes` is told which one it was, and says what is wrong with it.

What a rule was against for a while is doubted: it may have ended or not, so its port may be another afterwards.
With a firewall, all that passes is remembered; without one, only what source NAT or a forwarding has translated.
"""
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Packet:
    """Of echo, the identifier is the port of who asks, and that of who is asked is 0."""
    protocol: str
    src: str
    sport: int
    dst: str
    dport: int
    flags: str = ""

    def ends(self):
        return self.protocol, self.src, self.sport, self.dst, self.dport

    def reversed(self, flags=""):
        return Packet(self.protocol, self.dst, self.dport, self.src, self.sport, flags)


@dataclass(frozen=True)
class Goes:
    to: object
    packet: Packet


@dataclass(frozen=True)
class Stays:
    reasons: frozenset


def stays(*reasons):
    return Stays(frozenset(reasons))


@dataclass
class Connection:
    before: Packet   # the first packet as it came
    after: Packet    # and as it left
    inner: Packet    # and as the firewall sees it
    direction: str   # where it began, in or out
    source: str      # how its source was translated: snat, float, none
    target: str      # and its destination: float, forward, binding, none
    is_doubted: bool = False  # a rule was against it for a while: what becomes of it is not ours to say

    def owner(self):
        """The inside end whose binding this connection uses."""
        if self.source == "snat":
            return self.before.protocol, self.before.src, self.before.sport
        if self.target == "binding":
            return self.after.protocol, self.after.dst, self.after.dport
        return None

    def outside(self):
        return self.after.sport if self.source == "snat" else self.before.dport

    def remote(self):
        """Whom that inside end speaks with, as it knows it."""
        return self.before.dst if self.source == "snat" else self.before.src


@dataclass
class Model:
    inside: list
    outside: list
    gate: str
    snat: bool = True
    floats: dict = field(default_factory=dict)    # outside address: host
    forwards: dict = field(default_factory=dict)  # (protocol, address, port): (host, port)
    rules: list = field(default_factory=list)     # (action, direction or both, protocol, destination ports)
    has_firewall: bool = False
    connections: list = field(default_factory=list)
    pending: object = None  # the connection whose port is not known yet

    # The configuration.

    def host_of(self, address):
        return next((host for host in (*self.inside, *self.outside) if host.ip() == address), None)

    def float_of(self, host):
        return next((address for address, owner in self.floats.items() if owner == host), None)

    def sets_snat(self, value):
        self.snat = value
        if not value:
            self.ends(lambda one: one.source == "snat" or one.target == "binding")

    def removes_float(self, address):
        del self.floats[address]
        self.ends(lambda one: one.source == "float" and one.after.src == address or
                  one.target == "float" and one.before.dst == address)

    def removes_forward(self, key):
        protocol, address, port = key
        del self.forwards[key]
        self.ends(lambda one: one.target == "forward" and
                  (one.before.protocol, one.before.dst, one.before.dport) == key)

    def sets_rules(self, rules):
        self.rules = rules
        for one in self.connections:
            one.is_doubted |= not self.allows(one.inner, one.direction)

    def ends(self, is_over):
        self.connections = [one for one in self.connections if not is_over(one)]

    # Verdicts.

    def allows(self, packet, direction):
        if not self.has_firewall:
            return True
        for action, way, protocol, ports in self.rules:
            if way in ("both", direction) and protocol in (None, packet.protocol) and \
                    (ports is None or packet.dport in ports):
                return action == "allow"
        return False

    def judges(self, host, packet):
        """host: whose packet it is; a connection that begins with it is remembered."""
        self.pending = None
        for one in self.connections:
            if packet.ends() == one.before.ends() and one.is_doubted and self.allows(one.inner, one.direction):
                self.connections.remove(one)
                return self.begins_inside(host, packet, True) if host in self.inside else self.begins_outside(packet)
            if packet.ends() == one.before.ends():
                return self.passes(one, replace(one.after, flags=packet.flags))
            if packet.ends() == one.after.reversed().ends():
                return self.passes(one, one.before.reversed(packet.flags))
        if packet.flags in ("RST", "SA", "reply"):
            return self.judges_stranger(host, packet)
        return self.begins_inside(host, packet) if host in self.inside else self.begins_outside(packet)

    def judges_stranger(self, host, packet):
        """What cannot begin anything; floating IPs do not care, unless there is a firewall."""
        has_float = packet.dst in self.floats if host in self.outside else self.float_of(host) is not None
        if has_float and not self.has_firewall and packet.dst != self.gate:
            return self.begins_inside(host, packet) if host in self.inside else self.begins_outside(packet)
        if host in self.outside:
            return stays("translate/unsolicited", "translate/invalid", "firewall/invalid", "firewall/not-allowed")
        return stays("translate/invalid", "firewall/invalid", "firewall/not-allowed")

    def passes(self, one, packet):
        if not self.allows(one.inner, one.direction):
            return stays("firewall/not-allowed")
        return Goes(self.host_of(packet.dst), packet)

    def begins_inside(self, host, packet, is_doubted=False):
        target, after = "none", packet
        if packet.dst in self.floats:
            target, after = "float", replace(packet, dst=self.floats[packet.dst].ip())
        elif packet.ends()[:1] + packet.ends()[3:] in self.forwards:
            to, port = self.forwards[packet.ends()[:1] + packet.ends()[3:]]
            target, after = "forward", replace(packet, dst=to.ip(), dport=port)
        inner = after
        is_leaving = target != "none" or self.host_of(packet.dst) in self.outside
        source = "none"
        if is_leaving and self.float_of(host):
            source, after = "float", replace(after, src=self.float_of(host))
        elif is_leaving and self.snat:
            source, after = "snat", self.leaves_by_snat(packet, after)
            if after is None:
                return stays("translate/not-translatable")
            after = replace(after, sport=None) if is_doubted else after
        return self.begins(Connection(packet, after, inner, "out", source, target))

    def leaves_by_snat(self, packet, after):
        """None as a port: the router chooses; None: it cannot."""
        owner = packet.protocol, packet.src, packet.sport
        if packet.protocol == "gre":
            is_taken = any(one.before.protocol == "gre" and one.source == "snat" and one.after.dst == after.dst and
                           one.before.src != packet.src for one in self.connections)
            return None if is_taken else replace(after, src=self.gate)
        mine = [one for one in self.connections if one.owner() == owner]
        bound = [one.outside() for one in mine if not one.is_doubted]
        is_own = not mine and self.is_free(packet.protocol, packet.sport, *self.connections)
        return replace(after, src=self.gate, sport=bound[0] if bound else packet.sport if is_own else None)

    def is_free(self, protocol, port, *connections):
        """Of the gateway's address, if these connections are there."""
        return (protocol, self.gate, port) not in self.forwards and not any(
            one.owner() and one.owner()[0] == protocol and one.outside() == port for one in connections)

    def begins_outside(self, packet):
        key = packet.protocol, packet.dst, packet.dport
        if packet.dst in self.floats:
            target, after = "float", replace(packet, dst=self.floats[packet.dst].ip())
        elif key in self.forwards:
            host, port = self.forwards[key]
            target, after = "forward", replace(packet, dst=host.ip(), dport=port)
        elif packet.dst == self.gate or any(packet.dst == address for _, address, _ in self.forwards):
            known = [one.owner() for one in self.connections if one.owner() and packet.dst == self.gate and
                     packet.protocol != "gre" and one.owner()[0] == packet.protocol and
                     one.outside() == packet.dport and one.remote() == packet.src]
            if not known:
                return stays("translate/unsolicited")
            target, after = "binding", replace(packet, dst=known[0][1], dport=known[0][2])
        elif self.snat:
            return stays("translate/unsolicited")
        else:
            target, after = "none", packet
        return self.begins(Connection(packet, after, after, "in", "none", target))

    def begins(self, one):
        if not self.allows(one.inner, one.direction):
            return stays("firewall/not-allowed")
        if self.has_firewall or one.source == "snat" or one.target in ("forward", "binding"):
            self.connections.append(one)
            self.pending = one if one.after.sport is None else None
        return Goes(self.host_of(one.after.dst), one.after)

    def takes(self, port):
        """The router has chosen this port: what is wrong with that, or nothing."""
        one, self.pending = self.pending, None
        one.after = replace(one.after, sport=port)
        others = [other for other in self.connections if not other.is_doubted and other.owner() != one.owner()]
        return self.complains(one.before.protocol, one.before.sport, port, others)

    def complains(self, protocol, own, port, others=None):
        """About a port that stands for another."""
        if not self.is_free(protocol, port, *(self.connections if others is None else others)):
            return f"{port} is not free"
        if port % 2 != own % 2:
            return f"{port} has another parity than {own}"
        if protocol != "echo" and (port < 1024) != (own < 1024) or not port:
            return f"{port} is of another range than {own}"
        return ""
