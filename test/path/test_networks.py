# SPDX-License-Identifier: BSD-3-Clause
"""Local, flat and VLAN networks: who hears whom, and with which tag on the wire."""
from frames import A, B, C, EVERYBODY, frame, mac
from words import FLAT, GUESTS, TRUNK, VLAN, proves

HELLO = frame(A, EVERYBODY)
REPLY = frame(B, A)


@proves("S05", "S11", "S18")
def test_guests_of_a_local_network_talk(switch):
    switch.carries(GUESTS, sends={"vm1": [HELLO], "vm2": [REPLY]},
                   delivers={"vm1": [REPLY], "vm2": [HELLO], "vm3": [HELLO]})


LOCAL_BESIDE_WIRE = """
physical-networks:
  - {name: physnet1}
networks:
  - {name: plain, type: flat, physical-network: physnet1}
  - {name: blue, type: vlan, segment: 100, physical-network: physnet1}
  - {name: home, type: local}
  - {name: away, type: local}
ports:
  - {name: vm1, network: home}
  - {name: vm2, network: home}
  - {name: vm3, network: away}
"""


@proves("S18")
def test_a_local_network_leaves_by_no_wire_and_reaches_no_other(switch):
    switch.carries(LOCAL_BESIDE_WIRE, sends={"vm1": [HELLO, frame(A, B)]},
                   delivers={"vm2": [HELLO, frame(A, B)]})


@proves("S18")
def test_a_wire_does_not_reach_a_local_network(switch):
    switch.carries(LOCAL_BESIDE_WIRE, sends={"physnet1": [HELLO, frame(A, EVERYBODY, vlan=100)]},
                   drops={"physnet1": {"bridge/no-receiver": 2}})


@proves("S05", "S11", "S19")
def test_flat_is_untagged_both_ways(switch):
    switch.carries(FLAT, sends={"physnet1": [HELLO], "vm1": [REPLY]},
                   delivers={"vm1": [HELLO], "physnet1": [REPLY]})


@proves("S05", "S11", "S20", "S39")
def test_a_tag_is_pushed_towards_the_wire_and_removed_towards_the_guest(switch):
    switch.carries(VLAN, sends={"physnet1": [frame(C, A, vlan=100)], "vm1": [frame(A, C)]},
                   delivers={"physnet1": [frame(A, C, vlan=100)],
                             "vm1": [frame(C, A)], "vm2": [frame(C, A)]})


@proves("S20")
def test_guests_of_one_vlan_talk_without_a_tag(switch):
    switch.carries(VLAN, sends={"vm1": [HELLO], "vm2": [REPLY]},
                   delivers={"physnet1": [frame(A, EVERYBODY, vlan=100)],
                             "vm2": [HELLO], "vm1": [REPLY]})


@proves("S20", "S21")
def test_a_vlan_that_no_network_has_is_dropped(switch):
    foreign = [frame(A, EVERYBODY, vlan=vid) for vid in (1, 99, 101, 4094, 4095)]
    switch.carries(VLAN, sends={"physnet1": foreign},
                   drops={"physnet1": {"terminate/vlan-not-member": 5}})


@proves("S19", "S21")
def test_untagged_without_a_flat_network_is_dropped(switch):
    switch.carries(VLAN, sends={"physnet1": [HELLO, frame(A, EVERYBODY, vlan=0)]},
                   drops={"physnet1": {"terminate/no-flat-network": 2}})


@proves("S13", "S21", "S35")
def test_flat_and_vlans_share_a_wire(switch):
    plain, blue, red = (frame(A, EVERYBODY, name, vlan=vlan)
                        for name, vlan in (("plain", ()), ("blue", 100), ("red", 200)))
    switch.carries(TRUNK,
                   sends={"physnet1": [red, plain, blue], "vm-plain": [frame(B, EVERYBODY, "p")],
                          "vm-blue": [frame(B, EVERYBODY, "b")],
                          "vm-red": [frame(B, EVERYBODY, "r")]},
                   delivers={"vm-plain": [plain], "vm-blue": [frame(A, EVERYBODY, "blue")],
                             "vm-red": [frame(A, EVERYBODY, "red")],
                             "physnet1": [frame(B, EVERYBODY, "p"),
                                          frame(B, EVERYBODY, "b", vlan=100),
                                          frame(B, EVERYBODY, "r", vlan=200)]})


TWO_WIRES = """
physical-networks:
  - {name: east}
  - {name: west}
networks:
  - {name: east100, type: vlan, segment: 100, physical-network: east}
  - {name: west100, type: vlan, segment: 100, physical-network: west}
  - {name: east-plain, type: flat, physical-network: east}
  - {name: west-plain, type: flat, physical-network: west}
ports:
  - {name: vm-east, network: east100}
  - {name: vm-west, network: west100}
  - {name: vm-east-plain, network: east-plain}
  - {name: vm-west-plain, network: west-plain}
"""


@proves("S13", "S34", "S35", "S38")
def test_one_vlan_id_on_two_wires_is_two_networks(switch):
    hello = frame(A, EVERYBODY, vlan=100)
    reply = frame(A, B)
    switch.carries(TWO_WIRES,
                   sends={"east": [hello], "vm-east": [frame(B, A)], "vm-west": [reply]},
                   delivers={"vm-east": [HELLO], "east": [frame(B, A, vlan=100)],
                             "west": [frame(A, B, vlan=100)]})


