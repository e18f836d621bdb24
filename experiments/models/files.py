"""What the files of this room hold: the model itself, and its card."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from recoup.experiments.comparison.protected_groups import ATTRIBUTES
from recoup.experiments.models.features import WINDOWS
from recoup.experiments.models.predictor import Predictor
from recoup.experiments.models.training_table import SCORE_NAME, Kind
from recoup.experiments.models.uplift import Refusal
from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Known, Number, Share, exactly, some_of
from recoup.sim.inputs import misplaced
from recoup.sim.remarks import NoteContent

KindName = Annotated[str, some_of(tuple(kind.value for kind in Kind))]
ScoreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]


class Model(Content):
    """model.json: what a folder's model computes, from which features."""

    kind: KindName
    horizon: Annotated[int, Field(ge=1, le=3650)]
    share: Share
    window_ends: list[Annotated[Number, Field(ge=0, le=24)]]
    features: Annotated[list[str], Field(min_length=1, max_length=1000)]
    scores: dict[ScoreName, Predictor]

    @model_validator(mode="after")
    def _asks_for_known_features(self) -> Model:
        if self.kind == Kind.CALL_TIME and (
            len(self.window_ends) != len(WINDOWS) or self.window_ends != sorted(self.window_ends)
        ):
            raise misplaced(("window_ends",), self.window_ends, f"{len(WINDOWS)} hours, rising")
        if self.kind != Kind.UPLIFT and list(self.scores) != [SCORE_NAME[Kind(self.kind)]]:
            raise misplaced(("scores",), list(self.scores), f"one score, {SCORE_NAME[Kind(self.kind)]}")
        for predictor in self.scores.values():
            predictor.check(len(self.features))
        return self


class Discrimination(Content):
    """How well cases are told from others."""

    auc: Known
    gini: Known
    ks: Known


class CalibrationTenth(Content):
    """Probability and outcome of a tenth of the rows."""

    rows: Count
    said: Share
    observed: Share
    low: Share
    high: Share


class Period(Content):
    """One of the two periods: the fit's is judged by models that never saw the account, the next by the model itself."""

    first: Day
    last: Day
    rows: Count
    cases: Count
    said: Share
    observed: Share
    discrimination: Discrimination
    calibration_error: Share
    calibration: Annotated[list[CalibrationTenth], Field(min_length=1)]


class Drift(Content):
    """Population stability indices between the periods."""

    score: Annotated[Number, Field(ge=0)]
    features: dict[str, Annotated[Number, Field(ge=0)]]


class GroupQuality(Content):
    """A protected group in the later period."""

    group: str
    accounts: Count
    rows: Count
    auc: Share | None
    said: Share
    observed: Share
    gap: Known
    selected: Share
    ratio: Annotated[Number, Field(ge=0)] | None
    unequal: bool


class ScoreCard(Content):
    """What is known of a score."""

    model: str
    losses: dict[str, Annotated[Number, Field(ge=0)]]
    fit: Period
    test: Period
    drift: Drift
    importance: dict[str, Number]
    fairness: Annotated[dict[str, list[GroupQuality]], exactly(ATTRIBUTES)]


class CallTime(Content):
    """Calls in a window on a weekday (0 = Monday) of the later period: how many were reached, and what the model said."""

    window: Annotated[str, some_of(WINDOWS)]
    weekday: Annotated[int, Field(ge=0, le=6)]
    calls: Count
    reached: Share
    said: Share


class EffectTenth(Content):
    """Effect in a tenth of the rows by foretold effect, currency per account."""

    said: Number
    mean: Number
    low: Number
    high: Number


class TreatmentEffect(Content):
    """Effect of a treatment, currency per account; null where refused."""

    treatment: str
    treated: Count
    untreated: Count
    effective_sample: Annotated[Number, Field(ge=0)]
    comparable_share: Share
    refusal: Annotated[str, some_of(tuple(reason.value for reason in Refusal))] | None
    effect: Known | None
    tenths: list[EffectTenth]
    curve: list[Number]
    qini: Number | None

    @model_validator(mode="after")
    def _estimated_or_refused(self) -> TreatmentEffect:
        if (self.effect is None) == (self.refusal is None):
            raise misplaced(("effect",), None, "an effect, or a refusal")
        if self.effect is not None and not (self.tenths and self.curve and self.qini is not None):
            raise misplaced(("tenths",), len(self.tenths), "tenths, curve and qini beside an effect")
        return self


class Card(Content):
    """card.json: where a model comes from and how good it is."""

    kind: KindName
    meaning: str
    horizon: Count
    share: Share
    portfolio: str
    accounts: Count
    first: Day
    last: Day
    split: Day | None
    notes: list[NoteContent]
    score_names: list[ScoreName]
    recoup: str
    score: ScoreCard | None
    calls: list[CallTime]
    effects: list[TreatmentEffect]

    @model_validator(mode="after")
    def _of_its_kind(self) -> Card:
        if (self.score is None) != (self.kind == Kind.UPLIFT):
            raise misplaced(("score",), None, "figures of a score, but for uplift")
        return self


MODEL_FILE = JsonKind("model.json", "recoup model fit", Model)
CARD_FILE = JsonKind("card.json", "recoup model fit", Card)
