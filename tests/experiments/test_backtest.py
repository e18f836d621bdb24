"""Backtests: bands and the test of all measures by hand, logged treatments by hand, and verdicts on records whose truth is known."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.agents.explorer import Explorer
from recoup.agents.library import load_policy
from recoup.experiments.backtest import backtest as module
from recoup.experiments.backtest.backtest import Months, backtest, is_judged, months_of
from recoup.experiments.backtest.bands import bands, together
from recoup.experiments.backtest.files import BACKTEST_FILE
from recoup.experiments.backtest.hidden_traits import NEAREST, take_traits
from recoup.experiments.backtest.midlife_world import staffed_for, without_courses
from recoup.experiments.backtest.replay import Replay, as_it_was_done, logged_treatments
from recoup.experiments.backtest.silent_reads import draw_reads, shares_read, told
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.records.recorded_measures import Key
from recoup.experiments.records.simulated_records import follow, simulate_records
from recoup.experiments.runs.kept import Kept
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.account import Outcome
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.records import CONTACTS, in_form
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu
from tests.command import recoup

HOME = load_scenario("china-consumer")
DAYS, SEEDS = 30, range(1001, 1020)


# --- bands, and all measures at once -----------------------------------------------------------------------------


def test_a_band_is_where_one_more_draw_lies() -> None:
    found = bands(np.array([[1.0, 5.0, np.nan], [2.0, 5.0, 3.0], [3.0, 5.0, np.nan]]))
    far = 4.302652729911275 * 1.0 * np.sqrt(4 / 3)  # t(0.975, 2), standard deviation 1
    assert found.mean[:2] == pytest.approx([2.0, 5.0])
    assert found.low[:2] == pytest.approx([2.0 - far, 5.0]) and found.high[:2] == pytest.approx([2.0 + far, 5.0])
    assert np.isnan([found.mean[2], found.low[2], found.high[2]]).all()  # one simulation knows it


def test_the_band_holds_one_more_draw_19_times_in_20() -> None:
    random = np.random.default_rng(0)
    draws = random.normal(3, 2, (20, 4000))
    found = bands(draws[:19])
    assert ((found.low <= draws[19]) & (draws[19] <= found.high)).mean() == pytest.approx(0.95, abs=0.015)


def test_the_rank_of_the_farthest_measure_by_hand() -> None:
    simulated = np.array([[0.0, 10.0], [1.0, 11.0], [2.0, 12.0]])
    outside = together(np.array([1.0, 30.0]), simulated)
    # Seen from the three simulations (10, 11, 12) the records are 19 standard deviations out; no simulation is from the other rows.
    assert outside.p == pytest.approx(1 / 4) and outside.least == 1 / 4
    assert outside.distance == pytest.approx([0.0, 19.0])
    assert together(np.array([1.0, 11.0]), simulated).p == 1.0  # in the middle of everything
    assert together(np.array([np.nan, 11.0]), simulated).distance[0] == 0.0


def test_where_all_simulations_agree_anything_else_is_as_far_out_as_can_be() -> None:
    same = np.zeros((19, 3))
    assert together(np.zeros(3), same).p == 1.0
    assert together(np.array([0.0, 0.1, 0.0]), same).p == pytest.approx(1 / 20)


def test_one_event_more_is_not_far_out_of_what_hardly_ever_happens() -> None:
    """Of 19 simulations one has one of a rare event; the records have half as much as all of what is common."""
    random = np.random.default_rng(1)
    simulated = np.column_stack([random.normal(100, 3, 19), np.eye(19)[0] / 50])
    recorded = np.array([50.0, 0.0])
    assert together(recorded, simulated).p > 0.05  # a seed with the rare event alone is infinitely far out
    assert together(recorded, simulated, np.array([1.0, 1 / 50])).p == pytest.approx(1 / 20)
    assert bands(np.zeros((19, 1)), np.array([0.02])).high[0] == pytest.approx(
        2.1009 * 0.02 * np.sqrt(20 / 19), rel=1e-4
    )


def test_the_rank_is_uniform_however_measures_hang_together() -> None:
    random, low = np.random.default_rng(4), 0
    for _ in range(400):
        common = random.lognormal(0, 1, (20, 1))
        rows = common * random.normal(1, 0.2, (20, 15))
        low += together(rows[0], rows[1:]).p <= 0.1
    assert low == pytest.approx(40, abs=19)  # 10 % of 400, three standard deviations


# --- logged treatments -------------------------------------------------------------------------------------------

MENU = Menu.named(
    ["nothing", "sms/morning", "collector/morning", "collector/evening", "collector/morning/plan_6", "collector/morning/plan_12", "letter/morning/notice", "suit"]
)  # fmt: skip


def log_of(*rows: dict[str, object]) -> pd.DataFrame:
    numbers = {name: [row.get(name, 0) for row in rows] for name in ("number", "day")}
    return in_form(pd.DataFrame(list(rows)).assign(date=pd.Timestamp("2025-03-03")), CONTACTS).assign(**numbers)


def test_contacts_find_their_treatments() -> None:
    rows = log_of(
        {"number": 0, "day": 0, "channel": "collector", "hour": 19.0},
        {"number": 0, "day": 0, "channel": "sms", "hour": 20.0},  # the second of the day
        {
            "number": 1,
            "day": 0,
            "channel": "collector",
            "hour": 10.0,
            "offer": "plan",
            "months": 10,
        },  # nearer to 12 than to 6
        {"number": 2, "day": 0, "channel": "collector", "hour": 10.0, "direction": "inbound"},
        {"number": 2, "day": 1, "channel": "letter", "hour": 9.5, "legal": "notice"},
        {"number": 0, "day": 1, "channel": "no_contact", "legal": "suit"},
        {"number": 1, "day": 1, "channel": "visit", "hour": 10.0},  # not on the menu
        {"number": 0, "day": 2, "channel": "sms"},  # at no known time
    )
    done = logged_treatments(rows, np.array([3, 1, 3]), 3, MENU, HOME.world.windows)
    names = [[MENU.names[action] if action >= 0 else "closed" for action in day] for day in done.actions]
    assert names[0] == ["collector/evening", "collector/morning/plan_12", "nothing"]
    assert names[1] == ["suit", "nothing", "letter/morning/notice"]
    assert names[2] == ["sms/morning", "closed", "nothing"]  # account 1 was done with on day 1
    assert (done.exact, done.near, done.without) == (4, 1, 2)


def test_who_has_closed_in_the_records_is_treated_as_one_of_the_kind_that_has_not() -> None:
    contacts = log_of(
        {"number": 0, "day": 1, "channel": "sms", "hour": 10.0},
        {"number": 2, "day": 1, "channel": "collector", "hour": 10.0},
    )
    done = logged_treatments(contacts, np.array([2, 0, 2, 0]), 2, MENU, HOME.world.windows)
    replay = Replay(done, np.array(["a", "a", "b", "c"]), seed=1)
    seen, masks = np.zeros((4, 1), np.float32), np.ones((4, len(MENU)), bool)
    assert replay.act(seen, masks, np.arange(4)).tolist() == [0, 0, 0, 0]
    names = [MENU.names[action] for action in replay.act(seen, masks, np.arange(4))]
    assert names == ["sms/morning", "sms/morning", "collector/morning", "nothing"]  # nobody of kind c is open


def test_in_a_replay_nobody_waits_for_what_was_had() -> None:
    world = as_it_was_done(HOME.world)
    assert world.courts.review is None and world.decision_every_days == 1
    assert world.operations.collector.people(500) == 500
    assert world.courts.docket_per_1000_accounts == HOME.world.courts.docket_per_1000_accounts  # the court's is its own


# --- whole backtests ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records() -> LenderRecords:
    return simulate_records(HOME, "staged", HOME.portfolio(200, 1), 1, DAYS)


def months(scenario: Scenario, records: LenderRecords, at: int = 0) -> Months:
    first = records.first_day + timedelta(days=at)
    return months_of(scenario, records, first, records.last_day)


@pytest.fixture(scope="module")
def true_world(records: LenderRecords) -> module.Backtest:
    return backtest(months(HOME, records), "staged", SEEDS)


def test_in_the_true_world_nothing_is_off(true_world: module.Backtest) -> None:
    content = true_world.content()
    assert content["verdict"] != "differs" and content["p"] > 0.05 and content["treatments_p"] > 0.05
    known = [row for row in content["measures"] if row["judged"] and row["verdict"] != "unknown"]
    assert sum(row["verdict"] == "outside" for row in known) <= 0.15 * len(known)
    groups = {group["group"]: group["accounts"] for group in content["groups"]}
    assert sum(count for name, count in groups.items() if name.startswith("tier-")) == 200
    assert sum(count for name, count in groups.items() if name.startswith("dpd-")) == 200


def test_figures_agree_with_a_simulation_by_hand(true_world: module.Backtest, records: LenderRecords) -> None:
    """The first seed's recovery and contacts, from the same simulation without the machinery."""
    alone = simulate_records(HOME, "staged", records.portfolio, SEEDS[0], DAYS)
    column = [key.name for key in true_world.keys].index("cash")
    opening = records.portfolio.table["opening_balance"].sum()
    assert true_world.simulated[""][0, column] == pytest.approx(alone.payments["amount"].sum() / opening)
    assert true_world.recorded[""][column] == pytest.approx(records.payments["amount"].sum() / opening)


