# SPDX-License-Identifier: BSD-3-Clause
"""What does not fit: its sender is told, or it is fragmented, or dropped with its reason."""
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPOption_RR
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import ARP

from frames import A, B, C, D, EVERYBODY, frame
from harness import ANYTHING
from overlays import ONE_OF_EACH, OTHER, OVERHEAD, PEER, TUNNELS, WIRE, Tunnel, essential
from words import proves

VXLAN = Tunnel("vxlan")
AT_PEER = [(C, None, PEER)]
GUEST, FRIEND, GUEST6, FRIEND6 = "10.0.0.10", "10.0.0.7", "fd00::a", "fd00::7"
SUBNETS = [{"name": "s4", "cidr": "10.0.0.0/24", "gateway": "10.0.0.1"},
           {"name": "other", "cidr": "10.0.1.0/24", "gateway": "10.0.1.1"},
           {"name": "s6", "cidr": "fd00::/64", "gateway": "fd00::1"}]
one_of_each = pytest.mark.parametrize("tunnel", ONE_OF_EACH, ids=str)


def filled(packet, size):
    """The packet with as much payload as makes it `size` bytes long, each byte telling where."""
    data = bytes(number * 7 % 251 for number in range(size - len(bytes(packet))))
    return packet / data


def ipv4(size, src=GUEST, dst=FRIEND, flags="DF", sport=1111, **header):
    return filled(IP(src=src, dst=dst, flags=flags, id=4711, **header) / UDP(sport=sport, dport=80),
                  size)


def ipv6(size, src=GUEST6, dst=FRIEND6, **header):
    return filled(IPv6(src=src, dst=dst, **header) / UDP(sport=1111, dport=80), size)


def is_told(heard, packet, mtu, source, owner=C, asker=A):
    """Is it the ICMP error about this packet, with right checksums and a quote that is long enough
    (RFC 792, RFC 1812) or as long as may be (RFC 4443)?"""
    whole = bytes(packet)
    if packet.version == 4:
        quote = heard[14 + 20 + 8:]
        assert 28 <= len(quote) <= 576 - 28
        expected = IP(src=source, dst=packet.src) / ICMP(type=3, code=4, nexthopmtu=mtu) / \
            whole[:len(quote)]
    else:
        expected = IPv6(src=source, dst=packet.src) / ICMPv6PacketTooBig(mtu=mtu) / \
            whole[:1280 - 48]
    assert essential(heard).hex(" ") == essential(frame(owner, asker, expected)).hex(" ")
    return True


# The sender is told.


@proves("S09", "S11", "S23", "S30")
@pytest.mark.parametrize("tunnel", TUNNELS, ids=str)
def test_the_largest_packet_passes_and_one_byte_more_is_reported(switch, tunnel):
    """In its own MTU, by the one it was for, to a guest that knows nothing of tunnels."""
    fit = [frame(A, C, build(tunnel.mtu)) for build in (ipv4, ipv6)]
    big = [ipv4(tunnel.mtu + 1), ipv6(tunnel.mtu + 1), ipv4(1500), ipv6(1500)]
    tunnel.starts(switch, tunnel.config(knows=AT_PEER), sends={
        "vm1": fit + [frame(A, C, packet) for packet in big]})
    heard = switch.hears("vm1")
    assert len(heard) == len(big)
    for data, packet in zip(heard, big):
        assert is_told(data, packet, tunnel.mtu, FRIEND if packet.version == 4 else FRIEND6)
    tunnel.ends(switch, delivers={"vm1": heard, WIRE: [tunnel.leaves(data) for data in fit]},
                drops={"vm1": {"deliver/too-big": len(big)}})


@proves("S09")
@one_of_each
def test_the_gateway_of_the_subnet_tells_if_there_is_one(switch, tunnel):
    """That of the sender's subnet; who has none is told by the one it wrote to."""
    big = [(ipv4(1500), "10.0.0.1"), (ipv4(1500, src="10.0.1.9"), "10.0.1.1"),
           (ipv6(1500), "fd00::1"), (ipv4(1500, src="172.16.0.1"), FRIEND),
           (ipv6(1500, src="fd77::1"), FRIEND6)]
    tunnel.starts(switch, tunnel.config(knows=AT_PEER, subnets=SUBNETS),
                  sends={"vm1": [frame(A, C, packet) for packet, _ in big]})
    heard = switch.hears("vm1")
    assert len(heard) == len(big)
    for data, (packet, source) in zip(heard, big):
        assert is_told(data, packet, tunnel.mtu, source)
    tunnel.ends(switch, delivers={"vm1": heard}, drops={"vm1": {"deliver/too-big": len(big)}})


