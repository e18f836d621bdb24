"""Searches on made-up objectives with a known best: a plan's numbers, a tree's leaves, and what a plan keeps of an advantage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents.plans.departures import Departure
from recoup.agents.plans.distill import NO_ACT, Act, Sample, extract
from recoup.agents.plans.plan import Plan
from recoup.agents.training.objective import Objective
from recoup.experiments.learning import distillation
from recoup.experiments.learning.cohorts import PARTS_RECORD
from recoup.experiments.learning.distillation import kept_share, try_leaves
from recoup.experiments.learning.tuning import Search, moves
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import OFFERS, Menu

MENU = Menu.of(["wechat", "collector"], [offer.name for offer in OFFERS if offer.kind], [])
FIELD = "days_since_attempt"


# --- tuning ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MadeUp:
    """Cohorts whose figures depend on one number of the plan alone: `worth(days, seed)` gives cash, cost, complaints and maybe contacts."""

    worth: Callable[..., Sequence[float]]
    seeds: Sequence[int]
    asked: list[tuple] = field(default_factory=list, init=False)
    menu, scenario, accounts = MENU, "made up", 10

    def parts(self, plan, seeds=None):
        rule = next((rule for rule in plan.file.rules if rule.name.startswith("write")), None)
        days = rule.when[FIELD]["at_least"] if rule else None
        chosen = self.seeds if seeds is None else seeds
        self.asked.append((days, tuple(chosen)))
        rows = np.zeros(len(chosen), PARTS_RECORD)
        for number, seed in enumerate(chosen):
            for part, value in zip(("cash", "cost", "complaints", "contacts"), self.worth(days, seed), strict=False):
                rows[part][number] = value
        return rows


def starting(days, **more):
    write = {"name": "write", "when": {FIELD: {"at_least": days}, **more}, "do": {"channel": "wechat"}}
    return {"name": "start", "title": "Start", "rules": [write]}


def searched(monkeypatch, worth, days, seeds=(1, 2, 3, 4)):
    cohorts = MadeUp(worth, seeds)
    search = Search(cohorts, starting(days), Objective())
    while search.sweep((FIELD,)):
        pass
    return search, cohorts


def steepest_at(best):
    """Cash that falls by 0.01 for each day that a plan is away from the best; what one seed has more, another has less."""
    return lambda days, seed: (0.5 - 0.01 * abs(days - best), 0.0, 0.0)


@pytest.mark.parametrize(("start", "best"), [(20, 8), (3, 8), (8, 8), (2, 1)])
def test_the_known_best_number_is_found_from_either_side(monkeypatch, start, best):
    search, _ = searched(monkeypatch, steepest_at(best), start)
    # Steps are a third of the number, so that a neighbour of the best may be where no step helps; here all lead to it.
    found = search.best.rules[0].when[FIELD]["at_least"]
    step = max(1, round(found / 3))
    assert abs(found - best) <= step / 2
    assert steepest_at(best)(found, 1) >= steepest_at(best)(found + step, 1)
    tuned = search.result()
    assert tuned.before == pytest.approx(0.5 - 0.01 * abs(start - best))
    assert tuned.after == pytest.approx(0.5 - 0.01 * abs(found - best))
    np.testing.assert_allclose(tuned.unseen, [0.01 * (abs(start - best) - abs(found - best))] * 4, atol=1e-12)


def test_what_is_gained_is_measured_on_as_many_cohorts_that_the_search_has_not_seen(monkeypatch):
    def worth(days, seed):  # on the search's seeds sooner is better; on all others it is worse
        return (0.5 - (0.01 if seed < 100 else -0.02) * days, 0.0, 0.0)

    search, cohorts = searched(monkeypatch, worth, 2)
    found = search.best.rules[0].when[FIELD]["at_least"]
    assert found == 0
    assert search.result().unseen.tolist() == pytest.approx([-0.04] * 4)
    assert all(max(seeds) < 100 for _, seeds in cohorts.asked)


@pytest.mark.parametrize(("gain", "kept"), [(0.00029, False), (0.00031, True)])
def test_a_change_worth_less_than_three_ten_thousandths_is_not_worth_a_rules_change(monkeypatch, gain, kept):
    search, _ = searched(monkeypatch, lambda days, seed: (0.5 if days == 1 else 0.5 + gain, 0.0, 0.0), 1)
    assert (search.kept > 0) == kept


@pytest.mark.parametrize(("spread", "kept"), [(0.0340, True), (0.0352, False)])
def test_a_gain_must_be_a_standard_error_over_the_cohorts(monkeypatch, spread, kept):
    """Gains of 0.02 ± spread on four cohorts: their deviation is spread · √(4/3), the standard error of their mean half of that.

    It is 0.57735 · spread: 0.0196 and 0.0203.
    """

    def worth(days, seed):
        return (0.5, 0.0, 0.0) if days == 1 else (0.52 + (spread if seed % 2 else -spread), 0.0, 0.0)

    search, _ = searched(monkeypatch, worth, 1)
    assert (search.kept > 0) == kept


def test_a_change_that_harms_on_half_of_the_cohorts_is_tried_on_no_more(monkeypatch):
    _, cohorts = searched(monkeypatch, steepest_at(1), 1)
    assert len(cohorts.asked) > 2
    assert {seeds for _, seeds in cohorts.asked[1:]} == {(1, 2)}


@dataclass(frozen=True)
class ByRules(MadeUp):
    """Cohorts whose figures depend on the names of the plan's rules: `worth(names, seed)`."""

    def parts(self, plan, seeds=None):
        chosen = self.seeds if seeds is None else seeds
        rows = np.zeros(len(chosen), PARTS_RECORD)
        for number, seed in enumerate(chosen):
            rows["cash"][number] = self.worth([rule.name for rule in plan.file.rules], seed)
        return rows


