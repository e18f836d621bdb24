"""What a scenario's correction loop is worth: every plan with and without it, paired, `recoup conduct`.

Without means: the same world and the same regulator, but nobody suspends a channel or sends staff to courses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import difference, interval
from recoup.experiments.comparison.measures import ratio
from recoup.experiments.comparison.rollout import Rollout, rollout
from recoup.experiments.runs.workers import run_each
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError
from recoup.sim.parameters import Conduct

CONDUCT = "conduct.json"
VARIANTS = LOOP, NO_LOOP = "with the loop", "without"
Run = tuple[str, int, str]  # plan, seed, variant
Taken = tuple[dict[str, float], list[dict[Any, Any]]]  # figures by name, acts of the loop


@dataclass(frozen=True)
class Figure:
    """One row of the answer; unit as in `measures.Measure`, better 1 more, −1 less, 0 neither."""

    name: str
    title: str
    unit: str
    better: int
    of: Callable[[Rollout], float]


def _total(run: Rollout, column: str) -> float:
    return float(run.daily[column].sum())


def _measure(name: str) -> Callable[[Rollout], float]:
    return lambda run: measures.MEASURE[name].of(run, run.accounts)


FIGURES: tuple[Figure, ...] = (
    Figure("complaints_per_1000", "Complaints per 1,000 accounts", "count", -1, _measure("complaints_per_1000")),
    Figure("recovery_rate", "Recovery rate", "share", 1, _measure("recovery_rate")),
    Figure("net_recovery_rate", "Net recovery rate", "share", 1, _measure("net_recovery_rate")),
    Figure("time_to_recover_days", "Time to recover", "days", -1, _measure("time_to_recover_days")),
    Figure("cost_to_collect", "Cost to collect", "share", -1, _measure("cost_to_collect")),
    Figure(
        "regulator_share",
        "Regulator's surcharge / opening balance",
        "share",
        -1,
        lambda run: ratio(_total(run, "regulator_cost"), run.accounts["opening"].sum()),
    ),
    Figure(
        "course_share",
        "Courses / opening balance",
        "share",
        0,
        lambda run: ratio(_total(run, "overhead"), run.accounts["opening"].sum()),
    ),
    Figure(
        "channel_days",
        "Days with a channel at rest",
        "days",
        0,
        lambda run: float((run.daily["suspended"] != "").sum()),
    ),
    Figure("acts", "Corrections", "count", 0, lambda run: float(len(run.corrections))),
)


def without_loop(scenario: Scenario) -> Scenario:
    """The same scenario without corrections.

    Raises:
        InputError: it has none.
    """
    conduct = scenario.world.conduct
    if conduct is None or not conduct.corrections:
        raise InputError(
            scenario.path, "world.conduct.corrections", "nothing", "at least one correction (see docs/conduct.md)"
        )
    bare = Conduct(regulator=conduct.regulator)
    return scenario.with_world(scenario.world.model_copy(update={"conduct": bare}))


def measure_loop(
    scenario: Scenario,
    plans: Sequence[str],
    seeds: Sequence[int],
    accounts: int | None = None,
    days: int | None = None,
    on_run: Callable[[], object] = lambda: None,
    workers: int = 1,
) -> dict[str, Any]:
    """Every plan on every seed, with and without the loop.

    Args:
        plans: names or files, as for `recoup compare`.
        on_run: called after each run.

    Returns:
        The content of conduct.json: figures by plan and variant with intervals, paired differences (with − without), and
        every act of the loop.
    """
    without_loop(scenario)  # refuses a scenario without corrections before anything runs
    horizon = days or scenario.days
    tasks = [(plan, seed, variant) for plan in plans for seed in seeds for variant in VARIANTS]
    taken: dict[Run, Taken] = {}
    for run, found in run_each(partial(_take, scenario, accounts, horizon), tasks, workers):
        taken[run] = found
        on_run()
    results = {plan: _put_together(plan, seeds, taken) for plan in plans}
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "days": horizon,
        "seeds": list(seeds),
        "accounts": len(scenario.portfolio(accounts, seeds[0])),
        "rows": [{"name": f.name, "title": f.title, "unit": f.unit, "better": f.better} for f in FIGURES],
        "plans": results,
    }


def _take(scenario: Scenario, accounts: int | None, days: int, run: Run) -> Taken:
    """Figures and acts of one run."""
    plan, seed, variant = run
    world = scenario if variant == LOOP else without_loop(scenario)
    done = rollout(world, plan, scenario.portfolio(accounts, seed), seed, days)
    figures = {figure.name: figure.of(done) for figure in FIGURES}
    return figures, done.corrections.assign(seed=seed).to_dict("records")


def _put_together(plan: str, seeds: Sequence[int], taken: dict[Run, Taken]) -> dict[str, Any]:
    """One plan's figures with intervals, paired differences, and acts in the order of seeds."""
    values = {
        variant: {f.name: [taken[plan, seed, variant][0][f.name] for seed in seeds] for f in FIGURES}
        for variant in VARIANTS
    }
    return {
        "figures": {v: {name: interval(column) for name, column in values[v].items()} for v in VARIANTS},
        "difference": {f.name: difference(values[LOOP][f.name], values[NO_LOOP][f.name]) for f in FIGURES},
        "acts": [act for seed in seeds for act in taken[plan, seed, LOOP][1]],
    }


def answer(plan: str, found: dict[str, Any]) -> str:
    """What the loop does to complaints and to recovery after costs, in one sentence."""
    complaints, net = found["difference"]["complaints_per_1000"], found["difference"]["net_recovery_rate"]
    if complaints["low"] is None:
        return f"{plan}: one seed has no interval; the loop's worth is not decided."
    fewer = _direction(complaints, "more complaints", "fewer complaints", "no sure change in complaints")
    price = _direction(
        net, "more recovered after costs", "less recovered after costs", "no sure change in recovery after costs"
    )
    change, points = (text.replace("-", "−") for text in (f"{complaints['mean']:+.1f}", f"{100 * net['mean']:+.2f}"))
    return f"{plan}: with the loop {fewer} ({change} per 1,000 accounts), {price} ({points} points)."


def _direction(found: dict[str, Any], more: str, less: str, neither: str) -> str:
    if found["low"] > 0:
        return f"surely {more}"
    return f"surely {less}" if found["high"] < 0 else neither
