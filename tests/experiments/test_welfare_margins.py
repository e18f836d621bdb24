"""The check of debtor burden at its edges: margins, Student's t over paired seeds, all burdens together, as docs/fairness.md has them."""

from __future__ import annotations

import math

import pytest

from recoup.experiments.comparison.welfare import BURDENS, aggregate, check

# Six burdens are judged together at 95 %: each at 1 − 0.05 / 6, so that the limit is Student's t at 1 − 0.05 / 12 = 0.9958333.
# With three seeds, two degrees of freedom, t has a closed form: (2p − 1) √(2 / (4p (1 − p))).
P = 1 - 0.05 / 12
CRITICAL = (2 * P - 1) * math.sqrt(2 / (4 * P * (1 - P)))
NO_GAIN = {"mean": 0.0, "low": -0.01, "high": 0.01}
LEVEL = {
    "contacts_per_debtor": 40.0,
    "busiest_week_p95": 4.0,
    "debtor_cost": 0.10,
    "debtor_interest": 0.06,
    "debtor_fees": 0.04,
    "complaints_per_1000": 30.0,
    "distress_suits_per_1000": 50.0,
    "plans_broken": 0.5,
    "hardship_suits": 0.0,
}
# burden, the reference's mean, margin: the larger of an amount and a share of that mean
MARGINS = [
    ("contacts_per_debtor", 40.0, 4.0),  # 10 %
    ("contacts_per_debtor", 12.0, 1.2),
    ("contacts_per_debtor", 8.0, 1.0),  # 10 % would be 0.8
    ("busiest_week_p95", 4.0, 0.5),
    ("busiest_week_p95", 40.0, 0.5),
    ("debtor_cost", 0.10, 0.005),  # 5 %
    ("debtor_cost", 0.03, 0.0025),  # 5 % would be 0.0015
    ("complaints_per_1000", 30.0, 3.0),  # 10 %
    ("complaints_per_1000", 4.0, 1.0),
    ("distress_suits_per_1000", 50.0, 5.0),  # 10 %
    ("distress_suits_per_1000", 0.0, 1.0),
]
at_each_margin = pytest.mark.parametrize(("burden", "level", "margin"), MARGINS)


def verdict_on(burden: str, ours: list[float], theirs: list[float]) -> dict:
    """The check of a policy that differs from the reference in one burden alone."""
    same = {name: [level] * len(ours) for name, level in LEVEL.items()}
    return check("ours", "status-quo", same | {burden: ours}, same | {burden: theirs}, NO_GAIN)


def test_the_critical_value_is_that_of_the_tables():
    assert pytest.approx(10.886, abs=0.001) == CRITICAL  # uncorrected it would be 4.303


@at_each_margin
def test_the_same_gap_on_each_seed_fails_above_the_margin_and_passes_at_it(burden, level, margin):
    for share, heavier in ((0.5, False), (0.999, False), (1.001, True), (2.0, True)):
        theirs = [0.5 * level, level, 1.5 * level]  # seeds differ, the gap does not
        found = verdict_on(burden, [value + share * margin for value in theirs], theirs)
        assert found["more"] == ([burden] if heavier else []), share
        assert found["passed"] is not heavier
        assert found["verdict"] == ("more burden" if heavier else "no more burden")


@at_each_margin
def test_gaps_that_vary_must_exceed_the_margin_at_95_per_cent_for_all_burdens_together(burden, level, margin):
    """Gaps m − s, m, m + s have standard deviation s: the lower limit is m − t s / √3."""
    spread = 0.02 * margin
    for share, heavier in ((0.98, False), (1.02, True)):
        middle = margin + share * CRITICAL * spread / math.sqrt(3)
        theirs = [1.5 * level, level, 0.5 * level]
        gaps = (middle - spread, middle, middle + spread)
        ours = [base + gap for base, gap in zip(theirs, gaps, strict=True)]
        assert verdict_on(burden, ours, theirs)["more"] == ([burden] if heavier else [])


@at_each_margin
def test_lighter_needs_no_margin_but_the_same_certainty(burden, level, margin):
    spread = 0.02 * margin
    for share, lighter in ((0.98, False), (1.02, True)):
        middle = -share * CRITICAL * spread / math.sqrt(3)
        gaps = (middle - spread, middle, middle + spread)
        found = verdict_on(burden, [level + gap for gap in gaps], [level] * 3)
        assert found["less"] == ([burden] if lighter else []) and found["passed"]


@pytest.mark.parametrize("reference", [0.1, 0.9, math.nan])
def test_broken_plans_are_judged_against_one_half_whatever_the_reference_breaks(reference):
    theirs = [reference] * 3
    assert verdict_on("plans_broken", [0.5, 0.5, 0.5], theirs)["passed"]
    assert verdict_on("plans_broken", [0.49, 0.49, 0.49], theirs)["passed"]
    assert verdict_on("plans_broken", [0.501, 0.501, 0.501], theirs)["more"] == ["plans_broken"]
    # Lower limit 0.5 at m = 0.5 + 10.886 × 0.01 / √3 = 0.5629.
    assert verdict_on("plans_broken", [0.552, 0.562, 0.572], theirs)["passed"]
    assert verdict_on("plans_broken", [0.554, 0.564, 0.574], theirs)["more"] == ["plans_broken"]
    assert verdict_on("plans_broken", [0.2, 0.2, 0.2], theirs)["less"] == []  # one half is a limit, no reference


