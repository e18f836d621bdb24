"""Small networks in NumPy, and their fit by PyTorch: values of parts, of which a row shows only some, or their difference.

Each output is a value for each part of a treatment. What is observed of a row is the sum over the parts that it was given more of, less
those it was given less of: its `contrast`. With one part and a contrast of one it is an ordinary regression.

Several networks, each fitted to rows of its own, say how far an estimate can be trusted: their standard deviation is the standard error of one.
Ensembles: Lakshminarayanan, Pritzel & Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles", NeurIPS 2017.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.agents.policy_files import Tensors

HIDDEN = (64, 64)
MEMBERS = 4
BATCH, EPOCHS, PATIENCE = 4096, 8, 2
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4


def shapes(inputs: int, outputs: int, members: int = MEMBERS) -> dict[str, tuple[int, ...]]:
    """Shapes of an ensemble's tensors by name.

    Args:
        inputs: columns.
        outputs: values of all parts of all outcomes.
        members: networks.
    """
    pairs = list(itertools.pairwise((inputs, *HIDDEN, outputs)))
    weights: dict[str, tuple[int, ...]] = {f"weight.{n}": (members, low, high) for n, (low, high) in enumerate(pairs)}
    return weights | {f"bias.{n}": (members, 1, high) for n, (_, high) in enumerate(pairs)}


@dataclass(frozen=True)
class Ensemble:
    """Networks of two hidden layers of hyperbolic tangents; `tensors` as `shapes` says."""

    tensors: Tensors

    def outputs(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each member says: shape (members, rows, outputs), of inputs float32 (rows, columns)."""
        x = inputs[None]
        for layer in range(len(HIDDEN)):
            x = np.tanh(x @ self.tensors[f"weight.{layer}"] + self.tensors[f"bias.{layer}"])
        return np.asarray(x @ self.tensors[f"weight.{len(HIDDEN)}"] + self.tensors[f"bias.{len(HIDDEN)}"], np.float32)

    def mean(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The members' mean: shape (rows, outputs)."""
        return np.asarray(self.outputs(inputs).mean(axis=0), np.float32)

    def without_last_part(self, parts: int) -> Ensemble:
        """The same networks, of which nobody asks what the last of so many parts is worth."""
        last, kept = len(HIDDEN), dict(self.tensors)
        for name in (f"weight.{last}", f"bias.{last}"):
            by_part = kept[name].reshape(*kept[name].shape[:-1], -1, parts)[..., :-1]
            kept[name] = np.ascontiguousarray(by_part.reshape(*by_part.shape[:-2], -1))
        return Ensemble(kept)


def fit(
    inputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    held: NDArray[np.bool_],
    contrasts: NDArray[np.float32] | None = None,
    shares: NDArray[np.int64] | None = None,
    seed: int = 0,
    passes: int = EPOCHS,
    notify: Callable[[str], None] = lambda _: None,
) -> Ensemble:
    """Least squares by Adam, stopped once rows that are held out are predicted no better; every outcome weighs alike.

    Args:
        inputs: float32 (rows, columns).
        targets: what was observed, float32 (rows, outcomes).
        held: rows that say when to stop, bool (rows,).
        contrasts: how much more of each part a row was given, float32 (rows, parts); None = one part, once.
        shares: which network learns from each row, from 0, (rows,); None = one network learns from all.
        seed: of first weights and of the order of rows.
        passes: most passes over the rows.
        notify: called with a line of text after each pass.
    """
    contrasts = np.ones((len(inputs), 1), np.float32) if contrasts is None else contrasts
    shares = np.zeros(len(inputs), np.int64) if shares is None else shares
    fitted = []
    for member in range(int(shares.max()) + 1):
        train = np.flatnonzero((shares == member) & ~held)

        def told(line: str, number: int = member + 1) -> None:
            notify(f"network {number}, {line}")

        fitted.append(
            _fit_one(inputs, targets, contrasts, train, np.flatnonzero(held), 1000 * seed + member, passes, told)
        )
    return Ensemble({name: np.stack([tensors[name] for tensors in fitted]) for name in fitted[0]})


def _fit_one(
    inputs: NDArray[np.float32],
    targets: NDArray[np.float32],
    contrasts: NDArray[np.float32],
    learnt: NDArray[np.int64],
    held: NDArray[np.int64],
    seed: int,
    passes: int,
    notify: Callable[[str], None],
) -> Tensors:
    """One member's tensors, from the rows `learnt`, stopped by the rows `held`."""
    import torch

    torch.manual_seed(seed)
    scale = np.maximum(
        targets.std(axis=0), 1e-9
    )  # of all rows, so that networks differ in nothing but what they learn from
    outcomes, parts = targets.shape[1], contrasts.shape[1]
    sizes = (inputs.shape[1], *HIDDEN, outcomes * parts)
    layers: list[torch.nn.Module] = []
    for low, high in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(low, high), torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    for tensor in net[-1].parameters():  # every treatment is worth nothing until the data say otherwise
        torch.nn.init.zeros_(tensor)
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    x, y, c = (torch.from_numpy(np.ascontiguousarray(a)) for a in (inputs, targets / scale, contrasts))
    train, test = torch.from_numpy(learnt), torch.from_numpy(held)

    def loss(rows: torch.Tensor) -> torch.Tensor:
        seen = torch.einsum("rop,rp->ro", net(x[rows]).reshape(-1, outcomes, parts), c[rows])
        return ((seen - y[rows]) ** 2).mean()

    best, kept, waited = np.inf, net.state_dict(), 0
    for epoch in range(passes):
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
        tensors[f"bias.{layer}"] = kept[f"{2 * layer}.bias"].numpy()[None].copy()
    last = len(sizes) - 2
    widths = np.repeat(scale, parts).astype(np.float32)
    tensors[f"weight.{last}"] = tensors[f"weight.{last}"] * widths
    tensors[f"bias.{last}"] = tensors[f"bias.{last}"] * widths
    return tensors
