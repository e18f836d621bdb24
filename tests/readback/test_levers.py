"""The section on the joint design says what a made-up result holds, in both languages: sentences, tables, and the map."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Bullets, Paragraph, Table
from recoup.experiments.report.sections import levers as section
from recoup.experiments.report.text import LANGUAGES, text_in
from recoup.experiments.robustness.frontier import GRID
from recoup.scenarios.levers import LEVERS
from tests.readback.made_up import found
from tests.readback.reading import plain

LIMITS = {
    "text_effect": (0.3, 1.9),
    "age": (0.0, 3.0),
    "means": (0.6, 1.6),
    "call_reach": (0.4, 1.25),
    "waiting": (0.0, 5.0),
}


def _along(low: float, high: float) -> list[float]:
    return [*np.linspace(low, 1, GRID // 2 + 1), *np.linspace(1, high, GRID // 2 + 1)[1:]]


def _lever(name, pawn, matters, clear, ends, flips=(None, None, None)):
    return {
        "name": name,
        "pawn": pawn,
        "matters": matters,
        "clear": clear,
        "at_low": ends[0],
        "at_high": ends[1],
        **dict(zip(("flips_at", "flips_low", "flips_high"), flips, strict=True)),
    }


def _row(texts: float, age: float, ours: float, staged: float, quo: float) -> dict:
    values = {"learned": ours, "staged": staged, "status-quo": quo}
    return {
        "settings": {"text_effect": texts, "age": age},
        "policies": {name: {"npv_rate": value, "recovery_rate": value} for name, value in values.items()},
    }


RESULT = {
    "challenger": "learned",
    "plans": ["staged", "status-quo"],
    "worlds": 128,
    "levers": [
        {"name": name, "label": name, "low": low, "high": high, "why": "so"} for name, (low, high) in LIMITS.items()
    ],
    "measures": {
        "npv_rate": {
            "beats_best": found(0.7813, 0.7021, 0.8442),
            "beats": {"staged": found(0.8125, 0.7361, 0.8704), "status-quo": found(0.9531, 0.9018, 0.9784)},
            "best": {"staged": 0.9063, "status-quo": 0.0937},
            "noise": 0.1534,
            "levers": [
                _lever("text_effect", 0.3123, True, True, (0.3214, 0.9341), (0.6012, 0.4531, 0.8034)),
                _lever("age", 0.2512, True, True, (0.9613, 0.4127), (2.4141, 1.9123, 3.0)),
                _lever("means", 0.2011, True, False, (0.7111, 0.8222)),
                _lever("call_reach", 0.1412, False, True, (0.6611, 0.9022)),
                _lever("waiting", 0.1012, False, False, (0.7711, 0.7922)),
            ],
            "frontier": {
                "levers": ["text_effect", "age"],
                "x": _along(0.3, 1.9),
                "y": _along(0.0, 3.0),
                "probability": np.add.outer(-np.linspace(0, 0.4, GRID), np.linspace(0.45, 0.95, GRID)).tolist(),
            },
        },
        "recovery_rate": {
            "beats_best": found(0.6953, 0.6108, 0.7684),
            "beats": {"staged": found(0.7266, 0.6437, 0.7964), "status-quo": found(0.8984, 0.8339, 0.9397)},
        },
    },
    "rows": [
        _row(0.3, 2.0, 0.28, 0.31, 0.25),  # lost to one plan
        _row(1.45, 0.5, 0.33, 0.31, 0.32),  # won
        _row(1.0, 3.0, 0.30, 0.29, 0.31),  # lost to the other
    ],
}
SAID = {
    "en": [
        "Effect of texts: flips below 0.60 times the calibrated value (0.45 to 0.80); below that learned wins in fewer than half of the worlds.",
        "Weakening with age: flips above 2.41 times the calibrated value (1.91 to 3.00); above that learned wins in fewer than half of the worlds.",
        "Ability to pay: no flip between 0.6 and 1.6 times the calibrated value; wins go from 71.1 % to 82.2 %.",
        "Reach of calls: no flip between 0.4 and 1.25 times the calibrated value; wins go from 66.1 % to 90.2 %.",
        "No flip, and what they do may be chance: waiting for discounts.",
    ],
    "zh": [
        "信息的作用：低于校准值的 0.60 倍 (0.45 至 0.80) 时结论反转，学习策略胜出的情形不到一半。",
        "随账龄变弱：高于校准值的 2.41 倍 (1.91 至 3.00) 时结论反转，学习策略胜出的情形不到一半。",
        "还款能力：在校准值的 0.6 至 1.6 倍之间结论不反转；胜率从 71.1 % 变为 82.2 %。",
        "电话的接通：在校准值的 0.4 至 1.25 倍之间结论不反转；胜率从 66.1 % 变为 90.2 %。",
        "结论不反转，影响可能出于偶然的：观望减免。",
    ],
}
MESSAGE = {
    "en": "In net present value, learned beats the best hand-written plan in 78.1 % (70.2 to 84.4) of 128 worlds that move all levers at once; in cash, in "
    "69.5 % (61.1 to 76.8).",
    "zh": "在 128 种同时改变全部关键假设的情形中，学习策略的净现值在 78.1 % (70.2 至 84.4) 的情形中高于最好的人工方案；回款率在 69.5 % (61.1 至 76.8) 的情形中更高。",
}


@pytest.fixture
def blocks(language):
    return section.build(
        SimpleNamespace(extra=lambda kind: RESULT if kind.name == "levers.json" else None), text_in(language)
    )


def test_one_sentence_a_lever_and_one_for_those_that_may_be_chance(blocks, language):
    bullets = next(block for block in blocks if isinstance(block, Bullets))
    assert [plain(item) for item in bullets.items] == SAID[language]
    assert plain(blocks[0].text) == MESSAGE[language] and blocks[0].kind == "message"
    scale = next(block for block in blocks[1:] if isinstance(block, Paragraph))
    assert "0.15" in scale.text and "95" in scale.text


def test_shares_stand_beside_the_plans_and_figures_beside_the_levers(blocks, language):
    wins, levers = (block for block in blocks if isinstance(block, Table))
    to, best, staged, quo = {
        "en": ("to", "best of these plans", "staged", "status-quo"),
        "zh": ("至", "最好的人工方案", "分阶段方案", "现状方案"),
    }[language]
    assert [[plain(cell) for cell in row] for row in wins.rows] == [
        [best, f"78.1 % (70.2 {to} 84.4)", f"69.5 % (61.1 {to} 76.8)", ""],
        [staged, f"81.2 % (73.6 {to} 87.0)", f"72.7 % (64.4 {to} 79.6)", "90.6 %"],
        [quo, f"95.3 % (90.2 {to} 97.8)", f"89.8 % (83.4 {to} 94.0)", "9.4 %"],
    ]
    assert [[plain(cell) for cell in row[1:]] for row in levers.rows] == [
        [f"0.3 {to} 1.9", "0.31", "32.1 %", "93.4 %", f"0.60 (0.45 {to} 0.80)"],
        [f"0 {to} 3", "0.25", "96.1 %", "41.3 %", f"2.41 (1.91 {to} 3.00)"],
        [f"0.6 {to} 1.6", "0.20", "71.1 %", "82.2 %", "–"],
        [f"0.4 {to} 1.25", "0.14", "66.1 %", "90.2 %", "–"],
        [f"0 {to} 5", "0.10", "77.1 %", "79.2 %", "–"],
    ]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_worlds_agree_no_lever_is_said_to_move_anything(share):
    agreed = copy.deepcopy(RESULT)
    agreed["measures"]["npv_rate"]["beats_best"]["mean"] = share
    assert section.sentences(agreed, text_in("en")) == ["No lever flips that within its range."]
    assert section.sentences(agreed, text_in("zh")) == ["各项关键假设在其范围内都不会使结论反转。"]


def test_against_one_plan_it_is_named():
    single = RESULT | {"plans": ["staged"]}
    assert plain(section.message(single, text_in("en"))).startswith(
        "In net present value, learned beats staged in 78.1 %"
    )
    assert "高于分阶段方案" in section.message(single, text_in("zh"))
    assert len(section.wins_table(single, text_in("en")).rows) == 1


def test_worlds_lie_on_the_map_where_their_settings_are(monkeypatch, language):
    """Texts at 0.3 are at the left end, at 1.45 three quarters across; age at 2 is three quarters up, at 0.5 one quarter."""
    drawn = []

    class Recorded(Figure):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            drawn.append(self)

    monkeypatch.setattr(charts, "Figure", Recorded)
    picture = section.picture(RESULT, text_in(language))
    axes = drawn[0].axes[0]
    points = {line.get_marker(): line.get_xydata() for line in axes.get_lines()}
    assert points["o"] == pytest.approx(np.array([[0.75, 0.25]]))
    assert points["x"] == pytest.approx(np.array([[0.0, 0.75], [0.5, 1.0]]))
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.3", "0.65", "1", "1.45", "1.9"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "0.5", "1", "2", "3"]
    words = {"en": ("effect of texts", "learned wins"), "zh": ("信息的作用", "学习策略胜出")}[language]
    assert all(word in picture.wide for word in words) and "50" in picture.wide


def test_every_lever_has_words_in_both_languages():
    for language in LANGUAGES:
        assert {lever.name: True for lever in LEVERS} == {
            lever.name: bool(text_in(language).one_of("levers.names", lever.name, "")) for lever in LEVERS
        }
    english = {lever.name: text_in("en").one_of("levers.names", lever.name) for lever in LEVERS}
    assert english == {lever.name: lever.label for lever in LEVERS}


def test_without_a_result_there_is_no_section():
    assert section.build(SimpleNamespace(extra=lambda name: None), text_in("en")) == []
