# SPDX-License-Identifier: BSD-3-Clause
"""What weftctl shows: every key of the contract, filters, tables, and how it fails."""
import pytest
from scapy.layers.inet import IP, UDP

from frames import A, B, C, EVERYBODY, frame
from harness import WEFTCTL, run, wait_until
from words import GUESTS, TRUNK, VLAN, proves

PORT = {"id", "name", "kind", "network", "driver", "mac", "admin", "link", "mtu", "rx_packets",
        "tx_packets", "drops"}
NETWORK = {"id", "name", "project", "type", "segment", "physical_network", "mtu", "admin",
           "external", "ports", "fdb_entries"}
KEYS = {
    "status": {"version", "pid", "uptime_sec", "config_file", "config_number", "ports", "networks",
               "physical_networks", "workers", "flows", "fdb_entries", "buffers", "hugepages",
               "polling"},
    "port list": PORT,
    "port show vm-blue": PORT | {
        "project", "instance", "addresses", "port_security", "device", "rx_bytes", "tx_bytes",
        "mac_limit", "fdb_entries", "rx_queues", "tx_queues", "drop_reasons"},
    "network list": NETWORK,
    "network show blue": NETWORK | {"subnets", "port_names", "mac_age", "mac_limit",
                                    "mac_limit_action"},
    "fdb list": {"network", "mac", "port", "origin", "age_sec"},
    "flow list": {"worker", "port", "network", "key", "answer", "packets", "bytes", "age_sec",
                  "idle_sec"},
    "drop list": {"port", "stage", "reason", "packets", "meaning"},
    "worker list": {"worker", "core", "busy_percent", "flows", "misses", "queues"},
    "stat show": {"rx_packets", "rx_bytes", "copies", "tx_packets", "tx_bytes", "drops", "held",
                  "flows", "flow_hits", "flow_misses", "walk_cycles"},
}
REASONS = """
terminate/runt terminate/truncated terminate/tagged terminate/double-tagged
terminate/vlan-not-member terminate/no-flat-network terminate/port-down terminate/network-down
admit/bad-source-mac admit/mac-spoofed admit/ip-spoofed admit/arp-spoofed
bridge/reserved-multicast bridge/same-port bridge/no-receiver bridge/mac-limit bridge/static-moved
deliver/port-down deliver/too-big
worker/miss-budget worker/no-buffer worker/tx-full worker/no-link""".split()
TALK = {"physnet1": [frame(C, A, vlan=100), frame(C, A, vlan=7)], "vm-blue": [frame(A, C)],
        "vm-red": [frame(B, EVERYBODY)]}


@proves("S08", "S09", "S37", "S39")
def test_every_command_tells_what_it_promises(switch):
    switch.starts(TRUNK, sends=TALK)
    for command, keys in KEYS.items():
        answer = switch.json(command)
        row = answer[0] if isinstance(answer, list) else answer
        assert keys <= row.keys(), (command, keys - row.keys())
        text = switch.says(command)
        assert text.strip() and not text.lstrip().startswith(("{", "[")), command


@proves("S08", "S09")
def test_a_port_shows_its_properties(switch):
    config = """
networks:
  - name: blue
    project: acme
    type: local
    mtu: 1400
    subnets: [{name: blue4, cidr: 10.0.0.0/24, gateway: 10.0.0.1},
              {name: blue6, cidr: "2001:db8::/64"}]
ports:
  - name: vm1
    network: blue
    instance: web-1
    mac: "02:00:00:00:00:0a"
    addresses: [10.0.0.10, "2001:db8::a"]
    mac-limit: 5
  - {name: vm2, network: blue, instance: web-1, mtu: 1300, port-security: false}
"""
    switch.starts(config)
    vm1, vm2 = (switch.json("port", "show", name) for name in ("vm1", "vm2"))
    wanted = {"name": "vm1", "kind": "port", "network": "blue", "driver": "ethdev", "mac": A,
              "project": "acme", "instance": "web-1", "addresses": ["10.0.0.10", "2001:db8::a"],
              "port_security": True, "mtu": 1400, "admin": "up", "mac_limit": 5}
    assert wanted.items() <= vm1.items(), vm1
    assert {"instance": "web-1", "mtu": 1300, "mac": None, "port_security": False}.items() <= \
        vm2.items(), vm2
    blue = switch.json("network show blue")
    assert (blue["project"], blue["mtu"], blue["ports"]) == ("acme", 1400, 2)
    assert sorted(blue["port_names"]) == ["vm1", "vm2"]
    assert [(net["name"], net["cidr"], net["gateway"]) for net in blue["subnets"]] == \
        [("blue4", "10.0.0.0/24", "10.0.0.1"), ("blue6", "2001:db8::/64", None)]


