"""Plan files compiled: each rule's conditions as clauses, its step as treatments of the menu, all rules as one `DecisionTable`.

What a file can get wrong beyond its form is found here: conditions that contradict each other, treatments that make no sense,
rules that no account can reach.
"""

from __future__ import annotations

from dataclasses import dataclass

from recoup.agents.plans.conditions import Clause, clauses, within
from recoup.agents.plans.decision_table import ABSENT, DecisionTable, TableRule
from recoup.agents.plans.plan_file import NOTHING, SPREAD, PlanFile, Rule, Step
from recoup.sim.inputs import Document, Place, choose
from recoup.sim.observation import fields_of
from recoup.sim.remarks import Remark
from recoup.sim.treatments import Channel, Legal, Menu, Vocabulary


@dataclass(frozen=True)
class CompiledPlan:
    """Rules that a scenario's menu can carry out.

    Attributes:
        rules: the rules in force, in order.
        dropped: rules left out because the menu has none of their treatments.
        table: the compiled rules, in the order of `rules`.
    """

    rules: tuple[Rule, ...]
    dropped: tuple[Remark, ...]
    table: DecisionTable


def compile_plan(file: PlanFile, document: Document, menu: Menu, reachable: bool = True) -> CompiledPlan:
    """Compile a plan for a menu.

    Args:
        file: the plan, its form checked.
        document: where it stands, for messages; one without lines will do.
        menu: the scenario's treatments.
        reachable: refuse a rule that no account can reach, and a name that two rules have.

    Raises:
        InputError: a fault in a condition or step, a repeated name, or a rule that cannot be reached, with line and field.
    """
    words = menu.vocabulary
    written = [_compile(document, ("rules", number), rule, words) for number, rule in enumerate(file.rules)]
    if reachable:
        _check_reachable(document, written, words)
    kept = [one for one in written if one.treatments & menu.index.keys()]
    dropped = tuple(
        Remark(
            "rule_dropped",
            {"rule": one.rule.name, "place": document.place(one.path), "treatment": min(one.treatments)},
        )
        for one in written
        if not one.treatments & menu.index.keys()
    )
    return CompiledPlan(
        tuple(one.rule for one in kept), dropped, DecisionTable.of([one.table_rule(menu) for one in kept], menu)
    )


@dataclass(frozen=True)
class _CompiledRule:
    """A rule on its way into the table; `steps` are treatment names by offer and window."""

    rule: Rule
    path: Place
    clauses: list[Clause]
    steps: list[list[str]]

    @property
    def treatments(self) -> set[str]:
        return {name for windows in self.steps for name in windows}

    def table_rule(self, menu: Menu) -> TableRule:
        """The rule for a menu's table; `ABSENT` where the menu lacks a treatment."""
        return TableRule(
            self.clauses,
            tuple(tuple(menu.index.get(name, ABSENT) for name in windows) for windows in self.steps),
            spread=self.rule.do.spread,
        )


def _compile(document: Document, path: Place, rule: Rule, words: Vocabulary) -> _CompiledRule:
    fields = fields_of(words)
    alternatives: list[Clause] = [{}] if rule.when is None else clauses(document, (*path, "when"), rule.when, fields)
    return _CompiledRule(rule, path, alternatives, _treatments(document, (*path, "do"), rule.do, words))


def _treatments(document: Document, path: Place, step: Step, words: Vocabulary) -> list[list[str]]:
    """Names of the treatments of a step, by offer and window, each one known to make sense."""
    if step.channel not in words.channel:  # a plan made in memory; of one that was read this has been checked
        raise document.error((*path, "channel"), step.channel, choose(words.channel, step.channel))
    channel, legal = words.channel[step.channel].channel, Legal[step.legal.upper()]
    if channel is Channel.NONE:
        return _without_contact(document, path, step, legal)
    if legal is not Legal.NONE and (channel, legal) != (Channel.LETTER, Legal.NOTICE):
        fits = (
            "`channel: letter` with `legal: notice`"
            if legal is Legal.NOTICE
            else f"no channel with `legal: {step.legal}`"
        )
        raise document.error((*path, "channel"), step.channel, fits)
    sensible = [t for t in words.treatments if t.channel == channel and t.legal is legal]
    carries = list(dict.fromkeys(t.offer.name for t in sensible))
    works = list(dict.fromkeys(t.window.name.lower() for t in sensible))
    what = step.channel if legal is Legal.NONE else step.legal
    for part, wanted, possible in (("offer", step.offer, carries), ("window", step.window, works)):
        for value in wanted:
            if value not in possible and value != SPREAD:
                raise document.error(
                    (*path, part), value, f"what a {what} can have as {part}: {choose(possible, value)}"
                )
    windows = works if step.window == [SPREAD] else list(step.window)
    if isinstance(step.window, dict):  # a window listed twice is drawn twice as often
        windows = [window for window, weight in step.window.items() for _ in range(weight)]
    named = {(t.window.name.lower(), t.offer.name): t.name for t in sensible}
    return [[named[window, offer] for window in windows] for offer in step.offer]


def _without_contact(document: Document, path: Place, step: Step, legal: Legal) -> list[list[str]]:
    if legal is Legal.NOTICE:
        raise document.error((*path, "legal"), step.legal, "`channel: letter` beside it: a notice goes by letter")
    for part, value, neutral in (("offer", step.offer, ["none"]), ("window", step.window, [SPREAD])):
        if value != neutral:
            raise document.error(
                (*path, part), next(iter(value)), f"a `channel` beside it: without one there is no {part}"
            )
    return [[step.legal if legal else NOTHING]]


def _check_reachable(document: Document, rules: list[_CompiledRule], words: Vocabulary) -> None:
    """A rule whose every case an earlier rule decides, whatever is allowed, is a mistake of order.

    The earlier rule decides if it does nothing (which is always allowed) or all that this one could do.
    """
    seen: set[str] = set()
    fields = fields_of(words)
    for number, late in enumerate(rules):
        if late.rule.name in seen:
            raise document.error((*late.path, "name"), late.rule.name, "a name that no earlier rule has")
        seen.add(late.rule.name)
        deciders = [r for r in rules[:number] if r.treatments == {NOTHING} or r.treatments >= late.treatments]
        covers = [(clause, early) for early in deciders for clause in early.clauses]
        covered_by = [
            next((early for outer, early in covers if within(inner, outer, fields)), None) for inner in late.clauses
        ]
        if all(covered_by):
            by = " and ".join(f"«{name}»" for name in dict.fromkeys(early.rule.name for early in covered_by if early))
            raise document.error(
                late.path, late.rule.name, f"a rule that can be reached; {by} above it decides all its cases"
            )
