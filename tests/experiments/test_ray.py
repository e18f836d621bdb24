"""Work on a Ray cluster of two nodes with homes and folders of their own: the same numbers as here, and what is lost is done again.

What users name (portfolio, map, scenario, plan, pseudonym key) is with the driver alone. Run by `make test-ray`, as Ray is no part of the
development tools; skipped without it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray")

from recoup.experiments.runs.ray_task import PIECE
from recoup.experiments.runs.workers import Folder, WorkerLost, run_each, team_of
from recoup.scenarios.schema import ROOT
from recoup.sim.inputs import InputError, read_text
from tests.command import HEED_CTRL_C, process

MINE = """extends: china-conduct
days: 20
name: mine
title: A list of accounts
accounts: null
portfolio: {file: list.csv, map: map.yaml}
"""
PLAN = (ROOT / "plans" / "staged.yaml").read_text(encoding="utf-8").replace("name: staged", "name: own-plan", 1)
FILES = {
    "mine.yaml": MINE,
    "map.yaml": "fields: {account_id: id, opening_balance: owed, dpd: days}\n",
    "list.csv": "id,owed,days\n" + "".join(f"a{n},{1000 + 37 * n},{30 + n}\n" for n in range(60)),
    "plan.yaml": PLAN,
}
COMPARE = ("compare", "-s", "mine.yaml", "-p", "plan.yaml", "-p", "no-contact", "--seeds", "2", "--no-why")


class Nodes:
    """A cluster on this machine whose nodes can be lost, one process tree each."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self.cluster, self._folder = Cluster(), folder
        self._nodes: list[object] = []
        self.start()
        self.start()

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def start(self) -> None:
        """Another node, with one processor, a home and a working folder of its own."""
        home, here = self._folder / f"node-{len(self._nodes)}", Path.cwd()
        home.mkdir()
        os.chdir(home)
        try:
            node = self.cluster.add_node(
                num_cpus=1,
                env_vars={"HOME": str(home), "RAY_USAGE_STATS_ENABLED": "0"},
                object_store_memory=100 << 20,
                include_dashboard=False,
                include_log_monitor=False,
            )
        finally:
            os.chdir(here)
        self._nodes.append(node)

    def lose(self) -> str:
        """The latest node, raylet and workers at once, as when a machine loses power; its home."""
        home = str(self._folder / f"node-{len(self._nodes) - 1}")
        for running in Path("/proc").iterdir():
            if running.name.isdigit() and f"HOME={home}" in _environment(running):
                os.kill(int(running.name), signal.SIGKILL)
        return home


def _environment(process: Path) -> list[str]:
    try:
        return (process / "environ").read_text(errors="replace").split("\0")
    except OSError:
        return []


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    nodes = Nodes(tmp_path_factory.mktemp("nodes"))
    yield nodes
    nodes.cluster.shutdown()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The driver's folder, with the user's files; its home, with his key."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(process(*arguments), capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    return done


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a run by name, without what names the run's own command line."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "report.html" and "tensorboard" not in path.parts:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    for name in found.keys() & {"results.json", "training-seeds.json", "sites.json"}:
        found[name] = json.dumps({**json.loads(found[name]), "command": ""}).encode()
    return found


# --- the same numbers --------------------------------------------------------------------------------------------


def test_a_comparison_leaves_the_same_files_here_in_processes_and_on_a_cluster(nodes: Nodes, here: Path) -> None:
    told = {}
    for name, where in (("one", ()), ("two", ("--workers", "2")), ("ray", ("--ray", nodes.address))):
        done = run(*COMPARE, "--out", name, *where)
        told[name] = done.stdout.replace(f"report: {name}/", "report: ")
        assert done.stderr == ""  # nothing of Ray's on the terminal
    one = contents(here / "one")
    assert {f"parts/{plan}/{seed}.json" for plan in ("own-plan", "no-contact") for seed in (1, 2)} <= one.keys()
    assert contents(here / "two") == one
    assert contents(here / "ray") == one
    assert told["ray"] == told["one"] == told["two"]
    assert not list((nodes._folder).rglob("pseudonym.key"))


