# SPDX-License-Identifier: BSD-3-Clause
"""What leaves the switch, as Wireshark understands it: every format, and nothing to object to."""
import json

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.utils import wrpcap

from lab.process import has_program, run
from lab.wire import Tap
from overlays import A, B, IPV4, IPV6, finds_its_peers, overlay, starts

proves = pytest.mark.proves
SEGMENTS = {"vxlan": 16777215, "gre": 4294967295, "geneve": 16777215}
WARNING = 0x600000  # tshark's severities: note 0x400000, warning 0x600000, error 0x800000
CHECKS = ["ip.check_checksum", "udp.check_checksum", "tcp.check_checksum"]
MAC_A, MAC_B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def said_by(mac):
    """One frame of every sort that a guest sends; none that waits for an answer."""
    ether = Ether(src=mac, dst=MAC_B)
    yield Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(op=2, hwsrc=mac, psrc=A, hwdst=mac, pdst=A)
    for tos in (0, 1, 2, 0xb8):
        yield ether / IP(src=A, dst=B, tos=tos, id=7) / UDP(sport=20000 + tos, dport=9) / b"datagram"
    yield ether / IP(src=A, dst=B) / TCP(sport=20001, dport=9, flags="S") / b""
    yield ether / IP(src=A, dst=B) / ICMP(type=0, id=1, seq=1) / b"echo reply"
    yield ether / IP(src=A, dst=B, id=8) / UDP(sport=20002, dport=9) / bytes(1300)
    yield ether / IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=20003, dport=9) / b"datagram"
    yield ether / IPv6(src="fd00::1", dst="fd00::2", hlim=255) / ICMPv6ND_NA(tgt="fd00::1", R=0, S=1)


def tshark(file, *words, prefer=()):
    options = [word for name in (*CHECKS, *prefer) for word in ("-o", f"{name}:TRUE")]
    return run("tshark", "-n", "-r", file, *options, *words, timeout=60).stdout


FIELDS = """eth.src ip.src ip.dst ip.id ip.flags.df ip.ttl ip.dsfield.dscp ipv6.src ipv6.dst ipv6.hlim ipv6.tclass.dscp
udp.srcport udp.dstport udp.checksum vxlan.flags vxlan.vni gre.proto gre.key gre.flags.checksum
gre.flags.sequence_number geneve.proto_type geneve.vni geneve.option.length""".split()


class Decoded:
    """The frames of one tunnel as tshark sees them: outermost values, as numbers where they are."""

    def __init__(self, file, kind, prefer=()):
        fields = [word for name in FIELDS for word in ("-e", name)]
        rows = json.loads(tshark(file, "-Y", kind, "-T", "json", *fields, prefer=prefer))
        self.rows = [row["_source"]["layers"] for row in rows]

    def __len__(self):
        return len(self.rows)

    def outer(self, field):
        return {as_number(row[field][0]) for row in self.rows if field in row}

    def inner(self, field):
        return {as_number(row[field][1]) for row in self.rows if len(row.get(field, [])) > 1}


def as_number(word):
    """tshark writes numbers in two ways, and bits in two."""
    word = {"True": "1", "False": "0"}.get(word, word)
    try:
        return int(word, 0)
    except ValueError:
        return word


def judge_ip(said, underlay, endpoint):
    ttl, dscp = endpoint.get("ttl", 64), endpoint.get("dscp", 0)
    if underlay is IPV6:
        assert (said.outer("ipv6.hlim"), said.outer("ipv6.tclass.dscp")) == ({ttl}, {dscp})
        assert (said.outer("ipv6.src"), said.outer("ipv6.dst")) == ({underlay.near}, {underlay.far})
        return
    assert (said.outer("ip.ttl"), said.outer("ip.dsfield.dscp")) == ({ttl}, {dscp})
    assert (said.outer("ip.src"), said.outer("ip.dst")) == ({underlay.near}, {underlay.far})
    assert (said.outer("ip.flags.df"), said.outer("ip.id")) == ({1}, {0})


def judge_tunnel(said, kind, segment, has_checksum):
    if kind == "gre":
        assert (said.outer("gre.key"), said.outer("gre.proto")) == ({segment}, {0x6558})
        assert said.outer("gre.flags.checksum") == said.outer("gre.flags.sequence_number") == {0}
        return
    ports = said.outer("udp.srcport")
    assert min(ports) >= 49152 and len(ports) >= 5, ports
    assert said.outer("udp.dstport") == {4789 if kind == "vxlan" else 6081}
    assert (0 not in said.outer("udp.checksum")) if has_checksum else said.outer("udp.checksum") == {0}
    if kind == "vxlan":
        assert (said.outer("vxlan.vni"), said.outer("vxlan.flags")) == ({segment}, {0x0800})
    else:
        assert (said.outer("geneve.vni"), said.outer("geneve.proto_type")) == ({segment}, {0x6558})


def judge(file, underlay, endpoint, count, mac):
    """All that tshark says of a capture that has `count` frames of each tunnel."""
    has_checksum = underlay is IPV6 and endpoint.get("udp-checksum", True)
    # RFC 6935 allows tunnels a checksum of zero; Wireshark wants to be told.
    prefer = () if has_checksum else ("udp.ignore_ipv6_zero_checksum",)
    complaints = tshark(file, "-Y", f"_ws.expert.severity >= {WARNING} || _ws.malformed", "-T", "fields",
                        "-e", "frame.number", "-e", "frame.protocols", "-e", "_ws.expert.message", prefer=prefer)
    assert not complaints, complaints
    for kind, segment in SEGMENTS.items():
        said = Decoded(file, kind, prefer)
        assert len(said) == count, kind
        judge_ip(said, underlay, endpoint)
        judge_tunnel(said, kind, segment, has_checksum)
        assert (said.outer("eth.src"), said.inner("eth.src")) == ({mac}, {MAC_A})


@proves("S26", "S30")
@pytest.mark.parametrize("underlay, endpoint", [
    pytest.param(IPV4, {"dscp": 46, "ttl": 33}, id="IPv4"),
    pytest.param(IPV6, {"dscp": 46, "ttl": 33}, id="IPv6"),
    pytest.param(IPV6, {"udp-checksum": False}, id="IPv6 without checksum"),
])
def test_tshark_has_nothing_to_object_to(lab, tmp_path, underlay, endpoint):
    assert has_program("tshark"), "tshark is missing: apt-get install tshark"
    config = overlay(underlay, endpoint=endpoint)
    config["networks"] = [{"name": kind, "type": kind, "segment": segment, "peers": [underlay.far]}
                          for kind, segment in SEGMENTS.items()]
    config["ports"] = [{"name": kind, "network": kind} for kind in SEGMENTS]
    far = lab.host("far")
    site = starts(lab, config, far, underlay.far_cidr, **{kind: None for kind in SEGMENTS})
    finds_its_peers(site)
    frames = list(said_by(MAC_A))
    with Tap(far) as ear:
        for kind in SEGMENTS:
            with Tap(site[kind]) as guest:
                guest.sends(*frames)
        far.run("ping", "-n", "-c", 1, underlay.near)  # an answer of the endpoint's own
        heard = ear.hears_all(0.5)
    file = tmp_path / "underlay.pcap"
    wrpcap(str(file), heard)
    judge(file, underlay, endpoint, len(frames), site.daemon.json("tunnel show")["mac"])
    site.daemon.stops()
