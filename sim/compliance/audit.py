"""The audit: the same rules as the gate's, read a second time, in SQL over an event log (DuckDB).

The gate (`gate.py`) looks at an account's state before each treatment. The audit is not told that state: it rebuilds what
was known on each day from the log's rows before it (`history.py`). The two share the rule pack's data and no code, so that a slip
in one shows in the other. Each kind of rule is one function: which rows it speaks about (tested), which of them broke it,
which came within a step of it, and the facts that show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from recoup.sim.compliance.auditlog import (
    AUDIT_COLUMNS,
    LEGAL_NAMES,
    OFFER_NAMES,
    PIECE,
    Log,
    encoded,
    memory_database,
    missing,
)
from recoup.sim.compliance.history import GROUPS, KNOWN, NEVER, NONE, ROW, Count, History, Silence
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
from recoup.sim.treatments import Vocabulary

_FORGIVING = "offer IN ('settlement', 'swap')"  # an asset is sold for less than the debtor is credited with

_TOPICS = {
    "contact": "contact IS NOT NULL",
    **{group: f"contact = '{group}'" for group in ("text", "call", "letter", "visit")},
    "settlement": _FORGIVING,
    **{offer: f"offer = '{offer}'" for offer in ("plan", "restructure")},
    "legal": "legal IS NOT NULL",
    **{step: f"legal = '{step}'" for step in ("notice", "suit", "enforce")},
}


@dataclass(frozen=True)
class Reading:
    """How one rule is read: SQL conditions over `steps`, the rows of a log with what was known before each of them.

    Attributes:
        tested, broken, near: conditions; `near` is looked at on tested rows that did not break the rule.
        facts: name -> SQL of what a breach's sentence says.
        words: that sentence by language, with the facts in braces.
        needs: columns without which the log cannot tell.
        counts, silences: columns of `steps` that this rule asks for.
    """

    tested: str
    broken: str
    near: str
    words: dict[str, str]
    facts: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    counts: tuple[Count, ...] = ()
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What the audit found on one rule.

    Attributes:
        missing: columns that the log lacks; the rule could not be looked at.
        tested, near: rows that the rule speaks about, and those within a step of breaking it.
        stopped: rows that the gate stopped by this rule, as far as the log says so.
        breaches: one row each: `BREACH_COLUMNS`, and the facts.
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
        facts = {name: _Fact(_shown(name, value, breach, language)) for name, value in breach.items()}
        said = self.reading.words[language].format(**facts)
        if not breach["done"]:
            said += {"en": " (ordered, not carried out)", "zh": "（已下达，未执行）"}[language]
        return said


BREACH_COLUMNS = ("line", "account_id", "day", "date", "from_hour", "to_hour", "step", "done", "collector")
_STEP = "concat_ws('/', channel, offer || coalesce('_' || months, '_' || CAST(round(100 * discount) AS INTEGER), ''), legal)"


def audit(log: Log, pack: RulePack, rows: int = PIECE) -> list[Finding]:
    """Read every rule of a pack over a log, in the pack's order.

    Args:
        log: as `read_log` or `typed_log` gave it; a rule whose columns it lacks has them in `Finding.missing`.
        pack: the rules.
        rows: of the log that are in memory at once; no result depends on it.

    Raises:
        InputError: a cell of the log is not as it must be.
    """
    readings = [reading_of(rule) for rule in pack.rules]
    lacking = [tuple(name for name in reading.needs if name not in log.columns) for reading in readings]
    looked_at = [reading for reading, lacks in zip(readings, lacking, strict=True) if not lacks]
    steps = _Steps(looked_at, log.vocabulary)
    totals = {id(reading): Counts(0, 0, 0) for reading in readings}
    breaches: dict[int, list[pd.DataFrame]] = {id(reading): [] for reading in readings}
    stopped = Counter[str]()
    for piece in log.pieces(rows):
        steps.read(piece)
        stopped.update(steps.stopped())
        for reading, counts in zip(looked_at, steps.counts(), strict=True):
            totals[id(reading)] = Counts(*np.add(totals[id(reading)], counts).tolist())
            if counts.broken:
                breaches[id(reading)].append(steps.breaches(reading))
    return [
        Finding(
            rule,
            reading,
            lacks,
            totals[id(reading)].tested,
            totals[id(reading)].near,
            stopped[rule.id],
            pd.concat(found, ignore_index=True)
            if (found := breaches[id(reading)])
            else pd.DataFrame(columns=[*BREACH_COLUMNS, *reading.facts]),
        )
        for rule, reading, lacks in zip(pack.rules, readings, lacking, strict=True)
    ]


def reading_of(rule: Rule) -> Reading:
    """How a rule is read, on the accounts of its products if it is on some alone."""
    reading = READINGS[type(rule)](rule)
    if not rule.products:
        return reading
    mine = f"({reading.tested}) AND product IN {_quoted(rule.products)}"
    return replace(reading, tested=mine, needs=(*reading.needs, "product"))


class Counts(NamedTuple):
    """Rows that a rule speaks about, that came within a step of breaking it, and that broke it."""

    tested: int
    near: int
    broken: int


_FLAGS = tuple(name for name in ROW.names or () if ROW[name] == np.bool_ and name != "done")


class _Steps:
    """The relation `steps`, a piece of the log at a time: its rows, and what was known before each.

    Args:
        readings: of the rules that are looked at.
        vocabulary: of the world that the log is of.
    """

    def __init__(self, readings: list[Reading], vocabulary: Vocabulary) -> None:
        self._readings = readings
        self._groups = vocabulary.groups
        self._codes = {"channel": vocabulary.channel_names, "offer": OFFER_NAMES, "legal": LEGAL_NAMES}
        self._counts = tuple(dict.fromkeys(count for reading in readings for count in reading.counts))
        self._silences = tuple(dict.fromkeys(silence for reading in readings for silence in reading.silences))
        self._history = History(self._counts, self._silences, vocabulary)
        self._accounts: dict[str, int] = {}
        self._customers: dict[tuple[bool, str], int] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._database = memory_database()

    def read(self, piece: pa.Table) -> None:
        """Take in the next rows: `steps` is about them alone.

        Args:
            piece: as `Log.pieces` gives it.
        """
        rows = self._records(piece)
        known, earlier, silent = self._history.read(rows)
        group = self._groups[rows["channel"]]
        contacted = rows["done"] & (rows["channel"] > 0)
        columns = {name: piece[name] for name in piece.column_names}
        columns["contact"] = pa.DictionaryArray.from_arrays(
            pa.array(group.astype(np.int8) - 1, mask=group == 0), GROUPS
        )
        columns["contacted"] = pa.array(contacted)
        columns |= {name: _column(known[name]) for name in KNOWN.names or ()}
        columns["sent"] = _column(earlier[:, 0])
        columns |= {count.column: pa.array(earlier[:, 1 + n]) for n, count in enumerate(self._counts)}
        columns |= {silence.column: _column(silent[:, n]) for n, silence in enumerate(self._silences)}
        self._database.from_arrow(pa.table(columns)).create_view("piece", replace=True)
        lacks = [f"{missing(column)}," for column in AUDIT_COLUMNS if column.name not in columns]
        self._database.execute(
            f"""CREATE OR REPLACE VIEW steps AS SELECT * REPLACE (
              coalesce(done, true) AS done,
              coalesce(reached, false) AS reached,
              coalesce(earlier, false) AS earlier,
              coalesce(to_hour, from_hour) AS to_hour,
              coalesce(day_off, isodow(date) >= 6) AS day_off) FROM (SELECT {" ".join(lacks)} * FROM piece)"""
        )

    def _records(self, piece: pa.Table) -> NDArray[np.void]:
        """The rows as the history reads them."""
        names, rows = set(piece.column_names), np.zeros(piece.num_rows, ROW)
        who = encoded(piece["account_id"])
        numbers = [self._accounts.setdefault(name, len(self._accounts)) for name in who.dictionary.to_pylist()]
        rows["account"] = np.array(numbers, np.int32)[who.indices.to_numpy()]
        rows["customer"] = rows["account"]
        if "customer_id" in names:
            rows["customer"] = self._whose(piece)
        rows["day"] = piece["day"].to_numpy()
        rows["done"] = _filled(piece, "done", True)
        for name in _FLAGS:
            if name in names:
                rows[name] = _filled(piece, name, False)
        for name, values in self._codes.items():
            if name in names:
                texts = encoded(piece[name])
                codes = np.array([1 + values.index(text) for text in texts.dictionary.to_pylist()] + [0], np.uint8)
                rows[name] = codes[texts.indices.fill_null(-1).to_numpy()]
        for name in ROW.names or ():
            if name == "promise_due" or name.endswith("_until"):
                rows[name] = _filled(piece, name, NEVER) if name in names else NEVER
        rows["dpd"] = _filled(piece, "dpd", NONE) if "dpd" in names else NONE
        rows["interest"] = piece["interest"].to_numpy() if "interest" in names else np.nan
        rows["number"] = self._dialled(rows["account"], piece["dialled"]) if "dialled" in names else rows["account"]
        return rows

    def _whose(self, piece: pa.Table) -> NDArray[np.int32]:
        """Numbers of the customers; an account of which the log names none is its own."""
        pairs = pd.DataFrame({"customer": piece["customer_id"].to_pylist(), "account": piece["account_id"].to_pylist()})
        named = pairs["customer"].notna().to_numpy()
        who = np.where(named, pairs["customer"], pairs["account"])
        codes, different = pd.factorize(pd.MultiIndex.from_arrays([named, who]))
        numbers = [
            self._customers.setdefault((bool(is_named), str(name)), len(self._customers))
            for is_named, name in different
        ]
        return np.array(numbers, np.int32)[codes]

    def _dialled(self, accounts: NDArray[np.int32], dialled: pa.ChunkedArray) -> list[int]:
        """Numbers of the pairs of an account and what was dialled; what the log does not name is the account's one number."""
        pairs = zip(accounts.tolist(), dialled.to_pylist(), strict=True)
        return [self._numbers.setdefault((account, number or ""), len(self._numbers)) for account, number in pairs]

    def stopped(self) -> dict[str, int]:
        """How many steps each rule has stopped."""
        query = "SELECT stopped_by, count(*) FROM steps WHERE stopped_by IS NOT NULL GROUP BY ALL"
        return dict(self._database.execute(query).fetchall())

    def counts(self) -> list[Counts]:
        """Of each reading: one scan for all of them, each row judged once by each."""
        if not self._readings:
            return []
        verdicts = ", ".join(
            f"CAST(CASE WHEN {r.tested} THEN CASE WHEN {r.broken} THEN {Counts._fields.index('broken')} "
            f"WHEN {r.near} THEN {Counts._fields.index('near')} ELSE 0 END END AS TINYINT) AS verdict_{n}"
            for n, r in enumerate(self._readings)
        )
        groups = self._database.execute(
            f"SELECT count(*), * FROM (SELECT {verdicts} FROM steps WHERE NOT earlier) GROUP BY ALL"
        ).fetchall()
        found = []
        for n in range(len(self._readings)):
            by_verdict = Counter[int | None]()
            for rows, *verdict in groups:
                by_verdict[verdict[n]] += rows
            near, broken = by_verdict[1], by_verdict[2]
            found.append(Counts(by_verdict[0] + near + broken, near, broken))
        return found

    def breaches(self, reading: Reading) -> pd.DataFrame:
        """One row for each breach of a rule; see `Finding`."""
        facts = reading.facts | {"step": _STEP}
        own = [name for name in BREACH_COLUMNS if name not in facts]
        shown = ", ".join([*own, *(f"{query} AS {name}" for name, query in facts.items())])
        where = f"({reading.tested}) AND ({reading.broken}) AND NOT earlier"
        return self._database.execute(f"SELECT {shown} FROM steps WHERE {where} ORDER BY day, line").df()


