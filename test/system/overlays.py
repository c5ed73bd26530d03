# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels: configurations and verdicts that several tests of overlays use.

A switch lives at `near` on the wire `uplink`, somebody else at `far`; each has a guest, `a` and `b`,
10.0.0.1 and 10.0.0.2. `Routed` is two switches with a router between them.
"""
import socket
import threading
import time
from dataclasses import dataclass

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lab.process import SCALE, wait_until
from lab.site import Site
from lab.traffic import pings, sends_tcp
from lab.underlay import Router
from lab.wire import Tap

A, B = "10.0.0.1", "10.0.0.2"
OVERHEAD = {"vxlan": 50, "geneve": 50, "gre": 42}  # on IPv4; IPv6 takes 20 more


@dataclass(frozen=True)
class Underlay:
    near: str
    far: str
    length: int

    def __str__(self):
        return "IPv6" if ":" in self.near else "IPv4"

    @property
    def near_cidr(self):
        return f"{self.near}/{self.length}"

    @property
    def far_cidr(self):
        return f"{self.far}/{self.length}"

    def inner_mtu(self, kind, mtu=1500):
        return mtu - OVERHEAD[kind] - (20 if ":" in self.near else 0)


IPV4 = Underlay("192.0.2.1", "192.0.2.2", 24)
IPV6 = Underlay("2001:db8::1", "2001:db8::2", 64)


def overlay(underlay, kind="vxlan", segment=1001, endpoint=None, **network):
    """A wire, a tunnel, a guest. `endpoint` and `network`: further keys of theirs."""
    network = {"peers": [underlay.far], **network}
    return {
        "physical-networks": [{"name": "uplink"}],
        "tunnel-endpoint": {"physical-network": "uplink", "address": underlay.near_cidr, **(endpoint or {})},
        "networks": [{"name": "blue", "type": kind, "segment": segment, **network}],
        "ports": [{"name": "a", "network": "blue"}],
    }


def starts(lab, config, far, address=None, name="host", mtu=None, **addresses):
    """The switch, its wire in the namespace `far`, guests on its ports (`mtu` is theirs)."""
    __tracebackhide__ = True
    site = Site(lab, name)
    site.daemon.starts(site.fills(config))
    wire = config["physical-networks"][0]["name"]
    site.daemon.plugs(wire, far, site.mac(wire), address)
    return site.joins(mtu, **(addresses or {"a": f"{A}/24"}))


# Endpoints of two subnets; the router's address in each has the same prefix.
ROUTED_IPV4 = Underlay("192.0.2.1", "198.51.100.1", 24)
ROUTED_IPV6 = Underlay("2001:db8:1::1", "2001:db8:2::1", 64)
ROUTERS = {"192.0.2.1": "192.0.2.254", "198.51.100.1": "198.51.100.254",
           "2001:db8:1::1": "2001:db8:1::fe", "2001:db8:2::1": "2001:db8:2::fe"}


def routed_end(local, remote, length, guest, kind="vxlan", gateway=None, **network):
    """One of two switches with one guest; its wire is named after the guest."""
    return {
        "physical-networks": [{"name": f"wire-{guest}"}],
        "tunnel-endpoint": {"physical-network": f"wire-{guest}", "address": f"{local}/{length}",
                            "gateway": gateway or ROUTERS[local]},
        "networks": [{"name": "blue", "type": kind, "segment": 1001, "peers": [remote], **network}],
        "ports": [{"name": guest, "network": "blue"}],
    }


class Routed:
    """Guest a, a switch, a router, a switch, guest b."""

    def __init__(self, lab, underlay=ROUTED_IPV4, kind="vxlan", mtu=None, configs=None):
        self.router = lab.keeps(Router("router"))
        self.underlay, self.sites = underlay, []
        ends = ((underlay.near, underlay.far, "a", A), (underlay.far, underlay.near, "b", B))
        for number, (local, remote, guest, address) in enumerate(ends):
            config = configs[number] if configs else routed_end(local, remote, underlay.length, guest, kind)
            site = Site(lab, f"switch-{guest}")
            site.daemon.starts(site.fills(config))
            self.plugs(site, guest, local)
            self.sites.append(site.joins(mtu, **{guest: f"{address}/24"}))
        self.left, self.right = self.sites
        self.a, self.b = self.left["a"], self.right["b"]

    def plugs(self, site, guest, local):
        site.daemon.plugs(f"wire-{guest}", self.router, site.mac(f"wire-{guest}"),
                          f"{ROUTERS[local]}/{self.underlay.length}")

    def settles(self):
        __tracebackhide__ = True
        for site in self.sites:
            finds_its_peers(site)
        return self

    def stops(self):
        for site in self.sites:
            assert site.daemon.is_conserved()
            site.daemon.stops()


def speaks_ipv6(guest, address):
    """Adds an IPv6 address to a guest that has an IPv4 address."""
    guest.sysctl(f"net/ipv6/conf/{guest.device}/disable_ipv6", 0)
    guest.ip("addr", "replace", address, "dev", guest.device, "nodad")


def finds_its_peers(site):
    """Every remote endpoint has a next hop that answers."""
    __tracebackhide__ = True

    def states():
        return [row["state"] for row in site.daemon.json("tunnel list")]

    wait_until(lambda: all(state == "reachable" for state in states()), "remote endpoints are reachable",
               explain=lambda: site.daemon.says("tunnel list") + site.daemon.says("neighbour list"))


def asks(host, address, options=()):
    """Three answers within five seconds, or fewer. Other than in lab.traffic, a late answer is an answer: after its
    last question, ping by itself waits for two round trips only."""
    return pings(host, address, options=("-w", 5, *options))


def reaches(host, address, options=()):
    return asks(host, address, options).received >= 3


def talk(one, other, address=None, size=2 << 20):
    """Two guests reach each other: ping, and TCP both ways with its data compared."""
    __tracebackhide__ = True
    for asker, asked in ((one, address or other.address), (other, one.address)):
        said = asks(asker, asked)
        assert said.received >= 3, f"{asker.name} to {asked}:\n{said.text}"
    sends_tcp(one, other, size, address=address)
    sends_tcp(other, one, size)


def is_served(site):
    """Nothing that came in by the wire was dropped, but for what the endpoint read itself, and the MLD and
    router solicitations of the far end."""
    __tracebackhide__ = True
    drops = site.daemon.drops("uplink")
    assert drops.keys() <= {"answer/taken", "answer/not-served"}, drops
    assert drops.get("answer/not-served", 0) < 20, drops


def hears_broadcast(listener, speaker, text):
    """Whether a broadcast of one guest arrives at another."""
    with Tap(listener) as ear, Tap(speaker) as mouth:
        mouth.sends(Ether(src=speaker.mac(), dst="ff:ff:ff:ff:ff:ff")
                    / IP(src=speaker.address, dst="255.255.255.255") / UDP(dport=9) / text)
        return ear.waits_for(lambda frame: UDP in frame and bytes(frame[UDP].payload) == text.encode()) is not None


def all_heard(ear, silence=0.2):
    """Every frame until nothing comes any more, parsed; reading is quick, parsing is not."""
    return [Ether(frame) for frame in list(iter(lambda: ear.hears(silence), None))]


def probes_mtu(guest, address, mtu, says=None):
    """What just fits arrives; one byte more does not, and the guest is told the MTU."""
    __tracebackhide__ = True
    fits = mtu - (48 if ":" in address else 28)
    assert reaches(guest, address, ("-s", fits, "-M", "do"))
    forgets_path_mtu(guest)
    said = pings(guest, address, count=1, options=("-w", 3, "-s", fits + 1, "-M", "do"))
    assert said.received == 0, said.text
    assert f"mtu={mtu}" in said.text or f"mtu = {mtu}" in said.text, said.text
    assert f"From {says or address} " in said.text, said.text


def tcp_rate(client, server, size=16 << 20, port=5003):
    """Bytes per second of one connection, from its first SYN to the last byte read."""
    with server.socket(socket.AF_INET, socket.SOCK_STREAM) as listener, \
            client.socket(socket.AF_INET, socket.SOCK_STREAM) as speaker:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((server.address, port))
        listener.listen()
        listener.settimeout(20 * SCALE)
        speaker.settimeout(20 * SCALE)
        got = []
        hearer = threading.Thread(target=_hear, args=(listener, got))
        hearer.start()
        start = time.monotonic()
        speaker.connect((server.address, port))
        speaker.sendall(bytes(size))
        speaker.shutdown(socket.SHUT_WR)
        hearer.join(20 * SCALE)
        assert sum(got) == size, f"{sum(got)} of {size} bytes arrived"
        return size / (time.monotonic() - start)


def _hear(listener, got):
    try:
        with listener.accept()[0] as connection:
            connection.settimeout(20 * SCALE)
            while count := len(connection.recv(1 << 17)):
                got.append(count)
    except OSError:
        pass  # the sum says that something was missing


def forgets_path_mtu(guest):
    guest.ip("route", "flush", "cache")
    guest.ip("-6", "route", "flush", "cache")
