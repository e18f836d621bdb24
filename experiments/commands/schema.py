"""`recoup schema`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def schema(
    kind: Annotated[Literal["scenario", "plan", "rules", "map", "results"], typer.Argument(help="Which kind of file.")],
) -> None:
    """Print the JSON Schema of a kind of file: for an editor that checks YAML as you type, or for a program that reads results.json.

    \b
    Examples:
      recoup schema scenario > scenario.schema.json
      recoup schema plan > plan.schema.json
    Then begin the YAML file with the line
      # yaml-language-server: $schema=plan.schema.json
    """
    import json

    from recoup.experiments.checks.schemas import SCHEMAS

    print(json.dumps(SCHEMAS[kind](), indent=1, ensure_ascii=False))
