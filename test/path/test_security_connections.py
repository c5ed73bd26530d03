# SPDX-License-Identifier: BSD-3-Clause
"""The table of connections: its rows and states, what begins one, what ends one.

VM lets in TCP 80 and UDP 53 and says nothing of its own; PEER is free.
"""
import pytest
from scapy.layers.inet import ICMP, TCP

from frames import frame
from harness import wait_until
from secure import (MUTE, PEER, REFUSED, THIRD, VM, WIRED, Talk, both_families, egress, gre,
                    group, ingress, packet, ping, ping_name, pong, rule, sctp, site, tcp, udp)
from words import proves

WEB = group("web", ingress("tcp", 80), ingress("udp", 53), ingress("icmp"), ingress("icmpv6"),
            ingress(47), ingress("sctp"), MUTE)
COLUMNS = {"network", "protocol", "state", "source", "source_port", "destination",
           "destination_port", "replied", "assured", "cut", "from", "to", "age_sec", "expires_sec"}
# seconds, as Linux has them
PATIENCE = {"SYN_SENT": 120, "SYN_RECV": 60, "ESTABLISHED": 432000, "FIN_WAIT": 120,
            "CLOSE_WAIT": 60, "LAST_ACK": 30, "TIME_WAIT": 120, "CLOSE": 10, "UDP": 30,
            "UDP_STREAM": 120, "ICMP": 30, "ICMPV6": 30, "GENERIC": 600}


def web(**others):
    return site([PEER.free(), VM.port("web")], [WEB], **others)


def call(flags, seq=1001, ack=501, load=b"", family=4, port=1000):
    """From the client."""
    return PEER.says(VM, tcp(port, 80, flags, seq, ack, load), family)


def answer(flags, seq=501, ack=1001, load=b"", family=4, port=1000):
    """From the server."""
    return VM.says(PEER, tcp(80, port, flags, seq, ack, load), family)


def is_in(talk, state, **others):
    """The only connection is in this state, and as patient as it may be."""
    __tracebackhide__ = True
    rows = talk.connections()
    assert [row["state"] for row in rows] == [state], rows
    left = rows[0]["expires_sec"]
    assert PATIENCE[state] - 10 <= left <= PATIENCE[state], rows
    assert others.items() <= rows[0].items(), rows


def opens(talk, family=4, port=1000):
    """A TCP connection, up to ESTABLISHED."""
    talk.passes(PEER, call("S", 1000, 0, family=family, port=port), to=VM)
    talk.passes(VM, answer("SA", 500, family=family, port=port), to=PEER)
    talk.passes(PEER, call("A", family=family, port=port), to=VM)


# Lives.


@proves("S47")
@both_families
def test_a_tcp_connection_lives_and_is_closed_by_the_server(switch, family):
    talk = Talk(switch, web())
    talk.passes(PEER, call("S", 1000, 0, family=family), to=VM)
    is_in(talk, "SYN_SENT", replied=False, assured=False)
    talk.passes(VM, answer("SA", 500, family=family), to=PEER)
    is_in(talk, "SYN_RECV", replied=True)
    talk.passes(PEER, call("A", family=family), to=VM)
    is_in(talk, "ESTABLISHED", replied=True, assured=True)
    talk.passes(PEER, call("PA", load=b"question", family=family), to=VM)
    talk.passes(VM, answer("PA", ack=1009, load=b"answer", family=family), to=PEER)
    is_in(talk, "ESTABLISHED", replied=True, assured=True)
    talk.passes(VM, answer("FA", 507, 1009, family=family), to=PEER)
    is_in(talk, "FIN_WAIT", assured=True)
    talk.passes(PEER, call("A", 1009, 508, family=family), to=VM)
    is_in(talk, "CLOSE_WAIT")
    talk.passes(PEER, call("FA", 1009, 508, family=family), to=VM)
    is_in(talk, "LAST_ACK")
    talk.passes(VM, answer("A", 508, 1010, family=family), to=PEER)
    is_in(talk, "TIME_WAIT")
    talk.ends()


