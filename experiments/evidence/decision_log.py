"""A log of decisions: what was known of an account, what might be done, what was done with which probability, and what it brought.

A log of contacts says what was done; to say what another policy would have brought, the mornings on which nothing was done count as well,
and what the policy would have seen on them. So a row is one account on one day of decision, with every field that the policy asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.runs.runfolder import write_table
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELDS, LOW, fields_of, highest
from recoup.sim.portfolio.importing import inspect
from recoup.sim.portfolio.sources import Source
from recoup.sim.portfolio.table import Field, Kind, Registry
from recoup.sim.treatments import STANDARD, Menu, Vocabulary

_MONEY = 1e9


def decisions_registry(vocabulary: Vocabulary = STANDARD) -> Registry:
    """The fields of a log of decisions.

    Args:
        vocabulary: of the scenario that it is read for.
    """
    return Registry("decisions", "an account on a day of decision", _fields(vocabulary))


def _fields(vocabulary: Vocabulary) -> tuple[Field, ...]:
    return (
        Field("account_id", Kind.TEXT, "", "key", "the lender's name of the account", required=True),
        Field("day", Kind.INTEGER, "days", "visible", "number of the day, from any day on", 0, 100_000, required=True),
        Field(
            "treatment", Kind.CATEGORY, "", "visible", "what was decided", required=True,
            values=tuple(treatment.name for treatment in vocabulary.treatments),
        ),
        Field("reward", Kind.NUMBER, "currency", "visible", "cash less cost until the next decision", -_MONEY, _MONEY, required=True),
        Field("propensity", Kind.NUMBER, "probability", "visible", "with which this treatment was chosen; unknown = estimated", 0, 1),
        Field("allowed", Kind.TEXT, "", "visible", "treatments that were possible and lawful, spaces between; unknown = all of the menu"),
        *(Field(f.name, Kind.NUMBER, f.unit, "visible", f.meaning, f.low, f.high) for f in fields_of(vocabulary)),
    )  # fmt: skip


DECISIONS = decisions_registry()


@dataclass(frozen=True)
class DecisionLog:
    """Decisions by account and day, rows in that order.

    Attributes:
        source: where it is from, for messages.
        menu: the treatments that indices and masks mean.
        names: of the accounts, shape (accounts,).
        account: which account a row is of, int64 (rows,), rising.
        day: of the decision, int64 (rows,), rising within an account.
        observations: what was known, float32 (rows, fields), fields as in `observation.FIELDS`.
        masks: what was allowed, bool (rows, menu); what was done is.
        actions: what was done, menu indices, int64 (rows,).
        rewards: cash less cost until the next decision, currency, float64 (rows,).
        propensities: probability of what was done, float64 (rows,); None = the log does not say.
        unknown: observation fields that the log has not; their values mean nothing.
    """

    source: str
    menu: Menu
    names: NDArray[np.object_]
    account: NDArray[np.int64]
    day: NDArray[np.int64]
    observations: NDArray[np.float32]
    masks: NDArray[np.bool_]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float64]
    propensities: NDArray[np.float64] | None
    unknown: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write it as a Parquet table that `read_log` reads; nothing is lost.

        Args:
            path: of the file; replaced.

        Raises:
            InputError: it cannot be written.
        """
        columns: dict[str, object] = {"account_id": self.names[self.account], "day": self.day}
        columns["treatment"] = np.array(self.menu.names, object)[self.actions]
        columns["reward"] = self.rewards
        if self.propensities is not None:
            columns["propensity"] = self.propensities
        packed, which = np.unique(self.masks, axis=0, return_inverse=True)
        texts = [" ".join(np.array(self.menu.names, object)[mask]) for mask in packed]
        columns["allowed"] = np.array(texts, object)[which.ravel()]
        for number, field in enumerate(FIELDS):
            if field.name not in self.unknown:
                columns[field.name] = self.observations[:, number]
        write_table(path, pd.DataFrame(columns))


