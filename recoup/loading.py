"""Scenarios, portfolios and policies by name or file."""

from __future__ import annotations

from pathlib import Path

from recoup.agents import library
from recoup.agents.policy import Policy, PolicyRef
from recoup.scenarios import schema
from recoup.scenarios.schema import Scenario
from recoup.sim.portfolio.sources import source_of
from recoup.sim.portfolio.table import Portfolio


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A scenario: world, rule pack and portfolio.

    Args:
        name_or_path: a shipped scenario's name (see `scenario_names`), or the path of a scenario file (.yaml).

    Raises:
        InputError: no such scenario, or a fault in its file, with file, line, field, value and what was expected.

    Example:
        >>> import recoup
        >>> scenario = recoup.load_scenario("china-consumer")
        >>> scenario.days, scenario.world.currency
        (180, 'CNY')
        >>> simulation = scenario.simulation(seed=1, accounts=50)
        >>> simulation.observe().shape == (50, len(recoup.FIELDS))
        True
    """
    return schema.load_scenario(str(name_or_path))


def load_portfolio(
    file: str | Path, column_map: str | Path, scenario: str | Path | Scenario = "china-consumer"
) -> Portfolio:
    """A portfolio from a user's own file.

    Args:
        file: accounts as CSV, Parquet or Excel, a DuckDB or SQLite file, or the address of a database (`postgresql://…?query=SELECT …`).
        column_map: YAML file that says which column is what; see docs/portfolios.md.
        scenario: what the file does not say is drawn from this scenario's population.

    Returns:
        All accounts of the file; `table` is a DataFrame, `filled` and `notes` say what was drawn.

    Raises:
        InputError: the file or its map is wrong.
    """
    home = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    return home.with_portfolio(source_of(file), Path(column_map)).portfolio(None, seed=0)


def load_policy(policy_ref: PolicyRef, scenario: str | Path | Scenario) -> Policy:
    """A policy, ready to act on a scenario's treatment menu.

    Args:
        policy_ref: a shipped plan's name ("staged"), one of the scenario's own policies ("learned"), a plan file (.yaml), a policy
            file (.json), or an object with an `act` method.
        scenario: what it is to act on.

    Raises:
        InputError: no such policy, a fault in its file, or one made for other treatments.

    Example:
        >>> import recoup
        >>> scenario = recoup.load_scenario("china-consumer")
        >>> policy = recoup.load_policy("staged", scenario)
        >>> simulation = scenario.simulation(seed=1, accounts=50)
        >>> actions = policy.act(simulation.observe(), simulation.masks())
        >>> actions.shape
        (50,)
    """
    home = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    return library.load_policy(str(policy_ref) if isinstance(policy_ref, Path) else policy_ref, home.name, home.world)
