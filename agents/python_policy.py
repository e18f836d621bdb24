"""Policies written in Python: any object with an `act` method becomes a `Policy` that can be compared, copied and fingerprinted.

What a user's class leaves out is filled in here: a name from the class, no priorities, nothing dropped, and an identity made of
the class, its source and the object's own state, so that a run folder knows whether it meets the same policy again.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import pickle
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.plan_file import NAME, NAME_WORDS
from recoup.sim.inputs import InputError


class PythonPolicy:
    """A `Policy` around a user's object.

    Args:
        user_policy: an object whose `act(observations, masks)` or `act(observations, masks, numbers)` returns menu indices of shape
            (accounts,), as `Policy.act` says. `name` (str) and `priority(observations, actions)` are used where it has them. The
            object is copied: a policy with a memory starts every simulation with the memory that it was handed over with.

    Raises:
        InputError: it has no `act`, its `act` takes other arguments, or its name cannot be a folder's.
    """

    def __init__(self, user_policy: object) -> None:
        kind = type(user_policy)
        act = getattr(user_policy, "act", None)
        if not callable(act):
            raise InputError("policy", kind.__name__, user_policy, "a name, a path, or an object with an `act` method")
        parameters = inspect.signature(act).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._takes_numbers = len(positional) >= 3 or any(p.kind is p.VAR_POSITIONAL for p in parameters)
        needed = [p for p in positional if p.default is p.empty]
        if len(needed) > 3 or (len(positional) < 2 and not self._takes_numbers):
            raise InputError(
                "policy",
                f"{kind.__name__}.act",
                str(inspect.signature(act)),
                "act(observations, masks) or act(observations, masks, numbers)",
            )
        name = getattr(user_policy, "name", None) or _dashed(kind.__name__)
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise InputError("policy", f"{kind.__name__}.name", name, NAME_WORDS)
        self.name: str = name
        self.identity: object = {
            "class": class_path(user_policy),
            "name": name,
            "source": _source_hash(kind),
            "state": _state_hash(user_policy),
        }
        self.dropped: Sequence[object] = getattr(user_policy, "dropped", ())
        self._policy: Any = copy.deepcopy(user_policy)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """See `Policy.act`.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            masks: what is allowed, bool (accounts, menu).
            numbers: which account each row is, rising; passed on where the user's `act` takes it.

        Raises:
            InputError: the user's object returned something else than one menu index for each account.
        """
        if self._takes_numbers:
            actions = self._policy.act(observations, masks, numbers)
        else:
            actions = self._policy.act(observations, masks)
        chosen = np.asarray(actions)
        if chosen.shape != (len(observations),) or chosen.dtype.kind not in "iu":
            raise self._wrong(
                f"{chosen.dtype} of shape {chosen.shape}", f"whole numbers of shape ({len(observations)},)"
            )
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < masks.shape[1]:
            raise self._wrong(f"{chosen.min()} to {chosen.max()}", f"menu indices from 0 to {masks.shape[1] - 1}")
        return chosen.astype(np.int64)

    def _wrong(self, value: str, expected: str) -> InputError:
        return InputError("policy", f"{self.name}.act", value, expected)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """See `Policy.priority`; None where the user's object has no `priority`.

        Args:
            observations: those that `act` was given.
            actions: what it returned.
        """
        own = getattr(self._policy, "priority", None)
        return own(observations, actions) if callable(own) else None

    def explain(self, observation: NDArray[np.float32], action: int) -> list[str]:
        """See `agents.explain.Explains`; nothing where the user's object does not explain itself.

        Args:
            observation: shape (fields,), natural units.
            action: menu index of the choice.
        """
        own = getattr(self._policy, "explain", None)
        return list(own(observation, action)) if callable(own) else []


def class_path(user_policy: object) -> str:
    """Module and class of an object: `my_policies.Patient`."""
    kind = type(user_policy)
    return f"{kind.__module__}.{kind.__qualname__}"


def _dashed(name: str) -> str:
    """`MyPolicy` as `my-policy`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower().strip("_") or "policy"


def _source_hash(kind: type) -> str:
    """Of the class's source, or of its methods' code where there is no source (a class typed at a prompt)."""
    try:
        text = inspect.getsource(kind).encode()
    except (OSError, TypeError):
        methods = [value.__code__ for _, value in sorted(vars(kind).items()) if inspect.isfunction(value)]
        text = b"\0".join(code.co_code + repr(code.co_consts).encode() for code in methods)
    return hashlib.sha256(text).hexdigest()[:16]


def _state_hash(user_policy: object) -> str:
    """Of the object's attributes, so that `Patient(days=3)` and `Patient(days=5)` are told apart; empty where they can't be pickled."""
    try:
        return hashlib.sha256(
            pickle.dumps(sorted(getattr(user_policy, "__dict__", {}).items()), protocol=4)
        ).hexdigest()[:16]
    except Exception:
        return ""
