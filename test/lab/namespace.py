# SPDX-License-Identifier: BSD-3-Clause
"""A host that is a network namespace.

Its sockets can be opened from here: a thread enters the namespace, opens the socket and leaves,
and the socket stays where it was opened. So traffic needs no program inside.
"""
import ctypes
import itertools
import os
import socket
import subprocess
import threading

from .process import DIES_WITH_US, end, run, wait_until

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
NUMBER = itertools.count(1)


class Namespace:
    def __init__(self, name):
        self.name = f"weft-{os.getpid()}-{next(NUMBER)}-{name}"
        self.processes = []
        self.device = self.address = None
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "dev", "lo", "up")

    def ip(self, *words, **more):
        return run("ip", "-n", self.name, *words, **more)

    def run(self, *words, **more):
        return run("ip", "netns", "exec", self.name, *words, **more)

    def starts(self, *words, **more):
        """A program that goes on until the namespace ends."""
        words = [*DIES_WITH_US, "ip", "netns", "exec", self.name, *map(str, words)]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, **more)
        self.processes.append(process)
        return process

    def has(self, device):
        return self.ip("link", "show", "dev", device, check=False).returncode == 0

    def takes(self, device, source, mac=None, address=None, mtu=None):
        """Moves a network device from another namespace here and makes it a guest's interface."""
        wait_until(lambda: source.has(device), f"{device} exists")
        source.ip("link", "set", "dev", device, "netns", self.name)
        self.configures(device, mac, address, mtu)

    def configures(self, device, mac=None, address=None, mtu=None):
        self.device, self.address = device, address.split("/")[0] if address else None
        # Silent unless a test speaks: no router solicitations, no duplicate address detection.
        self.sysctl(f"net/ipv6/conf/{device}/disable_ipv6", 0 if address and ":" in address else 1)
        self.sysctl(f"net/ipv6/conf/{device}/accept_dad", 0)
        if mac:
            self.ip("link", "set", "dev", device, "address", mac)
        if mtu:
            self.ip("link", "set", "dev", device, "mtu", mtu)
        self.ip("link", "set", "dev", device, "up")
        self.run("ethtool", "-K", device, "tx", "off", "gso", "off", check=False)
        if address:
            self.ip("addr", "replace", address, "dev", device)

    def sysctl(self, name, value):
        self.enter(lambda: open(f"/proc/sys/{name}", "w").write(str(value)))

    def mac(self):
        return self.enter(lambda: open_mac(self.device))

    def enter(self, action):
        """Does something as a thread inside the namespace; gives what it gives."""
        result = {}

        def inside():
            try:
                with open(f"/run/netns/{self.name}") as handle:
                    if LIBC.setns(handle.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), f"setns {self.name}")
                result["value"] = action()
            except BaseException as error:  # handed to the caller below
                result["error"] = error

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if "error" in result:
            raise result["error"]
        return result["value"]

    def socket(self, *words):
        return self.enter(lambda: socket.socket(*words))

    def ends(self):
        for process in self.processes:
            end(process)
        run("ip", "netns", "del", self.name, check=False)


def open_mac(device):
    """The MAC address of a device, asked for in the namespace of the calling thread."""
    import fcntl
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        answer = fcntl.ioctl(handle, 0x8927, device.encode().ljust(32, b"\0"))  # SIOCGIFHWADDR
    return answer[18:24].hex(":")
