"""Pictures and sentences as people and scripts send them: forms with files, one file, lines of text, or JSON."""

from __future__ import annotations

import json
from typing import Any

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from striate.encodings import EncodingKind
from striate.serving.bodies import read_body
from striate.serving.limits import ServingLimits
from striate.serving.problems import ProblemError
from striate.serving.served_bundle import Item

FORM = "multipart/form-data"
TEXT = "text/plain"
JSON = "application/json"
FILES = ("image/", "application/octet-stream")

LONGEST_NAME = 500
"""Characters of a file's name in an answer."""


async def read_items(request: Request, kind: EncodingKind, limits: ServingLimits, *, top: int) -> list[Item]:
    """What is to be answered.

    Args:
        request: With its body not read yet.
        kind: Of the model that is asked.
        limits: The server's.
        top: How many classes each row names.

    Raises:
        ProblemError: 415 if the body is of another type, 400 if it is damaged or empty, 413 and 408 as `read_body`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == FORM:
        named = await _form(request, kind, limits)
    elif kind.is_text and media_type == TEXT:
        named = [(line, line) for line in _text(await read_body(request, limits)).splitlines() if line.strip()]
    elif kind.is_text and media_type == JSON:
        named = [(text, text) for text in _listed(await read_body(request, limits), kind)]
    elif not kind.is_text and media_type.startswith(FILES):
        named = [(kind.one, await read_body(request, limits))]
    else:
        raise ProblemError(415, f"Content-Type {media_type!r:.100} is not taken; expected {_taken(kind)}")
    if not named:
        raise ProblemError(400, f"there is no {kind.one} in the request")
    return [Item(name[:LONGEST_NAME], value, top=top) for name, value in named]


def _taken(kind: EncodingKind) -> str:
    if kind.is_text:
        return f'{TEXT} (a line each), or {JSON} ({{"{kind.plural}": ["..."]}})'
    return f"{FORM} with files (curl -F {kind.one}=@FILE), or a file with image/* or application/octet-stream"


async def _form(request: Request, kind: EncodingKind, limits: ServingLimits) -> list[tuple[str, Any]]:
    body = await read_body(request, limits)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    whole = Request(request.scope, receive)
    try:
        async with whole.form(max_files=limits.items, max_fields=16, max_part_size=1 << 16) as form:
            files = [
                (file.filename or kind.one, await file.read())
                for _, file in form.multi_items()
                if isinstance(file, UploadFile)
            ]
            texts = (
                [(value, value) for _, value in form.multi_items() if isinstance(value, str)] if kind.is_text else []
            )
    except (HTTPException, FormParserError, ValueError, AssertionError, KeyError) as error:
        said = error.detail if isinstance(error, HTTPException) else str(error)
        if "Too many files" in said:
            raise ProblemError(413, f"there are more files than the limit of {limits.items:,} a request") from None
        raise ProblemError(400, f"the form cannot be read: {said[:200] or type(error).__name__}") from None
    return files + texts


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError(400, f"the text is not UTF-8: {error.reason} at byte {error.start:,}") from None


def _listed(body: bytes, kind: EncodingKind) -> list[str]:
    try:
        table = json.loads(body)
    except (ValueError, RecursionError):
        table = None
    found = table.get(kind.plural) if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ProblemError(400, f'the body must be JSON: {{"{kind.plural}": ["..."]}}')
    return found
