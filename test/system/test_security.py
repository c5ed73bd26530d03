# SPDX-License-Identifier: BSD-3-Clause
"""Security groups and the kernel's own TCP, UDP and ICMP: hosts in namespaces on TAP ports."""
import errno
import hashlib
import os
import socket
import struct
import threading
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

from lab.fixtures import Lab, worker_lists
from lab.process import SCALE, wait_until
from lab.site import Site
from lab.traffic import Stream, TcpStream, connects, datagrams, pings, sends_tcp
from lab.wire import Tap
from overlays import speaks_ipv6

proves = pytest.mark.proves

PING = {"direction": "ingress", "protocol": "icmp", "icmp-type": 8}
ADDRESSES = {"a": "10.0.0.1/24", "b": "10.0.0.2/24", "c": "10.0.0.3/24"}
IPV6 = {"a": "fd00::1", "b": "fd00::2", "c": "fd00::3"}


def tcp(*ports):
    """Rules that open TCP ports."""
    return [{"direction": "ingress", "protocol": "tcp", "ports": port} for port in ports]


def udp(*ports):
    return [{"direction": "ingress", "protocol": "udp", "ports": port} for port in ports]


def config(rules, on_change="cut", groups=("web",), **more):
    """Three hosts; b is in a group with these rules, a and c are in none: closed, and they may begin what they
    like. `more`: further sections."""
    return {
        "networks": [{"name": "blue", "type": "local"}],
        "security-groups": [{"name": name, "on-change": on_change, "rules": rules} for name in groups],
        "ports": [{"name": name, "network": "blue", "mac": f"02:00:00:00:00:0{number}",
                   "addresses": [ADDRESSES[name].split("/")[0], IPV6[name]],
                   **({"security-groups": list(groups)} if name == "b" else {})}
                  for number, name in enumerate("abc", 1)],
        **more,
    }


def starts(lab, rules, **more):
    __tracebackhide__ = True
    site = Site(lab).starts(config(rules, **more), **ADDRESSES)
    for name, address in IPV6.items():
        speaks_ipv6(site[name], f"{address}/64")
    return site


def states(site, *filters):
    """The states of TCP connections that are allowed."""
    return sorted(row["state"] for row in site.daemon.json("connection", "list", *filters)
                  if row["protocol"] == "tcp" and not row["cut"])


# ---- what is open, what is closed ----

@proves("S47")
def test_what_no_rule_opens_is_closed(both):
    site = starts(both, [PING, *tcp(5001)])
    a, b = site["a"], site["b"]
    assert pings(a, b.address).received == 3
    assert pings(b, a.address, patience=0.3).received == 0, "a is in no group, so nobody may begin with it"
    assert pings(a, IPV6["b"], patience=0.3).received == 0, "the rule speaks of IPv4"
    sends_tcp(a, b, 4 << 20, port=5001)
    sends_tcp(a, b, 1 << 20, port=5001, address=IPV6["b"])
    assert not connects(a, b, 5002) and not connects(b, a, 5001)
    assert site.daemon.drops("a")["deliver/not-allowed"] >= 2
    assert set(states(site)) <= {"TIME_WAIT", "LAST_ACK", "FIN_WAIT", "CLOSE_WAIT", "CLOSE"}
    assert site.daemon.is_conserved()
    site.daemon.stops()


# ---- changes ----

@proves("S47")
@pytest.mark.parametrize("version,is_answered", [("IPv4", False), ("IPv4", True), ("IPv6", False)],
                         ids=["IPv4", "IPv4, the server speaks", "IPv6"])
