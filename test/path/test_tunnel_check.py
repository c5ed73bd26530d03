# SPDX-License-Identifier: BSD-3-Clause
"""What a file must not say about tunnels. Errors are marked as in test_check.py."""
import re

import pytest

from test_check import check, judges
from words import proves

WIRES = """
physical-networks:
  - {name: physnet1, device: net_null0}
  - {name: physnet2, device: net_null1}
"""
HERE = WIRES + "tunnel-endpoint: {physical-network: physnet1, address: 192.0.2.1/24}\n"


def endpoint(keys):
    """A file whose only fault, if any, is in these keys of the endpoint."""
    return WIRES + "tunnel-endpoint:\n  physical-network: physnet1\n" + \
        "".join(f"  {line}\n" for line in keys.strip().splitlines())


DOCUMENTS = {
    "segments": HERE + """
networks:
  - {name: n0, type: vxlan, segment: 0}            # !! networks[n0].segment, 0, VNI, 1..16777215
  - {name: n1, type: vxlan, segment: 16777216}     # !! networks[n1].segment, VNI, 1..16777215
  - {name: n2, type: geneve, segment: 0}           # !! networks[n2].segment, VNI, 1..16777215
  - {name: n3, type: gre, segment: 0}              # !! networks[n3].segment, 0, 1..4294967295
  - {name: n4, type: gre, segment: 4294967296}     # !! networks[n4].segment, 1..4294967295
  - {name: n5, type: vxlan}                        # !! networks[n5], segment
  - {name: n6, type: gre}                          # !! networks[n6], segment
  - {name: n7, type: geneve}                       # !! networks[n7], segment
""",
    "the largest segments, and one number in every type": HERE + """
networks:
  - {name: n0, type: vxlan, segment: 16777215}
  - {name: n1, type: geneve, segment: 16777215}
  - {name: n2, type: gre, segment: 4294967295}
  - {name: n3, type: vxlan, segment: 5}
  - {name: n4, type: geneve, segment: 5}
  - {name: n5, type: gre, segment: 5}
  - {name: n6, type: vlan, segment: 5, physical-network: physnet1}
  - {name: n7, type: flat, physical-network: physnet1}
""",
    "one segment twice": HERE + """
networks:
  - {name: n0, type: vxlan, segment: 5}
  - {name: n1, type: vxlan, segment: 5}            # !! networks[n1].segment, n0, 5
  - {name: n2, type: gre, segment: 5}
  - {name: n3, type: gre, segment: 5}              # !! networks[n3].segment, n2, 5
  - {name: n4, type: geneve, segment: 6}
  - {name: n5, type: geneve, segment: 6}           # !! networks[n5].segment, n4, 6
""",
    "an overlay has no wire of its own": HERE + """
networks:
  - {name: n0, type: vxlan, segment: 5, physical-network: physnet1}   # !! n0, tunnel-endpoint
  - {name: n1, type: gre, segment: 5, physical-network: physnet1}     # !! n1, tunnel-endpoint
  - {name: n2, type: geneve, segment: 5, physical-network: physnet2}  # !! n2, tunnel-endpoint
""",
    "an overlay needs an endpoint": WIRES + """
networks:
  - {name: n0, type: vxlan, segment: 5}            # !! networks[n0], tunnel-endpoint
  - {name: n1, type: gre, segment: 5}              # !! networks[n1], tunnel-endpoint
  - {name: n2, type: geneve, segment: 5}           # !! networks[n2], tunnel-endpoint
""",
    "keys of overlays only": HERE + """
networks:
  - name: n0
    type: local
    peers: [192.0.2.2]                             # !! networks[n0].peers
  - name: n1
    type: vlan
    segment: 7
    physical-network: physnet1
    neighbours:
      - {mac: "02:00:00:00:00:07", at: 192.0.2.2}  # !! networks[n1].neighbours
  - name: n2
    type: flat
    physical-network: physnet1
    unknown-addresses: drop                        # !! networks[n2].unknown-addresses
""",
    "peers": HERE + """
networks:
  - name: n0
    type: vxlan
    segment: 5
    peers: [192.0.2.2, "2001:db8::2"]              # !! networks[n0].peers, 2001:db8::2
  - name: n1
    type: vxlan
    segment: 6
    peers: [192.0.2.1]                             # !! networks[n1].peers, 192.0.2.1
  - name: n2
    type: vxlan
    segment: 7
    peers: [192.0.2.2, 192.0.2.2]                  # !! networks[n2].peers, 192.0.2.2
  - name: n3
    type: vxlan
    segment: 8
    peers: [224.0.0.1]                             # !! networks[n3].peers, 224.0.0.1
  - name: n4
    type: vxlan
    segment: 9
    peers: [0.0.0.0]                               # !! networks[n4].peers, 0.0.0.0
  - name: n5
    type: vxlan
    segment: 10
    peers: [192.0.2.2/32]                          # !! networks[n5].peers, 192.0.2.2/32
  - name: n6
    type: vxlan
    segment: 11
    peers: [nonsense]                              # !! networks[n6].peers, nonsense
  - name: n7
    type: vxlan
    segment: 12
    peers: [255.255.255.255]                       # !! networks[n7].peers, 255.255.255.255
""",
    "too many peers": HERE + "networks:\n  - name: n0\n    type: vxlan\n    segment: 5\n"
    f"    peers: [{', '.join(f'198.51.{n // 250}.{n % 250 + 1}' for n in range(1025))}]"
    "  # !! networks[n0].peers, 1024\n",
    "neighbours": HERE + """
networks:
  - name: n0
    type: vxlan
    segment: 5
    neighbours:
      - {ip: 10.0.0.7, at: 192.0.2.2}                              # !! neighbours, mac
      - {mac: "02:00:00:00:00:01", ip: 10.0.0.1}                   # !! neighbours, at
      - {mac: "01:00:00:00:00:01", at: 192.0.2.2}                  # !! neighbours, mac, multicast
      - {mac: "02:00:00:00:00:02", at: "2001:db8::2"}              # !! neighbours, at, 2001:db8::2
      - {mac: "02:00:00:00:00:03", at: 192.0.2.1}                  # !! neighbours, at, 192.0.2.1
      - {mac: "02:00:00:00:00:04", ip: 10.0.0.0/24, at: 192.0.2.2} # !! neighbours, ip, 10.0.0.0/24
      - {mac: "02:00:00:00:00:05", at: 224.0.0.1}                  # !! neighbours, at, 224.0.0.1
      - {mac: "02:00:00:00:00:06", at: 192.0.2.2, port: vm1}       # !! neighbours, port
""",
    "neighbours that contradict each other or ports": HERE + """
networks:
  - name: n0
    type: vxlan
    segment: 5
    neighbours:
      - {mac: "02:00:00:00:00:01", ip: 10.0.0.1, at: 192.0.2.2}
      - {mac: "02:00:00:00:00:01", ip: 10.0.0.2, at: 192.0.2.2}
      - {mac: "02:00:00:00:00:01", ip: 10.0.0.3, at: 192.0.2.3}  # !! 02:00:00:00:00:01, 192.0.2.3
      - {mac: "02:00:00:00:00:02", ip: 10.0.0.1, at: 192.0.2.2}  # !! 10.0.0.1
      - {mac: "02:00:00:00:00:03", ip: "fd00:0::1", at: 192.0.2.2}
      - {mac: "02:00:00:00:00:04", ip: "FD00::1", at: 192.0.2.2} # !! fd00::1
  - name: n1
    type: vxlan
    segment: 6
    neighbours:
      - {mac: "02:00:00:00:00:01", ip: 10.0.0.1, at: 192.0.2.3}
""",
    "a neighbour outside every subnet": HERE + """
networks:
  - name: n0
    type: vxlan
    segment: 5
    subnets: [{name: a, cidr: 10.0.0.0/24}]
    neighbours:
      - {mac: "02:00:00:00:00:01", ip: 10.0.0.1, at: 192.0.2.2}
      - {mac: "02:00:00:00:00:02", ip: 10.0.1.1, at: 192.0.2.2}  # !! neighbours, 10.0.1.1
      - {mac: "02:00:00:00:00:03", at: 192.0.2.2}
""",
    "static entries of overlays are for guests here": HERE + """
networks:
  - name: n0
    type: vxlan
    segment: 5
    static-macs:
      - {mac: "02:00:00:00:00:01", port: vm1}
      - {mac: "02:00:00:00:00:02", physical-network: physnet1}   # !! static-macs, physical-network
ports: [{name: vm1, network: n0, device: net_null2}]
""",
    "an MTU that does not fit into the tunnel": HERE + """
networks:
  - {name: n0, type: vxlan, segment: 5, mtu: 1450}
  - {name: n1, type: vxlan, segment: 6, mtu: 1451}   # !! networks[n1].mtu, 1451, 1450, physnet1
  - {name: n2, type: geneve, segment: 5, mtu: 1451}  # !! networks[n2].mtu, 1450
  - {name: n3, type: gre, segment: 5, mtu: 1458}
  - {name: n4, type: gre, segment: 6, mtu: 1459}     # !! networks[n4].mtu, 1458
""",
    "and over IPv6": endpoint('address: "2001:db8::1/64"') + """
networks:
  - {name: n0, type: vxlan, segment: 5, mtu: 1430}
  - {name: n1, type: vxlan, segment: 6, mtu: 1431}   # !! networks[n1].mtu, 1430
  - {name: n2, type: gre, segment: 5, mtu: 1438}
  - {name: n3, type: gre, segment: 6, mtu: 1439}     # !! networks[n3].mtu, 1438
""",
    "everything an endpoint may be": endpoint("""
address: 192.0.2.1/24
vlan: 4094
gateway: [192.0.2.254, 192.0.2.253]
routes:
  - {destination: 198.51.100.0/24, next-hop: 192.0.2.252}
  - {destination: 198.51.100.0/24, next-hop: 192.0.2.251}
mac: "02:00:00:00:00:01"
vxlan-port: 65535
geneve-port: 1
dscp: 63
ttl: 255
udp-checksum: true
"""),
    "what an endpoint requires": WIRES + """
tunnel-endpoint:
  ttl: 5                                           # !! tunnel-endpoint, needs, physical-network
""",
    "an endpoint's address is required": WIRES + """
tunnel-endpoint:
  physical-network: physnet1                       # !! tunnel-endpoint, needs, address
""",
    "an endpoint on a wire that is not there": WIRES + """
tunnel-endpoint:
  physical-network: physnet9                       # !! tunnel-endpoint.physical-network, physnet9
  address: 192.0.2.1/24
""",
    "an endpoint is one": WIRES + """
tunnel-endpoint:
  - {physical-network: physnet1, address: 192.0.2.1/24}   # !! tunnel-endpoint, map
""",
    "ranges of an endpoint": endpoint("""
address: 192.0.2.1/24
vlan: 0                                            # !! tunnel-endpoint.vlan, 0, 1..4094
vxlan-port: 0                                      # !! tunnel-endpoint.vxlan-port, 1..65535
geneve-port: 65536                                 # !! tunnel-endpoint.geneve-port, 1..65535
dscp: 64                                           # !! tunnel-endpoint.dscp, 0..63
ttl: 0                                             # !! tunnel-endpoint.ttl, 1..255
udp-checksum: perhaps                              # !! tunnel-endpoint.udp-checksum
colour: blue                                       # !! colour, dscp
"""),
    "more ranges": endpoint("""
address: 192.0.2.1/24
vlan: 4095                                         # !! tunnel-endpoint.vlan, 4095, 1..4094
ttl: 256                                           # !! tunnel-endpoint.ttl, 1..255
mac: "01:00:00:00:00:01"                           # !! tunnel-endpoint.mac, multicast
"""),
    "one UDP port for two": endpoint("""
address: 192.0.2.1/24
geneve-port: 4789                                  # !! tunnel-endpoint.geneve-port, vxlan-port
"""),
    "routes": endpoint("""
address: 192.0.2.1/24
gateway: 192.0.3.254                               # !! tunnel-endpoint.gateway, 192.0.3.254
routes:
  - {destination: 198.51.100.0/24, next-hop: 192.0.3.1}     # !! next-hop, 192.0.3.1
  - {destination: 198.51.100.0/24, next-hop: 192.0.2.1}     # !! next-hop, 192.0.2.1
  - {destination: "2001:db8::/64", next-hop: 192.0.2.2}     # !! destination, 2001:db8::/64
  - {destination: 198.51.100.0/24}                          # !! next-hop
  - {next-hop: 192.0.2.2}                                   # !! destination
  - {destination: nonsense, next-hop: 192.0.2.2}            # !! destination, nonsense
"""),
    "a gateway of the other family": endpoint("""
address: 192.0.2.1/24
gateway: ["2001:db8::fe"]                          # !! tunnel-endpoint.gateway, 2001:db8::fe
"""),
    "its own gateway": endpoint("""
address: 192.0.2.1/24
gateway: 192.0.2.1                                 # !! tunnel-endpoint.gateway, 192.0.2.1
"""),
    "at most eight equal routes": endpoint("address: 192.0.2.1/24\nroutes:\n" + "".join(
        f"  - {{destination: 198.51.100.0/24, next-hop: 192.0.2.{10 + number}}}"
        f"{'  # !! 198.51.100.0/24, 8' if number == 8 else ''}\n" for number in range(9))),
    "the VLAN of the endpoint is no tenant's": endpoint("address: 192.0.2.1/24\nvlan: 10") + """
networks:
  - {name: n0, type: vlan, segment: 10, physical-network: physnet2}
  - {name: n1, type: vlan, segment: 11, physical-network: physnet1}
  - {name: n2, type: vlan, segment: 10, physical-network: physnet1}   # !! networks[n2].segment, 10
""",
}

