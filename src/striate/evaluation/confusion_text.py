"""A confusion matrix as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from striate.printable_text import printable
from striate.text_layout import cell_width, wrapped


def confusion_lines(matrix: npt.NDArray[np.int64], classes: Sequence[str], width: int | None) -> list[str]:
    """The confusion matrix; on a screen that is too narrow for it, what each class was called, a line a class."""
    names = [printable(name) for name in classes]
    counts = matrix.tolist()
    first = max(cell_width(name) for name in names)
    cell = max(4, max(len(str(count)) for row in counts for count in row) + 1)
    if width is None or first + 2 + cell * len(names) <= width:
        said = "confusion (a row is a true class, a column a predicted one, in the order above)"
        padded = [name + " " * (first - cell_width(name)) for name in names]
        return [
            *wrapped(said, width),
            *(f"{name}  " + "".join(f"{n:>{cell}}" for n in row) for name, row in zip(padded, counts, strict=True)),
        ]
    lines = ["confusion (what each class was called)"]
    for name, row in zip(names, counts, strict=True):
        calls = ", ".join(f"{other} {count}" for other, count in zip(names, row, strict=True) if count)
        lines.append(f"{name}: {calls or 'no picture'}")
    return [line for text in lines for line in wrapped(text, width)]
