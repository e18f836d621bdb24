"""Helpers of a training: processes of this machine that share its work (`recoup.agents.training.data_parallel`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm

from recoup.agents.training.data_parallel import HelperLost, help_with
from recoup.agents.training.devices import available_cores
from recoup.agents.training.masked_ppo import MaskablePPO
from recoup.agents.training.network import BLOCK
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.workers import WorkerLost, process_of

WORTH_HELP = 1_000_000  # account-days; a helper takes seconds to start


def processes_for(learner: BaseAlgorithm, threads: int | None, steps: int) -> int:
    """How many processes a training is shared by: no more than have something to do.

    Args:
        learner: as `learners.build` made it; one of another algorithm than maskable-ppo, or on another device than a CPU, has no helpers.
        threads: the most; None = the machine's cores.
        steps: account-days still to be learned from; a short training has no helpers.
    """
    if not isinstance(learner, MaskablePPO) or learner.device.type != "cpu" or steps < WORTH_HELP:
        return 1
    env: Any = learner.env
    return min(threads or available_cores(), len(env.envs), -(-learner.batch_size // BLOCK))


@contextmanager
def shared(learner: BaseAlgorithm, processes: int) -> Iterator[None]:
    """Share a training's work as long as the block lasts.

    Args:
        learner: of maskable-ppo, if there are several processes; before `learn`.
        processes: how many, this one included.

    Raises:
        WorkerLost: a helper was killed.
    """
    with ExitStack() as stack:

        def start(parts: list[Any]) -> Connection:
            ours, theirs = Pipe()
            stack.enter_context(process_of(_help, theirs, parts))
            theirs.close()  # so that its end is heard of
            return ours

        if processes > 1:
            assert isinstance(learner, MaskablePPO)
            learner.share_work(processes, start)
        try:
            yield
        except HelperLost:
            wanted = "enough memory: --threads 1 or fewer --accounts"
            raise WorkerLost("helper process", "", "killed by the system", wanted) from None


@one_thread()
def _help(connection: Connection, parts: list[Any]) -> None:
    help_with(connection, parts)
