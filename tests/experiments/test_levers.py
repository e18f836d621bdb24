"""The joint design over the levers: worlds, indices, intervals, flips and verdicts, each against values worked out elsewhere."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from recoup.experiments.comparison.intervals import share_interval
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report.text import text_in
from recoup.experiments.robustness import lever_study as study
from recoup.experiments.robustness.frontier import GRID, PENALTY, fit_logistic, flip_along, map_of, probability
from recoup.experiments.robustness.lever_indices import pawn_indices, slices_for
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.stress import stress_set
from recoup.experiments.robustness.trial import Trial, TrialOutcome
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.scenarios.levers import LEVERS, lever_worlds, require_power_of_two, variant_of
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from tests.command import recoup
from tests.readback.reading import plain

HOME = "china-consumer"
WORLD = load_scenario(HOME).world
NAMES = [lever.name for lever in LEVERS]
AT = {name: number for number, name in enumerate(NAMES)}


# --- the worlds --------------------------------------------------------------------------------------------------


def moved(**settings: float):
    """The home world with some levers moved."""
    variant = variant_of(WORLD, "x", [settings.get(name, 1.0) for name in NAMES])
    return variant.apply(WORLD).behaviour


def test_a_position_is_read_from_the_calibrated_value_to_either_end():
    texts, age = LEVERS[AT["text_effect"]], LEVERS[AT["age"]]
    # 0.3 … 1 … 1.9: a quarter of the way is 0.65, three quarters 1.45.
    assert [texts.setting(at) for at in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.3, 0.65, 1.0, 1.45, 1.9])
    assert [age.setting(at) for at in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.0, 0.5, 1.0, 2.0, 3.0])


def test_at_settings_of_one_the_world_is_the_scenarios_own():
    own = {
        name: value if isinstance(value, float) else value.model_dump()
        for name, value in WORLD.behaviour
        if not isinstance(value, int)
    }
    ours = moved()
    for name, value in own.items():
        got = getattr(ours, name)
        assert (got if isinstance(got, float) else got.model_dump()) == pytest.approx(value), name


def test_each_lever_moves_what_it_says_and_nothing_else():
    home = WORLD.behaviour
    texts = moved(text_effect=0.5)
    assert texts.salience_gain.sms == pytest.approx(0.5 * home.salience_gain.sms)
    assert texts.salience_gain.email == pytest.approx(0.5 * home.salience_gain.email)
    assert texts.salience_gain.collector == home.salience_gain.collector and texts.reach == home.reach
    calls = moved(call_reach=1.25)
    assert calls.reach.autocall == pytest.approx(1.25 * home.reach.autocall) and calls.reach.sms == home.reach.sms
    assert moved(repetition=0.0).repetition_text == moved(repetition=0.0).repetition_call == 0.0
    assert moved(notice_pressure=0.0).pressure_notice == 0.0
    # The odds are doubled: ln 2 = 0.693 more in log odds.
    assert moved(settlements=2.0).settle_base == pytest.approx(home.settle_base + 0.693147, abs=1e-6)
    assert moved(means=0.6).ability_mean == pytest.approx(home.ability_mean + math.log(0.6))
    assert moved(readiness=1.2).pay_base == pytest.approx(home.pay_base + math.log(1.2))
    assert moved(waiting=5.0).waiting_market == pytest.approx(5 * home.waiting_market)
    assert moved(answers=2.0).answer_pay.sms == pytest.approx(2 * home.answer_pay.sms)
    assert moved(age=3.0).keep_age == pytest.approx(3 * home.keep_age)


def test_doubt_is_what_a_disbelieved_notice_loses():
    """Of a notice that nobody believes 0.81 is left: half the doubt leaves 0.905, none the whole, twenty times as much nothing."""
    world = WORLD.model_copy(update={"behaviour": WORLD.behaviour.model_copy(update={"notice_disbelieved": 0.81})})

    def left(setting: float) -> float:
        variant = variant_of(world, "x", [setting if name == "notice_doubt" else 1.0 for name in NAMES])
        return variant.apply(world).behaviour.notice_disbelieved

    assert [left(setting) for setting in (0.0, 0.5, 1.0, 1.5, 20.0)] == pytest.approx([1.0, 0.905, 0.81, 0.715, 0.0])


def test_worlds_fill_each_range_evenly_and_more_of_them_begin_with_the_same():
    worlds = lever_worlds(WORLD, 64, 1)
    positions = np.array([world.positions for world in worlds])
    for column in positions.T:  # each 64th of a range holds one world
        assert sorted((column * 64).astype(int)) == list(range(64))
    more = lever_worlds(WORLD, 128, 1)
    assert more[:64] == worlds and len({world.variant.name for world in more}) == 128
    assert lever_worlds(WORLD, 64, 2)[0].positions != worlds[0].positions
    assert worlds[3].settings["age"] == LEVERS[AT["age"]].setting(positions[3, AT["age"]])
    assert worlds[3].variant.apply(WORLD).behaviour.keep_age == pytest.approx(
        WORLD.behaviour.keep_age * worlds[3].settings["age"]
    )


def test_ranges_lie_on_both_sides_and_hold_the_structural_worlds():
    assert all(lever.low < 1.0 < lever.high and lever.why for lever in LEVERS)
    assert len(set(NAMES)) == len(NAMES)
    stressed = {variant.name: variant for variant in stress_set()}
    ends = {lever.name: (lever.low, lever.high) for lever in LEVERS}
    for variant, lever in (("strong-wear", "repetition"), ("patient-debtors", "waiting"), ("fast-ageing", "age")):
        assert {factor for _, factor in stressed[variant].behaviour} == {ends[lever][1]}
    assert ends["notice_pressure"][0] == ends["repetition"][0] == ends["answers"][0] == 0.0


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (100, "64 or 128"),
        (65, "64 or 128"),
        (3000, "2048 or 4096"),
        (8, "at least 16"),
        (0, "at least 16"),
        (8192, "at most 4,096"),
    ],
)
def test_other_numbers_than_powers_of_two_are_refused(number, said):
    with pytest.raises(InputError, match=said):
        require_power_of_two(number)


# --- figures -----------------------------------------------------------------------------------------------------


def distance(some: list[float], everything: list[float]) -> float:
    """Kolmogorov-Smirnov: the largest gap between two cumulative distributions, at every value that occurs."""

    def below(values: list[float], at: float) -> float:
        return sum(value <= at for value in values) / len(values)

    return max(abs(below(some, at) - below(everything, at)) for at in everything)


def test_an_index_is_the_mean_distance_of_slices_from_the_whole():
    """32 worlds, two slices: the lower half of the positions (all but the highest one of the upper half count)."""
    draw = np.random.default_rng(5)
    positions = draw.random((32, 2))
    outcome = positions[:, 0] ** 2 + 0.1 * draw.random(32)
    found = pawn_indices(positions, outcome).levers
    for lever in range(2):
        order = sorted(range(32), key=lambda world: positions[world, lever])
        halves = [[outcome[world] for world in part] for part in (order[:16], order[16:31])]
        wanted = sum(distance(half, list(outcome)) for half in halves) / 2
        assert found[lever] == pytest.approx(wanted)


def test_slices_hold_sixteen_worlds_and_are_two_to_eight():
    assert [slices_for(n) for n in (16, 32, 64, 128, 1024)] == [2, 2, 4, 8, 8]


def test_levers_of_a_known_function_stand_in_their_order_and_idle_ones_below_the_noise():
    """Of 4 a + 2 b the first moves the outcome most; the others do nothing."""
    positions = np.array([world.positions for world in lever_worlds(WORLD, 256, 3)])
    indices = pawn_indices(positions, 4 * positions[:, 0] + 2 * positions[:, 1])
    assert indices.levers[0] > indices.levers[1] > indices.noise > indices.levers[2:].max()
    # A step at the middle: the outcomes of a lower slice all lie in the lower half, half of all away.
    step = pawn_indices(positions, (positions[:, 0] > 0.5) + 1e-6 * positions[:, 1])
    assert step.levers[0] == pytest.approx(0.5, abs=0.01)
    constant = pawn_indices(positions, np.ones(256))
    assert not constant.levers.any() and constant.noise == 0.0


def test_one_idle_lever_in_twenty_exceeds_the_noise():
    """Levers drawn at random, other ones than the program's."""
    draw = np.random.default_rng(77)
    outcome = draw.random(64)
    indices = pawn_indices(draw.random((64, 400)), outcome)
    assert 0.025 < np.mean(indices.levers > indices.noise) < 0.1


