"""Which labelled pictures a classifier is measured on: those of a split that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.data import SPLITS, Dataset, Problem, apply_split_table, check_pictures, load_data, read_split_csv
from striate.data.assembling import listed
from striate.data.exclusion import apply_excluded
from striate.data.known_classes import labels_of, unknown_classes
from striate.deciding.run_plan import RunPlan
from striate.errors import DataError, UnknownNameError, UsageError
from striate.runtime import Classifier
from striate.tasks import named_task
from striate.tasks.task import Targets
from striate.training.run_folder import EXCLUDED, RECIPE
from striate.training.run_folder import SPLITS as SPLIT_TABLE
from striate.watching import Watcher
from striate.wording import plural

BATCH = 64


@dataclass(frozen=True)
class UnseenPictures:
    """Pictures to measure a classifier on."""

    dataset: Dataset
    """Those alone."""
    labels: Targets
    """What is right for each, in the classifier's classes."""
    split: str
    """`train`, `val`, `test`, or `all` where the data has no splits."""
    seen: int
    """Pictures that were left out because the classifier was trained on them."""
    problems: tuple[Problem, ...]
    """Pictures that were left out because they cannot be used."""


def check_split(split: str | None) -> None:
    """Refuses a split that there is not, before anything is read.

    Raises:
        UnknownNameError: It is neither None nor one of `train`, `val` and `test`.
    """
    if split is not None and split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)


def unseen_pictures(
    classifiers: Sequence[Classifier],
    data: str | Path | Dataset,
    *,
    run_folder: Path | None,
    split: str | None,
    root: str | Path | None,
    include_seen: bool,
    watcher: Watcher,
) -> UnseenPictures:
    """The pictures of a split, without those that one of the classifiers was trained on, which are known by their content.

    Args:
        classifiers: What is measured; the labels are the first one's.
        data: As for `striate.train`.
        run_folder: The run that the first classifier is of, whose splits are used where the data has none.
        split: `train`, `val` or `test`; None: `test`, else `val`, else everything.
        root: Where the local copy of a built-in set is.
        include_seen: Whether to keep pictures of the training too.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such data or split.
        DataError: If the data has a class that a classifier does not know, or no picture is left.
    """
    task = classifiers[0].task
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root, task=named_task(task.name))
    check_kinds(classifiers, dataset)
    dataset = _as_the_run_had_it(dataset, run_folder)
    asked = (dataset.task.several, dataset.task.sequential)
    if any((one.task.several, one.task.sequential) != asked for one in classifiers):
        raise UsageError(_of_another_task(classifiers, dataset))
    for note in dataset.notes:
        watcher.note(note)
    for classifier in classifiers:
        labels_of(dataset, classifier.classes)  # an unknown class shows before the pictures are read
        if task.sequential and (unknown := unknown_classes(dataset, classifier.classes)):
            watcher.note(f"the classifier does not know the {listed(task.noun, unknown)}: {task.unlearnt}")
    if dataset.facts is None:
        said = len(dataset.notes)
        dataset = check_pictures(dataset, progress=watcher.task)
        for note in dataset.notes[said:]:
            watcher.note(note)
    chosen, rows = choose_rows(dataset, split, run_folder)
    chosen_data = dataset.select(rows)
    seen = np.zeros(len(rows), dtype=bool)
    if not include_seen:
        for classifier in classifiers:
            seen |= classifier.seen_pictures().contains(chosen_data.checked_facts.digests)
        if seen.all():
            what = "the classifier was" if len(classifiers) == 1 else "the classifiers were"
            raise DataError(
                f"{what} trained on all {len(rows)} {dataset.plural} of {dataset.location} ({chosen}); "
                "measure on others, or name another --split"
            )
    kept = chosen_data.select(np.flatnonzero(~seen))
    labels = labels_of(kept, classifiers[0].classes)
    return UnseenPictures(kept, labels, chosen, int(seen.sum()), dataset.problems)


