"""Look for what is wrong with the pictures, labels and folders of DATA, at what it holds, and how it would be split.

Exit code 3: pictures or labels are at fault; what is only worth a look are notes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root, Task


def command(
    data: Annotated[
        str, typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name.")
    ],
    html: Annotated[Path | None, typer.Option(help="Write the findings as a page with pictures to this file.")] = None,
    fixes: Annotated[
        Path | None,
        typer.Option("--fix-list", help="Write a CSV of what to do about each picture, for train --exclude."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Judge the labels by trained weights: imagenet (downloaded once), a .safetensors or .pth file, or a run or bundle."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The network whose weights they are; a file says it itself.")
    ] = None,
    root: Root = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split, where the data has none.")] = 0,
    task: Task = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, checks, shows what was found."""
    from striate.api.check import check
    from striate.cli.console import ConsoleWatcher, show
    from striate.durable_writing import check_writable, write_durably
    from striate.errors import UsageError

    for file in (html, fixes):
        if file is not None:
            check_writable(file)
    if html is not None and fixes is not None and html.resolve() == fixes.resolve():
        raise UsageError(f"--html and --fix-list both name {html}; give each a file of its own")
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = check(data, weights=weights, model=model, root=root, seed=seed, task=task, watcher=watcher)
    if html is not None:
        write_durably(html, found.to_html().encode())
    if fixes is not None:
        write_durably(fixes, found.fix_list())
    show(found, as_json=as_json)
    if found.at_fault:
        raise typer.Exit(3)
