"""`striate.open_studio`: the page where people see networks work, in a browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from striate.errors import UsageError
from striate.studio import StudioSettings, named

PACKAGES = ("starlette", "uvicorn", "httptools", "python_multipart", "prometheus_client")
"""Which the studio needs beside those of all commands."""

Place = str | os.PathLike[str]


def open_studio(
    opened: Place | Sequence[Place] = (),
    *,
    runs: Place = "runs",
    host: str = "127.0.0.1",
    port: int = 8100,
    precision: str = "auto",
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Shows networks at work, on pages in a browser, until SIGINT or SIGTERM comes. Nothing is sent anywhere.

    Args:
        opened: Runs, bundles (also `"NAME=BUNDLE"`), or names of the catalogue; none: the operations, the catalogue and the
            runs are there.
        runs: The folder whose runs are listed.
        host: The address to serve at; by default only this machine reaches it.
        port: 0: any that is free.
        precision: Of answers, as `striate.load` takes it.
        ready: Called with the address once it can be opened.

    Raises:
        UnknownNameError: If there is no such run, bundle or network.
        UsageError: If the port is taken, or a package is missing.
        BundleError: If a bundle was changed.

    Example:
        >>> open_studio("runs/photos")  # doctest: +SKIP
    """
    for package in PACKAGES:
        if find_spec(package) is None:
            raise UsageError(
                f"the studio needs the package {package}, which is not installed here: pip install 'striate[serve]'"
            )
    from striate.studio.starting import start

    places = [opened] if isinstance(opened, str | os.PathLike) else opened
    settings = StudioSettings(named(places), Path(runs), host, port, precision)
    start(settings, ready=ready)
