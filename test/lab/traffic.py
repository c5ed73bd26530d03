# SPDX-License-Identifier: BSD-3-Clause
"""Traffic between namespaces, and its verdict."""
import errno
import hashlib
import os
import re
import socket
import struct
import threading
import time

from .process import SCALE


class Pings:
    """What `ping` said: how many were sent, came back, and after how many microseconds."""

    def __init__(self, text):
        self.text = text
        counts = re.search(r"(\d+) packets transmitted, (\d+)(?: packets)? received", text)
        assert counts, f"not a ping:\n{text}"
        self.sent, self.received = int(counts[1]), int(counts[2])
        self.usec = sorted(float(time) * 1000 for time in re.findall(r"time=([\d.]+) ms", text))

    def median_usec(self):
        return self.usec[len(self.usec) // 2]


def pings(host, address, count=3, interval=0.05, patience=1, options=()):
    """`count` echo requests; an unresolvable address is as silent as any other."""
    answer = host.run("ping", "-n", "-c", count, "-i", interval, "-W", patience, *options, address,
                      check=False, timeout=20 + count * interval)
    return Pings(answer.stdout + answer.stderr)


def reaches(host, address, options=()):
    """Whether an address answers; the first echo may fall victim to neighbour resolution."""
    return pings(host, address, count=4, options=options).received >= 3


def is_silent(host, address):
    return pings(host, address, count=2, patience=0.4).received == 0


def sends_tcp(client, server, size=2 << 20, port=5001, address=None):
    """Sends random bytes over TCP from one host to another and compares their digests."""
    __tracebackhide__ = True
    data, address = os.urandom(size), address or server.address
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    received = hashlib.sha256()
    with server.socket(family, socket.SOCK_STREAM) as listener, \
            client.socket(family, socket.SOCK_STREAM) as speaker:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.settimeout(20 * SCALE)
        speaker.settimeout(20 * SCALE)
        listener.bind((address, port))
        listener.listen()
        hearer = threading.Thread(target=_hear_tcp, args=(listener, received))
        hearer.start()
        try:
            speaker.connect((address, port))
            speaker.sendall(data)
            speaker.shutdown(socket.SHUT_WR)
        finally:
            hearer.join(20 * SCALE)
    assert received.digest() == hashlib.sha256(data).digest(), "what arrived is not what was sent"


def _hear_tcp(listener, digest):
    try:
        connection = listener.accept()[0]
        with connection:
            connection.settimeout(20 * SCALE)
            while chunk := connection.recv(1 << 16):
                digest.update(chunk)
    except OSError:
        pass  # the digest says that something was missing


def datagrams(sender, receiver, port, address, size=8192, count=5):
    """How many of some large datagrams arrived unchanged."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with sender.socket(family, socket.SOCK_DGRAM) as mouth, receiver.socket(family, socket.SOCK_DGRAM) as ear:
        ear.bind((address, port))
        ear.settimeout(0.5 * SCALE)
        arrived = 0
        for _ in range(count):
            data = os.urandom(size)
            mouth.sendto(data, (address, port))
            try:
                arrived += ear.recv(size + 1) == data
            except TimeoutError:
                pass
    return arrived


class Stream:
    """A steady stream of numbered UDP datagrams; knows afterwards which ones did not arrive.

        with Stream(a, b) as stream:
            ...
        assert stream.lost() == 0
    """

    def __init__(self, client, server, interval=0.002, port=5002):
        self.interval, self.port, self.server = interval, port, server
        self.sender = client.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver = server.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.receiver.bind((server.address, port))
        self.receiver.settimeout(0.3 * SCALE)
        self.sent, self.arrived = 0, {}  # number -> when
        self.is_over = False
        self.threads = [threading.Thread(target=self._send), threading.Thread(target=self._hear)]

    def _send(self):
        due = time.monotonic()
        while not self.is_over:
            try:
                self.sender.sendto(struct.pack("!Qd", self.sent, time.monotonic()),
                                   (self.server.address, self.port))
            except OSError:
                pass  # the interface is away for the moment: that datagram is lost
            self.sent += 1
            due += self.interval
            time.sleep(max(0, due - time.monotonic()))

    def _hear(self):
        while True:
            try:
                number, _ = struct.unpack("!Qd", self.receiver.recv(64))
                self.arrived[number] = time.monotonic()
            except TimeoutError:
                if self.is_over:
                    return

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        deadline = time.monotonic() + 5 * SCALE
        while len(self.arrived) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.first = min(self.arrived, default=0)  # neighbour resolution may cost the very first
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()
        self.sender.close()
        self.receiver.close()

    def lost(self):
        assert len(self.arrived) > 10, f"only {len(self.arrived)} of {self.sent} datagrams arrived"
        return [number for number in range(self.first, self.sent) if number not in self.arrived]

    def longest_gap(self):
        """Seconds between two arrivals, at most."""
        moments = sorted(self.arrived.values())
        return max((later - earlier for earlier, later in zip(moments, moments[1:])), default=0)


class TcpStream:
    """A TCP connection that says a line every few milliseconds, and knows when each was heard. `is_answered`: it is
    the server that speaks.

        with TcpStream(a, b, port=5001) as stream:
            ...
        assert stream.heard[-1] > moment
    """

    def __init__(self, client, server, port, interval=0.002, address=None, is_answered=False):
        self.address, self.port, self.interval = address or server.address, port, interval
        self.is_answered = is_answered
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self.listener = server.socket(family, socket.SOCK_STREAM)
        self.speaker = client.socket(family, socket.SOCK_STREAM)
        self.heard, self.is_over, self.is_complete = [], False, False
        self.said, self.got = hashlib.sha256(), hashlib.sha256()

    def __enter__(self):
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.address, self.port))
        self.listener.listen()
        self.listener.settimeout(5 * SCALE)
        self.speaker.settimeout(5 * SCALE)
        self.speaker.connect((self.address, self.port))
        self.hearer = self.listener.accept()[0]
        if self.is_answered:
            self.speaker, self.hearer = self.hearer, self.speaker
        self.speaker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.hearer.settimeout(0.05)
        self.threads = [threading.Thread(target=self._say), threading.Thread(target=self._hear)]
        for thread in self.threads:
            thread.start()
        deadline = time.monotonic() + 5 * SCALE
        while len(self.heard) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def _say(self):
        self.speaker.setblocking(False)
        while not self.is_over:
            try:
                line = os.urandom(64)
                self.said.update(line[:self.speaker.send(line)])
            except OSError:
                pass  # the buffer is full, for nothing is acknowledged any more
            time.sleep(self.interval)
        try:
            self.speaker.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _hear(self):
        patience = None
        while patience is None or time.monotonic() < patience:
            try:
                chunk = self.hearer.recv(1 << 16)
                if not chunk:
                    self.is_complete = self.said.digest() == self.got.digest()
                    return
                self.got.update(chunk)
                self.heard.append(time.monotonic())
            except TimeoutError:
                pass
            if self.is_over and patience is None:
                patience = time.monotonic() + 1 * SCALE

    def is_heard_after(self, moment, patience=2):
        deadline = time.monotonic() + patience * SCALE
        while time.monotonic() < deadline:
            if self.heard and self.heard[-1] > moment:
                return True
            time.sleep(0.01)
        return False

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()
        for handle in (self.speaker, self.hearer, self.listener):
            handle.close()


def connects(client, server, port, patience=0.5, address=None):
    """Whether a TCP connection comes about. Somebody listens: who does so already, or we."""
    address = address or server.address
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with server.socket(family, socket.SOCK_STREAM) as listener, client.socket(family, socket.SOCK_STREAM) as speaker:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen()
        except OSError as error:
            assert error.errno == errno.EADDRINUSE, error
        speaker.settimeout(patience * SCALE)
        try:
            speaker.connect((address, port))
        except OSError:
            return False
    return True
