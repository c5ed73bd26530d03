# SPDX-License-Identifier: BSD-3-Clause
"""What is routed changes while it is in use: MAC addresses, addresses, routers, rules; see routed."""
import socket
import threading
import time
from itertools import cycle

import pytest

from lab.process import SCALE, wait_until
from lab.traffic import Stream, TcpStream, connects, is_silent, pings, sends_tcp
from overlays import reaches
from routed import (A, B, EXPIRED, FAMILIES, NO_PORT, SILENT_FOR, UNREACHABLE, bridges_to, config, ends, forwards, ip,
                    learned_mtu, neighbours, offender, router, said_by, settles, starts, talk)

proves = pytest.mark.proves
both_families = pytest.mark.parametrize("family", FAMILIES, ids=("IPv4", "IPv6"))


# ---- hosts ----

@proves("S40")
@pytest.mark.parametrize("says_so", [True, False], ids=["and says so", "and speaks"])
def test_a_host_changes_its_mac(both, says_so):
    """It announces itself, or asks for the router when it has something to say: either is heard."""
    site = starts(both, config("blue", "red"))
    a, b = site["a"], site["b"]
    if says_so:
        b.sysctl("net/ipv4/conf/b/arp_notify", 1)
        b.sysctl("net/ipv6/conf/b/ndisc_notify", 1)
    with Stream(a, b, interval=0.01) as stream:
        assert reaches(a, ip(*B, 6))
        b.ip("link", "set", "dev", "b", "address", "02:00:00:00:77:77")
        moment = time.monotonic()
        if not says_so:
            assert reaches(b, ip(*A)) and reaches(b, ip(*A, 6))
        wait_until(lambda: stream.arrived[max(stream.arrived)] > moment + 0.2, "it is found again", patience=3)
        assert reaches(a, ip(*B, 6)) and reaches(a, ip(*B))
    for family in FAMILIES:
        assert neighbours(site)[ip(*B, family)] == "02:00:00:00:77:77"
    ends(site)


@proves("S40")
def test_a_host_changes_its_mac_in_silence(lab, report):
    """Until it is asked again; who answers stays reachable meanwhile, and it is asked for him with nothing lost."""
    site = starts(lab, config("blue", "red", "green"))
    with Stream(site["a"], site["b"], interval=0.02) as stream, \
            TcpStream(site["c"], site["a"], 5001, interval=0.02, address=ip(*A, 6)) as other, \
            Stream(site["c"], site["a"], interval=0.02) as another:
        site["b"].ip("link", "set", "dev", "b", "address", "02:00:00:00:77:77")
        moment = time.monotonic()
        wait_until(lambda: stream.arrived[max(stream.arrived)] > moment + 0.5, "it is found again", patience=SILENT_FOR)
    report(f"a host with another MAC that says nothing is found again after {stream.longest_gap():.1f} s")
    assert reaches(site["a"], ip(*B))
    assert other.is_complete and another.lost() == []
    assert max(later - earlier for earlier, later in zip(other.heard, other.heard[1:])) < 0.5 * SCALE
    ends(site)


# ---- routers ----

@proves("S37", "S40")
def test_the_address_of_a_router_changes(both):
    """In red; who talks between blue and green notices nothing."""
    document = config("blue", "red", "green")
    site = starts(both, document)
    a, b, c = site["a"], site["b"], site["c"]
    with Stream(a, c) as stream, TcpStream(c, a, 5009) as other, Stream(a, b) as third:
        assert reaches(b, ip(*A)) and reaches(b, ip("red"))
        for leg in document["routers"][0]["interfaces"][2:4]:
            leg["address"] = leg["address"].replace(".1/", ".254/").replace("::1/", "::fe/")
        site.applies(document)
        b.ip("neigh", "flush", "dev", "b")
        assert is_silent(b, ip(*A)) and is_silent(b, ip("red")) and is_silent(b, ip("red", 1, 6))
        b.ip("route", "replace", "default", "via", ip("red", 254))
        b.ip("-6", "route", "replace", "default", "via", ip("red", 254, 6))
        talk(a, A, b, B, size=1 << 20)
        assert reaches(b, ip("red", 254)) and reaches(a, ip("red", 254, 6))
        site.applies(document | {"ports": document["ports"] + [{"name": "d", "network": "red"}]})
        assert reaches(b, ip(*A))
    assert stream.lost() == [] and other.is_complete
    assert third.lost() == [], "b is where it was"
    ends(site)


