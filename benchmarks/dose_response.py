"""What more of the same brings, beside what was measured outside: docs/dose-response.svg. Some minutes.

    PYTHONPATH=. python benchmarks/dose_response.py

Three panels: texts a week, calls a week, one to three legal notices, each on the same accounts under common random numbers. Bars are the bands
of the calibration targets. A target that is a ratio becomes a bar by way of the measured effect that it multiplies. Weekly caps on texts
and calls are lifted, so that the curves go on to seven; what a cap forbids is shaded.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from recoup.experiments.checks.calibration import Target, targets
from recoup.experiments.checks.laboratory import NO_CONTACT, Laboratory, on_days
from recoup.experiments.checks.targets import CALL, EMPTY, ONE, THIRD, notice_effect, text_effect
from recoup.experiments.comparison.intervals import interval
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.compliance.rules import ContactCap

SEEDS, ACCOUNTS = range(901, 905), 4_000
PICTURE = Path("docs/dose-response.svg")
A_WEEK = range(8)
BELIEVED = (("credibility_start", 1.0), ("credibility_memory", 1e9))
BELIEFS = {"believed": BELIEVED, "as calibrated": (), "known to be empty": EMPTY}
COLOURS = {"blue": "#0072B2", "orange": "#D55E00", "green": "#009E73"}
SMALL = 8.5

Curve = Mapping[float, Sequence[float]]  # dose -> one value a seed


@dataclass(frozen=True)
class Bar:
    """A target's band at a dose.

    Attributes:
        target: its id.
        dose: where it stands on the axis.
        low, high: ends, in the unit of the panel.
        colour: of the curve that it belongs to.
        told: the band in words.
    """

    target: str
    dose: float
    low: float
    high: float
    colour: str
    told: str


def share_bar(target: Target, dose: float, colour: str, unit: str) -> Bar:
    """A band that is a share, in points or per cent."""
    low, high = 100 * target.low, 100 * target.high
    return Bar(target.id, dose, low, high, colour, f"{low:g} to {high:g} {unit}")


def ratio_bar(target: Target, dose: float, colour: str, base: float) -> Bar:
    """A band that is a ratio, times the measured effect that it refers to."""
    return Bar(target.id, dose, target.low * base, target.high * base, colour, f"{target.low:g} to {target.high:g}")


def spread(times: int, days: int) -> list[int]:
    """So many days of every week, as far apart as they can be, among the first `days`."""
    return [day for week in range(0, days, 7) for n in range(times) if (day := week + 7 * n // times) < days]


def weekly_caps(scenario: Scenario) -> dict[str, int]:
    """Group of channels -> most contacts in seven days under the scenario's rules."""
    return {rule.group: rule.most for rule in scenario.rules.rules if isinstance(rule, ContactCap) and rule.days == 7}


def without_caps(scenario: Scenario) -> Scenario:
    """The scenario without its weekly caps, and with collectors at work on every day."""
    world = scenario.world
    staff = world.operations.collector.model_copy(update={"weekdays": list(range(7)), "works_holidays": True})
    operations = world.operations.model_copy(update={"collector": staff})
    other = scenario.with_world(world.model_copy(update={"operations": operations}))
    kept = [rule for rule in scenario.rules.rules if not (isinstance(rule, ContactCap) and rule.days == 7)]
    other.rules = scenario.rules.model_copy(update={"rules": kept})
    return other


ONCE = 0.5  # a single text: more than none, less than one a week
BESIDE = 0.09  # between the notices' curves, so that their intervals do not cover each other


def texts(labs: Sequence[Laboratory], horizon: int) -> Curve:
    """Points resolved by the horizon that texts add to none, by texts a week; `ONCE` is a single one."""
    doses: dict[float, list[int]] = {ONCE: ONE} | {float(n): spread(n, horizon) for n in A_WEEK if n}
    return {0.0: [0.0] * len(labs)} | {
        dose: [100 * text_effect(lab, days, horizon) for lab in labs] for dose, days in sorted(doses.items())
    }


