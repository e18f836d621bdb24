"""Rule packs as data, and what the two foreign ones add to the world: cease of contact and breathing space."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recoup.scenarios.schema import find_rules, load_scenario, rule_pack_names
from recoup.sim.account import NEVER, Event
from recoup.sim.compliance.gate import gate_table
from recoup.sim.compliance.rules import KINDS, RulePack
from recoup.sim.inputs import InputError
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
