# SPDX-License-Identifier: BSD-3-Clause
"""Hosts behind a router that translates, and hosts outside, all of them the kernel's.

    place = starts(lab, floating={FIP: "a"})       # a and c in blue, b in red; web outside, and beyond behind it
    assert exchanges(place["a"], place["beyond"], BEYOND, 5001) == FIP     # whom the server has seen

Addresses are those of routed; web is the next hop of the gateway and knows no way to the inside, beyond is behind it.
"""
import hashlib
import os
import socket
import threading

from lab.process import SCALE
from lab.site import Site
from lab.underlay import joins
from routed import bridges_to, config, forwards as makes_router, ip, lives_in, router

INSIDE = {"a": "blue", "c": "blue", "b": "red"}
GATE, WEB, BEYOND = ip("public", 1), ip("public", 254), "172.16.1.2"
FIP, FIP2, OWN = (ip("public", number) for number in (100, 101, 110))
HOP_BEYOND = "172.16.1.1"


def address_of(name):
    return ip(INSIDE[name], name)


# What is configured.


def forward(port, name, inside, protocol="tcp", address=GATE):
    return {"address": address, "protocol": protocol, "external-port": port, "port": name, "internal-port": inside}


def document(floating=None, forwarding=(), firewall=(), nat=None, more=None):
    """floating: {address: port}"""
    one = router("blue", "red", gateway=("public", WEB), snat=True)
    one["floating-ips"] = [{"address": address, "port": name} for address, name in (floating or {}).items()]
    one.update({"port-forwardings": list(forwarding), "firewall": list(firewall), "nat": nat or {}})
    ports = dict(INSIDE)
    made = config("blue", "red", "public", ports=ports, routers=[one], kinds={
        "public": {"type": "flat", "physical-network": "uplink", "external": True}})
    for number, port in enumerate(made["ports"], 2):  # the uplink is the first
        port.update({"mac": f"02:00:00:00:00:{number:02x}", "port-security": False,
                     "addresses": [address_of(port["name"])]})
    return {**made, "physical-networks": [{"name": "uplink"}], **(more or {})}


class Place:
    """A switch and its hosts by name."""

    def __init__(self, lab, **words):
        made = document(**words)
        self.site = Site(lab)
        self.site.daemon.starts(self.site.fills(made))
        self.site.joins()
        self.daemon = self.site.daemon
        self.hosts = {name: self.site[name] for name in INSIDE}
        for name, network in INSIDE.items():
            lives_in(self.hosts[name], network, name)
        self.hosts["web"], self.hosts["beyond"] = self.site["uplink"], lab.host("beyond")
        lives_outside(self.hosts["web"], self.hosts["beyond"])

    def __getitem__(self, name):
        return self.hosts[name]

    def turns(self, **words):
        self.site.applies(document(**words))

    def ends(self):
        __tracebackhide__ = True
        assert self.daemon.is_conserved()
        self.daemon.stops()


def starts(lab, **words):
    return Place(lab, **words)


def lives_outside(web, beyond):
    """web has an address on the outside link and forwards; it knows no way to the inside."""
    web.ip("addr", "replace", f"{WEB}/24", "dev", web.device)
    web.address = WEB
    bridges_to(makes_router(web), beyond, "cable", 1)


# A Linux router in the place of the switch.


RULES = """
table ip nat {{
  chain pre {{
    type nat hook prerouting priority -100;
    {destinations}
  }}
  chain post {{
    type nat hook postrouting priority 100;
    {sources}
    oifname "public" ip saddr {{ 10.0.1.0/24, 10.0.2.0/24 }} snat to {gate}
    ct status dnat ip saddr {{ 10.0.1.0/24, 10.0.2.0/24 }} snat to {gate}
  }}
}}
table ip filter {{
  chain forward {{
    type filter hook forward priority 0;
    ct state established,related accept
    iifname "public" ct status dnat accept
    iifname "public" drop
  }}
}}
"""


def rules(floating, forwarding):
    destinations = [f"ip daddr {address} dnat to {address_of(name)}" for address, name in floating.items()]
    destinations += [f"ip daddr {one['address']} {one['protocol']} dport {one['external-port']} dnat to "
                     f"{address_of(one['port'])}:{one['internal-port']}" for one in forwarding]
    sources = [f"ip saddr {address_of(name)} {way} snat to {address}" for address, name in floating.items()
               for way in ('oifname "public"', "ct status dnat")]
    return RULES.format(destinations="\n    ".join(destinations), sources="\n    ".join(sources), gate=GATE)


