"""The list of deliberate errors fits the code: each still changes exactly one place, into something that Python can read."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests import ROOT
from tests.mutants import areas, source_of

AREAS = areas()
MUTANTS = [(name, mutant) for name, area in AREAS.items() for mutant in area.mutants]


@pytest.mark.parametrize(("area", "mutant"), MUTANTS, ids=[f"{area}-{n}" for n, (area, _) in enumerate(MUTANTS)])
def test_each_error_changes_one_place_of_todays_code(area, mutant):
    changed = mutant.applied(source_of(mutant))
    if mutant.file.endswith(".py"):
        ast.parse(changed)


def test_no_error_is_listed_twice_and_every_test_named_exists():
    count = Counter((mutant.file, mutant.was, mutant.becomes) for _, mutant in MUTANTS)
    assert [error for error, times in count.items() if times > 1] == []
    tests = {test for area in AREAS.values() for test in area.tests} | {t for _, m in MUTANTS for t in m.tests}
    assert [test for test in tests if not (ROOT / test.split("::")[0]).exists()] == []
    assert all(Path(test).parts[0] == "tests" for test in tests)
