# SPDX-License-Identifier: BSD-3-Clause
"""Debian's libvirt, its QEMU an ordinary user: what `weftctl port show --libvirt` prints is plugged in and out."""
import re
import shutil

import pytest

from lab.libvirt import GROUP, LIBVIRTD, USER, Domain, Libvirt
from lab.process import has_program, wait_until
from lab.traffic import reaches
from places import Place

proves = pytest.mark.proves

CONFIG = """
networks:
  - {name: blue, type: local, mtu: 1450}
ports:
  - {name: cold, network: blue, vhost-user: SOCKET/libvirt/cold.sock, mac: "02:00:00:00:aa:01"}
  - {name: hot, network: blue, vhost-user: SOCKET/libvirt/hot.sock, mac: "02:00:00:00:aa:02"}
  - name: ours
    network: blue
    vhost-user: SOCKET/ours.sock
    mac: "02:00:00:00:aa:03"
    mode: server
    socket-owner: %s:%s
    socket-mode: "0600"
  - {name: far, network: blue}
""" % (USER, GROUP)


@pytest.fixture(scope="module", autouse=True)
def libvirt_is_there():
    for program, package in ((LIBVIRTD, "libvirt-daemon libvirt-daemon-driver-qemu"), ("virsh", "libvirt-clients")):
        assert shutil.which(program) or has_program(program), f"{program} is missing: apt-get install {package}"


def interface(place, name):
    return place.daemon.says("port", "show", name, "--libvirt")


def comment(place, element):
    """An element that stands in the comment, as an operator would copy it."""
    return re.search(rf"<{element}>.*</{element}>", interface(place, "cold"), re.S)[0]


def addresses(guest, device, address):
    guest.run(f"ip link set {device} up && ip addr add {address} dev {device}", check=True)


@proves("S04", "S09")
def test_libvirt_plugs_in_what_is_printed(lab):
    """A card from the start, one that is plugged in, in each direction of the socket; and out again."""
    place = Place(lab)
    place.daemon.folder.chmod(0o711)
    libvirt = lab.keeps(Libvirt(place.daemon.folder / "libvirt"))
    place.starts(CONFIG, far="10.0.0.9/24")
    guest = lab.keeps(Domain(libvirt, "vm", interface(place, "cold"), comment(place, "memoryBacking"),
                             "weft.eth0=10.0.0.1/24", comment(place, "qemu:override"))).boots()
    assert guest.reaches("10.0.0.9") and reaches(place["far"], "10.0.0.1")
    assert "mtu 1450" in guest.run("ip link show eth0"), "the guest is told the MTU"
    owner = (place.daemon.folder / "ours.sock").stat()
    assert owner.st_mode & 0o777 == 0o600 and owner.st_uid != 0
    for name, address in (("hot", "10.0.1.2"), ("ours", "10.0.1.3")):
        guest.attaches(interface(place, name))
        wait_until(lambda: "eth1" in guest.run("ls /sys/class/net"), "the guest sees a new card", explain=guest.story)
        assert guest.run("cat /sys/class/net/eth1/address").split()[-1] == place.daemon.port(name)["mac"]
        addresses(guest, "eth1", f"{address}/24")
        place["far"].ip("addr", "add", "10.0.1.9/24", "dev", "far")
        assert place.daemon.port(name)["link"] == "up"
        assert guest.reaches("10.0.1.9") and reaches(place["far"], address)
        assert guest.reaches("10.0.0.9"), "the first card does not notice"
        if name == "hot":
            guest.detaches(interface(place, name))
        else:
            libvirt.virsh("detach-device-alias", "vm", f"ua-{name}", "--live")
        wait_until(lambda: "eth1" not in guest.run("ls /sys/class/net"), "the card is gone")
        wait_until(lambda: place.daemon.port(name)["link"] == "down", "so the port's link goes down")
        place["far"].ip("addr", "del", "10.0.1.9/24", "dev", "far")
    assert guest.reaches("10.0.0.9")
    guest.dies()
    wait_until(lambda: place.daemon.port("cold")["link"] == "down", "the guest is gone")
    assert place.daemon.is_conserved()
    place.daemon.stops()
