"""The logs beside a portfolio, read through the same column maps: contacts that were made, and payments that came in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from recoup.sim.portfolio.importing import inspect
from recoup.sim.portfolio.sources import Source
from recoup.sim.portfolio.table import Field, Kind, Registry
from recoup.sim.treatments import STANDARD, Legal, OfferKind, Vocabulary

_MONEY = 1e9
OUTCOMES = {
    "not_delivered": "the message, letter or call did not get through",
    "delivered": "the message or letter got through; whether it was read is not known",
    "no_answer": "nobody answered the call or the door",
    "voicemail": "a machine answered",
    "wrong_number": "the number or address is not the debtor's",
    "third_party": "somebody else answered",
    "reached": "the debtor was reached, and nothing of what follows",
    "promise": "the debtor was reached and promised to pay",
    "accepted": "the debtor was reached and accepted the offer",
    "refused": "the debtor was reached and refused to pay, or the offer",
    "disputed": "the debtor was reached and disputes the debt",
    "hardship": "the debtor was reached and disclosed hardship",
    "complaint": "the debtor complained",
    "opt_out": "the debtor opted out of the channel, or asked that contact cease",
}
RIGHT_PARTY = frozenset(
    {"reached", "promise", "accepted", "refused", "disputed", "hardship"}
)  # the debtor was spoken to
PAYMENT_KINDS = {
    "voluntary": "the debtor paid of himself",
    "promise": "kept a promise to pay",
    "instalment": "an instalment of an agreement",
    "settlement": "the sum of a settlement",
    "enforcement": "seized, auctioned or withheld by a court's order",
    "reversal": "takes back an earlier payment, as when a direct debit is returned",
}

NO_CONTACT = "no_contact"
CONTACTS = Registry(
    "contacts",
    "a contact, or an attempt at one",
    (
        Field("account_id", Kind.TEXT, "", "key", "the lender's name of the account", required=True),
        Field("date", Kind.DATE, "", "visible", "day of the contact, with its time of day where that is known", required=True),
        Field("hour", Kind.HOUR, "hours", "visible", "time of day where the debtor is; unknown = that of `date`"),
        Field(
            "channel", Kind.CATEGORY, "", "visible", "how the debtor was contacted; no_contact = not at all, as by a suit", required=True,
            values=(*STANDARD.channel_names, NO_CONTACT),
        ),
        Field("direction", Kind.CATEGORY, "", "visible", "who began it: outbound, or inbound from the debtor; unknown = outbound", values=("outbound", "inbound")),
        Field("outcome", Kind.CATEGORY, "", "visible", "what came of it", values=tuple(OUTCOMES)),
        Field("offer", Kind.CATEGORY, "", "visible", "what was offered", values=tuple(kind.name.lower() for kind in OfferKind if kind)),
        Field("months", Kind.INTEGER, "months", "visible", "instalments of the plan offered", 0, 1200),
        Field("discount", Kind.NUMBER, "share of claim", "visible", "what the settlement would forgive", 0, 1),
        Field("legal", Kind.CATEGORY, "", "visible", "legal step taken", values=tuple(step.name.lower() for step in Legal if step)),
        Field("promise_amount", Kind.NUMBER, "currency", "visible", "what the debtor promised to pay", 0, _MONEY),
        Field("promise_due", Kind.DATE, "", "visible", "when the promise falls due"),
        Field("minutes", Kind.NUMBER, "minutes", "visible", "how long it took", 0, 1440),
        Field("collector", Kind.TEXT, "", "visible", "who made the contact"),
        Field("dpd", Kind.INTEGER, "days", "visible", "days past due on that day", 0, 3650),
        Field("balance", Kind.NUMBER, "currency", "visible", "claim on the morning of that day", 0, _MONEY),
        Field("propensity", Kind.NUMBER, "probability", "visible", "with which this treatment was chosen, where it was drawn by lot", 0, 1),
        Field("customer_id", Kind.TEXT, "", "key", "the lender's name of the customer, who may have several accounts"),
    ),
)  # fmt: skip

PAYMENTS = Registry(
    "payments",
    "a payment",
    (
        Field("account_id", Kind.TEXT, "", "key", "the lender's name of the account", required=True),
        Field("date", Kind.DATE, "", "visible", "day on which the money came in", required=True),
        Field("amount", Kind.NUMBER, "currency", "visible", "what came in; below 0 takes back", -_MONEY, _MONEY, required=True),
        Field("kind", Kind.CATEGORY, "", "visible", "why it came; unknown = voluntary", values=tuple(PAYMENT_KINDS)),
        Field("payment_id", Kind.TEXT, "", "key", "the lender's name of the payment"),
        Field("customer_id", Kind.TEXT, "", "key", "the lender's name of the customer"),
    ),
)  # fmt: skip


def contacts_of(vocabulary: Vocabulary) -> Registry:
    """`CONTACTS` with the channels of a scenario.

    Args:
        vocabulary: of the scenario.
    """
    return CONTACTS.naming({"channel": (*vocabulary.channel_names, NO_CONTACT)})


def read_records(source: Source, map_file: Path | None, registry: Registry) -> pd.DataFrame:
    """A log of contacts or payments.

    Args:
        source: a file, or the address of a database.
        map_file: its column map; None = each column has the name of its field.
        registry: `CONTACTS` or `PAYMENTS`.

    Returns:
        One row per contact or payment, in the source's order, indexed by its place there. Columns are all fields of the registry: dates
        datetime64, hours and numbers float64, flags 1 or 0, texts and categories text; NaT, NaN or None where unknown.

    Raises:
        InputError: as `inspect`, and for values that cannot be used.
    """
    inspection = inspect(source, map_file, registry)
    inspection.require_usable(f"recoup records check --for {registry.name}")
    return in_form(inspection.table, registry)


def in_form(table: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """A table with all columns of a registry, in its order, of the types that `read_records` gives; what it lacks is unknown.

    Args:
        table: values that are as the registry wants them; its index is kept.
        registry: `CONTACTS` or `PAYMENTS`.
    """
    table = table.reindex(columns=list(registry.field))
    for field in registry.fields:
        if field.kind is Kind.DATE:
            table[field.name] = table[field.name].astype("datetime64[us]")
        elif field.kind in (Kind.TEXT, Kind.CATEGORY):
            texts = table[field.name].astype(object)
            table[field.name] = texts.where(texts.notna(), None)
        else:
            table[field.name] = table[field.name].astype(float)
    return table
