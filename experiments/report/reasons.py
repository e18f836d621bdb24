"""Doubts and refusals of estimates (`evidence.reasons`) as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recoup.experiments.report.text import Text


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _short(value: float) -> str:
    return f"{value:g}".replace("-", "−")


_FORMS: dict[str, Callable[[Any], str]] = {
    "cut": _short,
    "change": lambda value: "+∞" if value is None else f"{value:+.0%}".replace("-", "−"),
    "p": lambda value: f"{value:.3f}",
    "times": lambda values: ", ".join(map(_short, values)),
    "f": lambda value: "∞" if value is None else f"{value:.1f}",
    "least": _short,
    "share": lambda value: f"{value:.0%}",
    "courses": lambda value: f"{value:.0%}",
    "decisions": _whole,
    "ratio": lambda value: f"{value:.2f}",
    "weight": lambda value: f"{value:.2f}",
    "accounts": _whole,
    "sample": _whole,
}


def sentence(reason: Mapping[str, Any], say: Text) -> str:
    """A doubt or a refusal in words.

    Args:
        reason: `code` and `values`, as files hold them.
        say: the words.
    """
    values = {name: _FORMS[name](value) for name, value in reason["values"].items() if name in _FORMS}
    if "field" in reason["values"]:
        values["field"] = say.column(reason["values"]["field"])
    if "treatments" in reason["values"]:
        values["treatments"] = say.listed([arm_name(name, say) for name in reason["values"]["treatments"]])
    return say(f"reasons.{reason['code']}", **values)


def arm_name(arm: str, say: Text) -> str:
    """A treatment without its window, as `treatment_parts.arm` names it, in words."""
    return " / ".join(
        say.one_of("treatments", part, say.one_of("models.effects.offers", part)) for part in arm.split("/")
    )
