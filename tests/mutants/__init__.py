"""Deliberate errors: each changes one place of the code in a way that would hurt a user, and the tests must notice.

One YAML file an area: which tests have to notice, and the errors.

    tests: [tests/worked, tests/sim/test_formulas.py]
    mutants:
      - file: sim/debtor.py
        was: INSTALMENT_EVERY_DAYS = 30
        becomes: INSTALMENT_EVERY_DAYS = 28
        error: instalments every 28 days

`was` occurs exactly once in its file. A mutant that no test can notice, because nothing a user sees changes, says why in `survives`.
`make mutants` runs them all (`tests/mutants/__main__.py`); `tests/repository/test_mutants.py` keeps the list fitting the code.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from tests import ROOT

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C, where PyYAML has it, is ten times as quick
FOLDER = Path(__file__).resolve().parent


class Mutant(BaseModel):
    """One deliberate error.

    Attributes:
        file: path in the repository.
        was, becomes: the text changed, which occurs exactly once, and what takes its place.
        error: what a user would get.
        survives: why no test can notice; empty for a mutant that must be noticed.
        tests: tests that have to notice, in place of the area's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    was: str = Field(min_length=1)
    becomes: str
    error: str
    survives: str = ""
    tests: list[str] = []

    def applied(self, text: str) -> str:
        """The file's text with the error in it.

        Raises:
            ValueError: the text that it changes does not occur exactly once, or stays the same.
        """
        if (count := text.count(self.was)) != 1:
            raise ValueError(f"{self.file}: {self.was!r} occurs {count} times, expected once ({self.error})")
        if self.was == self.becomes:
            raise ValueError(f"{self.file}: {self.was!r} is left as it is ({self.error})")
        return text.replace(self.was, self.becomes)


class Area(BaseModel):
    """The mutants of one part of the code, and the tests that have to notice them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tests: list[str]
    mutants: list[Mutant]


def areas() -> dict[str, Area]:
    """All areas by name."""
    files = sorted(FOLDER.glob("*.yaml"))
    return {file.stem: Area.model_validate(yaml.load(file.read_text(encoding="utf-8"), _LOADER)) for file in files}


def source_of(mutant: Mutant) -> str:
    """The text of the file that a mutant changes."""
    return (ROOT / mutant.file).read_text(encoding="utf-8")
