"""The short form of the benchmarks runs to its end; what it measures is noise here, and nothing hangs on it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

from tests import ROOT


def test_every_ratio_is_measured_and_written(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    run = [sys.executable, "-m", "benchmarks", "--quick", "--rounds", "1", "--out", str(out)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    against = [row["theirs"] for row in found["ratios"]]
    for rival in ("SimPy process per debtor", "SyncVectorEnv", "DummyVecEnv", "masked distribution"):
        assert any(rival in theirs for theirs in against), against
    for row in found["ratios"]:
        assert row["ours"].split(",")[0][:12] in done.stdout
        assert all(math.isfinite(value) and value > 0 for value in row["ratio"].values())
        assert row["ratio"]["least"] <= row["ratio"]["median"] <= row["ratio"]["most"]
