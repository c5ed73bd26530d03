# SPDX-License-Identifier: BSD-3-Clause
"""Runs the real switch on packet files.

A port of a test is a `net_pcap` device: what the test lets it send is a file that the switch
reads, what it hears is a file that the switch writes. `--in-turn` lets the ports speak one after
the other (wires first, then ports, as the YAML lists them), so a case is the same every time and
with any number of workers.

    def test_guests_talk(switch):
        switch.carries(CONFIG, sends={"vm1": [frame(A, B)]}, delivers={"vm2": [frame(A, B)]})

`carries` is `starts` and `ends` in one word. Between the two the daemon is alive and idle, and can
be asked (`switch.json("fdb list")`) and changed (`switch.applies(...)`). A port that `delivers`
does not name must hear nothing, a drop that `drops` does not name must not happen, every frame is
accounted for (rx + copies = tx + drops + held), and the daemon must end with status 0.

Environment: WEFT and WEFTCTL (binaries), WEFT_TIMEOUT_SCALE (a factor, for sanitizer builds).
"""
import json
import os
import re
import signal
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from frames import difference, read_pcap, write_pcap
from lab.opened import opened

BUILD = Path(__file__).resolve().parents[2] / "build" / "app"
WEFT = os.environ.get("WEFT", str(BUILD / "weft" / "weft"))
WEFTCTL = os.environ.get("WEFTCTL", str(BUILD / "weftctl" / "weftctl"))
PATIENCE_SEC = 10 * float(os.environ.get("WEFT_TIMEOUT_SCALE", "1"))
EAL = ["--", "--no-huge"]
SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|runtime error:).*")
ANYTHING = object()  # as `drops`: what is dropped is looked at by the test itself


def run(*words):
    """A program that ends by itself: its status and what it said."""
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=PATIENCE_SEC, errors="replace", stdin=subprocess.DEVNULL)


