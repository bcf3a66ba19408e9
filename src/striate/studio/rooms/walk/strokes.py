"""Digits as the strokes of a pen, drawn anew each time: what a pad sees that no scanner saw."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Points = list[tuple[float, float]]
SIDE = 112
"""Pixels of a drawing."""


def _arc(x: float, y: float, wide: float, high: float, begin: float, end: float) -> Points:
    """A part of an ellipse; angles in turns, clockwise from the right."""
    count = max(6, math.ceil(abs(end - begin) * 28))
    turns = [2 * math.pi * (begin + (end - begin) * place / count) for place in range(count + 1)]
    return [(x + wide * math.cos(turn), y + high * math.sin(turn)) for turn in turns]


FORMS: tuple[tuple[tuple[Points, ...], ...], ...] = (
    ((_arc(0.5, 0.5, 0.21, 0.33, -0.25, 0.75),), (_arc(0.5, 0.5, 0.15, 0.34, -0.2, 0.82),)),
    (
        ([(0.5, 0.16), (0.5, 0.84)],),
        ([(0.38, 0.3), (0.53, 0.17), (0.52, 0.83)],),
        ([(0.38, 0.3), (0.53, 0.17), (0.52, 0.83)], [(0.36, 0.83), (0.68, 0.83)]),
    ),
    (
        ([*_arc(0.5, 0.36, 0.2, 0.19, -0.52, 0.1), (0.3, 0.81), (0.73, 0.8)],),
        (
            [
                *_arc(0.48, 0.34, 0.17, 0.17, -0.48, 0.15),
                (0.36, 0.76),
                *_arc(0.36, 0.75, 0.07, 0.06, -0.1, -0.9),
                (0.72, 0.84),
            ],
        ),
    ),
    (
        ([*_arc(0.48, 0.34, 0.19, 0.17, -0.45, 0.2), (0.46, 0.49), *_arc(0.47, 0.66, 0.22, 0.18, -0.22, 0.42)],),
        ([(0.3, 0.18), (0.7, 0.18), (0.48, 0.44), *_arc(0.48, 0.64, 0.2, 0.2, -0.25, 0.4)],),
    ),
    (
        ([(0.36, 0.18), (0.29, 0.53), (0.7, 0.52)], [(0.6, 0.24), (0.57, 0.84)]),
        ([(0.58, 0.84), (0.58, 0.17), (0.26, 0.6), (0.76, 0.6)],),
        ([(0.46, 0.15), (0.28, 0.56), (0.74, 0.56)], [(0.58, 0.38), (0.56, 0.85)]),
    ),
    (
        ([(0.69, 0.18), (0.36, 0.19), (0.34, 0.46), *_arc(0.47, 0.62, 0.21, 0.2, -0.33, 0.4)],),
        ([(0.36, 0.2), (0.33, 0.45), *_arc(0.46, 0.62, 0.2, 0.21, -0.3, 0.42)], [(0.36, 0.2), (0.7, 0.18)]),
    ),
    (
        ([(0.6, 0.16), (0.42, 0.36), *_arc(0.5, 0.65, 0.18, 0.18, 0.5, 1.5)],),
        ([(0.5, 0.15), (0.36, 0.5), *_arc(0.5, 0.67, 0.15, 0.16, 0.5, 1.55)],),
    ),
    (
        ([(0.29, 0.2), (0.7, 0.19), (0.45, 0.83)],),
        ([(0.29, 0.2), (0.7, 0.19), (0.45, 0.83)], [(0.4, 0.5), (0.68, 0.5)]),
    ),
    (
        (_arc(0.5, 0.33, 0.16, 0.16, 0.25, 1.25), _arc(0.5, 0.67, 0.19, 0.18, -0.25, 0.75)),
        ([*_arc(0.5, 0.33, 0.15, 0.16, -0.1, -0.75), *_arc(0.5, 0.66, 0.18, 0.17, -0.25, 0.75), (0.62, 0.28)],),
    ),
    (
        (_arc(0.51, 0.36, 0.18, 0.18, 0, 1), [(0.67, 0.55), (0.6, 0.83)]),
        ([*_arc(0.5, 0.34, 0.17, 0.17, 0, -1), (0.67, 0.6), *_arc(0.51, 0.67, 0.16, 0.17, 0.02, 0.4)],),
        ([*_arc(0.5, 0.35, 0.17, 0.17, 0, -1), (0.66, 0.84)],),
    ),
)
"""Of each digit the ways to write it: strokes, as points of the square from 0 to 1."""


def write(digit: int, draws: np.random.Generator) -> npt.NDArray[np.uint8]:
    """(112, 112) uint8: a digit in one of its forms, leaning, stretched and trembling as drawn, with a pen of any width; ink bright."""
    forms = FORMS[digit]
    strokes = forms[int(draws.integers(len(forms)))]
    angle, lean = draws.normal(0, 0.1), draws.normal(0, 0.2)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    change = turn @ np.array([[draws.uniform(0.75, 1.25), -lean], [0.0, draws.uniform(0.8, 1.1)]])
    waves = draws.normal(0, 0.02, (2, 2)), draws.uniform(0, 2 * math.pi, (2, 2))
    picture = Image.new("L", (SIDE, SIDE))
    pen, width = ImageDraw.Draw(picture), draws.uniform(4, 15)
    for stroke in strokes:
        points = np.array(stroke) - 0.5
        points = points + (waves[0] * np.sin(5 * points[:, None, :] + waves[1])).sum(axis=1)
        on_paper = [(float(x), float(y)) for x, y in (points @ change.T + 0.5) * SIDE]
        pen.line(on_paper, fill=255, width=round(width), joint="curve")
        for x, y in on_paper:
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(picture)
