# SPDX-License-Identifier: BSD-3-Clause
"""Router advertisements: who hears them, what they say, and the link-local address that they come from.

What is said unasked comes when it likes, so cases that are exact do not listen to it (`begins`), and those that are
about it look into the files themselves (`told`).
"""
from ipaddress import ip_address

import pytest
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo,
                                ICMPv6NDOptRDNSS, ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import Dot1Q, Ether

from frames import address, frame, read_pcap, write_pcap
from harness import wait_until
from overlays import KINDS, PEER, US, WIRE, Tunnel, is_chatter
from routing import FRIEND, ISP, R1, R2, VM1, VM2, Host, answer, link, ours, site, unannounced
from secure import group, ingress, packet, ping, udp
from words import proves

ALL_NODES, ALL_ROUTERS = "33:33:00:00:00:01", "33:33:00:00:00:02"
DNS = ["2001:db8::53", "2001:db8::54"]
BOTH = R1.on("blue", "red")
# ipv6-ra-mode -> flags M, O of the message, A of the prefix
MODES = {"slaac": (0, 0, 1), "dhcpv6-stateless": (0, 1, 1), "dhcpv6-stateful": (1, 1, 0)}


def link_local(owner):
    """RFC 4291, appendix A."""
    b = bytes.fromhex(owner.replace(":", ""))
    return IPv6(src=f"fe80::{b[0] ^ 2:02x}{b[1]:02x}:{b[2]:02x}ff:fe{b[3]:02x}:{b[4]:02x}{b[5]:02x}").src


def subnets(network, mode="slaac", **others):
    """As kinds of site(): a network whose IPv6 subnet is advertised."""
    ra = {"ipv6-ra-mode": mode} if mode else {}
    return {network: {"subnets": [{"name": "four", "cidr": link(network)},
                                  {"name": "six", "cidr": link(network, 6), **ra, **others}]}}


def looks_for_routers(host, source=None, to=ALL_ROUTERS, options=None, hlim=255, vlan=(), **odd):
    """A router solicitation; source "::" has no address, and tells no MAC."""
    source = link_local(host.mac) if source is None else source
    inside = IPv6(src=source, dst="ff02::2", hlim=hlim) / ICMPv6ND_RS(**odd)
    if options is None and source != "::":
        options = ICMPv6NDOptSrcLLAddr(lladdr=host.mac)
    return frame(host.mac, to, inside / options if options else inside, vlan=vlan)


def is_advert(data):
    return ICMPv6ND_RA in Ether(data)


def is_for_all(data):
    return data[:6] == address(ALL_NODES) and is_advert(data)


def begins(switch, config, sends, listens=ours, announced=0):
    """announced: how often routers may say where they are, since they change."""
    def ears(frames):
        frames = [data for data in frames if not is_for_all(data)]
        for _ in range(1 + announced):
            frames = list(unannounced(frames))
        return [listens(data) for data in frames]

    for port in config.get("physical-networks", []) + config["ports"]:
        switch.ears.setdefault(port["name"], ears)
    return switch.starts(config, {who if isinstance(who, str) else who.name: what for who, what in sends.items()})


def raw(switch, who):
    return read_pcap(switch.pcaps(who if isinstance(who, str) else who.name)[1])


def told(switch, who, is_right=lambda message: True):
    """The first advertisement to all that is right, once it has come."""
    def find():
        return [Ether(data) for data in raw(switch, who) if is_for_all(data) and is_right(Ether(data))]

    return wait_until(find, "it is advertised", lambda: [Ether(data).summary() for data in raw(switch, who)])[0]


def checks(message, router, network, to=None, to_ip="ff02::1", mtu=1500):
    """What all of them say; gives the message itself."""
    own = router.mac(network)
    assert (message.src, message.dst) == (own, to or ALL_NODES)
    ip = message[IPv6]
    assert (ip.src, ip.dst, ip.hlim) == (link_local(own), to_ip, 255)
    says, again = message[ICMPv6ND_RA], IPv6(bytes(ip)[:40 + ip.plen])
    assert (says.chlim, says.routerlifetime, says.reachabletime, says.retranstimer, says.prf) == (64, 1800, 0, 0, 0)
    assert message[ICMPv6NDOptSrcLLAddr].lladdr == own and message[ICMPv6NDOptMTU].mtu == mtu
    right = says.cksum
    del again[ICMPv6ND_RA].cksum
    assert IPv6(bytes(again))[ICMPv6ND_RA].cksum == right
    return says


