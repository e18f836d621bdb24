"""What a treatment brings that was given by a score's threshold: regression discontinuity at the cut-off.

Just below and just above the threshold accounts are alike but for the treatment, so the jump of the outcome there is the treatment's effect, for
accounts at the threshold. Local linear fits on both sides with a triangular kernel; bandwidth by Imbens & Kalyanaraman ("Optimal Bandwidth
Choice for the Regression Discontinuity Estimator", Review of Economic Studies 79, 2012). Interval and p-value are bias-corrected and robust (Calonico,
Cattaneo & Titiunik, Econometrica 82, 2014), with one bandwidth for the fit and for its bias: that is the interval of the local quadratic fit
(their remark 7). Its bandwidth is smaller, as coverage wants it (Calonico, Cattaneo & Farrell, Econometrics Journal 23, 2020: n to the
power of −1/20 of the other). Standard errors are robust to unequal variances (HC2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

CONFIDENCE = 0.95
LEAST = 30  # accounts within the bandwidth on either side
SCALES = (0.5, 0.75, 1.0, 1.5, 2.0)  # bandwidths that are tried beside the chosen one
PLACEBO_QUANTILES = (0.25, 0.5, 0.75)  # of the scores of either side: cut-offs where nothing happened
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Jump:
    """By how much an outcome jumps at a cut-off, from below to above.

    Attributes:
        cut: the cut-off.
        bandwidth: scores so far from it count.
        narrow: bandwidth of the corrected estimate and its interval.
        below, above: accounts within the bandwidth.
        estimate: of the local linear fits.
        corrected: the estimate less its bias.
        error: standard error of `corrected`.
        low, high: 95 % interval around `corrected`.
        p: of no jump.
        levels: of the linear fits at the cut-off, below and above.
    """

    cut: float
    bandwidth: float
    narrow: float
    below: int
    above: int
    estimate: float
    corrected: float
    error: float
    low: float
    high: float
    p: float
    levels: tuple[float, float]


@dataclass(frozen=True)
class _Fit:
    """A fit at the cut-off of one side: the level there, its variance, and how each outcome counts in it."""

    level: float
    variance: float
    residuals: _Floats
    counts: _Floats


def _fit(distance: _Floats, outcome: _Floats, bandwidth: float, degree: int) -> _Fit:
    """Local polynomial of one side, weighted by a triangle; HC2 residuals."""
    root = np.sqrt(1.0 - np.abs(distance) / bandwidth)
    design = np.vander(distance / bandwidth, degree + 1, increasing=True) * root[:, None]
    inverse = np.linalg.pinv(design)
    level = inverse @ (root * outcome)
    leverage = np.einsum("ij,ji->i", design, inverse)
    missed = root * outcome - design @ level
    residuals = missed / np.sqrt(np.maximum(1.0 - leverage, 1e-9))
    return _Fit(float(level[0]), float(((inverse[0] * residuals) ** 2).sum()), residuals, inverse[0])


def enough(score: _Floats, cut: float, bandwidth: float) -> bool:
    """Both sides have accounts within the bandwidth, with scores enough for a curve."""
    distance = score - cut
    sides = (distance[(distance < 0) & (distance > -bandwidth)], distance[(distance >= 0) & (distance < bandwidth)])
    return all(side.size >= LEAST and np.unique(side).size >= 4 for side in sides)


def jump(
    score: _Floats, outcome: _Floats, cut: float, bandwidth: float | None = None, given: _Floats | None = None
) -> Jump | None:
    """The jump of an outcome at a cut-off; accounts at it are above.

    Args:
        score: of each account, (accounts,).
        outcome: likewise, finite.
        cut: the cut-off.
        bandwidth: None = `optimal_bandwidth`.
        given: how much of the treatment each account had, 0 to 1: the jump of the outcome is then divided by that of the treatment (a fuzzy
            design: effect on those who are treated because of the threshold); None = it was given by the threshold alone.

    Returns:
        The jump; None where either side has too few accounts or scores within the bandwidth.
    """
    h = optimal_bandwidth(score, outcome, cut) if bandwidth is None else bandwidth
    narrow = 0.0 if h is None else h * score.size ** (-1 / 20)
    if h is None or not enough(score, cut, narrow):
        return None
    distance = score - cut
    inside, nearest = np.abs(distance) < h, np.abs(distance) < narrow
    linear, _ = _ratio(distance, outcome, given, inside, h, degree=1)
    corrected, variance = _ratio(distance, outcome, given, nearest, narrow, degree=2)
    distance, outcome = distance[inside], outcome[inside]
    above = distance >= 0
    levels = tuple(_fit(distance[side], outcome[side], h, 1).level for side in (~above, above))
    error = float(np.sqrt(variance))
    far = float(scipy.stats.norm.ppf(0.5 + CONFIDENCE / 2)) * error
    p = float(2.0 * scipy.stats.norm.sf(abs(corrected) / error)) if error > 0 else float(corrected == 0)
    return Jump(
        cut=float(cut),
        bandwidth=float(h),
        narrow=float(narrow),
        below=int((~above).sum()),
        above=int(above.sum()),
        estimate=linear,
        corrected=corrected,
        error=error,
        low=corrected - far,
        high=corrected + far,
        p=p,
        levels=(levels[0], levels[1]),
    )


def _ratio(
    distance: _Floats, outcome: _Floats, treated: _Floats | None, near: NDArray[np.bool_], bandwidth: float, degree: int
) -> tuple[float, float]:  # fmt: skip
    """Jump of the outcome, or its ratio to the treatment's, and its variance (of a ratio by the delta method)."""
    sides = (near & (distance < 0), near & (distance >= 0))
    of_outcome = [_fit(distance[side], outcome[side], bandwidth, degree) for side in sides]
    effect = of_outcome[1].level - of_outcome[0].level
    if treated is None:
        return effect, of_outcome[0].variance + of_outcome[1].variance
    of_treatment = [_fit(distance[side], treated[side], bandwidth, degree) for side in sides]
    first = of_treatment[1].level - of_treatment[0].level
    if not first:
        return float("nan"), float("nan")
    share = effect / first
    variance = sum(
        (((ours.residuals - share * theirs.residuals) * ours.counts) ** 2).sum()
        for ours, theirs in zip(of_outcome, of_treatment, strict=True)
    )
    return share, float(variance / first**2)


