"""Measures of the days of one month, as far as a run's files tell by day what they add up. Over the months, rates on the opening balance and figures per account add up to those of the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from recoup.experiments.comparison.measures import REGISTRY
from recoup.experiments.comparison.rollout import Rollout
from recoup.experiments.dashboard.groups import Group

MEASURES = (
    "recovery_rate",
    "net_recovery_rate",
    "cost_to_collect",
    "contacts_per_debtor",
    "complaints_per_1000",
    "kept_promise_rate",
    "occupancy",
)
_SUMS = ["cash", "cost", "attempts", "complaints", "kept", "broken"]  # of an account, and by day of all of them


def measures_of(group: Group) -> tuple[str, ...]:
    """The measures that are known by month: of some of the accounts, the money that came in."""
    return ("recovery_rate",) if group.filters.of_accounts else MEASURES


def values(group: Group, name: str, measure: str) -> list[float] | None:
    """A measure of the month that a group's filters name, on each seed; None where no payments of these accounts were kept.

    Args:
        group: whose accounts and days count.
        name: of the policy.
        measure: one of `measures_of`.

    Raises:
        InputError: the run's tables are missing or damaged.
    """
    if group.filters.of_accounts:
        first, last = group.filters.window(group.days)
        paid = group.liquidation(name)
        return None if paid is None else list(paid[:, last - 1] - (paid[:, first - 1] if first else 0.0))
    return [REGISTRY[measure].of(month, month.accounts) for month in _months(group, name)]


def _months(group: Group, name: str) -> Iterator[Rollout]:
    """Each seed's run with nothing but what happened in the month."""
    first, last = group.filters.window(group.days)
    for run in group.rollouts(name):
        days = run.daily[(run.daily["day"] >= first) & (run.daily["day"] < last)]
        accounts = run.accounts[["opening"]].assign(**dict.fromkeys(_SUMS, 0))
        # Whose they are is not known, and measures add them up.
        accounts.loc[accounts.index[0], _SUMS] = days[_SUMS].sum()
        yield replace(run, accounts=accounts, daily=days)
