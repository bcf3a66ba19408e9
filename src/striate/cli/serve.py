"""Serve sealed bundles over HTTP: predictions, explanations, the Open Inference Protocol, and figures for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from striate.serving import Started


def command(
    bundles: Annotated[
        list[str], typer.Argument(help="Runs or bundles, or NAME=BUNDLE; one name given several times has versions.")
    ],
    host: Annotated[str, typer.Option(help="Where; 0.0.0.0 for whoever reaches this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16, fp16 or int8.")] = "auto",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port and the processors.")] = 1,
    api_keys: Annotated[
        Path | None, typer.Option(help="A file of keys, a line each: a name and a key. Only its owner may read it.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A further name the server is reached by. May be given several times.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="A site whose pages may read answers, such as https://example.org.")
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, help="Megabytes of a request.")] = 64,
    max_items: Annotated[int, typer.Option(min=1, help="Pictures of a request.")] = 256,
    max_pixels: Annotated[int, typer.Option(min=1, help="Millions of pixels of a picture.")] = 50,
    waiting: Annotated[int, typer.Option(min=1, help="Pictures that wait; for more the answer is 429.")] = 128,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds in which a request is answered.")] = 30.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Log no requests.")] = False,
) -> None:
    """Parses, serves, says where."""
    from striate.api.serve import serve
    from striate.cli.text import tell
    from striate.serving import ServingLimits, is_loopback

    def ready(started: Started) -> None:
        for line in _told(started):
            tell(line)
        if api_keys is None and not is_loopback(host):
            tell("note: whoever reaches this machine may ask; --api-keys FILE says who may")

    limits = ServingLimits(
        body_bytes=max_body << 20,
        items=max_items,
        pixels=max_pixels * 1_000_000,
        waiting=waiting,
        seconds=timeout,
    )
    serve(
        bundles,
        host=host,
        port=port,
        precision=precision,
        workers=workers,
        limits=limits,
        keys=api_keys,
        allowed_hosts=allow_host or (),
        allowed_origins=allow_origin or (),
        quiet=quiet,
        ready=ready,
    )


def _told(started: Started) -> list[str]:
    """Where the server is, what it has, and how it is asked."""
    from striate.printable_text import printable

    lines = [
        f"{printable(model.name)}: {model.network} of {model.classes} classes in {model.precision}, version {model.version}"
        for model in started.models
    ]
    which = "" if len({model.name for model in started.models}) == 1 else f"?model={printable(started.models[0].name)}"
    return [
        *lines,
        f"serving at {started.address}; Ctrl-C ends it when what is in work is answered",
        f"ask it: curl -F picture=@PICTURE.jpg '{started.address}/predict{which}'",
    ]