class Linux:
    """The same hosts around a namespace with nftables."""

    def __init__(self, lab, folder, floating, forwarding):
        self.box = box = lab.host("linux")
        box.sysctl("net/ipv4/ip_forward", 1)
        box.sysctl("net/ipv4/conf/all/send_redirects", 0)
        self.hosts = {}
        for network, names in (("blue", "ac"), ("red", "b")):
            self.bridges(network)
            for name in names:
                self.hosts[name] = self.plugs(lab, network, name)
                lives_in(self.hosts[name], network, name)
        self.bridges("public")
        self.hosts["web"], self.hosts["beyond"] = self.plugs(lab, "public", "web"), lab.host("beyond")
        lives_outside(self.hosts["web"], self.hosts["beyond"])
        box.ip("route", "add", "default", "via", WEB)
        for address in {*floating, *(one["address"] for one in forwarding)} - {GATE}:
            box.ip("addr", "add", f"{address}/32", "dev", "public")
        file = folder / "rules.nft"
        file.write_text(rules(floating, forwarding))
        box.run("nft", "-f", file)

    def bridges(self, network):
        self.box.ip("link", "add", "name", network, "type", "bridge")
        self.box.ip("addr", "add", f"{ip(network)}/24", "dev", network)
        self.box.ip("link", "set", "dev", network, "up")
        self.box.sysctl(f"net/ipv4/conf/{network}/send_redirects", 0)

    def plugs(self, lab, network, name):
        host = lab.host(name)
        joins(self.box, f"to-{name}", host, name)
        self.box.ip("link", "set", "dev", f"to-{name}", "master", network)
        host.device = name
        return host

    def __getitem__(self, name):
        return self.hosts[name]


# Traffic.


def listens(server, port, kind=socket.SOCK_STREAM):
    handle = server.socket(socket.AF_INET, kind)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    handle.bind(("0.0.0.0", port))
    handle.settimeout(20 * SCALE)
    if kind == socket.SOCK_STREAM:
        handle.listen()
    return handle


def takes(handle, size):
    """So many bytes of a TCP connection."""
    data = bytearray()
    while len(data) < size:
        chunk = handle.recv(min(1 << 16, size - len(data)))
        if not chunk:
            break
        data += chunk
    return hashlib.sha256(data).digest()


class Exchange:
    """A TCP connection by which both ends send random bytes, and both compare what they have got.

    listen: the port where the server is, if the client asks another; source: the client's own port"""

    def __init__(self, client, server, address, port, listen=None, size=1 << 20, source=None):
        self.said = {end: os.urandom(size) for end in ("client", "server")}
        self.digests = {end: hashlib.sha256(data).digest() for end, data in self.said.items()}
        self.got, self.peer, self.size = {}, None, size
        self.listener = listens(server, listen or port)
        self.caller = client.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.caller.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.caller.settimeout(20 * SCALE)
        if source:
            self.caller.bind(("0.0.0.0", source))
        self.target = address, port
        self.threads = [threading.Thread(target=self._serves), threading.Thread(target=self._calls)]

    def _serves(self):
        try:
            handle, self.peer = self.listener.accept()
            with handle:
                handle.settimeout(20 * SCALE)
                self._talks(handle, "server", "client")
        except OSError:
            pass  # what has not come is missing below

    def _calls(self):
        try:
            self.caller.connect(self.target)
            self._talks(self.caller, "client", "server")
        except OSError:
            pass

    def _talks(self, handle, me, other):
        """Says all that it has to say while it listens."""
        speaker = threading.Thread(target=self._says, args=(handle, me))
        speaker.start()
        try:
            self.got[other] = takes(handle, self.size)
        finally:
            speaker.join()

    def _says(self, handle, me):
        try:
            handle.sendall(self.said[me])
        except OSError:
            pass

    def begins(self):
        for thread in self.threads:
            thread.start()
        return self

    def ends(self):
        """Whom the server has seen: (address, port)."""
        __tracebackhide__ = True
        for thread in self.threads:
            thread.join(40 * SCALE)
        self.listener.close()
        self.caller.close()
        assert self.got == self.digests, f"by {self.target}: {sorted(self.got)} came, not all, or not what was sent"
        return self.peer


def exchanges(client, server, address, port, listen=None, size=1 << 20, source=None):
    """Data both ways; the address that the server has seen."""
    __tracebackhide__ = True
    return Exchange(client, server, address, port, listen, size, source).begins().ends()[0]


def asks_udp(client, server, address, port, listen=None, sizes=(1, 1000, 4000), source=None):
    """Datagrams and their answers; the (address, port) that the server has seen, or None."""
    with listens(server, listen or port, socket.SOCK_DGRAM) as ear, \
            client.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        for handle in (ear, mouth):
            handle.settimeout(2 * SCALE)
        if source:
            mouth.bind(("0.0.0.0", source))
        mouth.connect((address, port))  # so that only the answer of whom was asked is heard
        peer = None
        for size in sizes:
            data = os.urandom(size)
            mouth.send(data)
            try:
                came, peer = ear.recvfrom(65535)
                ear.sendto(came[::-1], peer)
                assert mouth.recv(65535)[::-1] == data, f"another datagram of {size} bytes came"
            except OSError:
                return None
        return peer


def calls(client, address, port, patience=0.7):
    """Whether somebody accepts a TCP connection there."""
    with client.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.settimeout(patience * SCALE)
        try:
            caller.connect((address, port))
        except OSError:
            return False
    return True