def test_half_the_reach_is_found_and_named(records: LenderRecords) -> None:
    behaviour = HOME.world.behaviour
    reach = behaviour.reach.model_copy(update={name: value / 2 for name, value in behaviour.reach})
    wrong = HOME.with_world(HOME.world.model_copy(update={"behaviour": behaviour.model_copy(update={"reach": reach})}))
    content = backtest(months(wrong, records), "staged", SEEDS).content()
    assert content["verdict"] == "differs" and content["p"] == pytest.approx(1 / 20)
    assert any(name.startswith("right_party") for name in content["farthest"][:2])
    (row,) = [row for row in content["measures"] if row["measure"] == "right_party.collector"]
    assert row["verdict"] == "outside" and row["difference"] == pytest.approx(-0.5, abs=0.12)
    replayed = backtest(months(wrong, records), "staged", SEEDS, replay=True).content()
    assert replayed["policy"] is None and replayed["replayed"]["without"] == 0
    assert replayed["verdict"] == "differs"
    assert not any(row["judged"] for row in replayed["measures"] if row["family"] == "contacts_per_week")


def test_another_plan_is_found_as_a_difference_of_treatment(records: LenderRecords) -> None:
    content = backtest(months(HOME, records), "status-quo", SEEDS).content()
    assert content["treatments_p"] == pytest.approx(1 / 20)


