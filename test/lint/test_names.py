# SPDX-License-Identifier: BSD-3-Clause
"""One name, one thing: a name found in a backtrace or a search leads to one place."""
import re

from tree import sources, text

CODE = ("lib/", "drivers/", "app/")
STATIC = re.compile(r"^static (?!const struct|struct \w+ \{)[^;={]*?\n(\w+)\(", re.M)

# The boot table's functions are named by what they start, the client's by what they are for.
OWN_WORDS = {"app/weft/main.c": ("main_", "boot_", "end_"), "app/weftctl/main.c": ("client_",)}


def statics(path):
    """Static functions that a C file defines; inline ones of headers are public."""
    return STATIC.findall(text(path))


def test_static_functions_are_found():
    assert sum(len(statics(path)) for path in sources(".c", under=CODE)) > 400


def test_static_functions_have_one_name_each():
    places = {}
    for path in sources(".c", under=CODE):
        for name in statics(path):
            places.setdefault(name, []).append(str(path))
    twice = [f"{name}: {', '.join(where)}" for name, where in sorted(places.items())
             if len(where) > 1]
    assert not twice, "\n" + "\n".join(twice)


def test_static_functions_begin_with_their_file():
    wrong = []
    for path in sources(".c", under=CODE):
        words = path.stem.split("_")
        prefixes = OWN_WORDS.get(str(path), (f"{path.stem}_", f"{words[0]}_", f"{words[-1]}_"))
        wrong += [f"{path}: {name}() should begin with {prefixes[0]}" for name in statics(path)
                  if not name.startswith(prefixes)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_types_have_no_t():
    """`_t` belongs to the language and to POSIX."""
    wrong = [f"{path}: {name}" for path in sources(".c", ".h", under=CODE)
             for name in re.findall(r"^(?:typedef .*|\})\s*(\w+_t);", text(path), re.M)]
    assert not wrong, "\n" + "\n".join(wrong)
