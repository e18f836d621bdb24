"""Probabilities over allowed treatments, their logarithms, their entropy and their draws, worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from recoup.agents.training.masked_sampling import MaskedCategorical

# Weights 5, 2, 2, 1 of which the third is forbidden: 5/8, 2/8, 0, 1/8.
LOGITS = torch.log(torch.tensor([[5.0, 2.0, 2.0, 1.0]]))
MASK = torch.tensor([[True, True, False, True]])


def masked(rows=1):
    choice = MaskedCategorical(4).proba_distribution(LOGITS.expand(rows, 4))
    choice.apply_masking(MASK.expand(rows, 4))
    return choice


def test_log_probabilities_are_those_among_the_allowed():
    found = masked(3).log_prob(torch.tensor([0, 1, 3]))
    torch.testing.assert_close(found, torch.tensor([math.log(5 / 8), math.log(2 / 8), math.log(1 / 8)]))


def test_a_forbidden_treatment_has_no_probability():
    assert masked().log_prob(torch.tensor([2])).exp().item() == 0.0


def test_entropy_is_that_of_the_allowed_in_nats():
    # 5/8 · ln(8/5) + 1/4 · ln 4 + 1/8 · ln 8 = 0.293752 + 0.346574 + 0.259930
    assert masked().entropy().item() == pytest.approx(0.900256, abs=1e-5)


@pytest.mark.parametrize(("uniform", "drawn"), [(0.0, 0), (0.62, 0), (0.63, 1), (0.87, 1), (0.88, 3), (0.9999999, 3)])
def test_a_draw_is_where_the_uniform_number_falls_among_5_7_and_8_eighths(monkeypatch, uniform, drawn):
    monkeypatch.setattr(torch, "rand", lambda *shape: torch.full(shape, uniform))
    assert masked().sample().tolist() == [drawn]


def test_the_mode_is_the_likeliest_of_the_allowed():
    choice = MaskedCategorical(4).proba_distribution(LOGITS)
    choice.apply_masking(torch.tensor([[False, False, True, True]]))
    assert choice.mode().tolist() == [2]


def test_a_new_mask_forgets_what_was_worked_out_under_the_old_one():
    choice = MaskedCategorical(4).proba_distribution(LOGITS)
    choice.log_prob(torch.tensor([0]))
    choice.apply_masking(MASK)
    assert choice.log_prob(torch.tensor([3])).item() == pytest.approx(math.log(1 / 8))


def test_without_a_mask_everything_can_be_drawn():
    choice = MaskedCategorical(4).proba_distribution(LOGITS)
    choice.apply_masking(None)
    assert choice.log_prob(torch.tensor([2])).exp().item() == pytest.approx(0.2)
