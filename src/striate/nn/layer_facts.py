"""What a layer can say of itself where its operations would tell another story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """A layer's own account; what is left out is taken from the operations that it runs.

    Example:
        >>> LayerFacts(macs=60 * 25 * 100, kernel=(5, 5)).macs
        150000
    """

    macs: int | None = None  # multiply-adds for one picture, as the paper counts them
    element_operations: int | None = None  # results of everything else, for one picture
    kernel: tuple[int, ...] | None = None  # pixels
    stride: tuple[int, ...] | None = None  # pixels
    arithmetic: str = ""  # an expression that gives the number of parameters, such as "60*5*5+16"
    fixed: int = 0  # numbers that are part of the layer but are not trained


@runtime_checkable
class StatesFacts(Protocol):
    """A layer that states facts of itself, for one picture.

    A layer that is efficient to run in another way than it is defined has this method. LeNet-5's partial convolution
    runs as a full one with zeros in it; its paper counts the connections that there are.
    """

    def layer_facts(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> LayerFacts:
        """Facts for one picture.

        Args:
            input_shape: Shape of the first input, without the batch.
            output_shape: Shape of the output, without the batch.
        """
        ...
