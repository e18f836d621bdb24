"""The report of a finished run: one HTML file that executives read, in English or Chinese."""

from typing import TYPE_CHECKING, Any

from recoup.experiments.report.text import LANGUAGES, text_in

if TYPE_CHECKING:
    from recoup.experiments.report.page import render

__all__ = ["LANGUAGES", "render", "text_in"]


def __getattr__(name: str) -> Any:
    """What draws is loaded when it is asked for: most commands want the words alone."""
    if name == "render":
        from recoup.experiments.report.page import render

        return render
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
