"""Show what depth does to plain and to residual networks: errors and gradients in one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Device, Precision, Quiet, Root, Seed


def command(
    data: Annotated[str, typer.Argument(help="Pictures, as `striate train` takes them; small ones do: digits, mnist.")],
    pair: Annotated[
        str | None, typer.Option(help="Two plain networks, SHALLOW:DEEP. Default: plain20:plain56, or plain18:plain34.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training pictures. Default: 10.")] = None,
    time_limit: Annotated[str | None, typer.Option(help="As many epochs as fit this: 10m, 1h30m.")] = None,
    pictures: Annotated[int | None, typer.Option(help="Learn from so many pictures at most.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the networks' input in pixels.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures a step.")] = None,
    seed: Seed = 0,
    precision: Precision = None,
    device: Device = "auto",
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override one key: optimizer.learning_rate=0.05.")
    ] = None,
    root: Root = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder to write. Default: runs/DATA-deepen.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, trains the four networks, shows what came of it."""
    plain = read_pair(pair)

    from striate.api.deepen import deepen
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = deepen(
            data,
            pair=plain,
            epochs=epochs,
            batch_size=batch_size,
            size=size,
            pictures=pictures,
            seed=seed,
            precision=precision,
            device=device,
            time_limit=time_limit,
            settings=settings or (),
            root=root,
            output=output,
            watcher=watcher,
        )
    show(result, as_json=as_json)


def read_pair(text: str | None) -> tuple[str, str] | None:
    """Two names with a colon between them."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(":")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter(f"--pair needs SHALLOW:DEEP such as plain20:plain56, got {text!r}")
    return names[0], names[1]
