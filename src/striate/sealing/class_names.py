"""What the classes are called where weights come without a data set: as given, as a file lists them, as their publisher has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from striate.errors import UsageError
from striate.name_comparison import alike, spelled
from striate.printable_text import is_text
from striate.weights import StartingWeights

UNNAMED = (
    "{} does not say what its classes are called; name them in the order of the logits, "
    "with --classes FILE (a line each, or JSON) or --classes cat,dog"
)


def read_classes(classes: Sequence[str] | str | Path | None) -> tuple[str, ...]:
    """The names of classes from a list, or from a file of them; () for None.

    Raises:
        UsageError: If the file cannot be read or holds no names, or a name is empty or there twice.
    """
    if classes is None:
        return ()
    if isinstance(classes, str | Path):
        source = f"the file {classes}"
        try:
            text = Path(classes).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise UsageError(f"the class names cannot be read from {classes}: {reason}") from error
        names = names_in(text, source)
    else:
        source, names = "the list", [str(name).strip() for name in classes]
    if not names or not all(names):
        raise UsageError(
            f"{source} of class names holds {'an empty name' if names else 'none'}; expected one for each logit"
        )
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise UsageError(f"{source} of class names holds {twice!r} twice; expected every name once")
    if same := alike(names):
        raise UsageError(f"{source} of class names holds one name twice: {spelled(*same)}; expected every name once")
    if broken := [name for name in names if not is_text(name)]:
        raise UsageError(f"{source} of class names holds {broken[0]!r}, which is not text in UTF-8")
    return tuple(names)


def names_in(text: str, source: str) -> list[str]:
    """The names in a file: JSON if it begins so, else a line each, the empty ones at the end left out.

    In ImageNet's usual table each name stands behind an identifier, and two names are there twice: those get it.

    Example:
        >>> names_in('{"1": ["n2", "crane"], "0": ["n1", "cat"], "2": ["n3", "crane"]}', "it")
        ['cat', 'crane (n2)', 'crane (n3)']
    """
    if not text.lstrip().startswith(("[", "{")):
        return [line.strip() for line in text.rstrip().splitlines()]
    try:
        content = json.loads(text)
        if isinstance(content, dict):
            content = [content[str(index)] for index in range(len(content))]
        names = [str(entry[-1] if isinstance(entry, list) else entry).strip() for entry in content]
        return [
            f"{name} ({entry[0]})" if isinstance(entry, list) and names.count(name) > 1 else name
            for name, entry in zip(names, content, strict=True)
        ]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise UsageError(
            f"{source} is not JSON with class names; expected a list of names, or a table with the keys 0, 1, 2..."
        ) from error


def names_that_come_with(starting: StartingWeights) -> tuple[str, ...]:
    """The classes that the publisher or the file's metadata names.

    Raises:
        UsageError: If neither does.
    """
    if starting.published is not None:
        return unique(starting.published.classes)
    if "classes" in starting.file.metadata:
        return read_classes(names_in(starting.file.metadata["classes"], "the metadata's entry `classes`"))
    raise UsageError(UNNAMED.format(starting.name))


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names; equal ones are numbered from the second on. ImageNet has two cranes and two maillots.

    Example:
        >>> unique(["crane", "maillot", "crane"])
        ('crane', 'maillot', 'crane (2)')
    """
    counts: dict[str, int] = {}
    numbered = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        numbered.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return tuple(numbered)
