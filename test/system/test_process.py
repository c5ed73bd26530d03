# SPDX-License-Identifier: BSD-3-Clause
"""Ends, restarts and bad surroundings."""
import signal
import socket
import subprocess
import time

import pytest

from configs import PAIR, PAIR_ADDRESSES
from lab.daemon import WEFT, WEFTCTL
from lab.process import run, wait_until
from lab.site import Site
from lab.traffic import Stream, reaches, sends_tcp

proves = pytest.mark.proves

GUEST = PAIR + "  - {name: vm, network: blue, vhost-user: PATH, mode: server}\n"


def test_kill_9_leaves_nothing_in_the_way(both):
    """Lock, pid file, telemetry socket and vhost-user socket stay behind; a start sweeps up."""
    site = Site(both)
    path = site.daemon.folder / "vm.sock"
    site.starts(GUEST.replace("PATH", str(path)), **PAIR_ADDRESSES)
    assert reaches(site["a"], "10.0.0.2")
    for _ in range(3):
        site.daemon.dies()
        assert path.is_socket() and (site.daemon.runtime / "weft.pid").exists()
        site.daemon.starts()
        assert int((site.daemon.runtime / "weft.pid").read_text()) == site.daemon.process.pid
        assert reaches(site["a"], "10.0.0.2")
    sends_tcp(site["a"], site["b"])
    site.daemon.stops()
    assert not path.exists() and not (site.daemon.runtime / "weft.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_ends_in_the_middle_of_traffic(lab, number):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    with Stream(site["a"], site["b"]):
        site.daemon.signals(number)
        assert site.daemon.process.wait(5) == 0, site.daemon.stderr()


def test_two_daemons_cannot_share_a_folder(lab):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    second = lab.daemon("second")
    second.runtime = site.daemon.runtime
    assert str(site.daemon.runtime) in second.fails(PAIR.replace("- {name: a, network: blue}\n", "")
                                                    .replace("{name: b, network: blue}",
                                                             "{name: b, network: blue, device: "
                                                             '"net_tap0,iface=b"}'))
    assert reaches(site["a"], "10.0.0.2")
    assert site.daemon.json("status")["pid"] == site.daemon.process.pid


def port_fails(lab, port):
    """What a daemon says that has one good port and one like this."""
    site = Site(lab)
    return site.daemon.fails(site.fills(PAIR + f"  - {{name: odd, network: blue, {port}}}\n"))


def test_a_socket_path_that_is_a_folder(lab, tmp_path):
    said = port_fails(lab, f"vhost-user: {tmp_path}, mode: server")
    assert str(tmp_path) in said and "odd" in said


def test_a_socket_in_a_folder_that_is_not_there(lab, tmp_path):
    said = port_fails(lab, f"vhost-user: {tmp_path}/nowhere/vm.sock, mode: server")
    assert "nowhere/vm.sock" in said


def test_a_socket_path_that_is_too_long(lab, tmp_path):
    said = port_fails(lab, f"vhost-user: {tmp_path}/{'x' * 120}.sock")
    assert "ports[odd].vhost-user" in said and "107" in said


@pytest.mark.parametrize("device", ["net_af_packet7,iface=nowhere", "net_nonsense0",
                                    "0000:ff:1f.7", "net_pcap5,rx_pcap=/nowhere/x.pcap",
                                    "net_tap7,iface=a-name-that-is-too-long"])
def test_a_device_that_is_not_there(lab, device):
    said = port_fails(lab, f'device: "{device}"')
    assert "odd" in said, said


def test_a_file_that_is_not_there(lab):
    daemon = lab.daemon()
    assert str(daemon.folder / "nothing.yaml") in daemon.fails(file=daemon.folder / "nothing.yaml")


def test_an_ordinary_user_gets_a_clear_answer(lab):
    """TAP devices need privileges: the start fails, with words; --check works for everybody."""
    site = Site(lab)
    file = site.daemon.writes(site.fills(PAIR))
    folder = site.daemon.folder
    folder.chmod(0o777)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    readable = run(*nobody, "test", "-x", WEFT, check=False).returncode == 0
    if not readable:
        pytest.skip(f"an ordinary user cannot reach {WEFT} here")
    assert "ok" in run(*nobody, WEFT, "--check", file).stdout
    answer = run("ip", "netns", "exec", site.daemon.netns.name, *nobody, WEFT, "-c", file,
                 "-r", folder / "run", "--", "--no-huge", check=False)
    assert answer.returncode == 1 and "weft: ready" not in answer.stderr
    assert "weft: a:" in answer.stderr or "permitted" in answer.stderr, answer.stderr


@proves("S10")
def test_weftctl_without_a_daemon_says_so(lab):
    daemon = lab.daemon()
    assert str(daemon.runtime) in daemon.refuses("port list")


@proves("S10")
def test_tenants_cannot_reach_the_management(lab):
    """No TCP or UDP socket is opened: the only way in is a unix socket that guests do not have."""
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    assert not site.daemon.netns.run("ss", "-Hlntu").stdout.strip()
    mode = (site.daemon.runtime / "dpdk" / "weft").stat().st_mode & 0o077
    assert mode == 0 or site.daemon.runtime.stat().st_mode & 0o007 == 0


REQUESTS = [b"\0", b"/", b"/weft/port/show", b"/weft/port/show,", b"/weft/port/show,name",
            b"/weft/port/show,name=" + b"x" * 900, b"/weft/port/list,network=%zz",
            b"/weft/fdb/flush,mac=nonsense", b"/weft/trace,port=a,words=" + b"%41" * 300,
            b"/weft/flow/list,limit=-1,worker=99999", b"/weft/delete,noun=port",
            b"/weft/apply,file=" + b"/" * 900, b"/weft/plan,file=/dev/zero", b"x" * 2000,
            b"/weft/" + b"z" * 60 + b",a=b", b"/weft/config/save,file=/nowhere/x"]


def test_nasty_telemetry_requests_while_traffic_flows(lab):
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    path = str(site.daemon.runtime / "dpdk" / "weft" / "dpdk_telemetry.v2")
    with Stream(site["a"], site["b"]) as stream:
        for request in REQUESTS:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.settimeout(5)
                client.connect(path)
                assert b"version" in client.recv(16384)
                client.send(request)
                client.recv(65536)
                client.send(b"/weft/status")
                client.recv(65536)
        # Twenty clients that connect and leave without a word.
        for _ in range(20):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.connect(path)
        wait_until(lambda: site.daemon.ctl("status").returncode == 0, "the daemon still answers")
    assert stream.lost() == []
    assert {port["name"] for port in site.daemon.json("port list")} == {"a", "b"}
    site.daemon.stops()


def test_the_namespace_of_a_guest_vanishes(both):
    """Its TAP is gone without a word; the others go on, and the switch still ends cleanly."""
    site = Site(both).starts(PAIR.replace("ports:", "ports:\n  - {name: c, network: blue}"),
                             c="10.0.0.3/24", **PAIR_ADDRESSES)
    assert reaches(site["a"], "10.0.0.3")
    with Stream(site["a"], site["b"]) as stream:
        site["c"].ends()
        site["a"].run("ping", "-b", "-c", "3", "-i", "0.2", "-W", "0.2", "10.0.0.255", check=False)
        time.sleep(0.5)
        assert site.daemon.is_alive()
    assert stream.lost() == []
    share = min(site.daemon.busy_share(1) for _ in range(2))
    assert share <= 0.3 * len(both.workers), \
        f"a dead device keeps a worker busy: {share * 100:.0f} % of a core"
    site.daemon.stops()


def test_thirty_clients_at_once(lab):
    """More than the telemetry socket takes at a time: each gets its answer in the end."""
    site = Site(lab).starts(PAIR, **PAIR_ADDRESSES)
    words = [WEFTCTL, "-r", str(site.daemon.runtime), "--json", "port", "list"]
    clients = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for _ in range(30)]
    answers = [client.communicate(timeout=30) for client in clients]
    assert all(client.returncode == 0 for client in clients), answers
