"""The kinds of files that users hand over or programs write, each with right files to begin from and the commands that read them."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.csv
import pyarrow.parquet

from recoup.agents import features, learned, price_family
from recoup.agents.library import load_policy
from recoup.agents.training.learners import ALGORITHMS, build, hyperparameters
from recoup.experiments.calibration.files import CALIBRATION_FILE
from recoup.experiments.checks.calibration import targets
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.learning.cohorts import BROUGHT, PARTS
from recoup.experiments.learning.distillation import MEASURED
from recoup.experiments.learning.settings import IndexStudy, Training
from recoup.experiments.robustness.conduct import FIGURES, RUN_OUTCOME
from recoup.experiments.robustness.trial import CONTACTS
from recoup.experiments.robustness.trial_cache import OUTCOME
from recoup.experiments.robustness.upper_bounds import BOTH_BOUNDS
from recoup.experiments.runs.kept import Kept
from recoup.results import Results
from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.auditlog import AUDIT_COLUMNS
from recoup.sim.operations.correction import COLUMNS
from recoup.sim.operations.resources import RESOURCE_NAMES
from tests import ROOT
from tests.command import recoup
from tests.fuzz.violations import Command

SCENARIOS, RULES = ROOT / "scenarios", ROOT / "scenarios" / "rules"
POLICIES = ROOT / "agents" / "policies"
HYPERPARAMETERS = ROOT / "agents" / "training" / "hyperparameters"
TINY = ("--accounts", "3", "--days", "3", "--seeds", "1", "--no-why", "--out", "run")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        lay_out: puts right files into an empty folder and returns those of which one is damaged; the choice among originals is the
            random generator's.
        commands: run on the damaged files one after the other, until one refuses them; the first only reads, or does little more.
        one_of: one of the commands, chosen at random, instead of all.
    """

    lay_out: Callable[[Path, Random], list[Path]]
    commands: tuple[Command, ...]
    one_of: bool = False


def _copied(folder: Path, random: Random, name: str, *originals: Path) -> list[Path]:
    return [Path(shutil.copyfile(random.choice(originals), folder / name))]


# --- what users write -------------------------------------------------------------------------------------------------


def _scenario(folder: Path, random: Random) -> list[Path]:
    """A shipped scenario under another name, with a few accounts of the portfolio that one of them reads."""
    for inner in ("portfolios", "maps"):
        shutil.copytree(SCENARIOS / inner, folder / inner)
    _first_rows(folder / "portfolios" / "uci_credit_card_delinquent.csv")
    return _copied(folder, random, "mine.yaml", *sorted(SCENARIOS.glob("*.yaml")))


def _first_rows(table: Path) -> None:
    table.write_text("".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:20]), encoding="utf-8")


def _plan(folder: Path, random: Random) -> list[Path]:
    own = sorted(POLICIES.glob("china-consumer-*.yaml"))
    return _copied(folder, random, "mine.yaml", *sorted((SCENARIOS / "plans").glob("*.yaml")), *own)


def _rules(folder: Path, random: Random) -> list[Path]:
    (folder / "world.yaml").write_text("extends: china-consumer\nname: mine\nrules: pack.yaml\n", encoding="utf-8")
    _log(folder, random)
    return _copied(folder, random, "pack.yaml", *sorted(RULES.glob("*.yaml")))


