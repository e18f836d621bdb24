"""What a column of a table that is read from a file may be, and which columns a kind of table may have."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

import numpy as np

from recoup.sim.remarks import Remark

Role = Literal["visible", "hidden", "protected", "key", "state"]
HISTORY_DAYS = 31  # that an account's histories of contacts go back


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"
    DATE = "date"  # a day, or a moment of it
    HOUR = "hour"  # of a day, as a number: 18.5 is half past six
    DAYS = "days"  # several days, each as so many days ago: bit n of a number is n days ago


@dataclass(frozen=True)
class Field:
    """One column of a table that is read from a file: of the debtor table, or of a log.

    Attributes:
        name, kind, unit, role, meaning: as documents and messages give them.
        least, most: bounds of a number.
        values: what a category may be; () = any name.
        required: a file must have it, with a value in every row.
        unique: no two rows may have the same.
    """

    name: str
    kind: Kind
    unit: str
    role: Role
    meaning: str
    least: float = -np.inf
    most: float = np.inf
    values: tuple[str, ...] = ()
    required: bool = False
    unique: bool = False

    @property
    def expectation(self) -> Remark:
        """What a value must be."""
        if self.kind is Kind.CATEGORY:
            return Remark("one_of", {"names": list(self.values)}) if self.values else Remark("name")
        if self.kind is Kind.TEXT:
            return Remark("own_text" if self.unique else "text")
        if self.kind is Kind.DAYS:
            return Remark("days_ago", {"most": HISTORY_DAYS})
        if self.kind in (Kind.FLAG, Kind.DATE, Kind.HOUR):
            return Remark(self.kind.value)
        noun = "whole" if self.kind is Kind.INTEGER else "number"
        return Remark(noun, {"least": float(self.least), "most": float(self.most)})


@dataclass(frozen=True)
class Registry:
    """The fields that one kind of table may have.

    Attributes:
        name: as a column map's `for` says it.
        title: what one row is, in words.
        fields: in the order in which they are listed.
        repeats: several rows may be of one account, and the same.
        either: fields of which a table must have one; the first is the usual one.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    repeats: bool = True
    either: tuple[str, ...] = ()

    @property
    def field(self) -> dict[str, Field]:
        """Fields by name."""
        return {one.name: one for one in self.fields}

    def lacking(self, there: Container[str]) -> list[Field]:
        """What must be in a table and is not: required fields, and the usual one of `either` where it has none of them.

        Args:
            there: names of the fields that it has.
        """
        wanted = [] if any(name in there for name in self.either) else self.either[:1]
        return [one for one in self.fields if (one.required or one.name in wanted) and one.name not in there]

    def naming(self, values: Mapping[str, Sequence[str]]) -> Registry:
        """The same with other values of its categories, as a scenario has other products and channels.

        Args:
            values: by name of the field.
        """
        fields = [replace(one, values=tuple(values[one.name])) if one.name in values else one for one in self.fields]
        return replace(self, fields=tuple(fields))
