"""The pages of the room, and what their scripts ask for."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from striate.errors import StriateError
from striate.runs.listed_runs import ListedRun
from striate.serving.bodies import read_body
from striate.serving.problems import ProblemError
from striate.serving.routes.route import json_response
from striate.studio.jobs import Job, Jobs
from striate.studio.room import Endpoint, Room, StudioPage
from striate.studio.rooms.runs.answers import RunAnswers, answers_of, small_picture
from striate.studio.rooms.runs.found import found_run, found_runs, pages_of
from striate.studio.rooms.runs.learning import learning
from striate.studio.studio import Studio
from striate.training.run_folder import read_findings
from striate.wording import duration

FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
"""What a page of a run's folder may do within the studio: show itself, and nothing else."""

MOST_PAGE_BYTES = 64 << 20
"""Of a page of a run's folder."""

MOST_TEXT = 300
"""Characters of what a run's files say of it."""

SIDES = (96, 160, 480)
"""Of pictures that are asked for, in pixels."""


async def _list(studio: Studio, request: Request) -> Mapping[str, Any]:
    runs = await asyncio.to_thread(found_runs, studio)
    return {"runs": [_shown(name, run) for name, run in runs.items()], "folder": str(studio.runs)}


async def _run(studio: Studio, request: Request) -> Mapping[str, Any]:
    name = request.path_params["name"]
    run = await asyncio.to_thread(found_run, studio, name)
    try:
        findings = [finding.to_dict() for finding in await asyncio.to_thread(read_findings, run.folder)]
    except StriateError as error:
        findings = [{"text": str(error), "severity": "warning"}]
    runs = await asyncio.to_thread(found_runs, studio)
    others = [other for other, one in runs.items() if other != name and _sealed(one)]
    place = shlex.quote(str(run.folder))
    return {
        "run": _shown(name, run),
        "sealed": _sealed(run),
        "findings": findings,
        "pages": pages_of(run),
        "others": others,
        "commands": {
            "limits": f"striate stress {place} DATA --html {place}/limits.html",
            "doctor": f"striate check DATA --weights {place} --html {place}/doctor.html",
            "resume": f"striate train --resume {place}",
        },
    }


async def _framed(studio: Studio, request: Request) -> Mapping[str, Any]:
    run = await asyncio.to_thread(found_run, studio, request.path_params["name"])
    page = request.path_params["page"]
    if page not in pages_of(run):
        raise ProblemError(404, f"the run has no page {page[:200]!r}")
    return {"name": request.path_params["name"], "page": page}


async def _pair(studio: Studio, request: Request) -> Mapping[str, Any]:
    names = request.query_params.getlist("run")[:3]
    if len(names) != 2 or names[0] == names[1]:
        raise ProblemError(400, f"two runs are put side by side, got {len(set(names))}")
    runs = [await asyncio.to_thread(found_run, studio, name) for name in names]
    return {"runs": [_shown(name, run) for name, run in zip(names, runs, strict=True)]}


def _sealed(run: ListedRun) -> bool:
    return run.accuracy is not None or run.state in ("finished", "bundle")


def _shown(name: str, run: ListedRun) -> dict[str, Any]:
    """A run as the templates show it."""
    return {
        "name": name,
        "state": run.state,
        "reason": run.reason[:MOST_TEXT],
        "data": run.data and run.data[:MOST_TEXT],
        "network": run.model and run.model[:MOST_TEXT],
        "split": run.split,
        "pictures": run.pictures,
        "accuracy": run.accuracy,
        "interval": run.accuracy_interval,
        "epochs": run.epochs,
        "time": None if run.seconds is None else duration(run.seconds),
        "created": run.created and run.created[:MOST_TEXT],
    }


async def _states(studio: Studio, request: Request) -> Response:
    runs = await asyncio.to_thread(found_runs, studio)
    return json_response({"runs": [_shown(name, run) for name, run in runs.items()]})


async def _learning(studio: Studio, request: Request) -> Response:
    run = await asyncio.to_thread(found_run, studio, request.path_params["name"])
    return json_response(await asyncio.to_thread(learning, run))


async def _answer(studio: Studio, request: Request) -> Response:
    """Begins to answer the pictures of one run, or of two."""
    try:
        names = json.loads(await read_body(request, studio.limits))["runs"]
    except (ValueError, KeyError, TypeError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProblemError(400, 'the body must be JSON: {"runs": ["NAME"]} or two names')
    if not 1 <= len(names) <= 2:  # before any folder is looked at
        raise ProblemError(400, f"one run or two are asked, got {len(names):,}")
    runs = [await asyncio.to_thread(found_run, studio, name) for name in names]
    versions = tuple((str(run.folder), run.created, run.accuracy) for run in runs)

    def work(job: Job) -> RunAnswers:
        return answers_of(runs, job)

    return json_response(_jobs(studio).start(studio, versions, work).to_dict())


async def _progress(studio: Studio, request: Request) -> Response:
    job = _jobs(studio).find(request.path_params["job"])
    told = job.to_dict()
    if isinstance(job.result, RunAnswers):
        told["result"] = await asyncio.to_thread(job.result.to_dict)
    return json_response(told)


async def _picture(studio: Studio, request: Request) -> Response:
    job = _jobs(studio).find(request.path_params["job"])
    place, side = request.path_params["place"], request.query_params.get("side", "96")
    if not isinstance(job.result, RunAnswers) or not place.isdecimal() or len(place) > 9:
        raise ProblemError(404, "there is no such picture")
    if side not in map(str, SIDES):
        raise ProblemError(400, f"side must be one of {', '.join(map(str, SIDES))}, got {side!r:.30}")
    try:
        data, media_type = await asyncio.to_thread(small_picture, job.result, int(place), int(side))
    except (StriateError, OSError) as error:
        raise ProblemError(404, str(error)) from None
    return Response(data, media_type=media_type, headers={"Cache-Control": "private, max-age=3600"})


async def _page(studio: Studio, request: Request) -> Response:
    run = await asyncio.to_thread(found_run, studio, request.path_params["name"])
    page = request.path_params["page"]
    if page not in pages_of(run):
        raise ProblemError(404, f"the run has no page {page[:200]!r}")
    try:
        data = await asyncio.to_thread(_read_page, run.folder / page)
    except OSError:  # it was deleted since
        raise ProblemError(404, f"the run has no page {page[:200]!r} any more") from None
    return Response(data, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": FRAMED})


def _read_page(path: Path) -> bytes:
    with path.open("rb") as opened:
        data = opened.read(MOST_PAGE_BYTES + 1)
    if len(data) > MOST_PAGE_BYTES:
        raise ProblemError(413, f"{path.name[:200]!r} has more than {MOST_PAGE_BYTES:,} bytes; open the file itself")
    return data


def _jobs(studio: Studio) -> Jobs:
    jobs: Jobs = studio.kept.setdefault("runs", Jobs())
    return jobs


ROOM = Room(
    "runs",
    (
        StudioPage("", "runs", _list),
        StudioPage("/side-by-side", "runs_pair", _pair),
        StudioPage("/{name}", "runs_one", _run),
        StudioPage("/{name}/pages/{page}", "runs_page", _framed),
    ),
    (
        Endpoint("GET", "states", _states),
        Endpoint("GET", "learning/{name}", _learning),
        Endpoint("POST", "answers", _answer),
        Endpoint("GET", "jobs/{job}", _progress),
        Endpoint("GET", "jobs/{job}/pictures/{place}", _picture),
        Endpoint("GET", "pages/{name}/{page}", _page),
    ),
)
