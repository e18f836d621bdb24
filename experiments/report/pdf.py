"""A page as PDF, by the Chromium or Chrome that is on the machine; Recoup brings none."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from recoup.experiments.runs.runfolder import whole_file

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 120  # seconds


class NoPdf(Exception):  # noqa: N818
    """Why no PDF was made; empty where there is no browser."""


def print_pdf(page: Path, path: Path) -> None:
    """Print an HTML file as it says itself that it is printed.

    Args:
        page: of our own, without scripts.
        path: of the PDF; replaced.

    Raises:
        NoPdf: there is no browser, or it failed.
        InputError: as `whole_file`.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise NoPdf
    with whole_file(path) as temporary, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
        options += ["--no-first-run", "--disable-extensions", "--no-pdf-header-footer", f"--user-data-dir={profile}"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []  # it does not start for root otherwise
        command = [browser, *options, f"--print-to-pdf={temporary}", page.resolve().as_uri()]
        try:
            subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise NoPdf(f"{Path(browser).name}: {type(error).__name__}") from None
        if not temporary.read_bytes().startswith(b"%PDF"):
            raise NoPdf(f"{Path(browser).name}: no PDF")
