# SPDX-License-Identifier: BSD-3-Clause
"""`trace` says what traffic does, and does nothing; `path` names the hops."""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP

from frames import A, B, C, D, EVERYBODY, frame, mac, write_pcap
from words import VLAN, proves

STAGES = ["terminate", "admit", "answer", "bridge", "translate", "firewall", "route", "deliver", "encap"]

# vm2 speaks first, so that it is known when vm1 calls.
CONFIG = """
physical-networks:
  - {name: physnet1}
networks:
  - name: blue
    type: vlan
    segment: 100
    physical-network: physnet1
    static-macs: [{mac: "02:00:00:00:00:0d", port: vm3}]
ports:
  - {name: vm2, network: blue}
  - name: vm1
    network: blue
    mac: "02:00:00:00:00:0a"
    addresses: [10.0.0.10]
  - {name: vm3, network: blue, admin: down}
  - {name: vm4, network: blue}
"""

# port, frame, the reason of its drop or the ports that hear it
FATES = [
    ("vm2", frame(B, EVERYBODY), {"vm1", "vm4", "physnet1"}),
    ("vm2", frame(B, D), "deliver/port-down"),
    ("vm1", frame(A, B, IP(src="10.0.0.10") / UDP()), {"vm2"}),
    ("vm1", frame(A, mac(0x77)), {"vm2", "vm4", "physnet1"}),
    ("vm1", frame(C, B), "admit/mac-spoofed"),
    ("vm1", frame(A, B, IP(src="10.0.0.11") / UDP()), "admit/ip-spoofed"),
    ("vm1", frame(A, B, ARP(psrc="10.0.0.11")), "admit/arp-spoofed"),
    ("vm1", frame(A, B, vlan=7), "terminate/tagged"),
    ("vm1", frame(A, B)[:9], "terminate/runt"),
    ("vm1", frame(A, B, vlan=7)[:15], "terminate/truncated"),
    ("vm4", frame(EVERYBODY, B), "admit/bad-source-mac"),
    ("vm1", frame(A, "01:80:c2:00:00:00"), "bridge/reserved-multicast"),
    ("vm1", frame(A, A), "bridge/same-port"),
    ("vm1", frame(A, B, bytes(1501)), "deliver/too-big"),
    ("vm3", frame(D, B), "terminate/port-down"),
    ("vm4", frame(D, B), "bridge/static-moved"),
    ("vm4", frame(C, B), {"vm2"}),
]
WIRE_FATES = [
    (frame(C, A, vlan=101), "terminate/vlan-not-member"),
    (frame(C, A), "terminate/no-flat-network"),
    (frame(C, A, vlan=(100, 100)), "terminate/double-tagged"),
]
ALL_FATES = [("physnet1", data, fate) for data, fate in WIRE_FATES] + FATES


def traces(switch, port, data):
    file = switch.folder / "trace.pcap"
    write_pcap(file, [data])
    return switch.json("trace", port, "--pcap", file)


def everything_that_changes(switch):
    """What a side effect would show in, without ages."""
    tables = [switch.json(command) for command in ("fdb list", "flow list", "drop list")]
    for row in (row for table in tables for row in table):
        row.pop("age_sec", None)
        row.pop("idle_sec", None)
    stats = switch.json("stat show")
    return tables, {key: stats[key] for key in
                    ("rx_packets", "copies", "tx_packets", "drops", "flow_hits", "flow_misses")}


@proves("S17", "S32")
def test_trace_says_what_traffic_does_and_leaves_no_mark(switch):
    sends, drops = {}, {}
    for port, data, fate in ALL_FATES:
        sends.setdefault(port, []).append(data)
        if isinstance(fate, str):
            drops.setdefault(port, {}).setdefault(fate, 0)
            drops[port][fate] += 1
    switch.starts(CONFIG, sends=sends)
    assert switch.drops() == drops
    before = everything_that_changes(switch)
    for port, data, fate in ALL_FATES:
        trace = traces(switch, port, data)
        if isinstance(fate, str):
            stage, reason = fate.split("/")
            assert reason in trace["verdict"], (fate, trace)
            assert trace["stages"][-1]["stage"] == stage, (fate, trace)
        else:
            named = {name for name in switch.devices if name in trace["answer"]}
            assert named == fate, (fate, trace)
    assert everything_that_changes(switch) == before