BOOK = """number,amount,due,product,income,score,age,sex,region,mail,assets,early,months
a1,"5,000.50",2025-01-05,consumer_loan,6000,640,34,female,east,1,0,0.3,12
a2,800,2025-02-20,credit_card,,,51,male,west,0,1,,30
a3,(20.00),2025-03-01,consumer_loan,12000,700,27,,central,1,0,0.1,3
a4,"12,300",2024-06-30,consumer_loan,4000,580,45,female,east,1,1,0.7,48
a4,"12,300",2024-06-30,consumer_loan,4000,580,45,female,east,1,1,0.7,48
"""
MAP = """source: made up
thousands: ","
currency: [CNY]
rows: {drop: [credit_balance, not_yet_due], duplicates: last, without: {product: [mortgage]}}
fields:
  account_id: number
  opening_balance: amount
  dpd: {date_column: due, as_of: 2025-03-03}
  product: product
  monthly_income: {column: income, scale: 1.0}
  credit_score: score
  age: age
  sex: {column: sex, values: {female: female, male: male}}
  stable_assets: {column: assets, values: {"0": "0", "1": "1"}}
  early_warning: early
  tenure_months: months
  prior_delinquencies: {count_at_least: {columns: [mail, assets], threshold: 1}}
"""


def _portfolio(folder: Path, random: Random) -> list[Path]:
    book, column_map = folder / "book.csv", folder / "map.yaml"
    if random.random() < 0.5:
        shutil.copyfile(SCENARIOS / "portfolios" / "uci_credit_card_delinquent.csv", book)
        _first_rows(book)
        shutil.copyfile(SCENARIOS / "maps" / "uci-taiwan.yaml", column_map)
    else:
        book.write_text(BOOK, encoding="utf-8")
        column_map.write_text(MAP, encoding="utf-8")
    return [book, column_map]


def _portfolio_in_parquet(folder: Path, random: Random) -> list[Path]:
    book, column_map = _portfolio(folder, random)
    made = folder / "book.parquet"
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(book), made)
    book.unlink()
    return [made, made, column_map]


WORKBOOK_MAP = """for: portfolio
sheet: Ledger
header: 2
decimal: ","
as_of: 2025-03-03
dates: ["%d/%m/%Y", excel]
bad_rows: skip
rows: {range: {amount: {least: -5, most: 1000000}, due: {from: 2020-01-01}}, duplicates: first}
fields:
  account_id: {first_of: [number, old]}
  opening_balance: {sum: [amount, fees], scale: 1.0}
  dpd: {date_column: due}
  monthly_income: {difference: [amount, fees]}
  region: {column: amount, buckets: {0: small, 100: large}}
  stable_assets: {column: kind, values: {house: "yes", "?": ""}, otherwise: "no"}
"""


def _workbook(folder: Path, random: Random) -> list[Path]:
    book, column_map = folder / "book.xlsx", folder / "map.yaml"
    made = openpyxl.Workbook()
    ledger = made.create_sheet("Ledger")
    for row in (
        ["Extract"], ["number", "old", "amount", "fees", "due", "kind"], [1001, None, 1234.5, 10, date(2025, 1, 5), "house"],
        [None, "b", "99,5", None, "20/02/2025", "flat"], ["c", "", 7, 0.5, 45658, "?"], ["c", "", 7, 0.5, 45658, None],
    ):  # fmt: skip
        ledger.append(row)
    made.save(book)
    column_map.write_text(WORKBOOK_MAP, encoding="utf-8")
    return [book, book, column_map]


STATE_BOOK = """number,client,amount,due,left,called,by channel,ptp,ptp amount,months,next,court,since,texts,result
a1,x,1000,60,900.5,1 4 9,autocall: 1 4; collector: 9; sms: 2,2025-03-07,120,,,none,,0,PTP
a2,x,800,90,,0,0,,,6,2025-03-20,filed,2025-02-01,1,none
a3,,500,30,,,,,,,,,,,
"""
STATE_MAP = """for: portfolio
as_of: 2025-03-03
draw: {fields: [last_outcome]}
fields:
  account_id: number
  customer_id: client
  opening_balance: amount
  dpd: due
  balance: left
  call_days: called
  channel_days: by channel
  promise_due: ptp
  promise_amount: ptp amount
  plan_months: months
  plan_next_due: next
  legal_stage: court
  legal_stage_date: since
  opted_out: texts
  last_outcome: {column: result, values: {PTP: promised, none: none}}
"""


