# SPDX-License-Identifier: BSD-3-Clause
"""The daemon as a process: start, end, signals, its folder, its socket."""
import json
import os
import signal
import socket

import pytest

from frames import A, B, EVERYBODY, frame
from harness import EAL, WEFT, run
from words import GUESTS, VLAN, proves

HELLO = frame(A, EVERYBODY)


def start_fails(*words):
    answer = run(WEFT, *words, *EAL)
    assert answer.returncode == 1, answer
    assert "weft: ready" not in answer.stderr
    return answer.stderr


def test_exit_when_idle_ends_by_itself(switch):
    file = switch.writes(GUESTS, sends={"vm1": [HELLO] * 100, "vm2": [frame(B, A)]})
    switch.launches(file, options=["--in-turn", "--exit-when-idle", "300"])
    assert switch.waits() == 0
    switch.is_sane()
    assert not switch.misdeliveries({"vm1": [frame(B, A)], "vm2": [HELLO] * 100,
                                     "vm3": [HELLO] * 100})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly(switch, number):
    switch.starts(GUESTS, sends={"vm1": [HELLO]})
    switch.signals(number)
    assert switch.waits() == 0
    switch.is_sane()
    assert not switch.misdeliveries({"vm2": [HELLO], "vm3": [HELLO]})


def test_the_pid_file_and_ready_line(switch):
    switch.starts(VLAN)
    assert int((switch.runtime / "weft.pid").read_text()) == switch.process.pid
    assert f"weft: ready: 2 ports, 1 networks, {len(switch.workers)} workers" in switch.stderr()


def test_a_second_daemon_in_one_folder_is_refused(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO]})
    complaint = start_fails("-c", switch.file, "-r", switch.runtime)
    assert str(switch.runtime) in complaint
    assert switch.json("status")["pid"] == switch.process.pid
    switch.ends(delivers={"vm2": [HELLO], "vm3": [HELLO]})


def test_two_daemons_in_two_folders_live_side_by_side(switch):
    switch.starts(GUESTS, sends={"vm1": [HELLO]})
    other = switch.another()
    other.carries(VLAN, sends={"vm1": [HELLO]},
                  delivers={"vm2": [HELLO], "physnet1": [frame(A, EVERYBODY, vlan=100)]})
    switch.ends(delivers={"vm2": [HELLO], "vm3": [HELLO]})


def test_it_starts_again_after_kill_9(switch):
    """The lock, the pid file, its sockets: everything is left behind and nothing is in the way."""
    config = GUESTS + f"""\
  - {{name: vm4, network: blue, vhost-user: {switch.folder}/vm4.sock, mode: server, admin: down}}
"""
    switch.starts(config, sends={"vm1": [HELLO]})
    assert (switch.folder / "vm4.sock").is_socket()
    switch.kills()
    switch.starts(config)
    switch.ends(delivers={"vm2": [HELLO], "vm3": [HELLO]})


def test_the_socket_of_a_server_port_has_its_mode(switch):
    switch.starts(GUESTS + f"""\
  - {{name: vm4, network: blue, vhost-user: {switch.folder}/vm4.sock, mode: server,
     socket-mode: "0620", socket-owner: "nobody:nogroup"}}
""")
    status = (switch.folder / "vm4.sock").stat()
    assert status.st_mode & 0o777 == 0o620 and status.st_uid != 0
    switch.stops()
    assert not (switch.folder / "vm4.sock").exists()


def test_a_socket_path_that_is_a_folder_is_an_error(switch):
    (switch.folder / "vm4.sock").mkdir()
    file = switch.writes(GUESTS + "  - {name: vm4, network: blue, mode: server, "
                         f"vhost-user: {switch.folder}/vm4.sock}}\n")
    assert "vm4.sock" in start_fails("-c", file, "-r", switch.runtime)


def test_errors_at_start(switch, tmp_path):
    assert "missing.yaml" in start_fails("-c", tmp_path / "missing.yaml", "-r", switch.runtime)
    bad = switch.writes(VLAN.replace("100", "5000"))
    assert f"{bad}:" in start_fails("-c", bad, "-r", switch.runtime)
    dead = switch.writes(GUESTS.replace("name: vm1", 'name: vm1, device: "net_pcap9,rx_pcap=/no"'))
    assert "vm1" in start_fails("-c", dead, "-r", switch.runtime)
    good = switch.writes(GUESTS)
    (tmp_path / "a-file").write_text("")
    assert "a-file" in start_fails("-c", good, "-r", tmp_path / "a-file")
    switch.starts(GUESTS)


def test_a_core_that_does_not_exist_is_an_error(switch):
    switch.workers = [9999]
    assert "9999" in start_fails("-c", switch.writes(GUESTS), "-r", switch.runtime)


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("--schema", "json"),
                                   ("--schema", "rst")])
def test_words_that_need_no_switch(words):
    answer = run(WEFT, *words)
    assert answer.returncode == 0 and answer.stdout.strip()
    if words[-1] == "json":
        assert json.loads(answer.stdout)


@pytest.mark.parametrize("words", [(), ("--nonsense",), ("-c",), ("--schema", "nonsense"),
                                   ("--exit-when-idle", "soon", "-c", "/dev/null"),
                                   ("stray",)])
def test_words_that_make_no_sense(words):
    answer = run(WEFT, *words)
    assert answer.returncode in (1, 2) and answer.stderr.strip()


def telemetry(switch):
    """A client of the telemetry socket as DPDK's own; the greeting is read."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(5)
    client.connect(str(switch.runtime / "dpdk" / "weft" / "dpdk_telemetry.v2"))
    assert b"version" in client.recv(16384)
    return client


NASTY = [b"", b"/", b"/weft", b"/weft/port/show", b"/weft/port/show,", b"/weft/fdb/list,mac=",
         b"/weft/fdb/list,=", b"/weft/fdb/list,%", b"/weft/fdb/list,mac=%zz", b"/weft/apply",
         b"/weft/fdb/list," + b"x" * 1000, b"/weft/port/show,name=" + b"%41" * 330,
         b"/weft/trace,port=vm1,words=" + b"eth " * 240, b"/weft/flow/list,limit=-1",
         b"/weft/flow/list,limit=99999999999999999999", b"/weft/" + b"y" * 500, b"\0" * 64,
         bytes(range(1, 256)), b"/weft/delete,", b"/weft/port/list,network=,network="]


def test_nasty_requests_are_survived(switch):
    switch.starts(VLAN, sends={"vm1": [HELLO]})
    for request in NASTY:
        client = telemetry(switch)
        client.send(request or b"\n")
        try:
            client.recv(65536)
        except TimeoutError:
            pass
        client.close()
    switch.ends(delivers={"vm2": [HELLO], "physnet1": [frame(A, EVERYBODY, vlan=100)]})


@proves("S10")
def test_the_telemetry_socket_is_not_for_everybody(switch):
    """It is a file of the host, out of the reach of other users as well as of guests."""
    switch.starts(VLAN)
    folder = switch.runtime / "dpdk" / "weft"
    others = (folder / "dpdk_telemetry.v2").stat().st_mode & 0o002
    closed = any(not parent.stat().st_mode & 0o001
                 for parent in (folder, folder.parent, switch.runtime))
    assert closed or not others
    assert os.stat(switch.runtime / "weft.pid").st_uid == os.getuid()
