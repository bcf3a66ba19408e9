"""What a server takes at most, so that no request, however made, costs the others theirs."""

from __future__ import annotations

from dataclasses import dataclass

from striate.errors import UsageError


@dataclass(frozen=True)
class ServingLimits:
    """The bounds of a server; each is refused with a status of its own.

    Raises:
        UsageError: If one of them would refuse everything.
    """

    body_bytes: int = 64 << 20
    """Of a request's body, unpacked; more is 413."""
    items: int = 256
    """Pictures of one request; more is 413."""
    pixels: int = 50_000_000
    """Of one picture, as its header states them; more is 413."""
    waiting: int = 128
    """Pictures of all requests that wait for the engine, of one bundle; more is 429."""
    seconds: float = 30.0
    """From when a request is read until it is answered; longer is 504."""
    body_seconds: float = 30.0
    """In which a request's body must have come; longer is 408."""
    header_seconds: float = 10.0
    """In which a new connection must have sent its first request's header; longer, and it is closed."""
    connections: int = 1000
    """Open at the same time; the next one is told 503."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise UsageError(f"{name} must be more than 0, got {value}")
