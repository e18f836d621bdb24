"""The first page: what to do, what it brings, what drives it, whether it lasts, what debtors notice, the risks, and the next step."""

from __future__ import annotations

import numpy as np

from recoup.agents.library import OWN, split_name
from recoup.experiments.comparison.files import FAIRNESS_FILE
from recoup.experiments.comparison.intervals import Interval
from recoup.experiments.comparison.measure import Unit
from recoup.experiments.comparison.measures import REGISTRY
from recoup.experiments.comparison.money import PARTS, times
from recoup.experiments.comparison.run import Run, verdict
from recoup.experiments.comparison.verdicts import Reason, Verdict
from recoup.experiments.comparison.welfare import State
from recoup.experiments.report.blocks import (
    Answer,
    Block,
    Bullets,
    Cell,
    Columns,
    Heading,
    Line,
    Paragraph,
    Picture,
    Table,
)
from recoup.experiments.report.charts import trade_off
from recoup.experiments.report.decision import Decision, assumed, burden_table, emphasis, reasons
from recoup.experiments.report.sections.sources import largest_change
from recoup.experiments.report.sections.why import parts_of
from recoup.experiments.report.text import Text, is_doubt
from recoup.experiments.robustness.files import FRONTIER_FILE
from recoup.experiments.robustness.stress import UNPERTURBED
from recoup.experiments.runs.champion import VALUE, ranked
from recoup.sim.perturbation import behaviour_parameters

CONTACTS = "contacts_per_debtor"
MOST_NAMED = 6  # fields in a sentence
LARGE = 0.5  # share of a gain that is no cash, from which that is a risk to name
NETWORKS = frozenset(name for name, made in OWN.items() if made.command == "train")
UNITS = {"notices_per_1000": "count"}


def build(run: Run, say: Text, decision: Decision | None) -> list[Block]:
    """The blocks of the first page; none for a run of one plan.

    Args:
        run: the finished run.
        say: the words.
        decision: on it.
    """
    if decision is None:
        return []
    said = decision.verdict.verdict
    warning: list[Block] = [Paragraph(say("one_seed"), "warning")] if len(run.results["seeds"]) == 1 else []
    return [
        *warning,
        Answer(said, say(f"memo.verdicts.{said}"), _action(run, decision, say)),
        Columns(
            [
                [
                    Heading(say("memo.money.heading")),
                    *_money(run, decision, say),
                    Heading(say("memo.drivers.heading")),
                    *_drivers(run, decision, say),
                ],
                [
                    Heading(say("memo.picture.heading")),
                    _picture(run, decision, say),
                    Heading(say("memo.worlds.heading")),
                    *_worlds(decision, say),
                ],
            ],
        ),
        Heading(say("memo.debtors.heading")),
        *_debtors(run, decision, say),
        Columns(
            [
                [Heading(say("memo.risks.heading")), Bullets(_risks(run, decision, say))],
                [Heading(say("memo.next.heading")), *_next(run, decision, say)],
            ],
        ),
        Paragraph(say("memo.rule", share=say.number(0.01, "share")), "rule"),
    ]


def _action(run: Run, decision: Decision, say: Text) -> str:
    """The recommendation in one sentence, and what the verdict rests on."""
    gain = decision.gains[decision.challenger]
    said = say(
        f"memo.action.{decision.verdict.verdict}",
        plan=say.name(decision.challenger),
        champion=say.name(decision.champion),
        money=say.money_span(gain.full, run.results["currency"]),
    )
    return say.sentences(said, *reasons(decision, decision.challenger, say))


# --- money --------------------------------------------------------------------------------------------------------------


def _money(run: Run, decision: Decision, say: Text) -> list[Block]:
    found, currency = decision.gains[decision.challenger], run.results["currency"]

    def row(key: str, factor: float) -> list[Cell | str]:
        return [
            say(f"memo.money.{key}"),
            *(_amount(times(view, factor), currency, say) for view in (found.full, found.variable)),
        ]

    head = [say("memo.money.gain"), say("memo.money.full"), say("memo.money.variable")]
    rows = [row("month", 1.0), row("year", 12.0), row("per_1000", 1000.0 / decision.accounts)]
    accounts = say("memo.money.accounts", n=f"{decision.accounts:,}")
    return [
        Table(
            say("memo.money.caption", champion=say.name(decision.champion), accounts=accounts), head, rows, kind="plain"
        ),
        Paragraph(say.sentences(_payback(run, decision, say), _scale(run, decision, say)), "sub"),
    ]


def _amount(interval: Interval, currency: str, say: Text) -> Cell:
    number, _, limits = say.money_span(interval, currency).partition(say("list.bracket"))
    return Cell(number.strip(), [Line(limits.rstrip(")）"))] if limits else [])


