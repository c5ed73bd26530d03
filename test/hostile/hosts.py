# SPDX-License-Identifier: BSD-3-Clause
"""A switch with three guests: two that talk to each other all the time, and one that is evil.

Whatever the evil one does, the others must lose nothing, and the switch must keep nothing:
`is_well` looks at the load, the books, descriptors, threads, and packet buffers.
"""
import os
import threading
import time
from pathlib import Path

from harness import Switch, wait_until
from lab.frontend import Frontend

CONFIG = """
host: {memory: 16M}
networks:
  - {name: blue, type: local}
  - {name: red, type: local}
ports:
  - {name: good1, network: blue, vhost-user: FOLDER/good1.sock, mode: client, queues: 1}
  - {name: good2, network: blue, vhost-user: FOLDER/good2.sock, mode: client, queues: 1}
  - {name: evil, network: red, vhost-user: FOLDER/evil.sock, mode: MODE, queues: 1, port-security: false}
  - {name: peer, network: red, vhost-user: FOLDER/peer.sock, mode: client, queues: 1, port-security: false}
"""
EVIL, PEER = b"\x02\0\0\0\xee\x01", b"\x02\0\0\0\xee\x02"
WINDOW = 16  # frames on their way
PAUSE_SEC = 0.004


def frame(destination, source, number=0, length=60):
    return (destination + source + b"\x88\xb5" + number.to_bytes(8, "big")).ljust(length, b"\0")