def test_a_connection_is_cut_when_its_rule_goes(both, version, is_answered, record_property):
    """Within 100 ms of the answer of `weftctl apply`, and nothing else is."""
    site = starts(both, [PING, *tcp(5001, 5002), *udp(5009)])
    a, b, c = site["a"], site["b"], site["c"]
    address = IPV6["b"] if version == "IPv6" else None
    with TcpStream(a, b, 5001, address=address, is_answered=is_answered) as victim, \
            TcpStream(a, b, 5002, address=address) as other, \
            TcpStream(c, b, 5002) if version == "IPv6" else Stream(a, b, port=5009) as third:
        assert states(site).count("ESTABLISHED") >= 2
        before = time.monotonic()
        site.applies(config([PING, *tcp(5002), *udp(5009)]))
        after = time.monotonic()
        time.sleep(0.5 * SCALE)
        cut = victim.heard[-1]
        record_property("cut_ms_after_answer", round((cut - after) * 1e3, 1))
        record_property("cut_ms_after_command", round((cut - before) * 1e3, 1))
        print(f"the last byte arrived {(cut - before) * 1e3:.1f} ms after the command was given, "
              f"{(cut - after) * 1e3:.1f} ms after its answer")
        assert cut - after < 0.1 * SCALE
        assert other.is_heard_after(after + 0.3)
        assert not connects(a, b, 5001)
    assert not victim.is_complete and other.is_complete
    assert third.is_complete if version == "IPv6" else third.lost() == []
    assert site.daemon.is_conserved()
    site.daemon.stops()


@proves("S47")
def test_a_cut_connection_lives_again_with_its_rule(lab):
    """TCP has lost nothing but time: its packets are picked up in the middle of the connection."""
    site = starts(lab, tcp(5001))
    with TcpStream(site["a"], site["b"], 5001) as stream:
        site.applies(config(tcp(5002)))
        time.sleep(0.3 * SCALE)
        silent_since = stream.heard[-1]
        assert not stream.is_heard_after(silent_since, patience=0.2)
        site.applies(config(tcp(5001)))
        assert stream.is_heard_after(silent_since, patience=5)
    assert stream.is_complete
    site.daemon.stops()


@proves("S47")
@pytest.mark.parametrize("is_answered", [False, True], ids=["the client speaks", "the server speaks"])
def test_established_connections_may_finish(both, is_answered):
    """on-change: persist. What stands goes on to its end; nothing new begins."""
    site = starts(both, tcp(5001, 5002), on_change="persist")
    a, b = site["a"], site["b"]
    with TcpStream(a, b, 5001, is_answered=is_answered) as stream, TcpStream(a, b, 5002) as other:
        site.applies(config(tcp(5002), on_change="persist"))
        moment = time.monotonic()
        assert not connects(site["c"], b, 5001) and not connects(a, b, 5001)
        assert connects(a, b, 5003) is False
        time.sleep(1 * SCALE)
        assert stream.is_heard_after(moment + 0.8), "it goes on"
        assert other.is_heard_after(moment + 0.8)
    assert stream.is_complete and other.is_complete
    assert not connects(a, b, 5001)
    site.daemon.stops()


@proves("S47")
def test_a_port_that_leaves_its_group_is_cut(lab):
    """The rule stays, but the port has other groups now."""
    config_of = {name: config(tcp(5001)) for name in ("in", "out")}
    for one in config_of.values():
        one["security-groups"].append({"name": "quiet", "rules": [PING]})
    config_of["out"]["ports"][1]["security-groups"] = ["quiet"]
    site = Site(lab).starts(config_of["in"], **ADDRESSES)
    with TcpStream(site["a"], site["b"], 5001) as stream:
        site.applies(config_of["out"])
        after = time.monotonic()
        time.sleep(0.4 * SCALE)
        assert stream.heard[-1] - after < 0.1 * SCALE
        assert pings(site["a"], "10.0.0.2").received == 3
    site.daemon.stops()


