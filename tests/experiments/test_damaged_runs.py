"""Run folders that somebody has edited, cut off or mixed up: one line that names the file and the place, exit code 2, nothing written."""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recoup.agents.policy_files import check_tensors
from recoup.experiments.comparison.audit import audit_run, read_breaches
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.files import ACCOUNTS_TABLE, COLLECTORS_TABLE, PART_FILE, TABLES
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.learning.trained_seeds import read_trained
from recoup.experiments.report import render
from recoup.experiments.robustness.trial_cache import OUTCOME, TrialCache
from recoup.experiments.runs.file_kinds import JsonKind
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.inputs import InputError
from tests.command import recoup
from tests.readback import made_up
from tests.whole_files import KINDS, whole

Path_ = tuple[str | int, ...]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with every kind of file that commands leave in one, of figures made up."""
    return made_up.write(tmp_path_factory.mktemp("made") / "run")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real run: its tables and event logs."""
    folder = tmp_path_factory.mktemp("real") / "run"
    compare(Comparison("china-consumer", ("status-quo", "staged"), seeds=1, accounts=12, days=8), folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "run")


@pytest.fixture
def small(real: Path, tmp_path: Path) -> Path:
    return shutil.copytree(real, tmp_path / "small")


LEARNING = {
    "training-seeds.json": {
        "command": "recoup train",
        "chosen": 1,
        "baseline": {"cash": 0.5},
        "seeds": [{"seed": 1, "policy": "seed-1/policy.json", "steps": 60, "score": 0.2, "parts": {"cash": 0.1}}],
    },
    "policy.json": {
        "training": {"command": "recoup train", "chosen": {"steps": 6, "score": 0.2, "baseline": {"cash": 0.5}}}
    },
}