def test_from_a_later_day_accounts_are_as_the_logs_left_them(records: LenderRecords) -> None:
    later = months(HOME, records, at=10)
    assert later.days == DAYS - 10 and later.before is not None and later.before.days == 10
    assert later.scenario.world.start == records.first_day + timedelta(days=10)
    paid = records.payments[records.payments["date"] < pd.Timestamp(later.first)].groupby("account_id")["amount"].sum()
    frame = later.records(later.contacts, later.payments, ()).portfolio.set_index("account_id")
    whole = records.portfolio.table.set_index("account_id")["opening_balance"]
    open_ones = [name for name in paid.index if name in frame.index]
    named = set(records.contacts["account_id"][records.contacts["balance"].notna()])
    plain = [name for name in open_ones if name not in named]
    assert 0 < len(frame) < 200 and open_ones
    assert frame.loc[plain, "opening_balance"].to_numpy() == pytest.approx((whole[plain] - paid[plain]).to_numpy())
    content = backtest(later, "staged", SEEDS).content()
    assert content["first_day"] == later.first.isoformat() and content["unknown"]


def test_a_ledger_that_knows_its_state_is_taken_at_its_word() -> None:
    """Records of a true world from a day in mid-life on: begun on that day, and nothing is off."""
    book = HOME.portfolio(200, 4)
    simulation = Simulation(HOME.world, book, HOME.rules, 4)
    explorer = Explorer(load_policy("staged", HOME.name, HOME.world), 0.0, [], 4)
    follow(simulation, explorer, 12)
    state = simulation.portfolio_now()
    after = follow(simulation, explorer, 15)
    staffed = HOME.with_world(staffed_for(HOME.world, book))
    later = months_of(staffed, dataclasses.replace(after, portfolio=state))
    assert (later.first, later.days, later.before) == (HOME.world.start + timedelta(days=12), 15, None)
    assert later.unknown == () and len(later.portfolio) == len(state) < 200
    content = backtest(later, "staged", SEEDS).content()
    assert content["verdict"] != "differs" and content["treatments_p"] > 0.05


def test_people_are_those_of_the_whole_book_and_nobody_is_at_a_course() -> None:
    world = without_courses(staffed_for(HOME.world, HOME.portfolio(1000, 1)))
    assert world.operations.collector.people(3) == 4  # 4 for each 1,000
    assert world.operations.legal_cases == 30 and world.courts.docket == 20
    assert world.operations.training.every_days == 0 and HOME.world.operations.training.every_days == 180


