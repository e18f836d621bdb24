"""Parts of the files that people write, as pydantic reads them strictly; and the plain types of their numbers."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recoup.sim.inputs import misplaced

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Effect = Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=100_000)]


def _kinds(hint: Any) -> set[Any]:
    """The plain types that a type hint is made of."""
    if get_origin(hint) is Annotated:
        return _kinds(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return set()
    inner = get_args(hint)
    return set().union(*map(_kinds, inner)) if inner else {hint}


def _is_date(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is not None


class Section(BaseModel):
    """A part of a file that people write: immutable, its numbers and dates read as YAML wrote them.

    Unknown names and values out of range are a pydantic `ValidationError`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, data: Any) -> Any:
        """Pydantic alone would take true for 1, and a number or a word (infinity) for a date."""
        for name, field in cls.model_fields.items() if isinstance(data, dict) else ():
            written = field.alias or name
            if written not in data:
                continue
            value, kinds = data[written], _kinds(field.annotation)
            inner = (
                list(value.values())
                if isinstance(value, dict)
                else value
                if isinstance(value, list | tuple)
                else [value]
            )
            if kinds & {int, float} and bool not in kinds and any(isinstance(item, bool) for item in inner):
                raise misplaced((written,), value, "a number, not true or false")
            if date in kinds and not all(item is None or isinstance(item, date) or _is_date(item) for item in inner):
                raise misplaced((written,), value, "a date, as in 2025-03-31")
        return data


class ScenarioSection(Section):
    """A section of a scenario file."""
