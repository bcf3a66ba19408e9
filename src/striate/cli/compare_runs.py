"""Compare two classifiers on the same pictures: better, worse, or not distinguishable, and the pictures whose answer flips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root


def command(
    candidate: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    reference: Annotated[Path, typer.Argument(help="Another one, that it is compared with.")],
    data: Annotated[
        str | None, typer.Argument(help="Labelled pictures. Default: what the first run was trained from.")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Draw the pictures whose answer flips to this .png, .jpg, .webp, .bmp or .tif."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="train, val or test. Default: test, else val, else everything.")
    ] = None,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, compares, shows the verdict."""
    from striate.api.compare_runs import compare_runs
    from striate.api.filter_picture import check_output, write_picture
    from striate.cli.console import ConsoleWatcher, show
    from striate.encodings import DEFAULT_KIND

    if sheet is not None:
        check_output(sheet)
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = compare_runs(candidate, reference, data, split=split, root=root, watcher=watcher)
        if sheet is not None and found.kind != DEFAULT_KIND:
            watcher.note("a sheet is of pictures; none is drawn of sentences")
            sheet = None
        if sheet is not None and not (found.lost or found.gained):
            watcher.note("the two have the same pictures right, so that there is nothing to show on a sheet")
    if sheet is not None and (found.lost or found.gained):
        write_picture(found.sheet(), sheet)
    show(found, as_json=as_json)
