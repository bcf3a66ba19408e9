"""The proof that what was frozen has not changed: hashes before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from striate.errors import TrainingError, UsageError
from striate.models import Network
from striate.transfer.freezing import FreezePlan

MOST_NAMED = 5


def fingerprint(network: Network, plan: FreezePlan) -> dict[str, str]:
    """The SHA-256 of every frozen parameter and buffer, batch norm's statistics too, by name.

    The same for the same values on any device and in any memory format.

    Args:
        network: The one that the plan was made for, or a copy of it.
        plan: From `freeze_plan`.

    Example:
        >>> from striate.models import create_model
        >>> from striate.transfer.freezing import freeze_plan
        >>> network = create_model("resnet20")
        >>> before = fingerprint(network, freeze_plan(network, "head"))
        >>> len(before), len(before["bn1.running_var"])
        (114, 64)
    """
    tensors = dict((*network.named_parameters(), *network.named_buffers()))
    return {name: _digest(tensors[name]) for name in plan.frozen}


def prove_frozen(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    """How many tensors are, byte for byte, what they were.

    Args:
        before: From `fingerprint`, before training.
        after: The same, after it.

    Raises:
        TrainingError: One has changed; the message names those that have.
        UsageError: The two are not of the same tensors, so that they prove nothing.

    Example:
        >>> prove_frozen({"conv1.weight": "5f"}, {"conv1.weight": "5f"})
        1
    """
    if before.keys() != after.keys():
        raise UsageError(
            f"the fingerprints are of different tensors, such as {sorted(before.keys() ^ after.keys())[0]}; "
            "take both with one plan"
        )
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        more = f" and {len(changed) - MOST_NAMED:,} more" if len(changed) > MOST_NAMED else ""
        raise TrainingError(
            f"{len(changed):,} of {len(before):,} frozen tensors changed in training: "
            f"{', '.join(changed[:MOST_NAMED])}{more}; expected all as they were"
        )
    return len(before)


def _digest(tensor: Tensor) -> str:
    plain = tensor.detach().cpu().contiguous()
    digest = hashlib.sha256(f"{plain.dtype} {tuple(plain.shape)}\n".encode())
    digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
