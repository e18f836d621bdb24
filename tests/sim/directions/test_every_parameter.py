"""Every number of a world stands in a table of directions, or in a short list that says why it can move nothing."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.sim.directions import (
    numeric_parameters,
    test_behaviour,
    test_courts_and_people,
    test_horizon,
    test_operations,
)

TABLES = (test_behaviour, test_operations, test_courts_and_people, test_horizon)
ROWS = [row for table in TABLES for row in table.ROWS]
IDLE = test_behaviour.IDLE | test_operations.IDLE
ELSEWHERE = {
    "decision_every_days": "who asks the policy keeps to it, not the simulation: tests/sim/test_environments.py",
}


def test_every_numeric_parameter_has_a_direction_or_a_reason():
    parameters = numeric_parameters()
    assert len(parameters) > 250 and "behaviour.reach.sms" in parameters
    without = [p for p in parameters if not any(fnmatchcase(row.path, p) for row in ROWS)]
    assert sorted(without) == sorted(IDLE | ELSEWHERE)
