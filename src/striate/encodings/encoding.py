"""What every encoding answers: the seam between what is given and all that trains, seals, checks and runs on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

Encoded = npt.NDArray[Any]
"""What is stored of one item, of the encoding's shape and type; or of many, with one axis more in front."""


@runtime_checkable
class Encoding(Protocol):
    """How an item becomes a network's input, in two steps: `encode`, whose result is stored, and `ready`, taken batch by batch.

    Frozen, and the same in training and in prediction. An item is a picture for `striate.pixels.Preprocessing`. What tells one
    encoding from another of its kind, such as a vocabulary, is in `to_dict`, and so in the contract.
    """

    @property
    def kind(self) -> str:
        """As contracts have it: a name of `striate.encodings.ENCODINGS`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of every encoded item."""

    @property
    def dtype(self) -> Any:
        """Of every encoded item, as numpy has it."""

    @property
    def channels(self) -> int:
        """What a network of the catalogue is told as `in_channels`: how many values each place of its input has."""

    @property
    def largest(self) -> tuple[int, ...]:
        """The sides of the largest array that encoding makes, also on the way: a contract bounds their product."""

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of `to_dict()`: equal for equal encodings, everywhere."""

    @property
    def stored_digest(self) -> str:
        """The same of what `encode` depends on: equal for encodings whose stored items are equal."""

    @property
    def canary_files(self) -> tuple[str, ...]:
        """The files' names of the canaries of a bundle, in their order."""

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types; `read` of its `EncodingKind` makes an equal encoding of that."""

    def encode(self, item: Any, *, name: str | None = None, limit: int | None = None) -> Encoded:
        """One item, in whatever form it may be given, a file's bytes among them: `shape`, `dtype`.

        Args:
            item: What is given.
            name: What errors call it.
            limit: The most that it may hold, in what its kind is measured in, such as pixels; None: what is usual.

        Raises:
            ItemError: If it cannot be read; it names the item and the reason.
        """

    def ready(self, batch: Encoded) -> npt.NDArray[Any]:
        """(n, *shape) as a network takes it: (n, ...), float32 or int64, each item by itself."""

    def canaries(self, items: Sequence[Any]) -> dict[str, bytes]:
        """Small files by the names of `canary_files`, which go through every step that encoding has.

        Args:
            items: As a data set reads them; any number but none.
        """

    def sample(self, encoded: Encoded) -> str:
        """What is sealed of an encoded canary, in hexadecimal digits."""

    def fault(self, sample: str, encoded: Encoded) -> str:
        """How an encoded canary differs from the one that was sampled, as a clause; `""` if it is as it was sealed."""
