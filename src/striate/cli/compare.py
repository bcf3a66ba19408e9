"""Show the figures of networks side by side, and how two differ layer by layer."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli.output import print_json


def command(
    models: Annotated[list[str], typer.Argument(help="Two or more: names of the catalogue, runs or bundles.")],
    input_size: Annotated[
        str | None, typer.Option(help="Height and width in pixels for all: 224, or 224x192. Default: each one's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
) -> None:
    """Parses, compares, shows."""
    from striate.api.inspect import compare
    from striate.cli.console import print_result
    from striate.cli.inspect import parse_size
    from striate.cli.text import screen_width
    from striate.errors import UsageError

    if as_json and markdown:
        raise UsageError("--json and --markdown exclude each other")
    comparison = compare(models, parse_size(input_size))
    if as_json:
        print_json(comparison.to_json())
    else:
        print_result(comparison.to_markdown() if markdown else comparison.to_text(width=screen_width()))
