"""The audit: the same rules as the gate's, read a second time, in SQL over an event log (DuckDB).

The gate (`gate.py`) looks at an account's state before each treatment. The audit knows no state: it rebuilds what
was known on each day from the rows before it. The two share the rule pack's data and no code, so that a slip in one
shows in the other. Each kind of rule is one function: which rows it speaks about (tested), which of them broke it,
which came within a step of it, and the facts that show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from recoup.sim.compliance.auditlog import Log
from recoup.sim.compliance.rules import (
    BrokenPlans,
    ContactCap,
    ContactHours,
    DiscountAuthority,
    FlaggedContact,
    InterestCap,
    InterestFreeze,
    LegalPrecondition,
    Limitation,
    PlanLength,
    QuietAfterConversation,
    RecordKeeping,
    ReviewStep,
    Rule,
    RulePack,
    SettlementBudget,
    Standing,
    ThirdParties,
    ValidationNotice,
)

# What was known before each row is everything an earlier row of the account said. Few rows say anything (`news`), so that
# only these go through the windows, and each row looks up the latest news before it. `contact` is the channel group.
_CALL_OR_VISIT = "channel IN ('autocall', 'collector', 'specialist', 'visit')"
_FORGIVING = "offer IN ('settlement', 'swap')"  # an asset is sold for less than the debtor is credited with
_PROMISED = f"(coalesce(promise, false) OR coalesce(accepted AND {_FORGIVING}, false))"
_AGREED = "(accepted AND offer IN ('plan', 'restructure'))"
_STEPS = f"""
CREATE TABLE IF NOT EXISTS places AS
SELECT line, account,
  row_number() OVER account AS place, lag(day) OVER account AS day_before, lag(interest) OVER account AS interest_before
FROM log JOIN (SELECT account_id, row_number() OVER () AS account FROM (SELECT DISTINCT account_id FROM log)) USING (account_id)
WINDOW account AS (PARTITION BY account ORDER BY day, from_hour NULLS LAST, line);

CREATE TABLE IF NOT EXISTS news AS
SELECT account, place,
  max(CASE WHEN complaint THEN coalesce(complaint_until, 2147483647) END) OVER so_far AS complaint_free,
  max(CASE WHEN dispute THEN coalesce(dispute_until, 2147483647) END) OVER so_far AS dispute_free,
  max(CASE WHEN hardship THEN coalesce(hardship_until, 2147483647) END) OVER so_far AS hardship_free,
  max(CASE WHEN breathing_space THEN coalesce(breathing_space_until, 2147483647) END) OVER so_far AS breathing_space_free,
  max(CASE WHEN restructuring_request THEN coalesce(restructuring_request_until, 2147483647) END) OVER so_far
    AS restructuring_request_free,
  min(CASE WHEN opt_out THEN day END) OVER so_far AS opted_out_since,
  min(CASE WHEN cease_contact THEN day END) OVER so_far AS cease_contact_since,
  min(CASE WHEN accepted AND offer = 'restructure' THEN day END) OVER so_far AS restructured_since,
  min(CASE WHEN represented THEN day END) OVER so_far AS represented_since,
  max(CASE WHEN {_AGREED} THEN place END) OVER so_far AS agreed_at,
  max(CASE WHEN {_AGREED} THEN day END) OVER so_far AS agreed_on,
  max(CASE WHEN instalment_paid THEN place END) OVER so_far AS instalment_at,
  max(CASE WHEN instalment_missed THEN place END) OVER so_far AS missed_at,
  max(CASE WHEN plan_broken THEN place END) OVER so_far AS plan_ended_at,
  count(CASE WHEN plan_broken THEN 1 END) OVER so_far AS plans_broken,
  max(CASE WHEN legal = 'notice' AND coalesce(done, true) THEN day END) OVER so_far AS noticed,
  max(CASE WHEN reached AND coalesce(done, true) AND {_CALL_OR_VISIT} THEN day END) OVER so_far AS conversed_last,
  max(CASE WHEN {_PROMISED} THEN place END) OVER so_far AS promised_at,
  max(CASE WHEN promise_kept OR promise_broken THEN place END) OVER so_far AS promise_ended_at,
  last_value(CASE WHEN {_PROMISED} THEN coalesce(promise_due, 2147483647) END IGNORE NULLS) OVER so_far AS promise_due_known
