"""What the files of this room hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from recoup.experiments.backtest.backtest import Verdict
from recoup.experiments.records.recorded_measures import FAMILIES
from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Number, some_of
from recoup.sim.inputs import misplaced
from recoup.sim.remarks import NoteContent


class Span(Content):
    """A value, and where it lies; null = not known."""

    mean: Number | None
    low: Number | None
    high: Number | None


class BacktestRow(Content):
    """A measure as recorded (95 % bootstrap interval over accounts) and as simulated (95 % prediction interval over seeds)."""

    measure: str
    family: Annotated[str, some_of(frozenset(FAMILIES))]
    part: str
    month: Count
    judged: bool
    recorded: Span
    simulated: Span
    difference: Number | None
    half_width: Number | None
    verdict: Annotated[str, some_of(frozenset(verdict.value for verdict in Verdict))]


class BacktestGroup(Content):
    """The measures of the accounts of a tier, or of a bucket of days past due."""

    group: str
    accounts: Count
    measures: list[BacktestRow]


class Replayed(Content):
    """How many contacts and legal steps of the log the menu has as they were, nearly, and not at all."""

    exact: Count
    near: Count
    without: Count


class BacktestContent(Content):
    """Recorded months beside the same months simulated; `policy` is null where the log's treatments were replayed."""

    scenario: str
    policy: str | None
    currency: str
    first_day: str
    last_day: str
    accounts: Count
    seeds: list[Count]
    tolerance: Annotated[Number, Field(gt=0)]
    level: Annotated[Number, Field(gt=0, lt=1)]
    unknown: list[NoteContent]
    drawn: dict[str, Count]
    replayed: Replayed | None
    p: Annotated[Number, Field(ge=0, le=1)]
    least_p: Annotated[Number, Field(ge=0, le=1)]
    verdict: Annotated[str, some_of(("differs", "fits", "says_little"))]
    treatments_p: Annotated[Number, Field(ge=0, le=1)] | None
    farthest: list[str]
    measures: list[BacktestRow]
    groups: list[BacktestGroup]

    @model_validator(mode="after")
    def _decided_by_one(self) -> BacktestContent:
        if (self.policy is None) == (self.replayed is None):
            raise misplaced(("policy",), self.policy, "a policy, or null where the log was replayed")
        return self


BACKTEST_FILE = JsonKind("backtest.json", "recoup backtest", BacktestContent)
