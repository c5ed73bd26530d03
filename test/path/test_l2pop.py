# SPDX-License-Identifier: BSD-3-Clause
"""L2 population: what is known beforehand is answered here, and found without flooding."""
from ipaddress import IPv6Address

import pytest
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import ARP

from frames import A, B, C, D, EVERYBODY, frame, mac, write_pcap
from harness import wait_until
from overlays import ONE_OF_EACH, OTHER, PEER, WIRE, Street, Tunnel, padded
from words import proves

VXLAN = Tunnel("vxlan")
E, F = mac(0x0E), mac(0x0F)
NOBODY = "00:00:00:00:00:00"
one_of_each = pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)

# vm1 and vm2 are known with MAC and addresses, vm3 may be anybody, and so nobody beforehand.
GUESTS = [{"name": "vm1", "network": "blue", "mac": A, "addresses": ["10.0.0.10", "fd00::a"]},
          {"name": "vm2", "network": "blue", "mac": B, "addresses": ["10.0.0.11", "fd00::b"]},
          {"name": "vm3", "network": "blue"}]
ELSEWHERE = [(C, "10.0.0.7", PEER), (C, "fd00::7", PEER), (D, "10.0.0.8", OTHER), (E, None, OTHER)]
PORTS = [port["name"] for port in GUESTS]


def populated(tunnel=VXLAN, knows=ELSEWHERE, ports=(), **network):
    return tunnel.config(ports=[dict(port) for port in GUESTS] +
                         [{"name": name, "network": "blue"} for name in ports],
                         knows=knows, **network)


def is_ipv6(ip):
    return ":" in ip


def asks(who, ip, for_ip, to=None, lladdr=True):
    """ARP request or neighbour solicitation; `ip` may be none: is this address free?"""
    if not is_ipv6(for_ip):
        return frame(who, to or EVERYBODY, ARP(op=1, hwsrc=who, psrc=ip or "0.0.0.0",
                                               hwdst=NOBODY, pdst=for_ip))
    last = IPv6Address(for_ip).packed[-3:]
    group = f"ff02::1:ff{last[0]:02x}:{last[1:].hex()}"
    inside = IPv6(src=ip or "::", dst=for_ip if to else group, hlim=255) / ICMPv6ND_NS(tgt=for_ip)
    if ip and lladdr:
        inside = inside / ICMPv6NDOptSrcLLAddr(lladdr=who)
    return frame(who, to or "33:33:ff:" + last.hex(":"), inside)


def tells(owner, ip, to=None, to_ip=None, override=1):
    """The answer to one that asked; without `to_ip`, to all."""
    if not is_ipv6(ip):
        return frame(owner, to or EVERYBODY, ARP(op=2, hwsrc=owner, psrc=ip, hwdst=to or EVERYBODY,
                                                 pdst=to_ip or ip))
    inside = IPv6(src=ip, dst=to_ip or "ff02::1", hlim=255) / \
        ICMPv6ND_NA(tgt=ip, R=0, S=int(bool(to_ip)), O=override) / \
        ICMPv6NDOptDstLLAddr(lladdr=owner)
    return frame(owner, to if to_ip else "33:33:00:00:00:01", inside)


def answers(owner, ip, to, to_ip):
    """What the switch tells the asker in the owner's name."""
    return padded(tells(owner, ip, to, to_ip))


def floods(tunnel, *frames):
    return [tunnel.leaves(data, to=peer) for data in frames for peer in (PEER, OTHER)]


# Answers.

KNOWN = [("10.0.0.7", C), ("10.0.0.8", D), ("10.0.0.11", B), ("fd00::7", C), ("fd00::b", B)]


def own(ip):
    return "fd00::a" if is_ipv6(ip) else "10.0.0.10"


@proves("S31", "S49")
@one_of_each
def test_a_known_address_is_answered_to_the_asker_alone(switch, tunnel):
    """For guests here and elsewhere; nothing crosses the tunnel, nobody else is disturbed."""
    tunnel.carries(switch, populated(tunnel),
                   sends={"vm1": [asks(A, own(ip), ip) for ip, _ in KNOWN]},
                   delivers={"vm1": [answers(owner, ip, A, own(ip)) for ip, owner in KNOWN]})


