"""What a file of hyper-parameters may tell the learners of Stable-Baselines3, with ranges: one that they break on would end a training late."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recoup.sim.parameters import Section

# Strict: text and true are no numbers.
Number = Annotated[float, Field(strict=True, ge=0, le=1e6, allow_inf_nan=False)]
AboveZero = Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Count = Annotated[int, Field(strict=True, ge=1, le=10**8)]


class _LearnerSettings(Section):
    batch_size: Annotated[int, Field(strict=True, ge=2, le=10**7, description="rows of a gradient step")] = 64
    gamma: Share = Field(0.99, description="discount a step")
    max_grad_norm: AboveZero = Field(0.5, description="longest gradient")


class OnPolicySettings(_LearnerSettings):
    """Of ppo, maskable-ppo and recurrent-ppo."""

    n_epochs: Annotated[int, Field(strict=True, ge=1, le=1000, description="passes over a rollout")] = 10
    gae_lambda: Share = Field(0.95, description="bias against variance of the advantage")
    clip_range: AboveZero = Field(0.2, description="how far a step may move the policy")
    clip_range_vf: AboveZero | None = Field(None, description="how far a step may move the value; null = as it likes")
    normalize_advantage: bool = Field(True, strict=True)
    ent_coef: Number = Field(0.0, description="weight of the entropy")
    vf_coef: Number = Field(0.5, description="weight of the value's error")
    target_kl: AboveZero | None = Field(None, description="divergence at which a rollout's passes end; null = never")


class OffPolicySettings(_LearnerSettings):
    """Of dqn and qr-dqn."""

    buffer_size: Count = Field(1_000_000, description="steps that are remembered")
    learning_starts: Annotated[int, Field(strict=True, ge=0, le=10**9, description="steps before learning starts")] = (
        100
    )
    train_freq: Count = Field(4, description="steps between trainings")
    gradient_steps: Count = Field(1, description="gradient steps a training")
    target_update_interval: Count = Field(10_000, description="steps between updates of the target network")
    tau: Annotated[float, Field(strict=True, gt=0, le=1, description="share of an update of the target network")] = 1.0
    exploration_fraction: Annotated[float, Field(strict=True, gt=0, le=1, description="of the training")] = 0.1
    exploration_initial_eps: Share = Field(1.0, description="share of random treatments at first")
    exploration_final_eps: Share = Field(0.05, description="share of random treatments in the end")
