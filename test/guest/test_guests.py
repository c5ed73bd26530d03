# SPDX-License-Identifier: BSD-3-Clause
"""Unmodified QEMU guests: they boot, talk, reboot, die and come back, and so does the switch."""
import hashlib
import re
import socket
import time

import pytest

from lab.process import SCALE, wait_until
from lab.traffic import Stream, reaches
from lab.wire import Tap, TaggedHost
from places import PAIR, Place

proves = pytest.mark.proves


def link(place, name):
    return place.daemon.port(name)["link"]


def outage(guest):
    """Seconds of the longest silence in the pings that `begins_pinging` started, and how many
    came back."""
    guest.run("killall -INT ping; sleep 0.2")
    said = guest.run("cat /tmp/out")
    numbers = [int(number) for number in re.findall(r"seq=(\d+)", said)]
    gaps = [later - earlier for earlier, later in zip(numbers, numbers[1:])]
    assert numbers, f"not one answer:\n{said}"
    return max(gaps, default=0) * 0.1, len(numbers)


def begins_pinging(guest, address):
    guest.begins(f"ping -i 0.1 {address}")


def sends_tcp_to_namespace(guest, host, size=2 << 20, port=5003):
    """From a guest to a host that is a namespace: two kinds of port in one path."""
    received = bytearray()
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.settimeout(20 * SCALE)
        listener.bind((host.address, port))
        listener.listen()
        guest.run(f"dd if=/dev/urandom of=/tmp/data bs=65536 count={size >> 16}")
        guest.begins(f"nc {host.address} {port} < /tmp/data")
        with listener.accept()[0] as connection:
            connection.settimeout(20 * SCALE)
            while chunk := connection.recv(1 << 16):
                received += chunk
    digest = hashlib.sha256(received).hexdigest()
    assert digest == guest.run("sha256sum < /tmp/data").split()[0], f"{len(received)} of {size}"


@proves("S01", "S02", "S03", "S08", "S09", "S15")
def test_two_guests_talk(both):
    """Ping and TCP both ways; the port shows its guest."""
    place = Place(both).starts(PAIR.replace("network: blue,", "network: blue, instance: web,"))
    assert link(place, "vm1") == "down"
    vm1, vm2 = place.guests(1, 2)
    assert link(place, "vm1") == "up"
    assert vm1.reaches("10.0.0.2") and vm2.reaches("10.0.0.1")
    assert vm1.sends_tcp(vm2, "10.0.0.2", 4)
    assert vm2.sends_tcp(vm1, "10.0.0.1", 4)
    assert vm1.pings("10.0.0.2 -s 1472") == 3
    port = place.daemon.port("vm1")
    assert port["driver"] == "vhost-user" and port["instance"] == "web"
    assert port["rx_bytes"] > 4 << 20 and port["tx_bytes"] > 4 << 20
    assert place.daemon.fdb() == {"02:00:00:00:aa:01": "vm1", "02:00:00:00:aa:02": "vm2"}
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S03", "S09")
def test_a_guest_reboots_dies_and_returns(lab):
    """Its port stays what it was: id, counters, network."""
    place = Place(lab).starts(PAIR)
    vm1, vm2 = place.guests(1, 2)
    assert vm1.reaches("10.0.0.2")
    vm2.reboots()
    assert vm1.reaches("10.0.0.2") and vm2.reaches("10.0.0.1")
    vm2.resets()
    assert vm1.reaches("10.0.0.2") and vm2.reaches("10.0.0.1")

    before = place.daemon.port("vm2")
    vm2.dies()
    wait_until(lambda: link(place, "vm2") == "down", "the link goes down with the guest")
    assert vm1.pings("10.0.0.2", 2) == 0
    vm2.boots()
    wait_until(lambda: link(place, "vm2") == "up", "the link is up again")
    assert vm1.reaches("10.0.0.2") and vm2.reaches("10.0.0.1")
    assert vm1.sends_tcp(vm2, "10.0.0.2")
    after = place.daemon.port("vm2")
    assert after["id"] == before["id"] and after["network"] == "blue"
    assert after["rx_packets"] > before["rx_packets"] > 0
    assert after["tx_packets"] > before["tx_packets"] > 0
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S03")
def test_a_guest_dies_in_the_middle_of_traffic(both):
    """Its memory is gone from one moment to the next, while workers read and write it; a
    bystander notices nothing."""
    place = Place(both).starts(PAIR + "  - {name: a, network: blue}\n"
                               "  - {name: b, network: blue}\n",
                               a="10.0.0.101/24", b="10.0.0.102/24")
    vm1, vm2 = place.guests(1, 2)
    with Stream(place["a"], place["b"]) as stream:
        for victim, survivor in ((vm2, vm1), (vm1, vm2)):
            address = f"10.0.0.{victim.name[-1]}"
            victim.listens(5009, "cat > /dev/null")
            survivor.begins(f"nc {address} 5009 < /dev/zero")
            before = place.daemon.port(victim.name)["tx_packets"]
            wait_until(lambda: place.daemon.port(victim.name)["tx_packets"] > before + 500,
                       "data flows")
            victim.dies()
            time.sleep(0.3)
            assert place.daemon.is_alive()
            survivor.run("killall nc")
            victim.boots()
            assert survivor.reaches(address)
    assert stream.lost() == []
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S03")
def test_the_switch_is_killed_and_traffic_comes_back(lab, report):
    """kill -9, and a new process some moments later: the guests notice a gap of at most two
    seconds and nobody touches them."""
    place = Place(lab).starts(PAIR)
    vm1, vm2 = place.guests(1, 2)
    assert vm1.reaches("10.0.0.2")
    for _ in range(2):
        begins_pinging(vm1, "10.0.0.2")
        time.sleep(1)
        place.daemon.dies()
        place.daemon.starts()
        time.sleep(2.5)
        silence, count = outage(vm1)
        report(f"kill -9 of the switch: {silence:.1f} s without an answer")
        assert silence <= 2 * SCALE and count >= 10
    assert vm1.sends_tcp(vm2, "10.0.0.2") and vm2.sends_tcp(vm1, "10.0.0.1")
    place.daemon.stops()


