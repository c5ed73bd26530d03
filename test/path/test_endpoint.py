# SPDX-License-Identifier: BSD-3-Clause
"""The tunnel endpoint as a host of the underlay: it answers, tells of itself, comes and goes."""
import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA,
                                ICMPv6NDOptDstLLAddr, IPv6)
from scapy.layers.l2 import ARP, Ether

from frames import A, B, C, D, EVERYBODY, frame, read_pcap
from harness import ANYTHING, wait_until
from overlays import (OTHER, PEER, ROUTER, ROUTER2, STRANGER, TAGGED, THIRD, US, WIRE, Host, Tunnel,
                      essential, padded)
from words import proves

HELLO = frame(A, EVERYBODY)
AT_PEER = [(C, None, PEER)]
IPV4, IPV6 = Tunnel("vxlan", 4), Tunnel("vxlan", 6)
NOBODY = Host(77)
all_endpoints = pytest.mark.parametrize("tunnel", [IPV4, IPV6] + TAGGED[:1], ids=str)
both_families = pytest.mark.parametrize("tunnel", [IPV4, IPV6], ids=str)


# It answers.


def reply(tunnel, to):
    """The answer to "where are you"."""
    if tunnel.family == 4:
        inside = ARP(op=2, hwsrc=US.mac, psrc=US.ip(4), hwdst=to.mac, pdst=to.ip(4))
    else:
        inside = IPv6(src=US.ip(6), dst=to.ip(6), hlim=255) / \
            ICMPv6ND_NA(tgt=US.ip(6), R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=US.mac)
    return padded(frame(US.mac, to.mac, inside, vlan=tunnel.vlan))


@proves("S13", "S27")
@all_endpoints
def test_it_says_where_it_is(switch, tunnel):
    """Asked by all that are there, asked directly; nothing about the addresses of others."""
    asks = [tunnel.asks(PEER, US), tunnel.asks(STRANGER, US), tunnel.asks(OTHER, US, mac=US.mac)]
    tunnel.starts(switch, tunnel.config(), sends={WIRE: asks + [tunnel.asks(PEER, NOBODY)]})
    assert sum(tunnel.drops(switch).values()) == 1
    tunnel.ends(switch, delivers={WIRE: [reply(tunnel, who) for who in (PEER, STRANGER, OTHER)]},
                drops=ANYTHING)


def test_it_answers_who_asks_whether_its_address_is_free(switch):
    """RFC 5227: a probe has no sender address."""
    nobody = "00:00:00:00:00:00"
    probe = ARP(op=1, hwsrc=STRANGER.mac, psrc="0.0.0.0", hwdst=nobody, pdst=US.ip(4))
    answer = ARP(op=2, hwsrc=US.mac, psrc=US.ip(4), hwdst=STRANGER.mac, pdst="0.0.0.0")
    IPV4.carries(switch, IPV4.config(), sends={WIRE: [frame(STRANGER.mac, EVERYBODY, probe)]},
                 delivers={WIRE: [padded(frame(US.mac, STRANGER.mac, answer))]})


def test_a_question_that_came_through_a_router_is_not_answered(switch):
    """RFC 4861, 7.1.1: hop limit 255 and a right checksum, or it was not said on this link."""
    good = IPV6.asks(PEER, US)
    bad = [good[:14 + 7] + b"\xFE" + good[14 + 8:], good[:-1] + b"\x77", good[:14 + 40 + 12]]
    IPV6.carries(switch, IPV6.config(), sends={WIRE: bad}, drops=ANYTHING)


def echo(tunnel, kind, src, dst, data, mac=None):
    if tunnel.family == 4:
        inside = IP(src=src.ip(4), dst=dst.ip(4)) / \
            ICMP(type={"request": 8, "reply": 0}[kind], id=7, seq=9) / data
    else:
        icmp = {"request": ICMPv6EchoRequest, "reply": ICMPv6EchoReply}[kind]
        inside = IPv6(src=src.ip(6), dst=dst.ip(6)) / icmp(id=7, seq=9, data=data)
    return frame(src.mac, mac or dst.mac, inside, vlan=tunnel.vlan)


