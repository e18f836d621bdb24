"""The plans to hand over to operations, as a tree where the rules come from one, else rule by rule."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.agents.library import OWN, own_policy, split_name
from recoup.agents.plans.plan_file import PlanFile, find_plan, read_plan
from recoup.experiments.comparison.files import SETTINGS_FILE
from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Branch, Cell, Line, Paragraph, Table, Tree
from recoup.experiments.report.plan_tree import Fork, Leaf, condition, tree_of
from recoup.experiments.report.sections.actions import kind
from recoup.experiments.report.text import Text
from recoup.experiments.report.words import conditions, step_words
from recoup.experiments.runs.champion import VALUE, ranked
from recoup.experiments.runs.runfolder import fingerprint
from recoup.sim.inputs import InputError
from recoup.sim.treatments import Legal, Vocabulary

MOST_RULES = 10
NETWORKS = frozenset(name for name, made in OWN.items() if made.command == "train")
Shares = dict[str, float]  # rule -> share of the account-days on which it decided; empty if the run did not count


def build(run: Run, say: Text) -> list[Block]:
    """The best plan that people can read; beside it the best tree, if that is another."""
    files = {name: file for name in run.names if (file := plan_file(run, name))}
    readable = ranked(run.results, list(files))
    trees = {name: tree for name in readable if (tree := tree_of(files[name], run.lists.vocabulary))}
    if not readable:
        return []
    blocks: list[Block] = []
    if run.best not in files and ranked(run.results, [readable[0], run.best])[0] == run.best:
        change = say.span(run.difference(readable[0], run.best, VALUE), "points", signed=True)
        key = "plan.network" if _source(run, run.best) in NETWORKS else "plan.unreadable"
        blocks.append(Paragraph(say(key, best=say.name(run.best), plan=say.name(readable[0]), change=change)))
    first = run.best if run.best in files else readable[0]
    for name in dict.fromkeys([first, *list(trees)[:1]]):
        shares, most = _shares(run, name), files[name].contact_cap_per_week
        words = run.lists.vocabulary
        tree = trees.get(name)
        blocks += _tree(say, name, tree, shares, words) if tree else _rules(say, name, files[name], shares)
        if most:
            blocks.append(Paragraph(say("plan.contact_cap", plan=say.name(name), n=most)))
    return blocks


def pictured(run: Run, say: Text) -> list[Block]:
    """How often each rule of the best plan that people can read decided, and the picture; nothing where the run did not count.

    Args:
        run: the finished run.
        say: the words.
    """
    files = {name: file for name in run.names if (file := plan_file(run, name))}
    first = run.best if run.best in files else next(iter(ranked(run.results, list(files))), None)
    if first is None or not (shares := _shares(run, first)):
        return []
    busiest = sorted(files[first].rules, key=lambda rule: -shares.get(rule.name, 0.0))[:MOST_RULES]
    rows = {say.plan_rule(rule.name): (shares.get(rule.name, 0.0), 0.0) for rule in busiest}
    caption = say("plan.picture", plan=say.name(first), n=len(rows), rules=len(files[first].rules))
    top = say(
        "plan.message_rules",
        plan=say.name(first),
        n=len(files[first].rules),
        rule=say.plan_rule(busiest[0].name),
        share=say.number(shares.get(busiest[0].name, 0.0), "share"),
        do=step_words(busiest[0].do, say),
    )
    return [Paragraph(top, "message"), charts.bars("rule-use", rows, None, say("plan.share"), caption, share=True)]


def heading(run: Run, say: Text) -> str:
    """Names the plan that the section shows first, which is not always the best."""
    files = [name for name in run.names if plan_file(run, name)]
    first = run.best if run.best in files else next(iter(ranked(run.results, files)), run.best)
    return say("plan.heading", plan=say.name(first))


def _source(run: Run, name: str) -> str:
    """The plan as the user named it."""
    return str(split_name(run.results["settings"]["policies"][run.names.index(name)])[1])


def plan_file(run: Run, name: str) -> PlanFile | None:
    """The plan as it was when the run began; none if it is no plan file, or has changed since.

    Args:
        run: the finished run.
        name: of the plan within the run.
    """
    try:
        source = _source(run, name)
        if source in OWN and OWN[source].suffix == ".yaml":
            source = str(own_policy(source, run.results["scenario"]))
        file = read_plan(find_plan(source), run.lists.vocabulary)
    except InputError:
        return None
    begun = SETTINGS_FILE.read(run.folder)["policies"].get(name)
    return file if begun == fingerprint(file) else None


def _shares(run: Run, name: str) -> Shares:
    parts = [part["rules"] for part in run.parts(name)]
    days = sum(sum(part.values()) for part in parts)
    names = dict.fromkeys(rule for part in parts for rule in part)
    return {rule: sum(part.get(rule, 0) for part in parts) / days for rule in names} if days else {}


def _rules(say: Text, name: str, file: PlanFile, shares: Shares) -> list[Block]:
    rows: list[list[Cell | str]] = []
    for number, rule in enumerate(file.rules, start=1):
        row: list[Cell | str] = [
            Cell(f"{number}. {say.plan_rule(rule.name)}"),
            Cell("", [Line(c) for c in conditions(rule.when, say)]),
            step_words(rule.do, say),
        ]
        rows.append([*row, say.number(shares.get(rule.name, 0.0), "share")] if shares else row)
    head = [say("plan.rule"), say("plan.when"), say("plan.do"), *([say("plan.share")] if shares else [])]
    details = {"plan": say.name(name), "n": len(file.rules)}
    message = say("plan.message_rules_plain", **details)
    if shares:
        busiest = max(file.rules, key=lambda rule: shares.get(rule.name, 0.0))
        share = say.number(shares.get(busiest.name, 0.0), "share")
        message = say(
            "plan.message_rules",
            **details,
            rule=say.plan_rule(busiest.name),
            share=share,
            do=step_words(busiest.do, say),
        )
    return [
        Paragraph(message, "message"),
        Paragraph(say("plan.intro")),
        Table(say("plan.caption", plan=say.name(name)), head, rows, words=True),
    ]


def _tree(say: Text, name: str, tree: Fork, shares: Shares, words: Vocabulary) -> list[Block]:
    branches = _branches(say, tree, shares, words)
    leaves = list(_leaves(branches, []))
    details = {"plan": say.name(name), "leaves": len(leaves), "depth": max(len(path) for path, _ in leaves)}
    message = say("plan.message_plain", **details)
    if shares:
        path, leaf = max(leaves, key=lambda row: row[1].share or 0.0)
        case = {"share": leaf.share_text, "conditions": say.listed(path), "do": leaf.do[0][1]}
        message = say("plan.message", **details, **case)
    return [
        Paragraph(message, "message"),
        Paragraph(say("plan.intro_tree")),
        Tree(say("plan.tree_caption", plan=say.name(name)), branches),
    ]


def _branches(say: Text, fork: Fork, shares: Shares, words: Vocabulary) -> list[Branch]:
    leaf_rows = []
    for number, below in enumerate(fork.branches):
        further, do, share = [], [], None
        if isinstance(below, Leaf):
            steps = [rule.do for rule in below.rules]
            kinds = [kind(words.channel[step.channel], Legal[step.legal.upper()]) for step in steps]
            in_words = [step_words(step, say) for step in steps]
            do = list(zip(kinds, [in_words[0], *(say("plan.else", do=other) for other in in_words[1:])], strict=True))
            share = sum(shares.get(rule.name, 0.0) for rule in below.rules)
        else:
            further = _branches(say, below, shares, words)
            share = sum(branch.share or 0.0 for branch in further)
        known = share if shares else None
        leaf_rows.append(
            Branch(
                condition(fork, number, say, words), known, say.number(known, "share") if shares else "", do, further
            )
        )
    return leaf_rows


def _leaves(branches: list[Branch], path: list[str]) -> Iterator[tuple[list[str], Branch]]:
    for branch in branches:
        here = [*path, branch.condition]
        if branch.branches:
            yield from _leaves(branch.branches, here)
        else:
            yield here, branch
