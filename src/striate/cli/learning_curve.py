"""Say what more pictures would bring: a learning curve from subsets of DATA, led further. No network is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Device, Mean, Quiet, Root, Size, Std, Task, read_numbers


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
        Path | None, typer.Option("--output", "-o", help="The picture to write: .png, .svg or .pdf.")
    ] = None,
    size: Size = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the subsets, and splits where the data has none.")] = 0,
    device: Device = "auto",
    task: Task = None,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, measures the curve, shows where it leads."""
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.learning_curve import FORMATS, learning_curve
    from striate.cli.console import ConsoleWatcher, show
    from striate.durable_writing import check_writable

    if output is not None:
        check_writable(output, endings=FORMATS)
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = learning_curve(
            data,
            model=model,
            weights=weights,
            mean=mean_values,
            std=std_values,
            size=size,
            seed=seed,
            device=device,
            task=task,
            root=root,
            watcher=watcher,
        )
        if output is not None:
            found.draw(output)
    show(found, as_json=as_json)
