"""Fairness at its edges: four fifths and their inverse, standardised differences, many gaps judged together, seeds put together."""

from __future__ import annotations

import math
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.comparison import proxies
from recoup.experiments.comparison.fairness import OUTCOMES, aggregate, measure_groups, pooled
from recoup.experiments.comparison.protected_groups import group_membership
from recoup.experiments.comparison.proxies import proxy_check
from recoup.experiments.comparison.rollout import Rollout
from recoup.experiments.report.sections.fairness import explained, sentences
from recoup.experiments.report.text import text_in
from recoup.scenarios.schema import load_scenario

JUDGED = ("offered", "discounted", "contacts", "busiest_week", "noticed", "sued")
# Two groups with six outcomes each make twelve gaps: each is judged at 1 − 0.05 / 12, on both sides.
Z12 = NormalDist().inv_cdf(1 - 0.05 / 24)
TINY = 1e-9


def plain(said: list[str]) -> str:
    """One sentence, with blanks that break."""
    return said[0].replace("\u00a0", " ")


@pytest.fixture(scope="module")
def few() -> SimpleNamespace:
    """A portfolio too small for the proxy check to judge any group."""
    return SimpleNamespace(table=load_scenario("china-consumer").portfolio(20, 1).table, filled=())


def part(**cells: dict) -> dict:
    """One seed's figures: men and women treated alike, but for the outcomes of men named here."""

    def group(changed: dict) -> dict:
        alike = {
            "mean": 0.5,
            "others": 0.5,
            "sd": 1.0,
            "raw": {"gap": 0.0, "error": TINY},
            "adjusted": {"gap": 0.0, "error": TINY},
        }
        return {"accounts": 100, "outcomes": {o.name: alike | changed.get(o.name, {}) for o in OUTCOMES}}

    return {"fairness": {"age": {}, "sex": {"female": group({}), "male": group(cells)}, "region": {}}}


def caught(few: SimpleNamespace, policies: int = 1, **cells: dict) -> list[str]:
    """Outcomes of men that raise a warning under the first policy."""
    parts = {f"policy-{number}": [part(**(cells if number == 0 else {}))] for number in range(policies)}
    found = aggregate(parts, few, same_accounts=False)
    assert all(one["group"] == "male" and one["policy"] == "policy-0" for one in found["warnings"])
    return [one["outcome"] for one in found["warnings"]]


def test_the_critical_value_of_twelve_gaps_is_that_of_the_tables():
    assert pytest.approx(2.865, abs=0.001) == Z12  # uncorrected it would be 1.960


@pytest.mark.parametrize("outcome", ["offered", "discounted"])
@pytest.mark.parametrize(
    ("rate", "unfair"), [(0.30, True), (0.355, True), (0.395, True), (0.40, False), (0.405, False), (0.9, False)]
)
def test_benefits_must_reach_four_fifths_of_the_others_rate(few, outcome, rate, unfair):
    cell = {"others": 0.5, "adjusted": {"gap": rate - 0.5, "error": 0.0}}  # four fifths of 0.5 are 0.4
    assert caught(few, **{outcome: cell}) == ([outcome] if unfair else [])


@pytest.mark.parametrize("outcome", ["noticed", "sued"])
@pytest.mark.parametrize(
    ("rate", "unfair"), [(0.60, True), (0.505, True), (0.50, False), (0.495, False), (0.45, False), (0.1, False)]
)
def test_burdens_may_reach_five_fourths_of_the_others_rate(few, outcome, rate, unfair):
    cell = {"others": 0.4, "adjusted": {"gap": rate - 0.4, "error": 0.0}}  # five fourths of 0.4 are 0.5
    assert caught(few, **{outcome: cell}) == ([outcome] if unfair else [])


@pytest.mark.parametrize("outcome", ["contacts", "busiest_week"])
@pytest.mark.parametrize(("gap", "unfair"), [(1.1, True), (0.81, True), (0.8, False), (0.79, False), (-3.0, False)])
def test_amounts_may_differ_by_a_fifth_of_their_standard_deviation(few, outcome, gap, unfair):
    cell = {"others": 10.0, "sd": 4.0, "adjusted": {"gap": gap, "error": 0.0}}  # a fifth of 4 is 0.8
    assert caught(few, **{outcome: cell}) == ([outcome] if unfair else [])


