# SPDX-License-Identifier: BSD-3-Clause
"""A QEMU guest on vhost-user ports, without hardware virtualisation, driven by its serial console.

    vm1 = Guest("vm1", folder, [Nic(folder / "vm1.sock", MAC, "10.0.0.1/24")]).boots()
    assert "3 packets received" in vm1.run("ping -c 3 10.0.0.2")

QEMU shares the guest's memory with the switch (memory-backend-memfd, share=on). `vectors=0` keeps
the guest off MSI-X: QEMU 7.2 without KVM aborts when a vhost-user device uses it.
"""
import itertools
import json
import os
import re
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .process import DIES_WITH_US, SCALE, end, run, wait_until

DEVTOOLS = Path(__file__).resolve().parents[2] / "devtools"
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
NUMBER = itertools.count(1)


def guest_image():
    """The folder of kernel and initramfs; made on first use, which downloads a Debian package."""
    return Path(run(DEVTOOLS / "guest-image.sh", timeout=300).stdout.split()[-1])


@dataclass
class Nic:
    """One virtio-net interface. `server`: QEMU owns the socket (the switch is the client)."""
    path: Path
    mac: str
    address: str = ""
    server: bool = True
    queues: int = 1
    options: str = ""  # more properties of virtio-net-pci

    def words(self, number):
        role = "server=on,wait=off" if self.server else "reconnect=1"
        pairs = f",mq=on,queues={self.queues}" if self.queues > 1 else ""
        return ["-chardev", f"socket,id=chr{number},path={self.path},{role}",
                "-netdev", f"vhost-user,id=net{number},chardev=chr{number}"
                           + (f",queues={self.queues}" if self.queues > 1 else ""),
                "-device", f"virtio-net-pci,netdev=net{number},mac={self.mac},romfile=,vectors=0"
                           + pairs.replace(f",queues={self.queues}", "") + self.options]