def of_rules(*rules):
    return {
        "name": "start",
        "title": "Start",
        "rules": [{"when": {"dpd": {"at_least": 90 - n}}, **rule} for n, rule in enumerate(rules)],
    }


HOLD, WRITE_RULE, CALL_RULE = (
    {"name": "hold", "do": "nothing"},
    {"name": "write", "do": {"channel": "wechat"}},
    {"name": "call", "do": {"channel": "collector"}},
)


@pytest.mark.parametrize(("worth_of_writing", "stays"), [(0.0001, True), (0.0, False), (-0.0001, False)])
def test_a_rule_that_nothing_speaks_for_is_left_out_and_one_that_helps_stays(worth_of_writing, stays):
    def worth(names, seed):
        return 0.5 + worth_of_writing * ("write" in names) + 0.1 * ("call" in names) - 0.1 * ("hold" in names)

    search = Search(ByRules(worth, (1, 2, 3, 4)), of_rules(HOLD, WRITE_RULE, CALL_RULE), Objective())
    search.prune()
    # Holding back costs a tenth here, and is left in all the same: no plan may gain by pressing where somebody wrote not to.
    assert [rule.name for rule in search.best.rules] == ["hold", *["write"] * stays, "call"]


def test_departures_that_help_stand_before_their_rules_or_at_the_end():
    def worth(names, seed):
        return 0.5 + 0.01 * ("a" in names) - 0.01 * ("b" in names) + 0.01 * ("c" in names)

    def departure(name, before):
        when = {"calls_7d": {"at_least": 7 - "abcd".index(name)}, "dpd": {"below": 90}}
        return Departure(before, {"name": name, "when": when, "do": {"channel": "wechat"}}, 0.1)

    search = Search(ByRules(worth, (1, 2, 3, 4)), of_rules(WRITE_RULE, CALL_RULE), Objective())
    assert (
        search.depart([departure("a", "call"), departure("b", "call"), departure("c", None), departure("d", "gone")])
        == 2
    )
    assert [rule.name for rule in search.best.rules] == ["write", "a", "call", "c"]


PLACES = {"cost": 1, "complaints": 2, "contacts": 3}  # in what `worth` returns


