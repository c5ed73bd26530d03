# SPDX-License-Identifier: BSD-3-Clause
"""Security groups as unmodified guests see them: TCP that is cut or may finish, and what a guest with no group at
all needs to live: DHCP, ARP, neighbour discovery."""
import re
import time

import pytest
import yaml

from lab.process import SCALE, wait_until
from lab.traffic import pings
from places import Place

proves = pytest.mark.proves


def tcp(*ports):
    return [{"direction": "ingress", "protocol": "tcp", "ports": port} for port in ports]


def config(rules=None, on_change="cut", more=()):
    """vm1 in no group, vm2 in one with these rules (None: in no group either); text, since places fill it in."""
    ports = [{"name": f"vm{number}", "network": "blue", "vhost-user": f"SOCKET/vm{number}.sock",
              "mac": f"02:00:00:00:aa:{number:02x}", "addresses": [f"10.0.0.{number}", f"fd00::{number}"]}
             for number in (1, 2)]
    if rules is not None:
        ports[1]["security-groups"] = ["web"]
    return yaml.safe_dump({
        "networks": [{"name": "blue", "type": "local"}],
        "security-groups": [{"name": "web", "on-change": on_change, "rules": rules or []}],
        "ports": [*ports, *more],
    }, sort_keys=False)


SERVER = {"name": "d", "network": "blue", "port-security": False}


def speaks(client, server, address, port):
    """A TCP connection on which a line is said again and again, and kept at the other end. (nc that has nothing to
    say itself would hang up.)"""
    server.run(f"(sleep 600 | nc -l -p {port} > /tmp/in{port}) > /dev/null 2>&1 &")
    wait_until(lambda: f":{port:04X} " in server.run("cat /proc/net/tcp /proc/net/tcp6"), "somebody listens")
    client.run(f"(while :; do echo a line; usleep 10000; done | nc {address} {port}) > /dev/null 2>&1 &")
    wait_until(lambda: heard(server, port) > 100, "it is heard", explain=lambda: server.story() + client.story())


def speaks_ipv6(guest):
    guest.run(f"ip addr add fd00::{guest.name[-1]}/64 dev eth0", check=True)
    wait_until(lambda: "tentative" not in guest.run("ip -6 addr show dev eth0"), "nobody else has the address")


def heard(server, port):
    return int(server.run(f"wc -c < /tmp/in{port}").split()[-1])


@proves("S47")
@pytest.mark.parametrize("on_change", ["cut", "persist"])
def test_tcp_of_guests_when_its_rule_goes(both, on_change):
    """Of two connections one loses its rule."""
    place = Place(both).starts(config(tcp(5001, 5002), on_change))
    vm1, vm2 = place.guests(1, 2)
    for port in (5001, 5002):
        speaks(vm1, vm2, "10.0.0.2", port)
    place.applies(config(tcp(5002), on_change))
    time.sleep(0.2 * SCALE)
    before = {port: heard(vm2, port) for port in (5001, 5002)}
    time.sleep(1 * SCALE)
    after = {port: heard(vm2, port) for port in (5001, 5002)}
    assert after[5002] > before[5002], "the other one goes on"
    assert (after[5001] > before[5001]) == (on_change == "persist"), (before, after)
    vm2.run("(sleep 600 | nc -l -p 5001) > /dev/null 2>&1 &")
    assert "open" not in vm1.run("nc -w 1 10.0.0.2 5001 < /dev/null && echo open"), "nothing new begins"
    states = {row["state"] for row in place.daemon.json("connection list --protocol tcp --port vm2")
              if 5001 in (row["source_port"], row["destination_port"]) and not row["cut"]}
    assert ("ESTABLISHED" in states) == (on_change == "persist"), states
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S47")
def test_tcp_of_guests_under_a_rule(both):
    """Bulk data both ways, IPv4 and IPv6; without a rule, nothing."""
    place = Place(both).starts(config(tcp(5001)))
    vm1, vm2 = place.guests(1, 2)
    for vm in (vm1, vm2):
        speaks_ipv6(vm)
    assert vm1.sends_tcp(vm2, "10.0.0.2", 4)
    assert vm1.sends_tcp(vm2, "fd00::2", 1)
    assert vm1.pings("10.0.0.2", 2) == 0, "no rule says ping"
    vm1.run("(sleep 600 | nc -l -p 5001) > /dev/null 2>&1 &")
    assert "open" not in vm2.run("nc -w 1 10.0.0.1 5001 < /dev/null && echo open"), "vm1 is closed"
    assert place.daemon.is_conserved()
    place.daemon.stops()


