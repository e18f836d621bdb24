"""Scenario files: which world, which rules, which portfolio; read from YAML with the source of each number."""

from __future__ import annotations

import copy
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recoup.sim.compliance.rules import RulePack, load_rules
from recoup.sim.customers import customers_of
from recoup.sim.inputs import Document, InputError, Place, choose, read_yaml, validated
from recoup.sim.parameters import ScenarioSection, World
from recoup.sim.portfolio.importing import day_of_state, load, sample
from recoup.sim.portfolio.sources import Source, source_of
from recoup.sim.portfolio.synthetic import generate, regions
from recoup.sim.portfolio.table import Portfolio, portfolio_fields
from recoup.sim.remarks import NoteContent, noted
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu

ROOT = Path(str(resources.files("recoup.scenarios")))
MOST_ACCOUNTS = 10_000_000
_SOURCED = {"value", "source", "confidence"}


class PortfolioFile(ScenarioSection):
    """An imported portfolio: a file, its path relative to the scenario file, or the address of a database; and its column map."""

    file: str
    map: str


class ScenarioFile(ScenarioSection):
    """What a scenario file may say."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: str
    description: str = ""
    days: Annotated[int, Field(ge=1, le=3650)] = Field(180, description="default horizon")
    accounts: Annotated[int, Field(ge=1, le=MOST_ACCOUNTS)] | None = Field(
        None, description="default size; none = all of a file"
    )
    rules: str = Field(description="name of a shipped rule pack, or path of one relative to the scenario file")
    portfolio: PortfolioFile | None = Field(None, description="none = synthetic from world.population")
    notes: list[NoteContent] = []
    world: World


class Scenario:
    """A scenario ready to use."""

    def __init__(self, file: ScenarioFile, path: Path, rules: RulePack, sources: dict[str, tuple[str, str]]) -> None:
        self.file, self.path, self.rules = file, path, rules
        self.name, self.title, self.description = file.name, file.title, file.description
        self.days, self.accounts, self.notes, self.world = file.days, file.accounts, noted(file.notes), file.world
        self.sources = sources
        self._data: tuple[Source, Path | None] | None = None
        if file.portfolio:
            source = (
                source_of(file.portfolio.file) if "://" in file.portfolio.file else path.parent / file.portfolio.file
            )
            self._data = (source, path.parent / file.portfolio.map)
        self._imported: Portfolio | None = None

    @property
    def synthetic(self) -> bool:
        """Whether accounts are generated rather than read from a file."""
        return self._data is None

    @cached_property
    def menu(self) -> Menu:
        """The treatments that policies choose from."""
        return self.world.menu

    def simulation(self, seed: int, accounts: int | None = None, **options: Any) -> Simulation:
        """A simulation of this scenario, on the morning of its first day.

        Args:
            seed: of the accounts and of all random numbers.
            accounts: size of the portfolio; None = the scenario's own.
            options: `gate`, `record_events` and the like, as `Simulation` takes them.
        """
        return Simulation(self.world, self.portfolio(accounts, seed), self.rules, seed, **options)

    def with_world(self, world: World) -> Scenario:
        """The same scenario in another world."""
        other = copy.copy(self)
        other.__dict__.pop("menu", None)
        other.world = world
        return other

    def with_portfolio(self, file: Source, map_file: Path | None) -> Scenario:
        """The same world with somebody's own accounts; with their state, from the day on which that is so (`as_of` of the map).

        Without a map, columns have the names of our fields.
        """
        other = copy.copy(self)
        other._data, other._imported, other.accounts = (file, map_file), None, None
        # What is usual here says nothing of somebody else's book: its own median counts. Accounts in mid-life begin on their own day.
        begins = day_of_state(map_file)
        started = {"start": begins} if begins else {}
        other.world = self.world.model_copy(update={"typical_claim": None, **started})
        return other

    def portfolio(self, accounts: int | None, seed: int, numbers: NDArray[np.int64] | None = None) -> Portfolio:
        """The accounts of one run: generated (synthetic) or sampled (imported) by the seed.

        An imported portfolio is read once; what the file does not say is drawn from `world.population`, the same for
        every seed.

        Args:
            accounts: how many; None = the default size.
            seed: of the draws.
            numbers: which of them, int64, are wanted; None = all. Of a synthetic portfolio no others are drawn.

        Raises:
            InputError: the file or its map is wrong.
        """
        if self._data is None:
            return generate(self.world.population, self.size(accounts), seed, self.name, numbers)
        return sample(self._read(), self.size(accounts), seed, numbers)

    def customers(self, accounts: int | None, seed: int) -> NDArray[np.object_] | None:
        """The customer of each account of `portfolio`, None for an account by itself; None where no customer has several.

        Raises:
            InputError: the file or its map is wrong.
        """
        return None if self._data is None else customers_of(self.portfolio(accounts, seed))

    def size(self, accounts: int | None) -> int:
        """How many accounts a run has; None = the default, or all of a file.

        Raises:
            InputError: the file or its map is wrong.
        """
        size = accounts or self.accounts
        return size or (1000 if self._data is None else len(self._read()))

    def regions(self, accounts: int | None, seed: int) -> NDArray[np.object_]:
        """The region of each account of `portfolio`, shape (accounts,), without drawing the rest of a synthetic one.

        Raises:
            InputError: the file or its map is wrong.
        """
        if self._data is None:
            return regions(self.world.population, self.size(accounts), seed)
        return self.portfolio(accounts, seed).column("region")

    def _read(self) -> Portfolio:
        assert self._data is not None
        if self._imported is None:
            file, map_file = self._data
            self._imported = load(
                file,
                map_file,
                self.world.population,
                seed=0,
                name=file.stem,
                registry=portfolio_fields(self.world.vocabulary),
            )
        return self._imported


def scenario_names() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(path.stem for path in ROOT.glob("*.yaml"))


def scenario_path(name: str) -> Path:
    """The file of a shipped scenario's name, or a user's own `.yaml` path.

    Raises:
        InputError: neither.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    if name not in scenario_names():
        raise InputError("scenario", "", name, choose(scenario_names(), name) + ", or the path of a .yaml file")
    return ROOT / f"{name}.yaml"


