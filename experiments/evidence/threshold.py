"""`recoup discontinuity`: the effect of what a score's threshold decided, with the checks without which nobody should believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.evidence.discontinuity import (
    LEAST,
    SCALES,
    Density,
    Jump,
    density_jump,
    jump,
    optimal_bandwidth,
    placebo_cuts,
    placebo_jump,
)
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.records.recorded_measures import RecordedMonths, within
from recoup.sim.inputs import InputError, choose
from recoup.sim.portfolio.table import FILE_FIELDS, Kind
from recoup.sim.remarks import Remark

LEVEL = 0.05
WEAK = (
    10.0  # F of the treatment's jump, below which a ratio to it means nothing (Staiger & Stock, Econometrica 65, 1997)
)
OUTCOMES = ("share", "cash", "paid")  # cash over the balance of the first day, cash, and whether anything was paid
LEAST_IN_A_BIN = 3  # accounts, of which a mean is shown
_NUMBERS = (Kind.NUMBER, Kind.INTEGER)
_Floats = NDArray[np.float64]
Name = TypeVar("Name", str, float)


@dataclass(frozen=True)
class Accounts:
    """What is looked at, one value for each account whose score is known.

    Attributes:
        score, outcome: (accounts,).
        covariates: what was known before, by field; NaN where unknown.
        given: whether the account had the treatment, 0 or 1; None = the threshold alone decides.
        without_score: accounts that were left out.
        days: after the first, in which the outcome came in.
    """

    score: _Floats
    outcome: _Floats
    covariates: dict[str, _Floats]
    given: _Floats | None
    without_score: int
    days: int


def accounts_of(
    records: LenderRecords,
    score: str,
    outcome: str = "share",
    treatment: str | None = None,
    at: date | None = None,
    days: int | None = None,
) -> Accounts:
    """Scores, outcomes and what was known before, from a lender's records.

    Args:
        records: the lender's.
        score: a numeric field of the portfolio.
        outcome: one of `OUTCOMES`.
        treatment: the channel or legal step that the threshold was to decide about; None = it decided for sure.
        at: first day of the outcome; None = the portfolio's.
        days: of the outcome; None = to the logs' last day.

    Raises:
        InputError: as `LenderRecords.days`; no such field, no account with a score, or a treatment nobody had.
    """
    portfolio, contacts = records.portfolio.table, records.contacts
    numeric = [field.name for field in FILE_FIELDS if field.kind in _NUMBERS and field.name in portfolio]
    if score not in numeric:
        raise InputError("--score", "", score, choose(numeric, score))
    known = portfolio[score].notna().to_numpy()
    table = portfolio[known].reset_index(drop=True)
    if table.empty:
        raise InputError("--score", "", score, "a field that some account has a value of")
    first, last = records.days(at)
    months = RecordedMonths(table, contacts, records.payments, first, days or (last - first).days + 1)
    names = table["account_id"].astype(str)
    paid = within(months, records.payments, names)
    cash = np.bincount(paid["number"], paid["amount"], len(table))
    made = {
        "cash": lambda: cash,
        "share": lambda: cash / table["opening_balance"].to_numpy(float),
        "paid": lambda: (cash > 0).astype(float),
    }
    given = None
    if treatment is not None:
        rows = within(months, contacts, names)
        rows = rows[(rows["direction"] != "inbound") & ((rows["channel"] == treatment) | (rows["legal"] == treatment))]
        given = (np.bincount(rows["number"], minlength=len(table)) > 0).astype(float)
        if not given.any():
            known_names = sorted({*contacts["channel"].dropna(), *contacts["legal"].dropna()})
            raise InputError("--treatment", "", treatment, f"what some account had: {choose(known_names, treatment)}")
    covariates = {
        name: table[name].to_numpy(float) for name in numeric if name != score and table[name].notna().mean() > 0.5
    }
    return Accounts(table[score].to_numpy(float), made[outcome](), covariates, given, int((~known).sum()), months.days)


@dataclass(frozen=True)
class Study:
    """The effect at a threshold, and its checks.

    Attributes:
        accounts, cut: what was looked at.
        effect: the outcome's jump; None = too few accounts.
        first_stage: of a fuzzy design, the jump of the treatment; None = there is none.
        of_treated: of a fuzzy design, the outcome's jump over the treatment's; None = there is none, or the first stage is weak.
        bandwidths: the effect at other bandwidths, by factor.
        density: whether scores gather on one side.
        cuts: jumps where nothing happened.
        covariates: jumps of what was known before.
    """

    accounts: Accounts
    cut: float
    effect: Jump | None
    first_stage: Jump | None
    of_treated: Jump | None
    bandwidths: dict[float, Jump | None]
    density: Density | None
    cuts: list[Jump]
    covariates: dict[str, Jump]

    def bins(self) -> NDArray[np.float64]:
        """Accounts within twice the bandwidth by score: mean score, mean outcome and number of each bin, shape (bins, 3).

        Bins of fewer than `LEAST_IN_A_BIN` accounts are left out.
        """
        distance, reach = self.accounts.score - self.cut, self._reach
        edges = np.linspace(-2 * reach, 2 * reach, 41)
        place = np.digitize(distance, edges)
        inside = [place == number for number in range(1, edges.size)]
        rows = [
            (self.cut + distance[one].mean(), self.accounts.outcome[one].mean(), one.sum())
            for one in inside
            if one.sum() >= LEAST_IN_A_BIN
        ]
        return np.array(rows, float).reshape(-1, 3)

    def lines(self) -> NDArray[np.float64]:
        """The two straight lines whose ends at the cut-off make the effect: score and outcome of both ends, shape (2 or 0, 2, 2)."""
        if self.effect is None:
            return np.zeros((0, 2, 2))
        distance, reach, found = self.accounts.score - self.cut, self._reach, []
        for side, level, end in (
            (distance < 0, self.effect.levels[0], -reach),
            (distance >= 0, self.effect.levels[1], reach),
        ):
            near = side & (np.abs(distance) < reach)
            root = np.sqrt(1.0 - np.abs(distance[near]) / reach)
            design = np.column_stack([root, root * distance[near]])
            slope = np.linalg.lstsq(design, root * self.accounts.outcome[near], rcond=None)[0][1]
            found.append([(self.cut, level), (self.cut + end, level + slope * end)])
        return np.array(found, float)

    @property
    def _reach(self) -> float:
        distance = np.abs(self.accounts.score - self.cut)
        return self.effect.bandwidth if self.effect else float(distance.max()) or 1.0

    @property
    def refusal(self) -> Remark | None:
        """Why there is no effect; None = there is one."""
        return Remark("few", {"cut": self.cut, "least": LEAST}) if self.effect is None else None

    @property
    def doubts(self) -> list[Remark]:
        """What speaks against the effect, or against reading it as one."""
        said: list[Remark] = []
        if self.density is not None and self.density.p < LEVEL:
            change = float(np.exp(self.density.jump)) - 1.0
            known = change if np.isfinite(change) else None
            said.append(Remark("density", {"cut": self.cut, "change": known, "p": self.density.p}))
        for name, p in _small(self.covariates).items():
            said.append(Remark("covariate", {"field": name, "cut": self.cut, "p": p}))
        for cut, p in _small({one.cut: one for one in self.cuts}).items():
            said.append(Remark("placebo", {"cut": cut, "p": p}))
        if self.effect is not None:
            apart = [scale for scale, one in self.bandwidths.items() if one and _apart(one, self.effect)]
            if apart:
                said.append(Remark("bandwidth", {"times": apart}))
        if self.first_stage is not None and self.of_treated is None:
            f = _f(self.first_stage)
            said.append(Remark("weak", {"f": f if np.isfinite(f) else None, "least": WEAK}))
        return said


def _f(one: Jump) -> float:
    return (one.corrected / one.error) ** 2 if one.error > 0 else float("inf")


def _apart(one: Jump, effect: Jump) -> bool:
    return not (one.low <= effect.corrected <= one.high or effect.low <= one.corrected <= effect.high)


def _small(jumps: Mapping[Name, Jump]) -> dict[Name, float]:
    """Jumps that are there even if one looks at all of them: p-values by Holm's correction below the level."""
    order = sorted(jumps, key=lambda name: jumps[name].p)
    found: dict[Name, float] = {}
    largest = 0.0
    for place, name in enumerate(order):
        largest = max(largest, min(1.0, jumps[name].p * (len(order) - place)))
        if largest < LEVEL:
            found[name] = largest
    return found


