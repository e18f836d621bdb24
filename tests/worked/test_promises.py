"""Promises to pay: due within 3 to 10 days, for all or for two months' means, and kept or broken on the day."""

from __future__ import annotations

import numpy as np

from tests.worked.tiny import NEVER, SURE, day, days, debtors, reached, simulate, until, world

A_DAY = 493  # interest on 10,000.00 at 18 %, in cents


def promising(*balances, disposable, **behaviour):
    simulation = simulate(world(behaviour={"promise_base": SURE} | behaviour), debtors(*balances))
    simulation.accounts["disposable"] = disposable
    day(simulation, "collector/morning")
    return simulation, reached(simulation)


def test_a_promise_falls_due_three_to_ten_days_later_each_as_often():
    simulation = simulate(
        world(
            behaviour={"promise_base": SURE},
            operations={"collector": world().operations.collector.model_copy(update={"per_1000_accounts": 1000})},
        ),
        debtors(*[10_000] * 1600),
    )
    day(simulation, "collector/morning")
    due = simulation.accounts["promise_due"][simulation.accounts["promises"] == 1]
    counts = np.bincount(due, minlength=11)
    assert counts[:3].sum() == 0 and counts.size == 11
    # 19 of 20 promised: 1,520, an eighth of them each day: 190, give or take 4 x sqrt(1520 / 8 x 7 / 8) = 52.
    assert all(138 <= count <= 242 for count in counts[3:])


def test_who_can_pay_within_three_months_promises_all_and_pays_it_with_the_interest_since():
    simulation, one = promising(*[10_000] * 5, disposable=3_400)  # three months: 10,200
    assert simulation.accounts["promise_amount"][one] == 1_000_000
    due = int(simulation.accounts["promise_due"][one])
    until(simulation, due - 1)
    assert simulation.accounts["cash"][one] == 0 and simulation.accounts["kept"][one] == 0
    days(simulation, 1)
    assert simulation.accounts["cash"][one] == 1_000_000 + due * A_DAY
    assert simulation.accounts["balance"][one] == 0 and simulation.accounts["closed_day"][one] == due
    assert simulation.accounts_table()["status"][one] == "paid"


def test_who_cannot_promises_two_months_means():
    simulation, one = promising(*[10_000] * 5, disposable=1_234.5)
    assert simulation.accounts["promise_amount"][one] == 246_900  # 2 x 1,234.50
    due = int(simulation.accounts["promise_due"][one])
    until(simulation, due)
    assert simulation.accounts["cash"][one] == 246_900
    # The next morning has charged interest on what is left, below the opening claim: about 7,550 x 0.18 / 365 = 3.7x.
    left = 1_000_000 + due * A_DAY - 246_900
    assert simulation.accounts["balance"][one] == left + round(left * 18 / 36_500)
    assert (simulation.accounts["kept"][one], simulation.accounts["broken"][one]) == (1, 0)


def test_nobody_promises_less_than_ten():
    simulation, one = promising(*[10_000] * 5, disposable=2)
    assert simulation.accounts["promise_amount"][one] == 1_000  # not 2 x 2.00


def test_without_work_a_quarter_of_the_means_is_left():
    simulation = simulate(world(behaviour={"promise_base": SURE, "jobless_share": 1.0}), debtors(*[10_000] * 5))
    simulation.accounts["disposable"] = 1_000
    day(simulation, "collector/morning")
    assert simulation.accounts["promise_amount"][reached(simulation)] == 50_000  # 2 x 1,000.00 x 0.25


def test_a_broken_promise_brings_nothing_and_is_over():
    simulation, one = promising(*[10_000] * 5, disposable=1_000, keep_base=NEVER)
    due = int(simulation.accounts["promise_due"][one])
    until(simulation, due - 1)
    assert simulation.accounts["broken"][one] == 0
    days(simulation, 1)
    assert simulation.accounts["cash"][one] == 0
    assert (simulation.accounts["kept"][one], simulation.accounts["broken"][one]) == (0, 1)
    assert simulation.accounts["promise_due"][one] == -10_000
    assert simulation.accounts["balance"][one] == 1_000_000 + (due + 1) * A_DAY


def test_texts_and_letters_get_no_promise_and_calls_and_visits_do():
    for channel, promises in (("sms", 0), ("letter", 0), ("autocall", 1), ("specialist", 1), ("visit", 1)):
        simulation = simulate(world(behaviour={"promise_base": SURE}), debtors(*[10_000] * 4))
        day(simulation, f"{channel}/morning")
        one = reached(simulation)
        assert simulation.accounts["promises"][one] == promises, channel


def test_an_open_promise_is_not_promised_again():
    simulation, one = promising(*[10_000] * 5, disposable=1_000)
    due = int(simulation.accounts["promise_due"][one])
    day(simulation, "collector/morning")
    assert simulation.accounts["promises"][one] == 1 and simulation.accounts["promise_due"][one] == due


def test_each_broken_promise_weighs_on_the_next_and_a_kept_one_does_not():
    # Log odds of keeping: 60 for the first, 60 - 100 after one broken.
    simulation, one = promising(*[10_000] * 5, disposable=1_000, keep_base=60.0, keep_broken=-100.0)
    simulation.accounts["broken"] = 1
    simulation.accounts["kept"][one] = 3
    until(simulation, int(simulation.accounts["promise_due"][one]))
    assert simulation.accounts["broken"][one] == 2 and simulation.accounts["cash"][one] == 0
