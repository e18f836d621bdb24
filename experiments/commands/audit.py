"""`recoup audit`: a second reading of the rules, over the event logs of a run or over somebody's own log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.rules import Language
from recoup.experiments.runs.console import Json, console

if TYPE_CHECKING:
    import pandas as pd

    from recoup.sim.compliance.auditlog import Writing

_SHOWN = 20
_WORDS = {
    "en": {
        "columns": ("rule", "sentence", "tested", "near misses", "stopped by the gate", "breaches"),
        "none": "No rule was broken.",
        "some": "{treatments:,} treatments broke {rules} rules:",
        "more": "… and {more:,} more",
        "unread": "Columns that no audit reads: {names}",
        "missing": "the log has no {names}",
        "written": "written: {path}",
    },
    "zh": {
        "columns": ("规则", "内容", "检验次数", "临界次数", "闸口拦截", "违规"),
        "none": "未发现违规。",
        "some": "{treatments:,} 次处置违反 {rules} 条规则：",
        "more": "…… 另有 {more:,} 条",
        "unread": "未读取的列：{names}",
        "missing": "日志缺少 {names}",
        "written": "已写入：{path}",
    },
}


def audit(
    run: Annotated[Path | None, typer.Argument(help="Run folder of a comparison.")] = None,
    log: Annotated[
        str | None, typer.Option(help="A log of your own, a file or a database's address; needs --rules.")
    ] = None,
    column_map: Annotated[
        Path | None,
        typer.Option("--map", help="Column map of the log (YAML).", show_default="columns named as the audit knows"),
    ] = None,
    rules: Annotated[str | None, typer.Option(help="Rule pack's name or file.", show_default="the run's")] = None,
    lang: Language = "en",
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for audit.json and audit.csv.", show_default="the run's, by its own rules"),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="Encoding of a CSV log, as in gb18030.", show_default="by its byte-order mark, else utf-8"),
    ] = None,
    delimiter: Annotated[str, typer.Option(help="What separates the columns of a CSV log, as in ; or tab.")] = ",",
    decimal: Annotated[str, typer.Option(help="Decimal mark of a CSV log, . or ,")] = ".",
    json: Json = False,
) -> None:
    """Look for breaches: per rule how often it was tested, near misses, and each breach with evidence.

    Exit code 1 if a rule was broken. By the run's own rules, audit.json and audit.csv go into its folder; else to --out.

    \b
    Examples:
      recoup audit runs/mine
      recoup audit --log contacts.csv --rules us-reg-f --lang zh
      recoup audit --log dialler.xlsx --map map.yaml --rules uk-conc
      recoup audit --log export.csv --rules china --encoding gb18030 --delimiter ";" --decimal ,
    """
    from recoup.experiments.comparison.audit import AUDIT, BREACHES, audit_file, audit_run, write_audit
    from recoup.experiments.runs.runfolder import require_new
    from recoup.scenarios.schema import find_rules
    from recoup.sim.portfolio.sources import source_of

    if (run is None) == (log is None):
        raise typer.BadParameter("a run folder, or --log FILE")
    if column_map is not None and (log is None or (encoding, delimiter, decimal) != (None, ",", ".")):
        raise typer.BadParameter("--map goes with --log, and says itself how the file is written")
    if out is not None:
        require_new(out)
    pack = find_rules(rules) if rules else None
    if log is not None:
        if pack is None:
            raise typer.BadParameter("--log needs --rules, the pack to read it by")
        audited, breaches = audit_file(source_of(log), pack, lang, _writing(encoding, delimiter, decimal), column_map)
    else:
        assert run is not None
        audited, breaches = audit_run(run, pack, lang)
        # The report shows what lies in the run folder: an audit by other rules would pass for the run's own.
        out = out or (run if pack is None else None)
    if out is not None:
        write_audit(out, audited, breaches)
    if json:
        console().print_json(data=audited)
    else:
        _print(audited, breaches, lang)
        for name in (AUDIT, BREACHES) if out else ():
            console().print(_WORDS[lang]["written"].format(path=out / name), soft_wrap=True)  # type: ignore[operator,attr-defined]
    if len(breaches):
        raise typer.Exit(1)


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


def _print(audited: dict[str, Any], breaches: pd.DataFrame, lang: str) -> None:
    from rich.table import Table

    words: dict[str, Any] = _WORDS[lang]
    out = console()
    table = Table(title=f"{audited['pack']}: {audited['title']}", title_justify="left")
    for number, name in enumerate(words["columns"]):
        table.add_column(name, justify="left" if number < 2 else "right", overflow="fold")
    for rule in audited["rules"]:
        text = (rule["text_zh"] if lang == "zh" else "") or rule["text"]
        counts = [f"{rule[count]:,}" for count in ("tested", "near", "stopped", "breaches")]
        if rule["missing"]:
            text += f" ({words['missing'].format(names=', '.join(rule['missing']))})"
            counts = ["–"] * 4
        table.add_row(rule["id"], text, *counts)
    out.print(table)
    if audited.get("columns_not_read"):
        out.print(words["unread"].format(names=", ".join(audited["columns_not_read"])))
    broken = [rule["id"] for rule in audited["rules"] if rule["breaches"]]
    if not broken:
        out.print(words["none"])
        return
    treatments = sum(audited["treatments_in_breach"].values())
    out.print(words["some"].format(treatments=treatments, rules=len(broken)))
    for breach in breaches.head(_SHOWN).to_dict("records"):
        out.print("  " + _line(breach), soft_wrap=True)
    if len(breaches) > _SHOWN:
        out.print("  " + words["more"].format(more=len(breaches) - _SHOWN))


def _line(breach: Mapping[Any, Any]) -> str:
    """«p1234 · 2025-03-31 18:00–21:00 · contact-hours · evidence»."""
    import pandas as pd

    from recoup.sim.compliance.audit import clock

    day = f"{breach['date']:%Y-%m-%d}" if pd.notna(breach["date"]) else f"day {breach['day']}"
    if pd.notna(breach["from_hour"]):
        ends = breach["to_hour"] if pd.notna(breach["to_hour"]) else breach["from_hour"]
        day += " " + "–".join(dict.fromkeys((clock(breach["from_hour"]), clock(ends))))
    run = f"{breach['policy']} seed {breach['seed']} · " if "policy" in breach else ""
    return f"{run}{breach['account_id']} · {day} · {breach['rule']} · {breach['evidence']}"
