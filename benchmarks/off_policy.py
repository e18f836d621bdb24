"""How good are estimates from logs? Each against the true value, which only a simulator has; repetitions are new portfolios and worlds.

    python benchmarks/off_policy.py --repetitions 20

Prints a table as in docs/how-to/evaluate.md. A log is of 1,000 accounts over 7 days; the truth is the mean of runs in which the policy treats
everybody, on the logs' own accounts and random numbers (bias is paired with them) and on as many others.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.repeated import add_rows, by_case, markdown
from recoup.agents.library import load_policy
from recoup.experiments.evidence.estimators import TITLES, Estimator
from recoup.experiments.evidence.evaluation import evaluate
from recoup.experiments.evidence.exploration import simulate_log, true_value
from recoup.scenarios.schema import load_scenario

ACCOUNTS, DAYS, SCENARIO = 1000, 7, "china-consumer"
# Who decides, with which probability whose choice is taken instead, and who is evaluated.
CASES = (
    ("staged", 0.7, "tiered", "tiered"),
    ("staged", 0.3, "tiered", "staged"),
    ("status-quo", 0.7, "simple", "simple"),
)


def measure(repetition: int) -> list[dict[str, object]]:
    scenario, rows = load_scenario(SCENARIO), []
    for base, explore, towards, target in CASES:
        seed = 1 + repetition
        portfolio = scenario.portfolio(ACCOUNTS, seed)
        row: dict[str, object] = {
            "case": f"{target} from {base}, {explore:.0%} {towards}",
            "true": true_value(scenario, target, portfolio, seed, DAYS),
            "other": true_value(scenario, target, scenario.portfolio(ACCOUNTS, 10_000 + seed), 10_000 + seed, DAYS),
        }
        log = simulate_log(scenario, base, portfolio, seed, DAYS, explore, [towards])
        policy = load_policy(target, scenario.name, scenario.world)
        found = evaluate(log, policy, DAYS, least_sample=50)
        row |= {"sample": float(found.support.sample[-1]), "refusal": found.refusal, "estimates": found.estimates}
        rows.append(row)
    base, explore, towards, target = CASES[0]
    log = simulate_log(scenario, base, scenario.portfolio(ACCOUNTS, seed), seed, DAYS, explore, [towards])
    found = evaluate(
        dataclasses.replace(log, propensities=None),
        load_policy(target, scenario.name, scenario.world),
        DAYS,
        least_sample=50,
    )
    row = {"case": f"{rows[0]['case']}, propensities estimated", "true": rows[0]["true"], "other": rows[0]["other"]}
    row |= {"sample": float(found.support.sample[-1]), "refusal": found.refusal, "estimates": found.estimates}
    rows.append(row | {"weight": found.support.weight.mean})
    unexplored = simulate_log(scenario, base, scenario.portfolio(ACCOUNTS, seed), seed, DAYS, 0.0)
    found = evaluate(unexplored, load_policy(target, scenario.name, scenario.world), DAYS, least_sample=50)
    rows.append(
        {"case": f"{target} from {base}, no exploration", "refusal": found.refusal, "weight": found.support.weight.mean}
    )
    return rows


def table(rows: list[dict]) -> str:  # type: ignore[type-arg]
    heads = ["policy, log", "estimator", "truth", "bias", "RMSE", "coverage of 95 %", "width"]
    lines = []
    for case, of in by_case(rows).items():
        done = [row for row in of if row.get("estimates")]
        refused = len(of) - len(done)
        if not done:
            weight = np.mean([row["weight"] for row in of])
            lines.append([case, f"refused {refused} of {len(of)} times (mean weight {weight:.2f})"])
            continue
        truth = np.mean([[row["true"], row["other"]] for row in of])
        sample = np.mean([row["sample"] for row in done])
        for name in Estimator:
            values = [row["estimates"][name]["value"] for row in done]
            means = np.array([value["mean"] for value in values])
            gaps = means - [row["true"] for row in done]
            error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else float("nan")
            covered = np.mean([value["low"] <= truth <= value["high"] for value in values])
            width = np.mean([value["high"] - value["low"] for value in values])
            rmse = np.sqrt(np.mean((means - truth) ** 2))
            first = f"{case} ({sample:.0f} count, {refused} refused)" if name is Estimator.LOGGED else ""
            figures = [
                f"{truth:,.0f}",
                f"{gaps.mean():+.0f} ± {error:.0f}",
                f"{rmse:,.0f}",
                f"{covered:.0%}",
                f"{width:,.0f}",
            ]
            lines.append([first, TITLES[name], *figures])
    return markdown(heads, lines, words=(0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rows", type=Path, help="JSON lines, added to as repetitions finish")
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    for repetition in range(arguments.first, arguments.first + arguments.repetitions):
        new = measure(repetition)
        rows += new
        add_rows(arguments.rows, new)
    print(table(rows))
    print(f"\n{len(rows) // (len(CASES) + 2)} repetitions, {time.process_time():.0f} s of processor time")


if __name__ == "__main__":
    main()
