"""Excel workbooks (.xlsx, .xlsm): one sheet, whose columns are named in one of its rows."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

from recoup.sim.inputs import InputError, choose, read_bytes
from recoup.sim.portfolio.cells import IN_THE_MAP, MOST_BYTES, MOST_COLUMNS, Cells
from recoup.sim.portfolio.typed import typed_cells

_WORKBOOK = "xl/workbook.xml"


def is_workbook(content: BinaryIO) -> bool:
    """Whether a zip file is an Excel workbook.

    Args:
        content: of a file that begins as zip files do.
    """
    try:
        with zipfile.ZipFile(content) as packed:
            return _WORKBOOK in packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def sheet_names(file: Path) -> list[str]:
    """The names of a workbook's sheets, in their order.

    Raises:
        InputError: damaged, or beyond `MOST_BYTES` when unpacked.
    """
    return list(_opened(file).sheet_names)


def first_rows(file: Path, sheet: str, most: int) -> list[list[object]]:
    """The first rows of a sheet, as the workbook holds their cells.

    Args:
        file: the workbook.
        sheet: its sheet's name.
        most: rows at most.

    Raises:
        InputError: damaged, or no such sheet.
    """
    return _rows(file, _opened(file), sheet, most)


def read_workbook(
    file: Path,
    sheet: str | None = None,
    header: int = 1,
    decimal: str = ".",
    columns: Collection[str] | None = None,
    option: str = IN_THE_MAP,
) -> Cells:
    """All cells of a sheet as text; `places` are the sheet's own rows.

    Args:
        file: the workbook.
        sheet: its sheet's name; None = the only one.
        header: row with the names of the columns.
        decimal: mark with which numbers are written in a column that holds texts too.
        columns: those whose cells are wanted; None = all.
        option: how messages name the settings (sheet, header), `{}` standing for them.

    Raises:
        InputError: damaged, encrypted, beyond the limits of `cells`, no such sheet, or several and none named, or no rows.
    """
    workbook = _opened(file)
    names = list(workbook.sheet_names)
    if sheet is None and len(names) > 1:
        raise InputError(
            file, "", f"{len(names)} sheets", f"one named with {option.format('sheet')}: {choose(names, '')}"
        )
    name = names[0] if sheet is None else sheet
    rows = _rows(file, workbook, name)
    if len(rows) < header:
        expected = f"a row {header:,} with the names of the columns ({option.format('header')})"
        raise InputError(file, f"sheet {name}", f"{len(rows):,} rows", expected)
    head = [_name(cell) for cell in rows[header - 1]]
    while head and not head[-1]:
        head.pop()
    if not head:
        expected = f"the names of the columns, or the row that has them ({option.format('header')})"
        raise InputError(file, f"sheet {name}, row {header}", "an empty row", expected)
    if len(head) > MOST_COLUMNS:
        raise InputError(file, "header", f"{len(head):,} columns", f"at most {MOST_COLUMNS:,}")
    placed = ((place, row[: len(head)]) for place, row in enumerate(rows[header:], start=header + 1))
    return typed_cells(file, head, placed, columns, decimal, header)


def _rows(file: Path, workbook: Any, sheet: str, most: int | None = None) -> list[list[object]]:
    if sheet not in workbook.sheet_names:
        raise InputError(file, "sheet", sheet, choose(workbook.sheet_names, sheet))
    try:
        return workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False, nrows=most)  # type: ignore[no-any-return]
    except Exception as error:  # calamine's errors have no common class of their own
        raise InputError(file, f"sheet {sheet}", f"damage ({_first_line(error)})", "a sheet of cells") from None


def _opened(file: Path) -> Any:
    from python_calamine import CalamineWorkbook

    content = read_bytes(file, MOST_BYTES, "workbook")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MOST_BYTES:
            raise InputError(file, "", f"{unpacked:,} bytes when unpacked", f"at most {MOST_BYTES:,}")
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(file, "", f"damage ({_first_line(error)})", "a whole workbook without a password") from None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _name(cell: object) -> str:
    """A header's cell as a name; a number without the `.0` that workbooks keep."""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()
