"""Text of others is data: in terminals, messages, files."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.table import Table

from recoup.experiments.comparison.privacy import KEY_VARIABLE, pseudonym_key
from recoup.experiments.runs.console import console
from recoup.experiments.runs.runfolder import read_json, require_new, write_json
from recoup.sim.inputs import InputError, parse_yaml, readable


def shown(*what: object) -> str:
    target = console()
    target.file = io.StringIO()
    target.print(*what)
    return target.file.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[/b] [bold]x[/bold] :smile:", "[/b] [bold]x[/bold] :smile:"),
        ("a\x1b[31mb\x07", "a\\x1b[31mb\\x07"),
        ("\udcff.csv", "\\udcff.csv"),
        ("abc\u202egpj", "abc\\u202egpj"),
        ("\x9b31m", "\\x9b31m"),
        ("逾期 −3 % – 12\u00a0天", "逾期 −3 % – 12\u00a0天"),
    ],
)
def test_a_terminal_shows_text_as_it_is_and_obeys_none(text: str, expected: str) -> None:
    assert readable(text) == expected
    assert shown(text) == expected + "\n"
    table = Table(text, title=text)
    table.add_row(text)
    assert shown(table).count(expected) == 3
    message = str(InputError(text, f"line 1, {text}", "x", f"one of {text}"))
    assert message == f"{expected}: line 1, {expected}: got 'x', expected one of {expected}".replace("\u00a0", " ")


def test_a_lone_surrogate_comes_back_from_a_json_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"command": "recoup \udcff"})
    assert (tmp_path / "a.json").read_bytes() == b'{\n "command": "recoup \\udcff"\n}\n'
    assert read_json(tmp_path / "a.json") == {"command": "recoup \udcff"}


@pytest.mark.parametrize("text", [r'a: "\0"', r'"k\e[31m": 1', r'a: ["\ud800"]'])
def test_control_characters_in_yaml_are_named_by_line(text: str) -> None:
    with pytest.raises(InputError, match=r"^file: line 2: got .*the character .*expected valid YAML$"):
        parse_yaml(f"first: 1\n{text}", "file")


def test_a_key_in_the_environment_need_not_be_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, KEY_VARIABLE, os.fsdecode(b"\xff" * 16))
    assert pseudonym_key() == b"\xff" * 16


def test_a_folder_whose_name_is_not_utf_8_is_refused_before_the_work(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"run\xff[/b]\x1b[31m")
    with pytest.raises(InputError) as refused:
        require_new(folder)
    assert str(refused.value) == (
        rf"{tmp_path}/run\udcff[/b]\x1b[31m: --out: got 'a name that is not UTF-8', expected one that is, as Parquet's readers need"
    )