@proves("S49")
def test_an_answer_is_as_long_as_a_frame_must_be(switch):
    """Questions come padded or not, and with or without the asker's link-layer address."""
    VXLAN.starts(switch, populated(), sends={"vm1": [
        padded(asks(A, "10.0.0.10", "10.0.0.7")),
        asks(A, "10.0.0.10", "10.0.0.7").ljust(100, b"\xAA"),
        asks(A, "fd00::a", "fd00::7", lladdr=False), asks(A, "fd00::a", "fd00::7") + b"trailer"]})
    heard = switch.hears("vm1")
    assert [data[:42] for data in heard[:2]] == [tells(C, "10.0.0.7", A, "10.0.0.10")] * 2
    assert all(set(data[42:]) <= {0} for data in heard[:2])
    answer = tells(C, "fd00::7", A, "fd00::a")
    assert [data[:len(answer)] for data in heard[2:]] == [answer] * 2
    VXLAN.ends(switch, delivers={"vm1": heard})


@proves("S49")
def test_an_unknown_address_is_asked_for_everywhere(switch):
    """By default; so are guests here that have not said, in the configuration, who they are."""
    questions = [asks(A, own(ip), ip) for ip in ("10.0.0.99", "10.0.0.12", "fd00::99")]
    VXLAN.carries(switch, populated(), sends={"vm1": questions},
                  delivers={"vm2": questions, "vm3": questions, WIRE: floods(VXLAN, *questions)})


@proves("S49")
@one_of_each
def test_questions_for_unknown_addresses_may_be_dropped(switch, tunnel):
    """Known ones are answered as before, and any other broadcast is a broadcast."""
    questions = [asks(A, own(ip), ip) for ip in ("10.0.0.99", "fd00::99", "10.0.0.7")]
    hello = frame(A, EVERYBODY)
    tunnel.carries(switch, populated(tunnel, unknown_addresses="drop"),
                   sends={"vm1": questions + [hello, asks(A, "10.0.0.10", "10.0.0.99", to=C)]},
                   delivers={"vm1": [answers(C, "10.0.0.7", A, "10.0.0.10")],
                             "vm2": [hello], "vm3": [hello],
                             WIRE: floods(tunnel, hello) +
                             [tunnel.leaves(asks(A, "10.0.0.10", "10.0.0.99", to=C))]},
                   drops={"vm1": {"answer/unknown-address": 2}})


@proves("S49")
@pytest.mark.parametrize("policy", ["flood", "drop"])
def test_questions_from_a_tunnel_are_delivered(switch, policy):
    """Whoever asks from there has asked the guests here: they answer themselves."""
    questions = [asks(C, "10.0.0.7", "10.0.0.10"), asks(C, "10.0.0.7", "10.0.0.99"),
                 asks(C, "fd00::7", "fd00::a"), asks(C, "fd00::7", "fd00::99")]
    VXLAN.carries(switch, populated(unknown_addresses=policy),
                  sends={WIRE: [VXLAN.arrives(question) for question in questions]},
                  delivers={port: questions for port in PORTS})


@proves("S49")
@pytest.mark.parametrize("policy", ["flood", "drop"])
def test_questions_for_ones_own_address_reach_all(switch, policy):
    """Duplicate address detection and gratuitous ARP: others must hear them."""
    mine = [asks(A, None, "fd00::a"), asks(A, None, "10.0.0.10"),
            asks(A, "10.0.0.10", "10.0.0.10"), tells(A, "10.0.0.10"), tells(A, "fd00::a")]
    VXLAN.carries(switch, populated(unknown_addresses=policy), sends={"vm1": mine},
                  delivers={"vm2": mine, "vm3": mine, WIRE: floods(VXLAN, *mine)})


@proves("S49")
def test_who_wants_a_taken_address_is_told(switch):
    """RFC 4862, 5.4.4: to all nodes, by its owner; RFC 5227: as any question. Only the asker hears
    it, which is enough: it was the only one that had a doubt."""
    VXLAN.carries(switch, populated(), sends={
        "vm3": [asks(F, None, ip) for ip in ("fd00::7", "fd00::b", "10.0.0.7")]},
        delivers={"vm3": [tells(C, "fd00::7"), tells(B, "fd00::b"),
                          answers(C, "10.0.0.7", F, "0.0.0.0")]})


