"""A policy's own contact cap, beyond the rules: no further calls or texts once a week holds as many as the cap.

The debtor of a policy that keeps to the rules may still hear from it every day. The cap narrows the masks that the policy sees, in
training and in use, so that it learns to make more of fewer contacts. No observation says how lately a letter went or a visitor came, so
that a capped policy visits nobody and writes letters for legal notices only: a week holds one contact more than the cap at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recoup.sim.observation import FIELD_INDEX
from recoup.sim.treatments import STANDARD, Group, Legal, Treatment, Vocabulary

ContactCapPerWeek = Annotated[
    int | None,
    Field(
        ge=1,
        le=7,
        description="no call or text once this many of the last 7 days held one, no visit, no letter but a notice; "
        "null = as the rules have it",
    ),
]
_COUNTED = [FIELD_INDEX["calls_7d"], FIELD_INDEX["texts_7d"]]


class WeeklyContactCap:
    """Narrows masks to what a contact cap leaves.

    Args:
        menu: names of the treatments, in the order of the masks' columns.
        contact_cap_per_week: days with a call or text in any 7; None = no cap.
        vocabulary: which has the treatments.

    Attributes:
        most: the cap; without one, as many as there can be.
        barred: treatments that are not to be had, below the cap and at it, bool (2, menu).
    """

    def __init__(
        self, menu: Sequence[str], contact_cap_per_week: int | None, vocabulary: Vocabulary = STANDARD
    ) -> None:
        known = vocabulary.treatment
        treatments = [known.get(name, known["nothing"]) for name in menu]
        self._capped = contact_cap_per_week is not None
        self.most = contact_cap_per_week if contact_cap_per_week is not None else 2 * 7
        never = np.array([_unseen(treatment, vocabulary) for treatment in treatments])
        counted = np.array([vocabulary.group(t) in (Group.CALL, Group.TEXT) for t in treatments])
        self.barred = np.stack([never, never | counted]) & self._capped

    def narrow(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What the policy may still choose: shape (accounts, menu), like `masks`.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            masks: what the rules allow, bool (accounts, menu); not written to.
        """
        if not self._capped:
            return masks
        full = observations[:, _COUNTED].sum(axis=1) >= self.most
        return np.asarray(masks & ~self.barred[full.astype(int)])


def _unseen(treatment: Treatment, vocabulary: Vocabulary) -> bool:
    """A contact that no later observation dates."""
    group = vocabulary.group(treatment)
    return group is Group.VISIT or (group is Group.LETTER and treatment.legal is not Legal.NOTICE)
