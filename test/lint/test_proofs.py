# SPDX-License-Identifier: BSD-3-Clause
"""Each behaviour of the list has a test that names it, and no test names one that is not there."""
from behaviours import BEHAVIOURS
from tree import proofs


def test_each_behaviour_is_proven():
    missing = [f"{identity}: {says}" for identity, says in BEHAVIOURS.items()
               if identity not in proofs()]
    assert not missing, "\n" + "\n".join(missing)


def test_no_test_names_an_unknown_behaviour():
    unknown = {identity: tests for identity, tests in proofs().items()
               if identity not in BEHAVIOURS}
    assert not unknown
