"""What leaves the portfolio table: pseudonyms in place of account names, and personal fields only when asked for.

A pseudonym is a keyed hash (HMAC-SHA-256): the same key gives the same account the same pseudonym in every run, so that
policies and runs can be joined; without the key it cannot be found out by trying names. The key is the user's own.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.inputs import InputError
from recoup.sim.portfolio.table import FILE_FIELDS, Portfolio

KEY_VARIABLE = "RECOUP_PSEUDONYM_KEY"
PERSONAL = (*(field.name for field in FILE_FIELDS if field.role == "protected"), "monthly_income")
_LEAST_KEY = 16  # characters


def pseudonym_key() -> bytes:
    """The key: from the environment, or from the user's configuration, where it is made on first use.

    Raises:
        InputError: too short, or it cannot be read.
    """
    from_environment = os.environ.get(KEY_VARIABLE)
    if from_environment is not None:
        if len(from_environment) < _LEAST_KEY:
            raise InputError(
                KEY_VARIABLE, "", f"{len(from_environment)} characters", f"a key of at least {_LEAST_KEY} characters"
            )
        return os.fsencode(from_environment)
    path = _key_file()
    if path is None:
        return _key_for_now()
    try:
        if not (path.exists() or _made(path)):
            return _key_for_now()
        key = path.read_bytes().strip()
    except OSError as error:
        expected = f"a file that can be written and read, or a key in {KEY_VARIABLE}"
        raise InputError(path, "", error.strerror or "unusable", expected) from None
    if len(key) < _LEAST_KEY:
        raise InputError(path, "", f"{len(key)} bytes", f"a key of at least {_LEAST_KEY} characters")
    return key


def _key_file() -> Path | None:
    """Where the key is kept; None for a user without a home."""
    if base := os.environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "recoup" / "pseudonym.key"
    try:
        return Path.home() / ".config" / "recoup" / "pseudonym.key"
    except RuntimeError:
        return None


def _key_for_now() -> bytes:
    """A key that ends with this process and its workers: the run can be made, and joined with no other."""
    key = os.environ[KEY_VARIABLE] = secrets.token_hex(32)
    logging.getLogger(__name__).warning(
        "recoup: no place to keep the key of the pseudonyms: they hold for this run alone; %s sets one", KEY_VARIABLE
    )
    return key.encode()


def _made(path: Path) -> bool:
    """Make the key; False where there is no place for it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)  # readable by the user alone
    except OSError:
        return False
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        # A link, not a rename: of two processes that make a key at once, the first one's stays.
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
    return True


def pseudonyms(names: Iterable[object], key: bytes) -> NDArray[np.object_]:
    """A pseudonym for each account name: `p` and 16 hexadecimal digits.

    Args:
        names: account names; the same name has the same pseudonym.
        key: secret of the hash (`pseudonym_key`).
    """
    return np.array(
        ["p" + hmac.digest(key, str(name).encode(errors="surrogatepass"), "sha256").hex()[:16] for name in names],
        dtype=object,
    )


def for_the_folder(
    accounts: pd.DataFrame, portfolio: Portfolio, names: NDArray[np.object_], personal: bool
) -> pd.DataFrame:
    """The accounts of a run as a run folder holds them.

    Args:
        accounts: `Ledger.accounts_table`, in the portfolio's order.
        portfolio: as it was before the run; its incomes are read.
        names: their pseudonyms.
        personal: keep protected attributes, and add the income.
    """
    table = accounts.assign(account_id=names)
    if personal:
        return table.assign(monthly_income=portfolio.column("monthly_income"))
    return table.drop(columns=[name for name in PERSONAL if name in table])
