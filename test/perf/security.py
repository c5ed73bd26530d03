#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""security.py [--what established,new,flood,load] [--rules N,N,...] [--flows N,N,...] [--rounds R] [--seconds S]

What security groups cost. One worker on the last core, 60-byte UDP frames, a guest's port and a wire that are
`net_pcap` devices, joined by a VLAN network.

established: connections from the wire to the guest, whose frames and replies are played over and over
    (infinite_rx=1); the guest's group has N rules, over which the connections are spread. The same frames without
    port security alternate with it. Cycles are TSC cycles of the worker's time on its core, per packet; what is
    more than without is the price of security.
new: two million frames from the wire, each of another connection, once. Cycles per packet, reading the file
    included, and connections per second.
flood: a guest that makes each frame another connection, at full rate, beside a victim that does the same as in
    "established": what share of its capacity is the victim left?
load: 1,000 vhost-user ports whose sockets nobody serves, in a group of 500 rules about a group of 10,000 members.
    How long it takes to apply that to an empty switch, to apply it with one member more, and to add or take out
    one member by command, 20 times each: by weftctl from its start to its end, beside a weftctl that only says
    its version, and asked over an open socket, which is the time inside of the daemon and two system calls.
    And memory per port: what the process has more (RSS and huge pages) after such ports were applied to a switch
    that had the rules already, and no members. It is what a port has to itself before a guest comes: the document
    (text, tree and structs), its part of the snapshot, its counters, its vhost device, and what the C library
    keeps of the document before it. Ports without port security are what that is compared with.

Prints medians and [least, most].
"""
import argparse
import json
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is

from bench import (CORE, MISS_BUDGET, WEFTCTL, Watch, ask, hertz, host, ip_header, playing_order,
                   rate_of_weft, running, tell, write_pcap)

GUEST, FAR, EVIL = b"\x02\0\0\0\0\x0a", b"\x02\0\0\0\0\x0b", b"\x02\0\0\0\0\x0e"
HERE = bytes([192, 0, 2, 10])
NEW = 2000000
MOST = 100000000  # no budget
PORTS, MEMBERS, RULES, REPEATS = 1000, 10000, 500, 20  # of load


def mac(address):
    return ":".join(f"{byte:02x}" for byte in address)


def udp(dst, src, ip_src, ip_dst, sport, dport, tag=0):
    length = 60 - 14 - (4 if tag else 0) - 20
    return (dst + src + (struct.pack("!HH", 0x8100, tag) if tag else b"") + b"\x08\x00"
            + ip_header(length, 17, ip_src, ip_dst) + struct.pack("!HHHH", sport, dport, length, 0)).ljust(60, b"\0")


def remote(number, rules):
    """The address of a remote host that rule number % rules lets in."""
    rule, turn = number % rules, number // rules
    return bytes([10 + (rule >> 16), rule >> 8 & 255, rule & 255, 1 + turn % 250]), 1024 + turn // 250


def rule(number):
    return {"direction": "ingress", "protocol": "udp", "ports": 80,
            "remote-ip": f"{10 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.0/24"}


def group(rules):
    return {"name": "web", "rules": [rule(number) for number in range(rules)]}


def port(name, device, address, **more):
    return {"name": name, "network": "blue", "device": device, "mac": mac(address), "miss-budget": MISS_BUDGET,
            "new-connection-budget": MOST, "connection-limit": 0, **more}


def document(devices, flows, buffers, connections, guest):
    return {"host": {**host(flows, buffers), "connections": connections},
            "physical-networks": [{"name": "physnet1", "device": devices[0], "miss-budget": MISS_BUDGET}],
            "networks": [{"name": "blue", "type": "vlan", "segment": 100, "physical-network": "physnet1"}],
            **guest}


def secured(device, rules):
    return {"security-groups": [group(rules)],
            "ports": [port("vm1", device, GUEST, addresses=["192.0.2.10"], **{"security-groups": ["web"]})]}


def unsecured(device):
    return {"ports": [port("vm1", device, GUEST, **{"port-security": False})]}


# ---- established ----

def write_connections(folder, flows, rules):
    each = max(1, flows // 2)
    order = playing_order(each)
    ends = [remote(number, rules) for number in range(each)]
    write_pcap(folder / "wire.pcap", [udp(GUEST, FAR, ends[i][0], HERE, ends[i][1], 80, 100) for i in order])
    write_pcap(folder / "guest.pcap", [udp(FAR, GUEST, HERE, ends[i][0], 80, ends[i][1]) for i in order])
    return 2 * len(order) + 16384


def established(folder, flows, rules, rounds, seconds, frequency):
    buffers = write_connections(folder, flows, rules)
    devices = [f"net_pcap{i},rx_pcap={folder}/{name}.pcap,infinite_rx=1" for i, name in enumerate(("wire", "guest"))]
    plain, ours = [], []
    for _ in range(rounds):
        for figures, guest in ((plain, unsecured(devices[1])), (ours, secured(devices[1], rules))):
            rate = rate_of_weft(folder, document(devices, flows, buffers, 1 << 20, guest), seconds)
            figures.append(frequency / rate)
    print(f"established {flows:7} flows {rules:6} rules | without {tell(plain)} | with {tell(ours)} cycles per packet"
          f" | more {tell([b - a for a, b in zip(plain, ours)])}", flush=True)


# ---- new ----

def new(folder, rules, frequency):
    """One pass over a file: cycles of the worker's time per frame, between the first look and the last but one."""
    file = folder / "new.pcap"
    if not file.exists():
        write_pcap(file, (udp(GUEST, FAR, *remote_pair(number, rules), 100) for number in range(NEW)))
    (folder / "empty.pcap").write_bytes(file.read_bytes()[:24])
    devices = [f"net_pcap0,rx_pcap={file}", f"net_pcap1,rx_pcap={folder}/empty.pcap"]
    config = document(devices, 65536, 65536, 3 << 20, secured(devices[1], rules))
    looks = []
    with running(folder, config) as weft:
        watch = Watch(weft.pid)
        while not looks or looks[-1][0]["tx_packets"] < NEW:
            looks.append(watch.around(lambda: ask(folder, "stat", "show")))
    said = looks[-1][0]
    assert said["connections"] == NEW and said["tx_packets"] == NEW, said
    (first, start), (last, end) = looks[0], looks[-2]
    return (end - start) * frequency / (last["rx_packets"] - first["rx_packets"]), said["walk_cycles"]


