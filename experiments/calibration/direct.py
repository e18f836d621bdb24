"""Likelihoods that hidden traits leave alone, or of which one alone is in the way: conduct, and who is reached.

What a contact draws in complaints, disputes and wishes to be left alone depends on what is recorded. Whether a call reaches the debtor depends
on how easily he is reached and on whether the number is his; both are integrated out (Gauss–Hermite).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.calibration.histories import HIDDEN
from recoup.experiments.calibration.walk import Trial, log_of
from recoup.sim import behaviour as b
from recoup.sim.compiled import njit
from recoup.sim.treatments import Group, Talk

NODES = 25  # with 9 the spread of reachability came out too small by a tenth of its prior, and its interval held the truth in 77 % of 120 fits
_TEXT, _CALL, _VISIT_GROUP = int(Group.TEXT), int(Group.CALL), int(Group.VISIT)
_PERSON = int(Talk.PERSON)
REACHED, COMPLAINS, OPTS_OUT, DISPUTES = (
    int(one) for one in (Trial.REACHED, Trial.COMPLAINS, Trial.OPTS_OUT, Trial.DISPUTES)
)


def nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard normal quadrature: places and weights, each float64 (NODES,)."""
    places, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return places, weights / weights.sum()


@njit()
def leaves(p, c):  # type: ignore[no-untyped-def]
    """Probability that after a contact the debtor wants no more of them."""
    opts = p.opt_out if c.group == _TEXT else 0.0
    return 1.0 - (1.0 - opts) * (1.0 - p.cease_contact)


@njit()
def speaks(p, c):  # type: ignore[no-untyped-def]
    """Whether a person spoke with the debtor."""
    return c.reached == 1 and p.talk[c.talker] == _PERSON


@njit(nogil=True)
def conduct(variants, contacts, first, begin, end, out):  # type: ignore[no-untyped-def]
    """Fill out[:, begin:end]: log-likelihood of an account's complaints, disputes and wishes, float64 (variants, accounts)."""
    for v in range(variants.shape[0]):
        p = variants[v]
        for number in range(begin, end):
            total = 0.0
            for at in range(first[number], first[number + 1]):
                c = contacts[at]
                if c.group == 0:
                    continue
                total += log_of(b.complaint_probability(p, c.channel, c.fatigue, 0.0, 0.0), c.complaint)
                total += log_of(leaves(p, c), c.opt_out)
                if speaks(p, c):
                    total += log_of(b.dispute_probability(p, 0.0), c.disputed)
            out[v, number] = total


@njit(nogil=True)
def reach(variants, contacts, first, places, weights, reads_known, begin, end, out, posterior):  # type: ignore[no-untyped-def]
    """Fill out[:, begin:end]: log-likelihood of whom calls, visits and read receipts reached, float64 (variants, accounts).

    Args:
        variants, contacts, first: as above.
        places, weights: of the quadrature (`nodes`).
        reads_known: the log says which messages were read.
        posterior: float64 (accounts, 2 · nodes); filled, if it has rows, with the weights of the nodes given the account's contacts
            under the first variant: those with the right number, then those with a wrong one.
    """
    size = places.size
    logs = np.empty(2 * size)
    for v in range(variants.shape[0]):
        p = variants[v]
        for number in range(begin, end):
            for node in range(size):
                logs[node] = math.log(weights[node]) + math.log(max(1.0 - p.wrong_number, 1e-12))
                logs[size + node] = math.log(weights[node]) + math.log(max(p.wrong_number, 1e-12))
            for at in range(first[number], first[number + 1]):
                c = contacts[at]
                if c.group == 0 or c.reached == HIDDEN:
                    continue
                live = c.group == _CALL or c.group == _VISIT_GROUP
                if not live and not reads_known:
                    continue  # known only because he answered
                by_phone = p.by_number[c.channel] != 0.0
                for node in range(size):
                    chance = b.reach_probability(
                        p, c.channel, live, c.window, c.day_off, c.dpd, p.reach_spread * places[node], c.fatigue
                    )
                    logs[node] += log_of(chance, c.reached)
                    logs[size + node] += log_of(0.0 if by_phone else chance, c.reached)
            most = logs.max()
            total = np.sum(np.exp(logs - most))
            out[v, number] = most + math.log(total)
            if v == 0 and posterior.shape[0]:
                posterior[number] = np.exp(logs - most) / total


@njit(nogil=True)
def foresee(p, contacts, first, places, weights, reads_known, since, sums, kinds, happened, where):  # type: ignore[no-untyped-def]
    """Chances of reach, complaints, disputes and wishes from day `since` on, each given what was recorded before it.

    Args:
        p: one set of parameters, shape (1,).
        sums, kinds, happened, where: as of `hidden.foresee`.

    Returns:
        How many trials there were.
    """
    q, size, filled = p[0], places.size, 0
    logs, chances = np.empty(2 * size), np.empty(2 * size)
    for number in range(first.size - 1):
        for node in range(size):
            logs[node] = math.log(weights[node]) + math.log(max(1.0 - q.wrong_number, 1e-12))
            logs[size + node] = math.log(weights[node]) + math.log(max(q.wrong_number, 1e-12))
        for at in range(first[number], first[number + 1]):
            c = contacts[at]
            if c.group == 0:
                continue
            counts = c.day >= since
            if counts:
                sums[filled, 0] = b.complaint_probability(q, c.channel, c.fatigue, 0.0, 0.0)
                kinds[filled], happened[filled], where[filled] = COMPLAINS, c.complaint, at
                filled += 1
                sums[filled, 0] = leaves(q, c)
                kinds[filled], happened[filled], where[filled] = OPTS_OUT, c.opt_out, at
                filled += 1
                if speaks(q, c):
                    sums[filled, 0] = b.dispute_probability(q, 0.0)
                    kinds[filled], happened[filled], where[filled] = DISPUTES, c.disputed, at
                    filled += 1
            live = c.group == _CALL or c.group == _VISIT_GROUP
            if c.reached == HIDDEN or (not live and not reads_known):
                continue
            by_phone = q.by_number[c.channel] != 0.0
            most, chance, whole = logs.max(), 0.0, 0.0
            for node in range(size):
                chances[node] = b.reach_probability(
                    q, c.channel, live, c.window, c.day_off, c.dpd, q.reach_spread * places[node], c.fatigue
                )
                chances[size + node] = 0.0 if by_phone else chances[node]
            for node in range(2 * size):
                w = math.exp(logs[node] - most)
                whole += w
                chance += w * chances[node]
                logs[node] += log_of(chances[node], c.reached)
            if counts:
                sums[filled, 0] = chance / whole
                kinds[filled], happened[filled], where[filled] = REACHED, c.reached, at
                filled += 1
    return filled
