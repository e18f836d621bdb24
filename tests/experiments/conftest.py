"""What several tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    """A browser without a screen; tests that ask for it are skipped where none is installed."""
    command = browser.find()
    if command is None:
        pytest.skip("no Chromium or Chrome on this machine (make browser installs one)")
    with browser.Browser(command) as opened:
        yield opened
