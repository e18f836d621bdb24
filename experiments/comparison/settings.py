"""What a comparison asks: the settings that the command line, the Python face and the run folder share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recoup.agents.policy import PolicyRef
from recoup.experiments.runs.console import complete_plans, complete_scenarios
from recoup.experiments.runs.options import Settings, setting
from recoup.experiments.runs.seeds import Seeds

if TYPE_CHECKING:
    from recoup.scenarios.schema import Scenario

_FILE = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)  # what a scenario or policy is named by that has a file


@dataclass(frozen=True)
class ScenarioAndPolicies(Settings):
    """Which policies meet in which scenario: the first fields of a `Comparison`."""

    scenario: str = setting(
        "china-consumer",
        "Shipped scenario's name, or a .yaml file.",
        flags=("-s", "--scenario"),
        completion=complete_scenarios,
    )
    policies: tuple[PolicyRef, ...] = setting(
        ("status-quo", "staged"),
        "Plan or policy: a name, a .yaml or a .json file, or NAME=FILE; once for each.",
        flags=("-p", "--plan"),
        completion=complete_plans,
        read_as=tuple[str, ...],
    )


@dataclass(frozen=True)
class Comparison(Seeds, ScenarioAndPolicies):
    """What to compare: every policy meets the same accounts and the same random numbers on a seed.

    Each attribute is an option of `recoup compare`. Paths are text, so that workers and run.json hold the same.

    Raises:
        InputError: on construction, a number out of its range.
    """

    days: int | None = setting(None, "Horizon in days.", least=1, most=3650, shown_default="the scenario's")
    portfolio: str | None = setting(
        None, "Your own accounts, a file or a database's address.", shown_default="the scenario's"
    )
    map: str | None = setting(None, "Column map of the portfolio (YAML).", shown_default="columns named as our fields")
    events: bool = setting(True, "Keep each run's event log and audit it.", flags=("--events/--no-events",))
    personal: bool = setting(
        False, "Keep age, sex, region and income in accounts.parquet.", flags=("--with-personal-data",)
    )
    champion: str | None = setting(
        None,
        "Plan in force, that the others would replace; one of those compared.",
        shown_default="status-quo, else the first that contacts anybody",
    )
    change_cost: float | None = setting(
        None,
        "One-off cost of a change of plan, in the scenario's currency: for the payback.",
        least=0,
        shown_default="none",
    )

    @classmethod
    def from_settings(cls, settings: dict[str, Any], **changes: Any) -> Comparison:
        """The comparison whose `settings` stand in a results file, with some of them changed.

        Args:
            settings: as the property `settings` gave them.
            changes: other values for attributes of the same names.
        """
        comparison = cls(**{**settings, "policies": tuple(settings["policies"])})
        return replace(comparison, **changes)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as JSON holds them, without passwords; a policy that is an object appears as `python:MODULE.CLASS`."""
        from recoup.sim.portfolio.sources import without_password

        shown = without_password(self.portfolio) if self.portfolio else None
        return asdict(replace(self.by_reference, portfolio=shown))

    @property
    def by_reference(self) -> Comparison:
        """The same comparison with text for every policy: what worker processes are sent."""
        return replace(self, policies=self.texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """The policies as text; see `settings`."""
        from recoup.agents.library import policy_ref_text

        return tuple(policy_ref_text(policy_ref) for policy_ref in self.policies)

    def load(self) -> Scenario:
        """The scenario, with the user's own portfolio if there is one.

        Raises:
            InputError: no such scenario, a fault in its file, or a map without a portfolio.
        """
        from recoup.sim.inputs import InputError

        if self.portfolio is None and self.map is not None:
            raise InputError("--map", "", self.map, "--portfolio beside it, the file that it maps")
        return _scenario(self.scenario, self.portfolio, self.map)


def require_files(settings: dict[str, Any], folder: Path, policies: Sequence[str] = ()) -> None:
    """Make sure that the files which a run was made of are there for a command that goes on from it.

    Args:
        settings: of the run, whose files are named as the user named them, which may be relative to where he was.
        folder: of the run.
        policies: those of the run that are needed, as its settings name them.

    Raises:
        InputError: a file that cannot be seen from here.
    """
    from recoup.sim.inputs import InputError

    named = [settings.get("portfolio"), settings.get("map")]
    named += [
        text
        for text in (settings["scenario"], *(one.partition("=")[2] or one for one in policies))
        if _FILE.search(text)
    ]
    for text in named:
        if text and "://" not in text and not Path(text).exists():
            where = "" if Path(text).is_absolute() else ", seen from here: run the command where the run was made"
            raise InputError(folder, "settings", text, f"a file that is still there{where}")


@lru_cache(maxsize=4)
def _scenario(name: str, portfolio: str | None, column_map: str | None) -> Scenario:
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.portfolio.sources import source_of

    scenario = load_scenario(name)
    return (
        scenario.with_portfolio(source_of(portfolio), Path(column_map) if column_map else None)
        if portfolio
        else scenario
    )
