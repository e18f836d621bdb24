"""Days with a contact by one channel, for rules that cap a channel by itself.

The record of an account (`account.ACCOUNT`) tells its contacts apart by group of channels, which is all that most packs ask. Where a pack
caps a channel, its days are kept here, beside the records, and the caps that an account has reached are marked on it each morning
(`caps_reached`), where the gate reads them: a pack without such a cap pays nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Status
from recoup.sim.compiled import njit
from recoup.sim.compliance.gate import Gate, Trigger
from recoup.sim.observation import popcount
from recoup.sim.portfolio.days_ago import channel_days_of, channel_days_text
from recoup.sim.treatments import MOST_CHANNELS, Vocabulary

NOWHERE = -1  # the place of a channel that no rule counts


class ChannelDays:
    """The days of each account with a contact by each channel that a rule caps.

    Args:
        gate: whose caps are counted.
        accounts: how many there are.

    Attributes:
        channels: numbers of the channels that are counted.
        place: row of `days` by number of the channel, int64 (MOST_CHANNELS,); `NOWHERE` = not counted.
        days: bit n = n days ago, uint32 (channels, accounts); of closed accounts too.
    """

    def __init__(self, gate: Gate, accounts: int) -> None:
        self._records = gate.records[gate.records["trigger"] == Trigger.CHANNEL_CONTACTS]
        self.channels = np.unique(self._records["channel"]).astype(np.int64)
        self.place = np.full(MOST_CHANNELS, NOWHERE, np.int64)
        self.place[self.channels] = np.arange(self.channels.size)
        self.days = np.zeros((self.channels.size, accounts), np.uint32)

    def take_up(self, accounts: NDArray[np.void], table: pd.DataFrame, vocabulary: Vocabulary) -> None:
        """Set the days of accounts in mid-life. Where those of a channel are unknown, each day of its group counts: no cap is exceeded.

        Args:
            accounts: records in mid-life, shape (accounts,).
            table: of their portfolio; it may have `channel_days`.
            vocabulary: of the world.
        """
        histories = ("", "text_history", "call_history", "letter_history", "visit_history")  # by `Group`
        said = (
            table["channel_days"].to_numpy(object) if "channel_days" in table else np.full(accounts.size, None, object)
        )
        known = pd.notna(said)
        told = [channel_days_of(str(text)) or {} if there else {} for text, there in zip(said, known, strict=True)]
        for place, channel in enumerate(self.channels):
            traits = vocabulary.channels[channel]
            mine = np.array([days.get(traits.name, 0) for days in told], np.uint32)
            self.days[place] = np.where(known, mine, accounts[histories[traits.group]]) & ~np.uint32(1)

    def texts(self, numbers: NDArray[np.int64], vocabulary: Vocabulary) -> list[str] | None:
        """The column `channel_days` of some accounts, as on this morning; None where nothing is counted.

        Args:
            numbers: of the accounts.
            vocabulary: of the world.
        """
        if not self.channels.size:
            return None
        names = [vocabulary.channels[channel].name for channel in self.channels]
        return [channel_days_text(dict(zip(names, days, strict=True))) for days in self.days[:, numbers].T.tolist()]

    def morning(self, accounts: NDArray[np.void]) -> None:
        """Mark on each account the caps on a channel that it has reached by itself.

        Args:
            accounts: records, all of them.
        """
        if self.channels.size:
            accounts["caps_reached"] = _reached(self.days, self.place, self._records)

    def evening(
        self,
        accounts: NDArray[np.void],
        rows: NDArray[np.int64],
        served: NDArray[np.bool_],
        menu: NDArray[np.void],
    ) -> None:
        """Note the contacts that are made today, when all queues are served; another day has passed then.

        Args:
            accounts: records, all of them.
            rows: of those that were open in the morning.
            served: those of them who waited in a queue and were served, bool (open,); their records do not say so yet.
            menu: `Menu.table`.
        """
        if self.channels.size:
            # Who calls back and is answered has been sent his message before.
            contacted = (accounts["served"][rows] > 0) | (served & (accounts["calls_back"][rows] == 0))
            made = rows[contacted & (accounts["status"][rows] == Status.OPEN)]
            places = self.place[menu["channel"][accounts["treatment"][made]]]
            self.days[places[places != NOWHERE], made[places != NOWHERE]] |= np.uint32(1)
            self.days <<= np.uint32(1)

    def forget(self, numbers: NDArray[np.int64]) -> None:
        """Other accounts take the places of these, or these have never been.

        Args:
            numbers: of the accounts.
        """
        self.days[:, numbers] = 0


@njit()
def _reached(days, place, rules):  # type: ignore[no-untyped-def]
    """The caps that each account has reached by itself: a bit each, int64 (accounts,)."""
    reached = np.zeros(days.shape[1], np.int64)
    for rule in rules:
        window, bit = np.uint32((1 << int(rule.limit)) - 1), 1 << rule.cap
        for number, history in enumerate(days[place[rule.channel]]):
            reached[number] |= bit if popcount(history & window) >= rule.most else 0
    return reached
