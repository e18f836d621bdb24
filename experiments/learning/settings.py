"""What a training run is told: the options of `recoup train`, which are made from this class. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.experiments.runs.console import complete_plans, complete_scenarios
from recoup.experiments.runs.options import Settings, setting


@dataclass(frozen=True)
class Training(Settings):
    """Settings of a training run; each field's description, default and range are those of its option.

    Seeds of training lie far from those of any comparison (`recoup.scenarios.environments.PORTFOLIO_SEED`).

    Raises:
        InputError: a number out of its range.
    """

    scenario: str = setting(
        "china-consumer", "Scenario's name or file.", flags=("-s", "--scenario"), completion=complete_scenarios
    )
    algorithm: str = setting("maskable-ppo", "maskable-ppo, ppo, dqn, qr-dqn or recurrent-ppo.")
    steps: int = setting(20_000_000, "Account-days to learn from.", least=1, most=10**11)
    seed: int = setting(1, "Seed of training.", least=0, most=1_000_000)
    cohorts: int = setting(4, "Cohorts side by side, each at another age.", least=1, most=60)
    paired_rollouts: int = setting(
        2, "Rollouts of each cohort under common random numbers, as control variates of each other.", least=1, most=16
    )
    accounts: int = setting(500, "Accounts in each cohort.", least=10, most=100_000)
    domain_randomisation: float = setting(
        0.1, "Vary behaviour parameters between cohorts by up to this share; 0 = not at all.", least=0, most=0.9
    )
    time_weight: float = setting(0.3, "Weight of early resolution beside money.", least=0, most=10)
    warm_start: str | None = setting(
        "tiered", "Plan or policy to clone before learning starts; «none» to start from a random network."
    )
    baseline: str = setting(
        "staged", "Plan to beat; its cost and complaints are the limits.", completion=complete_plans
    )
    limits: bool = setting(True, "Keep to the baseline's cost and complaints.")
    complaint_price: float = setting(2.0, "Initial price of a complaint, in mean opening balances.", least=0, most=1000)
    contact_cap_per_week: int | None = setting(
        None,
        "Contact cap beyond the rules: no call or text once this many of the last 7 days held one.",
        least=1,
        most=7,
    )
    hyperparameters: str | None = setting(None, "YAML file of hyper-parameters, in place of the shipped one.")
    name: str = setting("learned", "Name of the policy.")
