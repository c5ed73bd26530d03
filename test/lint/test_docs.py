# SPDX-License-Identifier: BSD-3-Clause
"""The manual: that it builds, says what the code says, and that what it shows works."""
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import generate
from tree import ROOT, WEFT, WEFTCTL, sources, text

proves = pytest.mark.proves

PAGES = [path for path in sources(".rst") if path.parts[0] in ("doc", "examples", "README.rst")]
WRITTEN = [path for path in PAGES if str(path) not in (
    "doc/reference/configuration.rst", "doc/reference/weftctl.rst")]


@pytest.mark.parametrize("name", ["README.rst", "doc/reference/configuration.rst",
                                  "doc/reference/weftctl.rst", "doc/reference/drops.rst",
                                  "doc/reference/stages.rst", "doc/internals/drawing.inc",
                                  "doc/proofs.inc"])
def test_made_pages_are_up_to_date(programs, made, name):
    assert (ROOT / name).read_text() == made[name], f"{name}: run doc/generate.py"


@pytest.fixture(scope="module")
def made(programs):
    return generate.pages()


def test_nothing_that_is_made_is_forgotten(made):
    parameters = test_made_pages_are_up_to_date.pytestmark[0].args[1]
    assert set(made) == set(parameters)


@pytest.mark.parametrize("builder", ["html", "man"])
def test_sphinx_has_no_complaint(builder, tmp_path):
    run = subprocess.run(["sphinx-build", "-q", "-W", "--keep-going", "-b", builder,
                          "-d", str(tmp_path / "doctrees"), str(ROOT / "doc"),
                          str(tmp_path / builder)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    if builder == "man":
        assert {file.name for file in (tmp_path / "man").iterdir()} == {"weft.8", "weftctl.1"}


def test_lines_of_pages_fit():
    wrong = [f"{path}:{number}: {len(line)} columns"
             for path in WRITTEN if path.parts[0] != "examples"
             for number, line in enumerate(text(path).splitlines(), 1)
             if len(line) > 100 and not line.startswith("    ")]  # what programs print is as it is
    assert not wrong, "\n".join(wrong)


# ---- what is shown ----

def blocks(path, language):
    """The contents of `.. code-block:: LANGUAGE`."""
    lines = text(path).splitlines()
    for at, line in enumerate(lines):
        if line.strip() != f".. code-block:: {language}":
            continue
        body, at = [], at + 2
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith("    ")):
            body.append(lines[at][4:])
            at += 1
        yield "\n".join(body) + "\n"


YAML = [(path, number, block) for path in PAGES
        for number, block in enumerate(blocks(path, "yaml"), 1)]


@pytest.mark.parametrize("path,number,block", YAML, ids=[f"{p.stem}-{n}" for p, n, _ in YAML])
def test_files_in_the_manual_load(programs, path, number, block, tmp_path):
    file = tmp_path / "weft.yaml"
    file.write_text(block)
    run = subprocess.run([WEFT, "--check", file], capture_output=True, text=True)
    assert run.returncode == 0, f"block {number} of {path}:\n{run.stderr}"


def test_there_are_files_in_the_manual():
    assert len(YAML) > 5


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_xml_in_the_manual_is_xml(path):
    from xml.etree import ElementTree
    for block in blocks(path, "xml"):
        ElementTree.fromstring(block)


def shown_commands(path):
    """(line, words) of each `weftctl ...` in a page: in double backquotes, or on a line of its own."""
    for number, line in enumerate(text(path).splitlines(), 1):
        for match in re.findall(r"``weftctl ([^`]+)``", line):
            yield number, match
        match = re.match(r"\s+(?:\$ )?(?:build/app/weftctl/)?weftctl (.+)$", line)
        if match and "``" not in line:
            yield number, match.group(1)


def accepts(specs, words):
    """Why the client does not know this command; None if it does."""
    words = re.sub(r"[\[\]]", " ", re.split(r"\s#|\s\||\s<", words)[0])
    words = [word for word in shlex.split(words) if word != "..."]
    while words and words[0].startswith("-"):  # options of weftctl itself
        words = words[2 if words[0] == "-r" else 1:]
    if not words or words[0].isupper():
        return None
    nouns = {spec["noun"] for spec in specs}
    if words[0] not in nouns:
        return f"no command {words[0]}"
    found = [spec for spec in specs if spec["noun"] == words[0]
             and spec.get("verb") in (None, words[1].split("|")[0] if len(words) > 1 else None)]
    if not found:
        return f"no verb in {' '.join(words)}"
    keys = {arg["key"] for arg in found[0]["args"]}
    for word in words:
        if word.startswith("--") and word != "--help":
            if word[2:].split("=")[0] not in keys:
                return f"{words[0]} has no {word}"
    return None


@pytest.fixture(scope="module")
def specs(programs):
    return json.loads(subprocess.run([WEFT, "--commands"], capture_output=True, text=True,
                                     check=True).stdout)


@pytest.mark.parametrize("path", WRITTEN, ids=str)
def test_commands_in_the_manual_exist(specs, path):
    wrong = [f"{path}:{number}: {why}: weftctl {words}" for number, words in shown_commands(path)
             if (why := accepts(specs, words))]
    assert not wrong, "\n".join(wrong)


def test_commands_are_found_in_the_manual():
    assert sum(len(list(shown_commands(path))) for path in WRITTEN) > 40


def test_every_command_is_in_the_client(specs):
    page = text(Path("doc/reference/weftctl.rst"))
    for spec in specs:
        words = [spec["noun"], spec.get("verb")]
        assert f"\n{' '.join(filter(None, words))}\n~~" in page


def test_options_of_the_daemon_are_in_its_manual_page(programs):
    said = subprocess.run([WEFT, "--help"], capture_output=True, text=True, check=True).stdout
    page = text(Path("doc/man/weft.rst"))
    for option in re.findall(r"--[a-z-]+", said):
        assert f"**{option}**" in page, option


@proves("S16")
def test_the_manual_says_that_there_is_no_openflow():
    page = text(Path("doc/guide/comparison.rst"))
    assert "weft does not speak OpenFlow" in page
    for command in ("ovs-vsctl show", "ovs-ofctl dump-flows", "brctl show", "bridge fdb show"):
        assert f"``{command}``" in page


@proves("S04")
def test_the_manual_has_elements_for_libvirt():
    """For both roles, with shared memory."""
    from xml.etree import ElementTree
    xml = [ElementTree.fromstring(block) for block in blocks(Path("doc/guide/guests.rst"), "xml")]
    roles = {element.find("source").get("mode") for element in xml if element.tag == "interface"}
    assert roles == {"server", "client"}
    assert any(element.find("access").get("mode") == "shared" for element in xml
               if element.tag == "memoryBacking")