def prefixes(message):
    """{prefix: (L, A, valid, preferred)}"""
    found, layer = {}, message
    while layer := layer.payload:
        if isinstance(layer, ICMPv6NDOptPrefixInfo):
            lifetimes = layer.validlifetime, layer.preferredlifetime
            found[f"{layer.prefix}/{layer.prefixlen}"] = (layer.L, layer.A, *lifetimes)
    return found


# ---- what is said ----

@proves("S40")
@pytest.mark.parametrize("mode", MODES)
def test_who_looks_for_a_router_finds_it(switch, mode):
    """The answer is for the asker only; the question goes on, since there may be other routers."""
    m, o, a = MODES[mode]
    asks = looks_for_routers(VM1)
    begins(switch, site([VM1, FRIEND, VM2], [BOTH], subnets("blue", mode, dns=DNS)), {VM1: [asks]})
    heard, = switch.hears("vm1")
    message = Ether(heard)
    says = checks(message, R1, "blue", VM1.mac, link_local(VM1.mac))
    assert (says.M, says.O) == (m, o)
    assert prefixes(message) == {link("blue", 6): (1, a, 86400, 14400)}
    assert (message[ICMPv6NDOptRDNSS].dns, message[ICMPv6NDOptRDNSS].lifetime) == (DNS, 1800)
    switch.ends(delivers={"vm1": [heard], "friend": [asks]})


@proves("S40")
def test_all_are_told_unasked(switch):
    """Soon, when the router is new; in its network only, and without name servers if there are none."""
    kinds = {**subnets("blue", dns=["192.0.2.53"]), **subnets("red", None)}
    begins(switch, site([VM1, FRIEND, VM2], [BOTH], kinds), {})
    for host in (VM1, FRIEND):
        message = told(switch, host)
        checks(message, R1, "blue")
        assert prefixes(message) == {link("blue", 6): (1, 1, 86400, 14400)}
        assert ICMPv6NDOptRDNSS not in message
    assert not any(is_advert(data) for data in raw(switch, VM2))
    switch.ends()


@proves("S40")
def test_all_are_told_when_somebody_without_an_address_asks(switch):
    """At most every 3 seconds, however many ask; it was told at the beginning, so this is the second time."""
    begins(switch, site([VM1, FRIEND, VM2], [BOTH], subnets("blue")), {VM1: [looks_for_routers(VM1, "::")] * 50})
    wait_until(lambda: sum(map(is_for_all, raw(switch, FRIEND))) >= 2, "they are told again")
    assert sum(map(is_for_all, raw(switch, FRIEND))) == 2
    assert switch.hears("vm1") == []
    switch.ends(delivers={"friend": [looks_for_routers(VM1, "::")] * 50})


@proves("S40")
def test_all_subnets_of_a_network_are_told_at_once(switch):
    """By flags that suit all of them, and of each network its MTU; those without a mode are left out."""
    kinds = {"blue": {"mtu": 1400, "subnets": [
        {"name": "four", "cidr": link("blue")}, {"name": "six", "cidr": link("blue", 6), "ipv6-ra-mode": "slaac"},
        {"name": "more", "cidr": "fd00:1::/64", "ipv6-ra-mode": "dhcpv6-stateless", "dns": DNS[:1]},
        {"name": "wide", "cidr": "fd00:2::/56", "ipv6-ra-mode": "dhcpv6-stateful"},
        {"name": "other", "cidr": "fd00:3::/64", "ipv6-ra-mode": "slaac"},
        {"name": "quiet", "cidr": "fd00:4::/64"}]}}
    router = R1.on("blue", "red")
    router["interfaces"] += [{"network": "blue", "address": where} for where in
                             ("fd00:1::1/64", "fd00:2::1/56", "fd00:4::1/64")]
    begins(switch, site([VM1, VM2], [router], kinds), {})
    message = told(switch, VM1)
    says = checks(message, R1, "blue", mtu=1400)
    assert (says.M, says.O) == (1, 1)
    assert {prefix: flags[:2] for prefix, flags in prefixes(message).items()} == {
        link("blue", 6): (1, 1), "fd00:1::/64": (1, 1), "fd00:2::/56": (1, 0)}
    assert message[ICMPv6NDOptRDNSS].dns == DNS[:1]
    switch.ends()


