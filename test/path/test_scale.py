# SPDX-License-Identifier: BSD-3-Clause
"""Many of everything, and more than there is room for."""
import json
import time

from scapy.layers.inet import IP, UDP

from frames import A, B, C, EVERYBODY, frame, mac
from harness import PATIENCE_SEC, wait_until
from words import GUESTS, proves

SECURE = """
host: {flow-entries: ENTRIES}
networks:
  - {name: blue, type: local}
ports:
  - {name: vm1, network: blue, mac: "02:00:00:00:00:0a", addresses: [10.0.0.10]}
  - {name: vm2, network: blue}
"""


def udp_flows(count, rounds):
    """IPv4 flows that a stage looks into, so each is an entry; several rounds of all of them."""
    inside = bytes(IP(src="10.0.0.10", dst="10.0.0.2") / UDP(sport=0, dport=7, chksum=0))
    flows = [frame(A, B, inside[:20] + port.to_bytes(2, "big") + inside[22:], ethertype=0x0800)
             for port in range(1, count + 1)]
    return flows * rounds


def test_thousands_of_flows(switch):
    flows = udp_flows(4000, rounds=2)
    switch.carries(SECURE.replace("ENTRIES", "262144"), sends={"vm1": flows},
                   delivers={"vm2": flows})


def test_more_flows_than_entries(switch):
    """A full cache costs time and nothing else."""
    flows = udp_flows(4000, rounds=2)
    switch.starts(SECURE.replace("ENTRIES", "1024"), sends={"vm1": flows})
    assert switch.json("stat show")["flows"] <= 1024
    switch.ends(delivers={"vm2": flows})


def test_more_pairs_of_addresses_than_entries(switch):
    """Learning, moving and flooding are the same with a cache that remembers next to nothing."""
    config = "host: {flow-entries: 1024}\n" + GUESTS.replace(
        "name: vm3,", "name: vm3, mac-move-budget: 1000000,")
    calls = [frame(mac(0x1000 + number), EVERYBODY) for number in range(2000)]
    replies = [frame(mac(0x8000 + number), mac(0x1000 + number)) for number in range(2000)]
    moved = [frame(mac(0x1000 + number), mac(0x8000 + number)) for number in range(0, 2000, 2)]
    switch.starts(config, sends={"vm1": calls, "vm2": replies, "vm3": moved})
    assert len(switch.fdb("--port", "vm3")) == 1000
    assert len(switch.fdb("--port", "vm1")) == 1000
    switch.ends(delivers={"vm1": replies, "vm2": calls + moved, "vm3": calls})


@proves("S15")
def test_ten_thousand_addresses_are_listed_completely(switch):
    calls = [frame(mac(0x10000 + number), EVERYBODY, b"") for number in range(10000)]
    switch.starts(GUESTS.replace("name: vm1,", "name: vm1, mac-limit: 0,"), sends={"vm1": calls})
    rows = switch.json("fdb list")
    assert len(rows) == 10000
    assert {row["mac"] for row in rows} == {mac(0x10000 + number) for number in range(10000)}
    assert switch.json("status")["fdb_entries"] == 10000
    assert switch.json("fdb flush") == {"flushed": 10000}
    assert switch.json("fdb list") == []
    switch.ends(delivers={"vm2": calls, "vm3": calls})


def test_a_full_table_of_addresses_still_forwards(switch):
    config = "host: {mac-entries: 1024}\n" + GUESTS
    calls = [frame(mac(0x10000 + number), EVERYBODY) for number in range(3000)]
    switch.starts(config, sends={"vm1": calls})
    assert 0 < len(switch.fdb()) <= 1024
    switch.ends(delivers={"vm2": calls, "vm3": calls})


def test_idle_flows_are_forgotten(switch):
    switch.starts("host: {flow-idle: 1}\n" + GUESTS, sends={"vm1": [frame(A, B)]})
    wait_until(lambda: switch.json("stat show")["flows"] == 0, "no flow is left")
    assert switch.json("flow list") == []


def test_a_long_burst_of_one_flow(switch):
    burst = [frame(A, B, f"number {number}") for number in range(5000)]
    switch.carries(GUESTS, sends={"vm1": burst, "vm2": [frame(C, B)]},
                   delivers={"vm1": [frame(C, B)], "vm2": burst, "vm3": burst + [frame(C, B)]})


@proves("S36")
def test_hundreds_of_absent_guests(switch):
    """Their ports exist, and nothing else is listed."""
    names = [f"vm{number}" for number in range(300)]
    ports = "".join(f"  - {{name: {name}, network: blue, vhost-user: {switch.folder}/{name}}}\n"
                    for name in names)
    switch.starts("networks:\n  - {name: blue, type: local}\nports:\n" + ports)
    rows = switch.json("port list")
    assert [row["name"] for row in rows] == names
    assert {(row["kind"], row["driver"], row["link"]) for row in rows} == \
        {("port", "vhost-user", "down")}


def milliseconds(action):
    start = time.monotonic()
    action()
    return (time.monotonic() - start) * 1000


@proves("S47")
def test_a_thousand_ports_and_a_group_of_ten_thousand(switch):
    """500 rules that name it: all of that comes within a second, a member within five milliseconds."""
    def guest(number):
        return {"name": f"vm{number}", "network": "blue", "mac": mac(number),
                "addresses": [f"192.168.{number >> 8}.{number & 255}"], "security-groups": ["web"],
                "vhost-user": str(switch.runtime / f"{number}.sock")}

    def place(ports):
        return {"host": {"workers": switch.workers, "memory": "16M"}, "networks": [{"name": "blue", "type": "local"}],
                "security-groups": [
                    {"name": "db", "members": [f"10.{i >> 8}.{i & 255}.1" for i in range(10000)]},
                    {"name": "web", "rules": [{"direction": "ingress", "protocol": "tcp", "ports": 1000 + i,
                                               "remote-group": "db"} for i in range(500)]}] if ports else [],
                "ports": [guest(number) for number in range(1, 1 + ports)]}

    switch.file.write_text(json.dumps(place(0)))
    switch.launches(switch.file)
    everything = switch.folder / "everything.json"
    everything.write_text(json.dumps(place(1000)))
    patience = PATIENCE_SEC / 10  # longer with sanitizers
    assert milliseconds(lambda: switch.says("apply", everything)) < 1000 * patience
    asks, sets = [], []
    while not sets or (min(sets) - min(asks) >= 5 * patience and len(sets) < 200):  # others only make it slower
        asks.append(milliseconds(lambda: switch.json("status")))
        sets.append(milliseconds(lambda: switch.json("security-group", "set", "db", "--members",
                                                     f"10.200.0.{len(sets)}")))
    assert min(sets) - min(asks) < 5 * patience
    assert len(switch.json("security-group", "show", "db")["members"]) == 10000 + len(sets)
    rests(switch)


def rests(switch):
    """No port any more; the books are in order."""
    switch.file.write_text(json.dumps({"networks": [], "ports": []}))
    switch.says("apply", switch.file)
