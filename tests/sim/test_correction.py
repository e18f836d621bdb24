"""The correction loop: it acts when it should, from the right day to the right day, and exactly; what courses teach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simpy
from pydantic import ValidationError

from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.ledger import money_gap
from recoup.sim.operations.clock import MINUTES_PER_DAY
from recoup.sim.operations.contact_centre import ContactCentre
from recoup.sim.operations.correction import CorrectionLoop, Supervisor
from recoup.sim.parameters import Conduct, Correction, Regulator, Retraining, World
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Channel
from tests.reference import ReferenceSimulation, disagreeing
from tests.sim.test_reference import Whim, differing, policy_named, step


@pytest.fixture(scope="module")
def conduct() -> Scenario:
    return load_scenario("china-conduct")


def watching(world: World, **section: Any) -> World:
    """The world with other conduct, and complaints often enough for small portfolios."""
    behaviour = world.behaviour.model_copy(update={"complaint_fatigue": 2.5, "complaint_performance_pay": 2.5})
    return world.model_copy(update={"conduct": Conduct.model_validate(section), "behaviour": behaviour})


def days_of(loop: CorrectionLoop, env: simpy.Environment, complaints: list[int], accounts: int = 1000) -> list[bool]:
    """Feed a day's figures each evening; whether calls were at rest on each day, as the morning sees it."""
    resting = []
    for day, count in enumerate(complaints):
        resting.append(Channel.COLLECTOR in loop.suspended)
        env.run(until=day * MINUTES_PER_DAY + 23 * 60 + 31)
        loop.record_day(count, 0, 0, accounts)
        env.run(until=(day + 1) * MINUTES_PER_DAY)
    return resting


def loop_of(**correction: Any) -> tuple[CorrectionLoop, simpy.Environment]:
    env = simpy.Environment()
    rule = {"id": "rest", "watch": "complaints", "above": 5, "days": 3} | correction
    return CorrectionLoop(env, Conduct.model_validate({"corrections": [rule]}), {}), env


REST = {"suspend": {"channels": ["collector"], "days": 4}}


def test_suspension_begins_the_morning_after_and_is_lifted_on_its_day() -> None:
    loop, env = loop_of(**REST)
    # 2 + 2 + 2 complaints on days 1 to 3 exceed 5 per 1,000 accounts in 3 days on the evening of day 3, not before.
    resting = days_of(loop, env, [0, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0])
    assert [day for day, at_rest in enumerate(resting) if at_rest] == [4, 5, 6, 7]
    act = loop.table().iloc[0]
    assert (act["day"], act["count"], act["rate"], act["suspended"], act["until"]) == (3, 6, 6.0, "collector", 7)


def test_bound_is_above_and_per_thousand_open_accounts() -> None:
    for accounts, acts in ((1000, False), (999, True)):  # 5 of 1,000 is not above 5
        loop, env = loop_of(**REST)
        assert any(days_of(loop, env, [5, 0, 0, 0], accounts)) is acts
    loop, env = loop_of(**REST, least=3)
    assert not any(days_of(loop, env, [2] + [0] * 5, accounts=100))  # 20 per 1,000, but two complaints are chance


def test_same_complaints_are_never_answered_twice() -> None:
    loop, env = loop_of(**REST | {"days": 30})
    resting = days_of(loop, env, [6, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0])
    assert [day for day, at_rest in enumerate(resting) if at_rest] == [1, 2, 3, 4, 10, 11, 12, 13]
    # Complaints that came while the channel was at rest are not counted afterwards either.
    loop, env = loop_of(**REST | {"days": 30})
    assert sum(days_of(loop, env, [6, 0, 3, 3, 0, 0, 0, 0, 0])) == 4


def test_two_corrections_may_rest_one_channel() -> None:
    env = simpy.Environment()
    rules = [
        {"id": name, "watch": "complaints", "above": 5, "days": 3, "suspend": {"channels": ["collector"], "days": days}}
        for name, days in (("short", 2), ("long", 5))
    ]
    loop = CorrectionLoop(env, Conduct.model_validate({"corrections": rules}), {})
    assert [day for day, rest in enumerate(days_of(loop, env, [9] + [0] * 9)) if rest] == [1, 2, 3, 4, 5]


def test_surcharge_holds_while_the_tolerated_rate_is_exceeded() -> None:
    supervisor = Supervisor(Regulator(tolerated=5, days=3, cost=12.5))
    surcharges = []
    for complaints in (5, 1, 0, 0, 0):
        supervisor.record_day(complaints, 1000)
        surcharges.append(supervisor.surcharge())
    assert surcharges == [0.0, 1250.0, 1250.0, 0.0, 0.0]


