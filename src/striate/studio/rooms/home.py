"""The first page: what the studio is opened on, and its rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from striate.studio.room import Room, StudioPage
from striate.studio.studio import Studio


async def _content(studio: Studio, request: Request) -> Mapping[str, Any]:
    opened = studio.settings.opened
    return {
        "bundles": [
            {
                "name": bundle.name,
                "network": bundle.classifier.contract.architecture.title,
                "classes": bundle.classifier.classes,
                "version": bundle.version,
            }
            for bundle in studio.models.all()
        ],
        "networks": opened.networks,
        "unfinished": [run.name for run in opened.runs],
    }


ROOM = Room("home", (StudioPage("", "home", _content),))
