"""Charts show the run's series: points, bars, intervals, order and labels read from the figures and from the SVG in the page."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from recoup.experiments.report import charts
from tests.readback import made_up
from tests.readback.words import TIERS, called

OTHERS = ("status-quo", "tiered", "mine")  # grey


def _axes(page, chart):
    return page.figures[chart][0].axes[0]


def _svg_texts(page, section, number=0):
    svg = next(page.sections[section].figures[number].all("svg"))
    return [text.text() for text in svg.all("text")]


@pytest.mark.parametrize(("chart", "curve"), [("liquidation", made_up.liquidation), ("unresolved", made_up.unresolved)])
def test_curves_are_each_plans_mean_by_day_from_the_first(english, chart, curve):
    start = {"liquidation": 0.0, "unresolved": 1.0}[chart]
    lines = _axes(english, chart).get_lines()
    for plan, line in zip(english.ordered, lines, strict=True):
        days, values = line.get_data()
        assert list(days) == list(range(51))
        np.testing.assert_allclose(values, [start, *(curve(plan, day) for day in range(1, 51))], rtol=1e-9)
        assert (line.get_color() == "#a6a6a6") is (plan in OTHERS)
    axes = _axes(english, chart)
    assert axes.get_xlim() == (0, 50) and axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] == 1 or chart == "liquidation"


def test_bands_are_95_percent_of_the_mean_over_seeds(english):
    """Seeds at 0.9, 1.0 and 1.1 times the mean: deviation 0.1, so 1.96 × 0.1 / √3 = 11.316 % of it to either side."""
    axes = _axes(english, "liquidation")
    for plan, band in zip(("learned", "staged"), axes.collections, strict=True):
        path = band.get_paths()[0].vertices
        last = path[path[:, 0] == 50][:, 1]
        mean = made_up.liquidation(plan, 50)
        assert last.min() == pytest.approx(mean * (1 - 0.11316), rel=1e-4)
        assert last.max() == pytest.approx(mean * (1 + 0.11316), rel=1e-4)


def test_accounts_at_risk_stand_below_the_curve_of_survival(english):
    """Of 5,129 accounts learned resolves 54 % by day 50 at an even pace, staged 38 %: at day 45, 48.6 % and 34.2 %."""
    texts = _svg_texts(english, "money", 1)
    at = texts.index("accounts open")
    assert texts[at + 1 : at + 9] == ["5,129", "4,298", "3,467", "2,636", "5,129", "4,544", "3,960", "3,375"]


def test_curves_of_the_simulated_run_end_at_its_recovery_rates(request):
    page = request.getfixturevalue("_real_pages")["en"]
    for plan, line in zip(page.ordered, _axes(page, "liquidation").get_lines(), strict=True):
        rate = page.results["policies"][plan]["recovery_rate"]["mean"]
        assert line.get_ydata()[-1] == pytest.approx(rate, rel=1e-9)
        assert np.all(np.diff(line.get_ydata()) >= -1e-12)  # cash only comes in
    for line in _axes(page, "unresolved").get_lines():
        assert np.all(np.diff(line.get_ydata()) <= 1e-12)


def test_axes_of_curves_are_named_and_in_percent(made_up_page):
    language = made_up_page.language
    names = {
        "en": ("days simulated", "cumulative cash / opening balance", "accounts not yet paid, settled or cured"),
        "zh": ("模拟天数", "累计回款 / 期初欠款", "尚未结清的账户"),
    }[language]
    for number, ylabel in enumerate(names[1:]):
        texts = _svg_texts(made_up_page, "money", number)
        assert names[0] in texts and ylabel.replace(" ", "") in "".join(texts).replace(
            " ", ""
        )  # it may be of two lines
        # Each line has its name at its end.
        assert {text for text in texts if text in {called(plan, language) for plan in made_up.PLANS}} == {
            called(plan, language) for plan in made_up.PLANS
        }
    axes = _axes(made_up_page, "liquidation")
    assert axes.yaxis.get_major_formatter()(0.25) == "25\u00a0%"


def test_recovery_by_tier_has_one_dot_with_its_interval_per_plan_and_tier(english):
    axes = _axes(english, "tiers")
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == list(TIERS["en"].values()) and axes.yaxis_inverted()  # the first on top
    assert axes.get_xlabel() == "recovery rate" and axes.get_xlim()[0] == 0
    assert [series.get_label() for series in axes.containers] == ["learned", "staged", "_other", "_other", "_other"]
    for plan, series in zip(english.ordered, axes.containers, strict=True):
        dots, _, (bars,) = series.lines
        for row, tier in enumerate(made_up.TIERS):
            wanted = english.results["tiers"][plan][tier]["recovery_rate"]
            assert dots.get_xdata()[row] == pytest.approx(wanted["mean"])
            ends = bars.get_segments()[row][:, 0]
            assert list(ends) == pytest.approx([wanted["low"], wanted["high"]])
            assert round(dots.get_ydata()[row]) == row  # beside its tier's name
    assert axes.xaxis.get_major_formatter()(0.5) == "50 %"


def test_perturbed_worlds_stand_beside_their_names(english):
    axes = _axes(english, "stress")
    assert [text.get_text().replace("\n", " ") for text in axes.get_yticklabels()] == [
        "the scenario as it is", "a recession from day 30 (macro index +2)", "half the people and lines", "reach +30%", "reach −30%",
    ]  # fmt: skip
    dots, _, (bars,) = axes.containers[0].lines
    assert list(dots.get_xdata()) == pytest.approx([0.0051, 0.0423, -0.0172, 0.0082, 0.0391])
    assert [list(segment[:, 0]) for segment in bars.get_segments()][2] == pytest.approx([-0.0279, 0.0042])
    assert axes.get_xlabel().replace("\n", " ") == "net present value over opening balance, learned less staged"
    assert 0.0 in [line.get_xdata()[0] for line in axes.get_lines()]  # a line at «no difference»


def test_waterfall_steps_from_the_reference_to_the_best(english):
    """39.02 % + 0.61 − 0.48 + 1.82 + 0.31 = 41.28 % after the steps; the end is drawn at 39.02 + 2.26 = 41.28 %."""
    axes = _axes(english, "attribution")
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "staged",
        "timing",
        "channel",
        "offers",
        "legal steps",
        "learned",
    ]
    assert axes.yaxis_inverted()
    spans = [(bar.get_y() + bar.get_height() / 2, bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert np.array(spans) == pytest.approx(
        np.array([(1, 0.3902, 0.3963), (2, 0.3963, 0.3915), (3, 0.3915, 0.4097), (4, 0.4097, 0.4128)]), abs=1e-9
    )
    dots = [(line.get_ydata()[0], line.get_xdata()[0]) for line in axes.get_lines() if line.get_marker() == "o"]
    assert np.array(dots) == pytest.approx(np.array([(0, 0.3902), (5, 0.4128)]))
    # A loss is told apart by its hatching.
    assert [bar.get_hatch() for bar in axes.patches] == [None, "//", None, None]
    intervals = [list(line.get_xdata()) for line in axes.get_lines() if line.get_color() == "black"]
    assert np.array(intervals) == pytest.approx(
        np.array([(0.3890, 0.4035), (0.3862, 0.3956), (0.4019, 0.4178), (0.4108, 0.4149)]), abs=1e-9
    )  # from the level before each step


def test_parts_step_from_the_plan_in_force_to_the_challenger(english):
    """In net present value: 59.26 % + 2.12 − 0.27 + 0.93 + 1.28 = 63.32 %."""
    axes = _axes(english, "why")
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["staged", "timing", "channel", "offers", "legal steps", "learned"]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert ends == pytest.approx([0.6138, 0.6111, 0.6204, 0.6332])
    dots = [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    assert dots == pytest.approx([0.5926, 0.6332])


def test_captions_of_pictures_say_what_they_show(made_up_page):
    language, sections = made_up_page.language, made_up_page.sections
    captions = [
        figure.first("figcaption").text()
        for name in ("money", "attribution", "stress")
        for figure in sections[name].figures
    ]
    assert (
        captions
        == {
            "en": [
                "Liquidation curve: cumulative cash as a share of the opening balance. Bands are 95 % intervals of the mean over seeds.",
                "Kaplan–Meier curve of the time to recover. Every account is followed to the horizon; written-off accounts count as not recovered.",
                "Recovery rate by an account's risk tier at entry.",
                "Roll rates by plan",
                "From staged to learned, cash over opening balance.",
                "learned against staged when the world differs from the model",
            ],
            "zh": [
                "累计回款占期初欠款的比例；阴影为各随机种子均值的 95 % 区间。",
                "回款时间的 Kaplan–Meier 曲线。所有账户都跟踪到期末；核销账户按未结清计。",
                "按账户入催时的风险等级划分的回款率。",
                "各方案的迁徙率",
                "从分阶段方案到学习策略，回款占期初欠款的比例。",
                "偏离模型的各种情形下，学习策略与分阶段方案的比较",
            ],
        }[language]
    )


def test_chinese_labels_stand_where_the_english_ones_do(chinese, english):
    tiers = [text for text in _svg_texts(chinese, "money", 2) if text in TIERS["zh"].values()]
    assert tiers == list(TIERS["zh"].values())
    parts = [
        text
        for text in _svg_texts(chinese, "attribution")
        if text in ("分阶段方案", "时机", "渠道", "还款安排", "法律措施", "学习策略")
    ]
    assert parts == ["分阶段方案", "时机", "渠道", "还款安排", "法律措施", "学习策略"]
    assert chinese.figures.keys() == english.figures.keys()
    for name, ours in chinese.figures.items():
        for a, b in zip(ours[0].axes[0].get_lines(), english.figures[name][0].axes[0].get_lines(), strict=True):
            np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())


def test_no_word_of_a_picture_is_cut_at_its_edge(english):
    """What a picture's words and marks take up lies within it: half a sheet wide, and on a phone."""
    for chart, drawn in english.figures.items():
        for figure in drawn:
            width, height = figure.get_size_inches()
            taken = figure.get_tightbbox()
            assert taken.x0 > -0.05 and taken.y0 > -0.05, chart
            assert taken.x1 < width + 0.05 and taken.y1 < height + 0.05, chart


def test_a_label_of_forty_letters_is_not_cut_beside_names(monkeypatch):
    drawn = []

    class Kept(Figure):
        def __init__(self, *sizes, **named):
            super().__init__(*sizes, **named)
            drawn.append(self)

    monkeypatch.setattr(charts, "Figure", Kept)
    rows = {"debtors without work sued per 1,000": [charts.Mark("a plan", 1.0, None, None)]}
    charts.strip("burdens", rows, [1.0], "margins more or less than under template", "caption")
    assert drawn
    for figure in drawn:
        assert figure.get_tightbbox().x1 < figure.get_size_inches()[0] + 0.05


def test_hours_stay_on_the_line_of_their_unit():
    assert (
        charts._wrapped("specialist's call, 14\u00a0to\u00a018\u00a0h", 26)
        == "specialist's call,\n14\u00a0to\u00a018\u00a0h"
    )
    assert charts._wrapped("one two three", 7) == "one two\nthree"