def test_courses_take_people_away_and_bring_them_back_better(conduct: Scenario) -> None:
    simulation = Simulation(conduct.world, conduct.portfolio(1000, 1), conduct.rules, 1)
    centre: ContactCentre = simulation.centres["collector"]
    before, people = centre.skill.copy(), centre.people
    course = Retraining(
        pools=["collector"], at_once=0.5, days=3, cost=100, skill_gain=0.4, complaint_fall=0.7, half_life=10
    )
    away, care = [], []
    simulation.env.run(until=MINUTES_PER_DAY - 20)
    simulation.env.process(centre.retrain(course))
    for day in range(1, 19):
        simulation.env.run(until=day * MINUTES_PER_DAY + 1)
        away.append(people - centre.on_duty().size)
        care.append(centre.care(day))
    assert away[:7] == [people / 2] * 6 + [0]
    assert np.allclose(centre.skill["law"], before["law"] + 0.4)
    assert np.array_equal(centre.skill["psychology"], before["psychology"])
    assert care[:3] == [0, 0, 0] and care[3] == pytest.approx(0.35)
    assert care[6] == pytest.approx(0.35 + 0.35 * 0.5**0.3)  # the first half came back three days earlier
    assert care[16] == pytest.approx(care[6] / 2)


def test_what_courses_teach_lowers_complaints_and_no_other_draw(conduct: Scenario) -> None:
    """The first complaints are drawn with the same random numbers: those under care are a subset."""
    world = watching(conduct.world)
    portfolio = conduct.portfolio(400, 2)
    runs = []
    for fall in (0.0, 2.0):
        simulation = Simulation(world, portfolio, conduct.rules, 2)
        for centre in simulation.centres.values():
            centre._taught[:] = (0, fall, 1e9)
        simulation._today["care"][:, Channel.COLLECTOR] = fall
        calls = simulation.menu.index["collector/morning"]
        simulation.advance(np.full(simulation.open_accounts.size, calls))
        runs.append(simulation.accounts["complaints"].copy())
    assert (runs[1] <= runs[0]).all()
    more = Simulation(world, portfolio, conduct.rules, 2)
    calm = Simulation(world, portfolio, conduct.rules, 2)
    for centre in calm.centres.values():
        centre._taught[:] = (0, 3.0, 1e9)
    for simulation in (more, calm):
        policy = policy_named("status-quo", simulation, 2)
        for _ in range(60):
            step(simulation, policy)
    assert calm.accounts["complaints"].sum() < 0.5 * more.accounts["complaints"].sum()


LIVELY = {
    "regulator": {"tolerated": 5, "days": 20, "cost": 700},
    "corrections": [
        {"id": "quiet", "watch": "complaints", "above": 8, "days": 10, "least": 2}
        | {"suspend": {"channels": ["collector", "wechat"], "days": 6}},
        {"id": "school", "watch": "complaints", "above": 5, "days": 15}
        | {"retrain": {"pools": ["collector", "specialist"], "days": 2, "cost": 50, "skill_gain": 0.5}},
        {"id": "slips", "watch": "blocked", "above": 120, "days": 5, "suspend": {"channels": ["autocall"], "days": 3}},
        {"id": "breaches", "watch": "breaches", "above": 100, "days": 5}
        | {"suspend": {"channels": ["sms", "visit"], "days": 9}},
    ],
}


@pytest.mark.parametrize(("policy_name", "gate"), [("status-quo", True), ("whim", True), ("whim", False)])
def test_engine_equals_reference_with_a_lively_loop(conduct: Scenario, policy_name: str, gate: bool) -> None:
    world = watching(conduct.world, **LIVELY)
    portfolio = conduct.portfolio(120, 7)
    fast = Simulation(world, portfolio, conduct.rules, 7, gate=gate)
    plain = ReferenceSimulation(world, portfolio, conduct.rules, 7, gate=gate)
    policy = policy_named(policy_name, fast, 7)
    for day in range(120):
        np.testing.assert_array_equal(fast.observe(), plain.observe(), err_msg=f"observations of day {day}")
        np.testing.assert_array_equal(fast.masks(), plain.masks(), err_msg=f"masks of day {day}")
        step(fast, policy)
        step(plain, policy)
        still = fast.accounts["status"] == 0
        assert not disagreeing(fast.accounts[still], plain.accounts[still]), f"open accounts after day {day}"
    assert not disagreeing(fast.accounts, plain.accounts)
    daily = fast.daily_table()
    for ours, theirs in (("cost", "cost"), ("complaints", "complaint"), ("blocked_suspended", "blocked_suspended")):
        assert daily[ours].tolist() == [figures[theirs] for figures in plain.daily]
    acts = fast.corrections_table()
    assert acts.equals(plain.corrections.table()) and acts["suspended"].str.len().gt(0).any()
    assert daily["regulator_cost"].sum() > 0
    if policy_name == "whim":
        assert daily["blocked_suspended"].sum() > 0 and (acts["watch"] == ("blocked" if gate else "breaches")).any()


