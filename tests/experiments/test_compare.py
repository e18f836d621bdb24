"""Comparisons: paired, complete, independent of workers and of interruptions."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.compare import claims, compare
from recoup.experiments.comparison.intervals import difference, interval
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.rollout import Rollout, rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import render
from recoup.experiments.runs.workers import WorkerLost, pool_of
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from tests import command

SMALL = Comparison("china-consumer", ("status-quo", "staged"), seeds=2, accounts=150, days=60)
NAMES = (
    "recovery_rate net_recovery_rate variable_net_recovery_rate npv_rate value_at_horizon time_to_recover_days "
    "cash_weighted_days cure_rate cured_balance_rate cost_to_collect variable_cost_to_collect complaints_per_1000 breaches rpc_rate kept_promise_rate occupancy"
).split()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    compare(SMALL, folder, workers=1, command="recoup compare …")
    render(folder)
    return folder


def test_run_folder_holds_the_promised_keys_and_tables(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert results["scenario"] == "china-consumer" and results["seeds"] == [1, 2]
    for name in ("status-quo", "staged"):
        assert list(results["policies"][name]) == NAMES
        for estimate in results["policies"][name].values():
            assert set(estimate) == {"mean", "low", "high"}
            assert estimate["mean"] is None or estimate["low"] <= estimate["mean"] <= estimate["high"]
    pair = results["differences"]["staged"]["status-quo"]["recovery_rate"]
    means = [results["policies"][name]["recovery_rate"]["mean"] for name in ("staged", "status-quo")]
    assert math.isclose(pair["mean"], means[0] - means[1], abs_tol=1e-12)
    assert math.isclose(pair["relative"]["mean"], means[0] / means[1] - 1, abs_tol=1e-12)
    assert {"recoup", "python", "numpy", "numba", "simpy"} <= set(results["versions"])
    accounts, daily = (pd.read_parquet(finished / f"{kind}.parquet") for kind in ("accounts", "daily"))
    assert len(accounts) == 2 * 2 * 150 and len(daily) == 2 * 2 * 60
    for (_, _), part in accounts.groupby(["policy", "seed"]):
        money = part["opening"] + part["interest"] + part["fees"]
        assert (money == part["cash"] + part["forgiven"] + part["written_off"] + part["balance"]).all()
    assert not list(finished.rglob(".*"))  # nothing half-written


def test_report_says_the_answer_and_is_one_file(finished: Path) -> None:
    html = (finished / "report.html").read_text(encoding="utf-8")
    text = html.replace("\u00a0", " ")
    assert "The claim of 15 % more recovery is" in text and "The claim of 20 % less time to recover is" in text


def test_workers_and_resume_change_no_number(finished: Path, tmp_path: Path) -> None:
    compare(SMALL, tmp_path / "two", workers=2, command="recoup compare …")
    broken = tmp_path / "broken"
    compare(SMALL, broken, workers=1, command="recoup compare …")
    (broken / "parts" / "staged" / "2.json").unlink()  # killed between its files, …
    cut = broken / "parts" / "status-quo" / "1.daily.parquet"
    cut.write_bytes(cut.read_bytes()[:100])  # … or by a power cut, …
    (broken / "parts" / "staged" / ".a1b2c3.recoup-unfinished").write_text("{")  # … or while it wrote, …
    old = broken / "parts" / "status-quo" / "2.json"
    old.write_text(
        json.dumps({k: v for k, v in json.loads(old.read_text()).items() if k != "fairness"})
    )  # … or an older version
    (broken / "results.json").unlink()
    ready: list[tuple[str, int]] = []
    compare(
        SMALL,
        broken,
        workers=2,
        resume=True,
        command="recoup compare …",
        on_part=lambda name, seed: ready.append((name, seed)),
    )
    assert len(ready) == 4 and not list(broken.rglob(".*"))
    expected = (finished / "results.json").read_bytes()
    assert (tmp_path / "two" / "results.json").read_bytes() == expected
    assert (broken / "results.json").read_bytes() == expected


def test_an_audit_by_other_rules_does_not_pass_for_the_runs_own(finished: Path, tmp_path: Path) -> None:
    own = (finished / "audit.json").read_bytes()
    command.recoup("audit", finished, "--rules", "us-reg-f", "--out", tmp_path / "found", "--no-pdf")
    assert (finished / "audit.json").read_bytes() == own
    assert json.loads((tmp_path / "found" / "audit.json").read_text())["pack"] == "us-reg-f"
    assert command.recoup("audit", finished, "--no-pdf").returncode == 0
    again = json.loads((finished / "audit.json").read_text())
    # What whoever signs an audit signs for is in that of `recoup audit` alone.
    assert again.pop("record")["source"] == str(finished) and again.pop("coverage")["not_testable"]
    assert again == json.loads(own)


def test_folder_of_another_run_is_never_written_over(finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    with pytest.raises(InputError, match="a folder that exists"):
        compare(SMALL, finished)
    other = Comparison("china-consumer", ("status-quo", "staged"), seeds=2, accounts=150, days=61)
    with pytest.raises(InputError, match=r"days .*got 61, expected as this run was begun: 60"):
        compare(other, finished, resume=True)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


@pytest.mark.parametrize("wrong", ["scenario", "plan", "twice"])
def test_wrong_input_leaves_no_folder(tmp_path: Path, wrong: str) -> None:
    comparison = {
        "scenario": Comparison("china-konsumer", ("staged",)),
        "plan": Comparison("china-consumer", ("stagd",)),
        "twice": Comparison("china-consumer", ("a=staged", "a=tiered")),
    }[wrong]
    with pytest.raises(InputError):
        compare(comparison, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupt_keeps_finished_seeds_and_says_how_to_go_on(tmp_path: Path, how: signal.Signals) -> None:
    folder = tmp_path / "run"
    arguments = "compare -s china-consumer -p staged --seeds 400 --accounts 400 --days 60 --workers 2 --out".split()
    process = subprocess.Popen(
        command.process(*arguments, folder), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob("parts/staged/*.json")) and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, how) if how == signal.SIGINT else process.send_signal(how)
    _, said = process.communicate(timeout=60)
    if how == signal.SIGKILL:
        assert process.returncode == -how and "Traceback" not in said
    else:
        assert process.returncode == 130
        assert said.count("\n") == 1 and "--resume" in said and str(folder) in said and "Traceback" not in said
    assert list(folder.glob("parts/staged/*.json")) and not (folder / "results.json").exists()
    with pytest.raises(ProcessLookupError):  # no worker is left behind
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)


def small_run(**changes: object) -> Rollout:
    accounts = pd.DataFrame(
        {
            "opening": [1000, 3000],
            "cash": [1000, 500],
            "cost": [10, 20],
            "cash_day_sum": [1000 * 4, 500 * 10],
            "discounted_cash": [990.0, 480.0],
            "discounted_cost": [9.0, 18.0],
            "horizon_value": [0, 250],
            "discounted_horizon_value": [0.0, 245.0],
            "status": ["paid", "open"],
            "closed_day": [4, -1],
            "call_attempts": [3, 1],
            "call_reaches": [1, 0],
            "kept": [1, 0],
            "broken": [0, 1],
            "complaints": [0, 1],
            "breaches": [0, 0],
            "entry_tier": ["low", "high"],
            "dpd": [1, 1],
            "balance": [0, 3000],
        }
    ).assign(**changes)
    daily = pd.DataFrame({"overhead": [0, 5], "idle_cost": [0, 15], "discount_factor": [1.0, 0.5], "cash": [0, 1500]})
    for pool in ("collector", "specialist"):
        daily[f"{pool}_seconds"], daily[f"{pool}_capacity"] = [10, 0], [40, 0]
    return Rollout(accounts, daily, {}, {}, days=20)


def test_measures_are_what_their_definitions_say() -> None:
    expected = {
        "recovery_rate": 1500 / 4000,
        "net_recovery_rate": (1500 - 50) / 4000,
        "variable_net_recovery_rate": (1500 - 30) / 4000,
        "npv_rate": (1470 - 27 - 10 + 245) / 4000,
        "value_at_horizon": 250 / 4000,
        "time_to_recover_days": (5 + 20) / 2,
        "cash_weighted_days": 9000 / 1500,
        "cure_rate": 0.5,
        "cured_balance_rate": 0,
        "cost_to_collect": 50 / 1500,
        "variable_cost_to_collect": 30 / 1500,
        "complaints_per_1000": 500,
        "breaches": 0,
        "rpc_rate": 0.25,
        "kept_promise_rate": 0.5,
        "occupancy": 0.25,
    }
    assert measures.measure_run(small_run()) == pytest.approx(expected)
    assert list(expected) == NAMES == list(MEASURE)
    by_tier = measures.measure_by_tier(small_run())
    assert by_tier["low"]["recovery_rate"] == 1 and math.isnan(by_tier["medium"]["recovery_rate"])
    assert measures.unresolved_curve(small_run())[[3, 4, 19]].tolist() == [1.0, 0.5, 0.5]
    nobody_paid = measures.measure_run(small_run(cash=0, cash_day_sum=0))
    assert math.isnan(nobody_paid["cost_to_collect"]) and math.isnan(nobody_paid["cash_weighted_days"])


def test_writing_off_is_not_recovering() -> None:
    run = small_run(status=["written_off", "open"])
    assert measures.measure_run(run)["time_to_recover_days"] == 20 and measures.measure_run(run)["cure_rate"] == 0


def test_empty_portfolio_days_do_not_stop_a_run() -> None:
    scenario = load_scenario("china-consumer")
    world = scenario.world.model_copy(
        update={
            "behaviour": scenario.world.behaviour.model_copy(update={"pay_base": 3.0, "full_base": 9.0, "pay_age": 0.0})
        }
    )
    scenario.world = world
    run = rollout(scenario, "staged", scenario.portfolio(5, 1), 1, 60)
    assert (run.accounts["closed_day"] >= 0).all() and len(run.daily) == 60 and run.daily["open"].iloc[-1] == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12), st.floats(-1e3, 1e3))
def test_intervals_hold_the_mean_and_pair_by_seed(values: list[float], shift: float) -> None:
    result = interval(values)
    low, mean, high = result["low"], result["mean"], result["high"]
    assert low is not None and mean is not None and high is not None
    slack = 1e-6 * (1 + abs(mean))
    assert low - slack <= mean <= high + slack
    shifted = difference([value + shift for value in values], values)
    # The same shift on every seed leaves no doubt, however noisy the seeds are (up to rounding of value + shift).
    assert np.isclose(shifted["low"], shift, atol=1e-6) and np.isclose(shifted["high"], shift, atol=1e-6)


def test_one_seed_gives_no_interval() -> None:
    assert interval([0.4]) == {"mean": 0.4, "low": None, "high": None}
    assert interval([math.nan]) == {"mean": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.16, 0.2, "reached"),
        (0.02, 0.1, "not reached"),
        (0.1, 0.2, "not decided by these seeds"),
        (None, None, "not decided: one seed has no interval"),
    ],
)
def test_claims_are_judged_by_their_interval(low: float | None, high: float | None, verdict: str) -> None:
    def relative(sign: int) -> dict[str, object]:
        bounds = sorted([sign * low, sign * high]) if low is not None and high is not None else (None, None)
        return {"relative": {"mean": 0.0, "low": bounds[0], "high": bounds[1]}}

    pair = {"recovery_rate": relative(1), "time_to_recover_days": relative(-1)}
    result = claims({"staged": {"status-quo": pair}})
    assert result[0]["verdict"] == verdict
    if low is None:
        assert result[1]["verdict"] == verdict
    assert claims({}) == []


def test_killed_worker_ends_in_one_line_that_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerLost, match="killed by the system") as lost, pool_of(1) as pool:
        pool.submit(os._exit, 9).result()

    def broken(*_: object) -> None:
        raise lost.value

    monkeypatch.setattr("recoup.experiments.comparison.compare.compare", broken)
    done = command.recoup("compare", "-p", "staged", "--workers", "2", "--out", tmp_path / "run")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "memory" in done.stderr and done.stderr.rstrip().endswith(f"--out {tmp_path / 'run'} --resume")
