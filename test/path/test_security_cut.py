# SPDX-License-Identifier: BSD-3-Clause
"""Connections that a change cuts, of a guest that may say anything: what it says of them is no new one."""
import pytest

from frames import frame
from secure import PEER, VM, WIRED, Talk, both_families, group, ingress, packet, site, tcp, udp
from test_security_changes import EVERY, answer, call, opens
from words import proves


def shop(*rules, client=PEER, **words):
    """VM in the group web, which says nothing about egress."""
    ports = [VM.port("web")] if client.vlan else [PEER.free(), VM.port("web")]
    return site(ports, [group("web", *rules, **words)], wired=[client] if client.vlan else ())


@proves("S47")
@pytest.mark.parametrize("first", ("the client", "the server"))
@pytest.mark.parametrize("client", (PEER, WIRED), ids=("a port", "the wire"))
def test_a_server_that_may_say_anything_does_not_revive_a_cut_connection(switch, client, first):
    talk = Talk(switch, shop(ingress("tcp", 80), client=client))
    asks, answers = (client, client.says(VM, tcp(1000, 80, "A"))), (VM, VM.says(client, tcp(80, 1000, "A")))
    talk.says(client, client.says(VM, tcp(1000, 80)), hears={VM: frame_to(VM, client, tcp(1000, 80))})
    talk.says(VM, VM.says(client, tcp(80, 1000, "SA")), hears={client: frame_to(client, VM, tcp(80, 1000, "SA"))})
    talk.says(*asks, hears={VM: frame_to(VM, client, tcp(1000, 80, "A"))})
    talk.becomes(shop(ingress("udp", 53), client=client))
    for who, what in ((asks, answers) if first == "the client" else (answers, asks)) * 2:
        talk.refuses(who, what, why=EVERY)
    assert [row["cut"] for row in talk.connections()] == [True]
    talk.becomes(shop(ingress("tcp", 80), client=client))
    talk.says(*answers, hears={client: frame_to(client, VM, tcp(80, 1000, "A"))})
    talk.says(*asks, hears={VM: frame_to(VM, client, tcp(1000, 80, "A"))})
    assert [row["cut"] for row in talk.connections()] == [False]
    talk.ends()


def frame_to(to, sender, inside):
    """As it is heard: tagged only on the wire."""
    return frame(sender.mac, to.mac, packet(sender.ip(), to.ip(), inside), vlan=to.vlan or ())


@proves("S47")
@both_families
def test_datagrams_of_a_cut_stream_are_no_new_stream(switch, family):
    asks, answers = PEER.says(VM, udp(9, 53), family), VM.says(PEER, udp(53, 9), family)
    talk = Talk(switch, shop(ingress("udp", 53)))
    talk.passes(PEER, asks, to=VM)
    talk.passes(VM, answers, to=PEER)
    talk.becomes(shop(ingress("tcp", 80)))
    talk.refuses(VM, answers, why=EVERY)
    talk.refuses(PEER, asks, why=EVERY)
    talk.refuses(VM, answers, answers, why=EVERY)
    talk.passes(VM, VM.says(PEER, udp(54, 9), family), to=PEER)
    talk.becomes(shop(ingress("udp", 53)))
    talk.passes(PEER, asks, to=VM)
    talk.passes(VM, answers, to=PEER)
    talk.ends()


@proves("S47")
def test_a_syn_is_a_new_beginning_after_a_cut(switch):
    """In both directions, and judged by the rules of now."""
    talk = Talk(switch, shop(ingress("tcp", 80)))
    opens(talk)
    talk.becomes(shop(ingress("tcp", 22)))
    talk.refuses(PEER, call(), why=EVERY)
    talk.refuses(PEER, call("S"), why="deliver/not-allowed")
    talk.passes(VM, VM.says(PEER, tcp(80, 1000)), to=PEER)
    talk.passes(PEER, PEER.says(VM, tcp(1000, 80, "SA")), to=VM)
    talk.passes(VM, VM.says(PEER, tcp(80, 1000, "A")), to=PEER)
    assert [(row["source"], row["cut"]) for row in talk.connections()] == [(VM.ip(), False)]
    talk.ends()


@proves("S47")
def test_a_member_that_leaves_is_cut(switch):
    def place(*members):
        return site([PEER.free(), VM.port("web")],
                    [group("web", ingress("tcp", 80, remote_group="db")), group("db", members=list(members))])

    talk = Talk(switch, place(PEER.ip()))
    opens(talk)
    talk.becomes(place())
    talk.refuses(VM, answer(), why=EVERY)
    talk.refuses(PEER, call(), why=EVERY)
    talk.ends()
