"""What is scarce and serves contacts: one table of the resources, their channels and what is particular to each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recoup.sim.compiled import njit
from recoup.sim.treatments import Channel, Window


@dataclass(frozen=True)
class Resource:
    """A pool of people or lines; its numbers are the scenario's `operations.<name>`.

    Attributes:
        channel: the channel it serves.
        skilled: people on the telephone, whose skill counts, who take courses, and who may be paid by the minute
            (`costs.minute`).
        load_observed: policies see yesterday's occupancy, as field `<name>_load`.
        fill_observed: policies see the share of yesterday's requests that were served, as field `<name>_fill`.
    """

    channel: Channel
    skilled: bool = False
    load_observed: bool = False
    fill_observed: bool = False

    @property
    def name(self) -> str:
        """What scenarios, tables and reports call it: the channel in lower case."""
        return self.channel.name.lower()


RESOURCES: tuple[Resource, ...] = (
    Resource(Channel.COLLECTOR, skilled=True, load_observed=True, fill_observed=True),
    Resource(Channel.SPECIALIST, skilled=True, load_observed=True, fill_observed=True),
    Resource(Channel.AUTOCALL, load_observed=True),
    Resource(Channel.VISIT),
)
RESOURCE_NAMES = tuple(resource.name for resource in RESOURCES)

ANSWERS_CALLS = RESOURCE_NAMES.index("collector")  # which resource debtors who call back reach
NO_RESOURCE = 255
WINDOWS = len(Window)
QUEUES = len(RESOURCES) * WINDOWS
# For compiled code: number of the resource that serves each channel, uint8 (channels,), or NO_RESOURCE.
RESOURCE_BY_CHANNEL = np.full(len(Channel), NO_RESOURCE, np.uint8)
for _number, _resource in enumerate(RESOURCES):
    RESOURCE_BY_CHANNEL[_resource.channel] = _number


@njit()
def queue_of(resource: int, window: int) -> int:
    """Number of the queue for a resource (its place in `RESOURCES`) and a contact window: 0 .. `QUEUES` − 1."""
    return resource * WINDOWS + window
