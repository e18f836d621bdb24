"""What the files of this room hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from recoup.experiments.evidence.estimators import Estimator
from recoup.experiments.evidence.threshold import OUTCOMES
from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Known, Number, some_of
from recoup.sim.inputs import misplaced
from recoup.sim.remarks import RemarkContent


class TreatmentRow(Content):
    """A treatment that the policy chooses, and how often the log agrees."""

    treatment: str
    chosen: Count
    agreed: Count
    supported: Annotated[Number, Field(ge=0)]


class Estimate(Content):
    """One way to estimate: the policy's value, and its gain over the log's own decisions; currency per account."""

    estimator: Annotated[str, some_of(frozenset(name.value for name in Estimator))]
    title: str
    value: Known
    gain: Known


class PolicyEvaluation(Content):
    """What a log of decisions says of a policy; no estimates where it refuses."""

    policy: str
    scenario: str
    currency: str
    accounts: Count
    left_out: Count
    decisions: Annotated[int, Field(ge=1)]
    propensities: Annotated[str, some_of(("recorded", "estimated"))]
    effective_sample: list[Annotated[Number, Field(ge=0)]]
    mean_weight: Annotated[Number, Field(ge=0)]
    supported_share: Annotated[Number, Field(ge=0)]
    treatments: list[TreatmentRow]
    refusal: RemarkContent | None
    estimates: list[Estimate]

    @model_validator(mode="after")
    def _estimated_or_refused(self) -> PolicyEvaluation:
        if bool(self.estimates) == (self.refusal is not None):
            raise misplaced(("estimates",), len(self.estimates), "estimates, or a refusal")
        if len(self.effective_sample) != self.decisions:
            raise misplaced(("effective_sample",), len(self.effective_sample), f"{self.decisions} numbers")
        return self


class JumpContent(Content):
    """By how much something jumps at a cut-off; `corrected` with its interval is less its bias."""

    cut: Number
    bandwidth: Annotated[Number, Field(gt=0)]
    narrow: Annotated[Number, Field(gt=0)]
    below: Count
    above: Count
    estimate: Number
    corrected: Number
    error: Annotated[Number, Field(ge=0)]
    low: Number
    high: Number
    p: Annotated[Number, Field(ge=0, le=1)]


class AtBandwidth(Content):
    """The effect at so many times the bandwidth; null = too few accounts."""

    factor: Annotated[Number, Field(gt=0)]
    effect: JumpContent | None


class PlaceboOutcome(Content):
    """A field that was known before, and that should not jump."""

    field: str
    effect: JumpContent


class DensityContent(Content):
    """McCrary's test; the log is null where one side is empty."""

    log_jump: Number | None
    error: Annotated[Number, Field(ge=0)]
    p: Annotated[Number, Field(ge=0, le=1)]


class Discontinuity(Content):
    """The effect at a score's threshold, with its checks."""

    score: str
    threshold: Number
    outcome: Annotated[str, some_of(OUTCOMES)]
    treatment: str | None
    currency: str
    days: Annotated[int, Field(ge=1)]
    accounts: Count
    without_score: Count
    effect: JumpContent | None
    first_stage: JumpContent | None
    of_treated: JumpContent | None
    bandwidths: list[AtBandwidth]
    density: DensityContent | None
    placebo_cuts: list[JumpContent]
    placebo_outcomes: list[PlaceboOutcome]
    doubts: list[RemarkContent]
    refusal: RemarkContent | None

    @model_validator(mode="after")
    def _estimated_or_refused(self) -> Discontinuity:
        if (self.effect is None) == (self.refusal is None):
            raise misplaced(("effect",), None, "an effect, or a refusal")
        return self


EVALUATION_FILE = JsonKind("evaluation.json", "recoup evaluate", PolicyEvaluation)
OVERLAP = "overlap.svg"
DISCONTINUITY_FILE = JsonKind("discontinuity.json", "recoup discontinuity", Discontinuity)
