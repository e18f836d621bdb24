"""Regression discontinuity: exact where there is no noise, right as often as it says where there is, and loud where it must not be believed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.evidence.discontinuity import density_jump, jump, optimal_bandwidth, placebo_cuts
from recoup.experiments.evidence.files import DISCONTINUITY_FILE
from recoup.experiments.evidence.threshold import Accounts, Study, accounts_of, study
from recoup.experiments.records.lender_records import lender_records
from recoup.experiments.records.simulated_records import simulate_records
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.records import CONTACTS, PAYMENTS, in_form
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.remarks import Remark
from tests.command import recoup

GRID = np.linspace(-1, 1, 400)


def test_without_noise_the_jump_is_exact() -> None:
    """Lines of different slopes meet the local linear fits exactly; 2 + 3x below, 5 − x above."""
    found = jump(GRID, np.where(GRID < 0, 2 + 3 * GRID, 5 - GRID), 0.0, 0.5)
    assert found is not None
    assert found.levels == pytest.approx((2.0, 5.0))
    assert found.estimate == pytest.approx(3.0) and found.corrected == pytest.approx(3.0)
    assert found.error == pytest.approx(0.0, abs=1e-9)
    assert (found.below, found.above) == (100, 100)
    assert found.narrow == pytest.approx(0.5 * 400 ** (-1 / 20))


def test_curves_bias_the_linear_fit_and_not_the_corrected_one() -> None:
    found = jump(GRID, np.where(GRID < 0, 4 * GRID**2, 1 - 4 * GRID**2), 0.0, 0.8)
    assert found is not None
    # Bias of a local linear fit with a triangular kernel at a boundary: −h²/20 of the second derivatives' difference (−16).
    assert found.estimate == pytest.approx(1.0 + 16 * 0.8**2 / 20, rel=0.02)
    assert found.corrected == pytest.approx(1.0)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Curved means, unequal variances, skewed outcomes with many noughts; 300 repetitions of 95 % leave room for 92 to 98 %."""
    random, held, errors = np.random.default_rng(3), 0, []
    for _ in range(300):
        score = np.rint(random.normal(600, 80, 1500))
        chance = 1 / (1 + np.exp(-(score - 650) / 60)) + 0.1 * (score >= 600)
        outcome = (random.random(1500) < chance) * random.lognormal(0, 0.5 + 0.3 * (score > 600), 1500)
        mean = {side: np.exp(spread**2 / 2) for side, spread in (("below", 0.5), ("above", 0.8))}
        start = 1 / (1 + np.exp(50 / 60))
        truth = (start + 0.1) * mean["above"] - start * mean["below"]
        found = jump(score, outcome, 600.0)
        assert found is not None
        held += found.low <= truth <= found.high
        errors.append(found.corrected - truth)
    assert 0.92 <= held / 300 <= 0.985
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(300)


def test_a_fuzzy_design_gives_the_effect_on_those_treated_because_of_the_threshold() -> None:
    random = np.random.default_rng(5)
    score = random.uniform(0, 1000, 20_000)
    given = (random.random(20_000) < np.where(score >= 500, 0.8, 0.2)).astype(float)
    outcome = 7.0 * given + 0.01 * score + random.normal(0, 1, 20_000)
    found = jump(score, outcome, 500.0, given=given)
    assert found is not None and found.low <= 7.0 <= found.high
    assert found.estimate == pytest.approx(7.0, abs=0.3)
    sharp = jump(score, outcome, 500.0)
    assert sharp is not None and sharp.estimate == pytest.approx(0.6 * 7.0, abs=0.3)


def test_the_bandwidth_follows_the_units_of_the_score_and_not_those_of_the_outcome() -> None:
    random = np.random.default_rng(1)
    score = random.uniform(-1, 1, 2000)
    outcome = np.sin(3 * score) + random.normal(0, 0.3, 2000)
    h = optimal_bandwidth(score, outcome, 0.0)
    assert h is not None and 0.1 < h < 1.0
    assert optimal_bandwidth(10 * score + 600, outcome, 600.0) == pytest.approx(10 * h)
    assert optimal_bandwidth(score, 7 * outcome - 3, 0.0) == pytest.approx(h)
    assert optimal_bandwidth(score[:20], outcome[:20], 0.0) is None


def test_the_density_test_is_right_as_often_as_it_says_and_finds_a_heap() -> None:
    random = np.random.default_rng(2)
    rejected = 0
    for _ in range(200):
        found = density_jump(np.rint(random.normal(600, 70, 3000)), 600.0)
        assert found is not None
        rejected += found.p < 0.05
    assert rejected <= 20  # 5 % and luck
    # A third of the accounts just below were lifted over the threshold.
    score = random.uniform(500, 700, 20_000)
    lifted = (score > 570) & (score < 600) & (random.random(20_000) < 1 / 3)
    heap = density_jump(np.where(lifted, score + 30, score), 600.0)
    assert heap is not None and heap.p < 1e-6
    assert heap.jump == pytest.approx(np.log(2.0), abs=0.25)  # 4/3 over 2/3


def made_up(size: int = 3000, seed: int = 0, **changes: object) -> Accounts:
    random = np.random.default_rng(seed)
    score = random.uniform(0, 100, size)
    outcome = 0.3 * (score >= 50) + 0.002 * score + random.normal(0, 0.3, size)
    fields = {"opening_balance": random.normal(0, 1, size), "dpd": score + random.normal(0, 1, size)}
    return Accounts(
        **{
            "score": score,
            "outcome": outcome,
            "covariates": fields,
            "given": None,
            "without_score": 0,
            "days": 30,
            **changes,
        }
    )  # type: ignore[arg-type]


