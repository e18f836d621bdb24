"""Comparing policies from Python: what `recoup compare` does, and policies that are objects besides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recoup.agents.policy import PolicyRef
from recoup.experiments.comparison.compare import compare as run
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.runfolder import new_run_folder
from recoup.experiments.runs.workers import team_of
from recoup.results import Results
from recoup.scenarios.schema import Scenario, scenario_names, scenario_path
from recoup.sim.inputs import InputError


def compare(
    scenario: str | Path | Scenario,
    policies: Sequence[PolicyRef],
    *,
    seeds: int = 10,
    first_seed: int = 1,
    accounts: int | None = None,
    days: int | None = None,
    portfolio: str | Path | None = None,
    column_map: str | Path | None = None,
    events: bool = True,
    personal: bool = False,
    champion: str | None = None,
    change_cost: float | None = None,
    workers: int = 1,
    ray: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
) -> Results:
    """Compare policies on the same accounts under common random numbers.

    Args:
        scenario: a shipped scenario's name, the path of a scenario file, or a scenario as `load_scenario` gave it.
        policies: names ("staged", "learned"), plan files (.yaml), policy files (.json), "NAME=FILE", or objects with an `act` method
            (see `Policy`). Of two policies with one name the second is called `NAME-2`. An object is copied for each seed, and its
            class, name, source and attributes are part of the run's fingerprint.
        seeds: how many seeds, at least 1; intervals need two or more.
        first_seed: the first seed; the others follow.
        accounts: size of the portfolio; None = the scenario's own, or all accounts of a file.
        days: horizon in days; None = the scenario's own.
        portfolio: the user's own accounts: a file, or a database's address.
        column_map: of these accounts; None = columns are named as our fields.
        events: keep the event log of each run and audit it by the rules.
        personal: keep age, sex, region and income in the table of accounts.
        champion: the plan in force, which the others would replace, by its name in the run; None = `status-quo`, else the first that
            contacts anybody. The report's decision is about a change from it.
        change_cost: one-off cost of such a change, in the scenario's currency, at least 0: for the payback; None = none.
        workers: processes; no number depends on it.
        ray: "auto" or the address (HOST:PORT) of a running Ray cluster that works in their place. Inside a program that is connected to one,
            that one is used.
        out: run folder, new; None = `runs/SCENARIO-TIME`.
        resume: continue an interrupted run in `out`.

    Returns:
        The finished run.

    Raises:
        InputError: a wrong scenario, policy, portfolio, champion or folder; nothing is written then. Also where a policy returns something else
            than one menu index for each account; finished seeds are kept then.
        KeyboardInterrupt: interrupted; finished seeds are kept in the run folder, and `resume` goes on.

    Example:
        >>> import recoup, tempfile
        >>> folder = tempfile.mkdtemp() + "/run"
        >>> results = recoup.compare("china-consumer", ["status-quo", "staged"], seeds=2, accounts=60, days=30, out=folder)
        >>> bool(0 < results.measures.loc[("staged", "recovery_rate"), "mean"] < 1)
        True
    """
    source = _source(scenario)
    comparison = Comparison(
        scenario=source,
        policies=tuple(str(ref) if isinstance(ref, Path) else ref for ref in policies),
        seeds=seeds,
        first_seed=first_seed,
        accounts=accounts,
        days=days,
        portfolio=None if portfolio is None else str(portfolio),
        map=None if column_map is None else str(column_map),
        events=events,
        personal=personal,
        champion=champion,
        change_cost=change_cost,
    )
    folder = Path(out) if out is not None else new_run_folder(source)
    command = f"recoup.compare({source!r}, {list(comparison.texts)!r}, seeds={seeds})"
    with team_of(workers, ray) as team:
        run(comparison, folder, team, resume, command=command)
    return Results(folder)


def _source(scenario: str | Path | Scenario) -> str:
    """The name or path that worker processes load the scenario from.

    Raises:
        InputError: a scenario that was changed in memory, which no file says.
    """
    if not isinstance(scenario, Scenario):
        return str(scenario)
    if scenario.world is not scenario.file.world:
        raise InputError(
            "scenario", "", f"{scenario.name}, changed in memory", "a scenario file (.yaml) with that change"
        )
    return (
        scenario.name
        if scenario.name in scenario_names() and scenario.path == scenario_path(scenario.name)
        else str(scenario.path)
    )
