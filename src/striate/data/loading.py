"""One way in for all data: a folder, a CSV, IDX files or a built-in name."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from itertools import islice
from pathlib import Path

from striate.data.builtin import BUILT_IN_NAMES, load_built_in
from striate.data.clips import holds_clips, load_clips
from striate.data.dataset import Dataset
from striate.data.folders import load_folders
from striate.data.idx import is_idx_folder, load_idx
from striate.data.shard_files import is_remote
from striate.data.shards import holds_shards, load_shards
from striate.data.table import load_table
from striate.data.table_header import is_string_table, is_text_table, string_table_in
from striate.data.text_folders import holds_texts, load_texts
from striate.data.text_table import load_text_table
from striate.encodings import DEFAULT_KIND
from striate.errors import DataError, UsageError, closest
from striate.name_comparison import PathFinder
from striate.pixels.clip_encoding import ClipEncoding
from striate.pixels.decoding import is_url
from striate.pixels.walking import is_picture_name
from striate.tasks import Task, named_task
from striate.text import SentenceEncoding

LIKE = 0.7
"""How like the name that was given another must be to be offered; see `striate.errors.closest`."""

MARKS = ("recipe.toml", "contract.json")
"""A run's folder has the first, a bundle's the second."""

FOLDERS_TRIED = 50
"""In so many folders a picture is looked for before a folder is taken to hold none."""


def load_data(
    location: str | Path,
    *,
    root: str | Path | None = None,
    download: bool = False,
    task: Task | str | None = None,
    lenient: bool = False,
) -> Dataset:
    """The data set at a location; of pictures their names only: none is opened, and nothing is written.

    - A folder of class folders: the folder's name is the class, and pictures in folders below it belong to it. If its
      subfolders are called `train`, `val` and `test`, or by another common spelling (`Training`, `dev`, `test_set`,
      `seg_train`), these are the splits and the class folders lie in them; splits may also lie in the class folders.
      What was taken for what is in `Dataset.notes`; folders that may be either are refused. Extensions count in any case;
      hidden and system files and folders, and files that are no pictures, are passed over and counted in
      `Dataset.ignored`.
    - A CSV with the columns `path` and `label`, and `split` and `group` if there are any; or with several labels a picture: see
      `table.load_table`.
    - A CSV with the columns `path` and `text`, or a folder that holds one beside its pictures: each picture says a string; see
      `docs/strings.md`. (With a column `text` and none `path` the texts themselves are given.)
    - A folder with MNIST's four IDX files, gzipped or not: see `idx.load_idx`.
    - Texts: a folder of class folders of `.txt` files, or one with a file a class that has a sentence a line: see
      `text_folders.load_texts`; a CSV with the columns `text` and `label`: see `text_table.load_text_table`. Texts are read at once.
    - Clips: a folder of class folders that hold animated GIF files, or folders of numbered frames: see `clips.load_clips`.
    - Tar shards in a folder, or behind an address that fsspec knows (`s3://bucket/shards`): see `shards.load_shards`.
    - A built-in name, `digits`, `mnist`, `fashion-mnist` or `cifar10`: see `builtin.load_built_in`. Such a name always
      means the built-in set; a folder that is called the same is meant by `./digits`, or by a `Path`.

    Classes, and the pictures of a class, are in the plain order of their names' code points: `10` before `2`, `Z`
    before `a`. The pictures are ordered by split (train, val, test), then by class, then by name; those of IDX files
    and built-in sets as they are stored. A given split is kept as it is: with `val` and without `test`, `val` serves as
    both.

    Args:
        location: The path or the name.
        root: For built-in names: the folder with local copies, and where downloads go.
        download: For built-in names: whether a set that is missing may be fetched.
        lenient: Whether class folders that training cannot use (empty ones, one name in two Unicode forms) are told of in
            `Dataset.folder_faults`, with hidden ones, and not refused: for who looks for what is wrong.
        task: What is asked of the pictures, such as `"multi_label"`: then each class folder is a label, and a picture has those of all
            folders that hold a copy of it; or that a table's column `label` holds strings. None: what a table's columns say, else one
            label a picture.

    Raises:
        UnknownNameError: There is no such task.
        UsageError: There is no such data, `root` or `download` is given with a path, or a run or bundle is named.
        DataError: The data cannot be used as it is; the message says what to do.

    Example:
        >>> digits = load_data("digits")
        >>> len(digits), digits.classes
        (1797, ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'))
    """
    asked = named_task(task) if isinstance(task, str) else task
    if isinstance(location, str) and location in BUILT_IN_NAMES:
        return _asked(load_built_in(location, root=None if root is None else Path(root), download=download), asked)
    if isinstance(location, str) and is_remote(location):
        return load_shards(location, asked)
    # Not resolve(): a link's own name is what the data is called.
    path = PathFinder().find(Path(os.path.abspath(Path(location).expanduser())))  # noqa: PTH100
    if root is not None or download:
        raise UsageError(
            f"root and download go with a built-in name ({', '.join(BUILT_IN_NAMES)}), got {str(location)!r}"
        )
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:  # a folder above that may not be entered, a name too long
        raise DataError(f"cannot read {str(location)!r}: {error.strerror}") from error
    if exists and (owner := _run_of(path)):
        raise UsageError(_is_of_a_run(location, owner))
    if is_folder and is_idx_folder(path):
        return _asked(load_idx(path), asked)
    if is_folder and holds_shards(path):
        return load_shards(path, asked)
    if is_folder and (asked is None or asked.sequential) and (inside := string_table_in(path)) is not None:
        found = load_table(inside, asked)
        return replace(found, name=path.name, notes=(f"what the pictures say stands in {inside.name}", *found.notes))
    if is_folder:
        if holds_texts(path):
            return _asked(load_texts(path), asked)
        return _asked(load_clips(path) if holds_clips(path) else load_folders(path, lenient=lenient), asked)
    if not exists:
        raise UsageError(_no_such_data(location, path))
    if path.suffix.lower() == ".csv" and path.is_file():
        return _asked(load_text_table(path), asked) if is_text_table(path) else load_table(path, asked)
    raise DataError(
        f"{str(location)!r} is neither a folder nor a .csv table; name the folder that holds the class folders"
    )


def _asked(dataset: Dataset, task: Task | None) -> Dataset:
    """Data of one label a picture as a task has it; where that is several labels, copies of a picture tell them together."""
    if task is not None and task.sequential:
        raise DataError(
            f"{dataset.location} tells a class of each of its {dataset.plural}, and strings are asked for; what pictures say stands in "
            f"a table with the columns path and {task.column}"
        )
    if task is None or not task.several:
        return dataset if task is None else replace(dataset, task=task)
    for name in dataset.classes:
        if task.names(name) != (name,):
            raise DataError(
                f"the class {name!r} in {dataset.location} can be no label: '|' stands between labels; rename it"
            )
    labels = task.encode([dataset.classes[label] for label in dataset.labels], dataset.classes)
    return replace(dataset, labels=labels, task=task, joins_copies=True)


def kind_of(location: str | Path) -> str:
    """What is given at a location, as `load_data` would find it: a name of `striate.encodings.ENCODINGS`; few files are looked at."""
    path = Path(location).expanduser()
    if isinstance(location, str) and (location in BUILT_IN_NAMES or is_remote(location)):
        return DEFAULT_KIND
    try:
        if not path.is_dir():
            return SentenceEncoding.kind if is_text_table(path) else DEFAULT_KIND
        if is_idx_folder(path) or holds_shards(path) or string_table_in(path) is not None:
            return DEFAULT_KIND
        if holds_texts(path):
            return SentenceEncoding.kind
        return ClipEncoding.kind if holds_clips(path) else DEFAULT_KIND
    except OSError:
        return DEFAULT_KIND


def says_strings(location: str | Path) -> bool:
    """Whether the pictures at a location say strings, as `load_data` would find it where no task is named; few files are looked at."""
    path = Path(location).expanduser()
    if isinstance(location, str) and location in BUILT_IN_NAMES:
        return False
    try:
        if path.is_dir():
            return not is_idx_folder(path) and string_table_in(path) is not None
        return path.suffix.lower() == ".csv" and is_string_table(path)
    except OSError:
        return False


def _run_of(path: Path) -> Path | None:
    """The run or bundle that a path is, or whose table of splits it is."""
    folder = path.parent if path.name == "split.csv" else path
    return folder if any((folder / name).is_file() for name in MARKS) else None


def _is_of_a_run(location: str | Path, owner: Path) -> str:
    """That a run was named where data was expected, and what takes a run."""
    run = shlex.quote(str(owner))
    said = f"{str(location)!r} belongs to a run or a bundle, and is no data"
    said += f"; to measure it on data: striate evaluate {run} DATA"
    is_run = (owner / "recipe.toml").is_file()
    return f"{said}, go on with a run: striate train --resume {run}" if is_run else said


def _may_be_data(path: Path) -> bool:
    """Whether a path is a table, or a folder in which a picture or an IDX file is soon found; runs have pictures too, and are none."""
    if path.name.startswith(".") or _run_of(path):
        return False
    if not path.is_dir():
        return path.suffix.lower() == ".csv"
    return any(
        is_picture_name(name) or "-ubyte" in name
        for _, _, files in islice(os.walk(path), FOLDERS_TRIED)
        for name in files
    )


def _no_such_data(location: str | Path, path: Path) -> str:
    """What is missing, what is called nearly the same, and what exists anyway."""
    if is_url(str(location)):
        return f"{str(location)!r} is a URL, and nothing is downloaded: save the data, and give the path of its folder"
    message = f"there is no {str(location)!r}"
    above = next(parent for parent in path.parents if parent.is_dir())
    beside = above == path.parent
    wanted = path.relative_to(above).parts[0]
    try:
        names = sorted(entry.name for entry in above.iterdir())
    except OSError:
        names = []
    built_in = BUILT_IN_NAMES if beside and len(Path(location).parts) == 1 else ()
    like = closest(wanted, [*names, *built_in], cutoff=LIKE)
    close = [name for name in like if name in built_in or _may_be_data(above / name)]
    if close:
        message += f"; did you mean {str(Path(location).with_name(close[0]) if beside else above / close[0])!r}?"
    elif not beside:
        message += f": {str(above)!r} has no {wanted!r};"
    else:
        message += ";"
    return f"{message} built-in sets: {', '.join(BUILT_IN_NAMES)}"
