"""Recoup: simulate a portfolio of overdue consumer debts, and compare collection policies on it.

Everything a Python user needs is here; what is not listed in `__all__` may change without notice. Names are imported when they are
first used, so that `import recoup` is quick. It registers the Gymnasium environments `recoup/Account-v1` and `recoup/Portfolio-v1`
(`gym.make("recoup:recoup/Account-v1")` imports it by itself).

Example:
    Compare a policy of your own with the staged plan, on the same accounts under common random numbers:

    >>> import recoup, tempfile
    >>> class Patient:
    ...     '''Writes a text when nobody has tried for a week.'''
    ...     def __init__(self, scenario):
    ...         self.text = scenario.menu.index["sms/morning"]
    ...         self.field = recoup.FIELD_INDEX["days_since_attempt"]
    ...     def act(self, observations, masks):
    ...         return self.text * (masks[:, self.text] & (observations[:, self.field] >= 7))
    >>> scenario = recoup.load_scenario("taiwan-cards")
    >>> results = recoup.compare("taiwan-cards", ["staged", Patient(scenario)], seeds=2, accounts=60, days=30, out=tempfile.mkdtemp() + "/run")
    >>> results.policies
    ['staged', 'patient']
    >>> results.audit["treatments_in_breach"]
    {'staged': 0, 'patient': 0}
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import gymnasium as gym

if TYPE_CHECKING:
    from recoup.agents.policy import Policy
    from recoup.comparing import compare
    from recoup.loading import load_policy, load_portfolio, load_scenario
    from recoup.results import Results, open_run
    from recoup.scenarios.schema import Scenario, scenario_names
    from recoup.sim.inputs import InputError
    from recoup.sim.observation import FIELD_INDEX, FIELDS
    from recoup.sim.simulation import Simulation
    from recoup.training import train

# Where each public name is defined.
_HOME = {
    "compare": "recoup.comparing",
    "train": "recoup.training",
    "load_scenario": "recoup.loading",
    "load_portfolio": "recoup.loading",
    "load_policy": "recoup.loading",
    "scenario_names": "recoup.scenarios.schema",
    "Scenario": "recoup.scenarios.schema",
    "Simulation": "recoup.sim.simulation",
    "Policy": "recoup.agents.policy",
    "Results": "recoup.results",
    "open_run": "recoup.results",
    "FIELDS": "recoup.sim.observation",
    "FIELD_INDEX": "recoup.sim.observation",
    "InputError": "recoup.sim.inputs",
}
__all__ = [
    "FIELDS",
    "FIELD_INDEX",
    "InputError",
    "Policy",
    "Results",
    "Scenario",
    "Simulation",
    "compare",
    "load_policy",
    "load_portfolio",
    "load_scenario",
    "open_run",
    "scenario_names",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("recoup")
    if name not in _HOME:
        raise AttributeError(f"module 'recoup' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


gym.register("recoup/Account-v1", entry_point="recoup.scenarios.environments:account")
gym.register("recoup/Portfolio-v1", vector_entry_point="recoup.scenarios.environments:portfolio")
