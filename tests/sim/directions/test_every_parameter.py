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
    **dict.fromkeys(
        (
            "more_channels.*.by_number",
            "more_channels.*.machine",
            "operations.more_pools.*",
            "products.*.annual_rate",
            "products.*.card",
            "products.*.pay",
            "products.*.reach",
            "tiers.dpd",
            "tiers.points",
            "tiers.points_for.broken",
        ),
        "a scenario's own: tests/sim/test_own_lists.py",
    ),
    "dpd_bands": "of tables and roll rates: tests/scenarios/test_own_lists.py, tests/experiments/test_own_buckets.py",
}


def test_every_numeric_parameter_has_a_direction_or_a_reason():
    parameters = numeric_parameters()
    assert len(parameters) > 250 and "behaviour.reach.sms" in parameters
    without = [p for p in parameters if not any(fnmatchcase(row.path, p) for row in ROWS)]
    reasons = [*IDLE, *ELSEWHERE]
    assert [p for p in without if not any(fnmatchcase(p, reason) for reason in reasons)] == []
    assert [reason for reason in reasons if not any(fnmatchcase(p, reason) for p in without)] == []
