"""A run that never was: a folder as `recoup compare` leaves it, of figures chosen here, so that what the report must say is known.

Five plans on three seeds of fifty days. `learned` is worth most; `staged` is the best plan, and named as the one in force. Figures that no
sentence is expected of differ from cell to cell, so that one from another plan, measure or tier is noticed.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pandas as pd

from recoup.agents.plans.plan_file import find_plan, read_plan
from recoup.experiments.comparison.files import ACCOUNTS_TABLE, DAILY_TABLE, PART_FILE
from recoup.experiments.comparison.results import RESULTS_FILE, RunResults
from recoup.experiments.runs.file_kinds import TableKind
from recoup.experiments.runs.runfolder import fingerprint
from tests.whole_files import whole

PLANS = ("status-quo", "staged", "tiered", "learned", "mine")
SEEDS = (4, 5, 6)
DAYS = 50
TIERS = ("low", "medium", "high")
# Measures in the order of docs/reference/measures.md, and what their figures are: a share, days, or a count.
MEASURES = {
    "recovery_rate": "share",
    "net_recovery_rate": "share",
    "variable_net_recovery_rate": "share",
    "npv_rate": "share",
    "value_at_horizon": "share",
    "time_to_recover_days": "days",
    "cash_weighted_days": "days",
    "cure_rate": "share",
    "cured_balance_rate": "share",
    "cost_to_collect": "share",
    "variable_cost_to_collect": "share",
    "complaints_per_1000": "count",
    "breaches": "count",
    "rpc_rate": "share",
    "kept_promise_rate": "share",
    "occupancy": "share",
}


def found(mean: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """An interval as files hold it."""
    return {"mean": mean, "low": low, "high": high}


KNOWN = {
    "status-quo": {
        "npv_rate": found(0.5414, 0.5342, 0.5487),
        "recovery_rate": found(0.3418, 0.3344, 0.3491),
        "net_recovery_rate": found(0.3014, 0.2942, 0.3087),
        "time_to_recover_days": found(41.24, 40.12, 42.33),
        "cost_to_collect": found(0.1182, 0.1107, 0.1268),
        "complaints_per_1000": found(7.61, 6.93, 8.38),
        "breaches": found(0.0, 0.0, 0.0),
    },
    "staged": {
        "npv_rate": found(0.5926, 0.5848, 0.6012),
        "recovery_rate": found(0.3902, 0.3811, 0.3987),
        "net_recovery_rate": found(0.3126, 0.3048, 0.3212),
        "time_to_recover_days": found(31.87, 30.91, 32.78),
        "cost_to_collect": found(0.1989, 0.1903, 0.2074),
        "complaints_per_1000": found(11.42, 10.58, 12.21),
        "breaches": found(0.0, 0.0, 0.0),
    },
    "tiered": {
        "npv_rate": found(0.5712, 0.5641, 0.5793),
        "recovery_rate": found(0.3731, 0.3652, 0.3818),
        "net_recovery_rate": found(0.3312, 0.3241, 0.3393),
        "time_to_recover_days": found(34.56, 33.14, 35.72),
    },
    "learned": {
        "npv_rate": found(0.6332, 0.6242, 0.6404),
        "recovery_rate": found(0.4127, 0.4044, 0.4211),
        "net_recovery_rate": found(0.3532, 0.3442, 0.3604),
        "time_to_recover_days": found(28.67, 27.13, 30.24),
        "cost_to_collect": found(0.1442, 0.1371, 0.1519),
        "complaints_per_1000": found(10.12, 9.37, 10.86),
        "breaches": found(0.0, 0.0, 0.0),
    },
    "mine": {
        "recovery_rate": found(0.2513, 0.2427, 0.2604),
        "net_recovery_rate": found(0.2208, 0.2101, 0.2333),
        "breaches": found(411.0, 398.0, 431.0),
        "npv_rate": found(None),
    },
}


def apart(mean: float, low: float | None, high: float | None, relative: dict[str, Any] | None = None) -> dict[str, Any]:
    """A paired difference as files hold it."""
    return {**found(mean, low, high), "relative": relative or found(None)}


KNOWN_DIFFERENCES = {
    ("learned", "staged"): {
        "npv_rate": apart(0.0406, 0.0312, 0.0497),
        "net_recovery_rate": apart(0.0319, 0.0203, 0.0441),
        "recovery_rate": apart(0.0226, 0.0108, 0.0344, found(0.0579, 0.0274, 0.0883)),
        "time_to_recover_days": apart(-3.21, -6.13, 0.42),
        "cost_to_collect": apart(0.0121, 0.0043, 0.0198),
        "complaints_per_1000": apart(-1.31, -2.24, -0.38),
        "breaches": apart(0.0, 0.0, 0.0),
    },
    ("learned", "tiered"): {
        "npv_rate": apart(0.062, 0.0511, 0.0704)
    },  # so that it is proposed though nobody can read it
    ("mine", "staged"): {"breaches": apart(411.0, 398.0, 431.0), "npv_rate": apart(None, None, None)},
    ("staged", "learned"): {"npv_rate": apart(-0.0406, -0.0497, -0.0312)},
    # The claims against the status quo: 15 % more recovery, 20 % less time.
    ("staged", "status-quo"): {
        "recovery_rate": apart(0.0484, 0.0431, 0.0507, found(0.1416, 0.1304, 0.1498)),
        "time_to_recover_days": apart(-9.37, -10.2, -8.5, found(-0.2272, -0.2461, -0.2043)),
    },
    ("learned", "status-quo"): {
        "recovery_rate": apart(0.0709, 0.055, 0.085, found(0.2074, 0.1612, 0.2491)),
        "time_to_recover_days": apart(-12.57, -14.1, -7.9, found(-0.3048, -0.3392, -0.1921)),
    },
    ("tiered", "status-quo"): {
        "recovery_rate": apart(0.0313, 0.02, 0.06, found(0.0916, 0.0613, 0.1722)),
        "time_to_recover_days": apart(-6.68, -7.7, -5.6, found(-0.1624, -0.1871, -0.1364)),
    },
    ("mine", "status-quo"): {
        "recovery_rate": apart(-0.0905, -0.1, -0.08, found(-0.2648, -0.2911, -0.2373)),
        "time_to_recover_days": apart(4.04, 3.1, 5.2, found(0.0978, 0.0764, 0.1263)),
    },
}


# What learned policies ask of debtors and cost beside plans, in `burdens`.
BURDENS = {"complaints_per_1000": "count", "contacts_per_debtor": "count", "full_cost_rate": "share"}
KNOWN_BURDENS = {
    ("learned", "staged"): {
        "complaints_per_1000": apart(-1.31, -2.24, -0.38),
        "contacts_per_debtor": apart(3.42, 2.91, 3.87),
        "full_cost_rate": apart(0.0011, -0.0023, 0.0042),
    },
}


def _filler(kind: str, *numbers: int) -> dict[str, Any]:
    """A figure of its own for each place: no two have the same mean."""
    mean = 0.1011 + 0.0137 * numbers[0] + 0.0613 * numbers[1] + 0.0029 * sum(numbers[2:])
    scale = 1.0 if kind == "share" else 100.0
    return found(round(mean * scale, 6), round((mean - 0.0101) * scale, 6), round((mean + 0.0172) * scale, 6))


def _difference(kind: str, ours: int, theirs: int, measure: int) -> dict[str, Any]:
    """A difference: of one sign above the diagonal and of the other below, some of them not clear of zero."""
    mean = (ours - theirs) * (0.0062 + 0.0011 * measure) + 0.0007 * ours
    scale = 1.0 if kind == "share" else 100.0
    ends = (mean - 0.0112 - 0.0004 * ours, mean + 0.0131 + 0.0003 * theirs)
    return apart(*(round(value * scale, 6) for value in (mean, *ends)), found(round(1.7 * mean, 6), -0.5, 0.5))


def results() -> dict[str, Any]:
    """The content of results.json."""
    policies = {
        plan: {m: _filler(kind, p, n) for n, (m, kind) in enumerate(MEASURES.items())} | copy.deepcopy(KNOWN[plan])
        for p, plan in enumerate(PLANS)
    }
    for measures in policies.values():
        measures["cured_balance_rate"] = found(0.0, 0.0, 0.0)  # no card is cured
    differences = {
        a: {
            b: {m: _difference(kind, p, q, n) for n, (m, kind) in enumerate(MEASURES.items())}
            | copy.deepcopy(KNOWN_DIFFERENCES.get((a, b), {}))
            for q, b in enumerate(PLANS)
            if b != a
        }
        for p, a in enumerate(PLANS)
    }
    burdens = {
        a: {
            b: {m: _difference(kind, p, q, 30 + n) for n, (m, kind) in enumerate(BURDENS.items())}
            | copy.deepcopy(KNOWN_BURDENS.get((a, b), {}))
            for q, b in enumerate(PLANS)
            if b != a
        }
        for p, a in enumerate(PLANS)
    }
    # Staff, and what it is paid while it waits, is not divided among tiers.
    of_all = ("occupancy", "net_recovery_rate", "npv_rate", "cost_to_collect")
    of_tier = [(m, kind) for m, kind in MEASURES.items() if m not in of_all]
    tiers = {
        plan: {
            tier: {m: _filler(kind, p, n, 5 + 11 * t) for n, (m, kind) in enumerate(of_tier)}
            for t, tier in enumerate(TIERS)
        }
        for p, plan in enumerate(PLANS)
    }
    events = ("attempts", "unserved", "promises", "offers", "accepted", "suits", "judgments", "seizures")
    relative = {
        m: KNOWN_DIFFERENCES["staged", "status-quo"][m]["relative"] for m in ("recovery_rate", "time_to_recover_days")
    }
    data = {
        "schema_version": 2,
        "scenario": "taiwan-cards",
        "title": "Credit cards, Taiwan 2005 (real accounts)",
        "currency": "TWD",
        "rules": "taiwan",
        "seeds": list(SEEDS),
        "days": DAYS,
        "settings": {
            "scenario": "taiwan-cards",
            "policies": [*PLANS[:4], "mine=/nowhere/mine.yaml"],
            "seeds": 3,
            "champion": "staged",
        },
        "policies": policies,
        "differences": differences,
        "burdens": burdens,
        "learned": ["learned"],
        "tiers": tiers,
        "tier_accounts": {"low": 1073.0, "medium": 3058.0, "high": 998.0},
        "roll_rates": {
            plan: {
                roll: found(None) if roll == "M3→M4" else _filler("share", p, n, 3)
                for n, roll in enumerate(("M1→M2", "M2→M3", "M3→M4"))
            }
            for p, plan in enumerate(PLANS)
        },
        "events": {
            plan: {event: found(1000.0 * (n + 1) + 137.0 * p + 0.3) for n, event in enumerate(events)}
            for p, plan in enumerate(PLANS)
        },
        "resources": {
            plan: {
                pool: {
                    "seconds_used": 1000 * (100 + 31 * p + 7 * n),
                    "seconds_on_shift": 1000 * (400 + 50 * n),
                    "requested": 2000 + 500 * p + 100 * n,
                    "served": 2000 + 500 * p + 100 * n - (40 + 60 * n) * (p + 1),
                }
                for n, pool in enumerate(("collector", "specialist", "autocall", "visit"))
            }
            for p, plan in enumerate(PLANS)
        },
        "legal_team": {
            plan: {"active_cases": 40.0 + 13 * p, "case_places": 154.0, "waiting_suits": 1590.9 - 300 * p}
            for p, plan in enumerate(PLANS)
        },
        "blocked": {
            plan: {"contact-hours": 17 * p, "daily-limit": 1003 * p} if p else {} for p, plan in enumerate(PLANS)
        },
        "breaches": {plan: {"contact-hours": 1199, "no-suit": 34} if plan == "mine" else {} for plan in PLANS},
        "claims": [
            {
                "measure": "recovery_rate",
                "claim": 0.15,
                "relative": relative["recovery_rate"],
                "verdict": "not reached",
            },
            {
                "measure": "time_to_recover_days",
                "claim": -0.2,
                "relative": relative["time_to_recover_days"],
                "verdict": "reached",
            },
        ],
        "welfare": [],
        "versions": {"python": "3.12.1", "recoup": "9.8.7"},
        "portfolio": {
            "name": "made-up",
            "accounts": 5129,
            "opening_balance": 297_712_345.4,
            "filled": {"payday": 5129, "tenure_months": 1234},
            "notes": [{"code": "licence", "values": {"licence": "CC BY 4.0"}}, "of my own"],
        },
        "dropped_rules": {"tiered": ["propose a settlement", "visit"]},
        "command": "recoup compare -s taiwan-cards -p status-quo",
    }
    data = whole(RESULTS_FILE, data)
    RunResults.model_validate(data)
    return data


# Cash by source, as shares of each seed's own opening balance; means over the seeds are the middle ones.
CASH = {
    "learned": {"instalment": (0.11, 0.12, 0.13), "after_collector": (0.17, 0.18, 0.19), "settlement": (0.1, 0.1, 0.1), "no_contact": (0.0127, 0.0127, 0.0127)},
    "staged": {"instalment": (0.15, 0.15, 0.15), "after_collector": (0.05, 0.06, 0.07), "no_contact": (0.18, 0.18, 0.18)},
    "status-quo": {"promise": (0.2, 0.2, 0.2), "after_visit": (0.14, 0.14, 0.14)},
    "tiered": {"after_sms": (0.37, 0.37, 0.37), "seizure": (0.0004, 0.0004, 0.0004)},
    "mine": {"after_letter": (0.25, 0.25, 0.25)},
}  # fmt: skip
OPENING = (1_000_000_000, 2_000_000_000, 500_000_000)  # cents, by seed
# Recovery rates of the best plan and of the reference, by tier and seed: the largest gain is at medium risk, 6.0 points.
TIER_RATES = {
    "learned": {"low": (0.60, 0.61, 0.62), "medium": (0.45, 0.46, 0.47), "high": (0.20, 0.20, 0.20)},
    "staged": {"low": (0.58, 0.60, 0.62), "medium": (0.40, 0.40, 0.40), "high": (0.21, 0.21, 0.21)},
}
STAGES = ("0–7", "8–15", "16–29", "30–59", "60–89", "90–179", "180+")
# Account-days on each seed. In the first stage at low risk `learned` calls on 30 % of them and writes on 20 %, `staged` calls on 10 %
# and writes on 45 %; at medium risk in the fourth it sues on 25 %, `staged` never.
DECISIONS = {
    "learned": {
        ("0–7", "low"): {"nothing": 500, "collector/evening": 200, "collector/evening/plan_6": 100, "sms/morning": 150, "wechat/evening": 50},
        ("30–59", "medium"): {"nothing": 150, "suit": 30, "letter/morning/notice": 20},
    },
    "staged": {
        ("0–7", "low"): {"nothing": 450, "collector/evening": 100, "sms/midday": 450},
        ("30–59", "medium"): {"nothing": 190, "letter/morning": 10},
    },
    "tiered": {("180+", "high"): {"visit/morning": 40, "autocall/morning": 60}},
    "status-quo": {("0–7", "low"): {"nothing": 10}},
    "mine": {("0–7", "low"): {"nothing": 10}},
}  # fmt: skip


def liquidation(plan: str, day: int) -> float:
    """Cash over opening balance by the end of a day, mean over seeds."""
    return (0.20 + 0.03 * PLANS.index(plan)) * day / DAYS


def unresolved(plan: str, day: int) -> float:
    """Share of accounts still open at the end of a day, mean over seeds."""
    return 1 - (0.30 + 0.08 * PLANS.index(plan)) * day / DAYS


def part(plan: str, number: int) -> dict[str, Any]:
    """What the report reads of parts/PLAN/SEED.json; `number` counts the seeds from 0."""
    spread = 1 + 0.1 * (number - 1)  # 0.9, 1.0 and 1.1: the mean over seeds is the second
    cash = {source: round(shares[number] * OPENING[number]) for source, shares in CASH[plan].items()}
    rates = TIER_RATES.get(plan, TIER_RATES["staged"])
    return {
        "measures": {"recovery_rate": sum(shares[number] for shares in CASH[plan].values())},
        "tiers": {tier: {"recovery_rate": rates[tier][number]} for tier in TIERS},
        "liquidation": [spread * liquidation(plan, day) for day in range(1, DAYS + 1)],
        "unresolved": [1 - spread * (1 - unresolved(plan, day)) for day in range(1, DAYS + 1)],
        "payment_attribution": cash,
        "decisions": {stage: {tier: DECISIONS[plan].get((stage, tier), {}) for tier in TIERS} for stage in STAGES},
        "rules": rule_days(plan),
        "welfare": burdens_of(plan, number),
    }


# What debtors bear under `staged`, and how much more or less under others, the same on each seed but for 1 % of itself.
BORNE = {
    "contacts_per_debtor": 20.0, "busiest_week_p95": 4.0, "debtor_cost": 0.10, "debtor_interest": 0.06, "debtor_fees": 0.04,
    "complaints_per_1000": 20.0, "distress_suits_per_1000": 20.0, "plans_fit": 0.5, "plans_broken": 0.3, "opt_outs_per_1000": 5.0,
    "hardship_calls_per_1000": 3.0, "hardship_suits": 0.0, "distress_contacts": 0.2, "distress_seized": 0.01, "sued_per_1000": 40.0,
}  # fmt: skip
MORE_BORNE = {
    # Margins at these levels: 2 contacts, 0.5 in the busiest week, 0.005 of the balance, 2 complaints, 2 suits, 0.5 of the plans.
    "learned": {"contacts_per_debtor": 4.0, "debtor_cost": 0.01, "debtor_fees": 0.01, "complaints_per_1000": -5.0, "busiest_week_p95": -1.0},
    "status-quo": {"contacts_per_debtor": -5.0},
    "mine": {"hardship_suits": 1.0},
}  # fmt: skip


def burdens_of(plan: str, number: int) -> dict[str, float]:
    """Welfare measures of a part."""
    more = MORE_BORNE.get(plan, {})
    return {name: value * (1 + 0.01 * (number - 1)) + more.get(name, 0.0) for name, value in BORNE.items()}


# A thousandth of the accounts, in cents: what each brings and costs, and what staff costs beside on each of two days.
ACCOUNT = {
    "learned": {"discounted_cash": 60_000.0, "discounted_cost": 4_000.0, "discounted_horizon_value": 40_000.0},
    "staged": {"discounted_cash": 50_000.0, "discounted_cost": 5_000.0, "discounted_horizon_value": 30_000.0},
}


def tables() -> dict[str, pd.DataFrame]:
    """accounts.parquet and daily.parquet, with what the report reads of them; all else is nothing."""
    accounts, daily = [], []
    for plan in PLANS:
        for seed in SEEDS:
            for number in range(5):
                row = {"policy": plan, "seed": seed, "account_id": f"a{number}", "opening": 100_000 + 10_000 * number}
                accounts.append(row | ACCOUNT.get(plan, ACCOUNT["staged"]))
            daily += [{"policy": plan, "seed": seed, "idle_cost": 10_000, "discount_factor": 1.0, "notices": 1}] * 2
    return {kind.name: _filled(rows, kind) for kind, rows in ((ACCOUNTS_TABLE, accounts), (DAILY_TABLE, daily))}


def _filled(rows: list[dict[str, Any]], kind: TableKind) -> pd.DataFrame:
    empty = {name: "" if name in TEXTS else 0.0 if name in NUMBERS else 0 for name in kind.columns}
    return pd.DataFrame([empty | row for row in rows])


TEXTS = frozenset("policy account_id product entry_tier status stage suspended".split())
NUMBERS = frozenset(
    "discounted_cash discounted_cost best_discount discounted_horizon_value macro discount_factor".split()
)


def rule_days(plan: str) -> dict[str, int]:
    """Account-days by rule on each seed, for the status quo alone: 25 % of 400 are left without a rule."""
    rules = {"": 100, "leave promises and running plans alone": 60, "call everybody every second day": 240}
    return rules if plan == "status-quo" else {"": 1} if plan == "mine" else {}


WELFARE = {"contacts_per_debtor": "count", "debtor_cost": "share", "plans_fit": "share"}
BETTER = {"contacts_per_debtor": -1, "debtor_cost": -1, "plans_fit": 1}
TITLES = {
    "contacts_per_debtor": "Contact attempts per debtor",
    "debtor_cost": "Cost to the debtor",
    "plans_fit": "Plans within ability",
    "debtor_fees": "Court fees put on debtors",
}


def _check(policy: str, verdict: str, more: list[str], less: list[str], cost_from: str | None = None) -> dict[str, Any]:
    return {
        "policy": policy,
        "reference": "status-quo",
        "verdict": verdict,
        "passed": verdict in ("no more burden", "reference"),
        "more": more,
        "less": less,
        "cost_from": cost_from,
        "gain": apart(0.01, 0.0, 0.02),
        "hardship_suits": 3 if verdict == "hardship sued" else 0,
    }


def welfare() -> dict[str, Any]:
    """The content of welfare.json: `learned` fails, `tiered` and `staged` pass, `mine` sued debtors in hardship."""
    return {
        "reference": "status-quo",
        "burdens": list(WELFARE),
        "measures": [
            {"name": m, "title": title, "unit": WELFARE.get(m, "share"), "better": BETTER.get(m, -1), "definition": f"what {m} is"}
            for m, title in TITLES.items()
        ],
        "policies": {
            plan: {m: _filler(WELFARE.get(m, "share"), p, n, 23) for n, m in enumerate(TITLES)} for p, plan in enumerate(PLANS)
        },
        "differences": {
            a: {
                b: {m: _difference(WELFARE.get(m, "share"), p, q, 20 + n) for n, m in enumerate(TITLES)}
                for q, b in enumerate(PLANS)
                if b != a
            }
            for p, a in enumerate(PLANS)
        },
        "checks": [
            _check("status-quo", "reference", [], []),
            _check("staged", "no more burden", [], ["contacts_per_debtor"]),
            _check("tiered", "no more burden", [], []),
            _check("learned", "more burden", ["contacts_per_debtor", "debtor_cost"], ["plans_fit"], "debtor_fees"),
            _check("mine", "hardship sued", [], []),
        ],
    }  # fmt: skip


EXTRAS: dict[str, Any] = {
    "attribution.json": {
        "from": "staged",
        "to": "learned",
        "seeds": list(SEEDS),
        "hybrids": 16,
        "measures": {
            "npv_rate": {
                "start": found(0.5926, 0.5848, 0.6012),
                "total": found(0.0406, 0.0312, 0.0497),
                "parts": {
                    "timing": found(0.0212, 0.0101, 0.0318),
                    "channel": found(-0.0027, -0.0082, 0.0031),
                    "offer": found(0.0093, 0.0014, 0.0171),
                    "legal": found(0.0128, 0.0066, 0.0192),
                },
            },
            "recovery_rate": {
                "start": found(0.3902, 0.3811, 0.3987),
                "total": found(0.0226, 0.0108, 0.0344),
                "parts": {
                    "timing": found(0.0061, -0.0012, 0.0133),
                    "channel": found(-0.0048, -0.0101, -0.0007),
                    "offer": found(0.0182, 0.0104, 0.0263),
                    "legal": found(0.0031, 0.0011, 0.0052),
                },
            },
        },
    },
    # Small runs of another size than the full attribution above, which is told instead.
    "why.json": {
        "attribution": {
            "from": "staged",
            "to": "learned",
            "seeds": [4, 5],
            "hybrids": 14,
            "measures": {
                "npv_rate": {
                    "start": found(0.5811, 0.5733, 0.5897),
                    "total": found(0.0372, 0.0301, 0.0444),
                    "parts": {
                        "timing": found(0.0099, 0.0051, 0.0147),
                        "channel": found(0.0021, -0.0012, 0.0053),
                        "offer": found(-0.0051, -0.0087, -0.0016),
                        "legal": found(0.0303, 0.0249, 0.0358),
                    },
                }
            },
        },
        "worlds": {
            "challenger": "learned",
            "baseline": "staged",
            "seeds": list(SEEDS),
            "accounts": 600,
            "rows": [
                {
                    "perturbation": name,
                    "label": "in English",
                    "npv_rate": found(gain, gain - 0.0123, gain + 0.0144),
                    "recovery_rate": found(gain + 0.0211, gain + 0.0112, gain + 0.0317),
                    "complaints_per_1000": found(100 * gain - 4.1, 100 * gain - 6.3, 100 * gain - 1.8),
                }
                for name, gain in (
                    ("none", 0.0372),
                    ("strong-wear", 0.0102),  # −0.0021 to +0.0246: open
                    ("empty-notices", -0.0192),  # all below zero
                    ("patient-debtors", 0.0351),
                    ("collector-weak", 0.0139),
                )
            ],
        },
    },
    "stress.json": {
        "baseline": "staged",
        "challenger": "learned",
        "rows": [
            {
                "perturbation": name,
                "label": label,
                "npv_rate": found(gain, gain - 0.0107, gain + 0.0214),
                "recovery_rate": found(gain + 0.0052, gain - 0.0044, gain + 0.0141),
                "time_to_recover_days": found(-gain - 0.0301, -gain - 0.0502, -gain - 0.0103),
                "complaints_per_1000": found(100 * gain, 100 * gain - 1.2, 100 * gain + 0.7),
            }
            for name, label, gain in (
                ("none", "the scenario as it is", 0.0051),
                ("macro-shock", "a recession", 0.0423),
                ("half-staff", "half", -0.0172),
                ("reach-", "reach −30%", 0.0391),
                ("reach+", "reach +30%", 0.0082),
            )
        ],
    },
    "shadow_prices.json": {
        "rows": [
            {"resource": "collector_hours", "unit": "hour", "policy": "staged", "currency": "TWD", "price": found(1231.456, 987.654, 1502.3)},
            {"resource": "cases", "unit": "place", "policy": "learned", "currency": "TWD", "price": found(9268.0, -1600.0, 21000.0)},
            {"resource": "budget", "unit": "unit", "policy": "learned", "currency": "TWD", "price": found(1.31, 0.2, 2.2)},
        ]
    },
    "upper_bounds.json": {
        "rows": [
            {"bound": "hindsight_best", "policy": None, "label": "x", "recovery_rate": found(0.5123, 0.5011, 0.5234)},
            {"bound": "ample_staff", "policy": "learned", "label": "x", "recovery_rate": found(0.5541, 0.5432, 0.5649)},
            {"bound": "full_attention", "policy": None, "label": "x", "recovery_rate": found(0.4821, 0.4713, 0.4929)},
        ]
    },
    "audit.json": {
        "pack": "taiwan",
        "rules": [
            {"id": "contact-hours", "text": "No calls at night.", "text_zh": "夜间不得催收。", "missing": [], "tested": 51_234, "near": 1_007, "stopped": 303, "breaches": 1199,
             "by_policy": {"staged": {"breaches": 0}, "mine": {"breaches": 1199}}},
            {"id": "no-suit", "text": "No suits.", "text_zh": "不得起诉。", "missing": [], "tested": 4_321, "near": 5, "stopped": 2, "breaches": 34,
             "by_policy": {"staged": {"breaches": 0}, "mine": {"breaches": 34}}},
            {"id": "third-parties", "text": "No third parties.", "text_zh": "不得联系第三人。", "missing": ["third_party"], "tested": 0, "near": 0, "stopped": 0, "breaches": 0, "by_policy": {}},
        ],
    },
    "fairness.json": {
        "outcomes": [
            {"name": "recovered", "title": "Recovered share", "unit": "share", "kind": "result"},
            {"name": "days", "title": "Days to resolution", "unit": "days", "kind": "result"},
            {"name": "contacts", "title": "Contact attempts", "unit": "count", "kind": "burden"},
        ],
        "gaps_judged": 1048,
        "policies": {
            plan: {
                "sex": {
                    group: {
                        "accounts": 1234.0 + 1000 * g,
                        "outcomes": {
                            "recovered": {"value": found(0.3111 + 0.02 * p + 0.1 * g), "others": 0.4012, "adjusted": {"gap": -0.0521}, "unequal": p == 3 and g == 0},
                            "days": {"value": found(31.42 + p + 5 * g), "others": 33.3, "adjusted": {"gap": 1.1}},
                            "contacts": {"value": found(7.21 + p + 9 * g), "others": 6.2, "adjusted": {"gap": 2.3}},
                        },
                    }
                    for g, group in enumerate(("female", "male"))
                }
            }
            for p, plan in enumerate(PLANS)
        },
        "drawn": ["region", "age"],
        "proxies": {
            "bound": 0.7,
            "attributes": {
                "sex": {
                    "female": {"auc": 0.812, "low": 0.754, "high": 0.861, "field": "payday", "field_auc": 0.779},
                    "male": {"auc": 0.912, "low": 0.691, "high": 0.951, "field": "dpd", "field_auc": 0.9},
                }
            },
        },
        "warnings": [
            {"policy": "learned", "attribute": "sex", "group": "female", "outcome": "recovered"},
            {"policy": "mine", "attribute": "sex", "group": "male", "outcome": "contacts"},
        ],
    },
}  # fmt: skip
BREACHES = "policy,seed,rule,account_id,day,evidence\nmine,4,contact-hours,p77,11,a call at 23:10\n"  # days from 0


def write(folder: Path, extras: bool = True) -> Path:
    """The run folder; `extras`: with what other commands leave in it."""
    put(folder / "results.json", results())
    # Of a plan file it is noted how it read when the run began; `learned` is a network, `mine` is gone.
    begun = {plan: fingerprint(read_plan(find_plan(plan))) for plan in ("status-quo", "staged", "tiered")}
    put(folder / "run.json", {"policies": begun})
    for plan in PLANS:
        for number, seed in enumerate(SEEDS):
            put(folder / "parts" / plan / f"{seed}.json", part(plan, number))
    for name, table in tables().items():
        table.to_parquet(folder / name)
    put(folder / "welfare.json", welfare())
    if extras:
        for name, content in EXTRAS.items():
            put(folder / name, content)
        (folder / "audit.csv").write_text(BREACHES, encoding="utf-8")
    return folder


def put(path: Path, content: Any) -> None:
    """Write JSON, with what such a file holds besides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = whole(PART_FILE if path.parent.parent.name == "parts" else path.name, content)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
