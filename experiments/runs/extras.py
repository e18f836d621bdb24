"""Optional parts of the package: a command that needs one says how to install it."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

USAGE = 2  # exit code of what a user can mend


def needs_extra(extra: str, *modules: str) -> None:
    """Check that an optional part of the package is there, before a command imports what is built on it.

    Args:
        extra: the extra's name in `pyproject.toml`.
        modules: top-level modules that it installs and the command uses; they are imported.

    Raises:
        typer.Exit: one of them is not installed; one line on standard error says what to type.
    """
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in modules:
                raise  # installed, and broken in a way that installing the extra need not mend
            print(
                f'recoup: {module} is not installed; this command needs: pip install "recoup[{extra}]"', file=sys.stderr
            )
            raise typer.Exit(USAGE) from None
