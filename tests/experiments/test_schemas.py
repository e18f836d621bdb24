"""The schemas accept every shipped file and notice slips."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest

from recoup.experiments.checks.schemas import SCHEMAS
from recoup.scenarios.schema import ROOT
from recoup.sim.inputs import read_yaml

jsonschema = pytest.importorskip("jsonschema")

FILES = {
    "scenario": sorted(ROOT.glob("*.yaml")),
    "plan": sorted((ROOT / "plans").glob("*.yaml")),
    "rules": sorted((ROOT / "rules").glob("*.yaml")),
    "map": sorted((ROOT / "maps").glob("*.yaml")),
}


def _json(value: Any) -> Any:
    """As an editor sees the YAML: dates are strings."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


@pytest.mark.parametrize("kind", FILES)
def test_shipped_files_are_valid(kind: str) -> None:
    schema = SCHEMAS[kind]()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert FILES[kind]
    for file in FILES[kind]:
        jsonschema.validate(_json(read_yaml(file).data), schema)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("scenario", {"world": {"annual_rat": 0.2}}),
        ("scenario", {"world": {"annual_rate": 7}}),
        ("scenario", {"world": {"annual_rate": {"value": 0.1, "sauce": "x"}}}),
        ("plan", {"rules": [{"name": "a", "when": {"dpdd": 3}, "do": "nothing"}]}),
        ("plan", {"rules": [{"name": "a", "do": {"chanel": "sms"}}]}),
        ("rules", {"rules": [{"id": "x", "kind": "no_such_kind"}]}),
    ],
)
def test_slips_are_invalid(kind: str, change: dict[str, Any]) -> None:
    data = {**copy.deepcopy(_json(read_yaml(FILES[kind][0]).data)), **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMAS[kind]())
