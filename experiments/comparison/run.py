"""A finished run as the report sees it: results, parts, and what other commands have added to the folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.comparison.files import FAIRNESS_FILE, PART_FILE, WELFARE_FILE
from recoup.experiments.comparison.lists import read_lists
from recoup.experiments.comparison.results import RESULTS_FILE
from recoup.experiments.comparison.verdicts import BASE, Case, Judgement, in_force, judge, recommended
from recoup.experiments.comparison.welfare import check, gaps
from recoup.experiments.runs.champion import VALUE, challengers, champion, ranked
from recoup.experiments.runs.file_kinds import JsonKind
from recoup.sim.inputs import InputError, choose
from recoup.sim.treatments import Vocabulary

__all__ = ["BASE", "Run", "best_of", "part_path", "read_part", "reference_of", "verdict"]


class Run:
    """Reads a run folder.

    Args:
        folder: of the run.
        champion: the plan in force, in place of the one that the run was asked with; None = that one.
        change_cost: of a change of plan, in the scenario's currency, in place of the one that the run was asked with; None = that one.

    Attributes:
        results: the content of results.json.
        lists: of its scenario: its own channels, tiers and the like.
        tiers: of risk, the lowest first.
        names: the plans, in the order in which they were given.
        reference: the champion: the plan in force, which others would replace, see `in_force`; None if it is alone.
        best: the challenger: what the report is about, see `recommended`.

    Raises:
        InputError: the folder holds no finished run, or the champion is none of its plans.
    """

    def __init__(self, folder: Path, champion: str | None = None, change_cost: float | None = None) -> None:
        self.folder = folder
        self.results: dict[str, Any] = RESULTS_FILE.read(folder)
        self.lists = read_lists(folder)
        self.tiers: list[str] = list(self.results["tier_accounts"])
        self.names: list[str] = list(self.results["policies"])
        if champion is not None and champion not in self.names:
            raise InputError(folder, "champion", champion, choose(self.names, champion))
        asked = {"champion": champion, "change_cost": change_cost}
        self.results["settings"] |= {name: value for name, value in asked.items() if value is not None}
        self.reference = in_force(self.results)

    @cached_property
    def best(self) -> str:
        return recommended(self.results, self.judged) if self.judged else self.names[0]

    @cached_property
    def cases(self) -> dict[str, Case]:
        """What is judged of every plan but the one in force, without the worlds."""
        champion = self.reference
        if champion is None:
            return {}
        base = self.value(champion, VALUE)["mean"]
        theirs = self._welfare(champion)
        return {
            name: Case(
                self.difference(name, champion, VALUE),
                base,
                gaps(ours := self._welfare(name), theirs),
                int(sum(ours["hardship_suits"])),
                sum(self.results["breaches"][name].values()),
            )
            for name in self.names
            if name != champion
        }

    @cached_property
    def judged(self) -> dict[str, Judgement]:
        """The verdict on every plan but the one in force, as far as it goes without the worlds."""
        return {name: judge(case) for name, case in self.cases.items()}

    def burden_check(self, name: str) -> dict[str, Any]:
        """The non-inferiority check of a plan's burdens against those of the plan in force, as welfare.json has it against its own reference.

        Args:
            name: of the plan.
        """
        assert self.reference is not None
        gain = self.difference(name, self.reference, "net_recovery_rate")
        return check(name, self.reference, self._welfare(name), self._welfare(self.reference), gain)

    def _welfare(self, name: str) -> Mapping[str, Sequence[float]]:
        parts = [part["welfare"] for part in self.parts(name)]
        return {m: [math.nan if part[m] is None else part[m] for part in parts] for m in parts[0]}

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
        days, words = self.results["days"], self.lists.vocabulary
        return [read_part(self.folder, name, seed, days, words) for seed in self.results["seeds"]]

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


def read_part(folder: Path, name: str, seed: int, days: int, words: Vocabulary) -> dict[str, Any]:
    """What a policy left behind on one seed.

    Args:
        folder: of the run.
        name: of the policy.
        seed: of the part.
        days: the horizon of the run.
        words: of the run's scenario, which may have treatments of its own.

    Raises:
        InputError: missing, damaged, of another horizon, or with decisions that the run's scenario does not have.
    """
    path = part_path(folder, name, seed)
    part = PART_FILE.read_file(path)
    if len(part["liquidation"]) != days:
        raise InputError(path, "liquidation", f"{len(part['liquidation'])} days", f"{days}, as the run has")
    for band, tiers in part["decisions"].items():
        for tier, counts in tiers.items():
            for treatment in counts:
                if treatment not in words.treatment:
                    place, known = f"decisions.{band}.{tier}.{treatment}", words.treatment
                    raise InputError(path, place, treatment, f"{choose(known, treatment)}: a treatment of the run")
    return part


def reference_of(results: dict[str, Any]) -> str | None:
    """What the answers compare with: the best plan where learned policies challenge it; else the plan in force."""
    return champion(results) if challengers(results) else in_force(results)


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
