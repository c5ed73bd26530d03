# SPDX-License-Identifier: BSD-3-Clause
"""What weftctl tells of tunnels, and what trace says of them."""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP

from frames import A, B, C, D, EVERYBODY, frame, mac, write_pcap
from overlays import (FAR, ONE_OF_EACH, OTHER, PEER, ROUTER, ROUTER2, SEGMENT, STRANGER, US, WIRE,
                      Tunnel)
from words import VLAN, proves

VXLAN = Tunnel("vxlan")
HELLO, CALL = frame(A, EVERYBODY), frame(C, A)
both_families = pytest.mark.parametrize("tunnel", [VXLAN, Tunnel("geneve", 6)], ids=str)

KEYS = {
    "tunnel show": {"address", "mac", "physical_network", "vlan", "mtu", "gateways", "routes",
                    "vxlan_port", "geneve_port", "dscp", "ttl", "udp_checksum", "networks",
                    "remotes"},
    "tunnel list": {"remote", "origin", "local", "networks", "next_hops", "state", "macs",
                    "tx_packets", "tx_bytes", "rx_packets", "rx_bytes"},
    "neighbour list": {"scope", "address", "mac", "state", "origin", "age_sec"},
    "fdb list": {"network", "mac", "port", "endpoint", "origin", "age_sec"},
    "network show blue": {"type", "segment", "physical_network", "mtu", "peers", "neighbours",
                          "unknown_addresses"},
}


@proves("S17", "S32", "S50")
def test_every_command_tells_what_it_promises(switch):
    config = VXLAN.config(knows=[(C, "10.0.0.7", PEER)])
    VXLAN.starts(switch, config, sends={WIRE: [VXLAN.arrives(CALL)], "vm1": [HELLO]})
    for command, keys in KEYS.items():
        answer = switch.json(command)
        row = answer[0] if isinstance(answer, list) else answer
        assert keys <= row.keys(), (command, keys - row.keys())
        text = switch.says(command)
        assert text.strip() and not text.lstrip().startswith(("{", "[")), command


# The endpoint.


@proves("S27", "S35")
def test_the_endpoint_is_shown_as_configured(switch):
    tunnel = VXLAN.but(vlan=10, gateway=[ROUTER.ip(4), ROUTER2.ip(4)], dscp=46, ttl=9,
                       vxlan_port=8472, geneve_port=6082, udp_checksum=True,
                       routes=[{"destination": "198.51.100.0/24", "next-hop": ROUTER.ip(4)}])
    tunnel.starts(switch, tunnel.config(peers=[PEER, FAR]), near=[PEER, ROUTER])
    shown = switch.json("tunnel show")
    expected = {"mac": US.mac, "physical_network": WIRE, "vlan": 10, "mtu": 1500,
                "gateways": [ROUTER.ip(4), ROUTER2.ip(4)], "vxlan_port": 8472,
                "geneve_port": 6082, "dscp": 46, "ttl": 9, "udp_checksum": True, "networks": 1,
                "remotes": 2,
                "routes": [{"destination": "198.51.100.0/24", "next_hop": ROUTER.ip(4)}]}
    assert expected.items() <= shown.items(), shown
    assert shown["address"].split("/")[0] == US.ip(4)


@proves("S27")
def test_the_endpoint_has_defaults(switch):
    tunnel = Tunnel("gre", 6)
    config = tunnel.config()
    del config["tunnel-endpoint"]["udp-checksum"]
    tunnel.starts(switch, config)
    shown = switch.json("tunnel show")
    assert {"vlan": None, "gateways": [], "routes": [], "vxlan_port": 4789, "geneve_port": 6081,
            "dscp": 0, "ttl": 64, "udp_checksum": True}.items() <= shown.items(), shown


def test_what_is_not_there_is_said(switch):
    switch.starts(VLAN)
    for words in ("tunnel show", "neighbour list --network nobody", "fdb list --endpoint nonsense",
                  "fdb flush --endpoint 1.2.3"):
        assert switch.refuses(words)


def test_without_tunnels_the_lists_are_empty(switch):
    switch.starts(VLAN)
    assert switch.json("tunnel list") == [] and switch.json("neighbour list") == []


