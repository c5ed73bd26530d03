#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""vlan.py [--flows N,N,...] [--rounds R] [--seconds S]

What the switch costs per packet: a guest's port and a wire, both `net_pcap` with infinite_rx=1, joined by
a VLAN network: the tag is pushed one way and popped the other. 60-byte UDP frames, N flows in all, each
with MACs of its own, in turn. One worker on the last core. `dpdk-testpmd --forward-mode=mac` on the
same devices alternates with it; what it costs is the devices' price, the difference is ours.

Cycles are TSC cycles of wall time per packet. Give the machine hugepages (some 1,200 of 2 MiB) for
figures that mean something; without them both run on small pages. Prints medians and [least, most].
"""
import argparse
import json
import os
import re
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEFT = os.environ.get("WEFT", ROOT / "build/app/weft/weft")
WEFTCTL = os.environ.get("WEFTCTL", ROOT / "build/app/weftctl/weftctl")
CORE = os.cpu_count() - 1
LEAST_FRAMES = 1024  # in a pcap file, so that few flows do not sit in one buffer


def ip_checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def frame(dst, src, tag, ip_src, ip_dst):
    length = 60 - 14 - (4 if tag else 0)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 17, 0, ip_src, ip_dst)
    header = header[:10] + struct.pack("!H", ip_checksum(header)) + header[12:]
    udp = struct.pack("!HHHH", 1024, 80, length - 20, 0)
    return (dst + src + (struct.pack("!HH", 0x8100, tag) if tag else b"") + b"\x08\x00"
            + header + udp).ljust(60, b"\0")


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def write_traffic(folder, flows):
    """Half of the flows each way; a single flow goes one way, the wire's answers are its twin."""
    each = max(1, flows // 2)
    guest = lambda i: b"\x02\x0a" + struct.pack("!I", i % each)
    far = lambda i: b"\x02\x0b" + struct.pack("!I", i % each)
    here = lambda i: struct.pack("!I", 0x0A000000 + i % each)
    there = lambda i: struct.pack("!I", 0x0A800000 + i % each)
    order = range(max(each, LEAST_FRAMES // each * each))
    write_pcap(folder / "guest.pcap", [frame(far(i), guest(i), 0, here(i), there(i)) for i in order])
    write_pcap(folder / "wire.pcap", [frame(guest(i), far(i), 100, there(i), here(i)) for i in order])
    return len(order)


def eal_memory(megabytes):
    free = int(Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").read_text())
    return ["--in-memory" if free * 2 >= megabytes else "--no-huge", "-m", str(megabytes)]


def hertz():
    text = subprocess.run(["dmesg"], capture_output=True, text=True).stdout
    found = re.findall(r"tsc: Detected ([\d.]+) MHz|tsc: Refined .* ([\d.]+) MHz", text)
    if found:
        return float(found[-1][0] or found[-1][1]) * 1e6
    return float(re.search(r"cpu MHz\s*: ([\d.]+)", Path("/proc/cpuinfo").read_text())[1]) * 1e6


def devices(folder):
    return [f"net_pcap{i},rx_pcap={folder}/{name}.pcap,infinite_rx=1"
            for i, name in enumerate(("wire", "guest"))]


def measure_testpmd(folder, buffers, seconds):
    arguments = ["stdbuf", "-oL", "dpdk-testpmd", "--lcores", f"0@0,1@{CORE}", "--no-pci", "--file-prefix", "limit",
                 *eal_memory(buffers // 400 + 400)]
    for device in devices(folder):
        arguments += ["--vdev", device]
    arguments += ["--", "-i", "--forward-mode=mac", f"--total-num-mbufs={buffers}", "--auto-start"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as testpmd:
        def packets():
            testpmd.stdin.write("show port stats all\n")
            testpmd.stdin.flush()
            now, found = None, []
            while len(found) < 2:
                line = testpmd.stdout.readline()
                found += re.findall(r"RX-packets: (\d+)", line)
                now = now or time.monotonic()
            return sum(map(int, found)), now
        packets()
        time.sleep(1)
        first, start = packets()
        time.sleep(seconds)
        last, end = packets()
        testpmd.communicate("stop\nquit\n", timeout=30)
    return (last - first) / (end - start)


def configuration(folder, flows, memory):
    wire, guest = devices(folder)
    budget = 100000000
    return json.dumps({
        "host": {"workers": [CORE], "polling": "busy", "memory": f"{memory}M",
                 "mac-entries": max(131072, 2 * flows), "flow-entries": max(262144, 4 * flows)},
        "physical-networks": [{"name": "physnet1", "device": wire, "miss-budget": budget}],
        "networks": [{"name": "blue", "type": "vlan", "segment": 100,
                      "physical-network": "physnet1"}],
        "ports": [{"name": "vm1", "network": "blue", "device": guest, "miss-budget": budget}]})


def ask(folder, *words):
    answer = subprocess.run([WEFTCTL, "-r", folder / "run", "--json", *words], check=True,
                            capture_output=True, text=True).stdout
    return json.loads(answer)


def measure_weft(folder, flows, buffers, seconds):
    (folder / "weft.yaml").write_text(configuration(folder, flows, buffers // 400 + 64))
    with subprocess.Popen([WEFT, "-c", folder / "weft.yaml", "-r", folder / "run"], text=True,
                          stderr=subprocess.PIPE) as weft:
        for line in weft.stderr:
            if "ready" in line:
                break
        try:
            time.sleep(1.5)  # every flow has been walked by then
            first, start = ask(folder, "stat", "show"), time.monotonic()
            time.sleep(seconds)
            last, end = ask(folder, "stat", "show"), time.monotonic()
        finally:
            weft.terminate()
    grown = {key: last[key] - first[key] for key in ("rx_packets", "tx_packets", "drops")}
    assert grown["drops"] == 0 and grown["tx_packets"] > 0, f"not forwarded: {grown}"
    return grown["rx_packets"] / (end - start)


def tell(values):
    return f"{statistics.median(values):6.1f} [{min(values):.1f}, {max(values):.1f}]"


def compare(flows, rounds, seconds, frequency):
    limit, ours = [], []
    with tempfile.TemporaryDirectory(prefix="weft-") as name:
        folder = Path(name)
        buffers = 2 * write_traffic(folder, flows) + 16384
        for _ in range(rounds):
            limit.append(measure_testpmd(folder, buffers, seconds))
            ours.append(measure_weft(folder, flows, buffers, seconds))
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
