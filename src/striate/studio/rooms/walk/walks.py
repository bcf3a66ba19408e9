"""The pictures that were walked through the networks last, with every number that each made."""

from __future__ import annotations

import base64
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.inspection import Inspection
from striate.seeing.arithmetic import Walk, WalkStep, walked
from striate.seeing.seen_network import SeenNetwork
from striate.serving.problems import ProblemError
from striate.studio.studio import Studio
from striate.visualization.targets import as_probabilities

MOST_WALKS, MOST_BYTES = 4, 1 << 30
"""How many are kept, and their tensors' memory."""
MOST_NUMBERS = 40_000
"""A network that makes no more of a picture sends them all at once."""
THUMBNAIL = 48
"""Side of a map among others, at most, in pixels."""
MOST_MAPS = 48
"""Of a page."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A walk, and whose."""

    network: str
    seen: SeenNetwork
    walk: Walk
    inspection: Inspection
    pixels: npt.NDArray[np.uint8]
    """(H, W, C): what the network was shown, before it was normalised."""

    def step(self, name: str) -> WalkStep:
        """A step by its name.

        Raises:
            ProblemError: There is none.
        """
        for step in self.walk.steps:
            if step.name == name:
                return step
        raise ProblemError(404, f"there is no step {name[:100]!r} in {self.network}")


@dataclass(eq=False)
class Walks:
    """Those that are kept, the newest last, by a name that cannot be guessed."""

    kept: OrderedDict[str, Kept] = field(default_factory=OrderedDict)

    def add(self, made: Kept) -> str:
        """Keeps it, and forgets the oldest that are too many."""
        name = secrets.token_urlsafe(9)
        self.kept[name] = made
        while len(self.kept) > 1 and (len(self.kept) > MOST_WALKS or self._bytes > MOST_BYTES):
            self.kept.popitem(last=False)
        return name

    def find(self, name: str) -> Kept:
        """The one of that name.

        Raises:
            ProblemError: It is forgotten.
        """
        if name not in self.kept:
            raise ProblemError(410, "the studio has forgotten this picture's walk; show it the picture again")
        self.kept.move_to_end(name)
        return self.kept[name]

    @property
    def _bytes(self) -> int:
        return sum(one.walk.bytes for one in self.kept.values())


def walks_of(studio: Studio) -> Walks:
    """The room's own."""
    found: Walks = studio.kept.setdefault("walk.walks", Walks())
    return found


def walk_through(network: str, seen: SeenNetwork, pixels: npt.NDArray[np.uint8]) -> Kept:
    """One picture (H, W, C) uint8, prepared, through a network."""
    ready = torch.from_numpy(seen.preprocessing.normalise(pixels[None]))
    walk = walked(seen.network, ready, most_bytes=MOST_BYTES)
    # Receptive fields are found by a pass through the network, once: here, where it is nobody else's turn.
    walk.box(walk.steps[0].name, (0,) * len(walk.steps[0].shape))
    return Kept(network, seen, walk, seen.inspection(), pixels)


def told(name: str, kept: Kept) -> dict[str, Any]:
    """What a page is told of a walk: the answer, and the steps by their stages and blocks."""
    walk, seen = kept.walk, kept.seen
    logits = walk.numbers(walk.steps[-1].name)
    shares = _shares(seen, logits)
    order = np.argsort(-shares, kind="stable")[:10]
    sizes = [int(np.prod(step.shape)) for step in walk.steps]
    small = sum(sizes) <= MOST_NUMBERS
    answer = {
        "walk": name,
        "network": kept.network,
        "notes": list(seen.notes),
        "input": maps_told(walk.numbers("input")),
        "picture": _packed(np.ascontiguousarray(kept.pixels)),
        "classes": list(seen.classes) if small else [],
        "answer": [
            {"class": seen.classes[place], "share": float(shares[place]), "logit": float(logits[place])}
            for place in order
        ],
        "bytes": walk.bytes,
        "groups": groups(kept),
    }
    if small:
        answer["numbers"] = {step.name: _packed(walk.numbers(step.name)) for step in walk.steps}
        answer["connections"] = {
            path: [list(row) for row in module.connections]
            for path, module in seen.network.named_modules()
            if hasattr(module, "connections")
        }
        answer["prototypes"] = {
            path: _packed(module.prototypes.detach().numpy())
            for path, module in seen.network.named_modules()
            if isinstance(getattr(module, "prototypes", None), torch.Tensor)
        }
    return answer


