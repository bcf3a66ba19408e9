"""Write a classifier as a file for other programs: ONNX, OpenVINO or torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write: .onnx, .xml or .pt2.")],
    file_format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="onnx, openvino or torch_export. Default: what the file's name ends in."),
    ] = None,
    with_preprocessing: Annotated[
        bool,
        typer.Option(
            "--with-preprocessing", help="Put resize, crop and normalisation in: it then takes decoded pictures."
        ),
    ] = False,
    data: Annotated[
        str | None, typer.Option(help="Compare on pictures of this data. Default: on 100 made from the canaries.")
    ] = None,
    root: Root = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, exports, shows what was written and how it compares."""
    from striate.api.export import export
    from striate.cli.console import ConsoleWatcher, show

    with ConsoleWatcher(quiet=quiet) as watcher:
        result = export(
            bundle,
            output,
            file_format=file_format,
            with_preprocessing=with_preprocessing,
            data=data,
            root=root,
            watcher=watcher,
        )
    show(result, as_json=as_json)
