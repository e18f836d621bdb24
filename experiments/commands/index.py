"""`recoup index`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.learning.settings import IndexStudy
from recoup.experiments.runs.console import Json, Language, command_line, console, interruptible, progress_display
from recoup.experiments.runs.extras import needs_extra
from recoup.experiments.runs.options import options_from


@options_from(IndexStudy)
def index(
    study: IndexStudy,
    out: Annotated[Path | None, typer.Option(help="Folder, new.", show_default="runs/index-<scenario>-<time>")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was cut short, in its folder.")
    ] = False,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Estimate what each treatment changes until the horizon, and make of a plan the index policy that departs from it where that surely pays.

    Example: recoup index -s taiwan-cards --out runs/index && recoup compare -s taiwan-cards -p tuned -p runs/index/policy.json
    """
    announce("index", lang, scenario=study.scenario, cohorts=study.cohorts)
    from recoup.agents.plans.plan_file import NAME, NAME_WORDS
    from recoup.experiments.runs.runfolder import new_run_folder
    from recoup.sim.inputs import InputError

    needs_extra("learn", "torch", "sb3_contrib")
    if not NAME.fullmatch(study.name):
        raise InputError("--name", "", study.name, NAME_WORDS)
    if resume and out is None:
        raise InputError("--resume", "", "no folder", "the folder of the run, with --out")
    from recoup.experiments.learning.index import POLICY, run, steps
    from recoup.experiments.report.text import text_in

    folder = out or new_run_folder(f"index-{Path(study.scenario).stem}")
    hint = text_in(lang)("terminal.interrupted.resume", folder=folder)
    with interruptible(lambda: hint), progress_display() as progress:
        task = progress.add_task("", total=steps(study))
        report = run(
            study,
            folder,
            command_line(),
            lambda line: progress.update(task, description=line),
            resume,
            lambda: progress.advance(task),
        )
    if json:
        console().print_json(data=report)
        return
    _print(report, lang)
    console().print(text_in(lang)("terminal.policy", path=f"{folder / POLICY}.json"), soft_wrap=True)


def _print(report: dict[str, Any], lang: str = "en") -> None:
    from recoup.experiments.report.text import text_in, written
    from recoup.experiments.runs.tables import Table

    say = text_in(lang)
    tenths = [say("terminal.heads.tenth", n=n) for n in range(1, 11)]
    table = Table(*say.heads("outcome", "r2", "spread_of"), *tenths, title=say("terminal.index.values"))
    for name, quality in report["values"].items():
        pairs = [
            f"{_number(mine, 3, signed=True)} / {_number(seen, 3, signed=True)}" for mine, seen, _ in quality["tenths"]
        ]
        table.add_row(
            say.one_of("terminal.index.outcomes", name), _number(quality["r2"]), _number(quality["std"]), *pairs
        )
    console().print(table)
    table = Table(*say.heads("arm", "deviations", "predicted", "observed"), title=say("terminal.index.arms"))
    for name, arm in report["arms"].items():
        seen = f"{written(arm['observed'], '+.4f')} ± {arm['standard_error']:.4f}"
        table.add_row(say.arm(name), f"{arm['rows']:,}", written(arm["predicted"], "+.4f"), seen)
    console().print(table)
    prices = report["prices"]
    columns = ("score", "cash", "left", "cost", "complaints", "contacts")
    titles = ("score", "cash", "left", "spent", "complaints", "contacts")
    table = Table(*say.heads("", *titles, "caution", "asked"), title=say("terminal.index.prices"))
    for row in ("allowed", "plan"):
        table.add_row(say(f"terminal.index.{row}"), *(_figure(prices[row], key) for key in columns), "", "")
    for n, figures in enumerate(prices["rounds"], start=1):
        label = say(f"terminal.index.{'kept' if n == prices['kept'] else 'round'}", n=n)
        asked = ", ".join(_number(price) for price in figures["prices"].values())
        table.add_row(label, *(_figure(figures, key) for key in columns), _number(figures["caution"]), asked)
    console().print(table)
    if prices["rounds"][prices["kept"] - 1]["score"] <= prices["plan"]["score"]:
        console().print(say("terminal.index.no_better"))


def _figure(figures: Mapping[str, Any], key: str) -> str:
    """One of a round, in the unit of its head: complaints are kept per account and shown per 1,000."""
    value = figures.get(key)
    return _number(1000 * value if key == "complaints" and value is not None else value)


def _number(value: float | None, digits: int = 4, signed: bool = False) -> str:
    """With so many digits that say something, and no exponent: outcomes are in units of their own, from shares to currency."""
    if value is None:
        return "–"
    import numpy as np

    return np.format_float_positional(value + 0.0, digits, fractional=False, trim="-", sign=signed).replace("-", "−")
