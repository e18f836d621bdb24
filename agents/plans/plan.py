"""Plans as policies: ordered rules on named observation fields, decided by a compiled table.

Rules are asked from top to bottom: the first rule whose conditions hold and whose treatment is allowed today decides. If there is
none, nothing is done. Plans are deterministic and memoryless.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recoup.agents.contact_cap import WeeklyContactCap
from recoup.agents.plans.compiler import compile_plan
from recoup.agents.plans.decision_table import DecisionTable
from recoup.agents.plans.morning import Decided, decide_rows
from recoup.agents.plans.plan_file import DEFAULT_PRIORITY, PlanFile, Rule, find_plan, read_plan
from recoup.agents.sampling import HASHED_COLUMNS
from recoup.sim.inputs import Document
from recoup.sim.morning import Morning
from recoup.sim.observation import FIELDS, LOW, by_name, highest
from recoup.sim.remarks import Remark
from recoup.sim.treatments import Menu


@dataclass(frozen=True)
class Plan:
    """A plan ready to decide for a scenario's menu; a `Policy`.

    Attributes:
        file: the plan as written.
        menu: the treatments of the scenario.
        rules: the rules in force, in order.
        dropped: rules left out because the scenario's menu has none of their treatments.
        table: the compiled rules, in the order of `rules`.
    """

    file: PlanFile
    menu: Menu
    rules: tuple[Rule, ...]
    dropped: tuple[Remark, ...]
    table: DecisionTable

    @property
    def name(self) -> str:
        """What results are filed under."""
        return self.file.name

    @classmethod
    def load(cls, plan: str | Path | Document, menu: Menu, reachable: bool = True) -> Self:
        """A plan by shipped name, path or document.

        Args:
            plan: a shipped plan's name, a file, or a document that was read.
            menu: what the scenario can do; what it lacks is left out and noted in `dropped`.
            reachable: refuse a rule that no account can reach.

        Raises:
            InputError: no such plan, or a fault in it, with file, line, field, value and what was expected.
        """
        document = plan if isinstance(plan, Document) else find_plan(plan)
        return cls._compiled(read_plan(document, menu.vocabulary), document, menu, reachable)

    @classmethod
    def of(cls, file: PlanFile, menu: Menu, reachable: bool = True) -> Self:
        """A plan made in memory; faults are reported as for a file, without lines.

        Args:
            file: the plan.
            menu, reachable: as for `load`.

        Raises:
            InputError: a fault in the plan.
        """
        return cls._compiled(file, Document(file.name, file.model_dump(), {}), menu, reachable)

    @classmethod
    def in_card(cls, content: dict[str, Any], menu: Menu) -> Self:
        """The plan that a policy improves, as its card holds it.

        Args:
            content: as a plan file writes it.
            menu: as for `load`.

        Raises:
            InputError: a fault in the plan.
        """
        return cls.load(Document("the plan that it improves", content, {}), menu)

    @classmethod
    def _compiled(cls, file: PlanFile, document: Document, menu: Menu, reachable: bool) -> Self:
        compiled = compile_plan(file, document, menu, reachable)
        return cls(file, menu, compiled.rules, compiled.dropped, compiled.table)

    @property
    def identity(self) -> PlanFile:
        """See `Policy.identity`."""
        return self.file

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Menu indices, shape (accounts,); see `Policy.act`. The same row gives the same action in any batch.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            masks: what is allowed, bool (accounts, menu); the plan's contact cap narrows it further.
            numbers: unused, a plan has no memory.
        """
        return self.table.decide(observations, self._contact_cap.narrow(observations, masks))

    def decide(self, morning: Morning, first: int, last: int, decided: Decided) -> None:
        """As `act` and `priority`, for the open accounts first..last of a simulation's morning (`Simulation.advance_by`).

        Args:
            morning: what is decided on; its actions, priority and queues are written.
            first, last: which open accounts.
            decided: which rules decided, written to.
        """
        values = np.empty((1, len(FIELDS)), np.float32)
        below, at = self._contact_cap.barred
        decide_rows(
            morning,
            first,
            last,
            self.table,
            self._queue_priorities,
            self._contact_cap.most,
            np.stack([morning.closed | below, morning.closed | at]),
            LOW,
            self._highest,
            HASHED_COLUMNS,
            values,
            by_name(values),
            values.view(np.uint32),
            decided,
        )

    def deciding_rules(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of `rules` made each choice of `act`: shape (accounts,); -1 = none, nothing was done.

        Args:
            observations: those that `act` was given.
            actions: what it returned.
        """
        return self.table.deciding(observations, actions)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Priorities of the deciding rules, shape (accounts,), 0 first; None when all rules are equal.

        Args:
            observations: those that `act` was given.
            actions: what it returned.
        """
        if not self._queue_priorities.any():
            return None
        return self._queue_priorities[self.deciding_rules(observations, actions)].astype(np.int64)

    @cached_property
    def _highest(self) -> NDArray[np.float32]:
        return highest(self.menu.vocabulary)

    @cached_property
    def _contact_cap(self) -> WeeklyContactCap:
        return WeeklyContactCap(self.menu.names, self.file.contact_cap_per_week, self.menu.vocabulary)

    @cached_property
    def _queue_priorities(self) -> NDArray[np.uint8]:
        """By rule; the last entry, which -1 finds, is for no rule. All 0 where none goes before another."""
        priorities = np.array([*(rule.priority for rule in self.rules), DEFAULT_PRIORITY], np.uint8)
        return priorities if (priorities != DEFAULT_PRIORITY).any() else np.zeros_like(priorities)
