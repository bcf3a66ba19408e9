"""What the server is, and what each of its models takes and answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from striate.serving.model_signature import metadata_of
from striate.serving.routes.route import ServedRoute, in_path, json_answer, json_response
from striate.serving.service import service_of
from striate.version import __version__

EXTENSIONS = ("binary_tensor_data",)
"""Of the protocol, as its clients know them."""

_NAME = in_path("name", "A model.")
_VERSION = in_path("version", "One of its versions; without, the newest.")
_TENSORS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {
            "name": {"type": "string"},
            "datatype": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer"}},
        },
    },
}
_METADATA = {
    "type": "object",
    "required": ["name", "platform", "inputs", "outputs"],
    "properties": {
        "name": {"type": "string"},
        "versions": {"type": "array", "items": {"type": "string"}},
        "platform": {"type": "string"},
        "inputs": _TENSORS,
        "outputs": _TENSORS,
        "properties": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_SERVER = {
    "type": "object",
    "required": ["name", "version", "extensions"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "extensions": {"type": "array", "items": {"type": "string"}},
        "models": {"type": "array", "items": {"type": "string"}},
    },
}


async def server(request: Request) -> Response:
    """The server's metadata; the protocol has no list of models, so it stands here."""
    models = service_of(request).models
    return json_response(
        {"name": "striate", "version": __version__, "extensions": list(EXTENSIONS), "models": list(models.names)}
    )


async def model(request: Request) -> Response:
    """A model's metadata."""
    models = service_of(request).models
    bundle = models.find(request.path_params["name"], request.path_params.get("version"))
    versions = [one.version for one in models.versions(bundle.name)]
    table = metadata_of(bundle.name, bundle.classifier, bundle.signature, versions)
    refused = models.refusals(bundle.name)
    if refused:
        table["properties"]["refused"] = "; ".join(refused)
    return json_response(table)


async def ready(request: Request) -> Response:
    """Whether a model takes requests."""
    service = service_of(request)
    bundle = service.models.find(request.path_params["name"], request.path_params.get("version"))
    draining = service.draining
    return json_response({"name": bundle.name, "ready": not draining}, 503 if draining else 200)


_READY = {"type": "object", "properties": {"name": {"type": "string"}, "ready": {"type": "boolean"}}}

ROUTES = (
    *(
        ServedRoute(
            "GET", path, server, {"summary": "The server's metadata", "responses": json_answer("What it is.", _SERVER)}
        )
        for path in ("/v2", "/v2/")
    ),
    *(
        ServedRoute(
            "GET",
            f"/v2/models/{{name}}{versioned}",
            model,
            {
                "summary": "A model's metadata",
                "parameters": [_NAME, *([_VERSION] if versioned else [])],
                "responses": json_answer("What it takes and answers.", _METADATA),
            },
            problems=(404,),
        )
        for versioned in ("", "/versions/{version}")
    ),
    *(
        ServedRoute(
            "GET",
            f"/v2/models/{{name}}{versioned}/ready",
            ready,
            {
                "summary": "Whether a model takes requests",
                "parameters": [_NAME, *([_VERSION] if versioned else [])],
                "responses": json_answer("It does.", _READY),
            },
            problems=(404, 503),
        )
        for versioned in ("", "/versions/{version}")
    ),
)
