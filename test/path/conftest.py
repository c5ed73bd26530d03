# SPDX-License-Identifier: BSD-3-Clause
"""Every case runs with one worker and with two, or as --workers says; the end of a run says what was proven."""
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import pytest

from harness import WEFT, WEFTCTL, Switch
from plugins import leave_only_a_few


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also cases that wait for ageing")
    parser.addoption("--workers", choices=("one", "two", "both"), default="both",
                     help="how many workers the switch has in each case")
    parser.addoption("--one-in", type=int, default=1, help="every so many tests only, with all their cases; 1: all")
    parser.addoption("--most", type=int, default=0, help="so many cases of each test at most, spread over all; 0: all")


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(*ids): rows of the list of behaviours proven here")
    config.addinivalue_line("markers", "slow: waits for real seconds; run with --slow")
    config.proofs = {}
    leave_only_a_few()


def pytest_collection_finish(session):
    missing = [file for file in (WEFT, WEFTCTL) if not os.access(file, os.X_OK)]
    if missing and not session.config.option.collectonly:
        pytest.exit(f"{missing[0]} is not there: build first, or set WEFT and WEFTCTL", 2)


def pytest_collection_modifyitems(config, items):
    other = {"one": "two workers", "two": "one worker", "both": None}[config.getoption("--workers")]
    left_out = [item for item in items if other and hasattr(item, "callspec") and other in item.callspec.id]
    items[:] = [item for item in items if item not in set(left_out)]
    if config.getoption("--most"):
        some = set(spread(items, config.getoption("--most")))
        left_out += [item for item in items if item not in some]
        items[:] = [item for item in items if item in some]
    some = set(every(items, config.getoption("--one-in")))
    left_out += [item for item in items if item not in some]
    items[:] = [item for item in items if item in some]
    config.hook.pytest_deselected(items=left_out)
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


def every(items, step):
    """Of the tests, in the order of their files, each step-th."""
    tests = {}
    for item in items:
        tests.setdefault((item.path, item.originalname), []).append(item)
    for cases in list(tests.values())[::step]:
        yield from cases


def spread(items, most):
    """Of each test so many cases: the first, the last, and some in between. If it is one, then the first and the last
    take turns."""
    tests = {}
    for item in items:
        tests.setdefault((item.path, item.originalname), []).append(item)
    for number, cases in enumerate(tests.values()):
        places = range(most) if most > 1 else [number % 2]
        yield from {cases[place * (len(cases) - 1) // max(most - 1, 1)] for place in places}


@pytest.fixture(params=[[1], [0, 1]], ids=["one worker", "two workers"])
def switch(request, tmp_path):
    """A switch that is not started yet; whatever happens, its daemon ends with the test."""
    switch = Switch(tmp_path, request.param)
    try:
        yield switch
        if request.node.passed and switch.is_alive():
            switch.stops()
    finally:
        switch.forgets()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    item.passed = report.passed
    if report.when == "call" or report.failed:
        for marker in item.iter_markers("proves"):
            for identity in marker.args:
                tests = item.config.proofs.setdefault(identity, {})
                tests[item.originalname] = tests.get(item.originalname, True) and report.passed


def pytest_terminal_summary(terminalreporter, config):
    if config.proofs:
        terminalreporter.section("what was proven")
    for identity, tests in sorted(config.proofs.items()):
        for test, passed in tests.items():
            verdict = "" if passed else "  FAILED"
            terminalreporter.write_line(f"{identity}  {test.removeprefix('test_')}{verdict}")
