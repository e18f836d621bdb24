"""Before anything is imported: one thread a process, because the tests run in several processes and small networks gain nothing."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
