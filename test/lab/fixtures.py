# SPDX-License-Identifier: BSD-3-Clause
"""What test/system and test/guest have in common: imported whole by their conftest.py."""
import os
import signal
import subprocess

import pytest

from .daemon import WEFT, WEFTCTL, Daemon
from .namespace import Namespace
from .process import has_program

NEEDS = {"ip": "iproute2", "ping": "iputils-ping", "ethtool": "ethtool"}


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(*ids): rows of the list of behaviours proven here")
    # Told to end, we still take our namespaces and processes with us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_finish(session):
    """A prerequisite that could be installed is a failure; one that the machine lacks, a skip."""
    if session.config.option.collectonly:
        return
    for file in (WEFT, WEFTCTL):
        if not os.access(file, os.X_OK):
            pytest.exit(f"{file} is not there: build first, or set WEFT and WEFTCTL", 2)
    if os.geteuid():
        pytest.exit("network namespaces need root: run as root", 2)
    for program, package in NEEDS.items():
        if not has_program(program):
            pytest.exit(f"{program} is missing: apt-get install {package}", 2)


def _what_the_machine_lacks():
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun: this kernel has no TAP devices"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        return "this environment forbids network namespaces"
    return None


@pytest.fixture(scope="session", autouse=True)
def prerequisites():
    lacks = _what_the_machine_lacks()
    if lacks:
        pytest.skip(lacks)


class Lab:
    """Makes hosts and switches, and ends them all."""

    def __init__(self, workers):
        self.workers, self.daemons, self.things = workers, [], []

    def daemon(self, name="host"):
        self.daemons.append(Daemon(name, self.workers))
        return self.daemons[-1]

    def host(self, name):
        return self.keeps(Namespace(name))

    def keeps(self, thing):
        self.things.append(thing)
        return thing

    def ends(self):
        for thing in reversed(self.things):
            thing.ends()
        for daemon in self.daemons:
            daemon.ends()

    def story(self):
        return "\n".join(daemon.stderr()[-6000:] for daemon in self.daemons)


def worker_lists():
    """One worker, and two where there are two cores."""
    cores = sorted(os.sched_getaffinity(0))
    return {"one worker": [cores[-1]], **({"two workers": cores[:2]} if len(cores) > 1 else {})}


@pytest.fixture
def lab(request):
    """A laboratory with one worker per switch."""
    yield from _lab(request, worker_lists()["one worker"])


@pytest.fixture(params=worker_lists().values(), ids=worker_lists().keys())
def both(request):
    """A laboratory, once with one worker and once with two."""
    yield from _lab(request, request.param)


def _lab(request, workers):
    lab = request.node.lab = Lab(workers)
    try:
        yield lab
    finally:
        lab.ends()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    lab = getattr(item, "lab", None)
    if report.failed and lab is not None and report.when == "call":
        report.sections.append(("what the switch said", lab.story()))


@pytest.fixture
def report(record_property):
    """Notes a measurement, which is printed at the end even if the test passes."""
    return lambda what: record_property("measured", what)


def pytest_terminal_summary(terminalreporter):
    for outcome in ("passed", "failed"):
        for said in terminalreporter.getreports(outcome):
            for name, value in said.user_properties:
                if name == "measured" and said.when == "call":
                    terminalreporter.write_line(f"    measured: {value}")
