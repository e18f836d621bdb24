"""A lender's records are read by one service, whose refusals name table, place, value and what was expected; by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from recoup.experiments.models.numbered_records import numbered
from recoup.experiments.records.lender_records import (
    LenderRecords,
    TableAt,
    known_portfolio,
    lender_records,
    read_lender_records,
)
from recoup.experiments.records.state_from_logs import state_at
from recoup.experiments.report import text_in
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.records import CONTACTS, PAYMENTS, in_form
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.remarks import Remark
from tests.command import recoup

FIRST = date(2025, 3, 3)


def book(as_of: date | None = None, names: tuple[str, ...] = ("a", "b", "c")) -> Portfolio:
    table = pd.DataFrame({"account_id": names, "opening_balance": 100.0, "dpd": 10.0})
    return Portfolio(table, "book", as_of=as_of)


def calls(*rows: tuple[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["account_id", "date"]).assign(channel="collector", outcome="reached")
    return in_form(table.assign(date=pd.to_datetime(table["date"], format="mixed")), CONTACTS)


def paid(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["account_id", "date", "amount"])
    return in_form(table.assign(date=pd.to_datetime(table["date"])), PAYMENTS)


CALLS = calls(("a", "2025-03-05 10:00"), ("x", "2025-01-01"), ("b", "2025-03-09 18:30"), ("x", "2025-12-31"))
PAID = paid(("b", "2025-03-12", 20.0), ("y", "2025-03-01", 5.0))


def test_days_are_those_of_the_portfolios_own_accounts_and_strangers_are_counted() -> None:
    records = lender_records(book(), CALLS, PAID)
    assert (records.first_day, records.last_day) == (date(2025, 3, 5), date(2025, 3, 12))
    assert records.contacts["account_id"].tolist() == ["a", "b"] and records.payments["account_id"].tolist() == ["b"]
    assert records.notes == (Remark("strange_contacts", {"n": 2}), Remark("strange_payments", {"n": 1}))
    assert [text_in("zh").note(note)[:3] for note in records.notes] == ["未使用", "未使用"]
    assert records.days() == (date(2025, 3, 5), date(2025, 3, 12))
    assert records.days(date(2025, 3, 6), date(2025, 3, 9)) == (date(2025, 3, 6), date(2025, 3, 9))


def test_the_day_of_the_portfolio_is_said_or_its_maps_or_the_first_of_the_logs() -> None:
    assert lender_records(book(), CALLS, PAID, day=FIRST).first_day == FIRST
    assert lender_records(book(as_of=FIRST), CALLS, PAID).first_day == FIRST
    assert lender_records(book(as_of=FIRST), CALLS, PAID, day=FIRST).first_day == FIRST
    with pytest.raises(InputError, match=r"--since: got '2025-03-04', expected 2025-03-03, on which portfolio is so"):
        lender_records(book(as_of=FIRST), CALLS, PAID, day=date(2025, 3, 4), option="--since")


def test_what_cannot_be_used_is_refused_with_its_place() -> None:
    others = CALLS[CALLS["account_id"] == "x"]
    with pytest.raises(InputError, match=r"calls.csv: account_id: got 'x', expected an account of book.csv, as 'a' is"):
        lender_records(book(), others, PAID, names=("book.csv", "calls.csv", "pay.csv"))
    with pytest.raises(InputError, match=r"account_id: got 'a', expected each account once"):
        lender_records(book(names=("a", "b", "a")), CALLS, PAID)
    with pytest.raises(InputError, match=r"no row.*contacts or payments, or --start with the day of the portfolio"):
        lender_records(book(), calls(), paid(), option="--start")


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (date(2025, 3, 4), None, "--at: got '2025-03-04', expected 2025-03-05, the portfolio's day, or later"),
        (date(2025, 3, 8), date(2025, 3, 7), "--until: got '2025-03-07', expected 2025-03-08, the first day, or later"),
        (
            date(2025, 3, 6),
            date(2025, 3, 8),
            "--at: got '2025-03-06 to 2025-03-08', expected days that the logs tell of",
        ),
        (
            date(2025, 3, 13),
            None,
            "--at: got '2025-03-13', expected days that the logs tell of: 2025-03-05 to 2025-03-12",
        ),
    ],
)
def test_days_that_cannot_be_asked_about(first: date, last: date | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        lender_records(book(), CALLS, PAID).days(first, last)
    assert message in str(error.value)


def test_without_logs_a_day_is_enough_but_there_are_none_to_ask_about() -> None:
    records = lender_records(book(), calls(), paid(), day=FIRST)
    assert records.first_day == FIRST and numbered(records).days == 0
    with pytest.raises(InputError, match="no row"):
        records.days()


def test_a_sample_is_of_the_same_days() -> None:
    records = lender_records(book(), CALLS, PAID)
    for seed in range(5):
        few = records.sampled(1, seed)
        (name,) = few.portfolio.table["account_id"]
        assert (few.first_day, few.last_day) == (records.first_day, records.last_day)
        assert set(few.contacts["account_id"]) | set(few.payments["account_id"]) <= {name}
    assert records.sampled(None, 1) is records and records.sampled(3, 1) is records


def test_models_leave_out_what_was_before_the_portfolios_day_and_say_so() -> None:
    records = numbered(lender_records(book(as_of=date(2025, 3, 9)), CALLS, PAID))
    assert records.contacts["day"].tolist() == [0] and records.payments["day"].tolist() == [3] and records.days == 4
    assert records.contacts["hour"].tolist() == [18.5] and records.accounts["dpd"].tolist() == [10.0] * 3
    assert records.notes[-1] == Remark("early", {"n": 1, "day": "2025-03-09"})
    assert text_in("zh").note(records.notes[-1]) == "剔除：2025-03-09 之前的 1 条联系与还款记录"


def test_a_state_counts_earlier_contacts_but_no_money_twice() -> None:
    """What was paid before the portfolio's day is no longer in its balances."""
    early = lender_records(
        book(as_of=date(2025, 3, 9)), CALLS, paid(("a", "2025-03-01", 40.0), ("a", "2025-03-10", 7.0))
    )
    state, _ = state_at(early, date(2025, 3, 11))
    one = state.table.set_index("account_id").loc["a"]
    assert (one["balance"], one["paid"], one["attempts"]) == (93.0, 7.0, 1)


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    scenario = load_scenario("china-consumer")
    table = scenario.portfolio(40, 1).table
    names = table["account_id"]
    table.to_csv(folder / "portfolio.csv", index=False)
    calls(*((name, "2025-03-05") for name in names)).dropna(axis=1).to_csv(folder / "contacts.csv", index=False)
    paid(*((name, "2025-03-10", 5.0) for name in names)).dropna(axis=1).to_csv(folder / "payments.csv", index=False)
    paid(("z", "2025-03-10", 5.0)).dropna(axis=1).to_csv(folder / "others.csv", index=False)
    return folder


