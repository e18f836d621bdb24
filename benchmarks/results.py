"""Writes docs/results.md from the run folders of the shipped policies: `python benchmarks/results.py runs/china runs/taiwan`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from experiments.measures import MEASURE
from experiments.report import text_in
from experiments.runfolder import RESULTS, read_json, write_text

ROWS = (
    "recovery_rate net_recovery_rate time_to_recover_days cost_to_collect complaints_per_1000 breaches occupancy"
).split()
OURS, BASES = ("learned", "distilled", "effort"), ("staged", "tiered", "greedy", "effort")
CLAIMS = {"recovery_rate": 0.15, "time_to_recover_days": -0.20}
SAY = text_in("en")


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def extra(folder: Path, name: str) -> Any:
    path = folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def section(folder: Path) -> list[str]:
    results = read_json(folder / RESULTS)
    policies = results["policies"]
    lines = [f"## {results['title']}", "", f"`{results['command']}`", ""]
    lines += table(
        ["measure", *policies],
        [[SAY.measure(m)[0], *(SAY.span(found[m], MEASURE[m].unit) for found in policies.values())] for m in ROWS],
    )
    pairs = [(a, b) for a in OURS for b in BASES if a != b and f"{a}-vs-{b}" in results["differences"]]
    lines += ["Relative differences, paired by seed:", ""]
    lines += table(
        ["", "recovery", "net recovery", "time to recover"],
        [
            [
                f"{a} against {b}",
                *(
                    SAY.span(results["differences"][f"{a}-vs-{b}"][m]["relative"], "share", signed=True)
                    for m in ("recovery_rate", "net_recovery_rate", "time_to_recover_days")
                ),
            ]
            for a, b in pairs
        ],
    )
    if stress := extra(folder, "stress.json"):
        wrong = [row for row in stress["rows"] if row["perturbation"] != "none"]
        worst = min(wrong, key=lambda row: row["recovery_rate"]["mean"])
        better = sum(row["recovery_rate"]["low"] > 0 for row in wrong)
        worse = sum(row["recovery_rate"]["high"] < 0 for row in wrong)
        lines += [
            f"**Stress** ({len(stress['seeds'])} seeds of {stress['accounts']:,} accounts): {stress['policy']} recovers surely more than "
            f"{stress['against']} in {better} of {len(wrong)} wrong worlds, surely less in {worse}. "
            f"The smallest gain is {SAY.span(worst['recovery_rate'], 'share', signed=True)}, in the world «{worst['label']}».",
            "",
        ]
    if bound := extra(folder, "bound.json"):
        lines += ["Ceilings (`recoup bound`):", ""]
        lines += table(
            ["ceiling", "recovery rate", "time to recover"],
            [
                [row["label"], SAY.span(row["recovery_rate"], "share"), SAY.span(row["time_to_recover_days"], "days")]
                for row in bound["rows"]
            ],
        )
    if prices := extra(folder, "prices.json"):
        lines += [f"Shadow prices ({prices['rows'][0]['currency']} of net money for one more, `recoup prices`):", ""]
        rows = []
        for row in prices["rows"]:
            price = row["price"]
            text = "–" if price["mean"] is None else f"{price['mean']:,.1f}"
            if price["low"] is not None:
                text += f" ({price['low']:,.1f} to {price['high']:,.1f})"
            rows.append([row["policy"], row["unit"], text.replace("-", "−")])
        lines += table(["policy", "one more", "brings"], rows)
    return lines


def main() -> None:
    lines = [
        "# What the shipped policies reach",
        "",
        "Measured on seeds that no policy, price or tree was fitted on. Made by `benchmarks/ship.py`, `recoup stress`, "
        "`recoup prices`, `recoup bound` and `benchmarks/results.py`; the cards in `agents/policies` hold the commands.",
        "",
    ]
    for folder in sys.argv[1:]:
        lines += section(Path(folder))
    write_text(Path("docs/results.md"), "\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
