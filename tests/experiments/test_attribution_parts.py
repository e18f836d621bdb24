"""Attribution where each part's contribution is known: decisions put together by hand, games made up, policies that differ in one part."""

from __future__ import annotations

import itertools
import json
from copy import deepcopy

import numpy as np
import pytest
import yaml

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness import run_trials as trials
from recoup.experiments.robustness.attribution import attribute, shapley
from recoup.experiments.robustness.hybrid import Crossing, Hybrid
from recoup.experiments.robustness.trial import Trial, TrialOutcome, run_trial
from recoup.scenarios.schema import load_scenario
from recoup.scenarios.world_variants import AS_IT_IS
from recoup.sim.treatments import ALL_TREATMENTS, Menu

PARTS = ("timing", "channel", "offer", "legal")
EVERY = [frozenset(chosen) for size in range(5) for chosen in itertools.combinations(PARTS, size)]
MENU = Menu(ALL_TREATMENTS)


# --- decisions put together


def crossed(ours: str, theirs: str, parts: str, forbidden: tuple[str, ...] = ()) -> str:
    """The hybrid's treatment for one account that takes these parts from the second policy."""
    masks = np.ones((1, len(MENU)), bool)
    masks[0, [MENU.index[name] for name in forbidden]] = False
    first, second = (np.array([MENU.index[name]]) for name in (ours, theirs))
    return MENU.names[Crossing(MENU).cross(first, second, masks, frozenset(parts.split()))[0]]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ("", "collector/morning/plan_6"),
        ("timing", "collector/evening/plan_6"),
        ("channel", "specialist/morning/plan_6"),
        ("offer", "collector/morning/settle_10"),
        ("legal", "collector/morning/plan_6"),
        ("timing channel", "specialist/evening/plan_6"),
        ("timing offer", "collector/evening/settle_10"),
        ("channel offer", "specialist/morning/settle_10"),
        ("timing channel offer", "specialist/evening/settle_10"),
        ("channel offer legal", "specialist/morning/settle_10"),
        ("timing channel offer legal", "specialist/evening/settle_10"),
    ],
)
def test_each_part_comes_from_the_policy_that_is_named(parts, expected):
    assert crossed("collector/morning/plan_6", "specialist/evening/settle_10", parts) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ("", "suit"),
        ("timing channel offer", "suit"),  # the first policy's legal step, and nothing else that day
        ("legal", "nothing"),  # no legal step any more; the first policy's timing is no contact
        ("legal channel offer", "nothing"),
        ("legal timing", "collector/evening"),  # the second's contact; the first would offer nothing
        ("legal timing offer", "collector/evening/plan_6"),
    ],
)
def test_a_legal_step_is_a_part_of_its_own(parts, expected):
    assert crossed("suit", "collector/evening/plan_6", parts) == expected


@pytest.mark.parametrize("step", ["letter/morning/notice", "suit", "enforce"])
def test_every_legal_step_of_the_second_policy_is_taken_with_the_legal_part_alone(step):
    assert crossed("sms/morning", step, "legal") == step
    assert crossed("sms/morning", step, "channel offer") == "sms/morning"
    assert crossed("sms/morning", step, "timing channel offer") == "nothing"


def test_channel_and_offer_of_a_policy_that_would_not_contact_are_those_of_the_timing():
    assert crossed("nothing", "wechat/evening/plan_6", "timing") == "wechat/evening"  # the first offers nothing
    assert crossed("nothing", "wechat/evening/plan_6", "timing offer") == "wechat/evening/plan_6"
    assert crossed("nothing", "wechat/evening/plan_6", "channel offer legal") == "nothing"
    assert crossed("wechat/evening/plan_6", "nothing", "channel") == "wechat/evening/plan_6"
    assert crossed("wechat/evening/plan_6", "nothing", "offer") == "wechat/evening"
    assert crossed("wechat/evening/plan_6", "nothing", "timing") == "nothing"


