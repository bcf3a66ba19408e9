"""Which classes are taken for which: the geometry of a confusion matrix, and its worst pairs."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.encodings import named_encoding
from striate.evaluation import Scores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.wording import percent, plural

PAIRS = 10
"""So many kinds of mistake are told."""

MOST_CLASSES = 100  # beyond, a cell would be smaller than the eye can point at: the pairs must do
NUMBERS_UP_TO = 20  # classes: with more, the cells are too small for digits
NAMES_UP_TO = 50
TITLES_UP_TO = 2500  # cells: each title weighs about 60 bytes
LONGEST_NAME = 148.0  # width beside the matrix, in SVG user units: 20 letters or so
DARK_FROM = 0.8  # strength: where light digits begin to read better than dark ones

# Widths of letters at 12 pixels in the widest of the usual fonts: a name is rather given too much room than clipped.
NARROW, WIDE, WIDEST = 5.6, 10.3, 12.4
NARROW_LETTERS = frozenset("iljtfrI.,:;!'|()[] -\"/\\")
WIDEST_LETTERS = frozenset("mMW@%\u2026")
ORDINARY = 8.0

Matrix = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """A cell that holds at least one picture."""

    x: float
    y: float
    kind: str  # "right" on the diagonal, else "wrong"
    strength: float  # opacity, (0, 1]
    dark: bool  # too strong a colour for dark digits
    count: str  # in digits; empty where the matrix is too large for them
    title: str


@dataclass(frozen=True)
class Name:
    """A class name beside the matrix, centred on its row and its column."""

    at: float
    text: str


def width_of(text: str) -> float:
    """The room that a text takes at 12 pixels in any of the usual fonts, in pixels; a little more rather than less.

    Example:
        >>> width_of("cat") < width_of("고양이") < width_of("고양이 cat")
        True
    """
    return sum(map(_letter_width, text))


def _letter_width(letter: str) -> float:
    if letter in NARROW_LETTERS:
        return NARROW
    if letter in WIDEST_LETTERS or unicodedata.east_asian_width(letter) in "WF":
        return WIDEST
    if unicodedata.combining(letter):
        return 0.0
    return ORDINARY if letter.isascii() and (letter.islower() or letter.isdigit()) and letter != "w" else WIDE


def fitted(text: str, width: float) -> str:
    """The text, its middle cut out where it is wider.

    Example:
        >>> fitted("pneumonia", 90), fitted("pneumonia, bacterial", 90)
        ('pneumonia', 'pneu…terial')
    """
    if width_of(text) <= width:
        return text
    head, tail = text[: len(text) // 2], text[len(text) // 2 :]
    while head and width_of(f"{head}…{tail}") > width:
        head, tail = (head[:-1], tail) if width_of(head) >= width_of(tail) else (head, tail[1:])
    return f"{head}…{tail}"


@dataclass(frozen=True)
class Drawing:
    """A confusion matrix, in SVG user units."""

    width: int
    height: int
    left: int  # of the cells
    top: int
    side: int  # of all the cells together
    box: float  # side of a cell as drawn
    round: float  # radius of its corners
    cells: tuple[Cell, ...]
    names: tuple[Name, ...]
    every_name: bool
    cut_names: tuple[tuple[str, str], ...]  # those that are too long to stand there: as they stand, and whole


@dataclass(frozen=True)
class Pair:
    """One kind of mistake."""

    true: str
    predicted: str
    count: int
    of: int  # pictures of the true class


def draw(matrix: Matrix, classes: Sequence[str]) -> Drawing | None:
    r"""The matrix as a drawing, or None where it has more than 100 classes.

    Args:
        matrix: (c, c) int64, a row a true class.
        classes: The c class names.

    Example:
        >>> draw(np.array([[9, 1], [0, 5]]), ["cat", "dog"]).cells[1].title
        'cat called dog: 1 of 10 (10.0\u202f%)'
    """
    count = len(classes)
    if count > MOST_CLASSES:
        return None
    cell = _cell_side(count)
    gap = 1 if cell >= 14 else 0.5
    step = 1 if count <= NAMES_UP_TO else 10
    names = [(i, fitted(classes[i], LONGEST_NAME)) for i in range(0, count, step)]
    gutter = math.ceil(max(width_of(text) for _, text in names)) + 14
    side = cell * count
    return Drawing(
        width=gutter + side + 2,
        height=gutter + side + 2,
        left=gutter,
        top=gutter,
        side=side,
        box=cell - 2 * gap,
        round=2 * gap,
        cells=_cells(matrix, classes, cell, gap),
        names=tuple(Name(round((i + 0.5) * cell, 1), text) for i, text in names),
        every_name=step == 1,
        cut_names=tuple((text, classes[i]) for i, text in names if text != classes[i]),
    )


def confused_pairs(matrix: Matrix, classes: Sequence[str], most: int) -> list[Pair]:
    """The commonest mistakes, the commonest first; equals by their share of the true class, then in class order.

    Args:
        matrix: (c, c) int64, a row a true class.
        classes: The c class names.
        most: How many to give at most.

    Example:
        >>> confused_pairs(np.array([[9, 1], [0, 5]]), ["cat", "dog"], 10)
        [Pair(true='cat', predicted='dog', count=1, of=10)]
    """
    totals = matrix.sum(axis=1)
    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    rows, columns = np.nonzero(wrong)
    counts, of_class = wrong[rows, columns], totals[rows]
    order = np.lexsort((columns, rows, -counts / np.maximum(of_class, 1), -counts))[:most]
    return [Pair(classes[rows[i]], classes[columns[i]], int(counts[i]), int(of_class[i])) for i in order]


def _cell_side(count: int) -> int:
    if count <= 12:
        return 42
    if count <= NUMBERS_UP_TO:
        return 32
    return 14 if count <= NAMES_UP_TO else 7


def _cells(matrix: Matrix, classes: Sequence[str], cell: int, gap: float) -> tuple[Cell, ...]:
    totals = matrix.sum(axis=1)
    rows, columns = np.nonzero(matrix)
    with_title, with_number = len(rows) <= TITLES_UP_TO, len(classes) <= NUMBERS_UP_TO
    cells = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        count, total = int(matrix[row, column]), int(totals[row])
        said = f"{classes[row]} called {classes[column]}: {count:,} of {total:,} ({percent(count / total)})"
        # By the square root, so that one mistake in a hundred is still seen.
        strength = round(0.1 + 0.9 * math.sqrt(count / total), 2)
        cells.append(
            Cell(
                x=column * cell + gap,
                y=row * cell + gap,
                kind="right" if row == column else "wrong",
                strength=strength,
                dark=strength > DARK_FROM,
                count=str(count) if with_number else "",
                title=said if with_title else "",
            )
        )
    return tuple(cells)


def describe(matrix: Matrix, classes: Sequence[str], one: str = "picture") -> str:
    """One sentence for those who cannot see the drawing."""
    total, right = int(matrix.sum()), int(matrix.trace())
    return (
        f"Confusion matrix of {plural(len(classes), 'class', 'classes')}: "
        f"{right:,} of {plural(total, one)} on the diagonal, {total - right:,} off it."
    )


@dataclass(frozen=True)
class Confusions:
    """What is taken for what."""

    drawing: Drawing | None
    summary: str
    pairs: tuple[Pair, ...]
    note: str


def words(report: TrainingReport, scores: Scores | None) -> Confusions | None:
    """The matrix, and the commonest kinds of mistake."""
    if scores is None:
        return None
    classes = [row.name for row in scores.per_class]
    matrix = scores.confusion_matrix
    pairs = confused_pairs(matrix, classes, PAIRS)
    kinds = int(np.count_nonzero(matrix)) - int(np.count_nonzero(matrix.diagonal()))
    drawing = draw(matrix, classes)
    note = f"The {len(pairs)} commonest of {kinds:,} kinds of mistake." if kinds > len(pairs) else ""
    return Confusions(drawing, describe(matrix, classes, named_encoding(report.data.kind).one), tuple(pairs), note)


PART = Part("confusion", "Confusion", words)
