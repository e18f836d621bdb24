"""The champion and its challengers on made-up results: ranks, ties, what is unknown, and what counts as more burden."""

from __future__ import annotations

from typing import Any

import pytest

from recoup.experiments.comparison.arms import arms_of
from recoup.experiments.comparison.burdens import burdens
from recoup.experiments.runs.champion import challengers, champion, compared, more_of, ranked
from recoup.scenarios.schema import load_scenario


def results(values: dict[str, float | None], learned: list[str], more: dict[str, str] | None = None) -> dict[str, Any]:
    """Results of policies with these values; `more` names a burden of which a policy brings more than every other."""
    level = {"mean": 0.0, "low": -1.0, "high": 1.0}
    names = ("complaints_per_1000", "contacts_per_debtor", "full_cost_rate")
    return {
        "policies": {name: {"npv_rate": {"mean": value}} for name, value in values.items()},
        "learned": learned,
        "burdens": {
            a: {
                b: {name: {"mean": 2.0, "low": 1.0, "high": 3.0} if (more or {}).get(a) == name else level for name in names}
                for b in values
            }
            for a in values
        },
    }  # fmt: skip


def test_champion_is_the_plan_of_highest_value_whatever_learned_policies_reach() -> None:
    run = results({"staged": 0.5, "tiered": 0.6, "learned": 0.9}, ["learned"])
    assert champion(run) == "tiered" and challengers(run) == ["learned"] and ranked(run)[0] == "learned"


def test_of_equals_the_one_given_first_is_champion() -> None:
    assert champion(results({"b": 0.5, "a": 0.5, "learned": 0.5}, ["learned"])) == "b"


def test_unknown_value_ranks_last_even_after_a_loss() -> None:
    run = results({"unknown": None, "loss": -0.2, "learned": 0.1}, ["learned"])
    assert ranked(run) == ["learned", "loss", "unknown"] and champion(run) == "loss"


def test_without_plan_or_learned_policy_nobody_challenges() -> None:
    alone = results({"learned": 0.5, "distilled": 0.6}, ["learned", "distilled"])
    assert champion(alone) is None and challengers(alone) == []
    plan = results({"staged": 0.5}, [])
    assert champion(plan) == "staged" and challengers(plan) == []


@pytest.mark.parametrize("burden", ["complaints_per_1000", "contacts_per_debtor", "full_cost_rate"])
def test_challengers_at_no_more_burden_come_before_better_ones_that_bring_more(burden: str) -> None:
    values = {"staged": 0.5, "bold": 0.9, "mild": 0.55, "meek": 0.52}
    run = results(values, ["meek", "bold", "mild"], {"bold": burden})
    assert challengers(run) == ["mild", "meek", "bold"]
    assert more_of(run, "bold", "staged") == [burden] and more_of(run, "mild", "staged") == []


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.1, 0.3, "more"), (-0.3, -0.1, "fewer"), (-0.1, 0.3, "no more"), (0.0, 0.3, "no more"), (-0.3, 0.0, "no more"),
        (None, None, "not decided"),
    ],
)  # fmt: skip
def test_more_and_fewer_need_an_interval_clear_of_zero(low: float | None, high: float | None, word: str) -> None:
    assert compared({"mean": 0.1, "low": low, "high": high}) == word


def part(recovery: float | None, net: float, complaints: float, contacts: float) -> dict[str, Any]:
    return {
        "measures": {"recovery_rate": recovery, "net_recovery_rate": net, "complaints_per_1000": complaints},
        "welfare": {"contacts_per_debtor": contacts},
    }


def test_burdens_are_paired_by_seed_and_cost_is_cash_less_net() -> None:
    parts = {"new": [part(0.5, 0.3, 4, 9), part(0.4, 0.1, 6, 7)], "old": [part(0.4, 0.3, 5, 5), part(0.3, 0.1, 5, 5)]}
    found = burdens(parts)["new"]["old"]
    assert found["complaints_per_1000"]["mean"] == pytest.approx(0.0)  # −1 and +1
    assert found["contacts_per_debtor"]["mean"] == pytest.approx(3.0)  # +4 and +2
    # 20 and 30 % of the opening balance against 10 and 20 %: 10 points on each seed
    cost = found["full_cost_rate"]
    assert (cost["mean"], cost["low"], cost["high"]) == pytest.approx((0.1, 0.1, 0.1))
    assert cost["relative"]["mean"] == pytest.approx(0.25 / 0.15 - 1)
    assert burdens(parts)["old"]["new"]["contacts_per_debtor"]["mean"] == pytest.approx(-3.0)


def test_unknown_burden_is_no_number() -> None:
    parts = {"new": [part(None, 0.3, 4, 9)], "old": [part(0.4, 0.3, 5, 5)]}
    found = burdens(parts)["new"]["old"]["full_cost_rate"]
    assert found["mean"] is None and compared(found) == "not decided"


class OfMyOwn:
    """A user's policy."""

    def act(self, observations: Any, masks: Any) -> Any:
        return 0 * masks[:, 0]


def test_networks_what_is_distilled_and_users_objects_are_learned_and_plans_are_not() -> None:
    scenario = load_scenario("taiwan-cards")
    policies = ["status-quo", "staged", "effort", "learned", "distilled", "contact-capped", OfMyOwn()]
    learned = [arm.name for arm in arms_of(policies, scenario) if arm.is_learned]
    assert learned == ["learned", "distilled", "contact-capped", "of-my-own"]
