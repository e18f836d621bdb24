"""Gymnasium environments by scenario name: what the ids registered by `recoup.py` make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recoup.scenarios.schema import MOST_ACCOUNTS, Scenario, load_scenario
from recoup.sim.envs.account import AccountEnv
from recoup.sim.envs.arguments import whole
from recoup.sim.envs.portfolio import PortfolioVectorEnv

PORTFOLIO_SEED = 20_000_000  # accounts to train on: no comparison uses seeds as high


def account(
    scenario: str | Path = "china-consumer", accounts: int = 2000, portfolio_seed: int = PORTFOLIO_SEED, **options: Any
) -> AccountEnv:
    """What `gym.make("recoup/Account-v1", scenario=…)` makes: one debtor in a living portfolio.

    Args:
        scenario: a shipped scenario's name, or the path of a scenario file.
        accounts: size of the portfolio, the debtor included.
        portfolio_seed: which accounts are generated, or sampled from a file.
        options: as `AccountEnv` takes them; `days` is the scenario's horizon unless given.

    Raises:
        InputError: no such scenario, or a fault in its file.
        ValueError: an option out of its range.
    """
    loaded = _scenario(scenario)
    size = whole("accounts", accounts, 1, MOST_ACCOUNTS)
    return AccountEnv(
        loaded.world, loaded.rules, loaded.portfolio(size, _seed(portfolio_seed)), **{"days": loaded.days, **options}
    )


def portfolio(
    scenario: str | Path = "china-consumer",
    num_envs: int = 1,
    accounts: int | None = None,
    portfolio_seed: int = PORTFOLIO_SEED,
    **options: Any,
) -> PortfolioVectorEnv:
    """What `gym.make_vec("recoup/Portfolio-v1", num_envs=…, scenario=…)` makes: every debtor of one shared simulation.

    Args:
        scenario: a shipped scenario's name, or the path of a scenario file.
        num_envs: places, one sub-environment each.
        accounts: how many accounts entrants are drawn from; None = five for each place.
        portfolio_seed: which accounts are generated, or sampled from a file.
        options: as `PortfolioVectorEnv` takes them; `days` is the scenario's horizon unless given.

    Raises:
        InputError: no such scenario, or a fault in its file.
        ValueError: an option out of its range.
    """
    loaded = _scenario(scenario)
    places = whole("num_envs", num_envs, 1, MOST_ACCOUNTS)
    size = min(5 * places, MOST_ACCOUNTS)
    if accounts is not None:
        size = whole("accounts", accounts, places, MOST_ACCOUNTS, ", at least one for each of num_envs")
    options = {"days": loaded.days, **options}
    accounts_of = loaded.portfolio(size, _seed(portfolio_seed))
    return PortfolioVectorEnv(loaded.world, loaded.rules, accounts_of, places, **options)


def _scenario(scenario: str | Path) -> Scenario:
    if not isinstance(scenario, str | Path):
        raise ValueError(f"scenario is {scenario!r}, expected a shipped scenario's name or the path of a scenario file")
    return load_scenario(str(scenario))


def _seed(portfolio_seed: int) -> int:
    return whole("portfolio_seed", portfolio_seed, 0, 2**62)
