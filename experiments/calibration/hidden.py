"""The likelihood of records where hidden traits are in the way: averaged over traits as the simulation itself draws them.

An account's traits are one of `candidates.CANDIDATES` candidates, chosen by how likely each is to have come so far past due unpaid. Here several such
groups of candidates are drawn, and within each all count by that weight instead of one being picked: an unbiased average (simulated likelihood
with common random numbers: Gouriéroux & Monfort 1996; Train 2009). Draws stay the same while parameters move, so that the likelihood is smooth.
"""

from __future__ import annotations

import math

import numpy as np

from recoup.experiments.calibration import means
from recoup.experiments.calibration.histories import AT_RISK
from recoup.experiments.calibration.walk import TRIAL, unseen, walk
from recoup.sim import behaviour as b
from recoup.sim.candidates import BIRTH, CANDIDATES, REACHABILITY, SALIENCE, TRAIT, past_clearing, past_hazard
from recoup.sim.compiled import njit
from recoup.sim.randomness import normal, stream, uniform

GROUPS = 12
NO_CHANCE = 40.0  # past intensity, of which `candidates.past_hazard` breaks off: exp(−40) is nothing
NEVER_ENDS = 1 << 30  # a day after all others
UNLIKELY = 1e-4  # weight, of the likeliest one's, below which a candidate is left out


@njit()
def _candidate(p, a, scores, key, k, low, high):  # type: ignore[no-untyped-def]
    """Willingness and disposable income of a candidate, as `candidates.candidate` draws them, with means moved to within bounds (`means.moved`).

    Returns:
        Both, and the log of the weight that moving gives it.
    """
    score = scores[0]
    mean_w = p.willingness_score * score + p.willingness_prior * scores[1] + p.willingness_warning * scores[2]
    willingness = mean_w + normal(key, BIRTH, TRAIT + 2 * k)
    z = normal(key, BIRTH, TRAIT + 2 * k + 1)
    disposable, weight = means.moved(p, a, p.ability_score * score, z, low, high)
    return willingness, disposable, weight


@njit()
def _past(p, a, willingness, disposable):  # type: ignore[no-untyped-def]
    """Past intensity of an account with these traits, but no more than `NO_CHANCE`: beyond it the sum of days is broken off, and would jump."""
    if a.dpd0 <= 0:
        return 0.0
    if a.minimum_due > 0:
        return min(past_clearing(p, willingness, disposable, a.minimum_due, a.opening, a.dpd0), NO_CHANCE)
    return min(past_hazard(p, willingness, b.log_liquidity(disposable, a.opening / 100.0), a.dpd0), NO_CHANCE)


@njit()
def _pasts(p, a, scores, key, candidates, low, high, counts, out):  # type: ignore[no-untyped-def]
    """Fill out[:candidates] with the past intensity of each candidate that counts; that of the others is infinite."""
    for k in range(candidates):
        out[k] = math.inf
        if counts[k]:
            willingness, disposable, _ = _candidate(p, a, scores, key, k, low, high)
            out[k] = _past(p, a, willingness, disposable)


@njit()
def _leave_out(pasts, counts):  # type: ignore[no-untyped-def]
    """Leave out, for all variants alike, the candidates whose past is too unlikely beside the likeliest one's."""
    least = pasts.min()
    for k in range(pasts.size):
        counts[k] = least - pasts[k] >= math.log(UNLIKELY)
        if not counts[k]:
            pasts[k] = math.inf


@njit()
def _total(pasts):  # type: ignore[no-untyped-def]
    """The sum of all candidates' weights exp(−past), as the least past and that sum over its weight."""
    least = pasts.min()
    return least, np.sum(np.exp(least - pasts))


