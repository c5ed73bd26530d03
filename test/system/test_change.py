# SPDX-License-Identifier: BSD-3-Clause
"""The configuration changes while traffic flows, and who is not concerned does not notice."""
import signal

import pytest
import yaml

from configs import PAIR, PAIR_ADDRESSES, TRUNK, TRUNK_ADDRESSES
from lab.process import wait_until
from lab.site import Site
from lab.traffic import Stream, is_silent, reaches, sends_tcp

proves = pytest.mark.proves

MORE = PAIR.replace("ports:", """\
  - {name: red, type: local}
ports:
  - {name: c, network: red}
  - {name: d, network: red}""")


@proves("S06", "S37")
def test_networks_come_and_go_while_others_talk(both):
    site = Site(both).starts(PAIR, **PAIR_ADDRESSES)
    with Stream(site["a"], site["b"]) as stream:
        changes = site.applies(MORE, c="10.0.0.3/24", d="10.0.0.4/24")["changes"]
        assert {(change["action"], change["noun"], change["name"]) for change in changes} == {
            ("add", "network", "red"), ("add", "port", "c"), ("add", "port", "d")}
        assert reaches(site["c"], "10.0.0.4")
        assert is_silent(site["c"], "10.0.0.1")
        sends_tcp(site["c"], site["d"])
        changes = site.applies(PAIR)["changes"]
        assert {(change["action"], change["name"]) for change in changes} == {
            ("delete", "c"), ("delete", "d"), ("delete", "red")}
        assert not site["c"].has("c"), "the device is gone with the port"
        assert [port["name"] for port in site.daemon.json("port list")] == ["a", "b"]
    assert stream.lost() == []
    site.daemon.stops()


@proves("S37")
def test_a_port_moves_to_another_network(both):
    """c moves from red to blue: what it may reach changes at once, a and b notice nothing."""
    site = Site(both).starts(MORE, c="10.0.0.3/24", d="10.0.0.4/24", **PAIR_ADDRESSES)
    assert reaches(site["c"], "10.0.0.4") and is_silent(site["c"], "10.0.0.1")
    with Stream(site["a"], site["b"]) as stream:
        site.applies(MORE.replace("{name: c, network: red}", "{name: c, network: blue}"))
        assert reaches(site["c"], "10.0.0.1")
        assert is_silent(site["c"], "10.0.0.4")
        site.applies(MORE)
        assert reaches(site["c"], "10.0.0.4")
        assert is_silent(site["c"], "10.0.0.1")
    assert stream.lost() == []
    site.daemon.stops()


@proves("S09", "S37")
def test_admin_state_takes_effect_at_once(lab):
    site = Site(lab).starts(MORE, c="10.0.0.3/24", d="10.0.0.4/24", **PAIR_ADDRESSES)
    assert reaches(site["c"], "10.0.0.4")
    with Stream(site["a"], site["b"]) as stream:
        for down in ("{name: d, network: red, admin: down}", "{name: d, network: red}"):
            site.applies(MORE.replace("{name: d, network: red}", down))
            works = "admin" not in down
            assert (reaches if works else is_silent)(site["c"], "10.0.0.4")
        site.applies(MORE.replace("name: red, type: local", "name: red, type: local, admin: down"))
        assert is_silent(site["c"], "10.0.0.4")
        site.applies(MORE)
        assert reaches(site["c"], "10.0.0.4")
    assert stream.lost() == []
    drops = site.daemon.drops("c")
    assert drops["deliver/port-down"] and drops["terminate/network-down"], drops


@proves("S06", "S13", "S37")
def test_a_vlan_is_added_to_a_wire_in_use(lab):
    first = yaml.safe_load(TRUNK)
    first["networks"], first["ports"] = first["networks"][:2], first["ports"][:2]
    site = Site(lab).starts(first, **TRUNK_ADDRESSES)
    assert site.daemon.is_alive()
    before = site.daemon.port("uplink")["tx_packets"]
    site.applies(TRUNK, **TRUNK_ADDRESSES)
    is_silent(site["r"], "10.0.0.200")
    assert site.daemon.port("uplink")["tx_packets"] > before
    answer = site.daemon.json("delete network red --cascade")
    assert {(change["action"], change["name"]) for change in answer["changes"]} == {
        ("delete", "red"), ("delete", "r")}
    names = {network["name"] for network in site.daemon.json("network list")}
    assert names == {"plain", "blue"}


@proves("S37")
def test_a_wire_is_added_and_removed(lab):
    """Those who do not use it notice nothing."""
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    wired = PAIR.replace("networks:", """\
physical-networks:
  - {name: uplink}
networks:
  - {name: outside, type: vlan, segment: 5, physical-network: uplink}""")
    with Stream(site["a"], site["b"]) as stream:
        site.applies(wired)
        assert site.daemon.port("uplink")["kind"] == "wire"
        site.applies(PAIR)
    assert stream.lost() == []
    assert "uplink" in site.daemon.refuses("port show uplink")


def test_an_identical_file_changes_nothing(lab):
    site = Site(lab).starts(MORE, c="10.0.0.3/24", d="10.0.0.4/24", **PAIR_ADDRESSES)
    number = site.daemon.json("status")["config_number"]
    text = site.daemon.says("apply", str(site.daemon.file))
    assert "nothing to change" in text
    assert site.daemon.json("status")["config_number"] == number
    assert site.applies(MORE)["changes"] == []


