"""`recoup sites`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import (
    Json,
    Language,
    Ray,
    Workers,
    command_line,
    console,
    interruptible,
    progress_display,
)
from recoup.experiments.runs.options import options_from
from recoup.experiments.sites.settings import DAILY, Sites

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text


@options_from(Sites)
def sites(
    settings: Sites,
    workers: Workers = 1,
    ray: Ray = None,
    out: Annotated[Path | None, typer.Option(help="Run folder, new.", show_default="runs/sites-<time>")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in --out.")] = False,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Run one plan on a portfolio that is cut into sites: more accounts than memory or one machine holds.

    \b
    Examples:
      recoup sites -p staged --accounts 10000000 --sites 40 --workers 2 --out runs/ten-million
      recoup sites -s taiwan-cards --sites 3 --exchange daily
      recoup sites … --out runs/ten-million --resume
    """
    announce("sites", lang, plan=settings.plan, sites=settings.sites)
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import SETTINGS, new_run_folder
    from recoup.experiments.runs.workers import WorkerLost, team_of
    from recoup.experiments.sites.files import SITES_FILE
    from recoup.experiments.sites.run import run_sites

    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the run to continue")
    say, folder = text_in(lang), out or new_run_folder("sites")
    command = command_line()

    def how_to_go_on() -> str:
        if not (folder / SETTINGS).exists():
            return say("terminal.interrupted.again")
        again = command if "--out" in command else f"{command} --out {shlex.quote(str(folder))}"
        kept = "daily_sites" if settings.exchange == DAILY else "sites"
        return say(f"terminal.interrupted.{kept}", command=again if resume else f"{again} --resume")

    with interruptible(how_to_go_on), team_of(workers, ray) as team, progress_display() as progress:
        tasks: dict[str, Any] = {}
        totals = {"survey": settings.sites, "day": settings.days, "site": settings.sites}

        def step(kind: str) -> None:
            if kind not in tasks:
                total = None if settings.by_region and kind in ("survey", "site") else totals[kind]
                tasks[kind] = progress.add_task(say(f"terminal.bars.{kind}"), total=total)
            progress.advance(tasks[kind])

        try:
            results = run_sites(settings, folder, team, resume, command, step, threads=workers)
        except WorkerLost as error:
            progress.stop()
            print(f"recoup: {error}; {how_to_go_on()}", file=sys.stderr)
            raise typer.Exit(1) from None
    if json:
        console().print_json(data=results)
        return
    console().print(_table(results, say))
    console().print(_agreement(results, say))
    console().print(f"\n{folder / SITES_FILE.name}", soft_wrap=True)


def _table(results: dict[str, Any], say: Text) -> Any:
    from recoup.experiments.comparison.measures import REGISTRY
    from recoup.experiments.runs.tables import Table

    of_sites = results["sites"]
    named = {"plan": say.name(results["plan"]), "title": say.one_of("names", results["scenario"], results["title"])}
    counted = {"accounts": f"{results['accounts']:,}", "sites": f"{len(of_sites):,}"}
    title = say("terminal.sites.title", **named, **counted, days=results["days"], seed=results["seed"])
    table = Table(*say.heads("measure", "all_sites", "lowest_site", "highest_site"), title=title)
    for name, value in results["measures"].items():
        measure = REGISTRY[name]
        own = [site["measures"][name] for site in of_sites if site["measures"][name] is not None]
        cells = (value, min(own, default=None), max(own, default=None))
        titled = say.head(say.measure(name)[0], measure.unit)
        table.add_row(titled, *(say.bare(cell, measure.unit) for cell in cells))
    return table


def _agreement(results: dict[str, Any], say: Text) -> str:
    if results["exchange"] == DAILY:
        return say("terminal.sites.daily")
    gap, passes = results["passes"][-1], len(results["passes"])
    days = say("terminal.sites.surcharge", n=gap["surcharge_days"]) if gap["surcharge_days"] else ""
    found = "agree" if results["agreed"] else "disagree"
    return say(f"terminal.sites.{found}", passes=passes, shares=f"{gap['shares']:.4f}", days=days)
