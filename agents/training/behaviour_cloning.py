"""A head start: teach a fresh policy network to choose as a plan does, before it learns by itself (behaviour cloning)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from recoup.agents.features import encode
from recoup.agents.policy import Policy
from recoup.agents.training.vecenv import PortfolioVecEnv

KEPT = 0.3  # share of a cohort's account-days that are learned from: neighbouring days teach the same
EPOCHS, BATCH, LEARNING_RATE, ENTROPY = 6, 4096, 1e-3, 0.01


def imitate(learner: Any, env: PortfolioVecEnv, plan: Policy, seed: int, masked: bool) -> float:
    """Clone a plan into an on-policy learner's actor; returns the mean cross-entropy of the last epoch, in nats.

    Args:
        masked: the learner takes action masks.
    """
    rng = np.random.default_rng(seed)
    features, masks, actions = [], [], []
    for number, one in enumerate(env.envs[: env.families]):
        observations, info = one.reset(seed=seed + number)
        is_open = np.ones(one.num_envs, bool)
        for _ in range(one.days):
            allowed = env.restraint.narrow(observations, one.action_masks())
            chosen = np.zeros(one.num_envs, np.int64)
            chosen[is_open] = plan.act(observations[is_open], allowed[is_open])
            kept = is_open & (rng.random(one.num_envs) < KEPT)
            features.append(encode(observations[kept]))
            masks.append(allowed[kept])
            actions.append(chosen[kept])
            observations, _, _, _, info = one.step(chosen)
            is_open = info["open"]
    x, allowed, y = torch.tensor(np.concatenate(features)), np.concatenate(masks), torch.tensor(np.concatenate(actions))
    optimizer = torch.optim.Adam(learner.policy.parameters(), LEARNING_RATE)
    total = 0.0
    for _ in range(EPOCHS):
        total = 0.0
        order = torch.tensor(rng.permutation(len(x)))
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            extra = {"action_masks": allowed[rows.numpy()]} if masked else {}
            _, log_likelihood, entropy = learner.policy.evaluate_actions(x[rows], y[rows], **extra)
            loss = -log_likelihood.mean()
            total += float(loss.detach()) * len(rows)
            if entropy is not None:
                loss = loss - ENTROPY * entropy.mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return total / len(x)
