"""Show what a policy makes of training pictures: originals beside draws, with what was drawn under each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.output import print_json
from striate.printable_text import printable
from striate.row_writing import json_text


def command(
    data: Annotated[
        str | None,
        typer.Argument(help="A folder of class folders, a CSV file, a folder of IDX files, or a name such as digits."),
    ] = None,
    policy: Annotated[
        str,
        typer.Option("--policy", "-p", help="none, light, standard, strong, an operation alone, or a .toml file."),
    ] = "standard",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The sheet to write: .png, .jpg, .webp, .bmp or .tif.")
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Show the operations with their keys, and end.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Change one key of the policy: rotation.degrees=20.")
    ] = None,
    pictures: Annotated[int, typer.Option(help="Training pictures, a row each.")] = 4,
    draws: Annotated[int, typer.Option(help="Draws beside each: those of epoch 1, 2, 3...")] = 5,
    model: Annotated[
        str | None, typer.Option(help="The network whose input is shown. Default: what suits the pictures.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the network's input in pixels.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides which pictures, and the draws.")] = 0,
    root: Annotated[
        Path | None, typer.Option(help="Where the local copy of mnist, fashion-mnist or cifar10 is.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was drawn as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Parses, draws, says what was written."""
    from striate.cli.console import ConsoleWatcher, print_result, print_text

    if list_them:
        print_result(show_operations(as_json=True)) if as_json else print_text(show_operations(as_json=False))
        return
    if data is None or output is None:
        raise typer.BadParameter("give DATA and --output FILE; or --list")

    from striate.api.augment import augment_sheet
    from striate.api.filter_picture import check_output, write_picture

    check_output(output)
    with ConsoleWatcher(quiet=quiet) as watcher:
        sheet = augment_sheet(
            data,
            policy=policy,
            settings=settings or (),
            pictures=pictures,
            draws=draws,
            model=model,
            size=size,
            seed=seed,
            root=root,
            watcher=watcher,
        )
    write_picture(sheet.pixels, output)
    if as_json:
        print_json({"output": str(output)} | sheet.to_dict())
    else:
        print_text(f"{printable(str(output))}  {sheet.to_text()}")


def show_operations(*, as_json: bool) -> str:
    """All operations with their keys and defaults: for people with what the keys mean, or as JSON."""
    import dataclasses
    import inspect

    from striate.augmentation import AugmentationPolicy

    operations = AugmentationPolicy().operations
    if as_json:
        return json_text({operation.name: dataclasses.asdict(operation) for operation in operations})
    blocks = []
    for operation in operations:
        keys = [f"{key} = {_toml(value)}" for key, value in dataclasses.asdict(operation).items()]
        what = (inspect.getdoc(type(operation)) or "").splitlines()[0]
        blocks.append(f"{operation.name}: {what}\n  " + "  ".join(keys))
    return "\n".join(blocks)


def _toml(value: object) -> str:
    return "[]" if value == () else f"{value}"