def calls(labs: Sequence[Laboratory]) -> Curve:
    """Points of recovery by day 180 that call attempts add to no contact, by attempts a week; nobody waits for a collector."""

    def recovery(lab: Laboratory, policy: str) -> float:
        return 100 * lab.run(policy, 180, 1, 30, ample=True).recovery(180)

    return {
        float(n): [
            recovery(lab, on_days(spread(n, 180), CALL)) - recovery(lab, NO_CONTACT) if n else 0.0 for lab in labs
        ]
        for n in A_WEEK
    }


def notices(labs: Sequence[Laboratory], changes: tuple[tuple[str, float], ...]) -> Curve:
    """Relative rise, per cent, of the share resolved in the 30 days after the first, second, third notice over a letter in its place."""
    return {float(n): [100 * notice_effect(lab, THIRD[:n], changes) for lab in labs] for n in (1, 2, 3)}


def mean(curve: Curve, dose: float) -> float:
    return float(np.mean(curve[dose]))


def text_bars(by: Mapping[str, Target], day_30: Curve, day_60: Curve) -> list[Bar]:
    """A single text by day 30; by day 60 one, two and five a week, each over the effect that its target names."""

    one, weekly = mean(day_60, ONCE), mean(day_60, 1)
    return [
        share_bar(by["text-one"], ONCE, "blue", "points"),
        ratio_bar(by["text-weekly"], 1, "orange", one),
        ratio_bar(by["text-twice"], 2, "orange", weekly),
        ratio_bar(by["text-daily"], 5, "orange", weekly),
    ]


def call_bars(by: Mapping[str, Target], curve: Curve) -> list[Bar]:
    """Every second day over weekly calls. The target's collectors rest on Sundays, which makes it three calls a week."""
    return [ratio_bar(by["call-frequency"], 3, "blue", mean(curve, 1))]


def notice_bars(by: Mapping[str, Target], calibrated: Curve) -> list[Bar]:
    """The first believed notice, and the first and the third where suits never follow, as shares of it."""
    first = mean(calibrated, 1)
    return [
        share_bar(by["notice-first"], 1, "blue", "%"),
        ratio_bar(by["notice-empty"], 1 + BESIDE, "orange", first),
        ratio_bar(by["notice-third"], 3 + BESIDE, "orange", first),
    ]


def place(dose: float) -> float:
    """Where a dose of texts stands on its axis: none, once, one a week, two a week and so on, equally far apart."""
    return {0.0: 0.0, ONCE: 1.0}.get(dose, dose + 1)


def draw_curve(axes: Axes, curve: Curve, colour: str, label: str, at: Callable[[float], float]) -> None:
    """Means over the seeds, and their 95 % intervals."""
    doses = np.array([at(dose) for dose in curve])
    found = [interval(values) for values in curve.values()]
    means = np.array([one["mean"] for one in found], float)
    ends = np.array([[one["low"], one["high"]] for one in found], float)
    away = np.abs(ends.T - means)
    axes.errorbar(
        doses,
        means,
        yerr=away,
        color=COLOURS[colour],
        marker="o",
        markersize=4,
        linewidth=1.5,
        elinewidth=1,
        label=label,
        zorder=3,
    )


