"""What is asked of a network, and its answer: panels of a method, each tested before it is shown where that can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from striate.errors import UsageError
from striate.report.seeing_contents import Panel
from striate.seeing.many_pictures import ManyPictures
from striate.seeing.methods import ALL, Method
from striate.seeing.observation import Observation
from striate.seeing.seen_network import SeenNetwork
from striate.visualization import Unit
from striate.watching import Watcher

PanelFunction = Callable[[Method, "Question"], tuple[Panel, ...]]


@dataclass(frozen=True)
class Question:
    """What is asked: of which network, by which method, of which picture or pictures."""

    seen: SeenNetwork
    method: str
    """A name of `striate.seeing.methods.METHODS`, or `"all"`."""
    observed: Observation | None = None
    """For methods of a picture."""
    many: ManyPictures | None = None
    """For methods of data."""
    layer: str | None = None
    """None: the method's own choice; for `"all"` every stage."""
    unit: Unit | None = None
    """None: the strongest."""
    target: int | None = None
    """The class that was asked for; None: none in particular."""
    seed: int = 0
    watcher: Watcher = field(default_factory=Watcher)

    @property
    def whole_page(self) -> bool:
        """Whether all methods are asked for."""
        return self.method == ALL

    @property
    def observation(self) -> Observation:
        """The network with its picture.

        Raises:
            UsageError: There is none.
        """
        if self.observed is None:
            raise UsageError(f"{self.method} needs a picture")
        return self.observed

    @property
    def pictures(self) -> ManyPictures:
        """The data.

        Raises:
            UsageError: There are none.
        """
        if self.many is None:
            raise UsageError(f"{self.method} needs data: many pictures to find those that a map answers to most")
        return self.many


def panels_of(method: Method, question: Question) -> tuple[Panel, ...]:
    """What a method shows. Its file is loaded here: a way of seeing costs nothing until it is asked for."""
    file, _, name = method.panels.rpartition(".")
    function: PanelFunction = getattr(import_module(file), name)
    return function(method, question)