def rules_path(name: str, beside: Path) -> Path:
    """The file of a rule pack: a shipped name, or a path relative to the scenario file."""
    if name.endswith((".yaml", ".yml")):
        return beside / name
    known = rule_pack_names()
    if name not in known:
        raise InputError("rule pack", "", name, choose(known, name) + ", or the path of a .yaml file")
    return ROOT / "rules" / f"{name}.yaml"


def rule_pack_names() -> list[str]:
    """Names of the shipped rule packs."""
    return sorted(path.stem for path in (ROOT / "rules").glob("*.yaml"))


def find_rules(name_or_path: str) -> RulePack:
    """A shipped rule pack by name, or a user's own by the path of its file.

    Raises:
        InputError: neither, or what `load_rules` finds wrong.
    """
    return load_rules(rules_path(name_or_path, Path()), rules_path)


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario with everything it extends.

    Raises:
        InputError: naming file, line, field, value and what was expected.
    """
    path = scenario_path(name_or_path)
    document = _extended(path, ())
    sources: dict[str, tuple[str, str]] = {}
    document = Document(document.source, _plain(document.data, (), sources), document.lines)
    file = validated(ScenarioFile, document)
    return Scenario(file, path, load_rules(rules_path(file.rules, path.parent), rules_path), sources)


def _extended(path: Path, chain: tuple[Path, ...]) -> Document:
    """The document merged over the one it `extends`; its own values win, mappings merge key by key, null takes away."""
    if path in chain:
        raise InputError(
            path, "extends", " -> ".join(p.stem for p in (*chain, path)), "a scenario that does not extend itself"
        )
    document = read_yaml(path)
    parent_name = document.data.pop("extends", None)
    if parent_name is None:
        return document
    if not isinstance(parent_name, str):
        raise document.error(("extends",), parent_name, "the name of a scenario")
    known = scenario_names()
    if not parent_name.endswith((".yaml", ".yml")) and parent_name not in known:
        raise document.error(("extends",), parent_name, choose(known, parent_name))
    parent_path = path.parent / parent_name if parent_name.endswith((".yaml", ".yml")) else ROOT / f"{parent_name}.yaml"
    parent = _extended(parent_path, (*chain, path))
    below = parent.data if parent_path.parent == path.parent else _seen_from_elsewhere(parent.data, parent_path.parent)
    return Document(document.source, _merged(below, document.data), document.lines)


def _seen_from_elsewhere(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A scenario's data with the files that it names relative to its own folder, for one that extends it from another."""

    def place(name: Any) -> Any:
        return name if not isinstance(name, str) or "://" in name else str(folder.resolve() / name)

    moved = dict(data)
    if isinstance(rules := data.get("rules"), str) and rules.endswith((".yaml", ".yml")):
        moved["rules"] = place(rules)
    if isinstance(portfolio := data.get("portfolio"), dict):
        moved["portfolio"] = {key: place(name) if key in ("file", "map") else name for key, name in portfolio.items()}
    return moved


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and not _is_sourced(value) and not _is_sourced(old):
            merged[key] = _merged(old, value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _is_sourced(value: object) -> bool:
    return isinstance(value, dict) and "value" in value and set(value) <= _SOURCED


def _plain(value: Any, path: Place, sources: dict[str, tuple[str, str]]) -> Any:
    """The same tree with each {value, source, confidence} replaced by its value, noted in `sources`."""
    if isinstance(value, dict):
        if _is_sourced(value):
            sources[".".join(map(str, path))] = (str(value.get("source", "")), str(value.get("confidence", "")))
            return value["value"]
        return {key: _plain(inner, (*path, str(key)), sources) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, (*path, number), sources) for number, inner in enumerate(value)]
    return value
