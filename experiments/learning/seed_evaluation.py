"""What a training gives, whichever its seed: the policies of several training seeds on evaluation seeds, beside a baseline.

All of them meet in a comparison (`comparison.compare`), whose run folder keeps its parts; the figures here are taken from those.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.interquartile import (
    Scores,
    over_both_seeds,
    over_evaluation_seeds,
    probability_of_improvement,
)
from recoup.experiments.comparison.measures import MEASURE, REGISTRY
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.learning.files import ORIGIN_CARD, SETTINGS_FILE
from recoup.experiments.learning.settings import SeedEvaluation
from recoup.experiments.learning.trained_seeds import best_of, read_trained
from recoup.experiments.runs.runfolder import write_json
from recoup.experiments.runs.workers import Workers

SEED_EVALUATION = "seed_evaluation.json"
MEASURES = (
    "recovery_rate",
    "net_recovery_rate",
    "npv_rate",
    "time_to_recover_days",
    "complaints_per_1000",
    "contacts_per_debtor",
)


def evaluation_of(evaluation: SeedEvaluation, folder: Path) -> Comparison:
    """The comparison that evaluates the policies of a training: the baseline first, then one policy a seed, `seed-1` and so on.

    Args:
        evaluation: scenario, baseline, seeds and accounts.
        folder: that `recoup train --training-seeds` has finished.

    Raises:
        InputError: the folder holds no such training.
    """
    trained = read_trained(folder)
    return Comparison(
        scenario=evaluation.scenario or SETTINGS_FILE.read(folder)["scenario"],
        policies=(evaluation.baseline, *(f"seed-{one.seed}={folder / one.policy}" for one in trained)),
        seeds=evaluation.seeds,
        first_seed=evaluation.first_seed,
        accounts=evaluation.accounts,
        events=False,
    )


def evaluate_seeds(
    evaluation: SeedEvaluation,
    folder: Path,
    out: Path,
    workers: Workers = 1,
    resume: bool = False,
    command: str = "",
    on_part: Callable[[str, int], None] | None = None,
) -> dict[str, Any]:
    """Evaluate the policies of a training beside the baseline, on the same evaluation seeds.

    Args:
        evaluation: scenario, baseline, seeds and accounts.
        folder: that `recoup train --training-seeds` has finished.
        out, workers, resume, command, on_part: as `folder` and so on of `compare`.

    Returns:
        The content of `seed_evaluation.json`, written into `out`. By measure: `means`, by training seed; `interquartile_mean` over all runs, with
        limits over both seeds, and `of_these`, the same with limits over the evaluation seeds alone (`comparison.interquartile`);
        `baseline`, its interquartile mean, and `difference`, that of the differences to it, paired by evaluation seed;
        `probability_of_improvement` over it. `validation`: the scores by training seed; `chosen`: the best one's seed.

    Raises:
        InputError: the folder holds no such training; or as `compare`.
        KeyboardInterrupt, WorkerLost: as `compare`.
    """
    trained = read_trained(folder)
    results = compare(evaluation_of(evaluation, folder), out, workers, resume, command, on_part)
    run = Run(out)
    baseline, *policies = run.names
    found = {
        "command": command,
        "training": ORIGIN_CARD.read_file(folder / trained[0].policy)["training"]["command"],
        "scenario": results["scenario"],
        "title": results["title"],
        "baseline": baseline,
        "training_seeds": [one.seed for one in trained],
        "validation": {str(one.seed): one.score for one in trained},
        "chosen": best_of(trained).seed,
        "seeds": results["seeds"],
        "accounts": results["portfolio"]["accounts"],
        "days": results["days"],
        "measures": {
            name: _figures(
                name,
                np.array([_scores(run, policy, name) for policy in policies]),
                np.array(_scores(run, baseline, name)),
                [one.seed for one in trained],
            )
            for name in MEASURES
        },
        "versions": results["versions"],
    }
    write_json(out / SEED_EVALUATION, found)
    return found


def _scores(run: Run, policy: str, measure: str) -> list[float]:
    kind = "measures" if measure in MEASURE else "welfare"
    return [part[kind][measure] for part in run.parts(policy)]


def _figures(name: str, scores: Scores, baseline: Scores, training_seeds: list[int]) -> dict[str, Any]:
    return {
        "means": dict(zip(map(str, training_seeds), scores.mean(axis=1).tolist(), strict=True)),
        "interquartile_mean": over_both_seeds(scores),
        "of_these": over_evaluation_seeds(scores),
        "baseline": over_evaluation_seeds(baseline[None]),
        "difference": over_both_seeds(scores - baseline),
        "probability_of_improvement": probability_of_improvement(scores, baseline, REGISTRY[name].better),
    }
