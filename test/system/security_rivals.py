# SPDX-License-Identifier: BSD-3-Clause
"""weft and Open vSwitch with the same policy, each between the same three places, and one packet after the other.

    Weft(lab).judges(packets), Vswitch(lab).judges(packets)    a list of bool: has it come out?

The policy is written once, as RULES. A sentinel follows each packet: it is a UDP datagram that always passes, and
when it has arrived, all that was sent before it has been dealt with. So both switches see one order, whichever
port they look at first, and no two packets meet in one burst: Open vSwitch looks all connections of a burst up
before it remembers the first.

Timeouts are long on both sides, for time must not decide.
"""
import select
import struct
import time
from collections import Counter

from lab.ovs import OpenvSwitch
from lab.process import SCALE, wait_until
from lab.site import Site
from lab.underlay import joins
from lab.wire import Tap
from security_packets import GRE, ICMP, ICMPV6, MACS, PLACES, SCTP, TCP, UDP, Host, Packet, whole

SENTINEL = 9999
MINUTES = 600

# (port of the switch, direction, family, protocol, destination ports or types): both families if None.
# c may send what it likes. What nobody says here is refused.
RULES = [
    ("a", "ingress", None, TCP, (80, 81)),
    ("a", "ingress", None, UDP, (53, 54)),
    ("a", "ingress", 4, ICMP, (8,)),
    ("a", "ingress", 6, ICMPV6, (128,)),
    ("a", "ingress", 4, GRE, ()),
    ("a", "egress", None, TCP, (443, 8000)),
    ("a", "egress", None, UDP, (5000, 5001)),
    ("a", "egress", 4, ICMP, (8, 13)),
    ("a", "egress", 6, ICMPV6, (128,)),
    ("c", "ingress", None, TCP, (22, 8000)),
    ("c", "ingress", None, UDP, (53, 5000)),
    ("c", "ingress", 4, ICMP, (8,)),
    ("c", "ingress", None, SCTP, (3868,)),
    *((port, direction, None, UDP, (SENTINEL,)) for port, direction in (("a", "ingress"), ("a", "egress"),
                                                                        ("c", "ingress"))),
]
CLOSED = {("a", "ingress"), ("a", "egress"), ("c", "ingress")}


def is_allowed(packet):
    """May this packet begin a connection?"""
    asked = packet.kind[0] if packet.kind else packet.dport
    return all((place, way) not in CLOSED or any(
        rule[:2] == (place, way) and rule[2] in (None, packet.family) and rule[3] == packet.protocol
        and (asked in rule[4] or not rule[4]) for rule in RULES)
        for place, way in ((packet.src.place, "egress"), (packet.dst.place, "ingress")))


class Rival:
    """A switch with an ear and a mouth at each place."""

    def __init__(self, taps):
        self.taps = taps
        for tap in taps.values():
            tap.socket.setblocking(False)
        self.heard = Counter()  # (place, frame)
        self.sentinels = 0

    def judges(self, packets):
        """Sends everything in order; gives for each packet whether it came out where it should."""
        for packet in packets:
            self.taps[packet.src.place].socket.send(packet.frame)
            self._passes(packet.src.place)
        time.sleep(0.3 * SCALE)
        for place in self.taps:
            self._listens(place)
        return [self._takes(packet) for packet in packets]

    def _takes(self, packet):
        """One frame heard is one packet that has passed."""
        key = packet.dst.place, packet.frame
        self.heard[key] -= 1
        return self.heard[key] >= 0

    def surplus(self):
        """What came out and nobody sent."""
        sources = {bytes.fromhex(mac) for mac in MACS.values()}
        return [(place, frame.hex()) for (place, frame), count in self.heard.items()
                if count > 0 and frame[6:12] in sources and frame[12:14] in (b"\x08\x00", b"\x86\xdd")
                and frame[36:38] != struct.pack("!H", SENTINEL)]

    def _listens(self, place, sentinel=None, patience=0):
        """Reads all there is; with a sentinel, until that comes. Has it come?"""
        ear = self.taps[place].socket
        deadline = time.monotonic() + patience * SCALE
        while True:
            try:
                frame = ear.recv(65536)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                select.select([ear], [], [], 0.1)
                continue
            if frame == sentinel:
                return True
            self.heard[place, frame] += 1

    def _passes(self, place):
        """Waits until all that was sent at a place has been dealt with.

        DPDK's TAP driver counts signals without care: on a busy machine, a frame may lie there until the next one
        comes. So the sentinel is repeated.
        """
        self.sentinels += 1
        other = "w" if place != "w" else "a"
        frame = sentinel(place, other, self.sentinels)
        for _ in range(10):
            self.taps[place].socket.send(frame)
            if self._listens(other, frame, patience=1):
                return
        raise AssertionError(f"the sentinel did not arrive at {other}\n{self.story()}")

    def story(self):
        return ""


