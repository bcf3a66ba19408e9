"""Show what Striate keeps in your cache folder, and how much of it; --clear removes it."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli.options import AsJson


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
    from striate.cli.console import show

    if not clear:
        show(cache_contents(kind), as_json=as_json)
        return
    cleared = clear_cache(kind)
    show(cleared, as_json=as_json)
    if cleared.failed:
        raise typer.Exit(3)
