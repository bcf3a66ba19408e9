"""Make pictures of strings from real single digits, with a table of what they say: data to learn reading on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root


def command(
    source: Annotated[str, typer.Argument(help="digits (no download) or mnist (a local copy).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder, which must not exist.")],
    length: Annotated[str, typer.Option(help="Digits of a string: the fewest and the most, or one number.")] = "1-8",
    strings: Annotated[int, typer.Option(help="How many in all: 80 % train, 10 % val, 10 % test.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw the first strings to this .png, .jpg, .webp, .bmp or .tif.")
    ] = None,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, composes, says what was written."""
    from striate.api.compose import compose
    from striate.cli.console import ConsoleWatcher, show

    lengths = read_lengths(length)
    if sheet is not None:
        from striate.api.filter_picture import check_output

        check_output(sheet)
    with ConsoleWatcher(quiet=quiet) as watcher:
        made = compose(source, output, lengths=lengths, strings=strings, seed=seed, root=root, watcher=watcher)
    if sheet is not None:
        from striate.api.filter_picture import write_picture

        write_picture(made.sheet(), sheet)
    show(made, as_json=as_json)


def read_lengths(text: str) -> tuple[int, int]:
    """The fewest and the most signs: `"1-8"`, or `"5"` for both."""
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError as error:
        raise typer.BadParameter(f"--length takes 1-8, or one number, got {text!r}") from error
