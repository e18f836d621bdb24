"""Customers with several accounts, a second time: what their contact caps come to, account by account and day by day."""

from __future__ import annotations

from collections import defaultdict

from recoup.sim.account import Event, Outcome, Status
from recoup.sim.compliance.rules import ContactCap, QuietAfterConversation
from recoup.sim.treatments import STANDARD, Group

HISTORIES = {"call": "call_history", "text": "text_history", "letter": "letter_history", "visit": "visit_history"}


def families(portfolio):
    """Numbers of the accounts of each customer who has several."""
    found = defaultdict(list)
    if "customer_id" in portfolio.table:
        for number, name in enumerate(portfolio.table["customer_id"]):
            if name is not None:
                found[name].append(number)
    return [numbers for numbers in found.values() if len(numbers) > 1]


def caps(reference):
    """The rules that count a customer's contacts, with their place in the pack."""
    for place, rule in enumerate(reference.rules_pack.rules):
        if isinstance(rule, QuietAfterConversation) and rule.per == "customer":
            yield place, rule
        if isinstance(rule, ContactCap) and rule.per == "customer" and rule.count != "unanswered":
            yield place, rule


def days_of(reference, number, history, today):
    """On which days the account had such a contact."""
    a = reference.accounts[number]
    ended = today if a["status"] == Status.OPEN else int(a["closed_day"])
    return {ended - ago for ago in range(32) if int(a[history]) >> ago & 1}


def so_far(reference, family, rule, today):
    """What the rule counts in its days before today, and how much of it is too much."""
    quiet = isinstance(rule, QuietAfterConversation)
    talks = quiet or rule.count == "conversations"
    histories = ["conversation_history"] if talks else list(HISTORIES.values())
    if not talks and rule.group != "contact":
        histories = [HISTORIES[rule.group]]
    each = [set().union(*(days_of(reference, n, one, today) for one in histories)) for n in family]
    first = today - rule.days + 1
    within = [{day for day in days if first <= day < today} for days in each]
    if quiet:
        return len(set().union(*within)), 1
    if rule.count == "days":
        return len(set().union(*within)), rule.most
    return sum(map(len, within)), rule.most


def mark_caps(reference, today):
    """Write on each account which caps its customer has reached, where the gate reads it."""
    for family in reference.families:
        reached = 0
        for bit, (_, rule) in enumerate(caps(reference)):
            count, most = so_far(reference, family, rule, today)
            reached |= (count >= most) << bit
        for number in family:
            reference.accounts["customer_caps"][number] = reached


def stop_later_contacts(reference, today):
    """Contacts of today with one customer, by their hours: none that those before it make one too many."""
    for family in reference.families:
        made = []
        for number in sorted(
            family, key=lambda n: (reference.menu.treatments[int(reference.accounts["treatment"][n])].window, n)
        ):
            a = reference.accounts[number]
            item = reference.menu.treatments[int(a["treatment"])]
            if a["status"] != Status.OPEN or not item.channel:
                continue
            broken = next(
                (place for place, rule in caps(reference) if breaks(reference, family, rule, made, item, today)), None
            )
            if broken is not None and reference.gate:
                for name in ("treatment", "reached", "novelty", "seconds", "calls_back", "answered", "served"):
                    reference.accounts[name][number] = 0
                reference.accounts["rule"][number] = broken + 1
                reference.accounts["blocked"][number] += 1
                reference.accounts["outcome"][number] = Outcome.BLOCKED
                reference.accounts["events"][number] |= Event.BLOCKED
                continue
            if broken is not None and not a["events"] & Event.BREACH:
                reference.accounts["rule"][number] = broken + 1
                reference.accounts["breaches"][number] += 1
                reference.accounts["events"][number] |= Event.BREACH
            made.append(number)


def breaks(reference, family, rule, made, item, today):
    group = Group(int(STANDARD.groups[item.channel])).name.lower()
    quiet = isinstance(rule, QuietAfterConversation)
    if group != ("call" if quiet else rule.group) and (quiet or rule.group != "contact"):
        return False
    if not quiet and rule.count == "days":
        return False
    more = 0
    for number in made:
        a = reference.accounts[number]
        theirs = Group(int(STANDARD.groups[reference.menu.treatments[int(a["treatment"])].channel])).name.lower()
        if quiet or rule.count == "conversations":
            more += bool(a["reached"]) and theirs in ("call", "visit")
        else:
            more += rule.group in ("contact", theirs)
    count, most = so_far(reference, family, rule, today)
    return more > 0 and count + more >= most