def test_wilsons_interval_by_hand():
    """8 of 10: (0.8 + 0.192073) / 1.384146 = 0.716740 ± 1.959964 / 1.384146 · √(0.016 + 0.0096037) = 0.226578."""
    found = share_interval(8, 10)
    assert (found["mean"], found["low"], found["high"]) == pytest.approx((0.8, 0.490162, 0.943318), abs=1e-5)
    # None of 10: z² / (n + z²) = 3.841459 / 13.841459.
    assert share_interval(0, 10) == {"mean": 0.0, "low": 0.0, "high": pytest.approx(0.277533, abs=1e-6)}
    assert share_interval(10, 10) == {"mean": 1.0, "low": pytest.approx(0.722467, abs=1e-6), "high": 1.0}
    assert share_interval(0, 0) == {"mean": None, "low": None, "high": None}


def test_the_fit_is_the_one_that_another_program_finds():
    draw = np.random.default_rng(2)
    x = draw.uniform(-1, 1, (80, 2))
    wins = draw.random(80) < 1 / (1 + np.exp(-(0.4 + 2 * x[:, 0] - x[:, 1])))
    weights = np.stack([np.ones(80), draw.integers(0, 3, 80)]).astype(float)
    found = fit_logistic(np.column_stack([np.ones(80), x]), wins, weights)
    for row, weight in zip(found, weights, strict=True):
        other = LogisticRegression(C=1 / PENALTY, tol=1e-10, max_iter=1000).fit(x, wins, sample_weight=weight)
        assert row == pytest.approx([other.intercept_[0], *other.coef_[0]], abs=1e-5)
    assert probability(np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 1.0]]))[0, 0] == 0.5


