"""Simulated records: cash to the cent, only what a lender can know, and tables that the readers of a lender's own records take."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from recoup.experiments.records.files import RECORDS_FILE
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.records.simulated_records import simulate_records
from recoup.scenarios.schema import load_scenario
from recoup.sim.portfolio.records import CONTACTS, NO_CONTACT, PAYMENTS, RIGHT_PARTY, read_records
from tests.command import recoup

HOME = load_scenario("china-consumer")
DAYS = 100


@pytest.fixture(scope="module")
def records() -> LenderRecords:
    return simulate_records(HOME, "staged", HOME.portfolio(400, 1), 1, DAYS)


def test_they_agree_with_a_comparison_of_the_same_seed(records: LenderRecords, tmp_path: Path) -> None:
    """Cash, attempts, conversations, notices and suits, as the results of a run have them; both go their own way through a day."""
    run = tmp_path / "run"
    options = ("--accounts", 400, "--seeds", 1, "--first-seed", 1, "--days", DAYS, "--no-why", "--out", run)
    done = recoup("compare", "-s", "china-consumer", "-p", "staged", "-p", "no-contact", *map(str, options))
    assert done.returncode == 0, done.stderr
    accounts = pd.read_parquet(run / "accounts.parquet")
    accounts = accounts[accounts["policy"] == "staged"]
    contacts = records.contacts
    outbound = contacts[(contacts["direction"] == "outbound") & (contacts["channel"] != NO_CONTACT)]
    assert round(records.payments["amount"].sum() * 100) == accounts["cash"].sum()
    assert len(outbound) == accounts["attempts"].sum()
    assert (contacts["outcome"] == "complaint").sum() == accounts["complaints"].sum()
    called = outbound[outbound["channel"].isin(["autocall", "collector", "specialist"])]
    assert called["outcome"].isin(RIGHT_PARTY | {"promise", "accepted"}).sum() == accounts["call_reaches"].sum()


def test_whether_a_message_was_read_is_not_in_them(records: LenderRecords) -> None:
    messages = records.contacts[records.contacts["channel"].isin(["sms", "wechat", "email", "letter"])]
    outbound = messages[messages["direction"] == "outbound"]
    assert set(outbound["outcome"]) <= {"delivered", "accepted"}
    assert outbound[["promise_amount", "promise_due", "minutes", "collector"]].isna().all(axis=None)


def test_moments_lie_in_the_windows_and_logs_in_order(records: LenderRecords) -> None:
    contacts = records.contacts
    assert contacts["hour"].between(9, 21).all()
    assert (contacts["date"] + pd.to_timedelta(contacts["hour"], "h")).is_monotonic_increasing
    assert contacts["date"].min() == pd.Timestamp(records.first_day) and contacts["date"].max() <= pd.Timestamp(
        records.last_day
    )
    assert (records.last_day - records.first_day).days == DAYS - 1
    promised = contacts["promise_due"] - contacts["date"]
    assert promised.dropna().dt.days.between(3, 10).all()


@pytest.mark.parametrize("csv", [False, True])
def test_the_command_writes_what_the_readers_read(tmp_path: Path, csv: bool) -> None:
    out = tmp_path / "lender"
    done = recoup("records", "simulate", "--accounts", "60", "--days", "40", "--out", out, *(["--csv"] if csv else []))
    assert done.returncode == 0, done.stderr
    assert RECORDS_FILE.read(out)["last_day"] == "2025-04-11"
    ending = "csv" if csv else "parquet"
    expected = simulate_records(HOME, "staged", HOME.portfolio(60, 1), 1, 40)
    for registry, table in ((CONTACTS, expected.contacts), (PAYMENTS, expected.payments)):
        read = read_records(out / f"{registry.name}.{ending}", None, registry).reset_index(drop=True)
        pd.testing.assert_frame_equal(read, table, check_exact=False, rtol=1e-12)
    for kind in ("portfolio", "contacts", "payments"):
        checked = recoup("records", "check", out / f"{kind}.{ending}", "--for", kind)
        assert checked.returncode == 0, checked.stdout
    assert recoup("records", "simulate", "--out", out).returncode == 2


def test_exploration_is_written_down_with_its_probability() -> None:
    explored = simulate_records(HOME, "staged", HOME.portfolio(60, 1), 1, 10, explore=0.5).contacts
    assert explored["propensity"].min() < 0.5 < explored["propensity"].max()
    assert (simulate_records(HOME, "staged", HOME.portfolio(60, 1), 1, 10).contacts["propensity"].dropna() == 1).all()
