"""List the networks of the catalogue."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False) -> None:
    """Shows a row a network."""
    from striate.cli.console import print_result

    rows = catalogue()
    if as_json:
        print_result(json.dumps(rows, ensure_ascii=False))
        return
    width = max(len(row["name"]) for row in rows)
    lines = [f"{'name':<{width}}  parameters  input        year  paper"]
    for row in rows:
        height, side = row["input_size"]
        shape = f"{row['in_channels']}x{height}x{side}"
        lines.append(f"{row['name']:<{width}}  {row['parameters']:>10,}  {shape:<11}  {row['year']}  {row['paper']}")
    print_result("\n".join(lines))


def catalogue() -> list[dict[str, Any]]:
    """What is known of every network, as JSON types."""
    import torch

    from striate.models import create_model, list_models, model_row

    rows = []
    for name in list_models():
        row = model_row(name)
        with torch.device("meta"):
            network = create_model(name, auxiliary=False)
        rows.append(
            {
                "name": name,
                "parameters": sum(parameter.numel() for parameter in network.parameters()),
                "num_classes": row.num_classes,
                "in_channels": row.in_channels,
                "input_size": list(row.input_size),
                "year": row.year,
                "paper": row.paper,
            }
        )
    return rows
