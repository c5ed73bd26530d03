# SPDX-License-Identifier: BSD-3-Clause
"""What the switch says about its verdicts: the log, trace, drop list, hits, port show."""
from frames import C, frame, write_pcap
from harness import wait_until
from secure import (MUTE, PEER, THIRD, VM, Talk, both_families, egress, group, ingress, packet,
                    ping, ping_name, site, tcp, udp)
from words import proves

LOGGED = ingress("tcp", 80, log=True)
COLUMNS = {"age_sec", "port", "direction", "verdict", "security_group", "rule", "packet"}


def web(*rules, **words):
    return site([PEER.free(), VM.port("web")], [group("web", *rules, MUTE, **words)])


def log(switch, *filters):
    return switch.json("log", "list", *filters)


def logged(switch, number, *filters):
    """Waits for so many rows; gives them."""
    wait_until(lambda: len(log(switch, *filters)) >= number, f"{number} lines",
               lambda: f"{log(switch)}\n{switch.stderr()}")
    rows = log(switch, *filters)
    assert len(rows) == number, rows
    return rows


# The log.


@proves("S47")
@both_families
def test_a_logged_rule_tells_of_new_connections(switch, family):
    """Once each, to weftctl and to the daemon's log."""
    talk = Talk(switch, web(LOGGED, ingress("udp", 53)))
    talk.passes(PEER, PEER.says(VM, tcp(1000, 80), family), PEER.says(VM, udp(9, 53), family),
                to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 1000, "SA"), family), to=PEER)
    talk.passes(PEER, *[PEER.says(VM, tcp(1000, 80, "A"), family)] * 5, to=VM)
    row, = logged(switch, 1)
    assert COLUMNS <= row.keys()
    assert (row["port"], row["direction"], row["verdict"], row["security_group"]) == \
        ("vm", "ingress", "accepted", "web")
    text = str(row["packet"])
    assert all(word in text for word in (PEER.ip(family), VM.ip(family), "1000", "80", "tcp")), row
    assert "80" in str(row["rule"]) or row["rule"] in (0, 1), row
    wait_until(lambda: "accepted" in switch.stderr() and "1000" in switch.stderr(), "it is logged",
               switch.stderr)
    assert switch.says("log list").strip()
    talk.ends()


@proves("S47")
def test_a_logged_group_tells_of_what_no_rule_lets_through(switch):
    talk = Talk(switch, web(ingress("tcp", 80), log=True))
    talk.refuses(PEER, PEER.says(VM, tcp(1000, 81)), why="deliver/not-allowed")
    talk.refuses(VM, VM.says(PEER, udp(9, 53)), why="admit/not-allowed")
    rows = logged(switch, 2)
    assert sorted((row["port"], row["direction"], row["verdict"]) for row in rows) == \
        [("vm", "egress", "dropped"), ("vm", "ingress", "dropped")]
    wait_until(lambda: switch.stderr().count("dropped") >= 2, "both are logged", switch.stderr)
    talk.passes(PEER, PEER.says(VM, tcp(1000, 80)), to=VM)
    assert sorted(row["verdict"] for row in logged(switch, 3)) == ["accepted", "dropped", "dropped"]
    talk.ends()


def test_what_is_not_asked_for_is_not_logged(switch):
    talk = Talk(switch, web(ingress("tcp", 80)))
    talk.passes(PEER, PEER.says(VM, tcp(1000, 80)), to=VM)
    talk.refuses(PEER, PEER.says(VM, tcp(1000, 81)), why="deliver/not-allowed")
    assert log(switch) == []
    talk.ends()


def test_a_logged_rule_of_egress(switch):
    talk = Talk(switch, site([PEER.free(), VM.port("out")],
                             [group("out", egress("udp", 53, log=True), ingress("tcp", 1))]))
    talk.passes(VM, VM.says(PEER, udp(9, 53)), to=PEER)
    row, = logged(switch, 1)
    assert (row["port"], row["direction"], row["verdict"], row["security_group"]) == \
        ("vm", "egress", "accepted", "out")
    talk.ends()


