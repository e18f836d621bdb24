"""What a page is asked for: language, runs, and the addresses of other pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from recoup.experiments.comparison.run import Run
from recoup.experiments.dashboard.shelf import Entry, Shelf, open_run
from recoup.experiments.report.text import LANGUAGES, Text, text_in


@dataclass
class Request:
    """A page's address, understood.

    Attributes:
        shelf: the runs that there are.
        slug: of the page.
        query: of the address; what it names is looked up, and is never a path.
        language: where the address names none.
    """

    shelf: Shelf
    slug: str
    query: Mapping[str, str]
    language: str = "en"
    choices: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def say(self) -> Text:
        """The words."""
        asked = self.query.get("lang", self.language)
        return text_in(asked if asked in LANGUAGES else self.language)

    @cached_property
    def entries(self) -> list[Entry]:
        """All runs, as they were when the page was asked for."""
        return self.shelf.entries()

    def words(self, key: str, **values: object) -> str:
        """A message of the dashboard's own."""
        return self.say(f"dashboard.{key}", **values)

    def address(self, slug: str, **query: str) -> str:
        """Where a page is."""
        return f"{slug or '.'}?{urlencode({'lang': self.say.language, **query})}"

    def choose(self, name: str, label: str, entries: Sequence[Entry], default: int = 0) -> Entry | None:
        """Let the reader choose a run; the one that the address names is chosen, else the default.

        Args:
            name: of the choice in the address.
            label: what is written beside it.
            entries: to choose from.
            default: number of the entry without a choice.
        """
        if not entries:
            return None
        known = {entry.id: entry for entry in entries}
        chosen = known.get(self.query.get(name, ""), entries[min(default, len(entries) - 1)])
        options = [{"id": entry.id, "name": self.named(entry)} for entry in entries]
        self.choices.append({"name": name, "label": label, "chosen": chosen.id, "options": options})
        return chosen

    def named(self, entry: Entry) -> str:
        """A run as lists of choices show it."""
        if not entry.results:
            return entry.id
        return f"{entry.id} · {self.say.one_of('names', entry.results['scenario'], entry.results['title'])}"

    def comparison(self, having: Callable[[Entry], bool] = lambda _: True) -> Run | None:
        """The finished comparison that the reader chose.

        Args:
            having: which comparisons can be shown.
        """
        entry = self.choose("run", self.words("run"), [one for one in self.entries if one.results and having(one)])
        if entry is None:
            return None
        run = open_run(entry.folder)
        self.say = self.say.of(run.lists)  # what its scenario calls its own channels and tiers
        return run
