"""List the networks of the catalogue: parameters, MACs, input, year, paper."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """Shows a row a network."""
    from striate.api.catalogue import catalogue
    from striate.cli.console import print_result

    rows = catalogue()
    if as_json:
        print_result(json.dumps(rows, ensure_ascii=False))
        return
    width = max(len(row["name"]) for row in rows)
    lines = [f"{'name':<{width}}   parameters            MACs  input        year  paper"]
    for row in rows:
        height, side = row["input_size"]
        shape = f"{row['in_channels']}x{height}x{side}"
        lines.append(
            f"{row['name']:<{width}}  {row['parameters']:>11,}  {row['macs']:>14,}  {shape:<11}  {row['year']}  {row['paper']}"
        )
    print_result("\n".join(lines))
