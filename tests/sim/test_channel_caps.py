"""Contact caps on single channels: what the gate lets through and the audit finds, against counts made here by hand, row by row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.compliance.rules import ContactCap, RulePack, load_rules
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.days_ago import channel_days_of, channel_days_text
from recoup.sim.simulation import Simulation

HOME = load_scenario("southeast-asia-loans")
WORDS = HOME.world.vocabulary
CHANNELS = ("whatsapp", "rcs", "push", "sms", "voice_bot", "letter")
SAID = {"kind": "contact_cap", "text": "a cap", "source": "made up", "confidence": "C"}


def caps(*wanted: dict[str, Any]) -> RulePack:
    rules = [ContactCap.model_validate({**SAID, "id": f"cap-{n}", **one}) for n, one in enumerate(wanted)]
    return RulePack(name="caps", title="Caps", rules=rules, channels=list(CHANNELS))


def exceeded(log: pd.DataFrame, rule: ContactCap, customers: dict[str, str]) -> list[int]:
    """Lines of a log (from 1) that are one too many: counted here anew for each row, from the rows before it."""
    done, found = defaultdict[str, list[int]](list), []
    for line, row in enumerate(log.itertuples(), 1):
        if row.channel != rule.channel:
            continue
        name = str(row.account_id)
        whose = customers.get(name, name) if rule.per == "customer" else name
        before = [day for day in done[whose] if day > row.day - rule.days]
        counted = len({day for day in before if day < row.day}) if rule.count == "days" else len(before)
        if counted >= rule.most:
            found.append(line)
        done[whose].append(int(row.day))
    return found


RULE = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(CHANNELS),
        "most": st.integers(0, 4),
        "days": st.integers(1, 31),
        "count": st.sampled_from(["days", "attempts"]),
        "per": st.sampled_from(["customer", "account"]),
    }
)


def book(accounts: int, seed: int, several: bool) -> Any:
    portfolio = HOME.portfolio(accounts, seed)
    if not several:
        return portfolio
    whose = [f"c{n // 3}" if n % 4 else None for n in range(accounts)]
    return replace(portfolio, table=portfolio.table.assign(customer_id=pd.Series(whose, dtype=object)))


@settings(max_examples=15, deadline=None)
@given(rules=st.lists(RULE, min_size=1, max_size=4), seed=st.integers(1, 10_000), several=st.booleans())
def test_the_gate_never_lets_through_more_than_a_cap(rules: list[dict[str, Any]], seed: int, several: bool) -> None:
    pack, portfolio, chance = caps(*rules), book(12, seed, several), np.random.default_rng(seed)
    table = portfolio.table
    customers = dict(zip(table["account_id"], table["customer_id"], strict=True)) if several else {}
    customers = {account: customer for account, customer in customers.items() if customer is not None}
    simulation = Simulation(HOME.world, portfolio, pack, seed, record_events=True)
    free = Simulation(HOME.world, portfolio, caps(), seed, record_events=True)
    names = [name for name in simulation.menu.names if name.split("/")[0] in CHANNELS and name.count("/") == 1]
    for _ in range(25):
        wish = np.array([simulation.menu.index[name] for name in chance.choice(names, len(portfolio))])
        simulation.advance(wish[simulation.open_accounts])
        free.advance(wish[free.open_accounts])
    log = simulation.audit_table()
    done = log[log["done"] & log["channel"].notna()].sort_values(["day", "from_hour"], kind="stable")
    assert not any(exceeded(done, rule, customers) for rule in pack.rules)
    # Without the caps those made as many as the gate stopped at least, and the audit finds each of them and no other.
    log = free.audit_table().reset_index(drop=True)
    log = log[log["done"] & log["channel"].notna()].sort_values(["day", "from_hour"], kind="stable")
    for finding, rule in zip(audit(typed_log(log.reset_index(drop=True), WORDS), pack), pack.rules, strict=True):
        assert finding.breaches["line"].tolist() == exceeded(log, rule, customers)


@pytest.mark.parametrize("count", ["days", "attempts"])
@pytest.mark.parametrize("per", ["customer", "account"])
def test_a_cap_closes_its_channel_on_the_day_it_is_reached_and_no_other(count: str, per: str) -> None:
    simulation = Simulation(
        HOME.world,
        HOME.portfolio(60, 3),
        caps({"channel": "whatsapp", "most": 2, "days": 7, "count": count, "per": per}),
        3,
    )
    item = simulation.menu.index

    def may(name: str) -> bool:
        masks = simulation.masks()[:, [item[one] for one in item if one.split("/")[0] == name]]
        assert masks.any() == masks[:, 0].all()  # all accounts alike
        return bool(masks.any())

    for day, name in enumerate(["whatsapp", "sms", "whatsapp", "rcs", "rcs", "rcs", "rcs", "whatsapp", "rcs"]):
        open_before = simulation.open_accounts.size
        assert may("whatsapp") == (day not in (3, 4, 5, 6, 8)), day  # days 0 and 2 count until day 6, 2 and 7 on day 8
        assert may("rcs") and may("sms") and may("voice_bot")
        simulation.advance(np.full(open_before, item[f"{name}/evening"]))
    assert simulation.blocked_by_rule() == {}


def test_one_customer_is_written_to_once_by_a_channel_though_two_accounts_wish_it() -> None:
    portfolio = HOME.portfolio(3, 1)
    portfolio = replace(portfolio, table=portfolio.table.assign(customer_id=["x", "x", None]))
    for count, blocked in (("attempts", [0, 1, 0]), ("days", [0, 0, 0])):
        pack = caps({"channel": "rcs", "most": 1, "days": 3, "count": count})
        simulation = Simulation(HOME.world, portfolio, pack, 1)
        item = simulation.menu.index
        simulation.advance(np.array([item["rcs/midday"], item["rcs/evening"], item["rcs/evening"]]))
        assert simulation.accounts["blocked"].tolist() == blocked
        assert not simulation.masks()[:, item["rcs/evening"]].any() and simulation.masks()[:, item["sms/evening"]].all()


def test_a_pack_may_cap_a_channel_that_a_world_lacks() -> None:
    home = load_scenario("china-consumer")
    plain = Simulation(home.world, home.portfolio(20, 1), caps(), 1)
    capped = Simulation(home.world, home.portfolio(20, 1), caps({"channel": "whatsapp", "most": 0, "days": 7}), 1)
    assert (plain.masks() == capped.masks()).all()
    log = pd.DataFrame({"account_id": ["a"], "day": [1], "channel": ["sms"]})
    (finding,) = audit(typed_log(log), caps({"channel": "whatsapp", "most": 0, "days": 7}))
    assert (finding.tested, len(finding.breaches)) == (0, 0)


@pytest.mark.parametrize(
    ("said", "closed"),
    [
        ("whatsapp: 1 6", True),
        ("whatsapp: 1 7", False),  # a week ago is no more within seven days
        ("sms: 1 2 3; whatsapp: 2", False),
        ("0", False),
        (None, True),  # texts on three days, by which channel nobody knows
    ],
)
def test_a_simulation_in_mid_life_goes_on_counting(said: str | None, closed: bool) -> None:
    portfolio = HOME.portfolio(4, 1)
    texts = pd.Series([said] * 4, dtype=object)
    table = portfolio.table.assign(text_days=float(0b1110), channel_days=texts)
    start = HOME.world.start
    portfolio = replace(portfolio, table=table, as_of=start)
    pack = caps({"channel": "whatsapp", "most": 2, "days": 7})
    simulation = Simulation(HOME.world, portfolio, pack, 1, record_events=True)
    item = simulation.menu.index
    assert simulation.masks()[:, item["whatsapp/evening"]].all() != closed
    assert simulation.masks()[:, item["sms/evening"]].all()
    simulation.advance(np.full(4, item["whatsapp/evening"]))
    log = simulation.audit_table()
    (finding,) = audit(typed_log(log, WORDS), pack)
    assert finding.breaches.empty
    again = simulation.portfolio_now()
    assert again.as_of == date.fromordinal(start.toordinal() + 1)
    told = [channel_days_of(text) for text in again.table["channel_days"]]
    before = channel_days_of(said or "whatsapp: 1 2 3") or {}
    mine = before.get("whatsapp", 0) << 1 | (0 if closed else 0b10)
    assert told == [{"whatsapp": mine} if mine else {}] * 4


def test_the_days_of_channels_as_a_file_has_them() -> None:
    assert channel_days_of("sms: 1 4; whatsapp: 31") == {"sms": 0b10010, "whatsapp": 1 << 31}
    assert channel_days_of("0") == {} and channel_days_text({}) == "0" == channel_days_text({"sms": 0})
    for wrong in ("", "sms", "sms: 32", "sms: 1; sms: 2", "SMS: 1", "sms 1", "1 4", "sms: 1;"):
        assert channel_days_of(wrong) is None, wrong


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(CHANNELS), st.integers(1, 2**31 - 1).map(lambda bits: bits << 1)))
def test_the_days_of_channels_are_read_as_they_are_written(days: dict[str, int]) -> None:
    assert channel_days_of(channel_days_text(days)) == days


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("group: call, channel: sms", "a group or a channel, one of the two"),
        ("count: days", "a group or a channel, one of the two"),
        ("channel: sms, count: conversations", "count: days or attempts with a channel"),
        ("channel: call", r"rules\[0\]\.channel \(rule a\): got 'call', expected .*"),
        ("channel: whatsap", r"rules\[0\]\.channel \(rule a\): got 'whatsap', expected whatsapp \(did you mean it"),
    ],
)
def test_what_a_cap_cannot_say_is_one_line(tmp_path: Any, fields: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    rule = f"{{id: a, kind: contact_cap, text: t, source: s, confidence: A, most: 1, days: 7, {fields}}}"
    file.write_text(f"name: mine\ntitle: m\nchannels: [whatsapp]\nrules:\n  - {rule}\n")
    with pytest.raises(InputError, match=said) as told:
        load_rules(file)
    assert "\n" not in str(told.value)
