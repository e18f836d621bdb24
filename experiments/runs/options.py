"""Command options made from a settings class, so that a setting's name, default, range and help are written once.

Use. The settings are a frozen dataclass that inherits `Settings`, each field made by `setting`; its module imports nothing heavy:

    @dataclass(frozen=True)
    class Study(Settings):
        seeds: int = setting(20, "Number of seeds.", least=1, most=10_000)
        scenario: str = setting("china-consumer", "Scenario's name or file.", flags=("-s", "--scenario"))
        plan: str | None = setting("staged", "Plan to start from; «none» for no plan.")

The command takes one argument of that class, and others of its own as usual; `options_from` puts the fields in the place of the first:

    @options_from(Study)
    def study(settings: Study, json: Json = False) -> None: ...

`recoup study --seeds 3 --plan none` then calls `study(Study(seeds=3, plan=None))`. A field `best_of` becomes `--best-of`, a bool
`--x / --no-x`, a list or tuple an option that may be repeated; «none» stands for None where the default is something else.
A field with a plain default is no option: only Python sets it.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer

NOTHING = "none"  # how a command line says None where None is not the default


@dataclasses.dataclass(frozen=True)
class _Described:
    """What a field says of itself beside its type and default."""

    help: str
    least: float | None
    most: float | None
    flags: tuple[str, ...]
    completion: Callable[[], list[str]] | None
    shown_default: str | None = None
    read_as: Any = None


def setting(
    default: Any,
    description: str,
    *,
    least: float | None = None,
    most: float | None = None,
    flags: tuple[str, ...] = (),
    completion: Callable[[], list[str]] | None = None,
    shown_default: str | None = None,
    read_as: Any = None,
) -> Any:
    """A field of a `Settings` class.

    Args:
        default: a value, or a list or tuple for an option that may be repeated; None where the type may be None.
        description: what the option's help says, a sentence.
        least, most: the range of a number, or of each in a list or tuple, both ends included; None = unbounded.
        flags: the option's names, where they are not `--field-name`.
        completion: names that a shell may offer.
        shown_default: what the help shows where the default is None.
        read_as: the type that a command line reads, where the field may hold more than text can say.
    """
    metadata = {"described": _Described(description, least, most, flags, completion, shown_default, read_as)}
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of settings classes: numbers are checked against their ranges, from Python as from the command line.

    Raises:
        InputError: on construction, a number out of its field's range.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            described, held = _described(field), getattr(self, field.name)
            for value in held if isinstance(held, list | tuple) else [held]:
                if isinstance(value, bool) or not isinstance(value, int | float):
                    continue
                least, most = described.least, described.most
                # Not «value < least», which a NaN would pass.
                if not ((least is None or value >= least) and (most is None or value <= most)):
                    from recoup.sim.inputs import InputError

                    raise InputError(type(self).__name__, field.name, value, _range(least, most))


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f"at least {least:,}"
    return f"at most {most:,}" if least is None else f"a number from {least:,} to {most:,}"


def _described(field: dataclasses.Field[Any]) -> _Described:
    return field.metadata.get("described") or _Described("", None, None, (), None)


def options_from(settings: type[Settings], **defaults: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for Typer commands: the parameter annotated with `settings` is replaced by one option per field.

    Args:
        settings: the dataclass; a field made by `setting` needs a type among str, int, float, bool, Path, a list or tuple of those,
            or one of those or None.
        defaults: defaults of this command that differ from the class's, by field.

    Raises:
        TypeError: on decoration, when the command has no parameter of that class, or `defaults` names no option.
    """
    if unknown := set(defaults) - {field.name for field, _ in _typed_fields(settings)}:
        raise TypeError(f"{settings.__name__} has no {', '.join(sorted(unknown))}")
    options = [_option(field, hint, defaults) for field, hint in _typed_fields(settings)]
    nullable = {
        field.name
        for field, hint in _typed_fields(settings)
        if _may_be_none(hint) and defaults.get(field.name, field.default) is not None
    }
    tuples = {field.name for field, hint in _typed_fields(settings) if get_origin(_not_none(hint)) is tuple}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        hints = get_type_hints(command, include_extras=True)
        signature = inspect.signature(command)
        places = [name for name in signature.parameters if hints.get(name) is settings]
        if len(places) != 1:
            raise TypeError(f"{command.__name__} needs one parameter of type {settings.__name__}, has {len(places)}")
        rest = [
            parameter.replace(annotation=hints.get(name, parameter.annotation), kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in signature.parameters.items()
            if name not in places
        ]

        @functools.wraps(command)
        def called(**values: Any) -> Any:
            chosen = {option.name: values.pop(option.name) for option in options}
            chosen |= {name: None for name in nullable if chosen[name] == NOTHING}
            chosen |= {name: tuple(chosen[name]) for name in tuples if chosen[name] is not None}
            return command(**{places[0]: settings(**chosen)}, **values)

        arguments = [parameter for parameter in rest if parameter.default is inspect.Parameter.empty]
        optional = [parameter for parameter in rest if parameter.default is not inspect.Parameter.empty]
        parameters = [*arguments, *options, *optional]
        called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del called.__wrapped__  # type: ignore[attr-defined]  # or its annotations would be read instead
        return called

    return decorate


def _typed_fields(settings: type[Settings]) -> list[tuple[dataclasses.Field[Any], Any]]:
    """The fields that are options, with their types."""
    hints = get_type_hints(settings)
    return [(field, hints[field.name]) for field in dataclasses.fields(settings) if "described" in field.metadata]


def _may_be_none(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)


def _not_none(hint: Any) -> Any:
    """`X` of `X | None`; other types as they are."""
    return next((one for one in get_args(hint) if one is not NoneType), hint) if _may_be_none(hint) else hint


def _option(field: dataclasses.Field[Any], hint: Any, defaults: dict[str, Any]) -> inspect.Parameter:
    """A field as a parameter that Typer understands."""
    described = _described(field)
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    default = defaults.get(field.name, default)
    hint = described.read_as or hint
    kind = _not_none(hint)
    if get_origin(kind) is tuple:  # Typer repeats lists alone
        kind = list[get_args(kind)[0]]  # type: ignore[misc]
        hint, default = (kind | None if _may_be_none(hint) else kind), None if default is None else list(default)
    numeric = (get_args(kind)[0] if get_origin(kind) is list else kind) in (int, float)
    option = typer.Option(
        *described.flags,
        help=described.help,
        min=described.least if numeric else None,
        max=described.most if numeric else None,
        autocompletion=described.completion,
        show_default=described.shown_default or False if default is None else True,
    )
    annotation = Annotated[hint, option]  # type: ignore[valid-type]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
