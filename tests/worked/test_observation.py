"""What a policy sees: every field in natural units, for debtors whose past is known."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.observation import FIELDS
from recoup.sim.parameters import Macro
from tests.worked.tiny import HOME, NEVER, SURE, day, days, debtors, each_channel, pool, reached, simulate, until, world

NAMES = [field.name for field in FIELDS]


def seen(simulation, number=0):
    """Fields by name, of one account."""
    (row,) = simulation.observe(np.array([number]))
    return dict(zip(NAMES, row.tolist(), strict=True))


def test_a_debtor_on_the_day_he_enters():
    portfolio = debtors(
        12_345.67, dpd=45, product="instalment_purchase", credit_score=612.0, monthly_income=5_400.0, early_warning=0.25,
        stable_assets=True, tenure_months=17, prior_delinquencies=3, payday=15,
    )  # fmt: skip
    assert seen(simulate(world(typical_claim=10_000.0), portfolio)) == pytest.approx(
        {
            "dpd": 45, "balance": 12_345.67, "opening_balance": 12_345.67, "claim_size": 1.2345670, "paid_share": 0, "credit_score": 612,
            "monthly_income": 5_400, "stable_assets": 1, "early_warning": 0.25,
            "tier": 0,  # 45 days: one point, less one for stable assets
            "product": 2, "tenure_months": 17, "prior_delinquencies": 3, "days_in_portfolio": 0,
            "calls_7d": 0, "texts_7d": 0, "visits_30d": 0, "days_since_attempt": 365, "days_since_reached": 365,
            "last_outcome": 0, "attempts": 0, "reached": 0, "promise_open": 0, "promise_due_in": 0, "promises_kept": 0,
            "promises_broken": 0, "offers_made": 0, "offers_refused": 0, "best_discount": 0, "days_since_payment": 365,
            "payments": 0, "plan_active": 0, "plan_missed": 0, "plans_broken": 0, "restructured": 0, "legal_stage": 0,
            "days_in_stage": 0, "hardship": 0, "dispute": 0, "complaint_open": 0, "opted_out": 0,
            "days_to_payday": 12,  # from 3 to 15 March
            "weekday": 0, "day_off": 0, "macro_index": 0, "collector_load": 0, "collector_fill": 1, "specialist_load": 0,
            "specialist_fill": 1, "autocall_load": 0, "legal_load": 0, "legal_queue": 0, "settlement_budget_left": 1,
            "review": 0, "arrears": 12_345.67,
        },
        rel=1e-6,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "tier"),
    [
        # Points: 16 days past due, another at 61; early warning of 0.6; a score below 540; less one for stable assets.
        # One point is medium risk, three are high.
        ({"dpd": 15}, 0),
        ({"dpd": 16}, 1),
        ({"dpd": 60}, 1),
        ({"dpd": 61}, 1),  # two
        ({"dpd": 61, "early_warning": 0.59}, 1),
        ({"dpd": 61, "early_warning": 0.6}, 2),  # three
        ({"dpd": 61, "credit_score": 540.0}, 1),
        ({"dpd": 61, "credit_score": 539.0}, 2),  # three: a low score is a high risk
        ({"dpd": 5, "credit_score": 539.0}, 1),
        ({"dpd": 5, "credit_score": 800.0}, 0),
        ({"dpd": 5, "early_warning": 0.9}, 1),
        ({"dpd": 61, "credit_score": 400.0, "early_warning": 0.9}, 2),  # four
        ({"dpd": 61, "credit_score": 400.0, "early_warning": 0.9, "stable_assets": True}, 2),  # three
        ({"dpd": 61, "credit_score": 400.0, "stable_assets": True}, 1),  # two: assets lower the risk
        ({"dpd": 16, "stable_assets": True}, 0),
    ],
)
def test_the_risk_tier_by_points(changes, tier):
    simulation = simulate(world(), debtors(10_000, **changes))
    assert seen(simulation)["tier"] == tier
    assert simulation.ledger.accounts_table()["entry_tier"].tolist() == [("low", "medium", "high")[tier]]


def test_the_tier_rises_with_age_and_with_promises_broken_over_kept():
    simulation = simulate(world(), debtors(10_000, dpd=14))
    tiers = []
    for _ in range(3):
        tiers.append(seen(simulation)["tier"])
        days(simulation, 1)
    assert tiers == [0, 0, 1]  # 14, 15, 16 days past due
    simulation = simulate(world(), debtors(*[10_000] * 4, dpd=61))
    simulation.accounts["broken"], simulation.accounts["kept"] = [1, 1, 0, 3], [0, 1, 1, 2]
    assert [seen(simulation, n)["tier"] for n in range(4)] == [2, 1, 1, 2]


def test_money_is_in_currency_units_and_shares_of_the_opening_claim():
    simulation = simulate(world(), debtors(10_000))
    simulation.accounts["promise_due"], simulation.accounts["promise_amount"] = 1, 250_000
    until(simulation, 3)
    now = seen(simulation)
    # 2,500.00 paid on day 1, out of 10,004.93; then 3 mornings at 7,504.93 x 0.18 / 365 = 3.70.
    assert now["balance"] == pytest.approx(7_504.93 + 3 * 3.70, abs=0.02)
    assert now["opening_balance"] == 10_000 and now["paid_share"] == pytest.approx(0.25)
    assert (now["payments"], now["days_since_payment"]) == (1, 3)
    assert (now["dpd"], now["days_in_portfolio"]) == (34, 4)


def test_contacts_of_a_week_and_of_a_month():
    # Nobody answers, and nobody reads: calls on days 0, 1 and 3, texts on 1 and 2, visits on 0 and 1.
    simulation = simulate(world(behaviour={"reach": each_channel(0.0)}), debtors(10_000, 10_000, 10_000))
    for treatments in (
        {0: "collector/morning", 1: "visit/morning"},
        {0: "autocall/evening", 1: "visit/morning", 2: "wechat/morning"},
        {2: "sms/morning"},
        {0: "specialist/midday"},
    ):
        day(simulation, treatments)
    assert [seen(simulation, n)["calls_7d"] for n in range(3)] == [3, 0, 0]
    assert [seen(simulation, n)["texts_7d"] for n in range(3)] == [0, 0, 2]
    assert [seen(simulation, n)["visits_30d"] for n in range(3)] == [0, 2, 0]
    assert [seen(simulation, n)["attempts"] for n in range(3)] == [3, 2, 2]
    assert [seen(simulation, n)["reached"] for n in range(3)] == [0, 0, 0]
    assert [seen(simulation, n)["days_since_attempt"] for n in range(3)] == [1, 3, 2]
    assert [seen(simulation, n)["days_since_reached"] for n in range(3)] == [365] * 3
    until(simulation, 5)  # the morning of day 6 still sees day 0
    assert seen(simulation)["calls_7d"] == 3
    days(simulation, 1)
    assert seen(simulation)["calls_7d"] == 2  # day 7: days 1 to 7
    assert seen(simulation, 2)["texts_7d"] == 2
    days(simulation, 2)
    assert seen(simulation)["calls_7d"] == 1 and seen(simulation, 2)["texts_7d"] == 0  # day 9: days 3 to 9
    until(simulation, 28)
    assert seen(simulation, 1)["visits_30d"] == 2  # day 29: days 0 to 29
    days(simulation, 1)
    assert seen(simulation, 1)["visits_30d"] == 1
    days(simulation, 1)
    assert seen(simulation, 1)["visits_30d"] == 0


# The codes of outcomes: 2 unserved, 3 sent, 4 no answer, 5 reached, 6 promised, 7 accepted, 8 refused, 11 legal.
@pytest.mark.parametrize(
    ("behaviour", "treatment", "code"),
    [
        ({"reach": each_channel(0.0)}, "sms/morning", 3),
        ({"reach": each_channel(0.0)}, "letter/morning", 3),
        ({"reach": each_channel(0.0)}, "collector/morning", 4),
        ({"reach": each_channel(0.0)}, "visit/morning", 4),
        ({}, "collector/morning", 5),
        ({"promise_base": SURE}, "collector/morning", 6),
        ({"plan_base": SURE}, "collector/morning/plan_6", 7),
        ({}, "collector/morning/plan_6", 8),
        ({"dispute": 1.0}, "collector/morning", 9),
        ({"hardship_disclosed": 1.0, "jobless_share": 1.0}, "collector/morning", 10),
        ({}, "suit", 11),
    ],
)
def test_what_came_of_the_latest_treatment(behaviour, treatment, code):
    simulation = simulate(world(behaviour=behaviour), debtors(*[10_000] * 3))
    day(simulation, treatment)
    codes = {seen(simulation, n)["last_outcome"] for n in range(3)}
    assert codes <= ({code, 4} if code in range(5, 11) else {code}) and code in codes
    days(simulation, 2)
    assert seen(simulation, 0)["last_outcome"] in codes  # remembered until the next treatment


def test_promises_and_offers():
    simulation = simulate(world(behaviour={"promise_base": SURE}), debtors(*[10_000] * 5))
    day(simulation, "collector/morning/settle_20")
    one = reached(simulation)
    due = int(simulation.accounts["promise_due"][one])
    now = seen(simulation, one)
    assert (now["offers_made"], now["offers_refused"]) == (1, 1) and now["best_discount"] == pytest.approx(0.2)
    assert (now["promise_open"], now["promise_due_in"]) == (1, due - 1)
    assert (now["reached"], now["days_since_reached"]) == (1, 1)
    until(simulation, due - 1)
    assert seen(simulation, one)["promise_due_in"] == 0 and seen(simulation, one)["promise_open"] == 1
    days(simulation, 1)
    now = seen(simulation, one)
    assert (now["promise_open"], now["promise_due_in"], now["promises_kept"], now["promises_broken"]) == (0, 0, 1, 0)
    simulation.accounts["broken"][one] = 4
    assert (seen(simulation, one)["promises_kept"], seen(simulation, one)["promises_broken"]) == (1, 4)


def test_plans():
    simulation = simulate(world(behaviour={"plan_base": SURE, "instalment_base": NEVER}), debtors(*[10_000] * 5))
    day(simulation, "collector/morning/plan_6")
    one = reached(simulation)
    fields = ("plan_active", "plan_missed", "plans_broken", "restructured")
    assert [seen(simulation, one)[f] for f in fields] == [1, 0, 0, 0]
    until(simulation, 5)
    assert [seen(simulation, one)[f] for f in fields] == [1, 1, 0, 0]
    until(simulation, 35)
    assert (seen(simulation, one)["plan_active"], seen(simulation, one)["plans_broken"]) == (0, 1)
    simulation = simulate(world(behaviour={"restructure_base": SURE}), debtors(*[10_000] * 5, stable_assets=True))
    day(simulation, "specialist/morning/restructure")
    one = reached(simulation)
    assert [seen(simulation, one)[f] for f in fields] == [1, 0, 0, 1]


def test_stages_of_legal_action_and_days_in_them():
    courts = {"filing_days": (3, 3), "hearing_days": (3, 3), "win": 1.0, "closed_on_holidays": False}
    simulation = simulate(world(courts=courts), debtors(10_000))
    day(simulation, "letter/morning/notice")
    assert (seen(simulation)["legal_stage"], seen(simulation)["days_in_stage"]) == (1, 1)
    day(simulation, "suit")  # day 1; filed on day 4, judged on day 7
    stages = []
    for _ in range(8):
        now = seen(simulation)
        stages.append((now["legal_stage"], now["days_in_stage"]))
        days(simulation, 1)
    assert stages == [(2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3), (5, 1), (5, 2)]


def test_flags_of_standing_last_until_their_day():
    simulation = simulate(world(), debtors(*[10_000] * 5))
    for number, until_day in enumerate(("hardship_until", "dispute_until", "complaint_until")):
        simulation.accounts[until_day][number] = 2
    simulation.accounts["opted_out"][3] = 1
    fields = ("hardship", "dispute", "complaint_open", "opted_out")
    only = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    days(simulation, 1)  # day 1 is the last one before day 2
    assert [[seen(simulation, n)[f] for f in fields] for n in range(5)] == only
    days(simulation, 1)
    assert [[seen(simulation, n)[f] for f in fields] for n in range(5)] == [[0] * 4] * 3 + [[0, 0, 0, 1], [0] * 4]


def test_the_calendar_as_seen():
    simulation = simulate(world(), debtors(10_000, payday=28))
    rows = []
    for _ in range(36):
        now = seen(simulation)
        rows.append((now["weekday"], now["day_off"], now["days_to_payday"]))
        days(simulation, 1)
    assert [weekday for weekday, _, _ in rows[:8]] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert [d for d, (_, off, _) in enumerate(rows) if off] == [5, 6, 12, 13, 19, 20, 26, 27, 32, 33, 34]
    # 3 March: 25 days to the 28th; day 25 is the 28th; the day after, 29 days in a month of 30.
    assert (rows[0][2], rows[24][2], rows[25][2], rows[26][2]) == (25, 1, 0, 29)


def test_the_macro_index_as_seen():
    macro = Macro(persistence=0.8, spread=0.0, shocks=[{"day": 2, "size": 1.5}])
    simulation = simulate(world(macro=macro), debtors(10_000))
    days(simulation, 1)
    assert seen(simulation)["macro_index"] == 0
    days(simulation, 1)  # the morning of day 2 is the first to see it
    assert seen(simulation)["macro_index"] == 1.5


def test_load_is_time_used_and_fill_is_requests_served():
    # Nobody answers. One collector with 8 minutes in the morning and 8 in the evening: two of five calls (4 minutes each) are
    # served, in 8 of 16 minutes. One specialist with 40 minutes for the same five calls: 20 minutes, all served.
    # Lines: 5 x 35 seconds of 720 minutes.
    operations = {}
    for name, minutes in (("collector", 8.0), ("specialist", 40.0)):
        shift = HOME.world.operations.collector.shift_minutes.model_copy(
            update={"morning": minutes, "midday": 0.0, "afternoon": 0.0, "evening": 8.0 if name == "collector" else 0.0}
        )
        operations |= pool(name, shift_minutes=shift)
    simulation = simulate(world(behaviour={"reach": each_channel(0.0)}, operations=operations), debtors(*[10_000] * 15))
    channels = ("collector", "specialist", "autocall")
    day(simulation, {number: f"{channels[number // 5]}/morning" for number in range(15)})
    now = seen(simulation)
    assert now["collector_load"] == pytest.approx(0.5) and now["collector_fill"] == pytest.approx(0.4)
    assert now["specialist_load"] == pytest.approx(0.5) and now["specialist_fill"] == 1
    assert now["autocall_load"] == pytest.approx(5 * 35 / 43_200)
    until(simulation, 6)  # the day before was a Sunday: no shift, no request
    assert seen(simulation)["collector_load"] == 0 and seen(simulation)["collector_fill"] == 1


def test_load_is_at_most_one_although_the_last_call_ran_over():
    shift = HOME.world.operations.collector.shift_minutes.model_copy(
        update={"morning": 3.0, "midday": 0.0, "afternoon": 0.0, "evening": 0.0}
    )
    simulation = simulate(
        world(behaviour={"reach": each_channel(0.0)}, operations=pool("collector", shift_minutes=shift)),
        debtors(*[10_000] * 4),
    )
    day(simulation, "collector/morning")
    now = seen(simulation)
    assert now["collector_load"] == 1 and now["collector_fill"] == pytest.approx(0.25)


def test_the_legal_teams_places_and_queue():
    # Four places (0.4 x 10): three taken, then all four and two waiting.
    simulation = simulate(
        world(courts={"filing_days": (20, 20)}, operations={"legal_cases_per_1000_accounts": 400}),
        debtors(*[10_000] * 10),
    )
    day(simulation, dict.fromkeys(range(3), "suit"))
    days(simulation, 1)
    assert (seen(simulation)["legal_load"], seen(simulation)["legal_queue"]) == (0.75, 0)
    day(simulation, dict.fromkeys(range(3, 6), "suit"))
    days(simulation, 1)
    assert (seen(simulation)["legal_load"], seen(simulation)["legal_queue"]) == (1, 2)


def test_the_settlement_budget_is_used_by_what_is_agreed_and_by_what_was_forgiven():
    # 5 % of 50,000.00 are 2,500.00. Discounts of 10 % on 10,000.00, agreed on day 0 by those who were reached.
    simulation = simulate(world(settlement_budget=0.05, behaviour={"settle_base": SURE}), debtors(*[10_000] * 5))
    day(simulation, {0: "collector/morning/settle_10", 1: "collector/morning/settle_10"})
    agreed = int((simulation.accounts["promise_due"] == 10).sum())
    assert agreed > 0
    # 1,000.00 each, and the interest of the morning.
    assert seen(simulation, 4)["settlement_budget_left"] == pytest.approx(1 - agreed * (100_000 + 493) / 250_000)
    until(simulation, 10)
    # Paid on day 10: 1,000.00 and ten days of interest were forgiven.
    assert seen(simulation, 4)["settlement_budget_left"] == pytest.approx(1 - agreed * (100_000 + 4_930) / 250_000)


def test_values_stay_within_the_bounds_of_their_fields():
    simulation = simulate(world(), debtors(10_000_000.0, dpd=3, monthly_income=2_000_000.0))
    assert seen(simulation)["monthly_income"] == 1_000_000
    days(simulation, 5)
    assert seen(simulation)["balance"] == 10_000_000


def test_a_debtor_who_enters_later_counts_his_own_days():
    simulation = simulate(world(), debtors(10_000, 10_000))
    days(simulation, 7)
    simulation.leave(np.array([1]))
    fresh = simulate(world(), debtors(5_000, dpd=12)).accounts[:1].copy()
    simulation.enter(np.array([1]), fresh)
    now = seen(simulation, 1)
    assert (now["days_in_portfolio"], now["dpd"], now["balance"], now["opening_balance"]) == (0, 12, 5_000, 5_000)
    days(simulation, 4)
    assert (seen(simulation, 1)["days_in_portfolio"], seen(simulation, 1)["dpd"]) == (4, 16)
    assert (seen(simulation, 0)["days_in_portfolio"], seen(simulation, 0)["dpd"]) == (11, 41)
