"""The settings of `recoup train`, `tune`, `distill` and `index`; their options are made from these classes. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.experiments.runs.console import complete_plans, complete_scenarios
from recoup.experiments.runs.options import Settings, setting
from recoup.experiments.runs.seeds import Seeds

# Beyond `PORTFOLIO_SEED`: of the portfolios that a training's versions are assessed on.
VALIDATION_SEEDS = range(800_000, 800_002)
MAY_DIFFER = ("steps", "device", "threads")  # settings of a training that may be others when it is resumed
SEEDS_OF_COHORTS = 1000  # a training's cohorts begin at this many times its seed, its accounts at the seed itself


@dataclass(frozen=True)
class Training(Settings):
    """Settings of a training run; each field's description, default and range are those of its option.

    Seeds of training lie far from those of any comparison (`recoup.scenarios.environments.PORTFOLIO_SEED`).

    Raises:
        InputError: a number out of its range, or a seed whose accounts or cohorts are those of the validation.
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
    hidden_state_critic: bool = setting(
        True, "Let the critic, which is needed in training alone, see debtors' hidden state; the policy never does."
    )
    critic_rollouts: int = setting(
        10,
        "First rollouts in which the critic alone learns: a policy that starts well would unlearn what pays late.",
        least=0,
        most=10_000,
    )
    accounts: int = setting(500, "Accounts in each cohort.", least=10, most=100_000)
    domain_randomisation: float = setting(
        0.1, "Vary behaviour parameters between cohorts by up to this share; 0 = not at all.", least=0, most=0.9
    )
    lever_worlds: float = setting(
        0.3, "Share of cohorts in worlds where every lever has another strength (`recoup levers`).", least=0, most=1
    )
    price_family: bool = setting(
        False, "Train for all prices of complaints, contacts and staff time at once, for `recoup frontier`."
    )
    time_weight: float = setting(0.3, "Weight of early resolution beside money.", least=0, most=10)
    warm_start: str | None = setting(
        "tiered", "Plan or policy to clone before learning starts; «none» to start from a random network."
    )
    improve: str | None = setting(
        None,
        "Plan to improve: the network sees its choice, and at first makes the same; takes the place of --warm-start.",
        completion=complete_plans,
        shown_default="none",
    )
    baseline: str = setting(
        "staged", "Plan to beat; its cost, complaints and contacts are the limits.", completion=complete_plans
    )
    limits: bool = setting(True, "Keep to the baseline's cost, complaints and contacts.")
    complaint_price: float = setting(2.0, "Initial price of a complaint, in mean opening balances.", least=0, most=1000)
    contact_cap_per_week: int | None = setting(
        None,
        "Contact cap beyond the rules: no call or text once this many of the last 7 days held one.",
        shown_default="none",
        least=1,
        most=7,
    )
    hyperparameters: str | None = setting(
        None, "YAML file of hyper-parameters, in place of the shipped one.", shown_default="the shipped one"
    )
    device: str = setting("auto", "What networks are computed on: cpu, cuda, or auto for cuda where there is one.")
    threads: int | None = setting(
        None,
        "Cores that share a training of maskable-ppo, each by a process of its own; no number depends on it.",
        least=1,
        most=256,
        shown_default="the machine's cores, shared among --workers",
    )
    name: str = setting("learned", "Name of the policy.")

    def __post_init__(self) -> None:
        super().__post_init__()
        first = SEEDS_OF_COHORTS * self.seed
        cohorts = range(first, first + SEEDS_OF_COHORTS)
        if self.seed in VALIDATION_SEEDS or VALIDATION_SEEDS.start in cohorts:
            from recoup.sim.inputs import InputError

            raise InputError("Training", "seed", self.seed, "another: validation has the accounts of this one")


