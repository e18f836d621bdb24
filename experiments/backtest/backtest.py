"""`recoup backtest`: recorded months beside the same months simulated, from the same first day.

The simulation starts from the portfolio as it was, and follows the plan that was in force, or what the contact log says was done
(`replay`). If the world and the plan are right, the records are one more draw of it: see `bands`. What was drawn for the simulation and is not
in the records (hidden traits, what the portfolio's file does not say) is drawn anew on each seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.explorer import Explorer
from recoup.agents.library import load_policy
from recoup.experiments.backtest.bands import Bands, Together, bands, together
from recoup.experiments.backtest.hidden_traits import take_traits
from recoup.experiments.backtest.midlife_world import staffed_for, without_courses
from recoup.experiments.backtest.replay import LoggedTreatments, Replay, as_it_was_done, logged_treatments
from recoup.experiments.backtest.silent_reads import Told, draw_reads, shares_read, told
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.records.recorded_measures import (
    FAMILIES,
    Key,
    Measured,
    RecordedMonths,
    channels_of,
    closing_days,
    measure,
    within,
)
from recoup.experiments.records.simulated_records import follow
from recoup.experiments.records.state_from_logs import state_at
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.runfolder import fingerprint
from recoup.experiments.runs.workers import Workers, run_each
from recoup.scenarios.schema import Scenario
from recoup.sim.account import MONTH
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.remarks import Remark, contents
from recoup.sim.simulation import Simulation

RESAMPLES = 1000
TOLERANCE = 0.2  # of the recorded value: a difference that matters
LEVEL = 0.05
LEAST_SEEDS = 19  # with fewer, no record could be told from the simulations at 95 %
_VALUES = holding(list[list[float | None]])


class Verdict(StrEnum):
    """What the records and a band say of a measure."""

    INSIDE = "inside"  # and the band is narrow enough to notice a difference that matters
    WIDE = "wide"  # inside a band that is wider than that
    OUTSIDE = "outside"
    UNKNOWN = "unknown"  # the records or the simulations have nothing to measure


@dataclass(frozen=True)
class Months:
    """What is simulated, and beside which records.

    Attributes:
        scenario: the world; it begins on `first`.
        portfolio: accounts as they were that morning.
        contacts, payments: the logs (registries `CONTACTS` and `PAYMENTS`).
        first, days: the days in question.
        unknown: what of the accounts' state no log tells.
        before: the months from the logs' first day to `first`, where that is later: what has made the accounts what they are.
    """

    scenario: Scenario
    portfolio: Portfolio
    contacts: pd.DataFrame
    payments: pd.DataFrame
    first: date
    days: int
    unknown: tuple[Remark, ...] = ()
    before: Months | None = None

    def records(self, contacts: pd.DataFrame, payments: pd.DataFrame, channels: tuple[str, ...]) -> RecordedMonths:
        """These days of any logs about these accounts."""
        world, accounts = self.scenario.world, self.portfolio.table[["account_id", "opening_balance", "dpd"]]
        if "balance" in self.portfolio.table:  # in mid-life: what is owed that morning
            owed = self.portfolio.table["balance"]
            accounts = accounts.assign(opening_balance=owed.where(owed.notna(), accounts["opening_balance"]))
        return RecordedMonths(
            accounts, contacts, payments, self.first, self.days, world.windows, channels, world.vocabulary
        )

    def simulation(self, seed: int, gate: bool = True) -> Simulation:
        """The morning of the first day."""
        return Simulation(self.scenario.world, self.portfolio, self.scenario.rules, seed, gate=gate)


def months_of(scenario: Scenario, records: LenderRecords, at: date | None = None, until: date | None = None) -> Months:
    """The days in question, and the world with its calendar on them.

    Args:
        scenario: whose world it is.
        records: the lender's.
        at: first day to be simulated; None = the portfolio's. On a later one accounts are as the logs until then have left them (`state_at`).
        until: last day; None = that of the logs.

    Raises:
        InputError: as `LenderRecords.days`, or no account is open on the first day.
    """
    (first, last), begin = records.days(at, until), records.first_day
    book, contacts, payments = records.portfolio, records.contacts, records.payments
    portfolio, before, unknown = book, None, list[Remark]()
    if first > begin:
        portfolio, unknown = state_at(records, first)
        if not len(portfolio):
            raise InputError("--at", "", first.isoformat(), "a day on which some account is open")
        before = Months(_starting(scenario, begin), book, contacts, payments, begin, (first - begin).days)
    days = (last - first).days + 1
    if before:
        scenario = scenario.with_world(staffed_for(scenario.world, book))
    if portfolio.state:
        scenario = scenario.with_world(without_courses(scenario.world))
    return Months(_starting(scenario, first), portfolio, contacts, payments, first, days, tuple(unknown), before)


def _starting(scenario: Scenario, first: date) -> Scenario:
    return scenario.with_world(scenario.world.model_copy(update={"start": first}))


@dataclass(frozen=True)
class _Decider:
    """Who decides in some months: a plan, or the log."""

    policy: str
    logged: LoggedTreatments | None
    kinds: NDArray[np.str_]

    def explorer(self, months: Months, seed: int) -> Explorer:
        scenario = months.scenario
        if self.logged is None:
            policy = load_policy(self.policy, scenario.name, scenario.world, months.portfolio.table)
            return Explorer(policy, 0.0, [], seed)
        return Explorer(Replay(self.logged, self.kinds, seed), 0.0, [], seed)


@dataclass(frozen=True)
class _Task:
    """What a seed needs: the months, who decides in them and in those before, what the log has told by then, which measures, of which accounts."""

    months: Months
    decider: _Decider
    before: _Decider | None
    told: Told | None
    channels: tuple[str, ...]
    groups: tuple[NDArray[np.bool_], ...]


def _one_seed(seed: int, task: _Task) -> list[list[float | None]]:
    """Measures of one simulation: those of all accounts, then of each group."""
    months, gate = task.months, task.decider.logged is None
    simulation = months.simulation(seed, gate)
    if months.before and task.before and task.told:
        _take_after(simulation, months.before, task.before, task.told, seed, gate)
    made = follow(simulation, task.decider.explorer(months, seed), months.days)
    found = measure(months.records(made.contacts, made.payments, task.channels))
    return [[None if np.isnan(value) else float(value) for value in values] for values in _values(found, task.groups)]


def _take_after(simulation: Simulation, before: Months, decider: _Decider, log: Told, seed: int, gate: bool) -> None:
    """Draw what no log tells of accounts in mid-life from accounts that look alike after the same months, simulated."""
    earlier = before.simulation(seed, gate)
    made = follow(earlier, decider.explorer(before, seed), before.days)
    if not (left := earlier.open_accounts).size:
        return
    taken = take_traits(simulation.accounts, simulation.day, earlier.accounts[left], earlier.day, seed)
    theirs = _told(before, made.contacts, before.first + timedelta(days=before.days))
    draw_reads(simulation.accounts, log, shares_read(earlier.accounts["reaches"], theirs, left[taken]), seed)


def _told(months: Months, contacts: pd.DataFrame, until: date) -> Told:
    names = months.portfolio.column("account_id")
    return told(contacts, names, pd.Timestamp(months.first), pd.Timestamp(until))


def _values(found: Measured, groups: tuple[NDArray[np.bool_], ...]) -> list[NDArray[np.float64]]:
    return [found.values(), *(found.values(rows) for rows in groups)]


def _grains(found: Measured, groups: tuple[NDArray[np.bool_], ...]) -> list[NDArray[np.float64]]:
    return [np.nan_to_num(found.grain(rows)) for rows in (None, *groups)]


@dataclass(frozen=True)
class Backtest:
    """Records and simulations, measure by measure.

    Attributes:
        months, policy, seeds, tolerance: what was asked.
        logged: what was replayed; None = the plan decided.
        keys: the measures.
        judged: which of them count for the verdict, bool (measures,).
        recorded: by group ("" = all accounts), (measures,).
        resampled: of all accounts, bootstrap over them, (resamples, measures).
        simulated: by group, (seeds, measures).
        accounts: by group, how many.
        grain: by group, what one event more changes of each measure, (measures,).
    """

    months: Months
    policy: str
    seeds: tuple[int, ...]
    tolerance: float
    logged: LoggedTreatments | None
    keys: tuple[Key, ...]
    judged: NDArray[np.bool_]
    recorded: dict[str, NDArray[np.float64]]
    resampled: NDArray[np.float64]
    simulated: dict[str, NDArray[np.float64]]
    accounts: dict[str, int]
    grain: dict[str, NDArray[np.float64]]

    def bands(self, group: str = "") -> Bands:
        """In which the records of a group lie 95 times in 100; within what the measure can be."""
        found = bands(self.simulated[group], self.grain[group])
        most = np.array([1.0 if FAMILIES[key.family].of_one else np.inf for key in self.keys])
        least = np.array([-np.inf if key.family in ("recovery", "cash") else 0.0 for key in self.keys])
        return Bands(found.mean, np.clip(found.low, least, most), np.clip(found.high, least, most))

    @property
    def together(self) -> Together:
        """All judged measures at once."""
        return self._together(self.judged)

    @property
    def treatments(self) -> Together:
        """All measures of what was done at once."""
        return self._together(self.judged & np.array([FAMILIES[key.family].treatment for key in self.keys]))

    def _together(self, which: NDArray[np.bool_]) -> Together:
        return together(self.recorded[""][which], self.simulated[""][:, which], self.grain[""][which])

    def rows(self, group: str = "") -> list[dict[str, Any]]:
        """Each measure: recorded with its bootstrap interval (of all accounts), simulated with its band, and the verdict."""
        band, recorded = self.bands(group), self.recorded[group]
        outside = {"low": 2.5, "high": 97.5}
        rows = []
        for number, key in enumerate(self.keys):
            draws = self.resampled[:, number][np.isfinite(self.resampled[:, number])] if not group else np.zeros(0)
            around = {end: float(np.percentile(draws, at)) if draws.size else None for end, at in outside.items()}
            value, mean, low, high = (float(side[number]) for side in (recorded, band.mean, band.low, band.high))
            width = (high - low) / 2 / abs(value) if value else float("nan")
            rows.append(
                {
                    "measure": key.name,
                    "family": key.family,
                    "part": key.part,
                    "month": key.month,
                    "judged": bool(self.judged[number]),
                    "recorded": {"mean": _known(value), **around},
                    "simulated": {"mean": _known(mean), "low": _known(low), "high": _known(high)},
                    "difference": _known((mean - value) / abs(value) if value else float("nan")),
                    "half_width": _known(width),
                    "verdict": str(_verdict(value, low, high, width, self.tolerance)),
                }
            )
        return rows

    def content(self) -> dict[str, Any]:
        """What backtest.json holds."""
        months, all_at_once, rows = self.months, self.together, self.rows()
        return {
            "scenario": months.scenario.name,
            "policy": None if self.logged is not None else self.policy,
            "currency": months.scenario.world.currency,
            "first_day": months.first.isoformat(),
            "last_day": (months.first + timedelta(days=months.days - 1)).isoformat(),
            "accounts": self.accounts[""],
            "seeds": list(self.seeds),
            "tolerance": self.tolerance,
            "level": LEVEL,
            "unknown": contents(months.unknown),
            "drawn": {name: int(count) for name, count in months.portfolio.filled.items()},
            "replayed": None
            if self.logged is None
            else {name: getattr(self.logged, name) for name in ("exact", "near", "without")},
            "p": all_at_once.p,
            "least_p": all_at_once.least,
            "verdict": overall(all_at_once, rows),
            "treatments_p": self.treatments.p if self.logged is None else None,
            "farthest": _farthest(self.keys, self.judged, all_at_once),
            "measures": rows,
            "groups": [
                {"group": group, "accounts": self.accounts[group], "measures": self.rows(group)}
                for group in self.recorded
                if group
            ],
        }


def overall(all_at_once: Together, rows: list[dict[str, Any]]) -> str:
    """What the whole says: `differs`, `fits`, or `says_little` where most bands are too wide to notice a difference that matters.

    Args:
        all_at_once: the test of all judged measures.
        rows: `Backtest.rows`.
    """
    if all_at_once.p <= LEVEL:
        return "differs"
    said = [row["verdict"] for row in rows if row["judged"] and row["verdict"] != Verdict.UNKNOWN]
    return "fits" if 2 * said.count(Verdict.INSIDE) >= len(said) else "says_little"


def _farthest(keys: tuple[Key, ...], judged: NDArray[np.bool_], all_at_once: Together) -> list[str]:
    """Judged measures, the farthest out first."""
    names = [key.name for key, counts in zip(keys, judged, strict=True) if counts]
    return [names[place] for place in np.argsort(-all_at_once.distance, kind="stable")]


def _verdict(value: float, low: float, high: float, width: float, tolerance: float) -> Verdict:
    if not np.isfinite([value, low, high]).all():
        return Verdict.UNKNOWN
    if not low <= value <= high:
        return Verdict.OUTSIDE
    return Verdict.INSIDE if value == low == high or width <= tolerance else Verdict.WIDE


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def is_judged(key: Key, days: int, replay: bool = False) -> bool:
    """Whether a measure counts for the verdict: those of all days, and of the curve the ends of months and the last day.

    Args:
        key: the measure.
        days: of the records.
        replay: treatments are those of the records: what says what was done is no test of the world.
    """
    if replay and FAMILIES[key.family].treatment:
        return False
    if key.family == "cash":  # the end of the curve
        return False
    if key.family == "recovery":
        day = int(key.part.removeprefix("day-"))
        return day == days or any(0 <= day - end < 7 for end in range(MONTH, days, MONTH))
    return key.month == 0


def backtest(
    months: Months,
    policy: str,
    seeds: range,
    *,
    replay: bool = False,
    tolerance: float = TOLERANCE,
    workers: Workers = 1,
    kept: Kept | None = None,
    on_done: Callable[[], None] | None = None,
) -> Backtest:
    """Simulate recorded months, and compare.

    Args:
        months: of `months_of`.
        policy: the plan that was in force, as `load_policy` takes it.
        seeds: of the simulations; at least `LEAST_SEEDS`.
        replay: do what the contact log says was done, in place of the plan; without the gate, as it was done.
        tolerance: a difference that matters, as a share of what was recorded.
        workers: see `run_each`.
        kept: finished seeds.
        on_done: called after each seed.

    Raises:
        InputError: too few seeds, or as `measure` and `load_policy`.
        WorkerLost: as `run_each`.
    """
    if len(seeds) < LEAST_SEEDS:
        expected = f"at least {LEAST_SEEDS}: with fewer, the farthest records would still be one of {LEAST_SEEDS} draws"
        raise InputError("--seeds", "", len(seeds), expected)
    kept, scenario, advance = kept or Kept(None), months.scenario, on_done or (lambda: None)
    channels = channels_of([months.contacts], scenario.world.vocabulary)
    records = months.records(months.contacts, months.payments, channels)
    found = measure(records)
    if replay:
        months = _as_done(months)
    decider = _decider(months, policy, replay)
    groups = _groups(months, decider.kinds)
    before = _decider(months.before, policy, replay) if months.before else None
    known = _told(months, months.contacts, months.first) if months.before else None
    task = _Task(months, decider, before, known, channels, tuple(groups.values()))
    shared = fingerprint(
        scenario.world, months.portfolio.table, months.contacts, months.payments, months.first, months.days, replay,
        _identity(policy, scenario), list(groups), months.before is not None,
    )  # fmt: skip
    done: dict[int, list[list[float | None]]] = {}
    for seed in seeds:
        if (result := kept.get(fingerprint(shared, seed), _VALUES)) is not None:
            done[seed] = result
            advance()
    waiting = [seed for seed in seeds if seed not in done]
    for seed, values in run_each(partial(_one_seed, task=task), waiting, workers):
        done[seed] = values
        kept.put(fingerprint(shared, seed), values)
        advance()
    simulated = np.array([done[seed] for seed in seeds], float).swapaxes(0, 1)
    names = ["", *groups]
    return Backtest(
        months=months,
        policy=load_policy(policy, scenario.name, scenario.world).name,
        seeds=tuple(seeds),
        tolerance=tolerance,
        logged=decider.logged,
        keys=found.keys,
        judged=np.array([is_judged(key, months.days, replay) for key in found.keys]),
        recorded=dict(zip(names, _values(found, task.groups), strict=True)),
        resampled=found.resampled(RESAMPLES),
        simulated=dict(zip(names, simulated, strict=True)),
        accounts={"": len(months.portfolio), **{name: int(rows.sum()) for name, rows in groups.items()}},
        grain=dict(zip(names, _grains(found, task.groups), strict=True)),
    )


def _identity(policy: str, scenario: Scenario) -> str:
    return fingerprint(load_policy(policy, scenario.name, scenario.world).identity)


def _as_done(months: Months) -> Months:
    scenario = months.scenario.with_world(as_it_was_done(months.scenario.world))
    return replace(months, scenario=scenario, before=_as_done(months.before) if months.before else None)


def _decider(months: Months, policy: str, replay: bool) -> _Decider:
    kinds = months.scenario.world.vocabulary.bucket_names(months.portfolio.table["dpd"].to_numpy(int))
    if not replay:
        return _Decider(policy, None, kinds)
    records, scenario = (
        months.records(
            months.contacts, months.payments, channels_of([months.contacts], months.scenario.world.vocabulary)
        ),
        months.scenario,
    )
    contacts = within(records, records.contacts, records.portfolio["account_id"].astype(str))
    done = logged_treatments(contacts, closing_days(records), records.days, scenario.menu, scenario.world.windows)
    return _Decider(policy, done, kinds)


def _groups(months: Months, kinds: NDArray[np.str_]) -> dict[str, NDArray[np.bool_]]:
    """Accounts by tier and by days past due, as they were on the first morning."""
    tiers = months.simulation(0).accounts_table()["entry_tier"].to_numpy(str)
    groups = {f"tier-{name}": tiers == name for name in months.scenario.world.vocabulary.tiers if name in tiers}
    return groups | {f"dpd-{name}": kinds == name for name in np.unique(kinds)}
