"""Damage to arrays that every checksum vouches for: of other shapes, types, names and values; in safetensors, NumPy and PyTorch files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

_HOWS = ("drop", "rename", "add", "value", "huge", "type", "shape", "transpose", "none")


def mutate_arrays(random: Random, arrays: dict[str, NDArray[Any]]) -> str:
    """Do one thing wrong to some arrays, in place, and say what."""
    name = random.choice(sorted(arrays))
    array = arrays[name]
    how = random.choice(_HOWS)
    if how == "drop":
        del arrays[name]
    elif how == "rename":
        arrays[name + random.choice((".x", " ", "\u202e"))] = arrays.pop(name)
    elif how == "add":
        arrays["extra"] = np.zeros(random.choice((0, 3)), np.float32)
    elif how in ("value", "huge"):
        arrays[name] = _with_other_value(random, array, how)
    elif how == "type":
        arrays[name] = array.astype(random.choice((np.float64, np.float16, np.int32, np.uint8)))
    elif how == "shape":
        arrays[name] = array.reshape(-1)[: max(array.size - 1, 0)]
    elif how == "transpose":
        arrays[name] = np.ascontiguousarray(array.T[..., None])
    else:
        arrays.clear()
    return f"{how} of array {name}"


def _with_other_value(random: Random, array: NDArray[Any], how: str) -> NDArray[Any]:
    changed = array.copy()
    if changed.size:
        other: Any = np.nan if how == "value" else np.float32(3e38)
        if changed.dtype.kind in "iu":
            other = random.choice((np.iinfo(changed.dtype).min, np.iinfo(changed.dtype).max))
        changed.flat[random.randrange(changed.size)] = other
    return changed


def mutate_tensors(random: Random, content: bytes) -> tuple[bytes, str]:
    """A safetensors file with one thing wrong, and what."""
    arrays = dict(load(content))
    done = mutate_arrays(random, arrays)
    return save(arrays), done


def mutate_npz(random: Random, content: bytes) -> tuple[bytes, str]:
    """A NumPy file of arrays with one thing wrong, and what."""
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    done, made = mutate_arrays(random, arrays), io.BytesIO()
    np.savez(made, **arrays)  # type: ignore[arg-type]
    return made.getvalue(), done


def mutate_pth(random: Random, content: bytes) -> tuple[bytes, str]:
    """A PyTorch file with one thing wrong in one of its dictionaries of tensors, and what."""
    import torch

    tree = torch.load(io.BytesIO(content), weights_only=True)
    chosen = random.choice(list(_dictionaries_of_tensors(tree, torch.Tensor)))
    arrays = {name: value.numpy() for name, value in chosen.items()}
    done, made = mutate_arrays(random, arrays), io.BytesIO()
    chosen.clear()
    chosen.update({name: torch.tensor(array) for name, array in arrays.items()})
    torch.save(tree, made)
    return made.getvalue(), done


def _dictionaries_of_tensors(tree: Any, tensor: type) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree and all(isinstance(value, tensor) for value in tree.values()):
            yield tree
        for value in tree.values():
            yield from _dictionaries_of_tensors(value, tensor)
