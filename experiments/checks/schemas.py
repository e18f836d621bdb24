"""JSON Schemas of the files that users write, for editors that check YAML as it is typed, and of results.json, which programs read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from recoup.agents.plans.plan_file import NOTHING, PlanFile
from recoup.experiments.comparison.results import RunResults
from recoup.scenarios.schema import ScenarioFile
from recoup.sim.compliance.rules import RulePack
from recoup.sim.observation import FIELDS
from recoup.sim.portfolio.columnmap import ColumnMap

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario() -> Schema:
    """A scenario may extend another, so nothing is required; each value may stand with its source and confidence."""
    schema = _of(ScenarioFile)
    _without_required(schema)
    for definition in schema["$defs"].values():
        _nullable(definition)
        _sourced(definition)
    _nullable(schema)
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "a shipped scenario's name or a .yaml file whose values hold unless they are given here",
    }
    return schema


def plan() -> Schema:
    """A plan; conditions name observation fields, and `do` may be the word nothing."""
    schema = _of(PlanFile)
    rule, step = schema["$defs"]["Rule"], schema["$defs"]["Step"]
    conditions: Schema = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {field.name: {"description": f"{field.meaning} ({field.unit})"} for field in FIELDS},
    }
    conditions["properties"]["any"] = {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/When"},
        "description": "at least one of the mappings holds in full",
    }
    schema["$defs"]["When"] = conditions
    rule["properties"]["when"] = {"$ref": "#/$defs/When"}
    rule["properties"]["do"] = {"anyOf": [{"$ref": "#/$defs/Step"}, {"const": NOTHING}]}
    names: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    step["properties"]["offer"] = {"anyOf": [{"type": "string"}, names]}
    weights: Schema = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}}
    step["properties"]["window"] = {"anyOf": [{"type": "string"}, names, weights]}
    return schema


def column_map() -> Schema:
    """A column map; a column's name alone stands for a whole mapping."""
    schema = _of(ColumnMap)
    fields = schema["properties"]["fields"]
    fields["additionalProperties"] = {"anyOf": [{"type": "string"}, fields["additionalProperties"]]}
    return schema


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "scenario": scenario,
    "plan": plan,
    "rules": lambda: _of(RulePack),
    "map": column_map,
    "results": lambda: _of(RunResults),
}


def _of(model: type[BaseModel]) -> Schema:
    return {"$schema": _DIALECT, **copy.deepcopy(model.model_json_schema(by_alias=True))}


def _without_required(schema: Schema) -> None:
    for part in (schema, *schema["$defs"].values()):
        part.pop("required", None)


def _nullable(definition: Schema) -> None:
    """Null takes away what the scenario below says."""
    for name, value in definition.get("properties", {}).items():
        if isinstance(value.get("additionalProperties"), dict):
            value["additionalProperties"] = {"anyOf": [value["additionalProperties"], {"type": "null"}]}
        definition["properties"][name] = {"anyOf": [value, {"type": "null"}]}


def _sourced(definition: Schema) -> None:
    """Let a value stand as {value, source, confidence}."""
    for name, value in definition.get("properties", {}).items():
        definition["properties"][name] = {
            "anyOf": [value, _with_source(value)],
            **({"description": value["description"]} if "description" in value else {}),
        }
    more = definition.get("additionalProperties")
    if isinstance(more, dict):  # a number for each channel that a scenario adds
        definition["additionalProperties"] = {"anyOf": [more, _with_source(more)]}


def _with_source(value: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["value"],
        "properties": {
            "value": value,
            "source": {"type": "string"},
            "confidence": {"enum": ["A", "B", "C"]},
        },
    }
