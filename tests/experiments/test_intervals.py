"""Intervals over seeds against every resample there is, against Student's t and the delta method, and by how often they hold the truth."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from recoup.experiments.comparison.intervals import RESAMPLES, difference, interval, relative_difference, tail

Z = NormalDist().inv_cdf(0.975)  # 1.959964
FEW = [3.0, 5.0, 6.0, 10.0, 11.0, 19.0]
PARTNERS = [2.0, 5.0, 4.0, 9.0, 12.0, 13.0]


def every_resample(count: int) -> np.ndarray:
    """All ways to draw `count` seeds from as many, with replacement: 6 ^ 6 = 46,656."""
    return np.array(list(itertools.product(range(count), repeat=count)))


# Of 6 seeds: Student's t with 5 degrees of freedom leaves 2.5 % beyond 2.5706, and a resample's spread is √(5/6) of the seeds': the
# normal distribution leaves 0.243 % beyond 2.5706 × √(6/5) = 2.8159.
OUTSIDE = 0.243


def between(exact: np.ndarray, percent: float, slack: float = 0.24) -> tuple[float, float]:
    """Where the percentile of 4,000 draws from a distribution lies: three standard errors, 3 × √(0.0024 × 0.9976 / 4,000) = 0.23 points."""
    percent = min(max(percent, slack), 100 - slack)
    low, high = np.percentile(exact, [percent - slack, percent + slack])
    return low - 1e-9, high + 1e-9


def test_the_mean_s_interval_is_the_middle_of_all_resamples_as_far_out_as_student_s():
    found = interval(FEW)
    means = np.array(FEW)[every_resample(6)].mean(axis=1)
    assert found["mean"] == pytest.approx(54 / 6)
    for limit, percent in (("low", OUTSIDE), ("high", 100 - OUTSIDE)):
        least, most = between(means, percent)
        assert least <= found[limit] <= most
    for limit, percent in (("low", 2.5), ("high", 97.5), ("low", 1.0), ("high", 99.0)):
        least, most = between(means, percent)
        assert not least <= found[limit] <= most


def test_the_relative_interval_is_the_middle_of_all_paired_resamples_as_far_out():
    found = relative_difference(FEW, PARTNERS)
    chosen = every_resample(6)
    ratios = np.array(FEW)[chosen].sum(axis=1) / np.array(PARTNERS)[chosen].sum(axis=1) - 1
    assert found["mean"] == pytest.approx(54 / 45 - 1)
    for limit, percent in (("low", OUTSIDE), ("high", 100 - OUTSIDE)):
        least, most = between(ratios, percent)
        assert least <= found[limit] <= most
    for limit, percent in (("low", 2.5), ("high", 97.5), ("low", 1.0), ("high", 99.0)):
        least, most = between(ratios, percent)
        assert not least <= found[limit] <= most


def test_with_many_seeds_the_interval_is_student_s():
    values = np.random.default_rng(11).normal(40.0, 6.0, 400)
    found = interval(values)
    low, high = stats.t.interval(0.95, 399, values.mean(), values.std(ddof=1) / 20.0)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.05 * (high - low))


def test_with_many_seeds_the_relative_interval_is_that_of_the_delta_method():
    """Var(a̅ / b̅) ≈ Var(a − R b) / (n b̅²), with R = a̅ / b̅: Cochran, Sampling Techniques, 1977, 2.11."""
    random = np.random.default_rng(12)
    base = random.lognormal(3.0, 0.5, 400)
    ours = 1.2 * base + random.normal(0.0, 1.0, 400)
    found = relative_difference(ours, base)
    ratio = ours.mean() / base.mean()
    error = math.sqrt(((ours - ratio * base) ** 2).sum() / 399 / 400) / base.mean()
    assert found["mean"] == pytest.approx(ratio - 1)
    low, high = ratio - 1 - Z * error, ratio - 1 + Z * error
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.1 * (high - low))
    # Were the seeds not paired, the seeds' own spread of about half would blow the interval up more than fivefold.
    assert high - low < 0.2 * 2 * Z * math.sqrt(2) * 0.5 / 20.0


def test_a_tenth_more_on_each_seed_is_a_tenth_more_without_doubt():
    base = [1.0, 8.0, 3.0, 40.0, 0.5]
    found = difference([1.1 * value for value in base], base)
    assert (found["relative"]["mean"], found["relative"]["low"], found["relative"]["high"]) == pytest.approx((0.1,) * 3)
    assert found["mean"] == pytest.approx(5.25 / 5)  # a tenth of 52.5, over five seeds
    assert found["low"] < found["mean"] < found["high"]  # in points, the seeds do differ


def test_two_points_more_on_each_seed_are_two_points_without_doubt():
    base = [1.0, 8.0, 3.0, 40.0, 0.5]
    found = difference([value + 2.0 for value in base], base)
    assert (found["mean"], found["low"], found["high"]) == pytest.approx((2.0, 2.0, 2.0))
    assert found["relative"]["mean"] == pytest.approx(10 / 52.5)
    assert found["relative"]["low"] < found["relative"]["mean"] < found["relative"]["high"]


def test_relative_is_to_the_baseline_and_of_means():
    # Means 3 and 2: half as much again. The mean of 4 / 1 and 2 / 3 would be 2.33 − 1.
    assert relative_difference([4.0, 2.0], [1.0, 3.0])["mean"] == pytest.approx(0.5)
    assert relative_difference([1.0, 3.0], [4.0, 2.0])["mean"] == pytest.approx(2 / 3 - 1)


def test_a_seed_without_a_value_is_left_out_of_both_sides_of_a_pair():
    nothing = math.nan
    assert interval([1.0, nothing, 4.0])["mean"] == pytest.approx(2.5)
    found = difference([2.0, nothing, 6.0, 9.0], [1.0, 5.0, nothing, 3.0])  # pairs 2 and 1, 9 and 3
    assert found["mean"] == pytest.approx(3.5)
    assert found["relative"]["mean"] == pytest.approx(11 / 4 - 1)
    assert interval([nothing, nothing]) == {"mean": None, "low": None, "high": None}
    assert relative_difference([nothing], [1.0]) == {"mean": None, "low": None, "high": None}


def test_one_pair_of_seeds_has_a_difference_and_no_interval():
    assert difference([3.0], [2.0]) == {
        "mean": 1.0,
        "low": None,
        "high": None,
        "relative": {"mean": 0.5, "low": None, "high": None},
    }


def test_nothing_relates_to_a_baseline_of_nothing():
    assert relative_difference([1.0, 2.0], [0.0, 0.0]) == {"mean": None, "low": None, "high": None}
    # One seed of three at zero: resamples that draw it alone have no ratio, the others have.
    found = relative_difference([1.0, 2.0, 3.0], [0.0, 2.0, 4.0])
    assert found["mean"] == pytest.approx(0.0) and math.isfinite(found["low"]) and math.isfinite(found["high"])


def test_seeds_that_agree_leave_no_doubt_and_seeds_of_different_length_are_refused():
    assert interval([0.25, 0.25, 0.25]) == {"mean": 0.25, "low": 0.25, "high": 0.25}
    assert relative_difference([3.0, 3.0], [2.0, 2.0]) == {"mean": 0.5, "low": 0.5, "high": 0.5}
    with pytest.raises(ValueError, match="zip"):
        difference([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("seeds", "repetitions"), [(10, 500), (40, 400)])
def test_how_often_the_interval_holds_the_truth(seeds, repetitions):
    """95 %, with 10 seeds as with 40; plain percentiles would hold it 90.4 % and 94.0 % of the time."""
    truth, random = 0.4, np.random.default_rng(seeds)
    held = 0
    for _ in range(repetitions):
        found = interval(random.normal(truth, 0.05, seeds))
        held += found["low"] <= truth <= found["high"]
    assert held / repetitions == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / repetitions))


def test_how_often_the_relative_interval_holds_the_truth():
    truth, random, held = -0.2, np.random.default_rng(5), 0
    for _ in range(500):
        base = random.normal(60.0, 9.0, 40)
        ours = (1 + truth) * base + random.normal(0.0, 3.0, 40)
        found = relative_difference(ours, base)
        held += found["low"] <= truth <= found["high"]
    expected = 0.95  # as above; the ratio is close to linear here
    assert held / 500 == pytest.approx(expected, abs=3 * math.sqrt(expected * (1 - expected) / 500))


@pytest.mark.parametrize("seeds", [2, 3, 6, 8, 10, 20, 33])
def test_limits_are_those_of_scipy_s_bootstrap_to_the_last_digit(seeds):
    random = np.random.default_rng(seeds)
    for values in (
        random.normal(0.2, 0.01, seeds),
        random.integers(0, 4, seeds) + [0.5] * seeds,
        -(10.0 ** random.uniform(-3, 6, seeds)),
    ):
        theirs = stats.bootstrap(
            (values,), np.mean, n_resamples=RESAMPLES, confidence_level=1 - 2 * tail(seeds), method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        found = interval(values)
        assert (found["low"], found["high"]) == (theirs.low, theirs.high)


def test_a_seed_left_out_of_a_pair_is_left_out_of_both():
    ours, theirs = [*FEW, 1000.0, math.nan], [*PARTNERS, math.nan, 1000.0]
    assert relative_difference(ours, theirs) == relative_difference(FEW, PARTNERS)
