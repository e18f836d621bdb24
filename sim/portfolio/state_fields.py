"""The state of an account in mid-life: every field that a portfolio file may have beside who the debtor is, and which part of the
account's record it sets.

One table, from which documents, messages, checks, the reading of a file (`recoup.sim.midlife`) and the writing of one derive. What is not
known of an account is as a fresh account has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from recoup.sim.account import FileReview, Outcome, Stage
from recoup.sim.portfolio.fields import HISTORY_DAYS, Field, Kind
from recoup.sim.treatments import STANDARD, Legal, Vocabulary

_MONEY, _COUNT, _SMALL = 1e9, 65_535, 255  # most that a record holds of money, counts and small counts


class Sets(Enum):
    """How a field sets the account's record."""

    AS_IT_IS = auto()
    CENTS = auto()  # currency to whole cents
    DAY = auto()  # a date to a day of the simulation
    CODE = auto()  # a name to its number
    RULE = auto()  # by a rule of its own


@dataclass(frozen=True)
class StateField:
    """One field of a state.

    Attributes:
        field: as the registry of portfolio files has it.
        record: the field of the record (`account.ACCOUNT`) that it sets; "" = none, or several.
        sets: how.
        past: of a date: it lies before the first day; False = on it or later; None = either.
    """

    field: Field
    record: str = ""
    sets: Sets = Sets.RULE
    past: bool | None = None

    @property
    def name(self) -> str:
        """Of the field."""
        return self.field.name


def _money(name: str, record: str, meaning: str) -> StateField:
    how = Sets.CENTS if record else Sets.RULE
    return StateField(Field(name, Kind.NUMBER, "currency", "state", meaning, 0, _MONEY), record, how)


def _count(name: str, record: str, meaning: str, most: float = _COUNT, unit: str = "times") -> StateField:
    how = Sets.AS_IT_IS if record else Sets.RULE
    return StateField(Field(name, Kind.INTEGER, unit, "state", meaning, 0, most), record, how)


def _share(name: str, record: str, meaning: str) -> StateField:
    return StateField(Field(name, Kind.NUMBER, "share", "state", meaning, 0, 1), record, Sets.AS_IT_IS)


def _flag(name: str, record: str, meaning: str) -> StateField:
    how = Sets.AS_IT_IS if record else Sets.RULE
    return StateField(Field(name, Kind.FLAG, "", "state", meaning), record, how)


def _date(name: str, record: str, meaning: str, past: bool | None = None) -> StateField:
    how = Sets.DAY if record else Sets.RULE
    return StateField(Field(name, Kind.DATE, "", "state", meaning), record, how, past)


def _days(name: str, record: str, what: str) -> StateField:
    meaning = f"days with {what} in the last {HISTORY_DAYS}"
    how = Sets.AS_IT_IS if record else Sets.RULE
    return StateField(Field(name, Kind.DAYS, "days ago", "state", meaning), record, how)


def _code(name: str, record: str, values: tuple[str, ...], meaning: str) -> StateField:
    return StateField(Field(name, Kind.CATEGORY, "", "state", meaning, values=values), record, Sets.CODE)


def _standing(name: str, record: str, flag: str, what: str, ends: str) -> tuple[StateField, ...]:
    """A protection that ends on a day: that day, or the day on which it began, or only that it holds."""
    return (
        _date(f"{name}_until", record, f"first day on which {ends}", past=None),
        _date(f"{name}_since", "", f"day on which {what}; it counts as long as the scenario says", past=True),
        _flag(flag, "", f"{what}, when is not known: as if it were yesterday"),
    )


def _channels(vocabulary: Vocabulary) -> dict[str, int]:
    return {name: number for number, name in enumerate(vocabulary.channel_names, 1)}


PROMISES = ("payment", "settlement", "handover")
CODES: dict[str, dict[str, int]] = {
    "last_outcome": {one.name.lower(): int(one) for one in Outcome},
    "promise_channel": _channels(STANDARD),
    "legal_stage": {one.name.lower(): int(one) for one in Stage},
    "review": {one.name.lower(): int(one) for one in FileReview},
    "review_step": {one.name.lower(): int(one) for one in (Legal.NOTICE, Legal.SUIT)},
}


def codes_in(name: str, vocabulary: Vocabulary) -> dict[str, int]:
    """The numbers of the names that a field of a state may have.

    Args:
        name: of the field, one of `CODES`.
        vocabulary: of the scenario, which may have channels of its own.
    """
    return _channels(vocabulary) if name == "promise_channel" else CODES[name]


