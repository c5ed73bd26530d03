# SPDX-License-Identifier: BSD-3-Clause
"""Security groups as objects: listed, shown, planned, deleted, refused, dumped."""
import pytest
import yaml

from harness import WEFT, run
from secure import PEER, THIRD, VM, Talk, egress, group, ingress, site, tcp, udp
from words import proves

GROUPS = [
    group("web", ingress("tcp", "80-443"), ingress("icmp", icmp_type=8, icmp_code=0),
          ingress("tcp", 22, ethertype="ipv6", remote_ip="2001:db8::/64"),
          ingress("udp", remote_group="db", log=True), egress()),
    group("db", members=["10.0.9.1", "2001:db8:9::1"], stateful=False, on_change="persist",
          log=True),
    group("idle"),
]


def full():
    return site([VM.port("web"), PEER.port("web", "db"), THIRD.port()], GROUPS)


def changes(answer):
    return [(row["action"], row["noun"], row["name"]) for row in answer["changes"]]


def test_groups_are_listed(switch):
    switch.starts(full())
    assert [row["name"] for row in switch.json("security-group list")] == ["web", "db", "idle"]
    text = switch.says("security-group list")
    assert all(name in text for name in ("web", "db", "idle"))


def test_a_group_is_shown(switch):
    switch.starts(full())
    web = switch.json("security-group show web")
    assert web["name"] == "web" and sorted(web["ports"]) == ["peer", "vm"]
    assert len(web["rules"]) == 5
    assert all({"rule", "allows", "log", "hits"} <= row.keys() for row in web["rules"])
    assert [row["hits"] for row in web["rules"]] == [0] * 5
    assert [bool(row["log"]) for row in web["rules"]] == [False, False, False, True, False]
    allows = [row["allows"] for row in web["rules"]]
    for text, words in zip(allows, (("ingress", "tcp", "80-443"), ("ingress", "icmp", "8"),
                                    ("ipv6", "22", "2001:db8::/64"), ("udp", "db"), ("egress",))):
        assert all(word in text.lower() for word in words), (text, words)
    members = str(switch.json("security-group show db")["members"])
    assert all(member in members for member in ("10.0.9.1", "2001:db8:9::1"))
    assert switch.says("security-group show web").strip()
    switch.refuses("security-group show nobody")


@proves("S47")
def test_hits_count_new_connections(switch):
    """Once each, at the rule that decided; not their packets, and not what was refused."""
    talk = Talk(switch, full())

    def hits():
        return [row["hits"] for row in switch.json("security-group show web")["rules"]]

    talk.passes(PEER, *(PEER.says(VM, tcp(port, 80)) for port in (1, 2, 3)), to=VM)
    assert hits()[0] == 3
    talk.passes(VM, VM.says(PEER, tcp(80, 1, "SA")), to=PEER)
    talk.passes(PEER, PEER.says(VM, tcp(1, 80, "A")), PEER.says(VM, tcp(1, 80, "A")), to=VM)
    assert hits()[0] == 3
    talk.passes(PEER, PEER.says(VM, udp(9, 9)), to=VM)
    talk.refuses(PEER, PEER.says(VM, tcp(9, 444)), why="deliver/not-allowed")
    assert hits()[:4] == [3, 0, 0, 1]
    talk.ends()


def test_an_identical_file_changes_nothing(switch):
    switch.starts(full())
    assert changes(switch.plans(full())) == changes(switch.applies(full())) == []


def test_a_plan_names_groups(switch):
    switch.starts(full())
    smaller = site([VM.port("web"), PEER.port("web"), THIRD.port("new")],
                   [group("web", ingress("tcp", 80)), group("new"), group("idle")])
    planned = set(changes(switch.plans(smaller)))
    assert planned == {("add", "security-group", "new"), ("delete", "security-group", "db"),
                       ("change", "security-group", "web"), ("change", "port", "peer"),
                       ("change", "port", "third")}
    lines = switch.says("plan", switch.folder / "next.yaml").splitlines()
    assert "+ security-group new" in lines and "- security-group db" in lines
    assert any(line.startswith("~ security-group web") for line in lines)
    assert any(line.startswith("~ port third") for line in lines)
    assert changes(switch.plans(full())) == []


def test_the_running_state_loads_back(switch):
    switch.starts(full())
    dump = switch.folder / "dump.yaml"
    dump.write_text(switch.says("config show"))
    assert run(WEFT, "--check", dump).returncode == 0, dump.read_text()
    assert changes(switch.json("plan", dump)) == []
    assert switch.json("plan", dump)["restart"] == []


@proves("S47")
def test_a_group_in_use_is_not_deleted(switch):
    switch.starts(full())
    before = switch.says("config show")
    complaint = switch.refuses("delete security-group web")
    assert "vm" in complaint and "peer" in complaint
    assert "web" in switch.refuses("delete security-group db")
    assert switch.says("config show") == before
    switch.says("delete security-group idle")
    assert [row["name"] for row in switch.json("security-group list")] == ["web", "db"]


