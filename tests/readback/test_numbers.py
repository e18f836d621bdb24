"""Numbers as readers write them: rounded to the nearest tenth, in the right unit and with the right sign."""

from __future__ import annotations

import pytest

from recoup.experiments.report import text_in
from recoup.experiments.report.words import reason_words, value_words
from recoup.sim.observation import FIELD_INDEX, FIELDS
from tests.readback.reading import plain, quantity, span


@pytest.mark.parametrize(
    ("value", "unit", "signed", "shown"),
    [
        (0.4312, "share", False, "43.1 %"),
        (0.4317, "share", False, "43.2 %"),
        (0.43999, "share", False, "44.0 %"),
        (0.9996, "share", False, "100.0 %"),
        (0.0004, "share", False, "0.0 %"),
        (-0.0004, "share", True, "−0.04 %"),  # a difference is never written as nothing
        (-0.0000001, "share", True, "0.0 %"),  # nor nothing as «−0.0»
        (0.0312, "points", True, "+3.1 points"),
        (-0.0312, "points", True, "−3.1 points"),
        (31.04, "days", False, "31.0 days"),
        (-1234.56, "days", True, "−1,234.6 days"),
        (1234.56, "count", False, "1,234.6"),
        (1_234_567.0, "count", True, "+1,234,567.0"),
        (None, "share", False, "–"),
    ],
)
def test_value_in_its_unit(value, unit, signed, shown):
    assert plain(text_in("en").number(value, unit, signed)) == shown


def test_chinese_units():
    say = text_in("zh")
    assert [plain(say.number(0.125, unit)) for unit in ("share", "points", "days", "count")] == [
        "12.5 %",
        "12.5 个百分点",
        "0.1 天",
        "0.1",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("mean", "low", "high"), [(-0.0312, -0.0713, 0.0148), (0.2, 0.1001, 0.3009), (12.3456, 1.2345, 23.4567)]
)
def test_span_reads_back_in_order(language, mean, low, high):
    text = text_in(language).span({"mean": mean, "low": low, "high": high}, "share", signed=True)
    assert span(text, language)[:3] == pytest.approx((mean, low, high), abs=0.00051)


def test_ends_that_are_written_alike_are_left_out():
    say = text_in("en")
    assert say.limits({"mean": 0.4, "low": 0.40001, "high": 0.40002}, "share") == ""
    assert say.limits({"mean": 0.4, "low": 0.4, "high": 0.402}, "share") == "40.0 to 40.2"
    assert say.limits({"mean": 0.4, "low": None, "high": None}, "share") == ""


@pytest.mark.parametrize("text", ["43,1 %", "1234 days", "4.3 apples", "", "-3 %"])
def test_reading_refuses_what_the_report_does_not_write(text):
    with pytest.raises((AssertionError, KeyError)):
        quantity(text, "en")


def test_fields_are_told_in_their_unit():
    say = text_in("en")

    def told(name, value):
        return plain(value_words(FIELDS[FIELD_INDEX[name]], value, say))

    assert told("paid_share", 0.255) == "25.5 %" and told("early_warning", 0.35) == "35 %"
    assert told("balance", 12345.0) == "12,345" and told("dpd", [8, 30]) == "8 / 30"
    assert told("hardship", True) == "yes" and told("hardship", False) == "no"
    assert told("tier", "high") == "high" and told("weekday", "monday") == "Monday"


def test_reasons_of_plans_in_words():
    english, chinese = text_in("en"), text_in("zh")
    assert reason_words("dpd = 12", english) == "days past due: 12"
    assert reason_words("hardship: yes (-0.3)", english) == "hardship disclosed: yes (-0.3)"
    assert reason_words("hardship: no (+0.3)", chinese) == "已告知经济困难：否 (+0.3)"
    assert reason_words("tier = high", chinese) == "风险等级：高"
    assert reason_words("call everybody every second day", english) == "call everybody every second day"