def test_a_bad_file_changes_nothing(lab):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    bad = site.daemon.folder / "bad.yaml"
    bad.write_text("""
networks:
  - {name: blue, type: vlan, segment: 5000, physical-network: uplink}
ports:
  - {name: a, network: green, device: "net_tap1,iface=a"}
load-balancers: []
""")
    before = site.daemon.says("config show")
    with Stream(site["a"], site["b"]) as stream:
        complaint = site.daemon.refuses("apply", bad)
        assert site.daemon.refuses("plan", bad) == complaint
    assert stream.lost() == []
    for words in ("5000 is not a VLAN id", "green", "load-balancers", f"{bad}:"):
        assert words in complaint, complaint
    assert len(complaint.strip().splitlines()) >= 3, "all errors at once"
    assert site.daemon.says("config show") == before


def test_a_device_that_cannot_be_opened_changes_nothing(lab):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    config = site.fills(PAIR.replace("ports:", """\
  - {name: green, type: local}
ports:
  - {name: good, network: green}
  - {name: dead, network: green, device: "net_af_packet7,iface=nowhere"}"""))
    before = site.daemon.says("config show")
    with Stream(site["a"], site["b"]) as stream:
        file = site.daemon.writes(config, site.daemon.folder / "next.yaml")
        assert "dead" in site.daemon.refuses("apply", file)
        assert site.daemon.says("config show") == before
        assert not site.daemon.netns.has("good"), "what was opened for nothing is closed again"
        # The same again without the dead one: nothing of the failure was left behind.
        config["ports"] = [port for port in config["ports"] if port["name"] != "dead"]
        site.applies(config)
        assert site.daemon.port("good")["admin"]
    assert stream.lost() == []


@proves("S07", "S37")
def test_what_is_shown_loads_back_to_the_same(lab):
    config = TRUNK.replace("{name: p, network: plain}", """\
{name: p, network: plain, mac: "02:00:00:00:00:02", addresses: [10.0.0.1, "fd00::1"],
     instance: one, mtu: 1400, mac-limit: 3, mac-limit-action: forward, miss-budget: 100}
  - {name: g, network: red, vhost-user: /tmp/weft-nobody/g.sock, queues: 2, admin: down}""")
    config = config.replace("{name: blue,", """{name: blue, project: acme, mac-age: 20,
     static-macs: [{mac: "02:00:00:00:00:99", physical-network: uplink}],
     subnets: [{name: s, cidr: 10.0.0.0/24, gateway: 10.0.0.254}],""")
    site = Site(lab).starts(config)
    shown = site.daemon.folder / "shown.yaml"
    shown.write_text(site.daemon.says("config show"))
    assert site.daemon.json("plan", shown)["changes"] == []
    site.daemon.says("config", "save", shown)
    assert site.daemon.json("plan", shown)["changes"] == []
    before = site.daemon.says("config show")
    site.daemon.stops()
    site.daemon.plugged = {}
    site.daemon.file.write_text(shown.read_text())
    site.daemon.starts()
    assert site.daemon.says("config show") == before


@proves("S07")
def test_sighup_reads_the_file_again(lab):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    with Stream(site["a"], site["b"]) as stream:
        site.daemon.writes(site.fills(MORE))
        site.daemon.signals(signal.SIGHUP)
        wait_until(lambda: len(site.daemon.json("port list")) == 4, "the new ports are there",
                   explain=site.daemon.stderr)
        site.joins(c="10.0.0.3/24", d="10.0.0.4/24")
        assert reaches(site["c"], "10.0.0.4")
        site.daemon.file.write_text("networks: [\n")
        site.daemon.signals(signal.SIGHUP)
        wait_until(lambda: f"{site.daemon.file}:" in site.daemon.said(), "the error is logged",
                   explain=site.daemon.stderr)
        assert len(site.daemon.json("port list")) == 4
        assert reaches(site["c"], "10.0.0.4")
    assert stream.lost() == []
    site.daemon.stops()


@proves("S08")
def test_what_is_in_use_is_not_deleted(lab):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    complaint = site.daemon.refuses("delete network blue")
    assert "a" in complaint and "b" in complaint
    assert reaches(site["a"], "10.0.0.2")
    site.daemon.says("delete port b")
    assert [port["name"] for port in site.daemon.json("port list")] == ["a"]


def test_many_changes_in_a_row(both):
    """Ports and networks come and go fifty times; no buffer, entry or device stays behind."""
    site = Site(both).starts(PAIR, **PAIR_ADDRESSES)
    in_use = None
    with Stream(site["a"], site["b"]) as stream:
        for round_ in range(25):
            site.daemon.applies(site.fills(MORE))
            site.daemon.applies(site.fills(PAIR))
            status = site.daemon.json("status")
            assert status["ports"] == 2 and status["networks"] == 1
            if round_ == 5:
                in_use = status["buffers"]["in_use"]
    assert stream.lost() == []
    assert site.daemon.json("status")["buffers"]["in_use"] <= in_use + 64
    assert site.daemon.is_conserved()
    site.daemon.stops()
