"""Roll rates."""

from __future__ import annotations

from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.decision import emphasis
from recoup.experiments.report.text import Text


def pictured(run: Run, say: Text) -> list[Block]:
    """What roll rates are, and their picture; nothing where no bucket falls within the horizon.

    Args:
        run: the finished run.
        say: the words.
    """
    rates, rolls = run.results["roll_rates"], _rolls(run)
    if not rolls:
        return []
    values = {say.name(name): [rates[name][roll]["mean"] for roll in rolls] for name in run.ordered}
    # From band to band is too long for one line beside its neighbours; from month to month is not.
    places = [roll if len(roll) < 6 else roll.replace("→", "→\n") for roll in rolls]
    picture = charts.steps("rolls", places, values, emphasis(run, say), say("rolls.axis"), say("rolls.caption"))
    return [Paragraph(_message(run, rolls, say), "message"), picture]


def intro(run: Run, say: Text) -> str:
    """What roll rates are, by months or by the scenario's own bands.

    Args:
        run: the finished run.
        say: the words.
    """
    return say("rolls.intro_bands" if run.lists.vocabulary.own_bands else "rolls.intro")


def _rolls(run: Run) -> list[str]:
    rates = run.results["roll_rates"]
    return [roll for roll in rates[run.names[0]] if any(rates[name][roll]["mean"] is not None for name in run.names)]


def _message(run: Run, rolls: list[str], say: Text) -> str:
    """The roll in which the two plans differ most."""
    rates = run.results["roll_rates"]
    ours, theirs = rates[run.best], rates[run.reference or run.best]
    known = [roll for roll in rolls if None not in (ours[roll]["mean"], theirs[roll]["mean"])]
    if run.reference is None or not known:
        return intro(run, say)
    top = max(known, key=lambda roll: abs(ours[roll]["mean"] - theirs[roll]["mean"]))
    return say(
        "rolls.message",
        roll=top,
        best=say.name(run.best),
        against=say.name(run.reference),
        ours=say.number(ours[top]["mean"], "share"),
        theirs=say.number(theirs[top]["mean"], "share"),
    )


def build(run: Run, say: Text) -> list[Block]:
    rates, rolls = run.results["roll_rates"], _rolls(run)
    if not rolls:
        return []
    rows: list[list[Cell | str]] = [
        [
            say.name(name),
            *(
                Cell(say.number(rates[name][roll]["mean"], "share"), [Line(say.limits(rates[name][roll], "share"))])
                for roll in rolls
            ),
        ]
        for name in run.ordered
    ]
    return [Paragraph(intro(run, say)), Table(say("rolls.caption"), [say("rolls.plan"), *rolls], rows)]