@pytest.mark.parametrize("limited", PLACES)
@pytest.mark.parametrize(("start", "found"), [(20, 6), (0, 7)])
def test_a_limit_is_filled_and_never_overdrawn(limited, start, found):
    """Sooner brings 0.001 a day more, and 0.12/(days + 1) of what is limited; the reference's 5 days allow 95 % of 0.02, from 5.3 days on.

    Steps are a third of the number: 20, 13, 9, 6 from within; 0, 1, 2, 3, 4, 5, 7 from beyond.
    """

    def worth(days, seed):
        row = [1.0 - 0.001 * days, 0.0, 0.0, 0.0]
        row[PLACES[limited]] = 0.12 / (days + 1)
        if limited == "cost":
            row[0] += row[1]  # what costs pays for itself, so that the limit alone holds it
        return row

    cohorts = MadeUp(worth, (1, 2, 3, 4))
    search = Search(cohorts, starting(start), Objective(), cohorts.parts(Plan.of(plan_file(5), MENU)))
    while search.sweep((FIELD,)):
        pass
    assert search.best.rules[0].when[FIELD]["at_least"] == found


def test_what_is_used_is_told_as_a_share_of_the_mean_use_of_the_reference(monkeypatch):
    def worth(days, seed):
        return 0.5, 0.02 * seed / days, 0.1 * seed / days, 5.0 * seed if days == 4 else 1.0

    cohorts = MadeUp(worth, (1, 3))
    search = Search(cohorts, starting(8), Objective(), cohorts.parts(Plan.of(plan_file(4), MENU)))
    assert search.result().used == pytest.approx({"cost": 0.5, "complaints": 0.5, "contacts": 0.1})  # 1 of (5 + 15)/2


def test_without_a_reference_nothing_is_limited(monkeypatch):
    search, _ = searched(monkeypatch, lambda days, seed: (0.5 - 0.01 * days, 0.0, 1e9 / (days + 1)), 3)
    assert search.best.rules[0].when[FIELD]["at_least"] == 0
    assert search.result().used == {}


def plan_file(days):
    from recoup.agents.plans.plan_file import PlanFile

    return PlanFile.model_validate(starting(days))


@pytest.mark.parametrize(
    ("name", "value", "neighbours"),
    [
        (FIELD, 3, [2, 4]),
        (FIELD, 1, [0, 2]),
        (FIELD, 0, [1]),  # days are not negative
        (FIELD, 20, [13, 27]),  # a third of 20 is 7
        ("calls_7d", 7, [5]),  # nor more than 7 in a week
        ("early_warning", 0.6, [0.5, 0.7]),
        ("early_warning", 0.95, [0.85]),
        ("balance", 1300.0, [1000.0, 1700.0]),  # 1,300/1.3, 1,690 to two digits
    ],
)
def test_a_number_moves_a_unit_or_a_third_and_stays_in_its_range(name, value, neighbours):
    rule = {"name": "r", "when": {name: {"at_least": value}}, "do": "nothing"}
    found = [move.to["when"][name]["at_least"] for move in moves(0, rule, MENU, (name,)) if move.to]
    assert found == neighbours


def test_every_bound_of_a_condition_moves_and_fields_that_are_not_named_stay():
    rule = {"name": "r", "when": {FIELD: {"above": 2, "below": 9}, "dpd": {"at_most": 30}}, "do": "nothing"}
    found = [move.to["when"][FIELD] for move in moves(0, rule, MENU, (FIELD,)) if move.to]
    assert found == [
        {"above": 1, "below": 9}, {"above": 3, "below": 9}, {"above": 2, "below": 6}, {"above": 2, "below": 12},
    ]  # fmt: skip


def test_a_rule_may_lose_its_offer_take_another_channel_or_change_the_offer_in_its_own_channel():
    rule = {"name": "r", "do": {"channel": "wechat", "window": "evening", "offer": "plan_6"}}
    found = [move.to["do"] for move in moves(0, rule, MENU, ()) if move.to]
    assert found == [
        {"channel": "wechat", "window": "evening"},
        {"channel": "wechat", "offer": "plan_12", "window": "evening"},
        {"channel": "collector"},
        {"channel": "collector", "offer": "plan_6"},
    ]


def test_a_rule_that_does_something_else_now_says_so_in_its_name():
    rule = {"name": "write → sms", "do": {"channel": "wechat"}}
    names = [move.to["name"] for move in moves(0, rule, MENU, ()) if move.to]
    assert names[:2] == ["write → wechat plan_6", "write → wechat plan_12"] and "write → collector" in names


