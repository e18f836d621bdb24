"""A lender's records as the model of behaviour reads them: each account day by day, with what was open, and each contact.

All that only depends on what is recorded is worked out here once: balances, ages, promises, plans, fatigue, excitation, pressure. What
nobody sees (traits, work, read messages) is left to `walk.py`. An account leaves the sample on the day on which a court step is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim import behaviour as b
from recoup.sim.account import NEVER
from recoup.sim.compiled import njit
from recoup.sim.compliance.rules import RulePack
from recoup.sim.debtor import (
    FIRST_INSTALMENT_DAYS,
    INSTALMENT_EVERY_DAYS,
    MEMORY_DAYS,
    MISSED_TO_BREAK,
    RESTRUCTURE_DOWN_PAYMENT,
    SETTLEMENT_DAYS,
)
from recoup.sim.observation import popcount
from recoup.sim.operations.clock import Calendar
from recoup.sim.parameters import World, kernel_record
from recoup.sim.portfolio.records import RIGHT_PARTY
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.traits import open_accounts
from recoup.sim.treatments import STANDARD, Channel, Group, Legal, OfferKind, Vocabulary, Window

LATE = 3  # days by which a payment may miss its day and still keep a promise or count as an instalment
ENOUGH = 0.8  # share of what was promised that keeps it
WHOLE = 0.99  # share of the balance that pays all of it
AT_RISK, PROMISE_DUE, INSTALMENT_DUE, PLAN_RUNS = range(4)
HIDDEN = -1

CONTACT = np.dtype(
    [
        ("account", "i4"),
        ("day", "i4"),
        ("channel", "u1"),
        ("group", "u1"),
        ("window", "u1"),
        ("day_off", "u1"),
        ("dpd", "i4"),
        ("fatigue", "f8"),  # before this contact
        ("earlier", "i2"),  # contacts of its kind without news, in two weeks
        ("reached", "i1"),  # HIDDEN where nobody knows whether a message was read
        ("talker", "u1"),  # the channel of who spoke with the debtor; that of a call back is the collector
        ("staffed", "u1"),  # by people whose pay and effort count
        ("called_back", "u1"),
        ("kind", "u1"),  # of the offer
        ("months", "u1"),
        ("discount", "f8"),
        ("accepted", "u1"),
        ("disputed", "u1"),
        ("hardship", "u1"),
        ("may_promise", "u1"),
        ("promised", "u1"),
        ("due", "i4"),
        ("amount", "i8"),  # promised, cents; 0 = not known
        ("legal", "u1"),
        ("complaint", "u1"),
        ("opt_out", "u1"),
    ],
    align=True,
)
ROW = np.dtype(
    [
        ("day", "i4"),
        ("kind", "u1"),
        ("happened", "u1"),  # paid of his own accord, kept, or paid the instalment
        ("full", "u1"),  # the payment settled all
        ("promise_open", "u1"),
        ("promise_channel", "u1"),
        ("dpd", "i4"),
        ("broken", "i4"),
        ("month", "i4"),  # in which he stays with an answer
        ("first", "i4"),  # of the day's contacts
        ("last", "i4"),
        ("since_payday", "i4"),
        ("claim", "f8"),  # currency
        ("arrears", "f8"),  # of a card that asks for minimums: what is overdue, currency
        ("minimum", "f8"),  # that falls due each month, currency; 0 = all of the claim is due
        ("again", "u1"),  # such a card was paid less than a month ago
        ("due", "f8"),  # what was promised, or the instalment, currency
        ("secured", "u1"),
        ("fatigue", "f8"),
        ("excitation", "f8"),
        ("pressure", "f8"),
        ("market", "f8"),  # what all debtors have learned to wait
        ("paid", "f8"),  # currency
        ("own", "f8"),  # of it what he paid of his own accord
    ],
    align=True,
)
PAYMENT = np.dtype([("day", "i4"), ("kind", "u1"), ("cents", "i8"), ("used", "u1")], align=True)
_KINDS = ("unknown", "voluntary", "promise", "instalment", "settlement", "enforcement", "reversal")
_VOLUNTARY, _INSTALMENT, _ENFORCEMENT, _REVERSAL = (
    _KINDS.index(name) for name in ("voluntary", "instalment", "enforcement", "reversal")
)
_TEXT, _CALL, _VISIT, _LETTER = (int(g) for g in (Group.TEXT, Group.CALL, Group.VISIT, Group.LETTER))
_COLLECTOR = int(Channel.COLLECTOR)
_NOTICE, _SUIT, _ENFORCE = int(Legal.NOTICE), int(Legal.SUIT), int(Legal.ENFORCE)
_SETTLEMENT, _SWAP, _RESTRUCTURE = int(OfferKind.SETTLEMENT), int(OfferKind.SWAP), int(OfferKind.RESTRUCTURE)


@dataclass(frozen=True)
class Histories:
    """Records in the form of this module.

    Attributes:
        accounts: `account.ACCOUNT` (accounts,), as they entered; their hidden traits mean nothing.
        rows: `ROW` of all accounts, one after another, a day each.
        first_row: of each account, and the end: int64 (accounts + 1,).
        contacts: `CONTACT`, by account and time.
        first_contact: int64 (accounts + 1,).
        start: date of day 0.
        days: that the records cover.
        reads_known: the log says which messages were read.
        eventful: accounts with more than days of waiting, bool (accounts,).
        disclosed: the first day on which each said that it was without work, int64 (accounts,); NEVER = it did not.
        vocabulary: of the world: which channels there are.
    """

    accounts: NDArray[np.void]
    rows: NDArray[np.void]
    first_row: NDArray[np.int64]
    contacts: NDArray[np.void]
    first_contact: NDArray[np.int64]
    start: date
    days: int
    reads_known: bool
    eventful: NDArray[np.bool_]
    disclosed: NDArray[np.int64]
    vocabulary: Vocabulary = STANDARD

    def __len__(self) -> int:
        return len(self.accounts)

    def before(self, day: int) -> Histories:
        """The same records as they were on the morning of a day."""
        early = self.contacts["day"] < day
        gone = np.concatenate([[0], np.cumsum(~early)])
        kept = self.rows["day"] < day
        rows = self.rows[kept]
        rows["last"] -= gone[rows["last"]].astype(np.int32)
        rows["first"] -= gone[rows["first"]].astype(np.int32)
        return replace(
            self,
            rows=rows,
            first_row=np.concatenate([[0], np.cumsum(kept)])[self.first_row],
            contacts=self.contacts[early],
            first_contact=self.first_contact - gone[self.first_contact],
            days=min(day, self.days),
            disclosed=np.where(self.disclosed < day, self.disclosed, NEVER),
        )


def histories(
    world: World,
    rules: RulePack,
    portfolio: Portfolio,
    contacts: pd.DataFrame,
    payments: pd.DataFrame,
    first: date,
    last: date,
) -> Histories:
    """Lay records out, account by account.

    Args:
        world: of the scenario that they are read with: its rates, calendar, and what fades how fast.
        rules: of the scenario, which cap its rates.
        portfolio: the accounts as they were on the morning of the first day.
        contacts, payments: as `records.read_records` returns them.
        first, last: days, as `LenderRecords.days` gives them: in this order, with something in the logs between them.
    """
    days = (last - first).days + 1
    accounts = open_accounts(world, portfolio, 0)
    numbers = pd.Series(np.arange(len(portfolio)), portfolio.column("account_id").astype(str))
    calendar = Calendar(first, world.holidays)
    made, reads_known = _contacts(contacts, numbers, first, days, world, calendar)
    paid, first_paid = _payments(payments, numbers, first, days, len(accounts))
    first_contact = np.searchsorted(made["account"], np.arange(len(accounts) + 1))
    rows = np.zeros(len(accounts) * days, ROW)
    day_of_month = np.array([(first + timedelta(days=day)).day for day in range(days)], np.int64)
    rates = np.array(rules.annual_rates(world)) / 365.0
    labelled = bool(np.any(paid["kind"] == _KINDS.index("promise")))
    market = _market(made, world, len(accounts), days)
    ends, eventful = np.zeros(len(accounts), np.int64), np.zeros(len(accounts), np.bool_)
    _lay_out(
        kernel_record(world), accounts, made, first_contact, paid, first_paid, day_of_month, market, rates, labelled, rows, ends, eventful
    )  # fmt: skip
    kept = np.concatenate([[0], np.cumsum(ends)])
    where = np.repeat(np.arange(len(accounts)) * days - kept[:-1], ends) + np.arange(kept[-1])
    disclosed = np.full(len(accounts), NEVER, np.int64)
    said = made[made["hardship"] > 0][::-1]
    disclosed[said["account"]] = said["day"]
    return Histories(
        accounts,
        rows[where],
        kept,
        made,
        first_contact,
        first,
        days,
        reads_known,
        eventful,
        disclosed,
        world.vocabulary,
    )


def _day(dates: pd.Series, start: date) -> NDArray[np.int64]:  # type: ignore[type-arg]
    days = (dates - pd.Timestamp(start)) // pd.Timedelta(days=1)
    return np.asarray(days.fillna(NEVER), np.int64)


def _payments(
    payments: pd.DataFrame,
    numbers: pd.Series,
    start: date,
    days: int,
    accounts: int,  # type: ignore[type-arg]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    account = payments["account_id"].astype(str).map(numbers)
    day = _day(payments["date"], start)
    chosen = account.notna().to_numpy() & (day >= 0) & (day < days)
    order = np.lexsort((day[chosen], account[chosen]))
    made = np.zeros(int(chosen.sum()), PAYMENT)
    made["day"] = day[chosen]
    kinds = {name: number for number, name in enumerate(_KINDS)}
    made["kind"] = payments["kind"][chosen].map(kinds).fillna(0)
    made["cents"] = np.rint(100.0 * payments["amount"][chosen].to_numpy(float))
    owner = account[chosen].to_numpy(np.int64)[order]
    return made[order], np.searchsorted(owner, np.arange(accounts + 1))


def _contacts(
    contacts: pd.DataFrame,
    numbers: pd.Series,
    start: date,
    days: int,
    world: World,
    calendar: Calendar,  # type: ignore[type-arg]
) -> tuple[NDArray[np.void], bool]:
    """The log's outbound rows, with what a debtor did of his own accord on the row that he did it after."""
    account = contacts["account_id"].astype(str).map(numbers)
    day = _day(contacts["date"], start)
    chosen = account.notna().to_numpy() & (day >= 0) & (day < days)
    log = contacts[chosen].assign(account=account[chosen].to_numpy(np.int64), day=day[chosen])
    hour = log["hour"].where(log["hour"].notna(), log["date"].dt.hour + log["date"].dt.minute / 60.0)
    log = log.assign(hour=hour.where(hour > 0, 15.0)).sort_values(["account", "day", "hour"], kind="stable")
    inbound = (log["direction"] == "inbound").to_numpy()
    own, outbound = log[inbound], log[~inbound]
    made = np.zeros(len(outbound), CONTACT)
    words = world.vocabulary
    channels = {name: number for number, name in enumerate(words.channel_names, start=1)}
    made["account"], made["day"] = outbound["account"], outbound["day"]
    made["channel"] = outbound["channel"].map(channels).fillna(0)
    made["group"] = words.groups[made["channel"]]
    opening = [world.windows.hours(window)[0] for window in Window]
    made["window"] = np.clip(np.searchsorted(opening, outbound["hour"].to_numpy(float), side="right") - 1, 0, 3)
    off = np.array([calendar.is_day_off(number) for number in range(days)])
    made["day_off"] = off[made["day"]]
    spoken = np.isin(made["group"], (_CALL, _VISIT))
    outcome = outbound["outcome"]
    met = outcome.isin(RIGHT_PARTY).to_numpy()
    reads_known = bool(np.any((outcome == "reached").to_numpy() & ~spoken))
    accepted = (outcome == "accepted").to_numpy()
    made["reached"] = np.where(spoken | reads_known, met, np.where(met, 1, HIDDEN))
    made["talker"] = made["channel"]
    for name, said in (("promised", "promise"), ("disputed", "disputed"), ("hardship", "hardship")):
        made[name] = (outcome == said).to_numpy()
    made["accepted"] = accepted
    made["kind"] = outbound["offer"].map({kind.name.lower(): int(kind) for kind in OfferKind}).fillna(0)
    made["months"] = np.clip(outbound["months"].fillna(0), 0, 255)
    made["discount"] = outbound["discount"].fillna(0.0)
    made["legal"] = outbound["legal"].map({step.name.lower(): int(step) for step in Legal}).fillna(0)
    made["amount"] = np.rint(100.0 * outbound["promise_amount"].fillna(0.0).to_numpy(float))
    made["due"] = _day(outbound["promise_due"], start)
    _own_accord(made, own, start)
    made["staffed"] = kernel_record(world)[0]["staffed_by"][made["talker"]] > 0
    return made[(made["channel"] > 0) | (made["legal"] > 0)], reads_known


