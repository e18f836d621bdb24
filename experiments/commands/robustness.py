"""What `recoup stress`, `shadow-prices` and `upper-bounds` do alike: read what is to be tried, run it, join it to a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recoup.experiments.commands.options import RobustnessOptions
from recoup.experiments.runs.console import interruptible, progress_bar

if TYPE_CHECKING:
    from recoup.experiments.comparison.settings import Comparison
    from recoup.experiments.robustness.trial_cache import TrialCache
    from recoup.experiments.runs.file_kinds import JsonKind
    from recoup.experiments.runs.workers import Workers


def comparison_of(options: RobustnessOptions, policies: Sequence[str]) -> Comparison:
    """The comparison to work on; every name is checked before anything long begins.

    Raises:
        InputError: no such scenario or policy, or a folder that holds no finished comparison, or one of another scenario.
    """
    from recoup.experiments.comparison.results import RESULTS_FILE
    from recoup.experiments.comparison.settings import Comparison, require_files
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError

    settings: dict[str, Any] = {}
    scenario, into = options.scenario, options.into
    if into is not None:
        if not (into / RESULTS_FILE.name).exists():
            raise InputError(into, "--into", "no finished run", f"the folder of a comparison, with {RESULTS_FILE.name}")
        results = RESULTS_FILE.read(into)
        require_files(results["settings"], into)
        settings = {name: results["settings"][name] for name in ("scenario", "portfolio", "map", "days")}
        if scenario is not None and load_scenario(scenario).name != results["scenario"]:
            raise InputError(into, "--scenario", scenario, f"the run's own, {results['scenario']}, or none")
    comparison = Comparison(
        **{"scenario": scenario or "china-consumer", **settings},
        seeds=options.seeds,
        first_seed=options.first_seed,
        accounts=options.accounts,
    )
    return with_policies(comparison, policies)


def with_policies(comparison: Comparison, policies: Sequence[str]) -> Comparison:
    """The same comparison of other policies; every name is checked.

    Raises:
        InputError: no such scenario or policy.
    """
    from recoup.agents.library import load_policy

    scenario = comparison.load()
    for name in policies:
        load_policy(name, scenario.name, scenario.world)
    return replace(comparison, policies=tuple(policies))


def run_cached(
    options: RobustnessOptions,
    total: int,
    work: Callable[[Workers, TrialCache, Callable[[], None]], dict[str, Any]],
    kind: JsonKind,
    lang: str = "en",
) -> dict[str, Any]:
    """Work with a progress bar and the run folder's trial cache; the result goes into the folder, if there is one.

    Args:
        total: how often `work` calls the function that it is given beside workers and cache.
        kind: of the result in the folder.
        lang: `en` or `zh`.

    Raises:
        typer.Exit: interrupted; with a folder, finished trials stay in its cache.
    """
    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness.trial_cache import TRIALS, TrialCache

    into = options.into
    cache = TrialCache(into / TRIALS if into else None)
    hint = text_in(lang)(f"terminal.interrupted.{'same' if into else 'no_simulations'}")
    bar = progress_bar(text_in(lang)("terminal.bars.simulating"), total)
    with interruptible(lambda: hint), options.team() as team, bar as advance:
        result = work(team, cache, advance)
    if into:
        kind.write(into, result)
    return result
