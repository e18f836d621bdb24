"""The answers of a run in plain sentences, for the report's first screen and for the terminal."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.runs.run import BASE, best_of, reference_of, verdict


def answers(results: dict[str, Any], say: Text | None = None) -> list[str]:
    """Which plan recovers most and whether at 95 %, whether the staged plan reaches its claims, its price, breaches."""
    say = say or text_in("en")
    return [*_best(results, say), *_claims(results, say), _breaches(results, say)]


def _best(results: dict[str, Any], say: Text) -> list[str]:
    best, against = best_of(results), reference_of(results)
    policies = results["policies"]
    ours = say.span(policies[best]["net_recovery_rate"], "share")
    if against is None:
        return [say("answers.alone", best=say.name(best), ours=ours)]
    change = results["differences"][best][against]["net_recovery_rate"]
    kind = {"good": "best_better", "bad": "best_worse", "open": "best_open"}[verdict(change, 1)]
    said = say(
        f"answers.{kind}",
        best=say.name(best),
        against=say.name(against),
        ours=ours,
        theirs=say.span(policies[against]["net_recovery_rate"], "share"),
        change=say.span(change, "points", signed=True),
    )
    return [said]


def _claims(results: dict[str, Any], say: Text) -> list[str]:
    policies = results["policies"]
    names = {"plan": say.name("staged"), "against": say.name(BASE)}
    sentences = []
    for claim in results["claims"]:
        measure = claim["measure"]
        kind = "recovery" if measure == "recovery_rate" else "time"
        unit = MEASURE[measure].unit
        said = say(
            f"answers.{kind}",
            **names,
            ours=say.number(policies["staged"][measure]["mean"], unit),
            theirs=say.number(policies[BASE][measure]["mean"], unit),
            change=say.span(claim["relative"], "share", signed=True),
        )
        sentences.append(
            say.sentences(said, say(f"answers.{kind}_claim", verdict=say.one_of("answers.verdicts", claim["verdict"])))
        )
    if sentences:
        cost, complaints = "cost_to_collect", "complaints_per_1000"
        sentences.append(
            say(
                "answers.price",
                **names,
                cost=say.number(policies["staged"][cost]["mean"], "share"),
                cost_against=say.number(policies[BASE][cost]["mean"], "share"),
                complaints=say.number(policies["staged"][complaints]["mean"], "count"),
                complaints_against=say.number(policies[BASE][complaints]["mean"], "count"),
            )
        )
    return sentences


def _breaches(results: dict[str, Any], say: Text) -> str:
    total = sum(sum(counts.values()) for counts in results["breaches"].values())
    return say("answers.breaches", count=f"{total:,}") if total else say("answers.no_breach")