@proves("S19", "S35")
def test_each_wire_has_its_own_flat_network(switch):
    switch.carries(TWO_WIRES, sends={"east": [HELLO], "vm-west-plain": [REPLY]},
                   delivers={"vm-east-plain": [HELLO], "west": [REPLY]})


@proves("S38")
def test_only_configured_ids_are_on_the_wire(switch):
    """Ids inside the switch are small numbers in the order of the file; none may leak."""
    config = """
physical-networks: [{name: physnet1}]
networks:
  - {name: n0, type: vlan, segment: 4094, physical-network: physnet1}
  - {name: n1, type: vlan, segment: 7, physical-network: physnet1}
ports: [{name: vm0, network: n0}, {name: vm1, network: n1}]
"""
    switch.carries(config, sends={"vm0": [HELLO], "vm1": [HELLO]},
                   delivers={"physnet1": [frame(A, EVERYBODY, vlan=4094),
                                          frame(A, EVERYBODY, vlan=7)]})


@proves("S15", "S20")
def test_one_mac_address_in_two_networks_is_two_entries(switch):
    switch.starts(TRUNK, sends={"vm-plain": [HELLO], "vm-blue": [HELLO], "vm-red": [REPLY]})
    assert switch.fdb() == {("plain", A, "vm-plain"), ("blue", A, "vm-blue"), ("red", B, "vm-red")}
    # In red, A is nobody: its guest's reply goes to the wire, not to the other networks.
    switch.ends(delivers={"physnet1": [HELLO, frame(A, EVERYBODY, vlan=100),
                                       frame(B, A, vlan=200)]})


@proves("S20")
def test_two_switches_interoperate_over_a_wire(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    on_the_wire = switch.hears("physnet1")
    other = switch.another()
    other.carries(VLAN, sends={"physnet1": on_the_wire, "vm2": [REPLY]},
                  delivers={"vm1": [HELLO], "vm2": [HELLO],
                            "physnet1": [frame(B, A, vlan=100)]})
    switch.ends(delivers={"vm2": [HELLO], "physnet1": on_the_wire})


@proves("S22")
def test_all_4094_vlan_ids_on_one_wire(switch):
    """Every id belongs to its own network; guests sit at both ends and around each bit."""
    guests = sorted({1 << bit for bit in range(12)} | {(1 << bit) - 1 for bit in range(2, 12)} |
                    {4093, 4094})
    ids = range(1, 4095)
    config = {"physical-networks": [{"name": "physnet1"}],
              "networks": [{"name": f"net{vid}", "type": "vlan", "segment": vid,
                            "physical-network": "physnet1"} for vid in ids],
              "ports": [{"name": f"vm{vid}", "network": f"net{vid}"} for vid in guests]}
    switch.starts(config, sends={
        "physnet1": [frame(mac(vid), EVERYBODY, f"to {vid}", vlan=vid) for vid in ids],
        **{f"vm{vid}": [frame(A, mac(vid), f"from {vid}")] for vid in guests}})
    known = switch.fdb()
    assert known == {(f"net{vid}", mac(vid), "physnet1") for vid in ids} | \
        {(f"net{vid}", A, f"vm{vid}") for vid in guests}
    switch.ends(
        delivers={"physnet1": [frame(A, mac(vid), f"from {vid}", vlan=vid) for vid in guests],
                  **{f"vm{vid}": [frame(mac(vid), EVERYBODY, f"to {vid}")] for vid in guests}},
        drops={"physnet1": {"bridge/no-receiver": len(ids) - len(guests)}})


# name -> (wire, tag) ; "" is a local network
MANY = {"local1": ("", ()), "local2": ("", ()), "flat1": ("w1", ()), "flat2": ("w2", ()),
        "vlan1": ("w1", 100), "vlan2": ("w2", 100), "vlan3": ("w1", 200), "vlan4": ("w2", 4094)}


def many_networks():
    networks = [{"name": name, "type": name[:-1]} |
                ({"physical-network": wire} if wire else {}) | ({"segment": tag} if tag else {})
                for name, (wire, tag) in MANY.items()]
    return {"physical-networks": [{"name": "w1"}, {"name": "w2"}], "networks": networks,
            "ports": [{"name": f"{name}-{guest}", "network": name}
                      for name in MANY for guest in "ab"]}


@proves("S11", "S18", "S19", "S20")
def test_no_network_reaches_another(switch):
    """Each guest a calls everybody and, by address, each guest of every other network."""
    address = {f"{name}-{guest}": mac(256 * number + ord(guest))
               for number, name in enumerate(MANY) for guest in "ab"}

    def call(source, target):
        wire, tag = MANY[source]
        calls = [(EVERYBODY, f"{source} to all")] + [
            (address[f"{other}-{guest}"], f"{source} to {other}")
            for other in MANY if other != source for guest in "ab"]
        return [frame(address[f"{source}-a"], dst, text, vlan=tag if target == wire else ())
                for dst, text in calls]

    switch.starts(many_networks(), sends={f"{name}-a": call(name, "") for name in MANY})
    heard = {port: switch.hears(port) for port in switch.devices}
    for name in MANY:
        for other in MANY.keys() - {name}:
            for guest in "ab":
                leaks = [data for data in heard[f"{other}-{guest}"]
                         if data[14:].startswith(name.encode())]
                assert not leaks, f"{name} reaches {other}"
    switch.ends(delivers={
        **{f"{name}-b": call(name, "a guest") for name in MANY},
        **{wire: [data for name in MANY if MANY[name][0] == wire for data in call(name, wire)]
           for wire in ("w1", "w2")}})