def optimal_bandwidth(score: _Floats, outcome: _Floats, cut: float) -> float | None:
    """Imbens & Kalyanaraman's bandwidth for a triangular kernel; None where the scores are too few for it.

    Args:
        score, outcome, cut: as for `jump`.
    """
    distance, size = score - cut, score.size
    above = distance >= 0
    sides = (~above, above)
    if min(side.sum() for side in sides) < LEAST or any(np.unique(distance[side]).size < 4 for side in sides):
        return None
    pilot = 1.84 * float(score.std(ddof=1)) * size ** (-1 / 5)
    near = [side & (np.abs(distance) <= pilot) for side in sides]
    while min(side.sum() for side in near) < 10:  # a threshold in a tail
        pilot *= 1.5
        near = [side & (np.abs(distance) <= pilot) for side in sides]
    density = sum(side.sum() for side in near) / (2.0 * size * pilot)
    spread = [float(outcome[side].var(ddof=1)) for side in near]
    noise = float(np.mean(spread))
    if noise == 0:
        return float(np.abs(distance).max())  # all alike near the cut-off: no bandwidth is better than another
    unit = float(np.abs(distance).max())
    cubic = np.column_stack([np.ones(size), above, *((distance / unit) ** power for power in (1, 2, 3))])
    third = 6.0 * float(np.linalg.lstsq(cubic, outcome, rcond=None)[0][4]) / unit**3
    curvature, regular = [], 0.0
    for side in sides:
        many = int(side.sum())
        wide = 3.56 * (noise / (density * max(third**2, 1e-300))) ** (1 / 7) * many ** (-1 / 7)
        rows = np.flatnonzero(side)
        reach = np.sort(np.abs(distance[rows]))
        wide = float(np.clip(wide, reach[min(LEAST, many) - 1], reach[-1]))
        rows = rows[np.abs(distance[rows]) <= wide]
        if np.unique(distance[rows]).size < 3:
            rows, wide = np.flatnonzero(side), float(reach[-1])
        quadratic = np.vander(distance[rows] / wide, 3, increasing=True)
        curvature.append(2.0 * float(np.linalg.lstsq(quadratic, outcome[rows], rcond=None)[0][2]) / wide**2)
        regular += 2160.0 * noise / (rows.size * wide**4)
    bent = (curvature[1] - curvature[0]) ** 2 + regular
    return float(3.4375 * (sum(spread) / (density * bent)) ** (1 / 5) * size ** (-1 / 5))


