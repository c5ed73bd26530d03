#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""vlan.py [--flows N,N,...] [--rounds R] [--seconds S]

What the switch costs per packet: a guest's port and a wire, both `net_pcap` with infinite_rx=1, joined by
a VLAN network: the tag is pushed one way and popped the other. 60-byte UDP frames, N flows in all, each
with MACs of its own, in turn. One worker on the last core. `dpdk-testpmd --forward-mode=mac` on the
same devices alternates with it; what it costs is the devices' price, the difference is ours.

Cycles are TSC cycles of the worker's time on its core, per packet. Give the machine hugepages (some 1,200
of 2 MiB) for figures that mean something; without them both run on small pages. Prints medians and
[least, most].
"""
import argparse
import struct
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is

from bench import (MISS_BUDGET, hertz, host, playing_order, rate_of_testpmd, rate_of_weft, tell, udp_frame,
                   write_pcap)


def write_traffic(folder, flows):
    """Half of the flows each way; a single flow goes one way, the wire's answers are its twin."""
    each = max(1, flows // 2)
    guest = lambda i: b"\x02\x0a" + struct.pack("!I", i)
    far = lambda i: b"\x02\x0b" + struct.pack("!I", i)
    here = lambda i: struct.pack("!I", 0x0A000000 + i)
    there = lambda i: struct.pack("!I", 0x0A800000 + i)
    order = playing_order(each)
    write_pcap(folder / "guest.pcap", [udp_frame(far(i), guest(i), here(i), there(i)) for i in order])
    write_pcap(folder / "wire.pcap", [udp_frame(guest(i), far(i), there(i), here(i), tag=100) for i in order])
    return len(order)


def devices(folder):
    return [f"net_pcap{i},rx_pcap={folder}/{name}.pcap,infinite_rx=1"
            for i, name in enumerate(("wire", "guest"))]


def document(folder, flows, buffers):
    wire, guest = devices(folder)
    return {
        "host": host(flows, buffers),
        "physical-networks": [{"name": "physnet1", "device": wire, "miss-budget": MISS_BUDGET}],
        "networks": [{"name": "blue", "type": "vlan", "segment": 100, "physical-network": "physnet1"}],
        "ports": [{"name": "vm1", "network": "blue", "device": guest, "miss-budget": MISS_BUDGET,
                   "mac-limit": 0, "port-security": False}]}


def compare(flows, rounds, seconds, frequency):
    limit, ours = [], []
    with tempfile.TemporaryDirectory(prefix="weft-") as name:
        folder = Path(name)
        buffers = 2 * write_traffic(folder, flows) + 16384
        for _ in range(rounds):
            limit.append(rate_of_testpmd(devices(folder), buffers, seconds))
            ours.append(rate_of_weft(folder, document(folder, flows, buffers), seconds))
    works = [frequency / b - frequency / a for a, b in zip(limit, ours)]
    ratios = [100 * b / a for a, b in zip(limit, ours)]
    print(f"{flows:7} flows | testpmd {tell([x / 1e6 for x in limit])} Mpps "
          f"{tell([frequency / x for x in limit])} cycles | weft {tell([x / 1e6 for x in ours])} Mpps "
          f"{tell([frequency / x for x in ours])} cycles | ratio {tell(ratios)} % | "
          f"switch work {tell(works)} cycles", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", default="1,1000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    for flows in options.flows.split(","):
        compare(int(flows), options.rounds, options.seconds, hertz())


if __name__ == "__main__":
    main()
