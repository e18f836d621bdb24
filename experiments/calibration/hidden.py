"""The likelihood of records where hidden traits are in the way: averaged over traits as the simulation itself draws them.

An account's traits are one of `candidates.CANDIDATES` candidates, chosen by how likely each is to have come so far past due unpaid. Here several such
groups of candidates are drawn, and within each all count by that weight instead of one being picked: an unbiased average (simulated likelihood
with common random numbers: Gouriéroux & Monfort 1996; Train 2009). Draws stay the same while parameters move, so that the likelihood is smooth.
"""

from __future__ import annotations

import math

import numpy as np

from recoup.experiments.calibration.walk import TRIAL, unseen, walk
from recoup.sim import behaviour as b
from recoup.sim.candidates import BIRTH, CANDIDATES, REACHABILITY, SALIENCE, TRAIT, past_hazard
from recoup.sim.compiled import njit
from recoup.sim.randomness import normal, stream, uniform

GROUPS = 12
UNLIKELY = 1e-4  # weight, of the likeliest one's, below which a candidate is left out


@njit()
def _candidate(p, a, scores, key, k):  # type: ignore[no-untyped-def]
    """Willingness and disposable income of a candidate, as `candidates.candidate` draws them."""
    score = scores[0]
    mean_w = p.willingness_score * score + p.willingness_prior * scores[1] + p.willingness_warning * scores[2]
    willingness = mean_w + normal(key, BIRTH, TRAIT + 2 * k)
    z = p.ability_score * score + normal(key, BIRTH, TRAIT + 2 * k + 1)
    return willingness, a.income * b.logistic(p.ability_mean + p.ability_spread * z)


@njit()
def _past(p, a, willingness, disposable):  # type: ignore[no-untyped-def]
    if a.dpd0 <= 0:
        return 0.0
    return past_hazard(p, willingness, b.log_liquidity(disposable, a.opening / 100.0), a.dpd0)


@njit()
def _reachability(nodes, weights, key):  # type: ignore[no-untyped-def]
    """A draw from an account's reachability given its calls: one of the nodes; the second half of the weights is of a wrong number."""
    mark, number = uniform(key, BIRTH, REACHABILITY) * weights.sum(), 0
    while number < weights.size - 1 and mark >= weights[number]:
        mark -= weights[number]
        number += 1
    return nodes[number % nodes.size], number < nodes.size


@njit(nogil=True)
def marginal(  # type: ignore[no-untyped-def]
    variants,
    hazards,
    known,
    accounts,
    scaled,
    rows,
    first_row,
    contacts,
    eventful,
    disclosed,
    nodes,
    weights,
    groups,
    seed,
    employed,
    read,
    begin,
    end,
    out,
):
    """Fill out[:, begin:end] with the log-likelihood of each account under each variant: float64 (variants, accounts).

    Args:
        variants: `kernel_record`, shape (variants,).
        hazards: which of them differ from the first in more than answers and agreements, bool (variants,).
        known: as of `walk`, shape (1,).
        accounts, rows, first_row, contacts, eventful, disclosed: of `Histories`.
        scaled: score, earlier delinquencies and warning as traits are drawn from them, float64 (accounts, 3).
        nodes, weights: of the reachability, float64 (nodes,) and (accounts, 2 · nodes) (`direct.reach`).
        groups, seed: how many groups of candidates, and of what seed.
        employed, read: room for what `walk.unseen` draws.
    """
    nothing = np.empty(0, TRIAL)
    size = variants.shape[0]
    past = np.zeros((size, CANDIDATES))
    likely = np.zeros((size, groups))
    ours, total = np.zeros(size), np.zeros(size)
    for number in range(begin, end):
        a, scores = accounts[number], scaled[number]
        candidates = CANDIDATES if a.dpd0 > 0 else 1
        first, last = first_row[number], first_row[number + 1]
        for group in range(groups):
            key = stream(seed, number * groups + group)
            reachability, phone = _reachability(nodes, weights[number], key)
            known_reads = unseen(
                known[0], a, rows, first, last, contacts, reachability, phone, disclosed[number], key, employed, read
            )
            attention = uniform(key, BIRTH, SALIENCE)
            for k in range(candidates):
                past[0, k] = _past(variants[0], a, *_candidate(variants[0], a, scores, key, k))
            lowest = past[0, :candidates].min()
            ours[:], total[:] = -math.inf, -math.inf
            for k in range(candidates):
                if lowest - past[0, k] < math.log(UNLIKELY):
                    continue
                paying = 0.0
                for v in range(size):
                    whole = v == 0 or hazards[v]
                    if not whole and not eventful[number]:
                        continue
                    p = variants[v]
                    willingness, disposable = _candidate(p, a, scores, key, k)
                    if whole and v > 0:
                        past[v, k] = _past(p, a, willingness, disposable)
                    pays, agrees = walk(
                        p,
                        rows,
                        first,
                        last,
                        contacts,
                        willingness,
                        disposable,
                        employed,
                        read,
                        attention,
                        whole,
                        nothing,
                    )
                    if v == 0:
                        paying = pays
                    elif not whole:
                        pays = paying
                    before = past[v if whole else 0, k]
                    ours[v] = np.logaddexp(ours[v], pays + agrees - before)
                    total[v] = np.logaddexp(total[v], -before)
            for v in range(size):
                same = v > 0 and not hazards[v] and not eventful[number]
                likely[v, group] = likely[0, group] if same else ours[v] - total[v] + known_reads
        for v in range(size):
            most = likely[v].max()
            shares = np.exp(likely[v] - most)
            mean = shares.mean()
            # The logarithm of a noisy mean is too low by about half its relative variance (Gouriéroux & Monfort 1996, ch. 3).
            noise = shares.var() / (max(groups - 1, 1) * mean * mean)
            out[v, number] = most + math.log(mean) + min(noise, 1.0) / 2.0


