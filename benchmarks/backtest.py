"""Does the backtest say what is so? Records of a true world, put before that world and before wrong ones; repetitions are new portfolios and seeds.

    python benchmarks/backtest.py --repetitions 20

Prints a table as in docs/how-to/backtest.md. Records are of 400 accounts of `china-consumer` over 60 days under `staged`; each is
compared with 19 simulations of the same accounts, so that the verdict «differs» is a test at 5 %.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np

from recoup.experiments.evidence.backtest import backtest, months_of
from recoup.experiments.evidence.simulated_records import simulate_records
from recoup.scenarios.schema import Scenario, load_scenario

ACCOUNTS, DAYS, SEEDS, SCENARIO, PLAN = 400, 60, 19, "china-consumer", "staged"


def cases(scenario: Scenario) -> dict[str, tuple[Scenario, str, bool, int]]:
    """World, plan, whether the log is replayed, and the day on which the backtest begins."""
    half_reach = scenario.with_world(half_reached(scenario))
    return {
        "the true world, the true plan": (scenario, PLAN, False, 0),
        "reach halved": (half_reach, PLAN, False, 0),
        "another plan (`status-quo`)": (scenario, "status-quo", False, 0),
        "the true world, log replayed": (scenario, PLAN, True, 0),
        "reach halved, log replayed": (half_reach, PLAN, True, 0),
        "the true world, from day 30": (scenario, PLAN, False, 30),
    }


def half_reached(scenario: Scenario):  # type: ignore[no-untyped-def]
    """Every channel reaches its debtors half as often."""
    behaviour = scenario.world.behaviour
    reach = behaviour.reach.model_copy(update={name: value / 2 for name, value in behaviour.reach})
    return scenario.world.model_copy(update={"behaviour": behaviour.model_copy(update={"reach": reach})})


def measure(repetition: int) -> list[dict[str, object]]:
    scenario, rows = load_scenario(SCENARIO), []
    seed = 1 + repetition
    portfolio = scenario.portfolio(ACCOUNTS, seed)
    records = simulate_records(scenario, PLAN, portfolio, seed, DAYS)
    for name, (world, plan, replay, begin) in cases(scenario).items():
        first = records.first_day + timedelta(days=begin)
        months = months_of(world, portfolio, records.contacts, records.payments, first, records.last_day)
        started = time.process_time()
        first_seed = 1_000_000 + 1000 * repetition
        content = backtest(months, plan, range(first_seed, first_seed + SEEDS), replay=replay).content()
        judged = [row for row in content["measures"] if row["judged"] and row["verdict"] != "unknown"]
        rows.append(
            {
                "case": name,
                "p": content["p"],
                "treatments_p": content["treatments_p"],
                "known": len(judged),
                "outside": [row["measure"] for row in judged if row["verdict"] == "outside"],
                "farthest": content["farthest"][0],
                "recovery": [row["difference"] for row in judged if row["family"] == "recovery"][-1],
                "seconds": time.process_time() - started,
            }
        )
    return rows


def table(rows: list[dict]) -> str:  # type: ignore[type-arg]
    lines = [
        "| simulated | «differs» | «done differs» | outside their bands | recovery, simulated less recorded | most often outside |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for case in dict.fromkeys(row["case"] for row in rows):
        of = [row for row in rows if row["case"] == case]
        differs = np.mean([row["p"] <= 0.05 for row in of])
        done = [row["treatments_p"] <= 0.05 for row in of if row["treatments_p"] is not None]
        outside = np.mean([len(row["outside"]) / row["known"] for row in of])
        gaps = np.array([row["recovery"] for row in of])
        error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else np.nan
        often = Counter(name for row in of for name in row["outside"]).most_common(3)
        named = ", ".join(f"{name} ({count})" for name, count in often if count > 1)
        said = f"{np.mean(done):.0%}" if done else "–"
        lines.append(
            f"| {case} | {differs:.0%} | {said} | {outside:.1%} | {gaps.mean():+.1%} ± {error:.1%} | {named} |"
        )
    return "\n".join(lines).replace(" -", " −").replace("| −-", "| --")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument(
        "--rows", type=Path, help="JSON lines, added to as repetitions finish; those in it are not repeated"
    )
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    if arguments.rows and arguments.rows.exists():
        rows = [json.loads(line) for line in arguments.rows.read_text(encoding="utf-8").splitlines()]
    done = len(rows) // len(cases(load_scenario(SCENARIO)))
    for repetition in range(arguments.first + done, arguments.first + arguments.repetitions):
        new = measure(repetition)
        rows += new
        if arguments.rows:
            with arguments.rows.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in new)
    print(table(rows))
    print(
        f"\n{len(rows) // len(cases(load_scenario(SCENARIO)))} repetitions, {time.process_time():.0f} s of processor time"
    )


if __name__ == "__main__":
    main()
