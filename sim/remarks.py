"""What is remarked on data (doubts, what was left out, what a cell must be): a code, and the values that its sentence names.

    remark = Remark("total", {"unit": "line", "place": 7})
    remark.content()  # {"code": "total", "values": {…}}, as files hold it
    str(remark)       # «line 7 looks like a total of the others, not an account»

Files hold no sentence; whoever shows a remark says it in the reader's language (`Text.remark` of `experiments/report/text.py`). English stands
here, as errors need it where there is no catalogue; Chinese is under `remarks` in `experiments/report/messages/zh.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

# In English, by code; what stands behind a colon is how a number is written. Codes are never given another meaning: files hold them.
REMARKS: dict[str, str] = {
    # --- what can be used but is unlikely to be meant ---
    "swallowed": "{unit} {place} goes on over lines that look like rows: is a quotation mark left open there?",
    "total": "{unit} {place} looks like a total of the others, not an account",
    "incomes": "opening_balance: the median is {times:,.4g} times monthly_income; are both in the same unit, a month's income?",
    "median": "{column}: the median is {median:,.10g}, the scenario's {usual:,.10g}; is it in cents (`scale: 0.01`), thousands or another currency?",
    "staffing": "{scarce}: {number:,} for {accounts:,} accounts are {rate:,.4g} for each 1,000; the scenario's usual is {usual:,.4g}",
    "decimals": "{column}: all {n:,} values with a {mark} have three digits behind it, as in {example}; is it the thousands mark?",
    "currencies": "{column}: several currency marks, and nothing is converted: {marks}",
    "dates": "{column}: {n:,} dates fit two of the map's formats as different days, as in {example}; the first format that fits counts",
    # --- where accounts come from, and what was left out of their files ---
    "synthetic": "synthetic portfolio, seed {seed}",
    "licence": "Licence: {licence}",
    "replaced": "{accounts:,} accounts drawn with replacement from the {size:,} of the file",
    "state": "State on the morning of {at}, from logs that begin on {first}",
    "left_out": "Left out of the file: {rows:,} rows ({reason})",
    "only": "{column} is none of {texts}",
    "without": "{column} is one of {texts}",
    "outside": "{column} is not from {least} to {most}",
    "below": "{column} is below {least}",
    "above": "{column} is above {most}",
    "credit_balance": "credit balance",
    "zero_balance": "zero balance",
    "not_yet_due": "not yet due",
    "account_again": "another row of the account, of which the first counts",
    "account_before": "another row of the account, of which the last counts",
    "row_again": "another row that is the same, of which the first counts",
    "row_before": "another row that is the same, of which the last counts",
    "skipped": "cannot be used, and the map says to skip such rows",
    # --- what a column holds ---
    "drawn": "drawn from the scenario",
    "absent": "not in the file",
    "as_fresh": "as a fresh account",
    "no_value": "no usable value",
    "different": "{n:,} different",
    "flags": "yes: {yes:,}, no: {no:,}",
    # --- a lender's records ---
    "strange_contacts": "not used: {n:,} contacts of accounts that the portfolio does not have",
    "strange_payments": "not used: {n:,} payments of accounts that the portfolio does not have",
    "early": "left out: {n:,} contacts and payments before {day}",
    "closed": "left out: {n:,} accounts of which nothing was left, or whose settlement was paid",
    # --- state that no log tells ---
    "untold_outcome": "last_outcome: a treatment that a rule stopped, or for which nobody had time, is in no log of contacts",
    "untold_reached": "reached: whether a message was read that nobody answered",
    "untold_charges": "interest_charged, fees_charged: only as far as contacts name the claim",
    "untold_card": "minimum_due, arrears: what a card asks for; and whether it has been brought up to date, which ends its case",
    "untold_stage": "legal_stage: where a suit stands after it was decided on (with the court after 30 days), and how it ended",
    "untold_court": "court_date, court_fee, enforcement_steps: what the court has set",
    "untold_review": "review, review_step, review_until: reviews of files",
    "untold_silence": "silence_days: longest time without a demand",
    "untold_breathing": "breathing_until: statutory breathing spaces",
    "untold_forgiven": "forgiven: what was written off or forgiven, but for settlements that were paid",
    # --- a scenario that was fitted to records ---
    "fitted_none": "Behaviour was fitted to {accounts:,} accounts' records from {first} to {last}. No days were held out, so nothing says whether "
    "this world fits the portfolio.",
    "fitted_few": "Behaviour was fitted to {accounts:,} accounts' records from {first} to {last}. The held-out days are too few to say whether "
    "this world fits the portfolio.",
    "fitted_fits": "Behaviour was fitted to {accounts:,} accounts' records from {first} to {last}. This world fits the portfolio: none of {judged} "
    "measures of the held-out days is missed.",
    "fitted_misses": "Behaviour was fitted to {accounts:,} accounts' records from {first} to {last}. This world does not fit the portfolio: of "
    "{judged} measures of the held-out days it misses {missed}.",
    "fitted_unknown": "These parameters keep the scenario's own value, as the records say nothing about them: {names}.",
    "fitted_assumed": "These were not fitted at all: {names}.",
    # --- a plan in a scenario ---
    "rule_dropped": "rule «{rule}» ({place}): {treatment} is not in this scenario's menu",
    # --- doubts and refusals: of a score's threshold ---
    "density": "scores gather on one side of {cut:g}: their density is {change:+.0%} above it (p = {p:.3f}); accounts may have been moved across",
    "covariate": "{field} jumps at {cut:g} too (p = {p:.3f} for all of them): accounts on both sides are not alike",
    "placebo": "the outcome jumps at {cut:g} too, where nothing happened (p = {p:.3f} for all cut-offs)",
    "bandwidth": "the effect depends on the bandwidth: it is another at {times:g} times of it",
    "weak": "the threshold hardly decided who was treated (F = {f:.1f}, {least:g} is the least)",
    "few": "too few accounts near {cut:g}: at least {least:g} with four different scores are needed on either side, within the bandwidth",
    # --- of a log of decisions ---
    "support": "support is missing: the log gives a chance to only {share:.0%} of what the policy would do, and over {decisions:,.0f} decisions to "
    "{courses:.0%} of its courses; least to {treatments}",
    "propensities": "the propensities are not those by which was decided: weights average {ratio:.2f} over single decisions and {weight:.2f} over all "
    "{decisions:,.0f}, where right ones average 1",
    "sample": "too little of the log agrees with the policy: over {decisions:,.0f} decisions the {accounts:,.0f} accounts count as {sample:,.0f}, "
    "below {least:g}",
    # --- what whoever edits a suggested column map should look at ---
    "check_field": "{column}: {what}",
    "check_sum": "principal and charges; or is a total in another column?",
    "check_contents": "taken by its contents alone",
    "check_calls": "no column says it; are they all calls?",
    "check_order": "is the day before the month?",
    "check_extract": "as_of is the day of the extract",
    "check_middle": "the middle of each bucket",
    "check_unknown": "not recognised: {texts}",
    "check_marks": "{n:,} texts are no number under these marks",
    "check_local_time": "is it the debtor's local time?",
    "inbound_left_out": "rows: what the debtor began is no contact of ours",
    "unusable": "values that cannot be used yet: {n:,}; the first in {unit} {row}: {column} {value}, expected {expected}",
    # --- what a cell must be ---
    "one_of": "one of {names}",
    "name": "a name",
    "flag": "true or false (1 or 0)",
    "own_text": "a text that is not empty and not used by another row",
    "text": "a text",
    "date": "a date",
    "hour": "a time of day as in 18:30, or hours from 0 to 24",
    "days_ago": "how many days ago, from 1 to {most}, as in 1 4 9; 0 for none",
    "whole": "a whole number from {least:,.10g} to {most:,.10g}",
    "number": "a number from {least:,.10g} to {most:,.10g}",
    "date_as": "a date in the format {formats}",
    "date_giving": "a date in the format {formats}, giving {expected}",
    "bucket": "a number of at least {least:,.10g}, the map's lowest bucket",
    "scaled": "a value that gives {expected} after the map's scale and offset",
    "with_values": "{expected} (`values` in the column map says what the file's texts are)",
    "with_currency": "{expected} (name what may stand beside a number with `currency` in the column map)",
    "with_marks": "{expected} (the column map has decimal {decimal} and thousands {thousands}; a thousands mark stands before three digits)",
    "with_drop": "{expected} (`rows: {{drop: [{reason}]}}` in the column map leaves such rows out)",
    "own_account": "an account id that no other row has ({unit} {row} has it; `rows: {{duplicates: last}}` in the column map keeps the last)",
    "even": "the same number of cells in each row, {cells:,} as in the header",
    "before_day": "a date before {day}, the day on whose morning the accounts are so (as_of)",
    "from_day": "{day} (as_of) or a later date; what was due before is kept or broken, or over",
    "until_day": "{day} (as_of) or an earlier date",
    "balanced": "opening_balance + interest_charged + fees_charged − paid − forgiven, to the cent",
    "something_left": "less than the claim: nothing is left of it",
    "no_card": "0, as this is no credit card",
    "channel_days": "channels and how many days ago, from 1 to {most}, as in sms: 1 4; whatsapp: 2, or 0 for none",
    "promised_amount": "an amount above 0 beside promise_due",
    "settled_share": "a share above 0, as the promise is a settlement",
    "no_settlement": "0, or promise_kind settlement",
    "plan_goes_on": "1 or more, as the plan runs",
    "plan_in_force": "0 or 1, as the plan runs",
    "no_promise": "nothing, as an instalment plan runs",
    "at_most": "at most {column}",
    "no_court": "nothing, unless legal_stage is one of {stages}",
}
DOUBTS = frozenset(("swallowed", "total", "incomes", "median", "staffing", "decimals", "currencies", "dates"))
_FORMATTER = Formatter()
PLACES = {code: tuple(name for _, name, _, _ in _FORMATTER.parse(english) if name) for code, english in REMARKS.items()}


@dataclass(frozen=True)
class Remark:
    """A remark.

    Attributes:
        code: one of `REMARKS`.
        values: what its sentence names; another remark within it, too. None = infinite.

    Raises:
        ValueError: on construction, no such code, or other values than its sentence names.
    """

    code: str
    values: Mapping[str, Any]

    def __init__(self, code: str, values: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "values", dict(values or {}))
        if code not in PLACES:
            raise ValueError(f"no remark {code}")
        if set(self.values) != set(PLACES[code]):
            raise ValueError(
                f"remark {code} names {', '.join(PLACES[code]) or 'nothing'}, got {', '.join(self.values)}"
            )

    def content(self) -> dict[str, Any]:
        """As files hold it."""
        values = {name: value.content() if isinstance(value, Remark) else value for name, value in self.values.items()}
        return {"code": self.code, "values": values}

    def __str__(self) -> str:
        return filled(REMARKS[self.code], self.values)

    def __hash__(self) -> int:
        return hash(str(self))


class RemarkContent(BaseModel):
    """A remark in a file: which, and the figures that its sentence names."""

    model_config = ConfigDict(extra="forbid")

    code: str
    values: dict[str, Finite | str | list[Finite] | list[str] | RemarkContent | None]

    @model_validator(mode="after")
    def _is_one(self) -> RemarkContent:
        self.remark()
        return self

    def remark(self) -> Remark:
        """The remark itself."""
        values = {
            name: value.remark() if isinstance(value, RemarkContent) else value for name, value in self.values.items()
        }
        return Remark(self.code, values)


Finite = Annotated[float, Field(allow_inf_nan=False)] | int
Note = str | Remark  # a user's own words, or a remark of the program
NoteContent = str | RemarkContent
RemarkContent.model_rebuild()


def noted(notes: Iterable[NoteContent]) -> tuple[Note, ...]:
    """Notes of a file, as it was read."""
    return tuple(note.remark() if isinstance(note, RemarkContent) else note for note in notes)


def contents(notes: Iterable[Note]) -> list[str | dict[str, Any]]:
    """Notes as files hold them."""
    return [note.content() if isinstance(note, Remark) else note for note in notes]


def filled(
    sentence: str, values: Mapping[str, Any], comma: str = ", ", number: Callable[[float, str], str] = format
) -> str:
    """A sentence with its values.

    Args:
        sentence: with places as in `REMARKS`.
        values: by name of the place; None = infinite.
        comma: between those of a list.
        number: how a number is written in a format of Python's.
    """
    said = []
    for text, name, form, _ in _FORMATTER.parse(sentence):
        said.append(text)
        if name:
            said.append(_written(values[name], form or "", comma, number))
    return "".join(said)


def _written(value: Any, form: str, comma: str, number: Callable[[float, str], str]) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return comma.join(_written(one, form, comma, number) for one in value)
    if value is None:
        return "+∞" if form.startswith("+") else "∞"
    if isinstance(value, int | float) and math.isfinite(value):
        return number(value, form)
    return str(value)
