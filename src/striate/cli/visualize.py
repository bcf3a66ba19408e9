"""See inside a network: what its units answer to in a picture, where its answer comes from, what it has learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.options import AsJson, Mean, Quiet, Size, Std, read_numbers
from striate.cli.output import print_json
from striate.cli.text import screen_width
from striate.printable_text import printable
from striate.row_writing import json_text
from striate.seeing.methods import ALL, check_method, names, needing, needs
from striate.text_layout import table

if TYPE_CHECKING:
    from striate.seeing.seen_network import LayerFacts

LIST = "list"
TOP = "top"


def command(
    model: Annotated[str, typer.Argument(help="A run, a bundle, or a name of the catalogue (see `striate models`).")],
    picture: Annotated[
        str | None,
        typer.Argument(
            metavar="[PICTURE|DATA]",
            help=f"A picture file; for {names(needing('data'))}: a folder of pictures, or other DATA. "
            "Of a bundle for sentences: a sentence, a .txt file with one a line, or - for the lines of stdin.",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", "-m", help=f"{ALL}, {names(last='or')}."),
    ] = ALL,
    layer: Annotated[
        str | None,
        typer.Option(
            "--layer",
            "-l",
            help="A stage, any module's path, or head; list shows the stages. Default: the deepest with places.",
        ),
    ] = None,
    unit: Annotated[str, typer.Option("--unit", "-u", help="A map, or map,row,column; top: the strongest maps.")] = TOP,
    target: Annotated[
        str | None,
        typer.Option(help="The class that is asked about: its name or number. Default: what the network answers."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture to write: .png, .jpg, .webp, .bmp or .tif.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that needs nothing else to this file.")] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Of a name of the catalogue: imagenet, or a .safetensors or .pth file. Default: random weights, which is said."
        ),
    ] = None,
    mean: Mean = None,
    std: Std = None,
    size: Size = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws random weights, and where maximize begins.")] = 0,
    check: Annotated[
        bool,
        typer.Option("--check", help="Print what testing the maps found; a map that fails is said to in any case."),
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, looks, says what was written."""
    from striate.cli.console import ConsoleWatcher, print_result, print_text
    from striate.durable_writing import check_writable, write_durably

    if layer == LIST:
        print_result(show_layers(model, size, as_json=as_json))
        return
    where = parse_unit(unit)
    check_method(method, layer=layer, unit=where, target=target)
    if picture is None and needs(method) != "nothing":
        raise typer.BadParameter(f"give a PICTURE (for {names(needing('data'))}: DATA); or --layer list")
    if output is None and html is None and not as_json and not check and not _reads_sentences(model):
        raise typer.BadParameter("give --output FILE, --html FILE, --check or --json")
    from striate.api.filter_picture import check_output, write_picture  # loads torch, unlike all above

    if output is not None:
        check_output(output, picture=picture)
    if html is not None:
        check_writable(html)
    means, deviations = read_numbers("--mean", mean), read_numbers("--std", std)
    from striate.api.visualize import visualize

    on_data = needs(method) == "data"
    with ConsoleWatcher(quiet=quiet) as watcher:
        result = visualize(
            model,
            None if on_data else _given(model, picture),
            data=picture if on_data else None,
            method=method,
            layer=layer,
            unit=where,
            target=target,
            weights=weights,
            mean=means,
            std=deviations,
            size=size,
            seed=seed,
            watcher=watcher,
        )
        for warning in () if result.report.sentences else result.warnings[len(result.seen.notes) :]:
            watcher.note(warning)  # those of sentences stand beside them
    if output is not None:
        write_picture(result.pixels, output)
    if html is not None:
        write_durably(html, result.to_html().encode())
    written = [str(path) for path in (output, html) if path is not None]
    if as_json:
        print_json({"written": written} | result.to_dict())
    else:
        lines = [result.to_text(width=screen_width())]
        if check and (found := result.checks_text(width=screen_width())):
            lines.append(found)
        lines += [f"written to {printable(path)}" for path in written]
        if written and html is None and not result.is_whole:
            lines.append("the picture is a choice of what was seen; --html FILE writes a page with everything")
        print_text("\n".join(lines))


def _reads_sentences(model: str) -> bool:
    """Whether it is a run or a bundle for sentences, of which what is seen is words: a screen can show these."""
    from striate.bundle import open_bundle
    from striate.text import SentenceEncoding

    return Path(model).is_dir() and open_bundle(model).contract.kind == SentenceEncoding.kind


def _given(model: str, argument: str | None) -> str | list[str] | None:
    """A picture's path as it is; for a bundle for sentences the sentences that the argument means."""
    if argument is None or not _reads_sentences(model):
        return argument
    from striate.text.arguments import check_arguments, expand_sentences

    check_arguments([argument])
    return list(expand_sentences([argument]))


def parse_unit(text: str) -> int | tuple[int, int, int] | None:
    """A map, or (map, row, column); None for the strongest.

    Raises:
        UsageError: It is none of these.

    Example:
        >>> parse_unit("7"), parse_unit("7,3,12"), parse_unit("top")
        (7, (7, 3, 12), None)
    """
    from striate.errors import UsageError

    if text == TOP:
        return None
    parts = text.split(",")
    if len(parts) not in (1, 3) or not all(part.strip().isdecimal() for part in parts):
        raise UsageError(
            f"--unit takes a map such as 7, a place such as 7,3,12 (map, row, column), or top; got {text!r}"
        )
    numbers = [int(part) for part in parts]
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1], numbers[2])


def show_layers(model: str, size: int | None, *, as_json: bool) -> str:
    """A network's stages: for people with what their units see, or as JSON."""
    from striate.seeing.seen_network import layers_of_model

    layers = layers_of_model(model, size=size)
    if as_json:
        return json_text([layer.to_dict() for layer in layers])
    heads = ("layer", "answers", "a unit sees", "units apart")
    return "\n".join(table(heads, [_row(layer) for layer in layers], left=heads, width=screen_width()))


def _row(layer: LayerFacts) -> tuple[str, str, str, str]:
    from striate.wording import plural

    if len(layer.shape) != 3:
        return layer.name, f"{layer.shape[0]:,} numbers", "everything", ""
    answers = f"{layer.shape[0]:,} maps of {layer.shape[1]} x {layer.shape[2]}"
    if layer.field is None:
        return layer.name, answers, "everything", ""
    sees = f"{layer.field.size[0]} x {layer.field.size[1]} pixels"
    return layer.name, answers, f"{sees}; all, by gates" if layer.whole else sees, plural(layer.field.jump[0], "pixel")