def test_a_clean_design_passes_its_checks() -> None:
    found = study(made_up(), 50.0)
    assert found.refusal is None and found.doubts == []
    assert found.effect is not None and found.effect.low <= 0.3 <= found.effect.high
    assert len(found.cuts) == 6 and set(found.covariates) == {"opening_balance", "dpd"}


def codes(found: Study) -> list[str]:
    return [doubt.code for doubt in found.doubts]


def test_what_speaks_against_it_is_said() -> None:
    clean = made_up()
    score, random = clean.score, np.random.default_rng(1)
    unlike = study(made_up(covariates={"dpd": 5.0 * (score >= 50) + random.normal(0, 1, score.size)}), 50.0)
    assert [(doubt.code, doubt.values["field"]) for doubt in unlike.doubts] == [("covariate", "dpd")]
    moved = np.where((score > 44) & (score < 50), score + 6, score)
    assert "density" in codes(study(made_up(score=moved), 50.0))
    elsewhere = clean.outcome + 2.0 * (score >= placebo_cuts(score, 50.0)[4])
    assert "placebo" in codes(study(made_up(outcome=elsewhere), 50.0))
    weak = study(made_up(given=(random.random(score.size) < 0.5).astype(float)), 50.0)
    assert weak.of_treated is None and "weak" in codes(weak)
    few = study(made_up(size=50), 50.0)
    assert few.effect is None and few.refusal == Remark("few", {"cut": 50.0, "least": 30})


def test_what_is_looked_at_comes_from_the_records() -> None:
    portfolio = pd.DataFrame(
        {"account_id": ["a", "b", "c", "d"], "opening_balance": [100.0, 200.0, 50.0, 10.0], "dpd": [1, 2, 3, 4], "credit_score": [500.0, 600.0, np.nan, 700.0]}
    )  # fmt: skip
    paid = {"account_id": ["a", "a", "b", "c", "d"], "amount": [10.0, 20.0, 50.0, 9.0, 1.0]}
    payments = in_form(
        pd.DataFrame(
            paid | {"date": pd.to_datetime(["2025-03-03", "2025-03-12", "2025-03-13", "2025-03-04", "2025-03-02"])}
        ),
        PAYMENTS,
    )
    called = {
        "account_id": ["b", "b", "a"],
        "channel": ["specialist", "sms", "specialist"],
        "direction": [None, None, "inbound"],
    }
    contacts = in_form(pd.DataFrame(called | {"date": pd.to_datetime(["2025-03-05"] * 3)}), CONTACTS)
    records = lender_records(Portfolio(portfolio, "book"), contacts, payments)
    found = accounts_of(records, "credit_score", "share", "specialist", date(2025, 3, 3), 10)
    assert found.score.tolist() == [500.0, 600.0, 700.0] and found.without_score == 1
    assert found.outcome == pytest.approx([0.3, 0.0, 0.0])  # b paid on the 11th day, d before the first
    assert found.given is not None and found.given.tolist() == [0.0, 1.0, 0.0]
    assert set(found.covariates) == {"opening_balance", "dpd"}
    for wrong in ({"score": "product"}, {"treatment": "fax"}, {"at": date(2026, 1, 1)}):
        options = {"score": "credit_score", "treatment": "specialist", "at": None} | wrong
        with pytest.raises(InputError):
            accounts_of(records, **options)  # type: ignore[arg-type]


SPLIT = """
name: split
title: Messages from a score of 600 on
rules:
  - name: messages
    when: {credit_score: {at_least: 600}, days_since_attempt: {at_least: 3}}
    do: {channel: wechat, window: morning}
"""


def test_the_command_on_simulated_records(tmp_path: Path) -> None:
    (tmp_path / "split.yaml").write_text(SPLIT, encoding="utf-8")
    home, lender = load_scenario("china-consumer"), tmp_path / "lender"
    lender.mkdir()
    simulate_records(home, str(tmp_path / "split.yaml"), home.portfolio(1200, 3), 3, 30).write(lender)
    files = ("--portfolio", lender / "portfolio.parquet", "--payments", lender / "payments.parquet")
    with_contacts = ("--contacts", lender / "contacts.parquet", "--treatment", "wechat")
    out = tmp_path / "out"
    done = recoup("discontinuity", *files, *with_contacts, "--threshold", "600", "--days", "30", "--out", out)
    assert done.returncode == 0, done.stderr
    content = DISCONTINUITY_FILE.read(out)
    assert content["accounts"] == 1200 and content["days"] == 30
    assert content["first_stage"]["estimate"] > 0.9  # messages begin at 600, and nowhere below
    for page, title in (("", "What the threshold credit score 600 tells"), (".zh", "信用评分阈值 600 说明了什么")):
        html = (out / f"discontinuity{page}.html").read_text(encoding="utf-8")
        assert title in html and html.count("<svg") == 6  # three pictures, each for wide and for narrow screens
        assert f"{content['effect']['estimate']:,.4g}".replace("-", "−") in html
    assert max(map(len, done.stdout.splitlines())) <= 80 or "discontinuity" in done.stdout
    table = [line for line in done.stdout.splitlines() if line.startswith(("│", "┃"))]
    assert table and max(map(len, table)) <= 80
    few = recoup("discontinuity", *files, "--threshold", "849")
    assert few.returncode == 2 and "no estimate: too few accounts" in few.stderr
    for wrong in (("--threshold", "600", "--score", "shoe_size"), ("--threshold", "600", "--treatment", "wechat")):
        refused = recoup("discontinuity", *files, *wrong)
        assert refused.returncode == 2 and len(refused.stderr.splitlines()) == 1
