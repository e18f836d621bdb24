"""`recoup index`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.learning.settings import IndexStudy
from recoup.experiments.runs.console import Json, command_line, console, interruptible
from recoup.experiments.runs.extras import needs_extra
from recoup.experiments.runs.options import options_from


@options_from(IndexStudy)
def index(
    study: IndexStudy,
    out: Annotated[Path | None, typer.Option(help="Folder, new.", show_default="runs/index-<scenario>-<time>")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was cut short, in its folder.")
    ] = False,
    json: Json = False,
) -> None:
    """Estimate what each treatment changes until the horizon, and make of a plan the index policy that departs from it where that surely pays.

    Example: recoup index -s taiwan-cards --out runs/index && recoup compare -s taiwan-cards -p tuned -p runs/index/policy.json
    """
    from rich.console import Console

    from recoup.agents.plans.plan_file import NAME, NAME_WORDS
    from recoup.experiments.runs.runfolder import new_run_folder
    from recoup.sim.inputs import InputError

    needs_extra("learn", "torch", "sb3_contrib")
    if not NAME.fullmatch(study.name):
        raise InputError("--name", "", study.name, NAME_WORDS)
    if resume and out is None:
        raise InputError("--resume", "", "no folder", "the folder of the run, with --out")
    from recoup.experiments.learning.index import POLICY, run

    folder = out or new_run_folder(f"index-{Path(study.scenario).stem}")
    how_to_go_on = f"go on with the same command, --out {folder} --resume"
    with interruptible(lambda: how_to_go_on), Console(stderr=True).status("outlook") as status:
        report = run(study, folder, command_line(), status.update, resume)
    if json:
        console().print_json(data=report)
        return
    _print(report)
    console().print(f"policy: {folder / POLICY}.json", soft_wrap=True, markup=False)


def _print(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(
        "outcome",
        "R²",
        "spread",
        *(f"{n}" for n in range(1, 11)),
        title="Changes predicted / observed, by tenth of the prediction",
    )
    for name, quality in report["values"].items():
        pairs = [f"{mine:+.3g} / {seen:+.3g}" for mine, seen, _ in quality["tenths"]]
        table.add_row(name, _number(quality["r2"]), _number(quality["std"]), *pairs)
    console().print(table)
    table = Table(
        "arm", "deviations", "predicted", "observed ± s.e.", title="Money, a share of the balance, against nothing"
    )
    for name, arm in report["arms"].items():
        seen = f"{arm['observed']:+.4f} ± {arm['standard_error']:.4f}"
        table.add_row(name, f"{arm['rows']:,}", f"{arm['predicted']:+.4f}", seen)
    console().print(table)
    prices = report["prices"]
    columns = ("score", "cash", "left", "cost", "complaints", "contacts")
    table = Table(
        "", "caution", "prices of cost, complaint, contact", *columns, title="Prices, on cohorts of their own"
    )
    table.add_row("allowed", "", "", *(_number(prices["allowed"].get(key)) for key in columns))
    table.add_row("plan", "", "", *(_number(prices["plan"][key]) for key in columns))
    for n, figures in enumerate(prices["rounds"], start=1):
        label = f"round {n}" + (", kept" if n == prices["kept"] else "")
        asked = ", ".join(_number(price) for price in figures["prices"].values())
        table.add_row(label, _number(figures["caution"]), asked, *(_number(figures[key]) for key in columns))
    console().print(table)
    if prices["rounds"][prices["kept"] - 1]["score"] <= prices["plan"]["score"]:
        console().print("No round was better than the plan: use the plan.")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
