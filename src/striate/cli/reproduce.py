"""Put a claim of a text or paper to the test: experiments over several seeds, with a verdict, a table and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Device, Quiet


def command(
    name: Annotated[str | None, typer.Argument(help="An experiment of --list, or a .toml file of your own.")] = None,
    as_list: Annotated[bool, typer.Option("--list", help="Show all experiments.")] = False,
    seeds: Annotated[int | None, typer.Option(help="How many seeds. Default: the experiment's.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The small form, for a processor and minutes.")] = False,
    data: Annotated[
        Path | None, typer.Option(help="The folder that holds local copies of data sets: mnist, imagenette...")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The folder; what it has is kept. Default: runs/reproduce-NAME, with -quick if so."
        ),
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, shows the list or carries the experiment out."""
    if as_list == (name is not None):
        raise typer.BadParameter("give the name of an experiment, or --list alone to see them all")

    from striate.api.reproduce import list_reproductions, reproduce
    from striate.cli.console import ConsoleWatcher, show

    if name is None:
        show(list_reproductions(), as_json=as_json)
        return
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = reproduce(name, seeds=seeds, quick=quick, data=data, output=output, device=device, watcher=watcher)
    show(found, as_json=as_json)
