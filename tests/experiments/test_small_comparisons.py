"""Any small comparison goes through everything that reads it: what is undefined is null or a dash everywhere, never an error."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recoup.experiments.comparison.audit import audit_run
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import render
from recoup.experiments.robustness.attribution import attribute
from recoup.experiments.robustness.stress import STRESS, stress, stress_set
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.experiments.runs.runfolder import write_json
from tests.command import recoup

PLANS = ["no-contact", "status-quo", "staged", "tiered", "learned", "distilled", "contact-capped", "simple"]

comparisons = st.builds(
    Comparison,
    scenario=st.sampled_from(["china-consumer", "taiwan-cards"]),
    policies=st.lists(st.sampled_from(PLANS), min_size=1, max_size=3, unique=True).map(tuple),
    accounts=st.integers(1, 50),
    days=st.integers(1, 20),
    seeds=st.integers(1, 3),
    first_seed=st.integers(501, 9999),
    events=st.booleans(),
)


def goes_through(comparison: Comparison) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "run"
        results = compare(comparison, folder)
        json.loads((folder / "results.json").read_text(), parse_constant=pytest.fail)  # NaN and Infinity are no JSON
        for name in results["policies"]:
            for measured in results["policies"][name].values():
                assert measured["mean"] is not None or measured["low"] is measured["high"] is None
        assert recoup("fairness", folder).returncode == 0
        if comparison.events:
            assert audit_run(folder, None, "zh")[0]["treatments_in_breach"] == dict.fromkeys(results["policies"], 0)
        if len(comparison.policies) > 1:
            attribute(folder, *comparison.policies[:2], seeds=1)
            variants = list(stress_set())[:: len(comparison.policies) * 40]
            pair = Comparison(**{**comparison.settings, "policies": comparison.policies[:2]})
            write_json(folder / STRESS, stress(pair, 1, variants, TrialCache(None)))
        for language in ("en", "zh"):
            page = render(folder, language).read_text()
            assert ">nan" not in page and "None" not in page


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(comparisons)
@example(Comparison(policies=("no-contact", "staged"), accounts=5, days=3, seeds=2, first_seed=501))
@example(Comparison("taiwan-cards", ("status-quo", "no-contact"), accounts=1, days=1, seeds=1, first_seed=502))
def test_a_small_comparison_goes_through(comparison: Comparison) -> None:
    goes_through(comparison)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(comparisons)
def test_many_small_comparisons_go_through(comparison: Comparison) -> None:
    goes_through(comparison)
