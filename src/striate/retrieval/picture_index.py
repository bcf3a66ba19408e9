"""An index of pictures by what a network sees in them: made, kept, brought up to date, asked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from striate.bundle.contract import digest_of
from striate.bundle.folder import file_digest
from striate.errors import ItemError, UsageError
from striate.hardware import available_processors
from striate.ordered_threads import answers_in_order, in_chunks
from striate.pixels import PictureSource
from striate.pixels.decoding import held
from striate.pixels.picture_arguments import Pictures, as_pictures
from striate.pixels.walking import PictureWalk
from striate.retrieval.indexed_files import IndexedFiles, MadeBy, file_state, read_index, write_index
from striate.retrieval.near_duplicates import look_alike
from striate.retrieval.nearest import EXACT, InvertedLists, nearest, unit_vectors
from striate.runtime import Classifier, as_classifier
from striate.watching import Watcher

Copy = Literal["", "the same bytes", "near duplicate"]

NEAR = 0.7
"""The least cosine of a near duplicate, whose pixels are then compared: half the size or a JPEG of quality 20 hardly costs more."""


@dataclass(frozen=True)
class Match:
    """A picture that was found."""

    path: str
    """The folder as it was named, and the file's place in it."""
    similarity: float
    """The cosine of its features with the query's, in -1..1."""
    copy: Copy
    """Whether it is the query's picture once more: its very bytes, or the same by features and pixels (`look_alike`)."""

    def to_dict(self) -> dict[str, Any]:
        """JSON types."""
        return {"path": self.path, "similarity": self.similarity, "copy": self.copy or None}


@dataclass(frozen=True)
class IndexChanges:
    """What bringing an index up to date came to, in numbers of pictures."""

    computed: int
    """New, or changed, and run through the network."""
    known_elsewhere: int
    """New by name or time, with the bytes of a picture that was known: moved, copied or touched."""
    unchanged: int
    removed: int
    """Whose files are gone, or cannot be read any more."""
    errors: tuple[tuple[str, str], ...]
    """Path and reason of each picture that cannot be read; it is in no index."""

    @property
    def any(self) -> bool:
        """Whether the index is another one now."""
        return bool(self.computed or self.known_elsewhere or self.removed)


@dataclass(frozen=True)
class _Described:
    """What is found out of a file that is new or has changed."""

    place: int
    digest: bytes = b""
    vector: npt.NDArray[np.float32] | None = None
    """None where a picture of the same bytes is known, or on an error."""
    reason: str = ""


