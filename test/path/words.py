# SPDX-License-Identifier: BSD-3-Clause
"""What all cases say: the mark, and the configurations that need no explanation."""
import pytest

proves = pytest.mark.proves

GUESTS = """
networks:
  - {name: blue, type: local}
ports:
  - {name: vm1, network: blue}
  - {name: vm2, network: blue}
  - {name: vm3, network: blue}
"""

# Two guests on VLAN 100 of one wire.
VLAN = """
physical-networks:
  - {name: physnet1}
networks:
  - {name: blue, type: vlan, segment: 100, physical-network: physnet1}
ports:
  - {name: vm1, network: blue}
  - {name: vm2, network: blue}
"""

# One guest on the untagged network of a wire.
FLAT = """
physical-networks:
  - {name: physnet1}
networks:
  - {name: plain, type: flat, physical-network: physnet1}
ports:
  - {name: vm1, network: plain}
"""

# One wire with an untagged network and two VLANs, one guest each.
TRUNK = """
physical-networks:
  - {name: physnet1}
networks:
  - {name: plain, type: flat, physical-network: physnet1}
  - {name: blue, type: vlan, segment: 100, physical-network: physnet1}
  - {name: red, type: vlan, segment: 200, physical-network: physnet1}
ports:
  - {name: vm-plain, network: plain}
  - {name: vm-blue, network: blue}
  - {name: vm-red, network: red}
"""
