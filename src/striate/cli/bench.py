"""Measure on this machine: `striate bench train` for the speed of training, `striate bench predict` for that of prediction."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Device, Quiet

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
    from striate.cli.console import ConsoleWatcher, print_result

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_training(
            model, data=data, batch_size=batch_size, size=size, rounds=rounds, device=device, watcher=watcher
        )
    print_result(json.dumps(result.to_dict(), ensure_ascii=False) if as_json else describe(result))


def predict(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    pictures: Annotated[list[str], typer.Argument(help="Files, folders, globs; - reads paths from stdin, one a line.")],
    rounds: Annotated[int, typer.Option(help="How often each number format is timed.")] = 3,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measure how fast a bundle predicts here: each number format in turns, where the time goes, and how near the limit that is."""
    from striate.api.bench_predicting import bench_predicting
    from striate.cli.console import ConsoleWatcher, print_result
    from striate.cli.picture_arguments import expand

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = bench_predicting(bundle, expand(pictures), rounds=rounds, watcher=watcher)
    print_result(json.dumps(result.to_dict(), ensure_ascii=False) if as_json else describe_prediction(result))


def describe_prediction(result: PredictionBenchmark) -> str:
    """The figures for people."""
    rounds = "1 round" if result.rounds == 1 else f"{result.rounds} rounds"
    steps = ", ".join(f"{name} {taken:.2f}" for name, taken in result.milliseconds.items())
    lines = [
        f"{result.model}, {result.pictures:,} pictures, {result.macs / 1e9:.2f} G multiply-adds each, {rounds} in turns",
        f"{result.device}; {result.versions}",
        f"one picture on one thread, in ms: {steps} (fp32)",
        "",
        "format  pictures/s  x fp32 (smallest to largest)  agreement  network alone/s  of the peak of matrix products",
    ]
    for way in result.ways:
        median, low, high = way.ratio
        agreement = "-" if way.agreement is None else f"{way.agreement:.2%}"
        lines.append(
            f"{way.precision:<6}  {way.pictures_per_second:>10,.1f}  {f'{median:.2f} ({low:.2f} to {high:.2f})':<28}  {agreement:>9}  "
            f"{way.inferences_per_second:>15,.1f}  {way.fraction:.0%} of {way.peak / 1e9:,.0f} G multiply-adds/s"
        )
    return "\n".join(lines)


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


COMMANDS: dict[str, Callable[..., None]] = {"train": train, "predict": predict}
