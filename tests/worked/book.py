"""A book of five days kept by hand, for four debtors of 10,000.00 each at 18 % late interest (4.93 a day) and 8 % discount.

Day 0: a text to debtor 3 (0.05).
Day 1: interest. A letter with a notice to debtor 3 (6.00 + 30.00). The only collector is at a course (1,500.00).
Day 2: interest. Debtor 0 keeps his promise of 1,000.00, debtor 1 breaks his.
Day 3: interest, debtor 0's on 9,009.86: 4.4432 -> 4.44. Debtor 2 pays his settlement of 8,000.00; the other 2,000.00 and three
       days of interest are forgiven.
Day 4: interest of the three who are left, debtor 0's on 9,014.30: 4.4454 -> 4.45.
"""

from __future__ import annotations

from recoup.sim.parameters import Course
from recoup.sim.simulation import Simulation
from tests.worked.tiny import courses, day, debtors, pool, simulate, world

DAYS = 5
BOOK = {
    "day": [0, 1, 2, 3, 4],
    "attempts": [1, 1, 0, 0, 0],
    "notices": [0, 1, 0, 0, 0],
    "kept": [0, 0, 1, 1, 0],
    "broken": [0, 0, 1, 0, 0],
    "payments": [0, 0, 1, 1, 0],
    "closed": [0, 0, 0, 1, 0],
    "open": [4, 4, 4, 3, 3],
    "interest": [0, 4 * 493, 4 * 493, 3 * 493 + 444, 2 * 493 + 445],
    "fees": [0, 0, 0, 0, 0],
    "cash": [0, 0, 100_000, 800_000, 0],
    "forgiven": [0, 0, 0, 200_000 + 3 * 493, 0],
    "cost": [5, 3_600, 0, 0, 0],
    "overhead": [0, 150_000, 0, 0, 0],
    "away": [0, 1, 0, 0, 0],
    # The collector is paid for 460 minutes a day at 0.80, at the course as well; nobody is called.
    "collector_paid": [27_600] * 5,
    "idle_cost": [36_800] * 5,
    # 40,000.00 + 19.72 + 19.72 − 1,000.00 + 19.23 − 8,000.00 − 2,014.79 + 14.31
    "balance": [4_000_000, 4_001_972, 3_903_944, 2_904_388, 2_905_819],
    # 1.08 to the power of −day / 365
    "discount_factor": [1.0, 0.99978917, 0.99957838, 0.99936764, 0.99915694],
}


def kept_book(**options: object) -> Simulation:
    """The five days, simulated."""
    course = courses(every_days=1000, law=Course(days=1, gain=0.3, cost=1500))
    simulation = simulate(
        world(
            behaviour={"keep_base": 0.0, "keep_willingness": 40.0},
            operations={"training": course} | pool("specialist", per_1000_accounts=0),
        ),
        debtors(*[10_000] * 4),
        **options,
    )
    a = simulation.accounts
    a["willingness"] = [1, -1, 1, 1]
    a["promise_due"] = [2, 2, 3, -10_000]
    a["promise_amount"] = [100_000, 100_000, 800_000, 0]
    a["promise_discount"] = [0, 0, 0.2, 0]
    day(simulation, {3: "sms/midday"})
    day(simulation, {3: "letter/morning/notice"})
    for _ in range(3):
        day(simulation)
    return simulation