def test_a_tcp_connection_is_closed_by_the_client(switch):
    talk = Talk(switch, web())
    opens(talk)
    for who, to, what, state in ((PEER, VM, call("FA"), "FIN_WAIT"),
                                 (VM, PEER, answer("A", ack=1002), "CLOSE_WAIT"),
                                 (VM, PEER, answer("FA", ack=1002), "LAST_ACK"),
                                 (PEER, VM, call("A", 1002, 502), "TIME_WAIT")):
        talk.passes(who, what, to=to)
        is_in(talk, state)
    talk.ends()


def test_both_ends_close_at_once(switch):
    talk = Talk(switch, web())
    opens(talk)
    talk.passes(PEER, call("FA"), to=VM)
    talk.passes(VM, answer("FA"), to=PEER)
    talk.passes(PEER, call("A", 1002, 502), to=VM)
    talk.passes(VM, answer("A", 502, 1002), to=PEER)
    is_in(talk, "TIME_WAIT")
    talk.ends()


@proves("S47")
@pytest.mark.parametrize("who", ("client", "server"))
def test_a_reset_closes(switch, who):
    talk = Talk(switch, web())
    opens(talk)
    if who == "client":
        talk.passes(PEER, call("R", 1001, 0), to=VM)
    else:
        talk.passes(VM, answer("RA"), to=PEER)
    is_in(talk, "CLOSE")
    talk.ends()


def test_a_refused_connection_is_forgotten(switch):
    """SYN, and RST as the answer: as Linux, which remembers no connection that never was."""
    talk = Talk(switch, web())
    talk.passes(PEER, call("S", 1000, 0), to=VM)
    talk.passes(VM, answer("RA", 0, 1001), to=PEER)
    wait_until(lambda: talk.connections() == [], "it is forgotten", talk.connections)
    talk.ends()


def test_a_connection_may_begin_again(switch):
    """A new SYN of the same ports, after the first life is over."""
    talk = Talk(switch, web())
    opens(talk)
    talk.passes(PEER, call("R", 1001, 0), to=VM)
    talk.passes(PEER, call("S", 90000, 0), to=VM)
    is_in(talk, "SYN_SENT")
    talk.passes(VM, answer("SA", 70000, 90001), to=PEER)
    talk.passes(PEER, call("A", 90001, 70001), to=VM)
    is_in(talk, "ESTABLISHED")
    talk.ends()


def test_windows_are_liberal(switch):
    """Numbers far away from what was said before are the ends' business."""
    talk = Talk(switch, web())
    opens(talk)
    talk.passes(PEER, call("PA", seq=3_000_000_000, ack=7, load=b"far"), to=VM)
    talk.passes(VM, answer("PA", seq=4_000_000_000, ack=9, load=b"away"), to=PEER)
    is_in(talk, "ESTABLISHED", assured=True)
    talk.ends()


@proves("S47")
@both_families
def test_a_connection_is_picked_up_in_the_middle(switch, family):
    """As after a restart of the switch. Until it is answered, patience with it is small."""
    talk = Talk(switch, web())
    talk.passes(PEER, call("PA", load=b"still there?", family=family), to=VM)
    row, = talk.connections()
    assert (row["state"], row["replied"], row["expires_sec"] <= 300) == ("ESTABLISHED", False, True)
    talk.passes(VM, answer("A", ack=1013, family=family), to=PEER)
    row, = talk.connections()
    assert (row["state"], row["replied"]) == ("ESTABLISHED", True)
    talk.ends()


@both_families
def test_udp_is_a_stream_after_the_reply(switch, family):
    talk = Talk(switch, web())
    asks, answers = PEER.says(VM, udp(9, 53), family), VM.says(PEER, udp(53, 9), family)
    talk.passes(PEER, asks, asks, to=VM)
    is_in(talk, "UDP", replied=False, protocol="udp")
    talk.passes(VM, answers, to=PEER)
    talk.passes(PEER, asks, to=VM)
    is_in(talk, "UDP_STREAM", replied=True, protocol="udp")
    talk.ends()


