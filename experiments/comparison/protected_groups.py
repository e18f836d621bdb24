"""Protected groups: which they are, and who belongs to them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ATTRIBUTES = ("age", "sex", "region")
AGE_BANDS = {"18–29": (0, 30), "30–44": (30, 45), "45–59": (45, 60), "60+": (60, 200)}
LEAST_ACCOUNTS = 30  # smaller groups are listed but not judged


def group_membership(people: pd.DataFrame) -> dict[str, NDArray[np.object_]]:
    """Group of each account by protected attribute: age band, sex, region.

    Args:
        people: a portfolio's table.
    """
    ages = people["age"].to_numpy(float)
    bands = np.full(len(people), "", object)
    for name, (low, high) in AGE_BANDS.items():
        bands[(ages >= low) & (ages < high)] = name
    return {"age": bands, "sex": people["sex"].to_numpy(object), "region": people["region"].to_numpy(object)}
