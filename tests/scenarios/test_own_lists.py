"""Channels, offers, products, tiers and bands that a scenario has of its own: what it may say, and what it is told."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from recoup.agents.plans.plan import Plan
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.treatments import STANDARD, Group, Menu, Talk, Window
from tests import ROOT

HOW_TO = (ROOT / "docs" / "how-to" / "scenario.md").read_text(encoding="utf-8")
WRITTEN, PLAN = re.findall(r"```yaml\n(.*?)```", HOW_TO[HOW_TO.index("## Channels, products") :], re.S)[:2]
WORLD: dict[str, Any] = yaml.safe_load(WRITTEN)


def ours(folder: Path, **changes: Any) -> Scenario:
    """The scenario of the documentation; `changes` by place: `world__tiers__points=[1, 2]`."""
    data = copy.deepcopy(WORLD)
    for place, value in changes.items():
        *above, last = place.split("__")
        inside = data
        for name in above:
            inside = inside.setdefault(name, {})
        inside[last] = value
    file = folder / "ours.yaml"
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_scenario(str(file))


def test_the_worked_example_is_what_it_says(tmp_path: Path) -> None:
    scenario = ours(tmp_path)
    words = scenario.world.vocabulary
    whatsapp, bot = words.channel["whatsapp"], words.channel["voice_bot"]
    assert (whatsapp.group, whatsapp.talk, whatsapp.by_number, whatsapp.pool) == (Group.TEXT, Talk.NOBODY, True, "")
    assert (bot.group, bot.talk, bot.by_number, bot.pool) == (Group.CALL, Talk.MACHINE, True, "voice_lines")
    assert [int(whatsapp.channel), int(bot.channel)] == [9, 10]  # after the eight there always are
    assert words.products == ("payday_loan", "credit_card") and words.tiers == ("low", "medium", "high", "very_high")
    assert words.bands == ("0–7", "8–30", "31–60", "61–90", "91+")
    menu = scenario.menu
    assert [name for name in menu.names if name.startswith("whatsapp/evening")] == [
        "whatsapp/evening", "whatsapp/evening/plan_6", "whatsapp/evening/plan_9",
    ]  # fmt: skip
    assert "voice_bot/midday" in menu.names and "specialist/morning/settle_15" in menu.names
    assert not any(name.startswith("collector") and name.endswith("settle_15") for name in menu.names)


def test_numbers_are_those_of_the_channel_it_is_like_unless_given(tmp_path: Path) -> None:
    behaviour = ours(tmp_path).world.behaviour
    assert behaviour.reach.of("whatsapp") == 0.6 != behaviour.reach.wechat
    assert behaviour.salience_gain.of("whatsapp") == behaviour.salience_gain.wechat
    assert behaviour.complaint.of("voice_bot") == behaviour.complaint.autocall
    assert behaviour.reach.vector(("sms", "voice_bot")).tolist() == [0.0, behaviour.reach.sms, behaviour.reach.autocall]


def test_no_two_treatments_share_their_bits_and_what_is_always_there_keeps_its_own(tmp_path: Path) -> None:
    menu = Menu(ours(tmp_path).world.vocabulary.treatments, ours(tmp_path).world.vocabulary)
    bits = dict(zip(menu.names, menu.table["bits"].tolist(), strict=True))
    assert len(set(bits.values())) == len(bits) and max(bits.values()) < 2**63
    for treatment in STANDARD.treatments:
        assert bits[treatment.name] == STANDARD.features(treatment)


def test_a_plan_may_name_them_where_they_are_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    plan = Plan.load(tmp_path / "plan.yaml", ours(tmp_path).menu)
    assert len(plan.rules) == 4 and not plan.dropped
    with pytest.raises(
        InputError, match=r"rules\[0\]\.do\.offer: got .*settle_15.*, expected settle_10 .did you mean it"
    ):
        Plan.load(tmp_path / "plan.yaml", load_scenario("china-consumer").menu)
    (tmp_path / "plan.yaml").write_text(PLAN.replace("settle_15", "settle_20"), encoding="utf-8")
    with pytest.raises(InputError, match=r"rules\[1\]\.do\.channel: got 'whatsapp', expected one of none, sms, wechat"):
        Plan.load(tmp_path / "plan.yaml", load_scenario("china-consumer").menu)
    without = PLAN.replace("- {name: offer", "#").replace("- {name: message", "#").replace("- {name: bot", "#")
    (tmp_path / "plan.yaml").write_text(without.replace("settle_15", "settle_20"), encoding="utf-8")
    with pytest.raises(InputError, match=r"when\.tier: got 'very_high', expected high .*one of low, medium, high"):
        Plan.load(tmp_path / "plan.yaml", load_scenario("china-consumer").menu)


def test_they_travel_to_other_processes(tmp_path: Path) -> None:
    world = ours(tmp_path).world
    there = pickle.loads(pickle.dumps(world.menu))
    assert there == world.menu and there.names == world.menu.names
    channel = there.vocabulary.channel["voice_bot"].channel
    assert (channel, channel.name, copy.deepcopy(channel).name) == (10, "VOICE_BOT", "VOICE_BOT")
    assert there.vocabulary.channel["whatsapp"].windows == tuple(Window)


POOL = {"per_1000_accounts": 1, "shift_minutes": dict.fromkeys(("morning", "midday", "afternoon", "evening"), 60)}
POOL |= {"weekdays": [0], "seconds_unanswered": 30, "seconds_reached": 60}
MESSAGE = {"group": "text", "like": "sms"}


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("world__more_channels", {f"way_{n}": MESSAGE for n in range(8)}, "got '8 .way_0, .*', expected at most 7 more channels"),
        ("world__more_channels__sms", MESSAGE, "more_channels.sms: got 'sms', expected a name that means nothing else"),
        ("world__more_channels__evening", MESSAGE, "more_channels.evening: got 'evening', expected a name that means nothing"),
        ("world__more_channels__rcs", {"group": "text"}, "reach.rcs: got 'nothing', expected a value here .*or `like` another"),
        ("world__more_channels__rcs", MESSAGE | {"like": "smss"}, "like.*got 'smss', expected sms .did you mean it"),
        ("world__more_channels__rcs", MESSAGE | {"pool": "collector"}, "pool: got 'collector', expected no pool"),
        ("world__more_channels__rcs", MESSAGE | {"machine": True}, "machine: got True, expected false: a text is no call"),
        ("world__more_channels__rcs", MESSAGE | {"carries": ["plan_7"]}, "carries.*got 'plan_7', expected plan_"),
        ("world__more_channels__bot", MESSAGE | {"group": "call"}, "pool: got 'nothing', expected the pool that serves it"),
        ("world__more_channels__bot", MESSAGE | {"group": "call", "pool": "lines"}, "got 'lines', expected .*voice_lines"),
        ("world__operations__more_pools", {f"p{n}": POOL for n in range(5)} | {"voice_lines": POOL}, "at most 4 more pools"),
        ("world__behaviour__reach__watsapp", 0.3, r"reach.watsapp: got 'watsapp', expected whatsapp .did you mean it"),
        ("world__behaviour__reach__whatsapp", 1.3, "reach.whatsapp: got 1.3, expected a share or probability"),
        ("world__behaviour__reach__whatsapp", True, "reach.whatsapp: got True, expected a number, not true or false"),
        ("world__channels", ["sms", "fax"], r"channels\[1\]: got 'fax', expected .*one of sms, .*voice_bot"),
        ("world__offers", ["plan_7"], r"offers\[0\]: got 'plan_7', expected plan_"),
        ("world__more_offers__gift_5", {"carried_by": ["sms"]}, "got 'gift_5', expected plan_2 to plan_120 or settle_1"),
        ("world__more_offers__plan_6", {"carried_by": ["sms"]}, "got 'plan_6', expected plan_2 .*none there always is"),
        ("world__more_offers__plan_8", {"carried_by": ["fax"]}, r"carried_by\[0\]: got 'fax'"),
        (
            "world__more_offers",
            {f"plan_{n}": {"carried_by": ["sms"]} for n in (4, 5, 7, 8, 9)} | {"settle_15": {"carried_by": ["sms"]}},
            "got 'plan_4, plan_5, plan_7, plan_8, plan_9', expected at most 4 more plans",
        ),
        ("world__population__products__mortgage", 1, "products.mortgage: got 'mortgage', expected .*payday_loan, credit_card"),
        ("world__tiers__points", [1, 2], r"points: got \[1, 2\], expected 3 numbers, one for each of medium, high, very_high"),
        ("world__tiers__points", [1, 4, 2], r"points: got \[1, 4, 2\], expected rising numbers"),
        ("world__tiers__names", ["low", "low", "high", "top"], "names: got 'low, low, high, top', expected every tier once"),
        ("world__tiers__labels__top", "the top", "labels.top: got 'top', expected .*very_high"),
        ("world__dpd_bands", [1, 30], r"dpd_bands: got \[1, 30\], expected rising days, 0 first"),
        ("world__dpd_bands", [0, 30, 30], "expected rising days, 0 first"),
        ("world__costs__minute__voice_lines", 1, "minute.voice_lines: got 'voice_lines', expected .*collector, specialist"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(place: str, value: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as told:
        ours(tmp_path, **{place: value})
    assert str(told.value).startswith(str(tmp_path / "ours.yaml: line")) and "\n" not in str(told.value)


def test_a_portfolio_of_products_that_it_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("id,owed,late,kind\na,500,30,payday_loan\nb,700,20,car_loan\n")
    fields = "fields:\n  account_id: id\n  opening_balance: owed\n  dpd: late\n  product: kind\n"
    (tmp_path / "map.yaml").write_text(fields)
    book = ours(tmp_path).with_portfolio(tmp_path / "book.csv", tmp_path / "map.yaml")
    with pytest.raises(
        InputError, match=r"line 3, column kind: got 'car_loan', expected one of payday_loan, credit_card"
    ):
        book.portfolio(None, 1)
    translated = fields.replace(
        "product: kind", "product: {column: kind, values: {car_loan: payday_loan, payday_loan: payday_loan}}"
    )
    (tmp_path / "map.yaml").write_text(translated)
    assert list(book.portfolio(None, 1).column("product")) == ["payday_loan", "payday_loan"]
    home = load_scenario("china-consumer")
    with pytest.raises(
        InputError, match=r"product: got 'payday_loan', expected .*consumer_loan, credit_card.*2 accounts"
    ):
        type(home.simulation(1, 5))(home.world, book.portfolio(None, 1), home.rules, 1)
