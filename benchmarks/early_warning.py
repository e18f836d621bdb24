"""The early-warning score of the shipped card accounts: fits it, writes the column and the figures of its page. About a minute.

    PYTHONPATH=. python benchmarks/early_warning.py            # fit: the column of the CSV, docs/early-warning.md and its picture
    PYTHONPATH=. python benchmarks/early_warning.py --page     # the page and the picture alone, from the column as it is

The page's text is written by hand; what stands between two marks is written here. The table of
simulated failures changes with the world.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("svg")
from matplotlib import pyplot as plt

from recoup.experiments.checks.uci_crosscheck import simulated_failures
from recoup.experiments.comparison.protected_groups import AGE_BANDS
from recoup.experiments.learning import early_warning as ew
from recoup.experiments.runs.runfolder import write_text
from recoup.scenarios.schema import ROOT, load_scenario

FILE = ROOT / "portfolios" / "uci_credit_card_delinquent.csv"
PAGE, PICTURE = Path("docs/early-warning.md"), Path("docs/early-warning.svg")
FIFTHS, SEEDS = 5, range(901, 909)
FLAG = 0.6  # from here the staged plan calls, and the risk tiers count a point


def with_column(text: str, values: np.ndarray) -> str:
    """The CSV with the score as its last column; all other cells stay as they are."""
    header, *rows = text.splitlines()
    kept = [name for name in header.split(",") if name != ew.SCORE]
    cells = [row.split(",")[: len(kept)] for row in rows]
    lines = [",".join([*row, f"{value:.{ew.DIGITS}f}"]) for row, value in zip(cells, values, strict=True)]
    return "\n".join([",".join([*kept, ew.SCORE]), *lines]) + "\n"


def groups(file: pd.DataFrame) -> dict[str, np.ndarray]:
    """Whom the score is looked at for separately: sex and age, none of which it sees."""
    sex, age = file["SEX"].to_numpy(), file["AGE"].to_numpy()
    found = {"women": sex == 2, "men": sex == 1}
    return found | {f"aged {name}": (age >= low) & (age < high) for name, (low, high) in AGE_BANDS.items()}


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def auc(found: ew.Quality) -> str:
    return f"{found.auc:.3f} ({found.low:.3f} to {found.high:.3f})"


def figures(file: pd.DataFrame) -> str:
    """The tables of the page, from the column and the outcomes."""
    said, naive = file[ew.SCORE].to_numpy(np.float64), ew.by_months(file)
    failed = file[ew.OUTCOME].to_numpy(np.int64)
    gain, low, high = ew.auc_gain(said, naive, failed)
    constant = float(failed.mean())
    score, months = ew.quality(said, failed), ew.quality(naive, failed)
    lines = table(
        ["", "AUC (95 %)", "Brier score"],
        [
            ["Early-warning score", auc(score), f"{score.brier:.4f}"],
            ["Months past due alone", auc(months), f"{months.brier:.4f}"],
            ["The mean of all accounts", "0.500", f"{constant * (1 - constant):.4f}"],
        ],
    )
    lines += [f"The score's AUC is {gain:.3f} ({low:.3f} to {high:.3f}) above that of months past due alone.", ""]
    tenths = ew.calibration(said, failed)
    lines += table(
        ["Tenth of the accounts, by score", "accounts", "score, mean", "failed to pay (95 %)"],
        [
            [str(n), str(row.accounts), f"{row.said:.3f}", f"{row.failed:.3f} ({row.low:.3f} to {row.high:.3f})"]
            for n, row in enumerate(tenths.itertuples(), start=1)
        ],
    )
    rows = []
    for name, member in groups(file).items():
        found, paid = ew.quality(said[member], failed[member]), member & (failed == 0)
        rows.append(
            [
                name,
                f"{found.accounts:,}",
                auc(found),
                f"{found.said:.3f}",
                f"{found.failed:.3f}",
                f"{100 * (said[member] >= FLAG).mean():.0f} %",
                f"{100 * (said[paid] >= FLAG).mean():.0f} %",
            ]
        )
    header = [
        "",
        "accounts",
        "AUC (95 %)",
        "score, mean",
        "failed to pay",
        f"score ≥ {FLAG}",
        f"of those who paid, ≥ {FLAG}",
    ]
    return "\n".join(lines + table(header, rows))


def fifths(file: pd.DataFrame, failed: np.ndarray, months: int | None) -> list[float]:
    """Share that failed by fifths of the score, lowest first; of all accounts, or of those so many months past due."""
    asked = np.ones(len(file), bool) if months is None else (file["PAY_0"] == months).to_numpy()
    order = np.argsort(file[ew.SCORE].to_numpy()[asked], kind="stable")
    return [float(failed[asked][fifth].mean()) for fifth in np.array_split(order, FIFTHS)]


def simulated() -> str:
    """The table of real and simulated failures by fifths of the score."""
    file, failed = simulated_failures(load_scenario("taiwan-cards"), SEEDS)
    rows = []
    for name, months in (("all accounts", None), ("one month past due", 1), ("two months past due", 2)):
        for what, outcome in (("real", file[ew.OUTCOME].to_numpy(float)), ("simulated", failed)):
            rows.append([f"{name}, {what}", *(f"{100 * share:.0f} %" for share in fifths(file, outcome, months))])
    return "\n".join(table(["Failed to pay, by fifths of the score", "lowest", "2", "3", "4", "highest"], rows))


def filled(page: str, name: str, text: str) -> str:
    """A page with a text between the two marks of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.split(begin)
    return before + begin + "\n" + text + end + rest.split(end)[1]


