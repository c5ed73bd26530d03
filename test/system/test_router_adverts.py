# SPDX-License-Identifier: BSD-3-Clause
"""Hosts that configure themselves: the kernel's own SLAAC hears the router; see routed.

Host a in blue is told nothing; b in red has its address by hand. a's port lets it use just the address that it shall
make: the prefix, and the EUI-64 of its MAC.
"""
import re
import socket

import pytest
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptRDNSS, IPv6
from scapy.layers.l2 import Ether

from lab.process import SCALE, wait_until
from lab.site import Site
from lab.traffic import sends_tcp
from overlays import reaches
from routed import config, ends, ip, lives_in, router

proves = pytest.mark.proves
ETH_P_IPV6 = 0x86DD
DNS = ["2001:db8::53", "2001:db8::54"]
MTU = 1400
FAR = ip("red", "b", 6)


def eui64(mac):
    b = bytes.fromhex(mac.replace(":", ""))
    return f"{b[0] ^ 2:02x}{b[1]:02x}:{b[2]:02x}ff:fe{b[3]:02x}:{b[4]:02x}{b[5]:02x}"


def plain(address):
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))


def made_by(host):
    """The address that a host makes in blue."""
    return plain(f"fd00:0:0:1:{eui64(host)}")


def document(mode="slaac", mac="02:00:00:00:00:01"):
    ra = {"ipv6-ra-mode": mode, "dns": DNS} if mode else {}
    one = config("blue", "red", kinds={"blue": {"mtu": MTU, "subnets": [
        {"name": "four", "cidr": "10.0.1.0/24"}, {"name": "six", "cidr": "fd00:0:0:1::/64", **ra}]}},
        routers=[router("blue", "red")])
    one["ports"][0].update({"mac": mac, "addresses": [made_by(mac)]})
    return one


def hears(host):
    """A socket that hears IPv6 on a host's device."""
    ear = host.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IPV6))
    ear.bind((host.device, ETH_P_IPV6))
    ear.settimeout(20 * SCALE)
    return ear


def first_advert(ear):
    while True:
        message = Ether(ear.recv(2000))
        if ICMPv6ND_RA in message:
            return message


def wakes_up(host):
    """As a guest that boots: IPv6 begins, and with it its own way to an address."""
    for key, value in (("accept_ra", 1), ("autoconf", 1), ("addr_gen_mode", 0), ("use_tempaddr", 0), ("accept_dad", 1)):
        host.sysctl(f"net/ipv6/conf/{host.device}/{key}", value)
    host.sysctl(f"net/ipv6/conf/{host.device}/disable_ipv6", 0)


def addresses(host):
    """Those of global scope that may be used."""
    said = host.ip("-6", "addr", "show", "dev", host.device, "scope", "global").stdout
    return [line.split()[1] for line in said.splitlines() if "inet6" in line and "tentative" not in line]


def default_route(host):
    return host.ip("-6", "route", "show", "default").stdout


def link_mtu(host):
    return int(host.enter(lambda: open(f"/proc/sys/net/ipv6/conf/{host.device}/mtu").read()))


def starts(lab, mode):
    __tracebackhide__ = True
    site = Site(lab)
    site.daemon.starts(site.fills(document(mode)))
    site.joins(mtu=1500)
    lives_in(site["b"], "red", "b")
    return site


def gateway(site):
    """Where hosts in blue find the router."""
    leg, = [leg for leg in site.daemon.json("router show r1")["legs"] if leg["network"] == "blue" and leg["link_local"]]
    assert leg["link_local"] == plain(f"fe80::{eui64(leg['mac'])}")
    return leg["link_local"]


@proves("S40")
def test_a_host_configures_itself(both):
    """Address, default route and MTU; and it reaches others, and the router by its link-local address."""
    site = starts(both, "slaac")
    a, b = site["a"], site["b"]
    with hears(a) as ear:
        wakes_up(a)
        advert = first_advert(ear)
    assert (advert[ICMPv6NDOptRDNSS].dns, advert[ICMPv6NDOptRDNSS].lifetime) == (DNS, 1800)
    assert advert[IPv6].src == gateway(site)
    address = made_by(a.mac())
    wait_until(lambda: addresses(a) == [f"{address}/64"], "it has an address", 20, lambda: a.ip("addr").stdout)
    route = default_route(a)
    assert f"via {gateway(site)} dev a proto ra" in route, route
    assert 1700 <= int(re.search(r"expires (\d+)sec", route)[1]) <= 1800, route
    said = a.ip("-6", "addr", "show", "dev", "a", "scope", "global").stdout
    lifetimes = re.search(r"valid_lft (\d+)sec preferred_lft (\d+)sec", said)
    assert 86300 <= int(lifetimes[1]) <= 86400 and 14300 <= int(lifetimes[2]) <= 14400, said
    assert link_mtu(a) == MTU
    assert reaches(a, FAR) and reaches(b, address)
    assert reaches(a, f"{gateway(site)}%a") and reaches(a, ip("blue", 1, 6))
    b.address = FAR
    sends_tcp(a, b, 2 << 20)
    sends_tcp(b, a, 2 << 20, address=address)
    said = a.ip("-6", "neigh", "show", gateway(site)).stdout
    assert "router" in said and "FAILED" not in said, said
    ends(site)


@proves("S40")
def test_a_host_that_shall_ask_a_server_makes_no_address(lab):
    """It knows the router all the same."""
    site = starts(lab, "dhcpv6-stateful")
    a = site["a"]
    wakes_up(a)
    wait_until(lambda: f"via {gateway(site)} dev a proto ra" in default_route(a), "it has a default route", patience=20)
    assert addresses(a) == [] and link_mtu(a) == MTU
    ends(site)


@proves("S40")
@pytest.mark.parametrize("solicits", (True, False), ids=("asked", "unasked"))
def test_a_host_hears_of_changes(lab, solicits):
    """Without an advertisement there is no way out; when one comes the host has it, and leaves it when it ends."""
    site = starts(lab, None)
    a = site["a"]
    if not solicits:
        a.sysctl("net/ipv6/conf/a/router_solicitations", 0)
    wakes_up(a)
    assert not default_route(a)
    site.applies(document("slaac"))
    address = f"{made_by(a.mac())}/64"
    wait_until(lambda: address in addresses(a) and default_route(a), "it has an address and a way out", patience=20)
    assert reaches(a, FAR)
    site.applies(document(None))
    wait_until(lambda: not default_route(a), "it has no way out", 10, lambda: default_route(a))
    assert addresses(a) == [address]
    ends(site)
