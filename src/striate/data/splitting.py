"""Which picture trains, which validates, which tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from striate.data.dataset import SPLITS, TEST, TRAIN, VAL, Dataset, Progress, count_table
from striate.data.near_copies import THOROUGH, NearCopies, near_copies_in
from striate.errors import UsageError
from striate.tasks import said_of

# Of data without splits, a tenth each validates and tests.
SHARE = 0.1

# What is taken from a given training split for validation is no more than this: at 99 % accuracy its standard error is 0.14 %.
MOST_VALIDATION_PICTURES = 5000


NO_PAIRS = np.empty((0, 2), np.int64)


def assign_splits(
    dataset: Dataset, *, seed: int, near_copies: NearCopies | None = None, progress: Progress | None = None
) -> Dataset:
    """The data set with every picture in a split, and a note for each decision taken.

    - No split given, or nothing but `train`: 80 % train, 10 % val, 10 % test.
    - `train` and `test` given, but no `val`: a tenth of `train`, at most 5,000 pictures, becomes `val`.
    - Anything else is kept as it is; with `val` and without `test`, whoever tests takes `val`.

    Exact copies, near copies, and pictures of one group never lie on two sides: what such ties hold together (a copy may tie
    two groups) is a unit, and units are drawn. (Near copies are left to chance where more than half of a class looks alike; a
    note says so.) They are drawn for each class by itself, so that every split has the classes in the proportions of the
    whole, to one picture where units are single pictures. Every class keeps a unit in train; a class of two units has the
    other one in test, and a class of three or more has units in all splits (unless groups of several classes interlock so
    that it cannot be). A class of one unit is in train alone.

    Where a picture may be of several classes, its stratum stands for its class here: see the task's `strata`.

    The draw depends on the seed and on what the pictures are: not on their names, nor their order.

    Args:
        dataset: Checked, as copies are known by their digests.
        seed: 0 or more.
        near_copies: Of this data set; None has them looked for, if a split is drawn; among more than 20,000 pictures
            only those that were neither turned nor cropped.
        progress: Told how far that search is.

    Raises:
        UsageError: The data set is not checked, or the seed is negative.
    """
    if seed < 0:
        raise UsageError(f"the seed is {seed}; it must be 0 or more")
    given = {int(code) for code in np.unique(dataset.splits)}
    if given <= {0, TRAIN}:
        note = "no split was given"
        near = near_copies or near_copies_in(dataset, thorough=len(dataset) <= THOROUGH, progress=progress)
        return _drawn(dataset, np.arange(len(dataset)), {TEST: SHARE, VAL: SHARE}, seed, note, near)
    if given == {TRAIN, TEST}:
        rows = dataset.indices("train")
        share = min(SHARE, MOST_VALIDATION_PICTURES / len(rows))
        near = near_copies or near_copies_in(dataset, thorough=len(dataset) <= THOROUGH, progress=progress)
        return _drawn(dataset, rows, {VAL: share}, seed, "no validation split was given", near)
    return dataset


def _drawn(
    dataset: Dataset,
    rows: npt.NDArray[np.int64],
    shares: dict[int, float],
    seed: int,
    note: str,
    near_copies: NearCopies,
) -> Dataset:
    """The data set with `rows` in train, but for the shares of the other splits, which are drawn from them."""
    part = dataset.select(rows)
    pairs, alike = _ties(part, near_copies.among(rows))
    units = unit_of_each(part.checked_facts.digests, part.groups, pairs)
    _, strata = np.unique(part.task.strata(part.labels), return_inverse=True)
    sides = _Drawing(strata, units, int(strata.max()) + 1, seed).draw(shares)
    splits = dataset.splits.copy()
    splits[rows] = _every_class_in_train(part, units, sides)[units]
    if VAL in shares and TEST not in shares:
        taken = np.count_nonzero(splits[rows] == VAL)
        note += f": {taken:,} of the {len(rows):,} training {dataset.plural} were set aside to validate"
    else:
        train, val, test = np.bincount(splits[rows], minlength=TEST + 1)[[TRAIN, VAL, TEST]]
        note += f": of {len(rows):,} {dataset.plural} {train:,} train, {val:,} validate, {test:,} test"
    result = replace(dataset, splits=splits)
    return replace(
        result, notes=(*dataset.notes, note + f" (seed {seed})", *alike, *_thin_classes(result, sorted(shares)))
    )


def _ties(dataset: Dataset, near_copies: NearCopies) -> tuple[npt.NDArray[np.int64], list[str]]:
    """(m, 2) the near copies that have to stay together, and a note on them."""
    pairs = near_copies.pairs
    if not len(pairs):
        return pairs, []
    units = unit_of_each(dataset.checked_facts.digests, None, pairs)
    classes = dataset.task.strata(dataset.labels)
    held = units * (int(classes.max()) + 1) + classes
    _, places, counts = np.unique(held, return_inverse=True, return_counts=True)
    too_many = np.unique(units[counts[places] > np.bincount(classes)[classes] / 2])
    too_many = np.intersect1d(too_many, units[pairs[:, 0]])
    kept = ~np.isin(units[pairs[:, 0]], too_many)
    number = len(np.unique(pairs[kept]))
    notes = [f"{number:,} pictures are near copies of others; they stay on one side of a split"] if number else []
    if not kept.all():
        first, second = (dataset.pictures.key(int(row)) for row in pairs[~kept][0])
        name = said_of(dataset.task, dataset.labels[pairs[~kept][0, 0]], dataset.classes)
        notes.append(
            f"more than half of the pictures of {name!r} look alike, such as {first} and {second}: they are split nevertheless, so "
            "that accuracy may flatter; say by groups which belong together, or split them yourself"
        )
    return pairs[kept], notes


def _every_class_in_train(
    part: Dataset, units: npt.NDArray[np.int64], sides: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """The side of each unit; those of a class of which luck left none in train stay there, which can be where pictures have several."""
    support = part.task.support(part.labels[sides[units] == TRAIN], len(part.classes))
    kept = sides.copy()
    for place in np.flatnonzero(support == 0):
        kept[units[part.task.shows(part.labels, int(place))]] = TRAIN
    return kept


def _thin_classes(dataset: Dataset, drawn: list[int]) -> list[str]:
    """A sentence for each split drawn on the classes that it lacks."""
    table = count_table(dataset.task, dataset.labels, dataset.splits, len(dataset.classes))
    notes = []
    for code in drawn:
        lacking = [dataset.classes[label] for label in np.flatnonzero(table[:, code] == 0)]
        if lacking and table[:, code].any():
            some = ", ".join(repr(name) for name in lacking[:5]) + (", ..." if len(lacking) > 5 else "")
            notes.append(f"too few distinct {dataset.plural} for one in {SPLITS[code - 1]!r}: {some}")
    return notes


def unit_of_each(
    digests: npt.NDArray[np.uint8],
    groups: npt.NDArray[np.int32] | None,
    pairs: npt.NDArray[np.int64] = NO_PAIRS,
) -> npt.NDArray[np.int64]:
    """(n,) the unit of each picture; copies, groups and pairs tie pictures together.

    Units are numbered by the smallest digest in them.

    Args:
        digests: (n, 32).
        groups: (n,), -1 for none.
        pairs: (m, 2) rows.

    Example:
        >>> digests = np.array([[3], [1], [3], [2]], dtype=np.uint8).repeat(32, axis=1)
        >>> unit_of_each(digests, None), unit_of_each(digests, np.array([7, -1, -1, 7], dtype=np.int32))
        (array([2, 0, 2, 1]), array([1, 0, 1, 1]))
    """
    _, codes = np.unique(digests.view(f"V{digests.shape[1]}").ravel(), return_inverse=True)
    units = codes.astype(np.int64)
    if groups is None and not len(pairs):
        return units
    grouped = np.zeros(len(units), bool) if groups is None else groups >= 0
    while True:  # every picture takes the smallest unit among its copies, its group and its pairs, until nothing moves
        before = units
        units = _least_of(units, codes)
        if groups is not None:
            units[grouped] = _least_of(units[grouped], groups[grouped])
        least = units[pairs].min(axis=1)
        np.minimum.at(units, pairs[:, 0], least)
        np.minimum.at(units, pairs[:, 1], least)
        if np.array_equal(units, before):
            _, ranks = np.unique(units, return_inverse=True)
            return ranks.astype(np.int64)


def _least_of(values: npt.NDArray[np.int64], kinds: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.int64]:
    """(n,) for each value the least of those of its kind."""
    least = np.full(kinds.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, kinds, values)
    return np.take(least, kinds)


class _Drawing:
    """Units drawn out of train, one split after the other."""

    def __init__(self, labels: npt.NDArray[np.integer], units: npt.NDArray[np.int64], classes: int, seed: int) -> None:
        pairs, counts = np.unique(units * classes + labels, return_counts=True)
        pair_units, pair_classes = np.divmod(pairs, classes)
        number = int(pair_units[-1]) + 1
        luck = np.random.Generator(np.random.PCG64(seed)).random(number)
        by_class = np.lexsort((luck[pair_units], pair_classes))
        cuts = np.searchsorted(pair_classes[by_class], np.arange(1, classes))
        self.pictures = np.bincount(labels, minlength=classes)  # of each class
        # Lists, as what follows goes by single units: unit u has the entries starts[u]:starts[u + 1] of classes and counts.
        self.starts = np.searchsorted(pair_units, np.arange(number + 1)).tolist()
        self.classes = pair_classes.tolist()
        self.counts = counts.tolist()
        self.class_units = [
            part.tolist() for part in np.split(pair_units[by_class], cuts)
        ]  # in the order of their luck
        self.in_train = [len(part) for part in self.class_units]  # units of each class
        self.sides = bytearray([TRAIN]) * number

    def draw(self, shares: dict[int, float]) -> npt.NDArray[np.uint8]:
        """(units,) the split of each unit: train, but for those drawn for the splits in `shares`, in their order."""
        for place, (split, share) in enumerate(shares.items()):
            # Splits to come take one unit each from every class that has enough.
            later = len(shares) - place - 1
            reserve = [1 + min(later, max(units - 2, 0)) for units in self.in_train]
            self._fill(split, self._wanted(share), reserve)
        return np.frombuffer(self.sides, dtype=np.uint8)

    def _wanted(self, share: float) -> list[int]:
        """The pictures for a split: its share of each class, rounded so that the sum is right; one at least."""
        exact = share * self.pictures
        wanted = np.floor(exact)
        missing = int(share * self.pictures.sum() + 1e-9) - int(wanted.sum())
        wanted[np.argsort(wanted - exact, kind="stable")[: max(missing, 0)]] += 1
        return [max(int(want), 1) if units > 1 else 0 for want, units in zip(wanted, self.in_train, strict=True)]

    def _fill(self, split: int, wanted: list[int], reserve: list[int]) -> None:
        """Moves units from train to `split` until each class has what is wanted; those of few units choose first."""
        filled = [0] * len(wanted)

        def may_leave(unit: int) -> bool:
            entries = range(self.starts[unit], self.starts[unit + 1])
            return self.sides[unit] == TRAIN and all(
                self.in_train[self.classes[entry]] > reserve[self.classes[entry]] for entry in entries
            )

        def gain(unit: int) -> int:
            """By how many pictures the split comes nearer to what is wanted."""
            total = 0
            for entry in range(self.starts[unit], self.starts[unit + 1]):
                short = wanted[self.classes[entry]] - filled[self.classes[entry]]
                total += abs(short) - abs(short - self.counts[entry])
            return total

        def move(unit: int) -> None:
            self.sides[unit] = split
            for entry in range(self.starts[unit], self.starts[unit + 1]):
                filled[self.classes[entry]] += self.counts[entry]
                self.in_train[self.classes[entry]] -= 1

        for label in sorted(range(len(wanted)), key=lambda label: len(self.class_units[label])):
            for unit in self.class_units[label]:
                if filled[label] >= wanted[label]:
                    break
                if may_leave(unit) and gain(unit) >= 0:
                    move(unit)
            if not filled[label] and wanted[label]:  # all its units are large: the one that does the least harm
                allowed = [unit for unit in self.class_units[label] if may_leave(unit)]
                if allowed:
                    move(max(allowed, key=gain))


def keep_training_pictures(dataset: Dataset, count: int, *, seed: int) -> Dataset:
    """The data with `count` of its training pictures, drawn by the seed; the other splits stay."""
    training = dataset.indices("train")
    if count >= len(training):
        return dataset
    dropped = np.random.default_rng(seed).permutation(training)[count:]
    kept = np.ones(len(dataset), dtype=bool)
    kept[dropped] = False
    return dataset.select(np.flatnonzero(kept))
