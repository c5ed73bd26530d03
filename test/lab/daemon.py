# SPDX-License-Identifier: BSD-3-Clause
"""The switch as a process: its file, its life, its client.

It runs in a network namespace of its own, where its TAP devices appear; `plugs` moves one to the
host that it belongs to. Environment: WEFT and WEFTCTL name the binaries.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from .namespace import Namespace
from .opened import opened
from .process import DIES_WITH_US, SCALE, run, wait_until

BUILD = Path(__file__).resolve().parents[2] / "build" / "app"
WEFT = os.environ.get("WEFT", str(BUILD / "weft" / "weft"))
WEFTCTL = os.environ.get("WEFTCTL", str(BUILD / "weftctl" / "weftctl"))


class Daemon:
    def __init__(self, name="host", workers=(1,)):
        self.folder = Path(tempfile.mkdtemp(prefix="weft-"))  # short: socket paths are
        self.runtime, self.file = self.folder / "run", self.folder / "weft.yaml"
        self.workers = list(workers)
        self.netns = Namespace(name)
        # A TAP is up before it is moved; the kernel shall say nothing on it in that time.
        self.netns.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        self.process = None
        self.plugged = {}
        self.config = {}

    # The file.

    def writes(self, config, file=None):
        """Writes YAML (text or dictionary), with workers and a small memory unless it says so."""
        config = yaml.safe_load(config) if isinstance(config, str) else config
        host = {"workers": self.workers, "memory": "64M", **config.get("host", {})}
        self.config = opened({**config, "host": host})
        file = file or self.file
        file.write_text(yaml.safe_dump(self.config, sort_keys=False))
        return file

    # The process.

    def launches(self, *options, file=None):
        """Starts the daemon and does not wait."""
        words = [WEFT, "-c", str(file or self.file), "-r", str(self.runtime), *map(str, options),
                 "--", "--no-huge"]
        with open(self.folder / "stderr", "a") as stderr:
            self.mark = stderr.tell()
            self.process = subprocess.Popen(
                [*DIES_WITH_US, "ip", "netns", "exec", self.netns.name, *words],
                stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)

    def starts(self, config=None, *options):
        """Starts the daemon, waits for its ready line, gives TAP devices back to their hosts."""
        __tracebackhide__ = True
        if config is not None:
            self.writes(config)
        self.launches(*options)
        wait_until(lambda: self.process.poll() is not None or "weft: ready:" in self.said(),
                   "the daemon is ready", explain=self.stderr)
        assert self.process.poll() is None, f"the daemon did not start:\n{self.stderr()}"
        for device, (host, facts) in self.plugged.items():
            host.takes(device, self.netns, **facts)
        return self

    def fails(self, config=None, file=None):
        """Starts a daemon that must give up at once; what it complained about."""
        __tracebackhide__ = True
        if config is not None:
            self.writes(config)
        self.launches(file=file)
        status = self.process.wait(10 * SCALE)
        assert status == 1, f"status {status}, not 1\n{self.said()}"
        assert "weft: ready:" not in self.said()
        return self.said()

    def plugs(self, device, host, mac=None, address=None, mtu=None):
        """Gives a TAP device of the switch to a host; again after each start."""
        facts = {"mac": mac, "address": address, "mtu": mtu}
        self.plugged[device] = host, facts
        host.takes(device, self.netns, **facts)

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def signals(self, number):
        self.process.send_signal(number)

    def dies(self):
        """kill -9, and nothing is cleaned up."""
        self.process.kill()
        self.process.wait()

    def stops(self):
        __tracebackhide__ = True
        self.signals(signal.SIGTERM)
        status = self.process.wait(10 * SCALE)
        assert status == 0, f"the daemon ended with status {status}\n{self.stderr()}"

    def ends(self):
        if self.is_alive():
            self.dies()
        self.netns.ends()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def busy_share(self, seconds):
        """Part of one core that the daemon uses, over some seconds."""
        before, start = self.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / (time.monotonic() - start)

    def runnable_share(self, seconds):
        """The same, counting also the time in which another program had the core."""
        before, start = self._runnable_ns(), time.monotonic()
        time.sleep(seconds)
        return (self._runnable_ns() - before) / 1e9 / (time.monotonic() - start)

    def _runnable_ns(self):
        files = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(sum(map(int, file.read_text().split()[:2])) for file in files)

    def stderr(self):
        file = self.folder / "stderr"
        return file.read_text(errors="replace") if file.exists() else ""

    def said(self):
        """What it said since its last start."""
        return self.stderr()[self.mark:]

    # The client.

    def ctl(self, *words):
        if len(words) == 1 and isinstance(words[0], str):
            words = words[0].split()
        return run(WEFTCTL, "-r", self.runtime, *words, check=False)

    def says(self, *words):
        __tracebackhide__ = True
        answer = self.ctl(*words)
        assert answer.returncode == 0, \
            f"weftctl {words}: {answer.stderr}\n{self.stderr()[-3000:]}"
        return answer.stdout

    def json(self, *words):
        __tracebackhide__ = True
        if len(words) == 1:
            words = words[0].split()
        return json.loads(self.says("--json", *words))

    def refuses(self, *words):
        """The complaint of a command that must fail with status 1."""
        __tracebackhide__ = True
        answer = self.ctl(*words)
        assert answer.returncode == 1 and answer.stderr.strip(), f"weftctl {words}: {answer}"
        return answer.stderr

    def applies(self, config, *options):
        __tracebackhide__ = True
        return self.json("apply", self.writes(config, self.folder / "next.yaml"), *options)

    def port(self, name):
        return self.json("port", "show", name)

    def drops(self, port):
        """{"terminate/tagged": 1}"""
        return {f"{row['stage']}/{row['reason']}": row["packets"]
                for row in self.json("drop", "list", "--port", port)}

    def fdb(self, *filters):
        """{mac: port}"""
        return {row["mac"]: row["port"] for row in self.json("fdb", "list", *filters)}

    def is_conserved(self, patience=2):
        """As soon as nobody sends any more: counters of packets that pass meanwhile are not read at one moment."""
        deadline = time.monotonic() + patience * SCALE
        while True:
            stat = self.json("stat show")
            if stat["rx_packets"] + stat["copies"] == stat["tx_packets"] + stat["drops"] + stat["held"]:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
