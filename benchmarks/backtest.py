"""Does the backtest say what is so? Records of a true world, put before that world and before wrong ones.

    python benchmarks/backtest.py --portfolios 5 --records 5
    python benchmarks/backtest.py --portfolios 0 --worlds 12 --starts 20 60 120     # is a start from a ledger's own state right?

Prints a table as in docs/how-to/backtest.md. Records are of 250 accounts of `china-consumer` over 45 days under `staged`, several of
each portfolio on seeds of their own; each is compared with 19 simulations of the same accounts, so that the verdict «differs» is a test at 5 %.
Where the simulations follow a plan, the records of a portfolio are compared with the same ones; a replayed log has its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.repeated import add_rows, by_case, markdown
from recoup.agents.explorer import Explorer
from recoup.agents.library import load_policy
from recoup.experiments.backtest.backtest import Backtest, backtest, months_of
from recoup.experiments.backtest.midlife_world import staffed_for, without_courses
from recoup.experiments.records.lender_records import LenderRecords, lender_records
from recoup.experiments.records.recorded_measures import measure
from recoup.experiments.records.simulated_records import follow, simulate_records
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.simulation import Simulation

LATER = 20  # first day of the months that begin later
AFTER = 30  # days that follow a start
HIDDEN = (
    "willingness", "disposable", "reachability", "phone_right", "employed", "asset_cover", "salience", "fatigue", "excitation",
    "pressure", "waiting",
)  # fmt: skip
ACCOUNTS, DAYS, SEEDS, SCENARIO, PLAN = 250, 45, 19, "china-consumer", "staged"


def cases(scenario: Scenario) -> dict[str, tuple[Scenario, str]]:
    """World and plan of the simulations that follow a plan."""
    return {
        "the true world, the true plan": (scenario, PLAN),
        "reach halved": (scenario.with_world(half_reached(scenario)), PLAN),
        "another plan (`status-quo`)": (scenario, "status-quo"),
    }


def half_reached(scenario: Scenario):  # type: ignore[no-untyped-def]
    """Every channel reaches its debtors half as often."""
    behaviour = scenario.world.behaviour
    reach = behaviour.reach.model_copy(update={name: value / 2 for name, value in behaviour.reach})
    return scenario.world.model_copy(update={"behaviour": behaviour.model_copy(update={"reach": reach})})


def row_of(case: str, found: Backtest, started: float) -> dict[str, object]:
    rows = found.rows()
    recovery = [row for row in rows if row["judged"] and row["family"] == "recovery"][-1]
    judged = [row for row in rows if row["judged"] and row["verdict"] != "unknown"]
    return {
        "case": case,
        "p": found.together.p,
        "treatments_p": None if found.logged else found.treatments.p,
        "known": len(judged),
        "outside": [row["measure"] for row in judged if row["verdict"] == "outside"],
        "recorded": recovery["recorded"]["mean"],
        "simulated": recovery["simulated"]["mean"],
        "seconds": time.process_time() - started,
    }


def portfolio_rows(number: int, records: int) -> list[dict[str, object]]:
    """All records of one portfolio."""
    scenario, rows = load_scenario(SCENARIO), []
    portfolio = scenario.portfolio(ACCOUNTS, 1 + number)
    logs = [simulate_records(scenario, PLAN, portfolio, 100 * number + record, DAYS) for record in range(records)]
    seeds = range(1_000_000 + 1000 * number, 1_000_000 + 1000 * number + SEEDS)

    def months(world: Scenario, log: LenderRecords, begin: int = 0):  # type: ignore[no-untyped-def]
        first = log.first_day + timedelta(days=begin)
        return months_of(world, log, first, log.last_day)

    for case, (world, plan) in cases(scenario).items():
        found = backtest(months(world, logs[0]), plan, seeds)
        for log in logs:
            started = time.process_time()
            theirs = measure(
                found.months.records(log.contacts, log.payments, tuple(world.world.vocabulary.channel_names))
            )
            assert theirs.keys == found.keys
            recorded = {**found.recorded, "": theirs.values()}
            rows.append(row_of(case, dataclasses.replace(found, recorded=recorded), started))
    for log in logs[:2]:
        started = time.process_time()
        rows.append(
            row_of("the true world, log replayed", backtest(months(scenario, log), PLAN, seeds, replay=True), started)
        )
    return rows


def later_rows(number: int, records: int) -> list[dict[str, object]]:
    """Some records of one portfolio, from a later day on: its state from the logs, and as the lender's own ledger knows it."""
    scenario, rows = load_scenario(SCENARIO), []
    portfolio = scenario.portfolio(ACCOUNTS, 1 + number)
    seeds = range(1_000_000 + 1000 * number, 1_000_000 + 1000 * number + SEEDS)
    # A lender knows how many people it has; a scenario counts them by the accounts of the file.
    staffed = scenario.with_world(staffed_for(scenario.world, portfolio))
    for seed in range(100 * number, 100 * number + records):
        simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
        explorer = Explorer(load_policy(PLAN, scenario.name, scenario.world), 0.0, [], seed)
        before = follow(simulation, explorer, LATER)
        state = simulation.portfolio_now()
        after = follow(simulation, explorer, DAYS - LATER)
        contacts, payments = (
            pd.concat(logs, ignore_index=True)
            for logs in ((before.contacts, after.contacts), (before.payments, after.payments))
        )
        for case, months in (
            (
                f"the true world, from day {LATER}, state from the logs",
                months_of(scenario, lender_records(portfolio, contacts, payments), after.first_day, after.last_day),
            ),
            (
                f"the true world, from day {LATER}, the ledger's own state",
                months_of(staffed, dataclasses.replace(after, portfolio=state)),
            ),
        ):
            started = time.process_time()
            rows.append(row_of(case, backtest(months, PLAN, seeds), started))
    return rows


