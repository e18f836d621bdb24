"""Damage to a policy's weights that its checksum vouches for: tensors of other shapes, types, names and values."""

from __future__ import annotations

from random import Random

import numpy as np
from safetensors.numpy import load, save


def mutate_tensors(random: Random, content: bytes) -> tuple[bytes, str]:
    """A safetensors file with one thing wrong, and what."""
    tensors = dict(load(content))
    name = random.choice(sorted(tensors))
    tensor = tensors[name]
    kind = random.choice(("drop", "rename", "add", "value", "huge", "type", "shape", "transpose", "none"))
    if kind == "drop":
        del tensors[name]
    elif kind == "rename":
        tensors[name + random.choice((".x", " ", "\u202e"))] = tensors.pop(name)
    elif kind == "add":
        tensors["extra"] = np.zeros(random.choice((0, 3)), np.float32)
    elif kind in ("value", "huge"):
        changed = tensor.copy()
        changed.flat[random.randrange(tensor.size)] = np.nan if kind == "value" else np.float32(3e38)
        tensors[name] = changed
    elif kind == "type":
        tensors[name] = tensor.astype(random.choice((np.float64, np.float16, np.int32)))
    elif kind == "shape":
        tensors[name] = tensor.reshape(-1)[: max(tensor.size - 1, 0)]
    elif kind == "transpose":
        tensors[name] = np.ascontiguousarray(tensor.T[..., None])
    else:
        tensors.clear()
    return save(tensors), f"{kind} of tensor {name}"