def test_the_log_of_one_port(switch):
    config = site([PEER.free(), VM.port("web"), THIRD.port("web")], [group("web", LOGGED, MUTE)])
    talk = Talk(switch, config)
    talk.passes(PEER, PEER.says(VM, tcp(1000, 80)), PEER.says(VM, tcp(1001, 80)), to=VM)
    talk.passes(PEER, PEER.says(THIRD, tcp(1000, 80)), to=THIRD)
    logged(switch, 3)
    assert {row["port"] for row in logged(switch, 2, "--port", "vm")} == {"vm"}
    assert {row["port"] for row in logged(switch, 1, "--port", "third")} == {"third"}
    switch.refuses("log list --port nobody")
    talk.ends()


@proves("S47")
def test_the_log_has_a_budget(switch):
    """A flood of refused packets fills neither the disk nor anybody's time."""
    config = web(ingress("tcp", 80), log=True)
    config["ports"][1]["log-budget"] = 10
    scan = [PEER.says(VM, udp(port, 54, b"")) for port in range(1, 2001)]
    switch.starts(config, sends={"peer": scan})
    assert switch.drops() == {"peer": {"deliver/not-allowed": len(scan)}}
    wait_until(lambda: log(switch), "something is logged", switch.stderr)
    assert 1 <= len(log(switch)) <= 100
    assert 1 <= switch.stderr().count("dropped") <= 120
    switch.ends(drops={"peer": {"deliver/not-allowed": len(scan)}})


# Trace.


def trace(switch, port, data):
    file = switch.folder / "trace.pcap"
    write_pcap(file, [data])
    return switch.json("trace", port, "--pcap", file)


def told(answer, stage):
    return " ".join(row["says"] for row in answer["stages"] if row["stage"] == stage)


@proves("S33", "S47")
@both_families
def test_trace_names_group_and_rule_and_connection(switch, family):
    talk = Talk(switch, web(ingress("udp", 53), ingress("tcp", 80)))
    call = PEER.says(VM, tcp(1000, 80), family)
    before = trace(switch, "peer", call)
    assert "vm" in before["answer"]
    assert "web" in told(before, "deliver") and "80" in told(before, "deliver")
    assert "no connection" in told(before, "deliver"), before
    assert talk.connections() == []
    talk.passes(PEER, call, to=VM)
    after = trace(switch, "peer", call)
    assert "vm" in after["answer"] and "connection" in told(after, "deliver"), after
    assert "no connection" not in str(after["stages"]), after
    reply = trace(switch, "vm", VM.says(PEER, tcp(80, 1000, "SA"), family))
    assert "peer" in reply["answer"] and "connection" in told(reply, "admit"), reply
    assert "no connection" not in str(reply["stages"]), reply
    assert talk.states() == ["SYN_SENT"]
    talk.ends()


FATES = {
    "not allowed in": (PEER, lambda: PEER.says(VM, tcp(9, 81)), "deliver/not-allowed"),
    "not allowed out": (VM, lambda: VM.says(PEER, udp(9, 53)), "admit/not-allowed"),
    "invalid": (PEER, lambda: PEER.says(VM, tcp(9, 80, "SF")), "deliver/invalid"),
    "another ethertype": (PEER, lambda: frame(PEER.mac, VM.mac), "deliver/ethertype"),
    "another ethertype out": (VM, lambda: frame(VM.mac, PEER.mac), "admit/ethertype"),
    "a MAC of another": (VM, lambda: frame(C, PEER.mac, packet(VM.ip(), PEER.ip(), udp(9, 53))),
                         "admit/mac-spoofed"),
    "an address of another": (VM, lambda: frame(VM.mac, PEER.mac, packet(THIRD.ip(), PEER.ip(),
                                                                         udp(9, 53))),
                              "admit/ip-spoofed"),
    "a DHCP server": (VM, lambda: VM.says(PEER, udp(67, 68)), "admit/dhcp-server"),
}


