# SPDX-License-Identifier: BSD-3-Clause
"""The source tree as the rules see it."""
import ast
import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "app"
WEFT = os.environ.get("WEFT", str(BUILD / "weft" / "weft"))
WEFTCTL = os.environ.get("WEFTCTL", str(BUILD / "weftctl" / "weftctl"))

SKIPPED = {".git", "__pycache__", ".pytest_cache", "_build"}


@lru_cache
def files():
    """Every file that belongs to the tree, relative to its root."""
    said = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                          cwd=ROOT, capture_output=True, text=True)
    if said.returncode == 0:
        found = [ROOT / line for line in said.stdout.splitlines()]
    else:
        found = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.parts)
                 and not path.relative_to(ROOT).parts[0].startswith("build")]
    return sorted(path.relative_to(ROOT) for path in found if path.is_file())


def sources(*suffixes, under=("",)):
    return [path for path in files() if path.suffix in suffixes
            and any(str(path).startswith(folder) for folder in under)]


@lru_cache(maxsize=None)
def text(path):
    return (ROOT / path).read_text()


def is_script(path):
    """A shell script, whatever its name ends in."""
    if path.suffix in (".sh", ".bash"):
        return True
    with open(ROOT / path, "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and b"sh" in first.split(b"/")[-1]


def scripts():
    return [path for path in files() if is_script(path)]


def layers():
    """The folders of lib/ in their order, from the build's one list."""
    listed = re.search(r"^layers = \[(.*?)\]", text(Path("meson.build")), re.S | re.M).group(1)
    return re.findall(r"'(\w+)'", listed)


def proofs():
    """{"S19": ["path/test_networks.py::test_flat_is_untagged_both_ways", ...]} of all suites."""
    table = {}
    for path in sources(".py", under=("test/",)):
        if not path.name.startswith("test_"):
            continue
        for node in ast.parse(text(path)).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for identity in _marks(node):
                    name = f"{path.relative_to('test')}::{node.name}"
                    table.setdefault(identity, []).append(name)
    return dict(sorted(table.items()))


def _marks(function):
    """The arguments of `@proves("S19", ...)` or `@pytest.mark.proves("S19", ...)`."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call):
            name = getattr(decorator.func, "attr", None) or getattr(decorator.func, "id", "")
            if name == "proves":
                yield from (argument.value for argument in decorator.args)
