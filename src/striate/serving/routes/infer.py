"""Inference by the Open Inference Protocol: tensors in, tensors out."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.errors import ItemError
from striate.row_writing import json_text
from striate.serving.bodies import read_body
from striate.serving.inference_request import AskedOutput, read_inference_request
from striate.serving.item_answer import COLUMNS, Answer, ItemAnswer
from striate.serving.model_signature import ModelSignature
from striate.serving.problems import unreadable
from striate.serving.routes.route import ServedRoute, in_path, json_answer
from striate.serving.service import service_of
from striate.serving.tensors import bytes_of, json_of

HEADER = "Inference-Header-Content-Length"


async def infer(request: Request) -> Response:
    """Answers an inference request."""
    service = service_of(request)
    bundle = service.models.find(request.path_params["name"], request.path_params.get("version"))
    service.admit(bundle)
    body = await read_body(request, service.limits)
    asked = read_inference_request(body, request.headers.get(HEADER), bundle.signature, most_items=service.limits.items)
    answered_by, answers = await service.answer(bundle, asked.items)
    table: dict[str, Any] = {"model_name": bundle.name, "model_version": answered_by.version}
    if asked.id is not None:
        table["id"] = asked.id
    return _response(table, asked.outputs, _readable(answers), answered_by.signature)


def _readable(answers: list[Answer]) -> list[ItemAnswer]:
    """The answers; a tensor has no place for a reason, so that one item that cannot be read is the whole request's fault.

    Raises:
        ProblemError: 413 or 422 with the first reason.
    """
    readable = [answer for answer in answers if isinstance(answer, ItemAnswer)]
    if len(readable) < len(answers):
        raise unreadable(next(answer for answer in answers if isinstance(answer, ItemError)))
    return readable


def _response(
    table: dict[str, Any], outputs: list[AskedOutput], answers: list[ItemAnswer], signature: ModelSignature
) -> Response:
    types = {one.name: one.datatype for one in signature.outputs}
    tensors, blobs = [], []
    for one in outputs:
        values = COLUMNS[one.name](answers)
        shape = list(values.shape) if not isinstance(values, list) else [len(values)]
        tensor: dict[str, Any] = {"name": one.name, "datatype": types[one.name], "shape": shape}
        if one.binary:
            blobs.append(bytes_of(values, types[one.name]))
            tensor["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            tensor["data"] = json_of(values)
        tensors.append(tensor)
    text = json_text(table | {"outputs": tensors}).encode()
    if not blobs:
        return Response(text, media_type="application/json")
    return Response(b"".join([text, *blobs]), headers={HEADER: str(len(text))}, media_type="application/octet-stream")


_TENSOR = {
    "type": "object",
    "required": ["name", "datatype", "shape"],
    "properties": {
        "name": {"type": "string"},
        "datatype": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array"},
        "parameters": {"type": "object"},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {"type": "array", "minItems": 1, "maxItems": 1, "items": _TENSOR},
        "outputs": {"type": "array", "items": {"type": "object", "required": ["name"]}},
    },
}
_ANSWER = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_PATH = (in_path("name", "A model."), in_path("version", "One of its versions; without, the newest."))

ROUTES = tuple(
    ServedRoute(
        "POST",
        f"/v2/models/{{name}}{versioned}/infer",
        infer,
        {
            "summary": "Answer tensors by tensors",
            "description": "Open Inference Protocol v2, with the binary tensor data extension.",
            "parameters": list(_PATH[: 2 if versioned else 1]),
            "requestBody": {"required": True, "content": {"application/json": {"schema": _REQUEST}}},
            "responses": json_answer("What the model answers.", _ANSWER),
        },
        problems=(400, 404, 408, 413, 415, 422, 429, 503, 504),
    )
    for versioned in ("", "/versions/{version}")
)
