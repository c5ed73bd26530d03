# SPDX-License-Identifier: BSD-3-Clause
"""Two Linux guests that leave checksums and segmentation to the switch, on all kinds of rings and ways out.

Each guest has three network cards: on a flat network, in a VXLAN, and behind a router with source NAT. What arrives is
what was sent, and whatever is on a wire fits there and has right checksums.
"""
import hashlib
import socket
import struct
import threading

import pytest

from lab.guest import Guest, Nic
from lab.process import SCALE
from lab.underlay import KernelVxlan
from lab.wire import Tap
from places import Place

proves = pytest.mark.proves

NETWORKS = ("blue", "over", "in")
MTUS = (1500, 1450, 1500)
# Of each card: what QEMU is told of its rings, and of what it offers.
CARDS = {"vm1": ("", ",packed=on", ",packed=on,mrg_rxbuf=off"),
         "vm2": (",mrg_rxbuf=off", ",guest_tso4=off,guest_tso6=off,guest_ufo=off", ",packed=on")}
ALL = ["checksum", "tso4", "tso6", "ecn", "ufo"]
SIZE = 2 << 20
CONFIG = """
physical-networks:
  - {name: uplink}
  - {name: under}
  - {name: wan}
tunnel-endpoint: {physical-network: under, address: 192.0.2.1/24}
networks:
  - {name: blue, type: flat, physical-network: uplink}
  - {name: over, type: vxlan, segment: 1001, peers: [192.0.2.2]}
  - {name: in, type: local}
  - {name: public, type: flat, physical-network: wan, external: true}
routers:
  - name: r1
    interfaces: [{network: in, address: 10.0.2.254/24}]
    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.254, snat: true}
ports:
""" + "".join(f"  - {{name: {name}-{card}, network: {network}, vhost-user: SOCKET/{name}-{card}.sock}}\n"
              for name in CARDS for card, network in enumerate(NETWORKS))


def guest(place, number):
    name = f"vm{number}"
    nics = [Nic(place.daemon.folder / f"{name}-{card}.sock", f"02:00:00:00:a{card}:0{number}",
                f"10.0.{card}.{number}/24", options=f",host_mtu={MTUS[card]}{options}")
            for card, options in enumerate(CARDS[name])]
    return place.lab.keeps(Guest(name, place.daemon.folder, nics)).launches()


def delivers(guest, host, address, source, port=5003):
    """From a guest to a namespace; source: the address that it seems to come from."""
    received = hashlib.sha256()
    with host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.settimeout(30 * SCALE)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        guest.begins(f"nc {address} {port} < /tmp/data")
        connection, peer = listener.accept()
        with connection:
            connection.settimeout(30 * SCALE)
            while chunk := connection.recv(1 << 16):
                received.update(chunk)
    assert peer[0] == source
    assert received.hexdigest() == guest.run("sha256sum < /tmp/data").split()[0]


def takes(guest, host, address, port):
    """From a namespace to a guest."""
    guest.run("rm -f /tmp/in")
    guest.listens(port, "sha256sum > /tmp/in")
    data = bytes(range(256)) * (1 << 12)
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as speaker:
        speaker.settimeout(30 * SCALE)
        speaker.connect((address, port))
        speaker.sendall(data)
        speaker.shutdown(socket.SHUT_WR)
        while speaker.recv(100):
            pass
    said = guest.run("while [ ! -s /tmp/in ]; do sleep 0.1; done; cat /tmp/in").split()
    assert said[0] == hashlib.sha256(data).hexdigest()


class Ear:
    """All frames that the switch sends out of a wire, judged one by one."""

    def __init__(self, host):
        self.tap, self.is_over, self.n, self.longest, self.wrong = Tap(host), False, 0, 0, []
        self.thread = threading.Thread(target=self._listen)

    def _listen(self):
        while not self.is_over:
            if frame := self.tap.hears(0.1):
                self.n += 1
                self.longest = max(self.longest, len(frame))
                self.wrong += [frame] if not is_right(frame) else []

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        self.tap.closes()


def ones(data):
    """The sum of its words (RFC 1071)."""
    number = int.from_bytes(data + bytes(len(data) & 1), "big")
    return number and (number % 0xFFFF or 0xFFFF)


