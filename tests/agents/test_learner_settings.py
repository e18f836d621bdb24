"""Hyper-parameters that a learner would break on are refused before a training begins."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recoup.agents.training.learners import ALGORITHMS, hyperparameters
from recoup.sim.inputs import InputError
from tests import ROOT


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_shipped_settings_reach_the_learner_as_they_are_written(algorithm: str) -> None:
    file = ROOT / "agents" / "training" / "hyperparameters" / f"{algorithm}.yaml"
    assert hyperparameters(algorithm).settings == yaml.safe_load(file.read_text(encoding="utf-8"))["settings"]


@pytest.mark.parametrize(
    ("algorithm", "text", "expected"),
    [
        ("ppo", "net: [-5]", "line 1, net[0]: got -5"),
        ("ppo", "net: [8]\nsettings: {batch_size: 1}", "settings.batch_size: got 1, expected greater than or equal to 2"),
        ("ppo", "net: [8]\nsettings: {n_epochs: true}", "settings.n_epochs: got True"),
        ("ppo", "net: [8]\nsettings: {gamma: '0.9'}", "settings.gamma: got '0.9'"),
        ("maskable-ppo", "net: [8]\nsettings: {clip_range_vf: 0}", "settings.clip_range_vf: got 0, expected greater than 0"),
        ("maskable-ppo", "net: [8]\nsettings: {clip_rang: 0.1}", "expected clip_range (did you mean it?)"),
        ("maskable-ppo", "net: [8]\nsettings: {policy_kwargs: {}}", "settings.policy_kwargs: got 'policy_kwargs'"),
        ("maskable-ppo", "net: [8]\nsettings: {buffer_size: 9}", "settings.buffer_size: got 'buffer_size'"),
        ("dqn", "net: [8]\nsettings: {ent_coef: 0.1}", "settings.ent_coef: got 'ent_coef'"),
        ("dqn", "net: [8]\nsettings: {tau: .nan}", "settings.tau: got nan"),
        ("dqn", "net: [8]\nquantiles: 5", "quantiles: got 5, expected no quantiles, which qr-dqn alone has"),
        ("ppo", "net: [8]\nlstm: 5", "lstm: got 5, expected no lstm, which recurrent-ppo alone has"),
    ],
)  # fmt: skip
def test_settings_that_no_learner_can_use_are_one_line(
    tmp_path: Path, algorithm: str, text: str, expected: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text + "\nlearning_rate: 0.001\n")
    with pytest.raises(InputError) as refused:
        hyperparameters(algorithm, file)
    assert expected in str(refused.value) and str(refused.value).startswith(f"{file}: line ")


def test_null_turns_a_limit_off(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("net: [8]\nlearning_rate: 0.001\nsettings: {target_kl: null, n_epochs: 2}\n")
    assert hyperparameters("ppo", file).settings == {"target_kl": None, "n_epochs": 2}
