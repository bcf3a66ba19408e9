"""Show what a network is: layers, shapes, parameters with their arithmetic, MACs, memory, receptive fields; or its signal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.output import print_json


def command(
    model: Annotated[str, typer.Argument(help="A name of the catalogue (see `striate models`), a run or a bundle.")],
    input_size: Annotated[
        str | None, typer.Option(help="Height and width in pixels: 224, or 224x192. Default: the network's own.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="Fold blocks, so that a layer's name has at most this many parts.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures in a batch, for the memory.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown tables.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with the network drawn to this file.")] = None,
    effective: Annotated[
        Path | None, typer.Option(help="Measure the effective receptive field and draw it to this PNG file.")
    ] = None,
    signal: Annotated[
        bool,
        typer.Option(
            "--signal", help="Measure activations, gradients and dead ReLUs before training, and say if it will train."
        ),
    ] = False,
    scheme: Annotated[
        list[str] | None,
        typer.Option(
            help="How to draw the weights, with --signal; may be given again: paper, he_normal, xavier_uniform, "
            "lecun_uniform:gain=0.5, ... Default: these four (without the gain); of a run or bundle, as they are."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Pictures for --signal: DATA as `striate train` takes it. Default: random ones.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the signal to this PNG file, with --signal.")] = None,
    pictures: Annotated[
        int | None, typer.Option(min=1, help="Pictures to measure on: 8 with --effective, 16 with --signal.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws weights and pictures, with --effective and --signal.")] = 0,
) -> None:
    """Parses, inspects, shows."""
    from striate.api.inspect import inspect, measure_effective_field
    from striate.cli.console import print_result, print_text
    from striate.cli.text import screen_width
    from striate.durable_writing import check_writable, write_durably
    from striate.errors import UsageError

    if as_json and markdown:
        raise UsageError("--json and --markdown exclude each other")
    if signal and effective is not None:
        raise UsageError("--signal and --effective exclude each other")
    if not signal and (scheme or data or plot):
        raise UsageError("--scheme, --data and --plot go with --signal")
    if pictures is not None and not signal and effective is None:
        raise UsageError("--pictures goes with --signal or --effective")
    for path, endings in ((html, ()), (plot, (".png",)), (effective, (".png",))):
        if path is not None:
            check_writable(path, endings=endings)
    size = parse_size(input_size)
    if signal:
        show_signal(
            model, scheme, data, size, pictures or 16, seed, as_json=as_json, markdown=markdown, html=html, plot=plot
        )
        return
    if effective is not None:
        field = measure_effective_field(model, size, pictures=pictures or 8, seed=seed)
        write_durably(effective, field.picture())
        if as_json:
            print_json(field.to_json())
        else:
            print_text(f"{field.to_text(width=screen_width())}\nwritten to {effective}")
        return
    inspection = inspect(model, size)
    if html is not None:
        write_durably(html, inspection.to_html(batch_size=batch_size, depth=depth).encode())
    if as_json:
        print_json(inspection.to_json(batch_size=batch_size, depth=depth))
    elif markdown:
        print_result(inspection.to_markdown(batch_size=batch_size, depth=depth))
    elif html is not None:
        print_text(f"written to {html}")
    else:
        print_result(inspection.to_text(batch_size=batch_size, depth=depth, width=screen_width()))


def show_signal(
    model: str,
    schemes: list[str] | None,
    data: str | None,
    size: tuple[int, int] | None,
    pictures: int,
    seed: int,
    *,
    as_json: bool,
    markdown: bool,
    html: Path | None,
    plot: Path | None,
) -> None:
    """Measures the signal, and shows it."""
    from striate.api.signal import measure_signal
    from striate.cli.console import ConsoleWatcher, print_result, print_text
    from striate.cli.text import screen_width
    from striate.durable_writing import write_durably

    with ConsoleWatcher() as watcher:
        report = measure_signal(
            model, schemes, data=data, input_size=size, pictures=pictures, seed=seed, watcher=watcher
        )
    if html is not None:
        write_durably(html, report.to_html().encode())
    if plot is not None:
        write_durably(plot, report.picture())
    if as_json:
        print_json(report.to_json())
    elif markdown:
        print_result(report.to_markdown())
    elif html is None and plot is None:
        print_result(report.to_text(width=screen_width()))
    else:
        written = [f"written to {path}" for path in (html, plot) if path is not None]
        print_text("\n".join([*report.verdicts(), *written]))


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Height and width from `224` or `224x192`.

    Raises:
        UsageError: It is neither.

    Example:
        >>> parse_size("224"), parse_size("224x192")
        ((224, 224), (224, 192))
    """
    from striate.errors import UsageError

    if text is None:
        return None
    parts = text.lower().replace(",", "x").replace(" ", "x").split("x")
    if len(parts) not in (1, 2) or not all(part.isdecimal() and int(part) for part in parts):
        raise UsageError(f"--input-size takes a height and a width such as 224 or 224x192, got {text!r}")
    return int(parts[0]), int(parts[-1])