@proves("S13", "S27")
@all_endpoints
def test_it_answers_ping(switch, tunnel):
    """Of any size; not what was sent to another address, or to all."""
    data = [b"", b"odd", bytes(range(56)), bytes(range(250)) * 5]
    asks = [echo(tunnel, "request", PEER, US, each) for each in data]
    others = [echo(tunnel, "request", PEER, NOBODY, b"", mac=US.mac),
              echo(tunnel, "request", PEER, US, b"", mac=EVERYBODY)]
    tunnel.starts(switch, tunnel.config(), sends={WIRE: asks + others})
    assert [essential(heard) for heard in switch.hears(WIRE)] == \
        [essential(echo(tunnel, "reply", US, PEER, each)) for each in data]
    assert sum(tunnel.drops(switch).values()) == 2


def test_a_broken_ping_is_not_answered(switch):
    whole = echo(IPV4, "request", PEER, US, bytes(20))
    wrong = [whole[:14 + 20 + 6], whole[:14 + 10] + b"\xBA\xAD" + whole[14 + 12:]]
    fragment = IP(src=PEER.ip(4), dst=US.ip(4), flags="MF") / ICMP() / bytes(16)
    IPV4.carries(switch, IPV4.config(), sends={WIRE: wrong + [frame(PEER.mac, US.mac, fragment)]},
                 drops=ANYTHING)


def beside_flat(tunnel):
    """The overlay blue with vm1, and an untagged network on the same wire with vm2 and vm3."""
    networks = [tunnel.network(), {"name": "plain", "type": "flat", "physical-network": WIRE}]
    return tunnel.config(networks=networks, ports=["vm1", {"name": "vm2", "network": "plain"},
                                                   {"name": "vm3", "network": "plain"}])


@proves("S13", "S35")
@both_families
def test_it_shares_its_wire_with_a_flat_network(switch, tunnel):
    """What all shall hear, both hear; what is for one of them, the other does not."""
    ask, news = tunnel.asks(PEER, US), frame(STRANGER.mac, EVERYBODY)
    ping, call = echo(tunnel, "request", PEER, US, b"ping"), frame(C, A)
    tunnel.starts(switch, beside_flat(tunnel), sends={
        WIRE: [ask, ping, tunnel.arrives(call), news, frame(STRANGER.mac, B)],
        "vm2": [frame(B, STRANGER.mac)]})
    heard = switch.hears(WIRE)
    assert (heard[0], heard[2]) == (reply(tunnel, PEER), frame(B, STRANGER.mac))
    assert essential(heard[1]) == essential(echo(tunnel, "reply", US, PEER, b"ping"))
    plain = [ask, news, frame(STRANGER.mac, B)]
    tunnel.ends(switch, delivers={"vm1": [call], "vm2": plain, "vm3": plain, WIRE: heard[:3]})


@proves("S10", "S13")
@both_families
def test_no_guest_can_reach_it(switch, tunnel):
    """Its address is nobody's in a tenant's network, even if that is the very wire."""
    guest = Host(0x0B)
    ask, ping = tunnel.asks(guest, US), echo(tunnel, "request", guest, US, b"")
    packet = tunnel.arrives(HELLO, src=guest)
    tunnel.carries(switch, beside_flat(tunnel),
                   sends={"vm2": [ask, ping, packet]},
                   delivers={"vm3": [ask, ping, packet], WIRE: [ask, ping, packet]})


@proves("S10")
def test_no_guest_in_the_tunnel_can_reach_it(switch):
    """Neither from here nor from another host."""
    guest = Host(0x0B)
    ask, ping = IPV4.asks(guest, US), echo(IPV4, "request", guest, US, b"")
    IPV4.carries(switch, IPV4.config(peers=[PEER]),
                 sends={WIRE: [IPV4.arrives(ask), IPV4.arrives(ping)], "vm1": [ask, ping]},
                 delivers={"vm1": [ask, ping], "vm2": [ask, ping] * 2,
                           WIRE: [IPV4.leaves(ask), IPV4.leaves(ping)]}, near=[PEER])