@proves("S40")
def test_without_a_mode_nothing_is_advertised(switch):
    """A solicitation is a multicast like any other then, whatever is wrong with it."""
    asks = [looks_for_routers(VM1), looks_for_routers(VM1, "::"), looks_for_routers(VM1, hlim=254)]
    begins(switch, site([VM1, FRIEND, VM2], [BOTH], subnets("blue", None)), {VM1: asks})
    assert not any(is_advert(data) for name in ("vm1", "friend") for data in raw(switch, name))
    switch.ends(delivers={"friend": asks})


@proves("S12", "S40")
def test_a_gateway_is_not_advertised(switch):
    """What is outside has routers of its own."""
    asks = looks_for_routers(ISP)
    config = site([VM1, ISP, Host("other", "public", 81)], [R1.on("blue", gateway=("public", ISP.ip(6)))],
                  {**subnets("blue"), "public": {"external": True, **subnets("public")["public"]}})
    begins(switch, config, {ISP: [asks]})
    told(switch, VM1)
    assert not any(is_advert(data) for name in ("isp", "other") for data in raw(switch, name))
    switch.ends(delivers={"other": [asks]})


@proves("S40")
def test_two_routers_answer(switch):
    """One at once, and the other to all a little later."""
    asks = looks_for_routers(VM1)
    begins(switch, site([VM1, FRIEND], [R1.on("blue"), R2.on("blue")], subnets("blue")), {VM1: [asks]})
    heard, = switch.hears("vm1")
    first = R1 if Ether(heard).src == R1.mac("blue") else R2
    checks(Ether(heard), first, "blue", VM1.mac, link_local(VM1.mac))
    for router in (R1, R2):
        checks(told(switch, FRIEND, lambda message, own=router.mac("blue"): message.src == own), router, "blue")
    second = R2 if first is R1 else R1
    wait_until(lambda: sum(is_for_all(data) and data[6:12] == address(second.mac("blue"))
                           for data in raw(switch, FRIEND)) >= 2, "the second says it again")
    switch.ends(delivers={"vm1": [heard], "friend": [asks]})


@proves("S40")
def test_who_asks_one_router_hears_that_one(switch):
    """The question, sent to its MAC, goes nowhere else."""
    asks = looks_for_routers(VM1, to=R2.mac("blue"))
    begins(switch, site([VM1, FRIEND], [R1.on("blue"), R2.on("blue")], subnets("blue")), {VM1: [asks]})
    heard, = switch.hears("vm1")
    checks(Ether(heard), R2, "blue", VM1.mac, link_local(VM1.mac))
    switch.ends(delivers={"vm1": [heard]})


# what is wrong -> the question
WRONG = {
    "hop limit": lambda: looks_for_routers(VM1, hlim=254),
    "code": lambda: looks_for_routers(VM1, code=1),
    "checksum": lambda: looks_for_routers(VM1, cksum=0x1234),
    "a MAC of nobody": lambda: looks_for_routers(VM1, "::", options=ICMPv6NDOptSrcLLAddr(lladdr=VM1.mac)),
    "an option without length": lambda: looks_for_routers(VM1, options=ICMPv6NDOptSrcLLAddr(len=0, lladdr=VM1.mac)),
    "half an option": lambda: looks_for_routers(VM1, options=bytes(4)),
}


