# SPDX-License-Identifier: BSD-3-Clause
"""path.h and drop.h are the truth about stages and reasons; files, code and manual agree."""
import re
from pathlib import Path

import generate
from tree import ROOT, layers, sources, text


def names():
    return [name for name, _, _ in generate.stages()]


def test_the_generator_reads_every_stage_and_reason():
    assert len(names()) == text(Path("lib/path/path.h")).count("STAGE(") - 2
    declared = re.findall(r"\bDROP\([A-Z_]+,", text(Path("lib/path/drop.h")))
    assert len(generate.drops()) == len(declared)


def test_each_stage_is_a_file_with_its_function():
    for name in names():
        path = ROOT / "lib/path" / f"{name}.c"
        assert path.exists(), f"{path} is missing"
        assert f"\nweft_stage_{name}(struct weft_walk *walk)\n" in path.read_text(), path


def test_each_file_of_the_path_is_a_stage():
    others = {"path", "walk", "reply", "complain", "echo", "advertise", "oversize", "filter", "packet", "spoof",
              "journal", "passage", "quote"}
    stems = {path.stem for path in sources(".c", under=("lib/path/",))}
    assert stems == set(names()) | others


def test_the_build_lists_the_stages_and_no_others():
    listed = re.findall(r"'(\w+)\.c'", text(Path("lib/path/meson.build")))
    assert set(names()) <= set(listed)


def test_each_stage_begins_with_what_it_says():
    """One word, one question: the sentence in path.h begins like the file's own comment."""
    for name, says, _ in generate.stages():
        assert f"* {name}: " in text(Path(f"lib/path/{name}.c"))[:200], name


def test_reasons_belong_to_a_stage():
    """The enum, the stage and the word agree: TERMINATE_PORT_DOWN, terminate, port-down."""
    header = generate.header("lib/path/drop.h")
    rows = re.findall(r'DROP\(([A-Z_]+),\s*"(\w+)",\s*"([\w-]+)"', header)
    assert len(rows) == len(generate.drops())
    for name, stage, word in rows:
        assert stage in [*names(), "worker"], name
        assert name == f"{stage}_{word}".upper().replace("-", "_"), name


def test_each_reason_is_used():
    code = "".join(text(path) for path in sources(".c", under=("lib/", "drivers/")))
    for stage, word, _ in generate.drops():
        name = f"DROP_{stage}_{word}".upper().replace("-", "_")
        assert re.search(rf"\b{name}\b", code), f"{name} is never given"


def test_a_stage_gives_only_its_own_reasons():
    for name in names():
        for reason in re.findall(r"\bDROP_([A-Z]+)_\w+", text(Path(f"lib/path/{name}.c"))):
            assert reason.lower() == name, f"{name}.c gives DROP_{reason}_..."


def test_the_manual_says_what_to_do_about_each_reason():
    page = text(Path("doc/guide/troubleshooting.rst"))
    labels = re.findall(r"^\.\. _drop-(\w+)-([\w-]+):\n\n(\S+)$", page, re.M)
    assert all(word == title for _, word, title in labels)
    assert sorted(label[:2] for label in labels) == sorted(
        (stage, word) for stage, word, _ in generate.drops())


def test_the_manual_names_each_reason_in_the_rules():
    page = text(Path("doc/reference/forwarding.rst"))
    missing = [word for _, word, _ in generate.drops() if f"``{word}``" not in page]
    assert not missing


def test_the_layers_in_the_readme_are_those_of_the_build():
    assert f"``{' '.join(layers())}``" in text(Path("README.rst")).replace("\n", " ")


def test_files_named_in_the_readme_exist():
    for name in re.findall(r"(?:``|<)((?:lib|doc|devtools|app|drivers)/[\w/.-]+)",
                           text(Path("README.rst"))):
        assert (ROOT / name).exists(), name