def test_what_the_menu_does_not_have_loses_its_offer_then_its_window_then_the_contact():
    assert crossed("sms/evening", "collector/morning/plan_6", "offer") == "sms/evening"  # texts carry no plan
    # Visits are made in the morning and in the afternoon: in the evening the first window that there is.
    assert crossed("collector/evening", "visit/afternoon", "channel") == "visit/morning"
    assert crossed("collector/evening", "visit/afternoon", "channel", ("visit/morning",)) == "visit/afternoon"
    both = ("visit/morning", "visit/afternoon")
    assert crossed("collector/evening", "visit/afternoon", "channel", both) == "nothing"
    # What today's rules forbid, likewise.
    ours, theirs = "collector/morning/plan_6", "specialist/evening/settle_10"
    assert crossed(ours, theirs, "timing", ("collector/evening/plan_6",)) == "collector/evening"
    gone = ("collector/evening/plan_6", "collector/evening")
    assert crossed(ours, theirs, "timing", gone) == "collector/morning"


# --- games made up


def game(chosen: frozenset[str], worth: dict[str, float], together: float = 0.0) -> float:
    return sum(worth[part] for part in chosen) + together * ({"timing", "offer"} <= chosen)


def test_parts_that_add_up_get_what_they_are_worth():
    worth = {"timing": 0.04, "channel": -0.01, "offer": 0.02, "legal": 0.005}
    assert shapley({chosen: 0.3 + game(chosen, worth) for chosen in EVERY}) == pytest.approx(worth)


def test_what_parts_do_together_is_shared_among_them():
    nothing = dict.fromkeys(PARTS, 0.0)
    pair = shapley({chosen: game(chosen, nothing, 0.06) for chosen in EVERY})
    assert pair == pytest.approx({"timing": 0.03, "channel": 0, "offer": 0.03, "legal": 0})
    three = shapley({chosen: float({"timing", "channel", "legal"} <= chosen) for chosen in EVERY})
    assert three == pytest.approx({"timing": 1 / 3, "channel": 1 / 3, "offer": 0, "legal": 1 / 3})
    four = shapley({chosen: float(len(chosen) == 4) for chosen in EVERY})
    assert four == pytest.approx(dict.fromkeys(PARTS, 0.25))
    # Timing with channel or offer: of the six orders of these three timing completes the winning set in four (second or last).
    either = shapley({chosen: float("timing" in chosen and bool({"channel", "offer"} & chosen)) for chosen in EVERY})
    assert either == pytest.approx({"timing": 4 / 6, "channel": 1 / 6, "offer": 1 / 6, "legal": 0})


def test_shares_are_the_mean_over_the_24_orders_of_exchange_and_add_up_to_the_whole():
    random = np.random.default_rng(1)
    values = {chosen: float(random.random()) for chosen in EVERY}
    effects: dict[str, list[float]] = {part: [] for part in PARTS}
    for order in itertools.permutations(PARTS):
        for place, part in enumerate(order):
            effects[part].append(values[frozenset(order[: place + 1])] - values[frozenset(order[:place])])
    found = shapley(values)
    assert found == pytest.approx({part: sum(effect) / 24 for part, effect in effects.items()})
    assert sum(found.values()) == pytest.approx(values[frozenset(PARTS)] - values[frozenset()])


# --- from policies to attribution.json

WORTH = {  # by seed
    1: {"timing": 0.04, "channel": -0.01, "offer": 0.02, "legal": 0.005},
    2: {"timing": 0.02, "channel": 0.03, "offer": -0.04, "legal": 0.015},
}


def worth(seed, chosen):
    """What a hybrid recovers; in net present value each part is worth twice that."""
    gained = game(chosen, WORTH[seed], 0.06)
    return {"recovery_rate": 0.3 + 0.1 * seed + gained, "npv_rate": 0.5 + 2 * gained}


