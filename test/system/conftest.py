# SPDX-License-Identifier: BSD-3-Clause
"""The real switch, hosts in network namespaces, the kernel's own network stack on both sides."""
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from lab.fixtures import *  # noqa: F401,F403
