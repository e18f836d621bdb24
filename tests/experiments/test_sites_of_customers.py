"""A portfolio with customers is cut so that each customer's accounts are at one site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recoup.experiments.sites.cut import numbers_of, site_names
from recoup.experiments.sites.settings import Sites
from recoup.sim.inputs import InputError

CUSTOMERS = ["x", "", "y", "x", "z", "y", "", "x", "v", "w"]


def settings(folder: Path, sites: int, by_region: bool = False) -> Sites:
    rows = [f"a{n},1000,30,{name},{'east' if n % 2 else 'west'}" for n, name in enumerate(CUSTOMERS)]
    (folder / "book.csv").write_text("\n".join(["id,owed,due,client,region", *rows]) + "\n", encoding="utf-8")
    fields = "{account_id: id, opening_balance: owed, dpd: due, customer_id: client, region: region}"
    (folder / "map.yaml").write_text(f"fields: {fields}\n", encoding="utf-8")
    return Sites(sites=sites, by_region=by_region, portfolio=str(folder / "book.csv"), map=str(folder / "map.yaml"))


@pytest.mark.parametrize("by_region", [False, True])
def test_the_accounts_of_a_customer_are_at_one_site(tmp_path: Path, by_region: bool) -> None:
    cut = settings(tmp_path, 3, by_region)
    scenario = cut.load()
    of_sites = [numbers_of(cut, scenario, n, name) for n, name in enumerate(site_names(cut, scenario))]
    assert sorted(np.concatenate(of_sites).tolist()) == list(range(10))
    if not by_region:  # x, a1, y | z, a6, v | … in turn: customers by their first accounts 0, 1, 2, 4, 6, 8, 9
        assert [site.tolist() for site in of_sites] == [[0, 3, 4, 7, 9], [1, 6], [2, 5, 8]]
    for name in "xyz":
        accounts = {n for n, customer in enumerate(CUSTOMERS) if customer == name}
        assert sum(bool(accounts & set(site.tolist())) for site in of_sites) == 1


def test_no_more_sites_than_customers(tmp_path: Path) -> None:
    cut = settings(tmp_path, 8)
    with pytest.raises(InputError, match="at most 7, a site for each customer"):
        site_names(cut, cut.load())
