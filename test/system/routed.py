# SPDX-License-Identifier: BSD-3-Clause
"""Routers: networks, hosts behind a router, and what a host hears of its way.

    site = starts(lab, config("blue", "red"))     # hosts a in blue and b in red, IPv4 and IPv6
    assert reaches(site["a"], ip("red", "b"))

Each network has a number, and so has each host: 10.0.NETWORK.HOST and fd00:0:0:NETWORK::HOST. The
router is host 1 everywhere, and the default route of all hosts; `a` is 10.
"""
import json
import re
import socket

from lab.process import SCALE
from lab.site import Site
from lab.traffic import pings, sends_tcp
from lab.underlay import joins
from overlays import asks

NUMBERS = {name: number for number, name in enumerate(("blue", "red", "green", "transit", "public"), 1)}
FAMILIES = (4, 6)
A, B = ("blue", "a"), ("red", "b")
UNREACHABLE, EXPIRED = {4: 3, 6: 1}, {4: (11, 0), 6: (3, 0)}
NO_PORT = {4: (3, 3), 6: (1, 4)}
# A next hop in a network is asked again after 30 s, and has failed after three questions, one per second; then come
# 5 s in which it is not looked for. A little more for rounds of ticks.
SILENT_FOR = 45
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000


def ip(network, host=1, family=4):
    """The address of a host, by number or name; blue2 is another network with the addresses of blue."""
    number = NUMBERS[network.rstrip("2")]
    host = host if isinstance(host, int) else int(host[0], 36)
    return f"10.0.{number}.{host}" if family == 4 else f"fd00:0:0:{number}::{host:x}"


def cidr(network, host=1, family=4):
    return f"{ip(network, host, family)}/{24 if family == 4 else 64}"


def router(*networks, name="r1", host=1, gateway=None, snat=False, **more):
    """With an address of both families in each network; `gateway`: (network, next hop)."""
    one = {"name": name, "interfaces": [{"network": network, "address": cidr(network, host, family)}
                                        for network in networks for family in FAMILIES], **more}
    if gateway:
        network, hop = gateway
        one["gateway"] = {"network": network, "address": cidr(network, host, 6 if ":" in hop else 4), "next-hop": hop,
                          "snat": snat}
    return one


def config(*networks, routers=None, ports=None, kinds=None, **more):
    """Networks with one port in each, a, b, ..., and a router between them. `ports`: {name: network}; `kinds`:
    further keys of networks; `more`: further sections."""
    ports = ports or dict(zip("abcdef", networks))
    document = {
        "networks": [{"name": name, "type": "local", **(kinds or {}).get(name, {})} for name in networks],
        "ports": [{"name": name, "network": network} for name, network in ports.items()],
        "routers": [router(*networks)] if routers is None else routers,
        **more,
    }
    return json.loads(json.dumps(document))


def chain(**kinds):
    """a in blue, r1, transit, r2, b in red."""
    ways = [{"destination": f"{ip('red', 0)}/24", "next-hop": ip("transit", 2)},
            {"destination": f"{ip('red', 0, 6)}/64", "next-hop": ip("transit", 2, 6)}]
    back = [{"destination": f"{ip('blue', 0)}/24", "next-hop": ip("transit", 1)},
            {"destination": f"{ip('blue', 0, 6)}/64", "next-hop": ip("transit", 1, 6)}]
    second = router("transit", name="r2", host=2, routes=back)
    second["interfaces"] += router("red")["interfaces"]
    return config("blue", "red", "transit", kinds=kinds, ports={"a": "blue", "b": "red"},
                  routers=[router("blue", "transit", routes=ways), second])


def lives_in(host, network, number):
    """Addresses and default routes of a host whose device is there."""
    for family in FAMILIES:
        if family == 6:
            host.sysctl(f"net/ipv6/conf/{host.device}/disable_ipv6", 0)
        host.ip("addr", "replace", cidr(network, number, family), "dev", host.device,
                *(["nodad"] if family == 6 else []))
        host.ip(f"-{family}", "route", "replace", "default", "via", ip(network, 1, family))
    host.address = ip(network, number)


