"""Reference pages made from the code: commands, measures, rules, observation, treatments, parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, get_args

from pydantic import BaseModel
from typer.main import get_command

from recoup.agents.plans.conditions import codes_of
from recoup.experiments.cli import app
from recoup.experiments.comparison.measures import MEASURES
from recoup.scenarios.schema import find_rules, load_scenario, rule_pack_names, scenario_names
from recoup.sim.compliance.rules import KINDS, Rule
from recoup.sim.lists import MoreChannel, MoreOffer, Product
from recoup.sim.observation import FIELDS
from recoup.sim.parameters import MorePool, World
from recoup.sim.treatments import Legal, OfferKind, Treatment

_LIMITS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
_WAYS = {1: "more is better", -1: "less is better", 0: "neither way is better"}


def _table(head: list[str], rows: Iterable[Iterable[object]]) -> str:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(head), line("---" for _ in head), *map(line, rows)]) + "\n"


def commands() -> str:
    """Every command with its help, arguments and options."""
    parts = ["# Commands\n", "Made from the program's own help. `recoup COMMAND --help` prints the same.\n"]
    parts += ["`recoup --install-completion` lets the shell complete commands, options, scenarios and plans.\n"]
    for path, command in _leaves(get_command(app), ()):
        text, _, examples = inspect.cleandoc(command.help or "").partition("\b")
        parts.append(f"## recoup {' '.join(path)}\n\n{text.strip()}\n")
        if examples.strip():
            lines = [line.strip() for line in examples.strip().splitlines()]
            parts.append("```\n" + "\n".join(line for line in lines if line != "Examples:") + "\n```\n")
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            parts.append(_table(["argument or option", "default", "meaning"], rows))
    return "\n".join(parts)


def _leaves(command: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    return [leaf for name, sub in inner.items() for leaf in _leaves(sub, (*path, name))] if inner else [(path, command)]


def _parameter(parameter: Any) -> list[str]:
    option = parameter.param_type_name == "option"
    name = ", ".join(f"`{o}`" for o in parameter.opts) if option else f"`{parameter.name.upper()}`"
    default = parameter.default
    shown_default = (
        "" if default is None or callable(default) or default is False or str(default) == "()" else f"`{default}`"
    )
    return [name, shown_default, escape(getattr(parameter, "help", "") or "", quote=False)]


def measures() -> str:
    """Each measure with its definition, unit and better direction."""
    rows = [(f"`{m.name}`", m.title, m.definition, m.unit, _WAYS[m.better]) for m in MEASURES]
    return (
        "# Measures\n\nDefined once, in `experiments/comparison/measures.py`. Every figure is a mean over seeds with a 95 % bootstrap "
        "interval; differences between plans are paired by seed.\n\n"
        + _table(["name in results.json", "measure", "definition", "unit", ""], rows)
    )


def rules() -> str:
    """Each shipped rule pack, and the kinds of rules that a pack may use."""
    parts = [
        "# Rule packs\n",
        "A scenario names one. Confidence: A read in a public source, B well known from the named source, C a default of ours.\n",
    ]
    for name in rule_pack_names():
        pack = find_rules(name)
        parts.append(f"## {pack.name}: {pack.title}\n\n{' '.join(pack.description.split())}\n")
        rows = [(f"`{r.id}`", f"`{r.kind}`", r.sentence("en"), r.source, r.confidence) for r in pack.rules]
        parts.append(_table(["rule", "kind", "what it says", "source", "conf."], rows))
    parts.append(
        "## Kinds of rules\n\nBesides these parameters every rule has `id`, `kind`, `text`, `source` and `confidence`; any may be on some `products` alone.\n"
    )
    kinds = [(f"`{kind}`", inspect.cleandoc(model.__doc__ or ""), _choices(model)) for kind, model in KINDS.items()]
    parts.append(_table(["kind", "meaning", "parameters"], kinds))
    return "\n".join(parts)


def _choices(model: type[BaseModel]) -> str:
    """The parameters of a kind of rule, with what each may be."""
    parts = []
    for name, schema in model.model_json_schema(by_alias=True)["properties"].items():
        if name in Rule.model_fields:
            continue
        inner = schema.get("items", schema)
        names = ", ".join(f"`{value}`" for value in inner.get("enum", ()))
        limits = [f"{word} {inner[key]:,.10g}" for key, word in _LIMITS.items() if key in inner]
        parts.append(f"`{name}`: {'list of ' * ('items' in schema)}{names or ' '.join(['number', *limits])}")
    return "; ".join(parts)


def observation() -> str:
    """The fields that a policy sees."""
    rows = [(f"`{f.name}`", f.unit, _range(f), f.meaning) for f in FIELDS]
    return (
        f"# What a policy sees\n\n{len(FIELDS)} fields, in this order, as float32 in natural units; values beyond a range are cut to "
        "it. Hidden traits and protected attributes are not among them.\n\n"
        + _table(["field", "unit", "values", "meaning"], rows)
    )


def _range(field: Any) -> str:
    if codes := codes_of(field):
        return ", ".join(f"{n} = {code}" for n, code in enumerate(codes))
    return f"{field.low:,.10g} to {field.high:,.10g}"


def treatments() -> str:
    """The menu of each shipped scenario."""
    parts = [
        "# Treatments\n",
        "An action is an index into the scenario's menu; 0 is always nothing. The last column is what it costs to try.\n",
    ]
    for name in scenario_names():
        world = load_scenario(name).world
        menu = world.menu
        parts.append(f"## {name}: {len(menu)} treatments\n")
        rows = [
            (
                n,
                f"`{t.name}`",
                t.channel.name.lower(),
                t.window.name.lower(),
                t.offer.name,
                t.legal.name.lower(),
                _cost(world, t),
            )
            for n, t in enumerate(menu.treatments)
        ]
        parts.append(_table(["action", "name", "channel", "window", "offer", "legal step", world.currency], rows))
    return "\n".join(parts)


def _cost(world: World, t: Treatment) -> str:
    """Cost of an attempt, of a minute with people, and of the papers of a legal step or an accepted settlement."""
    channel = t.channel.name.lower()
    parts = [f"{world.costs.contact.of(channel):g}"] if t.channel else []
    if t.channel and (minute := world.costs.minute.get(world.vocabulary.channel[channel].pool, 0.0)):
        parts.append(f"{minute:g} a minute")
    if t.offer.kind in (OfferKind.SETTLEMENT, OfferKind.RESTRUCTURE, OfferKind.SWAP):
        parts.append(f"{world.costs.settlement_documents:g} if accepted")
    if t.legal is Legal.SUIT:
        parts.append(f"{world.costs.suit_handling:g} and the court fee")
    elif t.legal:
        parts.append(f"{world.costs.notice if t.legal is Legal.NOTICE else world.costs.enforcement:g}")
    return " + ".join(parts)


def parameters() -> str:
    """Every parameter of a scenario's world, with the home scenario's value and its source."""
    home = load_scenario("china-consumer")
    parts = [
        "# Scenario parameters\n",
        "What `world` of a scenario file may say, with the home scenario's value, source and confidence. "
        "[Make your own scenario](../how-to/scenario.md) shows how; `recoup schema scenario` lets an editor check it.\n",
    ]
    parts += _section("world", World, home.world, home.sources)
    parts.append("What a scenario adds to the lists, by a name of its own:\n")
    own = {
        "more_channels": MoreChannel,
        "more_offers": MoreOffer,
        "products": Product,
        "operations.more_pools": MorePool,
    }
    for place, model in own.items():
        rows = [(f"`{name}`", field.description or "") for name, field in model.model_fields.items()]
        parts += [f"## world.{place}.NAME\n", _table(["parameter", "meaning"], rows)]
    return "\n".join(parts)


def _section(path: str, model: type[BaseModel], values: Any, sources: dict[str, tuple[str, str]]) -> list[str]:
    rows, below = [], []
    for name, field in model.model_fields.items():
        written = field.alias or name
        value, place = getattr(values, name, None), f"{path}.{written}"
        inner = _model(field.annotation)
        if (
            inner is not None
            and isinstance(value, BaseModel)
            and (len(inner.model_fields) > 4 or any(known.startswith(f"{place}.") for known in sources))
            and "Per" not in inner.__name__
        ):
            below += _section(place, inner, value, sources)
            continue
        source, confidence = sources.get(place, ("", ""))
        rows.append((f"`{written}`", _shown(value), field.description or "", source, confidence))
    table = _table(["parameter", "home value", "meaning", "source", "conf."], rows) if rows else ""
    return [f"## {path}\n", table, *below]


def _model(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if inspect.isclass(candidate) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _shown(value: Any) -> str:
    if isinstance(value, dict) and any(isinstance(inner, BaseModel) for inner in value.values()):
        value = list(value)
    plain = value.model_dump(by_alias=True) if isinstance(value, BaseModel) else value
    if isinstance(plain, list) and len(plain) > 6:
        return f"{len(plain)} entries"
    text = re.sub(r"[{}'\"]", "", str(plain))
    return f"`{text}`" if text else ""


PAGES: dict[str, Callable[[], str]] = {
    "commands": commands,
    "measures": measures,
    "rules": rules,
    "observation": observation,
    "treatments": treatments,
    "parameters": parameters,
}
