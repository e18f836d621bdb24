"""The critic sees hidden state, the actor never does; and the days of closed accounts are left out without changing a gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from recoup.agents import learned
from recoup.agents.features import SIZE, encode
from recoup.agents.training import learners
from recoup.agents.training.hidden_state import HIDDEN_NAMES, HIDDEN_SIZE, OPEN, hidden_state
from recoup.agents.training.objective import Objective
from recoup.agents.training.open_rows import MaskableOpenRowsBuffer
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.experiments.learning.training import Training, environment
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import NEVER, Status
from recoup.sim.simulation import Simulation

HOME = load_scenario("china-consumer")
TRAINING = Training(HOME.name, cohorts=2, paired_rollouts=1, accounts=30, warm_start=None)


def seen_in(env: PortfolioVecEnv) -> Any:
    """What the cohorts' accounts look like today, natural units."""
    return np.concatenate([one.simulation.observe(np.arange(env.size)) for one in env.envs])


def built(training: Training = TRAINING) -> tuple[Any, PortfolioVecEnv]:
    env = environment(training, HOME, Objective())
    learner = learners.build(training.algorithm, env, learners.hyperparameters(training.algorithm), 1)
    return learner, env


@pytest.mark.parametrize("algorithm", ["maskable-ppo", "ppo"])
def test_the_actor_is_blind_to_hidden_state_and_the_critic_is_not(algorithm: str) -> None:
    learner, _ = built(replace(TRAINING, algorithm=algorithm))
    rng = np.random.default_rng(0)
    seen = torch.tensor(rng.random((5, SIZE)), dtype=torch.float32)
    one, other = (
        torch.hstack([seen, torch.tensor(rng.normal(size=(5, HIDDEN_SIZE)), dtype=torch.float32)]) for _ in range(2)
    )
    policy = learner.policy
    assert torch.equal(policy.get_distribution(one).mode(), policy.get_distribution(other).mode())
    latent = [policy.mlp_extractor.forward_actor(policy.extract_features(x)) for x in (one, other)]
    assert torch.equal(*latent)
    assert not torch.equal(policy.predict_values(one), policy.predict_values(other))


def test_what_is_written_to_a_file_is_the_actor_and_reads_observations_alone() -> None:
    learner, env = built()
    env.reset()
    seen = seen_in(env)[: env.size]
    x = env.encoded(env.envs[0], seen, env.action_masks()[: env.size], env._told[0])
    learners.standardise(learner, x)
    arrays = learners.weights("maskable-ppo", learner)
    assert arrays["hidden.0.weight"].shape == (64, SIZE)
    card = learned.Card(
        format=1, name="x", scenario="x", algorithm="maskable-ppo", layers=[64, 64], training={},
        features=list(learned.features.NAMES), menu=env.envs[0].menu.names,
    )  # fmt: skip
    outputs = learned.LearnedPolicy(card, arrays).outputs(seen)
    policy = learner.policy
    logits = policy.action_net(policy.mlp_extractor.forward_actor(policy.extract_features(torch.tensor(x))))
    np.testing.assert_allclose(outputs, logits.detach().numpy(), rtol=1e-3, atol=1e-4)


