# SPDX-License-Identifier: BSD-3-Clause
"""Live migration between two switches: a guest moves, the others hardly notice."""
import re
import time

import pytest
from scapy.layers.l2 import Ether

from lab.process import SCALE, wait_until
from lab.traffic import reaches
from lab.underlay import Lan
from lab.wire import Tap
from places import Place

proves = pytest.mark.proves

ETH_P_RARP = 0x8035
MAC, ADDRESS = "02:00:00:00:aa:01", "10.0.0.1"
ENDPOINTS = {"left": "192.0.2.1", "right": "192.0.2.2"}
ENDS = {"left": ("b", "10.0.0.8"), "right": ("c", "10.0.0.9")}
OVERLAY = """
physical-networks:
  - {name: wire-%(bystander)s}
tunnel-endpoint: {physical-network: wire-%(bystander)s, address: %(local)s/24}
networks:
  - {name: blue, type: vxlan, segment: 1001, peers: [%(remote)s], mtu: 1450}
security-groups:
  - {name: ping, rules: [{direction: ingress, protocol: icmp}, {direction: egress}]}
ports:
  - {name: vm1, network: blue, vhost-user: SOCKET/vm1.sock, %(facts)s security-groups: [ping]}
  - {name: %(bystander)s, network: blue}
"""
WIRE = """
physical-networks:
  - {name: wire-%(bystander)s}
networks:
  - {name: blue, type: vlan, segment: 100, physical-network: wire-%(bystander)s}
ports:
  - {name: vm1, network: blue, vhost-user: SOCKET/vm1.sock, %(facts)s port-security: false}
  - {name: %(bystander)s, network: blue}
"""


class Hosts:
    """Two switches on one piece of Ethernet; a bystander at each."""

    def __init__(self, lab, config, facts):
        self.lan, self.sides = lab.keeps(Lan("lan")), {}
        for side, (bystander, address) in ENDS.items():
            place = self.sides[side] = Place(lab, side)
            other, = ENDPOINTS.keys() - {side}
            text = config % {"bystander": bystander, "facts": facts, "local": ENDPOINTS[side],
                             "remote": ENDPOINTS[other]}
            place.daemon.starts(place.fills(text))
            wire = f"wire-{bystander}"
            place.daemon.plugs(wire, self.lan, place.mac(wire))
            place.joins(**{bystander: f"{address}/24"})
        self.lan.bridges("br", *(f"wire-{bystander}" for bystander, _ in ENDS.values()))
        self.left, self.right = self.sides.values()
        self.b, self.c = self.left["b"], self.right["c"]

    def seen_at(self, side):
        """Does a switch believe that the guest is at its own port?"""
        row, = self.sides[side].daemon.json("fdb", "list", "--mac", MAC)
        return row["port"] == "vm1"


class Watch:
    """Talks to the guest from a bystander, and hears what is said of it; judges afterwards."""

    def __init__(self, place, host):
        self.log, self.ear = open(place.daemon.folder / "pings", "w+"), Tap(host)
        self.process = host.starts("ping", "-n", "-D", "-i", 0.01, ADDRESS, stdout=self.log)

    def ends(self):
        self.process.terminate()
        self.process.wait()
        self.log.seek(0)
        times = [float(stamp) for stamp in re.findall(r"^\[([\d.]+)\].*bytes from", self.log.read(), re.M)]
        self.log.close()
        assert len(times) > 20, "it was answered"
        self.silence_ms = 1000 * max(later - earlier for earlier, later in zip(times, times[1:]))
        frames = [Ether(frame) for frame in iter(lambda: self.ear.hears(0.01), None)]
        self.rarps = [frame for frame in frames if frame.type == ETH_P_RARP and frame.src == MAC]
        self.ear.closes()
        return self


def moves(hosts, source, target, to, report):
    """Migrates. Gives for how many milliseconds longer than the guest stood still, by QEMU, nobody heard of it."""
    watches = [Watch(hosts.left, hosts.b), Watch(hosts.right, hosts.c)]
    time.sleep(0.5)
    said = source.migrates_to(target)
    wait_until(lambda: [hosts.seen_at(side) for side in ENDS] == [side == to for side in ENDS],
               "both switches know where it is", 1)
    time.sleep(0.7)
    for watch in watches:
        watch.ends()
    silence = max(watch.silence_ms for watch in watches)
    report(f"migration, downtime {said['downtime']} ms by QEMU: silent for {silence:.0f} ms")
    assert all(watch.rarps for watch in watches), "all bridges are told where it is now"
    assert reaches(hosts.b, ADDRESS) and reaches(hosts.c, ADDRESS)
    return silence - said["downtime"]


def new_home(hosts, guest, source, to, report, options=""):
    """The guest over there, and the excess of its silence."""
    target = hosts.sides[to].guest(1, options=options).awaits()
    excess = moves(hosts, guest, target, to, report)
    wait_until(lambda: hosts.sides[source].daemon.port("vm1")["link"] == "down", "nobody is left behind")
    guest.ends()
    assert "I was there" in target.run("cat /tmp/note"), "it is the same guest"
    return target, excess


# The second guest does not speak for itself after it has moved (guest_announce=off), and the switch does not know
# its MAC: then QEMU has the switch say it.
@proves("S03", "S15", "S49")
@pytest.mark.parametrize("config, facts, options", [
    (OVERLAY, f'mac: "{MAC}", addresses: [{ADDRESS}],', ""), (OVERLAY, "", ",guest_announce=off"),
    (WIRE, f'mac: "{MAC}",', "")], ids=["vxlan with known addresses", "vxlan", "vlan"])
def test_a_guest_migrates(lab, config, facts, options, report):
    hosts = Hosts(lab, config, facts)
    guest = hosts.left.guest(1, options=options).boots()
    wait_until(lambda: reaches(hosts.c, ADDRESS), "the hosts have found each other")
    assert reaches(hosts.b, ADDRESS)
    guest.run("echo I was there > /tmp/note")
    guest, excess = new_home(hosts, guest, "left", "right", report, options)
    if "addresses" in facts:
        # There and back, until the machine has once had a core for the guest when it needed one.
        way = ["right", "left"]
        for _ in range(5):
            guest, more = new_home(hosts, guest, *way, report)
            excess, way = min(excess, more), way[::-1]
            if excess <= 100:
                break
        assert excess <= 100 * SCALE
    for place in hosts.sides.values():
        assert place.daemon.is_conserved()
        place.daemon.stops()


@proves("S03")
def test_a_migration_is_given_up(lab):
    """Nothing comes of it, and the guest goes on where it is."""
    hosts = Hosts(lab, WIRE, f'mac: "{MAC}",')
    guest = hosts.left.guest(1).boots()
    wait_until(lambda: reaches(hosts.c, ADDRESS), "the hosts have found each other")
    target = hosts.right.guest(1).awaits()
    guest.commands("migrate-set-parameters", **{"max-bandwidth": 1 << 20})
    guest.begins_to_migrate_to(target)
    wait_until(lambda: guest.commands("query-migrate").get("status") == "active", "it has begun")
    assert reaches(hosts.c, ADDRESS) and reaches(hosts.b, ADDRESS)
    guest.commands("migrate_cancel")
    wait_until(lambda: guest.commands("query-migrate")["status"] == "cancelled", "it is given up")
    target.ends()
    assert hosts.seen_at("left") and not hosts.seen_at("right")
    assert reaches(hosts.c, ADDRESS) and reaches(hosts.b, ADDRESS)
    hosts.left.daemon.stops()