def test_a_flip_that_is_known_is_found():
    positions = (np.arange(128) + 0.5) / 128
    flip = flip_along(positions, positions > 0.3)  # never below, always above
    assert flip.position == pytest.approx(0.3, abs=0.01) and flip.clear
    assert flip.low < 0.3 < flip.high and flip.high - flip.low < 0.1
    assert flip.at_low < 0.05 and flip.at_high > 0.95
    falling = flip_along(positions, positions < 0.3)
    assert falling.position == pytest.approx(0.3, abs=0.01) and falling.at_low > 0.95


def test_no_flip_is_told_where_there_is_none():
    positions = (np.arange(128) + 0.5) / 128
    always = flip_along(positions, np.ones(128, bool))
    assert (always.at_low, always.at_high, always.position, always.clear) == (1.0, 1.0, None, False)
    # Alternating: a half everywhere, by chance alone.
    chance = flip_along(positions, np.arange(128) % 2 == 0)
    assert chance.position is None and not chance.clear and chance.at_low == pytest.approx(0.5, abs=0.05)
    # Three of four above, seven of eight below: falls clearly, never to a half.
    wins = np.where(positions > 0.5, np.arange(128) % 4 != 0, np.arange(128) % 32 != 0)
    falls = flip_along(positions, wins)
    assert falls.clear and falls.position is None and falls.at_low > falls.at_high > 0.5


def test_the_frontier_of_a_known_boundary_is_where_it_lies():
    """Wins where x + y > 1.2: along the map the half lies at y = 1.2 − x."""
    positions = np.array([world.positions[:2] for world in lever_worlds(WORLD, 256, 1)])
    found = map_of(positions, positions.sum(axis=1) > 1.2)
    grid = np.linspace(0, 1, GRID)
    assert found.shape == (GRID, GRID)
    for column in range(6, GRID - 2):
        at = np.interp(0.5, found[:, column], grid)  # rows along y, rising
        assert at == pytest.approx(1.2 - grid[column], abs=0.04)
    # The first lever runs along the columns.
    first = map_of(positions, positions[:, 0] > 0.5)
    assert (first[:, 0] < 0.1).all() and (first[:, -1] > 0.9).all()
    assert (map_of(positions, np.zeros(256, bool)) == 0.0).all()


# --- verdicts ----------------------------------------------------------------------------------------------------


def made_up(trials, *_):
    """The challenger recovers 0.40 where texts do 0.8 of the calibrated or more, else 0.30; `old` 0.35, `odd` 0.45 in weak and 0.2 in other worlds
    of readiness. Costs: 0.02, of `old` 0.08. The second seed adds 0.01 to everybody."""
    outcomes = {}
    for trial in trials:
        moved = trial.variant.apply(WORLD).behaviour
        texts = moved.salience_gain.sms / WORLD.behaviour.salience_gain.sms
        ready = math.exp(moved.pay_base - WORLD.behaviour.pay_base)
        value = {
            "new": 0.40 if texts >= 0.8 else 0.30,
            "old": 0.35,
            "odd": 0.45 if ready < 0.9 else 0.2,
        }[trial.policy] + 0.01 * (trial.seed - 5)
        net = value - (0.08 if trial.policy == "old" else 0.02)
        outcomes[trial] = TrialOutcome({"recovery_rate": value, "npv_rate": net}, 0.0, {}, 0.0, 0.0)
    return outcomes


