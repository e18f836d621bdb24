"""How the shipped policies come about: from a training folder to agents/policies, measured on seeds that nobody learned from.

    recoup train -s china-consumer --imitate effort --steps 30000000 --out runs/train-china
    python benchmarks/ship.py china-consumer runs/train-china runs/shipped-china

Copies the policy, distils it, compares both with the plans on unseen seeds, and writes the results into the policy's card.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agents.library import own_policy

MEASURES = (
    "recovery_rate",
    "net_recovery_rate",
    "time_to_recover_days",
    "cost_to_collect",
    "complaints_per_1000",
    "breaches",
)
PLANS = ("no-contact", "status-quo", "staged", "tiered", "greedy", "effort", "distilled", "learned")


def recoup(*arguments: str | Path) -> None:
    code = "from experiments.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("trained", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--leaves", type=int, default=24)
    parser.add_argument("--keep-distilled", action="store_true", help="use the distilled plan that is there")
    given = parser.parse_args()
    card_path = own_policy("learned", given.scenario)
    card_path.parent.mkdir(exist_ok=True)
    for ending in (".safetensors", ".json"):
        shutil.copyfile(given.trained / f"policy{ending}", card_path.with_suffix(ending))
    plan = own_policy("distilled", given.scenario)
    if not given.keep_distilled:
        plan.unlink(missing_ok=True)
        recoup("distill", "learned", "-s", given.scenario, "--out", plan, "--leaves", str(given.leaves), "--seeds", "5")
    plans = [name for name in PLANS if name not in ("greedy", "effort") or own_policy(name, given.scenario).is_file()]
    seeds = ("--seeds", str(given.seeds), "--first-seed", str(given.first_seed))
    recoup(
        "compare",
        "-s",
        given.scenario,
        *(part for name in plans for part in ("-p", name)),
        *seeds,
        "--workers",
        "2",
        "--out",
        given.out,
    )
    results = json.loads((given.out / "results.json").read_text(encoding="utf-8"))
    card = json.loads(card_path.read_text(encoding="utf-8"))
    against = [name for name in plans if name != "learned"]
    card["results"] = {
        "command": results["command"],
        "seeds": results["seeds"],
        "accounts": results["portfolio"]["accounts"],
        "policies": {name: {m: results["policies"][name][m] for m in MEASURES} for name in plans},
        "differences": {
            f"learned-vs-{name}": {m: results["differences"][f"learned-vs-{name}"][m] for m in MEASURES}
            for name in against
        },
        "versions": results["versions"],
    }
    card_path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
