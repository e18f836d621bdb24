"""What a column of a table that is read from a file may be, and which columns a kind of table may have."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

import numpy as np

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
    def expectation(self) -> str:
        """What a value must be, in words, for error messages and docs."""
        if self.kind is Kind.CATEGORY:
            return "one of " + ", ".join(self.values) if self.values else "a name"
        if self.kind is Kind.FLAG:
            return "true or false (1 or 0)"
        if self.kind is Kind.TEXT:
            return "a text that is not empty and not used by another row" if self.unique else "a text"
        if self.kind is Kind.DATE:
            return "a date"
        if self.kind is Kind.HOUR:
            return "a time of day as in 18:30, or hours from 0 to 24"
        if self.kind is Kind.DAYS:
            return f"how many days ago, from 1 to {HISTORY_DAYS}, as in 1 4 9; 0 for none"
        noun = "a whole number" if self.kind is Kind.INTEGER else "a number"
        return f"{noun} from {self.least:,.10g} to {self.most:,.10g}"


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
