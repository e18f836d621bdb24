"""The words of the report in one language, and numbers as that language writes them."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from recoup.sim.inputs import parse_yaml
from recoup.sim.remarks import DOUBTS, REMARKS, Remark, filled

if TYPE_CHECKING:  # the terminal's first line is out before these are loaded
    from recoup.experiments.comparison.lists import Lists
    from recoup.sim.lists import Labelled

LANGUAGES = ("en", "zh")
_DASH = "–"
# «call about the others → collector plan_12, but nothing (36)», as experiments/learning/tuning.py and agents/plans/departures.py write it.
_PLAN_RULE = re.compile(r"(?P<rule>.+?)(?: → (?P<now>[^,]+))?(?:, but (?P<act>.+) \((?P<n>\d+)\))?")

_OBSERVED = re.compile(r"(?P<share>\S+) of (?P<accounts>\S+) accounts and months \(Yeh & Lien 2009, UCI data set 350\)")


class Text:
    """A message catalogue: `say("money.heading")`, `say("title", title=…, plans=4)`.

    Args:
        language: one of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        file = resources.files("recoup.experiments.report").joinpath("messages", f"{language}.yaml")
        self.language = language
        self._messages: dict[str, Any] = parse_yaml(file.read_text(encoding="utf-8"), file.name).data

    def of(self, lists: Lists) -> Text:
        """The catalogue with the words of a scenario's own channels, offers, products, tiers and pools.

        Args:
            lists: of the scenario.
        """
        from recoup.experiments.comparison.lists import NO_LISTS

        if lists is NO_LISTS:
            return self
        own = copy.copy(self)
        own._messages = _over(self._messages, self._words(lists))
        return own

    def _words(self, lists: Lists) -> dict[str, Any]:
        from recoup.sim.lists import offer_of

        def label(name: str, one: Labelled) -> str:
            return (one.label_zh if self.language == "zh" else one.label) or one.label or name

        channels = {name: label(name, channel) for name, channel in lists.channels.items()}
        offers = {
            name: self(f"own.{offer.kind.name.lower()}", n=offer.months or round(100 * offer.discount))
            for name in lists.offers
            if (offer := offer_of(name))
        }
        offers |= {name: label(name, offer) for name, offer in lists.offers.items() if offer.label}
        codes = self._messages["codes"]
        tiers = {
            name: label(name, tier) for name, tier in lists.tiers.items() if tier.label or name not in codes["tier"]
        }
        products = {
            name: label(name, one) for name, one in lists.products.items() if one.label or name not in codes["product"]
        }
        return {
            "treatments": channels | offers,
            "tiers": tiers,
            "codes": {"tier": tiers, "product": products},
            "pools": {name: label(name, pool) for name, pool in lists.pools.items()},
            "scarce": {name: label(name, pool) for name, pool in lists.pools.items()},
            "sources": {"names": {f"after_{name}": self("own.after", channel=word) for name, word in channels.items()}},
        }

    def __call__(self, key: str, /, **values: object) -> str:
        """The message of a dotted key, its {places} filled.

        Raises:
            KeyError: no such message, or a place without a value.
        """
        return _unbroken(str(self._at(key)).format(**values))

    def elsewhere(self) -> Text:
        """The words where messages go by another app than WeChat: outside mainland China."""
        other = Text(self.language)
        for key, word in self._at("elsewhere").items():
            *path, last = key.split(".")
            group = other._messages
            for part in path:
                group = group[part]
            group[last] = word
        return other

    def _at(self, key: str) -> Any:
        message: Any = self._messages
        for part in key.split("."):
            message = message[part]
        return message

    def one_of(self, group: str, name: str, otherwise: str | None = None) -> str:
        """The message of a name within a group; where the catalogue does not know it, `otherwise` or the name itself.

        Args:
            group: dotted key of a mapping of names to messages.
            name: in that group.
            otherwise: the message where the group does not know the name; None = the name itself.

        Raises:
            KeyError: no such group.
        """
        return _unbroken(str(self._at(group).get(name, name if otherwise is None else otherwise)))

    def name(self, name: str) -> str:
        """What a plan or scenario that ships with Recoup is called; a user's own keeps its name."""
        return self.one_of("names", name)

    def column(self, name: str) -> str:
        """What a field of a portfolio is called: as the observation field of the same name, else as the catalogue or the file has it."""
        return self.one_of("fields", name, self.one_of("columns", name, name.replace("_", " ")))

    def plan_rule(self, name: str) -> str:
        """The name of a rule in a plan, also as tuned or distilled; a user's own, and what the catalogue lacks, as it is."""
        found = _PLAN_RULE.fullmatch(name)
        if not found or found["rule"] not in self._at("plan_rules"):
            return name
        words = self.one_of("plan_rules", found["rule"])
        if found["now"]:
            words = self("plan.rule_changed", rule=words, do=self._steps(found["now"]))
        if found["act"]:
            words = self("plan.rule_exception", rule=words, do=self._steps(found["act"]), n=found["n"])
        return words

    def _steps(self, codes: str) -> str:
        return self.listed([self.one_of("treatments", code) for code in codes.split()])

    def note(self, note: str | Remark | Mapping[str, Any]) -> str:
        """A note of a portfolio or scenario: a remark, with a mark where it is a doubt; a user's own words, and what the catalogue lacks, as they are.

        Args:
            note: of its maker, or as files hold it.
        """
        if isinstance(note, str):
            return self.one_of("notes", note)
        said = self.remark(note)
        return self("unlikely", doubt=said) if is_doubt(note) else said

    def unlikely(self, doubt: Remark | Mapping[str, Any]) -> str:
        """What is unlikely, marked as such."""
        return self("terminal.unlikely", doubt=self.remark(doubt))

    def remark(self, remark: Remark | Mapping[str, Any]) -> str:
        """A remark (`recoup.sim.remarks`) in words.

        Args:
            remark: of its maker, or as files hold it.
        """
        content: Mapping[str, Any] = remark.content() if isinstance(remark, Remark) else remark
        sentence = str(self._at("remarks").get(content["code"], REMARKS[content["code"]]))
        words = {name: self._named(name, value) for name, value in content["values"].items()}
        return _unbroken(filled(sentence, words, self("list.comma"), written))

    def _named(self, place: str, value: Any) -> Any:
        """A value of a remark as the reader calls it; figures, and names in the user's own files, as they are."""
        if isinstance(value, Mapping):
            return self.remark(value)
        if place == "field":
            return self.column(value)
        if place == "scarce":
            return self.one_of("scarce", value)
        if place == "unit":
            return self.one_of("terminal.check.cell_units", value)
        if place == "missed":
            return [self.one_of("terminal.calibrate.measures", name) for name in value]
        if place == "rule":
            return self.plan_rule(value)
        if place == "treatment":
            return self.listed([self.one_of("treatments", part) for part in value.split("/")])
        if place == "treatments":
            return [self.arm(name) for name in value]
        return value

    def arm(self, arm: str) -> str:
        """A treatment without its window, as `treatment_parts.arm` names it, in words."""
        return " / ".join(
            self.one_of("treatments", part, self.one_of("models.effects.offers", part)) for part in arm.split("/")
        )

    def target(self, text: str) -> str:
        """What a published figure is of, or its source; what the catalogue lacks, as it is."""
        if found := _OBSERVED.fullmatch(text):
            return self("terminal.calibrate.observed", **found.groupdict())
        return self.one_of("targets", text)

    def measure(self, name: str, known: tuple[str, str] | None = None) -> tuple[str, str]:
        """Title and definition of a measure; in English, of those of other files, as these say (`known`).

        Args:
            name: of the measure.
            known: title and definition in English.
        """
        from recoup.experiments.comparison.measures import REGISTRY

        translated = self._messages.get("measures", {}).get(name)
        if translated:
            return translated["title"], translated["definition"]
        return (REGISTRY[name].title, REGISTRY[name].definition) if name in REGISTRY else known or (name, "")

    def heads(self, *names: str) -> list[str]:
        """Heads of a table's columns in the terminal.

        Args:
            names: keys of the catalogue's `terminal.heads`; an empty one stays empty.
        """
        return [self(f"terminal.heads.{name}") if name else "" for name in names]

    def listed(self, items: list[str]) -> str:
        """Items as one enumeration."""
        return self("list.comma").join(items)

    def sentences(self, *sentences: str) -> str:
        """Sentences as one paragraph; Chinese sets no space between them."""
        return self("list.sentence").join(sentence for sentence in sentences if sentence)

    # --- numbers ------------------------------------------------------------------------------------------------

    def number(self, value: float | None, unit: str, signed: bool = False) -> str:
        """A value in its unit: shares in per cent, their differences in points, days, counts; a dash if undefined.

        Args:
            value: shares and points from 0 to 1, others in the unit itself; None = undefined.
            unit: a key of the catalogue's `units`.
            signed: a plus sign before what is positive.
        """
        return _DASH if value is None else _plain(value, unit, signed) + str(self._at("units")[unit])

    def limits(self, interval: dict[str, Any], unit: str, signed: bool = False) -> str:
        """«42.0 to 44.2»; empty when one seed gives no interval, or when its ends are written alike.

        Args:
            interval: mean, low, high; see `number` for their scale.
            unit: a key of the catalogue's `units`; it is not written.
            signed: a plus sign before what is positive.
        """
        if interval["low"] is None:
            return ""
        low, high = (_plain(interval[end], unit, signed) for end in ("low", "high"))
        return "" if low == high else self("between", low=low, high=high)

    def span(self, interval: dict[str, Any], unit: str, signed: bool = False) -> str:
        """«43.1 % (42.0 to 44.2)».

        Args:
            interval: mean, low, high; see `number` for their scale.
            unit: a key of the catalogue's `units`.
            signed: a plus sign before what is positive.
        """
        between = self.limits(interval, unit, signed)
        return self.number(interval["mean"], unit, signed) + (f" ({between})" if between else "")

    # --- the same under a head that names the unit -------------------------------------------------------------------

    def head(self, title: str, unit: str) -> str:
        """A title with its unit, as the head of a column or row of bare numbers.

        Args:
            title: of the column or row.
            unit: a key of the catalogue's `units`; one without a sign adds nothing.
        """
        sign = str(self._at("units")[unit]).strip()
        return self("list.unit", title=title, unit=sign) if sign else title

    def bare(self, value: float | None, unit: str, signed: bool = False) -> str:
        """A value without the sign of its unit; arguments as `number`."""
        return _DASH if value is None else _plain(value, unit, signed)

    def bare_span(self, interval: dict[str, Any], unit: str, signed: bool = False) -> str:
        """«43.1 (42.0 to 44.2)»; arguments as `span`."""
        between = self.limits(interval, unit, signed)
        return self.bare(interval["mean"], unit, signed) + (f" ({between})" if between else "")

    def money(self, value: float | None, currency: str, signed: bool = True) -> str:
        """An amount of money to three digits, as «TWD +2.49 million»; a dash if undefined.

        Args:
            value: in currency units.
            currency: its code.
            signed: a plus sign before what is positive.
        """
        return self.money_span({"mean": value, "low": None, "high": None}, currency, signed)

    def money_span(self, interval: Mapping[str, float | None], currency: str, signed: bool = True) -> str:
        """An amount with its interval, all in one scale: «TWD +2.49 million (+2.41 to +2.57)».

        Args:
            interval: mean, low, high, in currency units.
            currency: its code.
            signed: a plus sign before what is positive.
        """
        if interval["mean"] is None:
            return _DASH
        known = [abs(value) for value in interval.values() if isinstance(value, float | int)]
        scale, word = next(((s, w) for s, w in self._at("scales") if max(known) >= s), (1.0, ""))

        def plain(value: float) -> str:
            return _three_digits(value / scale, max(known) / scale, signed)

        between = ""
        if interval["low"] is not None and interval["high"] is not None:
            ends = (plain(interval["low"]), plain(interval["high"]))
            between = (
                "" if ends[0] == ends[1] else self("list.bracketed", text=self("between", low=ends[0], high=ends[1]))
            )
        return self("money_amount", currency=currency, number=plain(interval["mean"]), scale=word) + between


