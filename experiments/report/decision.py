"""The decision that a run supports: verdicts with the worlds, money per month, burdens, and the field test that comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from recoup.experiments.comparison.files import WELFARE_FILE
from recoup.experiments.comparison.intervals import Interval, interval
from recoup.experiments.comparison.money import Gain, Worth, gain, payback, worth
from recoup.experiments.comparison.pilot import Pilot, pilot
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.verdicts import GAIN_THAT_MATTERS, Case, Judgement, Reason, Verdict, judge
from recoup.experiments.comparison.welfare import State
from recoup.experiments.report.charts import Emphasis
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.files import STRESS_FILE, WHY_FILE
from recoup.experiments.robustness.stress import UNPERTURBED
from recoup.experiments.robustness.why import WORLDS
from recoup.experiments.runs.champion import VALUE, ranked


@dataclass(frozen=True)
class Asked:
    """What a reader may ask of a report beside what the run holds; kept in the folder as `files.ASKED_FILE`.

    Attributes:
        champion: the plan in force; None = as the run has it.
        change_cost: one-off cost of a change of plan, in the scenario's currency; None = as the run has it.
        accounts: of the reader's whole portfolio, to which money is scaled; None = as many as were simulated.
        inflow: new accounts a week, for the weeks of the pilot; None = not known.
    """

    champion: str | None = None
    change_cost: float | None = None
    accounts: int | None = None
    inflow: float | None = None

    def over(self, earlier: Asked) -> Asked:
        """What holds once this is asked after what was asked earlier: the latest of each.

        Args:
            earlier: asked before.
        """
        return replace(earlier, **{name: value for name, value in asdict(self).items() if value is not None})


@dataclass(frozen=True)
class Decision:
    """What the first page says.

    Attributes:
        champion, challenger: the plan in force, and the one that might replace it.
        cases, judged: of every plan but the champion; the challenger's with the worlds.
        worth: of every plan.
        gains: of every plan but the champion, against it.
        worlds: the challenger's gain by world, the model as it is first; None = not simulated for these two.
        small: the worlds were simulated small, with the comparison.
        payback: of the challenger, in months; None without a cost.
        pilot: that would find the challenger's gain; None where there is none to find.
        accounts: to which money is scaled.
    """

    champion: str
    challenger: str
    cases: dict[str, Case]
    judged: dict[str, Judgement]
    worth: dict[str, Worth]
    gains: dict[str, Gain]
    worlds: dict[str, dict[str, Any]] | None
    small: bool
    payback: Interval | None
    pilot: Pilot | None
    accounts: int

    @property
    def verdict(self) -> Judgement:
        """The challenger's."""
        return self.judged[self.challenger]


def decide(run: Run, asked: Asked | None = None) -> Decision | None:
    """The decision; None for a run of one plan.

    Args:
        run: the finished run, with the champion and the cost of a change that were asked for.
        asked: what the reader asks; None = nothing.

    Raises:
        InputError: a file of the run is missing or damaged.
    """
    asked = asked or Asked()
    champion, challenger = run.reference, run.best
    if champion is None:
        return None
    results = run.results
    worths = worth(run.folder, run.names, results["seeds"])
    portfolio = results["portfolio"]
    accounts = asked.accounts or portfolio["accounts"]
    balance = portfolio["opening_balance"] * accounts / portfolio["accounts"]
    gains = {
        name: gain(worths[name], worths[champion], results["days"], balance) for name in run.names if name != champion
    }
    worlds, small = worlds_of(run)
    cases = dict(run.cases)
    others = None if worlds is None else {name: row[VALUE] for name, row in worlds.items() if name != UNPERTURBED}
    cases[challenger] = replace(cases[challenger], worlds=others)
    cost = results["settings"].get("change_cost")
    return Decision(
        champion,
        challenger,
        cases,
        {name: judge(case) for name, case in cases.items()},
        worths,
        gains,
        worlds,
        small,
        payback(cost, gains[challenger].full) if cost else None,
        _pilot(worths[challenger], worths[champion], gains[challenger].per_account, asked.inflow),
        accounts,
    )


def _pilot(ours: Worth, theirs: Worth, per_account: float, inflow: float | None) -> Pilot | None:
    """To find the gain of an account, or the least that matters if that is more; None where nothing is gained or accounts do not vary."""
    least = GAIN_THAT_MATTERS * abs(float(np.mean(theirs.variable / theirs.accounts)))
    sought = max(per_account, least)
    variances = (ours.variance, theirs.variance)
    if per_account <= 0 or sought <= 0 or not all(variances):
        return None
    return pilot(sought, variances, (ours.unexplained, theirs.unexplained), inflow)


def worlds_of(run: Run) -> tuple[dict[str, dict[str, Any]] | None, bool]:
    """The challenger's gain in the worlds that matter, at full size if `recoup stress` has asked for these two, else as small runs found it.

    Args:
        run: the finished run.

    Returns:
        By world a row of stress.json, the model as it is first, or None; and whether they are small runs.
    """
    if run.reference is None:
        return None, False
    full, few = run.extra(STRESS_FILE), run.extra(WHY_FILE)
    for result, small in ((full, False), (few and few["worlds"], True)):
        if result and _asked_about(run, result):
            rows = {row["perturbation"]: row for row in result["rows"]}
            if set(WORLDS) <= rows.keys():
                return {world: rows[world] for world in WORLDS}, small
    return None, False


