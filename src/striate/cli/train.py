"""Train a network on labelled pictures: DATA in, a run folder with a sealed classifier and a report out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from striate.api.run import Run


def command(
    data: Annotated[
        str | None,
        typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name such as digits."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The network; see `striate models`. Default: what suits the pictures.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run folder. Default: runs/DATA-MODEL.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run, exactly where it stopped.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Start from the network's published weights, `imagenet`, or a .safetensors or .pth file."),
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="What the weights subtract from 0..1 pixels: 0.5 or 0.485,0.456,0.406.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="What the weights divide by after that.")] = None,
    transfer: Annotated[
        str | None,
        typer.Option(
            help="What learns, from trained weights: head, stages:N (the last N), full, scratch, or auto. Default: auto."
        ),
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="How new weights are drawn: paper, he_normal, xavier_uniform... Default: paper.")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="none, light, standard, strong, or a .toml file; see `striate augment`. Default: standard."),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(help="Uneven classes: loss weighs rare ones more, sampler shows them more often. Default: none."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training pictures.")] = None,
    batch_size: Annotated[
        str | None, typer.Option(help="Pictures a step; auto measures what fits and is fastest.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the network's input in pixels.")] = None,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16. Default: the faster one here.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    time_limit: Annotated[str | None, typer.Option(help="All is over, sealed, within this: 10m, 1h30m.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="A TOML file that overrides the chosen recipe.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override one key: optimizer.learning_rate=0.1.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Where the local copy of mnist, fashion-mnist or cifar10 is.")
    ] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard events too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Parses, trains, shows the result."""
    if (data is None) == (resume is None):
        raise typer.BadParameter("give either DATA, or --resume RUN")
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.train import resume as resume_run
    from striate.api.train import train
    from striate.cli.console import ConsoleWatcher, print_result

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
    print_result(json.dumps(result, ensure_ascii=False) if as_json else describe(result))


def read_numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Numbers separated by commas."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{option} needs numbers such as 0.5 or 0.485,0.456,0.406, got {text!r}") from error


def summary(run: Run) -> dict[str, Any]:
    """What the command prints, as JSON types."""
    headline = {
        split: {
            key: figures[key]
            for key in ("accuracy", "accuracy_interval", "balanced_accuracy", "f1_macro", "count", "log_loss")
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
    lines += [
        f"run       {result['run']}",
        f"report    {result['report']}",
        f"predict   striate predict {result['run']} PICTURE.jpg",
    ]
    return "\n".join(lines)