# It tells of itself.


def announced(switch, ip=US.ip(4)):
    """The MAC addresses with which the endpoint told all that it has its address."""
    told = []
    for data in read_pcap(switch.pcaps(WIRE)[1]):
        packet = Ether(data)
        if ARP in packet and packet.dst == EVERYBODY and \
                packet[ARP].psrc == packet[ARP].pdst == ip:
            told.append(packet[ARP].hwsrc)
        if ICMPv6ND_NA in packet and packet[IPv6].dst == "ff02::1" and \
                packet[ICMPv6ND_NA].tgt == ip:
            na = packet[ICMPv6ND_NA]
            assert (packet.dst, packet[IPv6].hlim, na.S, na.O) == ("33:33:00:00:00:01", 255, 0, 1)
            told.append(packet[ICMPv6NDOptDstLLAddr].lladdr)
    return told


@proves("S27")
@all_endpoints
def test_it_announces_itself(switch, tunnel):
    """When it comes up, and when its MAC changes."""
    ip, config = tunnel.says(US), tunnel.config()
    tunnel.starts(switch, config)
    wait_until(lambda: US.mac in announced(switch, ip), "it was announced")
    new = {**config, "tunnel-endpoint": {**config["tunnel-endpoint"], "mac": THIRD.mac}}
    answer = switch.applies(new)
    assert [(row["action"], row["noun"], row["name"]) for row in answer["changes"]] == \
        [("change", "tunnel-endpoint", "")]
    wait_until(lambda: THIRD.mac in announced(switch, ip), "it was announced again")
    wire = read_pcap(switch.pcaps(WIRE)[1])
    assert tunnel.vlan == () or all(data[12:14] == b"\x81\x00" for data in wire)


# It comes and goes.


@proves("S35", "S37")
def test_it_comes_and_goes_at_run_time(switch):
    """With it go its answers; guests of other networks notice nothing."""
    flat = {"name": "plain", "type": "flat", "physical-network": WIRE}
    bare = {"physical-networks": [{"name": WIRE}], "networks": [flat],
            "ports": [{"name": "vm2", "network": "plain"}]}
    full = beside_flat(IPV4)
    full["networks"].reverse()
    del full["ports"][2]
    full["ports"].reverse()
    ask = IPV4.asks(PEER, US)
    switch.ears[WIRE] = IPV4.about_the_case
    switch.starts(bare, sends={WIRE: [ask]})
    answer = switch.applies(full)
    assert {(row["action"], row["noun"], row["name"]) for row in answer["changes"]} == \
        {("add", "tunnel-endpoint", ""), ("add", "network", "blue"), ("add", "port", "vm1")}
    assert not answer["restart"]
    again = switch.reopens(full, WIRE, [IPV4.greets(PEER), ask, IPV4.arrives(frame(C, A))])
    switch.applies(again)
    assert switch.hears(f"{WIRE}-") == [reply(IPV4, PEER)]
    answer = switch.applies({**bare, "physical-networks": again["physical-networks"]})
    assert ("delete", "tunnel-endpoint", "") in \
        {(row["action"], row["noun"], row["name"]) for row in answer["changes"]}
    assert "tunnel" in switch.refuses("tunnel show")
    switch.applies(switch.reopens(bare, WIRE, [ask, IPV4.arrives(frame(C, A))]))
    switch.ends(delivers={"vm1": [frame(C, A)], f"{WIRE}-": [reply(IPV4, PEER)],
                          "vm2": [ask, ask, ask, IPV4.arrives(frame(C, A))]}, drops=ANYTHING)


