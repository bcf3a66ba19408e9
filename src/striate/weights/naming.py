"""A file's tensors under the network's names: without what a training program put in front, translated from a publisher's."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

from torch import Tensor

from striate.errors import WeightsError
from striate.models.catalog import twin_rows
from striate.weights.caffe_names import CAFFE
from striate.weights.keymaps import KEY_MAPS, ExpectedInputs, NameMap
from striate.weights.timm_names import TIMM

NAME_MAPS: tuple[NameMap, ...] = (*KEY_MAPS, *TIMM, *CAFFE)
"""Of every publisher that is known."""

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
    name_map: NameMap | None = None
    """Whose names were translated."""
    prefix: str = ""
    """What stood before the network's names, such as `model.`."""
    outside: frozenset[str] = frozenset()
    """Names of tensors that belong to training and not to the network."""
    rivals: tuple[str, ...] = ()
    """Other prefixes under which the network is too."""

    @property
    def publisher(self) -> str | None:
        """Whose names were translated."""
        return self.name_map.publisher if self.name_map else None

    @property
    def inputs(self) -> ExpectedInputs | None:
        """What weights that are named so expect, if that is known."""
        return self.name_map.inputs if self.name_map else None


class Namings:
    """A file's tensors under all names that they may have; each naming is made once, however many networks are compared with it.

    Args:
        tensors: The file's.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = tensors
        self._made: dict[tuple[str, int], Named] = {}
        self._counts = _prefix_counts(tensors)

    def named(self, prefix: str, name_map: NameMap | None) -> Named:
        """Without that prefix, translated by that map."""
        key = prefix, id(name_map)  # maps are never made anew
        if key not in self._made:
            self._made[key] = _named(self.tensors, prefix, name_map)
        return self._made[key]

    def prefixes(self, *, least: float) -> list[str]:
        """How so many names begin, the shortest first."""
        return [prefix for prefix, count in self._counts.items() if count >= least]


def best_named(own: Set[str], tensors: Mapping[str, Tensor] | Namings, row: str | None = None) -> Named:
    """The tensors under the names of which most are the network's own.

    Args:
        own: The network's names.
        tensors: The file's, or its namings, where it is compared with many networks.
        row: The network's name in the catalogue: names of weights that belong to another row are not translated.

    Example:
        >>> import torch
        >>> file = {"net.conv.weight": torch.zeros(1), "net.conv.bias": torch.zeros(1), "loss.weight": torch.zeros(1)}
        >>> named = best_named({"conv.weight", "conv.bias"}, file)
        >>> named.prefix, sorted(named.tensors), set(named.outside)
        ('net.', ['conv.bias', 'conv.weight', 'loss.weight'], {'loss.weight'})
    """
    namings = tensors if isinstance(tensors, Namings) else Namings(tensors)
    tensors = namings.tensors
    best, most = Named(tensors, outside=_beside(own, tensors)), len(tensors.keys() & own)
    rivals: list[str] = []
    for prefix in ("", *namings.prefixes(least=LEAST_UNDER * len(own))):
        for name_map in (None, *NAME_MAPS):
            if name_map is not None and name_map.rows and row not in (None, *name_map.rows):
                continue
            named = namings.named(prefix, name_map)
            count = len(named.tensors.keys() & own)
            if count > most:
                best, most, rivals = named, count, []
            elif count == most > 0 and prefix not in (best.prefix, *rivals) and name_map is best.name_map:
                rivals.append(prefix)
    if not best.prefix:
        return best
    return dataclasses.replace(best, rivals=tuple(rivals))


def twins_of(row: str, own: Set[str], tensors: Mapping[str, Tensor]) -> list[str]:
    """The other rows that take these very weights and compute something else with them.

    Where the names of the tensors tell which rows the weights belong to, none but those.

    Args:
        row: The row that they are put into.
        own: Its network's names.
        tensors: The file's.
    """
    name_map = best_named(own, tensors, row).name_map
    belonging = name_map.rows if name_map is not None else ()
    return [twin for twin in twin_rows(row) if not belonging or twin in belonging]


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
    return Named({**outside, **inside}, name_map, prefix, beside)


def _beside(own: Set[str], tensors: Mapping[str, Tensor]) -> frozenset[str]:
    return frozenset(name for name in tensors if name not in own and name.partition(".")[0] in BESIDE)


def _prefix_counts(tensors: Mapping[str, Tensor]) -> Counter[str]:
    """How names begin, the shortest first, and how many do."""
    counts: Counter[str] = Counter()
    for name in tensors:
        parts = name.split(".")[:-1]
        counts.update(".".join(parts[: length + 1]) + "." for length in range(min(len(parts), DEEPEST)))
    return counts