class Guest:
    """`options`: more words for QEMU."""

    def __init__(self, name, folder, nics, cpus=1, memory="128M", options=()):
        self.name, self.folder, self.nics = name, Path(folder), nics
        self.cpus, self.memory, self.options = cpus, memory, options
        self.is_shared = True
        self.process = self.console = self.monitor = None
        self.text = ""

    def words(self, image):
        settings = [f"weft.name={self.name}"] + [
            f"weft.eth{number}={nic.address}" for number, nic in enumerate(self.nics)
            if nic.address]
        backend = ["-machine", "pc,memory-backend=memory",
                   "-object", f"memory-backend-memfd,id=memory,size={self.memory},share=on"]
        return [QEMU, "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none",
                *(backend if self.is_shared else ["-machine", "pc"]),
                "-cpu", "qemu64", "-smp", str(self.cpus), "-m", self.memory,
                "-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initramfs.gz"),
                "-append", " ".join(["console=ttyS0 quiet panic=-1 mitigations=off nokaslr "
                                     "random.trust_cpu=on", *settings]),
                "-chardev", f"socket,id=con,path={self.socket('console')},server=on,wait=off",
                "-serial", "chardev:con",
                "-qmp", f"unix:{self.socket('monitor')},server=on,wait=off",
                *itertools.chain(*(nic.words(n) for n, nic in enumerate(self.nics))), *self.options]

    def socket(self, what):
        return self.folder / f"{self.name}.{what}"

    # Life.

    def launches(self):
        """Starts QEMU and does not wait for the guest.

        A QEMU that owns its socket does not even begin before the switch has connected.
        """
        with open(self.folder / f"{self.name}.qemu", "w") as log:
            self.process = subprocess.Popen(DIES_WITH_US + self.words(guest_image()),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.text = ""
        return self.listens_to_console()

    def listens_to_console(self):
        self.console = self._connects("console")
        threading.Thread(target=self._listen, args=(self.console,), daemon=True).start()
        return self

    def boots(self):
        return self.launches().is_up()

    def is_up(self, boots=1):
        """Waits for the shell of the n-th boot."""
        __tracebackhide__ = True
        wait_until(lambda: self.text.count("guest is up") >= boots or not self.is_alive(),
                   f"{self.name} has booted", patience=60, explain=self.story)
        assert self.is_alive(), f"QEMU of {self.name} ended\n{self.story()}"
        self.run("true", patience=10)
        return self

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def reboots(self):
        """The guest's own reboot, same QEMU."""
        boots = self.text.count("guest is up") + 1
        self._send("reboot -f\n")
        return self.is_up(boots)

    def resets(self):
        """The reset button."""
        boots = self.text.count("guest is up") + 1
        self.commands("system_reset")
        return self.is_up(boots)

    def dies(self):
        """kill -9 of QEMU."""
        self.process.kill()
        self.process.wait()
        self._closes()

    def ends(self):
        if self.process:
            end(self.process)
        self._closes()

    def _closes(self):
        for handle in (self.console, self.monitor):
            if handle:
                handle.close()
        self.console = self.monitor = None

    def migrates_to(self, other):
        """Live, to a guest that `awaits`; gives what QEMU says about it."""
        __tracebackhide__ = True
        self.begins_to_migrate_to(other)

        def outcome():
            said = self.commands("query-migrate")
            return said if said.get("status") in ("completed", "failed") else None

        said = wait_until(outcome, "the migration ends", 30, self.story)
        assert said["status"] == "completed", f"{said}\n{self.story()}\n{other.story()}"
        return said

    def begins_to_migrate_to(self, other):
        wait_until(other.socket("incoming").exists, f"{other.name} is awaited", explain=other.story)
        self.commands("migrate", uri=other.incoming())

    def incoming(self):
        return f"unix:{self.socket('incoming')}"

    def awaits(self):
        """Launches QEMU without a guest: one will migrate to it."""
        self.options = [*self.options, "-incoming", self.incoming()]
        return self.launches()

    # Console.

    def run(self, command, patience=30, check=False):
        """What a shell command printed; with `check` its status must be 0."""
        __tracebackhide__ = True
        number, start = next(NUMBER), len(self.text)
        self._send(f"{{ {command}\n}} 2>&1 </dev/null; echo \"<\"end {number} $?\">\"\n")
        end_mark = re.compile(rf"<end {number} (\d+)>")
        found = wait_until(lambda: end_mark.search(self.text, start) or not self.is_alive(),
                           f"{self.name}: {command!r} ends", patience, self.story)
        assert found is not True, f"QEMU of {self.name} ended\n{self.story()}"
        said = self.text[start:found.start()].replace("\r", "")
        assert not check or found[1] == "0", f"{self.name}: {command!r}: {said}"
        return said

    def begins(self, command):
        """A shell command that goes on in the background, its output in /tmp/out.

        It is not a child of the shell on the console: if one ends while busybox's shell reads a line, that
        takes it for the end of its input and goes."""
        self.run(f"( ({command}) >/tmp/out 2>&1 & )")

    def _send(self, text):
        self.console.sendall(text.encode())

    def _listen(self, console):
        try:
            while chunk := console.recv(65536):
                self.text += chunk.decode(errors="replace")
        except OSError:
            pass

    def _connects(self, what):
        handle = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

        def is_connected():
            try:
                handle.connect(str(self.socket(what)))
                return True
            except (FileNotFoundError, ConnectionRefusedError):
                assert self.is_alive(), f"QEMU did not start\n{self.story()}"

        wait_until(is_connected, f"the {what} of {self.name}", explain=self.story)
        return handle

    def commands(self, name, **arguments):
        """One QMP command and its answer; events in between are skipped."""
        __tracebackhide__ = True
        if not self.monitor:
            self.monitor = self._connects("monitor").makefile("rw")
            self.commands("qmp_capabilities")
        self.monitor.write(json.dumps({"execute": name, "arguments": arguments}))
        self.monitor.flush()
        for line in self.monitor:
            said = json.loads(line)
            assert "error" not in said, f"{name}: {said['error']}"
            if "return" in said:
                return said["return"]
        raise AssertionError(f"QEMU of {self.name} ended at {name}\n{self.story()}")

    def story(self):
        log = self.folder / f"{self.name}.qemu"
        qemu = log.read_text(errors="replace") if log.exists() else "not started"
        return f"QEMU: {qemu}\nconsole: {self.text[-2000:]}"

    # Network, seen from inside.

    def pings(self, address, count=3):
        """How many of `count` echoes came back."""
        said = self.run(f"ping -c {count} -i 0.2 -W 1 {address}", patience=20 + count)
        return int(re.search(r"(\d+) packets received", said)[1])

    def reaches(self, address):
        return self.pings(address, 4) >= 3

    def listens(self, port, consumer):
        """Accepts one TCP connection in the background and gives what it brings to a command."""
        self.begins(f"sleep 60 | nc -l -p {port} | {consumer}")
        wait_until(lambda: f":{port:04X} " in self.run("cat /proc/net/tcp /proc/net/tcp6"),
                   f"{self.name} listens")

    def sends_tcp(self, other, address, megabytes=2, port=5001):
        """Sends random bytes to another guest; gives whether they arrived unchanged."""
        other.run("rm -f /tmp/in")
        other.listens(port, "sha256sum > /tmp/in")
        self.run(f"dd if=/dev/urandom of=/tmp/data bs=65536 count={megabytes * 16}")
        self.run(f"nc {address} {port} < /tmp/data", patience=60)
        sent = self.run("sha256sum < /tmp/data").split()[0]
        deadline = time.monotonic() + 20 * SCALE
        while not (got := other.run("cat /tmp/in").split()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return got[:1] == [sent]
