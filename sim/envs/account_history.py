"""The history of one account, day by day: what was done, what came of it, and the money; as text and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import Event, Outcome, Stage
from recoup.sim.treatments import STANDARD, Legal, Menu, OfferKind, Window


@dataclass(frozen=True)
class AccountDay:
    """A day of an account. Money in currency units; names as in the treatment menu, the events table and the rule pack.

    Attributes:
        day: days since the account entered.
        treatment: what was carried out; "nothing" when it was blocked.
        rule: id of the rule that blocked it (or of the suspended channel); "" without one, or where a treatment made no sense for the account.
        balance: in the evening.
    """

    day: int
    treatment: str
    outcome: str
    events: tuple[str, ...]
    blocked: bool
    rule: str
    cash: float
    cost: float
    balance: float
    stage: str


def day_of(account: np.void, day: int, menu: Menu, rule_names: Mapping[int, str]) -> AccountDay:
    """The day of one account, from its record (`account.ACCOUNT`) in the evening of simulation day `day`.

    Args:
        account: one record of the accounts, money in cents.
        day: of the simulation, from 0.
        menu: names of the treatments.
        rule_names: the gate's rule ids by the number that a record holds.
    """
    events = Event(int(account["events"]))
    return AccountDay(
        day=day - int(account["entry_day"]),
        treatment=menu.names[int(account["treatment"])],
        outcome=Outcome(int(account["outcome"])).name.lower(),
        events=tuple(event.name.lower() for event in Event if event in events and event.name),
        blocked=Event.BLOCKED in events,
        rule=rule_names[int(account["rule"])],
        cash=int(account["cash_today"]) / 100,
        cost=int(account["cost_today"]) / 100,
        balance=int(account["balance"]) / 100,
        stage=Stage(int(account["stage"])).name.lower(),
    )


def text(history: list[AccountDay]) -> str:
    """One line for each day on which anything happened."""
    lines = []
    for d in history:
        if d.treatment == "nothing" and not d.events:
            continue
        what = f"{d.treatment} -> {d.outcome}" if d.treatment != "nothing" or d.blocked else ""
        also = ", ".join(e for e in d.events if e not in ("attempt", "reached", "blocked"))
        because = f" ({d.rule or 'impossible'})" if d.blocked else ""
        money = f"cash {d.cash:,.2f}, cost {d.cost:,.2f}, balance {d.balance:,.2f}"
        lines.append(f"day {d.day:3d}  {what + because:44s} {money}" + (f"; {also}" if also else ""))
    return "\n".join(lines) or "nothing has happened yet"


_ROWS = ("blocked", "legal", "offer")  # below the channels
_WINDOWS = tuple(window.name.lower() for window in Window)
_LEGAL = tuple(step.name.lower() for step in Legal if step)
_LEGAL_EVENTS = ("notice", "suit", "judgment", "enforcement", "seizure")
_OFFERS = tuple(kind.name.lower()[:6] for kind in OfferKind if kind)
_BLUE, _GREEN, _ORANGE, _RED, _GREY = "#2b6cb0", "#2f855a", "#c05621", "#c53030", "#a0aec0"


def picture(history: list[AccountDay], width: int = 960, height: int = 600) -> NDArray[np.uint8]:
    """The history on a time line: balance and payments above, contacts, offers and legal steps below.

    Args:
        history: days in order.
        width, height: in pixels.

    Returns:
        uint8, shape (height, width, 3).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, height / 100), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    money, acts = figure.subplots(2, 1, sharex=True, height_ratios=(5, 6))
    _draw_money(money, history)
    _draw_acts(acts, history)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _draw_money(axes: Any, history: list[AccountDay]) -> None:
    days = [d.day for d in history]
    axes.step(days, [d.balance for d in history], where="post", color=_BLUE, label="balance in the evening")
    paid = [d for d in history if d.cash > 0]
    axes.vlines([d.day for d in paid], 0, [d.cash for d in paid], color=_GREEN, linewidth=3, label="cash")
    axes.set_ylim(0, 1.15 * max((max(d.balance, d.cash) for d in history), default=1.0))
    axes.set_ylabel("currency")
    cash, cost = sum(d.cash for d in history), sum(d.cost for d in history)
    axes.set_title(f"{len(history)} days, cash {cash:,.0f}, cost of treatment {cost:,.0f}", loc="left", fontsize=11)
    for name, colour in (
        ("closed", "black"),
        ("complaint", _RED),
        ("promise_broken", _ORANGE),
        ("plan_broken", _ORANGE),
    ):
        for d in history:
            if name in d.events:
                axes.axvline(d.day, color=colour, linewidth=0.8, linestyle=":")
                axes.text(
                    d.day,
                    axes.get_ylim()[1],
                    " " + name.replace("_", " "),
                    rotation=90,
                    va="top",
                    fontsize=7,
                    color=colour,
                )
    axes.legend(loc="upper right", fontsize=8, frameon=False)


def _draw_acts(axes: Any, history: list[AccountDay]) -> None:
    marks: dict[tuple[str, str, bool], list[tuple[int, int]]] = {}
    contacts = [
        d.treatment.split("/")[0]
        for d in history
        if d.treatment.split("/")[1:2] and d.treatment.split("/")[1] in _WINDOWS
    ]
    own = dict.fromkeys(name for name in contacts if name not in STANDARD.channel_names)
    rows = (*_ROWS, *reversed((*STANDARD.channel_names, *own)))

    def put(row: str, day: int, colour: str, shape: str = "o", filled: bool = True) -> None:
        marks.setdefault((colour, shape, filled), []).append((day, rows.index(row)))

    for d in history:
        parts = d.treatment.split("/")
        if parts[0] in rows:
            served = "attempt" in d.events
            colour = (_GREEN if "reached" in d.events else _BLUE) if served else _GREY
            put(parts[0], d.day, colour, filled=served)
        offers = [part for part in parts if part.startswith(_OFFERS)]
        if offers and "offer" in d.events:
            put("offer", d.day, _GREEN if "offer_accepted" in d.events else _ORANGE, "D")
            axes.annotate(offers[0], (d.day, rows.index("offer")), (2, 5), textcoords="offset points", fontsize=6)
        for event in _LEGAL_EVENTS:
            if event in d.events:
                put("legal", d.day, _RED, "s")
                below = -10 if event in ("judgment", "seizure") else 5
                axes.annotate(event, (d.day, rows.index("legal")), (2, below), textcoords="offset points", fontsize=6)
        if d.blocked:
            put("blocked", d.day, _RED, "x")
    for (colour, shape, filled), points in marks.items():
        x, y = zip(*points, strict=True)
        faces = {} if shape == "x" else {"facecolors": colour if filled else "none", "edgecolors": colour}
        axes.scatter(x, y, s=26, marker=shape, **(faces or {"color": colour}))
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(axis="y", color="#e2e8f0")
    axes.set_axisbelow(True)
    axes.set_xlabel(
        "days since the account entered    (green: reached or accepted, blue: not reached, hollow: not served, orange: refused)",
        fontsize=8,
    )
