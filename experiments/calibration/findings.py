"""What a calibration found, in figures that files and tables hold: on natural scales, with intervals, and what stays unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import numpy as np

from recoup.experiments.calibration.fitting import Fitted
from recoup.experiments.calibration.held_out import Check
from recoup.experiments.calibration.histories import Histories
from recoup.experiments.calibration.parameters import OF_CARDS, Parameter
from recoup.experiments.calibration.posterior import Z90
from recoup.scenarios.schema import Scenario
from recoup.sim.parameters import Behaviour, Cards, World


@dataclass(frozen=True)
class Finding:
    """A parameter on its natural scale.

    Attributes:
        parameter: which one.
        block: name of its likelihood.
        default: the scenario's value; of parts that move together, the first one's.
        value: what is written down; the default where it is not identified.
        low, high: 90 % of the posterior.
        prior_low, prior_high: 90 % of the prior.
        shifts: both ends of the 90 % on the scale of the parameter's link.
        left: share of the prior's spread that the records leave; 1 = they say nothing.
        identified: whether they say something.
    """

    parameter: Parameter
    block: str
    default: float
    value: float
    low: float
    high: float
    prior_low: float
    prior_high: float
    shifts: tuple[float, float]
    left: float
    identified: bool


@dataclass(frozen=True)
class Calibration:
    """A scenario fitted to records.

    Attributes:
        scenario: the one that it began with.
        data: all records, held-out days among them.
        fitted: to the days before those.
        check: against the held-out days; None = none were held out.
    """

    scenario: Scenario
    data: Histories
    fitted: Fitted
    check: Check | None

    @property
    def findings(self) -> list[Finding]:
        """All that was estimated, block by block."""
        found = []
        for block, posterior in self.fitted.posteriors.items():
            ends = posterior.interval()
            for number, parameter in enumerate(posterior.parameters):
                default = parameter.value(self.fitted.own)

                def at(shift: float, parameter: Parameter = parameter, default: float = default) -> float:
                    return float(parameter.link.shifted(default, shift))

                found.append(
                    Finding(
                        parameter,
                        block.value,
                        default,
                        parameter.value(self.fitted.world),
                        at(ends[number, 0]),
                        at(ends[number, 1]),
                        at(-Z90 * parameter.spread),
                        at(Z90 * parameter.spread),
                        (float(ends[number, 0]), float(ends[number, 1])),
                        float(posterior.left[number]),
                        bool(posterior.identified[number]),
                    )
                )
        return found

    @property
    def unknown(self) -> list[str]:
        """Parameters that were estimated and about which the records say nothing."""
        return [finding.parameter.name for finding in self.findings if not finding.identified]

    @property
    def assumed(self) -> list[str]:
        """Fields of `behaviour`, and of `cards` where there are any, that were not estimated at all."""
        estimated = {finding.parameter.field for finding in self.findings}
        of_cards = [OF_CARDS + name for name in Cards.model_fields] if self.scenario.world.cards else []
        return [name for name in (*Behaviour.model_fields, *of_cards) if name not in estimated]

    @property
    def period(self) -> tuple[str, str]:
        """First and last day that the fit has seen, as ISO dates."""
        days = self.check.since if self.check else self.data.days
        return self.data.start.isoformat(), (self.data.start + timedelta(days=days - 1)).isoformat()

    @property
    def verdict(self) -> Literal["none", "few", "fits", "misses"]:
        """Whether the world fits: no days held out, too few, it does, or it misses measures."""
        if self.check is None:
            return "none"
        if not self.check.judged:
            return "few"
        return "fits" if self.check.fits else "misses"

    def content(self) -> dict[str, Any]:
        """What calibration.json holds."""
        check, (first, last) = self.check, self.period
        return {
            "scenario": self.scenario.name,
            "currency": self.scenario.world.currency,
            "accounts": len(self.data),
            "contacts": len(self.data.contacts),
            "payments": int(np.count_nonzero(self.data.rows["paid"] > 0)),
            "first_day": first,
            "last_day": last,
            "held_out_days": check.days if check else 0,
            "reads_known": self.data.reads_known,
            "settled": all(posterior.settled for posterior in self.fitted.posteriors.values()),
            "parameters": [
                {
                    "name": finding.parameter.name,
                    "block": finding.block,
                    **{
                        name: getattr(finding, name)
                        for name in ("default", "value", "low", "high", "prior_low", "prior_high", "left", "identified")
                    },
                }
                for finding in self.findings
            ],
            "unknown": self.unknown,
            "assumed": self.assumed,
            "measures": [vars(measure) for measure in check.measures] if check else [],
            "weeks": check.weeks.tolist() if check else [],
            "fits": check.fits if check and check.judged else None,
            "missed": [measure.name for measure in check.missed] if check else [],
            "verdict": self.verdict,
        }

    @property
    def world(self) -> World:
        """The fitted world."""
        return self.fitted.world
