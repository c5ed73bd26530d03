# SPDX-License-Identifier: BSD-3-Clause
"""The running switch changes: plan, apply, delete, config show, SIGHUP."""
import signal

import pytest
import yaml

from frames import A, B, C, EVERYBODY, frame
from harness import WEFT, run, wait_until
from words import GUESTS, TRUNK, VLAN, proves

HELLO = frame(A, EVERYBODY)
VM4 = "  - {name: vm4, network: blue}\n"
PLUM = """
physical-networks:
  - {name: physnet1}
networks:
  - {name: blue, type: vlan, segment: 100, physical-network: physnet1}
  - {name: plum, type: vlan, segment: 300, physical-network: physnet1}
ports:
  - {name: vm1, network: blue}
  - {name: vm2, network: blue}
  - {name: vm-plum, network: plum}
"""


def changes(answer):
    return [(row["action"], row["noun"], row["name"]) for row in answer["changes"]]


def state(switch):
    """What an apply could have changed."""
    return switch.says("config show"), switch.json("port list"), switch.fdb()


def without(config, *names):
    """The configuration without the lines that describe these objects."""
    return "".join(line for line in config.splitlines(keepends=True)
                   if not any(f"{{name: {name}," in line or f"{{name: {name}}}" in line
                              for name in names))


@proves("S37")
def test_an_identical_file_changes_nothing(switch):
    switch.starts(TRUNK, sends={"vm-blue": [HELLO]})
    number, before = switch.json("status")["config_number"], state(switch)
    assert changes(switch.plans(TRUNK)) == changes(switch.applies(TRUNK)) == []
    assert "nothing to change" in switch.says("plan", switch.file)
    assert "nothing to change" in switch.says("apply", switch.file)
    assert (switch.json("status")["config_number"], state(switch)) == (number, before)


def test_a_plan_changes_nothing(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    before = state(switch)
    assert changes(switch.plans(PLUM)) == [("add", "network", "plum"), ("add", "port", "vm-plum")]
    assert state(switch) == before


def test_a_plan_is_readable(switch):
    switch.starts(PLUM)
    smaller = switch.writes(without(PLUM, "vm-plum", "plum").replace("100,", "100, mtu: 1450,"),
                            file=switch.folder / "next.yaml")
    lines = switch.says("plan", smaller).splitlines()
    assert "- port vm-plum" in lines and "- network plum" in lines
    assert "~ network blue: mtu 1500 -> 1450" in lines
    switch.says("apply", smaller)
    assert {"+ port vm-plum", "+ network plum"} <= set(switch.says("plan",
                                                                   switch.file).splitlines())


@proves("S06", "S37")
def test_a_network_and_its_port_come_at_run_time(switch):
    switch.starts(VLAN, sends={"physnet1": [frame(C, A, vlan=300)], "vm1": [HELLO]})
    answer = switch.applies(PLUM, sends={"vm-plum": [frame(B, EVERYBODY)]})
    assert answer["applied"] is True
    assert changes(answer) == [("add", "network", "plum"), ("add", "port", "vm-plum")]
    switch.ends(delivers={"vm2": [HELLO], "physnet1": [frame(A, EVERYBODY, vlan=100),
                                                       frame(B, EVERYBODY, vlan=300)]},
                drops={"physnet1": {"terminate/vlan-not-member": 1}})


@proves("S06", "S37")
def test_a_network_goes_at_run_time_and_no_other_is_touched(switch):
    switch.starts(PLUM, sends={"physnet1": [frame(C, A, vlan=100), frame(C, A, vlan=300)],
                               "vm1": [HELLO]})
    answer = switch.applies(without(PLUM, "vm-plum", "plum"))
    assert set(changes(answer)) == {("delete", "network", "plum"), ("delete", "port", "vm-plum")}
    assert switch.fdb() == {("blue", C, "physnet1"), ("blue", A, "vm1")}
    assert [row["name"] for row in switch.json("port list")] == ["physnet1", "vm1", "vm2"]
    switch.ends(delivers={"vm1": [frame(C, A)], "vm2": [frame(C, A), HELLO],
                          "vm-plum": [frame(C, A)], "physnet1": [frame(A, EVERYBODY, vlan=100)]})


def test_a_port_goes_and_its_addresses_with_it(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO], "vm2": [frame(B, A)]})
    switch.applies(without(GUESTS, "vm1"))
    assert switch.fdb() == {("blue", B, "vm2")}
    switch.applies(without(GUESTS, "vm1") + VM4, sends={"vm4": [frame(C, A)]})
    switch.ends(delivers={"vm1": [frame(B, A)], "vm2": [HELLO, frame(C, A)],
                          "vm3": [HELLO, frame(C, A)]})


