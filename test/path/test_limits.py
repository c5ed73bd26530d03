# SPDX-License-Identifier: BSD-3-Clause
"""What one guest, network or wire may use up: learned addresses and flow misses."""
from frames import A, B, EVERYBODY, frame, mac
from harness import ANYTHING
from words import GUESTS, proves

STRANGERS = [frame(mac(0x100 + number), EVERYBODY, f"stranger {number}") for number in range(5)]


def limited(what, keys):
    """GUESTS with keys for the network or for vm1."""
    anchor = {"network": "type: local", "port": "name: vm1"}[what]
    return GUESTS.replace(anchor, f"{anchor}, {keys}")


@proves("S15")
def test_a_port_that_speaks_with_too_many_addresses_is_dropped(switch):
    switch.starts(limited("port", "mac-limit: 2"), sends={"vm1": STRANGERS + STRANGERS[:1]})
    assert switch.fdb() == {("blue", mac(0x100), "vm1"), ("blue", mac(0x101), "vm1")}
    heard = STRANGERS[:2] + STRANGERS[:1]
    switch.ends(delivers={"vm2": heard, "vm3": heard}, drops={"vm1": {"bridge/mac-limit": 3}})


@proves("S15")
def test_addresses_over_the_limit_may_pass_unlearned(switch):
    switch.starts(limited("port", "mac-limit: 2, mac-limit-action: forward"),
                  sends={"vm1": STRANGERS})
    assert switch.fdb() == {("blue", mac(0x100), "vm1"), ("blue", mac(0x101), "vm1")}
    switch.ends(delivers={"vm2": STRANGERS, "vm3": STRANGERS})


@proves("S15")
def test_the_limit_of_a_network_counts_all_its_ports(switch):
    switch.starts(limited("network", "mac-limit: 2"),
                  sends={"vm1": STRANGERS[:1], "vm2": STRANGERS[1:2], "vm3": STRANGERS[2:4]})
    assert switch.fdb() == {("blue", mac(0x100), "vm1"), ("blue", mac(0x101), "vm2")}
    switch.ends(delivers={"vm1": STRANGERS[1:2], "vm2": STRANGERS[:1], "vm3": STRANGERS[:2]},
                drops={"vm3": {"bridge/mac-limit": 2}})


@proves("S15")
def test_a_network_may_pass_what_it_does_not_learn(switch):
    switch.starts(limited("network", "mac-limit: 2, mac-limit-action: forward"),
                  sends={"vm1": STRANGERS})
    assert len(switch.fdb()) == 2
    switch.ends(delivers={"vm2": STRANGERS, "vm3": STRANGERS})


def test_the_limit_of_one_port_does_not_bind_another(switch):
    switch.carries(limited("port", "mac-limit: 1"),
                   sends={"vm1": [frame(A, EVERYBODY)], "vm2": STRANGERS},
                   delivers={"vm1": STRANGERS, "vm2": [frame(A, EVERYBODY)],
                             "vm3": [frame(A, EVERYBODY)] + STRANGERS})


def test_a_full_table_slows_nobody_down(switch):
    """Who cannot be learned is flooded from the flow cache, not walked for each frame."""
    crowd = [frame(mac(0x100 + number), EVERYBODY) for number in range(64)]
    late = [frame(B, EVERYBODY)] * 2000
    config = GUESTS.replace("name: vm2", "name: vm2, miss-budget: 100") + "host: {mac-entries: 64}\n"
    switch.starts(config, sends={"vm1": crowd, "vm2": late})
    assert len(switch.fdb()) == 64
    assert switch.json("fdb flush --port vm1") == {"flushed": 64}
    switch.ends(delivers={"vm1": late, "vm2": crowd, "vm3": crowd + late})


def test_misses_over_the_budget_are_dropped_and_others_are_unharmed(switch):
    scan = [frame(A, mac(0x1000 + number)) for number in range(2000)]
    calm = [frame(B, mac(0x9000 + number)) for number in range(200)]
    switch.starts(limited("port", "miss-budget: 100"), sends={"vm1": scan, "vm2": calm})
    dropped = switch.drops()
    assert dropped.keys() == {"vm1"} and dropped["vm1"].keys() == {"worker/miss-budget"}
    heard = switch.hears("vm3")
    assert [data for data in heard if data in calm] == calm
    assert 1 <= len(heard) - len(calm) <= 1000
    assert dropped["vm1"]["worker/miss-budget"] == len(scan) + len(calm) - len(heard)
    switch.ends(delivers={"vm1": calm, "vm2": heard[:-len(calm)], "vm3": heard}, drops=ANYTHING)


def test_the_budget_is_for_misses_not_for_packets(switch):
    one_flow = [frame(A, B)] * 2000
    switch.carries(limited("port", "miss-budget: 100"), sends={"vm1": one_flow},
                   delivers={"vm2": one_flow, "vm3": one_flow})