ADDRESSES = ["192.0.2.1", "192.0.2.0/24", "192.0.2.255/24", "224.0.0.1/24", "0.0.0.0/0",
             "127.0.0.1/8", "nonsense", "192.0.2.1/33", '"ff02::1/64"', '"::/64"', '"::1/128"']
DOCUMENTS |= {f"an endpoint at {address}": endpoint(
    f"address: {address}   # !! tunnel-endpoint.address, {address.strip(chr(34))}")
    for address in ADDRESSES}


@proves("S05", "S23", "S30")
@pytest.mark.parametrize("what", DOCUMENTS)
def test_errors_of_a_document(tmp_path, what):
    judges(tmp_path / "weft.yaml", DOCUMENTS[what])


@proves("S05")
@pytest.mark.parametrize("what", ["one segment twice", "the VLAN of the endpoint is no tenant's",
                                  "an MTU that does not fit into the tunnel",
                                  "neighbours that contradict each other or ports"])
def test_contradictions_name_both_places(tmp_path, what):
    file = tmp_path / "weft.yaml"
    file.write_text(DOCUMENTS[what])
    for line, text in check(file)[1]:
        other = re.findall(r":(\d+):\d+", text) or re.findall(r"line (\d+)", text)
        assert other and int(other[0]) != line, text


def test_a_neighbour_must_not_be_a_port_here(tmp_path):
    """Which of the two is to blame nobody knows: each error names both."""
    file = tmp_path / "weft.yaml"
    file.write_text(HERE + """
networks:
  - name: n0
    type: vxlan
    segment: 5
    neighbours:
      - {mac: "02:00:00:00:00:01", at: 192.0.2.2}
      - {mac: "02:00:00:00:00:02", ip: 10.0.0.2, at: 192.0.2.2}
ports:
  - {name: vm1, network: n0, device: net_null2, mac: "02:00:00:00:00:01"}
  - {name: vm2, network: n0, device: net_null3, addresses: [10.0.0.2]}
""")
    answer, errors = check(file)
    assert answer.returncode == 1 and len(errors) == 2, answer
    for words in (("02:00:00:00:00:01", "vm1"), ("10.0.0.2", "vm2")):
        assert any(all(word in text for word in words) for _, text in errors), answer.stderr
