"""A finished run as the report sees it: results, parts, and what other commands have added to the folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.comparison.files import FAIRNESS_FILE, PART_FILE, WELFARE_FILE
from recoup.experiments.comparison.lists import read_lists
from recoup.experiments.comparison.results import RESULTS_FILE
from recoup.experiments.runs.champion import challengers, champion, ranked
from recoup.experiments.runs.file_kinds import JsonKind
from recoup.sim.inputs import InputError

BASE = "status-quo"
_REFERENCES = ("staged", BASE)


class Run:
    """Reads a run folder.

    Attributes:
        results: the content of results.json.
        lists: of its scenario: its own channels, tiers and the like.
        tiers: of risk, the lowest first.
        names: the plans, in the order in which they were given.
        reference: what others are compared with, see `reference_of`; None if it is alone.
        best: what the report is about, see `best_of`.

    Raises:
        InputError: the folder holds no finished run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results: dict[str, Any] = RESULTS_FILE.read(folder)
        self.lists = read_lists(folder)
        self.tiers: list[str] = list(self.results["tier_accounts"])
        self.names: list[str] = list(self.results["policies"])
        self.reference = reference_of(self.results)
        self.best = best_of(self.results)

    def extra(self, kind: JsonKind) -> dict[str, Any] | None:
        """The content of a file that another command may have left in the folder; None without it.

        Args:
            kind: of the file.

        Raises:
            InputError: damaged, of another kind, or of other policies.
        """
        found = kind.read_if_there(self.folder)
        if found and kind in (WELFARE_FILE, FAIRNESS_FILE) and set(found["policies"]) != set(self.names):
            raise InputError(
                self.folder / kind.name,
                "policies",
                ", ".join(found["policies"]),
                f"those of the run: {', '.join(self.names)}",
            )
        return found

    @cache  # noqa: B019 - lives as long as the report is written
    def parts(self, name: str) -> list[dict[str, Any]]:
        """What each seed left behind for a plan.

        Raises:
            InputError: a part is missing or damaged, or of another horizon.
        """
        return [read_part(self.folder, name, seed, self.results["days"]) for seed in self.results["seeds"]]

    def curves(self, what: str) -> dict[str, NDArray[np.float64]]:
        """`liquidation` or `unresolved` by plan: shape (seeds, days)."""
        return {name: np.array([part[what] for part in self.parts(name)]) for name in self.names}

    def value(self, name: str, measure: str) -> dict[str, Any]:
        """A measure of a plan with its interval.

        Args:
            name: of the plan.
            measure: its name.

        Returns:
            mean, low, high in the measure's unit; shares from 0 to 1; low and high None with one seed.

        Raises:
            KeyError: no such plan or measure.
        """
        return self.results["policies"][name][measure]

    def difference(self, name: str, against: str, measure: str) -> dict[str, Any]:
        """The paired difference of two plans with its interval.

        Args:
            name, against: of the plans: the first less the second.
            measure: its name.

        Returns:
            mean, low, high in the measure's unit, and `relative`, the same three as shares of the second plan's value.

        Raises:
            KeyError: no such plan or measure, or a plan against itself.
        """
        return self.results["differences"][name][against][measure]

    def policy_refs(self, names: Sequence[str]) -> tuple[str, ...]:
        """How the user named some of the plans.

        Args:
            names: that the run gave them.
        """
        return tuple(self.results["settings"]["policies"][self.names.index(name)] for name in names)

    @cached_property
    def ordered(self) -> list[str]:
        """The best plan and the reference first, then the others."""
        first = [name for name in (self.best, self.reference) if name]
        return [*first, *(name for name in self.names if name not in first)]


def part_path(folder: Path, name: str, seed: int) -> Path:
    """The JSON file of a part.

    Args:
        folder: of the run.
        name: of the policy.
        seed: of the part.
    """
    return folder / "parts" / name / f"{seed}.json"


def read_part(folder: Path, name: str, seed: int, days: int) -> dict[str, Any]:
    """What a policy left behind on one seed.

    Args:
        folder: of the run.
        name: of the policy.
        seed: of the part.
        days: the horizon of the run.

    Raises:
        InputError: missing, damaged, or of another horizon.
    """
    path = part_path(folder, name, seed)
    part = PART_FILE.read_file(path)
    if len(part["liquidation"]) != days:
        raise InputError(path, "liquidation", f"{len(part['liquidation'])} days", f"{days}, as the run has")
    return part


def reference_of(results: dict[str, Any]) -> str | None:
    """What others are compared with: the champion where learned policies challenge it; else staged, status-quo or the first."""
    if challengers(results):
        return champion(results)
    names = list(results["policies"])
    return next((name for name in _REFERENCES if name in names), names[0]) if len(names) > 1 else None


def best_of(results: dict[str, Any]) -> str:
    """The best challenger; without one the policy with the highest value, the reference left out if there is another."""
    against = reference_of(results)
    others = challengers(results) or [name for name in ranked(results) if name != against]
    return others[0]


def verdict(difference: dict[str, Any], better: int) -> str:
    """good or bad when the interval is clear of zero and one way is better, else open.

    Args:
        difference: mean, low, high; low is None with one seed.
        better: 1 more is better, −1 less, 0 neither.
    """
    if not better or difference["low"] is None or difference["low"] <= 0 <= difference["high"]:
        return "open"
    return "good" if (difference["mean"] > 0) == (better > 0) else "bad"