def _payback(run: Run, decision: Decision, say: Text) -> str:
    found, cost = decision.payback, run.results["settings"].get("change_cost")
    if found is None:
        return say("memo.money.no_cost")
    amount = say.money(cost, run.results["currency"], signed=False)
    if found["mean"] is None:
        return say("memo.money.never", cost=amount)
    slowest = "memo.money.payback" if found["high"] is not None else "memo.money.payback_open"
    return say(slowest, cost=amount, **{end: say.number(found[end], "count") for end in ("mean", "low", "high")})


def _scale(run: Run, decision: Decision, say: Text) -> str:
    simulated = run.results["portfolio"]["accounts"]
    balance = run.results["portfolio"]["opening_balance"] * decision.accounts / simulated
    values = {
        "accounts": f"{decision.accounts:,}",
        "simulated": f"{simulated:,}",
        "balance": say.money(balance, run.results["currency"], signed=False),
        "days": run.results["days"],
    }
    return say("memo.money.scaled" if decision.accounts != simulated else "memo.money.whole", **values)


# --- the picture ----------------------------------------------------------------------------------------------------------


def _picture(run: Run, decision: Decision, say: Text) -> Picture:
    contacts = burden_table(run, decision).get(CONTACTS)
    assert contacts is not None
    points = {say.name(name): (contacts[name], run.value(name, VALUE)) for name in run.ordered}
    return trade_off(
        "trade-off",
        points,
        emphasis(run, say),
        (say.measure(CONTACTS)[0], say("memo.picture.value")),
        say("memo.picture.caption"),
        _family(run, say),
    )


def _family(run: Run, say: Text) -> tuple[str, np.ndarray, np.ndarray] | None:
    """The policies that `recoup frontier` has looked at, where it has run by net present value."""
    found = run.extra(FRONTIER_FILE)
    if not found or found["by"] != VALUE or not found["points"]:
        return None
    across, up = (np.array([point["values"][key] for point in found["points"]]) for key in (CONTACTS, VALUE))
    return say("frontier.behind"), across, up


# --- what drives it, and whether it lasts -----------------------------------------------------------------------------------


def _drivers(run: Run, decision: Decision, say: Text) -> list[Block]:
    found, currency = decision.gains[decision.challenger], run.results["currency"]
    rows: list[list[Cell | str]] = [
        [say(f"memo.drivers.{part}"), say.money(found.parts[part]["mean"], currency)]
        for part in PARTS
        if found.parts[part]["mean"]
    ]
    rows.append([say("memo.drivers.sum"), say.money(found.full["mean"], currency)])
    head = [say("memo.drivers.part"), say("memo.drivers.month")]
    said = say.sentences(largest_change(run, say), parts_of(run, say))
    return [Table(say("memo.drivers.caption"), head, rows, kind="plain"), *([Paragraph(said)] if said else [])]


def _worlds(decision: Decision, say: Text) -> list[Block]:
    worlds = decision.worlds
    if worlds is None:
        return [Paragraph(say("memo.worlds.none"))]
    marks = {world: verdict(row[VALUE], 1) for world, row in worlds.items()}
    others = [world for world in worlds if world != UNPERTURBED]
    won = sum(marks[world] == "good" for world in others)
    rows: list[list[Cell | str]] = [
        [
            say(f"why.worlds.{world}"),
            Cell(
                say.number(row[VALUE]["mean"], "points", signed=True),
                [Line(say(f"verdict.{marks[world]}"), marks[world])],
            ),
        ]
        for world, row in worlds.items()
    ]
    message = say("memo.worlds.won", n=len(others), won=won)
    if decision.small:
        message = say.sentences(message, say("memo.worlds.small"))
    head = [say("why.world"), say("memo.worlds.gain")]
    return [Paragraph(message), Table(say("memo.worlds.caption"), head, rows, kind="plain signs")]


# --- what debtors notice ------------------------------------------------------------------------------------------------------


def _debtors(run: Run, decision: Decision, say: Text) -> list[Block]:
    measured = burden_table(run, decision)
    gaps = {plan: {gap.burden.measure: gap for gap in decision.cases[plan].gaps} for plan in decision.cases}
    head = [say("memo.debtors.burden"), *(say.name(name) for name in run.ordered), say("memo.debtors.margin")]
    first: list[Cell | str] = [say("memo.debtors.verdict")]
    second: list[Cell | str] = [say("memo.debtors.gain", currency=run.results["currency"])]
    for name in run.ordered:
        if name == decision.champion:
            first.append(say("memo.debtors.in_force"))
            second.append("–")
            continue
        said = decision.judged[name].verdict
        first.append(say(f"memo.verdicts.{said}"))
        money = say.money(decision.gains[name].full["mean"], run.results["currency"])
        second.append(money.removeprefix(run.results["currency"]).strip())
    rows: list[list[Cell | str]] = [[*first, ""], [*second, ""]]
    for name, by_plan in measured.items():
        unit = UNITS.get(name) or REGISTRY[name].unit
        row: list[Cell | str] = [say(f"memo.burdens.{name}")]
        for plan in run.ordered:
            value = say.number(by_plan[plan]["mean"], unit)
            gap = gaps.get(plan, {}).get(name)
            lines = []
            if gap and gap.state is State.BEYOND:
                lines = [Line(say("memo.debtors.beyond"), "bad")]
            elif gap and gap.lighter:
                lines = [Line(say("memo.debtors.lighter"), "good")]
            elif gap and gap.state is State.UNDECIDED:
                lines = [Line(say("memo.debtors.undecided"), "undecided")]
            row.append(Cell(value, lines))
        gap = gaps[decision.challenger].get(name)
        row.append(_margin(gap.margin, gap.burden.norm, unit, say) if gap else say("memo.debtors.shown"))
        rows.append(row)
    note = say("memo.debtors.note", champion=say.name(decision.champion))
    return [Table(say("memo.debtors.caption"), head, rows, kind="matrix signs"), Paragraph(note, "sub")]


