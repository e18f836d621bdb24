"""The dashboard in a real browser: every page, both languages, a phone and a wide screen; figures against the run's own files.

Skipped without the extra `recoup[web]` and where there is no Chromium.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report.text import text_in
from recoup.experiments.robustness.files import FRONTIER_FILE, STRESS_FILE
from recoup.experiments.runs.progress import PROGRESS_FILE
from tests.browser import Browser
from tests.command import process, recoup

pytest.importorskip("panel")

STRANGE = '<img src=x onerror=alert(1)> & "{{ 1 }}" 中文'
PAGES = ("", "comparison", "compare", "frontier", "accounts", "stress", "running")
READY = "window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].roots().length && Bokeh.documents[0].is_idle"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What stands on the page, also within the shadow roots of its parts.
TEXT = """(() => {
  const told = [];
  const walk = node => {
    if (node.nodeType === 3) told.push(node.textContent);
    if (node.tagName === 'STYLE' || node.tagName === 'SCRIPT') return;
    (node.shadowRoot ? [node.shadowRoot] : []).concat([...node.childNodes]).forEach(walk);
  };
  walk(document.body);
  return told.join(' ').replace(/\\s+/g, ' ');
})()"""


@dataclass
class Served:
    """A server of a folder of runs."""

    runs: Path
    port: int

    def address(self, page: str = "", **query: str) -> str:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return f"http://127.0.0.1:{self.port}/{page}?{asked}"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    runs = tmp_path_factory.mktemp("runs")
    plans = ("status-quo", "staged", "learned")
    compare(Comparison("taiwan-cards", plans, seeds=2, accounts=120, days=45, personal=True), runs / "cards")
    compare(Comparison("taiwan-cards", plans[:2], seeds=2, accounts=120, days=45, events=False), runs / "again")
    shutil.copytree(runs / "again", runs / "cut-off")
    results = (runs / "again" / "results.json").read_text(encoding="utf-8")
    (runs / "cut-off" / "results.json").write_text(results[:1000], encoding="utf-8")
    shutil.copytree(runs / "again", runs / STRANGE)
    _begin(runs / "live", 1)
    training = runs / "trained"
    training.mkdir()
    (training / "run.json").write_text('{"scenario": "china-consumer"}', encoding="utf-8")
    line = {"days": 90.0, "recovery_baseline": 0.3, "days_baseline": 80.0}
    lines = [{"steps": 1000 * n, "recovery": 0.2 + 0.02 * n, **line} for n in range(1, 6)]
    (training / "progress.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    STRESS_FILE.write(runs / "cards", _stress())
    FRONTIER_FILE.write(runs / "cards", _frontier())

    port = free_port()
    command = process("serve", runs, "--port", str(port), "--no-browser")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout and f"runs: 6; http://127.0.0.1:{port}/" in server.stdout.readline()
        yield Served(runs, port)
    finally:
        server.terminate()
        server.wait(20)


def _begin(folder: Path, done: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text('{"policies": {"staged": "a"}}', encoding="utf-8")
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    note = {"unit": "parts", "began": now, "updated": now, "stopped": False, "done_before": 0}
    PROGRESS_FILE.write(folder, {**note, "tasks": {"staged": {"done": done, "total": 8}}})


def _stress() -> dict[str, Any]:
    def row(name: str, mean: float, low: float, high: float) -> dict[str, Any]:
        gain = {"mean": mean, "low": low, "high": high}
        others = ("recovery_rate", "net_recovery_rate", "time_to_recover_days", "complaints_per_1000")
        return {"perturbation": name, "label": f"world {name}", "npv_rate": gain, **dict.fromkeys(others, gain)}

    rows = [row("none", 0.02, 0.01, 0.03), row("half-staff", 0.01, -0.01, 0.03), row("pay_age+", -0.02, -0.03, -0.01)]
    told = {"scenario": "taiwan-cards", "challenger": "learned", "baseline": "staged", "seeds": [1, 2], "accounts": 60}
    return {**told, "rows": rows, "worlds": 2, "worst": "pay_age+", "positive": 0, "negative": 1}


def _frontier() -> dict[str, Any]:
    def values(npv: float, contacts: float, complaints: float) -> dict[str, float]:
        known = {"npv_rate": npv, "recovery_rate": npv, "net_recovery_rate": npv, "time_to_recover_days": 40.0}
        burdens = {"contacts_per_debtor": contacts, "complaints_per_1000": complaints, "cost_to_collect": 0.2}
        return {**known, **burdens, "full_cost_rate": 0.1}

    prices = dict.fromkeys(("complaints", "contacts", "staff"), 1.0)
    points = [
        {"name": name, "values": values(*found), "inputs": [0.0, 0.0, 0.0], "prices": prices, "frontier": True}
        for name, found in {"p0-0-0": (0.5, 20.0, 8.0), "p50-50-50": (0.45, 10.0, 3.0)}.items()
    ]
    plans = [{"name": "staged", "values": values(0.4, 12.0, 2.0)}]
    told = {"by": "npv_rate", "limits": {}, "within": None, "scenario": "taiwan-cards", "seeds": [1, 2], "accounts": 60}
    return {**told, "points": points, "plans": plans, "chosen": "p0-0-0", "feasible": True}


def set_value(chromium: Browser, title: str, value: object) -> None:
    """Choose in a list or move a slider, and wait for what the page makes of it."""
    chromium.ask(
        f"""(() => {{
          const found = [...Bokeh.documents[0].all_models].find(m => (m.title || '').startsWith({json.dumps(title)}));
          found.value = {json.dumps(value)}; if ('value_throttled' in found) found.value_throttled = {json.dumps(value)};
        }})()"""
    )


def text_with(chromium: Browser, wanted: str) -> str:
    """The page's text, once it holds what is wanted."""
    chromium.wait(f"{TEXT}.includes({json.dumps(wanted)})")
    return str(chromium.ask(TEXT))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "runs")
