"""Sites are parts of a lender: what is local is a plain simulation's, what is shared is the whole's, and results add up."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recoup.agents.library import load_policy
from recoup.experiments.comparison.measure import Ratio
from recoup.experiments.comparison.measures import REGISTRY
from recoup.experiments.comparison.rollout import one_day, rollout
from recoup.experiments.sites import exchange, run
from recoup.experiments.sites.cut import DOCKET, LEGAL, apportion, numbers_of, shares, site_names
from recoup.experiments.sites.exchange import (
    Others,
    SiteTask,
    first_forecast,
    gap_of,
    next_forecast,
    path_of,
    run_daily,
    run_task,
)
from recoup.experiments.sites.one_site import SUMMED, SiteRun, together
from recoup.experiments.sites.run import run_sites
from recoup.experiments.sites.settings import Sites
from recoup.experiments.sites.survey import Survey, survey
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.lender import Lender, Tally, total
from recoup.sim.parameters import Conduct, Regulator
from recoup.sim.simulation import Simulation
from tests.command import recoup
from tests.worked.tiny import world as tiny_world

HOME = load_scenario("china-consumer")
SMALL = Sites(accounts=300, days=25, sites=3, seed=4)
# Everybody is sent a notice or offered a discount, few are sued: what is shared moves, and the budget runs out.
BARGAIN = """
name: bargain
title: Bargain
rules:
  - name: sue the largest
    when: {legal_stage: noticed, stable_assets: true, claim_size: {at_least: 1}}
    do: {legal: suit}
  - name: threaten
    when: {dpd: {at_least: 30}, legal_stage: none, days_since_attempt: {at_least: 7}}
    do: {channel: letter, legal: notice}
  - name: bargain
    when: {dpd: {at_least: 60}, days_since_attempt: {at_least: 2}, calls_7d: {at_most: 2}}
    do: {channel: collector, window: morning, offer: settle_20}
"""
# So many people and places that nobody waits, all of whom are alike: nothing is local but where an account is.
AMPLE = """
extends: china-consumer
name: ample
title: Enough of everything
world:
  settlement_budget: 0.0003
  behaviour: {credibility_days: 10}
  operations: {collector: {agents: 600}, specialist: {agents: 600}, visit: {agents: 600}, autocall: {agents: 600}, skill_spread: 0,
               legal_cases: 3000, training: {every_days: 0}}
  courts: {docket: 3000}
  conduct: {regulator: {tolerated: 1, days: 30, cost: 100}}
