"""What other code may rely on: names instead of positions, one direction of imports, one table of resources."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recoup.sim
from recoup.agents.plans import decision_table
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Event
from recoup.sim.compiled import FOLDER, fingerprint, folder_of
from recoup.sim.observation import FIELD_INDEX, FIELDS, OBSERVATION, by_name, observe
from recoup.sim.operations.courts import court_fee, court_fee_cents
from recoup.sim.operations.resources import (
    QUEUES,
    RESOURCE_NAMES,
    RESOURCES,
    queue_of,
)
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import STANDARD, Channel, Window

SIM = Path(recoup.sim.__file__).parent
MODULES = {
    ".".join(("recoup.sim", *file.relative_to(SIM).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in SIM.rglob("*.py")
}


def imports_of(file: Path) -> set[str]:
    """Our own modules that a file imports anywhere, also in functions and under TYPE_CHECKING."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.startswith("recoup")}


def test_sim_imports_one_way_only() -> None:
    imports = {name: imports_of(file) for name, file in MODULES.items()}
    assert all(target.startswith("recoup.sim") for targets in imports.values() for target in targets)
    rest = {name: targets & MODULES.keys() - {name, "recoup.sim"} for name, targets in imports.items()}
    while leaves := [name for name, targets in rest.items() if not targets & rest.keys()]:
        for name in leaves:
            del rest[name]
    assert not rest, "these modules import each other in a circle"


def test_observations_are_one_memory_under_two_names() -> None:
    observations = np.arange(3 * len(FIELDS), dtype=np.float32).reshape(3, -1)
    named = by_name(observations)
    assert OBSERVATION.names == tuple(field.name for field in FIELDS)
    for field in FIELDS:
        assert np.array_equal(named[field.name], observations[:, FIELD_INDEX[field.name]])
    named["balance"] = -1.0
    assert (observations[:, FIELD_INDEX["balance"]] == -1.0).all()


def test_every_field_is_written() -> None:
    source = ast.parse(Path(observe.py_func.__code__.co_filename).read_text(encoding="utf-8"))
    kernel = next(node for node in ast.walk(source) if isinstance(node, ast.FunctionDef) and node.name == "see")
    written = [
        target.attr
        for node in ast.walk(kernel)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "o"
    ]
    assert written == [field.name for field in FIELDS]


def test_queues_are_numbered_without_gap_or_overlap() -> None:
    numbers = [queue_of(resource, int(window)) for resource in range(len(RESOURCES)) for window in Window]
    assert sorted(numbers) == list(range(16)) and QUEUES == 32  # with room for as many pools of a scenario's own
    assert RESOURCE_NAMES == ("collector", "specialist", "autocall", "visit")
    served = {one.channel: one.pool for one in STANDARD.channels if one.pool}
    assert list(served) == [Channel.AUTOCALL, Channel.COLLECTOR, Channel.SPECIALIST, Channel.VISIT]
    assert all(pool == channel.name.lower() for channel, pool in served.items())


@pytest.mark.parametrize("resource", RESOURCES, ids=RESOURCE_NAMES)
def test_observed_loads_are_those_of_the_table(resource) -> None:  # type: ignore[no-untyped-def]
    assert (f"{resource.name}_load" in FIELD_INDEX) == resource.load_observed
    assert (f"{resource.name}_fill" in FIELD_INDEX) == resource.fill_observed


def test_court_fee_is_the_schedule_of_order_481() -> None:
    """By hand: 50 up to 10,000; then 2.5 % to 100,000, 2 % to 200,000, 1.5 % to 500,000; halved by summary procedure."""
    steps = load_scenario("china-consumer").world.courts.fee_steps
    claims = [0.0, 5_000.0, 10_000.0, 60_000.0, 150_000.0, 300_000.0]
    fees = [0.0, 50.0, 50.0, 50 + 1_250.0, 50 + 2_250 + 1_000.0, 50 + 2_250 + 2_000 + 1_500.0]
    assert [court_fee(claim, steps, 1.0) for claim in claims] == pytest.approx(fees)
    assert [court_fee(claim, steps, 0.5) for claim in claims] == pytest.approx([fee / 2 for fee in fees])
    assert [court_fee_cents(int(100 * claim), steps, 0.5) for claim in claims] == [round(50 * fee) for fee in fees]
    assert court_fee_cents(1_000_049, steps, 1.0) == 5_001  # 50.01225: to the cent


