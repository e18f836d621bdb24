"""A treatment as the sum of its parts: channel, window of a group of channels, offer, kind of offer in a channel group, step of law.

A menu has a hundred treatments, and each is tried too seldom to learn from it alone. By its parts `collector/evening/plan_6` is learned from
all collector calls, all calls in the evening, all six-month plans and all plans offered in calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.sim.treatments import STANDARD, Legal, Menu, OfferKind, Treatment, Vocabulary


def parts_of(treatment: Treatment, vocabulary: Vocabulary = STANDARD) -> list[str]:
    """Names of a treatment's parts; `nothing` has none.

    Args:
        treatment: an entry of a menu.
        vocabulary: the menu's.
    """
    group = vocabulary.group(treatment).name.lower()
    names: list[str] = []
    if treatment.channel:
        channel, window = treatment.channel.name.lower(), treatment.window.name.lower()
        names += dict.fromkeys(["contact", group, channel, f"{group}/{window}"])
    if treatment.offer.kind is not OfferKind.NONE:
        names += [treatment.offer.name, f"{group}/{treatment.offer.kind.name.lower()}"]
    if treatment.legal is not Legal.NONE:
        names.append(treatment.legal.name.lower())
    return names


def part_names(menu: Menu) -> list[str]:
    """Each part that any of a menu's treatments has, in order of meeting."""
    return list(dict.fromkeys(name for treatment in menu.treatments for name in parts_of(treatment, menu.vocabulary)))


def parts_matrix(menu: Menu, names: Sequence[str] | None = None) -> NDArray[np.float32]:
    """Which parts each treatment of a menu is made of: shape (menu, parts), 0 or 1.

    Args:
        menu: the treatments.
        names: of the parts, in the order of the columns; None = `part_names`.
    """
    names = part_names(menu) if names is None else names
    rows = [parts_of(treatment, menu.vocabulary) for treatment in menu.treatments]
    return np.array([[name in row for name in names] for row in rows], np.float32).reshape(len(rows), len(names))


def arm(treatment: Treatment) -> str:
    """A treatment without its window and the size of its offer, as tables list it: `collector/plan`, `letter/notice`, `sms`.

    Args:
        treatment: an entry of a menu.
    """
    names = [treatment.channel.name.lower()] if treatment.channel else []
    names += [treatment.offer.kind.name.lower()] if treatment.offer.kind else []
    names += [treatment.legal.name.lower()] if treatment.legal else []
    return "/".join(names) or "nothing"