@proves("S09")
def test_mtus_of_the_network_and_of_ports_count(switch):
    """The network's towards tunnels, the port's towards a guest."""
    config = VXLAN.config(knows=AT_PEER, mtu=1300, ports=[
        "vm1", {"name": "vm2", "network": "blue", "mac": B, "mtu": 1000}])
    fit = [frame(A, C, ipv4(1300)), frame(A, B, ipv4(1000))]
    big = [(ipv4(1301), C, 1300), (ipv4(1001, dst="10.0.0.11"), B, 1000), (ipv6(1301), C, 1300)]
    VXLAN.starts(switch, config, sends={
        "vm1": fit + [frame(A, owner, packet) for packet, owner, _ in big]})
    assert [switch.json("port", "show", name)["mtu"] for name in ("vm1", "vm2")] == [1300, 1000]
    heard = switch.hears("vm1")
    for data, (packet, owner, mtu) in zip(heard, big):
        assert is_told(data, packet, mtu, packet.dst, owner=owner)
    assert len(heard) == len(big)
    VXLAN.ends(switch, delivers={"vm1": heard, "vm2": fit[1:], WIRE: [VXLAN.leaves(fit[0])]},
               drops={"vm1": {"deliver/too-big": 3}})


@proves("S09")
def test_one_that_is_not_known_yet_tells_as_well(switch):
    """The first packet of a conversation may be the one that is too big. Each copy of it, for a
    guest and for two peers, is a drop; it is told once."""
    packet = ipv4(1500)
    VXLAN.starts(switch, VXLAN.config(), sends={"vm1": [frame(A, D, packet)]})
    heard = switch.hears("vm1")
    assert len(heard) == 1 and is_told(heard[0], packet, VXLAN.mtu, FRIEND, owner=D)
    VXLAN.ends(switch, delivers={"vm1": heard}, drops={"vm1": {"deliver/too-big": 3}})


@proves("S09")
def test_a_priority_tag_does_not_count(switch):
    """Neither does it fit less, nor does it stand in the quote."""
    packet = ipv4(VXLAN.mtu + 1)
    fit = ipv4(VXLAN.mtu)
    VXLAN.starts(switch, VXLAN.config(knows=AT_PEER), sends={
        "vm1": [frame(A, C, fit, vlan=0), frame(A, C, packet, vlan=0)]})
    heard = switch.hears("vm1")
    assert len(heard) == 1 and is_told(heard[0], packet, VXLAN.mtu, FRIEND)
    VXLAN.ends(switch, delivers={"vm1": heard, WIRE: [VXLAN.leaves(frame(A, C, fit))]},
               drops={"vm1": {"deliver/too-big": 1}})


@proves("S09")
def test_a_hundred_are_told_in_a_second(switch):
    """Of each port; the others' packets die silently."""
    config = VXLAN.config(knows=AT_PEER)
    flows = {name: [frame(source, C, ipv4(1500, sport=sport)) for sport in range(1, 401)]
             for name, source in (("vm1", A), ("vm2", B))}
    start = time.monotonic()
    VXLAN.starts(switch, config, sends=flows)
    most = 100 * (1 + time.monotonic() - start)
    heard = {name: switch.hears(name) for name in flows}
    for name, frames in heard.items():
        assert 10 <= len(frames) <= most, name
        assert all(data[14 + 20:14 + 22] == b"\x03\x04" for data in frames)
    VXLAN.ends(switch, delivers=heard, drops={name: {"deliver/too-big": 400} for name in flows})


