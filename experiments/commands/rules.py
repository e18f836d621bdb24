"""`recoup rules …`: rule packs, shipped or a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from recoup.experiments.runs.console import Json, console, print_list

if TYPE_CHECKING:
    from recoup.sim.compliance.rules import Rule

app = typer.Typer(help="Rule packs: list them, show one, check your own.", invoke_without_command=True)

Language = Annotated[Literal["en", "zh"], typer.Option("--lang", help="Language of the sentences.")]


@app.callback()
def list_packs(context: typer.Context, json: Json = False) -> None:
    """List the shipped rule packs, or show one.

    \b
    Examples:
      recoup rules
      recoup rules show china
    """
    if context.invoked_subcommand is not None:
        return
    from recoup.scenarios.schema import find_rules, rule_pack_names

    packs = [find_rules(name) for name in rule_pack_names()]
    print_list([(p.name, p.title, " ".join(p.description.split())) for p in packs], json)


@app.command("show")
def show(
    pack: Annotated[str, typer.Argument(help="Shipped pack's name, or a .yaml file (which is checked so).")],
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Print each rule of a pack: id, sentence, parameters, source and confidence.

    \b
    Examples:
      recoup rules show china --lang zh
      recoup rules show my-rules.yaml
    """
    from rich.table import Table

    from recoup.scenarios.schema import find_rules

    rules = find_rules(pack)
    if json:
        console().print_json(data=rules.model_dump(mode="json", by_alias=True))
        return
    out = console()
    out.print(f"{rules.name}: {rules.title}")
    if rules.description:
        out.print(" ".join(rules.description.split()))
    table = Table("id", "rule", "parameters", "source", "conf.")
    for rule in rules.rules:
        cells = (rule.id, rule.sentence(lang), in_words(rule), rule.source, rule.confidence)
        table.add_row(*cells)
    out.print(table)
    out.print("confidence: A read in a public source, B well known from the named source, C a default of ours")


def in_words(rule: Rule) -> str:
    """«contact_cap: group call, most 5, days 7»."""
    parameters = ", ".join(f"{name} {_value(value)}" for name, value in rule.parameters.items())
    return f"{rule.kind}: {parameters}" if parameters else rule.kind


def _value(value: Any) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