@proves("S33", "S47")
def test_trace_tells_why_not_and_so_does_the_drop_list(switch):
    talk = Talk(switch, web(ingress("tcp", 80)))
    for what, (who, data, fate) in FATES.items():
        stage, reason = fate.split("/")
        answer = trace(switch, who.name, data())
        assert reason in answer["verdict"] and "drop" in answer["verdict"], (what, answer)
        assert answer["stages"][-1]["stage"] == stage, (what, answer)
    assert switch.drops() == {}
    for what, (who, data, fate) in FATES.items():
        talk.refuses(who, data(), why=fate, what=what)
    assert all(len(row["meaning"].split()) > 2 for row in switch.json("drop list"))
    talk.ends()


def test_trace_leaves_no_mark(switch):
    """No connection, no hit, no line of log, no budget."""
    config = web(LOGGED, log=True)
    config["ports"][1]["new-connection-budget"] = 10
    talk = Talk(switch, config)
    for _ in range(30):
        trace(switch, "peer", PEER.says(VM, tcp(9, 80)))
        trace(switch, "peer", PEER.says(VM, tcp(9, 81)))
    assert talk.connections() == [] and log(switch) == [] and switch.drops() == {}
    assert [row["hits"] for row in switch.json("security-group show web")["rules"]] == [0, 0]
    talk.passes(PEER, PEER.says(VM, tcp(9, 80)), to=VM)
    talk.ends()


def test_trace_in_words(switch):
    talk = Talk(switch, web(ingress("tcp", 80)))
    words = f"eth src={PEER.mac} dst={VM.mac} / ip src={PEER.ip()} dst={VM.ip()} / tcp dport="
    good = switch.json("trace", "peer", *f"{words}80".split())
    assert "vm" in good["answer"] and "web" in told(good, "deliver"), good
    bad = switch.json("trace", "peer", *f"{words}81".split())
    assert "not-allowed" in bad["verdict"], bad
    assert "not-allowed" in switch.says("trace", "peer", *f"{words}81".split())
    talk.ends()


def test_trace_of_what_is_always_allowed(switch):
    talk = Talk(switch, web(ingress("tcp", 80)))
    offer = trace(switch, "peer", PEER.says(VM, udp(67, 68)))
    assert "vm" in offer["answer"]
    talk.ends()


@proves("S33")
def test_path_has_no_extra_hop(switch):
    """What a group decides is decided at the port itself: the chain is as without groups."""
    switch.starts(site([PEER.free(), VM.port()]))
    plain = [row["hop"] for row in switch.json("path vm")]
    switch.applies(web(ingress("tcp", 80)))
    assert [row["hop"] for row in switch.json("path vm")] == plain
    assert [row["name"] for row in switch.json("port list")] == ["peer", "vm"]


@both_families
def test_a_port_shows_its_groups_and_connections(switch, family):
    talk = Talk(switch, web(ingress(ping_name(family))))
    talk.passes(PEER, PEER.says(VM, ping(family), family), to=VM)
    shown = switch.json("port show vm")
    assert {"security_groups": ["web"], "connections": 1, "port_security": True}.items() <= \
        shown.items(), shown
    assert shown["connection_limit"] == 65536 and shown["allowed_address_pairs"] == []
    talk.ends()


REASONS = """
admit/mac-spoofed admit/ip-spoofed admit/arp-spoofed admit/rarp-spoofed admit/nd-spoofed
admit/dhcp-server admit/router-message admit/arp-budget admit/icmp-error-budget admit/ethertype
admit/not-allowed admit/invalid admit/fragment-invalid admit/fragment-tiny admit/fragment-overlap
admit/fragment-limit admit/fragment-incomplete bridge/mac-move-budget deliver/ethertype
deliver/not-allowed deliver/invalid deliver/icmp-error-budget deliver/new-connection-budget deliver/connection-limit
deliver/connection-table-full worker/broadcast-budget worker/miss-budget""".split()


def test_every_reason_has_a_meaning(switch):
    switch.starts(web(ingress("tcp", 80)))
    rows = switch.json("drop list --port vm --all")
    assert {f"{row['stage']}/{row['reason']}" for row in rows} >= set(REASONS)