def _shares(seen: SeenNetwork, logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    values = torch.from_numpy(np.array(logits, dtype=np.float64))
    found: npt.NDArray[Any] = as_probabilities(values[None], seen.temperature, seen.classifier)[0].numpy()
    return found


def groups(kept: Kept) -> list[dict[str, Any]]:
    """The steps, put together as the network's code has them: a block, such as a residual one, or a stage."""
    known = {layer.name: layer for layer in kept.inspection.layers}
    modules = dict(kept.seen.network.named_modules())
    made: list[dict[str, Any]] = []
    stage = ""
    for step in kept.walk.steps:
        layer = known.get(step.name)
        stage = layer.stage or "head" if layer is not None else stage
        title, kind = _block(step.name, modules)
        if not made or made[-1]["stage"] != stage or made[-1]["title"] != title:
            made.append({"title": title, "kind": kind, "stage": stage, "steps": []})
        made[-1]["steps"].append(
            step.to_dict()
            | {
                "parameters": 0 if layer is None else layer.parameters,
                "macs": 0 if layer is None else layer.macs,
                "layer": step.name in modules,
            }
        )
    return made


def _block(name: str, modules: dict[str, nn.Module]) -> tuple[str, str]:
    """The outermost module around a step that is more than a sequence; else the step's own stage or name."""
    parts = name.split(".")
    for length in range(1, len(parts)):
        path = ".".join(parts[:length])
        module = modules.get(path, nn.Identity())
        if next(module.children(), None) is not None and not isinstance(module, nn.Sequential):
            return path, type(module).__name__
    return (parts[0] if len(parts) < 3 else ".".join(parts[:-1])), ""


def maps_told(maps: npt.NDArray[Any]) -> dict[str, Any]:
    """Numbers as a page reads them: float32, little-endian, in base64, with their shape."""
    return {"shape": list(maps.shape), "numbers": _packed(maps)}


def _packed(numbers: npt.NDArray[Any]) -> str:
    kind = "<f4" if numbers.dtype != np.uint8 else "u1"
    return base64.b64encode(np.ascontiguousarray(numbers, kind).tobytes()).decode()


def thumbnails(maps: npt.NDArray[Any], first: int, count: int, *, by_strength: bool) -> dict[str, Any]:
    """Some of a step's maps, made small: each as signed bytes, where 127 is the largest number of all.

    Args:
        maps: (maps, rows, columns), or (numbers,).
        first: How many are passed over.
        count: How many are wanted.
        by_strength: Whether those with the largest numbers come first.
    """
    if maps.ndim == 1:
        maps = maps[:, None, None]
    strength = np.abs(maps).max(axis=(1, 2))
    order = np.argsort(-strength, kind="stable") if by_strength else np.arange(len(maps))
    chosen = order[first : first + count]
    reach = float(np.quantile(np.abs(maps), 0.9995)) or 1.0
    step = max(1, -(-max(maps.shape[1:]) // THUMBNAIL))
    small = _shrunk(maps[chosen], step)
    signed = np.rint(np.clip(small / reach, -1, 1) * 127).astype(np.int8)
    return {
        "maps": chosen.tolist(),
        "count": len(maps),
        "shape": list(signed.shape[1:]),
        "reach": reach,
        "bytes": base64.b64encode(np.ascontiguousarray(signed).tobytes()).decode(),
    }


def _shrunk(maps: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """The mean of every `step` x `step` pixels; those left over at the borders count as far as they go."""
    if step == 1:
        return maps
    rows, columns = (np.arange(0, side, step) for side in maps.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(maps, rows, axis=1), columns, axis=2)
    areas = np.outer(np.diff([*rows, maps.shape[1]]), np.diff([*columns, maps.shape[2]]))
    shrunk: npt.NDArray[Any] = sums / areas
    return shrunk


def unit_told(kept: Kept, step: str, unit: Sequence[int]) -> dict[str, Any]:
    """The arithmetic of a unit, with as many maps of its windows as a page shows, and the pixels that it sees."""
    arithmetic = kept.walk.arithmetic(step, unit)
    area = max((int(np.prod(window.values.shape[1:])) for window in arithmetic.windows), default=1)
    told = arithmetic.to_dict(most=2048 if area == 1 else max(1, min(64, 1600 // area)))
    return {
        "arithmetic": told | {"relative_difference": arithmetic.relative_difference},
        "box": kept.walk.box(step, unit).to_dict(),
    }
