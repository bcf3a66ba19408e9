"""How a run learns: its epochs, and the candidates of its tournament, as its files say while another process writes them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from striate.errors import StriateError
from striate.runs.listed_runs import ListedRun
from striate.runs.tournament_record import TournamentRecord, read_tournament
from striate.training.run_folder import METRICS, TOURNAMENT, read_history

CURVES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate", "seconds")
MOST_EPOCHS = 2000


def learning(run: ListedRun) -> dict[str, Any]:
    """What is known of a run's learning now, as JSON types."""
    record = _record(run.folder)
    tried = record.running if record is not None else None
    place = run.folder / tried.folder if tried is not None and tried.folder else run.folder
    return {
        "state": run.state,
        "reason": run.reason,
        "written_ago": _written_ago(run.folder, place),
        "candidate": tried.candidate.name if tried is not None else None,
        "rows": [_row(row) for row in read_history(place)[-MOST_EPOCHS:] if isinstance(row, Mapping)],
        "candidates": [] if record is None else _candidates(record),
    }


def _record(folder: Path) -> TournamentRecord | None:
    try:
        return read_tournament(folder)
    except (StriateError, OSError):
        return None


def _candidates(record: TournamentRecord) -> list[dict[str, Any]]:
    return [
        {
            "name": entry.candidate.name,
            "why": entry.candidate.why,
            "state": entry.state,
            "best": entry is record.best,
            "accuracy": entry.accuracy,
            "interval": list(entry.interval),
            "ended_after": entry.ended_after,
        }
        for entry in record.entries
    ]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: row.get(key) for key in ("epoch", *CURVES)}
    return {key: value if isinstance(value, int | float) else None for key, value in kept.items()}


def _written_ago(*folders: Path) -> float | None:
    """Seconds since what a run learns was last written."""
    times = []
    for folder in folders:
        for name in (METRICS, TOURNAMENT, "recipe.toml"):
            try:
                times.append((folder / name).stat().st_mtime)
            except OSError:
                continue
    return max(0.0, time.time() - max(times)) if times else None
