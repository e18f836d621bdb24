"""Audits of run folders and of foreign logs: counts by rule, breaches with evidence, files.

The reading of the rules is `sim/compliance/audit.py`; here it meets files. `audit.json` holds the counts by rule and policy, and the
record of what was audited; `audit.csv` one row per breach.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recoup.experiments.comparison.files import AUDIT_FILE
from recoup.experiments.comparison.lists import read_lists
from recoup.experiments.runs.runfolder import write_csv
from recoup.sim.compliance.audit import BREACH_COLUMNS, Finding, audit
from recoup.sim.compliance.auditlog import Log, Pieces, Writing, typed_log
from recoup.sim.compliance.mappedlog import read_foreign_log
from recoup.sim.compliance.rules import RulePack
from recoup.sim.inputs import InputError, read_json, validated
from recoup.sim.portfolio.sources import Source
from recoup.sim.treatments import STANDARD, Vocabulary

AUDIT, BREACHES, RULES = AUDIT_FILE.name, "audit.csv", "rules.json"
_COUNTS = ("tested", "near", "stopped", "breaches")
Advance = Callable[[int], object]  # is told how many more rows were read


def _unseen(log: str, rows: int | None) -> Advance:
    """No progress is shown."""
    return lambda more: None


def tally(findings: list[Finding]) -> dict[str, Any]:
    """Counts of one log: by rule, and of treatments that broke any."""
    broken = {line for finding in findings for line in finding.breaches["line"]}
    return {
        "treatments_in_breach": len(broken),
        "rules": {
            f.rule.id: {
                "missing": list(f.missing),
                "tested": f.tested,
                "near": f.near,
                "stopped": f.stopped,
                "breaches": len(f.breaches),
            }
            for f in findings
        },
    }


def summary(pack: RulePack, tallies: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The content of audit.json: each rule with its counts, in all and by policy (one tally per seed).

    Args:
        pack: the rules that were read.
        tallies: by policy, `tally` of each seed's log.
    """
    rules = []
    for rule in pack.rules:
        by_policy = {
            name: {count: sum(t["rules"][rule.id][count] for t in seed_tallies) for count in _COUNTS}
            for name, seed_tallies in tallies.items()
        }
        missing = {
            column
            for seed_tallies in tallies.values()
            for t in seed_tallies
            for column in t["rules"][rule.id]["missing"]
        }
        rules.append(
            {
                "id": rule.id,
                "kind": rule.kind,
                "text": rule.text,
                "text_zh": rule.text_zh,
                "parameters": rule.parameters,
                "source": rule.source,
                "confidence": rule.confidence,
                "missing": sorted(missing),
                **{count: sum(counts[count] for counts in by_policy.values()) for count in _COUNTS},
                "by_policy": by_policy,
            }
        )
    return {
        "pack": pack.name,
        "title": pack.title,
        "logs": sum(map(len, tallies.values())),
        "treatments_in_breach": {
            name: sum(t["treatments_in_breach"] for t in seed_tallies) for name, seed_tallies in tallies.items()
        },
        "rules": rules,
    }


def breach_table(findings: list[Finding], language: str, **labels: object) -> pd.DataFrame:
    """One row per breach: labels, rule, account, day, time window, step, whether carried out, by whom, and evidence in words.

    Args:
        findings: of one log.
        language: of the evidence, `en` or `zh`.
        labels: columns that are the same in every row, as policy and seed; they come first.
    """
    rows = []
    for finding in findings:
        for breach in finding.breaches.to_dict("records"):
            row = {**labels, "rule": finding.rule.id} | {name: breach[name] for name in BREACH_COLUMNS}
            rows.append(row | {"evidence": finding.evidence(breach, language)})
    return pd.DataFrame(rows, columns=[*labels, "rule", *BREACH_COLUMNS, "evidence"])


