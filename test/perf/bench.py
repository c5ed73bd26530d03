# SPDX-License-Identifier: BSD-3-Clause
"""What measurements share: frames in pcap files, testpmd and weft on the same devices, figures.

A device is a `net_pcap`: one that plays its file over and over (infinite_rx=1), or one whose file is
short, which then only swallows what it is given. Both programs run with one worker, on the last core.

Rates are packets per second that the worker had the core: if others want it too, they cost cache misses,
but not time. On a core of its own that is the time on the clock.
"""
import json
import os
import re
import statistics
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEFT = os.environ.get("WEFT", ROOT / "build/app/weft/weft")
WEFTCTL = os.environ.get("WEFTCTL", ROOT / "build/app/weftctl/weftctl")
CORE = os.cpu_count() - 1
LEAST_FRAMES = 1024  # in a pcap file that is played, so that few flows do not sit in one buffer
MISS_BUDGET = 100000000


# ---- frames ----

def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def ip_header(length, protocol, src, dst, flags=0):
    """An IPv4 header; length is that of what follows, addresses are bytes."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, flags, 64, protocol, 0, src, dst)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]


def udp_frame(dst, src, ip_src, ip_dst, tag=0, size=60):
    """An Ethernet frame with a UDP packet that fills it."""
    length = size - 14 - (4 if tag else 0) - 20
    udp = struct.pack("!HHHH", 1024, 80, length, 0)
    return (dst + src + (struct.pack("!HH", 0x8100, tag) if tag else b"") + b"\x08\x00"
            + ip_header(length, 17, ip_src, ip_dst) + udp).ljust(size, b"\0")


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for data in frames:
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def read_pcap(path):
    data, at, frames = path.read_bytes(), 24, []
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def playing_order(flows):
    """Flows in turn, often enough to fill a file."""
    return [i % flows for i in range(max(flows, LEAST_FRAMES // flows * flows))]


# ---- programs ----

def eal_memory(megabytes):
    free = int(Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").read_text())
    return ["--in-memory" if free * 2 >= megabytes else "--no-huge", "-m", str(megabytes)]


def hertz():
    """Of the TSC."""
    text = subprocess.run(["dmesg"], capture_output=True, text=True).stdout
    found = re.findall(r"tsc: Detected ([\d.]+) MHz|tsc: Refined .* ([\d.]+) MHz", text)
    if found:
        return float(found[-1][0] or found[-1][1]) * 1e6
    return float(re.search(r"cpu MHz\s*: ([\d.]+)", Path("/proc/cpuinfo").read_text())[1]) * 1e6


class Watch:
    """The time on a core of the busiest thread of a process: its worker."""

    def __init__(self, pid):
        self.tasks = Path(f"/proc/{pid}/task")
        self.started = self.read()

    def read(self):
        """Nanoseconds by thread."""
        spent = {}
        for task in self.tasks.iterdir():
            with suppress(OSError):  # one that served a client has ended in between
                spent[task.name] = int((task / "schedstat").read_text().split()[0])
        return spent

    def seconds(self):
        return max(spent - self.started.get(task, 0) for task, spent in self.read().items()) / 1e9

    def around(self, ask):
        """What ask() says, and when that was: between before and after."""
        before = self.seconds()
        said = ask()
        return said, (before + self.seconds()) / 2


def rate_of_testpmd(devices, buffers, seconds):
    """Packets per second that testpmd takes from the two devices."""
    arguments = ["stdbuf", "-oL", "dpdk-testpmd", "--lcores", f"0@0,1@{CORE}", "--no-pci", "--file-prefix", "limit",
                 *eal_memory(buffers // 400 + 400)]
    for device in devices:
        arguments += ["--vdev", device]
    arguments += ["--", "-i", "--forward-mode=mac", f"--total-num-mbufs={buffers}", "--auto-start"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL) as testpmd:
        def packets():
            testpmd.stdin.write("show port stats all\n")
            testpmd.stdin.flush()
            found = []
            while len(found) < 2:
                line = testpmd.stdout.readline()
                assert line, "testpmd has ended"
                found += re.findall(r"RX-packets: (\d+)", line)
            return sum(map(int, found))
        packets()
        watch = Watch(testpmd.pid)
        time.sleep(1)
        first, start = watch.around(packets)
        time.sleep(seconds)
        last, end = watch.around(packets)
        testpmd.communicate("stop\nquit\n", timeout=30)
    return (last - first) / (end - start)


def host(flows, buffers):
    """The section of a file that fits so many flows and buffers."""
    return {"workers": [CORE], "polling": "busy", "memory": f"{buffers // 400 + 64}M",
            "mac-entries": max(131072, 2 * flows), "flow-entries": max(262144, 4 * flows)}


def command(folder, document, *options):
    """Writes the file and says how to start weft with it."""
    (folder / "weft.yaml").write_text(json.dumps(document))
    return [WEFT, "-c", folder / "weft.yaml", "-r", folder / "run", *options]


def ask(folder, *words):
    answer = subprocess.run([WEFTCTL, "-r", folder / "run", "--json", *words], check=True,
                            capture_output=True, text=True).stdout
    return json.loads(answer)


@contextmanager
def running(folder, document):
    """weft, ready, with a file of this document, until the block ends."""
    with subprocess.Popen(command(folder, document), text=True, stderr=subprocess.PIPE) as weft:
        said = ""
        for line in weft.stderr:
            said += line
            if "ready" in line:
                break
        else:
            raise AssertionError(f"weft does not start:\n{said}")
        try:
            yield weft
        finally:
            weft.terminate()


def rate_of_weft(folder, document, seconds):
    """Packets per second that weft takes from the devices, all of them forwarded from its cache."""
    with running(folder, document) as weft:
        watch = Watch(weft.pid)
        time.sleep(1.5)  # every flow has been walked by then
        first, start = watch.around(lambda: ask(folder, "stat", "show"))
        time.sleep(seconds)
        last, end = watch.around(lambda: ask(folder, "stat", "show"))
    grown = {key: last[key] - first[key] for key in ("rx_packets", "tx_packets", "drops", "flow_misses")}
    assert grown["drops"] == 0 and grown["tx_packets"] > 0, f"not forwarded: {grown}"
    assert grown["flow_misses"] * 1000 < grown["rx_packets"], f"walked, not remembered: {grown}"
    return grown["rx_packets"] / (end - start)


# ---- figures ----

def tell(values):
    """The median and [least, most]."""
    return f"{statistics.median(values):6.1f} [{min(values):.1f}, {max(values):.1f}]"
