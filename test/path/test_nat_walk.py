# SPDX-License-Identifier: BSD-3-Clause
"""Random walks through configurations and packets: the switch and a plain model of it agree at every step.

Floating IPs, forwardings and firewall rules come and go, source NAT is switched off and on, and in between the
hosts inside and outside ask, answer, and send what belongs to nothing. A walk is made by its seed. Left out is what
the words of the manual leave open: see `Walk.asks`. With a firewall source NAT stays on, and there is always a rule.
"""
import random

import pytest
from scapy.layers.inet import ICMP

from nat_model import Goes, Model, Packet
from routing import FRIEND, ISP, R1, VM1, VM2
from secure import gre, tcp, udp
from translated import FIP1, FIP2, FIP3, GATE, OTHER, OWN, WEB, Nat, becomes, ends_of, forwards, leads, routed
from words import proves

INSIDE, OUTSIDE = [VM1, FRIEND, VM2], [WEB, OTHER]
PORTS = [*INSIDE, *OUTSIDE, ISP]
PROTOCOLS = ("udp", "udp", "tcp", "echo", "gre")
STEPS = 60
# Each kind of conversation has a port of its own to be asked at, so that no two are the same inside.
AT_FLOAT, AT_FORWARD, AT_INSIDE, AT_OUTSIDE, DIRECT = 80, 90, 60, 53, 70


def said(packet):
    """What IP carries."""
    if packet.protocol == "udp":
        return udp(packet.sport, packet.dport)
    if packet.protocol == "tcp":
        return tcp(packet.sport, packet.dport, {"RST": "R"}.get(packet.flags, packet.flags))
    if packet.protocol == "echo":
        return ICMP(type=0 if packet.flags == "reply" else 8, id=packet.sport or packet.dport) / b"weft"
    return gre()


def changes(packet, after):
    """As becomes() wants them."""
    words = {"src": after.src, "dst": after.dst}
    if packet.protocol == "echo":
        return {**words, "ident": after.sport or after.dport}
    return words if packet.protocol == "gre" else {**words, "sport": after.sport, "dport": after.dport}