FROM places JOIN log USING (line)
WHERE complaint OR dispute OR hardship OR breathing_space OR opt_out OR cease_contact OR plan_broken OR legal = 'notice'
  OR restructuring_request OR represented OR instalment_paid OR instalment_missed
  OR accepted OR promise OR promise_kept OR promise_broken OR (reached AND {_CALL_OR_VISIT})
WINDOW so_far AS (PARTITION BY account ORDER BY place);

CREATE TABLE IF NOT EXISTS known AS
SELECT places.*, news.* EXCLUDE (account, place) REPLACE (coalesce(plans_broken, 0) AS plans_broken)
FROM places ASOF LEFT JOIN news ON places.account = news.account AND places.place > news.place;

CREATE VIEW IF NOT EXISTS steps AS
SELECT log.* REPLACE (
    coalesce(done, true) AS done,
    coalesce(to_hour, from_hour) AS to_hour,
    coalesce(day_off, isodow(date) >= 6) AS day_off,
    coalesce(reached, false) AS reached),
  CASE WHEN channel IN ('sms', 'wechat', 'email') THEN 'text'
       WHEN channel IN ('autocall', 'collector', 'specialist') THEN 'call'
       ELSE channel END AS contact,
  coalesce(done, true) AND channel IS NOT NULL AS contacted,
  coalesce(reached AND coalesce(done, true) AND {_CALL_OR_VISIT}, false) AS conversed,
  known.* EXCLUDE (line)
FROM log JOIN known USING (line)
"""

_TOPICS = {
    "contact": "contact IS NOT NULL",
    **{group: f"contact = '{group}'" for group in ("text", "call", "letter", "visit")},
    "autocall": "channel = 'autocall'",
    "settlement": _FORGIVING,
    **{offer: f"offer = '{offer}'" for offer in ("plan", "restructure")},
    "legal": "legal IS NOT NULL",
    **{step: f"legal = '{step}'" for step in ("notice", "suit", "enforce")},
}


@dataclass(frozen=True)
class Reading:
    """How one rule is read: SQL conditions over `steps`, or over a query that adds to it.

    Attributes:
        tested, broken, near: conditions; `near` is looked at on tested rows that did not break the rule.
        facts: name -> SQL of what a breach's sentence says.
        words: that sentence by language, with the facts in braces.
        needs: columns without which the log cannot tell.
        source: the relation that is read.
    """

    tested: str
    broken: str
    near: str
    words: dict[str, str]
    facts: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    source: str = "steps"


@dataclass(frozen=True)
class Finding:
    """What the audit found on one rule.

    Attributes:
        missing: columns that the log lacks; the rule could not be looked at.
        tested, near: rows that the rule speaks about, and those within a step of breaking it.
        stopped: rows that the gate stopped by this rule, as far as the log says so.
        breaches: one row each: line, account_id, day, date, from_hour, to_hour, step, done, and the facts.
    """

    rule: Rule
    reading: Reading
    missing: tuple[str, ...]
    tested: int
    near: int
    stopped: int
    breaches: pd.DataFrame

    def evidence(self, breach: Mapping[Any, Any], language: str) -> str:
        """Why a breach is one, in words.

        Args:
            breach: a row of `breaches`.
            language: `en` or `zh`.
        """
        facts = {name: _shown(name, value, breach, language) for name, value in breach.items()}
        said = self.reading.words[language].format(**facts)
        if not breach["done"]:
            said += {"en": " (ordered, not carried out)", "zh": "（已下达，未执行）"}[language]
        return said


BREACH_COLUMNS = ("line", "account_id", "day", "date", "from_hour", "to_hour", "step", "done")
_STEP = "concat_ws('/', channel, offer || coalesce('_' || months, '_' || CAST(round(100 * discount) AS INTEGER), ''), legal)"


def audit(log: Log, pack: RulePack) -> list[Finding]:
    """Read every rule of a pack over a log, in the pack's order.

    Args:
        log: as `read_log` or `typed_log` gave it; a rule whose columns it lacks has them in `Finding.missing`.
        pack: the rules.
    """
    log.database.execute(_STEPS)
    stopped = dict(
        log.database.execute(
            "SELECT stopped_by, count(*) FROM log WHERE stopped_by IS NOT NULL GROUP BY ALL"
        ).fetchall()
    )
    readings = [READINGS[type(rule)](rule) for rule in pack.rules]
    missing = [tuple(name for name in reading.needs if name not in log.columns) for reading in readings]
    totals = _totals(log, [reading for reading, lacks in zip(readings, missing, strict=True) if not lacks])
    findings = []
    for rule, reading, lacks in zip(pack.rules, readings, missing, strict=True):
        rows = Counts(0, 0, 0) if lacks else totals[id(reading)]
        breaches = _breaches(log, reading) if rows.broken else pd.DataFrame(columns=[*BREACH_COLUMNS, *reading.facts])
        findings.append(Finding(rule, reading, lacks, rows.tested, rows.near, stopped.get(rule.id, 0), breaches))
    return findings


class Counts(NamedTuple):
    """Rows that a rule speaks about, that came within a step of breaking it, and that broke it."""

    tested: int
    near: int
    broken: int


def _totals(log: Log, readings: list[Reading]) -> dict[int, Counts]:
    """Counts by the reading's `id`: one scan for all readings of the same source."""
    by_source: dict[str, list[Reading]] = {}
    for reading in readings:
        by_source.setdefault(reading.source, []).append(reading)
    totals: dict[int, Counts] = {}
    for source, group in by_source.items():
        counts = ", ".join(
            f"count(*) FILTER ({r.tested}), count(*) FILTER (({r.tested}) AND NOT {_broken(r)} AND ({r.near})), "
            f"count(*) FILTER (({r.tested}) AND {_broken(r)})"
            for r in group
        )
        row = log.database.execute(f"SELECT {counts} FROM {source}").fetchone()
        assert row is not None
        columns = len(Counts._fields)
        totals |= {id(reading): Counts(*row[columns * n : columns * (n + 1)]) for n, reading in enumerate(group)}
    return totals


