"""The totals of every network of the catalogue, found once and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from striate.durable_writing import write_durably
from striate.user_cache import forget_oldest, kind_folder

KEPT_VERSIONS = 5
"""So many states of the code have their totals kept: those used last."""


def catalogue_totals() -> tuple[Mapping[str, Any], ...]:
    """What is known of each network, by family, the oldest first, as JSON types; torch is not loaded where they are kept.

    They are kept in the user's cache folder, under a digest of the code that they follow from.
    """
    if (kept := kept_totals()) is not None:
        return kept
    place = _place()
    from striate.models import list_models  # torch is not loaded for what is kept

    rows = [_row(name) for name in list_models()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_durably(place, json.dumps(rows, ensure_ascii=False).encode())
        forget_oldest("catalogue", most=KEPT_VERSIONS)
    except OSError:
        pass  # a cache that cannot be written only costs time
    return tuple(rows)


def kept_totals() -> tuple[Mapping[str, Any], ...] | None:
    """What is kept of it; None where nothing is, or nothing of use."""
    try:
        kept = json.loads(_place().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return tuple(kept) if isinstance(kept, list) and kept else None


def _place() -> Path:
    return kind_folder("catalogue") / f"{_code_digest()}.json"


def _row(name: str) -> dict[str, Any]:
    from striate.initialization import drafting
    from striate.inspection.input_shape import input_shape
    from striate.inspection.inspection import inspect_network
    from striate.models import create_model, model_row

    row = model_row(name)
    with drafting():
        network = create_model(name)
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
        "kind": row.kind,
        "family": row.family.__module__.rpartition(".")[2],
    }


def _code_digest() -> str:
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(version("torch").encode())
    rooms = [path for room in ("models", "nn", "inspection") for path in sorted((package / room).glob("*.py"))]
    for path in [*rooms, Path(__file__)]:
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
