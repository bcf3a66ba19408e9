"""Train a network on labelled pictures: DATA in, a run folder with a sealed classifier and a report out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from striate.wording import percent

if TYPE_CHECKING:
    from striate.runs.run import Run


ALWAYS = ("data", "resume", "as_json", "quiet")
"""What goes with --resume."""


def command(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name such as digits."),
    ] = None,
    model: Model = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run folder. Default: runs/DATA-MODEL.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, exactly where it stopped.")] = None,
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
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override one key: optimizer.learning_rate=0.1.")
    ] = None,
    root: Root = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard events too.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, trains, shows the result."""
    if (data is None) == (resume is None):
        raise typer.BadParameter("give either DATA, or --resume RUN")
    if resume is not None:
        check_resumed(context)
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.train import resume as resume_run
    from striate.api.train import train
    from striate.cli.console import ConsoleWatcher, print_text

    with ConsoleWatcher(quiet=quiet) as watcher:
        if resume is not None:
            run = resume_run(resume, watcher=watcher)
        else:
            run = train(
                str(data),
                model=model,
                output=output,
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
                tensorboard=tensorboard,
                watcher=watcher,
            )
    result = summary(run)
    if as_json:
        print_json(result)
    else:
        print_text(describe(result))


def check_resumed(context: typer.Context) -> None:
    """Refuses what a run that goes on does not take: all was decided when it began.

    Raises:
        UsageError: If an option is given besides.
    """
    given = []
    for option in context.command.params:
        source = context.get_parameter_source(str(option.name))
        if option.name not in ALWAYS and source is not None and source.name != "DEFAULT":
            given.append(max(option.opts, key=len))
    if given:
        raise UsageError(
            f"--resume goes on with what was decided when the run began; it does not take {', '.join(given)}"
        )


def summary(run: Run) -> dict[str, Any]:
    """What the command prints, as JSON types."""
    headline = {
        split: {
            key: figures[key]
            for key in (
                *("accuracy", "accuracy_interval", "balanced_accuracy", "f1_macro", "count", "log_loss"),
                *("expected_calibration_error", "expected_calibration_error_uncalibrated"),
            )
        }
        for split, figures in run.metrics.items()
    }
    split = next((name for name in ("test", "val") if name in headline), None)
    return {
        "run": str(run.folder),
        "report": str(run.report),
        "model": run.contract.architecture.model,
        "accuracy": headline[split]["accuracy"] if split else None,
        "split": split,
        "metrics": headline,
        "calibration": dict(run.contract.calibration),
        "findings": [finding.to_dict() for finding in run.findings],
    }


def describe(result: dict[str, Any]) -> str:
    """The same for people."""
    lines = []
    if result["split"]:
        figures = result["metrics"][result["split"]]
        low, high = figures["accuracy_interval"]
        lines.append(
            f"accuracy  {figures['accuracy']:.2%} on {figures['count']:,} pictures of {result['split']} "
            f"(95 % interval {low:.1%} to {high:.1%})"
        )
        if abs(figures["balanced_accuracy"] - figures["accuracy"]) > 1e-9:  # they are the same where classes are even
            lines.append(
                f"by class  {figures['balanced_accuracy']:.2%} balanced accuracy (the mean recall of the classes), "
                f"macro F1 {figures['f1_macro']:.3f}"
            )
        if "calibration" in result:
            lines.append(f"sureness  {describe_calibration(result['calibration'], figures)}")
    lines += [
        f"run       {result['run']}",
        f"report    {result['report']}",
        f"predict   striate predict {shlex.quote(result['run'])} PICTURE.jpg",
    ]
    return "\n".join(lines)


def describe_calibration(calibration: dict[str, Any], figures: dict[str, Any]) -> str:
    """How far the probabilities are from the share of right answers, and what was done about it."""
    error = f"calibration error {percent(figures['expected_calibration_error'], space='')}"
    if not calibration["pictures"]:
        return f"{error}; no temperature was fitted: too few validation pictures"
    before = percent(figures["expected_calibration_error_uncalibrated"], space="")
    return f"{error}, {before} without the temperature {calibration['temperature']:g} (of {calibration['pictures']:,} validation pictures)"
