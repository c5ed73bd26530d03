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
def client(tmp_path):
    """The same, as client."""
    yield from _host(tmp_path, "client")


def _host(folder, mode):
    host = Host(folder, mode)
    try:
        yield host.starts()
    finally:
        host.ends()
