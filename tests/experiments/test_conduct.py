"""What the correction loop is worth: paired under common random numbers, and said plainly."""

from __future__ import annotations

from typing import Any

import pytest

from recoup.experiments.commands.conduct import answer
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.report.text import text_in
from recoup.experiments.robustness.conduct import FIGURES, Arm, measure_loop, without_loop
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.parameters import Conduct


def eager() -> Any:
    """The shipped scenario with a loop that acts on the first complaints, and complaints that come."""
    scenario = load_scenario("china-conduct")
    behaviour = scenario.world.behaviour.model_copy(update={"complaint_fatigue": 2.5})
    conduct = Conduct.model_validate(
        {
            "regulator": {"tolerated": 5, "days": 30, "cost": 3000},
            "corrections": [
                {"id": "rest", "watch": "complaints", "above": 5, "days": 30}
                | {"suspend": {"channels": ["collector"], "days": 20}}
            ],
        }
    )
    return scenario.with_world(scenario.world.model_copy(update={"behaviour": behaviour, "conduct": conduct}))


def test_with_and_without_are_paired_and_differ_by_the_loop_alone() -> None:
    scenario, calls = eager(), []
    result = measure_loop(scenario, ["status-quo"], [1, 2], accounts=200, days=60, on_run=lambda: calls.append(1))
    assert measure_loop(scenario, ["status-quo"], [1, 2], accounts=200, days=60, workers=2) == result
    plan = result["plans"]["status-quo"]
    assert len(calls) == 4 and result["accounts"] == 200 and result["seeds"] == [1, 2]
    assert set(plan["figures"]) == set(Arm) and set(plan["difference"]) == {f.name for f in FIGURES}
    assert plan["figures"][Arm.NO_LOOP]["acts"]["mean"] == 0 == plan["figures"][Arm.NO_LOOP]["channel_days"]["mean"]
    assert (
        plan["figures"][Arm.LOOP]["channel_days"]["mean"] > 10 and plan["difference"]["complaints_per_1000"]["high"] < 0
    )
    run = rollout(without_loop(scenario), "status-quo", scenario.portfolio(200, 1), 1, 60)
    other = rollout(without_loop(scenario), "status-quo", scenario.portfolio(200, 2), 2, 60)
    expected = 1000 * (run.accounts["complaints"].sum() + other.accounts["complaints"].sum()) / 400
    assert plan["figures"][Arm.NO_LOOP]["complaints_per_1000"]["mean"] == pytest.approx(expected)
    assert run.daily["regulator_cost"].sum() > 0  # the regulator stays
    acts = plan["acts"]
    assert {act["seed"] for act in acts} == {1, 2} and all(act["rate"] > act["above"] for act in acts)


def test_a_scenario_without_corrections_is_refused() -> None:
    with pytest.raises(InputError, match="corrections: got 'nothing', expected at least one correction"):
        without_loop(load_scenario("china-consumer"))


@pytest.mark.parametrize(
    ("complaints", "net", "expected"),
    [
        (
            (-5, -6, -4),
            (0.01, 0.005, 0.02),
            ("fewer complaints (−5.0", "more recovered after costs (+1.00"),
        ),
        ((-5, -6, 1), (-0.01, -0.02, -0.005), ("no difference in complaints shown", "less recovered after costs")),
        ((5, 2, 8), (0.0, -0.1, 0.1), ("more complaints", "no difference in recovery after costs shown")),
        ((5, None, None), (0.0, None, None), ("not decided",)),
    ],
)
def test_the_answer_says_what_holds_at_95_per_cent(complaints: Any, net: Any, expected: tuple[str, ...]) -> None:
    def cell(values: Any) -> dict[str, Any]:
        return dict(zip(("mean", "low", "high"), values, strict=True))

    loop = {"difference": {"complaints_per_1000": cell(complaints), "net_recovery_rate": cell(net)}}
    said = answer("status-quo", loop, text_in("en")).replace("\u00a0", " ")
    assert said.startswith(("status-quo, at 95 %: ", "status-quo: one seed")) and all(
        part in said for part in expected
    ), said