def _broken(reading: Reading) -> str:
    return f"coalesce({reading.broken}, false)"


def _breaches(log: Log, reading: Reading) -> pd.DataFrame:
    shown = ", ".join(
        [*BREACH_COLUMNS[:6], f"{_STEP} AS step", "done", *(f"{q} AS {n}" for n, q in reading.facts.items())]
    )
    where = f"({reading.tested}) AND {_broken(reading)}"
    return log.database.execute(f"SELECT {shown} FROM {reading.source} WHERE {where} ORDER BY day, line").df()


_NEVER = 2147483647  # an end that the log does not know


def _shown(name: str, value: Any, breach: Mapping[Any, Any], language: str) -> str:
    """A fact in words: days (`free`, `due`, `last`, `when`) as dates where the log has dates, hours as times."""
    if pd.isna(value):
        return "?"
    if name in ("free", "due", "last", "when"):
        if value >= _NEVER:
            return {"en": "further notice", "zh": "另行通知"}[language]
        if pd.notna(breach["date"]):
            return f"{breach['date'] + pd.Timedelta(days=int(value) - int(breach['day'])):%Y-%m-%d}"
        return {"en": f"day {value:.0f}", "zh": f"第 {value:.0f} 天"}[language]
    if name in ("at", "until"):
        return clock(value)
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return str(value)


def clock(hour: float) -> str:
    """«18:30» for 18.5."""
    minutes = round(60 * hour)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _any(conditions: list[str]) -> str:
    return "(" + " OR ".join(conditions) + ")"


def _quoted(names: list[Any]) -> str:
    return "(" + ", ".join(f"'{name}'" for name in names) + ")"


# --- one function for each kind of rule -------------------------------------------------------------------------


_ON = {"every_day": "", "weekdays": " AND NOT day_off", "weekends": " AND isodow(date) > 5", "days_off": " AND day_off"}


def _hours(rule: ContactHours) -> Reading:
    calendar = {"every_day": (), "weekends": ("date",)}.get(rule.when, ("day_off",))
    return Reading(
        tested=f"contact IN {_quoted(rule.groups)}{_ON[rule.when]}",
        broken=f"from_hour < {rule.from_hour} OR to_hour > {rule.to_hour}",
        near=f"from_hour < {rule.from_hour} + 0.25 OR to_hour > {rule.to_hour} - 0.25",
        words={
            "en": f"{{what}} from {{at}} to {{until}}, allowed from {clock(rule.from_hour)} to {clock(rule.to_hour)}",
            "zh": f"{{what}} 于 {{at}} 至 {{until}}，允许时段为 {clock(rule.from_hour)} 至 {clock(rule.to_hour)}",
        },
        facts={"what": "channel", "at": "from_hour", "until": "to_hour"},
        needs=("channel", "from_hour", *calendar),
    )


