"""The picture of doses: who is treated on which days, and where the bars of the targets stand."""

from __future__ import annotations

import re

import pytest

from benchmarks import dose_response as dose
from recoup.experiments.checks.calibration import Target, targets
from recoup.experiments.checks.laboratory import Laboratory
from recoup.experiments.checks.targets import ONE, TWICE_A_WEEK, WEEKLY
from recoup.scenarios.schema import load_scenario


def band(name: str, low: float, high: float) -> Target:
    return Target(id=name, text="what", low=low, high=high, source="who", confidence="A")


def test_days_of_a_week_are_as_far_apart_as_they_can_be():
    assert dose.spread(1, 60) == WEEKLY and dose.spread(2, 60) == TWICE_A_WEEK
    assert dose.spread(3, 7) == [0, 2, 4] and dose.spread(5, 7) == [0, 1, 2, 4, 5]
    assert dose.spread(7, 10) == list(range(10)) and dose.spread(4, 9) == [0, 1, 3, 5, 7, 8]
    assert all(len(dose.spread(n, 70)) == 10 * n for n in range(8))


def test_weekly_caps_of_texts_and_calls_are_lifted_and_nothing_else():
    scenario = load_scenario("china-consumer")
    free = dose.without_caps(scenario)
    assert dose.weekly_caps(scenario) == {"call": 5, "text": 5} and dose.weekly_caps(free) == {}
    ids = [rule.id for rule in free.rules.rules]
    assert [rule.id for rule in scenario.rules.rules if rule.id not in ids] == ["call-cap-week", "text-cap-week"]
    staff = free.world.operations.collector
    assert staff.weekdays == [0, 1, 2, 3, 4, 5, 6] and staff.works_holidays
    assert free.world.operations.specialist == scenario.world.operations.specialist
    assert scenario.world.operations.collector.weekdays == [0, 1, 2, 3, 4, 5]


def test_bars_of_ratios_stand_on_the_effect_that_they_multiply():
    by = {
        "text-one": band("text-one", 0.005, 0.03),
        "text-weekly": band("text-weekly", 1.2, 2.0),
        "text-twice": band("text-twice", 0.5, 1.5),
        "text-daily": band("text-daily", 0.25, 3.0),
        "call-frequency": band("call-frequency", 1.0, 1.5),
        "notice-first": band("notice-first", 0.1, 0.2),
        "notice-empty": band("notice-empty", 0.5, 1.0),
        "notice-third": band("notice-third", 0.0, 0.25),
    }
    day_60 = {dose.ONCE: [1.0, 3.0], 1.0: [4.0, 4.0]}  # one text brings two points, weekly ones four
    bars = dose.text_bars(by, {dose.ONCE: [9.0]}, day_60)
    assert [(b.target, b.dose, b.low, b.high) for b in bars] == [
        ("text-one", dose.ONCE, 0.5, 3.0),
        ("text-weekly", 1, 2.4, 4.0),
        ("text-twice", 2, 2.0, 6.0),
        ("text-daily", 5, 1.0, 12.0),
    ]
    assert [b.told for b in bars[:2]] == ["0.5 to 3 points", "1.2 to 2"]
    assert [(b.low, b.high) for b in dose.call_bars(by, {1.0: [8.0]})] == [(8.0, 12.0)]
    first, empty, third = dose.notice_bars(by, {1.0: [12.0, 20.0]})
    assert (first.low, first.high, first.dose) == (10.0, 20.0, 1)
    assert (empty.low, empty.high) == (8.0, 16.0) and (third.low, third.high) == (0.0, 4.0)


def test_doses_are_measured_against_none_on_the_same_accounts(monkeypatch):
    """A made-up laboratory: a text brings 25 points, a call half a point; a notice 100 %, and each change of its world 25."""
    monkeypatch.setattr(dose, "text_effect", lambda lab, days, horizon: len(days) / 4)
    monkeypatch.setattr(dose, "notice_effect", lambda lab, days, changes: len(days) + len(changes) / 4)
    found = dose.texts([None, None], 14)
    assert found == {0.0: [0, 0], dose.ONCE: [25 * len(ONE)] * 2} | {float(n): [50 * n] * 2 for n in range(1, 8)}
    assert dose.notices([None], dose.EMPTY) == {1.0: [125], 2.0: [225], 3.0: [325]}

    class Made:
        def run(self, policy, days, least, most, ample):
            assert (days, least, most, ample) == (180, 1, 30, True)
            listed = re.search(r"days_in_portfolio: \[(.*?)\]", policy)
            brought = 0.2 + (0.005 * len(listed[1].split(",")) if listed else 0.0)
            return type("Run", (), {"recovery": lambda self, by: brought})()

    called = dose.calls([Made()])
    assert called[0.0] == [0.0] and called[7.0] == pytest.approx([90.0])
    assert called[1.0] == pytest.approx([13.0])  # 26 Mondays in 180 days


def test_more_texts_do_no_less_in_the_home_world_and_each_less_than_the_one_before():
    lab = Laboratory(dose.without_caps(load_scenario("china-consumer")), 901, 1_500)
    found = dose.texts([lab], 30)
    one, weekly, daily = (found[n][0] for n in (dose.ONCE, 1.0, 7.0))
    assert 0 < one <= weekly <= daily < 4 * weekly


def test_picture_has_every_bar_and_its_source(monkeypatch, tmp_path):
    monkeypatch.setattr(dose, "PICTURE", tmp_path / "picture.svg")
    by_week = {0.0: [0.0, 0.0], dose.ONCE: [1.0, 1.2]} | {float(n): [1.5, 1.6 + n / 10] for n in range(1, 8)}
    noticed = {name: {1.0: [12.0, 15.0], 2.0: [6.0, 5.0], 3.0: [4.0, 3.0]} for name in dose.BELIEFS}
    called = {dose_: values for dose_, values in by_week.items() if dose_ != dose.ONCE}
    dose.picture(by_week, by_week, called, noticed, {"text": 5, "call": 5})
    drawn = re.sub(r"\s+", " ", " ".join(re.findall(r"<text[^>]*>(.*?)</text>", dose.PICTURE.read_text("utf-8"), re.S)))
    drawn = re.sub(r"<[^>]+>", "", drawn).replace("&amp;", "&")
    drawn = re.sub(r"\s+", " ", drawn)
    names = "text-one text-weekly text-twice text-daily call-frequency notice-first notice-empty notice-third".split()
    by = {target.id: target for target in targets()}
    for name in names:
        assert by[name].source[1:] in drawn, name
    assert drawn.count("above the") == 2 and all(name in drawn for name in dose.BELIEFS)
