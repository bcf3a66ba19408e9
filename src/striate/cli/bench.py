"""Measure on this machine: `striate bench train` for the speed of training, `striate bench predict` for that of prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Device, Quiet
from striate.cli.output import print_json
from striate.cli.text import screen_width
from striate.text_layout import table

if TYPE_CHECKING:
    from striate.api.bench_predicting import PredictionBenchmark
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
    from striate.cli.console import ConsoleWatcher, print_text

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_training(
            model, data=data, batch_size=batch_size, size=size, rounds=rounds, device=device, watcher=watcher
        )
    if as_json:
        print_json(result.to_dict())
    else:
        print_text(describe(result))


def predict(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    pictures: Annotated[list[str], typer.Argument(help="Files, folders, globs; - reads paths from stdin, one a line.")],
    rounds: Annotated[int, typer.Option(help="How often each number format is timed.")] = 3,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how fast a bundle predicts here: each number format in turns, where the time goes, and how near the limit that is."""
    from striate.api.bench_predicting import bench_predicting
    from striate.cli.console import ConsoleWatcher, print_text

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_predicting(bundle, pictures, rounds=rounds, watcher=watcher)
    if as_json:
        print_json(result.to_dict())
    else:
        print_text(describe_prediction(result))


def describe_prediction(result: PredictionBenchmark) -> str:
    """The figures for people."""
    rounds = "1 round" if result.rounds == 1 else f"{result.rounds} rounds"
    steps = ", ".join(f"{name} {taken:.2f}" for name, taken in result.milliseconds.items())
    lines = [
        f"{result.model}, {result.pictures:,} pictures, {result.macs / 1e9:.2f} G multiply-adds each, {rounds} in turns",
        f"{result.device}; {result.versions}",
        f"one picture on one thread, in ms: {steps} (fp32)",
        "",
    ]
    heads = (
        "format",
        "pictures/s",
        "x fp32 (smallest to largest)",
        "agreement",
        "network alone/s",
        "of the peak of matrix products",
    )
    rows = []
    for way in result.ways:
        median, low, high = way.ratio
        rows.append(
            (
                way.precision,
                f"{way.pictures_per_second:,.1f}",
                f"{median:.2f} ({low:.2f} to {high:.2f})",
                "-" if way.agreement is None else f"{way.agreement:.2%}",
                f"{way.inferences_per_second:,.1f}",
                f"{way.fraction:.0%} of {way.peak / 1e9:,.0f} G multiply-adds/s",
            )
        )
    return "\n".join([*lines, *table(heads, rows, left=(heads[2], heads[5]), width=screen_width())])


def describe(result: TrainingBenchmark) -> str:
    """The figures for people."""
    height, width = result.size
    rounds = "1 round" if result.rounds == 1 else f"{result.rounds} rounds"
    lines = [
        f"{result.model}, {result.batch_size} pictures of {height} x {width} a step, {rounds} in turns",
        f"{result.device}; {result.versions}",
        f"{result.precision}: {result.why}",
        "",
    ]
    rows = []
    for way in result.ways:
        ratio = ""
        if way.ratio is not None:
            median, low, high = way.ratio
            ratio = f"{median:.2f} ({low:.2f} to {high:.2f}) x {way.peer}"
        rows.append((way.name, f"{way.pictures_per_second:,.1f}", ratio, way.what))
    heads = ("way", "pictures/s", "ratio (smallest to largest)", "what")
    return "\n".join([*lines, *table(heads, rows, left=heads[2:], width=screen_width())])


COMMANDS: dict[str, Callable[..., None]] = {"train": train, "predict": predict}
