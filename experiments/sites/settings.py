"""What `recoup sites` asks: the settings that the command line, the workers and the run folder share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.console import complete_plans, complete_scenarios
from recoup.experiments.runs.options import Settings, setting

if TYPE_CHECKING:
    from recoup.scenarios.schema import Scenario

DAILY, FORECAST = "daily", "forecast"
EXCHANGES = (DAILY, FORECAST)


@dataclass(frozen=True)
class Sites(Settings):
    """One plan on one portfolio, which is cut into sites.

    Each attribute is an option of `recoup sites`. Paths are text, so that workers and run.json hold the same.

    Raises:
        InputError: on construction, a number out of its range, or no such exchange.
    """

    scenario: str = setting(
        "china-consumer",
        "Shipped scenario's name, or a .yaml file.",
        flags=("-s", "--scenario"),
        completion=complete_scenarios,
    )
    plan: str = setting(
        "staged",
        "Plan or policy: a name, a .yaml or a .json file.",
        flags=("-p", "--plan"),
        completion=complete_plans,
    )
    sites: int = setting(10, "Number of sites; accounts go to them in turn.", least=1, most=10_000)
    by_region: bool = setting(
        False, "A site for each region of the portfolio, instead of --sites.", flags=("--by-region",)
    )
    accounts: int | None = setting(
        None, "Accounts.", least=1, most=1_000_000_000, shown_default="the scenario's, or all of a file"
    )
    seed: int = setting(1, "Seed of accounts and random numbers.", least=0, most=2**62)
    days: int | None = setting(None, "Horizon in days.", least=1, most=3650, shown_default="the scenario's")
    portfolio: str | None = setting(
        None, "Your own accounts, a file or a database's address.", shown_default="the scenario's"
    )
    map: str | None = setting(None, "Column map of the portfolio (YAML).", shown_default="columns named as our fields")
    exchange: str = setting(
        FORECAST,
        "How sites learn what they share: `forecast` lets each run by itself, `daily` holds all in memory and lets them exchange.",
        completion=lambda: list(EXCHANGES),
    )
    passes: int = setting(2, "Most passes over all sites, until forecast and outcome agree.", least=1, most=20)
    tolerance: float = setting(
        0.01,
        "Forecast and outcome agree when no shared quantity, a share, differs by more on any day.",
        least=0,
        most=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exchange not in EXCHANGES:
            from recoup.sim.inputs import InputError, choose

            raise InputError("--exchange", "", self.exchange, choose(EXCHANGES, self.exchange))

    @property
    def shown(self) -> dict[str, Any]:
        """The settings as sites.json holds them, without passwords."""
        from recoup.sim.portfolio.sources import without_password

        return {**asdict(self), "portfolio": without_password(self.portfolio) if self.portfolio else None}

    def load(self) -> Scenario:
        """The scenario, with the user's own portfolio if there is one.

        Raises:
            InputError: as `Comparison.load`.
        """
        return Comparison(self.scenario, (self.plan,), portfolio=self.portfolio, map=self.map).load()
