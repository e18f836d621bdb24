"""What the finished parts of `recoup index` hold, from which `--resume` goes on: the outlook's network, and a cohort's deviations."""

from __future__ import annotations

from recoup.agents import features
from recoup.agents.index import network
from recoup.agents.index.index_policy import OUTCOMES
from recoup.agents.training.hidden_state import HIDDEN_SIZE
from recoup.experiments.runs.file_kinds import Array, ArraysKind
from recoup.sim.observation import FIELDS

COMMAND = "recoup index"


def outlook_file(size: int = features.SIZE) -> ArraysKind:
    """outlook.npz: one network, from visible and hidden state to outcomes.

    Args:
        size: how many features the scenario has.
    """
    shapes = network.shapes(size + HIDDEN_SIZE, len(OUTCOMES), members=1)
    return ArraysKind(COMMAND, {name: Array("float32", shape) for name, shape in shapes.items()})


def deviations_file(treatments: int, cohort: int) -> ArraysKind:
    """deviations/N.npz: the attributes of `Deviations`, a row a deviation.

    Args:
        treatments: of the menu.
        cohort: its seed.
    """
    rows, chosen = (None,), Array("int64", (None,), 0, treatments - 1)
    arrays = {
        "observations": Array("float32", (None, len(FIELDS))),
        "treatments": chosen,
        "base": chosen,
        "propensities": Array("float32", rows, 0.0, 1.0),
        "changes": Array("float32", (None, len(OUTCOMES))),
        "reached": Array("bool", rows, 0, 1),
        "cohorts": Array("int64", rows, cohort, cohort),
    }
    return ArraysKind(COMMAND, arrays)
