"""Options that several commands have, said once, so that they mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str | None, typer.Option(help="The network; see `striate models`. Default: what suits the pictures.")]
Weights = Annotated[
    str | None,
    typer.Option(help="Start from the network's published weights, `imagenet`, or a .safetensors or .pth file."),
]
Mean = Annotated[
    str | None,
    typer.Option(help="What the weights subtract from 0..1 pixels: 0.5 or 0.485,0.456,0.406; above 1: from 0..255."),
]
Std = Annotated[str | None, typer.Option(help="What the weights divide by after that.")]
Transfer = Annotated[
    str | None,
    typer.Option(
        help="What learns, from trained weights: head, head:STAGE+STAGE (on those; the rest is cut off), stages:N (the last N), "
        "full, scratch, or auto. Default: auto, or full with --epochs."
    ),
]
Init = Annotated[
    str | None, typer.Option(help="How new weights are drawn: paper, he_normal, xavier_uniform... Default: paper.")
]
Augment = Annotated[
    str | None,
    typer.Option(
        help="none, light, standard, strong, one operation's name, or a .toml file; see `striate augment`. Default: standard."
    ),
]
Balance = Annotated[
    str | None,
    typer.Option(help="Uneven classes: loss weighs rare ones more, sampler shows them more often. Default: none."),
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training pictures.")]
TimeLimit = Annotated[str | None, typer.Option(help="All is over, sealed, within this: 90s, 10m, 1h30m.")]
Metric = Annotated[
    str | None,
    typer.Option(
        help="What classifiers are compared by where several are tried: accuracy, f1_macro, log_loss or balanced_accuracy "
        "(default: what suits the classes)."
    ),
]
Abstain = Annotated[
    str | None,
    typer.Option(
        help="Promise of new pictures: error=0.01 (at most so many answers wrong) or coverage=0.9 (at least so many answered), "
        "and unfamiliar=0.01 (no answer to what is unlike the training; at most so many like it are lost)."
    ),
]
Decoding = Annotated[
    str | None,
    typer.Option(
        help="How strings are read: greedy (each line's most probable path) or beam (its most probable string, with the next ones; "
        "slower). Default: greedy."
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        help="multi_label: pictures may have several labels, a picture in several class folders all of theirs; sequence: each says "
        "a string, which a table's column label may hold too. Default: what a table's columns say, else single_label."
    ),
]
Classifier = Annotated[
    str | None,
    typer.Option(help="sigmoid tells two classes apart by one number; softmax by one for each. Default: softmax."),
]
BatchSize = Annotated[str | None, typer.Option(help="Pictures a step; auto measures what fits and is fastest.")]
Size = Annotated[int | None, typer.Option(help="Side of the network's input in pixels.")]
Seed = Annotated[int, typer.Option(help="Decides everything random.")]
Precision = Annotated[str | None, typer.Option(help="fp32 or bf16. Default: the faster one here.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")]
RecipeFile = Annotated[Path | None, typer.Option(help="A TOML file that overrides the chosen recipe, or lenet5_1998.")]
Root = Annotated[Path | None, typer.Option(help="Where the local copy of mnist, fashion-mnist or cifar10 is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def read_numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Numbers separated by commas."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{option} needs numbers such as 0.5 or 0.485,0.456,0.406, got {text!r}") from error
