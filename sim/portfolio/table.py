"""The debtor table: one typed schema, and a portfolio that satisfies it.

Roles: *visible* fields may reach a policy; *hidden* fields are latent and drawn by the simulation (never in a file);
*protected* fields are kept for the fairness audit and never reach an observation or a behaviour formula.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

import numpy as np
import pandas as pd

Role = Literal["visible", "hidden", "protected", "key"]
PRODUCTS = ("consumer_loan", "credit_card", "instalment_purchase")
CREDIT_CARD = PRODUCTS.index("credit_card")


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"
    DATE = "date"  # a day, or a moment of it
    HOUR = "hour"  # of a day, as a number: 18.5 is half past six


@dataclass(frozen=True)
class Field:
    """One column of a table that is read from a file: of the debtor table, or of a log.

    Attributes:
        name, kind, unit, role, meaning: as documents and messages give them.
        least, most: bounds of a number.
        values: what a category may be; () = any name.
        required: a file must have it, with a value in every row.
        unique: no two rows may have the same.
    """

    name: str
    kind: Kind
    unit: str
    role: Role
    meaning: str
    least: float = -np.inf
    most: float = np.inf
    values: tuple[str, ...] = ()
    required: bool = False
    unique: bool = False

    @property
    def expectation(self) -> str:
        """What a value must be, in words, for error messages and docs."""
        if self.kind is Kind.CATEGORY:
            return "one of " + ", ".join(self.values) if self.values else "a name"
        if self.kind is Kind.FLAG:
            return "true or false (1 or 0)"
        if self.kind is Kind.TEXT:
            return "a text that is not empty and not used by another row" if self.unique else "a text"
        if self.kind is Kind.DATE:
            return "a date"
        if self.kind is Kind.HOUR:
            return "a time of day as in 18:30, or hours from 0 to 24"
        noun = "a whole number" if self.kind is Kind.INTEGER else "a number"
        return f"{noun} from {self.least:,.10g} to {self.most:,.10g}"


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
    Field("dpd", Kind.INTEGER, "days", "visible", "days past due when the account enters", 0, 3650, required=True),
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


@dataclass(frozen=True)
class Registry:
    """The fields that one kind of table may have.

    Attributes:
        name: as a column map's `for` says it.
        title: what one row is, in words.
        fields: in the order in which they are listed.
        repeats: several rows may be of one account, and the same.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    repeats: bool = True

    @property
    def field(self) -> dict[str, Field]:
        """Fields by name."""
        return {one.name: one for one in self.fields}


PORTFOLIO = Registry("portfolio", "an account", FILE_FIELDS, repeats=False)
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
    **dict.fromkeys(("id", "loan_id", "account", "account_number", "contract_no", "customer_id"), ("account_id",)),
    **dict.fromkeys(("mob", "months_on_book", "tenure"), ("tenure_months",)),
}


@dataclass(frozen=True)
class Portfolio:
    """Accounts ready for simulation.

    Attributes:
        table: one row per account; columns are `FILE_FIELDS`, complete (no missing values) and within range, and
            the lender's scores (`scores`).
            `opening_balance` is in currency units with two decimals; category columns hold text.
        name: what reports call it.
        filled: field -> number of rows whose value was drawn from the scenario because the source did not say.
        notes: sentences on provenance and assumptions, for reports.
    """

    table: pd.DataFrame
    name: str
    filled: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def column(self, name: str) -> np.ndarray:
        """A column as a NumPy array, in the dtype of the table."""
        return self.table[name].to_numpy()