@proves("S27", "S50")
@both_families
def test_remote_endpoints_are_listed_with_counters(switch, tunnel):
    """Bytes as they are on the wire, both ways; who was not configured is listed as learned."""
    config = tunnel.config(peers=[PEER, OTHER], knows=[(C, None, PEER), (D, None, PEER)])
    arrives = [tunnel.arrives(frame(mac(0x70), A), src=STRANGER), tunnel.arrives(CALL),
               tunnel.arrives(CALL)]
    leaves = [frame(A, C), frame(A, C, bytes(1000)), HELLO]
    tunnel.starts(switch, config, sends={WIRE: arrives, "vm1": leaves})
    rows = {row["remote"]: row for row in switch.json("tunnel list")}
    assert rows.keys() == {tunnel.says(host) for host in (PEER, OTHER, STRANGER)}
    peer, other, stranger = (rows[tunnel.says(host)] for host in (PEER, OTHER, STRANGER))
    assert (peer["origin"], peer["networks"], peer["macs"], peer["state"]) == \
        ("configured", 1, 2, "reachable")
    assert (other["origin"], other["networks"], other["macs"]) == ("configured", 1, 0)
    assert (stranger["origin"], stranger["networks"], stranger["macs"]) == ("learned", 0, 1)
    assert peer["local"] == tunnel.says(US)
    assert [(hop["address"], hop["mac"], hop["state"]) for hop in peer["next_hops"]] == \
        [(tunnel.says(PEER), PEER.mac, "reachable")]
    assert (peer["rx_packets"], peer["rx_bytes"]) == (2, sum(map(len, arrives[1:])))
    assert (peer["tx_packets"], peer["tx_bytes"]) == \
        (3, sum(len(tunnel.leaves(data)) for data in leaves))
    assert (other["tx_packets"], other["tx_bytes"]) == (1, len(tunnel.leaves(HELLO)))
    assert (other["rx_packets"], stranger["rx_packets"], stranger["tx_packets"]) == (0, 1, 0)


@proves("S24", "S27")
def test_remotes_behind_routers_have_several_next_hops(switch):
    tunnel = VXLAN.but(gateway=[ROUTER.ip(4), ROUTER2.ip(4)])
    tunnel.starts(switch, tunnel.config(peers=[FAR]), near=[ROUTER])
    row, = switch.json("tunnel list")
    hops = {hop["address"]: (hop["mac"], hop["state"]) for hop in row["next_hops"]}
    assert hops[ROUTER.ip(4)] == (ROUTER.mac, "reachable")
    assert hops[ROUTER2.ip(4)][0] is None and hops[ROUTER2.ip(4)][1] in ("incomplete", "failed")
    assert row["state"] == "reachable"


@proves("S50")
def test_a_learned_remote_is_forgotten_with_its_last_mac(switch):
    VXLAN.starts(switch, VXLAN.config(), sends={WIRE: [VXLAN.arrives(CALL, src=STRANGER)]})
    assert STRANGER.ip(4) in {row["remote"] for row in switch.json("tunnel list")}
    assert switch.json("fdb", "flush", "--endpoint", PEER.ip(4)) == {"flushed": 0}
    assert switch.json("fdb", "flush", "--endpoint", STRANGER.ip(4)) == {"flushed": 1}
    assert switch.json("fdb list") == []


# Neighbours and addresses.


@proves("S27", "S49")
@both_families
def test_neighbours_are_listed_by_scope(switch, tunnel):
    """Next hops of the underlay; and, in a network, addresses that are not where they should be."""
    config = tunnel.config(networks=[
        tunnel.network("blue", 1, knows=[(C, "10.0.0.7", PEER)]), tunnel.network("red", 2)])
    moved = frame(D, EVERYBODY, ARP(op=2, hwsrc=D, psrc="10.0.0.7", hwdst=D, pdst="10.0.0.7"))
    tunnel.starts(switch, config, sends={WIRE: [tunnel.asks(STRANGER, US),
                                                tunnel.arrives(moved, 1)]})
    rows = switch.json("neighbour list")
    assert {(row["address"], row["mac"], row["state"], row["origin"]) for row in rows
            if row["scope"] == "underlay"} == \
        {(tunnel.says(host), host.mac, "reachable", origin) for host, origin in
         ((PEER, "configured"), (OTHER, "configured"), (STRANGER, "learned"))}
    assert [(row["scope"], row["address"], row["mac"], row["origin"]) for row in rows
            if row["scope"] != "underlay"] == [("blue", "10.0.0.7", D, "learned")]
    assert len(switch.json("neighbour list --network blue")) == 1
    assert switch.json("neighbour list --network red") == []
    assert all(row["age_sec"] < 60 for row in rows)