def _filled(piece: pa.Table, name: str, nothing: int | bool) -> NDArray[Any]:
    """A column with a value where its cell is empty; all of it, where the log has no such column."""
    if name not in piece.column_names:
        return np.full(piece.num_rows, nothing)
    cells = piece[name]
    return np.asarray((cells.fill_null(nothing) if cells.null_count else cells).to_numpy())


def _column(values: NDArray[Any]) -> pa.Array:
    """Numbers for Arrow; NONE and NaN are empty cells."""
    values = np.ascontiguousarray(values)
    if values.dtype == np.bool_:
        return pa.array(values)
    return pa.array(values, mask=np.isnan(values) if values.dtype.kind == "f" else values == NONE)


class _Fact(str):
    """A fact in words; with a noun, how many of it: «{since:day}» is 1 day or 2 days."""

    def __format__(self, noun: str) -> str:
        return f"{self} {noun}{'s' * (self != '1')}" if noun else str(self)


def _shown(name: str, value: Any, breach: Mapping[Any, Any], language: str) -> str:
    """A fact in words: days (`free`, `due`, `last`, `when`) as dates where the log has dates, hours as times (`until` with `hours`)."""
    if pd.isna(value):
        return "?"
    if name in ("free", "due", "last", "when"):
        if value >= NEVER:
            return {"en": "further notice", "zh": "另行通知"}[language]
        if pd.notna(breach["date"]):
            return f"{breach['date'] + pd.Timedelta(days=int(value) - int(breach['day'])):%Y-%m-%d}"
        return {"en": f"day {value:.0f}", "zh": f"第 {value:.0f} 天"}[language]
    if name == "hours":
        at, until = clock(value), clock(value if pd.isna(breach["until"]) else breach["until"])
        if at == until:  # the log knows when, not for how long
            return {"en": f"at {at}", "zh": at}[language]
        return {"en": f"from {at} to {until}", "zh": f"{at} 至 {until}"}[language]
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return step_words(str(value)) if name == "what" and language == "zh" else str(value)


