# SPDX-License-Identifier: BSD-3-Clause
"""A guest that sends at full rate what costs most, and what its neighbours on the same worker have left.

All are `net_pcap` devices that play a file over and over: nobody waits for anybody, so each has the rate that the
worker grants it.
"""
import time
from types import SimpleNamespace

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPerror, UDPerror
from scapy.layers.l2 import ARP, Ether
from scapy.utils import wrpcap

proves = pytest.mark.proves

SECONDS, ROUNDS = 0.7, 5
FLOWS, FLOOD = 256, 4096  # frames


def guest(number):
    return SimpleNamespace(name=f"vm{number}", mac=f"02:00:00:00:00:0{number}", ip=f"10.0.0.{number}")


ONE, TWO, EVIL = guest(1), guest(2), guest(3)


def packet(source, to, **facts):
    return Ether(src=source.mac, dst=to.mac) / IP(src=source.ip, dst=to.ip, **facts)


FLOODS = {
    "new connections": lambda i: packet(EVIL, ONE) / UDP(sport=1024 + i, dport=80),
    "spoofed MAC addresses": lambda i: Ether(src=f"02:01:00:00:{i >> 8:02x}:{i & 255:02x}", dst=ONE.mac) / IP() / UDP(),
    "broadcasts": lambda i: Ether(src=EVIL.mac, dst="ff:ff:ff:ff:ff:ff") / IP(src=EVIL.ip, dst="10.0.0.255") / UDP(),
    "ARP": lambda i: Ether(src=EVIL.mac, dst="ff:ff:ff:ff:ff:ff") / ARP(
        hwsrc=EVIL.mac, psrc=EVIL.ip, pdst=f"10.0.{i >> 8}.{i & 255}"),
    "fragments": lambda i: packet(EVIL, ONE, id=i, flags="MF") / UDP(sport=1024 + i, dport=80) / bytes(40),
    "ICMP errors": lambda i: packet(EVIL, ONE) / ICMP(type=3, code=3) / IPerror(src=ONE.ip, dst=EVIL.ip) / UDPerror(
        sport=i, dport=80),
}


def port(place, folder, who, frames):
    file = folder / f"{who.name}.pcap"
    wrpcap(str(file), frames)
    return {"name": who.name, "network": "blue", "mac": who.mac, "addresses": [who.ip], "security-groups": ["open"],
            "device": f"net_pcap{place},rx_pcap={file}" + ",infinite_rx=1" * bool(frames)}


def victims_rate(lab, frames):
    """Packets of the victims per second of the worker, while a third guest sends these; none of them is lost."""
    daemon = lab.daemon()
    talk = [[packet(a, b) / UDP(sport=1024 + i, dport=2048 + i) for i in range(FLOWS)]
            for a, b in ((ONE, TWO), (TWO, ONE))]
    daemon.starts({
        "networks": [{"name": "blue", "type": "local"}],
        "security-groups": [{"name": "open", "rules": [{"direction": "ingress"}, {"direction": "egress"}]}],
        "ports": [port(i, daemon.folder, who, frames)
                  for i, (who, frames) in enumerate(((ONE, talk[0]), (TWO, talk[1]), (EVIL, frames)))]})

    def counted():
        rows = {row["name"]: row for row in daemon.json("port", "list")}
        return [sum(rows[who.name][what] for who in (ONE, TWO)) for what in ("rx_packets", "drops")]

    time.sleep(0.3)
    before, start = counted(), daemon.cpu_seconds()
    time.sleep(SECONDS)
    after, end = counted(), daemon.cpu_seconds()
    daemon.dies()
    assert after[1] == before[1], "no packet of the victims is dropped"
    return (after[0] - before[0]) / (end - start)


@proves("S47")
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_leaves_its_neighbours_more_than_half(lab, report, flood):
    frames = [FLOODS[flood](i) for i in range(FLOOD)]
    shares = []
    while len(shares) < ROUNDS and (not shares or max(shares) < 0.5):
        alone, beside = victims_rate(lab, []), victims_rate(lab, frames)
        shares.append(beside / alone)
    report(f"beside a flood of {flood}: {', '.join(f'{100 * share:.0f}' for share in shares)} % left")
    assert max(shares) >= 0.5
