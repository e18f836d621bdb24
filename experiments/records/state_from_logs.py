"""The state of accounts on a day, from what a lender has written down: the list of accounts, the log of contacts, the payments.

    state, unknown = state_at(records, date(2025, 6, 2))

What happened before the day counts. What no log tells is left out, so that a simulation begins as with a fresh account, and is named.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.records.lender_records import LenderRecords
from recoup.sim.account import Outcome, Stage
from recoup.sim.debtor import (
    FIRST_INSTALMENT_DAYS,
    INSTALMENT_EVERY_DAYS,
    MEMORY_DAYS,
    MISSED_TO_BREAK,
    SETTLEMENT_DAYS,
)
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.days_ago import channel_days_text
from recoup.sim.portfolio.fields import HISTORY_DAYS
from recoup.sim.portfolio.importing import typed_state
from recoup.sim.portfolio.records import NO_CONTACT, RIGHT_PARTY
from recoup.sim.portfolio.state_checks import cents, faults, missing_state, money_of
from recoup.sim.portfolio.table import FILE_FIELDS, STATE_FIELDS, Portfolio
from recoup.sim.remarks import Remark
from recoup.sim.treatments import Group

GRACE_DAYS = 5  # after its day, in which the payment of a promise or an instalment still counts
ENOUGH = 0.95  # share of a promise that keeps it
HANDOVER_DAYS = 30  # in which an asset is handed over, where the log does not say
FILED_AFTER_DAYS = 30  # a suit is taken to be with the court so many days after the decision
_OUTCOMES = {
    **dict.fromkeys(("reached",), Outcome.REACHED),
    "promise": Outcome.PROMISED,
    "accepted": Outcome.ACCEPTED,
    "refused": Outcome.REFUSED,
    "disputed": Outcome.DISPUTED,
    "hardship": Outcome.HARDSHIP,
    **dict.fromkeys(("no_answer", "voicemail", "wrong_number", "third_party"), Outcome.NO_ANSWER),
}
_NEVER_TOLD = tuple(
    Remark(f"untold_{what}")
    for what in "outcome reached charges card stage court review silence breathing forgiven".split()
)


def state_at(records: LenderRecords, at: date) -> tuple[Portfolio, list[Remark]]:
    """The open accounts of a portfolio as they were on the morning of a day.

    Args:
        records: a lender's; fields of the portfolio that are not known may lack. State that it has is not looked at, but for
            `customer_id` and `entry_date`.
        at: the day; contacts and payments of it and later ones are not looked at.

    Returns:
        The accounts that were open, with state columns and `as_of` = `at`, and what is unknown, to be
        shown to whoever uses them.

    Raises:
        InputError: the day is before the portfolio's.
    """
    portfolio, first = records.portfolio, records.first_day
    if at < first:
        raise InputError("--at", "", at.isoformat(), f"{first}, the portfolio's day, or later")
    accounts = _Accounts(records, pd.Timestamp(at))
    contacts, payments = accounts.before(records.contacts), accounts.before(records.payments)
    _money(accounts, contacts, payments)
    _contacts(accounts, contacts)
    _standing(accounts, contacts)
    _promises(accounts, contacts, payments)
    _plans(accounts, contacts, payments)
    _offers(accounts, contacts)
    _legal(accounts, contacts, payments)
    table, closed = accounts.open_ones()
    unknown = [*_NEVER_TOLD]
    if closed:
        unknown.append(Remark("closed", {"n": closed}))
    unknown += records.notes
    notes = (*portfolio.notes, Remark("state", {"at": at.isoformat(), "first": first.isoformat()}))
    return replace(portfolio, table=table, notes=notes, as_of=at, fresh=missing_state(table)), unknown


class _Accounts:
    """The state as it is made, one value for each account of the portfolio."""

    def __init__(self, records: LenderRecords, at: pd.Timestamp) -> None:
        self.first, self.at = pd.Timestamp(records.first_day), at
        self._group = {one.name: one.group for one in records.vocabulary.channels}
        base = records.portfolio.table.reset_index(drop=True)
        keep = [one.name for one in FILE_FIELDS if one.name in base]
        self.table = base[[*keep, *(name for name in ("customer_id", "entry_date") if name in base)]].copy()
        self.count = len(base)
        self.number = pd.Series(np.arange(self.count), index=base["account_id"].astype(str))
        self.closed = np.zeros(self.count, bool)
        self.table["dpd"] = base["dpd"].astype(float) + (at - self.first).days
        if "entry_date" not in base:
            self.table["entry_date"] = self.first

    def before(self, log: pd.DataFrame) -> pd.DataFrame:
        """The rows of a log that count, in the order of time, with `number` and `ago` (days before)."""
        moment = log["date"].astype("datetime64[us]")
        log = log.assign(day=moment.dt.floor("D"), moment=moment)
        log = log[log["day"] < self.at]
        log = log.assign(
            number=log["account_id"].astype(str).map(self.number).astype(np.int64), ago=(self.at - log["day"]).dt.days
        )
        order = ["day", "hour"] if "hour" in log else ["moment"]
        return log.sort_values(order, kind="stable", na_position="first").reset_index(drop=True)

    def by(self, rows: pd.DataFrame, *groups: Group) -> NDArray[np.bool_]:
        """Which contacts were by a channel of these groups."""
        return rows["channel"].map(self._group).isin(groups).to_numpy()

    def times(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """How many rows each account has."""
        return np.bincount(rows["number"], minlength=self.count)

    def latest(self, rows: pd.DataFrame, column: str = "day") -> pd.Series[Any]:
        """The last value of a column that each account's rows have; missing where there is none."""
        return rows.groupby("number")[column].last().reindex(range(self.count))

    def days(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """The days with a row within reach of a history: bit n = n days ago."""
        history = np.zeros(self.count, np.int64)
        near = rows[rows["ago"] <= HISTORY_DAYS]
        np.bitwise_or.at(history, near["number"].to_numpy(), 1 << near["ago"].to_numpy(np.int64))
        return history.astype(float)

    def set(self, **columns: Any) -> None:
        """Values of state fields, one for each account."""
        for name, values in columns.items():
            self.table[name] = values.to_numpy() if isinstance(values, pd.Series) else values

    def open_ones(self) -> tuple[pd.DataFrame, int]:
        """The table of the accounts that are open, and how many are not. A promise or plan that contradicts the rest is dropped."""
        self.closed |= money_of(typed_state(self.table)).balance <= 0
        table = typed_state(self.table[~self.closed].reset_index(drop=True))
        ordered = [one.name for one in (*FILE_FIELDS, *STATE_FIELDS) if one.name in table]
        table = table[ordered]
        for fault in faults(table, self.at.date()):
            table.loc[fault.row, fault.field] = np.nan if table[fault.field].dtype.kind == "f" else None
        return table, int(self.closed.sum())


def _money(accounts: _Accounts, contacts: pd.DataFrame, payments: pd.DataFrame) -> None:
    amounts = cents(payments["amount"].astype(float))
    now = (payments["day"] >= accounts.first).to_numpy()  # what came in before is no longer in the portfolio's balances
    paid = np.bincount(payments["number"][now], amounts[now], accounts.count).astype(np.int64)
    made = payments[amounts > 0]
    opening = cents(accounts.table["opening_balance"].astype(float))
    named = contacts[contacts["balance"].notna()]
    claim = named.groupby("number")[["day", "balance"]].last().reindex(range(accounts.count))
    later = claim["day"].reindex(payments["number"]).to_numpy() <= payments["day"].to_numpy()
    since = np.bincount(payments["number"][later], amounts[later], accounts.count).astype(np.int64)
    known = claim["balance"].notna().to_numpy()
    balance = np.where(known, cents(claim["balance"]) - since, opening - paid)
    accounts.set(
        paid=np.maximum(paid, 0) / 100.0,
        # A claim that was named may be less than what was owed less what was paid: the rest has been forgiven.
        balance=np.where(known | (paid != 0), np.maximum(balance, 0) / 100.0, opening / 100.0),
        payments=accounts.times(made),
        last_payment_date=accounts.latest(made),
        payment_days=accounts.days(made),
        acknowledged_date=accounts.latest(made),
    )
    aged = contacts[contacts["dpd"].notna()]
    dpd = accounts.latest(aged.assign(then=aged["dpd"] + aged["ago"]), "then")
    accounts.table["dpd"] = np.where(dpd.notna(), dpd.fillna(0), accounts.table["dpd"])


def _outbound(contacts: pd.DataFrame) -> pd.DataFrame:
    """Attempts of the lender's own."""
    return contacts[(contacts["direction"] != "inbound") & (contacts["channel"] != NO_CONTACT)]


def _contacts(accounts: _Accounts, contacts: pd.DataFrame) -> None:
    made, reached = _outbound(contacts), contacts[contacts["outcome"].isin(RIGHT_PARTY)]
    spoken = made[made["outcome"].isin(RIGHT_PARTY) & accounts.by(made, Group.CALL, Group.VISIT)]
    calls = made[accounts.by(made, Group.CALL)]
    groups = {"call": Group.CALL, "text": Group.TEXT, "visit": Group.VISIT, "letter": Group.LETTER}
    steps = contacts[contacts["legal"].notna()]
    demands = pd.concat([reached, steps]).sort_values("day", kind="stable")
    accounts.set(
        **{f"{name}_days": accounts.days(made[accounts.by(made, group)]) for name, group in groups.items()},
        channel_days=_by_channel(accounts, made),
        conversation_days=accounts.days(spoken),
        attempts=accounts.times(made),
        reached=np.minimum(accounts.times(reached), accounts.times(made)),
        call_attempts=accounts.times(calls),
        calls_reached=accounts.times(calls[calls["outcome"].isin(RIGHT_PARTY)]),
        last_attempt_date=accounts.latest(made),
        last_reached_date=accounts.latest(reached),
        demanded_date=accounts.latest(demands),
    )
    told = contacts[~contacts["outcome"].isin(("complaint", "opt_out"))]
    quiet = (told["outcome"].isna() | told["outcome"].isin(("delivered", "not_delivered"))).to_numpy()
    silent = np.where(accounts.by(told, Group.CALL, Group.VISIT), "no_answer", "sent")
    names = told["outcome"].map({name: one.name.lower() for name, one in _OUTCOMES.items()}).to_numpy(object)
    said = np.where(told["legal"].notna(), "legal", np.where(quiet, silent, names))
    # A message that a call back came to nothing of is still a message that was sent.
    told = told.assign(said=said)[(told["direction"] != "inbound") | told["outcome"].isin(RIGHT_PARTY)]
    accounts.set(last_outcome=accounts.latest(told, "said"))
    if "customer_id" not in accounts.table and contacts["customer_id"].notna().any():
        accounts.set(customer_id=accounts.latest(contacts, "customer_id"))


def _by_channel(accounts: _Accounts, made: pd.DataFrame) -> list[str]:
    """The days with a contact by each channel, as `channel_days` says them."""
    names = sorted(made["channel"].dropna().unique())
    days = np.array([accounts.days(made[made["channel"] == name]) for name in names]).reshape(
        len(names), accounts.count
    )
    return [channel_days_text(dict(zip(names, theirs, strict=True))) for theirs in days.T.tolist()]


def _standing(accounts: _Accounts, contacts: pd.DataFrame) -> None:
    for field, outcome in (
        ("hardship_since", "hardship"),
        ("dispute_since", "disputed"),
        ("complaint_since", "complaint"),
    ):
        accounts.set(**{field: accounts.latest(contacts[contacts["outcome"] == outcome])})
    accounts.set(complaints=accounts.times(contacts[contacts["outcome"] == "complaint"]))
    left = contacts[contacts["outcome"] == "opt_out"]
    by_text = accounts.by(left, Group.TEXT)
    accounts.set(opted_out=accounts.times(left[by_text]) > 0, cease_contact=accounts.times(left[~by_text]) > 0)


def _promises(accounts: _Accounts, contacts: pd.DataFrame, payments: pd.DataFrame) -> None:
    """Promises to pay, and settlements and handovers accepted: kept, broken or open."""
    said = contacts[contacts["outcome"] == "promise"].assign(kind="payment")
    accepted = contacts[(contacts["outcome"] == "accepted") & contacts["offer"].isin(("settlement", "swap"))]
    accepted = accepted.assign(kind=accepted["offer"].map({"settlement": "settlement", "swap": "handover"}))
    agreed = pd.concat([said, accepted]).sort_values(["day", "ago"], kind="stable").reset_index(drop=True)
    settles = (agreed["kind"] == "settlement").to_numpy()
    span = np.where(settles, SETTLEMENT_DAYS, np.where(agreed["kind"] == "handover", HANDOVER_DAYS, 0))
    agreed["due"] = (
        agreed["promise_due"].astype("datetime64[us]").fillna(agreed["day"] + pd.to_timedelta(span, unit="D"))
    )
    left = agreed["balance"] * (1.0 - np.where(settles, agreed["discount"].fillna(0.0), 0.0))
    agreed["amount"] = agreed["promise_amount"].fillna(left.round(2))
    agreed["paid"], agreed["kept_by_name"] = _paid_between(agreed, payments, ("promise", "settlement"))
    over = (agreed["due"] < accounts.at).to_numpy()
    kept = over & (agreed["kept_by_name"] | (agreed["paid"] >= ENOUGH * agreed["amount"])).to_numpy()
    broken = over & ~kept  # as things stand: what comes in within the grace will have kept it
    open_ = agreed[~over].groupby("number").tail(1).set_index("number").reindex(range(accounts.count))
    accounts.closed[agreed["number"][kept & settles]] = True
    accounts.set(
        promises_made=accounts.times(agreed),
        promises_kept=accounts.times(agreed[kept]),
        promises_broken=accounts.times(agreed[broken]),
        promise_due=open_["due"],
        promise_amount=open_["amount"],
        promise_kind=open_["kind"],
        promise_discount=open_["discount"].where(open_["kind"] == "settlement"),
        promise_channel=open_["channel"].where(open_["channel"] != NO_CONTACT),
    )
    _acknowledge(accounts, agreed)
    _news(accounts, agreed[broken].assign(day=agreed["due"][broken]))


def _paid_between(agreed: pd.DataFrame, payments: pd.DataFrame, kinds: tuple[str, ...]) -> tuple[Any, Any]:
    """What came in from the day of an agreement until its grace is over, and whether any of it was by name such a payment."""
    pairs = agreed.reset_index(names="agreement")[["agreement", "number", "day", "due"]].merge(
        payments[["number", "day", "amount", "kind"]], on="number", suffixes=("", "_paid")
    )
    within = (pairs["day_paid"] > pairs["day"]) & (pairs["day_paid"] <= pairs["due"] + pd.Timedelta(days=GRACE_DAYS))
    pairs = pairs[within]
    paid = pairs.groupby("agreement")["amount"].sum().reindex(agreed.index, fill_value=0.0)
    by_name = pairs[pairs["kind"].isin(kinds) & (pairs["day_paid"] >= pairs["due"])]
    return paid, agreed.index.isin(by_name["agreement"])


def _acknowledge(accounts: _Accounts, rows: pd.DataFrame) -> None:
    """The latest of what acknowledges a debt so far, and these rows."""
    _later(accounts, "acknowledged_date", accounts.latest(rows.sort_values("day", kind="stable")))


def _news(accounts: _Accounts, rows: pd.DataFrame) -> None:
    if "news_date" not in accounts.table:
        accounts.table["news_date"] = pd.Series(pd.NaT, index=accounts.table.index, dtype="datetime64[us]")
    _later(accounts, "news_date", accounts.latest(rows.sort_values("day", kind="stable")))


def _later(accounts: _Accounts, name: str, dates: pd.Series[Any]) -> None:
    both = pd.DataFrame({"one": accounts.table[name].astype("datetime64[us]"), "other": dates.astype("datetime64[us]")})
    accounts.set(**{name: both.max(axis=1)})


def _plans(accounts: _Accounts, contacts: pd.DataFrame, payments: pd.DataFrame) -> None:
    """Instalment agreements: paid, broken, or running with so much left and the next instalment on a day."""
    agreed = contacts[(contacts["outcome"] == "accepted") & contacts["offer"].isin(("plan", "restructure"))]
    agreed = agreed[agreed["months"].notna()].reset_index(drop=True)
    whole = agreed["balance"].fillna(pd.Series(accounts.table["balance"].to_numpy()[agreed["number"]], dtype=float))
    agreed["instalment"] = np.ceil((whole * 100 / agreed["months"]).round(6)) / 100.0
    paid = np.zeros(len(agreed), np.int64)
    missed, broken = np.zeros(len(agreed), np.int64), np.zeros(len(agreed), bool)
    due: pd.Series[Any] = agreed["day"] + pd.Timedelta(days=FIRST_INSTALMENT_DAYS)
    news = [agreed[["number", "day"]].iloc[:0]]
    by_name = payments[payments["kind"] == "instalment"]
    for _ in range(int((accounts.at - accounts.first).days // INSTALMENT_EVERY_DAYS) + 1):
        now = ((due < accounts.at) & ~broken & (paid < agreed["months"])).to_numpy()
        if not now.any():
            break
        came = _came(agreed.assign(due=due), by_name, payments)
        paid += now & came
        missed = np.where(now, np.where(came, 0, missed + 1), missed)
        news.append(pd.DataFrame({"number": agreed["number"], "day": due})[now & ~came])
        broken |= missed >= MISSED_TO_BREAK
        due = due.where(~(now & ~broken), due + pd.Timedelta(days=INSTALMENT_EVERY_DAYS))
    runs = ~broken & (paid < agreed["months"].to_numpy())
    agreed = agreed.assign(
        left=agreed["months"] - paid, missed=missed, due=due, secured=agreed["offer"] == "restructure"
    )
    one = agreed[runs].groupby("number").tail(1).set_index("number").reindex(range(accounts.count))
    accounts.set(
        plan_months=one["months"].fillna(0.0),
        plan_left=one["left"],
        plan_instalment=one["instalment"],
        plan_next_due=one["due"],
        plan_missed=agreed.groupby("number")["missed"].last().reindex(range(accounts.count)).fillna(0),
        plan_secured=one["secured"].astype(float),
        plans_agreed=accounts.times(agreed),
        plans_broken=accounts.times(agreed[broken]),
        restructured=accounts.times(agreed[agreed["secured"]]) > 0,
    )
    running = (accounts.table["plan_months"] > 0).to_numpy()
    for name in ("promise_due", "promise_amount", "promise_kind", "promise_discount", "promise_channel"):
        accounts.table[name] = accounts.table[name].where(~running)  # a plan takes the place of a promise
    _acknowledge(accounts, agreed)
    _news(accounts, pd.concat(news))


def _came(agreed: pd.DataFrame, by_name: pd.DataFrame, payments: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether an instalment that fell due came in, within the grace: a payment by that name, or one as large."""
    pairs = agreed.reset_index(names="agreement")[["agreement", "number", "due", "instalment"]]
    found = np.zeros(len(agreed), bool)
    for rows, least in ((by_name, 0.0), (payments, ENOUGH)):
        both = pairs.merge(rows[["number", "day", "amount"]], on="number")
        late = (both["day"] - both["due"]).dt.days
        hit = both[
            (late >= -GRACE_DAYS)
            & (late <= GRACE_DAYS)
            & (both["amount"] >= least * both["instalment"])
            & (both["amount"] > 0)
        ]
        found[hit["agreement"].unique()] = True
    return found


def _offers(accounts: _Accounts, contacts: pd.DataFrame) -> None:
    made = contacts[contacts["offer"].notna() & contacts["outcome"].isin(RIGHT_PARTY - {"disputed"})]
    refused = made[made["outcome"] != "accepted"]
    discounts = made[made["offer"] == "settlement"].groupby("number")["discount"].max().reindex(range(accounts.count))
    accounts.set(
        offers_made=accounts.times(made),
        offers_refused=accounts.times(refused),
        best_discount=discounts.fillna(0.0),
        last_offer_date=accounts.latest(made),
    )
    earlier = made.groupby("number")["day"].shift()
    new = earlier.isna() | ((made["day"] - earlier).dt.days > MEMORY_DAYS)
    _news(accounts, made[new].assign(day=made["day"][new] - pd.Timedelta(days=1)))


def _legal(accounts: _Accounts, contacts: pd.DataFrame, payments: pd.DataFrame) -> None:
    notice, suit, enforcement = (contacts[contacts["legal"] == step] for step in ("notice", "suit", "enforce"))
    noticed, sued, enforced = (accounts.latest(rows) for rows in (notice, suit, enforcement))
    filed = (accounts.at - sued).dt.days >= FILED_AFTER_DAYS
    stage = np.select(
        [enforced.notna(), sued.notna() & filed, sued.notna(), noticed.notna()],
        [one.name.lower() for one in (Stage.ENFORCING, Stage.FILED, Stage.QUEUED, Stage.NOTICED)],
        Stage.NONE.name.lower(),
    )
    accounts.set(
        legal_stage=stage.astype(object),
        legal_stage_date=enforced.fillna(
            sued + pd.to_timedelta(np.where(filed, FILED_AFTER_DAYS - 1, 0), unit="D")
        ).fillna(noticed),
        notices=accounts.times(notice),
        last_notice_date=noticed,
    )
    _news(accounts, notice.assign(day=notice["day"] - pd.Timedelta(days=1)))
