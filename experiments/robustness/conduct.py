"""What a scenario's correction loop is worth: every plan with and without it, paired, `recoup conduct`.

Without means: the same world and the same regulator, but nobody suspends a channel or sends staff to courses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from recoup.agents.library import load_policy
from recoup.experiments.comparison.intervals import difference, interval
from recoup.experiments.comparison.measure import Better, Measure, Unit, ratio
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.rollout import Rollout, rollout
from recoup.experiments.runs.file_kinds import Content, Number, NumberOrNan, exactly
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.runfolder import fingerprint, versions
from recoup.experiments.runs.workers import Workers, run_each
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError
from recoup.sim.operations.correction import COLUMNS
from recoup.sim.parameters import Conduct

CONDUCT = "conduct.json"


class Arm(StrEnum):
    """The two sides of the pairing; values are keys in conduct.json and heads of the table."""

    LOOP = "with the loop"
    NO_LOOP = "without"


@dataclass(frozen=True)
class PairedRun:
    """One plan on one seed in one arm."""

    plan: str
    seed: int
    arm: Arm


@dataclass(frozen=True)
class RunOutcome:
    """What a run gave.

    Attributes:
        figures: by the name of a `Figure`, in its unit.
        acts: what the loop did: columns of `Rollout.corrections`, and `seed`.
    """

    figures: dict[str, float]
    acts: list[dict[Any, Any]]


def _total(run: Rollout, column: str) -> float:
    return float(run.daily[column].sum())


FIGURES: tuple[Measure, ...] = (
    *(
        MEASURE[name]
        for name in (
            "complaints_per_1000",
            "recovery_rate",
            "net_recovery_rate",
            "time_to_recover_days",
            "cost_to_collect",
        )
    ),
    Measure(
        "regulator_share",
        "Regulator's surcharge / opening balance",
        Unit.SHARE,
        Better.LESS,
        "what complaints cost more above the regulator's tolerance / opening balance",
        lambda run, a: ratio(_total(run, "regulator_cost"), a["opening"].sum()),
        by_tier=False,
    ),
    Measure(
        "course_share",
        "Courses / opening balance",
        Unit.SHARE,
        Better.NEITHER,
        "cost of courses / opening balance",
        lambda run, a: ratio(_total(run, "overhead"), a["opening"].sum()),
        by_tier=False,
    ),
    Measure(
        "channel_days",
        "Days with a channel at rest",
        Unit.DAYS,
        Better.NEITHER,
        "days on which a correction had suspended a channel",
        lambda run, a: float((run.daily["suspended"] != "").sum()),
        by_tier=False,
    ),
    Measure(
        "acts",
        "Corrections",
        Unit.COUNT,
        Better.NEITHER,
        "times that conduct was corrected",
        lambda run, a: float(len(run.corrections)),
        by_tier=False,
    ),
)


class _RunOutcome(Content):
    """A `RunOutcome` as a line holds it."""

    figures: Annotated[dict[str, NumberOrNan], exactly(figure.name for figure in FIGURES)]
    acts: list[Annotated[dict[str, str | bool | int | Number | None], exactly((*COLUMNS, "seed"))]]


RUN_OUTCOME = holding(_RunOutcome)


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
    workers: Workers = 1,
    kept: Kept | None = None,
) -> dict[str, Any]:
    """Every plan on every seed, with and without the loop, paired under common random numbers.

    Args:
        scenario: one with corrections.
        plans: names or files, as for `recoup compare`.
        seeds: of accounts and events.
        accounts: how many; None = the scenario's.
        days: horizon; None = the scenario's.
        on_run: called after each run.
        workers: processes, or a team; the numbers do not depend on it.
        kept: where finished runs are kept, for a measurement that is interrupted; None = nowhere.

    Returns:
        The content of conduct.json: figures by plan and variant with intervals, paired differences (with − without), and
        every act of the loop.

    Raises:
        InputError: a scenario without corrections, or no such plan.
        WorkerLost: a worker was killed.
    """
    without_loop(scenario)  # refuses a scenario without corrections before anything runs
    horizon = days or scenario.days
    tasks = [PairedRun(plan, seed, arm) for plan in plans for seed in seeds for arm in Arm]
    kept = kept or Kept(None)
    keys = _keys(scenario, accounts, horizon, tasks) if kept.path else {}
    outcomes = {task: RunOutcome(**done) for task, key in keys.items() if (done := kept.get(key, RUN_OUTCOME))}
    for _ in outcomes:
        on_run()
    missing = [task for task in tasks if task not in outcomes]
    for task, outcome in run_each(partial(_run, scenario, accounts, horizon), missing, workers):
        outcomes[task] = outcome
        if kept.path:
            kept.put(keys[task], asdict(outcome))
        on_run()
    results = {plan: _aggregate(plan, seeds, outcomes) for plan in plans}
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "days": horizon,
        "seeds": list(seeds),
        "accounts": len(scenario.portfolio(accounts, seeds[0])),
        "rows": [{"name": f.name, "title": f.title, "unit": f.unit, "better": f.better} for f in FIGURES],
        "plans": results,
    }


def _keys(scenario: Scenario, accounts: int | None, days: int, tasks: Sequence[PairedRun]) -> dict[PairedRun, str]:
    """Fingerprints of all that decides a run."""
    world = fingerprint(
        scenario.world, scenario.rules, scenario.portfolio(accounts, tasks[0].seed).table, days, versions()
    )
    plans = {task.plan: load_policy(task.plan, scenario.name, scenario.world).identity for task in tasks}
    return {task: fingerprint(world, plans[task.plan], task.seed, task.arm) for task in tasks}


def _run(scenario: Scenario, accounts: int | None, days: int, task: PairedRun) -> RunOutcome:
    world = scenario if task.arm == Arm.LOOP else without_loop(scenario)
    run = rollout(world, task.plan, scenario.portfolio(accounts, task.seed), task.seed, days)
    acts = run.corrections.assign(seed=task.seed).to_dict("records")
    return RunOutcome({figure.name: figure.of(run, run.accounts) for figure in FIGURES}, acts)


def _aggregate(plan: str, seeds: Sequence[int], outcomes: dict[PairedRun, RunOutcome]) -> dict[str, Any]:
    """One plan's figures with intervals, paired differences, and acts in the order of seeds."""

    def column(arm: Arm, figure: Measure) -> list[float]:
        return [outcomes[PairedRun(plan, seed, arm)].figures[figure.name] for seed in seeds]

    return {
        "figures": {arm.value: {f.name: interval(column(arm, f)) for f in FIGURES} for arm in Arm},
        "difference": {f.name: difference(column(Arm.LOOP, f), column(Arm.NO_LOOP, f)) for f in FIGURES},
        "acts": [act for seed in seeds for act in outcomes[PairedRun(plan, seed, Arm.LOOP)].acts],
    }
