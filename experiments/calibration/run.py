"""A calibration from end to end: records laid out, the world fitted to the first days, and checked on the last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from recoup.experiments.calibration import hidden
from recoup.experiments.calibration.findings import Calibration
from recoup.experiments.calibration.fitting import fit_world
from recoup.experiments.calibration.held_out import check
from recoup.experiments.calibration.histories import histories
from recoup.experiments.calibration.posterior import Memory
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.runs.kept import Kept
from recoup.experiments.runs.runfolder import fingerprint
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.table import Portfolio

FEWEST_ACCOUNTS, FEWEST_DAYS = 30, 7
MOST_HELD_OUT = 1 / 3  # share of the days, where nothing else is asked for
USUAL_HELD_OUT = 30


def calibrate_to_records(
    scenario: Scenario,
    records: LenderRecords,
    *,
    until: date | None = None,
    hold_out: int | None = None,
    threads: int = 1,
    groups: int = hidden.GROUPS,
    on_step: Callable[[], None] | None = None,
    kept: Kept | None = None,
) -> Calibration:
    """Fit a scenario's behaviour to a lender's records, and check it on days that it has not seen.

    Args:
        scenario: which one to begin with: it gives the priors, and all that is not fitted.
        records: the lender's; the first day is the portfolio's.
        until: last day; None = that of the logs.
        hold_out: days at the end that are checked and not fitted; None = 30, at most a third of all.
        threads: no number depends on them.
        groups: of candidates for hidden traits: more take longer and are a little more exact.
        on_step: called after each step of the search, and for each world of the check.
        kept: steps of an interrupted fit, which are not done again; None = none.

    Raises:
        InputError: as `LenderRecords.days`; too few accounts or days.
    """
    portfolio, contacts, payments = records.portfolio, records.contacts, records.payments
    _refuse_shifted(scenario, portfolio)
    if len(portfolio) < FEWEST_ACCOUNTS:
        raise InputError("portfolio", "", f"{len(portfolio)} accounts", f"at least {FEWEST_ACCOUNTS}")
    data = histories(scenario.world, portfolio, contacts, payments, *records.days(last=until))
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


def _refuse_shifted(scenario: Scenario, portfolio: Portfolio) -> None:
    products = scenario.world.products.items()
    shifted = {name for name, product in products if product.reach != 1.0 or product.pay != 0.0}
    rows = portfolio.table["product"][portfolio.table["product"].isin(shifted)]
    if len(rows):
        expected = "products without `reach` and `pay` of their own in the scenario: these are not fitted yet"
        raise InputError(portfolio.name, "product", f"{rows.iloc[0]} in {len(rows):,} rows", expected)
