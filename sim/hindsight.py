"""Hidden traits and feelings of accounts in mid-life: drawn given what is known of their past.

Whoever is still open after months of contacts is less able or willing than a fresh account of that age. Given what was done, P(traits | past) is
in proportion to P(traits on entry) · Π P(what happened on a day | traits, what came before); the plan that was in force cancels. Traits are drawn by
importance resampling (Rubin 1987): groups of candidates, as those among whom a fresh account's are drawn and with their weights, each group with a
possible course of the known days (`lived.py`), until the weights are spread over enough of them; one is picked by its weight, with what its course
has left it feeling.

Reachability and the right number are each group's own, drawn given how many of the calls reached the debtor.
"""

from __future__ import annotations

import math

import numpy as np

from recoup.sim import behaviour as b
from recoup.sim.candidates import (
    BIRTH,
    CANDIDATES,
    PHONE,
    PICK_LIVED,
    PICK_REACHABLE,
    REACHABLE,
    candidate,
    hazard_on_entry,
    usual_traits,
)
from recoup.sim.compiled import njit
from recoup.sim.lived import DAY, MOST_PROMISES, PROMISE, agreements, contacts, feelings, log_likelihood, pressed
from recoup.sim.observation import popcount
from recoup.sim.randomness import normal, stream, uniform
from recoup.sim.treatments import Channel, Window

LEAST_GROUPS, MOST_GROUPS = 8, 64
ENOUGH = 16.0  # effective number of candidates (Kish 1965)
NEGLIGIBLE = 16.0  # log weight below the best one's at which a candidate is left out
_COLLECTOR, _AFTERNOON = int(Channel.COLLECTOR), int(Window.AFTERNOON)


