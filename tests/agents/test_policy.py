"""The contract of a policy is its docstring, and the example in it runs."""

from __future__ import annotations

import doctest

from recoup.agents import policy


def test_the_example_of_a_policy_of_ones_own_runs() -> None:
    results = doctest.testmod(policy)
    assert results.attempted > 0 and results.failed == 0
