"""One thread for the sums of networks, regressions and trees, whose last digits depend on how many threads share them.

The simulation's own threads share accounts, not sums: no number depends on them. Processes (`workers`) are how Recoup uses more cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS, OpenMP and PyTorch to one thread, whatever the environment says; also a decorator, `@one_thread()`.

    Libraries that are loaded inside are not held: import them before. On networks and trees as small as ours, several threads wait for each
    other longer than they compute, but for the learners' own.
    """
    torch = sys.modules.get("torch")  # what is not loaded computes nothing
    before = torch.get_num_threads() if torch else 0
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
