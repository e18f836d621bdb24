"""Data protection: pseudonyms, personal fields, formulas in CSV files, YAML and templates."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.privacy import KEY_VARIABLE, PERSONAL, pseudonym_key, pseudonyms
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import render
from recoup.experiments.runs.runfolder import write_csv
from recoup.scenarios.schema import ROOT
from recoup.sim.inputs import InputError, parse_yaml
from tests.command import recoup

KEY = "a key for tests, long enough"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    rows = "".join(f"SECRET-{n:03d},{500 + n},{n % 90},{20 + n % 60},female,shire\n" for n in range(60))
    (tmp_path / "book.csv").write_text("id,amount,late,age,sex,region\n" + rows)
    fields = "account_id: id, opening_balance: amount, dpd: late, age: age, sex: sex, region: region"
    (tmp_path / "map.yaml").write_text(f"fields: {{{fields}}}\n")
    return tmp_path


def run(book: Path, out: str, **options: bool) -> Path:
    comparison = Comparison(
        "china-consumer",
        ("status-quo", "staged"),
        seeds=1,
        days=30,
        portfolio=str(book / "book.csv"),
        map=str(book / "map.yaml"),
        **options,  # type: ignore[arg-type]
    )
    compare(comparison, book / out)
    render(book / out)
    return book / out


def test_run_folders_hold_neither_names_nor_personal_fields(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    folder = run(book, "run")
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"SECRET-" not in content, file
            if file.suffix == ".parquet":
                table = pd.read_parquet(file)
                assert not set(PERSONAL) & set(table.columns), file
                assert not table.astype(str).isin(["shire"]).any().any(), file
    accounts = pd.read_parquet(folder / "accounts.parquet")
    events = pd.read_parquet(folder / "parts" / "staged" / "1.events.parquet")
    names = set(pseudonyms([f"SECRET-{n:03d}" for n in range(60)], KEY.encode()))
    assert set(accounts["account_id"]) == names and set(events["account_id"]) <= names
    staged, other = (
        accounts[accounts["policy"] == p].set_index("account_id")["opening"] for p in ("staged", "status-quo")
    )
    assert staged.sort_index().equals(other.sort_index())  # policies are joined by pseudonym
    assert set(pd.read_parquet(run(book, "again") / "accounts.parquet")["account_id"]) == names
    monkeypatch.setenv(KEY_VARIABLE, KEY + "!")
    assert not set(pd.read_parquet(run(book, "other") / "accounts.parquet")["account_id"]) & names


def test_personal_fields_and_the_key_to_the_pseudonyms_come_only_when_asked_for(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    folder = run(book, "run", personal=True, events=False)
    accounts = pd.read_parquet(folder / "accounts.parquet")
    assert set(PERSONAL) <= set(accounts.columns) and (accounts["region"] == "shire").all()
    assert not list(folder.rglob("*.events.parquet")) and not (folder / "audit.json").exists()
    done = recoup("portfolio", "pseudonyms", book / "book.csv", "--map", book / "map.yaml", "--out", book / "who.csv")
    assert done.returncode == 0, done.stderr
    who = pd.read_csv(book / "who.csv")
    assert set(who["pseudonym"]) == set(accounts["account_id"]) and who["account_id"][0] == "SECRET-000"


def test_the_key_is_made_once_and_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    key = pseudonym_key()
    assert key == pseudonym_key() and len(key) == 64
    file = tmp_path / "config" / "recoup" / "pseudonym.key"
    assert file.stat().st_mode & 0o077 == 0 and list(file.parent.iterdir()) == [file]
    file.write_text("short")
    with pytest.raises(InputError, match=r"pseudonym.key: got '5 bytes', expected a key"):
        pseudonym_key()
    monkeypatch.setenv(KEY_VARIABLE, "abc")
    with pytest.raises(InputError, match="expected a key of at least 16 characters"):
        pseudonym_key()


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"=a": ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "plain", None], "n": [-1.5, 2, 3, 4, 5, 6, 7, 8]}
    )
    write_csv(tmp_path / "t.csv", table)
    back = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    assert back.columns.tolist() == ["'=a", "n"] and back["n"][0] == -1.5
    assert back["'=a"].tolist() == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", "' =1", "plain", ""]


def test_yaml_cannot_make_objects() -> None:
    with pytest.raises(InputError, match="line 1"):
        parse_yaml("a: !!python/object/apply:os.system ['true']\n", "x.yaml")
    for file in (*ROOT.parent.glob("*/*.py"), *ROOT.parent.glob("experiments/commands/*.py")):
        for call in re.findall(r"yaml\.(?:load|load_all|unsafe_load|full_load)\(.*", file.read_text(encoding="utf-8")):
            assert "Loader=_UniqueKeyLoader" in call, (file, call)


def test_what_users_write_is_escaped_in_the_report(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    folder = run(book, "run")
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    results["title"] = "<script>alert(1)</script>"
    results["portfolio"]["name"] = "<script>alert(2)</script>"
    results["portfolio"]["notes"] = ["<img src=x onerror=alert(1)>"]
    results["command"] = "<b>recoup</b>"
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    html = render(folder).read_text(encoding="utf-8")
    assert "<script>alert" not in html and "<img src=x" not in html and "<b>recoup</b>" not in html
    assert "&lt;script&gt;alert(" in html


def test_who_is_behind_a_pseudonym_is_written_only_with_a_key_that_lasts(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").write_text("")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "a-file"))  # no folder can be made in it
    out = tmp_path / "who.csv"
    done = recoup("portfolio", "pseudonyms", book / "book.csv", "--map", book / "map.yaml", "--out", out)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not out.exists()
    assert "no place to keep a key" in done.stderr and KEY_VARIABLE in done.stderr
    assert KEY_VARIABLE not in os.environ  # nor is one made that the next command would take for lasting
