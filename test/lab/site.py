# SPDX-License-Identifier: BSD-3-Clause
"""A switch with hosts on its TAP ports, made from a few lines of YAML.

    site = Site(lab).starts(CONFIG, a="10.0.0.1/24", b="10.0.0.2/24")
    assert reaches(site["a"], "10.0.0.2")

A port or wire without `device` gets a TAP; a host of the same name sits on it, with the address
that `starts` (or `joins`) is told, or none. The n-th device has the MAC address 02:00:00:00:00:n,
in a second switch of the test 02:00:00:00:01:n.
"""
import yaml

DEFAULTS = {"vhost-user", "device"}


class Site:
    def __init__(self, lab, name="host"):
        self.lab, self.number, self.daemon = lab, len(lab.daemons), lab.daemon(name)
        self.hosts, self.numbers = {}, {}

    def __getitem__(self, name):
        return self.hosts[name]

    def mac(self, name):
        return f"02:00:00:00:{self.number:02x}:{self.numbers[name]:02x}"

    def fills(self, config):
        """The configuration as a dictionary, every port with a device."""
        config = yaml.safe_load(config) if isinstance(config, str) else config
        for port in (config.get("physical-networks") or []) + (config.get("ports") or []):
            if not port.keys() & DEFAULTS:
                number = self.numbers.setdefault(port["name"], len(self.numbers) + 1)
                port["device"] = f"net_tap{number},iface={port['name']}"
        return config

    def starts(self, config, **addresses):
        __tracebackhide__ = True
        self.daemon.starts(self.fills(config))
        return self.joins(**addresses)

    def joins(self, mtu=None, **addresses):
        """Puts a host on each TAP that has none yet."""
        for name in self.numbers:
            if name not in self.hosts and self.daemon.netns.has(name):
                self.hosts[name] = self.lab.host(name)
                self.daemon.plugs(name, self.hosts[name], self.mac(name), addresses.get(name), mtu)
        return self

    def applies(self, config, *options, **addresses):
        """Changes the running switch; hosts join new ports."""
        __tracebackhide__ = True
        answer = self.daemon.applies(self.fills(config), *options)
        self.joins(**addresses)
        return answer
