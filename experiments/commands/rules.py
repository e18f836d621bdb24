"""`recoup rules …`: rule packs, shipped or a user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.showing import print_list
from recoup.experiments.runs.console import Commands, Json, Language, console

if TYPE_CHECKING:
    from recoup.sim.compliance.rules import Rule

app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    help="Rule packs: list them, show one, check your own.",
    invoke_without_command=True,
)


@app.callback()
def list_packs(context: typer.Context, lang: Language = "en", json: Json = False) -> None:
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
    print_list([(p.name, p.title, p.description) for p in packs], json, lang)


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
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.tables import Table
    from recoup.scenarios.schema import find_rules

    rules = find_rules(pack)
    if json:
        console().print_json(data=rules.model_dump(mode="json", by_alias=True))
        return
    out, say = console(), text_in(lang)
    out.print(f"{rules.name}: {say.one_of('names', rules.name, rules.title)}")
    if rules.description:
        out.print(say.one_of("descriptions", rules.name, " ".join(rules.description.split())))
    table = Table(*say.heads("id", "rule", "parameters", "source", "confidence"))
    for rule in rules.rules:
        cells = (rule.id, rule.sentence(lang), in_words(rule), rule.source, rule.confidence)
        table.add_row(*cells)
    out.print(table)
    out.print(say("terminal.rules.confidence"))


def in_words(rule: Rule) -> str:
    """«contact_cap: group call, most 5, days 7»."""
    parameters = ", ".join(f"{name} {_value(value)}" for name, value in rule.parameters.items())
    return f"{rule.kind}: {parameters}" if parameters else rule.kind


def _value(value: Any) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