@pytest.mark.parametrize(("share", "unfair"), [(0.99, False), (1.01, True)])
def test_a_gap_must_pass_its_bound_by_the_error_times_the_critical_value_of_all_gaps(few, share, unfair):
    away = share * Z12 * 0.01
    assert caught(few, offered={"others": 0.5, "adjusted": {"gap": -0.1 - away, "error": 0.01}}) == ["offered"] * unfair
    assert caught(few, sued={"others": 0.4, "adjusted": {"gap": 0.1 + away, "error": 0.01}}) == ["sued"] * unfair
    assert (
        caught(few, contacts={"others": 10.0, "sd": 4.0, "adjusted": {"gap": 0.8 + away, "error": 0.01}})
        == ["contacts"] * unfair
    )


def test_the_more_gaps_the_further_one_must_be_out(few):
    # With two policies there are 24 gaps: 1 − 0.05 / 48 gives 3.078.
    more = NormalDist().inv_cdf(1 - 0.05 / 48)
    assert more == pytest.approx(3.078, abs=0.001)
    between = {"others": 0.5, "adjusted": {"gap": -0.1 - (Z12 + more) / 2 * 0.01, "error": 0.01}}
    assert caught(few, 1, offered=between) == ["offered"] and caught(few, 2, offered=between) == []
    beyond = {"others": 0.5, "adjusted": {"gap": -0.1 - 1.001 * more * 0.01, "error": 0.01}}
    assert caught(few, 2, offered=beyond) == ["offered"]


def test_the_number_of_gaps_and_the_level_of_each_are_said(few):
    found = aggregate({"one": [part()], "two": [part()]}, few, same_accounts=False)
    assert found["gaps_judged"] == 2 * 2 * len(JUDGED) == 24
    assert found["confidence_each"] == pytest.approx(1 - 0.05 / 24)
    assert found["bounds"] == {"ratio": 0.8, "standardised_difference": 0.2}
    assert sentences(found | {"proxies": {"attributes": {}, "bound": 0.7}}, text_in("en"))[0].startswith("No gap")
    assert {o.name for o in OUTCOMES if o.kind != "result"} == set(JUDGED)


def test_results_are_reported_and_never_judged(few):
    assert (
        caught(
            few,
            recovered={"adjusted": {"gap": -0.4, "error": 0.0}},
            days={"adjusted": {"gap": 90.0, "error": 0.0}, "sd": 1.0},
        )
        == []
    )


def test_groups_too_small_to_judge_are_not_among_the_gaps(few):
    found = aggregate({"one": [part(sued={"adjusted": None, "raw": None})]}, few, same_accounts=False)
    assert found["gaps_judged"] == 11


def test_a_raw_gap_that_the_debts_explain_is_no_warning(few):
    cells = {"sued": {"others": 0.4, "raw": {"gap": 0.3, "error": 0.001}, "adjusted": {"gap": 0.05, "error": 0.001}}}
    found = aggregate({"one": [part(**cells)]}, few, same_accounts=False)
    assert found["warnings"] == [] and [one["outcome"] for one in found["explained"]] == ["sued"]
    assert plain(explained(found, text_in("en"))) == (
        "Explained: one, sex male: Sued 70.0 % against 40.0 % for others; differences in their debts explain the gap."
    )
    assert plain(explained(found, text_in("zh"))).startswith("已获解释")
    both = {"sued": {"others": 0.4, "raw": {"gap": 0.3, "error": 0.001}, "adjusted": {"gap": 0.2, "error": 0.001}}}
    found = aggregate({"one": [part(**both)]}, few, same_accounts=False)
    assert found["explained"] == [] and "60.0 %, against 40.0 %" in plain(sentences(found, text_in("en"))[1:2])


def test_nobody_was_offered_or_nothing_varies_is_no_gap(few):
    assert caught(few, offered={"others": 0.0, "adjusted": {"gap": 0.0, "error": 0.0}}) == []
    assert caught(few, contacts={"others": 0.0, "sd": 0.0, "adjusted": {"gap": 1.0, "error": 0.0}}) == []


# --- seeds put together


def test_fresh_accounts_on_each_seed_average_all_chance_away():
    # Errors 0.3 and 0.4: variances 0.09 and 0.16, mean 0.125, of two seeds 0.0625.
    assert pooled([{"gap": 1.0, "error": 0.3}, {"gap": 3.0, "error": 0.4}], same_accounts=False) == pytest.approx(
        {"gap": 2.0, "error": 0.25}
    )