def test_messages_read_in_silence_by_hand() -> None:
    rows = log_of(
        {"account_id": "a", "channel": "sms", "outcome": "delivered"},
        {"account_id": "a", "channel": "wechat", "outcome": "delivered"},
        {"account_id": "a", "channel": "collector", "outcome": "reached"},
        {"account_id": "b", "channel": "letter", "legal": "notice"},
        {"account_id": "b", "channel": "sms", "outcome": "accepted"},
        {"account_id": "b", "channel": "sms", "outcome": "delivered"},  # on the day itself
    )
    rows["date"] = pd.Timestamp("2025-03-03") + pd.to_timedelta([0, 4, 5, 2, 6, 7], unit="D")
    log = told(rows, np.array(["a", "b"], object), pd.Timestamp("2025-03-10"), pd.Timestamp("2025-03-10"))
    assert log.reached.tolist() == [1, 1] and log.silent.tolist() == [2, 1]
    assert (log.number.tolist(), log.day.tolist()) == ([0, 0, 1], [-7, -3, -5])
    # a has read both and b nothing: 2 of 3 on the mean, which counts as one message more.
    shares = shares_read(np.array([3, 1]), log, np.array([1, 0]))
    assert shares == pytest.approx([(2 / 3) / 2, (2 + 2 / 3) / 3])
    accounts = Simulation(HOME.world, HOME.portfolio(2, 1), HOME.rules, 1).accounts.copy()
    accounts["last_attempt"], accounts["last_reach"], accounts["last_outcome"] = [-3, -1], [-9, -1], Outcome.SENT
    draw_reads(accounts, log, np.array([1.0, 1.0]), seed=1)
    assert accounts["reaches"].tolist() == [2, 1] and accounts["last_reach"].tolist() == [-3, -1]
    assert accounts["last_outcome"].tolist() == [Outcome.REACHED, Outcome.SENT]
    draw_reads(accounts, log, np.zeros(2), seed=1)
    assert accounts["reaches"].tolist() == [2, 1]


def test_traits_come_from_accounts_that_look_alike() -> None:
    simulation = Simulation(HOME.world, HOME.portfolio(60, 1), HOME.rules, 1)
    donors = simulation.accounts.copy()
    donors["willingness"], donors["disposable"] = np.arange(60), 0.25 * donors["income"]
    donors = np.repeat(donors, NEAREST)  # each account's nearest are itself, as often as is looked for
    ours = simulation.accounts[::-1].copy()
    take_traits(ours, 0, donors, 0, seed=3)
    assert ours["willingness"].tolist() == list(range(59, -1, -1))
    assert ours["disposable"] == pytest.approx(0.25 * ours["income"])


def test_finished_seeds_are_not_repeated(
    records: LenderRecords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, kept = months(HOME, records), Kept(tmp_path / "kept.jsonl")
    few = dataclasses.replace(few, days=5)
    first = backtest(few, "staged", SEEDS, kept=kept)
    monkeypatch.setattr(module, "_one_seed", lambda seed, task: pytest.fail("simulated again"))
    again = backtest(few, "staged", SEEDS, kept=Kept(tmp_path / "kept.jsonl"))
    np.testing.assert_array_equal(again.simulated[""], first.simulated[""])


def test_which_measures_count() -> None:
    assert is_judged(Key("recovery", "day-35"), 90) and is_judged(Key("recovery", "day-90"), 90)
    assert not is_judged(Key("recovery", "day-42"), 90)
    assert is_judged(Key("kept"), 90) and not is_judged(Key("kept", month=1), 90)
    assert not is_judged(Key("cash"), 90)
    assert is_judged(Key("suits"), 90) and not is_judged(Key("suits"), 90, replay=True)


def test_what_cannot_be_tested_is_refused(records: LenderRecords) -> None:
    with pytest.raises(InputError, match="at least 19"):
        backtest(months(HOME, records), "staged", range(18))
    for at, until in ((date(2024, 1, 1), None), (date(2026, 1, 1), None), (None, date(2024, 1, 1))):
        with pytest.raises(InputError):
            months_of(HOME, records, at, until)


def test_the_command(tmp_path: Path) -> None:
    lender = tmp_path / "lender"
    assert recoup("records", "simulate", "--accounts", "60", "--days", "12", "--out", lender).returncode == 0
    files = [f"--{name}={lender / name}.parquet" for name in ("portfolio", "contacts", "payments")]
    out = tmp_path / "out"
    done = recoup("backtest", *files, "-p", "staged", "--seeds", "19", "--out", out)
    assert done.returncode == 0, done.stderr
    content = BACKTEST_FILE.read(out)
    assert content["accounts"] == 60 and content["policy"] == "staged" and content["last_day"] == "2025-03-14"
    table = [line for line in done.stdout.splitlines() if line.startswith(("│", "┃"))]
    assert table and max(map(len, table)) <= 80
    names = set(pd.read_parquet(lender / "portfolio.parquet")["account_id"])
    for page, words in (
        ("backtest.html", "Does this world fit the records?"),
        ("backtest.zh.html", "模型与实际记录相符吗？"),
    ):
        text = (out / page).read_text(encoding="utf-8")
        assert words in text and text.count("<svg") >= 2
        assert not any(f">{name}<" in text for name in names)  # nobody is named
    assert not (tmp_path / "out.unfinished.jsonl").exists()
    again = recoup("backtest", *files, "--out", out)
    assert again.returncode == 2 and len(again.stderr.splitlines()) == 1
    wrong = recoup("backtest", *files, "--seeds", "5")
    assert wrong.returncode == 2 and "at least 19" in wrong.stderr
