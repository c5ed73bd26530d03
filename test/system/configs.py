# SPDX-License-Identifier: BSD-3-Clause
"""Configurations that several tests use; see lab.site for what is filled in."""

# Two hosts on a network that never leaves this machine.
PAIR = """
networks:
  - {name: blue, type: local}
ports:
  - {name: a, network: blue}
  - {name: b, network: blue}
"""
PAIR_ADDRESSES = {"a": "10.0.0.1/24", "b": "10.0.0.2/24"}

# One wire with an untagged network and two VLANs, one host each.
TRUNK = """
physical-networks:
  - {name: uplink}
networks:
  - {name: plain, type: flat, physical-network: uplink}
  - {name: blue, type: vlan, segment: 100, physical-network: uplink}
  - {name: red, type: vlan, segment: 200, physical-network: uplink}
ports:
  - {name: p, network: plain}
  - {name: b, network: blue}
  - {name: r, network: red}
"""
TRUNK_ADDRESSES = {"p": "10.0.0.1/24", "b": "10.0.0.2/24", "r": "10.0.0.3/24"}
