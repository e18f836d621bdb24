"""A finished comparison as Python users read it: tables, pictures and the report."""

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from recoup.experiments.comparison.files import (
    ACCOUNTS_TABLE,
    AUDIT_FILE,
    COLLECTORS_TABLE,
    DAILY_TABLE,
    FAIRNESS_FILE,
    WELFARE_FILE,
)
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.run import Run
from recoup.experiments.report import render, text_in
from recoup.experiments.report.answers import answers
from recoup.sim.inputs import InputError, choose

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INTERVAL = ("mean", "low", "high")


class Results:
    """A finished run: measures, paired differences, tables, audit and report.

    Args:
        folder: a run folder of `recoup.compare` or `recoup compare`.

    Attributes:
        folder: the run folder.
        raw: the content of results.json.

    Raises:
        InputError: the folder holds no finished run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._run = Run(self.folder)
        self.raw: dict[str, Any] = self._run.results

    @property
    def policies(self) -> list[str]:
        """Names of the policies, in the order in which they were given."""
        return list(self._run.names)

    @property
    def seeds(self) -> list[int]:
        """The seeds that every policy met."""
        return list(self.raw["seeds"])

    @cached_property
    def measures(self) -> pd.DataFrame:
        """Means over seeds with 95 % bootstrap intervals.

        Returns:
            One row for each (policy, measure), columns mean, low, high, unit; NaN where a measure is undefined, or where one seed
            gives no interval. `recoup.experiments.comparison.measures.MEASURES` defines the measures.
        """
        rows = {
            (name, measure): {**_limits(self._run.value(name, measure)), "unit": str(MEASURE[measure].unit)}
            for name in self.policies
            for measure in MEASURE
        }
        return _table(rows, ["policy", "measure"])

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Differences between every two policies, paired by seed, with 95 % bootstrap intervals.

        Returns:
            One row for each (challenger, baseline, measure): mean, low, high of challenger − baseline in the measure's unit, and
            relative_mean, relative_low, relative_high of challenger / baseline − 1.
        """
        rows = {}
        for challenger in self.policies:
            for baseline in self.policies:
                if challenger != baseline:
                    for measure in MEASURE:
                        pair = self._run.difference(challenger, baseline, measure)
                        relative = {f"relative_{k}": v for k, v in _limits(pair["relative"]).items()}
                        rows[challenger, baseline, measure] = {**_limits(pair), **relative}
        return _table(rows, ["challenger", "baseline", "measure"])

    @cached_property
    def by_seed(self) -> pd.DataFrame:
        """Every measure of every policy on each seed: index (policy, seed), one column a measure."""
        rows = {
            (name, seed): part["measures"]
            for name in self.policies
            for seed, part in zip(self.seeds, self._run.parts(name), strict=True)
        }
        return _table(rows, ["policy", "seed"]).astype(float)

    @property
    def accounts(self) -> pd.DataFrame:
        """One row for each account, policy and seed; money in cents. See docs/reference/run-folder.md."""
        return ACCOUNTS_TABLE.read(self.folder / ACCOUNTS_TABLE.name)

    @property
    def daily(self) -> pd.DataFrame:
        """One row for each day, policy and seed; money in cents. See docs/reference/run-folder.md."""
        return DAILY_TABLE.read(self.folder / DAILY_TABLE.name)

    @property
    def collectors(self) -> pd.DataFrame:
        """One row for each person on the telephone, policy and seed, and one for nobody; money in cents.

        See docs/reference/run-folder.md.
        """
        return COLLECTORS_TABLE.read(self.folder / COLLECTORS_TABLE.name)

    @property
    def audit(self) -> dict[str, Any] | None:
        """What the independent audit of the event logs found; None for a run without events."""
        return self._run.extra(AUDIT_FILE)

    @property
    def welfare(self) -> dict[str, Any]:
        """What the policies ask of debtors, and the non-inferiority check of that burden."""
        return self._run.extra(WELFARE_FILE)  # type: ignore[return-value]

    @property
    def fairness(self) -> dict[str, Any]:
        """Treatment and outcomes by protected group."""
        return self._run.extra(FAIRNESS_FILE)  # type: ignore[return-value]

    def answers(self, language: str = "en") -> list[str]:
        """What the run says, in sentences: the best policy against the baseline, claims, cost, complaints, breaches.

        Args:
            language: "en" or "zh".
        """
        return answers(self.raw, text_in(language))

    def plot(self, measure: str = "recovery_rate", axes: Axes | None = None) -> Axes:
        """One point with its 95 % interval for each policy.

        Args:
            measure: name of a measure.
            axes: where to draw; None = a new figure.

        Raises:
            InputError: no such measure.
        """
        if measure not in MEASURE:
            raise InputError("measure", "", measure, choose(MEASURE, measure))
        table = self.measures.xs(measure, level="measure").loc[self.policies[::-1]]
        axes = axes or _new_axes(height=1.2 + 0.4 * len(table))
        scale = 100.0 if MEASURE[measure].unit == "share" else 1.0
        for row, (name, values) in enumerate(table.iterrows()):
            axes.plot([scale * values["low"], scale * values["high"]], [row, row], color="#0072B2", linewidth=2)
            axes.plot(scale * values["mean"], row, "o", color="#0072B2", label=str(name))
        axes.set_yticks(range(len(table)), list(table.index))
        unit = "%" if MEASURE[measure].unit == "share" else MEASURE[measure].unit
        axes.set_xlabel(f"{MEASURE[measure].title} ({unit}); mean over {len(self.seeds)} seeds and 95 % interval")
        axes.margins(y=0.2)
        return axes

    def plot_liquidation(self, axes: Axes | None = None) -> Axes:
        """Cumulative cash over opening balance by day, a line for each policy (mean over seeds).

        Args:
            axes: where to draw; None = a new figure.
        """
        axes = axes or _new_axes(height=4.0)
        for name, curves in self._run.curves("liquidation").items():
            axes.plot(100.0 * curves.mean(axis=0), label=name)
        axes.set_xlabel("day")
        axes.set_ylabel("cash received, % of opening balance")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
        return axes

    def report(self, language: str = "en") -> Path:
        """Write the HTML report into the run folder.

        Args:
            language: "en" or "zh".

        Returns:
            Its path.
        """
        return render(self.folder, language)

    def __repr__(self) -> str:
        title, accounts = self.raw["title"], self.raw["portfolio"]["accounts"]
        return f"<Results {self.folder}: {title}, {accounts:,} accounts, {len(self.seeds)} seeds, policies {', '.join(self.policies)}>"

    def _repr_html_(self) -> str:
        return self.measures["mean"].unstack("policy")[self.policies].to_html(float_format="{:.4g}".format)


def open_run(folder: str | Path) -> Results:
    """The results of a finished run.

    Args:
        folder: its run folder.

    Raises:
        InputError: the folder holds no finished run.
    """
    return Results(folder)


def _limits(interval: dict[str, Any]) -> dict[str, Any]:
    return {key: interval[key] for key in _INTERVAL}


def _table(rows: dict[Any, dict[str, Any]], index: list[str]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=index)
    numbers = [name for name in table if name != "unit"]
    return table.astype(dict.fromkeys(numbers, float))


def _new_axes(height: float) -> Axes:
    from matplotlib.figure import Figure

    class Shown(Figure):
        """A figure that notebooks show, whether pyplot is loaded or not."""

        def _repr_png_(self) -> bytes:
            picture = BytesIO()
            self.savefig(picture, format="png", dpi=100)
            return picture.getvalue()

    return Shown(figsize=(7.0, height), layout="constrained").subplots()  # type: ignore[no-any-return]
