"""Measure on this machine: `striate bench train` for the speed of training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Device, Quiet

if TYPE_CHECKING:
    from striate.api.bench_training import TrainingBenchmark


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
    from striate.cli.console import ConsoleWatcher, print_result

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_training(
            model, data=data, batch_size=batch_size, size=size, rounds=rounds, device=device, watcher=watcher
        )
    print_result(json.dumps(result.to_dict(), ensure_ascii=False) if as_json else describe(result))


def describe(result: TrainingBenchmark) -> str:
    """The figures for people."""
    height, width = result.size
    rounds = "1 round" if result.rounds == 1 else f"{result.rounds} rounds"
    lines = [
        f"{result.model}, {result.batch_size} pictures of {height} x {width} a step, {rounds} in turns",
        f"{result.device}; {result.versions}",
        f"{result.precision}: {result.why}",
        "",
        "way    pictures/s  ratio (smallest to largest)",
    ]
    for way in result.ways:
        line = f"{way.name:<6} {way.pictures_per_second:>10,.1f}  "
        if way.ratio is not None:
            median, low, high = way.ratio
            line += f"{median:.2f} ({low:.2f} to {high:.2f}) x {way.peer}"
        lines.append(f"{line:<46}  {way.what}")
    return "\n".join(lines)


COMMANDS = {"train": train}