def test_each_column_of_hidden_state_by_hand() -> None:
    simulation = Simulation(HOME.world, HOME.portfolio(20, 1), HOME.rules, 1)
    a = simulation.accounts
    a["disposable"][0], a["balance"][0], a["opening"][0] = 50.0, 5_000, 10_000  # 50.00 a month owes 50.00 of 100.00
    a["plan_months"][0], a["plan_amount"][0] = 3, 10_000
    a["fatigue"][0], a["asset_cover"][0] = 1.0, 0.5
    a["promise_due"][0], a["promise_amount"][0], a["promise_discount"][0] = 4, 2_500, 0.2
    a["promise_due"][1], a["promise_amount"][1], a["promise_discount"][1] = NEVER, 2_500, 0.2
    a["news_day"][0], a["notices"][0] = -3, 9
    a["status"][1] = Status.PAID
    found = [dict(zip(HIDDEN_NAMES, row.tolist(), strict=True)) for row in hidden_state(simulation)[:2]]
    expected = {
        "means": 0.0, "means_for_plan": np.log(0.5), "fatigue": np.log(2.0), "asset_cover": np.log(1.5), "promised": 0.5,
        "discount_agreed": 0.2, "since_news": 0.2, "notices": 5.0, "balance_left": 0.5, "open": 1.0,
    }  # fmt: skip
    expected["means"] = np.log(300.0 * 50.0 / 5_000)
    for name, value in expected.items():
        assert found[0][name] == pytest.approx(value, abs=1e-6), name
    assert (found[1]["promised"], found[1]["discount_agreed"], found[1]["open"]) == (0.0, 0.0, 0.0)
    for name in (
        "willingness",
        "reachability",
        "phone_right",
        "employed",
        "salience",
        "excitation",
        "pressure",
        "waiting",
    ):
        assert found[0][name] == pytest.approx(float(a[name][0])), name


def test_training_observations_are_the_policys_and_then_hidden_state_also_after_a_cohort_has_ended() -> None:
    env = environment(TRAINING, HOME, Objective())
    x = env.reset()
    for _ in range(HOME.days + 3):
        assert x.shape == (60, SIZE + HIDDEN_SIZE)
        states = [hidden_state(one.simulation) for one in env.envs]
        np.testing.assert_array_equal(x, np.hstack([encode(seen_in(env)), np.concatenate(states)]))
        env.step_async(np.zeros(env.num_envs, np.int64))
        x = env.step_wait()[0]


@pytest.fixture(scope="module")
def rollout() -> Any:
    """A learner after its first rollout, whose buffer is full and not yet learned from; and the days that were put into the buffer."""
    learner, env = built()
    learner._setup_learn(10**6, None)
    from stable_baselines3.common.callbacks import CallbackList

    callback = CallbackList([])
    callback.init_callback(learner)
    days: list[tuple[Any, ...]] = []
    add = learner.rollout_buffer.add

    def noted(*day: Any, action_masks: Any) -> None:
        seen, actions, rewards, starts, _, log_probs = day
        with torch.no_grad():
            values = learner.policy.predict_values(torch.tensor(seen)).flatten()
        values[torch.tensor(seen[:, OPEN] <= 0)] = 0.0  # of closed accounts
        days.append((seen.copy(), actions, rewards, starts, values, log_probs, action_masks.copy()))
        add(*day, action_masks=action_masks)

    learner.rollout_buffer.add = noted
    learner.collect_rollouts(env, callback, learner.rollout_buffer, learner.n_steps)
    return learner, days


def test_every_open_row_comes_once_and_no_closed_one(rollout: Any) -> None:
    buffer, days = rollout[0].rollout_buffer, rollout[1]
    samples = list(buffer.get(700))
    seen = torch.cat([sample.observations for sample in samples])
    everything = torch.tensor(np.concatenate([day[0] for day in days]))
    is_open = everything[:, OPEN] > 0
    assert 0.2 < float(is_open.float().mean()) < 0.95
    assert len(seen) == int(is_open.sum())
    assert bool((seen[:, OPEN] > 0).all())
    np.testing.assert_allclose(np.sort(seen.sum(1)), np.sort(everything[is_open].sum(1)))
    sizes = [len(sample.actions) for sample in samples]
    assert max(sizes) - min(sizes) <= 1
    assert abs(max(sizes) - 700) < 350