UNTOLD = {
    "no IP": (b"\0" * 1500, C), "ARP": (bytes(ARP()) + bytes(1500), C),
    "broadcast": (ipv4(1500, dst="10.0.0.255"), EVERYBODY),
    "multicast": (ipv4(1500, dst="224.0.0.5"), "01:00:5e:00:00:05"),
    "multicast in a unicast frame": (ipv4(1500, dst="224.0.0.5"), C),
    "limited broadcast in a unicast frame": (ipv4(1500, dst="255.255.255.255"), C),
    "from nobody": (ipv4(1500, src="0.0.0.0"), C),
    "from a group": (ipv4(1500, src="224.0.0.1"), C),
    "from all": (ipv4(1500, src="255.255.255.255"), C),
    "an error": (filled(IP(src=GUEST, dst=FRIEND, flags="DF") / ICMP(type=3, code=1), 1500), C),
    "a later fragment": (filled(IP(src=GUEST, dst=FRIEND, flags="DF", frag=5, proto=17), 1500), C),
    "IPv6 multicast": (ipv6(1500, dst="ff02::5"), "33:33:00:00:00:05"),
    "IPv6 from nobody": (ipv6(1500, src="::"), C),
    "IPv6 from a group": (ipv6(1500, src="ff02::1"), C),
    "an IPv6 error": (filled(IPv6(src=GUEST6, dst=FRIEND6) / ICMPv6PacketTooBig(), 1500), C),
    "a later IPv6 fragment": (filled(IPv6(src=GUEST6, dst=FRIEND6) /
                                     IPv6ExtHdrFragment(offset=5, nh=17), 1500), C),
}


@proves("S09")
def test_who_is_not_told(switch):
    """RFC 1122, 3.2.2 and RFC 4443, 2.4: nothing about groups, errors, and parts of packets."""
    frames = [frame(A, to, inside) if not isinstance(inside, bytes) else
              frame(A, to, inside, ethertype=0x0806 if what == "ARP" else None)
              for what, (inside, to) in UNTOLD.items()]
    config = VXLAN.config(knows=AT_PEER, peers=[PEER], ports=["vm1"])
    VXLAN.carries(switch, config, sends={"vm1": frames}, near=[PEER],
                  drops={"vm1": {"deliver/too-big": len(frames)}})


@proves("S09")
def test_what_comes_from_a_tunnel_is_not_reported_into_it(switch):
    config = VXLAN.config(ports=[{"name": "vm1", "network": "blue", "mtu": 1000}])
    big = [frame(C, A, packet) for packet in (ipv4(1001), ipv6(1001))] + [frame(C, A, bytes(1001))]
    fit = [frame(C, A, packet) for packet in (ipv4(1000), ipv6(1000))]
    VXLAN.carries(switch, config, sends={WIRE: [VXLAN.arrives(data) for data in big + fit]},
                  delivers={"vm1": fit}, drops={WIRE: {"deliver/too-big": 3}})


@proves("S09", "S18", "S20")
def test_only_overlays_tell(switch):
    """On a VLAN all guests know the MTU of their wire."""
    config = {"physical-networks": [{"name": WIRE}],
              "networks": [{"name": "blue", "type": "vlan", "segment": 5,
                            "physical-network": WIRE}],
              "ports": [{"name": "vm1", "network": "blue"}]}
    switch.carries(config, sends={"vm1": [frame(A, C, ipv4(1501)), frame(A, C, ipv4(1501, flags=0)),
                                          frame(A, C, ipv6(1501))]},
                   drops={"vm1": {"deliver/too-big": 3}})


# It is fragmented.


def joined(fragments, mtu):
    """One IPv4 packet from its fragments (RFC 791), each of which must be as it should."""
    packets = [IP(data[14:]) for data in fragments]
    at, payload = 0, b""
    for number, (data, packet) in enumerate(zip(fragments, packets)):
        assert packet.len == len(data) - 14 <= mtu
        again = IP(bytes(packet)[:packet.ihl * 4])
        del again.chksum
        assert IP(bytes(again)).chksum == packet.chksum
        assert packet.frag * 8 == at and "DF" not in packet.flags
        assert number == len(packets) - 1 or "MF" in packet.flags
        assert {(other.id, other.ttl, other.tos, other.src, other.dst) for other in packets} == \
            {(packet.id, packet.ttl, packet.tos, packet.src, packet.dst)}
        payload += bytes(packet)[packet.ihl * 4:packet.len]
        at = len(payload)
    whole = IP(bytes(packets[0])[:packets[0].ihl * 4])
    del whole.len, whole.chksum
    whole.flags = packets[-1].flags
    return bytes(whole / payload)


def unwrapped(tunnel, frames):
    """The guests' frames inside; nothing else may be there."""
    start = len(tunnel.leaves(b""))
    return [data[start:] for data in frames]