@proves("S03", "S04")
def test_the_switch_may_own_the_sockets(both, report):
    """Server mode: permissions as configured, guests that die and return, a switch that does."""
    config = PAIR.replace(".sock", '.sock, mode: server, socket-mode: "0660", '
                          'socket-owner: "root:nogroup"')
    place = Place(both).starts(config)
    status = (place.daemon.folder / "vm1.sock").stat()
    assert status.st_mode & 0o777 == 0o660 and status.st_gid == 65534
    vm1, vm2 = place.guests(1, 2, server=False)
    assert vm1.reaches("10.0.0.2") and vm1.sends_tcp(vm2, "10.0.0.2")
    vm2.dies()
    vm2.boots()
    assert vm1.reaches("10.0.0.2")
    begins_pinging(vm1, "10.0.0.2")
    time.sleep(1)
    place.daemon.dies()
    place.daemon.starts()
    time.sleep(3)
    silence, count = outage(vm1)
    report(f"server mode, kill -9 of the switch: {silence:.1f} s")
    assert silence <= 2.5 * SCALE and count >= 10, "QEMU itself retries once a second"
    place.daemon.stops()
    assert not (place.daemon.folder / "vm1.sock").exists()


@proves("S03", "S09")
def test_a_multiqueue_guest(both):
    """Two queue pairs on both sides. Before its driver is up, and while it reboots, a guest has
    only one of them enabled."""
    place = Place(both).starts(PAIR.replace(".sock", ".sock, queues: 2"))
    vm1, vm2 = place.guests(1, 2, cpus=2, queues=2)
    assert vm1.run("ls -d /sys/class/net/eth0/queues/rx-*").split() == [
        f"/sys/class/net/eth0/queues/rx-{number}" for number in (0, 1)]
    assert vm1.reaches("10.0.0.2")
    assert vm1.sends_tcp(vm2, "10.0.0.2", 4) and vm2.sends_tcp(vm1, "10.0.0.1", 4)
    queues = place.daemon.port("vm1")["rx_queues"]
    assert len(queues) == 2
    if len(both.workers) == 2:
        assert {queue["worker"] for queue in queues} == {0, 1}
    for core in ("1", "2"):  # each core of the guest sends by a queue of its own
        vm1.run(f"taskset {core} ping -c 20 -i 0.01 10.0.0.2")
    assert all(queue["packets"] for queue in place.daemon.port("vm1")["rx_queues"])
    vm2.reboots()
    assert vm1.reaches("10.0.0.2") and vm1.sends_tcp(vm2, "10.0.0.2")
    place.daemon.stops()


