"""Rule packs as data, and what the two foreign ones add to the world: cease of contact and breathing space."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recoup.scenarios.schema import find_rules, load_scenario, rule_pack_names
from recoup.sim import debtor
from recoup.sim.account import NEVER, Event
from recoup.sim.compliance.gate import gate_table
from recoup.sim.compliance.rules import KINDS, RulePack
from recoup.sim.inputs import InputError
from recoup.sim.observation import DAY_CONTEXT
from recoup.sim.parameters import World
from recoup.sim.simulation import Simulation
from tests import ROOT
from tests.command import recoup
from tests.sim.test_reference import Whim, step

PACKS = rule_pack_names()


def with_behaviour(world: World, **changes: float) -> World:
    return world.model_copy(update={"behaviour": world.behaviour.model_copy(update=changes)})


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_has_a_sentence_in_both_languages_and_a_source(name: str) -> None:
    pack = find_rules(name)
    assert pack.name == name and pack.rules
    for rule in pack.rules:
        assert rule.sentence("zh") != rule.sentence("en") and rule.source and KINDS[rule.kind] is type(rule)
    kinds = {rule.kind for rule in pack.rules}
    assert {"third_parties", "record_keeping", "review_step", "contact_hours", "limitation"} <= kinds
    assert RulePack.model_validate_json(pack.model_dump_json(by_alias=True)) == pack


def test_the_packs_cover_all_kinds() -> None:
    assert {rule.kind for name in PACKS for rule in find_rules(name).rules} == set(KINDS)


def test_rules_show_prints_what_the_pack_says_and_checks_a_users_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert [pack["name"] for pack in json.loads(recoup("rules", "--json").stdout)] == PACKS
    shown = json.loads(recoup("rules", "show", "us-reg-f", "--json").stdout)
    cap = next(rule for rule in shown["rules"] if rule["id"] == "call-cap-week")
    assert (cap["most"], cap["days"], cap["count"], cap["confidence"]) == (7, 7, "attempts", "A")
    table = recoup("rules", "show", "uk-conc", "--lang", "zh")
    assert "喘息期内" in table.stdout and "SI 2020/1311" in table.stdout
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "name: mine\ntitle: Mine\nrules:\n- id: late\n  kind: contact_hours\n  text: t\n  source: s\n  confidence: C\n"
        "  groups: [call]\n  from_hour: 8\n  to_hour: 25\n"
    )
    wrong = recoup("rules", "show", mine)
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1
    assert "mine.yaml: line 11, rules[0].to_hour (rule late): got 25" in wrong.stderr
    mine.write_text(mine.read_text().replace("from_hour: 8", "from_hour: 21").replace("25", "8"))
    night = recoup("rules", "show", mine)  # would allow no hour at all
    assert night.returncode == 2 and night.stderr.count("\n") == 1
    assert "mine.yaml: line 11, rules[0].to_hour (rule late): got 8, expected" in night.stderr
    mine.write_text(mine.read_text().replace("from_hour: 21", "from_hour: 7"))
    assert recoup("rules", "show", mine).returncode == 0


def test_a_wrong_rule_names_its_id_and_the_nearest_kind(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ntitle: m\nrules:\n  - {id: a, kind: contact_caps}\n")
    with pytest.raises(InputError, match=r"line 4, rules\[0\].kind \(rule a\): .*contact_cap \(did you mean it"):
        find_rules(str(path))
    path.write_text("name: mine\ntitle: m\nrules:\n  - {id: a}\n")
    with pytest.raises(InputError, match=r"line 4, rules\[0\] \(rule a\): got 'no kind'"):
        find_rules(str(path))
    path.write_text("name: mine\ntitle: m\nrules:\n  - {id: a, kind: {contact_cap: [1]}}\n")
    with pytest.raises(InputError, match=r"line 4, rules\[0\].kind \(rule a\): got"):
        find_rules(str(path))


def test_a_pack_has_the_rules_of_the_one_it_extends_and_its_own_in_their_place(tmp_path) -> None:  # type: ignore[no-untyped-def]
    city, country = find_rules("us-nyc"), find_rules("us-reg-f")
    assert [rule.id for rule in city.rules[: len(country.rules)]] == [rule.id for rule in country.rules]
    own = [rule for rule in city.rules if rule not in country.rules]
    assert [rule.id for rule in own] == ["contact-cap-week"]
    mine = tmp_path / "mine.yaml"
    rule = "{id: call-cap-week, kind: contact_cap, text: t, group: call, most: 1, days: 7, source: s, confidence: A}"
    mine.write_text(f"name: mine\ntitle: m\nextends: us-nyc\nrules:\n  - {rule}\n")
    read = find_rules(str(mine))
    assert [r.id for r in read.rules] == [r.id for r in city.rules]
    assert next(r for r in read.rules if r.id == "call-cap-week").parameters["most"] == 1
    other = tmp_path / "other.yaml"
    other.write_text(mine.read_text().replace("us-nyc", "mine.yaml"))
    assert [r.id for r in find_rules(str(other)).rules] == [r.id for r in city.rules]
    mine.write_text(mine.read_text().replace("us-nyc", "other.yaml"))
    with pytest.raises(
        InputError, match=r"mine.yaml: line 3, extends: got 'other.yaml', expected a pack that does not"
    ):
        find_rules(str(mine))
    mine.write_text(mine.read_text().replace("other.yaml", "us-nyv"))
    with pytest.raises(InputError, match=r"us-nyc \(did you mean it"):
        find_rules(str(mine))


@pytest.mark.parametrize(
    "wrong", ["group: text, days: 1, most: 6", "group: call, days: 7, most: 6", "group: call, days: 1, most: 0"]
)
def test_unanswered_dials_are_counted_on_one_day_and_by_call(tmp_path, wrong: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    rule = f"{{id: a, kind: contact_cap, text: t, source: s, confidence: A, count: unanswered, {wrong}}}"
    path.write_text(f"name: mine\ntitle: m\nrules:\n  - {rule}\n")
    with pytest.raises(InputError, match=r"rule a\).*group: call, days: 1 and most: 1 or more"):
        find_rules(str(path))


def test_taiwans_sentences_are_in_traditional_script() -> None:
    simplified = set(
        "务动个发访节场权诉骤议实书办现减让须录两违约种签续还协组满经电没远项应诺内门产设对联传达询处长为给说读车万义习买争产从众们会传伤价偿关兴军农准凉减几划则创别制办励势区医华单卖历压参双变员国图块报"
    )
    simplified -= set("准制別區價")  # the same in both
    for rule in find_rules("taiwan").rules:
        assert not simplified & set(rule.text_zh), rule.id


def test_a_kept_plan_rests_collection_and_a_missed_instalment_lets_it_go_on() -> None:
    scenario = load_scenario("china-consumer")
    simulation = Simulation(scenario.world, scenario.portfolio(20, 1), scenario.rules, 1)
    contacts = np.array([bool(t.channel) and not t.offer.kind and not t.legal for t in simulation.menu.treatments])
    free = simulation.masks()[:, contacts]
    simulation.accounts["plan_months"] = 6
    assert free.any() and not simulation.masks()[:, contacts].any() and simulation.masks()[:, 0].all()
    simulation.accounts["plan_missed"] = 1
    assert (simulation.masks()[:, contacts] == free).all()


@pytest.mark.parametrize(
    ("demanded", "acknowledged", "silence", "barred"),
    [
        (NEVER, NEVER, 0, (False, True)),  # from the due date on
        (-5, NEVER, 0, (False, False)),
        (-1095, NEVER, 500, (False, False)),  # three years ago to the day
        (-1096, NEVER, 500, (True, True)),
        (-5, NEVER, 1095, (False, False)),
        (-5, NEVER, 1096, (True, True)),  # the demand came too late
        (-1200, -1095, 0, (False, False)),
        (-1200, -1096, 0, (True, True)),
    ],
)
def test_limitation_runs_from_the_latest_demand_in_time_or_acknowledgement(
    demanded: int, acknowledged: int, silence: int, barred: tuple[bool, bool]
) -> None:
    scenario = load_scenario("china-consumer")
    simulation = Simulation(scenario.world, scenario.portfolio(2, 1), scenario.rules, 1)
    a = simulation.accounts
    a["dpd0"] = (1095, 1096)
    if demanded != NEVER or acknowledged != NEVER:
        a["dpd0"] = 2000
    a["balance"] = 10_000_00
    a["demanded"], a["acknowledged"], a["silence"] = demanded, acknowledged, silence
    notice = simulation.menu.index["letter/morning/notice"]
    assert tuple(~simulation.masks()[:, notice]) == barred


def test_late_demands_start_nothing_and_acknowledgements_do() -> None:
    """What the account's record says of demands and acknowledgements, event by event."""
    scenario = load_scenario("china-consumer")
    accounts = Simulation(scenario.world, scenario.portfolio(1, 1), scenario.rules, 1).accounts
    accounts["dpd0"] = 100
    today = np.zeros(1, DAY_CONTEXT)
    for day, note, demanded, acknowledged, silence in (
        (20, "note_demand", 20, NEVER, 120),
        (50, "note_demand", 50, NEVER, 120),
        (200, "note_demand", 200, NEVER, 150),
        (210, "note_acknowledgement", 200, 210, 0),
        (250, "note_demand", 250, 210, 40),
    ):
        today["day"] = day
        getattr(debtor, note).py_func(accounts.view(np.recarray)[0], today.view(np.recarray)[0])
        a = accounts[0]
        assert (a["demanded"], a["acknowledged"], a["silence"]) == (demanded, acknowledged, silence), day


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        # whether it forbids the morning on a Tuesday, a Saturday, a Tuesday that is a holiday
        ({"kind": "contact_hours", "when": "every_day"}, (True, True, True)),
        ({"kind": "contact_hours", "when": "weekdays"}, (True, False, False)),
        ({"kind": "contact_hours", "when": "weekends"}, (False, True, False)),
        ({"kind": "contact_hours", "when": "days_off"}, (False, True, True)),
        ({"kind": "standing", "while": "holiday"}, (False, False, True)),
        ({"kind": "standing", "while": "day_off"}, (False, True, True)),
    ],
)
def test_the_gate_knows_weekdays_weekends_and_holidays(rule: dict[str, str], holds: tuple[bool, ...]) -> None:
    more = {"groups": ["call"], "from_hour": 12, "to_hour": 24} if "when" in rule else {"forbids": ["call"]}
    read = KINDS[rule["kind"]].model_validate(
        {"id": "rule", "text": "t", "source": "s", "confidence": "C", **rule, **more}
    )
    scenario = load_scenario("china-consumer")
    rules = RulePack(name="one", title="One rule", rules=[read])
    simulation = Simulation(scenario.world, scenario.portfolio(2, 1), rules, 1)
    call = simulation.menu.index["collector/morning"]
    found = []
    for weekday, day_off in ((1, 0), (5, 1), (1, 1)):
        simulation._today["weekday"], simulation._today["day_off"] = weekday, day_off
        found.append(not simulation.masks()[:, call].any())
    assert tuple(found) == holds