STATE: tuple[StateField, ...] = (
    StateField(Field("customer_id", Kind.TEXT, "", "key", "the lender's name of the customer, who may have several accounts")),
    _date("entry_date", "entry_day", "day on which the account entered; unknown = the first day"),
    # Money
    _money("balance", "balance", "outstanding claim on the first day"),
    _money("paid", "cash", "cash received since the account entered"),
    _money("interest_charged", "interest", "late interest charged since then"),
    _money("fees_charged", "fees", "court fees and the like added to the claim since then"),
    _money("forgiven", "forgiven", "forgiven since then"),
    _money("arrears", "arrears", "unpaid minimums of a card that asks for them; unknown = one for each month begun past due"),
    _money("minimum_due", "minimum_due", "what falls due each month on such a card; 0 = all of the balance is due"),
    # Contacts
    _days("call_days", "call_history", "a call"),
    _days("text_days", "text_history", "a text"),
    _days("visit_days", "visit_history", "a field visit"),
    _days("letter_days", "letter_history", "a letter"),
    StateField(Field("channel_days", Kind.TEXT, "days ago", "state", "contacts by single channels, as in sms: 1 4; whatsapp: 2 (0 for none); asked where a rule caps a channel by itself (unknown = each day of its group counts), and for how contacts are felt (unknown = calls of collectors, SMS)")),
    _days("conversation_days", "conversation_history", "a conversation, by call or visit"),
    _count("calls_7d", "", "days with a call in the last 7, where call_days is unknown: spread evenly", 7, "days"),
    _count("texts_7d", "", "days with a text in the last 7, where text_days is unknown: spread evenly", 7, "days"),
    _count("visits_30d", "", "days with a field visit in the last 30, where visit_days is unknown: spread evenly", 30, "days"),
    _count("attempts", "attempts", "contact attempts so far"),
    _count("reached", "reaches", "times the debtor was reached"),
    _count("call_attempts", "call_attempts", "attempts by call so far"),
    _count("calls_reached", "call_reaches", "calls that reached the debtor"),
    _date("last_attempt_date", "last_attempt", "day of the latest attempt; unknown = the latest of the days above", past=True),
    _date("last_reached_date", "last_reach", "day on which the debtor was last reached; unknown = that of the latest conversation", past=True),
    _code("last_outcome", "last_outcome", tuple(CODES["last_outcome"]), "what came of the latest treatment"),
    _date("news_date", "news_day", "latest day on which something new was to be said: an offer, a notice, a broken promise, a missed instalment", past=True),
    # Promises
    _date("promise_due", "promise_due", "day on which an open promise, or an agreed settlement or handover, falls due", past=False),
    _money("promise_amount", "promise_amount", "what was promised; of a handover what the assets are credited with"),
    StateField(Field("promise_kind", Kind.CATEGORY, "", "state", "what was promised; unknown = a payment", values=PROMISES)),
    _share("promise_discount", "promise_discount", "what an agreed settlement forgives"),
    _code("promise_channel", "promise_channel", tuple(CODES["promise_channel"]), "how the promise was made; unknown = to a collector"),
    _count("promises_made", "promises", "promises, settlements and handovers agreed so far"),
    _count("promises_kept", "kept", "of these, kept"),
    _count("promises_broken", "broken", "of these, broken"),
    # Offers
    _count("offers_made", "offers", "offers put to the debtor"),
    _count("offers_refused", "refused", "offers refused"),
    _share("best_discount", "best_discount", "highest discount ever offered"),
    _date("last_offer_date", "offer_day", "day of the latest offer", past=True),
    # Payments
    _count("payments", "payments", "payments so far"),
    _date("last_payment_date", "last_payment", "day of the latest payment", past=True),
    _days("payment_days", "", "a payment"),
    # Instalment plan
    _count("plan_months", "plan_months", "instalments of a running plan; 0 = none runs", _SMALL, "months"),
    _count("plan_left", "plan_left", "instalments not yet paid", _SMALL),
    _money("plan_instalment", "plan_amount", "one instalment"),
    _date("plan_next_due", "", "day on which the next instalment falls due", past=False),
    _count("plan_missed", "plan_missed", "instalments missed in a row, of the latest plan; the second ends it", 12),
    _flag("plan_secured", "plan_secured", "the plan is a restructuring with collateral"),
    _count("plans_agreed", "plans", "plans agreed so far", _SMALL),
    _count("plans_broken", "plans_broken", "plans broken", _SMALL),
    _flag("restructured", "restructured", "the debt has been restructured once"),
    # Legal action
    _code("legal_stage", "stage", tuple(CODES["legal_stage"]), "stage of legal action"),
    _date("legal_stage_date", "stage_day", "day on which that stage began", past=True),
    _count("notices", "notices", "legal notices so far", _SMALL),
    _date("last_notice_date", "", "day of the latest notice; unknown = that of the stage, if it is noticed", past=True),
    _date("court_date", "", "of a pending case: day of the next step of the legal team, court or bailiff; unknown = none is set", past=False),
    _money("court_fee", "", "fee of a suit that is filed, which the loser bears; unknown = that of the balance"),
    _count("enforcement_steps", "", "steps of an enforcement that are done: 1 applied for, 2 money seized, 3 first auction …", 100),
    _code("review", "review", tuple(CODES["review"]), "review of the file for a notice or a suit"),
    _code("review_step", "review_step", tuple(CODES["review_step"]), "the step that is, or has been, reviewed"),
    _date("review_until", "review_until", "day of the result; of an approval, the first day on which it no longer holds", past=False),
    # What a limitation period may be counted from
    _date("demanded_date", "demanded", "latest demand that arrived; unknown = the latest reach or legal step", past=True),
    _date("acknowledged_date", "acknowledged", "latest payment, promise or agreement accepted; unknown = the latest payment", past=True),
    _count("silence_days", "silence", "longest time without a demand since the latest acknowledgement", 36_500, "days"),
    # Standing
    *_standing("hardship", "hardship_until", "hardship", "hardship was disclosed", "hardship no longer protects"),
    *_standing("dispute", "dispute_until", "dispute", "the debt was disputed", "the dispute is settled"),
    *_standing("complaint", "complaint_until", "complaint_open", "the debtor complained", "the complaint is answered"),
    _date("breathing_until", "breathing_until", "first day after a statutory breathing space, the latest"),
    _flag("opted_out", "opted_out", "the debtor has opted out of texts"),
    _flag("cease_contact", "ceased", "the debtor has asked that all contact cease"),
    _count("complaints", "complaints", "complaints so far"),
)  # fmt: skip
STATE_FIELD = {one.name: one for one in STATE}
DATED = tuple(one.name for one in STATE if one.field.kind is Kind.DATE)