def study(accounts: Accounts, cut: float, bandwidth: float | None = None) -> Study:
    """Estimate the effect at a threshold, and check it.

    Args:
        accounts: of `accounts_of`.
        cut: the threshold; scores at it are above.
        bandwidth: None = Imbens & Kalyanaraman's.
    """
    score, outcome, given = accounts.score, accounts.outcome, accounts.given
    chosen = optimal_bandwidth(score, outcome, cut) if bandwidth is None else bandwidth
    effect = None if chosen is None else jump(score, outcome, cut, chosen)
    first_stage = of_treated = None
    if given is not None and effect is not None:
        first_stage = jump(score, given, cut, chosen)
        if first_stage is not None and _f(first_stage) >= WEAK:
            of_treated = jump(score, outcome, cut, chosen, given)
    covariates = {}
    for name, values in accounts.covariates.items():
        known = np.isfinite(values)
        found = jump(score[known], values[known], cut) if known.any() else None
        if found is not None:
            covariates[name] = found
    cuts = [placebo_jump(score, outcome, cut, where) for where in dict.fromkeys(placebo_cuts(score, cut))]
    return Study(
        accounts=accounts,
        cut=cut,
        effect=effect,
        first_stage=first_stage,
        of_treated=of_treated,
        bandwidths={} if chosen is None else {scale: jump(score, outcome, cut, scale * chosen) for scale in SCALES},
        density=density_jump(score, cut),
        cuts=[one for one in cuts if one is not None],
        covariates=covariates,
    )


def content_of(found: Study, score: str, outcome: str, treatment: str | None, currency: str) -> dict[str, Any]:
    """What discontinuity.json holds.

    Args:
        found: the study.
        score, outcome, treatment: as for `accounts_of`.
        currency: of cash.
    """
    density = found.density
    return {
        "score": score,
        "threshold": found.cut,
        "outcome": outcome,
        "treatment": treatment,
        "currency": currency,
        "days": found.accounts.days,
        "accounts": int(found.accounts.score.size),
        "without_score": found.accounts.without_score,
        "effect": _said(found.effect),
        "first_stage": _said(found.first_stage),
        "of_treated": _said(found.of_treated),
        "bandwidths": [{"factor": scale, "effect": _said(one)} for scale, one in found.bandwidths.items()],
        "density": None
        if density is None
        else {"log_jump": density.jump if np.isfinite(density.jump) else None, "error": density.error, "p": density.p},
        "placebo_cuts": [_said(one) for one in found.cuts],
        "placebo_outcomes": [{"field": name, "effect": _said(one)} for name, one in found.covariates.items()],
        "doubts": [doubt.content() for doubt in found.doubts],
        "refusal": found.refusal.content() if found.refusal else None,
    }


def _said(one: Jump | None) -> dict[str, Any] | None:
    if one is None:
        return None
    names = ("cut", "bandwidth", "narrow", "below", "above", "estimate", "corrected", "error", "low", "high", "p")
    return {name: getattr(one, name) for name in names}
