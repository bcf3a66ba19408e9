"""What people call their splits."""

from __future__ import annotations

import re
import unicodedata

from striate.data.dataset import TEST, TRAIN, VAL

STEMS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VAL,
    "valid": VAL,
    "validate": VAL,
    "validation": VAL,
    "dev": VAL,
    "development": VAL,
    "eval": VAL,
    "evaluate": VAL,
    "evaluation": VAL,
    "test": TEST,
    "testing": TEST,
}
"""What a split's name comes down to, in lower case, and its code."""

# What may stand before and after it, two at most: `training_set`, `seg_train`, `Test Images`, `val2017`.
_BESIDE = (
    "(?:set|sets|split|data|dataset|image|images|img|imgs|picture|pictures|photo|photos|sample|samples|seg|folder)"
)
_SPLIT = re.compile(f"{_BESIDE}{{0,2}}({'|'.join(sorted(STEMS, reverse=True))}){_BESIDE}{{0,2}}((19|20)[0-9][0-9])?")
_UNLABELLED = re.compile(f"{_BESIDE}{{0,2}}(pred|predict|prediction|predictions|unlabell?ed){_BESIDE}{{0,2}}")
_BETWEEN_WORDS = re.compile(r"[\s._-]+")


def split_code(name: str) -> int | None:
    """The split that a folder's or a table's word means; None if it means none.

    Case does not count, nor do spaces, dots, `-` and `_`.

    Example:
        >>> [split_code(name) for name in ("Training", "seg_test", "dev", "Validation Set", "val2017", "trains")]
        [1, 3, 2, 2, 2, None]
    """
    match = _SPLIT.fullmatch(_plain(name))
    return STEMS[match[1]] if match else None


def means_unlabelled(name: str) -> bool:
    """Whether a folder's name says that its pictures have no labels.

    Example:
        >>> means_unlabelled("seg_pred"), means_unlabelled("unlabelled"), means_unlabelled("predators")
        (True, True, False)
    """
    return bool(_UNLABELLED.fullmatch(_plain(name)))


def _plain(name: str) -> str:
    return _BETWEEN_WORDS.sub("", unicodedata.normalize("NFKC", name).casefold())
