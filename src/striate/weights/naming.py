"""A file's tensors under the network's names: without what a training program put in front, translated from a publisher's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

from torch import Tensor

from striate.errors import WeightsError
from striate.weights.keymaps import KEY_MAPS, NameMap
from striate.weights.timm_names import TIMM

DEEPEST = 4
"""Parts of a name that may stand before the network's own: `model.encoder.backbone.net.`."""

LEAST_UNDER = 0.5
"""As many tensors, as a share of the network's, must begin alike for that to be something put in front of them."""

BESIDE = frozenset(
    ("n_averaged", "loss", "loss_fn", "criterion", "metric", "metrics", "ema", "model_ema", "decay", "num_updates")
)
"""First parts of names that belong to training, and to no network: counters of averages, weights of a loss."""


@dataclass(frozen=True)
class Named:
    """A file's tensors, as far as they have names of the network's; the others under their own."""

    tensors: Mapping[str, Tensor]
    publisher: str | None = None
    """Whose names were translated."""
    prefix: str = ""
    """What stood before the network's names, such as `model.`."""
    outside: frozenset[str] = frozenset()
    """Names of tensors that belong to training and not to the network."""
    rivals: tuple[str, ...] = ()
    """Other prefixes under which the network is too."""


def best_named(own: Set[str], tensors: Mapping[str, Tensor]) -> Named:
    """The tensors under the names of which most are the network's own.

    Args:
        own: The network's names.
        tensors: The file's.

    Example:
        >>> import torch
        >>> file = {"net.conv.weight": torch.zeros(1), "net.conv.bias": torch.zeros(1), "loss.weight": torch.zeros(1)}
        >>> named = best_named({"conv.weight", "conv.bias"}, file)
        >>> named.prefix, sorted(named.tensors), set(named.outside)
        ('net.', ['conv.bias', 'conv.weight', 'loss.weight'], {'loss.weight'})
    """
    best, most = Named(tensors, outside=_beside(own, tensors)), len(tensors.keys() & own)
    rivals: list[str] = []
    for prefix in ("", *_prefixes(tensors, least=LEAST_UNDER * len(own))):
        for name_map in (None, *KEY_MAPS, *TIMM):
            named = _named(tensors, prefix, name_map)
            count = len(named.tensors.keys() & own)
            if count > most:
                best, most, rivals = named, count, []
            elif count == most > 0 and prefix not in (best.prefix, *rivals) and named.publisher == best.publisher:
                rivals.append(prefix)
    if not best.prefix:
        return best
    return Named(best.tensors, best.publisher, best.prefix, best.outside, tuple(rivals))


def check_one(named: Named, network: str) -> None:
    """Refuses a file that holds the network more than once, without a word on which is meant.

    Raises:
        WeightsError: It does.
    """
    if named.rivals:
        places = " and ".join(repr(place) for place in (named.prefix, *named.rivals))
        raise WeightsError(
            f"the weights hold {network} {len(named.rivals) + 1} times, under {places}; "
            "keep the tensors of one of them alone in the file"
        )


def _named(tensors: Mapping[str, Tensor], prefix: str, name_map: NameMap | None) -> Named:
    inside: dict[str, Tensor] = {}
    outside: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            short = name.removeprefix(prefix)
            inside[name_map.ours(short) if name_map else short] = tensor
        else:
            outside[name] = tensor
    beside = frozenset(outside) if prefix else _beside(frozenset(), inside)
    return Named({**outside, **inside}, name_map.publisher if name_map else None, prefix, beside)


def _beside(own: Set[str], tensors: Mapping[str, Tensor]) -> frozenset[str]:
    return frozenset(name for name in tensors if name not in own and name.partition(".")[0] in BESIDE)


def _prefixes(tensors: Mapping[str, Tensor], *, least: float) -> list[str]:
    """How so many names begin, the shortest first."""
    counts: Counter[str] = Counter()
    for name in tensors:
        parts = name.split(".")[:-1]
        counts.update(".".join(parts[: length + 1]) + "." for length in range(min(len(parts), DEEPEST)))
    return [prefix for prefix, count in counts.items() if count >= least]