def is_right(frame):
    """All checksums of an IP packet of TCP or UDP, and of one that it carries in VXLAN."""
    ip = frame[14:]
    if frame[12:14] == b"\x08\x00":
        head, protocol, addresses = (ip[0] & 15) * 4, ip[9], ip[12:20]
        body = ip[head:struct.unpack_from("!H", ip, 2)[0]]
        if ones(ip[:head]) != 0xFFFF:
            return False
    elif frame[12:14] == b"\x86\xdd":
        protocol, addresses, body = ip[6], ip[8:40], ip[40:40 + struct.unpack_from("!H", ip, 4)[0]]
    else:
        return True
    if protocol == 17 and body[2:4] == b"\x12\xb5":
        return is_right(body[16:])
    if protocol == 17 and body[6:8] == b"\0\0" and len(addresses) == 8:
        return True
    return protocol not in (6, 17) or ones(addresses + struct.pack("!HH", protocol, len(body)) + body) == 0xFFFF


@proves("S02", "S03", "S09", "S11", "S23", "S42")
def test_guests_leave_work_to_the_switch(lab):
    place = Place(lab).starts(CONFIG, uplink="10.0.0.200/24", under="192.0.2.2/24", wan="203.0.113.254/24")
    kernel = KernelVxlan(lab, place["under"], 1001, "192.0.2.2", "192.0.2.1", address="10.0.1.200/24", mtu=1450)
    vm1, vm2 = (guest.is_up() for guest in [guest(place, number) for number in (1, 2)])
    vm1.run("ip route add default via 10.0.2.254", check=True)
    for number, vm in enumerate((vm1, vm2), 1):
        vm.run(f"ip -6 addr add fd00::{number}/64 dev eth0; sleep 2", check=True)
        vm.run(f"dd if=/dev/urandom of=/tmp/data bs=65536 count={SIZE >> 16}")
    place["uplink"].sysctl("net/ipv6/conf/uplink/disable_ipv6", 0)
    place["uplink"].ip("addr", "add", "fd00::c8/64", "dev", "uplink", "nodad")
    with Ear(place["uplink"]) as flat, Ear(place["under"]) as tunnel, Ear(place["wan"]) as wan:
        # Between guests.
        for card in range(3):
            assert vm1.sends_tcp(vm2, f"10.0.{card}.2", 2, 5010 + card), NETWORKS[card]
            assert vm2.sends_tcp(vm1, f"10.0.{card}.1", 2, 5020 + card), NETWORKS[card]
        assert vm1.sends_tcp(vm2, "fd00::2", 2, 5030)
        before = {name: place.daemon.port(name) for name in ("vm1-0", "vm1-2", "vm2-1")}
        # To the wires.
        delivers(vm1, place["uplink"], "10.0.0.200", "10.0.0.1")
        delivers(vm2, place["uplink"], "fd00::c8", "fd00::2")
        delivers(vm1, kernel.guest, "10.0.1.200", "10.0.1.1")
        delivers(vm2, kernel.guest, "10.0.1.200", "10.0.1.2")
        delivers(vm1, place["wan"], "203.0.113.254", "203.0.113.2")
        takes(vm1, place["uplink"], "10.0.0.1", 5040)
        takes(vm2, kernel.guest, "10.0.1.2", 5041)
    for ear, least in ((flat, 2 * SIZE), (tunnel, 2 * SIZE), (wan, SIZE)):
        assert ear.n > least // 1500 and ear.longest == 1514 and ear.wrong == []
    after = {name: place.daemon.port(name) for name in before}
    shown = after["vm1-0"]
    assert shown["rx_offloads"] == shown["tx_offloads"] == ALL
    assert after["vm2-1"]["tx_offloads"] == ["checksum", "ecn"]
    for name in ("vm1-0", "vm1-2"):
        cut = after[name]["packets_cut"] - before[name]["packets_cut"]
        assert cut > 50 and after[name]["pieces_made"] - before[name]["pieces_made"] > 10 * cut, name
        # Most of what went to another guest before passed in one piece.
        assert before[name]["rx_bytes"] / before[name]["rx_packets"] > 3000 and before[name]["packets_cut"] < cut, name
    assert place.daemon.is_conserved()
    place.daemon.stops()
