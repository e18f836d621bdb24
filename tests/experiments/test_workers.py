"""Who works changes no number; and what a node of a cluster does, without a cluster (`test_ray.py` has one)."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recoup.agents.library import load_policy
from recoup.agents.plans.plan_file import find_plan
from recoup.experiments.checks.calibration import measure, targets
from recoup.experiments.learning.cohorts import Cohorts
from recoup.experiments.learning.tuning import Search
from recoup.experiments.runs import ray_task
from recoup.experiments.runs.kept import Kept
from recoup.experiments.runs.ray_task import Done, Misses, Order, Removed, Wrote, own_versions, work
from recoup.experiments.runs.workers import Folder, Processes, WorkerLost, pool_of, run_each, team_of
from recoup.scenarios.schema import ROOT, load_scenario
from recoup.sim.inputs import InputError, files_by, is_file, read_bytes, read_text

# --- teams of this machine ---------------------------------------------------------------------------------------


def note(shared: str, task: int, folder: Path) -> int:
    (folder / f"{task}.txt").write_text(f"{shared} {task}")
    return os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_leave_files_in_the_folder_wherever_they_run(workers: int, tmp_path: Path) -> None:
    with team_of(workers) as team:
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            found = dict(run_each(partial(note, name), [3, 4, 5], team, Folder(tmp_path / name)))
            assert found.keys() == {3, 4, 5}
            assert ({*found.values()} == {os.getpid()}) == (workers == 1)
            assert {file.name: file.read_text() for file in (tmp_path / name).iterdir()} == {
                f"{task}.txt": f"{name} {task}" for task in (3, 4, 5)
            }


def die(task: int) -> None:
    os._exit(9)


def test_a_team_whose_process_is_killed_says_so_once_and_again() -> None:
    with pytest.raises(WorkerLost), pool_of(1) as pool:
        team = Processes(pool)
        for _ in range(2):  # also when the pool is broken before the first task
            with pytest.raises(WorkerLost, match="killed by the system"):
                list(run_each(die, [1], team))
        list(run_each(die, [1], team))


def test_cohorts_are_worth_the_same_to_several_workers_and_are_kept(tmp_path: Path) -> None:
    scenario = load_scenario("china-consumer")
    plan = load_policy("tiered", scenario.name, scenario.world)
    alone = Cohorts(scenario, 40, (1, 2, 3)).parts(plan)
    kept = Kept(tmp_path / "kept.jsonl")
    with team_of(2) as team:
        assert Cohorts(scenario, 40, (1, 2, 3), kept, team).parts(plan, (3, 1)).tolist() == alone[[2, 0]].tolist()
    assert len(kept) == 2
    with pool_of(1) as pool:  # which would say so if it were asked for what is kept
        pool.submit(os.getpid).result()
        refusing: Any = SimpleNamespace(each=lambda function, tasks, folder: iter([(task, None) for task in tasks]))
        assert np.array_equal(Cohorts(scenario, 40, (1, 2, 3), kept, refusing).parts(plan, (1, 3)), alone[[0, 2]])


def test_a_search_does_not_take_a_lost_worker_for_a_change_that_makes_no_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario = load_scenario("china-consumer")
    cohorts = Cohorts(scenario, 40, (1, 2, 3))
    from recoup.agents.plans.writing import plan_data
    from recoup.agents.training.objective import Objective

    plan: Any = load_policy("tiered", scenario.name, scenario.world)
    search = Search(cohorts, plan_data(plan.file), Objective(0.3, 0.0, 0.0))

    def lost(self: Cohorts, policy: object, seeds: object = None) -> None:
        raise WorkerLost("worker process", "", "killed", "enough memory")

    monkeypatch.setattr(Cohorts, "parts", lost)
    with pytest.raises(WorkerLost):
        search.sweep(("days_since_attempt",))


def test_a_calibration_gives_the_same_with_several_workers() -> None:
    scenario, ids = load_scenario("china-consumer"), {target.id for target in targets()[:2]}
    alone = measure(scenario, range(901, 904), 60, ids)
    assert measure(scenario, range(901, 904), 60, ids, workers=2) == alone
    assert len({reading.values for reading in alone}) == 2 and all(len(reading.values) == 3 for reading in alone)


# --- files of another machine ------------------------------------------------------------------------------------


def test_files_are_read_from_the_other_machine_and_not_from_this_disk(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("here")
    there = {"plan": b"there", "big": bytes(100)}

    def reader(path: Path) -> bytes | None:
        if path.is_relative_to(ROOT):
            return None
        if path.name in there:
            return there[path.name]
        raise InputError(path, "", "No such file or directory", "a readable file")

    with files_by(reader):
        assert read_text(tmp_path / "plan") == read_text(Path("elsewhere/plan")) == "there"
        assert is_file(Path("nowhere/plan")) and not is_file(tmp_path / "other")
        assert is_file(ROOT / "china-consumer.yaml") and not is_file(ROOT / "plan")
        assert find_plan("staged").data["name"] == "staged"
        with pytest.raises(InputError, match=r"got '100 bytes', expected a file of at most 99"):
            read_bytes(Path("big"), 99)
        with pytest.raises(InputError, match="other: got 'No such file"):
            read_text(tmp_path / "other")
    assert read_text(tmp_path / "plan") == "here"
    assert is_file(tmp_path / "plan") and not is_file(tmp_path) and not is_file(Path("no\0name"))


# --- a task on a node --------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def values_for_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of Ray: each reference is the value itself."""
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get=lambda reference: reference))  # type: ignore[arg-type]


