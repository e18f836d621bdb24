"""NumPy files that `recoup index --resume` goes on from: what is damaged or edited is one line that names the file and the place."""

from __future__ import annotations

import io
import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recoup.experiments.learning.deviations import Deviations
from recoup.experiments.learning.index_files import deviations_file, outlook_file
from recoup.experiments.runs.file_kinds import Array, ArraysKind
from recoup.sim.inputs import InputError

TREATMENTS, COHORT = 7, 20
KIND = deviations_file(TREATMENTS, COHORT)


def right(rows: int = 3) -> dict[str, np.ndarray]:
    wide = {name: KIND.arrays[name].shape[1] for name in ("observations", "changes")}
    return {
        "observations": np.full((rows, wide["observations"]), -0.5, np.float32),
        "treatments": np.full(rows, TREATMENTS - 1),
        "base": np.zeros(rows, np.int64),
        "propensities": np.ones(rows, np.float32),
        "changes": np.zeros((rows, wide["changes"]), np.float32),
        "reached": np.array([True, False, True])[:rows],
        "cohorts": np.full(rows, COHORT),
    }


@pytest.mark.parametrize("rows", [0, 3])
def test_what_is_written_is_read(tmp_path: Path, rows: int) -> None:
    KIND.write(tmp_path / "0.npz", right(rows))
    found = KIND.read(tmp_path / "0.npz")
    assert set(found) == {field.name for field in fields(Deviations)}
    for name, array in right(rows).items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)
    assert [path.name for path in tmp_path.iterdir()] == ["0.npz"]


def with_nan(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed[1, 2] = np.nan
    return changed


@pytest.mark.parametrize(
    ("name", "to", "said"),
    [
        ("treatments", np.full(3, TREATMENTS), r"array treatments\[0\]: got 7, expected a finite number from 0 to 6"),
        ("base", np.array([0, 0, -1]), r"array base\[2\]: got -1, "),
        ("cohorts", np.array([COHORT, COHORT + 1, COHORT]), r"array cohorts\[1\]: got 21, .* from 20 to 20"),
        ("propensities", np.full(3, 1.5, np.float32), r"array propensities\[0\]: got 1.5, .* from 0 to 1"),
        ("changes", with_nan(right()["changes"]), r"array changes\[1, 2\]: got nan, "),
        ("changes", right()["changes"] + np.float32(np.inf), r"array changes\[0, 0\]: got inf, "),
        ("treatments", np.zeros(3), r"array treatments: got 'float64 \(3,\)', expected int64 \(any\)"),
        ("treatments", np.zeros((3, 1), np.int64), r"array treatments: got 'int64 \(3, 1\)'"),
        ("changes", right()["changes"][:, :-1], r"array changes: got 'float32 \(3, 4\)', expected float32 \(any, 5\)"),
        ("reached", np.zeros(2, bool), r"array reached: got 'bool \(2,\)', expected bool \(any\), 3 for any"),
        ("reached", None, r"array reached: got 'nothing', expected an array of this name: bool \(any\)"),
        ("reach", np.zeros(3), r"array reach: got 'reach', expected reached \(did you mean it\?\)"),
    ],
)  # fmt: skip
def test_another_array_is_refused_at_its_place(tmp_path: Path, name: str, to: Any, said: str) -> None:
    arrays = {one: array for one, array in (right() | {name: to}).items() if array is not None}
    file = tmp_path / "0.npz"
    np.savez(file, **arrays)
    with pytest.raises(InputError, match=said) as refused:
        KIND.read(file)
    assert str(refused.value).startswith(f"{file}: ") and "\n" not in str(refused.value)
    with pytest.raises(InputError, match=said):
        KIND.write(tmp_path / "new.npz", arrays)
    assert not (tmp_path / "new.npz").exists()


def damaged() -> dict[str, bytes]:
    made = io.BytesIO()
    np.savez(made, **right())  # type: ignore[arg-type]
    whole, one, objects = made.getvalue(), io.BytesIO(), io.BytesIO()
    np.save(one, np.zeros(3))
    np.savez(objects, **(right() | {"cohorts": np.array([None, 1, "x"])}))  # type: ignore[arg-type]
    at = whole.index(b"<f4")
    return {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "a bit": whole[:at] + b"<f8" + whole[at + 3 :],
        "one array": one.getvalue(),
        "a pickle": pickle.dumps({"treatments": 1}),
        "objects": objects.getvalue(),
        "text": b"treatments\n1\n",
    }


@pytest.mark.parametrize("how", damaged())
def test_what_is_no_whole_file_of_arrays_is_refused_and_nothing_is_unpickled(tmp_path: Path, how: str) -> None:
    file = tmp_path / "0.npz"
    file.write_bytes(damaged()[how])
    with pytest.raises(InputError, match=r"damage .*expected a whole NumPy file") as refused:
        KIND.read(file)
    assert str(refused.value).startswith(f"{file}: ") and "\n" not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "Is a directory"), (tmp_path / "none.npz", "No such file")):
        with pytest.raises(InputError, match=said):
            KIND.read(path)


def test_a_length_too_large_for_memory_is_damage(tmp_path: Path) -> None:
    """A header that claims 4 EiB, in a file of some bytes whose checksum is right."""
    import zipfile

    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 60,)})
    with zipfile.ZipFile(tmp_path / "0.npz", "w") as archive:
        archive.writestr("a.npy", header.getvalue())
    with pytest.raises(InputError, match="damage"):
        ArraysKind("recoup index", {"a": Array("float32", (None,))}).read(tmp_path / "0.npz")


def test_an_outlook_is_one_network_of_outcomes(tmp_path: Path) -> None:
    tensors = {name: np.zeros(kind.shape, np.float32) for name, kind in outlook_file().arrays.items()}  # type: ignore[arg-type]
    assert {name: kind.shape[0] for name, kind in outlook_file().arrays.items()} == dict.fromkeys(
        ("weight.0", "weight.1", "weight.2", "bias.0", "bias.1", "bias.2"), 1
    )
    outlook_file().write(tmp_path / "outlook.npz", tensors)
    np.savez(tmp_path / "outlook.npz", **(tensors | {"bias.2": np.zeros((2, 1, 5), np.float32)}))  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match=r"outlook.npz: array bias.2: got 'float32 \(2, 1, 5\)', expected float32 \(1, 1, 5\)"
    ):
        outlook_file().read(tmp_path / "outlook.npz")
