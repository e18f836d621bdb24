"""The tables of a finished comparison hold what its seeds gave: means and paired differences worked out from the parts."""

from __future__ import annotations

import json

import pytest

import recoup
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison

COMPARISON = Comparison(
    "china-consumer", ("staged", "status-quo"), seeds=3, first_seed=4, accounts=25, days=20, events=False
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "run"
    compare(COMPARISON, folder)
    return folder


def part(folder, name, seed):
    return json.loads((folder / "parts" / name / f"{seed}.json").read_text())


def values(folder, name, measure):
    return [part(folder, name, seed)["measures"][measure] for seed in (4, 5, 6)]


@pytest.mark.parametrize("measure", ["recovery_rate", "time_to_recover_days", "complaints_per_1000"])
def test_a_measure_is_the_mean_over_the_seeds(folder, measure):
    results = recoup.open_run(folder)
    for name in ("staged", "status-quo"):
        row = results.measures.loc[name, measure]
        assert row["mean"] == pytest.approx(sum(values(folder, name, measure)) / 3)
        assert row["low"] <= row["mean"] <= row["high"]
    assert results.measures.loc["staged", "recovery_rate"]["unit"] == "share"
    assert results.measures.loc["staged", "time_to_recover_days"]["unit"] == "days"


def test_a_difference_is_the_challenger_less_the_baseline_on_the_same_seed(folder):
    found = recoup.open_run(folder).differences
    staged, quo = (values(folder, name, "recovery_rate") for name in ("staged", "status-quo"))
    row = found.loc["staged", "status-quo", "recovery_rate"]
    assert sum(staged) != sum(quo)
    assert row["mean"] == pytest.approx(sum(staged) / 3 - sum(quo) / 3)
    assert row["relative_mean"] == pytest.approx(sum(staged) / sum(quo) - 1)
    assert min(a - b for a, b in zip(staged, quo, strict=True)) - 1e-12 <= row["low"] <= row["mean"] <= row["high"]
    other = found.loc["status-quo", "staged", "recovery_rate"]
    assert (other["mean"], other["low"], other["high"]) == pytest.approx((-row["mean"], -row["high"], -row["low"]))


def test_the_tables_say_what_the_results_file_says(folder):
    results = recoup.open_run(folder)
    raw = json.loads((folder / "results.json").read_text())
    for (challenger, baseline, measure), row in results.differences.iterrows():
        said = raw["differences"][challenger][baseline][measure]
        for key in ("mean", "low", "high"):
            for column, value in ((key, said[key]), (f"relative_{key}", said["relative"][key])):
                assert row[column] == value or (value is None and row[column] != row[column])
    for (name, measure), row in results.measures.iterrows():
        assert row["mean"] == raw["policies"][name][measure]["mean"] or raw["policies"][name][measure]["mean"] is None
    assert len(results.differences) == 2 * len(raw["policies"]["staged"])


def test_each_seeds_row_is_its_part(folder):
    by_seed = recoup.open_run(folder).by_seed
    assert list(by_seed.index) == [(name, seed) for name in ("staged", "status-quo") for seed in (4, 5, 6)]
    assert by_seed.loc[("status-quo", 5), "recovery_rate"] == part(folder, "status-quo", 5)["measures"]["recovery_rate"]


def test_accounts_and_days_of_every_policy_and_seed_add_up_to_its_recovery(folder):
    results = recoup.open_run(folder)
    for (name, seed), rows in results.accounts.groupby(["policy", "seed"]):
        rate = part(folder, name, seed)["measures"]["recovery_rate"]
        assert len(rows) == 25
        assert rows["cash"].sum() / rows["opening"].sum() == pytest.approx(rate)
        days = results.daily[(results.daily["policy"] == name) & (results.daily["seed"] == seed)]
        assert len(days) == 20
        assert days["cash"].sum() == rows["cash"].sum()


def test_policies_meet_the_same_accounts_on_a_seed_and_others_on_another(folder):
    owed = recoup.open_run(folder).accounts.groupby(["policy", "seed"])["opening"].sum()
    assert (owed["staged"] == owed["status-quo"]).all()
    assert owed["staged"].nunique() == 3


def test_a_resumed_comparison_runs_what_is_missing_and_reads_what_is_there(folder):
    """A part that is there counts as it stands; one that is gone is made again, to the same numbers."""
    before = part(folder, "status-quo", 5)
    kept = folder / "parts" / "status-quo" / "4.json"
    as_it_was = kept.read_text()
    (folder / "parts" / "status-quo" / "5.json").unlink()
    changed = json.loads(as_it_was)
    changed["measures"]["recovery_rate"] += 0.3
    kept.write_text(json.dumps(changed))
    results = compare(COMPARISON, folder, resume=True)
    assert part(folder, "status-quo", 5)["measures"] == before["measures"]
    quo = values(folder, "status-quo", "recovery_rate")
    assert results["policies"]["status-quo"]["recovery_rate"]["mean"] == pytest.approx(sum(quo) / 3)
    kept.write_text(as_it_was)
    compare(COMPARISON, folder, resume=True)


def test_counts_are_summed_over_seeds_and_accounts_by_tier_averaged(folder):
    raw = recoup.open_run(folder).raw
    parts = [part(folder, "staged", seed) for seed in (4, 5, 6)]
    used = [one["resources"]["collector"]["seconds_used"] for one in parts]
    assert raw["resources"]["staged"]["collector"]["seconds_used"] == sum(used) > 0
    assert sum(raw["tier_accounts"].values()) == pytest.approx(25)
    assert raw["events"]["staged"]["attempts"]["mean"] == pytest.approx(sum(p["events"]["attempts"] for p in parts) / 3)
    cases = [one["legal_team"]["case_places"] for one in parts]
    assert raw["legal_team"]["staged"]["case_places"] == pytest.approx(sum(cases) / 3) and sum(cases) > 0
