"""Show what Striate keeps in your cache folder, and how much of it; --clear removes it."""

from __future__ import annotations

import json
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
    from striate.cli.console import print_result
    from striate.cli.text import screen_width

    if not clear:
        contents = cache_contents(kind)
        print_result(
            json.dumps(contents.to_dict(), ensure_ascii=False) if as_json else contents.to_text(screen_width())
        )
        return
    cleared = clear_cache(kind)
    print_result(json.dumps(cleared.to_dict(), ensure_ascii=False) if as_json else cleared.to_text(screen_width()))
    if cleared.failed:
        raise typer.Exit(3)
