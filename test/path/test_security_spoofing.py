# SPDX-License-Identifier: BSD-3-Clause
"""What a secured guest may not say: the lies of roles it does not have, in every packaging.

VM may send whatever its group lets through, which is everything; PEER, who is free, may do as it
likes. test_antispoof.py has the plain addresses.
"""
import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Advertise, DHCP6_Reply, DHCP6_Solicit
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6MLReport2, ICMPv6ND_NA,
                                ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo,
                                ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, PadN, RouterAlert)
from scapy.layers.l2 import ARP

from frames import C, EVERYBODY, frame
from harness import is_conserved, wait_until
from secure import MUTE, PEER, VM, Talk, egress, group, ingress, packet, site, tcp, udp
from words import proves

ALL_NODES, ALL_ROUTERS = "33:33:00:00:00:01", "33:33:00:00:00:02"
OPEN = group("open", egress(), ingress("tcp", 1))
OPEN_BOTH = group("both", ingress(), egress())
CLOSED = group("closed", MUTE, ingress("tcp", 1))
OWN6, LOCAL6, FOREIGN6 = VM.ip(6), VM.link_local(), "2001:db8::c"


def arp(op=1, hwsrc=VM.mac, psrc=VM.ip(), hwdst="00:00:00:00:00:00", pdst=PEER.ip()):
    return frame(VM.mac, EVERYBODY, ARP(op=op, hwsrc=hwsrc, psrc=psrc, hwdst=hwdst, pdst=pdst))


def rarp(op=3, hwsrc=VM.mac, psrc="0.0.0.0", hwdst=VM.mac, pdst="0.0.0.0", src=VM.mac):
    inside = ARP(op=op, hwsrc=hwsrc, psrc=psrc, hwdst=hwdst, pdst=pdst)
    return frame(src, EVERYBODY, bytes(inside), ethertype=0x8035)


def nd(message, source=OWN6, target="ff02::1", to=ALL_NODES, before=None):
    """A message of neighbour discovery; before: headers in front of it."""
    chain = message if before is None else before / message
    return frame(VM.mac, to, IPv6(src=source, dst=target, hlim=255) / chain)


def advertises(target=OWN6, link=VM.mac, source=OWN6, **flags):
    message = ICMPv6ND_NA(tgt=target, R=0, **flags)
    return nd(message if link is None else message / ICMPv6NDOptDstLLAddr(lladdr=link), source)


def solicits(link=VM.mac, source=OWN6, target=PEER.ip(6)):
    message = ICMPv6ND_NS(tgt=target)
    return nd(message if link is None else message / ICMPv6NDOptSrcLLAddr(lladdr=link), source)


def looks_for_routers(link=VM.mac, source=LOCAL6):
    message = ICMPv6ND_RS()
    return nd(message if link is None else message / ICMPv6NDOptSrcLLAddr(lladdr=link), source,
              "ff02::2", ALL_ROUTERS)


ROUTER = ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64)
REDIRECT = ICMPv6ND_Redirect(tgt="2001:db8::66", dst="2001:db8::77")
SERVES = UDP(sport=67, dport=68) / BOOTP(op=2) / DHCP(options=[("message-type", "offer"), "end"])
SERVES6 = UDP(sport=547, dport=546) / DHCP6_Advertise(trid=7)
HOP = IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])

HONEST = {
    "ARP request": arp(),
    "ARP reply": arp(op=2, hwdst=PEER.mac),
    "ARP probe": arp(psrc="0.0.0.0", pdst=VM.ip()),
    "RARP about itself": rarp(),
    "announcement after a migration": rarp(psrc="0.0.0.0", pdst="0.0.0.0"),
    "advertisement": advertises(),
    "advertisement without a link": advertises(link=None),
    "advertisement of the link-local address": advertises(LOCAL6, source=LOCAL6),
    "solicitation": solicits(),
    "solicitation without a link": solicits(link=None),
    "duplicate address detection": solicits(link=None, source="::", target=OWN6),
    "router solicitation": looks_for_routers(),
    "router solicitation without a link": looks_for_routers(link=None),
    "MLD": frame(VM.mac, "33:33:00:00:00:16", IPv6(src=LOCAL6, dst="ff02::16", hlim=1) /
                 IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLReport2()),
    "DHCP client": frame(VM.mac, EVERYBODY, IP(src="0.0.0.0", dst="255.255.255.255") /
                         UDP(sport=68, dport=67) / BOOTP(chaddr=b"\x02") / DHCP(
                             options=[("message-type", "discover"), "end"])),
    "DHCP client that renews": VM.says(PEER, UDP(sport=68, dport=67) / BOOTP()),
    "DHCPv6 client": frame(VM.mac, "33:33:00:01:00:02", packet(
        LOCAL6, "ff02::1:2", UDP(sport=546, dport=547) / DHCP6_Solicit())),
}

