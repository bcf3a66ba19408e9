"""What a server is told, and what it tells once it listens; neither needs the packages that serve."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from striate.errors import UsageError
from striate.serving.limits import ServingLimits
from striate.serving.named_bundles import NamedBundle

LOOK_AGAIN = 1.0
"""Seconds after which places are looked at for new bundles."""


@dataclass(frozen=True)
class ServerSettings:
    """All that a server is told."""

    bundles: tuple[NamedBundle, ...]
    host: str = "127.0.0.1"
    port: int = 8000
    precision: str = "auto"
    workers: int = 1
    limits: ServingLimits = field(default_factory=ServingLimits)
    keys: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    look_again: float = LOOK_AGAIN
    quiet: bool = False
    """Whether no request is logged."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UsageError(f"port must be from 0 to 65,535, got {self.port}")
        if not 1 <= self.workers <= 64:
            raise UsageError(f"workers must be from 1 to 64, got {self.workers}")
        if self.workers > 1 and not hasattr(socket, "SO_REUSEPORT"):
            raise UsageError("several workers need a system that shares out a port's connections; this one does not")

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names under which requests are taken; None: any, where the server is not for this machine alone."""
        return hosts_of(self.host, self.allowed_hosts)


def hosts_of(host: str, allowed: Sequence[str] = ()) -> frozenset[str] | None:
    """The names under which requests to a host are taken; None: any.

    Args:
        host: That is listened at.
        allowed: Further ones.
    """
    if not is_loopback(host):
        return frozenset(allowed) or None
    return frozenset({"localhost", "127.0.0.1", "[::1]", host, *allowed})


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class StartedModel:
    """A model that a server has."""

    name: str
    version: str
    network: str
    classes: int
    precision: str


@dataclass(frozen=True)
class Started:
    """What is told once a server listens."""

    address: str
    models: tuple[StartedModel, ...]
