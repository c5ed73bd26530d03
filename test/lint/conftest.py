# SPDX-License-Identifier: BSD-3-Clause
"""Rules that the source tree keeps. Only what needs the built programs needs a build."""
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import pytest

from tree import ROOT, WEFT, WEFTCTL

sys.path.insert(0, str(ROOT / "doc"))


@pytest.fixture(scope="session")
def programs():
    for file in (WEFT, WEFTCTL):
        if not os.access(file, os.X_OK):
            pytest.exit(f"{file} is not there: build first, or set WEFT and WEFTCTL", 2)
