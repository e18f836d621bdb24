"""The gate as masks read it, all rules at once, against the rules asked one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.sim.account import ACCOUNT, NEVER
from recoup.sim.compliance.gate import RULE, Gate, Trigger, rule_against, triggered, unlawful
from recoup.sim.observation import DAY_CONTEXT
from recoup.sim.treatments import MOST_PRODUCTS, Group

BITS = 20


def accounts(chance: np.random.Generator, count: int) -> np.ndarray:
    """Accounts for which each trigger holds now and then."""
    made = np.zeros(count, ACCOUNT)
    for name in ("complaint_until", "hardship_until", "dispute_until", "breathing_until", "stage_day", "demanded"):
        made[name] = chance.integers(-20, 60, count)
    for name in ("opted_out", "restructured", "ceased", "plan_months", "plan_missed", "stage", "plans_broken"):
        made[name] = chance.integers(0, 3, count)
    for name in ("call_history", "text_history", "letter_history", "visit_history", "conversation_history"):
        made[name] = np.bitwise_and.reduce(chance.integers(0, 1 << 32, (4, count)))  # one day of sixteen
    made["promise_due"] = np.where(chance.random(count) < 0.5, NEVER, 30)
    made["dpd0"], made["acknowledged"] = chance.integers(0, 60, count), NEVER
    made["caps_reached"] = np.bitwise_and.reduce(chance.integers(0, 1 << 62, (3, count)))
    made["balance"], made["silence"] = chance.integers(0, 100, count), chance.integers(0, 60, count)
    made["product"] = chance.integers(0, MOST_PRODUCTS, count)
    return made


def rules(chance: np.random.Generator, count: int) -> np.ndarray:
    """Rules of any trigger, several of them with the same one."""
    made = np.zeros(count, RULE)
    made["trigger"], made["bits"] = chance.integers(0, len(Trigger), count), chance.integers(1, 1 << BITS, count)
    made["most"], made["group"] = chance.integers(1, 6, count), chance.integers(0, 5, count)
    made["limit"], made["rule"] = chance.integers(1, 32, count), np.arange(count)
    made["cap"] = np.arange(
        count
    )  # marked on accounts are those on channels, and those that count a customer's contacts
    counts = np.isin(made["trigger"], (Trigger.CONTACTS, Trigger.QUIET_PERIOD, Trigger.CONVERSATION_CAP))
    made["products"] = chance.integers(0, 1 << MOST_PRODUCTS, count) * (chance.random(count) < 0.5)  # 0 = on all
    made["counted"] = counts & (chance.random(count) < 0.5)
    return made


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40), day_off=st.booleans(), weekday=st.integers(0, 6))
def test_masks_and_single_rules_agree(seed: int, count: int, day_off: bool, weekday: int) -> None:
    chance = np.random.default_rng(seed)
    records = rules(chance, count)
    gate = Gate.of(records)
    today = np.zeros(1, DAY_CONTEXT)
    today["day"], today["day_off"], today["weekday"] = 20, day_off, weekday
    today["settlement_budget_left"] = chance.integers(0, 2)
    for a in accounts(chance, 20):
        holding = [record for record in records if triggered(a, today[0], record)]
        forbidden = 0
        for record in holding:
            forbidden |= int(record["bits"])
        assert int(unlawful(a, today[0], gate.tables)) == forbidden
        for bit in range(BITS):
            against = [int(record["rule"]) + 1 for record in holding if int(record["bits"]) >> bit & 1]
            assert rule_against(a, today[0], gate, np.uint64(1 << bit)) == (against[0] if against else 0)


def test_every_trigger_holds_for_some_accounts_and_not_for_others() -> None:
    """So that the agreement above means something."""
    chance = np.random.default_rng(1)
    some = accounts(chance, 60)
    always = {Trigger.ALWAYS, Trigger.BUDGET_SPENT, Trigger.DAY_OFF, Trigger.WEEKDAY, Trigger.WEEKEND, Trigger.HOLIDAY}
    today = np.zeros(1, DAY_CONTEXT)
    today["day"] = 20
    for trigger in set(Trigger) - always:
        record = np.zeros(1, RULE)
        record["trigger"], record["limit"], record["most"], record["group"] = (
            trigger,
            40 if trigger == Trigger.YOUNGER_THAN else 20,
            2,
            Group.CALL,
        )
        holds = [bool(triggered(a, today[0], record[0])) for a in some]
        assert any(holds) and not all(holds), trigger
