# SPDX-License-Identifier: BSD-3-Clause
"""What `weftctl port show` prints for whoever starts a guest: libvirt's element, QEMU's options."""
import xml.etree.ElementTree as ElementTree

from words import proves

CONFIG = """
physical-networks:
  - {name: physnet1}
networks:
  - {name: blue, type: local}
  - {name: small, type: local, mtu: 1450}
ports:
  - {name: vm1, network: blue, vhost-user: /tmp/weft-none/vm1.sock, mac: "02:00:00:00:00:0a"}
  - {name: vm2.eth--0, network: small, vhost-user: "/tmp/weft-none/a,b&'c.sock", queues: 4}
  - {name: vm3, network: blue, vhost-user: SOCKET, mode: server}
  - {name: tap, network: blue}
"""


def element(switch, name):
    return ElementTree.fromstring(switch.says("port", "show", name, "--libvirt"))


def facts(switch, name):
    """Every element below <interface> with its attributes."""
    return {child.tag: child.attrib for child in element(switch, name)}


def starts(switch):
    return switch.starts(CONFIG.replace("SOCKET", str(switch.runtime / "vm3.sock")))


@proves("S04")
def test_libvirt_gets_its_element(switch):
    starts(switch)
    assert element(switch, "vm1").attrib == {"type": "vhostuser"}
    assert facts(switch, "vm1") == {
        "mac": {"address": "02:00:00:00:00:0a"},
        "source": {"type": "unix", "path": "/tmp/weft-none/vm1.sock", "mode": "server"},
        "model": {"type": "virtio"},
        "alias": {"name": "ua-vm1"},
    }
    assert facts(switch, "vm2.eth--0") == {
        "source": {"type": "unix", "path": "/tmp/weft-none/a,b&'c.sock", "mode": "server"},
        "model": {"type": "virtio"},
        "driver": {"queues": "4"},
        "alias": {"name": "ua-vm2_eth_-0"},
    }
    assert facts(switch, "vm3")["source"]["mode"] == "client", "weft is the server"
    assert element(switch, "vm3").find("source/reconnect").attrib == {"enabled": "yes", "timeout": "1"}
    text = switch.says("port show vm1 --libvirt")
    assert "<memoryBacking>" in text and "host_mtu" not in text
    assert "name='host_mtu' type='unsigned' value='1450'" in switch.says("port", "show", "vm2.eth--0", "--libvirt")
    assert switch.json("port show vm1 --libvirt") == {"libvirt": text}


@proves("S03", "S04")
def test_qemu_gets_its_options(switch):
    starts(switch)
    assert switch.says("port show vm1 --qemu").splitlines() == [
        "-m 1G -object memory-backend-memfd,id=memory,size=1G,share=on -machine memory-backend=memory",
        "-chardev socket,id=chr-vm1,path=/tmp/weft-none/vm1.sock,server=on,wait=off",
        "-netdev vhost-user,id=net-vm1,chardev=chr-vm1",
        "-device virtio-net-pci,netdev=net-vm1,mac=02:00:00:00:00:0a",
    ]
    assert switch.says("port", "show", "vm2.eth--0", "--qemu").splitlines()[1:] == [
        "-chardev socket,id=chr-vm2_eth_-0,path=/tmp/weft-none/a,,b&'c.sock,server=on,wait=off",
        "-netdev vhost-user,id=net-vm2_eth_-0,chardev=chr-vm2_eth_-0,queues=4",
        "-device virtio-net-pci,netdev=net-vm2_eth_-0,mq=on,vectors=10,host_mtu=1450",
    ]
    assert ",reconnect=1\n" in switch.says("port show vm3 --qemu")


def test_only_ports_of_guests_have_them(switch):
    starts(switch)
    for form in ("--libvirt", "--qemu"):
        assert "tap is a port with a device of its own; only a port with vhost-user: SOCKET" in \
            switch.refuses("port", "show", "tap", form)
        assert "physnet1 is a physical network" in switch.refuses("port", "show", "physnet1", form)
        assert "nobody" in switch.refuses("port", "show", "nobody", form)
    assert "give one of the two" in switch.refuses("port", "show", "vm1", "--qemu", "--libvirt")