class Intruder:
    """Knocks at doors that are closed, all the time: UDP and TCP. Nothing may ever be heard inside."""

    def __init__(self, client, server, port):
        self.target, self.is_over, self.knocks = (server.address, port), False, 0
        self.speaker = client.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client, self.ear = client, server.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ear.bind(self.target)
        self.ear.setblocking(False)
        self.door = server.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.door.bind(self.target)
        self.door.listen(64)
        self.door.setblocking(False)
        self.thread = threading.Thread(target=self._knock)

    def _knock(self):
        callers = []
        while not self.is_over:
            self.speaker.sendto(b"let me in", self.target)
            self.knocks += 1
            if self.knocks % 50 == 1:
                callers.append(self.client.socket(socket.AF_INET, socket.SOCK_STREAM))
                callers[-1].setblocking(False)
                callers[-1].connect_ex(self.target)
            time.sleep(0.001)
        for caller in callers:
            caller.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        self.got_in = self._hears(self.ear.recv, 64) or self._hears(self.door.accept)
        for handle in (self.speaker, self.ear, self.door):
            handle.close()

    @staticmethod
    def _hears(call, *words):
        try:
            call(*words)
            return True
        except BlockingIOError:
            return False


@proves("S47")
def test_new_rule_sets_leave_no_gap(both):
    """Fifty changes, one after the other. All rule sets open some doors, in ways that differ as much as they can,
    and none opens another one."""
    wide = [{"direction": "ingress", "ethertype": "ipv4"}]
    open_ones = [
        config([PING, *tcp(5001), *udp(5002)]),
        config([*udp("5000-5999"), *tcp("1-5999"), PING], groups=("other",)),
        config([PING, *tcp("5001-5001"), *({"direction": "ingress", "protocol": "udp", "ports": 5002,
                                            "remote-ip": f"10.0.0.{n}/32"} for n in range(1, 100))]),
        config([PING, *udp(5002, 7), *tcp(5001, 7)], groups=("web", "more")),
    ]
    open_ones[3]["security-groups"][1]["rules"] = [{"direction": "ingress", "protocol": "tcp", "remote-group": "web",
                                                    "ports": "1-65535"}]
    for one in open_ones:  # rules for others make a wide door elsewhere
        one["security-groups"].append({"name": "wide", "rules": wide})
        one["ports"][2]["security-groups"] = ["wide"]
    site = Site(both).starts(open_ones[0], **ADDRESSES)
    a, b = site["a"], site["b"]
    said = {}
    pinger = threading.Thread(target=lambda: said.update(pings=pings(a, b.address, count=400, interval=0.01,
                                                                     patience=2)))
    with Stream(a, b) as stream, TcpStream(a, b, 5001) as talk, Intruder(a, b, 6001) as intruder:
        pinger.start()
        start = time.monotonic()
        for number in range(1, 51):
            site.applies(open_ones[number % 4])
        seconds = time.monotonic() - start
        pinger.join()
    print(f"50 changes took {seconds:.2f} s, {intruder.knocks} knocks")
    assert stream.lost() == []
    assert said["pings"].received == said["pings"].sent, said["pings"].text[-400:]
    assert talk.is_complete
    assert intruder.knocks > 100 and not intruder.got_in
    assert site.daemon.is_conserved()
    site.daemon.stops()


# ---- directions on two workers ----

@pytest.fixture
def two_workers(request):
    """A laboratory with two workers."""
    lists = worker_lists()
    if "two workers" not in lists:
        pytest.skip("this machine has one core")
    lab = request.node.lab = Lab(lists["two workers"])
    yield lab
    lab.ends()


