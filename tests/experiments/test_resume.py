"""`--resume` goes on with its own run and touches nothing that is not its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.privacy import KEY_VARIABLE
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.runfolder import open_folder, write_whole
from recoup.sim.inputs import InputError

SMALL = Comparison(policies=("no-contact",), accounts=5, days=2, seeds=1, first_seed=501, events=False)


def test_files_of_the_user_stay_and_unfinished_ones_go(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    open_folder(folder, {"days": 3}, resume=False)
    mine = [folder / ".my-diary", folder / ".results.json-notes", folder / "parts" / ".git-keep"]
    for file in mine:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
    (folder / ".a-folder").mkdir()
    left: list[Path] = []

    def killed(temporary: Path) -> None:
        temporary.write_text("half of it")
        kept = temporary.with_name(temporary.name.replace(".", ".x", 1))
        kept.write_text("half of it")  # what a killed process leaves under such a name
        left.append(kept)

    write_whole(folder / "parts" / "1.json", killed)
    open_folder(folder, {"days": 3}, resume=True)
    assert [file.read_text() for file in mine] == ["mine"] * 3 and (folder / ".a-folder").is_dir()
    assert not left[0].exists()


def test_what_is_kept_of_debtors_must_be_as_the_run_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "the first key of all")
    with_names = replace(SMALL, personal=True)
    compare(with_names, tmp_path / "run")
    with pytest.raises(InputError, match=r"run.json: personal \(--resume\): got False, expected .*: True"):
        compare(SMALL, tmp_path / "run", resume=True)
    monkeypatch.setenv(KEY_VARIABLE, "another key than it")
    with pytest.raises(InputError, match=r"run.json: pseudonyms \(--resume\): got 'p[0-9a-f]{16}', expected"):
        compare(with_names, tmp_path / "run", resume=True)
