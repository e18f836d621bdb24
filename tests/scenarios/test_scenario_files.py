"""Scenario files: what extends what, whose value wins, and where each number says it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.scenarios.schema import ROOT, find_rules, load_scenario, scenario_path
from recoup.sim.inputs import Document, InputError, choose, parse_yaml


@pytest.fixture
def scenario(tmp_path):
    def write(text, name="mine"):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_scenario(str(tmp_path / f"{name}.yaml"))

    return write


def test_a_scenarios_own_values_win_and_the_rest_is_inherited(scenario):
    mine = scenario(
        "extends: china-consumer\nname: mine\ntitle: Mine\ndays: 30\n"
        "world:\n  annual_rate: 0.1\n  costs: {notice: 77, contact: {sms: 0.5}}\n  channels: [sms]\n"
    )
    home = load_scenario("china-consumer")
    assert (mine.name, mine.title, mine.days, mine.accounts) == ("mine", "Mine", 30, 5000)
    assert mine.world.annual_rate == 0.1 and home.world.annual_rate == 0.18
    assert mine.world.costs.notice == 77 and mine.world.costs.suit_handling == 500
    assert mine.world.costs.contact.sms == 0.5 and mine.world.costs.contact.letter == 6
    assert mine.world.channels == ["sms"]  # a list is replaced, not merged
    assert mine.menu.names == [
        "nothing",
        *(f"sms/{w}" for w in ("morning", "midday", "afternoon", "evening")),
        "suit",
        "enforce",
    ]
    assert mine.rules == home.rules and mine.world.behaviour == home.world.behaviour


def test_null_takes_a_value_away(scenario):
    mine = scenario(
        "extends: china-consumer\nname: mine\naccounts: null\n"
        "world: {population: {products: {credit_card: null}}, holidays: null}\n"
    )
    assert mine.accounts is None and mine.world.population.products == {
        "consumer_loan": 0.6,
        "instalment_purchase": 0.1,
    }
    assert mine.world.holidays == []
    with pytest.raises(InputError, match=r"world\.annual_rate: got 'nothing', expected a value here \(required\)"):
        scenario("extends: china-consumer\nname: mine\nworld: {annual_rate: null}\n")


def test_a_chain_of_three_and_paths_beside_each_file(scenario, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "name: own\ntitle: Own\nrules:\n  - {id: late, kind: limitation, days: 400, text: t, source: s, confidence: C}\n"
    )
    scenario(
        "extends: china-consumer\nname: middle\nrules: own.yaml\nworld: {annual_rate: 0.1, discount_rate: 0.2}\n",
        "middle",
    )
    top = scenario("extends: middle.yaml\nname: top\nworld: {annual_rate: 0.05}\n", "top")
    assert (top.world.annual_rate, top.world.discount_rate, top.world.write_off_dpd) == (0.05, 0.2, 1460)
    assert [rule.id for rule in top.rules.rules] == ["late"] and top.rules.rules[0].days == 400


def test_a_number_with_its_source_is_a_number(scenario):
    mine = scenario(
        "extends: china-consumer\nname: mine\nworld:\n"
        "  annual_rate: {value: 0.12, source: our contracts, confidence: A}\n"
        "  discount_rate: 0.05\n"
        "  courts: {hearing_days: {value: [10, 20], source: the court}}\n"
    )
    assert mine.world.annual_rate == 0.12 and mine.world.courts.hearing_days == (10, 20)
    assert mine.sources["world.annual_rate"] == ("our contracts", "A")
    assert mine.sources["world.courts.hearing_days"] == ("the court", "")
    # A plain number over a sourced one has no source; what is inherited keeps its own.
    assert "world.discount_rate" not in mine.sources
    assert mine.sources["world.behaviour.pay_excitation"][1] == "B"
    assert mine.world.behaviour.pay_excitation == load_scenario("china-consumer").world.behaviour.pay_excitation


def test_a_users_own_accounts_lie_beside_the_scenario(scenario, tmp_path):
    (tmp_path / "book.csv").write_text("id,amount,days\na,19.99,3\nb,5,10\nc,7,20\n")
    (tmp_path / "map.yaml").write_text("fields: {account_id: id, opening_balance: amount, dpd: days}\n")
    text = "extends: china-consumer\nname: mine\naccounts: null\nportfolio: {file: book.csv, map: map.yaml}\n"
    mine = scenario(text)
    assert not mine.synthetic and load_scenario("china-consumer").synthetic
    everybody = mine.portfolio(None, 1).table
    assert everybody["account_id"].tolist() == ["a", "b", "c"] and everybody["opening_balance"].tolist() == [
        19.99,
        5,
        7,
    ]
    assert len(mine.portfolio(2, 1)) == 2 and len(mine.portfolio(7, 1)) == 7
    # What the file does not say is the same under every seed: the accounts are, only who is drawn differs.
    assert mine.portfolio(None, 1).table.equals(mine.portfolio(None, 2).table)
    assert mine.portfolio(None, 1).name == "book"
    other = load_scenario("china-consumer").with_portfolio(tmp_path / "book.csv", tmp_path / "map.yaml")
    assert (
        len(other.portfolio(None, 1)) == 3
        and not other.synthetic
        and len(load_scenario("china-consumer").portfolio(9, 1)) == 9
    )


def test_the_default_size_and_a_world_of_ones_own(scenario):
    mine = scenario("extends: china-consumer\nname: mine\naccounts: 12\n")
    assert len(mine.portfolio(None, 1)) == 12 and len(mine.portfolio(5, 1)) == 5
    assert mine.portfolio(5, 1).table["account_id"].iloc[0] == "mine-0000001"
    world = mine.world.model_copy(update={"channels": ["sms"], "legal": []})
    assert "visit/morning" in mine.menu.names  # read before the world is changed
    other = mine.with_world(world)
    assert len(other.menu.names) == 5 and "visit/morning" in mine.menu.names
    assert other.simulation(1).world.channels == ["sms"] and len(other.simulation(1).accounts) == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extends: china-consumr\nname: mine\n", r"line 1, extends: got 'china-consumr', expected china-consumer \(did you mean"),
        ("extends: [a]\nname: mine\n", r"line 1, extends: got \['a'\], expected the name of a scenario"),
        ("extends: china-consumer\nname: mine\nrules: chian\n", r"rule pack: got 'chian', expected china \(did you mean"),
        ("extends: china-consumer\nname: mine\nworld: {anual_rate: 1}\n", r"line 3, world\.anual_rate: got 'anual_rate', expected annual_rate"),
        ("extends: china-consumer\nname: mine\nworld: {annual_rate: 1.01}\n", r"line 3, world\.annual_rate: got 1\.01, expected less than or equal to 1"),
        ("extends: china-consumer\nname: Mine\n", r"line 2, name: got 'Mine'"),
        ("extends: china-consumer\nname: mine\ndays: 0\n", r"line 3, days: got 0, expected greater than or equal to 1"),
        ("extends: china-consumer\nname: mine\nworld:\n  courts:\n    filing_days: [7, 3]\n", r"line 4, world\.courts: got .*filing_days as"),
        ("extends: china-consumer\nname: mine\nworld:\n  windows: {morning: [9, 13]}\n", r"windows in the order of the day"),
        ("extends: china-consumer\nname: mine\nworld: {courts: {fee_steps: [{up_to: 5}, {up_to: 5}]}}\n", "rising up_to"),
        ("extends: china-consumer\nname: mine\nworld: {population: {dpd: [{least: 9, most: 8, weight: 1}]}}\n", "most at or above least"),
        ("extends: china-consumer\nname: mine\nworld: {conduct: {corrections: [{id: a, watch: blocked, above: 1, days: 2}]}}\n", "`suspend`, `retrain`, or both"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_scenario_is_named_with_its_line(scenario, text, expected):
    with pytest.raises(InputError, match=expected):
        scenario(text)


def test_names_and_paths():
    assert scenario_path("uk-loans").name == "uk-loans.yaml"
    assert str(scenario_path("folder/x.yml")) == "folder/x.yml"
    with pytest.raises(InputError, match=r"uk-loans \(did you mean it\?\).*or the path of a \.yaml file"):
        scenario_path("uk-loan")
    assert find_rules("us-reg-f").name == "us-reg-f"


# ---- how a place in a file is named ----


def test_the_line_is_the_values_or_its_nearest_parents():
    document = parse_yaml("a: 1\nrules:\n  - x: 1\n  - y:\n      z: [5, 6]\n", "f.yaml")
    assert document.place(("a",)) == "line 1, a"
    assert document.place(("rules", 0, "x")) == "line 3, rules[0].x"
    assert document.place(("rules", 1, "y", "z", 1)) == "line 5, rules[1].y.z[1]"
    assert document.place(("rules", 1, "unknown", "deeper")) == "line 4, rules[1].unknown.deeper"
    assert document.place(()) == "line 1"
    assert Document("f", {}, {}).place(("b",)) == "line 1, b"


def test_a_long_value_is_cut_and_everything_stands_on_one_line():
    error = InputError("f.yaml", "line 1", "x" * 200, "less\n of it")
    assert str(error) == "f.yaml: line 1: got '" + "x" * 76 + "..., expected less of it"
    assert str(InputError("f", "", 3, "4")) == "f: got 3, expected 4"
    assert str(InputError("f", "", "y" * 78, "4")) == "f: got '" + "y" * 78 + "', expected 4"


def test_the_nearest_name_leads():
    assert choose(["evening", "morning"], "mornin") == "morning (did you mean it?); one of evening, morning"
    assert choose(["evening", "morning"], "x") == "one of evening, morning"


def test_a_misspelt_name_is_pointed_at_and_not_the_right_one_that_is_missing(tmp_path):
    file = tmp_path / "pack.yaml"
    file.write_text("name: mine\ntitel: Mine\nrules: []\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        find_rules(str(file))
    assert "titel" in str(error.value) and "title" in str(error.value) and "required" not in str(error.value)


def test_what_a_scenario_in_another_folder_names_is_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: taiwan-cards\nname: mine\n", encoding="utf-8")
    assert len(load_scenario(str(tmp_path / "mine.yaml")).portfolio(None, 1)) == 5129

    (tmp_path / "below").mkdir()
    pack = (ROOT / "rules" / "china.yaml").read_text(encoding="utf-8").replace("name: china", "name: ours", 1)
    (tmp_path / "below" / "ours.yaml").write_text(pack, encoding="utf-8")
    (tmp_path / "below" / "base.yaml").write_text(
        "extends: china-consumer\nname: base\nrules: ours.yaml\n", encoding="utf-8"
    )
    (tmp_path / "top.yaml").write_text("extends: below/base.yaml\nname: top\n", encoding="utf-8")
    assert load_scenario(str(tmp_path / "top.yaml")).rules.name == "ours"
