"""A full look at every picture before anything is made of it."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.data.check_cache import Checks, read_checks, write_checks
from striate.data.clip_checking import look_at_clips
from striate.data.clips import Clips
from striate.data.copies import contradictions, repeated_copies, with_joined_copies
from striate.data.dataset import TRAIN, UNASSIGNED, Dataset, Problem, Progress, count_table
from striate.data.parallel import ordered_results, throttled
from striate.data.pictures import PictureTable, StampedPictures, picture_digest
from striate.data.preparing_ahead import PreparingAhead, Row
from striate.data.store import chunk_of
from striate.data.text_checking import look_at_texts
from striate.data.texts import Texts
from striate.errors import DataError, PictureError
from striate.pixels import DEFAULT_MAX_PIXELS, PictureFacts, Preprocessing, measure
from striate.pixels.decoding import decode_to_picture
from striate.pixels.limits import NO_MEMORY
from striate.pixels.perceptual_hashes import SMALLEST, grey_thumbnail, reduced, small_colours
from striate.tasks import SEVERAL_HINT
from striate.user_cache import forget_oldest, kind_folder
from striate.wording import plural

# Larger files are looked at before they are read: they may be larger than memory, and no pictures at all.
LARGE = 64 << 20

# From the darkest to the brightest of 255: what 12 bits take up in 16.
NARROW = 16

# The findings of so many data sets are kept: of those looked at last.
KEPT_CHECKS = 200


class Observer(Protocol):
    """Who looks at each picture too, in the one decoding that a survey makes of it."""

    def wanted(self, stamps: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """(n,) which pictures it has still to see.

        Args:
            stamps: (n,) which file in which state, as `StampedPictures.stamps` has it; 0 where that cannot be told.
        """

    def see(self, index: int, digest: bytes, decoded: Image.Image, facts: PictureFacts) -> None:
        """Looks at one picture; called from several threads at once, each with a picture of its own.

        Args:
            index: Its row.
            digest: `picture_digest` of it.
            decoded: The upright pixels, in mode L or RGB; not to be changed.
            facts: What the header tells.
        """


@dataclass(frozen=True, eq=False)
class Survey:
    """What a look at every picture of a data set showed."""

    dataset: Dataset
    """All pictures, with facts; these are zeros where a picture is broken."""
    broken: Mapping[int, str]
    """Row -> why it cannot be read."""
    contradictions: Mapping[int, str]
    """Row -> which exact copy of it has another label."""
    repeated: tuple[int, ...] = ()
    """Where copies tell a picture's labels together: the rows that are copies of an earlier one in the same split."""

    @property
    def usable(self) -> npt.NDArray[np.int64]:
        """The rows that are in none of these, ascending."""
        bad = [*self.broken, *self.contradictions, *self.repeated]
        return np.setdiff1d(np.arange(len(self.dataset)), np.array(bad, dtype=np.int64))

    def usable_pictures(self) -> Dataset:
        """The data set without what must not be used, which are its `problems`."""
        reasons = {**self.broken, **self.contradictions}
        problems = tuple(Problem(self.dataset.pictures.key(row), reasons[row]) for row in sorted(reasons))
        result = replace(self.dataset.select(self.usable), problems=self.dataset.problems + problems)
        return replace(result, notes=self.dataset.notes + self.advice + _narrow_range_note(result))

    @property
    def advice(self) -> tuple[str, ...]:
        """A sentence on what to do about copies with different labels, if there are any."""
        if not self.contradictions or self.dataset.task.several:
            return ()
        pictures = plural(len(self.contradictions), "picture")
        return (f"{pictures} lie as exact copies in folders or lines of different classes; {SEVERAL_HINT}",)


@dataclass(frozen=True)
class _Finding:
    """What one picture turned out to be."""

    digest: bytes | None  # None: the file could not even be read
    width: int = 0
    height: int = 0
    colour: bool = False
    span: int = 0  # from the darkest value to the brightest
    reason: str = ""  # why it is broken
    prepared: Row = None
    seen: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]] | None = (
        None  # its thumbnail and colours; None if it is too small
    )


