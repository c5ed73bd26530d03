# SPDX-License-Identifier: BSD-3-Clause
"""Scripts: that they can be read at all, and what shellcheck says where it is installed."""
import os
import shutil
import subprocess

import pytest

from tree import ROOT, scripts, sources, text


def is_for_this_machine(path):
    """Not the init of a guest, nor what an interactive shell reads."""
    return path.suffix != ".bash" and not text(path).startswith("#!/bin/busybox")


def test_shell_scripts_parse():
    wrong = []
    for path in scripts():
        shell = "sh" if text(path).startswith(("#!/bin/sh", "#!/bin/busybox")) else "bash"
        run = subprocess.run([shell, "-n", path], cwd=ROOT, capture_output=True, text=True)
        if run.returncode:
            wrong.append(run.stderr)
    assert not wrong, "\n".join(wrong)


def test_shellcheck_is_content():
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    paths = [str(path) for path in scripts() if is_for_this_machine(path)]
    run = subprocess.run(["shellcheck", "-x", *paths], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_python_parses():
    for path in sources(".py"):
        compile(text(path), str(path), "exec")


def test_what_is_called_can_be_called():
    wrong = [str(path) for path in scripts() + sources(".py")
             if text(path).startswith("#!") and is_for_this_machine(path)
             and not os.access(ROOT / path, os.X_OK)]
    assert not wrong, f"not executable: {wrong}"
