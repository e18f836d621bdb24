"""A picture of how far a log and a policy overlap: how much accounts count, how long the sample lasts, which treatments lack."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recoup.experiments.evidence.evaluation import Evaluation
from recoup.experiments.report.svg_file import svg_file
from recoup.experiments.report.text import Text, written

_BLUE, _GREY, _RED, _SHOWN = "#2b6cb0", "#a0aec0", "#c53030", 8


def draw(evaluation: Evaluation, path: Path, least_sample: float, say: Text) -> None:
    """Draw it.

    Args:
        evaluation: of which policy; refused or not.
        path: of the SVG file; replaced.
        least_sample: effective sample size that was asked for, accounts.
        say: the words.

    Raises:
        InputError: it cannot be written.
    """
    support, weight = evaluation.support, evaluation.episodes.weight[:, -1]
    with svg_file(path, (12, 3.8)) as (figure, ink):

        def words(name: str, **values: object) -> str:
            return ink(say(f"overlap_picture.{name}", **values))

        weights, samples, treatments = figure.subplots(1, 3)
        counting = weight[weight > 0]
        if counting.size:
            weights.hist(np.log10(counting), bins=30, color=_BLUE)
        weights.set_title(words("weights", decisions=support.steps), loc="left", fontsize=10)
        weights.set_xlabel(words("weight", share=written(1 - counting.size / weight.size, ".0%")))
        weights.set_ylabel(words("accounts"))
        samples.plot(np.arange(1, support.steps + 1), support.sample, color=_BLUE, marker="o", markersize=3)
        samples.axhline(least_sample, color=_RED, linewidth=1, linestyle="--")
        samples.set_ylim(0, 1.05 * max(support.accounts, least_sample))
        samples.set_title(words("sample"), loc="left", fontsize=10)
        samples.set_xlabel(words("decisions"))
        samples.set_ylabel(words("accounts"))
        shown = support.treatments[:_SHOWN][::-1]
        places = np.arange(len(shown))
        treatments.barh(places, [t.chosen for t in shown], color=_GREY, label=words("chosen"))
        treatments.barh(places, [t.agreed for t in shown], height=0.5, color=_BLUE, label=words("agreed"))
        treatments.set_yticks(places, [ink(say.arm(t.treatment)) for t in shown], fontsize=8)
        treatments.set_title(words("treatments"), loc="left", fontsize=10)
        treatments.legend(fontsize=8, frameon=False)
