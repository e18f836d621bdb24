"""`recoup model …`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from recoup.experiments.commands.evaluate import ScenarioName
from recoup.experiments.commands.lender_options import (
    DATE,
    AccountsMap,
    ContactsMap,
    PaymentsMap,
    read_records,
    show_notes,
)
from recoup.experiments.commands.portfolio import OwnNames
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import (
    Commands,
    Json,
    Language,
    Workers,
    console,
    interruptible,
    progress_display,
)

if TYPE_CHECKING:
    from recoup.experiments.comparison.lists import Lists
    from recoup.experiments.report.text import Text

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    help="Scores and effects of treatments, learned from a lender's own records.",
    no_args_is_help=True,
)
KindName = Literal["early-warning", "needs-help", "repayment", "call-time", "uplift"]
Portfolio = Annotated[str, typer.Option(help="The accounts: a file (CSV, Parquet, Excel) or a database's address.")]
Contacts = Annotated[str | None, typer.Option(help="Log of contacts, likewise.", show_default="none")]
Payments = Annotated[str | None, typer.Option(help="Log of payments, likewise.", show_default="none")]


@app.command("fit")
def fit(
    kind: Annotated[KindName, typer.Argument(help="What is to be foretold.")],
    portfolio: Portfolio,
    column_map: AccountsMap = None,
    contacts: Contacts = None,
    contacts_map: ContactsMap = None,
    payments: Payments = None,
    payments_map: PaymentsMap = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            formats=DATE, help="Day of the portfolio.", show_default="as_of of its map, else the logs' first day"
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(min=1, max=365, help="Days ahead that count.")] = 30,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Of the claim: what repayment means.")] = 0.5,
    scenario: ScenarioName = "china-consumer",
    workers: Workers = 1,
    out: Annotated[Path | None, typer.Option(help="New folder.", show_default="runs/<kind>-<time>")] = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Learn from records who rolls on, needs help, repays, is reached when, or pays because of a treatment; with a card.

    The portfolio is as it was on the logs' first day. Fitted on the earlier part of the logs, judged on the later one. Of the scenario
    the hours of its contact windows are used, and its own channels and products. After Ctrl-C the same command with --out goes on with the
    treatments of uplift that are left.

    \b
    Examples:
      recoup model fit repayment --portfolio p.parquet --contacts c.parquet --payments y.parquet --out models/repayment
      recoup model fit early-warning --portfolio p.csv --map p.yaml --payments y.csv --payments-map y.yaml --horizon 60
      recoup model fit uplift --portfolio p.parquet --contacts c.parquet --payments y.parquet --workers 2 --out models/uplift
    """
    announce("learn", lang, kind=kind, file=portfolio)
    from recoup.experiments.comparison.lists import lists_of, write_lists
    from recoup.experiments.models.files import CARD_FILE, MODEL_FILE
    from recoup.experiments.models.fit import fit as fit_model
    from recoup.experiments.models.numbered_records import numbered
    from recoup.experiments.models.training_table import Kind
    from recoup.experiments.report.model_page import render_model
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import new_run_folder, require_new, whole_folder
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.portfolio.databases import Address
    from recoup.sim.treatments import Window

    folder = out or new_run_folder(kind)
    require_new(folder)
    kept = Kept.beside(out if kind == "uplift" else None)  # the others take seconds
    goes_on = ("same" if out else "no_treatments") if kind == "uplift" else "again"
    hint = text_in(lang)(f"terminal.interrupted.{goes_on}")
    world = load_scenario(scenario).world
    windows = world.windows
    source = Path(Address.hidden(portfolio)).name
    with interruptible(lambda: hint), progress_display() as progress:
        task = progress.add_task(text_in(lang)("terminal.bars.reading"), total=None)
        records = read_records(
            (portfolio, column_map),
            (contacts, contacts_map),
            (payments, payments_map),
            world,
            day=start,
            option="--start",
        )
        records.days(option="--start")
        progress.update(task, description=kind)
        found = fit_model(
            numbered(records), Kind(kind), source, horizon, share, [windows.hours(window)[1] for window in Window],
            lambda done, total: progress.update(task, completed=done, total=total), workers, kept,
        )  # fmt: skip
        with whole_folder(folder) as made:
            MODEL_FILE.write(made, found.model)
            CARD_FILE.write(made, found.card)
            write_lists(made, world)
            page = folder / render_model(made, lang).name
        kept.drop()
    if not json:
        show_notes(records, lang)
    _show(found.card, lists_of(world), json, lang)
    if not json:
        console().print(f"\n{page}", soft_wrap=True)


