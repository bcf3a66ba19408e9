"""Give a copy of a bundle a decision rule: when to abstain, which sets of classes to answer, what mistakes cost. Nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import Abstain, AsJson, Quiet, Root


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    data: Annotated[str, typer.Argument(help="The data it was trained on, with its validation pictures.")],
    abstain: Abstain = None,
    conformal: Annotated[
        float | None, typer.Option(help="Answer sets of classes that have the true one so often: 0.95.")
    ] = None,
    by_class: Annotated[
        bool, typer.Option("--by-class", help="Conformal sets that hold for each class by itself.")
    ] = False,
    costs: Annotated[
        Path | None,
        typer.Option(help="A CSV table of what an answer costs: a row a true class, a column an answer, or abstain."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The new bundle. Default: the name with -calibrated.")
    ] = None,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, chooses thresholds, shows what is promised."""
    from striate.api.calibrate import calibrate
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = calibrate(
            bundle,
            data,
            abstain=abstain,
            conformal=conformal,
            by_class=by_class,
            costs=costs,
            output=output,
            root=root,
            watcher=watcher,
        )
    show(result, as_json=as_json)
