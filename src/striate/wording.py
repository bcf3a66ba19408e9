"""Numbers and names as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from striate.text_layout import cell_width

NARROW_SPACE = "\u202f"  # no line break between a number and its unit


def shorten(text: str, length: int) -> str:
    """The text, its middle cut out where it takes more than `length` columns; a wide character takes two.

    Example:
        >>> shorten("golden retriever", 9), shorten("골든 리트리버", 9)
        ('gold…ever', '골든…리버')
    """
    if cell_width(text) <= length:
        return text
    head, tail = text[:length], text[-length:]
    while cell_width(f"{head}…{tail}") > length:
        if cell_width(head) > cell_width(tail):
            head = head[:-1]
        else:
            tail = tail[1:]
    return f"{head}…{tail}"


def percent(share: float | None, digits: int = 1, *, space: str = NARROW_SPACE) -> str:
    """A share in [0, 1] as a percentage; "100 %" is kept for all and "0 %" for none, however close a share comes.

    Args:
        share: None and what is not finite become a dash.
        digits: After the point.
        space: What stands before the sign.

    Example:
        >>> [percent(share, space=" ") for share in (0.1234, 0.99999, 1.0, 0.00001)]
        ['12.3 %', '>99.9 %', '100 %', '<0.1 %']
    """
    if share is None or not math.isfinite(share):
        return "–"
    if share in (0.0, 1.0):
        return f"{share * 100:.0f}{space}%"
    step = 10.0**-digits
    text = f"{share * 100:.{digits}f}"
    if text == f"{0:.{digits}f}":
        return f"<{step:.{digits}f}{space}%"
    if text == f"{100:.{digits}f}":
        return f">{100 - step:.{digits}f}{space}%"
    return f"{text}{space}%"


def probability(value: float, *, space: str = NARROW_SPACE) -> str:
    """A probability as a percentage. None is ever 0 or 100 %, also where a computer's number has come to be 0 or 1.

    Example:
        >>> [probability(value, space=" ") for value in (0.98765, 1.0, 1e-98)]
        ['98.8 %', '>99.9 %', '<0.1 %']
    """
    return percent(min(max(value, 5e-324), 1 - 2**-53), space=space)


def number(value: float | None) -> str:
    """An integer with separated thousands, or any other number with four significant digits.

    Example:
        >>> number(3504872), number(0.123456), number(1e-5), number(1832.4)
        ('3,504,872', '0.1235', '1e-05', '1,832')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, int) or 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "picture"), plural(1200, "picture"), plural(2, "class", "classes")
        ('1 picture', '1,200 pictures', '2 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """A time given in seconds, in the units people use.

    Example:
        >>> [duration(seconds).replace(NARROW_SPACE, " ") for seconds in (0.0421, 7.25, 59.96, 312, 3725)]
        ['42 ms', '7.2 s', '1 min 0 s', '5 min 12 s', '1 h 2 min']
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if round(seconds, 1) < 1:
        return f"{seconds * 1000:.0f}{NARROW_SPACE}ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f}{NARROW_SPACE}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}{NARROW_SPACE}min {whole % 60}{NARROW_SPACE}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60}{NARROW_SPACE}h {minutes % 60}{NARROW_SPACE}min"


def network_title(model: str, head_stages: Sequence[str]) -> str:
    """What to call a network of the catalogue, which may have been cut behind one of its stages.

    Example:
        >>> network_title("resnet18", ()), network_title("resnet18", ("layer2", "layer3"))
        ('resnet18', 'resnet18 with a head on layer2 and layer3')
    """
    return f"{model} with a head on {' and '.join(head_stages)}" if head_stages else model
