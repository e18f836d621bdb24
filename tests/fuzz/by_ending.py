"""Which mutations fit a file, by the ending of its name."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from random import Random

import yaml

from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.table_mutations import mutate_csv, mutate_parquet
from tests.fuzz.tensor_mutations import mutate_npz, mutate_pth, mutate_tensors
from tests.fuzz.text_mutations import mutate_text
from tests.fuzz.tree_mutations import mutate_tree

Mutation = Callable[[Random, bytes], tuple[bytes, str]]


def _text(random: Random, content: bytes) -> tuple[bytes, str]:
    text, done = mutate_text(random, content.decode())
    return text.encode("utf-8", "surrogatepass"), done


def _yaml(random: Random, content: bytes) -> tuple[bytes, str]:
    tree, done = mutate_tree(random, yaml.safe_load(content), dates=True)
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass"), done


def _json(random: Random, content: bytes) -> tuple[bytes, str]:
    tree, done = mutate_tree(random, json.loads(content), dates=False)
    return json.dumps(tree, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass"), done


def _json_of_a_line(random: Random, content: bytes) -> tuple[bytes, str]:
    lines = content.splitlines()
    at = random.randrange(len(lines))
    tree, done = mutate_tree(random, json.loads(lines[at]), dates=False)
    lines[at] = json.dumps(tree).encode()
    return b"\n".join(lines) + b"\n", f"line {at + 1}, {done}"


def _member(random: Random, content: bytes) -> tuple[bytes, str]:
    """Damage to a member of an archive, whose checksum is that of the damaged one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice([name for name in members if PurePosixPath(name).suffix in MUTATIONS])
    members[name], done = random.choice(MUTATIONS[PurePosixPath(name).suffix])(random, members[name])
    if random.random() < 0.05:
        del members[name]
        done = "left out"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for one, inner in members.items():
            archive.writestr(zipfile.ZipInfo(one), inner)
    return made.getvalue(), f"{name}: {done}"


def _csv(random: Random, content: bytes) -> tuple[bytes, str]:
    text, done = mutate_csv(random, content.decode("utf-8-sig"))
    return text.encode(), done


MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    ".yaml": (mutate_bytes, _text, _yaml, _yaml, _yaml),
    ".json": (mutate_bytes, _text, _json, _json, _json),
    ".jsonl": (mutate_bytes, _text, _json_of_a_line, _json_of_a_line),
    ".csv": (mutate_bytes, _text, _csv, _csv, _csv),
    ".parquet": (mutate_bytes, mutate_parquet, mutate_parquet, mutate_parquet),
    ".safetensors": (mutate_bytes, mutate_tensors, mutate_tensors),
    ".npz": (mutate_bytes, mutate_npz, mutate_npz),
    ".pth": (mutate_bytes, mutate_pth, mutate_pth),
    ".zip": (mutate_bytes, _member, _member, _member),
    ".xlsx": (mutate_bytes, _member, _member, _member),
    ".xml": (mutate_bytes, _text, _text),
}


def damage(random: Random, file: Path) -> str:
    """Damage a file where it lies, and say how.

    The card of damaged weights vouches for them as they are now, or nothing but the checksum would ever be tested.
    """
    mutation = random.choice(MUTATIONS[file.suffix])
    content, done = mutation(random, file.read_bytes())
    file.write_bytes(content)
    if mutation is mutate_tensors:
        card = file.with_suffix(".json")
        card.write_text(json.dumps(json.loads(card.read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}))
    return f"{file.name}: {done}"
