"""Fit behaviour parameters of the home world to the calibration targets: `python benchmarks/fit_world.py [ITERATIONS]`.

Gauss-Newton on the distance from the middle of each band, in half widths, with a pull towards the values in the scenario file;
derivatives by common random numbers. It prints the parameters to write into the file; seeds are not those of `recoup calibrate`.
No plan that the lab compares is run, except status-quo, which the targets name.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from recoup.experiments.checks.calibration import measure, targets
from recoup.scenarios.schema import Scenario, load_scenario

ACCOUNTS, SEEDS, STEP = 4_000, range(801, 802), 0.15
PULL = 0.15  # half widths per unit of a parameter's own scale

# Parameter (with the channel after a dot), and the scale on which it is believed.
FREE = {
    "pay_base": 1.0,
    "pay_willingness": 0.6,
    "pay_age": 0.8,
    "pay_salience": 0.8,
    "pay_liquidity": 0.3,
    "full_base": 0.8,
    "promise_base": 0.6,
    "keep_base": 0.5,
    "repetition_text": 1.5,
    "repetition_call": 0.3,
    "salience_gain.sms": 0.12,
    "salience_gain.autocall": 0.15,
    "salience_gain.collector": 0.12,
    "pressure_notice": 0.25,
    "notice_disbelieved": 0.15,
    "notice_repeated": 0.2,
    "asset_cover_stable": 0.15,
    "asset_cover_other": 0.05,
    "settle_base": 1.0,
    "waiting_market": 1.0,
    "waiting_learned": 0.5,
    "plan_base": 0.5,
    "instalment_base": 0.6,
    "instalment_fit": 0.3,
}
WITH = {"salience_gain.sms": ("salience_gain.wechat",), "salience_gain.collector": ("salience_gain.specialist",)}


def value(scenario: Scenario, name: str) -> float:
    field, _, channel = name.partition(".")
    held = getattr(scenario.world.behaviour, field)
    return float(getattr(held, channel) if channel else held)


def changed(scenario: Scenario, x: dict[str, float]) -> Scenario:
    data: dict[str, Any] = scenario.world.behaviour.model_dump()
    for name, number in x.items():
        for one in (name, *WITH.get(name, ())):
            field, _, channel = one.partition(".")
            if channel:
                data[field][channel] = number
            else:
                data[field] = number
    behaviour = type(scenario.world.behaviour).model_validate(data)
    return scenario.with_world(scenario.world.model_copy(update={"behaviour": behaviour}))


def distances(x: dict[str, float]) -> dict[str, float]:
    """Of every target from the middle of its band, in half widths."""
    readings = measure(changed(load_scenario("china-consumer"), x), SEEDS, ACCOUNTS)
    return {
        r.target.id: (r.mean - (r.target.low + r.target.high) / 2) / ((r.target.high - r.target.low) / 2)
        for r in readings
    }


def clipped(x: dict[str, float]) -> dict[str, float]:
    """Shares within 0.01 to 1, what can't be negative at 0."""
    shares = ("salience_gain", "asset_cover", "notice_")
    least = {
        "repetition_text": 0.0,
        "repetition_call": 0.0,
        "waiting_market": 0.0,
        "waiting_learned": 0.0,
        "pressure_notice": 0.0,
    }
    return {
        name: min(max(number, 0.01), 0.98) if name.startswith(shares) else max(number, least.get(name, -20.0))
        for name, number in x.items()
    }


def main(iterations: int, start: dict[str, float]) -> None:
    home = load_scenario("china-consumer")
    x0 = {name: value(home, name) for name in FREE}
    x = clipped({**x0, **start})
    names, ids = list(FREE), [target.id for target in targets() if target.id != "early-cost"]
    scale = np.array([FREE[name] for name in names])
    with ProcessPoolExecutor(2) as pool:
        for number in range(iterations + 1):
            trials = [x, *({**x, name: x[name] + STEP * FREE[name]} for name in names)]
            rows = list(pool.map(distances, trials if number < iterations else trials[:1]))
            now = np.array([rows[0][name] for name in ids])
            missed = {name: round(rows[0][name], 2) for name in ids if abs(rows[0][name]) > 1}
            print(number, f"sum of squares {np.sum(now**2):.1f}, missed {len(missed)}: {missed}", flush=True)
            print(json.dumps({k: round(v, 3) for k, v in x.items()}), flush=True)
            if number == iterations:
                break
            slope = np.array([[row[name] - rows[0][name] for row in rows[1:]] for name in ids]) / STEP
            weight = np.where(np.abs(now) > 0.6, 1.0, 0.4)[:, None]  # inside the band there is no hurry
            gap = np.array([(x[name] - x0[name]) / FREE[name] for name in names])
            matrix = np.vstack([slope * weight, PULL * np.eye(len(names)), 0.5 * np.eye(len(names))])
            aim = np.concatenate([-(np.clip(now, -6, 6)[:, None] * weight).ravel(), -PULL * gap, np.zeros(len(names))])
            step = np.clip(np.linalg.lstsq(matrix, aim, rcond=None)[0], -1.5, 1.5)
            x = clipped({name: x[name] + d * s for name, d, s in zip(names, step, scale, strict=True)})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