def test_from_files_nothing_is_drawn_unless_it_is_asked_for(lender: Path) -> None:
    population = load_scenario("china-consumer").world.population
    few = pd.read_csv(lender / "portfolio.csv")[["account_id", "opening_balance", "dpd"]]
    few.to_csv(lender / "few.csv", index=False)
    tables = [TableAt.named(str(lender / name)) for name in ("few.csv", "contacts.csv", "payments.csv")]
    known, drawn = read_lender_records(*tables), read_lender_records(*tables, drawn_from=population)
    assert list(known.portfolio.table) == list(few) and known.portfolio.name == drawn.portfolio.name == "few"
    assert drawn.portfolio.table["credit_score"].notna().all() and drawn.portfolio.filled
    assert isinstance(known, LenderRecords) and len(known.payments) == 40
    assert known_portfolio(tables[0]).table.equals(known.portfolio.table)


COMMANDS = {
    "backtest": ("backtest", "-p", "staged", "--seeds", "19"),
    "calibrate": ("calibrate",),
    "discontinuity": ("discontinuity", "--threshold", "600"),
    "model": ("model", "fit", "repayment"),
    "state": ("portfolio", "state", "--at", "2025-03-08"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_alike(lender: Path, name: str, tmp_path: Path) -> None:
    """A log of other accounts, and a map without its table: the same line from each."""
    asked = [*COMMANDS[name], "--portfolio", lender / "portfolio.csv"]
    if name != "discontinuity":
        asked += ["--contacts", lender / "contacts.csv"]
    out = ["--out", tmp_path / ("w.yaml" if name == "calibrate" else "out")]
    done = recoup(*asked, "--payments", lender / "others.csv", *out)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert (
        f"{lender / 'others.csv'}: account_id: got 'z', expected an account of {lender / 'portfolio.csv'}"
        in done.stderr
    )
    assert not any(tmp_path.iterdir())


def test_what_a_fitted_scenario_notes_is_said_in_both_languages() -> None:
    say, told = text_in("zh"), {"accounts": 1080, "first": "2025-03-03", "last": "2025-03-29"}
    missed = Remark("fitted_misses", told | {"judged": 9, "missed": ["reached by sms", "cash"]})
    assert say.note(missed).startswith(
        "行为参数用 1,080 个账户 2025-03-03 至 2025-03-29 的记录拟合。模型不符合该资产包：检验期的 9 项指标"
    )
    assert "短信触达" in say.note(missed)
    assert "of 9 measures of the held-out days it misses" in text_in("en").note(missed.content())
    for code, values in (("fitted_fits", {"judged": 9}), ("fitted_few", {}), ("fitted_none", {})):
        remark = Remark(code, told | values)
        assert say.note(remark).startswith("行为参数用 1,080 个账户") and text_in("en").note(remark) == str(remark)
    assert say.note(Remark("fitted_assumed", {"names": ["a", "b"]})) == "以下参数完全未经拟合：a、b。"