@proves("S09", "S11", "S23", "S30")
@one_of_each
def test_packets_that_may_be_fragmented_are(switch, tunnel):
    """And each fragment is a tunnel packet of its own."""
    sizes = (601, 1172, 1180, 1450, 1500)
    packets = [ipv4(size, flags=0, tos=0x20, ttl=9) for size in sizes]
    tunnel.starts(switch, tunnel.config(knows=AT_PEER, mtu=600),
                  sends={"vm1": [frame(A, C, packet) for packet in packets]})
    heard = switch.hears(WIRE)
    inner = unwrapped(tunnel, heard)
    assert heard == [tunnel.leaves(data) for data in inner]
    assert {data[:14] for data in inner} == {frame(A, C, b"", ethertype=0x0800)}
    for packet in packets:
        count = 2 if len(packet) <= 1172 else 3
        parts, inner = inner[:count], inner[count:]
        assert joined(parts, 600) == bytes(packet)
    assert not inner
    tunnel.ends(switch, delivers={WIRE: heard})


@proves("S09")
def test_a_fragment_may_be_fragmented_again(switch):
    first = filled(IP(src=GUEST, dst=FRIEND, id=7, flags="MF", proto=17) / UDP(), 1412)
    middle = filled(IP(src=GUEST, dst=FRIEND, id=7, flags="MF", frag=174, proto=17), 1412)
    last = filled(IP(src=GUEST, dst=FRIEND, id=7, frag=348, proto=17), 1413)
    VXLAN.starts(switch, VXLAN.config(knows=AT_PEER, mtu=1000), sends={
        "vm1": [frame(A, C, packet) for packet in (first, middle, last)]})
    inner = [IP(data[14:]) for data in unwrapped(VXLAN, switch.hears(WIRE))]
    assert len(inner) == 6
    ends = []
    for part in inner:
        ends.append((part.frag * 8, part.frag * 8 + part.len - 20, "MF" in part.flags))
    assert [end[0] for end in ends] == [0] + [end[1] for end in ends[:-1]]
    assert [end[2] for end in ends] == [True] * 5 + [False]
    assert b"".join(bytes(part)[20:] for part in inner) == \
        b"".join(bytes(packet)[20:] for packet in (first, middle, last))


def test_options_of_a_fragmented_packet(switch):
    """RFC 791: the first fragment has all of them."""
    packet = ipv4(1500, flags=0, options=IPOption_RR(length=7, routers=["10.9.9.9"]))
    VXLAN.starts(switch, VXLAN.config(knows=AT_PEER, mtu=1000),
                 sends={"vm1": [frame(A, C, packet)]})
    inner = unwrapped(VXLAN, switch.hears(WIRE))
    assert len(inner) == 2
    assert joined(inner, 1000) == bytes(packet)


@proves("S09")
def test_a_broadcast_is_fragmented_for_each_receiver(switch):
    """A guest with a smaller port gets smaller fragments, one with a larger port the whole."""
    config = VXLAN.config(mtu=1400, ports=["vm1", "vm2", {"name": "vm3", "network": "blue",
                                                          "mtu": 1000}])
    packet = ipv4(1200, dst="10.0.0.255", flags=0)
    VXLAN.starts(switch, config, sends={"vm1": [frame(A, EVERYBODY, packet)]})
    parts = switch.hears("vm3")
    assert len(parts) == 2 and joined(parts, 1000) == bytes(packet)
    whole = frame(A, EVERYBODY, packet)
    VXLAN.ends(switch, delivers={"vm2": [whole], "vm3": parts,
                                 WIRE: [VXLAN.leaves(whole, to=peer) for peer in (PEER, OTHER)]})


@proves("S09")
def test_what_arrives_by_a_tunnel_is_fragmented_for_its_guest(switch):
    config = VXLAN.config(ports=[{"name": "vm1", "network": "blue", "mtu": 1000}])
    packet = ipv4(1450, flags=0)
    VXLAN.starts(switch, config, sends={WIRE: [VXLAN.arrives(frame(C, A, packet))]})
    parts = switch.hears("vm1")
    assert len(parts) == 2 and joined(parts, 1000) == bytes(packet)
    VXLAN.ends(switch, delivers={"vm1": parts})