def test_caps_over_all_channels_count_each_days_contact() -> None:
    scenario = load_scenario("us-cards")
    simulation = Simulation(scenario.world, scenario.portfolio(1, 1), find_rules("us-nyc"), 1)
    contacts = [bool(t.channel) and not t.legal for t in simulation.menu.treatments]
    a = simulation.accounts
    for histories, allowed in (
        ({"call_history": 0b10, "text_history": 0b100}, True),
        ({"call_history": 0b10, "text_history": 0b100, "visit_history": 0b1000}, False),
        ({"call_history": 0b10, "text_history": 0b100, "letter_history": 0b1000000}, False),
        ({"call_history": 0b10, "text_history": 0b100, "letter_history": 0b10000000}, True),  # eight days in all
    ):
        for name in ("call_history", "text_history", "visit_history", "letter_history"):
            a[name] = histories.get(name, 0)
        assert simulation.masks()[:, contacts].any() == allowed, histories


def test_quiet_after_a_conversation_counts_its_own_day_as_the_first() -> None:
    """Reg F: a conversation on day 10 forbids calls through day 16; the first lawful day is 17."""
    scenario = load_scenario("us-cards")
    simulation = Simulation(scenario.world, scenario.portfolio(5, 1), scenario.rules, 1)
    call = simulation.menu.index["collector/afternoon"]
    lawful = []
    for days_ago in range(1, 9):
        simulation.accounts["conversation_history"] = 1 << days_ago
        lawful.append(bool(simulation.masks()[0, call]))
    assert lawful == [False] * 6 + [True] * 2


