"""What a comparison asks: the settings that the command line, the Python face and the run folder share."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from recoup.agents.library import PolicyRef, policy_ref_text
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.inputs import InputError


@dataclass(frozen=True)
class Comparison:
    """What to compare. Paths are text, so that workers and run.json hold the same.

    Attributes:
        scenario: name of a shipped scenario, or the path of a scenario file.
        plans: the policies, each as `agents.library.load_policy` takes it, or `NAME=PATH`.
        seeds: how many seeds; every policy meets the same accounts and the same random numbers on a seed.
        first_seed: the first of them; the others follow.
        accounts: size of the portfolio; None = the scenario's own, or all accounts of a file.
        days: horizon in days; None = the scenario's own.
        portfolio: the user's own accounts (CSV or Parquet); needs `map`.
        map: the column map of `portfolio`.
        events: keep each run's event log and audit it.
        personal: keep age, sex, region and income in accounts.parquet.
    """

    scenario: str
    plans: tuple[PolicyRef, ...]
    seeds: int = 10
    first_seed: int = 1
    accounts: int | None = None
    days: int | None = None
    portfolio: str | None = None
    map: str | None = None
    events: bool = True
    personal: bool = False

    @classmethod
    def from_settings(cls, settings: dict[str, Any], **changes: Any) -> Comparison:
        """The comparison whose `settings` stand in a results file, with some of them changed.

        Args:
            settings: as the property `settings` gave them.
            changes: other values for attributes of the same names.
        """
        comparison = cls(**{**settings, "plans": tuple(settings["plans"])})
        return replace(comparison, **changes)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as JSON holds them; a policy that is an object appears as `python:MODULE.CLASS`."""
        return asdict(self.by_reference)

    @property
    def by_reference(self) -> Comparison:
        """The same comparison with text for every policy: what worker processes are sent."""
        return replace(self, plans=self.texts)

    @property
    def texts(self) -> tuple[str, ...]:
        """The policies as text; see `settings`."""
        return tuple(policy_ref_text(policy_ref) for policy_ref in self.plans)

    def load(self) -> Scenario:
        """The scenario, with the user's own portfolio if there is one.

        Raises:
            InputError: no such scenario, a fault in its file, or a portfolio without a map.
        """
        if (self.portfolio is None) != (self.map is None):
            raise InputError("portfolio", "", self.portfolio or self.map, "a portfolio and its column map together")
        return _scenario(self.scenario, self.portfolio, self.map)

    @property
    def seed_range(self) -> range:
        """The seeds, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)


@lru_cache(maxsize=4)
def _scenario(name: str, portfolio: str | None, column_map: str | None) -> Scenario:
    scenario = load_scenario(name)
    return scenario.with_portfolio(Path(portfolio), Path(column_map)) if portfolio and column_map else scenario
