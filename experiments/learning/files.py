"""What the files of this room hold: checkpoints, progress, and the policies of several training seeds."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Number, Seed
from recoup.experiments.runs.runfolder import SETTINGS
from recoup.sim.inputs import misplaced

Parts = dict[str, Number | dict[str, Number]]  # of a score; of a family's, at each of its prices


class Begun(Content):
    """run.json of a training: its settings, of which the scenario is read again."""

    model_config = ConfigDict(extra="ignore", strict=True)

    scenario: str


SETTINGS_FILE = JsonKind(SETTINGS, "recoup train", Begun)


class LimitState(Content):
    """Price and running mean of the usage of one limit; null before anything was used."""

    price: Number
    usage: Number | None


class TrainingProgress(Content):
    """How far a training has come: account-days, those asked for, rollouts, its limits, the best score of a validation so far."""

    steps: Count
    asked: Count
    rollouts: Count
    limits: dict[str, LimitState]
    best: Number | None


class CohortsState(Content):
    """The cohorts' generators and where each began, which those themselves check; what finished cohorts recovered, and when."""

    generator: dict[str, Any]
    drawn_from: list[dict[str, Any]]
    origins: list[Any]
    recovered: list[Number]
    times: list[Number]


class Checkpoint(Content):
    """state.json in checkpoint.zip: progress, cohorts, and the states of random generators, which those themselves check."""

    progress: TrainingProgress
    simulations: CohortsState
    numpy: dict[str, Any]
    actions: dict[str, Any]


class ProgressLine(Content):
    """A line of progress.jsonl, of what is shown while the training runs; null where nothing is known yet."""

    model_config = ConfigDict(extra="ignore", strict=True)

    steps: Count
    recovery: Number | None
    days: Number | None
    recovery_baseline: Number
    days_baseline: Number

    @model_validator(mode="after")
    def _known_together(self) -> ProgressLine:
        if (self.recovery is None) != (self.days is None):
            raise misplaced(("days",), self.days, "a number where recovery is one, else null")
        return self


def progress_line(text: str) -> dict[str, Any] | None:
    """A line of progress.jsonl; None where it is not one."""
    try:
        line: dict[str, Any] = json.loads(text)
        ProgressLine.model_validate(line)
    except (ValueError, RecursionError):  # broken JSON, and pydantic's
        return None
    return line


class Chosen(Content):
    """What a card says of the validation of its policy; besides, the parts of the score."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: Parts

    steps: Count
    score: Number
    baseline: dict[str, Number]


class _Command(Content):
    model_config = ConfigDict(extra="ignore", strict=True)

    command: str


class _Validated(_Command):
    chosen: Chosen


class OriginCard(Content):
    """A card, of which it is asked where the policy comes from; the rest of it is read with the policy."""

    model_config = ConfigDict(extra="ignore", strict=True)

    training: _Command


class ValidatedCard(OriginCard):
    """The card of a policy that a training has just left: how it did in the validation as well."""

    training: _Validated


ORIGIN_CARD = JsonKind("policy.json", "recoup train", OriginCard)
VALIDATED_CARD = JsonKind("policy.json", "recoup train", ValidatedCard)


def _within(policy: str) -> str:
    if PurePosixPath(policy).is_absolute() or ".." in PurePosixPath(policy).parts:
        raise ValueError("a file within the folder of the run")
    return policy


class TrainedSeedRow(Content):
    """The policy of one training seed; see `trained_seeds.TrainedSeed`."""

    seed: Seed
    policy: Annotated[str, AfterValidator(_within)]
    steps: Count
    score: Number
    parts: Parts


class TrainingSeeds(Content):
    """training-seeds.json: a policy a seed, and which one was chosen."""

    command: str
    chosen: Seed
    baseline: dict[str, Number]
    seeds: list[TrainedSeedRow] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_is_chosen(self) -> TrainingSeeds:
        seeds = [row.seed for row in self.seeds]
        if self.chosen not in seeds:
            raise misplaced(("chosen",), self.chosen, f"one of {', '.join(map(str, seeds))}")
        for number, seed in enumerate(seeds):
            if seed in seeds[:number]:
                raise misplaced(("seeds", number, "seed"), seed, "every seed once")
        return self


TRAINING_SEEDS_FILE = JsonKind("training-seeds.json", "recoup train --training-seeds", TrainingSeeds)