@proves("S50")
@both_families
def test_addresses_are_listed_with_endpoint_origin_and_age(switch, tunnel):
    config = tunnel.config(ports=[{"name": "vm1", "network": "blue", "mac": A}, "vm2"],
                           knows=[(C, None, PEER)], static_macs=[{"mac": B, "port": "vm2"}])
    tunnel.starts(switch, config, sends={WIRE: [tunnel.arrives(frame(D, A), src=OTHER)]})
    rows = switch.json("fdb list")
    assert {(row["mac"], row["port"], row["endpoint"], row["origin"]) for row in rows} == {
        (A, "vm1", None, "l2pop"), (B, "vm2", None, "static"),
        (C, WIRE, tunnel.says(PEER), "l2pop"), (D, WIRE, tunnel.says(OTHER), "learned")}
    assert all(row["age_sec"] < 60 for row in rows)
    for host, guest in ((PEER, C), (OTHER, D)):
        listed = switch.json("fdb", "list", "--endpoint", tunnel.says(host))
        assert [row["mac"] for row in listed] == [guest]
    assert tunnel.says(STRANGER) in switch.refuses("fdb", "list", "--endpoint",
                                                   tunnel.says(STRANGER))
    assert {row["mac"] for row in switch.json("fdb", "list", "--port", WIRE)} == {C, D}
    text = switch.says("fdb list")
    assert all(word in text for word in ("l2pop", "static", "learned", tunnel.says(OTHER)))


# Networks.


@proves("S11", "S23", "S30", "S35")
def test_networks_are_shown_with_what_makes_them_overlays(switch):
    networks = [Tunnel("vxlan").network("vx", 2 ** 24 - 1),
                Tunnel("gre").network("gr", 2 ** 32 - 1, peers=[OTHER],
                                      knows=[(C, "10.0.0.7", PEER), (D, None, OTHER)]),
                Tunnel("geneve").network("gen", 5, peers=None, knows=[(C, None, OTHER)],
                                         unknown_addresses="drop"),
                {"name": "home", "type": "local"}]
    VXLAN.starts(switch, VXLAN.config(networks=networks, ports=[]))
    assert [(row["name"], row["type"], row["segment"], row["physical_network"], row["mtu"])
            for row in switch.json("network list")] == [
        ("vx", "vxlan", 2 ** 24 - 1, None, 1450), ("gr", "gre", 2 ** 32 - 1, None, 1458),
        ("gen", "geneve", 5, None, 1450), ("home", "local", None, None, 1500)]
    shown = {name: switch.json("network", "show", name) for name in ("vx", "gr", "gen", "home")}
    assert shown["vx"]["peers"] == [PEER.ip(4), OTHER.ip(4)]
    assert shown["gr"]["peers"] == [OTHER.ip(4)] and shown["gen"]["peers"] == [OTHER.ip(4)]
    assert shown["home"]["peers"] == []
    assert shown["gr"]["neighbours"] == [{"mac": C, "ip": "10.0.0.7", "at": PEER.ip(4)},
                                         {"mac": D, "ip": None, "at": OTHER.ip(4)}]
    assert [shown[name]["unknown_addresses"] for name in ("vx", "gen", "home")] == \
        ["flood", "drop", None]


@proves("S17", "S32")
@pytest.mark.parametrize("tunnel", ONE_OF_EACH + [VXLAN.but(vlan=10)], ids=str)
def test_the_path_of_a_guest_goes_through_its_tunnel(switch, tunnel):
    tunnel.starts(switch, tunnel.config(), sends={WIRE: [tunnel.arrives(CALL)], "vm1": [HELLO]})
    rows = switch.json("path vm1")
    chain = [f"{row['hop']} {row['what']}" for row in rows]
    where = [next((at for at, text in enumerate(chain) if word in text), None)
             for word in ("vm1", "blue", str(SEGMENT), "tunnel", WIRE)]
    assert None not in where and where == sorted(set(where)), chain
    hop = rows[where[3]]
    assert hop["hop"] == "tunnel" and (hop["packets_in"], hop["packets_out"]) == (None, None)
    assert f"{tunnel.says(US)} to {tunnel.says(PEER)}, {tunnel.says(OTHER)}" in hop["what"]
    assert tunnel.kind in chain[where[2]]


# Flows and traces.


