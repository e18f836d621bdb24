"""Puts a finished run into the READMEs and the documentation: `python benchmarks/readme.py runs/demo`.

Five lines of it open the READMEs and the start pages; docs/demo.md has all measures, the answers and a picture of the report.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recoup.experiments.comparison.measures import MEASURE, REGISTRY
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
FIVE = (
    "no-contact",
    "status-quo",
    "staged",
    "tuned",
    "learned",
)  # the lines of the short table, as far as the run has them
COLUMNS = ("npv_rate", "recovery_rate", "time_to_recover_days", "complaints_per_1000", "contacts_per_debtor")
RESULT, SHORT = "result", "short"  # names of the places between comments
SHORT_FILES = {"en": ("README.md", "docs/index.md"), "zh": ("README.zh.md", "docs/index.zh.md")}
FILES = {"en": "docs/demo.md", "zh": "docs/demo.zh.md"}
PICTURES = {"en": "docs/report.png", "zh": "docs/report.zh.png"}
WIDTH, HEIGHT = 1100, 1000  # the first screen
WORDS = {
    "en": (
        "measure",
        "plan or policy",
        "{accounts:,} real accounts, simulated treatment over {days} days; mean of {seeds} seeds (95 % interval).",
    ),
    "zh": (
        "指标",
        "方案或策略",
        "{accounts:,} 个真实账户，模拟处置 {days} 天；{seeds} 个随机种子的均值（95 % 区间）。",
    ),
}


def result(folder: Path, language: str) -> str:
    """Markdown: one row a measure, one column a plan; then the answers in words."""
    results, say = read_json(folder / RESULTS), text_in(language)
    policies = results["policies"]
    head, _, caption = WORDS[language]
    lines = [[head, *map(say.name, policies)], ["---", *("---:" for _ in policies)]]
    lines += [
        [say.measure(name)[0], *(say.span(intervals[name], MEASURE[name].unit) for intervals in policies.values())]
        for name in ROWS
    ]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    below = _below(caption, results)
    burden = read_json(folder / WELFARE)
    judged = [check_words(check, burden, say) for check in burden["checks"] if check["policy"] != check["reference"]]
    said = [*answers(results, say), *judged]
    return f"{table}\n\n*{below}*\n\n{chr(10).join(f'- {sentence}' for sentence in said)}\n"


def short(folder: Path, language: str) -> str:
    """Markdown: one row a policy of `FIVE`, one column a measure with its unit in the head; intervals in brackets."""
    results, say = read_json(folder / RESULTS), text_in(language)
    burden = read_json(folder / WELFARE)["policies"]
    _, head, caption = WORDS[language]
    lines = [[head, *(say.head(say.measure(name)[0], REGISTRY[name].unit) for name in COLUMNS)]]
    lines += [["---", *("---:" for _ in COLUMNS)]]
    for policy in (name for name in FIVE if name in results["policies"]):
        known = burden[policy] | results["policies"][policy]
        lines.append([say.name(policy), *(_whole(say.bare_span(known[name], REGISTRY[name].unit)) for name in COLUMNS)])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table}\n\n*{_below(caption, results)}*\n"


def _whole(cell: str) -> str:
    """A number with its interval on one line, or below it, never torn."""
    number, bracket, interval = cell.partition(" (")
    return number + bracket + interval.replace(" ", "\u00a0")


def _below(caption: str, results: dict[str, Any]) -> str:
    accounts, seeds = results["portfolio"]["accounts"], len(results["seeds"])
    return caption.format(accounts=accounts, days=results["days"], seeds=seeds)


def put(file: Path, name: str, content: str) -> None:
    """Write the content between a file's comments `<!-- NAME -->` and `<!-- /NAME -->`."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = file.read_text(encoding="utf-8").split(begin)
    write_text(file, f"{before}{begin}{content}{end}{rest.split(end)[1]}")


def main() -> None:
    root, folder = Path(__file__).resolve().parent.parent, Path(sys.argv[1])
    for language, name in FILES.items():
        put(root / name, RESULT, result(folder, language))
        for start in SHORT_FILES[language]:
            put(root / start, SHORT, short(folder, language))
    if command := find():
        with Browser(command) as browser:
            for language, picture in PICTURES.items():
                browser.open(render(folder, language), WIDTH, HEIGHT)
                browser.shoot(root / picture, whole=False)


if __name__ == "__main__":
    main()
