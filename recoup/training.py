"""Training a policy from Python: what `recoup train` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recoup.agents.policy import Policy
from recoup.agents.price_family import PriceFamily


def train(
    scenario: str | Path, *, out: str | Path | None = None, resume: bool = False, **settings: Any
) -> Policy | PriceFamily:
    """Train a policy on a scenario, within the cost, complaints and contacts of a baseline plan. Needs `pip install "recoup[learn]"`.

    Args:
        scenario: a shipped scenario's name, or the path of a scenario file.
        out: folder, new; None = `runs/train-SCENARIO-TIME`. It holds the policy (`policy.json`, `policy.safetensors`) from the first
            checkpoint on.
        resume: go on from the latest checkpoint in `out`.
        settings: `steps`, `seed`, `algorithm`, `warm_start`, `baseline` and the other attributes of
            `recoup.experiments.learning.settings.Training`.

    Returns:
        The best policy so far by validation; `compare` takes it as it is, or by the path of its file. With `price_family=True` a
        family of policies, of which `at(prices)` gives one.

    Raises:
        InputError: a wrong scenario, plan, algorithm, setting or folder, or the learning extra is not installed.
        TypeError: a setting of another name.

    Example:
        >>> import recoup
        >>> policy = recoup.train("china-consumer", steps=2_000_000, seed=3)  # doctest: +SKIP
        >>> recoup.compare("china-consumer", ["staged", policy])  # doctest: +SKIP
    """
    from recoup.experiments.learning.settings import Training
    from recoup.experiments.runs.extras import needs_extra

    needs_extra("learn", "torch", "stable_baselines3", "sb3_contrib")
    from recoup.experiments.learning.training import train as run
    from recoup.experiments.runs.runfolder import new_run_folder

    folder = Path(out) if out is not None else new_run_folder(f"train-{Path(str(scenario)).stem}")
    return run(
        Training(scenario=str(scenario), **settings), folder, resume, command=f"recoup.train({str(scenario)!r}, …)"
    )
