"""List the runs in FOLDER: data, network, accuracy, time, and which have not ended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson


def command(
    folder: Annotated[Path, typer.Argument(help="A folder of runs, or one run.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Parses, reads, shows a row a run."""
    from striate.api.list_runs import list_runs
    from striate.cli.console import show

    found = list_runs(folder)
    show(found, as_json=as_json)
    if any(run.state == "damaged" for run in found.runs):
        raise typer.Exit(3)
