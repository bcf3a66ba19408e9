"""Find a learning rate: let it rise over a short run and see where the loss falls, and where it breaks down."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import (
    AsJson,
    Augment,
    Balance,
    BatchSize,
    Device,
    Epochs,
    Init,
    Mean,
    Model,
    Precision,
    Quiet,
    RecipeFile,
    Root,
    Seed,
    Size,
    Std,
    TimeLimit,
    Transfer,
    Weights,
    read_numbers,
)
from striate.cli.output import print_json
from striate.errors import UsageError


def train_command(data: str, options: Mapping[str, object], settings: Sequence[str], rate: float) -> str:
    """The command that trains what was swept, at a rate; as a shell takes it.

    Example:
        >>> train_command("my photos", {"--model": "lenet5", "--size": None}, [], 0.05)
        "striate train 'my photos' --model lenet5 --set optimizer.learning_rate=0.05"
    """
    words = ["striate", "train", data]
    for option, value in options.items():
        words += [option, str(value)] if value is not None else []
    for setting in (*settings, f"optimizer.learning_rate={rate:.2g}"):
        words += ["--set", setting]
    return shlex.join(words)


def command(
    data: Annotated[str, typer.Argument(help="Pictures, as `striate train` takes them.")],
    model: Model = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture to write: .png, .svg or .pdf.")
    ] = None,
    weights: Weights = None,
    mean: Mean = None,
    std: Std = None,
    transfer: Transfer = None,
    init: Init = None,
    augment: Augment = None,
    balance: Balance = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    size: Size = None,
    seed: Seed = 0,
    precision: Precision = None,
    device: Device = "auto",
    time_limit: TimeLimit = None,
    recipe: RecipeFile = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override one key: optimizer.name=adamw.")] = None,
    root: Root = None,
    lowest: Annotated[float, typer.Option(help="The first step's rate.")] = 1e-6,
    highest: Annotated[float, typer.Option(help="The last step's rate, if the loss does not diverge before.")] = 10.0,
    steps: Annotated[int, typer.Option(help="How many steps.")] = 100,
    resume: Annotated[Path | None, typer.Option(hidden=True)] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", hidden=True)] = False,
    quick: Annotated[bool, typer.Option("--quick", hidden=True)] = False,
    metric: Annotated[str | None, typer.Option(hidden=True)] = None,
    abstain: Annotated[str | None, typer.Option(hidden=True)] = None,
    vectors: Annotated[Path | None, typer.Option(hidden=True)] = None,
    exclude: Annotated[Path | None, typer.Option(hidden=True)] = None,
    task: Annotated[str | None, typer.Option(hidden=True)] = None,
    classifier: Annotated[str | None, typer.Option(hidden=True)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, sweeps, shows what was found."""
    if resume is not None:
        raise UsageError("--resume goes on with a run, and a sweep is none: give the DATA and options of the run")
    if tensorboard:
        raise UsageError("--tensorboard is for a run; a sweep draws its figures to --output FILE")
    if quick:
        raise UsageError("--quick is for a run; a sweep takes as many --steps as it is told")
    if metric is not None:
        raise UsageError("--metric is for a run; a sweep makes no classifiers to compare")
    if abstain is not None:
        raise UsageError("--abstain is for a run; a sweep makes no classifier that could abstain")
    if vectors is not None:
        raise UsageError("--vectors is for a run on sentences; a sweep takes pictures")
    if exclude is not None:
        raise UsageError("--exclude is for a run; a sweep takes all pictures of its data")
    if task is not None:
        raise UsageError("--task is for a run; a sweep goes by what the columns of a table say")
    if classifier is not None:
        raise UsageError("--classifier is for a run; a sweep of two classes has a logit for each")
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.learning_rate import FORMATS, find_learning_rate
    from striate.cli.console import ConsoleWatcher, print_text
    from striate.cli.text import screen_width
    from striate.durable_writing import check_writable

    if output is not None:
        check_writable(output, endings=FORMATS)
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = find_learning_rate(
            data,
            model=model,
            weights=weights,
            mean=mean_values,
            std=std_values,
            transfer=transfer,
            init=init,
            augment=augment,
            balance=balance,
            epochs=epochs,
            batch_size=batch_size,
            size=size,
            seed=seed,
            precision=precision,
            device=device,
            time_limit=time_limit,
            recipe=recipe,
            settings=settings or (),
            root=root,
            lowest=lowest,
            highest=highest,
            steps=steps,
            watcher=watcher,
        )
    if output is not None:
        found.draw(output)
    if as_json:
        print_json(found.to_dict() | {"picture": str(output) if output else None})
        return
    lines = [found.to_text(width=screen_width())]
    options = {
        "--model": found.model,
        "--weights": weights,
        "--mean": mean,
        "--std": std,
        "--transfer": transfer,
        "--init": init,
        "--augment": augment,
        "--balance": balance,
        "--epochs": epochs,
        "--batch-size": batch_size,
        "--size": size,
        "--seed": seed or None,
        "--precision": precision,
        "--device": device if device != "auto" else None,
        "--time-limit": time_limit,
        "--recipe": recipe,
        "--root": root,
    }
    lines.append(f"train      {train_command(data, options, settings or [], found.suggestion)}")
    lines += [f"picture    {output}"] if output else []
    print_text("\n".join(lines))