LIES = {
    "MAC of another": ("mac-spoofed", frame(C, PEER.mac, packet(VM.ip(), PEER.ip(), udp(1, 2)))),
    "ARP with the MAC of another": ("arp-spoofed", arp(hwsrc=C)),
    "ARP reply with the MAC of another": ("arp-spoofed", arp(op=2, hwsrc=C)),
    "ARP of another's address": ("arp-spoofed", arp(op=2, psrc="10.0.0.12")),
    "gratuitous ARP of another": ("arp-spoofed", arp(psrc=PEER.ip(), pdst=PEER.ip())),
    "RARP about another": ("rarp-spoofed", rarp(hwsrc=C)),
    "RARP reply": ("rarp-spoofed", rarp(op=4, hwdst=C, pdst="10.0.0.12", psrc=VM.ip())),
    "RARP asking for another": ("rarp-spoofed", rarp(hwdst=C)),
    "RARP with another's address": ("rarp-spoofed", rarp(psrc="10.0.0.12")),
    "advertisement of another": ("nd-spoofed", advertises(FOREIGN6)),
    "advertisement of another without a link": ("nd-spoofed", advertises(FOREIGN6, link=None)),
    "advertisement of another's link-local": ("nd-spoofed", advertises(PEER.link_local())),
    "advertisement with another's link": ("nd-spoofed", advertises(link=C)),
    "solicited advertisement of another": ("nd-spoofed", advertises(FOREIGN6, S=1, O=1)),
    "solicitation with another's link": ("nd-spoofed", solicits(link=C)),
    "router solicitation with another's link": ("nd-spoofed", looks_for_routers(link=C)),
    "a second option that lies": ("nd-spoofed", nd(
        ICMPv6ND_NA(tgt=OWN6) / ICMPv6NDOptDstLLAddr(lladdr=VM.mac) /
        ICMPv6NDOptDstLLAddr(lladdr=C))),
    "an option behind another option": ("nd-spoofed", nd(
        ICMPv6ND_NS(tgt=PEER.ip(6)) / ICMPv6NDOptMTU() / ICMPv6NDOptSrcLLAddr(lladdr=C))),
    "behind a hop-by-hop header": ("nd-spoofed", nd(ICMPv6ND_NA(tgt=FOREIGN6), before=HOP)),
    "DHCP server": ("dhcp-server", VM.says(PEER, SERVES)),
    "DHCP server to all": ("dhcp-server", frame(VM.mac, EVERYBODY, IP(
        src=VM.ip(), dst="255.255.255.255") / SERVES)),
    "DHCPv6 server": ("dhcp-server", VM.says(PEER, SERVES6, 6)),
    "DHCPv6 server from its link-local address": ("dhcp-server", frame(VM.mac, PEER.mac, packet(
        LOCAL6, PEER.link_local(), UDP(sport=547, dport=546) / DHCP6_Reply()))),
    "DHCPv6 server behind a header": ("dhcp-server", VM.says(PEER, IPv6ExtHdrDestOpt() / SERVES6,
                                                             6)),
    "router advertisement": ("router-message", nd(ROUTER, LOCAL6)),
    "router advertisement to one": ("router-message", nd(ROUTER, LOCAL6, PEER.ip(6), PEER.mac)),
    "router advertisement behind a hop-by-hop header": ("router-message", nd(ROUTER, LOCAL6,
                                                                           before=HOP)),
    "router advertisement behind two headers": ("router-message", nd(
        ROUTER, LOCAL6, before=HOP / IPv6ExtHdrDestOpt())),
    "redirect": ("router-message", nd(REDIRECT, LOCAL6, PEER.ip(6), PEER.mac)),
    "redirect behind a header": ("router-message", nd(REDIRECT, LOCAL6, PEER.ip(6), PEER.mac,
                                                     IPv6ExtHdrDestOpt())),
}


def secured(*groups, **words):
    return site([PEER.free(), VM.port(*groups, **words)], [OPEN, OPEN_BOTH, CLOSED])


@proves("S47")
@pytest.mark.parametrize("groups", [(), ("open",), ("closed",), ("both",)],
                         ids=lambda groups: " ".join(groups) or "no group")
def test_a_guest_may_play_its_role_whatever_its_groups(switch, groups):
    honest = list(HONEST.values())
    switch.carries(secured(*groups), sends={"vm": honest}, delivers={"peer": honest})


