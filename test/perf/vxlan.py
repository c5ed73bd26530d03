#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""vxlan.py [--flows N,N,...] [--formats F,F,...] [--rounds R] [--seconds S]

What tunnels cost per packet, beside a VLAN in the same run: out by the wire (a header is pushed) and in
by it (one is popped), each way on its own. 60-byte UDP frames (inside), N flows in turn, one worker on
the last core. Formats are vxlan, gre and geneve, over IPv4; vlan always takes part.

A flow has a source MAC and an IP source of its own; it goes to one of 1,000 stations. Where stations are
is configured (`neighbours` and `static-macs`), sources are learned. Outwards the guest's port plays the
flows, and the wire's file is one ARP answer: the peer's MAC. Inwards the wire plays frames that are in
tunnels, their UDP source ports differing. What is on neither way is a sink.

`dpdk-testpmd --forward-mode=mac` plays the same files; what it costs is the devices' price, the
difference is the switch's work. Everything takes turns in each round; "over vlan" is the work beyond that
of the VLAN in the same round and direction. Before all that, 64 frames go each way into a capture, and
are compared byte by byte with what they should look like.

Cycles are TSC cycles of the worker's time on its core, per packet. Give the machine hugepages (some 1,200
of 2 MiB) for figures that mean something; without them both run on small pages. Prints medians and
[least, most].
"""
import argparse
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is

from bench import (MISS_BUDGET, command, hertz, host, ip_header, playing_order, rate_of_testpmd, rate_of_weft,
                   read_pcap, tell, udp_frame, write_pcap)

STATIONS = 1000
CHECKED = 64       # frames that are captured
LONGEST_SEC = 5.0  # the peer answers once; it is believed for longer than that
VLAN, SEGMENT = 100, 1001
ENDPOINT, ENDPOINT_MAC = bytes([192, 0, 2, 1]), bytes.fromhex("020000000001")
PEER, PEER_MAC = bytes([192, 0, 2, 2]), bytes.fromhex("020000000002")
WAYS = {"out": "push", "in": "pop"}


# ---- frames ----

def station(number):
    return b"\x02\x0b" + struct.pack("!I", number)


def inner(flow):
    """The frame of a flow as guests see it."""
    to = flow % STATIONS
    return udp_frame(station(to), b"\x02\x0a" + struct.pack("!I", flow),
                     struct.pack("!I", 0x0A000000 + flow), struct.pack("!I", 0x0A800000 + to))


SHIMS = {  # format: (UDP port, the header that tells segments apart)
    "vxlan": (4789, struct.pack("!II", 0x08000000, SEGMENT << 8)),
    "geneve": (6081, struct.pack("!HHI", 0, 0x6558, SEGMENT << 8)),
    "gre": (None, struct.pack("!HHI", 0x2000, 0x6558, SEGMENT)),
}


def on_wire(how, frame, way, source_port):
    """The frame as it is on the wire."""
    if how == "vlan":
        return frame[:12] + struct.pack("!HH", 0x8100, VLAN) + frame[12:]
    ends = [(ENDPOINT_MAC, ENDPOINT), (PEER_MAC, PEER)]
    (from_mac, from_ip), (to_mac, to_ip) = ends if way == "out" else reversed(ends)
    udp_port, shim = SHIMS[how]
    packet = shim + frame
    if udp_port:
        packet = struct.pack("!HHHH", source_port, udp_port, 8 + len(packet), 0) + packet
    return (to_mac + from_mac + b"\x08\x00"
            + ip_header(len(packet), 17 if udp_port else 47, from_ip, to_ip, flags=0x4000) + packet)


def arp_answer():
    """The peer tells the endpoint its MAC."""
    return (ENDPOINT_MAC + PEER_MAC + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2)
            + PEER_MAC + PEER + ENDPOINT_MAC + ENDPOINT).ljust(60, b"\0")


def is_arp(frame):
    return frame[12:14] == b"\x08\x06"


# ---- a run ----

class Case:
    """One format, one way: what the devices play, and what the switch is told."""

    def __init__(self, how, way, flows):
        self.how, self.way, self.flows = how, way, flows

    def wire_frame(self, flow):
        return on_wire(self.how, inner(flow), self.way, 49152 + flow % 16384)

    def write_files(self, folder, order):
        outwards = self.way == "out"
        write_pcap(folder / "guest.pcap", map(inner, order) if outwards else [])
        write_pcap(folder / "wire.pcap", [arp_answer()] if outwards else map(self.wire_frame, order))

    def devices(self, folder, options):
        """The wire, then the guest. @p options of each, for {} its name"""
        return [f"net_pcap{i},rx_pcap={folder}/{name}.pcap{options[name]}"
                for i, name in enumerate(("wire", "guest"))]

    def playing(self, folder):
        player = "guest" if self.way == "out" else "wire"
        return self.devices(folder, {name: ",infinite_rx=1" if name == player else ""
                                     for name in ("wire", "guest")})

    def capturing(self, folder):
        return self.devices(folder, {name: f",tx_pcap={folder}/{name}.out.pcap"
                                     for name in ("wire", "guest")})

    def network(self):
        macs = [":".join(f"{byte:02x}" for byte in station(i)) for i in range(min(self.flows, STATIONS))]
        if self.how == "vlan":
            network = {"segment": VLAN, "physical-network": "physnet1"}
        else:
            network = {"segment": SEGMENT, "peers": ["192.0.2.2"]}
        if self.way == "in":
            network["static-macs"] = [{"mac": mac, "port": "vm1"} for mac in macs]
        elif self.how == "vlan":
            network["static-macs"] = [{"mac": mac, "physical-network": "physnet1"} for mac in macs]
        else:
            network["neighbours"] = [{"mac": mac, "at": "192.0.2.2"} for mac in macs]
        return {"name": "blue", "type": self.how, **network}

    def document(self, devices, buffers):
        wire, guest = devices
        endpoint = {"tunnel-endpoint": {"physical-network": "physnet1", "address": "192.0.2.1/24",
                                        "mac": "02:00:00:00:00:01"}}
        return {
            "host": host(self.flows, buffers),
            "physical-networks": [{"name": "physnet1", "device": wire, "miss-budget": MISS_BUDGET}],
            **(endpoint if self.how != "vlan" else {}),
            "networks": [self.network()],
            "ports": [{"name": "vm1", "network": "blue", "device": guest, "miss-budget": MISS_BUDGET,
                   "mac-limit": 0, "port-security": False}]}

    def check(self, folder):
        """The work that is measured is really done: a few frames, byte by byte."""
        flows = [i * (self.flows // CHECKED or 1) % self.flows for i in range(CHECKED)]
        self.write_files(folder, flows)
        run = subprocess.run(command(folder, self.document(self.capturing(folder), 16384),
                                     "--in-turn", "--exit-when-idle", "500"), capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        out = "wire" if self.way == "out" else "guest"
        got = [frame for frame in read_pcap(folder / f"{out}.out.pcap") if not is_arp(frame)]
        assert len(got) == CHECKED, f"{self}: {len(got)} of {CHECKED} frames came through:\n{run.stderr}"
        if self.way == "in":
            assert got == [inner(flow) for flow in flows], f"{self}: not what was in the tunnel"
            return
        ports = [struct.unpack_from("!H", frame, 34)[0] for frame in got]
        assert got == [on_wire(self.how, inner(flow), "out", port)
                       for flow, port in zip(flows, ports)], f"{self}: {got[0].hex()}"
        if self.how in ("vxlan", "geneve"):
            assert min(ports) >= 49152 and len(set(ports)) > min(self.flows, CHECKED) // 2, ports

    def __str__(self):
        return f"{self.how} {WAYS[self.way]}"


class Contest:
    """Everything that takes turns at one number of flows."""

    def __init__(self, flows, formats, frequency):
        self.flows, self.frequency = flows, frequency
        self.cases = [Case(how, way, flows) for way in WAYS for how in ("vlan", *formats)]
        self.floor, self.cost = ({str(case): [] for case in self.cases} for _ in range(2))

    def run(self, rounds, seconds):
        order = playing_order(self.flows)
        buffers = len(order) + 16384
        with tempfile.TemporaryDirectory(prefix="weft-") as name:
            folders = {str(case): Path(name) / str(case).replace(" ", "-") for case in self.cases}
            for case in self.cases:
                folders[str(case)].mkdir()
                case.check(folders[str(case)])
                case.write_files(folders[str(case)], order)
            for _ in range(rounds):
                self.run_round(folders, buffers, seconds)

    def run_round(self, folders, buffers, seconds):
        outwards = None  # what is played to the guest's port is the same for all formats
        for case in self.cases:
            devices = case.playing(folders[str(case)])
            floor = outwards if case.way == "out" else None
            if floor is None:
                floor = self.frequency / rate_of_testpmd(devices, buffers, seconds)
                outwards = floor if case.way == "out" else None
            document = case.document(devices, buffers)
            cost = self.frequency / rate_of_weft(folders[str(case)], document, seconds)
            self.floor[str(case)].append(floor)
            self.cost[str(case)].append(cost)

    def works(self, case):
        return [cost - floor for cost, floor in zip(self.cost[case], self.floor[case])]

    def tell(self):
        for case in map(str, self.cases):
            plain = self.works(f"vlan {case.split()[1]}")
            over = [mine - other for mine, other in zip(self.works(case), plain)]
            print(f"{self.flows:7} flows | {case:11} | testpmd {tell(self.floor[case])} | weft {tell(self.cost[case])}"
                  f" | switch work {tell(self.works(case))}"
                  + (f" | over vlan {tell(over)}" if not case.startswith("vlan") else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", default="1000,100000")
    parser.add_argument("--formats", default="vxlan,gre")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    print("cycles per packet")
    for flows in options.flows.split(","):
        contest = Contest(int(flows), list(filter(None, options.formats.split(","))), hertz())
        contest.run(options.rounds, min(options.seconds, LONGEST_SEC))
        contest.tell()


if __name__ == "__main__":
    main()
