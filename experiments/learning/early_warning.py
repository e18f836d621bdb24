"""An early-warning model on a real repayment history: who will not pay next month, said of each account by models that never saw it.

The file is *Default of Credit Card Clients* (Yeh & Lien, Expert Systems with Applications 36, 2009) or one with the same columns: six
months of status, bills and payments, and what happened in the month after. Each account's probability comes from a model fitted to other
accounts, so that no account's own outcome is in its score. Age, sex, education and marriage are not among the inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recoup.experiments.runs.one_thread import one_thread

# Latest month first, as the file has them: September to April.
STATUS = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
BILLS = ("BILL_AMT1", "BILL_AMT2", "BILL_AMT3", "BILL_AMT4", "BILL_AMT5", "BILL_AMT6")
PAYMENTS = ("PAY_AMT1", "PAY_AMT2", "PAY_AMT3", "PAY_AMT4", "PAY_AMT5", "PAY_AMT6")
LIMIT, OUTCOME, SCORE = "LIMIT_BAL", "default_next_month", "early_warning"
INPUTS = (LIMIT, *STATUS, *BILLS, *PAYMENTS)
KEPT_OUT = ("AGE", "SEX", "EDUCATION", "MARRIAGE")
OUTER, INNER, SEED, DIGITS = 5, 5, 2005, 4
TENTHS, MOST_MONTHS = 10, 4  # four and more months past due are few accounts: one group


def features(file: pd.DataFrame) -> pd.DataFrame:
    """What the models see, made from `INPUTS` alone.

    Args:
        file: one row an account; amounts in the file's currency, statuses as the file codes them (−2 no use, −1 paid in full, 0 minimum
            paid, n months past due).

    Returns:
        One row an account, the same index. Bills in shares of the limit; payments in shares of the bill of the month before, which they
        answered (the earliest month's: of its own bill); trends as a month's rise.
    """
    status = file[list(STATUS)].to_numpy(np.float64)
    bills, paid = file[list(BILLS)].to_numpy(np.float64), file[list(PAYMENTS)].to_numpy(np.float64)
    limit = file[LIMIT].to_numpy(np.float64)
    late = np.maximum(status, 0.0)
    used = np.clip(bills / limit[:, None], -0.5, 2.0)
    asked = np.column_stack([bills[:, 1:], bills[:, -1]])
    # Where nothing was billed, all that was asked has been paid.
    share = np.where(asked > 0, np.minimum(paid / np.where(asked > 0, asked, 1.0), 1.0), 1.0)
    time = np.arange(status.shape[1])[::-1] - (status.shape[1] - 1) / 2  # rises towards September
    columns: dict[str, NDArray[np.float64]] = {"log_limit": np.log(limit)}
    for n in range(status.shape[1]):
        columns |= {f"late_{n}": late[:, n], f"used_{n}": used[:, n], f"paid_{n}": share[:, n]}
        columns |= {f"idle_{n}": (status[:, n] == -2) * 1.0, f"in_full_{n}": (status[:, n] == -1) * 1.0}
        columns |= {f"two_or_more_{n}": (late[:, n] >= 2) * 1.0, f"three_or_more_{n}": (late[:, n] >= 3) * 1.0}
        columns |= {f"log_paid_{n}": np.log1p(paid[:, n])}
    columns |= {
        "log_bill": np.log1p(np.maximum(bills[:, 0], 0.0)),
        "late_months": (late > 0).sum(axis=1).astype(np.float64),
        "late_trend": late @ time / (time @ time),
        "used_trend": used @ time / (time @ time),
    }
    return pd.DataFrame(columns, index=file.index)


def candidates() -> dict[str, Callable[[], ClassifierMixin]]:
    """The models among which each fold chooses, by name; called, each gives a new one that is not fitted."""

    def logistic(strength: float) -> Callable[[], ClassifierMixin]:
        return lambda: make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))

    def boosted(leaves: int, rounds: int) -> Callable[[], ClassifierMixin]:
        return lambda: HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_leaf_nodes=leaves,
            max_iter=rounds,
            min_samples_leaf=40,
            l2_regularization=5.0,
            early_stopping=False,
            random_state=SEED,
        )

    return {
        "logistic regression, C 0.003": logistic(0.003),
        "logistic regression, C 0.03": logistic(0.03),
        "boosted trees, 4 leaves": boosted(4, 100),
        "boosted trees, 8 leaves": boosted(8, 100),
    }


def folds(accounts: int) -> NDArray[np.int64]:
    """The fold of each account, shape (accounts,): by their number alone, so that not even the split depends on an outcome."""
    fold = np.zeros(accounts, np.int64)
    for number, (_, left_out) in enumerate(KFold(OUTER, shuffle=True, random_state=SEED).split(fold)):
        fold[left_out] = number
    return fold


@dataclass(frozen=True)
class Scores:
    """Probabilities that were said of accounts out of fold.

    Attributes:
        probability: that the account fails to pay next month, rounded to `DIGITS`, shape (accounts,).
        chosen: the model that each fold chose.
    """

    probability: NDArray[np.float64]
    chosen: tuple[str, ...]


def out_of_fold(file: pd.DataFrame, notify: Callable[[str], None] = lambda _: None) -> Scores:
    """Nested cross-validation: for each fold, the other accounts choose a model, fit it, and calibrate it (Platt 1999).

    Args:
        file: one row an account, with `INPUTS` and `OUTCOME` (1: failed to pay).
        notify: called with a line of text after each fold.
    """
    with one_thread():
        return _out_of_fold(file, notify)


def _out_of_fold(file: pd.DataFrame, notify: Callable[[str], None]) -> Scores:
    table = features(file).to_numpy()
    failed = file[OUTCOME].to_numpy(np.int64)
    fold = folds(len(file))
    probability, chosen = np.zeros(len(file)), []
    inner = KFold(INNER, shuffle=True, random_state=SEED + 1)
    for number in range(OUTER):
        known, asked = fold != number, fold == number
        losses = {
            name: log_loss(
                failed[known],
                cross_val_predict(make(), table[known], failed[known], cv=inner, method="predict_proba")[:, 1],
            )
            for name, make in candidates().items()
        }
        best = min(losses, key=lambda name: losses[name])
        model = CalibratedClassifierCV(candidates()[best](), method="sigmoid", cv=inner)
        model.fit(table[known], failed[known])
        probability[asked] = model.predict_proba(table[asked])[:, 1]
        chosen.append(best)
        notify(
            f"fold {number + 1} of {OUTER}: "
            + "; ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
            + f" → {best}"
        )
    return Scores(np.round(probability, DIGITS), tuple(chosen))


def by_months(file: pd.DataFrame) -> NDArray[np.float64]:
    """The naive model: the share that failed among the other folds' accounts with the same number of months past due.

    Args:
        file: as for `out_of_fold`; four and more months past due count as one group.
    """
    months = file[STATUS[0]].clip(upper=MOST_MONTHS).to_numpy()
    failed, fold = file[OUTCOME].to_numpy(np.float64), folds(len(file))
    said = np.zeros(len(file))
    for number in range(OUTER):
        known = fold != number
        for group in np.unique(months):
            said[~known & (months == group)] = failed[known & (months == group)].mean()
    return said


@dataclass(frozen=True)
class Quality:
    """How good probabilities were.

    Attributes:
        accounts: how many.
        auc: chance that an account that failed had a higher score than one that paid, equal scores counting half.
        low, high: its 95 % interval.
        brier: mean squared difference of probability and outcome.
        said, failed: mean probability, and the share that failed.
    """

    accounts: int
    auc: float
    low: float
    high: float
    brier: float
    said: float
    failed: float


def quality(said: NDArray[np.float64], failed: NDArray[np.int64]) -> Quality:
    """Quality of probabilities; the interval of the AUC after DeLong, DeLong & Clarke-Pearson (Biometrics 44, 1988).

    Args:
        said: probabilities, shape (accounts,).
        failed: outcomes, 1 or 0, shape (accounts,); both must occur.
    """
    placed = _placements(said, failed)
    error = 1.96 * np.sqrt(sum(part.var(ddof=1) / part.size for part in placed))
    auc = float(placed[0].mean())
    return Quality(
        accounts=said.size,
        auc=auc,
        low=float(auc - error),
        high=float(auc + error),
        brier=float(np.mean((said - failed) ** 2)),
        said=float(said.mean()),
        failed=float(failed.mean()),
    )


def auc_gain(
    said: NDArray[np.float64], other: NDArray[np.float64], failed: NDArray[np.int64]
) -> tuple[float, float, float]:
    """AUC of `said` less that of `other` on the same accounts, and its 95 % interval (DeLong, paired).

    Args:
        said, other: probabilities, shape (accounts,).
        failed: outcomes, 1 or 0.
    """
    parts = [one - two for one, two in zip(_placements(said, failed), _placements(other, failed), strict=True)]
    gain = float(parts[0].mean())
    error = float(1.96 * np.sqrt(sum(part.var(ddof=1) / part.size for part in parts)))
    return gain, gain - error, gain + error


def _placements(said: NDArray[np.float64], failed: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """For each account that failed the share of the others below it, and for each of the others the share of those above it."""
    above, below = said[failed == 1], said[failed == 0]
    ranks = stats.rankdata(np.concatenate([above, below]))
    won = (ranks[: above.size] - stats.rankdata(above)) / below.size
    lost = 1.0 - (ranks[above.size :] - stats.rankdata(below)) / above.size
    return won, lost


def calibration(said: NDArray[np.float64], failed: NDArray[np.int64]) -> pd.DataFrame:
    """Probability against outcome by tenths of the accounts, lowest first: `accounts`, `said` and `failed` (means), `low` and `high`.

    The interval is Wilson's (1927), 95 %, of the share that failed.

    Args:
        said: probabilities, shape (accounts,).
        failed: outcomes, 1 or 0.
    """
    rows = []
    for tenth in np.array_split(np.argsort(said, kind="stable"), TENTHS):
        among = stats.binomtest(int(failed[tenth].sum()), tenth.size).proportion_ci(0.95, "wilson")
        rows.append((tenth.size, said[tenth].mean(), failed[tenth].mean(), among.low, among.high))
    return pd.DataFrame(rows, columns=["accounts", "said", "failed", "low", "high"])
