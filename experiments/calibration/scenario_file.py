"""The scenario file of a fitted world: it extends the one that the fit began with, and each number names where it comes from."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import yaml

from recoup.experiments.calibration.findings import Calibration, Finding
from recoup.experiments.calibration.parameters import value_at
from recoup.experiments.runs.runfolder import write_text
from recoup.sim.remarks import Remark, contents

NARROW = 0.5  # share of the prior's spread, up to which a value counts as read off the records (confidence A)
_DIGITS = 5


def write_scenario(calibration: Calibration, path: Path) -> None:
    """Write the scenario of a fitted world, to be used as `-s PATH`.

    Args:
        calibration: what was found.
        path: of the YAML file; replaced.

    Raises:
        InputError: it cannot be written.
    """
    text = yaml.safe_dump(document(calibration, path), allow_unicode=True, sort_keys=False, width=140)
    first, last = calibration.period
    head = f"# Fitted by `recoup calibrate` to {len(calibration.data):,} accounts, {first} to {last}.\n"
    write_text(path, head + text)


def document(calibration: Calibration, path: Path) -> dict[str, Any]:
    """What the file says; places in it are relative to `path`."""
    scenario = calibration.scenario
    own, folder = scenario.path.resolve(), path.absolute().parent
    shipped = own.parent.name == "scenarios" and own.stem == scenario.name
    found: dict[str, Any] = {
        "extends": scenario.name if shipped else os.path.relpath(own, folder),
        "name": _name(path),
        "title": f"{scenario.title}, fitted to records",
        "notes": contents([*scenario.notes, *_notes(calibration)]),
    }
    behaviour: dict[str, Any] = {}
    cards: dict[str, Any] = {}
    for finding in calibration.findings:
        if finding.identified:
            for place in finding.parameter.places:
                field, _, part = place.partition(".")
                sourced = _sourced(calibration, finding, place)
                if finding.parameter.of_cards:
                    cards[part] = sourced
                elif part:
                    behaviour.setdefault(field, {})[part] = sourced
                else:
                    behaviour[field] = sourced
    return found | {"world": {"behaviour": behaviour} | ({"cards": cards} if cards else {})}


def _sourced(calibration: Calibration, finding: Finding, place: str) -> dict[str, Any]:
    first, last = calibration.period
    before = value_at(calibration.fitted.own, place)
    low, high = (_rounded(finding.parameter.link.shifted(before, shift)) for shift in finding.shifts)
    accounts = f"{len(calibration.data):,} accounts' records, {first} to {last}"
    together = " with the others of its row" if len(finding.parameter.places) > 1 else ""
    return {
        "value": _rounded(value_at(calibration.world, place)),
        "source": f"fitted{together} to {accounts}; 90 % interval {low:g} to {high:g}, before {before:g}",
        "confidence": "A" if finding.left <= NARROW else "B",
    }


def _rounded(value: float) -> float:
    return 0.0 if value == 0.0 else round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))


def _notes(calibration: Calibration) -> list[Remark]:
    first, last = calibration.period
    check, verdict = calibration.check, calibration.verdict
    values: dict[str, Any] = {"accounts": len(calibration.data), "first": first, "last": last}
    if check and verdict in ("fits", "misses"):
        values |= {"judged": check.judged}
    if check and verdict == "misses":
        values |= {"missed": [measure.name for measure in check.missed]}
    notes = [Remark(f"fitted_{verdict}", values)]
    if calibration.unknown:
        notes.append(Remark("fitted_unknown", {"names": calibration.unknown}))
    return [*notes, Remark("fitted_assumed", {"names": calibration.assumed})]


def _name(path: Path) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", path.stem.lower()).strip("-")[:60]
    return name or "fitted"