@proves("S49")
def test_direct_questions_go_to_the_one_that_is_asked(switch):
    """Is it still there? Only the host itself can say."""
    to_c = [asks(A, "10.0.0.10", "10.0.0.7", to=C), asks(A, "fd00::a", "fd00::7", to=C)]
    to_b = [asks(A, "10.0.0.10", "10.0.0.11", to=B)]
    VXLAN.carries(switch, populated(), sends={"vm1": to_c + to_b},
                  delivers={"vm2": to_b, WIRE: [VXLAN.leaves(data) for data in to_c]})


@proves("S49")
def test_broken_questions_are_not_answered(switch):
    """They are broadcasts like any other: also those with what a router would have changed."""
    arp, ns = asks(A, "10.0.0.10", "10.0.0.7"), asks(F, "fd00::f", "fd00::7")
    broken = [arp[:38], arp[:14] + b"\0\2" + arp[16:], arp[:20] + b"\0\3" + arp[22:],
              arp[:18] + b"\5" + arp[19:]]
    broken6 = [ns[:21] + b"\xFE" + ns[22:], ns[:56] + b"\xBA\xAD" + ns[58:], ns[:14 + 40 + 20]]
    frames = [frame(F, EVERYBODY, data[14:], ethertype=0x0806) for data in broken] + broken6
    VXLAN.carries(switch, populated(), sends={"vm3": frames},
                  delivers={"vm1": frames, "vm2": frames, WIRE: floods(VXLAN, *frames)})


@proves("S11", "S49")
def test_what_one_network_knows_no_other_does(switch):
    networks = [VXLAN.network("blue", knows=[(C, "10.0.0.7", PEER)]), VXLAN.network("red", 2),
                {"name": "home", "type": "local"}]
    ports = [{"name": "vm1", "network": "blue", "mac": A, "addresses": ["10.0.0.10"]},
             {"name": "vm-red", "network": "red"}, {"name": "vm-home", "network": "home"},
             {"name": "vm-home2", "network": "home", "mac": A, "addresses": ["10.0.0.10"]}]
    questions = [asks(F, "10.0.0.15", "10.0.0.7"), asks(F, "10.0.0.15", "10.0.0.10")]
    VXLAN.carries(switch, VXLAN.config(networks=networks, ports=ports),
                  sends={"vm-red": questions, "vm-home": questions},
                  delivers={WIRE: [VXLAN.leaves(data, 2, peer) for data in questions
                                   for peer in (PEER, OTHER)], "vm-home2": questions})


# The table of addresses.


def rows(switch, *filters):
    return {(row["mac"], row["port"], row["endpoint"], row["origin"])
            for row in switch.json("fdb", "list", *filters)}


POPULATED = {(A, "vm1", None, "l2pop"), (B, "vm2", None, "l2pop"), (C, WIRE, PEER.ip(4), "l2pop"),
             (D, WIRE, OTHER.ip(4), "l2pop"), (E, WIRE, OTHER.ip(4), "l2pop")}


@proves("S27", "S49", "S50")
@one_of_each
def test_known_guests_are_found_without_flooding(switch, tunnel):
    """The first frame to them already goes to one place, here or elsewhere."""
    tunnel.starts(switch, populated(tunnel), sends={
        "vm1": [frame(A, guest) for guest in (B, C, D, E)]})
    assert {(where, origin) for _, where, _, origin in rows(switch)} == \
        {("vm1", "l2pop"), ("vm2", "l2pop"), (WIRE, "l2pop")} | \
        {(where, origin) for mac_, where, _, origin in rows(switch) if mac_ == A}
    assert {(C, WIRE, tunnel.says(PEER), "l2pop"), (D, WIRE, tunnel.says(OTHER), "l2pop")} <= \
        rows(switch)
    tunnel.ends(switch, delivers={"vm2": [frame(A, B)], WIRE: [
        tunnel.leaves(frame(A, C)), tunnel.leaves(frame(A, D), to=OTHER),
        tunnel.leaves(frame(A, E), to=OTHER)]})


