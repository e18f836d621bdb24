"""What the report leaves in a run folder beside its pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recoup.experiments.runs.file_kinds import Content, JsonKind

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class AskedFields(Content):
    """What a reader has asked of the report beside what the run holds, the latest of each (`decision.Asked`); null = never asked."""

    champion: str | None = None
    change_cost: NotNegative | None = None
    accounts: Annotated[int, Field(ge=1)] | None = None
    inflow: NotNegative | None = None


ASKED_FILE = JsonKind("asked.json", "recoup report", AskedFields)
