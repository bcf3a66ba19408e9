"""What all rooms of a studio share: what it was opened on, the served bundles, and the one place where torch works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from striate.serving.limits import ServingLimits
from striate.serving.models import Models
from striate.serving.problems import busy
from striate.serving.service import Service
from striate.studio.settings import StudioSettings

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

MOST_WAITING = 64
"""Pieces of work that wait for their turn; who asks for more is told to come back."""


@dataclass(eq=False)
class Studio:
    """A studio's state."""

    settings: StudioSettings
    service: Service
    kept: dict[str, Any] = field(default_factory=dict)
    """What a room keeps between its requests, by the room's name."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _waiting: int = field(default=0, init=False)

    @property
    def models(self) -> Models:
        """The bundles that are served."""
        return self.service.models

    @property
    def limits(self) -> ServingLimits:
        """What a request may ask for at most."""
        return self.service.limits

    @property
    def runs(self) -> Path:
        """The folder whose runs are listed."""
        return self.settings.runs

    async def in_turn(
        self, work: Callable[Parameters, Result], *arguments: Parameters.args, **options: Parameters.kwargs
    ) -> Result:
        """Work that keeps a processor for longer, such as torch's, in a thread: one piece after another, the engine goes on beside it.

        Raises:
            ProblemError: 429 if too many pieces wait.
        """
        if self._waiting >= MOST_WAITING:
            raise busy(f"{self._waiting} pieces of work wait already; try again later", seconds=5)
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            return await asyncio.to_thread(work, *arguments, **options)
        finally:
            self._turn.release()
