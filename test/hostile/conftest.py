# SPDX-License-Identifier: BSD-3-Clause
"""Guests and front ends that mean harm, beside two that do not."""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import pytest

from hosts import Host


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=24, help="how often each torture kills the front end")


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(*ids): rows of the list of behaviours proven here")


@pytest.fixture(params=["client", "server"])
def host(request, tmp_path):
    """A switch at work, whose port `evil` is waiting; the switch is the client, or the server."""
    yield from _host(tmp_path, request.param)


@pytest.fixture
def fresh(tmp_path):
    """The same, as client."""
    yield from _host(tmp_path, "client")


@pytest.fixture(scope="module")
def shared():
    """The switch that the tests of a file have in common, while it lives."""
    hosts = []
    yield hosts
    for host in hosts:
        try:
            host.closes()
        finally:
            host.ends()


@pytest.fixture
def client(shared, request, tmp_path_factory):
    """The same once more, but the one that the test before has left, if it was content with it."""
    if not shared:
        shared.append(Host(tmp_path_factory.mktemp("shared"), "client").starts())
    shared[0].begins()
    yield shared[0]
    if not request.node.passed:
        shared.pop().ends()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    item.passed = report.passed


def _host(folder, mode):
    host = Host(folder, mode)
    try:
        yield host.starts()
    finally:
        host.ends()