def _portfolio_in_midlife(folder: Path, random: Random) -> list[Path]:
    (folder / "book.csv").write_text(STATE_BOOK, encoding="utf-8")
    (folder / "map.yaml").write_text(STATE_MAP, encoding="utf-8")
    return [folder / "book.csv", folder / "map.yaml"]


CONTACTS_MAP = """for: contacts
dates: ["%Y-%m-%d %H:%M", "%d.%m.%Y"]
rows: {without: {how: [note]}, duplicates: last}
fields:
  account_id: case
  date: at
  hour: {column: at, format: ["%Y-%m-%d %H:%M", "%d.%m.%Y"]}
  channel: {column: how, values: {call: collector, text: sms}}
  direction: {constant: outbound}
  outcome: {column: what, values: {PTP: promise}, otherwise: reached}
  promise_amount: ptp
"""
CALLS = """case,at,how,what,ptp
a,2025-01-05 10:30,call,PTP,500
a,06.01.2025,text,sent,
b,2025-01-07 09:00,note,,
b,2025-01-07 09:00,call,no answer,
"""


def _contacts(folder: Path, random: Random) -> list[Path]:
    (folder / "calls.csv").write_text(CALLS, encoding="utf-8")
    (folder / "map.yaml").write_text(CONTACTS_MAP, encoding="utf-8")
    return [folder / "calls.csv", folder / "map.yaml"]


