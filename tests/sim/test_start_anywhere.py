"""Without a home, and where neither the package's folder nor the cache can be written to, compiled code goes to a temporary folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from recoup.experiments.comparison import privacy
from recoup.sim import compiled


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a home, an unwritable package (a file in the folder's place), an empty folder for what is temporary."""
    (tmp_path / "sources").write_text("")
    monkeypatch.setattr(compiled, "_SOURCES", tmp_path / "sources")
    monkeypatch.setattr(compiled, "fingerprint", lambda: "0")
    monkeypatch.setattr(Path, "home", no_home)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", privacy.KEY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def test_a_temporary_folder_of_this_user(bare: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = Path(compiled._cache_folder())
    assert folder.parent.parent == bare / "temporary" and folder.parent.stat().st_mode & 0o777 == 0o700
    assert len(caplog.messages) == 1 and str(folder.parent) in caplog.messages[0]
    assert Path(compiled._cache_folder()) == folder  # the next process finds it


def test_a_folder_that_others_can_write_to_is_not_run_from(bare: Path) -> None:
    theirs = Path(compiled._cache_folder()).parent
    theirs.chmod(0o777)
    assert Path(compiled._cache_folder()).parent != theirs
    theirs.rmdir()
    (bare / "elsewhere").mkdir()
    theirs.symlink_to(bare / "elsewhere")
    assert Path(compiled._cache_folder()).parent != theirs


def test_the_users_own_cache_comes_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(bare / "cache"))
    assert Path(compiled._cache_folder()).parent == bare / "cache" / "recoup"


def test_a_key_for_this_run_alone(
    bare: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(privacy.KEY_VARIABLE, "")  # so that what is set now goes again
    monkeypatch.delenv(privacy.KEY_VARIABLE)
    key = privacy.pseudonym_key()
    assert len(key) == 64 and privacy.pseudonym_key() == key  # workers read it from the environment
    assert len(caplog.messages) == 1 and privacy.KEY_VARIABLE in caplog.messages[0]
    assert list(bare.rglob("pseudonym.key")) == []
