"""Does the world behave like the published figures? Measures every target of scenarios/calibration/china-consumer.yaml.

All targets are measured under the status-quo plan, without contact, or under the two probes below that isolate one
mechanism; never under a plan that the lab compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field
from rich.console import Console
from rich.table import Table

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import ROOT, Scenario
from recoup.sim.inputs import parse_yaml, read_yaml, validated
from recoup.sim.parameters import DpdBand, Section
from recoup.sim.portfolio.synthetic import generate
from recoup.sim.simulation import Simulation

ACCOUNTS = 4_000

# Everybody is called every second day with ample staff: by people, by machines, or by people who offer a plan.
PROBE = """
name: probe
title: probe
rules:
  - name: leave promises and plans alone
    when: {{any: [{{promise_open: true}}, {{plan_active: true}}]}}
    do: nothing
  - name: call
    when: {{dpd: {{at_least: {dpd}}}, days_since_attempt: {{at_least: 2}}}}
    do: {{channel: {channel}, window: spread, offer: {offer}}}
"""


class Target(Section):
    """A published figure and the band that counts as reproducing it.

    Attributes:
        id: key of its measurement, in `_MEASUREMENTS`.
        text: what is measured, in one line.
        low, high: the band, in the target's own unit (a share, but for complaints: per 1,000 accounts).
        source: where the figure was published.
        confidence: A read in a public source, B well known from the named source, C a default of ours.
    """

    id: str
    text: str
    low: float
    high: float
    source: str
    confidence: Literal["A", "B", "C"]


class Targets(Section):
    """The targets file."""

    targets: list[Target] = Field(min_length=1)


def targets(path: Path = ROOT / "calibration" / "china-consumer.yaml") -> list[Target]:
    """All targets, in the order of the file.

    Raises:
        InputError: the file cannot be read, or breaks the schema.
    """
    return validated(Targets, read_yaml(path)).targets


@dataclass(frozen=True)
class CohortRun:
    """One cohort under one policy.

    Attributes:
        accounts: one row an account, at the end; money in cents.
        daily: one row a day; money in cents.
        events: the event log, where it was asked for.
    """

    accounts: pd.DataFrame
    daily: pd.DataFrame
    events: pd.DataFrame | None = None

    def unresolved(self, day: int) -> float:
        """Share of accounts not resolved by the end of a day."""
        closed = self.accounts["closed_day"]
        return float(((closed < 0) | (closed > day)).mean())

    def cash(self, first: int, last: int) -> float:
        """Cash of the days first..last−1, cents.

        Args:
            first, last: days from 0; the last is not counted.
        """
        day = self.daily["day"]
        return float(self.daily.loc[(day >= first) & (day < last), "cash"].sum())

    @property
    def opening(self) -> float:
        """Opening balance of the cohort, cents."""
        return float(self.accounts["opening"].sum())


class Laboratory:
    """Runs each cohort once, when a target first asks for it.

    Args:
        scenario: world and rules; its portfolio is not used.
        seed: of the accounts and of everything that happens to them.
        accounts: size of each cohort.
    """

    def __init__(self, scenario: Scenario, seed: int, accounts: int = ACCOUNTS) -> None:
        self.scenario, self.seed, self.accounts = scenario, seed, accounts

    def _run(
        self, policy: str, days: int, *, least_dpd: int, most_dpd: int, ample: bool = False, events: bool = False
    ) -> CohortRun:
        """A cohort of accounts that enter at `least_dpd` to `most_dpd` days past due; `policy` is a plan's name or its YAML."""
        world = self.scenario.world
        band = DpdBand(least=least_dpd, most=most_dpd, weight=1)
        population = world.population.model_copy(update={"dpd": [band]})
        if ample:
            operations = world.operations
            many = {
                name: getattr(operations, name).model_copy(update={"per_1000_accounts": 1000})
                for name in ("collector", "autocall")
            }
            world = world.model_copy(update={"operations": operations.model_copy(update=many)})
        portfolio = generate(population, self.accounts, self.seed, "calibration cohort")
        simulation = Simulation(world, portfolio, self.scenario.rules, self.seed, record_events=events)
        plan = (
            Plan.load(parse_yaml(policy, "probe"), simulation.menu)
            if "\n" in policy
            else Plan.load(find_plan(policy), simulation.menu)
        )
        while simulation.day < days and not simulation.finished:
            observations = simulation.observe()
            actions = plan.act(observations, simulation.masks())
            simulation.advance(actions, plan.priority(observations, actions))
        log = simulation.events_table() if events else None
        return CohortRun(simulation.accounts_table(), simulation.daily_table(), log)

    @cached_property
    def fresh(self) -> CohortRun:
        """A year from the first day past due, under the status-quo plan."""
        return self._run("status-quo", 360, least_dpd=1, most_dpd=1)

    @cached_property
    def untouched(self) -> CohortRun:
        """A month from the first day past due, without contact."""
        return self._run("no-contact", 30, least_dpd=1, most_dpd=1)

    @cached_property
    def old(self) -> CohortRun:
        """Half a year of accounts three months to a year past due, under the status-quo plan."""
        return self._run("status-quo", 180, least_dpd=91, most_dpd=360)

    @cached_property
    def month_3(self) -> CohortRun:
        """The third month past due, under the status-quo plan."""
        return self._run("status-quo", 30, least_dpd=61, most_dpd=61)

    @cached_property
    def people(self) -> CohortRun:
        """A year from the first day past due, called by collectors every second day, with ample staff."""
        return self._run(
            PROBE.format(channel="collector", offer="none", dpd=1), 360, least_dpd=1, most_dpd=1, ample=True
        )

    @cached_property
    def machines(self) -> CohortRun:
        """The same, called by the automated caller."""
        return self._run(
            PROBE.format(channel="autocall", offer="none", dpd=1), 360, least_dpd=1, most_dpd=1, ample=True
        )

    @cached_property
    def planned(self) -> CohortRun:
        """Called every second day and offered twelve instalments, from 10 to 30 days past due, with the event log."""
        plan = PROBE.format(channel="collector", offer="plan_12", dpd=10)
        return self._run(plan, 240, least_dpd=10, most_dpd=30, ample=True, events=True)


