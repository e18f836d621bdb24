"""The designs of the calibration targets: what is run, and what is read off, for each id of scenarios/calibration/*.yaml."""

from __future__ import annotations

from collections.abc import Callable

from recoup.experiments.checks.laboratory import NO_CONTACT, STATUS_QUO, CohortRun, Laboratory, arm, every, on_days

SMS = "{channel: sms, window: [midday, evening]}"
CALL, AUTOCALL = "{channel: collector, window: spread}", "{channel: autocall, window: spread}"
LETTER, NOTICE = "{channel: letter}", "{channel: letter, legal: notice}"
SPECIALIST = "{channel: specialist, window: spread}"
SETTLE = "{channel: specialist, window: spread, offer: [settle_20, none]}"
PLAN_BY_MESSAGE = "{channel: wechat, window: [evening, midday], offer: [plan_12, none]}"
SUE = arm(
    "{legal_stage: judged} -> {legal: enforce}",
    "{legal_stage: noticed} -> {legal: suit}",
    f"{{legal_stage: none}} -> {NOTICE}",
)


def _fresh(lab: Laboratory) -> CohortRun:
    """A year from the first day past due, under the status-quo plan."""
    return lab.run(STATUS_QUO, 360)


def _roll(lab: Laboratory, first: int, last: int) -> float:
    """Of the accounts unresolved when `first` days past due, the share unresolved at `last` (entered at 1 dpd)."""
    return _fresh(lab).unresolved(last - 2) / _fresh(lab).unresolved(first - 2)


def _old_debt(lab: Laboratory) -> float:
    return max(lab.run(every(7, do), 180, 181, 720).recovery(180) for do in (SMS, AUTOCALL, PLAN_BY_MESSAGE))


def _plan_by_message(lab: Laboratory) -> float:
    run = lab.run(on_days([1], "{channel: wechat, window: [evening, midday], offer: plan_6}"), 30, 1, 30)
    return float((run.accounts["plans"] > 0).mean())


def _kept(run: CohortRun) -> float:
    kept, broken = run.accounts["kept"].sum(), run.accounts["broken"].sum()
    return float(kept / (kept + broken))


def _machine_gap(lab: Laboratory, days: int) -> float:
    """Present value of the cash of `days` days over the opening balance: collectors' less the automated callers'."""

    def value(do: str) -> float:
        run = lab.run(every(2, do), 360, ample=True)
        daily = run.daily[run.daily["day"] < days]
        factor = (1 + lab.scenario.world.discount_rate) ** (-daily["day"] / 365)
        return float((daily["cash"] * factor).sum() / run.opening)

    return value(CALL) - value(AUTOCALL)


def _call_frequency(lab: Laboratory) -> float:
    none, weekly, often = (
        lab.run(one, 180, 1, 30, ample=True).recovery(180) for one in (NO_CONTACT, every(7, CALL), every(2, CALL))
    )
    return (often - none) / (weekly - none)


def _complaints(lab: Laboratory) -> float:
    daily = _fresh(lab).daily
    return float(1000 * daily.loc[daily["day"] < 30, "complaints"].sum() / lab.accounts)


def _early_cost(lab: Laboratory) -> float:
    """Everybody is paid, used or not; courses come on top."""
    run = lab.run(STATUS_QUO, 30)
    return float(run.daily[["cost", "idle_cost", "overhead"]].to_numpy().sum()) / run.cash(0, 30)


def text_effect(lab: Laboratory, days: list[int], horizon: int) -> float:
    """Points resolved by the horizon that an SMS on each of these days adds to none, 1 to 30 days past due."""
    texts, none = (lab.run(one, horizon, 1, 30) for one in (on_days(days, SMS), NO_CONTACT))
    return texts.resolved(horizon) - none.resolved(horizon)


ONE, WEEKLY = [0], [0, 7, 14, 21, 28, 35, 42, 49, 56]
TWICE_A_WEEK = sorted([*WEEKLY, *(day + 3 for day in WEEKLY if day + 3 < 60)])
FIVE_A_WEEK = [day for day in range(60) if day % 7 < 5]


def _text_order(lab: Laboratory) -> float:
    calls, texts = lab.run(every(2, AUTOCALL), 30, ample=True), lab.run(every(1, SMS), 30, ample=True)
    return calls.recovery(30) - texts.recovery(30)


def notice_effect(lab: Laboratory, notices: list[int], changes: tuple[tuple[str, float], ...] = ()) -> float:
    """Relative rise of the share resolved in the 30 days after the last of these days, by a notice in place of a letter on it.

    Earlier days bring notices in both arms. Cohort of 31 to 60 days past due; among accounts open on the last day. No review holds
    a notice up: the trial compares the two letters day by day, and the published effect is of the letter that went out.
    """
    *before, last = notices
    earlier = [f"{{days_in_portfolio: {before}}} -> {NOTICE}"] if before else []
    notice, letter = (
        lab.run(
            arm(*earlier, f"{{days_in_portfolio: {last}}} -> {do}"), last + 30, 31, 60, changes=changes, review=False
        )
        for do in (NOTICE, LETTER)
    )
    closed = notice.accounts["closed_day"]
    still = (closed < 0) | (closed >= last)
    with_notice, without = notice.resolved(last + 30, still), letter.resolved(last + 30, still)
    return (with_notice - without) / without


