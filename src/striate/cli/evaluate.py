"""Measure a classifier on labelled pictures that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Decoding, Quiet, Root

WORSE = 4
"""The exit code of a release gate that does not open."""


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    data: Annotated[
        str, typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name.")
    ],
    split: Annotated[
        str | None, typer.Option(help="train, val or test. Default: test, else val, else everything.")
    ] = None,
    root: Root = None,
    predictions: Annotated[Path | None, typer.Option(help="Write a row a picture to this CSV file.")] = None,
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="Measure on pictures that it was trained on, too.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option(help="Another run or bundle: exit code 4 if this one is worse, by a paired test.")
    ] = None,
    decoding: Decoding = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, evaluates, shows the scores."""
    from striate.api.evaluate import evaluate, write_predictions
    from striate.cli.console import ConsoleWatcher, show
    from striate.durable_writing import check_writable
    from striate.watching import tell

    if predictions is not None:
        check_writable(predictions)
    with ConsoleWatcher(quiet=quiet) as watcher:
        evaluation = evaluate(
            bundle,
            data,
            split=split,
            root=root,
            include_seen=include_seen,
            against=against,
            decoding=decoding,
            watcher=watcher,
        )
        tell(evaluation.findings, watcher)
    if predictions is not None:
        write_predictions(evaluation, predictions)
    show(evaluation, as_json=as_json)
    if evaluation.compared is not None and evaluation.compared.verdict == "worse":
        raise typer.Exit(WORSE)
    if evaluation.problems:
        raise typer.Exit(3)
