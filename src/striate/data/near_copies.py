"""Pictures that were made of others of the same set: stored anew, scaled, lightened, mirrored, turned or cropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.data.aligning import Likeness, likeness, smoothed
from striate.data.dataset import Dataset, Progress
from striate.data.hamming_search import within_distance
from striate.data.simple_pictures import SIMPLE, colours_stored, same_levels_stored, share_of_two_levels
from striate.pixels.perceptual_hashes import LOWEST, Window, frequencies, hashes, turned

Rows = npt.NDArray[np.int64]

TURNS = (
    "",
    "turned by 90 degrees",
    "turned by 180 degrees",
    "turned by 270 degrees",
    "mirrored",
    "mirrored and turned by 90 degrees",
    "mirrored and turned by 180 degrees",
    "mirrored and turned by 270 degrees",
)
"""Counter-clockwise, after the mirror."""

CUT = 0.06
"""Of each side a hash is also taken without so much at each edge, alone and together: 16 windows, near enough to every crop of 8 %."""

WINDOWS: tuple[Window, ...] = tuple(
    (left, top, right, bottom)
    for left, top, right, bottom in product((0.0, CUT), repeat=4)
    if left + top + right + bottom
)
WHOLE: Window = (0.0, 0.0, 0.0, 0.0)
HOWS: tuple[tuple[int, Window], ...] = (
    *((turn, WHOLE) for turn in range(len(TURNS))),
    *((0, window) for window in WINDOWS),
)
"""How one picture may have been made of the other: which turn, or which window."""

CROPPED = 0.02
"""What a picture must lack at an edge, as a share of the side, to be called cropped."""

RADIUS_TURNED, RADIUS_CROPPED = 12, 10
"""Bits of 64 in which hashes may differ. Of 400 imagenette pictures 12 finds every one that is 20 % lighter, 10 loses two."""

ALIKE = 0.9
"""From this correlation of edges on, two pictures are near copies: no pair of 3.4 million distinct photographs of imagenette has it."""

PROMISING = 0.5
"""Below this correlation at the place where a candidate was found nothing is laid on one another: of the 16 windows one is nearer."""

RADIUS_QUICK = 2
"""Where little time is to be taken."""

ALIKE_STRICT = 0.96
"""Where distinct pictures look alike, as digits do, or are simple, as drawn shapes are, neither turn nor window is tried, and levels and
colours must be those of the other picture, but for what storing it anew and scaling it change."""

FAR_CLOSER = 2.5
"""So many times as near as the nearest picture of their kind that is no copy must two pictures be there, unless all their levels are
the same. Of 70,000 digits of MNIST thirteen pairs of ones are as near as copies: at most 2.3 times as near as others, where digits stored
anew as JPEG of quality 50 are 2.9 times as near at least, but one in a thousand."""

MANY_SIMPLE = 1 / 3
"""Of the pictures of a set; from this share on all of it is compared strictly."""

THOROUGH = 20_000
"""Of more pictures training looks for copies alone that were neither turned nor cropped, in seconds; the data doctor looks for all."""

SAMPLED = 1000
CHANCE = 5e-4
"""In simple sets so large a share of the pairs of distinct pictures has hashes that differ in 10 bits or fewer: 8 in 1,000 of MNIST's, 5 in
100,000 of CIFAR-10's, one in a million of imagenette's."""

PLAIN = 1.0  # a picture whose slopes are less than one level between neighbours shows nothing that can be told apart
CONTRAST = 1.8  # times as steep at most
BRIGHTNESS = 80  # levels lighter at most
COLOUR_SEEN = 10  # levels by which red, green and blue must differ before colours are compared
SAME_COLOURS = 0.5  # the cosine between their colours
_AT_ONCE = 2048  # pairs


class _Part(NamedTuple):
    """Near copies that were found in one way."""

    first: Rows
    second: Rows
    edges: npt.NDArray[np.float32]
    cropped: npt.NDArray[np.bool_]
    how: Rows
    certain: npt.NDArray[np.bool_]
    """Whether all levels are the same, so that no other picture need be looked at."""


@dataclass(frozen=True, eq=False)
class NearCopies:
    """Pairs of pictures that show the same.

    Attributes:
        pairs: (m, 2) rows, the lower first; ascending.
        edges: (m,) the correlation of their edges, `ALIKE` to 1.
        turns: (m,) places in `TURNS`: what was done to one to make the other.
        cropped: (m,) whether one lacks more than 2 % of the other's side at an edge.
        strict: Whether distinct pictures of the set look so much alike that only the nearest pairs are called copies.
    """

    pairs: Rows
    edges: npt.NDArray[np.float32]
    turns: Rows
    cropped: npt.NDArray[np.bool_]
    strict: bool

    def renumbered(self, rows: Rows) -> NearCopies:
        """The same pairs, named by the rows of a larger set of which these pictures are the ones at `rows`, ascending."""
        return replace(self, pairs=rows[self.pairs])

    def among(self, rows: Rows) -> NearCopies:
        """The pairs of which both are at `rows`, named by their places there.

        Args:
            rows: Ascending.
        """
        places = np.minimum(np.searchsorted(rows, self.pairs), max(len(rows) - 1, 0))
        there = np.isin(self.pairs, rows).all(axis=1)
        return NearCopies(places[there], self.edges[there], self.turns[there], self.cropped[there], self.strict)

    def words(self, place: int) -> str:
        """What was done to one picture of a pair to make the other, beside storing it anew, scaling it, or changing its light."""
        done = [TURNS[turn] for turn in self.turns[place : place + 1] if turn] + ["cropped"] * bool(self.cropped[place])
        return " and ".join(done)


def find_near_copies(
    thumbnails: npt.NDArray[np.uint8],
    colours: npt.NDArray[np.uint8],
    *,
    thorough: bool = True,
    progress: Progress | None = None,
) -> NearCopies:
    """Every pair of near copies: candidates by perceptual hashes, confirmed where one picture, laid on the other, has the same edges.

    Args:
        thumbnails: (n, 32, 32), from `grey_thumbnail`.
        colours: (n, 8, 8, 3): the same pictures, averaged.
        thorough: Whether copies that were turned or cropped, and those whose hashes are less near, are looked for too.
        progress: Told how far it is.

    Example:
        >>> pictures = np.random.default_rng(0).integers(0, 256, (40, 8, 8)).astype(np.uint8).repeat(4, axis=1).repeat(4, axis=2)
        >>> pictures[7] = pictures[3, :, ::-1]
        >>> grey = np.full((40, 8, 8, 3), 128, np.uint8)
        >>> found = find_near_copies(pictures, grey)
        >>> found.pairs, found.words(0)
        (array([[3, 7]]), 'mirrored')
    """
    rows = np.flatnonzero(_detail(thumbnails) >= PLAIN)
    grey, colour = thumbnails[rows], colours[rows]
    low = frequencies(grey)
    strict = _look_alike(grey, colour, low)
    allowed = colours_stored(colour) if strict else None
    quick = strict or not thorough
    parts: list[_Part] = []
    others = np.zeros(len(rows), np.float32)
    known = np.empty(0, np.int64)
    if progress is not None:
        progress("looking for near copies", 0, 1 if quick else len(HOWS))
    for how, words in _queries(grey, low, quick):
        radius = RADIUS_CROPPED if how >= len(TURNS) else RADIUS_TURNED if thorough else RADIUS_QUICK
        for first, second in _pairs(hashes(low), words, radius, both=how >= len(TURNS)):
            new = ~np.isin(
                _codes(first, second, len(rows)), known
            )  # what was found as a whole need not be found cropped
            if allowed is not None:
                new &= _within(colour, allowed, first, second)
            if new.any():
                parts.append(_confirmed(grey, colour, first[new], second[new], how, others if strict else None))
        known = np.concatenate([known[:0], *(_codes(part.first, part.second, len(rows)) for part in parts)])
        if progress is not None:
            progress("looking for near copies", how + 1, 1 if quick else len(HOWS))
    return _best([_far_closer(part, others) for part in parts] if strict else parts, rows, strict)


def near_copies_in(dataset: Dataset, *, thorough: bool = True, progress: Progress | None = None) -> NearCopies:
    """The near copies in a data set; of exact copies the first stands for all.

    Args:
        dataset: Checked; pictures of which no thumbnail was made are like nothing.
        thorough: As `find_near_copies` takes it.
        progress: Told how far it is.

    Example:
        >>> from striate.data import check_pictures, load_data
        >>> len(near_copies_in(check_pictures(load_data("digits"))).pairs)
        0
    """
    facts = dataset.checked_facts
    if facts.thumbnails is None or facts.colours is None:
        return _best([], np.empty(0, np.int64), strict=False)
    _, rows = np.unique(facts.digests.view(f"V{facts.digests.shape[1]}").ravel(), return_index=True)
    rows = np.sort(rows)
    return find_near_copies(
        facts.thumbnails[rows], facts.colours[rows], thorough=thorough, progress=progress
    ).renumbered(rows)


def _queries(
    grey: npt.NDArray[np.uint8], low: npt.NDArray[np.float64], quick: bool
) -> Iterator[tuple[int, npt.NDArray[np.uint64]]]:
    """Each way in which one may have been made of another, with the hashes of what the pictures look like then."""
    for turn, coefficients in enumerate(turned(low)):
        yield turn, hashes(coefficients)
        if quick:
            return
    for place, window in enumerate(WINDOWS, start=len(TURNS)):
        yield place, hashes(frequencies(grey, window))


def _pairs(
    words: npt.NDArray[np.uint64], queries: npt.NDArray[np.uint64], radius: int, *, both: bool
) -> Iterator[tuple[Rows, Rows]]:
    """Rows of candidates, a part at a time; in both orders where one of two pictures is cropped."""
    for first, second in within_distance(words, queries, radius):
        kept = first != second if both else first < second
        for start in range(0, int(kept.sum()), _AT_ONCE):
            yield first[kept][start : start + _AT_ONCE], second[kept][start : start + _AT_ONCE]


def _within(
    colour: npt.NDArray[np.uint8], allowed: npt.NDArray[np.int16], first: Rows, second: Rows
) -> npt.NDArray[np.bool_]:
    """(n,) whether colours differ nowhere by more than is allowed of the first."""
    differences = np.abs(colour[first].astype(np.int16) - colour[second])
    return np.asarray((differences <= allowed[first]).all(axis=(1, 2, 3)))


def _confirmed(
    grey: npt.NDArray[np.uint8],
    colour: npt.NDArray[np.uint8],
    first: Rows,
    second: Rows,
    how: int,
    others: npt.NDArray[np.float32] | None,
) -> _Part:
    """Of candidates those that are near copies; where it is strict, how near each picture's nearest other is goes into `others`."""
    found, same = _compared(grey, colour, first, second, how, strict=others is not None)
    certain = np.zeros(len(first), bool)
    if others is None:
        same &= found.edges >= ALIKE
    else:
        certain = same_levels_stored(grey[first], grey[second])
        for row in (first, second):
            other = (found.edges < ALIKE_STRICT) & ~certain
            np.maximum.at(others, row[other], found.edges[other])
        same &= (found.edges >= ALIKE_STRICT) | certain
    number = np.full(int(same.sum()), how)
    return _Part(first[same], second[same], found.edges[same], found.cut[same] > CROPPED, number, certain[same])