EMPTY = (("credibility_start", 0.0),)
THIRD = [0, 90, 180]  # as close together as notices may be


def _enforce_yield(lab: Laboratory) -> float:
    """Money seized over the amounts that enforcement was asked for and has ended on; everybody 91 to 360 dpd is sued."""
    events = lab.run(SUE, 540, 91, 360, ample=True, events=True).events
    assert events is not None
    asked = events[events["enforcement"]].groupby("account_id")["balance"].first()
    seized = events[events["seizure"]].groupby("account_id")["cash"].sum()
    ended = asked.index.isin(events.loc[events["seizure"], "account_id"])
    return float(seized.reindex(asked.index[ended]).sum() / asked[ended].sum())


def _settle(lab: Laboratory) -> tuple[CohortRun, CohortRun]:
    with_offer, without = (lab.run(every(7, do), 180, 91, 180, ample=True) for do in (SETTLE, SPECIALIST))
    return with_offer, without


def _broken(lab: Laboratory, months: int) -> float:
    """Of instalment plans signed in the first 60 days, the share broken within 180 days of signing; 10 to 30 dpd."""
    plan = every(2, f"{{channel: collector, window: spread, offer: [plan_{months}, none]}}")
    events = lab.run(plan, 240, 10, 30, ample=True, events=True).events
    assert events is not None
    signed = events[events["offer_accepted"] & (events["day"] < 60)].groupby("account_id")["day"].min()
    broke = events[events["plan_broken"]].groupby("account_id")["day"].min().reindex(signed.index)
    return float(((broke - signed) <= 180).mean())


def _relative(with_it: float, without: float) -> float:
    return with_it / without - 1.0


def _moves(begin: int, end: int) -> Callable[[Laboratory], float]:
    """Of cards so many months past due, the share that is `end` months past due 30 days later; entered in the middle of the month."""

    def share(lab: Laboratory) -> float:
        middle = 30 * begin - 15
        months = lab.run(STATUS_QUO, 30, middle, middle).months
        assert months is not None
        return float((months == end).mean())

    return share


DESIGNS: dict[str, Callable[[Laboratory], float]] = {
    "fresh-month": lambda lab: _fresh(lab).recovery(30),
    "roll-m1-m2": lambda lab: _fresh(lab).unresolved(28),
    "roll-m2-m3": lambda lab: _roll(lab, 30, 60),
    "roll-m3-m4": lambda lab: _roll(lab, 60, 90),
    "roll-later": lambda lab: _roll(lab, 150, 180),
    "fresh-recovery": lambda lab: _fresh(lab).recovery(180),
    "steep-start": lambda lab: _fresh(lab).cash(0, 30) / _fresh(lab).cash(0, 360),
    "month-3": lambda lab: lab.run(STATUS_QUO, 30, 61, 61).recovery(30),
    "old-recovery": lambda lab: lab.run(STATUS_QUO, 180, 91, 360).recovery(180),
    "npl-12": lambda lab: lab.run(STATUS_QUO, 360, 91, 91).recovery(360),
    "old-debt": _old_debt,
    "rpc-per-attempt": lambda lab: float(
        _fresh(lab).accounts["call_reaches"].sum() / _fresh(lab).accounts["call_attempts"].sum()
    ),
    "kept-promises": lambda lab: _kept(_fresh(lab)),
    "machine-gap-30": lambda lab: _machine_gap(lab, 30),
    "machine-gap-360": lambda lab: _machine_gap(lab, 360),
    "call-frequency": _call_frequency,
    "complaints": _complaints,
    "early-cost": _early_cost,
    "text-one": lambda lab: text_effect(lab, ONE, 30),
    "text-second": lambda lab: text_effect(lab, [0, 5], 30) - text_effect(lab, ONE, 30),
    "text-weekly": lambda lab: text_effect(lab, WEEKLY, 60) / text_effect(lab, ONE, 60),
    "text-twice": lambda lab: text_effect(lab, TWICE_A_WEEK, 60) / text_effect(lab, WEEKLY, 60),
    "text-daily": lambda lab: text_effect(lab, FIVE_A_WEEK, 60) / text_effect(lab, WEEKLY, 60),
    "text-order": _text_order,
    "notice-first": lambda lab: notice_effect(lab, [0]),
    "notice-empty": lambda lab: notice_effect(lab, [0], EMPTY) / notice_effect(lab, [0]),
    "notice-third": lambda lab: notice_effect(lab, THIRD, EMPTY) / notice_effect(lab, [0]),
    "plan-message": _plan_by_message,
    "enforce-yield": _enforce_yield,
    "settle-resolved": lambda lab: _relative(*(run.resolved(180) for run in _settle(lab))),
    "settle-cash": lambda lab: _relative(*(run.recovery(180) for run in _settle(lab))),
    "plans-broken": lambda lab: _broken(lab, 12),
    "plan-terms": lambda lab: _broken(lab, 6) - _broken(lab, 24),
    **{f"months-{begin}-{end}": _moves(begin, end) for begin in (2, 3, 4) for end in range(begin + 2)},
}
