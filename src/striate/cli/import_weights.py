"""Make a sealed bundle of weights that were trained elsewhere: torchvision's, timm's, your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from striate.cli.options import AsJson, Mean, Quiet, Size, Std, read_numbers


def command(
    weights: Annotated[
        str, typer.Argument(help="A .safetensors or .pth file, or imagenet: the network's published weights.")
    ],
    model: Annotated[str, typer.Option(help="The network that they are weights of; see `striate models`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle's folder, which must not exist.")],
    classes: Annotated[
        str | None,
        typer.Option(help="The classes in the order of the logits: a file, a line each or JSON; or cat,dog."),
    ] = None,
    mean: Mean = None,
    std: Std = None,
    size: Size = None,
    resize: Annotated[
        str | None,
        typer.Option(
            help="exact, whatever the proportions, or shorter_side. Default: the publisher's, or the network's."
        ),
    ] = None,
    channel_order: Annotated[
        str | None,
        typer.Option(help="rgb or bgr: in which order the network takes the channels. Default: the publisher's."),
    ] = None,
    which: Annotated[
        str | None,
        typer.Option(help="Of a file that holds both: plain weights, or ema, their average over training."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, imports, shows what the bundle is."""
    names = read_names(classes)
    choices = (
        ("--which", which, ("plain", "ema")),
        ("--resize", resize, ("exact", "shorter_side")),
        ("--channel-order", channel_order, ("rgb", "bgr")),
    )
    for option, value, known in choices:
        if value not in (None, *known):
            raise typer.BadParameter(f"{option} is {' or '.join(known)}, got {value!r}")
    means, deviations = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.import_weights import import_weights
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        imported = import_weights(
            weights,
            model,
            output=output,
            classes=names,
            mean=means,
            std=deviations,
            size=size,
            resize=cast("Any", resize),
            channel_order=cast("Any", channel_order),
            which=cast("Any", which),
            watcher=watcher,
        )
    show(imported, as_json=as_json)


def read_names(text: str | None) -> list[str] | Path | None:
    """A list of names with commas between them, or else a file."""
    if text is None or Path(text).is_file() or "," not in text:
        return None if text is None else Path(text)
    return [name.strip() for name in text.split(",")]
