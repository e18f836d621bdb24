"""What cutting a portfolio into sites costs in exactness: one simulation of the whole beside its sites, by daily exchange and by forecast.

Daily exchange differs from one simulation in what is local alone: queues, staff and courts of a site instead of one pool. The forecast
differs from daily exchange in what sites were told of what they share: that difference is the error of the approximation.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.memory import peak_bytes
from recoup.experiments.sites.exchange import (
    SiteTask,
    first_forecast,
    gap_of,
    next_forecast,
    run_daily,
    run_task,
)
from recoup.experiments.sites.one_site import together
from recoup.experiments.sites.settings import Sites
from recoup.experiments.sites.survey import Survey, survey

SHOWN = {
    "recovery_rate": ("recovery", 100),
    "npv_rate": ("NPV", 100),
    "contacts_per_debtor": ("contacts", 1),
    "occupancy": ("occupancy", 100),
    "complaints_per_1000": ("complaints", 1),
}
# Shipped plans hardly use what is shared. This one threatens everybody, sues few, and gives discounts to all until the budget is gone.
BARGAIN = """
name: bargain
title: Bargain
rules:
  - name: leave agreements alone
    when: {any: [promise_open: true, plan_active: true, hardship: true, dispute: true, complaint_open: true]}
    do: nothing
  - name: sue the largest
    when: {legal_stage: noticed, stable_assets: true, claim_size: {at_least: 2}, legal_load: {below: 1}}
    do: {legal: suit}
  - name: threaten
    when: {dpd: {at_least: 30}, legal_stage: none, days_since_attempt: {at_least: 7}}
    do: {channel: letter, legal: notice}
  - name: bargain
    when: {dpd: {at_least: 60}, settlement_budget_left: {above: 0}, days_since_attempt: {at_least: 3}, calls_7d: {at_most: 2}}
    do: {channel: collector, window: {morning: 1, afternoon: 1}, offer: [settle_20, settle_10]}
  - name: call
    when: {days_since_attempt: {at_least: 3}, calls_7d: {at_most: 2}}
    do: {channel: collector, window: {morning: 1, afternoon: 1}}
"""


TIGHT = "{extends: china-consumer, name: tight, title: A tight budget, world: {settlement_budget: 0.001}}"


PARTS = ("home", "tight", "conduct", "growth")


def passes(settings: Sites, known: Survey, count: int) -> list[tuple[list[dict[str, Any]], float, int]]:
    """Results of all sites after each pass by forecast, and the gaps."""
    world = settings.load().world
    forecast = first_forecast(known, settings.days or 0)
    found = []
    for _ in range(count):
        results = [
            run_task(settings, known, SiteTask(share, others))
            for share, others in zip(known.shares, forecast, strict=True)
        ]
        gap = gap_of(known, world, results, forecast)
        found.append((results, gap.shares, gap.surcharge_days))
        forecast = next_forecast(known, results)
    return found


def measures(results: Sequence[dict[str, Any]]) -> np.ndarray:
    found = together(result["sums"] for result in results)
    return np.array([found[name] for name in SHOWN], float)


def exactness(
    console: Console, scenario: str, plan: str, accounts: int, days: int, cuts: Sequence[int], seeds: range
) -> None:
    """One table: rows are cuts and ways of exchange; differences from one simulation, mean over seeds (largest in size)."""
    rows: dict[tuple[int, str], list[np.ndarray]] = {}
    gaps: dict[tuple[int, str], list[tuple[float, int]]] = {}
    whole = []
    for seed in seeds:
        settings = Sites(scenario, plan, accounts=accounts, days=days, seed=seed, sites=1)
        known = survey(settings)
        one = measures([run_task(settings, known, SiteTask(known.shares[0], first_forecast(known, days)[0]))])
        whole.append(one)
        for cut in cuts:
            of_cut = replace(settings, sites=cut)
            known = survey(of_cut)
            daily = measures(run_daily(of_cut, known))
            rows.setdefault((cut, "daily − one"), []).append(daily - one)
            for number, (results, gap, surcharge) in enumerate(passes(of_cut, known, 2), start=1):
                key = (cut, f"forecast, pass {number} − daily")
                rows.setdefault(key, []).append(measures(results) - daily)
                gaps.setdefault(key, []).append((gap, surcharge))
    title = f"{Path(scenario).stem}, {Path(plan).stem}: {accounts:,} accounts, {days} days, seeds {seeds.start}–{seeds.stop - 1}"
    table = Table(title=title, title_justify="left")
    for column in ("sites", "difference", *(label for label, _ in SHOWN.values()), "gap", "surcharge days"):
        table.add_column(column, justify="left" if column == "difference" else "right")
    scale = np.array([factor for _, factor in SHOWN.values()])
    table.add_row("1", "the value", *(f"{value:.3f}" for value in np.mean(whole, axis=0) * scale), "", "")
    spread = np.std(whole, axis=0, ddof=1) * scale if len(whole) > 1 else np.full(len(SHOWN), np.nan)
    table.add_row("", "its spread over seeds", *(f"{value:.3f}" for value in spread), "", "")
    for (cut, way), found in rows.items():
        mean, most = np.mean(found, axis=0) * scale, np.abs(found).max(axis=0) * scale
        seen = gaps.get((cut, way))
        shown = (f"{max(gap for gap, _ in seen):.4f}", str(max(days for _, days in seen))) if seen else ("", "")
        cells = (f"{one:+.3f} ({largest:.3f})" for one, largest in zip(mean, most, strict=True))
        table.add_row(str(cut), way, *cells, *shown)
    console.print(table)


def growth(console: Console, sizes: Sequence[int], days: int) -> None:
    """CPU seconds and peak memory of one process that runs sites of these sizes one after another."""
    table = Table(title=f"slopes: china-consumer, staged, {days} days, one process", title_justify="left")
    for column in (
        "accounts of a site",
        "survey, CPU s",
        "site, CPU s",
        "million debtor-days / CPU s",
        "peak MB so far",
    ):
        table.add_column(column, justify="right")
    for size in sizes:
        settings = Sites("china-consumer", accounts=size, days=days, sites=1)
        began = time.process_time()
        known = survey(settings)
        seen = time.process_time()
        run_task(settings, known, SiteTask(known.shares[0], first_forecast(known, days)[0]))
        ended = time.process_time()
        table.add_row(
            f"{size:,}",
            f"{seen - began:.1f}",
            f"{ended - seen:.1f}",
            f"{size * days / (ended - seen) / 1e6:.2f}",
            f"{peak_bytes() / 1e6:,.0f}",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, under two minutes")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    chosen = parser.parse_args()
    accounts, days, cuts = (5_000, 60, (2, 5)) if chosen.quick else (50_000, 180, (2, 5, 10))
    console, seeds = Console(width=170), range(1, chosen.seeds + 1)
    with tempfile.TemporaryDirectory() as folder:
        bargain, tight = Path(folder) / "bargain.yaml", Path(folder) / "tight.yaml"
        bargain.write_text(BARGAIN)
        tight.write_text(TIGHT)
        for part, scenario, plan in (
            ("home", "china-consumer", "staged"),
            ("tight", str(tight), str(bargain)),
            ("conduct", "china-conduct", "staged"),
        ):
            if part in chosen.parts:
                exactness(console, scenario, plan, accounts, days, cuts, seeds)
    if "growth" in chosen.parts:
        growth(console, (10_000, 100_000) if chosen.quick else (10_000, 100_000, 1_000_000, 1_000_000), days)


if __name__ == "__main__":
    main()