@proves("S47")
def test_the_two_directions_are_on_different_workers(two_workers):
    """The SYN is seen by one worker, the answer by the other, and the connection is one."""
    wanted = config([PING, *tcp("5000-5999")])
    for port in wanted["ports"]:
        port["queues"] = 1
    site = Site(two_workers).starts(wanted, **ADDRESSES)
    a, b = site["a"], site["b"]
    for name in "ab":
        speaks_ipv6(site[name], f"{IPV6[name]}/64")
    pollers = {name: [queue["worker"] for queue in site.daemon.port(name)["rx_queues"]] for name in "ab"}
    assert sorted(pollers.values()) == [[0], [1]], pollers
    sends_tcp(a, b, 16 << 20)
    sends_tcp(a, b, 4 << 20, address=IPV6["b"])
    with TcpStream(a, b, 5050, interval=0.0005) as stream:
        trouble = ShortTalks(a, b, 5100, talks=400).runs()
    assert trouble == []
    assert stream.is_complete
    drops = site.daemon.drops("a") | site.daemon.drops("b")
    assert not drops.keys() & {"deliver/invalid", "admit/invalid", "deliver/connection-table-full",
                               "deliver/connection-limit", "deliver/new-connection-budget"}, drops
    assert site.daemon.is_conserved()
    site.daemon.stops()


def reads(handle, size):
    """So many bytes of a stream, or fewer if it ends."""
    data = b""
    while len(data) < size and (chunk := handle.recv(size - len(data))):
        data += chunk
    return data


class ShortTalks:
    """Many TCP connections, several at a time: a question and its digest as the answer."""

    def __init__(self, client, server, port, talks, at_once=4):
        self.client, self.server, self.port = client, server, port
        self.left, self.at_once, self.trouble = list(range(talks)), at_once, []
        self.listener = server.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((server.address, port))
        self.listener.listen(128)
        self.listener.settimeout(1)

    def runs(self):
        """What went wrong, as a list."""
        threads = [threading.Thread(target=self._asks) for _ in range(self.at_once)]
        answerers = [threading.Thread(target=self._answers, args=(threads,)) for _ in range(self.at_once)]
        for thread in threads + answerers:
            thread.start()
        for thread in threads + answerers:
            thread.join()
        self.listener.close()
        return self.trouble

    def _asks(self):
        while self.left:
            number = self.left.pop()
            question = os.urandom(1 + number * 37 % 9000)
            try:
                with self.client.socket(socket.AF_INET, socket.SOCK_STREAM) as speaker:
                    speaker.settimeout(5 * SCALE)
                    speaker.connect((self.server.address, self.port))
                    speaker.sendall(struct.pack("!I", len(question)) + question)
                    if reads(speaker, 32) != hashlib.sha256(question).digest():
                        self.trouble.append((number, "a wrong answer"))
            except OSError as error:
                self.trouble.append((number, str(error)))

    def _answers(self, askers):
        while any(thread.is_alive() for thread in askers):
            try:
                with self.listener.accept()[0] as hearer:
                    hearer.settimeout(5 * SCALE)
                    size, = struct.unpack("!I", reads(hearer, 4))
                    hearer.sendall(hashlib.sha256(reads(hearer, size)).digest())
            except TimeoutError:
                pass
            except OSError as error:
                self.trouble.append(("server", str(error)))


# ---- errors about connections ----