class PictureIndex:
    """The pictures of a folder, found by what a classifier's network sees in them; no torch.

    A picture is described by the vector before the network's head, of length 1; pictures are alike by the cosine of their vectors.
    A new index is empty until `update`. It may be asked from several threads, but not while it is updated.

    Args:
        classifier: A run, a bundle, the folder of one, or a `Classifier` of pictures.
        folder: Where the pictures are, at any depth; links are followed, hidden files are not read.

    Raises:
        UsageError: There is no such bundle or folder, or the bundle is not for pictures.
        BundleError: The bundle was changed.

    Example:
        >>> index = PictureIndex("runs/photos", "holiday/")  # doctest: +SKIP
        >>> index.update()  # doctest: +SKIP
        >>> index.search("beach.jpg")[0][0].path  # doctest: +SKIP
        'holiday/2019/IMG_0042.jpg'
    """

    def __init__(self, classifier: Classifier | str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
        self.folder = os.fsdecode(folder)
        if not Path(self.folder).is_dir():
            raise UsageError(f"there is no folder {self.folder}; name the folder whose pictures are to be found")
        self.classifier = as_classifier(classifier)
        if self.classifier.task.sequential:
            raise UsageError(
                f"{self.classifier.bundle.folder} reads strings, and has features at each place of a line; pictures are found by a "
                "classifier that answers once a picture"
            )
        self.made_by = made_by(self.classifier)
        self._rows = IndexedFiles.empty()
        self._lists: InvertedLists | None = None

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        classifier: Classifier | str | os.PathLike[str],
        folder: str | os.PathLike[str],
    ) -> PictureIndex:
        """An index that `save` wrote, as it was then; `update` brings it up to date.

        Args:
            path: Its file.
            classifier: What it was made by.
            folder: Where the pictures are now.

        Raises:
            UsageError: There is no such file, bundle or folder; or the index was made by another bundle, or in another number format.
            DataError: The file is no index, or it is damaged.
        """
        index = cls(classifier, folder)
        rows, by = read_index(Path(path))
        if by.digest != index.made_by.digest:
            raise UsageError(
                f"{path} was made by another classifier ({by.network}; this one is {index.made_by.network}), whose features mean "
                "something else; name the bundle that it was made by, or another file"
            )
        if by.precision != index.made_by.precision:
            raise UsageError(
                f"{path} was made in {by.precision}, and this classifier computes in {index.made_by.precision}; "
                f"open it with precision {by.precision!r}, or name another file"
            )
        index._rows = rows
        return index

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the index to a file (.npz, of numbers alone), whole or not at all; one that is there stays until the new one is whole.

        Raises:
            UsageError: The file cannot be written.
        """
        write_index(Path(path), self._rows, self.made_by)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<PictureIndex of {len(self):,} pictures in {self.folder!r} by {self.made_by.network}, {self.made_by.precision}>"

    @property
    def paths(self) -> list[str]:
        """The pictures, in code point order."""
        return [self._path(place) for place in range(len(self))]

    @property
    def features(self) -> npt.NDArray[np.float32]:
        """(n, d), a row for each of `paths`, of length 1."""
        return self._rows.features

    def update(self, *, watcher: Watcher | None = None) -> IndexChanges:
        """Brings the index to what is in the folder now; only pictures that are new or have changed run through the network.

        A file is taken as unchanged by its name, size and times; another one is read, and where its bytes are known it is not run.

        Raises:
            DataError: The folder cannot be read.
        """
        watcher = watcher or Watcher()
        root = Path(self.folder)
        names = list(PictureWalk(root, broken_too=True).pictures_below())
        states = [file_state(root / name) for name in names]
        old = self._rows
        places = {name: place for place, name in enumerate(old.names)}
        known = {old.digests[place].tobytes(): place for place in range(len(old))}
        sources = np.full(len(names), -1, np.int64)  # where each one's vector is in the old index
        for place, (name, state) in enumerate(zip(names, states, strict=True)):
            was = places.get(name)
            if was is not None and state is not None and tuple(old.states[was]) == state:
                sources[place] = was
        waiting = [place for place in range(len(names)) if sources[place] < 0]
        described = {}
        for done, row in enumerate(self._described(waiting, names, states, known), 1):
            described[row.place] = row
            watcher.task("indexing", done, len(waiting))
        self._rows = _merged(old, names, states, sources, described, known)
        self._lists = None
        errors = tuple((self._named(names[row.place]), row.reason) for row in described.values() if row.reason)
        computed = sum(row.vector is not None for row in described.values())
        return IndexChanges(
            computed=computed,
            known_elsewhere=len(described) - computed - len(errors),
            unchanged=len(names) - len(waiting),
            removed=len(set(old.names) - set(self._rows.names)),
            errors=errors,
        )

    def accelerate(self) -> float:
        """Sorts the vectors into lists, by faiss, for many queries of a large index: they look through a few lists, and not at everything.

        That takes seconds to minutes, a second copy of the vectors, and lasts until the next `update`. Up to 100,000 pictures all are
        compared still: nothing is faster there.

        Returns:
            The share of the true ten nearest pictures that it finds, as measured on a hundred; 1 where all are compared.

        Raises:
            StriateError: faiss is not installed.
        """
        if len(self) <= EXACT:
            return 1.0
        self._lists = InvertedLists(self._rows.features)
        return self._lists.recall

    def search(self, pictures: Pictures, *, top: int = 10) -> list[list[Match]]:
        """The pictures most like each of those that are given, the most alike first.

        A file of the folder does not find itself. `Match.copy` says which of those found are the same picture once more.

        Args:
            pictures: One or many, as `Classifier.predict` takes them.
            top: How many of each.

        Returns:
            A list for each picture, of at most `top`; empty lists where the index is empty.

        Raises:
            UsageError: `top` is less than 1.
            PictureError: A picture cannot be read.
        """
        if top < 1:
            raise UsageError(f"top must be at least 1, got {top}")
        queries = [held(picture) for picture in as_pictures(pictures)]
        vectors = unit_vectors(self.classifier.features(queries))
        if not len(self) or not queries:
            return [[] for _ in queries]
        own = [self._copies_of(query) for query in queries]
        most = top + max(len(itself) for _, itself in own)
        places, cosines = self._nearest(vectors, most)
        return [
            self._matches(query, bytes_alike, itself, of_query, similar, top)
            for query, (bytes_alike, itself), of_query, similar in zip(queries, own, places, cosines, strict=True)
        ]

    def _nearest(
        self, vectors: npt.NDArray[np.float32], count: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        if self._lists is not None:
            return self._lists.nearest(vectors, count)
        return nearest(self._rows.features, vectors, count)

    def _matches(
        self,
        query: PictureSource,
        bytes_alike: set[int],
        itself: set[int],
        places: npt.NDArray[np.int64],
        cosines: npt.NDArray[np.float32],
        top: int,
    ) -> list[Match]:
        found = [
            (int(place), float(cosine))
            for place, cosine in zip(places, cosines, strict=True)
            if place >= 0 and int(place) not in itself
        ]
        return [
            Match(self._path(place), cosine, self._copy(query, place, cosine, bytes_alike))
            for place, cosine in found[:top]
        ]

    def _copy(self, query: PictureSource, place: int, cosine: float, bytes_alike: set[int]) -> Copy:
        if place in bytes_alike:
            return "the same bytes"
        try:
            return "near duplicate" if cosine >= NEAR and look_alike(query, self._path(place)) else ""
        except ItemError:  # the file has changed or gone since it was indexed
            return ""

    def _copies_of(self, query: PictureSource) -> tuple[set[int], set[int]]:
        """Where the query's very bytes are in the index; and of those, where the query's own file is."""
        if isinstance(query, str | os.PathLike):
            digest = bytes.fromhex(file_digest(Path(os.fsdecode(query))))
        elif isinstance(query, bytes | bytearray | memoryview):
            digest = sha256(query).digest()
        else:
            return set(), set()
        equal = (self._rows.digests == np.frombuffer(digest, np.uint8)).all(axis=1)
        alike = set(np.flatnonzero(equal).tolist())
        if not isinstance(query, str | os.PathLike):
            return alike, set()
        return alike, {place for place in alike if _is_same_file(os.fsdecode(query), self._path(place))}

    def _described(
        self,
        waiting: Sequence[int],
        names: Sequence[str],
        states: Sequence[tuple[int, int, int] | None],
        known: dict[bytes, int],
    ) -> Iterator[_Described]:
        """What is found out of the files at these places, in their order."""
        engine, encoding = self.classifier.engine, self.classifier.contract.picture_preprocessing
        root = Path(self.folder)

        def describe(places: Sequence[int]) -> list[_Described]:
            rows: dict[int, _Described] = {}
            encoded, digests = [], {}
            for place in places:
                path = root / names[place]
                try:
                    if states[place] is None:
                        encoding.encode(str(path))  # says why it cannot be read
                        raise ItemError(str(path), "the file was changed while it was read")
                    digest = bytes.fromhex(file_digest(path))
                    if digest in known:
                        rows[place] = _Described(place, digest)
                        continue
                    encoded.append(encoding.encode(str(path)))
                    digests[place] = digest
                except ItemError as error:
                    rows[place] = _Described(place, reason=error.reason)
                except OSError as error:
                    rows[place] = _Described(place, reason=f"the file cannot be read ({error.strerror})")
            vectors = unit_vectors(engine.infer(np.stack(encoded))[1]) if encoded else ()
            for (place, digest), vector in zip(digests.items(), vectors, strict=True):
                rows[place] = _Described(place, digest, vector)
            return [rows[place] for place in places]

        threads = max(engine.requests, available_processors()) + 1
        for rows in answers_in_order(describe, in_chunks(waiting, engine.batch), threads=threads, name="striate-index"):
            yield from rows

    def _named(self, name: str) -> str:
        return str(Path(self.folder, name))

    def _path(self, place: int) -> str:
        return self._named(self._rows.names[place])


def made_by(classifier: Classifier) -> MadeBy:
    """What features of a classifier are known by: equal for a bundle and its copies, other ones for other weights.

    Raises:
        UsageError: The classifier is not for pictures.
    """
    contract, bundle = classifier.contract, classifier.bundle
    paths = [bundle.weights_path]
    if classifier.engine.precision == "int8" and bundle.int8_path is not None:
        paths += [bundle.int8_path, bundle.int8_path.with_suffix(".bin")]
    parts = {
        "architecture": contract.architecture.to_dict(),
        "preprocessing": contract.picture_preprocessing.to_dict(),
        "weights": [contract.files[path.name] for path in paths],
    }
    return MadeBy(contract.architecture.title, digest_of(parts), classifier.engine.precision)


def _merged(
    old: IndexedFiles,
    names: Sequence[str],
    states: Sequence[tuple[int, int, int] | None],
    sources: npt.NDArray[np.int64],
    described: dict[int, _Described],
    known: dict[bytes, int],
) -> IndexedFiles:
    """The rows of all files that could be read, in the order of their names."""
    kept = [place for place in range(len(names)) if place not in described or not described[place].reason]
    widths = [len(row.vector) for row in described.values() if row.vector is not None]
    features = np.empty((len(kept), widths[0] if widths else old.features.shape[1]), np.float32)
    digests = np.empty((len(kept), 32), np.uint8)
    for row, place in enumerate(kept):
        found = described.get(place)
        source = int(sources[place]) if found is None else known.get(found.digest, -1)
        features[row] = old.features[source] if found is None or found.vector is None else found.vector
        digests[row] = old.digests[source] if found is None else np.frombuffer(found.digest, np.uint8)
    order = sorted(range(len(kept)), key=lambda row: names[kept[row]])
    return IndexedFiles(
        [names[kept[row]] for row in order],
        np.array([states[kept[row]] for row in order], np.int64).reshape(-1, 3),
        digests[order],
        features[order],
    )


def _is_same_file(first: str, second: str) -> bool:
    try:
        return os.path.samefile(first, second)  # noqa: PTH121 - paths that may not be there
    except OSError:
        return False
