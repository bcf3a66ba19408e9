"""The few pictures that the room holds between requests, and what it knows of pictures that a bundle was given to begin with."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import ItemError
from striate.pixels import Preprocessing, decode
from striate.serving.problems import ProblemError
from striate.serving.served_bundle import ServedBundle

MOST, MOST_BYTES = 16, 128 << 20
"""Pictures that are held, and bytes of all."""
SAMPLES = ("0.png", "1.png", "2.jpg")
"""The canaries that are offered: those that are as their owner gave them; the others were made see-through or got a texture."""
INK = 60
"""Levels of 255 by which ink differs from the paper."""


@dataclass(frozen=True)
class Held:
    """A picture that was sent."""

    name: str
    """Its digest's first digits, by which requests mean it."""
    content: bytes
    prepared: dict[Preprocessing, npt.NDArray[np.uint8]] = field(default_factory=dict, compare=False)

    @property
    def identity(self) -> int:
        """What tells it from others where something is drawn for it: the first six bytes of its digest, as on the limits card."""
        return int(self.name[:12], 16)

    def pixels(self, rule: Preprocessing, *, limit: int) -> npt.NDArray[np.uint8]:
        """(H, W, C), as a network's rule makes it; made once.

        Raises:
            PictureError: It cannot be read, or it has more than `limit` pixels.
        """
        if rule not in self.prepared:
            self.prepared[rule] = rule.encode(self.content, name="the picture", limit=limit)
        return self.prepared[rule]


class Pictures:
    """The newest few."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Held] = OrderedDict()

    def keep(self, content: bytes) -> Held:
        """A picture from its bytes, which were seen to be one."""
        held = Held(sha256(content).hexdigest()[:24], content)
        held = self._held.setdefault(held.name, held)
        self._held.move_to_end(held.name)
        while len(self._held) > 1 and (
            len(self._held) > MOST or sum(len(one.content) for one in self._held.values()) > MOST_BYTES
        ):
            self._held.popitem(last=False)
        return held

    def find(self, name: object) -> Held:
        """The picture of a name.

        Raises:
            ProblemError: 404 if it is held no more.
        """
        if not isinstance(name, str) or name not in self._held:
            raise ProblemError(404, "this picture is held no more; show it again")
        self._held.move_to_end(name)
        return self._held[name]


def drawing_of(bundle: ServedBundle) -> dict[str, Any] | None:
    """How a drawing is to look for a network of grey pictures: like those it learnt from, of which the bundle has a few.

    Returns:
        `share`: of the picture's side that the ink takes; `dark`: whether the paper is. None for a network of colours.
    """
    rule = bundle.classifier.contract.preprocessing
    if not isinstance(rule, Preprocessing) or rule.channels != 1:
        return None
    shares, papers = [], []
    for name in SAMPLES:
        try:
            grey = decode(bundle.classifier.bundle.canary_path(name), channels=1)[..., 0].astype(int)
        except ItemError:  # the bundle's folder is gone; what was loaded of it still answers
            continue
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        paper = float(np.median(border))
        rows, columns = (np.flatnonzero((abs(grey - paper) > INK).any(axis=axis)) for axis in (1, 0))
        papers.append(paper)
        if len(rows):
            shares.append(max(np.ptp(rows) + 1, np.ptp(columns) + 1) / max(grey.shape))
    return {"share": float(np.clip(np.median(shares or [0.72]), 0.3, 1)), "dark": float(np.median(papers or [0])) < 128}