def audit_run(
    folder: Path,
    pack: RulePack | None,
    language: str,
    begin: Callable[[str, int | None], Advance] = _unseen,
    command: str = "",
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Audit every event log of a run folder, by the rules it ran under or by others.

    Args:
        folder: run folder.
        pack: the rules; None = those of the run.
        language: of the rules' sentences in the table, `en` or `zh`.
        begin: is told what is read and how many rows it has, and gives what is told of progress.
        command: what the user typed, for the record.

    Returns:
        The content of audit.json, and one row for each breach.

    Raises:
        InputError: no run, no event logs in it, or broken files.
    """
    pack = pack or rules_of(folder)
    tallies: dict[str, list[dict[str, Any]]] = {}
    tables, seen, hashed = [], _Seen(), _Hashed(folder)
    words = read_lists(folder).vocabulary
    logs = [(policy, seed, file, typed_log(file, words)) for policy, seed, file in _logs(folder)]
    advance = begin(folder.name, sum(log.rows for *_, log in logs))
    for policy, seed, file, log in logs:
        with hashed.unchanged(file):
            findings = audit(seen.over(log, advance), pack)
        seen.look_at(findings)
        tallies.setdefault(policy, []).append(tally(findings))
        tables.append(breach_table(findings, language, policy=policy, seed=seed))
    audited = summary(pack, tallies)
    record = _record(str(folder), hashed, seen, pack, None) | {"command": command, "language": language}
    return _covered(audited) | {"record": record}, pd.concat(tables, ignore_index=True)


def audit_file(
    source: Source,
    pack: RulePack,
    language: str,
    writing: Writing | None = None,
    map_file: Path | None = None,
    begin: Callable[[str, int | None], Advance] = _unseen,
    command: str = "",
    vocabulary: Vocabulary = STANDARD,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Audit somebody's log; see docs/audit.md for its columns.

    Args:
        source: a file, or the address of a database.
        pack: the rules.
        language: of the rules' sentences in the table, `en` or `zh`.
        writing: without a map, how a CSV file is written (encoding, delimiter, decimal mark); None = found out.
        map_file: column map of the log; None = its columns have the names that the audit knows.
        begin: is told what is read and how many rows it has, and gives what is told of progress.
        command: what the user typed, for the record.
        vocabulary: of the scenario whose channels the log may have.

    Returns:
        The content of audit.json, and one row for each breach.

    Raises:
        InputError: the first cells that are not as they must be, by row and column.
    """
    seen, hashed = _Seen(), _Hashed(None)
    begin(source.name, None)  # cells are read before they are counted
    with hashed.unchanged(source if isinstance(source, Path) else None):
        log = read_foreign_log(source, map_file, writing, vocabulary)
    findings = audit(seen.over(log, begin(source.name, log.rows)), pack)
    seen.look_at(findings)
    audited = summary(pack, {source.name: [tally(findings)]}) | {"columns_not_read": list(log.unread)}
    record = _record(str(source), hashed, seen, pack, map_file) | {"command": command, "language": language}
    return _covered(audited) | {"record": record}, breach_table(findings, language)


class Coverage(NamedTuple):
    """Rules of an audit (as audit.json has them) that some row tested, that no row did, and that columns lack for."""

    tested: list[dict[str, Any]]
    met_no_row: list[dict[str, Any]]
    not_testable: list[dict[str, Any]]


def coverage(audited: dict[str, Any]) -> Coverage:
    """Which rules an audit could say anything about.

    Args:
        audited: the content of audit.json.
    """
    there = testable(audited)
    return Coverage(
        [rule for rule in there if rule["tested"]],
        [rule for rule in there if not rule["tested"]],
        [rule for rule in audited["rules"] if rule["missing"]],
    )


def testable(audited: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of an audit for which no column lacks.

    Args:
        audited: the content of audit.json.
    """
    return [rule for rule in audited["rules"] if not rule["missing"]]


def _covered(audited: dict[str, Any]) -> dict[str, Any]:
    counts = {name: len(rules) for name, rules in coverage(audited)._asdict().items()}
    return audited | {"coverage": {"rules": len(audited["rules"]), **counts}}


def broken_rules(audited: dict[str, Any], breaches: pd.DataFrame) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """The rules that were broken, the weightiest first, each with its breaches.

    First come rules whose source we are surest of, among them those broken on most accounts; of one rule, what was carried out
    before what was only ordered, then the earlier.

    Args:
        audited: the content of audit.json.
        breaches: one row for each breach.
    """
    found = []
    for rule in audited["rules"]:
        if rule["breaches"]:
            table = breaches[breaches["rule"] == rule["id"]]
            order = (~table["done"].astype(bool)).to_numpy().argsort(kind="stable")
            found.append((rule, table.iloc[order]))
    return sorted(found, key=lambda pair: (pair[0]["confidence"], -pair[1]["account_id"].nunique(), pair[0]["id"]))


@dataclass
class _Seen:
    """What passes by while logs are audited."""

    rows: int = 0
    accounts: set[str] = field(default_factory=set)
    days: list[int] = field(default_factory=list)
    dates: list[Any] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)  # columns with a value in some row
    needed: dict[str, list[str]] = field(default_factory=dict)  # column: rules

    def over(self, log: Log, advance: Advance) -> Log:
        """The same log; whoever reads it is watched."""

        def pieces(rows: int) -> Pieces:
            for piece in log.pieces(rows):
                self._look(piece)
                yield piece
                advance(piece.num_rows)

        self.columns |= log.columns
        return replace(log, pieces=pieces)

    def _look(self, piece: pa.Table) -> None:
        self.rows += piece.num_rows
        self.accounts.update(pc.unique(piece["account_id"]).to_pylist())
        self.filled.update(name for name in piece.column_names if piece[name].null_count < piece.num_rows)
        for name, ends in (("day", self.days), ("date", self.dates)):
            if name in self.filled:
                reached = [*ends, *(end for end in pc.min_max(piece[name]).as_py().values() if end is not None)]
                ends[:] = [min(reached), max(reached)] if reached else []

    def look_at(self, findings: list[Finding]) -> None:
        """Which rules need which columns."""
        for finding in findings:
            for name in finding.reading.needs:
                rules = self.needed.setdefault(name, [])
                if finding.rule.id not in rules:
                    rules.append(finding.rule.id)

    def empty(self) -> dict[str, list[str]]:
        """Columns that rules need and that no row has a value in, with the rules."""
        if not self.rows:
            return {}
        usual = {"day_off"} if "date" in self.columns else set()  # weekends, unless the log says otherwise
        return {name: rules for name, rules in self.needed.items() if name in self.columns - self.filled - usual}


class _Hashed:
    """SHA-256 of the files that were audited.

    Args:
        folder: in which they lie; None = they are known by their names alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder, self.files = folder, list[dict[str, Any]]()

    @contextmanager
    def unchanged(self, file: Path | None) -> Iterator[None]:
        """Hash a file that is read within the block; None = nothing to hash.

        Raises:
            InputError: it was written to meanwhile, so that the hash might be of something else.
        """
        before = _stamp(file)
        yield
        if file is not None:
            self.files.append(hash_of(file, str(file.relative_to(self._folder)) if self._folder else file.name))
            if _stamp(file) != before:
                raise InputError(file, "", "a file that was written to meanwhile", "one that rests while it is audited")

    @property
    def sha256(self) -> str | None:
        """Of the one file, or of the list that `sha256sum` makes of all, by name."""
        if self._folder is None:
            return self.files[0]["sha256"] if self.files else None
        lines = sorted((file["name"], f"{file['sha256']}  {file['name']}\n") for file in self.files)
        return hashlib.sha256("".join(line for _, line in lines).encode()).hexdigest()


def _stamp(file: Path | None) -> tuple[int, int] | None:
    if file is None or not file.exists():  # that it lacks, its reader says
        return None
    state = file.stat()
    return state.st_size, state.st_mtime_ns


def hash_of(file: Path, name: str) -> dict[str, Any]:
    """Name, size in bytes and SHA-256 of a file.

    Args:
        file: that exists.
        name: by which the record knows it.

    Raises:
        InputError: unreadable.
    """
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        return {"name": name, "bytes": file.stat().st_size, "sha256": digest}
    except OSError as error:
        raise InputError(file, "", error.strerror or "unreadable", "a file that can be read") from None


def _record(source: str, hashed: _Hashed, seen: _Seen, pack: RulePack, map_file: Path | None) -> dict[str, Any]:
    first_day, last_day = seen.days or (None, None)
    first_date, last_date = (f"{date:%Y-%m-%d}" for date in seen.dates) if seen.dates else (None, None)
    return {
        "source": source,
        "files": sorted(hashed.files, key=lambda file: file["name"]),
        "sha256": hashed.sha256,
        "column_map": hash_of(map_file, map_file.name) if map_file else None,
        "rows": seen.rows,
        "accounts": len(seen.accounts),
        "first_day": first_day,
        "last_day": last_day,
        "first_date": first_date,
        "last_date": last_date,
        "columns_empty": seen.empty(),
        "rules_sha256": hashlib.sha256(pack.model_dump_json(by_alias=True).encode()).hexdigest(),
        "recoup": importlib.metadata.version("recoup"),
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def write_audit(folder: Path, audited: dict[str, Any], breaches: pd.DataFrame) -> None:
    """Write audit.json and audit.csv.

    Args:
        folder: where to.
        audited: what `audit_run` or `audit_file` returned first.
        breaches: one row for each breach.
    """
    write_csv(folder / BREACHES, breaches)
    AUDIT_FILE.write(folder, audited)


def read_breaches(folder: Path, most: int) -> pd.DataFrame:
    """The first breaches of a run's audit.csv; no rows where there is none.

    Args:
        folder: of the run.
        most: rows at most.

    Raises:
        InputError: damaged, or a table of another kind.
    """
    file = folder / BREACHES
    columns = ["policy", "rule", "account_id", "day", "evidence"]  # that are shown
    if not file.exists():
        return pd.DataFrame(columns=columns)
    try:
        table = pd.read_csv(file, nrows=most, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except OSError as error:
        raise InputError(file, "", error.strerror or "unreadable", "a table that `recoup audit` has written") from None
    except ValueError as error:  # pandas' own errors and UnicodeDecodeError are such
        raise InputError(file, "", str(error), "a table that `recoup audit` has written, in UTF-8") from None
    for column in columns:
        if column not in table:
            raise InputError(file, f"column {column}", "nothing", "a column of this name, as `recoup audit` writes it")
    for row, day in enumerate(table["day"], start=1):
        if not re.fullmatch("-?[0-9]{1,9}", day):
            raise InputError(file, f"row {row}, column day", day, "a whole number")
    return table.astype({"day": int})


def rules_of(folder: Path) -> RulePack:
    """The rule pack that a run was gated by.

    Raises:
        InputError: the folder has none, or a damaged one.
    """
    return validated(RulePack, read_json(folder / RULES, "file of a run of `recoup compare`"))


def _logs(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """(policy, seed, file) of all event logs of a run."""
    files = sorted(
        folder.glob("parts/*/*.events.parquet"), key=lambda file: (file.parent.name, len(file.name), file.name)
    )
    if not files:
        expected = "a run folder of `recoup compare` without --no-events"
        raise InputError(folder, "", "no event logs" if folder.is_dir() else "no such folder", expected)
    for file in files:
        seed = file.name.split(".")[0]
        if not re.fullmatch("[0-9]{1,20}", seed):
            raise InputError(file, "name", seed, "the number of a seed, as in 1.events.parquet")
        yield file.parent.name, int(seed), file