@proves("S40")
@pytest.mark.parametrize("why", WRONG)
def test_who_asks_wrongly_is_not_answered(switch, why):
    begins(switch, site([VM1, FRIEND, VM2], [BOTH], subnets("blue")), {VM1: [WRONG[why](), looks_for_routers(VM1)]})
    heard = switch.hears("vm1")
    assert len(heard) == 1 and is_advert(heard[0])
    switch.ends(delivers={"vm1": heard, "friend": [looks_for_routers(VM1)]},
                drops={"vm1": {"answer/bad-solicitation": 1}})


@proves("S40")
@pytest.mark.parametrize("what", ("router", "network"))
def test_what_is_down_says_nothing(switch, what):
    router = R1.on("blue", "red", **({"admin": "down"} if what == "router" else {}))
    kinds = subnets("blue")
    kinds["blue"].update({"admin": "down"} if what == "network" else {})
    begins(switch, site([VM1, FRIEND, VM2], [router], kinds), {VM1: [looks_for_routers(VM1)]})
    assert not any(is_advert(data) for name in ("vm1", "friend") for data in raw(switch, name))


# ---- guests with port security ----

@proves("S35", "S40")
def test_guests_with_security_groups_configure_themselves(switch):
    """They may ask, and they hear routers of ours, though no rule lets anything in; they are none themselves."""
    false = frame(VM1.mac, ALL_NODES, IPv6(src=link_local(VM1.mac), dst="ff02::1", hlim=255) / ICMPv6ND_RA())
    ports = [{"name": host.name, "network": "blue", "mac": host.mac, "addresses": [host.ip(6)],
              "security-groups": ["closed"]} for host in (VM1, FRIEND)]
    config = site([*ports, VM2], [BOTH], subnets("blue"), security_groups=[group("closed", ingress("tcp", 1))])
    begins(switch, config, {VM1: [looks_for_routers(VM1), looks_for_routers(VM1, "::"), false]})
    heard, = switch.hears("vm1")
    checks(Ether(heard), R1, "blue", VM1.mac, link_local(VM1.mac))
    for host in (VM1, FRIEND):
        checks(told(switch, host), R1, "blue")
    switch.ends(delivers={"vm1": [heard]}, drops={"vm1": {"admit/router-message": 1, "deliver/not-allowed": 2}})


# ---- wires and tunnels ----

@proves("S29", "S40")
@pytest.mark.parametrize("vlan", ((), 100), ids=("flat", "vlan"))
def test_hosts_behind_a_wire_hear_it(switch, vlan):
    """With the tag that they have; the question goes to the guests, too."""
    far = Host("far", "blue", 15)
    kinds = subnets("blue")
    kinds["blue"].update({"type": "vlan", "segment": vlan} if vlan else {"type": "flat"})
    kinds["blue"].update({"physical-network": WIRE, "static-macs": []})
    config = {**site([VM1, VM2], [BOTH], kinds), "physical-networks": [{"name": WIRE}]}
    begins(switch, config, {WIRE: [looks_for_routers(far, vlan=vlan)]}, listens=lambda data: data)
    heard, = switch.hears(WIRE)
    checks(Ether(heard), R1, "blue", far.mac, link_local(far.mac))
    for message in (Ether(heard), told(switch, WIRE)):
        assert (message[Dot1Q].vlan if vlan else Dot1Q in message) == (vlan or False)
    checks(told(switch, WIRE), R1, "blue")
    switch.ends(delivers={WIRE: [heard], "vm1": [looks_for_routers(far)]})


