"""Effects of treatments from records: by hand, against a truth that is known, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recoup.experiments.models.uplift import Effect, doubly_robust, effect_of, rows_of

Numbers = NDArray[np.float64]


def test_scores_by_hand() -> None:
    cash, treated = np.array([10.0, 4.0]), np.array([1.0, 0.0])
    score = doubly_robust(cash, treated, np.array([0.5, 0.2]), np.array([8.0, 8.0]), np.array([5.0, 5.0]))
    assert score.tolist() == pytest.approx([8 - 5 + (10 - 8) / 0.5, 8 - 5 - (4 - 5) / 0.8])


def made_up(
    seed: int, accounts: int = 1500, effect: float = 20.0
) -> tuple[Numbers, Numbers, NDArray[np.int64], NDArray[np.bool_]]:
    """Two rows an account. Who owes more is treated more and pays more anyway; the effect is `effect` · (1 + x), on average `effect`."""
    random = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), 2)
    owes, x = random.normal(size=2 * accounts), random.normal(size=2 * accounts)
    treated = random.random(2 * accounts) < 1 / (1 + np.exp(-1.2 * owes))
    own = 10 * random.normal(size=accounts)[account]
    cash = 100 + 40 * owes + own + treated * effect * (1 + x) + 20 * random.normal(size=2 * accounts)
    return np.column_stack([owes, x]), cash, account, treated


def estimate(seed: int, **more: float) -> Effect:
    features, cash, account, treated = made_up(seed, **more)  # type: ignore[arg-type]
    return effect_of(rows_of("collector", features, cash, account, treated, ~treated))


def test_confounding_is_taken_out_and_who_gains_is_found() -> None:
    features, cash, account, treated = made_up(1)
    plain = cash[treated].mean() - cash[~treated].mean()
    found = effect_of(rows_of("collector", features, cash, account, treated, ~treated))
    assert plain > 55 and found.low < 20 < found.high and found.high - found.low < 12
    assert (found.treated, found.untreated, found.share) == (
        treated.sum(),
        (~treated).sum(),
        pytest.approx(1.0, abs=0.01),
    )
    # The tenth with the highest foretold effect has x of about 1.75: 55; the lowest −15.
    assert found.tenths[0]["mean"] == pytest.approx(55, abs=15) and found.tenths[-1]["mean"] == pytest.approx(
        -15, abs=15
    )
    assert found.qini > 2 and max(found.curve) > found.curve[-1] == pytest.approx(found.mean)
    assert found.predictor is not None
    said = found.predictor(np.array([[0.0, 2.0], [0.0, -2.0]]))
    assert said[0] > 35 and said[1] < 5


@pytest.mark.slow
def test_intervals_hold_the_truth_at_fair_rates() -> None:
    found = [estimate(seed) for seed in range(40)]
    held = sum(one.low <= 20 <= one.high for one in found)
    assert held >= 34  # of 95 in 100, fewer than 34 of 40 come once in 300 such tests
    assert abs(np.mean([one.mean for one in found]) - 20) < 1.5


def test_rare_treatments_are_drawn_in_full_and_untreated_rows_in_part() -> None:
    """Rows that are left out must not change who the effect is of."""
    random = np.random.default_rng(5)
    size = 60_000
    x = random.normal(size=size)
    treated = random.random(size) < 0.02 + 0.06 * (x > 0)
    cash = 50 + 10 * x + treated * (30 + 20 * (x > 0)) + 10 * random.normal(size=size)
    found = effect_of(rows_of("visit", x[:, None], cash, np.arange(size), treated, ~treated))
    assert found.low < 40 < found.high and found.high - found.low < 5


def test_nothing_is_said_without_support() -> None:
    features, cash, account, _ = made_up(2)
    few = np.zeros(cash.size, bool)
    few[:150] = True
    assert effect_of(rows_of("visit", features, cash, account, few, ~few)).refusal == "few"
    # Whoever owes more than most is treated, nobody else: no row has a comparable one.
    always = features[:, 0] > 0.5
    found = effect_of(rows_of("visit", features, cash, account, always, ~always))
    assert found.refusal == "rare"
    assert found.predictor is None and np.isnan(found.mean)
