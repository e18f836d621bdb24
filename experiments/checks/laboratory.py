"""Cohorts to measure a world on: who enters, what is done to them, for how long. Each is simulated once and shared by the targets.

Arms are plans written for one purpose, so that one mechanism stands alone; none of them is a plan that the lab compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import Scenario
from recoup.sim.account import Status
from recoup.sim.behaviour import months_due
from recoup.sim.inputs import parse_yaml
from recoup.sim.parameters import DpdBand, World
from recoup.sim.portfolio.synthetic import generate
from recoup.sim.simulation import Simulation

ACCOUNTS = 4_000
AMPLE = 1_000  # staff or lines per 1,000 accounts: nobody waits
STATUS_QUO, NO_CONTACT = "status-quo", "no-contact"


def arm(*rules: str, respect_agreements: bool = True) -> str:
    """A plan as YAML: these rules (`WHEN -> DO`, both in flow style), below one that leaves promises and plans alone."""
    agreed = "  - {name: agreed, when: {any: [{promise_open: true}, {plan_active: true}]}, do: nothing}\n"
    parts = (rule.split(" -> ") for rule in rules)
    lines = [f"  - {{name: rule {n}, when: {when}, do: {do}}}\n" for n, (when, do) in enumerate(parts, 1)]
    return "name: arm\ntitle: arm\nrules:\n" + (agreed if respect_agreements else "") + "".join(lines)


def every(days: int, do: str) -> str:
    """An arm: the same treatment again and again, so many days after the latest attempt."""
    return arm(f"{{days_since_attempt: {{at_least: {days}}}}} -> {do}")


def on_days(days: list[int], do: str) -> str:
    """An arm: the same treatment on these days."""
    return arm(f"{{days_in_portfolio: {days}}} -> {do}")


@dataclass(frozen=True)
class CohortRun:
    """One cohort under one arm.

    Attributes:
        accounts: one row an account, at the end; money in cents.
        daily: one row a day; money in cents.
        events: the event log, where it was asked for.
        months: begun months past due at the end, int64 (accounts,); 0 where nothing is overdue any more.
    """

    accounts: pd.DataFrame
    daily: pd.DataFrame
    events: pd.DataFrame | None = None
    months: NDArray[np.int64] | None = None

    def resolved(self, days: int, of: pd.Series | None = None) -> float:
        """Share of accounts resolved within so many days; `of`: among these alone (bool by account)."""
        closed = self.accounts["closed_day"]
        done = (closed >= 0) & (closed < days)
        return float((done if of is None else done[of]).mean())

    def unresolved(self, day: int) -> float:
        """Share of accounts not resolved by the end of a day."""
        return 1.0 - self.resolved(day + 1)

    def cash(self, first: int, last: int) -> float:
        """Cash of the days first..last−1, cents."""
        day = self.daily["day"]
        return float(self.daily.loc[(day >= first) & (day < last), "cash"].sum())

    @property
    def opening(self) -> float:
        """Opening balance of the cohort, cents."""
        return float(self.accounts["opening"].sum())

    def recovery(self, days: int) -> float:
        """Cash of so many days over the opening balance."""
        return self.cash(0, days) / self.opening


class Laboratory:
    """Runs each cohort once, when a target first asks for it.

    Args:
        scenario: world and rules; its portfolio is not used.
        seed: of the accounts and of everything that happens to them.
        accounts: size of each cohort.
    """

    def __init__(self, scenario: Scenario, seed: int, accounts: int = ACCOUNTS) -> None:
        self.scenario, self.seed, self.accounts = scenario, seed, accounts
        self.run = cache(self._run)

    def _run(
        self,
        policy: str,
        days: int,
        least_dpd: int = 1,
        most_dpd: int = 1,
        *,
        ample: bool = False,
        events: bool = False,
        gate: bool = True,
        changes: tuple[tuple[str, Any], ...] = (),
        review: bool = True,
    ) -> CohortRun:
        """A cohort under an arm.

        Args:
            policy: name of a shipped plan, or an arm's YAML.
            days: how long.
            least_dpd, most_dpd: days past due on entry.
            ample: staff, lines, legal places and the docket are never short, and any sum may be forgiven.
            events: keep the event log.
            gate: with False, the rules don't bind.
            changes: behaviour parameters that differ, as pairs.
            review: with False, notices and suits go out on the day they are asked for.
        """
        world = _changed(self.scenario.world, ample, dict(changes), review)
        band = DpdBand(least=least_dpd, most=most_dpd, weight=1)
        population = world.population.model_copy(update={"dpd": [band]})
        portfolio = generate(population, self.accounts, self.seed, "calibration cohort")
        simulation = Simulation(world, portfolio, self.scenario.rules, self.seed, gate=gate, record_events=events)
        document = parse_yaml(policy, "arm") if "\n" in policy else find_plan(policy)
        plan = Plan.load(document, simulation.menu)
        while simulation.day < days and not simulation.finished:
            observations = simulation.observe()
            actions = plan.act(observations, simulation.masks())
            simulation.advance(actions, plan.priority(observations, actions))
        daily = simulation.daily_table()
        log = simulation.events_table() if events else None
        return CohortRun(simulation.accounts_table(), daily, log, months_past_due(simulation))


def months_past_due(simulation: Simulation) -> NDArray[np.int64]:
    """Begun months past due of each account this morning; 0 where nothing is overdue any more. Shape (accounts,)."""
    a = simulation.accounts
    overdue = np.isin(a["status"], (Status.OPEN, Status.WRITTEN_OFF))
    return np.where(overdue, months_due(a["dpd0"] + simulation.day), 0)


def _changed(world: World, ample: bool, changes: dict[str, Any], review: bool) -> World:
    behaviour = world.behaviour.model_copy(update=changes)
    if not review:
        world = world.model_copy(update={"courts": world.courts.model_copy(update={"review": None})})
    if not ample:
        return world.model_copy(update={"behaviour": behaviour})
    courts, ample_staff = world.courts, {"per_1000_accounts": AMPLE, "agents": None}
    many = {"legal_cases_per_1000_accounts": AMPLE, "legal_cases": None}
    callers = {name: pool.model_copy(update=ample_staff) for name, pool in world.pools.items() if name != "visit"}
    return world.model_copy(
        update={
            "behaviour": behaviour,
            "operations": world.operations.with_pools(callers).model_copy(update=many),
            "courts": courts.model_copy(update={"docket_per_1000_accounts": AMPLE, "docket": None}),
            "settlement_budget": 1.0,
        }
    )
