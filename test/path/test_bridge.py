# SPDX-License-Identifier: BSD-3-Clause
"""A learning bridge per network: learn, move, flood, static entries, flush, age."""
import pytest

from frames import A, B, C, D, EVERYBODY, frame
from harness import wait_until
from words import GUESTS, TRUNK, VLAN, proves

HELLO = frame(A, EVERYBODY)


@proves("S15")
def test_unknown_destinations_are_flooded(switch):
    switch.carries(GUESTS, sends={"vm1": [frame(A, D)]},
                   delivers={"vm2": [frame(A, D)], "vm3": [frame(A, D)]})


@proves("S15")
def test_broadcast_and_multicast_are_flooded(switch):
    groups = [frame(A, dst) for dst in
              (EVERYBODY, "01:00:5e:00:00:fb", "33:33:00:00:00:01", "03:00:00:00:00:01")]
    switch.carries(GUESTS, sends={"vm1": groups}, delivers={"vm2": groups, "vm3": groups})


@proves("S15")
def test_known_destinations_are_not_flooded(switch):
    switch.carries(GUESTS, sends={"vm1": [HELLO], "vm2": [frame(B, A)], "vm3": [frame(C, B)]},
                   delivers={"vm1": [frame(B, A)], "vm2": [HELLO, frame(C, B)], "vm3": [HELLO]})


@proves("S15")
def test_a_cached_flood_ends_when_the_destination_speaks(switch):
    """The same flow on the same port before and after: vm1 calls B, B answers, vm1 calls B."""
    switch.starts(GUESTS, sends={"vm1": [frame(A, B)] * 3, "vm2": [frame(B, A)]})
    answer = switch.json("trace", "vm1", "eth", f"src={A}", f"dst={B}")["answer"]
    assert "vm2" in answer and "vm3" not in answer
    switch.ends(delivers={"vm1": [frame(B, A)], "vm2": [frame(A, B)] * 3,
                          "vm3": [frame(A, B)] * 3})


@proves("S15")
def test_what_was_learned_is_listed(switch):
    switch.starts(VLAN, sends={"physnet1": [frame(C, EVERYBODY, vlan=100)], "vm1": [HELLO]})
    assert switch.fdb() == {("blue", C, "physnet1"), ("blue", A, "vm1")}
    for row in switch.json("fdb list"):
        assert row["origin"] == "learned" and 0 <= row["age_sec"] < 60


@proves("S15")
def test_an_address_moves_to_where_it_speaks_last(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO], "vm2": [HELLO], "vm3": [frame(C, A)]})
    assert switch.fdb() == {("blue", A, "vm2"), ("blue", C, "vm3")}
    switch.ends(delivers={"vm1": [HELLO], "vm2": [HELLO, frame(C, A)], "vm3": [HELLO, HELLO]})


@proves("S15")
def test_an_address_moves_from_the_wire_to_a_guest(switch):
    """As after a live migration."""
    switch.carries(VLAN, sends={"physnet1": [frame(A, EVERYBODY, vlan=100)], "vm1": [HELLO],
                                "vm2": [frame(B, A)]},
                   delivers={"vm1": [HELLO, frame(B, A)], "vm2": [HELLO, HELLO],
                             "physnet1": [frame(A, EVERYBODY, vlan=100)]})


@proves("S15")
def test_nothing_returns_to_where_it_came_from(switch):
    switch.carries(GUESTS, sends={"vm1": [frame(A, EVERYBODY), frame(B, A), frame(A, A)]},
                   delivers={"vm2": [HELLO], "vm3": [HELLO]},
                   drops={"vm1": {"bridge/same-port": 2}})


def test_nothing_returns_to_the_wire(switch):
    switch.carries(TRUNK, sends={"physnet1": [frame(A, EVERYBODY, vlan=100),
                                              frame(B, A, vlan=100)]},
                   delivers={"vm-blue": [HELLO]}, drops={"physnet1": {"bridge/same-port": 1}})


def test_a_lonely_guest_has_no_receiver(switch):
    lonely = "{networks: [{name: blue, type: local}], ports: [{name: vm1, network: blue}]}"
    switch.carries(lonely, sends={"vm1": [HELLO, frame(A, B)]},
                   drops={"vm1": {"bridge/no-receiver": 2}})


