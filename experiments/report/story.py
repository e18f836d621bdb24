"""One debtor's path under two policies: what was done, what came of it, and why it was chosen.

The whole portfolio is simulated, as the account competes with the others for staff; the random draws are the same under both (common random numbers).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from recoup.agents.explain import reasons
from recoup.agents.library import load_policy
from recoup.experiments.comparison.files import ACCOUNTS_TABLE
from recoup.experiments.comparison.privacy import pseudonym_key, pseudonyms
from recoup.experiments.comparison.run import Run, part_path
from recoup.experiments.comparison.settings import Comparison, require_files
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.report.words import fact_words, reason_words, treatment_words
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import write_text
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError, choose
from recoup.sim.kernels import EVENT_NAMES
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation

# Events that a treatment's name and outcome do not show already.
SHOWN_EVENTS = frozenset(
    "promise_kept promise_broken instalment_paid instalment_missed plan_broken complaint opt_out judgment seizure handover "
    "written_off breach review sent_back".split()
)


@dataclass(frozen=True)
class Day:
    """A day on which something was done or happened, by the names of results. Money in currency units."""

    day: int
    dpd: int
    treatment: str
    outcome: str
    events: list[str]
    cash: float
    balance: float
    why: list[str]


@dataclass(frozen=True)
class Course:
    """What became of the account under one policy. Money in currency units."""

    policy: str
    cash: float
    cost: float
    forgiven: float
    balance: float
    status: str
    closed_day: int | None
    days: list[Day] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """Two courses of one account."""

    account: str
    seed: int
    days: int
    currency: str
    facts: dict[str, Any]
    paths: list[Course]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def from_run(folder: Path, account: str | None, policies: list[str] | None = None, seed: int | None = None) -> Story:
    """The story of an account of a finished run, under its best plan and its reference unless others are named.

    Args:
        folder: of the run.
        account: its account_id or pseudonym; None = the one whose cash differs most between the two.
        policies: names that the run gave its plans.
        seed: one of the run's; None = its first.

    Raises:
        InputError: no such run, policy, seed or account.
    """
    run = Run(folder)
    names = policies or [name for name in (run.reference, run.best) if name]
    for name in names:
        if name not in run.names:
            raise InputError(folder, "--policy", name, choose(run.names, name))
    seed = run.results["seeds"][0] if seed is None else seed
    if seed not in run.results["seeds"]:
        raise InputError(folder, "--seed", seed, f"one of {run.results['seeds']}")
    settings = run.results["settings"]
    comparison = Comparison.from_settings(settings)
    policy_refs = [comparison.texts[run.names.index(name)] for name in names]
    require_files(settings, folder, policy_refs)
    scenario = comparison.load()
    portfolio = scenario.portfolio(comparison.accounts, seed)
    # The run folder knows pseudonyms alone; its owner may ask by either name.
    own = portfolio.column("account_id").astype(str)
    known = dict(zip(own, pseudonyms(own, pseudonym_key()), strict=True))
    portfolio = replace(portfolio, table=portfolio.table.assign(account_id=list(known.values())))
    chosen = known.get(account, account) if account else _most_different(folder, names, seed)
    return account_story(scenario, portfolio, policy_refs, chosen, seed, run.results["days"])


def _most_different(folder: Path, names: list[str], seed: int) -> str:
    """The account whose cash differs most between the first policy and the last."""
    cash = [
        ACCOUNTS_TABLE.read(part_path(folder, name, seed).with_suffix(".accounts.parquet")).set_index("account_id")[
            "cash"
        ]
        for name in (names[0], names[-1])
    ]
    gaps = (cash[1] - cash[0]).abs().dropna()
    if gaps.empty or gaps.index.has_duplicates:
        raise InputError(
            folder / "parts", "account_id", "other accounts", f"the same, each once, under {names[0]} and {names[-1]}"
        )
    return str(gaps.idxmax())


def account_story(
    scenario: Scenario, portfolio: Portfolio, policies: list[str], account: str, seed: int, days: int
) -> Story:
    """Follow one account of a portfolio under each policy.

    Args:
        scenario: whose world and rules.
        portfolio: the accounts.
        policies: names or files, as `load_policy` takes them.
        account: its `account_id` in the portfolio.
        seed: of the simulation.
        days: the horizon.

    Raises:
        InputError: no such account or policy.
    """
    ids = portfolio.column("account_id").astype(str)
    rows = np.flatnonzero(ids == account)
    if rows.size == 0:
        raise InputError(portfolio.name, "account", account, choose(ids.tolist(), account))
    number = int(rows[0])
    row = portfolio.table.iloc[number]
    facts = {
        "opening_balance": float(row["opening_balance"]),
        "dpd": int(row["dpd"]),
        "product": str(row["product"]),
        "credit_score": round(float(row["credit_score"])),
        "monthly_income": round(float(row["monthly_income"])),
        "stable_assets": bool(row["stable_assets"]),
    }
    paths = [_follow(scenario, portfolio, name, number, seed, days) for name in policies]
    return Story(account, seed, days, scenario.world.currency, facts, paths)


@one_thread()
def _follow(scenario: Scenario, portfolio: Portfolio, policy_ref: str, number: int, seed: int, days: int) -> Course:
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed, record_events=True)
    policy = load_policy(policy_ref, scenario.name, scenario.world, portfolio.table)
    why: dict[int, list[str]] = {}
    ages: list[int] = []  # by day; a payment may re-age a card
    while simulation.day < days and not simulation.finished:
        ages.append(int(simulation.accounts["dpd0"][number]) + simulation.day)
        actions, priority = np.zeros(simulation.open_accounts.size, np.int64), None
        if simulation.day % scenario.world.decision_every_days == 0:
            observations = simulation.observe()
            actions = policy.act(observations, simulation.masks(), simulation.open_accounts)
            priority = policy.priority(observations, actions)
            here = int(np.searchsorted(simulation.open_accounts, number))
            if here < actions.size and simulation.open_accounts[here] == number:
                why[simulation.day] = reasons(policy, observations[here], int(actions[here]))
        simulation.advance(actions, priority)
    log = simulation.events_table()
    mine = log[log["account_id"] == portfolio.column("account_id")[number]]
    end = simulation.accounts_table().iloc[number]
    shown = [_day(row, ages[int(row["day"])], why.get(int(row["day"]), [])) for _, row in mine.iterrows()]
    closed = int(end["closed_day"])
    cents = {name: end[name] / 100 for name in ("cash", "cost", "forgiven", "balance")}
    return Course(
        policy.name, **cents, status=str(end["status"]), closed_day=closed if closed >= 0 else None, days=shown
    )


def _day(row: pd.Series, dpd: int, why: list[str]) -> Day:
    events = [name for name in EVENT_NAMES if name in SHOWN_EVENTS and row[name]]
    done = row["treatment"] != "nothing"
    return Day(
        day=int(row["day"]) + 1,
        dpd=dpd,
        treatment=str(row["treatment"]) if done else "",
        outcome=str(row["outcome"]) if done and row["outcome"] != "none" else "",
        events=events,
        cash=row["cash"] / 100,
        balance=row["balance"] / 100,
        why=why if done else [],
    )


def write_html(story: Story, path: Path, language: str = "en") -> Path:
    """The story as one HTML file: a row per day, a column per policy.

    Args:
        story: what happened.
        path: of the file; written over.
        language: one of `text.LANGUAGES`.

    Returns:
        `path`.
    """
    say = text_in(language)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("recoup.experiments.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    by_day = [{day.day: day for day in path.days} for path in story.paths]
    days = sorted(set().union(*by_day))
    html = environment.get_template("story.html.j2").render(
        story=story,
        days=days,
        by_day=by_day,
        say=say,
        facts=facts_words(story, say),
        done=partial(done_words, say=say),
        why=partial(why_words, say=say),
        ending=partial(end_words, say=say),
    )
    write_text(path, html)
    return path


def facts_words(story: Story, say: Text) -> str:
    """Who the debtor is."""
    return say("list.semicolon").join(fact_words(name, value, say) for name, value in story.facts.items())


def done_words(day: Day, say: Text) -> str:
    """What was done on a day, and what came of it, payments left out."""
    outcome = say.one_of("codes.last_outcome", day.outcome) if day.outcome else ""
    treatment = treatment_words(day.treatment, say) if day.treatment else ""
    first = say("list.is", field=treatment, value=outcome) if outcome else treatment
    parts = [first, *(say(f"story.events.{name}") for name in day.events)]
    return say("list.semicolon").join(part for part in parts if part)


def why_words(day: Day, say: Text) -> str:
    """Why it was chosen; what the policy itself says, the names of fields put into words."""
    reasons_given = [reason_words(reason, say) for reason in day.why]
    return say("story.because", reasons=say("list.semicolon").join(reasons_given)) if reasons_given else ""


def end_words(course: Course, say: Text) -> str:
    """How it ended under one policy."""
    status = say(f"story.status.{course.status}")
    if course.closed_day is not None:
        status = say("story.closed", status=status, day=course.closed_day + 1)
    money = {name: f"{getattr(course, name):,.2f}" for name in ("cash", "cost", "forgiven", "balance")}
    return say(
        "list.is", field=status, value=say("story.end_forgiven" if course.forgiven else "story.end_money", **money)
    )
