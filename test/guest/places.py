# SPDX-License-Identifier: BSD-3-Clause
"""A switch whose ports are QEMU guests, made from a few lines of YAML.

A port with `vhost-user: SOCKET` gets a socket in the daemon's folder; `guest` makes the guest that
belongs to it. Guests are n = 1, 2, ...: port vmN, MAC 02:00:00:00:aa:0N, address 10.0.0.N.
"""
from lab.guest import Guest, Nic
from lab.site import Site

PAIR = """
networks:
  - {name: blue, type: local}
ports:
  - {name: vm1, network: blue, vhost-user: SOCKET/vm1.sock}
  - {name: vm2, network: blue, vhost-user: SOCKET/vm2.sock}
"""


class Place(Site):
    def fills(self, config):
        return super().fills(config.replace("SOCKET", str(self.daemon.folder)))

    def guest(self, number, cpus=1, **nic):
        """The guest on port vmN, not started."""
        name = f"vm{number}"
        nic = Nic(self.daemon.folder / f"{name}.sock", f"02:00:00:00:aa:{number:02x}",
                  f"10.0.0.{number}/24", **nic)
        return self.lab.keeps(Guest(name, self.daemon.folder, [nic], cpus))

    def guests(self, *numbers, **more):
        """Several guests, which boot at the same time."""
        guests = [self.guest(number, **more).launches() for number in numbers]
        return [guest.is_up() for guest in guests]