def test_cease_and_breathing_space_stop_all_contact() -> None:
    scenario = load_scenario("uk-loans")
    simulation = Simulation(scenario.world, scenario.portfolio(20, 1), scenario.rules, 1)
    contacts = np.array([bool(t.channel) for t in simulation.menu.treatments])
    legal = np.array([bool(t.legal) for t in simulation.menu.treatments])
    simulation.accounts["breathing_until"] = 1
    masks = simulation.masks()
    assert not masks[:, contacts | legal].any() and masks[:, 0].all()
    simulation.accounts["breathing_until"] = NEVER
    assert simulation.masks()[:, contacts].any()
    american = load_scenario("us-cards")
    simulation = Simulation(american.world, american.portfolio(20, 1), american.rules, 1)
    simulation.accounts["ceased"] = 1
    assert not simulation.masks()[:, [bool(t.channel) for t in simulation.menu.treatments]].any()


def test_breathing_space_lasts_sixty_days_rests_interest_and_comes_once_a_year() -> None:
    scenario = load_scenario("uk-loans")
    world = with_behaviour(scenario.world, breathing_space_monthly=1.0, hardship_disclosed=0.0, pay_base=-20.0)
    simulation = Simulation(world, scenario.portfolio(60, 2), scenario.rules, 2, record_events=True)
    interest = []
    for _ in range(170):
        interest.append(simulation.accounts["interest"].copy())
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    log = simulation.events_table()
    begun = log[log["breathing_space"]]
    assert len(begun) > 20 and begun["account_id"].is_unique
    number = {name: n for n, name in enumerate(simulation.portfolio.column("account_id"))}
    first = begun[begun["day"] < 100].iloc[0]
    mine = [int(day[number[first["account_id"]]]) for day in interest]
    start = int(first["day"])
    assert mine[start + 1] == mine[start + 60] == mine[start] and mine[start + 61] > mine[start]