def test_every_burden_that_the_documents_name_is_judged_and_no_other():
    judged = {burden for burden, _, _ in MARGINS} | {"plans_broken"}
    assert {burden.measure for burden in BURDENS} == judged and len(BURDENS) == 6
    heavy = {name: [10 * value + 1] * 3 for name, value in LEVEL.items()} | {"hardship_suits": [0.0] * 3}
    found = check("ours", "status-quo", heavy, {name: [value] * 3 for name, value in LEVEL.items()}, NO_GAIN)
    assert set(found["more"]) == judged


def test_no_burden_is_set_off_against_another():
    same = {name: [level] * 3 for name, level in LEVEL.items()}
    ours = same | {"contacts_per_debtor": [1.0] * 3, "distress_suits_per_1000": [60.0] * 3}
    found = check("ours", "status-quo", ours, same, {"mean": 0.5, "low": 0.4, "high": 0.6})
    assert (found["more"], found["less"]) == (["distress_suits_per_1000"], ["contacts_per_debtor"])
    assert not found["passed"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_suit_in_disclosed_hardship_on_any_seed_fails_any_policy(seed):
    same = {name: [level] * 3 for name, level in LEVEL.items()}
    sued = same | {"hardship_suits": [float(number == seed) for number in range(3)]}
    for name in ("ours", "status-quo"):
        found = check(name, "status-quo", sued, same, NO_GAIN)
        assert found["verdict"] == "hardship sued" and not found["passed"] and found["hardship_suits"] == 1
    twice = check("ours", "status-quo", same | {"hardship_suits": [2.0, 0.0, 3.0]}, same, NO_GAIN)
    assert twice["hardship_suits"] == 5


def test_a_seed_on_which_a_burden_is_undefined_is_left_out():
    theirs = [40.0, math.nan, 40.0, 40.0]
    assert verdict_on("busiest_week_p95", [40.4, 99.0, 40.4, 40.4], theirs)["passed"]
    assert verdict_on("plans_broken", [0.6, math.nan, 0.6, 0.6], [math.nan] * 4)["more"] == ["plans_broken"]


def test_a_single_seed_decides_nothing_and_two_may():
    single = verdict_on("contacts_per_debtor", [400.0], [40.0])
    assert single["verdict"] == "not decided" and single["more"] == []
    assert verdict_on("contacts_per_debtor", [400.0, 400.0], [40.0, 40.0])["verdict"] == "more burden"


def test_the_source_of_a_higher_cost_is_the_part_that_rose_most():
    same = {name: [level] * 3 for name, level in LEVEL.items()}

    def source(interest: float, fees: float) -> str:
        ours = same | {
            "debtor_interest": [0.06 + interest] * 3,
            "debtor_fees": [0.04 + fees] * 3,
            "debtor_cost": [0.10 + interest + fees] * 3,
        }
        return check("ours", "status-quo", ours, same, NO_GAIN)["cost_from"]

    assert source(0.02, 0.01) == "debtor_interest"  # fees 0.05 are less than interest 0.08, and rose less
    assert source(0.01, 0.02) == "debtor_fees"  # fees 0.06 are less than interest 0.07, but rose more
    assert source(0.002, 0.001) is None  # 0.003 is within 5 % of 0.10


def test_what_is_compared_with_what_in_welfare_json():
    levels = LEVEL | dict.fromkeys(
        (
            "plans_fit",
            "opt_outs_per_1000",
            "hardship_calls_per_1000",
            "distress_contacts",
            "distress_seized",
            "sued_per_1000",
        ),
        1.0,
    )

    def parts(contacts: list[float], net: list[float | None]) -> list[dict]:
        return [
            {"welfare": levels | {"contacts_per_debtor": tries}, "measures": {"net_recovery_rate": recovered}}
            for tries, recovered in zip(contacts, net, strict=True)
        ]

    found = aggregate({"b": parts([20.0, 30.0], [0.5, 0.7]), "staged": parts([10.0, 16.0], [0.3, 0.5])})
    assert found["reference"] == "staged"  # status-quo is not among them
    assert found["policies"]["b"]["contacts_per_debtor"]["mean"] == pytest.approx(25.0)
    assert found["differences"]["b"]["staged"]["contacts_per_debtor"]["mean"] == pytest.approx(12.0)
    assert found["differences"]["staged"]["b"]["contacts_per_debtor"]["mean"] == pytest.approx(-12.0)
    assert found["checks"][0]["gain"]["mean"] == pytest.approx(0.2)
    assert [one["verdict"] for one in found["checks"]] == ["no more burden", "reference"]  # two seeds, gaps 10 and 14
    first = aggregate({"x": parts([1.0, 1.0], [0.5, 0.5]), "a": parts([1.0, 1.0], [0.5, 0.5])})
    assert first["reference"] == "x"  # neither is there: the first, not the first of the alphabet
    both = aggregate({n: parts([1.0, 1.0], [0.5, 0.5]) for n in ("staged", "x", "status-quo")})
    assert both["reference"] == "status-quo"


def test_gaps_are_those_of_the_same_seed():
    # Gaps by seed 66, 6, −54: no certainty. In order of size each would be 6 more, above the margin of 4.
    assert verdict_on("contacts_per_debtor", [76.0, 46.0, 16.0], [10.0, 40.0, 70.0])["passed"]
