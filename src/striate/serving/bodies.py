"""Bodies of requests: read in time and within a limit, unpacked within the same."""

from __future__ import annotations

import asyncio
import zlib

from starlette.requests import ClientDisconnect, Request

from striate.serving.limits import ServingLimits
from striate.serving.problems import ProblemError

_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""Of zlib, by the name of the coding; `deflate` is zlib's format, and from some clients the bare one."""


async def read_body(request: Request, limits: ServingLimits) -> bytes:
    """The whole body, unpacked.

    Raises:
        ProblemError: 413 if it is too large, 408 if it comes too slowly, 415 if its packing is not known, 400 if it is
            damaged.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity" and coding not in _WINDOWS:
        raise ProblemError(415, f"Content-Encoding {coding!r} is not known; expected gzip, deflate or identity")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limits.body_bytes:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.body_bytes:
                    raise _too_large(limits)
    except TimeoutError:
        raise ProblemError(
            408, f"the body did not come in {limits.body_seconds:g} seconds", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise ProblemError(400, "the connection was cut before the body was whole") from None
    return bytes(body) if coding == "identity" else unpacked(bytes(body), coding, limits)


def unpacked(body: bytes, coding: str, limits: ServingLimits) -> bytes:
    """What a packed body holds.

    Args:
        body: As it came.
        coding: `"gzip"` or `"deflate"`.
        limits: Say how much it may be.

    Raises:
        ProblemError: 413 if that is too much, 400 if it is damaged or not whole.
    """
    failed: zlib.error | None = None
    for window in _WINDOWS[coding]:
        unpacking = zlib.decompressobj(window)
        try:
            content = unpacking.decompress(body, limits.body_bytes + 1)
        except zlib.error as error:
            failed = error
            continue
        if len(content) > limits.body_bytes:
            raise _too_large(limits)
        if not unpacking.eof:
            raise ProblemError(400, f"the body's {coding} is not whole")
        return content
    raise ProblemError(400, f"the body is no {coding}: {failed}")


def _too_large(limits: ServingLimits) -> ProblemError:
    # What is left of it is not read: the connection cannot be used again.
    return ProblemError(
        413, f"the body has more than the limit of {limits.body_bytes:,} bytes", headers={"Connection": "close"}
    )
