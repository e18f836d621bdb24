"""The list of deliberate errors fits the code: each still changes exactly one place, into something that Python can read."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests import ROOT
from tests.mutants import Mutant, areas, source_of

AREAS = areas()


def _fault(mutant: Mutant, text: str) -> str | None:
    """What is wrong with an error's place in today's code; None where nothing is."""
    try:
        changed = mutant.applied(text)
        if mutant.file.endswith(".py"):
            ast.parse(changed)
    except (ValueError, SyntaxError) as error:
        return f"{mutant.file}: {error}"
    return None


@pytest.mark.parametrize("area", AREAS)
def test_each_error_changes_one_place_of_todays_code(area):
    """An area at a time: there are above a thousand errors, and a test of its own costs each more than the look at it."""
    assert [fault for m in AREAS[area].mutants if (fault := _fault(m, source_of(m)))] == []


def test_an_error_that_no_longer_fits_is_found():
    made_up = Mutant(file="a.py", was="x = 1", becomes="x = (", error="made up")
    assert "invalid syntax" in str(_fault(made_up, "x = 1\n")) or "never closed" in str(_fault(made_up, "x = 1\n"))
    assert "occurs 2 times" in str(_fault(made_up, "x = 1\nx = 1\n")) and "0 times" in str(_fault(made_up, "y = 1\n"))
    assert _fault(made_up.model_copy(update={"becomes": "x = 2"}), "x = 1\n") is None


def test_no_error_is_listed_twice_and_every_test_named_exists():
    mutants = [mutant for area in AREAS.values() for mutant in area.mutants]
    count = Counter((mutant.file, mutant.was, mutant.becomes) for mutant in mutants)
    assert [error for error, times in count.items() if times > 1] == []
    tests = {test for area in AREAS.values() for test in area.tests} | {t for m in mutants for t in m.tests}
    assert [test for test in tests if not (ROOT / test.split("::")[0]).exists()] == []
    assert all(Path(test).parts[0] == "tests" for test in tests)
