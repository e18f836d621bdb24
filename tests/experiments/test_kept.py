"""What a long run keeps of its finished pieces."""

from __future__ import annotations

import json
import math
from copy import copy
from pathlib import Path

import numpy as np
import pytest

from recoup.agents.library import load_policy
from recoup.experiments.learning.cohorts import Cohorts
from recoup.experiments.runs.file_kinds import Number, NumberOrNan
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.runfolder import open_folder, read_json, whole_folder
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError

SHARES = holding(dict[str, float])


def test_a_piece_is_done_once_and_one_cut_off_again(tmp_path: Path) -> None:
    done: list[str] = []

    def piece(name: str) -> dict[str, float]:
        done.append(name)
        return {"share": 0.1 + 0.2, "none": float("nan")}

    first = Kept.beside(tmp_path / "plan.yaml")
    assert first.path == tmp_path / "plan.yaml.unfinished.jsonl"
    for name in ("a", "b", "a"):
        first.once(lambda name=name: name, SHARES, lambda name=name: piece(name))  # type: ignore[misc]
    assert done == ["a", "b"]
    assert first.path is not None
    first.path.write_text(first.path.read_text()[:-10])  # killed while the second line was written
    again = Kept.beside(tmp_path / "plan.yaml")
    found = again.once(lambda: "a", SHARES, lambda: piece("a"))
    assert found["share"] == 0.1 + 0.2 and np.isnan(found["none"]) and done == ["a", "b"]
    again.once(lambda: "b", SHARES, lambda: piece("b"))
    assert done == ["a", "b", "b"] and len(Kept.beside(tmp_path / "plan.yaml")) == 2
    again.drop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("edited", [{"share": "0.3"}, {"share": True}, {"share": None}, [0.3], 0.3, None])
def test_a_line_that_holds_no_such_result_is_a_piece_to_do_again(tmp_path: Path, edited: object) -> None:
    file = tmp_path / "kept.jsonl"
    file.write_text(json.dumps({"trial": "a", "outcome": edited}) + "\n")
    assert Kept(file).get("a", SHARES) is None
    assert Kept(file).once(lambda: "a", SHARES, lambda: {"share": 0.3}) == {"share": 0.3}
    assert Kept(file).get("a", SHARES) == {"share": 0.3}  # the later line counts


@pytest.mark.parametrize(
    ("share", "taken", "defined"),
    [(0.3, True, True), (math.nan, True, False), (math.inf, False, False), (-1e300, False, False)],
)
def test_infinite_numbers_are_none_and_undefined_ones_where_measures_may_be(
    tmp_path: Path, share: float, taken: bool, defined: bool
) -> None:
    file = tmp_path / "kept.jsonl"
    file.write_text(json.dumps({"trial": "a", "outcome": {"share": share}}) + "\n")
    assert (Kept(file).get("a", holding(dict[str, NumberOrNan])) is not None) == taken
    assert (Kept(file).get("a", holding(dict[str, Number])) is not None) == defined


def test_what_is_no_file_of_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Is a directory"):
        Kept(tmp_path)


def test_where_nothing_is_kept_no_fingerprint_is_taken() -> None:
    def never() -> str:
        raise AssertionError

    assert Kept(None).once(never, SHARES, lambda: 3) == 3


def test_cohorts_are_simulated_once_for_each_policy_seed_and_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = load_scenario("china-consumer")
    simulated: list[tuple[str, int]] = []

    def parts(self: Cohorts, policy: object, seed: int) -> dict[str, float]:
        simulated.append((policy.name, seed))  # type: ignore[attr-defined]
        return dict.fromkeys(("cash", "cost", "quick", "complaints", "left", "contacts", "staff"), seed / 7)

    monkeypatch.setattr(Cohorts, "_parts", parts)
    staged, tiered = (load_policy(name, home.name, home.world) for name in ("staged", "tiered"))
    for _ in range(2):  # the second time as after an interruption
        cohorts = Cohorts(home, 20, (1, 2), Kept(tmp_path / "kept.jsonl"))
        found = [cohorts.parts(policy) for policy in (staged, tiered, staged)]
        assert [part["cash"].tolist() for part in found] == [[1 / 7, 2 / 7]] * 3
    assert simulated == [("staged", 1), ("staged", 2), ("tiered", 1), ("tiered", 2)]
    shorter = copy(home)
    shorter.days -= 1
    for other in (Cohorts(shorter, 20, (1,), cohorts.kept), Cohorts(home, 21, (1,), cohorts.kept)):
        other.parts(staged)
    assert len(simulated) == 6


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "a" / "run") as folder:
        (folder / "first.json").write_text("{}")
        raise KeyboardInterrupt
    assert list((tmp_path / "a").iterdir()) == []
    with whole_folder(tmp_path / "a" / "run") as folder:
        (folder / "first.json").write_text("{}")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["run"]
    assert (tmp_path / "a" / "run" / "first.json").read_text() == "{}"
    with pytest.raises(InputError, match="a folder that exists"), whole_folder(tmp_path / "a" / "run"):
        pass


def test_a_run_that_was_killed_before_it_had_begun_is_begun_when_it_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".x1.recoup-unfinished").write_text("half of it")
    open_folder(tmp_path / "run", {"days": 3}, resume=True)
    assert read_json(tmp_path / "run" / "run.json") == {"days": 3}
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.json"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"run\.json"):
        open_folder(tmp_path / "other", {"days": 3}, resume=True)


def test_one_that_holds_nothing_yet_is_not_taken_for_none(tmp_path: Path) -> None:
    empty = Kept(tmp_path / "kept.jsonl")
    assert len(empty) == 0 and (empty or Kept(None)) is empty
