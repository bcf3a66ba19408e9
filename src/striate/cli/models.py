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

    found = catalogue()
    if as_json:
        print_json(found.to_dict()["networks"])
    else:
        print_result(found.to_text(width=screen_width()))
