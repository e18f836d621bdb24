"""progress.json says how far a running comparison or training has come, stays where it was broken off, and goes at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.progress import PROGRESS_FILE, ProgressNotes, noted
from recoup.sim.inputs import InputError

SMALL = Comparison("china-consumer", ("status-quo", "staged"), seeds=3, accounts=30, days=5, events=False)


def bars(folder: Path) -> dict[str, tuple[int, int]]:
    return {name: (task["done"], task["total"]) for name, task in PROGRESS_FILE.read(folder)["tasks"].items()}


def test_a_comparison_notes_its_parts_and_leaves_no_note_when_it_has_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recoup.experiments.runs.progress._SECONDS", 0.0)
    folder, seen = tmp_path / "run", []
    compare(SMALL, folder, on_part=lambda *_: seen.append(bars(folder)))
    assert seen == [
        {"status-quo": (status_quo, 3), "staged": (staged, 3)}
        for status_quo, staged in ((1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3))
    ]
    assert not (folder / PROGRESS_FILE.name).exists()


def test_what_was_broken_off_says_so_and_a_resumed_run_counts_what_was_there(tmp_path: Path) -> None:
    folder, parts = tmp_path / "run", []

    def stop_after_two(name: str, seed: int) -> None:
        parts.append((name, seed))
        if len(parts) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(SMALL, folder, on_part=stop_after_two)
    note = PROGRESS_FILE.read(folder)
    assert note["stopped"] and note["done_before"] == 0 and bars(folder) == {"status-quo": (1, 3), "staged": (1, 3)}

    begun: list[int] = []

    def look(name: str, seed: int) -> None:
        if (name, seed) not in parts:  # a part that was run now
            begun.append(PROGRESS_FILE.read(folder)["done_before"])

    compare(SMALL, folder, resume=True, on_part=look)
    assert begun == [2, 2, 2, 2] and not (folder / PROGRESS_FILE.name).exists()


def test_notes_are_kept_to_one_a_second_and_never_go_beyond_the_total(tmp_path: Path) -> None:
    written = []

    class Counted(ProgressNotes):
        def write(self, stopped: bool = False) -> None:
            written.append(stopped)
            super().write(stopped)

    notes = Counted(tmp_path, "account-days", {"learned": 10})
    for _ in range(100):
        notes.advance("learned", 25)
    assert len(written) < 10
    notes.write()
    assert bars(tmp_path) == {"learned": (10, 10)}


def test_an_error_leaves_the_note_and_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), noted(tmp_path, "parts", {"staged": 4}) as notes:
        notes.advance("staged")
        raise ZeroDivisionError
    assert PROGRESS_FILE.read(tmp_path)["stopped"] and bars(tmp_path) == {"staged": (1, 4)}


def test_a_damaged_note_is_refused(tmp_path: Path) -> None:
    with noted(tmp_path, "parts", {"staged": 4}):
        text = (tmp_path / PROGRESS_FILE.name).read_text(encoding="utf-8")
    (tmp_path / PROGRESS_FILE.name).write_text(text.replace('"done": 0', '"done": 5'), encoding="utf-8")
    with pytest.raises(InputError, match="at most total, 4"):
        PROGRESS_FILE.read(tmp_path)
