# SPDX-License-Identifier: BSD-3-Clause
"""The front end ends, or talks nonsense, at every message of the negotiation. Nobody else notices."""
import os
import struct
import time

import pytest

from harness import wait_until
from hosts import EVIL, PEER, frame
from lab import frontend as fe
from lab.frontend import NEED_REPLY, VERSION, Frontend, Message

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
    begins(evil, n)
    if n == N_MESSAGES:
        evil.settles_roughly()
        evil.fills()
        for sequence in range(32):
            evil.sends(frame(PEER, EVIL, sequence))
            host.peer.sends(frame(EVIL, PEER, sequence))
        host.peer.takes()
        host.peer.is_sent()
    leaves(evil, how)


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


@pytest.mark.parametrize("name", orders(Frontend("/nowhere", listens=False)))
def test_out_of_order(client, name):
    for packed in (False, True):
        evil = client.evil(packed=packed)
        messages = orders(evil)[name]
        evil.connects()
        evil.resets()
        evil.fills()
        try:
            for message in messages:
                evil.writes(message.bytes(), message.fds)
            for number in range(20):
                evil.sends(frame(PEER, EVIL, number))
                client.peer.sends(frame(EVIL, PEER, number))
                time.sleep(0.002)
        except (ConnectionError, BrokenPipeError):
            pass  # it may be thrown out
        client.peer.takes()
    client.is_well().closes()