def picture(file: pd.DataFrame) -> None:
    """Probability against outcome by tenths, and how the score is spread."""
    said, failed = file[ew.SCORE].to_numpy(np.float64), file[ew.OUTCOME].to_numpy(np.int64)
    tenths = ew.calibration(said, failed)
    plt.rcParams |= {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "recoup"}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 4.2))
    left.plot([0, 1], [0, 1], color="#888", linewidth=0.8)
    reach = [tenths["failed"] - tenths["low"], tenths["high"] - tenths["failed"]]
    left.errorbar(tenths["said"], tenths["failed"], yerr=reach, fmt="o", color="#0072B2", markersize=5, capsize=2)
    left.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="early-warning score, mean of a tenth",
        ylabel="share that failed to pay next month",
    )
    left.set_title("Said against what happened", loc="left")
    bins = np.linspace(0, 1, 41)
    for outcome, colour, label in ((0, "#009E73", "paid"), (1, "#D55E00", "failed to pay")):
        right.hist(said[failed == outcome], bins, color=colour, alpha=0.5, label=label)
    right.axvline(FLAG, color="#444", linewidth=0.8, linestyle="--")
    right.annotate(
        f"high risk from {FLAG}",
        (FLAG, 0.97),
        (-4, 0),
        ("data", "axes fraction"),
        "offset points",
        ha="right",
        va="top",
        fontsize=9,
    )
    right.set(xlim=(0, 1), xlabel="early-warning score", ylabel="accounts")
    right.set_title("How the scores are spread", loc="left")
    right.legend(frameon=False, fontsize=9, loc="upper left")
    for one in (left, right):
        one.grid(alpha=0.25)
        one.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    if "--page" not in sys.argv[1:]:
        found = ew.out_of_fold(pd.read_csv(FILE), print)
        write_text(FILE, with_column(FILE.read_text(encoding="utf-8"), found.probability))
    file = pd.read_csv(FILE)
    page = filled(PAGE.read_text(encoding="utf-8"), "figures", figures(file))
    write_text(PAGE, filled(page, "simulated", simulated()))
    picture(file)


if __name__ == "__main__":
    main()