@pytest.fixture(scope="module")
def studied():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "run_trials", made_up)
        comparison = Comparison(HOME, ("new", "old", "odd"), seeds=2, first_seed=5, accounts=30)
        return study.lever_study(comparison, 256)


def test_a_win_is_over_the_best_plan_of_each_world(studied):
    """Half of all worlds have readiness below 1, half of those below 0.9: there `odd` is best and never beaten. In the other three quarters
    `new` beats `old` where texts do 0.8 or more: position 0.3571, so 0.6429 of them."""
    gross = studied["measures"]["recovery_rate"]
    assert gross["beats_best"]["mean"] == pytest.approx(0.75 * 0.6429, abs=0.02)
    assert gross["beats"]["old"]["mean"] == pytest.approx(0.6429, abs=0.01)
    assert gross["beats"]["odd"]["mean"] == pytest.approx(0.75, abs=0.01)
    assert gross["best"] == {"old": pytest.approx(0.75, abs=0.01), "odd": pytest.approx(0.25, abs=0.01)}
    # After costs `new` has 0.28 or 0.38 where `old` has 0.27: it always wins where `odd` is weak.
    net = studied["measures"]["npv_rate"]
    assert net["beats"]["old"]["mean"] == 1.0
    assert net["beats_best"]["mean"] == pytest.approx(0.75, abs=0.01)
    assert net["beats_best"] == share_interval(round(256 * net["beats_best"]["mean"]), 256)


