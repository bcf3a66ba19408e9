"""Networks that ask for the values of what they compute: where they do, in a sentence."""

from __future__ import annotations

import linecache
import sys
import traceback
from pathlib import Path

ASKS_FOR_VALUES = frozenset(
    [
        "__bool__",
        "__int__",
        "__float__",
        "__complex__",
        "__index__",
        "__contains__",
        "item",
        "tolist",
        "numpy",
        "__array__",
        "is_nonzero",
        "equal",
        "allclose",
        "nonzero",
        "argwhere",
        "masked_select",
        "unique",
        "unique_consecutive",
        "bincount",
    ]
)
"""Functions of torch that answer the values of a tensor, or something whose shape depends on them."""

_NOT_THE_NETWORK_S = ("torch.", "striate.inspection.", "striate.hooks")


def needs_values(where: str, error: Exception | None = None) -> str:
    """The sentence for a network that cannot be followed without values.

    Args:
        where: The module that is running, as the beginning of a sentence, or `""`.
        error: What torch raised, if it was torch that met the question; else it is asked by who is running now.
    """
    frames = traceback.walk_tb(error.__traceback__) if error else traceback.walk_stack(sys._getframe(1))
    asked = [
        (frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in frames
        if not f"{frame.f_globals.get('__name__', '')}.".startswith(_NOT_THE_NETWORK_S)
    ]
    if not asked:
        return f"the network cannot be inspected without running it: {where}it asks for the values of what it computes"
    path, line, function = asked[-1 if error else 0]  # a traceback begins outside, a stack inside
    source = linecache.getline(path, line).strip()
    quoted = f" (`{source}`)" if source else ""
    return (
        f"the network cannot be inspected without running it: {where}what it does depends on the values that it computes, "
        f"at line {line} of {Path(path).name}, in {function}{quoted}; make that a part of the computation, as with torch.where, "
        "or inspect the parts on either side"
    )