def draw_bars(
    axes: Axes,
    bars: Sequence[Bar],
    by: Mapping[str, Target],
    first: int,
    width: float,
    at: Callable[[float], float] = float,
) -> None:
    """Bars with numbers on them, and below the panel what each is and where it comes from."""
    words = []
    for number, bar in enumerate(bars, start=first):
        axes.bar(at(bar.dose), bar.high - bar.low, width, bar.low, color=COLOURS[bar.colour], alpha=0.22, zorder=1)
        axes.annotate(
            str(number),
            (at(bar.dose), bar.high),
            (0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
            color=COLOURS[bar.colour],
            weight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            zorder=4,
        )
        target = by[bar.target]
        source = (
            f"{number}  {target.text}: {bar.told}. {target.source[0].upper()}{target.source[1:]} ({target.confidence})"
        )
        words.append(textwrap.fill(source, 62, subsequent_indent="    "))
    axes.annotate(
        "\n".join(words), (0, 0), (-34, -44), "axes fraction", "offset points", va="top", fontsize=SMALL, color="#444"
    )


def picture(day_30: Curve, day_60: Curve, called: Curve, noticed: Mapping[str, Curve], caps: Mapping[str, int]) -> None:
    """Draw the three panels.

    Args:
        day_30, day_60, called: as `texts` and `calls` give them.
        noticed: `notices`, by the names of `BELIEFS`.
        caps: `weekly_caps`.
    """
    by = {target.id: target for target in targets()}
    plt.rcParams |= {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "recoup"}
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 6.8))
    draw_bars(left, text_bars(by, day_30, day_60), by, 1, 0.5, place)
    draw_curve(left, day_60, "orange", "by day 60", lambda dose: place(dose) + 0.06)
    draw_curve(left, day_30, "blue", "by day 30", lambda dose: place(dose) - 0.06)
    left.set(xlabel="texts a week", ylabel="accounts resolved, points more than without")
    left.set_xticks(range(9), ["none", "once", *map(str, range(1, 8))])
    left.set_title("Texts, 1 to 30 days past due", loc="left")
    draw_bars(middle, call_bars(by, called), by, 5, 0.5)
    draw_curve(middle, called, "blue", "by day 180", float)
    middle.set(xlabel="call attempts a week, by people", ylabel="cash over balance, points more than without")
    middle.set_xticks(range(8))
    middle.set_title("Calls, 1 to 30 days past due", loc="left")
    for axes, cap, at in ((left, caps.get("text"), place), (middle, caps.get("call"), float)):
        end = at(max(A_WEEK)) + 0.5
        axes.set_xlim(-0.5, end)
        if cap is not None and cap < max(A_WEEK):
            axes.axvspan(at(cap) + 0.5, end, color="#888", alpha=0.12, linewidth=0, zorder=0)
            axes.annotate(
                "above the\nrules' cap",
                (end - 0.1, 0.06),
                ha="right",
                xycoords=("data", "axes fraction"),
                fontsize=SMALL,
                color="#444",
                va="bottom",
            )
    draw_bars(right, notice_bars(by, noticed["as calibrated"]), by, 6, 0.08)
    for (name, curve), colour, shift in zip(
        noticed.items(), ("green", "blue", "orange"), (-BESIDE, 0.0, BESIDE), strict=True
    ):
        draw_curve(right, curve, colour, name, lambda dose, shift=shift: dose + shift)
    right.set(xlabel="which notice", ylabel="resolved in 30 days, % more than after a letter", xlim=(0.7, 3.3))
    right.set_xticks([1, 2, 3], ["first", "second", "third"])
    right.set_title("Legal notices, 31 to 60 days past due", loc="left")
    for axes in (left, middle, right):
        axes.axhline(0.0, color="#888", linewidth=0.8, zorder=0)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize=9, loc="upper left", ncols=2)
    left.set_ylim(top=1.15 * left.get_ylim()[1])
    right.use_sticky_edges = False  # an interval may go below nothing
    right.autoscale_view()
    middle.legend(frameon=False, fontsize=9, loc="upper left")
    right.legend(frameon=False, fontsize=9, loc="upper center", title="notices are", title_fontsize=9, alignment="left")
    figure.tight_layout()
    figure.subplots_adjust(bottom=0.427)
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    scenario = load_scenario("china-consumer")
    free = without_caps(scenario)
    labs = [Laboratory(free, seed, ACCOUNTS) for seed in SEEDS]
    day_30, day_60 = texts(labs, 30), texts(labs, 60)
    called = calls(labs)
    noticed = {name: notices(labs, changes) for name, changes in BELIEFS.items()}
    picture(day_30, day_60, called, noticed, weekly_caps(scenario))
    for name, curve in {"texts 30": day_30, "texts 60": day_60, "calls": called, **noticed}.items():
        print(name, {dose: round(mean(curve, dose), 2) for dose in curve})


if __name__ == "__main__":
    main()