def test_home_worlds_never_meet_the_new_events() -> None:
    for name in ("china-consumer", "taiwan-cards"):
        scenario = load_scenario(name)
        simulation = Simulation(scenario.world, scenario.portfolio(100, 1), scenario.rules, 1)
        for _ in range(60):
            step(simulation, Whim(1))
        daily = simulation.daily_table()
        assert daily["ceases_of_contact"].sum() == 0 and daily["breathing_spaces"].sum() == 0
    american = load_scenario("us-cards")
    world = with_behaviour(american.world, cease_contact=0.05)
    simulation = Simulation(world, american.portfolio(100, 1), american.rules, 1)
    for _ in range(60):
        step(simulation, Whim(1))
    assert simulation.daily_table()["ceases_of_contact"].sum() > 0
    assert Event.CEASE_CONTACT.name == "CEASE_CONTACT"


def test_declared_rules_forbid_no_treatment() -> None:
    scenario = load_scenario("china-consumer")
    numbers = set(gate_table(scenario.rules, scenario.world)["rule"].tolist())
    declared = {"third_parties", "record_keeping", "review_step", "interest_cap", "contact_hours"}
    for number, rule in enumerate(scenario.rules.rules):
        elsewhere = rule.kind in declared or rule.id in ("plan-length", "dial-cap-day")
        assert (number in numbers) == (not elsewhere), rule.id


def test_the_page_lists_every_kind() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for kind, model in KINDS.items():
        assert f"| `{kind}` | {' '.join((model.__doc__ or '').split())} |" in page
