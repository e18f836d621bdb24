"""The time that remains, from the first finished step on, however long a step takes."""

from __future__ import annotations

from datetime import timedelta

from rich.progress import ProgressColumn, Task
from rich.text import Text

_KEPT = 1.0  # seconds: what is finished so soon was kept by an earlier run, and says nothing of how long a step takes


class Remaining(ProgressColumn):
    """Mean time of the steps so far, times those to come. Rich's own looks back thirty seconds, and is silent where a step takes longer."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[int, float] = {}  # by task: steps that were kept

    def render(self, task: Task) -> Text:
        """h:mm:ss; dashes before the first step, nothing for a task that asks for none."""
        if not task.fields.get("remaining", True):
            return Text()
        if task.finished:
            return Text(_clock(task.finished_time or 0.0))
        return Text(_clock(self.seconds(task)))

    def seconds(self, task: Task) -> float | None:
        """Seconds that remain; None before the first step, and where nobody knows how many there are.

        Args:
            task: of the display.
        """
        elapsed = task.elapsed
        if task.total is None or elapsed is None:
            return None
        if elapsed <= _KEPT:
            self._kept[task.id] = task.completed
        done = task.completed - self._kept.get(task.id, 0.0)
        return elapsed / done * (task.total - task.completed) if done > 0 else None


def _clock(seconds: float | None) -> str:
    return "-:--:--" if seconds is None else str(timedelta(seconds=round(seconds)))