@proves("S49", "S50")
def test_what_was_preloaded_is_back_after_a_flush(switch):
    """What is heard wins, until it is forgotten."""
    moved = [VXLAN.arrives(frame(guest, EVERYBODY), src=PEER) for guest in (D, F)]
    VXLAN.starts(switch, populated(), sends={WIRE: moved})
    assert rows(switch) == POPULATED - {(D, WIRE, OTHER.ip(4), "l2pop")} | \
        {(D, WIRE, PEER.ip(4), "learned"), (F, WIRE, PEER.ip(4), "learned")}
    switch.json("fdb flush")
    assert rows(switch) == POPULATED
    late = populated(ports=["vm4"])
    switch.applies(late, sends={"vm4": [frame(mac(0x55), D)]})
    heard = [frame(D, EVERYBODY), frame(F, EVERYBODY)]
    VXLAN.ends(switch, delivers={**{port: heard for port in PORTS},
                                 WIRE: [VXLAN.leaves(frame(mac(0x55), D), to=OTHER)]})


@proves("S49")
def test_a_guest_that_is_known_here_and_heard_elsewhere_has_moved(switch):
    """Until it speaks here again: a live migration, and one that failed."""
    street = Street(switch, lanes=(WIRE, "vm2"))
    street.joins(populated())
    for lane, data in ((WIRE, VXLAN.arrives(frame(B, EVERYBODY))), ("vm2", frame(B, A)),
                       (WIRE, VXLAN.arrives(frame(B, A)))):
        street.says(data, lane=lane)
        wait_until(lambda lane=lane: [where for guest, where, *_ in rows(switch) if guest == B] ==
                   [lane], f"B is at {lane}", lambda: switch.says("fdb list"))
    street.ends()


@proves("S37", "S49", "S50")
def test_neighbours_change_at_run_time_without_touching_others(switch):
    """One goes, one comes, one moves; answers, and frames, follow. What was learned, stays."""
    knows = [(C, "10.0.0.7", PEER), (D, "10.0.0.8", OTHER), (E, "10.0.0.9", PEER)]
    VXLAN.starts(switch, populated(knows=knows),
                 sends={WIRE: [VXLAN.arrives(frame(F, A), src=OTHER)]})
    changed = [(C, "10.0.0.7", PEER), (E, "10.0.0.9", OTHER), (mac(0x77), "10.0.0.77", PEER)]
    answer = switch.applies(populated(knows=changed))
    assert [(row["action"], row["noun"], row["name"]) for row in answer["changes"]] == \
        [("change", "network", "blue")]
    assert {row for row in rows(switch) if row[1] == WIRE} == {
        (C, WIRE, PEER.ip(4), "l2pop"), (E, WIRE, OTHER.ip(4), "l2pop"),
        (mac(0x77), WIRE, PEER.ip(4), "l2pop"), (F, WIRE, OTHER.ip(4), "learned")}
    late, ip = mac(0x44), "10.0.0.44"
    questions = [asks(late, ip, address) for address in
                 ("10.0.0.7", "10.0.0.9", "10.0.0.77", "10.0.0.8")]
    unicast = [frame(late, guest) for guest in (C, E, mac(0x77), F)]
    switch.applies(populated(knows=changed, ports=["vm4"]), sends={"vm4": questions + unicast})
    lost = questions[3]
    VXLAN.ends(switch, delivers={
        "vm4": [answers(C, "10.0.0.7", late, ip), answers(E, "10.0.0.9", late, ip),
                answers(mac(0x77), "10.0.0.77", late, ip)],
        "vm1": [frame(F, A), lost], "vm2": [lost], "vm3": [lost],
        WIRE: floods(VXLAN, lost) + [VXLAN.leaves(data, to=peer) for data, peer in
                                     zip(unicast, (PEER, OTHER, PEER, OTHER))]})


@proves("S37", "S49")
def test_addresses_of_ports_change_at_run_time(switch):
    config = populated()
    VXLAN.starts(switch, config)
    config = populated(ports=["vm4"])
    config["ports"][1]["addresses"] = ["10.0.0.12"]
    del config["ports"][2]
    late, ip = mac(0x44), "10.0.0.44"
    lost = asks(late, ip, "10.0.0.11")
    switch.applies(config, sends={"vm4": [asks(late, ip, "10.0.0.12"), lost]})
    VXLAN.ends(switch, delivers={"vm4": [answers(B, "10.0.0.12", late, ip)], "vm1": [lost],
                                 "vm2": [lost], WIRE: floods(VXLAN, lost)})


