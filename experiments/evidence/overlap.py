"""A picture of how far a log and a policy overlap: how much accounts count, how long the sample lasts, which treatments lack."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recoup.experiments.evidence.evaluation import Evaluation
from recoup.experiments.runs.runfolder import write_whole

_BLUE, _GREY, _RED, _SHOWN = "#2b6cb0", "#a0aec0", "#c53030", 8


def draw(evaluation: Evaluation, path: Path, least_sample: float) -> None:
    """Draw it.

    Args:
        evaluation: of which policy; refused or not.
        path: of the SVG file; replaced.
        least_sample: effective sample size that was asked for, accounts.

    Raises:
        InputError: it cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    support, weight = evaluation.support, evaluation.episodes.weight[:, -1]
    # Names are data: a dollar sign in one is no formula.
    with rc_context({"svg.hashsalt": "overlap", "svg.fonttype": "none", "text.parse_math": False}):
        figure = Figure(figsize=(12, 3.8), layout="constrained")
        FigureCanvasSVG(figure)
        weights, samples, treatments = figure.subplots(1, 3)
        counting = weight[weight > 0]
        if counting.size:
            weights.hist(np.log10(counting), bins=30, color=_BLUE)
        weights.set_title(f"weights after {support.steps} decisions", loc="left", fontsize=10)
        weights.set_xlabel(f"log10 of the weight; {1 - counting.size / weight.size:.0%} of accounts weigh nothing")
        weights.set_ylabel("accounts")
        samples.plot(np.arange(1, support.steps + 1), support.sample, color=_BLUE, marker="o", markersize=3)
        samples.axhline(least_sample, color=_RED, linewidth=1, linestyle="--")
        samples.set_ylim(0, 1.05 * max(support.accounts, least_sample))
        samples.set_title("effective sample size, and what is needed", loc="left", fontsize=10)
        samples.set_xlabel("decisions")
        samples.set_ylabel("accounts")
        shown = support.treatments[:_SHOWN][::-1]
        places = np.arange(len(shown))
        treatments.barh(places, [t.chosen for t in shown], color=_GREY, label="the policy chooses it")
        treatments.barh(places, [t.agreed for t in shown], height=0.5, color=_BLUE, label="the log did exactly that")
        treatments.set_yticks(places, [t.treatment for t in shown], fontsize=8)
        treatments.set_title("account-days by treatment", loc="left", fontsize=10)
        treatments.legend(fontsize=8, frameon=False)
        write_whole(path, lambda temporary: figure.savefig(temporary, format="svg", metadata={"Date": None}))
