"""The decision tree behind a plan whose rules come from one: `recoup distill` writes trees as rules, this reads them back.

Rules with the same conditions, one after another, are a leaf: the first of them that is allowed decides. Leaves make a tree if one
field after another parts them without cutting through any. Plans written by hand, whose order matters, are no trees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recoup.agents.plans.conditions import Clause, clauses, codes_of, is_whole
from recoup.agents.plans.plan_file import PlanFile, Rule
from recoup.agents.plans.scored_plan import scores_in
from recoup.experiments.report.text import Text
from recoup.experiments.report.words import field_name, value_words, yes_no
from recoup.sim.inputs import Document
from recoup.sim.observation import fields_of
from recoup.sim.treatments import STANDARD, Vocabulary


@dataclass(frozen=True)
class Leaf:
    """What is done: the first of these rules that is allowed."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Fork:
    """Parts accounts by a field: `branches[n]` holds where its value lies in [cuts[n-1], cuts[n])."""

    column: int
    cuts: tuple[float, ...]
    branches: tuple[Leaf | Fork, ...]


_Case = tuple[Clause, tuple[Rule, ...]]


def tree_of(plan: PlanFile, vocabulary: Vocabulary = STANDARD) -> Fork | None:
    """The tree of a plan; None if its rules do not come from one, or ask for scores.

    Args:
        plan: the plan.
        vocabulary: of the world that it is for.
    """
    if scores_in(plan):
        return None
    fields = fields_of(vocabulary)
    document = Document(plan.name, {}, {})
    cases: list[_Case] = []
    for number, rule in enumerate(plan.rules):
        alternatives = clauses(document, ("rules", number, "when"), rule.when, fields) if rule.when else [{}]
        if len(alternatives) != 1:
            return None
        if cases and cases[-1][0] == alternatives[0]:
            cases[-1] = (alternatives[0], (*cases[-1][1], rule))
        else:
            cases.append((alternatives[0], (rule,)))
    tree = _grow(cases)
    return tree if isinstance(tree, Fork) else None


def _grow(cases: Sequence[_Case]) -> Leaf | Fork | None:
    if len(cases) == 1:
        return Leaf(cases[0][1])
    for column in cases[0][0]:  # a tree's rules name fields from its root downwards
        if not (cuts := _cuts(cases, column)):
            continue
        places = np.searchsorted(cuts, [clause[column][0][0] for clause, _ in cases], side="right")
        grown = [_grow([case for case, at in zip(cases, places, strict=True) if at == n]) for n in range(len(cuts) + 1)]
        branches = tuple(branch for branch in grown if branch is not None)
        return Fork(column, cuts, branches) if len(branches) == len(grown) else None
    return None


def _cuts(cases: Sequence[_Case], column: int) -> tuple[float, ...]:
    """Where a field parts the cases, each one wholly to one side, with some on both."""
    if not all(column in clause for clause, _ in cases):
        return ()
    spans = [(clause[column][0][0], clause[column][-1][1]) for clause, _ in cases]
    edges = {low for low, _ in spans} - {min(low for low, _ in spans)}
    return tuple(sorted(edge for edge in edges if all(high <= edge or low >= edge for low, high in spans)))


def condition(fork: Fork, number: int, say: Text, vocabulary: Vocabulary = STANDARD) -> str:
    """In words, when a branch is taken.

    Args:
        fork: where the accounts are parted.
        number: of the branch, from 0.
        say: the words.
        vocabulary: of the world that the plan is for.
    """
    field = fields_of(vocabulary)[fork.column]
    name = field_name(field.name, say)
    low = fork.cuts[number - 1] if number else None
    high = fork.cuts[number] if number < len(fork.cuts) else None
    if codes := codes_of(field):
        within = codes[int(low or 0) : int(high) if high is not None else None]
        others = [code for code in codes if code not in within]
        few, key = (others, "list.is_but") if len(others) < len(within) else (within, "list.is")
        return say(key, field=name, value=value_words(field, list(few), say))
    if field.unit == "yes/no":
        return say("list.is", field=name, value=yes_no(low is not None, say))
    if is_whole(field):
        last = None if high is None else high - 1
        if low is None and last == field.low:
            return say("list.is", field=name, value=value_words(field, last, say))
        return _range(name, low, last, ("≥", "≤"), lambda v: value_words(field, v, say), say)
    above = all(_above(edge) for edge in (low, high) if edge is not None)
    signs = (">", "≤") if above else ("≥", "<")
    return _range(name, low, high, signs, lambda v: value_words(field, float(f"{v:.4g}"), say), say)


def _range(
    name: str,
    low: float | None,
    high: float | None,
    signs: tuple[str, str],
    write: Callable[[float], str],
    say: Text,
) -> str:
    if low is None:
        assert high is not None  # one branch of a fork has an end
        return f"{name} {signs[1]}\u00a0{write(high)}"
    if high is None:
        return f"{name} {signs[0]}\u00a0{write(low)}"
    return say("list.is", field=name, value=write(low) if low == high else f"{write(low)}–{write(high)}")


def _above(edge: float) -> bool:
    """Whether an edge is the least number above a written value (above, at most), not the value itself (at least, below)."""
    return bool(np.float32(float(f"{edge:.6g}")) != np.float32(edge))
