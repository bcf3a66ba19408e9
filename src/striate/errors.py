"""Every error Striate raises on purpose.

    StriateError              something could not be done; the message is one clear sentence (exit code 1)
    ├── UsageError            what was asked for makes no sense or does not exist (exit code 2)
    │   └── UnknownNameError  a name that is not in a list; the message offers the closest ones
    ├── ItemError             something that was given cannot be read; it carries its name and the reason
    │   └── PictureError      a picture cannot be
    │       └── PictureSizeError  it has more pixels than the limit
    ├── DataError             a data set cannot be used as it is
    ├── WeightsError          a weights file cannot be read or does not fit the network
    ├── BundleError           a bundle is damaged, or does not do what its contract says
    ├── ExportError           an exported file does not do what the classifier does
    ├── QuantizationError     a narrower number format costs more accuracy than allowed
    └── TrainingError         training cannot go on

`StriateWarning` is what is said, through Python's `warnings`, of something that works but should be known.
`Interrupted` is not an error: it is the `KeyboardInterrupt` of work that was ended by a signal in good order.
All but `BundleError`, `ExportError`, `QuantizationError` and `TrainingError` are also `ValueError`, so that callers who know nothing of
Striate can catch them.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

CLOSE = 0.6
"""A name is offered for another if they share this much: twice the characters in common, over all of both."""

LISTED = 30
"""Where no name is close and nothing else shows them, so many are listed."""


class StriateError(Exception):
    """Something could not be done; the message says what, what was expected, what was got, and what to do."""

    exit_code = 1


class UsageError(StriateError, ValueError):
    """What was asked for makes no sense or does not exist."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is not among the known ones.

    Args:
        kind: What the name should have been, such as `"model"`.
        name: The name that was given.
        known: The names that exist.
        hint: What to do to see them all; appended to the message.

    Example:
        >>> str(UnknownNameError("model", "lenet6", ["lenet5", "vgg16"]))
        "unknown model 'lenet6'; did you mean 'lenet5'?"
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = list(known)
        self.name = name
        close = closest(name, known)
        message = f"unknown {kind} {name!r}"
        if close:
            message += "; did you mean " + ", ".join(repr(match) for match in close) + "?"
        elif not hint or len(known) <= 12:
            left = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
            message += "; known: " + ", ".join(known[:LISTED]) + left
        super().__init__(message + (f" {hint}" if hint else ""))

    def __reduce__(self) -> tuple[Callable[..., UnknownNameError], tuple[type[UnknownNameError], str, str]]:
        return _unknown_name_error, (type(self), str(self), self.name)


def _unknown_name_error(kind: type[UnknownNameError], message: str, name: str) -> UnknownNameError:
    """The error as it was, in a process that it was sent to."""
    error = kind.__new__(kind, message)
    error.args, error.name = (message,), name
    return error


def closest(name: str, known: Iterable[str], *, most: int = 6, cutoff: float = CLOSE) -> list[str]:
    """The names most like `name`: first those that begin like it, then by the share of characters in common.

    Upper and lower case count as the same. Where all names lie in one table, as `optimizer.momentum` does, or in one folder, its name
    counts for nothing: it would make all of them alike.

    Args:
        name: What was given.
        known: The names that exist.
        most: How many to answer at most.
        cutoff: The least likeness, in 0..1.

    Example:
        >>> closest("resnet51", ["vgg16", "resnet18", "resnet50"])
        ['resnet50', 'resnet18']
        >>> closest("optimizer.lr", ["optimizer.momentum", "optimizer.name"]), closest("runs/dog", ["runs/cat", "runs/dogs"])
        ([], ['runs/dogs'])
    """
    known = list(known)
    separator = "/" if "/" in name else "."
    table = name.rpartition(separator)[0] + separator
    shared = len(table) if len(table) > 1 and all(other.startswith(table) for other in known) else 0

    def likeness(other: str) -> tuple[int, float]:
        given, offered = name[shared:].casefold(), other[shared:].casefold()
        alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(given, offered, strict=False))
        return sum(1 for _ in alike), difflib.SequenceMatcher(None, given, offered).ratio()

    candidates = [other for other in known if likeness(other)[1] >= cutoff]
    return sorted(candidates, key=likeness, reverse=True)[:most]


class ItemError(StriateError, ValueError):
    """Something that was given cannot be read.

    Args:
        name: Which: its path, or what stands for it.
        reason: Why, as a clause such as `"the file is empty"`.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name}: {reason}")

    def __reduce__(self) -> tuple[type[ItemError], tuple[str, str]]:
        return (type(self), (self.name, self.reason))


class PictureError(ItemError):
    """A picture cannot be read."""


class PictureSizeError(PictureError):
    """A picture has more pixels than the limit."""


class DataError(StriateError, ValueError):
    """A data set cannot be used as it is."""


class WeightsError(StriateError, ValueError):
    """A weights file cannot be read, or does not fit the network."""


class BundleError(StriateError):
    """A bundle is damaged, or does not do what its contract says."""


class ExportError(StriateError):
    """An exported file does not do what the classifier does."""


class QuantizationError(StriateError):
    """A narrower number format costs more accuracy than allowed."""


class TrainingError(StriateError):
    """Training cannot go on."""


class StriateWarning(UserWarning):
    """Something works, but whoever uses it should know this of it."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the work in good order; the message says what was kept and how to go on.

    Args:
        message: One sentence for the user.
        signal_number: The signal: 2 for SIGINT, 15 for SIGTERM.
        kept: The folder of a run whose best classifier so far is sealed and reported; None where there is none.
    """

    kept: Path | None = None
    """The folder of the run whose best so far is sealed."""

    def __init__(self, message: str, signal_number: int = 2, *, kept: Path | None = None) -> None:
        super().__init__(message)
        self.signal_number = signal_number
        self.kept = kept

    @property
    def exit_code(self) -> int:
        """128 plus the signal's number, as shells have it: 130 or 143."""
        return 128 + self.signal_number
