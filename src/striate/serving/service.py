"""What all routes of a server share: its models, limits and figures, and how items become answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from striate.serving.item_answer import Answer
from striate.serving.limits import ServingLimits
from striate.serving.metrics import ServingMetrics
from striate.serving.models import Models
from striate.serving.problems import ProblemError, busy
from striate.serving.served_bundle import Item, ServedBundle
from striate.serving.waiting_room import FullError, LateError

DRAINING = "the server is ending; send the request to another one, or again in a few seconds"


@dataclass(eq=False)
class Service:
    """A server's state."""

    models: Models
    limits: ServingLimits
    metrics: ServingMetrics
    draining: bool = False
    """Whether it ends: what is in work is answered, and nothing more is taken."""

    def admit(self, bundle: ServedBundle) -> None:
        """Lets a request in before its body is read: one that would be refused for want of room costs next to nothing so.

        Raises:
            ProblemError: 429 if as many wait as may, 503 if the server ends.
        """
        if self.draining:
            raise busy(DRAINING, seconds=5, status=503)
        try:
            bundle.room.check()
        except FullError as full:
            raise self._refusal(bundle, full) from None

    async def answer(self, bundle: ServedBundle, items: Sequence[Item]) -> tuple[ServedBundle, list[Answer]]:
        """The answers to a request's items, and the version that gave them: the newest, if the one asked is gone since.

        Raises:
            ProblemError: 413 if they are too many, 429 if too many wait, 503 if the server ends, 504 if it takes too long.
        """
        if self.draining:
            raise busy(DRAINING, seconds=5, status=503)
        if len(items) > self.limits.items:
            raise ProblemError(413, f"{len(items):,} items are more than the limit of {self.limits.items:,} a request")
        with self.models.using(bundle) as current:
            try:
                return current, await current.room.answer(items, seconds=self.limits.seconds)
            except FullError as full:
                raise self._refusal(current, full) from None
            except LateError:
                raise ProblemError(504, f"there was no answer in {self.limits.seconds:g} seconds") from None

    def _refusal(self, bundle: ServedBundle, full: FullError) -> ProblemError:
        return busy(
            f"{bundle.room.waiting:,} items wait already, at most {self.limits.waiting:,} may; try again later",
            seconds=full.seconds,
        )


def service_of(request: Request) -> Service:
    """The server's state, from any of its routes."""
    service: Service = request.app.state.service
    return service
