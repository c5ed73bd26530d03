# SPDX-License-Identifier: BSD-3-Clause
"""What may include what: the order of the folders is the architecture."""
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tree import ROOT, layers, sources, text

INCLUDES = ["-I", "lib", "-I", "drivers/port", "-I", "drivers/segment", "-I", "app/weft"]
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-DALLOW_EXPERIMENTAL_API", "-march=x86-64-v2",
         "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror"]


def ours(path):
    """(line, file) of each include in quotation marks."""
    for number, line in enumerate(text(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include "([^"]+)"', line)
        if match:
            yield number, match.group(1)


def complain(lines):
    assert not lines, "\n" + "\n".join(lines)


def test_the_build_knows_every_folder():
    folders = {path.parts[1] for path in sources(".c", ".h", under=("lib/",))}
    assert folders == set(layers())


def test_a_folder_includes_only_what_stands_before_it():
    order = layers()
    wrong = []
    for path in sources(".c", ".h", under=("lib/",)):
        here = order.index(path.parts[1])
        for number, file in ours(path):
            folder = file.split("/")[0]
            if folder not in order or order.index(folder) > here:
                wrong.append(f'{path}:{number}: "{file}" stands above {path.parts[1]}/')
    complain(wrong)


def test_drivers_include_the_library_and_themselves():
    wrong = []
    for path in sources(".c", ".h", under=("drivers/",)):
        own = path.parts[2]
        for number, file in ours(path):
            if file.split("/")[0] not in [own, *layers()]:
                wrong.append(f'{path}:{number}: "{file}" is another driver or a program')
    complain(wrong)


def test_nobody_includes_a_driver():
    drivers = {path.parts[2] for path in sources(".c", ".h", under=("drivers/",))}
    complain([f'{path}:{number}: "{file}"' for path in sources(".c", ".h", under=("lib/", "app/"))
              for number, file in ours(path) if file.split("/")[0] in drivers - set(layers())])


def test_the_client_takes_from_the_library_only_what_it_links():
    """weftctl runs where no DPDK is."""
    linked = re.findall(r"'\.\./\.\./lib/([\w/]+)\.c'", text(Path("app/weftctl/meson.build")))
    complain([f'{path}:{number}: "{file}"' for path in sources(".c", ".h", under=("app/weftctl/",))
              for number, file in ours(path)
              if "/" in file and file.removesuffix(".h") not in linked])


def test_includes_are_found_from_lib():
    roots = ["lib", "drivers/port", "drivers/segment"]
    wrong = []
    for path in sources(".c", ".h", under=("lib/", "drivers/", "app/")):
        for number, file in ours(path):
            places = [ROOT / root / file for root in roots] if "/" in file else [
                ROOT / path.parent / file]
            if not any(place.exists() for place in places):
                wrong.append(f'{path}:{number}: "{file}" is not written from lib/ on')
    complain(wrong)


@pytest.fixture(scope="module")
def pkg_flags():
    said = subprocess.run(["pkg-config", "--cflags", "libdpdk", "jansson", "yaml-0.1"],
                          capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    # What DPDK's headers do is not what is tested.
    return said.stdout.replace("-I", "-isystem ").split()


def test_every_header_compiles_alone(pkg_flags):
    def compile_one(path):
        own = ["-I", str(path.parent)] if path.parts[0] == "app" else []
        run = subprocess.run(["gcc", "-fsyntax-only", *FLAGS, *pkg_flags, *INCLUDES, *own,
                              "-include", str(path), "-x", "c", "/dev/null"],
                             cwd=ROOT, capture_output=True, text=True)
        return f"{path}:\n{run.stderr}" if run.returncode else None

    headers = sources(".h", under=("lib/", "drivers/", "app/"))
    with ThreadPoolExecutor(2) as pool:
        complain([wrong for wrong in pool.map(compile_one, headers) if wrong])


def test_headers_are_guarded_by_their_path():
    wrong = []
    for path in sources(".h", under=("lib/", "drivers/", "app/")):
        guards = re.findall(r"^#ifndef (WEFT\w*_H)\n#define \1$", text(path), re.M)
        if len(guards) != 1 or not guards[0].endswith(f"{path.stem.upper()}_H"):
            wrong.append(f"{path}: no guard WEFT_..._{path.stem.upper()}_H")
    complain(wrong)


def test_headers_begin_with_an_essay():
    complain([f"{path}: the second line should begin the comment that explains the header"
              for path in sources(".h", under=("lib/", "drivers/", "app/"))
              if not text(path).splitlines()[1].startswith("/*")])
