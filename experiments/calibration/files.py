"""What the files of this room hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from recoup.experiments.calibration.parameters import Block
from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Number, some_of
from recoup.sim.inputs import misplaced

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ParameterRow(Content):
    """A parameter on its natural scale; see `findings.Finding`."""

    name: str
    block: Annotated[str, some_of(frozenset(block.value for block in Block))]
    default: Number
    value: Number
    low: Number
    high: Number
    prior_low: Number
    prior_high: Number
    left: Annotated[Number, Field(ge=0)]
    identified: bool


class MeasureRow(Content):
    """A measure of the held-out days; see `held_out.Measure`."""

    name: str
    chances: Count
    recorded: Number
    expected: Number
    low: Number
    high: Number
    missed: bool | None


class CalibrationContent(Content):
    """A scenario fitted to records, and the verdict."""

    scenario: str
    currency: str
    accounts: Count
    contacts: Count
    payments: Count
    first_day: Day
    last_day: Day
    held_out_days: Count
    reads_known: bool
    settled: bool
    parameters: list[ParameterRow]
    unknown: list[str]
    assumed: list[str]
    measures: list[MeasureRow]
    weeks: list[Annotated[list[Number], Field(min_length=4, max_length=4)]]
    fits: bool | None
    missed: list[str]
    verdict: Annotated[str, some_of(("none", "few", "fits", "misses"))]

    @model_validator(mode="after")
    def _verdict_on_measures(self) -> CalibrationContent:
        if self.fits is not None and self.fits == bool(self.missed):
            raise misplaced(("fits",), self.fits, "true where nothing is missed, else false")
        if self.measures and not self.held_out_days:
            raise misplaced(("measures",), len(self.measures), "none, as no days were held out")
        return self


CALIBRATION_FILE = JsonKind("calibration.json", "recoup calibrate", CalibrationContent)
PARAMETERS_PICTURE, MEASURES_PICTURE = "parameters.svg", "measures.svg"
