# SPDX-License-Identifier: BSD-3-Clause
"""The scripted front end itself: what it says is understood, in both modes and with both kinds of ring."""
import pytest

from hosts import EVIL, PEER, frame
from lab.frontend import NetHeader


@pytest.mark.proves("S02", "S04")
@pytest.mark.parametrize("packed", [False, True], ids=["split", "packed"])
def test_frames_pass_both_ways(host, packed):
    evil = host.evil(packed=packed, size=16).starts()
    assert host.link() == "up"
    for number in range(100):  # more than there are descriptors
        evil.sends(frame(PEER, EVIL, number))
        host.peer.sends(frame(EVIL, PEER, number))
        assert host.peer.hears(1)[0][1] == frame(PEER, EVIL, number)
        assert evil.hears(1) == [(NetHeader(num_buffers=1), frame(EVIL, PEER, number))]
    evil.sends(frame(PEER, EVIL, 7, 1500 + 14))
    assert host.peer.hears(1)[0][1] == frame(PEER, EVIL, 7, 1500 + 14)
    evil.waits()
    host.is_well().closes()
