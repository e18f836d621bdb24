"""Learned policies as files: weights in safetensors, everything else in JSON; loading one runs nothing and unpickles nothing.

A policy is two files with one stem: `NAME.json` (the card: what it was trained for and how, its network's shape, the
observation fields and the treatment menu it expects, a checksum of the weights) and `NAME.safetensors`. It acts by a few matrix
products in NumPy, so that neither PyTorch nor Stable-Baselines3 is needed to use it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from agents import features
from sim.inputs import Document, InputError, read_text, validated
from sim.parameters import Section
from sim.treatments import Menu

FORMAT = 1
MOST_BYTES = 16_000_000


class Card(Section):
    """The JSON file beside the weights."""

    format: int = Field(ge=FORMAT, le=FORMAT, description="version of this format")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    scenario: str
    algorithm: str
    layers: list[int] = Field(min_length=1, max_length=8, description="units of the hidden layers, tanh")
    features: list[str] = Field(description="what the network's inputs mean, in order")
    menu: list[str] = Field(description="what its outputs mean, in order")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the safetensors file")
    training: dict[str, Any] = Field(description="command, steps, seeds, hyper-parameters, versions")
    results: dict[str, Any] = Field(default_factory=dict, description="measured on seeds not used in training")
    limits: str = ""


class LearnedPolicy:
    """A masked greedy policy: the allowed treatment with the highest output."""

    dropped: tuple[str, ...] = ()

    def __init__(self, card: Card, weights: dict[str, NDArray[np.float32]]) -> None:
        self.card, self._weights = card, weights

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        return self.card.name

    def outputs(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's outputs, one per treatment: shape (accounts, menu)."""
        h = features.encode(observations)
        for layer in range(len(self.card.layers)):
            h = np.tanh(h @ self._weights[f"hidden.{layer}.weight"].T + self._weights[f"hidden.{layer}.bias"])
        return np.asarray(h @ self._weights["output.weight"].T + self._weights["output.bias"], np.float32)

    def act(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Menu indices, shape (accounts,); see `Policy.act`."""
        return np.where(masks, self.outputs(observations), -np.inf).argmax(axis=1)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> None:
        """Queues are served by lot."""
        return None

    def save(self, stem: Path) -> None:
        """Write `stem.json` and `stem.safetensors`; the card last, so that a card always has its weights."""
        content = save_tensors({name: np.ascontiguousarray(w) for name, w in self._weights.items()})
        card = self.card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
        for path, data in (
            (stem.with_suffix(".safetensors"), content),
            (stem.with_suffix(".json"), (card.model_dump_json(indent=1) + "\n").encode()),
        ):
            temporary = path.with_name(f".{path.name}.part")
            temporary.write_bytes(data)
            temporary.replace(path)
        self.card = card


def load(path: Path, menu: Menu) -> LearnedPolicy:
    """Read a policy from its card.

    Raises:
        InputError: missing, tampered, foreign, or made for other observations or another menu.
    """
    try:
        data = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(path, "", str(error), "a policy card in JSON") from None
    if not isinstance(data, dict):
        raise InputError(path, "", type(data).__name__, "a policy card: a JSON object")
    card = validated(Card, Document(str(path), data, {}))
    for what, ours, theirs in (("features", list(features.NAMES), card.features), ("menu", menu.names, card.menu)):
        if ours != theirs:
            odd = sorted(set(ours) ^ set(theirs))
            raise InputError(
                path,
                what,
                f"{len(theirs)} entries",
                f"the scenario's {len(ours)} (they differ in {', '.join(odd[:3]) or 'order'})",
            )
    weights_file = path.with_suffix(".safetensors")
    try:
        if weights_file.stat().st_size > MOST_BYTES:
            raise InputError(weights_file, "size", weights_file.stat().st_size, f"at most {MOST_BYTES:,} bytes")
        content = weights_file.read_bytes()
    except OSError as error:
        raise InputError(weights_file, "", error.strerror or "unreadable", "the policy's weights") from None
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputError(
            weights_file,
            "sha256",
            hashlib.sha256(content).hexdigest()[:12] + "…",
            f"{card.sha256[:12]}…, as the card says",
        )
    try:
        weights = load_tensors(content)
    except SafetensorError as error:
        raise InputError(weights_file, "", str(error), "a safetensors file") from None
    sizes = [features.SIZE, *card.layers, len(menu)]
    names = [*(f"hidden.{layer}" for layer in range(len(card.layers))), "output"]
    expected: dict[str, tuple[int, ...]] = {f"{name}.weight": (sizes[n + 1], sizes[n]) for n, name in enumerate(names)}
    expected |= {f"{name}.bias": (sizes[n + 1],) for n, name in enumerate(names)}
    if {name: w.shape for name, w in weights.items()} != expected or any(
        w.dtype != np.float32 for w in weights.values()
    ):
        raise InputError(weights_file, "tensors", {name: w.shape for name, w in weights.items()}, f"float32 {expected}")
    if not all(np.isfinite(w).all() for w in weights.values()):
        raise InputError(weights_file, "tensors", "not finite", "finite weights")
    return LearnedPolicy(card, weights)
