"""A policy as two files with one stem: a card in JSON, and weights in safetensors that the card vouches for.

Reading them runs nothing and unpickles nothing; what is missing, tampered with or foreign is one clear line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from recoup.sim.inputs import InputError, JsonDocument, read_bytes, read_json, validated
from recoup.sim.parameters import Section

MOST_BYTES = 16_000_000
Tensors = dict[str, NDArray[np.float32]]


class PolicyCard(Section):
    """What every card says: which inputs and treatments its weights are for, and their checksum."""

    features: list[str] = Field(description="what the inputs mean, in order (`agents.features.NAMES` and the like)")
    menu: list[str] = Field(description="the treatments it knows, in the order of its numbers; nothing first")
    sha256: str = Field(default="0" * 64, pattern=r"^[0-9a-f]{64}$", description="of the safetensors file")


AnyCard = TypeVar("AnyCard", bound=PolicyCard)


def write(stem: Path, card: AnyCard, weights: Tensors) -> AnyCard:
    """Write `stem.json` and `stem.safetensors`; the card last, so that a card always has its weights.

    Args:
        stem: path without ending; both files go beside each other.
        card: the description; any `sha256` in it is replaced.
        weights: tensors by name.

    Returns:
        The card with the weights' checksum in its field `sha256`.
    """
    content = save_tensors({name: np.ascontiguousarray(w) for name, w in weights.items()})
    card = card.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
    for path, data in (
        (stem.with_suffix(".safetensors"), content),
        (stem.with_suffix(".json"), (card.model_dump_json(indent=1) + "\n").encode()),
    ):
        temporary = path.with_name(f".{path.name}.part")
        temporary.write_bytes(data)
        temporary.replace(path)
    return card


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object of a card, not yet checked.

    Raises:
        InputError: missing, or no JSON object.
    """
    return read_json(path, "policy card").data


def read_card(path: Path, kind: type[AnyCard], menu: Sequence[str], features: Sequence[str]) -> AnyCard:
    """A card whose treatments and features we all have.

    Args:
        path: of the JSON file.
        kind: the card's model, with `menu` and `features`.
        menu: those that the scenario offers, nothing first; the card's own are some of them, in any order after nothing.
        features: those that there are; the card's own are some of them.

    Raises:
        InputError: missing, wrong, or made for observations or treatments that are not there.
    """
    card = validated(kind, JsonDocument(path, read_document(path)))
    check_card(path, card, menu, features)
    return card


def check_card(source: str | Path, card: PolicyCard, menu: Sequence[str], features: Sequence[str]) -> None:
    """Make sure that what a policy was made for is all there.

    Args:
        source: the card's file or the policy's name, for the message.
        card: what the policy was made for.
        menu, features: as for `read_card`.

    Raises:
        InputError: it was made for treatments or observations that are not there.
    """
    check_menu(source, card, menu)
    known = set(features)
    if unknown := [name for name in card.features if name not in known]:
        raise InputError(source, "features", ", ".join(unknown[:3]), f"among the {len(features)} there are")


def check_menu(source: str | Path, card: PolicyCard, menu: Sequence[str]) -> None:
    """Make sure that a card's treatments are some of the scenario's.

    Args:
        source: the card's file or the policy's name, for the message.
        card: what the policy was made for.
        menu: the scenario's treatments, nothing first.

    Raises:
        InputError: it knows a treatment that the scenario does not offer, knows one twice, or does not begin with nothing.
    """
    offered = set(menu)
    if foreign := [name for name in card.menu if name not in offered]:
        raise InputError(
            source, "menu", ", ".join(foreign[:3]), f"among the {len(menu)} treatments the scenario offers"
        )
    if card.menu[:1] != list(menu[:1]) or len(set(card.menu)) < len(card.menu):
        raise InputError(source, "menu", f"{len(card.menu)} entries", f"«{menu[0]}» first, and every treatment once")


def read_weights(card_path: Path, sha256: str, shapes: Mapping[str, tuple[int, ...]]) -> Tensors:
    """The weights beside a card.

    Args:
        card_path: of the card; the weights have its stem and end in `.safetensors`.
        sha256: their checksum, as the card says.
        shapes: the tensors that must be there, float32, by name.

    Raises:
        InputError: missing, too large, not what the card vouches for, of other shapes, or not finite.
    """
    path = card_path.with_suffix(".safetensors")
    content = read_bytes(path, MOST_BYTES, "file with the policy's weights")
    checksum = hashlib.sha256(content).hexdigest()
    if checksum != sha256:
        raise InputError(path, "sha256", f"{checksum[:12]}…", f"{sha256[:12]}…, as the card says")
    try:
        weights = load_tensors(content)
    except SafetensorError as error:
        raise InputError(path, "", str(error), "a safetensors file") from None
    check_tensors(path, weights, shapes)
    return weights


def check_tensors(path: Path, weights: Tensors, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Make sure that weights are those of a network.

    Args:
        path: where they are from, for the message.
        weights: tensors by name.
        shapes: those that must be there, float32, by name.

    Raises:
        InputError: others, of other shapes, or not finite.
    """
    if {name: w.shape for name, w in weights.items()} != shapes or any(w.dtype != np.float32 for w in weights.values()):
        raise InputError(path, "tensors", {name: w.shape for name, w in weights.items()}, f"float32 {shapes}")
    if not all(np.isfinite(w).all() for w in weights.values()):
        raise InputError(path, "tensors", "not finite", "finite weights")