def test_a_guest_with_fewer_queues_than_its_port(lab):
    place = Place(lab).starts(PAIR.replace(".sock", ".sock, queues: 4"))
    vm1, vm2 = place.guests(1, 2)
    assert vm1.reaches("10.0.0.2") and vm1.sends_tcp(vm2, "10.0.0.2")
    place.daemon.stops()


@proves("S03", "S04")
def test_a_guest_may_be_absent_or_come_before_the_switch(lab):
    """vm2 starts before the switch does, vm1 long after it, vm3 never; ports are hot plugged."""
    place = Place(lab)
    vm2 = place.guest(2).launches()
    place.starts(PAIR + "  - {name: vm3, network: blue, vhost-user: SOCKET/vm3.sock}\n")
    vm2.is_up()
    assert vm2.pings("10.0.0.1", 2) == 0
    vm1 = place.guest(1).boots()
    assert vm1.reaches("10.0.0.2")
    assert [link(place, f"vm{number}") for number in (1, 2, 3)] == ["up", "up", "down"]
    assert place.daemon.is_conserved(), "what is flooded to an absent guest is accounted for"
    # The port of a running guest is removed and added again: hot plug from the switch's side.
    one = PAIR.replace("  - {name: vm2, network: blue, vhost-user: SOCKET/vm2.sock}\n", "")
    place.applies(one)
    assert vm1.pings("10.0.0.2", 2) == 0
    place.applies(PAIR)
    wait_until(lambda: link(place, "vm2") == "up", "QEMU's socket is found again")
    assert vm1.reaches("10.0.0.2")
    place.daemon.stops()


@proves("S11", "S13", "S19", "S20")
def test_guests_on_a_vlan_and_a_flat_network_of_one_wire(both):
    """vm1 is on VLAN 100, vm2 on the untagged network; each talks to the far end of the wire and to
    a namespace on its own network, and to nobody else."""
    place = Place(both).starts("""
physical-networks:
  - {name: uplink}
networks:
  - {name: blue, type: vlan, segment: 100, physical-network: uplink}
  - {name: plain, type: flat, physical-network: uplink}
ports:
  - {name: vm1, network: blue, vhost-user: SOCKET/vm1.sock}
  - {name: vm2, network: plain, vhost-user: SOCKET/vm2.sock}
  - {name: b, network: blue}
""", b="10.0.0.9/24")
    vm1, vm2 = place.guests(1, 2)
    with TaggedHost(Tap(place["uplink"]), 100, "02:00:00:00:ff:01", "10.0.0.201"), \
            TaggedHost(Tap(place["uplink"]), None, "02:00:00:00:ff:02", "10.0.0.202"):
        assert vm1.reaches("10.0.0.201") and vm2.reaches("10.0.0.202")
        assert vm1.pings("10.0.0.202", 2) == 0 and vm2.pings("10.0.0.201", 2) == 0
    assert vm1.pings("10.0.0.2", 2) == 0 and vm2.pings("10.0.0.1", 2) == 0
    assert vm1.reaches("10.0.0.9") and reaches(place["b"], "10.0.0.1")
    sends_tcp_to_namespace(vm1, place["b"])
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S09")
def test_jumbo_frames_between_guests(lab):
    """9000 bytes, which the guest is told by the device and the switch carries in many pieces."""
    place = Place(lab).starts(PAIR.replace("type: local", "type: local, mtu: 9000"))
    vm1, vm2 = place.guests(1, 2)
    for guest in (vm1, vm2):
        guest.run("ip link set eth0 mtu 9000", check=True)
    before = place.daemon.drops("vm1")  # what a guest says before the other one is there
    assert vm1.pings("10.0.0.2 -s 8972") == 3
    assert vm1.sends_tcp(vm2, "10.0.0.2", 4)
    assert place.daemon.drops("vm1") == before
    place.daemon.stops()


