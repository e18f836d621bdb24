"""`recoup calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.experiments.commands.lender_options import (
    AccountsMap,
    At,
    ContactsMap,
    PaymentsMap,
    Until,
    read_records,
    show_notes,
)
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import (
    FirstSeed,
    Json,
    Language,
    Ray,
    complete_scenarios,
    console,
    interruptible,
    progress_bar,
)

if TYPE_CHECKING:
    from recoup.experiments.calibration.findings import Calibration


def calibrate(
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="Scenario's name or file.", autocompletion=complete_scenarios)
    ] = "china-consumer",
    portfolio: Annotated[
        str | None,
        typer.Option(
            help="Fit to records: accounts as they were on the first day, a file or a database's address.",
            show_default="measure the scenario's world against published figures",
        ),
    ] = None,
    contacts: Annotated[
        str | None, typer.Option(help="Log of contacts, likewise.", show_default="needed with --portfolio")
    ] = None,
    payments: Annotated[
        str | None, typer.Option(help="Log of payments, likewise.", show_default="needed with --portfolio")
    ] = None,
    portfolio_map: AccountsMap = None,
    contacts_map: ContactsMap = None,
    payments_map: PaymentsMap = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="New scenario file (.yaml) for the fitted world, beside a new folder of its name with pictures.",
            show_default="no files",
        ),
    ] = None,
    at: At = None,
    until: Until = None,
    hold_out: Annotated[
        int | None,
        typer.Option(
            min=0, max=3650, help="Days at the end to check on, not fitted to.", show_default="30, at most a third"
        ),
    ] = None,
    accounts: Annotated[
        int, typer.Option(min=30, max=1_000_000, help="Most accounts fitted to, drawn from the file.")
    ] = 2000,
    groups: Annotated[int, typer.Option(min=4, max=256, help="Draws of an account's hidden traits.")] = 12,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Number of seeds (published figures).")] = 2,
    first_seed: FirstSeed = 901,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=1024, help="Threads of a fit, processes of a measurement; the numbers do not depend on it."
        ),
    ] = 1,
    ray: Ray = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Fit the world to a lender's own records; or, without any, measure it against the published figures it should reproduce.

    With records: exit code 1 if the fitted world misses what happened in the days that were held out. Without: if a figure is missed.

    \b
    Examples:
      recoup calibrate
      recoup calibrate -s china-consumer --seeds 4 --workers 2 --json
      recoup calibrate --portfolio lender/portfolio.parquet --contacts lender/contacts.parquet --payments lender/payments.parquet --out my-scenario.yaml
    """
    if portfolio is None:
        _measure(scenario, seeds, first_seed, workers, ray, lang, json)
        return
    announce("fit", lang, scenario=scenario)
    from recoup.experiments.calibration.run import calibrate_to_records
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import require_new
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError

    for option, given in (("--contacts", contacts), ("--payments", payments)):
        if given is None:
            raise InputError(option, "", "nothing", "a file or a database's address, as --portfolio is given")
    if ray is not None:
        raise InputError("--ray", "", ray, "no cluster: the fit runs on --workers threads of this machine")
    if out is not None:
        if out.suffix not in (".yaml", ".yml"):
            raise InputError(out, "--out", out.suffix or "no ending", "a name that ends in .yaml")
        for new in (out, out.with_suffix("")):
            require_new(new)
    home = load_scenario(scenario)
    records = read_records(
        (portfolio, portfolio_map), (contacts, contacts_map), (payments, payments_map), home.world, drawn=True, day=at
    )
    bar = progress_bar(text_in(lang)("terminal.calibrate.steps"), None)
    kept = Kept.beside(out)
    hint = text_in(lang)(f"terminal.interrupted.{'same' if out else 'no_steps'}")
    with interruptible(lambda: hint), bar as advance:
        found = calibrate_to_records(
            home,
            records.sampled(accounts, first_seed),
            until=until.date() if until else None,
            hold_out=hold_out,
            threads=workers,
            groups=groups,
            on_step=advance,
            kept=kept,
        )
    if out is not None:
        _write(found, out, lang)
        kept.drop()
    if json:
        console().print_json(data=found.content())
    else:
        show_notes(records, lang)
        _print(found, out, lang)
    if found.check is not None and found.check.missed:
        raise typer.Exit(1)