def remote_pair(number, rules):
    address, sport = remote(number, rules)
    return address, HERE, sport, 80


def new_connections(folder, rules, rounds, frequency):
    figures = [new(folder, rules, frequency) for _ in range(rounds)]
    print(f"new {rules:6} rules | {tell([cycles for cycles, _ in figures])} cycles per connection, "
          f"{tell([walk for _, walk in figures])} of them for walks | "
          f"{tell([frequency / cycles / 1e6 for cycles, _ in figures])} M/s", flush=True)


# ---- flood ----

def flood(folder, rounds, seconds):
    """The victim's rate beside a flood, as a share of its rate alone."""
    buffers = write_connections(folder, 1000, 1) + 200000
    write_pcap(folder / "evil.pcap", [udp(FAR, EVIL, bytes([192, 0, 2, 14]), bytes([10, 0, i >> 8 & 255, i & 255]),
                                          i & 0xFFFF, i >> 16 | 80) for i in range(100000)])
    write_pcap(folder / "quiet.pcap", [])
    devices = [f"net_pcap{i},rx_pcap={folder}/{name}.pcap" + ",infinite_rx=1" * is_endless
               for i, (name, is_endless) in enumerate((("wire", True), ("guest", True), ("evil", True),
                                                       ("quiet", False)))]
    alone, beside, lost = [], [], 0
    for _ in range(rounds):
        for figures, evil in ((alone, devices[3]), (beside, devices[2])):
            guest = secured(devices[1], 1)
            attacker = port("evil", evil, EVIL, addresses=["192.0.2.14"])
            for key in ("miss-budget", "new-connection-budget", "connection-limit"):
                del attacker[key]  # the defaults are what is tried here
            guest["ports"].append(attacker)
            rate, drops = rate_of_victim(folder, document(devices, 1000, buffers, 262144, guest), seconds)
            figures.append(rate)
            lost += drops
    print(f"flood | victim alone {tell([x / 1e6 for x in alone])} Mpps, beside it "
          f"{tell([x / 1e6 for x in beside])} Mpps | {tell([100 * b / a for a, b in zip(alone, beside)])} % left, "
          f"{lost} of its packets dropped", flush=True)


def rate_of_victim(folder, config, seconds):
    def packets():
        ports = {row["name"]: row for row in ask(folder, "port", "list")}
        return (ports["vm1"]["rx_packets"] + ports["physnet1"]["rx_packets"],
                ports["vm1"]["drops"] + ports["physnet1"]["drops"])
    with running(folder, config):
        time.sleep(1)
        first, start = packets(), time.monotonic()
        time.sleep(seconds)
        last, end = packets(), time.monotonic()
    return (last[0] - first[0]) / (end - start), last[1] - first[1]


