# SPDX-License-Identifier: BSD-3-Clause
"""Tags: guests neither send nor receive them; only 0x8100 is one; VID 0 is a priority only."""
from scapy.layers.inet import IP, UDP

from frames import A, B, C, EVERYBODY, frame
from words import FLAT, GUESTS, TRUNK, VLAN, proves

S_TAG = 0x88A8


@proves("S20")
def test_a_guest_that_sends_a_tag_is_dropped(switch):
    switch.carries(GUESTS, sends={"vm1": [frame(A, B, vlan=vid) for vid in (1, 100, 4095)]},
                   drops={"vm1": {"terminate/tagged": 3}})


def test_a_guest_cannot_tag_itself_into_its_own_vlan(switch):
    switch.carries(VLAN, sends={"vm1": [frame(A, B, vlan=100)]},
                   drops={"vm1": {"terminate/tagged": 1}})


def test_a_priority_tag_of_a_guest_is_removed(switch):
    switch.carries(GUESTS, sends={"vm1": [frame(A, B, vlan=0, pcp=5, dei=1),
                                          frame(A, B, IP() / UDP(), vlan=0, pcp=7)]},
                   delivers={name: [frame(A, B), frame(A, B, IP() / UDP())]
                             for name in ("vm2", "vm3")})


def test_a_priority_tag_of_a_guest_becomes_the_tag_of_its_vlan(switch):
    switch.carries(VLAN, sends={"vm1": [frame(A, C, vlan=0, pcp=5)]},
                   delivers={"physnet1": [frame(A, C, vlan=100)], "vm2": [frame(A, C)]})


def test_a_priority_tag_does_not_hide_a_second_tag(switch):
    switch.starts(GUESTS, sends={"vm1": [frame(A, B, vlan=(0, 100)), frame(A, B, vlan=(0, 0))]})
    dropped = switch.drops()["vm1"]
    assert sum(dropped.values()) == 2
    assert dropped.keys() <= {"terminate/tagged", "terminate/double-tagged"}
    switch.ends(drops={"vm1": dropped})


@proves("S19")
def test_a_priority_tag_on_a_wire_belongs_to_the_flat_network(switch):
    switch.carries(FLAT, sends={"physnet1": [frame(C, A, vlan=0, pcp=6)]},
                   delivers={"vm1": [frame(C, A)]})


def test_the_priority_of_a_received_tag_is_not_kept(switch):
    """Two flows that differ in the priority alone look alike once the tag is gone."""
    switch.carries(VLAN, sends={"physnet1": [frame(C, A, vlan=100, pcp=pcp, dei=pcp & 1)
                                             for pcp in range(8)]},
                   delivers={"vm1": [frame(C, A)] * 8, "vm2": [frame(C, A)] * 8})


def test_a_second_tag_on_a_wire_is_dropped(switch):
    double = [frame(A, B, vlan=vids) for vids in ((100, 200), (100, 0), (0, 100), (100, 100))]
    switch.carries(TRUNK, sends={"physnet1": double},
                   drops={"physnet1": {"terminate/double-tagged": 4}})


def test_a_service_tag_is_an_ordinary_ethertype(switch):
    q_in_q = frame(A, EVERYBODY, b"\x00\x64\x81\x00\x00\x07\x08\x00" + bytes(40), ethertype=S_TAG)
    switch.carries(GUESTS, sends={"vm1": [q_in_q]}, delivers={"vm2": [q_in_q], "vm3": [q_in_q]})


def test_a_service_tag_on_a_wire_is_untagged_or_inside_a_vlan(switch):
    inside = b"\x00\x64\x08\x00" + bytes(42)
    plain = frame(A, EVERYBODY, inside, ethertype=S_TAG)
    switch.carries(TRUNK,
                   sends={"physnet1": [plain, frame(A, B, inside, vlan=100, ethertype=S_TAG)]},
                   delivers={"vm-plain": [plain],
                             "vm-blue": [frame(A, B, inside, ethertype=S_TAG)]})


@proves("S20")
def test_a_tag_that_is_cut_off_is_dropped(switch):
    cut = [frame(A, B, vlan=100)[:length] for length in (14, 15, 16, 17)]
    switch.carries(VLAN, sends={"physnet1": cut, "vm1": cut},
                   drops={"physnet1": {"terminate/truncated": 4},
                          "vm1": {"terminate/truncated": 4}})


def test_a_tag_without_payload_is_complete(switch):
    switch.carries(VLAN, sends={"physnet1": [frame(C, A, b"", vlan=100)],
                                "vm1": [frame(A, B, b"", vlan=0)]},
                   delivers={"vm1": [frame(C, A, b"")],
                             "vm2": [frame(C, A, b""), frame(A, B, b"")],
                             "physnet1": [frame(A, B, b"", vlan=100)]})
