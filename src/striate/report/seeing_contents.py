"""What is seen inside a network, as plain data: pictures with what is said of them, nothing of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from striate.report.word_contents import FilterPhrases, ScoredWord

Picture = npt.NDArray[np.uint8]


SMALL, LARGE, WIDE = 130, 260, 820
"""Longest sides on the page, in CSS pixels: of one of many pictures, of one that is worth a look by itself, of a grid."""


class Shown(NamedTuple):
    """A picture, and the lines under it."""

    picture: Picture  # (H, W, 3) or (H, W, 1)
    lines: tuple[str, ...] = ()
    side: int = SMALL  # the longest side as the page draws it, in CSS pixels


@dataclass(frozen=True)
class Panel:
    """What one method shows of one layer, or of the whole network."""

    method: str  # as it is asked for
    title: str
    shows: str  # what is seen here, a sentence or two
    rows: Sequence[Sequence[Shown]]
    columns: Sequence[str] = ()  # what stands above each column, if a row's pictures are of different kinds
    layer: str = ""  # "": it is of the network as a whole
    warnings: Sequence[str] = ()  # a sentence each: a check that failed, what this method cannot say here
    checks: Sequence[tuple[str, str]] = ()  # what was checked, and how it came out
    facts: Mapping[str, Any] = field(default_factory=dict)  # the same in numbers, as JSON types
    heat: npt.NDArray[np.float32] | None = None  # (H, W): the map that is shown, where it is one of the whole picture
    on_sheet: bool = True  # whether a sheet that is a choice of everything shows it
    words: Sequence[ScoredWord] = ()  # of a sentence: its words in their order
    phrases: Sequence[FilterPhrases] = ()  # of many sentences: what filters answer to

    @property
    def heading(self) -> str:
        """The title, and the layer if it is of one."""
        return f"{self.title} of {self.layer}" if self.layer else self.title

    def to_dict(self) -> dict[str, Any]:
        """All but the pixels, as JSON types."""
        return {
            "method": self.method,
            "title": self.title,
            "layer": self.layer or None,
            "shows": self.shows,
            "warnings": list(self.warnings),
            "checks": [{"what": what, "result": result} for what, result in self.checks],
            **({"words": [word.to_dict() for word in self.words]} if self.words else {}),
            **({"filters": [one.to_dict() for one in self.phrases]} if self.phrases else {}),
            **self.facts,
        }


@dataclass(frozen=True)
class StagePanels:
    """A layer, and what was seen of it."""

    layer: str
    what: str  # its maps, and what a unit sees
    panels: Sequence[Panel]


def answered(predictions: Sequence[tuple[str, float]], named: Sequence[str] | None) -> list[tuple[str, float]]:
    """What is answered, with its probability: the most probable class, or every label that is named.

    Example:
        >>> answered([("a", 0.9), ("b", 0.8), ("c", 0.1)], ["a", "b"]), answered([("a", 0.9)], None), answered([("a", 0.1)], [])
        ([('a', 0.9), ('b', 0.8)], [('a', 0.9)], [])
    """
    return [one for one in predictions if one[0] in named] if named is not None else list(predictions[:1])


@dataclass(frozen=True)
class SentenceSeen:
    """A sentence, and what was seen of it."""

    text: str
    predictions: Sequence[tuple[str, float]]  # class and probability, the most probable first
    target: str  # the class that is asked about
    panels: Sequence[Panel]
    notes: Sequence[str] = ()  # of this sentence: that it was cut, that words are unknown
    named: Sequence[str] | None = None  # as of `SeeingReport`

    def to_dict(self) -> dict[str, Any]:
        """All but the pixels, as JSON types."""
        return {
            "sentence": self.text,
            "predictions": [{"class": name, "probability": share} for name, share in self.predictions],
            "target": self.target,
            **({} if self.named is None else {"named": list(self.named)}),
            "notes": list(self.notes),
            "panels": [panel.to_dict() for panel in self.panels],
        }


@dataclass(frozen=True)
class SeeingReport:
    """Everything that was seen of one network and one picture, or of sentences."""

    network: str
    picture_name: str  # "" without a picture
    picture: Picture | None  # as the network gets it; None: only the network is looked into
    predictions: Sequence[tuple[str, float]]  # class and probability, the most probable first; none without a picture
    target: str  # the class that the maps ask about; "" without a picture
    where: Sequence[Panel]  # where the answer comes from
    stages: Sequence[StagePanels]
    units: Sequence[Panel]  # what the network has learnt, apart from this picture
    sentences: Sequence[SentenceSeen] = ()  # of a network for sentences, in the place of a picture
    named: Sequence[str] | None = (
        None  # the labels that are named, where a picture may have several; None: one class is answered
    )
    kind: str = "picture"  # what the network is given, a name of `striate.encodings`
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    seconds: float | None = None