def _own_accord(made: NDArray[np.void], own: pd.DataFrame, start: date) -> None:
    """Put calls back, complaints and wishes to be left alone on the day's outbound row; what has none is left out."""
    place = {
        (int(account), int(day)): row
        for row, (account, day) in enumerate(zip(made["account"], made["day"], strict=True))
    }
    dues = _day(own["promise_due"], start)
    columns = (own["account"], own["day"], own["outcome"], own["promise_amount"].fillna(0.0), dues)
    for account, day, outcome, amount, due in zip(*columns, strict=True):
        row = place.get((account, day))
        if row is None:
            continue
        if outcome in ("complaint", "opt_out"):
            made[outcome][row] = 1
        elif made["group"][row] in (_TEXT, _LETTER):
            made["called_back"][row], made["reached"][row] = 1, 1
            if outcome in RIGHT_PARTY:
                made["talker"][row] = _COLLECTOR
                made["promised"][row] = outcome == "promise"
                made["accepted"][row] = outcome == "accepted"
                made["disputed"][row] = outcome == "disputed"
                made["hardship"][row] = outcome == "hardship"
                made["amount"][row], made["due"][row] = round(100.0 * amount), due


def _market(made: NDArray[np.void], world: World, accounts: int, days: int) -> NDArray[np.float64]:
    """Share of accounts lately offered a discount, by day, as `lender.Lender` reckons it; all accounts for the open ones."""
    put = made["day"][(made["kind"] == _SETTLEMENT) & (made["reached"] != 0)]
    share = np.bincount(put, minlength=days) / max(accounts, 1)
    keep = 0.5 ** (1.0 / world.behaviour.waiting_half_life)
    out = np.zeros(days)
    for day in range(1, days):
        out[day] = keep * out[day - 1] + (1.0 - keep) * share[day - 1]
    return out