@both_families
def test_an_echo(switch, family):
    state = {4: "ICMP", 6: "ICMPV6"}[family]
    talk = Talk(switch, web())
    talk.passes(PEER, PEER.says(VM, ping(family), family), to=VM)
    is_in(talk, state, replied=False, protocol=ping_name(family))
    talk.passes(VM, VM.says(PEER, pong(family), family), to=PEER)
    is_in(talk, state, replied=True)
    talk.ends()


@both_families
def test_other_protocols_are_known_by_their_addresses(switch, family):
    talk = Talk(switch, web())
    talk.passes(PEER, PEER.says(VM, gre(), family), to=VM)
    is_in(talk, "GENERIC", replied=False)
    talk.passes(VM, VM.says(PEER, gre(b"tfew"), family), to=PEER)
    is_in(talk, "GENERIC", replied=True)
    talk.ends()


def test_a_row_tells_who_and_where(switch):
    talk = Talk(switch, web())
    opens(talk)
    talk.passes(PEER, PEER.says(VM, udp(9, 53), 6), to=VM)
    rows = {row["protocol"]: row for row in talk.connections()}
    assert rows.keys() == {"tcp", "udp"} and all(COLUMNS <= row.keys() for row in rows.values())
    common = {"network": "blue", "from": None, "to": "vm"}
    assert {**common, "source": PEER.ip(), "source_port": 1000, "destination": VM.ip(),
            "destination_port": 80}.items() <= rows["tcp"].items(), rows
    assert {**common, "source": PEER.ip(6), "source_port": 9, "destination": VM.ip(6),
            "destination_port": 53}.items() <= rows["udp"].items(), rows
    assert all(0 <= row["age_sec"] < 60 for row in rows.values())
    text = talk.switch.says("connection list")
    assert "ESTABLISHED" in text and VM.ip(6) in text
    assert talk.switch.json("port show vm")["connections"] == 2
    assert talk.switch.json("stat show")["connections"] == 2
    assert talk.switch.json("status")["connections"] == 2
    talk.ends()


def test_patience_is_configured(switch):
    words = {"tcp-syn-sent": 77, "udp": 78, "icmp": 79, "generic": 80}
    talk = Talk(switch, web(connection_timeouts=words))
    talk.passes(PEER, call("S"), PEER.says(VM, udp(9, 53)), PEER.says(VM, ping()),
                PEER.says(VM, gre()), to=VM)
    left = {row["state"]: row["expires_sec"] for row in talk.connections()}
    expected = {"SYN_SENT": 77, "UDP": 78, "ICMP": 79, "GENERIC": 80}
    assert left.keys() == expected.keys()
    assert all(expected[state] - 10 <= left[state] <= expected[state] for state in left), left
    talk.ends()


@pytest.mark.slow
def test_a_silent_connection_is_forgotten_and_its_reply_dies(switch):
    talk = Talk(switch, web(connection_timeouts={"udp": 10, "udp-stream": 10}))
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    wait_until(lambda: talk.connections() == [], "it is forgotten", patience_sec=30)
    assert switch.json("stat show")["connections"] == 0
    talk.refuses(VM, VM.says(PEER, udp(53, 9)), why="admit/not-allowed")
    talk.ends()


# What begins none.


IMPOSSIBLE = ("", "SF", "SR", "SFR", "F", "FPU", "SRFPAU", "FR", "SFA", "SRA", "P", "U", "PU",
              "FRA", "FP", "FU")
NOT_FIRST = ("SA", "SAP", "R", "RA", "FA", "FPA")
FIRST = ("S", "SEC", "SU", "A", "PA", "AU", "AE")


