"""How published checkpoints name what the networks here name otherwise: data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class NameMap(Protocol):
    """Translates the names of a publisher's tensors."""

    @property
    def publisher(self) -> str:
        """Whose names they are."""
        ...

    def ours(self, name: str) -> str:
        """Our name for a tensor of theirs; another name stays as it is."""
        ...


@dataclass(frozen=True)
class KeyMap:
    """A publisher's names for the same tensors."""

    publisher: str
    beginnings: tuple[tuple[str, str], ...]  # (theirs, ours): how names begin, the first that fits counts

    def ours(self, name: str) -> str:
        """Our name for a tensor of theirs.

        Example:
            >>> KEY_MAPS[0].ours("linear.weight"), KEY_MAPS[0].ours("conv1.weight")
            ('fc.weight', 'conv1.weight')
        """
        for theirs, ours in self.beginnings:
            if name.startswith(theirs):
                return ours + name.removeprefix(theirs)
        return name


KEY_MAPS = (KeyMap("akamaster/pytorch_resnet_cifar10", (("linear.", "fc."),)),)
