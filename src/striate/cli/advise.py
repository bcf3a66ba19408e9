"""Say which transfer suits DATA: how much of trained weights should learn on, and why. Nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.train import read_numbers


def command(
    data: Annotated[
        str,
        typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name such as digits."),
    ],
    model: Annotated[str, typer.Option(help="The network; see `striate models`.")] = "mobilenet_v2",
    weights: Annotated[
        str, typer.Option(help="The network's published weights, `imagenet`, or a .safetensors or .pth file.")
    ] = "imagenet",
    mean: Annotated[
        str | None, typer.Option(help="What the weights subtract from 0..1 pixels: 0.5 or 0.485,0.456,0.406.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="What the weights divide by after that.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw size, similarity and stages to this .png or .svg file.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the network's input in pixels.")] = None,
    time_limit: Annotated[str | None, typer.Option(help="What the training itself may take: 50s, 10m.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the sample, and splits where the data has none.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    root: Annotated[
        Path | None, typer.Option(help="Where the local copy of mnist, fashion-mnist or cifar10 is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Parses, asks for advice, shows it."""
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.advise import advise
    from striate.cli.console import ConsoleWatcher, print_result
    from striate.cli.text import printable
    from striate.durable_writing import check_writable, write_durably

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
            time_limit=time_limit,
            root=root,
            watcher=watcher,
        )
        if output is not None:
            write_durably(output, advised.picture("png" if output.suffix.lower() == ".png" else "svg"))
    if as_json:
        print_result(advised.to_json())
    else:
        print_result(advised.to_text() + (f"\ndrawn to {printable(str(output))}" if output is not None else ""))