@njit()
def _log_chosen(own, past, least, total):  # type: ignore[no-untyped-def]
    """Log probability that a candidate is the one that is chosen among all, if its means may have been moved and the others' are as drawn.

    Args:
        own: its past intensity now.
        past: as drawn.
        least, total: of all as drawn (`_total`).
    """
    others = max(total - math.exp(least - past), 0.0)
    return -math.log1p(math.exp(own - least) * others)


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
    # Of each candidate what each variant makes of its past: as drawn, and with means that agree with the amounts recorded.
    drawn, own = np.zeros((size, CANDIDATES)), np.zeros((size, CANDIDATES))
    counts, agrees_too = np.zeros(CANDIDATES, np.bool_), np.zeros(CANDIDATES, np.bool_)
    likely = np.zeros((size, groups))
    least, total = np.zeros(size), np.zeros(size)
    ours = np.zeros(size)
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
            low, high, odds = 0.0, math.inf, 0.0
            if eventful[number]:
                low, high, odds = means.bounds(known[0], a, rows, first, last, contacts, employed, NEVER_ENDS)
            bounded = low > 0.0 or high < a.income
            for v in range(size):
                if v > 0 and not hazards[v]:
                    continue
                if v == 0:
                    counts[:], agrees_too[:] = True, True
                _pasts(variants[v], a, scores, key, candidates, 0.0, math.inf, counts, drawn[v])
                if bounded:
                    _pasts(variants[v], a, scores, key, candidates, low, high, agrees_too, own[v])
                else:
                    own[v] = drawn[v]
                if v == 0:
                    _leave_out(drawn[0, :candidates], counts)
                    _leave_out(own[0, :candidates], agrees_too)
                least[v], total[v] = _total(drawn[v, :candidates])
            ours[:] = -math.inf
            for k in range(candidates):
                if not agrees_too[k]:
                    continue
                paying, chosen = 0.0, 0.0
                for v in range(size):
                    whole = v == 0 or hazards[v]
                    if not whole and not eventful[number]:
                        continue
                    p = variants[v]
                    willingness, disposable, weight = _candidate(p, a, scores, key, k, low, high)
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
                    ahead = chosen
                    if whole:
                        ahead = weight + _log_chosen(own[v, k], drawn[v, k], least[v], total[v])
                    else:
                        pays = paying
                    if v == 0:
                        paying, chosen = pays, ahead
                    ours[v] = np.logaddexp(ours[v], pays + agrees + ahead)
            for v in range(size):
                same = v > 0 and not hazards[v] and not eventful[number]
                likely[v, group] = likely[0, group] if same else ours[v] + known_reads + odds
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
    drawn, all_of_them = np.zeros(CANDIDATES), np.ones(CANDIDATES, np.bool_)
    for number in range(accounts.size):
        a, scores = accounts[number], scaled[number]
        candidates = CANDIDATES if a.dpd0 > 0 else 1
        first, last = first_row[number], first_row[number + 1]
        if first == last or rows[last - 1].day < since:
            continue
        # After each amount that tells of means they are drawn again.
        begin, end = since, since
        while end < NEVER_ENDS:
            begin, end = end, _next_amount(rows, first, last, contacts, end)
            used = 0
            for group in range(groups):
                key = stream(seed, number * groups + group)
                reachability, phone = _reachability(nodes, weights[number], key)
                unseen(p, a, rows, first, last, contacts, reachability, phone, disclosed[number], key, employed, read)
                attention = uniform(key, BIRTH, SALIENCE)
                low, high, odds = means.bounds(p, a, rows, first, last, contacts, employed, begin)
                _pasts(p, a, scores, key, candidates, 0.0, math.inf, all_of_them, drawn)
                least, total = _total(drawn[:candidates])
                for k in range(candidates):
                    willingness, disposable, moved = _candidate(p, a, scores, key, k, low, high)
                    chosen = _log_chosen(_past(p, a, willingness, disposable), drawn[k], least, total)
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
                    weight[used] = moved + chosen + odds
                    used += 1
            count = trials[0, 0].where
            for n in range(1, count + 1):
                one = trials[0, n]
                at = one.where
                agreed = one.kind == 2 or one.kind == 4 or one.kind == 5
                day = contacts[at].day if agreed else rows[at].day
                if day < begin or day >= end:
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


@njit()
def _next_amount(rows, first, last, contacts, since):  # type: ignore[no-untyped-def]
    """The day after the next one, from day `since` on, on which an amount tells of means."""
    for at in range(first, last):
        r = rows[at]
        if r.day < since:
            continue
        tells = r.kind == AT_RISK and r.happened and (r.minimum > 0.0 or not r.full)
        for place in range(r.first, r.last):
            tells = tells or (contacts[place].promised and contacts[place].amount > 0)
        if tells:
            return r.day + 1
    return NEVER_ENDS
