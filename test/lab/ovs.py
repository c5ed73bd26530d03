# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch as a foreign tunnel endpoint: its userspace datapath, alone in a namespace.

    ovs = lab.keeps(OpenvSwitch("ovs"))
    site.daemon.plugs("uplink", ovs.netns)
    ovs.lives_on("uplink", "192.0.2.2/24")
    ovs.tunnels("br0", "vxlan", key=1001, remote="192.0.2.1")
    b = ovs.guest(lab, "b", "br0", "10.0.0.2/24")

Database, sockets and logs are in a folder of its own; whatever Open vSwitch the machine itself runs
is neither asked nor touched. Both programs are our children and end with us.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .namespace import Namespace
from .process import DIES_WITH_US, end, has_program, run, wait_until
from .underlay import joins

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
QUIET = ["--no-chdir", "-vsyslog:off", "-vconsole:off"]
UNDERLAY = "br-phy"  # the bridge that holds the endpoint's address


def missing():
    """The Debian package that has to be installed first, or None."""
    return None if has_program("ovs-vswitchd") and os.path.exists(SCHEMA) else "openvswitch-switch"


class OpenvSwitch:
    def __init__(self, name):
        assert missing() is None, f"Open vSwitch is missing: apt-get install {missing()}"
        self.folder = Path(tempfile.mkdtemp(prefix="weft-ovs-"))  # short: socket paths are
        self.netns = Namespace(name)
        self.netns.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        # The kernel sees the wire too; only the bridge may answer for the endpoint's address.
        self.netns.sysctl("net/ipv4/conf/all/arp_ignore", 1)
        folders = {f"OVS_{what}": str(self.folder) for what in ("RUNDIR", "DBDIR", "LOGDIR", "SYSCONFDIR")}
        self.environment = {**os.environ, **folders}
        self.processes = []
        try:
            self._starts()
        except BaseException:
            self.ends()
            raise

    def _starts(self):
        database, place = self.folder / "conf.db", f"unix:{self.folder}/db.sock"
        self._runs("ovsdb-tool", "create", database, SCHEMA)
        self._launches("ovsdb-server", database, f"--remote=p{place}")
        self.vsctl("--no-wait", "init")
        self._launches("ovs-vswitchd", place)
        self.vsctl("show")

    def _launches(self, program, *words):
        control, log = self.folder / f"{program}.ctl", self.folder / f"{program}.log"
        process = subprocess.Popen(
            [*DIES_WITH_US, "ip", "netns", "exec", self.netns.name, program, *map(str, words), *QUIET,
             f"--unixctl={control}", f"--log-file={log}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        self.processes.append(process)
        wait_until(lambda: process.poll() is not None or control.exists(), f"{program} runs", explain=self.log)
        assert process.poll() is None, f"{program} did not start:\n{self.log()}"

    def _runs(self, *words, **more):
        __tracebackhide__ = True
        return run(*words, env=self.environment, **more).stdout

    def vsctl(self, *words):
        """Waits until the switch has done it, unless told --no-wait."""
        __tracebackhide__ = True
        return self._runs("ovs-vsctl", "--timeout=15", f"--db=unix:{self.folder}/db.sock", *words)

    def appctl(self, *words):
        __tracebackhide__ = True
        return self._runs("ovs-appctl", "-T", "10", "-t", self.folder / "ovs-vswitchd.ctl", *words)

    def log(self):
        return "\n".join(file.read_text(errors="replace")[-3000:] for file in self.folder.glob("*.log"))

    # Bridges, tunnels, guests.

    def has_bridge(self, name):
        return name in self.vsctl("list-br").split()

    def needs_bridge(self, name, mac=None):
        if not self.has_bridge(name):
            self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev",
                       *([f'other_config:hwaddr="{mac}"'] if mac else []))

    def attaches(self, bridge, device):
        """Makes a device of the namespace a port of a bridge."""
        self.needs_bridge(bridge)
        self.vsctl("add-port", bridge, device)
        assert self.vsctl("get", "interface", device, "error").strip() == "[]", self.log()

    def lives_on(self, device, address, mac="02:00:00:0f:0f:02"):
        """The endpoint: `device` is its wire, `address` its own. Tunnels follow the kernel's routes."""
        self.needs_bridge(UNDERLAY, mac)
        self.attaches(UNDERLAY, device)
        self.netns.configures(UNDERLAY, address=address)
        wait_until(lambda: address.split("/")[0] in self.appctl("ovs/route/show"), "Open vSwitch has the route",
                   explain=lambda: self.appctl("ovs/route/show") + self.log())
        return self

    def tunnels(self, bridge, kind, key, remote, **options):
        self.needs_bridge(bridge)
        name = f"{bridge}-{kind}"[:15]
        options = {"remote_ip": remote, "key": key, **options}
        self.vsctl("add-port", bridge, name, "--", "set", "interface", name, f"type={kind}",
                   *(f'options:{word}="{value}"' for word, value in options.items()))
        assert self.vsctl("get", "interface", name, "error").strip() == "[]", self.log()
        return name

    def guest(self, lab, name, bridge, address, mac=None, mtu=None):
        """A namespace on a bridge."""
        guest = lab.host(name)
        joins(self.netns, f"p-{name}", guest, name, mtu=mtu)
        guest.configures(name, mac, address, mtu)
        self.attaches(bridge, f"p-{name}")
        return guest

    def sets_flows(self, bridge, flows):
        """OpenFlow rules in place of all that were there. First fragments have ports, as others do."""
        file, place = self.folder / "flows", f"unix:{self.folder}/{bridge}.mgmt"
        file.write_text("\n".join(flows) + "\n")
        self._runs("ovs-ofctl", "-O", "OpenFlow15", "replace-flows", place, file)
        self._runs("ovs-ofctl", "set-frags", place, "nx-match")

    def fdb(self, bridge):
        """{mac: number of the OpenFlow port}"""
        rows = [line.split() for line in self.appctl("fdb/show", bridge).splitlines()[1:]]
        return {row[2]: row[0] for row in rows}

    def ends(self):
        for process in reversed(self.processes):
            end(process)
        self.netns.ends()
        shutil.rmtree(self.folder, ignore_errors=True)
