"""Say what is on pictures: files, folders, globs, or - for a list of paths on stdin.

Of a bundle for sentences: what is said. An argument is a sentence, a .txt file with a sentence a line, a .csv file with a column text,
or - for the lines of stdin, each a sentence. Of a bundle for clips: GIF files, folders of numbered frames, and folders that hold them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import Decoding
from striate.cli.output import print_json, write_row
from striate.cli.text import screen_width, tell
from striate.errors import UsageError

if TYPE_CHECKING:
    from striate.runtime import Classifier

REPORTED = 10.0
"""Seconds between two reports of how many rows a file has."""


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"


def command(
    bundle: Annotated[Path, typer.Argument(help="A run or a bundle.")],
    pictures: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders, globs; - reads paths from stdin, one a line. Of a bundle for sentences: sentences, .txt files "
            "with a sentence a line, .csv files with a column text; - reads sentences from stdin, one a line. Of a bundle for clips: "
            "GIF files, and folders of frames."
        ),
    ],
    output_format: Annotated[
        Format | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT", help="How rows are written: table, csv or jsonl. Default: table."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as --format jsonl; with --output, what was written, as JSON.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the rows to a file instead: .csv or .jsonl."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the file of --output, if there is one.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Classes a row names at most.")] = 5,
    engine: Annotated[str, typer.Option(help="openvino, torch, or an exported .onnx file.")] = "openvino",
    precision: Annotated[
        str, typer.Option(help="auto, fp32, bf16, fp16 or int8. auto: the fastest that agrees with fp32.")
    ] = "auto",
    device: Annotated[str, typer.Option(help="For torch: cpu, cuda or cuda:1.")] = "cpu",
    decoding: Decoding = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say which engine runs, on stderr.")] = False,
) -> None:
    """Parses, predicts, writes a row a picture as it comes."""
    from striate.api.load import load
    from striate.api.predict import predict, predict_to_file
    from striate.runtime import check_place
    from striate.runtime.prediction_rows import csv_header, csv_row, further_columns, json_row

    check_options(output_format, as_json=as_json, output=output, resume=resume)
    if output is not None:
        check_place(output, resume=resume)
    classifier = load(bundle, engine=engine, precision=precision, device=device, decoding=decoding)
    if verbose:
        describe(classifier)
    if output is not None:
        written = predict_to_file(
            classifier, pictures, output, resume=resume, top=top, device=device, progress=reported_rows(output)
        )
        if as_json:
            print_json(written.to_dict())
        else:
            sys.stdout.write(written.to_text(width=screen_width()) + "\n")
        if written.unreadable:
            raise typer.Exit(3)
        return
    rows = predict(classifier, pictures, top=top)  # refuses what means nothing, before anything is written
    output_format = Format.JSONL if as_json else output_format or Format.TABLE
    columns = classifier.task.alternatives(classifier.classes, top)
    further = further_columns(classifier.contract.rule)
    if output_format is Format.CSV:
        write_row(csv_header(columns, further, column=classifier.task.column))
    errors = count = 0
    tally = None if classifier.kind.tally is None else classifier.kind.tally(classifier.contract.preprocessing)
    for row in rows:
        if tally is not None:
            tally.add(row.path)
        if output_format is Format.TABLE:
            sys.stdout.write(row.to_text(width=screen_width()) + "\n")
        else:
            write_row(csv_row(row, columns, further) if output_format is Format.CSV else json_row(row))
        count += 1
        errors += row.error is not None
    sys.stdout.flush()
    if count == 0:
        raise UsageError(f"no {classifier.kind.plural} found in {', '.join(pictures)}")
    for remark in () if tally is None else tally.remarks():
        tell(f"note: {remark}")
    if errors:
        tell(f"striate: {errors} of {count} {classifier.kind.plural} could not be read")
        raise typer.Exit(3)


def check_options(output_format: Format | None, *, as_json: bool, output: Path | None, resume: bool) -> None:
    """Refuses options that exclude one another.

    Raises:
        UsageError: If they do.
    """
    if output is None:
        if resume:
            raise UsageError("--resume goes on with a file; name it by --output FILE")
        if as_json and output_format is Format.CSV:
            raise UsageError("--json is --format jsonl; it excludes --format csv")
    elif output_format is not None and output.suffix.lower() != f".{output_format}":
        raise UsageError(f"--format {output_format} excludes --output {output}, whose ending says how rows are written")


def describe(classifier: Classifier) -> None:
    """Says on stderr which engine runs, and what was measured of each number format."""
    tell(f"{classifier!r}; canaries differ by {classifier.canary_difference:.1e} of the range")
    for name, terms in classifier.contract.precisions.items():
        measured = (
            f"{terms.agreement:.2%} on {terms.pictures:,} pictures" if terms.agreement is not None else "not measured"
        )
        if terms.speed is not None:
            measured += f", {terms.speed:.1f} times as fast as fp32"
        tell(f"{name}: agreement {measured}; canaries may differ by {terms.tolerance:.1e}")


def reported_rows(output: Path) -> Callable[[int], None]:
    """What says on stderr from time to time how many rows a file has."""
    said = time.monotonic()

    def report(rows: int) -> None:
        nonlocal said
        if time.monotonic() - said >= REPORTED:
            said = time.monotonic()
            tell(f"{output}: {rows:,} rows")

    return report
