"""A look at every text of a data set: its digest, how many words it has, and whether it has any."""

from __future__ import annotations

import numpy as np

from striate.data.dataset import Dataset, Progress
from striate.data.parallel import throttled
from striate.data.pictures import PictureTable, picture_digest
from striate.text import split_words


def look_at_texts(dataset: Dataset, progress: Progress | None) -> tuple[PictureTable, dict[int, str]]:
    """What is known of each text, of which the width is the number of its words; and by row why one cannot be used.

    Args:
        dataset: Of texts.
        progress: Told how far it is.
    """
    report = throttled(progress, "reading texts", len(dataset))
    digests = np.zeros((len(dataset), 32), np.uint8)
    words = np.zeros(len(dataset), np.int32)
    broken = {}
    for row in range(len(dataset)):
        content = bytes(dataset.pictures.read(row))
        digests[row] = np.frombuffer(picture_digest(content), np.uint8)
        words[row] = len(split_words(content.decode()))
        if not words[row]:
            broken[row] = "there is no word in it"
        report(row + 1)
    return PictureTable(digests, words, np.ones_like(words), np.zeros(len(dataset), bool)), broken
