"""From templates and strings to pages: everything that is printed is escaped, in the language that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from striate import wording
from striate.printable_text import printable
from striate.studio.strings import LANGUAGES, language_of, strings
from striate.version import __version__

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""What a page may load: what the studio itself answers, nothing from elsewhere, no script that stands in a page."""


MOST_QUERY = 2000
"""Characters of an address that a page repeats."""

TEMPLATES = Path(__file__).parent / "templates"
DRAWINGS = Path(__file__).parents[1] / "inspection" / "templates"
"""Of networks drawn, which pages of inspections share."""

FIGURES = ("bytes", "short", "window", "parameters", "arithmetic", "shape", "square")
"""Filters of inspections' templates."""


@cache
def environment() -> jinja2.Environment:
    """The studio's templates; a name that a template misses is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, DRAWINGS]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({name: _figure(name) for name in FIGURES})
    made.filters.update(percent=wording.percent, number=wording.number, duration=wording.duration)
    return made


def _shown(value: object) -> object:
    return printable(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


def _figure(name: str) -> Callable[..., Any]:
    """A filter of inspections' templates, imported when it is used: torch comes with it."""

    def written(*values: Any) -> Any:
        from striate.inspection.page import FILTERS

        return FILTERS[name](*values)

    return written


def language(request: Request) -> str:
    """The language that a request is answered in."""
    return language_of(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def speaker(room: str, tag: str) -> Callable[..., str]:
    """What says a string of a room's table, or of that of every page, with values in the places of its braces."""
    known = strings(room, tag)

    def said(key: str, **values: object) -> str:
        return known[key].format(**values) if values else known[key]

    return said


def _address(request: Request) -> str:
    """Of the page that is shown, without its language, to which `lang=TAG` is added; quoted, whatever a run is called."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    asked = urlencode(kept)
    if len(asked) > MOST_QUERY:
        asked = ""
    return f"{quote(request.scope['path'])}?{asked}{'&' if asked else ''}"


def page(
    request: Request, template: str, content: Mapping[str, Any], *, room: str, bar: tuple[str, ...], status: int = 200
) -> HTMLResponse:
    """A page of a room.

    Args:
        request: Says the language.
        template: `templates/TEMPLATE.html.j2`.
        content: What the template is told.
        room: Whose strings, style and script it has.
        bar: The names of the rooms that the bar leads to.
        status: Of the answer.
    """
    tag = language(request)

    def link(path: str) -> str:
        """An address of the studio that keeps the language."""
        return f"/studio/{path}{'&' if '?' in path else '?'}lang={tag}"

    known = {
        "t": speaker(room, tag),
        "link": link,
        "language": tag,
        "languages": LANGUAGES,
        "here": _address(request),
        "room": room,
        "bar": bar,
        "strings": strings(room, tag),
        "version": __version__,
    }
    made = environment().get_template(f"{template}.html.j2").render({**content, **known})
    return HTMLResponse(made, status, {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"})
