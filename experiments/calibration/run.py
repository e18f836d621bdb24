"""A calibration from end to end: records laid out, the world fitted to the first days, and checked on the last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd

from recoup.experiments.calibration import hidden
from recoup.experiments.calibration.findings import Calibration
from recoup.experiments.calibration.fitting import fit_world
from recoup.experiments.calibration.held_out import check
from recoup.experiments.calibration.histories import histories
from recoup.experiments.calibration.posterior import Memory
from recoup.experiments.runs.kept import Kept
from recoup.experiments.runs.runfolder import fingerprint
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.importing import sample
from recoup.sim.portfolio.table import Portfolio

FEWEST_ACCOUNTS, FEWEST_DAYS = 30, 7
MOST_HELD_OUT = 1 / 3  # share of the days, where nothing else is asked for
USUAL_HELD_OUT = 30


def calibrate_to_records(
    scenario: Scenario,
    portfolio: Portfolio,
    contacts: pd.DataFrame,
    payments: pd.DataFrame,
    *,
    start: date | None = None,
    end: date | None = None,
    hold_out: int | None = None,
    accounts: int | None = None,
    seed: int = 1,
    threads: int = 1,
    groups: int = hidden.GROUPS,
    on_step: Callable[[], None] | None = None,
    kept: Kept | None = None,
) -> Calibration:
    """Fit a scenario's behaviour to a lender's records, and check it on days that it has not seen.

    Args:
        scenario: which one to begin with: it gives the priors, and all that is not fitted.
        portfolio: accounts as they were on the morning of the first day.
        contacts, payments: as `records.read_records` returns them.
        start, end: first and last day; None = those of the logs.
        hold_out: days at the end that are checked and not fitted; None = 30, at most a third of all.
        accounts: most accounts, drawn by `seed`; None = all.
        seed: of that draw.
        threads: no number depends on them.
        groups: of candidates for hidden traits: more take longer and are a little more exact.
        on_step: called after each step of the search, and for each world of the check.
        kept: steps of an interrupted fit, which are not done again; None = none.

    Raises:
        InputError: too few accounts or days, or no date in the logs.
    """
    if accounts is not None and accounts < len(portfolio):
        portfolio = sample(portfolio, accounts, seed)
    names = set(portfolio.column("account_id").astype(str))
    if not (set(contacts["account_id"].astype(str)) | set(payments["account_id"].astype(str))) & names:
        raise InputError("contacts and payments", "account_id", "no account of the portfolio", "the portfolio's names")
    if len(portfolio) < FEWEST_ACCOUNTS:
        raise InputError("portfolio", "", f"{len(portfolio)} accounts", f"at least {FEWEST_ACCOUNTS}")
    data = histories(scenario.world, portfolio, contacts, payments, start, end)
    held = min(USUAL_HELD_OUT, int(data.days * MOST_HELD_OUT)) if hold_out is None else hold_out
    since = data.days - held
    if since < FEWEST_DAYS:
        raise InputError("--hold-out", "", held, f"at least {FEWEST_DAYS} of the {data.days} days to be left to fit to")
    memory = None
    if kept is not None:
        memory = Memory(kept, fingerprint(scenario.world, portfolio.table, contacts, payments, data.start, since))
    fitted = fit_world(scenario.world, data.before(since), threads, groups, on_step, memory)
    checked = check(fitted, data, since, on_draw=on_step) if held else None
    return Calibration(scenario, data, fitted, checked)