@proves("S47")
@pytest.mark.parametrize("family", (4, 6))
def test_impossible_flags_are_refused(switch, family):
    talk = Talk(switch, web())
    talk.refuses(PEER, *(call(flags, family=family) for flags in IMPOSSIBLE),
                 why="deliver/invalid")
    assert talk.connections() == []
    opens(talk, family)
    talk.refuses(PEER, *(call(flags, family=family) for flags in IMPOSSIBLE),
                 why="deliver/invalid")
    talk.refuses(VM, *(answer(flags, family=family) for flags in IMPOSSIBLE), why="admit/invalid")
    is_in(talk, "ESTABLISHED", assured=True)
    talk.ends()


@proves("S47")
def test_some_flags_do_not_come_first(switch):
    talk = Talk(switch, web())
    talk.refuses(PEER, *(call(flags) for flags in NOT_FIRST), why="deliver/invalid")
    assert talk.connections() == []
    talk.ends()


def test_some_flags_may_come_first(switch):
    talk = Talk(switch, web())
    talk.passes(PEER, *(call(flags, port=1000 + number) for number, flags in enumerate(FIRST)),
                to=VM)
    assert len(talk.connections()) == len(FIRST)
    talk.ends()


@proves("S47")
def test_what_was_refused_is_no_connection(switch):
    talk = Talk(switch, web())
    talk.refuses(PEER, PEER.says(VM, tcp(1000, 81)), PEER.says(VM, udp(9, 54)),
                 why="deliver/not-allowed")
    talk.refuses(VM, VM.says(PEER, udp(7, 7)), why="admit/not-allowed")
    talk.refuses(VM, VM.says(PEER, udp(54, 9)), why="admit/not-allowed")
    assert talk.connections() == []
    talk.ends()


@proves("S47")
def test_what_the_other_end_refused_is_no_connection(switch):
    """The first port lets it out and the second one does not let it in; so no reply passes."""
    groups = [group("out", egress("udp", 53)), group("deaf", ingress("tcp", 1))]
    talk = Talk(switch, site([PEER.port("out"), VM.port("deaf")], groups))
    talk.refuses(PEER, PEER.says(VM, udp(9, 53)), why="deliver/not-allowed")
    assert talk.connections() == []
    talk.refuses(VM, VM.says(PEER, udp(53, 9)), why="deliver/not-allowed")
    talk.ends()


UNDELIVERED = {
    "its port is down": (dict(admin="down"), {"vm": {"admit/port-down", "deliver/port-down"}}),
    "it is too big": (dict(mtu=500), {"vm": {"deliver/too-big"}}),
}


@pytest.mark.parametrize("what", UNDELIVERED)
def test_what_was_not_delivered_is_no_connection(switch, what):
    """A connection is of packets that arrived."""
    words, why = UNDELIVERED[what]
    talk = Talk(switch, site([PEER.free(**words), VM.port()]))
    talk.refuses(VM, VM.says(PEER, udp(9, 53, bytes(1000))), why=why["vm"])
    assert talk.connections() == []
    talk.ends()


def test_what_is_spoofed_is_no_connection(switch):
    talk = Talk(switch, site([PEER.free(), VM.port()]))
    talk.refuses(VM, frame(VM.mac, PEER.mac, packet(THIRD.ip(), PEER.ip(), udp(9, 53))),
                 why="admit/ip-spoofed")
    assert talk.connections() == []
    talk.ends()


def test_an_answer_without_a_question_is_no_connection(switch):
    talk = Talk(switch, web())
    talk.refuses(PEER, PEER.says(VM, pong()), PEER.says(VM, pong(6), 6),
                 PEER.says(VM, ICMP(type=14, id=7)), why=REFUSED["ingress"])
    assert talk.connections() == []
    talk.ends()


# Lists and flushes.


def crowd(switch):
    """Six connections of two guests in two networks."""
    red = {**THIRD.port("web"), "network": "red"}
    there = {**PEER.free(), "name": "redpeer", "network": "red"}
    talk = Talk(switch, site([PEER.free(), VM.port("web"), there, red], [WEB]))
    talk.passes(PEER, call("S"), call("S", port=1001), PEER.says(VM, udp(9, 53)),
                PEER.says(VM, ping(6), 6), to=VM)
    talk.passes("redpeer", PEER.says(THIRD, tcp(1000, 80)), PEER.says(THIRD, udp(9, 53)), to=THIRD)
    assert len(talk.connections()) == 6
    return talk


