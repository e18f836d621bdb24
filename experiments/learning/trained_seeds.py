"""What a training that was repeated under several seeds has left: a policy a seed with its validation score, and which one was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recoup.experiments.runs.runfolder import read_json, write_json
from recoup.sim.inputs import InputError

TRAINING_SEEDS = "training-seeds.json"


@dataclass(frozen=True)
class TrainedSeed:
    """The policy of one training seed.

    Attributes:
        seed: of the training.
        policy: its file, within the folder of the run.
        steps: account-days after which it was kept.
        score: on the validation portfolios, which are the same for every seed; higher is better.
        parts: what the score is made of (`cohorts.PARTS`), means over the validation portfolios.
    """

    seed: int
    policy: str
    steps: int
    score: float
    parts: dict[str, float]

    @classmethod
    def of(cls, seed: int, policy: str, chosen: dict[str, Any]) -> TrainedSeed:
        """From what the policy's card says of its validation (`training.chosen`)."""
        parts = {name: value for name, value in chosen.items() if name not in ("steps", "score", "baseline")}
        return cls(seed, policy, chosen["steps"], chosen["score"], parts)


def best_of(trained: Sequence[TrainedSeed]) -> TrainedSeed:
    """The one with the highest validation score; of equal ones the first."""
    return max(trained, key=lambda one: one.score)


def write_trained(folder: Path, trained: Sequence[TrainedSeed], baseline: dict[str, float], command: str) -> None:
    """Write `training-seeds.json`.

    Args:
        folder: of the run.
        trained: in the order of their seeds.
        baseline: the parts of the plan to beat on the validation portfolios.
        command: what the user typed.
    """
    write_json(
        folder / TRAINING_SEEDS,
        {
            "command": command,
            "chosen": best_of(trained).seed,
            "baseline": baseline,
            "seeds": [asdict(one) for one in trained],
        },
    )


def read_trained(folder: Path) -> list[TrainedSeed]:
    """The policies of a finished run, in the order of their seeds.

    Raises:
        InputError: the folder holds none.
    """
    path = folder / TRAINING_SEEDS
    if not path.is_file():
        raise InputError(path, "", "no such file", "a folder that `recoup train --training-seeds` has finished")
    try:
        return [TrainedSeed(**row) for row in read_json(path)["seeds"]]
    except (KeyError, TypeError):
        raise InputError(path, "seeds", "other content", "what `recoup train --training-seeds` has written") from None
