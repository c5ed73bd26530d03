# SPDX-License-Identifier: BSD-3-Clause
"""Members of groups come and go by command, beside what the file says."""
import time

import yaml

from harness import wait_until
from secure import (MUTE, PEER, REFUSED, VM, Talk, both_families, group, ingress, site, udp)
from words import proves

EVERY = REFUSED["ingress"] | REFUSED["egress"]
FROM_DB = ingress("udp", 53, remote_group="db")


class Beside(Talk):
    """A port that speaks is opened anew beside what runs, which commands have changed."""

    def opens(self, name):
        port = next(port for port in self.config["ports"] if port["name"] == name)
        self.switch.applies({"ports": [port]}, options=["--merge"])


def config(members=None, **others):
    """VM lets in who is in db."""
    words = {} if members is None else {"members": members}
    return site([PEER.free(), VM.port("web")],
                [group("web", FROM_DB, MUTE), group("db", **words)], **others)


def edits(switch, verb, *addresses, name="db"):
    return switch.json("security-group", verb, name, "--members", ",".join(addresses))


def members(switch, name="db"):
    return switch.json("security-group", "show", name)["members"]


def shown(switch):
    return yaml.safe_load(switch.says("config show"))


@proves("S37", "S47")
@both_families
def test_a_member_comes_and_goes_by_command(switch, family):
    asks, answers = PEER.says(VM, udp(9, 53), family), VM.says(PEER, udp(53, 9), family)
    talk = Beside(switch, config())
    talk.refuses(PEER, asks, why="deliver/not-allowed")
    for _ in range(2):
        assert edits(switch, "set", PEER.ip(family)) == {"name": "db", "added": 1, "members": 1}
        talk.passes(PEER, asks, to=VM)
        talk.passes(VM, answers, to=PEER)
        assert edits(switch, "unset", PEER.ip(family)) == \
            {"name": "db", "removed": 1, "members": 0}
        talk.refuses(PEER, asks, why=EVERY)
        talk.refuses(VM, answers, why=EVERY)
    talk.ends()


@proves("S47")
def test_remembered_flows_follow_at_once(switch):
    """PEER calls without end: no packet that is refused or passes is the first of its flow."""
    site_of_two = config()
    for port in site_of_two["ports"]:
        end = ",infinite_rx=1" if port["name"] == "peer" else ""
        port["device"] = switch.device(port["name"]) + end
    switch.feeds("peer", [PEER.says(VM, udp(port, 53, b"")) for port in range(1, 65)])
    switch.feeds("vm", [])
    switch.launches(switch.writes(site_of_two))
    file = switch.pcaps("vm")[1]
    for _ in range(5):
        wait_until(lambda: len(switch.json("flow list --port peer")) == 64, "flows are known")
        heard = file.stat().st_size
        time.sleep(0.05)
        assert file.stat().st_size == heard
        edits(switch, "set", PEER.ip())
        wait_until(lambda: file.stat().st_size > heard + 10000, "vm hears", switch.stderr)
        edits(switch, "unset", PEER.ip())
        time.sleep(0.1)
    switch.says("apply", switch.writes({"networks": [], "ports": []}))
    switch.fed = switch.json("stat show")["rx_packets"]
    switch.stops()


@proves("S37")
def test_what_is_no_news_is_no_error(switch):
    switch.starts(config(["10.0.9.1", "2001:db8:9::1"]))
    number = switch.json("status")["config_number"]
    assert edits(switch, "set", "10.0.9.1", "2001:DB8:9:0::1")["added"] == 0
    assert edits(switch, "unset", "10.0.9.2")["removed"] == 0
    assert switch.json("status")["config_number"] == number
    assert edits(switch, "set", "10.0.9.3", "10.0.9.1", "10.0.9.3") == \
        {"name": "db", "added": 1, "members": 3}
    assert switch.json("status")["config_number"] == number + 1
    assert members(switch) == ["10.0.9.1", "2001:db8:9::1", "10.0.9.3"]
    assert edits(switch, "unset", "10.0.9.1", "10.0.9.2")["removed"] == 1
    assert members(switch) == ["2001:db8:9::1", "10.0.9.3"]
    text = switch.says("security-group set db members=10.0.9.7")
    assert "added" in text and "1" in text


@proves("S37")
def test_a_fault_changes_nothing(switch):
    switch.starts(config([f"10.0.9.{i}" for i in range(60)], host={"group-members": 64}))
    before, number = shown(switch), switch.json("status")["config_number"]
    # VM counts with two addresses: there is room for two more.
    for verb, words, complaint in (
            ("set", ("dbb", "10.0.8.1"), "no security group 'dbb'; security groups are: db, web"),
            ("set", ("db", "10.0.8.1,10.0.8"), "'10.0.8' is not the IPv4 or IPv6 address of a host"),
            ("set", ("db", "10.0.8.1,127.0.0.1"), "'127.0.0.1' is not"),
            ("set", ("db", "10.0.8.0/24,10.0.8.1"), "10.0.8.0/24 has a prefix length"),
            ("set", ("db", "10.0.8.1,10.0.8.2,10.0.8.3"), "host.group-members: 64 is less than 65"),
            ("unset", ("dbb", "10.0.9.1"), "no security group 'dbb'"),
            ("unset", ("db", "10.0.9.1,nobody"), "'nobody' is not"),
            ("unset", ("db", "10.0.9.1/32"), "10.0.9.1/32 has a prefix length")):
        name, addresses = words
        said = switch.refuses("security-group", verb, name, "--members", addresses)
        assert complaint in said, (verb, words, said)
        assert shown(switch) == before
    switch.refuses("security-group", "set", "db", status=2)
    assert switch.json("status")["config_number"] == number
    assert edits(switch, "set", "10.0.8.1", "10.0.8.2")["added"] == 2


