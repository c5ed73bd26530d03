#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""two-guests.py FOLDER: the guests of examples/vhost-user-guests, their sockets in FOLDER.

Boots both, lets them ping and pass TCP, says what it sees, creates FOLDER/talked, and keeps the
guests alive until its standard input ends.
"""
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test"))

from lab.guest import Guest, Nic  # the test suite's own, so there is one description of a guest

ADDRESSES = {"vm1": ("02:00:00:00:00:0a", "10.0.0.10"), "vm2": ("02:00:00:00:00:0b", "10.0.0.11")}


def says(text):
    print(f"   {text}", flush=True)


def shows(text):
    print("\n".join(f"     {line}" for line in text.strip().splitlines()), flush=True)


def talk(vm1, vm2):
    says("vm1 pings vm2")
    said = vm1.run(f"ping -c 3 -i 0.2 -W 2 {ADDRESSES['vm2'][1]}")
    shows(said)
    assert ", 0% packet loss" in said, "the guests do not reach each other"
    says("vm1 sends 4 MB over TCP to vm2")
    assert vm1.sends_tcp(vm2, ADDRESSES["vm2"][1], 4), "TCP did not deliver what was sent"
    says("the digests are equal")


def main(folder):
    guests = [Guest(name, folder, [Nic(folder / f"{name}.sock", mac, f"{address}/24")])
              for name, (mac, address) in ADDRESSES.items()]
    try:
        for guest in guests:
            guest.launches()
        for guest in guests:
            guest.is_up()
            says(f"{guest.name} is up: {guest.run('uname -sr').strip()}")
        talk(*guests)
        (folder / "talked").touch()
        sys.stdin.read()
    finally:
        for guest in guests:
            guest.ends()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main(Path(sys.argv[1]))
    except AssertionError as error:
        sys.exit(f"failed: {error}")
    except KeyboardInterrupt:
        pass
