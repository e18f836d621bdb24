"""Values from logs: a two-step problem by hand, a bandit whose truth is known, what a log must hold, and when nothing is estimated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from recoup.agents.library import load_policy
from recoup.experiments.evidence.decision_log import DecisionLog, read_log
from recoup.experiments.evidence.episodes import Episodes, decisions_of, episodes_of
from recoup.experiments.evidence.estimators import Estimator, estimates, with_intervals
from recoup.experiments.evidence.evaluation import evaluate
from recoup.experiments.evidence.exploration import simulate_log, true_value
from recoup.experiments.evidence.fitted_q import Values, fitted_q
from recoup.experiments.evidence.propensities import estimated
from recoup.experiments.evidence.support import support_of
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, LOW
from recoup.sim.remarks import Remark
from recoup.sim.treatments import Menu
from tests.command import recoup

MENU = Menu.named(["nothing", "sms/morning"])
HOME = load_scenario("china-consumer")
HOME_MENU = Menu.of(HOME.world.channels, HOME.world.offers, HOME.world.legal)


class Always:
    """A policy that does one thing, or what a field says."""

    dropped = ()

    def __init__(self, action: int = 1, field: str | None = None) -> None:
        self.name, self.identity, self.action, self.field = "always", "always", action, field

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: object = None
    ) -> NDArray[np.int64]:
        if self.field:
            return (observations[:, FIELD_INDEX[self.field]] > 0).astype(np.int64)
        return np.full(len(observations), self.action, np.int64)

    def priority(self, observations: object, actions: object) -> None:
        return None


def log_of(actions: list[list[int]], rewards: list[list[float]], chance: float | None = 0.25) -> DecisionLog:
    """Accounts that may have different numbers of days; `chance` is the probability of the message, 1 − it of nothing."""
    account = np.repeat(np.arange(len(actions)), [len(days) for days in actions])
    day = np.concatenate([np.arange(len(days)) for days in actions])
    done = np.concatenate([np.array(days) for days in actions])
    return DecisionLog(
        source="made up",
        menu=MENU,
        names=np.array([f"a{n:04}" for n in range(len(actions))], object),
        account=account,
        day=day,
        observations=np.tile(LOW, (done.size, 1)),
        masks=np.ones((done.size, 2), bool),
        actions=done,
        rewards=np.concatenate([np.array(days, float) for days in rewards]),
        propensities=None if chance is None else np.where(done == 1, chance, 1 - chance),
    )


# A message (probability 1/4) twice or not: all courses in their exact shares, 9 + 3 + 3 + 1 of 16 accounts. The first message brings 4,
# its absence 1; the second brings 6 after a first, 2 without one, its absence nothing. Always a message: 4 + 6 = 10.
COURSES = {(0, 0): 9, (0, 1): 3, (1, 0): 3, (1, 1): 1}
SECOND = {(0, 0): 0.0, (0, 1): 2.0, (1, 0): 0.0, (1, 1): 6.0}


def two_steps() -> DecisionLog:
    actions = [list(course) for course, count in COURSES.items() for _ in range(count)]
    return log_of(actions, [[4.0 if a else 1.0, SECOND[a, b]] for a, b in actions])


def of_sixteen(values: Values | None) -> dict[Estimator, float]:
    log = two_steps()
    episodes = episodes_of(log, decisions_of(Always(), log), log.propensities, 2)  # type: ignore[arg-type]
    found = estimates(episodes, values)
    return {name: float(function(lambda a: a.mean(axis=0, keepdims=True))[0]) for name, function in found.items()}


def test_importance_weighting_of_two_steps_by_hand() -> None:
    found = of_sixteen(None)
    assert found[Estimator.LOGGED] == pytest.approx((12 * 1 + 4 * 4 + 3 * 2 + 1 * 6) / 16)  # 2.5
    assert found[Estimator.PER_DECISION] == pytest.approx(10.0)
    assert found[Estimator.SELF_NORMALISED] == pytest.approx(10.0)


@pytest.mark.parametrize("wrong", [0.0, 5.0])
def test_doubly_robust_is_right_where_the_models_are_wrong(wrong: float) -> None:
    actions = np.array([list(course) for course, count in COURSES.items() for _ in range(count)])
    first = np.where(actions[:, 0] == 1, 10.0 + wrong, 3.0 - wrong)
    second = np.array([SECOND[a, b] for a, b in actions]) + wrong * (1 + actions[:, 1])
    after = np.where(actions[:, 0] == 1, 6.0, 2.0) + wrong * 2
    values = Values(np.column_stack([first, second]), np.column_stack([np.full(16, 10.0 + wrong), after]))
    found = of_sixteen(values)
    assert found[Estimator.FITTED_Q] == pytest.approx(10.0 + wrong)
    assert found[Estimator.DOUBLY_ROBUST] == pytest.approx(10.0)
    assert found[Estimator.SELF_NORMALISED_DOUBLY_ROBUST] == pytest.approx(10.0)


def test_self_normalised_weights_are_ratios_at_each_step() -> None:
    # Weights 4, 0, 4 at the first step (mean 8/3) and 16, 0, 0 at the second, whatever the rewards' level: 3 + 7.
    episodes = Episodes(
        np.zeros((3, 2), int), np.array([[4.0, 4], [0, 1], [4, 0]]), np.array([[2.0, 7], [9, 9], [4, 9]])
    )
    found = estimates(episodes, None)[Estimator.SELF_NORMALISED](lambda a: a.mean(axis=0, keepdims=True))
    assert found[0] == pytest.approx((4 * 2 + 4 * 4) / 8 + 7.0)


def test_episodes_end_with_the_account_and_leave_out_who_came_late() -> None:
    log = log_of([[1, 1, 1], [1], [0, 1, 0]], [[1, 2, 3], [5], [7, 7, 7]], chance=0.5)
    late = log_of([[1, 1, 1], [1]], [[1, 2, 3], [5]], chance=0.5)
    late.day[3] = 2
    episodes = episodes_of(log, decisions_of(Always(), log), log.propensities, 2)  # type: ignore[arg-type]
    assert episodes.row.tolist() == [[0, 1], [3, -1], [4, 5]]
    assert episodes.weight.tolist() == [[2, 4], [2, 2], [0, 0]]
    assert episodes.reward.tolist() == [[1, 2], [5, 0], [7, 7]]
    shorter = episodes_of(late, decisions_of(Always(), late), late.propensities, 2)  # type: ignore[arg-type]
    assert shorter.row.tolist() == [[0, 1]] and shorter.left_out == 1


def test_effective_sample_size_and_mean_weight_by_hand() -> None:
    log = two_steps()
    wanted = decisions_of(Always(), log)
    support = support_of(log, wanted, episodes_of(log, wanted, log.propensities, 2))  # type: ignore[arg-type]
    assert support.sample.tolist() == [4.0, 1.0]  # equal weights of 4 accounts, then of one
    assert support.weight.mean == pytest.approx(1.0) and support.share.mean == pytest.approx(1.0)
    (only,) = support.treatments
    assert (only.treatment, only.chosen, only.agreed) == ("sms", 32, 4 + 4)


def bandit(random: np.random.Generator, accounts: int, chance: float | None = 0.3) -> DecisionLog:
    """One decision; a message (probability 0.3) brings 100 with probability 0.4, nothing 100 with 0.1: always a message is worth 40."""
    done = (random.random(accounts) < 0.3).astype(int)
    paid = random.random(accounts) < np.where(done == 1, 0.4, 0.1)
    return log_of(done[:, None].tolist(), (100.0 * paid)[:, None].tolist(), chance)


def test_intervals_hold_the_truth_of_a_bandit_about_as_often_as_they_say() -> None:
    random, runs = np.random.default_rng(7), 200
    held = dict.fromkeys((Estimator.PER_DECISION, Estimator.SELF_NORMALISED, Estimator.DOUBLY_ROBUST), 0)
    for run in range(runs):
        log = bandit(random, 300)
        episodes = episodes_of(log, decisions_of(Always(), log), log.propensities, 1)  # type: ignore[arg-type]
        says = Values(np.where(log.actions == 1, 55.0, 10.0)[:, None], np.full((300, 1), 55.0))  # 55 where 40 is right
        found = with_intervals(episodes, says, seed=run)
        for name in held:
            held[name] += found[name]["value"]["low"] <= 40.0 <= found[name]["value"]["high"]
    # 95 %, and three standard errors of a share of 200 either way
    assert all(0.95 - 0.047 <= count / runs <= 0.997 for count in held.values()), held


def test_fitted_q_learns_the_values_of_both_steps() -> None:
    random = np.random.default_rng(3)
    actions = (random.random((2000, 2)) < 0.5).astype(int)
    log = log_of(actions.tolist(), [[4.0 if a else 1.0, 6.0 if b else 2.0] for a, b in actions], chance=0.5)
    wanted = decisions_of(Always(), log)
    values = fitted_q(log, wanted, episodes_of(log, wanted, log.propensities, 2))  # type: ignore[arg-type]
    # Every account is in both steps' models: with one decision to go a message is worth (4 + 6) / 2 = 5 there, as nothing tells the steps apart.
    assert values.policy[:, 1] == pytest.approx(5.0, abs=0.3)
    assert values.policy[:, 0] == pytest.approx(4.0 + 5.0, abs=0.5)


def test_propensities_that_a_log_lacks_are_estimated() -> None:
    log = bandit(np.random.default_rng(5), 3000, chance=None)
    assert estimated(log, decisions_of(Always(1), log)) == pytest.approx(0.3, abs=0.05)
    assert estimated(log, decisions_of(Always(0), log)) == pytest.approx(0.7, abs=0.05)
    found = evaluate(log, Always(), steps=1)
    assert found.estimated_propensities and found.refusal is None
    value = found.estimates[Estimator.DOUBLY_ROBUST]["value"]
    assert value["low"] < 40.0 < value["high"]


def test_what_the_log_never_does_is_not_estimated() -> None:
    log = log_of([[0]] * 300, [[1.0]] * 300)
    log.propensities[:] = 1.0  # type: ignore[index]
    found = evaluate(log, Always(), steps=1)
    assert found.estimates == {}
    assert found.refusal == Remark("support", {"share": 0.0, "courses": 0.0, "decisions": 1, "treatments": ["sms"]})


def test_wrong_propensities_are_noticed() -> None:
    log = bandit(np.random.default_rng(5), 2000, chance=0.15)  # they were 0.3
    found = evaluate(log, Always(), steps=1)
    assert found.refusal and found.refusal.code == "propensities"


def test_few_that_agree_are_too_few() -> None:
    log = bandit(np.random.default_rng(5), 200)
    found = evaluate(log, Always(), steps=1)
    agreeing = int(log.actions.sum())
    assert found.refusal and found.refusal.code == "sample"
    assert found.refusal.values["sample"] == pytest.approx(agreeing)
    assert evaluate(log, Always(), steps=1, least_sample=agreeing).refusal is None


def test_a_field_that_the_log_lacks_matters_only_to_who_decides_by_it() -> None:
    log = bandit(np.random.default_rng(5), 50)
    lacking = DecisionLog(**{**vars(log), "unknown": ("payments", "hardship")})
    assert decisions_of(Always(1), lacking).all()
    with pytest.raises(InputError, match=r"column payments: .*always decides by it"):
        decisions_of(Always(field="payments"), lacking)


# --- the simulator's logs --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def explored() -> DecisionLog:
    return simulate_log(HOME, "staged", HOME.portfolio(150, 4), 4, 9, 0.6, ["tiered"])


def test_without_exploration_the_log_is_the_policy_and_its_rewards_are_the_truth() -> None:
    portfolio = HOME.portfolio(80, 5)
    log = simulate_log(HOME, "staged", portfolio, 5, 6, 0.0)
    assert (log.propensities == 1.0).all()
    assert (decisions_of(load_policy("staged", HOME.name, HOME.world), log) == log.actions).all()
    assert log.rewards.sum() / 80 == pytest.approx(true_value(HOME, "staged", portfolio, 5, 6), abs=1e-6)


def test_probabilities_of_exploration_are_those_of_its_parts(explored: DecisionLog) -> None:
    staged, tiered = (decisions_of(load_policy(name, HOME.name, HOME.world), explored) for name in ("staged", "tiered"))
    expected = 0.4 * (explored.actions == staged) + 0.6 * (explored.actions == tiered)
    assert explored.propensities == pytest.approx(expected) and (expected > 0).all()
    parted = staged != tiered
    assert (explored.actions == tiered)[parted].mean() == pytest.approx(0.6, abs=0.1)


def test_windows_that_both_plans_spread_alike_are_no_chance(explored: DecisionLog) -> None:
    wanted = decisions_of(load_policy("tiered", HOME.name, HOME.world), explored)
    agrees, chance = explored.actions == wanted, estimated(explored, wanted)
    staged = decisions_of(load_policy("staged", HOME.name, HOME.world), explored)
    true = np.where(staged == wanted, 1.0, 0.6)
    # Some 1,200 decisions are few for it; but a model of treatments, for which each of three windows is a third, is off by 0.5, and its
    # weights average 2.6.
    assert np.abs(chance - true).mean() < 0.2
    assert (agrees / chance).mean() == pytest.approx(1.0, abs=0.15)


def test_exploration_of_everything_lawful_draws_from_the_mask() -> None:
    log = simulate_log(HOME, "no-contact", HOME.portfolio(60, 6), 6, 2, 1.0)
    assert log.propensities == pytest.approx(1.0 / log.masks.sum(axis=1))
    assert log.masks[np.arange(log.actions.size), log.actions].all() and len(set(log.actions.tolist())) > 5


def test_a_written_log_is_read_as_it_was(explored: DecisionLog, tmp_path: Path) -> None:
    explored.write(tmp_path / "log.parquet")
    pd.read_parquet(tmp_path / "log.parquet").to_csv(tmp_path / "log.csv", index=False)
    for name in ("log.parquet", "log.csv"):
        again = read_log(tmp_path / name, None, HOME_MENU)
        for part in ("account", "day", "observations", "masks", "actions"):
            assert (getattr(again, part) == getattr(explored, part)).all(), (name, part)
        assert again.propensities == pytest.approx(explored.propensities) and again.unknown == ()
        assert again.rewards == pytest.approx(explored.rewards, abs=1e-9)


def test_the_command_estimates_writes_and_draws(explored: DecisionLog, tmp_path: Path) -> None:
    explored.write(tmp_path / "log.parquet")
    done = recoup("evaluate", tmp_path / "log.parquet", "tiered", "--least-sample", "10", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "doubly robust" in done.stdout and "recorded in the log" in done.stdout
    content = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert content["refusal"] is None and [row["estimator"] for row in content["estimates"]] == list(Estimator)
    assert (tmp_path / "run" / "overlap.svg").read_text().count("<svg") == 1
    refused = recoup("evaluate", tmp_path / "log.parquet", "no-contact", "--out", tmp_path / "other")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "no estimate for no-contact: support is missing" in refused.stderr
    assert json.loads((tmp_path / "other" / "evaluation.json").read_text())["estimates"] == []


def test_the_command_makes_a_log(tmp_path: Path) -> None:
    out = tmp_path / "log.parquet"
    done = recoup("log-decisions", "--accounts", "40", "--days", "3", "--out", out)
    assert done.returncode == 0 and "about 40 accounts" in done.stdout
    assert recoup("log-decisions", "--out", out).returncode == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"treatment": "fax"}, "column treatment: got 'fax'"),
        ({"treatment": "sms/evening", "allowed": "nothing"}, "expected one that column allowed has"),
        ({"allowed": "nothing fax"}, "column allowed: got 'fax'"),
        ({"propensity": 0.0}, "column propensity: got 0.0, expected above 0"),
        ({"propensity": 1.5}, "column propensity"),
        ({"reward": "much"}, "column reward"),
        ({"dpd": None}, "column dpd: got None"),
        ({"day": 1}, "each day of an account once"),
        ({"day": 3}, "a row of this account for day 2 too"),
    ],
)
def test_what_is_wrong_in_a_log_is_one_line(change: dict[str, object], says: str, tmp_path: Path) -> None:
    rows = [
        {"account_id": account, "day": day, "treatment": "nothing", "reward": 0, "propensity": 1, "allowed": "nothing sms/evening", "dpd": 5}
        for account in "xy"
        for day in (0, 1, 2)
    ]  # fmt: skip
    rows[2] |= change
    pd.DataFrame(rows).to_csv(tmp_path / "log.csv", index=False)
    done = recoup("evaluate", tmp_path / "log.csv", "no-contact")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.parquet", "staged"), "nowhere.parquet"),
        (("{log}", "stagd"), "stagd"),
        (("{log}", "staged", "--decisions", "10"), "at most 9, which the log has"),
    ],
)
def test_bad_arguments_are_one_line(
    arguments: tuple[str, ...], says: str, explored: DecisionLog, tmp_path: Path
) -> None:
    explored.write(tmp_path / "log.parquet")
    done = recoup("evaluate", *(argument.format(log=tmp_path / "log.parquet") for argument in arguments))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr
