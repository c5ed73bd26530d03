# SPDX-License-Identifier: BSD-3-Clause
"""An unmodified guest behind a router that translates, and a host outside: source NAT, a floating IP, a forwarding.

The guest is 10.0.0.1 in blue, as all guests of places; the host is a namespace on the wire, 203.0.113.254, which
knows no way to 10.0.0.0/24.
"""
import socket

import pytest
import yaml

from lab.process import SCALE
from lab.traffic import pings, reaches
from places import Place
from test_guests import sends_tcp_to_namespace

proves = pytest.mark.proves

GATE, FLOATING, OUTSIDE = "203.0.113.2", "203.0.113.10", "203.0.113.254"
FORWARDING = {"address": GATE, "protocol": "tcp", "external-port": 8080, "port": "vm1", "internal-port": 80}


def config(**router):
    """Text, since places fill it in."""
    return yaml.safe_dump({
        "physical-networks": [{"name": "uplink"}],
        "networks": [{"name": "blue", "type": "local"},
                     {"name": "public", "type": "flat", "physical-network": "uplink", "external": True}],
        "ports": [{"name": "vm1", "network": "blue", "vhost-user": "SOCKET/vm1.sock", "mac": "02:00:00:00:aa:01",
                   "addresses": ["10.0.0.1"], "security-groups": ["web"]}],
        "security-groups": [{"name": "web", "rules": [
            {"direction": "ingress", "protocol": "tcp", "ports": "80-5010"},
            {"direction": "ingress", "protocol": "icmp"}, {"direction": "egress"}]}],
        "routers": [{"name": "r1", "interfaces": [{"network": "blue", "address": "10.0.0.254/24"}],
                     "gateway": {"network": "public", "address": f"{GATE}/24", "next-hop": OUTSIDE}, **router}],
    }, sort_keys=False)


def begins(lab, **router):
    place = Place(lab).starts(config(**router), uplink=f"{OUTSIDE}/24")
    vm1, = place.guests(1)
    vm1.run("ip route add default via 10.0.0.254", check=True)
    return place, vm1, place["uplink"]


def caller_of(guest, host, port=5004):
    """The address that the host sees when the guest calls it."""
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.settimeout(20 * SCALE)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((OUTSIDE, port))
        listener.listen()
        guest.begins(f"nc -w 2 {OUTSIDE} {port} < /dev/null")
        handle, peer = listener.accept()
        handle.close()
    return peer[0]


def sends_tcp_to_guest(host, guest, address, port, inside):
    """From the host to a guest that listens at `inside`; gives whether it arrived unchanged."""
    guest.run("rm -f /tmp/in")
    guest.listens(inside, "cat > /tmp/in")
    data = bytes(range(256)) * 4096
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as speaker:
        speaker.settimeout(20 * SCALE)
        speaker.connect((address, port))
        speaker.sendall(data)
        speaker.shutdown(socket.SHUT_WR)
        while speaker.recv(100):
            pass
    return int(guest.run("wc -c < /tmp/in").split()[0]) == len(data)


@proves("S03", "S42", "S43", "S44")
def test_a_guest_behind_a_router_that_translates(both):
    """First by source NAT and a forwarding, then by a floating IP that comes while it runs."""
    place, vm1, host = begins(both, **{"port-forwardings": [FORWARDING]})
    assert vm1.reaches(OUTSIDE) and vm1.pings(f"{OUTSIDE} -s 1472") == 3
    assert caller_of(vm1, host) == GATE
    sends_tcp_to_namespace(vm1, host)
    assert sends_tcp_to_guest(host, vm1, GATE, 8080, 80)
    assert pings(host, FLOATING, count=2).received == 0
    host.ip("route", "add", "10.0.0.0/24", "via", GATE)
    assert pings(host, "10.0.0.1", count=2).received == 0, "by hand nobody comes in"
    assert place.daemon.drops("uplink")["translate/unsolicited"] >= 2

    place.applies(config(**{"port-forwardings": [FORWARDING],
                            "floating-ips": [{"address": FLOATING, "port": "vm1"}]}))
    assert reaches(host, FLOATING)
    assert caller_of(vm1, host) == FLOATING
    sends_tcp_to_namespace(vm1, host)
    assert sends_tcp_to_guest(host, vm1, FLOATING, 5005, 5005)
    assert sends_tcp_to_guest(host, vm1, GATE, 8080, 80)
    vm1.reboots()
    vm1.run("ip route add default via 10.0.0.254", check=True)
    assert reaches(host, FLOATING) and caller_of(vm1, host) == FLOATING
    assert place.daemon.is_conserved()
    place.daemon.stops()
