"""Histories of one account under two policies side by side: the same debtor and the same random draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
from markupsafe import escape

from recoup.experiments.comparison.files import ACCOUNTS_TABLE
from recoup.experiments.comparison.run import Run
from recoup.experiments.dashboard import events, figures, html, layout
from recoup.experiments.dashboard.figures import CHALLENGER, CHAMPION, Series
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import table
from recoup.experiments.report.text import Text, written

MOST = 40  # accounts that are offered, those whose cash differs most
HAPPENED = (
    "promise promise_kept promise_broken payment instalment_paid instalment_missed plan_broken complaint dispute hardship "
    "breathing_space opt_out cease_contact"
).split()


def build(request: Request) -> Sequence[Any]:
    run = request.comparison(having=lambda entry: len(entry.results["policies"]) > 1)
    if run is None:
        return [html.paragraph(request.words("none_finished"), "note")]
    return layout.safely(lambda: _page(request, run))


def _page(request: Request, run: Run) -> Sequence[Any]:
    say, seeds = request.say, run.results["seeds"]
    if not events.log_path(run, run.names[0], seeds[0]).exists():
        return [html.paragraph(request.words("no_events"), "note")]
    table(ACCOUNTS_TABLE, run.folder)  # a damaged one is one line instead of the page
    plans = {say.name(name): name for name in run.names}
    first, second = (run.reference or run.names[0]), run.best
    left = layout.select(request.words("accounts.left"), plans, first)
    right = layout.select(request.words("accounts.right"), plans, second)
    seed = layout.select(request.words("accounts.seed"), {str(one): one for one in seeds})
    account = layout.select(request.words("accounts.account"), _offered(request, run, first, second, seeds[0]))
    wanted = pn.widgets.TextInput(
        name=request.words("accounts.pseudonym"),
        placeholder="p0123456789abcdef",
        sizing_mode="stretch_width",
        margin=(2, 0),
    )

    def renew(*_: object) -> None:
        offered = _offered(request, run, left.value, right.value, seed.value)
        account.param.update(
            options=offered, value=account.value if account.value in offered.values() else next(iter(offered.values()))
        )

    for widget in (left, right, seed):
        widget.param.watch(renew, "value")

    def draw(left: str, right: str, seed: int, account: str, wanted: str) -> Sequence[Any]:
        return _drawn(request, run, (left, right), seed, wanted.strip() or account)

    controls = layout.controls(left, right, seed, account, wanted, least="min(13rem, 100%)")
    note = html.paragraph(request.words("accounts.note", n=MOST), "note")
    return [controls, note, layout.drawn(draw, left=left, right=right, seed=seed, account=account, wanted=wanted)]


def _of(run: Run, name: str, seed: int) -> pd.DataFrame:
    rows = table(ACCOUNTS_TABLE, run.folder)
    found = rows[(rows["policy"] == name) & (rows["seed"] == seed)]
    return found.assign(account_id=found["account_id"].astype(str)).set_index("account_id")


def _offered(request: Request, run: Run, left: str, right: str, seed: int) -> dict[str, str]:
    cash = [_of(run, name, seed)["cash"] for name in (left, right)]
    gaps = (cash[1] - cash[0].reindex(cash[1].index)).dropna()
    order = gaps.abs().sort_values(ascending=False, kind="stable").index[:MOST]
    currency = run.results["currency"]
    return {f"{name} ({written(gaps[name] / 100, '+,.0f')} {currency})": str(name) for name in order}


def _drawn(request: Request, run: Run, plans: tuple[str, str], seed: int, account: str) -> Sequence[Any]:
    say = request.say
    ends = [_of(run, name, seed) for name in plans]
    if any(account not in rows.index for rows in ends):
        return [html.paragraph(request.words("accounts.unknown", account=account), "warning")]
    logs = [events.of_account(run, name, seed, account) for name in plans]
    lasts: list[Any] = [rows.loc[account] for rows in ends]
    facts = lasts[0]
    told = [
        say.one_of("codes.product", str(facts["product"])),
        say.one_of("tiers", str(facts["entry_tier"])),
        say("stage", days=int(facts["dpd"])),
        request.words("accounts.opening", amount=f"{facts['opening'] / 100:,.0f}", currency=run.results["currency"]),
    ]
    histories = [log if log is not None else pd.DataFrame({"day": []}) for log in logs]
    names = (say.name(plans[0]), say.name(plans[1]))
    return [
        html.heading(say("story.account", account=account)),
        html.paragraph(say.listed(told), "note"),
        html.table(["", *names], _ends(request, lasts), words=False),
        html.heading(request.words("accounts.balance"), 3),
        _balance(request, run, names, histories, lasts),
        html.heading(request.words("accounts.days"), 3),
        html.table([say("story.day"), *names], _days(say, histories), words=True),
    ]


def _ends(request: Request, ends: Sequence[pd.Series]) -> list[list[str]]:
    say = request.say
    rows = []
    for key in ("cash", "cost", "forgiven", "balance"):
        rows.append([request.words(f"accounts.{key}"), *(f"{end[key] / 100:,.2f}" for end in ends)])
    for key in ("attempts", "reaches", "offers", "complaints"):
        rows.append([request.words(f"accounts.{key}"), *(f"{end[key]:,}" for end in ends)])
    states = []
    for end in ends:
        status = say(f"story.status.{end['status']}")
        states.append(
            say("story.closed", status=status, day=int(end["closed_day"]) + 1) if end["closed_day"] >= 0 else status
        )
    return [[request.words("accounts.end"), *states], *rows]


def _balance(
    request: Request, run: Run, names: tuple[str, str], logs: Sequence[pd.DataFrame], ends: Sequence[pd.Series]
) -> Any:
    """What is owed on the mornings of days with an event, and at the end."""
    series = []
    for name, role, log, end in zip(names, (CHAMPION, CHALLENGER), logs, ends, strict=True):
        closed = int(end["closed_day"])
        last = closed + 2 if closed >= 0 else run.results["days"] + 1
        days = [1, *(int(day) + 1 for day in log["day"]), last]
        owed = [end["opening"] / 100, *(log["claim"] if len(log) else []), end["balance"] / 100]
        known = {day: float(amount) for day, amount in zip(days, owed, strict=True)}
        x = np.array(sorted(known))
        series.append(Series(name, role, x, np.array([known[day] for day in x])))
    return figures.lines(
        series,
        request.say("money.axis_day"),
        request.words("accounts.owed", currency=run.results["currency"]),
        share=False,
        height=260,
        steps=True,
    )


def _days(say: Text, logs: Sequence[pd.DataFrame]) -> list[list[str]]:
    by_day = [{int(row["day"]): _words(say, row) for row in _records(log)} for log in logs]
    return [[str(day + 1), *(escape(days.get(day, "")) for days in by_day)] for day in sorted(set().union(*by_day))]


def _records(log: pd.DataFrame) -> list[dict[str, Any]]:
    found: Any = log.to_dict("records")
    return list(found)


def _words(say: Text, row: dict[str, Any]) -> str:
    """What was done on a day, and what came of it."""
    done = []
    if _there(row.get("channel")):
        done.append(say.one_of("treatments", str(row["channel"])))
    if _there(row.get("offer")):
        done.append(_offer(say, row))
    if _there(row.get("legal")):
        done.append(say.one_of("treatments", str(row["legal"])))
    outcome = ""
    if done:
        if _there(row.get("stopped_by")):
            outcome = say("dashboard.accounts.stopped", rule=row["stopped_by"])
        elif not row["done"] and _there(row.get("channel")):
            outcome = say.one_of("codes.last_outcome", "unserved")
        elif row["accepted"]:
            outcome = say.one_of("codes.last_outcome", "accepted")
        elif row["reached"]:
            outcome = say.one_of("codes.last_outcome", "reached")
    first = say("list.is", field=say.listed(done), value=outcome) if done and outcome else say.listed(done)
    happened = [say(f"dashboard.accounts.events.{name}") for name in HAPPENED if row.get(name)]
    return say("list.semicolon").join(part for part in (first, *happened) if part)


def _offer(say: Text, row: dict[str, Any]) -> str:
    kind = str(row["offer"])
    months, discount = row.get("months"), row.get("discount")
    if _there(months):
        return say.one_of("treatments", f"plan_{int(months or 0)}", kind)
    if _there(discount):
        return say.one_of("treatments", f"settle_{round(100 * (discount or 0))}", kind)
    return say.one_of("treatments", {"swap": "asset_swap"}.get(kind, kind))


def _there(value: Any) -> bool:
    return value is not None and value == value and value != ""