def _cap(rule: ContactCap) -> Reading:
    counted = {
        "days": "contacted AND row_number() OVER (PARTITION BY account, day, contacted ORDER BY place) = 1",
        "attempts": "contacted",
        "conversations": "conversed",
        "unanswered": "contacted AND NOT reached",
    }[rule.count]
    mine = _TOPICS["contact"] if rule.group == "contact" else f"contact = '{rule.group}'"
    rows = mine + (" OR conversed" if rule.count == "conversations" else "")
    one_number = ", coalesce(dialled, '')" if rule.count == "unanswered" else ""
    before = today = "0"
    if rule.days > 1:
        before = (
            "coalesce(sum(counts) OVER (PARTITION BY account ORDER BY day "
            f"RANGE BETWEEN {rule.days - 1} PRECEDING AND 1 PRECEDING), 0)"
        )
    if rule.count != "days":
        today = (
            f"coalesce(sum(counts) OVER (PARTITION BY account, day{one_number} ORDER BY place "
            "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)"
        )
    source = f"""(
        SELECT *, CAST({before} + {today} AS INTEGER) AS earlier
        FROM (SELECT *, CAST({counted} AS INTEGER) AS counts FROM steps WHERE {rows}))"""
    unit = {
        "days": ("days with one", "天已有联系"),
        "attempts": ("attempts", "次尝试"),
        "conversations": ("conversations", "次通话"),
        "unanswered": ("unanswered dials", "次未接通"),
    }[rule.count]
    return Reading(
        tested=mine,
        # An answered dial after them is no further unanswered one.
        broken=f"earlier >= {rule.most}" + (" AND counts > 0" if rule.count == "unanswered" else ""),
        near=f"earlier = {rule.most} - 1",
        words={
            "en": f"{{what}} after {{earlier}} {unit[0]} within {rule.days} days, at most {rule.most}",
            "zh": f"{{what}}：{rule.days} 天内此前已有 {{earlier}} {unit[1]}，上限 {rule.most}",
        },
        facts={"what": "channel", "earlier": "earlier"},
        needs=("channel", "reached") if rule.count in ("conversations", "unanswered") else ("channel",),
        source=source,
    )


def _quiet(rule: QuietAfterConversation) -> Reading:
    return Reading(
        tested="contact = 'call'",
        broken=f"day - conversed_last < {rule.days}",
        near=f"day - conversed_last = {rule.days}",
        words={
            "en": f"{{what}} {{since}} days after the conversation of {{last}}, quiet for {rule.days} days from it",
            "zh": f"{{what}} 距{{last}}的通话 {{since}} 天，通话当日起 {rule.days} 天内应静默",
        },
        facts={"what": "channel", "last": "conversed_last", "since": "day - conversed_last"},
        needs=("channel", "reached"),
    )


class StandingReading(NamedTuple):
    """How a standing of an account is read in the log.

    Attributes:
        broken, near: as in `Reading`.
        fact: name of the fact that a breach's sentence tells, and `query` its SQL.
        needs: columns without which the log cannot tell.
        english, chinese: what the sentence says of it.
    """

    broken: str
    near: str
    fact: str
    query: str
    needs: tuple[str, ...]
    english: str
    chinese: str


def _until(name: str, english: str, chinese: str) -> StandingReading:
    """A standing that ends on a day: the column `<name>_free` of what was known."""
    free = f"{name}_free"
    return StandingReading(f"day < {free}", f"day = {free}", "free", free, (name,), english, chinese)


def _since(name: str, needs: str, english: str, chinese: str) -> StandingReading:
    """A standing that lasts from a day on: the column `<name>_since`."""
    since = f"{name}_since"
    return StandingReading(f"{since} IS NOT NULL", "false", "when", since, (needs,), english, chinese)


