"""Trials that are finished, in a file beside a comparison: a stopped run, or one with more seeds, repeats none of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from recoup.agents.library import load_policy
from recoup.experiments.runs.runfolder import fingerprint, versions
from recoup.sim.inputs import InputError

if TYPE_CHECKING:
    from recoup.experiments.comparison.settings import Comparison
    from recoup.experiments.robustness.world_variants import Trial

TRIALS = "trials.jsonl"
Taken = dict[str, float]


class KeptTrials:
    """A line a trial: a fingerprint of all that decides its outcome, and the outcome.

    Args:
        path: None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Taken] = {}
        if path is not None and path.exists():
            text = path.read_text(encoding="utf-8", errors="replace")
            self._known = _whole_lines(text)
            if text and not text.endswith("\n"):
                self._append("\n")

    def get(self, trial: Trial) -> Taken | None:
        """The outcome, if the trial was run before."""
        return self._known.get(key(trial)) if self._known else None

    def put(self, trial: Trial, taken: Taken) -> None:
        """Note an outcome.

        Raises:
            InputError: it cannot be written.
        """
        if self._path is not None:
            self._append(json.dumps({"trial": key(trial), "taken": taken}) + "\n")

    def _append(self, text: str) -> None:
        assert self._path is not None
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(self._path, "", error.strerror or str(error), "a file that can be written to") from None


def key(trial: Trial) -> str:
    """What decides the outcome: world, rules, accounts, policy, change, seed, and the version that ran it."""
    return fingerprint(
        _book(trial.comparison), _policy(trial.comparison, trial.policy), asdict(trial.variant), trial.seed
    )


@lru_cache(maxsize=8)
def _book(comparison: Comparison) -> str:
    scenario = comparison.load()
    portfolio = scenario.portfolio(comparison.accounts, seed=0)
    return fingerprint(
        scenario.world, scenario.rules, portfolio.table, len(portfolio), comparison.days or scenario.days, versions()
    )


@lru_cache(maxsize=32)
def _policy(comparison: Comparison, given: str) -> str:
    scenario = comparison.load()
    return fingerprint(load_policy(given, scenario.name, scenario.world).identity)


def _whole_lines(text: str) -> dict[str, Taken]:
    """Outcomes by key; a line that was cut off is a trial to run again."""
    found = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            found[entry["trial"]] = entry["taken"]
        except (ValueError, KeyError, TypeError):
            continue
    return found
