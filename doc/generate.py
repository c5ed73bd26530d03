#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the pages that say what the code says: `doc/generate.py`, after a build.

Stages and drop reasons come from the headers, the file and the commands from the programs
themselves, the table of proofs from the tests. test/lint checks that nobody forgot to.
"""
import re
import subprocess
import sys
import textwrap
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "lint"))

from behaviours import BEHAVIOURS
from tree import ROOT, WEFT, WEFTCTL, proofs

MADE = ".. Made by doc/generate.py; do not edit.\n\n"


def header(name):
    """A header's text with the lines of its macros joined."""
    return (ROOT / name).read_text().replace("\\\n", " ")


def macro_rows(body, macro, count):
    """The arguments of each MACRO(...): strings without their quotation marks."""
    string = r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*'
    row = rf"\b{macro}\(\s*" + r"\s*,\s*".join([rf"({string}|\w+)"] * count) + r"\s*\)"
    for match in re.finditer(row, body):
        yield [" ".join("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', word)).split()) or word
               for word in match.groups()]


def stages():
    """(name, sentence, asked once per output?) in the order of path.h."""
    text = header("lib/path/path.h")
    body = re.search(r"#define WEFT_PATH\(STAGE\)(.*?)\n\n", text, re.S).group(1)
    per_output = re.search(r"WEFT_STAGE_PER_OUTPUT WEFT_STAGE_(\w+)", text).group(1)
    rows, is_late = [], False
    for name, says in macro_rows(body, "STAGE", 2):
        is_late = is_late or name == per_output
        rows.append((name, says, is_late))
    return rows


def drops():
    """(stage, word, sentence) in the order of drop.h."""
    body = re.search(r"#define WEFT_DROPS\(DROP\)(.*?)\n\n", header("lib/path/drop.h"), re.S)
    return [row[1:] for row in macro_rows(body.group(1), "DROP", 4)]


def heading(title, line="="):
    return f"{title}\n{line * len(title)}\n\n"


def table(head, rows, widths):
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in [head, *rows]:
        for i, cell in enumerate(row):
            first, *rest = cell.split("\n")
            lines.append(f"   {'* -' if i == 0 else '  -'} {first}")
            lines += [f"       {line}" if line else "" for line in rest]
    return "\n".join(lines) + "\n"


def stages_page():
    rows = [(f"``{name}``", says, "each output" if is_late else "the packet")
            for name, says, is_late in stages()]
    return (MADE + heading("Stages") +
            "In this order, which stands once in ``lib/path/path.h``. Each stage is a function\n"
            "``weft_stage_NAME`` in ``lib/path/NAME.c``. Those up to ``route`` are asked once per\n"
            "packet, and from ``bridge`` on once more for each router on its way; the later ones\n"
            "once for every output, since a flooded frame has many.\n\n" +
            table(("Stage", "What it says", "Asked for"), rows, (15, 65, 20)))


def drops_page():
    rows = [(f"``{stage}``", f":ref:`{word} <drop-{stage}-{word}>`", says)
            for stage, word, says in drops()]
    return (MADE + heading("Drop reasons") +
            "Each reason is declared once, in ``lib/path/drop.h``. ``weftctl drop list`` shows how\n"
            "often each occurred and at which port. A reason is counted at the port by which the\n"
            "packet arrived; ``tx-full`` and ``no-link`` at the port that could not send. The stage\n"
            "``worker`` is no stage of the walk: these packets died before or after it.\n\n" +
            table(("Stage", "Reason", "Meaning"), rows, (15, 25, 60)))


BOX = 62


def boxed(rows):
    """Lines of a box: stages with their sentences, wrapped."""
    lines = []
    for name, says, _ in rows:
        wrapped = textwrap.wrap(says, BOX - 15)
        lines.append(f"| {name:<11}{wrapped[0]:<{BOX - 14}}|")
        lines += [f"| {'':<11}{line:<{BOX - 14}}|" for line in wrapped[1:]]
    return lines


def rule(title):
    return f"+-- {title} ".ljust(BOX - 1, "-") + "+"


def drawing():
    """A packet's way, with the stages of path.h."""
    early = [row for row in stages() if not row[2]]
    late = [row for row in stages() if row[2]]
    edge = " " * 8
    lines = [
        edge + "a port or a wire receives a burst",
        edge + "        |",
        edge + "        v",
        edge + "headers become a key                     lib/flow/key.h",
        edge + "        |",
        edge + "        v                      known, and nothing has changed",
        edge + "flow cache, one per worker ------------------------------------------+",
        edge + "        |  unknown or stale              lib/flow/table.h            |",
        edge + "        v                                                            |",
    ]
    walk = [rule("the walk: for the packet"), *boxed(early),
            rule("and for each output"), *boxed(late), "+" + "-" * (BOX - 2) + "+"]
    lines += [edge + line.ljust(BOX + 7) + "|" for line in walk]
    lines += [
        edge + "        |                                lib/path/walk.c             |",
        edge + "        v                                                            |",
        edge + "answer: outputs, each with its header; or drop, with a reason        |",
        edge + "        |  remembered in the flow cache  lib/flow/answer.h           |",
        edge + "        |<-----------------------------------------------------------+",
        edge + "        v",
        edge + "act: rewrite the front of the frame      lib/flow/act.h",
        edge + "        |",
        edge + "        v",
        edge + "ports and wires send                     lib/worker/tx.c",
    ]
    return "\n".join(line[8:].rstrip() for line in lines) + "\n"


def proofs_table():
    found = proofs()
    rows = []
    for identity, says in BEHAVIOURS.items():
        tests = found.get(identity, [])
        suites = {}
        for test in tests:
            file, name = test.split("::")
            suites.setdefault(file, []).append(name.removeprefix("test_").replace("_", " "))
        cell = "\n".join(f"| ``{file}``: {'; '.join(names)}" for file, names in suites.items())
        rows.append((identity, says, cell.replace("\n| ", "\n") if not cell else cell))
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 8 32 60", "",
             "   * - Id", "     - Behaviour", "     - Tests"]
    for identity, says, cell in rows:
        lines += [f"   * - {identity}", f"     - {says}"]
        first, *rest = cell.split("\n")
        lines += [f"     - {first}", *(f"       {line}" for line in rest)]
    return MADE + "\n".join(lines) + "\n"


def readme():
    """README.rst with the drawing between its two marks."""
    text = (ROOT / "README.rst").read_text()
    drawn = textwrap.indent(drawing(), "    ", lambda line: line.strip())
    return re.sub(r"(\.\. the drawing: .*?\n\n::\n\n).*?(\n\.\. end of the drawing\n)",
                  lambda match: match.group(1) + drawn + match.group(2), text, flags=re.S)


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def pages():
    """{file: text} of everything that is made."""
    return {
        "README.rst": readme(),
        "doc/reference/configuration.rst": said(WEFT, "--schema", "rst"),
        "doc/reference/weftctl.rst": said(WEFTCTL, "--rst"),
        "doc/reference/drops.rst": drops_page(),
        "doc/reference/stages.rst": stages_page(),
        "doc/internals/drawing.inc": drawing(),
        "doc/proofs.inc": proofs_table(),
    }


def main():
    for name, text in pages().items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
