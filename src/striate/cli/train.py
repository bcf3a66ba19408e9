"""Train a network on labelled pictures, sentences or clips: DATA in, a run folder with a sealed classifier and a report out.

A first classifier is sealed at once, and better ones take its place until nothing promises more or the time limit is up; --quick trains
the first alone, and naming a network, epochs or a recipe trains exactly that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import (
    Abstain,
    AsJson,
    Augment,
    Balance,
    BatchSize,
    Classifier,
    Device,
    Epochs,
    Init,
    Mean,
    Metric,
    Model,
    Precision,
    Quiet,
    RecipeFile,
    Root,
    Seed,
    Size,
    Std,
    Task,
    TimeLimit,
    Transfer,
    Weights,
    read_numbers,
)
from striate.errors import Interrupted, UsageError

ALWAYS = ("data", "resume", "as_json", "quiet")
"""What goes with --resume."""


def command(
    context: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            help="A folder of class folders, a CSV file, a folder of IDX files, or a name such as digits. Of sentences: class "
            "folders of .txt files, a file a class with a sentence a line, or a CSV file text,label. Of clips: class folders of "
            "animated GIF files, or of folders of numbered frames."
        ),
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
    metric: Metric = None,
    abstain: Abstain = None,
    task: Task = None,
    classifier: Classifier = None,
    recipe: RecipeFile = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override one key: optimizer.learning_rate=0.1.")
    ] = None,
    root: Root = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard events too.")] = False,
    vectors: Annotated[
        Path | None, typer.Option(help="Of sentences: words' vectors to begin with, a word2vec or GloVe file.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Train the first classifier alone, and stop.")] = False,
    exclude: Annotated[
        Path | None, typer.Option(help="Leave out the pictures of this list, as check --fix-list writes it.")
    ] = None,
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
    from striate.cli.console import ConsoleWatcher, show
    from striate.runs.run import Run

    try:
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
                    metric=metric,
                    abstain=abstain,
                    task=task,
                    classifier=classifier,
                    recipe=recipe,
                    settings=settings or (),
                    root=root,
                    tensorboard=tensorboard,
                    vectors=vectors,
                    quick=quick,
                    exclude=exclude,
                    watcher=watcher,
                )
    except Interrupted as stopped:
        if stopped.kept is not None:  # the best so far is a result
            show(Run(stopped.kept), as_json=as_json)
        raise
    show(run, as_json=as_json)


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
