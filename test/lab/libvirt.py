# SPDX-License-Identifier: BSD-3-Clause
"""libvirtd of our own, and a guest that it runs; Debian's, with QEMU as an ordinary user.

What libvirtd keeps in /run, /etc and /var is in memory, seen by it and its children only: a libvirtd of the machine
is not touched, and nothing is left.
"""
import os
import shutil
import subprocess
from pathlib import Path

from .guest import Guest, guest_image
from .process import DIES_WITH_US, end, run, wait_until

LIBVIRTD = "/usr/sbin/libvirtd"
USER, GROUP = "nobody", "nogroup"
# With the shell ends all that was started below it; it reaps what libvirtd, which waits for that, leaves to it.
APART = [*DIES_WITH_US, "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc",
         "--kill-child", "sh", "-c"]
HIDDEN = ["/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"]
DAEMON_CONF = """unix_sock_dir = "{folder}"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:stderr"
"""
# What needs systemd, a security module or cgroups of the machine is switched off.
QEMU_CONF = f"""user = "{USER}"
group = "{GROUP}"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
seccomp_sandbox = 0
remember_owner = 0
"""
# The guest keeps off MSI-X, which QEMU 7.2 does not survive without KVM: libvirt has no word for vectors=0 that
# would hold for a card that is plugged in later, the kernel has.
DOMAIN = """<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <memory unit='MiB'>128</memory>
  {memory}
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{folder}/vmlinuz</kernel>
    <initrd>{folder}/initramfs.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on pci=nomsi {settings}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom'><model>qemu64</model></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <serial type='unix'><source mode='bind' path='{folder}/{name}.console'/></serial>
    {interfaces}
  </devices>
  {more}
</domain>
"""


class Libvirt:
    """The daemon. `folder` is its own, and QEMU's user may make sockets in it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o711)
        shutil.chown(self.folder, USER, GROUP)
        (self.folder / "libvirtd.conf").write_text(DAEMON_CONF.format(folder=folder))
        (self.folder / "qemu.conf").write_text(QEMU_CONF)
        hides = "".join(f"mkdir -p {path} && mount -t tmpfs none {path} && " for path in HIDDEN)
        # libvirtd asks for the user of Debian's libvirt-daemon-system, even if the file names another.
        for file in ("passwd", "group"):
            line = "libvirt-qemu:x:64055:" + ("64055::/:/bin/false" if file == "passwd" else "")
            self.writes(file, Path("/etc", file).read_text() + line + "\n")
            hides += f"mount --bind {folder}/{file} /etc/{file} && "
        command = (f"{hides} cp {folder}/qemu.conf /etc/libvirt/ && "
                   f"{LIBVIRTD} -f {folder}/libvirtd.conf -p {folder}/pid & wait $!")
        with open(self.folder / "stderr", "w") as log:
            self.process = subprocess.Popen([*APART, command], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        wait_until(lambda: (self.folder / "libvirt-sock").exists() or self.process.poll() is not None,
                   "libvirtd listens", explain=self.story)
        assert self.process.poll() is None, self.story()

    def virsh(self, *words, **more):
        __tracebackhide__ = True
        return run("virsh", "-q", "-c", f"qemu:///system?socket={self.folder}/libvirt-sock", *words, **more).stdout

    def refuses(self, *words):
        answer = run("virsh", "-q", "-c", f"qemu:///system?socket={self.folder}/libvirt-sock", *words, check=False)
        assert answer.returncode, answer.stdout
        return answer.stderr

    def writes(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file

    def story(self):
        return (self.folder / "stderr").read_text(errors="replace")[-3000:]

    def ends(self):
        end(self.process)


class Domain(Guest):
    """A guest that libvirtd runs. `interfaces`, `memory`, `more`: XML; `settings`: of the kernel command line."""

    def __init__(self, libvirt, name, interfaces, memory, settings="", more=""):
        super().__init__(name, libvirt.folder, [])
        self.libvirt, self.settings, self.pid = libvirt, settings, None
        self.interfaces, self.memory_backing, self.more = interfaces, memory, more
        for file in ("vmlinuz", "initramfs.gz"):
            shutil.copy(guest_image() / file, libvirt.folder)
            os.chmod(libvirt.folder / file, 0o644)

    def launches(self):
        xml = DOMAIN.format(name=self.name, folder=self.folder, interfaces=self.interfaces,
                            memory=self.memory_backing, more=self.more,
                            settings=f"weft.name={self.name} {self.settings}")
        self.libvirt.virsh("define", self.libvirt.writes(f"{self.name}.xml", xml))
        self.libvirt.virsh("start", self.name, timeout=40)
        self.pid, self.text = self._finds_qemu(), ""
        return self.listens_to_console()

    def is_alive(self):
        return self.pid is not None and Path(f"/proc/{self.pid}").exists()

    def _finds_qemu(self):
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = file.read_bytes()
            except OSError:
                continue  # it has ended meanwhile
            if f"{self.folder}/vmlinuz".encode() in words and f"guest={self.name},".encode() in words:
                return int(file.parent.name)
        return None

    def attaches(self, xml):
        self.libvirt.virsh("attach-device", self.name, self.libvirt.writes("device.xml", xml), "--live")

    def detaches(self, xml):
        self.libvirt.virsh("detach-device", self.name, self.libvirt.writes("device.xml", xml), "--live")

    def dies(self):
        self.libvirt.virsh("destroy", self.name)
        self._closes()

    def ends(self):
        run("virsh", "-q", "-c", f"qemu:///system?socket={self.folder}/libvirt-sock", "destroy", self.name, check=False)
        self._closes()

    def story(self):
        return f"{self.libvirt.story()}\nconsole: {self.text[-2000:]}"
