"""How the shipped policies come about: from a training folder to agents/policies, measured on seeds that nobody learned from.

    recoup tune simple -s taiwan-cards --sweeps 4 --cohorts 12 --out agents/policies/taiwan-cards-tuned.yaml
    recoup train -s taiwan-cards --warm-start tuned --steps 12000000 --complaint-price 0.5 --training-seeds 5 --out runs/train
    recoup train -s taiwan-cards --warm-start learned --steps 18000000 --seed 2 --price-family --out runs/family    # once learned is there
    recoup frontier runs/family/family.json --most-contacts 23 --name contact-capped --no-distil --out runs/capped
    python benchmarks/ship.py taiwan-cards runs/taiwan-cards --learned runs/train --contact-capped runs/capped --family runs/family

What was typed for each shipped network stands in its card. Copies the policies (of several training seeds the one that validation has chosen), distils «learned», compares all with the plans on
unseen seeds, evaluates the policies of all training seeds on them, and writes the results into the cards.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recoup.agents.library import OWN, own_policy
from recoup.agents.price_family import own_family
from recoup.experiments.learning.seed_evaluation import SEED_EVALUATION
from recoup.experiments.learning.trained_seeds import TRAINING_SEEDS
from recoup.experiments.robustness.files import STRESS_FILE
from recoup.experiments.robustness.stress import UNPERTURBED, surely_gains, surely_loses
from recoup.experiments.runs.runfolder import RESULTS, read_json, write_json

MEASURES = (
    "recovery_rate",
    "net_recovery_rate",
    "time_to_recover_days",
    "cost_to_collect",
    "complaints_per_1000",
    "breaches",
)
PLANS = ("no-contact", "status-quo", "staged", "tiered", "simple", "tuned", "distilled", "contact-capped", "learned")
NETWORKS = ("learned", "contact-capped")
FAMILY = "family"
OVER_SEEDS = (
    "baseline",
    "training_seeds",
    "validation",
    "chosen",
    "seeds",
    "accounts",
    "measures",
)  # of seed_evaluation.json


def recoup(*arguments: str | Path) -> None:
    code = "from recoup.experiments.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True)


def ship(kind: str, scenario: str, trained: Path) -> Path:
    """Copy a trained policy or family under its name; returns its card's path."""
    card_path = own_family(scenario) if kind == FAMILY else own_policy(kind, scenario)
    card_path.parent.mkdir(exist_ok=True)
    for ending in (".safetensors", ".json"):
        shutil.copyfile(trained / f"{FAMILY if kind == FAMILY else 'policy'}{ending}", card_path.with_suffix(ending))
    card = read_json(card_path)
    card["name"] = kind
    card["training"]["command"] = anywhere(card["training"]["command"], f"{kind}-{scenario}")
    write_json(card_path, card)
    return card_path


def anywhere(command: str, folder: str) -> str:
    """A command whose results lie under runs/: where a maintainer keeps his is nobody's business."""
    return re.sub(r"--out \S+", f"--out runs/{folder}", command)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--learned", type=Path, help="training folder; without it, the shipped policy is measured again"
    )
    parser.add_argument("--contact-capped", type=Path, help="folder of the frontier that chose it")
    parser.add_argument("--family", type=Path, help="training folder of the price family")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--leaves", type=int, default=24)
    parser.add_argument("--keep-distilled", action="store_true", help="use the distilled plan that is there")
    arguments = parser.parse_args()
    folders = {kind: getattr(arguments, kind.replace("-", "_")) for kind in NETWORKS}
    trained = {kind: folder for kind, folder in folders.items() if folder}
    for kind, folder in {**trained, **({FAMILY: arguments.family} if arguments.family else {})}.items():
        ship(kind, arguments.scenario, folder)
    plan = own_policy("distilled", arguments.scenario)
    if not arguments.keep_distilled:
        plan.unlink(missing_ok=True)
        recoup(
            "distill",
            "learned",
            "-s",
            arguments.scenario,
            "--out",
            plan,
            "--leaves",
            str(arguments.leaves),
            "--seeds",
            "5",
        )
    plans = [name for name in PLANS if name not in OWN or own_policy(name, arguments.scenario).is_file()]
    measured = ["-s", arguments.scenario, "--seeds", str(arguments.seeds), "--first-seed", str(arguments.first_seed)]
    measured += ["--workers", "2"]
    recoup("compare", *(part for name in plans for part in ("-p", name)), *measured, "--out", arguments.out)
    for kind, folder in trained.items():
        if (folder / TRAINING_SEEDS).is_file():
            recoup("training-seeds", folder, *measured, "--out", arguments.out / f"training-seeds-{kind}")
    record(arguments.scenario, arguments.out)


def record(scenario: str, run: Path) -> None:
    """Write what a comparison has found into the cards of the scenario's own networks."""
    results = read_json(run / RESULTS)
    plans = list(results["policies"])
    for kind in [name for name in NETWORKS if name in plans]:
        card = read_json(own_policy(kind, scenario))
        card["results"] = {
            "command": anywhere(results["command"], scenario),
            "seeds": results["seeds"],
            "accounts": results["portfolio"]["accounts"],
            "policies": {name: {m: results["policies"][name][m] for m in MEASURES} for name in plans},
            "differences": {
                name: {m: results["differences"][kind][name][m] for m in MEASURES} for name in plans if name != kind
            },
            "versions": results["versions"],
        }
        evaluated = run / f"training-seeds-{kind}" / SEED_EVALUATION
        if evaluated.is_file():
            found = read_json(evaluated)
            card["results"]["training_seeds"] = {name: found[name] for name in OVER_SEEDS}
        stressed = STRESS_FILE.read_if_there(run)
        if stressed and stressed["challenger"] == kind:
            card["results"]["worlds"] = in_worlds(stressed)
        write_json(own_policy(kind, scenario), card)


def in_worlds(stressed: dict[str, Any]) -> dict[str, Any]:
    """In which worlds a policy has more net present value than the plan that it was compared with, and in which less, as a card says it.

    Args:
        stressed: the content of stress.json.
    """
    rows = [row for row in stressed["rows"] if row["perturbation"] != UNPERTURBED]
    return {
        "against": stressed["baseline"],
        "seeds": stressed["seeds"],
        "accounts": stressed["accounts"],
        "more_in": [row["label"] for row in rows if surely_gains(row)],
        "less_in": [row["label"] for row in rows if surely_loses(row)],
        "undecided_in": sum(not surely_gains(row) and not surely_loses(row) for row in rows),
    }


if __name__ == "__main__":
    main()