def is_doubt(note: str | Remark | Mapping[str, Any]) -> bool:
    """Whether a note says that something is unlikely to be meant.

    Args:
        note: of its maker, or as files hold it.
    """
    if isinstance(note, str):
        return note.startswith("Unlikely: ")  # in files of older versions
    return (note.code if isinstance(note, Remark) else note["code"]) in DOUBTS


def written(value: float, form: str) -> str:
    """A number in a format of Python's, with the minus that is printed and not the hyphen of names and dates, and a space before a per cent sign.

    Args:
        value: the number.
        form: as in `format`.
    """
    return f"{value:{form}}".replace("-", "−").replace("%", "\u00a0%")


def _three_digits(value: float, largest: float, signed: bool) -> str:
    """With as many digits as the largest needs to show three of its own."""
    places = 2 - math.floor(math.log10(largest)) if largest > 0 else 0
    scaled = round(value, places) + 0.0
    return written(scaled, f"{'+' if signed and scaled else ''},.{max(places, 0)}f")


def _unbroken(text: str) -> str:
    """The text with its per cent signs kept on the line of their numbers."""
    return text.replace(" %", "\u00a0%")


def _plain(value: float, unit: str, signed: bool) -> str:
    """With one decimal, or with as many (at most four) as a difference needs that would else be written as nothing."""
    exact = 100 * value if unit in ("share", "points") else value
    decimals = next((n for n in (1, 2, 3, 4) if round(exact, n)), 1) if signed else 1
    scaled = round(exact, decimals)
    return written(scaled + 0.0, f"{'+' if signed and scaled else ''},.{decimals}f")


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return below | {
        key: _over(below.get(key, {}), value) if isinstance(value, dict) else value for key, value in above.items()
    }


@lru_cache(maxsize=2 * len(LANGUAGES))
def text_in(language: str, currency: str = "CNY") -> Text:
    """The catalogue of a language, read once.

    Args:
        language: one of `LANGUAGES`.
        currency: of the scenario, which says whether messages go by WeChat.
    """
    return Text(language) if currency == "CNY" else text_in(language).elsewhere()