# --- leaves of a tree --------------------------------------------------------------------------------------------

CALL, WRITE = Act("collector"), Act("wechat")


def tree(options, size):
    return SimpleNamespace(acts=[NO_ACT, CALL, WRITE], options=options, size=size)


def test_a_leaf_gets_the_act_that_is_worth_most_among_those_of_the_policy_and_nothing():
    worths = {(1, 2): 0.1, (2, 2): 0.3, (0, 2): 0.2, (2, 1): 0.25, (2, 0): 0.4, (1, 0): 0.35, (0, 0): 0.1}
    found, worth = try_leaves(
        tree({3: [1, 2], 4: [2, 1]}, {3: 0.7, 4: 0.3}), lambda o: worths[o[3][0], o[4][0]], worths[1, 2]
    )
    assert (found, worth) == ({3: [2, 1], 4: [0, 2, 1]}, 0.4)


def test_the_largest_leaf_is_tried_first():
    asked = []

    def worth(options):
        asked.append((options[3][0], options[4][0]))
        return 0.0

    try_leaves(tree({3: [1], 4: [2]}, {3: 0.3, 4: 0.7}), worth, 0.0)
    assert asked == [(1, 0), (0, 2)]


@pytest.mark.parametrize(("gain", "kept"), [(0.0004, False), (0.0006, True)])
def test_a_leaf_keeps_its_act_unless_another_is_worth_more_than_noise(gain, kept):
    found, worth = try_leaves(tree({3: [1]}, {3: 1.0}), lambda o: gain if o[3][0] == 0 else 0.0, 0.0)
    assert (found[3][0] == 0) == kept
    assert worth == (gain if kept else 0.0)


def test_the_share_kept_is_the_ratio_of_the_mean_gains():
    found = kept_share([0.5, 0.6], [0.45, 0.5], [0.4, 0.4])
    # The policy gains 0.1 and 0.2, the plan 0.05 and 0.1: 0.075/0.15
    assert found["share"] == pytest.approx(0.5)
    assert found["advantage"]["mean"] == pytest.approx(0.15)
    assert found["kept"]["mean"] == pytest.approx(0.075)
    assert kept_share([0.4], [0.5], [0.4])["share"] is None


def test_leaves_are_chosen_on_other_cohorts_than_the_tree_was_learned_on(monkeypatch):
    """The tree that is worth most on cohorts that none was made on is kept, whatever its size and its round."""
    seeds = SimpleNamespace(learned=[], chosen=[])

    class Teacher(distillation.LearnedPolicy):
        name = "teacher"

        def __init__(self):
            self.card = SimpleNamespace(
                memory=0, training={"time_weight": 0.3, "limits": False}, contact_cap_per_week=3
            )

    class Judge:
        def __init__(self, cohorts, baseline, time_weight, limits):
            seeds.chosen.append(set(cohorts.seeds))
            self.told, self.unseen = (time_weight, limits), len(seeds.chosen) > 1
            assert self.told == (0.3, False)

        def assess(self, plan):
            worth = {3: 0.2, 5: 0.3, 7: 0.4} if self.unseen else {3: 0.2, 5: 0.4, 7: 0.3}
            return {"score": worth[int(plan.file.rules[0].when[FIELD]["at_least"])]}

    def learn(scenario, leader, teacher, accounts, seed):
        seeds.learned.append(seed)
        return Sample(np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1), bool))

    def grow(sample, menu, leaves):
        return SimpleNamespace(options={}, size={}, acts=[NO_ACT], plan=lambda options, **told: plan_file(leaves))

    monkeypatch.setattr(distillation, "load_policy", lambda name, *world: Teacher() if name == "teacher" else "plan")
    monkeypatch.setattr(distillation, "Validation", Judge)
    monkeypatch.setattr(distillation, "collect", learn)
    monkeypatch.setattr(distillation, "extract", grow)
    world = SimpleNamespace(channels=["wechat"], offers=[], legal=[], menu=MENU)
    found = distillation.distill(SimpleNamespace(name="made-up", world=world), "teacher", [3, 5, 7], rounds=2)
    assert found.plan.rules[0].when[FIELD]["at_least"] == 7
    assert [row["tried"] for row in found.candidates] == [0.2, 0.4, 0.3] * 2
    assert [row["unseen"] for row in found.candidates] == [0.2, 0.3, 0.4] * 2
    made_on, chosen_on = seeds.chosen
    assert len(set(seeds.learned)) == 2
    assert not set(seeds.learned) & made_on and not chosen_on & (made_on | set(seeds.learned))


