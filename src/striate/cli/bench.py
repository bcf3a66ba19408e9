"""Measure on this machine: `striate bench train` for the speed of training, `striate bench predict` for that of prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Device, Quiet


def train(
    model: Annotated[str, typer.Argument(help="The network; see `striate models`.")] = "resnet18",
    data: Annotated[
        str | None, typer.Option(help="Pictures, to measure the whole training loop on; see `striate train`.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Pictures a step.")] = 32,
    size: Annotated[int | None, typer.Option(help="Side of the input in pixels. Default: the network's own.")] = None,
    rounds: Annotated[int, typer.Option(help="How often each way is timed.")] = 5,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how fast a network trains here: plain PyTorch beside the fast step, and with --data the whole loop."""
    from striate.api.bench_training import bench_training
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_training(
            model, data=data, batch_size=batch_size, size=size, rounds=rounds, device=device, watcher=watcher
        )
    show(result, as_json=as_json)


def predict(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    pictures: Annotated[list[str], typer.Argument(help="Files, folders, globs; - reads paths from stdin, one a line.")],
    rounds: Annotated[int, typer.Option(help="How often each number format is timed.")] = 3,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how fast a bundle predicts here: each number format in turns, where the time goes, and how near the limit that is."""
    from striate.api.bench_predicting import bench_predicting
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_predicting(bundle, pictures, rounds=rounds, watcher=watcher)
    show(result, as_json=as_json)


COMMANDS: dict[str, Callable[..., None]] = {"train": train, "predict": predict}
