"""The way back from audit to operations: conduct is watched, channels rest, staff go to courses (SimPy processes).

Every evening, when the day's figures are closed, each correction of the scenario looks back over its days. If the rate it
watches is too high it acts from the next morning on, and looks again only when its measures are over, and then only at
days since: the same complaints are never answered twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import simpy

from recoup.sim.operations.clock import DAY_ENDS, MINUTES_PER_DAY, Process
from recoup.sim.operations.contact_centre import ContactCentre
from recoup.sim.parameters import Conduct, Correction, Regulator
from recoup.sim.treatments import STANDARD, AnyChannel, Vocabulary, channel_bit

LOOKS = DAY_ENDS + 7  # minutes of the day: the figures are closed, the next day has not begun
COLUMNS = ("day", "correction", "watch", "count", "rate", "above", "suspended", "until", "retrained")


def rate(days: Sequence[Mapping[str, int]], what: str, last: int, since: int = 0) -> tuple[int, float]:
    """Count over the last days, and the same per 1,000 accounts open then.

    Args:
        days: counts of each day so far, `open` accounts among them.
        what: is counted.
        last: how many days back.
        since: none before this day.
    """
    counted = days[max(len(days) - last, since) :]
    count = sum(day[what] for day in counted)
    accounts = sum(day["open"] for day in counted) / max(len(counted), 1)
    return count, 1000.0 * count / max(accounts, 1.0)


class Supervisor:
    """The regulator, who watches all complaints about a lender.

    Args:
        regulator: what is tolerated; None = nobody watches.
    """

    def __init__(self, regulator: Regulator | None) -> None:
        self._regulator = regulator
        self._days: list[dict[str, int]] = []

    def record_day(self, complaints: int, open_accounts: int) -> None:
        """Note a day that is over: its complaints, and the accounts that were open."""
        self._days.append({"complaints": complaints, "open": open_accounts})

    def surcharge(self) -> float:
        """What a complaint of the coming day costs more, in cents: nothing while the regulator's tolerance holds."""
        regulator = self._regulator
        if regulator is None or rate(self._days, "complaints", regulator.days)[1] <= regulator.tolerated:
            return 0.0
        return 100.0 * regulator.cost


class CorrectionLoop:
    """Everything that the corrections of the scenario's `conduct` section do.

    Args:
        env: the simulation's clock, in minutes.
        conduct: the section; None = nobody watches.
        centres: staff by pool, for courses.
        vocabulary: whose channels may rest.
    """

    def __init__(
        self,
        env: simpy.Environment,
        conduct: Conduct | None,
        centres: Mapping[str, ContactCentre],
        vocabulary: Vocabulary = STANDARD,
    ) -> None:
        self.env, self.centres, self._channel = env, centres, vocabulary.channel
        self._days: list[dict[str, int]] = []  # figures of each day that is closed
        self._resting: Counter[AnyChannel] = Counter()  # suspensions in force, by channel
        self._acts: list[dict[str, object]] = []
        for correction in conduct.corrections if conduct else ():
            env.process(self._watch(correction))

    # --- what it tells the day ------------------------------------------------------------------------------------

    @property
    def suspended(self) -> list[AnyChannel]:
        """Channels at rest now."""
        return sorted(channel for channel, count in self._resting.items() if count)

    @property
    def suspended_bits(self) -> int:
        """Their feature bits, for masks and gate."""
        return sum(channel_bit(channel) for channel in self.suspended)

    # --- what it is given -----------------------------------------------------------------------------------------

    def record_day(self, complaints: int, blocked: int, breaches: int, open_accounts: int) -> None:
        """Note the counts of a day that has been closed; `blocked` are treatments stopped by rules, not by suspensions.

        Args:
            complaints: received that day.
            blocked: treatments that rules stopped.
            breaches: treatments against a rule.
            open_accounts: open that morning, what rates are per.
        """
        self._days.append({"complaints": complaints, "blocked": blocked, "breaches": breaches, "open": open_accounts})

    # --- what it does ---------------------------------------------------------------------------------------------

    def _watch(self, correction: Correction) -> Process:
        since = 0
        yield self.env.timeout(LOOKS)
        while True:
            count, per_1000 = rate(self._days, correction.watch, correction.days, since)
            if per_1000 > correction.above and count >= correction.least:
                yield from self._correct(correction, count, per_1000)
                since = len(self._days)
            yield self.env.timeout((int(self.env.now) // MINUTES_PER_DAY + 1) * MINUTES_PER_DAY + LOOKS - self.env.now)

    def _correct(self, correction: Correction, count: int, per_1000: float) -> Process:
        """Suspend and retrain as the correction says; over when the last of it is over."""
        suspend, retrain = correction.suspend, correction.retrain
        channels = [self._channel[name].channel for name in suspend.channels] if suspend else []
        pools = retrain.pools if retrain else []
        day = int(self.env.now) // MINUTES_PER_DAY
        self._acts.append(
            {
                "day": day,
                "correction": correction.id,
                "watch": correction.watch,
                "count": count,
                "rate": per_1000,
                "above": correction.above,
                "suspended": ", ".join(channel.name.lower() for channel in channels),
                "until": day + suspend.days if suspend else -1,
                "retrained": sum(self.centres[pool].people for pool in pools),
            }
        )
        courses = [self.env.process(self.centres[pool].retrain(retrain)) for pool in pools] if retrain else []
        if suspend:
            self._resting.update(channels)
            yield self.env.timeout(suspend.days * MINUTES_PER_DAY)
            self._resting.subtract(channels)
        yield self.env.all_of(courses)

    def table(self) -> pd.DataFrame:
        """One row per act: the evening it was decided, why (count, rate per 1,000 open accounts, bound), and what.

        `suspended` channels rest from the next day up to and including day `until` (−1: none); `retrained` is people.
        """
        return pd.DataFrame(self._acts, columns=list(COLUMNS))
