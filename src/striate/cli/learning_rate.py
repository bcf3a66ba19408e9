"""Find a learning rate: let it rise over a short run and see where the loss falls, and where it breaks down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from striate.cli.train import read_numbers


def command(
    data: Annotated[str, typer.Argument(help="Pictures, as `striate train` takes them.")],
    model: Annotated[
        str | None, typer.Option(help="The network; see `striate models`. Default: what suits the pictures.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The picture to write: .png, .svg or .pdf.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Start from the network's published weights, `imagenet`, or a .safetensors or .pth file."),
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="What the weights subtract from 0..1 pixels: 0.5 or 0.485,0.456,0.406.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="What the weights divide by after that.")] = None,
    transfer: Annotated[
        str | None,
        typer.Option(
            help="What learns, from trained weights: head, stages:N (the last N), full, scratch, or auto. Default: auto."
        ),
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="How new weights are drawn: paper, he_normal, xavier_uniform... Default: paper.")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(help="none, light, standard, strong, or a .toml file; see `striate augment`. Default: standard."),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(help="Uneven classes: loss weighs rare ones more, sampler shows them more often. Default: none."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures a step.")] = None,
    size: Annotated[int | None, typer.Option(help="Side of the network's input in pixels.")] = None,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    precision: Annotated[str | None, typer.Option(help="fp32 or bf16. Default: the faster one here.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:1.")] = "auto",
    recipe: Annotated[Path | None, typer.Option(help="A TOML file that overrides the chosen recipe.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override one key: optimizer.name=adamw.")] = None,
    root: Annotated[
        Path | None, typer.Option(help="Where the local copy of mnist, fashion-mnist or cifar10 is.")
    ] = None,
    lowest: Annotated[float, typer.Option(help="The first step's rate.")] = 1e-6,
    highest: Annotated[float, typer.Option(help="The last step's rate, if the loss does not diverge before.")] = 10.0,
    steps: Annotated[int, typer.Option(help="How many steps.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Parses, sweeps, shows what was found."""
    mean_values, std_values = read_numbers("--mean", mean), read_numbers("--std", std)

    from striate.api.learning_rate import FORMATS, find_learning_rate
    from striate.cli.console import ConsoleWatcher, print_result
    from striate.durable_writing import check_writable

    if output is not None:
        check_writable(output, endings=FORMATS)
    with ConsoleWatcher(quiet=quiet) as watcher:
        found = find_learning_rate(
            data,
            model=model,
            weights=weights,
            mean=mean_values,
            std=std_values,
            transfer=transfer,
            init=init,
            augment=augment,
            balance=balance,
            batch_size=batch_size,
            size=size,
            seed=seed,
            precision=precision,
            device=device,
            recipe=recipe,
            settings=settings or (),
            root=root,
            lowest=lowest,
            highest=highest,
            steps=steps,
            watcher=watcher,
        )
    if output is not None:
        found.draw(output)
    if as_json:
        print_result(json.dumps(found.to_dict() | {"picture": str(output) if output else None}, ensure_ascii=False))
        return
    lines = [f"suggested  {found.suggestion:.2g}", found.verdict]
    lines.append(
        f"train      striate train {data} --model {found.model} --set optimizer.learning_rate={found.suggestion:.2g}"
    )
    lines += [f"picture    {output}"] if output else []
    print_result("\n".join(lines))
