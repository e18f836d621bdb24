"""The answers of a run in plain sentences, for the report's first screen, for the terminal and for the READMEs."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.runs.champion import BURDENS, COST, VALUE, challengers, champion, compared, more_of
from recoup.experiments.runs.run import BASE, best_of, reference_of, verdict


def answers(results: dict[str, Any], say: Text | None = None) -> list[str]:
    """Which policy is worth most and what that asks of debtors, whether the staged plan reaches its claims, its price, breaches.

    Args:
        results: the content of results.json.
        say: the words; None = English.
    """
    say = say or text_in("en")
    return [*_best(results, say), *_others(results, say), *_claims(results, say), _breaches(results, say)]


def called(results: dict[str, Any], name: str, say: Text) -> str:
    """A policy's name, with the champion marked as the best plan where learned policies challenge it.

    Args:
        results: the content of results.json.
        name: of the policy.
        say: the words.
    """
    is_champion = challengers(results) and name == champion(results)
    return say("answers.champion", plan=say.name(name)) if is_champion else say.name(name)


def _best(results: dict[str, Any], say: Text) -> list[str]:
    """Value, cash and burden of the best policy against what it is compared with."""
    best, against = best_of(results), reference_of(results)
    policies = results["policies"]
    ours = say.span(policies[best][VALUE], "share")
    if against is None:
        return [say("answers.alone", best=say.name(best), ours=ours)]
    change = results["differences"][best][against]
    worse = "challenger_worse" if challengers(results) else "best_worse"
    kind = {"good": "best_better", "bad": worse, "open": "best_open"}[verdict(change[VALUE], 1)]
    names = {"best": say.name(best), "against": say.name(against)}
    value = say(
        f"answers.{kind}",
        **names | {"against": called(results, against, say)},
        ours=ours,
        theirs=say.span(policies[against][VALUE], "share"),
        change=say.span(change[VALUE], "points", signed=True),
    )
    cash = say(
        "answers.cash",
        **names,
        days=results["days"],
        ours=say.number(policies[best]["recovery_rate"]["mean"], "share"),
        theirs=say.number(policies[against]["recovery_rate"]["mean"], "share"),
        relative=say.span(change["recovery_rate"]["relative"], "share", signed=True),
        net=say.span(change["net_recovery_rate"], "points", signed=True),
        time=say.span(change["time_to_recover_days"], "days", signed=True),
    )
    burden = say("answers.burden", **names, **_burdens(results, best, against, say))
    return [value, cash, say.sentences(burden, _like_for_like(results, best, against, say))]


def _burdens(results: dict[str, Any], best: str, against: str, say: Text) -> dict[str, str]:
    """What a policy asks of debtors and costs beside another, in words for each burden, whether it is more or less."""
    said = {}
    for burden in BURDENS:
        change = results["burdens"][best][against][burden]
        unit = "points" if burden == COST else "count"
        limits = say.limits(change, unit, signed=True)
        said[burden] = say(
            f"answers.burdens.{burden}.{compared(change)}",
            change=say.number(change["mean"], unit, signed=True),
            limits=say("list.semicolon") + limits if limits else "",
        )
    return said


def _like_for_like(results: dict[str, Any], best: str, against: str, say: Text) -> str:
    """Whether the comparison is at no more burden, and if not, of what there is more."""
    if more := more_of(results, best, against):
        return say(
            "answers.more_burden", burdens=say.listed([say(f"answers.burdens.{burden}.name") for burden in more])
        )
    found = {compared(change) for change in results["burdens"][best][against].values()}
    return say("answers.burden_open" if "not decided" in found else "answers.like_for_like")


def _others(results: dict[str, Any], say: Text) -> list[str]:
    """A sentence for each challenger besides the best."""
    against = champion(results)
    return [
        say(
            "answers.other",
            other=say.name(name),
            against=say.name(against),
            change=say.span(results["differences"][name][against][VALUE], "points", signed=True),
            **_burdens(results, name, against, say),
        )
        for name in challengers(results)[1:]
        if against
    ]


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