def test_an_absent_guest_is_told_apart_from_an_empty_network(switch):
    """Its copy of a flood is lost at its own port; everybody else hears."""
    absent = f"  - {{name: vm4, network: blue, vhost-user: {switch.folder}/vm4.sock}}\n"
    switch.carries(GUESTS + absent, sends={"vm1": [HELLO]},
                   delivers={"vm2": [HELLO], "vm3": [HELLO]}, drops={"vm4": {"worker/no-link": 1}})


def test_link_local_multicast_is_never_forwarded(switch):
    reserved = [frame(A, f"01:80:c2:00:00:{last:02x}") for last in range(16)]
    ordinary = [frame(A, "01:80:c2:00:00:10"), frame(A, "01:80:c2:00:01:00")]
    switch.carries(GUESTS, sends={"vm1": reserved + ordinary},
                   delivers={"vm2": ordinary, "vm3": ordinary},
                   drops={"vm1": {"bridge/reserved-multicast": 16}})


STATIC = """
physical-networks:
  - {name: physnet1}
networks:
  - name: blue
    type: vlan
    segment: 100
    physical-network: physnet1
    static-macs:
      - {mac: "02:00:00:00:00:0a", port: vm1}
      - {mac: "02:00:00:00:00:0d", physical-network: physnet1}
ports:
  - {name: vm1, network: blue}
  - {name: vm2, network: blue}
"""


@proves("S15")
def test_static_entries_are_known_from_the_start(switch):
    switch.starts(STATIC, sends={"vm2": [frame(B, A), frame(B, D)]})
    static = {(row["mac"], row["port"]) for row in switch.json("fdb list")
              if row["origin"] == "static"}
    assert static == {(A, "vm1"), (D, "physnet1")}
    switch.ends(delivers={"vm1": [frame(B, A)], "physnet1": [frame(B, D, vlan=100)]})


@proves("S15")
def test_a_static_entry_does_not_move(switch):
    switch.starts(STATIC, sends={"physnet1": [frame(A, EVERYBODY, vlan=100)],
                                 "vm1": [frame(A, B)], "vm2": [HELLO, frame(D, A), frame(B, A)]})
    assert switch.fdb() == {("blue", A, "vm1"), ("blue", D, "physnet1"), ("blue", B, "vm2")}
    switch.ends(delivers={"vm1": [frame(B, A)], "vm2": [frame(A, B)],
                          "physnet1": [frame(A, B, vlan=100)]},
                drops={"physnet1": {"bridge/static-moved": 1}, "vm2": {"bridge/static-moved": 2}})


@proves("S15")
def test_flush_forgets_what_was_learned_and_nothing_else(switch):
    switch.starts(STATIC, sends={"vm2": [frame(B, A), frame(C, A)]})
    assert switch.json("fdb", "flush", "--mac", B) == {"flushed": 1}
    assert ("blue", C, "vm2") in switch.fdb() and ("blue", B, "vm2") not in switch.fdb()
    assert switch.json("fdb flush") == {"flushed": 1}
    assert switch.fdb() == {("blue", A, "vm1"), ("blue", D, "physnet1")}


@proves("S15")
def test_flush_by_network_and_by_port(switch):
    switch.starts(TRUNK, sends={"physnet1": [frame(C, A, vlan=100), frame(C, A)],
                                "vm-plain": [HELLO], "vm-blue": [HELLO], "vm-red": [HELLO]})
    assert switch.json("fdb flush --network red") == {"flushed": 1}
    assert switch.json("fdb flush --port physnet1") == {"flushed": 2}
    assert switch.json("fdb flush --port physnet1") == {"flushed": 0}
    assert switch.fdb() == {("plain", A, "vm-plain"), ("blue", A, "vm-blue")}


@proves("S15")
def test_a_flushed_address_is_flooded_again(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO], "vm2": [frame(B, A)]})
    switch.json("fdb flush --port vm1")
    answer = switch.json("trace", "vm2", "eth", f"src={B}", f"dst={A}")["answer"]
    assert "vm1" in answer and "vm3" in answer


@pytest.mark.slow
@proves("S15")
def test_an_address_is_forgotten_after_its_age(switch):
    aged = GUESTS.replace("type: local", "type: local, mac-age: 10")
    switch.starts(aged, sends={"vm1": [HELLO]})
    assert switch.fdb() == {("blue", A, "vm1")}
    wait_until(lambda: not switch.fdb(), "the entry is gone", patience_sec=20)
    answer = switch.json("trace", "vm2", "eth", f"src={B}", f"dst={A}")["answer"]
    assert "vm1" in answer and "vm3" in answer
