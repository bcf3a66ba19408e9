"""The nearest vectors by their cosine: exactly, or by inverted lists of faiss where far more are asked for than there is time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.errors import StriateError

Vectors = npt.NDArray[np.float32]
Found = tuple[npt.NDArray[np.int64], Vectors]

EXACT = 100_000
"""Up to so many vectors nothing is faster than comparing all of them."""

HELD = 1 << 24
"""Similarities that are held at once."""

RECALL = 0.99
"""The least share of the true nearest that inverted lists are set to find."""


def unit_vectors(features: npt.NDArray[np.floating[Any]]) -> Vectors:
    """Rows of length 1, float32; a row of zeros stays one, and is like nothing.

    Example:
        >>> unit_vectors(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return (features / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def nearest(vectors: Vectors, queries: Vectors, count: int) -> Found:
    """The rows whose cosine with each query is the largest, and the cosines, by comparing all.

    Args:
        vectors: (n, d), of length 1.
        queries: (q, d), of length 1.
        count: How many of each.

    Returns:
        Places and cosines, both (q, min(count, n)), the most alike first; of equals the one that comes first.

    Example:
        >>> places, cosines = nearest(np.eye(3, dtype=np.float32), np.array([[0, 0.6, 0.8]], np.float32), 2)
        >>> places.tolist(), cosines.round(2).tolist()
        ([[2, 1]], [[0.800000011920929, 0.6000000238418579]])
    """
    count = min(count, len(vectors))
    places = np.empty((len(queries), count), np.int64)
    cosines = np.empty((len(queries), count), np.float32)
    if not count:
        return places, cosines
    at_once = max(1, HELD // len(vectors))
    for start in range(0, len(queries), at_once):
        part = slice(start, start + at_once)
        places[part], cosines[part] = _largest(queries[part] @ vectors.T, count)
    return places, cosines


def _largest(cosines: Vectors, count: int) -> Found:
    """Of each row the places of its largest values, and those; of equals the first ones."""
    least = -np.partition(-cosines, count - 1, axis=1)[:, count - 1]
    places = np.empty((len(cosines), count), np.int64)
    for row, (values, bound) in enumerate(zip(cosines, least, strict=True)):
        chosen = np.flatnonzero(values >= bound)
        places[row] = chosen[np.argsort(-values[chosen], kind="stable")[:count]]
    return places, np.take_along_axis(cosines, places, axis=1)


class InvertedLists:
    """Vectors in lists around centres that k-means found; a query looks through the lists of the centres most like it.

    How many lists it looks through is what finds 99 % of the true ten nearest of a sample of the vectors.

    Source: Jegou, Douze, Schmid 2011, Product Quantization for Nearest Neighbor Search, section IV (IVF), by faiss.

    Args:
        vectors: (n, d), of length 1; faiss copies them.

    Raises:
        StriateError: faiss is not installed.
    """

    recall: float
    """The share of the sample's ten nearest that it found."""

    def __init__(self, vectors: Vectors) -> None:
        try:
            import faiss
        except ModuleNotFoundError as error:
            raise StriateError("this needs the package faiss-cpu: pip install 'striate[search]'") from error
        lists = max(1, round(2 * math.sqrt(len(vectors))))
        self._index = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(vectors.shape[1]), vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT
        )
        self._index.cp.seed, self._index.cp.niter = 0, 10
        self._index.train(vectors[evenly(len(vectors), 40 * lists)])
        self._index.add(vectors)
        self._look_far_enough(vectors, lists)

    def _look_far_enough(self, vectors: Vectors, lists: int) -> None:
        sample = vectors[evenly(len(vectors), 100)]
        true, _ = nearest(vectors, sample, 10)
        looked_through = 1
        while True:
            self._index.nprobe = min(looked_through, lists)
            found, _ = self.nearest(sample, true.shape[1])
            self.recall = float(np.mean([np.isin(one, other).mean() for one, other in zip(true, found, strict=True)]))
            if self.recall >= RECALL or looked_through >= lists:
                return
            looked_through *= 2

    def nearest(self, queries: Vectors, count: int) -> Found:
        """As `nearest`; where the lists that were looked through hold fewer, places are -1."""
        cosines, places = self._index.search(np.ascontiguousarray(queries), count)
        return places, cosines