# ---- load ----

def site(folder, ports, members, is_secured=True):
    def guest(i):
        return {"name": f"vm{i}", "network": "blue", "vhost-user": f"{folder}/{i}.sock",
                "mac": f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", "addresses": [f"192.168.{i >> 8}.{i & 255}"],
                **({"security-groups": ["web"]} if is_secured else {"port-security": False})}
    rules = [{"direction": "ingress", "protocol": "tcp", "ports": 1000 + i, "remote-group": "peers"}
             for i in range(RULES)]
    peers = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(1, 1 + members)]
    return {"host": {"workers": [CORE], "memory": "64M", "group-members": 32768},
            "networks": [{"name": "blue", "type": "local"}],
            "security-groups": [{"name": "peers", "members": peers}, {"name": "web", "rules": rules}],
            "ports": [guest(i) for i in range(1, 1 + ports)]}


def milliseconds(action):
    start = time.monotonic()
    action()
    return (time.monotonic() - start) * 1000


def apply(folder, config):
    file = folder / "next.json"
    file.write_text(json.dumps(config))
    return milliseconds(lambda: ask(folder, "apply", file))


@contextmanager
def line(folder):
    """What asks the daemon over a socket that stays open."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
        end.connect(str(folder / "run/dpdk/weft/dpdk_telemetry.v2"))
        end.recv(1024)

        def asks(request):
            end.send(request.encode())
            answer = end.recv(16384).decode()
            assert " 0\\n" in answer, answer  # the status
        yield asks


def one_member(folder):
    """Microseconds of commands that add or take out one member: by weftctl, what it takes to start, over an open
    socket."""
    slow, start, quick = [], [], []
    with line(folder) as asks:
        for i in range(REPEATS):
            for verb in ("set", "unset"):
                slow.append(1000 * milliseconds(lambda: ask(
                    folder, "security-group", verb, "peers", "--members", f"10.200.0.{i}")))
                start.append(1000 * milliseconds(lambda: subprocess.run([WEFTCTL, "--version"], capture_output=True)))
                quick.append(1000 * milliseconds(lambda: asks(
                    f"/weft/security_group/{verb},name=peers,members=10.201.0.{i}")))
    return slow, start, quick


def kilobytes(weft):
    """Of memory that the process has, huge pages included."""
    lines = Path(f"/proc/{weft.pid}/status").read_text().splitlines()
    return sum(int(row.split()[1]) for row in lines if row.startswith(("VmRSS:", "HugetlbPages:")))


def memory_of_ports(folder, is_secured):
    """KiB that each takes."""
    with running(folder, site(folder, 0, 0)) as weft:
        before = kilobytes(weft)
        apply(folder, site(folder, PORTS, 0, is_secured))
        return (kilobytes(weft) - before) / PORTS


def load(folder, rounds):
    everything, more, slow, start, quick, memory, plain = [], [], [], [], [], [], []
    for _ in range(rounds):
        memory.append(memory_of_ports(folder, True))
        plain.append(memory_of_ports(folder, False))
        with running(folder, {**site(folder, 0, 0), "security-groups": []}):
            everything.append(apply(folder, site(folder, PORTS, MEMBERS)))
            more.append(apply(folder, site(folder, PORTS, MEMBERS + 1)))
            for times, news in zip((slow, start, quick), one_member(folder)):
                times += news
    print(f"load {PORTS} ports {MEMBERS} members {RULES} rules | apply all {tell(everything)} ms, one member more "
          f"{tell(more)} ms | set or unset one {tell(slow)} us by weftctl, whose start is "
          f"{tell(start)} us, {tell(quick)} us inside | {tell(memory)} KiB per port, "
          f"without port security {tell(plain)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", default="established,new,flood,load")
    parser.add_argument("--rules", default="1,100,10000")
    parser.add_argument("--flows", default="1000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    rules = [int(n) for n in options.rules.split(",")]
    with tempfile.TemporaryDirectory(prefix="weft-") as name:
        folder, frequency = Path(name), hertz()
        for flows in [int(n) for n in options.flows.split(",")] if "established" in options.what else []:
            for n in rules:
                established(folder, flows, n, options.rounds, options.seconds, frequency)
        if "new" in options.what:
            new_connections(folder, 1, options.rounds, frequency)
        if "flood" in options.what:
            flood(folder, options.rounds, options.seconds)
        if "load" in options.what:
            load(folder, options.rounds)


if __name__ == "__main__":
    main()
