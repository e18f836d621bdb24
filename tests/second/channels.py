"""What a channel is and can do, from the scenario's own words for those that it adds."""

from __future__ import annotations

from recoup.sim.treatments import Channel

GROUPS = {
    Channel.SMS: "text",
    Channel.WECHAT: "text",
    Channel.EMAIL: "text",
    Channel.AUTOCALL: "call",
    Channel.COLLECTOR: "call",
    Channel.SPECIALIST: "call",
    Channel.LETTER: "letter",
    Channel.VISIT: "visit",
}
SERVED = (Channel.AUTOCALL, Channel.COLLECTOR, Channel.SPECIALIST, Channel.VISIT)
BY_PHONE_NUMBER = (Channel.AUTOCALL, Channel.COLLECTOR, Channel.SPECIALIST, Channel.SMS)
IN_PERSON = (Channel.COLLECTOR, Channel.SPECIALIST, Channel.VISIT)


def added(world, channel):
    """A channel of the scenario's own; None for the others."""
    number = int(channel) - len(Channel)
    return list(world.more_channels.values())[number] if number >= 0 else None


def name_of(world, channel):
    number = int(channel) - len(Channel)
    return list(world.more_channels)[number] if number >= 0 else Channel(channel).name.lower()


def group_of(world, channel):
    own = added(world, channel)
    return own.group if own else GROUPS.get(channel)


def is_text(world, channel):
    return group_of(world, channel) == "text"


def is_call(world, channel):
    return group_of(world, channel) == "call"


def is_live(world, channel):
    """A call or a visit."""
    return group_of(world, channel) in ("call", "visit")


def pool_of(world, channel):
    """The name of what serves it; None where nothing is scarce."""
    own = added(world, channel)
    if own:
        return own.pool
    return name_of(world, channel) if channel in SERVED else None


def needs_number(world, channel):
    """A wrong number puts the debtor out of its reach."""
    own = added(world, channel)
    if own is None:
        return channel in BY_PHONE_NUMBER
    return own.group == "call" if own.by_number is None else own.by_number


def in_person(world, channel):
    own = added(world, channel)
    return own.pool is not None and not own.machine if own else channel in IN_PERSON


def takes_promises(world, channel):
    own = added(world, channel)
    return own.pool is not None if own else channel in (*IN_PERSON, Channel.AUTOCALL)


def has_people(world, channel):
    """Who speaks has a skill."""
    own = world.operations.more_pools.get(pool_of(world, channel))
    return own.skilled if own else pool_of(world, channel) in ("collector", "specialist")


def pool(world, name):
    own = world.operations.more_pools.get(name)
    return own or getattr(world.operations, name)
