"""The tables of tensors in what a training program saved: the network's weights, and their running average beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Which = Literal["plain", "ema"]
"""Weights as the optimizer left them, or their average over training (EMA, SWA)."""

WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "current_model_state",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "ema",
    "state_dict_ema",
    "model_ema",
    "ema_model",
    "ema_state_dict",
    "params_ema",
)
"""Names under which training programs keep the tensors, beside an optimizer and the like. The first that has some counts."""

AVERAGED = frozenset(("ema", "state_dict_ema", "model_ema", "ema_model", "ema_state_dict", "params_ema", "swa_model"))
"""Such names, and beginnings of tensors' names, of averages."""

SWAPPED = "current_model_state"
"""Where this is, Lightning has put the average under `state_dict`, and the plain weights here."""

DEEPEST = 3
"""Mappings within mappings, and parts of a name, that are looked at."""

LEAST_COPIED = 0.5
"""The share of a table's tensors that must have an average for the rest to count as the plain weights."""


@dataclass(frozen=True)
class TensorTable:
    """Tensors by name, and where in the file they are."""

    place: str
    """The keys or the beginning of the names, such as `state_dict` or `state_dict: model_ema.`; nothing: the file itself."""
    averaged: bool
    tensors: dict[str, Tensor]

    @property
    def which(self) -> Which:
        """What the option calls them."""
        return "ema" if self.averaged else "plain"


def tables_within(content: object) -> list[TensorTable]:
    """All tables of tensors in a mapping and in those below it, the one that counts first.

    Example:
        >>> import torch
        >>> saved = {"state_dict_ema": {"a": torch.ones(1)}, "state_dict": {"a": torch.zeros(1)}, "epoch": 3}
        >>> [(table.place, table.which) for table in tables_within(saved)]
        [('state_dict', 'plain'), ('state_dict_ema', 'ema')]
    """
    return [part for table in _walk(content, (), averaged=False) for part in _parts(table)]


def without_wrappers(name: str) -> str:
    """A tensor's name without `module.` in front (from DataParallel) and `_orig_mod.` anywhere (from `torch.compile`).

    Example:
        >>> without_wrappers("module._orig_mod.layer1._orig_mod.weight")
        'layer1.weight'
    """
    parts = [part for part in name.split(".") if part != "_orig_mod"]
    while len(parts) > 1 and parts[0] == "module":
        parts = parts[1:]
    return ".".join(parts)


def _walk(content: object, keys: tuple[str, ...], *, averaged: bool) -> Iterable[TensorTable]:
    if len(keys) >= DEEPEST or not isinstance(content, Mapping):
        return
    found = False
    for wrapper in WRAPPERS:
        swapped = wrapper == "state_dict" and SWAPPED in content
        for table in _walk(content.get(wrapper), (*keys, wrapper), averaged=averaged or swapped or wrapper in AVERAGED):
            found = True
            yield table
    tensors = {
        name: value.detach() for name, value in content.items() if isinstance(name, str) and isinstance(value, Tensor)
    }
    if tensors and not found:
        yield TensorTable(" ".join(keys), averaged, tensors)


def _parts(table: TensorTable) -> list[TensorTable]:
    """The table; or the plain weights and, of those whose names begin as averages', the average."""
    plain: dict[str, Tensor] = {}
    average: dict[str, Tensor] = {}
    beginnings: list[str] = []
    for name, tensor in table.tensors.items():
        parts = without_wrappers(name).split(".")
        place = next((place for place, part in enumerate(parts[:DEEPEST]) if part in AVERAGED), None)
        if place is None or place + 1 == len(parts):
            plain[name] = tensor
        else:
            beginnings.append(".".join(parts[: place + 1]) + ".")
            average[without_wrappers(".".join(parts[place + 1 :]))] = tensor
    endings = {ending for name in plain for ending in _endings(name)}
    if table.averaged or not plain or len(average.keys() & endings) < LEAST_COPIED * len(plain):
        return [table]
    where = f"{table.place}: {beginnings[0]}" if table.place else beginnings[0]
    return [TensorTable(table.place, False, plain), TensorTable(where, True, average)]


def _endings(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[place:]) for place in range(min(len(parts), DEEPEST + 1)))