# An agreement that neither broke nor ended since, and of which no instalment is missed (and not yet made good by a paid one).
_KEPT = (
    "(agreed_at IS NOT NULL AND NOT coalesce(plan_ended_at > agreed_at, false) "
    "AND NOT coalesce(missed_at > agreed_at AND NOT coalesce(instalment_at > missed_at, false), false))"
)
_STANDINGS: dict[str, StandingReading] = {
    "complaint": _until("complaint", "while a complaint was open until {free}", "投诉至{free}未答复"),
    "dispute": _until("dispute", "while the debt was disputed until {free}", "债务争议至{free}未核实"),
    "hardship": _until("hardship", "in disclosed hardship until {free}", "困难保护至{free}"),
    "breathing_space": _until("breathing_space", "in a breathing space until {free}", "喘息期至{free}"),
    "opted_out": _since("opted_out", "opt_out", "after the opt-out of {when}", "{when}已退订"),
    "cease_contact": _since(
        "cease_contact", "cease_contact", "after the request of {when} that contact cease", "{when}已要求停止联系"
    ),
    "restructured": _since("restructured", "accepted", "after the restructuring of {when}", "{when}已重组"),
    "promise_open": StandingReading(
        broken="promised_at > coalesce(promise_ended_at, 0) AND promise_due_known >= day",
        near="promise_due_known = day - 1",
        fact="due",
        query="promise_due_known",
        needs=("promise",),
        english="while a promise was open until {due}",
        chinese="还款承诺至{due}未到期",
    ),
    "plan_kept": StandingReading(
        broken=_KEPT,
        near="agreed_at IS NOT NULL",
        fact="when",
        query="agreed_on",
        needs=("offer", "accepted", "instalment_missed"),
        english="while the agreement of {when} was kept",
        chinese="{when}的分期协议正常履行中",
    ),
    "day_off": StandingReading("day_off", "false", "free_day", "day", ("day_off",), "on a day off", "休息日"),
    "holiday": StandingReading(
        broken="day_off AND isodow(date) <= 5",
        near="false",
        fact="free_day",
        query="day",
        needs=("date", "day_off"),
        english="on a public holiday",
        chinese="法定节假日",
    ),
    "represented": _since(
        "represented", "represented", "after {when}, when an attorney was known", "{when}起已知有律师代理"
    ),
    "restructuring_request": _until(
        "restructuring_request", "while a request for restructuring was open until {free}", "债务调整申请至{free}未决"
    ),
}


def _standing(rule: Standing) -> Reading:
    standing = _STANDINGS[rule.while_]
    return Reading(
        tested=_any([_TOPICS[topic] for topic in rule.forbids]),
        broken=standing.broken,
        near=standing.near,
        words={"en": f"{{what}} {standing.english}", "zh": f"{{what}}：{standing.chinese}"},
        facts={"what": _STEP, standing.fact: standing.query},
        needs=standing.needs,
    )


def _plan_length(rule: PlanLength) -> Reading:
    return Reading(
        tested="offer IN ('plan', 'restructure')",
        broken=f"months > {rule.most_months}",
        near=f"months = {rule.most_months}",
        words={
            "en": f"an agreement of {{months}} months offered, at most {rule.most_months}",
            "zh": f"提供 {{months}} 个月的分期，上限 {rule.most_months} 个月",
        },
        facts={"months": "months"},
        needs=("offer", "months"),
    )


def _broken_plans(rule: BrokenPlans) -> Reading:
    return Reading(
        tested="offer IN ('plan', 'restructure')",
        broken=f"plans_broken >= {rule.most}",
        near=f"plans_broken = {rule.most} - 1",
        words={
            "en": f"{{what}} offered after {{count}} broken agreements, none after {rule.most}",
            "zh": f"已违约 {{count}} 次后仍提供 {{what}}，上限 {rule.most} 次",
        },
        facts={"what": "offer", "count": "plans_broken"},
        needs=("offer", "plan_broken"),
    )


def _authority(rule: DiscountAuthority) -> Reading:
    return Reading(
        tested=f"offer = 'settlement' AND dpd < {rule.before_dpd}",
        broken=f"discount > {rule.most} + 1e-9",
        near=f"discount > {rule.most} - 1e-9 AND discount > 0",
        words={
            "en": f"a discount of {{percent}} % at {{dpd}} days past due, at most {100 * rule.most:g} % before {rule.before_dpd}",
            "zh": f"逾期 {{dpd}} 天减免 {{percent}}%，{rule.before_dpd} 天之前上限 {100 * rule.most:g}%",
        },
        facts={"percent": "round(100 * discount, 1)", "dpd": "dpd"},
        needs=("offer", "discount", "dpd"),
    )


def _budget(rule: SettlementBudget) -> Reading:
    return Reading(
        tested=_FORGIVING,
        broken="budget_left <= 0",
        near="budget_left < 0.05",
        words={
            "en": "a discount or a handover of assets offered with the settlement budget spent",
            "zh": "减免预算用完后仍提供减免或以物抵债",
        },
        needs=("offer", "budget_left"),
    )


