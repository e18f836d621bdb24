"""What must hold between the state fields of an account, and the cents that follow from those that are known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Stage
from recoup.sim.portfolio.days_ago import channel_days_of
from recoup.sim.portfolio.fields import HISTORY_DAYS
from recoup.sim.portfolio.state_fields import STATE, STATE_FIELD, codes_in
from recoup.sim.remarks import Remark
from recoup.sim.treatments import STANDARD, Vocabulary

# Which products of its own are cards, a scenario says.
_NO_CARDS = tuple(name for name in STANDARD.products if name != "credit_card")

AT_COURT = (Stage.QUEUED, Stage.FILED, Stage.ENFORCING)


@dataclass(frozen=True)
class Fault:
    """A row that contradicts itself.

    Attributes:
        row: position in the table.
        field: whose value is to blame, or lacks.
        value, expected: what it says, and what it should.
    """

    row: int
    field: str
    value: str
    expected: Remark


@dataclass(frozen=True)
class Money:
    """Cents of each account, int64 (accounts,): opening + interest + fees − cash − forgiven = balance, but for `gap`.

    What is not known is what the others leave: a claim that has grown was charged interest, one that has shrunk was paid.
    """

    opening: NDArray[np.int64]
    balance: NDArray[np.int64]
    interest: NDArray[np.int64]
    fees: NDArray[np.int64]
    cash: NDArray[np.int64]
    forgiven: NDArray[np.int64]

    @property
    def gap(self) -> NDArray[np.int64]:
        """By how much the known amounts contradict each other."""
        return self.opening + self.interest + self.fees - self.cash - self.forgiven - self.balance


def cents(amounts: pd.Series[Any]) -> NDArray[np.int64]:
    """Whole cents of currency amounts; 0 where unknown."""
    return np.rint(amounts.fillna(0.0).to_numpy(np.float64) * 100).astype(np.int64)


def numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column of numbers or flags, NaN where unknown or where there is no such column."""
    if name not in table:
        return np.full(len(table), np.nan)
    return np.asarray(table[name].astype(float), np.float64)


def codes(table: pd.DataFrame, name: str, vocabulary: Vocabulary = STANDARD) -> NDArray[np.int64]:
    """A column of names by their numbers; -1 where unknown.

    Args:
        table: of a portfolio.
        name: of the column.
        vocabulary: of the scenario, which may have channels of its own.
    """
    if name not in table:
        return np.full(len(table), -1)
    return table[name].map(codes_in(name, vocabulary)).fillna(-1).to_numpy(np.float64).astype(np.int64)


