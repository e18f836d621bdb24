"""Imported once by the process that all others are copies of: what takes seconds to load and to compile, so that trials are quick."""

import tempfile
from pathlib import Path

from recoup.experiments import cli
from recoup.experiments.checks import calibration
from recoup.experiments.comparison import compare
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.learning import distillation, index, seed_evaluation, training, training_seeds, tuning
from recoup.experiments.report import page
from recoup.experiments.robustness import conduct, lever_study, price_frontier, shadow_prices, stress, upper_bounds, why
from recoup.experiments.sites import run as sites
from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.eventlog import LogFile

__all__ = [
    "calibration", "cli", "compare", "conduct", "distillation", "index", "lever_study", "page", "price_frontier", "seed_evaluation",
    "shadow_prices", "sites", "stress", "training", "training_seeds", "tuning", "upper_bounds", "why",
]  # fmt: skip

# The kernels are compiled, or read from their cache, with the first day that is simulated.
_home = load_scenario("china-consumer")
_people = _home.portfolio(30, 1)
with tempfile.TemporaryDirectory() as _folder:
    _log = LogFile(Path(_folder) / "log.parquet", _people.column("account_id"))
    rollout(_home, "learned", _people, 1, 30, log=_log)
    audit(typed_log(_log.path), _home.rules)