def test_the_same_accounts_on_each_seed_keep_what_is_odd_about_them():
    # Gaps 1.2 and 0.8 vary by 0.08 (0.2² + 0.2² over one); errors of 0.5 say 0.25. Stays 0.17; chance 0.08 / 2 = 0.04.
    assert pooled([{"gap": 1.2, "error": 0.5}, {"gap": 0.8, "error": 0.5}], same_accounts=True) == pytest.approx(
        {"gap": 1.0, "error": math.sqrt(0.21)}
    )
    # Gaps 3 and 1 vary by 2, more than the errors of 0.5 say: nothing stays, chance is 2 / 2.
    assert pooled([{"gap": 3.0, "error": 0.5}, {"gap": 1.0, "error": 0.5}], same_accounts=True) == pytest.approx(
        {"gap": 2.0, "error": 1.0}
    )


def test_a_cell_holds_the_means_over_seeds_and_an_interval_of_95_per_cent(few):
    first = part(
        contacts={
            "mean": 8.0,
            "others": 10.0,
            "sd": 3.0,
            "raw": {"gap": -2.0, "error": 0.3},
            "adjusted": {"gap": -1.0, "error": 0.3},
        }
    )
    second = part(
        contacts={
            "mean": 12.0,
            "others": 16.0,
            "sd": 5.0,
            "raw": {"gap": -4.0, "error": 0.4},
            "adjusted": {"gap": -2.0, "error": 0.4},
        }
    )
    second["fairness"]["sex"]["male"]["accounts"] = 60
    group = aggregate({"one": [first, second]}, few, same_accounts=False)["policies"]["one"]["sex"]["male"]
    cell = group["outcomes"]["contacts"]
    assert group["accounts"] == 80
    assert (cell["value"]["mean"], cell["others"], cell["sd"]) == pytest.approx((10.0, 13.0, 4.0))
    assert (cell["raw"]["gap"], cell["adjusted"]["gap"], cell["adjusted"]["error"]) == pytest.approx((-3.0, -1.5, 0.25))
    # 1.959964 × 0.25 = 0.489991
    assert (cell["adjusted"]["low"], cell["adjusted"]["high"]) == pytest.approx((-1.989991, -1.010009), abs=1e-6)


def test_a_group_that_is_missing_on_a_seed_has_fewer_accounts_on_average(few):
    first, second = part(), part()
    del second["fairness"]["sex"]["male"]
    found = aggregate({"one": [first, second]}, few, same_accounts=False)
    assert found["policies"]["one"]["sex"]["male"]["accounts"] == 50


# --- what is compared


def people(ages: list[int]) -> pd.DataFrame:
    table = load_scenario("china-consumer").portfolio(len(ages), 1).table
    return table.assign(age=ages, sex="female", region="east")


def test_age_bands_begin_at_30_45_and_60():
    bands = group_membership(people([18, 29, 30, 44, 45, 59, 60, 90]))["age"]
    assert list(bands) == ["18–29", "18–29", "30–44", "30–44", "45–59", "45–59", "60+", "60+"]