def sentinel(place, other, number):
    return whole(Packet(4, UDP, Host(place, PLACES[place][0]), Host(other, PLACES[other][0]), SENTINEL, SENTINEL,
                        data=struct.pack("!I", number))).frame


# ---- weft ----

PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}
BUDGETS = {"new-connection-budget": 1000000, "icmp-error-budget": 1000000, "mac-move-budget": 1000000}


def weft_rules(port):
    for place, direction, family, protocol, asked in RULES:
        for version in (family,) if family else (4, 6):
            rule = {"direction": direction, "ethertype": f"ipv{version}", "protocol": PROTOCOLS.get(protocol, protocol)}
            word = "icmp-type" if protocol in (ICMP, ICMPV6) else "ports"
            if place == port:
                yield from ({**rule, word: one} for one in asked) if asked else [rule]


def weft_config():
    names = ("tcp-syn-sent", "tcp-syn-recv", "tcp-established", "tcp-fin-wait", "tcp-close-wait", "tcp-last-ack",
             "tcp-time-wait", "tcp-close", "udp", "udp-stream", "icmp", "icmpv6", "generic")

    def addresses(place):
        return [f"10.0.0.{number}" for number in PLACES[place]] + [f"fd00::{number:x}" for number in PLACES[place]]

    return {
        "connection-timeouts": {name: MINUTES for name in names},
        "physical-networks": [{"name": "w"}],
        "networks": [{"name": "blue", "type": "flat", "physical-network": "w"}],
        "security-groups": [{"name": f"group-{port}", "rules": list(weft_rules(port))} for port in "ac"],
        "ports": [{"name": port, "network": "blue", "mac": ":".join(MACS[port][i:i + 2] for i in range(0, 12, 2)),
                   "addresses": addresses(port), "security-groups": [f"group-{port}"], **BUDGETS} for port in "ac"],
    }


class Weft(Rival):
    def __init__(self, lab):
        self.site = Site(lab)
        self.site.starts(weft_config())
        super().__init__({place: Tap(self.site[place]) for place in MACS})
        wait_until(self._greets, "everybody has a place in the FDB", interval=0.1)

    def _greets(self):
        for place in MACS:
            self.taps[place].sends(hello(place))
        return len(self.site.daemon.fdb()) == len(MACS)

    def story(self):
        daemon = self.site.daemon
        return "\n".join([daemon.stderr()[-2000:], daemon.says("stat show"),
                          *(f"{place} {daemon.drops(place)}\n{daemon.says('port', 'show', place)}" for place in MACS)])


def hello(place):
    """A gratuitous ARP request."""
    mac, address = bytes.fromhex(MACS[place]), Host(place, PLACES[place][0]).address(4)
    return b"\xff" * 6 + mac + bytes.fromhex("0806 0001 0800 06 04 0001") + mac + address + bytes(6) + address


# ---- Open vSwitch ----

NUMBERS = {"a": 1, "c": 2, "w": 3}  # OpenFlow ports
WORDS = {(TCP, 4): "tcp", (TCP, 6): "tcp6", (UDP, 4): "udp", (UDP, 6): "udp6", (ICMP, 4): "icmp", (ICMPV6, 6): "icmp6",
         (SCTP, 4): "sctp", (SCTP, 6): "sctp6"}
