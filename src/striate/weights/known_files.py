"""Published files by their SHA-256, and the inputs that their weights expect: data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from striate.weights.keymaps import AKAMASTER, ExpectedInputs


@dataclass(frozen=True)
class KnownFile:
    """A published file."""

    name: str
    row: str  # whose weights they are
    inputs: ExpectedInputs


# How a file's SHA-256 begins is part of its published name.
KNOWN_FILES: Mapping[str, KnownFile] = MappingProxyType(
    {
        prefix: KnownFile(f"{row}-{prefix}.th", row, AKAMASTER)
        for row, prefix in (
            ("resnet20", "12fca82f"),
            ("resnet32", "d509ac18"),
            ("resnet44", "014dd654"),
            ("resnet56", "4bfd9763"),
            ("resnet110", "1d1ed7c2"),
        )
    }
)
"""By the first eight hexadecimal digits."""


def known_file(sha256: str) -> KnownFile | None:
    """The published file that has this SHA-256, if it is known.

    Example:
        >>> known_file("12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8").row
        'resnet20'
    """
    return KNOWN_FILES.get(sha256[:8])