def _limitation(rule: Limitation) -> Reading:
    if rule.restarts:
        return _restarting_limitation(rule)
    return Reading(
        tested="legal IN ('notice', 'suit')",
        broken=f"dpd > {rule.days}",
        near=f"dpd > {rule.days} - 30",
        words={
            "en": f"{{what}} at {{dpd}} days past due, time-barred after {rule.days}",
            "zh": f"逾期 {{dpd}} 天时 {{what}}，时效为 {rule.days} 天",
        },
        facts={"what": "legal", "dpd": "dpd"},
        needs=("legal", "dpd"),
    )


def _restarting_limitation(rule: Limitation) -> Reading:
    """The period begins anew with a demand that arrives within it, and with an acknowledgement at any time.

    Demands after a gap of more than the period, counted since the latest acknowledgement, are too late and begin nothing.
    """
    acknowledges = "coalesce(payment OR promise OR accepted, false)"
    demands = "(reached AND contacted OR legal IS NOT NULL AND done)"
    earlier = "(PARTITION BY account ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    source = f"""(
        SELECT *, day - greatest(day - dpd, max(CASE WHEN begins THEN day END) OVER {earlier}) AS silent
        FROM (
            SELECT *, (acknowledges OR demands)
              AND NOT bool_or(late) OVER (PARTITION BY account, acknowledged ORDER BY place) AS begins
            FROM (
                SELECT *, count(*) FILTER (acknowledges) OVER (PARTITION BY account ORDER BY place) AS acknowledged,
                  coalesce(demands AND NOT acknowledges AND day - greatest(day - dpd, heard) > {rule.days}, false) AS late
                FROM (
                    SELECT *, max(CASE WHEN acknowledges OR demands THEN day END) OVER {earlier} AS heard
                    FROM (SELECT *, {acknowledges} AS acknowledges, {demands} AS demands FROM steps)
                    WHERE acknowledges OR demands OR legal IN ('notice', 'suit')))))"""
    return Reading(
        tested="legal IN ('notice', 'suit')",
        broken=f"silent > {rule.days}",
        near=f"silent > {rule.days} - 30",
        words={
            "en": f"{{what}} after {{silent}} days without demand or acknowledgement, time-barred after {rule.days}",
            "zh": f"{{silent}} 天无催告或承认后 {{what}}，时效为 {rule.days} 天",
        },
        facts={"what": "legal", "silent": "silent"},
        needs=("legal", "dpd", "reached", "payment"),
        source=source,
    )


def _precondition(rule: LegalPrecondition) -> Reading:
    broken, near, needs = [], [], ["legal"]
    if rule.least_dpd:
        broken.append(f"dpd < {rule.least_dpd}")
        near.append(f"dpd < {rule.least_dpd} + 3")
        needs.append("dpd")
    if rule.least_balance:
        broken.append(f"claim < {rule.least_balance}")
        near.append(f"claim < {1.05 * rule.least_balance}")
        needs.append("claim")
    if rule.notice_days:
        broken.append(f"coalesce(day - noticed < {rule.notice_days}, true)")
        near.append(f"day - noticed < {rule.notice_days} + 3")
    wanted = f"{rule.least_dpd} / {rule.least_balance:,.10g} / {rule.notice_days}"
    return Reading(
        tested=f"legal = '{rule.step}'",
        broken=_any(broken or ["false"]),
        near=_any(near or ["false"]),
        words={
            "en": f"{rule.step} at {{dpd}} days past due, claim {{claim}}, notice {{since}} days old; needed: {wanted}",
            "zh": f"{rule.step}：逾期 {{dpd}} 天、债权 {{claim}}、通知已 {{since}} 天；要求：{wanted}",
        },
        facts={"dpd": "dpd", "claim": "claim", "since": "day - noticed"},
        needs=tuple(needs),
    )


def _review(rule: ReviewStep) -> Reading:
    return Reading(
        tested=f"legal IN {_quoted(rule.steps)}",
        broken="reviewer IS NULL",
        near="false",
        words={"en": "{what} without a reviewer", "zh": "{what} 未经复核"},
        facts={"what": "legal"},
        needs=("legal", "reviewer"),
    )


def _interest_cap(rule: InterestCap) -> Reading:
    # A cent a day is rounding.
    most = f"(opening * {rule.most} / 365 + 0.01) * (day - day_before)"
    return Reading(
        tested="interest_before IS NOT NULL AND day > day_before",
        broken=f"interest - interest_before > {most} + 1e-6",
        near="false",
        words={
            "en": f"interest of {{charged}} on {{opening}} in {{days}} days, above {100 * rule.most:g} % a year",
            "zh": f"{{days}} 天内对 {{opening}} 计息 {{charged}}，超过年化 {100 * rule.most:g}%",
        },
        facts={"charged": "interest - interest_before", "opening": "opening", "days": "day - day_before"},
        needs=("interest", "opening"),
    )


def _interest_freeze(rule: InterestFreeze) -> Reading:
    if rule.while_ == "plan_kept":
        return Reading(
            tested=f"{_KEPT} AND interest_before IS NOT NULL",
            broken="interest - interest_before > 0.001",
            near="false",
            words={
                "en": "interest of {charged} charged while the agreement of {when} was kept",
                "zh": "{when}的分期协议正常履行中计息 {charged}",
            },
            facts={"charged": "interest - interest_before", "when": "agreed_on"},
            needs=("interest", "offer", "accepted", "instalment_missed"),
        )
    return Reading(
        tested=f"day < {rule.while_}_free AND interest_before IS NOT NULL",
        broken="interest - interest_before > 0.001",
        near="false",
        words={
            "en": f"interest of {{charged}} charged in {rule.while_.replace('_', ' ')} until day {{free}}",
            "zh": "保护期（至{free}）内计息 {charged}",
        },
        facts={"charged": "interest - interest_before", "free": f"{rule.while_}_free"},
        needs=("interest", rule.while_),
    )


def _third_parties(rule: ThirdParties) -> Reading:
    return Reading(
        tested="contact IS NOT NULL AND recipient IS NOT NULL",
        broken="lower(recipient) <> 'debtor'",
        near="false",
        words={"en": "{what} to {whom}, who is not the debtor", "zh": "{what} 联系了非债务人：{whom}"},
        facts={"what": "channel", "whom": "recipient"},
        needs=("channel", "recipient"),
    )


def _records(rule: RecordKeeping) -> Reading:
    return Reading(
        tested="contacted",
        broken="record IS NULL",
        near="false",
        words={"en": "{what} without a record", "zh": "{what} 无记录"},
        facts={"what": "channel"},
        needs=("channel", "record"),
    )


def _validation(rule: ValidationNotice) -> Reading:
    return Reading(
        tested="contacted",
        broken=f"day - first_contact > {rule.days} AND coalesce(sent > day, true)",
        near=f"day - first_contact = {rule.days} AND coalesce(sent > day, true)",
        words={
            "en": f"{{what}} {{since}} days after the first contact, and no notice of the debt sent within {rule.days}",
            "zh": f"首次联系后 {{since}} 天 {{what}}，{rule.days} 天内未发债务告知书",
        },
        facts={"what": "channel", "since": "day - first_contact"},
        needs=("channel", "validation_notice"),
        source="""(
            SELECT *, min(CASE WHEN contacted THEN day END) OVER (PARTITION BY account) AS first_contact,
              min(CASE WHEN validation_notice THEN day END) OVER (PARTITION BY account) AS sent
            FROM steps)""",
    )


def _flagged(rule: FlaggedContact) -> Reading:
    words = {
        "inconvenient": ("at a time or place known to be inconvenient", "时间或地点已知对债务人不便"),
        "work_address": ("to an employer's number or address", "联系了债务人工作单位的号码或地址"),
    }[rule.flag]
    return Reading(
        tested=f"contact IN {_quoted(rule.groups)}",
        broken=rule.flag,
        near="false",
        words={"en": f"{{what}} {words[0]}", "zh": f"{{what}}：{words[1]}"},
        facts={"what": "channel"},
        needs=("channel", rule.flag),
    )


READINGS: dict[type[Rule], Callable[[Any], Reading]] = {
    ContactHours: _hours,
    ContactCap: _cap,
    QuietAfterConversation: _quiet,
    Standing: _standing,
    PlanLength: _plan_length,
    BrokenPlans: _broken_plans,
    DiscountAuthority: _authority,
    SettlementBudget: _budget,
    Limitation: _limitation,
    LegalPrecondition: _precondition,
    ReviewStep: _review,
    InterestCap: _interest_cap,
    InterestFreeze: _interest_freeze,
    ThirdParties: _third_parties,
    RecordKeeping: _records,
    ValidationNotice: _validation,
    FlaggedContact: _flagged,
}
