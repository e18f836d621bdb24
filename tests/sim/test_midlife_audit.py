"""Gate and audit agree on accounts in mid-life: what had happened before the first day counts in both."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.scenarios.schema import find_rules, load_scenario
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.eventlog import LogFile
from recoup.sim.simulation import Simulation
from tests.sim.test_audit import SCENARIO_OF, Litigious, eventful, everything, found_by, old_and_new
from tests.sim.test_reference import step

BEFORE, AFTER = 40, 50


def middle(pack_name: str, seed: int, gate: bool, log: bool | LogFile = True) -> Simulation:
    """A run from the middle of another, with every kind of thing in its past."""
    pack = everything() if pack_name == "everything" else find_rules(pack_name)
    scenario = load_scenario(SCENARIO_OF.get(pack_name, "uk-loans"))
    world = eventful(scenario.world)
    first = Simulation(world, old_and_new(scenario, pack, seed), pack, seed)
    for _ in range(BEFORE):
        step(first, Litigious(seed))
    return Simulation(world, first.portfolio_now(), pack, seed, gate=gate, record_events=log, first_day=BEFORE)


@pytest.mark.parametrize("pack_name", ["everything", "china", "us-reg-f", "thailand"])
def test_a_gated_run_from_the_middle_audits_to_zero_and_a_free_one_to_what_the_gate_counts(pack_name: str) -> None:
    for gate in (True, False):
        simulation = middle(pack_name, 3, gate)
        for _ in range(AFTER):
            step(simulation, Litigious(3))
        found = found_by(audit(typed_log(simulation.audit_table()), simulation.rules))
        events = simulation.events_table()
        counted = events[events["breach"]]
        assert {(account, day) for _, account, day in found} == set(
            zip(counted["account_id"], counted["day"], strict=True)
        )
        assert (not found) if gate else len(found) > 50


def test_without_what_had_happened_before_the_audit_would_be_wrong() -> None:
    simulation = middle("everything", 3, gate=False)
    for _ in range(AFTER):
        step(simulation, Litigious(3))
    log = simulation.audit_table()
    told = audit(typed_log(log), simulation.rules)
    untold = audit(typed_log(log[~log["earlier"].to_numpy(bool)].reset_index(drop=True)), simulation.rules)
    assert len(found_by(told) ^ found_by(untold)) > 20
    # What had happened before is counted, and not judged: the same rows are looked at.
    assert sum(one.tested for one in told) >= sum(one.tested for one in untold)


def test_the_file_says_what_memory_does(tmp_path: Path) -> None:
    in_memory = middle("china", 4, gate=True)
    names = in_memory.portfolio.column("account_id")
    in_file = middle("china", 4, gate=True, log=LogFile(tmp_path / "log.parquet", names))
    for simulation in (in_memory, in_file):
        for _ in range(10):
            step(simulation, Litigious(4))
    in_file.ledger.finish_log()
    one, other = (
        sorted(repr(row) for piece in typed_log(source).pieces(10**6) for row in piece.drop_columns("line").to_pylist())
        for source in (in_memory.audit_table(), tmp_path / "log.parquet")
    )
    assert one == other and sum("'earlier': True" in row for row in one) > 100
