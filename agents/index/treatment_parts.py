"""A treatment as the index policy knows it: its channel, its window where windows matter, its offer and its legal step.

`collector/evening/plan_6` is thereby valued from all collector calls, all evening calls and all six-month plans together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.sim.treatments import CHANNEL_GROUP, OFFERS, Channel, Group, Legal, Menu, Treatment, Window

_LIVE = (Group.CALL, Group.VISIT)  # groups that must find the debtor at home or at the phone: the window matters

PARTS = (
    *(channel.name.lower() for channel in Channel if channel),
    *(f"live/{window.name.lower()}" for window in Window if window),  # against the morning
    *(offer.name for offer in OFFERS if offer.kind),
    *(step.name.lower() for step in Legal if step),
)


def parts(menu: Menu, names: Sequence[str] = PARTS) -> NDArray[np.float32]:
    """Which of these parts each treatment is made of: shape (menu, names), 0 or 1."""
    return np.array([[part in _parts_of(t) for part in names] for t in menu.treatments], np.float32)


def _parts_of(t: Treatment) -> set[str]:
    names = {t.channel.name.lower(), t.offer.name, t.legal.name.lower()}
    if CHANNEL_GROUP[t.channel] in _LIVE:
        names.add(f"live/{t.window.name.lower()}")
    return names


def arm(t: Treatment) -> str:
    """The treatment without window and size of offer, as tables list it: `collector/plan`, `letter/notice`, `sms`."""
    names = [t.channel.name.lower()] if t.channel else []
    names += [t.offer.kind.name.lower()] if t.offer.kind else []
    names += [t.legal.name.lower()] if t.legal else []
    return "/".join(names) or "nothing"
