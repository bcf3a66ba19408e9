"""Look at every picture of DATA: what it holds, how it would be split, and what cannot be used."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root


def command(
    data: Annotated[
        str, typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name.")
    ],
    root: Root = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split, where the data has none.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, checks, shows what was found."""
    from striate.api.check import check
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        found = check(data, root=root, seed=seed, watcher=watcher)
    show(found, as_json=as_json)
    if found.at_fault:
        raise typer.Exit(3)