"""
LOCAL = ("number", "collector", "promise_collector")  # numbers that a simulation gives


@pytest.fixture
def ample(tmp_path: Path) -> Sites:
    (tmp_path / "ample.yaml").write_text(AMPLE)
    (tmp_path / "bargain.yaml").write_text(BARGAIN)
    files = (str(tmp_path / "ample.yaml"), str(tmp_path / "bargain.yaml"))
    return Sites(*files, accounts=600, days=40, sites=3, seed=2)


def plain(settings: Sites) -> Simulation:
    """One simulation of the whole."""
    scenario = settings.load()
    simulation = scenario.simulation(settings.seed, settings.accounts)
    policy = load_policy(settings.plan, scenario.name, scenario.world)
    for _ in range(settings.days or 0):
        one_day(simulation, policy, 1)
    return simulation


def lived(settings: Sites, known: Survey, tell: bool = True) -> list[SiteRun]:
    """Sites after their last day; `tell`: they hear from each other."""
    runs = [SiteRun(settings, known, share) for share in known.shares]
    lender = known.lender(settings.load().world)
    for _ in range(settings.days or 0):
        if tell:
            for one in runs:
                one.simulation.hear(lender.signals)
        tallies = [one.day() for one in runs]
        lender.morning(total(tallies))
    return runs


def by_key(*simulations: Simulation) -> dict[str, Any]:
    """All accounts of all of them in the order of their streams, field by field but for `LOCAL`."""
    accounts = np.concatenate([one.accounts for one in simulations])
    accounts = accounts[np.argsort(accounts["key"])]
    return {name: accounts[name] for name in accounts.dtype.names or () if name not in LOCAL}


def same(some: dict[str, Any], others: dict[str, Any]) -> bool:
    return all(np.array_equal(some[name], others[name], equal_nan=True) for name in some)


# --- the cut ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "accounts", "expected"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (7, [50, 30, 20], [4, 2, 1]),  # quotas 3.5, 2.1, 1.4
        (2, [5, 5, 5, 5], [1, 1, 0, 0]),
        (0, [3, 4], [0, 0]),
        (5, [9], [5]),
    ],
)
def test_people_are_whole_and_add_up(whole: int, accounts: list[int], expected: list[int]) -> None:
    assert apportion(whole, accounts) == expected


def test_sites_have_their_share_of_a_lender_of_that_size() -> None:
    # 2,000 accounts: 8 collectors, 4 specialists, 8 lines, 0.8 visitors, 60 cases, 40 before the court.
    one, two = shares(HOME.world, ["one", "two"], [1250, 750])
    assert one.staff == {"collector": 5, "specialist": 3, "autocall": 5, "visit": 1, LEGAL: 38, DOCKET: 25}
    assert two.staff == {"collector": 3, "specialist": 1, "autocall": 3, "visit": 0, LEGAL: 22, DOCKET: 15}
    assert two.first_person == {"collector": 5, "specialist": 3, "autocall": 5, "visit": 1}
    world = two.world(HOME.world, 123.0)
    assert world.operations.collector.people(750) == 3 and world.operations.legal_cases == 22
    assert (world.courts.docket, world.typical_claim) == (15, 123.0)


def test_accounts_go_to_sites_in_turn_or_by_region_and_are_those_of_the_whole() -> None:
    whole = HOME.portfolio(300, 4)
    for settings in (SMALL, replace(SMALL, by_region=True)):
        names = site_names(settings, HOME)
        numbers = [numbers_of(settings, HOME, number, name) for number, name in enumerate(names)]
        assert sorted(np.concatenate(numbers)) == list(range(300))
        for name, own in zip(names, numbers, strict=True):
            part = HOME.portfolio(300, 4, own)
            pd.testing.assert_frame_equal(part.table, whole.table.iloc[own].reset_index(drop=True))
            if settings.by_region:
                assert set(part.column("region")) == {name}
    assert list(numbers_of(SMALL, HOME, 1, "site-2")[:3]) == [1, 4, 7]


def test_an_imported_portfolio_is_cut_the_same_way() -> None:
    cards = load_scenario("taiwan-cards")
    whole, some = cards.portfolio(50, 3), np.array([3, 7, 40])
    part = cards.portfolio(50, 3, some)
    pd.testing.assert_frame_equal(part.table, whole.table.iloc[some].reset_index(drop=True))
    assert list(cards.regions(50, 3)) == list(whole.column("region"))
    # Of more accounts than the file has, drawn with replacement, those that are wanted are the same rows under names of their own.
    size = cards.size(None)
    whole, part = (cards.portfolio(size + 9, 3, numbers) for numbers in (None, np.array([5, size + 8])))
    again = whole.table.iloc[[5, size + 8]].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.table.drop(columns="account_id"), again.drop(columns="account_id"))
    assert [name.split("~")[1] for name in part.column("account_id")] == ["5", str(size + 8)]


def test_nobodys_skill_is_at_two_sites() -> None:
    settings = replace(SMALL, accounts=3000)
    one, known = HOME.simulation(4, 3000), survey(settings)
    runs = [SiteRun(settings, known, share).simulation for share in known.shares]
    for pool in ("collector", "specialist"):
        together = np.concatenate([simulation.centres[pool].skill for simulation in runs])
        assert np.array_equal(together, one.centres[pool].skill) and len(np.unique(together["law"])) == together.size


def test_a_site_without_a_place_in_court_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "few.yaml"
    file.write_text("extends: china-consumer\nname: few\ntitle: Few\nworld: {operations: {legal_cases: 2}}\n")
    with pytest.raises(InputError, match="--sites: site-3: got 'none of the 2 places of the legal team', expected"):
        survey(replace(SMALL, scenario=str(file)))
    assert len(survey(replace(SMALL, scenario=str(file), sites=2)).shares) == 2


# --- exactness ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["china-consumer", "china-conduct", "taiwan-cards"])
def test_one_site_is_the_plain_simulation_to_the_last_bit(scenario: str) -> None:
    settings = replace(SMALL, scenario=scenario, sites=1, days=40)
    known, one = survey(settings), plain(settings)
    (site,) = lived(settings, known)
    assert site.simulation.accounts.tobytes() == one.accounts.tobytes()
    pd.testing.assert_frame_equal(site.simulation.daily_table(), one.daily_table())
    loaded = settings.load()
    whole = rollout(loaded, "staged", loaded.portfolio(300, 4), 4, 40)
    (daily,) = run_daily(settings, known)
    assert run_task(settings, known, SiteTask(known.shares[0], first_forecast(known, 40)[0])) == daily
    found = together([daily["sums"]])
    expected = {name: REGISTRY[name].of(whole, whole.accounts) for name in SUMMED}
    assert found == {name: None if np.isnan(value) else value for name, value in expected.items()}


def test_where_nobody_waits_sites_together_are_one_simulation(ample: Sites) -> None:
    known, one = survey(ample), plain(ample)
    whole = by_key(one)
    sites = lived(ample, known)
    assert same(by_key(*(site.simulation for site in sites)), whole)
    # What they share has moved, and a site that hears only of itself goes another way.
    lender = one.lender
    assert (
        lender.signals.settlement_budget_left == 0
        and lender.credibility.share != lender._world.behaviour.credibility_start
    )
    assert lender.signals.market_waiting > 0.001
    deaf = lived(ample, known, tell=False)
    assert not same(by_key(*(site.simulation for site in deaf)), whole)


def test_what_is_local_is_a_plain_simulations() -> None:
    """A site that hears of nobody lives as its accounts would with its people alone, in a world of its own."""
    known = survey(SMALL)
    share = known.shares[1]
    site = lived(replace(SMALL, days=25), replace(known, shares=(share,)), tell=False)[0].simulation
    world = share.world(HOME.world, known.typical_claim)
    numbers = numbers_of(SMALL, HOME, 1, "site-2")
    alone = Simulation(world, HOME.portfolio(300, 4, numbers), HOME.rules, 4, site=share.site(numbers))
    policy = load_policy("staged", HOME.name, world)
    for _ in range(25):
        one_day(alone, policy, 1)
    assert alone.accounts.tobytes() == site.accounts.tobytes()
    # 300 accounts have one collector and one line, which are at the first site.
    assert [alone.centres[pool].people for pool in ("collector", "autocall")] == [0, 0]


def test_a_right_forecast_gives_what_daily_exchange_gives(ample: Sites) -> None:
    known, world = survey(ample), ample.load().world
    daily = run_daily(ample, known, threads=2)
    forecast = next_forecast(known, daily)
    again = [run_task(ample, known, SiteTask(*pair)) for pair in zip(known.shares, forecast, strict=True)]
    assert again == daily
    assert gap_of(known, world, again, forecast).within(0.0)


# --- forecasts ----------------------------------------------------------------------------------------------------------


def known_of(*accounts: int, opening: int = 1_000_000) -> Survey:
    names = [f"site-{number}" for number in range(len(accounts))]
    return Survey(tuple(shares(HOME.world, names, accounts)), opening, 9000.0)


def result_of(*tallies: tuple[int, ...]) -> dict[str, Any]:
    return {"tallies": [list(tally) for tally in tallies]}


def test_at_first_all_others_are_like_the_site() -> None:
    first, second = first_forecast(known_of(300, 100), 1)
    # The others of the first site are 100 accounts to its 300, those of the second 300 to its 100.
    assert first(1, Tally(3, 6, 270, 1500, 9, 1)) == Tally(1, 2, 90, 500, 3, 0)
    assert second(1, Tally(1, 2, 90, 500, 3, 1)) == Tally(3, 6, 270, 1500, 9, 3)


def test_then_they_are_what_they_were_moved_as_the_site_has_moved() -> None:
    results = [result_of((9, 20, 80, 400, 5, 3)), result_of((1, 2, 30, 4, 0, 6)), result_of((2, 0, 7, 0, 0, 0))]
    first, second, third = next_forecast(known_of(200, 100, 100), results)
    assert first(1, Tally(9, 20, 80, 400, 5, 3)) == Tally(3, 2, 37, 4, 0, 6)
    assert third(1, Tally(2, 0, 7, 0, 0, 0)) == Tally(10, 22, 110, 404, 5, 9)
    # Of the second, which has a quarter of the accounts, the others are three times as many; none of them reports less than nothing.
    assert second(1, Tally(2, 1, 30, 104, 0, 0)) == Tally(14, 17, 87, 700, 5, 0)


def still(*tallies: tuple[int, ...]) -> Others:
    """A forecast that does not move with the site."""
    path = path_of(result_of(*tallies))
    return Others(0 * path, path, 0.0)


def test_the_gap_is_the_largest_error_of_what_was_told() -> None:
    # 2 % of 1,000,000 cents may be conceded: 20,000. Together 5,000 were by the first morning: 0.75 is left.
    nothing = (0,) * 6
    results = [result_of((0, 0, 9, 4_000, 0, 0), nothing), result_of((0, 0, 9, 1_000, 0, 0), nothing)]
    forecast = [still((0, 0, 9, 1_000, 0, 0), nothing), still((0, 0, 9, 6_000, 0, 0), (0, 0, 0, 9_000, 0, 0))]
    # The second was told 0.65: 1,000 of its own and 6,000 of the first. Errors of the last morning don't count.
    gap = gap_of(known_of(500, 500), HOME.world, results, forecast)
    assert gap.shares == pytest.approx(0.10) and gap.surcharge_days == 0
    assert gap.within(0.11) and not gap.within(0.09)


def test_a_site_that_was_wrong_about_the_regulator_does_not_agree() -> None:
    conduct = load_scenario("china-conduct").world  # more than 5 complaints per 1,000 open accounts within 30 days
    results = [result_of(*[(2, 0, 500, 0, 0, 0)] * 4)] * 2
    calm = [still(*[(0, 0, 500, 0, 0, 0)] * 4)] * 2
    # Together 4, 8 and 12 complaints by the first three mornings; each was told of 2, 4 and 6.
    gap = gap_of(known_of(500, 500), conduct, results, calm)
    assert gap.surcharge_days == 1 and not gap.within(1.0)


def test_passes_end_when_forecast_and_outcome_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gaps = iter([exchange.Gap(0.02, 0), exchange.Gap(0.005, 0), exchange.Gap(0.0, 0)])
    monkeypatch.setattr(run, "gap_of", lambda *_: next(gaps))
    done = run_sites(replace(SMALL, days=3, passes=5), tmp_path / "run")
    assert [one["shares"] for one in done["passes"]] == [0.02, 0.005] and done["agreed"]
    assert sorted(path.name for path in (tmp_path / "run" / "passes").iterdir()) == ["1", "2"]


# --- what a lender's accounts share -----------------------------------------------------------------------------------------


def test_a_lender_by_hand() -> None:
    world = tiny_world(
        settlement_budget=0.05,
        behaviour={"credibility_start": 0.5, "credibility_memory": 1000.0, "waiting_half_life": 1.0},
        conduct=Conduct(regulator=Regulator(tolerated=10, days=2, cost=3)),
    )
    lender = Lender(world, 100, 1_000_000)
    assert lender.budget == 50_000 and lender.signals == (0.5, 0.0, 0.0, 1.0)
    # A memory of 1,000 notices for 1,000 accounts is 100 here: 0.5 + (0.8 - 0.5) x 50 / 150 = 0.6. Half of 20 / 100 is remembered.
    # One complaint of 100 accounts is 10 per 1,000, which is borne.
    assert lender.morning(Tally(1, 20, 100, 20_000, 50, 40)) == pytest.approx((0.6, 0.1, 0.0, 0.6))
    # Two complaints in two days of 90 accounts on average: 22 per 1,000.
    assert lender.morning(Tally(1, 0, 80, 60_000, 0, 0)) == pytest.approx((0.6, 0.05, 300.0, 0.0))
    lender.enter(500_000)
    assert lender.budget == 75_000


# --- results ------------------------------------------------------------------------------------------------------------


def test_measures_of_sites_are_put_together_by_what_is_divided_by_what() -> None:
    one: dict[str, list[float | None]] = {name: [0.0, 0.0] for name in SUMMED}
    two: dict[str, list[float | None]] = {name: [0.0, 0.0] for name in SUMMED}
    one |= {"recovery_rate": [10.0, 100.0], "breaches": [2.0, None]}
    two |= {"recovery_rate": [90.0, 300.0], "breaches": [3.0, None]}
    found = together([one, two])
    assert (found["recovery_rate"], found["breaches"], found["occupancy"]) == (0.25, 5.0, None)


def test_no_password_is_in_the_results() -> None:
    shown = replace(SMALL, portfolio="postgresql://me:secret@host/book?table=debts", map="map.yaml").shown
    assert "secret" not in str(shown) and "host/book" in str(shown) and shown["map"] == "map.yaml"


def test_a_ratio_keeps_its_terms() -> None:
    ratio = pickle.loads(pickle.dumps(Ratio(3, 4)))
    assert (ratio, ratio.above, ratio.below) == (0.75, 3.0, 4.0)
    assert np.isnan(Ratio(1, 0)) and json.dumps(Ratio(1, 2)) == "0.5"


def test_a_run_goes_on_where_it_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, folder = replace(SMALL, days=10), tmp_path / "run"
    first = run_sites(settings, folder)
    (folder / "passes" / "1" / "2.json").write_text("{")
    (folder / "passes" / "1" / "3.json").unlink()
    asked = []
    true: Callable[..., Any] = run.run_task
    monkeypatch.setattr(run, "run_task", lambda *them: (asked.append(them[2].share.name), true(*them))[1])
    assert run_sites(settings, folder, resume=True) == first
    assert asked == ["site-2", "site-3"]
    with pytest.raises(InputError, match=r"run.json: seed \(--resume\): got 5, expected as this run was begun: 4"):
        run_sites(replace(settings, seed=5), folder, resume=True)


def test_the_numbers_do_not_depend_on_who_runs_them(tmp_path: Path) -> None:
    settings = replace(SMALL, days=5)
    assert run_sites(settings, tmp_path / "one") == run_sites(settings, tmp_path / "two", workers=2)
    daily = replace(settings, exchange="daily")
    assert run_sites(daily, tmp_path / "three") == run_sites(daily, tmp_path / "four", threads=2)


def test_the_command(tmp_path: Path) -> None:
    options = ("--accounts", "200", "--days", "4", "--sites", "2", "--out", tmp_path / "run")
    done = recoup("sites", *options)
    assert done.returncode == 0 and "200 accounts at 2 sites, 4 days, seed 1" in " ".join(done.stdout.split())
    results = json.loads((tmp_path / "run" / "sites.json").read_text())
    recovery = next(line for line in done.stdout.splitlines() if "Recovery rate" in line and "Net" not in line)
    assert f" {100 * results['measures']['recovery_rate']:.1f} " in recovery and "%" in recovery
    again = recoup("sites", *options, "--resume", "--json")
    found = json.loads(again.stdout)
    assert found["measures"] == results["measures"] and [site["accounts"] for site in found["sites"]] == [100, 100]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--exchange", "weekly"), "--exchange: got 'weekly', expected one of daily, forecast"),
        (("--sites", "300"), "--sites: got 300, expected at most 200, a site for each account"),
        (("--map", "mine.yaml"), "--portfolio beside it"),
        (("--plan", "stagd"), "staged"),
        (("--out", "."), "expected a new one"),
        (("--resume",), "--resume needs --out"),
    ],
)
def test_bad_input_is_one_line(options: tuple[str, ...], message: str) -> None:
    done = recoup("sites", "--accounts", "200", "--sites", "2", "--days", "4", *options)
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
