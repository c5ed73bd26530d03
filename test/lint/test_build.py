# SPDX-License-Identifier: BSD-3-Clause
"""The build knows every source: none is compiled by nobody, no test is run by nobody."""
import re
from pathlib import Path

from tree import ROOT, sources, text


def nearest_build(path):
    for folder in path.parents:
        if (ROOT / folder / "meson.build").exists():
            return folder / "meson.build"
    raise AssertionError(f"{path}: no meson.build above it")


def test_every_source_is_built():
    wrong = []
    for path in sources(".c", under=("lib/", "drivers/", "app/")):
        build = nearest_build(path)
        if not re.search(rf"'{path.name}'", text(build)):
            wrong.append(f"{path} is not in {build}")
    assert not wrong, "\n".join(wrong)


def test_every_unit_test_is_run():
    listed = text(Path("test/unit/meson.build"))
    missing = [str(path) for path in sources(".c", under=("test/unit/",))
               if path.stem.endswith("_test") and f"'{path.stem.removesuffix('_test')}'" not in listed]
    assert not missing, f"not in test/unit/meson.build: {missing}"


def test_every_suite_is_run():
    """devtools/test.sh runs each folder of test/ that has tests."""
    script = text(Path("devtools/test.sh"))
    suites = {path.parts[1] for path in sources(".py", ".c", under=("test/",))
              if path.name.startswith("test_") or path.stem.endswith("_test")}
    assert not [suite for suite in suites if not re.search(rf"^\t{suite}\)", script, re.M)]


def test_every_folder_of_pytest_has_its_settings():
    for folder in {path.parent for path in sources(".py", under=("test/",))
                   if path.name.startswith("test_")}:
        assert "no:cacheprovider" in text(folder / "pytest.ini"), folder
