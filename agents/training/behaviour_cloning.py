"""Warm start: teach a fresh policy network to act as a plan does, before it learns by itself (behaviour cloning).

Supervised learning of the plan's action from the features it saw, by cross-entropy (Pomerleau, "ALVINN", NeurIPS 1988), with a small
entropy bonus that leaves the network room to explore.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recoup.agents.policy import Policy
from recoup.agents.price_family import PRICES
from recoup.agents.training.hidden_state import HIDDEN_SIZE
from recoup.agents.training.vecenv import PortfolioVecEnv

KEPT = 0.3  # share of a cohort's account-days that are learned from: neighbouring days teach the same
EPOCHS, BATCH, LEARNING_RATE, ENTROPY = 10, 4096, 1e-3, 0.003


@dataclass(frozen=True)
class Demonstrations:
    """Account-days under a plan.

    Attributes:
        features: float32 (rows, `recoup.agents.features.SIZE`).
        masks: bool (rows, menu), what was allowed.
        actions: int64 (rows,), what the plan did.
    """

    features: NDArray[np.float32]
    masks: NDArray[np.bool_]
    actions: NDArray[np.int64]


def demonstrate(env: PortfolioVecEnv, plan: Policy, seed: int, rng: np.random.Generator) -> Demonstrations:
    """Run a plan through one cohort of each family, and keep some of its account-days.

    Args:
        env: the cohorts; their contact cap binds the plan too.
        plan: the teacher.
        seed: of the first cohort; the following ones count up from it.
        rng: chooses the account-days to keep.
    """
    features, masks, actions = [], [], []
    for number, one in enumerate(env.envs[: env.families]):
        observations, info = one.reset(seed=seed + number)
        is_open = np.ones(one.num_envs, bool)
        for _ in range(one.days):
            allowed = env.contact_cap.narrow(observations, one.action_masks())
            chosen = np.zeros(one.num_envs, np.int64)
            chosen[is_open] = plan.act(observations[is_open], allowed[is_open])
            kept = is_open & (rng.random(one.num_envs) < KEPT)
            features.append(env.features.encode(observations[kept]))
            masks.append(allowed[kept])
            actions.append(chosen[kept])
            observations, _, _, _, info = one.step(chosen)
            is_open = info["open"]
    return Demonstrations(np.concatenate(features), np.concatenate(masks), np.concatenate(actions))


def behaviour_clone(learner: Any, env: PortfolioVecEnv, plan: Policy, seed: int, masked: bool) -> float:
    """Clone a plan into an on-policy learner's actor.

    Args:
        learner: a learner of Stable-Baselines3 with an actor-critic policy; its network is changed.
        env: the cohorts that the plan is shown on.
        plan: the plan or policy to clone.
        seed: of the cohorts and of the order of the batches.
        masked: the learner takes action masks.

    Returns:
        The mean cross-entropy of the last epoch, nats per account-day.
    """
    rng = np.random.default_rng(seed)
    shown = demonstrate(env, plan, seed, rng)
    # A plan does the same at all prices; the hidden state is the critic's alone, and the actor is taught.
    told = rng.random((len(shown.features), len(PRICES) if env.price_family else 0), np.float32)
    unseen = np.zeros((len(shown.features), HIDDEN_SIZE if env.show_hidden else 0), np.float32)
    device = next(learner.policy.parameters()).device
    x = torch.tensor(np.hstack([shown.features, told, unseen]), device=device)
    y, masks = torch.tensor(shown.actions, device=device), torch.tensor(shown.masks, device=device)
    optimizer = torch.optim.Adam(learner.policy.parameters(), LEARNING_RATE)
    total = 0.0
    for _ in range(EPOCHS):
        total = 0.0
        order = torch.tensor(rng.permutation(len(x)), device=device)
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            extra = {"action_masks": masks[rows]} if masked else {}
            _, log_likelihood, entropy = learner.policy.evaluate_actions(x[rows], y[rows], **extra)
            loss = -log_likelihood.mean()
            total += float(loss.detach()) * len(rows)
            if entropy is not None:
                loss = loss - ENTROPY * entropy.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    optimizer.zero_grad()  # else the learner's first step would take the last batch's gradient once more
    return total / len(x)
