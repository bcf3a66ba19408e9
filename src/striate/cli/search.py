"""Find the pictures of a folder that are most like one, by what a network sees in them, and its near duplicates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    folder: Annotated[Path, typer.Argument(help="Where to look, at any depth.")],
    query: Annotated[
        list[str],
        typer.Option(help="The picture to search by; a file, a folder or a glob. May be given several times."),
    ],
    top: Annotated[int, typer.Option(min=1, help="How many of each.")] = 10,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw what was found to this .png, .jpg, .webp, .bmp or .tif.")
    ] = None,
    index: Annotated[
        Path | None, typer.Option(help="The file (.npz) that keeps the index. Default: one in your cache folder.")
    ] = None,
    engine: Annotated[str, typer.Option(help="openvino, torch, or an exported .onnx file.")] = "openvino",
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16, fp16 or int8.")] = "fp32",
    device: Annotated[str, typer.Option(help="For torch: cpu, cuda or cuda:1.")] = "cpu",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, searches, shows what was found."""
    from striate.api.search import search
    from striate.cli.console import ConsoleWatcher, show
    from striate.cli.text import tell
    from striate.durable_writing import check_writable

    if sheet is not None:
        from striate.api.filter_picture import check_output

        check_output(sheet)
    if index is not None:
        check_writable(index, endings=[".npz"])
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = search(
            bundle,
            folder,
            query,
            top=top,
            index=index,
            engine=engine,
            precision=precision,
            device=device,
            watcher=watcher,
        )
    if sheet is not None:
        from striate.api.filter_picture import write_picture

        write_picture(found.sheet(), sheet)
    show(found, as_json=as_json)
    if found.errors:
        for path, reason in found.errors[:10]:
            tell(f"{path}: {reason}")
        more = f", {len(found.errors) - 10:,} of them not shown" if len(found.errors) > 10 else ""
        tell(f"striate: {len(found.errors):,} of the pictures in {folder} could not be read{more}")
        raise typer.Exit(3)