def test_a_group_that_a_rule_names_is_in_use(switch):
    switch.starts(site([VM.port("web"), PEER.port()], GROUPS))
    assert "web" in switch.refuses("delete security-group db")


@proves("S47")
def test_a_cascade_removes_the_references(switch):
    """The ports and the other groups stay; what named the group does not."""
    switch.starts(full())
    switch.says("delete security-group db --cascade")
    assert [row["name"] for row in switch.json("security-group list")] == ["web", "idle"]
    assert switch.json("port show peer")["security_groups"] == ["web"]
    assert len(switch.json("security-group show web")["rules"]) == 4
    assert [row["name"] for row in switch.json("port list")] == ["vm", "peer", "third"]
    switch.says("delete security-group web --cascade")
    assert switch.json("port show vm")["security_groups"] == []


def test_a_file_without_a_used_group_is_refused(switch):
    """By apply, too: nothing may come to mean less than it says."""
    switch.starts(full())
    before = switch.says("config show")
    for groups in (GROUPS[1:], GROUPS[:1] + GROUPS[2:]):
        orphaned = site([VM.port("web"), PEER.port("web")], groups)
        file = switch.writes(orphaned, file=switch.folder / "next.yaml")
        assert "security-group" in switch.refuses("apply", file)
        assert switch.says("config show") == before


def test_a_merge_adds_a_group_and_deletes_none(switch):
    switch.starts(full())
    file = switch.folder / "fragment.yaml"
    file.write_text("security-groups:\n  - {name: late, rules: [{direction: ingress}]}\n")
    assert changes(switch.json("apply", file, "--merge")) == [("add", "security-group", "late")]
    assert len(switch.json("security-group list")) == 4


WRONG = {
    "no direction": {"protocol": "tcp"},
    "a strange direction": {"direction": "sideways"},
    "ports without a protocol": ingress(ports=80),
    "ports of icmp": ingress("icmp", 80),
    "ports of gre": ingress(47, 80),
    "a range backwards": ingress("tcp", "90-80"),
    "a port too large": ingress("tcp", 65536),
    "half a range": ingress("tcp", "80-"),
    "three ports": ingress("tcp", "80-81-82"),
    "an unknown protocol": ingress("colour"),
    "a protocol too large": ingress(256),
    "a type of tcp": ingress("tcp", icmp_type=8),
    "a code without a type": ingress("icmp", icmp_code=0),
    "a type too large": ingress("icmp", icmp_type=256),
    "an unknown group": ingress(remote_group="nobody"),
    "a group and an address": ingress(remote_group="web", remote_ip="10.0.0.1"),
    "an address of the other family": ingress(ethertype="ipv6", remote_ip="10.0.0.1"),
    "icmp of the other family": ingress("icmp", ethertype="ipv6"),
    "icmpv6 of the other family": ingress("icmpv6", ethertype="ipv4"),
    "no address": ingress(remote_ip="colour"),
    "a prefix too long": ingress(remote_ip="10.0.0.0/33"),
    "an unknown ethertype": ingress(ethertype="arp"),
    "an unknown key": {"direction": "ingress", "source-ports": 80},
}


def is_refused(folder, config):
    """`weft --check` tells where the error is."""
    file = folder / "bad.yaml"
    for number, port in enumerate(config["ports"]):
        port["device"] = f"net_null{number}"
    file.write_text(yaml.dump(config, sort_keys=False))
    answer = run(WEFT, "--check", file)
    assert answer.returncode == 1 and f"{file}:" in answer.stderr, f"{answer}\n{file.read_text()}"
    return answer.stderr


@pytest.mark.parametrize("what", WRONG)
def test_a_rule_that_says_nothing_is_refused(tmp_path, what):
    is_refused(tmp_path, site([VM.port("web")], [group("web", WRONG[what])]))


WRONG_GROUPS = {
    "twice the same": [group("web"), group("web")],
    "no name": [{"rules": []}],
    "a member that is no address": [group("web", members=["colour"])],
    "a member that is a prefix": [group("web", members=["10.0.0.0/24"])],
    "an unknown change": [group("web", on_change="explode")],
    "an unknown key": [group("web", colour="blue")],
}


@pytest.mark.parametrize("what", WRONG_GROUPS)
def test_a_group_that_says_nothing_is_refused(tmp_path, what):
    is_refused(tmp_path, site([VM.port("web")], WRONG_GROUPS[what]))


@pytest.mark.parametrize("words", [{"tcp-established": 9}, {"udp": 0}, {"colour": 60},
                                   {"icmp": "long"}], ids=str)
def test_patience_that_cannot_be_is_refused(tmp_path, words):
    is_refused(tmp_path, site([VM.port()], connection_timeouts=words))


def test_a_port_names_a_group_that_is_not_there(tmp_path):
    assert "nobody" in is_refused(tmp_path, site([VM.port("nobody")]))


@pytest.mark.parametrize("words", [dict(security_groups=["web"]),
                                   dict(allowed_address_pairs=[{"ip": "10.0.0.7"}])], ids=str)
def test_without_port_security_there_is_nothing_to_open(tmp_path, words):
    is_refused(tmp_path, site([VM.free(**words)], [group("web")]))
