"""`striate models`: the catalogue as a table; every network with its totals, found once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.catalogue import catalogue_totals
from striate.text_layout import table

COLUMNS = ("name", "parameters", "MACs", "input", "year", "paper")


@dataclass(frozen=True)
class Catalogue:
    """Every network of the catalogue, by family, the oldest first."""

    networks: tuple[Mapping[str, Any], ...]
    """What is known of each, with its totals, as JSON types."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        return {"networks": [dict(row) for row in self.networks]}

    def to_text(self, *, width: int | None = None) -> str:
        """A row a network."""
        return "\n".join(table(COLUMNS, self._cells(), left=("input", "paper"), width=width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"{len(self.networks)} networks", notebook.table(COLUMNS, self._cells()))

    def _cells(self) -> list[tuple[str, ...]]:
        cells: list[tuple[str, ...]] = []
        for row in self.networks:
            height, across = row["input_size"]
            shape = f"{row['in_channels']}x{height}x{across}"
            totals = (f"{row['parameters']:,}", f"{row['macs']:,}")
            cells.append((row["name"], *totals, shape, f"{row['year']}", row["paper"]))
        return cells


def catalogue() -> Catalogue:
    """Every network with its totals.

    The totals are found once and kept in the user's cache folder, under a digest of the code that they follow from.

    Example:
        >>> row = catalogue().networks[0]
        >>> row["name"], row["parameters"], row["macs"]
        ('lenet5', 60000, 326520)
    """
    return Catalogue(catalogue_totals())