def wait_until(predicate, what, explain=lambda: "", patience_sec=PATIENCE_SEC):
    deadline, pause = time.monotonic() + patience_sec, 0.005
    while not (result := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {patience_sec:g} s still not: {what}\n{explain()}")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)  # what takes long shall not cost a core
    return result


def is_conserved(stats):
    return stats["rx_packets"] + stats["copies"] == \
        stats["tx_packets"] + stats["drops"] + stats["held"]


def config_ports(config):
    """All that is a port of the switch, in the order in which they speak."""
    return (config.get("physical-networks") or []) + (config.get("ports") or [])


class Switch:
    def __init__(self, folder, workers):
        self.folder, self.workers = Path(folder), workers
        self.runtime = Path(tempfile.mkdtemp(prefix="weft-"))  # short: a socket is in it
        self.file = self.folder / "weft.yaml"
        self.devices = {}  # port name -> its pcap device
        self.fed = 0       # frames that the ports of this daemon will send, all in all
        self.ears = {}     # port name -> what makes of its frames those that the case is about
        self.process = None
        self.others = []

    # What the daemon reads.

    def device(self, name):
        """The pcap device of a port; made on first use."""
        if name not in self.devices:
            sends, hears = self.pcaps(name)
            number = len(self.devices)
            self.devices[name] = f"net_pcap{number},rx_pcap={sends},tx_pcap={hears}"
        return self.devices[name]

    def pcaps(self, name):
        return self.folder / f"{name}.sends.pcap", self.folder / f"{name}.hears.pcap"

    def writes(self, config, sends=None, file=None):
        """Writes YAML (text or a dictionary) with workers and devices filled in; gives its path."""
        sends, file = sends or {}, file or self.file
        config = yaml.safe_load(config) if isinstance(config, str) else config
        config = {**config, "host": {"workers": self.workers, "memory": "16M", "connections": 32768,
                                     "flow-entries": 16384, **config.get("host", {})}}
        for port in config_ports(config):
            if port.keys() & {"device", "vhost-user"}:
                continue
            fresh = port["name"] not in self.devices
            port["device"] = self.device(port["name"])
            if fresh or port["name"] in sends:
                self.feeds(port["name"], sends.get(port["name"], []))
        config = opened(config)
        file.write_text(yaml.dump(config, Dumper=yaml.CSafeDumper, sort_keys=False))
        return file

    def feeds(self, name, frames):
        write_pcap(self.pcaps(name)[0], frames)
        self.fed += len(frames)

    def reopens(self, config, name, frames):
        """The same configuration, but with a new pair of files at this port: so it speaks again.

        What it hears from then on is another port's to the test, with a dash behind its name."""
        again = next(known for known in reversed(self.devices) if known.rstrip("-") == name) + "-"
        self.ears[again] = self.ears.get(name)
        device = self.device(again)
        self.feeds(again, frames)
        return {section: [{**entry, "device": device} if entry["name"] == name else entry
                          for entry in entries] if isinstance(entries, list) else entries
                for section, entries in config.items()}

    # The daemon's life.

    def starts(self, config, sends=None, options=()):
        """Starts the daemon and waits until it has dealt with everything that was sent."""
        self.launches(self.writes(config, sends), ("--in-turn", *options))
        self.settles()
        return self

    def launches(self, file, options=("--in-turn",)):
        """Starts the daemon on a file as it is, up to its ready line."""
        words = [WEFT, "-c", file, "-r", self.runtime, *options, *EAL]
        with open(self.folder / "stderr", "w") as stderr:
            self.process = subprocess.Popen(words, stderr=stderr, stdout=stderr,
                                            stdin=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or "weft: ready:" in self.stderr(),
                   "ready", self.stderr)
        assert "weft: ready:" in self.stderr(), f"the daemon did not start:\n{self.stderr()}"

    def settles(self):
        """Waits until all frames are received and every one is accounted for."""
        last = {}

        def is_settled():
            last.update(self.json("stat show"))
            return last["rx_packets"] >= self.fed and is_conserved(last) and not last["held"]

        wait_until(is_settled, f"{self.fed} frames received, none held",
                   lambda: f"stat show: {last}\n{self.stderr()}")
        assert last["rx_packets"] == self.fed, f"{self.fed} were sent, but rx is {last}"
        return last

    def signals(self, number):
        self.process.send_signal(number)

    def waits(self):
        """Waits for the daemon's end; gives its status."""
        try:
            return self.process.wait(PATIENCE_SEC)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the daemon did not end:\n{self.stderr()}") from None
        finally:
            self.kills()

    def kills(self):
        if self.is_alive():
            self.process.kill()
            self.process.wait()

    def forgets(self):
        """Leaves nothing behind but what pytest keeps for the reader of a failure."""
        for switch in (self, *self.others):
            switch.kills()
            shutil.rmtree(switch.runtime, ignore_errors=True)

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def stops(self):
        """Ends the daemon as an operator would, after a last look at the books."""
        self.settles()
        self.signals(signal.SIGTERM)
        assert self.waits() == 0, f"status {self.process.returncode}:\n{self.stderr()}"
        self.is_sane()

    def is_sane(self):
        complaint = SANITIZER.search(self.stderr())
        assert not complaint, f"{complaint[0]}\n{self.stderr()}"

    def stderr(self):
        return (self.folder / "stderr").read_text(errors="replace")

    # Questions and changes.

    def ctl(self, *words):
        """Runs weftctl; a single text is split into words."""
        if len(words) == 1 and isinstance(words[0], str):
            words = words[0].split()
        return run(WEFTCTL, "-r", self.runtime, *words)

    def says(self, *words):
        """The text that a command which must succeed prints."""
        __tracebackhide__ = True
        answer = self.ctl(*words)
        assert answer.returncode == 0, f"weftctl {words}: {answer.stderr}\n{self.stderr()}"
        return answer.stdout

    def json(self, *words):
        __tracebackhide__ = True
        words = words[0].split() if len(words) == 1 else words
        return json.loads(self.says("--json", *words))

    def refuses(self, *words, status=1):
        """The complaint of a command that must fail."""
        __tracebackhide__ = True
        answer = self.ctl(*words)
        assert answer.returncode == status, f"weftctl {words}: {answer}\n{self.stderr()}"
        assert answer.stderr.strip(), f"weftctl {words} fails without a word"
        return answer.stderr

    def plans(self, config):
        return self.json("plan", self.writes(config, file=self.folder / "next.yaml"))

    def applies(self, config, sends=None, options=()):
        """Changes the running switch and waits until new ports have said what they have to say."""
        file = self.writes(config, sends, file=self.folder / "next.yaml")
        answer = self.json("apply", file, *options)
        self.settles()
        return answer

    def drops(self):
        """{"vm1": {"terminate/tagged": 1}}"""
        table = {}
        for row in self.json("drop list"):
            reason = f"{row['stage']}/{row['reason']}"
            table.setdefault(row["port"], {})[reason] = row["packets"]
        return table

    def fdb(self, *filters):
        """{(network, mac, port)} of all entries"""
        return {(row["network"], row["mac"], row["port"])
                for row in self.json("fdb", "list", *filters)}

    # The verdict.

    def hears(self, name):
        """What the switch has sent out of a port so far."""
        frames = read_pcap(self.pcaps(name)[1])
        listens = self.ears.get(name)
        return listens(frames) if listens else frames

    def ends(self, delivers=None, drops=None):
        """Ends the daemon and compares: each port heard this and nothing else."""
        __tracebackhide__ = True
        dropped = self.drops()
        self.stops()
        trouble = self.misdeliveries(delivers or {})
        if drops is not ANYTHING and dropped != (drops or {}):
            trouble += f"drops: expected {drops or {}}\n            got {dropped}\n"
        assert not trouble, f"{trouble}--- the daemon's stderr:\n{self.stderr()}"

    def misdeliveries(self, delivers):
        strangers = delivers.keys() - self.devices.keys()
        assert not strangers, f"the test expects frames at unknown ports: {strangers}"
        several = len(self.workers) > 1
        return "".join(difference(name, list(delivers.get(name, [])), self.hears(name), several)
                       for name in self.devices)

    def carries(self, config, sends, delivers=None, drops=None):
        __tracebackhide__ = True
        self.starts(config, sends)
        self.ends(delivers, drops)

    def another(self):
        """A second switch beside this one, with a folder of its own."""
        folder = self.folder / "another"
        folder.mkdir()
        self.others.append(Switch(folder, self.workers))
        return self.others[-1]
