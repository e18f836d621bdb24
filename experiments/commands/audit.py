"""`recoup audit`: a second reading of the rules, over the event logs of a run or over somebody's own log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Json, Language, command_line, console, progress_display

if TYPE_CHECKING:
    import pandas as pd

    from recoup.experiments.report.text import Text
    from recoup.sim.compliance.auditlog import Writing

_SHOWN = 5  # breaches of a rule


def audit(
    run: Annotated[
        Path | None, typer.Argument(help="Run folder of a comparison.", show_default="none: give --log")
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(help="A log of your own, a file or a database's address; needs --rules.", show_default="none"),
    ] = None,
    column_map: Annotated[
        Path | None,
        typer.Option("--map", help="Column map of the log (YAML).", show_default="columns named as the audit knows"),
    ] = None,
    rules: Annotated[str | None, typer.Option(help="Rule pack's name or file.", show_default="the run's")] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario", "-s", help="Scenario whose own channels the log may have.", show_default="none of its own"
        ),
    ] = None,
    lang: Language = "en",
    out: Annotated[
        Path | None,
        typer.Option(
            help="New folder for audit.json, audit.csv, audit.html and audit.pdf.",
            show_default="the run's, by its own rules",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 also if a rule could not be tested, or none was.")
    ] = False,
    pdf: Annotated[
        bool | None,
        typer.Option(
            "--pdf/--no-pdf",
            help="Also print audit.pdf, by Chromium or Chrome if there is one.",
            show_default="printed with --out",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="Encoding of a CSV log, as in gb18030.", show_default="by its byte-order mark, else utf-8"),
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What separates the columns of a CSV log, as in ; or tab.")] = ",",
    decimal: Annotated[str, typer.Option(help="Decimal mark of a CSV log, . or ,")] = ".",
    json: Json = False,
) -> None:
    """Look for breaches: which rules could be tested, each breach with evidence and source, then each rule's counts.

    Exit code 1 if a rule was broken. By the run's own rules, audit.json, audit.csv and a page to be signed (audit.html)
    go into its folder; else to --out, with the page as audit.pdf too.

    \b
    Examples:
      recoup audit runs/mine
      recoup audit --log contacts.csv --rules us-reg-f --lang zh
      recoup audit --log dialler.xlsx --map map.yaml --rules uk-conc --out found --strict
      recoup audit --log export.csv --rules china --encoding gb18030 --delimiter ";" --decimal ,
    """
    announce("read", lang, file=log or run)
    from recoup.experiments.comparison.audit import AUDIT, BREACHES, audit_file, audit_run, coverage, write_audit
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new
    from recoup.scenarios.schema import find_rules, load_scenario
    from recoup.sim.portfolio.sources import source_of
    from recoup.sim.treatments import STANDARD

    if (run is None) == (log is None):
        raise typer.BadParameter("a run folder, or --log FILE")
    if column_map is not None and (log is None or (encoding, delimiter, decimal) != (None, ",", ".")):
        raise typer.BadParameter("--map goes with --log, and says itself how the file is written")
    if scenario is not None and log is None:
        raise typer.BadParameter("--scenario goes with --log; a run folder knows its own")
    if out is not None:
        require_new(out)
    words = load_scenario(scenario).world.vocabulary if scenario else STANDARD
    pack, say = find_rules(rules) if rules else None, text_in(lang)
    pdf = out is not None if pdf is None else pdf  # a browser starts only for papers that somebody asked for
    with _progress(say) as begin:
        if log is not None:
            if pack is None:
                raise typer.BadParameter("--log needs --rules, the pack to read it by")
            source, writing = source_of(log), _writing(encoding, delimiter, decimal)
            audited, breaches = audit_file(source, pack, lang, writing, column_map, begin, command_line(), words)
        else:
            assert run is not None
            audited, breaches = audit_run(run, pack, lang, begin, command_line())
            # The report shows what lies in the run folder: an audit by other rules would pass for the run's own.
            out = out or (run if pack is None else None)
    written, unprinted = [], ""
    if out is not None:
        write_audit(out, audited, breaches)
        pages, unprinted = _pages(out, audited, breaches, lang, pdf)
        written = [out / AUDIT, out / BREACHES, *pages]
    if json:
        console().print_json(data=audited)
    else:
        _print(audited, breaches, lang, out)
        for path in written:
            console().print(say("audit.written", path=path), soft_wrap=True)
    if unprinted:
        console(stderr=True).print(unprinted, soft_wrap=True)
    found = coverage(audited)
    if strict and (found.not_testable or not found.tested):
        key = "audit.strict" if found.not_testable else "audit.strict_nothing"
        console(stderr=True).print(say(key, n=len(found.not_testable)), soft_wrap=True)
        raise typer.Exit(1)
    if len(breaches):
        raise typer.Exit(1)


@contextmanager
def _progress(say: Text) -> Iterator[Callable[[str, int | None], Callable[[int], object]]]:
    """A bar of the rows that were read, on standard error; `begin` of `audit_file`."""
    with progress_display() as display:

        def begin(name: str, rows: int | None) -> Callable[[int], object]:
            for earlier in display.task_ids:
                display.remove_task(earlier)
            task = display.add_task(say("audit.reading" if rows is None else "audit.auditing", name=name), total=rows)
            return lambda more: display.advance(task, more)

        yield begin


def _pages(
    folder: Path, audited: dict[str, Any], breaches: pd.DataFrame, lang: str, pdf: bool
) -> tuple[list[Path], str]:
    """Write the pages to be signed.

    Returns:
        Their paths, and the line that says why there is no PDF.
    """
    from recoup.experiments.report.audit_page import page_name, render_audit
    from recoup.experiments.report.pdf import NoPdf, print_pdf
    from recoup.experiments.report.text import text_in

    page, printed = render_audit(folder, audited, breaches, lang), folder / page_name(lang, "pdf")
    printed.unlink(missing_ok=True)  # of an earlier audit of this run
    if not pdf:
        return [page], ""
    try:
        print_pdf(page, printed)
    except NoPdf as error:
        say = text_in(lang)
        return [page], say("audit.no_pdf", name=printed.name, why=str(error) or say("audit.no_browser"), path=page)
    return [page, printed], ""


def _writing(encoding: str | None, delimiter: str, decimal: str) -> Writing:
    from recoup.sim.compliance.auditlog import Writing
    from recoup.sim.inputs import DELIMITERS, ENCODING, InputError, is_encoding

    delimiter = DELIMITERS.get(delimiter, delimiter)
    if encoding is not None and not is_encoding(encoding):
        raise InputError("--encoding", "", encoding, ENCODING)
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise InputError("--delimiter", "", delimiter, "one character, as in , ; | or the word tab")
    if decimal not in (".", ","):
        raise InputError("--decimal", "", decimal, ". or ,")
    return Writing(encoding, delimiter, decimal)


def _print(audited: dict[str, Any], breaches: pd.DataFrame, lang: str, out: Path | None = None) -> None:
    """Coverage, breaches, table of rules.

    Args:
        audited: the content of audit.json.
        breaches: one row for each breach.
        lang: `en` or `zh`.
        out: folder in which audit.csv lies; None = it was not written.
    """
    from rich.padding import Padding

    from recoup.experiments.comparison.audit import BREACHES, broken_rules, coverage, testable
    from recoup.experiments.report import audit_page
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.tables import Table

    say, screen, found, record = text_in(lang), console(), coverage(audited), audited["record"]

    def print_in(indent: int, text: str) -> None:
        screen.print(Padding(text, (0, 0, 0, indent), expand=False))

    screen.print(f"{audited['pack']}: {say.one_of('names', audited['pack'], audited['title'])}")
    if record["rows"]:
        first, last = audit_page.span_words(record, say)
        counts = {name: f"{record[name]:,}" for name in ("rows", "accounts")}
        screen.print(
            f"{record['source']}: {say('audit.accounts_facts', first=first, last=last, **counts)}", soft_wrap=True
        )
    if record["sha256"]:
        screen.print(f"SHA-256 {record['sha256']}", soft_wrap=True)
    screen.print()
    verdict, *others = audit_page.coverage_words(audited, say)
    screen.print(verdict)
    reasons = [[f"{rule['id']}: {say.listed(rule['missing'])}" for rule in found.not_testable]]
    reasons.append([say.listed([rule["id"] for rule in found.met_no_row])])
    for line, why in zip(others, [reason for reason in reasons if any(reason)], strict=True):
        screen.print(line)
        for reason in why:
            print_in(4, reason)
    for line in audit_page.empty_words(record, say):
        screen.print(line)
    if audited.get("columns_not_read"):
        screen.print(say("audit.unread", names=say.listed(audited["columns_not_read"])))
    screen.print()
    screen.print(audit_page.outcome_words(audited, say))
    for rule, table in broken_rules(audited, breaches):
        count = say("audit.breach_count", breaches=f"{len(table):,}", accounts=f"{table['account_id'].nunique():,}")
        print_in(2, f"{rule['id']}: {audit_page.sentence(rule, say)}")
        print_in(4, say("audit.source", source=rule["source"], confidence=rule["confidence"]))
        print_in(4, count)
        for row in table.head(_SHOWN).to_dict("records"):
            breach = audit_page.breach_words(row, say)
            by = [f"{say('audit.page.collector')} {breach.collector}"] if breach.collector else []
            print_in(6, " · ".join([breach.when, breach.account, breach.evidence, *by]))
        if len(table) > _SHOWN:
            print_in(6, "… " + say("audit.more", more=f"{len(table) - _SHOWN:,}"))
    if len(breaches):
        where = say("audit.where", path=out / BREACHES) if out else say("audit.where_out")
        screen.print(where, soft_wrap=True)
    screen.print()
    names = ("tested", "near", "stopped", "breaches")
    rules = Table(*(say(f"audit.columns.{name}") for name in ("rule", *names)))
    for rule in testable(audited):
        rules.add_row(f"{rule['id']}: {audit_page.sentence(rule, say)}", *(f"{rule[name]:,}" for name in names))
    if rules.row_count:
        screen.print(rules)
