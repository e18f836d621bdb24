"""Puts the table and the answers of a finished run into README.md: `python benchmarks/readme.py runs/demo`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from experiments.measures import MEASURE
from experiments.report import answers, text_in
from experiments.runfolder import RESULTS, read_json, write_text

ROWS = (
    "recovery_rate net_recovery_rate time_to_recover_days cost_to_collect complaints_per_1000 breaches rpc_rate "
    "kept_promise_rate"
).split()
BEGIN, END = "<!-- result -->\n", "<!-- /result -->\n"


def result(folder: Path) -> str:
    """Markdown: one row a measure, one column a plan; then the answers in words."""
    results, say = read_json(folder / RESULTS), text_in("en")
    policies = results["policies"]
    lines = [["measure", *policies], ["---", *("---:" for _ in policies)]]
    lines += [
        [say.measure(name)[0], *(say.span(found[name], MEASURE[name].unit) for found in policies.values())]
        for name in ROWS
    ]
    accounts, seeds = results["portfolio"]["accounts"], len(results["seeds"])
    caption = f"*{accounts:,} real accounts, simulated treatment over {results['days']} days; mean of {seeds} seeds (95 % interval).*"
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    said = [*answers(results), *(check["sentence"] for check in results["welfare"])]  # as the terminal says it
    return f"{table}\n\n{caption}\n\n{chr(10).join(f'- {sentence}' for sentence in said)}\n"


def main() -> None:
    readme = Path(__file__).resolve().parent.parent / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    write_text(readme, f"{before}{BEGIN}{result(Path(sys.argv[1]))}{END}{after}")


if __name__ == "__main__":
    main()