@dataclass(frozen=True)
class SeedEvaluation(Seeds):
    """On what the policies of several training seeds are evaluated; each field's description, default and range are those of its option.

    Raises:
        InputError: a number out of its range.
    """

    seeds: int = setting(20, "Number of evaluation seeds.", least=1, most=10_000)
    first_seed: int = setting(101, "First evaluation seed.", least=0, most=2**62)
    scenario: str | None = setting(
        None,
        "Scenario's name or file.",
        flags=("-s", "--scenario"),
        completion=complete_scenarios,
        shown_default="that of the training",
    )
    baseline: str = setting("staged", "Plan or policy to compare with.", completion=complete_plans)


@dataclass(frozen=True)
class Tuning(Settings):
    """Settings of a search for better numbers in a plan; each field's description, default and range are those of its option.

    Raises:
        InputError: a number out of its range.
    """

    scenario: str = setting(
        "china-consumer", "Scenario's name or file.", flags=("-s", "--scenario"), completion=complete_scenarios
    )
    name: str = setting("tuned", "Name of the new plan.")
    sweeps: int = setting(3, "Most sweeps over the plan.", least=1, most=100)
    exceptions: int = setting(
        0, "Exceptions to rules to try before the sweeps, drawn at random.", least=0, most=1_000_000
    )
    field: tuple[str, ...] | None = setting(None, "Fields whose numbers may move.", shown_default="those of pace")
    cohorts: int = setting(8, "Cohorts each version is tried on.", least=3, most=100)
    accounts: int = setting(2000, "Accounts in each.", least=50, most=1_000_000)
    baseline: str = setting("staged", "Plan whose cost, complaints and contacts are the limits.")
    time_weight: float = setting(0.3, "Weight of early resolution beside money.", least=0, most=10)
    complaint_price: float = setting(
        0.0, "Price of a complaint within the limit, in mean opening balances.", least=0, most=1000
    )


@dataclass(frozen=True)
class Extraction(Settings):
    """How a plan is made of a learned policy: the first fields of a `Distillation`."""

    scenario: str = setting("china-consumer", "Scenario's name or file.", flags=("-s", "--scenario"))
    name: str = setting("distilled", "Name of the plan.")
    leaves: tuple[int, ...] | None = setting(
        None, "Sizes of tree to try, once for each.", shown_default="24, 40", least=2, most=200
    )
    start: str | None = setting(
        None,
        "Plan that is tried with exceptions where the policy departs from it.",
        shown_default="the one its training began from",
        completion=complete_plans,
    )
    baseline: str = setting(
        "staged", "Plan that the advantage is measured against, and whose cost, complaints and contacts are the limits."
    )


@dataclass(frozen=True)
class Distillation(Seeds, Extraction):
    """Settings of a distillation, and the seeds that its plan is measured on; descriptions, defaults and ranges are the options'.

    Raises:
        InputError: a number out of its range.
    """

    seeds: int = setting(5, "Seeds to measure on.", least=2, most=10_000)
    accounts: int | None = setting(None, "Accounts.", least=10, shown_default="the scenario's")


@dataclass(frozen=True)
class IndexStudy(Settings):
    """Settings of an index policy: what to learn from. Seeds lie far from those of any comparison.

    Attributes:
        outlook_cohorts: cohorts that say what is to come of an account under the plan.
        rounds: tries of prices and caution.

    Raises:
        InputError: a number out of its range.
    """

    scenario: str = setting(
        "china-consumer", "Scenario's name or file.", flags=("-s", "--scenario"), completion=complete_scenarios
    )
    base: str = setting("tuned", "Plan to deviate from, and to improve.", completion=complete_plans)
    baseline: str = setting(
        "staged", "Plan whose cost, complaints and contacts are the limits.", completion=complete_plans
    )
    cohorts: int = setting(10, "Cohorts with deviations.", least=2, most=900)
    accounts: int = setting(30_000, "Accounts in each.", least=50, most=1_000_000)
    outlook_days: int = setting(
        14, "Days after a deviation from which what follows is estimated, not awaited.", least=1, most=3650
    )
    time_weight: float = setting(0.0, "Weight of early resolution beside money.", least=0, most=10)
    seed: int = setting(1, "Seed of the deviations.", least=0, most=10_000)
    name: str = setting("index", "Name of the policy.")
    outlook_cohorts: int = 5
    rounds: int = 12
