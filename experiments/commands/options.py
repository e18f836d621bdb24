"""Options that several commands share, written once: settings classes whose fields become the options of a command."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from recoup.experiments.runs.console import RAY_HELP, WORKERS_HELP, complete_plans, complete_scenarios
from recoup.experiments.runs.options import setting
from recoup.experiments.runs.seeds import Seeds

if TYPE_CHECKING:
    from recoup.experiments.runs.workers import Workers


def policies_option(default: str) -> Any:
    """The option `--policy`, to be given once for each policy; `default` says what it is without."""
    return typer.Option("-p", "--policy", help="Once for each.", show_default=default, autocompletion=complete_plans)


@dataclass(frozen=True)
class SimulationOptions(Seeds):
    """How a command simulates: on which seeds and accounts, in how many worker processes, and how it shows the result."""

    workers: int = setting(1, WORKERS_HELP, least=1, most=1024)
    ray: str | None = setting(None, RAY_HELP, shown_default="none")
    json: bool = setting(False, "Print JSON instead of tables.", flags=("--json",))

    def team(self) -> AbstractContextManager[Workers]:
        """The workers, for as long as a block lasts; see `workers.team_of`."""
        from recoup.experiments.runs.workers import team_of

        return team_of(self.workers, self.ray)


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
        None,
        "Folder of a comparison: its scenario, portfolio and horizon are used, its report shows the result.",
        shown_default="none",
    )
