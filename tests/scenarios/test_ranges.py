"""Numbers of hand-written files: true is none, and what is a probability has the range of one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recoup.scenarios.schema import find_rules, load_scenario, scenario_names
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.columnmap import read_map
from tests import ROOT


def test_true_is_no_number_in_any_rule_of_any_pack(tmp_path: Path) -> None:
    kinds = set()
    for pack in sorted((ROOT / "scenarios" / "rules").glob("*.yaml")):
        for rule in yaml.safe_load(pack.read_text(encoding="utf-8"))["rules"]:
            numbers = [
                key for key, value in rule.items() if isinstance(value, int | float) and not isinstance(value, bool)
            ]
            if (rule["kind"], *numbers) in kinds:
                continue
            kinds.add((rule["kind"], *numbers))
            for key in numbers:
                for wrong in (True, False):
                    text = yaml.safe_dump(
                        {"name": "mine", "title": "M", "rules": [{**rule, key: wrong}]}, allow_unicode=True
                    )
                    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
                    with pytest.raises(InputError) as refused:
                        find_rules(str(tmp_path / "mine.yaml"))
                    said = f"rules[0].{key} (rule {rule['id']}): got {wrong}, expected a number, not true or false"
                    assert said in str(refused.value)
    assert len({kind for kind, *_ in kinds}) > 8


@pytest.mark.parametrize("line", ["scale: true", "offset: false", "count_at_least: {columns: [a], threshold: true}"])
def test_true_is_no_number_in_a_column_map(tmp_path: Path, line: str) -> None:
    source = line if "count" in line else f"column: a, {line}"
    (tmp_path / "map.yaml").write_text(
        f"fields: {{account_id: a, opening_balance: a, dpd: a, prior_delinquencies: {{{source}}}}}\n"
    )
    with pytest.raises(InputError, match="a number, not true or false"):
        read_map(tmp_path / "map.yaml")


def test_true_stays_what_it_is_where_it_may_stand(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(
        "fields: {account_id: a, opening_balance: a, dpd: a, stable_assets: {constant: true}}\n"
    )
    assert read_map(tmp_path / "map.yaml")[0].fields["stable_assets"].constant is True
    for name in scenario_names():
        load_scenario(name)


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (
            "behaviour: {reach: {sms: 1.5}}",
            "world.behaviour.reach.sms: got 1.5, expected a share or probability, from 0 to 1",
        ),
        ("behaviour: {reach: {sms: -0.1}}", "world.behaviour.reach.sms: got -0.1"),
        ("behaviour: {salience_gain: {visit: 1.01}}", "world.behaviour.salience_gain.visit: got 1.01"),
        ("behaviour: {answer_call: {email: -0.01}}", "world.behaviour.answer_call.email: got -0.01"),
        ("behaviour: {complaint: {visit: 2}}", "world.behaviour.complaint.visit: got 2.0"),
        (
            "behaviour: {fatigue_gain: {sms: -0.1}}",
            "world.behaviour.fatigue_gain.sms: got -0.1, expected a number of at least 0",
        ),
        (
            "behaviour: {answer_pay: {sms: -0.1}}",
            "world.behaviour.answer_pay.sms: got -0.1, expected a number of at least 0",
        ),
        ("costs: {contact: {sms: -1}}", "world.costs.contact.sms: got -1.0, expected a number of at least 0"),
    ],
)
def test_what_a_channel_can_do_has_its_range(tmp_path: Path, world: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: china-consumer\nname: mine\nworld:\n  {world}\n")
    with pytest.raises(InputError) as refused:
        load_scenario(str(file))
    assert f"line 4, {said}" in str(refused.value)


def test_effects_of_a_channel_may_be_of_either_sign_and_shares_reach_their_ends(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "extends: china-consumer\nname: mine\nworld:\n  behaviour: {keep_channel: {sms: -2}, reach: {sms: 1, visit: 0}, answer_pay: {sms: 3}}\n"
    )
    behaviour = load_scenario(str(file)).world.behaviour
    assert (behaviour.keep_channel.sms, behaviour.reach.sms, behaviour.reach.visit, behaviour.answer_pay.sms) == (
        -2,
        1,
        0,
        3,
    )
