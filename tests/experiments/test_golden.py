"""Results of every shipped scenario and policy, as they were before the code was moved into one package.

`python -m tests.experiments.test_golden` records them anew, after a change that is meant to change numbers.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recoup.agents.library import OWN, own_policy
from recoup.experiments.comparison import measures
from recoup.experiments.comparison.rollout import rollout
from recoup.scenarios.schema import load_scenario, scenario_names
from tests import ROOT

FILE = ROOT / "tests" / "golden" / "rollouts.json"
PLANS, SEEDS, ACCOUNTS, DAYS = ("no-contact", "status-quo", "staged", "tiered"), (1, 2), 150, 120


def cases() -> list[str]:
    own = {name: [kind for kind in OWN if own_policy(kind, name).is_file()] for name in scenario_names()}
    return [f"{name}/{policy}" for name in own for policy in (*PLANS, *own[name])]


def results(case: str, seed: int) -> dict[str, Any]:
    name, policy = case.split("/")
    scenario = load_scenario(name)
    run = rollout(scenario, policy, scenario.portfolio(ACCOUNTS, seed), seed, DAYS)
    found = {name: value if np.isfinite(value) else None for name, value in measures.measure_run(run).items()}
    return {
        "measures": found,
        "accounts": sums(run.accounts),
        "status": run.accounts["status"].value_counts().sort_index().to_dict(),
        "stage": run.accounts["stage"].value_counts().sort_index().to_dict(),
        "daily": sums(run.daily),
        "blocked": run.blocked,
        "rules": run.rules,
        "cash_sources": run.payment_attribution,
        "cash_by_account": digest(run.accounts["cash"]),
        "cash_by_day": digest(run.daily["cash"]),
    }


def sums(table: pd.DataFrame) -> dict[str, float]:
    numbers = table.select_dtypes(["number", "bool"])
    return {name: column.sum().item() for name, column in numbers.items()}  # type: ignore[misc]


def digest(column: pd.Series) -> str:
    return hashlib.sha256(column.to_numpy(np.int64).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("case", cases())
def test_results_are_those_on_record(case: str) -> None:
    recorded = json.loads(FILE.read_text(encoding="utf-8"))
    for seed in SEEDS:
        found, expected = results(case, seed), recorded[f"{case}/{seed}"]
        for part, values in expected.items():
            if isinstance(
                values, dict
            ):  # whole numbers exactly; sums of floats to the last digits, which depend on the machine
                assert found[part] == {
                    k: pytest.approx(v, rel=1e-9) if isinstance(v, float) else v for k, v in values.items()
                }, part
            else:
                assert found[part] == values, part


if __name__ == "__main__":
    record = {f"{case}/{seed}": results(case, seed) for case in cases() for seed in SEEDS}
    FILE.write_text(json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
