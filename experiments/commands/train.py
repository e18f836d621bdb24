"""`recoup train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.runs.console import INTERRUPTED, Json, command_line, console


def train(
    scenario: Annotated[str, typer.Option("-s", "--scenario", help="Scenario's name or file.")] = "china-consumer",
    algo: Annotated[str, typer.Option(help="maskable-ppo, ppo, dqn, qr-dqn or recurrent-ppo.")] = "maskable-ppo",
    steps: Annotated[int, typer.Option(min=1, max=10**11, help="Account-days to learn from.")] = 20_000_000,
    seed: Annotated[int, typer.Option(min=0, max=1_000_000, help="Seed of training.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder, new.", show_default="runs/train-<scenario>-<time>")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in --out from the latest checkpoint.")] = False,
    cohorts: Annotated[int, typer.Option(min=1, max=60, help="Cohorts side by side, each at another age.")] = 4,
    twins: Annotated[
        int, typer.Option(min=1, max=16, help="Copies of each cohort under the same luck, to tell luck from choice.")
    ] = 2,
    accounts: Annotated[int, typer.Option(min=10, max=100_000, help="Accounts in each.")] = 500,
    spread: Annotated[
        float, typer.Option(min=0, max=0.9, help="Randomise behaviour parameters by up to this share; 0 = not at all.")
    ] = 0.1,
    speed: Annotated[float, typer.Option(min=0, max=10, help="Weight of quick endings beside money.")] = 0.3,
    imitate: Annotated[
        str, typer.Option(help="Plan or policy to start from; «none» to start from nothing.")
    ] = "tiered",
    against: Annotated[str, typer.Option(help="Plan to be beaten; its cost and complaints are the limits.")] = "staged",
    limits: Annotated[bool, typer.Option(help="Keep to those limits.")] = True,
    complaint_price: Annotated[
        float, typer.Option(min=0, max=1000, help="Price of a complaint to begin with, in mean balances.")
    ] = 2.0,
    contact_cap_per_week: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=7,
            help="Own restraint: no call or text once so many of the last 7 days held one.",
            show_default=False,
        ),
    ] = None,
    hyperparameters: Annotated[Path | None, typer.Option(help="YAML file instead of the shipped one.")] = None,
    name: Annotated[str, typer.Option(help="Name of the policy.")] = "learned",
    json: Json = False,
) -> None:
    """Train a policy on a scenario, within the cost and complaints of the plan it is to beat.

    Example: recoup train -s taiwan-cards --steps 5000000 --seed 3 --out runs/mine
    """
    from datetime import datetime

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from recoup.experiments.learning.training import POLICY, Training
    from recoup.experiments.learning.training import train as run

    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the run to go on with")
    folder = out or Path("runs") / f"train-{Path(scenario).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    training = Training(
        scenario=scenario,
        algorithm=algo,
        steps=steps,
        seed=seed,
        cohorts=cohorts,
        twins=twins,
        accounts=accounts,
        spread=spread,
        speed=speed,
        imitate=None if imitate == "none" else imitate,
        against=against,
        limits=limits,
        complaint_price=complaint_price,
        contact_cap_per_week=contact_cap_per_week,
        hyperparameters=str(hyperparameters) if hyperparameters else None,
        name=name,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("first rollout", total=steps)

        def tell(done: int, line: dict[str, float]) -> None:
            said = (
                f"recovery {line['recovery']:.1%} ({against} {line['recovery_against']:.1%}), "
                f"{line['days']:.0f} days ({line['days_against']:.0f})"
            )
            progress.update(task, completed=done, description=said)

        try:
            policy = run(training, folder, resume, command_line(), tell)
        except KeyboardInterrupt:
            progress.stop()
            print(f"recoup: interrupted; go on with: recoup train … --out {folder} --resume", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    if json:
        chosen = policy.card.training["chosen"]
        console().print_json(data={"policy": str(folder / f"{POLICY}.json"), "name": policy.name, "chosen": chosen})
        return
    console().print(f"policy: {folder / POLICY}.json", soft_wrap=True, markup=False)
