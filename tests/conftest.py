"""Before anything is imported: one thread a process, because the tests run in several processes and small networks gain nothing."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

# Collecting makes some million objects that stay: looking through them for garbage again and again took a third of its time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