@proves("S17", "S32")
@pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)
def test_flows_and_traces_show_termination_and_encapsulation(switch, tunnel):
    """The key says from where, the answer says to where; trace says the same before it happens."""
    config = tunnel.config(knows=[(C, None, PEER)], static_macs=[{"mac": A, "port": "vm1"}])
    inside = frame(A, C, IP(src="10.0.0.1", dst="10.0.0.7") / UDP(sport=1111, dport=2222))
    tunnel.starts(switch, config, sends={WIRE: [tunnel.arrives(CALL)] * 2, "vm1": [inside]})
    before = switch.json("stat show")
    file = switch.folder / "trace.pcap"
    write_pcap(file, [tunnel.arrives(CALL), inside])
    arriving = switch.json("trace", WIRE, "--pcap", file)
    leaving = switch.json("trace", "vm1", "--pcap", file, "--packet", 2)
    flows = switch.json("flow list")
    came, = (row for row in flows if row["port"] == WIRE and C in row["key"])
    went, = (row for row in flows if row["port"] == "vm1" and C in row["key"])
    assert f"{tunnel.kind} {SEGMENT} from {tunnel.says(PEER)}: " in came["key"]
    assert "vm1" in came["answer"] and "push" not in came["answer"]
    assert f"to {WIRE} push {tunnel.kind} {SEGMENT} to {tunnel.says(PEER)}" in went["answer"]
    assert "from" not in went["key"]
    assert arriving["answer"] == came["answer"] and leaving["answer"] == went["answer"]
    terminates = " ".join(row["says"] for row in arriving["stages"] if row["stage"] == "terminate")
    assert f"{tunnel.kind} {SEGMENT} from {tunnel.says(PEER)}" in terminates
    assert "blue" in terminates
    encaps = leaving["stages"][-1]
    assert encaps["stage"] == "encap"
    assert f"{tunnel.kind} {SEGMENT} to {tunnel.says(PEER)}" in encaps["says"]
    after = switch.json("stat show")
    assert all(after[key] == before[key] for key in ("rx_packets", "tx_packets", "drops"))


@proves("S17")
@pytest.mark.parametrize("tunnel", [tunnel.but(vlan=10) for tunnel in ONE_OF_EACH], ids=str)
def test_a_trace_in_words_may_begin_with_a_tunnel(switch, tunnel):
    tunnel.starts(switch, tunnel.config(), sends={"vm1": [HELLO]})
    key = "key" if tunnel.kind == "gre" else "vni"
    inner = f"/ eth src={C} dst={A} / ip src=10.0.0.7 dst=10.0.0.10 / udp dport=80"

    def says(words):
        return switch.json("trace", WIRE, *f"{tunnel.kind} {words} {inner}".split())

    named = says(f"{key}={SEGMENT} from={tunnel.says(OTHER)}")
    assert "vm1" in named["answer"] and "vm2" not in named["answer"]
    assert tunnel.says(OTHER) in str(named)
    first = says(f"{key}={SEGMENT}")
    assert "vm1" in first["answer"] and tunnel.says(PEER) in str(first)
    assert "unknown-segment" in says(f"{key}=7 from={tunnel.says(PEER)}")["verdict"]


def test_a_trace_refuses_a_tunnel_that_it_cannot_read(switch):
    VXLAN.starts(switch, VXLAN.config())
    for words in ("vxlan vni=0 / eth", "vxlan vni=16777216 / eth", "vxlan vni=nonsense / eth",
                  "vxlan vni=1001 from=nonsense / eth", "vxlan colour=1 / eth", "vxlan vni=1001",
                  "vxlan vni=1001 / vxlan vni=1001 / eth", "eth / vxlan vni=1001"):
        answer = switch.ctl("trace", WIRE, *words.split())
        assert answer.returncode in (1, 2) and answer.stderr.strip(), words


@proves("S32")
def test_reasons_of_tunnels_have_meanings(switch):
    reasons = """
terminate/outer-fragment terminate/outer-length terminate/outer-checksum terminate/tunnel-header
terminate/critical-option terminate/not-ethernet terminate/inner-runt terminate/inner-tagged
terminate/unknown-segment terminate/wrong-endpoint terminate/ecn terminate/own-address
answer/taken answer/not-served answer/unknown-address bridge/split-horizon
encap/no-neighbour encap/hold-full encap/no-route""".split()
    switch.starts(VLAN)
    rows = switch.json("drop list --port vm1 --all")
    assert {f"{row['stage']}/{row['reason']}" for row in rows} >= set(reasons)
    assert all(len(row["meaning"].split()) > 2 for row in rows)
