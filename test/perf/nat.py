#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""nat.py [--what established,new] [--flows N,N,...] [--rounds R] [--seconds S] [--no-ovs]

What a router costs that translates. One worker on the last core, 60-byte UDP frames of a guest that has a security
group, by a router with source NAT (as it is by default: endpoint-independent mapping, address-dependent filtering)
out to a VXLAN network on the wire. Guest and wire are `net_pcap` devices.

established: N connections, whose frames are played over and over (infinite_rx=1). Cycles are TSC cycles of the
    worker's time on its core, per packet; `dpdk-testpmd --forward-mode=mac` plays the same file in the same round,
    and what weft costs more is its work. So does Open vSwitch, if it is installed (ovs.py), as shipped and tuned:
    with the tables of Neutron's firewall for one rule, conntrack zones for the port and the router, ct(nat).
new: 500,000 frames, each of another connection of one of 250 guests' addresses behind the port, once. Connections per
    second and cycles, reading the file included; with and without the security group, and with address-and-port-
    dependent mapping. The table of connections is so large that all memory is there from the start; that of flows is
    not, so the oldest give way. Open vSwitch as above, without the group.

Before all that 64 frames are captured, and looked at: translated, and in the tunnel. Prints medians and [least, most].
"""
import argparse
import shutil
import struct
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is

import ovs
from bench import (MISS_BUDGET, Watch, ask, command, hertz, host, ip_header, playing_order, rate_of_testpmd,
                   rate_of_weft, read_pcap, running, tell, write_pcap)

CHECKED = 64
NEW, GUESTS, REMEMBERED = 500000, 250, 65536
GUEST, ROUTER, GATE = bytes.fromhex("020a00000001"), bytes.fromhex("02ee00000101"), bytes.fromhex("02ee00000108")
PEER, PEER_MAC = bytes([192, 0, 2, 2]), bytes.fromhex("020000000002")
ENDPOINT, ENDPOINT_MAC = bytes([192, 0, 2, 1]), bytes.fromhex("020000000001")
OUTSIDE = bytes([203, 0, 113, 2])


def words(mac):
    return ":".join(f"{byte:02x}" for byte in mac)


def frame(guest, sport, server):
    """Of one of the guest's addresses to a server outside."""
    source, target = bytes([10, 0, 1, 1 + guest]), struct.pack("!I", 0xC6120000 + server)
    payload = b"\0" * 18
    udp = struct.pack("!HHHH", sport, 80, 8 + len(payload), 0) + payload
    return ROUTER + GUEST + b"\x08\x00" + ip_header(len(udp), 17, source, target) + udp


def connection(number):
    """Of 250 addresses, which share 64 outside; their ports are spread."""
    guest, nth = number % GUESTS, number // GUESTS
    return frame(guest, 1024 + (guest * 15013 + nth) % 64000, number % 251)


def arp_answer():
    """The peer tells the endpoint its MAC."""
    return (ENDPOINT_MAC + PEER_MAC + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2)
            + PEER_MAC + PEER + ENDPOINT_MAC + ENDPOINT).ljust(60, b"\0")