def test_outcomes_of_the_accounts_are_what_their_definitions_say():
    accounts = pd.DataFrame(
        {
            "opening": [1_000, 2_000, 4_000, 1_000, 1_000, 500, 500, 500],
            "cash": [1_000, 500, 1_000, 0, 0, 0, 0, 0],
            "status": ["paid", "settled", "open", "written_off", "open", "open", "open", "open"],
            "closed_day": [4, 9, -1, 20, -1, -1, -1, -1],
            "offers": [0, 2, 1, 0, 0, 0, 0, 0],
            "best_discount": [0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            "attempts": [3, 7, 20, 9, 1, 0, 0, 0],
            "busiest_week": [2, 3, 7, 4, 1, 0, 0, 0],
            "stage": ["none", "noticed", "dismissed", "queued", "filed", "judged", "enforcing", "enforced"],
        }
    )
    values = {o.name: [float(one) for one in o.of(Rollout(accounts, pd.DataFrame(), {}, {}, 90))] for o in OUTCOMES}
    assert values == {
        "recovered": [1.0, 0.25, 0.25, 0, 0, 0, 0, 0],
        "days": [5, 10, 90, 90, 90, 90, 90, 90],  # the day of closing included; a write-off resolves nothing
        "offered": [0, 1, 1, 0, 0, 0, 0, 0],
        "discounted": [0, 1, 0, 0, 0, 0, 0, 0],
        "contacts": [3, 7, 20, 9, 1, 0, 0, 0],
        "busiest_week": [2, 3, 7, 4, 1, 0, 0, 0],
        "noticed": [0, 1, 1, 1, 1, 1, 1, 1],
        "sued": [0, 0, 1, 1, 1, 1, 1, 1],  # also where the court dismissed it
    }


@pytest.mark.parametrize(("members", "judged"), [(30, True), (29, False), (170, True), (171, False)])
def test_a_group_is_judged_from_thirty_accounts_on_if_the_rest_has_thirty_too(members, judged):
    table = load_scenario("china-consumer").portfolio(200, 1).table
    table = table.assign(region=["west"] * members + ["east"] * (200 - members))
    accounts = pd.DataFrame(
        {
            "opening": [100] * 200,
            "cash": [0] * 200,
            "status": ["open"] * 200,
            "closed_day": [-1] * 200,
            "offers": [0] * 200,
            "best_discount": [0.0] * 200,
            "attempts": list(range(200)),
            "busiest_week": [1] * 200,
            "stage": ["none"] * 200,
        }
    )
    found = measure_groups(Rollout(accounts, pd.DataFrame(), {}, {}, 90), table)["region"]["west"]
    assert found["accounts"] == members
    cell = found["outcomes"]["contacts"]
    assert (cell["raw"] is not None) is judged and (cell["adjusted"] is not None) is judged
    # The first m of 0 … 199 are the group: means (m − 1) / 2 and (m + 199) / 2.
    assert (cell["mean"], cell["others"]) == pytest.approx(((members - 1) / 2, (members + 199) / 2))


# --- proxies


def told_with(monkeypatch: pytest.MonkeyPatch, auc: float) -> dict:
    """The proxy check of 200 women and 200 men where a classifier ranks this share of the women above all men, the rest below."""
    table = load_scenario("china-consumer").portfolio(400, 1).table.assign(age=40, region="east")
    table["sex"] = ["female", "male"] * 200

    def told(x, inside):
        score = np.full(400, 0.5)
        rank = inside.cumsum()
        score[inside] = (rank[inside] <= auc * 200).astype(float)
        return score

    monkeypatch.setattr(proxies, "_told", told)
    return proxy_check(table)


def test_an_area_under_the_curve_has_the_interval_of_hanley_and_mcneil(monkeypatch):
    found = told_with(monkeypatch, 0.75)["attributes"]["sex"]["female"]
    # Q1 = 0.75 / 1.25 = 0.6; Q2 = 2 × 0.5625 / 1.75 = 0.642857; each less 0.5625: 0.0375 and 0.080357.
    # (0.75 × 0.25 + 199 × 0.0375 + 199 × 0.080357) / 40,000 = (0.1875 + 7.4625 + 15.99107) / 40,000 = 0.000591027; root 0.024311.
    assert found["auc"] == pytest.approx(0.75)
    assert found["low"] == pytest.approx(0.75 - 1.96 * 0.024311, abs=1e-5)
    assert found["high"] == pytest.approx(0.75 + 1.96 * 0.024311, abs=1e-5)


def test_hanley_and_mcneil_s_own_example():
    # Radiology 143 (1982), p. 30: θ = 0.893, 51 abnormal and 58 normal images, standard error 0.032 (0.0325).
    low, high = proxies._limits(0.893, 51, 58)
    assert (high - low) / 2 / 1.96 == pytest.approx(0.0325, abs=0.0001)
    assert (high + low) / 2 == pytest.approx(0.893)


@pytest.mark.parametrize(("auc", "warned"), [(0.70, False), (0.74, False), (0.745, False), (0.755, True), (0.80, True)])
def test_inputs_identify_a_group_when_the_interval_lies_above_seven_tenths(monkeypatch, auc, warned):
    # At 0.75 the interval begins at 0.7024; half its length grows as the area falls: 0.048 at 0.745, so 0.697.
    found = told_with(monkeypatch, auc)
    assert bool(found["warnings"]) is warned
    assert found["attributes"]["age"] == {} == found["attributes"]["region"]


def test_the_strongest_field_is_the_one_that_orders_best_in_either_direction(monkeypatch):
    found = told_with(monkeypatch, 0.5)["attributes"]["sex"]["female"]
    assert 0.5 <= found["field_auc"] < 0.6  # nothing goes with sex
    table = load_scenario("china-consumer").portfolio(400, 1).table.assign(age=40, region="east")
    table["sex"] = ["female", "male"] * 200
    table["tenure_months"] = [3, 4, 5, 4] * 100  # women 3 or 5, men 4: no order
    table["payday"] = [5, 9, 9, 20] * 100  # women 5 and 9, men 9 and 20: of four pairs three below and one equal
    found = proxy_check(table)["attributes"]["sex"]["female"]
    assert (found["field"], found["field_auc"]) == ("payday", pytest.approx(3.5 / 4))
