"""Where cash is booked: made-up days of a few accounts, and the route that each cent has to take."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.experiments.comparison.payment_attribution import PaymentAttribution
from recoup.experiments.comparison.rollout import rollout
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import ACCOUNT, NEVER, Stage
from recoup.sim.treatments import ALL_TREATMENTS, Menu

MENU = Menu(ALL_TREATMENTS)


class Days:
    """Accounts that change as the test says; each `end` books one day."""

    def __init__(self, count: int) -> None:
        self.accounts = np.zeros(count, ACCOUNT)
        self.accounts["last_reach"] = NEVER
        self.day, self.menu = 0, MENU
        self.routes = PaymentAttribution(self)

    def end(self, treatments: dict[int, str] = {}, **changes: dict[int, int]) -> None:  # noqa: B006
        """A day: treatments by account, and fields set to new values by account; `cash` adds."""
        for name, values in changes.items():
            for number, value in values.items():
                self.accounts[name][number] = value + (self.accounts["cash"][number] if name == "cash" else 0)
        self.day += 1
        actions = [MENU.index[treatments.get(number, "nothing")] for number in range(len(self.accounts))]
        self.routes.add(np.arange(len(self.accounts)), np.array(actions))

    @property
    def table(self) -> dict[str, int]:
        return self.routes.table()


def test_cash_without_any_contact_is_the_debtors_own():
    days = Days(2)
    days.end(cash={0: 500})
    days.end(cash={0: 20, 1: 7})
    assert days.table == {"no_contact": 527}


@pytest.mark.parametrize(
    "channel", ["sms", "wechat", "email", "autocall", "collector", "specialist", "letter", "visit"]
)
def test_cash_follows_the_channel_that_last_reached_the_debtor(channel):
    days = Days(1)
    days.end({0: "collector/evening"}, last_reach={0: 0})
    days.end({0: f"{channel}/morning"}, last_reach={0: 1}, cash={0: 300})
    days.end(
        {0: "sms/morning" if channel != "sms" else "letter/morning"}, cash={0: 11}
    )  # an attempt that reaches nobody
    assert days.table == {f"after_{channel}": 311}


@pytest.mark.parametrize(("wait", "route"), [(0, "after_sms"), (14, "after_sms"), (15, "no_contact")])
def test_a_contact_is_remembered_for_fourteen_days(wait, route):
    days = Days(1)
    if wait == 0:
        days.end({0: "sms/morning"}, last_reach={0: 0}, cash={0: 9})
    else:
        days.end({0: "sms/morning"}, last_reach={0: 0})
        for _ in range(wait - 1):
            days.end()
        days.end(cash={0: 9})
    assert days.table == {route: 9}


def test_what_was_agreed_comes_before_who_last_spoke():
    days = Days(5)
    everybody = dict.fromkeys(range(5), "collector/morning")
    days.end(
        everybody, last_reach=dict.fromkeys(range(5), 0), plan_months={0: 6, 4: 6}, stage={4: int(Stage.ENFORCING)}
    )
    days.end(
        cash={0: 10, 1: 20, 2: 40, 3: 80, 4: 160},
        kept={1: 1, 2: 1},  # a promise; a settlement, whose rest is forgiven
        forgiven={2: 33},
        stage={4: int(Stage.ENFORCED)},
    )
    assert days.table == {"seizure": 160, "instalment": 10, "settlement": 40, "promise": 20, "after_collector": 80}


def test_assets_handed_over_are_a_route_of_their_own():
    days = Days(2)
    days.end(stable_assets={0: 1, 1: 1})
    days.end(cash={0: 70, 1: 5}, kept={0: 1, 1: 1}, forgiven={0: 30}, stable_assets={0: 0})
    days.end(cash={0: 4}, kept={0: 2}, forgiven={0: 33})  # a settlement of the rest
    assert days.table == {"handover": 70, "settlement": 4, "promise": 5}


def test_the_day_on_which_a_plan_is_agreed_is_not_yet_its_instalment_and_its_last_one_is():
    days = Days(1)
    days.end({0: "collector/morning"}, last_reach={0: 0}, plan_months={0: 3}, cash={0: 5})
    days.end(cash={0: 70}, plan_months={0: 0})
    assert days.table == {"instalment": 70, "after_collector": 5}


@pytest.mark.parametrize(
    ("stage", "route"),
    [
        (Stage.NONE, "after_sms"),
        (Stage.NOTICED, "after_notice"),
        (Stage.QUEUED, "after_suit"),
        (Stage.FILED, "after_suit"),
        (Stage.DISMISSED, "after_sms"),  # a suit that was lost presses nobody
        (Stage.JUDGED, "after_suit"),
        (Stage.ENFORCING, "after_suit"),
        (Stage.ENFORCED, "after_suit"),
    ],
)
def test_legal_steps_come_before_who_last_spoke(stage, route):
    days = Days(1)
    days.end({0: "sms/morning"}, last_reach={0: 0}, stage={0: int(stage)})
    days.end(cash={0: 12})
    assert days.table == {route: 12}


def test_every_cent_of_a_run_is_booked_once():
    scenario = load_scenario("china-consumer")
    run = rollout(scenario, "staged", scenario.portfolio(120, 2), 2, 60)
    assert sum(run.payment_attribution.values()) == run.accounts["cash"].sum() > 0
