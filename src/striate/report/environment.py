"""How pages are made from templates: everything that is printed is escaped, and can be printed."""

from __future__ import annotations

from functools import cache

import jinja2
from markupsafe import Markup

from striate import wording
from striate.printable_text import printable


@cache
def environment() -> jinja2.Environment:
    """The templates of this package; a name that a template misses is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("striate.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(percent=wording.percent, number=wording.number, plural=wording.plural)
    return made


def _shown(value: object) -> object:
    return printable(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value