@proves("S17")
def test_trace_names_the_stages_in_order(switch):
    switch.starts(VLAN)
    trace = traces(switch, "vm1", frame(A, EVERYBODY))
    assert trace.keys() >= {"arrival", "frame", "stages", "verdict", "answer"}
    names = [row["stage"] for row in trace["stages"]]
    assert names[0] == "terminate" and "bridge" in names
    assert sorted(set(names), key=STAGES.index) == list(dict.fromkeys(names))
    assert all(row["says"] for row in trace["stages"])
    assert "100" in trace["answer"] and "physnet1" in trace["answer"]


def test_trace_in_words(switch):
    switch.starts(CONFIG, sends={"vm2": [frame(B, EVERYBODY)]})
    words = f"eth src={A} dst={B} / ip src=10.0.0.10 dst=10.0.0.2 / tcp dport=80"
    trace = switch.json("trace", "vm1", *words.split())
    assert "vm2" in trace["answer"] and "vm4" not in trace["answer"]
    spoofed = words.replace("10.0.0.10", "10.0.0.66")
    assert "ip-spoofed" in switch.json("trace", "vm1", *spoofed.split())["verdict"]
    text = switch.says("trace", "vm1", *words.split())
    assert all(stage in text for stage in ("terminate", "admit", "bridge", "vm2"))


@pytest.mark.parametrize("words", [
    "trace nobody eth dst=02:00:00:00:00:0b",
    "trace vm1 eth dst=nonsense",
    "trace vm1 eth colour=blue",
    "trace vm1 nonsense dst=02:00:00:00:00:0b",
    "trace vm1 --pcap /does/not/exist.pcap",
])
def test_trace_refuses_what_it_cannot_read(switch, words):
    switch.starts(VLAN)
    answer = switch.ctl(words)
    assert answer.returncode in (1, 2) and answer.stderr.strip()


def test_trace_of_one_packet_of_a_file(switch):
    switch.starts(VLAN)
    file = switch.folder / "two.pcap"
    write_pcap(file, [frame(A, EVERYBODY), frame(A, B, vlan=7)])
    assert "vm2" in switch.json("trace", "vm1", "--pcap", file)["answer"]
    assert "vm2" in switch.json("trace", "vm1", "--pcap", file, "--packet", 1)["answer"]
    assert "tagged" in switch.json("trace", "vm1", "--pcap", file, "--packet", 2)["verdict"]
    switch.refuses("trace", "vm1", "--pcap", file, "--packet", 3)


def test_trace_of_a_file_that_is_no_capture(switch):
    switch.starts(VLAN)
    file = switch.folder / "noise.pcap"
    for content in (b"", b"\xff" * 5000):
        file.write_bytes(content)
        switch.refuses("trace", "vm1", "--pcap", file)


@proves("S17", "S32")
def test_path_names_the_stages(switch):
    switch.starts(VLAN)
    rows = switch.json("path")
    assert [row["stage"] for row in rows] == [name for name in STAGES
                                              if name in {row["stage"] for row in rows}]
    assert {"terminate", "admit", "bridge", "deliver", "encap"} <= {row["stage"] for row in rows}
    assert all(row["says"] for row in rows)


@proves("S17", "S33", "S34")
def test_path_of_a_port_is_its_chain_to_the_wire(switch):
    switch.starts(VLAN, sends={"physnet1": [frame(C, A, vlan=100)] * 3, "vm1": [frame(A, C)]})
    rows = switch.json("path vm1")
    chain = [f"{row['hop']} {row['what']}" for row in rows]
    where = [next(at for at, text in enumerate(chain) if word in text)
             for word in ("vm1", "blue", "100", "physnet1")]
    assert where == sorted(where), chain
    assert (rows[where[0]]["packets_in"], rows[where[0]]["packets_out"]) in ((1, 3), (3, 1))
    assert {"packets_in", "packets_out"} <= rows[where[-1]].keys()


@proves("S17", "S18")
def test_path_of_a_local_port_ends_at_its_network(switch):
    config = VLAN + "  - {name: vm3, network: home}\n"
    config = config.replace("networks:\n  - {name: b", "networks:\n  - {name: home, type: local}\n"
                            "  - {name: b")
    switch.starts(config)
    assert "physnet1" not in str(switch.json("path vm3"))
