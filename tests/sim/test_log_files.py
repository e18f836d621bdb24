"""The event log as a file that grows while days pass: the same rows as in memory, and the same audit, in whatever parts."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import find_rules, load_scenario
from recoup.sim.compliance.audit import Finding, audit
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.eventlog import LogFile
from recoup.sim.inputs import InputError
from recoup.sim.simulation import Simulation
from tests.sim.test_audit import eventful, old_and_new
from tests.sim.test_reference import Whim, step

DAYS = 40
HOME = load_scenario("china-consumer")
PACK = find_rules("china")
NAMES = np.array([f"p{number:03}" for number in range(60)], object)


def simulated(record_events: bool | LogFile) -> Simulation:
    """Forty days in which every rule is broken now and then."""
    simulation = Simulation(
        eventful(HOME.world), old_and_new(HOME, PACK, 7), PACK, 7, gate=False, record_events=record_events
    )
    whim = Whim(7)
    for _ in range(DAYS):
        step(simulation, whim)
        if isinstance(record_events, LogFile):
            assert simulation.ledger._log is not None
            kept = sum(map(len, simulation.ledger._log._notes))
            assert kept < record_events.rows  # in memory, whatever the day
    simulation.ledger.finish_log()
    return simulation


@pytest.fixture(scope="module")
def in_memory() -> pd.DataFrame:
    """The log as it was kept, with the names that files have."""
    log = simulated(True).audit_table()
    return log.assign(account_id=log["account_id"].cat.rename_categories(list(NAMES)))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    simulated(LogFile(path, NAMES, rows=300))
    return path


def plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of cells: codes as texts, nothing as None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


@pytest.mark.parametrize("rows", [9, 64, 1000, 10**6])
def test_a_file_holds_what_would_be_in_memory(tmp_path: Path, in_memory: pd.DataFrame, rows: int) -> None:
    path = tmp_path / "log.parquet"
    simulation = simulated(LogFile(path, NAMES, rows))
    written = pd.read_parquet(path)
    assert list(written) == list(in_memory) and len(written) == len(in_memory) > 1000
    assert plain(written) == plain(in_memory)
    groups = pyarrow.parquet.ParquetFile(path).metadata
    sizes = [groups.row_group(number).num_rows for number in range(groups.num_row_groups)]
    busiest = int(in_memory["day"].value_counts().max())
    assert max(sizes) < rows + busiest and sum(sizes) == len(in_memory)
    for table in (simulation.audit_table, simulation.events_table):
        with pytest.raises(RuntimeError, match=r"the event log is in .*log\.parquet"):
            table()


def test_a_file_of_a_run_in_which_nothing_happened_has_all_columns(tmp_path: Path, in_memory: pd.DataFrame) -> None:
    path = tmp_path / "log.parquet"
    simulation = Simulation(HOME.world, HOME.portfolio(3, 1), PACK, 1, record_events=LogFile(path, NAMES[:3]))
    simulation.ledger.finish_log()
    assert list(pd.read_parquet(path)) == list(in_memory)
    assert {(finding.tested, len(finding.breaches)) for finding in audit(typed_log(path), PACK)} == {(0, 0)}


def told(findings: list[Finding], lines: bool = True) -> list[Any]:
    """All that an audit says, as plain values; the numbers of the rows are left out unless `lines`."""
    return [
        (
            finding.rule.id, finding.missing, finding.tested, finding.near, finding.stopped,
            [finding.evidence(breach, "en") for breach in finding.breaches.to_dict("records")],
            plain(finding.breaches if lines else finding.breaches.drop(columns="line")),
        )
        for finding in findings
    ]  # fmt: skip


@pytest.fixture(scope="module")
def whole(in_memory: pd.DataFrame) -> list[Any]:
    """What an audit of the whole log says."""
    said = told(audit(typed_log(in_memory), PACK, rows=10**9))
    assert sum(len(breaches) for *_, breaches in said) > 100
    return said


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.integers(1, 3000))
def test_an_audit_in_pieces_says_what_an_audit_of_the_whole_says(
    file: Path, in_memory: pd.DataFrame, whole: list[Any], rows: int
) -> None:
    assert told(audit(typed_log(file), PACK, rows)) == whole
    pieces = [piece["day"].to_pylist() for piece in typed_log(file).pieces(rows)]
    assert all(before[-1] < after[0] for before, after in itertools.pairwise(pieces))  # a day is in one piece
    assert list(itertools.chain(*pieces)) == in_memory["day"].tolist()
    assert all(len(piece) <= rows or len(set(piece)) == 1 for piece in pieces)


def test_rows_in_any_order_are_put_in_the_order_of_time(tmp_path: Path, in_memory: pd.DataFrame) -> None:
    shuffled = in_memory.sample(frac=1.0, random_state=3)
    shuffled.to_parquet(tmp_path / "log.parquet", index=False, row_group_size=100)
    # One row a day and account: the order within a day says nothing, so breaches of a day are told in another order.
    found = told(audit(typed_log(tmp_path / "log.parquet"), PACK, rows=500), lines=False)
    for mine, other in zip(found, told(audit(typed_log(in_memory), PACK), lines=False), strict=True):
        assert mine[:5] == other[:5] and sorted(mine[5]) == sorted(other[5])


def test_lines_are_those_of_the_file(tmp_path: Path, in_memory: pd.DataFrame) -> None:
    shuffled = in_memory.sample(frac=1.0, random_state=3).reset_index(drop=True)
    shuffled.to_parquet(tmp_path / "log.parquet", index=False, row_group_size=100)
    for finding in audit(typed_log(tmp_path / "log.parquet"), PACK):
        for breach in finding.breaches.to_dict("records"):
            row = shuffled.iloc[breach["line"] - 1]
            assert (row["account_id"], row["day"]) == (breach["account_id"], breach["day"])


@pytest.mark.parametrize("group", [0, 3])
def test_damage_in_any_part_of_a_file_is_one_line(tmp_path: Path, file: Path, group: int) -> None:
    content = bytearray(file.read_bytes())
    column = pyarrow.parquet.ParquetFile(file).metadata.row_group(group).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + 40] = bytes(40)
    damaged = tmp_path / "log.parquet"
    damaged.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"log\.parquet: got .damage .*expected a whole Parquet file") as refused:
        audit(typed_log(damaged), PACK)
    assert len(str(refused.value).splitlines()) == 1


def test_zeros_anywhere_in_a_file_are_an_audit_or_one_line(tmp_path: Path, file: Path) -> None:
    content, damaged, refused = file.read_bytes(), tmp_path / "log.parquet", 0
    places = range(4, len(content) - 40, len(content) // 60)
    for place in places:
        damaged.write_bytes(content[:place] + bytes(40) + content[place + 40 :])
        try:
            audit(typed_log(damaged), PACK)
        except InputError as error:
            assert len(str(error).splitlines()) == 1
            refused += 1
    assert refused > len(places) / 2


def test_a_code_beyond_its_dictionary_is_damage(tmp_path: Path) -> None:
    whole = pa.table(
        {"account_id": pa.array(["a", "b", "c"]).dictionary_encode(), "day": pa.array([1, 1, 1], pa.int32())}
    )
    pyarrow.parquet.write_table(whole, tmp_path / "log.parquet", compression="none", store_schema=True)
    content = bytearray((tmp_path / "log.parquet").read_bytes())
    column = pyarrow.parquet.ParquetFile(tmp_path / "log.parquet").metadata.row_group(0).column(0)
    # The codes 0, 1, 2 in two bits each are the byte 0b100100; 0b111111 are three times 3, of three names.
    start = column.data_page_offset
    place = content.index(0b100100, start)
    content[place] = 0b111111
    (tmp_path / "log.parquet").write_bytes(bytes(content))
    with pytest.raises(InputError, match="expected a whole Parquet file"):
        audit(typed_log(tmp_path / "log.parquet"), PACK)


def test_a_wrong_cell_in_any_part_of_a_file_is_named_by_its_row(tmp_path: Path, file: Path) -> None:
    log = pd.read_parquet(file)
    for row in (0, 299, 300, len(log) - 1):
        wrong = log.assign(dpd=log["dpd"].where(log.index != row, -1))
        wrong.to_parquet(tmp_path / "log.parquet", index=False, row_group_size=300)
        with pytest.raises(InputError, match=rf"row {row + 1}, column dpd: got '-1', expected a whole number from 0"):
            audit(typed_log(tmp_path / "log.parquet"), PACK)


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    days = pa.array([1, 2])
    table = pa.Table.from_arrays([pa.array(["a", "b"]), days, days], names=["account_id", "day", "day"])
    pyarrow.parquet.write_table(table, tmp_path / "log.parquet")
    with pytest.raises(InputError, match=r"column day: got 'two columns of this name', expected one"):
        typed_log(tmp_path / "log.parquet")
