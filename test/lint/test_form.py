# SPDX-License-Identifier: BSD-3-Clause
"""How files look: formatting, width, licence, words, sizes."""
import re
import shutil
import subprocess

import pytest

from tree import ROOT, files, is_script, sources, text

COLUMNS = 100
COLUMNS_OF_TESTS = 120  # tables and scripts
FILE_LINES = 500
FUNCTION_LINES = 80

# What is generated, and lines that cannot be broken.
WIDE = {"config/weft.schema.json"}


def complain(lines):
    assert not lines, "\n" + "\n".join(lines)


def is_code(path):
    return path.suffix in (".c", ".h", ".py") or path.name == "meson.build" or is_script(path)


def test_c_is_formatted():
    if shutil.which("clang-format") is None:
        pytest.fail("clang-format is missing: apt-get install clang-format")
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *map(str, sources(".c", ".h"))],
                         cwd=ROOT, capture_output=True, text=True)
    wrong = re.findall(r"^(\S+?):(\d+):\d+: error", run.stderr, re.M)
    counts = {}
    for file, _ in wrong:
        counts[file] = counts.get(file, 0) + 1
    complain([f"{file}: {n} places; run clang-format -i" for file, n in sorted(counts.items())])


def is_binary(path):
    return b"\0" in (ROOT / path).read_bytes()[:8192]


def columns(path):
    is_product = path.suffix in (".c", ".h") and path.parts[0] in ("lib", "app", "drivers")
    return COLUMNS if is_product else COLUMNS_OF_TESTS


def width(line):
    return len(line.expandtabs(8))


def test_lines_fit():
    complain([f"{path}:{number}: {width(line)} columns"
              for path in files() if is_code(path) and str(path) not in WIDE
              for number, line in enumerate(text(path).splitlines(), 1) if width(line) > columns(path)])


def test_every_source_names_its_licence():
    sentence = "SPDX-License-Identifier: BSD-3-Clause"
    complain([f"{path}: no '{sentence}' in the first two lines" for path in files()
              if is_code(path) and sentence not in "\n".join(text(path).splitlines()[:2])])


def test_files_are_text():
    complain([f"{path}: is binary" for path in files() if is_binary(path)])


def test_lines_end_as_they_should():
    wrong = []
    for path in files():
        content = (ROOT / path).read_bytes()
        if is_binary(path):
            continue
        if content and not content.endswith(b"\n"):
            wrong.append(f"{path}: no newline at the end")
        wrong += [f"{path}:{number}: trailing blanks or a carriage return"
                  for number, line in enumerate(content.split(b"\n"), 1)
                  if line != line.rstrip() and path.suffix != ".patch"]
    complain(wrong)


def test_no_loose_ends():
    """What somebody meant to do later belongs into a list of things to do, not into the code."""
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|^\s*#\s*if 0\b")
    complain([f"{path}:{number}: {line.strip()}" for path in files()
              if is_code(path) and path.parts[:2] != ("test", "lint")
              for number, line in enumerate(text(path).splitlines(), 1) if words.search(line)])


def test_no_folder_of_a_person():
    words = re.compile(r"(?<![\w.])/(home|root)/\w")
    complain([f"{path}:{number}: {line.strip()}" for path in files()
              if path.suffix != ".json" and path.parts[:2] != ("test", "lint")
              and not is_binary(path)
              for number, line in enumerate(text(path).splitlines(), 1) if words.search(line)])


def test_files_are_short():
    complain([f"{path}: {n} lines, at most {FILE_LINES}" for path in files() if is_code(path)
              for n in [len(text(path).splitlines())] if n > FILE_LINES])


def functions(path):
    """(line, name, lines) of the functions of a C file: name and braces stand in column 0."""
    lines = text(path).splitlines()
    name = None
    for number, line in enumerate(lines, 1):
        head = re.match(r"([a-z_]\w*)\(", line)
        if head:
            name, start = head.group(1), number
        elif line == "{" and name:
            opened = number
        elif line == "}" and name:
            yield start, name, number - opened - 1
            name = None


def test_functions_are_found():
    assert sum(1 for path in sources(".c", ".h") for _ in functions(path)) > 500


def test_functions_are_short():
    complain([f"{path}:{line}: {name}() has {n} lines, at most {FUNCTION_LINES}"
              for path in sources(".c", ".h")
              for line, name, n in functions(path) if n > FUNCTION_LINES])
