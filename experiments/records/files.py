"""What the files of this room hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Number
from recoup.sim.remarks import RemarkContent

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class SimulatedRecords(Content):
    """Where simulated records come from; days as dates, both of them in the logs."""

    scenario: str
    policy: str
    explore: Annotated[Number, Field(ge=0, le=1)]
    towards: list[str]
    seed: Count
    accounts: Count
    first_day: Day
    last_day: Day


RECORDS_FILE = JsonKind("records.json", "recoup records simulate", SimulatedRecords)


class Untold(Content):
    """What no log tells of the accounts on a day, and of how many it is not known."""

    as_of: Day
    unknown: list[RemarkContent]
    fresh: dict[str, Count]


UNKNOWN_FILE = JsonKind("unknown.json", "recoup portfolio state", Untold)
