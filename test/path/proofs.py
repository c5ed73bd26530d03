#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Which test proves which row of the list of behaviours.

`proofs(folder)` reads the sources only, so that a lint can ask without running or importing
anything; as a program it prints the table.
"""
import ast
import sys
from pathlib import Path


def proofs(folder=Path(__file__).parent):
    """{"S19": ["test_networks.py::test_flat_is_untagged_both_ways", ...]}"""
    table = {}
    for file in sorted(Path(folder).glob("test_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for identity in marks(node):
                    table.setdefault(identity, []).append(f"{file.name}::{node.name}")
    return dict(sorted(table.items()))


def marks(function):
    """The arguments of `@proves("S19", ...)` or `@pytest.mark.proves("S19", ...)`."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call):
            name = getattr(decorator.func, "attr", None) or getattr(decorator.func, "id", "")
            if name == "proves":
                yield from (argument.value for argument in decorator.args)


if __name__ == "__main__":
    for identity, tests in proofs(*sys.argv[1:]).items():
        print(identity, *tests, sep="\n    ")
