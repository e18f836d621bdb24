"""Learning curves of training folders, as docs/learning-curves.svg.

    python benchmarks/curves.py "china-consumer: from the tiered plan=runs/a" "china-consumer: standardised features=runs/b" …

Each argument is `panel: label=folder`. Lines are the training cohorts, worlds off on purpose among them, averaged over the rollouts of a
million account-days; dots are the mean network on the validation cohorts. Unseen seeds are another matter: docs/results.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot as plt

BIN = 1_000_000  # account-days
ROWS = (("recovery", "Recovery against staged"), ("complaints", "Complaints per 1,000 accounts"))


def rollouts(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]


def smoothed(folder: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Millions of account-days, and what `ROWS` name, in means of a `BIN` each."""
    lines = rollouts(folder)
    steps = np.array([line["steps"] for line in lines])
    bins = steps // BIN
    whole = [number for number in np.unique(bins) if (bins == number).sum() > 1]
    recovery = np.array([(line["recovery"] or np.nan) / line["recovery_baseline"] - 1 for line in lines])
    complaints = 1000 * np.array([line["complaints"] for line in lines])
    series = {"recovery": recovery, "complaints": complaints}
    means = {name: np.array([np.nanmean(v[bins == number]) for number in whole]) for name, v in series.items()}
    return np.array([steps[bins == number].mean() / 1e6 for number in whole]), means


def validated(folder: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """As `smoothed`, of the validations of a run; cash stands for recovery, both discounted."""
    lines = rollouts(folder)
    validations = [(line["steps"], line["validation"]) for line in lines if "validation" in line]
    if not validations:
        return np.zeros(0), {name: np.zeros(0) for name, _ in ROWS}
    baseline = json.loads((folder / "policy.json").read_text())["training"]["chosen"]["baseline"]
    means = {
        "recovery": np.array([one["cash"] / baseline["cash"] - 1 for _, one in validations]),
        "complaints": 1000 * np.array([one["complaints"] for _, one in validations]),
    }
    return np.array([steps / 1e6 for steps, _ in validations]), means


def main() -> None:
    panels: dict[str, list[tuple[str, Path]]] = {}
    for argument in sys.argv[1:]:
        named, folder = argument.split("=", 1)
        panel, label = named.split(": ", 1)
        panels.setdefault(panel, []).append((label, Path(folder)))
    plt.rcParams |= {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "recoup"}
    figure, axes = plt.subplots(
        2, len(panels), figsize=(5.2 * len(panels), 6), sharex=True, sharey="row", squeeze=False
    )
    for column, (panel, runs) in enumerate(panels.items()):
        for label, folder in runs:
            (steps, means), (at, dots) = smoothed(folder), validated(folder)
            for row, (name, _) in enumerate(ROWS):
                (line,) = axes[row, column].plot(steps, means[name], label=label, linewidth=1.4, alpha=0.8)
                axes[row, column].plot(at, dots[name], "o", color=line.get_color(), markersize=4)
        axes[0, column].set_title(panel, loc="left")
        axes[0, column].yaxis.set_major_formatter(lambda value, _: f"{value:+.0%}")
        axes[0, column].axhline(0.0, color="#888", linewidth=0.8)
        axes[1, column].set_xlabel("million account-days")
        axes[0, column].legend(frameon=False, fontsize=9, loc="lower right")
    for row, (_, title) in enumerate(ROWS):
        axes[row, 0].set_ylabel(title)
        for one in axes[row]:
            one.grid(alpha=0.25)
            one.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylim(-0.25, 0.25)
    figure.tight_layout()
    figure.savefig("docs/learning-curves.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