def _margin(margin: float, norm: float | None, unit: str, say: Text) -> str:
    if norm is not None:
        return say("memo.debtors.at_most", value=say.number(norm + margin, unit))
    return say.number(margin, "points" if unit == Unit.SHARE else unit, signed=True)


# --- risks, and the next step ---------------------------------------------------------------------------------------------------


def _risks(run: Run, decision: Decision, say: Text) -> list[str]:
    found, gain = [], decision.gains[decision.challenger]
    full, horizon, cash = (part["mean"] or 0.0 for part in (gain.full, gain.parts["horizon"], gain.parts["cash"]))
    if full > 0 and horizon > LARGE * full:
        amounts = {
            name: say.money(value, run.results["currency"]) for name, value in (("horizon", horizon), ("cash", cash))
        }
        found.append(say("memo.risks.horizon", days=run.results["days"], **amounts))
    found.append(say("memo.risks.behaviour", n=len(behaviour_parameters())))
    fields, accounts = assumed(run)
    whole = [name for name in fields if run.results["portfolio"]["filled"][name] == accounts]
    if fields:
        named = say.listed([say.column(name) for name in fields[:MOST_NAMED]])
        key = "memo.risks.assumed" if whole else "memo.risks.assumed_some"
        more = len(fields) - MOST_NAMED
        found.append(say(key, fields=say("memo.risks.assumed_more", fields=named, n=more) if more > 0 else named))
    reasons_found = decision.verdict.reasons
    if Reason.WORLDS_UNKNOWN in reasons_found:
        found.append(say("memo.risks.worlds"))
    source = split_name(run.policy_refs([decision.challenger])[0])[1]
    if str(source) in NETWORKS:
        found.append(say("memo.risks.network", plan=say.name(decision.challenger)))
    fairness = run.extra(FAIRNESS_FILE)
    warned = [w for w in fairness["warnings"] if w["policy"] == decision.challenger] if fairness else []
    if warned:
        found.append(say("memo.risks.fairness", n=len(warned)))
    doubts = [
        note
        for note in run.results["portfolio"]["notes"]
        if is_doubt(note) or (isinstance(note, str) and note.startswith("Not calibrated"))
    ]
    found += [say.note(note) for note in doubts[:2]]
    return found


def _next(run: Run, decision: Decision, say: Text) -> list[Block]:
    names = {"plan": say.name(decision.challenger), "champion": say.name(decision.champion)}
    blocks: list[Block] = []
    test = decision.pilot
    if decision.verdict.verdict is Verdict.DONT or test is None:
        blocks.append(Paragraph(say("memo.next.dont", **names)))
    else:
        said = say(
            "memo.next.pilot",
            **names,
            each=f"{test.adjusted_per_arm:,}",
            plain=f"{test.per_arm:,}",
            gain=say.money(test.gain, run.results["currency"], signed=False),
            days=run.results["days"],
        )
        weeks = (
            say("memo.next.weeks", weeks=say.number(test.weeks, "count"))
            if test.weeks is not None
            else say("memo.next.no_inflow", both=f"{2 * test.adjusted_per_arm:,}")
        )
        stop = say("memo.next.stop")
        blocks.append(Paragraph(say.sentences(said, weeks, stop)))
    if other := _other(run, decision, say):
        blocks.append(Paragraph(other))
    return blocks


def _other(run: Run, decision: Decision, say: Text) -> str:
    """Why not the plan of the highest value, where that is another."""
    top = ranked(run.results, [name for name in run.names if name != decision.champion])[0]
    if top == decision.challenger:
        return ""
    change = run.difference(top, decision.challenger, VALUE)
    key = "memo.next.equal" if verdict(change, 1) == "open" else "memo.next.heavier"
    said = say(f"memo.verdicts.{decision.judged[top].verdict}")
    span = say.span(change, "points", signed=True)
    return say(key, top=say.name(top), plan=say.name(decision.challenger), change=span, verdict=said)