def test_each_page_is_whole_on_a_phone_and_a_wide_screen(
    served: Served, chromium: Browser, page: str, language: str
) -> None:
    say = text_in(language)
    for width in (390, 1440):
        faults = chromium.visit(served.address(page, lang=language), READY, width)
        assert not faults
        assert chromium.ask(TOO_WIDE) == 0
    told = text_with(chromium, say(f"dashboard.pages.{page or 'runs'}"))
    assert say(f"dashboard.subs.{page or 'runs'}") in told
    assert chromium.ask("document.documentElement.lang") == {"en": "en", "zh": "zh-Hans"}[language]
    assert chromium.ask("document.querySelectorAll('h1').length") == 1
    if page in ("comparison", "compare", "frontier", "accounts", "stress"):
        counted = "[...Bokeh.documents[0].all_models].filter(m => m.type === 'Figure').length"
        assert chromium.ask(counted) > 0


def test_runs_are_listed_with_what_came_of_them_and_a_damaged_one_in_one_line(
    served: Served, chromium: Browser
) -> None:
    chromium.visit(served.address(), READY, 1440)
    told = text_with(chromium, "cut-off")
    for name in ("cards", "again", "live", "trained", STRANGE):
        assert name in told
    assert "damaged" in told and "results.json" in told and "expected" in told
    results = json.loads((served.runs / "cards" / "results.json").read_text(encoding="utf-8"))
    change = results["differences"]["learned"]["status-quo"]["npv_rate"]  # the plan in force, as nobody named another
    assert text_in("en").span(change, "points", signed=True).replace("\u00a0", " ") in told


def test_filters_leave_the_accounts_that_they_name(served: Served, chromium: Browser) -> None:
    accounts = pd.read_parquet(served.runs / "cards" / "accounts.parquet")
    assert "age" in accounts
    chromium.visit(served.address("comparison", run="cards"), READY, 1440)
    text_with(chromium, "120 accounts a seed")
    tier = accounts["entry_tier"].value_counts().index[0]
    group = accounts[accounts["entry_tier"] == tier]
    sizes = group.groupby(["policy", "seed"]).size()
    assert sizes.min() >= 30
    set_value(chromium, "risk tier at entry", tier)
    told = text_with(chromium, f"{sizes.min():,} accounts a seed")
    money = group[group["policy"] == "learned"].groupby("seed")[["cash", "opening"]].sum()
    recovered = 100 * float((money["cash"] / money["opening"]).mean())
    assert f"{recovered:.1f}" in told and "exist for the whole portfolio only" in told
    cured = (
        group[group["policy"] == "learned"].groupby("seed")["status"].agg(lambda s: s.isin(["paid", "cured"]).mean())
    )
    assert f"{100 * float(cured.mean()):.1f}" in told


