"""Learning curves of training folders with several seeds, as docs/learning-curves.svg.

    python benchmarks/curves.py runs/learned-taiwan-cards runs/learned-china-consumer

A panel for each folder of `recoup train --training-seeds`, a line for each seed: what the averaged network was worth at each look on the
validation portfolios, and its complaints. Dashed: the plan that all of them began from, on the same portfolios. Unseen seeds are another
matter: docs/results.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
matplotlib.use("svg")
from matplotlib import pyplot as plt

from recoup.agents.library import load_policy
from recoup.experiments.learning.files import progress_line
from recoup.experiments.learning.training import PROGRESS, validation_portfolios
from recoup.experiments.learning.validation import Validation
from recoup.experiments.runs.runfolder import read_json
from recoup.scenarios.schema import load_scenario

PICTURE = Path("docs/learning-curves.svg")
TITLES = ("Net present value less staged's\n(share of opening balance)", "Complaints per 1,000 accounts")


def worth(parts: dict[str, Any]) -> float:
    """Net present value before staff, which costs the same whoever is called."""
    return float(parts["cash"] - parts["cost"] + parts["left"])


def looks(folder: Path) -> list[tuple[float, dict[str, Any]]]:
    """Million account-days and assessment, of each validation of a training."""
    lines = (progress_line(line) for line in (folder / PROGRESS).read_text(encoding="utf-8").splitlines())
    return [(line["steps"] / 1e6, line["validation"]) for line in lines if line and "validation" in line]


def begun_from(card: dict[str, Any]) -> dict[str, Any]:
    """Parts of the plan that a training began from, on its validation portfolios."""
    training, scenario = card["training"], load_scenario(card["scenario"])
    cohorts = validation_portfolios(scenario, training["accounts"])
    names = training["baseline"]["plan"], training["warm_start"]
    staged, start = (load_policy(name, scenario.name, scenario.world) for name in names)
    return Validation(cohorts, staged, training["time_weight"], training["limits"]).assess(start)


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:]]
    plt.rcParams |= {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "recoup"}
    figure, axes = plt.subplots(2, len(folders), figsize=(5.2 * len(folders), 6), sharex=True, squeeze=False)
    for column, folder in enumerate(folders):
        seeds = sorted(folder.glob("seed-*"), key=lambda one: int(one.name.removeprefix("seed-")))
        card = read_json(seeds[0] / "policy.json")
        start, staged = begun_from(card), card["training"]["chosen"]["baseline"]
        for seed in seeds:
            steps, parts = zip(*looks(seed), strict=True)
            label = seed.name.replace("-", " ")
            axes[0, column].plot(
                steps, [worth(p) - worth(staged) for p in parts], "o-", label=label, markersize=4, linewidth=1.2
            )
            axes[1, column].plot(steps, [1000 * p["complaints"] for p in parts], "o-", markersize=4, linewidth=1.2)
        dashed = {"color": "#333", "linewidth": 1.2, "linestyle": "--"}
        axes[0, column].axhline(worth(start) - worth(staged), label=card["training"]["warm_start"], **dashed)
        axes[1, column].axhline(1000 * start["complaints"], **dashed)
        axes[1, column].axhline(1000 * staged["complaints"], color="#999", linewidth=1.0, linestyle=":", label="staged")
        axes[0, column].set_title(card["scenario"], loc="left")
        axes[0, column].yaxis.set_major_formatter(lambda value, _: f"{100 * value:+.1f} points")
        axes[1, column].set_xlabel("million account-days")
    for row, title in enumerate(TITLES):
        axes[row, 0].set_ylabel(title)
        for one in axes[row]:
            one.grid(alpha=0.25)
            one.spines[["top", "right"]].set_visible(False)
    handles, labels = (
        [*of_value, *of_complaints]
        for of_value, of_complaints in zip(*(axes[row, 0].get_legend_handles_labels() for row in (0, 1)), strict=True)
    )
    figure.legend(handles, labels, loc="upper center", ncols=7, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