def settles(site, document):
    """Hosts on new ports."""
    for port in document["ports"]:
        host = site[port["name"]]
        if host.address is None and host.has(host.device):
            lives_in(host, port["network"], port["name"])
    return site


def starts(lab, document, name="host", mtu=None):
    __tracebackhide__ = True
    site = Site(lab, name)
    site.daemon.starts(site.fills(document))
    return settles(site.joins(mtu), document)


def talk(one, here, other, there, size=2 << 20):
    """Two hosts, `here` and `there` networks and names: ping and TCP both ways, in both families."""
    __tracebackhide__ = True
    for family in FAMILIES:
        near, far = ip(*here, family), ip(*there, family)
        for asker, asked in ((one, far), (other, near)):
            said = asks(asker, asked)
            assert said.received >= 3, f"{asker.name} to {asked}:\n{said.text}"
        sends_tcp(one, other, size, address=far)
        sends_tcp(other, one, size, address=near)


def offender(host, address, ttl, port=33434):
    """Who says what about a UDP datagram with such a TTL: (address, ICMP type, code), as traceroute learns it."""
    is_ip4 = ":" not in address
    with host.socket(socket.AF_INET if is_ip4 else socket.AF_INET6, socket.SOCK_DGRAM) as asker:
        level = socket.IPPROTO_IP if is_ip4 else socket.IPPROTO_IPV6
        asker.setsockopt(level, IP_RECVERR if is_ip4 else IPV6_RECVERR, 1)
        asker.setsockopt(level, socket.IP_TTL if is_ip4 else socket.IPV6_UNICAST_HOPS, ttl)
        asker.settimeout(5 * SCALE)
        asker.connect((address, port))
        asker.send(b"who is there?")
        try:
            asker.recv(100)
        except TimeoutError:
            return None
        except OSError:
            pass  # what it was is in the queue of errors
        _, extras, _, _ = asker.recvmsg(512, 512, MSG_ERRQUEUE)
    data = extras[0][2]
    raw = data[20:24] if is_ip4 else data[24:40]
    return socket.inet_ntop(socket.AF_INET if is_ip4 else socket.AF_INET6, raw), data[5], data[6]


def learned_mtu(host, address):
    """What the kernel believes to fit on the way."""
    said = host.ip("route", "get", address).stdout
    found = re.search(r" mtu (\d+)", said)
    return int(found[1]) if found else None


def forwards(host):
    """Makes a Linux router of a host."""
    host.sysctl("net/ipv4/ip_forward", 1)
    host.sysctl("net/ipv6/conf/all/forwarding", 1)
    for scope in ("all", host.device):
        host.sysctl(f"net/ipv4/conf/{scope}/rp_filter", 0)
    return host


def bridges_to(host, island, device, number):
    """A cable from a forwarding host to a namespace beyond: 172.16.NUMBER.0/24 and fd00:16:NUMBER::/64, the host
    is 1 there and the other 2, with the host as its way to everywhere."""
    keeps = host.device, host.address
    joins(host, device, island, device)
    for end, place in ((host, 1), (island, 2)):
        end.sysctl(f"net/ipv6/conf/{device}/disable_ipv6", 0)
        end.sysctl(f"net/ipv4/conf/{device}/rp_filter", 0)
        end.ip("addr", "add", f"172.16.{number}.{place}/24", "dev", device)
        end.ip("addr", "add", f"fd00:16:{number}::{place}/64", "dev", device, "nodad")
    host.device, host.address = keeps
    island.address = f"172.16.{number}.2"
    island.ip("route", "replace", "default", "via", f"172.16.{number}.1")
    island.ip("-6", "route", "replace", "default", "via", f"fd00:16:{number}::1")


def said_by(host, address, *options):
    """The words of ping about something that does not arrive."""
    said = pings(host, address, count=2, patience=2, options=options)
    assert said.received == 0, said.text
    return said.text


def neighbours(site):
    """{address: MAC} of those who can be reached."""
    return {row["address"]: row["mac"] for row in site.daemon.json("neighbour list") if row["state"] == "reachable"}


def ends(site):
    __tracebackhide__ = True
    assert site.daemon.is_conserved()
    site.daemon.stops()
