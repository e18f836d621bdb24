"""The state of one account: a fixed record, and how it starts from a portfolio row.

All accounts are one structured array, so that a whole day is one pass over contiguous memory and compiled functions
take one account as a record. Money is in integer cents.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag, unique

import numpy as np

NEVER = -10_000  # a day before every day of a simulation
MONTH = 30  # days


@unique
class Status(IntEnum):
    """Whether an account is open, and how it ended."""

    OPEN = 0
    PAID = 1
    SETTLED = 2
    WRITTEN_OFF = 3
    LEFT = 4  # taken out at the end of a training episode
    CURED = 5  # a card whose arrears are paid: back in good standing, its balance still owed


@unique
class Stage(IntEnum):
    """Legal stage of a claim."""

    NONE = 0
    NOTICED = 1
    QUEUED = 2  # the legal team has no hand free yet
    FILED = 3  # with the court, waiting for the docket or before it
    DISMISSED = 4
    JUDGED = 5
    ENFORCING = 6
    ENFORCED = 7  # done; what is left is found nowhere


@unique
class FileReview(IntEnum):
    """Where the review of a file stands that a notice or a suit needs (`parameters.Review`)."""

    NONE = 0
    UNDER_REVIEW = 1
    APPROVED = 2


@unique
class Outcome(IntEnum):
    """What came of the latest treatment."""

    NONE = 0
    BLOCKED = 1  # stopped by a rule
    UNSERVED = 2  # capacity had run out
    SENT = 3  # text or letter not (yet) read
    NO_ANSWER = 4
    REACHED = 5
    PROMISED = 6
    ACCEPTED = 7
    REFUSED = 8
    DISPUTED = 9
    HARDSHIP = 10
    LEGAL = 11  # a legal step was taken


class Event(IntFlag):
    """What happened to an account on a day; several may."""

    ATTEMPT = 1 << 0
    REACHED = 1 << 1
    PROMISE = 1 << 2
    PROMISE_KEPT = 1 << 3
    PROMISE_BROKEN = 1 << 4
    OFFER = 1 << 5
    OFFER_ACCEPTED = 1 << 6
    OFFER_REFUSED = 1 << 7
    PAYMENT = 1 << 8
    INSTALMENT_PAID = 1 << 9
    INSTALMENT_MISSED = 1 << 10
    PLAN_BROKEN = 1 << 11
    COMPLAINT = 1 << 12
    OPT_OUT = 1 << 13
    DISPUTE = 1 << 14
    HARDSHIP = 1 << 15
    NOTICE = 1 << 16
    SUIT = 1 << 17
    JUDGMENT = 1 << 18
    ENFORCEMENT = 1 << 19
    SEIZURE = 1 << 20
    CLOSED = 1 << 21
    WRITTEN_OFF = 1 << 22
    UNSERVED = 1 << 23
    BLOCKED = 1 << 24
    BREACH = 1 << 25
    CEASE_CONTACT = 1 << 26
    BREATHING_SPACE = 1 << 27
    REVIEW = 1 << 28  # opened
    SENT_BACK = 1 << 29
    HANDOVER = 1 << 30  # an asset went to the lender, and was sold


ACCOUNT = np.dtype(
    [
        # identity and visible facts
        ("key", "u8"),  # random stream of this account under the seed
        ("number", "u4"),  # position in the portfolio
        ("product", "u1"),
        ("payday", "u1"),
        ("stable_assets", "u1"),
        ("score", "f4"),
        ("income", "f4"),  # currency a month
        ("early_warning", "f4"),
        ("tenure", "u2"),
        ("prior", "u1"),
        ("dpd0", "i4"),  # days past due on day 0 of the simulation; lowered when a card is re-aged
        ("entry_day", "i4"),
        # money, cents
        ("opening", "i8"),
        ("balance", "i8"),
        ("arrears", "i8"),  # what is overdue, of an account that asks for minimums; of the others it is the balance
        ("minimum_due", "i8"),  # what falls due each month; 0 = the whole balance is due (no card, or sued)
        ("interest", "i8"),
        ("fees", "i8"),
        ("cash", "i8"),
        ("forgiven", "i8"),
        ("written_off", "i8"),
        ("cost", "i8"),
        ("cash_day_sum", "i8"),  # sum of cash x day, for the cash-weighted day
        ("discounted_cash", "f8"),  # cents at day 0
        ("discounted_cost", "f8"),
        ("discounted_staff", "f8"),  # of which pay for the time that staff gave to it
        # hidden traits and states
        ("disposable", "f4"),  # currency a month, with work and at macro index 0
        ("willingness", "f4"),
        ("reachability", "f4"),
        ("phone_right", "u1"),
        ("employed", "u1"),
        ("asset_cover", "f4"),
        ("salience", "f4"),
        ("fatigue", "f4"),
        ("excitation", "f4"),
        ("pressure", "f4"),
        ("waiting", "f4"),
        ("news_day", "i4"),  # latest day on which something new was to be said: contacts since then wear off
        ("offer_day", "i4"),  # of the latest offer
        ("notices", "u1"),
        # contact history; bit n of a history = n days ago
        ("call_history", "u4"),
        ("text_history", "u4"),
        ("visit_history", "u4"),
        ("letter_history", "u4"),
        ("conversation_history", "u4"),
        (
            "caps_reached",
            "i8",
        ),  # contact caps, by their number in the gate, that the histories here cannot tell: of a customer's accounts together, of one channel
        ("last_attempt", "i4"),
        ("last_reach", "i4"),
        ("last_outcome", "u1"),
        ("attempts", "u2"),
        ("reaches", "u2"),
        ("call_attempts", "u2"),
        ("call_reaches", "u2"),
        # promises, settlements and handovers agreed but not yet kept
        ("promise_due", "i4"),  # NEVER when there is none
        ("promise_amount", "i8"),
        ("promise_channel", "u1"),
        ("promise_discount", "f4"),  # > 0: a settlement
        (
            "promise_collector",
            "u4",
        ),  # who took it; stays until the next one. 0 = nobody: a machine, or in person at a visit
        (
            "promise_swap",
            "u1",
        ),  # assets are to be handed over, worth `promise_amount`, of which at most the balance counts
        ("promises", "u2"),
        ("kept", "u2"),
        ("broken", "u2"),
        # offers
        ("offers", "u2"),
        ("refused", "u2"),
        ("best_discount", "f4"),
        # payments
        ("last_payment", "i4"),
        ("payments", "u2"),
        # instalment plan
        ("plan_months", "u1"),  # 0 = none
        ("plan_left", "u1"),
        ("plan_missed", "u1"),
        ("plan_amount", "i8"),
        ("plan_due", "u1"),  # an instalment falls due today (set by the plan calendar)
        ("plan_secured", "u1"),
        ("plans", "u1"),
        ("plans_broken", "u1"),
        ("restructured", "u1"),
        # legal
        ("stage", "u1"),
        ("stage_day", "i4"),
        ("review", "u1"),  # `FileReview`
        ("review_step", "u1"),  # `treatments.Legal`: the step that is, or has been, reviewed
        ("review_until", "i4"),  # day of its result; of an approval, the first day on which it no longer holds
        # what a limitation period may be counted from
        ("demanded", "i4"),  # latest demand that arrived: contact that reached the debtor, or legal step; NEVER
        ("acknowledged", "i4"),  # latest payment, promise or agreement accepted; NEVER
        (
            "silence",
            "i4",
        ),  # longest time from one of them (at first the due date) to the next demand, since `acknowledged`
        # standing
        ("hardship_until", "i4"),
        ("dispute_until", "i4"),
        ("complaint_until", "i4"),
        ("breathing_until", "i4"),
        ("opted_out", "u1"),
        ("ceased", "u1"),  # asked that all contact cease
        ("complaints", "u2"),
        ("complaint_risk", "f8"),  # expected complaints: the probabilities of all contacts added up
        ("blocked", "u2"),
        ("breaches", "u2"),
        ("unserved", "u2"),
        # tallies of what the debtor bears: measured, never observed (see experiments/comparison/welfare.py)
        ("busiest_week", "u1"),  # most contact attempts within 7 days
        ("plans_fit", "u1"),  # agreed instalments within disposable income
        ("hardship_calls", "u2"),  # calls and visits while hardship was known
        ("hardship_suits", "u1"),  # suits decided while hardship was known
        ("distress_contacts", "u2"),  # contact attempts while the debtor had no work
        ("distress_suits", "u1"),  # suits decided while the debtor had no work
        ("distress_seized", "i8"),  # cents taken by enforcement while the debtor had no work
        ("status", "u1"),
        ("closed_day", "i4"),  # NEVER while open
        # today
        ("treatment", "u2"),
        ("outcome", "u1"),
        ("rule", "u1"),  # 1 + number of the rule that blocked or was broken, 0 = none
        ("served", "u1"),
        ("reached", "u1"),
        ("novelty", "f8"),  # share of its effect that today's contact keeps
        (
            "calls_back",
            "u1",
        ),  # having read a message, the debtor calls; `answered`: and somebody is free to talk to him
        ("answered", "u1"),
        ("seconds", "i4"),
        ("collector", "u4"),  # who had the account on the telephone, by number among all staff; 0 = nobody
        ("events", "u4"),
        ("cash_today", "i8"),
        ("forgiven_today", "i8"),
        ("cost_today", "i8"),
    ],
    align=True,
)