def document(devices, flows, buffers, is_secured=True, nat=None):
    wire, guest = devices
    port = {"name": "vm1", "network": "blue", "device": guest, "miss-budget": MISS_BUDGET, "mac": words(GUEST)}
    port.update({"new-connection-budget": MISS_BUDGET, "connection-limit": 0})
    if is_secured:
        port.update({"security-groups": ["open"], "allowed-address-pairs": [{"ip": "10.0.1.0/24"}]})
    else:
        port["port-security"] = False
    return {
        "host": {**host(flows, buffers), "connections": max(262144, 5 * flows)},
        "physical-networks": [{"name": "physnet1", "device": wire, "miss-budget": MISS_BUDGET}],
        "tunnel-endpoint": {"physical-network": "physnet1", "address": "192.0.2.1/24", "mac": words(ENDPOINT_MAC)},
        "networks": [{"name": "blue", "type": "local"},
                     {"name": "public", "type": "vxlan", "segment": 1001, "peers": ["192.0.2.2"], "external": True,
                      "neighbours": [{"mac": "02:00:00:00:08:50", "ip": "203.0.113.80", "at": "192.0.2.2"}]}],
        "security-groups": [{"name": "open", "rules": [{"direction": "egress", "protocol": "udp"}]}],
        "ports": [port],
        "routers": [{
            "name": "r1", "interfaces": [{"network": "blue", "address": "10.0.1.254/24", "mac": words(ROUTER)}],
            "nat": {"port-quota": 0, **(nat or {})},
            "gateway": {"network": "public", "address": "203.0.113.2/24", "mac": words(GATE),
                        "next-hop": "203.0.113.80",
                        "snat-pool": [f"203.0.113.{100 + i}" for i in range(64)]}}]}


def devices(folder, guest, wire=""):
    return [f"net_pcap0,rx_pcap={folder}/wire.pcap{wire}", f"net_pcap1,rx_pcap={folder}/guest.pcap{guest}"]


def write_files(folder, numbers):
    write_pcap(folder / "wire.pcap", [arp_answer()])
    write_pcap(folder / "guest.pcap", map(connection, numbers))


