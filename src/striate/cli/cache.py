"""Show what Striate keeps in your cache folder, and how much of it; --clear removes it."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli.options import AsJson
from striate.cli.output import print_json


def command(
    kind: Annotated[
        str | None,
        typer.Argument(help="pixels, frozen, checks, compiled, weights, datasets or catalogue. Default: all of them."),
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove it; nothing is asked. All of it can be made or downloaded again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Parses, looks or clears, shows."""
    from striate.api.cache import cache_contents, clear_cache
    from striate.cli.console import print_result
    from striate.cli.text import screen_width

    if not clear:
        contents = cache_contents(kind)
        if as_json:
            print_json(contents.to_dict())
        else:
            print_result(contents.to_text(screen_width()))
        return
    cleared = clear_cache(kind)
    if as_json:
        print_json(cleared.to_dict())
    else:
        print_result(cleared.to_text(screen_width()))
    if cleared.failed:
        raise typer.Exit(3)
