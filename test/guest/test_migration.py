# SPDX-License-Identifier: BSD-3-Clause
"""Live migration between two switches: one that is given up, so far; see doc/internals/limits.rst."""
import pytest

from lab.process import wait_until
from lab.traffic import reaches
from lab.underlay import Lan
from places import Place

proves = pytest.mark.proves

MAC, ADDRESS = "02:00:00:00:aa:01", "10.0.0.1"
ENDPOINTS = {"left": "192.0.2.1", "right": "192.0.2.2"}
ENDS = {"left": ("b", "10.0.0.8"), "right": ("c", "10.0.0.9")}
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
