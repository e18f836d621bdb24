"""No number depends on how many threads BLAS, OpenMP and PyTorch would like, nor on the number of workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import model_selection
from threadpoolctl import threadpool_info, threadpool_limits

from recoup.experiments.comparison import fairness, proxies
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.evidence import estimators, fitted_q, propensities
from recoup.experiments.learning import early_warning, helpers, index, training
from recoup.experiments.learning.cohorts import simulate_cohort
from recoup.experiments.learning.settings import IndexStudy, Training
from recoup.experiments.robustness import frontier
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import load_scenario
from tests import ROOT

HOME = load_scenario("china-consumer")


def threads() -> set[int]:
    """Of every pool in this process, PyTorch's among them."""
    return {pool["num_threads"] for pool in threadpool_info()} | {torch.get_num_threads()}


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with threadpool_limits(2):
        yield
    torch.set_num_threads(before)


def test_one_thread_holds_every_pool_and_lets_go_again() -> None:
    assert threads() == {2}
    with pytest.raises(KeyError), one_thread():
        assert threads() == {1}
        with one_thread():
            assert threads() == {1}
        assert threads() == {1}
        raise KeyError
    assert threads() == {2}


class Seen(Exception):  # noqa: N818 - no error
    """How many threads there were, by somebody who was called."""


def tell(*_: Any, **__: Any) -> None:
    raise Seen(threads())


class Telling:
    """A policy that ends the run on its first day."""

    def act(self, *_: Any) -> NDArray[np.int64]:
        raise Seen(threads())


ZEROS = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("module", "name", "call"),
    [
        (None, "", lambda folder: rollout(HOME, Telling(), HOME.portfolio(5, 1), 1, 2)),
        (None, "", lambda folder: simulate_cohort(HOME, Telling(), HOME.portfolio(5, 1), 1)),  # type: ignore[arg-type]
        (fairness, "bearing_on_the_debt", lambda folder: fairness.measure_groups(rollout(HOME, "staged", HOME.portfolio(5, 1), 1, 2), HOME.portfolio(5, 1).table)),
        (model_selection, "cross_val_predict", lambda folder: proxies.proxy_check(HOME.portfolio(300, 1).table)),
        (early_warning, "_out_of_fold", lambda folder: early_warning.out_of_fold(None)),  # type: ignore[arg-type]
        (frontier, "fit_logistic", lambda folder: frontier.flip_along(np.arange(4.0), np.array([True, False, True, False]))),
        (frontier, "fit_logistic", lambda folder: frontier.map_of(ZEROS, np.array([True, False, True, False]))),
        (index, "open_folder", lambda folder: index.run(IndexStudy(), folder)),
        (fitted_q, "parts_matrix", lambda folder: fitted_q.fitted_q(SimpleNamespace(menu=None), ZEROS, None)),  # type: ignore[arg-type]
        (propensities, "parts_matrix", lambda folder: propensities.estimated(SimpleNamespace(actions=ZEROS, observations=ZEROS, menu=None), ZEROS)),  # type: ignore[arg-type]
        (estimators, "estimates", lambda folder: estimators.with_intervals(SimpleNamespace(row=ZEROS), None)),  # type: ignore[arg-type]
        (helpers, "help_with", lambda folder: helpers._help(None, [])),  # type: ignore[arg-type]
        (training, "open_folder", lambda folder: training.train(Training(warm_start=None), folder)),
    ],
)  # fmt: skip
def test_all_that_sums_by_blas_openmp_or_pytorch_does_so_on_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, call: Callable[[Path], object]
) -> None:
    if module:
        monkeypatch.setattr(module, name, tell)
    with pytest.raises(Seen) as seen:
        call(tmp_path / "run")
    assert seen.value.args == ({1},)


COMPARE = """
import sys
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from pathlib import Path
if __name__ == "__main__":
    plans = ("learned", "contact-capped", "staged")
    compare(Comparison("china-consumer", plans, accounts=400, days=5, seeds=2, first_seed=501, events=False), Path("run"), int(sys.argv[1]))
"""


def test_results_are_the_same_to_the_byte_for_any_threads_and_workers(tmp_path: Path) -> None:
    written = []
    for threads, workers in (("1", "1"), ("2", "2")):
        folder = tmp_path / threads
        folder.mkdir()
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, threads), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", COMPARE, workers]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=600)
        written.append(
            [(folder / "run" / name).read_bytes() for name in ("results.json", "fairness.json", "welfare.json")]
        )
    assert written[0] == written[1]
