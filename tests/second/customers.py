"""Contact caps that are counted over several accounts of a customer or by a single channel, a second time: account by account, day by day."""

from __future__ import annotations

from collections import defaultdict

from recoup.sim.account import Event, Outcome, Status
from recoup.sim.compliance.rules import ContactCap, QuietAfterConversation
from recoup.sim.treatments import Group

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
    """The rules that count a customer's contacts, or those of a channel that the world has, with their place in the pack."""
    for place, rule in enumerate(reference.rules_pack.rules):
        if isinstance(rule, QuietAfterConversation) and rule.per == "customer":
            yield place, rule
        if isinstance(rule, ContactCap) and rule.count != "unanswered":
            if rule.channel in reference.menu.vocabulary.channel_names or (not rule.channel and rule.per == "customer"):
                yield place, rule


def known_channels(portfolio, reference):
    """By account and channel, the days with a contact before the first one. What is not said of a channel is so of its group."""
    found = []
    said = portfolio.table["channel_days"] if "channel_days" in portfolio.table else [None] * len(portfolio)
    for number, text in enumerate(said):
        days = {}
        if isinstance(text, str):
            for part in text.split("; ") if text != "0" else ():
                name, _, ago = part.partition(": ")
                days[name] = {-int(one) for one in ago.split()}
        elif portfolio.state:
            for one in reference.menu.vocabulary.channels[1:]:
                days[one.name] = days_of(reference, number, HISTORIES[one.group.name.lower()], 0) - {0}
        found.append(days)
    return found


def note_channels(reference, today):
    """At the end of the day: by which channel each account was contacted."""
    for number, a in enumerate(reference.accounts):
        if a["served"] and a["events"] & Event.ATTEMPT and int(a["last_attempt"]) == today:
            channel = reference.menu.treatments[int(a["treatment"])].channel.name.lower()
            reference.by_channel[number].setdefault(channel, set()).add(today)


def days_of(reference, number, history, today):
    """On which days the account had such a contact."""
    a = reference.accounts[number]
    ended = today if a["status"] == Status.OPEN else int(a["closed_day"])
    return {ended - ago for ago in range(32) if int(a[history]) >> ago & 1}


def so_far(reference, family, rule, today):
    """What the rule counts in its days before today, and how much of it is too much."""
    quiet = isinstance(rule, QuietAfterConversation)
    if not quiet and rule.channel:
        first = today - rule.days + 1
        each = [{day for day in reference.by_channel[n].get(rule.channel, ()) if first <= day < today} for n in family]
        return (len(set().union(*each)) if rule.count == "days" else sum(map(len, each))), rule.most
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
    """Write on each account which caps its customer, or a channel to it, has reached, where the gate reads it."""
    families = {number: family for family in reference.families for number in family}
    for number in range(len(reference.accounts)):
        reached = 0
        for bit, (_, rule) in enumerate(caps(reference)):
            family = families.get(number) if rule.per == "customer" else [number]
            if family is None and not isinstance(rule, QuietAfterConversation) and rule.channel:
                family = [number]
            if family:
                count, most = so_far(reference, family, rule, today)
                reached |= (count >= most) << bit
        reference.accounts["caps_reached"][number] = reached


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
                (
                    place
                    for place, rule in caps(reference)
                    if speaks_of(reference, rule, number) and breaks(reference, family, rule, made, item, today)
                ),
                None,
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


def speaks_of(reference, rule, number):
    return (
        not rule.products or list(reference.world.products)[int(reference.accounts["product"][number])] in rule.products
    )


def breaks(reference, family, rule, made, item, today):
    if rule.per == "account":
        return False
    if not isinstance(rule, QuietAfterConversation) and rule.channel:
        names = [reference.menu.treatments[int(reference.accounts[n]["treatment"])].channel.name.lower() for n in made]
        more = names.count(rule.channel)
        if rule.count == "days" or item.channel.name.lower() != rule.channel or not more:
            return False
        count, most = so_far(reference, family, rule, today)
        return count + more >= most
    group = Group(int(reference.menu.vocabulary.groups[item.channel])).name.lower()
    quiet = isinstance(rule, QuietAfterConversation)
    if group != ("call" if quiet else rule.group) and (quiet or rule.group != "contact"):
        return False
    if not quiet and rule.count == "days":
        return False
    more = 0
    for number in made:
        a = reference.accounts[number]
        theirs = Group(
            int(reference.menu.vocabulary.groups[reference.menu.treatments[int(a["treatment"])].channel])
        ).name.lower()
        if quiet or rule.count == "conversations":
            more += bool(a["reached"]) and theirs in ("call", "visit")
        else:
            more += rule.group in ("contact", theirs)
    count, most = so_far(reference, family, rule, today)
    return more > 0 and count + more >= most