def test_each_row_keeps_what_belongs_to_it(rollout: Any) -> None:
    """Action, mask, value, log probability and return are those of the row's own account and day."""
    learner, days = rollout
    buffer = learner.rollout_buffer
    place = {day[0][n].tobytes(): (t, n) for t, day in enumerate(days) for n in range(len(day[0]))}
    assert len(place) > 0.9 * len(days) * buffer.n_envs
    sample = next(iter(buffer.get(None)))
    checked = 0
    for k in range(0, len(sample.actions), 37):
        t, n = place[sample.observations[k].numpy().tobytes()]
        _, actions, _, _, values, log_probs, masks = days[t]
        if place[days[t][0][n].tobytes()] == (t, n):
            assert int(sample.actions[k]) == actions[n] and bool(masks[n, actions[n]])
            assert torch.equal(sample.action_masks[k], torch.tensor(masks[n]))
            assert float(sample.old_values[k]) == pytest.approx(float(values[n]), abs=1e-5)
            assert float(sample.old_log_prob[k]) == float(log_probs[n])
            assert float(sample.returns[k]) == buffer.returns[t, n]
            checked += 1
    assert checked > 20


def test_the_policys_gradient_is_the_same_from_fewer_rows(rollout: Any) -> None:
    """Against a buffer that keeps the rows of closed accounts, on which the critic says just anything."""
    learner, days = rollout
    policy = learner.policy

    def gradient(open_column: int | None) -> tuple[torch.Tensor, int]:
        buffer = MaskableOpenRowsBuffer(
            learner.n_steps, learner.observation_space, learner.action_space, "cpu", 1.0, 1.0, learner.n_envs,
            open_column=open_column,
        )  # fmt: skip
        dice = np.random.default_rng(1)
        for seen, actions, rewards, starts, values, log_probs, masks in days:
            anything = torch.tensor(dice.normal(size=len(seen)), dtype=torch.float32)
            said = torch.where(torch.tensor(seen[:, OPEN] > 0), values, anything)
            buffer.add(seen, actions, rewards, starts, said, log_probs, action_masks=masks)
        buffer.compute_returns_and_advantage(torch.zeros(learner.n_envs), np.ones(learner.n_envs, bool))
        policy.zero_grad()
        rows = 0
        for sample in buffer.get(None):
            _, log_prob, _ = policy.evaluate_actions(
                sample.observations, sample.actions.flatten(), action_masks=sample.action_masks
            )
            (sample.advantages * torch.exp(log_prob - sample.old_log_prob)).sum().backward()
            rows += len(log_prob)
        parameters = [*policy.mlp_extractor.policy_net.parameters(), *policy.action_net.parameters()]
        return torch.cat([p.grad.flatten() for p in parameters]), rows

    (all_rows, many), (open_rows, few) = gradient(None), gradient(OPEN)
    assert few < many
    assert float(open_rows.abs().max()) > 0.01
    torch.testing.assert_close(open_rows, all_rows, rtol=1e-3, atol=1e-3 * float(all_rows.abs().max()))


@pytest.mark.parametrize("alone", [True, False])
def test_the_critic_learns_alone_from_returns_as_they_came_or_the_actor_with_it(alone: bool) -> None:
    learner, _ = built()
    learner.gae_lambda = 0.9
    learners.critic_alone(learner, alone)
    policy = learner.policy
    actor = [*policy.mlp_extractor.policy_net.parameters(), *policy.action_net.parameters()]
    critic = [*policy.mlp_extractor.value_net.parameters(), *policy.value_net.parameters()]
    before = [[tensor.detach().clone() for tensor in part] for part in (actor, critic)]
    learner.learn(learner.n_steps * learner.env.num_envs)
    moved = [
        any(not torch.equal(old, new) for old, new in zip(was, part, strict=True))
        for was, part in zip(before, (actor, critic), strict=True)
    ]
    assert moved == [not alone, True]
    assert learner.rollout_buffer.gae_lambda == (1.0 if alone else 0.9)
    learners.critic_alone(learner, False)
    assert learner.rollout_buffer.gae_lambda == 0.9 and all(tensor.requires_grad for tensor in actor)
