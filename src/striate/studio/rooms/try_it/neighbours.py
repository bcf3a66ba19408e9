"""The training pictures that a network sees as most like a picture, where the data of its run is still on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.choosing import evenly
from striate.errors import DataError, ItemError, UsageError
from striate.pixels import decode
from striate.retrieval.nearest import nearest, unit_vectors
from striate.serving.served_bundle import ServedBundle
from striate.studio.jobs import Job
from striate.tasks import named_task, said_of

if TYPE_CHECKING:
    from striate.data import Dataset

MOST = 20_000
"""Training pictures that are compared; of more, so many evenly."""
BATCH = 64
SHOWN = 8
THUMBNAIL = 128


@dataclass(frozen=True, eq=False)
class TrainingPictures:
    """What a run learnt from, as its network sees it."""

    dataset: Dataset
    vectors: npt.NDArray[np.float32]
    """(n, d), of length 1, a row a picture of `dataset`."""
    of: int
    """How many there are in all."""

    def nearest_to(self, features: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
        """The most alike first, as JSON types.

        Args:
            features: (d,), before the head.
        """
        places, cosines = nearest(self.vectors, unit_vectors(features[None]), SHOWN)
        task, classes = self.dataset.task, self.dataset.classes
        return [
            {
                "place": int(place),
                "key": self.dataset.pictures.key(int(place)),
                "label": said_of(task, self.dataset.labels[int(place)], classes),
                "similarity": float(cosine),
            }
            for place, cosine in zip(places[0], cosines[0], strict=True)
        ]

    def thumbnail(self, place: int) -> tuple[bytes, str]:
        """A picture with its media type, small.

        Raises:
            PictureError: It cannot be read any more.
        """
        pixels = decode(self.dataset.pictures.read(place))
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        small = max(image.size) <= 64
        buffer = BytesIO()
        image.save(buffer, "PNG" if small else "JPEG", quality=85)
        return buffer.getvalue(), "image/png" if small else "image/jpeg"


def training_pictures(bundle: ServedBundle, job: Job) -> TrainingPictures | str:
    """What a bundle's run learnt from, each picture shown to the network once; or why not: `no_run`, `gone` or `strings`.

    Args:
        bundle: Of a run.
        job: Hears how far it is.
    """
    from striate.data import check_pictures, load_data
    from striate.runs.run import run_folder_of
    from striate.runs.unseen_pictures import choose_rows, data_of_run

    classifier = bundle.classifier
    if classifier.task.sequential:
        return "strings"
    try:
        folder = run_folder_of(bundle.place)
        data, root = data_of_run(folder, bundle.name, None)
    except DataError:
        return "gone"
    except UsageError:
        return "no_run"
    try:
        whole = load_data(data, root=root, task=named_task(classifier.task.name))
        if whole.facts is None:
            whole = check_pictures(whole, progress=job.task)
        _, rows = choose_rows(whole, "train", folder)
    except (DataError, UsageError):
        return "gone"
    chosen = whole.select(rows[evenly(len(rows), MOST)] if len(rows) > MOST else rows)
    parts, readable = [], []
    for start in range(0, len(chosen), BATCH):
        places, pixels = [], []
        for place in range(start, min(start + BATCH, len(chosen))):
            try:
                pixels.append(classifier.contract.picture_preprocessing.encode(chosen.pictures.read(place)))
                places.append(place)
            except (ItemError, OSError):
                continue
        if pixels:
            parts.append(unit_vectors(classifier.answers_to_pixels(np.stack(pixels))[1]))
            readable += places
        job.task("indexing", min(start + BATCH, len(chosen)), len(chosen))
    if not parts:
        return "gone"
    return TrainingPictures(chosen.select(np.array(readable)), np.concatenate(parts), len(rows))