def test_a_month_has_a_table_of_its_own_days(served: Served, chromium: Browser) -> None:
    daily = pd.read_parquet(served.runs / "cards" / "daily.parquet")
    accounts = pd.read_parquet(served.runs / "cards" / "accounts.parquet")
    chromium.visit(served.address("comparison", run="cards"), READY, 1440)
    assert "Only month" not in text_with(chromium, "Liquidation")
    set_value(chromium, "month of the run", "2")
    told = text_with(chromium, "Only month 2 (days 31–45)").split("Only month 2")[1].split("Liquidation")[0]
    late = daily[daily["day"] >= 30].groupby(["policy", "seed"])["cash"].sum()
    rates = 100 * late / accounts.groupby(["policy", "seed"])["opening"].sum()
    for policy in ("learned", "status-quo"):
        assert f"{rates[policy].mean():.1f}" in told
    tier = accounts["entry_tier"].value_counts().index[0]
    set_value(chromium, "risk tier at entry", tier)
    text_with(chromium, "payments alone are known by day")


def test_the_last_point_of_a_filtered_liquidation_curve_is_the_recovery_of_those_accounts(
    served: Served, chromium: Browser
) -> None:
    accounts = pd.read_parquet(served.runs / "cards" / "accounts.parquet")
    tier = accounts["entry_tier"].value_counts().index[0]
    chromium.visit(served.address("comparison", run="cards"), READY, 1440)
    set_value(chromium, "risk tier at entry", tier)
    text_with(chromium, "exist for the whole portfolio only")
    group = accounts[(accounts["entry_tier"] == tier) & (accounts["policy"] == "staged")]
    money = group.groupby("seed")[["cash", "opening"]].sum()
    lines = """[...Bokeh.documents[0].all_models].filter(m => m.type === 'ColumnDataSource' && m.data.name && m.data.name[0] === 'staged'
      && m.data.x && m.data.x.length === 45).map(m => Array.from(m.data.y).slice(-1)[0])"""
    chromium.wait(f"{READY} && {lines}.length > 1")
    ends = chromium.ask(lines)
    assert min(abs(end - float((money["cash"] / money["opening"]).mean())) for end in ends) < 1e-9


def test_a_group_below_the_privacy_threshold_is_not_shown(served: Served, chromium: Browser) -> None:
    accounts = pd.read_parquet(served.runs / "cards" / "accounts.parquet")
    counts = accounts.groupby("entry_tier").size() / (3 * 2)
    small = counts[counts < 30].index
    assert len(small)
    chromium.visit(served.address("comparison", run="cards"), READY, 1440)
    set_value(chromium, "risk tier at entry", small[0])
    told = text_with(chromium, "Fewer than 30 accounts")
    assert "Liquidation" not in told.split("Fewer than 30")[1]


def test_the_frontier_picks_the_best_within_the_reader_s_limits(served: Served, chromium: Browser) -> None:
    chromium.visit(served.address("frontier", run="cards"), READY, 1440)
    text_with(chromium, "Best without limits: family, prices p0-0-0")
    set_value(chromium, "at most so many contacts", 15.0)
    text_with(chromium, "Best within the limits: family, prices p50-50-50")
    set_value(chromium, "at most so many complaints", 2.5)
    text_with(chromium, "Best within the limits: staged")
    set_value(chromium, "at most so many complaints", 1.0)
    text_with(chromium, "Nothing is within the limits")


def test_an_account_s_history_is_that_of_the_event_logs(served: Served, chromium: Browser) -> None:
    accounts = pd.read_parquet(served.runs / "cards" / "accounts.parquet")
    first = accounts[accounts["seed"] == 1].pivot(index="account_id", columns="policy", values="cash")
    account = (first["learned"] - first["status-quo"]).abs().idxmax()
    chromium.visit(served.address("accounts", run="cards"), READY, 1440)
    set_value(chromium, "left", "status-quo")
    set_value(chromium, "or a pseudonym", account)
    told = text_with(chromium, f"account {account}")
    for policy in ("status-quo", "learned"):
        assert f"{first.loc[account, policy] / 100:,.2f}" in told
        log = pd.read_parquet(served.runs / "cards" / "parts" / policy / "1.events.parquet")
        mine = log[log["account_id"] == account]
        days = told.split("Day by day")[1]
        assert all(f" {day + 1} " in days for day in mine["day"])
    set_value(chromium, "or a pseudonym", "nobody")
    text_with(chromium, "No account nobody in this run")


