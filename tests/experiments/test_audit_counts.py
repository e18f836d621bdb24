"""Counts of audits: findings written by hand, by rule, by policy, and over seeds."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from recoup.experiments.comparison.audit import summary, tally


def rule(name: str) -> SimpleNamespace:
    return SimpleNamespace(id=name, kind="k", text="t", text_zh="z", parameters={}, source="law", confidence="A")


def finding(name: str, lines: list[int], tested: int, near: int, stopped: int, missing: tuple = ()) -> SimpleNamespace:
    breaches = pd.DataFrame({"line": lines})
    return SimpleNamespace(
        rule=rule(name), breaches=breaches, tested=tested, near=near, stopped=stopped, missing=missing
    )


FIRST = [finding("hours", [3, 5], 100, 7, 1), finding("calls", [5, 9, 11], 50, 2, 4)]
SECOND = [finding("hours", [], 200, 9, 2), finding("calls", [1], 60, 3, 5, ("recipient",))]


def test_a_treatment_that_breaks_two_rules_is_one_in_breach():
    found = tally(FIRST)
    assert found["treatments_in_breach"] == 4  # lines 3, 5, 9, 11
    assert found["rules"]["hours"] == {"missing": [], "tested": 100, "near": 7, "stopped": 1, "breaches": 2}
    assert found["rules"]["calls"] == {"missing": [], "tested": 50, "near": 2, "stopped": 4, "breaches": 3}


def test_counts_add_up_over_seeds_and_policies():
    pack = SimpleNamespace(name="p", title="P", rules=[rule("hours"), rule("calls")])
    found = summary(pack, {"staged": [tally(FIRST), tally(SECOND)], "tiered": [tally(SECOND)]})
    assert found["logs"] == 3
    assert found["treatments_in_breach"] == {"staged": 5, "tiered": 1}
    hours, calls = found["rules"]
    assert (hours["tested"], hours["near"], hours["stopped"], hours["breaches"]) == (500, 25, 5, 2)
    assert hours["by_policy"]["staged"] == {"tested": 300, "near": 16, "stopped": 3, "breaches": 2}
    assert (calls["tested"], calls["near"], calls["stopped"], calls["breaches"]) == (170, 8, 14, 5)
    assert calls["by_policy"]["tiered"] == {"tested": 60, "near": 3, "stopped": 5, "breaches": 1}
    assert (hours["missing"], calls["missing"]) == ([], ["recipient"])