def _measure(scenario: str, seeds: int, first_seed: int, workers: int, ray: str | None, lang: str, json: bool) -> None:
    announce("measure", lang, scenario=scenario, seeds=seeds)
    from recoup.experiments.checks.calibration import measure, report_readings, steps
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.workers import team_of
    from recoup.scenarios.schema import load_scenario

    home, cohorts = load_scenario(scenario), range(first_seed, first_seed + seeds)
    shared = min(workers, seeds)
    bar = progress_bar(text_in(lang)("terminal.bars.simulating"), steps(home, seeds, ray or shared))
    with team_of(shared, ray) as team, bar as advance:
        readings = measure(home, cohorts, workers=team, advance=advance)
    reproduced = report_readings(home, cohorts, readings, console(), json, lang)
    if not reproduced:
        raise typer.Exit(1)


def _write(found: Calibration, out: Path, lang: str) -> None:
    from recoup.experiments.calibration.files import CALIBRATION_FILE, MEASURES_PICTURE, PARAMETERS_PICTURE
    from recoup.experiments.calibration.scenario_file import write_scenario
    from recoup.experiments.report.calibration_pictures import draw_measures, draw_parameters
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import whole_folder

    with whole_folder(out.with_suffix("")) as folder:
        CALIBRATION_FILE.write(folder, found.content())
        draw_parameters(found, folder / PARAMETERS_PICTURE, text_in(lang))
        if found.check is not None:
            draw_measures(found, folder / MEASURES_PICTURE, text_in(lang))
    write_scenario(found, out)


def _print(found: Calibration, out: Path | None, lang: str) -> None:
    from recoup.experiments.report.text import text_in, written
    from recoup.experiments.runs.tables import Table

    words = text_in(lang)

    def say(key: str, **values: object) -> str:
        return words(f"terminal.calibrate.{key}", **values)

    def heads(*names: str) -> list[str]:
        return [say(f"heads.{name}") for name in names]

    def number(value: float) -> str:
        return written(value, ".3g")

    def measure_of(name: str) -> str:
        return words.one_of("terminal.calibrate.measures", name)

    show = console().print
    first, last = found.period
    table = Table(*heads("parameter", "before", "fitted", "span", "left"), title=say("parameters_title"))
    for one in found.findings:
        span = say("to", low=number(one.low), high=number(one.high))
        fitted = number(one.value) if one.identified else say("keeps")
        table.add_row(one.parameter.name, number(one.default), fitted, span, f"{100 * one.left:.0f}")
    show(table)
    counted = {"accounts": f"{len(found.data):,}", "contacts": f"{len(found.data.contacts):,}"}
    show(say("fitted", **counted, first=first, last=last))
    if found.check is not None:
        title = say("measures_title", days=found.check.days)
        measures = Table(words("terminal.heads.measure"), *heads("recorded", "expected", "span", "holds"), title=title)
        for measure in found.check.measures:
            mark = say("marks." + {True: "missed", False: "fits", None: "few"}[measure.missed])
            span = say("to", low=f"{measure.low:,.0f}", high=f"{measure.high:,.0f}")
            name = measure_of(measure.name)
            measures.add_row(name, f"{measure.recorded:,.0f}", f"{measure.expected:,.0f}", span, mark)
        show(measures)
    if not found.data.reads_known:
        show(say("unread"))
    if not all(posterior.settled for posterior in found.fitted.posteriors.values()):
        show(say("unsettled"))
    missed = words.listed([measure_of(measure.name) for measure in found.check.missed]) if found.check else ""
    show(say(f"verdicts.{found.verdict}", judged=found.check.judged if found.check else 0, missed=missed))
    if out is not None:
        show(say("written", scenario=out, folder=out.with_suffix("")), soft_wrap=True)
