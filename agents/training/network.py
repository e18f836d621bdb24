"""What a learner's network does with many rows: decides for accounts, judges days, and works out the gradient of PPO's loss, block by block.

The blocks depend on the rows alone, and each is worked out by itself, by any of the processes that share a training (`data_parallel`): a product
of matrices may differ in its last digits with the rows that it is made of. They are small enough for a core's cache.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from recoup.agents.training.data_parallel import LINE, Memory
from recoup.agents.training.open_rows import rows_in, samples_of
from recoup.agents.training.ppo_gradient import Losses, Terms, gradient

BLOCK = 2500  # rows of a gradient, at most
DECIDED = 1600  # rows that are decided for together, at most


class Block(NamedTuple):
    """Some rows of a batch.

    Attributes:
        number: of the block in the batch.
        rows: their numbers in the rollout.
        advantages: as the loss takes them, shape (rows,).
    """

    number: int
    rows: NDArray[np.int64]
    advantages: NDArray[np.float32]


def in_blocks(most: int, *arrays: NDArray[Any]) -> list[tuple[NDArray[Any], ...]]:
    """Arrays of equal length, at least 1, cut alike into as few parts of about the same size as have no more rows than `most`."""
    number = -(-len(arrays[0]) // most)
    return list(zip(*(np.array_split(array, number) for array in arrays), strict=True))


class Network:
    """A network's share of the work. The parameters of a network on the CPU become those in the memory, so that all who see it step together.

    Args:
        policy: of Stable-Baselines3.
        memory: that a rollout's rows have been laid out in.
        blocks: most blocks of a batch.
    """

    def __init__(self, policy: Any, memory: Memory, blocks: int) -> None:
        self.policy, self.memory = policy, memory
        tensors = _tensors(policy)
        memory.empty("network", (sum(_room(tensor) for tensor in tensors),), np.float32)
        for tensor, place in zip(tensors, self._places(), strict=True):
            place.copy_(tensor)
        memory.empty("gradients", (blocks, sum(one.numel() for one in policy.parameters())), np.float32)
        memory.empty("losses", (blocks, len(Losses._fields)), np.float32)
        self._attach()

    def _attach(self) -> None:
        self.rows = {name: torch.from_numpy(array) for name, array in rows_in(self.memory).items()}
        if self.policy.device.type == "cpu":
            for tensor, place in zip(_tensors(self.policy), self._places(), strict=True):
                tensor.data = place

    def _places(self) -> Iterator[torch.Tensor]:
        network, first = torch.from_numpy(self.memory["network"]), 0
        for tensor in _tensors(self.policy):
            yield network[first : first + tensor.numel()].view(tensor.shape)
            first += _room(tensor)

    def __getstate__(self) -> dict[str, Any]:
        # As bytes: multiprocessing would put its tensors into files of their own.
        return {"policy": pickle.dumps(self.policy), "memory": self.memory}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.policy, self.memory = pickle.loads(state["policy"]), state["memory"]
        self._attach()

    def decide(
        self, task: tuple[int, Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]]]
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Choose treatments for some accounts of a day, by numbers that were drawn for them.

        Args:
            task: which of the two days in the memory it is, and, block by block, the accounts and uniform numbers, shape (accounts,).

        Returns:
            Of each block, treatments and their log probabilities.
        """
        turn, blocks = task
        observations, masks = self.memory["observations"][turn], self.memory["masks"][turn]
        decided = []
        for accounts, uniform in blocks:
            with torch.no_grad():
                seen = torch.from_numpy(observations[accounts]).to(self.policy.device)
                choice = self.policy.get_distribution(seen, action_masks=masks[accounts])
                chosen = choice.at(torch.from_numpy(uniform).to(self.policy.device))
                decided.append((chosen.cpu().numpy(), choice.log_prob(chosen).cpu().numpy()))
        return decided

    def values(self, days: Sequence[tuple[int, int]]) -> None:
        """Note with the rows what the critic says of them.

        Args:
            days: the first row of each, and the one after its last.
        """
        rows = rows_in(self.memory)
        for first, end in days:
            with torch.no_grad():
                seen = torch.from_numpy(rows["observations"][first:end]).to(self.policy.device)
                rows["old_values"][first:end] = self.policy.predict_values(seen)[:, 0].cpu().numpy()

    def of_blocks(self, task: tuple[Terms, int, Sequence[Block]]) -> None:
        """Work out the gradients of the mean loss of a batch by some of its blocks, and their losses.

        Args:
            task: what the loss is made of, the rows of the whole batch, and the blocks.
        """
        terms, size, blocks = task
        parameters, device = list(self.policy.parameters()), self.policy.device
        for parameter, learns in zip(parameters, terms.learning, strict=True):
            parameter.requires_grad_(learns)
        learning = [parameter for parameter in parameters if parameter.requires_grad]
        gradients, sums = torch.from_numpy(self.memory["gradients"]), torch.from_numpy(self.memory["losses"])
        for block in blocks:
            sample = samples_of(self.rows, torch.from_numpy(block.rows).to(device))
            found, losses = gradient(self.policy, sample, torch.from_numpy(block.advantages).to(device), terms, size)
            flat = torch.cat([found[parameter].reshape(-1) for parameter in learning])
            gradients[block.number, : len(flat)] = flat
            sums[block.number] = torch.stack(losses)

    def sum(self, blocks: int) -> tuple[list[torch.Tensor], list[float]]:
        """The gradients of a batch, one for each parameter that learns, and the sums of `Losses`, blocks added in their order.

        Args:
            blocks: how many the batch has.
        """
        learning = [parameter for parameter in self.policy.parameters() if parameter.requires_grad]
        sizes = [parameter.numel() for parameter in learning]
        gradients, losses = torch.from_numpy(self.memory["gradients"]), torch.from_numpy(self.memory["losses"])
        total, sums = gradients[0, : sum(sizes)].clone(), losses[0].clone()
        for number in range(1, blocks):
            total += gradients[number, : sum(sizes)]
            sums += losses[number]
        parts = zip(total.to(self.policy.device).split(sizes), learning, strict=True)
        return [part.view(parameter.shape) for part, parameter in parts], sums.tolist()


def _tensors(policy: Any) -> list[torch.Tensor]:
    return [*policy.parameters(), *policy.buffers()]


def _room(tensor: torch.Tensor) -> int:
    """Numbers that a tensor takes in the memory, so that the next one begins at a `LINE`."""
    line = LINE // tensor.element_size()
    return -(-tensor.numel() // line) * line
