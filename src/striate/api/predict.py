"""`striate.predict`: what is on pictures, a row a picture, as they are read; what names mean is the kind's of the bundle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from striate.pixels.picture_arguments import Pictures
from striate.runtime import Classifier, load_classifier
from striate.tasks import Prediction


def predict(
    classifier: str | os.PathLike[str] | Classifier,
    pictures: Pictures,
    *,
    top: int = 5,
    engine: str | Path = "openvino",
    precision: str = "auto",
    device: str = "cpu",
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
        classifier = load_classifier(classifier, engine=engine, precision=precision, device=device)
    kind = classifier.kind
    named = kind.items(pictures)
    if isinstance(named, list | tuple):
        kind.check(named)
    return classifier.stream(kind.expand(named), top=top)