def _far_closer(part: _Part, others: npt.NDArray[np.float32]) -> _Part:
    """The pairs that are far closer than either of them is to what is no copy of it, or the same in all levels."""
    nearest = np.maximum(others[part.first], others[part.second])
    kept = part.certain | (FAR_CLOSER * (1 - part.edges) <= 1 - nearest)
    first, second, edges, cropped, how, certain = part
    return _Part(first[kept], second[kept], edges[kept], cropped[kept], how[kept], certain[kept])


def _compared(
    grey: npt.NDArray[np.uint8], colour: npt.NDArray[np.uint8], first: Rows, second: Rows, how: int, strict: bool
) -> tuple[Likeness, npt.NDArray[np.bool_]]:
    """How alike candidates are, and whether light and colour may be those of copies."""
    turn, window = HOWS[how]
    windows = np.tile(np.array(window, np.float32), (len(first), 1))
    one, other = _turn(grey[first], turn), grey[second]
    if strict:
        found = likeness(one.astype(np.float32), other.astype(np.float32), windows, align=False)
    else:
        found = _aligned(smoothed(one), smoothed(other), windows)
    light = (np.abs(np.log(found.contrast)) <= np.log(CONTRAST)) & (np.abs(found.brightness) <= BRIGHTNESS)
    return found, light & _same_colours(_turn(colour[first], turn), colour[second])