def _roll(run: CohortRun, first: int, last: int) -> float:
    """Of the accounts unresolved when `first` days past due, the share unresolved at `last` (entered at 1 dpd)."""
    return run.unresolved(last - 2) / run.unresolved(first - 2)


def _gap(lab: Laboratory, days: int) -> float:
    """Present value of the cash of `days` days over the opening balance: collectors' less the automated callers'."""

    def value(run: CohortRun) -> float:
        daily = run.daily[run.daily["day"] < days]
        factor = (1 + lab.scenario.world.discount_rate) ** (-daily["day"] / 365)
        return float((daily["cash"] * factor).sum() / run.opening)

    return value(lab.people) - value(lab.machines)


def _plans_broken(lab: Laboratory) -> float:
    """Of instalment plans signed in the first 60 days, the share broken within 180 days of signing."""
    events = lab.planned.events
    assert events is not None
    signed = events[events["offer_accepted"] & (events["day"] < 60)].groupby("account_id")["day"].min()
    broke = events[events["plan_broken"]].groupby("account_id")["day"].min().reindex(signed.index)
    return float(((broke - signed) <= 180).mean())


_MEASUREMENTS: dict[str, Callable[[Laboratory], float]] = {
    "rpc-per-attempt": lambda lab: lab.fresh.accounts["call_reaches"].sum() / lab.fresh.accounts["call_attempts"].sum(),
    "kept-promises": lambda lab: (
        lab.fresh.accounts["kept"].sum() / (lab.fresh.accounts["kept"].sum() + lab.fresh.accounts["broken"].sum())
    ),
    "roll-m1-m2": lambda lab: lab.fresh.unresolved(28),
    "roll-m2-m3": lambda lab: _roll(lab.fresh, 30, 60),
    "roll-m3-m4": lambda lab: _roll(lab.fresh, 60, 90),
    "roll-later": lambda lab: _roll(lab.fresh, 150, 180),
    "self-cure": lambda lab: 1.0 - lab.untouched.unresolved(29),
    "steep-start": lambda lab: lab.fresh.cash(0, 30) / lab.fresh.cash(0, 360),
    "flat-end": lambda lab: lab.fresh.cash(180, 360) / lab.fresh.cash(0, 360),
    "fresh-recovery": lambda lab: lab.fresh.cash(0, 180) / lab.fresh.opening,
    "old-recovery": lambda lab: lab.old.cash(0, 180) / lab.old.opening,
    "month-3-collection": lambda lab: lab.month_3.cash(0, 30) / lab.month_3.opening,
    "machine-gap-30": lambda lab: _gap(lab, 30),
    "machine-gap-360": lambda lab: _gap(lab, 360),
    "plans-broken": _plans_broken,
    "complaints": lambda lab: (
        1000 * lab.fresh.daily.loc[lab.fresh.daily["day"] < 30, "complaints"].sum() / lab.accounts
    ),
    "early-cost": lambda lab: (
        lab.fresh.daily.loc[lab.fresh.daily["day"] < 30, "cost"].sum() / max(lab.fresh.cash(0, 30), 1.0)
    ),
}


@dataclass(frozen=True)
class Reading:
    """A target and what the world gave: one value per seed."""

    target: Target
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def inside(self) -> bool:
        """Whether the mean lies within the band."""
        return self.target.low <= self.mean <= self.target.high


def measure(scenario: Scenario, seeds: range, accounts: int = ACCOUNTS) -> list[Reading]:
    """Measure every target on each seed, on cohorts of `accounts` accounts.

    Args:
        scenario: whose world is measured.
        seeds: one cohort of accounts and random numbers each.
        accounts: size of each cohort.

    Raises:
        InputError: the targets cannot be read.
    """
    labs = [Laboratory(scenario, seed, accounts) for seed in seeds]
    return [Reading(target, tuple(_MEASUREMENTS[target.id](lab) for lab in labs)) for target in targets()]


def report_readings(scenario: Scenario, seeds: range, console: Console, as_json: bool) -> bool:
    """Print every target with what the world gave; True if all are inside their bands.

    Args:
        scenario: whose world is measured.
        seeds: one cohort each.
        console: printed to.
        as_json: print JSON instead of a table.

    Raises:
        InputError: the targets cannot be read.
    """
    readings = measure(scenario, seeds)
    if as_json:
        rows = [
            {**r.target.model_dump(), "mean": r.mean, "values": list(r.values), "inside": r.inside} for r in readings
        ]
        console.print_json(data=rows)
    else:
        table = Table(
            "target", "band", "measured", "", "source", title=f"{scenario.title}, seeds {seeds[0]} to {seeds[-1]}"
        )
        for r in readings:
            t = r.target
            table.add_row(
                t.text,
                f"{t.low:g} – {t.high:g}",
                f"{r.mean:.3f}",
                "yes" if r.inside else "NO",
                f"{t.source} ({t.confidence})",
            )
        console.print(table)
    return all(r.inside for r in readings)
