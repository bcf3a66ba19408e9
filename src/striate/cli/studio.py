"""Open the studio: see networks work, in your browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    opened: Annotated[
        list[str] | None,
        typer.Argument(
            help="Runs, bundles, NAME=BUNDLE, or networks such as lenet5; nothing: operations and catalogue."
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(help="The folder whose runs are listed.")] = Path("runs"),
    host: Annotated[str, typer.Option(help="Where; by default only this machine reaches it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8100,
    precision: Annotated[str, typer.Option(help="Of answers: auto, fp32, bf16, fp16 or int8.")] = "auto",
    browser: Annotated[bool, typer.Option("--browser", help="Open it in the browser.")] = False,
) -> None:
    """Parses, serves, says where."""
    from striate.api.open_studio import open_studio
    from striate.cli.text import tell
    from striate.serving import is_loopback

    def ready(address: str) -> None:
        tell(f"the studio is at {address}/studio/; Ctrl-C ends it")
        if not is_loopback(host):
            tell("note: whoever reaches this machine can open it")
        if browser:
            import webbrowser

            webbrowser.open(f"{address}/studio/")

    open_studio(opened or (), runs=runs, host=host, port=port, precision=precision, ready=ready)