def _asked_about(run: Run, result: Mapping[str, Any]) -> bool:
    """Whether challenger and baseline of a file are those of this decision, by name or as the user named them."""
    names = [name for name in (run.best, run.reference) if name]
    said = (result["challenger"], result["baseline"])
    return all(one in pair for one, pair in zip(said, zip(names, run.policy_refs(names), strict=True), strict=True))


def verdict_lines(run: Run, decision: Decision | None, say: Text) -> list[str]:
    """A sentence for each plan but the one in force: the verdict, the gain in money per month, and what keeps it from more.

    Args:
        run: the finished run.
        decision: on it.
        say: the words.
    """
    if decision is None:
        return []
    order = [decision.challenger, *(name for name in ranked(run.results) if name in decision.gains)]
    return [_line(run, decision, name, say) for name in dict.fromkeys(order)]


def _line(run: Run, decision: Decision, name: str, say: Text) -> str:
    money = say.money_span(decision.gains[name].full, run.results["currency"])
    said = say(
        "memo.line",
        plan=say.name(name),
        verdict=say(f"memo.verdicts.{decision.judged[name].verdict}"),
        money=money,
        champion=say.name(decision.champion),
    )
    return say.sentences(said, *reasons(decision, name, say))


def reasons(decision: Decision, name: str, say: Text) -> list[str]:
    """What a verdict rests on, a sentence each.

    Args:
        decision: on the run.
        name: of the plan.
        say: the words.
    """
    found = []
    case = decision.cases[name]
    for reason in decision.judged[name].reasons:
        if reason is Reason.WORLDS_UNKNOWN and name != decision.challenger:
            continue  # they are simulated for one plan alone
        held = {"n": "", "worlds": ""}
        if reason is Reason.WORLDS_OPEN:
            assert case.worlds is not None
            open_ones = [world for world, change in case.worlds.items() if change["low"] is None or change["low"] <= 0]
            held = {
                "n": str(len(case.worlds)),
                "worlds": say("list.semicolon").join(say(f"why.worlds.{world}") for world in open_ones),
            }
        found.append(
            say(
                f"memo.reasons.{reason}",
                heavier=_burdens(case, say, State.BEYOND),
                undecided=_burdens(case, say, State.UNDECIDED),
                lighter=_lighter(case, say),
                suits=f"{case.hardship_suits:,}",
                breaches=f"{case.breaches:,}",
                share=say.number(GAIN_THAT_MATTERS, "share"),
                **held,
            )
        )
    return found


def _burdens(case: Case, say: Text, state: State) -> str:
    return say.listed([say(f"memo.burdens.{gap.burden.measure}") for gap in case.gaps if gap.state is state])


def _lighter(case: Case, say: Text) -> str:
    listed = say.listed([say(f"memo.burdens.{gap.burden.measure}") for gap in case.gaps if gap.lighter])
    return listed or say("memo.nothing")


def assumed(run: Run) -> tuple[list[str], int]:
    """Fields of the portfolio that were drawn for every account or for some, the most first; and how many accounts there are.

    Args:
        run: the finished run.
    """
    filled = run.results["portfolio"]["filled"]
    return sorted(filled, key=lambda name: -filled[name]), run.results["portfolio"]["accounts"]


def burden_table(run: Run, decision: Decision) -> dict[str, dict[str, Interval]]:
    """What debtors notice of every plan, by measure and plan, with 95 % intervals.

    Args:
        run: the finished run.
        decision: on it.
    """
    welfare = run.extra(WELFARE_FILE)
    measured = {name: {} if welfare is None else dict(welfare["policies"][name]) for name in run.names}
    for name, found in decision.worth.items():
        measured[name]["notices_per_1000"] = interval(found.notices_per_1000.tolist())
    shown = [name for name in SHOWN if all(name in measured[plan] for plan in run.names)]
    return {name: {plan: measured[plan][name] for plan in run.names} for name in shown}


def emphasis(run: Run, say: Text) -> Emphasis:
    """The two plans that every picture is about.

    Args:
        run: the finished run.
        say: the words.
    """
    return Emphasis(say.name(run.best), say.name(run.reference) if run.reference else None)


# Burdens that are judged, and what else debtors notice, in the order in which they are shown.
SHOWN = (
    "contacts_per_debtor",
    "busiest_week_p95",
    "complaints_per_1000",
    "debtor_cost",
    "distress_suits_per_1000",
    "plans_broken",
    "notices_per_1000",
    "opt_outs_per_1000",
    "sued_per_1000",
)

__all__ = [
    "SHOWN",
    "Asked",
    "Decision",
    "Verdict",
    "assumed",
    "burden_table",
    "decide",
    "emphasis",
    "reasons",
    "verdict_lines",
    "worlds_of",
]
