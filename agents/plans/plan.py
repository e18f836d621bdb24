"""Plans from files: ordered rules on named observation fields, decided by a compiled table.

A plan is a YAML file; `docs/plans.md` and `scenarios/plans/template.yaml` say how to write one. Rules are asked from
top to bottom: the first rule whose conditions hold and whose treatment is allowed today decides. If there is none,
nothing is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from recoup.agents.contact_cap import ContactCapPerWeek, WeeklyContactCap
from recoup.agents.plans.conditions import Clause, clauses, within
from recoup.agents.plans.decision_table import ABSENT, DecisionTable
from recoup.agents.plans.decision_table import Step as TableStep
from recoup.sim.inputs import Document, InputError, Place, choose, first_fault, parse_yaml, read_yaml
from recoup.sim.treatments import ALL_TREATMENTS, OFFERS, Channel, Legal, Menu, Treatment, Window, names

NOTHING = "nothing"
SPREAD = "spread"
DEFAULT_PRIORITY = 5
MOST_WEIGHT = 20
NAME, NAME_WORDS = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}"), "a short name of lower-case letters, digits and hyphens"
_SENSIBLE = {t.name for t in ALL_TREATMENTS}
_OFFER_NAMES = [offer.name for offer in OFFERS]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _known(value: object, kind: list[str]) -> str:
    if not isinstance(value, str) or value not in kind:
        raise ValueError(choose(kind, value))
    return value


def _windows(value: Any) -> Any:
    """A list in order of preference, `[spread]`, or weights by window."""
    if isinstance(value, dict):
        for window, weight in value.items():
            _known(window, names(Window))
            if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MOST_WEIGHT:
                raise ValueError(f"a whole number from 1 to {MOST_WEIGHT} as the weight of each window")
    elif value not in (SPREAD, [SPREAD]):
        for window in _listed(value):
            _known(window, [*names(Window), SPREAD] if isinstance(value, str) else names(Window))
    if not value:
        raise ValueError("at least one window")
    return _listed(value) if not isinstance(value, dict) else value


Names = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
Windows = Annotated[list[str] | dict[str, int], BeforeValidator(_windows)]


class Step(BaseModel):
    """What a rule does: one treatment, or several that differ in window or offer, the preferred ones first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = "none"
    window: Windows = [SPREAD]
    offer: Names = ["none"]
    legal: str = "none"

    @field_validator("channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        return _known(value, names(Channel))

    @field_validator("legal")
    @classmethod
    def _legal(cls, value: str) -> str:
        return _known(value, names(Legal))

    @field_validator("offer")
    @classmethod
    def _offers(cls, value: list[str]) -> list[str]:
        return [_known(offer, _OFFER_NAMES) for offer in value]

    @property
    def spread(self) -> bool:
        """Whether accounts are spread over the windows, rather than all sent to the first that is allowed."""
        return self.window == [SPREAD] or isinstance(self.window, dict)


class Rule(BaseModel):
    """If the conditions of `when` hold (always, without one) and the treatment is allowed, do it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    when: dict[str, Any] | None = None
    do: Step
    priority: Annotated[int, Field(ge=0, le=9, strict=True)] = DEFAULT_PRIORITY

    @model_validator(mode="before")
    @classmethod
    def _nothing(cls, data: Any) -> Any:
        """Read `do: nothing` as a step without parts."""
        return {**data, "do": {}} if isinstance(data, dict) and data.get("do") == NOTHING else data


class PlanFile(BaseModel):
    """A plan as it is written. Other parts may build one in memory and compile it with `Plan.of`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: Annotated[str, Field(min_length=1, max_length=120)]
    description: Annotated[str, Field(max_length=4000)] = ""
    contact_cap_per_week: ContactCapPerWeek = None
    rules: Annotated[list[Rule], Field(min_length=1, max_length=5000)]

    @field_validator("name")
    @classmethod
    def _short(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError(NAME_WORDS)
        return value


def shipped_plans() -> list[str]:
    """Names of the plans that come with Recoup."""
    folder = files("recoup.scenarios").joinpath("plans")
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def find_plan(name_or_path: str | Path) -> Document:
    """The document of a shipped plan, by name, or of a plan file, by path.

    Raises:
        InputError: no such plan, or a file that is unreadable or no YAML mapping.
    """
    name = str(name_or_path)
    if name in shipped_plans():
        return parse_yaml(
            files("recoup.scenarios").joinpath("plans", f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml"
        )
    if name.endswith((".yaml", ".yml")) or _is_file(name):
        return read_yaml(Path(name))
    raise InputError("plan", "", name, f"a path to a .yaml file or {choose(shipped_plans(), name)}")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # what no file can be called
        return False


def read_plan(document: Document) -> PlanFile:
    """The plan in a document, its form checked (names, keys, types), not yet its conditions.

    Raises:
        InputError: naming line, field, value and what was expected.
    """
    rules = document.data.get("rules", [])
    if not isinstance(rules, list) or ("rules" in document.data and not rules):
        raise document.error(("rules",), rules, "a list of at least one rule")
    for number, item in enumerate(rules):
        _read_rule(document, ("rules", number), item)
    try:
        return PlanFile.model_validate(document.data)
    except ValidationError as error:
        raise first_fault(error, document, PlanFile) from None


def _read_rule(document: Document, path: Place, item: object) -> None:
    if not isinstance(item, dict):
        raise document.error(path, item, "a rule: a mapping with `name`, `do`, and perhaps `when` and `priority`")
    step = item.get("do", NOTHING)
    if step != NOTHING and not (isinstance(step, dict) and step):
        raise document.error((*path, "do"), step, "`nothing`, or a mapping with `channel` or `legal`")
    if "when" in item and item["when"] is None:
        raise document.error((*path, "when"), None, "conditions (leave `when` out for «always»)")
    try:
        Rule.model_validate(item)
    except ValidationError as error:
        raise first_fault(error, document, Rule, path) from None


@dataclass(frozen=True)
class _Compiled:
    """A rule on its way into the table; `steps` are treatment names by offer and window."""

    rule: Rule
    path: Place
    clauses: list[Clause]
    steps: list[list[str]]

    @property
    def treatments(self) -> set[str]:
        return {name for windows in self.steps for name in windows}


@dataclass(frozen=True)
class Plan:
    """A plan ready to decide for a scenario's menu; a `Policy`.

    Attributes:
        file: the plan as written.
        menu: the treatments of the scenario.
        rules: the rules in force, in order.
        dropped: rules left out because the scenario's menu has none of their treatments, as sentences.
        table: the compiled rules, in the order of `rules`.
    """

    file: PlanFile
    menu: Menu
    rules: tuple[Rule, ...]
    dropped: tuple[str, ...]
    table: DecisionTable

    @property
    def name(self) -> str:
        """What results are filed under."""
        return self.file.name

    @classmethod
    def load(cls, plan: str | Path | Document, menu: Menu) -> Self:
        """A plan by shipped name, path or document.

        Raises:
            InputError: no such plan, or a fault in it, with file, line, field, value and what was expected.
        """
        document = plan if isinstance(plan, Document) else find_plan(plan)
        return cls._compiled(read_plan(document), document, menu)

    @classmethod
    def of(cls, file: PlanFile, menu: Menu) -> Self:
        """A plan made in memory; faults are reported as for a file, without lines."""
        return cls._compiled(file, Document(file.name, file.model_dump(), {}), menu)

    @classmethod
    def _compiled(cls, file: PlanFile, document: Document, menu: Menu) -> Self:
        written = [_compile(document, ("rules", number), rule) for number, rule in enumerate(file.rules)]
        _check_reachable(document, written)
        kept = [one for one in written if one.treatments & menu.index.keys()]
        dropped = tuple(
            f"rule «{one.rule.name}» ({document.place(one.path)}): {min(one.treatments)} is not in this scenario's menu"
            for one in written
            if not one.treatments & menu.index.keys()
        )
        entries = [
            (
                one.clauses,
                TableStep(
                    tuple(tuple(menu.index.get(name, ABSENT) for name in windows) for windows in one.steps),
                    spread=one.rule.do.spread,
                ),
            )
            for one in kept
        ]
        return cls(file, menu, tuple(one.rule for one in kept), dropped, DecisionTable.of(entries, len(menu)))

    @property
    def identity(self) -> PlanFile:
        """See `Policy.identity`."""
        return self.file

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Menu indices, shape (accounts,); see `Policy.act`. The same row gives the same action in any batch."""
        return self.table.decide(observations, self._contact_cap.narrow(observations, masks))

    def deciding_rules(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of `rules` made each choice of `act`: shape (accounts,); -1 = none, nothing was done."""
        return self.table.deciding(observations, actions)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Priorities of the deciding rules, shape (accounts,), 0 first; None when all rules are equal."""
        if (self._priorities == DEFAULT_PRIORITY).all():
            return None
        return self._priorities[self.deciding_rules(observations, actions)]

    @cached_property
    def _contact_cap(self) -> WeeklyContactCap:
        return WeeklyContactCap(self.menu.names, self.file.contact_cap_per_week)

    @cached_property
    def _priorities(self) -> NDArray[np.int64]:
        """By rule; the last entry, which -1 finds, is for no rule."""
        return np.array([*(rule.priority for rule in self.rules), DEFAULT_PRIORITY], np.int64)


def _compile(document: Document, path: Place, rule: Rule) -> _Compiled:
    alternatives: list[Clause] = [{}] if rule.when is None else clauses(document, (*path, "when"), rule.when)
    return _Compiled(rule, path, alternatives, _treatments(document, (*path, "do"), rule.do))


def _treatments(document: Document, path: Place, step: Step) -> list[list[str]]:
    """Names of the treatments of a step, by offer and window, each one known to make sense."""
    channel, legal = Channel[step.channel.upper()], Legal[step.legal.upper()]
    if channel is Channel.NONE:
        return _without_contact(document, path, step, legal)
    if legal is not Legal.NONE and (channel, legal) != (Channel.LETTER, Legal.NOTICE):
        fits = (
            "`channel: letter` with `legal: notice`"
            if legal is Legal.NOTICE
            else f"no channel with `legal: {step.legal}`"
        )
        raise document.error((*path, "channel"), step.channel, fits)
    sensible = [t for t in ALL_TREATMENTS if t.channel is channel and t.legal is legal]
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
    return [[_name(channel, window, offer, legal) for window in windows] for offer in step.offer]


def _without_contact(document: Document, path: Place, step: Step, legal: Legal) -> list[list[str]]:
    if legal is Legal.NOTICE:
        raise document.error((*path, "legal"), step.legal, "`channel: letter` beside it: a notice goes by letter")
    for part, value, neutral in (("offer", step.offer, ["none"]), ("window", step.window, [SPREAD])):
        if value != neutral:
            raise document.error(
                (*path, part), next(iter(value)), f"a `channel` beside it: without one there is no {part}"
            )
    return [[_name(Channel.NONE, "morning", "none", legal)]]


def _name(channel: Channel, window: str, offer: str, legal: Legal) -> str:
    treatment = Treatment(channel, Window[window.upper()], OFFERS[_OFFER_NAMES.index(offer)], legal)
    assert treatment.name in _SENSIBLE, treatment.name  # every part has been checked
    return treatment.name


def _check_reachable(document: Document, rules: list[_Compiled]) -> None:
    """A rule whose every case an earlier rule decides, whatever is allowed, is a mistake of order.

    The earlier rule decides if it does nothing (which is always allowed) or all that this one could do.
    """
    seen: set[str] = set()
    for number, late in enumerate(rules):
        if late.rule.name in seen:
            raise document.error((*late.path, "name"), late.rule.name, "a name that no earlier rule has")
        seen.add(late.rule.name)
        deciders = [r for r in rules[:number] if r.treatments == {NOTHING} or r.treatments >= late.treatments]
        covers = [(clause, early) for early in deciders for clause in early.clauses]
        found = [next((early for outer, early in covers if within(inner, outer)), None) for inner in late.clauses]
        if all(found):
            by = " and ".join(f"«{name}»" for name in dict.fromkeys(early.rule.name for early in found if early))
            raise document.error(
                late.path, late.rule.name, f"a rule that can be reached; {by} above it decides all its cases"
            )
