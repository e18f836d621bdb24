"""The money of an account: every cent that is owed, paid, forgiven, written off, or spent on collecting it."""

from __future__ import annotations

from recoup.sim.account import NEVER, Event, Stage, Status
from tests.second import channels
from tests.second.behaviour import minimums_in
from tests.second.state import whole_cents


def worth_today(world, today, cents):
    """At day 0, with the discount rate compounded yearly."""
    return cents / (1.0 + world.discount_rate) ** (today.day / 365)


def allowed_rate(pack, product, rate):
    """What of a yearly rate the rules leave: those on all products, and those that name this one."""
    for rule in pack.rules:
        if rule.kind == "interest_cap" and product in (rule.products or [product]):
            rate = min(rate, rule.most)
    return rate


def charge_interest(debtor, today):
    """A day's late interest on what is left of the claim; interest bears none. It rests in plans, hardship, breathing space."""
    if debtor.has_plan() or debtor.in_hardship(today) or debtor.in_breathing_space(today):
        return
    claim = min(debtor.balance, debtor.opening)
    interest = whole_cents(claim * (today.interest_a_year[debtor.product] / 365))
    debtor.interest += interest
    debtor.balance += interest


def spend(debtor, world, today, cents):
    cost = whole_cents(cents)
    debtor.cost += cost
    debtor.cost_today += cost
    debtor.discounted_cost += worth_today(world, today, cost)


def on_time(debtor, world, today, cents_a_minute, seconds):
    cents = cents_a_minute * seconds / 60
    debtor.discounted_staff += worth_today(world, today, cents)
    return cents


def worth_at_the_end(debtor, world, day):
    """What the claim would fetch on the morning of a day, in whole cents; `world.horizon` is the scenario's table."""
    table = world.horizon
    if table is None or debtor.status not in (Status.OPEN, Status.WRITTEN_OFF, Status.CURED):
        return 0
    if debtor.status == Status.CURED:
        return whole_cents(table.cured * debtor.balance)
    price = price_at(table.prices, debtor.dpd0 + day)
    if debtor.status == Status.WRITTEN_OFF:
        return whole_cents(price * debtor.written_off)
    owed = debtor.balance
    best = price * owed
    if debtor.has_plan():
        days_to_the_middle = 30 * debtor.plan_left / 2
        best = max(best, table.plan_kept * owed / (1 + world.discount_rate) ** (days_to_the_middle / 365))
    if debtor.has_promised():
        # Kept, the promise brings its amount and leaves the rest to be sold, a settlement leaves nothing. Broken, all is sold.
        amount = min(debtor.promise_amount, owed)
        after = 0 if debtor.promise_discount > 0 else price * (owed - amount)
        cash = world.behaviour.swap_price * amount if debtor.promise_swap else amount
        best = max(best, table.promise_kept * (cash + after) + (1 - table.promise_kept) * price * owed)
    if debtor.stage in (Stage.JUDGED, Stage.ENFORCING):
        best = max(best, table.judgment_yield * owed)
    return whole_cents(min(best, owed))


def price_at(prices, age):
    """On the line between the two entries around an age; as the first or the last beyond them."""
    below = [one for one in prices if one.dpd <= age]
    above = [one for one in prices if one.dpd > age]
    if not below:
        return above[0].price
    if not above:
        return below[-1].price
    (one, other) = below[-1], above[0]
    return one.price + (other.price - one.price) * (age - one.dpd) / (other.dpd - one.dpd)


def pay_for_waiting(world, pool_name, people, at_work, seconds_used):
    """What a pool is paid on a day for time that served no account, courses included; lines and visits have no price by the minute."""
    price = world.costs.minute.get(pool_name, 0.0) * 100
    shift = channels.pool(world, pool_name).shift_minutes
    minutes = (shift.morning, shift.midday, shift.afternoon, shift.evening)
    paid = sum(round(people * 60 * each) for each in minutes) if at_work else 0
    return whole_cents(price * max(paid - seconds_used, 0) / 60)


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


def brought_by_sale(world, appraisal):
    return whole_cents(world.behaviour.swap_price * appraisal)


def forgiven_by_handover(world, balance, appraisal):
    """The debtor is credited with the appraisal, at most with his debt; what the sale brings less is lost."""
    credited = balance if appraisal > balance else appraisal
    return credited - brought_by_sale(world, credited)


def take_asset(debtor, world, today, appraisal):
    """The asset is sold, the debt falls by its appraisal, and nothing is left for a court to find."""
    loss = forgiven_by_handover(world, debtor.balance, appraisal)
    credited = min(appraisal, debtor.balance)
    debtor.notes(Event.HANDOVER)
    debtor.asset_cover, debtor.stable_assets = 0.0, 0
    take_in(debtor, world, today, credited - loss)
    if debtor.status != Status.OPEN:
        return
    debtor.forgiven += loss
    debtor.forgiven_today += loss
    debtor.balance -= loss
    if debtor.balance == 0:
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
