"""Why an estimate is doubted or refused: a code, and the figures that its sentence names. Sentences are the catalogues' (`reasons`)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Value = float | int | str | None | list[float] | list[str]
# What each names.
REASONS: dict[str, tuple[str, ...]] = {
    # of a score's threshold
    "density": ("cut", "change", "p"),
    "covariate": ("field", "cut", "p"),
    "placebo": ("cut", "p"),
    "bandwidth": ("times",),
    "weak": ("f", "least"),
    "few": ("cut", "least"),
    # of a log of decisions
    "support": ("share", "courses", "decisions", "treatments"),
    "propensities": ("ratio", "weight", "decisions"),
    "sample": ("accounts", "sample", "least", "decisions"),
}


@dataclass(frozen=True)
class Reason:
    """A doubt or a refusal.

    Attributes:
        code: one of `REASONS`.
        values: what it names.
    """

    code: str
    values: dict[str, Value]

    def content(self) -> dict[str, Any]:
        """As files hold it."""
        return asdict(self)
