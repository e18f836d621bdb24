"""Audits of run folders and of foreign logs: counts by rule, breaches with evidence, files.

The reading of the rules is `sim/compliance/audit.py`; here it meets files. `audit.json` holds the counts by rule and policy,
`audit.csv` one row per breach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from recoup.experiments.comparison.files import AUDIT_FILE
from recoup.experiments.runs.runfolder import write_csv
from recoup.sim.compliance.audit import BREACH_COLUMNS, Finding, audit
from recoup.sim.compliance.auditlog import Writing, typed_log
from recoup.sim.compliance.mappedlog import read_foreign_log
from recoup.sim.compliance.rules import RulePack
from recoup.sim.inputs import InputError, read_json, validated
from recoup.sim.portfolio.sources import Source

AUDIT, BREACHES, RULES = AUDIT_FILE.name, "audit.csv", "rules.json"
_COUNTS = ("tested", "near", "stopped", "breaches")


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
    """One row per breach: labels, rule, account, day, time window, step, whether carried out, and evidence in words.

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


def audit_run(folder: Path, pack: RulePack | None, language: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """Audit every event log of a run folder, by the rules it ran under or by others.

    Args:
        folder: run folder.
        pack: the rules; None = those of the run.
        language: of the rules' sentences in the table, `en` or `zh`.

    Returns:
        The content of audit.json, and one row for each breach.

    Raises:
        InputError: no run, no event logs in it, or broken files.
    """
    pack = pack or _rules_of(folder)
    tallies: dict[str, list[dict[str, Any]]] = {}
    tables = []
    for policy, seed, file in _logs(folder):
        findings = audit(typed_log(file), pack)
        tallies.setdefault(policy, []).append(tally(findings))
        tables.append(breach_table(findings, language, policy=policy, seed=seed))
    return summary(pack, tallies), pd.concat(tables, ignore_index=True)


def audit_file(
    source: Source, pack: RulePack, language: str, writing: Writing | None = None, map_file: Path | None = None
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Audit somebody's log; see docs/audit.md for its columns.

    Args:
        source: a file, or the address of a database.
        pack: the rules.
        language: of the rules' sentences in the table, `en` or `zh`.
        writing: without a map, how a CSV file is written (encoding, delimiter, decimal mark); None = found out.
        map_file: column map of the log; None = its columns have the names that the audit knows.

    Returns:
        The content of audit.json, and one row for each breach.

    Raises:
        InputError: the first cells that are not as they must be, by row and column.
    """
    log = read_foreign_log(source, map_file, writing)
    findings = audit(log, pack)
    audited = summary(pack, {source.name: [tally(findings)]}) | {"columns_not_read": list(log.unread)}
    return audited, breach_table(findings, language)


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


def _rules_of(folder: Path) -> RulePack:
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
