"""One class of settings gives a command its options: names, defaults, ranges and help, and nothing is said twice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import typer
from typer.testing import CliRunner

from recoup.experiments.runs.console import Json
from recoup.experiments.runs.options import Settings, options_from, setting
from recoup.sim.inputs import InputError


@dataclass(frozen=True)
class Example(Settings):
    """Settings of every kind."""

    scenario: str = setting("china-consumer", "Whose debtors.", flags=("-s", "--scenario"))
    best_of: int = setting(3, "How many to try.", least=1, most=9)
    share: float = setting(0.5, "Which part.", least=0, most=1)
    limits: bool = setting(True, "Keep to limits.")
    warm_start: str | None = setting("tiered", "Where to start.")
    weekly: int | None = setting(None, "How often a week.", least=1, most=7)
    policies: tuple[str, ...] = setting(("staged",), "Whom to compare.", flags=("-p", "--policy"))
    sizes: tuple[int, ...] | None = setting(None, "How large.", least=2, most=9, shown_default="two sizes")
    rounds: int = 5  # no option


def run(*arguments: str) -> tuple[int, str, list[object]]:
    """Exit code, output, and what the command was called with."""
    calls: list[object] = []
    app = typer.Typer()

    @app.command()
    @options_from(Example)
    def example(folder: str, settings: Example, json: Json = False) -> None:
        """An example."""
        calls.extend((folder, settings, json))

    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    return result.exit_code, result.output, calls


def test_without_options_the_command_gets_the_defaults_of_the_class() -> None:
    code, _, calls = run("here")
    assert code == 0 and calls == ["here", Example(), False]


def test_every_option_arrives_in_its_field() -> None:
    words = "here -s x --best-of 9 --share 0.25 --no-limits --warm-start none --weekly 7 -p a --policy b --sizes 2 --sizes 9 --json"
    _, output, calls = run(*words.split())
    assert calls == ["here", Example("x", 9, 0.25, False, None, 7, ("a", "b"), (2, 9)), True], output


@pytest.mark.parametrize(
    "wrong", ["--best-of 0", "--best-of 10", "--share 1.5", "--weekly 8", "--best-of x", "--sizes 1", "--rounds 5"]
)
def test_the_range_of_a_field_is_the_range_of_its_option(wrong: str) -> None:
    code, _, calls = run("here", *wrong.split())
    assert code == 2 and not calls


def test_help_says_what_the_class_says() -> None:
    _, output, _ = run("--help")
    for said in (
        "--best-of",
        "How many to try.",
        "1<=x<=9",
        "default: 3",
        "--no-limits",
        "default: tiered",
        "-p",
        "2<=x<=9",
        "two sizes",
    ):
        assert said in output


@pytest.mark.parametrize(
    "wrong", [{"best_of": 0}, {"share": 1.01}, {"share": float("nan")}, {"weekly": 8}, {"sizes": (2, 10)}]
)
def test_ranges_hold_from_python_too(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=rf"Example: {next(iter(wrong))}: got .*, expected a number from"):
        Example(**wrong)  # type: ignore[arg-type]
    assert Example(weekly=None, best_of=9).best_of == 9


def test_a_command_that_does_not_take_the_settings_is_a_mistake_found_at_once() -> None:
    with pytest.raises(TypeError, match="one parameter of type Example"):
        options_from(Example)(lambda: None)