@pytest.mark.parametrize(
    ("command", "left"),
    [
        (
            "stress -s mine.yaml -p plan.yaml --baseline no-contact --quick --seeds 2 --accounts 30 --json".split(),
            None,
        ),
        ("conduct -s mine.yaml -p plan.yaml --seeds 2 --accounts 30 --json".split(), None),
        (
            "tune plan.yaml -s mine.yaml --sweeps 1 --cohorts 3 --accounts 50 --field offers_refused --out t.yaml --json".split(),
            "t.yaml",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_commands_give_the_same_on_a_cluster(command: list[str], left: str | None, nodes: Nodes, here: Path) -> None:
    told, files = [], []
    for where in ((), ("--ray", nodes.address)):
        told.append(run(*command, *where).stdout)
        if left:
            files.append((here / left).read_bytes())
            (here / left).unlink()
    assert json.loads(told[0]) == json.loads(told[1])
    assert len(set(files)) <= 1


def test_sites_give_the_same_on_a_cluster(nodes: Nodes, here: Path) -> None:
    lender = "sites -s mine.yaml -p plan.yaml --accounts 120 --sites 2 --tolerance 0 --out".split()
    told = [run(*lender, "one").stdout, run(*lender, "ray", "--ray", nodes.address).stdout]
    assert contents(here / "ray") == contents(here / "one") and told[0] == told[1].replace("ray/sites", "one/sites")


def test_hybrids_give_the_same_on_the_cluster_that_the_environment_names(
    nodes: Nodes, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", nodes.address)
    run(*COMPARE, "--out", "run")
    told = []
    for where in ((), ("--ray", "auto")):
        told.append(json.loads(run("attribute", "run", "--seeds", "2", "--json", *where).stdout))
        (here / "run" / "trials.jsonl").unlink()
    assert told[0] == told[1]


def test_a_calibration_gives_the_same_on_a_cluster(nodes: Nodes, here: Path) -> None:
    from recoup.experiments.checks.calibration import measure, targets
    from recoup.scenarios.schema import load_scenario

    scenario, ids = load_scenario("china-consumer"), {target.id for target in targets()[:2]}
    alone = measure(scenario, range(901, 903), 200, ids)
    with team_of(1, nodes.address) as team:
        assert measure(scenario, range(901, 903), 200, ids, workers=team) == alone


TRAIN = "train -s mine.yaml --baseline plan.yaml --warm-start plan.yaml --training-seeds 2 --accounts 60 --steps 3000"


def test_trainings_of_several_seeds_give_the_same_on_a_cluster(nodes: Nodes, here: Path) -> None:
    pytest.importorskip("sb3_contrib")
    for name, where in (("one", ()), ("ray", ("--ray", nodes.address))):
        run(*TRAIN.split(), "--out", name, *where)
    one, ray = (_without_commands(contents(here / name)) for name in ("one", "ray"))
    assert one.keys() == ray.keys()
    assert {"seed-1/checkpoint.zip", "seed-2/progress.jsonl", "policy.safetensors"} <= one.keys()
    assert [name for name in one if one[name] != ray[name] and not name.endswith("checkpoint.zip")] == []


def _without_commands(found: dict[str, bytes]) -> dict[str, bytes]:
    for name, content in found.items():
        if name.endswith("policy.json"):
            card = json.loads(content)
            card["training"]["command"] = ""
            found[name] = json.dumps(card).encode()
    return found


# --- what is lost ------------------------------------------------------------------------------------------------

SCRIPT = """
import os, sys, time
import numpy as np
import recoup

class Slow:
    '''Leaves a mark when its simulation begins, and takes its time.'''

    def __init__(self, marks):
        self.marks, self.begun = marks, False

    def act(self, observations, masks):
        if not self.begun:
            self.begun = True
            with open(f"{self.marks}/{time.time_ns()}", "w") as file:
                file.write(os.environ["HOME"])
            time.sleep(6)
        return np.zeros(len(observations), int)

marks, out, ray, resume = sys.argv[1:5]
os.makedirs(marks, exist_ok=True)
recoup.compare("mine.yaml", ["plan.yaml", Slow(marks)], seeds=3, out=out, ray=ray or None, resume=resume == "yes")
"""


def drive(here: Path, out: str, ray: str = "", resume: str = "no") -> subprocess.Popen[str]:
    """A driver that compares a slow Python policy with a plan; the policy's class is nowhere but in its script."""
    marks = here / "marks"
    (here / "driver.py").write_text(f"{HEED_CTRL_C}\n{SCRIPT}")
    return subprocess.Popen(
        [sys.executable, "driver.py", str(marks), out, ray, resume],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def marks_of(here: Path) -> list[str]:
    """Homes of the nodes where slow simulations have begun."""
    return [path.read_text() for path in sorted((here / "marks").glob("*"))] if (here / "marks").exists() else []


def until(true: Callable[[], bool], driver: subprocess.Popen[str]) -> None:
    """Wait for what the driver has to do."""
    while not true():
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.1)


def ended(driver: subprocess.Popen[str]) -> None:
    _, stderr = driver.communicate(timeout=300)
    assert driver.returncode == 0, stderr


def test_a_node_lost_in_mid_run_costs_nothing_but_time(nodes: Nodes, here: Path) -> None:
    driver = drive(here, "ray", nodes.address)
    until(lambda: len(set(marks_of(here))) == 2, driver)
    lost = nodes.lose()
    ended(driver)
    begun = marks_of(here)
    assert begun.count(lost) == 1 and len(begun) == 4  # three simulations, and the one that was lost once more
    ended(drive(here, "alone"))
    assert contents(here / "ray") == contents(here / "alone")
    nodes.start()


def test_a_driver_that_is_killed_goes_on_where_it_was(nodes: Nodes, here: Path) -> None:
    driver = drive(here, "ray", nodes.address)
    until(lambda: (here / "ray" / "parts" / "slow" / "1.json").exists(), driver)
    driver.kill()
    driver.communicate()
    finished = {path: path.stat().st_mtime_ns for path in (here / "ray" / "parts").rglob("*.json")}
    ended(drive(here, "ray", nodes.address, "yes"))
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    ended(drive(here, "alone"))
    assert contents(here / "ray") == contents(here / "alone")


def test_ctrl_c_keeps_what_is_finished_and_frees_the_cluster(nodes: Nodes, here: Path) -> None:
    driver = drive(here, "ray", nodes.address)
    until(lambda: (here / "ray" / "parts" / "slow" / "1.json").exists(), driver)
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=60)
    assert driver.returncode != 0
    ended(drive(here, "ray", nodes.address, "yes"))


def test_a_training_whose_node_is_lost_goes_on_from_its_checkpoint(nodes: Nodes, here: Path) -> None:
    pytest.importorskip("sb3_contrib")
    command = TRAIN.replace("3000", "20000").split()
    run(*command, "--out", "one")
    driver = subprocess.Popen(
        process(*command, "--out", "ray", "--ray", nodes.address),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: all((here / "ray" / f"seed-{n}" / "progress.jsonl").exists() for n in (1, 2)), driver)
    nodes.lose()
    ended(driver)
    one, ray = (_without_commands(contents(here / name)) for name in ("one", "ray"))
    assert [name for name in one if one[name] != ray[name] and not name.endswith("checkpoint.zip")] == []
    nodes.start()


# --- tasks -------------------------------------------------------------------------------------------------------


def read_and_write(task: str, folder: Path) -> tuple[str, bool]:
    (folder / f"{task}.txt").write_text(read_text(Path(f"{task}.in")))
    return read_text(Path("shared.in")), (folder / "begun.txt").exists()


def write_much(task: str, folder: Path) -> int:
    content = bytes(range(256)) * (300 << 10)
    (folder / task).write_bytes(content)
    return len(content)


def complain(number: int) -> int:
    if number == 2:
        raise InputError("list.csv", f"line {number}", complain, "something else")
    return number


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_task_reads_the_drivers_files_never_the_nodes_and_leaves_its_own_with_the_driver(
    nodes: Nodes, here: Path
) -> None:
    for name in ("a", "b", "shared"):
        (here / f"{name}.in").write_text(f"{name} of the driver")
        for home in nodes._folder.iterdir():
            (home / f"{name}.in").write_text("of the node")
    (here / "out").mkdir()
    (here / "out" / "begun.txt").write_text("")
    with team_of(1, nodes.address) as team:
        for begun in (None, lambda task: [here / "out" / "begun.txt"]):
            found = dict(run_each(read_and_write, ["a", "b"], team, Folder(here / "out", begun)))
            assert found == dict.fromkeys("ab", ("shared of the driver", begun is not None))
        with pytest.raises(InputError, match=r"missing.in: got 'No such file or directory'"):
            list(run_each(read_and_write, ["missing"], team, Folder(here / "out")))
    assert {path.name: path.read_text() for path in (here / "out").iterdir()} == {
        "a.txt": "a of the driver",
        "b.txt": "b of the driver",
        "begun.txt": "",
    }


def test_a_large_file_comes_home_in_pieces(nodes: Nodes, here: Path) -> None:
    with team_of(1, nodes.address) as team:
        ((_, size),) = run_each(write_much, ["much"], team, Folder(here / "out"))
    assert size == 75 << 20 > 2 * PIECE
    assert (here / "out" / "much").read_bytes() == bytes(range(256)) * (300 << 10)


def test_errors_of_tasks_are_those_of_the_task_and_a_deadly_one_is_given_up(nodes: Nodes) -> None:
    with team_of(1, nodes.address) as team:
        with pytest.raises(
            InputError, match=r"^list.csv: line 2: got <function complain at .*, expected something else$"
        ):
            list(run_each(complain, [1, 2, 3], team))
        with pytest.raises(WorkerLost, match="lost 5 times"):
            list(run_each(die, [1], team))
        assert dict(run_each(complain, [1, 3], team)) == {1: 1, 3: 3}


def test_a_program_that_is_connected_keeps_its_connection(nodes: Nodes) -> None:
    import ray

    ray.init(address=nodes.address, log_to_driver=False)
    try:
        for _ in range(2):
            with team_of(1, "auto") as team:
                assert dict(run_each(complain, [1, 3], team)) == {1: 1, 3: 3}
    finally:
        ray.shutdown()


def test_a_node_with_another_version_is_refused_in_one_line(
    nodes: Nodes, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recoup.experiments.runs import ray_cluster

    theirs = ray_cluster.own_versions()
    monkeypatch.setattr(ray_cluster, "own_versions", lambda: {**theirs, "recoup": "99.1"})
    told = rf"recoup: got '{theirs['recoup']}', expected 99.1, as on the machine"
    with pytest.raises(InputError, match=told), team_of(1, nodes.address):
        pass


@pytest.mark.parametrize("address", ["auto", "127.0.0.1:1", "127.0.0.1:99999", "local", "ray://127.0.0.1:10001"])
def test_no_cluster_is_one_line(address: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # so that «auto» does not find the other tests' cluster
    done = subprocess.run(
        process(*COMPARE, "--out", "run", "--ray", address), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    named = "127.0.0.1:1" if address == "auto" else address
    assert done.stderr.startswith(f"recoup: --ray: got '{named}', expected")
    assert not (here / "run").exists()
