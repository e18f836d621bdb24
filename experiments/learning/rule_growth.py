"""New rules for a plan, drawn at random: an exception to one of its rules, for some of the accounts that it treats.

An exception stands before the rule that it is one of, holds where that rule's conditions and one more hold, and does something else. Its
number is drawn from what the rule's accounts look like, so that neither hardly anybody nor nearly everybody is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.plan_file import NOTHING
from recoup.sim.observation import FIELD_INDEX, LOW, ObservedField, fields_of
from recoup.sim.treatments import Menu

# What an exception may ask for: what is known of a person, and of what happened between him and the lender.
ASKED = (
    "dpd", "claim_size", "paid_share", "credit_score", "stable_assets", "early_warning", "tier", "prior_delinquencies",
    "days_since_attempt", "days_since_reached", "days_since_payment", "calls_7d", "texts_7d", "visits_30d", "last_outcome", "attempts",
    "reached", "promises_kept", "promises_broken", "offers_made", "offers_refused", "payments", "plans_broken", "legal_stage",
    "days_in_stage", "days_to_payday", "review",
)  # fmt: skip
LEAST = 0.05  # share of the rule's accounts that an exception must mean, and must leave


def exceptions(
    rules: list[dict[str, Any]], menu: Menu, seen: list[NDArray[np.float32]], rng: np.random.Generator
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Exceptions without end: where each belongs among the rules, and the new rule as data.

    Args:
        rules: of the plan as data.
        menu: the treatments that the scenario can do.
        seen: for each rule observations of accounts that it treated, shape (rows, fields).
        rng: of the draws.
    """
    steps = _steps(menu)
    able = [number for number, rule in enumerate(rules) if rule["do"] != NOTHING and len(seen[number])]
    while able:
        number = int(rng.choice(able))
        rule = rules[number]
        condition = _condition(seen[number], rng, fields_of(menu.vocabulary))
        if condition is None or condition[0] in (rule.get("when") or {}):
            continue
        step = steps[int(rng.integers(len(steps)))]
        if step == rule["do"]:
            continue
        name, value = condition
        words = f"{rule['name'][:60]}, {_words(name, value)}"
        yield number, {**rule, "name": words, "when": {**(rule.get("when") or {}), name: value}, "do": step}


def _steps(menu: Menu) -> list[Any]:
    """Everything that a rule may do: each channel with each offer, steps of law, nothing."""
    known: dict[str, Any] = {NOTHING: NOTHING}
    for t in menu.treatments:
        if t.channel or t.legal:
            step = {"channel": t.channel.name.lower()} if t.channel else {}
            step |= {"offer": t.offer.name} if t.offer.kind else {}
            step |= {"legal": t.legal.name.lower()} if t.legal else {}
            known[str(step)] = step
    return list(known.values())


def _condition(
    seen: NDArray[np.float32], rng: np.random.Generator, fields: Sequence[ObservedField]
) -> tuple[str, Any] | None:
    """A condition on one field that holds for some of these accounts and not for others; None if the draw was in vain."""
    name = ASKED[int(rng.integers(len(ASKED)))]
    field, values = fields[FIELD_INDEX[name]], seen[:, FIELD_INDEX[name]]
    value: Any
    if field.codes:
        code = int(rng.choice(values))
        share, value = float((values == code).mean()), field.codes[code]
    elif field.unit == "yes/no":
        yes = bool(rng.random() < 0.5)
        share, value = float((values == yes).mean()), yes
    else:
        at = _rounded(field, float(np.quantile(values, rng.uniform(0.05, 0.95))))
        bound = "at_least" if rng.random() < 0.5 else "below"
        if at <= LOW[FIELD_INDEX[name]] and bound == "below":
            return None
        share = float((values >= at).mean() if bound == "at_least" else (values < at).mean())
        value = {bound: at}
    return (name, value) if LEAST <= share <= 1.0 - LEAST else None


def _rounded(field: ObservedField, value: float) -> float | int:
    if field.unit in ("days", "times", "points"):
        return round(value)
    return round(value, 2) if field.high <= 1 else float(f"{value:.2g}")


def _words(name: str, value: Any) -> str:
    if isinstance(value, dict):
        bound, at = next(iter(value.items()))
        return f"{name} {bound} {at}"
    return f"{name} {value}"
