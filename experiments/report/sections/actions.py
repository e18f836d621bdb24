"""Stage by tier: what each plan does, and where the best differs most from the reference."""

from __future__ import annotations

from collections import Counter

from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Bullets, Cell, Columns, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.sim.treatments import Channel, ChannelTraits, Group, Legal, OfferKind, Talk, Vocabulary

KINDS = ("nothing", "text", "autocall", "collector", "specialist", "letter", "visit", "legal")
_MOST_DIFFERENCES = 5

Shares = dict[tuple[str, str], dict[str, float]]


def kind(channel: ChannelTraits, legal: Legal) -> str:
    """The kind of a treatment, one of `KINDS`; a scenario's own channel is of the kind that it is like.

    Args:
        channel: of the treatment; none for steps of law without a contact.
        legal: its step of law.
    """
    if legal is not Legal.NONE:
        return "legal"
    if channel.channel is Channel.NONE:
        return "nothing"
    if channel.name in KINDS or channel.group is not Group.CALL:
        return channel.name if channel.name in KINDS else channel.group.name.lower()
    return "autocall" if channel.talk is Talk.MACHINE else "collector"


def build(run: Run, say: Text) -> list[Block]:
    """What the challenger and the plan in force do, and where they differ most."""
    counts, shares = _all(run)
    blocks: list[Block] = [Paragraph(say("actions.intro"))]
    if run.reference:
        blocks += _differences(say, run.best, run.reference, counts, shares)
    maps = _maps(run, say, [name for name in (run.best, run.reference) if name])
    return [*blocks, Columns([[one] for one in maps])] if maps else blocks


def others(run: Run, say: Text) -> list[Block]:
    """What all other plans do."""
    return list(_maps(run, say, [name for name in run.names if name not in (run.best, run.reference)]))


def _all(run: Run) -> tuple[dict[str, dict[tuple[str, str], Counter[str]]], dict[str, Shares]]:
    counts = {name: _counts(run, name) for name in run.names}
    words = run.lists.vocabulary
    shares = {name: {place: _shares(c, words) for place, c in counts[name].items() if c.total()} for name in run.names}
    return counts, shares


def _maps(run: Run, say: Text, names: list[str]) -> list[Table]:
    """A map for each plan that does anything at all."""
    counts, shares = _all(run)
    maps = []
    for name in names:
        seen = {kind for cell in shares[name].values() for kind, share in cell.items() if share > 0}
        if seen - {"nothing"}:
            maps.append(_map(run, say, name, counts[name], shares[name], [kind for kind in KINDS if kind in seen]))
    return maps


def _counts(run: Run, name: str) -> dict[tuple[str, str], Counter[str]]:
    """Account-days by treatment for each (stage, tier), all seeds together."""
    counts: dict[tuple[str, str], Counter[str]] = {
        (stage, tier): Counter() for stage in run.lists.vocabulary.bands for tier in run.tiers
    }
    for part in run.parts(name):
        for stage, tiers in part["decisions"].items():
            for tier, treatments in tiers.items():
                counts[stage, tier].update(treatments)
    return counts


def _shares(counts: Counter[str], words: Vocabulary) -> dict[str, float]:
    """Share of account-days by kind of treatment, in the order of `KINDS`."""
    kinds: Counter[str] = Counter()
    for name, days in counts.items():
        treatment = words.treatment[name]
        kinds[kind(words.channels[treatment.channel], treatment.legal)] += days
    return {name: kinds[name] / counts.total() for name in KINDS}


def _offers(counts: Counter[str], words: Vocabulary) -> float:
    offered = sum(days for name, days in counts.items() if words.treatment[name].offer.kind is not OfferKind.NONE)
    return offered / counts.total()


def _map(
    run: Run,
    say: Text,
    name: str,
    counts: dict[tuple[str, str], Counter[str]],
    shares: Shares,
    kinds: list[str],
) -> Table:
    rows: list[list[Cell | str]] = []
    words = run.lists.vocabulary
    for stage in words.bands:
        row: list[Cell | str] = [stage]
        for tier in run.tiers:
            cell = shares.get((stage, tier))
            if cell is None:
                row.append(say("actions.never"))
                continue
            top = sorted((k for k in kinds if k != "nothing" and cell[k] >= 0.005), key=lambda k: -cell[k])[:2]
            lines = [Line(bar=[(kind, cell[kind]) for kind in kinds if kind != "nothing"])]
            lines += [Line(f"{say(f'actions.short.{kind}')} {say.number(cell[kind], 'share')}") for kind in top]
            if (offered := _offers(counts[stage, tier], words)) >= 0.0005:
                lines.append(Line(say("actions.offer_line", share=say.number(offered, "share"))))
            row.append(Cell("", lines))
        rows.append(row)
    head = [say("actions.stage"), *(say(f"tiers.{tier}") for tier in run.tiers)]
    legend = [(kind, say(f"actions.kinds.{kind}")) for kind in kinds if kind != "nothing"]
    return Table(say("actions.caption", plan=say.name(name)), head, rows, words=True, legend=legend, kind="stages")


def _differences(
    say: Text,
    best: str,
    against: str,
    counts: dict[str, dict[tuple[str, str], Counter[str]]],
    shares: dict[str, Shares],
) -> list[Block]:
    """The largest differences in share, weighted by the account-days they concern."""
    differences = []
    for place in shares[best].keys() & shares[against].keys():
        weight = counts[best][place].total() + counts[against][place].total()
        for kind in KINDS[1:]:
            ours, theirs = shares[best][place][kind], shares[against][place][kind]
            differences.append((abs(ours - theirs) * weight, place, kind, ours, theirs))
    top = sorted(differences, key=lambda item: (-item[0], item[1], item[2]))[:_MOST_DIFFERENCES]
    sentences = [
        say(
            "actions.difference",
            stage=say("stage", days=stage),
            tier=say(f"tiers.{tier}"),
            kind=say(f"actions.kinds.{kind}"),
            ours=say.number(ours, "share"),
            against=say.name(against),
            theirs=say.number(theirs, "share"),
        )
        for weight, (stage, tier), kind, ours, theirs in top
        if weight > 0
    ]
    if not sentences:
        return []
    return [
        Paragraph(say("actions.differ", best=say.name(best), against=say.name(against)), "message"),
        Bullets(sentences),
    ]
