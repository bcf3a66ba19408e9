"""List the networks of the catalogue: parameters, MACs, input, year, paper."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli.output import print_json


def command(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """Shows a row a network."""
    from striate.api.models import catalogue
    from striate.cli.console import print_result
    from striate.cli.text import screen_width
    from striate.text_layout import table

    rows = catalogue()
    if as_json:
        print_json(rows)
        return
    cells = []
    for row in rows:
        height, side = row["input_size"]
        shape = f"{row['in_channels']}x{height}x{side}"
        cells.append((row["name"], f"{row['parameters']:,}", f"{row['macs']:,}", shape, f"{row['year']}", row["paper"]))
    heads = ("name", "parameters", "MACs", "input", "year", "paper")
    print_result("\n".join(table(heads, cells, left=("input", "paper"), width=screen_width())))
