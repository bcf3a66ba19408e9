"""Slide a hand-made kernel over a picture and write what it answers as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson
from striate.cli.output import print_json
from striate.printable_text import printable
from striate.row_writing import json_text


def command(
    picture: Annotated[Path | None, typer.Argument(help="A picture file.")] = None,
    kernel: Annotated[str | None, typer.Option("--kernel", "-k", help="Its name; --list shows them.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture to write: .png, .jpg, .webp, .bmp or .tif.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Show the kernels, and end.")] = False,
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Black where nothing changes, bright where something does.")
    ] = False,
    signed: Annotated[
        bool, typer.Option("--signed", help="Mid-grey where nothing changes, so that the sign shows.")
    ] = False,
    contrast: Annotated[float, typer.Option(help="For edges: 1 clips nothing, 4 shows those of photographs.")] = 4.0,
    grey: Annotated[bool, typer.Option("--grey", help="Make the picture grey first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Parses, filters, says what was written."""
    from striate.cli.console import print_result, print_text

    if list_them:
        print_result(show_kernels(as_json=True)) if as_json else print_text(show_kernels(as_json=False))
        return
    if picture is None or kernel is None or output is None:
        raise typer.BadParameter("give PICTURE, --kernel NAME and --output FILE; or --list")
    if absolute and signed:
        raise typer.BadParameter("give --absolute or --signed, not both")

    from striate.api.filter_picture import check_output, filter_picture, natural_mapping, write_picture

    mapping = "absolute" if absolute else "signed" if signed else natural_mapping(kernel)
    check_output(output, picture=picture)
    pixels = filter_picture(picture, kernel, mapping=mapping, contrast=contrast, grey=grey)
    write_picture(pixels, output)
    height, width, channels = pixels.shape
    if as_json:
        result = {"output": str(output), "picture": str(picture), "kernel": kernel, "mapping": mapping}
        print_json(result | {"width": width, "height": height, "channels": channels})
    else:
        kind = "colour" if channels == 3 else "grey"
        print_text(f"{printable(str(output))}  {width}x{height}, {kind}, {kernel}, {mapping}")


def show_kernels(*, as_json: bool) -> str:
    """All kernels: for people with their weights as they lie on the picture, or as JSON."""
    from striate.nn import list_kernels, named_kernel

    kernels = [named_kernel(name) for name in list_kernels()]
    if as_json:
        rows = [
            {"name": row.name, "rows": row.rows, "divisor": row.divisor, "what": row.what, "source": row.source}
            for row in kernels
        ]
        return json_text(rows)
    blocks = []
    for row in kernels:
        cell = max(len(str(weight)) for weights in row.rows for weight in weights)
        lines = ["  " + " ".join(f"{weight:>{cell}}" for weight in weights) for weights in row.rows]
        if row.divisor != 1:
            lines[len(lines) // 2] += f"  / {row.divisor}"
        blocks.append("\n".join([f"{row.name}: {row.what}", *lines, f"  {row.source}"]))
    return "\n\n".join(blocks)