def dates(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    """A column of dates, midnight; NaT where unknown."""
    if name not in table:
        return pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
    return table[name].astype("datetime64[us]").dt.floor("D")


def money_of(table: pd.DataFrame) -> Money:
    """The money of accounts, as far as it is known and what follows from that.

    Args:
        table: of a portfolio, with state columns or without.
    """

    def amount(name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        known = np.isfinite(numbers(table, name))
        return cents(pd.Series(numbers(table, name))), known

    opening = cents(table["opening_balance"].astype(float))
    (balance, has_balance), (interest, has_interest), (fees, has_fees), (cash, has_cash), (forgiven, has_forgiven) = (
        amount(name) for name in ("balance", "interest_charged", "fees_charged", "paid", "forgiven")
    )
    balance = np.where(has_balance, balance, opening + interest + fees - cash - forgiven)
    more = balance - (opening + interest + fees - cash - forgiven)
    for amounts, known, sign in (
        (interest, has_interest, 1),
        (fees, has_fees, 1),
        (cash, has_cash, -1),
        (forgiven, has_forgiven, -1),
    ):
        taken = np.where(known, 0, np.maximum(sign * more, 0))
        amounts += taken
        more = more - sign * taken
    return Money(opening, balance, interest, fees, cash, forgiven)


def at_work(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Accounts of which a court or a running plan is at work."""
    return np.asarray(np.isin(codes(table, "legal_stage"), AT_COURT) | (numbers(table, "plan_months") > 0))


def faults(table: pd.DataFrame, as_of: date | None) -> list[Fault]:
    """Every contradiction in a table, in the order of fields.

    Args:
        table: usable values of each field by itself; NaN where unknown. `opening_balance` may lack in rows that are no good anyway.
        as_of: the day on whose morning the accounts are so; None = no date is looked at.
    """
    found: list[Fault] = []

    def note(wrong: Any, field: str, code: str, **values: Any) -> None:
        for row in np.flatnonzero(np.asarray(wrong)).tolist():
            value = table[field].iloc[row] if field in table else None
            found.append(Fault(row, field, _text(value), Remark(code, values)))

    if as_of is not None:
        day = pd.Timestamp(as_of)
        for one in STATE:
            if one.past is None or one.name not in table:
                continue
            said = dates(table, one.name)
            if one.past:
                note(said >= day, one.name, "before_day", day=as_of.isoformat())
            else:
                note(said < day, one.name, "from_day", day=as_of.isoformat())
        note(dates(table, "entry_date") > day, "entry_date", "until_day", day=as_of.isoformat())
    usable = np.isfinite(numbers(table, "opening_balance"))
    money = money_of(table.assign(opening_balance=np.where(usable, numbers(table, "opening_balance"), 1.0)))
    note(usable & (money.gap != 0), "balance", "balanced")
    nothing_left = usable & (money.gap == 0) & (money.balance <= 0)
    note(nothing_left, "balance" if "balance" in table else "paid", "something_left")
    too_much = usable & (cents(pd.Series(numbers(table, "arrears"))) > money.balance)
    note(too_much, "arrears", "at_most", column="balance")
    if "product" in table:
        owes_minimums = (numbers(table, "minimum_due") > 0) & table["product"].notna().to_numpy()
        note(
            owes_minimums & table["product"].isin(_NO_CARDS).to_numpy(),
            "minimum_due",
            "no_card",
        )
    by_channel = _said(table, "channel_days")
    note(
        [pd.notna(text) and channel_days_of(str(text)) is None for text in by_channel],
        "channel_days",
        "channel_days",
        most=HISTORY_DAYS,
    )
    promised, kind = dates(table, "promise_due").notna().to_numpy(), _said(table, "promise_kind")
    settles = promised & (kind == "settlement")
    discount, amount = numbers(table, "promise_discount"), numbers(table, "promise_amount")
    note(promised & ~settles & ~(amount > 0), "promise_amount", "promised_amount")
    note(settles & ~(discount > 0), "promise_discount", "settled_share")
    note(promised & ~settles & (discount > 0), "promise_discount", "no_settlement")
    running = numbers(table, "plan_months") > 0
    left = numbers(table, "plan_left")
    note(running & (left < 1), "plan_left", "plan_goes_on")
    note(running & (left > numbers(table, "plan_months")), "plan_left", "at_most", column="plan_months")
    note(running & (numbers(table, "plan_missed") > 1), "plan_missed", "plan_in_force")
    note(running & promised, "promise_due", "no_promise")
    for less, more in (
        ("reached", "attempts"), ("calls_reached", "call_attempts"), ("offers_refused", "offers_made"),
        ("promises_kept", "promises_made"), ("promises_broken", "promises_made"), ("plans_broken", "plans_agreed"),
    ):  # fmt: skip
        note(numbers(table, less) > numbers(table, more), less, "at_most", column=more)
    pending = np.isin(codes(table, "legal_stage"), AT_COURT)
    stages = [stage.name.lower() for stage in AT_COURT]
    note(dates(table, "court_date").notna().to_numpy() & ~pending, "court_date", "no_court", stages=stages)
    return found


def _said(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    return table[name].to_numpy(object) if name in table else np.full(len(table), None, object)


def _text(value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def known_state(table: pd.DataFrame) -> list[str]:
    """State fields of which a table says something, in the order of the fields; whose the accounts are is no state."""
    return [
        one.name for one in STATE if one.field.role == "state" and one.name in table and table[one.name].notna().any()
    ]


# Several ways to say one thing: it is missing where none of them is known, and goes by the first name.
_SAME = (
    ("call_days", "calls_7d"), ("text_days", "texts_7d"), ("visit_days", "visits_30d"), ("payment_days", "last_payment_date"),
    ("hardship_until", "hardship_since", "hardship"), ("dispute_until", "dispute_since", "dispute"),
    ("complaint_until", "complaint_since", "complaint_open"),
)  # fmt: skip
_FURTHER = frozenset(name for names in _SAME for name in names[1:]) - {"last_payment_date"}


def _asked(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Where a field has anything to say: the amount of a promise where there is one, and so on."""
    everywhere = np.ones(len(table), bool)
    stage = codes(table, "legal_stage")
    if name in ("promise_amount", "promise_kind", "promise_channel"):
        return dates(table, "promise_due").notna().to_numpy()
    if name == "promise_discount":
        return _said(table, "promise_kind") == "settlement"
    if name in ("plan_left", "plan_instalment", "plan_next_due", "plan_secured"):
        return numbers(table, "plan_months") > 0
    if name == "legal_stage_date":
        return stage > 0
    if name in ("court_date", "court_fee"):
        return np.isin(stage, AT_COURT) if name == "court_date" else stage == Stage.FILED
    if name == "enforcement_steps":
        return stage == Stage.ENFORCING
    if name in ("review_step", "review_until"):
        return codes(table, "review") > 0
    if name == "last_notice_date":
        return (stage > Stage.NOTICED) | (numbers(table, "notices") > 0)
    if name in ("arrears", "minimum_due"):
        return (table["product"] == "credit_card").to_numpy() if "product" in table else ~everywhere
    return everywhere


def missing_state(table: pd.DataFrame) -> dict[str, int]:
    """State fields that a table does not know, and of how many accounts: those begin as a fresh account would.

    Args:
        table: of a portfolio. One that knows no state at all is of fresh accounts, and misses nothing.
    """
    if not known_state(table):
        return {}
    found = {}
    for name in STATE_FIELD:
        if name in _FURTHER or name in ("customer_id", "channel_days"):
            continue
        ways = next((names for names in _SAME if names[0] == name), (name,))
        known = np.any(
            [table[way].notna().to_numpy() for way in ways if way in table] or [np.zeros(len(table), bool)], axis=0
        )
        if missing := int(np.count_nonzero(_asked(table, name) & ~known)):
            found[name] = missing
    return found
