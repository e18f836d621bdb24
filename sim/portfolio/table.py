"""The debtor table: one typed schema, and a portfolio that satisfies it.

Roles: *visible* fields may reach a policy; *hidden* fields are latent and drawn by the simulation (never in a file);
*protected* fields are kept for the fairness audit and never reach an observation or a behaviour formula.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from recoup.sim.portfolio.fields import Field as Field
from recoup.sim.portfolio.fields import Kind as Kind
from recoup.sim.portfolio.fields import Registry as Registry
from recoup.sim.portfolio.state_fields import STATE
from recoup.sim.remarks import Note
from recoup.sim.treatments import PRODUCTS, Vocabulary

FIELDS: tuple[Field, ...] = (
    Field("account_id", Kind.TEXT, "", "key", "the lender's name of the account", required=True, unique=True),
    Field(
        "opening_balance",
        Kind.NUMBER,
        "currency",
        "visible",
        "overdue claim when the account enters",
        0.01,
        1e9,
        required=True,
    ),
    Field("dpd", Kind.INTEGER, "days", "visible", "days past due on the first day", 0, 3650, required=True),
    Field("product", Kind.CATEGORY, "", "visible", "kind of credit", values=PRODUCTS),
    Field("credit_score", Kind.NUMBER, "points", "visible", "credit score, higher is better", 300, 850),
    Field("monthly_income", Kind.NUMBER, "currency/month", "visible", "declared or estimated income", 0, 1e8),
    Field("stable_assets", Kind.FLAG, "", "visible", "the lender knows of stable assets or collateral"),
    Field(
        "early_warning",
        Kind.NUMBER,
        "probability",
        "visible",
        "early-warning model: risk that the debt is not paid",
        0,
        1,
    ),
    Field("tenure_months", Kind.INTEGER, "months", "visible", "months since the first contract", 0, 1200),
    Field("prior_delinquencies", Kind.INTEGER, "times", "visible", "earlier times in arrears", 0, 100),
    Field("payday", Kind.INTEGER, "day of month", "visible", "usual day of income", 1, 28),
    Field("age", Kind.INTEGER, "years", "protected", "age of the debtor", 18, 120),
    Field("sex", Kind.CATEGORY, "", "protected", "sex of the debtor", values=("female", "male")),
    Field("region", Kind.CATEGORY, "", "protected", "region of residence"),
    Field("ability", Kind.NUMBER, "standard deviations", "hidden", "disposable share of income, latent"),
    Field("willingness", Kind.NUMBER, "standard deviations", "hidden", "will to pay, latent"),
    Field("reachability", Kind.NUMBER, "log factor", "hidden", "how easily the debtor is reached"),
    Field("phone_right", Kind.FLAG, "", "hidden", "the phone number is the debtor's"),
    Field("employed", Kind.FLAG, "", "hidden", "the debtor has work at the start"),
    Field("asset_cover", Kind.NUMBER, "share of balance", "hidden", "assets that enforcement would find", 0, 1),
)
FIELD = {f.name: f for f in FIELDS}
FILE_FIELDS = tuple(f for f in FIELDS if f.role != "hidden")


STATE_FIELDS = tuple(one.field for one in STATE)  # of an account in mid-life; no file need have any
PORTFOLIO = Registry("portfolio", "an account", (*FILE_FIELDS, *STATE_FIELDS), repeats=False)


def portfolio_fields(vocabulary: Vocabulary) -> Registry:
    """`PORTFOLIO` with the products and channels of a scenario.

    Args:
        vocabulary: of the scenario.
    """
    return PORTFOLIO.naming({"product": vocabulary.products, "promise_channel": vocabulary.channel_names})


# What the trade also calls our fields, those of an observation among them: the first of ours that there is to choose from is meant.
SYNONYMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("days_past_due", "dayspastdue", "days_overdue", "overdue_days", "days_late", "arrears_days"), ("dpd",)
    ),
    **dict.fromkeys(
        ("outstanding", "outstanding_balance", "amount_due", "arrears", "debt"), ("balance", "opening_balance")
    ),
    **dict.fromkeys(("principal", "original_balance", "loan_amount"), ("opening_balance",)),
    **dict.fromkeys(("fico", "bureau_score", "score"), ("credit_score",)),
    **dict.fromkeys(("income", "salary"), ("monthly_income",)),
    **dict.fromkeys(("gender",), ("sex",)),
    **dict.fromkeys(("id", "loan_id", "account", "account_number", "contract_no"), ("account_id",)),
    **dict.fromkeys(("mob", "months_on_book", "tenure"), ("tenure_months",)),
}


@dataclass(frozen=True)
class Portfolio:
    """Accounts ready for simulation.

    Attributes:
        table: one row per account; columns are `FILE_FIELDS`, complete (no missing values) and within range, and the lender's
            scores (`scores`). `opening_balance` is in currency units with two decimals; category columns hold text. After them may
            come any of `STATE_FIELDS`, where the accounts are in mid-life: numbers, flags and days (bit n = n days ago) float64,
            dates datetime64, the others text; NaN, NaT or None where unknown.
        name: what reports call it.
        filled: field -> number of rows whose value was drawn from the scenario because the source did not say.
        notes: provenance and assumptions, for reports: a user's own words, and remarks.
        as_of: the day on whose morning the accounts are as the table says; None = whenever a simulation begins.
        fresh: state field -> number of rows that begin as a fresh account would, because the source did not say.
    """

    table: pd.DataFrame
    name: str
    filled: dict[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    as_of: date | None = None
    fresh: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def column(self, name: str) -> np.ndarray:
        """A column as a NumPy array, in the dtype of the table."""
        return self.table[name].to_numpy()

    @property
    def state(self) -> tuple[str, ...]:
        """The state fields of which the table says something; none = the accounts are fresh. Whose they are (customer_id) is no state."""
        names = (one.name for one in STATE_FIELDS if one.role == "state")
        return tuple(name for name in names if name in self.table and self.table[name].notna().any())

    def as_on_entry(self) -> Portfolio:
        """The same accounts without their state: each begins as a fresh one, and is a customer by itself."""
        left = [one.name for one in STATE_FIELDS if one.name in self.table]
        return replace(self, table=self.table.drop(columns=left), as_of=None, fresh={}) if left else self
