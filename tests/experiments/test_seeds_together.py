"""Seeds put together: three seeds of two policies with figures written by hand, and what results.json has to say of them."""

from __future__ import annotations

import json

import pytest

from recoup.experiments.comparison.compare import claims, compare
from recoup.experiments.comparison.settings import Comparison

COMPARISON = Comparison("china-consumer", ("status-quo", "staged"), seeds=3, accounts=12, days=4)
RECOVERY = {"status-quo": [0.20, 0.30, 0.40], "staged": [0.26, 0.36, 0.52]}
TIME = {"status-quo": [100.0, 50.0, 150.0], "staged": [70.0, 35.0, 105.0]}
TIERS = {"status-quo": [(5, 4, 3), (6, 3, 3), (7, 5, 0)], "staged": [(5, 4, 3), (6, 3, 3), (7, 5, 0)]}
BREACHES = {"status-quo": [{}, {}, {}], "staged": [{"calls": 3, "hours": 1}, {"calls": 4}, {"letters": 2}]}
BLOCKED = {"status-quo": [{"calls": 10}, {}, {"calls": 5}], "staged": [{}, {"hours": 7}, {"hours": 1}]}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("seeds") / "run"
    compare(COMPARISON, folder)
    for policy in RECOVERY:
        for number, seed in enumerate((1, 2, 3)):
            path = folder / "parts" / policy / f"{seed}.json"
            part = json.loads(path.read_text())
            part["measures"] |= {
                "recovery_rate": RECOVERY[policy][number],
                "time_to_recover_days": TIME[policy][number],
                "cost_to_collect": None if number == 1 else 0.1 * (number + 1),
            }
            part["tiers"]["high"]["recovery_rate"] = [0.1, 0.5, None][number]
            part["tier_accounts"] = dict(zip(("low", "medium", "high"), TIERS[policy][number], strict=True))
            part["roll_rates"]["M2→M3"] = [0.5, 0.7, 0.9][number]
            part["events"]["suits"] = [1, 2, 6][number]
            part["resources"]["collector"] |= {
                "seconds_used": [10, 20, 60][number],
                "seconds_on_shift": [100, 100, 200][number],
            }
            part["legal_team"]["active_cases"] = [1.5, 2.5, 5.0][number]
            part |= {"breaches": BREACHES[policy][number], "blocked": BLOCKED[policy][number], "audit": None}
            path.write_text(json.dumps(part))
    (folder / "results.json").unlink()
    compare(COMPARISON, folder, resume=True)
    return json.loads((folder / "results.json").read_text())


def test_a_measure_is_the_mean_over_the_seeds_that_define_it(results):
    assert results["policies"]["status-quo"]["recovery_rate"]["mean"] == pytest.approx(0.3)
    assert results["policies"]["staged"]["recovery_rate"]["mean"] == pytest.approx(0.38)
    assert results["policies"]["staged"]["cost_to_collect"]["mean"] == pytest.approx((0.1 + 0.3) / 2)
    assert results["tiers"]["staged"]["high"]["recovery_rate"]["mean"] == pytest.approx(0.3)
    assert results["roll_rates"]["staged"]["M2→M3"]["mean"] == pytest.approx(0.7)


def test_differences_are_challenger_less_baseline_seed_by_seed(results):
    pair = results["differences"]["staged"]["status-quo"]["recovery_rate"]
    # 0.06, 0.06, 0.12; each of the three is drawn at least once in most resamples, so the limits are the extremes.
    assert pair["mean"] == pytest.approx(0.08)
    assert (pair["low"], pair["high"]) == pytest.approx((0.06, 0.12))
    assert pair["relative"]["mean"] == pytest.approx(0.38 / 0.30 - 1)
    turned = results["differences"]["status-quo"]["staged"]["recovery_rate"]
    assert turned["mean"] == pytest.approx(-0.08) and turned["relative"]["mean"] == pytest.approx(0.30 / 0.38 - 1)
    # Each seed takes 30 % less time, however much the seeds differ among themselves: no doubt is left.
    less = results["differences"]["staged"]["status-quo"]["time_to_recover_days"]["relative"]
    assert (less["mean"], less["low"], less["high"]) == pytest.approx((-0.3, -0.3, -0.3))


def test_breaches_and_stopped_treatments_of_all_seeds_add_up_by_rule(results):
    assert results["breaches"] == {"status-quo": {}, "staged": {"calls": 7, "hours": 1, "letters": 2}}
    assert results["blocked"] == {"status-quo": {"calls": 15}, "staged": {"hours": 8}}


def test_accounts_by_tier_are_those_of_one_seed_on_average(results):
    # 5 + 6 + 7, 4 + 3 + 5, 3 + 3 + 0 over three seeds: together the 12 accounts of the portfolio.
    assert results["tier_accounts"] == pytest.approx({"low": 6.0, "medium": 4.0, "high": 2.0})


def test_events_and_cases_are_means_and_staff_time_is_a_sum(results):
    assert results["events"]["staged"]["suits"]["mean"] == pytest.approx(3.0)
    assert results["legal_team"]["staged"]["active_cases"] == pytest.approx(3.0)
    assert results["resources"]["staged"]["collector"]["seconds_used"] == 90
    assert results["resources"]["staged"]["collector"]["seconds_on_shift"] == 400


def test_claims_are_judged_on_the_figures_of_the_run(results):
    recovery, time = results["claims"]
    assert (recovery["measure"], recovery["claim"]) == ("recovery_rate", 0.15)
    # Relative by seed 0.3, 0.2, 0.3: every resample gains 20 % or more.
    assert recovery["verdict"] == "reached" and recovery["relative"]["low"] >= 0.2 - 1e-12
    assert (time["measure"], time["claim"]) == ("time_to_recover_days", -0.20)
    assert time["verdict"] == "reached"


def verdicts(low: float, high: float) -> tuple[str, str]:
    relative = {"relative": {"mean": (low + high) / 2, "low": low, "high": high}}
    found = claims({"staged": {"status-quo": {"recovery_rate": relative, "time_to_recover_days": relative}}})
    return found[0]["verdict"], found[1]["verdict"]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.150, 0.400, "reached"),
        (0.149, 0.400, "not decided by these seeds"),
        (0.100, 0.151, "not decided by these seeds"),
        (0.100, 0.150, "not decided by these seeds"),
        (0.100, 0.149, "not reached"),
        (0.110, 0.140, "not reached"),
    ],
)
def test_the_claim_of_15_per_cent_more_recovery_is_judged_at_15(low, high, verdict):
    assert verdicts(low, high)[0] == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.40, -0.200, "reached"),
        (-0.40, -0.199, "not decided by these seeds"),
        (-0.40, -0.150, "not decided by these seeds"),
        (-0.201, -0.10, "not decided by these seeds"),
        (-0.200, -0.10, "not decided by these seeds"),
        (-0.199, -0.10, "not reached"),
        (-0.15, -0.12, "not reached"),
        (0.20, 0.30, "not reached"),
    ],
)
def test_the_claim_of_20_per_cent_less_time_is_judged_at_20(low, high, verdict):
    assert verdicts(low, high)[1] == verdict


def test_without_status_quo_and_staged_there_is_no_claim_to_judge():
    pair = {"recovery_rate": {"relative": {"low": 0.2, "high": 0.3}}, "time_to_recover_days": {"relative": {}}}
    assert claims({"tiered": {"status-quo": pair}, "staged": {"tiered": pair}}) == []