def test_a_run_without_event_logs_says_so(served: Served, chromium: Browser) -> None:
    assert not chromium.visit(served.address("accounts", run="again"), READY, 1440)
    text_with(chromium, "kept no event logs")


def test_worlds_of_the_stress_map_are_those_asked_for(served: Served, chromium: Browser) -> None:
    chromium.visit(served.address("stress", run="cards"), READY, 1440)
    told = text_with(chromium, "in 0 of 2 other worlds, and less in 1")
    assert "world pay_age+" in told
    set_value(chromium, "worlds", "open")
    chromium.wait(f"!{TEXT}.includes('world pay_age+')")


def test_progress_of_a_running_comparison_is_followed_without_a_reload(served: Served, chromium: Browser) -> None:
    _begin(served.runs / "live", 2)
    chromium.visit(served.address("running"), READY, 390)
    text_with(chromium, "2 / 8")
    _begin(served.runs / "live", 5)
    text_with(chromium, "5 / 8")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_nothing_is_ever_written_to_the_runs(served: Served, chromium: Browser) -> None:
    before = hashes(served.runs)
    for page in PAGES:
        chromium.visit(served.address(page, run="cards"), READY, 1440)
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
            connection.request(method, f"/{page}?run=cards", body=b"x=1")
            assert connection.getresponse().status in (403, 404, 405)
            connection.close()
    assert hashes(served.runs) == before


def test_a_folder_s_name_is_shown_as_it_is(served: Served, chromium: Browser) -> None:
    for page in ("comparison", "compare"):
        assert not chromium.visit(served.address(page, run=quote(STRANGE)), READY, 390)
        assert chromium.ask("document.querySelector('select[name=run]').value") == STRANGE
        assert chromium.ask(TOO_WIDE) == 0


@pytest.mark.parametrize("run", ["../../etc", "/etc/passwd", "no-such-run", "%00"])
def test_an_address_names_runs_and_never_a_file(served: Served, chromium: Browser, run: str) -> None:
    assert not chromium.visit(served.address("comparison", run=run), READY, 1440)
    assert "/etc" not in chromium.ask(TEXT)


def test_another_site_gets_no_connection(served: Served) -> None:
    def asked(origin: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        keys = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        keys |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin}
        connection.request("GET", "/comparison/ws", headers=keys)
        status = connection.getresponse().status
        connection.close()
        return status

    assert asked("http://elsewhere.example") == 403


# --- without a browser --------------------------------------------------------------------------------------------------


def test_names_beside_lines_keep_their_order_and_their_distance() -> None:
    from recoup.experiments.dashboard.figures import spread

    assert spread([0.0, 1.0, 2.0], 0.5) == [0.0, 1.0, 2.0]
    assert spread([1.0, 1.0], 0.5) == pytest.approx([0.75, 1.25])
    assert spread([2.0, 0.0, 0.1], 1.0) == pytest.approx([2.0, -0.45, 0.55])
    placed = np.sort(spread(list(np.random.default_rng(1).random(9)), 0.3))
    assert np.diff(placed).min() > 0.3 - 1e-9


def test_loopback_is_told_from_other_addresses() -> None:
    from recoup.experiments.dashboard.app import is_loopback, origins

    assert all(map(is_loopback, ("127.0.0.1", "localhost", "::1", "127.8.8.8")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.168.1.4", "::", "example.org")))
    assert origins("127.0.0.1", 5006) == ["localhost:5006", "127.0.0.1:5006"]
    assert origins("0.0.0.0", 80) == ["*:80"] and origins("192.168.1.4", 80) == ["192.168.1.4:80"]


def test_wrong_arguments_are_one_line(tmp_path: Path) -> None:
    for arguments, expected in (
        ([tmp_path / "none"], "got 'nothing', expected a run folder, or a folder of them"),
        ([tmp_path, "--lang", "fr"], "--lang"),
        ([tmp_path, "--address", "203.0.113.7", "--no-browser"], "expected an address of this machine"),
    ):
        done = recoup("serve", *arguments)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and expected in done.stderr
