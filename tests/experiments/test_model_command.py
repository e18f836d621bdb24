"""`recoup model fit | report | score` on simulated records, and a plan that asks for the score."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.models import fit as fit_module
from recoup.experiments.models.files import CARD_FILE, MODEL_FILE
from recoup.experiments.models.uplift import Effect, Rows
from recoup.sim.portfolio.table import FILE_FIELDS
from tests.command import recoup

PLAN = """
name: by-score
title: By scores
rules:
  - name: pays anyway
    when: {score.repayment: {at_least: 0.2}}
    do: nothing
  - name: call when reached
    when: {score.reach-evening: {at_least: 0.2}}
    do: {channel: collector, window: evening}
  - name: write
    do: {channel: sms}
"""


@pytest.fixture(scope="module")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "lender"
    made = ("records", "simulate", "--accounts", "900", "--days", "80", "--explore", "0.5", "--out", folder)
    assert recoup(*made).returncode == 0
    return folder


def sources(lender: Path) -> list[str]:
    names = ("portfolio", "contacts", "payments")
    return [word for name in names for word in (f"--{name}", str(lender / f"{name}.parquet"))]


@pytest.fixture(scope="module")
def models(lender: Path) -> dict[str, Path]:
    folders = {kind: lender.parent / kind for kind in ("repayment", "call-time", "early-warning")}
    for kind, folder in folders.items():
        done = recoup("model", "fit", kind, *sources(lender), "--horizon", "20", "--share", "0.2", "--out", folder)
        assert done.returncode == 0, done.stderr
        assert "│ AUC " in done.stdout and "intervals)" in done.stdout and "stability index" in done.stdout
        assert all(len(line) <= 100 for line in done.stdout.splitlines() if line.startswith(("┃", "│")))
    return folders


def test_cards_hold_the_figures_of_both_periods_and_no_account(models: dict[str, Path], lender: Path) -> None:
    names = set(pd.read_parquet(lender / "portfolio.parquet")["account_id"])
    for kind, folder in models.items():
        card, model = CARD_FILE.read(folder), MODEL_FILE.read(folder)
        score = card["score"]
        assert card["kind"] == model["kind"] == kind and card["accounts"] == 900 and model["horizon"] == 20
        assert score["fit"]["last"] < card["split"] <= score["test"]["first"] <= score["test"]["last"] <= card["last"]
        assert 0.5 < score["fit"]["discrimination"]["auc"]["mean"] < 1
        assert sum(tenth["rows"] for tenth in score["test"]["calibration"]) == score["test"]["rows"]
        assert {"sex", "age", "region"} == set(score["fairness"]) and score["fairness"]["sex"]
        written = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
        assert not any(name in written for name in names) and str(lender) not in written
    calls = CARD_FILE.read(models["call-time"])["calls"]
    assert {call["window"] for call in calls} <= {"morning", "midday", "afternoon", "evening"} and len(calls) > 10


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_what_the_card_says(models: dict[str, Path], language: str) -> None:
    done = recoup("model", "report", models["repayment"], "--lang", language, "--json")
    page = models["repayment"] / ("report.html" if language == "en" else "report.zh.html")
    card, html = json.loads(done.stdout), page.read_text(encoding="utf-8")
    auc = card["score"]["test"]["discrimination"]["auc"]["mean"]
    assert f"{auc:.3f} (" in html and html.count("<svg") == 2 and "<script" not in html
    assert ("模型卡：还款评分" if language == "zh" else "Model card: repayment") in html
    assert "score.repayment" in html and "None" not in html and "nan" not in html


def test_scores_stand_beside_the_fields_and_a_plan_asks_for_them(
    models: dict[str, Path], lender: Path, tmp_path: Path
) -> None:
    out, plan = tmp_path / "scored.parquet", tmp_path / "mine.yaml"
    portfolio = lender / "portfolio.parquet"
    folders = [models[kind] for kind in ("repayment", "call-time")]
    done = recoup("model", "score", *folders, "--portfolio", portfolio, "--as-of", "2025-03-03", "--out", out)
    assert done.returncode == 0 and "900 accounts with score.repayment, score.reach-morning" in done.stdout, done.stderr
    table, before = pd.read_parquet(out), pd.read_parquet(portfolio)
    for field in FILE_FIELDS:
        assert table[field.name].tolist() == before[field.name].tolist()
    scores = table[[name for name in table if str(name).startswith("score.")]]
    assert ((scores > 0) & (scores < 1)).all(axis=None) and scores["score.repayment"].nunique() > 100
    assert set(table["best_window"]) <= {"morning", "midday", "afternoon", "evening"}
    plan.write_text(PLAN)
    run = tmp_path / "run"
    compare = ("compare", "-p", plan, "--portfolio", out, "--accounts", 200, "--days", 20, "--seeds", 2, "--no-why")
    done = recoup(*map(str, compare), "--out", run)
    assert done.returncode == 0, done.stderr
    assert "score “repayment” ≥" in (run / "report.html").read_text(encoding="utf-8")
    # Whoever is likely to pay is left alone, the others are not.
    accounts = pd.read_parquet(run / "accounts.parquet").query("policy == 'by-score' and seed == 1")
    assert 0 < (accounts["attempts"] == 0).sum() < 200


def test_a_score_takes_the_place_of_a_field(models: dict[str, Path], lender: Path, tmp_path: Path) -> None:
    portfolio, out = lender / "portfolio.parquet", tmp_path / "a.parquet"
    day = ("--portfolio", portfolio, "--as-of", "2025-03-03")
    assert (
        recoup("model", "score", models["early-warning"], *day, "--fill", "early_warning", "--out", out).returncode == 0
    )
    table = pd.read_parquet(out)
    assert np.allclose(table["early_warning"], table["score.early-warning"], atol=1e-6)
    out = tmp_path / "b.parquet"
    assert recoup("model", "score", models["repayment"], *day, "--fill", "credit_score", "--out", out).returncode == 0
    table, before = pd.read_parquet(out), pd.read_parquet(portfolio)
    assert sorted(table["credit_score"]) == sorted(before["credit_score"])
    assert table.sort_values(["score.repayment", "credit_score"])["credit_score"].is_monotonic_increasing
    done = recoup(
        "model", "score", models["repayment"], *day, "--fill", "early_warning", "--out", tmp_path / "c.parquet"
    )
    assert done.returncode == 2 and "a model of early-warning first" in done.stderr


def test_a_lenders_own_score_column_comes_by_the_map(lender: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(lender / "portfolio.parquet").head(60)
    table.assign(BEHAVE=np.arange(60) / 60).to_csv(tmp_path / "own.csv", index=False)
    names = ("account_id", "opening_balance", "dpd")
    (tmp_path / "map.yaml").write_text(
        "fields:\n" + "".join(f"  {name}: {name}\n" for name in names) + "  score.repayment: BEHAVE\n"
    )
    (tmp_path / "plan.yaml").write_text(PLAN.replace("reach-evening: {at_least: 0.2}", "repayment: {at_least: 0.1}"))
    compare = ["compare", "-p", str(tmp_path / "plan.yaml"), "--portfolio", str(tmp_path / "own.csv"), "--days", "5", "--seeds", "1", "--no-why"]  # fmt: skip
    done = recoup(*compare, "--map", tmp_path / "map.yaml", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    accounts = pd.read_parquet(tmp_path / "run" / "accounts.parquet")
    assert (accounts["attempts"] == 0).sum() >= 48  # the 48 with 0.2 and more are left alone
    table.assign(**{"score.repayment": [None, *range(59)]}).to_csv(tmp_path / "own.csv", index=False)
    done = recoup(*compare, "--out", tmp_path / "run2")
    assert done.returncode == 2 and "line 2, column score.repayment: got ''" in done.stderr


def test_faults_are_one_line(models: dict[str, Path], lender: Path, tmp_path: Path) -> None:
    fit = ["model", "fit", "repayment", *sources(lender)]
    for arguments, expected in (
        ([*fit, "--horizon", "60"], "80 days of contacts and payments"),
        ([*fit, "--start", "3 March"], "does not match the formats '%Y-%m-%d'"),
        ([*fit, "--start", "2026-01-01"], "--start: got '2026-01-01', expected days that the logs tell of"),
        ([*fit[:5], "--payments-map", "m.yaml"], "--payments beside it"),
        ([*fit[:5]], "contacts or payments, or --start with the day of the portfolio"),
        ([*fit, "--share", "1", "--horizon", "1"], "30 of each outcome"),
        (["model", "report", str(tmp_path)], "card.json"),
    ):
        done = recoup(*arguments, *(["--out", str(tmp_path / "new")] if "fit" in arguments else []))
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and expected in done.stderr, done.stderr
    assert not (tmp_path / "new").exists()
    model = models["repayment"]
    content = json.loads((model / "model.json").read_text())
    content["features"] = content["features"][:3]
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "model.json").write_text(json.dumps(content))
    done = recoup("model", "score", tmp_path / "bad", *sources(lender), "--out", tmp_path / "x.parquet")
    assert done.returncode == 2 and "model.json" in done.stderr


def test_uplift_goes_on_with_the_treatments_that_are_left(
    lender: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C during the third treatment: the same command does that one and those after it, and writes what an undisturbed run does."""
    effect_of, asked, worked_out = fit_module.effect_of, list[str](), dict[str, Effect]()

    def interrupted_at(number: int | None) -> Callable[[Rows], Effect]:
        asked.clear()

        def effect(rows: Rows) -> Effect:
            asked.append(rows.treatment)
            if len(asked) == number:
                raise KeyboardInterrupt
            if rows.treatment not in worked_out:  # once is enough: it takes seconds
                worked_out[rows.treatment] = effect_of(rows)
            return worked_out[rows.treatment]

        return effect

    command = ("model", "fit", "uplift", *sources(lender), "--horizon", "20", "--out")
    monkeypatch.setattr(fit_module, "effect_of", interrupted_at(None))
    assert recoup(*command, tmp_path / "whole").returncode == 0
    treatments = list(asked)
    assert len(treatments) > 4
    monkeypatch.setattr(fit_module, "effect_of", interrupted_at(3))
    ended = recoup(*command, tmp_path / "found")
    assert ended.returncode == 130 and "interrupted; the same command goes on" in ended.stderr
    assert not (tmp_path / "found").exists()
    kept = tmp_path / "found.unfinished.jsonl"
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 2
    monkeypatch.setattr(fit_module, "effect_of", interrupted_at(None))
    other = recoup(
        *command[:-3], "--horizon", "21", "--out", tmp_path / "found"
    )  # another question: nothing kept is of use
    assert other.returncode == 0 and asked == treatments and not kept.exists()
    shutil.rmtree(tmp_path / "found")
    monkeypatch.setattr(fit_module, "effect_of", interrupted_at(3))
    assert recoup(*command, tmp_path / "found").returncode == 130
    monkeypatch.setattr(fit_module, "effect_of", interrupted_at(None))
    assert recoup(*command, tmp_path / "found").returncode == 0
    assert asked == treatments[2:] and not kept.exists()
    for name in ("model.json", "card.json"):
        assert (tmp_path / "found" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