@njit(nogil=True)
def foresee(  # type: ignore[no-untyped-def]
    params,
    accounts,
    scaled,
    rows,
    first_row,
    contacts,
    disclosed,
    nodes,
    weights,
    groups,
    seed,
    since,
    room,
    sums,
    kinds,
    happened,
    places,
):
    """Chances of every trial of the rows from day `since` on, each given all that was recorded before it.

    Args:
        params: one set of parameters, shape (1,); the others as of `marginal`.
        since: the first day that counts.
        room: most trials of an account.
        sums: float64 (trials, 3), filled: the chance, and what is expected to come in and its square, where it is a payment.
        kinds, happened, places: uint8, uint8, int64 (trials,), filled: `Trial`, whether it did, and its row or contact.

    Returns:
        How many trials there were.
    """
    filled = 0
    p = params[0]
    paths = groups * CANDIDATES
    trials = np.zeros((paths, room + 1), TRIAL)
    employed, read = np.zeros(rows.size, np.bool_), np.zeros(contacts.size, np.bool_)
    weight = np.zeros(paths)
    for number in range(accounts.size):
        a, scores = accounts[number], scaled[number]
        candidates = CANDIDATES if a.dpd0 > 0 else 1
        first, last = first_row[number], first_row[number + 1]
        if first == last or rows[last - 1].day < since:
            continue
        used = 0
        for group in range(groups):
            key = stream(seed, number * groups + group)
            reachability, phone = _reachability(nodes, weights[number], key)
            unseen(p, a, rows, first, last, contacts, reachability, phone, disclosed[number], key, employed, read)
            attention = uniform(key, BIRTH, SALIENCE)
            total, begin = -math.inf, used
            for k in range(candidates):
                willingness, disposable = _candidate(p, a, scores, key, k)
                past = _past(p, a, willingness, disposable)
                total = np.logaddexp(total, -past)
                if -past - total < math.log(UNLIKELY):
                    continue
                trials[used, 0].where = 0
                walk(
                    p,
                    rows,
                    first,
                    last,
                    contacts,
                    willingness,
                    disposable,
                    employed,
                    read,
                    attention,
                    True,
                    trials[used],
                )
                weight[used] = -past
                used += 1
            for path in range(begin, used):
                weight[path] -= total
        count = trials[0, 0].where
        for n in range(1, count + 1):
            one = trials[0, n]
            at = one.where
            agreed = one.kind == 2 or one.kind == 4 or one.kind == 5
            day = contacts[at].day if agreed else rows[at].day
            if day < since:
                continue
            most = -math.inf
            for path in range(used):
                most = max(most, weight[path] + trials[path, n].before)
            whole, chance, expected, square = 0.0, 0.0, 0.0, 0.0
            for path in range(used):
                t = trials[path, n]
                w = math.exp(weight[path] + t.before - most)
                whole += w
                chance += w * t.chance
                expected += w * t.chance * t.amount
                square += w * t.chance * t.square
            sums[filled, 0] = chance / whole
            sums[filled, 1] = expected / whole
            sums[filled, 2] = square / whole
            kinds[filled], happened[filled], places[filled] = one.kind, one.happened, at
            filled += 1
    return filled