STARTS = ("world, plan", "from day", "true worlds", "recovery, over the true worlds", "over true traits")


def start_row(name: str, plan: str, begin: int, accounts: int, worlds: int) -> list[str]:
    """What comes in after a start from a ledger's own state, a row of `STARTS`: over what does in the true worlds themselves, and over what does
    after the same start with the true traits, which shares its luck."""
    scenario = load_scenario(name)
    drawn, told, recorded = np.zeros(worlds), np.zeros(worlds), np.zeros(worlds)
    for number in range(worlds):
        seed = 501 + number
        portfolio = scenario.portfolio(accounts, seed)
        staffed = scenario.with_world(without_courses(staffed_for(scenario.world, portfolio))).world
        true = Simulation(staffed, portfolio, scenario.rules, seed)
        recovered_in(true, plan, name, begin)
        state, then = true.portfolio_now(), staffed.start + timedelta(days=begin)
        world, left = staffed.model_copy(update={"start": then}), true.accounts[true.open_accounts].copy()
        for sums, fields in ((drawn, ()), (told, HIDDEN)):
            simulation = Simulation(world, state, scenario.rules, 1_000_000 + seed)
            for field in fields:
                simulation.accounts[field] = left[field]
            sums[number] = recovered_in(simulation, plan, name, AFTER)
        recorded[number] = recovered_in(true, plan, name, AFTER)
    gaps = [f"{gap:+.1%} ± {error:.1%}" for gap, error in (excess(drawn, recorded), excess(drawn, told))]
    return [f"{name}, `{plan}`", f"{begin}", f"{worlds} × {accounts:,}", *gaps]


def recovered_in(simulation: Simulation, plan: str, scenario: str, days: int) -> float:
    """Follow a plan for so many days: the cash that comes in."""
    policy = load_policy(plan, scenario, simulation.world, simulation.portfolio.table)
    explorer, before = Explorer(policy, 0.0, [], simulation.seed), int(simulation.accounts["cash"].sum())
    for _ in range(days):
        actions, priority, _ = explorer.decide(simulation.observe(), simulation.masks(), simulation.open_accounts)
        simulation.advance(actions, priority)
    return (int(simulation.accounts["cash"].sum()) - before) / 100.0


def excess(simulated: NDArray[np.float64], recorded: NDArray[np.float64]) -> tuple[float, float]:
    """Recovery of all simulations over that of all records, less 1, and its standard error (ratio estimator: Cochran 1977).

    A mean of each record's own ratio would be too high: a record in which little happens to come in counts for more.
    """
    ratio = simulated.mean() / recorded.mean()
    left = simulated - ratio * recorded
    error = left.std(ddof=1) / np.sqrt(left.size) / recorded.mean() if left.size > 1 else np.nan
    return ratio - 1.0, error


def table(rows: list[dict]) -> str:  # type: ignore[type-arg]
    heads = [
        "simulated (records)", "«differs»", "«done differs»", "outside their bands", "recovery, simulated less recorded",
        "most often outside",
    ]  # fmt: skip
    lines = []
    for case, of in by_case(rows).items():
        differs = np.mean([row["p"] <= 0.05 for row in of])
        done = [row["treatments_p"] <= 0.05 for row in of if row["treatments_p"] is not None]
        outside = np.mean([len(row["outside"]) / row["known"] for row in of])
        gap, error = excess(np.array([row["simulated"] for row in of]), np.array([row["recorded"] for row in of]))
        often = Counter(name for row in of for name in row["outside"]).most_common(3)
        named = ", ".join(f"{name} ({count})" for name, count in often if count > 1)
        said = f"{np.mean(done):.0%}" if done else "–"
        lines.append(
            [
                f"{case} ({len(of)})",
                f"{differs:.0%}",
                said,
                f"{outside:.1%}",
                f"{gap:+.1%} ± {error:.1%}",
                named,
            ]
        )
    return markdown(heads, lines, words=(0, 5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portfolios", type=int, default=5)
    parser.add_argument("--records", type=int, default=5, help="of each portfolio")
    parser.add_argument("--later", type=int, default=2, help="records of each portfolio from a later day")
    parser.add_argument(
        "--starts", type=int, nargs="*", default=[], help="days on which to begin from a ledger's own state"
    )
    parser.add_argument("--scenario", default=SCENARIO, help="of these starts")
    parser.add_argument("--plan", default=PLAN, help="of these starts")
    parser.add_argument("--worlds", type=int, default=6, help="of these starts, with 2,000 accounts each")
    parser.add_argument("--rows", type=Path, help="JSON lines, added to as portfolios finish")
    arguments = parser.parse_args()
    rows: list[dict[str, object]] = []
    for number in range(arguments.portfolios):
        new = portfolio_rows(number, arguments.records) if arguments.records else []
        new += later_rows(number, arguments.later)
        rows += new
        add_rows(arguments.rows, new)
    if rows:
        print(table(rows))
    if arguments.starts:
        starts = (
            start_row(arguments.scenario, arguments.plan, begin, 2000, arguments.worlds) for begin in arguments.starts
        )
        print(markdown(STARTS, starts))
    print(f"\n{time.process_time():.0f} s of processor time")


if __name__ == "__main__":
    main()
