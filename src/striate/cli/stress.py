"""Show a classifier's limits: how accuracy falls with light, angle, distance, noise, blur and the like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    data: Annotated[
        str, typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name.")
    ],
    html: Annotated[Path | None, typer.Option(help="Write the card as a page to this file.")] = None,
    against: Annotated[Path | None, typer.Option(help="Another run or bundle, on the same pictures.")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="A shift or a group: lighting, angle, viewpoint, distance, camera, keeping, covering, corruption."
        ),
    ] = None,
    corruptions: Annotated[bool, typer.Option(help="ImageNet-C's fifteen corruptions too.")] = True,
    pictures: Annotated[int, typer.Option(help="About how many at most; of each class at least one.")] = 300,
    split: Annotated[
        str | None, typer.Option(help="train, val or test. Default: test, else val, else everything.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides which pictures, and everything random.")] = 0,
    root: Root = None,
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="Measure on pictures that it was trained on, too.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, measures, shows the limits."""
    from striate.api.stress import stress
    from striate.cli.console import ConsoleWatcher, show
    from striate.durable_writing import check_writable, write_durably

    if html is not None:
        check_writable(html)
    with ConsoleWatcher(quiet=quiet) as watcher:
        card = stress(
            bundle,
            data,
            against=against,
            only=only,
            corruptions=corruptions,
            pictures=pictures,
            split=split,
            seed=seed,
            root=root,
            include_seen=include_seen,
            watcher=watcher,
        )
    if html is not None:
        write_durably(html, card.to_html().encode())
    show(card, as_json=as_json)
