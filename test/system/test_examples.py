# SPDX-License-Identifier: BSD-3-Clause
"""Every example is valid and explained; the quickstart works from end to end."""
import os
from pathlib import Path

import pytest

from lab.daemon import WEFT, WEFTCTL
from lab.process import run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(folder for folder in (ROOT / "examples").iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_example_is_valid(folder):
    assert (folder / "README.rst").read_text().count("\n") > 5
    for file in folder.glob("*.yaml"):
        assert run(WEFT, "--check", file).stdout.strip() == f"{file}: ok"


@pytest.mark.proves("S11", "S20")
def test_quickstart():
    said = run(ROOT / "devtools" / "quickstart.sh", timeout=120,
               env={**os.environ, "WEFT": WEFT, "WEFTCTL": WEFTCTL}).stdout
    for words in ("they arrive unchanged", "does not reach 10.0.1.21", "vlan 100", "arp-spoofed",
                  "verdict", "nothing is left behind"):
        assert words in said, said
