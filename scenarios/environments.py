"""Gymnasium environments by scenario name: what the ids registered by `recoup.py` make."""

from __future__ import annotations

from typing import Any

from recoup.scenarios.schema import load_scenario
from recoup.sim.envs.account import AccountEnv
from recoup.sim.envs.portfolio import PortfolioVectorEnv

PORTFOLIO_SEED = 20_000_000  # accounts to train on: no comparison uses seeds as high


def account(
    scenario: str = "china-consumer", accounts: int = 2000, portfolio_seed: int = PORTFOLIO_SEED, **options: Any
) -> AccountEnv:
    """`gym.make("recoup/Account-v0", scenario=…)`: one debtor in a living portfolio; options as `AccountEnv`."""
    found = load_scenario(scenario)
    return AccountEnv(
        found.world, found.rules, found.portfolio(accounts, portfolio_seed), **{"days": found.days, **options}
    )


def portfolio(
    scenario: str = "china-consumer",
    num_envs: int = 1,
    accounts: int | None = None,
    portfolio_seed: int = PORTFOLIO_SEED,
    **options: Any,
) -> PortfolioVectorEnv:
    """`gym.make_vec("recoup/Portfolio-v0", num_envs=…, scenario=…)`; options as `PortfolioVectorEnv`."""
    found = load_scenario(scenario)
    size = max(num_envs, accounts or 5 * num_envs)
    options = {"days": found.days, **options}
    return PortfolioVectorEnv(found.world, found.rules, found.portfolio(size, portfolio_seed), num_envs, **options)
