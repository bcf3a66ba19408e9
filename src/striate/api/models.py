"""`striate models`: the catalogue as a table; every network with its totals, found once and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from striate.durable_writing import write_durably
from striate.text_layout import table
from striate.user_cache import forget_oldest, kind_folder

COLUMNS = ("name", "parameters", "MACs", "input", "year", "paper")
KEPT_VERSIONS = 5
"""So many states of the code have their totals kept: those used last."""


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
    place = kind_folder("catalogue") / f"{_code_digest()}.json"
    try:
        kept = json.loads(place.read_text(encoding="utf-8"))
        if isinstance(kept, list) and kept:
            return Catalogue(tuple(kept))
    except (OSError, ValueError):
        pass  # nothing is kept, or nothing of use
    from striate.models import list_models  # torch is not loaded for what is kept

    rows = [_row(name) for name in list_models()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_durably(place, json.dumps(rows, ensure_ascii=False).encode())
        forget_oldest("catalogue", most=KEPT_VERSIONS)
    except OSError:
        pass  # a cache that cannot be written only costs time
    return Catalogue(tuple(rows))


def _row(name: str) -> dict[str, Any]:
    from striate.inspection import inspect_network
    from striate.inspection.input_shape import input_shape
    from striate.models import model_row
    from striate.sealing.opening import draft_network

    row = model_row(name)
    network = draft_network(name).network
    inspection = inspect_network(network, input_shape(network, None), name=name)
    field = inspection.receptive_field
    return {
        "name": name,
        "parameters": inspection.parameters,
        "auxiliary_parameters": inspection.auxiliary_parameters,
        "macs": inspection.macs,
        "flops": inspection.flops,
        "receptive_field": list(field) if isinstance(field, tuple) else field,
        "num_classes": row.num_classes,
        "in_channels": row.in_channels,
        "input_size": list(row.input_size),
        "year": row.year,
        "paper": row.paper,
        "dataset": row.benchmark.name,
    }


def _code_digest() -> str:
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(version("torch").encode())
    rooms = [path for room in ("models", "nn", "inspection") for path in sorted((package / room).glob("*.py"))]
    for path in [*rooms, package / "sealing" / "opening.py", Path(__file__)]:
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
