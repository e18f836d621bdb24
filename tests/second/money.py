"""The money of an account: every cent that is owed, paid, forgiven, written off, or spent on collecting it."""

from __future__ import annotations

from recoup.sim.account import NEVER, Event, Stage, Status
from tests.second.behaviour import minimums_in
from tests.second.state import whole_cents


def worth_today(world, today, cents):
    """At day 0, with the discount rate compounded yearly."""
    return cents / (1.0 + world.discount_rate) ** (today.day / 365)


def charge_interest(debtor, today):
    """A day's late interest on what is left of the claim; interest bears none. It rests in plans, hardship, breathing space."""
    if debtor.has_plan() or debtor.in_hardship(today) or debtor.in_breathing_space(today):
        return
    claim = min(debtor.balance, debtor.opening)
    interest = whole_cents(claim * (today.interest_a_year / 365))
    debtor.interest += interest
    debtor.balance += interest


def spend(debtor, world, today, cents):
    cost = whole_cents(cents)
    debtor.cost += cost
    debtor.cost_today += cost
    debtor.discounted_cost += worth_today(world, today, cost)


def take_in(debtor, world, today, cents):
    """A payment: never more than is owed, and the account is paid when nothing is left."""
    paid = min(cents, debtor.balance)
    if paid <= 0:
        return
    debtor.balance -= paid
    debtor.cash += paid
    debtor.cash_today += paid
    debtor.cash_day_sum += paid * today.day
    debtor.discounted_cash += worth_today(world, today, paid)
    debtor.payments += 1
    debtor.last_payment = today.day
    debtor.acknowledges(today)
    debtor.excitation += 1
    debtor.notes(Event.PAYMENT)
    if debtor.balance == 0:
        debtor.arrears = 0
        close(debtor, today, Status.PAID)
    elif debtor.asks_for_minimums():
        count_against_arrears(debtor, today, paid)


def count_against_arrears(debtor, today, paid):
    """A card grows a month younger with each minimum that is done with; with the last of them it is in good standing again."""
    if paid >= debtor.arrears:
        debtor.arrears = 0
        debtor.dpd0 -= debtor.days_past_due(today)
        close(debtor, today, Status.CURED)
        return
    unpaid = minimums_in(debtor.arrears, debtor.minimum_due)
    debtor.arrears -= paid
    debtor.dpd0 -= 30 * (unpaid - minimums_in(debtor.arrears, debtor.minimum_due))


def bill_the_month(debtor, today):
    """A minimum more for each month begun; an instalment plan takes their place, and stops the clock."""
    if not debtor.asks_for_minimums():
        return
    if debtor.has_plan():
        debtor.dpd0 -= 1
    elif debtor.days_past_due(today) > 1 and debtor.days_past_due(today) % 30 == 1:
        debtor.arrears = min(debtor.balance, debtor.arrears + debtor.minimum_due)


def call_in_everything(debtor):
    """The whole balance is due, as of a loan."""
    debtor.minimum_due = debtor.arrears = 0


def forgive_the_rest(debtor, today):
    debtor.forgiven += debtor.balance
    debtor.forgiven_today += debtor.balance
    debtor.balance = 0
    close(debtor, today, Status.SETTLED)


def write_off_old_debt(debtor, world, today):
    at_work = debtor.stage in (Stage.QUEUED, Stage.FILED, Stage.ENFORCING) or debtor.has_plan()
    if debtor.days_past_due(today) < world.write_off_dpd or at_work:
        return
    debtor.written_off += debtor.balance
    debtor.balance = debtor.arrears = 0
    debtor.notes(Event.WRITTEN_OFF)
    close(debtor, today, Status.WRITTEN_OFF)


def close(debtor, today, status):
    debtor.status = int(status)
    debtor.closed_day = today.day
    debtor.promise_due = NEVER
    debtor.plan_months = 0
    debtor.notes(Event.CLOSED)
