"""Write a classifier as a file for other programs: ONNX, OpenVINO or torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Quiet, Root
from striate.cli.output import print_json

if TYPE_CHECKING:
    from striate.api.export import Export


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
    from striate.cli.console import ConsoleWatcher, print_text

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
    if as_json:
        print_json(result.to_dict())
    else:
        print_text(describe(result))


def describe(result: Export) -> str:
    """What was written, what it takes and answers, and how it compares, for people."""
    agreement = result.agreement
    sizes = ", ".join(f"{path} ({path.stat().st_size / 1e6:,.1f} MB)" for path in result.files)
    form = {"onnx": f"ONNX, opset {result.opset}", "openvino": "OpenVINO IR", "torch_export": "torch.export program"}
    return "\n".join(
        [
            f"written     {sizes}",
            f"format      {form[result.file_format]}, fp32",
            f"takes       images: {result.metadata['input']}",
            "answers     logits (batch, classes), features (batch, d); "
            f"probabilities are softmax(logits / {float(result.metadata['temperature']):g})",
            f"labels      the network's own on {agreement.same_label:,} of {agreement.pictures:,} pictures, {agreement.pictures_from}",
            f"difference  logits {agreement.logits_difference:.1e} of their range, features {agreement.features_difference:.1e}, "
            f"canaries {agreement.canaries_difference:.1e}; allowed {agreement.tolerance:.0e}",
        ]
    )
