"""A plan on a portfolio in sites, with a run folder: `recoup sites`.

Each site of each pass is a part: run by a worker, written when it is done, and never run again by `--resume`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from recoup.agents.library import load_policy
from recoup.experiments.runs.runfolder import fingerprint, open_folder, require_new, versions
from recoup.experiments.runs.workers import Workers, run_each
from recoup.experiments.sites.exchange import (
    Gap,
    Others,
    SiteTask,
    first_forecast,
    gap_of,
    next_forecast,
    run_daily,
    run_task,
)
from recoup.experiments.sites.files import SITE_FILE, SITES_FILE
from recoup.experiments.sites.one_site import together
from recoup.experiments.sites.settings import DAILY, Sites
from recoup.experiments.sites.survey import Survey, survey
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError

Step = Callable[[str], None]  # called with the kind of step that is done: "survey", "day", "site"


def run_sites(
    settings: Sites,
    folder: Path,
    workers: Workers = 1,
    resume: bool = False,
    command: str = "",
    on_step: Step | None = None,
    threads: int = 1,
) -> dict[str, Any]:
    """Run what is missing, and write the result into the folder.

    Args:
        settings: what to run.
        folder: of the run; new, unless `resume`.
        workers: processes, or a team; the numbers do not depend on it.
        resume: continue the run in the folder; the settings must be its own.
        command: what the user typed, for sites.json.
        on_step: called after each site of the survey, and each site of a pass or each day.
        threads: on which sites that exchange daily live their days; the numbers do not depend on it.

    Returns:
        The content of sites.json.

    Raises:
        InputError: wrong scenario, plan, portfolio or folder; nothing is written then.
        KeyboardInterrupt: SIGINT or SIGTERM; finished sites are kept.
        WorkerLost: a worker was killed; finished sites are kept.
    """
    step = on_step or (lambda kind: None)
    if not resume:
        require_new(folder, ", or --resume to continue this run")  # before the survey, which takes a while
    scenario = settings.load()
    policy = load_policy(settings.plan, scenario.name, scenario.world)
    known = survey(settings, workers, lambda: step("survey"))
    days = settings.days or scenario.days
    begun = {
        "scenario": scenario.name,
        "plan": settings.plan,
        "policy": fingerprint(policy.identity),
        "days": days,
        "accounts": known.accounts,
        "seed": settings.seed,
        "exchange": settings.exchange,
        "world": fingerprint(scenario.world, scenario.rules),
        "sites": fingerprint([asdict(share) for share in known.shares], known.opening, known.typical_claim),
        "recoup": versions()["recoup"],
    }
    open_folder(folder, begun, resume)
    if settings.exchange == DAILY:
        results, gaps = _daily(settings, known, folder, threads, step), [Gap(0.0, 0)]
    else:
        results, gaps = _forecast(settings, scenario, known, folder, workers, step)
    outcome = {
        "scenario": scenario.name,
        "title": scenario.title,
        "currency": scenario.world.currency,
        "plan": policy.name,
        "seed": settings.seed,
        "days": days,
        "accounts": known.accounts,
        "opening_balance": known.opening / 100.0,
        "exchange": settings.exchange,
        "passes": [asdict(gap) for gap in gaps],
        "agreed": gaps[-1].within(settings.tolerance),
        "measures": together(result["sums"] for result in results),
        "sites": [
            {**{key: result[key] for key in ("name", "accounts", "staff")}, "measures": together([result["sums"]])}
            for result in results
        ],
        "settings": settings.shown,
        "versions": versions(),
        "command": command,
    }
    SITES_FILE.write(folder, outcome)
    return outcome


def _daily(settings: Sites, known: Survey, folder: Path, threads: int, step: Step) -> list[dict[str, Any]]:
    results = run_daily(settings, known, threads, lambda: step("day"))
    for share, result in zip(known.shares, results, strict=True):
        SITE_FILE.write_file(_part(folder, 1, share.number), result)
    return results


def _forecast(
    settings: Sites, scenario: Scenario, known: Survey, folder: Path, workers: Workers, step: Step
) -> tuple[list[dict[str, Any]], list[Gap]]:
    forecast = first_forecast(known, settings.days or scenario.days)
    gaps: list[Gap] = []
    for number in range(1, settings.passes + 1):
        results = _pass(settings, known, forecast, folder, number, workers, step)
        gaps.append(gap_of(known, scenario.world, results, forecast))
        if gaps[-1].within(settings.tolerance):
            break
        forecast = next_forecast(known, results)
    return results, gaps


def _pass(
    settings: Sites,
    known: Survey,
    forecast: Sequence[Others],
    folder: Path,
    number: int,
    workers: Workers,
    step: Step,
) -> list[dict[str, Any]]:
    """All sites on a forecast; results in order."""
    missing = []
    for share, others in zip(known.shares, forecast, strict=True):
        if _kept(_part(folder, number, share.number), settings) is None:
            missing.append(SiteTask(share, others))
        else:
            step("site")
    for task, result in run_each(partial(run_task, settings, known), missing, workers):
        SITE_FILE.write_file(_part(folder, number, task.share.number), result)
        step("site")
    return [SITE_FILE.read_file(_part(folder, number, share.number)) for share in known.shares]


def _part(folder: Path, number: int, site: int) -> Path:
    return folder / "passes" / str(number) / f"{site + 1}.json"


def _kept(path: Path, settings: Sites) -> dict[str, Any] | None:
    """A finished part; None where it must be run (again)."""
    try:
        found = SITE_FILE.read_file(path)
    except InputError:
        return None
    return found if len(found["tallies"]) == (settings.days or settings.load().days) else None