def check_pictures(
    dataset: Dataset,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    workers: int | None = None,
    progress: Progress | None = None,
    cache_folder: Path | None = None,
    ahead: PreparingAhead | None = None,
) -> Dataset:
    """The data set with `facts`, and without the pictures that must not be used: these are in `problems`, with reasons.

    Set aside are pictures that cannot be read to their last pixel, and exact copies that carry different labels: at
    most one of the labels is right, so they would teach and score at random. Nothing takes their place. Where the data set
    `joins_copies`, copies have the labels of all of them, and one of each split is kept.

    What was found is remembered by path, size and times of change, so that a second check opens only what is new. An
    interrupt stops the check at once and keeps what was found so far.

    Args:
        dataset: From `load_data`.
        max_pixels: Larger pictures count as broken (width times height).
        workers: Threads; None for one a core.
        progress: Told how far the check is.
        cache_folder: Where findings are remembered; None for `checks` in the user's cache folder. A cache that is
            damaged or cannot be written is done without.
        ahead: How the pictures will probably be prepared afterwards: files that are seen for the first time are then decoded once
            for both, and `open_store` finds them. None prepares nothing.

    Raises:
        DataError: A class that training needs, or the whole data set, has no usable picture.

    Example:
        >>> from striate.data import load_data
        >>> digits = check_pictures(load_data("digits"))
        >>> digits.facts.widths.max(), digits.facts.colour.any(), digits.problems
        (np.int32(8), np.False_, ())
    """
    if not isinstance(dataset.pictures, StampedPictures):
        ahead = None
    survey = survey_pictures(
        dataset, max_pixels=max_pixels, workers=workers, progress=progress, cache_folder=cache_folder, ahead=ahead
    )
    result = survey.usable_pictures()
    if ahead is not None:
        ahead.name(result, survey.usable, len(dataset))
    _need_every_class(dataset, result, result.problems[len(dataset.problems) :], survey.advice)
    return result


def survey_pictures(
    dataset: Dataset,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    workers: int | None = None,
    progress: Progress | None = None,
    cache_folder: Path | None = None,
    ahead: PreparingAhead | None = None,
    observer: Observer | None = None,
) -> Survey:
    """Looks at every picture, as `check_pictures` does, and tells of all of them; whatever is wrong, it goes on.

    Args:
        dataset: From `load_data`.
        max_pixels: As `check_pictures` takes it.
        workers: As `check_pictures` takes it.
        progress: As `check_pictures` takes it.
        cache_folder: As `check_pictures` takes it.
        ahead: As `check_pictures` takes it.
        observer: Sees every picture that it wants and that can be read, also those that were looked at before.

    Example:
        >>> from striate.data import load_data
        >>> survey = survey_pictures(load_data("digits"))
        >>> len(survey.usable), survey.broken, survey.contradictions
        (1797, {}, {})
    """
    if isinstance(dataset.pictures, Texts):
        facts, broken = look_at_texts(dataset, progress)
        return _surveyed(dataset, facts, broken)
    if isinstance(dataset.pictures, Clips):
        facts, broken = look_at_clips(dataset, workers, progress)
        return _surveyed(dataset, facts, broken)
    folder = kind_folder("checks") if cache_folder is None else cache_folder
    checks = Checks.empty(len(dataset))
    with _remembered(dataset, checks, folder, max_pixels):
        if ahead is not None and checks.done.any():
            ahead = None
        rule = None if ahead is None else ahead.rule
        with closing(_look(dataset, checks, rule, max_pixels, workers, progress, observer)) as rows:
            if ahead is not None:
                ahead.write(rows, len(dataset))
            for _ in rows:
                pass
    facts = PictureTable(**{name: getattr(checks, name) for name in PictureTable.__dataclass_fields__})
    return _surveyed(dataset, facts, checks.reasons)