@cache
def _lender() -> Path:
    """A lender's simulated records; made once a process."""
    folder = Path(mkdtemp(prefix="recoup-fuzz-")) / "lender"
    done = recoup("records", "simulate", "--accounts", "120", "--days", "10", "--csv", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def _records(folder: Path, random: Random) -> list[Path]:
    """A portfolio with a log of contacts and the payments."""
    for name in ("portfolio", "contacts", "payments"):
        shutil.copyfile(_lender() / f"{name}.csv", folder / f"{name}.csv")
    return [folder / "payments.csv", folder / "contacts.csv", folder / "portfolio.csv"]


def _log(folder: Path, random: Random) -> list[Path]:
    """A log of contacts with every column that an audit reads."""
    usual = {"text": "t", "integer": 3, "number": 0.5, "flag": 1, "day": 9, "date": "2026-01-05", "hour": "10:30"}
    rows = []
    for day in range(8):
        row = {one.name: one.values[day % len(one.values)] if one.values else usual[one.kind] for one in AUDIT_COLUMNS}
        rows.append(row | {"account_id": f"a{day % 3}", "day": day, "date": f"2026-01-{5 + day:02}", "dpd": 40 + day})
    pd.DataFrame(rows).to_csv(folder / "log.csv", index=False)
    return [folder / "log.csv"]


def _log_in_parquet(folder: Path, random: Random) -> list[Path]:
    (text,) = _log(folder, random)
    pd.read_csv(text).to_parquet(folder / "log.parquet", index=False)
    text.unlink()
    return [folder / "log.parquet"]


def _card(folder: Path, random: Random) -> list[Path]:
    """A shipped policy, or a small network with a memory."""
    kind = random.choice(("learned", "contact-capped", "memory"))
    card, weights = folder / "policy.json", folder / "policy.safetensors"
    if kind == "memory":
        made = _small_card(learned.Card, memory=4)
        learned.LearnedPolicy(made, _weights(made)).save(card.with_suffix(""))
    else:
        shutil.copyfile(POLICIES / f"china-consumer-{kind}.json", card)
        shutil.copyfile(POLICIES / f"china-consumer-{kind}.safetensors", weights)
    return [card, weights]


def read_policy(folder: Path) -> None:
    """As every command reads a policy."""
    scenario = load_scenario("china-consumer")
    load_policy("policy.json", scenario.name, scenario.world)


def _family(folder: Path, random: Random) -> list[Path]:
    made = _small_card(price_family.Card, prices=list(price_family.PRICES))
    price_family.PriceFamily(made, _weights(made, len(price_family.PRICES))).save(folder / "family")
    return [folder / "family.json", folder / "family.safetensors"]


def _small_card(kind: type[learned.Card], **more: object) -> learned.Card:
    of = {
        "format": 1, "name": "made-up", "scenario": "china-consumer", "algorithm": "ppo", "layers": [4], "training": {},
        "features": list(features.NAMES), "menu": load_scenario("china-consumer").menu.names,
    }  # fmt: skip
    return kind.model_validate(of | more)


def _weights(card: learned.Card, more: int = 0) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(3)
    return {name: draw.normal(size=shape).astype(np.float32) for name, shape in learned.shapes(card, more).items()}


def read_family(folder: Path) -> None:
    """As `recoup frontier` reads a family."""
    family = price_family.load_family(folder / "family.json", load_scenario("china-consumer").menu)
    family.at(dict.fromkeys(price_family.PRICES, 0.5))


def _hyperparameters(folder: Path, random: Random) -> list[Path]:
    name = random.choice(ALGORITHMS)
    return _copied(folder, random, f"{name}.yaml", HYPERPARAMETERS / f"{name}.yaml")


def build_learner(folder: Path) -> None:
    """As `recoup train` reads hyper-parameters, and builds its learner with them."""
    from recoup.agents.training.objective import Objective
    from recoup.experiments.learning.settings import Training
    from recoup.experiments.learning.training import environment

    (file,) = folder.glob("*.yaml")
    parameters = hyperparameters(file.stem, file)
    tiny = Training(
        algorithm=file.stem,
        accounts=10,
        cohorts=1,
        steps=1,
        paired_rollouts=1,
        lever_worlds=0.0,
        domain_randomisation=0.0,
    )
    build(file.stem, environment(tiny, load_scenario("china-consumer"), Objective()), parameters, seed=1)


def _calibration(folder: Path, random: Random) -> list[Path]:
    return _copied(folder, random, "mine.yaml", *sorted((SCENARIOS / "calibration").glob("*.yaml")))


def read_targets(folder: Path) -> None:
    """As `recoup calibrate` reads the figures from outside."""
    targets(folder / "mine.yaml")


def _fitted(folder: Path, random: Random) -> list[Path]:
    """What a fit to records found, made up."""
    row = {"name": "pay_base", "block": "response", "default": -5.0, "value": -4.8, "low": -5.1, "high": -4.5, "prior_low": -5.8, "prior_high": -4.2, "left": 0.4, "identified": True}  # fmt: skip
    measure = {"name": "paid", "chances": 90, "recorded": 7.0, "expected": 9.0, "low": 4.0, "high": 14.0, "missed": False}  # fmt: skip
    content = {
        "scenario": "china-consumer", "currency": "CNY", "accounts": 100, "contacts": 900, "payments": 40, "first_day": "2025-03-03",
        "last_day": "2025-05-01", "held_out_days": 20, "reads_known": False, "settled": True, "parameters": [row],
        "unknown": ["keep_broken"], "assumed": ["salience_half_life"], "measures": [measure], "weeks": [[7.0, 9.0, 4.0, 14.0]],
        "fits": True, "missed": [], "verdict": "fits",
    }  # fmt: skip
    (folder / "calibration.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return [folder / "calibration.json"]


def read_fitted(folder: Path) -> None:
    """As whoever goes on from a fit reads what it found."""
    CALIBRATION_FILE.read(folder)


def _model(folder: Path, random: Random) -> list[Path]:
    """A small model of one of three kinds, made up, with its card, and accounts to score."""
    load_scenario("china-consumer").portfolio(5, 1).table.to_parquet(folder / "book.parquet", index=False)
    kind = random.choice(("repayment", "call-time", "uplift"))
    sum_ = {"means": [1.0, 2.0], "scales": [1.0, 2.0], "weights": [0.5, -0.5], "intercept": 0.1}
    tree = {"feature": [1, 0, 0], "threshold": [30.0, 0, 0], "unknown_left": [True, True, True], "left": [1, 1, 2], "right": [2, 1, 2], "value": [0, 5.0, -1.0]}  # fmt: skip
    by_sum = {"name": "sum", "linear": sum_, "trees": None, "calibration": {"slope": 1.1, "intercept": 0.0}}
    by_trees = {"name": "trees", "linear": None, "trees": {"baseline": 0.5, "trees": [tree, tree]}, "calibration": None}
    scores = {"repayment": {"repayment": by_sum}, "call-time": {"reach": by_sum}, "uplift": {"uplift-sms": by_trees}}[
        kind
    ]
    model = {"kind": kind, "horizon": 30, "share": 0.5, "window_ends": [12, 14, 18, 21], "features": ["credit_score", "dpd"], "scores": scores}  # fmt: skip
    known = {"mean": 0.7, "low": 0.6, "high": 0.8}
    tenth = {"rows": 10, "said": 0.3, "observed": 0.2, "low": 0.1, "high": 0.3}
    period = {
        "first": "2025-03-03", "last": "2025-04-03", "rows": 100, "cases": 20, "said": 0.2, "observed": 0.25,
        "discrimination": {"auc": known, "gini": known, "ks": known}, "calibration_error": 0.01, "calibration": [tenth, tenth],
    }  # fmt: skip
    group = {
        "group": "female", "accounts": 50, "rows": 60, "auc": 0.7, "said": 0.2, "observed": 0.3, "gap": known, "selected": 0.1,
        "ratio": 0.7, "unequal": True,
    }  # fmt: skip
    score = {
        "model": "sum", "losses": {"sum": 0.4}, "fit": period, "test": period, "drift": {"score": 0.3, "features": {"dpd": 0.2}},
        "importance": {"dpd": 0.1}, "fairness": {"age": [], "sex": [group], "region": []},
    }  # fmt: skip
    effect = {
        "treatment": "sms", "treated": 300, "untreated": 900, "effective_sample": 120.0, "comparable_share": 0.9, "refusal": None,
        "effect": {"mean": 5.0, "low": 1.0, "high": 9.0}, "curve": [3.0, 5.0], "qini": 0.5,
        "tenths": [{"said": 8.0, "mean": 6.0, "low": 1.0, "high": 11.0}, {"said": 2.0, "mean": 4.0, "low": 1.0, "high": 11.0}],
    }  # fmt: skip
    refused = {
        **effect,
        "treatment": "visit",
        "refusal": "few",
        "effect": None,
        "curve": [],
        "tenths": [],
        "qini": None,
    }
    card = {
        "kind": kind, "meaning": "made up", "horizon": 30, "share": 0.5, "portfolio": "book.parquet", "accounts": 5,
        "first": "2025-03-03", "last": "2025-06-01", "split": "2025-04-15", "notes": ["a note"], "score_names": list(scores),
        "recoup": "0.1.0", "score": None if kind == "uplift" else score, "effects": [effect, refused] if kind == "uplift" else [],
        "calls": [{"window": "evening", "weekday": 2, "calls": 9, "reached": 0.3, "said": 0.2}] if kind == "call-time" else [],
    }  # fmt: skip
    (folder / "model").mkdir()
    for name, content in (("model", model), ("card", card)):
        (folder / "model" / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return [folder / "model" / "model.json", folder / "model" / "card.json"]


# --- what commands write ----------------------------------------------------------------------------------------------


@cache
def _finished_run() -> Path:
    """A run folder with all that other commands add to it; made once a process."""
    folder = Path(mkdtemp(prefix="recoup-fuzz-")) / "run"
    small = ("-p", "learned", "-p", "staged", "--accounts", "20", "--days", "5", "--seeds", "2", "--no-why")
    for arguments in (
        ("compare", *small, "--out", folder),
        ("fairness", folder),
        ("audit", folder),
        ("attribute", folder, "--seeds", "1"),
    ):
        done = recoup(*arguments)
        assert done.returncode == 0, done.stderr
    (folder / "story.html").unlink(missing_ok=True)
    return folder


def _run_files(*patterns: str) -> Callable[[Path, Random], list[Path]]:
    def lay_out(folder: Path, random: Random) -> list[Path]:
        shutil.copytree(_finished_run(), folder / "run")
        return sorted(path for pattern in patterns for path in (folder / "run").glob(pattern))

    return lay_out


def open_run(folder: Path) -> None:
    """As `recoup.open_run` gives a run to Python."""
    results = Results(folder / "run")
    for table in ("measures", "differences", "accounts", "daily", "welfare", "fairness", "audit"):
        getattr(results, table)


# --- what commands go on from -----------------------------------------------------------------------------------------

_SHORT = "extends: china-consumer\nname: short\ndays: 10\n"


@cache
def _begun(name: str, made: Callable[[], object]) -> Path:
    """A folder with a short scenario and what `made` has left there; made once a process."""
    folder = Path(mkdtemp(prefix="recoup-fuzz-")) / name
    folder.mkdir()
    with contextlib.chdir(folder):
        Path("short.yaml").write_text(_SHORT, encoding="utf-8")
        made()
    return folder


def _goes_on(name: str, made: Callable[[], object], *patterns: str) -> Callable[[Path, Random], list[Path]]:
    def lay_out(folder: Path, random: Random) -> list[Path]:
        shutil.copytree(_begun(name, made), folder, dirs_exist_ok=True)
        return sorted(path for pattern in patterns for path in folder.glob(pattern))

    return lay_out


def _training(algorithm: str, steps: int) -> Training:
    return Training("short.yaml", algorithm=algorithm, steps=steps, cohorts=1, paired_rollouts=1, accounts=20, warm_start=None)  # fmt: skip


def _begin_trainings() -> None:
    from recoup.experiments.learning.training import train

    for algorithm in ("maskable-ppo", "recurrent-ppo"):
        train(_training(algorithm, 200), Path(algorithm))


def _trainings(folder: Path, random: Random) -> list[Path]:
    """A training that is to be prolonged; of two, one with a memory."""
    algorithm = random.choice(("maskable-ppo", "recurrent-ppo"))
    _goes_on("trainings", _begin_trainings)(folder, random)
    (folder / algorithm).rename(folder / "begun")
    for other in ("maskable-ppo", "recurrent-ppo"):
        shutil.rmtree(folder / other, ignore_errors=True)
    return [folder / "begun" / "checkpoint.zip"]


def prolong_training(folder: Path) -> None:
    """As `recoup train --resume` goes on from a checkpoint, for one more rollout."""
    from recoup.experiments.learning.training import train

    algorithm = json.loads((folder / "begun" / "run.json").read_text())["algorithm"]
    train(_training(algorithm, 400), folder / "begun", resume=True)


_STUDY = IndexStudy("short.yaml", base="staged", cohorts=2, accounts=60, outlook_days=2, outlook_cohorts=2, rounds=1)


def _begin_index() -> None:
    from recoup.experiments.learning import index

    index.run(_STUDY, Path("values"))


def go_on_with_index(folder: Path) -> None:
    """As `recoup index --resume` goes on from finished parts."""
    from recoup.experiments.learning import index

    index.run(_STUDY, folder / "values", resume=True)


_TUNE = ("tune", "staged", "-s", "short.yaml", "--sweeps", "1", "--cohorts", "3", "--accounts", "50", "--field", "dpd", "--out", "plan.yaml")  # fmt: skip


def _begin_kept() -> None:
    """What `tune` keeps, and beside it what other commands do, of made-up numbers."""
    with patch.object(Kept, "drop"):
        done = recoup(*_TUNE)
    assert done.returncode == 0, done.stderr
    Path("plan.yaml").unlink()
    kept = Kept.beside(Path("plan.yaml"))
    for name, (_, result) in _KEPT.items():
        kept.put(name, result)


_KEPT: dict[str, tuple[Any, Any]] = {
    "brought": (BROUGHT, dict.fromkeys(PARTS, 0.5)),
    "measured": (MEASURED, dict.fromkeys(MEASURE, 0.5)),
    "bounds": (BOTH_BOUNDS, [{"rate": 0.5, "days": 90.0}] * 2),
    "run": (
        RUN_OUTCOME,
        {"figures": {figure.name: 0.5 for figure in FIGURES}, "acts": [dict.fromkeys((*COLUMNS, "seed"), 1)]},
    ),
    "trial": (
        OUTCOME,
        {
            "measures": dict.fromkeys((*MEASURE, CONTACTS), 0.5),
            "net_money": 1.0,
            "capacity_hours": dict.fromkeys(RESOURCE_NAMES, 8.0),
            "legal_places": 2.0,
            "settlement_budget": 3.0,
        },
    ),
}


_WITH_UNDEFINED = ("measured", "trial")  # measures are NaN where they are undefined


def read_kept(folder: Path) -> None:
    """As commands that go on from finished pieces read them: none, or one that can be reckoned with and written."""
    kept = Kept.beside(folder / "plan.yaml")
    for name, (holds, _) in _KEPT.items():
        found = kept.get(name, holds)
        if found is not None:
            json.dumps(found["acts"] if name == "run" else found, allow_nan=name in _WITH_UNDEFINED)
            np.square(list(_numbers(found)))


def _numbers(found: Any) -> Iterator[float]:
    """All finite and undefined figures of a result."""
    for value in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _numbers(value)
    if isinstance(found, float):
        yield found


_HTML = ("*.html",)
_RECORDS = ("--portfolio", "portfolio.csv", "--payments", "payments.csv", "--contacts", "contacts.csv")
_RESUMED = ("compare", "-p", "learned", "-p", "staged", "--accounts", "20", "--days", "5", "--seeds", "2", "--no-why", "--out", "run", "--resume")  # fmt: skip

KINDS: dict[str, Kind] = {
    "scenario": Kind(
        _scenario,
        (
            Command(("plan", "check", "staged", "-s", "mine.yaml")),
            Command(("compare", "-s", "mine.yaml", "-p", "staged", *TINY)),
        ),
    ),
    "plan": Kind(_plan, (Command(("plan", "check", "mine.yaml")), Command(("compare", "-p", "mine.yaml", *TINY)))),
    "rules": Kind(
        _rules,
        (
            Command(("rules", "show", "pack.yaml")),
            Command(("audit", "--log", "log.csv", "--rules", "pack.yaml"), codes=(0, 1)),
            Command(("compare", "-s", "world.yaml", "-p", "staged", *TINY)),
        ),
    ),
    "portfolio": Kind(
        _portfolio,
        (
            Command(("portfolio", "check", "book.csv", "--map", "map.yaml"), lists=True),
            Command(("compare", "--portfolio", "book.csv", "--map", "map.yaml", "-p", "staged", *TINY)),
        ),
    ),
    "portfolio-in-midlife": Kind(
        _portfolio_in_midlife,
        (
            Command(("portfolio", "check", "book.csv", "--map", "map.yaml"), lists=True),
            Command(("compare", "--portfolio", "book.csv", "--map", "map.yaml", "-p", "staged", *TINY)),
        ),
    ),
    "portfolio-parquet": Kind(
        _portfolio_in_parquet,
        (
            Command(("portfolio", "check", "book.parquet", "--map", "map.yaml"), lists=True),
            Command(("compare", "--portfolio", "book.parquet", "--map", "map.yaml", "-p", "staged", *TINY)),
        ),
    ),
    "workbook": Kind(
        _workbook,
        (
            Command(("portfolio", "check", "book.xlsx", "--map", "map.yaml"), lists=True),
            Command(("map", "suggest", "book.xlsx", "--sheet", "Ledger"), codes=(0,), lists=True),
            Command(("compare", "--portfolio", "book.xlsx", "--map", "map.yaml", "-p", "staged", *TINY)),
        ),
    ),
    "contacts": Kind(
        _contacts,
        (
            Command(("records", "check", "calls.csv", "--for", "contacts", "--map", "map.yaml"), lists=True),
            Command(("map", "suggest", "calls.csv", "--for", "contacts"), lists=True),
        ),
    ),
    "lender-records": Kind(
        _records,
        (
            Command(("discontinuity", *_RECORDS, "--threshold", "580", "--bandwidth", "200", "--treatment", "wechat")),
            Command(("backtest", *_RECORDS, "--accounts", "20", "--seeds", "19", "--until", "2025-03-06")),
        ),
    ),
    "log": Kind(_log, (Command(("audit", "--log", "log.csv", "--rules", "china"), codes=(0, 1)),)),
    "log-parquet": Kind(
        _log_in_parquet, (Command(("audit", "--log", "log.parquet", "--rules", "us-reg-f"), codes=(0, 1)),)
    ),
    "policy": Kind(
        _card,
        (
            Command(read_policy),
            Command(("compare", "-p", "policy.json", "-p", "staged", *TINY)),
        ),
    ),
    "price-family": Kind(_family, (Command(read_family),)),
    "hyperparameters": Kind(_hyperparameters, (Command(build_learner),)),
    "calibration": Kind(_calibration, (Command(read_targets),)),
    "fitted": Kind(_fitted, (Command(read_fitted),)),
    "checkpoint": Kind(_trainings, (Command(prolong_training, writes=("*",)),)),
    "index": Kind(
        _goes_on("index", _begin_index, "values/outlook.npz", "values/deviations/*.npz"),
        (Command(go_on_with_index, writes=("*",)),),
    ),
    "kept": Kind(
        _goes_on("kept", _begin_kept, "*.unfinished.jsonl"),
        (Command(read_kept, writes=("*",)), Command(_TUNE, writes=("*",))),
    ),
    "model": Kind(
        _model,
        (
            Command(
                (
                    "model",
                    "score",
                    "model",
                    "--portfolio",
                    "book.parquet",
                    "--as-of",
                    "2025-03-03",
                    "--out",
                    "scored.parquet",
                )
            ),
            Command(("model", "report", "model"), writes=_HTML),
            Command(("model", "report", "model", "--lang", "zh"), writes=_HTML),
        ),
    ),
    "run": Kind(
        _run_files("*.json", "parts/*/*.json"),
        (
            Command(open_run),
            Command(("report", "run"), writes=_HTML),
            Command(("report", "run", "--lang", "zh"), writes=_HTML),
            Command(("fairness", "run"), writes=("fairness.json", "welfare.json", *_HTML)),
            Command(("audit", "run", "--no-pdf"), codes=(0, 1), writes=("audit.json", "audit.csv", "audit.html")),
            Command(("story", "run"), writes=_HTML),
            Command(("attribute", "run", "--seeds", "1"), writes=("attribution.json", *_HTML)),
            Command(_RESUMED, writes=("*",)),
        ),
        one_of=True,
    ),
    "run-tables": Kind(
        _run_files("*.parquet", "parts/*/*.parquet"),
        (
            Command(open_run),
            Command(("report", "run"), writes=_HTML),
            Command(("fairness", "run"), writes=("fairness.json", "welfare.json", *_HTML)),
            Command(("audit", "run", "--no-pdf"), codes=(0, 1), writes=("audit.json", "audit.csv", "audit.html")),
            Command(("story", "run"), writes=_HTML),
            Command(_RESUMED, writes=("*",)),
        ),
        one_of=True,
    ),
}