@proves("S29", "S40")
@pytest.mark.parametrize("kind", KINDS)
def test_hosts_behind_a_tunnel_hear_it(switch, kind):
    """Through it: the answer, and what all are told once their host is known, with the MTU of the overlay."""
    tunnel, far, vlan = Tunnel(kind, vlan=10), Host("far", "blue", 15), 10
    kinds = subnets("blue")
    kinds["blue"].update({"type": kind, "segment": 1001, "peers": [PEER.ip(4)]})
    config = {**site([VM1, VM2], [BOTH], kinds), "physical-networks": [{"name": WIRE}],
              "tunnel-endpoint": {"physical-network": WIRE, "mac": US.mac, "address": f"{US.ip(4)}/24", "vlan": vlan}}
    asks = looks_for_routers(far)
    switch.ears[WIRE] = lambda frames: [data for data in frames if not is_chatter(data, US)]
    begins(switch, config, {WIRE: [tunnel.greets(PEER), tunnel.arrives(asks, 1001)]})

    def inner():
        """Adverts, told from what is before them by the MACs that follow."""
        starts = [address(dst) + address(R1.mac("blue")) for dst in (far.mac, ALL_NODES)]
        return [[Ether(data[data.find(start):]) for data in switch.hears(WIRE) if start in data and is_advert(
            data[data.find(start):])] for start in starts]

    wait_until(lambda: all(inner()), "the answer, and what is for all")
    (reply,), (first, *_) = inner()
    checks(reply, R1, "blue", far.mac, link_local(far.mac), mtu=tunnel.mtu)
    checks(first, R1, "blue", mtu=tunnel.mtu)
    assert switch.hears("vm1") == [asks]
    switch.stops()


# ---- the link-local address ----

@proves("S40")
def test_it_says_where_its_link_local_address_is(switch):
    """To who asks, and to who wants to have it himself; not where it is another one."""
    own, other = link_local(R1.mac("blue")), link_local(R1.mac("red"))
    asks = [VM1.asks(R1, 6, target=own), VM1.asks(R1, 6, target=own, to=R1.mac("blue")),
            VM1.asks(R1, 6, target=own, source="::"), VM1.asks(R1, 6, target=other)]
    begins(switch, site([VM1, FRIEND, VM2], [BOTH]), {VM1: asks})
    plain = answer(R1.mac("blue"), own, VM1.mac, VM1.ip(6), R=1)
    taken = answer(R1.mac("blue"), own, ALL_NODES, "ff02::1", R=1, S=0)
    assert [data for data in raw(switch, VM1) if data[-24:-8] == ip_address(own).packed] == [plain, plain, taken]
    switch.ends(delivers={"vm1": [plain, plain], "friend": [asks[-1]]})


@proves("S40")
def test_its_link_local_address_answers_ping(switch):
    """Those on the link, whatever address they have; from there it also says what it does not serve."""
    own, here = link_local(R1.mac("blue")), link_local(VM1.mac)
    load = b"weft" * 8

    def says(source, to, inside):
        return frame(VM1.mac, R1.mac("blue"), packet(source, to, inside))

    sends = [says(here, own, ping(6, 7, load)), says(VM1.ip(6), own, ping(6, 7, load)), says(here, own, udp(1000, 53)),
             says(here, link_local(R1.mac("red")), ping(6, 7, load)), says(here, VM2.ip(6), udp(1, 2)),
             says("ff02::1", own, ping(6, 7, load)), says("::", own, ping(6, 7, load))]
    begins(switch, site([VM1, FRIEND, VM2], [BOTH]), {VM1: sends}, listens=lambda data: data)
    heard = switch.hears("vm1")
    assert [Ether(data)[IPv6].src for data in heard] == [own] * 3
    assert [Ether(data)[IPv6].dst for data in heard] == [here, VM1.ip(6), here]
    for data in heard[:2]:
        assert Ether(data)[ICMPv6EchoReply].data == load and Ether(data)[IPv6].hlim == 64
    refusal = Ether(heard[2])[IPv6].payload
    assert (refusal.type, refusal.code) == (1, 4)
    switch.ends(delivers={"vm1": heard}, drops={"vm1": {"route/not-served": 1, "route/martian": 4}})


# ---- changes ----

def is_farewell(message):
    return message[ICMPv6ND_RA].routerlifetime == 0


def farewells(switch, who):
    return [Ether(data) for data in raw(switch, who) if is_for_all(data) and is_farewell(Ether(data))]