def contents(made: Path) -> Iterator[tuple[JsonKind, dict[str, Any]]]:
    for name, kind in KINDS.items():
        file = made / "parts" / "staged" / "5.json" if kind is PART_FILE else made / name
        if name in LEARNING:
            yield kind, LEARNING[name]
        elif file.is_file():
            yield kind, json.loads(file.read_text(encoding="utf-8"))


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place of a file; of a list its first and last entry."""
    if isinstance(value, dict):
        for key in value:
            yield (*path, key)
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for number in {0, len(value) - 1} if value else ():
            yield (*path, number)
            yield from places(value[number], (*path, number))


def holder(content: Any, path: Path_) -> Any:
    for part in path[:-1]:
        content = content[part]
    return content


def test_a_number_that_is_none_is_refused_at_its_place_in_every_kind_of_file(made: Path, tmp_path: Path) -> None:
    seen = set()
    for kind, content in contents(made):
        file = tmp_path / kind.name
        numbers = [
            path
            for path in places(content)
            if isinstance(holder(content, path)[path[-1]], int | float)
            and not isinstance(holder(content, path)[path[-1]], bool)
        ]
        for path in numbers[:: max(1, len(numbers) // 25)]:  # some of thousands, from all over the file
            for wrong in ("0.5", True, math.nan, 1e300, [1]):
                edited = copy.deepcopy(content)
                holder(edited, path)[path[-1]] = wrong
                file.write_text(json.dumps(edited), encoding="utf-8")
                with pytest.raises(InputError) as refused:
                    kind.read_file(file)
                assert str(refused.value).startswith(f"{file}: ") and "\n" not in str(refused.value)
                assert str(path[-1]) in refused.value.place, (kind.name, path, str(refused.value))
                seen.add(kind.name)
    assert seen == {kind.name for kind, _ in contents(made)}


def test_what_lacks_is_named_in_every_kind_of_file(made: Path, tmp_path: Path) -> None:
    for kind, content in contents(made):
        file = tmp_path / kind.name
        for key in content:
            if key in ("columns_not_read", "distilled"):
                continue
            file.write_text(
                json.dumps({name: value for name, value in content.items() if name != key}), encoding="utf-8"
            )
            with pytest.raises(InputError) as refused:
                kind.read_file(file)
            assert str(refused.value).startswith(f"{file}: {key}"), (kind.name, str(refused.value))


def test_no_kind_of_file_is_taken_for_another(made: Path, tmp_path: Path) -> None:
    every = list(contents(made))
    for kind, _ in every:
        for other, content in every:
            if other is kind or {kind.name, other.name} == {"policy.json"}:
                continue
            (tmp_path / kind.name).write_text(json.dumps(content), encoding="utf-8")
            with pytest.raises(InputError, match=kind.name):
                kind.read(tmp_path)


@pytest.mark.parametrize(
    ("content", "place", "expected"),
    [
        (b'{"a": "\xff"}', "byte 7", "UTF-8"),
        (b'{"a": 1,\n "b": }', "line 2", "valid JSON"),
        (b"", "line 1", "valid JSON"),
        (b"[1, 2]", "", "a JSON object"),
        (b"[" * 100_000, "", "valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "", "valid JSON"),
    ],
)
def test_json_that_is_none(tmp_path: Path, content: bytes, place: str, expected: str) -> None:
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(InputError) as refused:
        Run(tmp_path)
    assert refused.value.place == place and expected in refused.value.expected


def test_a_folder_a_pipe_and_nothing_in_the_place_of_a_file(tmp_path: Path) -> None:
    for make, said in ((os.mkdir, "Is a directory"), (os.mkfifo, "a pipe"), (lambda path: None, "No such file")):
        make(tmp_path / "results.json")
        with pytest.raises(InputError, match=said):
            Run(tmp_path)
        if (tmp_path / "results.json").exists():
            (tmp_path / "results.json").rmdir() if said == "Is a directory" else (tmp_path / "results.json").unlink()


def edit(file: Path, change: Any) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "results.json",
            lambda c: c.update(schema_version=3),
            "schema_version: got 3, expected 2: results of this version",
        ),
        ("results.json", lambda c: c["tiers"].pop("mine"), "tiers.mine: got 'nothing'"),
        ("results.json", lambda c: c["differences"]["mine"].pop("staged"), "differences.mine.staged: got 'nothing'"),
        (
            "results.json",
            lambda c: c["policies"]["mine"].update(npv_rte=c["policies"]["mine"].pop("npv_rate")),
            "npv_rate",
        ),
        ("results.json", lambda c: c["settings"]["policies"].pop(), "settings.policies: got "),
        ("results.json", lambda c: c.update(learned=["other"]), "learned: got 'other'"),
        ("results.json", lambda c: c.update(seeds=[4, 5, 5]), "seeds[2]: got 5, expected every seed once"),
        ("results.json", lambda c: c.update(seeds=[4, 5, 6, 7]), "7.json: got 'No such file or directory'"),
        ("results.json", lambda c: c.update(days=51), "liquidation: got '50 days', expected 51"),
        ("welfare.json", lambda c: c.update(reference="other"), "reference: got 'other'"),
        ("welfare.json", lambda c: c["checks"][3]["more"].append("weather"), "checks[3].more: got 'weather'"),
        ("fairness.json", lambda c: c["warnings"][0].update(group="x"), "warnings[0]: got 'learned, sex x'"),
        ("fairness.json", lambda c: c["policies"].pop("mine"), "policies: got 'status-quo, staged, tiered, learned'"),
        ("why.json", lambda c: c["worlds"]["rows"].pop(), "worlds.rows: got"),
        ("stress.json", lambda c: c["rows"][1]["recovery_rate"].update(high=None), "rows[1].recovery_rate.low: got"),
        ("parts/staged/5.json", lambda c: c["decisions"]["0–7"]["low"].update(dance=3), "low.dance: got 'dance'"),
        ("parts/staged/5.json", lambda c: c["unresolved"].pop(), "unresolved: got '49 days'"),
        ("run.json", lambda c: c.update(policies=[]), "run.json: policies: got []"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_the_report(run: Path, name: str, change: Any, said: str) -> None:
    if name == "fairness.json" and "policies: got" in said:
        edit(run / name, lambda c: c.update(warnings=c["warnings"][:1]))  # the other one is of `mine`
    edit(run / name, change)
    before = sorted(file.name for file in run.iterdir())
    with pytest.raises(InputError) as refused:
        render(run)
    assert said in str(refused.value), str(refused.value)
    assert sorted(file.name for file in run.iterdir()) == before


def test_commands_end_with_one_line_and_exit_code_2(run: Path) -> None:
    (run / "fairness.json").write_text("{", encoding="utf-8")
    edit(run / "results.json", lambda c: c["settings"].update(days="fifty"))
    (run / "training-seeds.json").write_text("{}", encoding="utf-8")
    for arguments, said in (
        (("report", run), "results.json: settings.days: got 'fifty', expected a valid integer"),
        (("fairness", run), "fairness.json: line 1: got"),
        (("audit", run), "rules.json: got 'No such file or directory'"),
        (("story", run), "settings.days"),
        (("attribute", run), "settings.days"),
        (("stress", "--quick", "--into", run), "settings.days"),
        (("levers", "--into", run), "settings.days"),
        (("shadow-prices", "--into", run), "settings.days"),
        (("upper-bounds", "--into", run), "settings.days"),
        (("training-seeds", run), "training-seeds.json: command: got 'nothing'"),
    ):
        done = recoup(*map(str, arguments))
        assert done.returncode == 2, (arguments, done.stderr)
        assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("recoup: ") and said in done.stderr


def test_tables_cut_off_or_edited(small: Path, tmp_path: Path) -> None:
    file = small / "accounts.parquet"
    whole_table, content = pd.read_parquet(file), file.read_bytes()
    assert ACCOUNTS_TABLE.read(file).equals(whole_table)
    for cut in (content[:-40], content[:200] + bytes(60) + content[260:], b"", b"PAR1", b"id,cash\n1,2\n"):
        file.write_bytes(cut)
        with pytest.raises(InputError, match=r"accounts\.parquet: got .damage"):
            ACCOUNTS_TABLE.read(file)
    empty = whole_table["cash"].astype("float64").where(whole_table.index != 3)
    for table, said in (
        (whole_table.drop(columns="cash"), "column cash: got 'nothing'"),
        (whole_table.assign(cahs=1), "column cahs: got 'cahs', expected cash (did you mean it?)"),
        (whole_table.assign(cash=whole_table["cash"].astype(str)), "column cash: got 'large_string'"),
        (whole_table.assign(cash=empty), "column cash: got 'double', expected a whole number"),
        (
            whole_table.assign(discounted_cash=whole_table["discounted_cash"].where(whole_table.index != 3)),
            "row 4, column discounted_cash: got None",
        ),
        (whole_table.assign(discounted_cash=1e300), "row 1, column discounted_cash: got 1e+300"),
        (whole_table.assign(discounted_cash=math.inf), "row 1, column discounted_cash: got inf"),
    ):
        table.to_parquet(file, index=False)
        with pytest.raises(InputError) as refused:
            ACCOUNTS_TABLE.read(file)
        assert said in str(refused.value), str(refused.value)
    with pytest.raises(InputError, match=r"accounts\.parquet: row 1, column discounted_cash"):
        render(small)  # the first page is about money
    file.write_bytes(content)
    shutil.copyfile(small / "daily.parquet", small / COLLECTORS_TABLE.name)
    with pytest.raises(InputError, match=r"collectors\.parquet: column pool"):
        render(small)


def test_event_logs_edited(small: Path) -> None:
    file = next(small.glob("parts/staged/*.events.parquet"))
    log, content = pd.read_parquet(file), file.read_bytes()
    dues = pd.Series([math.nan] * (len(log) - 1) + [1e300])
    for table, said in (
        (log.assign(promise_due=dues), f"row {len(log)}, column promise_due: got '1e+300', expected a day number"),
        (log.assign(months=2.5), "row 1, column months: got '2.5', expected a whole number from 0 to 1,200"),
        (log.assign(claim=-1.0), "row 1, column claim: got '-1.0'"),
        (log.assign(channel="pigeon"), "row 1, column channel: got 'pigeon', expected one of sms"),
        (log.assign(dpd=log["dpd"].astype(str)), "column dpd: got 'large_string', expected a whole number"),
        (log.drop(columns="account_id"), "column account_id: got 'nothing'"),
        (log.assign(chanel=1), "column chanel: got 'chanel', expected channel (did you mean it?)"),
    ):
        table.to_parquet(file, index=False)
        with pytest.raises(InputError) as refused:
            audit_run(small, None, "en")
        assert str(file) in str(refused.value) and said in str(refused.value), str(refused.value)
    # Empty cells make decimal numbers of a column in pandas: nothing is lost by it.
    log.assign(promise_due=log["promise_due"].astype("float64")).to_parquet(file, index=False)
    assert sum(piece.num_rows for piece in typed_log(file).pieces(50)) == len(log)
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="a whole Parquet file"):
        audit_run(small, None, "en")
    file.rename(file.with_name("one.events.parquet"))
    with pytest.raises(InputError, match="the number of a seed"):
        audit_run(small, None, "en")


def test_a_day_of_a_foreign_log_that_no_calendar_has(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("account_id,day,promise,promise_due\na,1,yes,4\na,2,yes,1e300\n")
    done = recoup("audit", "--log", str(log), "--rules", "china")
    assert done.returncode == 2 and "log.csv: line 3, column promise_due: got '1e300'" in done.stderr


def test_resumed_what_is_damaged_is_run_again_and_the_results_are_the_same(small: Path) -> None:
    comparison = Comparison("china-consumer", ("status-quo", "staged"), seeds=1, accounts=12, days=8)
    results = {
        name: (small / name).read_bytes()
        for name in ("results.json", "accounts.parquet", "audit.json", "fairness.json")
    }
    part = next(small.glob("parts/staged/*.json"))
    table = pd.read_parquet(part.with_suffix(".daily.parquet"))
    for damage in (
        lambda: edit(part, lambda c: c["measures"].update(recovery_rate="0.4")),
        lambda: edit(part, lambda c: c["audit"]["rules"].popitem()),
        lambda: table.drop(columns="cash").to_parquet(part.with_suffix(".daily.parquet")),
        lambda: part.with_suffix(".events.parquet").write_bytes(b"PAR1"),
    ):
        damage()
        ran = []
        compare(comparison, small, resume=True, on_part=lambda name, seed, ran=ran: ran.append(name))
        assert sorted(ran) == ["staged", "status-quo"]
        assert {name: (small / name).read_bytes() for name in results} == results
    edit(small / "run.json", lambda c: c.update(world="other"))
    with pytest.raises(InputError, match=r"run\.json: world"):
        compare(comparison, small, resume=True)


def test_breaches_edited(run: Path) -> None:
    assert read_breaches(run, 5).to_dict("records") == [
        {
            "policy": "mine",
            "seed": "4",
            "rule": "contact-hours",
            "account_id": "p77",
            "day": 11,
            "evidence": "a call at 23:10",
        }
    ]
    for content, said in (
        (b"policy,rule,account_id,day,evidence\nmine,r,p,1e300,x\n", "row 1, column day: got '1e300'"),
        (b"policy,rule\nmine,r\n", "column account_id: got 'nothing'"),
        (b"policy,rule,account_id,day,evidence\nmine,r,p,1,\xff\n", "audit.csv"),
        (b"", "audit.csv"),
    ):
        (run / "audit.csv").write_bytes(content)
        with pytest.raises(InputError) as refused:
            render(run)
        assert said in str(refused.value)


def test_finished_simulations_that_are_not_such_are_run_again(tmp_path: Path) -> None:
    from recoup.experiments.comparison.measures import MEASURE
    from recoup.sim.operations.resources import RESOURCE_NAMES

    outcome = {
        "measures": dict.fromkeys([*MEASURE, "contacts_per_debtor"], 0.5),
        "net_money": 1.0,
        "capacity_hours": dict.fromkeys(RESOURCE_NAMES, 2.0),
        "legal_places": 3.0,
        "settlement_budget": 4.0,
    }
    few = {**outcome, "measures": {"recovery_rate": 0.5}}
    lines = [outcome, {**outcome, "net_money": "1.0"}, few, {**outcome, "legal_places": None}, [1]]
    file = tmp_path / "trials.jsonl"
    text = "".join(json.dumps({"trial": f"t{n}", "outcome": line}) + "\n" for n, line in enumerate(lines))
    file.write_bytes(text.encode() + b"\xff\xfe{\n")
    kept = TrialCache(file).kept
    assert [key for n in range(len(lines)) if kept.get(key := f"t{n}", OUTCOME)] == ["t0"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="Is a directory"):
        TrialCache(tmp_path / "folder")


def test_training_seeds_name_files_within_their_folder(tmp_path: Path) -> None:
    file = tmp_path / "training-seeds.json"
    file.write_text(json.dumps(LEARNING[file.name]))
    assert [one.seed for one in read_trained(tmp_path)] == [1]
    edit(file, lambda c: c["seeds"][0].update(policy="../../other.json"))
    with pytest.raises(
        InputError, match=r"seeds\[0\]\.policy: got '\.\./\.\./other\.json', expected a file within the folder"
    ):
        read_trained(tmp_path)


def test_weights_without_a_card(tmp_path: Path) -> None:
    import numpy as np

    file, shapes = tmp_path / "checkpoint.zip", {"a": (2,)}
    for array in (np.zeros(3, np.float32), np.zeros(2), np.array([1, math.nan], np.float32)):
        with pytest.raises(InputError, match=r"checkpoint\.zip: tensors: got"):
            check_tensors(file, {"a": array}, shapes)
    with pytest.raises(InputError, match="tensors"):
        check_tensors(file, {"b": np.ones(2, np.float32)}, shapes)
    check_tensors(file, {"a": np.ones(2, np.float32)}, shapes)


def test_every_kind_of_file_is_found_by_its_name_and_settings_are_those_of_a_comparison(real: Path) -> None:
    settings = json.loads((real / "results.json").read_text(encoding="utf-8"))["settings"]
    assert settings.keys() == Comparison().settings.keys()
    assert set(TABLES) == {"accounts", "daily", "collectors"}
    assert whole("stress.json", {})["rows"] == []  # what the other tests fill up
