# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch with DPDK on the same devices, to compare with: Debian's openvswitch-switch-dpdk.

An instance of its own in a folder and a network namespace, one PMD thread on the last core, the rest on the first.
As shipped, or tuned: with the signature match cache, and without new entries in the exact match cache, which is
better from some thousands of flows on.
"""
import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from bench import CORE, Watch

VSWITCHD = Path("/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk")
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
TUNED = ("smc-enable=true", "emc-insert-inv-prob=0")
TIMEOUT = 60


class OpenVswitch:
    def __init__(self, folder, tuned):
        self.folder, self.tuned = folder, tuned
        self.environment = {**os.environ, **dict.fromkeys(
            ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"), str(folder))}

    def run(self, *words, check=True):
        done = subprocess.run([str(word) for word in words], env=self.environment, capture_output=True, text=True,
                              timeout=TIMEOUT)
        assert done.returncode == 0 or not check, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def database(self, *words):
        return self.run("ovs-vsctl", "--timeout=30", *words)

    def ask(self, *words):
        return self.run("ovs-appctl", "-T", "60", "-t", self.folder / "vswitchd.ctl", *words)

    def pid(self, name):
        return int((self.folder / f"{name}.pid").read_text())

    def start(self):
        self.run("ovsdb-tool", "create", self.folder / "conf.db", SCHEMA)
        self.run("ovsdb-server", self.folder / "conf.db", f"--remote=punix:{self.folder}/db.sock", "--detach",
                 f"--pidfile={self.folder}/ovsdb.pid", f"--unixctl={self.folder}/ovsdb.ctl",
                 f"--log-file={self.folder}/ovsdb.log")
        self.database("--no-wait", "init")
        options = ["dpdk-init=true", "dpdk-socket-mem=1100", "dpdk-lcore-mask=0x1", f"pmd-cpu-mask={1 << CORE:#x}",
                   "dpdk-extra=--no-pci --in-memory", *(TUNED if self.tuned else ())]
        self.database("--no-wait", "set", "Open_vSwitch", ".", *(f"other_config:{key}=\"{value}\"" for key, value in
                                                                (option.split("=", 1) for option in options)))
        self.run("unshare", "--net", "taskset", "-c", "0", VSWITCHD, f"unix:{self.folder}/db.sock", "--detach",
                 f"--pidfile={self.folder}/vswitchd.pid", f"--unixctl={self.folder}/vswitchd.ctl",
                 f"--log-file={self.folder}/vswitchd.log")
        assert self.database("get", "Open_vSwitch", ".", "dpdk_initialized") == "true", "no DPDK: see vswitchd.log"

    def stop(self):
        for name in ("vswitchd", "ovsdb"):
            try:
                pid = self.pid(name)
            except FileNotFoundError:
                continue
            self.run("ovs-appctl", "-T", "10", "-t", self.folder / f"{name}.ctl", "exit",
                     *(["--cleanup"] if name == "vswitchd" else []), check=False)
            for _ in range(100):
                if not Path(f"/proc/{pid}").exists():
                    break
                time.sleep(0.1)
            else:
                os.kill(pid, 9)

    def bridge(self, name):
        self.database("add-br", name, "--", "set", "Bridge", name, "datapath_type=netdev", "fail-mode=secure")

    def port(self, bridge, name, number, device):
        self.database("add-port", bridge, name, "--", "set", "Interface", name, "type=dpdk",
                      f"ofport_request={number}", f"options:dpdk-devargs=\"{device}\"")
        error = self.database("get", "Interface", name, "error")
        assert error == "[]", f"{device}: {error}"

    def tunnel(self, wire, address, peer, peer_mac, segment, inner="br-int"):
        """A VXLAN port 10 on the inner bridge, and the wire's bridge br-phy, with port 2."""
        self.bridge("br-phy")
        self.database("add-port", inner, "tun0", "--", "set", "Interface", "tun0", "type=vxlan", "ofport_request=10",
                      f"options:remote_ip={peer}", f"options:local_ip={address}", f"options:key={segment}")
        self.run("ovs-ofctl", "add-flow", "br-phy", "actions=NORMAL")
        inside = ("nsenter", "--net", "--target", self.pid("vswitchd"), "ip")
        self.run(*inside, "address", "add", f"{address}/24", "dev", "br-phy")
        self.run(*inside, "link", "set", "br-phy", "up")
        self.port("br-phy", "p2", 2, wire)
        time.sleep(0.5)
        self.ask("tnl/neigh/set", "br-phy", peer, peer_mac)
        self.ask("fdb/add", "br-phy", "p2", 0, peer_mac)

    def flows(self, bridge, flows):
        (self.folder / "flows").write_text("\n".join(flows) + "\n")
        self.run("ovs-ofctl", "add-flows", bridge, self.folder / "flows")
        self.ask("dpctl/ct-set-maxconns", 3000000)

    def received(self):
        return int(re.search(r"packets received: (\d+)", self.ask("dpif-netdev/pmd-stats-show"))[1])

    def connections(self):
        return int(self.ask("dpctl/ct-get-nconns"))

    def sent(self, bridge, port):
        said = self.run("ovs-ofctl", "-O", "OpenFlow14", "dump-ports", bridge, port)
        return int(re.search(r"tx pkts=(\d+)", said)[1])

    def rate(self, bridge, port, settle, seconds):
        """Packets per second of the PMD thread's time that leave by a port."""
        watch = Watch(self.pid("vswitchd"))
        time.sleep(settle)
        first, start = watch.around(lambda: self.sent(bridge, port))
        time.sleep(seconds)
        last, end = watch.around(lambda: self.sent(bridge, port))
        return (last - first) / (end - start)


def is_installed():
    return VSWITCHD.exists()


@contextmanager
def open_vswitch(folder, tuned):
    """One that runs, and has no bridges yet, until the block ends."""
    folder.mkdir()
    switch = OpenVswitch(folder, tuned)
    try:
        switch.start()
        yield switch
    finally:
        switch.stop()