@proves("S37", "S40")
def test_the_mac_of_a_router_changes(both):
    """It announces itself, so hosts need not ask."""
    document = config("blue", "red")
    site = starts(both, document)
    a, b = site["a"], site["b"]
    with Stream(a, b) as stream, TcpStream(a, b, 5001, address=ip(*B, 6)) as talk_:
        for leg in document["routers"][0]["interfaces"][:2]:
            leg["mac"] = "02:00:00:00:88:88"
        site.applies(document)
        moment = time.monotonic()
        assert talk_.is_heard_after(moment + 0.5)
    assert len(stream.lost()) < 100 * SCALE, "0.2 s"
    assert a.ip("neigh", "show", ip("blue")).stdout.split()[4] == "02:00:00:00:88:88"
    assert talk_.is_complete
    ends(site)


@proves("S37", "S40")
def test_a_router_goes_and_comes_again(both):
    document = config("blue", "red", "green", routers=[router("blue", "green", name="other"), router("red", host=1)])
    document["routers"][1]["interfaces"] += router("blue", host=2)["interfaces"]
    site = starts(both, document)
    a, b, c = site["a"], site["b"], site["c"]
    for family, link in ((4, f"{ip('red', 0)}/24"), (6, f"{ip('red', 0, 6)}/64")):
        a.ip(f"-{family}", "route", "add", link, "via", ip("blue", 2, family))
    with Stream(a, c) as stream, TcpStream(a, b, 5001) as talk_:
        for absent in ({"routers": document["routers"][:1]},
                       {"routers": [document["routers"][0], {**document["routers"][1], "admin": "down"}]}):
            site.applies(document | absent)
            gone = time.monotonic()
            assert is_silent(a, ip(*B)) and is_silent(a, ip("blue", 2)) and is_silent(a, ip(*B, 6))
            assert not talk_.is_heard_after(gone + 0.1, patience=0.3)
            site.applies(document)
            again = time.monotonic()
            assert talk_.is_heard_after(again, patience=6), "TCP has lost nothing but time"
            assert reaches(a, ip(*B)) and reaches(b, ip(*A, 6)) and reaches(a, ip("blue", 2))
    assert stream.lost() == [] and talk_.is_complete
    ends(site)


class Knocks:
    """Datagrams to many addresses of a network, of which most are nobody's: packets wait for neighbours all the
    time."""

    def __init__(self, host, network, numbers=range(20, 60), families=FAMILIES):
        self.is_over = False
        self.handles = {family: host.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
                        for family in families}
        self.doors = [(family, ip(network, number, family)) for number in numbers for family in families]
        self.thread = threading.Thread(target=self._knock)

    def _knock(self):
        for count, (family, address) in enumerate(cycle(self.doors)):
            if self.is_over:
                return
            try:
                self.handles[family].sendto(b"is anybody there?", (address, 9))
            except OSError:
                pass  # so it heard that there is nobody
            if count % 40 == 0:
                time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        for handle in self.handles.values():
            handle.close()


@proves("S37", "S40")
def test_everything_changes_while_packets_wait(both):
    """Routers, legs, networks and ports come and go; whoever is not concerned loses nothing."""
    document = config("blue", "red", "green", ports={"a": "blue", "b": "red", "c": "green", "d": "blue"})
    site = starts(both, document)
    whole = document["routers"][0]
    states = [
        {"routers": [{**whole, "interfaces": [leg for leg in whole["interfaces"] if leg["network"] != "red"]}]},
        {"routers": [whole, router("red", "blue", name="r2", host=2)]},
        {"routers": [{**whole, "routes": [{"destination": "10.9.0.0/16", "next-hop": ip("red", 77)}]}]},
        {"routers": [{**whole, "interfaces": [leg for leg in whole["interfaces"] if leg["network"] != "red"]}],
         "networks": [network for network in document["networks"] if network["name"] != "red"],
         "ports": [port for port in document["ports"] if port["network"] != "red"]},
        {},
    ]
    with Knocks(site["a"], "red"), Knocks(site["c"], "red"), Stream(site["d"], site["c"]) as stream:
        for number in range(20):
            site.applies(document | states[number % len(states)])
            time.sleep(0.1)
    assert stream.lost() == []
    del site.hosts["b"]  # its device went with its port
    settles(site.joins(), document)
    talk(site["a"], A, site["b"], B, size=1 << 19)
    ends(site)


