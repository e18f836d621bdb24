"""Debtor burden, beside what a policy recovers: measures, and a non-inferiority check.

Rules forbid much, not everything. Here every burden is measured once, also what only the simulation knows (who has no work,
which instalment fits the means), compared with a reference policy on the same accounts under common random numbers, and
tested against margins, as a non-inferiority trial does in medicine. `recoup compare` writes welfare.json; `docs/fairness.md` explains it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import scipy  # loads its parts when they are first used
from numpy.typing import NDArray

from recoup.experiments.comparison.intervals import CONFIDENCE, difference, interval
from recoup.experiments.comparison.measures import REGISTRY
from recoup.experiments.comparison.rollout import Rollout

WELFARE = "welfare.json"

MEASURES = tuple(
    REGISTRY[name]
    for name in (
        "contacts_per_debtor",
        "busiest_week_p95",
        "debtor_cost",
        "debtor_interest",
        "debtor_fees",
        "complaints_per_1000",
        "distress_suits_per_1000",
        "plans_fit",
        "plans_broken",
        "opt_outs_per_1000",
        "hardship_calls_per_1000",
        "hardship_suits",
        "distress_contacts",
        "distress_seized",
        "sued_per_1000",
    )
)
MEASURE = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True)
class Burden:
    """A measure that must not exceed the reference policy's by more than a margin, at 95 %.

    The margin is the larger of `absolute` and `relative` × the reference's mean. With a `norm`, that stands in for the
    reference: a policy without plans has none that break.
    """

    measure: str
    absolute: float
    relative: float = 0.0
    norm: float | None = None


BURDENS: tuple[Burden, ...] = (
    Burden("contacts_per_debtor", absolute=1.0, relative=0.10),
    Burden("busiest_week_p95", absolute=0.5),
    Burden("debtor_cost", absolute=0.0025, relative=0.05),
    Burden("complaints_per_1000", absolute=1.0, relative=0.10),
    Burden("distress_suits_per_1000", absolute=1.0, relative=0.10),
    Burden("plans_broken", absolute=0.0, norm=0.5),  # one third to one half break, trade
)
COST_PARTS = ("debtor_interest", "debtor_fees")  # together the cost to the debtor
Values = Mapping[str, Sequence[float]]  # measure -> one value per seed, NaN = undefined


def measure_burden(run: Rollout) -> dict[str, float]:
    """All welfare measures of one run."""
    return {measure.name: measure.of(run, run.accounts) for measure in MEASURES}


def reference_policy(names: Sequence[str]) -> str:
    """What burden is measured against: today's plan if it is among them, else the staged plan, else the first."""
    return next((name for name in ("status-quo", "staged") if name in names), names[0])


