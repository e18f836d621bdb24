"""The checkpoint of a training: all that its next rollout depends on, in one file, so that a resumed training goes on as if uninterrupted.

`checkpoint.zip` holds the learner's tensors as Stable-Baselines3 writes them, `state.json` with plain values (steps, prices, states of the
random generators) and `arrays.safetensors` (the averaged network, what was done in each cohort so far). Reading it unpickles nothing.

A checkpoint of one device may be resumed on another: tensors go to the learner's. The treatments of maskable-ppo are drawn by the CPU's generator
wherever it learns; an accelerator's own, which other learners draw by, is kept as well, and left alone on a CPU.

Off policy (dqn, qr-dqn) a learner's memory of past account-days is not kept: hundreds of megabytes, written each minute. It fills anew.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.save_util import save_to_zip_file

from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.experiments.learning.files import Checkpoint
from recoup.experiments.runs.file_kinds import DAMAGED_ARCHIVE, Array
from recoup.experiments.runs.runfolder import write_whole
from recoup.sim.inputs import InputError, parse_json, require_readable, validated

CHECKPOINT = "checkpoint.zip"
_STATE, _ARRAYS, _AVERAGE = "state.json", "arrays.safetensors", "average."
_FAULTS = (*DAMAGED_ARCHIVE, UnpicklingError, SafetensorError)
Average = dict[str, NDArray[np.float32]]


def write_checkpoint(
    folder: Path, learner: BaseAlgorithm, env: PortfolioVecEnv, average: Average, progress: dict[str, Any]
) -> None:
    """Write the checkpoint; an older one stays until it is whole.

    Args:
        folder: of the training.
        learner: between two rollouts.
        env: its cohorts.
        average: the averaged network.
        progress: what else the training has to know, as JSON holds it: its `steps` among it.

    Raises:
        InputError: it cannot be written.
    """
    simulations, arrays = env.save()
    arrays |= {_AVERAGE + name: array for name, array in average.items()}
    arrays |= _of_learner(learner)
    state = {
        "progress": progress,
        "simulations": simulations,
        "numpy": np.random.get_state(legacy=False),
        "actions": learner.action_space.np_random.bit_generator.state,
    }
    text = json.dumps(state, default=lambda array: array.tolist())
    Checkpoint.model_validate(json.loads(text))

    def write(path: Path) -> None:
        with path.open("wb") as file:
            save_to_zip_file(file, params=learner.get_parameters())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(_ARRAYS, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
            archive.writestr(_STATE, text)

    write_whole(folder / CHECKPOINT, write)


def _of_learner(learner: Any) -> dict[str, NDArray[Any]]:
    """What a learner has in hand between two rollouts beside its parameters."""
    arrays = {"torch": torch.get_rng_state().numpy()}
    if learner.device.type == "cuda":
        arrays["torch.cuda"] = torch.cuda.get_rng_state(learner.device).numpy()
    if learner._last_episode_starts is not None:
        arrays["starts"] = learner._last_episode_starts
    for who, memory in zip(("actor", "critic"), getattr(learner, "_last_lstm_states", None) or (), strict=False):
        arrays |= {f"memory.{who}.{n}": part.cpu().numpy() for n, part in enumerate(memory)}
    return arrays


def read_progress(folder: Path) -> dict[str, Any] | None:
    """What the training has to know of its checkpoint (`files.TrainingProgress`); None if there is none.

    Raises:
        InputError: broken, edited, or of an older version.
    """
    return _state(folder)["progress"] if (folder / CHECKPOINT).exists() else None


def restore(folder: Path, learner: Any, env: PortfolioVecEnv) -> Average:
    """Put a fresh learner and its cohorts, and the random generators of this process, where the checkpoint was written.

    Args:
        folder: of the training.
        learner: built by the same settings.
        env: its cohorts.

    Returns:
        The averaged network.

    Raises:
        InputError: no such checkpoint, or a broken one.
    """
    state, arrays = _state(folder), restore_learner(folder, learner, env.num_envs)
    try:
        learner._last_obs = env.restore(state["simulations"], arrays)
        learner.num_timesteps = state["progress"]["steps"]
        learner.action_space.np_random.bit_generator.state = state["actions"]
        torch.set_rng_state(torch.tensor(arrays["torch"]))
        if learner.device.type == "cuda" and "torch.cuda" in arrays:
            torch.cuda.set_rng_state(torch.tensor(arrays["torch.cuda"]), learner.device)
        np.random.set_state(state["numpy"])
    except _FAULTS as error:
        raise _broken(folder, error) from None
    return {name.removeprefix(_AVERAGE): array for name, array in arrays.items() if name.startswith(_AVERAGE)}


def restore_learner(folder: Path, learner: Any, places: int) -> dict[str, NDArray[Any]]:
    """Put a fresh learner alone where the checkpoint was written: what can be refused without simulating anything.

    Args:
        folder: of the training.
        learner: built by the same settings.
        places: debtors that it treats at a time.

    Returns:
        The checkpoint's arrays.

    Raises:
        InputError: no such checkpoint, or a broken one.
    """
    path = folder / CHECKPOINT
    try:
        arrays = load(_member(folder, _ARRAYS))
        learner.set_parameters(str(path), device=learner.device)
        _check_learner(learner, path)
        _put_in_hand(learner, places, arrays, path)
    except _FAULTS as error:
        raise _broken(folder, error) from None
    return arrays


def _put_in_hand(learner: Any, places: int, arrays: dict[str, NDArray[Any]], path: Path) -> None:
    """Give a learner what it had in hand (`_of_learner`)."""
    Array("bool", (places,), 0, 1).check(arrays["starts"], path, "starts")
    learner._last_episode_starts = arrays["starts"]
    if memory := getattr(learner, "_last_lstm_states", None):
        parts: list[tuple[torch.Tensor, ...]] = []
        for who, empty in zip(("actor", "critic"), memory, strict=True):
            names = [f"memory.{who}.{n}" for n in range(len(empty))]
            for name, part in zip(names, empty, strict=True):
                Array("float32", tuple(part.shape)).check(arrays[name], path, name)
            parts.append(tuple(torch.tensor(arrays[name], device=learner.device) for name in names))
        learner._last_lstm_states = type(memory)(*parts)


def _check_learner(learner: Any, path: Path) -> None:
    """What was put into a learner is finite, and what its optimisers keep of each parameter has that one's shape."""
    for name, content in learner.get_parameters().items():
        if not all(bool(torch.isfinite(tensor).all()) for tensor in _tensors(content)):
            raise InputError(path, name, "not finite", "finite numbers")
        part = attrgetter(name)(learner)
        for parameter, state in part.state.items() if isinstance(part, torch.optim.Optimizer) else ():
            shapes = {tuple(kept.shape) for kept in _tensors(state) if kept.dim()}
            if shapes - {tuple(parameter.shape)}:
                raise InputError(
                    path, name, sorted(shapes), f"tensors of the parameter's shape, {tuple(parameter.shape)}"
                )


def _tensors(content: Any) -> Iterator[torch.Tensor]:
    """All tensors in dictionaries and lists."""
    if isinstance(content, torch.Tensor):
        yield content
    elif isinstance(content, dict | list | tuple):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _tensors(part)


def _member(folder: Path, name: str) -> bytes:
    require_readable(folder / CHECKPOINT, "checkpoint that `recoup train` has written")
    try:
        with zipfile.ZipFile(folder / CHECKPOINT) as archive:
            return archive.read(name)
    except _FAULTS as error:
        raise _broken(folder, error) from None


def _state(folder: Path) -> dict[str, Any]:
    document = parse_json(_member(folder, _STATE), folder / CHECKPOINT)
    validated(Checkpoint, document)
    return document.data


def _broken(folder: Path, error: Exception) -> InputError:
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return InputError(folder / CHECKPOINT, "", reason, "a checkpoint that this version of Recoup has written")
