"""Text in as many columns as a screen has: tables, and lines broken between words. Wide characters count as two columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from io import StringIO

GAP = 2
"""Columns between those of a table."""
NARROWEST = 14
"""Columns that a text which is broken takes at least."""


def cell_width(text: str) -> int:
    """How many columns a terminal takes for a text of one line.

    Example:
        >>> cell_width("dog"), cell_width("고양이")
        (3, 6)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: Collection[str] = (), width: int | None = None
) -> list[str]:
    """The lines of a table; columns without a word in any row are left out.

    Where it is wider than the screen, texts are broken between words; where that is not enough, each row becomes a block of lines,
    a line a cell. No word is ever cut.

    Args:
        columns: The heads.
        rows: As many cells each; the first names the row.
        left: The heads of texts, which begin at the left; the first column always does. All others are numbers.
        width: Columns of the screen; None: as many as it takes.

    Example:
        >>> table(["class", "pictures"], [["고양이", "12"], ["dog", "7"]])
        ['class   pictures', '고양이        12', 'dog            7']
        >>> table(["class", "pictures"], [["dog", "7"]], width=14)
        ['dog', '  pictures  7']
    """
    used = [place for place in range(len(columns)) if not rows or any(row[place] for row in rows)]
    heads = [columns[place] for place in used]
    cells = [[row[place] for place in used] for row in rows]
    texts = [number == 0 or head in left for number, head in enumerate(heads)]
    natural = [max(map(cell_width, column)) for column in zip(heads, *cells, strict=True)]
    whole = sum(natural) + GAP * (len(used) - 1)
    if width is None or whole <= width:
        return _drawn(heads, cells, texts, natural, whole)
    # Numbers stay whole; a text may become as narrow as its longest word, but not as a newspaper's gutter.
    least = [
        max(min(size, NARROWEST), *(cell_width(word) for text in column for word in text.split())) if is_text else size
        for column, is_text, size in zip(zip(heads, *cells, strict=True), texts, natural, strict=True)
    ]
    if sum(least) + GAP * (len(used) - 1) > width:
        return _stacked(heads, cells, width)
    return _drawn(heads, cells, texts, _shared(natural, least, width - GAP * (len(used) - 1)), width)


def facts(rows: Sequence[tuple[str, str]], *, width: int | None = None) -> list[str]:
    """A line for each name and value, the values one under the other; on a screen lines are broken between words.

    Example:
        >>> facts([("size", "1.2 MB"), ("accuracy", "98 %")])
        ['size      1.2 MB', 'accuracy  98 %']
    """
    longest = max((cell_width(name) for name, _ in rows), default=0) + GAP
    lines = [f"{name}{' ' * (longest - cell_width(name))}{value}" for name, value in rows]
    return wrapped("\n".join(lines), width) if lines else []


def wrapped(text: str, width: int | None) -> list[str]:
    """The lines of a text, those that are longer than the screen is wide broken between words; a longer word stays whole.

    What goes on in the next line begins under the words that follow the line's first wide gap, or two columns further in. A command
    at the end of a line is broken as a shell takes it, by a backslash, and not between quotes.

    Example:
        >>> wrapped("run  one two three", 12)
        ['run  one two', '     three']
        >>> wrapped("note: a-very-long-word", 10)
        ['note:', '  a-very-long-word']
    """
    lines: list[str] = []
    for line in text.split("\n"):
        lines += [line] if width is None or cell_width(line) <= width else _broken(line, width)
    return lines


_COMMAND = re.compile(r"(?:^|: |  )(striate [a-z-]+ )")
# Spaces alone part words: a line is not broken at a narrow no-break space, which stands between a number and its unit.
_WORD = re.compile(r"( *)([^ ]+)")
_ARGUMENT = re.compile(r"( *)((?:'[^']*'|[^ '])+)")


def _pieces(line: str, indent: int) -> Iterator[tuple[str, str, bool]]:
    """(gap, word, whether it is of a command) in order."""
    command = _COMMAND.search(line)
    begin = command.start(1) if command and line.count("'", command.start(1)) % 2 == 0 else len(line)
    for gap, word in _WORD.findall(line[indent:begin]):
        yield gap, word, False
    gap = " " * (begin - len(line[:begin].rstrip(" ")))
    for place, (own_gap, word) in enumerate(_ARGUMENT.findall(line[begin:])):
        yield own_gap or (gap if place == 0 else ""), word, place > 0


def _broken(line: str, width: int) -> list[str]:
    before = re.match(r" *\S+(?: \S+)*  +(?=\S)", line)
    indent = len(line) - len(line.lstrip(" "))
    hang = cell_width(before[0]) if before and cell_width(before[0]) <= width // 2 else min(indent + 2, width // 2)
    lines: list[str] = []
    current, taken = " " * indent, indent
    pieces = list(_pieces(line, indent))
    for place, (gap, word, of_command) in enumerate(pieces):
        size = cell_width(word)
        goes_on = 2 if place + 1 < len(pieces) and pieces[place + 1][2] else 0  # room for a backslash
        if current.strip() and taken + len(gap) + size + goes_on > width:
            lines.append(current.rstrip() + (" \\" if of_command else ""))
            current, taken, gap = " " * hang, hang, ""
        current += gap + word
        taken += len(gap) + size
    return [*lines, current]


def _shared(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that together fill the room: the widest give way first, none below its least."""
    sizes = list(natural)
    while sum(sizes) > room:
        widest = max(
            (place for place in range(len(sizes)) if sizes[place] > least[place]), key=lambda place: sizes[place]
        )
        sizes[widest] -= 1
    return sizes


def _drawn(
    heads: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[bool], sizes: Sequence[int], width: int
) -> list[str]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="", width=width)
    for head, is_text, size in zip(heads, texts, sizes, strict=True):
        drawn.add_column(Text(head), justify="left" if is_text else "right", width=size, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    stream = StringIO()
    Console(file=stream, width=max(width, 1), color_system=None, legacy_windows=False).print(drawn)
    return [line.rstrip() for line in stream.getvalue().split("\n")[:-1]]


def _stacked(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    lines: list[str] = []
    wide = max(map(cell_width, heads[1:]), default=0)
    for name, *cells in rows:
        lines += wrapped(name, width)
        for head, cell in zip(heads[1:], cells, strict=True):
            if cell:
                lines += wrapped(f"  {head}{' ' * (wide - cell_width(head))}  {cell}", width)
    return lines
