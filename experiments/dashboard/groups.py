"""Some of the accounts of a run: those that a reader's filters leave, what they came to, and whether they are enough to be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.files import ACCOUNTS_TABLE, DAILY_TABLE, PAYMENTS_TABLE
from recoup.experiments.comparison.intervals import Interval, difference, interval
from recoup.experiments.comparison.measures import REGISTRY
from recoup.experiments.comparison.protected_groups import AGE_BANDS, LEAST_ACCOUNTS
from recoup.experiments.comparison.rollout import Rollout
from recoup.experiments.comparison.run import Run, part_path
from recoup.experiments.dashboard.shelf import table, table_at
from recoup.sim.account import MONTH
from recoup.sim.treatments import STANDARD, Vocabulary

SMALLEST = LEAST_ACCOUNTS  # accounts a seed; figures of fewer say too much of each


@dataclass(frozen=True)
class Filters:
    """What is asked of an account: risk tier, product, days past due and age on entry; empty = any. `month` of the horizon, 0 = all."""

    tier: str = ""
    product: str = ""
    stage: str = ""
    age: str = ""
    month: int = 0

    @property
    def of_accounts(self) -> bool:
        """Whether they leave some accounts out."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "month")

    def window(self, days: int) -> tuple[int, int]:
        """First day and the day after the last one, from 0."""
        return (0, days) if not self.month else (MONTH * (self.month - 1), min(MONTH * self.month, days))


def stage_of(dpd: pd.Series, words: Vocabulary = STANDARD) -> NDArray[np.str_]:
    """The band of days past due that each account is in.

    Args:
        dpd: of each account.
        words: of the run's scenario, which says the bands.
    """
    return np.array(words.bands)[np.searchsorted(words.dpd_bands, dpd.clip(lower=0), side="right") - 1]


def choices(run: Run) -> dict[str, list[str]]:
    """What can be chosen in each filter of accounts; ages only of a run with personal data."""
    accounts, words = table(ACCOUNTS_TABLE, run.folder), run.lists.vocabulary
    found = {
        "tier": [tier for tier in run.tiers if (accounts["entry_tier"] == tier).any()],
        "product": sorted(map(str, accounts["product"].cat.categories)),
        "stage": [stage for stage in words.bands if stage in set(stage_of(accounts["dpd"], words))],
        "age": [],
    }
    if "age" in accounts:
        known = accounts["age"]
        found["age"] = [name for name, (low, high) in AGE_BANDS.items() if ((known >= low) & (known < high)).any()]
    return found


class Group:
    """The accounts of a run that filters leave.

    Args:
        run: a finished comparison.
        filters: what is asked of its accounts.

    Raises:
        InputError: the run's tables are missing or damaged.
    """

    def __init__(self, run: Run, filters: Filters) -> None:
        self.run, self.filters = run, filters
        self.days: int = run.results["days"]
        self._rollouts: dict[str, list[Rollout]] = {}

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """Their rows, under all policies and seeds."""
        found = table(ACCOUNTS_TABLE, self.run.folder)
        keep = np.ones(len(found), bool)
        for column, asked in (("entry_tier", self.filters.tier), ("product", self.filters.product)):
            if asked:
                keep &= (found[column] == asked).to_numpy()
        if self.filters.stage:
            keep &= stage_of(found["dpd"], self.run.lists.vocabulary) == self.filters.stage
        if self.filters.age and "age" in found:
            low, high = AGE_BANDS.get(self.filters.age, (0, 0))
            keep &= ((found["age"] >= low) & (found["age"] < high)).to_numpy()
        return found[keep]

    @cached_property
    def _by_run(self) -> dict[tuple[str, int], pd.DataFrame]:
        found: Any = self.accounts.groupby(["policy", "seed"], observed=True)
        return dict(iter(found))

    @cached_property
    def size(self) -> float:
        """Accounts a seed, the least of any."""
        return min(
            (len(self._of(name, seed)) for name in self.run.names for seed in self.run.results["seeds"]), default=0
        )

    @property
    def is_small(self) -> bool:
        """Whether too few accounts are left for anything to be said of them."""
        return self.filters.of_accounts and self.size < SMALLEST

    def _of(self, name: str, seed: int) -> pd.DataFrame:
        return self._by_run.get((name, seed), self.accounts.iloc[:0])

    def rollouts(self, name: str) -> list[Rollout]:
        """What each seed left behind, of these accounts alone."""
        if name not in self._rollouts:
            daily = table(DAILY_TABLE, self.run.folder)
            by_seed: Any = daily[daily["policy"] == name].groupby("seed")
            days = dict(iter(by_seed))
            seeds = self.run.results["seeds"]
            buckets = self.run.lists.vocabulary.buckets
            self._rollouts[name] = [
                Rollout(self._of(name, seed), days[seed], {}, {}, self.days, buckets=buckets) for seed in seeds
            ]
        return self._rollouts[name]

    def curves(self, name: str, of: Callable[[Rollout], NDArray[np.float64]]) -> NDArray[np.float64]:
        """A curve by day on each seed: shape (seeds, days)."""
        return np.array([of(rollout) for rollout in self.rollouts(name)])

    def unresolved(self, name: str) -> NDArray[np.float64]:
        """Share of accounts not resolved by the end of each day: shape (seeds, days)."""
        return self.curves(name, measures.unresolved_curve)

    def liquidation(self, name: str) -> NDArray[np.float64] | None:
        """Cumulative cash over the opening balance by the end of each day, shape (seeds, days); None where no payments were kept."""
        if not self.filters.of_accounts:
            return self.run.curves("liquidation")[name]
        curves = []
        for seed in self.run.results["seeds"]:
            path = part_path(self.run.folder, name, seed).with_suffix(f".{PAYMENTS_TABLE.name}")
            if not path.exists():
                return None
            paid, of = table_at(PAYMENTS_TABLE, path), self._of(name, seed)
            mine = paid[paid["account_id"].isin(set(of["account_id"]))]
            cash = np.bincount(mine["day"], weights=mine["cash"], minlength=self.days)[: self.days]
            curves.append(cash.cumsum() / of["opening"].sum())
        return np.array(curves)

    def _values(self, name: str, measure: str) -> list[float]:
        return [float(REGISTRY[measure].of(rollout, rollout.accounts)) for rollout in self.rollouts(name)]

    def value(self, name: str, measure: str) -> Interval:
        """A measure of these accounts under a policy."""
        return interval(self._values(name, measure))

    def difference(self, name: str, against: str, measure: str) -> dict[str, object]:
        """The paired difference of two policies on these accounts."""
        return difference(self._values(name, measure), self._values(against, measure))

    def roll_rates(self, name: str) -> dict[str, Interval]:
        """Roll rates of these accounts; of buckets that end in the month that was chosen."""
        first, last = self.filters.window(self.days)
        found: dict[str, list[float]] = {}
        for rollout in self.rollouts(name):
            rates = {} if self.filters.month else measures.roll_rates(rollout)
            for bucket in rollout.buckets:
                if self.filters.month:
                    a = rollout.accounts
                    ends = bucket.last - a["dpd"]  # the bucket's last day in the run
                    here = replace(rollout, accounts=a[(ends >= first) & (ends < last)])
                    rates[bucket.roll] = measures.roll_rates(here)[bucket.roll]
                found.setdefault(bucket.roll, []).append(float(rates[bucket.roll]))
        return {roll: interval(values) for roll, values in found.items()}
