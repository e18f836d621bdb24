"""Better numbers for a plan, found by simulation: `recoup tune`.

Coordinate search: one number or treatment of one rule is moved at a time and kept where the learner's objective rises by more than noise.
Exceptions to rules, drawn at random, may be tried as well (`rule_growth`). Every version meets the same cohorts under common random numbers, so that small gains show. Cohorts lie beyond any
comparison's seeds. The reference plan's cost, complaints and contacts are limits by an exact penalty: within them they cost nothing
beyond the objective, and what is beyond them costs more than any plan brings (Nocedal & Wright, "Numerical Optimization", 2006, section 17.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.conditions import is_whole
from recoup.agents.plans.departures import Departure
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import NOTHING, PlanFile
from recoup.agents.training.budget import KEPT_FREE, LIMITED, overdraft
from recoup.agents.training.objective import Objective
from recoup.experiments.learning.cohorts import Cohorts, simulate_cohort, value_of
from recoup.experiments.learning.rule_growth import exceptions
from recoup.experiments.runs.workers import WorkerLost
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, FIELDS, ObservedField
from recoup.sim.treatments import Menu

SEED, UNSEEN_SEED = PORTFOLIO_SEED + 700_000, PORTFOLIO_SEED + 750_000
MARGIN = 0.0003  # of the opening balance: less is not worth a rule's change
SURE = 1.0  # standard errors over the cohorts; with none a search fits the noise of its own cohorts
SURE_OF_EXCEPTIONS = 2.0  # the same of an exception: many more are tried, and each makes the plan longer
SEEN_EVERY = 10  # of the account-days that a rule decided on, one in so many is looked at
PENALTY = 1.0  # opening balances for using a limit twice over
# For whom, how often, how long and how many: what a search moves unless fields are named.
PACE = (
    "dpd", "claim_size",
    "days_since_attempt", "days_since_reached", "days_since_payment", "calls_7d", "texts_7d", "visits_30d", "offers_refused",
    "offers_made", "promises_broken", "promise_due_in", "reached", "attempts", "days_in_stage",
)  # fmt: skip
BOUNDS = ("at_least", "above", "at_most", "below")


@dataclass(frozen=True)
class Move:
    """One change to one rule.

    Attributes:
        rule: its number.
        words: what changes, for people.
        to: the rule as data after the change; None = left out.
    """

    rule: int
    words: str
    to: dict[str, Any] | None


@dataclass(frozen=True)
class Tuned:
    """A plan after a search.

    Attributes:
        before, after: objective of the first and the last version, on the cohorts of the search.
        unseen: by how much it rose on as many other cohorts, one number each.
        tried, kept: how many changes.
        used: what the last version uses of each limit, as a share of the reference plan's use; empty without limits.
    """

    plan: PlanFile
    before: float
    after: float
    unseen: NDArray[np.float64]
    tried: int
    kept: int
    used: dict[str, float]


def moves(number: int, rule: dict[str, Any], menu: Menu, fields: tuple[str, ...]) -> Iterator[Move]:
    """Every single change to a rule: leave it out (not one that does nothing), move a bound, take another channel or offer.

    Args:
        number: of the rule, from 0.
        rule: as a plan file writes it.
        menu: the treatments that the scenario can do.
        fields: observation fields whose bounds may move.
    """
    if (
        rule["do"] != NOTHING
    ):  # a rule that holds back is left in: no plan may gain by pressing where somebody wrote not to
        yield Move(number, f"«{rule['name']}»: left out", None)
    for name, condition in (rule.get("when") or {}).items():
        if name not in fields or not isinstance(condition, dict):
            continue
        for bound in BOUNDS:
            if bound in condition:
                for value in _neighbours(FIELDS[FIELD_INDEX[name]], condition[bound]):
                    when = {**rule["when"], name: {**condition, bound: value}}
                    words = f"«{rule['name']}»: {name} {bound} {condition[bound]} → {value}"
                    yield Move(number, words, {**rule, "when": when})
    yield from _other_treatments(number, rule, menu)


def _neighbours(field: ObservedField, value: float) -> list[float]:
    """A step down and a step up: one unit, or a third where that is more; a tenth of a share."""
    if is_whole(field):
        step = max(1, round(value / 3))
        values: list[float] = [int(value) - step, int(value) + step]
    elif field.high <= 1:
        values = [round(value - 0.1, 2), round(value + 0.1, 2)]
    else:
        values = [float(f"{value / 1.3:.2g}"), float(f"{value * 1.3:.2g}")]
    return [one for one in values if field.low <= one <= field.high]


def _other_treatments(number: int, rule: dict[str, Any], menu: Menu) -> Iterator[Move]:
    do = rule["do"]
    if not isinstance(do, dict) or "channel" not in do or "legal" in do:
        return
    offers = do.get("offer", "none")
    now = (do["channel"], offers if isinstance(offers, str) else "/".join(offers))
    known = dict.fromkeys((t.channel.name.lower(), t.offer.name) for t in menu.treatments if not t.legal and t.channel)
    for channel, offer in known:
        if (channel, offer) == now or (channel != now[0] and offer not in ("none", now[1])):
            continue
        step = {"channel": channel} | ({"offer": offer} if offer != "none" else {})
        if channel == now[0] and "window" in do:
            step["window"] = do["window"]
        words = f"«{rule['name']}»: {'/'.join(now)} → {channel}/{offer}"
        yield Move(number, words, {**rule, "name": _renamed(rule["name"], channel, offer), "do": step})


def _renamed(name: str, channel: str, offer: str) -> str:
    """The name of a rule that says what it does by now: «message between» may call."""
    now = channel if offer == "none" else f"{channel} {offer}"
    return f"{name.partition(' → ')[0][:60]} → {now}"


class Search:
    """A coordinate search around one plan; `best` is a whole plan at any time.

    Args:
        cohorts: what each version is tried on, at least two.
        start: the plan as data (`plan_data`).
        objective: what is to rise.
        reference: what the reference plan does on the same cohorts (`Cohorts.parts`), whose cost, complaints and contacts are the
            limits; None = no limits.

    Attributes:
        tried, kept: how many changes so far.
        on_try: called as each change begins to be tried.
    """

    def __init__(
        self,
        cohorts: Cohorts,
        start: Mapping[str, Any],
        objective: Objective,
        reference: NDArray[np.void] | None = None,
    ) -> None:
        self._cohorts, self._objective, self._reference = cohorts, objective, reference
        self._head = {key: value for key, value in start.items() if key != "rules"}
        self._started: list[dict[str, Any]] = [dict(rule) for rule in start["rules"]]
        self._rules = list(self._started)
        self._first = self._parts = cohorts.parts(self._plan(self._rules))
        self.tried = self.kept = 0
        self.on_try: Callable[[], None] = lambda: None

    @property
    def best(self) -> PlanFile:
        """The best version so far."""
        return self._plan(self._rules).file

    def _plan(self, rules: list[dict[str, Any]]) -> Plan:
        return Plan.of(PlanFile.model_validate({**self._head, "rules": rules}), self._cohorts.menu)

    def _worth(self, parts: NDArray[np.void]) -> NDArray[np.float64]:
        """The objective by cohort."""
        return value_of(self._objective, parts)

    def _used(self, parts: NDArray[np.void]) -> dict[str, float]:
        """What the first cohorts use of each limit, as a share of what the reference plan uses there."""
        if self._reference is None:
            return {}
        reference = self._reference[: len(parts)]
        return {part: float(parts[part].mean() / max(reference[part].mean(), 1e-12)) for part in LIMITED}

    def _penalty(self, parts: NDArray[np.void]) -> float:
        """What the first cohorts pay for using more than is allowed."""
        return PENALTY * sum(max(0.0, overdraft(share, 1.0 - KEPT_FREE)) for share in self._used(parts).values())

    def result(self) -> Tuned:
        """Where the search stands."""
        before, after = (float(self._worth(parts).mean()) for parts in (self._first, self._parts))
        count = len(self._cohorts.seeds)
        others = replace(self._cohorts, seeds=range(UNSEEN_SEED, UNSEEN_SEED + count))
        old, new = (self._worth(others.parts(self._plan(rules))) for rules in (self._started, self._rules))
        return Tuned(self.best, before, after, new - old, self.tried, self.kept, self._used(self._parts))

    def try_move(self, move: Move) -> bool:
        """Keep a change if the objective, less the penalty, rises by more than noise; a change that makes no plan is dropped.

        Leaving a rule out need only not hurt: of two plans of the same worth the shorter is the better one, and a rule that nothing speaks
        for would be there by the chance of what the search began with.
        """
        rules = list(self._rules)
        if move.to is None:
            del rules[move.rule]
        else:
            rules[move.rule] = move.to
        return self._keep_better(rules, (self._half,), SURE if move.to else None)

    @property
    def _half(self) -> int:
        """So many of the cohorts are half of them."""
        return max(1, len(self._cohorts.seeds) // 2)

    def _now(self, words: str) -> str:
        """A change that was kept, and what the plan is worth with it."""
        return f"{words}: {float(self._worth(self._parts).mean()):.4f}"

    def changes(self, fields: tuple[str, ...]) -> int:
        """How many changes a sweep would try if none of them were kept.

        Args:
            fields: see `sweep`.
        """
        return sum(1 for number in range(len(self._rules)) for _ in self._moves(number, fields))

    def _keep_better(self, rules: list[dict[str, Any]], looks: tuple[int, ...], sure: float | None) -> bool:
        """Keep these rules if they do better.

        Args:
            rules: the plan's, as data.
            looks: after so many cohorts rules that have not helped so far are tried on no more.
            sure: standard errors by which they must do better, and by a `MARGIN` at least; None = they need only not do worse.
        """
        self.on_try()
        seeds, now = self._cohorts.seeds, self._worth(self._parts)

        def gains(parts: NDArray[np.void]) -> NDArray[np.float64]:
            before = self._parts[: len(parts)]
            return self._worth(parts) - now[: len(parts)] - (self._penalty(parts) - self._penalty(before))

        parts = self._parts[:0]
        try:
            plan = self._plan(rules)
            self.tried += 1
            for look in (*looks, len(seeds)):
                if look > len(parts):
                    parts = np.concatenate([parts, self._cohorts.parts(plan, seeds[len(parts) : look])])
                if gains(parts).mean() < 0 or (sure is not None and gains(parts).mean() == 0):
                    return False
        except WorkerLost:
            raise
        except (InputError, ValueError):
            return False
        gain = gains(parts)
        if sure is not None and gain.mean() <= max(MARGIN, sure * gain.std(ddof=1) / math.sqrt(gain.size)):
            return False
        self._rules, self._parts, self.kept = rules, parts, self.kept + 1
        return True

    def grow(self, attempts: int, rng: np.random.Generator, notify: Callable[[str], None] | None = None) -> int:
        """Try exceptions to the rules, drawn at random (`rule_growth`).

        Args:
            attempts: how many to try.
            rng: of the draws.
            notify: called with a line of text for each exception that is kept.

        Returns:
            How many were kept.
        """
        kept = self.kept
        drawn = exceptions(self._rules, self._cohorts.menu, self._treated(), rng)
        for _ in range(attempts):
            if self._insert(*next(drawn), SURE_OF_EXCEPTIONS, notify):
                drawn = exceptions(self._rules, self._cohorts.menu, self._treated(), rng)
        return self.kept - kept

    def depart(self, found: Iterable[Departure], notify: Callable[[str], None] | None = None) -> int:
        """Try what another policy does otherwise than the plan as exceptions to its rules, in turn.

        Args:
            found: by `departures`, of this plan or a version before it.
            notify: called with a line of text for each exception that is kept.

        Returns:
            How many were kept.
        """
        kept = self.kept
        for one in found:
            names = [rule["name"] for rule in self._rules]
            if one.before is None or one.before in names:
                self._insert(len(names) if one.before is None else names.index(one.before), one.rule, SURE, notify)
        return self.kept - kept

    def prune(self, notify: Callable[[str], None] | None = None) -> int:
        """Leave out rules that nothing speaks for, the last rule first; rules that hold back stay.

        Args:
            notify: called with a line of text for each rule that is left out.

        Returns:
            How many were left out.
        """
        kept = self.kept
        for number in reversed(range(len(self._rules))):
            for move in self._moves(number, ()):
                if move.to is None and self.try_move(move) and notify:
                    notify(self._now(move.words))
        return self.kept - kept

    def _insert(self, number: int, rule: dict[str, Any], sure: float, notify: Callable[[str], None] | None) -> bool:
        """Keep a new rule, before the rule of that number, if the plan does better with it."""
        rules = [*self._rules[:number], rule, *self._rules[number:]]
        kept = self._keep_better(rules, (1, self._half), sure)
        if kept and notify:
            notify(self._now(f"«{rule['name']}»: {rule['do']}"))
        return kept

    def _treated(self) -> list[NDArray[np.float32]]:
        """For each rule some of the observations on which it decided, on the first cohort: shape (rows, fields)."""
        plan, seed = self._plan(self._rules), self._cohorts.seeds[0]
        found: list[list[NDArray[np.float32]]] = [[] for _ in self._rules]
        place = {rule.name: number for number, rule in enumerate(plan.file.rules)}

        def note(seen: NDArray[np.float32], masks: NDArray[np.bool_]) -> None:
            deciding = plan.deciding_rules(seen, plan.act(seen, masks))
            for number in np.unique(deciding[deciding >= 0]):
                found[place[plan.rules[number].name]].append(seen[deciding == number][::SEEN_EVERY])

        simulate_cohort(self._cohorts.scenario, plan, self._cohorts.portfolios[seed], seed, note)
        return [np.concatenate(rows) if rows else np.zeros((0, len(FIELDS)), np.float32) for rows in found]

    def sweep(self, fields: tuple[str, ...], notify: Callable[[str], None] | None = None) -> int:
        """Try every change to every rule, the last rule first; a change that helped is tried again further on.

        Args:
            fields: observation fields whose bounds may move.
            notify: called with a line of text for each change that is kept.

        Returns:
            How many changes were kept.
        """
        kept = self.kept
        for number in reversed(range(len(self._rules))):
            while number < len(self._rules) and (
                move := next((m for m in self._moves(number, fields) if self.try_move(m)), None)
            ):
                if notify:
                    notify(self._now(move.words))
                if move.to is None:
                    break
        return self.kept - kept

    def _moves(self, number: int, fields: tuple[str, ...]) -> Iterator[Move]:
        if len(self._rules) == 1:  # a plan needs a rule
            return (m for m in moves(number, self._rules[number], self._cohorts.menu, fields) if m.to)
        return moves(number, self._rules[number], self._cohorts.menu, fields)
