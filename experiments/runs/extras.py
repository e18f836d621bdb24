"""Optional parts of the package: what needs one says how to install it."""

from __future__ import annotations

from importlib import import_module


def needs_extra(extra: str, *modules: str) -> None:
    """Check that an optional part of the package is there, before anything that is built on it is imported.

    Args:
        extra: the extra's name in `pyproject.toml`.
        modules: top-level modules that it installs and the caller uses; they are imported.

    Raises:
        InputError: one of them is not installed; says what to type.
    """
    for module in modules:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in modules:
                raise  # installed, and broken in a way that installing the extra need not mend
            from recoup.sim.inputs import (
                InputError,  # not above: commands import this file, and their help comes at once
            )

            raise InputError(module, "", "not installed", f'pip install "recoup[{extra}]"') from None
