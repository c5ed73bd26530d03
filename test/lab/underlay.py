# SPDX-License-Identifier: BSD-3-Clause
"""What lies between tunnel endpoints, and the kernel as one of them.

    Router(name)        a namespace that forwards; wires of several switches may end in it
    Lan(name)           a namespace with bridges: several machines on one piece of Ethernet
    joins(a, x, b, y)   a veth pair between two namespaces
    KernelVxlan(...)    a VXLAN device of the kernel, with a namespace of its own for its guest
    inner(frame)        the frame within a tunnel's frame
"""
from scapy.contrib.geneve import GENEVE
from scapy.layers.l2 import GRE, Ether
from scapy.layers.vxlan import VXLAN

from .namespace import Namespace
from .process import run


def joins(left, device, right, peer, mtu=None):
    """A veth pair; checksums are complete on it, so a frame is what it would be on a cable."""
    run("ip", "link", "add", "name", device, "netns", left.name, "type", "veth",
        "peer", "name", peer, "netns", right.name)
    for host, name in ((left, device), (right, peer)):
        host.configures(name, mtu=mtu)


def inner(frame):
    """(type, segment, Ether) of a parsed frame that a tunnel carries, None for any other."""
    if VXLAN in frame:
        return "vxlan", frame[VXLAN].vni, frame[VXLAN].payload
    if GENEVE in frame:
        return "geneve", frame[GENEVE].vni, frame[GENEVE].payload
    if GRE in frame:
        return "gre", frame[GRE].key, Ether(bytes(frame[GRE].payload))
    return None


class Router(Namespace):
    """Forwards between its interfaces, IPv4 and IPv6, and asks for no symmetry of ways."""

    def __init__(self, name):
        super().__init__(name)
        self.sysctl("net/ipv4/ip_forward", 1)
        self.sysctl("net/ipv6/conf/all/forwarding", 1)
        for scope in ("all", "default"):
            self.sysctl(f"net/ipv4/conf/{scope}/rp_filter", 0)

    def carries(self, device, address):
        """Gives an interface that is there already an address (see also Daemon.plugs)."""
        self.configures(device, address=address)


class Lan(Namespace):
    """Bridges; a device belongs to the bridge that `bridges` names."""

    def bridges(self, bridge, *devices):
        if not self.has(bridge):
            self.ip("link", "add", "name", bridge, "type", "bridge")
            self.configures(bridge)
        for device in devices:
            self.ip("link", "set", "dev", device, "master", bridge)


class KernelVxlan:
    """The kernel as a tunnel endpoint of `underlay` (a namespace that has the address `local`).

    The device is moved to the namespace of a guest, `guest`; its packets still leave through
    `underlay`. With `remote`, everything goes there and nothing is learned; without, it is learned
    whom an address belongs to, and broadcast goes to those that `floods_to` named.
    """

    def __init__(self, lab, underlay, vni, local, remote=None, name="vxlan0", address=None, mac=None, mtu=None,
                 port=4789, options=()):
        self.device, self.guest = name, lab.host(f"{name}-guest")
        where = ("remote", remote, "nolearning") if remote else ("learning",)
        underlay.ip("link", "add", "name", name, "type", "vxlan", "id", vni, "local", local, "dstport", port,
                    *where, *options)
        self.guest.takes(name, underlay, mac, address, mtu)

    def floods_to(self, *remotes):
        for remote in remotes:
            self._bridge("append", "00:00:00:00:00:00", "dst", remote)

    def fdb(self):
        """{mac: endpoint}, what was learned and what was told."""
        rows = [line.split() for line in self._bridge("show").stdout.splitlines()]
        return {row[0]: row[row.index("dst") + 1] for row in rows if "dst" in row}

    def _bridge(self, verb, *words):
        middle = (words[0], "dev", self.device, *words[1:]) if words else ("dev", self.device)
        return run("bridge", "-n", self.guest.name, "fdb", verb, *middle)
