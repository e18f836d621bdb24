"""Peak memory of a process itself."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """Most bytes that this process has held in memory.

    From Linux's status file where there is one: `ru_maxrss` of a process that another has started begins with that one's peak, so that a small run
    beside a large parent would seem to need nothing.
    """
    if _STATUS.is_file():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