@proves("S40")
@pytest.mark.parametrize("what", ("mode", "router", "down", "interface", "network down"))
def test_a_router_that_advertises_itself_no_more_says_so(switch, what):
    ports = [VM1, FRIEND, VM2]
    begins(switch, site(ports, [BOTH], subnets("blue")), {}, announced=1)
    told(switch, FRIEND)
    kinds = subnets("blue")
    kinds["blue"].update({"admin": "down"} if what == "network down" else {})
    routers = {"router": [], "down": [R1.on("blue", "red", admin="down")], "interface": [R1.on("red")]}
    switch.applies(site(ports, routers.get(what, [BOTH]), subnets("blue", None) if what == "mode" else kinds))
    for host in (VM1, FRIEND):
        message, = farewells(switch, host)
        assert message.src == R1.mac("blue") and message[IPv6].src == link_local(R1.mac("blue"))
        assert prefixes(message) == {}
    count = sum(map(is_advert, raw(switch, VM1)))
    switch.ends()
    assert sum(map(is_advert, raw(switch, VM1))) == count


@proves("S40")
def test_what_changes_is_told(switch):
    """With other name servers, all are told anew, 3 seconds after the last time; another change makes no difference."""
    ports = [VM1, FRIEND, VM2]
    begins(switch, site(ports, [BOTH], subnets("blue", dns=DNS[:1])), {}, announced=2)
    told(switch, FRIEND)
    other = R1.on("blue", "red", routes=[("fd00:9::/64", VM2.ip(6))])
    switch.applies(site(ports, [other], subnets("blue", dns=DNS[:1])))
    assert sum(map(is_for_all, raw(switch, FRIEND))) == 1
    switch.applies(site(ports, [BOTH], subnets("blue", dns=DNS)))
    message = told(switch, FRIEND, lambda message: message[ICMPv6NDOptRDNSS].dns == DNS)
    checks(message, R1, "blue")
    assert not farewells(switch, FRIEND)
    switch.ends()


@proves("S40")
def test_what_is_new_is_told(switch):
    ports = [VM1, FRIEND, VM2]
    begins(switch, site(ports, [BOTH], subnets("blue", None)), {}, announced=1)
    switch.applies(site(ports, [BOTH], subnets("blue")))
    checks(told(switch, FRIEND), R1, "blue")
    switch.ends()


# ---- what is shown ----

@proves("S37", "S40")
def test_it_is_shown_what_is_advertised(switch):
    config = site([VM1, VM2, ISP], [R1.on("blue", "red", gateway=("public", ISP.ip(6)))],
                  {**subnets("blue", dns=[*DNS, "192.0.2.53"]), **subnets("red", "dhcpv6-stateful"),
                   "public": {"external": True, **subnets("public")["public"]}})
    switch.starts(config)
    legs = {(leg["network"], ":" in leg["address"]): leg for leg in switch.json("router show r1")["legs"]}
    assert {where: (leg["ipv6_ra_mode"], leg["dns"]) for where, leg in legs.items()} == {
        ("blue", False): (None, []), ("blue", True): ("slaac", DNS), ("red", False): (None, []),
        ("red", True): ("dhcpv6-stateful", []), ("public", True): (None, [])}
    assert {where: leg["link_local"] for where, leg in legs.items()} == {
        (network, is_6): link_local(R1.mac(network)) if is_6 else None for network, is_6 in legs}
    text = switch.says("router show r1")
    assert all(word in text for word in ("slaac", "dhcpv6-stateful", link_local(R1.mac("red")), DNS[0]))
    six = switch.json("network show blue")["subnets"][1]
    assert (six["ipv6_ra_mode"], six["dns"]) == ("slaac", [*DNS, "192.0.2.53"])
    assert switch.json("network show blue")["subnets"][0]["ipv6_ra_mode"] is None


@proves("S17", "S40")
def test_a_trace_says_who_answers_and_leaves_no_mark(switch):
    begins(switch, site([VM1, FRIEND, VM2], [BOTH], subnets("blue")), {})
    told(switch, FRIEND)
    for source, words in ((None, "router r1 advertises itself"), ("::", "router r1 advertises itself to all")):
        file = switch.folder / "trace.pcap"
        write_pcap(file, [looks_for_routers(VM1, source)])
        trace = switch.json("trace", "vm1", "--pcap", file)
        assert words in [row["says"] for row in trace["stages"] if row["stage"] == "answer"], trace
    assert switch.hears("vm1") == []
    switch.ends()
