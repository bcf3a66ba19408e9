"""`striate.predict` and `predict_to_file`: what is on pictures, a row a picture, as they are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from striate.errors import UsageError
from striate.pixels.picture_arguments import Pictures
from striate.printable_text import printable
from striate.runtime import Classifier, PredictionFile, check_place, load_classifier
from striate.tasks import Prediction
from striate.text_layout import wrapped
from striate.wording import plural


def predict(
    classifier: str | os.PathLike[str] | Classifier,
    pictures: Pictures,
    *,
    top: int = 5,
    engine: str | Path = "openvino",
    precision: str = "auto",
    device: str = "cpu",
    decoding: str | None = None,
) -> Iterator[Prediction]:
    """Says what is on each picture, in their order and as they are read; one that cannot be read is a row with its error.

    Memory does not grow with the number of pictures, which may be endless.

    Args:
        classifier: A run, a bundle, the folder of one, or a `Classifier`, which has its own engine.
        pictures: One or many: files, folders with all that is below them, globs such as `"photos/*.jpg"`, `"-"` for paths on stdin, a
            line each; or pictures themselves, as `Classifier.predict` takes them.
        top: How many classes a row names at most.
        engine: As `striate.load` takes it.
        precision: As `striate.load` takes it; `"auto"`: the fastest number format that agreed with fp32 when the bundle was made.
        device: For torch: such as `"cpu"` or `"cuda"`.
        decoding: As `striate.load` takes it, for strings.

    Returns:
        Rows: `path`, `label`, `probability`, `top`, `error`. The bundle is opened at once, the first picture when the first row is asked
        for.

    Raises:
        UsageError: If there is no such bundle, engine or precision, or a glob matches nothing.
        BundleError: If the bundle was changed.

    Example:
        >>> for row in predict("runs/photos", "holiday/"):  # doctest: +SKIP
        ...     print(row.path, row.label, row.error)
    """
    if not isinstance(classifier, Classifier):
        classifier = load_classifier(classifier, engine=engine, precision=precision, device=device, decoding=decoding)
    kind = classifier.kind
    named = kind.items(pictures)
    if isinstance(named, list | tuple):
        kind.check(named)
    return classifier.stream(kind.expand(named), top=top)


@dataclass(frozen=True)
class WrittenPredictions:
    """A file of predictions that has a row for every picture."""

    path: str
    rows: int
    kept: int
    """Rows that stood there already, of a time before that was interrupted."""
    unreadable: int
    """Rows whose picture could not be read."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return asdict(self)

    def to_text(self, *, width: int | None = None) -> str:
        """A sentence."""
        before = f", {self.kept:,} of them from before" if self.kept else ""
        bad = f"; {self.unreadable:,} could not be read" if self.unreadable else ""
        return "\n".join(wrapped(f"{printable(self.path)}: {plural(self.rows, 'row')}{before}{bad}", width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.text(self.to_text())


def predict_to_file(
    classifier: str | os.PathLike[str] | Classifier,
    pictures: Pictures,
    output: str | os.PathLike[str],
    *,
    resume: bool = False,
    top: int = 5,
    engine: str | Path = "openvino",
    precision: str = "auto",
    device: str = "cpu",
    decoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> WrittenPredictions:
    """Writes what is on each picture to a file, row by row; killed at any moment, it goes on to the file that it would have been.

    Beside the file stays `OUTPUT.resume.json`, which says of what its rows are made. A resume with another bundle, other pictures or
    another format is refused, and so is one after a picture that has its row already was changed or deleted.

    Args:
        classifier: As `predict` takes it.
        pictures: As `predict` takes them; those of an interrupted time, in the same order.
        output: A file whose name ends in .csv or .jsonl.
        resume: Go on with the file if there is one.
        top: How many classes a row names at most.
        engine: As `striate.load` takes it.
        precision: As `striate.load` takes it.
        device: As `striate.load` takes it.
        decoding: As `striate.load` takes it, for strings.
        progress: Called with the number of rows in the file whenever one was added.

    Raises:
        UsageError: If there is no such bundle or picture, the file stands there and `resume` was not said, or its rows are of
            something else.
        BundleError: If the bundle was changed.
        OSError: If the disk is full; the rows that were written stay.

    Example:
        >>> predict_to_file("runs/photos", "holiday/", "holiday.csv", resume=True).rows  # doctest: +SKIP
        1200
    """
    check_place(Path(output), resume=resume)
    if not isinstance(classifier, Classifier):
        classifier = load_classifier(classifier, engine=engine, precision=precision, device=device, decoding=decoding)
    kind = classifier.kind
    named = kind.items(pictures)
    if isinstance(named, list | tuple):
        kind.check(named)
    file = PredictionFile(output, classifier, kind.expand(named), top=top, resume=resume, device=device)
    for _ in file:
        if progress is not None:
            progress(file.rows)
    if file.rows == 0:
        raise UsageError(f"no {kind.plural} found, so {file.path} was not written")
    return WrittenPredictions(str(file.path), file.rows, file.kept, file.unreadable)
