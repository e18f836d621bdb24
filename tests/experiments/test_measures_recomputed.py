"""Every measure of a small run taken a second time, in SQL, from what the run folder holds: accounts, days and event logs.

Where the event log or the days know it, the tallies of the accounts are not trusted either. The definitions are those of the registry
and of docs/glossary.md; nothing of the product takes part in the queries.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.measures import measure_run
from recoup.experiments.comparison.rollout import roll_out
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.dashboard.groups import Filters, Group
from recoup.experiments.dashboard.months import MEASURES as MEASURES_OF_A_MONTH
from recoup.experiments.dashboard.months import measures_of, values
from recoup.experiments.dashboard.shelf import open_run
from recoup.scenarios.schema import load_scenario
from recoup.sim.simulation import Simulation

SEEDS, ACCOUNTS, DAYS = (1, 2), 150, 120
# Debtors who agree, complain and lose work more often than ours do, and courts with time for every case, so that no measure is zero by default.
LIVELY = {
    "extends": "china-consumer",
    "name": "lively",
    "world": {
        "write_off_dpd": 760,
        "operations": {"legal_cases_per_1000_accounts": 600},
        "courts": {"docket_per_1000_accounts": 600},
        "behaviour": {
            "plan_base": 1.0,
            "settle_base": 1.5,
            "opt_out": 0.02,
            "jobless_share": 0.4,
            "complaint_fatigue": 3.0,
        },
    },
}
TERMS = {
    "name": "terms",
    "title": "Terms for everybody",
    "rules": [
        {"name": "enforce", "when": {"legal_stage": "judged"}, "do": {"legal": "enforce"}},
        {"name": "sue", "when": {"dpd": {"at_least": 60}}, "do": {"legal": "suit"}},
        {
            "name": "notice",
            "when": {"dpd": {"at_least": 50}, "legal_stage": "none"},
            "do": {"channel": "letter", "legal": "notice"},
        },
        {
            "name": "settle",
            "when": {"days_since_attempt": {"at_least": 2}, "dpd": {"at_least": 90}},
            "do": {"channel": "specialist", "offer": ["settle_40", "settle_20"]},
        },
        {
            "name": "plan",
            "when": {"days_since_attempt": {"at_least": 3}},
            "do": {"channel": "collector", "offer": ["plan_3"]},
        },
        {"name": "text", "do": {"channel": "sms"}},
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("recomputed")
    for name, content in (("lively", LIVELY), ("terms", TERMS)):
        (home / f"{name}.yaml").write_text(yaml.safe_dump(content))
    run = home / "run"
    compare(
        Comparison(
            str(home / "lively.yaml"),
            ("staged", str(home / "terms.yaml")),
            seeds=len(SEEDS),
            accounts=ACCOUNTS,
            days=DAYS,
        ),
        run,
    )
    return run


@pytest.fixture(scope="module")
def sql(folder: Path) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    for table in ("accounts", "daily"):
        database.execute(f"CREATE VIEW {table} AS SELECT * FROM '{folder / table}.parquet'")
    database.execute(
        f"""CREATE VIEW events AS SELECT *, split_part(filename, '/', -2) AS policy,
        CAST(split_part(split_part(filename, '/', -1), '.', 1) AS INT) AS seed
        FROM read_parquet('{folder}/parts/*/*.events.parquet', filename=true)"""
    )
    return database


PAIRS = [(policy, seed) for policy in ("staged", "terms") for seed in SEEDS]
every_run = pytest.mark.parametrize(("policy", "seed"), PAIRS)


def part_of(folder: Path, policy: str, seed: int) -> dict:
    return json.loads((folder / "parts" / policy / f"{seed}.json").read_text())


def one(
    sql: duckdb.DuckDBPyConnection, query: str, policy: str, seed: int, days: tuple[int, int] = (0, DAYS - 1)
) -> float:
    """The single number that a query gives about a run; its tables are cut to the run first, and to days from the first to the last."""
    within = "policy = $1 AND seed = $2"
    tables = {"accounts": f"(SELECT * FROM accounts WHERE {within})"}
    for name in ("daily", "events"):
        tables[name] = f"(SELECT * FROM {name} WHERE {within} AND day BETWEEN {days[0]} AND {days[1]})"
    value = sql.execute(query.format(**tables), [policy, seed]).fetchone()[0]
    return math.nan if value is None else float(value)


CALL = "channel IN ('autocall', 'collector', 'specialist')"
OWED = "(SELECT sum(opening) FROM {accounts})"
# The lender's cost of capital is 8 % a year (scenarios/china-consumer.yaml): a cent of day d is worth 1.08 ^ (−d / 365) on day 0.
WORTH = "pow(1.08, -day / 365.0)"
# Minutes paid and not used on a day, at 1.50 and 2.80 a minute (scenarios/china-consumer.yaml), to the cent for each pool.
IDLE = " + ".join(
    f"round(greatest({pool}_paid - {pool}_seconds, 0) * {cents} / 60.0)"
    for pool, cents in (("collector", 150), ("specialist", 280))
)
MEASURES = {
    "recovery_rate": f"SELECT sum(cash) / {OWED} FROM {{daily}}",
    "net_recovery_rate": f"SELECT (sum(cash) - sum(cost) - sum(overhead) - sum({IDLE})) / {OWED} FROM {{daily}}",
    "variable_net_recovery_rate": f"SELECT (sum(cash) - sum(cost)) / {OWED} FROM {{daily}}",
    "npv_rate": f"""SELECT (sum((cash - cost - overhead - ({IDLE})) * {WORTH})
        + (SELECT sum(horizon_value) * pow(1.08, -{DAYS} / 365.0) FROM {{accounts}})) / {OWED} FROM {{daily}}""",
    "value_at_horizon": "SELECT sum(horizon_value) / sum(opening) FROM {accounts}",
    "time_to_recover_days": f"""SELECT avg(CASE WHEN status IN ('paid', 'settled', 'cured') THEN closed_day + 1 ELSE {DAYS} END)
        FROM {{accounts}}""",
    "cash_weighted_days": "SELECT sum(cash * day) / sum(cash) FROM {daily}",
    "cure_rate": f"SELECT count(*) / {ACCOUNTS}.0 FROM {{accounts}} WHERE status IN ('paid', 'cured')",
    "cured_balance_rate": "SELECT coalesce(sum(balance) FILTER (status = 'cured'), 0) / sum(opening) FROM {accounts}",
    "cost_to_collect": f"SELECT (sum(cost) + sum(overhead) + sum({IDLE})) / sum(cash) FROM {{daily}}",
    "variable_cost_to_collect": "SELECT sum(cost) / sum(cash) FROM {daily}",
    "complaints_per_1000": f"SELECT 1000.0 * count(*) / {ACCOUNTS} FROM {{events}} WHERE complaint",
    "breaches": "SELECT sum(breaches) FROM {daily}",
    "rpc_rate": f"SELECT avg(CAST(reached AS INT)) FROM {{events}} WHERE done AND {CALL}",
    "kept_promise_rate": """SELECT count(*) FILTER (promise_kept) / count(*) FILTER (promise_kept OR promise_broken)
        FROM {events}""",
    "occupancy": """SELECT (sum(collector_seconds) + sum(specialist_seconds)) / (sum(collector_capacity) + sum(specialist_capacity))
        FROM {daily}""",
}
# What was added to the claims is what has gone or is still owed, less what they began with: no cent is lost.
ADDED = "sum(cash + forgiven + written_off + balance - opening)"
BURDENS = {
    "debtor_cost": f"SELECT {ADDED} / sum(opening) FROM {{accounts}}",
    "debtor_interest": f"SELECT ({ADDED} - (SELECT sum(fees) FROM {{daily}})) / sum(opening) FROM {{accounts}}",
    "debtor_fees": f"SELECT sum(fees) / {OWED} FROM {{daily}}",
    "complaints_per_1000": MEASURES["complaints_per_1000"],
    "plans_broken": """SELECT count(*) FILTER (plan_broken) / count(*) FILTER (accepted AND offer IN ('plan', 'restructure'))
        FROM {events}""",
    "opt_outs_per_1000": f"SELECT 1000.0 * count(*) / {ACCOUNTS} FROM {{events}} WHERE opt_out",
    "sued_per_1000": f"SELECT 1000.0 * count(DISTINCT account_id) / {ACCOUNTS} FROM {{events}} WHERE legal = 'suit' AND done",
    # What the simulation alone knows (work, means) is in the accounts only.
    "plans_fit": "SELECT sum(plans_fit) / sum(plans) FROM {accounts}",
    "distress_suits_per_1000": f"SELECT 1000.0 * sum(distress_suits) / {ACCOUNTS} FROM {{accounts}}",
    "distress_contacts": "SELECT sum(distress_contacts) / sum(attempts) FROM {accounts}",
    "distress_seized": "SELECT sum(distress_seized) / sum(opening) FROM {accounts}",
    "hardship_calls_per_1000": f"SELECT 1000.0 * sum(hardship_calls) / {ACCOUNTS} FROM {{accounts}}",
    "hardship_suits": "SELECT sum(hardship_suits) FROM {accounts}",
    # What is asked of a debtor: every attempt, by text, call, letter or visit, whether or not it reaches anyone.
    "contacts_per_debtor": f"SELECT count(*) / {ACCOUNTS}.0 FROM {{events}} WHERE done AND channel IS NOT NULL",
    # The week of an attempt are its own day and the six before; the debtors in order, the one at 95 % of them.
    "busiest_week_p95": f"""WITH attempts AS (SELECT account_id, day FROM {{events}} WHERE done AND channel IS NOT NULL),
        weeks AS (SELECT a.account_id, count(*) AS n FROM attempts a JOIN attempts b
                  ON a.account_id = b.account_id AND b.day BETWEEN a.day - 6 AND a.day GROUP BY a.account_id, a.day),
        busiest AS (SELECT coalesce(max(n), 0) AS n FROM {{accounts}} LEFT JOIN weeks USING (account_id) GROUP BY account_id)
        SELECT n FROM busiest ORDER BY n OFFSET CAST(ceil(0.95 * {ACCOUNTS}) AS INT) - 1 LIMIT 1""",
}


@every_run
@pytest.mark.parametrize("measure", MEASURES)
def test_measure_is_what_the_tables_and_the_log_say(folder, sql, measure, policy, seed):
    assert part_of(folder, policy, seed)["measures"][measure] == pytest.approx(
        one(sql, MEASURES[measure], policy, seed), rel=1e-9
    )


@every_run
@pytest.mark.parametrize("measure", BURDENS)
def test_burden_is_what_the_tables_and_the_log_say(folder, sql, measure, policy, seed):
    assert part_of(folder, policy, seed)["welfare"][measure] == pytest.approx(
        one(sql, BURDENS[measure], policy, seed), rel=1e-9, nan_ok=True
    )


def test_every_measure_of_the_registry_is_recomputed_and_something_happened_in_each(folder, sql):
    part = part_of(folder, "terms", 1)
    assert set(part["measures"]) == set(MEASURES) and set(part["welfare"]) == set(BURDENS)
    never = {
        "breaches",
        "cured_balance_rate",  # no card asks for minimums here
        "hardship_suits",
        "hardship_calls_per_1000",
        "distress_seized",
    }  # stopped by the rules, or rare
    for name, query in {**MEASURES, **BURDENS}.items():
        assert name in never or any(one(sql, query, policy, seed) > 0 for policy, seed in PAIRS), name
    states = dict(sql.execute("SELECT status, count(*) FROM accounts GROUP BY status").fetchall())
    assert min(states.get(status, 0) for status in ("open", "paid", "settled", "written_off")) > 0, states
    stages = dict(sql.execute("SELECT stage, count(*) FROM accounts GROUP BY stage").fetchall())
    assert min(stages.get(stage, 0) for stage in ("dismissed", "judged", "noticed")) > 0, stages


# Share of what is owed that a claim is sold for, by days past due: on the line between two ages (scenarios/china-consumer.yaml).
PRICES = {1: 0.6, 30: 0.28, 60: 0.2, 90: 0.17, 181: 0.12, 360: 0.08, 540: 0.05, 854: 0.0415, 1095: 0.03, 1825: 0.018}


@every_run
def test_each_claim_has_at_least_its_price_at_the_horizon(sql, policy, seed):
    """Exactly that, to the cent, where nothing was agreed or judged and where it was written off; more where it was."""
    query = f"SELECT * FROM accounts WHERE policy = '{policy}' AND seed = {seed}"
    table = sql.execute(query).df()
    price = np.interp(table["dpd"] + DAYS, list(PRICES), list(PRICES.values()))
    owed = np.where(table["status"] == "written_off", table["written_off"], table["balance"])
    sold, value = price * owed, table["horizon_value"]
    assert (value[table["status"].isin(["paid", "settled"])] == 0).all()
    assert ((value >= sold - 0.5) & (value <= owed)).all()
    written_off = table["status"] == "written_off"
    agreed = (table["plans"] > table["plans_broken"]) | (table["promises"] > table["kept"] + table["broken"])
    plain = written_off | ((table["status"] == "open") & ~agreed & ~table["stage"].isin(["judged", "enforcing"]))
    assert plain.sum() > 10 and ((value - sold)[plain].abs() <= 0.5 + 1e-6).all()


TIER_MEASURES = {
    "recovery_rate": "sum(cash) / sum(opening)",
    "variable_net_recovery_rate": "(sum(cash) - sum(cost)) / sum(opening)",
    "value_at_horizon": "sum(horizon_value) / sum(opening)",
    "time_to_recover_days": f"avg(CASE WHEN status IN ('paid', 'settled', 'cured') THEN closed_day + 1 ELSE {DAYS} END)",
    "cash_weighted_days": "sum(cash_day_sum) / sum(cash)",
    "cure_rate": "count(*) FILTER (status IN ('paid', 'cured')) / count(*)",
    "cured_balance_rate": "coalesce(sum(balance) FILTER (status = 'cured'), 0) / sum(opening)",
    "variable_cost_to_collect": "sum(cost) / sum(cash)",
    "complaints_per_1000": "1000 * sum(complaints) / count(*)",
    "breaches": "sum(breaches)",
    "rpc_rate": "sum(call_reaches) / sum(call_attempts)",
    "kept_promise_rate": "sum(kept) / (sum(kept) + sum(broken))",
}


@every_run
@pytest.mark.parametrize("tier", ["low", "medium", "high"])
def test_measures_of_a_tier_are_those_of_its_accounts(folder, sql, tier, policy, seed):
    found = part_of(folder, policy, seed)
    assert set(found["tiers"][tier]) == set(TIER_MEASURES)
    cut = f"FROM {{accounts}} WHERE entry_tier = '{tier}'"
    for name, formula in TIER_MEASURES.items():
        expected = one(sql, f"SELECT {formula} {cut}", policy, seed)
        undefined = expected is None or np.isnan(expected)
        assert found["tiers"][tier][name] == (None if undefined else pytest.approx(expected, rel=1e-12)), name
    assert found["tier_accounts"][tier] == one(sql, f"SELECT count(*) {cut}", policy, seed)


@every_run
def test_curves_by_day(folder, sql, policy, seed):
    part = part_of(folder, policy, seed)
    assert len(part["liquidation"]) == len(part["unresolved"]) == DAYS
    for day in (0, 1, 17, 60, DAYS - 1):
        cash = one(sql, f"SELECT sum(cash) / {OWED} FROM {{daily}} WHERE day <= {day}", policy, seed)
        assert part["liquidation"][day] == pytest.approx(cash, rel=1e-12)
        gone = f"SELECT count(*) FROM {{accounts}} WHERE status IN ('paid', 'settled', 'cured') AND closed_day <= {day}"
        assert part["unresolved"][day] == pytest.approx(1 - one(sql, gone, policy, seed) / ACCOUNTS, rel=1e-12)


@every_run
@pytest.mark.parametrize("month", [1, 3])
def test_measures_of_a_month_in_the_dashboard_are_those_of_its_days(folder, sql, month, policy, seed):
    group = Group(open_run(folder), Filters(month=month))
    days = (30 * month - 30, 30 * month - 1)
    assert measures_of(group) == MEASURES_OF_A_MONTH
    for name in MEASURES_OF_A_MONTH:
        expected = one(sql, {**MEASURES, **BURDENS}[name], policy, seed, days)
        assert values(group, policy, name)[SEEDS.index(seed)] == pytest.approx(expected, rel=1e-9, nan_ok=True), name


@every_run
def test_cash_of_some_accounts_in_a_month_is_that_of_their_payments(folder, sql, policy, seed):
    group = Group(open_run(folder), Filters(month=2, tier="medium"))
    assert measures_of(group) == ("recovery_rate",)
    payments = f"'{folder}/parts/{policy}/{seed}.payments.parquet'"
    medium = "(SELECT * FROM {accounts} WHERE entry_tier = 'medium')"
    query = f"""SELECT (SELECT sum(paid.cash) FROM {payments} AS paid JOIN {medium} USING (account_id) WHERE paid.day BETWEEN 30 AND 59)
        / sum(opening) FROM {medium}"""
    expected = one(sql, query, policy, seed)
    assert expected > 0
    assert values(group, policy, "recovery_rate")[SEEDS.index(seed)] == pytest.approx(expected, rel=1e-9)


@every_run
def test_roll_rates_follow_each_account_through_the_days_of_the_bucket(folder, sql, policy, seed):
    """An account is d days past due on day d − dpd; a bucket is the 30 days up to 30, 60, … days past due."""
    part = part_of(folder, policy, seed)
    for month in range(1, 7):
        first, last = f"({30 * month - 29} - dpd)", f"({30 * month} - dpd)"
        query = f"""SELECT count(*) FILTER (status NOT IN ('paid', 'settled', 'cured') OR closed_day > {last}) / count(*) FROM {{accounts}}
            WHERE {first} >= 0 AND {last} <= {DAYS - 1} AND (status = 'open' OR closed_day >= {first})"""
        found = part["roll_rates"][f"M{month}→M{month + 1}"]
        assert found == pytest.approx(one(sql, query, policy, seed), rel=1e-12), month


@every_run
def test_counts_of_events_staff_and_courts_are_those_of_the_days(folder, sql, policy, seed):
    part = part_of(folder, policy, seed)
    counted = {
        "attempts": "count(*) FILTER (done AND channel IS NOT NULL)",
        "promises": "count(*) FILTER (promise)",
        "accepted": "count(*) FILTER (accepted)",
        "suits": "count(*) FILTER (done AND legal = 'suit')",
        "unserved": "count(*) FILTER (NOT done AND channel IS NOT NULL)",
    }
    for name, formula in counted.items():
        assert part["events"][name] == one(sql, f"SELECT {formula} FROM {{events}}", policy, seed), name
    answers = one(
        sql, "SELECT sum(accepted) + sum(refused) FROM {daily}", policy, seed
    )  # to every offer put to a debtor
    assert part["events"]["offers"] == answers
    for column in ("judgments", "seizures"):
        assert part["events"][column] == one(sql, f"SELECT sum({column}) FROM {{daily}}", policy, seed)
    for pool in ("collector", "specialist", "autocall", "visit"):
        found = part["resources"][pool]
        for key, column in (
            ("seconds_used", "seconds"),
            ("seconds_on_shift", "capacity"),
            ("requested", "requested"),
            ("served", "served"),
        ):
            assert found[key] == one(sql, f"SELECT sum({pool}_{column}) FROM {{daily}}", policy, seed), (pool, key)
    # Mean cases at once, not their sum over the days.
    for key, column in (("active_cases", "active"), ("case_places", "capacity"), ("waiting_suits", "queue")):
        mean = one(sql, f"SELECT sum(legal_{column}) / {DAYS} FROM {{daily}}", policy, seed)
        assert part["legal_team"][key] == pytest.approx(mean, rel=1e-12)


class CallEveryDay:
    """An automated call to everybody on each day, whatever the rules say."""

    name, identity, dropped = "call-every-day", "call-every-day", ()

    def __init__(self, menu):
        self.call = menu.index["autocall/morning"]

    def act(self, observations, masks, numbers=None):
        return np.full(len(observations), self.call)

    def priority(self, observations, actions):
        return None


def test_breaches_are_counted_where_the_gate_is_off():
    scenario = load_scenario("us-cards")
    simulation = Simulation(
        scenario.world, scenario.portfolio(60, 1), scenario.rules, 1, gate=False, record_events=True
    )
    run = roll_out(scenario, CallEveryDay(simulation.menu), simulation, 20)
    flagged = int(simulation.events_table()["breach"].sum())
    assert flagged > 100
    assert measure_run(run)["breaches"] == flagged == sum(run.breaches.values())