UDHCPC = r"""cat > /tmp/bound <<'END'
#!/bin/sh
[ "$1" = bound ] && ip addr add $ip/24 dev $interface && echo "I am $ip, says $serverid"
exit 0
END
chmod 755 /tmp/bound"""


def asks_for_an_address(guest, tries=3):
    """What the guest says when a DHCP server has answered it, or has not."""
    return guest.run(f"udhcpc -i eth0 -n -q -f -t {tries} -T 1 -s /tmp/bound", patience=30)


def without_address(place, number):
    guest = place.guest(number)
    guest.nics[0].address = ""
    guest.boots()
    guest.run("ip link set eth0 up; ip -6 addr flush dev eth0 scope global", check=True)
    guest.run(UDHCPC, check=True)
    return guest


LEASES = """interface {device}
start {address}
end {address}
option subnet 255.255.255.0
lease_file {folder}/leases
pidfile {folder}/pid
"""


@proves("S47")
def test_a_guest_in_no_group_lives(lab, tmp_path):
    """It gets an address, is found, finds others, and nobody can begin anything with it."""
    place = Place(lab).starts(config(more=[SERVER]), d="10.0.0.200/24")
    server = place["d"]
    server.sysctl("net/ipv6/conf/d/disable_ipv6", 0)
    server.ip("addr", "add", "fd00::200/64", "dev", "d", "nodad")
    (tmp_path / "leases").touch()
    (tmp_path / "conf").write_text(LEASES.format(device="d", address="10.0.0.1", folder=tmp_path))
    server.starts("busybox", "udhcpd", "-f", tmp_path / "conf")
    vm1 = without_address(place, 1)
    said = asks_for_an_address(vm1, tries=5)
    assert "I am 10.0.0.1, says 10.0.0.200" in said, said
    assert vm1.reaches("10.0.0.200")
    speaks_ipv6(vm1)
    said = vm1.run("ping6 -c 3 -i 0.2 -W 1 fd00::200", patience=20)
    assert int(re.search(r"(\d+) packets received", said)[1]) >= 2, said
    for address in ("10.0.0.1", "fd00::1"):
        server.ip("neigh", "flush", "dev", "d")
        assert pings(server, address, count=10, interval=0.2, patience=0.5).received == 0
        neighbours = server.ip("neigh", "show", address).stdout
        assert "02:00:00:00:aa:01" in neighbours, \
            f"it is found, but does not answer: {neighbours} {place.daemon.drops('vm1')} {place.daemon.drops('d')}"
    assert place.daemon.drops("d")["deliver/not-allowed"] >= 4
    assert not {word for word in place.daemon.drops("vm1") if "spoofed" in word and "nd" in word}
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S47")
def test_a_guest_is_no_dhcp_server(lab):
    """vm2 lets questions in, and would hand out addresses to its neighbours; nobody hears it."""
    place = Place(lab).starts(config([{"direction": "ingress", "protocol": "udp", "ports": 67}]))
    vm1, (vm2,) = without_address(place, 1), place.guests(2)
    text = LEASES.format(device="eth0", address="10.0.0.1", folder="/tmp").replace("\n", "\\n")
    vm2.run(f"touch /tmp/leases; printf '{text}' > /tmp/conf; (udhcpd -f /tmp/conf) > /tmp/out 2>&1 &")
    said = asks_for_an_address(vm1)
    assert "I am" not in said, said
    assert place.daemon.drops("vm2").get("admit/dhcp-server", 0) >= 1, vm2.run("cat /tmp/out")
    place.daemon.stops()