@njit()
def _paid_within(paid, first, last, since, until, labelled, plan):  # type: ignore[no-untyped-def]
    """Cents that came in for an agreement between two days, both included; marks them as used."""
    total = 0
    for number in range(first, last):
        one = paid[number]
        if one.used or one.day < since or one.day > until or one.kind == _ENFORCEMENT or one.kind == _REVERSAL:
            continue
        if labelled and ((one.kind == _VOLUNTARY) or (plan and one.kind != _INSTALMENT)):
            continue
        one.used = 1
        total += one.cents
    return total


@njit(nogil=True)
def _lay_out(  # type: ignore[no-untyped-def]
    params, accounts, contacts, first, paid, first_paid, day_of_month, market, rates, labelled, rows, ends, eventful
):
    p = params[0]
    days = day_of_month.size
    belief = b.notice_belief(p, p.credibility_start)
    for number in range(accounts.size):
        a = accounts[number]
        balance, opening, broken = a.balance, a.opening, 0
        promise_due, promise_made, promise_cents, promise_channel, settles = NEVER, 0, 0, 0, False
        plan_left, plan_cents, plan_next, plan_missed, secured, plan_first = 0, 0, NEVER, 0, False, False
        hardship_until, news_day, offer_day, notices = NEVER, NEVER, NEVER, 0
        fatigue, excitation, pressure = 0.0, 0.0, 0.0
        texts, calls = 0, 0
        minimum, arrears, due_since, last_payment = a.minimum_due, a.arrears, a.dpd0, a.last_payment
        contact, payment = first[number], first_paid[number]
        count, leaves = 0, False
        for day in range(days):
            if day > 0:
                if plan_left == 0 and hardship_until <= day:
                    balance += int(min(balance, opening) * rates[a.product] + 0.5)
                if minimum > 0:  # as `debtor.bill`
                    if plan_left > 0:
                        due_since -= 1
                    elif b.months_due(due_since + day) > b.months_due(due_since + day - 1):
                        arrears = min(arrears + minimum, balance)
                fatigue *= p.fatigue_keep
                excitation *= p.excitation_keep
                pressure *= p.pressure_keep
                texts, calls = (texts << 1) & 0xFFFFFFFF, (calls << 1) & 0xFFFFFFFF
            dpd = due_since + day
            if dpd >= p.write_off_dpd:
                break
            row = rows[number * days + count]
            row.day, row.dpd, row.broken, row.market = day, dpd, broken, market[day]
            row.month = (day + a.payday) // b.MONTH
            row.since_payday = (day_of_month[day] - a.payday) % 30
            row.claim, row.arrears, row.minimum = balance / 100.0, arrears / 100.0, minimum / 100.0
            row.again = minimum > 0 and day - last_payment < b.MONTH
            row.first = contact
            sued = False
            while contact < first[number + 1] and contacts[contact].day == day:
                c = contacts[contact]
                contact += 1
                if c.legal == _SUIT or c.legal == _ENFORCE:
                    sued = True
                c.dpd, c.fatigue = dpd, fatigue
                news = c.legal == _NOTICE or (c.kind > 0 and day - offer_day > MEMORY_DAYS)
                since = min(day - news_day, MEMORY_DAYS + 1)
                window = ((1 << max(since, 0)) - 1) & ~1
                c.earlier = 0
                if not news and c.group == _TEXT:
                    c.earlier = popcount(texts & window)
                elif not news and c.group != _LETTER:
                    c.earlier = popcount(calls & window)
                if c.group == _TEXT:
                    texts |= 1
                elif c.group == _CALL or c.group == _VISIT:
                    calls |= 1
                if c.channel > 0:
                    fatigue += p.fatigue_gain[c.channel]
                if c.kind > 0 and c.reached != 0:
                    if day - offer_day > MEMORY_DAYS:
                        news_day = day - 1
                    offer_day = day
                if c.hardship:
                    hardship_until = day + int(p.hardship_days)
                c.may_promise = promise_due == NEVER and plan_left == 0 and not c.disputed and not c.hardship
                if c.accepted:
                    eventful[number] = True
                    if c.kind == _SETTLEMENT:
                        promise_due, promise_made, settles = day + SETTLEMENT_DAYS, day, True
                        promise_cents, promise_channel = int(balance * (1.0 - c.discount) + 0.5), c.talker
                    elif c.kind == _SWAP:
                        leaves = True
                    elif c.kind > 0 and c.months > 0:
                        plan_left, plan_cents, plan_missed = int(c.months), -(-balance // int(c.months)), 0
                        plan_next, promise_due = day + FIRST_INSTALMENT_DAYS, NEVER
                        secured = c.kind == _RESTRUCTURE
                        plan_first = secured
                elif c.promised:
                    promise_due, promise_made, settles = c.due if c.due > day else day + 7, day, False
                    owed = arrears if minimum > 0 else balance
                    promise_cents, promise_channel = c.amount if c.amount > 0 else owed, c.talker
                eventful[number] = eventful[number] or c.reached == 1 or c.kind > 0
                if c.legal == _NOTICE:
                    pressure += b.notice_pressure(p, belief, notices)
                    notices += 1
                    news_day = day - 1
            row.last = contact
            if sued:
                break
            row.fatigue, row.excitation, row.pressure = fatigue, excitation, pressure
            row.promise_open, row.promise_channel = promise_due != NEVER, promise_channel
            row.happened, row.full, row.due, row.secured = 0, 0, 0.0, secured
            spontaneous, everything = 0, 0
            closes = False
            if plan_left > 0:
                row.kind = PLAN_RUNS
                if plan_next == day:
                    due = int(RESTRUCTURE_DOWN_PAYMENT * balance) if plan_first else plan_cents
                    row.kind, row.due = INSTALMENT_DUE, due / 100.0
                    got = _paid_within(
                        paid, first_paid[number], first_paid[number + 1], day - LATE, day + LATE, labelled, True
                    )
                    row.happened = got >= ENOUGH * min(due, balance)
                    plan_next = day + INSTALMENT_EVERY_DAYS
                    if row.happened:
                        plan_missed, plan_left, plan_first = 0, plan_left - 1, False
                        closes = plan_left == 0
                    else:
                        plan_missed += 1
                        news_day = day
                        if plan_missed >= MISSED_TO_BREAK:
                            plan_left = 0
            elif promise_due != NEVER and promise_due <= day:
                row.kind, row.due = PROMISE_DUE, promise_cents / 100.0
                got = _paid_within(
                    paid, first_paid[number], first_paid[number + 1], promise_made, day + LATE, labelled, False
                )
                row.happened = got >= ENOUGH * min(promise_cents, balance)
                closes = settles and row.happened
                promise_due, settles = NEVER, False
                eventful[number] = True
                if not row.happened:
                    broken += 1
                    news_day = day
            else:
                row.kind = AT_RISK
            while payment < first_paid[number + 1] and paid[payment].day == day:
                one = paid[payment]
                payment += 1
                everything += one.cents
                if not one.used and (one.kind == _VOLUNTARY or one.kind == 0) and one.cents > 0:
                    spontaneous += one.cents
            if row.kind == AT_RISK and spontaneous > 0:
                row.happened = 1
                row.full = spontaneous >= WHOLE * balance
                eventful[number] = True
            row.paid, row.own = everything / 100.0, spontaneous / 100.0
            if everything > 0:
                excitation += 1.0
            balance -= everything
            if minimum > 0 and everything > 0:  # as `debtor.re_age`
                last_payment = day
                before = -(-arrears // minimum)
                arrears = max(arrears - everything, 0)
                due_since -= b.MONTH * (before - -(-arrears // minimum))
                closes = closes or arrears == 0
            count += 1
            if balance <= 0 or closes or leaves or row.full:
                break
        ends[number] = count