@proves("S11", "S40")
def test_a_tenant_that_scans_its_network_harms_no_other(lab):
    """IPv6 has room enough. Whom the other tenant's router knows is reached, and so is who must be asked for."""
    document = config("blue", "red", "green", "transit", routers=[router("blue", "red"),
                                                                  router("green", "transit", name="r2")])
    document["ports"].append({"name": "e", "network": "transit"})
    site = starts(lab, document)
    c = site["c"]
    assert reaches(c, ip("transit", "d", 6))
    with Knocks(site["a"], "red", numbers=range(0x100, 0xffff), families=(6,)):
        time.sleep(2)
        assert pings(c, ip("transit", "d", 6), count=20).received == 20
        assert pings(c, ip("transit", "e", 6), count=5, patience=4).received == 5
    ends(site)


# ---- security groups ----

def secured(rules):
    """b is in a group with these rules, a in one without: it may begin what it likes, and nobody with it."""
    document = config("blue", "red", **{"security-groups": [{"name": "web", "rules": rules},
                                                            {"name": "quiet", "rules": []}]})
    for number, (port, group) in enumerate(zip(document["ports"], ("quiet", "web")), 1):
        port.update({"mac": f"02:00:00:00:00:{number:02x}", "security-groups": [group], "queues": 1,
                     "addresses": [ip(port["network"], port["name"], family) for family in FAMILIES]})
    return document


def tcp(port):
    return [{"direction": "ingress", "protocol": "tcp", "ports": port, "ethertype": kind} for kind in ("ipv4", "ipv6")]


@proves("S40", "S47")
@both_families
def test_security_groups_hold_for_what_is_routed(both, family):
    site = starts(both, secured(tcp(5001)))
    a, b, near, far = site["a"], site["b"], ip(*A, family), ip(*B, family)
    sends_tcp(a, b, 4 << 20, address=far)
    with TcpStream(a, b, 5001, address=far, is_answered=True) as stream:
        assert not connects(a, b, 5002, address=far)
        assert not connects(b, a, 5001, address=near), "unsolicited"
        assert pings(a, far, count=2, patience=0.3).received == 0
        assert pings(b, near, count=2, patience=0.3).received == 0
        site.applies(secured(tcp(5002)))
        after = time.monotonic()
        time.sleep(0.5 * SCALE)
        assert stream.heard[-1] - after < 0.1 * SCALE, "cut with its rule"
    assert connects(a, b, 5002, address=far) and not connects(a, b, 5001, address=far)
    assert site.daemon.drops("a")["deliver/not-allowed"] >= 2 <= site.daemon.drops("b")["deliver/not-allowed"]
    assert {row["network"] for row in site.daemon.json("connection list")} == {"blue", "red"}
    ends(site)


@proves("S40", "S47")
@both_families
def test_a_closed_guest_hears_the_errors_of_its_router(lab, family):
    """They are about what it said itself: too far, too big, no such network, nobody there."""
    document = secured([{"direction": "ingress", "protocol": "udp", "ports": 7000,
                         "ethertype": "ipv4" if family == 4 else "ipv6"}])
    document["networks"][1]["mtu"] = 1400
    beyond = {4: "172.16.1.2", 6: "fd00:16:1::2"}[family]
    document["ports"].append({"name": "x", "network": "red", "port-security": False})
    document["routers"][0]["routes"] = [{"destination": beyond[:-1] + {4: "0/24", 6: "/64"}[family],
                                         "next-hop": ip("red", "x", family)}]
    site = starts(lab, document)
    a, far = site["a"], ip(*B, family)
    bridges_to(forwards(site["x"]), lab.host("island"), "cable", 1)
    assert offender(a, far, 64, port=7000) == (far, *NO_PORT[family]), "of who was asked"
    assert offender(a, beyond, 2) == (ip("red", "x", family), *EXPIRED[family]), "of a router further on"
    assert offender(a, beyond, 3) == (beyond, *NO_PORT[family])
    assert offender(a, far, 1) == (ip("blue", 1, family), *EXPIRED[family])
    said = said_by(a, far, "-t", 1)
    assert f"From {ip('blue', 1, family)} " in said and "exceeded" in said, said
    said = said_by(a, far, "-s", 1400, "-M", "do")
    assert "1400" in said and learned_mtu(a, far) == 1400, said
    assert offender(a, ip("green", 9, family), 64) == (ip("blue", 1, family), UNREACHABLE[family], 0)
    assert offender(a, ip("red", 99, family), 64) == (ip("blue", 1, family), *{4: (3, 1), 6: (1, 3)}[family])
    assert offender(a, ip("red", 1, family), 64, port=53) == (ip("blue", 1, family), *NO_PORT[family])
    ends(site)
