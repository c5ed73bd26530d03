# SPDX-License-Identifier: BSD-3-Clause
"""`weft --check FILE` names every error by file, line, column and key.

The documents mark their own errors: a comment `# !! words, more words` says that this line has an
error whose message contains all of them. A document without a mark must be fine.
"""
import random
import re

import pytest

from frames import mac
from harness import WEFT, run
from words import FLAT, GUESTS, TRUNK, VLAN, proves

ERROR = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<text>.+)$")


def check(file):
    """The status and [(line, text)] of all errors."""
    answer = run(WEFT, "--check", file)
    errors = [ERROR.match(line) for line in answer.stderr.splitlines()]
    return answer, [(int(error["line"]), error["text"]) for error in errors if error]


def is_refused(folder, content):
    """A file that is hopeless as a whole: one clear complaint with a place, and no crash."""
    file = folder / "bad.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    answer, errors = check(file)
    assert answer.returncode == 1 and errors, answer
    assert len(answer.stderr) < 20000
    return errors


def marks(text):
    for number, line in enumerate(text.splitlines(), 1):
        if "# !! " in line:
            yield number, line.split("# !! ")[1].split(", ")


def judges(file, text):
    """Every fault that a document marks is found, and no other; gives the answer."""
    file.write_text(text)
    answer, errors = check(file)
    expected = list(marks(text))
    assert answer.returncode == (1 if expected else 0), answer
    for line, words in expected:
        assert any(at == line and all(word in error for word in words) for at, error in errors), \
            f"line {line} should say {words}:\n{answer.stderr}"
    surplus = {at for at, _ in errors} - {line for line, _ in expected}
    assert not surplus, f"lines {surplus} are fine:\n{answer.stderr}"
    return answer


WIRE_AND_BLUE = """
physical-networks:
  - name: physnet1
    device: net_null0
networks:
  - name: blue
    type: vlan
    segment: 100
    physical-network: physnet1
"""

