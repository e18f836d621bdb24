"""What each parameter of a world does: this one up, that measure up or down, against the noise of paired seeds.

A row names a parameter, two values, a measure and the direction that the parameter's description promises. Each row has the
probe that isolates its mechanism: the same treatment for everybody, no rules, ample staff, debtors who differ in nothing that
matters. Both values meet the same seeds (common random numbers); the row holds if the mean difference lies more than three
standard errors on the promised side and no seed contradicts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.rules import RulePack
from recoup.sim.parameters import Section, World
from recoup.sim.portfolio.synthetic import generate
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation

SEEDS = (1, 2, 3, 4)
ACCOUNTS = 120
MORE, LESS = 1, -1
FREE = RulePack(name="free", title="no rules", rules=[])

# The home scenario without what would blur a mechanism: no shocks, no courses, no reviews, nobody short of staff, nobody beyond reach.
ALL_WEEK = [0, 1, 2, 3, 4, 5, 6]
POOLS = ("collector", "specialist", "autocall", "visit")
PLAIN: dict[str, Any] = {
    "macro.spread": 0,
    "behaviour.wrong_number": 0,
    "behaviour.jobless_share": 0,
    "behaviour.job_loss_monthly": 0,
    "behaviour.opt_out": 0,
    "behaviour.dispute": 0,
    "behaviour.hardship_disclosed": 0,
    "behaviour.reach_avoidance": 0,
    "behaviour.complaint.*": 0,
    "operations.skill_spread": 0,
    "operations.performance_pay": 0,
    "operations.training.every_days": 0,
    "courts.review": None,
    **{f"operations.{pool}.per_1000_accounts": 1000 for pool in POOLS},
    **{f"operations.{pool}.weekdays": ALL_WEEK for pool in POOLS},
    **{f"operations.{pool}.works_holidays": True for pool in POOLS},
}
HOME = load_scenario("china-consumer").world


@dataclass(frozen=True)
class Outcome:
    """A simulation that has run, and the days' figures."""

    simulation: Simulation
    daily: Any

    @property
    def accounts(self) -> Any:
        return self.simulation.accounts


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        path: of the parameter, as `with_values` takes it.
        low, high: its two values.
        direction: `MORE` or `LESS`.
        measure: a column of the daily table or of the accounts to be summed, or a function of the outcome.
        treat: treatments by day for everybody; the last one stays.
        given: other parameters of this probe.
        people: columns of the portfolio that are the same for everybody.
        debtors: hidden traits and states that are the same for everybody.
        staff: skill of everybody in the pools of people.
        rules: the rule pack.
    """

    path: str
    low: Any
    high: Any
    direction: int
    measure: str | Callable[[Outcome], float]
    treat: Sequence[str] = ("nothing",)
    days: int = 20
    given: Mapping[str, Any] = field(default_factory=dict)
    people: Mapping[str, Any] = field(default_factory=lambda: {"dpd": 0})
    debtors: Mapping[str, Any] = field(default_factory=dict)
    staff: float | None = None
    rules: RulePack = FREE

    @property
    def name(self) -> str:
        measure = self.measure if isinstance(self.measure, str) else self.measure.__name__
        return f"{self.path}: {'more' if self.direction == MORE else 'less'} {measure}"

    def differences(self) -> np.ndarray:
        """The measure at the high value less that at the low one, by seed."""
        return np.array([self.run(self.high, seed) - self.run(self.low, seed) for seed in SEEDS])

    def run(self, value: Any, seed: int) -> float:
        """The measure with one value of the parameter."""
        world = with_values(HOME, {**PLAIN, **self.given, self.path: value})
        people = generate(world.population, ACCOUNTS, seed, "probe")
        table = people.table.assign(**self.people)
        simulation = Simulation(world, Portfolio(table, "probe"), self.rules, seed)
        for name, same in self.debtors.items():
            simulation.accounts[name] = same
        if self.staff is not None:
            for pool in ("collector", "specialist"):
                simulation.centres[pool].skill[:] = self.staff
        for day in range(self.days):
            item = simulation.menu.index[self.treat[min(day, len(self.treat) - 1)]]
            simulation.advance(np.full(simulation.open_accounts.size, item))
        outcome = Outcome(simulation, simulation.daily_table())
        if callable(self.measure):
            return float(self.measure(outcome))
        found = outcome.daily if self.measure in outcome.daily else outcome.accounts
        return float(found[self.measure].astype(float).sum())


def holds(row: Row) -> None:
    """The row's direction shows clearly.

    Raises:
        AssertionError: it does not.
    """
    differences = row.direction * row.differences()
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    assert differences.mean() > 3 * error and (differences > 0).all(), f"{row.name}: {row.direction * differences}"


def with_values(world: World, values: Mapping[str, Any]) -> World:
    """The world with other values at dotted paths; `*` stands for every member of a list, or every channel."""
    data = world.model_dump()
    for path, value in values.items():
        *way, last = path.split(".")
        for place in _places(data, way):
            for key in _keys(place, last):
                place[key] = value
    return World.model_validate(data)


def _places(data: Any, way: Sequence[str]) -> Iterator[Any]:
    if not way:
        yield data
        return
    for key in _keys(data, way[0]):
        if isinstance(data[key], tuple):
            data[key] = list(data[key])
        yield from _places(data[key], way[1:])


def _keys(place: Any, part: str) -> list[Any]:
    if part == "*":
        return list(place) if isinstance(place, dict) else list(range(len(place)))
    return [part] if isinstance(place, dict) else [int(part)]


def numeric_parameters(model: type[BaseModel] = World, path: str = "") -> list[str]:
    """Paths of everything in a world that is a number, a yes or no, or a list of numbers; `*` for members of a list."""
    return [leaf for name, field in model.model_fields.items() for leaf in _leaves(field.annotation, f"{path}{name}")]


def _leaves(kind: Any, path: str) -> list[str]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _leaves(inner[0], path)
    if origin in (Union, UnionType):
        return [leaf for one in inner if one is not NoneType for leaf in _leaves(one, path)]
    if isinstance(kind, type) and issubclass(kind, Section):
        return numeric_parameters(kind, f"{path}.")
    if kind in (int, float, bool):
        return [path]
    if origin is tuple:
        return [leaf for number, one in enumerate(inner) for leaf in _leaves(one, f"{path}.{number}")]
    if origin is list:
        member = get_args(inner[0])[0] if get_origin(inner[0]) is Annotated else inner[0]
        return [path] if member is int else _leaves(inner[0], f"{path}.*")
    if origin is dict:
        names = get_args(inner[0]) if get_origin(inner[0]) is Literal else ("*",)
        return [leaf for name in names for leaf in _leaves(inner[1], f"{path}.{name}")]
    return []
