"""Tables of parts joined into one of the run: the rows of all in their order, and the first wrong cell by its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.runs import file_kinds
from recoup.experiments.runs.file_kinds import LARGEST, TableKind, columns_of
from recoup.sim.inputs import InputError

KIND = TableKind(
    "table.parquet", "recoup compare", columns_of(text="name", whole="count", number="rate", number_or_none="law"), {}
)


def part(rows: int, **columns: object) -> pd.DataFrame:
    numbers = np.arange(rows)
    return pd.DataFrame(
        {
            "name": pd.Series([f"n{n}" for n in numbers], dtype="str"),
            "count": numbers,
            "rate": numbers / 7,
            "law": numbers * 1.0,
        }
        | columns
    )


def written(folder: Path, parts: list[pd.DataFrame]) -> list[Path]:
    paths = [folder / f"{number}.parquet" for number in range(len(parts))]
    for path, table in zip(paths, parts, strict=True):
        table.to_parquet(path, index=False)
    return paths


@pytest.mark.parametrize("group", [1, 4, 1000])
def test_the_rows_of_all_parts_stand_in_the_order_of_the_parts(tmp_path, monkeypatch, group):
    monkeypatch.setattr(file_kinds, "GROUP_ROWS", group)
    parts = [part(3), part(0), part(5, law=np.nan), part(2)]
    KIND.join(written(tmp_path, parts), tmp_path / "joined.parquet")
    joined = pd.read_parquet(tmp_path / "joined.parquet")
    pd.testing.assert_frame_equal(joined, pd.concat(parts, ignore_index=True), check_exact=True)
    pd.testing.assert_frame_equal(KIND.read(tmp_path / "joined.parquet"), joined)


def test_whole_numbers_of_one_part_and_fractions_of_another_are_numbers(tmp_path):
    parts = [part(2, rate=[1, 2]), part(2, rate=[0.5, 0.25])]
    KIND.join(written(tmp_path, parts), tmp_path / "joined.parquet")
    assert pd.read_parquet(tmp_path / "joined.parquet")["rate"].tolist() == [1.0, 2.0, 0.5, 0.25]


@pytest.mark.parametrize(
    ("column", "cell", "place"),
    [
        ("name", None, "row 2, column name"),
        ("rate", np.nan, "row 2, column rate"),
        ("rate", np.inf, "row 2, column rate"),
        ("rate", -2 * LARGEST, "row 2, column rate"),
        ("law", np.inf, "row 2, column law"),
        ("law", 2 * LARGEST, "row 2, column law"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_written(tmp_path, column, cell, place):
    wrong = part(3).astype({"name": object})
    wrong.loc[1, column] = cell
    paths = written(tmp_path, [part(3), wrong])
    for attempt in (
        lambda: KIND.join(paths, tmp_path / "joined.parquet"),
        lambda: KIND.write(tmp_path / "joined.parquet", wrong),
    ):
        with pytest.raises(InputError) as refused:
            attempt()
        assert refused.value.place == place
        assert not (tmp_path / "joined.parquet").exists()


def test_a_damaged_or_foreign_part_is_named(tmp_path):
    paths = written(tmp_path, [part(2), part(2).drop(columns="law")])
    with pytest.raises(InputError, match=r"1\.parquet: column law"):
        KIND.join(paths, tmp_path / "joined.parquet")
    paths[1].write_bytes(paths[0].read_bytes()[:-9])
    with pytest.raises(InputError, match=r"1\.parquet.*damage"):
        KIND.join(paths, tmp_path / "joined.parquet")
