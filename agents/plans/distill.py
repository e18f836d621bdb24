"""A learned policy as a plan a manager can read: a small decision tree over observation fields, written as plan rules.

The tree predicts the treatment without its window (channel, offer, legal step) from the policy's own probabilities, as in VIPER
(Bastani, Pu & Solar-Lezama, "Verifiable reinforcement learning via policy extraction", NeurIPS 2018, without their Q-weights). Each leaf becomes a rule and, for days on which its
treatment is not allowed, a second rule with the runner-up; calls are spread over the windows in the policy's own proportions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from recoup.agents.plans.conditions import codes_of, is_whole
from recoup.agents.plans.plan_file import MOST_WEIGHT, NOTHING, PlanFile, Rule
from recoup.sim.observation import FIELDS, ObservedField, fields_of
from recoup.sim.treatments import Group, Menu, Treatment, Vocabulary, Window


@dataclass(frozen=True, order=True)
class Act:
    """A treatment without its window, by the names that plan files use."""

    channel: str = "none"
    offer: str = "none"
    legal: str = "none"


NO_ACT = Act()


@dataclass(frozen=True)
class _Range:
    """Values above `low`, and at most `high`."""

    low: float = -math.inf
    high: float = math.inf


_Bounds = dict[int, _Range]  # by observation column


@dataclass(frozen=True)
class _Draft:
    """A rule to be: where, what, and the weights of its windows."""

    bounds: _Bounds
    act: Act
    windows: dict[str, int]


# What a manager can act on. Left out: yesterday's loads, the economy and the calendar of the run; and amounts of money, for which
# `claim_size` stands, so that a distilled plan fits other currencies.
READABLE = tuple(
    field.name
    for field in FIELDS
    if not field.name.endswith(("_load", "_fill", "_queue"))
    and field.name
    not in ("macro_index", "days_in_portfolio", "balance", "opening_balance", "arrears", "settlement_budget_left")
)


@dataclass(frozen=True)
class Sample:
    """Account-days on which the policy was asked.

    Attributes:
        observations: shape (rows, fields).
        probabilities: of each treatment, shape (rows, menu); 0 where it was not allowed.
        masks: what was allowed, bool (rows, menu).
    """

    observations: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    masks: NDArray[np.bool_]

    def rows(self, which: NDArray[np.int64]) -> Sample:
        """Some of the account-days, by their numbers."""
        return Sample(self.observations[which], self.probabilities[which], self.masks[which])

    @classmethod
    def together(cls, samples: Sequence[Sample]) -> Sample:
        """All account-days of several samples."""
        return cls(*(np.concatenate([getattr(one, part.name) for one in samples]) for part in fields(cls)))


def act_of(treatment: Treatment) -> Act:
    """A treatment without its window."""
    return Act(treatment.channel.name.lower(), treatment.offer.name, treatment.legal.name.lower())


@dataclass(frozen=True)
class Extract:
    """A fitted tree: where it parts the accounts, and what the policy does in each leaf.

    Attributes:
        options: by leaf, acts (numbers in `acts`) by the policy's mean probability, the likeliest first.
        chances: by leaf, the policy's mean probability of each of these acts.
        windows: by leaf, weights of the windows of calls.
        size: by leaf, share of the account-days in it.
        vocabulary: of the world that the policy is for.
    """

    tree: Any
    columns: list[int]
    acts: list[Act]
    options: dict[int, list[int]]
    chances: dict[int, dict[Act, float]]
    windows: dict[int, dict[str, int]]
    size: dict[int, float]
    vocabulary: Vocabulary

    @property
    def _fields(self) -> tuple[ObservedField, ...]:
        return fields_of(self.vocabulary)

    def plan(
        self,
        options: Mapping[int, Sequence[int]],
        name: str,
        title: str,
        description: str,
        contact_cap_per_week: int | None = None,
    ) -> PlanFile:
        """The tree as a plan that does in each leaf the first of these options that is allowed, of the first two.

        Args:
            options: by leaf, acts (numbers in `acts`), the preferred first; as `Extract.options`.
            name, title, description: of the plan.
            contact_cap_per_week: of the plan, beyond the rules; None = none.
        """
        rules = self._named(self._drafts(0, {}, options))
        return PlanFile(
            name=name, title=title, description=description, contact_cap_per_week=contact_cap_per_week, rules=rules
        )

    def conditions(self, leaf: int) -> dict[str, Any] | None:
        """Where a leaf holds, as a rule's `when`; empty = always, None = never, as no value lies between its thresholds."""
        bounds = self._bounds[leaf]
        return self._when(bounds) if self._can_hold(bounds) else None

    def step(self, leaf: int, act: Act) -> Any:
        """What a rule for a leaf does, as a plan file writes it: the act, in the windows that the policy uses there."""
        return self._step(act, self.windows[leaf])

    def _named(self, drafts: Sequence[_Draft]) -> list[Rule]:
        """Plan rules with short names; cases that cannot happen are left out."""
        rules: list[Rule] = []
        for draft in drafts:
            if not self._can_hold(draft.bounds):
                continue
            data: dict[str, Any] = {
                "name": f"{len(rules) + 1} {words_of(draft.act)}",
                "do": self._step(draft.act, draft.windows),
            }
            if draft.bounds:
                data["when"] = self._when(draft.bounds)
            rules.append(Rule.model_validate(data))
        return rules

    def _step(self, act: Act, windows: dict[str, int]) -> Any:
        """An act as a plan file writes it."""
        if act == NO_ACT:
            return NOTHING
        step: dict[str, Any] = {"channel": act.channel, "offer": [act.offer], "legal": act.legal}
        if self.vocabulary.channel[act.channel].group is Group.CALL and windows:
            step["window"] = windows
        return step

    def _when(self, bounds: _Bounds) -> dict[str, Any]:
        """Bounds as a plan file writes them."""
        return {
            self._fields[column].name: _condition(self._fields[column], values) for column, values in bounds.items()
        }

    def _can_hold(self, bounds: _Bounds) -> bool:
        return all(_possible(self._fields[column], values) for column, values in bounds.items())

    @cached_property
    def _bounds(self) -> dict[int, _Bounds]:
        """By leaf."""
        found: dict[int, _Bounds] = {}
        todo: list[tuple[int, _Bounds]] = [(0, {})]
        while todo:
            node, bounds = todo.pop()
            if self.tree.children_left[node] < 0:
                found[node] = bounds
            else:
                todo += self._parted(node, bounds)
        return found

    def _parted(self, node: int, bounds: _Bounds) -> list[tuple[int, _Bounds]]:
        """Both children of a node, with their bounds: below the threshold, above it."""
        column = self.columns[self.tree.feature[node]]
        threshold = _readable(self._fields[column], float(self.tree.threshold[node]))
        values = bounds.get(column, _Range())
        return [
            (int(self.tree.children_left[node]), {**bounds, column: _Range(values.low, min(values.high, threshold))}),
            (int(self.tree.children_right[node]), {**bounds, column: _Range(max(values.low, threshold), values.high)}),
        ]

    def _drafts(self, node: int, bounds: _Bounds, options: Mapping[int, Sequence[int]]) -> list[_Draft]:
        if self.tree.children_left[node] < 0:
            acts = [self.acts[act] for act in options[node][:2]]
            return [_Draft(bounds, act, self.windows[node]) for act in (acts[:1] if acts[0] == NO_ACT else acts)]
        below, above = (self._drafts(child, within, options) for child, within in self._parted(node, bounds))
        if [draft.act for draft in below] == [draft.act for draft in above] and len(below) <= 2:
            return [replace(draft, bounds=bounds) for draft in below]  # both sides do the same: one rule is enough
        return below + above