# Addresses that move (VRRP and its like): what is heard wins over what was preloaded.


def after(switch, from_wire=(), from_vm3=(), from_vm2=(), ask="10.0.0.7"):
    """What vm4, that comes last, is told about an address, and all else that was heard."""
    late, ip = mac(0x44), "fd00::44" if is_ipv6(ask) else "10.0.0.44"
    VXLAN.starts(switch, populated(), sends={
        WIRE: [VXLAN.arrives(data, src=OTHER) for data in from_wire],
        "vm3": list(from_vm3), "vm2": list(from_vm2)})
    switch.applies(populated(ports=["vm4"]), sends={"vm4": [asks(late, ip, ask)]})
    heard = switch.hears("vm4")
    assert len(heard) == 1, heard
    for owner in (A, B, C, D, E, F):
        if heard == [answers(owner, ask, late, ip)]:
            return owner
    raise AssertionError(heard[0].hex(" "))


@proves("S49")
@pytest.mark.parametrize("ip", ["10.0.0.7", "fd00::7", "10.0.0.10"])
def test_an_address_that_moved_is_answered_with_its_new_mac(switch, ip):
    """Told by a tunnel, to all: an address elsewhere, and one that a port here should have."""
    assert after(switch, from_wire=[tells(F, ip)], ask=ip) == F
    rows_ = [row for row in switch.json("neighbour list --network blue") if row["address"] == ip]
    assert ("blue", ip, F, "learned") in \
        {(row["scope"], row["address"], row["mac"], row["origin"]) for row in rows_}


@proves("S49")
@pytest.mark.parametrize("ip", ["10.0.0.7", "fd00::7"])
def test_it_is_its_owners_again_when_that_speaks(switch, ip):
    assert after(switch, from_wire=[tells(F, ip), tells(C, ip)], ask=ip) == C


@proves("S49")
def test_a_guest_may_take_an_address_over_if_it_may_say_so(switch):
    """vm3 may say anything."""
    assert after(switch, from_vm3=[tells(F, "10.0.0.7")]) == F


@proves("S49")
def test_a_guest_that_may_not_say_so_takes_nothing_over(switch):
    """vm2 is held to its addresses."""
    assert after(switch, from_vm2=[tells(B, "10.0.0.7")]) == C
    assert switch.drops()["vm2"] == {"admit/arp-spoofed": 1}


@proves("S49")
def test_a_question_tells_where_its_sender_is(switch):
    """RFC 826: the sender's address of a question counts as well as that of an answer."""
    assert after(switch, from_wire=[asks(F, "10.0.0.7", "10.0.0.7")]) == F


@proves("S49")
def test_the_same_question_has_another_answer_when_the_address_has_moved(switch):
    street, heard = Street(switch, lanes=(WIRE, "vm1")), []
    street.joins(populated())

    def hears(data):
        heard.append(data)
        wait_until(lambda: len(street.hears("vm1")) >= len(heard), "vm1 hears", switch.stderr)
        assert street.hears("vm1") == heard

    def is_told(owner):
        street.says(asks(A, "10.0.0.10", "10.0.0.7"), lane="vm1")
        hears(answers(owner, "10.0.0.7", A, "10.0.0.10"))

    def says(owner):
        street.says(VXLAN.arrives(tells(owner, "10.0.0.7")))
        hears(tells(owner, "10.0.0.7"))

    is_told(C)
    says(F)
    is_told(F)
    says(C)
    is_told(C)
    street.ends()


# Trace.


@proves("S17", "S49")
def test_trace_shows_the_answer_and_gives_none(switch):
    VXLAN.starts(switch, populated(unknown_addresses="drop"))
    file = switch.folder / "trace.pcap"
    write_pcap(file, [asks(A, "10.0.0.10", "10.0.0.7"), asks(A, "10.0.0.10", "10.0.0.99")])
    known, unknown = (switch.json("trace", "vm1", "--pcap", file, "--packet", number)
                      for number in (1, 2))
    assert known["stages"][-1]["stage"] == "answer" and "answer" in known["verdict"]
    assert "10.0.0.7" in known["stages"][-1]["says"]
    assert "unknown-address" in unknown["verdict"]
    assert switch.json("stat show")["drops"] == switch.near
    VXLAN.ends(switch)
