"""The lists of a run's scenario: its own channels, offers, products, tiers and bands, as its folder keeps them for reports and audits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from recoup.experiments.runs.file_kinds import Content, JsonKind
from recoup.sim.inputs import misplaced
from recoup.sim.lists import STANDARD_PRODUCTS, Labelled, MoreChannel, MoreOffer, Name, Product, vocabulary
from recoup.sim.operations.resources import RESOURCE_NAMES
from recoup.sim.parameters import World
from recoup.sim.treatments import STANDARD, Vocabulary


class Lists(Content):
    """What a scenario has of its own."""

    channels: dict[Name, MoreChannel]
    offers: dict[str, MoreOffer]
    products: dict[Name, Product]
    tiers: dict[Name, Labelled]
    dpd_bands: list[int]
    pools: dict[Name, Labelled]

    @property
    def vocabulary(self) -> Vocabulary:
        """What they make."""
        return vocabulary(self.channels, self.offers, self.products, self.tiers, self.dpd_bands)

    @property
    def resources(self) -> tuple[str, ...]:
        """Names of all pools that serve contacts."""
        return (*RESOURCE_NAMES, *self.pools)


LISTS_FILE = JsonKind("lists.json", "recoup compare", Lists)
NO_LISTS = Lists(
    channels={},
    offers={},
    products=STANDARD_PRODUCTS,
    tiers={name: Labelled(label=None, label_zh=None) for name in STANDARD.tiers},
    dpd_bands=list(STANDARD.dpd_bands),
    pools={},
)


def lists_of(world: World) -> Lists:
    """The lists of a world."""
    tiers, pools = world.tiers, world.operations.more_pools
    return Lists(
        channels=world.more_channels,
        offers=world.more_offers,
        products=world.products,
        tiers={
            name: Labelled(label=tiers.labels.get(name), label_zh=tiers.labels_zh.get(name)) for name in tiers.names
        },
        dpd_bands=list(world.dpd_bands),
        pools={name: Labelled(label=pool.label, label_zh=pool.label_zh) for name, pool in pools.items()},
    )


def write_lists(folder: Path, world: World) -> None:
    """Keep a world's lists in a run folder, where it has any of its own."""
    if (lists := lists_of(world)) != NO_LISTS:
        LISTS_FILE.write(folder, lists.model_dump(mode="json"))


def read_lists(folder: Path) -> Lists:
    """The lists of a run.

    Args:
        folder: of the run.

    Raises:
        InputError: a damaged file.
    """
    found = LISTS_FILE.read_if_there(folder)
    return NO_LISTS if found is None else Lists.model_validate(found)


def alike(tables: Mapping[tuple[str, ...], Mapping[str, object]]) -> None:
    """Make sure that mappings by tier, which a file cannot know in advance, have the same keys everywhere.

    Args:
        tables: by their places.

    Raises:
        PydanticCustomError: there are none, or some differ; for validators.
    """
    (first, keys), *others = tables.items()
    if not keys:
        raise misplaced(first, {}, "at least one")
    for place, found in others:
        for name in keys:
            if name not in found:
                raise misplaced((*place, name), "nothing", "a value here (required)")
        for name in found:
            if name not in keys:
                raise misplaced((*place, name), name, "one of " + ", ".join(keys))
