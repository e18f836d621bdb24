"""Attribution: hybrids of one policy are that policy, shares add up, a part that does not differ has no share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recoup.agents.plans.plan import Plan
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import render
from recoup.experiments.robustness.attribution import attribute, shapley, subsets
from recoup.experiments.robustness.hybrid import PARTS, Crossing, Hybrid
from recoup.experiments.robustness.trial import Trial, run_trial
from recoup.scenarios.schema import load_scenario
from recoup.scenarios.world_variants import AS_IT_IS
from recoup.sim.inputs import InputError
from recoup.sim.simulation import Simulation

COMPARISON = Comparison("china-consumer", ("staged", "tiered"), seeds=2, accounts=120, days=50)


def test_shapley_values_are_exact_on_known_games() -> None:
    worth = dict(zip(PARTS, (0.1, -0.2, 0.3, 0.0), strict=True))
    additive = {chosen: sum(worth[part] for part in chosen) for chosen in subsets()}
    assert shapley(additive) == pytest.approx(worth)
    together = {chosen: float({"timing", "offer"} <= chosen) for chosen in subsets()}
    assert shapley(together) == pytest.approx({"timing": 0.5, "offer": 0.5, "channel": 0, "legal": 0})


def test_parts_come_from_the_policy_that_is_named() -> None:
    scenario = load_scenario("china-consumer")
    simulation = Simulation(scenario.world, scenario.portfolio(300, 1), scenario.rules, 1)
    menu, seen, masks = simulation.menu, simulation.observe(), simulation.masks()
    ours, theirs = (Plan.load(name, menu).act(seen, masks) for name in ("staged", "tiered"))
    crossing = Crossing(menu)
    assert (crossing.cross(ours, theirs, masks, frozenset()) == ours).all()
    assert (crossing.cross(ours, theirs, masks, frozenset(PARTS)) == theirs).all()
    for chosen in subsets():
        mixed = crossing.cross(ours, theirs, masks, chosen)
        assert masks[np.arange(mixed.size), mixed].all()
        assert (crossing.cross(ours, ours, masks, chosen) == ours).all()
        legal, timing = (theirs if part in chosen else ours for part in ("legal", "timing"))
        for row, index in enumerate(mixed):
            done, due = menu.treatments[index], menu.treatments[legal[row]]
            assert done.legal == due.legal
            if not due.legal and not menu.treatments[timing[row]].channel:
                assert index == 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    compare(COMPARISON, folder)
    return folder


def test_shares_add_up_to_the_difference_of_the_run(finished: Path) -> None:
    result = attribute(finished, seeds=2)
    assert list(result["measures"]) == ["npv_rate", "recovery_rate"]
    for found in result["measures"].values():
        assert list(found["parts"]) == list(PARTS)
        assert sum(part["mean"] for part in found["parts"].values()) == pytest.approx(found["total"]["mean"])
    assert attribute(finished, seeds=2) == result and len((finished / "trials.jsonl").read_text().splitlines()) == 28
    assert {result["from"], result["to"]} == {"staged", "tiered"} and result["hybrids"] == 14
    assert 'id="attribution"' in render(finished).read_text(encoding="utf-8")
    with pytest.raises(InputError, match="--to"):
        attribute(finished, end="stagd")
    with pytest.raises(InputError, match="two different"):
        attribute(finished, "staged", "staged")


def test_whole_policies_give_the_figures_of_the_run(finished: Path) -> None:
    import json

    for name, chosen in (("staged", frozenset[str]()), ("tiered", frozenset(PARTS))):
        part = json.loads((finished / "parts" / name / "1.json").read_text())
        measured = run_trial(Trial(COMPARISON, Hybrid("staged", "tiered", chosen), AS_IT_IS, 1)).measures
        assert measured["recovery_rate"] == part["measures"]["recovery_rate"]