def test_attribution_of_a_run_is_each_parts_contribution_on_the_chosen_seeds(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    compare(Comparison("china-consumer", ("status-quo", "staged"), seeds=3, accounts=10, days=2), folder)
    for seed in WORTH:
        for name, chosen in (("status-quo", frozenset()), ("staged", frozenset(PARTS))):
            path = folder / "parts" / name / f"{seed}.json"
            part = json.loads(path.read_text())
            part["measures"] |= worth(seed, chosen)
            path.write_text(json.dumps(part))
    asked = []

    def made_up(trial):
        hybrid = trial.policy
        asked.append((trial.seed, hybrid.from_theirs))
        assert (hybrid.ours, hybrid.theirs, trial.variant) == (
            "status-quo",
            "staged",
            AS_IT_IS,
        ) and trial.comparison.accounts == 10
        return TrialOutcome(worth(trial.seed, hybrid.from_theirs), 0.0, {}, 0.0, 0.0)

    monkeypatch.setattr(trials, "run_trial", made_up)
    found = attribute(folder, "status-quo", "staged", seeds=2)
    assert sorted(asked, key=str) == sorted(
        [(seed, chosen) for seed in WORTH for chosen in EVERY if 0 < len(chosen) < 4], key=str
    )
    cash, value = found["measures"]["recovery_rate"], found["measures"]["npv_rate"]
    shares = cash["parts"]
    # Timing and offer do 0.06 together besides, half each.
    assert shares["timing"]["mean"] == pytest.approx((0.04 + 0.02) / 2 + 0.03)
    assert shares["channel"]["mean"] == pytest.approx((-0.01 + 0.03) / 2)
    assert shares["offer"]["mean"] == pytest.approx((0.02 - 0.04) / 2 + 0.03)
    assert shares["legal"]["mean"] == pytest.approx((0.005 + 0.015) / 2)
    assert (shares["legal"]["low"], shares["legal"]["high"]) == pytest.approx((0.005, 0.015))  # over the two seeds
    assert cash["start"]["mean"] == pytest.approx((0.4 + 0.5) / 2)
    # 0.055 + 0.06 on the first seed, 0.025 + 0.06 on the second.
    assert cash["total"]["mean"] == pytest.approx(0.1) == pytest.approx(sum(row["mean"] for row in shares.values()))
    assert value["start"]["mean"] == 0.5
    assert {p: s["mean"] for p, s in value["parts"].items()} == pytest.approx(
        {p: 2 * s["mean"] for p, s in shares.items()}
    )
    assert (found["from"], found["to"], found["seeds"], found["hybrids"]) == ("status-quo", "staged", [1, 2], 14)
    assert json.loads((folder / "attribution.json").read_text()) == found


CALL = {"channel": "collector", "window": "morning", "offer": ["plan_6"]}
# On days on which both collectors and specialists work: one that is away is forbidden, and then the days would differ, too.
WHEN = {"days_since_attempt": {"at_least": 2}, "weekday": {"not": ["saturday", "sunday"]}}
PLAN = [
    {"name": "call large", "when": {**WHEN, "claim_size": {"at_least": 1}}, "do": CALL},
    {"name": "call small", "when": WHEN, "do": CALL},
]
NOTICE = {"name": "notice", "when": {"legal_stage": "none"}, "do": {"channel": "letter", "legal": "notice"}}


def changed(**do) -> list[dict]:
    rules = deepcopy(PLAN)
    for rule in rules:
        rule["do"] = rule["do"] | do
    return rules


def ordered(large: int, small: int) -> list[dict]:
    rules = deepcopy(PLAN)
    rules[0]["priority"], rules[1]["priority"] = large, small
    return rules


ONE_PART = {  # what differs -> its part, and the two plans
    "window": ("timing", PLAN, changed(window="evening")),
    "who is served first": ("timing", ordered(0, 9), ordered(9, 0)),
    "channel": ("channel", PLAN, changed(channel="specialist")),
    "offer": ("offer", PLAN, changed(offer=["plan_24"])),
    "legal step": ("legal", PLAN, [*PLAN, NOTICE]),
}


@pytest.mark.parametrize("difference", ONE_PART)
def test_policies_that_differ_in_one_part_differ_by_that_part_alone(tmp_path, difference):
    part, *plans = ONE_PART[difference]
    files = []
    for name, rules in zip(("first", "second"), plans, strict=True):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, "title": name, "rules": rules}))
        files.append(str(tmp_path / f"{name}.yaml"))
    comparison = Comparison("china-consumer", tuple(files), seeds=1, accounts=150, days=60)
    scenario = load_scenario("china-consumer")
    ends = []
    for file in files:
        accounts = rollout(scenario, file, scenario.portfolio(150, 1), 1, 60).accounts
        ends.append(accounts["cash"].sum() / accounts["opening"].sum())
    assert ends[0] != ends[1]
    for chosen, end in ((frozenset({part}), ends[1]), (frozenset(PARTS) - {part}, ends[0])):
        measured = run_trial(Trial(comparison, Hybrid(*files, chosen), AS_IT_IS, 1)).measures
        assert measured["recovery_rate"] == pytest.approx(end, rel=1e-12)
