"""What goes wrong with a request, as one body that both protocols know: problem details, and `error` as Open Inference has it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from striate.errors import ItemError, PictureSizeError
from striate.row_writing import json_text

LONGEST_DETAIL = 2000
"""Characters of a sentence: names in it come from requests."""


class ProblemError(Exception):
    """A request that is refused, or could not be answered.

    Args:
        status: Of the answer, 400 to 599.
        detail: One sentence: what was wrong, what was expected, what to do.
        headers: Of the answer, such as `Retry-After`.
        more: Further members of the body.

    Source: RFC 9457, sections 3 and 4.2.1: a type of `about:blank` has the status's own phrase as its title. Open Inference Protocol v2,
        "errors": an object with `error`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail[:LONGEST_DETAIL]
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def response(self, request_id: str) -> Response:
        """The answer, which names the request."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
            "error": self.detail,
        }
        text = json_text(body | self.more).encode()
        return Response(text, self.status, self.headers, media_type="application/problem+json")


def busy(detail: str, *, seconds: float, status: int = 429) -> ProblemError:
    """A request that may be tried again after some seconds: too many wait (429), or the server ends (503)."""
    return ProblemError(status, detail, headers={"Retry-After": str(max(1, round(seconds)))})


def unreadable(error: ItemError) -> ProblemError:
    """An item that cannot be read: 413 if it has more pixels than the limit, else 422."""
    status = 413 if isinstance(error, PictureSizeError) else 422
    return ProblemError(status, str(error))