def data_of_run(folder: Path | None, name: str, root: str | Path | None) -> tuple[str, str | Path | None]:
    """What a run was trained from.

    Raises:
        UsageError: It is no run.
        DataError: It is not where it was.
    """
    if folder is None or not (folder / RECIPE).is_file():
        raise UsageError(
            f"{name} is a bundle, which does not say where its pictures are; name the data: striate compare-runs A B DATA"
        )
    settings = RunPlan.from_toml(folder / RECIPE).settings
    place = Path(settings.data)
    if place.is_absolute() and not place.exists():
        raise DataError(
            f"{name} was trained from {settings.data}, which is not there any more; "
            "name the data: striate compare-runs A B DATA"
        )
    return settings.data, root or settings.root or None


def check_kinds(classifiers: Sequence[Classifier], dataset: Dataset) -> None:
    """Refuses classifiers that are given something else than the data holds.

    Raises:
        UsageError: One is; the message says of what.
    """
    other = next((one for one in classifiers if one.kind.name != dataset.kind), None)
    if other is not None:
        raise UsageError(
            f"{other.bundle.folder} is a classifier of {other.kind.plural}, and {dataset.location} has {dataset.plural}"
        )


def _of_another_task(classifiers: Sequence[Classifier], dataset: Dataset) -> str:
    asked = dict.fromkeys(one.task.name for one in classifiers)
    if len(asked) > 1:
        if any(one.task.sequential for one in classifiers):
            return f"one classifier reads strings and the other answers with classes ({' and '.join(asked)}): they cannot be compared"
        return f"one classifier is of several labels a picture and the other of one ({' and '.join(asked)}): they cannot be compared"
    return f"the classifier is of {next(iter(asked))!r} and the data set {dataset.name!r} of {dataset.task.name!r}; load it with its task"


def _as_the_run_had_it(dataset: Dataset, run_folder: Path | None) -> Dataset:
    """The data that a run was trained on, without what it left out on request; other data as it is."""
    if run_folder is None or not (run_folder / EXCLUDED).is_file():
        return dataset
    trained_on = RunPlan.from_toml(run_folder / RECIPE).settings.data
    if Path(trained_on).resolve() != Path(dataset.location).resolve():
        return dataset
    left = apply_excluded(dataset, run_folder / EXCLUDED)
    note = f"{plural(len(left.excluded), 'picture')} left out, as in training ({EXCLUDED} of the run names them)"
    return replace(left, notes=(*left.notes, note)) if left.excluded else left


def choose_rows(dataset: Dataset, split: str | None, run_folder: Path | None) -> tuple[str, npt.NDArray[np.int64]]:
    """The split to measure on and its rows: the one asked for, else `test`, else `val`, else everything.

    Raises:
        UsageError: If the split that was asked for has no picture.
    """
    if not dataset.has_splits and run_folder is not None:
        dataset = apply_split_table(dataset, read_split_csv(run_folder / SPLIT_TABLE))
    for name in (split,) if split else ("test", "val"):
        rows = dataset.indices(name)
        if len(rows):
            return name, rows
    if split is not None:
        raise UsageError(f"{dataset.location} has no {dataset.plural} in the split {split!r}")
    return "all", np.arange(len(dataset))


def answers_in_batches(classifier: Classifier, dataset: Dataset, watcher: Watcher) -> Iterator[npt.NDArray[np.float64]]:
    """Probabilities of every picture, from its bytes, a batch at a time."""
    watcher.task("predicting", 0, len(dataset))
    for start in range(0, len(dataset), BATCH):
        end = min(start + BATCH, len(dataset))
        yield classifier.predict_proba([dataset.pictures.read(index) for index in range(start, end)])
        watcher.task("predicting", end, len(dataset))


def answers_to(classifier: Classifier, dataset: Dataset, watcher: Watcher) -> npt.NDArray[np.float64]:
    """(n, classes) probabilities of every picture."""
    return np.concatenate(list(answers_in_batches(classifier, dataset, watcher)))
