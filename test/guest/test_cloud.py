# SPDX-License-Identifier: BSD-3-Clause
"""A small cloud: two hosts, VXLAN between them, two tenants with the same addresses, unmodified guests.

    acme: vm1 on the left, vm2 on the right, security groups, a router with source NAT and a floating IP, IPv6
    beta: vm3 on the left and the host d on the right, which are called 10.0.0.1 and 10.0.0.2 as well
"""
import pytest
import yaml

from lab.process import wait_until
from lab.traffic import pings, reaches
from lab.underlay import Lan
from places import Place
from test_guests import sends_tcp_to_namespace
from test_nat import FLOATING, GATE, OUTSIDE, caller_of, sends_tcp_to_guest

proves = pytest.mark.proves

LEFT, RIGHT = "192.0.2.1", "192.0.2.2"
ROUTER = {
    "name": "r1",
    "interfaces": [{"network": "acme", "address": "10.0.0.254/24"}],
    "gateway": {"network": "public", "address": f"{GATE}/24", "next-hop": OUTSIDE},
    "floating-ips": [{"address": FLOATING, "port": "vm1"}],
}
GROUPS = [{"name": "web", "rules": [
    {"direction": "ingress", "protocol": "icmp"}, {"direction": "ingress", "protocol": "icmpv6"},
    {"direction": "ingress", "protocol": "tcp", "ports": "5001-5010"}, {"direction": "egress"}]}]


def config(wire, local, remote, ports, outside=()):
    overlays = [{"name": name, "type": "vxlan", "segment": vni, "peers": [remote], "mtu": 1450}
                for name, vni in (("acme", 1001), ("beta", 1002))]
    public = [{"name": "public", "type": "flat", "physical-network": name, "external": True} for name in outside]
    return {
        "physical-networks": [{"name": name} for name in (wire, *outside)],
        "tunnel-endpoint": {"physical-network": wire, "address": f"{local}/24"},
        "networks": overlays + public,
        "security-groups": GROUPS,
        "ports": ports,
        "routers": [ROUTER] if outside else [],
    }


def vm(number, network, mac, *addresses):
    return {"name": f"vm{number}", "network": network, "vhost-user": f"SOCKET/vm{number}.sock", "mac": mac,
            "addresses": list(addresses), "security-groups": ["web"]}


def sees(guest, *addresses):
    """All of them answer; three guests at once on a small machine need some patience."""
    __tracebackhide__ = True
    for address in addresses:
        ping = "ping6" if ":" in address else "ping"
        wait_until(lambda: "3 packets received" in guest.run(f"{ping} -c 3 -i 0.2 -W 1 {address}"),
                   f"{guest.name} reaches {address}", explain=guest.story)


class Cloud:
    def __init__(self, lab):
        macs = [f"02:00:00:00:aa:0{number}" for number in (1, 2)]
        acme = [vm(number, "acme", mac, f"10.0.0.{number}", f"fd00::{number}")
                for number, mac in zip((1, 2), macs)]
        beta = [vm(3, "beta", macs[0], "10.0.0.1")]  # as vm1, in every respect
        self.lan, self.left, self.right = lab.keeps(Lan("lan")), Place(lab, "left"), Place(lab, "right")
        self._starts(self.left, config("wire-a", LEFT, RIGHT, [acme[0], *beta], ["uplink"]),
                     uplink=f"{OUTSIDE}/24")
        d = {"name": "d", "network": "beta", "port-security": False}
        self._starts(self.right, config("wire-b", RIGHT, LEFT, [acme[1], d]), d="10.0.0.2/24")
        self.lan.bridges("br", "wire-a", "wire-b")
        self.outside, self.d = self.left["uplink"], self.right["d"]
        self.outside.ip("route", "add", "10.0.0.0/24", "via", GATE)
        self.vm1, self.vm2, self.vm3 = self.left.guest(1), self.right.guest(2), self.left.guest(3)
        self.vm3.nics[0].mac, self.vm3.nics[0].address = macs[0], "10.0.0.1/24"
        for guest in (self.vm1, self.vm2, self.vm3):
            guest.nics[0].options = ",host_mtu=1450"
            guest.launches()
        for guest in (self.vm1, self.vm2, self.vm3):
            guest.is_up()
        for guest in (self.vm1, self.vm2):
            self.furnishes(guest)
        self.vm3.run("ip route add default via 10.0.0.254", check=True)

    def _starts(self, place, text, **addresses):
        place.daemon.starts(place.fills(yaml.safe_dump(text, sort_keys=False)))
        wire = text["physical-networks"][0]["name"]
        place.daemon.plugs(wire, self.lan, place.mac(wire))
        place.joins(**addresses)

    @staticmethod
    def furnishes(guest):
        """What DHCP and router advertisements would have told it."""
        guest.run(f"ip route add default via 10.0.0.254; ip addr add fd00::{guest.name[-1]}/64 dev eth0", check=True)
        wait_until(lambda: "tentative" not in guest.run("ip -6 addr show dev eth0"), "its address is its own")

    def talks(self):
        """Everybody reaches whom he may reach, by all ways; data arrives as it was sent."""
        __tracebackhide__ = True
        vm1, vm2 = self.vm1, self.vm2
        sees(vm1, "10.0.0.2", "fd00::2", OUTSIDE)
        sees(vm2, "10.0.0.1", "fd00::1", OUTSIDE)
        sees(self.vm3, "10.0.0.2")
        wait_until(lambda: reaches(self.d, "10.0.0.1"), "d reaches vm3")
        wait_until(lambda: reaches(self.outside, FLOATING), "vm1 is reached from outside")
        assert vm1.sends_tcp(vm2, "10.0.0.2", 1)
        # vm1 is seen outside by its own address, vm2 by that of all, although its router is on the other host.
        assert caller_of(vm1, self.outside) == FLOATING and caller_of(vm2, self.outside) == GATE

    def carries_data(self):
        __tracebackhide__ = True
        assert self.vm2.sends_tcp(self.vm1, "fd00::1", 1)
        sends_tcp_to_namespace(self.vm2, self.outside, 1 << 20)
        assert sends_tcp_to_guest(self.outside, self.vm1, FLOATING, 5005, 5005)
        # The other tenant has the same addresses, and its own machines behind them.
        before = self.left.daemon.port("vm1")["tx_packets"]
        sends_tcp_to_namespace(self.vm3, self.d, 1 << 20)
        assert self.left.daemon.port("vm1")["tx_packets"] < before + 50, "vm1 has none of it"

    def is_closed(self):
        """Nobody reaches whom he may not reach."""
        __tracebackhide__ = True
        self.vm2.run("(sleep 60 | nc -l -p 6000) > /dev/null 2>&1 &")
        assert "open" not in self.vm1.run("nc -w 1 10.0.0.2 6000 < /dev/null && echo open"), "no rule lets that in"
        assert pings(self.outside, "10.0.0.2", count=2).received == 0, "it has no address outside"
        assert self.vm3.pings(OUTSIDE, 1) == 0, "beta has no router"


@proves("S02", "S03", "S09", "S11", "S42", "S44", "S47")
def test_two_tenants_on_two_hosts(lab):
    cloud = Cloud(lab)
    cloud.talks()
    cloud.carries_data()
    cloud.is_closed()
    cloud.vm2.reboots()
    cloud.furnishes(cloud.vm2)
    cloud.vm1.resets()
    cloud.furnishes(cloud.vm1)
    cloud.talks()
    for place in (cloud.left, cloud.right):
        wait_until(place.daemon.is_conserved, "every packet is accounted for")
        place.daemon.stops()
