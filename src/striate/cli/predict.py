"""Say what is on pictures: files, folders, globs, or - for a list of paths on stdin."""

from __future__ import annotations

import csv
import json
import sys
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.text import printable, screen_width
from striate.errors import UsageError
from striate.text_layout import wrapped
from striate.wording import probability

if TYPE_CHECKING:
    from striate.runtime import Prediction


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
    from striate.cli.picture_arguments import check_globs, expand
    from striate.runtime import load_classifier

    if as_json and output_format is Format.CSV:
        raise UsageError("--json is --format jsonl; it excludes --format csv")
    check_globs(pictures)
    classifier = load_classifier(bundle, engine=engine, precision=precision, device=device)
    if verbose:
        typer.echo(f"{classifier!r}; canaries differ by {classifier.canary_difference:.1e} of the range", err=True)
        for name, terms in classifier.contract.precisions.items():
            measured = (
                f"{terms.agreement:.2%} on {terms.pictures:,} pictures"
                if terms.agreement is not None
                else "not measured"
            )
            if terms.speed is not None:
                measured += f", {terms.speed:.1f} times as fast as fp32"
            typer.echo(f"{name}: agreement {measured}; canaries may differ by {terms.tolerance:.1e}", err=True)
    output_format = Format.JSONL if as_json else output_format
    if output_format is Format.CSV:
        sys.stdout.write(csv_header(min(top, len(classifier.classes))))
    errors = count = 0
    for row in classifier.stream(expand(pictures), top=top):
        sys.stdout.write(show(row, output_format, min(top, len(classifier.classes))))
        count += 1
        errors += row.error is not None
    sys.stdout.flush()
    if count == 0:
        raise UsageError(f"no pictures found in {', '.join(pictures)}")
    if errors:
        typer.echo(f"striate: {errors} of {count} pictures could not be read", err=True)
        raise typer.Exit(3)


def csv_header(top: int) -> str:
    """The first line of CSV output."""
    columns = [f"{what}_{rank}" for rank in range(1, top + 1) for what in ("label", "probability")]
    return csv_line(["path", "label", "probability", "error", *columns])


def show(row: Prediction, output_format: Format, top: int) -> str:
    """A row of output, with its line end."""
    if output_format is Format.JSONL:
        return json.dumps(row.to_dict(), ensure_ascii=False) + "\n"
    rounded = "" if row.probability is None else f"{row.probability:.6f}"
    if output_format is Format.CSV:
        ranked = [text for label, value in row.top for text in (label, f"{value:.6f}")]
        ranked += [""] * (2 * top - len(ranked))
        return csv_line([row.path, row.label or "", rounded, row.error or "", *ranked])
    if row.error is not None:
        return _lines(f"{printable(row.path)}  error: {printable(row.error)}")
    others = ", ".join(
        f"{printable(label)} {probability(value, space='')}" for label, value in row.top[1:] if value >= 0.0005
    )
    line = f"{printable(row.path)}  {printable(row.label or '')}  {probability(row.probability or 0.0, space='')}"
    return _lines(line + (f"  ({others})" if others else ""))


def _lines(text: str) -> str:
    """A row for people; on a screen no word is cut at the end of a line."""
    return "\n".join(wrapped(text, screen_width())) + "\n"


def csv_line(fields: list[str]) -> str:
    """One line of CSV."""
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    return buffer.getvalue()