@njit()
def draw_given_past(accounts, pasts, params, month_days, first_day, score_mean, score_spread, prior_mean):  # type: ignore[no-untyped-def]
    """Draw what nobody sees of accounts in mid-life, in place.

    Args:
        accounts: records (`account.ACCOUNT`), taken up and with the traits of fresh accounts; `dpd0` being days past due on the first day.
        pasts: what is known of their past, `known_past.PAST` (accounts,).
        params: `parameters.kernel_record`.
        month_days: day of the month by how many days ago it is (`known_past.days_of_month`).
        first_day: of the simulation.
        score_mean, score_spread, prior_mean: of the population.
    """
    p = params[0]
    days, promises = np.zeros(max(pasts["days"].max(), 1), DAY), np.zeros(MOST_PROMISES, PROMISE)
    size = MOST_GROUPS * CANDIDATES
    weights, willing, shares = np.empty(size), np.empty(size), np.empty(size)
    ends = np.empty((MOST_GROUPS, 6))
    for i in range(accounts.size):
        a, past = accounts[i], pasts[i]
        a.pressure, a.waiting = pressed(p, past, 0)
        if past.days == 0:
            if a.call_attempts:
                draw_reachability(a, p, past, a.key)
            elif a.reaches and not past.numberless:
                a.phone_right = 1
            continue
        mean_w, mean_a = usual_traits(a, p, score_mean, score_spread, prior_mean)
        best, total, used = -math.inf, 0.0, 0
        for group in range(MOST_GROUPS):
            key = stream(a.key, group)
            draw_reachability(a, p, past, key)
            contacts(a, past, key, days)
            count = agreements(a, past, key, first_day, days, promises)
            salience, fatigue, excitation, works, unsaid = feelings(p, a, past, key, first_day, month_days, days)
            end = ends[group]
            end[0], end[1], end[2], end[3], end[4], end[5] = (
                salience,
                fatigue,
                excitation,
                works,
                a.reachability,
                a.phone_right,
            )
            begin, used = group * CANDIDATES, (group + 1) * CANDIDATES
            likelier = 0.0
            for k in range(begin, used):
                willing[k], shares[k] = candidate(key, p, mean_w, mean_a, k - begin)
                weights[k] = 0.0
                if past.dpd > 0:
                    weights[k] = -hazard_on_entry(a, p, willing[k], shares[k], past.minimum, past.dpd)
            highest = weights[begin:used].max()
            for k in range(begin, used):
                likelier += math.exp(weights[k] - highest)
            for k in range(begin, used):
                weights[k] += unsaid - highest - math.log(likelier)
                if weights[k] > best - NEGLIGIBLE:
                    least = best - NEGLIGIBLE - weights[k]
                    weights[k] += log_likelihood(
                        p, a, past, days, promises, count, willing[k], a.income * shares[k], least
                    )
                best = max(best, weights[k])
            if group + 1 >= LEAST_GROUPS:
                total, squares = 0.0, 0.0
                for k in range(used):
                    weight = math.exp(weights[k] - best)
                    total += weight
                    squares += weight * weight
                if total * total >= ENOUGH * squares:
                    break
        mark, chosen = uniform(a.key, BIRTH, PICK_LIVED) * total, 0
        while chosen < used - 1 and mark >= math.exp(weights[chosen] - best):
            mark -= math.exp(weights[chosen] - best)
            chosen += 1
        end = ends[chosen // CANDIDATES]
        a.willingness, a.disposable = willing[chosen], a.income * shares[chosen]
        a.salience, a.fatigue, a.excitation, a.employed = end[0], end[1], end[2], end[3] != 0.0
        a.reachability, a.phone_right = end[4], end[5] != 0.0


@njit()
def draw_reachability(a, p, past, key):  # type: ignore[no-untyped-def]
    """Draw how reachable the debtor is and whether the number is right, given what calls say of it; `key`: of the random numbers."""
    calls = by_caller(a, past)
    weights, candidates = np.empty(CANDIDATES), np.empty(CANDIDATES)
    for k in range(CANDIDATES):
        candidates[k] = p.product_reach[a.product] + p.reach_spread * normal(key, BIRTH, REACHABLE + k)
        weights[k] = log_likelihood_of_calls(a, p, past, candidates[k], calls)
    weights = np.exp(weights - weights.max())
    mark, chosen = uniform(key, BIRTH, PICK_REACHABLE) * weights.sum(), 0
    while chosen < CANDIDATES - 1 and mark >= weights[chosen]:
        mark -= weights[chosen]
        chosen += 1
    a.reachability = candidates[chosen]
    wrong = 0.0
    if min(a.call_reaches, a.call_attempts) == 0 and (a.call_attempts or not a.reaches or past.numberless):
        wrong = p.wrong_number * math.exp(-log_likelihood_of_calls(a, p, past, a.reachability, calls))
    a.phone_right = uniform(key, BIRTH, PHONE) >= wrong


@njit()
def by_caller(a, past):  # type: ignore[no-untyped-def]
    """Calls that reached the debtor and that did not: of people, then of machines. Those whose day is not known are parted as those whose is."""
    reached = min(a.call_reaches, a.call_attempts)
    known = popcount(past.machine_days)
    machines = known + int(past.machine_share * max(a.call_attempts - popcount(a.call_history), 0) + 0.5)
    talks = popcount(past.machine_days & a.conversation_history)
    older = max(reached - popcount(a.call_history & a.conversation_history), 0)
    talks = min(talks + int(past.machine_share * older + 0.5), machines, reached)
    return reached - talks, max(a.call_attempts - reached - (machines - talks), 0), talks, machines - talks


@njit()
def log_likelihood_of_calls(a, p, past, reachability, calls):  # type: ignore[no-untyped-def]
    """Log likelihood of calls that reached the debtor and calls that did not (`by_caller`), whether the number is right or not."""
    # At the age and the fatigue of the middle of the days in care.
    fatigue = past.fatigue_gain * (a.attempts / max(past.days, 1)) / (1.0 - p.fatigue_keep)
    dpd = max(a.dpd0 - past.days / 2.0, 0.0)
    reached, missed, answered, unanswered = calls
    chance = b.reach_probability(p, _COLLECTOR, True, _AFTERNOON, False, dpd, reachability, min(fatigue, 3.0))
    by_machine = 0.0
    if answered + unanswered:
        by_machine = b.reach_probability(p, past.machine, True, _AFTERNOON, False, dpd, reachability, min(fatigue, 3.0))
    if reached + answered == 0:
        nobody = (1.0 - chance) ** missed * (1.0 - by_machine) ** unanswered
        return math.log((1.0 - p.wrong_number) * nobody + p.wrong_number + 1e-300)
    likelihood = math.log(1.0 - p.wrong_number + 1e-300)
    likelihood += reached * math.log(chance + 1e-300) + missed * math.log(1.0 - chance)
    return likelihood + answered * math.log(by_machine + 1e-300) + unanswered * math.log(1.0 - by_machine)