@proves("S47")
@pytest.mark.parametrize("groups", [(), ("open",), ("closed",), ("both",)],
                         ids=lambda groups: " ".join(groups) or "no group")
def test_a_guest_may_not_lie_whatever_its_groups(switch, groups):
    drops = {}
    for why, _ in LIES.values():
        drops[f"admit/{why}"] = drops.get(f"admit/{why}", 0) + 1
    switch.starts(secured(*groups), sends={"vm": [data for _, data in LIES.values()]})
    assert (switch.drops(), switch.hears("peer")) == ({"vm": drops}, [])
    assert switch.json("connection list") == []
    switch.ends(drops={"vm": drops})


@proves("S47")
def test_each_lie_has_its_reason(switch):
    talk = Talk(switch, secured("open"))
    for what, (why, data) in LIES.items():
        talk.refuses(VM, data, why=f"admit/{why}", what=what)
    talk.ends()


@proves("S47")
def test_without_port_security_a_guest_may_be_anything(switch):
    everything = list(HONEST.values()) + [data for _, data in LIES.values()]
    switch.carries(secured(port_security=False), sends={"vm": everything},
                   delivers={"peer": everything})


@proves("S47")
@pytest.mark.parametrize("groups", [(), ("closed",)], ids=["no group", "a closed group"])
def test_a_closed_guest_hears_what_it_needs(switch, groups):
    """DHCP, ARP, and the ND of others, routers included; nothing else."""
    peer_local = PEER.link_local()

    def tells(inside, to=VM.mac):
        return frame(PEER.mac, to, inside)

    needed = [
        tells(ARP(op=1, hwsrc=PEER.mac, psrc=PEER.ip(), pdst=VM.ip()), EVERYBODY),
        tells(ARP(op=2, hwsrc=PEER.mac, psrc=PEER.ip(), hwdst=VM.mac, pdst=VM.ip())),
        tells(packet(PEER.ip(), VM.ip(), SERVES)),
        tells(packet(PEER.ip(), "255.255.255.255", SERVES), EVERYBODY),
        tells(packet(peer_local, LOCAL6, SERVES6)),
        tells(IPv6(src=peer_local, dst="ff02::1", hlim=255) / ROUTER, ALL_NODES),
        tells(IPv6(src=PEER.ip(6), dst=VM.ip(6), hlim=255) / ICMPv6ND_NS(tgt=VM.ip(6))),
        tells(IPv6(src=PEER.ip(6), dst=VM.ip(6), hlim=255) / ICMPv6ND_NA(tgt=PEER.ip(6))),
        tells(IPv6(src=peer_local, dst="ff02::1", hlim=1) /
              IPv6ExtHdrHopByHop(options=[RouterAlert()]) / ICMPv6MLQuery(), ALL_NODES),
    ]
    unneeded = [
        PEER.says(VM, UDP(sport=68, dport=67)), PEER.says(VM, UDP(sport=546, dport=547), 6),
        PEER.says(VM, UDP(sport=67, dport=69)), PEER.says(VM, UDP(sport=53, dport=68)),
        PEER.says(VM, UDP(sport=67, dport=68), 6), PEER.says(VM, UDP(sport=547, dport=546)),
        PEER.says(VM, tcp(67, 68)), PEER.says(VM, ICMPv6EchoRequest(), 6),
    ]
    switch.carries(secured(*groups), sends={"peer": needed + unneeded}, delivers={"vm": needed},
                   drops={"peer": {"deliver/not-allowed": len(unneeded)}})


BORDERS = {
    "an option of length zero": b"\x02\0\0\0\0\0\0\0",
    "an option that is too long": b"\x02\x09" + bytes(6),
    "half an option": b"\x02\x01\x02",
}


def test_options_that_cannot_be_read_do_not_pass(switch):
    talk = Talk(switch, secured("open"))
    for what, options in BORDERS.items():
        talk.refuses(VM, nd(ICMPv6ND_NA(tgt=OWN6) / options), what=what,
                     why={"admit/nd-spoofed", "admit/invalid", "admit/ip-spoofed"})
    talk.ends()


def nobody_hears(switch, parts):
    """In either order; what is not dropped at once waits in vain."""
    switch.launches(switch.writes(secured("open"), {"vm": parts + parts[::-1]}))
    wait_until(lambda: switch.json("stat show")["rx_packets"] == 2 * len(parts), "all have come")
    wait_until(lambda: is_conserved(switch.json("stat show")), "all are booked")
    assert switch.hears("peer") == [] and switch.drops()["vm"]
    switch.signals(15)
    assert switch.waits() == 0