class Walk:
    def __init__(self, switch, seed, has_firewall):
        self.dice, self.story = random.Random(seed), []
        self.model = Model(INSIDE, OUTSIDE, GATE, has_firewall=has_firewall)
        if has_firewall:
            self.model.sets_rules([("allow", "both", None, None)])
        self.talk = Nat(switch, PORTS, [self.router()])
        self.fresh = 40000  # ports that nobody has used yet

    # The configuration.

    def router(self):
        model = self.model
        rules = [{"action": action, "direction": way,
                  **({"protocol": {"echo": "icmp"}.get(protocol, protocol)} if protocol else {}),
                  **({"ports": f"{ports[0]}-{ports[-1]}"} if ports else {})}
                 for action, way, protocol, ports in model.rules]
        forwarding = [forwards(port, host, inside, protocol, address)
                      for (protocol, address, port), (host, inside) in model.forwards.items()]
        return leads(model.floats.items(), forwarding, rules, snat=model.snat,
                     nat={"icmp-timeout": 1000, "udp-timeout": 1000})

    def changes(self):
        """One thing becomes another."""
        ways = [self.turns_float, self.turns_forward]
        ways += [self.turns_rules] * 2 if self.model.has_firewall else [self.turns_snat]
        self.story.append(self.dice.choice(ways)())
        self.talk.turns(PORTS, [self.router()])

    def turns_float(self):
        address = self.dice.choice((FIP1, FIP2, FIP3))
        if address in self.model.floats:
            self.model.removes_float(address)
            return f"floating IP {address} goes"
        free = [host for host in INSIDE if not self.model.float_of(host)]
        if not free:
            return "nothing changes"
        self.model.floats[address] = self.dice.choice(free)
        return f"floating IP {address} is {self.model.floats[address].name}'s"

    def turns_forward(self):
        number = self.dice.randrange(4)
        key = self.dice.choice(("udp", "tcp")), (GATE, OWN)[number % 2], 8080 + number
        if key in self.model.forwards:
            self.model.removes_forward(key)
            return f"forwarding {key} goes"
        self.model.forwards[key] = self.dice.choice(INSIDE), AT_FORWARD + number
        return f"forwarding {key} comes, to {self.model.forwards[key]}"

    def turns_snat(self):
        self.model.sets_snat(not self.model.snat)
        return f"source NAT is {self.model.snat}"

    def turns_rules(self):
        rules = list(self.model.rules)
        if len(rules) > 1 and self.dice.random() < 0.5:
            rules.remove(self.dice.choice(rules))
        else:
            protocol = self.dice.choice((None, "udp", "tcp", "echo"))
            start = self.dice.choice((50, 60, 80, 90))
            ports = range(start, start + 15) if protocol in ("udp", "tcp") and self.dice.random() < 0.6 else None
            rules.insert(self.dice.randrange(len(rules) + 1), (
                self.dice.choice(("allow", "allow", "deny")), self.dice.choice(("in", "out", "both")), protocol, ports))
        self.model.sets_rules(rules)
        return f"rules: {rules}"

    # Packets.

    def asks(self):
        """Who asks what. Not asked for is what may go either way: outside, a floating IP that has gone, the gateway
        without source NAT, an inside address that has a floating IP; inside, what would hairpin untranslated."""
        dice, has_firewall = self.dice, self.model.has_firewall
        protocol = dice.choice(PROTOCOLS[:4] if has_firewall else PROTOCOLS)
        if dice.random() < 0.55:
            host = dice.choice(INSIDE)
            places = [(other.ip(), AT_OUTSIDE) for other in OUTSIDE] * 2 + \
                [(other.ip(), AT_INSIDE) for other in INSIDE if other.network != host.network]
            if self.model.snat or self.model.float_of(host):
                places += self.by_outside_addresses(protocol)
            sport = dice.randrange(1000, 1004)
        else:
            host = dice.choice(OUTSIDE)
            places = self.by_outside_addresses(protocol) * 2
            places += [(other.ip(), DIRECT) for other in INSIDE if not self.model.float_of(other)]
            if self.model.snat and protocol != "echo":
                places.append((GATE, 7000))
            if self.model.snat and protocol != "echo" and not has_firewall and not self.is_bound_by_float():
                places.append((GATE, dice.randrange(1000, 1004)))
            sport = dice.randrange(3000, 3004)
        return host, self.packet(protocol, host, sport, *dice.choice(places))

    def by_outside_addresses(self, protocol):
        return [(address, AT_FLOAT) for address in self.model.floats] + \
            [(address, port) for kind, address, port in self.model.forwards if kind == protocol]

    def is_bound_by_float(self):
        """Has somebody got a floating IP since it has sent by source NAT?"""
        return any(one.owner() and self.model.float_of(self.model.host_of(one.owner()[1]))
                   for one in self.model.connections)

    def packet(self, protocol, host, sport, address, port):
        if protocol == "echo":
            return Packet("echo", host.ip(), sport, address, 0)
        if protocol == "gre":
            return Packet("gre", host.ip(), 0, address, 0)
        if protocol == "tcp":  # one that stands is not begun again
            self.fresh, sport = self.fresh + 1, self.fresh
        return Packet(protocol, host.ip(), sport, address, port, "S" if protocol == "tcp" else "")

    def answers(self):
        """Somebody who was asked answers, or who has asked says more."""
        sure = [one for one in self.model.connections if not one.is_doubted]
        if not sure:
            return self.asks()
        one = self.dice.choice(sure)
        flags = {"tcp": "SA", "echo": "reply"}.get(one.before.protocol, "")
        packet = one.after.reversed(flags)
        return self.model.host_of(packet.src), packet

    def strays(self):
        """RST out of the blue, from inside."""
        hosts = [host for host in INSIDE if not self.model.float_of(host)]
        if not hosts or not self.model.snat:
            return self.asks()
        host = self.dice.choice(hosts)
        self.fresh += 1
        return host, Packet("tcp", host.ip(), self.fresh, self.dice.choice(OUTSIDE).ip(), 53, "RST")

    def speaks(self):
        choice = self.dice.random()
        host, packet = self.answers() if choice < 0.4 else self.strays() if choice < 0.45 else self.asks()
        data = host.says(R1, packet.dst, said(packet))
        verdict = self.model.judges(host, packet)
        self.story.append(f"{host.name}: {packet}\n        expected: {verdict}")
        what = "\n".join(self.story[-40:])
        if not isinstance(verdict, Goes):
            self.talk.refuses(host, data, why=set(verdict.reasons), what=what)
        elif self.model.pending:
            self.takes_any_port(host, packet, data, verdict, what)
        else:
            self.talk.goes(host, data, to=verdict.to, what=what, **changes(packet, verdict.packet))

    def takes_any_port(self, host, packet, data, verdict, what):
        heard = self.talk.arrives(host, data, verdict.to)
        connection = self.model.pending
        trouble = self.model.takes(ends_of(heard)[1])
        assert not trouble, f"{trouble}\n{what}"
        expected = routed(becomes(data, **changes(packet, connection.after)), R1.mac(verdict.to.network),
                          verdict.to.mac)
        assert heard == expected, f"{heard.hex(' ')}\n{expected.hex(' ')}\n{what}"


@proves("S42", "S43", "S44")
@pytest.mark.parametrize("seed", range(5))
def test_walks_through_nat(switch, seed):
    walk = Walk(switch, seed, has_firewall=False)
    for step in range(STEPS):
        walk.changes() if step % 4 == 0 else walk.speaks()
    walk.talk.ends()


@proves("S44", "S45", "S46")
@pytest.mark.parametrize("seed", range(100, 105))
def test_walks_through_nat_with_a_firewall(switch, seed):
    walk = Walk(switch, seed, has_firewall=True)
    for step in range(STEPS):
        walk.changes() if step % 5 == 0 else walk.speaks()
    walk.talk.ends()


def test_the_model_knows_ports_and_filters():
    """By hand: the own port, another one for the second, who may answer, and what is forwarded."""
    model = Model(INSIDE, OUTSIDE, GATE, forwards={("udp", GATE, 8080): (VM2, 90)})
    first = model.judges(VM1, Packet("udp", VM1.ip(), 1000, WEB.ip(), 53))
    assert first == Goes(WEB, Packet("udp", GATE, 1000, WEB.ip(), 53))
    assert model.judges(VM2, Packet("udp", VM2.ip(), 1000, WEB.ip(), 53)).packet.sport is None
    assert [bool(model.complains("udp", 1000, port)) for port in (1000, 1001, 2000, 8080, 1002)] == [True] * 4 + [False]
    assert model.judges(WEB, Packet("udp", WEB.ip(), 7, GATE, 1000)).to == VM1
    assert "translate/unsolicited" in model.judges(OTHER, Packet("udp", OTHER.ip(), 53, GATE, 1000)).reasons
    assert model.judges(OTHER, Packet("udp", OTHER.ip(), 1, GATE, 8080)).packet.ends() == \
        ("udp", OTHER.ip(), 1, VM2.ip(), 90)
    model.sets_snat(False)
    assert "translate/unsolicited" in model.judges(WEB, Packet("udp", WEB.ip(), 53, GATE, 1000)).reasons
