# SPDX-License-Identifier: BSD-3-Clause
"""Source NAT, floating IPs, port forwardings: the kernel's TCP, UDP, ping and traceroute at both ends; see natted."""
import json
import time

import pytest

from lab.process import SCALE, wait_until
from lab.traffic import TcpStream, is_silent, pings
from natted import (BEYOND, FIP, FIP2, GATE, HOP_BEYOND, OWN, WEB, Exchange, address_of, asks_udp, calls, exchanges,
                    forward, listens, starts)
from overlays import forgets_path_mtu, probes_mtu, reaches
from routed import EXPIRED, NO_PORT, ip, learned_mtu, offender, said_by

proves = pytest.mark.proves
MB = 1 << 20
INSIDE = ("a", "c", "b")


def drops(place, port="uplink"):
    return place.daemon.drops(port)


# ---- source NAT ----

@proves("S42")
def test_hosts_inside_reach_the_outside(both):
    """By ping, TCP both ways, UDP, with fragments too; who is asked sees the address of the gateway."""
    place = starts(both)
    for name in INSIDE:
        for address in (WEB, BEYOND):
            assert reaches(place[name], address), (name, address)
            assert reaches(place[name], address, ("-s", 4000)), (name, address)
    assert exchanges(place["a"], place["beyond"], BEYOND, 5001, size=8 * MB) == GATE
    assert exchanges(place["b"], place["web"], WEB, 5001, size=2 * MB) == GATE
    for name in INSIDE:
        peer = asks_udp(place[name], place["beyond"], BEYOND, 5005)
        assert peer and peer[0] == GATE, (name, peer)
    place.ends()


@proves("S42")
def test_two_hosts_from_the_same_port(both):
    """At once, to one server; each gets what is meant for it."""
    place = starts(both)
    pair = [Exchange(place[name], place["beyond"], BEYOND, port, size=4 * MB, source=7000).begins()
            for name, port in (("a", 5001), ("c", 5002))]
    peers = [one.ends() for one in pair]
    assert {address for address, _ in peers} == {GATE}
    peers = [asks_udp(place[name], place["beyond"], BEYOND, 5005, source=7001) for name in INSIDE]
    assert len({port for _, port in peers}) == 3 and {address for address, _ in peers} == {GATE}, peers
    assert peers[0][1] == 7001 and all(port % 2 for _, port in peers), peers
    place.ends()