@app.command("report")
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a model.")],
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Write a model's card as a page, in English or Chinese, and print its figures.

    \b
    Examples:
      recoup model report models/repayment
      recoup model report models/repayment --lang zh
    """
    from recoup.experiments.comparison.lists import read_lists
    from recoup.experiments.models.files import CARD_FILE
    from recoup.experiments.report.model_page import render_model

    page = render_model(folder, lang)
    _show(CARD_FILE.read(folder), read_lists(folder), json, lang)
    if not json:
        console().print(f"\n{page}", soft_wrap=True)


@app.command("score")
def score(
    folders: Annotated[list[Path], typer.Argument(help="Folders of models, one or more.")],
    portfolio: Portfolio,
    out: Annotated[Path, typer.Option(help="New Parquet file.")],
    column_map: AccountsMap = None,
    contacts: Contacts = None,
    contacts_map: ContactsMap = None,
    payments: Payments = None,
    payments_map: PaymentsMap = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=DATE,
            help="Day of the portfolio.",
            show_default="as_of of its map, else the day after the logs' last",
        ),
    ] = None,
    fill: Annotated[
        Literal["early_warning", "credit_score"] | None,
        typer.Option(help="Field that the first model's score is to take the place of.", show_default="none"),
    ] = None,
    scenario: OwnNames = None,
    lang: Language = "en",
) -> None:
    """Score accounts as they are now, with the logs of the time before, and write a portfolio with the scores beside its fields.

    Plans ask for a score by its name, as in `score.repayment: {at_least: 0.3}`. With --fill early_warning the probability, with
    --fill credit_score the portfolio's own points in the order of the score, stand where tiers read them.

    \b
    Examples:
      recoup model score models/repayment models/uplift --portfolio now.parquet --contacts c.parquet --payments y.parquet --out scored.parquet
      recoup model score models/early-warning --portfolio now.csv --map p.yaml --fill early_warning --out scored.parquet
    """
    announce("read", lang, file=portfolio)
    from recoup.experiments.models.files import MODEL_FILE, Model
    from recoup.experiments.models.score import scored
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new, write_table
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError

    require_new(out)
    if out.suffix != ".parquet":
        raise InputError("--out", "", str(out), "a name that ends in .parquet")
    models = [Model.model_validate(MODEL_FILE.read(folder)) for folder in folders]
    world = load_scenario(scenario).world if scenario else None
    records = read_records(
        (portfolio, column_map), (contacts, contacts_map), (payments, payments_map), world, day=as_of, option="--as-of"
    )
    table = scored(models, records, as_of.date() if as_of else None, fill)
    write_table(out, table)
    names = [str(name) for name in table if str(name).startswith("score.")]
    show_notes(records, lang)
    said = text_in(lang)("terminal.model.scored", n=f"{len(table):,}", names=", ".join(names), path=out)
    console().print(said, soft_wrap=True)


def _show(card: dict[str, Any], lists: Lists, as_json: bool, lang: str) -> None:
    from recoup.experiments.report import text_in
    from recoup.experiments.report.model_page import verdict

    if as_json:
        console().print_json(data=card)
        return
    say, show = text_in(lang).of(lists), console().print
    show(_effects(card, say) if card["effects"] else _quality(card, say))
    for sentence in verdict(card, say):
        show(sentence)


def _quality(card: dict[str, Any], say: Text) -> Any:
    from recoup.experiments.report.text import written
    from recoup.experiments.runs.tables import Table

    score, kind = card["score"], say(f"models.kinds.{card['kind']}")
    title = say("terminal.model.title", kind=kind, model=say.one_of("models.forms", score["model"]))
    table = Table(*(say(f"models.quality.head.{name}") for name in ("figure", "fit", "test")), title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    periods = [score["fit"], score["test"]]

    def row(name: str, *cells: str) -> None:
        table.add_row(say(f"models.quality.{name}"), *cells)

    row("dates", *(say("between", low=p["first"], high=p["last"]) for p in periods))
    row("rows", *(f"{p['rows']:,}" for p in periods))
    row("cases", *(f"{p['cases']:,} ({written(p['observed'], '.1%')})" for p in periods))
    for name in ("auc", "gini", "ks"):
        found = [p["discrimination"][name] for p in periods]
        spans = [say("between", low=written(v["low"], ".3f"), high=written(v["high"], ".3f")) for v in found]
        row(name, *(f"{written(v['mean'], '.3f')} ({span})" for v, span in zip(found, spans, strict=True)))
    row("said", *(written(p["said"], ".1%") for p in periods))
    row("ece", *(f"{p['calibration_error']:.3f}" for p in periods))
    table.add_row(say("terminal.model.drift"), "", f"{score['drift']['score']:.2f}")
    return table


def _effects(card: dict[str, Any], say: Text) -> Any:
    from recoup.experiments.report.model_page import treatment_name
    from recoup.experiments.report.text import written
    from recoup.experiments.runs.tables import Table

    heads = [say(f"models.effects.head.{name}") for name in ("treatment", "treated", "sample")]
    title = say("terminal.model.effects", horizon=card["horizon"])
    table = Table(*heads, say("terminal.model.effect"), title=title)
    table.columns[-1].justify = "right"
    for row in card["effects"]:
        found, said = row["effect"], say("terminal.model.unknown")
        if found:
            mean, low, high = (written(found[name], ",.0f") for name in ("mean", "low", "high"))
            said = f"{mean} ({say('between', low=low, high=high)})"
        sample = f"{row['effective_sample']:,.0f}"
        table.add_row(treatment_name(row["treatment"], say), f"{row['treated']:,}", sample, said)
    return table
