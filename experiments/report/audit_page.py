"""An audit as a page that can be signed: coverage first, then breaches with their evidence, then each rule, limits, signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from recoup.experiments.comparison.audit import BREACHES, broken_rules, coverage, hash_of, testable
from recoup.experiments.report.page import environment
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.runs.runfolder import write_text
from recoup.sim.compliance.audit import clock

MOST_OF_A_RULE = 20  # breaches that the page shows; audit.csv has all
_MOST_COLLECTORS = 10


@dataclass(frozen=True)
class Breach:
    """A breach as it is shown: when (date or day, and hours), which account, by whom, why; `line` is its row of the log."""

    when: str
    account: str
    collector: str
    evidence: str
    line: int


def breach_words(breach: Mapping[Any, Any], say: Text) -> Breach:
    """A row of `breach_table` in words.

    Args:
        breach: the row.
        say: the words.
    """
    when = f"{breach['date']:%Y-%m-%d}" if pd.notna(breach["date"]) else say("audit.day", day=breach["day"])
    if pd.notna(breach["from_hour"]):
        ends = breach["to_hour"] if pd.notna(breach["to_hour"]) else breach["from_hour"]
        when += " " + "–".join(dict.fromkeys((clock(breach["from_hour"]), clock(ends))))
    account = str(breach["account_id"])
    if "policy" in breach:
        account += f" ({say.name(breach['policy'])}, {breach['seed']})"
    collector = str(breach["collector"]) if pd.notna(breach["collector"]) else ""
    return Breach(when, account, collector, str(breach["evidence"]), int(breach["line"]))


def sentence(rule: Mapping[str, Any], say: Text) -> str:
    """What a rule of audit.json says, in the reader's language where the pack has it."""
    return str((rule["text_zh"] if say.language == "zh" else "") or rule["text"])


def coverage_words(audited: dict[str, Any], say: Text) -> list[str]:
    """How many rules could be tested, and why not the others: one sentence each."""
    found = coverage(audited)
    said = [say("audit.verdict", tested=len(found.tested), rules=len(audited["rules"]))]
    if found.not_testable:
        said.append(say("audit.lacking", n=len(found.not_testable)))
    if found.met_no_row:
        said.append(say("audit.unmet", n=len(found.met_no_row)))
    return said


def outcome_words(audited: dict[str, Any], say: Text) -> str:
    """Whether anything was broken, as far as anything was tested."""
    if broken := sum(1 for rule in audited["rules"] if rule["breaches"]):
        return say("audit.some", treatments=f"{sum(audited['treatments_in_breach'].values()):,}", rules=broken)
    tested = len(coverage(audited).tested)
    return say("audit.clear", tested=tested) if tested else say("audit.nothing")


def span_words(record: Mapping[str, Any], say: Text) -> tuple[str, str]:
    """First and last day of what was audited."""
    if record["first_date"] is not None:
        return record["first_date"], record["last_date"]
    return say("audit.day", day=record["first_day"]), say("audit.day", day=record["last_day"])


def empty_words(record: Mapping[str, Any], say: Text) -> list[str]:
    """Of each column without a value: what it hides."""
    empty = record["columns_empty"]
    return [say("audit.empty", column=name, rules=say.listed(rules)) for name, rules in empty.items()]


def page_name(language: str, kind: str = "html") -> str:
    """Of the page: audit.html, audit.zh.html and the like."""
    return f"audit.{kind}" if language == "en" else f"audit.{language}.{kind}"


def render_audit(folder: Path, audited: dict[str, Any], breaches: pd.DataFrame, language: str) -> Path:
    """Write the page of an audit beside its audit.csv.

    Args:
        folder: where `write_audit` wrote.
        audited: what `audit_run` or `audit_file` returned first.
        breaches: one row for each breach.
        language: one of `LANGUAGES`.

    Returns:
        The page's path.

    Raises:
        InputError: it cannot be written.
    """
    say, record = text_in(language), audited["record"]
    groups = [
        (rule, [breach_words(row, say) for row in table.head(MOST_OF_A_RULE).to_dict("records")], table)
        for rule, table in broken_rules(audited, breaches)
    ]
    html = (
        environment()
        .get_template("audit.html.j2")
        .render(
            say=say,
            audited=audited,
            record=record,
            found=coverage(audited),
            testable=testable(audited),
            said=coverage_words(audited, say),
            outcome=outcome_words(audited, say),
            empty=empty_words(record, say),
            span=span_words(record, say),
            sentence=lambda rule: sentence(rule, say),
            groups=[(rule, shown, table["account_id"].nunique(), len(table)) for rule, shown, table in groups],
            collectors=_by_collector(breaches, say),
            named=bool(breaches["collector"].notna().any()),
            csv_hash=hash_of(folder / BREACHES, BREACHES)["sha256"],
            most=MOST_OF_A_RULE,
        )
    )
    path = folder / page_name(language)
    write_text(path, html)
    return path


def _by_collector(breaches: pd.DataFrame, say: Text) -> list[tuple[str, int]]:
    """Who broke rules how often, as far as the log names them."""
    if not breaches["collector"].notna().any():
        return []
    counts = breaches["collector"].value_counts()
    rows = [(str(name), int(count)) for name, count in counts.head(_MOST_COLLECTORS).items()]
    if others := counts.iloc[_MOST_COLLECTORS:].tolist():
        rows.append((say("audit.page.others", n=len(others)), sum(others)))
    if unknown := int(breaches["collector"].isna().sum()):
        rows.append((say("audit.page.unknown"), unknown))
    return rows