def test_a_change_of_it_is_live(switch):
    """DSCP and TTL of the next packet; the plan says so in words."""
    config = IPV4.config(peers=[PEER], knows=AT_PEER)
    IPV4.starts(switch, config, sends={"vm1": [frame(A, C)]}, near=[PEER])
    new = IPV4.but(dscp=46, ttl=9)
    changed = new.config(peers=[PEER], knows=AT_PEER, ports=["vm1", "vm2", "vm3"])
    file = switch.writes(changed, sends={"vm3": [frame(B, C)]}, file=switch.folder / "next.yaml")
    plan = switch.says("plan", file)
    assert "~ tunnel-endpoint: dscp 0 -> 46, ttl 64 -> 9" in \
        plan.replace("tunnel-endpoint :", "tunnel-endpoint:").splitlines()
    switch.applies(changed)
    IPV4.ends(switch, delivers={WIRE: [IPV4.leaves(frame(A, C)), new.leaves(frame(B, C))]})


def test_a_merge_replaces_the_whole_section(switch):
    config = IPV4.but(dscp=46).config()
    IPV4.starts(switch, config)
    fragment = switch.folder / "fragment.yaml"
    fragment.write_text(f"tunnel-endpoint: {{physical-network: {WIRE}, address: 192.0.2.1/24, "
                        f'mac: "{US.mac}", ttl: 9}}\n')
    switch.json("apply", fragment, "--merge")
    shown = switch.json("tunnel show")
    assert (shown["dscp"], shown["ttl"]) == (0, 9)
    assert [row["name"] for row in switch.json("network list")] == ["blue"]


@proves("S08", "S37")
def test_its_wire_is_not_taken_away_under_it(switch):
    """Refused; or, in so many words, with the endpoint, its networks, and their ports."""
    config = IPV4.config()
    config["networks"].append({"name": "home", "type": "local"})
    config["ports"].append({"name": "vm3", "network": "home"})
    IPV4.starts(switch, config)
    assert "tunnel-endpoint" in switch.refuses("delete physical-network physnet1")
    switch.says("delete physical-network physnet1 --cascade")
    assert [row["name"] for row in switch.json("network list")] == ["home"]
    assert [row["name"] for row in switch.json("port list")] == ["vm3"]
    switch.refuses("tunnel show")


@proves("S07")
@pytest.mark.parametrize("tunnel", [IPV4, Tunnel("geneve", 6, vlan=10, ttl=9, dscp=46,
                                                 gateway=[ROUTER.ip(6), ROUTER2.ip(6)],
                                                 udp_checksum=True, geneve_port=7000, routes=[
    {"destination": "2001:db8:f::/64", "next-hop": ROUTER.ip(6)}])], ids=["plain", "rich"])
def test_the_running_state_loads_back(switch, tunnel):
    config = tunnel.config(knows=[(C, "10.0.0.7", PEER), (C, "fd00::7", PEER), (D, None, OTHER)],
                           unknown_addresses="drop", mtu=1400)
    switch.starts(config)
    for words in (["config show"], ["config", "save", switch.folder / "saved.yaml"]):
        said = switch.says(*words)
        dump = switch.folder / "saved.yaml"
        if words == ["config show"]:
            dump = switch.folder / "dump.yaml"
            dump.write_text(said)
        plan = switch.json("plan", dump)
        assert (plan["changes"], plan["restart"]) == ([], [])


@proves("S25", "S27")
def test_its_mac_is_made_from_its_address(switch):
    """The same after a restart, and not that of another endpoint; local, and no group."""
    def derived(daemon, us):
        config = IPV4.config(us=us)
        del config["tunnel-endpoint"]["mac"]
        daemon.ears[WIRE] = lambda frames: []
        daemon.starts(config)
        seen = daemon.json("tunnel show")["mac"]
        wait_until(lambda: announced(daemon, us.ip(4)), "it was announced")
        assert set(announced(daemon, us.ip(4))) == {seen}
        daemon.stops()
        return seen

    other = switch.another()
    macs = [derived(switch, US), derived(switch, US), derived(other, THIRD)]
    assert macs[0] == macs[1] != macs[2]
    assert all(int(each[:2], 16) & 3 == 2 for each in macs)
