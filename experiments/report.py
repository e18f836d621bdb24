"""The report of a run as one HTML file, and the same answers in words for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from experiments import charts
from experiments.measures import MEASURE, MEASURES, TIERS
from experiments.runfolder import REPORT, RESULTS, read_json, write_whole

_DASH = "–"


_SUFFIX = {"share": " %", "points": " points", "days": " days", "count": ""}


def _plain(value: float, unit: str, signed: bool) -> str:
    scaled = 100 * value if unit in ("share", "points") else value
    text = f"{scaled:{'+' if signed else ''},.1f}"
    return text.replace("-", "−")


def number(value: float | None, unit: str, signed: bool = False) -> str:
    """A value in its unit: shares in per cent, their differences in points, days, counts; a dash if undefined."""
    return _DASH if value is None else _plain(value, unit, signed) + _SUFFIX[unit]


def limits(found: dict[str, Any], unit: str, signed: bool = False) -> str:
    """«42.0 to 44.2»; empty when one seed gives no interval."""
    low, high = found["low"], found["high"]
    return "" if low is None or low == high else f"{_plain(low, unit, signed)} to {_plain(high, unit, signed)}"


def span(found: dict[str, Any], unit: str, signed: bool = False) -> str:
    """«43.1 % (42.0 to 44.2)»."""
    between = limits(found, unit, signed)
    return number(found["mean"], unit, signed) + (f" ({between})" if between else "")


def answers(results: dict[str, Any]) -> list[str]:
    """Whether the staged plan reaches its claims against the status quo, and at what price, in plain sentences."""
    sentences = []
    policies = results["policies"]
    for claim in results["claims"]:
        ours, theirs = (policies[name][claim["measure"]]["mean"] for name in ("staged", "status-quo"))
        if claim["measure"] == "recovery_rate":
            said = f"The staged plan recovers {number(ours, 'share')} of the balance, the status quo {number(theirs, 'share')}"
            wants = "15 % more"
        else:
            said = f"An account takes {number(ours, 'days')} to recover under the staged plan, {number(theirs, 'days')} under the status quo"
            wants = "20 % less time"
        change = span(claim["relative"], "share", signed=True)
        sentences.append(f"{said}: {change} relative. The claim of {wants} is {claim['verdict']}.")
    pair = results["differences"].get("staged-vs-status-quo")
    if pair:
        cost = policies["staged"]["cost_to_collect"], policies["status-quo"]["cost_to_collect"]
        complaints = policies["staged"]["complaints_per_1000"], policies["status-quo"]["complaints_per_1000"]
        sentences.append(
            f"It costs {number(cost[0]['mean'], 'share')} of the cash (status quo {number(cost[1]['mean'], 'share')}) and draws "
            f"{number(complaints[0]['mean'], 'count')} complaints per 1,000 accounts (status quo {number(complaints[1]['mean'], 'count')})."
        )
    best = max(policies, key=lambda name: policies[name]["net_recovery_rate"]["mean"] or 0.0)
    sentences.append(
        f"Of the {len(policies)} plans, {best} recovers most after costs: {span(policies[best]['net_recovery_rate'], 'share')} of the balance."
    )
    total = sum(sum(counts.values()) for counts in results["breaches"].values())
    sentences.append(
        "No rule was broken." if total == 0 else f"Rules were broken {total:,} times: see the rules section."
    )
    return sentences


def headline_rows(results: dict[str, Any], against: str | None) -> list[dict[str, Any]]:
    """One row per measure: for each policy its value, the paired difference to `against`, and whether that is surely so."""
    rows = []
    for measure in MEASURES:
        cells = []
        for name, found in results["policies"].items():
            value = found[measure.name]
            cell = {"value": number(value["mean"], measure.unit), "limits": limits(value, measure.unit)}
            if against and name != against:
                pair = results["differences"][f"{name}-vs-{against}"][measure.name]
                unit = "points" if measure.unit == "share" else measure.unit
                cell["change"] = span(pair, unit, signed=True) if pair["mean"] is not None else ""
                cell["verdict"] = _verdict(pair, measure.better)
            cells.append(cell)
        rows.append({"title": measure.title, "definition": measure.definition, "cells": cells})
    return rows


def _verdict(pair: dict[str, Any], better: int) -> str:
    """good or bad when the interval is clear of zero and one way is better, else nothing."""
    if not better or pair["low"] is None or pair["low"] <= 0 <= pair["high"]:
        return ""
    return "good" if (pair["mean"] > 0) == (better > 0) else "bad"


def reference_policy(results: dict[str, Any]) -> str | None:
    """What others are compared with: staged, else status-quo, else the first."""
    names = list(results["policies"])
    return next((name for name in ("staged", "status-quo") if name in names), names[0]) if len(names) > 1 else None


def _curves(folder: Path, results: dict[str, Any], what: str) -> dict[str, NDArray[np.float64]]:
    return {
        name: np.array([read_json(folder / "parts" / name / f"{seed}.json")[what] for seed in results["seeds"]])
        for name in results["policies"]
    }


def render(folder: Path) -> Path:
    """Write report.html from a run folder.

    Raises:
        InputError: the folder holds no finished run.
    """
    results = read_json(folder / RESULTS)
    against = reference_policy(results)
    names = list(results["policies"])
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("experiments", "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = number
    environment.filters["limits"] = limits
    pictures = {
        "liquidation": charts.curves("liquidation", _curves(folder, results, "liquidation"), "cash / opening balance"),
        "unresolved": charts.curves(
            "unresolved", _curves(folder, results, "unresolved"), "accounts not resolved", False
        ),
        "tiers": charts.dots(
            "tiers",
            [f"{tier} risk" for tier in TIERS],
            {name: [results["tiers"][name][tier]["recovery_rate"] for tier in TIERS] for name in names},
            "recovery rate, by the tier an account entered in",
        ),
    }
    html = environment.get_template("report.html.j2").render(
        results=results,
        names=names,
        against=against,
        answers=answers(results),
        rows=headline_rows(results, against),
        pictures=pictures,
        tiers=TIERS,
        measure=MEASURE,
    )
    write_whole(folder / REPORT, lambda temporary: _write(temporary, html))
    return folder / REPORT


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
