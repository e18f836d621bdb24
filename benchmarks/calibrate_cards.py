"""What the shipped card accounts say of the world's parameters: `python benchmarks/calibrate_cards.py`.

The file has no contacts and no days: of each account, delinquent in September 2005, it says whether it defaulted in October. Moments are the
shares that did, by months past due and by the early-warning score, and for two months past due by balance. One half of the accounts is fitted, the
other checked. Simulated: accounts that are no better a month later (experiments/checks/uci_crosscheck.py), under the status-quo plan.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.calibration.moments import fit_moments
from recoup.experiments.calibration.parameters import Block, Parameter
from recoup.experiments.calibration.posterior import Z90
from recoup.experiments.checks.uci_crosscheck import simulated_failures
from recoup.scenarios.schema import Scenario, load_scenario

SEEDS = range(831, 833)
# Priors about the scenario's own values: those that benchmarks/fit_cards.py pulls by, and those of `recoup calibrate`.
SPREADS = {
    "cards.pay": 1.0,
    "cards.again": 0.2,
    "cards.clear": 1.0,
    "cards.clear_months": 0.5,
    "behaviour.pay_age": 0.4,
    "behaviour.pay_liquidity": 0.2,
    "behaviour.willingness_warning": 0.4,
}
LOWEST = {"cards.again": 0.0, "cards.clear_months": 0.0}


def changed(scenario: Scenario, shifts: NDArray[np.float64]) -> Scenario:
    """The scenario with its parameters moved, in the order of `SPREADS`."""
    sections = {"cards": scenario.world.cards, "behaviour": scenario.world.behaviour}
    for path, shift in zip(SPREADS, shifts, strict=True):
        section, name = path.split(".")
        value = max(getattr(sections[section], name) + float(shift), LOWEST.get(path, -20.0))
        sections[section] = sections[section].model_copy(update={name: value})  # type: ignore[union-attr]
    return scenario.with_world(scenario.world.model_copy(update=sections))


def cells(file: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Which accounts each moment is about."""
    months, warned = file["PAY_0"].clip(upper=3), file["early_warning"] > file["early_warning"].median()
    large = file["BILL_AMT1"] > file["BILL_AMT1"].median()
    words = {1: "1 month", 2: "2 months", 3: "3 and more"}
    found = {
        f"{words[late]}, {'high' if high else 'low'} warning": (months == late) & (warned == high)
        for late in words
        for high in (False, True)
    }
    found |= {
        f"2 months, {'large' if high else 'small'} bill": (months == 2) & (large == high) for high in (False, True)
    }
    return {name: chosen.to_numpy() for name, chosen in found.items()}


def main() -> None:
    scenario = load_scenario("taiwan-cards")
    file, _ = simulated_failures(scenario, range(0))
    ours = np.random.default_rng(1).random(len(file)) < 0.5
    groups = cells(file)
    real = file["default_next_month"].to_numpy(float)

    def shares(values: NDArray[np.float64], half: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.array([values[chosen & half].mean() for chosen in groups.values()])

    def simulated(shifts: NDArray[np.float64]) -> NDArray[np.float64]:
        return simulated_failures(changed(scenario, shifts), SEEDS)[1]

    # Cells overlap, so their shares are correlated: the covariance of means over shared accounts.
    members = np.array([chosen & ours for chosen in groups.values()], float)
    sizes = members.sum(axis=1)
    variance = (real - real.mean()).var()
    covariance = variance * (members @ members.T) / np.outer(sizes, sizes) * (1 + 1 / len(SEEDS))
    parameters = [Parameter(name, Block.RESPONSE, spread) for name, spread in SPREADS.items()]
    recorded = shares(real, ours)
    found = fit_moments(
        parameters, lambda shifts: shares(simulated(shifts), ours), recorded, covariance + 1e-6 * np.eye(len(sizes))
    )
    print("| parameter | before | fitted | 90 % | prior left |")
    print("| --- | ---: | ---: | --- | ---: |")
    for number, parameter in enumerate(parameters):
        section, name = parameter.name.split(".")
        own = getattr(getattr(scenario.world, section), name)
        low, high = own + found.mode[number] + Z90 * found.deviation[number] * np.array([-1, 1])
        value = f"{own + found.shifts[number]:.2f}" if found.identified[number] else "keeps it"
        print(
            f"| `{parameter.name}` | {own:.2f} | {value} | {low:.2f} to {high:.2f} | {found.left[number]:.0%} |".replace(
                "-", "−"
            )
        )
    print(f"\nsettled: {found.settled} after {found.steps} steps\n")
    before, after = simulated(np.zeros(len(parameters))), simulated(found.shifts)
    print("| share of the other half that defaulted | accounts | recorded | scenario | fitted | fits |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    columns = (shares(values, ~ours) for values in (real, before, after))
    for (name, chosen), was, own, now in zip(groups.items(), *columns, strict=True):
        size = int((chosen & ~ours).sum())
        spread = np.sqrt(was * (1 - was) / size * (1 + 1 / len(SEEDS)))
        print(
            f"| {name} | {size:,} | {was:.1%} | {own:.1%} | {now:.1%} | {'yes' if abs(was - now) < 2.7 * spread else 'no'} |"
        )
    print(f"\n{time.process_time():.0f} s of processor time")


if __name__ == "__main__":
    main()