def _surveyed(dataset: Dataset, facts: PictureTable, broken: Mapping[int, str]) -> Survey:
    """What was found, with what contradicts itself."""
    sound = np.setdiff1d(np.arange(len(dataset)), np.fromiter(broken, dtype=np.int64))
    whole = with_joined_copies(replace(dataset, facts=facts), sound)
    return Survey(whole, broken, contradictions(whole, sound), repeated_copies(whole, sound))


@contextmanager
def _remembered(dataset: Dataset, checks: Checks, folder: Path, max_pixels: int) -> Iterator[None]:
    """Fills `checks` from the cache; keeps what is new in it at the end, also when the check is interrupted."""
    if not isinstance(dataset.pictures, StampedPictures):
        yield
        return
    path = folder / f"{hashlib.sha256(dataset.location.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.npz"
    checks.stamps[:] = dataset.pictures.stamps()
    checks.fill_from(read_checks(path, max_pixels))
    with suppress(OSError):
        os.utime(path)
    known = int(checks.done.sum())
    try:
        yield
    finally:
        if int(checks.done.sum()) > known:
            write_checks(path, checks, max_pixels)
            forget_oldest("checks", most=KEPT_CHECKS)


def _look(
    dataset: Dataset,
    checks: Checks,
    rule: Preprocessing | None,
    max_pixels: int,
    workers: int | None,
    progress: Progress | None,
    observer: Observer | None,
) -> Generator[Row, None, None]:
    """Fills what is not known yet in `checks`, and yields those pictures as they are prepared by the rule, if there is one."""
    unseen = ~checks.done
    if observer is not None:
        readable = np.ones(len(dataset), dtype=bool)
        readable[list(checks.reasons)] = False
        unseen |= observer.wanted(checks.stamps) & readable
    unknown = np.flatnonzero(unseen)
    report = throttled(progress, "checking pictures", len(unknown))

    def work(position: int) -> _Finding:
        return _examine(dataset, int(unknown[position]), max_pixels, rule, observer)

    chunk = 32 if rule is None else chunk_of(math.prod(rule.shape))
    with closing(ordered_results(work, len(unknown), workers=workers, chunk=chunk)) as findings:
        for position, finding in enumerate(findings):
            index = int(unknown[position])
            if finding.digest is None:  # not to be remembered: the same file may be readable next time
                checks.stamps[index] = 0
            else:
                checks.digests[index] = np.frombuffer(finding.digest, dtype=np.uint8)
            checks.widths[index], checks.heights[index] = finding.width, finding.height
            checks.colour[index], checks.spans[index] = finding.colour, finding.span
            if finding.seen is not None:
                checks.thumbnails[index], checks.colours[index] = finding.seen
            if finding.reason:
                checks.reasons[index] = finding.reason
            checks.done[index] = True
            report(position + 1)
            yield finding.prepared


def _examine(
    dataset: Dataset, index: int, max_pixels: int, rule: Preprocessing | None, observer: Observer | None
) -> _Finding:
    """One picture, read from its first byte to its last pixel."""
    key, path = dataset.pictures.key(index), dataset.pictures.path(index)
    try:
        if path is not None and path.stat().st_size > LARGE:
            measure(path, max_pixels=max_pixels, name=key)
        picture = dataset.pictures.read(index)
    except PictureError as error:
        return _Finding(None, reason=error.reason)
    except OSError as error:
        return _Finding(None, reason=f"the file cannot be read ({error.strerror or error})")
    except MemoryError:
        return _Finding(None, reason=NO_MEMORY)
    digest = picture_digest(picture)
    if isinstance(picture, np.ndarray):
        drawn = Image.fromarray(picture)
        if observer is not None:
            observer.see(index, digest, drawn, measure(picture, max_pixels=max_pixels, name=key))
        return _Finding(digest, drawn.width, drawn.height, picture.ndim == 3, _span(picture), seen=_seen(drawn))
    try:
        facts = measure(picture, max_pixels=max_pixels, name=key)
        decoded = decode_to_picture(picture, channels=facts.channels_needed, max_pixels=max_pixels, name=key)
        if observer is not None:
            observer.see(index, digest, decoded, facts)
        span, prepared, seen = _span_of(decoded), _prepared(decoded, picture, rule, key), _seen(decoded)
    except (PictureError, MemoryError) as error:
        reason = error.reason if isinstance(error, PictureError) else NO_MEMORY
        # Memory that is missing now may be there next time.
        return _Finding(None if reason == NO_MEMORY else digest, reason=reason)
    return _Finding(digest, facts.width, facts.height, facts.channels_needed == 3, span, prepared=prepared, seen=seen)


