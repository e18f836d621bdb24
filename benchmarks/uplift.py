"""Effects of treatments estimated from simulated records, against the truth that only a simulator has.

A lottery decides: nothing with probability one half, else a channel and one of its lawful treatments, each as likely. The truth: the same accounts
under the same random numbers, a quarter of them treated on a day or left alone on it; what comes within the horizon, the one less the other.

python benchmarks/uplift.py [REPETITIONS] prints the table of docs/how-to/models.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.models.numbered_records import Records, numbered
from recoup.experiments.models.uplift import NOTHING, effect_of, rows_of, treatment_rows
from recoup.experiments.records.simulated_records import simulate_records
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Channel, Menu

ACCOUNTS, DAYS, HORIZON, EVERY = 3000, 36, 21, 1
DATES = (1, 10)
CHANNELS = ("sms", "wechat", "collector", "letter")
SCENARIO = "china-consumer"


@dataclass
class Lottery:
    """Decides by lot; on one day some accounts get a channel, or nothing, whatever the lot says."""

    menu: Menu
    seed: int
    forced: tuple[int, str, NDArray[np.bool_]] | None = None
    day: int = field(default=-1)
    name: str = "lottery"
    dropped: tuple[str, ...] = ()
    identity: str = "lottery"

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        self.day += 1
        assert numbers is not None
        # As many draws a day for every course, so that what is forced changes nobody else's lot.
        draws = np.random.default_rng((self.seed, self.day)).random((ACCOUNTS, 3))[numbers]
        channel = self.menu.table["channel"]
        chosen = np.zeros(len(masks), np.int64)
        which = (draws[:, 1] * len(CHANNELS)).astype(np.int64)
        for number, name in enumerate(CHANNELS):
            lot = (draws[:, 0] < 0.5) & (which == number)
            if self.forced and self.day == self.forced[0]:
                lot = np.where(self.forced[2][numbers], self.forced[1] == name, lot)
            allowed = masks & (channel == Channel[name.upper()])[None, :] & (self.menu.table["legal"] == 0)[None, :]
            count = allowed.sum(axis=1)
            place = (draws[:, 2] * count).astype(np.int64)
            order = np.cumsum(allowed, axis=1) - 1
            one = (allowed & (order == place[:, None])).argmax(axis=1)
            chosen = np.where(lot & (count > 0), one, chosen)
        return chosen

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> None:
        return None


@one_thread()
def cash(
    scenario: Scenario, portfolio: Portfolio, seed: int, lottery: Lottery, first: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cash of each account on days first..first + horizon − 1, currency; and whom the forced treatment could lawfully reach that day."""
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    before, reached = np.zeros(len(portfolio)), np.zeros(len(portfolio), bool)
    while simulation.day < first + HORIZON and not simulation.finished:
        rows = simulation.open_accounts
        actions = lottery.act(simulation.observe(), simulation.masks(), rows)
        if simulation.day == first:
            before = simulation.accounts["cash"].astype(float)
            wanted = lottery.forced[1] if lottery.forced else NOTHING
            done = np.array([Channel(c).name.lower() for c in simulation.menu.table["channel"]], object)[actions]
            reached[rows] = done == wanted
        simulation.advance(actions)
    return (simulation.accounts["cash"] - before) / 100.0, reached


def truth(scenario: Scenario, portfolio: Portfolio, seed: int) -> dict[str, float]:
    """Average effect of each channel over open accounts that it may reach, by dates."""
    some = np.random.default_rng((seed, 99)).random(ACCOUNTS) < 0.25
    sums = dict.fromkeys(CHANNELS, 0.0)
    counts = dict.fromkeys(CHANNELS, 0)
    for first in DATES:
        none, _ = cash(scenario, portfolio, seed, Lottery(scenario.menu, seed, (first, NOTHING, some)), first)
        for name in CHANNELS:
            with_it, reached = cash(scenario, portfolio, seed, Lottery(scenario.menu, seed, (first, name, some)), first)
            sums[name] += (with_it - none)[reached & some].sum()
            counts[name] += int((reached & some).sum())
    return {name: sums[name] / counts[name] for name in CHANNELS}


def records_of(scenario: Scenario, portfolio: Portfolio, seed: int) -> Records:
    made = simulate_records(scenario, Lottery(scenario.menu, seed), portfolio, seed, DAYS)
    return numbered(made)


def repetition(seed: int) -> pd.DataFrame:
    scenario = load_scenario(SCENARIO)
    portfolio = scenario.portfolio(ACCOUNTS, seed)
    features, came, account, done = treatment_rows(records_of(scenario, portfolio, seed), HORIZON, EVERY)
    table, untreated = features.to_numpy(float), done[NOTHING].to_numpy(bool)
    true, rows = truth(scenario, portfolio, seed), []
    for name in CHANNELS:
        treated = done[name].to_numpy(bool)
        found = effect_of(rows_of(name, table, came, account, treated, untreated))
        plain = came[treated].mean() - came[untreated].mean()
        rows.append((name, true[name], plain, found.mean, found.low, found.high, found.treated))
    return pd.DataFrame(rows, columns=["channel", "truth", "plain", "estimate", "low", "high", "treated"])


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    found = []
    for seed in range(1, repetitions + 1):
        found.append(repetition(seed))
        print(found[-1].round(1).to_string(index=False), flush=True)
    every = pd.concat(found)
    # One repetition's truth scatters itself; the mean over all is what the estimates are held against.
    true = every.groupby("channel")["truth"].transform("mean")
    every["held"] = (every["low"] <= true) & (true <= every["high"])
    print(
        "| channel | truth | plain difference | estimate | its error (RMSE) | interval holds the truth |\n|---|---|---|---|---|---|"
    )
    for name in CHANNELS:
        of = every[every["channel"] == name]
        error = float(np.sqrt(((of["estimate"] - of["truth"].mean()) ** 2).mean()))
        means = " | ".join(f"{of[what].mean():.0f}" for what in ("truth", "plain", "estimate"))
        print(f"| {name} | {means} | {error:.0f} | {int(of['held'].sum())} of {len(of)} |")
    print(f"all: {every['held'].mean():.1%} of {len(every)} intervals hold the truth")


if __name__ == "__main__":
    main()
