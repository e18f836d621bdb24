"""A treatment as the sum of its parts: channel, window of a group of channels, offer, kind of offer in a channel group, step of law.

A menu has a hundred treatments, and each is tried too seldom to learn from it alone. By its parts `collector/evening/plan_6` is learned from
all collector calls, all calls in the evening, all six-month plans and all plans offered in calls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recoup.sim.treatments import CHANNEL_GROUP, Group, Legal, Menu, OfferKind, Treatment


def parts_of(treatment: Treatment) -> list[str]:
    """Names of a treatment's parts; `nothing` has none.

    Args:
        treatment: an entry of a menu.
    """
    group = Group(int(CHANNEL_GROUP[treatment.channel])).name.lower()
    names = []
    if treatment.channel:
        channel, window = treatment.channel.name.lower(), treatment.window.name.lower()
        names += dict.fromkeys(["contact", group, channel, f"{group}/{window}"])
    if treatment.offer.kind is not OfferKind.NONE:
        names += [treatment.offer.name, f"{group}/{treatment.offer.kind.name.lower()}"]
    if treatment.legal is not Legal.NONE:
        names.append(treatment.legal.name.lower())
    return names


def parts_matrix(menu: Menu) -> NDArray[np.float32]:
    """Which parts each treatment of a menu is made of: shape (menu, parts), 0 or 1; each part that any of them has, in order of meeting."""
    rows = [parts_of(treatment) for treatment in menu.treatments]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return np.array([[name in row for name in names] for row in rows], np.float32).reshape(len(rows), len(names))