def check(folder):
    """The work that is measured is really done."""
    write_files(folder, range(CHECKED))
    capture = f",tx_pcap={folder}/out.pcap"
    run = subprocess.run(command(folder, document(devices(folder, "", capture), CHECKED, 16384),
                                 "--in-turn", "--exit-when-idle", "500"), capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    got = [data for data in read_pcap(folder / "out.pcap") if data[12:14] == b"\x08\x00" and data[62:64] == b"\x08\x00"]
    assert len(got) == CHECKED, f"{len(got)} of {CHECKED} came through:\n{run.stderr}"
    for data in got:
        inside = data[50:]
        assert inside[26:29] == OUTSIDE[:3] and inside[22] == 63, inside.hex()


# ---- Open vSwitch ----

def ovs_flows(is_secured):
    guest = f"in_port=1,dl_src={words(GUEST)},nw_src=10.0.1.0/24"
    route = (f"dec_ttl,mod_dl_src:{words(GATE)},mod_dl_dst:02:00:00:00:08:50,ct(table=111,zone=200,nat)")
    yield f"table=0,ip,{guest},actions=" + ("ct(table=72,zone=100)" if is_secured else "resubmit(,100)")
    yield "table=72,priority=70,ct_state=+est-rel-rpl,ip,actions=resubmit(,73)"
    yield "table=72,priority=70,ct_state=+new-est,udp,actions=resubmit(,73)"
    yield "table=73,priority=80,ct_state=+new-est,ip,actions=ct(commit,zone=100),resubmit(,100)"
    yield "table=73,priority=70,ip,actions=resubmit(,100)"
    yield f"table=100,ip,dl_dst={words(ROUTER)},actions={route}"
    yield "table=111,ct_state=+trk+new,ip,actions=ct(commit,zone=200,nat(src=203.0.113.100-203.0.113.163)),output:10"
    yield "table=111,ct_state=+trk+est,ip,actions=output:10"


@contextmanager
def natting(folder, playing, tuned, is_secured=True):
    wire, guest = playing
    with ovs.open_vswitch(folder / "ovs", tuned) as switch:
        switch.bridge("br-int")
        switch.tunnel(wire, "192.0.2.1", "192.0.2.2", words(PEER_MAC), 1001)
        switch.flows("br-int", ovs_flows(is_secured))
        switch.port("br-int", "p1", 1, guest)
        yield switch
    shutil.rmtree(folder / "ovs")


def rate_of_ovs(folder, playing, tuned, seconds):
    with natting(folder, playing, tuned) as switch:
        return switch.rate("br-phy", "p2", 4, seconds)


def new_of_ovs(folder, frequency):
    """As new(), by the number of connections there are."""
    looks = []
    with natting(folder, devices(folder, ""), True, False) as switch:
        watch = Watch(switch.pid("vswitchd"))
        while switch.received() < NEW:
            looks.append(watch.around(switch.connections))
        made = switch.connections()
    assert made > 0.99 * NEW, made
    looks = [look for look in looks if NEW / 20 < look[0] < made]
    (first, start), (last, end) = looks[0], looks[-1]
    return (end - start) * frequency / (last - first)


# ---- both ----

def established(folder, flows, rounds, seconds, frequency, has_ovs):
    order = playing_order(flows)
    buffers = len(order) + 16384
    write_files(folder, order)
    playing = devices(folder, ",infinite_rx=1")
    floors, costs, rivals = [], [], {False: [], True: []}
    for _ in range(rounds):
        floors.append(frequency / rate_of_testpmd(playing, buffers, seconds))
        costs.append(frequency / rate_of_weft(folder, document(playing, flows, buffers), seconds))
        for tuned in rivals if has_ovs else []:
            rivals[tuned].append(frequency / rate_of_ovs(folder, playing, tuned, seconds))
    works = [cost - floor for cost, floor in zip(costs, floors)]
    print(f"{flows:7} flows | testpmd {tell(floors)} | weft {tell(costs)} | switch work {tell(works)}", flush=True)
    for tuned in rivals if has_ovs else []:
        ratios = [rival / cost for rival, cost in zip(rivals[tuned], costs)]
        print(f"{'':13} | Open vSwitch, {'tuned' if tuned else 'as shipped'} {tell(rivals[tuned])} | "
              f"weft is {tell(ratios)} times as fast", flush=True)


def new(folder, frequency, is_secured, nat):
    """One pass over a file: cycles of the worker's time per frame, between the first look and the last but one."""
    looks, says = [], document(devices(folder, ""), NEW, 65536, is_secured, nat)
    says["host"]["flow-entries"] = REMEMBERED
    with running(folder, says) as weft:
        watch = Watch(weft.pid)
        while not looks or looks[-1][0]["rx_packets"] < NEW:
            looks.append(watch.around(lambda: ask(folder, "stat", "show")))
        drops = ask(folder, "drop", "list")
    said = looks[-1][0]
    # Until it has heard the peer's answer, it drops.
    assert said["connections"] > 0.9 * NEW * (2 if is_secured else 1), (said, drops)
    looks = [look for look in looks if NEW / 10 < look[0]["rx_packets"] < NEW]
    (first, start), (last, end) = looks[0], looks[-1]
    return (end - start) * frequency / (last["rx_packets"] - first["rx_packets"])


def new_connections(folder, rounds, frequency, has_ovs):
    write_files(folder, range(NEW))
    kinds = {"source NAT": (False, {}), "and security group": (True, {}),
             "overloading": (False, {"mapping": "address-and-port-dependent"})}
    figures = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, (is_secured, nat) in kinds.items():
            figures[kind].append(new(folder, frequency, is_secured, nat))
        if has_ovs:
            figures.setdefault("Open vSwitch", []).append(new_of_ovs(folder, frequency))
    for kind, cycles in figures.items():
        print(f"new, {kind:18} | {tell(cycles)} cycles per connection | "
              f"{tell([frequency / one / 1e6 for one in cycles])} M/s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", default="established,new")
    parser.add_argument("--flows", default="1000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--no-ovs", action="store_true")
    options = parser.parse_args()
    has_ovs = not options.no_ovs and ovs.is_installed()
    with tempfile.TemporaryDirectory(prefix="weft-") as name:
        folder = Path(name)
        check(folder)
        print("cycles per packet")
        for flows in [int(n) for n in options.flows.split(",")] if "established" in options.what else []:
            established(folder, flows, options.rounds, options.seconds, hertz(), has_ovs)
        if "new" in options.what:
            new_connections(folder, options.rounds, hertz(), has_ovs)


if __name__ == "__main__":
    main()