# The parts of a step, in Chinese.
_PARTS_ZH = {
    "sms": "短信",
    "wechat": "微信消息",
    "email": "电子邮件",
    "autocall": "自动外呼",
    "collector": "催收员外呼",
    "specialist": "专业催收组外呼",
    "letter": "信函",
    "visit": "外访",
    "restructure": "债务重组",
    "notice": "律师函",
    "suit": "起诉",
    "enforce": "强制执行",
}


def step_words(step: str) -> str:
    """A step in Chinese: «催收员外呼、分 12 期» for «collector/plan_12»; what is no code of ours stays as it is.

    Args:
        step: channel, offer and step of law, as the logs of Recoup name them, with «/» between.
    """

    def part(code: str) -> str:
        offer, _, size = code.partition("_")
        if offer == "plan" and size.isdigit():
            return f"分 {size} 期"
        if offer in ("settlement", "settle") and size.isdigit():
            return f"减免 {size}%"
        return _PARTS_ZH.get(code, {"plan": "分期", "settlement": "减免结清"}.get(code, code))

    return "、".join(map(part, step.split("/")))


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
            "en": f"{{what}} {{hours}}, allowed from {clock(rule.from_hour)} to {clock(rule.to_hour)}",
            "zh": f"{{what}} 于 {{hours}}，允许时段为 {clock(rule.from_hour)} 至 {clock(rule.to_hour)}",
        },
        facts={"what": "channel", "hours": "from_hour", "until": "to_hour"},
        needs=("channel", "from_hour", *calendar),
    )