class Load(threading.Thread):
    """One guest sends numbered frames to another, some at a time, and counts."""
    MACS = [b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"]

    def __init__(self, sender, receiver):
        super().__init__(daemon=True)
        self.sender, self.receiver = sender, receiver
        self.n_sent = self.n_heard = 0
        self.is_over = False
        self.trouble = None

    def run(self):
        try:
            # Both are known before it begins.
            self.receiver.sends(frame(self.MACS[0], self.MACS[1]))
            while not self.is_over:
                self.turn()
                time.sleep(PAUSE_SEC)
            deadline = time.monotonic() + 5
            while self.n_heard < self.n_sent and time.monotonic() < deadline:
                self.hear()
        except Exception as trouble:  # for the test to tell
            self.trouble = trouble

    def turn(self):
        self.sender.is_sent()
        while self.n_sent - self.n_heard < WINDOW:
            self.sender.sends(frame(self.MACS[1], self.MACS[0], self.n_sent), kick=False)
            self.n_sent += 1
        self.sender.queues[1].kick()
        self.hear()

    def hear(self):
        for _, heard in self.receiver.takes():
            number = int.from_bytes(heard[14:22], "big")
            assert number == self.n_heard, f"frame {number} came where {self.n_heard} was due"
            self.n_heard += 1


class Host:
    def __init__(self, folder, mode, workers=(0, 1)):
        self.switch, self.mode = Switch(folder, list(workers)), mode
        self.folder = self.switch.runtime  # short: sockets are in it
        self.fronts, self.load, self.mark = [], None, 0

    def starts(self):
        (self.folder / "s").mkdir()
        text = CONFIG.replace("FOLDER", str(self.folder / "s")).replace("MODE", self.mode)
        self.switch.launches(self.switch.writes(text), options=())
        good1, good2, self.peer = (self.front(name).starts() for name in ("good1", "good2", "peer"))
        self.load = Load(good1, good2)
        self.load.start()
        wait_until(lambda: self.load.n_heard > WINDOW or self.load.trouble, "the load runs", self.said)
        self.before = self.belongings()
        return self

    def begins(self):
        """A test begins: what was said and counted before does not concern it."""
        self.mark = len(self.switch.stderr())
        self.received = self.port()["rx_packets"]

    def rx(self):
        """Frames from the evil guest in this test."""
        return self.port()["rx_packets"] - self.received

    def front(self, name, **more):
        front = Frontend(self.folder / "s" / f"{name}.sock", listens=name != "evil" or self.mode == "client",
                         **more)
        self.fronts.append(front)
        return front

    def evil(self, **more):
        """The guest on the evil port; the one before it is gone."""
        for front in [front for front in self.fronts if front.path.endswith("evil.sock")]:
            self.fronts.remove(front)
            front.ends()
        return self.front("evil", **more)

    def ends(self):
        if self.load:
            self.load.is_over = True
            self.load.join()
        for front in self.fronts:
            front.ends()
        self.switch.forgets()

    def said(self):
        return self.switch.stderr()[self.mark:][-6000:]

    def port(self, name="evil"):
        return self.switch.json("port", "show", name)

    def link(self, name="evil"):
        return self.port(name)["link"]

    # What must stay as it was.

    def proc(self, name):
        return Path(f"/proc/{self.switch.process.pid}/{name}")

    def belongings(self):
        files = [self.link_of(number) for number in os.listdir(self.proc("fd"))]
        # A worker that sleeps has one of these more.
        return {"descriptors": len([file for file in files if file not in ("", "anon_inode:[eventpoll]")]),
                "threads": len(os.listdir(self.proc("task")))}

    def link_of(self, number):
        try:
            return os.readlink(self.proc(f"fd/{number}"))
        except FileNotFoundError:
            return ""

    def memory(self):
        """KiB of the process that are resident, without what guests share with it."""
        fields = dict(line.split(":", 1) for line in self.proc("status").read_text().splitlines())
        return int(fields["RssAnon"].split()[0])

    def ticks(self):
        """Processor time that the switch has used."""
        return sum(map(int, self.proc("stat").read_text().rsplit(")", 1)[1].split()[11:13]))

    def is_served(self, evil):
        """A proper guest on the evil port is heard, and hears."""
        self.served = getattr(self, "served", 10**6) + 1
        self.peer.takes()  # so that its ring has room
        evil.sends(frame(PEER, EVIL, self.served))
        self.hears(self.peer, frame(PEER, EVIL, self.served))
        self.peer.sends(frame(EVIL, PEER, self.served))
        self.hears(evil, frame(EVIL, PEER, self.served))

    @staticmethod
    def hears(front, expected):
        """Waits for a frame; what was on its way before is thrown away."""
        wait_until(lambda: expected in [heard for _, heard in front.takes()], "the frame is heard")

    def is_well(self):
        """The load has lost nothing and goes on, the port serves a proper guest at once, and
        nothing is left behind."""
        __tracebackhide__ = True
        assert self.switch.is_alive(), self.said()
        self.switch.is_sane()
        evil = self.evil().starts()
        self.is_served(evil)
        evil.ends()
        self.fronts.remove(evil)
        self.flows()
        wait_until(lambda: self.belongings() == self.before, "descriptors and threads are as before",
                   lambda: f"{self.before} -> {self.belongings()}\n{self.said()}")
        return self

    def flows(self):
        heard = self.load.n_heard
        wait_until(lambda: self.load.n_heard > heard + WINDOW or self.load.trouble, "the load goes on", self.said)
        assert not self.load.trouble, f"{self.load.trouble}\n{self.said()}"
        for name in ("good1", "good2"):
            assert self.port(name)["drops"] == 0, self.port(name)["drop_reasons"]

    def closes(self):
        """Everybody leaves; the books are balanced, all buffers are back, and the switch ends."""
        __tracebackhide__ = True
        self.load.is_over = True
        self.load.join()
        assert not self.load.trouble and self.load.n_heard == self.load.n_sent, \
            f"{self.load.n_heard} of {self.load.n_sent} came: {self.load.trouble}\n{self.said()}"
        for front in self.fronts:
            front.hangs_up()
        wait_until(lambda: self.switch.json("status")["buffers"]["in_use"] == 0, "all buffers are back",
                   lambda: str(self.switch.json("status")["buffers"]))
        stat = self.switch.json("stat show")
        assert stat["rx_packets"] + stat["copies"] == stat["tx_packets"] + stat["drops"] + stat["held"], stat
        self.switch.signals(15)
        assert self.switch.waits() == 0, self.said()
        self.switch.is_sane()
