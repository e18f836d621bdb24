"""Puts the table, the answers and a picture of a finished run into both READMEs: `python benchmarks/readme.py runs/demo`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.welfare import WELFARE
from recoup.experiments.report import render, text_in
from recoup.experiments.report.answers import answers
from recoup.experiments.report.sections.welfare import check_words
from recoup.experiments.runs.runfolder import RESULTS, read_json, write_text
from tests.browser import Browser, find

ROWS = (
    "recovery_rate net_recovery_rate npv_rate cured_balance_rate time_to_recover_days cost_to_collect complaints_per_1000 breaches rpc_rate "
    "kept_promise_rate"
).split()
BEGIN, END = "<!-- result -->\n", "<!-- /result -->\n"
FILES = {"en": "README.md", "zh": "README.zh.md"}
PICTURES = {"en": "docs/report.png", "zh": "docs/report.zh.png"}
WIDTH, HEIGHT = 1100, 1000  # the first screen
WORDS = {
    "en": (
        "measure",
        "{accounts:,} real accounts, simulated treatment over {days} days; mean of {seeds} seeds (95 % interval).",
    ),
    "zh": ("指标", "{accounts:,} 个真实账户，模拟处理 {days} 天；{seeds} 个随机种子的均值（95 % 区间）。"),
}


def result(folder: Path, language: str) -> str:
    """Markdown: one row a measure, one column a plan; then the answers in words."""
    results, say = read_json(folder / RESULTS), text_in(language)
    policies = results["policies"]
    head, caption = WORDS[language]
    lines = [[head, *map(say.name, policies)], ["---", *("---:" for _ in policies)]]
    lines += [
        [say.measure(name)[0], *(say.span(intervals[name], MEASURE[name].unit) for intervals in policies.values())]
        for name in ROWS
    ]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    below = caption.format(accounts=results["portfolio"]["accounts"], days=results["days"], seeds=len(results["seeds"]))
    burden = read_json(folder / WELFARE)
    judged = [check_words(check, burden, say) for check in burden["checks"] if check["policy"] != check["reference"]]
    said = [*answers(results, say), *judged]
    return f"{table}\n\n*{below}*\n\n{chr(10).join(f'- {sentence}' for sentence in said)}\n"


def main() -> None:
    root, folder = Path(__file__).resolve().parent.parent, Path(sys.argv[1])
    for language, name in FILES.items():
        before, rest = (root / name).read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        write_text(root / name, f"{before}{BEGIN}{result(folder, language)}{END}{after}")
    if command := find():
        with Browser(command) as browser:
            for language, picture in PICTURES.items():
                browser.open(render(folder, language), WIDTH, HEIGHT)
                browser.shoot(root / picture, whole=False)


if __name__ == "__main__":
    main()