def test_a_port_moves_to_another_network(switch):
    switch.starts(PLUM, sends={"vm2": [HELLO]})
    moved = PLUM.replace("vm2, network: blue", "vm2, network: plum")
    answer = switch.applies(moved)
    assert changes(answer) == [("change", "port", "vm2")]
    assert switch.json("port show vm2")["network"] == "plum"
    late = moved + "  - {name: vm-late, network: plum}\n"
    switch.applies(late, sends={"vm-late": [frame(C, EVERYBODY)]})
    switch.ends(delivers={"vm1": [HELLO], "vm2": [frame(C, EVERYBODY)],
                          "vm-plum": [frame(C, EVERYBODY)],
                          "physnet1": [frame(A, EVERYBODY, vlan=100),
                                       frame(C, EVERYBODY, vlan=300)]})


@proves("S20", "S37", "S39")
def test_a_segment_changes(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    renumbered = VLAN.replace("segment: 100", "segment: 101")
    assert changes(switch.applies(renumbered)) == [("change", "network", "blue")]
    switch.applies(renumbered + VM4, sends={"vm4": [frame(C, EVERYBODY)]})
    late = [frame(C, EVERYBODY)]
    switch.ends(delivers={"physnet1": [frame(A, EVERYBODY, vlan=100),
                                       frame(C, EVERYBODY, vlan=101)],
                          "vm1": late, "vm2": [HELLO] + late})


@proves("S37")
def test_a_wire_comes_and_goes(switch):
    second = PLUM.replace("{name: physnet1}", "{name: physnet1}\n  - {name: physnet2}").replace(
        "segment: 300, physical-network: physnet1", "segment: 300, physical-network: physnet2")
    switch.starts(VLAN)
    answer = switch.applies(second, sends={"physnet2": [frame(C, EVERYBODY, vlan=300)]})
    assert ("add", "physical-network", "physnet2") in changes(answer)
    answer = switch.applies(VLAN)
    assert ("delete", "physical-network", "physnet2") in changes(answer)
    switch.ends(delivers={"vm-plum": [frame(C, EVERYBODY)]})


def hears_on(switch, name):
    """Waits until more has come out of a port than came so far."""
    file = switch.pcaps(name)[1]
    size = file.stat().st_size
    wait_until(lambda: file.stat().st_size > size + 10000, f"{name} hears", switch.stderr)


def test_changes_while_traffic_flows(switch):
    """vm1 never stops; vm3 joins, vm2 leaves, blue gets an MTU, and every frame is booked."""
    endless = yaml.safe_load(GUESTS)
    endless["ports"][0]["device"] = f"{switch.device('vm1')},infinite_rx=1"
    switch.feeds("vm1", [frame(A, B, f"flow {number}") for number in range(64)])
    vm1, vm2, vm3 = endless["ports"]
    switch.launches(switch.writes({**endless, "ports": [vm1, vm2]}))
    hears_on(switch, "vm2")
    for ports in ([vm1, vm2, vm3], [vm1, vm3]):
        switch.says("apply", switch.writes({**endless, "ports": ports}))
        hears_on(switch, "vm3")
    small = [{**endless["networks"][0], "mtu": 1400}]
    switch.says("apply", switch.writes({"networks": small, "ports": [vm1, vm3]}))
    hears_on(switch, "vm3")
    switch.says("apply", switch.writes({**endless, "ports": [vm3]}))
    switch.fed = switch.json("stat show")["rx_packets"]
    switch.settles()


BROKEN = VLAN.replace("segment: 100", "segment: 5000").replace("vm2, network: blue",
                                                               "vm2, network: nowhere")


def test_an_invalid_file_changes_nothing_and_lists_its_errors(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    before = state(switch)
    file = switch.writes(BROKEN, file=switch.folder / "next.yaml")
    for command in ("plan", "apply"):
        complaint = switch.refuses(command, file)
        assert "networks[blue].segment" in complaint and "nowhere" in complaint
        assert complaint.count(f"{file}:") >= 2
    assert state(switch) == before


def test_a_device_that_cannot_be_opened_leaves_the_state(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    before = state(switch)
    bad = PLUM.replace("vm-plum, network: plum", "vm-plum, network: plum, device: "
                       '"net_pcap77,rx_pcap=/does/not/exist.pcap,tx_pcap=/dev/null"')
    file = switch.writes(bad, file=switch.folder / "next.yaml")
    assert "vm-plum" in switch.refuses("apply", file)
    assert state(switch) == before
    assert changes(switch.plans(VLAN)) == []
    switch.applies(PLUM.replace("vm-plum", "vm-good"), sends={"vm-good": [frame(B, EVERYBODY)]})
    assert changes(switch.plans(VLAN))


def test_what_needs_a_restart_is_said(switch):
    switch.starts(VLAN)
    answer = switch.plans("host: {memory: 128M}\n" + VLAN)
    assert "memory" in str(answer["restart"])


@proves("S37")
def test_merge_adds_and_deletes_nothing(switch):
    switch.starts(VLAN)
    fragment = {"ports": [{"name": "vm3", "network": "blue"}]}
    answer = switch.applies(fragment, sends={"vm3": [frame(C, EVERYBODY)]}, options=["--merge"])
    assert changes(answer) == [("add", "port", "vm3")] and answer["applied"]
    switch.ends(delivers={"vm1": [frame(C, EVERYBODY)], "vm2": [frame(C, EVERYBODY)],
                          "physnet1": [frame(C, EVERYBODY, vlan=100)]})


@proves("S37")
def test_merge_changes_what_it_names(switch):
    switch.starts(VLAN)
    file = switch.folder / "fragment.yaml"
    file.write_text("networks:\n  - {name: blue, type: vlan, segment: 100, "
                    "physical-network: physnet1, mtu: 1300}\n")
    answer = switch.json("apply", file, "--merge")
    assert ("change", "network", "blue") in changes(answer)
    assert {action for action, _, _ in changes(answer)} == {"change"}
    assert [row["name"] for row in switch.json("port list")] == ["physnet1", "vm1", "vm2"]
    assert switch.json("network show blue")["mtu"] == 1300


@proves("S08", "S37")
def test_a_delete_that_would_orphan_is_refused(switch):
    switch.starts(VLAN)
    before = state(switch)
    complaint = switch.refuses("delete network blue")
    assert "vm1" in complaint and "vm2" in complaint
    assert "blue" in switch.refuses("delete physical-network physnet1")
    assert state(switch) == before


@proves("S08", "S37")
def test_a_cascade_deletes_what_depends(switch):
    switch.starts(PLUM)
    switch.says("delete network plum --cascade")
    assert [row["name"] for row in switch.json("network list")] == ["blue"]
    assert [row["name"] for row in switch.json("port list")] == ["physnet1", "vm1", "vm2"]
    switch.says("delete physical-network physnet1 --cascade")
    assert switch.json("network list") == [] and switch.json("port list") == []


@proves("S37")
def test_delete_of_a_port(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO]})
    switch.says("delete port vm1")
    assert [row["name"] for row in switch.json("port list")] == ["vm2", "vm3"]
    assert switch.fdb() == set()


def test_a_port_with_a_static_entry_is_not_orphaned(switch):
    config = GUESTS.replace("local", 'local, static-macs: [{mac: "02:00:00:00:00:0a", port: vm1}]')
    switch.starts(config)
    assert "blue" in switch.refuses("delete port vm1")


RICH = """
host: {polling: busy, flow-idle: 5, mac-entries: 2048}
physical-networks:
  - {name: physnet1, mtu: 9000, miss-budget: 5000}
  - {name: physnet2, admin: down}
networks:
  - name: blue
    project: "acme: a \\"quoted\\" name"
    type: vlan
    segment: 100
    physical-network: physnet1
    external: true
    mtu: 8000
    mac-age: 20
    mac-limit: 7
    mac-limit-action: forward
    static-macs:
      - {mac: "02:00:00:00:00:99", port: vm1}
      - {mac: "02:00:00:00:00:98", physical-network: physnet1}
    subnets:
      - {name: blue4, cidr: 10.0.0.0/24, gateway: 10.0.0.1}
      - {name: blue6, cidr: "2001:db8::/64"}
  - {name: plain, type: flat, physical-network: physnet2, admin: down}
  - {name: home, type: local}
ports:
  - name: vm1
    network: blue
    instance: "0123"
    mac: "02:00:00:00:00:0a"
    addresses: [10.0.0.10, "2001:db8::a"]
    mtu: 7000
    mac-limit: 3
  - {name: "404", network: plain, port-security: false, admin: down}
  - {name: vm3, network: home, vhost-user: FOLDER/vm3.sock, queues: 4}
  - {name: vm4, network: home, vhost-user: FOLDER/vm4.sock, mode: server, socket-mode: "0660"}
"""


@proves("S07")
@pytest.mark.parametrize("config", [GUESTS, TRUNK, PLUM, RICH, "networks: []\n"],
                         ids=["guests", "trunk", "plum", "rich", "empty"])
def test_the_running_state_loads_back(switch, config):
    switch.starts(config.replace("FOLDER", str(switch.folder)))
    dump = switch.folder / "dump.yaml"
    dump.write_text(switch.says("config show"))
    assert run(WEFT, "--check", dump).returncode == 0, dump.read_text()
    assert changes(switch.json("plan", dump)) == []
    assert switch.json("plan", dump)["restart"] == []
    saved = switch.folder / "saved.yaml"
    switch.says("config", "save", saved)
    assert changes(switch.json("plan", saved)) == []


@proves("S07")
def test_the_state_after_changes_loads_back_after_a_restart(switch):
    switch.starts(VLAN)
    switch.applies(PLUM)
    switch.says("delete port vm2")
    dump = switch.folder / "dump.yaml"
    dump.write_text(switch.says("config show"))
    ports = switch.json("port list")
    switch.stops()
    switch.launches(dump)
    assert [row["name"] for row in switch.json("port list")] == [row["name"] for row in ports]
    assert changes(switch.json("plan", dump)) == []


def test_sighup_reads_the_file_again(switch):
    switch.starts(VLAN)
    switch.writes(PLUM, sends={"vm-plum": [frame(B, EVERYBODY)]})
    switch.signals(signal.SIGHUP)
    wait_until(lambda: len(switch.json("network list")) == 2, "plum is there", switch.stderr)
    switch.settles()
    switch.ends(delivers={"physnet1": [frame(B, EVERYBODY, vlan=300)]})


def test_sighup_follows_a_link_anew(switch):
    link = switch.folder / "link.yaml"
    link.symlink_to(switch.writes(VLAN))
    switch.launches(link)
    link.unlink()
    link.symlink_to(switch.writes(PLUM, file=switch.folder / "second.yaml"))
    switch.signals(signal.SIGHUP)
    wait_until(lambda: len(switch.json("network list")) == 2, "plum is there", switch.stderr)


def test_a_port_that_cannot_come_back_is_in_the_books_and_comes_with_the_next_apply(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO]})
    books = switch.json("stat show")
    sends = switch.pcaps("vm1")[0]
    absent = sends.rename(sends.with_suffix(".away"))
    device = switch.device("vm1")
    moved = yaml.safe_load(GUESTS)
    moved["ports"][0]["device"] = device.replace("sends.pcap", "nowhere.pcap")
    complaint = switch.refuses("apply", switch.writes(moved, file=switch.folder / "moved.yaml"))
    assert "while going back: vm1" in complaint
    assert [row["name"] for row in switch.json("port list")] == ["vm2", "vm3"]
    now = switch.json("stat show")
    assert all(now[key] == books[key] for key in ("rx_packets", "copies", "tx_packets", "drops"))
    absent.rename(sends)
    switch.feeds("vm1", [])
    answer = switch.applies(GUESTS)
    assert (changes(answer), answer["applied"]) == ([], True)
    assert [row["name"] for row in switch.json("port list")] == ["vm1", "vm2", "vm3"]
    assert switch.json("stat show")["rx_packets"] == books["rx_packets"]


def test_sighup_with_a_bad_file_keeps_the_state(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    before = state(switch)
    switch.file.write_text(BROKEN)
    switch.signals(signal.SIGHUP)
    wait_until(lambda: "networks[blue].segment" in switch.stderr(), "the error is logged")
    assert state(switch) == before
    switch.ends(delivers={"vm2": [HELLO], "physnet1": [frame(A, EVERYBODY, vlan=100)]})