@proves("S12")
def test_a_network_may_be_external(switch):
    switch.starts(VLAN.replace("segment: 100", "segment: 100, external: true"))
    assert switch.json("network show blue")["external"] is True


@proves("S36")
def test_only_configured_ports_are_listed(switch):
    switch.starts(TRUNK)
    rows = switch.json("port list")
    assert [(row["name"], row["kind"], row["network"]) for row in rows] == [
        ("physnet1", "wire", None), ("vm-plain", "port", "plain"), ("vm-blue", "port", "blue"),
        ("vm-red", "port", "red")]
    assert len({row["id"] for row in rows}) == 4


@proves("S35")
def test_networks_show_their_wire_and_segment(switch):
    switch.starts(TRUNK)
    assert [(row["name"], row["type"], row["segment"], row["physical_network"])
            for row in switch.json("network list")] == [
        ("plain", "flat", None, "physnet1"), ("blue", "vlan", 100, "physnet1"),
        ("red", "vlan", 200, "physnet1")]


def test_counters_of_ports_and_queues(switch):
    switch.starts(TRUNK, sends=TALK)
    wire, blue = switch.json("port show physnet1"), switch.json("port show vm-blue")
    assert (wire["rx_packets"], wire["tx_packets"], wire["drops"]) == (2, 2, 1)
    assert (blue["rx_packets"], blue["tx_packets"], blue["drops"]) == (1, 1, 0)
    assert (blue["rx_bytes"], blue["tx_bytes"]) == (60, 60)
    assert (wire["rx_bytes"], wire["tx_bytes"]) == (128, 128)
    assert [(row["stage"], row["reason"], row["packets"]) for row in wire["drop_reasons"]
            if row["packets"]] == [("terminate", "vlan-not-member", 1)]
    assert sum(queue["packets"] for queue in wire["rx_queues"]) == 2
    assert sum(queue["packets"] for queue in wire["tx_queues"]) == 2
    assert sum(queue["bytes"] for queue in wire["rx_queues"]) == 128


def test_stat_show_counts_copies(switch):
    switch.starts(GUESTS, sends={"vm1": [frame(A, EVERYBODY)], "vm2": [frame(B, A)]})
    stats = switch.json("stat show")
    assert [stats[key] for key in ("rx_packets", "copies", "tx_packets", "drops", "held")] == \
        [2, 1, 3, 0, 0]
    assert (stats["rx_bytes"], stats["tx_bytes"]) == (120, 180)
    assert stats["flow_misses"] == 2


@proves("S39")
def test_flows_are_listed_with_counters(switch):
    switch.starts(TRUNK, sends={"vm-blue": [frame(A, C)] * 5, "vm-red": [frame(B, C)]})
    rows = switch.json("flow list --port vm-blue")
    assert len(rows) == 1
    flow = rows[0]
    assert (flow["port"], flow["network"], flow["packets"], flow["bytes"]) == \
        ("vm-blue", "blue", 5, 300)
    assert A in str(flow["key"]) and C in str(flow["key"])
    assert "physnet1" in flow["answer"] and "100" in flow["answer"]


def test_a_flow_of_a_port_with_addresses_is_a_five_tuple(switch):
    config = GUESTS.replace("name: vm1", f'name: vm1, mac: "{A}", addresses: [10.0.0.10]')
    udp = IP(src="10.0.0.10", dst="10.0.0.2") / UDP(sport=1111, dport=2222)
    switch.starts(config, sends={"vm1": [frame(A, B, udp)]})
    key = str(switch.json("flow list")[0]["key"])
    assert all(word in key for word in ("10.0.0.10", "10.0.0.2", "1111", "2222"))