@dataclass(frozen=True)
class Density:
    """Whether scores gather on one side of the cut-off: McCrary's test ("Manipulation of the running variable", Journal of Econometrics 142, 2008).

    Attributes:
        jump: log of the density above over that below.
        error: its standard error.
        p: of no jump.
        bin: width of the bins.
        centres, heights: of the bins, density.
    """

    jump: float
    error: float
    p: float
    bin: float
    centres: _Floats
    heights: _Floats


def density_jump(score: _Floats, cut: float) -> Density | None:
    """McCrary's test; None where either side has too few scores.

    Args:
        score: of each account, (accounts,).
        cut: the cut-off; scores at it are above.
    """
    distance, size = score - cut, score.size
    if min((distance < 0).sum(), (distance >= 0).sum()) < LEAST:
        return None
    width = 2.0 * float(score.std(ddof=1)) * size**-0.5
    steps = np.diff(np.unique(score))
    step = float(steps.min()) if steps.size else 0.0
    if step > 1e-6 * width and step > 0 and np.allclose(steps / step, np.rint(steps / step), atol=1e-6):
        width = step * max(round(width / step), 1)  # whole scores: each bin holds as many of them
    place = np.floor(distance / width + 1e-9).astype(np.int64)
    first, last = int(place.min()), int(place.max())
    centres = (np.arange(first, last + 1) + 0.5) * width
    heights = np.bincount(place - first, minlength=last - first + 1) / (size * width)
    sides = (centres < 0, centres > 0)
    if min(side.sum() for side in sides) < 6:
        return None
    h = float(np.mean([_density_bandwidth(centres[side], heights[side]) for side in sides]))
    h = float(np.clip(h, 6 * width, np.abs(centres).max() + width))
    levels = []
    for side in sides:
        near = side & (np.abs(centres) < h)
        root = np.sqrt(1.0 - np.abs(centres[near]) / h)
        design = np.vander(centres[near] / h, 2, increasing=True) * root[:, None]
        levels.append(float(np.linalg.lstsq(design, root * heights[near], rcond=None)[0][0]))
    if min(levels) <= 0:
        return Density(float("inf") if levels[0] <= 0 else float("-inf"), 0.0, 0.0, width, centres + cut, heights)
    log = float(np.log(levels[1] / levels[0]))
    error = float(np.sqrt(4.8 / (size * h) * (1.0 / levels[0] + 1.0 / levels[1])))
    return Density(log, error, float(2.0 * scipy.stats.norm.sf(abs(log) / error)), width, centres + cut, heights)


def _density_bandwidth(centres: _Floats, heights: _Floats) -> float:
    """McCrary's rule of thumb, from a fourth-order polynomial."""
    span = float(np.abs(centres).max())
    x = centres / span
    design = np.vander(x, 5, increasing=True)
    found = np.linalg.lstsq(design, heights, rcond=None)[0]
    noise = float(((heights - design @ found) ** 2).sum() / max(centres.size - 5, 1))
    second = (2.0 * found[2] + 6.0 * found[3] * x + 12.0 * found[4] * x**2) / span**2
    bent = float((second**2).sum())
    return 3.348 * (noise * float(np.ptp(centres)) / bent) ** (1 / 5) if bent > 0 else span


def placebo_cuts(score: _Floats, cut: float) -> tuple[float, ...]:
    """Cut-offs at which nothing happened: quartiles of the scores on either side."""
    sides = [side for side in (score[score < cut], score[score >= cut]) if side.size]
    return tuple(float(np.quantile(side, at)) for side in sides for at in PLACEBO_QUANTILES)


def placebo_jump(score: _Floats, outcome: _Floats, cut: float, placebo: float) -> Jump | None:
    """The jump at a cut-off where nothing happened, from accounts of its side of the real one alone."""
    side = score < cut if placebo < cut else score >= cut
    return jump(score[side], outcome[side], placebo)
