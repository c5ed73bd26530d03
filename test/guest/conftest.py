# SPDX-License-Identifier: BSD-3-Clause
"""Real guests on vhost-user ports."""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import pytest

from lab.fixtures import *  # noqa: F401,F403
from lab.guest import QEMU
from lab.process import has_program


@pytest.fixture(scope="session", autouse=True)
def qemu(prerequisites):
    assert has_program(QEMU), f"{QEMU} is missing: apt-get install qemu-system-x86"