def test_filters(switch):
    switch.starts(TRUNK, sends=TALK)
    assert switch.fdb("--network", "blue") == {("blue", C, "physnet1"), ("blue", A, "vm-blue")}
    assert switch.fdb("network=blue") == switch.fdb("--network", "blue")
    assert switch.fdb("--port", "vm-red") == {("red", B, "vm-red")}
    assert switch.fdb("--mac", C) == {("blue", C, "physnet1")}
    assert switch.fdb("--mac", C, "--port", "vm-red") == set()
    assert [row["name"] for row in switch.json("port list --network red")] == ["vm-red"]
    assert {row["network"] for row in switch.json("flow list --network red")} == {"red"}
    assert len(switch.json("flow list --limit 1")) == 1
    assert len(switch.json("flow list")) > 1
    assert {row["port"] for row in switch.json("drop list --port physnet1")} == {"physnet1"}
    assert switch.json("drop list --port vm-red") == []


def test_every_reason_has_a_meaning(switch):
    switch.starts(VLAN)
    assert switch.json("drop list") == []
    rows = switch.json("drop list --port vm1 --all")
    assert {f"{row['stage']}/{row['reason']}" for row in rows} >= set(REASONS)
    assert all(len(row["meaning"].split()) > 2 and row["packets"] == 0 for row in rows)


def test_workers_show_their_queues(switch):
    switch.starts(TRUNK)

    def polled():
        return [queue["port"] for row in switch.json("worker list") for queue in row["queues"]]

    wait_until(lambda: len(polled()) == len(switch.devices), "every port had its turn")
    assert sorted(polled()) == sorted(switch.devices)
    rows = switch.json("worker list")
    assert sorted(row["core"] for row in rows) == switch.workers
    for row in rows:
        assert 0 <= row["busy_percent"] <= 100
        assert len(row["queues"]) == len(switch.devices) / len(rows)


def test_status(switch):
    switch.starts(TRUNK, sends=TALK)
    status = switch.json("status")
    assert (status["pid"], status["ports"], status["networks"], status["physical_networks"]) == \
        (switch.process.pid, 3, 3, 1)
    assert status["hugepages"] is False and status["fdb_entries"] == 3
    assert status["config_file"] == str(switch.file)
    assert 0 <= status["buffers"]["in_use"] < status["buffers"]["total"]


@pytest.mark.parametrize("words, status", [
    ("", 2), ("port", 2), ("nonsense list", 2), ("port nonsense", 2), ("port show", 2),
    ("port show nobody", 1), ("network show nobody", 1), ("path nobody", 1),
    ("port list --network nobody", 1), ("fdb list --port nobody", 1),
    ("fdb list --mac nonsense", 1), ("plan /does/not/exist.yaml", 1),
    ("apply /does/not/exist.yaml", 1), ("delete port nobody", 1), ("delete network nobody", 1),
])
def test_failures_have_a_status_and_a_word_on_stderr(switch, words, status):
    switch.starts(VLAN)
    answer = switch.ctl(words)
    assert (answer.returncode, answer.stdout) == (status, "")
    assert answer.stderr.strip()


@pytest.mark.parametrize("words", ["fdb list --nonsense 5", "fdb list nonsense=5",
                                   "flow list --limit many", "flow list --worker 99"])
def test_filters_that_make_no_sense_are_refused(switch, words):
    switch.starts(VLAN)
    answer = switch.ctl(words)
    assert answer.returncode in (1, 2) and answer.stderr.strip()


def test_no_daemon_is_a_clear_error(tmp_path):
    answer = run(WEFTCTL, "-r", tmp_path, "status")
    assert answer.returncode == 1 and str(tmp_path) in answer.stderr


def test_names_may_hold_what_names_may_hold(switch):
    name = "A.9_b-" + "x" * 57
    switch.starts(f"networks: [{{name: {name}, type: local}}]\n"
                  f"ports: [{{name: {name}, network: {name}, instance: 'a,b=c%2C d'}}]\n")
    assert switch.json("port", "show", name)["instance"] == "a,b=c%2C d"
    assert [row["name"] for row in switch.json("port", "list", "--network", name)] == [name]
