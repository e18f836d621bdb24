"""A small network in NumPy, and its fit by PyTorch: values of parts, of which a row shows only some, or their difference.

Each output is a value for each part of a treatment. What is observed of a row is the sum over the parts that it was given more of, less
those it was given less of: its `contrast`. With one part and a contrast of one it is an ordinary regression.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.agents.policy_files import Tensors

HIDDEN = (64, 64)
BATCH, EPOCHS, PATIENCE = 4096, 20, 3
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4


def shapes(inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """Shapes of a network's tensors by name.

    Args:
        inputs: columns.
        outputs: values of all parts of all outcomes.
    """
    widths = (inputs, *HIDDEN, outputs)
    pairs = list(itertools.pairwise(widths))
    weights = {f"weight.{n}": (low, high) for n, (low, high) in enumerate(pairs)}
    return weights | {f"bias.{n}": (high,) for n, (_, high) in enumerate(pairs)}


@dataclass(frozen=True)
class Network:
    """Two hidden layers of hyperbolic tangents; `tensors` as `shapes` says."""

    tensors: Tensors

    def outputs(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape (rows, outputs), of inputs float32 (rows, inputs)."""
        x = inputs
        for layer in range(len(HIDDEN)):
            x = np.tanh(x @ self.tensors[f"weight.{layer}"] + self.tensors[f"bias.{layer}"])
        return np.asarray(x @ self.tensors[f"weight.{len(HIDDEN)}"] + self.tensors[f"bias.{len(HIDDEN)}"], np.float32)


def fit(
    inputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    held: NDArray[np.bool_],
    contrasts: NDArray[np.float32] | None = None,
    seed: int = 0,
    notify: Callable[[str], None] = lambda _: None,
) -> Network:
    """Least squares by Adam, stopped once rows that are held out are predicted no better; every outcome weighs alike.

    Args:
        inputs: float32 (rows, columns).
        targets: what was observed, float32 (rows, outcomes).
        held: rows that say when to stop, bool (rows,).
        contrasts: how much more of each part a row was given, float32 (rows, parts); None = one part, once.
        seed: of first weights and of the order of rows.
        notify: called with a line of text after each pass.
    """
    import torch

    torch.manual_seed(seed)
    contrasts = np.ones((len(inputs), 1), np.float32) if contrasts is None else contrasts
    outcomes, parts = targets.shape[1], contrasts.shape[1]
    scale = np.maximum(targets[~held].std(axis=0), 1e-9)
    sizes = (inputs.shape[1], *HIDDEN, outcomes * parts)
    layers: list[torch.nn.Module] = []
    for low, high in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(low, high), torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    torch.nn.init.zeros_(net[-1].weight)  # every treatment is worth nothing until the data say otherwise
    torch.nn.init.zeros_(net[-1].bias)
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    x, y, c = (torch.from_numpy(np.ascontiguousarray(a)) for a in (inputs, targets / scale, contrasts))
    train, test = (torch.from_numpy(np.flatnonzero(rows)) for rows in (~held, held))

    def loss(rows: torch.Tensor) -> torch.Tensor:
        seen = torch.einsum("rop,rp->ro", net(x[rows]).reshape(-1, outcomes, parts), c[rows])
        return ((seen - y[rows]) ** 2).mean()

    best, kept, waited = np.inf, net.state_dict(), 0
    for epoch in range(EPOCHS):
        for rows in train[torch.randperm(len(train))].split(BATCH):
            optimiser.zero_grad()
            loss(rows).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            error = float(sum(loss(rows) * len(rows) for rows in test.split(65_536)) / len(test))
        notify(f"pass {epoch + 1}, error {error:.5f}")
        if error < best:
            best, kept, waited = error, {name: w.clone() for name, w in net.state_dict().items()}, 0
        elif (waited := waited + 1) == PATIENCE:
            break
    tensors: Tensors = {}
    for layer in range(len(sizes) - 1):
        tensors[f"weight.{layer}"] = np.ascontiguousarray(kept[f"{2 * layer}.weight"].numpy().T)
        tensors[f"bias.{layer}"] = kept[f"{2 * layer}.bias"].numpy().copy()
    last = len(sizes) - 2
    widths = np.repeat(scale, parts).astype(np.float32)
    tensors[f"weight.{last}"] = tensors[f"weight.{last}"] * widths
    tensors[f"bias.{last}"] = tensors[f"bias.{last}"] * widths
    return Network(tensors)
