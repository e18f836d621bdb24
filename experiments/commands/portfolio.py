"""`recoup portfolio …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.console import Json, console

app = typer.Typer(help="Portfolio files.", no_args_is_help=True)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file.")],
    column_map: Annotated[Path, typer.Option("--map", help="Column map (YAML).")],
    every: Annotated[bool, typer.Option("--all", help="Print every problem, not the first 50.")] = False,
    json: Json = False,
) -> None:
    """Print rows, ranges, missing values and every problem of a portfolio file; exit code 2 if there is one.

    \b
    Examples:
      recoup portfolio check book.csv --map map.yaml
      recoup portfolio check book.parquet --map map.yaml --all --json
    """
    from experiments.portfolio_check import run

    raise typer.Exit(run(file, column_map, json, console(), every))
