"""A scenario's own bands of days past due: what accounts roll through, in every place that speaks of it, worked out by hand."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from recoup.experiments.comparison.files import RollName
from recoup.experiments.comparison.measures import roll_rates
from recoup.experiments.comparison.rollout import Rollout
from recoup.experiments.models.features import bucket_of
from recoup.experiments.records.recorded_measures import RecordedMonths, measure
from recoup.scenarios.schema import load_scenario
from recoup.sim.lists import vocabulary
from recoup.sim.treatments import PRODUCTS, STANDARD, TIERS
from tests.command import recoup

OWN = vocabulary({}, {}, PRODUCTS, TIERS, (0, 1, 8, 31, 61))
ROLLS = ["0→1–7", "1–7→8–30", "8–30→31–60", "31–60→61+"]


def test_bands_are_buckets_and_without_them_there_are_six_months() -> None:
    assert [(bucket.roll, bucket.first, bucket.last) for bucket in OWN.buckets] == [
        ("0→1–7", 0, 0),
        ("1–7→8–30", 1, 7),
        ("8–30→31–60", 8, 30),
        ("31–60→61+", 31, 60),
    ]
    months = [(bucket.roll, bucket.first, bucket.last) for bucket in STANDARD.buckets]
    assert months[0] == ("M1→M2", 1, 30) and months[-1] == ("M6→M7", 151, 180) and len(months) == 6


def test_every_age_has_its_bucket() -> None:
    ages = np.array([-3, 0, 1, 7, 8, 30, 31, 60, 61, 500])
    expected = ["0", "0", "1–7", "1–7", "8–30", "8–30", "31–60", "31–60", "61+", "61+"]
    assert OWN.bucket_names(ages).tolist() == expected
    ages = np.array([0, 1, 30, 31, 180, 181])
    assert STANDARD.bucket_names(ages).tolist() == ["M0", "M1", "M1", "M2", "M6", "M7+"]


def test_roll_rates_go_from_band_to_band() -> None:
    table = pd.DataFrame(
        {
            # 0: rolls through all; 1: paid on its day 7, when the second band has ended; 8: paid on the band's last day; 9: begins no band but the last two
            "dpd": [0, 1, 8, 9],
            "closed_day": [-1, 7, 22, -1],
            "status": ["open", "paid", "paid", "open"],
        }
    )
    found = roll_rates(Rollout(table, pd.DataFrame(), {}, {}, 61, buckets=OWN.buckets))
    assert list(found) == ROLLS
    assert found["0→1–7"] == 1.0  # the first alone is there on that day
    assert found["1–7→8–30"] == 1.0  # the first (days 1 to 7) and the second (days 0 to 6)
    # The first on days 8 to 30, the second is paid on the first of its days (7 to 29), the third on the last (0 to 22).
    assert found["8–30→31–60"] == pytest.approx(1 / 3)
    assert found["31–60→61+"] == 1.0  # the first on days 31 to 60, the last on days 22 to 51
    short = roll_rates(Rollout(table, pd.DataFrame(), {}, {}, 30, buckets=OWN.buckets))
    assert math.isnan(short["31–60→61+"])  # no whole band within the days


def test_records_roll_from_band_to_band() -> None:
    portfolio = pd.DataFrame(
        {"account_id": ["a", "b", "c"], "opening_balance": [100.0, 200.0, 300.0], "dpd": [1, 8, 8]}
    )
    payments = pd.DataFrame(
        {"account_id": ["a", "b"], "date": pd.to_datetime(["2025-01-07", "2025-01-29"]), "amount": [100.0, 50.0]}
    )
    contacts = pd.DataFrame({"account_id": [], "date": pd.to_datetime([]), "channel": []})
    found = measure(RecordedMonths(portfolio, contacts, payments, date(2025, 1, 1), 23, vocabulary=OWN)).table()
    rolls = found[found["family"] == "roll"].set_index("part")
    assert list(rolls.index) == ROLLS
    assert rolls["value"].tolist()[1:3] == [0.0, 1.0]  # a is paid on the last day of 1–7; b and c are not yet
    money = found[found["family"] == "roll_balance"].set_index("part")
    assert money.loc["8–30→31–60", ["above", "below"]].tolist() == [
        500.0 * 100,
        500.0 * 100,
    ]  # b's 50 come after the band


def test_a_model_foretells_the_next_band() -> None:
    days = np.array([0.0, 1.0, 7.0, 8.0, 60.0, 61.0])
    assert bucket_of(days, OWN).tolist() == [0, 1, 1, 2, 3, 4]
    assert bucket_of(days, STANDARD).tolist() == [0, 0, 0, 0, 2, 2]  # whole months


def test_a_comparison_and_its_report_have_them(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = (
        f"compare -s southeast-asia-loans -p status-quo -p staged --seeds 2 --accounts 40 --days 40 --out {folder}"
    )
    assert recoup(*command.split()).returncode == 0

    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    words = load_scenario("southeast-asia-loans").world.vocabulary
    expected = [bucket.roll for bucket in words.buckets]
    assert expected[:3] == ["0→1–7", "1–7→8–30", "8–30→31–60"]
    for rates in results["roll_rates"].values():
        assert list(rates) == expected and rates["8–30→31–60"]["mean"] is not None
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "1–7→8–30" in page and "a band of days past due of this scenario" in page and "30-day bucket" not in page


@pytest.mark.parametrize(("name", "good"), [("M1→M2", True), ("0→1–7", True), ("91–180→181+", True), ("a→b", False), ("M1", False)])  # fmt: skip
def test_what_a_roll_is_called_in_files(name: str, good: bool) -> None:
    form: TypeAdapter[Any] = TypeAdapter(RollName)
    if good:
        assert form.validate_python(name) == name
    else:
        with pytest.raises(ValidationError):
            form.validate_python(name)
