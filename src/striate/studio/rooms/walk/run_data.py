"""The pictures that a run learnt from, where they still are."""

from __future__ import annotations

import tomllib
from pathlib import Path

from striate.data import BUILT_IN_NAMES, Dataset, load_data
from striate.errors import StriateError
from striate.training.run_folder import RECIPE


def data_of_run(folder: Path | None) -> Dataset | None:
    """What a run learnt from, by its folder or its bundle's; None: it is not there any more, or no run is there."""
    for place in () if folder is None else (folder, folder.parent):
        try:
            known = tomllib.loads((place / RECIPE).read_text(encoding="utf-8"))["run"]
            if known["data"] not in BUILT_IN_NAMES and not Path(known["data"]).exists():
                return None
            return load_data(known["data"], root=known.get("root") or None)
        except (OSError, ValueError, KeyError, TypeError, StriateError):
            continue
    return None
