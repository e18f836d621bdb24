"""One debtor, and what is the same for all of them on a day."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from recoup.sim.account import ACCOUNT, NEVER

NAMES = ACCOUNT.names


class Debtor:
    """Plain attributes with the names of the account's fields, where each is explained."""

    def __init__(self, record):
        self.__dict__.update(zip(NAMES, record.item(), strict=True))

    def write_to(self, accounts, number):
        accounts[number] = tuple(map(self.__dict__.__getitem__, NAMES))

    def days_past_due(self, today):
        return self.dpd0 + today.day

    def has_promised(self):
        return self.promise_due != NEVER

    def asks_for_minimums(self):
        return self.minimum_due > 0

    def overdue(self):
        """Cents: what is asked for."""
        return self.arrears if self.asks_for_minimums() else self.balance

    def has_plan(self):
        return self.plan_months > 0

    def in_hardship(self, today):
        return self.hardship_until > today.day

    def in_breathing_space(self, today):
        return self.breathing_until > today.day

    def hears_demand(self, today):
        """Limitation: the longest time without one, from the due date or the latest acknowledgement on."""
        latest = max(-self.dpd0, self.demanded, self.acknowledged)
        self.silence = max(self.silence, today.day - latest)
        self.demanded = today.day

    def acknowledges(self, today):
        """Limitation begins anew."""
        self.acknowledged, self.silence = today.day, 0

    def notes(self, event):
        self.events |= int(event)


@dataclass
class Today:
    """A day.

    Attributes:
        stress: the macro index.
        market_waiting: share of open accounts that were lately offered a discount.
        interest_a_year: late interest as the rule pack allows it, by number of the product.
        surcharge: cents that a complaint costs more today.
        belief: how far debtors believe in legal notices, 0 to 1.
        care: log fall of complaints by what courses have taught, by channel.
    """

    day: int
    day_of_month: int
    day_off: bool
    stress: float = 0.0
    market_waiting: float = 0.0
    interest_a_year: tuple = ()
    surcharge: float = 0.0
    belief: float = 1.0
    care: dict = field(default_factory=dict)

    def care_of(self, channel):
        return self.care.get(int(channel), 0.0)


def single(value):
    """What single precision keeps of a number: the account stores feelings and discounts so."""
    return struct.unpack("f", struct.pack("f", value))[0]


def whole_cents(amount):
    """Rounded to the cent, half a cent up."""
    return int(amount + 0.5)
