"""The decision on the first page: money per month, payback, the size of a pilot, margins, and the rule of the verdict, worked out by hand."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.files import ACCOUNTS_TABLE
from recoup.experiments.comparison.money import PARTS, Worth, gain, payback, times, unexplained, variance, worth
from recoup.experiments.comparison.pilot import per_arm, pilot
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.comparison.verdicts import Case, Reason, Verdict, in_force, judge, recommended
from recoup.experiments.comparison.welfare import BURDENS, Gap, State, gaps
from recoup.experiments.report import text_in
from recoup.experiments.report.decision import Asked, decide, verdict_lines, worlds_of
from recoup.experiments.robustness.files import WHY_FILE
from recoup.experiments.robustness.why import WORLDS, explain
from recoup.sim.inputs import InputError

SEEDS = (1, 2)
MONTH = 365.25 / 12


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decision") / "run"
    plans = ("no-contact", "status-quo", "tuned")
    compare(Comparison("taiwan-cards", plans, seeds=2, accounts=150, days=60), folder)
    return folder


# --- money ----------------------------------------------------------------------------------------------------------------


def of(
    cash: list[float], horizon: list[float], treatment: list[float], standing: list[float], accounts: float
) -> Worth:
    parts = dict(zip(PARTS, (np.array(values) for values in (cash, horizon, treatment, standing)), strict=True))
    return Worth(parts, np.full(len(cash), accounts), 4.0, 1.0, np.zeros(len(cash)))


OURS = of([900.0, 960.0], [300.0, 300.0], [-60.0, -60.0], [-40.0, -40.0], 50.0)
THEIRS = of([700.0, 700.0], [240.0, 240.0], [-90.0, -90.0], [-10.0, -10.0], 50.0)


def test_a_gain_is_the_paired_difference_of_net_present_value_over_months() -> None:
    """Fully loaded: 1,100 − 840 = 260 and 1,160 − 840 = 320; at variable cost: 1,140 − 850 = 290 and 350; over two months."""
    found = gain(OURS, THEIRS, days=2 * MONTH)  # type: ignore[arg-type]
    assert found.full["mean"] == pytest.approx((260 + 320) / 2 / 2)
    assert found.variable["mean"] == pytest.approx((290 + 350) / 2 / 2)
    assert {part: found.parts[part]["mean"] for part in PARTS} == pytest.approx(
        {"cash": 115.0, "horizon": 30.0, "treatment": 15.0, "standing": -15.0}
    )
    assert sum(part["mean"] or 0.0 for part in found.parts.values()) == pytest.approx(found.full["mean"])
    assert found.full["low"] is not None and found.full["low"] <= 130 <= 160 <= (found.full["high"] or 0.0)
    assert found.per_account == pytest.approx((290 + 350) / 2 / 50)


def test_money_is_scaled_to_the_whole_portfolio_and_a_rate_is_not() -> None:
    small, large = (gain(OURS, THEIRS, 60, accounts) for accounts in (None, 500.0))
    assert large.full["mean"] == pytest.approx(10 * (small.full["mean"] or 0.0))
    assert large.per_account == small.per_account
    assert times({"mean": 2.0, "low": None, "high": 3.0}, 12.0) == {"mean": 24.0, "low": None, "high": 36.0}


def test_one_seed_has_money_and_no_interval() -> None:
    ours, theirs = (of([value], [0.0], [0.0], [0.0], 10.0) for value in (300.0, 100.0))
    assert gain(ours, theirs, days=2 * MONTH).full == {"mean": pytest.approx(100.0), "low": None, "high": None}  # type: ignore[arg-type]


def test_payback_is_the_cost_over_the_gain_and_never_where_there_may_be_none() -> None:
    assert payback(600.0, {"mean": 200.0, "low": 100.0, "high": 300.0}) == {"mean": 3.0, "low": 2.0, "high": 6.0}
    assert payback(600.0, {"mean": 200.0, "low": -1.0, "high": 300.0}) == {"mean": 3.0, "low": 2.0, "high": None}
    assert payback(600.0, {"mean": -5.0, "low": -9.0, "high": -1.0}) == {"mean": None, "low": None, "high": None}


def balances(folder: Path) -> list[float]:
    """What was owed on each seed, whose accounts are another sample of the portfolio."""
    accounts = ACCOUNTS_TABLE.read(folder / ACCOUNTS_TABLE.name)
    return [float(accounts.query(f"policy == 'tuned' and seed == {seed}")["opening"].sum()) / 100 for seed in SEEDS]


def test_worth_over_the_balance_is_the_net_present_value_of_the_run(finished: Path) -> None:
    run = Run(finished)
    found, balance = worth(finished, run.names, run.results["seeds"]), balances(finished)
    for name in run.names:
        for number, part in enumerate(run.parts(name)):
            assert found[name].full[number] / balance[number] == pytest.approx(part["measures"]["npv_rate"], abs=1e-9)
    assert (
        found["no-contact"].parts["treatment"].tolist() == [0.0, 0.0] == found["no-contact"].notices_per_1000.tolist()
    )
    assert found["tuned"].notices_per_1000.min() > 0


def test_variance_between_accounts_and_what_a_line_leaves_of_it() -> None:
    assert variance(np.array([1.0, 3.0])) == 2.0 and variance(np.array([7.0])) == 0.0
    opening = np.array([1.0, 2.0, 3.0, 4.0])
    assert unexplained(2 * opening + 1, opening) == pytest.approx(0.0)
    # Residuals ±1, ∓1 about a flat line: their squares sum to 4, over 4 − 2 degrees of freedom.
    assert unexplained(np.array([1.0, -1.0, -1.0, 1.0]), opening) == pytest.approx(2.0)
    assert unexplained(np.array([1.0, 3.0, 5.0]), np.ones(3)) == pytest.approx(4.0)  # no line in a constant


# --- the pilot ------------------------------------------------------------------------------------------------------------


def test_a_tenth_of_a_standard_deviation_takes_1570_accounts_in_each_arm() -> None:
    """(1.959964 + 0.841621)² × 2 / 0.1² = 1,569.8, as tables of sample sizes have it."""
    assert per_arm(10.0, (100.0**2, 100.0**2)) == 1570
    assert per_arm(20.0, (100.0**2, 100.0**2)) == 393  # a gain twice as large takes a quarter
    assert per_arm(10.0, (100.0**2, 0.0)) == 785  # each arm counts with its own variance
    assert per_arm(1e9, (1.0, 1.0)) == 2


def test_weeks_of_a_pilot_are_both_arms_over_the_inflow() -> None:
    found = pilot(10.0, (40000.0, 40000.0), (10000.0, 10000.0), inflow=314.0)
    assert (found.per_arm, found.adjusted_per_arm, found.weeks) == (6280, 1570, pytest.approx(10.0))
    assert pilot(10.0, (1.0, 1.0), (1.0, 1.0)).weeks is None


# --- margins ----------------------------------------------------------------------------------------------------------------

# Student's t at 0.975 with two degrees of freedom has a closed form: (2p − 1) √(2 / (4p (1 − p))).
T = 0.95 * math.sqrt(2 / (4 * 0.975 * 0.025))
LEVEL = {"contacts_per_debtor": 20.0, "busiest_week_p95": 4.0, "debtor_cost": 0.1, "complaints_per_1000": 20.0}
LEVEL |= {"distress_suits_per_1000": 20.0, "plans_broken": 0.3}


def gap_of(burden: str, change: list[float]) -> Gap:
    theirs = {name: [level] * 3 for name, level in LEVEL.items()}
    ours = {**theirs, burden: [base + more for base, more in zip(theirs[burden], change, strict=True)]}
    return next(gap for gap in gaps(ours, theirs) if gap.burden.measure == burden)


def test_within_the_margin_takes_an_upper_limit_that_is_not_above_it() -> None:
    """Margin of contacts at 20: 2. Gaps m − s, m, m + s have a mean of m and an upper limit of m + t s / √3."""
    spread = 0.1
    for share, state in ((1.01, State.WITHIN), (0.99, State.UNDECIDED)):
        middle = 2.0 - share * T * spread / math.sqrt(3)
        found = gap_of("contacts_per_debtor", [middle - spread, middle, middle + spread])
        assert found.margin == 2.0 and found.state is state, share
    assert gap_of("contacts_per_debtor", [5.0, 5.1, 4.9]).state is State.BEYOND
    assert gap_of("contacts_per_debtor", [-5.0, -5.1, -4.9]).lighter
    assert gap_of("busiest_week_p95", [0.5, 0.5, 0.5]).state is State.WITHIN  # at the margin, the same on every seed
    assert gap_of("busiest_week_p95", [1.0, 1.0, 1.0]).state is State.BEYOND


def test_plans_that_nobody_agreed_break_no_margin() -> None:
    nan = [math.nan] * 3
    values = {name: [level] * 3 for name, level in LEVEL.items()} | {"plans_broken": nan}
    assert {gap.state for gap in gaps(values, values)} == {State.WITHIN}
    one = {name: [level] for name, level in LEVEL.items()}
    assert {gap.state for gap in gaps(one, one)} == {State.UNDECIDED}  # one seed


# --- the rule ---------------------------------------------------------------------------------------------------------------


def clear(mean: float, half: float) -> dict[str, Any]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def held(*beyond: int, lighter: tuple[int, ...] = (), undecided: tuple[int, ...] = ()) -> list[Gap]:
    states = [
        State.BEYOND if n in beyond else State.UNDECIDED if n in undecided else State.WITHIN
        for n in range(len(BURDENS))
    ]
    return [
        Gap(burden, 1.0, state, n in lighter) for n, (burden, state) in enumerate(zip(BURDENS, states, strict=True))
    ]


GOOD = {world: clear(0.02, 0.01) for world in WORLDS}
ONE_LOST = {**GOOD, "empty-notices": clear(0.02, 0.03)}
CASES: list[tuple[str, dict[str, Any], Verdict, set[Reason]]] = [
    ("all holds", {"worlds": GOOD}, Verdict.SHIP, {Reason.ALL_HOLD}),
    ("lighter burdens are no harm", {"worlds": GOOD, "gaps": held(lighter=(0, 1))}, Verdict.SHIP, {Reason.ALL_HOLD}),
    ("no world was tried", {}, Verdict.TEST, {Reason.WORLDS_UNKNOWN}),
    ("a world is lost", {"worlds": ONE_LOST}, Verdict.TEST, {Reason.WORLDS_OPEN}),
    ("a burden is open", {"worlds": GOOD, "gaps": held(undecided=(2,))}, Verdict.TEST, {Reason.BURDENS_OPEN}),
    ("one for one", {"worlds": GOOD, "gaps": held(0, lighter=(1,))}, Verdict.TEST, {Reason.TRADE_OFF}),
    ("two for one", {"worlds": GOOD, "gaps": held(0, 1, lighter=(2,))}, Verdict.DONT, {Reason.HEAVIER}),
    ("heavier for nothing", {"worlds": GOOD, "gaps": held(3)}, Verdict.DONT, {Reason.HEAVIER}),
    (
        "a gain that matters is in the interval",
        {"gain": clear(0.0, 0.006)},
        Verdict.TEST,
        {Reason.OPEN, Reason.WORLDS_UNKNOWN},
    ),
    ("none that matters is", {"gain": clear(0.0, 0.004)}, Verdict.DONT, {Reason.NO_GAIN}),
    ("worse", {"gain": clear(-0.02, 0.01), "worlds": GOOD}, Verdict.DONT, {Reason.WORSE}),
    ("one seed", {"gain": {"mean": 0.02, "low": None, "high": None}}, Verdict.DONT, {Reason.ONE_SEED}),
    ("hardship", {"worlds": GOOD, "hardship_suits": 1}, Verdict.DONT, {Reason.HARDSHIP}),
    ("breaches", {"worlds": GOOD, "breaches": 3}, Verdict.DONT, {Reason.BREACHES}),
]


@pytest.mark.parametrize(("what", "changed", "verdict", "reasons"), CASES, ids=[case[0] for case in CASES])
def test_the_rule_of_the_verdict(what: str, changed: dict[str, Any], verdict: Verdict, reasons: set[Reason]) -> None:
    """The plan in force is worth 0.5 of the balance, so that gains from 0.005 matter."""
    found = judge(Case(**{"gain": clear(0.02, 0.01), "base": 0.5, "gaps": held()} | changed))
    assert found.verdict is verdict and set(found.reasons) == reasons


def results(
    values: dict[str, float], learned: list[str], sure: float = 0.0, champion: str | None = None
) -> dict[str, Any]:
    """Policies worth so much; the learned ones differ from others by more than chance where `sure` is above 0."""
    return {
        "policies": {name: {"npv_rate": {"mean": value}} for name, value in values.items()},
        "differences": {a: {b: {"npv_rate": {"low": sure}} for b in values if b != a} for a in values},
        "learned": learned,
        "settings": {"champion": champion},
    }


def test_the_plan_in_force_is_named_or_the_status_quo_or_the_first_that_contacts_anybody() -> None:
    values = {"no-contact": 0.1, "mine": 0.2, "status-quo": 0.3}
    assert in_force(results(values, [])) == "status-quo"
    assert in_force(results(values, [], champion="mine")) == "mine"
    assert in_force(results({"no-contact": 0.1, "mine": 0.2}, [])) == "mine"
    assert in_force(results({"mine": 0.2}, [])) is None


def test_a_learned_policy_is_recommended_only_if_it_beats_the_plan_that_people_can_read() -> None:
    good, test, bad = (judge(Case(clear(mean, 0.01), 0.5, held())) for mean in (0.03, 0.0, -0.03))
    judged = {"tuned": good, "learned": good, "staged": test, "no-contact": bad}
    values = {"status-quo": 0.5, "tuned": 0.53, "learned": 0.54, "staged": 0.9, "no-contact": 0.1}
    assert recommended(results(values, ["learned"]), judged) == "tuned"
    assert recommended(results(values, ["learned"], sure=0.001), judged) == "learned"
    assert recommended(results(values, ["learned"]), {"no-contact": bad, "learned": test}) == "learned"


# --- the whole --------------------------------------------------------------------------------------------------------------


def test_a_decision_of_a_run_is_that_of_its_own_numbers(finished: Path) -> None:
    run = Run(finished)
    found = decide(run, Asked(accounts=1500, inflow=100.0))
    assert found is not None and (found.champion, found.challenger) == ("status-quo", "tuned") == (
        run.reference,
        run.best,
    )
    rates = {name: [part["measures"]["npv_rate"] for part in run.parts(name)] for name in ("tuned", "status-quo")}
    gained = [(ours - theirs) * owed for ours, theirs, owed in zip(*rates.values(), balances(finished), strict=True)]
    per_month = sum(gained) / 2 / (60 / MONTH)
    assert found.gains["tuned"].full["mean"] == pytest.approx(10 * per_month)
    assert found.worlds is None and Reason.ALL_HOLD not in found.verdict.reasons
    assert found.payback is None and (found.pilot is None or found.pilot.weeks is not None)
    lines = verdict_lines(run, found, text_in("en"))
    assert len(lines) == 2 and lines[0].startswith("tuned: ") and "FAILED" not in " ".join(lines)


def test_another_champion_and_a_cost_may_be_named_afterwards(finished: Path) -> None:
    run = Run(finished, champion="tuned", change_cost=1e6)
    found = decide(run)
    assert found is not None and found.champion == "tuned" and found.challenger == "status-quo"
    assert found.payback is not None
    with pytest.raises(InputError, match="champion"):
        Run(finished, champion="staged")
    assert decide(Run(finished)).champion == "status-quo"  # type: ignore[union-attr]


def test_the_worlds_are_those_of_the_pair_that_is_decided_on(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    assert explain(folder) is None  # nobody learned, and no champion was named
    text = (folder / "results.json").read_text(encoding="utf-8")
    (folder / "results.json").write_text(text.replace('"champion": null', '"champion": "status-quo"'), encoding="utf-8")
    assert explain(folder) is not None
    why = WHY_FILE.read(folder)
    assert (why["worlds"]["baseline"], why["worlds"]["challenger"]) == ("status-quo", "tuned")
    found, small = worlds_of(Run(folder))
    assert found is not None and set(found) == set(WORLDS) and small
    assert worlds_of(Run(folder, champion="no-contact")) == (None, False)


def test_money_is_written_to_three_digits_in_the_scale_of_the_language() -> None:
    say, sagen = text_in("en"), text_in("zh")
    interval = {"mean": 2_284_000.0, "low": 2_149_000.0, "high": 2_411_000.0}
    assert say.money_span(interval, "TWD") == "TWD +2.28\u00a0million (+2.15 to +2.41)"
    assert sagen.money_span(interval, "TWD") == "TWD +228\u00a0万（+215 至 +241）"
    assert (
        say.money(-48_512.0, "CNY") == "CNY −48,500"
        and sagen.money(123_456_789.0, "CNY", signed=False) == "CNY 1.23\u00a0亿"
    )
    assert say.money(None, "CNY") == "–" and say.money(0.0, "CNY") == "CNY 0"
