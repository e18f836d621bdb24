"""What a Python user imports: `recoup` and its dozen names."""

from __future__ import annotations

import doctest
import importlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

import recoup
from recoup.experiments.checks.schemas import SCHEMAS
from recoup.experiments.comparison.run import Run
from recoup.experiments.report.decision import decide

SMALL = {"seeds": 2, "accounts": 80, "days": 40}


class Silent:
    """Does nothing, and so must do exactly what the shipped plan no-contact does."""

    def act(self, observations: np.ndarray, masks: np.ndarray) -> np.ndarray:
        return np.zeros(len(observations), int)


class Texter:
    """Texts everybody who may be texted, at most so many times: it has a memory that must not outlive a simulation."""

    def __init__(self, most: int) -> None:
        self.most, self.sent = most, 0

    def act(self, observations: np.ndarray, masks: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        assert len(numbers) == len(observations)
        chosen = np.zeros(len(observations), int)
        if self.sent < self.most:
            chosen[masks[:, 1]] = 1
            self.sent += int(masks[:, 1].sum())
        return chosen


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> recoup.Results:
    folder = tmp_path_factory.mktemp("face") / "run"
    policies = ["no-contact", "staged", Silent(), Texter(5), "again=staged", "staged"]
    return recoup.compare("china-consumer", policies, out=folder, **SMALL)


def test_policies_are_told_apart(results: recoup.Results) -> None:
    assert results.policies == ["no-contact", "staged", "silent", "texter", "again", "staged-2"]


def test_an_object_that_does_nothing_equals_the_plan_that_does_nothing(results: recoup.Results) -> None:
    table = results.by_seed
    pd.testing.assert_frame_equal(table.loc["silent"], table.loc["no-contact"])
    pd.testing.assert_frame_equal(table.loc["again"], table.loc["staged"])
    difference = results.differences.loc[("silent", "no-contact", "recovery_rate")]
    assert difference["mean"] == difference["low"] == difference["high"] == difference["relative_mean"] == 0


def test_each_seed_meets_the_policy_as_it_was_handed_over(results: recoup.Results) -> None:
    attempts = results.accounts.groupby(["policy", "seed"])["attempts"].sum()["texter"]
    assert (attempts >= 5).all()  # a memory that was carried on would leave nothing for the second seed


def test_measures_are_means_over_the_seeds(results: recoup.Results) -> None:
    accounts = results.accounts.query("policy == 'staged'")
    by_hand = accounts.groupby("seed")[["cash", "opening"]].sum().eval("cash / opening").mean()
    row = results.measures.loc[("staged", "recovery_rate")]
    assert (
        row["mean"] == pytest.approx(by_hand, rel=1e-12)
        and row["low"] <= row["mean"] <= row["high"]
        and row["unit"] == "share"
    )
    pair = results.differences.loc[("staged", "no-contact", "recovery_rate")]
    means = results.measures["mean"].xs("recovery_rate", level="measure")
    assert pair["mean"] == pytest.approx(means["staged"] - means["no-contact"], abs=1e-12)
    assert pair["relative_mean"] == pytest.approx(means["staged"] / means["no-contact"] - 1, abs=1e-12)


def test_pictures_and_report_show_every_policy(results: recoup.Results) -> None:
    axes = results.plot("recovery_rate")
    assert [label.get_text() for label in axes.get_yticklabels()] == results.policies[::-1]
    points = {line.get_label(): line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"}
    assert points["staged"] == pytest.approx(100 * results.measures.loc[("staged", "recovery_rate"), "mean"])
    curves = results.plot_liquidation()
    assert [line.get_label() for line in curves.lines] == results.policies
    assert "texter" in results.report("zh").read_text(encoding="utf-8")
    assert recoup.open_run(results.folder).measures.equals(results.measures)
    with pytest.raises(recoup.InputError, match=r"recovery_rat.*did you mean"):
        results.plot("recovery_rat")


def test_audit_covers_policies_that_are_objects(results: recoup.Results) -> None:
    assert results.audit is not None and results.audit["treatments_in_breach"]["texter"] == 0


def test_results_file_is_as_its_schema_says(results: recoup.Results) -> None:
    schema = SCHEMAS["results"]()
    data = json.loads((results.folder / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    assert data["schema_version"] == 2 and data["settings"]["policies"][2] == f"python:{__name__}.Silent"
    daily = results.daily.query("policy == 'staged'")
    assert data["resources"]["staged"]["collector"] == {
        "seconds_used": daily["collector_seconds"].sum(),
        "seconds_on_shift": daily["collector_capacity"].sum(),
        "requested": daily["collector_requested"].sum(),
        "served": daily["collector_served"].sum(),
    }
    data["resources"]["staged"]["collector"] = [1, 2, 3, 4]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)


def test_results_of_another_version_are_refused_in_one_line(results: recoup.Results, tmp_path: Path) -> None:
    data = json.loads((results.folder / "results.json").read_text(encoding="utf-8"))
    (tmp_path / "results.json").write_text(json.dumps({**data, "schema_version": 3}))
    with pytest.raises(recoup.InputError, match=r"results\.json: schema_version: got 3, expected 2"):
        recoup.open_run(tmp_path)


def test_results_of_the_first_version_with_their_sentences_are_still_read(
    results: recoup.Results, tmp_path: Path
) -> None:
    data = json.loads((results.folder / "results.json").read_text(encoding="utf-8"))
    data |= {"schema_version": 1, "fairness": ["Fairness: 10 gaps, none beyond its limit."]}
    data["portfolio"]["notes"] = ["synthetic portfolio, seed 1"]
    data["welfare"] = [check | {"sentence": "Debtor burden: …"} for check in data["welfare"]]
    (tmp_path / "results.json").write_text(json.dumps(data))
    assert recoup.open_run(tmp_path).answers("zh") == results.answers("zh")


def test_a_changed_policy_is_not_resumed(tmp_path: Path) -> None:
    recoup.compare("china-consumer", [Texter(5)], out=tmp_path / "run", **SMALL)
    recoup.compare("china-consumer", [Texter(5)], out=tmp_path / "run", resume=True, **SMALL)
    with pytest.raises(recoup.InputError, match="policies"):
        recoup.compare("china-consumer", [Texter(6)], out=tmp_path / "run", resume=True, **SMALL)


SCRIPT = """
    import numpy as np, recoup
    class Mine:
        def act(self, observations, masks):
            return np.where(masks[:, 1] & (observations[:, recoup.FIELD_INDEX["texts_7d"]] < 2), 1, 0)
    results = recoup.compare("china-consumer", ["staged", Mine()], seeds=3, accounts=60, days=30, workers=WORKERS, out="run-WORKERS")
    print(results.by_seed.to_csv())
"""


def test_a_class_of_a_script_gives_the_same_numbers_with_several_workers(tmp_path: Path) -> None:
    said = []
    for workers in ("1", "2"):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(SCRIPT).replace("WORKERS", workers))
        done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1] and "mine" in said[0]


class Wrong:
    name = "wrong"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def act(self, observations: np.ndarray, masks: np.ndarray) -> object:
        return self.answer


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ([3], "got 3, expected a name, a path, or an object with an `act` method"),
        ([Wrong([0, 1])], r"wrong\.act: got 'int64 of shape \(2,\)', expected 'whole numbers of shape|wrong\.act: got"),
        ([Wrong(np.full(80, 10_000))], r"wrong\.act: got '10000 to 10000', expected menu indices from 0 to"),
        (["x=staged", "x=tiered"], "another name than 'x'"),
        (["UPPER=staged"], "NAME=PATH"),
        ([type("Short", (), {"act": lambda self, observations: observations})()], r"act\(observations, masks\)"),
    ],
)
def test_wrong_policies_end_with_one_clear_line(policies: list[object], message: str, tmp_path: Path) -> None:
    with pytest.raises(recoup.InputError, match=message):
        recoup.compare("china-consumer", policies, out=tmp_path / "run", **SMALL)