# --- the tree ----------------------------------------------------------------------------------------------------


def sampled(seen, probabilities):
    """Account-days on which everything was allowed."""
    return Sample(seen, probabilities, np.ones(probabilities.shape, bool))


def account_days():
    """Claims of 10, 20, … 100 days past due, each with small and large balances, 40 times."""
    rows = [
        (dpd, balance, hardship)
        for dpd in range(10, 101, 10)
        for balance in (1000.0, 5000.0)
        for hardship in (0, 1)
        for _ in range(40)
    ]
    seen = np.zeros((len(rows), len(FIELDS)), np.float32)
    for name, column in zip(("dpd", "balance", "hardship"), zip(*rows, strict=True), strict=True):
        seen[:, FIELD_INDEX[name]] = column
    return seen


def test_a_known_list_of_rules_comes_back_as_the_same_rules():
    """Hardship: nothing. Up to 50 days past due: a message. Older: a call with six instalments, 3 to 1 in the evening."""
    seen = account_days()
    probabilities = np.zeros((len(seen), len(MENU)), np.float32)
    hardship, young = seen[:, FIELD_INDEX["hardship"]] == 1, seen[:, FIELD_INDEX["dpd"]] <= 50
    probabilities[hardship, 0] = 1
    probabilities[~hardship & young, MENU.index["wechat/morning"]] = 1
    old = ~hardship & ~young
    probabilities[old, MENU.index["collector/evening/plan_6"]] = 0.75
    probabilities[old, MENU.index["collector/midday/plan_6"]] = 0.25
    found = extract(sampled(seen, probabilities), MENU, 3)
    plan = found.plan(found.options, "known", "Known", "", contact_cap_per_week=4)
    # Half way between 50 and 60 days is 55. Weights are tenths of the commonest window's: 10 · 0.25/0.75 = 3.
    rules = {rule.do.channel: dict(rule.when) for rule in plan.rules}
    assert rules == {
        "none": {"hardship": True},
        "wechat": {"hardship": False, "dpd": {"at_most": 55}},
        "collector": {"hardship": False, "dpd": {"at_least": 56}},
    }
    call = next(rule.do for rule in plan.rules if rule.do.channel == "collector")
    assert (call.offer, call.window) == (["plan_6"], {"evening": 10, "midday": 3})
    assert plan.contact_cap_per_week == 4
    assert sorted(found.size.values()) == pytest.approx([0.25, 0.25, 0.5])


def test_the_likelier_act_of_a_leaf_comes_first_and_the_runner_up_where_it_is_not_allowed():
    seen = account_days()
    probabilities = np.zeros((len(seen), len(MENU)), np.float32)
    probabilities[:, MENU.index["wechat/morning"]] = 0.3
    probabilities[:, MENU.index["collector/morning"]] = 0.69
    probabilities[:, 0] = 0.01  # too rarely to be an option
    found = extract(sampled(seen, probabilities), MENU, 2)
    for leaf in found.options:
        assert [found.acts[act] for act in found.options[leaf]] == [CALL, WRITE]
    plan = found.plan(found.options, "two", "Two", "")
    assert [rule.do.channel for rule in plan.rules] == ["collector", "wechat"]


def test_what_a_plan_keeps_is_its_own_advantage_and_not_what_it_loses():
    # The policy is 4 and 6 above the base, the plan 3 and 4: it keeps 3.5 of 5, and loses 1.5.
    found = kept_share([10.0, 12.0], [9.0, 10.0], [6.0, 6.0])
    assert found["share"] == pytest.approx(0.7)
    assert found["advantage"]["mean"] == pytest.approx(5.0) and found["kept"]["mean"] == pytest.approx(3.5)
