"""A CSV that holds texts: `text,label[,split,group]`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from striate.data.assembling import assemble
from striate.data.dataset import UNASSIGNED, Dataset
from striate.data.names import Names
from striate.data.split_names import split_code
from striate.data.texts import TextReader, Texts, plain
from striate.errors import DataError, UsageError
from striate.name_comparison import comparable
from striate.tasks import USUAL_TASK
from striate.text.arguments import COLUMN, rows_of_table


def load_text_table(path: Path) -> Dataset:
    """The texts that a CSV holds.

    Args:
        path: In UTF-8, cp1252 or latin-1; the first line names the columns, in any order: `text` and `label`, and `split` (`train`,
            `val`, `test`, or another common spelling) and `group` if there are any.

    Raises:
        DataError: It is no such table, or a line makes no sense; the message has the line's number.
    """
    reader = TextReader()
    said = reader.text(path, path.name)
    keys, sentences, labels, splits, groups = [], [], [], [], []
    try:
        for line, row in rows_of_table(said, path, needed=(COLUMN, "label")):
            place = f"{path}, line {line}"
            label = comparable(row["label"].strip())
            if not label:
                raise DataError(f"{place}: no label; every text must have one")
            keys.append(f"{path.name}:{line}")
            sentences.append(plain(row[COLUMN]))
            labels.append(label)
            splits.append(_split(place, row.get("split", "").strip()))
            groups.append(comparable(row.get("group", "").strip()))
    except UsageError as error:
        raise DataError(str(error)) from error
    if len(set(splits)) > 1 and UNASSIGNED in splits:
        raise DataError(
            f"{path}: {keys[splits.index(UNASSIGNED)]} has no split, though other lines have one; give every text a split or none"
        )
    if not keys:
        raise DataError(f"{path} holds no text below its first line")
    names, group_names = sorted(set(labels)), sorted(set(groups) - {""})
    group_places = {"": -1} | {name: place for place, name in enumerate(group_names)}
    dataset = assemble(
        name=path.stem,
        location=str(path),
        pictures=Texts(Names.from_strings(keys), Names.from_strings(sentences)),
        class_names=names,
        labels=USUAL_TASK.encode(labels, names),
        splits=np.array(splits, np.uint8),
        groups=np.array([group_places[name] for name in groups], np.int32) if group_names else None,
        group_names=tuple(group_names),
    )
    return replace(dataset, notes=reader.notes())


def _split(place: str, name: str) -> int:
    if not name:
        return UNASSIGNED
    code = split_code(name)
    if code is None:
        raise DataError(f"{place}: unknown split {name!r}; known: train, val (or validation), test")
    return code