DOCUMENTS = {
    "a VLAN id out of range": """
physical-networks: [{name: physnet1, device: net_null0}]
networks:
  - name: blue
    type: vlan
    segment: 5000                 # !! networks[blue].segment, 5000, 1..4094
    physical-network: physnet1
  - name: red
    type: vlan
    segment: 0                    # !! networks[red].segment, 1..4094
    physical-network: physnet1
  - name: green
    type: vlan
    segment: 4095                 # !! networks[green].segment, 1..4094
    physical-network: physnet1
""",
    "what a type requires": """
physical-networks: [{name: physnet1, device: net_null0}]
networks:
  - {name: n0, type: vlan, physical-network: physnet1}               # !! n0, segment
  - {name: n1, type: vlan, segment: 5}                               # !! n1, physical-network
  - {name: n2, type: flat}                                           # !! n2, physical-network
  - {name: n3, type: local, physical-network: physnet1}              # !! n3, physical-network
  - {name: n4, type: local, segment: 5}                              # !! n4, segment
  - {name: n5, type: flat, physical-network: physnet1, segment: 5}   # !! n5, segment
  - {name: n6, type: stt, segment: 5}                  # !! networks[n6].type, local, flat, vxlan
  - {name: n7}                                                       # !! n7, type
""",
    "unknown keys": """
load-balancers: []                # !! load-balancers, ports
networks:
  - name: blue
    type: local
    colour: blue                  # !! colour, segment
ports:
  - name: vm1
    network: blue
    device: net_null1
    qos-policy: gold              # !! qos-policy, port-security
host:
  sessions: 5                     # !! sessions, memory
""",
    "wrong types": """
host:
  workers: two                    # !! host.workers
  memory: lots                    # !! host.memory
  polling: sometimes              # !! host.polling, adaptive, busy
networks:
  - name: blue
    type: [local]                 # !! networks[blue].type
    mtu: big                      # !! networks[blue].mtu
    external: perhaps             # !! networks[blue].external
    admin: sideways               # !! networks[blue].admin, up, down
    mac-limit-action: explode     # !! networks[blue].mac-limit-action, drop, forward
ports: 7                          # !! ports
""",
    "ranges": """
host:
  flow-idle: 0                    # !! host.flow-idle, 1..60
physical-networks:
  - name: physnet1
    device: net_null0
    mtu: 9001                     # !! physical-networks[physnet1].mtu, 68..9000
  - name: physnet2
    device: net_null1
    mtu: 67                       # !! physical-networks[physnet2].mtu, 68..9000
networks:
  - name: blue
    type: local
    mac-age: 9                    # !! networks[blue].mac-age, 10..86400
    mac-limit: -1                 # !! networks[blue].mac-limit
ports:
  - name: vm1
    network: blue
    vhost-user: /run/vm1.sock
    queues: 17                    # !! ports[vm1].queues, 17, 16
  - name: vm2
    network: blue
    device: net_null2
    mtu: 99999999999999999999     # !! ports[vm2].mtu
  - name: vm3
    network: blue
    vhost-user: /run/vm3.sock
    queues: 0                     # !! ports[vm3].queues, 0
""",
    "names": """
networks:
  - type: local                   # !! networks[0], name
  - name: "-blue"                 # !! name
    type: local
  - name: "a b"                   # !! name
    type: local
  - name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  # !! name
    type: local
  - name: ""                      # !! name
    type: local
""",
    "names that are used twice": """
physical-networks:
  - {name: east, device: net_null0}
  - {name: east, device: net_null1}              # !! east
networks:
  - {name: blue, type: local}
  - {name: blue, type: local}                    # !! blue
ports:
  - {name: vm1, network: blue, device: net_null2}
  - {name: vm1, network: blue, device: net_null3}   # !! vm1
""",
    "a port and a wire share one namespace": """
physical-networks: [{name: east, device: net_null0}]
networks: [{name: blue, type: local}]
ports:
  - {name: east, network: blue, device: net_null1}  # !! east
""",
    "unknown names": """
networks:
  - name: blue
    type: flat
    physical-network: physnet9                   # !! networks[blue].physical-network, physnet9
    static-macs:
      - {mac: "02:00:00:00:00:01", port: vm9}    # !! networks[blue].static-macs, vm9
ports:
  - name: vm1
    network: red                                 # !! ports[vm1].network, red
    device: net_null0
""",
    "two networks with one segment on one wire": WIRE_AND_BLUE + """
  - name: red
    type: vlan
    segment: 100                  # !! networks[red].segment, 100, blue
    physical-network: physnet1
""",
    "one segment on two wires is fine": WIRE_AND_BLUE + """
  - {name: red, type: vlan, segment: 101, physical-network: physnet1}
  - {name: plain, type: flat, physical-network: physnet1}
""",
    "a second flat network on one wire": """
physical-networks: [{name: physnet1, device: net_null0}]
networks:
  - {name: one, type: flat, physical-network: physnet1}
  - {name: two, type: flat, physical-network: physnet1}   # !! two, one, flat
""",
    "duplicate addresses in one network": """
networks:
  - {name: blue, type: local}
  - {name: red, type: local}
ports:
  - {name: vm1, network: blue, device: net_null1, mac: "02:00:00:00:00:01", addresses: [10.0.0.1]}
  - {name: vm2, network: red, device: net_null2, mac: "02:00:00:00:00:01", addresses: [10.0.0.1]}
  - {name: vm3, network: blue, device: net_null3, mac: "02:00:00:00:00:01"}   # !! vm3, vm1
  - {name: vm4, network: blue, device: net_null4, addresses: [10.0.0.1]}      # !! vm4, vm1
""",
    "one IPv6 address in two spellings": """
networks: [{name: blue, type: local}]
ports:
  - {name: vm1, network: blue, device: net_null1, addresses: ["2001:db8::1"]}
  - {name: vm2, network: blue, device: net_null2, addresses: ["2001:DB8:0::0:1"]}   # !! vm2, vm1
""",
    "subnets": """
networks:
  - name: blue
    type: local
    subnets:
      - {name: a, cidr: 10.0.0.0/24, gateway: 10.0.1.1}   # !! gateway, 10.0.1.1
      - {name: b, cidr: 10.0.0.128/25}                    # !! 10.0.0.128/25, 10.0.0.0/24
      - {name: c, cidr: 10.0.9.0/33}                      # !! cidr, 10.0.9.0/33
      - {name: d, cidr: nonsense}                         # !! cidr, nonsense
      - {name: e, cidr: "2001:db8::/64", gateway: 10.0.0.1}   # !! gateway, 10.0.0.1
  - name: red
    type: local
    subnets: [{name: a, cidr: 10.0.0.0/24}]
""",
    "an address outside every subnet": """
networks:
  - {name: blue, type: local, subnets: [{name: a, cidr: 10.0.0.0/24}, {name: b, cidr: 10.0.2.0/24}]}
ports:
  - name: vm1
    network: blue
    device: net_null1
    addresses: [10.0.2.1, 10.0.1.1]          # !! ports[vm1].addresses, 10.0.1.1, blue
""",
    "addresses that are none": """
networks: [{name: blue, type: local}]
ports:
  - name: vm1
    network: blue
    device: net_null1
    addresses: [10.0.0.256]                  # !! ports[vm1].addresses, 10.0.0.256
  - name: vm2
    network: blue
    device: net_null2
    addresses: ["fe80::1::2"]                # !! ports[vm2].addresses, fe80::1::2
  - name: vm3
    network: blue
    device: net_null3
    mac: "02:00:00:00:00"                    # !! ports[vm3].mac
  - name: vm4
    network: blue
    device: net_null4
    mac: "01:00:00:00:00:01"                 # !! ports[vm4].mac, multicast
  - name: vm5
    network: blue
    device: net_null5
    mac: "00:00:00:00:00:00"                 # !! ports[vm5].mac
""",
    "sockets and devices": """
networks: [{name: blue, type: local}]
ports:
  - {name: vm0, network: blue}                                             # !! vm0, vhost-user
  - {name: vm1, network: blue, device: net_null1, vhost-user: /run/1}      # !! vm1, device
  - {name: vm2, network: blue, vhost-user: /run/2}
  - {name: vm3, network: blue, vhost-user: /run/2}                         # !! vm3, vm2
  - {name: vm4, network: blue, device: net_null4}
  - {name: vm5, network: blue, device: net_null4}                          # !! vm5, vm4
  - {name: vm6, network: blue, vhost-user: run/6}                          # !! vm6, absolute
  - {name: vm7, network: blue, device: net_null7, mode: server}            # !! vm7, mode
  - {name: vm8, network: blue, vhost-user: /run/8, socket-mode: "0660"}    # !! vm8, socket-mode
  - {name: vm9, network: blue, vhost-user: /run/9, mode: neither}          # !! vm9, client, server
""",
    "the longest socket path": f"""
networks: [{{name: blue, type: local}}]
ports:
  - name: vm1
    network: blue
    vhost-user: /{106 * "x"}
  - name: vm2
    network: blue
    vhost-user: /{107 * "y"}   # !! ports[vm2].vhost-user, 107
""",
    "an MTU that does not fit": """
physical-networks: [{name: physnet1, device: net_null0, mtu: 1500}]
networks:
  - name: blue
    type: flat
    physical-network: physnet1
    mtu: 1501                                # !! networks[blue].mtu, physnet1
  - {name: red, type: local, mtu: 1400}
ports:
  - name: vm1
    network: red
    device: net_null1
    mtu: 1401                                # !! ports[vm1].mtu, red
""",
    "static entries": """
physical-networks: [{name: physnet1, device: net_null0}]
networks:
  - name: blue
    type: local
    static-macs:
      - {mac: "02:00:00:00:00:01", port: vm2}                             # !! vm2, red
      - {mac: "02:00:00:00:00:02", port: vm1, physical-network: physnet1} # !! physical-network
      - {mac: "02:00:00:00:00:03"}                                        # !! port
      - {mac: "ff:ff:ff:ff:ff:ff", port: vm1}                             # !! mac, multicast
  - {name: red, type: local}
ports:
  - {name: vm1, network: blue, device: net_null1}
  - {name: vm2, network: red, device: net_null2}
""",
    "routers": """
networks:
  - {name: blue, type: local, subnets: [{name: s, cidr: 10.0.0.0/24, gateway: 10.0.0.1}]}
  - {name: red, type: local}
  - {name: public, type: local, external: true}
ports:
  - {name: vm1, network: blue, device: net_null0, addresses: [10.0.0.9]}
routers:
  - name: r1
    interfaces:
      - {network: blue, address: 10.0.0.1/24}
      - {network: blue, address: 10.0.0.9/24}     # !! 10.0.0.9/24, overlaps, routers[r1].interfaces[0]
      - {network: green, address: 10.2.0.1/24}    # !! routers[r1].interfaces[2].network, 'green'
      - {network: red, address: 10.1.0.0/24}      # !! routers[r1].interfaces[3].address, network
    gateway: {network: public, address: 203.0.113.2/24, next-hop: 203.0.113.1}
    routes:
      - {destination: 172.16.0.0/12, next-hop: 10.0.0.254}
      - {destination: 10.0.0.0/24, next-hop: 203.0.113.1}    # !! destination, needs no route
      - {destination: 0.0.0.0/0, next-hop: 203.0.113.1}      # !! 0.0.0.0/0 by 203.0.113.1, gateway
  - name: r2
    interfaces: [{network: blue, address: 10.0.0.1/24}]      # !! 10.0.0.1, routers[r1].interfaces[0]
    gateway: {network: red, address: 10.1.0.1/24}            # !! networks[red], external: true
    routes: [{destination: 172.16.0.0/12, next-hop: 10.3.0.1}]       # !! no link of routers[r2]
""",
    "NAT": """
networks:
  - {name: blue, type: local}
  - {name: red, type: local}
  - {name: public, type: local, external: true}
ports:
  - {name: vm1, network: blue, device: net_null0, addresses: [10.0.0.10, "2001:db8::10"]}
  - {name: vm2, network: red, device: net_null1, addresses: [10.1.0.10]}
routers:
  - name: r1
    interfaces: [{network: blue, address: 10.0.0.1/24}]
    gateway: {network: public, address: 203.0.113.2/24, snat-pool: [203.0.113.20]}
    nat: {udp-timeout: 119}                       # !! routers[r1].nat.udp-timeout, 119, 120..1000000
    floating-ips:
      - {address: 203.0.113.10, port: vm1}
      - {address: 203.0.113.11, port: vm1}        # !! floating-ips[1], vm1 at 10.0.0.10, behind
      - {address: 203.0.113.10, port: vm9}        # !! floating-ips[2], 'vm9'
      - {address: 203.0.113.12, port: vm2}        # !! vm2, networks[red], no interface
      - {address: 203.0.114.13, port: vm1, fixed-address: "2001:db8::10"}    # !! IPv4 only
      - {address: 203.0.113.20, port: vm1, fixed-address: 10.0.0.11}         # !! not an address of ports[vm1]
    port-forwardings:
      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm1, internal-port: 80}
      - address: 203.0.113.10                     # !! 203.0.113.10, floating-ips[0]
        protocol: tcp
        external-port: 80
        port: vm1
        internal-port: 65536                      # !! port-forwardings[1].internal-port, 1..65535
      - {address: 203.0.113.2, protocol: tcp, external-port: 80, port: vm1, internal-port: 81}  # !! tcp
  - name: r2
    gateway: {network: public, address: 203.0.113.3/24, snat: false, snat-pool: [203.0.113.20]} # !! needs snat
    floating-ips: []
  - name: r3
    floating-ips: [{address: 203.0.113.30, port: vm1}]                       # !! needs a 'gateway'
""",
    "router firewalls": """
routers:
  - name: r1
    firewall:
      - {action: deny, direction: in, protocol: tcp, ports: 20-23}
      - {action: deny, protocol: icmp, ports: 80}            # !! firewall[1].ports, tcp, udp
      - {action: drop}                                       # !! firewall[2].action, allow, deny
      - {direction: in}                                      # !! firewall[3], action
      - {action: allow, source: 10.0.0.0/8, destination: "::/0"}     # !! destination, contradicts source
      - {action: allow, source: 10.0.0.1/8}                  # !! 10.0.0.0/8
""",
    "workers": """
host:
  workers: [1, 1]                            # !! host.workers, 1
""",
    "duplicate keys": """
networks:
  - name: blue
    type: local
    type: flat                               # !! type
""",
    "anchors": """
networks:
  - &blue {name: blue, type: local}          # !! anchor
""",
}