def _prepared(decoded: Image.Image, picture: bytes, rule: Preprocessing | None, name: str) -> Row:
    """The picture as the rule has it: what `rule.pixels` makes of the file."""
    if rule is None:
        return None
    try:
        if decoded.mode != ("RGB" if rule.channels == 3 else "L"):
            return rule.pixels(picture, max_pixels=max(DEFAULT_MAX_PIXELS, 3 * math.prod(decoded.size)), name=name)
        return rule.fitted(decoded, name)
    except PictureError:
        return None  # said when it is wanted


def _seen(picture: Image.Image) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]] | None:
    """What near copies are found by."""
    if min(picture.size) < SMALLEST:
        return None
    small = reduced(picture)
    return grey_thumbnail(small), small_colours(small)


def _span_of(decoded: Image.Image) -> int:
    extrema = np.array(decoded.getextrema())
    return int(extrema.max() - extrema.min())


def _span(pixels: npt.NDArray[np.uint8]) -> int:
    return int(pixels.max()) - int(pixels.min())


def of_narrow_range(dataset: Dataset) -> npt.NDArray[np.int64]:
    """The rows of the pictures that use a sixteenth of their range or less: dark ones, light ones, all of one tone.

    Args:
        dataset: Checked.
    """
    spans = dataset.checked_facts.spans
    return np.flatnonzero(spans <= NARROW) if spans is not None else np.empty(0, np.int64)


def _narrow_range_note(dataset: Dataset) -> tuple[str, ...]:
    """A sentence on the pictures that are nearly of one tone, if there are any."""
    narrow = of_narrow_range(dataset)
    if not len(narrow):
        return ()
    of, key = plural(len(dataset), "picture"), dataset.pictures.key(int(narrow[0]))
    if len(narrow) == 1:
        return (
            f"1 of {of} uses a sixteenth of its range or less, and is nearly of one tone: {key}; if it is dark because it has "
            "10 or 12 bits in a file of 16, scale its values to the whole range",
        )
    return (
        f"{len(narrow):,} of {of} use a sixteenth of their range or less, and are nearly of one tone, such as {key}; "
        "if they are dark because they have 10 or 12 bits in files of 16, scale their values to the whole range",
    )


def _need_every_class(before: Dataset, after: Dataset, problems: tuple[Problem, ...], notes: tuple[str, ...]) -> None:
    hint = "".join(f"; {note}" for note in notes)
    tables = [count_table(data.task, data.labels, data.splits, len(data.classes)) for data in (before, after)]
    had, has = (table[:, TRAIN] + table[:, UNASSIGNED] for table in tables)
    example = f"such as {problems[0].key}: {problems[0].reason}" if problems else ""
    if len(before) and not len(after):
        raise DataError(f"none of the {len(before)} {before.plural} of {before.location} can be used, {example}{hint}")
    lost = np.flatnonzero((had > 0) & (has == 0))
    if len(lost):
        name = before.classes[lost[0]]
        shown = before.task.shows(before.labels, int(lost[0]))
        keys = {before.pictures.key(int(row)) for row in np.flatnonzero(shown)}
        first = next(problem for problem in problems if problem.key in keys)
        one = before.plural.removesuffix("s")
        raise DataError(
            f"no {one} of the class {name!r} can be used for training: {had[lost[0]]} of {had[lost[0]]} set aside, "
            f"such as {first.key} ({first.reason}); replace them, or remove the class{hint}"
        )