FILTERS = {
    "network": (("--network", "red"), 2),
    "port": (("--port", "vm"), 4),
    "a port without groups": (("--port", "peer"), 0),
    "address": (("--address", VM.ip()), 3),
    "the other address": (("--address", PEER.ip()), 5),
    "an IPv6 address": (("--address", VM.ip(6)), 1),
    "protocol": (("--protocol", "tcp"), 3),
    "another protocol": (("--protocol", "icmpv6"), 1),
    "two words": (("--network", "blue", "--protocol", "udp"), 1),
    "nobody's address": (("--address", "10.9.9.9"), 0),
    "nothing": ((), 6),
}


def test_connections_are_listed_by(switch):
    talk = crowd(switch)
    for what, (words, number) in FILTERS.items():
        assert len(talk.connections(*words)) == number, what
    talk.ends()


def test_connections_are_flushed_by(switch):
    """As many as are listed, those, and no others."""
    talk = crowd(switch)
    for what in ("an IPv6 address", "two words", "network", "port", "nothing"):
        words, rest = FILTERS[what][0], len(talk.connections())
        number = len(talk.connections(*words))
        assert switch.json("connection", "flush", *words) == {"flushed": number}, what
        assert (talk.connections(*words), len(talk.connections())) == ([], rest - number), what
        assert switch.json("connection", "flush", *words) == {"flushed": 0}
        wait_until(lambda left=rest - number: switch.json("stat show")["connections"] == left,
                   f"they are not counted: {what}")
    talk.ends()


def test_filters_that_name_nothing_are_refused(switch):
    switch.starts(web())
    for words in ("connection list --network nowhere", "connection flush --port nobody",
                  "connection list --address colour", "connection flush --protocol nonsense"):
        answered = switch.ctl(words)
        assert answered.returncode in (1, 2) and answered.stderr.strip(), words


@proves("S47")
def test_after_a_flush_replies_die(switch):
    talk = Talk(switch, web())
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), PEER.says(VM, udp(10, 53)), to=VM)
    talk.passes(VM, VM.says(PEER, udp(53, 9)), VM.says(PEER, udp(53, 10)), to=PEER)
    assert switch.json("connection flush") == {"flushed": 2}
    talk.refuses(VM, VM.says(PEER, udp(53, 9)), why="admit/not-allowed")
    talk.passes(PEER, PEER.says(VM, udp(9, 53)), to=VM)
    talk.passes(VM, VM.says(PEER, udp(53, 9)), to=PEER)
    talk.refuses(VM, VM.says(PEER, udp(53, 10)), why="admit/not-allowed")
    talk.ends()


def test_networks_keep_their_connections_apart(switch):
    """The same addresses and ports in both: each has its own state."""
    twins = [{**port, "name": port["name"] + network, "network": network}
             for network in ("blue", "red") for port in (PEER.free(), VM.port("web"))]
    talk = Talk(switch, site(twins, [WEB]))
    talk.passes("peerblue", call("S", 1000, 0), to="vmblue")
    talk.refuses("vmred", answer("SA"), why=REFUSED["egress"])
    talk.passes("vmblue", answer("SA"), to="peerblue")
    talk.passes("peerred", call("S", 1000, 0), to="vmred")
    assert {row["network"]: row["state"] for row in talk.connections()} == \
        {"blue": "SYN_RECV", "red": "SYN_SENT"}
    assert switch.json("connection flush --network blue") == {"flushed": 1}
    talk.refuses("vmblue", answer("SA"), why=REFUSED["egress"])
    talk.passes("vmred", answer("SA"), to="peerred")
    talk.ends()


def test_two_connections_that_differ_in_one_port(switch):
    talk = Talk(switch, web())
    talk.passes(PEER, call("S", port=1000), call("S", port=1001), to=VM)
    talk.passes(VM, answer("RA", port=1000), to=PEER)
    wait_until(lambda: [(row["source_port"], row["state"]) for row in talk.connections()] ==
               [(1001, "SYN_SENT")], "one is left", talk.connections)
    talk.ends()


