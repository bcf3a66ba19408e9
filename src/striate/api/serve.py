"""`striate.serve`: sealed bundles over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from striate.errors import UsageError
from striate.serving import ServerSettings, ServingLimits, Started, named_bundles

PACKAGES = ("starlette", "uvicorn", "httptools", "python_multipart", "prometheus_client")
"""Which serving needs beside those of prediction."""

BundlePath = str | os.PathLike[str]


def serve(
    bundles: BundlePath | Sequence[BundlePath],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    precision: str = "auto",
    workers: int = 1,
    limits: ServingLimits | None = None,
    keys: str | os.PathLike[str] | None = None,
    allowed_hosts: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    quiet: bool = False,
    ready: Callable[[Started], None] = lambda started: None,
) -> None:
    """Serves bundles until SIGINT or SIGTERM comes, and answers what is in work then.

    A bundle that takes the place of a served one is opened, held to its canaries, and then answers in its stead; one that does not do
    what its contract says is refused, and the old one goes on.

    Args:
        bundles: One or many: runs, bundles, the folders of one, or `"NAME=BUNDLE"`. A name that several have is a model of several
            versions, of which the last one answers who asks for none.
        host: The address to serve at; by default only this machine reaches it.
        port: 0: any that is free.
        precision: As `striate.load` takes it.
        workers: Processes that share the port; each has a share of the processors.
        limits: What is taken at most.
        keys: A file of keys, a line each; without, everybody who reaches the server may ask.
        allowed_hosts: Further names under which requests are taken. Where only this machine reaches the server, others are refused.
        allowed_origins: Pages whose scripts may read answers, such as `"https://example.org"`.
        quiet: Log no requests.
        ready: Called once the server listens.

    Raises:
        UsageError: If there is no such bundle, the port is taken, or a package is missing.
        BundleError: If a bundle was changed, or does not do what its contract says.
        StriateError: If requests were left unanswered when the server ended.

    Example:
        >>> serve("runs/photos", port=8080)  # doctest: +SKIP
    """
    check_installed()
    from striate.serving.starting import start

    settings = ServerSettings(
        bundles=tuple(named_bundles([bundles] if isinstance(bundles, str | os.PathLike) else bundles)),
        host=host,
        port=port,
        precision=precision,
        workers=workers,
        limits=limits or ServingLimits(),
        keys=Path(keys) if keys is not None else None,
        allowed_hosts=tuple(name.lower() for name in allowed_hosts),
        allowed_origins=tuple(allowed_origins),
        quiet=quiet,
    )
    start(settings, ready=ready)


def check_installed() -> None:
    """Raises `UsageError` where a package that serving needs is missing."""
    for package in PACKAGES:
        if find_spec(package) is None:
            raise UsageError(
                f"serving needs the package {package}, which is not installed here: pip install 'striate[serve]'"
            )
