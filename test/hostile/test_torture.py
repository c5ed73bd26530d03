# SPDX-License-Identifier: BSD-3-Clause
"""The front end ends, or talks nonsense, at every message of the negotiation. Nobody else notices."""
import os
import shutil
import struct
import subprocess
import time

import pytest

from harness import wait_until
from hosts import EVIL, PEER, frame
from lab import frontend as fe
from lab.frontend import NEED_REPLY, VERSION, Frontend, Message
from lab.process import DIES_WITH_US, SCALE

N_MESSAGES = len(list(Frontend("/nowhere", listens=False).negotiation()))
LISTENING = 2.0  # seconds that the switch may be deaf at most, while others talk nonsense


def begins(evil, n):
    """The first n messages; answers are not waited for."""
    evil.connects()
    evil.resets()
    for message in list(evil.negotiation())[:n]:
        evil.writes(message.bytes(), message.fds)


def half(message):
    """All ways to stop in the middle of a message."""
    data = message.bytes()
    return [data[:cut] for cut in (1, 4, 11, 12, 12 + max(len(data) - 12, 0) // 2) if 0 < cut < len(data)]


def leaves(evil, how):
    if how == "reset":  # unread answers are thrown away with it
        evil.socket.shutdown(2)
    evil.hangs_up()


def kill(host, number, how="close"):
    """One round: the front end is gone after some messages, perhaps in the middle of traffic."""
    evil = host.evil(packed=number % 3 == 0, size=64)
    n = number % (N_MESSAGES + 1)
    if n < N_MESSAGES:
        begins(evil, n)
    else:
        evil.starts()
        for sequence in range(32):
            evil.sends(frame(PEER, EVIL, sequence))
            host.peer.sends(frame(EVIL, PEER, sequence))
        host.peer.takes()
        host.peer.is_sent()
    leaves(evil, how)


@pytest.mark.proves("S02", "S03", "S04")
def test_killed_after_each_message(host, request):
    """Again and again, after each message, in both modes."""
    rounds = max(request.config.getoption("--rounds"), N_MESSAGES + 1)
    memory = None
    for number in range(rounds):
        kill(host, number, "reset" if number % 2 else "close")
        if number == min(rounds // 4, 100):
            host.is_well()
            memory = host.memory()
    host.is_well()
    grown = host.memory() - memory
    assert grown < 1024 + rounds, f"{grown} KiB more after {rounds} rounds"
    host.closes()


def orders(evil):
    """Sequences that no front end should say, by name."""
    said = list(evil.negotiation())
    rings = [message for queue in evil.queues for message in evil.ring_messages(queue)]
    on = [evil.vring(fe.SET_VRING_ENABLE, queue.number, 1) for queue in evil.queues]
    return {
        "enabled first": on + said,
        "rings before memory": rings + said,
        "all twice": said + said,
        "backwards": said[::-1],
        "off and on": said + [evil.vring(fe.SET_VRING_ENABLE, q, n % 2) for n in range(20) for q in (0, 1)],
        "memory again and again": said + [evil.mem_table()] * 20,
        "stopped and started": said + [evil.vring(fe.GET_VRING_BASE, 1, 0), *rings, *on] * 5,
        "no size after a stop": said + [evil.vring(fe.GET_VRING_BASE, 1, 0),
                                        *[m for m in rings if m.request != fe.SET_VRING_NUM], *on],
        "reset": said + [Message(fe.RESET_OWNER), *said] * 3,
        "another kind of ring": said[:-1] + [evil.number(fe.SET_FEATURES, evil.wanted ^ fe.bits(fe.RING_PACKED)),
                                             *on, evil.number(fe.SET_STATUS, fe.DRIVER_OK)],
        "announced": said + [Message(fe.SEND_RARP, EVIL + b"\0\0")] * 50,
    }


ORDERS = list(orders(Frontend("/nowhere", listens=False)))


@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_out_of_order(fresh, packed):
    for name in ORDERS:
        evil = fresh.evil(packed=packed)
        messages = orders(evil)[name]
        evil.connects()
        evil.resets()
        evil.fills()
        try:
            for message in messages:
                evil.writes(message.bytes(), message.fds)
            for number in range(20):
                evil.sends(frame(PEER, EVIL, number))
                fresh.peer.sends(frame(EVIL, PEER, number))
                time.sleep(0.002)
        except (ConnectionError, BrokenPipeError):
            pass  # it may be thrown out
        fresh.peer.takes()
        assert fresh.switch.is_alive(), f"{name}: {fresh.said()}"
    fresh.is_well().closes()


def nonsense(evil):
    """Messages that make no sense, by name: each a list, after which the connection may be over."""
    said = list(evil.negotiation())
    table, file = evil.mem_table(), evil.memory_fd
    page = (fe.GUEST_BASE, 4096, fe.USER_BASE, 0)
    eight = struct.pack("<Q", 0)
    rings = {"desc": 0, "used": 0xa000, "avail": 0x8000}

    def ring(queue, **wrong):
        return evil.vring_addr(queue, *(fe.USER_BASE + place for place in {**rings, **wrong}.values()))

    return {
        "garbage": [os.urandom(4096)],
        "zeros": [bytes(4096)],
        "unknown requests": [Message(number, eight) for number in (0, 23, 33, 38, 99, 2**32 - 1)],
        "long": [struct.pack("<III", fe.SET_OWNER, VERSION, 2**31), bytes(4096)],
        "longer than any": [struct.pack("<III", fe.SET_OWNER, VERSION, 2**32 - 1)],
        "no payload": [Message(number) for number in range(1, 41)],
        "other versions": [Message(fe.SET_OWNER, flags=flags) for flags in (0, 2, 3, 0xfffffff0)],
        "answers": [Message(fe.GET_FEATURES, eight, flags=5)],
        "files nobody wants": [Message(number, eight, [file] * 4) for number in range(1, 41)],
        "too many files": [Message(fe.SET_MEM_TABLE, table.payload, [file] * 64)],
        "no files": [evil.mem_table(fds=[])],
        "too few files": [evil.mem_table([page] * 4, [file])],
        "more regions than files": [Message(fe.SET_MEM_TABLE, struct.pack("<II", 200, 0), [file] * 8)],
        "regions that are everything": [evil.mem_table([(0, 2**64 - 1, 0, 0)])],
        "regions that wrap": [evil.mem_table([(0, 2**63, 0, 2**63)]), evil.mem_table([(0, 4096, 0, 2**64 - 4096)])],
        "regions of nothing": [evil.mem_table([(0, 0, 0, 0)] * 8), *said[-12:]],
        "no regions": [evil.mem_table([]), *said[-12:]],
        "regions on top of each other": [evil.mem_table([page] * 8), *said[-12:]],
        "memory that cannot be mapped": [evil.mem_table(fds=[evil.queues[0].kick_fd])],
        "memory that is a socket": [evil.mem_table(fds=[evil.socket.fileno()])],
        "features nobody offers": [evil.number(fe.SET_FEATURES, 2**64 - 1)],
        "protocols nobody offers": [evil.number(fe.SET_PROTOCOL_FEATURES, 2**64 - 1)],
        "queues nobody has": [evil.vring(fe.SET_VRING_NUM, n, 256) for n in (2, 127, 255, 256, 2**32 - 1)],
        "sizes": [*said, *[evil.vring(fe.SET_VRING_NUM, 1, n, flags=VERSION | NEED_REPLY)
                           for n in (0, 3, 32767, 32768, 65535, 65536, 2**31)]],
        "size nought": [evil.vring(fe.SET_VRING_NUM, 1, 0, flags=VERSION | NEED_REPLY), *said[-12:]],
        "indices": [*said, evil.vring(fe.SET_VRING_BASE, 1, 0xffff), evil.vring(fe.SET_VRING_BASE, 0, 2**32 - 1)],
        "rings outside": [*said, ring(1, desc=2**40), ring(1, used=evil.bytes - 4), ring(0, avail=evil.bytes - 2)],
        "rings at odd places": [*said, ring(1, desc=1), ring(1, used=0xa001), ring(0, avail=0x8001)],
        "rings on top of each other": [*said, ring(1, used=0, avail=0), ring(0, used=0, avail=0)],
        "memory taken away": [*said, evil.mem_table([page])],
        "memory gone bad": [*said, evil.mem_table([(0, 2**62, 0, 0)], flags=VERSION | NEED_REPLY)],
        "no log": [Message(fe.SET_LOG_BASE, struct.pack("<QQ", 4096, 0))],
        "logs": [Message(fe.SET_LOG_BASE, struct.pack("<QQ", *log), [file])
                 for log in ((0, 0), (2**64 - 1, 0), (4096, 2**63), (4096, 1))],
        "kick is a file": [evil.vring_file(fe.SET_VRING_KICK, 1, file)],
        "announcing nobody": [*said, Message(fe.SEND_RARP, bytes(8)), Message(fe.SEND_RARP, b"\xff" * 8)],
        "packets of no size": [*said, evil.number(fe.NET_SET_MTU, 0), evil.number(fe.NET_SET_MTU, 2**64 - 1)],
        "asking for more": [*said, *[Message(n, bytes(40)) for n in (24, 25, 28, 29, 30, 31, 32, 36, 37, 38)]],
    }


NAMES = list(nonsense(Frontend("/nowhere", listens=False).is_nowhere()))


@pytest.mark.proves("S02", "S11")
@pytest.mark.parametrize("part", range(2))
def test_nonsense(host, part):
    for name in NAMES[part::2]:
        evil = host.evil().connects()
        evil.resets()
        evil.fills()
        try:
            for message in nonsense(evil)[name]:
                if isinstance(message, bytes):
                    evil.writes(message)
                else:
                    evil.writes(message.bytes(), message.fds)
            for number in range(8):
                evil.sends(frame(PEER, EVIL, number))
                host.peer.sends(frame(EVIL, PEER, number))
            evil.is_hung_up(0.02)
        except (ConnectionError, BrokenPipeError):
            pass  # it may be thrown out
        host.peer.takes()
        assert host.switch.is_alive(), f"{name}: {host.said()}"
    host.is_well().closes()


def test_half_a_message(host):
    """Who stops in the middle of a message and stays keeps nobody from being served."""
    for message in (Message(fe.SET_OWNER), Message(fe.SET_FEATURES, bytes(8)), host.evil().mem_table()):
        for piece in half(message):
            evil = host.evil().connects()
            evil.writes(piece)
            time.sleep(0.05)  # it is being read
            began = time.monotonic()
            host.peer.asks_number(fe.GET_QUEUE_NUM)
            assert time.monotonic() - began < LISTENING, f"deaf after {piece}"
    host.is_well().closes()


def test_answers_that_nobody_reads(host):
    """Who asks and never listens stops neither the workers nor the others' negotiations."""
    evil = host.evil().starts()
    question = Message(fe.GET_QUEUE_NUM, flags=VERSION | NEED_REPLY).bytes() * 64
    evil.socket.settimeout(0.3)
    try:
        for _ in range(200):
            evil.writes(question)
    except (TimeoutError, ConnectionError):
        pass
    host.flows()
    began = time.monotonic()
    host.peer.asks_number(fe.GET_QUEUE_NUM)
    assert time.monotonic() - began < LISTENING
    host.is_well().closes()


@pytest.mark.skipif(shutil.which("dpdk-testpmd") is None, reason="dpdk-testpmd is missing: apt-get install dpdk-dev")
def test_testpmd_killed_and_restarted(host, request):
    """Another front end, DPDK's own, killed in the middle of its traffic."""
    packed = int(host.mode == "server")
    host.evil().hangs_up()
    for front in [front for front in host.fronts if front.path.endswith("evil.sock")]:
        host.fronts.remove(front)
        front.ends()
    for _ in range(max(request.config.getoption("--rounds") // 24, 1) * 2):
        heard = host.port()["rx_packets"]
        server = ",server=1" if host.mode == "client" else ""
        if server:
            (host.folder / "s" / "evil.sock").unlink(missing_ok=True)  # a corpse that it does not take
        process = subprocess.Popen(
            [*DIES_WITH_US, "dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-shconf",
             f"--file-prefix=evil{os.getpid()}", "-l", "0,1", "--no-telemetry", "--single-file-segments",
             f"--vdev=net_virtio_user0,path={host.folder}/s/evil.sock,queues=1,packed_vq={packed}{server}",
             "--", "--forward-mode=txonly", "--total-num-mbufs=4096", "--auto-start", "--stats-period=1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: host.port()["rx_packets"] > heard + 1000, "testpmd sends",
                       lambda: f"{host.said()}\n{host.port()}", patience_sec=40 * SCALE)
        finally:
            process.kill()
            process.communicate()
        wait_until(lambda: host.link() == "down", "its end is noticed", host.said)
    host.is_well().closes()
