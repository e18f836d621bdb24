"""Somebody's log, of any form that a portfolio may have, through a column map as the log that an audit reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from recoup.sim.compliance.auditlog import Column, Log, Writing, columns_of, log_of
from recoup.sim.inputs import read_yaml
from recoup.sim.portfolio.cells import Cells
from recoup.sim.portfolio.columnmap import ColumnMap
from recoup.sim.portfolio.importing import Inspection, inspect
from recoup.sim.portfolio.sources import Source, read_source
from recoup.sim.portfolio.table import Field, Kind, Registry
from recoup.sim.treatments import STANDARD, Vocabulary

CHECK = "recoup records check --for audit"
_KINDS = {
    "text": Kind.TEXT,
    "choice": Kind.CATEGORY,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "flag": Kind.FLAG,
    "hour": Kind.HOUR,
    "date": Kind.DATE,
}


def audit_registry(map_file: Path | None = None, vocabulary: Vocabulary = STANDARD) -> Registry:
    """The columns of a log that an audit reads, as fields of a column map.

    Args:
        map_file: the map; where it has `day`, columns such as promise_due are numbers of days too, else dates.
        vocabulary: of the world that a log is of.

    Raises:
        InputError: broken YAML.
    """
    fields = read_yaml(map_file).data.get("fields") if map_file else None
    dated = not (isinstance(fields, dict) and "day" in fields)
    columns = tuple(_field(column, dated) for column in columns_of(vocabulary))
    return Registry("audit", "something that happened", columns, either=("date", "day"))


def _field(column: Column, dated: bool) -> Field:
    kind = _KINDS.get(column.kind) or (Kind.DATE if dated else Kind.INTEGER)
    least, most = column.bounds
    return Field(column.name, kind, "", "visible", column.meaning, least, most, column.values, column.required)


def read_foreign_log(
    source: Source,
    map_file: Path | None = None,
    writing: Writing | None = None,
    vocabulary: Vocabulary = STANDARD,
) -> Log:
    """Read a log that is not ours.

    Args:
        source: a file, or the address of a database.
        map_file: its column map; None = its columns have the names of `AUDIT_COLUMNS`.
        writing: without a map, how a CSV file is written.
        vocabulary: of the world that it is of.

    Raises:
        InputError: unreadable, columns that lack, or cells that cannot be used.
    """
    writing = writing or Writing()
    if map_file is None:
        plain = ColumnMap.model_construct(
            **{name: getattr(writing, name) for name in ("encoding", "delimiter", "decimal")}
        )
        return log_of(source, read_source(source, plain, None, writing.option), writing, vocabulary=vocabulary)
    inspection = inspect(source, map_file, audit_registry(map_file, vocabulary))
    inspection.require_usable(CHECK)
    used = {name for mapped in inspection.mapping.fields.values() for name in mapped.columns}
    unread = tuple(
        name for name in inspection.cells.names if name and name not in used | inspection.mapping.rows.columns
    )
    return log_of(source, _cells(inspection), Writing(), unread, vocabulary)


def _cells(inspection: Inspection) -> Cells:
    """The values as the text that a log of ours would have."""
    texts = {
        str(name): _texts(inspection.registry.field[str(name)], values) for name, values in inspection.table.items()
    }
    places = inspection.table.index.to_numpy(np.int64)
    return Cells(tuple(texts), pa.table(texts), places, inspection.cells.unit, inspection.cells.lines)


def _texts(field: Field, values: pd.Series) -> pa.Array:  # type: ignore[type-arg]
    if field.kind is Kind.DATE:
        return pa.array(values.astype("datetime64[us]").dt.strftime("%Y-%m-%d"), pa.string(), from_pandas=True)
    known = values.notna().to_numpy()
    said = [
        repr(float(value)) if field.kind not in (Kind.TEXT, Kind.CATEGORY) else str(value) for value in values[known]
    ]
    found = np.full(len(values), None, object)
    found[known] = said
    return pa.array(found, pa.string())
