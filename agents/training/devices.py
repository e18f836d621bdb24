"""What networks are computed on while they learn: the CPU, or an accelerator that PyTorch sees."""

from __future__ import annotations

import os

import torch

from recoup.sim.inputs import InputError, choose

DEVICES = ("auto", "cpu", "cuda")


def device_for(asked: str) -> str:
    """The device for a training: «cuda» where it is asked for, or left open and there is one; else «cpu».

    Args:
        asked: one of `DEVICES`.

    Raises:
        InputError: another name, or «cuda» where PyTorch sees no such device.
    """
    if asked not in DEVICES:
        raise InputError("--device", "", asked, choose(DEVICES, asked))
    there_is_one = torch.cuda.is_available()
    if asked == "cuda" and not there_is_one:
        raise InputError("--device", "", asked, "auto or cpu: PyTorch sees no CUDA device on this machine")
    return "cuda" if there_is_one and asked != "cpu" else "cpu"


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
