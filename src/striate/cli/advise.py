"""Say which transfer suits DATA: how much of trained weights should learn on, and why. Nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Device, Mean, Quiet, Root, Size, Std, Task, read_numbers
from striate.cli.output import print_json


def command(
    data: Annotated[
        str,
        typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name such as digits."),
    ],
    model: Annotated[str, typer.Option(help="The network; see `striate models`.")] = "mobilenet_v2",
    weights: Annotated[
        str, typer.Option(help="The network's published weights, `imagenet`, or a .safetensors or .pth file.")
    ] = "imagenet",
    mean: Mean = None,
    std: Std = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw size, similarity and stages to this .png or .svg file.")
    ] = None,
    size: Size = None,
    time_limit: Annotated[str | None, typer.Option(help="What the training itself may take: 50s, 10m.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the sample, and splits where the data has none.")] = 0,
    device: Device = "auto",
    task: Task = None,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, asks for advice, shows it."""
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.advise import advise
    from striate.cli.console import ConsoleWatcher, print_text
    from striate.cli.text import screen_width
    from striate.durable_writing import check_writable, write_durably
    from striate.printable_text import printable

    if output is not None:
        check_writable(output, endings=(".png", ".svg"))
    with ConsoleWatcher(quiet=quiet) as watcher:
        advised = advise(
            data,
            model=model,
            weights=weights,
            mean=mean_values,
            std=std_values,
            size=size,
            seed=seed,
            device=device,
            task=task,
            time_limit=time_limit,
            root=root,
            watcher=watcher,
        )
        if output is not None:
            write_durably(output, advised.picture("png" if output.suffix.lower() == ".png" else "svg"))
    if as_json:
        print_json(advised.to_json())
    else:
        print_text(
            advised.to_text(screen_width()) + (f"\ndrawn to {printable(str(output))}" if output is not None else "")
        )
