"""Files of a run as they must be, where a test says a part of what they hold: the rest is zero, empty or null."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel

from recoup.experiments.backtest import files as backtest
from recoup.experiments.comparison import files as comparison
from recoup.experiments.comparison.results import RESULTS_FILE
from recoup.experiments.evidence import files as evidence
from recoup.experiments.learning import files as learning
from recoup.experiments.records import files as records
from recoup.experiments.robustness import files as robustness
from recoup.experiments.runs.file_kinds import JsonKind

KINDS = {
    kind.name: kind
    for room in (comparison, robustness, learning, records, evidence, backtest)
    for kind in vars(room).values()
    if isinstance(kind, JsonKind)
} | {RESULTS_FILE.name: RESULTS_FILE, "run.json": comparison.SETTINGS_FILE}
_MISSING = object()


def whole(kind: JsonKind | type[BaseModel] | str, content: Any) -> Any:
    """The content with all that a file of this kind must hold.

    Args:
        kind: of the file, or what it holds, or its name in a run folder; those of another name are left as they are.
        content: what the test says of it.
    """
    if isinstance(kind, type):
        return _filled(kind, [], content)
    known = kind if isinstance(kind, JsonKind) else KINDS.get(kind)
    return _filled(known.model, [], content) if known else content


def _filled(hint: Any, rules: list[Any], value: Any) -> Any:
    if get_origin(hint) is Annotated:
        inner, *more = get_args(hint)
        return _filled(inner, [*more, *rules], value)
    if get_origin(hint) in (Union, types.UnionType):
        if value is _MISSING or value is None:
            return None
        arms = [arm for arm in get_args(hint) if arm is not type(None)]
        return _filled(arms[0], rules, value) if len(arms) == 1 else value
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        given = {} if value is _MISSING else value
        if not isinstance(given, dict):
            return given
        fields = {field.alias or name: field for name, field in hint.model_fields.items()}
        made = {
            name: _filled(field.annotation, list(field.metadata), given.get(name, _MISSING))
            for name, field in fields.items()
            if field.is_required() or name in given
        }
        return {
            **{name: made[name] for name in given if name in made},
            **made,
            **{n: v for n, v in given.items() if n not in made},
        }
    if get_origin(hint) is dict:
        given = {} if value is _MISSING else value
        required = (*_names(rules, "_Keys"), *_names(rules, "_Usually"))
        names = list(given) + [name for name in required if name not in given]
        made = {name: _filled(get_args(hint)[1], [], given.get(name, _MISSING)) for name in names}
        for name in _names(rules, "_Defined"):
            if made[name] is None:
                made[name] = 0.0
            elif isinstance(made[name], dict) and made[name]["mean"] is None:
                made[name]["mean"] = 0.0
        return made
    if get_origin(hint) is list:
        if value is _MISSING:
            value = [_MISSING] * max((getattr(rule, "min_length", 0) or 0 for rule in rules), default=0)
        return [_filled(get_args(hint)[0], [], one) for one in value] if isinstance(value, list) else value
    if value is not _MISSING:
        return value
    least = max((getattr(rule, "ge", 0) or 0 for rule in rules), default=0)
    plain = {
        float: float(max(least, 0)),
        int: int(max(least, 0)),
        bool: False,
        str: next(iter(_names(rules, "_Names")), ""),
    }
    return plain.get(hint)


def _names(rules: list[Any], kind: str) -> tuple[str, ...]:
    for rule in rules:
        if isinstance(rule, AfterValidator) and type(rule.func).__name__ == kind:
            return rule.func.names  # type: ignore[no-any-return,union-attr]
    return ()
