# SPDX-License-Identifier: BSD-3-Clause
"""Every case runs with one worker and with two; the end of a run says what was proven."""
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

import pytest

from harness import WEFT, WEFTCTL, Switch


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also cases that wait for ageing")
    parser.addoption("--all", action="store_true",
                     help="also cases of security groups with one worker: they are many, and hold with two")
    parser.addoption("--two-workers", action="store_true", help="each case with two workers only")


def pytest_configure(config):
    config.addinivalue_line("markers", "proves(*ids): rows of the list of behaviours proven here")
    config.addinivalue_line("markers", "slow: waits for real seconds; run with --slow")
    config.proofs = {}


def pytest_collection_finish(session):
    missing = [file for file in (WEFT, WEFTCTL) if not os.access(file, os.X_OK)]
    if missing and not session.config.option.collectonly:
        pytest.exit(f"{missing[0]} is not there: build first, or set WEFT and WEFTCTL", 2)


def has_one_worker(item):
    return hasattr(item, "callspec") and "one worker" in item.callspec.id


def pytest_collection_modifyitems(config, items):
    left_out = [item for item in items if has_one_worker(item) and (
        config.getoption("--two-workers") or
        item.path.name.startswith("test_security_") and not config.getoption("--all"))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


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