def _cap(rule: ContactCap) -> Reading:
    mine = _TOPICS[rule.group] if rule.group else f"channel = '{rule.channel}'"
    count = Count(rule.group or rule.channel or "", rule.count, rule.days, rule.per)
    earlier = count.column
    unit = {
        "days": ("{earlier:day} with such a contact", "天有联系"),
        "attempts": ("{earlier:attempt}", "次尝试"),
        "conversations": ("{earlier:conversation}", "次通话"),
        "unanswered": ("{earlier:unanswered dial}", "次未接通"),
    }[rule.count]
    return Reading(
        tested=mine,
        # An answered dial after them is no further unanswered one.
        broken=f"{earlier} >= {rule.most}" + (" AND contacted AND NOT reached" if rule.count == "unanswered" else ""),
        near=f"{earlier} = {rule.most} - 1",
        words={
            "en": f"{{what}} after {unit[0]} within {_Fact(rule.days):day}, at most {rule.most}",
            "zh": f"{{what}}：{rule.days} 天内此前已有 {{earlier}} {unit[1]}，上限 {rule.most}",
        },
        facts={"what": "channel", "earlier": earlier},
        needs=("channel", "reached") if rule.count in ("conversations", "unanswered") else ("channel",),
        counts=(count,),
    )


def _quiet(rule: QuietAfterConversation) -> Reading:
    last = "customer_conversed_last" if rule.per == "customer" else "conversed_last"
    return Reading(
        tested="contact = 'call'",
        broken=f"day - {last} < {rule.days}",
        near=f"day - {last} = {rule.days}",
        words={
            "en": f"{{what}} {{since:day}} after the conversation of {{last}}, quiet for {_Fact(rule.days):day} from it",
            "zh": f"{{what}}：距{{last}}的通话 {{since}} 天，通话当日起 {rule.days} 天内应静默",
        },
        facts={"what": "channel", "last": last, "since": f"day - {last}"},
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


_STANDINGS: dict[str, StandingReading] = {
    "complaint": _until("complaint", "while a complaint was open until {free}", "投诉至{free}未答复"),
    "dispute": _until("dispute", "while the debt was disputed until {free}", "债务异议至{free}未核实"),
    "hardship": _until("hardship", "in disclosed hardship until {free}", "已告知经济困难（至{free}）"),
    "breathing_space": _until("breathing_space", "in a breathing space until {free}", "喘息期至{free}"),
    "opted_out": _since("opted_out", "opt_out", "after the opt-out of {when}", "{when}已退订"),
    "cease_contact": _since(
        "cease_contact", "cease_contact", "after the request of {when} that contact cease", "{when}已要求停止联系"
    ),
    "restructured": _since("restructured", "accepted", "after the restructuring of {when}", "{when}已重组"),
    "promise_open": StandingReading(
        broken="promise_open AND promise_due_known >= day",
        near="promise_due_known = day - 1",
        fact="due",
        query="promise_due_known",
        needs=("promise",),
        english="while a promise was open until {due}",
        chinese="还款承诺至{due}未到期",
    ),
    "plan_kept": StandingReading(
        broken="plan_kept",
        near="agreed_on IS NOT NULL",
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
        tested=_any([_TOPICS.get(topic, f"channel = '{topic}'") for topic in rule.forbids]),
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
            "en": f"an agreement of {{months:month}} offered, at most {rule.most_months}",
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
            "en": f"{{what}} offered after {{count:broken agreement}}, none after {rule.most}",
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
            "en": f"a discount of {{percent}} % at {{dpd:day}} past due, at most {100 * rule.most:g} % before {rule.before_dpd}",
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
            "en": f"{{what}} at {{dpd:day}} past due, time-barred after {rule.days}",
            "zh": f"逾期 {{dpd}} 天时 {{what}}，时效为 {rule.days} 天",
        },
        facts={"what": "legal", "dpd": "dpd"},
        needs=("legal", "dpd"),
    )


def _restarting_limitation(rule: Limitation) -> Reading:
    silence = Silence(rule.days)
    return Reading(
        tested="legal IN ('notice', 'suit')",
        broken=f"{silence.column} > {rule.days}",
        near=f"{silence.column} > {rule.days} - 30",
        words={
            "en": f"{{what}} after {{silent:day}} without demand or acknowledgement, time-barred after {rule.days}",
            "zh": f"{{silent}} 天无催告、亦无债务承认后 {{what}}，时效为 {rule.days} 天",
        },
        facts={"what": "legal", "silent": silence.column},
        needs=("legal", "dpd", "reached", "payment"),
        silences=(silence,),
    )


def _precondition(rule: LegalPrecondition) -> Reading:
    broken, near, needs, english, chinese = [], [], ["legal"], [], []
    if rule.least_dpd:
        broken.append(f"dpd < {rule.least_dpd}")
        near.append(f"dpd < {rule.least_dpd} + 3")
        needs.append("dpd")
        english.append(f"at {{dpd:day}} past due (at least {rule.least_dpd})")
        chinese.append(f"逾期 {{dpd}} 天（须满 {rule.least_dpd} 天）")
    if rule.least_balance:
        broken.append(f"claim < {rule.least_balance}")
        near.append(f"claim < {1.05 * rule.least_balance}")
        needs.append("claim")
        english.append(f"on a claim of {{claim}} (at least {rule.least_balance:,.10g})")
        chinese.append(f"债权 {{claim}}（不低于 {rule.least_balance:,.10g}）")
    if rule.notice_days:
        broken.append(f"coalesce(day - noticed < {rule.notice_days}, true)")
        near.append(f"day - noticed < {rule.notice_days} + 3")
        english.append(f"{{since:day}} after a notice (at least {rule.notice_days})")
        chinese.append(f"律师函已发 {{since}} 天（须满 {rule.notice_days} 天）")
    return Reading(
        tested=f"legal = '{rule.step}'",
        broken=_any(broken or ["false"]),
        near=_any(near or ["false"]),
        words={
            "en": f"{rule.step} {', '.join(english)}",
            "zh": f"{step_words(rule.step)}：{'、'.join(chinese)}",
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
            "en": f"interest of {{charged}} on {{opening}} in {{days:day}}, above {100 * rule.most:g} % a year",
            "zh": f"{{days}} 天内对 {{opening}} 计息 {{charged}}，超过年化 {100 * rule.most:g}%",
        },
        facts={"charged": "interest - interest_before", "opening": "opening", "days": "day - day_before"},
        needs=("interest", "opening"),
    )


def _interest_freeze(rule: InterestFreeze) -> Reading:
    if rule.while_ == "plan_kept":
        return Reading(
            tested="plan_kept AND interest_before IS NOT NULL",
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
            "en": f"{{what}} {{since:day}} after the first contact, and no notice of the debt sent within {rule.days}",
            "zh": f"首次联系后 {{since}} 天 {{what}}，{rule.days} 天内未发债务告知书",
        },
        facts={"what": "channel", "since": "day - first_contact"},
        needs=("channel", "validation_notice"),
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
