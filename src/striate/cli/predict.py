"""Say what is on pictures: files, folders, globs, or - for a list of paths on stdin."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.output import write_row
from striate.cli.text import screen_width, tell
from striate.errors import UsageError
from striate.row_writing import FilePath, csv_line, json_line

if TYPE_CHECKING:
    from striate.tasks import Prediction


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    pictures: Annotated[list[str], typer.Argument(help="Files, folders, globs; - reads paths from stdin, one a line.")],
    output_format: Annotated[
        Format, typer.Option("--format", "-f", metavar="FORMAT", help="How rows are written: table, csv or jsonl.")
    ] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Classes a row names at most.")] = 5,
    engine: Annotated[str, typer.Option(help="openvino, torch, or an exported .onnx file.")] = "openvino",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16, fp16 or int8. auto: the fastest that agrees with fp32.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="For torch: cpu, cuda or cuda:1.")] = "cpu",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say which engine runs, on stderr.")] = False,
) -> None:
    """Parses, predicts, writes a row a picture as it comes."""
    from striate.api.load import load
    from striate.api.predict import predict

    if as_json and output_format is Format.CSV:
        raise UsageError("--json is --format jsonl; it excludes --format csv")
    classifier = load(bundle, engine=engine, precision=precision, device=device)
    rows = predict(classifier, pictures, top=top)  # refuses what means nothing, before anything is written
    if verbose:
        tell(f"{classifier!r}; canaries differ by {classifier.canary_difference:.1e} of the range")
        for name, terms in classifier.contract.precisions.items():
            measured = (
                f"{terms.agreement:.2%} on {terms.pictures:,} pictures"
                if terms.agreement is not None
                else "not measured"
            )
            if terms.speed is not None:
                measured += f", {terms.speed:.1f} times as fast as fp32"
            tell(f"{name}: agreement {measured}; canaries may differ by {terms.tolerance:.1e}")
    output_format = Format.JSONL if as_json else output_format
    columns = min(top, len(classifier.classes))
    if output_format is Format.CSV:
        write_row(csv_header(columns))
    errors = count = 0
    for row in rows:
        if output_format is Format.TABLE:
            sys.stdout.write(row.to_text(width=screen_width()) + "\n")
        else:
            write_row(csv_row(row, columns) if output_format is Format.CSV else json_line(row.to_dict()))
        count += 1
        errors += row.error is not None
    sys.stdout.flush()
    if count == 0:
        raise UsageError(f"no {classifier.kind.plural} found in {', '.join(pictures)}")
    if errors:
        tell(f"striate: {errors} of {count} {classifier.kind.plural} could not be read")
        raise typer.Exit(3)


def csv_header(top: int) -> bytes:
    """The first line of CSV output."""
    columns = [f"{what}_{rank}" for rank in range(1, top + 1) for what in ("label", "probability")]
    return csv_line(["path", "label", "probability", "error", *columns])


def csv_row(row: Prediction, top: int) -> bytes:
    """A line of CSV."""
    rounded = "" if row.probability is None else f"{row.probability:.6f}"
    ranked = [text for label, value in row.top for text in (label, f"{value:.6f}")]
    ranked += [""] * (2 * top - len(ranked))
    return csv_line([FilePath(row.path), row.label or "", rounded, row.error or "", *ranked])