def extract(sample: Sample, menu: Menu, leaves: int) -> Extract:
    """Fit a tree of so many leaves to a policy's choices.

    Args:
        sample: what the policy does on account-days.
        menu: the columns of the sample's probabilities.
        leaves: most leaves of the tree, at least 2.
    """
    acts = sorted({act_of(treatment) for treatment in menu.treatments})
    by_act = np.zeros((len(sample.observations), len(acts)), np.float32)
    for number, treatment in enumerate(menu.treatments):
        by_act[:, acts.index(act_of(treatment))] += sample.probabilities[:, number]
    columns = [number for number, field in enumerate(FIELDS) if field.name in READABLE]
    rows, chosen = np.nonzero(by_act > 0.02)
    tree = DecisionTreeClassifier(
        max_leaf_nodes=leaves,
        min_samples_leaf=max(20, len(sample.observations) // 2000),
        criterion="entropy",
        random_state=0,
    )
    tree.fit(sample.observations[rows][:, columns], chosen, sample_weight=by_act[rows, chosen])
    where = tree.apply(sample.observations[:, columns])
    options, chances, windows, size = {}, {}, {}, {}
    for leaf in np.flatnonzero(tree.tree_.children_left < 0):
        inside = where == leaf
        mean = by_act[inside].mean(axis=0) if inside.any() else np.zeros(len(acts))
        ranked = [int(act) for act in np.argsort(-mean, kind="stable") if mean[act] > 0.02]
        options[int(leaf)] = ranked or [acts.index(NO_ACT)]
        chances[int(leaf)] = {acts[act]: float(mean[act]) for act in options[int(leaf)]}
        windows[int(leaf)] = _windows(sample.probabilities[inside], menu) if inside.any() else {}
        size[int(leaf)] = float(inside.mean())
    return Extract(tree.tree_, columns, acts, options, chances, windows, size, menu.vocabulary)


def _windows(probabilities: NDArray[np.float32], menu: Menu) -> dict[str, int]:
    """Weights of the windows of calls, as plans write them."""
    weights = {window.name.lower(): 0.0 for window in Window}
    mean = probabilities.mean(axis=0)
    for number, treatment in enumerate(menu.treatments):
        if menu.vocabulary.group(treatment) is Group.CALL:
            weights[treatment.window.name.lower()] += float(mean[number])
    most = max(weights.values())
    if most <= 0.0:
        return {}
    return {name: w for name, weight in weights.items() if (w := round(min(10, MOST_WEIGHT) * weight / most)) > 0}


def _readable(field: ObservedField, threshold: float) -> float:
    """A threshold a person would write: whole units, or two significant digits."""
    if is_whole(field) or codes_of(field):
        return float(math.floor(threshold))
    if threshold == 0:
        return 0.0
    digits = 1 - math.floor(math.log10(abs(threshold)))
    return round(threshold, digits)


def _condition(field: ObservedField, values: _Range) -> Any:
    """The values as a plan file writes them."""
    low, high = values.low, values.high
    codes = codes_of(field)
    if codes:
        names = [name for number, name in enumerate(codes) if low < number <= high]
        return names[0] if len(names) == 1 else names
    if field.unit == "yes/no":
        return low >= 0
    bounds: dict[str, float | int] = {}
    if low > -math.inf:
        bounds |= {"at_least": int(low) + 1} if is_whole(field) else {"above": low}
    if high < math.inf:
        bounds["at_most"] = int(high) if is_whole(field) else high
    return bounds


def words_of(act: Act) -> str:
    """An act by the names that plan files use, for the names of rules."""
    return " ".join([part for part in (act.channel, act.offer, act.legal) if part != "none"] or [NOTHING])


def _possible(field: ObservedField, values: _Range) -> bool:
    """Whether the field has any value in the range."""
    low, high = values.low, values.high
    if high <= low:
        return False
    if is_whole(field) or codes_of(field):
        return max(math.floor(low) + 1, field.low) <= min(high, field.high) if low > -math.inf else high >= field.low
    return low < field.high and high >= field.low