@proves("S09")
def test_a_guest_that_spoofs_is_not_heard(lab):
    config = PAIR.replace("{name: vm1,", '{name: vm1, mac: "02:00:00:00:aa:01", '
                          "addresses: [10.0.0.1],")
    place = Place(lab).starts(config)
    vm1, vm2 = place.guests(1, 2)
    assert vm1.reaches("10.0.0.2")
    vm1.run("ip addr add 10.0.0.66/24 dev eth0", check=True)
    assert vm1.pings("10.0.0.2 -I 10.0.0.66", 2) == 0
    assert place.daemon.drops("vm1")["admit/ip-spoofed"] >= 2
    vm1.run("ip link set eth0 address 02:00:00:00:00:66", check=True)
    assert vm1.pings("10.0.0.2", 2) == 0
    assert place.daemon.drops("vm1")["admit/mac-spoofed"] >= 1
    assert vm2.run("true") == ""


def megabytes(guest):
    return int(re.search(r"MemTotal: +(\d+)", guest.run("cat /proc/meminfo"))[1]) >> 10


@proves("S02", "S03")
def test_a_guest_is_stopped_grows_and_is_shut_down(lab):
    """QEMU's stop and cont, memory that is plugged in while data flows, and the guest's own end."""
    place = Place(lab).starts(PAIR)
    vm1, vm2 = place.guest(1), place.guest(2)
    vm2.memory, vm2.options = "256M", ["-m", "256M,slots=2,maxmem=1G"]
    for guest in (vm1, vm2):
        guest.launches()
    vm1.is_up()
    vm2.is_up()
    assert vm1.reaches("10.0.0.2")
    before = place.daemon.port("vm2")
    vm2.commands("stop")
    wait_until(lambda: link(place, "vm2") == "down", "its queues are stopped")
    assert vm1.pings("10.0.0.2", 2) == 0
    vm2.commands("cont")
    wait_until(lambda: link(place, "vm2") == "up", "they go on")
    assert vm1.reaches("10.0.0.2") and vm1.sends_tcp(vm2, "10.0.0.2")

    little = megabytes(vm2)
    vm1.begins("ping -i 0.05 10.0.0.2")
    vm2.commands("object-add", **{"qom-type": "memory-backend-memfd", "id": "more", "size": 128 << 20, "share": True})
    vm2.commands("device_add", driver="pc-dimm", id="dimm", memdev="more")
    vm2.run("sleep 1; for file in /sys/devices/system/memory/memory*/state; do echo online > $file; done")
    assert megabytes(vm2) >= little + 100
    # More than there was before, so that it is used.
    vm2.run(f"dd if=/dev/zero of=/tmp/much bs=1048576 count={little}", patience=60)
    vm1.run("killall -INT ping; sleep 0.2")
    numbers = {int(number) for number in re.findall(r"seq=(\d+)", vm1.run("cat /tmp/out"))}
    assert max(numbers) > 20 and len(numbers) >= max(numbers) - 3, "nothing was lost but what was in the queues"
    assert vm1.sends_tcp(vm2, "10.0.0.2", 4) and vm2.sends_tcp(vm1, "10.0.0.1", 4)

    vm2._send("poweroff -f\n")
    wait_until(lambda: not vm2.is_alive(), "the guest has shut down")
    wait_until(lambda: link(place, "vm2") == "down", "and so its link is")
    after = place.daemon.port("vm2")
    assert after["id"] == before["id"] and after["rx_packets"] > before["rx_packets"]
    vm2.boots()
    assert vm1.reaches("10.0.0.2")
    assert place.daemon.is_conserved()
    place.daemon.stops()


@proves("S02")
def test_a_guest_that_does_not_share_its_memory_is_explained(lab):
    place = Place(lab).starts(PAIR)
    guest = place.guest(1)
    guest.is_shared = False
    guest.boots()
    wait_until(lambda: "memory-backend-memfd" in place.daemon.said(), "the operator is told what to do",
               explain=place.daemon.said)
    assert "vm1: the guest has started its network card, but QEMU does not share" in place.daemon.said()
    assert link(place, "vm1") == "down"
    place.daemon.stops()


def test_many_absent_guests(lab):
    """Two hundred ports, one pair of them with guests."""
    ports = "".join(f"  - {{name: vm{number}, network: blue, vhost-user: SOCKET/vm{number}.sock}}\n"
                    for number in range(3, 201))
    place = Place(lab).starts(PAIR + ports)
    vm1, vm2 = place.guests(1, 2)
    assert vm1.reaches("10.0.0.2") and vm1.sends_tcp(vm2, "10.0.0.2")
    assert len(place.daemon.json("port list")) == 200
    assert place.daemon.is_conserved()
    place.daemon.stops()