@proves("S05")
@pytest.mark.parametrize("what", DOCUMENTS)
def test_errors_of_a_document(tmp_path, what):
    answer = judges(tmp_path / "weft.yaml", DOCUMENTS[what])
    assert all(line.startswith(f"{tmp_path / 'weft.yaml'}:") for line in answer.stderr.splitlines())


@proves("S05", "S21")
@pytest.mark.parametrize("text", [GUESTS, VLAN, FLAT, TRUNK])
def test_good_files(tmp_path, text):
    number = iter(range(1000))
    text = re.sub(r"\{name: (vm\S*|physnet1)(?=[,}])",
                  lambda match: f"{match[0]}, device: net_null{next(number)}", text)
    file = tmp_path / "weft.yaml"
    file.write_text(text)
    answer, errors = check(file)
    assert (answer.returncode, errors) == (0, []), answer
    assert f"{file}: ok" in answer.stdout + answer.stderr


def test_tabs(tmp_path):
    errors = is_refused(tmp_path, "networks:\n\t- name: blue\n")
    assert errors[0][0] == 2


@pytest.mark.parametrize("content", [
    "networks: [", "networks: {", "networks: 'open\n", "- a list\n", "just words\n", "---\n---\n",
    "networks: !!python/object:os.system {}\n", "networks: *nobody\n", "? [complex]: key\n",
    "%YAML 9.9\n---\n{}\n", "[" * 5000, "{a: " * 5000, "- " * 100000, "networks: [{}]\n",
    "networks: [[]]\n", "networks: [null]\n", "ports: [1, 2]\n", "host: []\n", "7: 7\n",
    "host: {memory: 99999999999999999999999G}\n", "host: {memory: -1}\n", "host: {memory: 0}\n",
    "\ufeff\ufeffports: x\n", "ports: \"\\0\"\n", "ports: \"\\ud800\"\n",
], ids=lambda content: repr(content[:20]))
def test_hopeless_files(tmp_path, content):
    is_refused(tmp_path, content)


