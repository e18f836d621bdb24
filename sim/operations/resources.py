"""What is scarce and serves contacts: one table of the resources and what is particular to each.

Which channels each serves is the vocabulary's (`treatments.ChannelTraits.pool`); a scenario may add pools (`World.resources`).
"""

from __future__ import annotations

from dataclasses import dataclass

from recoup.sim.compiled import njit
from recoup.sim.treatments import MOST_POOLS, Window


@dataclass(frozen=True)
class Resource:
    """A pool of people or lines; its numbers are the scenario's `operations.<name>`, or those of its own pools.

    Attributes:
        name: what scenarios, tables and reports call it.
        skilled: people on the telephone, whose skill counts, who take courses, and who may be paid by the minute
            (`costs.minute`).
        load_observed: policies see yesterday's occupancy, as field `<name>_load`.
        fill_observed: policies see the share of yesterday's requests that were served, as field `<name>_fill`.
    """

    name: str
    skilled: bool = False
    load_observed: bool = False
    fill_observed: bool = False


RESOURCES: tuple[Resource, ...] = (
    Resource("collector", skilled=True, load_observed=True, fill_observed=True),
    Resource("specialist", skilled=True, load_observed=True, fill_observed=True),
    Resource("autocall", load_observed=True),
    Resource("visit"),
)
RESOURCE_NAMES = tuple(resource.name for resource in RESOURCES)

ANSWERS_CALLS = RESOURCE_NAMES.index("collector")  # which resource debtors who call back reach
NO_RESOURCE = 255
WINDOWS = len(Window)
QUEUES = MOST_POOLS * WINDOWS


@njit()
def queue_of(resource: int, window: int) -> int:
    """Number of the queue for a resource (its place in `World.resources`) and a contact window: 0 .. `QUEUES` − 1."""
    return resource * WINDOWS + window