def test_a_day_comes_back_with_its_record() -> None:
    scenario = load_scenario("china-consumer")
    simulation = Simulation(scenario.world, scenario.portfolio(300, 3), scenario.rules, 3)
    kept = np.array([4, 250, 0])
    flows = np.zeros(300, np.int64)
    for day in range(40):
        rows, choice = simulation.open_accounts, np.random.default_rng(day).random((simulation.open_accounts.size, 1))
        masks = simulation.masks()
        actions = np.where(choice[:, 0] < 0.5, np.argmax(masks * np.random.default_rng(day).random(masks.shape), 1), 0)
        before = simulation.accounts["cash"].copy(), simulation.accounts["cost"].copy()
        record = simulation.advance(actions, keep_evening=kept)
        assert record.day == day and record.rows is rows
        cash, cost = (simulation.accounts[name] - then for name, then in zip(("cash", "cost"), before, strict=True))
        assert np.array_equal(record.net_flow, (cash - cost)[rows])
        assert record.figures == simulation.daily_table().iloc[-1].to_dict()
        assert record.figures["cash"] - record.figures["cost"] == record.net_flow.sum()
        is_open = np.isin(kept, rows)
        assert np.array_equal(record.evening["number"], kept)
        assert np.array_equal(record.evening["cash_today"][is_open], cash[kept][is_open])
        chosen = actions[np.searchsorted(rows, kept[is_open])]
        reviewed = (
            record.evening["events"][is_open] & Event.REVIEW > 0
        )  # a request that opens a review does nothing else
        assert np.array_equal(record.evening["treatment"][is_open], np.where(reviewed, 0, chosen))
        np.add.at(flows, record.rows, record.net_flow)
    assert np.array_equal(flows, simulation.accounts["cash"] - simulation.accounts["cost"]) and flows.any()
    nothing = np.zeros(simulation.open_accounts.size, np.int64)
    assert simulation.advance(nothing).evening.size == 0


def test_compile_cache_notices_a_change_in_any_folder(tmp_path: Path) -> None:
    deep = tmp_path / "operations" / "courts.py"
    deep.parent.mkdir()
    for file in (tmp_path / "debtor.py", deep):
        file.write_text("x = 1\n")
    marks = [fingerprint(tmp_path), fingerprint(tmp_path)]
    deep.write_text("x = 10\n")
    marks.append(fingerprint(tmp_path))
    deep.rename(tmp_path / "courts.py")
    marks.append(fingerprint(tmp_path))
    assert marks[0] == marks[1] and len(set(marks)) == 3
    compiled: Any = observe
    assert fingerprint() in str(compiled.stats.cache_path)


def test_code_of_other_packages_is_cached_by_their_own_sources_too() -> None:
    """A change of agents/sampling.py must reach the compiled code of agents/plans, as one of sim/ does."""
    agents = SIM.parent / "agents"
    choice: Any = decision_table._deciding
    path = str(choice.stats.cache_path)
    assert path.startswith(f"{FOLDER}{os.sep}") and fingerprint(agents) in path
    assert folder_of("recoup.agents.sampling", str(agents / "sampling.py")) == str(Path(path).parent)
    assert folder_of("recoup.sim.debtor", str(SIM / "debtor.py")) == FOLDER


def test_compiled_code_beyond_the_packages_notices_a_change_in_the_file_beside_it(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    head = "from recoup.sim.compiled import njit\n"
    (code / "caller.py").write_text(f"{head}import helper\n@njit()\ndef told():\n    return 10 * helper.number()\n")
    script = f"from recoup.sim import compiled; compiled.FOLDER = {str(tmp_path / 'cache')!r}; import caller; print(caller.told())"
    paths = os.pathsep.join([str(code), str(SIM.parent.parent), os.environ.get("PYTHONPATH", "")])
    answers = []
    for number in (1, 2, 2):
        (code / "helper.py").write_text(
            f"{head}@njit()\ndef number():\n    return {number}{'  # as before' * (number - 1)}\n"
        )
        run = [sys.executable, "-c", script]
        answers.append(
            subprocess.run(
                run, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True
            ).stdout
        )
    assert answers == ["10\n", "20\n", "20\n"]