def aggregate(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """The content of welfare.json.

    Args:
        parts: policy -> parts of its seeds, in the order of seeds, each with `welfare` and `measures` (null = undefined).
    """
    names = list(parts)
    values: dict[str, dict[str, list[float]]] = {
        name: {m: [_number(part["welfare"][m]) for part in parts[name]] for m in MEASURE} for name in names
    }
    reference = reference_policy(names)
    recovered = {name: [_number(part["measures"]["net_recovery_rate"]) for part in parts[name]] for name in names}
    return {
        "reference": reference,
        "burdens": [burden.measure for burden in BURDENS],
        "measures": [
            {"name": m.name, "title": m.title, "unit": m.unit, "better": m.better, "definition": m.definition}
            for m in MEASURES
        ],
        "policies": {name: {m: interval(column) for m, column in columns.items()} for name, columns in values.items()},
        "differences": {
            a: {b: {m: difference(values[a][m], values[b][m]) for m in MEASURE} for b in names if b != a} for a in names
        },
        "checks": [
            check(name, reference, values[name], values[reference], difference(recovered[name], recovered[reference]))
            for name in names
        ],
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def check(name: str, reference: str, ours: Values, theirs: Values, gain: Mapping[str, Any]) -> dict[str, Any]:
    """The welfare check of one policy.

    It is passed unless a debtor in disclosed hardship was sued («hardship sued») or at 95 % a burden exceeds the reference's by
    more than its margin («more burden»). Else the verdict is «no more burden», «reference», or with one seed «not decided».

    Args:
        name, reference: of the policy and of what it is compared with.
        ours, theirs: welfare measures of the policy and of the reference, by seed.
        gain: paired difference of the net recovery rate.
    """
    others = name != reference
    more = [burden.measure for burden in BURDENS if others and _heavier(burden, ours, theirs)]
    less = [burden.measure for burden in BURDENS if others and _lighter(burden, ours, theirs)]
    sued = int(np.sum(ours["hardship_suits"]))
    if sued:
        verdict = "hardship sued"
    elif not others:
        verdict = "reference"
    elif len(ours["hardship_suits"]) < 2:
        verdict = "not decided"
    else:
        verdict = "more burden" if more else "no more burden"
    return {
        "policy": name,
        "reference": reference,
        "verdict": verdict,
        "passed": not sued and not more,
        "more": more,
        "less": less,
        "cost_from": _cost_from(ours, theirs) if "debtor_cost" in more else None,
        "gain": dict(gain),
        "hardship_suits": sued,
    }


def _gaps(burden: Burden, ours: Values, theirs: Values) -> NDArray[np.float64]:
    """ours − theirs by seed, where both are defined."""
    mine = np.asarray(ours[burden.measure], float)
    base = np.asarray(theirs[burden.measure], float) if burden.norm is None else np.full(mine.size, burden.norm)
    gaps = mine - base
    return gaps[np.isfinite(gaps)]


def _cost_from(ours: Values, theirs: Values) -> str:
    """Where most of a higher cost to the debtor comes from: a plan that sues, or debts that are left open."""
    gaps = {part: float(np.mean(ours[part]) - np.mean(theirs[part])) for part in COST_PARTS}
    return max(gaps, key=lambda part: gaps[part])


def margin_of(burden: Burden, theirs: Values) -> float:
    """How much more of a burden is still no more, in the measure's unit.

    Args:
        burden: what is judged.
        theirs: welfare measures of the reference, by seed.
    """
    if not burden.relative:
        return burden.absolute
    return max(burden.absolute, burden.relative * float(np.mean(theirs[burden.measure])))


class State(StrEnum):
    """Where the gap of a burden lies."""

    WITHIN = "within"  # at 95 % no more than the margin
    UNDECIDED = "undecided"  # the interval holds the margin
    BEYOND = "beyond"  # more than the margin, at 95 % for all burdens together


@dataclass(frozen=True)
class Gap:
    """A burden of a policy beside the reference's: `lighter` where it is below at 95 % for all burdens together."""

    burden: Burden
    margin: float
    state: State
    lighter: bool


def gaps(ours: Values, theirs: Values) -> list[Gap]:
    """Every burden of a policy beside the reference's, with its margin.

    `BEYOND` is what the check calls heavier. `WITHIN` is what a non-inferiority trial asks for: the upper limit of Student's 95 % interval is
    not above the margin. Each must hold by itself for all to hold, so this side needs no correction for their number (intersection-union test).
    A burden that neither policy has on any seed, as broken plans where none were agreed, is within.

    Args:
        ours, theirs: welfare measures of the policy and of the reference, by seed.
    """
    return [
        Gap(burden, margin_of(burden, theirs), _state(burden, ours, theirs), _lighter(burden, ours, theirs))
        for burden in BURDENS
    ]


def _state(burden: Burden, ours: Values, theirs: Values) -> State:
    if _heavier(burden, ours, theirs):
        return State.BEYOND
    found, margin = _gaps(burden, ours, theirs), margin_of(burden, theirs)
    if not found.size:
        return State.WITHIN
    if len(ours[burden.measure]) < 2:
        return State.UNDECIDED
    if found.size < 2 or np.ptp(found) < 1e-12:
        return State.WITHIN if found[0] <= margin + 1e-12 else State.UNDECIDED
    high = scipy.stats.ttest_1samp(found, margin).confidence_interval(CONFIDENCE).high
    return State.WITHIN if high <= margin else State.UNDECIDED


def _heavier(burden: Burden, ours: Values, theirs: Values) -> bool:
    return _above(_gaps(burden, ours, theirs), margin_of(burden, theirs))


def _lighter(burden: Burden, ours: Values, theirs: Values) -> bool:
    return burden.norm is None and _above(-_gaps(burden, ours, theirs), 0.0)


def _above(gaps: NDArray[np.float64], margin: float) -> bool:
    """Whether the mean is above the margin at 95 % for all burdens together (Student's t over seeds, Bonferroni)."""
    if gaps.size < 2:
        return False
    if np.ptp(gaps) < 1e-12:  # the same in each seed, but for rounding
        return bool(gaps[0] > margin)
    level = 1.0 - (1.0 - CONFIDENCE) / len(BURDENS)
    return bool(scipy.stats.ttest_1samp(gaps, margin).confidence_interval(level).low > margin)
