"""`recoup propensity`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.learning.settings import Study
from recoup.experiments.runs.console import Json, command_line, console
from recoup.experiments.runs.options import options_from


@options_from(Study)
def propensity(
    study: Study,
    out: Annotated[
        Path | None, typer.Option(help="Folder, new.", show_default="runs/propensity-<scenario>-<time>")
    ] = None,
    json: Json = False,
) -> None:
    """Fit success probabilities and a credit score to simulated logs, and make the greedy policy that spends staff by them.

    Example: recoup propensity -s taiwan-cards --out runs/success && recoup compare -s taiwan-cards -p staged -p runs/success/policy.json
    """

    from recoup.experiments.learning.propensity import POLICY, run
    from recoup.experiments.runs.runfolder import new_run_folder

    folder = out or new_run_folder(f"propensity-{Path(study.scenario).stem}")
    with console(stderr=True).status("logs") as status:
        report = run(study, folder, command_line(), status.update)
    if json:
        console().print_json(data=report)
        return
    _print(report)
    console().print(f"policy: {folder / POLICY}.json", soft_wrap=True)


def _print(report: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("model", "rows held out", "base rate", "AUC", "Brier", "Brier of the base rate")
    for head in ("contact", "legal", "scorecard"):
        q = report[head]
        table.add_row(
            head, f"{q['rows']:,}", *(_number(q[key]) for key in ("base_rate", "auc", "brier", "brier_of_base_rate"))
        )
    console().print(table)
    table = Table(
        "tenth",
        *(f"{n}" for n in range(1, 11)),
        title="Contact: predicted and observed success by tenth of the prediction",
    )
    for row, label in enumerate(("predicted", "observed")):
        table.add_row(label, *(_number(pair[row]) for pair in report["contact"]["calibration"]))
    console().print(table)
    table = Table(
        "arm",
        "rows",
        "success",
        "predicted",
        "effect, model",
        "effect, held-out sample ± s.e.",
        title="Treatments against nothing",
    )
    for arm, estimate in report["arms"].items():
        table.add_row(
            arm, f"{estimate['rows']:,}", _number(estimate["observed"]), _number(estimate["predicted"]), f"{estimate['effect']:+.4f}",
            f"{estimate['observed_effect']:+.4f} ± {estimate['standard_error']:.4f}",
        )  # fmt: skip
    console().print(table)
    for part, weights in report["coefficients"].items():
        table = Table("coefficient", "log odds", title=f"{part}")
        for label, weight in weights.items():
            table.add_row(label, f"{weight:+.3f}")
        console().print(table)
    limit, rounds = report["prices"]["limit"], report["prices"]["rounds"]
    table = Table(
        "",
        "price of cost",
        "price of a complaint",
        "recovery",
        "cost",
        "complaints",
        title="Prices, on a training cohort",
    )
    table.add_row("plan", "", "", *(_number(limit[key]) for key in ("recovery", "cost", "complaints")))
    for n, figures in enumerate(rounds, start=1):
        table.add_row(
            f"round {n}",
            *(_number(figures[key]) for key in ("cost_price", "complaint_price", "recovery", "cost", "complaints")),
        )
    console().print(table)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
