"""Plan files: their form in YAML (`PlanFile`, `Rule`, `Step`), reading one, and those that come with Recoup.

`docs/plans.md` and `scenarios/plans/template.yaml` say how to write one.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from recoup.agents.contact_cap import ContactCapPerWeek
from recoup.sim.inputs import Document, InputError, Place, choose, first_fault, is_file, parse_yaml, read_yaml
from recoup.sim.treatments import STANDARD, Legal, Vocabulary, Window, names

NOTHING = "nothing"
SPREAD = "spread"
DEFAULT_PRIORITY = 5
MOST_WEIGHT = 20
NAME, NAME_WORDS = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}"), "a short name of lower-case letters, digits and hyphens"


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _known(value: object, kind: list[str]) -> str:
    if not isinstance(value, str) or value not in kind:
        raise ValueError(choose(kind, value))
    return value


def _in_the_world(value: object, kind: Literal["channel", "offer_number"], info: ValidationInfo) -> str:
    """A name of the world's; which one it is a plan made in memory is told where it is compiled."""
    if isinstance(info.context, Vocabulary):
        return _known(value, list(getattr(info.context, kind)))
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(choose(getattr(STANDARD, kind), value))
    return value


def _windows(value: Any) -> Any:
    """A list in order of preference, `[spread]`, or weights by window."""
    if isinstance(value, dict):
        for window, weight in value.items():
            _known(window, names(Window))
            if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MOST_WEIGHT:
                raise ValueError(f"a whole number from 1 to {MOST_WEIGHT} as the weight of each window")
    elif value not in (SPREAD, [SPREAD]):
        for window in _listed(value):
            _known(window, [*names(Window), SPREAD] if isinstance(value, str) else names(Window))
    if not value:
        raise ValueError("at least one window")
    return _listed(value) if not isinstance(value, dict) else value


Names = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
Windows = Annotated[list[str] | dict[str, int], BeforeValidator(_windows)]


class Step(BaseModel):
    """What a rule does: one treatment, or several that differ in window or offer, the preferred ones first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = "none"
    window: Windows = [SPREAD]
    offer: Names = ["none"]
    legal: str = "none"

    @field_validator("channel")
    @classmethod
    def _channel(cls, value: str, info: ValidationInfo) -> str:
        return _in_the_world(value, "channel", info)

    @field_validator("legal")
    @classmethod
    def _legal(cls, value: str) -> str:
        return _known(value, names(Legal))

    @field_validator("offer")
    @classmethod
    def _offers(cls, value: list[str], info: ValidationInfo) -> list[str]:
        return [_in_the_world(offer, "offer_number", info) for offer in value]

    @property
    def spread(self) -> bool:
        """Whether accounts are spread over the windows, rather than all sent to the first that is allowed."""
        return self.window == [SPREAD] or isinstance(self.window, dict)


class Rule(BaseModel):
    """If the conditions of `when` hold (always, without one) and the treatment is allowed, do it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    when: dict[str, Any] | None = None
    do: Step
    priority: Annotated[int, Field(ge=0, le=9, strict=True)] = DEFAULT_PRIORITY

    @model_validator(mode="before")
    @classmethod
    def _nothing(cls, data: Any) -> Any:
        """Read `do: nothing` as a step without parts."""
        return {**data, "do": {}} if isinstance(data, dict) and data.get("do") == NOTHING else data


class PlanFile(BaseModel):
    """A plan as it is written. One made in memory is compiled by `Plan.of`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(max_length=4000)] = ""
    contact_cap_per_week: ContactCapPerWeek = None
    rules: Annotated[list[Rule], Field(min_length=1, max_length=5000)]

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError(NAME_WORDS)
        return value


def shipped_plans() -> list[str]:
    """Names of the plans that come with Recoup."""
    folder = files("recoup.scenarios").joinpath("plans")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def find_plan(name_or_path: str | Path) -> Document:
    """The document of a shipped plan, by name, or of a plan file, by path.

    Raises:
        InputError: no such plan, or a file that is unreadable or no YAML mapping.
    """
    name = str(name_or_path)
    if name in shipped_plans():
        return parse_yaml(
            files("recoup.scenarios").joinpath("plans", f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml"
        )
    if name.endswith((".yaml", ".yml")) or is_file(Path(name)):
        return read_yaml(Path(name))
    raise InputError("plan", "", name, f"a path to a .yaml file or {choose(shipped_plans(), name)}")


def read_plan(document: Document, vocabulary: Vocabulary = STANDARD) -> PlanFile:
    """The plan in a document, its form checked (names, keys, types), not yet its conditions.

    Args:
        document: the file.
        vocabulary: of the world that the plan is for: its channels and offers.

    Raises:
        InputError: naming line, field, value and what was expected.
    """
    rules = document.data.get("rules", [])
    if not isinstance(rules, list) or ("rules" in document.data and not rules):
        raise document.error(("rules",), rules, "a list of at least one rule")
    for number, item in enumerate(rules):
        _read_rule(document, ("rules", number), item, vocabulary)
    try:
        return PlanFile.model_validate(document.data, context=vocabulary)
    except ValidationError as error:
        raise first_fault(error, document, PlanFile) from None


def _read_rule(document: Document, path: Place, item: object, vocabulary: Vocabulary) -> None:
    if not isinstance(item, dict):
        raise document.error(path, item, "a rule: a mapping with `name`, `do`, and perhaps `when` and `priority`")
    step = item.get("do", NOTHING)
    if step != NOTHING and not (isinstance(step, dict) and step):
        raise document.error((*path, "do"), step, "`nothing`, or a mapping with `channel` or `legal`")
    if "when" in item and item["when"] is None:
        raise document.error((*path, "when"), None, "conditions (leave `when` out for «always»)")
    try:
        Rule.model_validate(item, context=vocabulary)
    except ValidationError as error:
        raise first_fault(error, document, Rule, path) from None