def test_many_connections_are_listed_completely(switch):
    """And each knows its reply."""
    ports = range(2000, 5000)
    talk = Talk(switch, web())
    talk.passes(PEER, *(PEER.says(VM, udp(port, 53, b"")) for port in ports), to=VM)
    rows = talk.connections("--limit", "0")
    assert {row["source_port"] for row in rows} == set(ports) and len(rows) == len(ports)
    assert len(talk.connections()) == 1000 and len(talk.connections("--limit", "7")) == 7
    talk.passes(VM, *(VM.says(PEER, udp(53, port, b"")) for port in ports), to=PEER)
    assert all(row["replied"] for row in talk.connections("--limit", "0"))
    assert switch.json("connection flush") == {"flushed": len(ports)}
    talk.ends()


def test_the_two_directions_are_one_row(switch):
    """Also if the guest's own question follows the same ports the other way round."""
    talk = Talk(switch, site([PEER.free(), VM.port("web")],
                             [group("web", ingress("udp"), rule("egress", "udp"))]))
    talk.passes(PEER, PEER.says(VM, udp(500, 500)), to=VM)
    talk.passes(VM, VM.says(PEER, udp(500, 500)), to=PEER)
    assert len(talk.connections()) == 1
    talk.ends()


def test_a_first_packet_of_sctp_is_a_connection_by_ports_or_addresses(switch):
    talk = Talk(switch, web())
    talk.passes(PEER, PEER.says(VM, sctp(9, 80)), to=VM)
    assert talk.states() == ["GENERIC"]
    talk.ends()


def test_data_in_a_syn_does_no_harm(switch):
    talk = Talk(switch, web())
    talk.passes(PEER, call("S", load=b"fast open"), to=VM)
    is_in(talk, "SYN_SENT")
    talk.passes(PEER, PEER.says(VM, TCP(sport=1000, dport=80, flags="S", seq=1000,
                                        options=[("MSS", 1400), ("WScale", 7)])), to=VM)
    is_in(talk, "SYN_SENT")
    talk.ends()


@proves("S47")
@pytest.mark.parametrize("answers", (VM, THIRD), ids=lambda guest: guest.name)
def test_a_connection_is_its_who_answers_when_the_first_packet_was_flooded(switch, answers):
    """Nobody knows where the MAC is, and two ports of one group let it through."""
    def place(*rules):
        config = site([VM.port("web"), THIRD.port("web")], [group("web", *rules, on_change="persist")],
                      wired=[WIRED])
        config["networks"][0]["static-macs"] = [{"mac": WIRED.mac, "physical-network": WIRED.name}]
        return config

    def heard(to, sender, inside):
        return frame(sender.mac, to.mac, packet(sender.ip(), to.ip(), inside), vlan=to.vlan or ())

    asks = WIRED.says(answers, tcp(1000, 80))
    talk = Talk(switch, place(ingress("tcp", 80)))
    talk.says(WIRED, asks, hears={guest: heard(answers, WIRED, tcp(1000, 80)) for guest in (VM, THIRD)})
    assert [row["to"] in ("vm", "third") for row in talk.connections()] == [True]
    talk.says(answers, answers.says(WIRED, tcp(80, 1000, "SA")),
              hears={WIRED: heard(WIRED, answers, tcp(80, 1000, "SA"))})
    assert [(row["from"], row["to"]) for row in talk.connections()] == [(None, answers.name)]
    talk.becomes(place(ingress("udp", 53)))
    talk.says(WIRED, WIRED.says(answers, tcp(1000, 80, "A")),
              hears={answers: heard(answers, WIRED, tcp(1000, 80, "A"))})
    assert {name: switch.json("port", "show", name)["connections"] for name in ("vm", "third")} == \
        {"vm": 0, "third": 0, answers.name: 1}
    talk.ends()
