"""How results show themselves in a notebook: small pieces of HTML that load nothing and run nothing, every text escaped.

Each result has a `_repr_html_` that puts its parts into one `block`. Colours and fonts are the notebook's own, light or dark.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.printable_text import printable

MOST_ROWS = 20
"""A longer table is cut in the middle, and says so."""

ENDS = {"<svg": "svg+xml", "<?xm": "svg+xml", "\x89PNG": "png", "\xff\xd8\xff": "jpeg"}


def block(title: str, *parts: str) -> str:
    """A heading and what belongs under it.

    Args:
        title: Any text.
        parts: HTML, as the other functions here answer it.

    Example:
        >>> block("a < b", text("and more"))
        '<div><strong>a &lt; b</strong><p style="margin:.4em 0">and more</p></div>'
    """
    return f"<div><strong>{_shown(title)}</strong>{''.join(parts)}</div>"


def text(words: str) -> str:
    """A paragraph."""
    return f'<p style="margin:.4em 0">{_shown(words)}</p>' if words else ""


def plain(words: str) -> str:
    """Text whose lines and columns stay as they are."""
    return f'<pre style="overflow-x:auto">{_shown(words)}</pre>'


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows under column heads; the first cell of each names it.

    Example:
        >>> table(["class", "pictures"], [["<b>", 3]]).count("&lt;b&gt;")
        1
    """
    every = [list(row) for row in rows]
    left = len(every) - MOST_ROWS
    head = "".join(_cell("th", name, place) for place, name in enumerate(columns))
    lines = ["".join(_cell("td", value, place) for place, value in enumerate(row)) for row in every]
    if left > 0:
        more = f'<td colspan="{len(columns)}" style="text-align:center">⋮ {left:,} more</td>'
        lines = [*lines[: MOST_ROWS // 2], more, *lines[-(MOST_ROWS // 2) :]]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table style="margin:.4em 0"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """A name and a value a line.

    Example:
        >>> facts([("size", "<b>")]).count("&lt;b&gt;")
        1
    """
    lines = (f"<tr>{_cell('td', name, 0)}{_cell('td', value, 0)}</tr>" for name, value in rows)
    return f'<table style="margin:.4em 0"><tbody>{"".join(lines)}</tbody></table>'


def picture(content: bytes | npt.NDArray[np.uint8], *, said: str = "", width: int | None = None) -> str:
    """A picture as part of the page, with words under it.

    Args:
        content: An encoded PNG, JPEG or SVG, or pixels (H, W), (H, W, 1) or (H, W, 3) uint8.
        said: What is under it, and told to who cannot see it.
        width: In CSS pixels; None: its own. An enlarged one keeps its pixels as squares.
    """
    if not isinstance(content, bytes):
        stored = io.BytesIO()
        pixels = content[..., 0] if content.ndim == 3 and content.shape[2] == 1 else content
        Image.fromarray(np.ascontiguousarray(pixels)).save(stored, format="PNG")
        content = stored.getvalue()
    begin = content[:4].decode("latin-1")
    kind = next((kind for sign, kind in ENDS.items() if begin.startswith(sign)), "png")
    encoded = base64.b64encode(content).decode("ascii")
    style = f"max-width:100%;image-rendering:{'auto' if width is None else 'pixelated'}"
    size = "" if width is None else f' width="{width}"'
    image = f'<img src="data:image/{kind};base64,{encoded}" alt="{_shown(said)}"{size} style="{style}">'
    under = f'<div style="font-size:smaller">{_shown(said)}</div>' if said else ""
    return f'<div style="display:inline-block;margin:.3em .6em .3em 0;vertical-align:top">{image}{under}</div>'


def small(pixels: npt.NDArray[np.uint8], side: int = 80) -> npt.NDArray[np.uint8]:
    """Pixels (H, W, 1) or (H, W, 3), scaled down so that the longest side has at most so many."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _shown(words: str) -> str:
    return html.escape(printable(words, lines=True))


def _cell(kind: str, value: object, place: int) -> str:
    side = "left" if place == 0 else "right"
    return f'<{kind} style="text-align:{side};padding:.15em .6em">{_shown(str(value))}</{kind}>'