def test_a_comparison_that_cannot_be_made_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(recoup.InputError, match=r"mine\.csv"):
        recoup.compare("china-consumer", ["staged"], portfolio="mine.csv", out=tmp_path / "run")
    with pytest.raises(recoup.InputError, match="seeds"):
        recoup.compare("china-consumer", ["staged"], seeds=0, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_champion_is_the_plan_in_force_of_the_decision(tmp_path: Path) -> None:
    plans, small = ["status-quo", "staged", Silent()], {"seeds": 2, "accounts": 40, "days": 20}
    run = recoup.compare("china-consumer", plans, champion="silent", change_cost=1_000, out=tmp_path / "run", **small)
    assert decide(Run(run.folder)).champion == "silent" and run.raw["settings"]["change_cost"] == 1_000
    with pytest.raises(recoup.InputError, match=r"champion: got 'stagd', expected staged"):
        recoup.compare("china-consumer", plans, champion="stagd", out=tmp_path / "wrong", **small)
    with pytest.raises(recoup.InputError, match=r"change.cost: got -1"):
        recoup.compare("china-consumer", plans, change_cost=-1, out=tmp_path / "wrong", **small)
    assert not (tmp_path / "wrong").exists()


def test_every_public_name_exists_and_is_documented() -> None:
    assert set(recoup.__all__) == set(recoup._HOME)
    for name in recoup.__all__:
        value = getattr(recoup, name)
        assert name in dir(recoup) and (value.__doc__ or not callable(value)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        recoup.nothing  # noqa: B018


def test_importing_is_light() -> None:
    """Nothing heavier than Gymnasium and NumPy is loaded before it is needed."""
    code = "import sys, recoup; print(*[m for m in ('pandas', 'numba', 'scipy', 'torch', 'simpy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "module",
    ["recoup", "recoup.comparing", "recoup.loading", "recoup.training", "recoup.results", "recoup.agents.policy"],
)
def test_examples_in_docstrings_run(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0 and (tried > 0 or module == "recoup.results")
