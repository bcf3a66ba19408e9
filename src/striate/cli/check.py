"""Look at every picture of DATA: what it holds, how it would be split, and what cannot be used."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from striate.cli.options import AsJson, Quiet, Root
from striate.cli.output import print_json


def command(
    data: Annotated[
        str, typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name.")
    ],
    root: Root = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split, where the data has none.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Parses, checks, shows what was found."""
    from striate.cli.console import ConsoleWatcher, print_text
    from striate.data import assign_splits, check_pictures, load_data
    from striate.data.checking import of_narrow_range

    with ConsoleWatcher(quiet=quiet) as watcher:
        dataset = check_pictures(load_data(data, root=root), progress=watcher.task)
        dataset = assign_splits(dataset, seed=seed)
    facts = dataset.checked_facts
    result: dict[str, Any] = {
        "data": dataset.location,
        "pictures": len(dataset),
        "classes": list(dataset.classes),
        "counts": dataset.counts(),
        "width": [int(facts.widths.min()), int(facts.widths.max())],
        "height": [int(facts.heights.min()), int(facts.heights.max())],
        "colour_pictures": int(facts.colour.sum()),
        "narrow_range_pictures": len(of_narrow_range(dataset)),
        "ignored": dict(dataset.ignored),
        "problems": [dataclasses.asdict(problem) for problem in dataset.problems],
        "notes": list(dataset.notes),
    }
    if as_json:
        print_json(result)
    else:
        print_text(describe(result))
    if dataset.problems:
        raise typer.Exit(3)


def describe(result: dict[str, Any]) -> str:
    """What was found, for people."""
    from striate.cli.text import screen_width
    from striate.printable_text import printable
    from striate.text_layout import table

    low, high = result["width"]
    lines = [
        f"{result['pictures']:,} pictures of {len(result['classes'])} classes in {printable(result['data'])}",
        f"{low} to {high} pixels wide, {result['height'][0]} to {result['height'][1]} high; "
        f"{result['colour_pictures']:,} in colour",
        *(f"ignored: {count:,} {printable(kind)}" for kind, count in result["ignored"].items()),
        *map(printable, result["notes"]),
        "",
    ]
    splits = [split for split in ("train", "val", "test") if any(split in row for row in result["counts"].values())]
    rows = [
        (printable(name), *(f"{row.get(split, 0):,}" for split in splits)) for name, row in result["counts"].items()
    ]
    lines += table(("class", *splits), rows, width=screen_width())
    if result["problems"]:
        lines += ["", f"{len(result['problems'])} pictures cannot be used:"]
        lines += [f"  {printable(problem['key'])}: {printable(problem['reason'])}" for problem in result["problems"]]
    return "\n".join(lines)
