"""Options that several commands share, written once: dataclasses whose fields become the options of a command."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer

from recoup.experiments.runs.console import (
    Accounts,
    FirstSeed,
    Json,
    Seeds,
    Workers,
    complete_plans,
    complete_scenarios,
)


def policies_option(default: str) -> Any:
    """The option `--policy`, to be given once for each policy; `default` says what it is without."""
    return typer.Option("-p", "--policy", help="Once for each.", show_default=default, autocompletion=complete_plans)


@dataclass(frozen=True)
class SimulationOptions:
    """How a command simulates: seeds `first_seed`, `first_seed` + 1, …; accounts (None: the scenario's); worker processes."""

    seeds: Seeds = 10
    first_seed: FirstSeed = 1
    accounts: Accounts = None
    workers: Workers = 1
    json: Json = False

    @property
    def seed_range(self) -> range:
        """The seeds."""
        return range(self.first_seed, self.first_seed + self.seeds)


@dataclass(frozen=True)
class RobustnessOptions(SimulationOptions):
    """What the robustness commands have in common: a scenario, and the folder of a comparison that the result joins."""

    scenario: Annotated[
        str | None,
        typer.Option(
            "-s",
            "--scenario",
            help="Shipped scenario's name, or a .yaml file.",
            show_default="that of --into, else china-consumer",
            autocompletion=complete_scenarios,
        ),
    ] = None
    into: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a comparison: its scenario, portfolio and horizon are used, its report shows the result."
        ),
    ] = None
    seeds: Annotated[int, typer.Option(min=2, max=10_000, help="Number of seeds.")] = 5


def with_options(options: type[Any], **defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of a dataclass as options, after its own; it receives them as one `options` argument.

    Args:
        options: the dataclass; each field's annotation is a Typer option.
        defaults: defaults of this command that differ from the dataclass's.

    Raises:
        TypeError: `defaults` names no field.
    """
    # What a dataclass adds to, or changes in, the one below it comes first in the help.
    order = list(options.__annotations__)
    known = {
        field.name: field
        for field in sorted(fields(options), key=lambda f: order.index(f.name) if f.name in order else len(order))
    }
    if unknown := set(defaults) - set(known):
        raise TypeError(f"{options.__name__} has no {', '.join(sorted(unknown))}")

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for name, p in inspect.signature(command, eval_str=True).parameters.items() if name != "options"]
        hints = get_type_hints(options, include_extras=True)
        shared = [_parameter(name, hints[name], defaults.get(name, field.default)) for name, field in known.items()]

        @functools.wraps(command)
        def wrapper(**arguments: Any) -> None:
            values = {name: arguments.pop(name) for name in known}
            command(**arguments, options=options(**values))

        parameters = [*own, *shared]
        # Typer reads signature and hints of what it is given; `wraps` would lead it back to the command itself.
        del wrapper.__wrapped__  # type: ignore[attr-defined]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapper

    return decorate


def _parameter(name: str, hint: Any, default: Any) -> inspect.Parameter:
    """A parameter of a command; help shows the default's own value, and what None stands for where it is None."""
    assert default is not MISSING, name
    kind, option = get_args(hint)
    if default is not None:
        option = copy.copy(option)
        option.show_default = True
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=Annotated[kind, option]
    )
