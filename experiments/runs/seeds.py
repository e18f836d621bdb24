"""On which seeds a command simulates, and on how many accounts: fields that several settings classes share, written once."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.experiments.runs.options import Settings, setting


@dataclass(frozen=True)
class Seeds(Settings):
    """Seeds `first_seed`, `first_seed` + 1, …, and accounts on each (None: the scenario's).

    A class in whose help and order of fields something comes first inherits that after this one: `class Whole(Seeds, First)`.

    Raises:
        InputError: on construction, a number out of its range.
    """

    seeds: int = setting(10, "Number of seeds.", least=1, most=10_000)
    first_seed: int = setting(1, "First seed.", least=0, most=2**62)
    accounts: int | None = setting(
        None, "Accounts.", least=1, most=10_000_000, shown_default="the scenario's, or all of a file"
    )

    @property
    def seed_range(self) -> range:
        """The seeds, in order."""
        return range(self.first_seed, self.first_seed + self.seeds)
