"""Writes docs/results.md from the run folders of the shipped policies: `python benchmarks/results.py runs/china runs/taiwan`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ship import anywhere
from recoup.agents.library import own_policy
from recoup.experiments.comparison.measures import MEASURE, REGISTRY
from recoup.experiments.comparison.welfare import WELFARE
from recoup.experiments.report import text_in
from recoup.experiments.report.sections import levers
from recoup.experiments.robustness.lever_study import LEVER_STUDY
from recoup.experiments.robustness.shadow_prices import SHADOW_PRICES
from recoup.experiments.robustness.stress import STRESS, is_one_parameter, select_rows
from recoup.experiments.robustness.upper_bounds import UPPER_BOUNDS
from recoup.experiments.runs.runfolder import RESULTS, read_json, write_text

ROWS = (
    "recovery_rate net_recovery_rate npv_rate cured_balance_rate time_to_recover_days cost_to_collect complaints_per_1000 breaches occupancy"
).split()
OURS, BASES = ("learned", "distilled", "contact-capped", "tuned"), ("staged", "tiered", "simple", "tuned")
CEILING = "ceiling.json"  # by benchmarks/ceiling.py
NETWORKS = ("learned", "contact-capped")
SHOWN_OF_STRESS = {"npv_rate": "points", "recovery_rate": "share", "complaints_per_1000": "count"}
DIFFERENCES = ("recovery_rate", "net_recovery_rate", "npv_rate", "time_to_recover_days")
PRESSING = ("complaints_per_1000", "contacts_per_debtor")
BURDENS = ("contacts_per_debtor", "busiest_week_p95")
WORST = 8
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
    lines = [f"## {results['title']}", "", f"`{anywhere(results['command'], results['scenario'])}`", ""]
    lines += table(
        ["measure", *policies],
        [
            [SAY.measure(m)[0], *(SAY.span(intervals[m], MEASURE[m].unit) for intervals in policies.values())]
            for m in ROWS
        ]
        + burdens(read_json(folder / WELFARE), list(policies)),
    )
    pairs = [(a, b) for a in OURS for b in BASES if a != b and b in results["differences"].get(a, {})]
    lines += ["Differences, paired by seed; relative, but for complaints and contacts:", ""]
    lines += table(
        ["", *(SAY.measure(m)[0] for m in (*DIFFERENCES, *PRESSING))],
        [
            [
                f"{a} against {b}",
                *(SAY.span(results["differences"][a][b][m]["relative"], "share", signed=True) for m in DIFFERENCES),
                *(SAY.span(results["burdens"][a][b][m], "count", signed=True) for m in PRESSING),
            ]
            for a, b in pairs
        ],
    )
    if stress := extra(folder, STRESS):
        lines += stressed(stress)
    if study := extra(folder, LEVER_STUDY):
        lines += moved(study)
    if bounds := extra(folder, UPPER_BOUNDS):
        lines += ["Upper bounds (`recoup upper-bounds`):", ""]
        lines += table(
            ["upper bound", "recovery rate", "time to recover"],
            [
                [row["label"], SAY.span(row["recovery_rate"], "share"), SAY.span(row["time_to_recover_days"], "days")]
                for row in bounds["rows"]
            ],
        )
    if ceiling := extra(folder, CEILING):
        lines += told_everything(ceiling)
    if prices := extra(folder, SHADOW_PRICES):
        lines += [
            f"Shadow prices ({prices['rows'][0]['currency']} of net money for one more, `recoup shadow-prices`):",
            "",
        ]
        rows = []
        for row in prices["rows"]:
            price = row["price"]
            text = "–" if price["mean"] is None else f"{price['mean']:,.1f}"
            if price["low"] is not None:
                text += f" ({price['low']:,.1f} to {price['high']:,.1f})"
            rows.append([row["policy"], row["unit"], text.replace("-", "−")])
        lines += table(["policy", "one more", "brings"], rows)
    return lines + trained(results["scenario"], list(policies))


def told_everything(ceiling: dict[str, Any]) -> list[str]:
    """What a network that is told the hidden traits gains under the same limits."""
    seeds = f"seeds {ceiling['seeds'][0]} to {ceiling['seeds'][-1]}, {ceiling['accounts']:,} accounts"
    lines = [
        f"A ceiling for learning (`benchmarks/ceiling.py`, {seeds}): the training of `learned`, its network told each debtor's hidden traits "
        "and states, which no policy may see:",
        "",
    ]
    rows = [
        [
            policy,
            SAY.span(found["gain"], "points", signed=True),
            SAY.number(1000 * found["complaints"], "count"),
            SAY.number(found["contacts"], "count"),
        ]
        for policy, found in ceiling["policies"].items()
    ]
    head = [
        "policy",
        "net present value less staged's",
        "expected complaints per 1,000 accounts",
        "contacts per debtor",
    ]
    return lines + table(head, rows)


def trained(scenario: str, policies: list[str]) -> list[str]:
    """The commands that the shipped networks were trained by, and what other training seeds gave, as their cards say."""
    lines = [f"### How the networks of {scenario} were trained", ""]
    for kind in [kind for kind in NETWORKS if kind in policies]:
        card = read_json(own_policy(kind, scenario))
        lines += [f"`{kind}`: `{card['training']['command']}`", ""]
        if found := card["results"].get("training_seeds"):
            lines += over_training_seeds(found)
    return lines


def over_training_seeds(found: dict[str, Any]) -> list[str]:
    """Interquartile means over training and evaluation seeds, beside the baseline."""
    seeds, evaluations, baseline = found["training_seeds"], found["seeds"], found["baseline"]
    lines = [
        f"Training seeds {seeds[0]} to {seeds[-1]}, evaluation seeds {evaluations[0]} to {evaluations[-1]}; validation chose seed "
        f"{found['chosen']}. Interquartile means over all runs, with intervals over both kinds of seeds:",
        "",
    ]
    rows = []
    for name, figures in found["measures"].items():
        unit = REGISTRY[name].unit
        rows.append(
            [
                REGISTRY[name].title,
                SAY.number(figures["baseline"]["mean"], unit),
                SAY.span(figures["interquartile_mean"], unit),
                SAY.span(figures["difference"], "points" if unit == "share" else unit, signed=True),
                SAY.number(figures["probability_of_improvement"]["mean"], "share"),
            ]
        )
    return lines + table(["measure", baseline, "all training seeds", "difference", f"better than {baseline} in"], rows)


def burdens(burden: dict[str, Any], policies: list[str]) -> list[list[str]]:
    """What debtors notice most, and whether a policy gains by it."""
    passed = {check["policy"]: "passed" if check["passed"] else "failed" for check in burden["checks"]}
    passed[burden["reference"]] = "(reference)"
    titles = {measure["name"]: measure["title"] for measure in burden["measures"]}
    rows = [
        [titles[name], *(SAY.span(burden["policies"][policy][name], "count") for policy in policies)]
        for name in BURDENS
    ]
    return [*rows, ["Welfare check", *(passed[policy] for policy in policies)]]


def stressed(result: dict[str, Any]) -> list[str]:
    """The counts, and the worlds that change most: those with a name, and the parameters with the smallest gain."""
    selection = select_rows(result["rows"], WORST)
    parameters = sum(is_one_parameter(row["perturbation"]) for row in result["rows"])
    accounts = f"{result['accounts']:,} accounts" if result["accounts"] else "all accounts"
    return [
        f"**Stress** (`recoup stress{'' if parameters else ' --quick'}`, seeds {result['seeds'][0]} to {result['seeds'][-1]}, {accounts}): {result['challenger']} has more net present "
        f"value than {result['baseline']}, at 95 %, in {result['positive']} of {result['worlds']} perturbed worlds, less in {result['negative']}. "
        + (
            f"Of the {parameters} worlds with one behaviour parameter off by 30 %, those with the smallest gain are shown."
            if parameters
            else ""
        ),
        "",
        *table(
            [
                "world",
                f"net present value, {result['challenger']} less {result['baseline']}",
                "recovery, relative",
                "complaints",
            ],
            [
                [row["label"], *(SAY.span(row[key], unit, signed=True) for key, unit in SHOWN_OF_STRESS.items())]
                for row in selection.shown
            ],
        ),
    ]


def moved(study: dict[str, Any]) -> list[str]:
    """All levers at once: how often the challenger is ahead, and what that hangs on."""
    seeds = f"seeds {study['seeds'][0]} to {study['seeds'][-1]}"
    return [
        f"**All levers at once** (`recoup levers`, {seeds}, {study['accounts']:,} accounts): {levers.message(study, SAY)} {levers.scale(study, SAY)}",
        "",
        *(f"- {sentence}" for sentence in levers.sentences(study, SAY)),
        "",
    ]


def main() -> None:
    lines = [
        "# What the shipped policies reach",
        "",
        "Measured on seeds that no policy, price or tree was fitted on. Made by `benchmarks/ship.py`, `recoup stress`, "
        "`recoup shadow-prices`, `recoup upper-bounds` and `benchmarks/results.py`; the cards in `agents/policies` hold the commands.",
        "",
    ]
    for folder in sys.argv[1:]:
        lines += section(Path(folder))
    write_text(Path("docs/results.md"), "\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