MANY = 1000


def crowd(network, count=MANY):
    return [f"10.{network}.{number // 250}.{1 + number % 250}" for number in range(count)]


@proves("S37", "S47")
def test_all_members_of_a_full_set_change_at_once(switch):
    """There is room for those who go and those who come, with rules that change and without."""
    asks = PEER.says(VM, udp(9, 53))
    full = {"host": {"group-members": MANY + 2}}  # VM is a member of web with two addresses
    talk = Beside(switch, config(crowd(1), **full))
    for step, here in enumerate(("", PEER.ip(), "", PEER.ip())):
        now = config(crowd(2 + step, MANY - 1) + [here or "10.99.0.1"], **full)
        if step % 2:
            now["security-groups"][0]["rules"].append(ingress("tcp", 1 + step))
        talk.becomes(now)
        if here:
            talk.passes(PEER, asks, to=VM)
        else:
            talk.refuses(PEER, asks, why=EVERY)
    assert len(members(switch)) == MANY
    talk.ends()


@proves("S37")
def test_members_for_whom_there_was_no_room_at_the_start_are_refused(switch):
    """The file may say that there is more, but not at once."""
    asks = PEER.says(VM, udp(9, 53))
    talk = Beside(switch, config([PEER.ip(), *crowd(1, 50)], host={"group-members": 64}))
    before, number = shown(switch), switch.json("status")["config_number"]
    more = config(crowd(2, 64), host={"group-members": 1000})
    for port in more["ports"]:
        port["device"] = next(had["device"] for had in talk.config["ports"]
                              if had["name"] == port["name"])
    said = switch.refuses("apply", switch.writes(more, file=switch.folder / "next.yaml"))
    assert "no room for 66 members of all groups, but for 64" in said
    assert "host.group-members needs a restart" in said
    assert shown(switch) == before and switch.json("status")["config_number"] == number
    talk.passes(PEER, asks, to=VM)
    more["security-groups"][1]["members"] = crowd(2, 60)
    talk.becomes(more)
    talk.refuses(PEER, asks, why=EVERY)
    said = switch.refuses("security-group", "set", "db", "--members", "10.3.0.1,10.3.0.2,10.3.0.3")
    assert "no room for 65 members of all groups, but for 64" in said
    assert edits(switch, "set", "10.3.0.1", "10.3.0.2")["members"] == 62
    talk.ends()


@proves("S07", "S37")
def test_the_running_document_has_it_until_a_file_says_otherwise(switch, tmp_path):
    asks = PEER.says(VM, udp(9, 53))
    talk = Beside(switch, config(["10.0.9.1"]))
    edits(switch, "set", PEER.ip())
    groups = {entry["name"]: entry for entry in shown(switch)["security-groups"]}
    assert groups["db"]["members"] == ["10.0.9.1", PEER.ip()]
    saved = tmp_path / "saved.yaml"
    switch.says("config", "save", saved)
    assert switch.json("plan", saved)["changes"] == []
    talk.passes(PEER, asks, to=VM)
    (change,) = switch.plans(talk.config)["changes"]
    assert (change["noun"], change["name"]) == ("security-group", "db")
    assert change["details"] == [f"members [10.0.9.1, {PEER.ip()}] -> [10.0.9.1]"]
    talk.becomes(talk.config)
    assert members(switch) == ["10.0.9.1"]
    talk.refuses(PEER, asks, why=EVERY)
    assert switch.json("apply", saved)["applied"]
    talk.passes(PEER, asks, to=VM)
    talk.ends()


@proves("S37")
def test_a_plan_says_who_comes_and_goes_in_a_long_list(switch):
    switch.starts(config([f"10.0.9.{i}" for i in range(1, 101)]))
    edits(switch, "set", "10.99.0.1")
    edits(switch, "unset", "10.0.9.3", "10.0.9.4")
    (change,) = switch.plans(config([f"10.0.9.{i}" for i in range(1, 101)]))["changes"]
    assert change["details"] == ["members +10.0.9.3 +10.0.9.4 -10.99.0.1"]
    (change,) = switch.plans(config())["changes"]
    assert change["details"] == ["members -10.0.9.1 -10.0.9.2 -10.0.9.5 -10.0.9.6 -10.0.9.7 -10.0.9.8 -10.0.9.9 "
                                 "-10.0.9.10 and 91 more"]