def test_levers_that_decide_are_named_with_their_flips(studied):
    gross, net = (studied["measures"][name] for name in ("recovery_rate", "npv_rate"))
    assert {lever["name"] for lever in gross["levers"][:2]} == {"text_effect", "readiness"}
    assert set(gross["frontier"]["levers"]) == {"text_effect", "readiness"}
    assert [lever["pawn"] for lever in gross["levers"]] == sorted(
        (lever["pawn"] for lever in gross["levers"]), reverse=True
    )
    by_name = {lever["name"]: lever for lever in net["levers"]}
    assert by_name["readiness"]["flips_at"] == pytest.approx(0.9, abs=0.01)
    assert by_name["readiness"]["flips_low"] <= by_name["readiness"]["flips_at"] <= by_name["readiness"]["flips_high"]
    assert by_name["readiness"]["matters"] and not by_name["age"]["matters"] and by_name["age"]["flips_at"] is None
    assert {lever["name"] for lever in net["levers"]} == set(NAMES)
    frontier = gross["frontier"]
    first = LEVERS[AT[frontier["levers"][0]]]
    assert (frontier["x"][0], frontier["x"][GRID // 2], frontier["x"][-1]) == pytest.approx(
        (first.low, 1.0, first.high)
    )
    corners = np.array(frontier["probability"])
    assert corners[0, 0] < 0.1 and corners[-1, -1] > 0.9


def test_rows_hold_means_over_seeds_and_the_world_as_it_is(studied):
    assert studied["calibrated"]["new"]["recovery_rate"] == pytest.approx(0.405)
    assert studied["calibrated"]["old"]["npv_rate"] == pytest.approx(0.275)
    assert (studied["challenger"], studied["plans"], studied["seeds"], studied["worlds"]) == (
        "new",
        ["old", "odd"],
        [5, 6],
        256,
    )
    row = studied["rows"][7]
    assert row["settings"] == lever_worlds(WORLD, 256, 1)[7].settings
    assert row["policies"]["new"]["recovery_rate"] == pytest.approx(
        0.405 if row["settings"]["text_effect"] >= 0.8 else 0.305
    )
    table = study.worlds_table(studied)
    assert len(table) == 256 and list(table.columns[: len(NAMES)]) == NAMES
    assert table["odd: recovery_rate"][7] == row["policies"]["odd"]["recovery_rate"]
    margin = table["new: recovery_rate"] - np.maximum(table["old: recovery_rate"], table["odd: recovery_rate"])
    assert studied["measures"]["recovery_rate"]["margin"]["median"] == pytest.approx(margin.median())
    json.dumps(studied, allow_nan=False)


def test_an_equal_is_not_beaten(monkeypatch):
    def equal(trials, *_):
        known = {"recovery_rate": 0.3, "npv_rate": 0.2}
        return {trial: TrialOutcome(known, 0.0, {}, 0.0, 0.0) for trial in trials}

    monkeypatch.setattr(study, "run_trials", equal)
    result = study.lever_study(Comparison(HOME, ("new", "old"), seeds=2, accounts=30), 16)
    assert result["measures"]["recovery_rate"]["beats_best"]["mean"] == 0.0


def test_plans_written_by_hand_are_told_from_what_was_made():
    run = [
        "status-quo",
        "mine.yaml",
        "ours=plans/our.yaml",
        "learned",
        "distilled",
        "tuned",
        "net.json",
        "n=x.json",
        "python:a.B",
    ]
    assert study.hand_written(run) == ["status-quo", "mine.yaml", "ours=plans/our.yaml"]


# --- runs --------------------------------------------------------------------------------------------------------

SMALL = Comparison(HOME, ("tiered", "staged"), seeds=2, accounts=30, days=10)


@pytest.fixture(scope="module")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A small study in one process, and the file of its trials: two plans in 16 worlds and the calibrated one, on two seeds."""
    path = tmp_path_factory.mktemp("levers") / "trials.jsonl"
    found = study.lever_study(SMALL, 16, cache=TrialCache(path))
    assert len(path.read_text().splitlines()) == 2 * 17 * 2
    return found, path


def test_the_result_depends_neither_on_workers_nor_on_an_interruption(small_study, tmp_path: Path):
    whole, trials = small_study
    assert study.lever_study(SMALL, 16, workers=2) == whole
    path = tmp_path / "trials.jsonl"
    path.write_text("".join(trials.read_text().splitlines(keepends=True)[:40]))  # as Ctrl-C leaves it
    assert study.lever_study(SMALL, 16, cache=TrialCache(path)) == whole
    assert len(path.read_text().splitlines()) == 2 * 17 * 2
    study.lever_study(SMALL, 32, cache=TrialCache(path))
    assert len(path.read_text().splitlines()) == 2 * 33 * 2  # only the new worlds were run


def test_a_world_of_the_design_is_the_trial_in_it(small_study):
    result, _ = small_study
    world = lever_worlds(WORLD, 16, 1)[5]
    trials = [Trial(SMALL, "staged", world.variant, seed) for seed in (1, 2)]
    outcomes = run_trials(trials)
    wanted = sum(outcomes[trial].measures["npv_rate"] for trial in trials) / 2
    assert result["rows"][5]["policies"]["staged"]["npv_rate"] == pytest.approx(wanted)
    assert result["calibrated"]["staged"] != result["rows"][5]["policies"]["staged"]


def test_the_command_adds_to_a_run_what_it_finds(tmp_path: Path):
    run = tmp_path / "run"
    small = f"-s {HOME} --accounts 30 --seeds 2".split()
    plans = ["-p", "staged", "-p", "no-contact", "-p", "distilled"]
    assert recoup("compare", *small, *plans, "--days", "20", "--no-events", "--out", run).returncode == 0
    done = recoup("levers", *small, "-p", "tiered", "--worlds", "16", "--json", "--into", run)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result == json.loads((run / "levers.json").read_text()) and result["plans"] == ["staged", "no-contact"]
    table = pd.read_csv(run / "levers.csv", encoding="utf-8-sig")
    assert len(table) == 16 and table["text_effect"].between(0.3, 1.9).all()
    svg = {name: (run / name).read_text(encoding="utf-8") for name in ("levers.svg", "levers.zh.svg")}
    assert all(text.startswith("<svg") and text.rstrip().endswith("</svg>") for text in svg.values())
    assert "tiered wins" in svg["levers.svg"] and "胜出" in svg["levers.zh.svg"]
    shown = recoup("levers", *small, "-p", "tiered", "--worlds", "16", "--into", run)
    assert shown.returncode == 0 and max(map(len, shown.stdout.splitlines())) <= 80
    net = result["measures"]["npv_rate"]
    text = text_in("en")
    assert f"tiered beats the best hand-written plan in {plain(text.span(net['beats_best'], 'share'))}" in plain(
        shown.stdout
    )
    for known in result["levers"]:
        assert known["label"] in shown.stdout
    assert recoup("report", run).returncode == 0
    assert 'id="levers"' in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--worlds", "100"], "64 or 128"),
        (["--worlds", "2"], "at least 16"),
        (["--against", "tiered"], "plans other than tiered"),
        (["--against", "staged", "--against", "staged"], "each once"),
        (["--against", "stagd"], "staged"),
        (["--into", "nowhere"], "results.json"),
    ],
)
def test_mistakes_are_one_clear_line(arguments, said):
    done = recoup("levers", "-p", "tiered", "--seeds", "2", "--accounts", "5", *arguments)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