def _aligned(
    first: npt.NDArray[np.float32], second: npt.NDArray[np.float32], windows: npt.NDArray[np.float32]
) -> Likeness:
    """How alike pictures are; those that are somewhat alike are laid on one another first, which takes time."""
    found = likeness(first, second, windows, align=False)
    some = np.flatnonzero((found.edges >= PROMISING) & (found.edges < ALIKE))
    if not len(some):
        return found
    better = likeness(first[some], second[some], windows[some], align=True)
    for name, column in vars(found).items():
        column[some] = vars(better)[name]
    return found


def _codes(first: Rows, second: Rows, count: int) -> Rows:
    """One number a pair, whichever is first."""
    return np.minimum(first, second) * count + np.maximum(first, second)


def _turn(pictures: npt.NDArray[np.uint8], turn: int) -> npt.NDArray[np.uint8]:
    """(n, S, S) or (n, S, S, C), as `TURNS` has it."""
    mirrored = pictures[:, :, ::-1] if turn >= 4 else pictures
    return np.rot90(mirrored, turn % 4, axes=(1, 2))


def _same_colours(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """(n,) whether the hues of pictures agree; a picture without colour may be a copy of any."""
    one, other = (_hues(pictures) for pictures in (first, second))
    strengths = [np.sqrt((hues * hues).mean(axis=1)) for hues in (one, other)]
    cosines = (one * other).mean(axis=1) / np.maximum(strengths[0] * strengths[1], 1e-6)
    return np.asarray((cosines >= SAME_COLOURS) | (np.minimum(*strengths) < COLOUR_SEEN))


def _hues(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(n, 192) how far red, green and blue are from their mean."""
    levels = colours.astype(np.float32)
    return np.asarray((levels - levels.mean(axis=3, keepdims=True)).reshape(len(colours), -1))


def _detail(thumbnails: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(n,) how steep the slopes between neighbours are, in the root of the mean of squares."""
    found = np.empty(len(thumbnails))
    for start in range(0, len(thumbnails), _AT_ONCE):
        levels = thumbnails[start : start + _AT_ONCE].astype(np.float32)
        squares = [(np.diff(levels, axis=axis) ** 2).mean(axis=(1, 2)) for axis in (1, 2)]
        found[start : start + _AT_ONCE] = np.sqrt(sum(squares))
    return found


def _look_alike(grey: npt.NDArray[np.uint8], colour: npt.NDArray[np.uint8], low: npt.NDArray[np.float64]) -> bool:
    """Whether distinct pictures of the set are simple, or have hashes that are near, by a sample of them."""
    rows = evenly(len(grey), SAMPLED)
    if len(rows) and (share_of_two_levels(grey[rows]) >= SIMPLE).mean() >= MANY_SIMPLE:
        return True
    words = hashes(low[rows])
    parts = list(_pairs(words, words, RADIUS_CROPPED, both=False))
    number = sum(len(first) for first, _ in parts)
    most = CHANCE * len(rows) * (len(rows) - 1) / 2
    if number <= max(most, LOWEST):
        return False
    distinct = 0
    for first, second in parts[:2]:  # a few thousand tell how many of all are copies
        found, _ = _compared(grey, colour, rows[first], rows[second], 0, strict=False)
        distinct += int((found.edges < ALIKE - 0.1).sum())
    looked_at = sum(len(first) for first, _ in parts[:2])
    return number * distinct / looked_at > max(most, LOWEST)


def _best(parts: list[_Part], rows: Rows, strict: bool) -> NearCopies:
    """Each pair once, in the way in which its pictures are most alike: whole pictures before windows that are as good."""
    if not parts:
        parts = [_Part(rows[:0], rows[:0], np.empty(0, np.float32), np.empty(0, bool), rows[:0], np.empty(0, bool))]
    first, second, edges, cropped, how, _ = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    pairs = np.sort(np.stack([rows[first], rows[second]], axis=1), axis=1)
    order = np.lexsort((how, -edges.round(2), pairs[:, 1], pairs[:, 0]))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(pairs[order], axis=0) != 0).any(axis=1)
    kept = order[new]
    turns = np.array([turn for turn, _ in HOWS])[how[kept]]
    return NearCopies(pairs[kept], edges[kept], turns, cropped[kept], strict)