@pytest.mark.parametrize("gate", [True, False])
def test_suspended_channel_is_masked_blocked_counted_and_named(conduct: Scenario, gate: bool) -> None:
    world = watching(conduct.world, **LIVELY)
    simulation = Simulation(world, conduct.portfolio(150, 3), conduct.rules, 3, gate=gate, record_events=True)
    channels = np.array([treatment.channel for treatment in simulation.menu.treatments])
    ids = simulation.portfolio.column("account_id")
    policy, tried = Whim(3), set()
    for day in range(100):
        resting = simulation.corrections.suspended
        masks = simulation.masks()
        assert not masks[:, np.isin(channels, resting)].any()
        actions = policy.act(simulation.observe(), masks)
        rows, before = simulation.open_accounts, simulation.accounts["blocked"].copy()
        simulation.advance(actions)
        blocked = (simulation.accounts["blocked"] > before)[rows]
        # Blocked is exactly what the mask forbids: the suspended, the impossible, and with the gate on the unlawful.
        assert (blocked == ~masks[np.arange(len(actions)), actions]).all()
        at_rest = np.isin(channels[actions], resting)
        tried |= {
            (day, ids[row], Channel(channels[a]).name.lower())
            for row, a in zip(rows[at_rest], actions[at_rest], strict=True)
        }
        assert not money_gap(simulation.accounts).any()
    by_name = {name: count for name, count in simulation.blocked_by_rule().items() if name.startswith("suspended-")}
    daily, events = simulation.daily_table(), simulation.events_table()
    named = events[events["rule"].str.startswith("suspended-")]
    stopped = {(row.day, row.account_id, row.rule.removeprefix("suspended-")) for row in named.itertuples()}
    assert stopped and stopped <= tried  # the others were unlawful besides, and the law's name goes first
    assert len(tried - stopped) < len(tried) / 2
    assert sum(by_name.values()) == len(stopped) == daily["blocked_suspended"].sum()
    assert set(by_name) <= {f"suspended-{name}" for text in daily["suspended"] for name in text.split(", ") if name}
    assert not any(name.startswith("suspended-") for name in simulation.breaches_by_rule())


def test_without_a_conduct_section_nothing_changes(conduct: Scenario) -> None:
    """An empty section is no section, to the last bit: how the home worlds stay what they were."""
    portfolio = conduct.portfolio(100, 5)
    runs = []
    for section in (None, Conduct()):
        world = conduct.world.model_copy(update={"conduct": section})
        simulation = Simulation(world, portfolio, conduct.rules, 5)
        policy = policy_named("staged", simulation, 5)
        for _ in range(60):
            step(simulation, policy)
        assert simulation.corrections_table().empty and (simulation.daily_table()["regulator_cost"] == 0).all()
        runs.append(simulation.accounts)
    assert not differing(*runs)
    assert load_scenario("china-consumer").world.conduct is None is load_scenario("taiwan-cards").world.conduct


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"id": "x", "watch": "complaints", "above": 1, "days": 3}, "`suspend`, `retrain`, or both"),
        ({"id": "x", "watch": "moods", "above": 1, "days": 3, **REST}, "watch"),
        ({"id": "x", "watch": "complaints", "above": 1, "days": 0, **REST}, "days"),
        ({"id": "x", "watch": "complaints", "above": 1, "days": 3, "suspend": {"channels": [], "days": 3}}, "channels"),
    ],
)
def test_wrong_corrections_are_refused(section: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        Correction.model_validate(section)
    good = {"id": "x", "watch": "complaints", "above": 1, "days": 3, **REST}
    with pytest.raises(ValidationError, match="different ids"):
        Conduct.model_validate({"corrections": [good, good]})