def order(function: Callable[..., Any], task: object = "task", **others: Any) -> Order:
    fixed: dict[str, Any] = {"versions": own_versions(), "working_folder": "/home/of/user", "files": {}}
    return Order(pickle.dumps(function), pickle.dumps(task), **{**fixed, **others})


def read(task: str) -> str:
    return f"{read_text(Path('list.csv'))} {read_text(Path('/data/../data/map.yaml'))} {len(read_text(ROOT / 'us-cards.yaml')) > 0}"


def test_a_task_asks_for_each_file_by_its_absolute_name_and_then_reads_it() -> None:
    files: dict[str, Any] = {}
    assert list(work(order(read, files=files))) == [Misses("/home/of/user/list.csv")]
    files["/home/of/user/list.csv"] = b"list"
    assert list(work(order(read, files=files))) == [Misses("/data/map.yaml")]
    files["/data/map.yaml"] = b"map"
    assert list(work(order(read, files=files))) == [Done("list map True")]
    files["/data/map.yaml"] = InputError("/data/map.yaml", "", "Permission denied", "a readable file")
    with pytest.raises(InputError, match="Permission denied"):
        list(work(order(read, files=files)))


def go_on(task: str, folder: Path) -> list[str]:
    begun = sorted(path.name for path in folder.rglob("*.txt"))
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "much").write_bytes(bytes(25))
    (folder / ".unfinished").write_text("of a temporary name")
    time.sleep(0.05)
    (folder / "last.json").write_text("{}")
    return begun


def test_what_a_task_writes_goes_home_in_pieces_and_what_it_began_with_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray_task, "PIECE", 10)
    sent = list(work(order(go_on, begun={"seed-1/state.txt": b"so far"})))
    assert sent == [
        Wrote("deep/much", bytes(10), last=False),
        Wrote("deep/much", bytes(10), last=False),
        Wrote("deep/much", bytes(5), last=True),
        Wrote("last.json", b"{}", last=True),
        Done(["state.txt"]),
    ]


def work_long(task: str, folder: Path) -> None:
    for number in range(3):
        (folder / "checkpoint").write_text(str(number))
        time.sleep(0.5)


def test_what_a_long_task_writes_goes_home_while_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_task, "SENT_EVERY", 0.05)
    *sent, done = work(order(work_long, begun={}, sends_while_working=True))
    assert done == Done(None)
    assert sent == [Wrote("checkpoint", str(number).encode(), last=True) for number in range(3)]
    *sent, _ = work(order(work_long, begun={}))
    assert sent == [Wrote("checkpoint", b"2", last=True)]


def note_while_at_work(task: str, folder: Path) -> None:
    note = folder / "progress.json"
    note.write_text("{}")
    time.sleep(0.5)
    note.unlink()


def test_what_a_task_removes_goes_at_home_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_task, "SENT_EVERY", 0.05)
    gone = Removed("progress.json")
    sent = list(work(order(note_while_at_work, begun={}, sends_while_working=True)))
    assert sent == [Wrote("progress.json", b"{}", last=True), gone, Done(None)]
    assert list(work(order(note_while_at_work, begun={"progress.json": b"[]"}))) == [gone, Done(None)]
    assert list(work(order(note_while_at_work, begun={}))) == [Done(None)]  # never sent


def foreign(task: str) -> None:
    import a_module_of_the_user  # type: ignore[import-not-found]  # noqa: F401


def test_a_module_that_the_node_has_not_is_one_line() -> None:
    with pytest.raises(
        InputError, match=r"^--ray: node .*: a_module_of_the_user: got .*, expected installed on each node"
    ):
        list(work(order(foreign)))


@pytest.mark.parametrize("name", ["recoup", "numpy", "files of recoup"])
def test_other_versions_are_refused_and_both_are_named(name: str) -> None:
    ours = own_versions()
    with pytest.raises(InputError, match=rf"{name}: got '{ours[name]}', expected 0.0, as on the machine that asks"):
        list(work(order(read, versions={**ours, name: "0.0"})))