# It is asked about liberal windows, as weft is: sequence numbers are not looked at.
TIMEOUTS = ("tcp_syn_sent", "tcp_syn_recv", "tcp_established", "tcp_fin_wait", "tcp_time_wait", "tcp_close",
            "udp_first", "udp_single", "udp_multiple", "icmp_first", "icmp_reply")


def mac(place):
    return ":".join(MACS[place][i:i + 2] for i in range(0, 12, 2))


def flow_matches(family, protocol, asked):
    """How OpenFlow says it."""
    name = WORDS.get((protocol, family), f"{'ip' if family == 4 else 'ipv6'},nw_proto={protocol}")
    word = "icmp_type" if protocol in (ICMP, ICMPV6) else "tp_dst"
    return [f"{name},{word}={one}" for one in asked] or [name]


def flows():
    """Table 1 has the state, 2 the sender's policy, 3 the receiver's, 4 remembers, 5 delivers.

    OpenFlow does not see the ports of later fragments. They go to table 4 unasked, where they wait for the first
    one; and that comes only if the policy lets it.
    """
    yield "table=0,priority=9,arp,actions=drop"
    yield f"table=0,priority=9,udp,tp_dst={SENTINEL},actions=resubmit(,5)"
    yield "table=0,priority=5,ip,actions=ct(table=1,zone=1)"
    yield "table=0,priority=5,ipv6,actions=ct(table=1,zone=1)"
    yield "table=1,priority=9,ct_state=+inv+trk,actions=drop"
    yield "table=1,priority=8,ip,nw_frag=later,ct_state=+new+trk,actions=resubmit(,4)"
    yield "table=1,priority=8,ipv6,nw_frag=later,ct_state=+new+trk,actions=resubmit(,4)"
    yield "table=1,priority=7,ct_state=+new+trk,actions=resubmit(,2)"
    yield "table=1,priority=6,ct_state=+est+trk,actions=resubmit(,5)"
    yield "table=1,priority=6,ct_state=+rel+trk,actions=resubmit(,5)"
    for place, direction, family, protocol, asked in RULES:
        table, who, then = (2, f"in_port={NUMBERS[place]}", 3) if direction == "egress" \
            else (3, f"dl_dst={mac(place)}", 4)
        for version in (family,) if family else (4, 6):
            for match in flow_matches(version, protocol, asked):
                yield f"table={table},priority=5,{who},{match},actions=resubmit(,{then})"
    for place, number in NUMBERS.items():
        if (place, "egress") not in CLOSED:
            yield f"table=2,priority=1,in_port={number},actions=resubmit(,3)"
        if (place, "ingress") not in CLOSED:
            yield f"table=3,priority=1,dl_dst={mac(place)},actions=resubmit(,4)"
        yield f"table=5,dl_dst={mac(place)},actions=output:{number}"
    for word in ("ip", "ipv6"):
        yield f"table=4,{word},actions=ct(commit,zone=1),resubmit(,5)"


class Vswitch(Rival):
    def __init__(self, lab, is_liberal=True):
        self.ovs = ovs = lab.keeps(OpenvSwitch("ovs"))
        ovs.needs_bridge("br0")
        ovs.vsctl("set-fail-mode", "br0", "secure")
        taps = {}
        for place, number in NUMBERS.items():
            host = lab.host(place)
            joins(ovs.netns, f"p-{place}", host, place)
            host.configures(place)
            ovs.vsctl("add-port", "br0", f"p-{place}", "--", "set", "interface", f"p-{place}",
                      f"ofport_request={number}")
            taps[place] = Tap(host)
        super().__init__(taps)
        ovs.vsctl("--", "--id=@it", "create", "datapath", "datapath_version=0", "--", "set", "open_vswitch", ".",
                  "datapaths:netdev=@it")
        ovs.vsctl("add-zone-tp", "netdev", "zone=1", *(f"{name}={MINUTES}" for name in TIMEOUTS))
        ovs.sets_flows("br0", flows())
        if is_liberal:
            ovs.appctl("dpctl/ct-disable-tcp-seq-chk")
        for family in ("v4", "v6"):
            ovs.appctl("dpctl/ipf-set-min-frag", family, 400)

    def story(self):
        return self.ovs.log()
