"""Which pictures a finished bundle is given more on: training pictures, and validation pictures that it was not trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.bundle import Bundle
from striate.choosing import evenly
from striate.data import Dataset, apply_split_table, check_pictures, load_data, read_split_csv
from striate.data.known_classes import labels_of
from striate.errors import DataError
from striate.runs.run import run_folder_of
from striate.training.run_folder import SPLITS
from striate.watching import Watcher


def calibration_and_validation(
    bundle: Bundle,
    place: Path,
    data: str | Path | Dataset,
    root: str | Path | None,
    most: int,
    watcher: Watcher,
    *,
    for_what: str = "int8",
    training_needed: bool = True,
) -> tuple[Dataset, Dataset]:
    """Evenly chosen training pictures, at most so many, and all validation pictures.

    Raises:
        DataError: If there are none of either; of training pictures only where they are needed.
    """
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root)
    for note in dataset.notes:
        watcher.note(note)
    labels_of(dataset, bundle.contract.classes)  # an unknown class shows before the pictures are read
    if dataset.facts is None:
        dataset = check_pictures(dataset, progress=watcher.task)
    run = run_folder_of(place)
    if not dataset.has_splits and run is not None:
        dataset = apply_split_table(dataset, read_split_csv(run / SPLITS))
    training, validation = dataset.indices("train"), dataset.indices("val")
    if lacks(training, validation, training_needed):
        seen = bundle.seen_pictures().contains(dataset.checked_facts.digests)
        training, validation = np.flatnonzero(seen), np.flatnonzero(~seen)
    if lacks(training, validation, training_needed):
        raise DataError(
            f"{dataset.location} has {len(training)} pictures to calibrate on and {len(validation)} to measure on; {for_what} needs "
            f"{'both' if training_needed else 'the latter'}: give the data that the classifier was trained on, with its validation pictures"
        )
    chosen = training[evenly(len(training), most)]
    return dataset.select(chosen), dataset.select(validation)


def lacks(training: npt.NDArray[np.int64], validation: npt.NDArray[np.int64], training_needed: bool) -> bool:
    """Whether pictures are missing that are needed."""
    return not len(validation) or (training_needed and not len(training))
