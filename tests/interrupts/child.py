"""What runs in the process that is interrupted."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def recoup(place: Path, arguments: list[str], out: Path, err: Path) -> None:
    """Run `recoup ARGUMENTS` in a folder, its output and errors in files, as a process that a shell began."""
    for stream, file in ((1, out), (2, err)):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, stream)
        os.close(handle)
    os.chdir(place)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from recoup.experiments.checks import calibration
    from recoup.experiments.cli import main
    from recoup.experiments.commands import compare
    from recoup.experiments.learning import training

    training.CHECKPOINT_SECONDS = 0.2
    calibration.measure.__defaults__ = (300, {target.id for target in calibration.targets()[:4]})  # accounts, targets
    compare.DEMO_PLANS = ("no-contact",)
    sys.argv = ["recoup", *arguments]
    main()
