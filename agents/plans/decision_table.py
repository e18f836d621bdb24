"""Ordered rules as flat tables, and the compiled kernel that reads them: one pass over the accounts, no code in rules.

Every clause of every rule is one bit. Each value (or interval between cut points) of a mentioned observation column
has a word that tells which clauses it satisfies. The AND of a row's words, one per column, are the clauses that
hold, and the lowest bit is the first of them. So the cost hardly grows with the number of rules, and there is little
for the processor to mispredict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from recoup.agents.plans.conditions import Clause, is_whole
from recoup.agents.sampling import HASHED_COLUMNS, hashed_uniform
from recoup.sim.compiled import njit
from recoup.sim.observation import FIELDS, ObservedField, fields_of
from recoup.sim.treatments import Menu

ABSENT = -1  # a treatment the menu does not have

_MOST_DIRECT = 2000  # a larger whole number is looked up among cut points, to keep the tables small

_COLUMN = np.dtype([("number", "u8"), ("start", "u8"), ("last", "u8")])  # its bins: start .. start + last
# A treatment's place in the menu and feature bits, and the rule that may choose it.
_CHOICE = np.dtype([("index", "i8"), ("bits", "u8"), ("rule", "i8")])
_RULE = np.dtype([("start", "i8"), ("offers", "i8"), ("windows", "i8"), ("spread", "u1")], align=True)

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_BIT_NUMBER = np.argsort((_DE_BRUIJN << np.arange(64, dtype=np.uint64)) >> np.uint64(58))


@dataclass(frozen=True)
class TableRule:
    """A rule as the table holds it: when it applies, and what it does.

    Attributes:
        clauses: of which one must hold.
        choices: menu indices (or `ABSENT`) in order of preference: one tuple per offer, each with one index per window; all of equal
            length.
        spread: choose the window at random (by hash) rather than in order; one that is listed twice is drawn twice as often.
    """

    clauses: Sequence[Clause]
    choices: tuple[tuple[int, ...], ...]
    spread: bool


class DecisionTable(NamedTuple):
    """Rules in the form the kernels read; build it with `of`."""

    whole: NDArray[np.void]  # columns of whole numbers, whose bins are their values
    parted: NDArray[np.void]  # the other columns, whose bins lie between cut points
    cuts: NDArray[np.float32]
    truth: NDArray[np.uint64]  # (words, bins of all columns): the clauses that hold in a bin
    every: NDArray[np.uint64]  # (words,): all clauses
    clause_rule: NDArray[np.int64]
    rules: NDArray[np.void]
    choices: NDArray[np.void]
    carries: NDArray[np.bool_]  # (rules, menu): the rule can choose the treatment

    @classmethod
    def of(cls, rules: Sequence[TableRule], menu: Menu) -> DecisionTable:
        """Compile rules, the first to be asked first.

        Args:
            rules: compiled conditions and choices.
            menu: the treatments.
        """
        clauses = [(number, clause) for number, rule in enumerate(rules) for clause in rule.clauses]
        words = max(1, -(-len(clauses) // 64))
        whole: list[tuple[int, int, int]] = []
        parted: list[tuple[int, int, int]] = []
        fields = fields_of(menu.vocabulary)
        cuts: list[float] = []
        truth: list[list[int]] = []
        for column in sorted({column for _, clause in clauses for column in clause}):
            edges = _edges(clauses, column, fields[column])
            last = int(max(edges, default=0))
            if is_whole(fields[column]) and last <= _MOST_DIRECT:
                whole.append((column, len(truth), last))
                least = [float(value) for value in range(last + 1)]
            else:
                parted.append((column, len(truth), len(edges)))
                least = [fields[column].low, *edges]
                cuts += edges
            truth += [_word(clauses, column, value, words) for value in least]
        every = [(1 << min(64, len(clauses) - 64 * word)) - 1 if clauses else 0 for word in range(words)]
        records: list[tuple[int, int, int, bool]] = []
        choices: list[tuple[int, int, int]] = []
        bits = menu.table["bits"]
        carries = np.zeros((len(rules), len(menu)), np.bool_)
        for number, rule in enumerate(rules):
            records.append((len(choices), len(rule.choices), len(rule.choices[0]), rule.spread))
            flat = [index for windows in rule.choices for index in windows]
            choices += [(index, 0 if index == ABSENT else int(bits[index]), number) for index in flat]
            carries[number, [index for index in flat if index != ABSENT]] = True
        return cls(
            np.array(whole, _COLUMN),
            np.array(parted, _COLUMN),
            np.array(cuts, np.float32),
            np.array(truth, np.uint64).reshape(-1, words).T.copy(),
            np.array(every, np.uint64),
            np.array([number for number, _ in clauses], np.int64),
            np.array(records, _RULE),
            np.array(choices, _CHOICE),
            carries,
        )

    def decide(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Menu indices, shape (accounts,): what the first rule that holds and is allowed does; 0 without one.

        Args:
            observations: shape (accounts, fields), natural units.
            masks: bool, shape (accounts, menu).

        Raises:
            ValueError: arrays of other shapes.
        """
        rows = self._checked(observations)
        if masks.shape != (len(rows), self.menu_size):
            raise ValueError(f"masks of shape {masks.shape}, expected {(len(rows), self.menu_size)}")
        actions = np.zeros(len(rows), np.int64)
        _decide(rows, rows.view(np.uint32), ~masks, self, HASHED_COLUMNS, actions)
        return actions

    def deciding(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rule that made each choice, shape (accounts,); -1 where none of the rules can have made it.

        Exact without the masks: an earlier rule that holds and can choose the same treatment would have chosen it.

        Args:
            observations: those that `decide` was given.
            actions: what it returned, shape (accounts,).

        Raises:
            ValueError: arrays of other shapes, or actions that are not in the menu.
        """
        rows, actions = self._checked(observations), np.asarray(actions, np.int64)
        if actions.shape != (len(rows),) or (actions.size and not 0 <= actions.min() <= actions.max() < self.menu_size):
            raise ValueError(
                f"actions of shape {actions.shape}, expected ({len(rows)},) with 0 <= action < {self.menu_size}"
            )
        rules = np.full(len(rows), -1, np.int64)
        _deciding(rows, actions, self, rules)
        return rules

    @property
    def menu_size(self) -> int:
        """Number of treatments in the menu."""
        return self.carries.shape[1]

    def _checked(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        if observations.ndim != 2 or observations.shape[1] != len(FIELDS):
            raise ValueError(f"observations of shape {observations.shape}, expected (accounts, {len(FIELDS)})")
        return np.ascontiguousarray(observations, np.float32)


def _edges(clauses: list[tuple[int, Clause]], column: int, field: ObservedField) -> list[float]:
    """Where conditions on a column change their answer, within the column's range."""
    edges = {edge for _, clause in clauses for span in clause.get(column, ()) for edge in span}
    return sorted(edge for edge in edges if field.low < edge <= field.high)


def _word(clauses: list[tuple[int, Clause]], column: int, value: float, words: int) -> list[int]:
    """Bits, in words of 64, of the clauses that a value of a column satisfies."""
    bits = [0] * words
    for number, (_, clause) in enumerate(clauses):
        if column not in clause or any(low <= value < high for low, high in clause[column]):
            bits[number // 64] |= 1 << number % 64
    return bits


@njit(forceinline=True)
def lowest(word):  # type: ignore[no-untyped-def]
    """Number of the lowest bit that is set: multiplying by a de Bruijn sequence brings it to the top six bits."""
    return _BIT_NUMBER[((word & (~word + uint64(1))) * _DE_BRUIJN) >> uint64(58)]


@njit(borrows=True, forceinline=True)
def holding(row, whole, parted, cuts, truth, every):  # type: ignore[no-untyped-def]
    """The clauses of one word (`truth`, `every`) that a row satisfies; unsigned indices spare the sign checks."""
    alive = every
    for n in range(whole.size):
        column = whole[n]
        alive &= truth[column.start + min(uint64(np.int64(row[column.number])), column.last)]
    cut = 0
    for n in range(parted.size):
        column = parted[n]
        value = row[column.number]
        at = column.start
        for _ in range(column.last):
            at += uint64(value >= cuts[cut])
            cut += 1
        alive &= truth[at]
    return alive


@njit(borrows=True, forceinline=True)
def _may(choice, barred, forbidden):  # type: ignore[no-untyped-def]
    return choice.index >= 0 and (choice.bits & forbidden) == 0 and not barred[choice.index]


@njit(borrows=True, forceinline=True)
def choice(barred, forbidden, rule, choices, bits, columns):  # type: ignore[no-untyped-def]
    """Where in `choices` a rule's first allowed treatment is, -1 if there is none; spread rules draw among the allowed windows."""
    for offer in range(rule.offers):
        first = rule.start + offer * rule.windows
        if rule.spread:
            drawn = first + int(hashed_uniform(bits, columns, 0) * rule.windows)
            if _may(choices[drawn], barred, forbidden):
                return drawn
        allowed = 0
        for at in range(first, first + rule.windows):
            if _may(choices[at], barred, forbidden):
                if not rule.spread:
                    return at
                allowed += 1
        if allowed:  # the window drawn is forbidden: draw again among the others, which keeps their proportions
            skip = int(hashed_uniform(bits, columns, 1) * allowed)
            for at in range(first, first + rule.windows):
                if _may(choices[at], barred, forbidden):
                    if skip == 0:
                        return at
                    skip -= 1
    return -1


@njit(borrows=True, nogil=True)
def _decide(observations, bits, barred, table, columns, actions):  # type: ignore[no-untyped-def]
    whole, parted, cuts, truth, every, clause_rule, rules, choices, _ = table
    for row in range(actions.size):
        at = -1
        for word in range(every.size):
            alive = holding(observations[row], whole, parted, cuts, truth[word], every[word])
            while alive and at < 0:
                rule = rules[clause_rule[64 * word + lowest(alive)]]
                at = choice(barred[row], uint64(0), rule, choices, bits[row], columns)
                alive &= alive - uint64(1)
            if at >= 0:
                actions[row] = choices[at].index
                break


@njit(borrows=True, nogil=True)
def _deciding(observations, actions, table, deciding):  # type: ignore[no-untyped-def]
    whole, parted, cuts, truth, every, clause_rule, _, _, carries = table
    for row in range(actions.size):
        for word in range(every.size):
            alive = holding(observations[row], whole, parted, cuts, truth[word], every[word])
            while alive and deciding[row] < 0:
                rule = clause_rule[64 * word + lowest(alive)]
                if carries[rule, actions[row]]:
                    deciding[row] = rule
                alive &= alive - uint64(1)
            if deciding[row] >= 0:
                break
