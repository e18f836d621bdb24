"""The card of a fitted model as a page: what it foretells, how well, of whom, and what it must not be used for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recoup.experiments.comparison.lists import read_lists
from recoup.experiments.models.files import CARD_FILE
from recoup.experiments.models.quality import SHIFTED, STABLE
from recoup.experiments.models.training_table import Kind
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Bullets, Cell, Line, Paragraph, Picture, Section, Table
from recoup.experiments.report.page import environment
from recoup.experiments.report.text import Text, text_in, written
from recoup.experiments.runs.runfolder import REPORT, in_language, write_text

_WEAK, _OFF, _FEATURES = 0.55, 0.05, 12


def verdict(card: dict[str, Any], say: Text) -> list[str]:
    """What a reader must know first, a sentence each.

    Args:
        card: the content of card.json.
        say: the words.
    """
    return _of_effects(card, say) if card["kind"] == Kind.UPLIFT else _of_score(card["score"], say)


def _of_score(score: dict[str, Any], say: Text) -> list[str]:
    test = score["test"]
    auc = _interval(test["discrimination"]["auc"], say, 2)
    weak = test["discrimination"]["auc"]["low"] < _WEAK
    said = [
        say(
            "models.verdict.weak" if weak else "models.verdict.good",
            auc=auc,
            off=_points(test["calibration_error"], say),
        )
    ]
    if abs(test["said"] - test["observed"]) > _OFF * max(test["observed"], 0.2):
        share = {name: say.number(test[name], "share") for name in ("said", "observed")}
        said.append(say("models.verdict.calibration", **share))
    if score["drift"]["score"] > SHIFTED:
        said.append(say("models.verdict.drift", psi=f"{score['drift']['score']:.2f}"))
    unequal = [
        f"{say('models.fairness.attributes.' + attribute)} {say.one_of('fairness.groups', row['group'])}"
        for attribute, rows in score["fairness"].items()
        for row in rows
        if row["unequal"]
    ]
    if not any(score["fairness"].values()):
        said.append(say("models.verdict.no_groups"))
    elif unequal:
        said.append(say("models.verdict.unequal", groups=say.listed(unequal)))
    else:
        said.append(say("models.verdict.equal"))
    return said


def _of_effects(card: dict[str, Any], say: Text) -> list[str]:
    found = [row for row in card["effects"] if row["effect"]]
    named = {
        "some": [row for row in found if row["effect"]["low"] > 0],
        "harm": [row for row in found if row["effect"]["high"] < 0],
        "refused": [row for row in card["effects"] if row["refusal"]],
    }
    said = [say("models.verdict.none")] if not named["some"] and not named["harm"] else []
    for which, rows in named.items():
        if rows:
            said.append(
                say(
                    f"models.verdict.{which}",
                    treatments=say.listed([treatment_name(row["treatment"], say) for row in rows]),
                )
            )
    return said


def render_model(folder: Path, language: str = "en") -> Path:
    """Write the page of a model's folder: report.html, or report.zh.html and the like.

    Args:
        folder: that `recoup model fit` has written.
        language: one of `LANGUAGES`.

    Raises:
        InputError: the folder holds no card, or the page cannot be written.
    """
    card, say = CARD_FILE.read(folder), text_in(language).of(read_lists(folder))
    kind = say(f"models.kinds.{card['kind']}")
    meaning = say(f"models.meanings.{card['kind']}", horizon=card["horizon"], share=say.number(card["share"], "share"))
    names = say.listed([f"score.{name}" for name in card["score_names"]])
    sub = say(
        "models.sub",
        **{name: card[name] for name in ("portfolio", "first", "last", "recoup")},
        accounts=f"{card['accounts']:,}",
    )
    lines = [meaning, *verdict(card, say), *([say("models.use", names=names)] if names else [])]
    lines += map(say.note, card["notes"])
    sections = _effect_sections(card, say) if card["kind"] == Kind.UPLIFT else _score_sections(card, say)
    limits = [say(f"models.limits.items.{name}") for name in ("records", "refit", "human")]
    sections.append(Section("limits", say("models.limits.heading"), [Bullets(limits)]))
    page = environment().get_template("model.html.j2")
    html = page.render(say=say, title=say("models.title", kind=kind), sub=sub, verdict=lines, sections=sections)
    path = folder / in_language(REPORT, language)
    write_text(path, html)
    return path


def _score_sections(card: dict[str, Any], say: Text) -> list[Section]:
    score = card["score"]
    blocks: dict[str, list[Block]] = {
        "quality": [
            _quality(score, say),
            Paragraph(say("models.quality.chosen", model=say.one_of("models.forms", score["model"]))),
            Paragraph(
                say(
                    "models.quality.losses",
                    losses=say.listed(
                        [f"{say.one_of('models.forms', name)} {loss:.4f}" for name, loss in score["losses"].items()]
                    ),
                )
            ),
        ],
        "calibration": [calibration_picture(score, say)],
        "calls": [_calls(card["calls"], say)] if card["calls"] else [],
        "drift": [_drift(score["drift"], say)],
        "importance": [_importance(score["importance"], say)] if score["importance"] else [],
        "fairness": [_fairness(score["fairness"], say), Paragraph(say("models.fairness.note"))]
        if any(score["fairness"].values())
        else [],
    }
    return [Section(name, say(f"models.{name}.heading"), found) for name, found in blocks.items() if found]


def _quality(score: dict[str, Any], say: Text) -> Table:
    rows: list[list[Cell | str]] = []
    periods = [score["fit"], score["test"]]
    rows.append([say("models.quality.dates"), *(say("between", low=p["first"], high=p["last"]) for p in periods)])
    for name in ("rows", "cases"):
        rows.append([say(f"models.quality.{name}"), *(f"{p[name]:,}" for p in periods)])
    for name in ("auc", "gini", "ks"):
        rows.append([say(f"models.quality.{name}"), *(_interval(p["discrimination"][name], say, 3) for p in periods)])
    for name in ("said", "observed"):
        rows.append([say(f"models.quality.{name}"), *(say.number(p[name], "share") for p in periods)])
    rows.append([say("models.quality.ece"), *(_points(p["calibration_error"], say) for p in periods)])
    head = [say(f"models.quality.head.{name}") for name in ("figure", "fit", "test")]
    return Table(say("models.quality.caption"), head, rows, kind="plain")


def calibration_picture(score: dict[str, Any], say: Text) -> Picture:
    """What the score said against what came, in both periods.

    Args:
        score: the card's `score`.
        say: the words.
    """
    points = {say(f"models.calibration.series.{name}"): score[name]["calibration"] for name in ("fit", "test")}
    words = {name: say(f"models.calibration.{name}") for name in ("x", "y", "caption")}
    return charts.calibration("calibration", points, words["x"], words["y"], words["caption"])


def _drift(drift: dict[str, Any], say: Text) -> Table:
    def row(name: str, psi: float) -> list[Cell | str]:
        means = "stable" if psi < STABLE else ("some" if psi <= SHIFTED else "much")
        return [name, f"{psi:.3f}", say(f"models.drift.means.{means}")]

    features = list(drift["features"].items())[:_FEATURES]
    rows = [row(say("models.drift.score"), drift["score"]), *(row(_feature(name, say), psi) for name, psi in features)]
    return Table(
        say("models.drift.caption"),
        [say(f"models.drift.head.{n}") for n in ("feature", "psi", "means")],
        rows,
        kind="plain",
    )


def _importance(falls: dict[str, float], say: Text) -> Table:
    rows: list[list[Cell | str]] = [[_feature(name, say), written(fall, ".4f")] for name, fall in falls.items()]
    return Table(
        say("models.importance.caption"),
        [say(f"models.importance.head.{n}") for n in ("feature", "fall")],
        rows,
        kind="plain",
    )


def _fairness(groups: dict[str, list[dict[str, Any]]], say: Text) -> Table:
    rows: list[list[Cell | str]] = []
    for attribute, found in groups.items():
        for row in found:
            name = f"{say('models.fairness.attributes.' + attribute)}: {say.one_of('fairness.groups', row['group'])}"
            ratio = "–" if row["ratio"] is None else f"{row['ratio']:.2f}"
            rows.append([
                name, f"{row['rows']:,}", "–" if row["auc"] is None else f"{row['auc']:.3f}",
                say.number(row["said"], "share"), say.number(row["observed"], "share"), say.number(row["selected"], "share"),
                Cell(ratio, [Line("!", "bad")] if row["unequal"] else []),
            ])  # fmt: skip
    head = [say(f"models.fairness.head.{n}") for n in ("group", "rows", "auc", "said", "observed", "selected", "ratio")]
    return Table(say("models.fairness.caption"), head, rows, kind="plain")


def _calls(calls: list[dict[str, Any]], say: Text) -> Table:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    windows = list(dict.fromkeys(call["window"] for call in calls))
    found = {(call["window"], call["weekday"]): call for call in calls}
    rows: list[list[Cell | str]] = []
    for window in windows:
        cells: list[Cell | str] = [say(f"treatments.{window}")]
        for weekday in range(7):
            call = found.get((window, weekday))
            if call is None:
                cells.append(say("models.calls.none"))
                continue
            reached, said = (say.number(call[what], "share") for what in ("reached", "said"))
            cells.append(Cell(reached, [Line(said)]))
        rows.append(cells)
    return Table(
        say("models.calls.caption"),
        [say("models.calls.window"), *(say(f"codes.weekday.{day}") for day in days)],
        rows,
        kind="plain",
    )


def _effect_sections(card: dict[str, Any], say: Text) -> list[Section]:
    found = [row for row in card["effects"] if row["effect"]]
    blocks: list[Block] = [effects_picture(card, say)] if found else []
    rows: list[list[Cell | str]] = [
        [
            treatment_name(row["treatment"], say), f"{row['treated']:,}", f"{row['effective_sample']:,.0f}",
            say.number(row["comparable_share"], "share"), _money(row["effect"], say), written(row["qini"], ",.1f"),
        ]
        for row in found
    ]  # fmt: skip
    head = [say(f"models.effects.head.{n}") for n in ("treatment", "treated", "sample", "share", "effect", "qini")]
    if rows:
        blocks.append(Table(say("models.effects.caption"), head, rows, kind="plain"))
    refused = [row for row in card["effects"] if row["refusal"]]
    if refused:
        blocks.append(
            Bullets(
                [
                    say("models.effects.refused", treatment=treatment_name(row["treatment"], say), why=_why(row, say))
                    for row in refused
                ]
            )
        )
    blocks.append(Paragraph(say("models.effects.note")))
    sections = [Section("effects", say("models.effects.heading"), blocks)]
    if found:
        ends = [
            say(
                "models.effects.tenth",
                treatment=treatment_name(row["treatment"], say),
                high=_amount(row["tenths"][0]["mean"]),
                low=_amount(row["tenths"][-1]["mean"]),
            )
            for row in found
        ]
        whom: list[Block] = [
            gains_picture(card, say),
            Paragraph(say("models.effects.tenths", list=say("list.semicolon").join(ends))),
        ]
        sections.append(Section("whom", say("models.effects.gains_heading"), whom))
    return sections


def effects_picture(card: dict[str, Any], say: Text) -> Picture:
    """The effects that were estimated.

    Args:
        card: of a model of uplift, with at least one.
        say: the words.
    """
    rows = {treatment_name(row["treatment"], say): row["effect"] for row in card["effects"] if row["effect"]}
    return charts.effects(
        "effects", rows, say("models.effects.x"), say("models.effects.picture", horizon=card["horizon"])
    )


def gains_picture(card: dict[str, Any], say: Text) -> Picture:
    """The curves of those whose effect was estimated; arguments as `effects_picture`."""
    curves = {treatment_name(row["treatment"], say): row["curve"] for row in card["effects"] if row["effect"]}
    words = {name: say(f"models.effects.gains_{name}") for name in ("x", "y", "caption")}
    return charts.gains("gains", curves, words["x"], words["y"], words["caption"])


def treatment_name(name: str, say: Text) -> str:
    """A channel, or `offer-` and a kind of offer, in words."""
    if name.startswith("offer-"):
        return say.one_of("models.effects.offers", name.removeprefix("offer-"))
    return say.one_of("treatments", name)


def _why(row: dict[str, Any], say: Text) -> str:
    """Why there is no effect of a treatment."""
    share, sample = say.number(1 - row["comparable_share"], "share"), f"{row['effective_sample']:,.0f}"
    return say(f"models.effects.why.{row['refusal']}", treated=f"{row['treated']:,}", share=share, sample=sample)


def _feature(name: str, say: Text) -> str:
    return say.one_of("fields", name)


def _interval(value: dict[str, float], say: Text, digits: int) -> str:
    mean, low, high = (written(value[end], f".{digits}f") for end in ("mean", "low", "high"))
    return f"{mean} ({say('between', low=low, high=high)})"


def _money(value: dict[str, float], say: Text) -> str:
    return f"{_amount(value['mean'])} ({say('between', low=_amount(value['low']), high=_amount(value['high']))})"


def _amount(value: float) -> str:
    return written(value, ",.0f")


def _points(share: float, say: Text) -> str:
    return say.number(share, "points")
