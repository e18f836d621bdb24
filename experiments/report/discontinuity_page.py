"""The page of a score's threshold: the effect, the checks without which nobody should believe it, and how it was estimated."""

from __future__ import annotations

from pathlib import Path

from recoup.experiments.evidence.discontinuity import Jump
from recoup.experiments.evidence.threshold import Study
from recoup.experiments.report.blocks import Block, Bullets, Cell, Paragraph, Section, Table
from recoup.experiments.report.charts import effects, histogram, threshold
from recoup.experiments.report.page import environment
from recoup.experiments.report.text import Text, written
from recoup.experiments.runs.runfolder import in_language, write_text

PAGE = "discontinuity.html"


class Page:
    """What is said of a study, for the terminal and for the page.

    Args:
        found: the study.
        score, outcome, treatment: as for `threshold.accounts_of`.
        say: the words.
    """

    def __init__(self, found: Study, score: str, outcome: str, treatment: str | None, say: Text) -> None:
        self.found, self.say = found, say
        self.score, self.cut = say.column(score), written(found.cut, "g")
        self.outcome = say(f"terminal.discontinuity.outcomes.{outcome}")
        self.treatment = say.one_of("treatments", treatment or "")

    def words(self, key: str, **values: object) -> str:
        """A message of both, its usual places filled."""
        usual = {"score": self.score, "cut": self.cut, "outcome": self.outcome, "treatment": self.treatment}
        return self.say(f"terminal.discontinuity.{key}", **usual | values)

    def about(self) -> list[str]:
        """How many accounts were looked at, and how many of them count."""
        accounts, one = self.found.accounts, self.found.effect
        n = accounts.without_score
        left_out = self.words("left_out", n=f"{n:,}") if n else ""
        said = [self.words("counts", n=f"{accounts.score.size:,}", left_out=left_out, days=accounts.days)]
        if one is not None:
            counted = {"below": f"{one.below:,}", "above": f"{one.above:,}", "within": f"{one.bandwidth:,.4g}"}
            said.append(self.words("near", **counted))
        return said

    def estimates(self) -> list[tuple[str, Jump]]:
        """The effect, and what belongs to it in a fuzzy design."""
        named = (
            ("effect", self.found.effect),
            ("had", self.found.first_stage),
            ("of_treated", self.found.of_treated),
        )
        return [(self.words(name), one) for name, one in named if one is not None]

    def bandwidths(self) -> list[tuple[str, Jump]]:
        """The effect at other bandwidths."""
        return [
            (self.words("at_bandwidth", scale=f"{scale:g}"), one)
            for scale, one in self.found.bandwidths.items()
            if one is not None and scale != 1.0
        ]

    def checks(self) -> list[tuple[str, Jump]]:
        """Jumps that should not be: of the outcome where nothing happened, and of what was known before."""
        rows = [(self.words("at_cut", cut=f"{one.cut:g}"), one) for one in self.found.cuts]
        named = self.found.covariates.items()
        return [*rows, *((self.words("check", name=self.say.column(name)), one) for name, one in named)]

    def density(self) -> str:
        """The test of the scores' density; empty where there is none."""
        density = self.found.density
        if density is None:
            return ""
        return self.words("density", jump=written(density.jump, "+.2f"), p=f"{density.p:.2f}")

    def doubts(self) -> list[str]:
        """What speaks against the effect, or that nothing does."""
        return list(map(self.say.remark, self.found.doubts)) or [self.words("no_doubt")]

    def cells(self, one: Jump) -> tuple[str, str, str]:
        """Estimate, interval and p of a jump."""
        estimate, low, high = map(_figure, (one.estimate, one.low, one.high))
        return estimate, self.say("between", low=low, high=high), f"{one.p:.3f}"


def _figure(value: float) -> str:
    return written(value, ",.4g")


def render_discontinuity(folder: Path, page: Page) -> Path:
    """Write discontinuity.html, or discontinuity.zh.html and the like.

    Args:
        folder: where to.
        page: what is said.

    Raises:
        InputError: it cannot be written.
    """
    say = page.say
    parts = {"effect": _effect(page), "checks": _checks(page), "method": _method(say)}
    sections = [Section(name, say(f"discontinuity.{name}.heading"), blocks) for name, blocks in parts.items()]
    html = environment().get_template("page.html.j2")
    path = folder / in_language(PAGE, say.language)
    title = say("discontinuity.title", score=page.score, cut=page.cut)
    sub = say.sentences(*(say("discontinuity.sentence", text=text) for text in page.about()))
    write_text(
        path,
        html.render(
            say=say, title=title, sub=sub, memo=sections[0], body=sections[1:], appendix=[], colours={}, of_seeds=False
        ),
    )
    return path


def _effect(page: Page) -> list[Block]:
    found, say, one = page.found, page.say, page.found.effect
    blocks: list[Block] = []
    if one is None:
        assert found.refusal is not None
        blocks.append(Paragraph(page.words("refused", why=say.remark(found.refusal)), "warning"))
    else:
        estimate, interval, p = page.cells(one)
        values = {"estimate": estimate, "interval": interval, "p": p, "cut": page.cut, "outcome": page.outcome}
        key = "open" if one.low <= 0 <= one.high else "found"
        blocks.append(Paragraph(say(f"discontinuity.effect.{key}", **values), "message"))
        blocks += [Paragraph(say("discontinuity.effect.doubted"), "warning")] if found.doubts else []
    words = {name: say(f"discontinuity.effect.{name}") for name in ("caption", "table", "estimate")}
    blocks.append(
        threshold("outcome", found.bins(), found.lines(), found.cut, page.score, page.outcome, words["caption"])
    )
    if one is not None:
        blocks.append(_table(page, page.estimates() + page.bandwidths(), words["table"]))
    return blocks


def _checks(page: Page) -> list[Block]:
    found, say = page.found, page.say
    blocks: list[Block] = [Bullets(page.doubts())] if found.effect is not None else []
    if rows := page.checks():
        scaled = {name: _in_errors(one) for name, one in rows}
        words = [say(f"discontinuity.checks.{name}") for name in ("errors", "caption")]
        blocks += [effects("checks", scaled, *words), _table(page, rows, say("discontinuity.checks.table"))]
    if found.density is not None:
        bars = found.density.centres, found.density.heights, found.density.bin
        words = [say(f"discontinuity.checks.{name}") for name in ("density", "density_caption")]
        blocks += [histogram("density", *bars, found.cut, page.score, *words), Paragraph(page.density())]
    return blocks


def _in_errors(one: Jump) -> dict[str, float]:
    """A jump in its standard errors, with the 95 % interval."""
    value = one.corrected / one.error if one.error > 0 else 0.0
    return {"mean": value, "low": value - 1.96, "high": value + 1.96}


def _table(page: Page, rows: list[tuple[str, Jump]], caption: str) -> Table:
    say = page.say
    cells: list[list[Cell | str]] = [[name, *page.cells(one)] for name, one in rows]
    return Table(caption, ["", page.words("estimate"), say("terminal.heads.interval"), "p"], cells)


def _method(say: Text) -> list[Block]:
    names = ("design", "estimate", "treated", "limits", "staff")
    return [Bullets([say(f"discontinuity.method.items.{name}") for name in names])]