@proves("S42")
def test_many_connections_at_once(both):
    """Ten of each host, and each byte where it belongs."""
    place = starts(both)
    many = [Exchange(place[name], place["beyond"], BEYOND, 5100 + number * 3 + at, size=MB // 4).begins()
            for number in range(10) for at, name in enumerate(INSIDE)]
    assert {one.ends()[0] for one in many} == {GATE}
    place.ends()


@proves("S42")
@pytest.mark.parametrize("options", (("-P", 4), ("-R",), ("-u", "-b", "20M")), ids=("four", "reverse", "udp"))
def test_iperf3_measures_through_nat(lab, options, report):
    place = starts(lab)
    server = place["beyond"].starts("iperf3", "-s", "-1")
    wait_until(lambda: place["beyond"].run("ss", "-Hltn", "sport = :5201").stdout, "the server listens")
    said = json.loads(place["a"].run("iperf3", "-c", BEYOND, "-t", 1, "-J", *options).stdout)["end"]
    server.wait(10 * SCALE)
    moved = said.get("sum_received", said.get("sum"))
    report(f"iperf3 {' '.join(map(str, options))}: {moved['bits_per_second'] / 1e6:.0f} Mbit/s")
    assert moved["bytes"] > MB and moved.get("lost_percent", 0) < 1, moved
    place.ends()


@proves("S42")
def test_traceroute_and_tracepath_find_the_way(lab):
    """The tools that people use: each hop, and the MTU of a link that is narrow."""
    place = starts(lab)
    hops = ["1", ip("blue"), "2", WEB, "3", BEYOND]
    for options in ((), ("-I",), ("-T", "-p", 5001)):
        said = place["a"].run("traceroute", "-n", "-q", 1, "-w", 2, *options, BEYOND).stdout
        assert [word for line in said.splitlines()[1:] for word in line.split()[:2]] == hops, said
    for host in ("web", "beyond"):
        place[host].ip("link", "set", "dev", "cable", "mtu", 1300)
    said = place["a"].run("tracepath", "-n", BEYOND).stdout
    assert "pmtu 1300" in said and "Resume: pmtu 1300 hops 3" in said, said
    place.ends()


@proves("S42")
def test_a_way_is_traced_through_nat(both):
    """A host inside sees each hop, by UDP and by ping; the errors about what went out find back to it."""
    place = starts(both)
    a = place["a"]
    assert reaches(a, BEYOND)
    assert offender(a, BEYOND, 1) == (ip("blue"), *EXPIRED[4])
    assert offender(a, BEYOND, 2) == (WEB, *EXPIRED[4])
    assert offender(a, BEYOND, 3) == (BEYOND, *NO_PORT[4])
    for ttl, address in ((1, ip("blue")), (2, WEB)):
        said = said_by(a, BEYOND, "-t", ttl)
        assert f"From {address} " in said and "exceeded" in said, said
    assert "Net Unreachable" in said_by(a, "198.51.100.1") or "exceeded" in said_by(a, "198.51.100.1")
    place.ends()


@proves("S42")
def test_a_host_inside_learns_the_mtu_of_the_way(both):
    """It is the link behind web that is narrow; TCP, whose ends tell each other, fits from the start."""
    place = starts(both)
    a = place["a"]
    for host in ("web", "beyond"):
        place[host].ip("link", "set", "dev", "cable", "mtu", 1300)
    assert reaches(a, BEYOND)
    probes_mtu(a, BEYOND, 1300, says=WEB)
    assert learned_mtu(a, BEYOND) == 1300
    forgets_path_mtu(a)
    assert exchanges(a, place["beyond"], BEYOND, 5001, size=2 * MB) == GATE
    place.ends()


@proves("S43")
def test_nobody_comes_in_unasked(both):
    """To the address of the gateway, and to an inside address by whoever knows the way; ping to the gateway alone
    is answered."""
    place = starts(both)
    web = place["web"]
    assert reaches(web, GATE)
    with listens(place["a"], 80), listens(place["a"], 7000):
        assert not calls(web, GATE, 80) and not calls(place["beyond"], GATE, 7000)
        web.ip("route", "add", "10.0.1.0/24", "via", GATE)
        assert not calls(web, address_of("a"), 80)
        assert is_silent(web, address_of("a"))
        assert calls(place["b"], address_of("a"), 80), "between networks inside nothing changes"
    assert drops(place)["translate/unsolicited"] >= 4
    assert exchanges(place["b"], place["a"], address_of("a"), 5001) == address_of("b")
    place.ends()


# ---- floating IPs ----

@proves("S44")
def test_a_host_has_a_floating_ip(both):
    """It is reached by it, and is seen with it."""
    place = starts(both, floating={FIP: "a", FIP2: "b"})
    for name, address in (("a", FIP), ("b", FIP2)):
        host = place[name]
        for who in ("web", "beyond"):
            assert reaches(place[who], address) and reaches(place[who], address, ("-s", 4000)), (who, address)
        assert exchanges(place["beyond"], host, address, 5001, size=4 * MB) == BEYOND
        assert exchanges(host, place["beyond"], BEYOND, 5002, size=4 * MB) == address
        assert asks_udp(place["web"], host, address, 5005) is not None
        assert asks_udp(host, place["beyond"], BEYOND, 5006)[0] == address
    assert exchanges(place["c"], place["beyond"], BEYOND, 5003) == GATE
    assert place.daemon.json("connection list") == [] or all(
        address_of("a") not in str(row) for row in place.daemon.json("connection list"))
    place.ends()


@proves("S44")
def test_hosts_inside_call_each_other_by_floating_ips(both):
    """Of another network, of the same one, and themselves; and who has none."""
    place = starts(both, floating={FIP: "a", FIP2: "b"})
    assert exchanges(place["a"], place["b"], FIP2, 5001) == FIP
    assert exchanges(place["b"], place["a"], FIP, 5001) == FIP2
    assert exchanges(place["c"], place["a"], FIP, 5002) == GATE
    assert exchanges(place["a"], place["a"], FIP, 5003) == FIP
    assert reaches(place["a"], FIP2) and reaches(place["c"], FIP2)
    place.ends()


@proves("S44")
def test_a_way_is_traced_to_a_floating_ip(both):
    """From outside nobody sees an inside address; from inside the way out is as ever."""
    place = starts(both, floating={FIP: "a"})
    beyond, a = place["beyond"], place["a"]
    assert reaches(beyond, FIP)
    assert offender(beyond, FIP, 1) == (HOP_BEYOND, *EXPIRED[4])
    assert offender(beyond, FIP, 2) == (GATE, *EXPIRED[4])
    assert offender(beyond, FIP, 3) == (FIP, *NO_PORT[4])
    assert [offender(a, BEYOND, ttl)[0] for ttl in (1, 2, 3)] == [ip("blue"), WEB, BEYOND]
    place.ends()


@proves("S44")
def test_path_mtu_by_a_floating_ip(both):
    """Outwards the link behind web is narrow."""
    place = starts(both, floating={FIP: "a"})
    a = place["a"]
    for host in ("web", "beyond"):
        place[host].ip("link", "set", "dev", "cable", "mtu", 1300)
    assert reaches(a, BEYOND)
    probes_mtu(a, BEYOND, 1300, says=WEB)
    forgets_path_mtu(a)
    assert exchanges(place["beyond"], a, FIP, 5001, size=2 * MB) == BEYOND
    assert exchanges(a, place["beyond"], BEYOND, 5002, size=2 * MB) == FIP
    place.ends()


@proves("S37", "S44")
def test_a_floating_ip_comes_while_data_flows(both):
    """The connection that source NAT has begun loses nothing; the next one has the floating IP."""
    place = starts(both)
    a, beyond = place["a"], place["beyond"]
    with TcpStream(a, beyond, 5001) as out, TcpStream(a, beyond, 5002, is_answered=True) as back:
        assert exchanges(a, beyond, BEYOND, 5003) == GATE
        place.turns(floating={FIP: "a"})
        assert exchanges(a, beyond, BEYOND, 5004) == FIP
        assert exchanges(beyond, a, FIP, 5005) == BEYOND
        assert out.is_heard_after(time.monotonic()) and back.is_heard_after(time.monotonic())
    assert out.is_complete and back.is_complete
    place.ends()


@proves("S37", "S44")
def test_a_floating_ip_goes(both):
    """What used it is cut, both what came by it and what left with it."""
    place = starts(both, floating={FIP: "a", FIP2: "b"})
    a, beyond = place["a"], place["beyond"]
    assert reaches(beyond, FIP)
    place.turns(floating={FIP2: "b"})
    assert pings(beyond, FIP, count=3).received == 0
    with listens(a, 80):
        assert not calls(beyond, FIP, 80)
    assert exchanges(a, beyond, BEYOND, 5001) == GATE
    assert exchanges(beyond, place["b"], FIP2, 5001) == BEYOND
    place.turns(floating={FIP: "b"})
    assert exchanges(place["web"], place["b"], FIP, 5001) == WEB
    place.ends()


# ---- port forwardings ----

FORWARDING = [forward(8080, "a", 80), forward(8081, "b", 80), forward(5353, "a", 53, "udp"),
              forward(8080, "c", 80, address=OWN)]


@proves("S44")
def test_ports_are_forwarded(both):
    """From outside, by address and port; no other port comes in."""
    place = starts(both, forwarding=FORWARDING)
    for who, seen in (("web", WEB), ("beyond", BEYOND)):
        assert exchanges(place[who], place["a"], GATE, 8080, listen=80, size=2 * MB) == seen
        assert exchanges(place[who], place["b"], GATE, 8081, listen=80) == seen
        assert exchanges(place[who], place["c"], OWN, 8080, listen=80) == seen
        assert asks_udp(place[who], place["a"], GATE, 5353, listen=53)[0] == seen
    with listens(place["a"], 80), listens(place["a"], 8082):
        assert calls(place["web"], GATE, 8080)
        assert not any(calls(place["web"], GATE, port) for port in (80, 8082))
    assert exchanges(place["a"], place["beyond"], BEYOND, 5001) == GATE
    place.ends()


@proves("S44")
def test_hosts_inside_ask_forwarded_ports(both):
    """Of another network, of the same one, and itself: a server sees the outside address."""
    place = starts(both, forwarding=FORWARDING)
    for who in ("b", "c", "a"):
        assert exchanges(place[who], place["a"], GATE, 8080, listen=80) == GATE, who
    assert asks_udp(place["b"], place["a"], GATE, 5353, listen=53)[0] == GATE
    place.ends()


@proves("S37", "S44")
def test_a_forwarding_goes_and_comes(both):
    """A connection by it is cut, and the other one's goes on."""
    place = starts(both, forwarding=FORWARDING[:2])
    with TcpStream(place["a"], place["beyond"], 5001) as other:
        assert exchanges(place["beyond"], place["a"], GATE, 8080, listen=80) == BEYOND
        place.turns(forwarding=FORWARDING[1:2])
        with listens(place["a"], 80):
            assert not calls(place["beyond"], GATE, 8080)
        assert exchanges(place["beyond"], place["b"], GATE, 8081, listen=80) == BEYOND
        place.turns(forwarding=FORWARDING[:2])
        assert exchanges(place["beyond"], place["a"], GATE, 8080, listen=80) == BEYOND
        assert other.is_heard_after(time.monotonic())
    assert other.is_complete
    place.ends()


# ---- the firewall ----

@proves("S45", "S46")
def test_the_firewall_of_a_router_that_translates(both):
    """It lets TCP to port 80 of a in, whichever outside address is asked, and out what is not port 25."""
    rules = [{"action": "allow", "direction": "in", "protocol": "tcp", "ports": 80,
              "destination": f"{address_of('a')}/32"},
             {"action": "deny", "direction": "out", "protocol": "tcp", "ports": 25},
             {"action": "allow", "direction": "out"}]
    place = starts(both, floating={FIP: "a", FIP2: "b"}, forwarding=[forward(8080, "a", 80)], firewall=rules)
    assert exchanges(place["beyond"], place["a"], FIP, 80) == BEYOND
    assert exchanges(place["web"], place["a"], GATE, 8080, listen=80) == WEB
    assert exchanges(place["a"], place["beyond"], BEYOND, 5001, size=2 * MB) == FIP
    assert exchanges(place["a"], place["b"], address_of("b"), 5001) == address_of("a")
    assert reaches(place["c"], BEYOND) and pings(place["beyond"], FIP).received == 0
    with listens(place["a"], 81), listens(place["b"], 80), listens(place["beyond"], 25):
        assert not calls(place["web"], FIP, 81) and not calls(place["web"], FIP2, 80)
        assert not calls(place["a"], BEYOND, 25) and not calls(place["c"], BEYOND, 25)
    assert [offender(place["a"], BEYOND, ttl)[0] for ttl in (1, 2, 3)] == [ip("blue"), WEB, BEYOND]
    assert drops(place)["firewall/not-allowed"] >= 3
    place.ends()