def test_fragments_and_whole_packets_of_one_flow_keep_their_order(switch):
    """A cached answer is for frames up to a length; longer ones are not sent as they are."""
    sizes = [100, 1500, 100, 100, 1500, 600, 601] * 3
    packets = [ipv4(size, flags=0) for size in sizes]
    VXLAN.starts(switch, VXLAN.config(knows=AT_PEER, mtu=600),
                 sends={"vm1": [frame(A, C, packet) for packet in packets]})
    inner = unwrapped(VXLAN, switch.hears(WIRE))
    for packet in packets:
        count = 1 if len(packet) <= 600 else 2 if len(packet) <= 1172 else 3
        parts, inner = inner[:count], inner[count:]
        assert (parts[0][14:] if count == 1 else joined(parts, 600)) == bytes(packet)
    assert not inner


def test_odd_packets_that_are_too_big_harm_nobody(switch):
    """Lengths that lie, headers that are cut, options to the brim: dropped, or passed on."""
    options = {"options": b"\x94\x04\0\0" * 10}
    odd = [ipv4(1500, flags=0, len=20), ipv4(1500, flags=0, len=65535), ipv4(1500, len=60),
           ipv4(1500, flags=0, ihl=4), ipv4(1500, ihl=15, flags=0), ipv4(1500, flags=0, **options),
           ipv4(1500, **options), ipv4(1500, flags=0, chksum=0xBAD), ipv4(1500, chksum=0xBAD),
           ipv4(1500, flags=0, version=5), ipv4(1500, flags=0, frag=8191),
           ipv4(1500, flags="MF", frag=8000), ipv4(1500, flags="evil+MF"), ipv6(1500, plen=0),
           ipv6(1500, plen=65535), ipv6(1500, nh=0), ipv6(1500, nh=44), ipv6(1500, version=7)]
    late = frame(B, C)
    config = VXLAN.config(knows=AT_PEER, mtu=600)
    VXLAN.starts(switch, config, sends={"vm1": [frame(A, C, packet) for packet in odd],
                                        "vm2": [late]})
    heard = switch.hears(WIRE)
    assert heard[-1] == VXLAN.leaves(late)
    assert all(len(data) <= 600 + 14 + 50 for data in heard)
    assert "deliver/too-big" in switch.drops()["vm1"]
    VXLAN.ends(switch, delivers={WIRE: heard, "vm1": switch.hears("vm1")}, drops=ANYTHING)


# The numbers.


@proves("S05", "S09", "S23", "S30")
@pytest.mark.parametrize("wire_mtu", [1500, 9000])
def test_the_mtu_of_a_network_is_what_fits(switch, wire_mtu):
    """The wire's MTU less the headers of its kind of tunnel; a port's is its network's."""
    for number, family in enumerate((4, 6)):
        tunnels = [tunnel for tunnel in TUNNELS if tunnel.family == family]
        config = tunnels[0].config(networks=[tunnel.network(tunnel.kind) for tunnel in tunnels],
                                   ports=[{"name": f"vm-{tunnel.kind}", "network": tunnel.kind}
                                          for tunnel in tunnels])
        config["physical-networks"][0]["mtu"] = wire_mtu
        daemon = switch if number == 0 else switch.another()
        daemon.starts(config)
        for tunnel in tunnels:
            fits = wire_mtu - OVERHEAD[tunnel.kind, family]
            assert daemon.json("network", "show", tunnel.kind)["mtu"] == fits
            assert daemon.json("port", "show", f"vm-{tunnel.kind}")["mtu"] == fits
        assert daemon.json("tunnel show")["mtu"] == wire_mtu
        daemon.stops()


@proves("S09")
@one_of_each
def test_jumbo_frames_fill_a_jumbo_wire(switch, tunnel):
    """Both directions, byte for byte."""
    mtu = 9000 - tunnel.overhead
    config = tunnel.config(knows=AT_PEER)
    config["physical-networks"][0]["mtu"] = 9000
    sizes = (1501, 2035, 4096, mtu)
    out = [frame(A, C, ipv4(size)) for size in sizes]
    back = [frame(C, A, ipv6(size)) for size in sizes]
    tunnel.carries(switch, config,
                   sends={WIRE: [tunnel.arrives(data) for data in back], "vm1": out},
                   delivers={"vm1": back, "vm2": back, WIRE: [tunnel.leaves(data) for data in out]})
