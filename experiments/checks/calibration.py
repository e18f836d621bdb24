"""Does the world behave like figures from outside? Every target of scenarios/calibration/ against what the world gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from rich.console import Console

from recoup.experiments.checks.laboratory import ACCOUNTS, Laboratory
from recoup.experiments.checks.targets import DESIGNS
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.runs.tables import Table
from recoup.experiments.runs.workers import Workers, run_each
from recoup.scenarios.schema import ROOT, Scenario
from recoup.sim.inputs import read_yaml, validated
from recoup.sim.parameters import Section


class Target(Section):
    """A figure from outside and the band that counts as reproducing it.

    Attributes:
        id: key of its design, in `targets.DESIGNS`.
        text: what is measured, in one line: who, what is done, what is read off.
        low, high: the band, both ends included, in the target's own unit (a share, a ratio, or per 1,000 accounts).
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
    """The targets file: whom the figures are about, and the figures."""

    population: str = ""
    targets: list[Target] = Field(min_length=1)


HOME = ROOT / "calibration" / "china-consumer.yaml"


def targets_path(scenario: Scenario) -> Path:
    """The targets of a scenario: the file of its name, or the home scenario's."""
    own = HOME.with_name(f"{scenario.name}.yaml")
    return own if own.exists() else HOME


def targets(path: Path = HOME) -> list[Target]:
    """All targets, in the order of the file.

    Raises:
        InputError: the file cannot be read, or breaks the schema.
    """
    return validated(Targets, read_yaml(path)).targets


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
    def interval(self) -> tuple[float | None, float | None]:
        """95 % bootstrap interval of the mean over the seeds; none from a single seed."""
        estimate = interval(self.values)
        return estimate["low"], estimate["high"]

    @property
    def inside(self) -> bool:
        """Whether the mean lies within the band."""
        return self.target.low <= self.mean <= self.target.high


def measure(
    scenario: Scenario,
    seeds: range,
    accounts: int = ACCOUNTS,
    ids: set[str] | None = None,
    *,
    workers: Workers = 1,
    advance: Callable[[], None] = lambda: None,
) -> list[Reading]:
    """Measure targets on each seed, on cohorts of `accounts` accounts; `ids`: these alone.

    Args:
        scenario: whose world is measured, against the targets of its name (`targets_path`).
        seeds: one cohort of accounts and random numbers each.
        accounts: size of each cohort.
        workers: processes, or a team, with a seed each; the numbers do not depend on it.
        advance: called after each seed; with one worker after each target on it.

    Raises:
        InputError: the targets cannot be read.
    """
    wanted = [target for target in targets(targets_path(scenario)) if ids is None or target.id in ids]
    work = partial(_on_seed, scenario, accounts, [target.id for target in wanted])
    if workers == 1:
        values = {seed: work(seed, advance) for seed in seeds}
    else:
        values = {}
        for seed, found in run_each(work, seeds, workers):
            values[seed] = found
            advance()
    return [Reading(target, tuple(values[seed][number] for seed in seeds)) for number, target in enumerate(wanted)]


def _on_seed(
    scenario: Scenario, accounts: int, ids: Sequence[str], seed: int, advance: Callable[[], None] = lambda: None
) -> list[float]:
    """What the world gives for some targets on one seed."""
    lab = Laboratory(scenario, seed, accounts)
    found = []
    for name in ids:
        found.append(DESIGNS[name](lab))
        advance()
    return found


def steps(scenario: Scenario, seeds: int, workers: object) -> int:
    """How often `measure` calls `advance`.

    Args:
        scenario: as `measure` takes it.
        seeds: how many.
        workers: 1, or anything else for a team.
    """
    return seeds * len(targets(targets_path(scenario))) if workers == 1 else seeds


def report_readings(
    scenario: Scenario, seeds: range, readings: Sequence[Reading], console: Console, as_json: bool, lang: str = "en"
) -> bool:
    """Print every target with what the world gave; True if all are inside their bands.

    Args:
        scenario: whose world was measured.
        seeds: one cohort each.
        readings: of `measure`.
        console: printed to.
        as_json: print JSON instead of a table.
        lang: `en` or `zh`, of the table; JSON quotes targets and sources as their file writes them.
    """
    say: Text = text_in(lang)
    if as_json:
        console.print_json(data=[_row(reading) for reading in readings])
    else:
        named = say.one_of("names", scenario.name, scenario.title)
        title = say("terminal.calibrate.title", title=named, first=seeds[0], last=seeds[-1])
        table = Table(*say.heads("target", "band", "measured", "interval", "inside", "source"), title=title)
        for reading in readings:
            target, (low, high) = reading.target, reading.interval
            table.add_row(
                say.target(target.text),
                f"{target.low:g} – {target.high:g}",
                f"{reading.mean:.3f}",
                "–" if low is None or high is None else f"{low:.3f} – {high:.3f}",
                say("yes") if reading.inside else say("no").upper(),
                say.target(target.source) + say("list.bracketed", text=target.confidence),
            )
        console.print(table)
        inside = sum(reading.inside for reading in readings)
        console.print(say("terminal.calibrate.found", inside=inside, n=len(readings)))
    return all(reading.inside for reading in readings)


def _row(reading: Reading) -> dict[str, Any]:
    low, high = reading.interval
    return {
        **reading.target.model_dump(),
        "mean": reading.mean,
        "interval": {"low": low, "high": high},
        "values": list(reading.values),
        "inside": reading.inside,
    }
