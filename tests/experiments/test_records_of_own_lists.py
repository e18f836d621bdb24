"""A lender with channels and products of its own: the commands about its records know them, and say what they are called."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.backtest.backtest import months_of
from recoup.experiments.calibration.histories import histories
from recoup.experiments.calibration.parameters import Block, Parameter, movable, records_of
from recoup.experiments.models.features import features_at
from recoup.experiments.models.numbered_records import numbered
from recoup.experiments.models.training_table import call_table
from recoup.experiments.records.lender_records import TableAt, lender_records, read_lender_records
from recoup.experiments.records.recorded_measures import RecordedMonths, measure
from recoup.experiments.records.state_from_logs import state_at
from recoup.scenarios.schema import load_scenario
from recoup.sim.portfolio.importing import load
from recoup.sim.portfolio.records import PAYMENTS, contacts_of, in_form
from recoup.sim.portfolio.table import Portfolio, portfolio_fields
from recoup.sim.simulation import Simulation
from tests.command import recoup

HOME = load_scenario("southeast-asia-loans")
WORDS = HOME.world.vocabulary
FIRST = date(2025, 3, 3)
SCENARIO = ("-s", HOME.name)


def log(*rows: dict[str, object]) -> pd.DataFrame:
    table = pd.DataFrame([{"direction": "outbound", **row} for row in rows])
    return in_form(table.assign(date=pd.to_datetime(table["date"])), contacts_of(WORDS))


CONTACTS = log(
    {"account_id": "a", "date": "2025-03-04", "hour": 10.0, "channel": "whatsapp", "outcome": "delivered"},
    {"account_id": "a", "date": "2025-03-05", "hour": 10.0, "channel": "push", "outcome": "delivered"},
    {"account_id": "a", "date": "2025-03-06", "hour": 10.0, "channel": "voice_bot", "outcome": "promise",
     "promise_due": pd.Timestamp("2025-03-20"), "promise_amount": 50.0, "balance": 100.0},
    {"account_id": "b", "date": "2025-03-06", "hour": 19.0, "channel": "voice_bot", "outcome": "no_answer"},
    {"account_id": "b", "date": "2025-03-07", "hour": 19.0, "channel": "collector", "outcome": "reached"},
    {"account_id": "b", "date": "2025-03-08", "hour": 12.0, "channel": "whatsapp", "outcome": "opt_out", "direction": "inbound"},
)  # fmt: skip
NOTHING_PAID = in_form(pd.DataFrame({"account_id": [], "date": pd.to_datetime([]), "amount": []}), PAYMENTS)


def book() -> Portfolio:
    table = pd.DataFrame(
        {
            "account_id": ["a", "b"],
            "opening_balance": [100.0, 200.0],
            "dpd": [5, 40],
            "product": ["cash_loan", "phone_instalments"],
        }
    )
    return Portfolio(table, "book")


def test_own_channels_count_in_their_groups_and_a_promise_keeps_its_channel(tmp_path: Path) -> None:
    state, _ = state_at(lender_records(book(), CONTACTS, NOTHING_PAID, WORDS, day=FIRST), date(2025, 3, 10))
    a, b = (state.table.iloc[row] for row in (0, 1))
    days_ago = {"text_days": (1 << 6) + (1 << 5), "call_days": 1 << 4, "conversation_days": 1 << 4}
    assert {name: int(a[name]) for name in days_ago} == days_ago
    assert (a["attempts"], a["call_attempts"], a["calls_reached"]) == (3, 1, 1)
    assert (b["call_attempts"], b["calls_reached"], bool(b["opted_out"]), bool(b["cease_contact"])) == (
        2,
        1,
        True,
        False,
    )
    assert a["promise_channel"] == "voice_bot"
    # The record has the channel's number, and what the simulation writes down has its name again.
    table = portfolio_fields(WORDS)
    assert set(table.field["promise_channel"].values) == set(WORDS.channel_names)
    filled = HOME.portfolio(2, 1).table
    known = state.table[[name for name in state.table if name not in filled]]
    middle = Portfolio(filled.assign(dpd=[12, 47]).join(known), "middle", as_of=date(2025, 3, 10))
    home = HOME.with_world(HOME.world.model_copy(update={"start": date(2025, 3, 10)}))
    simulation = Simulation(home.world, middle, home.rules, 1)
    assert simulation.accounts["promise_channel"][0] == 1 + WORDS.channel_names.index("voice_bot")
    assert simulation.portfolio_now().table["promise_channel"].tolist() == ["voice_bot", None]


def test_measures_count_calls_of_own_lines_by_window_and_every_channel() -> None:
    months = RecordedMonths(book().table, CONTACTS, NOTHING_PAID, FIRST, 7, HOME.world.windows, vocabulary=WORDS)
    found = measure(months).table().set_index("name")
    # Evening: the bot's call that nobody answered and the collector's that reached; morning: the bot's, which reached.
    assert found.loc["right_party_calls.evening", ["above", "below"]].tolist() == [1, 2]
    assert found.loc["right_party_calls.morning", ["above", "below"]].tolist() == [1, 1]
    assert found.loc["contacts_per_week.whatsapp", "above"] == 1 and found.loc["contacts_per_week.rcs", "above"] == 0
    records = lender_records(book(), CONTACTS, NOTHING_PAID, WORDS)
    assert months_of(HOME, records).records(CONTACTS, NOTHING_PAID, ()).vocabulary is WORDS


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "lender"
    made = recoup(
        "records", "simulate", *SCENARIO, "--accounts", "300", "--days", "60", "--explore", "0.5", "--out", folder
    )
    assert made.returncode == 0, made.stderr
    return folder


def sources(lender: Path) -> list[str]:
    names = ("portfolio", "contacts", "payments")
    return [word for name in names for word in (f"--{name}", str(lender / f"{name}.parquet"))]


def test_features_know_own_products_and_channels(lender: Path) -> None:
    tables = (TableAt(lender / f"{name}.parquet") for name in ("portfolio", "contacts", "payments"))
    records = numbered(read_lender_records(*tables, WORDS))
    found = features_at(records, 30)
    of_product = [name for name in found if name.startswith("product_")]
    assert of_product == ["product_cash_loan", "product_phone_instalments", "product_credit_card"]
    assert (found[of_product].sum(axis=1) == 1).all()
    ours = records.contacts[(records.contacts["day"] < 30) & ~records.contacts["inbound"]]
    assert found["texts"].sum() == ours["channel"].isin(["sms", "email", "whatsapp", "rcs", "push"]).sum() > 0
    assert found["calls"].sum() == ours["channel"].isin(["voice_bot", "autocall", "collector", "specialist"]).sum()
    assert "by_voice_bot" in call_table(records, [12.0, 14.0, 18.0, 24.0], "lender").features


def test_calibration_fits_the_reach_of_own_channels(lender: Path) -> None:
    names = {parameter.name: parameter for parameter in movable(HOME.world, Block.REACH, reads_known=True)}
    assert {"reach.whatsapp", "reach.rcs", "reach.push", "reach.voice_bot"} <= names.keys()
    # Without reads nothing tells how many messages are read; a call is answered or not.
    blind = {parameter.name for parameter in movable(HOME.world, Block.REACH)}
    assert "reach.voice_bot" in blind and not {"reach.whatsapp", "reach.push", "reach.sms"} & blind
    moved = records_of(HOME.world, [names["reach.voice_bot"]], np.array([[np.log(2.0)]]))
    assert moved["reach"][0, 1 + WORDS.channel_names.index("voice_bot")] == pytest.approx(2 * 0.16)
    complaint: Parameter = next(one for one in movable(HOME.world, Block.CONDUCT) if one.name == "complaint")
    assert complaint.places[-4:] == tuple(f"complaint.{name}" for name in ("whatsapp", "rcs", "push", "voice_bot"))
    tables = {name: pd.read_parquet(lender / f"{name}.parquet") for name in ("contacts", "payments")}
    registry = portfolio_fields(WORDS)
    accounts = load(lender / "portfolio.parquet", None, HOME.world.population, 0, "lender", registry)
    data = histories(
        HOME.world, accounts, in_form(tables["contacts"], contacts_of(WORDS)), in_form(tables["payments"], PAYMENTS)
    )
    groups = {int(WORDS.groups[one["channel"]]) == int(one["group"]) for one in data.contacts}
    assert groups == {True} and data.vocabulary is WORDS


@pytest.mark.parametrize(
    "words",
    [
        ("portfolio", "state", "--at", "2025-04-07"),
        ("backtest", "-p", "staged", "--seeds", "19", "--accounts", "40", "--until", "2025-03-16"),
        ("model", "fit", "repayment", "--horizon", "15", "--share", "0.1"),
        ("discontinuity", "--score", "early_warning", "--threshold", "0.5", "--treatment", "whatsapp"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_commands_take_such_records(lender: Path, words: tuple[str, ...], tmp_path: Path) -> None:
    done = recoup(*words, *SCENARIO, *sources(lender), "--out", tmp_path / "found", "--lang", "zh")
    assert done.returncode in (0, 2) and "voice_bot" not in done.stderr and "product" not in done.stderr, done.stderr
    assert done.returncode == 0 or "没有估计" in done.stderr, done.stderr
    others = recoup(*words, *sources(lender), "--out", tmp_path / "none")
    assert others.returncode == 2 and "cash_loan" in others.stderr + others.stdout, others.stderr
    assert (tmp_path / "found").exists() != (done.returncode == 2 and words[0] != "discontinuity")
