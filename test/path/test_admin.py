# SPDX-License-Identifier: BSD-3-Clause
"""Administrative state of ports, wires and networks."""
from frames import A, B, C, EVERYBODY, frame
from words import GUESTS, VLAN, proves

HELLO = frame(A, EVERYBODY)


def down(config, name):
    return config.replace(f"name: {name}", f"name: {name}, admin: down")


@proves("S09")
def test_what_a_port_that_is_down_sends_is_dropped(switch):
    switch.starts(down(GUESTS, "vm1"), sends={"vm1": [HELLO]})
    assert switch.json("port show vm1")["admin"] == "down"
    assert switch.fdb() == set()
    switch.ends(drops={"vm1": {"terminate/port-down": 1}})


@proves("S09")
def test_a_flood_leaves_out_a_port_that_is_down(switch):
    switch.carries(down(GUESTS, "vm2"), sends={"vm1": [HELLO]}, delivers={"vm3": [HELLO]})


@proves("S09")
def test_nothing_is_delivered_to_a_port_that_is_down(switch):
    config = down(GUESTS, "vm2").replace(
        "type: local", f'type: local, static-macs: [{{mac: "{B}", port: vm2}}]')
    switch.carries(config, sends={"vm1": [frame(A, B)]}, drops={"vm1": {"deliver/port-down": 1}})


def test_a_wire_that_is_down_neither_brings_nor_takes(switch):
    switch.carries(down(VLAN, "physnet1"),
                   sends={"physnet1": [frame(C, A, vlan=100)], "vm1": [HELLO]},
                   delivers={"vm2": [HELLO]}, drops={"physnet1": {"terminate/port-down": 1}})


@proves("S09")
def test_a_network_that_is_down_carries_nothing(switch):
    switch.starts(down(VLAN, "blue"),
                  sends={"physnet1": [frame(C, A, vlan=100)], "vm1": [HELLO]})
    assert switch.json("network show blue")["admin"] == "down"
    switch.ends(drops={"physnet1": {"terminate/network-down": 1},
                       "vm1": {"terminate/network-down": 1}})


@proves("S09", "S37")
def test_admin_state_changes_at_run_time(switch):
    """vm4 calls while vm2 is down, vm5 after it came up again."""
    vm4 = "  - {name: vm4, network: blue}\n"
    vm5 = "  - {name: vm5, network: blue}\n"
    first, second, third = (frame(src, EVERYBODY) for src in (A, B, C))
    switch.starts(GUESTS, sends={"vm1": [first]})
    switch.applies(down(GUESTS, "vm2") + vm4, sends={"vm4": [second]})
    switch.applies(GUESTS + vm4 + vm5, sends={"vm5": [third]})
    switch.ends(delivers={"vm1": [second, third], "vm2": [first, third],
                          "vm3": [first, second, third], "vm4": [third]})
