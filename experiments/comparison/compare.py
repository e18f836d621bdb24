"""Plans against each other on the same accounts under common random numbers: `recoup compare`.

Each (plan, seed) is a part: run by a worker, written to the run folder when it is done, and never run again by
`--resume`. Results are put together from the parts' files alone, so that they do not depend on who ran them, or when.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.policy import PolicyRef
from recoup.experiments.comparison import fairness, measures, welfare
from recoup.experiments.comparison.arms import arms_of
from recoup.experiments.comparison.audit import RULES, summary, tally
from recoup.experiments.comparison.burdens import burdens
from recoup.experiments.comparison.files import (
    AUDIT_FILE,
    FAIRNESS_FILE,
    PART_FILE,
    PAYMENTS_TABLE,
    TABLES,
    WELFARE_FILE,
)
from recoup.experiments.comparison.intervals import difference, interval
from recoup.experiments.comparison.lists import write_lists
from recoup.experiments.comparison.privacy import for_the_folder, pseudonym_key, pseudonyms
from recoup.experiments.comparison.results import EVENTS, RESULTS_FILE
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.run import part_path, read_part
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.by_value import ByValue
from recoup.experiments.runs.latest import kept_for_the_latest
from recoup.experiments.runs.progress import noted
from recoup.experiments.runs.runfolder import (
    SCHEMA_VERSION,
    fingerprint,
    open_folder,
    versions,
    whole_file,
    write_json,
)
from recoup.experiments.runs.workers import Folder, Workers, run_each
from recoup.scenarios.schema import Scenario
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import check, typed_log
from recoup.sim.compliance.rules import RulePack
from recoup.sim.customers import customers_of
from recoup.sim.eventlog import LogFile
from recoup.sim.inputs import InputError, choose
from recoup.sim.portfolio.doubts import staffing_doubts
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.remarks import Remark, contents
from recoup.sim.simulation import Simulation

# Named figures of a part, and the columns of the daily table that they are taken from.
RESOURCE_USE = {
    "seconds_used": "seconds",
    "seconds_on_shift": "capacity",
    "requested": "requested",
    "served": "served",
}
LEGAL_TEAM = {"active_cases": "legal_active", "case_places": "legal_capacity", "waiting_suits": "legal_queue"}
Parts = Mapping[str, Sequence[Mapping[str, Any]]]  # policy -> what it left behind on each seed
CLAIM_RECOVERY, CLAIM_TIME = 0.15, -0.20  # the staged plan's own claims against the status quo, relative


def compare(
    comparison: Comparison,
    folder: Path,
    workers: Workers = 1,
    resume: bool = False,
    command: str = "",
    on_part: Callable[[str, int], None] | None = None,
) -> dict[str, Any]:
    """Run what is missing, and write results, tables and nothing else into the folder.

    Args:
        comparison: what to compare.
        folder: of the run; new, unless `resume`.
        workers: processes, or a team; the numbers do not depend on it.
        resume: continue the run in the folder; the settings must be its own.
        command: what the user typed, for results.json.
        on_part: called with plan name and seed whenever a part is ready (also those found ready).

    Returns:
        The content of results.json.

    Raises:
        InputError: wrong scenario, plan, portfolio or folder; nothing is written then.
        KeyboardInterrupt: SIGINT or SIGTERM; finished parts are kept.
        WorkerLost: a worker was killed; finished parts are kept.
    """
    scenario = comparison.load()
    arms = arms_of(comparison.policies, scenario)
    names = [arm.name for arm in arms]
    if comparison.champion is not None and comparison.champion not in names:
        raise InputError("--champion", "", comparison.champion, choose(names, comparison.champion))
    days = comparison.days or scenario.days
    portfolio, key = scenario.portfolio(comparison.accounts, comparison.first_seed), pseudonym_key()
    # What only a simulation finds wrong (accounts older than the write-off) is to be found before the folder is made.
    Simulation(scenario.world, portfolio, scenario.rules, comparison.first_seed)
    settings = {
        "scenario": scenario.name,
        "days": days,
        "accounts": len(portfolio),
        "policies": {arm.name: fingerprint(arm.policy.identity) for arm in arms},
        "world": fingerprint(scenario.world, scenario.rules),
        "portfolio": fingerprint(portfolio.table),
        "personal": comparison.personal,
        "pseudonyms": pseudonyms(["recoup"], key)[0],  # another key gives an account another name
        "recoup": versions()["recoup"],
    }
    open_folder(folder, settings, resume)
    write_json(folder / RULES, scenario.rules.model_dump(mode="json", by_alias=True))
    write_lists(folder, scenario.world)
    missing = []
    done = dict.fromkeys(names, 0)
    for seed in comparison.seed_range:
        for arm in arms:
            part = Part(arm.name, _for_workers(arm.policy_ref), seed)
            if not _is_whole(folder, arm.name, seed, days, scenario):
                missing.append(part)
                continue
            done[arm.name] += 1
            if on_part:
                on_part(arm.name, seed)
    run_part = partial(_run_part, comparison.by_reference, days, key)
    with noted(folder, "parts", dict.fromkeys(names, comparison.seeds), done) as notes:
        for part, _ in run_each(run_part, missing, workers, Folder(folder)):
            notes.advance(part.name)
            if on_part:
                on_part(part.name, part.seed)
    words = scenario.world.vocabulary
    parts = {name: [read_part(folder, name, seed, days, words) for seed in comparison.seed_range] for name in names}
    results = aggregate(comparison, scenario, folder, parts, days, portfolio)
    results["portfolio"] = {
        "name": portfolio.name,
        "accounts": len(portfolio),
        "opening_balance": float(portfolio.table["opening_balance"].sum()),
        "filled": portfolio.filled,
        "fresh": portfolio.fresh,
        "notes": contents([*portfolio.notes, *scenario.notes, *staffing_doubts(len(portfolio), scenario.world)]),
    }
    results["learned"] = [arm.name for arm in arms if arm.is_learned]
    results["dropped_rules"] = {
        arm.name: contents(one if isinstance(one, Remark) else str(one) for one in arm.policy.dropped)
        for arm in arms
        if arm.policy.dropped
    }
    results["command"] = command
    RESULTS_FILE.write(folder, results)
    _aggregate_audits(folder, parts, scenario.rules, results)
    return results


def _aggregate_audits(folder: Path, parts: Parts, rules: RulePack, results: dict[str, Any]) -> None:
    """Put the parts' audits together; what the audit finds must be what the gate has counted.

    Raises:
        AssertionError: it is not: a fault in one of the two readings of the rules.
    """
    tallies: dict[str, list[Any]] = {name: [part["audit"] for part in of_policy] for name, of_policy in parts.items()}
    if any(audited is None for of_policy in tallies.values() for audited in of_policy):
        return  # some parts were made with --no-events
    audited = summary(rules, tallies)
    counted = {name: sum(results["breaches"][name].values()) for name in parts}
    if counted != audited["treatments_in_breach"]:
        raise AssertionError(f"the gate counted {counted} breaches, the audit found {audited['treatments_in_breach']}")
    AUDIT_FILE.write(folder, audited)


@dataclass(frozen=True)
class Part:
    """One policy on one seed: what a worker runs."""

    name: str
    policy_ref: str | ByValue
    seed: int


def _for_workers(policy_ref: PolicyRef) -> str | ByValue:
    return policy_ref if isinstance(policy_ref, str) else ByValue(policy_ref)


def _is_whole(folder: Path, name: str, seed: int, days: int, scenario: Scenario) -> bool:
    """All files of a part are there and hold what they must; if not, or an older version made them, it is run again."""
    part = part_path(folder, name, seed)
    try:
        audited = read_part(folder, name, seed, days, scenario.world.vocabulary)["audit"]
        for kind, table in TABLES.items():
            table.read(part.with_suffix(f".{kind}.parquet"))
        if (payments := part.with_suffix(f".{PAYMENTS_TABLE.name}")).exists():  # an older version left none
            PAYMENTS_TABLE.read(payments)
        if audited is not None:
            check(typed_log(part.with_suffix(".events.parquet"), scenario.world.vocabulary))
    except InputError:
        return False
    return audited is None or audited["rules"].keys() == {rule.id for rule in scenario.rules.rules}


def _run_part(comparison: Comparison, days: int, key: bytes, task: Part, folder: Path) -> None:
    """Run one plan on one seed and write its part; the JSON file comes last and says that the part is whole."""
    name, seed = task.name, task.seed
    policy_ref = task.policy_ref.load() if isinstance(task.policy_ref, ByValue) else task.policy_ref
    scenario = comparison.load()
    portfolio = scenario.portfolio(comparison.accounts, seed)
    part = part_path(folder, name, seed)
    events = part.with_suffix(".events.parquet")
    who = _pseudonyms(portfolio, key)
    with whole_file(events) if comparison.events else nullcontext() as unfinished:
        log = LogFile(unfinished, who, customer_ids=_customers(portfolio, key)) if unfinished else None
        run = rollout(scenario, policy_ref, portfolio, seed, days, log=log)
    accounts = for_the_folder(run.accounts, portfolio, who, comparison.personal)
    tables = {"accounts": accounts, "daily": run.daily, "collectors": run.collectors}
    for kind, table in tables.items():
        TABLES[kind].write(part.with_suffix(f".{kind}.parquet"), table.assign(policy=name, seed=seed))
    if comparison.events:
        names = pd.Series(who[run.payments["number"]], dtype="string")  # of one type, even where nobody has paid
        paid = run.payments.assign(account_id=names, policy=name, seed=seed)
        PAYMENTS_TABLE.write(part.with_suffix(f".{PAYMENTS_TABLE.name}"), paid.drop(columns="number"))
    contents: dict[str, Any] = {
        "measures": _nulls(measures.measure_run(run)),
        "tiers": {tier: _nulls(values) for tier, values in measures.measure_by_tier(run).items()},
        "tier_accounts": {tier: int((run.accounts["entry_tier"] == tier).sum()) for tier in run.tiers},
        "roll_rates": _nulls(measures.roll_rates(run)),
        "liquidation": measures.liquidation_curve(run).tolist(),
        "unresolved": measures.unresolved_curve(run).tolist(),
        "blocked": run.blocked,
        "breaches": run.breaches,
        "audit": tally(audit(typed_log(events, scenario.world.vocabulary), scenario.rules))
        if comparison.events
        else None,
        "decisions": run.decisions,
        "rules": run.rules,
        "payment_attribution": run.payment_attribution,
        "welfare": _nulls(welfare.measure_burden(run)),
        "fairness": fairness.measure_groups(run, portfolio.table),
        "events": {event: int(run.daily[event].sum()) for event in EVENTS},
        "resources": {
            name: {key: int(run.daily[f"{name}_{column}"].sum()) for key, column in RESOURCE_USE.items()}
            for name in scenario.world.pools
        },
        "legal_team": {key: float(run.daily[column].mean()) for key, column in LEGAL_TEAM.items()},
    }
    PART_FILE.write_file(part, contents)


@kept_for_the_latest
def _pseudonyms(portfolio: Portfolio, key: bytes) -> NDArray[np.object_]:
    return pseudonyms(portfolio.column("account_id"), key)


def _customers(portfolio: Portfolio, key: bytes) -> NDArray[np.object_] | None:
    """Pseudonyms of the customers, by which no account can be found that has the same name."""
    names = customers_of(portfolio)
    if names is None:
        return None
    hidden = pseudonyms([f"customer {name}" for name in names], key)
    hidden[pd.isna(names)] = None
    return hidden


def _nulls(values: dict[str, float]) -> dict[str, float | None]:
    return {name: (value if math.isfinite(value) else None) for name, value in values.items()}


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def aggregate(
    comparison: Comparison, scenario: Scenario, folder: Path, parts: Parts, days: int, portfolio: Portfolio
) -> dict[str, Any]:
    """Results from the parts: means, intervals, paired differences, and the plan's claims.

    Args:
        comparison: the settings; its seeds are read.
        scenario: that they name.
        folder: the run folder: tables of parts are read; accounts, daily, collectors, welfare and fairness files are written.
        parts: what `read_part` gives, by policy in the order of the comparison, then by seed.
        days: the horizon.
        portfolio: accounts of the first seed, for the fairness file's proxy check.

    Returns:
        The content of results.json, which is not written here.

    Raises:
        InputError: a part's table is missing or broken, or the folder cannot be written to.
    """
    seeds, names = list(comparison.seed_range), list(parts)
    for kind, table in TABLES.items():
        of_parts = [part_path(folder, name, seed).with_suffix(f".{kind}.parquet") for name in names for seed in seeds]
        table.join(of_parts, folder / table.name)

    burden = welfare.aggregate(parts)
    WELFARE_FILE.write(folder, burden)
    fair = fairness.aggregate(parts, portfolio, same_accounts=not scenario.synthetic)
    FAIRNESS_FILE.write(folder, fair)

    def column(name: str, measure: str, tier: str | None = None) -> list[float]:
        return [_nan((part["tiers"][tier] if tier else part["measures"])[measure]) for part in parts[name]]

    policies = {name: {m: interval(column(name, m)) for m in measures.MEASURE} for name in names}
    differences = {
        a: {b: {m: difference(column(a, m), column(b, m)) for m in measures.MEASURE} for b in names if b != a}
        for a in names
    }
    tiers = {
        name: {
            tier: {m.name: interval(column(name, m.name, tier)) for m in measures.MEASURES if m.by_tier}
            for tier in scenario.world.vocabulary.tiers
        }
        for name in names
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "title": scenario.title,
        "currency": scenario.world.currency,
        "rules": scenario.rules.name,
        "seeds": seeds,
        "days": days,
        "settings": comparison.settings,
        "policies": policies,
        "differences": differences,
        "burdens": burdens(parts),
        "tiers": tiers,
        "tier_accounts": {
            t: sum(p["tier_accounts"][t] for p in parts[names[0]]) / len(seeds) for t in scenario.world.vocabulary.tiers
        },
        "roll_rates": {
            name: {
                roll: interval([_nan(p["roll_rates"][roll]) for p in parts[name]])
                for roll in parts[name][0]["roll_rates"]
            }
            for name in names
        },
        "events": {
            name: {event: interval([p["events"][event] for p in parts[name]]) for event in parts[name][0]["events"]}
            for name in names
        },
        "resources": {
            name: {
                resource: {key: sum(p["resources"][resource][key] for p in parts[name]) for key in RESOURCE_USE}
                for resource in scenario.world.pools
            }
            for name in names
        },
        "legal_team": {
            name: {key: sum(p["legal_team"][key] for p in parts[name]) / len(seeds) for key in LEGAL_TEAM}
            for name in names
        },
        "blocked": {name: _summed([p["blocked"] for p in parts[name]]) for name in names},
        "breaches": {name: _summed([p["breaches"] for p in parts[name]]) for name in names},
        "claims": claims(differences),
        "welfare": burden["checks"],
        "versions": versions(),
    }


def _summed(counts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for name, value in count.items():
            total[name] = total.get(name, 0) + value
    return dict(sorted(total.items()))


def claims(differences: dict[str, Any], plan: str = "staged") -> list[dict[str, Any]]:
    """Does a plan reach what the staged plan's authors claim against the status quo? A verdict per claim.

    Args:
        differences: as in results.json, plan -> against -> measure -> interval.
        plan: which plan is asked about.

    Returns:
        A row for each claim (measure, claim, relative, verdict); none when the run holds no pair of plan and status
        quo.
    """
    pair = differences.get(plan, {}).get("status-quo")
    if pair is None:
        return []
    verdicts = []
    for measure, claim in (("recovery_rate", CLAIM_RECOVERY), ("time_to_recover_days", CLAIM_TIME)):
        relative = pair[measure]["relative"]
        low, high = relative["low"], relative["high"]
        if low is None or high is None:
            verdict = "not decided: one seed has no interval"
        else:
            better, worse = (low >= claim, high < claim) if claim > 0 else (high <= claim, low > claim)
            verdict = "reached" if better else "not reached" if worse else "not decided by these seeds"
        verdicts.append({"measure": measure, "claim": claim, "relative": relative, "verdict": verdict})
    return verdicts