def read_log(source: Source, map_file: Path | None, menu: Menu) -> DecisionLog:
    """A log of decisions.

    Args:
        source: a file, or the address of a database.
        map_file: its column map; None = each column has the name of its field.
        menu: of the scenario; what was done is on it.

    Raises:
        InputError: as `inspect`; a value that cannot be used; a treatment that the menu lacks or that was not allowed; a day twice, or one
            left out between two others of the same account.
    """
    inspection = inspect(source, map_file, decisions_registry(menu.vocabulary))
    inspection.require_usable("recoup evaluate")
    # Sorting keeps the index, which is a row's place in the source.
    table = inspection.table.sort_values(["account_id", "day"], kind="stable")
    text = str(source)

    def wrong(rows: NDArray[np.bool_], column: str, value: object, expected: str) -> InputError:
        place = int(table.index[int(rows.argmax())])
        return InputError(text, f"{inspection.cells.unit} {place}, column {column}", value, expected)

    names, account = np.unique(table["account_id"].astype(str), return_inverse=True)
    day = table["day"].to_numpy(np.int64)
    same = np.diff(account, prepend=-1) == 0
    if (twice := same & (np.diff(day, prepend=0) == 0)).any():
        raise wrong(twice, "day", int(day[twice.argmax()]), "each day of an account once")
    calendar = np.unique(day)
    step = np.searchsorted(calendar, day)
    if (gap := same & (np.diff(step, prepend=0) > 1)).any():
        before = int(calendar[step[gap.argmax()] - 1])
        raise wrong(
            gap, "day", int(day[gap.argmax()]), f"a row of this account for day {before} too: what was known and done"
        )
    actions = _actions(table, menu, wrong)
    masks = _masks(table, menu, wrong)
    forbidden = ~masks[np.arange(len(masks)), actions]
    if forbidden.any():
        done = menu.names[actions[forbidden.argmax()]]
        raise wrong(forbidden, "treatment", done, "one that column allowed has")
    observations, unknown = _observations(table, menu, wrong)
    propensities = None
    if "propensity" in table and table["propensity"].notna().any():
        propensities = table["propensity"].to_numpy(np.float64)
        bad = ~(propensities > 0)
        if bad.any():
            raise wrong(
                bad, "propensity", float(propensities[bad.argmax()]), "above 0 in each row, or in none: what was done had a chance"
            )  # fmt: skip
    return DecisionLog(
        source=text,
        menu=menu,
        names=np.asarray(names, object),
        account=account.astype(np.int64),
        day=day,
        observations=observations,
        masks=masks,
        actions=actions,
        rewards=table["reward"].to_numpy(np.float64),
        propensities=propensities,
        unknown=unknown,
    )


def _actions(table: pd.DataFrame, menu: Menu, wrong) -> NDArray[np.int64]:  # type: ignore[no-untyped-def]
    codes = table["treatment"].map(menu.index)
    if (foreign := codes.isna().to_numpy()).any():
        name = table["treatment"].iloc[int(foreign.argmax())]
        raise wrong(foreign, "treatment", name, f"among the {len(menu)} treatments the scenario offers")
    return np.asarray(codes, np.int64)


def _masks(table: pd.DataFrame, menu: Menu, wrong) -> NDArray[np.bool_]:  # type: ignore[no-untyped-def]
    if "allowed" not in table or table["allowed"].isna().all():
        return np.ones((len(table), len(menu)), np.bool_)
    codes, texts = pd.factorize(table["allowed"])
    masks = np.zeros((len(texts) + 1, len(menu)), np.bool_)
    masks[-1] = True  # an empty cell
    for number, text in enumerate(texts):
        for name in str(text).split():
            if name not in menu.index:
                raise wrong(codes == number, "allowed", name, f"among the {len(menu)} treatments the scenario offers")
            masks[number, menu.index[name]] = True
    masks[:, 0] = True  # nothing can always be done
    return masks[codes]


def _observations(table: pd.DataFrame, menu: Menu, wrong) -> tuple[NDArray[np.float32], tuple[str, ...]]:  # type: ignore[no-untyped-def]
    observations = np.tile(LOW, (len(table), 1))
    unknown = []
    for number, field in enumerate(FIELDS):
        if field.name not in table or table[field.name].isna().all():
            unknown.append(field.name)
            continue
        values = table[field.name].to_numpy(np.float64)
        if (empty := np.isnan(values)).any():
            raise wrong(empty, field.name, None, "a number in each row, or in none")
        observations[:, number] = values
    return np.clip(observations, LOW, highest(menu.vocabulary)), tuple(unknown)
