"""Pack pictures into tar shards with an index, which every command reads: fewer files, on any disk or store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root


def command(
    data: Annotated[str, typer.Argument(help="A folder, a CSV, shards, or a built-in name.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder, which must not exist.")],
    shard_megabytes: Annotated[float, typer.Option(help="Most of a shard, in millions of bytes.")] = 256,
    task: Annotated[str | None, typer.Option(help="What is asked of the pictures, such as multi_label.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the order within each split.")] = 0,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, packs, says what was written."""
    from striate.api.pack import pack
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        made = pack(data, output, shard_megabytes=shard_megabytes, seed=seed, root=root, task=task, watcher=watcher)
    show(made, as_json=as_json)
    if made.exit_code:
        raise typer.Exit(made.exit_code)
