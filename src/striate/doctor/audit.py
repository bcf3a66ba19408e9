"""What every kind of finding looks at: the data set, where its pictures go, and what was measured of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.data import SPLITS, Dataset, Progress, assign_splits
from striate.data.checking import Survey, survey_pictures
from striate.data.near_copies import NearCopies, near_copies_in
from striate.doctor.measuring import Measuring
from striate.evaluation.label_errors import LabelErrors
from striate.tasks import said_of


@dataclass(frozen=True, eq=False)
class Audit:
    """A data set every picture of which was looked at.

    Attributes:
        dataset: All pictures, also the broken ones, in the splits that training would use; a row here is a row everywhere.
        usable: The data set that training would use: without what is broken or contradicted, with splits.
        splits_given: Whether the data has splits of its own.
        broken: Row -> why it cannot be read.
        records: (n,) `MEASURED`.
        usable_rows: Which rows of `dataset` are those of `usable`.
        near_copies: Pairs of the readable pictures; of exact copies the first stands for all.
        label_errors: Labels that are likely wrong; None where nothing has judged them.
    """

    dataset: Dataset
    usable: Dataset
    splits_given: bool
    broken: Mapping[int, str]
    records: npt.NDArray[np.void]
    usable_rows: npt.NDArray[np.int64]
    near_copies: NearCopies
    label_errors: LabelErrors | None = None

    @cached_property
    def readable(self) -> npt.NDArray[np.int64]:
        """The rows that can be read, ascending."""
        return np.flatnonzero(self.records["seen"])

    def label_name(self, row: int) -> str:
        """The class of a picture."""
        return said_of(self.dataset.task, self.dataset.labels[row], self.dataset.classes)

    def split_name(self, row: int) -> str:
        """The split of a picture; empty where it is in none."""
        names: tuple[str, ...] = ("", *SPLITS)
        return names[int(self.dataset.splits[row])]


def audit(
    dataset: Dataset,
    *,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
    cache_folder: Path | None = None,
) -> Audit:
    """Looks at every picture once; whatever is wrong with it, the audit goes on.

    Args:
        dataset: From `load_data`.
        seed: Of the split, where the data has none.
        workers: Threads; None for one a processor.
        progress: Told how far it is.
        cache_folder: Where `check_pictures` keeps what it found.

    Example:
        >>> from striate.data import load_data
        >>> found = audit(load_data("digits"))
        >>> len(found.readable), found.records["tones"].shape, found.splits_given
        (1797, (1797, 5), False)
    """
    measuring = Measuring(len(dataset))
    survey = survey_pictures(dataset, workers=workers, progress=progress, cache_folder=cache_folder, observer=measuring)
    measuring.records["seen"][list(survey.repeated)] = False  # their first copy stands for them, as was asked for
    near_copies = near_copies_in(survey.dataset, progress=progress)
    usable, splits = _with_splits(survey, near_copies, seed)
    return Audit(
        dataset=replace(survey.dataset, splits=splits),
        usable=usable,
        splits_given=dataset.has_splits,
        broken=survey.broken,
        records=measuring.records,
        usable_rows=survey.usable,
        near_copies=near_copies,
    )


def _with_splits(survey: Survey, near_copies: NearCopies, seed: int) -> tuple[Dataset, npt.NDArray[np.uint8]]:
    """The usable pictures with splits, and the splits of all."""
    usable = survey.usable_pictures()
    if len(usable):
        usable = assign_splits(usable, seed=seed, near_copies=near_copies.among(survey.usable))
    splits = survey.dataset.splits.copy()
    splits[survey.usable] = usable.splits
    return usable, splits
