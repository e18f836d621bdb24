"""Options that several commands share, written once: settings classes whose fields become the options of a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from recoup.experiments.runs.console import complete_plans, complete_scenarios
from recoup.experiments.runs.options import Settings, setting


def policies_option(default: str) -> Any:
    """The option `--policy`, to be given once for each policy; `default` says what it is without."""
    return typer.Option("-p", "--policy", help="Once for each.", show_default=default, autocompletion=complete_plans)


@dataclass(frozen=True)
class SimulationOptions(Settings):
    """How a command simulates: seeds `first_seed`, `first_seed` + 1, …; accounts (None: the scenario's); worker processes."""

    seeds: int = setting(10, "Number of seeds.", least=1, most=10_000)
    first_seed: int = setting(1, "First seed.", least=0, most=2**62)
    accounts: int | None = setting(
        None, "Accounts.", least=1, most=10_000_000, shown_default="the scenario's, or all of a file"
    )
    workers: int = setting(1, "Processes; the numbers do not depend on it.", least=1, most=1024)
    json: bool = setting(False, "Print JSON instead of tables.", flags=("--json",))

    @property
    def seed_range(self) -> range:
        """The seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)


@dataclass(frozen=True)
class RobustnessOptions(SimulationOptions):
    """What the robustness commands have in common: a scenario, and the folder of a comparison that the result joins."""

    seeds: int = setting(5, "Number of seeds.", least=2, most=10_000)
    scenario: str | None = setting(
        None,
        "Shipped scenario's name, or a .yaml file.",
        flags=("-s", "--scenario"),
        completion=complete_scenarios,
        shown_default="that of --into, else china-consumer",
    )
    into: Path | None = setting(
        None, "Folder of a comparison: its scenario, portfolio and horizon are used, its report shows the result."
    )