@pytest.mark.parametrize("content", [
    b"\0" * 1000, bytes(range(256)) * 8, b"\xff\xfe" + b"x" * 100, b"\x7fELF" + bytes(5000),
    b"name: \xc3\x28\n", random.Random(1).randbytes(1 << 20), b"garbage " * (1 << 17),
    b"x" * (1 << 20), b": \n" * 300000,
], ids=["zeros", "all bytes", "half UTF-16", "program", "bad UTF-8", "1 MB random", "1 MB words",
        "1 MB word", "1 MB colons"])
def test_garbage(tmp_path, content):
    is_refused(tmp_path, content)


def test_an_empty_file_is_an_empty_switch_or_an_error(tmp_path):
    for content in ("", "# nothing\n", "---\n", "{}\n"):
        file = tmp_path / "weft.yaml"
        file.write_text(content)
        answer, _ = check(file)
        assert answer.returncode in (0, 1) and (answer.stdout + answer.stderr).strip()


def test_files_that_cannot_be_read(tmp_path):
    for file in (tmp_path / "missing.yaml", tmp_path):
        answer = run(WEFT, "--check", file)
        assert answer.returncode == 1 and str(file) in answer.stderr


def test_a_thousand_errors_are_all_told(tmp_path):
    ports = "".join(f"  - {{name: vm{number}, network: nowhere, device: net_null{number}, "
                    f'mac: "{mac(number + 1)}"}}\n' for number in range(1000))
    file = tmp_path / "weft.yaml"
    file.write_text("ports:\n" + ports)
    answer, errors = check(file)
    assert answer.returncode == 1
    assert {line for line, _ in errors} == set(range(2, 1002))