@proves("S47")
@pytest.mark.parametrize("version", ["IPv4", "IPv6"])
def test_the_kernel_hears_that_nobody_listens(lab, version):
    """A port unreachable of b comes through to a, which is closed; it speaks of what a has said."""
    site = starts(lab, udp(7000))
    address = IPV6["b"] if version == "IPv6" else "10.0.0.2"
    with site["a"].socket(socket.AF_INET6 if version == "IPv6" else socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(2 * SCALE)
        asker.connect((address, 7000))
        asker.send(b"is anybody there?")
        with pytest.raises(ConnectionRefusedError):
            asker.recv(100)
    site.daemon.stops()


@proves("S47")
def test_a_way_is_traced_by_errors_of_a_router(lab):
    """Time exceeded comes from somebody else than the one who was asked, and quotes the question."""
    wanted = config([])
    wanted["ports"][2] = {"name": "c", "network": "blue", "port-security": False}
    site = Site(lab).starts(wanted, **ADDRESSES)
    a, router = site["a"], site["c"]
    router.sysctl("net/ipv4/ip_forward", 1)
    router.ip("link", "add", "beyond", "type", "veth", "peer", "name", "nowhere")
    router.ip("addr", "add", "192.0.2.1/24", "dev", "beyond")
    router.ip("link", "set", "beyond", "up")
    a.ip("route", "add", "192.0.2.0/24", "via", "10.0.0.3")
    said = pings(a, "192.0.2.9", count=3, options=("-t", 1), patience=0.5).text
    assert "From 10.0.0.3" in said and "exceeded" in said, said
    with a.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        asker.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
        asker.settimeout(2 * SCALE)
        asker.connect(("192.0.2.9", 33434))
        asker.send(b"traceroute")
        with pytest.raises(OSError) as error:
            asker.recv(100)
    assert error.value.errno == errno.EHOSTUNREACH
    with Tap(a) as ear, Tap(router) as mouth:
        lie = IP(src="10.0.0.1", dst="192.0.2.9", ttl=1) / UDP(sport=4444, dport=33434) / b"never said"
        mouth.sends(Ether(src=router.mac(), dst=a.mac()) / IP(src="10.0.0.3", dst="10.0.0.1") / ICMP(type=11) / lie)
        assert ear.waits_for(lambda frame: ICMP in frame, patience=0.5) is None
    assert site.daemon.drops("c")
    site.daemon.stops()


@proves("S47")
def test_an_error_about_the_connection_of_others_is_none(lab):
    """c asks a, whose place nobody knows: the question is flooded, a refuses it, and b lets it in, so there is a
    connection. That opens nothing to a, not even for an error about it."""
    site = starts(lab, udp(7000))
    a, c = site["a"], site["c"]
    question = IP(src="10.0.0.3", dst="10.0.0.1") / UDP(sport=4444, dport=7000) / b"is anybody there?"
    with Tap(a) as a_tap, Tap(site["b"]) as b_tap, Tap(c) as c_tap:
        site.daemon.says("fdb flush")
        c_tap.sends(Ether(src=c.mac(), dst=a.mac()) / question)
        assert b_tap.waits_for(lambda frame: UDP in frame), "b lets it in"
        assert a_tap.waits_for(lambda frame: UDP in frame, patience=0.3) is None, "a does not"
        a_tap.sends(Ether(src=a.mac(), dst=c.mac()) / IP(src="10.0.0.1", dst="10.0.0.3")
                    / ICMP(type=3, code=3) / question)
        assert c_tap.waits_for(lambda frame: ICMP in frame, patience=0.5) is None
    site.daemon.stops()


# ---- fragments ----

@proves("S47")
@pytest.mark.parametrize("version", ["IPv4", "IPv6"])
def test_fragments_have_the_verdict_of_their_datagram(both, version):
    site = starts(both, udp(5005))
    address = IPV6["b"] if version == "IPv6" else "10.0.0.2"
    a, b = site["a"], site["b"]
    assert datagrams(a, b, 5005, address, size=100) == 5
    assert datagrams(a, b, 5005, address) == 5
    assert datagrams(a, b, 5006, address, count=2) == 0
    drops = site.daemon.drops("a")
    assert drops.get("deliver/not-allowed", 0) >= 12, drops  # two datagrams of six fragments
    site.applies(config([]))
    assert datagrams(a, b, 5005, address, count=2) == 0
    wait_until(site.daemon.is_conserved, "nothing is lost")
    site.daemon.stops()


@proves("S47")
def test_large_answers_come_back_in_fragments(lab):
    """Ping with 4000 bytes: both the question and the answer are in pieces."""
    site = starts(lab, [PING])
    assert pings(site["a"], "10.0.0.2", options=("-s", 4000)).received == 3
    assert pings(site["b"], "10.0.0.1", options=("-s", 4000), patience=0.3).received == 0
    site.daemon.stops()