def test_neighbour_discovery_in_fragments_does_not_pass(switch):
    """RFC 6980: else the lie would be in the part that nobody reads."""
    message = bytes(packet(OWN6, "ff02::1", ICMPv6ND_NA(tgt=FOREIGN6) / ICMPv6NDOptDstLLAddr(
        lladdr=C), hlim=255))[40:]
    cut = 16
    parts = [nd(message[:cut], before=IPv6ExtHdrFragment(nh=58, offset=0, m=1, id=7)),
             nd(message[cut:], before=IPv6ExtHdrFragment(nh=58, offset=cut // 8, m=0, id=7))]
    nobody_hears(switch, parts)


def test_a_router_advertisement_in_an_atomic_fragment_does_not_pass(switch):
    data = nd(ROUTER, LOCAL6, before=IPv6ExtHdrFragment(nh=58, offset=0, m=0, id=7))
    switch.starts(secured("open"), sends={"vm": [data]})
    assert (switch.hears("peer"), sum(switch.drops()["vm"].values())) == ([], 1)
    switch.stops()


# What only routers and servers say, behind a header that fills the first fragment (RFC 7113).

HIDDEN = {
    "router advertisement": (58, ROUTER),
    "redirect": (58, REDIRECT),
    "DHCPv6 server": (17, SERVES6),
}


def in_two(message, cut=8, behind=60, ident=7):
    """Fragments of options for the destination with the message behind; the first ends at cut."""
    data = bytes(packet(LOCAL6, "ff02::1", IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]) /
                        message, hlim=255))[40:]
    return [nd(data[begin:end], LOCAL6, before=IPv6ExtHdrFragment(
        nh=behind, offset=begin // 8, m=end is not None, id=ident))
        for begin, end in ((0, cut), (cut, None))]


@pytest.mark.parametrize("words", ({}, {"addresses": []}, {"addresses": [], "mac": None}),
                         ids=("all", "no addresses", "nothing"))
@pytest.mark.parametrize("what", HIDDEN)
def test_a_first_fragment_shows_what_it_is(switch, what, words):
    """Also where nobody is filtered, so that nothing waits. The rest alone tells nobody anything."""
    _, message = HIDDEN[what]
    first, rest = in_two(message)
    config = secured("both", **words)
    for port in config["ports"]:
        if port.get("mac", "") is None:
            del port["mac"]
    config["networks"][0]["static-macs"] = config["networks"][0]["static-macs"][:1]
    switch.carries(config, sends={"vm": [first, rest, rest, first]},
                   delivers={"peer": [rest, rest]}, drops={"vm": {"admit/fragment-tiny": 2}})


@pytest.mark.parametrize("words", ({}, {"addresses": []}), ids=("all", "no addresses"))
def test_a_first_fragment_that_cannot_be_read_does_not_pass(switch, words):
    """It ends inside of the options; so does one with more headers than anybody needs."""
    long = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)])
    first = nd(bytes(long)[:8], LOCAL6, before=IPv6ExtHdrFragment(nh=60, offset=0, m=1, id=7))
    chain = ROUTER
    for _ in range(9):
        chain = IPv6ExtHdrDestOpt() / chain
    switch.carries(secured("both", **words), sends={"vm": [first, nd(chain, LOCAL6), first]},
                   drops={"vm": {"admit/ip-spoofed": 3}})


def test_first_fragments_with_their_ports_pass(switch):
    """Those with ports of zero have the same key as one that is cut: neither answers for the other.
    """
    plain = in_two(udp(9, 53, bytes(64)), cut=24)
    zeros = in_two(udp(0, 0, bytes(64)), cut=24, ident=8)
    cut, rest = in_two(udp(0, 0, bytes(64)), ident=9)
    other = in_two(bytes(64), behind=60, ident=10)
    sent = plain + zeros + [cut] + zeros + [cut, rest] + plain + other
    switch.carries(secured("both"), sends={"vm": sent},
                   delivers={"peer": [data for data in sent if data != cut]},
                   drops={"vm": {"admit/fragment-tiny": 2}})


def test_a_dhcp_server_in_fragments_does_not_pass(switch):
    datagram = bytes(packet(VM.ip(), "255.255.255.255", SERVES))[20:]
    parts = [frame(VM.mac, EVERYBODY, IP(src=VM.ip(), dst="255.255.255.255", proto=17, id=7,
                                         frag=offset // 8, flags=flags) /
                   datagram[offset:offset + 64 if flags else None])
             for offset, flags in ((0, "MF"), (64, 0))]
    nobody_hears(switch, parts)
