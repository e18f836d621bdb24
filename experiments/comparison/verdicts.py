"""Whether a plan should replace the plan in force: ship, test in the field, or don't, by a rule that is written down once, here.

- *don't*: it sued debtors in disclosed hardship or broke a rule; or net present value at fully loaded cost is worse at 95 %; or the interval
  holds no gain that matters (1 % of the net present value of the plan in force); or more burdens of debtors are heavier by more than their
  margin than are lighter, both at 95 %; or one seed gives no interval.
- *ship*: net present value is better at 95 %, every burden is within its margin at 95 %, and the gain is better at 95 % in each of the worlds in
  which the model is wrong on purpose.
- *test in the field*: everything between. The reasons say what keeps a plan from being shipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from recoup.experiments.comparison.welfare import Gap, State
from recoup.experiments.runs.champion import VALUE, ranked

BASE = "status-quo"
NO_CONTACT = "no-contact"
GAIN_THAT_MATTERS = 0.01  # of the net present value of the plan in force


class Verdict(StrEnum):
    """What should be done with a plan."""

    SHIP = "ship"
    TEST = "test"
    DONT = "dont"


class Reason(StrEnum):
    """What a verdict rests on, beside the gain."""

    HARDSHIP = "hardship"  # debtors in disclosed hardship were sued
    BREACHES = "breaches"
    ONE_SEED = "one_seed"
    WORSE = "worse"
    NO_GAIN = "no_gain"  # none that matters is in the interval
    HEAVIER = "heavier"  # more burdens are heavier than lighter
    OPEN = "open"  # the interval of the gain holds zero
    TRADE_OFF = "trade_off"  # some burdens are heavier, at least as many lighter
    BURDENS_OPEN = "burdens_open"
    WORLDS_UNKNOWN = "worlds_unknown"  # none were simulated
    WORLDS_OPEN = "worlds_open"  # not better at 95 % in all of them
    ALL_HOLD = "all_hold"


@dataclass(frozen=True)
class Judgement:
    """A verdict with what it rests on."""

    verdict: Verdict
    reasons: list[Reason]


@dataclass(frozen=True)
class Case:
    """What is judged.

    Attributes:
        gain: paired difference of net present value at fully loaded cost: mean, low, high.
        base: net present value of the plan in force, in the same unit.
        gaps: of every burden.
        hardship_suits, breaches: how often.
        worlds: the same difference by the name of a world; None = no world was simulated.
    """

    gain: Mapping[str, Any]
    base: float
    gaps: Sequence[Gap] = field(default_factory=list)
    hardship_suits: int = 0
    breaches: int = 0
    worlds: Mapping[str, Mapping[str, Any]] | None = None


def judge(case: Case) -> Judgement:
    """The verdict on a plan, by the rule above."""
    low, high = case.gain["low"], case.gain["high"]
    beyond = [gap for gap in case.gaps if gap.state is State.BEYOND]
    lighter = [gap for gap in case.gaps if gap.lighter]
    against = [
        (case.hardship_suits > 0, Reason.HARDSHIP),
        (case.breaches > 0, Reason.BREACHES),
        (low is None, Reason.ONE_SEED),
        (low is not None and high < 0, Reason.WORSE),
        (low is not None and 0 <= high < GAIN_THAT_MATTERS * abs(case.base) and low <= 0, Reason.NO_GAIN),
        (len(beyond) > len(lighter), Reason.HEAVIER),
    ]
    if found := [reason for holds, reason in against if holds]:
        return Judgement(Verdict.DONT, found)
    worlds = case.worlds
    open_yet = [
        (low <= 0, Reason.OPEN),
        (bool(beyond), Reason.TRADE_OFF),
        (any(gap.state is State.UNDECIDED for gap in case.gaps), Reason.BURDENS_OPEN),
        (worlds is None, Reason.WORLDS_UNKNOWN),
        (bool(worlds and lost(worlds)), Reason.WORLDS_OPEN),
    ]
    if found := [reason for holds, reason in open_yet if holds]:
        return Judgement(Verdict.TEST, found)
    return Judgement(Verdict.SHIP, [Reason.ALL_HOLD])


def lost(worlds: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The worlds in which the gain is not better at 95 %.

    Args:
        worlds: name → difference: mean, low, high.
    """
    return [name for name, gain in worlds.items() if gain["low"] is None or gain["low"] <= 0]


def in_force(results: Mapping[str, Any]) -> str | None:
    """The plan in force, the champion of the decision: the one named; else `status-quo`; else the first that contacts anybody.

    Args:
        results: the content of results.json.

    Returns:
        None where there is one plan alone.
    """
    names = list(results["policies"])
    if len(names) < 2:
        return None
    if named := results["settings"].get("champion"):
        return str(named)
    return BASE if BASE in names else next(name for name in (*names, names[0]) if name != NO_CONTACT)


def recommended(results: Mapping[str, Any], judged: Mapping[str, Judgement]) -> str:
    """The plan to put in the place of the plan in force: the challenger of the decision.

    Of the best verdict, the highest net present value; a learned policy only where it beats at 95 % every plan of as good a verdict that
    people can read, or where there is none.

    Args:
        results: the content of results.json.
        judged: by the name of each plan but the one in force; what no world says is not held against a plan here, as the worlds of one plan
            alone are simulated.
    """
    order = {Verdict.SHIP: 0, Verdict.TEST: 1, Verdict.DONT: 2}
    best = min(order[_here(one)] for one in judged.values())
    names = ranked(results, [name for name, one in judged.items() if order[_here(one)] == best])
    plain = next((name for name in names if name not in results["learned"]), None)
    top = names[0]
    if plain is None or top == plain:
        return top
    low = results["differences"][top][plain][VALUE]["low"]
    return top if low is not None and low > 0 else plain


def _here(judged: Judgement) -> Verdict:
    """The verdict were the worlds no matter."""
    of_worlds = {Reason.WORLDS_UNKNOWN, Reason.WORLDS_OPEN}
    return Verdict.SHIP if judged.verdict is Verdict.TEST and set(judged.reasons) <= of_worlds else judged.verdict
